//! The reader of both formats.

use super::{classic, ng};
use crate::Problem;
use std::io::Read;
use weft_model::Timestamp;

/// The longest packet that is kept; a longer one is a problem, and passed over. A radio frame has 127 bytes.
pub const MAX_PACKET_BYTES: usize = 64 * 1024;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// A packet of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Place in the file, from 1; packets that could not be read count.
    pub number: u64,
    /// Link type (LINKTYPE_ number).
    pub link_type: u32,
    /// When it was captured, nanoseconds since 1970; `None` where the file does not tell (simple packet blocks).
    pub nanoseconds: Option<u64>,
    /// The packet.
    pub bytes: Vec<u8>,
    /// Its length on the air, where the capture cut it.
    pub cut_from_bytes: Option<u32>,
}

impl Packet {
    /// When it was captured, to the millisecond.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let milliseconds = i64::try_from(self.nanoseconds? / 1_000_000).unwrap_or(i64::MAX);
        Some(Timestamp::from_unix_milliseconds(milliseconds))
    }
}

/// One item of a file.
pub(super) enum Item {
    /// A packet without its number.
    Packet(Packet),
    /// A packet that cannot be used; the file goes on.
    Passed(Problem),
    /// The file ends here, as it should.
    End,
}

enum Format {
    Classic(classic::File),
    Ng(ng::File),
}

/// Reads the packets of a pcap or pcapng file one after the other. It buffers; whoever has a packed file wraps it first.
pub struct Reader<R> {
    input: Input<R>,
    format: Format,
    packets: u64,
    is_done: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the start of a file, and finds out which format it has.
    ///
    /// # Errors
    /// If it is neither.
    pub fn new(input: R) -> Result<Self, Problem> {
        let mut input = Input::new(input);
        let magic = input.array::<4>("magic number")?;
        let format = match magic {
            ng::SECTION_HEADER => Format::Ng(ng::File::open(&mut input)?),
            _ => Format::Classic(classic::File::open(magic, &mut input)?),
        };
        Ok(Self {
            input,
            format,
            packets: 0,
            is_done: false,
        })
    }

    /// Bytes of the file that were read.
    pub fn bytes_read(&self) -> u64 {
        self.input.offset
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Packet, Problem>;

    /// The next packet, or what is wrong. After a packet that cannot be used the file goes on; after a place that makes no sense it ends.
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let item = match &mut self.format {
            Format::Classic(file) => file.next(&mut self.input),
            Format::Ng(file) => file.next(&mut self.input),
        };
        let number = self.packets + 1;
        match item {
            Ok(Item::Packet(packet)) => {
                self.packets = number;
                Some(Ok(Packet { number, ..packet }))
            }
            Ok(Item::Passed(problem)) => {
                self.packets = number;
                Some(Err(problem))
            }
            Ok(Item::End) => {
                self.is_done = true;
                None
            }
            Err(problem) => {
                self.is_done = true;
                Some(Err(problem))
            }
        }
    }
}

/// What is read from, with the place in it.
pub(super) struct Input<R> {
    input: R,
    buffer: Vec<u8>,
    /// The part of the buffer that was not taken yet.
    from: usize,
    to: usize,
    offset: u64,
}

impl<R: Read> Input<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER_BYTES],
            from: 0,
            to: 0,
            offset: 0,
        }
    }

    fn problem(&self, field: &'static str, reason: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
        Problem::at(field, usize::try_from(self.offset).unwrap_or(usize::MAX), reason)
    }

    /// True if something is left; reads on if nothing is buffered.
    fn fill(&mut self, field: &'static str) -> Result<bool, Problem> {
        while self.from == self.to {
            match self.input.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(length) => (self.from, self.to) = (0, length.min(self.buffer.len())),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => (),
                Err(error) => return Err(self.problem(field, error.to_string())),
            }
        }
        Ok(true)
    }

    /// True at the end of the file.
    pub(super) fn is_at_end(&mut self) -> Result<bool, Problem> {
        self.fill("file").map(|is_more| !is_more)
    }

    /// The next bytes, into `target`.
    pub(super) fn exact(&mut self, field: &'static str, target: &mut [u8]) -> Result<(), Problem> {
        let mut rest = target;
        while !rest.is_empty() {
            if !self.fill(field)? {
                return Err(self.problem(field, "the file is cut off"));
            }
            let length = rest.len().min(self.to - self.from);
            let (now, later) = rest.split_at_mut(length);
            now.copy_from_slice(&self.buffer[self.from..self.from + length]);
            self.from += length;
            self.offset += length as u64;
            rest = later;
        }
        Ok(())
    }

    /// The next bytes, as an array.
    pub(super) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Problem> {
        let mut array = [0; N];
        self.exact(field, &mut array)?;
        Ok(array)
    }

    /// The next bytes; the caller has checked that there are not too many.
    pub(super) fn bytes(&mut self, field: &'static str, length: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes = vec![0; length];
        self.exact(field, &mut bytes)?;
        Ok(bytes)
    }

    /// Passes over bytes without keeping them.
    pub(super) fn skip(&mut self, field: &'static str, length: u64) -> Result<(), Problem> {
        let mut left = length;
        while left > 0 {
            if !self.fill(field)? {
                return Err(self.problem(field, "the file is cut off"));
            }
            let step = left.min((self.to - self.from) as u64);
            self.from += step as usize;
            self.offset += step;
            left -= step;
        }
        Ok(())
    }

    /// A problem at this place.
    pub(super) fn wrong(&self, field: &'static str, reason: String) -> Problem {
        self.problem(field, reason)
    }
}
