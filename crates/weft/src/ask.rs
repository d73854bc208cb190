//! Questions to the person at the terminal.

use crate::text;
use anyhow::{Context, Result};
use std::io::{BufRead, IsTerminal, Read, Write};

/// The longest answer to a question that is read.
const MAX_REPLY_BYTES: u64 = 64;

/// Asks, and gives whether the answer is yes; `None` where nobody can be asked.
///
/// # Errors
/// Where the answer cannot be read.
pub(crate) fn yes(question: &str) -> Result<Option<bool>> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Ok(None);
    }
    {
        let mut error = std::io::stderr().lock();
        let _ = write!(error, "{} Type yes: ", text::clean(question));
        let _ = error.flush();
    }
    let mut reply = String::new();
    input
        .lock()
        .take(MAX_REPLY_BYTES)
        .read_line(&mut reply)
        .context("cannot read the answer")?;
    Ok(Some(reply.trim().eq_ignore_ascii_case("yes")))
}
