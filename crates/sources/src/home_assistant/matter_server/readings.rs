//! Which node's tables are to be read anew, and when: the schedule of Weft's own fabric, at a slower pace, for the server keeps subscriptions of its own.

use super::nodes::Nodes;
use crate::clock;
use crate::schedule::{Kind, Next, Pace, Schedule};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Between two readings of a sleepy device: its parent's table says most of it.
const SLEEPY_INTERVAL: Duration = Duration::from_secs(6 * 60 * 60);

/// The schedule of one server's nodes.
pub(super) struct Readings {
    schedule: Schedule<u64>,
    /// Nodes that have been read since Weft started, and when.
    read: BTreeMap<u64, Duration>,
    held: BTreeSet<u64>,
}

impl Default for Readings {
    fn default() -> Self {
        let pace = Pace {
            sleepy_interval: SLEEPY_INTERVAL,
            sleepy_after_start: SLEEPY_INTERVAL,
            ..Pace::standard()
        };
        Self {
            schedule: Schedule::new(pace),
            read: BTreeMap::new(),
            held: BTreeSet::new(),
        }
    }
}

impl Readings {
    /// Takes nodes on Thread that the server reaches, lets go of the others. A sleepy one counts as just read: the server has read it itself.
    pub(super) fn follow(&mut self, nodes: &Nodes, now: Duration) {
        let mut gone = std::mem::take(&mut self.held);
        for (id, is_available) in nodes.availability() {
            let Some(node) = nodes.on_thread(id).filter(|_| is_available) else {
                continue;
            };
            let ago = match (self.read.get(&id), node.kind) {
                (Some(at), _) => Some(now.saturating_sub(*at)),
                (None, Kind::Sleepy { .. }) => Some(Duration::ZERO),
                (None, _) => None,
            };
            if self.schedule.add(id, node.network, node.kind, ago, now) {
                self.held.insert(id);
                gone.remove(&id);
            }
        }
        for id in gone {
            self.schedule.remove(&id);
        }
    }

    /// Whom to ask now, or until when there is nobody.
    pub(super) fn next(&mut self, now: Duration) -> Next<u64> {
        self.schedule.next(now)
    }

    /// In which interval it is read.
    pub(super) fn interval(&self, id: u64) -> Option<Duration> {
        self.schedule.interval(&id)
    }

    /// It is being asked.
    pub(super) fn asked(&mut self, id: u64, now: Duration) {
        self.schedule.asked(&id, now);
    }

    /// It answered.
    pub(super) fn answered(&mut self, id: u64, now: Duration) {
        self.schedule.answered(&id, now);
        self.read.insert(id, now);
    }

    /// It did not.
    pub(super) fn failed(&mut self, id: u64, now: Duration) {
        self.schedule.failed(&id, now, true);
    }

    /// Nobody is asked meanwhile.
    pub(super) fn pause(&mut self, paused: bool, now: Duration) {
        if self.schedule.is_paused() != paused {
            self.schedule.pause(paused, now);
        }
    }

    /// The connection is gone, and with it all questions.
    pub(super) fn abandon(&mut self) {
        self.schedule.abandon(clock::running_for());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SECONDS: fn(u64) -> Duration = Duration::from_secs;

    fn nodes(count: u64) -> Nodes {
        let mut nodes = Nodes::default();
        for id in 1..=count {
            let role = if id % 4 == 0 { 2 } else { 5 };
            let object = json!({"node_id": id, "available": id != 1, "attributes": {"0/53/1": role, "0/53/4": 1}});
            nodes.replace(object, SECONDS(0));
        }
        nodes
    }

    /// Questions within a time, answered at once.
    fn questions(readings: &mut Readings, from: u64, until: u64) -> BTreeMap<u64, u32> {
        let mut asked = BTreeMap::new();
        let mut now = SECONDS(from);
        while now < SECONDS(until) {
            match readings.next(now) {
                Next::Ask { key, .. } => {
                    *asked.entry(key).or_default() += 1;
                    readings.asked(key, now);
                    readings.answered(key, now);
                }
                Next::Wait { until } => now = until,
                Next::Idle => break,
            }
        }
        asked
    }

    #[test]
    fn routers_are_read_every_ten_minutes_sleepy_devices_rarely_and_unreachable_ones_never() {
        let mut readings = Readings::default();
        let nodes = nodes(8);
        readings.follow(&nodes, SECONDS(0));
        let hour = questions(&mut readings, 0, 3600);
        assert_eq!(hour.keys().copied().collect::<Vec<_>>(), [2, 3, 5, 6, 7]);
        assert!(hour.values().all(|count| (6..=9).contains(count)), "{hour:?}");
        // A connection that breaks and comes back asks nobody anew.
        readings.abandon();
        readings.follow(&nodes, SECONDS(3600));
        let day = questions(&mut readings, 3600, 86_400);
        assert!(day[&4] <= 4 && day[&8] <= 4, "{day:?}");
        assert!(!day.contains_key(&1));
    }

    #[test]
    fn while_it_is_paused_nobody_is_read() {
        let mut readings = Readings::default();
        readings.follow(&nodes(8), SECONDS(0));
        readings.pause(true, SECONDS(0));
        assert_eq!(readings.next(SECONDS(1)), Next::Idle);
        readings.pause(false, SECONDS(100));
        assert!(matches!(readings.next(SECONDS(101)), Next::Ask { .. }));
    }
}
