//! The network key, and the keys that are made of it for each key sequence.

use crate::meshcop::number;
use crate::tmf::tlv::Tlvs;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of every key here.
pub const KEY_BYTES: usize = 16;

/// What is hashed together with the key sequence.
const PURPOSE: &[u8] = b"Thread";

/// The network key: who has it reads and sends everything on the network. No `Debug`, no `Serialize`; overwritten when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct NetworkKey([u8; KEY_BYTES]);

/// A text that is no network key. It does not quote the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a network key of 32 hexadecimal digits")]
pub struct InvalidKey;

impl NetworkKey {
    /// A key from its bytes.
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// A key from 32 hexadecimal digits.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn from_hex(text: &str) -> Result<Self, InvalidKey> {
        let text = text.as_bytes();
        let mut key = Self([0; KEY_BYTES]);
        if text.len() != 2 * KEY_BYTES {
            return Err(InvalidKey);
        }
        for (byte, pair) in key.0.iter_mut().zip(text.chunks_exact(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16).ok_or(InvalidKey);
            *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
        }
        Ok(key)
    }

    /// The key in an operational dataset (MeshCoP TLVs); `None` if there is none, or it is blanked.
    pub fn from_dataset(dataset: &[u8]) -> Option<Self> {
        let mut tlvs = Tlvs::new(dataset).map_while(Result::ok);
        let value: [u8; KEY_BYTES] = tlvs.find(|tlv| tlv.number == number::NETWORK_KEY)?.value.try_into().ok()?;
        (value != [0; KEY_BYTES]).then_some(Self(value))
    }

    /// The bytes, for whoever has to keep the key.
    pub const fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The keys of one key sequence: HMAC-SHA256 of sequence and purpose; MLE's key is the first half, MAC's the second.
    pub(super) fn derive(&self, sequence: KeySequence) -> LinkKeys {
        let mut keys = LinkKeys {
            mle: [0; KEY_BYTES],
            mac: [0; KEY_BYTES],
        };
        // HMAC takes keys of every length: this cannot fail, and the zero keys that would remain open nothing.
        if let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0) {
            mac.update(&sequence.0.to_be_bytes());
            mac.update(PURPOSE);
            let mut hash = mac.finalize().into_bytes();
            keys.mle.copy_from_slice(&hash[..KEY_BYTES]);
            keys.mac.copy_from_slice(&hash[KEY_BYTES..]);
            hash.as_mut_slice().zeroize();
        }
        keys
    }
}

impl PartialEq for NetworkKey {
    /// Takes the same time wherever the keys differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
    }
}

impl Eq for NetworkKey {}

/// The number of the key that is in use: it grows by one with each key rotation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeySequence(pub u32);

impl KeySequence {
    /// The index that frames carry: the last seven bits, plus one.
    pub const fn index(self) -> u8 {
        (self.0 & 0x7f) as u8 + 1
    }

    /// The sequences with this index, nearest to this one first. None for an index that no sequence has.
    pub(super) fn with_index(self, index: u8) -> impl Iterator<Item = Self> {
        const PERIOD: u32 = 0x80;
        let low = index.checked_sub(1).filter(|low| *low < 0x80).map(u32::from);
        let same = low.map(|low| self.0 & !(PERIOD - 1) | low);
        let mut found: [Option<u32>; 3] = [
            same,
            same.and_then(|same| same.checked_add(PERIOD)),
            same.and_then(|same| same.checked_sub(PERIOD)),
        ];
        found.sort_by_key(|found| found.map_or(u32::MAX, |found| found.abs_diff(self.0)));
        // The third is more than half a period away: that many rotations are not missed.
        found.into_iter().flatten().take(2).map(Self)
    }
}

/// The keys of one key sequence.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct LinkKeys {
    pub(super) mle: [u8; KEY_BYTES],
    pub(super) mac: [u8; KEY_BYTES],
}

/// The key of Announce frames (key id mode 2), the same in every network (OpenThread `Mac::kMode2Key`): no secret.
pub(super) const ANNOUNCE_KEY: [u8; KEY_BYTES] = [
    0x78, 0x58, 0x16, 0x86, 0xfd, 0xb4, 0x58, 0x0f, 0xb0, 0x92, 0x54, 0x6a, 0xec, 0xbd, 0x15, 0x66,
];
/// The extended address in the nonce of Announce frames.
pub(super) const ANNOUNCE_ADDRESS: [u8; 8] = [0x35, 0x06, 0xfe, 0xb8, 0x23, 0xd4, 0x87, 0x12];
/// The key source of Announce frames.
pub(super) const ANNOUNCE_SOURCE: [u8; 4] = [0xff; 4];
/// The key index of Announce frames.
pub(super) const ANNOUNCE_INDEX: u8 = 0xff;
