//! A network that is not one.

use super::finding;
use crate::network::Mesh;
use crate::snapshot::{Finding, Id, Severity, State};

/// Two partitions of one network at the same time.
pub(super) fn second_partition(mesh: &Mesh<'_>, findings: &mut Vec<Finding>) {
    let standing: Vec<_> = mesh
        .partitions
        .iter()
        .filter(|known| matches!(known.state, State::Confirmed | State::OneSided))
        .collect();
    if standing.len() < 2 {
        return;
    }
    let sizes: Vec<String> = standing
        .iter()
        .map(|known| {
            let members = mesh.devices.iter().filter(|device| device.partition == Some(known.id)).count();
            format!("partition {} with {}", known.id, super::count(members, "device", "devices"))
        })
        .collect();
    let network: Vec<Id> = mesh.network_id.iter().cloned().collect();
    findings.push(finding(
        "second-partition",
        Severity::Problem,
        network,
        format!("The network has split into {} partitions", standing.len()),
        format!("Routers say that they are in different partitions: {}.", sizes.join("; ")),
        "Devices of different partitions cannot reach each other. A router between the two halves, or one that was switched on again, heals it.",
    ));
}

/// Two devices that both say they lead one partition.
pub(super) fn two_leaders(mesh: &Mesh<'_>, findings: &mut Vec<Finding>) {
    for known in &mesh.partitions {
        if known.claimants.len() < 2 {
            continue;
        }
        let subjects: Vec<Id> = known.claimants.iter().map(|&device| mesh.node_id(device)).collect();
        findings.push(finding(
            "two-leaders",
            Severity::Problem,
            subjects.clone(),
            format!("Two devices say that they lead partition {}", known.id),
            format!("{} all give their role as leader, and their statements are fresh.", subjects.join(", ")),
            "One of them answers from an old state. Read both again; if both insist, restart the one that the other routers do not name.",
        ));
    }
}
