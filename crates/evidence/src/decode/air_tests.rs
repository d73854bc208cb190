//! What is heard on the air. The messages and frames are from a recording of OpenThread.

use super::*;
use crate::recording::parse_line;
use proptest::prelude::*;
use serde_json::{Value, json};
use weft_model::{Channel, LinkQuality, PanId, RadioPeer};

const PARENT: &str = "daf63600b88c2555";
const CHILD: &str = "ae1158f13189bfde";

fn capture(seconds: i64, mut line: Value) -> Capture {
    line["seq"] = json!(seconds);
    line["at"] = json!(Timestamp::from_unix_milliseconds(seconds * 1000));
    line["source"] = json!("air");
    parse_line(line.to_string().as_bytes()).unwrap()
}

fn mle(command: u8, to: Option<&str>, tlvs: &str) -> DecodedCapture {
    let line = json!({"kind": "mle", "pan_id": "0x100b", "channel": 15, "from": PARENT, "to": to, "command": command, "tlvs": tlvs});
    Decoder::new().decode(&capture(100, line))
}

fn facts(decoded: &DecodedCapture) -> Vec<&Fact> {
    decoded.observations.iter().map(|observation| &*observation.fact).collect()
}

#[test]
fn an_advertisement_says_who_and_where_its_sender_is_and_whom_it_hears() {
    let decoded = mle(4, None, "000238000b086db0df6a4069ef3809115880328101000000805405a201f1050303");
    assert_eq!(decoded.problems, []);
    for observation in &decoded.observations {
        assert_eq!(observation.reporter.to_string(), PARENT);
        assert_eq!((observation.hearing, observation.complete), (Hearing::Air, true));
    }
    let facts = facts(&decoded);
    assert!(facts.contains(&&Fact::Rloc16(weft_model::Rloc16::new(0x3800))));
    assert!(facts.contains(&&Fact::PanId(PanId(0x100b))));
    assert!(facts.contains(&&Fact::Channel(Channel::new(15).unwrap())));
    let Some(Fact::Route64(route)) = facts.iter().find(|fact| fact.kind() == FactKind::Route64) else {
        panic!("{facts:?}");
    };
    let heard = route.routers.iter().filter(|row| row.link_quality_in > LinkQuality::NONE).count();
    assert_eq!((route.routers.len(), heard), (8, 3));
}

#[test]
fn a_child_id_response_is_a_row_of_the_parents_table_and_nothing_of_the_childs() {
    let decoded = mle(
        12,
        Some(CHILD),
        "00025c000b086db0df6a4069ef38160800000000000100000a025c040c001b0200811300",
    );
    assert_eq!(decoded.problems, []);
    let table = decoded
        .observations
        .iter()
        .find(|observation| observation.fact.kind() == FactKind::NeighborTable)
        .unwrap();
    assert!(!table.complete, "its other children are not in it");
    let Fact::NeighborTable(rows) = &*table.fact else { panic!("{table:?}") };
    assert_eq!(rows[0].extended_address.unwrap().to_string(), CHILD);
    assert_eq!((rows[0].rloc16, rows[0].is_child), (weft_model::Rloc16::new(0x5c04), Some(true)));
    assert!(
        facts(&decoded).contains(&&Fact::Rloc16(weft_model::Rloc16::new(0x5c00))),
        "the parent's own"
    );
}

#[test]
fn a_parent_that_refuses_has_no_such_child() {
    let answer = "0002280001010c1001270b086db0df6a4069ef3813000204000000f0";
    let row = |decoded: &DecodedCapture| facts(decoded).iter().any(|fact| fact.kind() == FactKind::NeighborTable);
    assert!(row(&mle(14, Some(CHILD), answer)));
    assert!(!row(&mle(14, Some(CHILD), &format!("{answer}110101"))), "status: error");
    assert!(!row(&mle(14, None, answer)), "to nobody in particular");
    assert!(
        !row(&mle(14, Some(CHILD), &answer.replacen("2800", "2801", 1))),
        "a child's answer to its parent"
    );
}

#[test]
fn a_child_that_leaves_says_good_bye_and_nothing_else() {
    let decoded = mle(13, Some(CHILD), "00025c0401010d020400000000");
    assert_eq!(
        decoded.removed,
        [Reporter::Radio {
            extended_address: PARENT.parse().unwrap()
        }]
    );
    assert_eq!(decoded.observations, []);
}

#[test]
fn what_a_network_answers_in_the_clear_names_it() {
    let line = json!({"kind": "mle", "pan_id": "0x1234", "channel": 20, "from": PARENT, "to": CHILD, "command": 17,
        "tlvs": "1a168102480002 08dead1111beef22220306666f6f626172".replace(' ', "")});
    let decoded = Decoder::new().decode(&capture(100, line));
    let network = decoded.observations.iter().filter_map(|observation| observation.network).next().unwrap();
    assert_eq!(network.to_string(), "dead1111beef2222");
    assert!(facts(&decoded).contains(&&Fact::NetworkName("foobar".into())));
}

#[test]
fn an_address_notification_says_where_an_address_is() {
    let told = |age: &str| {
        let payload = format!("0010fda7c9570ed93734000000000000000103080102030405060708{}{age}", "02022800");
        let line = json!({"kind": "tmf", "extended_pan_id": "7000368d2534c02d", "peer": "fd2c:1fbe:3d6:dfd0:0:ff:fe00:2800", "uri": "a/an", "overheard": true, "payload": payload});
        Decoder::new().decode(&capture(100, line))
    };
    let addresses: Vec<std::net::Ipv6Addr> = ["fd2c:1fbe:3d6:dfd0:102:304:506:708", "fda7:c957:ed9:3734::1"]
        .map(|text| text.parse().unwrap())
        .into();
    let addresses = Fact::Ipv6Addresses(addresses);
    let rloc16 = weft_model::Rloc16::new(0x2800).unwrap();
    for (age, place, stated_at) in [("", Fact::Rloc16(Some(rloc16)), 100), ("06040000001e", Fact::AnsweredForBy(rloc16), 70)] {
        let decoded = told(age);
        assert_eq!(decoded.problems, []);
        assert_eq!(facts(&decoded), [&addresses, &place]);
        for observation in &decoded.observations {
            assert_eq!(observation.reporter.to_string(), "fda7:c957:ed9:3734::1");
            assert_eq!(
                (observation.hearing, observation.stated_at.unix_milliseconds()),
                (Hearing::Air, stated_at * 1000)
            );
            assert_eq!(observation.complete, observation.fact.kind() != FactKind::Ipv6Addresses);
        }
    }
    assert_eq!(told("0600").problems.len(), 1, "a time without bytes");
}

#[test]
fn a_summary_is_as_old_as_its_last_frame() {
    let line = json!({"kind": "radio-summary", "pan_id": "0x100b", "from": "0x7c04", "to": "0x7c00", "interval_seconds": 30, "age_seconds": 12.5, "frames": 3});
    let decoded = Decoder::new().decode(&capture(100, line));
    assert_eq!(decoded.observations[0].stated_at.unix_milliseconds(), 87_500);
}

#[test]
fn frames_add_up() {
    let mut decoder = Decoder::new();
    let mut hear = |milliseconds: i64, psdu: &str| {
        let line = json!({"kind": "frame", "channel": 15, "rssi_dbm": -70, "radio_time_us": milliseconds * 1000, "psdu": psdu});
        let decoded = decoder.decode(&capture(milliseconds / 1000 + 1, line));
        assert_eq!(decoded.problems, []);
        decoded.observations.into_iter().next().map(|observation| match &*observation.fact {
            Fact::RadioSummary(summary) => (summary.from, summary.frames, summary.acknowledged, summary.data_polls),
            other => panic!("{other:?}"),
        })
    };
    let child = RadioPeer::Rloc16(weft_model::Rloc16::new(0x7c04).unwrap());
    assert_eq!(hear(100_000, "6b98ee0b10007c047c0d010000000104742a9f0e"), Some((child, 1, 0, 1)));
    assert_eq!(hear(100_001, "0210ee"), Some((child, 1, 1, 1)));
    assert_eq!(hear(100_100, "6b98ef0b10007c047c0d020000000104da28f3df"), Some((child, 2, 1, 2)));
    assert_eq!(hear(100_101, "0210aa"), None, "of a frame that was not heard");
}

proptest! {
    #[test]
    fn arbitrary_messages_and_frames_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), command: u8, channel: u16) {
        let digits = crate::hex::encode(&bytes);
        let mut decoder = Decoder::new();
        decoder.decode(&capture(100, json!({"kind": "mle", "pan_id": "0x100b", "from": PARENT, "to": CHILD, "command": command, "tlvs": digits})));
        decoder.decode(&capture(101, json!({"kind": "frame", "channel": channel, "psdu": digits})));
    }
}
