//! Who is whose parent, and who is a router at all.

use crate::{PARTITION, assert_read, child, ids, leader_data, links_of, neighbor, parent_of, radio, route, router, sleepy, thread};
use serde_json::json;
use weft_tests::{Story, bytes};
use weft_topology::{LinkKind, Role, State};

const LEADER: u64 = 0x26c7_2745_5487_558b; // 0xe000, router id 56
const PARENT: u64 = 0xd634_c32d_2d43_3f8a; // 0x2800, router id 10
const OTHER: u64 = 0x8635_d8a9_183f_0406; // 0x4000, router id 16
const CHILD: u64 = 0x92c7_910f_e9b9_10b7;

#[test]
fn an_ftd_child_does_not_list_its_parent_as_a_neighbour() {
    // It has links with the leader and 0x4000; its parent, 0x2800, is the row without a link, and everybody's next hop.
    let neighbors = [
        neighbor(LEADER, 0xe000, 3, true, true, false),
        neighbor(OTHER, 0x4000, 2, true, true, false),
    ];
    let routes = [
        route(PARENT, 0x2800, 63, 0, 0),
        route(OTHER, 0x4000, 10, 2, 2),
        route(LEADER, 0xe000, 10, 3, 3),
    ];
    let mut attributes = thread(4, &neighbors, &routes);
    attributes["0/53/63"] = json!(CHILD);
    let mut story = Story::new();
    story.matter(0, 1, attributes);
    assert_read(&story);
    let topology = story.topology(10);
    let node = radio(&topology, &bytes(CHILD));
    assert_eq!(node.role, Role::Reed);
    let parent = topology.node(&node.parent.as_ref().unwrap().node).unwrap();
    assert_eq!(
        parent
            .extended_address
            .map(|address| address.to_string())
            .unwrap_or_else(|| parent.rloc16.unwrap().to_string()),
        bytes(PARENT)
    );
    let mut kinds: Vec<(String, LinkKind)> = Vec::new();
    for link in links_of(&topology, &bytes(CHILD)) {
        let other = if link.a == node.id { &link.b } else { &link.a };
        kinds.push((other.to_string(), link.kind));
    }
    kinds.sort_by(|left, right| left.0.cmp(&right.0));
    let expected = [
        (bytes(LEADER), LinkKind::Neighbor),
        (bytes(OTHER), LinkKind::Neighbor),
        (bytes(PARENT), LinkKind::ParentChild),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn the_parents_row_of_an_ftd_child_may_have_a_zero_address() {
    let neighbors = [neighbor(OTHER, 0x4000, 2, true, true, false)];
    let routes = [
        route(0, 0x2800, 63, 0, 0),
        route(OTHER, 0x4000, 10, 2, 2),
        route(LEADER, 0xe000, 10, 3, 0),
    ];
    let mut attributes = thread(4, &neighbors, &routes);
    attributes["0/53/63"] = json!(CHILD);
    let mut story = Story::new();
    story.matter(0, 1, attributes);
    let mut parent = thread(5, &[], &[]);
    parent["0/53/63"] = json!(PARENT);
    parent["0/53/64"] = json!(0x2800);
    story.matter(0, 2, parent);
    let topology = story.topology(10);
    assert!(!ids(&topology).contains(&"0000000000000000"), "{:?}", ids(&topology));
    assert_eq!(parent_of(&topology, radio(&topology, &bytes(CHILD))), Some(bytes(PARENT)));
}

#[test]
fn an_end_device_with_rx_on_when_idle_is_no_router() {
    let mut listener = child("0x2801", &bytes(CHILD));
    listener["rxOnWhenIdle"] = json!(true);
    listener["fullThreadDevice"] = json!(true);
    listener["fullNetworkData"] = json!(true);
    let mut said = router(&bytes(PARENT), "0x2800", &[], &[]);
    said["children"] = json!([listener]);
    let mut story = Story::new();
    story.rest(0, said);
    // The same to Matter: the row says that it listens and is a full Thread device.
    let mut attributes = thread(5, &[neighbor(CHILD, 0x2801, 3, true, true, true)], &[]);
    attributes["0/53/63"] = json!(PARENT);
    story.matter(1, 1, attributes);
    assert_read(&story);
    let topology = story.topology(10);
    let node = radio(&topology, &bytes(CHILD));
    assert_eq!(node.role, Role::EndDevice, "reed only where something says router-eligible");
    assert_eq!(parent_of(&topology, node), Some(bytes(PARENT)));
    assert!(topology.links().all(|link| link.kind == LinkKind::ParentChild));
}

#[test]
fn a_dead_leader_is_not_drawn_beside_the_new_one() {
    let (leader, heir, third) = (bytes(LEADER), bytes(PARENT), bytes(OTHER));
    let with = |address: &str, rloc16: &str, partition: u32, leader_id: u8, routes: &[(u8, u8, u8, u8)]| {
        let mut said = router(address, rloc16, routes, &[]);
        said["leaderData"] = leader_data(partition, leader_id);
        said
    };
    let mut story = Story::new();
    story.rest(0, with(&leader, "0xe000", 7, 56, &[(10, 3, 3, 1), (16, 3, 3, 1)]));
    story.rest(0, with(&heir, "0x2800", 7, 56, &[(56, 3, 3, 1), (16, 3, 3, 1)]));
    story.rest(0, with(&third, "0x4000", 7, 56, &[(56, 3, 3, 1), (10, 3, 3, 1)]));
    let topology = story.topology(10);
    assert_eq!(radio(&topology, &leader).role, Role::Leader);
    // It is switched off. The others form a new partition, and asking it is in vain.
    story.rest(600, with(&heir, "0x2800", 9, 10, &[(16, 3, 3, 1)]));
    story.rest(600, with(&third, "0x4000", 9, 10, &[(10, 3, 3, 1)]));
    for seconds in [610, 620] {
        let target = json!({"kind": "thread-node", "extended_pan_id": crate::NETWORK, "address": "fe80::24c7:2745:5487:558b"});
        story.add(
            seconds,
            json!({"kind": "failure", "target": target, "attempt": "d/dg", "error": "no answer"}),
        );
    }
    assert_read(&story);
    let topology = story.topology(630);
    let leaders: Vec<String> = topology
        .nodes()
        .filter(|node| node.role == Role::Leader && node.state == State::Confirmed)
        .map(|node| node.id.to_string())
        .collect();
    assert_eq!(leaders, [heir], "one leader");
    assert_eq!(radio(&topology, &leader).state, State::Stale);
    let partitions: Vec<(u32, State)> = topology
        .networks()
        .flat_map(|network| &network.partitions)
        .map(|partition| (partition.partition_id.0, partition.state))
        .collect();
    assert!(partitions.contains(&(9, State::Confirmed)), "{partitions:?}");
    assert!(
        partitions
            .iter()
            .all(|(id, state)| *id == 9 || matches!(state, State::Stale | State::Gone)),
        "{partitions:?}"
    );
    assert!(
        topology.findings().all(|finding| finding.kind != "two-leaders"),
        "{:?}",
        topology.findings().collect::<Vec<_>>()
    );
}

#[test]
fn a_child_that_repeats_an_old_partition_makes_none() {
    // As recorded: the child sleeps through an election, and still says the last partition that it heard of.
    let mut story = Story::new();
    let mut parent = router(&bytes(PARENT), "0x2800", &[], &[("0x2801", &bytes(CHILD))]);
    parent["leaderData"] = leader_data(1_013_120_135, 10);
    story.rest(0, parent);
    let mut late = sleepy(&bytes(CHILD), "0x2801");
    late["leaderData"] = leader_data(220_203_458, 48);
    story.rest(5, late);
    assert_read(&story);
    let topology = story.topology(10);
    let partitions: Vec<u32> = topology
        .networks()
        .flat_map(|network| &network.partitions)
        .map(|partition| partition.partition_id.0)
        .collect();
    assert_eq!(partitions, [1_013_120_135]);
    let node = radio(&topology, &bytes(CHILD));
    assert_eq!(node.partition_id.unwrap().0, 1_013_120_135, "a child is where its parent is");
    assert_eq!(parent_of(&topology, node), Some(bytes(PARENT)));
    assert_eq!(topology.nodes().count(), 2, "{:?}", ids(&topology));
    assert!(topology.findings().all(|finding| finding.kind != "second-partition"));
}

#[test]
fn a_cluster_that_is_absent_leaves_the_parents_word() {
    // A device without Thread Network Diagnostics: only its interface (fe80::90c7:910f:e9b9:10b7) and its name.
    let mut story = Story::new();
    let interface = json!([{"0": "ieee802154", "1": true, "2": null, "3": null, "4": null, "5": [], "6": ["/oAAAAAAAACQx5EP6bkQtw=="], "7": 4}]);
    story.matter(
        0,
        1,
        json!({"0/51/0": interface, "0/40/1": "tado", "0/40/3": "X", "0/40/5": "Bedroom thermostat"}),
    );
    let mut attributes = thread(5, &[neighbor(CHILD, 0x2801, 3, false, false, true)], &[]);
    attributes["0/53/63"] = json!(PARENT);
    attributes["0/53/64"] = json!(0x2800);
    story.matter(0, 2, attributes);
    assert_read(&story);
    let topology = story.topology(10);
    assert_eq!(topology.nodes().count(), 2, "{:?}", ids(&topology));
    let node = radio(&topology, &bytes(CHILD));
    assert_eq!(node.name.as_deref(), Some("Bedroom thermostat"));
    assert_eq!(parent_of(&topology, node), Some(bytes(PARENT)));
    assert_eq!(node.parent.as_ref().unwrap().state, State::OneSided, "only the parent says so");
    assert_eq!(node.role, Role::SleepyEndDevice);
    assert_eq!(node.partition_id.unwrap().0, PARTITION);
}
