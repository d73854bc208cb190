//! The node itself: passes frames, messages and decisions between the link and the place in the mesh.

use super::link::{Counts, Link, MleOptions, Received};
use super::mle::{About, Draft, Mle, Output};
use super::{Event, FrameId, HeardRouter, Kept, Membership, NotSent, Outgoing, Participant, Place, Sent, Standing};
use crate::Random;
use crate::rcp::RadioFrame;
use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use weft_wire::mle::Tlv;

/// The most packets of which is remembered what they are about: more than wait and are on the air at any time.
const MAX_UNDER_WAY: usize = 64;

/// A node of our own. See [`super`]. No `Debug`: it holds the network key.
///
/// Frames and time in, frames, events and the next deadline out. The driver sets the radio to [`Self::participant`] whenever that differs, before it takes the
/// next frame from [`Self::poll_transmit`]; it writes what [`Event::Keep`] brings, and calls [`Self::kept`].
pub struct Node {
    link: Link,
    mle: Mle,
    under_way: VecDeque<(FrameId, About)>,
    events: VecDeque<Event>,
}

impl Node {
    /// A node that begins to look for its network and a parent. `kept` is what the last run left; without it, it gets an extended address that is made up.
    pub fn new(membership: Membership, kept: Option<Kept>, mut random: Random, now: Duration) -> Self {
        let kept = kept.unwrap_or_else(|| Kept::fresh(&mut random));
        let shared = Arc::new(Mutex::new(random));
        let share = || -> Random {
            let shared = Arc::clone(&shared);
            Box::new(move |bytes| shared.lock().unwrap_or_else(PoisonError::into_inner)(bytes))
        };
        let mle = Mle::new(&membership, kept, share(), now);
        let mut link = Link::new(&membership, kept, share());
        link.set_interface_id(mle.interface_id());
        let mut node = Self {
            link,
            mle,
            under_way: VecDeque::new(),
            events: VecDeque::new(),
        };
        node.follow(now);
        node
    }

    /// Takes a frame that the radio heard.
    pub fn receive(&mut self, frame: &RadioFrame, now: Duration) {
        if self.is_over() {
            return;
        }
        let received = self.link.receive(frame, now);
        if let Some(sequence) = self.link.take_parents_sequence() {
            self.mle.parent_sealed_with(sequence, now);
        }
        match received {
            Some(Received::Mle(heard)) => self.mle.hear(&heard, now),
            Some(Received::Datagram {
                source,
                source_port,
                destination,
                destination_port,
                payload,
            }) => self.events.push_back(Event::Datagram {
                source,
                source_port,
                destination,
                destination_port,
                payload,
            }),
            None => {}
        }
        self.follow(now);
    }

    /// What became of a frame of [`Self::poll_transmit`].
    pub fn sent(&mut self, id: FrameId, sent: Sent, now: Duration) {
        let Some(done) = self.link.sent(id, sent, now) else { return };
        let known = self.under_way.iter().position(|(other, _)| *other == done.id);
        let about = match known.and_then(|place| self.under_way.remove(place)) {
            Some((_, about)) => about,
            // An answer to an echo request: that goes to the parent, too.
            None if !done.was_mle => About::Parent,
            None => return,
        };
        self.mle.sent(about, done.ok, now);
        self.follow(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.mle.handle_timeout(now);
        self.follow(now);
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        self.mle.deadline()
    }

    /// The next frame for the radio. One at a time: the next only after [`Self::sent`].
    pub fn poll_transmit(&mut self) -> Option<Outgoing> {
        self.link.poll_transmit()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front().or_else(|| self.link.poll_keep().map(Event::Keep))
    }

    /// As whom the radio takes part.
    pub fn participant(&self) -> Participant {
        let spot = self.mle.listens_at();
        Participant {
            channel: spot.channel,
            pan_id: spot.pan_id,
            short_address: self.link.place().map(|place| place.rloc16),
            extended_address: self.link.address(),
        }
    }

    /// Where it stands.
    pub fn standing(&self) -> Standing {
        self.mle.standing()
    }

    /// Its place in the mesh.
    pub fn place(&self) -> Option<Place> {
        match self.standing() {
            Standing::Attached(place) => Some(place),
            _ => None,
        }
    }

    /// The routers that answered when a parent was looked for last.
    pub fn heard_routers(&self) -> &[HeardRouter] {
        self.mle.heard_routers()
    }

    /// Sends a UDP datagram from its locator, by way of its parent; to a realm-local multicast address, the routers spread it.
    ///
    /// # Errors
    /// Why it is not sent.
    pub fn send(&mut self, destination: Ipv6Addr, source_port: u16, destination_port: u16, payload: &[u8], now: Duration) -> Result<(), NotSent> {
        if self.place().is_none() {
            return Err(NotSent::NotAttached);
        }
        let id = self.link.send_udp(destination, source_port, destination_port, payload, now)?;
        self.remember(id, About::Parent);
        Ok(())
    }

    /// Says goodbye: [`Event::Left`] when the parent knows, or after a second.
    pub fn leave(&mut self, now: Duration) {
        self.mle.leave(now);
        self.follow(now);
    }

    /// The last [`Event::Keep`] is on the disk.
    pub fn kept(&mut self) {
        self.link.kept();
    }

    /// The radio went away.
    pub fn radio_lost(&mut self, now: Duration) {
        self.link.radio_lost();
        self.under_way.clear();
        self.mle.radio_lost();
        self.follow(now);
    }

    /// The radio is there again: a parent is looked for anew.
    pub fn radio_back(&mut self, now: Duration) {
        self.mle.radio_back(now);
        self.follow(now);
    }

    /// What was counted since the beginning.
    pub fn counts(&self) -> Counts {
        self.link.counts()
    }

    fn is_over(&self) -> bool {
        matches!(self.standing(), Standing::Left)
    }

    fn remember(&mut self, id: FrameId, about: About) {
        if self.under_way.len() >= MAX_UNDER_WAY {
            self.under_way.pop_front();
        }
        self.under_way.push_back((id, about));
    }

    /// Does what was decided.
    fn follow(&mut self, now: Duration) {
        while let Some(output) = self.mle.poll() {
            match output {
                Output::Send(draft) => self.say(draft, now),
                Output::Network(spot) => self.link.set_network(spot.channel, spot.pan_id),
                Output::Place(place) => {
                    self.link.set_place(place);
                    self.events.extend(place.map(Event::Attached));
                }
                Output::NetworkData(bytes) => self.link.learn_network_data(&bytes),
                Output::Clear => {
                    self.link.clear();
                    self.under_way.clear();
                }
                Output::Adopt(sequence) => self.link.adopt(sequence),
                Output::Counters {
                    address,
                    sequence,
                    link,
                    mle,
                } => self.link.expect_counters(address, sequence, link, mle),
                Output::Detached(reason) => self.events.push_back(Event::Detached(reason)),
                Output::NoParent { rounds } => {
                    let closed = u32::try_from(self.link.counts().closed).unwrap_or(u32::MAX);
                    self.events.push_back(Event::NoParent { rounds, closed });
                }
                Output::Told(capture) => self.events.push_back(Event::Told(capture)),
                Output::Left => self.events.push_back(Event::Left),
            }
        }
    }

    /// Seals nothing yet: that is done when the radio takes the frame. What does not find room is repeated by whoever waits for its answer.
    fn say(&mut self, draft: Draft, now: Duration) {
        let options = match draft.is_discovery() {
            true => MleOptions::discovery(self.mle.listens_at().channel),
            false => MleOptions::default(),
        };
        let (mac, mle) = self.link.frame_counters();
        let mut message = draft.message;
        for tlv in &mut message.tlvs {
            match tlv {
                Tlv::LinkFrameCounter(counter) => *counter = mac,
                Tlv::MleFrameCounter(counter) => *counter = mle,
                _ => {}
            }
        }
        let Ok(bytes) = message.encode() else { return };
        if let Ok(id) = self.link.send_mle(draft.destination, &bytes, options, now) {
            self.remember(id, draft.about);
        }
    }
}
