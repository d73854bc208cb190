//! Whom a word means, and the page about it.

use super::*;
use crate::view::{Node, View};
use serde_json::{Value, json};

const PLAIN: Style = Style {
    width: text::WIDTH,
    paint: Paint::NONE,
};

fn home() -> View {
    let claim = |reporter: &str, fact: &str, at: Value, seq: u64| json!({"source": "matter", "reporter": reporter, "fact": fact, "observed_at": at, "capture": {"recording": "home", "seq": seq}});
    serde_json::from_value(json!({
        "as_of": "2026-11-20T12:00:00.000Z",
        "networks": [{"id": "dead1111beef2222", "extended_pan_id": "dead1111beef2222", "name": "home"}],
        "nodes": [
            {"id": "00000000000000a1", "network": "dead1111beef2222", "extended_address": "00000000000000a1", "rloc16": "0x2c00", "role": "router", "name": "Hall plug", "state": "confirmed"},
            {"id": "00000000000000b2", "network": "dead1111beef2222", "extended_address": "00000000000000b2", "rloc16": "0x5c00", "role": "leader",
             "border_router": true, "name": "Kitchen speaker", "state": "confirmed"},
            {"id": "00000000000000c3", "previous_ids": ["dead1111beef2222/1/0x2c01"], "network": "dead1111beef2222", "extended_address": "00000000000000c3",
             "rloc16": "0x2c01", "partition_id": 1, "role": "sleepy-end-device", "name": "Hall sensor", "room": "Hall", "vendor": "Acme", "model": "S1", "state": "confirmed",
             "parent": {"node": "00000000000000a1", "state": "confirmed", "since": "2026-11-20T11:00:00.000Z", "reasons": ["the parent lists it as a child", "its route table has one row, its parent"]},
             "parents": [{"node": "00000000000000a1", "since": "2026-11-20T11:00:00.000Z", "until": null},
                         {"node": "00000000000000b2", "since": "2026-11-20T09:00:00.000Z", "until": "2026-11-20T10:59:00.000Z"}],
             "last_heard_at": "2026-11-20T11:59:30.000Z", "addresses": ["fd00::1"],
             "known_as": {"matter": ["850271ECEDDB396F-0000000000000011"], "hap": [], "hosts": ["00000000000000C3.local"]},
             "path": {"to": "00000000000000b2", "cost": 3, "hops": [{"node": "00000000000000a1", "cost": 1, "stated": true}, {"node": "00000000000000b2", "cost": 2, "stated": false}]},
             "claims": [claim("00000000000000c3", "node-label: Hall sensor", json!(null), 4), claim("00000000000000a1", "neighbor-table: lists it as a child", json!("2026-11-20T11:59:30.000Z"), 9)]},
        ],
        "links": [{"id": "00000000000000a1~00000000000000c3", "kind": "parent-child", "medium": "radio", "a": "00000000000000a1", "b": "00000000000000c3", "state": "confirmed",
                   "a_hears_b": {"link_quality": 2, "average_rssi_dbm": -71, "relayed": false}, "b_hears_a": {"link_quality": 3, "relayed": true},
                   "claims": [claim("00000000000000a1", "neighbor-table: lists it as a child", json!("2026-11-20T11:59:30.000Z"), 9),
                              claim("00000000000000a1", "link-quality 2", json!("2026-11-20T11:59:30.000Z"), 9)]}],
        "findings": [{"id": "f", "kind": "weak-only", "severity": "warning", "subjects": ["00000000000000c3"], "title": "It is weak", "detail": "So it seems.", "advice": "Move it."},
                     {"id": "g", "kind": "other", "severity": "problem", "subjects": ["00000000000000a1"], "title": "Not about it"}],
    })).unwrap()
}

fn found(wanted: &str) -> Vec<String> {
    find::find(&home(), wanted).iter().map(|node: &&Node| node.call()).collect()
}

#[test]
fn a_device_is_found_by_whatever_somebody_calls_it() {
    for wanted in [
        "00000000000000c3",
        "00:00:00:00:00:00:00:C3",
        "dead1111beef2222/1/0x2c01",
        "0x2c01",
        "0X2C01",
        "2c01",
        "hall SENSOR",
        "hall s",
        "fd00:0::1",
        "850271eceddb396f-0000000000000011",
        "17",
        "matter:17",
        "00000000000000c3.local.",
        " Hall sensor ",
    ] {
        assert_eq!(found(wanted), ["Hall sensor"], "{wanted}");
    }
    assert_eq!(found("hall"), ["Hall plug", "Hall sensor"]);
    assert_eq!(found("garage"), [""; 0]);
    assert_eq!(found(""), [""; 0]);
    assert_eq!(found("18"), [""; 0]);
}

#[test]
fn a_whole_name_is_stronger_than_the_beginning_of_others() {
    let mut view = home();
    view.nodes[0].name = Some("Hall".to_owned());
    assert_eq!(find::find(&view, "hall").len(), 1);
}

#[test]
fn the_page_says_who_says_so() {
    let view = home();
    let page = render::device(&Indexed::new(&view), &view.nodes[2], "9 captures of home.jsonl", &PLAIN);
    let expected = "\
Hall sensor
  a sleepy end device of home

  state             confirmed, last heard 30 s ago (2026-11-20 11:59:30)
  room              Hall
  make              Acme S1
  id                00000000000000c3
  ids before        dead1111beef2222/1/0x2c01
  RLOC16            0x2c01
  partition         1
  Matter            850271ECEDDB396F-0000000000000011
  host              00000000000000C3.local
  addresses         fd00::1

parent
  Hall plug (0x2c00), confirmed, since at least 2026-11-20 11:00:00 (60 min ago)
  - the parent lists it as a child
  - its route table has one row, its parent

parents so far
  2026-11-20 11:00:00 – now                  Hall plug (0x2c00)
  2026-11-20 09:00:00 – 2026-11-20 10:59:00  Kitchen speaker (0x5c00)

links
  WITH                    RLOC16  IT HEARS     IS HEARD     KIND    STATE
  Hall plug               0x2c00  3*           2 -71 dBm    parent  confirmed
  Link quality 0 to 3, and strength at the receiver; * told by the other end.

path to the border router
  to Kitchen speaker (0x5c00), 2 hops, cost 3
  → Hall plug (0x2c00)                   cost 1, its next hop by its own table
  → Kitchen speaker (0x5c00)             cost 2, computed from link qualities

who says so
    30 s  Hall plug, through matter #9
          neighbor-table: lists it as a child; link-quality 2
       –  itself, through matter #4
          node-label: Hall sensor

findings
  warning  It is weak
           So it seems.
           Move it.

As of 2026-11-20 12:00:00 UTC, from 9 captures of home.jsonl.
";
    assert_eq!(page, expected, "\n{page}");
}

#[test]
fn a_router_has_children_and_no_parent() {
    let view = home();
    let page = render::device(&Indexed::new(&view), &view.nodes[0], "x", &PLAIN);
    assert!(page.contains("\nchildren\n  - Hall sensor (0x2c01)\n"), "{page}");
    assert!(!page.contains("\nparent\n"), "{page}");
    assert!(page.contains("  problem  Not about it\n"), "{page}");
}
