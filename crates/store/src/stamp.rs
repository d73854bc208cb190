//! Sequence numbers and times of captures, whatever the clock does.
//!
//! `seq` strictly increases, `at` never decreases; both across restarts. Where the clock is behind the last `at`:
//!
//! - by at most [`HOLD_LIMIT_MILLISECONDS`] (a correction by a time server), `at` is held until the clock has caught up;
//! - by more (the clock had been far ahead: years, on a board without a battery), time must not stand still until then, because nothing would
//!   ever age: `at` goes on from where it stands at 15/16 of the clock's pace. Ages are right within 6 %, and an hour too much is gone in 16.
//!
//! A clock that jumps forward is believed. The raw clock is kept in the column `clock_at`, so that a person can tell what happened.

use weft_model::Timestamp;

/// Up to this much behind, time is held; beyond, it runs slower.
pub(crate) const HOLD_LIMIT_MILLISECONDS: i64 = 5 * 60 * 1000;
/// Time that is ahead of the clock runs slower than it by one part in so many.
const SLOWER_BY: i64 = 16;

/// The last stamps that were given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamps {
    seq: u64,
    at: Timestamp,
    clock_at: Timestamp,
    /// While time is far ahead of the clock: the stamp and the clock from which it is counted.
    ahead_since: Option<(Timestamp, Timestamp)>,
}

impl Stamps {
    /// Goes on after these.
    pub(crate) fn resume(seq: u64, at: Timestamp, clock_at: Timestamp) -> Self {
        Self {
            seq,
            at,
            clock_at,
            ahead_since: None,
        }
    }

    /// The stamps of a capture that was received when the clock said `clock_at`.
    pub(crate) fn next(&mut self, clock_at: Timestamp) -> (u64, Timestamp) {
        let ahead_milliseconds = self.at.milliseconds_since(clock_at);
        if ahead_milliseconds <= HOLD_LIMIT_MILLISECONDS {
            self.ahead_since = None;
            self.at = self.at.max(clock_at);
        } else {
            let (at, clock) = match self.ahead_since {
                Some(since) if since.1 <= clock_at => since,
                _ => (self.at, self.clock_at.min(clock_at)),
            };
            self.ahead_since = Some((at, clock));
            let elapsed = clock_at.milliseconds_since(clock);
            let slowed = Timestamp::from_unix_milliseconds(at.unix_milliseconds().saturating_add(elapsed - elapsed / SLOWER_BY));
            self.at = self.at.max(slowed);
        }
        self.clock_at = clock_at;
        self.seq += 1;
        (self.seq, self.at)
    }

    /// The last sequence number that was given; 0 before the first.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_small_step_back_is_held() {
        let start = at("2026-11-20T12:00:00Z");
        let mut stamps = Stamps::resume(7, start, start);
        assert_eq!(stamps.next(start.minus_seconds(200)), (8, start));
        assert_eq!(stamps.next(start.minus_seconds(1)), (9, start));
        assert_eq!(stamps.next(start.plus_seconds(1)), (10, start.plus_seconds(1)));
    }

    #[test]
    fn a_jump_of_fifty_years_and_back_does_not_stop_time() {
        let (now, wrong) = (at("2026-11-20T12:00:00Z"), at("2076-11-20T12:00:00Z"));
        let mut stamps = Stamps::resume(0, now, now);
        assert_eq!(stamps.next(wrong).1, wrong);
        assert_eq!(stamps.next(now).1, wrong);
        // Many captures a second do not slow it further: rounding does not add up.
        let mut last = wrong;
        for milliseconds in 0..160_000 {
            last = stamps.next(Timestamp::from_unix_milliseconds(now.unix_milliseconds() + milliseconds)).1;
        }
        assert_eq!(last.milliseconds_since(wrong), 159_999 - 159_999 / 16);
        // A restart, a day later.
        let mut resumed = Stamps::resume(stamps.seq(), last, now.plus_seconds(160));
        assert_eq!(resumed.next(now.plus_seconds(160 + 86_400)).1, last.plus_seconds(86_400 - 86_400 / 16));
    }

    #[test]
    fn an_hour_ahead_is_caught_up_within_a_day() {
        let now = at("2026-11-20T12:00:00Z");
        let mut stamps = Stamps::resume(0, now.plus_seconds(3600), now.plus_seconds(3600));
        let mut clock = now;
        let mut minutes = 0;
        while stamps.next(clock).1 != clock {
            clock = clock.plus_seconds(60);
            minutes += 1;
            assert!(minutes < 24 * 60, "still {} s ahead", stamps.at.seconds_since(clock));
        }
    }

    proptest! {
        #[test]
        fn whatever_the_clock_does_order_is_kept(clocks in prop::collection::vec(0i64..=253_402_300_799_999, 1..60)) {
            let mut stamps = Stamps::resume(0, Timestamp::MIN, Timestamp::MIN);
            let mut last = (0, Timestamp::MIN);
            for clock in clocks {
                let next = stamps.next(Timestamp::from_unix_milliseconds(clock));
                prop_assert!(next.0 == last.0 + 1 && next.1 >= last.1);
                last = next;
            }
        }
    }
}
