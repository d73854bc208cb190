//! HDLC-lite framing of Spinel on serial lines: flag, escape, FCS-16 (RFC 1662 without address and control fields;
//! OpenThread `src/lib/hdlc/hdlc.cpp`). The decoder lives on whatever a line brings: noise, cut frames, text of a boot loader.

use crate::crc16;

/// Between frames; several in a row are normal.
pub const FLAG: u8 = 0x7e;

const ESCAPE: u8 = 0x7d;
const ESCAPE_BIT: u8 = 0x20;
/// Flow control and vendor bytes, which are escaped as well.
const XON: u8 = 0x11;
const XOFF: u8 = 0x13;
const VENDOR: u8 = 0xf8;

const FCS_START: u16 = 0xffff;
/// The remainder over a frame with its check sequence.
const FCS_GOOD: u16 = 0xf0b8;
const FCS_BYTES: usize = 2;

/// The longest Spinel frame that OpenThread's RCPs send or take.
pub const MAX_SPINEL_FRAME_BYTES: usize = 2048;

fn push_escaped(byte: u8, line: &mut Vec<u8>) {
    match byte {
        FLAG | ESCAPE | XON | XOFF | VENDOR => line.extend([ESCAPE, byte ^ ESCAPE_BIT]),
        _ => line.push(byte),
    }
}

/// Appends a frame to what goes to the line: flag, frame, check sequence, flag.
pub fn encode(frame: &[u8], line: &mut Vec<u8>) {
    line.push(FLAG);
    let check = !crc16::over(FCS_START, frame);
    for byte in frame.iter().copied().chain(check.to_le_bytes()) {
        push_escaped(byte, line);
    }
    line.push(FLAG);
}

/// What the line brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A frame whose check sequence is right, without it.
    Frame(&'a [u8]),
    /// Bytes between two flags that are no frame.
    Garbage(Garbage),
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Garbage {
    /// The check sequence is wrong: something was lost or changed on the line, or it is no HDLC.
    #[error("a wrong check sequence over {0} bytes")]
    WrongCheck(usize),
    /// Too short for a frame.
    #[error("{0} bytes are too short for a frame")]
    TooShort(usize),
    /// Longer than a frame may be; the rest up to the next flag is skipped.
    #[error("no flag within {0} bytes")]
    TooLong(usize),
    /// An escape byte before the flag: the sender gave the frame up.
    #[error("given up by the sender")]
    Aborted,
}

/// Finds frames in what a line brings, piece by piece. Never keeps more than one frame.
#[derive(Debug, Clone)]
pub struct Decoder {
    frame: Vec<u8>,
    max_frame_bytes: usize,
    is_escaped: bool,
    is_skipping: bool,
    /// The last event lent out the frame: it is cleared with the next byte.
    is_spent: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(MAX_SPINEL_FRAME_BYTES)
    }
}

impl Decoder {
    /// A decoder for frames of at most so many bytes.
    pub fn new(max_frame_bytes: usize) -> Self {
        Self {
            frame: Vec::new(),
            max_frame_bytes,
            is_escaped: false,
            is_skipping: false,
            is_spent: false,
        }
    }

    /// Takes one byte. Gives the frame or the garbage that it ends.
    pub fn push(&mut self, byte: u8) -> Option<Event<'_>> {
        if self.is_spent {
            self.frame.clear();
            self.is_spent = false;
        }
        match byte {
            FLAG => self.flag(),
            ESCAPE => {
                self.is_escaped = true;
                None
            }
            byte => {
                let byte = if self.is_escaped { byte ^ ESCAPE_BIT } else { byte };
                self.is_escaped = false;
                self.byte(byte)
            }
        }
    }

    fn byte(&mut self, byte: u8) -> Option<Event<'_>> {
        if self.is_skipping {
            return None;
        }
        if self.frame.len() >= self.max_frame_bytes + FCS_BYTES {
            self.is_skipping = true;
            self.frame.clear();
            return Some(Event::Garbage(Garbage::TooLong(self.max_frame_bytes)));
        }
        self.frame.push(byte);
        None
    }

    fn flag(&mut self) -> Option<Event<'_>> {
        let (was_escaped, was_skipping) = (self.is_escaped, self.is_skipping);
        self.is_escaped = false;
        self.is_skipping = false;
        self.is_spent = true;
        let bytes = self.frame.len();
        if was_skipping || (bytes == 0 && !was_escaped) {
            return None;
        }
        if was_escaped {
            return Some(Event::Garbage(Garbage::Aborted));
        }
        if bytes <= FCS_BYTES {
            return Some(Event::Garbage(Garbage::TooShort(bytes)));
        }
        if crc16::over(FCS_START, &self.frame) != FCS_GOOD {
            return Some(Event::Garbage(Garbage::WrongCheck(bytes)));
        }
        Some(Event::Frame(&self.frame[..bytes - FCS_BYTES]))
    }

    /// Takes what the line brought, and hands over what it ends.
    pub fn feed(&mut self, line: &[u8], mut each: impl FnMut(Event<'_>)) {
        for byte in line {
            if let Some(event) = self.push(*byte) {
                each(event);
            }
        }
    }

    /// Forgets what came so far: the line was opened anew.
    pub fn reset(&mut self) {
        *self = Self::new(self.max_frame_bytes);
    }
}

#[cfg(test)]
mod tests;
