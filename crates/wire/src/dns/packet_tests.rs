//! Recorded packets, broken packets, and properties of the message reader.

use super::super::vectors;
use super::*;
use proptest::prelude::*;

fn name(text: &str) -> Name {
    Name::from_text(text).unwrap()
}

#[test]
fn a_border_agents_answer_is_read_with_its_compressed_names() {
    let message = parse(&vectors::bytes(vectors::BORDER_AGENT)).unwrap();
    assert!(message.is_response());
    assert_eq!(message.problems, []);
    let instance = name("OpenThread BorderRouter #C4AE._meshcop._udp.local.");
    let host = name("ot5616f19227d2c4ae.local.");
    let sections: Vec<_> = message
        .records
        .iter()
        .map(|record| (record.section, record.cache_flush, record.ttl_seconds))
        .collect();
    assert_eq!(sections[0], (Section::Answer, false, 4500));
    assert_eq!(
        sections[1..],
        [
            (Section::Additional, true, 4500),
            (Section::Additional, true, 4500),
            (Section::Additional, true, 120),
            (Section::Additional, true, 120)
        ]
    );
    assert_eq!(message.records[0].data, RecordData::Ptr(instance.clone()));
    assert_eq!(
        message.records[1].data,
        RecordData::Srv {
            priority: 0,
            weight: 0,
            port: 0xc002,
            target: host.clone()
        }
    );
    let RecordData::Txt(strings) = &message.records[2].data else {
        panic!("{:?}", message.records[2])
    };
    assert_eq!(strings.len(), 15);
    assert_eq!(strings[2], b"sb=\x00\x00\x1f\xb1");
    assert_eq!(message.records[2].name, instance);
    assert_eq!(message.records[3].data, RecordData::Aaaa("fe80::d018:88ff:fe71:67e6".parse().unwrap()));
    assert_eq!(message.records[4].data, RecordData::A(Ipv4Addr::new(10, 77, 0, 1)));
    assert_eq!(message.records[4].name, host);
}

#[test]
fn a_question_with_known_answers_is_no_response() {
    let message = parse(&vectors::bytes(vectors::QUERY)).unwrap();
    assert!(!message.is_response());
    assert_eq!(message.problems, []);
    assert_eq!(
        message.questions[0],
        Question {
            name: name("_matter._tcp.local."),
            record_type: TYPE_PTR,
            class: CLASS_INTERNET,
            unicast: false
        }
    );
    assert_eq!(message.records[0].ttl_seconds, 1122);
}

#[test]
fn a_record_of_unknown_type_keeps_its_bytes() {
    let message = parse(&vectors::bytes(vectors::HAP)).unwrap();
    let nsec = message
        .records
        .iter()
        .find(|record| matches!(record.data, RecordData::Other { record_type: 47, .. }))
        .unwrap();
    let RecordData::Other { bytes, .. } = &nsec.data else { unreachable!() };
    assert_eq!(bytes.len(), 8);
}

#[test]
fn a_packet_cut_at_any_byte_gives_what_came_before() {
    let whole = vectors::bytes(vectors::BORDER_AGENT);
    let expected = parse(&whole).unwrap().records;
    for length in 0..whole.len() {
        match parse(&whole[..length]) {
            Ok(message) => {
                assert!(expected.starts_with(&message.records), "cut at {length}");
                assert_eq!(message.problems.len(), 1, "cut at {length}");
            }
            Err(_) => assert!(length < 12, "cut at {length}"),
        }
    }
}

/// A header with these counts of questions and answers.
fn header(questions: u16, answers: u16) -> Vec<u8> {
    [0, 0x8400, questions, answers, 0, 0]
        .iter()
        .flat_map(|number: &u16| number.to_be_bytes())
        .collect()
}

/// A record named by the root, with `data`.
fn raw_record(record_type: u16, data: &[u8]) -> Vec<u8> {
    let mut record = vec![0];
    record.extend(record_type.to_be_bytes());
    record.extend([0x80, 0x01, 0, 0, 0, 120]);
    record.extend(count(data.len()));
    record.extend(data);
    record
}

#[test]
fn broken_data_costs_its_record_only() {
    let mut packet = header(0, 6);
    packet.extend(raw_record(TYPE_A, &[10, 0, 0]));
    packet.extend(raw_record(TYPE_AAAA, &[0; 17]));
    packet.extend(raw_record(TYPE_PTR, &[0xc0, 0xff]));
    packet.extend(raw_record(TYPE_SRV, &[0, 0, 0, 0, 0x1f]));
    packet.extend(raw_record(TYPE_TXT, &[9, b'n', b'n', b'=']));
    packet.extend(raw_record(TYPE_A, &[10, 0, 0, 1]));
    let message = parse(&packet).unwrap();
    assert_eq!(message.records.len(), 1);
    assert_eq!(message.records[0].data, RecordData::A(Ipv4Addr::new(10, 0, 0, 1)));
    let problems: Vec<String> = message.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems[0], "answer 1 › address at byte 23: 4 bytes needed, 3 left");
    assert_eq!(problems[1], "answer 2 › data at byte 53: 1 bytes too many");
    assert!(
        problems[2].starts_with("answer 3 › name at byte") && problems[2].contains("does not lead back"),
        "{}",
        problems[2]
    );
    assert!(problems[3].starts_with("answer 4 › port at byte"), "{}", problems[3]);
    assert!(problems[4].starts_with("answer 5 › string at byte"), "{}", problems[4]);
    assert_eq!(problems.len(), 5);
}

#[test]
fn a_name_may_not_run_out_of_its_records_data() {
    let mut packet = header(0, 2);
    packet.extend(raw_record(TYPE_PTR, &[5, b'a']));
    packet.extend(raw_record(TYPE_PTR, &[1, b'a', 0, 7]));
    let message = parse(&packet).unwrap();
    assert_eq!(message.records, []);
    assert_eq!(message.problems.len(), 2);
}

#[test]
fn sizes_and_counts_are_bounded() {
    assert!(parse(&[0; MAX_MESSAGE_BYTES + 1]).is_err());
    assert!(parse(&header(513, 0)).is_err());
    let mut packet = header(0, u16::MAX);
    for _ in 0..600 {
        packet.extend(raw_record(10, &[]));
    }
    let message = parse(&packet).unwrap();
    assert_eq!(message.records.len(), MAX_RECORDS);
    assert_eq!(message.problems.len(), 1);
    assert!(parse(&header(0, u16::MAX)).unwrap().problems.len() == 1);
}

fn names() -> impl Strategy<Value = Name> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..12), 0..5)
        .prop_map(|labels| Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap())
}

fn record_data() -> impl Strategy<Value = RecordData> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| RecordData::A(octets.into())),
        any::<[u8; 16]>().prop_map(|octets| RecordData::Aaaa(octets.into())),
        names().prop_map(RecordData::Ptr),
        (any::<[u16; 3]>(), names()).prop_map(|([priority, weight, port], target)| RecordData::Srv {
            priority,
            weight,
            port,
            target
        }),
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..5).prop_map(RecordData::Txt),
        (100_u16.., prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(record_type, bytes)| RecordData::Other { record_type, bytes }),
    ]
}

prop_compose! {
    fn records()(name in names(), class in 0..0x8000_u16, cache_flush: bool, ttl_seconds: u32, data in record_data(), section in 0..3) -> Record {
        let section = [Section::Answer, Section::Authority, Section::Additional][section as usize];
        Record { section, name, class, cache_flush, ttl_seconds, data }
    }
}

prop_compose! {
    fn messages()(
        id: u16,
        flags: u16,
        questions in prop::collection::vec((names(), any::<u16>(), 0..0x8000_u16, any::<bool>()), 0..4),
        mut records in prop::collection::vec(records(), 0..12),
    ) -> Message {
        records.sort_by_key(|record| record.section);
        let questions = questions.into_iter().map(|(name, record_type, class, unicast)| Question { name, record_type, class, unicast }).collect();
        Message { id, flags, questions, records, problems: Vec::new() }
    }
}

proptest! {
    #[test]
    fn a_written_message_reads_back(message in messages()) {
        prop_assert_eq!(parse(&write(&message)).unwrap(), message);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn a_flipped_bit_never_panics(position in 0_usize..600, bit in 0..8) {
        for vector in [vectors::BORDER_AGENT, vectors::HAP, vectors::MATTER] {
            let mut bytes = vectors::bytes(vector);
            let position = position % bytes.len();
            bytes[position] ^= 1_u8 << bit;
            let _ = parse(&bytes);
        }
    }
}
