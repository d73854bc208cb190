//! From a compressed header to a whole IPv6 packet (RFC 6282).

use super::{Contexts, IPV6_HEADER_BYTES, MAX_PACKET_BYTES, UDP_HEADER_BYTES, interface_id, next_header};
use crate::ieee802154::Address;
use crate::{Problem, Reader};

/// The most headers that are read one after the other: IPv6, hop-by-hop options, IPv6 again, UDP are usual.
const MAX_HEADERS: usize = 8;

const UNCOMPRESSED: u8 = 0x41;

/// An IPv6 packet, or the start of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decompressed {
    /// The packet.
    pub bytes: Vec<u8>,
    /// Bit n: the prefix of context n is needed and not known. The prefixes of these addresses are zeros.
    pub unknown_contexts: u16,
}

/// Decompresses the start of a packet that came from `source` to `destination` (a mesh header's addresses, if there is one).
/// `packet_bytes` is the size of the whole packet where `compressed` is only its first fragment.
///
/// # Errors
/// If the dispatch byte is not that of an IPv6 packet, a header is cut off or reserved, or the packet gets longer than it may be.
pub fn decompress(
    compressed: &[u8],
    source: Address,
    destination: Address,
    contexts: &Contexts,
    packet_bytes: Option<u16>,
) -> Result<Decompressed, Problem> {
    let mut reader = Reader::new(compressed);
    let mut packet = Packet {
        out: Vec::with_capacity(packet_bytes.map_or(compressed.len() + IPV6_HEADER_BYTES + UDP_HEADER_BYTES, usize::from)),
        lengths: Vec::new(),
        source,
        destination,
        contexts,
        unknown_contexts: 0,
    };
    if compressed.first() == Some(&UNCOMPRESSED) {
        reader.u8("dispatch")?;
    } else {
        packet.headers(&mut reader)?;
    }
    packet.out.extend_from_slice(reader.rest());
    let total = match packet_bytes {
        Some(total) if packet.out.len() > usize::from(total) => {
            let reason = format!("{} bytes of a packet of {total}", packet.out.len());
            return Err(Problem::at("packet size", 0, reason));
        }
        Some(total) => usize::from(total),
        None if packet.out.len() > MAX_PACKET_BYTES => return Err(Problem::at("packet", 0, format!("longer than {MAX_PACKET_BYTES} bytes"))),
        None => packet.out.len(),
    };
    packet.fill_in_lengths(total);
    Ok(Decompressed {
        bytes: packet.out,
        unknown_contexts: packet.unknown_contexts,
    })
}

/// A length that is known once the packet's is.
struct Length {
    /// Where it stands.
    place: usize,
    /// Where the bytes begin that it counts.
    counted_from: usize,
}

struct Packet<'a> {
    out: Vec<u8>,
    lengths: Vec<Length>,
    source: Address,
    destination: Address,
    contexts: &'a Contexts,
    unknown_contexts: u16,
}

impl Packet<'_> {
    fn fill_in_lengths(&mut self, total: usize) {
        for Length { place, counted_from } in &self.lengths {
            let length = (total - counted_from) as u16;
            self.out[*place..place + 2].copy_from_slice(&length.to_be_bytes());
        }
    }

    /// All compressed headers: a base header, then what it says is compressed behind it.
    fn headers(&mut self, reader: &mut Reader<'_>) -> Result<(), Problem> {
        // Where the number of the next header belongs, if that is compressed too.
        let mut open = self.base_header(reader)?;
        for _ in 0..MAX_HEADERS {
            let Some(place) = open else { return Ok(()) };
            let start = reader.position();
            let dispatch = reader.u8("next header dispatch")?;
            open = match dispatch {
                0xf0..=0xf7 => {
                    self.out[place] = next_header::UDP;
                    self.udp(dispatch, reader)?;
                    None
                }
                0xee | 0xef => {
                    self.out[place] = next_header::IPV6;
                    self.base_header(reader)?
                }
                0xe0..=0xe9 => {
                    self.out[place] = match dispatch >> 1 & 7 {
                        0 => next_header::HOP_BY_HOP,
                        1 => next_header::ROUTING,
                        2 => next_header::FRAGMENT,
                        3 => next_header::DESTINATION_OPTIONS,
                        _ => next_header::MOBILITY,
                    };
                    self.extension_header(dispatch, reader)?
                }
                other => return Err(Problem::at("next header dispatch", start, format!("{other:#04x} is reserved"))),
            };
        }
        Err(Problem::at("headers", reader.position(), format!("more than {MAX_HEADERS}")))
    }

    /// Gives the place of the next header's number, if that header is compressed.
    fn base_header(&mut self, reader: &mut Reader<'_>) -> Result<Option<usize>, Problem> {
        let start = reader.position();
        let first = reader.u8("dispatch")?;
        if first & 0xe0 != 0x60 {
            return Err(Problem::at("dispatch", start, format!("{first:#04x} is not IPv6")));
        }
        let second = reader.u8("addressing")?;
        let contexts = if second & 0x80 != 0 { reader.u8("contexts")? } else { 0 };
        let (traffic_class, flow_label) = match first >> 3 & 3 {
            0 => {
                let number = reader.u32("traffic class and flow label")?;
                ((number >> 24) as u8, number & 0x000f_ffff)
            }
            1 => {
                let [b0, b1, b2] = reader.array("flow label")?;
                (b0 & 0xc0, u32::from_be_bytes([0, b0 & 0x0f, b1, b2]))
            }
            2 => (reader.u8("traffic class")?, 0),
            _ => (0, 0),
        };
        // On the air, congestion bits stand before the service class.
        let traffic_class = u32::from(traffic_class.rotate_left(2));
        let is_next_compressed = first & 0x04 != 0;
        let next = if is_next_compressed { 0 } else { reader.u8("next header")? };
        let hop_limit = match first & 3 {
            0 => reader.u8("hop limit")?,
            1 => 1,
            2 => 64,
            _ => 255,
        };
        let source = self.unicast(second >> 6 & 1 != 0, second >> 4 & 3, contexts >> 4, self.source, true, reader)?;
        let destination = match second & 0x08 {
            0 => self.unicast(second >> 2 & 1 != 0, second & 3, contexts & 0x0f, self.destination, false, reader)?,
            _ => self.multicast(second >> 2 & 1 != 0, second & 3, contexts & 0x0f, reader)?,
        };
        let header = self.out.len();
        self.out.extend((6 << 28 | traffic_class << 20 | flow_label).to_be_bytes());
        self.out.extend([0, 0, next, hop_limit]);
        self.out.extend(source);
        self.out.extend(destination);
        self.lengths.push(Length {
            place: header + 4,
            counted_from: header + IPV6_HEADER_BYTES,
        });
        Ok(is_next_compressed.then_some(header + 6))
    }

    /// The first 64 bits of a context's addresses and more where its prefix is longer, laid over an interface id.
    fn with_context(&mut self, context: u8, id: [u8; 8]) -> [u8; 16] {
        let mut address = [0; 16];
        address[8..].copy_from_slice(&id);
        match self.contexts.get(context) {
            Some(prefix) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix.length())).unwrap_or(0);
                (u128::from(prefix.address()) | u128::from_be_bytes(address) & !mask).to_be_bytes()
            }
            None => {
                self.unknown_contexts |= 1 << context;
                address
            }
        }
    }

    fn unicast(
        &mut self,
        has_context: bool,
        mode: u8,
        context: u8,
        link: Address,
        is_source: bool,
        reader: &mut Reader<'_>,
    ) -> Result<[u8; 16], Problem> {
        let start = reader.position();
        let field = if is_source { "source" } else { "destination" };
        let id = match mode {
            0 if !has_context => return reader.array(field),
            0 if is_source => return Ok([0; 16]),
            0 => return Err(Problem::at(field, start, "its addressing mode is reserved")),
            1 => reader.array(field)?,
            2 => {
                let [high, low] = reader.array(field)?;
                [0, 0, 0, 0xff, 0xfe, 0, high, low]
            }
            _ => interface_id(link).ok_or_else(|| Problem::at(field, start, "left out, and the frame has no address"))?,
        };
        if has_context {
            return Ok(self.with_context(context, id));
        }
        let mut address = [0; 16];
        address[..2].copy_from_slice(&[0xfe, 0x80]);
        address[8..].copy_from_slice(&id);
        Ok(address)
    }

    fn multicast(&mut self, has_context: bool, mode: u8, context: u8, reader: &mut Reader<'_>) -> Result<[u8; 16], Problem> {
        let start = reader.position();
        let field = "destination";
        let mut address = [0; 16];
        address[0] = 0xff;
        match (has_context, mode) {
            (false, 0) => return reader.array(field),
            (false, 1) => {
                let bytes: [u8; 6] = reader.array(field)?;
                address[1] = bytes[0];
                address[11..].copy_from_slice(&bytes[1..]);
            }
            (false, 2) => {
                let bytes: [u8; 4] = reader.array(field)?;
                address[1] = bytes[0];
                address[13..].copy_from_slice(&bytes[1..]);
            }
            (false, _) => {
                address[1] = 2;
                address[15] = reader.u8(field)?;
            }
            // Multicast that is tied to a unicast prefix (RFC 3306).
            (true, 0) => {
                let bytes: [u8; 6] = reader.array(field)?;
                address[1..3].copy_from_slice(&bytes[..2]);
                address[12..].copy_from_slice(&bytes[2..]);
                match self.contexts.get(context) {
                    Some(prefix) => {
                        address[3] = prefix.length();
                        address[4..12].copy_from_slice(&prefix.address().octets()[..8]);
                    }
                    None => self.unknown_contexts |= 1 << context,
                }
            }
            (true, _) => return Err(Problem::at(field, start, "its addressing mode is reserved")),
        }
        Ok(address)
    }

    fn extension_header(&mut self, dispatch: u8, reader: &mut Reader<'_>) -> Result<Option<usize>, Problem> {
        let is_next_compressed = dispatch & 1 != 0;
        let next = if is_next_compressed { 0 } else { reader.u8("next header")? };
        let length = usize::from(reader.u8("length of extension header")?);
        let content = reader.take("extension header", length)?;
        let header = self.out.len();
        // Lengths count units of 8 bytes; what compression left out at the end was padding.
        let padding = (2 + length).next_multiple_of(8) - (2 + length);
        self.out.extend([next, ((2 + length + padding) / 8 - 1) as u8]);
        self.out.extend_from_slice(content);
        match padding {
            0 => (),
            1 => self.out.push(0),
            more => {
                self.out.extend([1, (more - 2) as u8]);
                self.out.resize(header + 2 + length + padding, 0);
            }
        }
        Ok(is_next_compressed.then_some(header))
    }

    fn udp(&mut self, dispatch: u8, reader: &mut Reader<'_>) -> Result<(), Problem> {
        const PORT_8: u16 = 0xf000;
        const PORT_4: u16 = 0xf0b0;
        let (source, destination) = match dispatch & 3 {
            0 => (reader.u16("source port")?, reader.u16("destination port")?),
            1 => (reader.u16("source port")?, PORT_8 | u16::from(reader.u8("destination port")?)),
            2 => (PORT_8 | u16::from(reader.u8("source port")?), reader.u16("destination port")?),
            _ => {
                let both = u16::from(reader.u8("ports")?);
                (PORT_4 | both >> 4, PORT_4 | both & 0x0f)
            }
        };
        let checksum = if dispatch & 4 != 0 { 0 } else { reader.u16("checksum")? };
        let header = self.out.len();
        self.out.extend(source.to_be_bytes());
        self.out.extend(destination.to_be_bytes());
        self.out.extend([0, 0]);
        self.out.extend(checksum.to_be_bytes());
        self.lengths.push(Length {
            place: header + 4,
            counted_from: header,
        });
        Ok(())
    }
}
