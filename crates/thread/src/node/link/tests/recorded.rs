//! Against what OpenThread's own programs sent (recording `mesh20`: `fixtures/air-networks`).

use super::super::MleOptions;
use super::super::outbox::{Content, Outbox};
use super::*;
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use weft_wire::ieee802154::{Address, Frame, FrameKind, FrameVersion};
use weft_wire::link_security::{KeyRing, KeySequence};
use weft_wire::lowpan::{Contexts, Headers, Ipv6Packet, Reassembler, decompress, next_header};
use weft_wire::mle::{self, Message, Tlv};
use weft_wire::pcap::{self, Reader};

/// The minimal devices of the recording that send no frames of version 2015: nodes 11 to 19.
const DEVICES: [&str; 9] = [
    "d6015559a19b650e",
    "fa5105afd70e80e8",
    "12b08bb59bce02e5",
    "920e10f2a8d4e51e",
    "1ecab680744ae807",
    "66c29dff8d741369",
    "ae1158f13189bfde",
    "32c8b3a978c00af4",
    "daa2a17e9c502493",
];

fn extended(digits: &str) -> ExtendedAddress {
    ExtendedAddress(bytes(digits).try_into().unwrap())
}

/// The next frame of `link` is the one with this sequence number; its packet has this tag.
fn number_frames(link: &mut Link, sequence_number: u8, tag: u16) {
    let [high, low] = tag.wrapping_sub(1).to_be_bytes();
    link.outbox = Outbox::new([sequence_number.wrapping_sub(1), 0, high, low]);
}

#[test]
fn messages_become_the_frames_that_openthread_sent() {
    // Frames 1 (a Parent Request), 57 (a Child ID Request), 465 (a Child Update Request) and 127 (a Data Request) of the recording: sender, its MLE counter,
    // destination, command and TLVs; the frame.
    let recorded = [
        (
            "daf63600b88c2555",
            0,
            "ff02::2",
            "0901010f0308d92f11773533d4110e018012020005",
            "41d8150b10ffff55258cb80036f6da7f3b02f04d4c4d4c449d00150000000000000000011f42cf933d5936e374f917c87301d90e26e4d826fb6305e1b1",
        ),
        (
            "8635d8a9183f0406",
            5,
            "fe80::d8f6:3600:b88c:2555",
            "0b0408a8b473aab3cdcfa405040000000008040000000501010f0204000000f0120200050d030a0c0916080000000000010000",
            "61dca70b1055258cb80036f6da06043f18a9d835867f33f04d4c4d4cc1320015050000000000000001045275b3b1e92d92bb690060213ec2ab88f0cc892fcbc403bd3b5676256271e098b95d9307c9c89e885fa3e9216af13b4c0e8689b48b01",
        ),
        (
            "fa5105afd70e80e8",
            3,
            "fe80::d434:c32d:2d43:3f8a",
            "0d01010c000228030b086db0df6a4069ef380204000000f0130980d2b637dfef33a2e2",
            "61dcea0b108a3f432d2dc334d6e8800ed7af0551fa7f33f04d4c4d4c0bfc0015030000000000000001ab4e791dd63dfa1fe62da13dd1e690fc556130685dc4446c043c649bb17ae605811fdbf8e17961",
        ),
        (
            "168768fd00dbbe40",
            6,
            "fe80::64c3:7ef4:99b:2c66",
            "070d010c16080000000000010000",
            "61dcec0b10662c9b09f47ec36640bedb00fd6887167f33f04d4c4d4c3d0f001506000000000000000151fe2a79530f14e4f85aec4424014ddd51e4",
        ),
    ];
    for (sender, counter, destination, message, frame) in recorded {
        let frame = bytes(frame);
        let mut link = link_from(extended(sender), 0, 0, counter);
        number_frames(&mut link, frame[2], 0);
        link.send_mle(destination.parse().unwrap(), &bytes(message), MleOptions::default(), NOW)
            .unwrap();
        let sent = send_all(&mut link);
        assert_eq!((sent.len(), &sent[0].psdu), (1, &frame));
    }
}

#[test]
fn a_packet_becomes_the_fragments_that_openthread_sent() {
    // Frames 4146, 4148, 4150 and 4152: node 11, 0x7c02, answers a diagnostic question over its parent 0x7c00.
    let frames = [
        "79986b0b10007c027c0d000000000156cd087753180330ecc6b0b1b9abb4bbd99e6db75b14ce277fed9671a2233de506d6c94c8cb15d9662d8533a1e9b6675f2a5f6bba3884f37ea47f38b6f66df8755058797e787a9af381f48ae1480a732725b3bc6b1de492e0a83dc769faa409b7df194df65605835b718",
        "79986c0b10007c027c0d01000000011b6a23fa6d76a8d51aa350dff46c1ac84a65be7bc7f238abdce1f5a74a17009fcc833769a0458ae13793140e865865c483835786c867b95835874eeffd81eb37a9a79ee792eb949172a79d65c710cef046248c4fb8263e853d8e03e8d22c4beaa6e955df8044125629",
        "79986d0b10007c027c0d0200000001371ca7cf286857b2e5bfd1fac4560170417bd82e9b7308e7fc594b3f6e530345153fdb21c8dedfa793fb6ac9e3bbd05850ab0da2aa0cb812e7aa201e5de58646d2721f78368f90719f9e72507d2b52118fa08928a75a98dc8c46164d43837b426c71bf0857e07a4676",
        "69986e0b10007c027c0d030000000155620f0a70ec0b025deff85470ba5bc48724b4792ccad4843341c4",
    ]
    .map(bytes);
    let mut reader = Peer::new();
    let packet = frames.iter().find_map(|frame| reader.packet(frame, CHILD)).expect("a whole packet");
    let mut link = link_from(CHILD, 0, 0, 0);
    link.set_place(Some(place(0x7c02, 0x7c00, PARENT)));
    number_frames(&mut link, 0x6b, 0xcaf5);
    let id = link.outbox.put_last(Content::Packet(packet)).unwrap();
    let sent = send_all(&mut link);
    assert_eq!(ids(&sent).last(), Some(&id));
    assert_eq!(sent.into_iter().map(|frame| frame.psdu).collect::<Vec<_>>(), frames);
}

#[test]
fn multicast_is_what_openthread_reads() {
    // The payload of frame 1500, decrypted: 0x5c00 asks all routers. OpenThread marks management traffic with a service class (one byte, 0x0f); the rest is ours.
    let recorded = bytes("767a0f 03000002 e1046d020000 f3ff 6ae2 520234a27106b164026471ff1204000105102102032e");
    let mut link = link_from(extended("daf63600b88c2555"), 0, 0, 0);
    link.set_place(Some(place(0x5c00, 0x7c00, PARENT)));
    number_frames(&mut link, 0, 0);
    link.outbox = Outbox::new([0, 0xff, 0, 0]);
    link.send_udp("ff03::2".parse().unwrap(), 61_631, 61_631, &recorded[17..], NOW).unwrap();
    let sent = send_all(&mut link);
    let frame = Frame::parse(&sent[0].psdu).unwrap();
    let (payload, _) = KeyRing::new(membership().key)
        .open_frame(&sent[0].psdu, &frame, extended("daf63600b88c2555"))
        .unwrap();
    assert_eq!(payload, [&[0x7e, 0x7a][..], &recorded[3..]].concat());
}

/// Reads the frames of one device.
struct Peer {
    keys: KeyRing,
    reassembler: Reassembler,
    contexts: Contexts,
}

impl Peer {
    fn new() -> Self {
        let mut contexts = Contexts::new();
        contexts.set_mesh_local(PREFIX);
        Self {
            keys: KeyRing::new(membership().key),
            reassembler: Reassembler::new(),
            contexts,
        }
    }

    fn packet(&mut self, bytes: &[u8], sender: ExtendedAddress) -> Option<Vec<u8>> {
        let frame = Frame::parse(bytes).unwrap();
        let payload = match frame.security {
            Some(_) => self.keys.open_frame(bytes, &frame, sender).unwrap().0,
            None => frame.body.to_vec(),
        };
        if payload.is_empty() {
            return None;
        }
        let datagram = self
            .reassembler
            .frame(frame.source, frame.destination, &payload, &self.contexts, 0)
            .unwrap();
        datagram.map(|datagram| datagram.bytes)
    }
}

/// A link in the shoes of a recorded device.
struct Shoes {
    address: ExtendedAddress,
    link: Link,
    peer: Peer,
    /// Its frames of one packet.
    frames: Vec<Vec<u8>>,
    last: Vec<u8>,
    same: BTreeMap<&'static str, usize>,
    messages: usize,
    datagrams: usize,
    /// It asked for a place: a sleepy device hears nothing now but what it fetches, and what was kept for it has older counters than what its parent says.
    is_joining: bool,
}

impl Shoes {
    fn new(address: ExtendedAddress) -> Self {
        Self {
            address,
            link: link_from(address, 0, 0, 0),
            peer: Peer::new(),
            frames: Vec::new(),
            last: Vec::new(),
            same: BTreeMap::new(),
            messages: 0,
            datagrams: 0,
            is_joining: false,
        }
    }

    fn hear(&mut self, bytes: &[u8], now: Duration) {
        let is_for_it = Frame::parse(bytes).is_ok_and(|frame| frame.destination == Address::Extended(self.address));
        if self.is_joining && !is_for_it {
            return;
        }
        match self.link.receive(&heard(bytes), now) {
            Some(Received::Mle(message)) => {
                self.messages += 1;
                self.take(&message.message, message.from);
            }
            Some(Received::Datagram { .. }) => self.datagrams += 1,
            None => {}
        }
    }

    /// What a child takes from its parent's messages.
    fn take(&mut self, message: &Message, from: ExtendedAddress) {
        let mut parent = None;
        for tlv in &message.tlvs {
            match tlv {
                Tlv::SourceAddress(rloc16) => parent = *rloc16,
                Tlv::Address16(Some(own)) if message.command == mle::Command::CHILD_ID_RESPONSE => {
                    self.link.set_place(Some(place(own.get(), parent.unwrap().get(), from)));
                    self.is_joining = false;
                }
                Tlv::NetworkData { bytes, .. } if self.link.is_parent(from) || self.link.place().is_none() => {
                    self.link.learn_network_data(bytes);
                    self.peer.contexts.learn_network_data(bytes);
                }
                _ => {}
            }
        }
    }

    fn count_from(&mut self, mac_counter: u32, mle_counter: u32) {
        self.link.counters = super::super::OwnCounters::new(Kept {
            extended_address: self.address,
            key_sequence: 0,
            mac_counter_below: mac_counter,
            mle_counter_below: mle_counter,
        });
        keep(&mut self.link);
    }

    /// Its own frame: the same packet has to become the same frames.
    fn say(&mut self, bytes: &[u8]) {
        let frame = Frame::parse(bytes).unwrap();
        if frame.kind != FrameKind::Data || frame.version == FrameVersion::V2015 || bytes == self.last {
            return;
        }
        self.last = bytes.to_vec();
        self.frames.push(bytes.to_vec());
        let Some(packet) = self.peer.packet(bytes, self.address) else {
            return;
        };
        let frames = std::mem::take(&mut self.frames);
        let first = Frame::parse(&frames[0]).unwrap();
        let counter = first.security.and_then(|security| security.frame_counter).unwrap_or(0);
        let read = Ipv6Packet::parse(&packet).unwrap();
        let udp = (read.protocol == next_header::UDP).then(|| read.udp().unwrap().unwrap());
        let message = udp.filter(|udp| udp.destination_port == mle::PORT);
        let opened = message.map(|udp| self.peer.keys.open_mle(read.source, read.destination, udp.payload).unwrap());
        let (kind, mle_counter) = match &opened {
            Some(opened) => ("MLE", opened.counter.unwrap().1),
            None if frames.len() > 1 => ("fragments", 0),
            None => ("datagram", 0),
        };
        if opened.as_ref().is_some_and(|opened| opened.clear[0] == mle::Command::CHILD_ID_REQUEST.0) {
            let router = ExtendedAddress::from_link_local(read.destination).unwrap();
            self.link.expect_counters(router, KeySequence(0), 0, 0);
            self.is_joining = true;
        }
        self.count_from(counter, mle_counter);
        let tag = fragment_tag(&self.peer, &frames[0], self.address);
        number_frames(&mut self.link, frames[0][2], tag.unwrap_or(1));
        match opened {
            Some(opened) => {
                let options = MleOptions::default();
                self.link.send_mle(read.destination, &opened.clear, options, NOW).unwrap();
            }
            None => {
                self.link.outbox.put_last(Content::Packet(packet.clone())).unwrap();
            }
        }
        let mut sent = Vec::new();
        for frame in &frames {
            // A sleepy device asks its parent for frames between fragments: those count too.
            let recorded = Frame::parse(frame).unwrap();
            self.link.outbox.sequence_number = recorded.sequence_number.unwrap().wrapping_sub(1);
            if let Some(counter) = recorded.security.and_then(|security| security.frame_counter) {
                self.count_from(counter, mle_counter);
            }
            let frame = self.link.poll_transmit().expect("as many frames");
            self.link.sent(frame.id, Sent::Done, NOW);
            sent.push(frame.psdu);
        }
        assert_eq!(self.link.poll_transmit(), None, "no more frames");
        assert_eq!(sent, frames, "{kind} of {}", self.address);
        *self.same.entry(kind).or_default() += 1;
    }
}

fn fragment_tag(peer: &Peer, bytes: &[u8], sender: ExtendedAddress) -> Option<u16> {
    let frame = Frame::parse(bytes).unwrap();
    let mut keys = KeyRing::new(membership().key);
    let payload = match frame.security {
        Some(_) => keys.open_frame(bytes, &frame, sender).unwrap().0,
        None => frame.body.to_vec(),
    };
    let headers = Headers::parse(&payload).unwrap();
    let first = decompress(headers.rest, frame.source, frame.destination, &peer.contexts, None);
    assert!(first.is_ok());
    headers.fragment.map(|fragment| fragment.tag)
}

#[test]
fn in_a_devices_shoes_the_link_sends_and_reads_the_same_frames() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/air-networks/mesh20.pcap.gz");
    let file = GzDecoder::new(File::open(path).unwrap());
    let mut devices = DEVICES.map(|digits| Shoes::new(extended(digits)));
    // Node 11's mesh-local address, as it says itself.
    devices[0].link.set_interface_id(bytes("594b6c912c70caf2").try_into().unwrap());
    for packet in Reader::new(file).unwrap() {
        let packet = packet.unwrap();
        let heard = pcap::RadioFrame::of(&packet).unwrap();
        let now = Duration::from_nanos(packet.nanoseconds.unwrap());
        let Ok(frame) = Frame::parse(heard.frame) else { continue };
        for device in &mut devices {
            let own = device.link.place().map(|place| Address::Short(place.rloc16.get()));
            if frame.source == Address::Extended(device.address) || Some(frame.source) == own {
                device.say(heard.frame);
            } else {
                device.hear(heard.frame, now);
            }
        }
    }
    // Everything that the nine sent but data polls; everything that their parents sealed for them was opened.
    let mut same: BTreeMap<&str, usize> = BTreeMap::new();
    for device in &devices {
        for (kind, number) in &device.same {
            *same.entry(kind).or_default() += number;
        }
        let counts = device.link.counts();
        assert_eq!((counts.closed, counts.malformed), (0, 0), "{}", device.address);
        assert!(device.messages > 1_300, "{} {}", device.address, device.messages);
    }
    assert_eq!(same, BTreeMap::from([("MLE", 109), ("datagram", 1), ("fragments", 51)]));
    // Node 11 got 13 datagrams for itself and 3 for all nodes, which its parent sent twice each; 4 messages were repeated because nobody acknowledged them.
    let first = &devices[0];
    assert_eq!((first.datagrams, first.link.counts().replayed), (16, 4));
}
