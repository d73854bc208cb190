//! Passphrases: from a file, from the first line of standard input, or from the terminal without showing them.

use super::arguments::PassphraseArguments;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use zeroize::Zeroizing;

/// The longest passphrase, in bytes.
const MAX_BYTES: usize = 1024;

/// A passphrase. `twice` asks for it again, where a person is asked, so that a slip of the finger does not lock a backup for ever.
///
/// # Errors
/// Where there is none, or the second is not the first.
pub(super) fn read(arguments: &PassphraseArguments, twice: bool) -> Result<Zeroizing<String>> {
    if let Some(path) = &arguments.passphrase_file {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        return first_line(BufReader::new(file)).with_context(|| format!("{} holds no passphrase", path.display()));
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        return first_line(input.lock())
            .context("standard input holds no passphrase: write it there as the first line, or name a file with --passphrase-file");
    }
    let first = ask("Passphrase: ")?;
    if twice && *ask("The same again: ")? != *first {
        bail!("the two are not the same");
    }
    Ok(first)
}

fn first_line(input: impl BufRead) -> Result<Zeroizing<String>> {
    // With its whole room from the start, so that no copy stays behind as it grows.
    let mut line = Zeroizing::new(String::with_capacity(MAX_BYTES + 1));
    input.take(MAX_BYTES as u64 + 1).read_line(&mut line).context("it cannot be read")?;
    while line.ends_with(['\n', '\r']) {
        line.pop();
    }
    match line.len() {
        0 => bail!("the first line is empty"),
        1..=MAX_BYTES => Ok(line),
        _ => bail!("a passphrase has at most {MAX_BYTES} bytes"),
    }
}

fn ask(question: &str) -> Result<Zeroizing<String>> {
    let line = Zeroizing::new(rpassword::prompt_password(question).context("no passphrase was given")?);
    first_line(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_passphrase_with_its_spaces() {
        for (input, passphrase) in [
            ("correct horse\nbattery\n", "correct horse"),
            (" x \r\n", " x "),
            ("no newline", "no newline"),
        ] {
            assert_eq!(*first_line(input.as_bytes()).unwrap(), passphrase);
        }
        for input in ["", "\n", "\r\nlater"] {
            assert!(first_line(input.as_bytes()).is_err(), "{input:?}");
        }
        assert!(first_line("x".repeat(MAX_BYTES + 1).as_bytes()).is_err());
        assert!(first_line(&b"\xff\xfe\n"[..]).is_err());
    }
}
