//! Brings two outlines together: which device is which, and then rule by rule what happened.

use super::outline::{FindingOutline, LinkOutline, NetworkOutline, NodeOutline, PartOutline};
use super::{Change, devices, finding, links, networks};
use crate::Id;
use std::collections::{BTreeMap, BTreeSet};
use weft_model::ExtendedAddress;

/// Everything that is compared of one moment.
#[derive(Default)]
pub(super) struct Side<'a> {
    pub(super) nodes: BTreeMap<&'a Id, &'a NodeOutline>,
    pub(super) links: Vec<&'a LinkOutline>,
    pub(super) networks: BTreeMap<&'a Id, &'a NetworkOutline>,
    pub(super) findings: Vec<&'a FindingOutline>,
}

impl<'a> Side<'a> {
    fn add(&mut self, part: &'a PartOutline) {
        self.nodes.extend(&part.nodes);
        self.links.extend(part.links.values());
        self.networks.extend(part.network.iter().map(|network| (&network.id, network)));
        self.findings.extend(part.findings.values());
    }

    /// What a person would call a node; its id where it is not known here.
    pub(super) fn called(&self, id: &Id) -> String {
        self.nodes.get(id).map_or_else(|| id.to_string(), |node| node.called.clone())
    }
}

/// Two moments, and what is already known of what happened between them.
pub(super) struct Comparison<'a> {
    pub(super) old: Side<'a>,
    pub(super) new: Side<'a>,
    /// The same device, by its id then and now.
    pub(super) pairs: Vec<(&'a NodeOutline, &'a NodeOutline)>,
    /// New id by old id, where they differ.
    renamed: BTreeMap<&'a Id, &'a Id>,
    /// Ids, old and new, of devices that turned out to be others that stand in the lists too, or the other way round.
    pub(super) absorbed: BTreeSet<&'a Id>,
    /// Parts that only one side has: their devices are told with the network.
    pub(super) whole: BTreeSet<Option<&'a Id>>,
    /// New and old ids of devices that came, went, fell silent or returned.
    pub(super) presence_told: BTreeSet<Id>,
    /// Ids of devices that became router or child.
    pub(super) role_told: BTreeSet<Id>,
    pub(super) changes: Vec<Change>,
}

impl<'a> Comparison<'a> {
    /// The present id of a device, by an id of the older side.
    pub(super) fn now<'b>(&'b self, old: &'b Id) -> &'b Id {
        self.renamed.get(old).copied().unwrap_or(old)
    }

    /// The nodes behind an id of the older side: then and now.
    pub(super) fn both(&self, new: &Id) -> Option<(&'a NodeOutline, &'a NodeOutline)> {
        let place = self.pairs.binary_search_by(|(_, now)| now.id.cmp(new)).ok()?;
        Some(self.pairs[place])
    }

    fn match_nodes(&mut self) {
        let mut free_old: BTreeMap<&'a Id, &'a NodeOutline> = self.old.nodes.clone();
        let mut free_new: Vec<&'a NodeOutline> = Vec::new();
        for (id, node) in &self.new.nodes {
            match free_old.remove(*id) {
                Some(before) => self.pairs.push((before, node)),
                None => free_new.push(node),
            }
        }
        let former = |node: &'a NodeOutline, free: &BTreeMap<&'a Id, &'a NodeOutline>| {
            node.previous_ids.iter().find_map(|previous| free.get(previous).copied())
        };
        // A device about which more became known; then the same, looked at from the later moment.
        free_new.retain(|node| match former(node, &free_old) {
            Some(before) => {
                free_old.remove(&before.id);
                self.pairs.push((before, node));
                false
            }
            None => true,
        });
        let mut free_new: BTreeMap<&'a Id, &'a NodeOutline> = free_new.into_iter().map(|node| (&node.id, node)).collect();
        free_old.retain(|_, node| match former(node, &free_new) {
            Some(after) => {
                free_new.remove(&after.id);
                self.pairs.push((node, after));
                false
            }
            None => true,
        });
        let by_radio = |free: &BTreeMap<&'a Id, &'a NodeOutline>| -> BTreeMap<ExtendedAddress, &'a NodeOutline> {
            free.values().filter_map(|node| Some((node.extended_address?, *node))).collect()
        };
        let radios = by_radio(&free_new);
        free_old.retain(|_, node| match node.extended_address.and_then(|address| radios.get(&address)) {
            Some(after) if free_new.remove(&after.id).is_some() => {
                self.pairs.push((node, after));
                false
            }
            _ => true,
        });
        self.pairs.sort_by(|(_, left), (_, right)| left.id.cmp(&right.id));
        self.renamed = self
            .pairs
            .iter()
            .filter(|(old, new)| old.id != new.id)
            .map(|(old, new)| (&old.id, &new.id))
            .collect();
        let names = |side: &Side<'a>| -> BTreeSet<&'a Id> { side.nodes.values().flat_map(|node| &node.previous_ids).collect() };
        let (names_now, names_then) = (names(&self.new), names(&self.old));
        self.absorbed = free_old.keys().copied().filter(|id| names_now.contains(*id)).collect();
        self.absorbed.extend(free_new.keys().copied().filter(|id| names_then.contains(*id)));
    }

    /// Every id that a change may name.
    fn known_ids(&self) -> BTreeSet<&'a Id> {
        let of = |side: &Side<'a>| {
            let links = side.links.iter().map(|link| &link.id);
            let findings = side.findings.iter().map(|finding| &finding.id);
            side.nodes
                .keys()
                .copied()
                .chain(side.networks.keys().copied())
                .chain(links)
                .chain(findings)
                .collect::<Vec<_>>()
        };
        of(&self.old).into_iter().chain(of(&self.new)).collect()
    }
}

/// What happened between the two sides of the given parts.
pub(super) fn compare<'a>(
    parts: impl Iterator<Item = (Option<&'a PartOutline>, Option<&'a PartOutline>)>,
    old_findings: &'a BTreeMap<Id, FindingOutline>,
    new_findings: &'a BTreeMap<Id, FindingOutline>,
) -> Vec<Change> {
    let mut comparison = Comparison {
        old: Side::default(),
        new: Side::default(),
        pairs: Vec::new(),
        renamed: BTreeMap::new(),
        absorbed: BTreeSet::new(),
        whole: BTreeSet::new(),
        presence_told: BTreeSet::new(),
        role_told: BTreeSet::new(),
        changes: Vec::new(),
    };
    for (old, new) in parts {
        if let (Some(part), None) | (None, Some(part)) = (old, new) {
            comparison.whole.insert(part.network.as_ref().map(|network| &network.id));
        }
        if let Some(part) = old {
            comparison.old.add(part);
        }
        if let Some(part) = new {
            comparison.new.add(part);
        }
    }
    comparison.old.findings.extend(old_findings.values());
    comparison.new.findings.extend(new_findings.values());
    comparison.match_nodes();
    let partitions = networks::tell(&mut comparison);
    devices::tell(&mut comparison, &partitions);
    links::tell(&mut comparison);
    finding::tell(&mut comparison);
    let known = comparison.known_ids();
    let mut changes = std::mem::take(&mut comparison.changes);
    for change in &mut changes {
        change.subjects.retain(|id| known.contains(id));
        let mut seen = BTreeSet::new();
        change.subjects.retain(|id| seen.insert(id.clone()));
    }
    changes.sort_by(order);
    changes
}

/// The most urgent first, then by kind and words.
pub(super) fn order(left: &Change, right: &Change) -> std::cmp::Ordering {
    right
        .severity
        .cmp(&left.severity)
        .then_with(|| left.kind.cmp(&right.kind))
        .then_with(|| left.text.cmp(&right.text))
        .then_with(|| left.subjects.cmp(&right.subjects))
}
