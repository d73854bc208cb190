//! IPv6 packets to send.

use super::{IPV6_HEADER_BYTES, UDP_HEADER_BYTES, next_header, options};
use std::net::Ipv6Addr;

/// The checksum of what a packet carries behind IPv6's own headers: over addresses, length, protocol and `payload` (RFC 8200, 8.1). To write one, the
/// checksum's place in `payload` is zero; where a right one stands there, the result is 0.
pub fn checksum(source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, payload: &[u8]) -> u16 {
    let add = |sum: u32, bytes: &[u8]| {
        let pairs = bytes
            .chunks(2)
            .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)));
        pairs.fold(sum, u32::wrapping_add)
    };
    let mut sum = payload.len() as u32 + u32::from(protocol);
    for bytes in [&source.octets()[..], &destination.octets(), payload] {
        sum = add(sum, bytes);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    !(sum as u16)
}

/// An IPv6 packet. `None` if the payload is longer than a packet.
pub fn encode_packet(source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, hop_limit: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len()).ok()?;
    let mut packet = Vec::with_capacity(IPV6_HEADER_BYTES + payload.len());
    packet.extend([0x60, 0, 0, 0]);
    packet.extend(length.to_be_bytes());
    packet.extend([protocol, hop_limit]);
    packet.extend(source.octets());
    packet.extend(destination.octets());
    packet.extend_from_slice(payload);
    Some(packet)
}

/// A UDP datagram in an IPv6 packet, with its checksum. `None` if the payload is longer than a packet.
pub fn encode_udp(source: (Ipv6Addr, u16), destination: (Ipv6Addr, u16), hop_limit: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(UDP_HEADER_BYTES + payload.len()).ok()?;
    let mut datagram = Vec::with_capacity(usize::from(length));
    datagram.extend(source.1.to_be_bytes());
    datagram.extend(destination.1.to_be_bytes());
    datagram.extend(length.to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend_from_slice(payload);
    let checksum = match checksum(source.0, destination.0, next_header::UDP, &datagram) {
        0 => 0xffff,
        checksum => checksum,
    };
    datagram[6..UDP_HEADER_BYTES].copy_from_slice(&checksum.to_be_bytes());
    encode_packet(source.0, destination.0, next_header::UDP, hop_limit, &datagram)
}

/// The packet with MPL's option in front of what it carries: routers spread it to all who listen to its multicast destination, and `sequence` tells it from
/// its sender's others. The sender is named by the source address, which is its routing locator (RFC 7731, 6.1; OpenThread `Ip6::AddMplOption`).
/// `None` if it is no packet, or gets longer than one.
pub fn with_mpl_option(packet: &[u8], sequence: u8) -> Option<Vec<u8>> {
    let (header, payload) = packet.split_first_chunk::<IPV6_HEADER_BYTES>()?;
    let length = u16::from_be_bytes([header[4], header[5]]).checked_add(options::UNIT_BYTES as u16)?;
    let mut with = header.to_vec();
    with[4..6].copy_from_slice(&length.to_be_bytes());
    with[6] = next_header::HOP_BY_HOP;
    with.extend([header[6], 0, options::MPL, 2, 0, sequence, options::PAD_N, 0]);
    with.extend_from_slice(payload);
    Some(with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_others() {
        let (from, to): (Ipv6Addr, Ipv6Addr) = ("fd2c:1fbe:3d6:dfd0:0:ff:fe00:5c00".parse().unwrap(), "ff03::2".parse().unwrap());
        // A question of OpenThread's (recording mesh20, frame 1500), whose checksum is 0x6ae2.
        let question = crate::tmf::vectors::bytes("520234a27106b164026471ff1204000105102102032e");
        let packet = encode_udp((from, 61_631), (to, 61_631), 64, &question).unwrap();
        assert_eq!(packet[46..48], [0x6a, 0xe2]);
        assert_eq!(checksum(from, to, next_header::UDP, &packet[40..]), 0, "what has a right one");
        // All ones, of an odd number of bytes: carries upon carries.
        let ones = Ipv6Addr::from([0xff; 16]);
        let datagram = encode_udp((ones, 0xffff), (ones, 0xffff), 64, &[0xff; 65_527 - 40]).unwrap();
        assert_eq!(checksum(ones, ones, next_header::UDP, &datagram[40..]), 0);
        assert_eq!(encode_udp((from, 1), (to, 2), 64, &[0; 65_528]), None);
        assert_eq!((with_mpl_option(&packet[..39], 0), with_mpl_option(&[0xff; 50], 0)), (None, None));
    }
}
