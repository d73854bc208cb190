//! Payloads of QR codes (Matter core specification 1.4, 5.1.3).

use super::{CodeError, Discriminator, SetupCode};
use zeroize::Zeroizing;

const PREFIX: &str = "MT:";

/// Between the payloads of several devices in one QR code.
pub(super) const SEPARATOR: char = '*';

/// The most characters that a QR code holds.
pub(super) const MAX_CHARACTERS: usize = 4_296;

/// Bytes before the optional TLV data.
const FIXED_BYTES: usize = 11;

/// What follows `MT:`, in either case.
pub(super) fn strip_prefix(text: &str) -> Option<&str> {
    let (prefix, body) = text.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(body)
}

/// True for the characters of a payload (Base-38), in either case.
pub(super) fn is_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.')
}

/// Reads one payload, without `MT:`.
pub(super) fn parse(body: &str) -> Result<SetupCode, CodeError> {
    let bytes = decode(body).ok_or(CodeError::Payload)?;
    let mut reader = Bits { bytes: &bytes, position: 0 };
    let version = reader.take(3);
    let vendor_id = reader.take(16);
    let product_id = reader.take(16);
    let _commissioning_flow = reader.take(2);
    let _discovery_capabilities = reader.take(8);
    let discriminator = reader.take(12);
    let passcode = reader.take(27);
    if bytes.len() < FIXED_BYTES {
        return Err(CodeError::Payload);
    }
    if version != 0 {
        return Err(CodeError::Version);
    }
    // Room for all of it: growing would leave a copy behind.
    let mut text = String::with_capacity(PREFIX.len() + body.len());
    text.extend([PREFIX, body]);
    text.make_ascii_uppercase();
    SetupCode::checked(
        passcode,
        Discriminator::Long(discriminator as u16),
        vendor_id as u16,
        product_id as u16,
        text,
    )
}

/// Base-38: five characters are three bytes, four are two, two are one; the least significant comes first.
fn decode(body: &str) -> Option<Zeroizing<Vec<u8>>> {
    if body.len() > MAX_CHARACTERS {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(body.len()));
    for chunk in body.as_bytes().chunks(5) {
        let count = match chunk.len() {
            5 => 3,
            4 => 2,
            2 => 1,
            _ => return None,
        };
        let mut number = 0;
        for character in chunk.iter().rev() {
            number = number * 38 + u32::from(value(*character)?);
        }
        if number >> (8 * count) != 0 {
            return None;
        }
        bytes.extend(number.to_le_bytes().iter().take(count));
    }
    Some(bytes)
}

fn value(character: u8) -> Option<u8> {
    match character.to_ascii_uppercase() {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        letter @ b'A'..=b'Z' => Some(letter - b'A' + 10),
        b'-' => Some(36),
        b'.' => Some(37),
        _ => None,
    }
}

/// Bits of bytes, the least significant first. Zeros behind the end.
struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> u32 {
        let mut number = 0;
        for bit in 0..count {
            let byte = self.bytes.get(self.position / 8).copied().unwrap_or_default();
            number |= u32::from(byte >> (self.position % 8) & 1) << bit;
            self.position += 1;
        }
        number
    }
}
