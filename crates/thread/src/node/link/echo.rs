//! ICMPv6 echo (RFC 4443, 4): whoever looks whether the node is there gets an answer.

use std::net::Ipv6Addr;
use weft_wire::lowpan::{Ipv6Packet, checksum, encode_packet, next_header};

const REQUEST: u8 = 128;
const REPLY: u8 = 129;

/// The answer to an echo request, as a packet from `from`; `None` if it is none, or damaged.
pub(super) fn reply(packet: &Ipv6Packet<'_>, from: Ipv6Addr, hop_limit: u8) -> Option<Vec<u8>> {
    let is_right = checksum(packet.source, packet.destination, next_header::ICMPV6, packet.payload) == 0;
    let [REQUEST, 0, _, _, identifier_and_data @ ..] = packet.payload else {
        return None;
    };
    if !is_right || packet.source.is_unspecified() {
        return None;
    }
    let mut reply = vec![REPLY, 0, 0, 0];
    reply.extend_from_slice(identifier_and_data);
    let checksum = checksum(from, packet.source, next_header::ICMPV6, &reply);
    reply[2..4].copy_from_slice(&checksum.to_be_bytes());
    encode_packet(from, packet.source, next_header::ICMPV6, hop_limit, &reply)
}
