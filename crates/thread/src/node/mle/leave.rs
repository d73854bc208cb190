//! The goodbye (OpenThread `Mle::Detacher`): a Child Update Request with a timeout of zero, after which the parent strikes the child off.

use super::{Heard, Mle, Output, Place, State, find, messages};
use crate::hexadecimal;
use std::time::Duration;
use weft_evidence::MleCapture;
use weft_model::LeaderData;
use weft_wire::mle::{Message, Tlv};

/// How long the parent may take to answer.
const WAITS: Duration = Duration::from_secs(1);
/// A goodbye that was not heard is said again after so long, while there is time.
const AGAIN_AFTER: Duration = Duration::from_millis(300);

/// It says goodbye.
pub(super) struct Leaving {
    until: Duration,
    again_at: Option<Duration>,
    place: Place,
    leader: LeaderData,
}

impl Leaving {
    pub(super) fn deadline(&self) -> Duration {
        self.again_at.map_or(self.until, |again_at| again_at.min(self.until))
    }

    pub(super) fn say_again(&mut self, now: Duration) {
        self.again_at = Some(now + AGAIN_AFTER);
    }
}

impl Mle {
    /// Says goodbye; without a place it is over at once.
    pub(in crate::node) fn leave(&mut self, now: Duration) {
        match &self.state {
            State::Attached(attached) => {
                let (place, leader) = (attached.place, attached.leader);
                self.outputs.push_back(Output::Clear);
                self.state = State::Leaving(Leaving {
                    until: now + WAITS,
                    again_at: None,
                    place,
                    leader,
                });
                self.say_goodbye(place, leader);
            }
            State::Leaving(_) | State::Left => {}
            _ => {
                self.outputs.push_back(Output::Clear);
                self.end();
            }
        }
    }

    fn say_goodbye(&mut self, place: Place, leader: LeaderData) {
        let draft = messages::child_update_request(place.parent_address, place.rloc16, leader, self.interface_id, None, 0);
        let told = self.told(&draft.message, place);
        self.send(draft);
        self.outputs.extend(told.map(Output::Told));
    }

    fn told(&self, message: &Message, place: Place) -> Option<MleCapture> {
        let bytes = message.encode().ok()?;
        let (command, tlvs) = bytes.split_first()?;
        Some(MleCapture {
            pan_id: self.spot.pan_id,
            extended_pan_id: Some(self.extended_pan_id),
            channel: Some(self.spot.channel.get().into()),
            rssi_dbm: None,
            lqi: None,
            from: self.own,
            to: Some(place.parent_address),
            command: *command,
            tlvs: hexadecimal(tlvs),
            registered: Vec::new(),
        })
    }

    pub(super) fn leave_further(&mut self, now: Duration) {
        let State::Leaving(leaving) = &mut self.state else { return };
        if leaving.until <= now {
            return self.end();
        }
        if leaving.again_at.is_some_and(|again_at| again_at <= now) {
            leaving.again_at = None;
            let (place, leader) = (leaving.place, leaving.leader);
            let draft = messages::child_update_request(place.parent_address, place.rloc16, leader, self.interface_id, None, 0);
            self.send(draft);
        }
    }

    /// The parent knows.
    pub(super) fn take_farewell(&mut self, heard: &Heard) {
        let State::Leaving(leaving) = &self.state else { return };
        // A parent that does not know us any more says so with a status.
        let knows = find!(heard.message, Tlv::TimeoutSeconds(0) | Tlv::Status(_) => ()).is_some();
        if heard.from == leaving.place.parent_address && knows {
            self.end();
        }
    }

    pub(super) fn end(&mut self) {
        self.state = State::Left;
        self.outputs.extend([Output::Place(None), Output::Clear, Output::Left]);
    }
}
