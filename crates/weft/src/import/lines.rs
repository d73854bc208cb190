//! Inputs of JSON lines with a time in each.

use super::Imported;
use crate::input::{self, Line, MAX_LINE_BYTES};
use anyhow::Result;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use weft_model::Timestamp;

/// A time as other programs write it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Time {
    /// Seconds since 1970.
    Epoch(f64),
    /// RFC 3339.
    Text(String),
}

impl Time {
    /// The moment, to the millisecond; `None` where it is none that can be said.
    pub(super) fn moment(&self) -> Option<Timestamp> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Epoch(seconds) => {
                let milliseconds = (seconds * 1000.0).round();
                let last = 253_402_300_799_999.0; // the last moment of the year 9999
                #[allow(clippy::cast_possible_truncation)] // within the range that was just asked for, and exact there
                (0.0..=last)
                    .contains(&milliseconds)
                    .then(|| Timestamp::from_unix_milliseconds(milliseconds as i64))
            }
        }
    }
}

/// The moment of a line: its own, else the one that was given for all.
///
/// # Errors
/// A sentence.
pub(super) fn moment_of(time: Option<&Time>, given: Option<Timestamp>) -> Result<Timestamp, String> {
    match time {
        Some(time) => time.moment().ok_or_else(|| "\"t\" is no time between 1970 and 9999".to_owned()),
        None => given.ok_or_else(|| "no \"t\", and no --at".to_owned()),
    }
}

/// Reads a file of JSON lines. `take` says why a line cannot be used.
///
/// # Errors
/// Where the file cannot be opened. An input that cannot be read on is used up to there.
pub(super) fn read<L: DeserializeOwned>(
    file: &Path,
    imported: &mut Imported,
    mut take: impl FnMut(L, &mut Imported) -> Result<(), String>,
) -> Result<()> {
    let mut input = input::open(file)?;
    let ended = input::each_line(&mut *input, |number, line| {
        let taken = match line {
            Line::TooLong => Err(format!("longer than {} MiB", MAX_LINE_BYTES >> 20)),
            Line::Whole(bytes) => parse(bytes).and_then(|line| take(line, imported)),
        };
        if let Err(reason) = taken {
            imported.skip(format!("line {number}: {reason}"));
        }
    });
    if let Err(error) = ended {
        imported.remark(format!("cannot be read to its end: {error}"));
    }
    imported.tell(&input::name_of(file));
    Ok(())
}

fn parse<L: DeserializeOwned>(bytes: &[u8]) -> Result<L, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("byte {} is not UTF-8: binary data?", error.valid_up_to() + 1))?;
    serde_json::from_str(text).map_err(|error| {
        let full = error.to_string();
        let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
        format!("column {}: {}", error.column(), crate::text::cut(message, 120))
    })
}

/// Bytes of pairs of hexadecimal digits.
pub(super) fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = text.bytes().map(digit).collect::<Option<_>>()?;
    digits
        .len()
        .is_multiple_of(2)
        .then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_text() {
        let moment = |json: &str| serde_json::from_str::<Time>(json).unwrap().moment().map(|moment| moment.to_string());
        assert_eq!(moment("1795181428.0423632").as_deref(), Some("2026-11-20T13:30:28.042Z"));
        assert_eq!(moment("\"2026-11-20T14:30:28.042+01:00\"").as_deref(), Some("2026-11-20T13:30:28.042Z"));
        assert_eq!(["-1", "1e300", "\"soon\""].map(moment), [None, None, None]);
    }

    #[test]
    fn hexadecimal_digits_come_in_pairs() {
        assert_eq!(hex_bytes("00fF"), Some(vec![0, 255]));
        assert_eq!(hex_bytes("00f"), None);
        assert_eq!(hex_bytes("0é"), None);
    }
}
