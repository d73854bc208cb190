//! Renderings that have misled other programs, each as small as it can be.

use super::*;

#[test]
fn mode_is_written_in_numbers_or_booleans_and_under_three_names() {
    for spelled in [
        json!({ "RxOnWhenIdle": 1, "DeviceType": 0, "NetworkData": 1 }),
        json!({ "rxOnWhenIdle": true, "deviceTypeFTD": false, "fullNetworkData": true }),
        json!({ "rxOnWhenIdle": true, "fullThreadDevice": false, "fullNetworkData": true }),
    ] {
        assert_eq!(mode(&item(json!({ "mode": spelled }))), Some(device_mode(true, false, true)), "{spelled}");
    }
    let broken = item(json!({ "mode": { "rxOnWhenIdle": 2, "deviceType": 1 } }));
    assert_eq!(mode(&broken), None);
    assert_eq!(problems(&broken), ["data[0].attributes.mode.rxOnWhenIdle: expected true, false, 0 or 1"]);
}

#[test]
fn single_values_are_the_border_routers() {
    let facts = |path: &str, body: Value| {
        let answer = decode_body(path, &body);
        assert_eq!(answer.problems, [], "{path}");
        answer
            .nodes
            .into_iter()
            .inspect(|node| assert_eq!(node.subject, Subject::BorderRouter))
            .flat_map(|node| node.decoded.facts)
            .collect::<Vec<_>>()
    };
    assert_eq!(facts("/node/rloc16", json!(50176)), [Fact::Rloc16(Rloc16::new(0xc400))]);
    assert_eq!(facts("/node/rloc16", json!(65534)), [Fact::Rloc16(None)]);
    assert_eq!(facts("/node/state", json!("leader")), [Fact::RoutingRole(RoutingRole::Leader)]);
    assert_eq!(facts("/node/state", json!(4)), [Fact::RoutingRole(RoutingRole::Leader)]);
    assert_eq!(facts("/node/num-of-router", json!(11)), [Fact::RouterCount(11)]);
    assert_eq!(facts("/node/num-of-router", json!(0)), []);
    assert_eq!(facts("/node/network-name", json!("otbr-mesh")), [Fact::NetworkName("otbr-mesh".into())]);
    assert_eq!(facts("/node/ext-panid", json!("dead00beef00cafe")), []);
    assert_eq!(facts("/node/rloc", json!("fdde:ad00:beef::ff:fe00:0")), []);
    let rloc = facts("/node/rloc", json!("fdf0:1cc8:d6f8:f4f0:0:ff:fe00:c400"));
    assert_eq!(rloc[0], Fact::Rloc16(Rloc16::new(0xc400)));
    assert_eq!(rloc.len(), 3);
    assert!(
        matches!(facts("/node/leader-data", json!({ "partitionId": 905675455, "weighting": 65, "dataVersion": 79, "stableDataVersion": 134,
        "leaderRouterId": 49 }))[..], [Fact::LeaderData(data)] if data.leader_router_id == RouterId::new(49))
    );
    for silent in ["/node/commissioner/joiner", "/node/coprocessor/version", "/node/ba-epskc/key"] {
        assert_eq!(facts(silent, json!([])), []);
    }
}

#[test]
fn errors_and_tasks_name_no_node() {
    for (body, expected) in [
        (
            json!({ "title": "Not Found", "status": 404, "detail": "" }),
            "answer: the border router answered with error 404: Not Found",
        ),
        (
            json!({ "title": "Unprocessable Content", "status": 422, "detail": "" }),
            "answer: the border router answered with error 422: Unprocessable Content",
        ),
        (
            json!({ "ErrorCode": 500, "ErrorMessage": "Internal Server Error" }),
            "answer: the border router answered with error 500: Internal Server Error",
        ),
        (
            json!({ "errors": [{ "status": "409", "title": "Conflict" }] }),
            "answer: the border router answered with error 409: Conflict",
        ),
    ] {
        for path in ["/node", "/diagnostics", "/api/diagnostics", "/api/actions", "/nosuch"] {
            let answer = decode_body(path, &body);
            assert_eq!(answer.nodes, []);
            assert_eq!(answer.problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
        }
    }
    assert_eq!(
        decode_body(
            "/api/actions",
            &json!({ "data": [{ "type": "getNetworkDiagnosticTask", "attributes": { "status": "active" } }] })
        ),
        OtbrAnswer::default()
    );
    // A task among diagnostics, an energy scan without its type, an empty body.
    assert_eq!(
        decode_body(
            "/api/diagnostics",
            &json!({ "data": [{ "type": "getEnergyScanTask", "attributes": {} }] })
        ),
        OtbrAnswer::default()
    );
    assert_eq!(
        decode_body("/api/diagnostics", &json!([{ "origin": "917eeb655391a739", "report": [] }])),
        OtbrAnswer::default()
    );
    assert_eq!(decode_body("/node/dataset/pending", &json!("")), OtbrAnswer::default());
}

#[test]
fn children_that_nobody_asked_for_are_not_an_empty_table() {
    let unasked = item(json!({ "rloc16": "0x4400", "routerId": 17, "children": [], "childIpv6Addresses": [], "routerNeighbors": [] }));
    assert_eq!(unasked.decoded.facts.len(), 2);
    let childless = item(json!({ "rloc16": "0x4400", "childTable": [], "children": [], "childIpv6Addresses": [] }));
    assert_eq!(children(&childless), Some(vec![]));
    // Two in the table, one in the list: the second message had not come yet.
    let row = json!({ "childId": 1, "timeout": 12, "mode": { "rxOnWhenIdle": false, "fullThreadDevice": false, "fullNetworkData": false } });
    let child = json!({ "rxOnWhenIdle": false, "fullThreadDevice": false, "fullNetworkData": false, "extAddress": "7ac77876e3dde20d" });
    let cut = item(json!({ "childTable": [row, row], "children": [child] }));
    assert_eq!(cut.decoded.incomplete, [FactKind::Children]);
}

#[test]
fn documented_names_before_july_2026_mean_the_same() {
    let new = json!({ "eui": "18b4300000000004", "threadVersion": 5, "route": { "idSequence": 1, "routeData": [] },
        "children": [{ "rxOnWhenIdle": true, "fullThreadDevice": false, "fullNetworkData": true, "rloc16": "0x4401", "extAddress": "7ac77876e3dde20d",
            "threadVersion": 5, "timeout": 240, "linkAge": 779, "frameErrorRate": 0.0076 }],
        "childIpv6Addresses": [{ "rloc16": "0x4401", "ipv6Addresses": ["fd4b::1"] }],
        "routerNeighbors": [{ "extAddress": "ced33609cc373525", "threadVersion": 5, "linkAge": 786, "averageRssi": -80 }] });
    let old = json!({ "eui64": "18b4300000000004", "version": 5, "route64": { "idSequence": 1, "routeData": [] },
        "children": [{ "rxOnWhenIdle": 1, "deviceTypeFTD": 0, "fullNetworkData": 1, "rloc16": 17409, "extAddress": "7AC77876E3DDE20D",
            "version": 5, "childTimeout": 240, "connectionTime": 779, "frameErrorRate": 0.0076 }],
        "childIpv6": [{ "rloc16": 17409, "ip6Addresses": ["fd4b:0:0:0::1"] }],
        "neighbors": [{ "extAddress": "ced33609cc373525", "version": 5, "connectionTime": 786, "averageRssi": -80 }] });
    let (new, old) = (item(new), item(old));
    assert_eq!(new, old);
    assert_eq!(new.decoded.problems, []);
    assert_eq!(new.decoded.facts.len(), 7);
    let child = children(&new).unwrap()[0];
    assert_eq!(child.frame_error.unwrap().percent(), 0.76);
}

#[test]
fn broken_rows_cost_their_row_and_the_table_is_incomplete() {
    let node = item(json!({ "route": { "idSequence": 7, "routeData": [
        { "routeId": 49, "linkQualityOut": 3, "linkQualityIn": 3, "routeCost": 1 },
        { "routeId": 63, "linkQualityOut": 3, "linkQualityIn": 3, "routeCost": 1 },
        { "routeId": 4, "linkQualityOut": 3, "linkQualityIn": 3, "routeCost": 1 },
        { "routeId": 8, "linkQualityOut": 3, "linkQualityIn": 9, "routeCost": 1 },
        { "routeId": 9, "linkQualityIn": 1, "routeCost": 1 }] }, "leaderData": "none", "batteryLevel": 101 }));
    let routers = fact(&node, |fact| {
        if let Fact::Route64(route) = fact {
            Some(route.routers.iter().map(|row| row.router_id.get()).collect::<Vec<_>>())
        } else {
            None
        }
    });
    assert_eq!(routers, Some(vec![4, 49]));
    assert_eq!(node.decoded.incomplete, [FactKind::Route64]);
    assert_eq!(
        problems(&node),
        [
            "data[0].attributes.leaderData: expected an object",
            "data[0].attributes.route.routeData[1].routeId: expected a router id from 0 to 62",
            "data[0].attributes.route.routeData[3].linkQualityIn: expected a link quality from 0 to 3",
            "data[0].attributes.route.routeData[4].linkQualityOut: missing",
            "data[0].attributes.batteryLevel: expected a percentage from 0 to 100",
        ]
    );
}

#[test]
fn items_that_name_no_device_and_unknown_keys_are_told() {
    let answer = decode_body(
        "/diagnostics",
        &json!([{ "Mode": {}, "Novelty": 1 }, 7, { "Rloc16": 4103, "Novelty": 1 }]),
    );
    assert_eq!(answer.nodes.len(), 1);
    assert_eq!(answer.nodes[0].rloc16, Rloc16::new(0x1007));
    assert_eq!(answer.unknown_keys, ["Novelty"]);
    let problems: Vec<_> = answer.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "body[0]: names no device: neither an extended address nor an RLOC16",
            "body[1]: expected an object"
        ]
    );
}

#[test]
fn a_body_of_too_many_items_is_bounded() {
    let items = vec![json!({ "Rloc16": 4103 }); MAX_ITEMS + 5];
    let answer = decode_body("/diagnostics", &Value::Array(items));
    assert_eq!((answer.nodes.len(), answer.problems.len()), (MAX_ITEMS, 1));
}
