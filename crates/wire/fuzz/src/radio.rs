//! What comes from the air and over serial lines: HDLC, Spinel, MAC frames, 6LoWPAN, MLE, capture files.

use std::net::Ipv6Addr;
use weft_model::{ExtendedAddress, MeshLocalPrefix, PanId, Rloc16};
use weft_wire::hdlc::{self, Decoder, Event};
use weft_wire::ieee802154::{Address, AwaitedAcknowledgment, Frame, MAX_ELEMENTS, PayloadElements};
use weft_wire::link_security::{LinkSecurity, NetworkKey};
use weft_wire::lowpan::{Contexts, MAX_REASSEMBLIES, Reassembler, compress, decompress};
use weft_wire::mle::{self, Command, Envelope, Message};
use weft_wire::pcap::{RadioFrame, Reader, TapWriter};
use weft_wire::spinel;

/// The key of the networks that the seeds come from; it was made up.
const KEY: [u8; 16] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];
const SENDER: ExtendedAddress = ExtendedAddress([0x56, 0x16, 0xf1, 0x92, 0x27, 0xd2, 0xc4, 0xae]);

/// A line's bytes. Each frame in them is written and found again, also behind the line's noise.
pub fn hdlc(data: &[u8]) {
    const MAX_FRAME_BYTES: usize = 300;
    let mut decoder = Decoder::new(MAX_FRAME_BYTES);
    let mut frames = Vec::new();
    decoder.feed(data, |event| {
        if let Event::Frame(frame) = event {
            assert!(!frame.is_empty() && frame.len() <= MAX_FRAME_BYTES);
            frames.push(frame.to_vec());
        }
    });
    for frame in frames {
        let mut line = Vec::new();
        hdlc::encode(&frame, &mut line);
        let mut last = None;
        decoder.feed(&line, |event| {
            if let Event::Frame(frame) = event {
                last = Some(frame.to_vec());
            }
        });
        assert_eq!(last, Some(frame));
    }
}

/// A Spinel frame says the same when it is written again; its value is read as every kind of value.
pub fn spinel(data: &[u8]) {
    let Ok(frame) = spinel::Frame::parse(data) else { return };
    assert_eq!(spinel::Frame::parse(&frame.encode()), Ok(frame));
    let value = match frame.command {
        spinel::Command::Is(_, value) | spinel::Command::Set(_, value) | spinel::Command::Other(_, value) => value,
        _ => return,
    };
    if let Ok(heard) = spinel::ReceivedFrame::decode(value) {
        let again = heard.encode();
        assert_eq!(
            spinel::ReceivedFrame::decode(&again).map(|again| again.psdu.to_vec()),
            Ok(heard.psdu.to_vec())
        );
    }
    if let Ok(sent) = spinel::TransmitFrame::decode(value) {
        assert_eq!(spinel::TransmitFrame::decode(&sent.encode()), Ok(sent.clone()));
    }
    let _ = (spinel::TransmitResult::decode(value), spinel::decode_capabilities(value));
    let _ = (spinel::decode_text(value), spinel::EnergyScanResult::decode(value));
}

/// Two frames, one behind the other (the first byte is the length of the first): read, written, read again, and opened.
pub fn mac_frame(data: &[u8]) {
    let Some((&length, data)) = data.split_first() else { return };
    let mut security = LinkSecurity::new(NetworkKey::new(KEY));
    if let Some(rloc16) = Rloc16::new(0xc400) {
        security.learn(PanId(0x1234), rloc16, SENDER);
    }
    let mut awaited = AwaitedAcknowledgment::new();
    let (first, second) = data.split_at(usize::from(length).min(data.len()));
    for bytes in [first, second] {
        let Ok(frame) = Frame::parse(bytes) else { continue };
        assert!(frame.has_the_right_pan_ids());
        let again = [&frame.encode_header()[..], frame.body].concat();
        assert_eq!(Frame::parse(&again), Ok(frame.clone()));
        assert!(frame.elements().count() <= MAX_ELEMENTS);
        let acknowledged = awaited.frame(&frame, 0);
        if let Some(sealed) = frame.sealed(bytes) {
            assert_eq!([sealed.open, sealed.payload, sealed.mic].concat(), bytes);
        }
        let opened = security.open_frame(bytes, &frame, acknowledged.as_ref());
        assert!(opened.is_err() || frame.security.is_some());
        let payload = opened.map(|opened| opened.payload);
        frame.summary(payload.as_deref().ok());
        if let Some(Ok(beacon)) = frame.beacon() {
            let _ = beacon.thread();
        }
        PayloadElements::new(frame.body).count();
    }
}

/// The first byte chooses the command, the rest is the TLVs; and as a sealed or open message of a neighbour.
/// What can be written says the same; what is blanked says the same, and is blank.
pub fn mle(data: &[u8]) {
    let Some((&command, tlvs)) = data.split_first() else { return };
    let message = Message::from_tlvs(Command(command), tlvs);
    if let Ok(clear) = message.encode() {
        assert_eq!(Message::parse(&clear).map(|again| again.tlvs), Ok(message.tlvs.clone()));
    }
    let decoded = mle::decode(Command(command), tlvs);
    let mut blanked = tlvs.to_vec();
    mle::blank_secrets(&mut blanked);
    assert_eq!(mle::decode(Command(command), &blanked), decoded);
    let once = blanked.clone();
    mle::blank_secrets(&mut blanked);
    assert_eq!(once, blanked, "blanked twice is blanked once");
    let mut security = LinkSecurity::new(NetworkKey::new(KEY));
    let all_nodes = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    if let Ok(opened) = security.open_mle(Some(PanId(1)), SENDER.to_link_local(), all_nodes, data) {
        assert_eq!(opened.counter.is_none(), matches!(Envelope::parse(data), Ok(Envelope::Clear(_))));
    }
}

/// Payloads of data frames: the first byte is the length of each. Packets that come out are compressed, and come out again.
pub fn lowpan(data: &[u8]) {
    const ENDS: (Address, Address) = (Address::Short(0x7c01), Address::Extended(SENDER));
    let Some((&length, data)) = data.split_first() else { return };
    let mut contexts = Contexts::new();
    contexts.set_mesh_local(MeshLocalPrefix([0xfd, 0, 0, 0, 0, 0, 0, 1]));
    contexts.learn_network_data(data);
    let mut reassembler = Reassembler::new();
    for payload in data.chunks(usize::from(length).max(1)) {
        let datagram = reassembler.frame(ENDS.0, ENDS.1, payload, &contexts, 0);
        assert!(reassembler.waiting() <= MAX_REASSEMBLIES);
        let Ok(Some(datagram)) = datagram else { continue };
        if let Ok(packet) = datagram.packet() {
            packet.udp();
        }
        if let Ok((compressed, stands_for)) = compress(&datagram.bytes, ENDS.0, ENDS.1, &contexts) {
            let compressed = [&compressed[..], &datagram.bytes[stands_for..]].concat();
            let again = decompress(&compressed, ENDS.0, ENDS.1, &contexts, None).expect("what was compressed is read");
            assert_eq!(again.bytes, datagram.bytes);
        }
    }
}

/// A capture file; its frames are written and read again.
pub fn pcap(data: &[u8]) {
    let Ok(reader) = Reader::new(data) else { return };
    let mut writer = TapWriter::new(Vec::new()).expect("memory takes everything");
    let mut written = Vec::new();
    for packet in reader.flatten() {
        assert!(packet.bytes.len() <= data.len());
        let Ok(frame) = RadioFrame::of(&packet) else { continue };
        let nanoseconds = packet.nanoseconds.unwrap_or_default();
        writer.frame(nanoseconds, &frame).expect("memory takes everything");
        written.push((frame.frame.to_vec(), frame.channel, frame.rssi, frame.lqi, frame.start_nanoseconds));
    }
    let file = writer.into_inner();
    let read: Vec<_> = Reader::new(&file[..]).expect("what was written is read").collect();
    assert_eq!(read.len(), written.len());
    for (packet, written) in read.iter().flatten().zip(&written) {
        let frame = RadioFrame::of(packet).expect("what was written is read");
        assert_eq!(
            &(frame.frame.to_vec(), frame.channel, frame.rssi, frame.lqi, frame.start_nanoseconds),
            written
        );
    }
}
