//! 6LoWPAN: IPv6 in the payloads of MAC data frames (RFC 4944: mesh and fragmentation headers; RFC 6282: header compression;
//! OpenThread `src/core/thread/lowpan.cpp`).
//!
//! [`Reassembler`] turns the payloads of data frames into IPv6 packets; [`Ipv6Packet`] reads them as far as UDP. Whoever sends uses [`compress`].

mod compress;
mod contexts;
mod decompress;
mod dispatch;
mod encode;
mod options;
mod packet;
mod reassembly;

#[cfg(test)]
mod tests;

pub use compress::{CompressError, compress, fragments};
pub use contexts::{Contexts, MAX_CONTEXTS};
pub use decompress::{Decompressed, decompress};
pub use dispatch::{FragmentHeader, Headers, MeshHeader};
pub use encode::{checksum, encode_packet, encode_udp, with_mpl_option};
pub use options::{MplOption, mpl_option};
pub use packet::{Ipv6Packet, Udp};
pub use reassembly::{Datagram, FRAGMENT_TIMEOUT_MICROSECONDS, MAX_REASSEMBLIES, Reassembler};

/// The longest IPv6 packet that 6LoWPAN carries: the size of a fragmented packet has 11 bits.
pub const MAX_PACKET_BYTES: usize = 2047;

/// The UDP port of Thread's management messages (TMF).
pub const TMF_PORT: u16 = 61631;

const IPV6_HEADER_BYTES: usize = 40;
const UDP_HEADER_BYTES: usize = 8;

/// IPv6 next header numbers.
pub mod next_header {
    pub(super) const HOP_BY_HOP: u8 = 0;
    /// UDP.
    pub const UDP: u8 = 17;
    pub(super) const IPV6: u8 = 41;
    pub(super) const ROUTING: u8 = 43;
    pub(super) const FRAGMENT: u8 = 44;
    /// ICMPv6.
    pub const ICMPV6: u8 = 58;
    pub(super) const DESTINATION_OPTIONS: u8 = 60;
    pub(super) const MOBILITY: u8 = 135;
}

/// The interface id that a MAC address gives; `None` for an address that is left out.
fn interface_id(address: crate::ieee802154::Address) -> Option<[u8; 8]> {
    use crate::ieee802154::Address;
    match address {
        Address::None => None,
        Address::Short(number) => {
            let [high, low] = number.to_be_bytes();
            Some([0, 0, 0, 0xff, 0xfe, 0, high, low])
        }
        Address::Extended(address) => {
            let mut id = address.0;
            id[0] ^= 0x02;
            Some(id)
        }
    }
}
