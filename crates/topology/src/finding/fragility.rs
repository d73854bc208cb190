//! Routers and links on which others depend: what falls off if one of them fails.

use super::{call, finding};
use crate::network::router_graph;
use crate::snapshot::{Finding, Link, LinkKind, Node, Severity, State};
use petgraph::algo::{articulation_points::articulation_points, bridges::bridges};
use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

/// Routers whose failure splits the routers, and links that are the only way between two parts.
pub(super) fn single_points(nodes: &[Node], links: &[Link], findings: &mut Vec<Finding>) {
    // Where routers exist whose tables nobody read, links are missing from the picture, not from the mesh.
    if nodes.iter().any(|node| node.unheard && !matches!(node.state, State::Stale | State::Gone)) {
        return;
    }
    let (graph, _) = router_graph(nodes, links);
    if graph.node_count() < 3 {
        return;
    }
    let by_id: BTreeMap<&str, &Node> = nodes.iter().map(|node| (&*node.id, node)).collect();
    let cut: BTreeSet<NodeIndex> = articulation_points(&graph).into_iter().collect();
    for place in cut {
        let Some(node) = by_id.get(graph[place]) else { continue };
        let beyond = cut_off(&graph, place);
        findings.push(finding(
            "cut-vertex",
            Severity::Info,
            vec![node.id.clone()],
            format!("{} holds the mesh together", call(node)),
            format!(
                "If it fails, {} can reach the rest only if a new path forms.",
                super::count(beyond, "router", "routers")
            ),
            "Put another mains-powered Thread device near it, so that there is a second path.",
        ));
    }
    let only_ways: BTreeSet<(&str, &str)> = bridges(&graph)
        .map(|edge| {
            let (left, right) = (graph[edge.source()], graph[edge.target()]);
            (left.min(right), left.max(right))
        })
        .collect();
    let is_only_way = |link: &&Link| {
        let (left, right): (&str, &str) = (&link.a, &link.b);
        link.kind == LinkKind::Router && only_ways.contains(&(left.min(right), left.max(right)))
    };
    for link in links.iter().filter(is_only_way) {
        let (Some(a), Some(b)) = (by_id.get(&*link.a), by_id.get(&*link.b)) else {
            continue;
        };
        findings.push(finding(
            "bridge",
            Severity::Info,
            vec![link.id.clone()],
            format!(
                "The link between {} and {} is the only way between two parts of the mesh",
                call(a),
                call(b)
            ),
            "No other link of routers goes around it.".to_owned(),
            "Put another mains-powered Thread device between the two parts.",
        ));
    }
}

/// How many routers lose the largest remaining part when a router fails.
fn cut_off(graph: &UnGraph<&str, u32>, place: NodeIndex) -> usize {
    let mut seen: BTreeSet<NodeIndex> = BTreeSet::new();
    let mut parts: Vec<usize> = Vec::new();
    // Only the part that the router was in falls apart; others are not its doing.
    for neighbor in graph.neighbors(place) {
        if seen.contains(&neighbor) {
            continue;
        }
        let mut stack = vec![neighbor];
        let mut size = 0;
        while let Some(next) = stack.pop() {
            if next == place || !seen.insert(next) {
                continue;
            }
            size += 1;
            stack.extend(
                graph
                    .edges(next)
                    .map(|edge| if edge.source() == next { edge.target() } else { edge.source() }),
            );
        }
        parts.push(size);
    }
    parts.iter().sum::<usize>() - parts.iter().max().copied().unwrap_or(0)
}
