//! Findings: what a person should know about a mesh. One file for each kind of trouble, run in a fixed order.

mod coverage;
mod fragility;
mod lan;
mod links;
pub(crate) mod mute;
mod partitions;
pub(crate) mod same;
mod zombie;

use crate::network::{Mesh, OutdatedRow};
use crate::snapshot::{Finding, Id, Link, Node, Severity};

/// Everything that one network's conclusions show.
pub(crate) fn of_network(mesh: &Mesh<'_>, nodes: &[Node], links: &[Link], outdated: &[OutdatedRow]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if mesh.network_id.is_none() {
        return findings;
    }
    partitions::second_partition(mesh, &mut findings);
    partitions::two_leaders(mesh, &mut findings);
    lan::differing_datasets(mesh, &mut findings);
    coverage::ghosts(mesh, nodes, &mut findings);
    coverage::unheard_routers(mesh, nodes, &mut findings);
    coverage::outdated_child_rows(mesh, nodes, outdated, &mut findings);
    zombie::zombies(mesh, nodes, &mut findings);
    links::one_way(mesh, nodes, links, &mut findings);
    links::weak_only(nodes, links, &mut findings);
    fragility::single_points(nodes, links, &mut findings);
    same::refuted_words(mesh, nodes, &mut findings);
    let node = |id: &str| nodes.binary_search_by(|node| (*node.id).cmp(id)).ok().map(|place| &nodes[place]);
    mute::mark(&mut findings, mesh.evidence, &node, &|node| mesh.ids_of(node));
    findings
}

/// A finding with the id that its kind and subjects give it.
fn finding(kind: &'static str, severity: Severity, mut subjects: Vec<Id>, title: String, detail: String, advice: &str) -> Finding {
    subjects.sort();
    subjects.dedup();
    Finding {
        id: format!("{kind}:{}", subjects.join(",")).into(),
        kind,
        severity,
        subjects,
        title,
        detail,
        advice: advice.to_owned(),
        muted: None,
    }
}

/// What a person would call a node.
fn call(node: &Node) -> String {
    match (&node.name, node.rloc16) {
        (Some(name), _) => name.clone(),
        (None, Some(rloc16)) => match node.extended_address {
            Some(address) => format!("{rloc16} ({address})"),
            None => rloc16.to_string(),
        },
        (None, None) => node.id.to_string(),
    }
}

/// `one device`, `3 devices`.
fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("one {one}") } else { format!("{number} {many}") }
}
