//! Links that are weak, or that only one end knows.

use super::{call, finding};
use crate::network::{Mesh, carries};
use crate::snapshot::{Finding, Link, LinkKind, Node, Severity, State};
use std::collections::BTreeMap;
use weft_model::LinkQuality;

/// Router links that one end lists, while the other end's own fresh table does not.
pub(super) fn one_way(mesh: &Mesh<'_>, nodes: &[Node], links: &[Link], findings: &mut Vec<Finding>) {
    let by_id: BTreeMap<&str, &Node> = nodes.iter().map(|node| (&*node.id, node)).collect();
    let places: BTreeMap<crate::Id, usize> = (0..mesh.devices.len()).map(|device| (mesh.node_id(device), device)).collect();
    for link in links.iter().filter(|link| link.kind == LinkKind::Router && link.state == State::OneSided) {
        let own = |direction: &Option<crate::Direction>| direction.as_ref().is_some_and(|direction| !direction.relayed);
        let (hears, silent) = match (own(&link.a_hears_b), own(&link.b_hears_a)) {
            (true, false) => (&link.a, &link.b),
            (false, true) => (&link.b, &link.a),
            _ => continue,
        };
        let said = if own(&link.a_hears_b) { &link.a_hears_b } else { &link.b_hears_a };
        let said_at = said.as_ref().and_then(|direction| direction.observed_at);
        // A newer table that has the link no more is a change; only one of about the same time is a disagreement.
        let disagrees = places
            .get(silent)
            .and_then(|&device| mesh.fresh_router_table_at(device))
            .is_some_and(|silent_at| {
                said_at.is_none_or(|said_at| silent_at.milliseconds_since(said_at) <= i64::from(mesh.policy.one_way_seconds) * 1000)
            });
        if !disagrees {
            continue;
        }
        let (Some(hears), Some(silent)) = (by_id.get(&**hears), by_id.get(&**silent)) else {
            continue;
        };
        findings.push(finding(
            "one-way-link",
            Severity::Warning,
            vec![link.id.clone()],
            format!("{} hears {}, and not the other way", call(hears), call(silent)),
            format!("{} lists the link; the table of {} does not.", call(hears), call(silent)),
            "Thread does not route over a link that works one way only. An obstacle or a noisy power supply near one of the two is the usual cause.",
        ));
    }
}

/// Devices all of whose links are weak.
pub(super) fn weak_only(nodes: &[Node], links: &[Link], findings: &mut Vec<Finding>) {
    let mut best: BTreeMap<&str, Option<LinkQuality>> = BTreeMap::new();
    let mut own_parent: BTreeMap<&str, &Link> = BTreeMap::new();
    for link in links.iter().filter(|link| carries(link)) {
        let qualities = [&link.a_hears_b, &link.b_hears_a].map(|direction| direction.as_ref().and_then(|direction| direction.link_quality));
        let weaker = qualities.into_iter().flatten().min();
        match link.kind {
            LinkKind::ParentChild => {
                own_parent.insert(&link.b, link);
                best.entry(&link.b).and_modify(|best| *best = (*best).max(weaker)).or_insert(weaker);
            }
            LinkKind::Router => {
                for end in [&link.a, &link.b] {
                    best.entry(end).and_modify(|best| *best = (*best).max(weaker)).or_insert(weaker);
                }
            }
            LinkKind::Neighbor => {}
        }
    }
    for node in nodes {
        if best
            .get(&*node.id)
            .copied()
            .flatten()
            .is_some_and(|quality| quality <= LinkQuality::new(1).unwrap_or(LinkQuality::NONE))
        {
            let (what, detail) = match own_parent.get(&*node.id) {
                Some(_) => (
                    "Its only link, to its parent, is weak",
                    "Frames get lost on it, and each repetition costs battery.",
                ),
                None => ("All its links are weak", "It can be cut off by a closed door."),
            };
            findings.push(finding(
                "weak-only",
                Severity::Warning,
                vec![node.id.clone()],
                format!("{}: {}", call(node), what.to_lowercase()),
                format!("{what} (link quality 1 of 3 at best). {detail}"),
                "Move it, or put a mains-powered Thread device between it and the next router.",
            ));
        }
    }
}
