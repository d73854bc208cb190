//! What a schedule remembers of one device.

use super::network::Place;
use super::{Kind, Pace};
use std::time::Duration;
use weft_model::ExtendedPanId;

/// Why a device is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It was never asked.
    First,
    /// Its interval is over.
    Routine,
    /// It did not answer the last time.
    Retry,
    /// Something about it changed.
    Change,
    /// It was announced anew or elsewhere.
    SignOfLife,
    /// It checked in: it listens now, and not for long.
    CheckIn,
    /// A person wants to know.
    Person,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) network: Option<ExtendedPanId>,
    pub(super) kind: Kind,
    /// A number between 0 and 65,535 that spreads the second round; different for neighbours in the order of joining.
    pub(super) phase: u32,
    pub(super) asked: Option<Duration>,
    pub(super) has_answered: bool,
    /// The answer was the first: the next round is spread.
    pub(super) is_spread: bool,
    pub(super) failures: u32,
    /// It does not know us any more.
    pub(super) is_estranged: bool,
    pub(super) is_under_way: bool,
    /// Why it is to be asked again, and not before when, as soon as the question under way has ended.
    pub(super) again: Option<(Duration, Reason)>,
    pub(super) reason: Reason,
    pub(super) place: Option<Place>,
    pub(super) asked_for_change: Option<Duration>,
    pub(super) asked_for_life: Option<Duration>,
}

impl Item {
    /// `joined`: how many joined before it.
    pub(super) fn new(network: Option<ExtendedPanId>, kind: Kind, has_answered: bool, joined: u32) -> Self {
        Self {
            network,
            kind,
            // The golden ratio: however many join, their phases lie evenly.
            phase: joined.wrapping_mul(40_503) & 0xffff,
            asked: None,
            has_answered,
            is_spread: false,
            failures: 0,
            is_estranged: false,
            is_under_way: false,
            again: None,
            reason: Reason::First,
            place: None,
            asked_for_change: None,
            asked_for_life: None,
        }
    }

    /// When the interval of a device is over that answered.
    pub(super) fn routine_due(&self, pace: &Pace) -> Option<Duration> {
        let interval = pace.interval(self.kind)?;
        let interval = match (self.is_spread, self.kind) {
            (false, _) => interval,
            // Never sooner than its interval.
            (true, Kind::Sleepy { .. }) => interval + interval / 4 * self.phase / 0x10000,
            (true, _) => interval / 2 + interval / 2 * self.phase / 0x10000,
        };
        Some(self.asked?.saturating_add(interval))
    }
}
