//! The key that seals: in a file of its own, made once.

use super::{SafeError, store};
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

pub(super) const KEY_BYTES: usize = 32;
/// Name of the file, where nobody named another.
pub(super) const NAME: &str = "seal.key";
/// Two digits for each byte, and an end of line.
const MAX_FILE_BYTES: usize = KEY_BYTES * 2 + 2;

pub(super) type SealKey = Zeroizing<[u8; KEY_BYTES]>;

/// The key; `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<SealKey>, SafeError> {
    let no_key = || SafeError::NoKey { path: path.to_owned() };
    let bytes = match store::read(path, MAX_FILE_BYTES) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        // Longer than a key can be.
        Err(SafeError::Sealed { .. }) => return Err(no_key()),
        Err(error) => return Err(error),
    };
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if bytes.len() == KEY_BYTES {
        key.copy_from_slice(&bytes);
        return Ok(Some(key));
    }
    let digits = bytes.trim_ascii_end();
    if digits.len() != KEY_BYTES * 2 {
        return Err(no_key());
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| pair.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            return Err(no_key());
        };
        *byte = u8::try_from(high << 4 | low).map_err(|_| no_key())?;
    }
    Ok(Some(key))
}

/// The key; where there is none, it is made. Only while [`store::one_at_a_time`] is held.
pub(super) fn read_or_make(path: &Path) -> Result<SealKey, SafeError> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut key[..]).map_err(|_| store::told("make", path)(io::Error::other("the system gives no randomness")))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() && !folder.exists() {
        store::make_folder(folder)?;
    }
    store::replace(path, &key[..])?;
    Ok(key)
}
