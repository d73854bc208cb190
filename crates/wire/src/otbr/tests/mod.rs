//! Helpers of the tests, arbitrary JSON, and what holds for all of it.

mod recorded;
mod traps;

use super::*;
use proptest::prelude::*;
use serde_json::json;
use weft_model::{
    ChildId, ChildRow, ChildTableRow, Dataset, DeviceMode, ErrorRate, Fact, FactKind, LinkQuality, PartitionId, RouterId, RoutingRole, Rssi,
};

/// Decodes one diagnostic item that must name a device.
fn item(attributes: Value) -> NodeStatement {
    let mut attributes = attributes;
    attributes["extAddress"] = json!("5616f19227d2c4ae");
    decode_body(
        "/api/diagnostics",
        &json!({ "data": [{ "type": "networkDiagnostics", "attributes": attributes }] }),
    )
    .nodes
    .remove(0)
}

fn fact<T>(node: &NodeStatement, pick: impl Fn(&Fact) -> Option<T>) -> Option<T> {
    node.decoded.facts.iter().find_map(pick)
}

fn child_table(node: &NodeStatement) -> Option<Vec<ChildTableRow>> {
    fact(node, |fact| if let Fact::ChildTable(rows) = fact { Some(rows.clone()) } else { None })
}

fn children(node: &NodeStatement) -> Option<Vec<ChildRow>> {
    fact(node, |fact| if let Fact::Children(rows) = fact { Some(rows.clone()) } else { None })
}

fn mode(node: &NodeStatement) -> Option<DeviceMode> {
    fact(node, |fact| if let Fact::Mode(mode) = fact { Some(*mode) } else { None })
}

fn problems(node: &NodeStatement) -> Vec<String> {
    node.decoded.problems.iter().map(ToString::to_string).collect()
}

fn device_mode(rx_on_when_idle: bool, full_thread_device: bool, full_network_data: bool) -> DeviceMode {
    DeviceMode {
        rx_on_when_idle,
        full_thread_device,
        full_network_data,
    }
}

/// JSON of any shape, often with keys and values that the decoders know.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    const NAMES: [&str; 24] = [
        "data",
        "attributes",
        "type",
        "extAddress",
        "Rloc16",
        "mode",
        "route",
        "routeData",
        "childTable",
        "children",
        "childIpv6Addresses",
        "ipv6Addresses",
        "leaderData",
        "macCounters",
        "networkData",
        "activeDataset",
        "networkKey",
        "PSKc",
        "tap",
        "state",
        "role",
        "created",
        "connectivity",
        "errors",
    ];
    const TEXTS: [&str; 8] = [
        "5616f19227d2c4ae",
        "0xc400",
        "leader",
        "fd00::1",
        "2026-11-20T13:41:47+00:00",
        "0E080000000000010000",
        "{\"networkKey\":\"0011\"}",
        "154507124",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..70_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        "[0-9a-fA-F]{0,80}".prop_map(Value::from),
        proptest::sample::select(&TEXTS[..]).prop_map(Value::from),
    ];
    let name = prop_oneof![4 => proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => "\\PC{0,12}"];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_at_any_path_is_survived(
        path in "/(node|diagnostics|networks|api|\\.well-known)?(/(node|devices|diagnostics|actions|rloc16|state|ext-address|rloc|dataset))?(/\\PC{0,8})?",
        body in any_json(),
    ) {
        let answer = decode_body(&path, &body);
        prop_assert!(answer.unknown_keys.len() <= 64);
        for node in &answer.nodes {
            prop_assert!(!node.decoded.facts.is_empty());
            prop_assert!(node.subject == Subject::BorderRouter || node.extended_address.is_some() || node.rloc16.is_some());
        }
        let _ = (api_generation(&path, &body), api_version(&body));
    }
}
