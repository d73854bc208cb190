//! How records are sealed: AES-128-CCM with a code of eight bytes (RFC 6655), its nonce half in the open.

use super::record::{Content, DTLS_1_2, Record, numbered};
use aes::Aes128;
use ccm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use ccm::consts::{U8, U12};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 16;
/// Bytes of a nonce's hidden half.
pub(super) const FIXED_NONCE_BYTES: usize = 4;
/// Bytes of a nonce's open half.
const OPEN_NONCE_BYTES: usize = 8;
/// Bytes of the integrity code.
const CODE_BYTES: usize = 8;
/// What sealing adds to a record.
pub(super) const OVERHEAD_BYTES: usize = OPEN_NONCE_BYTES + CODE_BYTES;

type Cipher = ccm::Ccm<Aes128, U8, U12>;

/// The key of one direction. The cipher is made of it for each record: it does not overwrite what it keeps.
pub(super) struct RecordKey {
    pub(super) key: Zeroizing<[u8; KEY_BYTES]>,
    pub(super) fixed_nonce: Zeroizing<[u8; FIXED_NONCE_BYTES]>,
}

impl RecordKey {
    /// Seals what a record carries. `None` only where it is longer than a record can be.
    pub(super) fn seal(&self, content: Content, epoch: u16, sequence: u64, plain: &[u8]) -> Option<Vec<u8>> {
        let length = u16::try_from(plain.len()).ok()?;
        let number = numbered(epoch, sequence);
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD_BYTES);
        sealed.extend_from_slice(&number);
        sealed.extend_from_slice(plain);
        let nonce = self.nonce(&number);
        let nonce = <&Nonce<Cipher>>::try_from(nonce.as_slice()).ok()?;
        let cipher = Cipher::new_from_slice(&*self.key).ok()?;
        let body = sealed.get_mut(OPEN_NONCE_BYTES..)?;
        let code = cipher
            .encrypt_inout_detached(nonce, &additional(content, &number, length), body.into())
            .ok()?;
        sealed.extend_from_slice(&code);
        Some(sealed)
    }

    /// Opens a record; `None` where it is not what the peer sealed.
    pub(super) fn open(&self, record: &Record<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let (open_nonce, rest) = record.payload.split_at_checked(OPEN_NONCE_BYTES)?;
        let (sealed, code) = rest.split_at_checked(rest.len().checked_sub(CODE_BYTES)?)?;
        let length = u16::try_from(sealed.len()).ok()?;
        let number = numbered(record.epoch, record.sequence);
        let nonce = self.nonce(open_nonce);
        let nonce = <&Nonce<Cipher>>::try_from(nonce.as_slice()).ok()?;
        let code = <&Tag<Cipher>>::try_from(code).ok()?;
        let cipher = Cipher::new_from_slice(&*self.key).ok()?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        cipher
            .decrypt_inout_detached(nonce, &additional(record.content, &number, length), plain.as_mut_slice().into(), code)
            .ok()?;
        Some(plain)
    }

    fn nonce(&self, open: &[u8]) -> Zeroizing<[u8; FIXED_NONCE_BYTES + OPEN_NONCE_BYTES]> {
        let mut nonce = Zeroizing::new([0; FIXED_NONCE_BYTES + OPEN_NONCE_BYTES]);
        nonce[..FIXED_NONCE_BYTES].copy_from_slice(&*self.fixed_nonce);
        nonce[FIXED_NONCE_BYTES..].copy_from_slice(open);
        nonce
    }
}

/// What the integrity code covers beside the content (RFC 5246, 6.2.3.3; RFC 6347, 4.1.2.1).
fn additional(content: Content, number: &[u8; 8], plain_bytes: u16) -> [u8; 13] {
    let mut additional = [0; 13];
    additional[..8].copy_from_slice(number);
    additional[8] = content as u8;
    additional[9..11].copy_from_slice(&DTLS_1_2.to_be_bytes());
    additional[11..].copy_from_slice(&plain_bytes.to_be_bytes());
    additional
}
