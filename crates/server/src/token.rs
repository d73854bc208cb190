//! The token that opens a service which listens beyond this machine.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A secret text. It has no `Debug` and no `Serialize`, is compared in constant time, and is overwritten when dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too easy to guess.
    #[error("a token has at least {} characters", Token::MIN_LENGTH)]
    Short,
    /// It could not stand in an HTTP header.
    #[error("a token consists of visible ASCII characters")]
    Characters,
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

impl Token {
    /// The fewest characters that a token may have.
    pub const MIN_LENGTH: usize = 16;
    /// Bytes of a generated token.
    const GENERATED_BYTES: usize = 32;

    /// A token from a file or the configuration; white space around it is cut off.
    ///
    /// # Errors
    /// When it is too short, or has characters that no HTTP header carries. The error does not repeat it.
    pub fn new(text: String) -> Result<Self, TokenError> {
        let text = Zeroizing::new(text);
        let trimmed = text.trim();
        if !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Characters);
        }
        if trimmed.len() < Self::MIN_LENGTH {
            return Err(TokenError::Short);
        }
        Ok(Self(Zeroizing::new(trimmed.to_owned())))
    }

    /// A new random token, 256 bits in hexadecimal digits.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, TokenError> {
        random_hex::<{ Self::GENERATED_BYTES }>().map(Self)
    }

    /// The secret itself: to be printed once, or written to a file that only its owner reads.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True if `text` is this token. The hashes of both are compared without an early exit, so that the time tells nothing.
    pub fn matches(&self, text: &str) -> bool {
        let difference = hash(&self.0)
            .iter()
            .zip(hash(text))
            .fold(0, |difference, (one, other)| difference | (one ^ other));
        std::hint::black_box(difference) == 0
    }
}

/// SHA-256.
pub(crate) fn hash(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// `N` random bytes in hexadecimal digits.
pub(crate) fn random_hex<const N: usize>() -> Result<Zeroizing<String>, TokenError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| TokenError::NoRandomness)?;
    Ok(Zeroizing::new(hex(bytes.as_slice())))
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_matches() {
        let token = Token::new(" correct-horse-battery\n".into()).unwrap();
        assert!(token.matches("correct-horse-battery"));
        for other in ["", "correct-horse-batter", "correct-horse-batterz", "correct-horse-battery "] {
            assert!(!token.matches(other), "{other}");
        }
    }

    #[test]
    fn weak_or_unsendable_tokens_are_refused_without_being_repeated() {
        assert_eq!(Token::new("short".into()).err(), Some(TokenError::Short));
        assert_eq!(Token::new("with a space within it".into()).err(), Some(TokenError::Characters));
        assert_eq!(Token::new("schlüssel-schlüssel".into()).err(), Some(TokenError::Characters));
        assert!(!TokenError::Short.to_string().contains("short"));
    }

    #[test]
    fn generated_tokens_differ() {
        let (one, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert_eq!(one.expose().len(), 64);
        assert!(!one.matches(other.expose()));
    }
}
