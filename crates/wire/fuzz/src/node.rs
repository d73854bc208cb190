//! A node of our own on an air where a member of its network, or anybody, sends whatever it likes.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;
use std::time::Duration;
use weft_model::{Channel, ExtendedAddress, PanId};
use weft_thread::credential::OperationalDataset;
use weft_thread::node::{Event, Kept, Membership, Node, Outgoing, Sent, Standing};
use weft_thread::rcp::RadioFrame;
use weft_wire::ieee802154::{Address, AuxiliarySecurity, Frame, FrameKind, FrameVersion, KeyId, MAX_PSDU_BYTES, SecurityLevel};
use weft_wire::link_security::{KeyRing, KeySequence, NetworkKey};
use weft_wire::lowpan::{Contexts, Reassembler, encode_udp, fragments};
use weft_wire::mle::{self, Message, Tlv};

/// Made up.
const DATASET: &str = "0e08000000000001000000030000140208dead1111beef2222051000112233445566778899aabbccddeeff010212340708fdf01cc8d6f8f4f0\
                       0309776566742d6d6573680410c0ffee00c0ffee00c0ffee00c0ffee000c0402a0f7f8";
const KEY: [u8; 16] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];
const PAN_ID: PanId = PanId(0x1234);
const OWN: ExtendedAddress = ExtendedAddress([0x0a, 1, 2, 3, 4, 5, 6, 7]);
const ROUTER: ExtendedAddress = ExtendedAddress([0x12; 8]);
const ROUTER_RLOC16: u16 = 0x5c00;
/// Bytes that a frame between extended addresses carries, and those of one that the MAC seals, or less.
const UNSEALED_ROOM: usize = 100;
const SEALED_ROOM: usize = 80;
/// More frames than any step makes the node send.
const MANY: usize = 1_000;

/// The input is a sequence of steps, each with four bytes before its content: what happens, milliseconds since the step before (in sixty-fourths of four
/// seconds), and two of the content's length. The node reads no more than it is given, sends nothing that is too long, uses no counter twice with one key, and
/// none that was not kept; and it leaves when it is told to.
pub fn node(data: &[u8]) {
    Scene::new().play(data);
}

/// The air, and a router whose part the input plays.
struct Scene {
    node: Node,
    now: Duration,
    keys: KeyRing,
    sequence: KeySequence,
    counter: u32,
    /// The last challenge of the node's.
    challenge: Vec<u8>,
    /// What becomes of the node's next frames.
    fate: Sent,
    kept: Option<Kept>,
    /// Key, which counter, number.
    used: BTreeSet<(KeySequence, bool, u32)>,
    has_left: bool,
}

impl Scene {
    fn new() -> Self {
        let dataset = OperationalDataset::from_hex(DATASET).expect("a dataset");
        let membership = Membership::from_dataset(&dataset).expect("a whole dataset");
        let kept = Kept {
            extended_address: OWN,
            key_sequence: 5,
            mac_counter_below: 0,
            mle_counter_below: 0,
        };
        let mut next = 0u8;
        let random = Box::new(move |bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_mul(5).wrapping_add(17);
                *byte = next;
            }
        });
        let mut scene = Self {
            node: Node::new(membership, Some(kept), random, Duration::ZERO),
            now: Duration::ZERO,
            keys: KeyRing::new(NetworkKey::new(KEY)),
            sequence: KeySequence(5),
            counter: 0,
            challenge: Vec::new(),
            fate: Sent::Done,
            kept: None,
            used: BTreeSet::new(),
            has_left: false,
        };
        scene.settle();
        scene
    }

    fn play(&mut self, data: &[u8]) {
        let mut rest = data;
        while let Some(([what, wait, long, length], after)) = rest.split_first_chunk() {
            let (content, after) = after.split_at(usize::from(u16::from_be_bytes([*long, *length])).min(after.len()));
            rest = after;
            self.pass(self.now + Duration::from_millis(4_000) * u32::from(*wait) / 64);
            self.step(what % 10, content);
            self.settle();
        }
        self.node.radio_back(self.now);
        self.node.leave(self.now);
        self.settle();
        self.pass(self.now + Duration::from_secs(10));
        assert!(self.has_left || self.node.standing() == Standing::Left, "it does not leave");
        assert_eq!(self.node.poll_transmit(), None, "it is silent then");
    }

    /// Time passes.
    fn pass(&mut self, until: Duration) {
        for _ in 0..MANY {
            let Some(at) = self.node.deadline().filter(|at| *at <= until) else {
                break;
            };
            self.now = self.now.max(at);
            self.node.handle_timeout(self.now);
            self.settle();
        }
        assert!(self.node.deadline().is_none_or(|at| at > until), "it has no end of things to do");
        self.now = until;
    }

    fn step(&mut self, what: u8, content: &[u8]) {
        let to_node = self
            .node
            .place()
            .map_or(Address::Extended(OWN), |place| Address::Short(place.rloc16.get()));
        let all_nodes = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
        match what {
            0 => self.hear(content.to_vec()),
            1 => self.hear_payload(Address::Short(ROUTER_RLOC16), to_node, content),
            2 => self.hear_payload(Address::Extended(ROUTER), Address::Extended(OWN), content),
            3 => self.hear_message(OWN.to_link_local(), content),
            4 => self.hear_message(all_nodes, content),
            // In answer to the last challenge.
            5 => {
                let response = [&[mle::number::RESPONSE, self.challenge.len() as u8][..], &self.challenge].concat();
                self.hear_message(OWN.to_link_local(), &[content, &response].concat());
            }
            6 => self.sequence.0 = self.sequence.0.saturating_add(content.first().map_or(1, |more| u32::from(*more))),
            7 => {
                let fates = [Sent::Done, Sent::NotAcknowledged, Sent::ChannelBusy, Sent::Failed];
                self.fate = fates[usize::from(content.first().map_or(0, |fate| fate % 4))];
            }
            8 if content.first() == Some(&0) => self.node.radio_lost(self.now),
            8 => self.node.radio_back(self.now),
            _ => {
                let (destination, payload) = content.split_at(content.len().min(16));
                let destination = <[u8; 16]>::try_from(destination).map_or(Ipv6Addr::LOCALHOST, Ipv6Addr::from);
                let is_attached = self.node.place().is_some();
                assert!(self.node.send(destination, 61_631, 61_631, payload, self.now).is_err() || is_attached);
            }
        }
    }

    fn hear(&mut self, psdu: Vec<u8>) {
        let channel = self.node.participant().channel;
        let frame = RadioFrame {
            channel,
            rssi_dbm: Some(-60),
            lqi: None,
            microseconds: None,
            psdu,
        };
        self.node.receive(&frame, self.now);
    }

    /// A frame that the router sealed.
    fn hear_payload(&mut self, source: Address, destination: Address, payload: &[u8]) {
        let security = AuxiliarySecurity {
            level: SecurityLevel::ENCRYPTED_MIC_32,
            key_id: KeyId::Index(self.sequence.index()),
            frame_counter: Some(self.counter),
            slot_number_in_nonce: false,
        };
        let frame = self.frame(source, destination, Some(security));
        self.counter += 1;
        if let Ok(psdu) = self.keys.seal_frame(&frame, payload, ROUTER, self.sequence) {
            self.hear(psdu);
        }
    }

    fn frame(&self, source: Address, destination: Address, security: Option<AuxiliarySecurity>) -> Frame<'static> {
        Frame {
            kind: FrameKind::Data,
            version: FrameVersion::V2006,
            frame_pending: false,
            acknowledgment_requested: true,
            pan_id_compression: true,
            sequence_number: Some(self.counter as u8),
            destination_pan_id: Some(PAN_ID),
            destination,
            source_pan_id: None,
            source,
            security,
            header_elements: None,
            body: &[],
        }
    }

    /// A message that the router sealed: command and TLVs. Long ones come in fragments, which the MAC seals too.
    fn hear_message(&mut self, destination: Ipv6Addr, message: &[u8]) {
        let source = ROUTER.to_link_local();
        self.counter += 1;
        let Ok(sealed) = self.keys.seal_mle(source, destination, message, self.sequence, self.counter) else {
            return;
        };
        let Some(packet) = encode_udp((source, mle::PORT), (destination, mle::PORT), 255, &sealed) else {
            return;
        };
        let link_destination = match destination.is_multicast() {
            true => Address::BROADCAST,
            false => Address::Extended(OWN),
        };
        let tag = self.counter as u16;
        let ends = (Address::Extended(ROUTER), link_destination);
        let payloads = |room| fragments(&packet, ends.0, ends.1, &Contexts::new(), tag, room).unwrap_or_default();
        if let [payload] = &payloads(UNSEALED_ROOM)[..] {
            let frame = self.frame(ends.0, ends.1, None);
            self.counter += 1;
            return self.hear([&frame.encode_header()[..], payload].concat());
        }
        for payload in payloads(SEALED_ROOM) {
            self.hear_payload(ends.0, ends.1, &payload);
        }
    }

    /// Does what the driver does, until there is nothing left to do.
    fn settle(&mut self) {
        for _ in 0..MANY {
            let event = self.node.poll_event();
            match &event {
                Some(Event::Keep(kept)) => {
                    self.kept = Some(*kept);
                    assert_eq!(self.node.poll_transmit(), None, "it is not kept yet");
                    self.node.kept();
                }
                Some(Event::Left) => self.has_left = true,
                Some(Event::Datagram { payload, .. }) => assert!(payload.len() <= 2_047),
                _ => {}
            }
            let frame = self.node.poll_transmit();
            if let Some(frame) = &frame {
                self.check(frame);
                assert_eq!(self.node.poll_transmit(), None, "one at a time");
                self.node.sent(frame.id, self.fate, self.now);
            }
            if event.is_none() && frame.is_none() {
                return;
            }
        }
        panic!("it has no end of things to say");
    }

    fn check(&mut self, outgoing: &Outgoing) {
        assert!(outgoing.psdu.len() <= MAX_PSDU_BYTES - 2);
        assert!(Channel::new(outgoing.channel.get().into()).is_some());
        let frame = Frame::parse(&outgoing.psdu).expect("a frame");
        let payload = match frame.security {
            Some(security) => {
                let (payload, _) = self
                    .keys
                    .open_frame(&outgoing.psdu, &frame, OWN)
                    .expect("it is sealed with the network's key");
                let KeyId::Index(index) = security.key_id else { panic!("key id mode 1") };
                let sequence = self.kept.map_or(0, |kept| kept.key_sequence);
                assert_eq!(KeySequence(sequence).index(), index, "it sends with the key that was kept");
                let counter = security.frame_counter.expect("a counter");
                assert!(self.kept.is_some_and(|kept| counter < kept.mac_counter_below), "it was not kept");
                assert!(self.used.insert((KeySequence(sequence), false, counter)), "a counter twice");
                payload
            }
            None => frame.body.to_vec(),
        };
        let datagram = Reassembler::new().frame(frame.source, frame.destination, &payload, &Contexts::new(), 0);
        let Some(datagram) = datagram.expect("6LoWPAN") else { return };
        let packet = datagram.packet().expect("a packet");
        let Some(Ok(udp)) = packet.udp() else { return };
        if udp.destination_port != mle::PORT {
            return;
        }
        let opened = self
            .keys
            .open_mle(packet.source, packet.destination, udp.payload)
            .expect("a message of its own");
        if let Some((sequence, counter)) = opened.counter {
            assert!(
                self.kept
                    .is_some_and(|kept| kept.key_sequence == sequence.0 && counter < kept.mle_counter_below)
            );
            assert!(self.used.insert((sequence, true, counter)), "a counter twice");
        }
        let message = Message::parse(&opened.clear).expect("a command");
        assert!(message.problems.is_empty(), "{:?}", message.problems);
        for tlv in message.tlvs {
            if let Tlv::Challenge(challenge) = tlv {
                self.challenge = challenge;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_reach_a_place() {
        let seed = include_bytes!("../corpus/node/attach");
        let mut scene = Scene::new();
        scene.play(seed);
        let secured = scene.used.iter().filter(|(_, is_message, _)| !is_message).count();
        assert!(secured >= 4, "datagrams are sent from the place: {:?}", scene.used);
    }
}
