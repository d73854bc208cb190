use super::*;
use crate::tmf::vectors::bytes;
use proptest::prelude::*;
use weft_model::{ExtendedAddress, PanId};

/// A child (0x5c04) polls its parent: version 2006, secured, identifier in the clear. Without check sequence.
const DATA_POLL: &str = "6b98 bd 0b10 005c 045c 0d 43000000 01 04 2f1f8d62";
/// A beacon request.
const BEACON_REQUEST: &str = "0308 00 ffff ffff 07";

#[test]
fn a_data_poll_tells_child_and_parent_in_the_clear() {
    let bytes = bytes(DATA_POLL);
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!((frame.kind, frame.version), (FrameKind::Command, FrameVersion::V2006));
    assert_eq!(
        (frame.sequence_number, frame.acknowledgment_requested, frame.frame_pending),
        (Some(0xbd), true, false)
    );
    assert_eq!((frame.destination_pan_id, frame.source_pan_id), (Some(PanId(0x100b)), None));
    let security = frame.security.unwrap();
    assert_eq!(
        (security.level, security.key_id, security.frame_counter),
        (SecurityLevel::ENCRYPTED_MIC_32, KeyId::Index(1), Some(0x43))
    );
    let summary = frame.summary(None);
    assert_eq!(summary.activity, Activity::DataPoll);
    assert_eq!(
        (summary.from.rloc16(), summary.to.rloc16()),
        ("0x5c04".parse().ok(), "0x5c00".parse().ok())
    );
    let sealed = frame.sealed(&bytes).unwrap();
    assert_eq!(
        (sealed.open.len(), sealed.payload, sealed.mic.len()),
        (bytes.len() - 4, &[][..], 4),
        "the identifier is authenticated, not encrypted"
    );
}

#[test]
fn a_secured_command_of_2015_between_child_and_parent_is_a_poll() {
    // A CSL child polls: header element CSL (phase 0x0b72, period 0x0c35 ten symbols = 500 ms), terminator, encrypted identifier.
    let frame = "6baa 43 0b10 005c 055c 0d 05000000 01 040d720b350c 803f aa 01020304";
    let bytes = bytes(frame);
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!((frame.version, frame.command(None)), (FrameVersion::V2015, None));
    assert_eq!(frame.summary(None).activity, Activity::DataPoll);
    assert_eq!(frame.summary(Some(&[4])).activity, Activity::DataPoll);
    assert_eq!(frame.summary(Some(&[9])).activity, Activity::Command(Some(9)));
    let elements: Vec<_> = frame.elements().map(|element| element.header()).collect();
    let csl = CslElement {
        phase_ten_symbols: 0x0b72,
        period_ten_symbols: 0x0c35,
    };
    assert_eq!(elements.len(), 1);
    assert_eq!(elements[0], HeaderElement::Csl(csl));
    let sealed = frame.sealed(&bytes).unwrap();
    assert_eq!((sealed.payload, sealed.mic), (&[0xaa][..], &[1, 2, 3, 4][..]));
    assert!(!frame.has_payload_elements());
}

#[test]
fn acknowledgments_of_both_kinds_are_tied_to_their_frames() {
    let poll_bytes = bytes(DATA_POLL);
    let poll = Frame::parse(&poll_bytes).unwrap();
    let acknowledgment_bytes = bytes("1210 bd");
    let acknowledgment = Frame::parse(&acknowledgment_bytes).unwrap();
    assert_eq!(
        (acknowledgment.frame_pending, acknowledgment.summary(None).activity),
        (true, Activity::ImmediateAcknowledgment)
    );
    let mut awaited = AwaitedAcknowledgment::new();
    assert_eq!(awaited.frame(&acknowledgment, 0), None, "nothing was sent");
    assert_eq!(awaited.frame(&poll, 1000), None);
    let acknowledged = awaited.frame(&acknowledgment, 1400).unwrap();
    assert_eq!((acknowledged.from, acknowledged.to), (poll.source, poll.destination));
    assert!(acknowledged.is_first && !awaited.frame(&acknowledgment, 1500).unwrap().is_first);
    assert_eq!(awaited.frame(&acknowledgment, 1001 + ACKNOWLEDGMENT_WAIT_MICROSECONDS), None, "too late");
    // An enhanced acknowledgment for somebody else (0x5c05) with the same number.
    let other_bytes = bytes("022a bd 0b10 055c");
    let other = Frame::parse(&other_bytes).unwrap();
    assert_eq!(other.summary(None).activity, Activity::EnhancedAcknowledgment);
    awaited.frame(&poll, 50_000);
    assert_eq!(awaited.frame(&other, 50_100), None);
    awaited.frame(&poll, 60_000);
    let wrong_number_bytes = bytes("0210 be");
    assert_eq!(awaited.frame(&Frame::parse(&wrong_number_bytes).unwrap(), 60_100), None);
}

#[test]
fn a_beacon_names_a_thread_network() {
    let payload = "03 91 4f70656e5468726561642d6d65736800 dead1111beef2222";
    let bytes = bytes(&format!("00c0 17 3412 aec4d22792f11656 ffcf 00 00 {payload}"));
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!(frame.summary(None).activity, Activity::Beacon);
    assert_eq!(frame.pan_id(), Some(PanId(0x1234)));
    let beacon = frame.beacon().unwrap().unwrap();
    assert_eq!((beacon.superframe, beacon.pending.len()), (0xcfff, 0));
    let thread = beacon.thread().unwrap().unwrap();
    assert_eq!(
        (thread.version, thread.joining_permitted, thread.network_name.as_str()),
        (9, true, "OpenThread-mesh")
    );
    assert_eq!(thread.extended_pan_id.to_string(), "dead1111beef2222");
    let request = super::tests::bytes(BEACON_REQUEST);
    assert_eq!(Frame::parse(&request).unwrap().summary(None).activity, Activity::BeaconRequest);
}

#[test]
fn pan_ids_stand_where_table_7_2_says() {
    // Version 2015: destination mode, source mode, compression; PAN ids of destination and source.
    for (destination, source, compression, destination_pan, source_pan) in [
        (0, 0, false, false, false),
        (0, 0, true, true, false),
        (2, 0, false, true, false),
        (2, 0, true, false, false),
        (0, 3, false, false, true),
        (0, 3, true, false, false),
        (3, 3, false, true, false),
        (3, 3, true, false, false),
        (2, 2, false, true, true),
        (2, 2, true, true, false),
        (2, 3, true, true, false),
        (3, 2, false, true, true),
    ] {
        let control: u16 = 0x2001 | u16::from(compression) << 6 | destination << 10 | source << 14;
        let mut bytes = control.to_le_bytes().to_vec();
        bytes.extend([0x77; 40]);
        let frame = Frame::parse(&bytes).unwrap();
        let there = (frame.destination_pan_id.is_some(), frame.source_pan_id.is_some());
        assert_eq!(there, (destination_pan, source_pan), "{destination} {source} {compression}");
        assert!(frame.has_the_right_pan_ids());
    }
}

#[test]
fn what_makes_no_sense_is_named() {
    let problem = |text: &str| Frame::parse(&bytes(text)).unwrap_err().to_string();
    assert_eq!(problem("41"), "frame control at byte 0: 2 bytes needed, 1 left");
    assert_eq!(problem("0530 00"), "frame control at byte 0: frame type 5");
    assert_eq!(problem("4138 00"), "frame control at byte 0: frame version 3 is reserved");
    assert_eq!(
        problem("4104 00 ffff"),
        "frame control at byte 0: destination address: addressing mode 1 is reserved"
    );
    assert_eq!(
        problem("6b98 bd 0b10 005c 045c 0d 43000000 01 04"),
        "integrity code at byte 15: 4 bytes needed, 1 left"
    );
    assert_eq!(
        problem("41aa 00 3412 0000 0100 05"),
        "header elements › element header at byte 9: 2 bytes needed, 1 left"
    );
}

#[test]
fn a_check_sequence_is_split_off() {
    let mut frame = bytes(BEACON_REQUEST);
    append_fcs(&mut frame);
    let (without, is_correct) = split_fcs(&frame).unwrap();
    assert_eq!((without, is_correct), (&bytes(BEACON_REQUEST)[..], true));
    frame[3] ^= 1;
    assert!(!split_fcs(&frame).unwrap().1);
    assert_eq!(split_fcs(&[1]), None);
}

#[test]
fn payload_elements_end_where_the_payload_begins() {
    // A vendor's element (group 2, 3 bytes), terminator, payload.
    let payload = bytes("0390 010203 00f8 7f33");
    let mut elements = PayloadElements::new(&payload);
    let first = elements.next().unwrap();
    assert_eq!((first.kind, first.id, first.content), (ElementKind::Payload, 2, &[1, 2, 3][..]));
    assert_eq!(elements.next(), None);
    assert_eq!(elements.rest(), [0x7f, 0x33]);
    let metrics = Element {
        kind: ElementKind::Header,
        id: 0,
        content: &[0x9b, 0xb8, 0xea, 0, 0x20, 0x80],
    };
    assert_eq!(metrics.header(), HeaderElement::LinkMetrics(&[0x20, 0x80]));
}

fn any_address() -> impl Strategy<Value = Address> {
    prop_oneof![
        Just(Address::None),
        any::<u16>().prop_map(Address::Short),
        any::<[u8; 8]>().prop_map(|bytes| Address::Extended(ExtendedAddress(bytes))),
    ]
}

fn any_security(is_2015: bool) -> impl Strategy<Value = AuxiliarySecurity> {
    let key_id = prop_oneof![
        Just(KeyId::Implicit),
        any::<u8>().prop_map(KeyId::Index),
        any::<([u8; 4], u8)>().prop_map(|(source, index)| KeyId::Source4 { source, index }),
        any::<([u8; 8], u8)>().prop_map(|(source, index)| KeyId::Source8 { source, index }),
    ];
    (0u8..8, key_id, any::<Option<u32>>(), any::<u32>(), any::<bool>()).prop_map(move |(level, key_id, counter, other, slot)| AuxiliarySecurity {
        level: SecurityLevel::new(level).unwrap(),
        key_id,
        frame_counter: if is_2015 { counter } else { Some(other) },
        slot_number_in_nonce: is_2015 && slot,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        (version, security) in (0u8..3).prop_flat_map(|version| (Just(version), prop::option::of(any_security(version == 2)))),
        kind in 0u8..4,
        flags: [bool; 4],
        destination in any_address(),
        source in any_address(),
        pan_ids: (u16, u16),
        sequence_number: u8,
        csl in prop::option::of(any::<[u8; 4]>()),
        body in prop::collection::vec(any::<u8>(), 16..60),
    ) {
        let is_2015 = version == 2;
        let mut elements = Vec::new();
        if let Some(content) = csl {
            write_header_element(&mut elements, 0x1a, &content);
        }
        write_header_element(&mut elements, 0x7f, &[]);
        let mut frame = Frame {
            kind: [FrameKind::Beacon, FrameKind::Data, FrameKind::Acknowledgment, FrameKind::Command][usize::from(kind)],
            version: [FrameVersion::V2003, FrameVersion::V2006, FrameVersion::V2015][usize::from(version)],
            frame_pending: flags[0],
            acknowledgment_requested: flags[1],
            pan_id_compression: flags[2],
            sequence_number: (!is_2015 || flags[3]).then_some(sequence_number),
            destination_pan_id: None,
            destination,
            source_pan_id: None,
            source,
            security: security.filter(|_| version != 0),
            header_elements: is_2015.then_some(&elements[..]),
            body: &body,
        };
        // Exactly one choice of PAN ids is right.
        let mut right = 0;
        for (has_destination, has_source) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut choice = frame.clone();
            choice.destination_pan_id = has_destination.then_some(PanId(pan_ids.0));
            choice.source_pan_id = has_source.then_some(PanId(pan_ids.1));
            if choice.has_the_right_pan_ids() {
                right += 1;
                frame = choice;
            }
        }
        prop_assert_eq!(right, 1);
        let bytes = [&frame.encode_header()[..], &body].concat();
        prop_assert_eq!(Frame::parse(&bytes), Ok(frame));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..140)) {
        if let Ok(frame) = Frame::parse(&bytes) {
            prop_assert!(frame.body.len() <= bytes.len());
            frame.summary(Some(frame.body));
            frame.beacon();
            prop_assert!(frame.elements().count() <= MAX_ELEMENTS);
            if let Some(sealed) = frame.sealed(&bytes) {
                prop_assert_eq!(&[sealed.open, sealed.payload, sealed.mic].concat(), &bytes);
            }
        }
        PayloadElements::new(&bytes).count();
    }
}
