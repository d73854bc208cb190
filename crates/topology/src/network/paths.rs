//! How many ways lead from a device to border routers without sharing a device: whether one failure on the way cuts it off.
//!
//! All border routers are one goal, and every link into it is a thing of its own that can fail. A router has two ways if nothing lies on all of
//! them, which is what dominators tell. Links of which nobody could tell are counted as if they existed for a second answer: where the two
//! answers differ, too little is known.

use super::path::{carries, link_quality};
use crate::snapshot::{Link, LinkKind, Node, State};
use petgraph::algo::dominators::{Dominators, simple_fast};
use petgraph::graph::{NodeIndex, UnGraph};
use std::collections::BTreeMap;
use weft_model::PartitionId;

/// The weakest quality, in both directions where both are known, of a good link.
const GOOD_QUALITY: u8 = 2;
/// More ways are not told apart.
const MANY: u8 = 2;

/// Fills in [`Node::independent_paths`]. `nodes` are sorted by id.
pub(super) fn count_independent(nodes: &mut [Node], links: &[Link]) {
    let counts = of_routers(nodes, links);
    let counts: Vec<Option<u8>> = nodes
        .iter()
        .map(|node| match &node.parent {
            _ if !is_there(node) => None,
            Some(parent) => counts.get(&*parent.node).copied().flatten(),
            None => counts.get(&*node.id).copied().flatten(),
        })
        .collect();
    for (node, count) in nodes.iter_mut().zip(counts) {
        node.independent_paths = count;
    }
}

fn is_there(node: &Node) -> bool {
    !matches!(node.state, State::Stale | State::Gone)
}

/// What is known of one partition as a whole.
#[derive(Default)]
struct Partition {
    /// A border router of it has a place in the mesh.
    has_goal: bool,
    /// A border router of it has none: it may be any router that has no name yet.
    may_have_more: bool,
    /// Routers whose tables nobody read. What links two of them, nobody could tell.
    unheard: Vec<NodeIndex>,
}

fn of_routers<'n>(nodes: &'n [Node], links: &[Link]) -> BTreeMap<&'n str, Option<u8>> {
    let mut graph: UnGraph<(), ()> = UnGraph::new_undirected();
    let goal = graph.add_node(());
    let mut places: BTreeMap<&str, NodeIndex> = BTreeMap::new();
    let mut partitions: BTreeMap<Option<PartitionId>, Partition> = BTreeMap::new();
    for node in nodes.iter().filter(|node| is_there(node) && node.network.is_some()) {
        let is_router = node.rloc16.is_some_and(|rloc16| rloc16.is_router());
        let partition = partitions.entry(node.partition_id).or_default();
        match (is_router, node.border_router) {
            (true, true) => {
                partition.has_goal = true;
                places.insert(&node.id, goal);
            }
            (true, false) => {
                let place = graph.add_node(());
                places.insert(&node.id, place);
                if node.unheard {
                    partition.unheard.push(place);
                }
            }
            (false, true) if node.parent.is_none() => partition.may_have_more = true,
            (false, _) => {}
        }
    }
    for link in links
        .iter()
        .filter(|link| link.kind == LinkKind::Router && carries(link) && is_good(link))
    {
        if let (Some(&a), Some(&b)) = (places.get(&*link.a), places.get(&*link.b)) {
            connect(&mut graph, goal, a, b);
        }
    }
    let surely = simple_fast(&graph, goal);
    let mut is_sure = true;
    for partition in partitions.values().filter(|partition| partition.unheard.len() > 1) {
        is_sure = false;
        // Two ways at most are looked for, and each needs at most one such link.
        for _ in 0..MANY {
            let between = graph.add_node(());
            for unheard in &partition.unheard {
                graph.add_edge(between, *unheard, ());
            }
        }
    }
    let perhaps = if is_sure { None } else { Some(simple_fast(&graph, goal)) };
    let count = |node: &Node, place: NodeIndex| {
        if place == goal {
            return Some(MANY);
        }
        let partition = partitions.get(&node.partition_id)?;
        let least = ways(&surely, goal, place);
        let most = perhaps.as_ref().map_or(least, |perhaps| ways(perhaps, goal, place));
        let is_known = partition.has_goal && least == most && !partition.may_have_more;
        (is_known || least == MANY).then_some(least)
    };
    let known = nodes.iter().filter_map(|node| Some((node, *places.get(&*node.id)?)));
    known.map(|(node, place)| (&*node.id, count(node, place))).collect()
}

/// An edge; into the goal, through a node that stands for the link.
fn connect(graph: &mut UnGraph<(), ()>, goal: NodeIndex, a: NodeIndex, b: NodeIndex) {
    if a == b {
        return;
    }
    let (from, to) = if a == goal { (b, a) } else { (a, b) };
    if to == goal {
        let link = graph.add_node(());
        graph.add_edge(from, link, ());
        graph.add_edge(link, goal, ());
    } else {
        graph.add_edge(from, to, ());
    }
}

fn ways(dominators: &Dominators<NodeIndex>, goal: NodeIndex, place: NodeIndex) -> u8 {
    match dominators.immediate_dominator(place) {
        None => 0,
        Some(dominator) if dominator == goal => MANY,
        Some(_) => 1,
    }
}

fn is_good(link: &Link) -> bool {
    let known = [&link.a_hears_b, &link.b_hears_a].into_iter().filter_map(link_quality);
    let mut known = known.map(|quality| quality.get()).peekable();
    known.peek().is_some() && known.all(|quality| quality >= GOOD_QUALITY)
}
