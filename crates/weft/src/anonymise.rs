//! `weft anonymise`: a recording that names nobody.

use crate::arguments::AnonymiseArguments;
use crate::output::{tell, write_recording};
use crate::{input, text};
use anyhow::{Result, bail};
use weft_evidence::recording::Header;
use weft_evidence::{ANONYMISED_NOTE, Capture, anonymise_all};

/// Gives captures other addresses and names, drawn at random.
///
/// # Errors
/// Where there are no random bytes.
pub(crate) fn rename(captures: &mut [Capture]) -> Result<()> {
    anonymise_all(captures, crate::report::random_salt()?);
    Ok(())
}

/// Writes the recording with other addresses and names. Every export has pseudonyms of its own.
///
/// # Errors
/// Where the recording cannot be read, or the new one not be written.
pub(crate) fn anonymise(arguments: &AnonymiseArguments) -> Result<()> {
    let mut recording = input::recording(&arguments.file)?;
    if recording.captures.is_empty() {
        bail!("{} holds no captures", input::name_of(&arguments.file));
    }
    rename(&mut recording.captures)?;
    let created_at = recording.header.and_then(|header| header.created_at);
    let count = recording.captures.len();
    write_recording(
        &arguments.out,
        &Header::new(created_at, Some(ANONYMISED_NOTE.to_owned())),
        recording.captures,
    )?;
    tell(format!(
        "{} written without names; times, counters and RLOC16s are as they were",
        text::count(count, "capture", "captures")
    ));
    Ok(())
}
