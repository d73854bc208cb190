//! From packets to sealed frames.

use super::outbox::{Content, Current, Hop, Waiting};
use super::{Link, MleOptions};
use crate::node::Outgoing;
use std::net::Ipv6Addr;
use weft_model::ExtendedAddress;
use weft_wire::ieee802154::{Address, AuxiliarySecurity, FCS_BYTES, Frame, FrameKind, FrameVersion, KeyId, MAX_PSDU_BYTES, SecurityLevel};
use weft_wire::link_security::KeySequence;
use weft_wire::lowpan::{encode_udp, fragments};
use weft_wire::mle;

/// Hop limit of MLE messages: what was not sent on this link has less (Thread specification 1.4, 4.3).
pub(super) const MLE_HOP_LIMIT: u8 = 255;

/// What sealing adds to a message: security suite, auxiliary security header, integrity code.
const SEAL_BYTES: usize = 1 + 10 + 4;

const LEVEL: SecurityLevel = SecurityLevel::ENCRYPTED_MIC_32;

impl Link {
    /// The next frame for the radio. One at a time: the next only after [`Link::sent`], and none while something has to be kept first.
    pub(in crate::node) fn poll_transmit(&mut self) -> Option<Outgoing> {
        if self.outbox.is_busy() || !self.counters.is_ready() {
            return None;
        }
        while self.outbox.current.is_none() {
            let waiting = self.outbox.take()?;
            // What has lost its way meanwhile is left out: whoever waits for an answer asks again.
            self.outbox.current = self.prepare(waiting);
        }
        let current = self.outbox.current.as_mut()?;
        let (hop, payload) = (current.hop, current.payloads.pop_front()?);
        let (last_id, is_last) = (current.id, current.payloads.is_empty());
        let Some(psdu) = self.frame(&hop, &payload, !is_last) else {
            self.outbox.current = None;
            return None;
        };
        let id = if is_last { last_id } else { self.outbox.next_id() };
        self.outbox.send(id);
        Some(Outgoing {
            id,
            channel: hop.channel,
            psdu,
        })
    }

    /// How many frames an MLE message needs; 0 if it is longer than a packet.
    pub(super) fn frames_of_mle(&self, destination: Ipv6Addr, message: &[u8], options: MleOptions) -> usize {
        let seal_bytes = if options.is_in_clear { 1 } else { SEAL_BYTES };
        let sealed = vec![0; message.len() + seal_bytes];
        let hop = self.hop_of_mle(destination, options, false);
        let packet = self.mle_packet(destination, &sealed);
        let packet = packet.filter(|packet| packet.len() <= super::MAX_PACKET_BYTES);
        packet
            .and_then(|packet| self.payloads(&packet, &hop, 0))
            .map_or(0, |payloads| payloads.len())
    }

    fn mle_packet(&self, destination: Ipv6Addr, sealed: &[u8]) -> Option<Vec<u8>> {
        let source = (self.address.to_link_local(), mle::PORT);
        encode_udp(source, (destination, mle::PORT), MLE_HOP_LIMIT, sealed)
    }

    fn hop_of_mle(&self, destination: Ipv6Addr, options: MleOptions, is_secured: bool) -> Hop {
        Hop {
            channel: options.channel.unwrap_or(self.channel),
            source_pan_id: self.pan_id,
            destination_pan_id: options.pan_id.unwrap_or(self.pan_id),
            source: Address::Extended(self.address),
            destination: ExtendedAddress::from_link_local(destination).map_or(Address::BROADCAST, Address::Extended),
            is_secured,
        }
    }

    /// Where a packet that is no MLE message goes: to the parent, or to the neighbour of a link-local address.
    fn hop_of_packet(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Option<Hop> {
        let place = self.place?;
        Some(Hop {
            channel: self.channel,
            source_pan_id: self.pan_id,
            destination_pan_id: self.pan_id,
            source: match source == self.address.to_link_local() {
                true => Address::Extended(self.address),
                false => Address::Short(place.rloc16.get()),
            },
            destination: match ExtendedAddress::from_link_local(destination) {
                Some(neighbour) => Address::Extended(neighbour),
                None => Address::Short(place.parent.get()),
            },
            is_secured: true,
        })
    }

    fn payloads(&self, packet: &[u8], hop: &Hop, tag: u16) -> Option<Vec<Vec<u8>>> {
        let header_bytes = self.header(hop, 0, KeySequence(0), 0, false).encode_header().len();
        let mic_bytes = if hop.is_secured { LEVEL.mic_bytes() } else { 0 };
        let max_payload_bytes = (MAX_PSDU_BYTES - FCS_BYTES).checked_sub(header_bytes + mic_bytes)?;
        fragments(packet, hop.source, hop.destination, &self.contexts, tag, max_payload_bytes).ok()
    }

    /// Seals and cuts what waits, as it is to be sent at this moment.
    fn prepare(&mut self, waiting: Waiting) -> Option<Current> {
        let tag = self.outbox.next_tag();
        let was_mle = waiting.content.is_mle();
        let (hop, payloads) = match waiting.content {
            Content::Mle {
                destination,
                message,
                options,
            } => {
                let sealed = match options.is_in_clear {
                    true => mle::encode_clear(&message),
                    false => {
                        let (source, sequence) = (self.address.to_link_local(), self.counters.sequence());
                        let counter = self.counters.take_mle()?;
                        self.keys.seal_mle(source, destination, &message, sequence, counter).ok()?
                    }
                };
                let packet = self.mle_packet(destination, &sealed)?;
                let hop = self.hop_of_mle(destination, options, false);
                let payloads = self.payloads(&packet, &hop, tag)?;
                match payloads.len() {
                    1 => (hop, payloads),
                    // Fragments of a message have to be sealed by the MAC too: nobody could tell forged ones from them.
                    _ => {
                        self.place?;
                        let hop = self.hop_of_mle(destination, options, true);
                        (hop, self.payloads(&packet, &hop, tag)?)
                    }
                }
            }
            Content::Packet(packet) => {
                let address = |at: usize| -> Option<Ipv6Addr> { packet.get(at..at + 16)?.try_into().map(|octets: [u8; 16]| octets.into()).ok() };
                let hop = self.hop_of_packet(address(8)?, address(24)?)?;
                let payloads = self.payloads(&packet, &hop, tag)?;
                (hop, payloads)
            }
        };
        Some(Current {
            id: waiting.id,
            was_mle,
            hop,
            payloads: payloads.into(),
        })
    }

    /// The MAC header, as OpenThread makes it (`MeshForwarder::PrepareMacHeaders`): version 2006, one PAN id where both are the same.
    fn header(&self, hop: &Hop, sequence_number: u8, sequence: KeySequence, frame_counter: u32, has_more: bool) -> Frame<'static> {
        let is_one_pan = hop.source_pan_id == hop.destination_pan_id;
        Frame {
            kind: FrameKind::Data,
            version: FrameVersion::V2006,
            frame_pending: has_more,
            acknowledgment_requested: !hop.destination.is_broadcast(),
            pan_id_compression: is_one_pan,
            sequence_number: Some(sequence_number),
            destination_pan_id: Some(hop.destination_pan_id),
            destination: hop.destination,
            source_pan_id: (!is_one_pan).then_some(hop.source_pan_id),
            source: hop.source,
            security: hop.is_secured.then_some(AuxiliarySecurity {
                level: LEVEL,
                key_id: KeyId::Index(sequence.index()),
                frame_counter: Some(frame_counter),
                slot_number_in_nonce: false,
            }),
            header_elements: None,
            body: &[],
        }
    }

    fn frame(&mut self, hop: &Hop, payload: &[u8], has_more: bool) -> Option<Vec<u8>> {
        let sequence = self.counters.sequence();
        let counter = if hop.is_secured { self.counters.take_mac()? } else { 0 };
        let sequence_number = self.outbox.next_sequence_number();
        let header = self.header(hop, sequence_number, sequence, counter, has_more);
        match hop.is_secured {
            true => self.keys.seal_frame(&header, payload, self.address, sequence).ok(),
            false => Some([&header.encode_header()[..], payload].concat()),
        }
    }
}
