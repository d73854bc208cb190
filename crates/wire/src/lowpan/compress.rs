//! From an IPv6 packet to payloads of data frames: one IPv6 header, hop-by-hop options behind it, and UDP are compressed, everything else stays as it is.

use super::{Contexts, FragmentHeader, IPV6_HEADER_BYTES, MAX_PACKET_BYTES, UDP_HEADER_BYTES, interface_id, next_header, options};
use crate::ieee802154::Address;
use std::net::Ipv6Addr;

/// Why a packet cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CompressError {
    /// It is no whole IPv6 packet.
    #[error("not a whole IPv6 packet of at most {MAX_PACKET_BYTES} bytes")]
    NoPacket,
    /// A frame has no place for a fragment.
    #[error("a frame of {0} bytes has no place for a fragment")]
    NoPlace(usize),
}

/// Compresses the headers of a packet that goes from `source` to `destination`: the compressed headers, and how many bytes of the packet they stand for.
///
/// # Errors
/// If it is no whole packet.
pub fn compress(packet: &[u8], source: Address, destination: Address, contexts: &Contexts) -> Result<(Vec<u8>, usize), CompressError> {
    let header: &[u8; IPV6_HEADER_BYTES] = packet.first_chunk().ok_or(CompressError::NoPacket)?;
    let first_word = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    if first_word >> 28 != 6 || packet.len() != IPV6_HEADER_BYTES + length || packet.len() > MAX_PACKET_BYTES {
        return Err(CompressError::NoPacket);
    }
    let (next, hop_limit) = (header[6], header[7]);
    let address = |at: usize| -> [u8; 16] { std::array::from_fn(|index| header[at + index]) };
    let options = match next {
        next_header::HOP_BY_HOP => options::compress(&packet[IPV6_HEADER_BYTES..]),
        _ => None,
    };
    let (last, stands_for) = match &options {
        Some(options) => (options.next, IPV6_HEADER_BYTES + options.stands_for),
        None => (next, IPV6_HEADER_BYTES),
    };
    let udp = packet
        .get(stands_for..stands_for + UDP_HEADER_BYTES)
        .filter(|udp| last == next_header::UDP && usize::from(u16::from_be_bytes([udp[4], udp[5]])) == packet.len() - stands_for);

    let (mut first, mut second) = (0x60, 0);
    let mut inline = Vec::new();
    // On the air, congestion bits stand before the service class.
    let (traffic_class, flow_label) = (((first_word >> 20) as u8).rotate_right(2), first_word & 0x000f_ffff);
    match (traffic_class, flow_label.to_be_bytes()) {
        (0, [0, 0, 0, 0]) => first |= 0x18,
        (_, [0, 0, 0, 0]) => {
            first |= 0x10;
            inline.push(traffic_class);
        }
        (_, [_, label @ ..]) if traffic_class & 0x3f == 0 => {
            first |= 0x08;
            inline.extend([traffic_class | label[0], label[1], label[2]]);
        }
        (_, [_, label @ ..]) => inline.extend([traffic_class, label[0], label[1], label[2]]),
    }
    match options.is_some() || udp.is_some() {
        true => first |= 0x04,
        false => inline.push(next),
    }
    match hop_limit {
        1 => first |= 1,
        64 => first |= 2,
        255 => first |= 3,
        other => inline.push(other),
    }
    let (source_bits, source_context) = unicast(address(8), source, contexts, true, &mut inline);
    second |= source_bits << 4;
    let (destination_bits, destination_context) = match address(24) {
        multicast @ [0xff, ..] => (0x08 | compress_multicast(multicast, &mut inline), 0),
        unicast_address => unicast(unicast_address, destination, contexts, false, &mut inline),
    };
    second |= destination_bits;
    let mut compressed = vec![first, second];
    if (source_context, destination_context) != (0, 0) {
        compressed[1] |= 0x80;
        compressed.push(source_context << 4 | destination_context);
    }
    compressed.extend(inline);
    if let Some(options) = options {
        options.write(udp.is_some(), &mut compressed);
    }
    let Some(udp) = udp else {
        return Ok((compressed, stands_for));
    };
    match (u16::from_be_bytes([udp[0], udp[1]]), u16::from_be_bytes([udp[2], udp[3]])) {
        (source @ 0xf0b0..=0xf0bf, destination @ 0xf0b0..=0xf0bf) => compressed.extend([0xf3, ((source & 0x0f) << 4 | destination & 0x0f) as u8]),
        (_, 0xf000..=0xf0ff) => compressed.extend([0xf1, udp[0], udp[1], udp[3]]),
        (0xf000..=0xf0ff, _) => compressed.extend([0xf2, udp[1], udp[2], udp[3]]),
        _ => {
            compressed.push(0xf0);
            compressed.extend_from_slice(&udp[..4]);
        }
    }
    compressed.extend_from_slice(&udp[6..8]);
    Ok((compressed, stands_for + UDP_HEADER_BYTES))
}

/// Bits 2..0 (context, mode) and the context's id. Appends what is not left out.
fn unicast(address: [u8; 16], link: Address, contexts: &Contexts, is_source: bool, inline: &mut Vec<u8>) -> (u8, u8) {
    if is_source && address == [0; 16] {
        return (0x04, 0);
    }
    let is_link_local = address[..8] == [0xfe, 0x80, 0, 0, 0, 0, 0, 0];
    let context = contexts.of(Ipv6Addr::from(address)).filter(|(_, prefix)| prefix.length() == 64);
    let (bits, id) = match (is_link_local, context) {
        (true, _) => (0, 0),
        (false, Some((id, _))) => (0x04, id),
        (false, None) => {
            inline.extend(address);
            return (0, 0);
        }
    };
    let interface = &address[8..];
    if interface_id(link).is_some_and(|id| id == interface) {
        (bits | 3, id)
    } else if interface[..6] == [0, 0, 0, 0xff, 0xfe, 0] {
        inline.extend_from_slice(&interface[6..]);
        (bits | 2, id)
    } else {
        inline.extend_from_slice(interface);
        (bits | 1, id)
    }
}

/// The mode of a multicast address without context. Appends what is not left out.
fn compress_multicast(address: [u8; 16], inline: &mut Vec<u8>) -> u8 {
    if address[1] == 2 && address[2..15] == [0; 13] {
        inline.push(address[15]);
        3
    } else if address[2..13] == [0; 11] {
        inline.push(address[1]);
        inline.extend_from_slice(&address[13..]);
        2
    } else if address[2..11] == [0; 9] {
        inline.push(address[1]);
        inline.extend_from_slice(&address[11..]);
        1
    } else {
        inline.extend(address);
        0
    }
}

/// The payloads of the data frames that carry a packet: one, or several fragments with this tag. No payload is longer than `max_payload_bytes`.
///
/// # Errors
/// If it is no whole packet, or a frame has no place for a fragment.
pub fn fragments(
    packet: &[u8],
    source: Address,
    destination: Address,
    contexts: &Contexts,
    tag: u16,
    max_payload_bytes: usize,
) -> Result<Vec<Vec<u8>>, CompressError> {
    /// First fragment's header; later ones have an offset too.
    const FIRST_BYTES: usize = 4;
    const LATER_BYTES: usize = 5;
    let (compressed, stands_for) = compress(packet, source, destination, contexts)?;
    let rest = &packet[stands_for..];
    if compressed.len() + rest.len() <= max_payload_bytes {
        return Ok(vec![[&compressed, rest].concat()]);
    }
    let no_place = CompressError::NoPlace(max_payload_bytes);
    let packet_bytes = packet.len() as u16;
    // Fragments end where a unit of 8 bytes of the uncompressed packet ends.
    let place = max_payload_bytes.checked_sub(FIRST_BYTES + compressed.len()).ok_or(no_place)?;
    let mut offset = (stands_for + place) / 8 * 8;
    if offset < stands_for {
        return Err(no_place);
    }
    let room = max_payload_bytes.saturating_sub(LATER_BYTES);
    let step = room / 8 * 8;
    if step == 0 {
        return Err(no_place);
    }
    let header = |offset_bytes: usize| {
        let mut bytes = Vec::with_capacity(max_payload_bytes);
        let header = FragmentHeader {
            packet_bytes,
            tag,
            offset_bytes: offset_bytes as u16,
        };
        header.write(&mut bytes);
        bytes
    };
    let mut first = header(0);
    first.extend(&compressed);
    first.extend_from_slice(&packet[stands_for..offset]);
    let mut payloads = vec![first];
    while offset < packet.len() {
        // The last one may end anywhere.
        let end = if packet.len() - offset <= room { packet.len() } else { offset + step };
        let mut payload = header(offset);
        payload.extend_from_slice(&packet[offset..end]);
        payloads.push(payload);
        offset = end;
    }
    Ok(payloads)
}
