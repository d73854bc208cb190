//! How much radio time questions took within the last hour, and what is left of what they may. Pure: time is handed in.

use std::collections::VecDeque;
use std::time::Duration;
use weft_model::Airtime;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Entries that are kept; older ones are put together beyond.
const MAX_ENTRIES: usize = 256;

/// The radio time of one network.
///
/// Why a number of frames an hour: a full frame with its acknowledgment takes 4.8 ms of the channel at 250 kbit/s, an average one of a sweep 3 ms. A sweep of 20
/// routers takes some 300 frames, six an hour 1,800; 6,000 an hour are 18 s of the channel, half a percent, which nobody notices, and leave room for a person who
/// asks again and for confirmations.
#[derive(Debug, Clone)]
pub struct AirtimeBudget {
    frames_per_hour: u32,
    taken: VecDeque<(Duration, Airtime)>,
}

impl AirtimeBudget {
    /// What is usual.
    pub const FRAMES_PER_HOUR: u32 = 6_000;

    /// With nothing taken yet.
    pub fn new(frames_per_hour: u32) -> Self {
        Self {
            frames_per_hour,
            taken: VecDeque::new(),
        }
    }

    /// Something was asked, and took this.
    pub fn take(&mut self, airtime: Airtime, now: Duration) {
        if airtime == Airtime::default() {
            return;
        }
        self.forget(now);
        if self.taken.len() >= MAX_ENTRIES
            && let Some((at, newest)) = self.taken.pop_back()
        {
            self.taken.push_back((at.max(now), newest.plus(airtime)));
            return;
        }
        self.taken.push_back((now, airtime));
    }

    /// What was taken within the last hour.
    pub fn last_hour(&self, now: Duration) -> Airtime {
        let within = self.taken.iter().filter(|(at, _)| now.saturating_sub(*at) < HOUR);
        within.fold(Airtime::default(), |sum, (_, airtime)| sum.plus(*airtime))
    }

    /// Frames that may be taken now.
    pub fn left(&self, now: Duration) -> u32 {
        self.frames_per_hour.saturating_sub(self.last_hour(now).frames)
    }

    /// How long until so many frames may be taken; zero: now. More than an hour's are never waited for: then it is until nothing counts any more.
    pub fn wait_for(&self, frames: u32, now: Duration) -> Duration {
        let frames = frames.min(self.frames_per_hour);
        let mut taken = self.last_hour(now).frames;
        let mut wait = Duration::ZERO;
        for (at, airtime) in &self.taken {
            if self.frames_per_hour.saturating_sub(taken) >= frames {
                break;
            }
            let until = (*at + HOUR).saturating_sub(now);
            if !until.is_zero() {
                taken = taken.saturating_sub(airtime.frames);
                wait = until;
            }
        }
        wait
    }

    fn forget(&mut self, now: Duration) {
        while self.taken.front().is_some_and(|(at, _)| now.saturating_sub(*at) >= HOUR) {
            self.taken.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(frames: u32) -> Airtime {
        Airtime { frames, bytes: 100 }
    }

    #[test]
    fn what_was_taken_comes_back_an_hour_later() {
        let seconds = Duration::from_secs;
        let mut budget = AirtimeBudget::new(1_000);
        assert_eq!((budget.left(seconds(0)), budget.wait_for(1_000, seconds(0))), (1_000, seconds(0)));
        budget.take(frames(600), seconds(10));
        budget.take(frames(300), seconds(20));
        assert_eq!((budget.left(seconds(30)), budget.last_hour(seconds(30)).bytes), (100, 200));
        assert_eq!(budget.wait_for(100, seconds(30)), seconds(0));
        assert_eq!(budget.wait_for(700, seconds(30)), seconds(3_580));
        assert_eq!(budget.wait_for(701, seconds(30)), seconds(3_590));
        assert_eq!(
            budget.wait_for(99_999, seconds(30)),
            seconds(3_590),
            "no more than an hour's is waited for"
        );
        assert_eq!(budget.left(seconds(3_609)), 100);
        assert_eq!(budget.left(seconds(3_610)), 700);
        assert_eq!(budget.left(seconds(3_620)), 1_000);
    }

    #[test]
    fn more_than_an_hours_worth_leaves_nothing_and_memory_is_bounded() {
        let mut budget = AirtimeBudget::new(100);
        for second in 0..10_000 {
            budget.take(frames(1_000), Duration::from_millis(second));
        }
        assert_eq!(budget.left(Duration::from_secs(10)), 0);
        assert_eq!(budget.last_hour(Duration::from_secs(10)).frames, 10_000_000);
        assert!(budget.taken.len() <= MAX_ENTRIES);
    }

    proptest! {
        #[test]
        fn after_the_wait_it_is_there(takes in prop::collection::vec((0u32..500, 0u64..600), 0..60), wanted in 0u32..2_000) {
            let mut budget = AirtimeBudget::new(1_000);
            let mut now = Duration::ZERO;
            for (number, pause) in takes {
                now += Duration::from_secs(pause);
                budget.take(frames(number), now);
            }
            let wait = budget.wait_for(wanted, now);
            prop_assert!(wait <= HOUR);
            prop_assert!(budget.left(now + wait) >= wanted.min(1_000));
            if let Some(before) = wait.checked_sub(Duration::from_millis(1)) {
                prop_assert!(budget.left(now + before) < wanted.min(1_000), "it waits no longer than it must");
            }
        }
    }
}
