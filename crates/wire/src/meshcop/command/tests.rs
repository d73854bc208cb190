//! Payloads that an ot-commissioner and an otbr-agent sent each other (made-up network), and what is broken.

use super::*;
use proptest::prelude::*;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Decodes what was recorded, compares, and encodes it again to the same bytes.
fn same(recorded: &str, expected: Command) {
    let bytes = hex(recorded);
    assert_eq!(decode_command(&bytes), (expected.clone(), vec![]));
    assert_eq!(encode_command(&expected).unwrap(), bytes);
}

#[test]
fn a_recorded_petition_and_its_answer() {
    let petition = Command {
        commissioner_id: Some("research-comm".to_owned()),
        ..Command::default()
    };
    same("0a0d72657365617263682d636f6d6d", petition.clone());
    let accepted = Command {
        state: Some(State::Accept),
        session_id: Some(59_278),
        ..petition
    };
    same("1001010a0d72657365617263682d636f6d6d0b02e78e", accepted);
}

#[test]
fn a_recorded_keep_alive_resignation_and_their_answers() {
    for (recorded, state, session_id) in [
        ("1001010b02e78e", State::Accept, Some(59_278)),
        ("100101", State::Accept, None),
        ("1001ff0b02e78e", State::Reject, Some(59_278)),
        ("1001ff", State::Reject, None),
    ] {
        let command = Command {
            state: Some(state),
            session_id,
            ..Command::default()
        };
        same(recorded, command);
    }
}

#[test]
fn recorded_questions_for_datasets_and_the_commissioner_dataset() {
    for (recorded, types) in [
        ("0d0a0e00350207050301040c", vec![14, 0, 53, 2, 7, 5, 3, 1, 4, 12]),
        ("0d0107", vec![7]),
        ("0d080b09083d3e124142", vec![11, 9, 8, 61, 62, 18, 65, 66]),
    ] {
        let command = Command {
            get: Some(types),
            ..Command::default()
        };
        same(recorded, command);
    }
    let dataset = Command {
        session_id: Some(59_278),
        border_agent_locator: Rloc16::new(0xc400),
        steering_data: Some(vec![0xff]),
        joiner_udp_port: Some(1_000),
        ..Command::default()
    };
    same("0b02e78e0902c4000801ff120203e8", dataset);
}

#[test]
fn recorded_datagrams_both_ways() {
    let node = "fdf0:1cc8:d6f8:f4f0:0:ff:fe00:1000".parse::<Ipv6Addr>().unwrap();
    // To node 0x1000: the acknowledgment of its DIAG_GET.ans.
    let udp = |datagram: &str| UdpEncapsulation {
        source_port: 61_631,
        destination_port: 61_631,
        datagram: hex(datagram),
    };
    let acknowledgment = Command {
        ipv6_address: Some(node),
        udp: Some(udp("624482880f2f")),
        ..Command::default()
    };
    same("3110fdf01cc8d6f8f4f0000000fffe00100030ff000af0bff0bf624482880f2f", acknowledgment);
    // From it, in the other order and with a short length.
    let recorded = hex("3010f0bff0bf68440004f488dadd50c2f7153110fdf01cc8d6f8f4f0000000fffe001000");
    let response = Command {
        ipv6_address: Some(node),
        udp: Some(udp("68440004f488dadd50c2f715")),
        ..Command::default()
    };
    assert_eq!(decode_command(&recorded), (response, vec![]));
}

#[test]
fn of_a_dataset_only_types_are_kept() {
    let (command, problems) = decode_command(&hex("0510ffeeddccbbaa998877665544332211000410000102030405060708090a0b0c0d0e0f0b0217"));
    assert_eq!((&command.other[..], problems.len()), (&[5, 4][..], 1));
    assert!(!format!("{command:?}{problems:?}").contains("238"));
}

#[test]
fn text_of_a_peer_is_bounded_and_cannot_move_a_cursor() {
    let mut bytes = vec![10, 10];
    bytes.extend(b"a\x1b[2J\n\xff\xe2\x80");
    bytes[1] = u8::try_from(bytes.len() - 2).unwrap();
    let (command, problems) = decode_command(&bytes);
    assert_eq!(command.commissioner_id.unwrap(), "a\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}");
    assert_eq!(problems.len(), 1);
    let mut bytes = vec![10, 200];
    bytes.extend([b'x'; 200]);
    let (command, problems) = decode_command(&bytes);
    assert_eq!(command.commissioner_id.unwrap().len(), MAX_COMMISSIONER_ID_BYTES);
    assert_eq!(problems.len(), 1);
}

#[test]
fn a_broken_tlv_costs_itself() {
    for (bytes, problem) in [
        ("1000", "TLV 16 › state at byte 2: 1 bytes needed, 0 left"),
        ("10020101", "TLV 16 › value at byte 3: 1 bytes too many"),
        ("0902ffff", "TLV 9 › border agent locator at byte 2: 0xffff is no locator"),
        ("3003f0bff0", "TLV 48 › destination port at byte 4: 2 bytes needed, 1 left"),
        ("310101", "TLV 49 › address at byte 2: 16 bytes needed, 1 left"),
        ("0b02e7", "TLV 11 › value at byte 2: 2 bytes needed, 1 left"),
        ("30ff00", "TLV 48 › extended length at byte 2: 2 bytes needed, 1 left"),
    ] {
        let (_, problems) = decode_command(&hex(&format!("0b02e78e{bytes}")));
        let shifted: Vec<String> = decode_command(&hex(bytes)).1.iter().map(ToString::to_string).collect();
        assert_eq!(shifted, [problem]);
        assert!(!problems.is_empty());
        assert_eq!(decode_command(&hex(&format!("0b02e78e{bytes}"))).0.session_id, Some(59_278));
    }
    let (command, problems) = decode_command(&hex("1001011001ff"));
    assert_eq!((command.state, problems.len()), (Some(State::Accept), 1));
    let (command, problems) = decode_command(&[63, 0].repeat(100));
    assert_eq!((command.other.len(), problems.len()), (MAX_OTHER_TYPES, 36));
}

#[test]
fn what_is_too_long_is_not_written() {
    let long = Command {
        commissioner_id: Some("x".repeat(65)),
        ..Command::default()
    };
    assert_eq!(encode_command(&long), Err(CommandTooLong::CommissionerId { bytes: 65 }));
    let udp = UdpEncapsulation {
        source_port: 1,
        destination_port: 1,
        datagram: vec![0; 65_532],
    };
    let long = Command {
        udp: Some(udp),
        ..Command::default()
    };
    assert!(matches!(encode_command(&long), Err(CommandTooLong::Value(_))));
}

/// Any command.
fn command() -> impl Strategy<Value = Command> {
    use prop::collection::vec;
    use prop::option::of;
    let udp = (any::<u16>(), any::<u16>(), vec(any::<u8>(), 0..700)).prop_map(|(source_port, destination_port, datagram)| UdpEncapsulation {
        source_port,
        destination_port,
        datagram,
    });
    let numbers = (
        of(any::<i8>()),
        of("[a-z äöü]{0,20}"),
        of(any::<u16>()),
        of(0_u16..0x1ff),
        of(any::<u16>()),
    );
    let bytes = (of(vec(any::<u8>(), 0..17)), of(vec(any::<u8>(), 0..300)), of(any::<u128>()), of(udp));
    (numbers, bytes).prop_map(
        |((state, commissioner_id, session_id, locator, joiner_udp_port), (steering_data, get, address, udp))| Command {
            state: state.map(State::new),
            commissioner_id,
            session_id,
            border_agent_locator: locator.and_then(Rloc16::new),
            steering_data,
            joiner_udp_port,
            get,
            ipv6_address: address.map(Ipv6Addr::from),
            udp,
            other: Vec::new(),
        },
    )
}

proptest! {
    #[test]
    fn what_was_written_is_read(command in command()) {
        let bytes = encode_command(&command).unwrap();
        prop_assert_eq!(decode_command(&bytes), (command, vec![]));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let (command, _) = decode_command(&bytes);
        prop_assert!(encode_command(&command).is_ok());
    }
}
