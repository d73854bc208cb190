//! Backups that only a passphrase opens.
//!
//! ```text
//! "WEFTBACKUP"  10 bytes
//! version       u8, 1
//! memory        u32, KiB    Argon2id (RFC 9106) turns the passphrase into the key
//! passes        u32
//! lanes         u32
//! salt          16 bytes
//! nonce         12 bytes    ChaCha20-Poly1305 (RFC 8439), with all before the sealed bytes as associated data
//! sealed        the bytes, and a tag of 16
//! ```
//! Numbers are big-endian.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"WEFTBACKUP";
const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = MAGIC.len() + 1 + 3 * 4 + SALT_BYTES + NONCE_BYTES;

/// The shortest passphrase that a backup is sealed with, in characters.
pub const MIN_PASSPHRASE_CHARACTERS: usize = 8;

/// The most that is sealed or opened, in bytes.
pub const MAX_PLAIN_BYTES: usize = 16 << 20;

/// RFC 9106, 4, second recommended option, with one lane (a backup is made rarely, and on small machines too).
const WRITTEN: Cost = Cost {
    memory_kibibytes: 64 << 10,
    passes: 3,
    lanes: 1,
};

/// What a file may ask of the machine that opens it.
const LIMIT: Cost = Cost {
    memory_kibibytes: 256 << 10,
    passes: 16,
    lanes: 8,
};

/// Why a backup cannot be made or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The passphrase is easily guessed.
    #[error("a passphrase has at least {MIN_PASSPHRASE_CHARACTERS} characters")]
    ShortPassphrase,
    /// There is more than a backup holds.
    #[error("{0} bytes are more than a backup holds ({MAX_PLAIN_BYTES})")]
    TooLarge(usize),
    /// It is something else.
    #[error("this is no backup of Weft")]
    NoBackup,
    /// It was made by another release.
    #[error("this backup has format version {0}, and this Weft reads version {VERSION}: use the release that made it, or a newer one")]
    UnknownVersion(u8),
    /// Bytes at its end are missing.
    #[error("this backup is cut off: copy it again")]
    CutOff,
    /// It asks for more work than any backup that Weft makes.
    #[error("this backup is broken: opening it would take {value} {what}, and {limit} is the most")]
    Absurd {
        /// Of what.
        what: &'static str,
        /// How much it asks for.
        value: u32,
        /// How much is granted.
        limit: u32,
    },
    /// The passphrase is not the one that it was sealed with, or a byte has changed. The two look the same.
    #[error("this backup does not open: the passphrase is wrong, or the file was damaged (these two cannot be told apart)")]
    DoesNotOpen,
    /// The machine lacks memory or randomness.
    #[error("cannot work on the backup: {0}")]
    Machine(String),
}

/// Work that it takes to try one passphrase.
#[derive(Clone, Copy)]
struct Cost {
    memory_kibibytes: u32,
    passes: u32,
    lanes: u32,
}

/// Seals bytes with a passphrase of at least [`MIN_PASSPHRASE_CHARACTERS`].
///
/// # Errors
/// [`BackupError::ShortPassphrase`], [`BackupError::TooLarge`], [`BackupError::Machine`].
pub fn seal(plain: &[u8], passphrase: &str) -> Result<Vec<u8>, BackupError> {
    seal_at(WRITTEN, plain, passphrase)
}

fn seal_at(cost: Cost, plain: &[u8], passphrase: &str) -> Result<Vec<u8>, BackupError> {
    if passphrase.chars().count() < MIN_PASSPHRASE_CHARACTERS {
        return Err(BackupError::ShortPassphrase);
    }
    if plain.len() > MAX_PLAIN_BYTES {
        return Err(BackupError::TooLarge(plain.len()));
    }
    let mut random = [0; SALT_BYTES + NONCE_BYTES];
    getrandom::fill(&mut random).map_err(|error| BackupError::Machine(error.to_string()))?;
    let mut header = Vec::with_capacity(HEADER_BYTES + plain.len() + TAG_BYTES);
    header.extend_from_slice(MAGIC);
    header.push(VERSION);
    for number in [cost.memory_kibibytes, cost.passes, cost.lanes] {
        header.extend_from_slice(&number.to_be_bytes());
    }
    header.extend_from_slice(&random);

    let (salt, nonce) = random.split_at(SALT_BYTES);
    let nonce = Nonce::try_from(nonce).map_err(|error| BackupError::Machine(error.to_string()))?;
    // Room for the tag too: growing would leave a copy of the secrets behind.
    let mut sealed = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_BYTES));
    sealed.extend_from_slice(plain);
    cipher(cost, passphrase, salt)?
        .encrypt_in_place(&nonce, &header, &mut *sealed)
        .map_err(|error| BackupError::Machine(error.to_string()))?;
    header.extend_from_slice(&sealed);
    Ok(header)
}

/// Opens what [`seal`] made.
///
/// # Errors
/// All but [`BackupError::ShortPassphrase`].
pub fn open(sealed: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, BackupError> {
    let rest = sealed.strip_prefix(MAGIC).ok_or(BackupError::NoBackup)?;
    match rest.first() {
        Some(&VERSION) => {}
        Some(&other) => return Err(BackupError::UnknownVersion(other)),
        None => return Err(BackupError::CutOff),
    }
    if sealed.len() > HEADER_BYTES + MAX_PLAIN_BYTES + TAG_BYTES {
        return Err(BackupError::TooLarge(sealed.len()));
    }
    let (header, body) = sealed.split_at_checked(HEADER_BYTES).ok_or(BackupError::CutOff)?;
    if body.len() < TAG_BYTES {
        return Err(BackupError::CutOff);
    }
    let (numbers, random) = header
        .get(MAGIC.len() + 1..)
        .and_then(|rest| rest.split_at_checked(12))
        .ok_or(BackupError::CutOff)?;
    let mut numbers = numbers
        .chunks_exact(4)
        .map(|chunk| chunk.iter().fold(0, |number: u32, byte| number << 8 | u32::from(*byte)));
    let mut number = |what, least: u32, limit: u32| match numbers.next() {
        Some(value) if (least..=limit).contains(&value) => Ok(value),
        value => Err(BackupError::Absurd {
            what,
            value: value.unwrap_or_default(),
            limit,
        }),
    };
    let memory_kibibytes = number("KiB of memory", Params::MIN_M_COST, LIMIT.memory_kibibytes)?;
    let passes = number("passes", 1, LIMIT.passes)?;
    let lanes = number("lanes", 1, LIMIT.lanes)?;
    let cost = Cost {
        memory_kibibytes,
        passes,
        lanes,
    };
    let (salt, nonce) = random.split_at_checked(SALT_BYTES).ok_or(BackupError::CutOff)?;
    let nonce = Nonce::try_from(nonce).map_err(|_| BackupError::CutOff)?;
    let mut plain = Zeroizing::new(body.to_vec());
    cipher(cost, passphrase, salt)?
        .decrypt_in_place(&nonce, header, &mut *plain)
        .map_err(|_| BackupError::DoesNotOpen)?;
    Ok(plain)
}

/// The cipher with the key of a passphrase.
fn cipher(cost: Cost, passphrase: &str, salt: &[u8]) -> Result<ChaCha20Poly1305, BackupError> {
    let machine = |error: argon2::Error| BackupError::Machine(error.to_string());
    let params = Params::new(cost.memory_kibibytes, cost.passes, cost.lanes, Some(32)).map_err(machine)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
        .map_err(machine)?;
    Ok(ChaCha20Poly1305::new(<&Key>::from(&*key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PASSPHRASE: &str = "correct horse";

    /// Enough for tests, which open many.
    const CHEAP: Cost = Cost {
        memory_kibibytes: 8,
        passes: 1,
        lanes: 1,
    };

    /// Where the numbers of the header begin.
    const NUMBERS: usize = 11;

    #[test]
    fn opens_with_the_passphrase_only() {
        let sealed = seal(b"all the keys", PASSPHRASE).unwrap();
        assert_eq!(**open(&sealed, PASSPHRASE).unwrap(), *b"all the keys");
        assert_eq!(open(&sealed, "correct house"), Err(BackupError::DoesNotOpen));
        assert_eq!(open(&sealed, ""), Err(BackupError::DoesNotOpen));
        assert!(!sealed.windows(3).any(|window| window == b"all"));
        assert_ne!(seal(b"all the keys", PASSPHRASE).unwrap(), sealed, "salt and nonce are new each time");
    }

    #[test]
    fn costs_what_the_header_says() {
        let sealed = seal(&[], PASSPHRASE).unwrap();
        assert_eq!(sealed[NUMBERS..NUMBERS + 12], [0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1]);
        assert_eq!(sealed.len(), HEADER_BYTES + TAG_BYTES);
    }

    #[test]
    fn passphrases_are_counted_in_characters() {
        assert_eq!(seal(b"x", "1234567"), Err(BackupError::ShortPassphrase));
        assert_eq!(seal(b"x", "üüüü"), Err(BackupError::ShortPassphrase));
        let sealed = seal_at(CHEAP, b"x", "schlüßel").unwrap();
        assert_eq!(**open(&sealed, "schlüßel").unwrap(), *b"x");
    }

    #[test]
    fn other_files_are_told() {
        let sealed = seal_at(CHEAP, b"plain", PASSPHRASE).unwrap();
        assert_eq!(open(b"", PASSPHRASE), Err(BackupError::NoBackup));
        assert_eq!(open(b"PK\x03\x04", PASSPHRASE), Err(BackupError::NoBackup));
        assert_eq!(open(&sealed[..10], PASSPHRASE), Err(BackupError::CutOff));
        assert_eq!(open(&sealed[..HEADER_BYTES + 3], PASSPHRASE), Err(BackupError::CutOff));
        let mut newer = sealed.clone();
        newer[10] = 9;
        assert_eq!(open(&newer, PASSPHRASE), Err(BackupError::UnknownVersion(9)));
    }

    /// A file cannot make the machine that opens it run out of memory or time.
    #[test]
    fn absurd_costs_are_refused() {
        let sealed = seal_at(CHEAP, b"plain", PASSPHRASE).unwrap();
        for (at, what) in [(0, "KiB of memory"), (4, "passes"), (8, "lanes")] {
            for value in [u32::MAX, 1 << 24, 0] {
                let mut changed = sealed.clone();
                changed[NUMBERS + at..NUMBERS + at + 4].copy_from_slice(&value.to_be_bytes());
                let Err(BackupError::Absurd {
                    what: told, value: asked, ..
                }) = open(&changed, PASSPHRASE)
                else {
                    panic!("{what}")
                };
                assert_eq!((told, asked), (what, value));
            }
        }
    }

    #[test]
    fn more_than_it_holds_is_refused() {
        assert_eq!(
            seal(&vec![0; MAX_PLAIN_BYTES + 1], PASSPHRASE),
            Err(BackupError::TooLarge(MAX_PLAIN_BYTES + 1))
        );
    }

    proptest! {
        #[test]
        fn round_trip(plain in proptest::collection::vec(any::<u8>(), 0..600), passphrase in ".{8,20}") {
            let sealed = seal_at(CHEAP, &plain, &passphrase).unwrap();
            prop_assert_eq!(&**open(&sealed, &passphrase).unwrap(), &plain);
        }

        #[test]
        fn any_changed_byte_is_noticed(position: prop::sample::Index, change in 1..=255u8) {
            let mut sealed = seal_at(CHEAP, b"all the keys", PASSPHRASE).unwrap();
            // Costs of a few changed bits may be dear, and are looked at in another test.
            let position = position.index(sealed.len());
            prop_assume!(!(NUMBERS..NUMBERS + 12).contains(&position));
            sealed[position] ^= change;
            prop_assert!(open(&sealed, PASSPHRASE).is_err());
        }

        #[test]
        fn arbitrary_bytes_do_not_open(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), with_magic: bool) {
            if with_magic {
                let mut begun = b"WEFTBACKUP\x01\0\0\0\x08\0\0\0\x01\0\0\0\x01".to_vec();
                begun.append(&mut bytes);
                bytes = begun;
            }
            prop_assert!(open(&bytes, PASSPHRASE).is_err());
        }
    }
}
