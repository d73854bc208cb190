//! Radio frames of real networks against what tshark and an independent program make of them (`fixtures/air`).

#![allow(clippy::unwrap_used)] // a test that fails says where

use flate2::read::GzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use weft_model::{Fact, MeshLocalPrefix, PanId, RouterId};
use weft_wire::ieee802154::{Activity, Address, AwaitedAcknowledgment, Frame, FrameKind};
use weft_wire::link_security::{Closed, CounterOf, FrameCounters, Freshness, KeySequence, KeyUsed, LinkSecurity, NetworkKey};
use weft_wire::lowpan::{Contexts, Headers, Reassembler, TMF_PORT};
use weft_wire::mle::{self, Message, Tlv};
use weft_wire::pcap::{Fcs, Packet, RadioFrame, Reader};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/air").join(name)
}

fn unpacked(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(file(name)).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn packets(name: &str) -> Vec<Packet> {
    let packed = BufReader::new(File::open(file(name)).unwrap());
    Reader::new(GzDecoder::new(packed)).unwrap().map(Result::unwrap).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One line of `*.expected.tsv.gz`.
struct Expected {
    source: String,
    destination: String,
    information: String,
    mac_payload: String,
    mle_message: String,
    tmf_message: String,
}

fn expected(name: &str) -> Vec<Expected> {
    let text = String::from_utf8(unpacked(name)).unwrap();
    let line = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [_, source, destination, information, mac, mle, tmf] = fields[..] else {
            panic!("{line}")
        };
        Expected {
            source: source.to_owned(),
            destination: destination.to_owned(),
            information: information.to_owned(),
            mac_payload: mac.to_owned(),
            mle_message: mle.to_owned(),
            tmf_message: tmf.to_owned(),
        }
    };
    text.lines().map(line).collect()
}

/// An address as tshark prints it.
fn printed(address: Address) -> String {
    match address {
        Address::None => "-".to_owned(),
        Address::BROADCAST => "Broadcast".to_owned(),
        Address::Short(number) => format!("0x{number:04x}"),
        Address::Extended(address) => address.0.map(|byte| format!("{byte:02x}")).join(":"),
    }
}

/// A mesh header's address as tshark prints it in the columns.
fn printed_mesh(address: Address) -> String {
    match address {
        Address::Short(number) => format!("00:00:00:ff:fe:00:{:02x}:{:02x}", number >> 8, number & 0xff),
        other => printed(other),
    }
}

/// What a listener makes of a recording.
struct Listener {
    security: LinkSecurity,
    contexts: Contexts,
    awaited: AwaitedAcknowledgment,
    fragments: Reassembler,
    counters: FrameCounters,
    /// How often something happened.
    count: BTreeMap<&'static str, usize>,
    /// RLOC16s that senders gave themselves, by extended address.
    facts: BTreeMap<String, Vec<Fact>>,
}

/// What the listener says of one frame, as in [`Expected`].
#[derive(Default)]
struct Heard {
    source: String,
    destination: String,
    information: String,
    mac_payload: Option<String>,
    mle_message: String,
    tmf_message: String,
}

impl Listener {
    fn new(key: &str, mesh_local: [u8; 8]) -> Self {
        let mut contexts = Contexts::new();
        contexts.set_mesh_local(MeshLocalPrefix(mesh_local));
        Self {
            security: LinkSecurity::new(NetworkKey::from_hex(key).unwrap()),
            contexts,
            awaited: AwaitedAcknowledgment::new(),
            fragments: Reassembler::new(),
            counters: FrameCounters::new(),
            count: BTreeMap::new(),
            facts: BTreeMap::new(),
        }
    }

    fn bump(&mut self, what: &'static str) {
        *self.count.entry(what).or_default() += 1;
    }

    fn hear(&mut self, frame_bytes: &[u8], microseconds: u64) -> Heard {
        let frame = Frame::parse(frame_bytes).unwrap();
        assert_eq!([&frame.encode_header()[..], frame.body].concat(), frame_bytes, "written as it came");
        let acknowledged = self.awaited.frame(&frame, microseconds);
        let mut opened = None;
        if let Some(security) = frame.security {
            match self.security.open_frame(frame_bytes, &frame, acknowledged.as_ref()) {
                Ok(frame_opened) => {
                    self.bump(match (frame_opened.key, frame.kind) {
                        (KeyUsed::Announce, _) => "opened announce frames",
                        (_, FrameKind::Acknowledgment) => "opened acknowledgments",
                        _ => "opened frames",
                    });
                    if let (KeyUsed::Network(sequence), Some(sender)) = (frame_opened.key, frame_opened.sender) {
                        let whose = CounterOf::Mac {
                            sender,
                            receiver: frame.destination,
                        };
                        let freshness = self.counters.take(whose, sequence, security.frame_counter.unwrap());
                        assert_ne!(freshness, Freshness::Old, "nobody replays here");
                    }
                    opened = Some(frame_opened.payload);
                }
                Err(Closed::UnknownSender) => self.bump("unknown senders"),
                Err(other) => panic!("{other}"),
            }
        }
        let bytes = frame_bytes.len() + 2;
        let mut heard = Heard {
            source: printed(frame.source),
            destination: printed(frame.destination),
            mac_payload: opened.as_deref().map(hex),
            mle_message: "-".to_owned(),
            tmf_message: "-".to_owned(),
            ..Heard::default()
        };
        let (from, to) = (printed(frame.source), printed(frame.destination));
        heard.information = match frame.summary(opened.as_deref()).activity {
            Activity::ImmediateAcknowledgment | Activity::EnhancedAcknowledgment if frame.destination == Address::None => {
                format!("IEEE 802.15.4 {bytes} Ack")
            }
            Activity::ImmediateAcknowledgment | Activity::EnhancedAcknowledgment => format!("IEEE 802.15.4 {bytes} Ack, Dst: {to}"),
            Activity::DataPoll => format!("IEEE 802.15.4 {bytes} Data Request"),
            Activity::BeaconRequest => format!("IEEE 802.15.4 {bytes} Beacon Request"),
            Activity::Beacon => {
                self.bump("beacons");
                assert!(frame.beacon().unwrap().is_ok());
                format!("IEEE 802.15.4 {bytes} Beacon, Src: {from}")
            }
            Activity::Command(other) => panic!("command {other:?}"),
            Activity::Data => {
                match opened.as_deref().or(frame.clear_payload()) {
                    Some(payload) if !payload.is_empty() => self.data(&frame, payload, bytes, microseconds, &mut heard),
                    _ => heard.information = format!("IEEE 802.15.4 {bytes} Data, Dst: {to}, Src: {from}"),
                }
                return heard;
            }
        };
        heard
    }

    fn data(&mut self, frame: &Frame<'_>, payload: &[u8], bytes: usize, microseconds: u64, heard: &mut Heard) {
        let datagram = self
            .fragments
            .frame(frame.source, frame.destination, payload, &self.contexts, microseconds)
            .unwrap();
        let Some(datagram) = datagram else {
            if let Some(mesh) = Headers::parse(payload).unwrap().mesh {
                (heard.source, heard.destination) = (printed_mesh(mesh.originator), printed_mesh(mesh.final_destination));
            }
            let (from, to) = (printed(frame.source), printed(frame.destination));
            heard.information = format!("6LoWPAN {bytes} Data, Dst: {to}, Src: {from}");
            return;
        };
        let packet = datagram.packet().unwrap();
        (heard.source, heard.destination) = (packet.source.to_string(), packet.destination.to_string());
        let Some(udp) = packet.udp().map(Result::unwrap) else {
            heard.information = match packet.protocol {
                58 => format!("ICMPv6 {bytes}"),
                59 => format!("IPv6 {bytes} IPv6 no next header"),
                other => panic!("protocol {other}"),
            };
            return;
        };
        heard.information = match udp.destination_port {
            mle::PORT => match self.security.open_mle(frame.pan_id(), packet.source, packet.destination, udp.payload) {
                Ok(opened) => {
                    heard.mle_message = hex(&opened.clear);
                    self.mle(&opened.clear, opened.sender.to_string());
                    format!("MLE {bytes} {}", Message::parse(&opened.clear).unwrap().command)
                }
                Err(closed) => {
                    assert_eq!(closed, Closed::WrongKey);
                    self.bump("foreign MLE messages");
                    format!("MLE {bytes}")
                }
            },
            TMF_PORT => {
                heard.tmf_message = hex(udp.payload);
                format!("CoAP {bytes}")
            }
            _ => format!("UDP {bytes} {} → {} Len={}", udp.source_port, udp.destination_port, udp.payload.len()),
        };
    }

    fn mle(&mut self, clear: &[u8], sender: String) {
        self.bump("opened MLE messages");
        let message = Message::parse(clear).unwrap();
        assert_eq!(message.problems, []);
        assert!(!message.tlvs.iter().any(|tlv| matches!(tlv, Tlv::Other(..))), "{message:?}");
        let decoded = mle::decode(message.command, &clear[1..]);
        assert_eq!((decoded.problems.len(), decoded.incomplete.len()), (0, 0));
        self.facts.entry(sender).or_default().extend(decoded.facts);
        let mut blanked = clear[1..].to_vec();
        mle::blank_secrets(&mut blanked);
        assert_eq!(blanked, clear[1..], "no dataset travels here");
    }
}

/// Hears a whole recording, and compares each frame with what is expected of it.
fn compare(name: &str, mut listener: Listener, mac_is_expected: bool) -> Listener {
    let (packets, expected) = (packets(&format!("{name}.pcap.gz")), expected(&format!("{name}.expected.tsv.gz")));
    assert_eq!(packets.len(), expected.len());
    for (packet, expected) in packets.iter().zip(&expected) {
        let frame = RadioFrame::of(packet).unwrap();
        assert_eq!(frame.fcs, Fcs::Correct);
        let heard = listener.hear(frame.frame, packet.nanoseconds.unwrap() / 1000);
        let number = packet.number;
        assert_eq!(
            (&heard.source, &heard.destination),
            (&expected.source, &expected.destination),
            "frame {number}"
        );
        // Of CoAP and ICMPv6 tshark prints more than is read here.
        let is_same = match heard.information.split(' ').next() {
            Some("CoAP" | "ICMPv6") => expected.information.starts_with(&format!("{} ", heard.information)),
            _ => heard.information == expected.information,
        };
        assert!(is_same, "frame {number}: {} instead of {}", heard.information, expected.information);
        assert_eq!(heard.mle_message, expected.mle_message, "frame {number}");
        assert_eq!(heard.tmf_message, expected.tmf_message, "frame {number}");
        if mac_is_expected && expected.mac_payload != "-" {
            let expected = expected.mac_payload.trim_start_matches('=');
            assert_eq!(heard.mac_payload.as_deref(), Some(expected), "frame {number}");
            listener.bump("MAC payloads as expected");
        }
    }
    listener
}

#[test]
fn a_mesh_that_forms_opens_frame_by_frame() {
    let mesh_local = [0xfd, 0x2c, 0x1f, 0xbe, 0x03, 0xd6, 0xdf, 0xd0];
    let listener = compare("mesh20-formation", Listener::new("4cdac1b31894f5b6300a65ccd081a3d4", mesh_local), true);
    println!("{:?}", listener.count);
    assert!(!listener.count.contains_key("unknown senders"), "{:?}", listener.count);
    assert_eq!(listener.security.sequence(), Some(KeySequence(0)));
    assert!(listener.count["MAC payloads as expected"] > 1000 && listener.count["opened acknowledgments"] > 20);
    assert!(listener.count["opened MLE messages"] > 400, "{:?}", listener.count);
    assert_eq!(listener.count["MAC payloads as expected"], listener.count["opened frames"]);
    assert_eq!(listener.facts.len(), 20, "everybody spoke");
    // Partitions merged; in the end everybody names the same leader, of the same partition.
    let last = |facts: &Vec<Fact>| {
        facts.iter().rev().find_map(|fact| match fact {
            Fact::LeaderData(data) => Some((data.partition_id, data.leader_router_id)),
            _ => None,
        })
    };
    let named: Vec<_> = listener.facts.values().filter_map(last).collect();
    let leaders: BTreeSet<_> = named.iter().collect();
    assert!(named.len() >= 10, "children that sleep need not tell");
    assert_eq!(leaders.len(), 1);
    assert_eq!(leaders.first().unwrap().1, RouterId::new(56));
    let pan_id = PanId(0x100b);
    let addresses = listener.security.addresses();
    assert_eq!(
        addresses.resolve(pan_id, "0xe000".parse().unwrap()),
        Some("26c727455487558b".parse().unwrap())
    );
}

#[test]
fn a_foreign_network_on_the_same_channel_stays_closed() {
    let mesh_local = [0xfd, 0xf0, 0x1c, 0xc8, 0xd6, 0xf8, 0xf4, 0xf0];
    let listener = compare("otbr-foreign", Listener::new("00112233445566778899aabbccddeeff", mesh_local), false);
    println!("{:?}", listener.count);
    assert!(
        listener.count["foreign MLE messages"] > 10 && listener.count["beacons"] > 2,
        "{:?}",
        listener.count
    );
}

/// A pcap file of another link type with the same frames.
fn converted(packets: &[Packet], link_type: u32, big_endian: bool, convert: impl Fn(&RadioFrame<'_>) -> Vec<u8>) -> Vec<u8> {
    let number = |number: u32| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, if big_endian { 0x0002_0004 } else { 0x0004_0002 }, 0, 0, 65_535, link_type] {
        file.extend(number(word));
    }
    for packet in packets {
        let bytes = convert(&RadioFrame::of(packet).unwrap());
        let microseconds = packet.nanoseconds.unwrap() / 1000;
        for word in [
            (microseconds / 1_000_000) as u32,
            (microseconds % 1_000_000) as u32,
            bytes.len() as u32,
            bytes.len() as u32,
        ] {
            file.extend(number(word));
        }
        file.extend(bytes);
    }
    file
}

#[test]
fn the_same_frames_come_out_of_every_link_type() {
    let packets = packets("otbr-foreign.pcap.gz");
    let with_fcs = |frame: &RadioFrame<'_>| {
        let mut bytes = frame.frame.to_vec();
        weft_wire::ieee802154::append_fcs(&mut bytes);
        bytes
    };
    let files = [
        (converted(&packets, 195, true, with_fcs), Fcs::Correct),
        (converted(&packets, 195, false, with_fcs), Fcs::Correct),
        (converted(&packets, 230, false, |frame| frame.frame.to_vec()), Fcs::Absent),
    ];
    for (file, fcs) in files {
        let read: Vec<Packet> = Reader::new(&file[..]).unwrap().map(Result::unwrap).collect();
        assert_eq!(read.len(), packets.len());
        for (read, packet) in read.iter().zip(&packets) {
            let (again, original) = (RadioFrame::of(read).unwrap(), RadioFrame::of(packet).unwrap());
            assert_eq!((again.frame, again.fcs), (original.frame, fcs));
            assert_eq!((read.nanoseconds, read.number), (packet.nanoseconds, packet.number));
        }
    }
}
