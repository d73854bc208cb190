//! From payloads of data frames to IPv6 packets.

use super::{Contexts, Headers, Ipv6Packet, MAX_PACKET_BYTES, MeshHeader, decompress};
use crate::Problem;
use crate::ieee802154::Address;

/// The most packets that are put together at the same time; the one that waits longest falls out.
pub const MAX_REASSEMBLIES: usize = 32;

/// Fragments of a packet that is not complete after this time are thrown away. OpenThread's receivers wait 2 s; a relayed packet takes longer.
pub const FRAGMENT_TIMEOUT_MICROSECONDS: u64 = 5_000_000;

/// Packets are covered in units of 8 bytes.
const UNIT_BYTES: usize = 8;
const UNITS: usize = MAX_PACKET_BYTES.div_ceil(UNIT_BYTES);

/// A whole IPv6 packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The packet.
    pub bytes: Vec<u8>,
    /// The mesh header of its last frame.
    pub mesh: Option<MeshHeader>,
    /// Bit n: the prefix of context n is needed and not known. The prefixes of these addresses are zeros.
    pub unknown_contexts: u16,
}

impl Datagram {
    /// The packet, read.
    ///
    /// # Errors
    /// If it is cut off.
    pub fn packet(&self) -> Result<Ipv6Packet<'_>, Problem> {
        Ipv6Packet::parse(&self.bytes)
    }
}

/// What the fragments of one packet share. A relayed packet keeps its tag: each hop counts for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    hop: (Address, Address),
    ends: (Address, Address),
    tag: u16,
    packet_bytes: u16,
}

#[derive(Debug, Clone)]
struct Partial {
    key: Key,
    began_microseconds: u64,
    bytes: Vec<u8>,
    covered: [bool; UNITS],
    unknown_contexts: u16,
}

impl Partial {
    fn put(&mut self, offset: usize, part: &[u8]) {
        let end = offset + part.len();
        let Some(place) = self.bytes.get_mut(offset..end) else { return };
        place.copy_from_slice(part);
        let last = if end == self.bytes.len() {
            end.div_ceil(UNIT_BYTES)
        } else {
            end / UNIT_BYTES
        };
        if let Some(units) = self.covered.get_mut(offset / UNIT_BYTES..last) {
            units.fill(true);
        }
    }

    fn is_whole(&self) -> bool {
        self.covered
            .iter()
            .take(self.bytes.len().div_ceil(UNIT_BYTES))
            .all(|is_covered| *is_covered)
    }
}

/// Puts fragments together. Bounded: [`MAX_REASSEMBLIES`] packets of [`MAX_PACKET_BYTES`].
#[derive(Debug, Clone, Default)]
pub struct Reassembler {
    partial: Vec<Partial>,
}

impl Reassembler {
    /// Nothing waits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the payload of a data frame from `source` to `destination`, heard at `microseconds`. Gives the packet that it completes, if it does.
    ///
    /// # Errors
    /// If the payload is no 6LoWPAN, or cut off.
    pub fn frame(
        &mut self,
        source: Address,
        destination: Address,
        payload: &[u8],
        contexts: &Contexts,
        microseconds: u64,
    ) -> Result<Option<Datagram>, Problem> {
        self.partial
            .retain(|partial| microseconds.saturating_sub(partial.began_microseconds) < FRAGMENT_TIMEOUT_MICROSECONDS);
        let headers = Headers::parse(payload)?;
        let base = payload.len() - headers.rest.len();
        let ends = headers.addresses(source, destination);
        let packet_bytes = headers.fragment.map(|fragment| fragment.packet_bytes);
        let Some(fragment) = headers.fragment else {
            let packet = decompress(headers.rest, ends.0, ends.1, contexts, None).map_err(|problem| problem.within("6LoWPAN", base))?;
            return Ok(Some(Datagram {
                bytes: packet.bytes,
                mesh: headers.mesh,
                unknown_contexts: packet.unknown_contexts,
            }));
        };
        let key = Key {
            hop: (source, destination),
            ends,
            tag: fragment.tag,
            packet_bytes: fragment.packet_bytes,
        };
        let first = match fragment.offset_bytes {
            0 => Some(decompress(headers.rest, ends.0, ends.1, contexts, packet_bytes).map_err(|problem| problem.within("6LoWPAN", base))?),
            _ => None,
        };
        let place = match self.partial.iter().position(|partial| partial.key == key) {
            Some(place) => place,
            None => {
                if self.partial.len() >= MAX_REASSEMBLIES {
                    self.partial.remove(0);
                }
                self.partial.push(Partial {
                    key,
                    began_microseconds: microseconds,
                    bytes: vec![0; usize::from(fragment.packet_bytes)],
                    covered: [false; UNITS],
                    unknown_contexts: 0,
                });
                self.partial.len() - 1
            }
        };
        let partial = &mut self.partial[place];
        match first {
            Some(first) => {
                partial.unknown_contexts = first.unknown_contexts;
                partial.put(0, &first.bytes);
            }
            None => partial.put(usize::from(fragment.offset_bytes), headers.rest),
        }
        if !partial.is_whole() {
            return Ok(None);
        }
        let partial = self.partial.remove(place);
        Ok(Some(Datagram {
            bytes: partial.bytes,
            mesh: headers.mesh,
            unknown_contexts: partial.unknown_contexts,
        }))
    }

    /// Number of packets that wait for fragments.
    pub fn waiting(&self) -> usize {
        self.partial.len()
    }
}
