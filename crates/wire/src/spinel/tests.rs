use super::*;
use crate::tmf::vectors::bytes;
use proptest::prelude::*;
use weft_model::{ExtendedAddress, Rssi};

fn value(frame: &[u8], property: Property) -> &[u8] {
    match Frame::parse(frame).unwrap().command {
        Command::Is(read, value) | Command::Set(read, value) if read == property => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_radio_says_when_it_starts() {
    let status = bytes("80060070");
    let status = TransmitResult::decode(value(&status, Property::LAST_STATUS)).unwrap().status;
    assert!(status.is_reset());
    assert_eq!((status, status.to_string().as_str()), (Status::RESET_POWER_ON, "started after power on"));
    assert_eq!(
        decode_protocol_version(value(&bytes("8106010403"), Property::PROTOCOL_VERSION)),
        Ok((4, 3))
    );
    let version = bytes("8106024f50454e5448524541442f3b2053494d554c4154494f4e3b204e6f7620323020323032362031333a30333a323900");
    assert_eq!(
        decode_text(value(&version, Property::NCP_VERSION)),
        "OPENTHREAD/; SIMULATION; Nov 20 2026 13:03:29"
    );
    let capabilities = decode_capabilities(value(&bytes("810605050c1822810440418604"), Property::CAPS)).unwrap();
    assert_eq!(capabilities, [5, 12, 24, 34, 513, 64, 65, 518]);
    let known: Vec<_> = capabilities.into_iter().map(Capability::from_number).collect();
    assert!(known.contains(&Capability::ConfigRadio) && known.contains(&Capability::MacRaw));
    let address = decode_extended_address(value(&bytes("81060818b43000000000ca"), Property::HWADDR)).unwrap();
    assert_eq!(address.to_string(), "18b43000000000ca");
    assert_eq!(decode_packed(value(&bytes("8206b0010b"), Property::RCP_API_VERSION)), Ok(11));
    assert_eq!(decode_packed(value(&bytes("84068b247f"), Property::RADIO_CAPS)), Ok(0x7f));
    assert_eq!(
        value(&bytes("8506220b0c0d0e0f101112131415161718191a"), Property::PHY_CHAN_SUPPORTED),
        (11..=26).collect::<Vec<u8>>()
    );
    assert_eq!(
        decode_bytes(value(&bytes("8906279c"), Property::PHY_RX_SENSITIVITY)).map(i8::from_le_bytes),
        Ok(-100)
    );
}

#[test]
fn what_a_host_asks_for() {
    let frame = |header, command| Frame { header, command }.encode();
    let tid = |transaction_id| Header::new(0, transaction_id);
    assert_eq!(frame(tid(0), Command::Reset(Reset::Stack)), bytes("800102"));
    assert_eq!(frame(tid(1), Command::Reset(Reset::Unspecified)), bytes("8101"));
    assert_eq!(frame(tid(2), Command::Get(Property::RCP_API_VERSION)), bytes("8202b001"));
    assert_eq!(frame(tid(6), Command::Set(Property::PHY_ENABLED, &[1])), bytes("86032001"));
    let address = ExtendedAddress([0x0e, 0x66, 0x9f, 0x68, 0x6f, 0xe0, 0x39, 0x38]);
    let set = Command::Set(Property::MAC_15_4_LADDR, &encode_extended_address(address));
    assert_eq!(
        Frame {
            header: tid(10),
            command: set
        }
        .encode(),
        bytes("8a03340e669f686fe03938")
    );
    let promiscuous = [PromiscuousMode::Full as u8];
    assert_eq!(
        frame(tid(1), Command::Set(Property::MAC_PROMISCUOUS_MODE, &promiscuous)),
        bytes("81033802")
    );
    // Keys of a network that was made up; the radio gets three of them.
    let recorded = bytes("8e03801008011000d854f17672a20d24741ce2a7f665c8f1100041700192df97a58fb06a0951dc6a98c4100022a3cc3fdbebc0abf7ed189fac3ee43b");
    let keys = value(&recorded, Property::RCP_MAC_KEY);
    let key = |at: usize| keys[at..at + 16].try_into().unwrap();
    assert_eq!(encode_mac_keys(1, &key(4), &key(22), &key(40))[..], *keys);
}

#[test]
fn a_frame_that_was_heard_brings_what_the_radio_measured() {
    let recorded = bytes("80067116006b98b93412009401940d2b0200000104759981a41947ec8000000a0014004f18a7e00000000001000005000000000000");
    let heard = ReceivedFrame::decode(value(&recorded, Property::STREAM_RAW)).unwrap();
    assert_eq!(heard.psdu, bytes("6b98b93412009401940d2b0200000104759981a41947"));
    assert_eq!((heard.rssi, heard.noise_dbm, heard.flags), (Rssi::from_dbm(-20), Some(-128), 0));
    assert_eq!(
        (heard.channel, heard.lqi, heard.radio_microseconds),
        (Some(20), Some(0), Some(3_769_047_119))
    );
    assert_eq!((heard.receive_error, heard.acknowledgment_key), (Some(0), Some((0, 0))));
    // Firmware of other ages ends earlier.
    let all = value(&recorded, Property::STREAM_RAW);
    for length in 0..all.len() {
        match ReceivedFrame::decode(&all[..length]) {
            Ok(shorter) => assert_eq!((length >= 24, shorter.psdu), (true, heard.psdu)),
            Err(_) => assert!(length < 24),
        }
    }
}

#[test]
fn a_frame_to_send_says_how() {
    // A beacon request on channel 17.
    let recorded = bytes("8903710a00030800ffffffff070000 11 04 0f 01 00 00 00 00000000 00000000 11 7f");
    let psdu = bytes("030800ffffffff070000");
    let frame = TransmitFrame::new(&psdu, 17);
    assert_eq!(frame.encode(), value(&recorded, Property::STREAM_RAW));
    assert_eq!(TransmitFrame::decode(&frame.encode()), Ok(frame.clone()));
    assert_eq!(TransmitFrame::decode(&frame.encode()[..13]), Ok(frame), "what is missing is as usual");
}

#[test]
fn what_became_of_a_frame() {
    let refused = TransmitResult::decode(&[17, 0, 0]).unwrap();
    assert_eq!((refused.status, refused.acknowledgment), (Status::NO_ACKNOWLEDGMENT, None));
    let acknowledged = bytes("00 01 01 0500 1210bd0000 ec 80 0000 0a00 1400 4f18a7e000000000 0100 00 0500 0000000000 01 43000000");
    let result = TransmitResult::decode(&acknowledged).unwrap();
    assert!(result.frame_pending && result.header_updated);
    assert_eq!(result.acknowledgment.unwrap().psdu.len(), 5);
    assert_eq!(result.security, Some((1, 0x43)));
    assert_eq!(
        EnergyScanResult::decode(&[11, 0xb0]),
        Ok(EnergyScanResult {
            channel: 11,
            max_rssi_dbm: -80
        })
    );
    assert_eq!((ScanState::from_byte(2), ScanState::from_byte(9)), (Some(ScanState::Energy), None));
}

#[test]
fn what_makes_no_sense_is_named() {
    let problem = |text: &str| Frame::parse(&bytes(text)).unwrap_err().to_string();
    assert_eq!(problem(""), "header at byte 0: 1 bytes needed, 0 left");
    assert_eq!(problem("4006"), "header at byte 0: 0x40 begins no Spinel frame");
    assert_eq!(problem("80ffffff01"), "command at byte 1: a packed number of more than three bytes");
    assert_eq!(problem("8006"), "property at byte 2: 1 bytes needed, 0 left");
    assert_eq!(Property(0x4321).to_string(), "property 0x4321");
    assert_eq!(
        (Property::STREAM_RAW.to_string(), Status(99).to_string()),
        ("STREAM_RAW".into(), "status 99".into())
    );
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(ids: (u8, u8), number in 0u32..200, property in 0u32..MAX_PACKED_UINT, value in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut bytes = vec![Header::new(ids.0, ids.1).byte()];
        write_packed(&mut bytes, number);
        if (2..=8).contains(&number) {
            write_packed(&mut bytes, property);
        }
        match number {
            0 => (),
            1 => bytes.extend(value.first()),
            _ => bytes.extend(&value),
        }
        let frame = Frame::parse(&bytes).unwrap();
        prop_assert_eq!(frame.header, Header::new(ids.0, ids.1));
        prop_assert_eq!(frame.encode(), bytes);
    }

    #[test]
    fn packed_numbers_come_back(number in 0..MAX_PACKED_UINT) {
        prop_assert_eq!(decode_packed(&encode_packed(number)), Ok(number));
    }

    #[test]
    fn radio_frames_come_back(psdu in prop::collection::vec(any::<u8>(), 0..127), rssi in -128i8..=0, flags: u16, phy: (u8, u8, u64), error in 0u32..1000, key: (u8, u32), known in 0usize..5) {
        let frame = ReceivedFrame {
            psdu: &psdu,
            rssi: Rssi::from_dbm(rssi).filter(|_| known > 0),
            noise_dbm: (known > 0).then_some(-100),
            flags: if known > 0 { flags } else { 0 },
            channel: (known > 1).then_some(phy.0),
            lqi: (known > 1).then_some(phy.1),
            radio_microseconds: (known > 1).then_some(phy.2),
            receive_error: (known > 2).then_some(error),
            acknowledgment_key: (known > 3).then_some(key),
        };
        let encoded = frame.encode();
        prop_assert_eq!(ReceivedFrame::decode(&encoded), Ok(frame));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(frame) = Frame::parse(&bytes) {
            // A packed number may be written longer than it has to be; a reset may be followed by anything.
            prop_assert!(frame.encode().len() <= bytes.len());
        }
        let _ = (ReceivedFrame::decode(&bytes), TransmitFrame::decode(&bytes), TransmitResult::decode(&bytes), EnergyScanResult::decode(&bytes));
        let _ = (decode_text(&bytes), decode_capabilities(&bytes), decode_protocol_version(&bytes), decode_packed(&bytes));
    }
}
