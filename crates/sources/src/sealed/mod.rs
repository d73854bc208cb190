//! Secrets at rest: small files in a folder of mode 0700, each of mode 0600, sealed with a key that lies apart from them, written whole or not at all.
//!
//! ```text
//! "WEFTSEALED"  10 bytes
//! version       u8, 1
//! nonce         24 bytes, new at each writing
//! sealed        XChaCha20-Poly1305 of the secret; associated data: all before the nonce, and the name of the record
//! ```
//! The key is 32 random bytes in `seal.key` beside the folder, made at the first writing. It protects a copy of the folder that is made without it (a backup of
//! the records, a bug report); it protects from nobody who may read the whole data directory. Whoever wants more names another place with
//! [`KEY_FILE_VARIABLE`]: a systemd credential, a file on another disk.

mod key;
mod store;
#[cfg(test)]
mod tests;

use crate::whole_file::BESIDE_SUFFIX;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::io;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Environment variable that names the file of the key, where it is not `seal.key` beside the folder.
pub const KEY_FILE_VARIABLE: &str = "WEFT_SEAL_KEY_FILE";
/// The largest secret that is kept.
pub const MAX_SECRET_BYTES: usize = 256 << 10;

const MAGIC: &[u8] = b"WEFTSEALED";
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const MAX_NAME_BYTES: usize = 100;

/// A folder of sealed files.
#[derive(Clone)]
pub struct Safe {
    folder: PathBuf,
    key: PathBuf,
}

/// What went wrong with a sealed file. No text holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum SafeError {
    /// The file system.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What came back.
        source: io::Error,
    },
    /// It is damaged, or sealed with another key.
    #[error("{} cannot be opened: it is damaged, or was sealed on another machine; enter what it held anew", path.display())]
    Sealed {
        /// Which file.
        path: PathBuf,
    },
    /// What stands where the key should be is no key.
    #[error("{} is no key: expected {} random bytes, or as many in hexadecimal digits, readable by this user", path.display(), key::KEY_BYTES)]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// No file can have this name, or it holds more than is ever kept.
    #[error("nothing can be kept as {name:?}: {reason}")]
    Refused {
        /// The name.
        name: String,
        /// Why.
        reason: &'static str,
    },
}

impl Safe {
    /// The safe in a folder, made when first written to. Its key is `seal.key` beside the folder, or where [`KEY_FILE_VARIABLE`] says.
    pub fn at(folder: &Path) -> Self {
        let named = std::env::var_os(KEY_FILE_VARIABLE).filter(|path| !path.is_empty());
        let beside = || folder.parent().unwrap_or(Path::new("")).join(key::NAME);
        Self::with_key_file(folder, &named.map_or_else(beside, PathBuf::from))
    }

    /// The safe in a folder, with the key in a file of one's choice; it is made there at the first writing where there is none.
    pub fn with_key_file(folder: &Path, key: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            key: key.to_owned(),
        }
    }

    /// What a name holds; `None`: nothing.
    ///
    /// # Errors
    /// [`SafeError`].
    pub fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SafeError> {
        check(name)?;
        let path = self.folder.join(name);
        let most = MAGIC.len() + 1 + NONCE_BYTES + MAX_SECRET_BYTES + TAG_BYTES;
        let Some(bytes) = store::read(&path, most)? else { return Ok(None) };
        let sealed = || SafeError::Sealed { path: path.clone() };
        // Without the key, whatever stands there is closed for good.
        let key = key::read(&self.key)?.ok_or_else(sealed)?;
        open(&key, name, bytes).map(Some).ok_or_else(sealed)
    }

    /// Keeps something under a name: lower-case letters, digits, `-`, `_` and `.`.
    ///
    /// # Errors
    /// [`SafeError`].
    pub fn write(&self, name: &str, secret: &[u8]) -> Result<(), SafeError> {
        check(name)?;
        if secret.len() > MAX_SECRET_BYTES {
            return Err(refused(name, "it is too large"));
        }
        let _one = store::one_at_a_time();
        let key = key::read_or_make(&self.key)?;
        store::make_folder(&self.folder)?;
        let no_randomness = |_| SafeError::File {
            action: "seal",
            path: self.folder.join(name),
            source: io::Error::other("the system gives no randomness"),
        };
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(no_randomness)?;
        let bytes = seal(&key, name, &nonce, secret).ok_or_else(|| refused(name, "it is too large"))?;
        store::replace(&self.folder.join(name), &bytes)
    }

    /// Forgets a name; nothing happens where there is none.
    ///
    /// # Errors
    /// [`SafeError`].
    pub fn remove(&self, name: &str) -> Result<(), SafeError> {
        check(name)?;
        let _one = store::one_at_a_time();
        store::remove(&self.folder.join(name))
    }

    /// The names that hold something, readable or not, sorted.
    ///
    /// # Errors
    /// [`SafeError`].
    pub fn names(&self) -> Result<Vec<String>, SafeError> {
        let mut names = store::names(&self.folder)?;
        names.retain(|name| check(name).is_ok());
        names.sort();
        Ok(names)
    }
}

fn refused(name: &str, reason: &'static str) -> SafeError {
    SafeError::Refused {
        name: name.chars().take(MAX_NAME_BYTES).collect(),
        reason,
    }
}

/// A name must be a file's name wherever it is read, and none that [`store::replace`] writes in between.
fn check(name: &str) -> Result<(), SafeError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    let is_name = !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(is_plain);
    if !is_name || name.starts_with('.') || name.ends_with(BESIDE_SUFFIX) {
        return Err(refused(name, "it is no name of a record"));
    }
    Ok(())
}

fn associated(name: &str) -> Vec<u8> {
    [MAGIC, &[VERSION], name.as_bytes()].concat()
}

fn seal(key: &key::SealKey, name: &str, nonce: &[u8; NONCE_BYTES], secret: &[u8]) -> Option<Vec<u8>> {
    let mut sealed = Zeroizing::new(Vec::with_capacity(secret.len() + TAG_BYTES));
    sealed.extend_from_slice(secret);
    let cipher = XChaCha20Poly1305::new_from_slice(&key[..]).ok()?;
    cipher.encrypt_in_place(&XNonce::from(*nonce), &associated(name), &mut *sealed).ok()?;
    Some([MAGIC, &[VERSION], nonce, &sealed].concat())
}

fn open(key: &key::SealKey, name: &str, mut bytes: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&[VERSION])?;
    let (nonce, _) = rest.split_first_chunk::<NONCE_BYTES>()?;
    let nonce = XNonce::from(*nonce);
    let cipher = XChaCha20Poly1305::new_from_slice(&key[..]).ok()?;
    bytes.drain(..MAGIC.len() + 1 + NONCE_BYTES);
    cipher.decrypt_in_place(&nonce, &associated(name), &mut *bytes).ok()?;
    Some(bytes)
}
