//! Weft's answer against what is true.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use weft_model::{ExtendedAddress, Rloc16};
use weft_tests::{Truth, TruthRole};

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// States that say nothing of the present.
fn is_past(value: &Value) -> bool {
    matches!(text(value, "state"), "gone" | "stale")
}

/// What is missing in a topology (of all that its sources can know), and what is in it and not true. Empty: all is there and nothing is invented.
pub fn problems_of(topology: &Value, truth: &Truth) -> Vec<String> {
    let mut problems = Vec::new();
    let empty = Vec::new();
    let list = |key: &str| topology[key].as_array().unwrap_or(&empty);
    if list("networks").len() != 1 {
        problems.push(format!("{} networks", list("networks").len()));
    }

    let mut found: BTreeMap<&str, ExtendedAddress> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for node in list("nodes").iter().filter(|node| !is_past(node)) {
        let id = text(node, "id");
        let rloc16: Option<Rloc16> = serde_json::from_value(node["rloc16"].clone()).ok();
        let address: Option<ExtendedAddress> = serde_json::from_value(node["extended_address"].clone()).ok();
        let in_truth = match (address, rloc16) {
            (Some(address), _) => truth.node(address),
            (None, Some(rloc16)) => truth.at_rloc16(rloc16),
            // A name on the LAN that is not placed in the mesh.
            (None, None) => continue,
        };
        let Some(is) = in_truth else {
            problems.push(format!("node {id} does not exist"));
            continue;
        };
        if !seen.insert(is.extended_address) {
            problems.push(format!("node {id} is there twice"));
        }
        if rloc16.is_some_and(|rloc16| rloc16 != is.rloc16) {
            problems.push(format!("node {id} has {rloc16:?}, and {} in truth", is.rloc16));
        }
        let role_is_right = match text(node, "role") {
            "unknown" => true,
            "leader" => is.role == TruthRole::Leader,
            "router" => matches!(is.role, TruthRole::Router | TruthRole::Leader),
            "reed" => is.role == TruthRole::Reed,
            // What a parent's row tells of a child is less than what the child tells.
            "end-device" => !matches!(is.role, TruthRole::Router | TruthRole::Leader),
            "sleepy-end-device" => is.role == TruthRole::SleepyEndDevice,
            _ => false,
        };
        if !role_is_right {
            problems.push(format!("node {id} is said to be a {}, and is {:?}", text(node, "role"), is.role));
        }
        found.insert(id, is.extended_address);
    }

    let mut parents = BTreeMap::new();
    for node in list("nodes").iter().filter(|node| !is_past(node)) {
        let (Some(child), Some(parent)) = (found.get(text(node, "id")), node["parent"]["node"].as_str()) else {
            continue;
        };
        if is_past(&node["parent"]) {
            continue;
        }
        match found.get(parent) {
            Some(parent) if truth.parents_of(*child).contains(parent) => {
                parents.insert(*child, *parent);
            }
            _ => problems.push(format!("{child} is no child of {parent}")),
        }
    }

    let real = truth.links_that_were();
    let mut links = BTreeSet::new();
    for link in list("links").iter().filter(|link| !is_past(link)) {
        let ends = (found.get(text(link, "a")), found.get(text(link, "b")));
        match ends {
            (Some(a), Some(b)) if real.contains(&(*a.min(b), *a.max(b))) => {
                links.insert((*a.min(b), *a.max(b)));
            }
            _ => problems.push(format!("link {} does not exist", text(link, "id"))),
        }
    }

    problems.extend(truth.nodes_to_find().difference(&seen).map(|node| format!("node {node} is missing")));
    problems.extend(
        truth
            .links_to_find()
            .difference(&links)
            .map(|(a, b)| format!("link {a} - {b} is missing")),
    );
    for (child, parent) in truth.parents_to_find() {
        if parents.get(&child) != Some(&parent) {
            problems.push(format!("{parent} as the parent of {child} is missing"));
        }
    }
    problems
}
