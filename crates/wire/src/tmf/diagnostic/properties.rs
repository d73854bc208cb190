use super::*;
use proptest::prelude::*;
use std::net::Ipv6Addr;
use weft_model::{
    ChildId, ChildTableRow, Connectivity, DeviceMode, EnhancedRouteRow, ErrorRate, Eui64, Ipv6Prefix, LeaderData, LinkQuality, MacCounters,
    MleCounters, PartitionId, Route64, Route64Row, RouterId, Rssi,
};

fn any_rloc16() -> impl Strategy<Value = Rloc16> {
    (0u16..=62, 0u16..=0x1ff).prop_map(|(router, child)| Rloc16::new(router << 10 | child).unwrap())
}

fn any_mode() -> impl Strategy<Value = DeviceMode> {
    any::<(bool, bool, bool)>().prop_map(|(rx_on_when_idle, full_thread_device, full_network_data)| DeviceMode {
        rx_on_when_idle,
        full_thread_device,
        full_network_data,
    })
}

fn any_quality() -> impl Strategy<Value = LinkQuality> {
    (0u8..=3).prop_map(|value| LinkQuality::new(value).unwrap())
}

fn any_router_id() -> impl Strategy<Value = RouterId> {
    (0u8..=62).prop_map(|id| RouterId::new(id).unwrap())
}

fn any_rssi() -> impl Strategy<Value = Option<Rssi>> {
    any::<i8>().prop_map(Rssi::from_dbm)
}

/// Frame and message error rate: both, or neither.
fn any_errors() -> impl Strategy<Value = (Option<ErrorRate>, Option<ErrorRate>)> {
    prop::option::of(any::<(u16, u16)>()).prop_map(|both| {
        let rate = |value: Option<u16>| value.map(ErrorRate::from_u16_scale);
        (rate(both.map(|both| both.0)), rate(both.map(|both| both.1)))
    })
}

fn any_addresses() -> impl Strategy<Value = Vec<Ipv6Addr>> {
    prop::collection::btree_set(any::<u128>().prop_map(Ipv6Addr::from), 0..20).prop_map(|set| set.into_iter().collect())
}

fn any_child() -> impl Strategy<Value = ChildRow> {
    let numbers = any::<(u16, u32, u32, u32, u16, u8, u16, u16, u32, u8)>();
    (
        any::<([u8; 8], bool)>(),
        prop::option::of(any_rloc16()),
        any_mode(),
        numbers,
        any_rssi(),
        any_rssi(),
        any_errors(),
    )
        .prop_map(
            |((address, csl_synchronized), rloc16, mode, numbers, average_rssi, last_rssi, (frame_error, message_error))| ChildRow {
                extended_address: ExtendedAddress(address),
                rloc16,
                mode,
                thread_version: Some(numbers.0),
                timeout_seconds: Some(numbers.1),
                age_seconds: Some(numbers.2),
                connection_seconds: Some(numbers.3),
                supervision_interval_seconds: Some(numbers.4),
                link_margin_db: Some(numbers.5),
                link_quality_in: None,
                average_rssi,
                last_rssi,
                frame_error,
                message_error,
                queued_messages: Some(numbers.6),
                csl_period_ten_symbols: Some(numbers.7),
                csl_timeout_seconds: Some(numbers.8),
                csl_channel: Some(numbers.9),
                csl_synchronized: Some(csl_synchronized),
            },
        )
}

fn any_router_neighbor() -> impl Strategy<Value = RouterNeighborRow> {
    (
        any::<([u8; 8], u16, u32, u8)>(),
        prop::option::of(any_rloc16()),
        any_rssi(),
        any_rssi(),
        any_errors(),
    )
        .prop_map(
            |((address, version, seconds, margin), rloc16, average_rssi, last_rssi, (frame_error, message_error))| RouterNeighborRow {
                extended_address: ExtendedAddress(address),
                rloc16,
                thread_version: Some(version),
                connection_seconds: Some(seconds),
                link_margin_db: Some(margin),
                average_rssi,
                last_rssi,
                frame_error,
                message_error,
            },
        )
}

fn any_table() -> impl Strategy<Value = Fact> {
    let route64_row = (any_router_id(), any_quality(), any_quality(), 0u8..16);
    let route64 = (any::<u8>(), prop::collection::vec(route64_row, 0..63)).prop_map(|(id_sequence, rows)| {
        let rows = rows
            .into_iter()
            .map(|row| (row.0, row))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into_values();
        let rows = rows.map(|(router_id, link_quality_out, link_quality_in, path_cost)| Route64Row {
            router_id,
            link_quality_out,
            link_quality_in,
            path_cost,
        });
        Fact::Route64(Route64 {
            id_sequence: Some(id_sequence),
            routers: rows.collect(),
        })
    });
    let enhanced_row = (
        any_router_id(),
        any::<(bool, bool)>(),
        any_quality(),
        any_quality(),
        prop::option::of(any_router_id()),
        0u8..16,
    );
    let enhanced = prop::collection::vec(enhanced_row, 0..63).prop_map(|rows| {
        let rows = rows
            .into_iter()
            .map(|row| (row.0, row))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into_values();
        let rows = rows.map(
            |(router_id, (is_self, has_link), link_quality_out, link_quality_in, next_hop, next_hop_cost)| EnhancedRouteRow {
                router_id,
                is_self,
                has_link,
                link_quality_out,
                link_quality_in,
                next_hop: next_hop.filter(|_| !is_self),
                next_hop_cost,
            },
        );
        Fact::EnhancedRoute(rows.collect())
    });
    let child_row = (1u16..=511, 0u32..28, any_quality(), any_mode()).prop_map(|(id, exponent, quality, mode)| ChildTableRow {
        child_id: ChildId::new(id).unwrap(),
        timeout_seconds: Some(1 << exponent),
        link_quality_in: Some(quality),
        mode,
    });
    let addresses_row = (any_rloc16(), any_addresses()).prop_map(|(rloc16, addresses)| ChildAddressesRow { rloc16, addresses });
    prop_oneof![
        route64,
        enhanced,
        prop::collection::vec(child_row, 0..40).prop_map(Fact::ChildTable),
        any_addresses().prop_map(Fact::Ipv6Addresses),
        prop::collection::vec(any_child(), 0..12).prop_map(Fact::Children),
        prop::collection::vec(addresses_row, 0..12).prop_map(Fact::ChildAddresses),
        prop::collection::vec(any_router_neighbor(), 0..12).prop_map(Fact::RouterNeighbors),
    ]
}

fn any_value() -> impl Strategy<Value = Fact> {
    let leader_data = (any::<(u32, u8, u8, u8)>(), prop::option::of(any_router_id())).prop_map(|(numbers, leader_router_id)| LeaderData {
        partition_id: PartitionId(numbers.0),
        weighting: numbers.1,
        data_version: numbers.2,
        stable_data_version: numbers.3,
        leader_router_id,
    });
    let tail = prop_oneof![
        Just((None, None)),
        any::<u16>().prop_map(|b| (Some(b), None)),
        any::<(u16, u8)>().prop_map(|(b, d)| (Some(b), Some(d)))
    ];
    let connectivity =
        (-2i8..=1, any::<[u8; 6]>(), tail).prop_map(|(parent_priority, numbers, (sed_buffer_bytes, sed_datagram_count))| Connectivity {
            parent_priority,
            link_quality_3: numbers[0],
            link_quality_2: numbers[1],
            link_quality_1: numbers[2],
            leader_cost: numbers[3],
            id_sequence: numbers[4],
            active_routers: numbers[5],
            sed_buffer_bytes,
            sed_datagram_count,
        });
    let mac = any::<[u32; 9]>().prop_map(|c| MacCounters {
        if_in_unknown_protos: c[0],
        if_in_errors: c[1],
        if_out_errors: c[2],
        if_in_unicast_packets: c[3],
        if_in_broadcast_packets: c[4],
        if_in_discards: c[5],
        if_out_unicast_packets: c[6],
        if_out_broadcast_packets: c[7],
        if_out_discards: c[8],
    });
    let mle = any::<([u16; 9], [u64; 6])>().prop_map(|(c, t)| MleCounters {
        disabled_role: c[0],
        detached_role: c[1],
        child_role: c[2],
        router_role: c[3],
        leader_role: c[4],
        attach_attempts: c[5],
        partition_id_changes: c[6],
        better_partition_attach_attempts: c[7],
        parent_changes: c[8],
        tracked_milliseconds: t[0],
        disabled_milliseconds: t[1],
        detached_milliseconds: t[2],
        child_milliseconds: t[3],
        router_milliseconds: t[4],
        leader_milliseconds: t[5],
    });
    prop_oneof![
        any::<[u8; 8]>().prop_map(|address| Fact::ExtendedAddress(ExtendedAddress(address))),
        prop::option::of(any_rloc16()).prop_map(Fact::Rloc16),
        any_mode().prop_map(Fact::Mode),
        any::<u32>().prop_map(Fact::TimeoutSeconds),
        connectivity.prop_map(Fact::Connectivity),
        leader_data.prop_map(Fact::LeaderData),
        prop::option::of(any::<u32>()).prop_map(|prefix| match prefix {
            Some(prefix) => Fact::OmrPrefix(Ipv6Prefix::new(Ipv6Addr::from(0xfd << 120 | u128::from(prefix) << 64), 64).unwrap()),
            None => Fact::Null(FactKind::OmrPrefix),
        }),
        mac.prop_map(Fact::MacCounters),
        (0u8..=100).prop_map(Fact::BatteryPercent),
        any::<u16>().prop_map(Fact::SupplyMillivolts),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(Fact::ChannelPages),
        any::<u32>().prop_map(Fact::MaxChildTimeoutSeconds),
        any::<[u8; 8]>().prop_map(|eui64| Fact::Eui64(Eui64(eui64))),
        any::<u16>().prop_map(Fact::ThreadVersion),
        ".{1,20}".prop_map(Fact::VendorName),
        ".{1,20}".prop_map(Fact::ModelName),
        ".{1,20}".prop_map(Fact::SoftwareVersion),
        ".{1,20}".prop_map(Fact::StackVersion),
        Just(Fact::Null(FactKind::StackVersion)),
        ".{1,20}".prop_map(Fact::VendorAppUrl),
        mle.prop_map(Fact::MleCounters),
        (38u8..=255, prop::collection::vec(any::<u8>(), 0..300)).prop_map(|(number, value)| Fact::UnknownTlv(number, value)),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(fact in prop_oneof![any_value(), any_table()], query_id: Option<u16>, index in 0u16..1, is_last: bool) {
        let part = query_id.map(|_| AnswerPart { index, is_last });
        let payload = encode_answer(std::slice::from_ref(&fact), AnswerFrame { query_id, part }).unwrap();
        let answer = decode_answer(&payload);
        prop_assert_eq!(answer.decoded, Decoded { facts: vec![fact], ..Decoded::default() });
        prop_assert_eq!((answer.query_id, answer.answer), (query_id, part));
    }

    #[test]
    fn a_list_that_is_cut_short_is_never_complete(rows in prop::collection::vec(any_child(), 1..6), cut in 0.0f64..1.0) {
        let payload = encode_answer(&[Fact::Children(rows.clone())], AnswerFrame::default()).unwrap();
        let answer = decode_answer(&payload[..(payload.len() as f64 * cut) as usize]);
        for fact in &answer.decoded.facts {
            let Fact::Children(some) = fact else { panic!("{fact:?}") };
            prop_assert_eq!(&rows[..some.len()], &some[..]);
            prop_assert_eq!(&answer.decoded.incomplete, &[FactKind::Children]);
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(payload in prop::collection::vec(any::<u8>(), 0..400)) {
        decode_answer(&payload);
    }

    #[test]
    fn arbitrary_values_of_known_types_do_no_harm(values in prop::collection::vec((0u8..50, prop::collection::vec(any::<u8>(), 0..80)), 0..6)) {
        let mut payload = Vec::new();
        for (number, value) in values {
            crate::tmf::tlv::write(&mut payload, number, &value).unwrap();
        }
        let answer = decode_answer(&payload);
        let kinds: Vec<_> = answer.decoded.facts.iter().map(Fact::kind).filter(|kind| *kind != FactKind::OmrPrefix).collect();
        let distinct: BTreeSet<_> = kinds.iter().collect();
        prop_assert_eq!(distinct.len(), kinds.len(), "each statement once");
    }
}
