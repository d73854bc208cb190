//! The only place that reads a clock, and the detection of a machine that slept.

#![allow(clippy::disallowed_methods)] // This is the room that the rule leaves open.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use weft_model::Timestamp;

/// What the machine's clock says. It may be wrong, and it may jump: whoever orders by it holds it first.
pub fn now() -> Timestamp {
    let milliseconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    Timestamp::from_unix_milliseconds(milliseconds)
}

/// Time since the first call in this process. Never jumps; on most systems stands still while the machine sleeps.
pub fn running_for() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// A time in which nobody here could hear anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The last moment that is known to be before it.
    pub from: Timestamp,
    /// When it was noticed.
    pub until: Timestamp,
}

impl Gap {
    /// How long it was at most.
    pub fn seconds(&self) -> i64 {
        self.until.seconds_since(self.from)
    }
}

/// Finds gaps by comparing two clocks at every tick.
///
/// Where the steady clock stands still during sleep (Linux, macOS), the wall clock runs away from it; where it does not (Windows), and where the
/// process itself was stopped, the ticks are too far apart. A wall clock that is *set* forward looks like sleep, and treating it so is right:
/// what was heard before must not look older for it. A clock that is set back is no gap.
#[derive(Debug, Clone)]
pub struct SleepDetector {
    gap: Duration,
    last: Option<(Timestamp, Duration)>,
}

impl Default for SleepDetector {
    /// With [`SleepDetector::GAP`].
    fn default() -> Self {
        Self::new(Self::GAP)
    }
}

impl SleepDetector {
    /// Call it at least this often.
    pub const TICK: Duration = Duration::from_secs(10);
    /// What counts as a gap: longer than any pause of a busy machine, shorter than any freshness.
    pub const GAP: Duration = Duration::from_secs(30);

    /// What is longer than `gap` is one.
    pub fn new(gap: Duration) -> Self {
        Self { gap, last: None }
    }

    /// Reads of both clocks, taken together: [`now`] and [`running_for`].
    pub fn tick(&mut self, wall: Timestamp, steady: Duration) -> Option<Gap> {
        let (last_wall, last_steady) = self.last.replace((wall, steady))?;
        let gap = i64::try_from(self.gap.as_millis()).unwrap_or(i64::MAX);
        let steady_passed = steady.saturating_sub(last_steady);
        let steady_passed_milliseconds = i64::try_from(steady_passed.as_millis()).unwrap_or(i64::MAX);
        let wall_passed_milliseconds = wall.milliseconds_since(last_wall);
        let slept = wall_passed_milliseconds.saturating_sub(steady_passed_milliseconds) > gap;
        let stopped = steady_passed > Self::TICK + self.gap && wall_passed_milliseconds > 0;
        (slept || stopped).then_some(Gap {
            from: last_wall,
            until: wall,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(seconds: i64) -> Timestamp {
        Timestamp::from_unix_milliseconds(1_800_000_000_000).plus_seconds(seconds)
    }

    #[test]
    fn a_machine_that_runs_has_no_gap() {
        let mut detector = SleepDetector::default();
        for tick in 0..1000 {
            // A busy machine ticks late, and a time server corrects by a second.
            let seconds = tick * 10 + tick % 7;
            assert_eq!(
                detector.tick(wall(seconds - tick % 2), Duration::from_secs(seconds.unsigned_abs())),
                None,
                "tick {tick}"
            );
        }
    }

    #[test]
    fn half_an_hour_of_sleep_is_a_gap_whichever_clock_stood_still() {
        let mut detector = SleepDetector::default();
        detector.tick(wall(0), Duration::from_secs(0));
        detector.tick(wall(10), Duration::from_secs(10));
        let gap = Gap {
            from: wall(10),
            until: wall(1815),
        };
        assert_eq!(detector.clone().tick(wall(1815), Duration::from_secs(15)), Some(gap));
        assert_eq!(gap.seconds(), 1805);
        assert_eq!(detector.clone().tick(wall(1815), Duration::from_secs(1815)), Some(gap));
        assert_eq!(detector.tick(wall(18), Duration::from_secs(18)), None);
    }

    #[test]
    fn a_clock_that_is_set_forward_is_a_gap_and_one_that_is_set_back_is_none() {
        let mut detector = SleepDetector::default();
        detector.tick(Timestamp::from_unix_milliseconds(8000), Duration::from_secs(1));
        assert!(detector.tick(wall(0), Duration::from_secs(2)).is_some());
        assert_eq!(detector.tick(wall(-86_400), Duration::from_secs(3)), None);
        assert_eq!(detector.tick(wall(-86_390), Duration::from_secs(13)), None);
    }

    #[test]
    fn the_clocks_run() {
        assert!(now() > "2024-01-01T00:00:00Z".parse().unwrap());
        let before = running_for();
        assert!(running_for() >= before);
    }
}
