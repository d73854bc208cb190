//! What holds: a fact becomes part of the settled picture when it has been the same for long enough. What flickers never does.

use super::outline::{FindingOutline, LinkOutline, NodeOutline, PartOutline};
use super::waiting::{Aspect, Waiting, later};
use super::{Patience, links};
use crate::{Id, Severity};
use std::collections::{BTreeMap, BTreeSet};
use weft_model::Timestamp;

/// One look at one network.
pub(super) struct Look<'a> {
    pub(super) at: Timestamp,
    pub(super) patience: &'a Patience,
    pub(super) network: &'a Option<Id>,
    /// The network as it was when it was last looked at.
    pub(super) before: Option<&'a PartOutline>,
    pub(super) waiting: &'a mut Waiting,
    /// Since when what is settled by this look holds, by the thing that it is about.
    pub(super) since: &'a mut BTreeMap<Id, Timestamp>,
    /// Things that changed because of something that is told: they are settled without a word.
    pub(super) quiet: &'a mut BTreeSet<Id>,
}

impl Look<'_> {
    /// True when a fact that differs has done so for long enough. `moved`: it is otherwise than at the last look too.
    pub(super) fn holds(&mut self, id: &Id, aspect: Aspect, moved: bool, hold_seconds: i64) -> bool {
        let key = (self.network.clone(), id.clone(), aspect);
        let Some(since) = self.waiting.held(key, self.at, moved, self.patience.scaled(hold_seconds)) else {
            return false;
        };
        self.since
            .entry(id.clone())
            .and_modify(|known| *known = (*known).min(since))
            .or_insert(since);
        true
    }

    /// Settles one fact: takes over what `now` says where it held.
    fn fact<T: PartialEq + Clone>(&mut self, id: &Id, aspect: Aspect, settled: &mut T, now: &T, before: Option<&T>, hold_seconds: i64) {
        if settled == now {
            self.waiting.agrees(&(self.network.clone(), id.clone(), aspect));
        } else if self.holds(id, aspect, before.is_some_and(|before| before != now), hold_seconds) {
            settled.clone_from(now);
        }
    }

    /// The settled picture of a network that is in it and there now.
    pub(super) fn part(&mut self, settled: &mut PartOutline, now: &PartOutline) {
        let patience = *self.patience;
        if let (Some(settled), Some(now)) = (&mut settled.network, &now.network) {
            let before = self.before.and_then(|part| part.network.as_ref());
            let hold = patience.device_seconds;
            self.fact(
                &now.id,
                Aspect::Name,
                &mut settled.name,
                &now.name,
                before.map(|network| &network.name),
                hold,
            );
            self.fact(
                &now.id,
                Aspect::Channel,
                &mut settled.channel,
                &now.channel,
                before.map(|network| &network.channel),
                hold,
            );
            let partitions = before.map(|network| &network.partitions);
            let count = settled.partitions.len();
            self.fact(&now.id, Aspect::Partitions, &mut settled.partitions, &now.partitions, partitions, hold);
            if settled.partitions.len() != count {
                // Devices follow one after the other, and their links with them.
                self.stirs(&now.id, 2 * patience.link_seconds);
            }
        }
        for id in ids(&settled.nodes, &now.nodes) {
            self.node(&id, settled, now);
        }
        for id in ids(&settled.links, &now.links) {
            self.link(&id, settled, now);
        }
        self.findings(&mut settled.findings, &now.findings, self.before.map(|part| &part.findings));
    }

    /// What follows from what happened to this thing is not told for a while.
    fn stirs(&mut self, id: &Id, seconds: i64) {
        self.waiting.stir(id.clone(), later(self.at, self.patience.scaled(seconds)));
    }

    fn node(&mut self, id: &Id, settled: &mut PartOutline, now: &PartOutline) {
        let patience = *self.patience;
        let before = self.before.and_then(|part| part.nodes.get(id));
        let Some(new) = now.nodes.get(id) else {
            let moved = before.is_some();
            if self.holds(id, Aspect::Presence, moved, patience.device_seconds) {
                settled.nodes.remove(id);
            }
            return;
        };
        let Some(old) = settled.nodes.get_mut(id) else {
            let moved = before.is_some_and(|before| before.presence != new.presence);
            if !new.is_here() || self.holds(id, Aspect::Presence, moved, patience.device_seconds) {
                self.stirs(id, patience.link_seconds);
                settled.nodes.insert(id.clone(), new.clone());
            }
            return;
        };
        if old.presence != new.presence {
            // Whatever else changed is part of that.
            let moved = before.is_some_and(|before| before.presence != new.presence);
            if self.holds(id, Aspect::Presence, moved, patience.device_seconds) {
                *old = new.clone();
                self.stirs(id, patience.link_seconds);
            }
            return;
        }
        self.waiting.agrees(&(self.network.clone(), id.clone(), Aspect::Presence));
        let hold = patience.device_seconds;
        let of = |get: fn(&NodeOutline) -> &Option<Id>| before.map(get);
        self.fact(id, Aspect::Name, &mut old.name, &new.name, before.map(|node| &node.name), hold);
        let class = old.class();
        self.fact(id, Aspect::Role, &mut old.role, &new.role, before.map(|node| &node.role), hold);
        if class != old.class() {
            self.stirs(id, patience.link_seconds);
        }
        let parent = old.parent.clone();
        self.fact(id, Aspect::Parent, &mut old.parent, &new.parent, of(|node| &node.parent), hold);
        if parent != old.parent {
            old.last_parent.clone_from(&new.last_parent);
        }
        let place = |node: &NodeOutline| (node.network.clone(), node.partition);
        let mut placed = place(old);
        self.fact(
            id,
            Aspect::Place,
            &mut placed,
            &place(new),
            before.map(place).as_ref(),
            patience.link_seconds,
        );
        if placed.1 != old.partition && self.network.as_ref().is_some_and(|network| self.waiting.is_stirred(network)) {
            self.quiet.insert(id.clone());
        }
        (old.network, old.partition) = placed;
        self.fact(
            id,
            Aspect::Border,
            &mut old.border_router,
            &new.border_router,
            before.map(|node| &node.border_router),
            hold,
        );
        let address = before.map(|node| &node.extended_address);
        self.fact(id, Aspect::Address, &mut old.extended_address, &new.extended_address, address, hold);
        // What was learnt of links with it comes at the same time as the links.
        self.fact(
            id,
            Aspect::Heard,
            &mut old.unheard,
            &new.unheard,
            before.map(|node| &node.unheard),
            patience.link_seconds,
        );
        if old.name == new.name {
            old.called.clone_from(&new.called);
        }
        old.previous_ids.clone_from(&new.previous_ids);
    }

    fn link(&mut self, id: &Id, settled: &mut PartOutline, now: &PartOutline) {
        let patience = *self.patience;
        let before = self.before.and_then(|part| part.links.get(id));
        let is_known = |link: &LinkOutline| [&link.a, &link.b].into_iter().all(|end| settled.nodes.contains_key(end));
        let is_here = |link: &LinkOutline| {
            [&link.a, &link.b]
                .into_iter()
                .all(|end| now.nodes.get(end).is_some_and(NodeOutline::is_here))
        };
        let is_settled_here = |link: &LinkOutline| {
            [&link.a, &link.b]
                .into_iter()
                .all(|end| settled.nodes.get(end).is_some_and(NodeOutline::is_here))
        };
        let stirred = |look: &Self, link: &LinkOutline| {
            let things = [Some(&link.a), Some(&link.b), look.network.as_ref()];
            things.into_iter().flatten().any(|id| look.waiting.is_stirred(id))
        };
        match (settled.links.get(id), now.links.get(id)) {
            (Some(old), None) => {
                // Why it ended is not known while an end is about to fall silent; when it has, the link goes along.
                let goes_along = !is_settled_here(old) || stirred(self, old);
                let is_news = is_here(old);
                if goes_along {
                    self.quiet.insert(id.clone());
                }
                if goes_along || (is_news && self.holds(id, Aspect::Link, before.is_some(), patience.link_seconds)) {
                    settled.links.remove(id);
                }
            }
            (None, Some(new)) => {
                let goes_along = !new.between_routers || stirred(self, new);
                if is_known(new) && goes_along {
                    self.quiet.insert(id.clone());
                }
                if is_known(new) && (goes_along || self.holds(id, Aspect::Link, false, patience.link_seconds)) {
                    settled.links.insert(id.clone(), new.clone());
                }
            }
            (Some(old), Some(new)) => {
                self.waiting.agrees(&(self.network.clone(), id.clone(), Aspect::Link));
                let mut link = old.clone();
                let weak = |link: &LinkOutline| link.qualities.iter().flatten().any(|quality| *quality <= links::WEAK);
                let hold = if weak(old) == weak(new) {
                    patience.quality_seconds
                } else {
                    patience.link_seconds
                };
                let known = |link: &LinkOutline| link.qualities.map(|quality| quality.is_some());
                if known(old) == known(new) {
                    self.fact(
                        id,
                        Aspect::Quality,
                        &mut link.qualities,
                        &new.qualities,
                        before.map(|link| &link.qualities),
                        hold,
                    );
                } else {
                    // More or less is known of it: nothing happened.
                    link.qualities = std::array::from_fn(|end| new.qualities[end].and(old.qualities[end]).or(new.qualities[end]));
                }
                link.between_routers = new.between_routers;
                if link != *old {
                    settled.links.insert(id.clone(), link);
                }
            }
            (None, None) => {}
        }
    }

    /// Settles findings.
    pub(super) fn findings(
        &mut self,
        settled: &mut BTreeMap<Id, FindingOutline>,
        now: &BTreeMap<Id, FindingOutline>,
        before: Option<&BTreeMap<Id, FindingOutline>>,
    ) {
        for id in ids(settled, now) {
            let was = before.is_some_and(|before| before.contains_key(&id));
            let hold = |patience: &Patience, finding: &FindingOutline| match finding.severity {
                Severity::Problem => patience.device_seconds,
                _ => patience.link_seconds,
            };
            match (settled.get(&id), now.get(&id)) {
                (Some(old), None) => {
                    if self.holds(&id, Aspect::Finding, was, hold(self.patience, old)) {
                        settled.remove(&id);
                    }
                }
                (None, Some(new)) => {
                    if self.holds(&id, Aspect::Finding, false, hold(self.patience, new)) {
                        settled.insert(id, new.clone());
                    }
                }
                _ => self.waiting.agrees(&(self.network.clone(), id, Aspect::Finding)),
            }
        }
    }
}

/// Ids of both, so that the one can be changed meanwhile.
fn ids<T>(settled: &BTreeMap<Id, T>, now: &BTreeMap<Id, T>) -> BTreeSet<Id> {
    settled.keys().chain(now.keys()).cloned().collect()
}
