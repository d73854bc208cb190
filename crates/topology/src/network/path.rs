//! Predicted paths to the nearest border router: shortest by Thread's link costs, hops marked where a router's own table names them.

use super::{Mesh, Relation};
use crate::ageing::Age;
use crate::snapshot::{Direction, Hop, Link, LinkKind, Node, Path, State};
use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use weft_model::{LinkQuality, RouterId};

/// What a hop over a link costs: Thread counts the weaker direction.
pub(crate) fn link_cost(link: &Link) -> Option<u32> {
    let weaker = match (link_quality(&link.a_hears_b), link_quality(&link.b_hears_a)) {
        (Some(left), Some(right)) => left.min(right),
        (one, other) => one.or(other)?,
    };
    weaker.cost().map(u32::from)
}

/// The quality of a direction of which somebody told.
pub(super) fn link_quality(direction: &Option<Direction>) -> Option<LinkQuality> {
    direction.as_ref()?.link_quality
}

/// True for links that carry traffic now, as far as anybody can tell.
pub(crate) fn carries(link: &Link) -> bool {
    matches!(link.state, State::Confirmed | State::OneSided | State::Inferred | State::Contradicted)
}

/// The graph of routers and the links between them that carry traffic; edges weigh what a hop costs.
pub(crate) fn router_graph<'n>(nodes: &'n [Node], links: &[Link]) -> (UnGraph<&'n str, u32>, BTreeMap<&'n str, NodeIndex>) {
    let mut graph = UnGraph::new_undirected();
    let mut places: BTreeMap<&str, NodeIndex> = BTreeMap::new();
    for node in nodes.iter().filter(|node| node.rloc16.is_some_and(|rloc16| rloc16.is_router())) {
        places.insert(&node.id, graph.add_node(&*node.id));
    }
    for link in links.iter().filter(|link| link.kind == LinkKind::Router && carries(link)) {
        if let (Some(&a), Some(&b), Some(cost)) = (places.get(&*link.a), places.get(&*link.b), link_cost(link)) {
            graph.add_edge(a, b, cost);
        }
    }
    (graph, places)
}

impl Mesh<'_> {
    /// Gives every node that has one its path.
    pub(super) fn predict_paths(&self, nodes: &mut [Node], links: &[Link]) {
        let stated = self.stated_hops();
        let found = {
            let (graph, places) = router_graph(nodes, links);
            let mut toward: BTreeMap<NodeIndex, (u32, Option<NodeIndex>, NodeIndex)> = BTreeMap::new();
            let mut queue = BinaryHeap::new();
            for node in nodes.iter().filter(|node| node.border_router) {
                if let Some(&place) = places.get(&*node.id) {
                    queue.push(Reverse((0, place, None, place)));
                }
            }
            // From all border routers at once: the first visit of a router is its cheapest way out.
            while let Some(Reverse((cost, place, next, to))) = queue.pop() {
                if toward.contains_key(&place) {
                    continue;
                }
                toward.insert(place, (cost, next, to));
                for edge in graph.edges(place) {
                    let other = if edge.source() == place { edge.target() } else { edge.source() };
                    if !toward.contains_key(&other) {
                        queue.push(Reverse((cost + edge.weight(), other, Some(place), to)));
                    }
                }
            }
            let mut found: BTreeMap<String, Path> = BTreeMap::new();
            for (&id, &place) in &places {
                let Some(&(cost, mut next, to)) = toward.get(&place) else { continue };
                let mut hops = Vec::new();
                let mut from = (place, cost);
                while let Some(hop) = next {
                    let Some(&(left, after, _)) = toward.get(&hop) else { break };
                    let (from_id, hop_id, to_id) = (graph[from.0], graph[hop], graph[to]);
                    let is_stated = stated.get(&(from_id, to_id)).is_some_and(|stated| *stated == hop_id);
                    hops.push(Hop {
                        node: hop_id.into(),
                        cost: from.1 - left,
                        stated: is_stated,
                    });
                    from = (hop, left);
                    next = after;
                }
                found.insert(
                    id.to_owned(),
                    Path {
                        to: graph[to].into(),
                        cost,
                        hops,
                    },
                );
            }
            found
        };
        for node in nodes.iter_mut() {
            node.path = match &node.parent {
                None => found.get(&*node.id).cloned(),
                Some(parent) => found.get(&*parent.node).map(|path| {
                    let mut hops = vec![Hop {
                        node: parent.node.clone(),
                        cost: 1,
                        stated: true,
                    }];
                    hops.extend(path.hops.iter().cloned());
                    Path {
                        to: path.to.clone(),
                        cost: path.cost + 1,
                        hops,
                    }
                }),
            };
        }
    }

    /// Next hops that routers' own tables name: from whom, to whom, over whom.
    fn stated_hops(&self) -> BTreeMap<(&str, &str), &str> {
        let mut stated = BTreeMap::new();
        for heard in &self.heard {
            // Paths end at border routers: next hops toward others are not asked for.
            let wanted = self.devices[heard.target].is_border_router && matches!(heard.relation, Relation::Route | Relation::Neighbor);
            if !wanted || heard.age != Age::Fresh {
                continue;
            }
            let partition = self.devices[heard.observer].partition;
            let over = heard.next_hop.map(RouterId::rloc16).and_then(|router| self.holder(partition, router));
            if let Some(over) = over {
                stated.insert(
                    (&*self.devices[heard.observer].id, &*self.devices[heard.target].id),
                    &*self.devices[over].id,
                );
            }
        }
        stated
    }
}
