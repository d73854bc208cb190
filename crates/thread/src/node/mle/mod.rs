//! The place in the mesh: discovery, attach, keeping the link, goodbye (Thread specification 1.4, chapter 4; OpenThread `src/core/thread/mle.cpp`).
//!
//! Messages and time in, messages and decisions out: it knows no frames.

mod attach;
mod attached;
mod candidate;
mod dataset;
mod discovery;
mod leave;
mod messages;
mod sequence;
#[cfg(test)]
mod tests;

pub(super) use messages::{About, Draft};

use super::link::Heard;
use super::{Detached, HeardRouter, Kept, Membership, Place, Standing};
use crate::Random;
use attach::{Asking, Joining};
use attached::Attached;
use dataset::{Move, Timestamps};
use discovery::Discovering;
use leave::Leaving;
use messages::Challenge;
use sequence::{Sequences, Verdict, Weight};
use std::collections::VecDeque;
use std::time::Duration;
use weft_evidence::MleCapture;
use weft_model::{Channel, ExtendedAddress, ExtendedPanId, PanId};
use weft_wire::link_security::KeySequence;
use weft_wire::mle::Command;

/// The value of the first TLV of a kind.
macro_rules! find {
    ($message:expr, $pattern:pat => $value:expr) => {
        $message.tlvs.iter().find_map(|tlv| match tlv {
            $pattern => Some($value),
            _ => None,
        })
    };
}
use find;

/// After the first round without a parent; each further one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause between two rounds: some twenty short frames every five minutes disturb nobody.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Of a pause, so much is added at random, in parts of it: devices that lost the same parent do not look for another in step.
const PAUSE_JITTER: u32 = 8;

/// Where a network is on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) channel: Channel,
    pub(super) pan_id: PanId,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Output {
    Send(Draft),
    /// From now on the network is here.
    Network(Spot),
    /// There is a place, or none any more.
    Place(Option<Place>),
    /// The network data of the place.
    NetworkData(Vec<u8>),
    /// What waits to be sent was for a place that is no more.
    Clear,
    /// What is sent from now on is sealed with this key.
    Adopt(KeySequence),
    /// The counters below which nothing of this neighbour counts: it told them in answer to a challenge.
    Counters {
        address: ExtendedAddress,
        sequence: KeySequence,
        link: u32,
        mle: u32,
    },
    Detached(Detached),
    NoParent {
        rounds: u32,
    },
    Told(MleCapture),
    Left,
}

enum State {
    /// A round brought nothing: the next begins then.
    Pausing(Duration),
    Discovering(Discovering),
    Asking(Asking),
    Joining(Joining),
    Attached(Box<Attached>),
    Leaving(Leaving),
    WithoutRadio,
    Left,
}

/// A node's place in the mesh.
pub(super) struct Mle {
    extended_pan_id: ExtendedPanId,
    own: ExtendedAddress,
    /// Of the mesh-local address: the only one besides the locator.
    interface_id: [u8; 8],
    random: Random,
    /// Where the dataset says that the network is.
    home: Spot,
    /// Where it is looked for, or is.
    spot: Spot,
    timestamps: Timestamps,
    /// The mesh has sent its active dataset.
    was_told_dataset: bool,
    /// A pending dataset that will move the network.
    pending: Option<Move>,
    sequences: Sequences,
    state: State,
    heard_routers: Vec<HeardRouter>,
    /// Rounds in a row that brought nothing.
    rounds: u32,
    outputs: VecDeque<Output>,
}

impl Mle {
    /// Begins to look for a parent.
    pub(super) fn new(membership: &Membership, kept: Kept, mut random: Random, now: Duration) -> Self {
        let spot = Spot {
            channel: membership.channel,
            pan_id: membership.pan_id,
        };
        let mut interface_id = [0; 8];
        random(&mut interface_id);
        let mut mle = Self {
            extended_pan_id: membership.extended_pan_id,
            own: kept.extended_address,
            interface_id,
            random,
            home: spot,
            spot,
            timestamps: Timestamps {
                active: membership.active_timestamp,
                pending: None,
            },
            was_told_dataset: false,
            pending: None,
            sequences: Sequences::new(KeySequence(kept.key_sequence), membership.key_rotation_hours),
            state: State::WithoutRadio,
            heard_routers: Vec::new(),
            rounds: 0,
            outputs: VecDeque::new(),
        };
        mle.attach(now);
        mle
    }

    /// The interface id of the mesh-local address.
    pub(super) fn interface_id(&self) -> [u8; 8] {
        self.interface_id
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(super) fn standing(&self) -> Standing {
        match &self.state {
            State::Discovering(_) => Standing::Discovering,
            State::Asking(_) | State::Joining(_) | State::Pausing(_) | State::WithoutRadio => Standing::Attaching,
            State::Attached(attached) => Standing::Attached(attached.place),
            State::Leaving(_) => Standing::Leaving,
            State::Left => Standing::Left,
        }
    }

    pub(super) fn heard_routers(&self) -> &[HeardRouter] {
        &self.heard_routers
    }

    /// The channel and PAN to listen on now.
    pub(super) fn listens_at(&self) -> Spot {
        match &self.state {
            // Routers answer to the PAN that was asked from.
            State::Discovering(discovering) => Spot {
                channel: discovering.channel,
                ..self.spot
            },
            _ => self.spot,
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let own = match &self.state {
            State::Pausing(until) => Some(*until),
            State::Discovering(discovering) => Some(discovering.until),
            State::Asking(asking) => Some(asking.until),
            State::Joining(joining) => Some(joining.until),
            State::Attached(attached) => attached.deadline(),
            State::Leaving(leaving) => Some(leaving.deadline()),
            State::WithoutRadio | State::Left => None,
        };
        let moves = self.pending.as_ref().filter(|_| self.is_attached()).map(|pending| pending.at);
        own.into_iter().chain(moves).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Duration) {
        self.move_when_due(now);
        match &self.state {
            State::Pausing(until) if *until <= now => self.begin_round(attach::NEXT, now),
            State::Discovering(discovering) if discovering.until <= now => self.discover_further(now),
            State::Asking(asking) if asking.until <= now => self.ask_further(now),
            State::Joining(joining) if joining.until <= now => self.join_another(now),
            State::Attached(_) => self.keep(now),
            State::Leaving(_) => self.leave_further(now),
            _ => {}
        }
    }

    /// Takes a message that is no replay.
    pub(super) fn hear(&mut self, heard: &Heard, now: Duration) {
        if heard.counter.is_none() {
            if heard.message.command == Command::DISCOVERY_RESPONSE {
                self.take_discovery_response(heard);
            }
            return;
        }
        match (heard.message.command, &self.state) {
            (Command::PARENT_RESPONSE, State::Asking(_)) => self.take_parent_response(heard, now),
            (Command::CHILD_ID_RESPONSE, State::Joining(_)) => self.take_child_id_response(heard, now),
            (Command::ADVERTISEMENT, State::Attached(_)) => self.take_advertisement(heard, now),
            (Command::DATA_RESPONSE, State::Attached(_)) => self.take_data_response(heard, now),
            (Command::CHILD_UPDATE_REQUEST, State::Attached(_)) => self.take_child_update_request(heard, now),
            (Command::CHILD_UPDATE_RESPONSE, State::Attached(_)) => self.take_child_update_response(heard, now),
            (Command::CHILD_UPDATE_RESPONSE, State::Leaving(_)) => self.take_farewell(heard),
            _ => {}
        }
    }

    /// A frame that the parent's key opened was sealed with this sequence.
    pub(super) fn parent_sealed_with(&mut self, sequence: KeySequence, now: Duration) {
        if self.is_attached() {
            self.judge(sequence, Weight::Peer, now);
        }
    }

    /// What became of something that was sent.
    pub(super) fn sent(&mut self, about: About, arrived: bool, now: Duration) {
        match (about, &mut self.state) {
            // The answers come after the question: from here on they are waited for.
            (About::Asking, State::Asking(asking)) => asking.until = now + asking.waits,
            (About::Asking, State::Discovering(discovering)) => discovering.until = now + discovery::DWELL,
            (About::ChildId, State::Joining(joining)) if arrived => joining.until = now + attach::CHILD_ID_WAITS,
            (About::ChildId, State::Joining(_)) => self.join_another(now),
            (About::Parent, State::Attached(attached)) if !arrived => attached.doubt(now),
            (About::Goodbye, State::Leaving(leaving)) if !arrived => leaving.say_again(now),
            _ => {}
        }
        // What is due at once is done at once.
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.handle_timeout(now);
        }
    }

    /// There is no radio.
    pub(super) fn radio_lost(&mut self) {
        match self.state {
            State::Left => return,
            State::Leaving(_) => return self.end(),
            State::Attached(_) => {
                self.outputs.push_back(Output::Place(None));
                self.outputs.push_back(Output::Detached(Detached::RadioLost));
            }
            _ => {}
        }
        self.outputs.push_back(Output::Clear);
        self.state = State::WithoutRadio;
    }

    /// There is a radio again.
    pub(super) fn radio_back(&mut self, now: Duration) {
        if matches!(self.state, State::WithoutRadio) {
            self.attach(now);
        }
    }

    fn is_attached(&self) -> bool {
        matches!(self.state, State::Attached(_))
    }

    fn send(&mut self, draft: Draft) {
        self.outputs.push_back(Output::Send(draft));
    }

    fn challenge(&mut self) -> Challenge {
        let mut challenge = Challenge::default();
        (self.random)(&mut challenge);
        challenge
    }

    /// A time up to `most`, at random.
    fn some_of(&mut self, most: Duration) -> Duration {
        let mut bytes = [0; 2];
        (self.random)(&mut bytes);
        most * u32::from(u16::from_be_bytes(bytes)) / u32::from(u16::MAX)
    }

    fn judge(&mut self, sequence: KeySequence, weight: Weight, now: Duration) {
        match self.sequences.judge(sequence, weight, now) {
            Verdict::Stay => {}
            Verdict::Adopt => self.outputs.push_back(Output::Adopt(sequence)),
            Verdict::Challenge => self.challenge_parent(now),
        }
    }

    /// A whole new search.
    fn attach(&mut self, now: Duration) {
        self.rounds = 0;
        self.begin_round(attach::FIRST, now);
    }

    fn detach(&mut self, reason: Detached, now: Duration) {
        self.outputs.extend([Output::Place(None), Output::Clear, Output::Detached(reason)]);
        self.attach(now);
    }

    /// A round brought no parent: nothing is sent for a while.
    fn fail_round(&mut self, now: Duration) {
        self.rounds = self.rounds.saturating_add(1);
        self.outputs.push_back(Output::NoParent { rounds: self.rounds });
        let doublings = (self.rounds - 1).min(16);
        let pause = (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE);
        let pause = pause + self.some_of(pause / PAUSE_JITTER);
        // What was found elsewhere did not hold: the dataset's place is the first to ask next time.
        self.go_to(self.home);
        self.state = State::Pausing(now + pause);
    }

    fn go_to(&mut self, spot: Spot) {
        if self.spot != spot {
            self.spot = spot;
            self.outputs.push_back(Output::Network(spot));
        }
    }
}
