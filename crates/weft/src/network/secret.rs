//! Secrets that a person hands over: from standard input, from a file, from the command line.

use crate::arguments::Secret;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// Stands for standard input.
const STANDARD_INPUT: &str = "-";
/// More than any dataset, key, passphrase or token has.
const MAX_BYTES: u64 = 8 << 10;
/// A text with at least so many hexadecimal digits is a dataset, and no name of a file.
const LEAST_DIGITS: usize = 32;
/// One with so many may be a part of a key.
const LEAST_DIGITS_OF_A_KEY: usize = 16;

/// What stands in a file, or comes from standard input (`-`), without the white space around it.
///
/// # Errors
/// Where it cannot be read, or there is nothing.
pub(crate) fn in_file(path: &Path) -> Result<Zeroizing<String>> {
    if path == Path::new(STANDARD_INPUT) {
        return whole(std::io::stdin().lock()).context("standard input cannot be used");
    }
    if path.to_str().is_some_and(looks_like_a_secret) && !path.exists() {
        bail!("that looks like a key: give a file that holds it, or - for standard input");
    }
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    whole(file).with_context(|| format!("{} cannot be used", path.display()))
}

/// The secret itself, or standard input.
///
/// # Errors
/// Those of [`in_file`].
pub(super) fn said(secret: &Secret) -> Result<Zeroizing<String>> {
    match secret.expose() {
        STANDARD_INPUT => in_file(Path::new(STANDARD_INPUT)),
        text => Ok(Zeroizing::new(text.trim().to_owned())),
    }
}

/// A dataset: its digits, a file with them, or standard input.
///
/// # Errors
/// Those of [`in_file`]. Where it is none of these, nothing of it is repeated: it may be a secret with a slip in it.
pub(super) fn dataset(secret: &Secret) -> Result<Zeroizing<String>> {
    let text = secret.expose();
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    if text == STANDARD_INPUT || (digits < LEAST_DIGITS || digits < text.len() && Path::new(text).is_file()) {
        return in_file(Path::new(text));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// Whether a text may be a key or a dataset, with a slip in it or not, rather than the name of a file: it is not to be repeated then.
pub(crate) fn looks_like_a_secret(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    // A name of a file has an end, or folders before it.
    digits >= LEAST_DIGITS_OF_A_KEY && (digits >= LEAST_DIGITS || !text.contains(['/', '\\', '.']))
}

fn whole(input: impl Read) -> Result<Zeroizing<String>> {
    // With its whole room from the start, so that no copy stays behind as it grows.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(MAX_BYTES).unwrap_or(0) + 1));
    input
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| anyhow::anyhow!("it cannot be read as text: {}", error.kind()))?;
    if text.len() as u64 > MAX_BYTES {
        bail!("it holds more than {MAX_BYTES} bytes, which no dataset, key or token has");
    }
    let trimmed = Zeroizing::new(text.trim().to_owned());
    if trimmed.is_empty() {
        bail!("there is nothing in it");
    }
    Ok(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_a_dataset_and_other_words_a_file() {
        let of = |text: &str| dataset(&text.parse().unwrap());
        let digits = "0e080000000000010000000300000f4a0300001835060004001fffe0";
        assert_eq!(*of(digits).unwrap(), *digits);
        let error = format!("{:#}", of("nowhere.hex").unwrap_err());
        assert!(error.contains("cannot open nowhere.hex"), "{error}");
        // A dataset with a slip in it is no file, and is not repeated.
        let slip = format!("{digits}x");
        assert_eq!(*of(&slip).unwrap(), slip);
    }

    #[test]
    fn what_is_read_is_bounded_and_never_empty() {
        assert_eq!(*whole(&b" abc \r\n"[..]).unwrap(), "abc");
        for wrong in [&b""[..], b" \n", b"\xff", &[b'x'; 9000]] {
            assert!(whole(wrong).is_err());
        }
    }
}
