use super::key::KEY_BYTES;
use super::*;
use crate::ieee802154::{AuxiliarySecurity, Frame, KeyId, SecurityLevel};
use crate::mle::Message;
use crate::tmf::vectors::bytes;
use proptest::prelude::*;
use std::net::Ipv6Addr;
use weft_model::{ExtendedAddress, PanId, Rloc16};

/// Made up for a recorded network.
const KEY: &str = "00112233445566778899aabbccddeeff";
const LEADER: ExtendedAddress = ExtendedAddress([0x56, 0x16, 0xf1, 0x92, 0x27, 0xd2, 0xc4, 0xae]);

fn ring() -> KeyRing {
    KeyRing::new(NetworkKey::from_hex(KEY).unwrap())
}

#[test]
fn keys_are_derived_as_openthread_does() {
    let keys = NetworkKey::from_hex(KEY).unwrap().derive(KeySequence(0));
    assert_eq!(keys.mle[..], bytes("5445f4158fd75912175809f8b57a66a4"));
    assert_eq!(keys.mac[..], bytes("de89c53af382b421e0fde5a9bae3bef0"));
}

#[test]
fn a_radio_gets_three_keys() {
    // Key id mode 1, index, then each key behind its length: before, now, after.
    let value = ring().radio_keys(KeySequence(0));
    assert_eq!(value[..4], [0x08, 1, 16, 0]);
    assert_eq!(value[22..38], bytes("de89c53af382b421e0fde5a9bae3bef0"));
    assert_eq!(ring().radio_keys(KeySequence(1))[4..20], value[22..38], "what was current is previous");
    assert_eq!(ring().radio_keys(KeySequence(1))[22..38], value[40..56], "what was next is current");
}

#[test]
fn only_32_digits_are_a_key_and_the_error_does_not_quote_them() {
    for text in [
        "",
        "00112233445566778899aabbccddeef",
        "0011223344556677889xaabbccddeeff",
        "é0112233445566778899aabbccddeef",
    ] {
        let Err(error) = NetworkKey::from_hex(text) else { panic!("{text}") };
        assert_eq!(error.to_string(), "expected a network key of 32 hexadecimal digits");
    }
    assert!(NetworkKey::from_hex(KEY).unwrap() == NetworkKey::new(*NetworkKey::from_hex(&KEY.to_uppercase()).unwrap().expose()));
    let dataset = bytes(&format!("0003 00000f 0510 {KEY} 0102 1234"));
    assert!(NetworkKey::from_dataset(&dataset).unwrap() == NetworkKey::from_hex(KEY).unwrap());
    assert!(NetworkKey::from_dataset(&bytes("0003 00000f 0102 1234")).is_none());
    assert!(
        NetworkKey::from_dataset(&bytes("0510 00000000000000000000000000000000")).is_none(),
        "blanked"
    );
}

#[test]
fn a_recorded_advertisement_opens() {
    // The leader (0xc400) advertises: UDP payload of the recorded frame.
    let sealed = bytes("00 15 08000000 00000000 01 5a1ac187fdb61f995c9b79377f6ffab3491913556e7380ebfdbcb914c5c4b0");
    let destination: Ipv6Addr = "ff02::1".parse().unwrap();
    let mut ring = ring();
    let opened = ring.open_mle(LEADER.to_link_local(), destination, &sealed).unwrap();
    assert_eq!(opened.clear, bytes("04 0002c400 0b0835fb82bf414b8231 090a14000000000000400001"));
    assert_eq!((opened.sender, opened.counter), (LEADER, Some((KeySequence(0), 8))));
    assert_eq!(ring.sequence(), Some(KeySequence(0)));
    // Each address is authenticated.
    assert_eq!(
        ring.open_mle(LEADER.to_link_local(), "ff02::2".parse().unwrap(), &sealed),
        Err(Closed::WrongKey)
    );
    let other = ExtendedAddress([1; 8]).to_link_local();
    assert_eq!(ring.open_mle(other, destination, &sealed), Err(Closed::WrongKey));
    let mut foreign = KeyRing::new(NetworkKey::new([7; KEY_BYTES]));
    assert_eq!(foreign.open_mle(LEADER.to_link_local(), destination, &sealed), Err(Closed::WrongKey));
    assert_eq!(foreign.sequence(), None, "what stays closed teaches nothing");
}

#[test]
fn an_announce_frame_opens_with_the_key_that_everybody_has() {
    let sequence = KeySequence(3);
    let frame = Frame::parse(&bytes("41d8 01 ffff ffff aec4d22792f11656")).unwrap().encode_header();
    assert_eq!(frame.len(), 15);
    let wrong_mode = AuxiliarySecurity {
        level: SecurityLevel::ENCRYPTED_MIC_32,
        key_id: KeyId::Source4 { source: [0xff; 4], index: 1 },
        frame_counter: Some(1),
        slot_number_in_nonce: false,
    };
    let header = bytes("49d8 01 ffff ffff aec4d22792f11656");
    let mut sealed = header.clone();
    wrong_mode.write(&mut sealed);
    sealed.extend([0; 10]);
    let parsed = Frame::parse(&sealed).unwrap();
    let mut security = LinkSecurity::new(NetworkKey::from_hex(KEY).unwrap());
    assert_eq!(security.open_frame(&sealed, &parsed, None), Err(Closed::OtherKey));
    let mut keys = ring();
    assert_eq!(
        keys.seal_frame(&parsed, &[1], LEADER, sequence),
        Err(Closed::OtherKey),
        "not sealed with it here"
    );
}

/// A data frame from `sender`'s short address 0x7c01 to 0x7c00, sealed with the key of `sequence`.
fn sealed_frame(sender: ExtendedAddress, sequence: KeySequence, counter: u32, payload: &[u8]) -> Vec<u8> {
    let mut header = bytes("6998 ea 0b10 007c 017c");
    let security = AuxiliarySecurity {
        level: SecurityLevel::ENCRYPTED_MIC_32,
        key_id: KeyId::Index(sequence.index()),
        frame_counter: Some(counter),
        slot_number_in_nonce: false,
    };
    security.write(&mut header);
    header.extend([0; 4]);
    let frame = Frame::parse(&header).unwrap();
    ring().seal_frame(&frame, payload, sender, sequence).unwrap()
}

#[test]
fn a_short_address_opens_once_its_extended_address_is_learnt() {
    let sealed = sealed_frame(LEADER, KeySequence(0), 5, b"hello");
    let frame = Frame::parse(&sealed).unwrap();
    let mut security = LinkSecurity::new(NetworkKey::from_hex(KEY).unwrap());
    assert_eq!(security.open_frame(&sealed, &frame, None), Err(Closed::UnknownSender));
    let rloc16: Rloc16 = "0x7c01".parse().unwrap();
    security.learn(PanId(0x100b), rloc16, ExtendedAddress([9; 8]));
    assert_eq!(
        security.open_frame(&sealed, &frame, None),
        Err(Closed::WrongKey),
        "the address was another's before"
    );
    security.learn(PanId(0x100b), rloc16, LEADER);
    security.learn(PanId(0x100b), rloc16, ExtendedAddress([8; 8]));
    let opened = security.open_frame(&sealed, &frame, None).unwrap();
    assert_eq!((opened.payload.as_slice(), opened.sender), (&b"hello"[..], Some(LEADER)));
    assert_eq!(
        security.addresses().resolve(PanId(0x100b), rloc16),
        Some(LEADER),
        "what opened is tried first"
    );
}

#[test]
fn key_rotation_is_followed_by_mac_and_mle() {
    let mut keys = ring();
    let (first, rotated, far) = (KeySequence(126), KeySequence(128), KeySequence(400));
    let open = |keys: &mut KeyRing, sequence| {
        let sealed = sealed_frame(LEADER, sequence, 1, b"x");
        keys.open_frame(&sealed, &Frame::parse(&sealed).unwrap(), LEADER).map(|(_, key)| key)
    };
    assert_eq!(open(&mut keys, first), Ok(KeyUsed::Network(first)));
    // The index wrapped: 128 has index 1.
    assert_eq!((rotated.index(), open(&mut keys, rotated)), (1, Ok(KeyUsed::Network(rotated))));
    assert_eq!(open(&mut keys, first), Ok(KeyUsed::Network(first)), "stragglers still open");
    assert_eq!(keys.sequence(), Some(rotated), "and change nothing");
    // So far away the index alone does not tell; MLE does.
    assert_eq!(open(&mut keys, far), Err(Closed::WrongKey));
    let destination: Ipv6Addr = "ff02::1".parse().unwrap();
    let sealed = ring().seal_mle(LEADER.to_link_local(), destination, &[4, 0, 2, 0xc4, 0], far, 9).unwrap();
    keys.open_mle(LEADER.to_link_local(), destination, &sealed).unwrap();
    assert_eq!(keys.sequence(), Some(far));
    assert_eq!(open(&mut keys, far), Ok(KeyUsed::Network(far)));
    keys.learn_sequence(first);
    assert_eq!(keys.sequence(), Some(far), "never backwards");
}

#[test]
fn an_acknowledgment_opens_with_the_receiver_of_its_frame() {
    // From 0x7c00, which is LEADER here, to 0x7c01.
    let mut header = bytes("0a2a ea 0b10 017c");
    let security = AuxiliarySecurity {
        level: SecurityLevel::ENCRYPTED_MIC_32,
        key_id: KeyId::Index(1),
        frame_counter: Some(77),
        slot_number_in_nonce: false,
    };
    security.write(&mut header);
    header.extend(bytes("803f"));
    header.extend([0; 4]);
    let frame = Frame::parse(&header).unwrap();
    let sealed = ring().seal_frame(&frame, &[], LEADER, KeySequence(0)).unwrap();
    let frame = Frame::parse(&sealed).unwrap();
    let mut listener = LinkSecurity::new(NetworkKey::from_hex(KEY).unwrap());
    listener.learn(PanId(0x100b), "0x7c00".parse().unwrap(), LEADER);
    let data = sealed_frame(ExtendedAddress([3; 8]), KeySequence(0), 1, b"x");
    let mut awaited = crate::ieee802154::AwaitedAcknowledgment::new();
    awaited.frame(&Frame::parse(&data).unwrap(), 0);
    let acknowledged = awaited.frame(&frame, 400).unwrap();
    let opened = listener.open_frame(&sealed, &frame, Some(&acknowledged)).unwrap();
    assert_eq!((opened.payload.len(), opened.sender), (0, Some(LEADER)));
    // It goes to a child: only its parent can have sent it.
    assert_eq!(listener.open_frame(&sealed, &frame, None).unwrap().sender, Some(LEADER));
}

#[test]
fn mle_teaches_addresses_and_only_when_it_is_authentic() {
    let child = ExtendedAddress([0xda, 0xf6, 0x36, 0, 0xb8, 0x8c, 0x25, 0x55]);
    // Child ID Response from 0xc400: Address16 0xc401 for the child.
    let response = bytes("0c 0002c400 0a02c401");
    let (from, to) = (LEADER.to_link_local(), child.to_link_local());
    let sealed = ring().seal_mle(from, to, &response, KeySequence(0), 28).unwrap();
    let mut security = LinkSecurity::new(NetworkKey::from_hex(KEY).unwrap());
    let pan_id = PanId(0x1234);
    let clear = [&[255][..], &response].concat();
    security.open_mle(Some(pan_id), from, to, &clear).unwrap();
    assert!(security.addresses().is_empty(), "anybody can send in the clear");
    let opened = security.open_mle(Some(pan_id), from, to, &sealed).unwrap();
    assert_eq!(Message::parse(&opened.clear).unwrap().command.0, 12);
    assert_eq!(security.addresses().resolve(pan_id, "0xc400".parse().unwrap()), Some(LEADER));
    assert_eq!(security.addresses().resolve(pan_id, "0xc401".parse().unwrap()), Some(child));
}

#[test]
fn memory_of_addresses_and_counters_is_bounded() {
    let mut addresses = ShortAddresses::new();
    for pan in 0..=(MAX_SHORT_ADDRESSES as u16) {
        for byte in 0..=CANDIDATES as u8 {
            addresses.learn(PanId(pan), "0x0400".parse().unwrap(), ExtendedAddress([byte; 8]));
        }
    }
    assert_eq!(addresses.len(), MAX_SHORT_ADDRESSES);
    assert_eq!(addresses.resolve(PanId(0), "0x0400".parse().unwrap()), None, "used longest ago");
    assert_eq!(addresses.candidates(PanId(1), "0x0400".parse().unwrap()).len(), CANDIDATES);
    let mut counters = FrameCounters::new();
    for number in 0..=(MAX_COUNTERS as u64) {
        let sender = CounterOf::Mle(ExtendedAddress::from_u64(number));
        assert_eq!(counters.take(sender, KeySequence(0), 1), Freshness::Fresh);
    }
    assert_eq!(counters.len(), MAX_COUNTERS);
}

#[test]
fn counters_only_grow_until_the_key_changes() {
    let mut counters = FrameCounters::new();
    let mle = CounterOf::Mle(LEADER);
    let taken = [(0, 5), (0, 5), (0, 4), (0, 6), (1, 0), (0, 99)].map(|(sequence, counter)| counters.take(mle, KeySequence(sequence), counter));
    use Freshness::{Fresh, Old, Repeated};
    assert_eq!(taken, [Fresh, Repeated, Old, Fresh, Fresh, Old]);
    let to = |receiver| CounterOf::Mac {
        sender: LEADER,
        receiver: crate::ieee802154::Address::Short(receiver),
    };
    assert_eq!(counters.take(to(0x7c01), KeySequence(0), 10), Fresh);
    assert_eq!(counters.take(to(0x7c02), KeySequence(0), 8), Fresh, "kept for a child that slept");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_nothing_else_does(
        payload in prop::collection::vec(any::<u8>(), 0..90),
        counter: u32,
        sequence in 0u32..1000,
        level in prop::sample::select(vec![1u8, 2, 3, 5, 6, 7]),
        kind in prop::sample::select(vec![1u16, 3]),
        is_2015: bool,
        flip in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        prop_assume!(kind == 1 || !payload.is_empty());
        let sequence = KeySequence(sequence);
        let version = if is_2015 { 2 } else { 1 };
        let mut header = (kind | 0x08 | 0x40 | 2 << 10 | version << 12 | 2 << 14).to_le_bytes().to_vec();
        header.extend(bytes("ea 0b10 007c 017c"));
        let security = AuxiliarySecurity {
            level: SecurityLevel::new(level).unwrap(),
            key_id: KeyId::Index(sequence.index()),
            frame_counter: Some(counter),
            slot_number_in_nonce: false,
        };
        security.write(&mut header);
        header.extend([0; 16]);
        let mut keys = ring();
        let mut sealed = keys.seal_frame(&Frame::parse(&header).unwrap(), &payload, LEADER, sequence).unwrap();
        keys.learn_sequence(sequence);
        // Up to version 2006 a command's identifier stays in front of the sealed part.
        let in_front = usize::from(kind == 3 && !is_2015 && level >= 4);
        {
            let frame = Frame::parse(&sealed).unwrap();
            let opened = keys.open_frame(&sealed, &frame, LEADER);
            prop_assert_eq!(opened, Ok((payload[in_front..].to_vec(), KeyUsed::Network(sequence))));
        }
        let place = flip.index(sealed.len());
        sealed[place] ^= 1 << bit;
        if let Ok(frame) = Frame::parse(&sealed) {
            prop_assert!(keys.open_frame(&sealed, &frame, LEADER).is_err());
        }
    }

    #[test]
    fn mle_that_is_sealed_opens(message in prop::collection::vec(any::<u8>(), 0..200), counter: u32, sequence: u32) {
        let (from, to) = (LEADER.to_link_local(), Ipv6Addr::LOCALHOST);
        let mut keys = ring();
        let sealed = keys.seal_mle(from, to, &message, KeySequence(sequence), counter).unwrap();
        let opened = keys.open_mle(from, to, &sealed).unwrap();
        prop_assert_eq!((opened.clear, opened.counter), (message, Some((KeySequence(sequence), counter))));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..140), acknowledged: bool) {
        let mut security = LinkSecurity::new(NetworkKey::from_hex(KEY).unwrap());
        if let Ok(frame) = Frame::parse(&bytes) {
            let mut awaited = crate::ieee802154::AwaitedAcknowledgment::new();
            let acknowledged = awaited.frame(&frame, 0).filter(|_| acknowledged);
            prop_assert!(security.open_frame(&bytes, &frame, acknowledged.as_ref()).is_err());
        }
        let _ = security.open_mle(None, LEADER.to_link_local(), Ipv6Addr::LOCALHOST, &bytes);
    }

    #[test]
    fn sequences_with_an_index_are_near(known: u32, index: u8) {
        let found: Vec<_> = KeySequence(known).with_index(index).collect();
        prop_assert_eq!(found.is_empty(), index == 0 || index > 128);
        prop_assert!(found.iter().all(|sequence| sequence.index() == index && sequence.0.abs_diff(known) <= 255));
        prop_assert!(found.windows(2).all(|pair| pair[0].0.abs_diff(known) <= pair[1].0.abs_diff(known)));
    }
}
