//! Manual pairing codes (Matter core specification 1.4, 5.1.4).

use super::{CodeError, Discriminator, SetupCode};
use zeroize::Zeroizing;

const SHORT_DIGITS: usize = 11;
const LONG_DIGITS: usize = 21;

/// More digits than this are not even counted.
const MAX_DIGITS: usize = 99;

/// Digits of a HomeKit setup code.
const HOMEKIT_DIGITS: usize = 8;

/// True for what people put between the groups of a code: spaces and dashes of all kinds, dots.
pub(super) fn is_separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' | '-' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}'
    )
}

/// Reads a code of 11 or 21 digits with separators.
pub(super) fn parse(text: &str) -> Result<SetupCode, CodeError> {
    let mut digits = Zeroizing::new(Vec::with_capacity(MAX_DIGITS));
    for character in text.chars().filter(|character| !is_separator(*character)) {
        match u8::try_from(character) {
            Ok(digit @ b'0'..=b'9') if digits.len() < MAX_DIGITS => digits.push(digit - b'0'),
            Ok(b'0'..=b'9') => {}
            _ => return Err(CodeError::NotDigits),
        }
    }
    parse_digits(&digits)
}

/// Reads a code of 11 or 21 digits, each as its value.
pub(super) fn parse_digits(digits: &[u8]) -> Result<SetupCode, CodeError> {
    let long = match digits.len() {
        SHORT_DIGITS => false,
        LONG_DIGITS => true,
        0 => return Err(CodeError::Empty),
        HOMEKIT_DIGITS => return Err(CodeError::HomeKit),
        other => return Err(CodeError::Length(other)),
    };
    if !check_digit_fits(digits) {
        return Err(CodeError::CheckDigit);
    }
    let number = |first: usize, count: usize| {
        digits
            .iter()
            .skip(first)
            .take(count)
            .fold(0, |number: u32, digit| number * 10 + u32::from(*digit))
    };
    let (first, second, third) = (number(0, 1), number(1, 5), number(6, 4));
    if first > 7 {
        return Err(CodeError::Version);
    }
    match (first & 4 != 0, long) {
        (true, false) => return Err(CodeError::HalfOfALongCode),
        (false, true) => return Err(CodeError::NotALongCode),
        _ => {}
    }
    let (vendor_id, product_id) = if long { (number(10, 5), number(15, 5)) } else { (0, 0) };
    let (Ok(second), Ok(vendor_id), Ok(product_id)) = (u16::try_from(second), u16::try_from(vendor_id), u16::try_from(product_id)) else {
        return Err(CodeError::Range);
    };
    if third > 0x1fff {
        return Err(CodeError::Range);
    }
    let short = (first & 3) << 2 | u32::from(second) >> 14;
    let passcode = third << 14 | u32::from(second & 0x3fff);
    let text = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
    SetupCode::checked(passcode, Discriminator::Short(short as u8), vendor_id, product_id, text)
}

/// The last digit is the Verhoeff check digit of those before it (ISO 7064 knows it as the dihedral scheme): all single errors and swaps of
/// neighbours are noticed.
fn check_digit_fits(digits: &[u8]) -> bool {
    digits
        .iter()
        .rev()
        .enumerate()
        .fold(0, |sum, (position, digit)| dihedral(sum, permuted(*digit, position)))
        == 0
}

/// Multiplication in the symmetry group of the pentagon: 0 to 4 are rotations, 5 to 9 reflections.
fn dihedral(a: u8, b: u8) -> u8 {
    let rotation = match (a < 5, b < 5) {
        (true, _) => (a + b) % 5,
        (false, true) => (a - b % 5) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    match (a < 5) == (b < 5) {
        true => rotation,
        false => rotation + 5,
    }
}

/// Verhoeff's permutation, applied as often as the position says.
fn permuted(digit: u8, position: usize) -> u8 {
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    (0..position % 8).fold(digit, |digit, _| PERMUTATION.get(usize::from(digit)).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table that the scheme is usually given with.
    #[test]
    fn dihedral_group() {
        const TABLE: [&str; 10] = [
            "0123456789",
            "1234067895",
            "2340178956",
            "3401289567",
            "4012395678",
            "5987604321",
            "6598710432",
            "7659821043",
            "8765932104",
            "9876543210",
        ];
        for (a, row) in TABLE.iter().enumerate() {
            for (b, product) in row.bytes().enumerate() {
                assert_eq!(dihedral(a as u8, b as u8), product - b'0', "{a} {b}");
            }
        }
    }

    #[test]
    fn check_digit() {
        let fits = |text: &str| check_digit_fits(&text.bytes().map(|digit| digit - b'0').collect::<Vec<_>>());
        // The example that the scheme is usually given with, and the code of the SDK's test devices.
        assert!(fits("2363"));
        assert!(fits("34970112332"));
        assert!(!fits("2364"));
        assert!(!fits("34970112323"));
    }
}
