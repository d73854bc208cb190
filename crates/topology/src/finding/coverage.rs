//! What nobody confirms: ghosts, routers whose tables were never heard, rows about children that moved on.

use super::{call, finding};
use crate::network::{Mesh, OutdatedRow, Relation};
use crate::snapshot::{Finding, Node, Severity, State};
use std::collections::{BTreeMap, BTreeSet};

/// Nodes that a single observer mentioned long ago, and nobody else ever.
pub(super) fn ghosts(mesh: &Mesh<'_>, nodes: &[Node], findings: &mut Vec<Finding>) {
    let places: BTreeMap<crate::Id, usize> = (0..mesh.devices.len()).map(|device| (mesh.node_id(device), device)).collect();
    for node in nodes.iter().filter(|node| matches!(node.state, State::Stale | State::Gone)) {
        let Some(&device) = places.get(&node.id) else { continue };
        if mesh.devices[device].was_heard_itself() {
            continue;
        }
        // Frames alone say that somebody used an address; whoever it was may use another by now.
        if node.extended_address.is_none() && mesh.is_known_by_frames_only(device) {
            continue;
        }
        let observers: BTreeSet<usize> = mesh.about(device).map(|heard| heard.observer).collect();
        let (Some(observer), 1) = (observers.first(), observers.len()) else {
            continue;
        };
        let observer = mesh.node_id(*observer);
        let teller = nodes.iter().find(|node| node.id == observer).map_or_else(|| observer.to_string(), call);
        findings.push(finding(
            "ghost",
            Severity::Info,
            vec![node.id.clone(), observer.clone()],
            format!("{} may not exist any more", call(node)),
            match node.last_heard_at {
                Some(at) => format!("Only {teller} ever mentioned it, last heard {at}."),
                None => format!("Only {teller} ever mentioned it, and its statement has no time."),
            },
            "Nothing has to be done: it disappears from that device's table by itself. If you know the device, check whether it has power.",
        ));
    }
}

/// Routers that others route to, and whose own tables nobody ever heard.
pub(super) fn unheard_routers(mesh: &Mesh<'_>, nodes: &[Node], findings: &mut Vec<Finding>) {
    let anybody_heard = mesh.devices.iter().any(|device| device.was_heard_itself());
    if !anybody_heard {
        return;
    }
    let unheard: BTreeMap<&str, &Node> = nodes
        .iter()
        .filter(|node| node.unheard && !matches!(node.state, State::Stale | State::Gone))
        .map(|node| (&*node.id, node))
        .collect();
    for device in 0..mesh.devices.len() {
        let id = mesh.node_id(device);
        let Some(node) = unheard.get(&*id) else { continue };
        let told = mesh
            .about(device)
            .filter(|heard| matches!(heard.relation, Relation::Route | Relation::Neighbor));
        let routers = told.map(|heard| heard.observer).collect::<BTreeSet<_>>().len();
        if routers == 0 {
            continue;
        }
        let which = node.rloc16.map_or_else(|| call(node), |rloc16| format!("Router {}", rloc16.router_id()));
        findings.push(finding(
            "unheard-router",
            Severity::Info,
            vec![node.id.clone()],
            format!("{}: its own tables are unknown", call(node)),
            format!(
                "{which} is routed to by {}, and nobody has ever heard its tables: children below it cannot be seen.",
                super::count(routers, "device", "devices")
            ),
            "Pair it, or ask the mesh through a border router, to see its children.",
        ));
    }
}

/// Rows that list a child which is elsewhere now.
pub(super) fn outdated_child_rows(mesh: &Mesh<'_>, nodes: &[Node], outdated: &[OutdatedRow], findings: &mut Vec<Finding>) {
    let name = |id: &crate::Id| nodes.iter().find(|node| node.id == *id).map_or_else(|| id.to_string(), call);
    for row in outdated {
        let (router, child) = (mesh.node_id(row.router), mesh.node_id(row.child));
        let now = match mesh.parent_of(row.child) {
            Some(parent) => format!("a child of {}", name(&mesh.node_id(parent))),
            None => "a router".to_owned(),
        };
        let (router_name, child_name) = (name(&router), name(&child));
        findings.push(finding(
            "outdated-child-row",
            Severity::Info,
            vec![router, child],
            format!("{router_name} still lists {child_name}, which has moved on"),
            format!("{child_name} is {now}; {router_name} keeps the row until the child's timeout."),
            "Nothing has to be done.",
        ));
    }
}
