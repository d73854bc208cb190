//! The peers themselves: what they are asked to be, they are.

use crate::Home;
use crate::harness::{Radio, mesh};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use weft_tests::Fixture;

#[test]
fn the_fleet_is_as_it_is_told_to_be() {
    let Some(home) = Home::new("m10", Radio::default()) else { return };
    let ecosystem = home.ecosystem();
    ecosystem.commission(&home.fleet);
    let devices = home.fleet.devices();
    assert_eq!(devices.len(), 10);
    assert!(devices.iter().all(|device| device.labels() == ["Other home"]), "{devices:#?}");
    let router = &devices[0].extended_address;
    let ask = || ecosystem.call("diagnostics", &json!({ "device": router }));

    let before = ask();
    let truth = home.fleet.truth();
    let child = truth
        .nodes
        .iter()
        .find(|node| node.matter && node.parent.is_some_and(|parent| parent.to_string() != *router))
        .unwrap();
    home.fleet
        .call("move-child", &json!({ "child": child.extended_address, "parent": router }));
    let after = ask();
    assert_eq!(
        after["neighbors"].as_u64().unwrap(),
        before["neighbors"].as_u64().unwrap() + 1,
        "{before} {after}"
    );
    let moved = home.fleet.truth();
    assert!(
        moved
            .parents_of(child.extended_address)
            .iter()
            .any(|parent| parent.to_string() == *router)
    );

    let fault = |fault: Value| home.fleet.faults(router, fault);
    fault(json!({ "statuses": { "53/7": 0x86, "53/8": 0x01 } }));
    assert_eq!(ask()["statuses"], json!({ "7": 0x86, "8": 0x01 }));
    fault(json!({ "statuses": {}, "empty": true }));
    let empty = ask();
    assert_eq!((&empty["neighbors"], &empty["routes"]), (&json!(0), &json!(0)));
    fault(json!({ "empty": null, "crowd": 1_000 }));
    assert_eq!(ask()["neighbors"], json!(1_000));
    fault(json!({ "crowd": null, "slow": 700 }));
    let began = Instant::now();
    ask();
    assert!(began.elapsed() >= Duration::from_millis(700));
    fault(json!({ "slow": null }));

    let change = home.fleet.call("change-address", &json!({ "device": router }));
    assert_ne!(change["former"], change["address"]);
    assert_eq!(home.fleet.device(router).address, change["address"].as_str().unwrap());
    home.fleet.call("reset", &json!({ "device": router }));
    assert!(home.fleet.device(router).fabrics.is_empty());
}

#[test]
fn the_described_home_is_the_recorded_one() {
    // No devices needed: what is computed from the description is what a recording of that home can know.
    let description: Value = serde_json::from_slice(&std::fs::read(mesh("home44")).unwrap()).unwrap();
    let recorded = Fixture::load("home44-matter-server").unwrap();
    let recorded = recorded.truth();
    let described: BTreeSet<String> = description["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| format!("{} {} {}", node["extended_address"], node["rloc16"], !node["matter"].is_null()))
        .collect();
    let known: BTreeSet<String> = recorded
        .nodes
        .iter()
        .map(|node| format!("\"{}\" \"{}\" {}", node.extended_address, node.rloc16, node.matter))
        .collect();
    assert_eq!(described, known);
}
