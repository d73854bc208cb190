//! What is heard on the air against what is true: without keys, and with.

#![allow(clippy::unwrap_used)] // a test that fails says where

use flate2::read::GzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use weft_evidence::{Capture, CaptureBody, Evidence};
use weft_model::{ExtendedAddress, Rloc16, Timestamp};
use weft_tests::{Fixture, Score, Truth, fixtures_directory};
use weft_thread::listen::{Listener, Network, heard_frame};
use weft_topology::{LinkKind, Node, Policy, State, Topology, derive};
use weft_wire::ieee802154::Frame;
use weft_wire::link_security::NetworkKey;
use weft_wire::pcap::{Packet, Reader};

#[path = "air/dead_leader.rs"]
mod dead_leader;
#[path = "air/scenes.rs"]
mod scenes;

const MESH20_KEY: &str = "4cdac1b31894f5b6300a65ccd081a3d4";
const OTBR_KEY: &str = "00112233445566778899aabbccddeeff";
/// The router that dies in mesh20.
const KILLED: ExtendedAddress = ExtendedAddress([0x86, 0x35, 0xd8, 0xa9, 0x18, 0x3f, 0x04, 0x06]);
const KILLED_AT: &str = "2026-11-20T13:28:24.997Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn packets(name: &str) -> Vec<Packet> {
    let path = fixtures_directory().join("air-networks").join(format!("{name}.pcap.gz"));
    let file = GzDecoder::new(File::open(path).unwrap());
    Reader::new(file).unwrap().map(Result::unwrap).collect()
}

fn with_key(digits: &str) -> Listener {
    Listener::default().with_network(Network::from_key(NetworkKey::from_hex(digits).unwrap()))
}

fn numbered(captures: Vec<(Timestamp, CaptureBody)>) -> Vec<Capture> {
    let number = |(seq, (at, body))| Capture {
        seq,
        at,
        source: "air".into(),
        body,
    };
    (1..).zip(captures).map(number).collect()
}

fn listen(mut listener: Listener, packets: &[Packet], until: Timestamp) -> (Vec<Capture>, Listener) {
    let mut captures = Vec::new();
    let mut last = Timestamp::MIN;
    for packet in packets {
        let heard = heard_frame(packet, None).unwrap();
        if heard.at > until {
            break;
        }
        last = heard.at;
        listener.hear(&heard, &mut captures);
    }
    listener.finish(last, &mut captures);
    (numbered(captures), listener)
}

fn topology_at(captures: &[Capture], at: Timestamp) -> Topology {
    derive(
        &Evidence::from_captures(captures.iter().filter(|capture| capture.at <= at)),
        at,
        &Policy::standard(),
    )
}

fn is_past(state: State) -> bool {
    matches!(state, State::Gone | State::Stale)
}

/// Who was heard sending to its parent until then: told by the frames themselves.
fn heard_children(packets: &[Packet], until: Timestamp) -> BTreeSet<Rloc16> {
    let mut heard = BTreeSet::new();
    for packet in packets.iter().filter(|packet| packet.timestamp().unwrap() <= until) {
        let frame = heard_frame(packet, None).unwrap();
        let frame = Frame::parse(frame.frame).unwrap();
        let child = frame.source.rloc16().filter(|child| child.parent().is_some());
        heard.extend(child.filter(|child| child.parent() == frame.destination.rloc16()));
    }
    heard
}

fn network(pan_id: u16) -> String {
    format!("pan-{pan_id:04x}-")
}

fn nodes_of(topology: &Topology, pan_id: u16) -> impl Iterator<Item = &Node> {
    let network = network(pan_id);
    topology
        .nodes()
        .filter(move |node| node.network.as_ref().is_some_and(|id| id.starts_with(&network)))
}

/// Without a key: every child that was heard sending to its parent is below it, nobody is below another, and nobody is invented.
fn assert_parents(name: &str, pan_id: u16, packets: &[Packet], captures: &[Capture], truth: &Truth, at: Timestamp) {
    let topology = topology_at(captures, at);
    let by_id: BTreeMap<&str, &Node> = topology.nodes().map(|node| (&*node.id, node)).collect();
    let rloc16_of = |address: ExtendedAddress| truth.node(address).unwrap().rloc16;
    let heard = heard_children(packets, at);
    let mut placed = 0;
    for link in &truth.child_links {
        let (child, parent) = (rloc16_of(link.child), rloc16_of(link.parent));
        let node = nodes_of(&topology, pan_id).find(|node| node.rloc16 == Some(child));
        assert_eq!(
            node.is_some(),
            heard.contains(&child),
            "{name}: {child} is there if it was heard, and only then"
        );
        let Some(node) = node else { continue };
        let found = by_id[&*node.parent.as_ref().unwrap().node];
        assert_eq!(found.rloc16, Some(parent), "{name}: {child}");
        placed += 1;
    }
    assert!(placed * 4 >= truth.child_links.len() * 3, "{name}: only {placed} children were heard");
    for node in nodes_of(&topology, pan_id) {
        let rloc16 = node.rloc16.unwrap();
        assert_eq!(node.extended_address, None, "{name}: {rloc16}: no frame ties a locator to a radio");
        let parent = node.parent.as_ref().map(|parent| by_id[&*parent.node].rloc16.unwrap());
        assert_eq!(parent, rloc16.parent(), "{name}: {rloc16}");
        if !is_past(node.state) {
            assert!(truth.at_rloc16(rloc16).is_some(), "{name}: {rloc16} is invented ({:?})", node.state);
        }
    }
    for link in topology.links().filter(|link| link.kind == LinkKind::Router && !is_past(link.state)) {
        let ends = [&link.a, &link.b].map(|id| truth.at_rloc16(by_id[&**id].rloc16.unwrap()).unwrap().extended_address);
        let pair = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        assert!(truth.links_that_were().contains(&pair), "{name}: {} is no link", link.id);
    }
}

#[test]
fn without_a_key_every_child_that_speaks_to_its_parent_is_below_it() {
    let mesh20 = packets("mesh20");
    let (captures, _) = listen(Listener::default(), &mesh20, Timestamp::MAX);
    for name in ["mesh20-diag1", "mesh20-diag2", "mesh20-after-kill"] {
        let fixture = Fixture::load(name).unwrap();
        let truth = fixture.truth();
        assert_parents(name, 0x100b, &mesh20, &captures, truth, truth.taken_at);
    }
    let otbr = packets("otbr");
    let (captures, _) = listen(Listener::default(), &otbr, Timestamp::MAX);
    let fixture = Fixture::load("otbr-diag").unwrap();
    for at in ["2026-11-20T13:44:00Z", "2026-11-20T13:48:00Z", "2026-11-20T13:52:00Z"] {
        assert_parents("otbr", 0x1234, &otbr, &captures, fixture.truth(), time(at));
    }
}

/// With the key: all nodes, roles, parents and router links, and nothing else. Beside them full Thread children have links with routers that MLE tells
/// only when they begin.
fn assert_truth(name: &str, captures: &[Capture], truth: &Truth, at: Timestamp) {
    let score = Score::of(name, &topology_at(captures, at), truth);
    print!("{score}");
    assert!(score.invented.is_empty(), "{name}: invented: {:?}", score.invented);
    assert!(score.wrong_roles.is_empty(), "{name}: {:?}", score.wrong_roles);
    let beside: BTreeSet<String> = truth
        .neighbor_links
        .iter()
        .map(|link| format!("links: {} - {}", link.child.min(link.router), link.child.max(link.router)))
        .collect();
    let missing: Vec<&String> = score.missing.iter().filter(|missing| !beside.contains(*missing)).collect();
    assert!(missing.is_empty(), "{name}: not found: {missing:?}");
}

#[test]
fn with_the_key_the_air_tells_the_whole_mesh() {
    let (captures, listener) = listen(with_key(MESH20_KEY), &packets("mesh20"), Timestamp::MAX);
    for name in ["mesh20-diag1", "mesh20-diag2", "mesh20-after-kill"] {
        let fixture = Fixture::load(name).unwrap();
        assert_truth(name, &captures, fixture.truth(), fixture.truth().taken_at);
    }
    let counts = listener.counts();
    assert_eq!((counts.frames, counts.malformed, counts.unknown_senders), (26_076, 0, 0));
    assert_eq!((counts.closed_frames, counts.closed_messages, counts.replayed), (0, 0, 0));
    // All that are sealed: 9,552 that tshark opens too, 488 acknowledgments whose key needs the frame before, and 244 Announce frames.
    assert_eq!((counts.opened_frames, counts.announces), (9_552 + 488, 244));
    let (captures, _) = listen(with_key(OTBR_KEY), &packets("otbr"), Timestamp::MAX);
    let fixture = Fixture::load("otbr-diag").unwrap();
    for at in ["2026-11-20T13:44:00Z", "2026-11-20T13:48:00Z"] {
        assert_truth("otbr", &captures, fixture.truth(), time(at));
    }
}

#[test]
fn other_networks_are_named_as_such() {
    let (captures, listener) = listen(with_key(OTBR_KEY), &packets("otbr"), Timestamp::MAX);
    let foreign: Vec<u16> = listener.counts().foreign().map(|(pan_id, _)| pan_id.0).collect();
    assert_eq!(foreign, [0x1e55, 0x8095, 0x821c, 0xb8a6]);
    let topology = topology_at(&captures, time("2026-11-20T13:52:00Z"));
    let networks: Vec<&str> = topology.networks().map(|network| &*network.id).collect();
    assert_eq!(networks, ["pan-1234-ch20", "pan-1e55-ch11", "pan-8095-ch11", "pan-b8a6-ch11"]);
}

#[test]
fn a_killed_router_is_silent_at_once_and_gone_when_its_neighbours_drop_it() {
    let (captures, _) = listen(with_key(MESH20_KEY), &packets("mesh20"), time("2026-11-20T13:33:00Z"));
    let killed_at = time(KILLED_AT);
    let after = |seconds: i64| {
        let topology = topology_at(&captures, killed_at.plus_seconds(seconds));
        let node = topology.nodes().find(|node| node.extended_address == Some(KILLED)).unwrap();
        (node.state, node.heard_by_dongle.as_ref().unwrap().observed_at)
    };
    assert_eq!(after(0).0, State::Confirmed);
    for seconds in [1, 30, 60] {
        let (state, heard_at) = after(seconds);
        assert!(!is_past(state), "its neighbours still list it after {seconds} s");
        assert!(heard_at <= killed_at, "but it is silent");
    }
    // The last neighbour drops it after 94 s, and says so in its next advertisement.
    for seconds in [115, 130, 180, 270] {
        assert_eq!(after(seconds).0, State::Gone, "after {seconds} s");
    }
}

/// What is concluded, without the moments.
fn picture(topology: &Topology) -> (Vec<String>, Vec<String>) {
    let node = |node: &Node| {
        let parent = node.parent.as_ref().map(|parent| (&parent.node, parent.state));
        format!("{} {:?} {:?} {:?} {parent:?}", node.id, node.rloc16, node.role, node.state)
    };
    let links = topology.links().map(|link| format!("{} {:?} {:?}", link.id, link.kind, link.state));
    (topology.nodes().map(node).collect(), links.collect())
}

#[test]
fn single_frames_say_what_summaries_say() {
    let packets = packets("mesh20");
    for at in [
        "2026-11-20T13:12:00Z",
        "2026-11-20T13:15:30Z",
        "2026-11-20T13:19:30Z",
        "2026-11-20T13:30:00Z",
    ] {
        let at = time(at);
        let (captures, _) = listen(Listener::default().recording_frames(), &packets, at);
        let (frames, summaries): (Vec<Capture>, Vec<Capture>) = captures.into_iter().partition(|capture| capture.body.kind() == "frame");
        assert!(frames.len() > 2 * summaries.len());
        let (of_frames, of_summaries) = (topology_at(&frames, at), topology_at(&summaries, at));
        assert_eq!(picture(&of_frames), picture(&of_summaries), "{at}");
    }
}

#[test]
fn what_is_heard_again_later_says_nothing() {
    let packets = packets("mesh20");
    let until = time("2026-11-20T13:14:00Z");
    let (first, mut listener) = listen(with_key(MESH20_KEY), &packets, until);
    let before = listener.counts().clone();
    let mut again = Vec::new();
    for packet in &packets {
        let mut heard = heard_frame(packet, None).unwrap();
        if heard.at > until {
            break;
        }
        heard.at = heard.at.plus_seconds(3600);
        heard.microseconds += 3_600_000_000;
        listener.hear(&heard, &mut again);
    }
    let after = listener.counts();
    let messages = |captures: &mut dyn Iterator<Item = &CaptureBody>| captures.filter(|body| body.kind() == "mle").count();
    assert!(messages(&mut first.iter().map(|capture| &capture.body)) > 200);
    assert_eq!(messages(&mut again.iter().map(|(_, body)| body)), 0);
    assert!(after.replayed - before.replayed > 300, "{}", after.replayed - before.replayed);
}

/// An active dataset with nothing but extended PAN id, mesh-local prefix and network key.
fn mesh20_dataset() -> Vec<u8> {
    let digits = format!("02087000368d2534c02d0708fd2c1fbe03d6dfd00510{MESH20_KEY}");
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn a_dataset_names_the_network_and_lets_answers_be_read_that_go_by() {
    let listener = Listener::default().with_network(Network::from_dataset(&mesh20_dataset()).unwrap());
    let (captures, listener) = listen(listener, &packets("mesh20"), Timestamp::MAX);
    assert_eq!(listener.counts().without_prefix, 0);
    assert!(listener.counts().management > 100, "{:?}", listener.counts());
    let fixture = Fixture::load("mesh20-diag2").unwrap();
    let truth = fixture.truth();
    assert_truth("mesh20-diag2, with a dataset", &captures, truth, truth.taken_at);
    let topology = topology_at(&captures, truth.taken_at);
    assert_eq!(topology.networks().map(|network| &*network.id).collect::<Vec<_>>(), ["7000368d2534c02d"]);
}

#[test]
fn the_key_is_in_no_capture() {
    for (name, digits) in [("mesh20", MESH20_KEY), ("otbr", OTBR_KEY)] {
        let (captures, _) = listen(with_key(digits), &packets(name), Timestamp::MAX);
        let with_dataset = captures
            .iter()
            .filter(|capture| matches!(&capture.body, CaptureBody::Mle(message) if message.tlvs.contains("0510")));
        assert!(
            with_dataset.count() > 0,
            "{name}: children are given datasets, so there is something to blank"
        );
        for capture in &captures {
            let line = serde_json::to_string(capture).unwrap();
            assert!(!line.contains(digits), "{line}");
        }
    }
}

#[test]
fn the_recordings_are_what_the_listener_makes_of_the_frames() {
    let until = time("2026-11-20T13:18:28.967Z");
    for (name, listener) in [("air-mesh20-open", Listener::default()), ("air-mesh20-key", with_key(MESH20_KEY))] {
        let (captures, _) = listen(listener, &packets("mesh20"), until);
        let fixture = Fixture::load(name).unwrap();
        assert_eq!(fixture.captures.len(), captures.len(), "{name}");
        for (recorded, now) in fixture.captures.iter().zip(&captures) {
            assert_eq!(recorded, now, "{name}");
        }
    }
}
