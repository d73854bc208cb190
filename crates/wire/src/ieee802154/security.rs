//! The auxiliary security header of MAC frames and of MLE messages (IEEE Std 802.15.4-2015, 9.4; Thread specification 1.4, 4.9).

use crate::{Problem, Reader};

/// How a frame is protected: bits 1..0 give the length of the integrity code, bit 2 encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecurityLevel(u8);

impl SecurityLevel {
    /// Encrypted, with an integrity code of 4 bytes: what Thread uses.
    pub const ENCRYPTED_MIC_32: Self = Self(5);

    /// `None` above 7.
    pub const fn new(level: u8) -> Option<Self> {
        if level <= 7 { Some(Self(level)) } else { None }
    }

    /// The number, 0 to 7.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Bytes of the integrity code at the end of the frame: 0, 4, 8 or 16.
    pub const fn mic_bytes(self) -> usize {
        match self.0 & 3 {
            0 => 0,
            1 => 4,
            2 => 8,
            _ => 16,
        }
    }

    /// The payload is encrypted.
    pub const fn is_encrypted(self) -> bool {
        self.0 & 4 != 0
    }
}

/// Which key protects a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyId {
    /// Mode 0: agreed otherwise (in Thread, the key encryption key of a joiner).
    Implicit,
    /// Mode 1: (key sequence & 0x7f) + 1.
    Index(u8),
    /// Mode 2: MLE has the key sequence as its source, big-endian; Announce frames have ffffffff.
    Source4 {
        /// Key source, as it came.
        source: [u8; 4],
        /// Key index.
        index: u8,
    },
    /// Mode 3; not used in Thread.
    Source8 {
        /// Key source, as it came.
        source: [u8; 8],
        /// Key index.
        index: u8,
    },
}

impl KeyId {
    /// The key id mode.
    pub const fn mode(self) -> u8 {
        match self {
            Self::Implicit => 0,
            Self::Index(_) => 1,
            Self::Source4 { .. } => 2,
            Self::Source8 { .. } => 3,
        }
    }
}

/// An auxiliary security header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuxiliarySecurity {
    /// Security level.
    pub level: SecurityLevel,
    /// Which key.
    pub key_id: KeyId,
    /// The sender's frame counter; `None` where it is suppressed (version 2015, TSCH).
    pub frame_counter: Option<u32>,
    /// The nonce is made of the absolute slot number (TSCH; not used in Thread).
    pub slot_number_in_nonce: bool,
}

impl AuxiliarySecurity {
    /// Reads a header. `is_2015`: bits 5 and 6 of security control mean something.
    pub(crate) fn read(reader: &mut Reader<'_>, is_2015: bool) -> Result<Self, Problem> {
        let control = reader.u8("security control")?;
        let is_counter_suppressed = is_2015 && control & 0x20 != 0;
        let frame_counter = if is_counter_suppressed {
            None
        } else {
            Some(u32::from_le_bytes(reader.array("frame counter")?))
        };
        let key_id = match control >> 3 & 3 {
            0 => KeyId::Implicit,
            1 => KeyId::Index(reader.u8("key index")?),
            2 => KeyId::Source4 {
                source: reader.array("key source")?,
                index: reader.u8("key index")?,
            },
            _ => KeyId::Source8 {
                source: reader.array("key source")?,
                index: reader.u8("key index")?,
            },
        };
        Ok(Self {
            level: SecurityLevel(control & 7),
            key_id,
            frame_counter,
            slot_number_in_nonce: is_2015 && control & 0x40 != 0,
        })
    }

    /// Appends the header.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let suppressed = if self.frame_counter.is_none() { 0x20 } else { 0 };
        let slot_number = if self.slot_number_in_nonce { 0x40 } else { 0 };
        bytes.push(self.level.get() | self.key_id.mode() << 3 | suppressed | slot_number);
        bytes.extend(self.frame_counter.into_iter().flat_map(u32::to_le_bytes));
        match self.key_id {
            KeyId::Implicit => (),
            KeyId::Index(index) => bytes.push(index),
            KeyId::Source4 { source, index } => {
                bytes.extend(source);
                bytes.push(index);
            }
            KeyId::Source8 { source, index } => {
                bytes.extend(source);
                bytes.push(index);
            }
        }
    }
}
