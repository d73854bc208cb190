//! Folds a course of topologies into events. An event is told when it has held for a while, with the time at which it began to hold.
//!
//! Links flicker, tables are read one after the other, and devices sleep: each fact of the picture is settled by itself
//! ([`super::settle`]), and what changes in the settled picture is told. A fact that keeps changing has to hold longer each time. The first
//! quarter of an hour of a network is taken as its beginning and told as one event.

use super::coalesce::coalesce;
use super::outline::{self, FindingOutline, PartOutline};
use super::settle::{Aspect, Look, Waiting};
use super::{Change, ChangeKind, compare};
use crate::{Id, NetworkTopology, Topology};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weft_model::Timestamp;

/// Counts up whenever other events would come out of the same past: events of an older version are made anew.
pub const VERSION: u32 = 1;

/// For how long things have to hold before they are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// A network that appeared or vanished, in seconds.
    pub network_seconds: i64,
    /// What devices are and where, and partitions.
    pub device_seconds: i64,
    /// Links that begin, end, become weak or cease to be; findings that follow from them. Longer than routers are asked apart: by then it is known
    /// whether an end fell silent.
    pub link_seconds: i64,
    /// Links that become better or worse and stay weak, or stay good.
    pub quality_seconds: i64,
    /// How many times faster than real time passes: of a replay.
    pub speed: f64,
}

impl Patience {
    /// For real time.
    pub const STANDARD: Self = Self {
        network_seconds: 15 * 60,
        device_seconds: 2 * 60,
        link_seconds: 20 * 60,
        quality_seconds: 60 * 60,
        speed: 1.0,
    };

    /// Milliseconds of the topology's time.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "hours in milliseconds")]
    pub(super) fn scaled(&self, seconds: i64) -> i64 {
        (seconds as f64 * 1000.0 / self.speed.max(0.001)) as i64
    }
}

/// Something that happened, and when it began to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub change: Change,
}

/// Where findings across networks wait. No network id is like it.
const ACROSS: &str = "across";

type Parts = BTreeMap<Option<Id>, Arc<PartOutline>>;

/// The settled picture: what has to be kept to go on after a restart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChronicleState {
    /// Parts, by network; as a list, because JSON's keys are texts.
    #[serde(with = "as_list")]
    parts: Parts,
    findings: BTreeMap<Id, FindingOutline>,
}

mod as_list {
    use super::{Arc, Id, PartOutline, Parts};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(parts: &Parts, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(parts)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Parts, D::Error> {
        let list = Vec::<(Option<Id>, Arc<PartOutline>)>::deserialize(deserializer)?;
        Ok(list.into_iter().collect())
    }
}

/// Takes one topology after the other and gives the events.
#[derive(Debug)]
pub struct Chronicle {
    patience: Patience,
    settled: ChronicleState,
    /// What was seen last, with the allocation that it was made of.
    seen: BTreeMap<Option<Id>, (Arc<NetworkTopology>, Arc<PartOutline>)>,
    seen_findings: BTreeMap<Id, FindingOutline>,
    waiting: Waiting,
}

impl Chronicle {
    /// A chronicle that begins with the first topology, or goes on from a state that was kept.
    pub fn new(patience: Patience, state: Option<ChronicleState>) -> Self {
        Self {
            patience,
            settled: state.unwrap_or_default(),
            seen: BTreeMap::new(),
            seen_findings: BTreeMap::new(),
            waiting: Waiting::default(),
        }
    }

    /// From now on, things have to hold for so long.
    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// The settled picture.
    pub fn state(&self) -> &ChronicleState {
        &self.settled
    }

    /// The picture at a moment, which is not before the last one. Gives what is told now, oldest first. Costs what changed and what waits.
    pub fn observe(&mut self, topology: &Topology, at: Timestamp) -> Vec<Event> {
        let mut now: BTreeMap<Option<Id>, (Arc<NetworkTopology>, Arc<PartOutline>)> = BTreeMap::new();
        for part in &topology.parts {
            let key = part.network.as_ref().map(|network| network.id.clone());
            let outline = match self.seen.get(&key) {
                Some((seen, outline)) if Arc::ptr_eq(seen, part) => outline.clone(),
                _ => Arc::new(PartOutline::of(part)),
            };
            now.insert(key, (part.clone(), outline));
        }
        self.follow_ids(&now);
        let before = self.settled.clone();
        let (mut since, mut quiet) = (BTreeMap::new(), BTreeSet::new());
        let keys: Vec<Option<Id>> = {
            let mut keys: Vec<_> = self.settled.parts.keys().chain(now.keys()).cloned().collect();
            keys.sort();
            keys.dedup();
            keys
        };
        for key in keys {
            self.settle_part(&key, now.get(&key).map(|(_, outline)| outline), at, &mut since, &mut quiet);
        }
        let findings = outline::findings(&topology.findings);
        Look {
            at,
            patience: &self.patience,
            network: &Some(Id::from(ACROSS)),
            before: None,
            waiting: &mut self.waiting,
            since: &mut since,
            quiet: &mut quiet,
        }
        .findings(&mut self.settled.findings, &findings, Some(&self.seen_findings));
        self.waiting.sweep(at);
        self.seen = now;
        self.seen_findings = findings;
        self.tell(&before, at, &since, &quiet)
    }

    /// A thing of which more became known has another id: the settled picture follows without an event.
    fn follow_ids(&mut self, now: &BTreeMap<Option<Id>, (Arc<NetworkTopology>, Arc<PartOutline>)>) {
        let is_settled = |parts: &Parts, id: &Id| parts.values().any(|part| part.nodes.contains_key(id));
        let mut moves: Vec<(Option<Id>, Id, Option<Id>, Id)> = Vec::new();
        for (key, (_, part)) in now {
            if self.seen.get(key).is_some_and(|(_, seen)| Arc::ptr_eq(seen, part)) || !self.settled.parts.contains_key(key) {
                continue;
            }
            for node in part.nodes.values().filter(|node| !node.previous_ids.is_empty()) {
                if is_settled(&self.settled.parts, &node.id) {
                    continue;
                }
                let found = node.previous_ids.iter().find_map(|previous| {
                    let home = self.settled.parts.iter().find(|(_, part)| part.nodes.contains_key(previous))?;
                    Some((home.0.clone(), previous.clone()))
                });
                moves.extend(found.map(|(home, previous)| (home, previous, key.clone(), node.id.clone())));
            }
        }
        for (home, previous, key, id) in moves {
            let node = self
                .settled
                .parts
                .get_mut(&home)
                .and_then(|part| Arc::make_mut(part).nodes.remove(&previous));
            let (Some(mut node), Some(target)) = (node, self.settled.parts.get_mut(&key)) else {
                continue;
            };
            let target = Arc::make_mut(target);
            let now = now.get(&key).map(|(_, part)| part);
            node.id = id.clone();
            if home != key {
                node.network.clone_from(&key);
                if let Some(now) = now.and_then(|part| part.nodes.get(&id)) {
                    (node.partition, node.role, node.border_router) = (now.partition, now.role, now.border_router);
                }
            }
            if node.name.is_none()
                && let Some(now) = now.and_then(|part| part.nodes.get(&id))
            {
                node.called.clone_from(&now.called);
            }
            target.nodes.insert(id.clone(), node);
            for other in target.nodes.values_mut() {
                for parent in [&mut other.parent, &mut other.last_parent].into_iter().flatten() {
                    if *parent == previous {
                        *parent = id.clone();
                    }
                }
            }
            if let Some(network) = &mut target.network {
                for leader in network.partitions.values_mut().flatten() {
                    if *leader == previous {
                        *leader = id.clone();
                    }
                }
            }
            target.links.retain(|_, link| link.a != previous && link.b != previous);
            let links = now.into_iter().flat_map(|part| part.links.values());
            let links = links.filter(|link| link.a == id || link.b == id);
            target.links.extend(links.map(|link| (link.id.clone(), link.clone())));
        }
    }

    fn settle_part(
        &mut self,
        key: &Option<Id>,
        now: Option<&Arc<PartOutline>>,
        at: Timestamp,
        since: &mut BTreeMap<Id, Timestamp>,
        quiet: &mut BTreeSet<Id>,
    ) {
        let seen = self.seen.get(key).map(|(_, outline)| outline.clone());
        let unchanged = matches!((&seen, now), (Some(seen), Some(now)) if Arc::ptr_eq(seen, now));
        if unchanged && self.settled.parts.contains_key(key) && !self.waiting.waits_in(key) {
            return;
        }
        let mut look = Look {
            at,
            patience: &self.patience,
            network: key,
            before: seen.as_deref(),
            waiting: &mut self.waiting,
            since,
            quiet,
        };
        let id = key.clone().unwrap_or_else(|| Id::from("lan"));
        let hold = self.patience.network_seconds;
        match (self.settled.parts.get_mut(key), now) {
            (None, Some(now)) => {
                if look.holds(&id, Aspect::Part, false, hold) {
                    self.settled.parts.insert(key.clone(), now.clone());
                }
            }
            (Some(_), None) => {
                if look.holds(&id, Aspect::Part, seen.is_some(), hold) {
                    self.settled.parts.remove(key);
                }
            }
            (Some(settled), Some(now)) => {
                let mut part = (**settled).clone();
                look.part(&mut part, now);
                if part != **settled {
                    *settled = Arc::new(part);
                }
            }
            (None, None) => {}
        }
    }

    fn tell(&self, before: &ChronicleState, at: Timestamp, since: &BTreeMap<Id, Timestamp>, quiet: &BTreeSet<Id>) -> Vec<Event> {
        let mut keys: Vec<&Option<Id>> = before.parts.keys().chain(self.settled.parts.keys()).collect();
        keys.sort();
        keys.dedup();
        let pairs = keys.into_iter().filter_map(|key| {
            let (old, new) = (before.parts.get(key), self.settled.parts.get(key));
            let same = matches!((old, new), (Some(old), Some(new)) if Arc::ptr_eq(old, new));
            (!same).then_some((old.map(Arc::as_ref), new.map(Arc::as_ref)))
        });
        let mut changes = compare::compare(pairs, &before.findings, &self.settled.findings);
        let may_be_quiet = |kind| matches!(kind, ChangeKind::LinkNew | ChangeKind::LinkGone | ChangeKind::Partition);
        changes.retain(|change| !(may_be_quiet(change.kind) && change.subjects.first().is_some_and(|id| quiet.contains(id))));
        let moment = |change: &Change| change.subjects.iter().find_map(|id| since.get(id)).copied().unwrap_or(at);
        let mut events: Vec<Event> = coalesce(changes)
            .into_iter()
            .map(|change| Event { at: moment(&change), change })
            .collect();
        events.sort_by_key(|event| event.at);
        events
    }
}
