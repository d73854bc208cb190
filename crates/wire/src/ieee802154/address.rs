//! MAC addresses: none, 16 bits, 64 bits.

use crate::{Problem, Reader};
use std::fmt;
use weft_model::{ExtendedAddress, Rloc16};

/// A source or destination address of a MAC frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// Left out: of an acknowledgment, or the coordinator's in a beacon.
    #[default]
    None,
    /// 16 bits. In Thread, a locator or one of the special numbers.
    Short(u16),
    /// 64 bits.
    Extended(ExtendedAddress),
}

impl Address {
    /// Everybody.
    pub const BROADCAST: Self = Self::Short(0xffff);

    /// The locator, if it is one.
    pub const fn rloc16(self) -> Option<Rloc16> {
        match self {
            Self::Short(number) => Rloc16::new(number),
            Self::None | Self::Extended(_) => None,
        }
    }

    /// The 64-bit address, if it is one.
    pub const fn extended(self) -> Option<ExtendedAddress> {
        match self {
            Self::Extended(address) => Some(address),
            Self::None | Self::Short(_) => None,
        }
    }

    /// True for everybody's address.
    pub const fn is_broadcast(self) -> bool {
        matches!(self, Self::Short(0xffff))
    }

    /// The number of the addressing mode in frame control: 0, 2, 3.
    pub(super) const fn mode(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Short(_) => 2,
            Self::Extended(_) => 3,
        }
    }

    /// Reads an address of this mode.
    pub(super) fn read(reader: &mut Reader<'_>, mode: u16, field: &'static str) -> Result<Self, Problem> {
        Ok(match mode {
            0 => Self::None,
            2 => Self::Short(u16::from_le_bytes(reader.array(field)?)),
            3 => {
                let mut bytes: [u8; 8] = reader.array(field)?;
                bytes.reverse();
                Self::Extended(ExtendedAddress(bytes))
            }
            other => return Err(Problem::at("frame control", 0, format!("{field}: addressing mode {other} is reserved"))),
        })
    }

    /// Appends the address.
    pub(super) fn write(self, bytes: &mut Vec<u8>) {
        match self {
            Self::None => (),
            Self::Short(number) => bytes.extend(number.to_le_bytes()),
            Self::Extended(address) => bytes.extend(address.0.iter().rev()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Short(number) => write!(f, "0x{number:04x}"),
            Self::Extended(address) => address.fmt(f),
        }
    }
}
