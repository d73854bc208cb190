use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use weft_wire::matter::clusters::{THREAD_NETWORK_DIAGNOSTICS, kind_of};

fn capture(mut body: Value) -> Capture {
    body["seq"] = json!(1);
    body["at"] = json!("2026-11-20T12:00:00.000Z");
    body["source"] = json!("test");
    serde_json::from_value(body).unwrap()
}

/// All rows as `section / name = value (meaning)`.
fn lines(explained: &Explained) -> Vec<String> {
    explained
        .sections
        .iter()
        .flat_map(|section| {
            section.rows.iter().map(|row| {
                let meaning = row.meaning.as_deref().map(|meaning| format!(" ({meaning})")).unwrap_or_default();
                format!("{} / {} = {}{meaning}", section.title, row.name, row.value)
            })
        })
        .collect()
}

#[track_caller]
fn has(explained: &Explained, line: &str) {
    let lines = lines(explained);
    assert!(lines.iter().any(|known| known == line), "{line}\nis not among\n{}", lines.join("\n"));
}

fn meshcop() -> Capture {
    capture(json!({
        "kind": "mdns", "event": "resolved", "service": "_meshcop._udp.local.", "instance": "Porch hub #AE1C", "host": "ot1.local.", "port": 49155,
        "addresses": ["fe80::1%eth0", "fd00::5"], "ttl_seconds": 4500,
        "txt": [
            ["rv", "31"], ["sb", "00001fb1"], ["at", "0000000000010000"], ["omr", "40fd4bdff1338f0001"], ["tv", "312e332e30"],
            ["xa", "00"], ["vat", "abcd"], ["sb", "00000000"], ["flag", null],
        ],
    }))
}

#[test]
fn every_key_of_a_border_router_is_told_and_its_state_bit_by_bit() {
    let explained = explain(&meshcop());
    assert_eq!(explained.title, "Border router “Porch hub #AE1C”, announced on the LAN");
    has(&explained, "TXT record / Thread version (tv) = 1.3.0");
    has(
        &explained,
        "TXT record / OMR prefix (omr) = fd4b:dff1:338f:1::/64 (off-mesh-routable: devices take addresses from it that the LAN reaches)",
    );
    has(
        &explained,
        "TXT record / Active timestamp (at) = 1 (a counter rather than a time of day; the dataset with the newest timestamp wins)",
    );
    has(&explained, "State bitmap, bit by bit / Role (bits 9–10) = 3 (it leads its partition)");
    has(
        &explained,
        "State bitmap, bit by bit / Connection mode (bits 0–2) = 1 (commissioners may connect with the network's PSKc)",
    );
    has(&explained, "Registration / Heard on interface = eth0");
    assert_eq!(explained.troubles, ["TXT xa: 8 bytes expected, got 1"]);
}

#[test]
fn keys_keep_their_order_and_what_cannot_be_read_is_shown_as_it_came() {
    let CaptureBody::Mdns(crate::MdnsCapture::Resolved { txt, .. }) = meshcop().body else {
        unreachable!()
    };
    let keys = explain_txt("_meshcop._udp", "Porch hub", &txt);
    let shown: Vec<_> = keys
        .iter()
        .map(|key| (key.key.as_str(), key.value.as_str(), key.trouble.as_deref()))
        .collect();
    assert_eq!(shown[5], ("xa", "00", Some("TXT xa: 8 bytes expected, got 1")));
    assert_eq!(shown[6], ("vat", "abcd", None));
    assert_eq!(keys[6].meaning.as_deref(), Some("a key that Weft does not know"));
    assert_eq!(shown[7].2, Some("given twice; the first one counts"));
    assert_eq!(shown[8], ("flag", "no value", None));
    assert_eq!(keys[8].hex, None);
}

struct Hall;

impl Names for Hall {
    fn radio(&self, address: ExtendedAddress) -> Option<String> {
        (address.to_string() == "0000000000000001").then(|| "Hall plug".to_owned())
    }

    fn matter(&self, _: MatterPeer) -> Option<String> {
        Some("Porch bulb".to_owned())
    }
}

#[test]
fn a_neighbour_table_has_a_row_for_each_neighbour_by_its_name() {
    // [{0 ExtAddress = 1, 1 Age = 65, 2 Rloc16 = 0x2800, 5 LQI = 3, 6 AverageRssi = -61, 13 IsChild = true}, {0 ExtAddress = 2}]
    let table = "1615240001240141250200282405032006c3290d1818";
    let report = json!({"kind": "matter-report", "fabric": "c2637a8b1b1b1b1b", "node": "0000000000000004", "attributes": [
        {"endpoint": 0, "cluster": 0x35, "attribute": 7, "tlv": table},
        {"endpoint": 0, "cluster": 0x35, "attribute": 1, "tlv": "0405"},
        {"endpoint": 0, "cluster": 0x35, "attribute": 8, "status": 0x86},
        {"endpoint": 1, "cluster": 6, "attribute": 0, "tlv": "09"},
    ]});
    let explained = explain_with(&capture(report), &Hall);
    assert_eq!(explained.title, "Neighbour table and route table of Porch bulb, read over Matter");
    has(
        &explained,
        "Thread Network Diagnostics (cluster 0x0035), endpoint 0 / RoutingRole = router (forwards for others)",
    );
    has(
        &explained,
        "Thread Network Diagnostics (cluster 0x0035), endpoint 0 / RouteTable = refused with status 0x86 (the device does not have this attribute)",
    );
    has(&explained, "On/Off (cluster 0x0006), endpoint 1 / attribute 0x0000 = yes");
    let rows = lines(&explained);
    assert!(
        rows.iter().any(
            |row| row.starts_with("Neighbour table: 1 row (NeighborTable, attribute 0x0007) / Hall plug (0x2800) = link quality 3 of 3")
                && row.contains("heard 1 min 5 s ago")
                && row.ends_with("(its child)")
        ),
        "{rows:#?} {:?}",
        explained.troubles
    );
}

#[test]
fn attributes_are_called_as_the_decoder_reads_them() {
    for attribute in 0..0x41 {
        let path = weft_model::AttributePath {
            endpoint: 0,
            cluster: THREAD_NETWORK_DIAGNOSTICS,
            attribute,
        };
        let kind = kind_of(path);
        if matches!(kind, weft_model::FactKind::Attribute(_)) {
            continue;
        }
        let expected = match kind.name().replace('-', "") {
            name if name == "extendedaddress" => "extaddress".to_owned(),
            name => name,
        };
        assert_eq!(attribute::attribute_name(path.cluster, attribute).to_ascii_lowercase(), expected);
    }
}

#[test]
fn secrets_are_never_shown_whether_or_not_they_were_blanked() {
    let key = "00112233445566778899aabbccddeeff";
    for (body, line) in [
        (
            json!({"kind": "tmf", "peer": "fd00::1", "uri": "c/ag", "payload": format!("0510{key}0410{key}")}),
            "Operational dataset / Network key = removed (a secret: it was there, and Weft keeps no such thing)",
        ),
        (
            json!({"kind": "mle", "pan_id": "0x1", "from": "0a00000000000001", "command": 12, "tlvs": format!("18120510{key}")}),
            "Active dataset / Network key = removed (a secret: it was there, and Weft keeps no such thing)",
        ),
    ] {
        let explained = explain(&capture(body));
        has(&explained, line);
        assert!(!format!("{explained:?}").contains(key));
    }
}

#[test]
fn what_is_long_is_cut_and_counted() {
    let txt: Vec<_> = (0..1_000).map(|number| json!([format!("k{number}"), "00"])).collect();
    let explained = explain(&capture(
        json!({"kind": "mdns", "event": "resolved", "service": "_x._udp", "instance": "i".repeat(5_000), "addresses": vec!["::1"; 40], "txt": txt}),
    ));
    assert!(explained.sections.iter().all(|section| section.rows.len() <= MAX_ROWS));
    let deep: Vec<_> = (0..10_000).map(|number| json!({"a": number})).collect();
    let explained = explain(&capture(json!({"kind": "source", "state": "deaf", "detail": deep})));
    assert_eq!(explained.sections[0].rows.len(), MAX_ROWS);
    assert_eq!(explained.sections[0].rows[MAX_ROWS - 1].name, "Left out");
}

#[test]
fn every_kind_of_the_recorded_mixture_is_told() {
    let file = include_bytes!("../../testdata/mixed.jsonl");
    for line in file.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty()) {
        let capture: Capture = serde_json::from_slice(line).unwrap();
        let explained = explain(&capture);
        assert!(!explained.title.is_empty());
        assert!(
            explained.sections.iter().all(|section| !section.rows.is_empty()) && !explained.sections.is_empty(),
            "{explained:?}"
        );
    }
}

#[test]
fn an_annotation_tells_what_was_said_and_what_was_taken_back() {
    let explained = explain(&capture(
        json!({"kind": "annotation", "identify": {"extended_address": "0a00000000000002"}, "name": "", "pin": {"x": 1, "y": -2}}),
    ));
    assert_eq!(explained.title, "What a person said about 0a00000000000002");
    has(&explained, "Said / Name = taken back");
    has(&explained, "Said / Pin › y = -2");
}

#[test]
fn an_address_notification_tells_who_answers_for_whom() {
    let explained = explain(&capture(
        json!({"kind": "tmf", "peer": "fdf0:1cc8:d6f8:f4f0:0:ff:fe00:6c00", "uri": "a/an", "overheard": true,
        "payload": "0010fdf01cc8d6f8f4f091eb3d23b6ae8a62030891eb3d23b6ae8a6202026c00060400000021"}),
    ));
    assert_eq!(
        explained.title,
        "Address notification of fdf0:1cc8:d6f8:f4f0:0:ff:fe00:6c00, overheard on the air"
    );
    has(&explained, "Values / IPv6 addresses = fdf0:1cc8:d6f8:f4f0:91eb:3d23:b6ae:8a62");
    has(
        &explained,
        "Values / Answered for by = 0x6c00 (this router answers for its address, as parents do for their children)",
    );
}

proptest! {
    #[test]
    fn arbitrary_captures_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200), uri in "(d/d[agq]|c/[apc]g|a/a[sn])", cluster in prop::sample::select(vec![0x1du32, 0x28, 0x2f, 0x33, 0x35, 0x452, 0x453, 6]),
        attribute in 0u32..0x44, command in any::<u8>(), text in "\\PC{0,40}", number in any::<f64>(),
    ) {
        let digits = crate::hex::encode(&bytes);
        for body in [
            json!({"kind": "tmf", "peer": "fd00::1", "uri": uri, "payload": digits, "asked": bytes, "code": text}),
            json!({"kind": "matter-report", "fabric": "c2637a8b1b1b1b1b", "node": "0000000000000004", "attributes": [{"endpoint": 0, "cluster": cluster, "attribute": attribute, "tlv": digits}]}),
            json!({"kind": "matter-report", "fabric": "c2637a8b1b1b1b1b", "node": "0000000000000004", "attributes": [{"endpoint": 0, "cluster": cluster, "attribute": attribute, "tlv": text}, {"endpoint": 0, "cluster": cluster, "attribute": attribute}]}),
            json!({"kind": "matter-server-node", "server": text, "node": {"node_id": 4, "attributes": {format!("0/{cluster}/{attribute}"): text}}}),
            json!({"kind": "mdns", "event": "resolved", "service": "_meshcop._udp.local.", "instance": text, "host": text, "addresses": [text], "txt": [["xa", digits], ["sb", digits], ["omr", digits], [text, digits], [text, text]]}),
            json!({"kind": "mdns", "event": "resolved", "service": "_matter._tcp.local.", "instance": text, "addresses": [], "txt": [["SII", digits], ["T", digits]]}),
            json!({"kind": "mdns", "event": "removed", "service": text, "instance": text}),
            json!({"kind": "otbr-rest", "base": text, "path": "/diagnostics", "status": 200, "body": [{"ExtAddress": text, "NetworkData": digits}]}),
            json!({"kind": "radio-summary", "pan_id": "0x1", "from": text, "to": digits, "interval_seconds": if number.is_finite() { number } else { 0.0 }}),
            json!({"kind": "frame", "channel": 15, "psdu": digits}),
            json!({"kind": "mle", "pan_id": "0x1", "from": "0a00000000000001", "command": command, "tlvs": digits}),
            json!({"kind": "failure", "target": {"kind": text}, "attempt": text, "error": text}),
        ] {
            let capture = capture(body);
            let explained = explain(&capture);
            prop_assert_eq!(explained.seq, capture.seq);
            prop_assert!(!explained.title.is_empty());
            prop_assert!(!explained.sections.is_empty());
            prop_assert!(explained.sections.iter().all(|section| !section.rows.is_empty() && section.rows.len() <= MAX_ROWS));
            for row in explained.sections.iter().flat_map(|section| &section.rows) {
                prop_assert!(row.value.chars().count() <= MAX_TEXT_CHARACTERS + 1 && !row.value.contains('\n'));
            }
        }
    }
}
