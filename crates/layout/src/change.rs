//! What moved from one map to the next.

use crate::positions::{Card, NodePosition, PlacedNetwork, Positions};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weft_topology::Id;

/// What turns an older map into a newer one.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LayoutDelta {
    /// Cards that are new or elsewhere, by network id.
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Card>))]
    pub networks: BTreeMap<Id, Card>,
    /// Networks without a card now, sorted.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub networks_removed: Vec<Id>,
    /// Nodes that are new or elsewhere, by id.
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, NodePosition>))]
    pub nodes: BTreeMap<Id, NodePosition>,
    /// Nodes that are on the map no more, sorted.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub nodes_removed: Vec<Id>,
}

impl LayoutDelta {
    /// True where nothing moved.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many things moved, came or went: what keeping this costs.
    pub fn len(&self) -> usize {
        self.networks.len() + self.networks_removed.len() + self.nodes.len() + self.nodes_removed.len()
    }
}

/// What turns `old` into `new`. Networks that both share are passed over, so that it costs what changed.
pub fn diff(old: &Positions, new: &Positions) -> LayoutDelta {
    let mut delta = LayoutDelta::default();
    let is_same = |id: &Id, network: &PlacedNetwork| {
        let other = old.networks.get(id);
        other.is_some_and(|other| other.card == network.card && Arc::ptr_eq(&other.places, &network.places))
    };
    let mut before: BTreeMap<&Id, NodePosition> = old.read.iter().map(|(id, position)| (id, *position)).collect();
    let mut after: BTreeMap<&Id, NodePosition> = new.read.iter().map(|(id, position)| (id, *position)).collect();
    let mut shared: BTreeSet<&Id> = BTreeSet::new();
    for (id, network) in &new.networks {
        if is_same(id, network) {
            shared.insert(id);
            continue;
        }
        if old.networks.get(id).is_none_or(|other| other.card != network.card) {
            delta.networks.insert(id.clone(), network.card);
        }
        after.extend(network.absolute());
    }
    for (id, network) in &old.networks {
        if !new.networks.contains_key(id) {
            delta.networks_removed.push(id.clone());
        }
        if !shared.contains(id) {
            before.extend(network.absolute());
        }
    }
    for (id, position) in &after {
        if before.get(id) != Some(position) {
            delta.nodes.insert((*id).clone(), *position);
        }
    }
    // What is not in a part that changed may be in one that did not: an id stands for one node of the whole map.
    let is_elsewhere = |id: &Id| {
        shared
            .iter()
            .any(|network| new.networks.get(*network).is_some_and(|network| network.relative(id).is_some()))
    };
    let gone = before.keys().filter(|id| !after.contains_key(*id) && !is_elsewhere(id));
    delta.nodes_removed = gone.map(|id| (*id).clone()).collect();
    delta
}
