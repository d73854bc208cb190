//! From frames to datagrams and MLE messages.

use super::transmit::MLE_HOP_LIMIT;
use super::{Freshness, Heard, Link, Received, echo};
use crate::rcp::RadioFrame;
use std::net::Ipv6Addr;
use std::time::Duration;
use weft_model::{ExtendedAddress, PanId};
use weft_wire::ieee802154::{Address, Frame, FrameKind, KeyId, PayloadElements, SecurityLevel};
use weft_wire::link_security::{Closed, KeySequence, KeyUsed};
use weft_wire::lowpan::{Headers, Ipv6Packet, Udp, checksum, decompress, mpl_option, next_header};
use weft_wire::mle::{self, Command, Message};

/// Length of the mesh-local prefix, as multicast addresses that are made of it tell it (RFC 3306).
const PREFIX_BITS: u8 = 64;

/// What a frame's seal says of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seal {
    /// Anybody may have written it.
    None,
    /// This member of the network wrote it, as whoever has the network's key says.
    Network(ExtendedAddress),
}

impl Link {
    /// Takes a frame that the radio heard. Gives the datagram or message that it completes; an echo request is answered here.
    pub(in crate::node) fn receive(&mut self, heard: &RadioFrame, now: Duration) -> Option<Received> {
        let Ok(frame) = Frame::parse(&heard.psdu) else {
            self.counts.malformed += 1;
            return None;
        };
        if frame.kind != FrameKind::Data || !self.is_for_us(&frame) {
            return None;
        }
        self.counts.frames_heard += 1;
        let (seal, payload) = self.open(&heard.psdu, &frame)?;
        let payload = match frame.has_payload_elements() {
            true => PayloadElements::new(&payload).rest(),
            false => &payload[..],
        };
        // A parent supervises its children with frames that say nothing.
        if payload.is_empty() {
            return None;
        }
        let packet = self.packet(&frame, seal, payload, now)?;
        self.read(heard, &frame, seal, &packet, now)
    }

    fn is_for_us(&self, frame: &Frame<'_>) -> bool {
        let is_our_pan = |pan_id: PanId| pan_id == self.pan_id || pan_id == PanId::BROADCAST || self.pan_id == PanId::BROADCAST;
        self.is_our_address(frame.destination) && frame.destination_pan_id.is_none_or(is_our_pan) && frame.source != Address::Extended(self.address)
    }

    /// The payload in the clear. `None` for what nobody of us sealed, and for what had been heard before.
    fn open(&mut self, bytes: &[u8], frame: &Frame<'_>) -> Option<(Seal, Vec<u8>)> {
        let Some(security) = frame.security else {
            return Some((Seal::None, frame.body.to_vec()));
        };
        if security.level != SecurityLevel::ENCRYPTED_MIC_32 {
            return None;
        }
        let sender = match (security.key_id, frame.source) {
            (KeyId::Index(_), Address::Extended(sender)) => sender,
            (KeyId::Index(_), Address::Short(short)) => self.place.filter(|place| place.parent.get() == short)?.parent_address,
            // Announce frames: everybody has their key.
            (KeyId::Source4 { .. }, Address::Extended(sender)) => sender,
            _ => return None,
        };
        // Nobody else's frame has a counter that is followed: whoever heard it once could send it again.
        if matches!(security.key_id, KeyId::Index(_)) && !self.newest.follows(sender) {
            return None;
        }
        let (payload, key) = match self.keys.open_frame(bytes, frame, sender) {
            Ok(opened) => opened,
            Err(_) => {
                self.counts.closed += 1;
                return None;
            }
        };
        let KeyUsed::Network(sequence) = key else {
            return Some((Seal::None, payload));
        };
        if self.newest.take_mac(sender, sequence, security.frame_counter?) != Freshness::Fresh {
            self.counts.replayed += 1;
            return None;
        }
        if self.is_parent(sender) {
            self.parents_sequence = Some(sequence);
        }
        Some((Seal::Network(sender), payload))
    }

    fn packet(&mut self, frame: &Frame<'_>, seal: Seal, payload: &[u8], now: Duration) -> Option<Vec<u8>> {
        let (bytes, mesh, unknown_contexts) = match seal {
            Seal::Network(_) => {
                let microseconds = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
                match self
                    .reassembler
                    .frame(frame.source, frame.destination, payload, &self.contexts, microseconds)
                {
                    Ok(whole) => whole.map(|datagram| (datagram.bytes, datagram.mesh, datagram.unknown_contexts))?,
                    Err(_) => {
                        self.counts.malformed += 1;
                        return None;
                    }
                }
            }
            // Nobody is let in without a seal but single frames: what is put together of fragments could be put together by anybody.
            Seal::None => {
                let headers = Headers::parse(payload).ok()?;
                if headers.fragment.is_some() || headers.mesh.is_some() {
                    return None;
                }
                match decompress(headers.rest, frame.source, frame.destination, &self.contexts, None) {
                    Ok(packet) => (packet.bytes, None, packet.unknown_contexts),
                    Err(_) => {
                        self.counts.malformed += 1;
                        return None;
                    }
                }
            }
        };
        if mesh.is_some_and(|mesh| mesh.final_destination.is_broadcast() || !self.is_our_address(mesh.final_destination)) {
            return None;
        }
        (unknown_contexts == 0).then_some(bytes)
    }

    fn read(&mut self, heard: &RadioFrame, frame: &Frame<'_>, seal: Seal, bytes: &[u8], now: Duration) -> Option<Received> {
        let Ok(packet) = Ipv6Packet::parse(bytes) else {
            self.counts.malformed += 1;
            return None;
        };
        // Routers spread our own multicast packets to us, too.
        if !self.listens_to(packet.destination) || packet.source.is_multicast() || self.has_address(packet.source) {
            return None;
        }
        let is_from_parent = matches!(seal, Seal::Network(sender) if self.is_parent(sender));
        // What is forged must not stand for the packet that it looks like.
        if let Some(option) = mpl_option(bytes)
            && !(is_from_parent && self.multicasts.is_new((packet.source, option), now))
        {
            return None;
        }
        match packet.protocol {
            next_header::ICMPV6 if is_from_parent => {
                self.answer_echo(&packet);
                None
            }
            next_header::UDP => {
                let Some(Ok(udp)) = packet.udp() else {
                    self.counts.malformed += 1;
                    return None;
                };
                if udp.destination_port == mle::PORT {
                    return self.read_mle(heard, frame, &packet, &udp, now).map(Received::Mle);
                }
                if !is_from_parent || !has_right_checksum(&packet, &udp) {
                    return None;
                }
                Some(Received::Datagram {
                    source: packet.source,
                    source_port: udp.source_port,
                    destination: packet.destination,
                    destination_port: udp.destination_port,
                    payload: udp.payload.to_vec(),
                })
            }
            _ => None,
        }
    }

    /// The addresses of a child: its own, and those of all nodes.
    fn listens_to(&self, destination: Ipv6Addr) -> bool {
        let octets = destination.octets();
        let [first, scope, ..] = octets;
        if first != 0xff {
            return self.has_address(destination);
        }
        let all_nodes = [2, 3].map(|scope| Ipv6Addr::new(0xff00 | scope, 0, 0, 0, 0, 0, 0, 1));
        let all_thread_nodes =
            matches!(scope, 0x32 | 0x33) && octets[2..4] == [0, PREFIX_BITS] && octets[4..12] == self.prefix.0 && octets[12..] == [0, 0, 0, 1];
        all_nodes.contains(&destination) || all_thread_nodes
    }

    /// It is an address of ours: link-local, locator or mesh-local.
    fn has_address(&self, address: Ipv6Addr) -> bool {
        let octets = address.octets();
        let is_mesh_local = octets[..8] == self.prefix.0 && self.interface_id.is_some_and(|interface_id| octets[8..] == interface_id);
        address == self.address.to_link_local() || self.rloc() == Some(address) || is_mesh_local
    }

    fn read_mle(&mut self, heard: &RadioFrame, frame: &Frame<'_>, packet: &Ipv6Packet<'_>, udp: &Udp<'_>, now: Duration) -> Option<Heard> {
        if packet.hop_limit != MLE_HOP_LIMIT {
            return None;
        }
        let opened = match self.keys.open_mle(packet.source, packet.destination, udp.payload) {
            Ok(opened) => opened,
            Err(Closed::WrongKey | Closed::OtherKey) => {
                self.counts.closed += 1;
                return None;
            }
            Err(_) => {
                self.counts.malformed += 1;
                return None;
            }
        };
        let message = Message::parse(&opened.clear).ok()?;
        let is_multicast = packet.destination.is_multicast();
        match opened.counter {
            // Nothing else is said in the clear.
            None if message.command != Command::DISCOVERY_RESPONSE => return None,
            None => {}
            Some((sequence, counter)) => self.take_message(opened.sender, sequence, counter, now)?,
        }
        Some(Heard {
            from: opened.sender,
            is_multicast,
            pan_id: frame.source_pan_id.or(frame.destination_pan_id),
            channel: heard.channel,
            rssi_dbm: heard.rssi_dbm,
            counter: opened.counter,
            message,
        })
    }

    /// `None` if the message was heard before.
    fn take_message(&mut self, sender: ExtendedAddress, sequence: KeySequence, counter: u32, now: Duration) -> Option<()> {
        let is_fresh = self.newest.take_mle(sender, sequence, counter) == Freshness::Fresh;
        if !is_fresh || !self.messages.is_new((sender, sequence, counter), now) {
            self.counts.replayed += 1;
            return None;
        }
        Some(())
    }

    fn answer_echo(&mut self, packet: &Ipv6Packet<'_>) {
        let Some(rloc) = self.rloc() else { return };
        let from = if packet.destination.is_multicast() { rloc } else { packet.destination };
        if let Some(reply) = echo::reply(packet, from, super::HOP_LIMIT) {
            // Whoever asks faster than the radio sends gets fewer answers.
            let _ = self.send_packet(reply, packet.source);
        }
    }
}

/// A checksum that compression left out is right: the MAC's integrity code stands for it.
fn has_right_checksum(packet: &Ipv6Packet<'_>, udp: &Udp<'_>) -> bool {
    let datagram = packet.payload.get(..packet.payload.len().min(8 + udp.payload.len())).unwrap_or_default();
    udp.checksum == 0 || checksum(packet.source, packet.destination, next_header::UDP, datagram) == 0
}
