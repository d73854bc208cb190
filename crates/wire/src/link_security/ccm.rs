//! AES-CCM* with nonces of 13 bytes (IEEE Std 802.15.4-2015, annex B).

use super::key::KEY_BYTES;
use crate::ieee802154::SecurityLevel;
use aes::Aes128;
use ccm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use ccm::consts::{U4, U8, U13, U16};
use weft_model::ExtendedAddress;

/// Bytes of a nonce.
pub(super) const NONCE_BYTES: usize = 13;

/// The nonce of a MAC frame or MLE message: the sender's extended address, frame counter, security level.
pub(super) fn nonce(sender: ExtendedAddress, frame_counter: u32, level: SecurityLevel) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..8].copy_from_slice(&sender.0);
    nonce[8..12].copy_from_slice(&frame_counter.to_be_bytes());
    nonce[12] = level.get();
    nonce
}

type Ccm<MicBytes> = ccm::Ccm<Aes128, MicBytes, U13>;

fn decrypt<Cipher: AeadInOut + KeyInit>(key: &[u8], nonce: &[u8], open: &[u8], payload: &mut [u8], mic: &[u8]) -> Option<()> {
    let cipher = Cipher::new_from_slice(key).ok()?;
    let nonce = <&Nonce<Cipher>>::try_from(nonce).ok()?;
    let mic = <&Tag<Cipher>>::try_from(mic).ok()?;
    cipher.decrypt_inout_detached(nonce, open, payload.into(), mic).ok()
}

fn encrypt<Cipher: AeadInOut + KeyInit>(key: &[u8], nonce: &[u8], open: &[u8], payload: &mut [u8]) -> Option<Vec<u8>> {
    let cipher = Cipher::new_from_slice(key).ok()?;
    let nonce = <&Nonce<Cipher>>::try_from(nonce).ok()?;
    let mic = cipher.encrypt_inout_detached(nonce, open, payload.into()).ok()?;
    Some(mic.to_vec())
}

/// Decrypts `payload` in place. `None` if the integrity code is wrong (the payload is garbage then), or has a length that CCM* does not have.
pub(super) fn open(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES], open: &[u8], payload: &mut [u8], mic: &[u8]) -> Option<()> {
    match mic.len() {
        4 => decrypt::<Ccm<U4>>(key, nonce, open, payload, mic),
        8 => decrypt::<Ccm<U8>>(key, nonce, open, payload, mic),
        16 => decrypt::<Ccm<U16>>(key, nonce, open, payload, mic),
        _ => None,
    }
}

/// Encrypts `payload` in place and gives the integrity code. `None` for a length that CCM* does not have.
pub(super) fn seal(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES], open: &[u8], payload: &mut [u8], mic_bytes: usize) -> Option<Vec<u8>> {
    match mic_bytes {
        4 => encrypt::<Ccm<U4>>(key, nonce, open, payload),
        8 => encrypt::<Ccm<U8>>(key, nonce, open, payload),
        16 => encrypt::<Ccm<U16>>(key, nonce, open, payload),
        _ => None,
    }
}
