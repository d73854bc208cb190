//! Rows and tables: what a row does not say, and what an empty or a cut table says.

use crate::{NETWORK, assert_read, ids, is_present, links_of, neighbor, radio, route, router, thread};
use serde_json::json;
use weft_tests::{Story, bytes};
use weft_topology::{LinkKind, State};

const ONE: u64 = 0xd634_c32d_2d43_3f8a; // 0x2800, router id 10
const OTHER: u64 = 0x8635_d8a9_183f_0406; // 0x4000, router id 16
const FAR: u64 = 0x26c7_2745_5487_558b; // 0xe000, router id 56

#[test]
fn link_quality_is_0_to_3_and_the_radios_lqi_is_something_else() {
    let neighbors = [
        neighbor(OTHER, 0x4000, 3, true, true, false),
        neighbor(FAR, 0xe000, 200, true, true, false),
    ];
    let mut attributes = thread(5, &neighbors, &[]);
    attributes["0/53/63"] = json!(ONE);
    attributes["0/53/64"] = json!(0x2800);
    let mut story = Story::new();
    story.matter(0, 1, attributes);
    let topology = story.topology(10);
    let quality = |other: u64| {
        let links = links_of(&topology, &bytes(other));
        assert_eq!(links.len(), 1, "{links:?}");
        let heard = if *links[0].a == *bytes(ONE) {
            &links[0].a_hears_b
        } else {
            &links[0].b_hears_a
        };
        heard.as_ref().unwrap().link_quality.map(|quality| quality.get())
    };
    assert_eq!(quality(OTHER), Some(3), "the best there is");
    assert_eq!(quality(FAR), None, "200 is no link quality: unknown, not perfect");
}

#[test]
fn what_a_dongle_measures_is_no_link_quality() {
    let mut story = Story::new();
    story.rest(0, router(&bytes(ONE), "0x2800", &[(16, 1, 1, 4)], &[]));
    story.rest(0, router(&bytes(OTHER), "0x4000", &[(10, 1, 1, 4)], &[]));
    // The dongle lies beside 0x2800.
    story.add(
        5,
        json!({
            "source": "dongle", "kind": "radio-summary", "channel": 15, "pan_id": "0x100b", "from": bytes(ONE), "to": bytes(OTHER),
            "interval_seconds": 10, "frames": 100, "acknowledged": 100, "rssi_average_dbm": -20, "lqi_average": 255
        }),
    );
    assert_read(&story);
    let topology = story.topology(6);
    let links = links_of(&topology, &bytes(ONE));
    assert_eq!(links.len(), 1);
    for heard in [&links[0].a_hears_b, &links[0].b_hears_a] {
        let heard = heard.as_ref().unwrap();
        assert_eq!(heard.link_quality.map(|quality| quality.get()), Some(1), "the two hear each other badly");
        assert_eq!((heard.average_rssi_dbm, heard.last_rssi_dbm), (None, None), "and nobody said how strong");
    }
}

#[test]
fn a_route_without_a_link_is_no_link() {
    // linkEstablished is false: the far router is reached over the other one, and its address and cost are there all the same.
    let routes = [route(OTHER, 0x4000, 16, 1, 3), route(FAR, 0xe000, 16, 2, 0)];
    let mut attributes = thread(5, &[neighbor(OTHER, 0x4000, 3, true, true, false)], &routes);
    attributes["0/53/63"] = json!(ONE);
    attributes["0/53/64"] = json!(0x2800);
    let mut story = Story::new();
    story.matter(0, 1, attributes);
    assert_read(&story);
    let topology = story.topology(10);
    assert!(links_of(&topology, &bytes(FAR)).is_empty());
    let far = radio(&topology, &bytes(FAR));
    assert_eq!(far.rloc16.unwrap().to_string(), "0xe000");
    assert!(far.unheard, "routed to, and nobody has ever heard its tables");
    assert_ne!(far.state, State::Confirmed);
    assert_eq!(topology.links().map(|link| link.kind).collect::<Vec<_>>(), [LinkKind::Router]);
}

/// An answer to a network diagnostic request, TLV by TLV.
fn answer(story: &mut Story, seconds: i64, tlvs: &[&str]) {
    story.add(
        seconds,
        json!({
            "kind": "tmf", "extended_pan_id": NETWORK, "peer": "fd2c:1fbe:3d6:dfd0:0:ff:fe00:2800", "uri": "d/dg", "code": "2.04",
            "payload": tlvs.concat()
        }),
    );
}

const EXTENDED_ADDRESS: &str = "0008d634c32d2d433f8a";
const RLOC16: &str = "01022800";
/// Partition 7, weighting 64, leader router id 10.
const LEADER_DATA: &str = "0608000000074001010a";
/// Route64: id sequence 1; router ids 10 and 16 are allocated; nothing of itself, then link quality 3 both ways at cost 1.
const ROUTE: &str = "050b01002080000000000001f1";
/// Child ids 1 and 2, timeout 2^(12-4) s, link quality 3, sleepy.
const TWO_CHILDREN: &str = "1006660100660200";
const NO_CHILDREN: &str = "1000";
/// Six bytes are announced, and three are there: the row of child 1.
const CUT_CHILDREN: &str = "1006660100";

#[test]
fn an_empty_table_is_an_answer() {
    let mut story = Story::new();
    answer(&mut story, 0, &[EXTENDED_ADDRESS, RLOC16, LEADER_DATA, ROUTE, TWO_CHILDREN]);
    assert_read(&story);
    let children = |seconds, story: &Story| {
        let topology = story.topology(seconds);
        let is_child = |node: &&weft_topology::Node| node.rloc16.is_some_and(|rloc16| !rloc16.is_router()) && is_present(node.state);
        let nodes = topology.nodes().filter(is_child).count();
        let links = topology
            .links()
            .filter(|link| link.kind == LinkKind::ParentChild && is_present(link.state))
            .count();
        (nodes, links)
    };
    assert_eq!(children(10, &story), (2, 2));
    answer(&mut story, 600, &[EXTENDED_ADDRESS, RLOC16, LEADER_DATA, ROUTE, NO_CHILDREN]);
    assert_read(&story);
    assert_eq!(children(610, &story), (0, 0), "asked, and there are none");
    assert_eq!(children(599, &story), (2, 2), "and until then there were two");
}

#[test]
fn a_table_that_was_not_asked_for_says_nothing() {
    let mut story = Story::new();
    answer(&mut story, 0, &[EXTENDED_ADDRESS, RLOC16, LEADER_DATA, ROUTE, TWO_CHILDREN]);
    answer(&mut story, 600, &[EXTENDED_ADDRESS, RLOC16, LEADER_DATA]);
    let topology = story.topology(610);
    assert_eq!(
        topology
            .links()
            .filter(|link| link.kind == LinkKind::ParentChild && is_present(link.state))
            .count(),
        2
    );
    assert_eq!(
        topology
            .links()
            .filter(|link| link.kind == LinkKind::Router && is_present(link.state))
            .count(),
        1
    );
}

#[test]
fn a_cut_table_takes_nothing_away() {
    let mut story = Story::new();
    answer(&mut story, 0, &[EXTENDED_ADDRESS, RLOC16, LEADER_DATA, ROUTE, TWO_CHILDREN]);
    answer(&mut story, 600, &[EXTENDED_ADDRESS, RLOC16, LEADER_DATA, ROUTE, CUT_CHILDREN]);
    assert!(!story.problems().is_empty(), "the cut is told");
    let topology = story.topology(610);
    assert_eq!(
        topology
            .links()
            .filter(|link| link.kind == LinkKind::ParentChild && is_present(link.state))
            .count(),
        2,
        "{:?}",
        ids(&topology)
    );
    // A whole one counts again.
    answer(&mut story, 700, &[EXTENDED_ADDRESS, RLOC16, LEADER_DATA, ROUTE, NO_CHILDREN]);
    let topology = story.topology(710);
    assert_eq!(
        topology
            .links()
            .filter(|link| link.kind == LinkKind::ParentChild && is_present(link.state))
            .count(),
        0
    );
}

#[test]
fn a_matter_node_that_answers_with_empty_tables_is_heard() {
    let mut attributes = thread(5, &[], &[]);
    attributes["0/53/63"] = json!(ONE);
    attributes["0/53/64"] = json!(0x2800);
    let mut story = Story::new();
    story.matter(0, 1, attributes);
    let mut silent = json!({"0/53/1": 5, "0/53/4": 0x7000_368d_2534_c02d_u64, "0/53/9": 7});
    silent["0/53/63"] = json!(OTHER);
    silent["0/53/64"] = json!(0x4000);
    story.matter(0, 2, silent);
    let topology = story.topology(10);
    assert!(!radio(&topology, &bytes(ONE)).unheard, "answered: it hears nobody");
    assert!(radio(&topology, &bytes(OTHER)).unheard, "never told a table");
    assert_eq!(topology.links().count(), 0);
}
