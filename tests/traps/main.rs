//! The traps that tools of this kind have fallen into, each as a small story: captures written by hand, and what must be concluded of them.

#![allow(clippy::unwrap_used)] // a test that fails says where

mod air;
mod freshness;
mod identity;
mod key;
mod parents;
mod paths;
mod tables;
mod words;

use serde_json::{Value, json};
use weft_tests::Story;
use weft_topology::{Link, Node, State, Topology};

/// The network of the stories, unless they have two.
const NETWORK: &str = "7000368d2534c02d";
/// The partition of the stories, unless they have two.
const PARTITION: u32 = 7;

/// What a router says of itself: its tables as the REST API shows network diagnostics.
/// `routes`: router id, link quality in, link quality out, cost. `children`: RLOC16 and extended address.
fn router(address: &str, rloc16: &str, routes: &[(u8, u8, u8, u8)], children: &[(&str, &str)]) -> Value {
    let routes: Vec<Value> = routes
        .iter()
        .map(|(id, quality_in, quality_out, cost)| json!({"routeId": id, "linkQualityIn": quality_in, "linkQualityOut": quality_out, "routeCost": cost}))
        .collect();
    let children: Vec<Value> = children.iter().map(|(rloc16, address)| child(rloc16, address)).collect();
    let mut said = json!({
        "extAddress": address, "rloc16": rloc16, "extPanId": NETWORK, "leaderData": leader_data(PARTITION, 10),
        "mode": {"rxOnWhenIdle": true, "fullThreadDevice": true, "fullNetworkData": true},
        "route": {"idSequence": 1, "routeData": routes},
    });
    if !children.is_empty() {
        said["children"] = children.into();
    }
    said
}

/// One row of a router's list of children: a sleepy child that attached twenty seconds ago, and was heard ten seconds ago.
fn child(rloc16: &str, address: &str) -> Value {
    json!({
        "rloc16": rloc16, "extAddress": address, "rxOnWhenIdle": false, "fullThreadDevice": false, "fullNetworkData": false,
        "timeout": 240, "age": 10, "linkAge": 20, "averageRssi": -60, "lastRssi": -61, "linkMargin": 30
    })
}

/// What a sleepy child says of itself.
fn sleepy(address: &str, rloc16: &str) -> Value {
    json!({
        "extAddress": address, "rloc16": rloc16, "extPanId": NETWORK, "leaderData": leader_data(PARTITION, 10),
        "mode": {"rxOnWhenIdle": false, "fullThreadDevice": false, "fullNetworkData": false}
    })
}

fn leader_data(partition: u32, leader: u8) -> Value {
    json!({"partitionId": partition, "weighting": 64, "dataVersion": 1, "stableDataVersion": 1, "leaderRouterId": leader})
}

/// A row of a Matter node's neighbour table (0x0035/7), by context tag as Matter servers show it.
fn neighbor(address: u64, rloc16: u16, lqi: u8, full: bool, rx_on: bool, is_child: bool) -> Value {
    json!({
        "0": address, "1": 5, "2": rloc16, "3": 100, "4": 100, "5": lqi, "6": -60, "7": -61, "8": 0, "9": 0,
        "10": rx_on, "11": full, "12": full, "13": is_child
    })
}

/// A row of a Matter node's route table (0x0035/8). `quality` 0: no link.
fn route(address: u64, rloc16: u16, next_hop: u8, cost: u8, quality: u8) -> Value {
    json!({
        "0": address, "1": rloc16, "2": rloc16 >> 10, "3": next_hop, "4": cost, "5": quality, "6": quality, "7": 5,
        "8": true, "9": quality > 0
    })
}

/// The Thread attributes of a Matter node: role (2 sleepy, 3 end device, 4 REED, 5 router, 6 leader) and tables.
fn thread(role: u8, neighbors: &[Value], routes: &[Value]) -> Value {
    json!({
        "0/53/0": 15, "0/53/1": role, "0/53/2": "trap", "0/53/3": 0x100b, "0/53/4": 0x7000_368d_2534_c02d_u64,
        "0/53/7": neighbors, "0/53/8": routes, "0/53/9": PARTITION, "0/53/13": 10
    })
}

/// The node of a radio.
#[track_caller]
fn radio<'t>(topology: &'t Topology, address: &str) -> &'t Node {
    let found: Vec<&Node> = topology
        .nodes()
        .filter(|node| node.extended_address.is_some_and(|is| is.to_string() == address))
        .collect();
    assert_eq!(found.len(), 1, "nodes of {address} among {:?}", ids(topology));
    found[0]
}

fn ids(topology: &Topology) -> Vec<&str> {
    topology.nodes().map(|node| &*node.id).collect()
}

/// The extended address of a node's parent.
fn parent_of(topology: &Topology, node: &Node) -> Option<String> {
    let parent = topology.node(&node.parent.as_ref()?.node)?;
    Some(parent.extended_address?.to_string())
}

/// The links of a radio.
fn links_of<'t>(topology: &'t Topology, address: &str) -> Vec<&'t Link> {
    let id = &radio(topology, address).id;
    topology.links().filter(|link| link.a == *id || link.b == *id).collect()
}

/// True while somebody says so of the present.
fn is_present(state: State) -> bool {
    !matches!(state, State::Gone | State::Stale)
}

/// Everything that was captured is understood.
#[track_caller]
fn assert_read(story: &Story) {
    assert!(story.problems().is_empty(), "{:?}", story.problems());
}
