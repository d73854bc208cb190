//! How patient joining is with a device.

use crate::commands::{patience, sleep_of};
use crate::peer::Intervals;
use std::time::Duration;

/// How long to wait for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Before another address of the same device is tried: it must not hear two of us at once.
    pub(super) stagger: Duration,
    /// For one answer.
    pub(super) answer: Duration,
    /// For an answer from a device that has acknowledged the question already.
    pub(super) word: Duration,
    /// For cleaning up.
    pub(super) cleaning: Duration,
    /// For the answer to the first word of all, which takes no arithmetic.
    pub(super) greeting: Duration,
    /// For one handshake as a node of our fabric, before it is begun anew.
    pub(super) handshake: Duration,
    /// For the first session as a node of our fabric, all addresses and attempts.
    pub(super) session: Duration,
    /// How long the device keeps what is not completed, in seconds.
    pub(super) fail_safe_seconds: u16,
}

/// Fail-safe of a device that listens, in seconds (Matter core specification 1.4, 11.10.5.3, recommends 60).
const FAIL_SAFE_SECONDS: u64 = 60;
/// Polls that joining takes at most, with one message in ten lost.
const POLLS: u32 = 16;

impl Pace {
    /// Of a device that answers so soon.
    pub(super) fn of(intervals: Intervals) -> Self {
        let extra = sleep_of(intervals);
        let seconds = FAIL_SAFE_SECONDS + (extra * POLLS).as_secs();
        Self {
            stagger: Duration::from_millis(1_500) + extra * 2,
            answer: Duration::from_secs(10) + extra * 4,
            word: patience(intervals),
            greeting: Duration::from_millis(1_500) + extra * 2,
            handshake: Duration::from_secs(5) + extra * 3,
            cleaning: Duration::from_secs(3) + extra,
            session: Duration::from_secs(30) + extra * 6,
            fail_safe_seconds: u16::try_from(seconds).unwrap_or(u16::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleepy_devices_get_more_time() {
        let awake = Pace::of(Intervals::default());
        assert_eq!((awake.stagger, awake.fail_safe_seconds), (Duration::from_millis(1_500), 60));
        let intervals = |idle_milliseconds, long_idle| Intervals {
            idle_milliseconds,
            active_milliseconds: 300,
            long_idle,
        };
        let sleepy = Pace::of(intervals(5_000, false));
        assert_eq!(
            (sleepy.stagger, sleepy.answer, sleepy.fail_safe_seconds),
            (Duration::from_millis(11_500), Duration::from_secs(30), 140)
        );
        let long = Pace::of(intervals(3_600_000, true));
        assert_eq!((long.stagger, long.fail_safe_seconds), (Duration::from_millis(31_500), 300));
        assert_eq!(Pace::of(intervals(500, false)), awake);
    }
}
