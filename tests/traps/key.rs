//! Traps of what a dongle hears that has the network's key.

use crate::{NETWORK, assert_read, parent_of, radio};
use serde_json::json;
use weft_tests::{Story, at};
use weft_topology::{LinkKind, Node, State, Topology};

/// Router 0x2800, leader.
const ROUTER: &str = "d634c32d2d433f8a";
/// Router 0x4000.
const OTHER: &str = "8635d8a9183f0406";
const CHILD: &str = "92c7910fe9b910b7";
/// A routable address of the child, and the interface id of its mesh-local one.
const ADDRESS: &str = "fda7:c957:ed9:3734::1";
const INTERFACE_ID: &str = "0102030405060708";

fn says(story: &mut Story, seconds: i64, from: &str, to: Option<&str>, command: u8, tlvs: &str) {
    story.add(
        seconds,
        json!({"kind": "mle", "source": "air", "pan_id": "0x100b", "extended_pan_id": NETWORK, "channel": 15, "from": from, "to": to, "command": command,
            "tlvs": tlvs}),
    );
}

/// Leader data: partition 7, the leader is 0x2800.
const LEADER_DATA: &str = "0b080000000740010a0a";

/// An advertisement: who it is, and the qualities in and out and the cost of 0x2800 (router 10) and 0x4000 (router 16).
fn advertises(story: &mut Story, seconds: i64, from: &str, rloc16: &str, of_10: u8, of_16: u8) {
    let mask = "0020800000000000";
    says(
        story,
        seconds,
        from,
        None,
        4,
        &format!("0002{rloc16}{LEADER_DATA}090b01{mask}{of_10:02x}{of_16:02x}"),
    );
}

/// A link of the best quality in both directions; no link, but a way at a cost of 2; nothing.
const LINK: u8 = 0xf1;
const WAY: u8 = 0x02;
const NOTHING: u8 = 0x00;
const ITSELF: u8 = 0x01;

/// What somebody tells who was asked where an address is.
fn tells_where(story: &mut Story, seconds: i64, rloc16: &str, last_transaction_seconds: Option<u32>) {
    let age = last_transaction_seconds.map(|seconds| format!("0604{seconds:08x}")).unwrap_or_default();
    let target = "fda7c9570ed937340000000000000001";
    story.add(
        seconds,
        json!({"kind": "tmf", "source": "air", "extended_pan_id": NETWORK, "peer": format!("fd2c:1fbe:3d6:dfd0:0:ff:fe00:{rloc16}"), "uri": "a/an", "overheard": true,
            "payload": format!("0010{target}0308{INTERFACE_ID}0202{rloc16}{age}")}),
    );
}

fn sensor(story: &mut Story, seconds: i64) {
    let txt = [("id", "46463a34363a35443a45443a30423a3837"), ("md", "4e4c3435")];
    story.service(seconds, "_hap._udp.local.", "Garage sensor", "sensor.local.", &[ADDRESS], &txt);
}

fn named<'t>(topology: &'t Topology, name: &str) -> &'t Node {
    let mut found = topology.nodes().filter(|node| node.name.as_deref() == Some(name));
    let first = found.next().unwrap();
    assert!(found.next().is_none(), "it is there twice");
    first
}

#[test]
fn a_router_that_was_a_child_a_minute_ago_is_gone_when_its_neighbour_drops_it() {
    let mut story = Story::new();
    advertises(&mut story, 0, ROUTER, "2800", ITSELF, NOTHING);
    // It attached as a child, and became a router at once.
    says(&mut story, 1, ROUTER, Some(OTHER), 12, &format!("00022800{LEADER_DATA}0a022803"));
    advertises(&mut story, 5, OTHER, "4000", LINK, ITSELF);
    advertises(&mut story, 6, ROUTER, "2800", ITSELF, LINK);
    assert_eq!(radio(&story.topology(7), OTHER).state, State::Confirmed);
    // Its last word is of second 20; it is dropped a hundred seconds later.
    advertises(&mut story, 20, OTHER, "4000", LINK, ITSELF);
    for seconds in [30, 60, 90] {
        advertises(&mut story, seconds, ROUTER, "2800", ITSELF, LINK);
    }
    let topology = story.topology(91);
    assert_eq!(radio(&topology, OTHER).last_heard_at, Some(at(20)), "who lists it did not just hear it");
    advertises(&mut story, 122, ROUTER, "2800", ITSELF, WAY);
    assert_read(&story);
    let topology = story.topology(123);
    assert_eq!(
        radio(&topology, OTHER).state,
        State::Gone,
        "what its parent said to it when it was a child is over"
    );
    assert!(topology.links().all(|link| link.state == State::Gone));
}

#[test]
fn what_a_router_offers_who_looks_for_a_parent_is_no_link() {
    let mut story = Story::new();
    advertises(&mut story, 0, ROUTER, "2800", ITSELF, NOTHING);
    // A Parent Response with a link margin of 40 dB, and connectivity; then the asker becomes a router.
    let offer = format!("00022800{LEADER_DATA}1001280f0a000300000001020000001201000200050300");
    says(&mut story, 1, ROUTER, Some(OTHER), 10, &offer);
    assert_eq!(story.topology(2).links().count(), 0);
    advertises(&mut story, 3, OTHER, "4000", NOTHING, ITSELF);
    assert_eq!(story.topology(4).links().count(), 0, "hearing one answer is no link");
}

#[test]
fn a_child_that_only_its_parent_spoke_of_leaves_at_once() {
    // A node of our own: the dongle does not hear what it sends itself.
    let mut story = Story::new();
    advertises(&mut story, 0, ROUTER, "2800", ITSELF, NOTHING);
    says(&mut story, 10, ROUTER, Some(CHILD), 12, &format!("00022800{LEADER_DATA}0a022801"));
    let topology = story.topology(11);
    let child = radio(&topology, CHILD);
    assert_eq!((child.rloc16.map(|rloc16| rloc16.get()), child.state), (Some(0x2801), State::OneSided));
    assert_eq!(parent_of(&topology, child).as_deref(), Some(ROUTER));
    assert_eq!(topology.links().map(|link| link.kind).collect::<Vec<_>>(), [LinkKind::ParentChild]);
    says(&mut story, 60, CHILD, Some(ROUTER), 13, "0002280101010f020400000000");
    assert_read(&story);
    let topology = story.topology(61);
    assert_eq!(radio(&topology, CHILD).state, State::Gone);
    assert_eq!(radio(&topology, ROUTER).state, State::OneSided);
    says(&mut story, 100, ROUTER, Some(CHILD), 12, &format!("00022800{LEADER_DATA}0a022804"));
    assert_eq!(radio(&story.topology(101), CHILD).state, State::OneSided, "it came back");
}

#[test]
fn addresses_that_a_child_registers_give_it_its_name() {
    let mut story = Story::new();
    sensor(&mut story, 0);
    advertises(&mut story, 1, ROUTER, "2800", ITSELF, NOTHING);
    says(&mut story, 2, ROUTER, Some(CHILD), 12, &format!("00022800{LEADER_DATA}0a022801"));
    story.add(
        3,
        json!({"kind": "mle", "source": "air", "pan_id": "0x100b", "extended_pan_id": NETWORK, "from": CHILD, "to": ROUTER, "command": 13,
            "tlvs": "0002280101010d", "registered": [ADDRESS, "fd2c:1fbe:3d6:dfd0:102:304:506:708"]}),
    );
    assert_read(&story);
    let topology = story.topology(4);
    let node = named(&topology, "Garage sensor");
    assert_eq!(node.extended_address.map(|address| address.to_string()).as_deref(), Some(CHILD));
    assert_eq!(parent_of(&topology, node).as_deref(), Some(ROUTER));
    assert_eq!(node.addresses, ["fd2c:1fbe:3d6:dfd0:102:304:506:708", ADDRESS]);
}

#[test]
fn whoever_tells_where_its_address_is_gets_its_name() {
    let mut story = Story::new();
    sensor(&mut story, 0);
    advertises(&mut story, 1, ROUTER, "2800", ITSELF, NOTHING);
    advertises(&mut story, 2, OTHER, "4000", LINK, ITSELF);
    tells_where(&mut story, 3, "4000", None);
    assert_read(&story);
    let name_of = |topology: &Topology, address| radio(topology, address).name.clone();
    let topology = story.topology(4);
    assert_eq!(name_of(&topology, OTHER).as_deref(), Some("Garage sensor"));
    assert_eq!(topology.nodes().count(), 2);
    advertises(&mut story, 30, OTHER, "4000", LINK, ITSELF);
    // Another router gets the locator: it is not that device.
    says(&mut story, 300, OTHER, None, 4, &format!("00026000{LEADER_DATA}"));
    advertises(&mut story, 310, CHILD, "4000", LINK, ITSELF);
    let topology = story.topology(311);
    assert_eq!(name_of(&topology, CHILD), None);
    assert_eq!(name_of(&topology, OTHER).as_deref(), Some("Garage sensor"));
}

#[test]
fn a_router_that_answers_for_an_address_is_its_parent() {
    let mut story = Story::new();
    sensor(&mut story, 0);
    advertises(&mut story, 1, ROUTER, "2800", ITSELF, NOTHING);
    tells_where(&mut story, 60, "2800", Some(30));
    assert_read(&story);
    let topology = story.topology(61);
    let node = named(&topology, "Garage sensor");
    assert_eq!(parent_of(&topology, node).as_deref(), Some(ROUTER));
    assert_eq!(node.parent.as_ref().unwrap().state, State::OneSided);
    assert_eq!(
        (node.rloc16, node.last_heard_at),
        (None, Some(at(30))),
        "the router says when it heard it"
    );
    assert_eq!(topology.nodes().count(), 2);
    // Its mesh-local address, which it tells its parent, says which radio it is.
    story.add(
        70,
        json!({"kind": "mle", "source": "air", "pan_id": "0x100b", "extended_pan_id": NETWORK, "from": CHILD, "to": ROUTER, "command": 13,
            "tlvs": "0002280101010d", "registered": ["fd2c:1fbe:3d6:dfd0:102:304:506:708"]}),
    );
    let topology = story.topology(71);
    let node = named(&topology, "Garage sensor");
    assert_eq!(node.extended_address.map(|address| address.to_string()).as_deref(), Some(CHILD));
    assert_eq!(parent_of(&topology, node).as_deref(), Some(ROUTER));
    assert_eq!(topology.nodes().count(), 2);
}
