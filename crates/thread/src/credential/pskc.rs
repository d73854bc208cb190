//! The pre-shared key for the commissioner.

use super::{CredentialError, hex};
use aes::Aes128;
use cmac::{Cmac, KeyInit, Mac};
use weft_model::ExtendedPanId;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a PSKc.
pub const PSKC_BYTES: usize = 16;
/// How long a commissioner's passphrase may be, in bytes (Thread specification 1.4, 8.10.4).
const PASSPHRASE_BYTES: std::ops::RangeInclusive<usize> = 6..=255;
/// How long a network's name may be, in bytes.
const NETWORK_NAME_BYTES: std::ops::RangeInclusive<usize> = 1..=16;
/// How often the derivation repeats its function.
const ROUNDS: usize = 16_384;
/// Bytes of a block of AES-CMAC.
const BLOCK_BYTES: usize = 16;

/// The pre-shared key for the commissioner: opens border agents.
#[derive(Clone)]
pub struct Pskc(Zeroizing<[u8; PSKC_BYTES]>);

impl Pskc {
    /// From its bytes.
    pub fn new(bytes: [u8; PSKC_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for whoever opens a session.
    pub fn expose(&self) -> &[u8; PSKC_BYTES] {
        &self.0
    }

    /// From 32 hexadecimal digits; white space is passed over.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn from_hex(text: &str) -> Result<Self, CredentialError> {
        let bytes = hex::read(text, PSKC_BYTES).filter(|bytes| bytes.len() == PSKC_BYTES);
        let bytes = bytes.ok_or(CredentialError::Malformed {
            expected: "a PSKc of 32 hexadecimal digits",
        })?;
        let mut key = Zeroizing::new([0; PSKC_BYTES]);
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// From a commissioner passphrase (6 to 255 bytes): PBKDF2 with AES-CMAC-PRF-128 (RFC 4615), 16,384 rounds, salt "Thread", extended PAN ID, network name
    /// (Thread specification 1.4, 8.4.1.2.2; OpenThread `src/core/meshcop/meshcop.cpp`, `GeneratePskc`).
    ///
    /// # Errors
    /// Where the passphrase or the name has another length than these may have.
    pub fn derive(passphrase: &str, network_name: &str, extended_pan_id: ExtendedPanId) -> Result<Self, CredentialError> {
        if !PASSPHRASE_BYTES.contains(&passphrase.len()) {
            return Err(CredentialError::Malformed {
                expected: "a passphrase of 6 to 255 bytes",
            });
        }
        if !NETWORK_NAME_BYTES.contains(&network_name.len()) {
            return Err(CredentialError::Malformed {
                expected: "a network name of 1 to 16 bytes",
            });
        }
        let key = prf_key(passphrase.as_bytes());
        let function = <Cmac<Aes128> as KeyInit>::new((&*key).into());
        // One block is all that is asked for, so there is only the first one.
        let mut salt = Vec::with_capacity(64);
        salt.extend_from_slice(b"Thread");
        salt.extend_from_slice(&extended_pan_id.0);
        salt.extend_from_slice(network_name.as_bytes());
        salt.extend_from_slice(&1_u32.to_be_bytes());
        let mut round = Zeroizing::new(mac(&function, &salt));
        let mut derived = round.clone();
        for _ in 1..ROUNDS {
            *round = mac(&function, &*round);
            for (derived, round) in derived.iter_mut().zip(&*round) {
                *derived ^= round;
            }
        }
        Ok(Self(derived))
    }
}

/// The key of AES-CMAC-PRF-128 for a key of any length (RFC 4615, section 3).
fn prf_key(variable: &[u8]) -> Zeroizing<[u8; BLOCK_BYTES]> {
    let mut key = Zeroizing::new([0; BLOCK_BYTES]);
    if variable.len() == BLOCK_BYTES {
        key.copy_from_slice(variable);
    } else {
        *key = mac(&<Cmac<Aes128> as KeyInit>::new(&[0; BLOCK_BYTES].into()), variable);
    }
    key
}

fn mac(function: &Cmac<Aes128>, message: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut tag = function.clone().chain_update(message).finalize().into_bytes();
    let mut bytes = [0; BLOCK_BYTES];
    bytes.copy_from_slice(&tag);
    tag.as_mut_slice().zeroize();
    bytes
}
