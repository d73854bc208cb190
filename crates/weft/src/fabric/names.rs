//! Which paired device a person means.

use crate::text;
use crate::view::View;
use crate::why::find::find;
use anyhow::{Result, bail};
use weft_model::{FabricView, MatterNodeId, PairedDevice};

/// Devices that are told where more than one is meant.
const MAX_TOLD: usize = 20;

/// A device that a person means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) node: MatterNodeId,
    /// It was named by its node id or its whole name; else by a part of its name, or by what else the map knows it by.
    pub(super) is_named: bool,
}

/// The paired device that `wanted` names: its node id, its name, or what the map knows it by.
///
/// # Errors
/// Where none is meant, or more than one.
pub(super) fn meant(wanted: &str, fabric: &FabricView, map: Option<&View>) -> Result<Meant> {
    let wanted = wanted.trim();
    let id: Option<MatterNodeId> = wanted.parse().ok();
    let by_id = |device: &&PairedDevice| Some(device.node) == id;
    let by_name = |device: &&PairedDevice| device.name.as_ref().is_some_and(|name| name.to_lowercase() == wanted.to_lowercase());
    let by_map = || on_map(wanted, fabric, map);
    let first = |found: Vec<&PairedDevice>| (!found.is_empty()).then(|| found.iter().map(|device| device.node).collect());
    let named: Option<Vec<MatterNodeId>> =
        first(fabric.devices.iter().filter(by_id).collect()).or_else(|| first(fabric.devices.iter().filter(by_name).collect()));
    let is_named = named.is_some();
    let found = named.unwrap_or_else(by_map);
    match found[..] {
        [node] => Ok(Meant { node, is_named }),
        [] => bail!("no paired device is known by {wanted:?}; `weft fabric` lists all"),
        _ => {
            let ids: Vec<String> = found.iter().take(MAX_TOLD).map(ToString::to_string).collect();
            bail!(
                "{} are meant by {wanted:?}: say which, by its node id: {}",
                text::count(found.len(), "device", "devices"),
                ids.join(", ")
            )
        }
    }
}

/// By what the map knows: `weft why` finds the device, and one of its Matter identities is ours.
fn on_map(wanted: &str, fabric: &FabricView, map: Option<&View>) -> Vec<MatterNodeId> {
    let (Some(map), Some(ours)) = (map, fabric.fabric) else {
        return Vec::new();
    };
    let is_paired = |node: &MatterNodeId| fabric.devices.iter().any(|device| device.node == *node);
    let identities = find(map, wanted).into_iter().flat_map(|node| &node.known_as.matter);
    let mut found: Vec<MatterNodeId> = identities
        .filter_map(|peer| peer.rsplit_once('-'))
        .filter(|(of, _)| of.parse() == Ok(ours))
        .filter_map(|(_, node)| node.parse().ok())
        .filter(is_paired)
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::{AttestationChoice, DeviceState, Timestamp};

    fn device(number: u64, name: &str) -> PairedDevice {
        PairedDevice {
            node: MatterNodeId::from_u64(number),
            name: Some(name.into()),
            paired_at: Timestamp::MIN,
            state: DeviceState::NotAsked,
            address: None,
            sleepy: false,
            long_idle: false,
            check_in: false,
            subscribed: false,
            answered_at: None,
            next_question_at: None,
            in_vain: 0,
            error: None,
        }
    }

    fn fabric() -> FabricView {
        FabricView {
            fabric: "c2637a8b1b1b1b1b".parse().ok(),
            label: "Weft".into(),
            paused: false,
            attestation: AttestationChoice::Ask,
            questions_last_minute: 0,
            budget_per_minute: 60,
            jobs: Vec::new(),
            devices: vec![device(0x11, "Hall plug"), device(0x12, "Lamp"), device(0x13, "lamp")],
        }
    }

    fn map() -> View {
        let node = |id: &str, name: &str, matter: &[&str]| serde_json::json!({"id": id, "name": name, "known_as": {"matter": matter}});
        let nodes = [
            node(
                "0a00000000000001",
                "Garage",
                &["AAAA000000000000-0000000000000012", "C2637A8B1B1B1B1B-0000000000000011"],
            ),
            node("0a00000000000002", "Cellar", &["AAAA000000000000-0000000000000013"]),
        ];
        let topology = serde_json::json!({"as_of": "2026-11-20T12:00:00.000Z", "nodes": nodes});
        View::from_json(topology.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_device_is_meant_by_id_name_or_map() {
        let (fabric, map) = (fabric(), map());
        let meant = |wanted| meant(wanted, &fabric, Some(&map)).map_err(|error| error.to_string());
        for wanted in ["0000000000000011", "hall PLUG", "Garage", "0a00000000000001"] {
            assert_eq!(meant(wanted).map(|meant| meant.node), Ok(MatterNodeId::from_u64(0x11)), "{wanted}");
        }
        assert!(meant("hall PLUG").unwrap().is_named);
        assert!(!meant("Garage").unwrap().is_named, "the map's name, not the device's own");
        assert!(meant("lamp").unwrap_err().contains("0000000000000012, 0000000000000013"));
        for unknown in ["Cellar", "", "0000000000000099"] {
            assert!(meant(unknown).unwrap_err().contains("weft fabric"), "{unknown}");
        }
    }
}
