//! Keeping the link to the parent (Thread 1.4, 4.7; OpenThread `Mle::RetxTracker`, `Mle::HandleLeaderData`).

use super::candidate::challenge_of;
use super::dataset::lacks_dataset;
use super::messages::{self, Asked, Challenge, MODE, STATUS_ERROR, TIMEOUT_SECONDS};
use super::{Heard, Mle, Output, Place, State, Weight, find};
use crate::node::Detached;
use std::time::Duration;
use weft_model::LeaderData;
use weft_wire::mle::Tlv;

/// A Child Update so long after the last one that was answered: four short frames a minute, with acknowledgments, and a parent that died, or forgot us, is noticed
/// although there is nothing to send. OpenThread does it only just before the timeout.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How long an answer may take.
const ANSWER_WAITS: Duration = Duration::from_secs(1);
/// After so many without an answer the parent counts as dead (OpenThread `kMaxChildKeepAliveAttempts`).
const ATTEMPTS: u8 = 4;
/// A frame that was not acknowledged makes no new check so soon after one that the parent passed: else a bad link would be one endless check.
const TRUST_LASTS: Duration = Duration::from_secs(3);
/// Everybody who hears of new network data waits up to this long before asking for it.
const DATA_REQUEST_WITHIN: Duration = Duration::from_secs(1);
/// Where only we are addressed, it is enough that an answer goes first.
const DATA_REQUEST_SOON: Duration = Duration::from_millis(10);
/// The same network data is not asked for again within this time; twice as long after each request that brought nothing.
const DATA_REQUEST_PAUSE: Duration = Duration::from_secs(3);
/// So often it becomes twice as long: 96 s.
const DATA_REQUEST_DOUBLINGS: u32 = 5;

/// Whether the parent is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// It is asked then.
    At(Duration),
    /// It was asked so often, and may answer until then.
    Asked { attempts: u8, until: Duration },
}

/// A child.
pub(super) struct Attached {
    pub(super) place: Place,
    pub(super) leader: LeaderData,
    check: Check,
    /// What the last Child Update Request with a challenge asked.
    challenge: Option<Challenge>,
    /// The next Child Update Request brings a challenge.
    wants_challenge: bool,
    answered_at: Option<Duration>,
    /// The network data that we have are not those of the leader data.
    wants_network_data: bool,
    data_request_at: Option<Duration>,
    data_requested_at: Option<Duration>,
    /// Requests in a row that brought nothing.
    data_requests: u32,
}

impl Attached {
    pub(super) fn new(place: Place, leader: LeaderData, now: Duration) -> Self {
        Self {
            place,
            leader,
            check: Check::At(now + KEEP_ALIVE),
            challenge: None,
            wants_challenge: false,
            answered_at: None,
            wants_network_data: false,
            data_request_at: None,
            data_requested_at: None,
            data_requests: 0,
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let (Check::At(check) | Check::Asked { until: check, .. }) = self.check;
        [Some(check), self.data_request_at].into_iter().flatten().min()
    }

    /// The parent did not acknowledge something: it is asked at once whether it is there; a little later where it has just said so.
    pub(super) fn doubt(&mut self, now: Duration) {
        if let Check::At(at) = self.check {
            let trusted_until = self.answered_at.map_or(now, |answered_at| answered_at + TRUST_LASTS);
            self.check = Check::At(at.min(trusted_until.max(now)));
        }
    }

    fn ask_for_data(&mut self, at: Duration) {
        let pause = DATA_REQUEST_PAUSE * (1 << self.data_requests.saturating_sub(1).min(DATA_REQUEST_DOUBLINGS));
        let earliest = self.data_requested_at.map_or(at, |asked_at| at.max(asked_at + pause));
        if self.data_request_at.is_none() {
            self.data_request_at = Some(earliest);
        }
    }
}

/// Serial numbers: greater within half the circle.
fn is_newer(version: u8, than: u8) -> bool {
    version != than && version.wrapping_sub(than) < 0x80
}

impl Mle {
    fn attached(&mut self) -> Option<&mut Attached> {
        match &mut self.state {
            State::Attached(attached) => Some(attached),
            _ => None,
        }
    }

    /// Does what is due.
    pub(super) fn keep(&mut self, now: Duration) {
        let timestamps = self.timestamps;
        let Some(attached) = self.attached() else { return };
        let attempts = match attached.check {
            Check::At(at) if at <= now => Some(0),
            Check::Asked { attempts, until } if until <= now => Some(attempts),
            _ => None,
        };
        match attempts {
            Some(attempts) if attempts >= ATTEMPTS => return self.detach(Detached::ParentSilent, now),
            Some(attempts) => self.check_parent(attempts + 1, now),
            None => {}
        }
        let Some(attached) = self.attached() else { return };
        if attached.data_request_at.is_some_and(|at| at <= now) {
            attached.data_request_at = None;
            attached.data_requested_at = Some(now);
            attached.data_requests = attached.data_requests.saturating_add(1);
            let request = messages::data_request(attached.place.parent_address, timestamps);
            self.send(request);
        }
    }

    fn check_parent(&mut self, attempts: u8, now: Duration) {
        let challenge = self.challenge();
        let interface_id = self.interface_id;
        let Some(attached) = self.attached() else { return };
        attached.check = Check::Asked {
            attempts,
            until: now + ANSWER_WAITS,
        };
        attached.challenge = attached.wants_challenge.then_some(challenge);
        let Place { rloc16, parent_address, .. } = attached.place;
        let request = messages::child_update_request(parent_address, rloc16, attached.leader, interface_id, attached.challenge, TIMEOUT_SECONDS);
        self.send(request);
    }

    /// The parent's key sequence is far ahead: only an answer to a challenge proves it.
    pub(super) fn challenge_parent(&mut self, now: Duration) {
        let Some(attached) = self.attached() else { return };
        if !attached.wants_challenge {
            attached.wants_challenge = true;
            attached.check = Check::At(now);
        }
    }

    /// The parent of an attached child, if the message is of it.
    fn parents(&mut self, heard: &Heard) -> Option<&mut Attached> {
        self.attached().filter(|attached| attached.place.parent_address == heard.from)
    }

    fn judge_peer(&mut self, heard: &Heard, now: Duration) {
        if let Some((sequence, _)) = heard.counter {
            self.judge(sequence, Weight::Peer, now);
        }
    }

    pub(super) fn take_advertisement(&mut self, heard: &Heard, now: Duration) {
        let Some(attached) = self.parents(heard) else { return };
        let Some(source) = heard.message.source_address() else { return };
        if source != Some(attached.place.parent) {
            return self.detach(Detached::ParentMoved, now);
        }
        let Some(leader) = find!(heard.message, Tlv::LeaderData(leader) => *leader) else {
            return;
        };
        self.follow_leader(leader);
        self.judge_peer(heard, now);
        let delay = self.some_of(DATA_REQUEST_WITHIN);
        let Some(attached) = self.attached() else { return };
        if attached.wants_network_data || is_newer(leader.data_version, attached.leader.data_version) {
            attached.ask_for_data(now + delay);
        }
    }

    /// Another leader, or another partition: the child goes with its parent.
    fn follow_leader(&mut self, leader: LeaderData) {
        let Some(attached) = self.attached() else { return };
        let of = |leader: &LeaderData| (leader.partition_id, leader.weighting, leader.leader_router_id);
        if of(&attached.leader) == of(&leader) {
            return;
        }
        // The versions stay those of the network data that we have.
        attached.leader = LeaderData {
            data_version: attached.leader.data_version,
            stable_data_version: attached.leader.stable_data_version,
            ..leader
        };
        attached.wants_network_data = true;
        if attached.place.partition_id != leader.partition_id {
            attached.place.partition_id = leader.partition_id;
            let place = attached.place;
            self.outputs.push_back(Output::Place(Some(place)));
        }
    }

    pub(super) fn take_data_response(&mut self, heard: &Heard, now: Duration) {
        if self.parents(heard).is_some() {
            self.judge_peer(heard, now);
            self.take_leader_data(heard, now);
        }
    }

    /// Takes what the parent says of leader, network data and datasets, and asks for what it tells of and does not bring.
    fn take_leader_data(&mut self, heard: &Heard, now: Duration) {
        let message = &heard.message;
        let Some(leader) = find!(message, Tlv::LeaderData(leader) => *leader) else {
            return;
        };
        self.follow_leader(leader);
        let timestamps = self.timestamps;
        let delay = match heard.is_multicast {
            true => self.some_of(DATA_REQUEST_WITHIN),
            false => DATA_REQUEST_SOON,
        };
        let Some(attached) = self.attached() else { return };
        if !attached.wants_network_data && !is_newer(leader.data_version, attached.leader.data_version) {
            return;
        }
        let network_data = find!(message, Tlv::NetworkData { bytes, .. } => bytes.clone());
        let Some(network_data) = network_data.filter(|_| !lacks_dataset(heard, timestamps)) else {
            attached.wants_network_data = true;
            return attached.ask_for_data(now + delay);
        };
        attached.leader = leader;
        attached.wants_network_data = false;
        attached.data_request_at = None;
        attached.data_requests = 0;
        self.outputs.push_back(Output::NetworkData(network_data));
        self.take_datasets(message, now);
    }

    pub(super) fn take_child_update_request(&mut self, heard: &Heard, now: Duration) {
        let message = &heard.message;
        let Some(source) = message.source_address() else { return };
        let is_parent = self.parents(heard).is_some();
        if is_parent {
            let parent = self.attached().map(|attached| attached.place.parent);
            if find!(message, Tlv::Status(STATUS_ERROR) => ()).is_some() {
                return self.detach(Detached::ParentForgot, now);
            }
            if source != parent {
                return self.detach(Detached::ParentMoved, now);
            }
            self.judge_peer(heard, now);
            self.take_leader_data(heard, now);
        }
        let interface_id = self.interface_id;
        let Some(attached) = self.attached() else { return };
        let asked = Asked {
            by: heard.from,
            is_parent,
            challenge: find!(message, Tlv::Challenge(bytes) => bytes.as_slice()).and_then(challenge_of),
            tlvs: find!(message, Tlv::TlvRequest(tlvs) => tlvs.as_slice()).unwrap_or_default(),
        };
        let response = messages::child_update_response(&asked, attached.place.rloc16, attached.leader, interface_id);
        self.send(response);
    }

    pub(super) fn take_child_update_response(&mut self, heard: &Heard, now: Duration) {
        let message = &heard.message;
        let Some(attached) = self.parents(heard) else { return };
        let response = find!(message, Tlv::Response(bytes) => bytes.as_slice());
        let challenge = attached.challenge;
        // An answer to another challenge, or to none where one was asked for, proves nothing.
        let is_answer = match (challenge, response) {
            (Some(challenge), Some(response)) => challenge == response,
            (Some(_), None) | (None, Some(_)) => false,
            (None, None) => true,
        };
        if !is_answer {
            return;
        }
        if find!(message, Tlv::Status(_) => ()).is_some() {
            return self.detach(Detached::ParentForgot, now);
        }
        if find!(message, Tlv::Mode(mode) => *mode) != Some(MODE) {
            return;
        }
        let Some(source) = message.source_address() else { return };
        if source != Some(attached.place.parent) {
            return self.detach(Detached::ParentMoved, now);
        }
        attached.check = Check::At(now + KEEP_ALIVE);
        attached.answered_at = Some(now);
        attached.wants_challenge = false;
        attached.challenge = None;
        if let (Some((sequence, _)), true) = (heard.counter, challenge.is_some()) {
            self.judge(sequence, Weight::Authoritative, now);
        } else {
            self.judge_peer(heard, now);
        }
        self.take_leader_data(heard, now);
    }
}
