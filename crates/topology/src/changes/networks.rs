//! Networks: appearing and vanishing, names, channels, partitions, leaders.

use super::compare::Comparison;
use super::outline::NetworkOutline;
use super::{Change, ChangeKind, Effect};
use crate::{Id, Severity};
use std::collections::BTreeSet;
use weft_model::words::count;

/// Tells of networks. Returns those whose partitions were told of: their devices' partitions are not told one by one.
pub(super) fn tell(comparison: &mut Comparison<'_>) -> BTreeSet<Id> {
    let mut partitions_told = BTreeSet::new();
    let mut told = Vec::new();
    for (id, new) in &comparison.new.networks {
        match comparison.old.networks.get(*id) {
            None => told.push(whole(comparison, new, true)),
            Some(old) => {
                attributes(old, new, &mut told);
                if partitions(comparison, old, new, &mut told) {
                    partitions_told.insert((*id).clone());
                }
            }
        }
    }
    for (id, old) in &comparison.old.networks {
        if !comparison.new.networks.contains_key(*id) {
            told.push(whole(comparison, old, false));
        }
    }
    comparison.changes.append(&mut told);
    partitions_told
}

/// A network that appeared or vanished, with its devices.
fn whole(comparison: &Comparison<'_>, network: &NetworkOutline, appeared: bool) -> Change {
    let side = if appeared { &comparison.new } else { &comparison.old };
    let members = || {
        side.nodes
            .values()
            .filter(|node| node.network.as_ref() == Some(&network.id) && node.is_here())
    };
    let (devices, border_routers) = (members().count(), members().filter(|node| node.border_router).count());
    let (verb, effect, severity) = if appeared {
        ("was found", Effect::Added, Severity::Info)
    } else {
        ("is not heard of any more", Effect::Removed, Severity::Warning)
    };
    let text = format!("The network {} {verb}", network.name.as_deref().unwrap_or(&network.id));
    Change::new(ChangeKind::Network, effect, severity, text, vec![network.id.clone()]).with_detail(format!(
        "{}, {}",
        count(devices, "device", "devices"),
        count(border_routers, "border router", "border routers")
    ))
}

fn attributes(old: &NetworkOutline, new: &NetworkOutline, told: &mut Vec<Change>) {
    let subject = || vec![new.id.clone()];
    if let (Some(before), Some(now)) = (&old.name, &new.name)
        && before != now
    {
        let text = format!("The network {before} is now called {now}");
        told.push(Change::new(ChangeKind::Renamed, Effect::Changed, Severity::Info, text, subject()));
    }
    if let (Some(before), Some(now)) = (old.channel, new.channel)
        && before != now
    {
        let text = format!("{} changed from channel {before} to channel {now}", new.called());
        told.push(Change::new(ChangeKind::Channel, Effect::Changed, Severity::Info, text, subject()));
    }
}

/// Splits, merges, new ids and leaders. True where the set of partitions changed.
fn partitions(comparison: &Comparison<'_>, old: &NetworkOutline, new: &NetworkOutline, told: &mut Vec<Change>) -> bool {
    let subject = || vec![new.id.clone()];
    let led = |network: &NetworkOutline, side: &super::compare::Side<'_>| {
        let each = network.partitions.iter().map(|(id, leader)| match leader {
            Some(leader) => format!("partition {id} led by {}", side.called(leader)),
            None => format!("partition {id}"),
        });
        each.collect::<Vec<_>>().join("; ")
    };
    let (before, now) = (old.partitions.len(), new.partitions.len());
    let same_ids = old.partitions.keys().eq(new.partitions.keys());
    // Where no partition is known there is nothing that could split.
    if before > 0 && now > before {
        let text = format!("{} split into {now} partitions", new.called());
        let change = Change::new(ChangeKind::Split, Effect::Worse, Severity::Problem, text, subject());
        told.push(change.with_detail(led(new, &comparison.new)));
    } else if now > 0 && before > now {
        let text = match now {
            1 => format!("{} is one partition again", new.called()),
            _ => format!("{} has {now} partitions, {before} before", new.called()),
        };
        let change = Change::new(ChangeKind::Merged, Effect::Better, Severity::Info, text, subject());
        told.push(change.with_detail(led(new, &comparison.new)));
    }
    let mut leader_told = false;
    let replaced = before == 1 && now == 1 && !same_ids;
    for (id, leader) in &new.partitions {
        let former = match old.partitions.get(id) {
            Some(former) => former,
            None if replaced => old.partitions.values().next().unwrap_or(&None),
            None => continue,
        };
        let (Some(former), Some(leader)) = (former, leader) else { continue };
        if comparison.now(former) == leader {
            continue;
        }
        leader_told = true;
        let text = format!("{} became leader, was {}", comparison.new.called(leader), comparison.old.called(former));
        let subjects = vec![leader.clone(), comparison.now(former).clone(), former.clone(), new.id.clone()];
        told.push(Change::new(ChangeKind::Leader, Effect::Changed, Severity::Info, text, subjects));
    }
    if replaced && !leader_told {
        let ids = |network: &NetworkOutline| network.partitions.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let text = format!("The partition of {} has a new id", new.called());
        let change = Change::new(ChangeKind::Partition, Effect::Changed, Severity::Info, text, subject());
        told.push(change.with_detail(format!("{}, now {}", ids(old), ids(new))));
    }
    !same_ids
}
