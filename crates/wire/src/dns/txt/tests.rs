//! Recorded TXT records, broken ones, and properties of decoding and encoding.

use super::super::vectors;
use super::super::{Message, Name, SERVICE_TYPES, packet};
use super::*;
use packet::RecordData;
use proptest::prelude::*;
use weft_model::*;

/// The TXT record of the first instance in a recorded packet, decoded.
fn first(vector: &str) -> (ServiceRecord, Vec<Problem>) {
    let message: Message = packet::parse(&vectors::bytes(vector)).unwrap();
    let (name, strings) = message
        .records
        .iter()
        .find_map(|record| match &record.data {
            RecordData::Txt(strings) => Some((&record.name, strings)),
            _ => None,
        })
        .unwrap();
    let (label, service): (_, Name) = name.as_instance().unwrap();
    let host = message.records.iter().find_map(|record| match &record.data {
        RecordData::Srv { target, .. } if record.name == *name => Some(target.to_string()),
        _ => None,
    });
    decode_service(
        &service.to_string(),
        &super::super::escape_label(label),
        host.as_deref(),
        Some(1),
        &[],
        &entries(strings),
    )
}

fn border_agent(txt: &[(&str, &[u8])]) -> (BorderAgentRecord, Vec<String>) {
    let txt: TxtEntries = txt.iter().map(|(key, value)| (key.to_string(), Some(value.to_vec()))).collect();
    let (record, problems) = decode_service("_meshcop._udp.local.", "x", None, None, &[], &txt);
    match record.details {
        ServiceDetails::BorderAgent(record) => (*record, problems.iter().map(ToString::to_string).collect()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recorded_border_agent_is_read_key_by_key() {
    let (record, problems) = first(vectors::BORDER_AGENT);
    assert_eq!(problems, []);
    assert_eq!(
        (record.service.as_str(), record.instance.as_str()),
        ("_meshcop._udp", "OpenThread BorderRouter #C4AE")
    );
    assert_eq!(record.host.as_deref(), Some("ot5616f19227d2c4ae.local"));
    let ServiceDetails::BorderAgent(agent) = record.details else { panic!() };
    assert_eq!(
        *agent,
        BorderAgentRecord {
            record_version: Some("1".into()),
            border_agent_id: Some("5a1663a5f4b4ebdfcc73e581a5d1b1a2".parse().unwrap()),
            thread_version: Some("1.4.0".into()),
            state: Some(border_agent_state(0x1fb1)),
            network_name: Some("otbr-mesh".into()),
            extended_pan_id: Some("dead1111beef2222".parse().unwrap()),
            extended_address: Some("5616f19227d2c4ae".parse().unwrap()),
            active_timestamp: Some(0x10000),
            partition_id: Some(PartitionId(0x35fb_82bf)),
            domain_name: Some("DefaultDomain".into()),
            backbone_sequence: Some(14),
            backbone_port: Some(61631),
            omr_prefix: Some("fd4b:dff1:338f:1::/64".parse().unwrap()),
            vendor_name: Some("OpenThread".into()),
            model_name: Some("BorderRouter".into()),
            vendor_oui: None,
            other: Vec::new(),
        }
    );
}

#[test]
fn an_active_ephemeral_key_has_an_empty_record() {
    let (record, problems) = first(vectors::EPHEMERAL_KEY);
    assert_eq!(problems, []);
    assert_eq!(record.details, ServiceDetails::EphemeralBorderAgent(Box::default()));
}

#[test]
fn a_recorded_matter_node_has_its_peer_and_host_address() {
    let (record, problems) = first(vectors::MATTER);
    assert_eq!(problems, []);
    let ServiceDetails::Operational(node) = record.details else { panic!() };
    assert_eq!(node.peer.unwrap().to_string(), "C262E738648869A2-000000000000000E");
    assert_eq!(node.host_extended_address.unwrap().to_string(), "92752f28fc6b10a6");
    assert_eq!(node.other, []);
}

#[test]
fn wrong_lengths_cost_their_key_only_and_stay() {
    let (agent, problems) = border_agent(&[
        ("xa", &[1; 9]),
        ("xp", b"2815cda27e86609a"),
        ("sb", &[]),
        ("pt", &[1, 2, 3]),
        ("at", &[0; 7]),
        ("id", &[7; 15]),
        ("sq", &[1, 2]),
        ("bb", &[1]),
        ("omr", &[64, 0xfd]),
        ("vo", &[1, 2]),
        ("nn", b"home\xff"),
        ("tv", b"1.4.0"),
    ]);
    assert_eq!(agent.thread_version.as_deref(), Some("1.4.0"));
    assert_eq!(agent.other.len(), 11);
    assert_eq!(
        BorderAgentRecord {
            thread_version: None,
            other: Vec::new(),
            ..agent
        },
        BorderAgentRecord::default()
    );
    assert_eq!(
        problems,
        [
            "TXT id: 16 bytes expected, got 15",
            "TXT sb: 4 bytes expected, got 0",
            "TXT nn: UTF-8 expected, not so at byte 4",
            "TXT xp: 8 bytes expected, got 16",
            "TXT xa: 8 bytes expected, got 9",
            "TXT at: 8 bytes expected, got 7",
            "TXT pt: 4 bytes expected, got 3",
            "TXT sq: 1 bytes expected, got 2",
            "TXT bb: 2 bytes expected, got 1",
            "TXT omr: 9 bytes expected for a prefix of 64 bits, got 2",
            "TXT vo: 3 bytes expected, got 2",
        ]
    );
}

#[test]
fn an_xa_that_is_not_the_radios_is_kept_as_it_came() {
    // Recorded: this border router's radio is 1a92d2cdcb799e28, as its _trel._udp says.
    let (agent, problems) = border_agent(&[
        ("xa", b"\x13\x86\x9b\xbe\x0f\x2c\x55\x2e"),
        ("mn", b"AppleTV14,1"),
        ("sb", &[0, 0, 5, 0xb1]),
    ]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(agent.extended_address.unwrap().to_string(), "13869bbe0f2c552e");
}

#[test]
fn reserved_bits_of_the_state_survive_a_round_trip() {
    let (agent, _) = border_agent(&[("sb", &[0xa5, 0x5a, 0x9f, 0xb1])]);
    assert_eq!(agent.state.unwrap().reserved_bits, 0xa55a_8000);
    assert_eq!(
        encode_txt(&ServiceDetails::BorderAgent(Box::new(agent))),
        [("sb".to_owned(), Some(vec![0xa5, 0x5a, 0x9f, 0xb1]))]
    );
}

#[test]
fn ids_of_older_generations_and_vendor_keys_stay_among_the_others() {
    let (agent, problems) = border_agent(&[("dd", &[1; 16]), ("ai", &[2; 16]), ("vcd", &[0, 1]), ("sv", b"3.1")]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(agent.border_agent_id, None);
    assert_eq!(
        agent.other.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        ["dd", "ai", "vcd", "sv"]
    );
}

#[test]
fn control_characters_of_a_network_name_are_replaced() {
    let (agent, problems) = border_agent(&[("nn", b"\x1b[31mred\x07")]);
    assert_eq!((agent.network_name.as_deref(), problems.len()), (Some("\u{fffd}[31mred\u{fffd}"), 0));
}

#[test]
fn an_instance_with_dots_spaces_and_umlauts_is_unescaped() {
    let instance = |text: &str| decode_service("_hap._udp", text, Some(r"K\195\188che.local."), None, &[], &[]);
    let (record, problems) = instance(r"Küche\032\(1\.\032OG\)");
    assert_eq!((record.instance.as_str(), record.host.as_deref()), ("Küche (1. OG)", Some("Küche.local")));
    assert_eq!(problems, []);
    let (record, problems) = instance(r"a\255\010b");
    assert_eq!(record.instance, "a\u{fffd}\u{fffd}b");
    assert_eq!(problems[0].to_string(), "instance: not UTF-8");
}

#[test]
fn names_addresses_and_texts_are_bounded() {
    let addresses: Vec<IpAddr> = (0..100_u8)
        .rev()
        .map(|last| IpAddr::from([10, 0, 0, last]))
        .chain([IpAddr::from([10, 0, 0, 1])])
        .collect();
    let (record, problems) = decode_service(
        &"_x".repeat(10_000),
        &"ü".repeat(10_000),
        Some(&"h".repeat(10_000)),
        None,
        &addresses,
        &[],
    );
    assert!(record.service.len() <= 255 && record.instance.len() <= 255 && record.host.unwrap().len() <= 255);
    assert_eq!(record.addresses.len(), MAX_ADDRESSES);
    assert!(record.addresses.is_sorted());
    assert_eq!(problems.len(), 3);
    let long = BorderAgentRecord {
        network_name: Some("ü".repeat(200)),
        vendor_oui: Some(vec![0; 400]),
        ..Default::default()
    };
    for (key, value) in encode_txt(&ServiceDetails::BorderAgent(Box::new(long))) {
        assert!(key.len() + 1 + value.unwrap().len() <= MAX_STRING_BYTES);
    }
}

#[test]
fn an_unreadable_operational_instance_costs_the_peer_only() {
    let (record, problems) = decode_service("_matter._tcp", "kitchen", None, None, &[], &[("SII".into(), Some(b"5000".to_vec()))]);
    let ServiceDetails::Operational(node) = record.details else { panic!() };
    assert_eq!((node.peer, node.session_idle_milliseconds), (None, Some(5000)));
    assert_eq!(
        problems[0].to_string(),
        "instance: FABRIC-NODE in hexadecimal digits expected, got \"kitchen\""
    );
}

#[test]
fn every_browsed_type_has_details_of_its_own() {
    for service in SERVICE_TYPES {
        assert_ne!(
            decode_service(service, "", None, None, &[], &[]).0.details,
            ServiceDetails::Other,
            "{service}"
        );
    }
    assert_eq!(
        decode_service(super::super::SERVICE_TYPE_ENUMERATION, "", None, None, &[], &[]).0.service,
        "_services._dns-sd._udp"
    );
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-zA-Z0-9 .,=#äß世-]{1,40}")
}

fn other() -> impl Strategy<Value = TxtEntries> {
    // No known key starts with "z".
    prop::collection::btree_map("z[a-z]{1,4}", prop::option::of(prop::collection::vec(any::<u8>(), 0..20)), 0..4)
        .prop_map(|map| map.into_iter().collect())
}

prop_compose! {
    fn border_agents()(
        texts in [text(), text(), text(), text(), text(), text()],
        ids: (Option<[u8; 16]>, Option<[u8; 8]>, Option<[u8; 8]>),
        numbers: (Option<u32>, Option<u64>, Option<u32>, Option<u8>, Option<u16>),
        prefix: Option<([u8; 16], u8)>,
        vendor_oui: Option<[u8; 3]>,
        other in other(),
    ) -> BorderAgentRecord {
        let [record_version, thread_version, network_name, domain_name, vendor_name, model_name] = texts;
        BorderAgentRecord {
            record_version,
            border_agent_id: ids.0.map(BorderAgentId),
            thread_version,
            state: numbers.0.map(border_agent_state),
            network_name,
            extended_pan_id: ids.1.map(ExtendedPanId),
            extended_address: ids.2.map(ExtendedAddress),
            active_timestamp: numbers.1,
            partition_id: numbers.2.map(PartitionId),
            domain_name,
            backbone_sequence: numbers.3,
            backbone_port: numbers.4,
            omr_prefix: prefix.and_then(|(octets, length)| Ipv6Prefix::new(octets.into(), length % 129)),
            vendor_name,
            model_name,
            vendor_oui: vendor_oui.map(|oui| oui.to_vec()),
            other,
        }
    }
}

fn vendors() -> impl Strategy<Value = (Option<u16>, Option<u16>)> {
    any::<Option<(u16, Option<u16>)>>().prop_map(|both| (both.map(|(vendor, _)| vendor), both.and_then(|(_, product)| product)))
}

fn milliseconds() -> impl Strategy<Value = [Option<u32>; 3]> {
    [
        prop::option::of(0..=3_600_000_u32),
        prop::option::of(0..=3_600_000_u32),
        prop::option::of(0..=65_535_u32),
    ]
}

fn details() -> impl Strategy<Value = (usize, ServiceDetails)> {
    prop_oneof![
        border_agents().prop_map(|record| (0, ServiceDetails::BorderAgent(Box::new(record)))),
        border_agents().prop_map(|record| (1, ServiceDetails::EphemeralBorderAgent(Box::new(record)))),
        (any::<Option<[u8; 8]>>(), any::<Option<[u8; 8]>>(), other()).prop_map(|(xa, xp, other)| {
            (
                2,
                ServiceDetails::Trel(TrelRecord {
                    extended_address: xa.map(ExtendedAddress),
                    extended_pan_id: xp.map(ExtendedPanId),
                    other,
                }),
            )
        }),
        (milliseconds(), any::<Option<u8>>(), any::<Option<bool>>(), other()).prop_map(|([idle, active, threshold], tcp, long_idle_time, other)| {
            let record = OperationalRecord {
                session_idle_milliseconds: idle,
                session_active_milliseconds: active,
                session_active_threshold_milliseconds: threshold,
                tcp,
                long_idle_time,
                other,
                ..Default::default()
            };
            (3, ServiceDetails::Operational(record))
        }),
        (
            vendors(),
            milliseconds(),
            text(),
            text(),
            prop::option::of(0..=4095_u16),
            prop::option::of(0..=3_u8),
            any::<[Option<u32>; 2]>(),
            other()
        )
            .prop_map(
                |(
                    (vendor_id, product_id),
                    [idle, active, threshold],
                    device_name,
                    pairing_instruction,
                    discriminator,
                    mode,
                    [device_type, pairing_hint],
                    other,
                )| {
                    let record = CommissionableRecord {
                        discriminator,
                        vendor_id,
                        product_id,
                        device_type,
                        device_name,
                        commissioning_mode: mode,
                        pairing_hint,
                        pairing_instruction,
                        session_idle_milliseconds: idle,
                        session_active_milliseconds: active,
                        session_active_threshold_milliseconds: threshold,
                        other,
                        ..Default::default()
                    };
                    (4, ServiceDetails::Commissionable(record))
                }
            ),
        (vendors(), any::<Option<u32>>(), text(), other()).prop_map(|((vendor_id, product_id), device_type, device_name, other)| {
            (
                5,
                ServiceDetails::Commissioner(CommissionerRecord {
                    vendor_id,
                    product_id,
                    device_type,
                    device_name,
                    other,
                }),
            )
        }),
        (
            text(),
            text(),
            any::<Option<u16>>(),
            any::<[Option<u32>; 2]>(),
            any::<[Option<u8>; 2]>(),
            other()
        )
            .prop_map(
                |(id, model, category, [configuration_number, state_number], [status_flags, feature_flags], other)| {
                    (
                        6,
                        ServiceDetails::Hap(HapRecord {
                            id,
                            model,
                            category,
                            configuration_number,
                            state_number,
                            status_flags,
                            feature_flags,
                            other,
                        }),
                    )
                }
            ),
        (any::<Option<u64>>(), text(), text(), other()).prop_map(|(eui64, model, software_version, other)| {
            (
                7,
                ServiceDetails::LedProtocol(LedProtocolRecord {
                    eui64: eui64.map(Eui64::from_u64),
                    model,
                    software_version,
                    other,
                }),
            )
        }),
        (text(), text(), text(), any::<Option<u64>>(), other()).prop_map(|(domain, dataset_id, partner_id, xp, other)| {
            let extended_pan_id = xp.map(ExtendedPanId::from_u64);
            (
                8,
                ServiceDetails::SrpReplication(SrpReplicationRecord {
                    domain,
                    dataset_id,
                    partner_id,
                    extended_pan_id,
                    other,
                }),
            )
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same((service, details) in details()) {
        let txt = encode_txt(&details);
        let instance = "2906C908D115D362-0000000000000021";
        let (record, problems) = decode_service(SERVICE_TYPES[service], instance, None, None, &[], &txt);
        prop_assert_eq!(problems, vec![]);
        let expected = match details {
            ServiceDetails::Operational(node) => ServiceDetails::Operational(OperationalRecord { peer: Some(instance.parse().unwrap()), ..node }),
            details => details,
        };
        prop_assert_eq!(record.details, expected);
    }

    #[test]
    fn what_is_decoded_encodes_to_something_that_decodes_to_the_same(
        service in prop::sample::select(SERVICE_TYPES),
        txt in prop::collection::vec(("(rv|id|tv|sb|nn|xp|xa|at|pt|dn|sq|bb|omr|vn|mn|vo|D|VP|CM|SII|T|ICD|eui64|md|c#|xpanid|[A-z]{0,3})", prop::option::of(prop::collection::vec(any::<u8>(), 0..20))), 0..12),
    ) {
        let once = decode_service(service, "", None, None, &[], &txt).0.details;
        let twice = decode_service(service, "", None, None, &[], &encode_txt(&once)).0.details;
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn arbitrary_input_never_panics(
        service in prop_oneof![prop::sample::select(SERVICE_TYPES).prop_map(str::to_owned), ".{0,40}".boxed()],
        instance in ".{0,80}",
        host in prop::option::of(".{0,40}"),
        strings in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12),
    ) {
        decode_service(&service, &instance, host.as_deref(), None, &[], &entries(&strings));
    }
}
