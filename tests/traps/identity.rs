//! Who is who: names that look like one, and devices that look like two.

use crate::{NETWORK, assert_read, ids, neighbor, parent_of, radio, route, router, sleepy, thread};
use serde_json::{Value, json};
use weft_tests::{Story, bytes};
use weft_topology::State;

const ONE: &str = "d634c32d2d433f8a";
const OTHER: &str = "8635d8a9183f0406";
const CHILD: &str = "92c7910fe9b910b7";
const NEWCOMER: &str = "fa5105afd70e80e8";

#[test]
fn rloc16_reuse_after_reattachment() {
    // The child moves from 0x2800 to 0x4000, and the old parent gives its locator to another device.
    let mut story = Story::new();
    story.rest(0, router(ONE, "0x2800", &[(16, 3, 3, 1)], &[("0x2801", CHILD)]));
    story.rest(0, sleepy(CHILD, "0x2801"));
    story.rest(600, router(OTHER, "0x4000", &[(10, 3, 3, 1)], &[("0x4001", CHILD)]));
    story.rest(610, router(ONE, "0x2800", &[(16, 3, 3, 1)], &[("0x2801", NEWCOMER)]));
    assert_read(&story);
    let before = story.topology(10);
    assert_eq!(parent_of(&before, radio(&before, CHILD)).as_deref(), Some(ONE));
    let after = story.topology(620);
    assert_eq!(after.nodes().count(), 4, "{:?}", ids(&after));
    assert_eq!(parent_of(&after, radio(&after, CHILD)).as_deref(), Some(OTHER));
    assert_eq!(radio(&after, CHILD).rloc16.unwrap().to_string(), "0x4001");
    assert_eq!(radio(&after, CHILD).last_parent.as_ref().map(|last| &*last.node), Some(ONE));
    assert_eq!(parent_of(&after, radio(&after, NEWCOMER)).as_deref(), Some(ONE));
    assert_eq!(radio(&after, NEWCOMER).rloc16.unwrap().to_string(), "0x2801");
}

#[test]
fn a_silent_device_does_not_keep_the_locator_that_another_one_answers_with() {
    let mut story = Story::new();
    story.rest(0, sleepy(CHILD, "0x2801"));
    story.rest(600, sleepy(NEWCOMER, "0x2801"));
    story.rest(600, router(ONE, "0x2800", &[], &[]));
    let topology = story.topology(610);
    assert_eq!(radio(&topology, NEWCOMER).rloc16.unwrap().to_string(), "0x2801");
    assert_eq!(radio(&topology, CHILD).rloc16, None, "one locator, one holder");
    assert!(
        radio(&topology, CHILD)
            .parent
            .as_ref()
            .is_none_or(|parent| parent.state != State::Confirmed)
    );
}

#[test]
fn the_same_rloc16_in_two_networks() {
    let other_network = "dead1111beef2222";
    let mut story = Story::new();
    story.rest(0, router(ONE, "0x2800", &[], &[("0x2801", CHILD)]));
    let mut other = router(OTHER, "0x2800", &[], &[("0x2801", NEWCOMER)]);
    other["extPanId"] = json!(other_network);
    let body = json!({"data": [{"id": "1", "type": "networkDiagnostics", "attributes": other}]});
    story.add(
        1,
        json!({"kind": "otbr-rest", "base": "http://neighbour:8081", "path": "/api/diagnostics", "status": 200, "body": body}),
    );
    assert_read(&story);
    let topology = story.topology(10);
    let networks: Vec<&str> = topology.networks().map(|network| &*network.id).collect();
    assert_eq!(networks, [NETWORK, other_network]);
    assert_eq!(topology.nodes().count(), 4, "{:?}", ids(&topology));
    for (address, network, parent) in [(CHILD, NETWORK, ONE), (NEWCOMER, other_network, OTHER)] {
        let node = radio(&topology, address);
        assert_eq!(node.network.as_deref(), Some(network));
        assert_eq!(node.rloc16.unwrap().to_string(), "0x2801");
        assert_eq!(parent_of(&topology, node).as_deref(), Some(parent));
    }
}

/// Network interfaces of a Matter node: type 4 is Thread, 1 Wi-Fi. Octet strings are base64.
fn interface(name: &str, hardware_address: &str, addresses: &[&str], kind: u8) -> Value {
    json!({"0": name, "1": true, "2": null, "3": null, "4": hardware_address, "5": [], "6": addresses, "7": kind})
}

#[test]
fn a_factory_eui64_in_network_interfaces() {
    // Base64 of 18b4300000000009, the factory EUI-64, and of fe80::90c7:910f:e9b9:10b7, which contains the radio's address.
    let mut with_link_local = thread(2, &[neighbor(0xd634_c32d_2d43_3f8a, 0x2800, 3, true, true, false)], &[]);
    with_link_local["0/51/0"] = json!([interface("ieee802154", "GLQwAAAAAAk=", &["/oAAAAAAAACQx5EP6bkQtw=="], 4)]);
    let mut story = Story::new();
    story.matter(0, 1, with_link_local);
    story.rest(0, router(ONE, "0x2800", &[], &[("0x2801", CHILD)]));
    assert_read(&story);
    let topology = story.topology(10);
    assert_eq!(topology.nodes().count(), 2, "{:?}", ids(&topology));
    let node = radio(&topology, CHILD);
    assert_eq!(node.known_as.matter.len(), 1, "the Matter node and the child are one");
    assert_eq!(parent_of(&topology, node).as_deref(), Some(ONE));
}

#[test]
fn a_hardware_address_that_nobody_hears_is_no_radio_address() {
    // No link-local address: nothing says that 18b4300000000009 is on the air, and nobody hears it.
    let mut only_hardware = thread(2, &[neighbor(0xd634_c32d_2d43_3f8a, 0x2800, 3, true, true, false)], &[]);
    only_hardware["0/51/0"] = json!([interface("ieee802154", "GLQwAAAAAAk=", &[], 4)]);
    let mut story = Story::new();
    story.matter(0, 1, only_hardware);
    story.rest(0, router(ONE, "0x2800", &[], &[("0x2801", CHILD)]));
    let topology = story.topology(10);
    assert!(
        topology
            .nodes()
            .all(|node| node.extended_address.is_none_or(|address| address.to_string() != "18b4300000000009"))
    );
    let placed = radio(&topology, CHILD);
    assert!(placed.known_as.matter.is_empty(), "what cannot be joined stays two things");
}

#[test]
fn the_hardware_address_of_another_interface_is_not_taken_for_the_radio() {
    let mut two_interfaces = thread(3, &[neighbor(0xd634_c32d_2d43_3f8a, 0x2800, 3, true, true, false)], &[]);
    // Wi-Fi first, with eight bytes, and Thread without an address.
    let mut silent = interface("ieee802154", "", &[], 4);
    silent["4"] = Value::Null;
    two_interfaces["0/51/0"] = json!([interface("wlan0", "AgMEBQYHCAk=", &[], 1), silent]);
    let mut story = Story::new();
    story.matter(0, 1, two_interfaces);
    let topology = story.topology(10);
    assert!(!ids(&topology).contains(&"0203040506070809"), "{:?}", ids(&topology));
}

/// The two registrations of a border router. `xa` is what its border agent announces, `radio` is in its TREL registration.
fn border_router(story: &mut Story, seconds: i64, xa: &str, radio: &str) {
    let id = "5a1663a5f4b4ebdfcc73e581a5d1b1a2";
    let (host, addresses) = ("BorderRouter.local.", ["fd77::30"]);
    let agent = [
        ("rv", "31"),
        ("nn", "74726170"),
        ("xp", NETWORK),
        ("xa", xa),
        ("sb", "000004b1"),
        ("pt", "00000007"),
        ("id", id),
    ];
    story.service(seconds, "_meshcop._udp.local.", "Border Router", host, &addresses, &agent);
    story.service(seconds, "_trel._udp.local.", radio, host, &addresses, &[("xa", radio), ("xp", NETWORK)]);
}

#[test]
fn an_xa_that_is_not_the_radios() {
    let mut story = Story::new();
    border_router(&mut story, 0, "5b74b4f0ec593be6", OTHER);
    story.rest(1, router(ONE, "0x2800", &[(16, 3, 3, 1)], &[]));
    let mut own = router(OTHER, "0x4000", &[(10, 3, 3, 1)], &[]);
    own["isBorderRouter"] = json!(true);
    story.rest(2, own);
    assert_read(&story);
    let topology = story.topology(10);
    assert_eq!(topology.nodes().count(), 2, "{:?}", ids(&topology));
    let node = radio(&topology, OTHER);
    assert!(node.border_router);
    assert_eq!(node.rloc16.unwrap().to_string(), "0x4000");
    assert_eq!(node.known_as.border_agent_id.as_deref(), Some("5a1663a5f4b4ebdfcc73e581a5d1b1a2"));
}

#[test]
fn a_border_router_whose_radio_address_rotates_is_one_box() {
    for goodbye in [true, false] {
        let mut story = Story::new();
        border_router(&mut story, 0, ONE, ONE);
        if goodbye {
            story.add(
                3_000,
                json!({"kind": "mdns", "event": "removed", "service": "_trel._udp.local.", "instance": ONE}),
            );
        }
        border_router(&mut story, 3_600, OTHER, OTHER);
        assert_read(&story);
        let topology = story.topology(3_610);
        assert_eq!(topology.nodes().count(), 1, "goodbye {goodbye}: {:?}", ids(&topology));
        let node = radio(&topology, OTHER);
        assert!(node.border_router);
        assert_eq!(
            &*node.id, ONE,
            "its id is the first address that was known, so that references to it keep working"
        );
        assert_eq!(topology.node(ONE).map(|node| &node.id), Some(&node.id));
    }
}

#[test]
fn numbers_beyond_2_to_the_53_keep_every_bit() {
    // As JSON doubles, the first two would be one number.
    let (own, twin) = (0xd634_c32d_2d43_3f8a_u64, 0xd634_c32d_2d43_3f8b_u64);
    let mut attributes = thread(5, &[neighbor(twin, 0x4000, 3, true, true, false)], &[route(twin, 0x4000, 16, 1, 3)]);
    attributes["0/53/63"] = json!(own);
    attributes["0/53/64"] = json!(0x2800);
    attributes["0/53/4"] = json!(0xffff_ffff_ffff_ffc5_u64);
    let mut story = Story::new();
    story.matter(0, 9_007_199_254_740_993, attributes);
    assert_read(&story);
    let topology = story.topology(10);
    assert_eq!(ids(&topology), [bytes(own), bytes(twin)]);
    assert_eq!(
        topology.networks().next().unwrap().extended_pan_id.unwrap().to_string(),
        "ffffffffffffffc5"
    );
    assert_eq!(
        radio(&topology, &bytes(own)).known_as.matter[0].to_ascii_lowercase(),
        "00000000000000fa-0020000000000001"
    );
    let mut json = Vec::new();
    topology.write_json(&mut json, true).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(
        json["nodes"][1]["extended_address"],
        json!("d634c32d2d433f8b"),
        "identifiers travel as text"
    );
}
