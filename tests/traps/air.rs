//! Traps of what a dongle hears.

use crate::{NETWORK, assert_read};
use serde_json::json;
use weft_tests::Story;
use weft_topology::{State, Topology};

const ROUTER: &str = "d634c32d2d433f8a";
const CHILD: &str = "92c7910fe9b910b7";

/// So many frames, answered or not, of which some poll.
fn frames(story: &mut Story, seconds: i64, from: &str, to: &str, acknowledged: u64, data_polls: u64) {
    story.add(
        seconds,
        json!({"kind": "radio-summary", "source": "air", "channel": 15, "pan_id": "0x100b", "from": from, "to": to, "interval_seconds": 30,
            "frames": 5, "acknowledged": acknowledged, "data_polls": data_polls, "rssi_average_dbm": -61.0}),
    );
}

/// What the router 0x2800 answers about itself and its children, by child id.
fn children(story: &mut Story, seconds: i64, ids: &[u16]) {
    let rows: String = ids.iter().map(|id| format!("{:04x}0f", 0x6600 | id)).collect();
    let payload = format!("0008{ROUTER}0102280010{:02x}{rows}", 3 * ids.len());
    story.add(
        seconds,
        json!({"kind": "tmf", "extended_pan_id": NETWORK, "peer": "fd2c:1fbe:3d6:dfd0:0:ff:fe00:2800", "uri": "d/dg", "code": "2.04", "payload": payload}),
    );
    // The PAN of the network, which places the frames.
    story.add(
        seconds,
        json!({"kind": "mle", "source": "air", "pan_id": "0x100b", "extended_pan_id": NETWORK, "channel": 15, "from": ROUTER, "command": 4,
            "tlvs": "000228000b086db0df6a4069ef38"}),
    );
}

fn findings(topology: &Topology, kind: &str) -> usize {
    topology.findings().filter(|finding| finding.kind == kind).count()
}

fn state_at(topology: &Topology, rloc16: u16) -> Option<State> {
    let rloc16 = weft_model::Rloc16::new(rloc16);
    topology.nodes().find(|node| node.rloc16 == rloc16).map(|node| node.state)
}

#[test]
fn a_child_that_polls_on_after_its_parent_forgot_it_is_a_zombie() {
    let mut story = Story::new();
    frames(&mut story, 60, "0x2802", "0x2800", 5, 5);
    children(&mut story, 100, &[1]);
    frames(&mut story, 101, "0x2802", "0x2800", 5, 5);
    assert_eq!(findings(&story.topology(105), "zombie"), 0, "the frames may have crossed the answer");
    frames(&mut story, 130, "0x2802", "0x2800", 5, 5);
    let topology = story.topology(131);
    assert_read(&story);
    assert_eq!(findings(&topology, "zombie"), 1);
    children(&mut story, 140, &[1, 2]);
    frames(&mut story, 160, "0x2802", "0x2800", 5, 5);
    assert_eq!(findings(&story.topology(161), "zombie"), 0, "it is in the list again");
}

#[test]
fn a_child_that_came_after_the_answer_is_no_zombie() {
    let mut story = Story::new();
    frames(&mut story, 10, "0x2802", "0x2800", 5, 5);
    children(&mut story, 400, &[1]);
    frames(&mut story, 430, "0x2802", "0x2800", 5, 5);
    assert_eq!(
        findings(&story.topology(431), "zombie"),
        0,
        "somebody had this address long before: that proves nothing"
    );
}

#[test]
fn polls_in_vain_are_no_sign_of_life_of_the_parent() {
    let mut story = Story::new();
    children(&mut story, 0, &[]);
    frames(&mut story, 10, "0x4001", "0x4000", 5, 5);
    assert_eq!(state_at(&story.topology(11), 0x4000), Some(State::OneSided));
    frames(&mut story, 60, "0x4001", "0x4000", 0, 5);
    let topology = story.topology(61);
    assert!(
        !matches!(state_at(&topology, 0x4001), Some(State::Stale | State::Gone)),
        "the child is there"
    );
    assert_eq!(state_at(&topology, 0x4000), Some(State::Stale), "nobody heard its parent answer");
}

#[test]
fn a_parent_whose_child_answers_it_confirms_the_child() {
    let mut story = Story::new();
    children(&mut story, 0, &[]);
    frames(&mut story, 10, "0x2801", "0x2800", 5, 5);
    let parent = |story: &Story, seconds| {
        let topology = story.topology(seconds);
        let child = topology
            .nodes()
            .find(|node| node.rloc16 == weft_model::Rloc16::new(0x2801))
            .cloned()
            .unwrap();
        child.parent.unwrap().state
    };
    assert_eq!(parent(&story, 11), State::OneSided);
    frames(&mut story, 12, "0x2800", "0x2801", 0, 0);
    assert_eq!(
        parent(&story, 13),
        State::OneSided,
        "frames that nobody acknowledges say what the parent believes, not whether it is so"
    );
    frames(&mut story, 14, "0x2800", "0x2801", 5, 0);
    assert_eq!(parent(&story, 15), State::Confirmed);
}

#[test]
fn a_long_address_in_frames_is_no_second_device() {
    let mut story = Story::new();
    frames(&mut story, 10, "0x2801", "0x2800", 5, 5);
    frames(&mut story, 11, CHILD, "0xffff", 0, 0);
    frames(&mut story, 12, ROUTER, CHILD, 5, 0);
    let topology = story.topology(13);
    let names: Vec<&str> = topology.nodes().map(|node| &*node.id).collect();
    assert_eq!(
        names,
        ["pan-100b-ch15/unknown/0x2800", "pan-100b-ch15/unknown/0x2801"],
        "the same radios, for all that is known"
    );
}

#[test]
fn a_child_that_says_good_bye_is_gone_at_once() {
    let mut story = Story::new();
    children(&mut story, 0, &[]);
    let mut says = |seconds, tlvs: &str| {
        story.add(
            seconds,
            json!({"kind": "mle", "source": "air", "pan_id": "0x100b", "extended_pan_id": NETWORK, "channel": 15, "from": CHILD, "to": ROUTER, "command": 13,
                "tlvs": tlvs}),
        );
    };
    says(10, "0002280101010f0204000000f0");
    says(60, "0002280101010f020400000000");
    assert!(matches!(state_at(&story.topology(11), 0x2801), Some(State::OneSided | State::Confirmed)));
    let topology = story.topology(61);
    let child = topology
        .nodes()
        .find(|node| node.extended_address.is_some_and(|address| address.to_string() == CHILD));
    assert_eq!(child.map(|node| node.state), Some(State::Gone));
}

#[test]
fn a_child_is_heard_of_less_often_than_a_router() {
    let mut story = Story::new();
    children(&mut story, 0, &[]);
    frames(&mut story, 0, "0x2801", "0x2800", 5, 0);
    frames(&mut story, 0, "0x2c00", "0x2800", 5, 0);
    let states = |seconds| [0x2801, 0x2c00].map(|rloc16| matches!(state_at(&story.topology(seconds), rloc16), Some(State::Stale | State::Gone)));
    assert_eq!(states(100), [false, false]);
    assert_eq!(states(101), [false, true]);
    assert_eq!(states(240), [false, true]);
    assert_eq!(states(241), [true, true]);
}
