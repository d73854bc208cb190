//! pcap: one header, then packets.

use super::reader::{Input, Item, MAX_PACKET_BYTES, Packet};
use crate::Problem;
use std::io::Read;

/// Magic numbers, as the writer's machine stored them.
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// What the file's header says.
pub(super) struct File {
    is_little_endian: bool,
    nanoseconds_per_tick: u64,
    link_type: u32,
}

impl File {
    pub(super) fn open<R: Read>(magic: [u8; 4], input: &mut Input<R>) -> Result<Self, Problem> {
        let (is_little_endian, nanoseconds_per_tick) = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (MICROSECONDS, _) => (true, 1000),
            (NANOSECONDS, _) => (true, 1),
            (_, MICROSECONDS) => (false, 1000),
            (_, NANOSECONDS) => (false, 1),
            _ => return Err(Problem::at("magic number", 0, "neither pcap nor pcapng")),
        };
        // Version, two reserved numbers and the snapshot length say nothing that is needed.
        let header: [u8; 20] = input.array("file header")?;
        let [.., a, b, c, d] = header;
        let mut file = Self {
            is_little_endian,
            nanoseconds_per_tick,
            link_type: 0,
        };
        // The upper bits tell about check sequences of other link types.
        file.link_type = file.number([a, b, c, d]) & 0xffff;
        Ok(file)
    }

    fn number(&self, bytes: [u8; 4]) -> u32 {
        match self.is_little_endian {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn next<R: Read>(&mut self, input: &mut Input<R>) -> Result<Item, Problem> {
        if input.is_at_end()? {
            return Ok(Item::End);
        }
        let mut number = |field| input.array::<4>(field).map(|bytes| self.number(bytes));
        let seconds = number("seconds")?;
        let ticks = number("fraction of a second")?;
        let captured = number("captured length")?;
        let original = number("original length")?;
        if captured as usize > MAX_PACKET_BYTES {
            let problem = input.wrong("captured length", format!("a packet of {captured} bytes"));
            input.skip("packet", u64::from(captured))?;
            return Ok(Item::Passed(problem));
        }
        let bytes = input.bytes("packet", captured as usize)?;
        Ok(Item::Packet(Packet {
            number: 0,
            link_type: self.link_type,
            nanoseconds: Some(u64::from(seconds) * 1_000_000_000 + u64::from(ticks) * self.nanoseconds_per_tick),
            bytes,
            cut_from_bytes: (original > captured).then_some(original),
        }))
    }
}
