//! The values of properties.

use crate::{Problem, Reader};
use weft_model::ExtendedAddress;
use zeroize::Zeroizing;

/// Numbers that are packed into 7 bits a byte have at most three bytes, and stay below this.
pub const MAX_PACKED_UINT: u32 = 1 << 21;

/// The most numbers that are read from a list of packed ones.
const MAX_CAPABILITIES: usize = 256;

/// Reads a packed number: 7 bits a byte, low bits first, bit 7 says that more follow.
///
/// # Errors
/// If it is cut off or has more than three bytes.
pub fn read_packed(reader: &mut Reader<'_>, field: &'static str) -> Result<u32, Problem> {
    let start = reader.position();
    let mut number = 0;
    for shift in [0, 7, 14] {
        let byte = reader.u8(field)?;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Problem::at(field, start, "a packed number of more than three bytes"))
}

/// Appends a packed number, cut to 21 bits.
pub fn write_packed(bytes: &mut Vec<u8>, number: u32) {
    let mut rest = number & (MAX_PACKED_UINT - 1);
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

/// A value that is one packed number.
///
/// # Errors
/// If it is none.
pub fn decode_packed(value: &[u8]) -> Result<u32, Problem> {
    read_packed(&mut Reader::new(value), "value")
}

/// A packed number as a value.
pub fn encode_packed(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_packed(&mut bytes, number);
    bytes
}

/// A value of exactly `N` bytes at its start: `u8::from_le_bytes(decode_bytes(value)?)` and the like.
///
/// # Errors
/// If it is shorter.
pub fn decode_bytes<const N: usize>(value: &[u8]) -> Result<[u8; N], Problem> {
    Reader::new(value).array("value")
}

/// A text up to its zero byte; what is not UTF-8 is replaced.
pub fn decode_text(value: &[u8]) -> String {
    let text = value.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// Major and minor protocol version.
///
/// # Errors
/// If one is missing.
pub fn decode_protocol_version(value: &[u8]) -> Result<(u32, u32), Problem> {
    let mut reader = Reader::new(value);
    Ok((read_packed(&mut reader, "major version")?, read_packed(&mut reader, "minor version")?))
}

/// Capability numbers, for [`super::Capability`].
///
/// # Errors
/// If one is cut off, or there are too many.
pub fn decode_capabilities(value: &[u8]) -> Result<Vec<u32>, Problem> {
    let mut reader = Reader::new(value);
    let mut capabilities = Vec::new();
    while !reader.is_empty() {
        if capabilities.len() == MAX_CAPABILITIES {
            return Err(Problem::at("capabilities", reader.position(), format!("more than {MAX_CAPABILITIES}")));
        }
        capabilities.push(read_packed(&mut reader, "capability")?);
    }
    Ok(capabilities)
}

/// An extended address or EUI-64.
///
/// # Errors
/// If it is shorter than 8 bytes.
pub fn decode_extended_address(value: &[u8]) -> Result<ExtendedAddress, Problem> {
    decode_bytes(value).map(ExtendedAddress)
}

/// An extended address as a value.
pub fn encode_extended_address(address: ExtendedAddress) -> Vec<u8> {
    address.0.to_vec()
}

/// How much the radio filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PromiscuousMode {
    /// Only frames for the radio itself.
    Off = 0,
    /// All frames of the network.
    Network = 1,
    /// All frames. A radio co-processor makes no difference between this and the one before.
    Full = 2,
}

/// What a scan does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScanState {
    /// Nothing, or done.
    Idle = 0,
    /// Asks for beacons.
    Beacon = 1,
    /// Measures energy.
    Energy = 2,
    /// MLE Discovery; not on radio co-processors.
    Discover = 3,
}

impl ScanState {
    /// `None` for a number that is not known.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Idle,
            1 => Self::Beacon,
            2 => Self::Energy,
            3 => Self::Discover,
            _ => return None,
        })
    }
}

/// The value of RCP_MAC_KEY: key id mode 1, the index of the current key, and three MAC keys. Overwritten when dropped.
pub fn encode_mac_keys(index: u8, previous: &[u8; 16], current: &[u8; 16], next: &[u8; 16]) -> Zeroizing<Vec<u8>> {
    const KEY_ID_MODE_1: u8 = 1 << 3;
    let mut value = Zeroizing::new(Vec::with_capacity(2 + 3 * (2 + previous.len())));
    value.extend([KEY_ID_MODE_1, index]);
    for key in [previous, current, next] {
        value.extend((key.len() as u16).to_le_bytes());
        value.extend_from_slice(key);
    }
    value
}
