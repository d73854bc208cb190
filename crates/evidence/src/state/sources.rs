//! What each source was able to hear, and when: the clock of freshness stands still while nobody listens.

use crate::{Hearing, SourceReport, SourceState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weft_model::Timestamp;

/// Times of deafness that are kept of each source, newest first.
const MAX_DEAF: usize = 256;

/// By which way a source hears, without its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Air,
    Asked,
    Lan,
}

impl Way {
    fn of(hearing: Hearing) -> Option<Self> {
        match hearing {
            Hearing::Air => Some(Self::Air),
            Hearing::Asked => Some(Self::Asked),
            Hearing::Lan { .. } => Some(Self::Lan),
            Hearing::Cached | Hearing::Person => None,
        }
    }
}

/// One source's story.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceHistory {
    /// Its state.
    pub state: SourceState,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// Captures that it lost in all.
    pub dropped: u64,
    /// Captures that came from it.
    pub captures: u64,
    /// When the last one came.
    pub last_at: Timestamp,
    /// The interval in which it asks, where it told one.
    pub interval_seconds: Option<u32>,
    ways: BTreeSet<Way>,
    deaf: Vec<(Timestamp, Option<Timestamp>)>,
}

/// All sources.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sources {
    sources: BTreeMap<Arc<str>, SourceHistory>,
}

impl Sources {
    pub(super) fn heard(&mut self, source: &Arc<str>, at: Timestamp) {
        let history = self.entry(source, at);
        history.captures += 1;
        history.last_at = at;
    }

    pub(super) fn hearing(&mut self, source: &Arc<str>, at: Timestamp, hearing: Hearing) {
        if let Some(way) = Way::of(hearing) {
            self.entry(source, at).ways.insert(way);
        }
    }

    pub(super) fn report(&mut self, source: &Arc<str>, at: Timestamp, report: &SourceReport) {
        let history = self.entry(source, at);
        let was_deaf = !listens(history.state);
        let is_deaf = !listens(report.state);
        if is_deaf && !was_deaf {
            history.deaf.push((at, None));
            if history.deaf.len() > MAX_DEAF {
                history.deaf.remove(0);
            }
        } else if !is_deaf
            && was_deaf
            && let Some(last) = history.deaf.last_mut()
        {
            last.1.get_or_insert(at);
        }
        if history.state != report.state {
            history.state = report.state;
            history.since = at;
        }
        history.reason.clone_from(&report.reason);
        history.dropped += report.dropped;
        let interval = report
            .detail
            .as_ref()
            .and_then(|detail| detail.get("interval_seconds"))
            .and_then(serde_json::Value::as_u64);
        if let Some(seconds) = interval.and_then(|seconds| u32::try_from(seconds).ok()) {
            history.interval_seconds = Some(seconds);
        }
    }

    fn entry(&mut self, source: &Arc<str>, at: Timestamp) -> &mut SourceHistory {
        self.sources.entry(source.clone()).or_insert_with(|| SourceHistory {
            state: SourceState::Started,
            since: at,
            reason: None,
            dropped: 0,
            captures: 0,
            last_at: at,
            interval_seconds: None,
            ways: BTreeSet::new(),
            deaf: Vec::new(),
        })
    }

    /// All sources by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &SourceHistory)> {
        self.sources.iter()
    }

    /// A source by name.
    pub fn get(&self, name: &str) -> Option<&SourceHistory> {
        self.sources.get(name)
    }

    /// For how many milliseconds between `from` and `to` no source that could hear such a statement listened.
    pub fn deaf_milliseconds(&self, hearing: Hearing, from: Timestamp, to: Timestamp) -> i64 {
        let Some(way) = Way::of(hearing) else { return 0 };
        let able = || self.sources.values().filter(move |history| history.ways.contains(&way));
        // The usual case: somebody listened all the time.
        if able().any(|history| history.deaf.last().is_none_or(|(_, end)| end.is_some_and(|end| end <= from))) {
            return 0;
        }
        let mut silent: Option<Vec<(i64, i64)>> = None;
        for history in able() {
            let spans: Vec<(i64, i64)> = history
                .deaf
                .iter()
                .map(|(start, end)| (start.max(&from).unix_milliseconds(), end.unwrap_or(to).min(to).unix_milliseconds()))
                .filter(|(start, end)| start < end)
                .collect();
            silent = Some(match silent {
                None => spans,
                Some(others) => intersect(&others, &spans),
            });
            if silent.as_ref().is_some_and(Vec::is_empty) {
                return 0;
            }
        }
        silent.unwrap_or_default().iter().map(|(start, end)| end - start).sum()
    }

    /// True while some source that could hear such a statement listens, or none is known: only then does its clock run.
    pub fn clock_runs(&self, hearing: Hearing) -> bool {
        let Some(way) = Way::of(hearing) else { return false };
        let mut able = self.sources.values().filter(|history| history.ways.contains(&way)).peekable();
        able.peek().is_none() || able.any(|history| listens(history.state))
    }
}

fn listens(state: SourceState) -> bool {
    // A stopped source will not hear again, but its silence was chosen by a person: time goes on for what it said.
    !matches!(state, SourceState::Deaf | SourceState::Suspended)
}

fn intersect(left: &[(i64, i64)], right: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut common = Vec::new();
    for (left_start, left_end) in left {
        for (right_start, right_end) in right {
            let (start, end) = (*left_start.max(right_start), *left_end.min(right_end));
            if start < end {
                common.push((start, end));
            }
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_milliseconds(seconds * 1000)
    }

    fn report(state: SourceState) -> SourceReport {
        SourceReport {
            state,
            reason: None,
            dropped: 0,
            detail: None,
        }
    }

    #[test]
    fn the_clock_stands_still_only_while_everybody_is_deaf() {
        let mut sources = Sources::default();
        let lan = Hearing::Lan { ttl_seconds: 120 };
        for name in ["eth0", "wlan0"] {
            sources.hearing(&name.into(), at(0), lan);
        }
        sources.report(&"eth0".into(), at(100), &report(SourceState::Deaf));
        assert!(sources.clock_runs(lan));
        sources.report(&"wlan0".into(), at(200), &report(SourceState::Suspended));
        assert!(!sources.clock_runs(lan));
        sources.report(&"eth0".into(), at(500), &report(SourceState::Working));
        assert_eq!(sources.deaf_milliseconds(lan, at(0), at(1000)), 300_000);
        assert_eq!(sources.deaf_milliseconds(lan, at(400), at(1000)), 100_000);
        assert_eq!(sources.deaf_milliseconds(Hearing::Air, at(0), at(1000)), 0);
        assert_eq!(sources.deaf_milliseconds(Hearing::Cached, at(0), at(1000)), 0);
    }

    #[test]
    fn reports_add_up() {
        let mut sources = Sources::default();
        let name: Arc<str> = "rest".into();
        let detail = Some(serde_json::json!({"interval_seconds": 900}));
        sources.report(
            &name,
            at(1),
            &SourceReport {
                state: SourceState::Working,
                reason: None,
                dropped: 2,
                detail,
            },
        );
        sources.report(
            &name,
            at(2),
            &SourceReport {
                state: SourceState::Working,
                reason: Some("late".into()),
                dropped: 3,
                detail: None,
            },
        );
        let history = sources.get("rest").unwrap();
        assert_eq!((history.dropped, history.interval_seconds, history.since), (5, Some(900), at(1)));
    }
}
