//! How old a statement is at the moment of interest, and when that will change.

use crate::Policy;
use std::cell::Cell;
use weft_evidence::{Hearing, Sources};
use weft_model::Timestamp;

/// What age has made of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Age {
    /// Young enough for its kind.
    Fresh,
    /// Older than its kind allows.
    Stale,
    /// So old that it says nothing about the present.
    Silent,
}

/// Judges ages at one moment and notes until when its judgements hold.
pub(crate) struct Ageing<'a> {
    sources: &'a Sources,
    as_of: Timestamp,
    policy: &'a Policy,
    valid_until: Cell<Timestamp>,
}

/// What decides how long a statement is fresh, beside the way it was heard.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lifetime {
    /// The statement is about a child: a timeout, where one is known.
    pub child_timeout_seconds: Option<u32>,
    /// The statement is about a child.
    pub about_child: bool,
    /// The reporter was asked in vain often enough, at this moment.
    pub in_vain_at: Option<Timestamp>,
    /// In which interval the reporter is asked, where that is not the source's.
    pub interval_seconds: Option<u32>,
}

impl<'a> Ageing<'a> {
    pub(crate) fn new(sources: &'a Sources, as_of: Timestamp, policy: &'a Policy) -> Self {
        Self {
            sources,
            as_of,
            policy,
            valid_until: Cell::new(Timestamp::MAX),
        }
    }

    /// The age of a statement that came by `hearing` through `source` and was true at `at`.
    pub(crate) fn age(&self, hearing: Hearing, source: &str, at: Timestamp, lifetime: Lifetime) -> Age {
        let limit_seconds = match hearing {
            Hearing::Cached | Hearing::Person => return Age::Fresh,
            Hearing::Lan { ttl_seconds } => ttl_seconds,
            Hearing::Air if lifetime.about_child => lifetime.child_timeout_seconds.unwrap_or(0).max(self.policy.air_child_seconds),
            Hearing::Air => self.policy.air_router_seconds,
            Hearing::Asked => {
                if lifetime.in_vain_at.is_some_and(|vain| vain >= at) {
                    return self.judge(hearing, at, 0);
                }
                let of_source = || self.sources.get(source).and_then(|history| history.interval_seconds);
                let interval = lifetime.interval_seconds.or_else(of_source).unwrap_or(0);
                interval
                    .saturating_mul(self.policy.asked_intervals)
                    .max(self.policy.asked_at_least_seconds)
                    .max(lifetime.child_timeout_seconds.unwrap_or(0))
            }
        };
        self.judge(hearing, at, limit_seconds)
    }

    fn judge(&self, hearing: Hearing, at: Timestamp, limit_seconds: u32) -> Age {
        let elapsed = (self.as_of.milliseconds_since(at) - self.sources.deaf_milliseconds(hearing, at, self.as_of)).max(0);
        let limit = i64::from(limit_seconds) * 1000;
        let gone = i64::from(self.policy.gone_after_seconds.max(limit_seconds)) * 1000;
        let (age, left) = if elapsed <= limit && limit > 0 {
            (Age::Fresh, Some(limit - elapsed))
        } else if elapsed <= gone {
            (Age::Stale, Some(gone - elapsed))
        } else {
            (Age::Silent, None)
        };
        if let Some(left) = left
            && self.sources.clock_runs(hearing)
        {
            let change = Timestamp::from_unix_milliseconds(self.as_of.unix_milliseconds().saturating_add(left + 1));
            self.valid_until.set(self.valid_until.get().min(change));
        }
        age
    }

    /// True if nothing was heard for longer than that, while somebody could hear.
    pub(crate) fn is_older(&self, hearing: Hearing, at: Timestamp, seconds: i64) -> bool {
        let elapsed = (self.as_of.milliseconds_since(at) - self.sources.deaf_milliseconds(hearing, at, self.as_of)).max(0);
        let left = seconds * 1000 - elapsed;
        if left >= 0 && self.sources.clock_runs(hearing) {
            let change = Timestamp::from_unix_milliseconds(self.as_of.unix_milliseconds().saturating_add(left + 1));
            self.valid_until.set(self.valid_until.get().min(change));
        }
        left < 0
    }

    /// Until when no judgement that was made changes by age alone.
    pub(crate) fn valid_until(&self) -> Timestamp {
        self.valid_until.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_evidence::{Capture, Evidence};

    const AS_OF: i64 = 1_000_000_000;

    fn seconds_ago(seconds: i64) -> Timestamp {
        Timestamp::from_unix_milliseconds((AS_OF - seconds) * 1000)
    }

    fn judge(hearing: Hearing, ago_seconds: i64, lifetime: Lifetime) -> (Age, i64) {
        let (sources, policy) = (Sources::default(), Policy::standard());
        let ageing = Ageing::new(&sources, seconds_ago(0), &policy);
        let age = ageing.age(hearing, "test", seconds_ago(ago_seconds), lifetime);
        (age, ageing.valid_until().milliseconds_since(seconds_ago(0)))
    }

    #[test]
    fn each_kind_of_statement_has_its_own_time() {
        let child = Lifetime {
            about_child: true,
            ..Lifetime::default()
        };
        let slow_child = Lifetime {
            child_timeout_seconds: Some(3600),
            ..child
        };
        let asked_every = |seconds| Lifetime {
            interval_seconds: Some(seconds),
            ..Lifetime::default()
        };
        let (hourly, every_minute) = (asked_every(3600), asked_every(60));
        for (hearing, lifetime, limit_seconds) in [
            (Hearing::Air, Lifetime::default(), 100),
            (Hearing::Air, child, 240),
            (Hearing::Air, slow_child, 3600),
            (Hearing::Asked, Lifetime::default(), 1800),
            (Hearing::Asked, slow_child, 3600),
            (Hearing::Asked, hourly, 3 * 3600),
            (Hearing::Asked, every_minute, 1800),
            (Hearing::Air, hourly, 100),
            (Hearing::Lan { ttl_seconds: 120 }, Lifetime::default(), 120),
        ] {
            assert_eq!(judge(hearing, limit_seconds, lifetime), (Age::Fresh, 1), "{hearing:?}");
            assert_eq!(judge(hearing, limit_seconds + 1, lifetime).0, Age::Stale, "{hearing:?}");
            assert_eq!(judge(hearing, 86_401, lifetime).0, Age::Silent, "{hearing:?}");
        }
    }

    #[test]
    fn the_interval_of_a_reporter_goes_before_that_of_its_source() {
        let working: Capture = serde_json::from_value(
            serde_json::json!({"seq": 1, "at": seconds_ago(99_999), "source": "matter", "kind": "source",
            "state": "working", "detail": {"interval_seconds": 1200}}),
        )
        .unwrap();
        let (evidence, policy) = (Evidence::from_captures([&working]), Policy::standard());
        let sources = evidence.sources();
        let age = |ago_seconds, interval_seconds| {
            let lifetime = Lifetime {
                interval_seconds,
                ..Lifetime::default()
            };
            Ageing::new(sources, seconds_ago(0), &policy).age(Hearing::Asked, "matter", seconds_ago(ago_seconds), lifetime)
        };
        assert_eq!([age(3600, None), age(3601, None)], [Age::Fresh, Age::Stale], "a router");
        assert_eq!(
            [age(10_800, Some(3600)), age(10_801, Some(3600))],
            [Age::Fresh, Age::Stale],
            "a sleepy device"
        );
        assert_eq!(age(1900, Some(600)), Age::Stale, "its next answers were due before that");
    }

    #[test]
    fn what_has_no_time_of_reading_does_not_age() {
        assert_eq!(judge(Hearing::Cached, 1_000_000, Lifetime::default()).0, Age::Fresh);
        assert_eq!(judge(Hearing::Person, 1_000_000, Lifetime::default()).0, Age::Fresh);
    }

    #[test]
    fn asked_in_vain_ends_freshness() {
        let vain = Lifetime {
            in_vain_at: Some(seconds_ago(5)),
            ..Lifetime::default()
        };
        assert_eq!(judge(Hearing::Asked, 10, vain).0, Age::Stale);
        assert_eq!(judge(Hearing::Asked, 1, vain).0, Age::Fresh, "it answered after that");
    }

    #[test]
    fn a_statement_from_the_future_is_fresh() {
        assert_eq!(judge(Hearing::Asked, -3600, Lifetime::default()).0, Age::Fresh);
    }
}
