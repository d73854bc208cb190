use super::*;
use crate::capture::*;
use crate::recording::read_all;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use weft_model::*;
use weft_wire::tmf::{AnswerFrame, AnswerPart, encode_answer, encode_answer_parts};

const MIXED: &[u8] = include_bytes!("../../testdata/mixed.jsonl");

fn mixed() -> Vec<Capture> {
    read_all(MIXED).unwrap().captures
}

fn capture(seq: u64, body: CaptureBody) -> Capture {
    Capture {
        seq,
        at: Timestamp::from_unix_milliseconds(1_000_000 + 1000 * seq as i64),
        source: "test".into(),
        body,
    }
}

/// A capture as a line of a recording, without what all have.
fn from_json(body: Value) -> Capture {
    capture(1, serde_json::from_value(body).unwrap())
}

fn decode(capture: &Capture) -> DecodedCapture {
    Decoder::new().decode(capture)
}

fn problems(decoded: &DecodedCapture) -> Vec<String> {
    decoded.problems.iter().map(ToString::to_string).collect()
}

fn kinds(decoded: &DecodedCapture) -> BTreeSet<FactKind> {
    decoded.observations.iter().map(|observation| observation.fact.kind()).collect()
}

/// The one reporter of all observations.
fn reporter(decoded: &DecodedCapture) -> String {
    let reporters: BTreeSet<String> = decoded.observations.iter().map(|observation| observation.reporter.to_string()).collect();
    assert_eq!(reporters.len(), 1, "{reporters:?}");
    reporters.into_iter().next().unwrap()
}

const NETWORK: &str = "7000368d2534c02d";
const RADIO: ExtendedAddress = ExtendedAddress([0x66, 0xc3, 0x7e, 0xf4, 0x09, 0x9b, 0x2c, 0x66]);

fn tmf(seq: u64, peer: &str, payload: &[u8]) -> Capture {
    let payload = crate::hex::encode(payload);
    let body = json!({"kind": "tmf", "extended_pan_id": NETWORK, "peer": peer, "uri": "d/da", "payload": payload});
    capture(seq, serde_json::from_value(body).unwrap())
}

#[test]
fn every_kind_of_a_recording_is_understood_or_says_that_it_is_not() {
    let mut decoder = Decoder::new();
    for capture in mixed() {
        let decoded = decoder.decode(&capture);
        let says_something =
            !decoded.observations.is_empty() || !decoded.removed.is_empty() || !decoded.failures.is_empty() || decoded.source.is_some();
        assert!(says_something || decoded.not_understood, "{capture:?}: {decoded:?}");
        assert_eq!(problems(&decoded), [] as [String; 0], "capture {}", capture.seq);
        for observation in &decoded.observations {
            assert_eq!((observation.seq, &observation.source), (capture.seq, &capture.source));
            assert!(observation.stated_at <= capture.at);
        }
    }
}

#[test]
fn a_mesh_node_is_named_by_the_strongest_name_that_it_gives() {
    let facts = |facts: &[Fact]| encode_answer(facts, AnswerFrame::default()).unwrap();
    let locator = Fact::Rloc16(Rloc16::new(0x7c01));
    let rloc = "fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c00";
    let cases = [
        (
            rloc,
            facts(&[Fact::ExtendedAddress(RADIO), locator.clone()]),
            "66c37ef4099b2c66".to_owned(),
        ),
        (
            "fe80::64c3:7ef4:99b:2c66",
            facts(std::slice::from_ref(&locator)),
            "66c37ef4099b2c66".to_owned(),
        ),
        (rloc, facts(&[locator]), format!("{NETWORK}/0x7c01")),
        (rloc, facts(&[Fact::ThreadVersion(5)]), format!("{NETWORK}/0x7c00")),
        (
            "fd2c:1fbe:3d6:dfd0:a4a:5125:8498:463c",
            facts(&[Fact::ThreadVersion(5)]),
            "fd2c:1fbe:3d6:dfd0:a4a:5125:8498:463c".to_owned(),
        ),
    ];
    for (peer, payload, expected) in cases {
        let decoded = decode(&tmf(1, peer, &payload));
        assert_eq!(reporter(&decoded), expected);
        assert!(
            decoded
                .observations
                .iter()
                .all(|observation| observation.network == Some(NETWORK.parse().unwrap()) && observation.hearing == Hearing::Asked)
        );
    }
}

fn children(count: u16) -> Vec<Fact> {
    let row = |child| ChildAddressesRow {
        rloc16: Rloc16::new(0x7c00 | child).unwrap(),
        addresses: vec![Ipv6Addr::from(u128::from(child))],
    };
    vec![Fact::ExtendedAddress(RADIO), Fact::ChildAddresses((1..=count).map(row).collect())]
}

#[test]
fn parts_of_an_answer_supersede_nothing_until_all_are_there() {
    let whole = children(9);
    let parts = encode_answer_parts(&whole, 7, 100).unwrap();
    assert_eq!(parts.len(), 3);
    let peer = "fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c00";
    let mut decoder = Decoder::new();
    let first = decoder.decode(&tmf(1, peer, &parts[0]));
    let third = decoder.decode(&tmf(2, peer, &parts[2]));
    for decoded in [&first, &third] {
        let lists: Vec<_> = decoded
            .observations
            .iter()
            .filter(|observation| observation.fact.kind() == FactKind::ChildAddresses)
            .collect();
        assert_eq!(lists.len(), 1);
        assert!(!lists[0].complete);
        assert_eq!(reporter(decoded), RADIO.to_string(), "later parts are named as the first one was");
    }
    let second = decoder.decode(&tmf(3, peer, &parts[1]));
    let last = second.observations.last().unwrap();
    assert_eq!(
        (last.complete, last.seq, last.stated_at),
        (true, 3, Timestamp::from_unix_milliseconds(1_003_000))
    );
    assert_eq!(*last.fact, whole[1]);
    assert_eq!(last.reporter, Reporter::Radio { extended_address: RADIO });
    assert!(
        decoder
            .decode(&tmf(4, peer, &parts[1]))
            .observations
            .iter()
            .all(|observation| !observation.complete),
        "the answer was given out"
    );
}

#[test]
fn parts_of_different_nodes_and_queries_stay_apart() {
    let (of_one, of_two) = (
        encode_answer_parts(&children(9), 7, 100).unwrap(),
        encode_answer_parts(&children(9), 8, 100).unwrap(),
    );
    let mut decoder = Decoder::new();
    let (one, two) = ("fd00::ff:fe00:7c00", "fd00::ff:fe00:8000");
    let all = [
        (one, &of_one[0]),
        (two, &of_one[1]),
        (one, &of_two[1]),
        (one, &of_one[2]),
        (two, &of_one[2]),
    ];
    for (seq, (peer, part)) in (1..).zip(all) {
        let decoded = decoder.decode(&tmf(seq, peer, part));
        assert!(
            decoded
                .observations
                .iter()
                .all(|observation| !observation.complete || observation.fact.kind() != FactKind::ChildAddresses)
        );
    }
    // The same number again after the device restarted: the parts of before do not belong to it.
    let mut late = tmf(9, one, &of_one[1]);
    late.at = late.at.plus_seconds(3600);
    assert!(decoder.decode(&late).observations.iter().all(|observation| !observation.complete));
}

#[test]
fn what_is_waited_for_is_bounded() {
    let mut decoder = Decoder::new();
    for seq in 1..2000 {
        let part = encode_answer(
            &[Fact::ThreadVersion(5)],
            AnswerFrame {
                query_id: Some(seq as u16),
                part: Some(AnswerPart { index: 0, is_last: false }),
            },
        )
        .unwrap();
        decoder.decode(&tmf(seq, "fd00::1", &part));
    }
    assert!(format!("{decoder:?}").matches("Waiting").count() <= 256);
}

#[test]
fn datasets_and_unknown_addresses_and_errors() {
    let dataset = "0e080000000000010000000300000f02087000368d2534c02d0510000000000000000000000000000000000306 6d6573683230".replace(' ', "");
    let mut answer = json!({"kind": "tmf", "peer": "fd00::1", "uri": "c/ag", "payload": dataset});
    let decoded = decode(&from_json(answer.clone()));
    assert_eq!((kinds(&decoded), decoded.observations[0].complete), ([FactKind::Dataset].into(), true));
    assert_eq!(decoded.observations[0].network, Some(NETWORK.parse().unwrap()));
    answer["uri"] = json!("x/y");
    assert!(decode(&from_json(answer.clone())).not_understood);
    answer["uri"] = json!("d/dg");
    answer["code"] = json!("4.04");
    assert_eq!(problems(&decode(&from_json(answer.clone()))), ["code: the answer is an error, \"4.04\""]);
    answer["payload"] = json!("xyz");
    assert_eq!(problems(&decode(&from_json(answer))), ["payload: not in hexadecimal digits"]);
}

#[test]
fn a_matter_node_reports_values_and_refusals() {
    let report = mixed()
        .into_iter()
        .find(|capture| matches!(capture.body, CaptureBody::MatterReport(_)))
        .unwrap();
    let decoded = decode(&report);
    assert_eq!(reporter(&decoded), "matter:C2637A8B1B1B1B1B-0000000000000004");
    assert!(
        decoded
            .observations
            .iter()
            .any(|observation| *observation.fact == Fact::Refused(FactKind::ExtendedAddress, 134))
    );
    let network = ExtendedPanId::from_u64(2_888_440_833_819_173_018);
    assert!(
        decoded.observations.iter().all(|observation| observation.network == Some(network)),
        "the report itself names it"
    );
    let table = decoded
        .observations
        .iter()
        .find(|observation| observation.fact.kind() == FactKind::NeighborTable)
        .unwrap();
    assert_eq!((table.complete, table.hearing, table.stated_at), (true, Hearing::Asked, report.at));
    assert!(decoded.observations.iter().all(|observation| observation.interval_seconds.is_none()));
    let attribute = |tlv: Value, status: Value| json!({"endpoint": 0, "cluster": 53, "attribute": 7, "tlv": tlv, "status": status});
    let odd = from_json(json!({"kind": "matter-report", "fabric": "c2637a8b1b1b1b1b", "node": "0000000000000004",
        "attributes": [attribute(json!("16"), Value::Null), attribute(json!("0x"), Value::Null), attribute(Value::Null, Value::Null)]}));
    let decoded = decode(&odd);
    assert_eq!(problems(&decoded).len(), 3, "{:?}", decoded.problems);
    assert!(
        decoded.observations.iter().all(|observation| !observation.complete),
        "a table that is cut off supersedes nothing"
    );
}

#[test]
fn a_report_tells_in_which_interval_its_node_is_asked() {
    let report = from_json(
        json!({"kind": "matter-report", "fabric": "c2637a8b1b1b1b1b", "node": "0000000000000004", "interval_seconds": 3600,
        "attributes": [{"endpoint": 0, "cluster": 53, "attribute": 1, "tlv": "0402"}]}),
    );
    let decoded = decode(&report);
    let told: Vec<_> = decoded.observations.iter().map(|observation| observation.interval_seconds).collect();
    assert_eq!(told, [Some(3600)]);
}

#[test]
fn a_matter_server_tells_its_cache() {
    let mut nodes = mixed()
        .into_iter()
        .filter(|capture| matches!(capture.body, CaptureBody::MatterServerNode(_)));
    let (by_address, by_fabric) = (decode(&nodes.next().unwrap()), decode(&nodes.next().unwrap()));
    assert_eq!(reporter(&by_fabric), "matter:C2637A8B1B1B1B1B-0000000000000006");
    let name = reporter(&by_address);
    assert!(
        name.ends_with("-0000000000000004") && !name.contains("C2637A8B"),
        "{name}: eight bytes of the hash of the server's address"
    );
    for decoded in [by_address, by_fabric] {
        assert!(decoded.observations.iter().all(|observation| observation.hearing == Hearing::Cached));
        assert!(kinds(&decoded).contains(&FactKind::NeighborTable));
    }
    let nameless = decode(&from_json(
        json!({"kind": "matter-server-node", "server": "x", "node": {"attributes": {}}}),
    ));
    assert_eq!(problems(&nameless), ["node_id: without it nobody knows whose attributes these are"]);
}

#[test]
fn services_come_and_go_under_one_name() {
    let resolved = json!({"kind": "mdns", "event": "resolved", "service": "_TREL._udp.local.", "instance": "Hall\\.1", "addresses": ["fe80::1%eth0", "nonsense"],
        "txt": [["xp", "7000368d2534c02d"], ["xa", "zz"], ["q", null]], "ttl_seconds": 120});
    let decoded = decode(&from_json(resolved));
    assert_eq!(reporter(&decoded), "Hall.1._trel._udp");
    assert_eq!(decoded.observations[0].network, Some(NETWORK.parse().unwrap()));
    assert_eq!(decoded.observations[0].hearing, Hearing::Lan { ttl_seconds: 120 });
    assert_eq!(
        problems(&decoded),
        ["addresses: \"nonsense\" is no address", "TXT xa: the value is not in hexadecimal digits"]
    );
    let Fact::Service(record) = &*decoded.observations[0].fact else {
        panic!()
    };
    assert_eq!(record.addresses, ["fe80::1".parse::<std::net::IpAddr>().unwrap()]);
    let removed = decode(&from_json(
        json!({"kind": "mdns", "event": "removed", "service": "_trel._udp.local", "instance": "Hall\\.1"}),
    ));
    assert_eq!(removed.removed, [decoded.observations[0].reporter.clone()]);
    let types = json!({"kind": "mdns", "event": "resolved", "service": "_services._dns-sd._udp.local.", "instance": "_hap._udp.local."});
    let decoded = decode(&from_json(types));
    assert_eq!(*decoded.observations[0].fact, Fact::ServiceType("_hap._udp.local.".into()));
    assert_eq!(decoded.observations[0].hearing, Hearing::Lan { ttl_seconds: 4500 });
}

fn rest(path: &str, body: Value) -> Value {
    json!({"kind": "otbr-rest", "base": "http://br:8081/", "path": path, "status": 200, "body": body})
}

#[test]
fn a_border_router_speaks_of_itself_and_of_others() {
    let named = decode(&from_json(rest(
        "/node",
        json!({"state": "leader", "extAddress": "66c37ef4099b2c66", "rloc16": "0x7c00", "extPanId": NETWORK}),
    )));
    assert_eq!(reporter(&named), "66c37ef4099b2c66");
    assert_eq!(named.observations[0].network, Some(NETWORK.parse().unwrap()));
    let unnamed = decode(&from_json(rest("/node/rloc16", json!(0x7c00))));
    assert_eq!(reporter(&unnamed), "http://br:8081");
    let others = decode(&from_json(rest(
        "/diagnostics",
        json!([{"Rloc16": 11264, "Mode": {"RxOnWhenIdle": 1, "DeviceType": 1, "NetworkData": 1}}]),
    )));
    assert_eq!(reporter(&others), "0x2c00");
    assert!(is_border_router_path("/node/rloc?x") && is_border_router_path("//api/node") && !is_border_router_path("/api/devices"));
}

#[test]
fn a_cached_answer_is_as_old_as_it_says_and_never_from_the_future() {
    let item = |created: &str| {
        json!({"data": [{"id": "66c37ef4099b2c66", "type": "threadDevice",
        "attributes": {"extAddress": "66c37ef4099b2c66", "role": "router", "rloc16": "0x7c00", "created": created}}]})
    };
    let stated = |created: &str| {
        decode(&from_json(rest("/api/devices", item(created)))).observations[0]
            .stated_at
            .to_string()
    };
    assert_eq!(stated("1970-01-01T00:10:00+00:00"), "1970-01-01T00:10:00.000Z");
    assert_eq!(stated("2031-01-01T00:00:00Z"), "1970-01-01T00:16:41.000Z");
}

#[test]
fn what_changes_something_or_failed_says_nothing_of_the_mesh() {
    let mut body = rest("/node/state", json!("enable"));
    body["method"] = json!("PUT");
    assert_eq!(decode(&from_json(body)), DecodedCapture::default());
    let mut body = rest("/node", json!("Service Unavailable"));
    body["status"] = json!(503);
    let decoded = decode(&from_json(body));
    assert_eq!(decoded.observations, []);
    assert!(problems(&decoded).contains(&"status: the border router answered with HTTP status 503".to_owned()));
}

fn summary(from: &str, to: &str) -> Capture {
    from_json(
        json!({"kind": "radio-summary", "channel": 15, "pan_id": "0x100b", "from": from, "to": to, "interval_seconds": 9.6, "rssi_average_dbm": -66.4,
        "rssi_max_dbm": 5}),
    )
}

#[test]
fn a_dongle_tells_what_it_heard_of_a_pair() {
    let decoded = decode(&summary("66:C3:7E:F4:09:9B:2C:66", "0xFFFF"));
    assert_eq!(reporter(&decoded), "dongle:66c37ef4099b2c66>0xffff");
    let Fact::RadioSummary(heard) = &*decoded.observations[0].fact else {
        panic!()
    };
    assert_eq!((heard.from, heard.to), (RadioPeer::ExtendedAddress(RADIO), RadioPeer::Broadcast));
    assert_eq!(
        (heard.interval_seconds, heard.rssi_average, heard.rssi_max),
        (10, Rssi::from_dbm(-66), None)
    );
    assert_eq!(decoded.observations[0].hearing, Hearing::Air);
    assert_eq!(
        problems(&decode(&summary("0xfffe", "0x2c00"))),
        ["from: \"0xfffe\" is neither an RLOC16 nor an extended address"]
    );
    assert_eq!(
        problems(&decode(&summary("0xffff", "0x2c00"))),
        ["from: the broadcast address sends nothing"]
    );
}

#[test]
fn people_speak_of_one_device_in_one_spelling() {
    let of = |identify: Value| decode(&from_json(json!({"kind": "annotation", "identify": identify, "name": "Hall"})));
    let one = of(json!({"hap_id": "aa:bb:cc:dd:ee:ff", "extended_address": "66C37EF4099B2C66"}));
    assert_eq!(reporter(&one), "annotation:extended_address=66c37ef4099b2c66 hap_id=AA:BB:CC:DD:EE:FF");
    assert_eq!(one.observations[0].hearing, Hearing::Person);
    assert_eq!(problems(&of(json!({}))), ["identify: names no device and no finding"]);
}

#[test]
fn asked_in_vain_is_told_of_who_was_asked() {
    let of = |target: Value| {
        decode(&from_json(
            json!({"kind": "failure", "target": target, "attempt": "d/dg", "error": "silence"}),
        ))
    };
    let name = |decoded: &DecodedCapture| decoded.failures[0].0.to_string();
    assert_eq!(
        name(&of(
            json!({"kind": "thread-node", "extended_pan_id": NETWORK, "address": "fd00::ff:fe00:7c00"})
        )),
        format!("{NETWORK}/0x7c00")
    );
    assert_eq!(
        name(&of(json!({"kind": "thread-node", "address": "fe80::64c3:7ef4:99b:2c66"}))),
        "66c37ef4099b2c66"
    );
    assert_eq!(
        name(&of(
            json!({"kind": "matter-node", "fabric": "c2637a8b1b1b1b1b", "node": "0000000000000004"})
        )),
        "matter:C2637A8B1B1B1B1B-0000000000000004"
    );
    assert_eq!(name(&of(json!({"kind": "otbr-rest", "base": "http://br:8081/"}))), "http://br:8081");
    assert_eq!(
        problems(&of(json!({"kind": "sonar", "depth": 3}))),
        ["target: names nobody that is known here"]
    );
}

#[test]
fn captures_supersede_only_what_says_the_same_of_the_same_reporter() {
    let captures = mixed();
    let keys: BTreeSet<String> = captures.iter().map(retention_key).collect();
    // Two answers of one query came over two hops each, and are the same.
    assert_eq!(keys.len(), captures.len() - 2);
    let parts = encode_answer_parts(&children(9), 7, 100).unwrap();
    let peer = "fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c00";
    assert_ne!(retention_key(&tmf(1, peer, &parts[0])), retention_key(&tmf(2, peer, &parts[1])));
    let again = encode_answer_parts(&children(9), 8, 100).unwrap();
    assert_eq!(retention_key(&tmf(1, peer, &parts[0])), retention_key(&tmf(2, peer, &again[0])));
    let short = encode_answer(&[Fact::ExtendedAddress(RADIO)], AnswerFrame::default()).unwrap();
    let long = encode_answer(&[Fact::ExtendedAddress(RADIO), Fact::ThreadVersion(5)], AnswerFrame::default()).unwrap();
    assert_ne!(retention_key(&tmf(1, peer, &short)), retention_key(&tmf(2, peer, &long)));
    let item = |id: &str| {
        rest(
            &format!("/api/diagnostics/{id}"),
            json!({"data": {"id": id, "type": "networkDiagnostics", "attributes": {"extAddress": "66c37ef4099b2c66", "rloc16": "0x7c00"}}}),
        )
    };
    assert_eq!(
        retention_key(&from_json(item("0628ca7a"))),
        retention_key(&from_json(item("ffffffff"))),
        "an item has a new id each time"
    );
    let instance = |event: &str| from_json(json!({"kind": "mdns", "event": event, "service": "_trel._udp.local.", "instance": "a"}));
    assert_eq!(retention_key(&instance("resolved")), retention_key(&instance("removed")));
}

proptest! {
    #[test]
    fn arbitrary_payloads_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), uri in "(d/d[agq]|c/[apc]g|a/as)", cluster in 0x28u32..0x36, text in "\\PC{0,40}") {
        let digits = crate::hex::encode(&bytes);
        let mut decoder = Decoder::new();
        for body in [
            json!({"kind": "tmf", "peer": "fd00::1", "uri": uri, "payload": digits}),
            json!({"kind": "matter-report", "fabric": "c2637a8b1b1b1b1b", "node": "0000000000000004", "attributes": [{"endpoint": 0, "cluster": cluster, "attribute": 7, "tlv": digits}]}),
            json!({"kind": "mdns", "event": "resolved", "service": "_meshcop._udp.local.", "instance": text, "host": text, "addresses": [text], "txt": [["xa", digits], [text, digits]]}),
            rest("/diagnostics", json!([{"ExtAddress": text, "NetworkData": digits}])),
            json!({"kind": "radio-summary", "pan_id": "0x1", "from": text, "to": digits, "interval_seconds": 1e300}),
        ] {
            let capture = from_json(body);
            let decoded = decoder.decode(&capture);
            prop_assert!(decoded.observations.iter().all(|observation| observation.seq == capture.seq));
            retention_key(&capture);
        }
    }
}
