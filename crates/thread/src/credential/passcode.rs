//! A border router's one-time passcode.

use super::CredentialError;
use zeroize::Zeroizing;

/// How long a passcode may be (OpenThread `include/openthread/border_agent.h`, `OT_BORDER_AGENT_MIN_EPHEMERAL_KEY_LENGTH` and `…_MAX_…`).
const CHARACTERS: std::ops::RangeInclusive<usize> = 6..=32;
/// Digits of a Thread administration passcode, the last one a check digit.
const ADMINISTRATION_DIGITS: usize = 9;

/// A one-time passcode of a border router (ePSKc): digits, the last one a check digit where there are nine (Thread specification 1.4, 8.4.9).
#[derive(Clone)]
pub struct Passcode(Zeroizing<String>);

impl Passcode {
    /// Reads one as people write it: white space and hyphens are passed over. Nine digits are checked by the last one; 6 to 32 characters are taken.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let malformed = CredentialError::Malformed {
            expected: "a one-time passcode: nine digits as the border router shows them, or 6 to 32 letters and digits",
        };
        let mut kept = Zeroizing::new(String::with_capacity(*CHARACTERS.end()));
        for character in text.chars().filter(|character| !is_separator(*character)) {
            if kept.len() == *CHARACTERS.end() || !character.is_ascii_graphic() {
                return Err(malformed);
            }
            kept.push(character);
        }
        if !CHARACTERS.contains(&kept.len()) {
            return Err(malformed);
        }
        if kept.len() == ADMINISTRATION_DIGITS && kept.bytes().all(|byte| byte.is_ascii_digit()) && !last_digit_fits(kept.as_bytes()) {
            return Err(CredentialError::CheckDigit);
        }
        Ok(Self(kept))
    }

    /// The password of the handshake: the digits as ASCII.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// What people and their programs put between digits: spaces, and hyphens of all kinds.
fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Verhoeff's check (J. Verhoeff, Error Detecting Decimal Codes, 1969): digits are turned by their position and multiplied in the dihedral group of order ten.
fn last_digit_fits(digits: &[u8]) -> bool {
    let mut product = 0;
    for (position, digit) in digits.iter().rev().enumerate() {
        let mut turned = usize::from(digit - b'0');
        for _ in 0..position % 8 {
            turned = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][turned];
        }
        product = times(product, turned);
    }
    product == 0
}

/// The product of two of the ten symmetries of a pentagon: 0 to 4 are rotations, 5 to 9 reflections.
fn times(a: usize, b: usize) -> usize {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (5 + a - b) % 5,
    }
}
