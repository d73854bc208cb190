use super::*;
use crate::tmf::vectors::{answer, answers, bytes};
use weft_model::{
    ChildId, ChildTableRow, Connectivity, DeviceMode, EnhancedRouteRow, ErrorRate, LeaderData, LinkQuality, PartitionId, Route64, Route64Row,
    RouterId, Rssi,
};

fn rloc16(value: u16) -> Rloc16 {
    Rloc16::new(value).unwrap()
}

fn quality(value: u8) -> LinkQuality {
    LinkQuality::new(value).unwrap()
}

fn mode(rx_on_when_idle: bool, full_thread_device: bool, full_network_data: bool) -> DeviceMode {
    DeviceMode {
        rx_on_when_idle,
        full_thread_device,
        full_network_data,
    }
}

/// The only fact of a kind that the answer has.
fn only(answer: &DiagnosticAnswer, kind: FactKind) -> Fact {
    let mut facts = answer.decoded.facts.iter().filter(|fact| fact.kind() == kind);
    let fact = facts.next().unwrap_or_else(|| panic!("no {kind:?}")).clone();
    assert_eq!(facts.next(), None);
    fact
}

#[test]
fn a_router_says_what_its_own_command_line_prints() {
    let answer = decode_answer(&answer("router"));
    assert_eq!(answer.decoded.problems, []);
    assert_eq!(answer.decoded.incomplete, []);
    assert_eq!((answer.query_id, answer.answer), (None, None));
    assert_eq!(answer.extended_address, Some("66c37ef4099b2c66".parse().unwrap()));
    assert_eq!(answer.rloc16, Some(rloc16(0x7c00)));
    let has = |fact: Fact| assert!(answer.decoded.facts.contains(&fact), "{fact:?}");
    has(Fact::Mode(mode(true, true, true)));
    has(Fact::Connectivity(Connectivity {
        parent_priority: 0,
        link_quality_3: 1,
        link_quality_2: 3,
        link_quality_1: 0,
        leader_cost: 1,
        id_sequence: 69,
        active_routers: 8,
        sed_buffer_bytes: Some(1280),
        sed_datagram_count: Some(1),
    }));
    // Mask 80 32 81 01 00 00 00 80: routers 0, 10, 11, 14, 16, 23, 31, 56; rows 06 04 a2 03 a2 a2 01 f1.
    let routers = [
        (0, 0, 0, 6),
        (10, 0, 0, 4),
        (11, 2, 2, 2),
        (14, 0, 0, 3),
        (16, 2, 2, 2),
        (23, 2, 2, 2),
        (31, 0, 0, 1),
        (56, 3, 3, 1),
    ];
    has(Fact::Route64(Route64 {
        id_sequence: Some(69),
        routers: routers
            .map(|(id, out, r#in, path_cost)| Route64Row {
                router_id: RouterId::new(id).unwrap(),
                link_quality_out: quality(out),
                link_quality_in: quality(r#in),
                path_cost,
            })
            .to_vec(),
    }));
    has(Fact::LeaderData(LeaderData {
        partition_id: PartitionId(0x6db0_df6a),
        weighting: 64,
        data_version: 105,
        stable_data_version: 239,
        leader_router_id: RouterId::new(56),
    }));
    has(Fact::Null(FactKind::OmrPrefix));
    has(Fact::Ipv6Addresses(
        [
            "fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c00",
            "fd2c:1fbe:3d6:dfd0:a4a:5125:8498:463c",
            "fe80::64c3:7ef4:99b:2c66",
        ]
        .map(|a| a.parse().unwrap())
        .to_vec(),
    ));
    // 66 02 0c: exponent 12 (256 s), quality 3, child 2, mode c; 56 04 05: exponent 10; 5e 05 04: exponent 11.
    let child = |id, seconds, mode| ChildTableRow {
        child_id: ChildId::new(id).unwrap(),
        timeout_seconds: Some(seconds),
        link_quality_in: Some(quality(3)),
        mode,
    };
    has(Fact::ChildTable(vec![
        child(2, 256, mode(true, false, false)),
        child(4, 64, mode(false, false, true)),
        child(5, 128, mode(false, false, false)),
    ]));
    has(Fact::ChannelPages(vec![0]));
    has(Fact::MaxChildTimeoutSeconds(240));
    has(Fact::Eui64("18b4300000000002".parse().unwrap()));
    has(Fact::ThreadVersion(5));
    has(Fact::VendorName("RD:Acme Lighting".into()));
    has(Fact::ModelName("Bulb A19".into()));
    has(Fact::SoftwareVersion("2.0.11".into()));
    has(Fact::StackVersion("OPENTHREAD/; SIMULATION; Nov 20 2026 12:58:41".into()));
    has(Fact::Null(FactKind::VendorAppUrl));
    has(Fact::UnknownTlv(36, bytes("000400000000")));
    let Fact::MleCounters(counters) = only(&answer, FactKind::MleCounters) else {
        unreachable!()
    };
    assert_eq!(
        (counters.router_role, counters.parent_changes, counters.tracked_milliseconds),
        (1, 0, 0x355fc)
    );
}

#[test]
fn the_enhanced_route_names_next_hops() {
    let Fact::EnhancedRoute(rows) = only(&decode_answer(&answer("router")), FactKind::EnhancedRoute) else {
        unreachable!()
    };
    assert_eq!(rows.len(), 8);
    // Row of router 11, 6b 81: link, qualities 2 and 2, next hop 56, cost 1 from there.
    let expected = EnhancedRouteRow {
        router_id: RouterId::new(11).unwrap(),
        is_self: false,
        has_link: true,
        link_quality_out: quality(2),
        link_quality_in: quality(2),
        next_hop: RouterId::new(56),
        next_hop_cost: 1,
    };
    assert!(rows.contains(&EnhancedRouteRow { ..expected }), "{rows:?}");
    let own: Vec<_> = rows.iter().filter(|row| row.is_self).collect();
    assert_eq!((own.len(), own[0].router_id.get(), own[0].next_hop), (1, 31, None));
}

#[test]
fn children_come_with_ages_and_the_empty_tlv_closes_their_list() {
    let payload = answer("children");
    let answer = decode_answer(&payload);
    assert_eq!(answer.decoded.problems, []);
    assert_eq!(
        (answer.query_id, answer.answer),
        (Some(0x032f), Some(AnswerPart { index: 0, is_last: true }))
    );
    assert_eq!(
        (answer.closed.as_slice(), answer.decoded.incomplete.as_slice()),
        (&[FactKind::Children][..], &[][..])
    );
    let Fact::Children(rows) = only(&answer, FactKind::Children) else {
        unreachable!()
    };
    // e8 4002 92c7910fe9b910b7 0005 000000f0 0000005a 0000005b 0000 0b a7 a7 0000 0000 0000 0000 00000000 00
    let expected = ChildRow {
        extended_address: "92c7910fe9b910b7".parse().unwrap(),
        rloc16: Some(rloc16(0x4002)),
        mode: mode(true, true, true),
        thread_version: Some(5),
        timeout_seconds: Some(240),
        age_seconds: Some(90),
        connection_seconds: Some(91),
        supervision_interval_seconds: Some(0),
        link_margin_db: Some(11),
        link_quality_in: None,
        average_rssi: Rssi::from_dbm(-89),
        last_rssi: Rssi::from_dbm(-89),
        frame_error: Some(ErrorRate::from_u16_scale(0)),
        message_error: Some(ErrorRate::from_u16_scale(0)),
        queued_messages: Some(0),
        csl_period_ten_symbols: Some(0),
        csl_timeout_seconds: Some(0),
        csl_channel: Some(0),
        csl_synchronized: Some(false),
    };
    assert_eq!(rows[0], expected);
    assert_eq!(
        (rows.len(), rows[1].rloc16, rows[1].mode.full_thread_device),
        (2, Some(rloc16(0x4003)), false)
    );

    let without_the_end = decode_answer(&payload[..payload.len() - 6]);
    assert_eq!(without_the_end.closed, []);
    assert_eq!(without_the_end.decoded.incomplete, [FactKind::Children]);
    let Fact::Children(rows) = only(&without_the_end, FactKind::Children) else {
        unreachable!()
    };
    assert_eq!(rows.len(), 2);
}

#[test]
fn addresses_of_children_and_router_neighbours_are_rows() {
    let addresses = decode_answer(&answer("child-addresses"));
    let row = ChildAddressesRow {
        rloc16: rloc16(0x4003),
        addresses: vec!["fd2c:1fbe:3d6:dfd0:84ab:dc46:19e3:435f".parse().unwrap()],
    };
    assert_eq!(addresses.decoded.facts, [Fact::ChildAddresses(vec![row])]);
    assert_eq!(addresses.closed, [FactKind::ChildAddresses]);

    let neighbors = decode_answer(&answer("router-neighbors"));
    let Fact::RouterNeighbors(rows) = only(&neighbors, FactKind::RouterNeighbors) else {
        unreachable!()
    };
    // 80 2c00 168768fd00dbbe40 0005 00000066 19 b5 b5 0000 0000
    assert_eq!(
        rows[0],
        RouterNeighborRow {
            extended_address: "168768fd00dbbe40".parse().unwrap(),
            rloc16: Some(rloc16(0x2c00)),
            thread_version: Some(5),
            connection_seconds: Some(102),
            link_margin_db: Some(25),
            average_rssi: Rssi::from_dbm(-75),
            last_rssi: Rssi::from_dbm(-75),
            frame_error: Some(ErrorRate::from_u16_scale(0)),
            message_error: Some(ErrorRate::from_u16_scale(0)),
        }
    );
    assert_eq!(rows.len(), 6);
    assert_eq!(neighbors.closed, [FactKind::RouterNeighbors]);
}

#[test]
fn a_sleepy_child_has_a_timeout_and_no_tables() {
    let answer = decode_answer(&answer("sleepy-child"));
    assert_eq!(answer.decoded.problems, []);
    assert_eq!(answer.rloc16, Some(rloc16(0x7c04)));
    assert_eq!(only(&answer, FactKind::TimeoutSeconds), Fact::TimeoutSeconds(60));
    assert_eq!(only(&answer, FactKind::Mode), Fact::Mode(mode(false, false, true)));
    assert!(
        !answer
            .decoded
            .facts
            .iter()
            .any(|fact| matches!(fact.kind(), FactKind::Route64 | FactKind::ChildTable))
    );
}

#[test]
fn a_child_table_without_rows_is_a_complete_statement() {
    let answer = decode_answer(&[16, 0]);
    assert_eq!(
        answer.decoded,
        Decoded {
            facts: vec![Fact::ChildTable(Vec::new())],
            ..Decoded::default()
        }
    );
    let closed = decode_answer(&[29, 0, 31, 0]);
    assert_eq!(closed.decoded.facts, [Fact::Children(Vec::new()), Fact::RouterNeighbors(Vec::new())]);
    assert_eq!(closed.decoded.incomplete, []);
}

#[test]
fn values_that_mean_none_are_none() {
    assert_eq!(
        decode_answer(&bytes("01 02 fffe")).decoded,
        Decoded {
            facts: vec![Fact::Rloc16(None)],
            ..Decoded::default()
        }
    );
    assert_eq!(
        decode_answer(&bytes("01 02 fc00")).decoded.facts,
        [Fact::Rloc16(None)],
        "an anycast locator is nobody's address"
    );
    assert_eq!(
        decode_answer(&bytes("01 02 2e01")).decoded.problems[0].to_string(),
        "TLV 1 › address at byte 2: 0x2e01 has the reserved bit set"
    );
    let Fact::LeaderData(data) = only(&decode_answer(&bytes("06 08 00000001 40 01 01 3f")), FactKind::LeaderData) else {
        unreachable!()
    };
    assert_eq!(data.leader_router_id, None);
    // RSSI 127 and error rates that are not tracked.
    let row = bytes("1f 18 00 2c00 168768fd00dbbe40 0005 00000066 19 7f 7f ffff ffff 1f 00");
    let Fact::RouterNeighbors(rows) = only(&decode_answer(&row), FactKind::RouterNeighbors) else {
        unreachable!()
    };
    assert_eq!(
        (rows[0].average_rssi, rows[0].last_rssi, rows[0].frame_error, rows[0].message_error),
        (None, None, None, None)
    );
}

#[test]
fn the_optional_tail_of_connectivity_may_miss() {
    let connectivity = |text| match only(&decode_answer(&bytes(text)), FactKind::Connectivity) {
        Fact::Connectivity(connectivity) => connectivity,
        _ => unreachable!(),
    };
    let short = connectivity("04 07 c0 01 02 03 04 05 06");
    assert_eq!(
        (
            short.parent_priority,
            short.active_routers,
            short.sed_buffer_bytes,
            short.sed_datagram_count
        ),
        (-1, 6, None, None)
    );
    assert_eq!(connectivity("04 07 40 01 02 03 04 05 06").parent_priority, 1);
    assert_eq!(connectivity("04 09 00 01 02 03 04 05 06 0500").sed_buffer_bytes, Some(1280));
    assert_eq!(decode_answer(&bytes("04 08 00 01 02 03 04 05 06 05")).decoded.facts, []);
}

#[test]
fn a_broken_tlv_costs_that_tlv() {
    let answer = decode_answer(&bytes(
        "00 07 01020304050607  01 02 7c00  19 02 c328  05 0a 01 c000000000000000 f1  08 05 0102030405  10 04 66020c 66",
    ));
    assert_eq!(answer.rloc16, Some(rloc16(0x7c00)));
    let problems: Vec<_> = answer.decoded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "TLV 0 › extended address at byte 2: 8 bytes needed, 7 left",
            "TLV 25 › text at byte 15: not UTF-8",
            "TLV 5 › route data at byte 29: 1 bytes needed, 0 left",
            "TLV 8 › IPv6 address at byte 31: 16 bytes needed, 5 left",
            "TLV 16 › entry at byte 41: 3 bytes needed, 1 left",
        ]
    );
    assert_eq!(
        answer.decoded.incomplete,
        [FactKind::Ipv6Addresses, FactKind::Route64, FactKind::ChildTable]
    );
    let Fact::Route64(route) = only(&answer, FactKind::Route64) else {
        unreachable!()
    };
    assert_eq!(route.routers.len(), 1);
}

#[test]
fn a_broken_row_leaves_its_list_incomplete() {
    let mut payload = answer("children");
    // The second child's TLV, at byte 49, two bytes shorter.
    payload[50] -= 2;
    payload.drain(92..94);
    let answer = decode_answer(&payload);
    assert_eq!(answer.closed, [FactKind::Children]);
    assert_eq!(answer.decoded.incomplete, [FactKind::Children]);
    assert_eq!(answer.decoded.problems[0].field, "TLV 29 › CSL timeout");
    let late = decode_answer(&bytes("1e 00 1e 02 4003"));
    assert_eq!(late.decoded.incomplete, [FactKind::ChildAddresses]);
    assert_eq!(
        late.decoded.problems[0].to_string(),
        "TLV 30 › list at byte 4: a row after the list was closed"
    );
}

#[test]
fn a_longer_tlv_of_a_later_version_still_counts() {
    let answer = decode_answer(&bytes("01 03 7c00ff"));
    assert_eq!(answer.rloc16, Some(rloc16(0x7c00)));
    assert_eq!(answer.decoded.problems[0].to_string(), "TLV 1 › value at byte 4: 1 bytes too many");
}

#[test]
fn requests_are_what_a_real_commissioner_sent() {
    assert_eq!(encode_request(&[0, 1, 8], Some(0x3aab)), bytes("1203 000108 2102 3aab"));
    let request = decode_answer(&bytes("1203 000108 2102 3aab"));
    assert_eq!((request.type_list, request.query_id), (Some(vec![0, 1, 8]), Some(0x3aab)));
    assert_eq!(encode_request(&[7; 300], None).len(), 259);
}

#[test]
fn every_recorded_answer_encodes_to_itself() {
    for (name, payload) in answers() {
        let first = decode_answer(&payload);
        assert_eq!(first.decoded.problems, [], "{name}");
        let frame = AnswerFrame {
            query_id: first.query_id,
            part: first.answer,
        };
        let encoded = encode_answer(&first.decoded.facts, frame).unwrap();
        assert_eq!(decode_answer(&encoded), first, "{name}");
        // Network data is not kept whole, and addresses are sorted; the rest is the same bytes.
        let rest = |payload: &[u8]| -> Vec<_> {
            let tlvs = Tlvs::new(payload)
                .map(Result::unwrap)
                .filter(|tlv| ![number::NETWORK_DATA, number::IPV6_ADDRESSES].contains(&tlv.number));
            tlvs.map(|tlv| (tlv.number, tlv.value.to_vec())).collect()
        };
        assert_eq!(rest(&encoded), rest(&payload), "{name}");
    }
}

#[test]
fn a_fact_without_a_tlv_is_refused() {
    let error = encode_answer(&[Fact::NetworkName("home".into())], AnswerFrame::default()).unwrap_err();
    assert_eq!(error.to_string(), "network-name has no diagnostic TLV");
}
