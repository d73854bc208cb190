//! Which links carry the mesh: a maximum spanning tree of the routers, and every link that both ends hear well. The others are drawn fainter.

use std::collections::{BTreeMap, BTreeSet};
use weft_topology::{Direction, Link, LinkKind, State, Topology};

fn quality(way: &Option<Direction>) -> u8 {
    way.as_ref().and_then(|way| way.link_quality).map_or(0, |quality| quality.get())
}

/// The weaker direction counts first.
fn strength(link: &Link) -> (bool, u8, u8) {
    let (a, b) = (quality(&link.a_hears_b), quality(&link.b_hears_a));
    let is_present = link.state != State::Stale;
    (is_present, a.min(b), a.max(b))
}

fn root<'a>(roots: &mut BTreeMap<&'a str, &'a str>, node: &'a str) -> &'a str {
    let mut at = node;
    while let Some(&next) = roots.get(at).filter(|next| **next != at) {
        at = next;
    }
    roots.insert(node, at);
    at
}

/// Ids of the links of the backbone.
pub(super) fn of(topology: &Topology) -> BTreeSet<&str> {
    let mut links: Vec<&Link> = topology
        .links()
        .filter(|link| link.kind == LinkKind::Router && link.state != State::Gone)
        .collect();
    links.sort_by(|one, other| strength(other).cmp(&strength(one)).then_with(|| one.id.cmp(&other.id)));
    let mut roots = BTreeMap::new();
    let mut backbone = BTreeSet::new();
    for link in links {
        let (a, b) = (root(&mut roots, &link.a), root(&mut roots, &link.b));
        let (is_present, weaker, _) = strength(link);
        if a != b {
            roots.insert(a, b);
        }
        if a != b || weaker == 3 && is_present {
            backbone.insert(&*link.id);
        }
    }
    backbone
}
