//! What a backup seals: a few named files, one after the other.
//!
//! ```text
//! name    u8 length, bytes
//! content u32 length (big-endian), bytes
//! ```
//! Bytes alone, no JSON: each copy of a key on the way would have to be overwritten.

use anyhow::{Result, bail};
use zeroize::Zeroizing;

/// The most files in it; three are written.
const MAX_FILES: usize = 16;
/// The longest name.
const MAX_NAME_BYTES: usize = 64;

/// A file in it.
pub(super) type File = (String, Zeroizing<Vec<u8>>);

/// Puts files together.
pub(super) fn pack(files: &[File]) -> Result<Zeroizing<Vec<u8>>> {
    let total: usize = files.iter().map(|(name, content)| name.len() + content.len() + 5).sum();
    // With its whole room from the start, so that no copy stays behind as it grows.
    let mut packed = Zeroizing::new(Vec::with_capacity(total));
    for (name, content) in files {
        let (Ok(name_length), Ok(length)) = (u8::try_from(name.len()), u32::try_from(content.len())) else {
            bail!("{name} is too large for a backup");
        };
        packed.push(name_length);
        packed.extend_from_slice(name.as_bytes());
        packed.extend_from_slice(&length.to_be_bytes());
        packed.extend_from_slice(content);
    }
    Ok(packed)
}

/// Takes files apart.
///
/// # Errors
/// Where it is no such packet.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<File>> {
    let mut rest = packed;
    let mut files: Vec<File> = Vec::new();
    while !rest.is_empty() {
        let Some((file, after)) = next(rest) else {
            bail!("what the backup holds cannot be read: it was made by a later version of Weft, or by something else");
        };
        files.push(file);
        rest = after;
        if files.len() > MAX_FILES {
            bail!("the backup holds more files than Weft writes");
        }
    }
    Ok(files)
}

fn next(bytes: &[u8]) -> Option<(File, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(length.into())?;
    let name = std::str::from_utf8(name).ok()?;
    // A name leads to one file in one folder, and nowhere else.
    let is_plain = name.len() <= MAX_NAME_BYTES
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    if name.is_empty() || !is_plain {
        return None;
    }
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (content, rest) = rest.split_at_checked(length)?;
    Some(((name.to_owned(), Zeroizing::new(content.to_vec())), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_never_leads_elsewhere() {
        for name in ["", ".", "..", "../fabric", "/etc/passwd", "a/b", "a\\b", ".ssh", "näme", "a\0"] {
            let packed = pack(&[(name.to_owned(), Zeroizing::new(b"x".to_vec()))]).unwrap();
            assert!(unpack(&packed).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(files in prop::collection::vec(("[a-z][a-z0-9.-]{0,20}", prop::collection::vec(any::<u8>(), 0..300)), 0..MAX_FILES)) {
            let files: Vec<File> = files.into_iter().map(|(name, content)| (name, Zeroizing::new(content))).collect();
            prop_assert_eq!(unpack(&pack(&files).unwrap()).unwrap(), files);
        }

        #[test]
        fn never_panics_on_arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = unpack(&bytes);
        }
    }
}
