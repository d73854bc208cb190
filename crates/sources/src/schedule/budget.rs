//! A token bucket in whole numbers.

use std::time::Duration;

/// One token, in parts that a millisecond at one token a minute brings.
const TOKEN: i64 = 60_000;

/// Questions that may be asked now.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    per_minute: i64,
    most: i64,
    level: i64,
    filled_at: Duration,
}

impl Budget {
    /// Full.
    pub(super) fn new(per_minute: u32, burst: u32, now: Duration) -> Self {
        let most = i64::from(burst.max(1)) * TOKEN;
        Self {
            per_minute: i64::from(per_minute.max(1)),
            most,
            level: most,
            filled_at: now,
        }
    }

    /// `now` never decreases.
    pub(super) fn fill(&mut self, now: Duration) {
        let passed = milliseconds(now.saturating_sub(self.filled_at));
        self.filled_at = now.max(self.filled_at);
        self.level = self.level.saturating_add(passed.saturating_mul(self.per_minute)).min(self.most);
    }

    /// Takes one. What was asked without leave makes debts, up to what can be saved.
    pub(super) fn take(&mut self) {
        self.level = (self.level - TOKEN).max(-self.most);
    }

    /// How long until `tokens` are there; zero: they are.
    pub(super) fn wait_for(&self, tokens: u32) -> Duration {
        let missing = (i64::from(tokens) * TOKEN).min(self.most) - self.level;
        let wait = missing.max(0).unsigned_abs().div_ceil(self.per_minute.unsigned_abs());
        Duration::from_millis(wait)
    }

    pub(super) fn is_full(&self) -> bool {
        self.level == self.most
    }
}

/// Milliseconds as a signed number: for differences.
pub(super) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_at_the_pace_and_no_more_than_the_burst_is_saved() {
        let seconds = Duration::from_secs;
        let mut budget = Budget::new(30, 4, seconds(10));
        for _ in 0..4 {
            assert_eq!(budget.wait_for(1), Duration::ZERO);
            budget.take();
        }
        assert_eq!(budget.wait_for(1), seconds(2));
        budget.fill(seconds(11));
        assert_eq!(budget.wait_for(1), seconds(1));
        budget.fill(seconds(12));
        assert_eq!((budget.wait_for(1), budget.wait_for(2)), (Duration::ZERO, seconds(2)));
        budget.fill(seconds(100_000));
        assert!(budget.is_full());
        assert_eq!(budget.wait_for(4), Duration::ZERO);
        for _ in 0..100 {
            budget.take();
        }
        assert_eq!(budget.wait_for(1), seconds(10), "debts end somewhere");
    }

    #[test]
    fn time_that_turns_back_brings_nothing() {
        let mut budget = Budget::new(60, 1, Duration::from_secs(100));
        budget.take();
        budget.fill(Duration::from_secs(50));
        budget.fill(Duration::from_millis(100_500));
        assert_eq!(budget.wait_for(1), Duration::from_millis(500));
    }
}
