//! Weft's topology against what the nodes say of themselves.

use super::text;
use super::truth::{NodeTruth, Truth};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// States that say nothing of the present.
pub fn is_past(value: &Value) -> bool {
    matches!(text(value, "state"), "gone" | "stale")
}

fn list<'a>(topology: &'a Value, name: &str) -> &'a [Value] {
    topology[name].as_array().map_or(&[], Vec::as_slice)
}

/// The node with an extended address.
pub fn node<'a>(topology: &'a Value, extended_address: &str) -> Option<&'a Value> {
    list(topology, "nodes").iter().find(|node| node["extended_address"] == extended_address)
}

/// What is missing in a topology, and what is in it and not true. Empty: it is the mesh of that moment, all of it and nothing else.
pub fn problems_of(topology: &Value, truth: &Truth) -> Vec<String> {
    let mut problems = Vec::new();
    let ids: BTreeMap<&str, &NodeTruth> = list(topology, "nodes")
        .iter()
        .filter_map(|node| Some((text(node, "id"), truth.nodes.get(text(node, "extended_address"))?)))
        .collect();
    nodes(topology, truth, &mut problems);
    partitions(topology, truth, &ids, &mut problems);
    links(topology, truth, &ids, &mut problems);
    problems
}

fn nodes(topology: &Value, truth: &Truth, problems: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for node in list(topology, "nodes").iter().filter(|node| !is_past(node)) {
        let address = text(node, "extended_address");
        let Some(is) = truth.nodes.get(address) else {
            if !node["rloc16"].is_null() {
                problems.push(format!("node {} ({address}) does not exist", text(node, "id")));
            }
            continue;
        };
        if !seen.insert(address) {
            problems.push(format!("node {} is there twice", is.number));
        }
        if text(node, "rloc16") != is.rloc16 {
            problems.push(format!("node {} has {}, and {} in truth", is.number, node["rloc16"], is.rloc16));
        }
        let role_is_right = match text(node, "role") {
            "leader" => is.state == "leader",
            "router" => is.state == "router",
            "reed" | "end-device" | "sleepy-end-device" => is.state == "child",
            _ => false,
        };
        if !role_is_right {
            problems.push(format!(
                "node {} is said to be a {}, and is a {}",
                is.number,
                text(node, "role"),
                is.state
            ));
        }
        if node["partition_id"] != is.partition_id {
            problems.push(format!(
                "node {} is in partition {}, and in {} in truth",
                is.number, node["partition_id"], is.partition_id
            ));
        }
        let parent = node["parent"]["node"].as_str().filter(|_| !is_past(&node["parent"]));
        let parent = parent.and_then(|id| list(topology, "nodes").iter().find(|node| text(node, "id") == id));
        let parent = parent.map(|parent| text(parent, "extended_address"));
        if parent != is.parent.as_deref() {
            problems.push(format!("node {}'s parent is {parent:?}, and {:?} in truth", is.number, is.parent));
        }
    }
    for (address, node) in &truth.nodes {
        if !seen.contains(address.as_str()) {
            problems.push(format!("node {} ({address}) is missing", node.number));
        }
    }
}

fn partitions(topology: &Value, truth: &Truth, ids: &BTreeMap<&str, &NodeTruth>, problems: &mut Vec<String>) {
    let said: BTreeMap<Option<u64>, Option<u16>> = list(topology, "networks")
        .iter()
        .flat_map(|network| list(network, "partitions"))
        .filter(|partition| !is_past(partition))
        .map(|partition| {
            (
                partition["partition_id"].as_u64(),
                ids.get(text(partition, "leader")).map(|node| node.number),
            )
        })
        .collect();
    let leaders = truth.nodes.values().filter(|node| node.state == "leader");
    let is: BTreeMap<Option<u64>, Option<u16>> = leaders
        .map(|leader| (Some(u64::from(leader.partition_id)), Some(leader.number)))
        .collect();
    if said != is {
        problems.push(format!("partitions and leaders: {said:?}, and {is:?} in truth"));
    }
}

/// A link by the numbers of its ends, the smaller first (the parent, where there is one), and how well each end hears the other.
type Links = BTreeMap<(&'static str, u16, u16), (Option<u64>, Option<u64>)>;

fn links(topology: &Value, truth: &Truth, ids: &BTreeMap<&str, &NodeTruth>, problems: &mut Vec<String>) {
    let is = links_of(truth);
    let mut said = Links::new();
    let mut one_sided = BTreeSet::new();
    for link in list(topology, "links").iter().filter(|link| !is_past(link)) {
        let (Some(a), Some(b)) = (ids.get(text(link, "a")), ids.get(text(link, "b"))) else {
            if !is_listed_still(topology, ids, link) {
                problems.push(format!("link {} has an end that does not exist", text(link, "id")));
            }
            continue;
        };
        let quality = |direction: &str| link[direction]["link_quality"].as_u64();
        let (mut ends, mut heard) = ((a.number, b.number), (quality("a_hears_b"), quality("b_hears_a")));
        let kind = match text(link, "kind") {
            "parent-child" => "parent-child",
            "router" => "router",
            _ => "neighbor",
        };
        // A child that hears a router: the router first.
        let turn = match kind {
            "parent-child" => false,
            "router" => ends.0 > ends.1,
            _ => b.is_router(),
        };
        if turn {
            (ends, heard) = ((ends.1, ends.0), (heard.1, heard.0));
        }
        said.insert((kind, ends.0, ends.1), heard);
        if link["state"] == "one-sided" {
            one_sided.insert((kind, ends.0, ends.1));
        }
    }
    for (link, qualities) in &is {
        match said.get(link) {
            None => problems.push(format!("link {link:?} is missing")),
            // What nobody on the mesh is told is not asked for.
            Some(heard) if differ(qualities.0, heard.0) || differ(qualities.1, heard.1) => {
                problems.push(format!("link {link:?} has qualities {heard:?}, and {qualities:?} in truth"));
            }
            Some(_) => {}
        }
    }
    for (link, heard) in said.iter().filter(|(link, _)| !is.contains_key(*link)) {
        // A router tells in its routes of others that it hears, link or not. That is no link that works, but it is what it says.
        if one_sided.contains(link) && hears(truth, link.1, link.2, heard.0) && hears(truth, link.2, link.1, heard.1) {
            continue;
        }
        let ends = truth.nodes.values().filter(|node| node.number == link.1 || node.number == link.2);
        let tables: Vec<String> = ends.map(|node| format!("{}: {:?}", node.number, node.routers)).collect();
        problems.push(format!("link {link:?} with qualities {heard:?} does not exist: {}", tables.join("; ")));
    }
}

/// One end is not there any more, and is shown so; the other end still lists it, as routers do for 76 to 100 s after its last word, and is all that says so.
fn is_listed_still(topology: &Value, ids: &BTreeMap<&str, &NodeTruth>, link: &Value) -> bool {
    let [a, b] = ["a", "b"].map(|end| text(link, end));
    let lists = |here: &str, there: &str| {
        let there = list(topology, "nodes").iter().find(|node| text(node, "id") == there && is_past(node));
        let address = there.map(|node| text(node, "extended_address"));
        ids.get(here)
            .zip(address)
            .is_some_and(|(here, address)| here.routers.contains_key(address) || here.hears.contains_key(address))
    };
    link["state"] == "one-sided" && (lists(a, b) || lists(b, a))
}

/// The first router says that it hears the second so well, though it has no link with it; or nothing is said.
fn hears(truth: &Truth, here: u16, there: u16, quality: Option<u64>) -> bool {
    let row = truth.node(here).hears.get(&truth.node(there).extended_address);
    quality.is_none_or(|quality| row.is_some_and(|row| u64::from(*row) == quality))
}

fn differ(truth: Option<u64>, said: Option<u64>) -> bool {
    truth.is_some() && truth != said
}

/// All links, with the qualities that the tables of the mesh hold.
fn links_of(truth: &Truth) -> Links {
    let number = |address: &str| truth.nodes.get(address).map(|node| node.number);
    let mut links = Links::new();
    for node in truth.nodes.values() {
        for (child, (_, incoming)) in &node.children {
            if let Some(child) = number(child) {
                links.insert(("parent-child", node.number, child), (Some(u64::from(*incoming)), None));
            }
        }
        for (other, heard) in &node.routers {
            let Some(other_number) = number(other) else { continue };
            if node.is_router() {
                // Each end's own word: the other may have forgotten it.
                let hears = |here: u16, there: u16| {
                    let (here, there) = (truth.node(here), &truth.node(there).extended_address);
                    let quality = here.routers.get(there).map(|heard| heard.incoming).or(here.hears.get(there).copied());
                    quality.map(u64::from)
                };
                let (first, second) = (node.number.min(other_number), node.number.max(other_number));
                links.insert(("router", first, second), (hears(first, second), hears(second, first)));
            } else if node.parent.as_ref() != Some(other) {
                links.insert(("neighbor", other_number, node.number), (None, Some(u64::from(heard.incoming))));
            }
        }
    }
    links
}
