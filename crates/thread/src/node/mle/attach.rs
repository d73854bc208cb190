//! Looking for a parent on the network's channel, and asking the best for a place (Thread 1.4, 4.5.2; OpenThread `Mle::HandleAttachTimer`).

use super::attached::Attached;
use super::candidate::Candidate;
use super::dataset::Timestamps;
use super::discovery::Discovering;
use super::messages::{self, Challenge};
use super::{Heard, Mle, Output, Place, State, Weight, find};
use std::time::Duration;
use weft_wire::mle::Tlv;

/// Routers answer within half a second.
const ROUTERS_WAIT: Duration = Duration::from_millis(750);
/// End devices that would become routers answer within a second.
const EVERYBODY_WAITS: Duration = Duration::from_millis(1_250);
/// How long a Child ID Response may take.
pub(super) const CHILD_ID_WAITS: Duration = Duration::from_millis(1_250);
/// A router forgets that it offered a place after five seconds.
const OFFER_LASTS: Duration = Duration::from_millis(4_500);
/// The most routers and would-be routers whose answers are kept; a partition has 32 routers.
const MAX_CANDIDATES: usize = 64;

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    Routers,
    /// Routers, and end devices that would become routers.
    Everybody,
}

/// The questions of a new search.
pub(super) const FIRST: &[Whom] = &[Whom::Routers, Whom::Routers, Whom::Everybody, Whom::Everybody];
/// Those of a search that brought nothing before.
pub(super) const NEXT: &[Whom] = &[Whom::Routers, Whom::Everybody];

/// A parent is looked for.
pub(super) struct Asking {
    pub(super) until: Duration,
    /// How long the answers to the question take.
    pub(super) waits: Duration,
    /// What was asked last.
    whom: Whom,
    /// What is asked after it.
    next: &'static [Whom],
    pub(super) challenge: Challenge,
    candidates: Vec<Candidate>,
    /// All channels were searched already in this round.
    is_discovered: bool,
}

/// The best was asked for a place.
pub(super) struct Joining {
    pub(super) until: Duration,
    parent: Candidate,
    /// The others, the best last.
    others: Vec<Candidate>,
}

impl Mle {
    pub(super) fn begin_round(&mut self, questions: &'static [Whom], now: Duration) {
        self.heard_routers.clear();
        self.ask(questions, Vec::new(), false, now);
    }

    /// The network was found on another channel, or is looked for where it was once more.
    pub(super) fn ask_after_discovery(&mut self, now: Duration) {
        self.ask(NEXT, Vec::new(), true, now);
    }

    fn ask(&mut self, questions: &'static [Whom], candidates: Vec<Candidate>, is_discovered: bool, now: Duration) {
        let Some((&whom, next)) = questions.split_first() else {
            return self.fail_round(now);
        };
        let challenge = self.challenge();
        let waits = match whom {
            Whom::Routers => ROUTERS_WAIT,
            Whom::Everybody => EVERYBODY_WAITS,
        };
        self.state = State::Asking(Asking {
            until: now + waits,
            waits,
            whom,
            next,
            challenge,
            candidates,
            is_discovered,
        });
        self.send(messages::parent_request(challenge, whom == Whom::Everybody));
    }

    pub(super) fn take_parent_response(&mut self, heard: &Heard, now: Duration) {
        let State::Asking(asking) = &mut self.state else { return };
        let Some(candidate) = Candidate::read(heard, &asking.challenge, now) else {
            return;
        };
        let sequence = candidate.sequence;
        let router = candidate.heard_router();
        asking.candidates.retain(|other| other.address != candidate.address);
        if asking.candidates.len() < MAX_CANDIDATES {
            asking.candidates.push(candidate);
        }
        self.heard_routers.retain(|other| other.extended_address != router.extended_address);
        if self.heard_routers.len() < MAX_CANDIDATES {
            self.heard_routers.push(router);
        }
        self.judge(sequence, Weight::Authoritative, now);
    }

    /// All answers to the question are there.
    pub(super) fn ask_further(&mut self, now: Duration) {
        let State::Asking(asking) = &mut self.state else { return };
        let mut candidates = std::mem::take(&mut asking.candidates);
        let (whom, next, is_discovered) = (asking.whom, asking.next, asking.is_discovered);
        candidates.sort_by_key(Candidate::rank);
        // From routers only the best link is good enough: an end device nearby might become a router for us.
        let is_good_enough = candidates.last().is_some_and(|best| whom == Whom::Everybody || best.is_excellent());
        if is_good_enough || (next.is_empty() && !candidates.is_empty()) {
            return self.join(candidates, now);
        }
        if !next.is_empty() {
            return self.ask(next, candidates, is_discovered, now);
        }
        if is_discovered {
            return self.fail_round(now);
        }
        self.discover(now);
    }

    fn discover(&mut self, now: Duration) {
        self.state = State::Discovering(Discovering::new(self.spot, now));
        self.send(messages::discovery_request());
    }

    /// Asks the last of them for a place; `candidates` are in the order of their worth.
    fn join(&mut self, mut candidates: Vec<Candidate>, now: Duration) {
        candidates.retain(|candidate| candidate.at + OFFER_LASTS > now);
        let Some(parent) = candidates.pop() else {
            return self.fail_round(now);
        };
        self.outputs.push_back(Output::Counters {
            address: parent.address,
            sequence: parent.sequence,
            link: parent.link_counter,
            mle: parent.mle_counter,
        });
        // Who names no dataset is sent the parent's (OpenThread `Mle::HandleChildIdRequest`): once, so that the mesh itself has said what it is called and where it is.
        let timestamps = Timestamps {
            active: self.timestamps.active.filter(|_| self.was_told_dataset),
            ..self.timestamps
        };
        let request = messages::child_id_request(parent.address, &parent.challenge, self.interface_id, timestamps);
        self.state = State::Joining(Joining {
            until: now + CHILD_ID_WAITS,
            parent,
            others: candidates,
        });
        self.send(request);
    }

    /// The one that was asked does not answer.
    pub(super) fn join_another(&mut self, now: Duration) {
        if let State::Joining(joining) = &mut self.state {
            let others = std::mem::take(&mut joining.others);
            self.join(others, now);
        }
    }

    pub(super) fn take_child_id_response(&mut self, heard: &Heard, now: Duration) {
        let State::Joining(joining) = &self.state else { return };
        let message = &heard.message;
        let read = || {
            let parent = message.source_address()??;
            let rloc16 = (*find!(message, Tlv::Address16(rloc16) => rloc16)?)?;
            let leader = *find!(message, Tlv::LeaderData(leader) => leader)?;
            let network_data = find!(message, Tlv::NetworkData { bytes, .. } => bytes.clone())?;
            let fits = parent.is_router() && rloc16.parent() == Some(parent);
            (heard.from == joining.parent.address && fits).then_some((parent, rloc16, leader, network_data))
        };
        let Some((parent, rloc16, leader, network_data)) = read() else { return };
        let place = Place {
            rloc16,
            parent,
            parent_address: heard.from,
            partition_id: leader.partition_id,
        };
        self.rounds = 0;
        self.pending = None;
        self.timestamps = Timestamps {
            pending: None,
            ..self.timestamps
        };
        self.state = State::Attached(Box::new(Attached::new(place, leader, now)));
        self.outputs.push_back(Output::Place(Some(place)));
        self.outputs.push_back(Output::NetworkData(network_data));
        if let Some((sequence, _)) = heard.counter {
            self.judge(sequence, Weight::Peer, now);
        }
        self.take_datasets(message, now);
    }
}
