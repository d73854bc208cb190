//! Devices: coming and going, parents, roles, names, addresses.

use super::compare::Comparison;
use super::outline::{NodeOutline, Presence, RoleClass};
use super::{Change, ChangeKind, Effect};
use crate::{Id, Severity};
use std::collections::BTreeSet;

/// Tells of devices. `partitions_told` are networks whose partitions changed as a whole.
pub(super) fn tell(comparison: &mut Comparison<'_>, partitions_told: &BTreeSet<Id>) {
    let paired: BTreeSet<&Id> = comparison.pairs.iter().flat_map(|(old, new)| [&old.id, &new.id]).collect();
    let alone = |side: &super::compare::Side<'_>| -> Vec<NodeOutline> {
        let unpaired = side
            .nodes
            .values()
            .filter(|node| !paired.contains(&node.id) && !comparison.absorbed.contains(&node.id));
        unpaired.map(|node| (*node).clone()).collect()
    };
    let (went, came) = (alone(&comparison.old), alone(&comparison.new));
    let pairs = comparison.pairs.clone();
    for node in went {
        comparison.presence_told.insert(node.id.clone());
        if node.is_here() && !comparison.whole.contains(&node.network.as_ref()) {
            let change = presence(comparison, &node, None, ChangeKind::Gone);
            comparison.changes.push(change);
        }
    }
    for node in came {
        comparison.presence_told.insert(node.id.clone());
        // One that is old news when it is first mentioned did not join.
        if node.is_here() && !comparison.whole.contains(&node.network.as_ref()) {
            let change = presence(comparison, &node, None, ChangeKind::Joined);
            comparison.changes.push(change);
        }
    }
    for (old, new) in pairs {
        let kind = match (old.presence, new.presence) {
            (before, now) if before == now => None,
            (_, Presence::Gone) => Some(ChangeKind::Gone),
            (Presence::Here, Presence::Silent) => Some(ChangeKind::Silent),
            _ => Some(ChangeKind::Returned),
        };
        if let Some(kind) = kind {
            comparison.presence_told.extend([old.id.clone(), new.id.clone()]);
            let change = presence(comparison, new, Some(old), kind);
            comparison.changes.push(change);
        } else if new.is_here() {
            mesh(comparison, old, new, partitions_told);
        }
        itself(comparison, old, new);
    }
}

/// A device that came, went, fell silent or returned.
fn presence(comparison: &Comparison<'_>, node: &NodeOutline, old: Option<&NodeOutline>, kind: ChangeKind) -> Change {
    let others = comparison
        .new
        .nodes
        .values()
        .any(|other| other.border_router && other.is_here() && other.network == node.network && other.id != node.id);
    let called = &node.called;
    let leaves = matches!(kind, ChangeKind::Gone | ChangeKind::Silent);
    let severity = match (leaves, node.border_router) {
        (true, true) if !others && node.network.is_some() => Severity::Problem,
        // A registration that ran out on the LAN says little about a device that nobody ever saw in a mesh.
        (true, _) if node.network.is_some() => Severity::Warning,
        _ => Severity::Info,
    };
    let what = if node.border_router && node.name.is_some() {
        format!("Border router {called}")
    } else {
        called.clone()
    };
    let text = match kind {
        ChangeKind::Gone => format!("{what} is gone"),
        ChangeKind::Silent => format!("{what} went silent"),
        ChangeKind::Returned => format!("{what} is back"),
        _ if node.network.is_none() => format!("{what} was announced on the LAN"),
        _ => format!("{what} joined"),
    };
    let detail = match kind {
        ChangeKind::Returned | ChangeKind::Joined => {
            let before = old.and_then(|old| old.parent.as_ref().or(old.last_parent.as_ref()));
            node.parent.as_ref().map(|parent| match before {
                Some(before) if comparison.now(before) != parent => {
                    format!("below {}, before below {}", comparison.new.called(parent), comparison.old.called(before))
                }
                _ => format!("below {}", comparison.new.called(parent)),
            })
        }
        ChangeKind::Silent => node.last_parent.as_ref().or(old.and_then(|old| old.parent.as_ref())).map(|parent| {
            let side = if comparison.new.nodes.contains_key(parent) {
                &comparison.new
            } else {
                &comparison.old
            };
            format!("was below {}", side.called(parent))
        }),
        _ => None,
    };
    let is_border = node.border_router && matches!(kind, ChangeKind::Gone | ChangeKind::Joined);
    let effect = if leaves { Effect::Removed } else { Effect::Added };
    let kind = if is_border { ChangeKind::BorderRouter } else { kind };
    let mut subjects = vec![node.id.clone()];
    subjects.extend(old.map(|old| old.id.clone()));
    Change::new(kind, effect, severity, text, subjects).with_detail(detail)
}

/// What a device that was there and is there does in its mesh.
fn mesh(comparison: &mut Comparison<'_>, old: &NodeOutline, new: &NodeOutline, partitions_told: &BTreeSet<Id>) {
    let called = new.called.clone();
    let under = |comparison: &Comparison<'_>, parent: &Id| comparison.new.called(parent);
    let subjects = |more: Option<&Id>| -> Vec<Id> { [&new.id, &old.id].into_iter().chain(more).cloned().collect() };
    let mut told = Vec::new();
    let became = match (old.class(), new.class()) {
        (RoleClass::Child, RoleClass::Router) => Some((format!("{called} became a router"), Effect::Better)),
        (RoleClass::Router, RoleClass::Child) => Some((format!("{called} became an end device"), Effect::Worse)),
        _ => None,
    };
    if let Some((text, _)) = became {
        comparison.role_told.extend([old.id.clone(), new.id.clone()]);
        let detail = match (&old.parent, &new.parent) {
            (_, Some(parent)) => Some(format!("below {}", under(comparison, parent))),
            (Some(parent), None) => Some(format!("was below {}", comparison.old.called(parent))),
            _ => None,
        };
        let change = Change::new(ChangeKind::Role, Effect::Changed, Severity::Info, text, subjects(None));
        told.push(change.with_detail(detail));
    } else {
        let former = old.parent.as_ref().or(old.last_parent.as_ref());
        match (&old.parent, &new.parent) {
            (None, Some(parent)) if former.is_none_or(|former| comparison.now(former) == parent) => {
                let again = if former.is_some() { "again " } else { "" };
                let text = format!("{called} was found {again}below {}", under(comparison, parent));
                told.push(Change::new(
                    ChangeKind::Placed,
                    Effect::Added,
                    Severity::Info,
                    text,
                    subjects(Some(parent)),
                ));
            }
            (_, Some(parent)) if former.is_some_and(|former| comparison.now(former) != parent) => {
                let from = former.map_or_else(String::new, |former| comparison.old.called(former));
                let text = format!("{called} moved from {from} to {}", under(comparison, parent));
                let mut subjects = subjects(Some(parent));
                subjects.extend(former.map(|former| comparison.now(former).clone()));
                subjects.extend(former.cloned());
                told.push(Change::new(ChangeKind::Moved, Effect::Changed, Severity::Info, text, subjects));
            }
            (Some(parent), None) if new.class() != RoleClass::Router => {
                let text = format!("{called} is no longer seen below {}", comparison.old.called(parent));
                let change = Change::new(ChangeKind::LostParent, Effect::Removed, Severity::Warning, text, subjects(Some(parent)));
                told.push(change.with_detail("Its parent is not known now.".to_owned()));
            }
            _ => {}
        }
    }
    if let (Some(before), Some(now), Some(network)) = (old.partition, new.partition, &new.network)
        && before != now
        && old.network == new.network
        && !partitions_told.contains(network)
        && comparison.new.networks.get(network).is_some_and(|network| network.partitions.len() > 1)
    {
        let text = format!("{called} changed to partition {now}");
        let change = Change::new(ChangeKind::Partition, Effect::Changed, Severity::Info, text, subjects(None));
        told.push(change.with_detail(format!("before in partition {before}")));
    }
    if old.border_router != new.border_router && new.network.is_some() {
        let (text, effect, severity) = if new.border_router {
            (format!("{called} is a border router now"), Effect::Added, Severity::Info)
        } else {
            (format!("{called} is no border router any more"), Effect::Removed, Severity::Warning)
        };
        told.push(Change::new(ChangeKind::BorderRouter, effect, severity, text, subjects(None)));
    }
    if let (Some(before), Some(now)) = (&old.network, &new.network)
        && before != now
    {
        let name = |side: &super::compare::Side<'_>, id: &Id| side.networks.get(id).map_or_else(|| id.to_string(), |network| network.called());
        let text = format!("{called} moved from {} to {}", name(&comparison.old, before), name(&comparison.new, now));
        let mut subjects = subjects(Some(now));
        subjects.push(before.clone());
        told.push(Change::new(ChangeKind::Other, Effect::Changed, Severity::Info, text, subjects));
    }
    comparison.changes.append(&mut told);
}

/// What a device is, wherever it is.
fn itself(comparison: &mut Comparison<'_>, old: &NodeOutline, new: &NodeOutline) {
    let subjects = || vec![new.id.clone(), old.id.clone()];
    if old.name != new.name {
        let text = match (&old.name, &new.name) {
            (Some(before), Some(now)) => format!("{before} is now called {now}"),
            (None, Some(now)) => format!("{} is called {now}", old.called),
            _ => format!("{} has lost its name", old.called),
        };
        comparison
            .changes
            .push(Change::new(ChangeKind::Renamed, Effect::Changed, Severity::Info, text, subjects()));
    }
    if let (Some(before), Some(now)) = (old.extended_address, new.extended_address)
        && before != now
    {
        let text = format!("{} has a new radio address", new.called);
        let change = Change::new(ChangeKind::Address, Effect::Changed, Severity::Info, text, subjects());
        comparison.changes.push(change.with_detail(format!("{before}, now {now}")));
    }
}
