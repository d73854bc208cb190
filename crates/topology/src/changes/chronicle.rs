//! Folds a course of topologies into events. An event is told when it has held for a while, with the time at which it began to hold.
//!
//! Links flicker, tables are read one after the other, and devices sleep: each fact of the picture is settled by itself
//! ([`super::settle`]), and what changes in the settled picture is told. A fact that keeps changing has to hold longer each time. The first
//! quarter of an hour of a network is its beginning: what is new in it only became known, and is told as one event. What ends, moves or becomes
//! something else meanwhile is told by itself. What waits is kept with the settled picture: a restart goes on waiting.

use super::coalesce::coalesce;
use super::outline::{self, FindingOutline, PartOutline};
use super::settle::Look;
use super::waiting::{Aspect, Waiting, as_list, later};
use super::{Change, ChangeKind, Effect, compare};
use crate::{Id, NetworkTopology, Topology};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weft_model::Timestamp;

/// Counts up whenever other events would come out of the same past: events of an older version are made anew.
pub const VERSION: u32 = 2;

/// For how long things have to hold before they are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// The beginning of a network, and one that vanished, in seconds.
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

/// What has to be kept to go on after a restart: the settled picture, and what waits to become part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChronicleState {
    picture: Picture,
    waiting: Waiting,
}

/// The settled picture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Picture {
    /// Parts, by network.
    #[serde(with = "as_list")]
    parts: Parts,
    findings: BTreeMap<Id, FindingOutline>,
}

impl Picture {
    /// The network that a thing is of.
    fn home(&self, id: &Id) -> Option<&Option<Id>> {
        let is_of = |part: &PartOutline| {
            let is_network = part.network.as_ref().is_some_and(|network| network.id == *id);
            is_network || part.nodes.contains_key(id) || part.links.contains_key(id) || part.findings.contains_key(id)
        };
        self.parts.iter().find(|(_, part)| is_of(part)).map(|(key, _)| key)
    }
}

/// Takes one topology after the other and gives the events.
#[derive(Debug)]
pub struct Chronicle {
    patience: Patience,
    state: ChronicleState,
    /// What was seen last, with the allocation that it was made of.
    seen: BTreeMap<Option<Id>, (Arc<NetworkTopology>, Arc<PartOutline>)>,
    seen_findings: BTreeMap<Id, FindingOutline>,
    /// Nobody looked before the next look.
    resumes: bool,
}

impl Chronicle {
    /// A chronicle that begins with the first topology, or goes on from a state that was kept.
    pub fn new(patience: Patience, state: Option<ChronicleState>) -> Self {
        Self {
            patience,
            resumes: state.is_some(),
            state: state.unwrap_or_default(),
            seen: BTreeMap::new(),
            seen_findings: BTreeMap::new(),
        }
    }

    /// From now on, things have to hold for so long.
    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// The time from the last look to the next one is time in which nobody listened: nothing has held for it.
    pub fn resume(&mut self) {
        self.resumes = true;
    }

    /// What has to be kept to go on.
    pub fn state(&self) -> &ChronicleState {
        &self.state
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
        if std::mem::take(&mut self.resumes) {
            self.state.waiting.resume(at);
        }
        self.follow_ids(&now);
        let before = self.state.picture.clone();
        let (mut since, mut quiet) = (BTreeMap::new(), BTreeSet::new());
        let keys: Vec<Option<Id>> = {
            let mut keys: Vec<_> = self.state.picture.parts.keys().chain(now.keys()).cloned().collect();
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
            waiting: &mut self.state.waiting,
            since: &mut since,
            quiet: &mut quiet,
        }
        .findings(&mut self.state.picture.findings, &findings, Some(&self.seen_findings));
        self.state.waiting.sweep(at);
        let mut events = self.tell(&before, at, &since, &quiet);
        for (key, since) in self.state.waiting.begun(at, |key| now.contains_key(key)) {
            events.extend(self.found(&key, since, at));
        }
        events.sort_by_key(|event| event.at);
        let parts = &self.state.picture.parts;
        let ended: Vec<Option<Id>> = before.parts.keys().filter(|key| !parts.contains_key(*key)).cloned().collect();
        for key in ended {
            self.state.waiting.ends(&key);
        }
        self.seen = now;
        self.seen_findings = findings;
        events
    }

    /// A thing of which more became known has another id: the settled picture follows without an event.
    fn follow_ids(&mut self, now: &BTreeMap<Option<Id>, (Arc<NetworkTopology>, Arc<PartOutline>)>) {
        let is_settled = |parts: &Parts, id: &Id| parts.values().any(|part| part.nodes.contains_key(id));
        let mut moves: Vec<(Option<Id>, Id, Option<Id>, Id)> = Vec::new();
        for (key, (_, part)) in now {
            if self.seen.get(key).is_some_and(|(_, seen)| Arc::ptr_eq(seen, part)) || !self.state.picture.parts.contains_key(key) {
                continue;
            }
            for node in part.nodes.values().filter(|node| !node.previous_ids.is_empty()) {
                if is_settled(&self.state.picture.parts, &node.id) {
                    continue;
                }
                let found = node.previous_ids.iter().find_map(|previous| {
                    let home = self.state.picture.parts.iter().find(|(_, part)| part.nodes.contains_key(previous))?;
                    Some((home.0.clone(), previous.clone()))
                });
                moves.extend(found.map(|(home, previous)| (home, previous, key.clone(), node.id.clone())));
            }
        }
        for (home, previous, key, id) in moves {
            let node = self
                .state
                .picture
                .parts
                .get_mut(&home)
                .and_then(|part| Arc::make_mut(part).nodes.remove(&previous));
            let (Some(mut node), Some(target)) = (node, self.state.picture.parts.get_mut(&key)) else {
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
        if unchanged && self.state.picture.parts.contains_key(key) && !self.state.waiting.waits_in(key) {
            return;
        }
        let mut look = Look {
            at,
            patience: &self.patience,
            network: key,
            before: seen.as_deref(),
            waiting: &mut self.state.waiting,
            since,
            quiet,
        };
        let id = key.clone().unwrap_or_else(|| Id::from("lan"));
        let hold = self.patience.network_seconds;
        match (self.state.picture.parts.get_mut(key), now) {
            (None, Some(now)) => {
                if look.holds(&id, Aspect::Part, false, self.patience.device_seconds) {
                    let begins = look.since.get(&id).copied().unwrap_or(at);
                    look.waiting.begins(key.clone(), begins, later(begins, self.patience.scaled(hold)));
                    self.state.picture.parts.insert(key.clone(), now.clone());
                }
            }
            (Some(_), None) => {
                if look.holds(&id, Aspect::Part, seen.is_some(), hold) {
                    self.state.picture.parts.remove(key);
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

    fn tell(&self, before: &Picture, at: Timestamp, since: &BTreeMap<Id, Timestamp>, quiet: &BTreeSet<Id>) -> Vec<Event> {
        let mut keys: Vec<&Option<Id>> = before.parts.keys().chain(self.state.picture.parts.keys()).collect();
        keys.sort();
        keys.dedup();
        let pairs = keys.into_iter().filter_map(|key| {
            let (old, new) = (before.parts.get(key), self.state.picture.parts.get(key));
            let same = matches!((old, new), (Some(old), Some(new)) if Arc::ptr_eq(old, new));
            (!same).then_some((old.map(Arc::as_ref), new.map(Arc::as_ref)))
        });
        let mut changes = compare::compare(pairs, &before.findings, &self.state.picture.findings);
        let may_be_quiet = |kind| matches!(kind, ChangeKind::LinkNew | ChangeKind::LinkGone | ChangeKind::Partition);
        changes.retain(|change| !(may_be_quiet(change.kind) && change.subjects.first().is_some_and(|id| quiet.contains(id))));
        let moment = |change: &Change| change.subjects.iter().find_map(|id| since.get(id)).copied().unwrap_or(at);
        changes.retain(|change| !self.is_of_beginning(before, change, moment(change)));
        coalesce(changes)
            .into_iter()
            .map(|change| Event { at: moment(&change), change })
            .collect()
    }

    /// True where something only became known with its network, or a network went before it was told of.
    fn is_of_beginning(&self, before: &Picture, change: &Change, since: Timestamp) -> bool {
        use ChangeKind as Kind;
        let becomes_known = match change.kind {
            Kind::Joined | Kind::Placed | Kind::LinkNew | Kind::FindingNew | Kind::FindingOver | Kind::Renamed => true,
            Kind::BorderRouter => change.effect == Effect::Added,
            Kind::Network => true,
            _ => false,
        };
        let home = |picture: &Picture| change.subjects.iter().find_map(|id| picture.home(id)).cloned();
        let Some(key) = becomes_known.then(|| home(&self.state.picture).or_else(|| home(before))).flatten() else {
            return false;
        };
        let beginning = self.state.waiting.beginning(&key);
        beginning.is_some_and(|beginning| match change.kind {
            Kind::Network => !beginning.told,
            _ => since <= beginning.until,
        })
    }

    /// What is told of a network when its beginning is over: that it was found, and what is wrong with it.
    fn found(&self, key: &Option<Id>, since: Timestamp, at: Timestamp) -> Vec<Event> {
        let Some(part) = self.state.picture.parts.get(key) else {
            return Vec::new();
        };
        let none = BTreeMap::new();
        let changes = compare::compare([(None, Some(part.as_ref()))].into_iter(), &none, &none);
        let of_network = |change: &Change| key.as_ref().is_some_and(|id| change.subjects.contains(id));
        coalesce(changes)
            .into_iter()
            .map(|change| Event {
                at: if of_network(&change) { since } else { at },
                change,
            })
            .collect()
    }
}
