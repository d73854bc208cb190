//! What border routers announce on the LAN, compared.

use super::finding;
use crate::ageing::Age;
use crate::network::Mesh;
use crate::snapshot::{Finding, Id, Severity};
use std::collections::BTreeMap;
use weft_model::{Fact, FactKind, ServiceDetails};

/// Border routers of one network whose active datasets have different timestamps.
pub(super) fn differing_datasets(mesh: &Mesh<'_>, findings: &mut Vec<Finding>) {
    let mut by_timestamp: BTreeMap<u64, Vec<Id>> = BTreeMap::new();
    for device in 0..mesh.devices.len() {
        for slot in mesh.slots(device, FactKind::Service) {
            if let Some(observation) = &slot.current
                && let Fact::Service(record) = &*observation.fact
                && let ServiceDetails::BorderAgent(agent) = &record.details
                && let Some(timestamp) = agent.active_timestamp
                && mesh.age(device, observation) == Age::Fresh
            {
                by_timestamp.entry(timestamp).or_default().push(mesh.node_id(device));
            }
        }
    }
    if by_timestamp.len() < 2 {
        return;
    }
    // Packed as seconds in the upper 48 bits.
    let groups: Vec<String> = by_timestamp
        .iter()
        .map(|(timestamp, routers)| {
            format!(
                "{} of {}",
                timestamp >> 16,
                super::count(routers.len(), "border router", "border routers")
            )
        })
        .collect();
    findings.push(finding(
        "differing-datasets",
        Severity::Warning,
        by_timestamp.values().flatten().cloned().collect(),
        "Border routers of one network have different active datasets".to_owned(),
        format!("Active timestamps: {}.", groups.join("; ")),
        "A change of the network's credentials has not reached all of them. If it stays so for more than some minutes, restart those with the older timestamp.",
    ));
}
