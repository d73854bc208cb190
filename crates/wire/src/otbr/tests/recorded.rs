//! Recorded answers and what they must mean.

use super::*;

/// A recorded answer: request path and body.
fn recorded(text: &str) -> (String, Value) {
    let mut file: Value = serde_json::from_str(text).unwrap();
    (file["path"].as_str().unwrap().to_owned(), file["body"].take())
}

macro_rules! recorded {
    ($name:literal) => {
        recorded(include_str!(concat!("../../../testdata/otbr/", $name, ".json")))
    };
}

const RECORDED: &[&str] = &[
    include_str!("../../../testdata/otbr/legacy-node.json"),
    include_str!("../../../testdata/otbr/legacy-diagnostics.json"),
    include_str!("../../../testdata/otbr/legacy-dataset.json"),
    include_str!("../../../testdata/otbr/camel-node.json"),
    include_str!("../../../testdata/otbr/camel-node-disabled.json"),
    include_str!("../../../testdata/otbr/api-node-placeholder.json"),
    include_str!("../../../testdata/otbr/api-devices.json"),
    include_str!("../../../testdata/otbr/api-diagnostics.json"),
    include_str!("../../../testdata/otbr/plain-diagnostics.json"),
    include_str!("../../../testdata/otbr/api-action.json"),
    include_str!("../../../testdata/otbr/dataset.json"),
    include_str!("../../../testdata/otbr/dataset-tlvs.json"),
    include_str!("../../../testdata/otbr/br-rest.json"),
];

fn decode((path, body): &(String, Value)) -> OtbrAnswer {
    decode_body(path, body)
}

#[test]
fn recorded_answers_have_no_problem_and_no_unknown_key() {
    for text in RECORDED {
        let (path, body) = recorded(text);
        let answer = decode_body(&path, &body);
        assert_eq!(answer.problems, [], "{path}");
        assert_eq!(answer.unknown_keys, [""; 0], "{path}");
        for node in &answer.nodes {
            assert_eq!(node.decoded.problems, [], "{path}");
        }
    }
}

#[test]
fn recorded_answers_hold_no_secret_and_mean_the_same_blanked() {
    for text in RECORDED {
        let (path, body) = recorded(text);
        let mut blanked = body.clone();
        blank_secrets(&path, &mut blanked);
        assert_eq!(blanked, body, "{path}");
    }
    let mut dataset = json!({ "networkKey": "00112233445566778899aabbccddeeff", "pskc": "445f2b5ca6f2a93a55ce570a70efeecb", "channel": 20 });
    let before = decode_body("/node/dataset/active", &dataset);
    blank_secrets("/node/dataset/active", &mut dataset);
    assert_eq!(decode_body("/node/dataset/active", &dataset), before);
}

#[test]
fn the_first_generation_speaks_pascal_case() {
    let node = decode(&recorded!("legacy-node")).nodes.remove(0);
    assert_eq!(node.subject, Subject::BorderRouter);
    assert_eq!(node.extended_address, Some("eac11095362d4401".parse().unwrap()));
    assert_eq!(node.rloc16, Rloc16::new(0x1007));
    assert_eq!(node.created, None);
    assert_eq!(node.extended_pan_id, Some("dead1111beef2222".parse().unwrap()));
    for fact in [
        Fact::Rloc16(Rloc16::new(0x1007)),
        Fact::RoutingRole(RoutingRole::Child),
        Fact::BorderAgentId("11b3247d01f5e31d11584d1ed94cf45c".parse().unwrap()),
        Fact::NetworkName("otbr-mesh".into()),
        Fact::RouterCount(11),
        Fact::MeshLocalPrefix(weft_model::MeshLocalPrefix([0xfd, 0xf0, 0x1c, 0xc8, 0xd6, 0xf8, 0xf4, 0xf0])),
    ] {
        assert!(node.decoded.facts.contains(&fact), "{fact:?}");
    }
}

#[test]
fn stale_answers_of_one_device_stand_side_by_side() {
    // The second is younger: another RLOC16 in another partition, where 0x9800 is another router's.
    let answer = decode(&recorded!("legacy-diagnostics"));
    let twice: Vec<_> = answer
        .nodes
        .iter()
        .filter(|node| node.extended_address == Some("ced33609cc373525".parse().unwrap()))
        .collect();
    assert_eq!(
        twice.iter().map(|node| node.rloc16).collect::<Vec<_>>(),
        [Rloc16::new(0x9800), Rloc16::new(0x2c00)]
    );
    let partition = |node: &NodeStatement| {
        fact(node, |fact| {
            if let Fact::LeaderData(data) = fact {
                Some(data.partition_id)
            } else {
                None
            }
        })
    };
    assert_eq!(
        twice.iter().map(|node| partition(node)).collect::<Vec<_>>(),
        [Some(PartitionId(905675455)), Some(PartitionId(1013120135))]
    );
    // The first generation gives no time to choose by.
    assert!(answer.nodes.iter().all(|node| node.created.is_none() && node.subject == Subject::Device));

    // The JSON:API does: three answers of 0x1005, the newest anywhere in the collection.
    let answer = decode(&recorded!("api-diagnostics"));
    let created: Vec<_> = answer
        .nodes
        .iter()
        .filter(|node| node.rloc16 == Rloc16::new(0x1005))
        .map(|node| node.created.unwrap().to_string())
        .collect();
    assert_eq!(
        created,
        ["2026-11-20T13:41:29.000Z", "2026-11-20T13:33:47.000Z", "2026-11-20T13:32:36.000Z"]
    );
}

#[test]
fn a_refreshed_item_has_the_time_of_the_refresh() {
    let answer = decode(&recorded!("api-devices"));
    assert!(
        answer
            .nodes
            .iter()
            .all(|node| node.created.unwrap().to_string() == "2026-11-20T13:41:14.000Z")
    );
    let placeholder = decode(&recorded!("api-node-placeholder"));
    assert_eq!(placeholder.nodes[0].created.unwrap().to_string(), "2026-11-20T13:26:20.000Z");
}

#[test]
fn the_child_table_timeout_is_an_exponent_and_the_quality_may_be_absent() {
    let old = decode(&recorded!("legacy-diagnostics")).nodes.remove(0);
    let expected = |child, timeout, mode, quality| ChildTableRow {
        child_id: ChildId::new(child).unwrap(),
        timeout_seconds: Some(timeout),
        link_quality_in: quality,
        mode,
    };
    let sleepy = device_mode(false, false, false);
    assert_eq!(
        child_table(&old),
        Some(vec![expected(2, 128, sleepy, None), expected(3, 128, sleepy, None)])
    );

    let new = decode(&recorded!("plain-diagnostics")).nodes.remove(0);
    assert_eq!(
        child_table(&new),
        Some(vec![expected(1, 256, device_mode(false, false, true), Some(LinkQuality::GOOD))])
    );
    // The same child in the list of children: 240 s as it asked for.
    let child = children(&new).unwrap()[0];
    assert_eq!(
        (child.timeout_seconds, child.age_seconds, child.connection_seconds),
        (Some(240), Some(1), Some(779))
    );
    assert_eq!(
        (child.rloc16, child.link_margin_db, child.average_rssi),
        (Rloc16::new(0x4401), Some(36), Rssi::from_dbm(-64))
    );
    assert_eq!(
        (child.thread_version, child.frame_error, child.link_quality_in),
        (Some(5), ErrorRate::from_percent(0), None)
    );
    let facts = |exponent: Value| {
        child_table(&item(json!({ "childTable": [{ "childId": 1, "timeout": exponent, "mode":
        { "rxOnWhenIdle": 1, "deviceType": 0, "networkData": 1 } }] })))
    };
    assert_eq!(facts(json!(31)).unwrap()[0].timeout_seconds, Some(1 << 27));
    assert_eq!(facts(json!(0)).unwrap()[0].timeout_seconds, Some(1));
    assert_eq!(facts(json!(240)).unwrap()[0].timeout_seconds, None);
}

#[test]
fn the_device_collection_turns_listening_minimal_devices_into_deaf_full_ones() {
    // cee614e74c68a480 runs in mode "r": not full, receiver on. The collection says the contrary of both.
    let answer = decode(&recorded!("api-devices"));
    assert_eq!(answer.nodes[0].extended_address, Some("cee614e74c68a480".parse().unwrap()));
    assert_eq!(
        answer.nodes.iter().map(mode).collect::<Vec<_>>(),
        [None, Some(device_mode(true, true, true)), Some(device_mode(true, true, true))]
    );
    let node = &answer.nodes[0];
    assert!(node.decoded.facts.contains(&Fact::RoutingRole(RoutingRole::Child)));
    // It names the OMR address and no other: the list supersedes no list.
    assert!(
        node.decoded
            .facts
            .contains(&Fact::Ipv6Addresses(vec!["fd4b:dff1:338f:1:fb2b:100b:2b70:9672".parse().unwrap()]))
    );
    assert_eq!(node.decoded.incomplete, [FactKind::Ipv6Addresses]);
    // Of the border router three: OMR, mesh-local and locator.
    let own = fact(&answer.nodes[2], |fact| {
        if let Fact::Ipv6Addresses(list) = fact { Some(list.len()) } else { None }
    });
    assert_eq!(own, Some(3));
    assert!(answer.nodes[2].decoded.facts.contains(&Fact::RoutingRole(RoutingRole::Leader)));
}

#[test]
fn an_item_that_was_never_filled_in_says_nothing_of_a_mesh() {
    // The border router had led its network for four minutes.
    let node = decode(&recorded!("api-node-placeholder")).nodes.remove(0);
    assert_eq!(node.rloc16, None);
    let kinds: Vec<_> = node.decoded.facts.iter().map(Fact::kind).collect();
    assert_eq!(
        kinds,
        [
            FactKind::ExtendedAddress,
            FactKind::Rloc16,
            FactKind::RoutingRole,
            FactKind::BorderAgentId,
            FactKind::ExtendedPanId
        ]
    );
    assert!(node.decoded.facts.contains(&Fact::Rloc16(None)));

    // Before its first network, the stack's defaults are no network either.
    let node = decode(&recorded!("camel-node-disabled")).nodes.remove(0);
    assert_eq!(node.extended_pan_id, None);
    let kinds: Vec<_> = node.decoded.facts.iter().map(Fact::kind).collect();
    assert_eq!(
        kinds,
        [
            FactKind::ExtendedAddress,
            FactKind::Rloc16,
            FactKind::RoutingRole,
            FactKind::BorderAgentId
        ]
    );
}

#[test]
fn datasets_lose_their_secrets_in_every_form() {
    let dataset = |answer: OtbrAnswer| {
        assert_eq!(answer.problems, []);
        let node = &answer.nodes[0];
        assert_eq!(
            (node.subject, node.extended_pan_id),
            (Subject::BorderRouter, Some("dead1111beef2222".parse().unwrap()))
        );
        assert_eq!(node.decoded.problems, []);
        fact(node, |fact| {
            if let Fact::Dataset(dataset) = fact {
                Some((**dataset).clone())
            } else {
                None
            }
        })
        .unwrap()
    };
    let from_tlvs = dataset(decode(&recorded!("dataset-tlvs")));
    assert_eq!(from_tlvs.active_timestamp, Some(1 << 16));
    assert!(from_tlvs.has_network_key && from_tlvs.has_pskc);
    // JSON does not have the security policy's flags as they were, nor the wake-up channel (TLV 74).
    let expected = Dataset {
        security_policy_flags: None,
        other: Vec::new(),
        ..from_tlvs
    };
    assert_eq!(dataset(decode(&recorded!("dataset"))), expected);
    assert_eq!(dataset(decode(&recorded!("legacy-dataset"))), expected);

    let pending =
        json!({ "activeDataset": recorded!("dataset").1, "pendingTimestamp": { "seconds": 2, "ticks": 1, "authoritative": true }, "delay": 30000 });
    let pending = dataset(decode_body("/node/dataset/pending", &pending));
    assert_eq!(
        pending,
        Dataset {
            pending_timestamp: Some(2 << 16 | 3),
            delay_milliseconds: Some(30000),
            ..expected.clone()
        }
    );
    let pending = json!({ "ActiveDataset": recorded!("dataset-tlvs").1, "Delay": 30000 });
    let pending = dataset(decode_body("/node/dataset/pending", &pending));
    assert_eq!((pending.delay_milliseconds, pending.channel), (Some(30000), expected.channel));

    let broken = decode_body(
        "/node/dataset/active",
        &json!({ "networkKey": 7, "channel": "secret", "meshLocalPrefix": "x", "activeTimestamp": 1 }),
    );
    assert_eq!(broken.nodes[0].decoded.problems.len(), 3);
    assert_eq!(decode_body("/node/dataset/active", &json!("no digits")).problems.len(), 1);
    assert_eq!(decode_body("/node/dataset/active", &json!(17)).problems.len(), 1);
}

#[test]
fn text_that_holds_json_is_read_as_json() {
    let (path, body) = recorded!("legacy-node");
    assert_eq!(decode_body(&path, &Value::String(body.to_string())), decode_body(&path, &body));
}
