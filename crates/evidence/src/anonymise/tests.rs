use super::*;
use crate::recording::read_all;
use crate::{Decoder, MdnsCapture, Reporter, TmfCapture};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use weft_model::Timestamp;

const MIXED: &[u8] = include_bytes!("../../testdata/mixed.jsonl");

fn mixed() -> Vec<Capture> {
    read_all(MIXED).unwrap().captures
}

fn anonymised(captures: &[Capture], salt: u8) -> Vec<Capture> {
    let mut changed = captures.to_vec();
    anonymise_all(&mut changed, [salt; 32]);
    changed
}

fn capture(body: Value) -> Capture {
    let body = serde_json::from_value(body).unwrap();
    Capture {
        seq: 1,
        at: Timestamp::from_unix_milliseconds(1),
        source: "test".into(),
        body,
    }
}

/// Every text in a JSON value, keys included.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            found.push(key);
            texts(value, found);
        }),
        _ => (),
    }
}

/// What decoders find in captures, as JSON.
fn facts(captures: &[Capture]) -> Vec<Value> {
    let mut decoder = Decoder::new();
    let observations = captures.iter().flat_map(|capture| decoder.decode(capture).observations);
    observations
        .map(|observation| json!([observation.reporter, observation.network, *observation.fact, observation.complete]))
        .collect()
}

/// What names somebody in the sample, found by its form, not by the code that is tested; and what a reader of the sample knows.
fn sensitive() -> (BTreeSet<Vec<u8>>, BTreeSet<String>) {
    let (mut bytes, mut names) = (BTreeSet::new(), BTreeSet::new());
    let facts = Value::Array(facts(&mixed()));
    let mut found = Vec::new();
    texts(&facts, &mut found);
    for text in found {
        let digits: String = text.chars().filter(|c| *c != ':').collect();
        match hex::decode(&digits) {
            Some(id) if [6, 8, 16].contains(&id.len()) => bytes.insert(id),
            _ => false,
        };
        if let Ok(address) = text.parse::<Ipv6Addr>()
            && address.segments()[4..7] != [0, 0xff, 0xfe00]
            && !address.is_unspecified()
        {
            bytes.insert(address.octets().to_vec());
        }
        if let Some(prefix) = text.strip_suffix("/64").and_then(|prefix| prefix.parse::<Ipv6Addr>().ok()) {
            bytes.insert(prefix.octets()[..8].to_vec());
        }
    }
    for name in [
        "otbr-mesh",
        "home-44",
        "Kitchen Strip",
        "Nanoleaf-Strip-2HKT",
        "OpenThread BorderRouter #C4AE",
        "Garage sensor",
        "Vera in May",
        "Attic lamp",
        "homeassistant",
        "192.168.7.2",
        "192.168.7.20",
        "SN44-13",
        "Attic Bulb A19 13",
        "Qt7mAg==",
        "mesh20",
    ] {
        names.insert(name.to_owned());
    }
    for id in [
        "5616f19227d2c4ae",
        "66c37ef4099b2c66",
        "dead1111beef2222",
        "5a1663a5f4b4ebdfcc73e581a5d1b1a2",
        "3c71bf4e129a",
        "00124b002a1b3c4d",
        "c9d98d8a8a5bd45a",
    ] {
        assert!(bytes.contains(&hex::decode(id).unwrap()), "the sample has {id}");
    }
    assert!(bytes.len() > 80, "{}", bytes.len());
    (bytes, names)
}

#[test]
fn nothing_that_names_somebody_survives_in_any_form() {
    let (bytes, names) = sensitive();
    let changed = anonymised(&mixed(), 1);
    let text: String = changed.iter().map(|capture| serde_json::to_string(capture).unwrap() + "\n").collect();
    let lower = text.to_lowercase();
    let value: Value = serde_json::to_value(&changed).unwrap();
    let mut all_texts = Vec::new();
    texts(&value, &mut all_texts);
    let unpacked: Vec<Vec<u8>> = all_texts
        .iter()
        .flat_map(|text| [STANDARD.decode(text).ok(), hex::decode(text)])
        .flatten()
        .collect();
    let addresses: BTreeSet<Ipv6Addr> = lower
        .split(|c: char| !c.is_ascii_hexdigit() && c != ':')
        .filter_map(|word| word.parse().ok())
        .collect();
    for name in names {
        assert!(!lower.contains(&name.to_lowercase()), "{name}");
        assert!(
            !unpacked
                .iter()
                .any(|bytes| bytes.windows(name.len()).any(|window| window == name.as_bytes())),
            "{name}"
        );
    }
    for id in bytes {
        let digits = hex::encode(&id);
        let mut reversed = id.clone();
        reversed.reverse();
        assert!(!lower.contains(&digits), "{digits}");
        assert!(!lower.contains(&hex::encode(&reversed)), "{digits} in the other byte order");
        let pairs: Vec<String> = id.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(
            !lower.contains(&pairs.join(":")) && !lower.contains(&pairs.join("-")),
            "{digits} with separators"
        );
        assert!(
            !unpacked
                .iter()
                .any(|bytes| bytes.windows(id.len()).any(|window| window == id || window == reversed)),
            "{digits} in bytes"
        );
        match *id {
            [_, _, _, _, _, _, _, _] => {
                let number = u64::from_be_bytes(id.try_into().unwrap());
                assert!(number < 1 << 32 || !lower.contains(&number.to_string()), "{digits} in decimal digits");
                let half = digits.clone();
                let is_in = |address: &Ipv6Addr| hex::encode(&address.octets()[..8]) == half || hex::encode(&address.octets()[8..]) == half;
                assert!(!addresses.iter().any(is_in), "{digits} in an address");
            }
            _ => {
                let address: Option<[u8; 16]> = id.try_into().ok();
                assert!(address.is_none_or(|octets| !addresses.contains(&octets.into())), "{digits} as an address");
            }
        }
    }
}

/// Bytes that facts carry as lists of numbers, as text.
fn packed(values: &[Value]) -> Option<String> {
    let bytes: Option<Vec<u8>> = values
        .iter()
        .map(|value| value.as_u64().and_then(|number| u8::try_from(number).ok()))
        .collect();
    bytes.filter(|bytes| [6, 8, 16].contains(&bytes.len())).map(|bytes| hex::encode(&bytes))
}

/// Walks through two values that must be equal but for other names; collects what became what.
fn compare(before: &Value, after: &Value, names: &mut BTreeMap<String, String>) {
    match (before, after) {
        (Value::String(before), Value::String(after)) => {
            let known = names.entry(before.clone()).or_insert(after.clone());
            assert_eq!(known, after, "{before} has two names");
        }
        (Value::Array(before), Value::Array(after)) => {
            assert_eq!(before.len(), after.len(), "{before:?} {after:?}");
            if let (Some(before), Some(after)) = (packed(before), packed(after)) {
                return compare(&before.into(), &after.into(), names);
            }
            // Sorted lists are sorted by the new names.
            let is_sorted = before.len() > 1 && before.iter().all(Value::is_string);
            if !is_sorted {
                before.iter().zip(after).for_each(|(before, after)| compare(before, after, names));
            }
        }
        (Value::Object(before), Value::Object(after)) => {
            assert!(before.keys().eq(after.keys()), "{before:?} {after:?}");
            before
                .iter()
                .zip(after)
                .for_each(|((_, before), (_, after))| compare(before, after, names));
        }
        (before, after) => assert_eq!(before, after),
    }
}

#[test]
fn decoders_find_the_same_under_other_names() {
    let captures = mixed();
    let (before, after) = (facts(&captures), facts(&anonymised(&captures, 1)));
    // The facts of clusters that say nothing about a mesh are gone: there are none in the sample's reports.
    assert_eq!(before.len(), after.len());
    let mut names = BTreeMap::new();
    before.iter().zip(&after).for_each(|(before, after)| compare(before, after, &mut names));
    let kept: Vec<&str> = names
        .iter()
        .filter(|(before, after)| before == after)
        .map(|(before, _)| before.as_str())
        .collect();
    for kept in &kept {
        let looks_like_an_id = kept.len() >= 12 && kept.bytes().all(|byte| byte.is_ascii_hexdigit()) && kept.matches('0').count() * 2 < kept.len();
        assert!(!looks_like_an_id, "{kept}");
    }
    let images: BTreeSet<&String> = names.values().collect();
    assert_eq!(images.len(), names.len(), "two names became one");
    assert!(names.len() - kept.len() > 70, "{} of {} stay: {kept:?}", kept.len(), names.len());
    for rloc16 in ["0x7c00", "0x5c00"] {
        assert!(kept.contains(&rloc16), "{rloc16} survives");
    }
    assert!(names["NL55"] == "NL55", "models survive");
}

#[test]
fn the_same_salt_gives_the_same_export_and_another_a_different_one() {
    let captures = mixed();
    assert_eq!(anonymised(&captures, 1), anonymised(&captures, 1));
    let mut backwards = captures.clone();
    backwards.reverse();
    let mut again = anonymised(&backwards, 1);
    again.reverse();
    assert_eq!(again, anonymised(&captures, 1), "the order does not matter");
    assert_ne!(anonymised(&captures, 2), anonymised(&captures, 1));
    let shown = format!("{:?}", Anonymiser::new([0xa5; 32]));
    assert!(!shown.contains("a5") && !shown.contains("165"), "{shown}");
}

#[test]
fn what_is_measured_and_when_stays() {
    let captures = mixed();
    for (before, after) in captures.iter().zip(anonymised(&captures, 1)) {
        assert_eq!((before.seq, before.at, before.body.kind()), (after.seq, after.at, after.body.kind()));
        match (&before.body, &after.body) {
            (CaptureBody::Tmf(before), CaptureBody::Tmf(after)) => assert_eq!(before.payload.len(), after.payload.len()),
            (CaptureBody::Mle(before), CaptureBody::Mle(after)) => assert_eq!(before.tlvs.len(), after.tlvs.len()),
            (CaptureBody::Frame(before), CaptureBody::Frame(after)) => {
                assert_eq!(before.psdu.len(), after.psdu.len());
                assert_eq!(before.psdu[..14], after.psdu[..14], "frame control, sequence number, PAN id, receiver");
                assert_ne!(before.psdu[14..30], after.psdu[14..30], "sender");
            }
            (CaptureBody::RadioSummary(before), CaptureBody::RadioSummary(after)) => assert_eq!(before, after, "locators only"),
            (CaptureBody::Mdns(MdnsCapture::Resolved { txt: before, .. }), CaptureBody::Mdns(MdnsCapture::Resolved { txt: after, .. })) => {
                let lengths = |txt: &[(String, Option<String>)]| {
                    txt.iter()
                        .map(|(key, value)| (key.clone(), value.as_ref().map(String::len)))
                        .collect::<Vec<_>>()
                };
                assert_eq!(lengths(before), lengths(after));
            }
            _ => (),
        }
    }
}

#[test]
fn one_device_has_one_name_wherever_it_stands() {
    let changed = anonymised(&mixed(), 1);
    let text: String = changed.iter().map(|capture| serde_json::to_string(capture).unwrap()).collect();
    let names = Pseudonyms::new([1; 32]);
    let radio = hex::encode(&names.id8([0x56, 0x16, 0xf1, 0x92, 0x27, 0xd2, 0xc4, 0xae]));
    assert!(text.contains(&format!("\"ot{radio}.local.\"")), "host name");
    assert!(text.contains(&format!("\"instance\":\"{radio}\"")), "instance of _trel._udp");
    assert!(text.contains(&format!("[\"xa\",\"{radio}\"]")), "TXT record");
    assert!(text.contains(&format!("\"extAddress\":\"{radio}\"")), "REST");
    let bulb = names.id8([0xc9, 0xd9, 0x8d, 0x8a, 0x8a, 0x5b, 0xd4, 0x5a]);
    assert!(
        text.contains(&format!("\"{}.local.\"", hex::encode(&bulb).to_uppercase())),
        "host name in upper case"
    );
    assert!(text.contains(&STANDARD.encode(bulb)), "hardware address in base64");
    let failed = hex::encode(&names.id8([0x66, 0xc3, 0x7e, 0xf4, 0x09, 0x9b, 0x2c, 0x66])).to_uppercase();
    assert!(text.contains(&format!("({failed})")), "free text");
    let network = names.text("otbr-mesh");
    assert!(
        text.contains(&format!("\"networkName\":\"{network}\"")) && text.contains(&hex::encode(network.as_bytes())),
        "name of the network"
    );
}

#[test]
fn a_part_of_an_answer_keeps_its_reporter() {
    let captures = mixed();
    let reporters = |captures: &[Capture]| -> Vec<Reporter> {
        let mut decoder = Decoder::new();
        let is_tmf = |capture: &&Capture| matches!(capture.body, CaptureBody::Tmf(TmfCapture { .. }));
        captures
            .iter()
            .filter(is_tmf)
            .flat_map(|capture| decoder.decode(capture).observations)
            .map(|observation| observation.reporter)
            .collect()
    };
    let (before, after) = (reporters(&captures), reporters(&anonymised(&captures, 1)));
    for (before, after) in before.iter().zip(&after) {
        let locator = |reporter: &Reporter| match reporter {
            Reporter::Locator { rloc16, .. } => Some(*rloc16),
            _ => None,
        };
        assert_eq!(locator(before), locator(after));
    }
}

#[test]
fn what_nobody_can_look_through_is_left_out() {
    let node = json!({"kind": "matter-server-node", "server": "s", "node": {"node_id": 18, "name": "Vera's lamp",
        "attributes": {"0/62/0": [{"1": "FTABAQEkAgE3AyQTAhgm"}], "0/31/0": [{"3": [112_233]}], "0/53/2": "home-44", "nonsense": 1}}});
    let report = json!({"kind": "matter-report", "fabric": "c2637a8b1b1b1b1b", "node": "0000000000000004", "attributes": [
        {"endpoint": 0, "cluster": 62, "attribute": 1, "tlv": "0c0141"}, {"endpoint": 0, "cluster": 53, "attribute": 2, "tlv": "0c0141"}]});
    // An unsecured beacon with the network's name and extended PAN id behind its addresses.
    let frame = json!({"kind": "frame", "channel": 15, "psdu": "00802a3412aec4d22792f11656ff0f0000037f6f7462722d6d657368"});
    let changed = anonymised(&[capture(node), capture(report), capture(frame)], 1);
    let CaptureBody::MatterServerNode(body) = &changed[0].body else {
        panic!()
    };
    let attributes: Vec<&String> = body.node["attributes"].as_object().unwrap().keys().collect();
    assert_eq!(attributes, ["0/53/2"]);
    assert!(body.node["node_id"].as_u64().unwrap() > 1 << 39);
    let CaptureBody::MatterReport(body) = &changed[1].body else { panic!() };
    assert_eq!(body.attributes.len(), 1);
    let CaptureBody::Frame(body) = &changed[2].body else { panic!() };
    assert_eq!(body.psdu.len(), 56);
    assert!(body.psdu.ends_with(&"0".repeat(28)), "{}", body.psdu);
}

#[test]
fn known_values_are_found_where_nobody_knows_their_meaning() {
    let radio = "66c37ef4099b2c66";
    let known =
        json!({"kind": "annotation", "identify": {"extended_address": radio, "address": "fd00:1:2:3:4455:6677:8899:aabb"}, "name": "Garage sensor"});
    let number = 0x66c3_7ef4_099b_2c66_u64;
    let base64 = STANDARD.encode([&[1, 2, 3][..], &hex::decode(radio).unwrap()].concat());
    let odd = json!({"kind": "source", "state": "working", "reason": format!("{number} and 0x{radio}, 66:C3:7E:F4:09:9B:2C:66 at [fd00:1:2:3::1]:80 of garage SENSOR"),
        "detail": {"packed": format!("{{\"a\":\"{radio}\"}}"), "b": base64, "n": number, radio: "fd00:1:2:3::/64", "long": format!("00{radio}0102")}});
    let unknown_tlvs =
        json!({"kind": "tmf", "peer": "fd00::1", "uri": "d/da", "payload": format!("f00a01{radio}02f10d{}", hex::encode(b"Garage sensor"))});
    let changed = anonymised(&[capture(odd), capture(unknown_tlvs), capture(known)], 1);
    let text = serde_json::to_string(&changed).unwrap().to_lowercase();
    for old in [radio, &number.to_string(), "66:c3", "fd00:1:2", "garage", "4761726167652073"] {
        assert!(!text.contains(old), "{old} in {text}");
    }
    let CaptureBody::Source(report) = &changed[0].body else { panic!() };
    let new = Pseudonyms::new([1; 32]).id8(number.to_be_bytes());
    let detail = report.detail.as_ref().unwrap();
    assert_eq!(detail["n"].as_u64(), Some(u64::from_be_bytes(new)));
    assert_eq!(STANDARD.decode(detail["b"].as_str().unwrap()).unwrap()[3..], new);
    assert!(detail[hex::encode(&new)].as_str().unwrap().ends_with("::/64"));
    assert!(
        report
            .reason
            .as_ref()
            .unwrap()
            .starts_with(&format!("{} and 0x{}", u64::from_be_bytes(new), hex::encode(&new)))
    );
}

proptest! {
    #[test]
    fn arbitrary_captures_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..120), text in "\\PC{0,60}", odd in "[0-9a-f:%./=+ -]{0,60}", cluster in 0x28u32..0x36, attribute in 0u32..0x42) {
        let digits = hex::encode(&bytes);
        let tmf = |uri: &str| json!({"kind": "tmf", "peer": "fd00::1", "uri": uri, "payload": digits});
        let bodies = [
            tmf("d/da"), tmf("c/ag"), tmf("a/as"), tmf("x"),
            json!({"kind": "mle", "pan_id": "0x1", "from": "66c37ef4099b2c66", "command": 1, "tlvs": digits}),
            json!({"kind": "frame", "channel": 11, "psdu": digits}),
            json!({"kind": "mdns", "event": "resolved", "service": text, "instance": odd, "host": odd, "addresses": [odd, text], "txt": [["xa", digits], ["omr", digits], ["nn", digits], [odd, digits]]}),
            json!({"kind": "matter-report", "fabric": "c2637a8b1b1b1b1b", "node": "0000000000000004", "attributes": [{"endpoint": 0, "cluster": cluster, "attribute": attribute, "tlv": digits}]}),
            json!({"kind": "matter-server-node", "server": odd, "node": {"node_id": 5, "attributes": {format!("0/{cluster}/{attribute}"): {"0": odd, "4": text, "6": [odd]}}, text.clone(): odd}}),
            json!({"kind": "otbr-rest", "base": odd, "path": text, "status": 200, "body": {"networkData": digits, "extAddress": odd, "dataset": digits, text.clone(): odd}}),
            json!({"kind": "failure", "target": {"kind": "otbr-rest", "base": text}, "attempt": odd, "error": text}),
        ];
        let captures: Vec<Capture> = bodies.into_iter().map(capture).collect();
        let changed = anonymised(&captures, 3);
        for (before, after) in captures.iter().zip(&changed) {
            if let (CaptureBody::Tmf(before), CaptureBody::Tmf(after)) = (&before.body, &after.body) {
                prop_assert_eq!(before.payload.len(), after.payload.len());
            }
        }
        prop_assert_eq!(anonymised(&captures, 3), changed);
    }
}
