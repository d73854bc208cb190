//! pcapng: blocks, of which sections, interfaces and packets matter here.

use super::reader::{Input, Item, MAX_PACKET_BYTES, Packet};
use crate::Problem;
use std::io::Read;

/// The first four bytes of every file: the type of a section header block, the same in both byte orders.
pub(super) const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const SECTION_HEADER_TYPE: u32 = 0x0a0d_0d0a;
const INTERFACE_TYPE: u32 = 1;
const OLD_PACKET_TYPE: u32 = 2;
const SIMPLE_PACKET_TYPE: u32 = 3;
const PACKET_TYPE: u32 = 6;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Type and length in front, length behind.
const FRAME_BYTES: u32 = 12;
/// A packet block beside the packet and its options.
const PACKET_HEADER_BYTES: usize = 20;
/// The longest block that is kept: a packet, its header, and options of a sensible length.
const MAX_BLOCK_BYTES: u32 = MAX_PACKET_BYTES as u32 + 64 * 1024;
/// The most interfaces of one section.
const MAX_INTERFACES: usize = 1024;

const OPTION_END: u16 = 0;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;
/// The most options that are read of one block.
const MAX_OPTIONS: usize = 256;

struct Interface {
    link_type: u32,
    snapshot_bytes: u32,
    ticks_per_second: u64,
    offset_seconds: i64,
}

/// What the section says so far.
pub(super) struct File {
    is_little_endian: bool,
    interfaces: Vec<Interface>,
}

impl File {
    /// Reads the rest of the first section header; its type was read.
    pub(super) fn open<R: Read>(input: &mut Input<R>) -> Result<Self, Problem> {
        let mut file = Self {
            is_little_endian: true,
            interfaces: Vec::new(),
        };
        file.section(input)?;
        Ok(file)
    }

    fn section<R: Read>(&mut self, input: &mut Input<R>) -> Result<(), Problem> {
        let length = input.array::<4>("length of section header")?;
        let magic = input.array::<4>("byte-order magic")?;
        self.is_little_endian = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (BYTE_ORDER_MAGIC, _) => true,
            (_, BYTE_ORDER_MAGIC) => false,
            _ => return Err(input.wrong("byte-order magic", "in neither order".to_owned())),
        };
        self.interfaces.clear();
        let length = self.u32(length);
        let length = self.checked_length(length, input)?;
        match length.checked_sub(FRAME_BYTES + 4) {
            Some(rest) => input.skip("section header", u64::from(rest) + 4),
            None => Err(input.wrong("length of section header", format!("{length} bytes"))),
        }
    }

    fn checked_length<R: Read>(&self, length: u32, input: &Input<R>) -> Result<u32, Problem> {
        if length < FRAME_BYTES || !length.is_multiple_of(4) {
            return Err(input.wrong("length of block", format!("{length} bytes")));
        }
        Ok(length)
    }

    fn u16(&self, bytes: [u8; 2]) -> u16 {
        match self.is_little_endian {
            true => u16::from_le_bytes(bytes),
            false => u16::from_be_bytes(bytes),
        }
    }

    fn u32(&self, bytes: [u8; 4]) -> u32 {
        match self.is_little_endian {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn next<R: Read>(&mut self, input: &mut Input<R>) -> Result<Item, Problem> {
        loop {
            if input.is_at_end()? {
                return Ok(Item::End);
            }
            let kind = input.array::<4>("type of block")?;
            if self.u32(kind) == SECTION_HEADER_TYPE {
                self.section(input)?;
                continue;
            }
            let length = input.array::<4>("length of block")?;
            let length = self.checked_length(self.u32(length), input)?;
            let body_bytes = length - FRAME_BYTES;
            let kind = self.u32(kind);
            let is_packet = matches!(kind, PACKET_TYPE | SIMPLE_PACKET_TYPE | OLD_PACKET_TYPE);
            if !is_packet && kind != INTERFACE_TYPE || length > MAX_BLOCK_BYTES {
                let problem = is_packet.then(|| input.wrong("length of block", format!("a packet block of {length} bytes")));
                input.skip("block", u64::from(body_bytes) + 4)?;
                match problem {
                    Some(problem) => return Ok(Item::Passed(problem)),
                    None => continue,
                }
            }
            let body = input.bytes("block", body_bytes as usize)?;
            input.skip("length behind block", 4)?;
            let item = match kind {
                INTERFACE_TYPE => {
                    self.interface(&body)
                        .map_err(|reason| input.wrong("interface description", reason.to_owned()))?;
                    continue;
                }
                SIMPLE_PACKET_TYPE => self.simple_packet(&body),
                _ => self.packet(&body, kind == OLD_PACKET_TYPE),
            };
            return Ok(match item {
                Ok(packet) => Item::Packet(packet),
                Err(reason) => Item::Passed(input.wrong("packet block", reason.to_owned())),
            });
        }
    }

    fn interface(&mut self, body: &[u8]) -> Result<(), &'static str> {
        if self.interfaces.len() == MAX_INTERFACES {
            return Err("too many interfaces");
        }
        let Some(([l0, l1, _, _, s0, s1, s2, s3], options)) = body.split_first_chunk() else {
            return Err("cut off");
        };
        let mut interface = Interface {
            link_type: u32::from(self.u16([*l0, *l1])),
            snapshot_bytes: self.u32([*s0, *s1, *s2, *s3]),
            ticks_per_second: 1_000_000,
            offset_seconds: 0,
        };
        let mut rest = options;
        for _ in 0..MAX_OPTIONS {
            let Some(([c0, c1, l0, l1], after)) = rest.split_first_chunk() else {
                break;
            };
            let (code, length) = (self.u16([*c0, *c1]), usize::from(self.u16([*l0, *l1])));
            let (Some(value), true) = (after.get(..length), code != OPTION_END) else {
                break;
            };
            match (code, value) {
                (OPTION_RESOLUTION, [resolution]) => {
                    // A power of ten, or, with bit 7, of two.
                    let base = if resolution & 0x80 == 0 { 10u64 } else { 2 };
                    interface.ticks_per_second = base.checked_pow(u32::from(resolution & 0x7f)).ok_or("its time resolution is too fine")?;
                }
                (OPTION_OFFSET, value) => {
                    if let Ok(bytes) = <[u8; 8]>::try_from(value) {
                        interface.offset_seconds = match self.is_little_endian {
                            true => i64::from_le_bytes(bytes),
                            false => i64::from_be_bytes(bytes),
                        };
                    }
                }
                _ => (),
            }
            rest = after.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        self.interfaces.push(interface);
        Ok(())
    }

    fn packet(&self, body: &[u8], is_old: bool) -> Result<Packet, &'static str> {
        let Some((header, data)) = body.split_first_chunk::<PACKET_HEADER_BYTES>() else {
            return Err("cut off");
        };
        let number = |at: usize| self.u32([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let interface = match is_old {
            true => u32::from(self.u16([header[0], header[1]])),
            false => number(0),
        };
        let interface = self.interfaces.get(interface as usize).ok_or("of an interface that is not described")?;
        let ticks = u64::from(number(4)) << 32 | u64::from(number(8));
        let (captured, original) = (number(12), number(16));
        Ok(Packet {
            number: 0,
            link_type: interface.link_type,
            nanoseconds: Some(interface.nanoseconds(ticks)),
            bytes: kept(data, captured)?,
            cut_from_bytes: (original > captured).then_some(original),
        })
    }

    /// A simple packet belongs to the first interface, and has no time.
    fn simple_packet(&self, body: &[u8]) -> Result<Packet, &'static str> {
        let (original, data) = body.split_first_chunk::<4>().ok_or("cut off")?;
        let original = self.u32(*original);
        let interface = self.interfaces.first().ok_or("of an interface that is not described")?;
        let captured = match interface.snapshot_bytes {
            0 => original,
            snapshot => original.min(snapshot),
        };
        Ok(Packet {
            number: 0,
            link_type: interface.link_type,
            nanoseconds: None,
            bytes: kept(data, captured)?,
            cut_from_bytes: (original > captured).then_some(original),
        })
    }
}

fn kept(data: &[u8], captured: u32) -> Result<Vec<u8>, &'static str> {
    if captured as usize > MAX_PACKET_BYTES {
        return Err("too long");
    }
    data.get(..captured as usize).map(<[u8]>::to_vec).ok_or("cut off")
}

impl Interface {
    fn nanoseconds(&self, ticks: u64) -> u64 {
        let since = u128::from(ticks) * 1_000_000_000 / u128::from(self.ticks_per_second);
        let offset = i128::from(self.offset_seconds) * 1_000_000_000;
        let since = i128::try_from(since).unwrap_or(i128::MAX).saturating_add(offset);
        u64::try_from(since.max(0)).unwrap_or(u64::MAX)
    }
}
