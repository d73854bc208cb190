//! Active and pending datasets, as far as they say where the network is, and where it will be (Thread 1.4, 8.4.3).

use super::{Heard, Mle, Spot, find};
use crate::node::Detached;
use std::time::Duration;
use weft_model::Dataset;
use weft_wire::mle::{Message, Tlv};

/// The datasets that we have, by their timestamps: who asks for data tells them, and gets those that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamps {
    pub(super) active: Option<u64>,
    pub(super) pending: Option<u64>,
}

impl Timestamps {
    pub(super) fn append(self, tlvs: &mut Vec<Tlv>) {
        tlvs.extend(self.active.map(Tlv::ActiveTimestamp));
        tlvs.extend(self.pending.map(Tlv::PendingTimestamp));
    }
}

/// The network moves at a time that a pending dataset told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) at: Duration,
    to: Spot,
    active_timestamp: Option<u64>,
}

/// True if the message tells of a dataset that we do not have, and does not bring it.
pub(super) fn lacks_dataset(heard: &Heard, have: Timestamps) -> bool {
    let message = &heard.message;
    let active = find!(message, Tlv::ActiveTimestamp(timestamp) => *timestamp);
    let pending = find!(message, Tlv::PendingTimestamp(timestamp) => *timestamp);
    let has_active = find!(message, Tlv::ActiveDataset(_) => ()).is_some();
    let has_pending = find!(message, Tlv::PendingDataset(_) => ()).is_some();
    (active.is_some() && active != have.active && !has_active) || (pending.is_some() && pending != have.pending && !has_pending)
}

impl Mle {
    fn spot_of(&self, dataset: &Dataset) -> Spot {
        Spot {
            channel: dataset.channel.unwrap_or(self.spot.channel),
            pan_id: dataset.pan_id.unwrap_or(self.spot.pan_id),
        }
    }

    /// Takes the datasets that a message of the parent brings. The timestamp stands beside the dataset.
    pub(super) fn take_datasets(&mut self, message: &Message, now: Duration) {
        let pending = find!(message, Tlv::PendingTimestamp(timestamp) => *timestamp);
        if let (Some(timestamp), Some(dataset)) = (pending, find!(message, Tlv::PendingDataset(dataset) => dataset)) {
            self.timestamps.pending = Some(timestamp);
            self.pending = dataset.delay_milliseconds.map(|delay| Move {
                at: now + Duration::from_millis(delay.into()),
                to: self.spot_of(dataset),
                active_timestamp: dataset.active_timestamp,
            });
        }
        let active = find!(message, Tlv::ActiveTimestamp(timestamp) => *timestamp);
        if let (Some(timestamp), Some(dataset)) = (active, find!(message, Tlv::ActiveDataset(dataset) => dataset)) {
            self.timestamps.active = Some(timestamp);
            self.was_told_dataset = true;
            self.home = self.spot_of(dataset);
            if self.home != self.spot && self.is_attached() {
                self.move_to(self.home, now);
            }
        }
    }

    pub(super) fn move_when_due(&mut self, now: Duration) {
        let Some(pending) = self.pending.filter(|pending| pending.at <= now) else {
            return;
        };
        self.pending = None;
        self.timestamps = Timestamps {
            active: pending.active_timestamp.or(self.timestamps.active),
            pending: None,
        };
        self.was_told_dataset = false;
        self.home = pending.to;
        if self.is_attached() && self.spot != pending.to {
            self.move_to(pending.to, now);
        }
    }

    fn move_to(&mut self, spot: Spot, now: Duration) {
        self.go_to(spot);
        self.detach(Detached::NetworkMoved, now);
    }
}
