//! What people say, and how it follows a device whose names change.

use crate::{NETWORK, PARTITION, assert_read, ids, parent_of, radio, router, sleepy};
use serde_json::{Value, json};
use weft_tests::Story;
use weft_topology::{Finding, Node, Topology};

const ONE: &str = "d634c32d2d433f8a";
const OTHER: &str = "8635d8a9183f0406";
const CHILD: &str = "92c7910fe9b910b7";
const THIRD: &str = "fa5105afd70e80e8";
const LAMP: &str = "lan/_hap._udp/Lamp";

/// Says something of what `identify` means.
fn say(story: &mut Story, seconds: i64, identify: Value, said: Value) {
    let mut line = json!({"kind": "annotation", "identify": identify});
    line.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    story.add(seconds, line);
}

/// An accessory that registers under a name, with addresses.
fn lamp(story: &mut Story, seconds: i64, addresses: &[&str]) {
    story.service(
        seconds,
        "_hap._udp.local.",
        "Lamp",
        "lamp.local.",
        addresses,
        &[("id", "33433a30413a35373a36433a44413a4537")],
    );
}

fn named<'t>(topology: &'t Topology, name: &str) -> &'t Node {
    let found: Vec<&Node> = topology.nodes().filter(|node| node.name.as_deref() == Some(name)).collect();
    assert_eq!(found.len(), 1, "{name} among {:?}", ids(topology));
    found[0]
}

fn of_kind<'t>(topology: &'t Topology, kind: &str) -> Vec<&'t Finding> {
    topology.findings().filter(|finding| finding.kind == kind).collect()
}

#[test]
fn each_thing_that_is_said_is_superseded_by_itself_and_taken_back_by_an_empty_text() {
    let mut story = Story::new();
    lamp(&mut story, 0, &["fd00::17"]);
    let node = || json!({"node": LAMP});
    say(
        &mut story,
        10,
        node(),
        json!({"name": "Reading light", "room": "Hall", "pin": {"x": 3, "y": 4}}),
    );
    say(&mut story, 20, node(), json!({"room": "Attic", "note": "flickers"}));
    say(&mut story, 30, node(), json!({"name": "", "unpin": true}));
    say(&mut story, 40, json!({"hap_id": "3c:0a:57:6c:da:e7"}), json!({"room": "", "note": " "}));
    assert_read(&story);
    let at = |seconds| {
        let topology = story.topology(seconds);
        let node = topology.node(LAMP).unwrap();
        (
            node.name.clone(),
            node.room.clone(),
            node.pin.map(|pin| (pin.x, pin.y)),
            node.note.clone(),
        )
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(at(5), (text("Lamp"), None, None, None));
    assert_eq!(at(15), (text("Reading light"), text("Hall"), Some((3, 4)), None));
    assert_eq!(at(25), (text("Reading light"), text("Attic"), Some((3, 4)), text("flickers")));
    assert_eq!(at(35), (text("Lamp"), text("Attic"), None, text("flickers")));
    assert_eq!(at(45), (text("Lamp"), None, None, None));
}

#[test]
fn what_another_program_calls_a_device_counts_only_where_no_person_named_it() {
    let mut story = Story::new();
    lamp(&mut story, 0, &["fd00::17"]);
    let node = || json!({"node": LAMP});
    let suggested = |name: &str| json!({"name": name, "room": "Study", "suggested": true});
    say(&mut story, 10, node(), suggested("Lamp 7"));
    say(&mut story, 20, node(), json!({"name": "Reading light"}));
    say(&mut story, 30, node(), suggested("Lamp 8"));
    say(&mut story, 40, node(), json!({"name": ""}));
    assert_read(&story);
    let at = |seconds| {
        let topology = story.topology(seconds);
        let node = topology.node(LAMP).unwrap();
        assert_eq!(node.room.as_deref(), Some("Study"));
        node.name.clone().unwrap()
    };
    assert_eq!([15, 25, 35, 45].map(at), ["Lamp 7", "Reading light", "Reading light", "Lamp 8"]);
    let topology = story.topology(45);
    let programs = |node: &Node| node.claims.iter().filter(|claim| &*claim.reporter == "another program").count();
    assert!(programs(topology.node(LAMP).unwrap()) > 0);
}

#[test]
fn a_name_that_was_given_on_the_lan_is_there_when_the_device_is_placed() {
    let mut story = Story::new();
    story.rest(0, router(ONE, "0x2800", &[], &[("0x2801", CHILD)]));
    lamp(&mut story, 10, &["fd00::17"]);
    say(&mut story, 20, json!({"node": LAMP}), json!({"name": "Reading light"}));
    assert_eq!(story.topology(20).nodes().count(), 3, "{:?}", ids(&story.topology(20)));
    let mut own = sleepy(CHILD, "0x2801");
    own["ipv6Addresses"] = json!(["fd00::17"]);
    story.rest(30, own);
    assert_read(&story);
    let topology = story.topology(40);
    assert_eq!(topology.nodes().count(), 2, "{:?}", ids(&topology));
    assert_eq!(radio(&topology, CHILD).name.as_deref(), Some("Reading light"));
}

#[test]
fn a_name_follows_a_radio_that_takes_another_address() {
    let id = "5a1663a5f4b4ebdfcc73e581a5d1b1a2";
    let agent = |story: &mut Story, seconds, radio: &str| {
        let txt = [
            ("rv", "31"),
            ("nn", "74726170"),
            ("xp", NETWORK),
            ("xa", radio),
            ("sb", "000004b1"),
            ("id", id),
        ];
        story.service(seconds, "_meshcop._udp.local.", "Border Router", "br.local.", &["fd77::30"], &txt);
        story.service(
            seconds,
            "_trel._udp.local.",
            radio,
            "br.local.",
            &["fd77::30"],
            &[("xa", radio), ("xp", NETWORK)],
        );
    };
    let mut story = Story::new();
    agent(&mut story, 0, ONE);
    say(&mut story, 10, json!({"extended_address": ONE}), json!({"room": "Hall"}));
    agent(&mut story, 3_600, OTHER);
    say(&mut story, 3_700, json!({"extended_address": OTHER}), json!({"name": "Speaker"}));
    assert_read(&story);
    let topology = story.topology(3_700);
    let node = named(&topology, "Speaker");
    assert_eq!(node.room.as_deref(), Some("Hall"));
    assert_eq!(node.extended_address.unwrap().to_string(), OTHER);
}

/// A router's list of children without their addresses: only locators are known of them.
fn with_unnamed_child(address: &str, rloc16: &str) -> Value {
    let mut said = router(address, rloc16, &[], &[]);
    said["childTable"] =
        json!([{"childId": 1, "timeout": 8, "linkQuality": 3, "mode": {"rxOnWhenIdle": false, "fullThreadDevice": false, "fullNetworkData": false}}]);
    said
}

#[test]
fn a_name_that_was_given_to_a_place_is_there_when_it_is_known_who_is_there() {
    let place = format!("{NETWORK}/{PARTITION}/0x2801");
    let mut story = Story::new();
    story.rest(0, with_unnamed_child(ONE, "0x2800"));
    say(&mut story, 10, json!({"node": place}), json!({"name": "Porch"}));
    let before = story.topology(20);
    assert_eq!(&*named(&before, "Porch").id, place);
    story.rest(600, sleepy(CHILD, "0x2801"));
    assert_read(&story);
    let topology = story.topology(610);
    let node = named(&topology, "Porch");
    assert_eq!(&*node.id, CHILD);
    assert_eq!(topology.node(&place).map(|found| &found.id), Some(&node.id));
    // It moves on, and another device takes its locator: the name goes along.
    story.rest(1_200, router(OTHER, "0x4000", &[], &[("0x4001", CHILD)]));
    story.rest(1_200, sleepy(CHILD, "0x4001"));
    story.rest(1_210, router(ONE, "0x2800", &[], &[("0x2801", THIRD)]));
    let topology = story.topology(1_220);
    assert_eq!(radio(&topology, THIRD).name, None);
    assert_eq!(radio(&topology, CHILD).name.as_deref(), Some("Porch"));
}

/// A device with a name and without a place, and one with a place and without a name.
fn two_halves() -> Story {
    let mut story = Story::new();
    let mut parent = router(ONE, "0x2800", &[], &[("0x2801", CHILD)]);
    parent["ipv6Addresses"] = json!(["fd00::1"]);
    story.rest(0, parent);
    // In a prefix of the network, so the network's; a second one is on the LAN only.
    lamp(&mut story, 0, &["fd00::17"]);
    assert_read(&story);
    story
}

#[test]
fn a_person_says_that_a_name_and_a_place_are_one_device() {
    let mut story = two_halves();
    let before = story.topology(5);
    assert_eq!(before.nodes().count(), 3, "{:?}", ids(&before));
    assert_eq!(before.node(LAMP).unwrap().network.as_deref(), Some(NETWORK));
    say(&mut story, 10, json!({"node": LAMP}), json!({"same_as": CHILD}));
    let topology = story.topology(15);
    assert_eq!(topology.nodes().count(), 2, "{:?}", ids(&topology));
    let node = radio(&topology, CHILD);
    assert_eq!(node.name.as_deref(), Some("Lamp"));
    assert_eq!(parent_of(&topology, node).as_deref(), Some(ONE));
    assert_eq!(topology.node(LAMP).map(|found| &found.id), Some(&node.id), "the former id leads to it");
    let claim = node.claims.iter().find(|claim| &*claim.reporter == "a person").unwrap();
    assert!(claim.fact.contains(CHILD), "{}", claim.fact);
    assert_eq!(claim.observed_at, Some(weft_tests::at(10)));
    // Undone by whichever name it has now.
    say(&mut story, 20, json!({"node": CHILD}), json!({"same_as": ""}));
    assert_eq!(ids(&story.topology(25)), ids(&before));
    // And said again, the other way round.
    say(&mut story, 30, json!({"extended_address": CHILD}), json!({"same_as": LAMP}));
    assert_eq!(story.topology(35).nodes().count(), 2);
    assert_read(&story);
}

#[test]
fn a_person_says_which_name_is_at_a_place_that_only_a_locator_names() {
    let place = format!("{NETWORK}/{PARTITION}/0x2801");
    let mut story = Story::new();
    let mut parent = with_unnamed_child(ONE, "0x2800");
    parent["ipv6Addresses"] = json!(["fd00::1"]);
    story.rest(0, parent);
    lamp(&mut story, 0, &["fd00::17"]);
    assert_eq!(story.topology(5).nodes().count(), 3, "{:?}", ids(&story.topology(5)));
    say(&mut story, 10, json!({"node": LAMP}), json!({"same_as": place}));
    let topology = story.topology(15);
    assert_eq!(topology.nodes().count(), 2, "{:?}", ids(&topology));
    let node = named(&topology, "Lamp");
    assert_eq!(node.rloc16.unwrap().to_string(), "0x2801");
    assert_eq!(parent_of(&topology, node).as_deref(), Some(ONE));
    assert_eq!(topology.node(&place).map(|found| &found.id), Some(&node.id));
    // The radio at that place is heard later: it is the same device still.
    story.rest(600, sleepy(CHILD, "0x2801"));
    let topology = story.topology(610);
    assert_eq!(radio(&topology, CHILD).name.as_deref(), Some("Lamp"));
    assert_eq!(topology.nodes().count(), 2, "{:?}", ids(&topology));
    assert_read(&story);
}

#[test]
fn an_entry_of_the_lan_joins_a_device_in_a_network() {
    let mut story = Story::new();
    story.rest(0, router(ONE, "0x2800", &[], &[("0x2801", CHILD)]));
    lamp(&mut story, 0, &["192.0.2.7"]);
    let before = story.topology(5);
    assert_eq!(before.node(LAMP).unwrap().network, None);
    say(&mut story, 10, json!({"node": LAMP}), json!({"same_as": CHILD, "room": "Hall"}));
    let topology = story.topology(15);
    assert_eq!(topology.nodes().count(), 2, "{:?}", ids(&topology));
    let node = radio(&topology, CHILD);
    assert_eq!((node.name.as_deref(), node.room.as_deref()), (Some("Lamp"), Some("Hall")));
    assert_eq!(topology.node(LAMP).map(|found| &found.id), Some(&node.id));
    assert!(node.claims.iter().any(|claim| &*claim.reporter == "a person"));
    say(&mut story, 20, json!({"node": CHILD}), json!({"same_as": ""}));
    assert_eq!(ids(&story.topology(25)), ids(&before));
}

#[test]
fn two_radios_that_are_both_heard_stay_two_whatever_a_person_says() {
    let mut story = Story::new();
    story.rest(0, router(ONE, "0x2800", &[(16, 3, 3, 1)], &[("0x2801", CHILD)]));
    story.rest(0, router(OTHER, "0x4000", &[(10, 3, 3, 1)], &[("0x4001", THIRD)]));
    say(&mut story, 10, json!({"node": CHILD}), json!({"same_as": THIRD}));
    assert_read(&story);
    let topology = story.topology(20);
    assert_eq!(topology.nodes().count(), 4, "{:?}", ids(&topology));
    let finding = of_kind(&topology, "not-the-same")[0];
    let mut subjects: Vec<&str> = finding.subjects.iter().map(|subject| &**subject).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, [CHILD, THIRD]);
    for address in [CHILD, THIRD] {
        assert!(
            radio(&topology, address).claims.iter().any(|claim| claim.fact.contains("same device")),
            "{address}"
        );
    }
    // One of them falls silent: then the word holds.
    story.rest(4_000, router(ONE, "0x2800", &[(16, 3, 3, 1)], &[("0x2801", CHILD)]));
    let topology = story.topology(4_010);
    assert!(of_kind(&topology, "not-the-same").is_empty());
    assert_eq!(topology.nodes().count(), 3, "{:?}", ids(&topology));
}

/// A child that only one router hears, and badly: there is a finding about it.
fn weak(story: &mut Story, seconds: i64, address: &str) {
    let mut said = router(ONE, "0x2800", &[], &[("0x2801", address)]);
    said["childTable"] = with_unnamed_child(ONE, "0x2800")["childTable"].clone();
    said["childTable"][0]["linkQuality"] = json!(1);
    story.rest(seconds, said);
}

#[test]
fn muted_findings_stay_and_say_so() {
    let mut story = Story::new();
    weak(&mut story, 0, CHILD);
    let finding = of_kind(&story.topology(5), "weak-only").first().map(|finding| finding.id.to_string());
    let finding = finding.expect("a finding to mute");
    say(&mut story, 10, json!({"node": CHILD}), json!({"muted": true, "note": "in the cellar"}));
    say(
        &mut story,
        20,
        json!({"finding": finding}),
        json!({"muted": true, "note": "nothing to be done"}),
    );
    say(&mut story, 30, json!({"finding": finding}), json!({"note": ""}));
    say(&mut story, 40, json!({"finding": finding}), json!({"muted": false}));
    say(&mut story, 50, json!({"node": CHILD}), json!({"muted": false}));
    assert_read(&story);
    let muted = |seconds| {
        let topology = story.topology(seconds);
        let finding = topology.findings().find(|found| *found.id == *finding).unwrap().clone();
        finding.muted.map(|muted| (muted.reason, muted.since))
    };
    let reason = |text: &str| Some(text.to_owned());
    assert_eq!(muted(5), None);
    assert_eq!(muted(15), Some((reason("in the cellar"), weft_tests::at(10))));
    assert_eq!(muted(25), Some((reason("nothing to be done"), weft_tests::at(20))));
    assert_eq!(muted(35), Some((None, weft_tests::at(20))));
    assert_eq!(muted(45), None, "what is said of the finding goes before what is said of the device");
    let topology = story.topology(55);
    assert!(!radio(&topology, CHILD).muted);
}

#[test]
fn a_mute_outlives_a_change_of_the_subjects_id() {
    let mut story = Story::new();
    let mut said = with_unnamed_child(ONE, "0x2800");
    said["childTable"][0]["linkQuality"] = json!(1);
    story.rest(0, said);
    let findings = of_kind(&story.topology(5), "weak-only")
        .iter()
        .map(|finding| finding.id.to_string())
        .collect::<Vec<_>>();
    let [finding] = findings.as_slice() else {
        panic!("one finding, not {findings:?}")
    };
    assert!(finding.contains("/0x2801"), "{finding}");
    say(&mut story, 10, json!({"finding": finding}), json!({"muted": true}));
    weak(&mut story, 20, CHILD);
    let topology = story.topology(30);
    let finding = of_kind(&topology, "weak-only")[0];
    assert!(finding.id.contains(CHILD), "{}", finding.id);
    assert_eq!(finding.muted.as_ref().map(|muted| muted.since), Some(weft_tests::at(10)));
    assert_read(&story);
}
