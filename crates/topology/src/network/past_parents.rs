//! Parents that a device had: from rows that came and vanished, from its own former words, up to its good-byes.

use super::Mesh;
use crate::snapshot::PastParent;
use weft_evidence::Hearing;
use weft_model::{Fact, FactKind, Timestamp};

impl Mesh<'_> {
    /// Since when a router says on the air that it has its present locator.
    pub(super) fn router_since(&self, device: usize) -> Option<Timestamp> {
        let own = self.slots(device, FactKind::Rloc16).filter_map(|slot| {
            let current = slot.current.as_ref()?;
            let is_router = matches!(*current.fact, Fact::Rloc16(Some(rloc16)) if rloc16.is_router());
            (is_router && current.hearing == Hearing::Air).then_some(slot.since?)
        });
        own.min()
    }

    /// Parents that tables named over time, newest first: from rows that came and vanished, and from the child's own former words.
    pub(super) fn parent_history(&self, device: usize) -> Vec<PastParent> {
        let mut spans: Vec<PastParent> = Vec::new();
        let goodbyes = || {
            self.devices[device]
                .reporters
                .iter()
                .flat_map(|&reporter| &self.reporters[reporter].1.goodbyes)
        };
        let episodes = || self.child_episodes.get(&device).into_iter().flatten();
        for &(observer, episode) in episodes() {
            // Whoever says good-bye has no parent, and is in nobody's table when it comes back. It may have gone to another before.
            let next = episodes().map(|(_, other)| other.since).filter(|since| *since > episode.since).min();
            let goodbye = goodbyes().filter(|at| **at >= episode.until).min().copied();
            let left_at = goodbye.map(|goodbye| next.filter(|next| *next >= episode.until).map_or(goodbye, |next| next.min(goodbye)));
            spans.push(PastParent {
                node: self.devices[observer].id.clone(),
                since: episode.since,
                until: episode.ended_at.map(|_| episode.until).or(left_at),
            });
        }
        if !self.is_router(device) {
            let partition = self.devices[device].partition;
            for slot in self.slots(device, FactKind::Rloc16) {
                let past = slot.past.iter().map(|value| (&*value.fact, value.since, Some(value.until)));
                let present = slot
                    .current
                    .iter()
                    .map(|current| (&*current.fact, slot.since.unwrap_or(current.stated_at), None));
                for (fact, since, until) in past.chain(present) {
                    if let Fact::Rloc16(Some(rloc16)) = fact
                        && let Some(router) = rloc16.parent().and_then(|router| self.holder(partition, router))
                    {
                        spans.push(PastParent {
                            node: self.devices[router].id.clone(),
                            since,
                            until,
                        });
                    }
                }
            }
        }
        merge_spans(spans)
    }
}

/// Spans of the same parent that touch become one; newest first.
fn merge_spans(mut spans: Vec<PastParent>) -> Vec<PastParent> {
    spans.sort_by(|left, right| (&left.node, left.since, left.until).cmp(&(&right.node, right.since, right.until)));
    let mut merged: Vec<PastParent> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if last.node == span.node && last.until.is_none_or(|until| until >= span.since) => {
                last.until = match (last.until, span.until) {
                    (Some(left), Some(right)) => Some(left.max(right)),
                    _ => None,
                };
            }
            _ => merged.push(span),
        }
    }
    merged.sort_by(|left, right| (right.until.is_none(), right.since, &right.node).cmp(&(left.until.is_none(), left.since, &left.node)));
    merged
}

/// Only the present parent lasts: others that nobody ended are over since the present one began, which is what this gives.
pub(super) fn close_others(history: &mut Vec<PastParent>, parent: &crate::Id, since: Option<Timestamp>, newest: Timestamp) -> Timestamp {
    let known = history
        .iter()
        .find(|past| past.node == *parent && past.until.is_none())
        .map(|past| past.since);
    let since = since.or(known).unwrap_or(newest);
    history.retain(|past| past.node != *parent || past.until.is_some_and(|until| until < since));
    // Nobody has two parents: one that nobody ended was left for the next.
    let begins: Vec<Timestamp> = history.iter().map(|past| past.since).collect();
    for past in history.iter_mut() {
        let next = begins.iter().filter(|begin| **begin > past.since).min().copied();
        let end = next.map_or(since, |next| next.min(since));
        past.until = Some(past.until.unwrap_or(end).min(since).max(past.since));
    }
    history.push(PastParent {
        node: parent.clone(),
        since,
        until: None,
    });
    history.sort_by(|left, right| (right.until.is_none(), right.since, &right.node).cmp(&(left.until.is_none(), left.since, &left.node)));
    since
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(node: &str, since: i64, until: Option<i64>) -> PastParent {
        let at = |seconds: i64| Timestamp::from_unix_milliseconds(seconds * 1000);
        PastParent {
            node: node.into(),
            since: at(since),
            until: until.map(at),
        }
    }

    #[test]
    fn spans_of_one_parent_that_touch_are_one() {
        let merged = merge_spans(vec![
            span("a", 0, Some(10)),
            span("a", 5, Some(20)),
            span("b", 20, None),
            span("a", 40, Some(50)),
        ]);
        assert_eq!(merged, vec![span("b", 20, None), span("a", 40, Some(50)), span("a", 0, Some(20))]);
    }

    #[test]
    fn only_the_present_parent_lasts() {
        let mut history = vec![span("a", 0, None), span("b", 30, None)];
        let since = close_others(&mut history, &"b".into(), None, Timestamp::MAX);
        assert_eq!(since, Timestamp::from_unix_milliseconds(30_000));
        assert_eq!(history, vec![span("b", 30, None), span("a", 0, Some(30))]);
    }
}
