//! Golden pages, and what holds for every page.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use weft_model::Timestamp;

const PLAIN: Style = Style {
    width: text::WIDTH,
    paint: Paint::NONE,
};

fn page(topology: Value) -> String {
    render(
        &View::from_json(topology.to_string().as_bytes()).unwrap(),
        "7 captures of home.jsonl",
        &PLAIN,
    )
}

/// A home with everything that a page can have in it.
fn home() -> Value {
    let claim = |at: &str| json!({"source": "lan", "reporter": "r", "fact": "f", "observed_at": at, "capture": {"recording": "home", "seq": 3}});
    json!({
        "format": "weft-topology", "version": 1, "as_of": "2026-11-20T12:00:00.000Z", "valid_until": "2026-11-20T12:01:00.000Z",
        "networks": [{
            "id": "dead1111beef2222", "extended_pan_id": "dead1111beef2222", "name": "home", "pan_id": "0x4f21", "channel": 25, "mesh_local_prefix": null,
            "omr_prefixes": [], "partitions": [{"partition_id": 305419896, "leader": "a1", "state": "confirmed"}],
        }],
        "nodes": [
            {"id": "a1", "network": "dead1111beef2222", "extended_address": "a1", "rloc16": "0x2c00", "role": "leader", "border_router": true,
             "name": "Küche HomePod", "state": "confirmed", "last_heard_at": "2026-11-20T11:59:48.000Z", "claims": [claim("2026-11-20T11:00:00.000Z")]},
            {"id": "b2", "network": "dead1111beef2222", "extended_address": "b2", "rloc16": "0x5c00", "role": "router", "border_router": false,
             "state": "inferred", "unheard": true, "claims": []},
            {"id": "c3", "network": "dead1111beef2222", "rloc16": "0x2c01", "role": "sleepy-end-device", "name": "Garage door sensor with a name that is too long",
             "state": "confirmed", "parent": {"node": "a1", "state": "one-sided", "since": null, "reasons": []}, "last_heard_at": "2026-11-20T11:50:00.000Z"},
            {"id": "d4", "network": "dead1111beef2222", "rloc16": "0x2c02", "role": "reed", "name": "Plug", "state": "confirmed",
             "parent": {"node": "a1", "state": "confirmed"}},
            {"id": "e5", "network": "dead1111beef2222", "role": "sleepy-end-device", "name": "Letter box", "state": "stale",
             "last_parent": {"node": "b2", "until": "2026-11-20T10:00:00.000Z"}, "last_heard_at": "2026-11-20T09:00:00.000Z"},
            {"id": "f6", "network": "dead1111beef2222", "rloc16": "0x5c07", "role": "unknown", "state": "one-sided", "last_heard_at": "2026-11-20T11:59:00.000Z"},
            {"id": "lan/_hap._udp/Eve", "network": "dead1111beef2222", "name": "Eve Motion", "model": "20EBY9901", "state": "one-sided",
             "known_as": {"hap": ["aa:bb"], "matter": [], "hosts": []}, "claims": [claim("2026-11-20T11:59:00.000Z")]},
            {"id": "lan/_srpl-tls._tcp/Echo", "network": null, "state": "one-sided", "role": "unknown"},
            // Of a later version.
            {"id": "g7", "network": "dead1111beef2222", "role": "quantum-router", "state": "entangled", "name": "evil\u{1b}[2Jname", "rloc16": "0x9400",
             "parent": {"node": "b2", "state": "contradicted"}},
        ],
        "links": [
            {"id": "a1~c3", "kind": "parent-child", "medium": "radio", "a": "a1", "b": "c3", "state": "one-sided",
             "a_hears_b": {"link_quality": 2, "average_rssi_dbm": -71, "relayed": false}, "b_hears_a": null},
            {"id": "a1~d4", "kind": "parent-child", "medium": "radio", "a": "a1", "b": "d4", "state": "confirmed",
             "a_hears_b": {"link_quality": 2}, "b_hears_a": {"link_quality": 3}},
        ],
        "findings": [
            {"id": "unheard-router:b2", "kind": "unheard-router", "severity": "info", "subjects": ["b2"], "title": "0x5c00: its own tables are unknown",
             "detail": "Router 23 is routed to by 6 devices, and nobody has ever heard its tables: children below it cannot be seen.", "advice": "Pair it."},
            {"id": "cut-vertex:a1", "kind": "cut-vertex", "severity": "info", "subjects": ["a1"], "title": "a1 holds the mesh together", "detail": "…", "advice": "…"},
            {"id": "weak-only:c3", "kind": "weak-only", "severity": "warning", "subjects": ["c3"], "title": "c3: its only link is weak",
             "detail": "Its only link, to its parent, is weak (link quality 1 of 3 at best). Frames get lost on it.", "advice": "Move it."},
        ],
    })
}

#[test]
fn a_page_shows_everything_and_hides_nothing() {
    let expected = "\
home
  extended PAN id dead1111beef2222, channel 25, PAN id 0x4f21
  partition 305419896, led by Küche HomePod

  DEVICE                            RLOC16  ROLE    LINK   HEARD  STATE
◆ Küche HomePod                     0x2c00  leader          12 s
  ├─ ○ Garage door sensor with a n… 0x2c01  sleepy   –/2  10 min  one-sided
  └─ ◐ Plug                         0x2c02  reed     3/2       –
● b2                                0x5c00  router             –  not heard
  └─ ? evil\u{fffd}[2Jname                 0x9400  ?        –/–       –  contradicted

lost
○ Letter box                        –       sleepy           3 h  stale
    last below b2, until 2 h ago

parent unknown
? –                                 0x5c07  ?               60 s  one-sided

named, not placed
  DEVICE                            WHAT                               ANNOUNCED
  Eve Motion                        HomeKit, 20EBY9901                      60 s

placed, not named: 2
  0x5c00 0x5c07

gaps: routers whose tables nobody has heard; their children may be missing
  ! Router 23 is routed to by 6 devices (b2)

on the LAN, in no known mesh
  DEVICE                            WHAT                               ANNOUNCED
  Echo                              _srpl-tls._tcp

findings
  warning  Garage door sensor with a name that is too long: its only link is
           weak
           Its only link, to its parent, is weak (link quality 1 of 3 at best).
           Frames get lost on it.
           Move it.
  info     Küche HomePod holds the mesh together

◆ border router  ● router  ◐ child that may become a router  ○ child
LINK: how well the child hears its parent / the parent the child, 0 to 3.
STATE: no state: confirmed; not heard: nobody has heard its own tables.
7 to 8 devices: 2 routers, 3 children, 2 not placed, 1 known by name only (some
may be the same as devices counted before); 1 more on the LAN.
As of 2026-11-20 12:00:00 UTC, from 7 captures of home.jsonl. Heard through lan.
";
    let page = page(home());
    assert_eq!(page, expected, "\n{page}");
}

#[test]
fn a_split_network_is_shown_partition_by_partition() {
    let node = |id: &str, partition: Value| json!({"id": id, "network": "n", "rloc16": "0x0400", "role": "router", "name": id, "state": "confirmed", "partition_id": partition});
    let page = page(json!({
        "as_of": "2026-11-20T12:00:00.000Z",
        "networks": [{"id": "n", "extended_pan_id": null, "partitions": [{"partition_id": 1, "leader": "one", "state": "confirmed"}, {"partition_id": 2, "leader": null, "state": "one-sided"}]}],
        "nodes": [node("one", json!(1)), node("two", json!(2)), node("three", json!(null))],
    }));
    let expected = [
        "a network whose name nobody told",
        "  extended PAN id unknown",
        "  partition 1, led by one",
        "  partition 2, leader unknown (one-sided)",
        "",
        "  DEVICE                            RLOC16  ROLE    LINK   HEARD  STATE",
        "",
        "partition 1",
        "● one                               0x0400  router             –",
        "",
        "partition 2",
        "● two                               0x0400  router             –",
        "",
        "partition unknown",
        "● three                             0x0400  router             –",
    ];
    assert_eq!(page.lines().take(expected.len()).collect::<Vec<_>>(), expected);
}

#[test]
fn devices_of_one_name_are_told_apart_by_their_place() {
    let node = |id: &str, rloc16: &str| json!({"id": id, "network": "n", "rloc16": rloc16, "role": "router", "name": "Bulb A19", "state": "confirmed", "unheard": true});
    let finding = |id: &str, kind: &str, subjects: Value, title: &str| json!({"id": id, "kind": kind, "subjects": subjects, "title": title, "detail": "Router 1 is seen."});
    let page = page(json!({
        "as_of": "2026-11-20T12:00:00.000Z",
        "networks": [{"id": "n", "partitions": [{"partition_id": 1, "leader": "a1", "state": "confirmed"}]}],
        "nodes": [node("a1", "0x0400"), node("b2", "0x0800"), {"id": "c3", "network": "n", "rloc16": "0x0c00", "role": "router", "name": "Plug"}],
        "findings": [
            finding("1", "one", json!(["b2"]), "Bulb A19: weak"),
            finding("2", "two", json!(["a1~b2"]), "Bulb A19 and Bulb A19: one-sided"),
            finding("3", "unheard-router", json!(["b2"]), "Bulb A19"),
            finding("4", "four", json!(["c3"]), "c3: alone"),
        ],
    }));
    for line in [
        "  partition 1, led by Bulb A19 (0x0400)",
        "  info     Bulb A19 (0x0800): weak",
        "  info     Bulb A19 and Bulb A19: one-sided [Bulb A19 (0x0400), Bulb A19",
        "           (0x0800)]",
        "  ! Router 1 is seen (Bulb A19 (0x0800))",
        "  info     Plug: alone",
    ] {
        assert!(page.lines().any(|shown| shown == line), "{line}\n{page}");
    }
}

#[test]
fn wide_names_and_old_announcements_keep_the_columns() {
    let page = page(json!({
        "as_of": "2026-11-20T12:00:00.000Z", "networks": [{"id": "n"}],
        "nodes": [
            {"id": "1", "network": "n", "name": "廚房的燈".repeat(6), "rloc16": "0x0400", "role": "router", "state": "contradicted", "last_heard_at": "1970-01-01T00:00:00.000Z"},
            {"id": "2", "name": "居間 🛋", "vendor": "廚".repeat(40), "claims": [{"source": "lan", "reporter": "r", "fact": "f", "observed_at": "2026-11-20T11:33:00.000Z", "capture": {"seq": 1}}]},
        ],
    }));
    assert!(page.lines().all(|line| text::width_of(line) <= text::WIDTH), "{page}");
    assert!(page.contains("27 min\n"), "{page}");
}

#[test]
fn nothing_known_is_a_sentence() {
    let page = page(json!({"as_of": "2026-11-20T12:00:00.000Z", "networks": [], "nodes": [], "links": [], "findings": []}));
    assert!(page.starts_with("No Thread network is known.\n"), "{page}");
}

#[test]
fn parents_in_a_circle_are_shown_once_each() {
    let node = |id: &str, parent: &str| json!({"id": id, "network": "n", "name": id, "rloc16": "0x0401", "state": "contradicted", "parent": {"node": parent, "state": "contradicted"}});
    let topology = json!({"as_of": "2026-11-20T12:00:00.000Z", "networks": [{"id": "n"}], "nodes": [node("one", "two"), node("two", "one"), node("three", "three")]});
    let page = page(topology);
    for name in ["one", "two", "three"] {
        assert_eq!(page.lines().filter(|line| line.contains(&format!(" {name} "))).count(), 1, "{page}");
    }
}

#[test]
fn one_network_can_be_asked_for_by_name_or_id() {
    let topology: View = serde_json::from_value(json!({
        "as_of": "2026-11-20T12:00:00.000Z", "networks": [{"id": "aa", "name": "Home"}, {"id": "bb", "name": "Shed"}],
        "nodes": [{"id": "1", "network": "aa"}, {"id": "2", "network": "bb"}, {"id": "3"}],
        "links": [{"id": "1~2", "a": "1", "b": "2"}],
        "findings": [{"id": "x", "subjects": ["1"]}, {"id": "y", "subjects": ["bb"]}],
    }))
    .unwrap();
    for wanted in ["home", "AA"] {
        let only = only(topology.clone(), wanted).unwrap();
        assert_eq!(only.nodes.iter().map(|node| node.id.as_str()).collect::<Vec<_>>(), ["1"]);
        assert_eq!((only.networks.len(), only.links.len(), only.findings.len()), (1, 0, 1));
    }
    assert!(only(topology, "garage").is_err());
}

#[test]
fn the_demo_fits_at_every_hour_and_shows_every_name() {
    let captures = crate::demo::captures().unwrap();
    let begin = captures[0].at;
    let recording = |captures: &[weft_evidence::Capture]| weft_evidence::recording::Recording {
        captures: captures.to_vec(),
        ..Default::default()
    };
    for hour in [1, 8, 11, 14, 20] {
        let at: Timestamp = begin.plus_seconds(hour * 3600 + 20 * 60);
        let (topology, _) = mesh::of_recording(recording(&captures), "demo", Some(at)).unwrap();
        let view = View::from_json(&serde_json::to_vec(&topology.document(true)).unwrap()).unwrap();
        let page = render(&view, "the demo", &PLAIN);
        assert!(page.lines().all(|line| text::width_of(line) <= text::WIDTH), "{page}");
        let named = view.nodes.iter().filter_map(|node| node.name.as_deref());
        for name in named {
            let is_line_of = |line: &&str| line.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(&format!("{name} "));
            assert!(page.lines().filter(is_line_of).count() >= 1, "{name} at {at}\n{page}");
        }
    }
}

proptest! {
    /// Whatever a service answers: no line is an order to the terminal, none is too long but for what stands alone.
    #[test]
    fn no_name_reaches_the_terminal_as_an_order(name in "[\\x00-\\x7f\u{202e}äé]{0,40}", room in ".{0,10}", title in ".{0,200}") {
        let page = page(json!({
            "as_of": "2026-11-20T12:00:00.000Z", "networks": [{"id": "n", "name": name}],
            "nodes": [{"id": "1", "network": "n", "name": name, "rloc16": "0x0400", "role": "router", "room": room}, {"id": name, "vendor": room, "parent": {"node": title}}],
            "findings": [{"id": "f", "severity": "problem", "title": title, "detail": name}],
        }));
        let is_harmless = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
        prop_assert!(page.chars().all(is_harmless), "{page:?}");
    }
}
