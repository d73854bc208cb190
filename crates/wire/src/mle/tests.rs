use super::*;
use crate::tmf::vectors::bytes;
use proptest::prelude::*;
use weft_model::{Channel, DeviceMode, ExtendedAddress, Fact, FactKind, LeaderData, PanId, PartitionId, Rloc16, RouterId};

fn message(text: &str) -> Message {
    let message = Message::parse(&bytes(text)).unwrap();
    assert_eq!(message.problems, []);
    message
}

fn facts(text: &str) -> Vec<Fact> {
    let clear = bytes(text);
    let decoded = decode(Command(clear[0]), &clear[1..]);
    assert_eq!((decoded.problems, decoded.incomplete), (Vec::new(), Vec::new()));
    decoded.facts
}

fn rloc16(text: &str) -> Rloc16 {
    text.parse().unwrap()
}

/// What the leader of a recorded mesh told a device that looked for a parent.
const PARENT_RESPONSE: &str = "0a \
    0002 c400 \
    0b08 35fb82bf414f8631 \
    0504 00000006 \
    0804 00000012 \
    0408 7176b734dd31de20 \
    0308 f45ed5963806273d \
    1001 50 \
    0f0a 00000000180105000112 ";

#[test]
fn a_parent_response_tells_of_the_router() {
    let parent = message(PARENT_RESPONSE);
    assert_eq!(parent.command, Command::PARENT_RESPONSE);
    assert_eq!(parent.source_address(), Some(Some(rloc16("0xc400"))));
    assert!(
        parent.tlvs.contains(&Tlv::LinkMarginDb(0x50)),
        "how it hears the one who asked: no statement about itself"
    );
    let facts = facts(PARENT_RESPONSE);
    let kinds: Vec<_> = facts.iter().map(Fact::kind).collect();
    assert_eq!(kinds, [FactKind::Rloc16, FactKind::LeaderData, FactKind::Connectivity]);
    let Fact::LeaderData(leader) = facts[1] else { panic!() };
    assert_eq!(
        (leader.partition_id, leader.leader_router_id),
        (PartitionId(0x35fb_82bf), RouterId::new(49))
    );
}

#[test]
fn an_advertisement_brings_the_table_of_routers() {
    let facts = facts("04 0002c400 0b0835fb82bf414b8231 090a 14 0000000000004000 01");
    assert_eq!(facts[0], Fact::Rloc16(Some(rloc16("0xc400"))));
    let Fact::Route64(route) = &facts[2] else { panic!("{facts:?}") };
    assert_eq!(
        (route.id_sequence, route.routers.len(), route.routers[0].router_id),
        (Some(0x14), 1, RouterId::new(49).unwrap())
    );
}

#[test]
fn what_a_parent_repeats_of_its_child_is_not_its_own() {
    // A child's request and its parent's answer: mode and timeout of the child in both.
    let request = facts("0d 01010f 00021006 0b08 35fb82bf414f8631 0204000000f0");
    assert!(request.contains(&Fact::TimeoutSeconds(240)) && request.iter().any(|fact| fact.kind() == FactKind::Mode));
    let answer = facts("0e 00021000 01010f 100150 0b0835fb82bf414f8631 0204000000f0");
    let kinds: Vec<_> = answer.iter().map(Fact::kind).collect();
    assert_eq!(kinds, [FactKind::Rloc16, FactKind::LeaderData]);
    // A parent asks, its child answers for itself.
    let answer = facts("0e 00021006 01010f 0204000000f0");
    let kinds: Vec<_> = answer.iter().map(Fact::kind).collect();
    assert_eq!(kinds, [FactKind::Rloc16, FactKind::Mode, FactKind::TimeoutSeconds]);
}

#[test]
fn a_child_that_says_good_bye_has_no_timeout() {
    let good_bye = "0d 00021006 02040000000 0 01010c";
    assert!(message(good_bye).is_leaving());
    assert!(!facts(good_bye).iter().any(|fact| fact.kind() == FactKind::TimeoutSeconds));
    assert!(!message("0d 00021006 0204000000f0").is_leaving());
}

#[test]
fn the_route_table_of_a_link_accept_may_lack_routers() {
    let link_accept = |routers: usize, command: u8| {
        let mut mask = [0u8; 8];
        for id in 0..routers {
            mask[id / 8] |= 0x80 >> (id % 8);
        }
        let mut clear = vec![command, 9, (9 + routers) as u8, 20];
        clear.extend(mask);
        clear.extend(vec![0xf1; routers]);
        decode(Command(clear[0]), &clear[1..])
    };
    let sequence = |decoded: &crate::Decoded| match &decoded.facts[0] {
        Fact::Route64(route) => route.id_sequence,
        other => panic!("{other:?}"),
    };
    let cut = link_accept(20, 1);
    assert_eq!((cut.incomplete.as_slice(), sequence(&cut)), (&[FactKind::Route64][..], None));
    assert_eq!(link_accept(19, 1).incomplete, []);
    assert_eq!((link_accept(20, 4).incomplete.len(), sequence(&link_accept(20, 4))), (0, Some(20)));
}

#[test]
fn a_discovery_response_names_the_network() {
    let clear = "11 1a25 \
        8102 4000 \
        0208 dead1111beef2222 \
        0309 6f7462722d6d657368 \
        0802 0000 \
        1202 3039 \
        0f02 c000 ";
    let facts = facts(clear);
    assert_eq!(facts[0], Fact::ExtendedPanId("dead1111beef2222".parse().unwrap()));
    assert_eq!(facts[1], Fact::NetworkName("otbr-mesh".to_owned()));
    let [Tlv::Discovery(discovery)] = &message(clear).tlvs[..] else {
        panic!()
    };
    assert_eq!((discovery.response, discovery.joiner_udp_port), (Some((4, false)), Some(12345)));
    assert_eq!(discovery.steering_data.as_deref(), Some(&[0, 0][..]));
}

#[test]
fn an_announcement_tells_channel_pan_and_timestamp() {
    let facts = facts("0f 140300000f 16080000000000010000 1502100b");
    let expected = [
        Fact::Channel(Channel::new(15).unwrap()),
        Fact::ActiveTimestamp(0x1_0000),
        Fact::PanId(PanId(0x100b)),
    ];
    assert_eq!(facts, expected);
}

#[test]
fn a_dataset_loses_its_keys() {
    // A Child ID Response with the active dataset (TLV 24): channel, network key, PAN id, PSKc.
    let dataset = "0003 00000f 0510 000102030405060708090a0b0c0d0e0f 0102 100b 0410 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
    let length = bytes(dataset).len();
    let mut tlvs = bytes(&format!("0002c400 18{length:02x} {dataset} 0a02c401"));
    let before = Message::from_tlvs(Command::CHILD_ID_RESPONSE, &tlvs);
    blank_secrets(&mut tlvs);
    assert_eq!(Message::from_tlvs(Command::CHILD_ID_RESPONSE, &tlvs), before);
    let Some(Fact::Dataset(facts)) = decode(Command::CHILD_ID_RESPONSE, &tlvs).facts.pop() else {
        panic!()
    };
    assert!(facts.has_network_key && facts.has_pskc && facts.pan_id == Some(PanId(0x100b)));
    let kept = |secret: &str| tlvs.windows(4).any(|window| window == &bytes(secret)[..4]);
    assert!(!kept("00010203") && !kept("0c0d0e0f") && !kept("f0f1f2f3"));
    // Where the message is cut, so is what can be told apart.
    let mut cut = bytes(&format!("1830 {dataset}"))[..30].to_vec();
    blank_secrets(&mut cut);
    assert!(cut[2..].iter().all(|byte| *byte == 0));
}

#[test]
fn addresses_are_learnt_from_sender_and_given_address() {
    let (parent, child) = (ExtendedAddress([1; 8]), ExtendedAddress([2; 8]));
    let learnt: Vec<_> = short_addresses(&bytes("0c 0002c400 0a02c401"), parent, Some(child)).collect();
    assert_eq!(learnt, [(rloc16("0xc400"), parent), (rloc16("0xc401"), child)]);
    assert_eq!(short_addresses(&bytes("04 0002fffe"), parent, None).count(), 0, "it has none");
    assert_eq!(short_addresses(&[], parent, None).count(), 0);
}

#[test]
fn link_metrics_come_in_their_scales() {
    // Counted frames, LQI, margin and strength of a report; then a status alone.
    let report = message("08 590f 0005 40 00000007 0002 09ff 0002 0b80");
    let Tlv::LinkMetricsReport { metrics, status } = &report.tlvs[0] else {
        panic!()
    };
    assert_eq!((metrics[0], metrics[1], *status), (LinkMetric::Count(7), LinkMetric::Lqi(255), None));
    assert_eq!(metrics[2].rssi_dbm(), Some(-65));
    assert_eq!(LinkMetric::Margin(255).margin_db(), Some(130));
    assert_eq!((LinkMetric::Rssi(0).rssi_dbm(), LinkMetric::Rssi(255).rssi_dbm()), (Some(-130), Some(0)));
    let refused = message("13 5803 05 01 02");
    assert!(matches!(
        &refused.tlvs[0],
        Tlv::LinkMetricsManagement {
            status: Some(LinkMetricsStatus(2)),
            ..
        }
    ));
    let acknowledged = decode_enhanced_acknowledgment_metrics(&[0x20, 0x80], false, true, true);
    assert_eq!(acknowledged, [LinkMetric::Margin(0x20), LinkMetric::Rssi(0x80)]);
}

#[test]
fn what_is_broken_costs_itself_only() {
    // A challenge, a mode without its byte, a version, a Route64 that lacks rows, and a cut TLV.
    let message = Message::parse(&bytes("09 0302aabb 0100 12020005 0909 14 c000000000000000 0f0a00")).unwrap();
    let numbers: Vec<_> = message.tlvs.iter().map(Tlv::number).collect();
    assert_eq!(numbers, [number::CHALLENGE, number::VERSION, number::ROUTE64]);
    assert_eq!(message.incomplete, [FactKind::Route64]);
    let problems: Vec<_> = message.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems[0], "MLE TLV 1 › mode at byte 6: 1 bytes needed, 0 left");
    assert_eq!(problems.len(), 3);
    assert!(Message::parse(&[]).is_err());
    assert_eq!(Command(77).to_string(), "command 77");
}

#[test]
fn an_envelope_is_open_or_sealed_or_neither() {
    assert_eq!(Envelope::parse(&encode_clear(&[16])), Ok(Envelope::Clear(&[16])));
    assert!(matches!(
        Envelope::parse(&bytes("0015 08000000 00000000 01 0000 00000000")),
        Ok(Envelope::Secured { .. })
    ));
    for text in ["", "01", "0015 0800", "0015 08000000 00000000 01 000000"] {
        assert!(Envelope::parse(&bytes(text)).is_err(), "{text}");
    }
}

fn any_tlv() -> impl Strategy<Value = Tlv> {
    let rloc16 = || prop::option::of((0u16..=62, 0u16..=0x1ff).prop_map(|(router, child)| Rloc16::new(router << 10 | child).unwrap()));
    let channel = || prop::option::of((11u16..=26).prop_map(|number| Channel::new(number).unwrap()));
    let octets = || prop::collection::vec(any::<u8>(), 0..20);
    let address = prop_oneof![
        any::<u128>().prop_map(|address| RegisteredAddress::Full(address.into())),
        (0u8..16, any::<[u8; 8]>()).prop_map(|(context, interface_id)| RegisteredAddress::Compressed { context, interface_id }),
    ];
    let leader_data = (any::<(u32, u8, u8, u8)>(), prop::option::of(0u8..=62)).prop_map(|(numbers, leader)| {
        Tlv::LeaderData(LeaderData {
            partition_id: PartitionId(numbers.0),
            weighting: numbers.1,
            data_version: numbers.2,
            stable_data_version: numbers.3,
            leader_router_id: leader.and_then(RouterId::new),
        })
    });
    prop_oneof![
        rloc16().prop_map(Tlv::SourceAddress),
        rloc16().prop_map(Tlv::Address16),
        any::<(bool, bool, bool)>().prop_map(|(rx_on_when_idle, full_thread_device, full_network_data)| Tlv::Mode(DeviceMode {
            rx_on_when_idle,
            full_thread_device,
            full_network_data
        })),
        any::<u32>().prop_map(Tlv::TimeoutSeconds),
        octets().prop_map(Tlv::Challenge),
        octets().prop_map(Tlv::Response),
        any::<u32>().prop_map(Tlv::LinkFrameCounter),
        any::<u32>().prop_map(Tlv::MleFrameCounter),
        leader_data,
        octets().prop_map(Tlv::TlvRequest),
        any::<(bool, bool)>().prop_map(|(routers, end_devices)| Tlv::ScanMask { routers, end_devices }),
        any::<u8>().prop_map(Tlv::LinkMarginDb),
        any::<u8>().prop_map(Tlv::Status),
        any::<u16>().prop_map(Tlv::Version),
        prop::collection::vec(address, 0..10).prop_map(Tlv::AddressRegistration),
        channel().prop_map(Tlv::Channel),
        channel().prop_map(Tlv::CslChannel),
        channel().prop_map(Tlv::WakeUpChannel),
        any::<u16>().prop_map(|number| Tlv::PanId(PanId(number))),
        any::<u64>().prop_map(Tlv::ActiveTimestamp),
        any::<u64>().prop_map(Tlv::PendingTimestamp),
        any::<u16>().prop_map(Tlv::SupervisionIntervalSeconds),
        any::<u32>().prop_map(Tlv::CslTimeoutSeconds),
        any::<(u8, u8)>().prop_map(|(accuracy_ppm, uncertainty_ten_microseconds)| Tlv::CslClockAccuracy {
            accuracy_ppm,
            uncertainty_ten_microseconds
        }),
        octets().prop_map(Tlv::LinkMetricsQuery),
        octets().prop_map(Tlv::LinkProbe),
        (120u8..=250, prop::collection::vec(any::<u8>(), 0..300)).prop_map(|(number, value)| Tlv::Other(number, value)),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(command: u8, tlvs in prop::collection::vec(any_tlv(), 0..8)) {
        let message = Message { command: Command(command), tlvs, problems: Vec::new(), incomplete: Vec::new() };
        prop_assert_eq!(Message::parse(&message.encode().unwrap()), Ok(message));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(command in 0u8..25, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(command, &bytes);
    }

    #[test]
    fn arbitrary_values_of_known_types_do_no_harm(command in 0u8..25, values in prop::collection::vec((0u8..95, prop::collection::vec(any::<u8>(), 0..60)), 0..6)) {
        let mut tlvs = Vec::new();
        for (number, value) in values {
            crate::tmf::tlv::write(&mut tlvs, number, &value).unwrap();
        }
        check(command, &tlvs);
    }
}

fn check(command: u8, tlvs: &[u8]) {
    let message = Message::from_tlvs(Command(command), tlvs);
    assert!(message.tlvs.len() <= MAX_TLVS);
    let decoded = decode(Command(command), tlvs);
    let mut blanked = tlvs.to_vec();
    blank_secrets(&mut blanked);
    assert_eq!(decode(Command(command), &blanked), decoded);
    let _ = Envelope::parse(tlvs);
}
