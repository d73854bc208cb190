//! Which devices tell of changes by themselves, and when to ask them to. Pure.
//!
//! A subscription stands as long as reports come: one every maximum interval at least, with nothing in it where nothing changed (Matter core specification
//! 1.4, 8.5). A device that reboots forgets it without a word.

use std::collections::BTreeMap;
use std::time::Duration;
use weft_model::MatterNodeId;

/// From the first answer to the subscription: the round of first questions goes before.
const AFTER_ANSWER: Duration = Duration::from_secs(5);
/// Subscriptions that are asked for at the same time.
const MAX_ASKING: usize = 4;
/// After the first refusal or loss; doubled with each.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// A report may be so late: retransmissions, and clocks that differ.
const MARGIN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// To be asked for.
    Due { at: Duration, failures: u32 },
    /// Being asked for.
    Asking { failures: u32 },
    /// It stands.
    Standing {
        number: u32,
        within: Duration,
        until: Duration,
        failures: u32,
    },
}

/// The subscriptions of all devices.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    entries: BTreeMap<MatterNodeId, Entry>,
}

impl Subscriptions {
    /// A device answered that may be subscribed to.
    pub(super) fn want(&mut self, node: MatterNodeId, now: Duration) {
        let at = now + AFTER_ANSWER;
        self.entries.entry(node).or_insert(Entry::Due { at, failures: 0 });
    }

    /// The next device to subscribe to; it is being asked from now on.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<MatterNodeId> {
        let asking = self.entries.values().filter(|entry| matches!(entry, Entry::Asking { .. })).count();
        if asking >= MAX_ASKING {
            return None;
        }
        let due = self.entries.iter_mut().filter_map(|(node, entry)| match *entry {
            Entry::Due { at, failures } if at <= now => Some((at, *node, failures, entry)),
            _ => None,
        });
        let (_, node, failures, entry) = due.min_by_key(|(at, node, ..)| (*at, *node))?;
        *entry = Entry::Asking { failures };
        Some(node)
    }

    /// The device agreed.
    pub(super) fn stands(&mut self, node: MatterNodeId, number: u32, max_interval: Duration, now: Duration) {
        if let Some(entry) = self.entries.get_mut(&node)
            && let Entry::Asking { failures } = *entry
        {
            let within = max_interval + MARGIN;
            *entry = Entry::Standing {
                number,
                within,
                until: now + within,
                failures,
            };
        }
    }

    /// The device did not agree.
    pub(super) fn failed(&mut self, node: MatterNodeId, now: Duration) {
        if let Some(entry) = self.entries.get_mut(&node)
            && let Entry::Asking { failures } = *entry
        {
            *entry = Entry::Due {
                at: now + pause(failures),
                failures: failures.saturating_add(1),
            };
        }
    }

    /// A report came. False for one of a subscription that is not ours any more.
    pub(super) fn heard(&mut self, node: MatterNodeId, reported: u32, now: Duration) -> bool {
        match self.entries.get_mut(&node) {
            Some(Entry::Standing {
                number,
                within,
                until,
                failures,
            }) if *number == reported => {
                *until = now + *within;
                *failures = 0;
                true
            }
            _ => false,
        }
    }

    /// Those whose reports have stopped. They are subscribed to again, after a pause.
    pub(super) fn take_lost(&mut self, now: Duration) -> Vec<MatterNodeId> {
        let mut lost = Vec::new();
        for (node, entry) in &mut self.entries {
            if let Entry::Standing { until, failures, .. } = *entry
                && until <= now
            {
                *entry = Entry::Due {
                    at: now + pause(failures),
                    failures: failures.saturating_add(1),
                };
                lost.push(*node);
            }
        }
        lost
    }

    /// It answers again after silence, or elsewhere: whatever stood may stand no more.
    pub(super) fn renew(&mut self, node: MatterNodeId, now: Duration) {
        if let Some(entry) = self.entries.get_mut(&node)
            && !matches!(entry, Entry::Asking { .. })
        {
            let at = now + AFTER_ANSWER;
            *entry = Entry::Due { at, failures: 0 };
        }
    }

    /// True where it is being asked.
    pub(super) fn is_asking(&self, node: MatterNodeId) -> bool {
        matches!(self.entries.get(&node), Some(Entry::Asking { .. }))
    }

    /// True where a subscription stands.
    pub(super) fn is_standing(&self, node: MatterNodeId) -> bool {
        matches!(self.entries.get(&node), Some(Entry::Standing { .. }))
    }

    /// The device is none of ours any more.
    pub(super) fn forget(&mut self, node: MatterNodeId) {
        self.entries.remove(&node);
    }

    /// Nobody is to tell anything. Gives those who would have.
    pub(super) fn clear(&mut self) -> Vec<MatterNodeId> {
        std::mem::take(&mut self.entries).into_keys().collect()
    }

    /// When something is to be done.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let is_crowded = self.entries.values().filter(|entry| matches!(entry, Entry::Asking { .. })).count() >= MAX_ASKING;
        let times = self.entries.values().filter_map(|entry| match *entry {
            Entry::Due { at, .. } => (!is_crowded).then_some(at),
            Entry::Asking { .. } => None,
            Entry::Standing { until, .. } => Some(until),
        });
        times.min()
    }
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE
        .saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX))
        .min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn id(number: u64) -> MatterNodeId {
        MatterNodeId::from_u64(number)
    }

    #[test]
    fn a_subscription_stands_while_reports_come_and_is_asked_for_again_when_they_stop() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.want(id(1), SECOND);
        assert_eq!(subscriptions.take_due(SECOND), None);
        assert_eq!(subscriptions.next_due(), Some(SECOND * 6));
        assert_eq!(subscriptions.take_due(SECOND * 6), Some(id(1)));
        assert_eq!(subscriptions.take_due(SECOND * 6), None, "it is being asked");
        subscriptions.stands(id(1), 77, SECOND * 600, SECOND * 7);
        assert!(subscriptions.is_standing(id(1)));
        assert!(subscriptions.heard(id(1), 77, SECOND * 600));
        assert!(!subscriptions.heard(id(1), 76, SECOND * 600));
        assert_eq!(subscriptions.next_due(), Some(SECOND * 1230));
        assert!(subscriptions.take_lost(SECOND * 1229).is_empty());
        assert_eq!(subscriptions.take_lost(SECOND * 1230), [id(1)]);
        assert!(!subscriptions.is_standing(id(1)));
        assert_eq!(subscriptions.next_due(), Some(SECOND * 1290));
    }

    #[test]
    fn a_device_that_refuses_is_asked_ever_more_rarely() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.want(id(1), Duration::ZERO);
        let mut now = subscriptions.next_due().unwrap();
        let mut pauses = Vec::new();
        for _ in 0..11 {
            assert_eq!(subscriptions.take_due(now), Some(id(1)));
            subscriptions.failed(id(1), now);
            let next = subscriptions.next_due().unwrap();
            pauses.push((next - now).as_secs());
            now = next;
        }
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600]);
        subscriptions.renew(id(1), now);
        assert_eq!(subscriptions.next_due(), Some(now + AFTER_ANSWER));
    }

    #[test]
    fn few_are_asked_at_once_and_forgotten_ones_never() {
        let mut subscriptions = Subscriptions::default();
        (1..=6).for_each(|number| subscriptions.want(id(number), Duration::ZERO));
        subscriptions.forget(id(2));
        let asked: Vec<MatterNodeId> = std::iter::from_fn(|| subscriptions.take_due(SECOND * 9)).collect();
        assert_eq!(asked, [1, 3, 4, 5].map(id));
        assert_eq!(subscriptions.next_due(), None, "there is no room");
        subscriptions.forget(id(1));
        subscriptions.stands(id(1), 5, SECOND, SECOND * 9);
        assert!(!subscriptions.is_standing(id(1)));
        assert_eq!(subscriptions.take_due(SECOND * 9), Some(id(6)));
        assert_eq!(subscriptions.clear().len(), 4);
        assert_eq!(subscriptions.next_due(), None);
    }

    proptest! {
        #[test]
        fn whoever_is_wanted_is_always_asked_or_standing_or_due(events in prop::collection::vec((0u8..6, 1u64..4), 0..80)) {
            let mut subscriptions = Subscriptions::default();
            (1..4).for_each(|number| subscriptions.want(id(number), Duration::ZERO));
            let mut now = Duration::ZERO;
            for (event, number) in events {
                now += SECOND * 40;
                match event {
                    0 => _ = subscriptions.take_due(now),
                    1 => subscriptions.stands(id(number), 1, SECOND * 60, now),
                    2 => subscriptions.failed(id(number), now),
                    3 => _ = subscriptions.heard(id(number), 1, now),
                    4 => _ = subscriptions.take_lost(now),
                    _ => subscriptions.renew(id(number), now),
                }
                prop_assert_eq!(subscriptions.entries.len(), 3);
                let idle = subscriptions.entries.values().all(|entry| matches!(entry, Entry::Asking { .. }));
                prop_assert!(idle || subscriptions.next_due().is_some());
            }
        }
    }
}
