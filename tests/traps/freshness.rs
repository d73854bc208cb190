//! How old a statement is, and whose silence it is.

use crate::{NETWORK, PARTITION, assert_read, ids, is_present, leader_data, links_of, parent_of, radio, router, sleepy};
use serde_json::{Value, json};
use weft_tests::Story;
use weft_topology::State;

const ROUTER: &str = "d634c32d2d433f8a";
const OTHER: &str = "8635d8a9183f0406";
const CHILD: &str = "92c7910fe9b910b7";
/// The child's routable address.
const ROUTABLE: &str = "fda7:c957:ed9:3734:1b60:6e22:1c64:a11c";

fn home(story: &mut Story, seconds: i64) {
    story.rest(seconds, router(ROUTER, "0x2800", &[(16, 3, 3, 1)], &[("0x2801", CHILD)]));
    story.rest(seconds, router(OTHER, "0x4000", &[(10, 3, 3, 1)], &[]));
    story.rest(seconds, sleepy(CHILD, "0x2801"));
}

/// The state of everything that the home consists of.
fn states(story: &Story, seconds: i64) -> Vec<State> {
    let topology = story.topology(seconds);
    let nodes = topology.nodes().map(|node| node.state);
    let parents = topology.nodes().filter_map(|node| node.parent.as_ref()).map(|parent| parent.state);
    let links = topology.links().map(|link| link.state);
    nodes.chain(parents).chain(links).collect()
}

fn source(state: &str) -> Value {
    json!({"kind": "source", "state": state, "reason": "the machine slept"})
}

#[test]
fn a_laptop_that_slept_for_half_an_hour_declares_nothing_dead() {
    let mut slept = Story::new();
    home(&mut slept, 0);
    let before = states(&slept, 59);
    assert!(before.len() >= 6 && before.iter().all(|state| *state == State::Confirmed), "{before:?}");
    slept.add(60, source("suspended"));
    assert_eq!(states(&slept, 1_000), before, "its clock of freshness stands still");
    slept.add(1_860, source("working"));
    assert_read(&slept);
    assert_eq!(states(&slept, 1_900), before, "100 s have passed for what it heard");
    assert!(
        states(&slept, 1_860 + 1_800).iter().all(|state| *state == State::Stale),
        "and then it ages again"
    );
    // The same without sleep: nobody asked for more than half an hour.
    let mut idle = Story::new();
    home(&mut idle, 0);
    assert!(
        states(&idle, 1_900).iter().all(|state| *state == State::Stale),
        "{:?}",
        states(&idle, 1_900)
    );
}

#[test]
fn two_days_of_sleep_are_no_death_either() {
    let mut story = Story::new();
    home(&mut story, 0);
    let before = states(&story, 59);
    story.add(60, source("suspended"));
    story.add(2 * 86_400, source("working"));
    assert_eq!(states(&story, 2 * 86_400 + 30), before);
}

#[test]
fn the_clock_runs_while_another_source_hears() {
    let mut story = Story::new();
    home(&mut story, 0);
    // Another gateway that asks the same way stays awake, and hears nothing of this home.
    let body = json!({"data": [{"id": "1", "type": "networkDiagnostics", "attributes": router("26c727455487558b", "0xe000", &[], &[])}]});
    story.add(
        1,
        json!({"source": "awake", "kind": "otbr-rest", "base": "http://awake:8081", "path": "/api/diagnostics", "status": 200, "body": body}),
    );
    story.add(60, source("suspended"));
    let topology = story.topology(1_900);
    assert_eq!(radio(&topology, OTHER).state, State::Stale);
}

fn asked_in_vain(story: &mut Story, seconds: i64) {
    let target = json!({"kind": "thread-node", "extended_pan_id": NETWORK, "address": "fe80::8435:d8a9:183f:406"});
    story.add(
        seconds,
        json!({"kind": "failure", "target": target, "attempt": "d/dg", "error": "no answer within 5 s"}),
    );
}

#[test]
fn asked_in_vain_once_is_bad_luck_and_twice_is_stale() {
    let mut story = Story::new();
    home(&mut story, 0);
    asked_in_vain(&mut story, 100);
    assert_read(&story);
    let own_word = |story: &Story, seconds| {
        let topology = story.topology(seconds);
        links_of(&topology, OTHER).first().map(|link| link.state)
    };
    assert_eq!(own_word(&story, 101), Some(State::Confirmed), "once is bad luck");
    let device = |story: &Story, seconds| radio(&story.topology(seconds), OTHER).state;
    assert_eq!(device(&story, 101), State::Confirmed);
    asked_in_vain(&mut story, 200);
    assert_eq!(
        own_word(&story, 201),
        Some(State::OneSided),
        "its own word is stale, its neighbour's stands"
    );
    assert_eq!(own_word(&story, 199), Some(State::Confirmed), "at 199 s nobody knew");
    assert_eq!(
        device(&story, 201),
        State::Stale,
        "its neighbour has not dropped it yet, and it does not answer"
    );
    story.rest(250, router(ROUTER, "0x2800", &[(16, 3, 3, 1)], &[]));
    assert_eq!(device(&story, 251), State::Stale, "that it is listed still is no word of its own");
    story.rest(300, router(OTHER, "0x4000", &[(10, 3, 3, 1)], &[]));
    assert_eq!(own_word(&story, 301), Some(State::Confirmed), "it answers again");
    assert_eq!(device(&story, 301), State::Confirmed);
    asked_in_vain(&mut story, 400);
    assert_eq!(
        own_word(&story, 401),
        Some(State::Confirmed),
        "what was in vain before it answered no longer counts"
    );
}

/// By its locator, as a sweep asks: who that is, others said.
#[test]
fn who_did_not_answer_is_remembered_when_all_others_go_to_another_partition() {
    let mut story = Story::new();
    home(&mut story, 0);
    let target = json!({"kind": "thread-node", "extended_pan_id": NETWORK, "address": "fd00:1:2:3:0:ff:fe00:4000"});
    for seconds in [100, 103] {
        let failure = json!({"kind": "failure", "target": target.clone(), "attempt": "d/dq", "error": "no answer within 3 s"});
        story.add(seconds, failure);
    }
    assert_read(&story);
    assert_eq!(radio(&story.topology(104), OTHER).state, State::Stale);
    let elsewhere = |mut said: Value| {
        said["leaderData"] = leader_data(PARTITION + 1, 10);
        said
    };
    story.rest(200, elsewhere(router(ROUTER, "0x2800", &[], &[("0x2801", CHILD)])));
    story.rest(200, elsewhere(sleepy(CHILD, "0x2801")));
    let topology = story.topology(201);
    assert!(!is_present(radio(&topology, OTHER).state), "{:?}", radio(&topology, OTHER));
    let partitions: Vec<(u32, bool)> = topology
        .networks()
        .flat_map(|network| &network.partitions)
        .map(|partition| (partition.partition_id.0, is_present(partition.state)))
        .collect();
    assert_eq!(
        partitions,
        [(PARTITION, false), (PARTITION + 1, true)],
        "the one that is silent does not keep a partition up"
    );
    assert_eq!(topology.nodes().count(), 3, "{:?}", ids(&topology));
}

/// A border router of one half asks for locators of the other half, which nobody there has.
#[test]
fn who_is_in_another_partition_did_not_stay_silent_in_this_one() {
    let mut story = Story::new();
    home(&mut story, 0);
    let mut elsewhere = router(ROUTER, "0x2800", &[(16, 3, 3, 1)], &[("0x2801", CHILD)]);
    elsewhere["leaderData"] = leader_data(PARTITION + 1, 10);
    story.rest(200, elsewhere);
    story.rest(210, router(OTHER, "0x4000", &[], &[]));
    let target = json!({"kind": "thread-node", "extended_pan_id": NETWORK, "address": "fd00:1:2:3:0:ff:fe00:4000"});
    for seconds in [220, 223] {
        let failure = json!({"kind": "failure", "target": target.clone(), "attempt": "d/dq", "error": "no answer within 3 s"});
        story.add(seconds, failure);
    }
    assert_read(&story);
    let topology = story.topology(230);
    assert!(is_present(radio(&topology, OTHER).state), "{:?}", radio(&topology, OTHER));
    let are_present = topology
        .networks()
        .flat_map(|network| &network.partitions)
        .all(|partition| is_present(partition.state));
    assert!(are_present);
}

#[test]
fn a_partition_ends_with_its_last_device() {
    let mut story = Story::new();
    story.rest(0, router(ROUTER, "0x2800", &[], &[]));
    let mut alone = router(OTHER, "0x4000", &[], &[]);
    alone["leaderData"] = leader_data(77, 16);
    story.rest(0, alone);
    let split = |story: &Story, seconds| {
        let topology = story.topology(seconds);
        let states: Vec<State> = topology
            .networks()
            .flat_map(|network| &network.partitions)
            .filter(|partition| partition.partition_id == weft_model::PartitionId(77))
            .map(|partition| partition.state)
            .collect();
        (topology.findings().any(|finding| finding.kind == "second-partition"), states)
    };
    assert_eq!(split(&story, 10), (true, vec![State::OneSided]));
    asked_in_vain(&mut story, 20);
    asked_in_vain(&mut story, 30);
    assert_eq!(
        split(&story, 31),
        (false, vec![State::Stale]),
        "what its leader told stands for half an hour, and nobody is there"
    );
}

fn registration(story: &mut Story, seconds: i64) {
    let txt = [
        ("id", "46463a34363a35443a45443a30423a3837"),
        ("md", "4e4c3435"),
        ("ci", "35"),
        ("sf", "30"),
    ];
    story.service(seconds, "_hap._udp.local.", "Bulb A19", "Bulb-A19.local.", &[ROUTABLE], &txt);
}

/// A border agent that tells the prefix of routable addresses.
fn border_agent(story: &mut Story) {
    let agent = [
        ("nn", "74726170"),
        ("xp", NETWORK),
        ("xa", OTHER),
        ("sb", "000004b1"),
        ("omr", "40fda7c9570ed93734"),
    ];
    story.service(0, "_meshcop._udp.local.", "Border Router", "BorderRouter.local.", &["fd77::30"], &agent);
}

/// The router's lists of its one child, and of that child's addresses.
fn parent_lists(story: &mut Story, seconds: i64, child_rloc16: &str, address: &str, routable: Option<&str>) {
    let mut said = router(ROUTER, "0x2800", &[], &[(child_rloc16, address)]);
    if let Some(routable) = routable {
        said["childIpv6Addresses"] = json!([{"rloc16": child_rloc16, "ipv6Addresses": [routable]}]);
    }
    story.rest(seconds, said);
}

#[test]
fn an_address_that_a_parent_lists_joins_the_name_and_the_child() {
    for with_border_agent in [true, false] {
        let mut story = Story::new();
        if with_border_agent {
            border_agent(&mut story);
        }
        parent_lists(&mut story, 0, "0x2801", CHILD, Some(ROUTABLE));
        registration(&mut story, 1);
        assert_read(&story);
        let topology = story.topology(10);
        let node = radio(&topology, CHILD);
        assert_eq!(node.name.as_deref(), Some("Bulb A19"), "border agent {with_border_agent}");
        assert_eq!(parent_of(&topology, node).as_deref(), Some(ROUTER));
        assert_eq!(topology.nodes().filter(|node| !node.known_as.hap.is_empty()).count(), 1);
    }
}

#[test]
fn an_srp_registration_outlives_its_device() {
    // The device leaves: its parent, asked again, has another child. The border router goes on announcing its lease.
    let mut story = Story::new();
    border_agent(&mut story);
    parent_lists(&mut story, 0, "0x2801", CHILD, Some(ROUTABLE));
    registration(&mut story, 1);
    parent_lists(&mut story, 900, "0x2802", "fa5105afd70e80e8", Some("fda7:c957:ed9:3734::2"));
    registration(&mut story, 1_000);
    assert_read(&story);
    let topology = story.topology(1_010);
    let node = topology.nodes().find(|node| node.name.as_deref() == Some("Bulb A19")).unwrap();
    assert!(node.parent.is_none(), "{:?}", node.parent);
    assert!(
        node.last_heard_at.is_none_or(|heard| heard < weft_tests::at(1)),
        "a registration is no sign of life"
    );
    assert_eq!(node.last_parent.as_ref().map(|last| &*last.node), Some(ROUTER), "whose child was it?");
    assert_eq!(
        node.extended_address.map(|address| address.to_string()).as_deref(),
        Some(CHILD),
        "what was joined stays joined"
    );
    assert_eq!(node.state, State::Gone, "the registration is a name, not a sign of life");
}

#[test]
fn an_older_list_of_addresses_does_not_bring_a_child_back() {
    // The second time, only the children are asked for, not their addresses.
    let mut story = Story::new();
    border_agent(&mut story);
    parent_lists(&mut story, 0, "0x2801", CHILD, Some(ROUTABLE));
    registration(&mut story, 1);
    parent_lists(&mut story, 900, "0x2802", "fa5105afd70e80e8", None);
    let topology = story.topology(910);
    let children: Vec<&str> = topology.nodes().filter(|node| node.parent.is_some()).map(|node| &*node.id).collect();
    assert_eq!(children, ["fa5105afd70e80e8"], "the router's newer list has one child");
}

#[test]
fn a_registration_alone_is_a_name_that_is_not_placed() {
    let mut story = Story::new();
    let agent = [
        ("nn", "74726170"),
        ("xp", NETWORK),
        ("xa", ROUTER),
        ("sb", "000004b1"),
        ("omr", "40fda7c9570ed93734"),
    ];
    story.service(0, "_meshcop._udp.local.", "Border Router", "BorderRouter.local.", &["fd77::30"], &agent);
    registration(&mut story, 1);
    assert_read(&story);
    let named = |seconds| {
        let topology = story.topology(seconds);
        let node = topology.nodes().find(|node| node.name.as_deref() == Some("Bulb A19")).unwrap().clone();
        assert_eq!(
            (node.rloc16, node.parent.is_none(), node.last_heard_at),
            (None, true, None),
            "nobody knows where it is, or whether it lives"
        );
        assert_eq!(node.network.as_deref(), Some(NETWORK), "its address lies inside an OMR prefix");
        node.state
    };
    assert_eq!(named(10), State::OneSided);
    assert_eq!(named(4_600), State::Stale, "its time to live is over");
    assert_eq!(named(100_000), State::Gone);
}
