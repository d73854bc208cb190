//! One request of ours on its way.

use super::TOKEN_BYTES;
use std::time::Duration;

/// A request that has not ended.
pub(super) struct Exchange<P> {
    pub(super) peer: P,
    pub(super) message_id: u16,
    pub(super) token: [u8; TOKEN_BYTES],
    pub(super) wants_response: bool,
    pub(super) step: Step,
}

/// What it waits for.
pub(super) enum Step {
    /// For its acknowledgment.
    Repeating {
        datagram: Vec<u8>,
        interval: Duration,
        next: Duration,
        left: u32,
    },
    /// For its response.
    Waiting { until: Duration },
}

/// What is to be done at a deadline.
pub(super) enum Due {
    Repeat(Vec<u8>),
    GiveUp,
}

impl<P> Exchange<P> {
    pub(super) fn deadline(&self) -> Duration {
        match self.step {
            Step::Repeating { next, .. } => next,
            Step::Waiting { until } => until,
        }
    }

    /// The deadline has come. After a long sleep, intervals count from now: a burst of repetitions helps nobody.
    pub(super) fn pass(&mut self, now: Duration) -> Due {
        match &mut self.step {
            Step::Repeating {
                datagram,
                interval,
                next,
                left,
            } if *left > 0 => {
                *left -= 1;
                *interval = interval.saturating_mul(2);
                *next = now.saturating_add(*interval);
                Due::Repeat(datagram.clone())
            }
            Step::Repeating { .. } | Step::Waiting { .. } => Due::GiveUp,
        }
    }
}
