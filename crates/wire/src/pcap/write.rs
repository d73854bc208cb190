//! The writer: pcap with nanoseconds, link type 283.

use super::{LinkType, RadioFrame, tap};
use std::io::{self, Write};

/// Microseconds would do for most, and every reader knows nanoseconds.
const MAGIC: u32 = 0xa1b2_3c4d;
const VERSION: (u16, u16) = (2, 4);
const SNAPSHOT_BYTES: u32 = 65_535;

/// Writes frames, each with what the radio measured.
#[derive(Debug)]
pub struct TapWriter<W> {
    output: W,
}

impl<W: Write> TapWriter<W> {
    /// Writes the file's header.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(mut output: W) -> io::Result<Self> {
        let mut header = Vec::with_capacity(24);
        header.extend(MAGIC.to_le_bytes());
        header.extend(VERSION.0.to_le_bytes());
        header.extend(VERSION.1.to_le_bytes());
        header.extend([0; 8]);
        header.extend(SNAPSHOT_BYTES.to_le_bytes());
        header.extend(LinkType::Tap.number().to_le_bytes());
        output.write_all(&header)?;
        Ok(Self { output })
    }

    /// Writes one frame, heard at `nanoseconds` since 1970. The check sequence is not written: radios put other things in its place.
    ///
    /// # Errors
    /// What the output says.
    pub fn frame(&mut self, nanoseconds: u64, frame: &RadioFrame<'_>) -> io::Result<()> {
        let packet = tap::encode(frame);
        let length = u32::try_from(packet.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let seconds = u32::try_from(nanoseconds / 1_000_000_000).unwrap_or(u32::MAX);
        let mut record = Vec::with_capacity(16 + packet.len());
        for number in [seconds, (nanoseconds % 1_000_000_000) as u32, length, length] {
            record.extend(number.to_le_bytes());
        }
        record.extend(packet);
        self.output.write_all(&record)
    }

    /// Hands what was written to the output's own output.
    ///
    /// # Errors
    /// What the output says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// The output.
    pub fn into_inner(self) -> W {
        self.output
    }
}
