//! One line of a recording as a capture.

use crate::capture::{
    Capture, CaptureBody, FailureCapture, FrameCapture, MatterReport, MatterServerNode, MdnsCapture, MleCapture, OtbrRestCapture,
    RadioSummaryCapture, SourceReport, TmfCapture,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use weft_model::{Annotation, Timestamp};

/// The longest text that an error quotes, in characters.
const MAX_QUOTED: usize = 160;

/// Why a line is no capture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Bytes that are no text.
    #[error("byte {} is not UTF-8: binary data, or the file is damaged", .byte + 1)]
    NotUtf8 {
        /// Offset of the first such byte.
        byte: usize,
    },
    /// The text ends where JSON cannot end.
    #[error("the line ends in the middle of its JSON, after column {column}")]
    CutOff {
        /// The last column, from 1.
        column: usize,
    },
    /// The text is no JSON object.
    #[error("no JSON object at column {column}: {message}")]
    NoJson {
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// JSON that lacks a field, or has one of the wrong type.
    #[error("{what} at column {column}: {message}")]
    WrongFields {
        /// The kind that the line says it is.
        what: String,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A kind that this version does not know.
    #[error("kind {0:?} is not known here")]
    UnknownKind(String),
}

/// What every line has.
#[derive(Deserialize)]
struct Envelope<'a> {
    seq: u64,
    at: Timestamp,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

/// Reads one line of a recording (without its line end) as a capture. Fields that are not known are passed over.
///
/// The text is read twice, first what all kinds have, then what the kind has: a kind that is not known costs nothing but its line, and nothing is buffered.
///
/// # Errors
/// What is wrong and in which column; at most 160 characters of the line are quoted.
pub fn parse_line(line: &[u8]) -> Result<Capture, LineError> {
    let text = std::str::from_utf8(line).map_err(|error| LineError::NotUtf8 { byte: error.valid_up_to() })?;
    if let Some(column) = text
        .find(|c: char| !c.is_ascii_whitespace())
        .filter(|column| !text[*column..].starts_with('{'))
    {
        return Err(LineError::NoJson {
            column: column + 1,
            message: "an object expected".to_owned(),
        });
    }
    let Envelope { seq, at, source, kind } = serde_json::from_str(text).map_err(|error| explain("the line", &error))?;
    let body = body(&kind, text)?;
    Ok(Capture {
        seq,
        at,
        source: Arc::from(source.as_ref()),
        body,
    })
}

fn body(kind: &str, text: &str) -> Result<CaptureBody, LineError> {
    fn read<Body: DeserializeOwned>(kind: &str, text: &str, wrap: fn(Body) -> CaptureBody) -> Result<CaptureBody, LineError> {
        serde_json::from_str(text).map(wrap).map_err(|error| explain(kind, &error))
    }
    match kind {
        "source" => read::<SourceReport>(kind, text, CaptureBody::Source),
        "mdns" => read::<MdnsCapture>(kind, text, CaptureBody::Mdns),
        "matter-report" => read::<MatterReport>(kind, text, CaptureBody::MatterReport),
        "matter-server-node" => read::<MatterServerNode>(kind, text, CaptureBody::MatterServerNode),
        "tmf" => read::<TmfCapture>(kind, text, CaptureBody::Tmf),
        "otbr-rest" => read::<OtbrRestCapture>(kind, text, CaptureBody::OtbrRest),
        "radio-summary" => read::<RadioSummaryCapture>(kind, text, CaptureBody::RadioSummary),
        "frame" => read::<FrameCapture>(kind, text, CaptureBody::Frame),
        "mle" => read::<MleCapture>(kind, text, CaptureBody::Mle),
        "annotation" => read::<Annotation>(kind, text, CaptureBody::Annotation),
        "failure" => read::<FailureCapture>(kind, text, CaptureBody::Failure),
        unknown => Err(LineError::UnknownKind(shorten(unknown))),
    }
}

fn explain(what: &str, error: &serde_json::Error) -> LineError {
    let column = error.column();
    let message = || {
        let full = error.to_string();
        shorten(full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message))
    };
    match error.classify() {
        Category::Eof => LineError::CutOff { column },
        Category::Data => LineError::WrongFields {
            what: what.to_owned(),
            column,
            message: message(),
        },
        Category::Syntax | Category::Io => LineError::NoJson { column, message: message() },
    }
}

/// At most [`MAX_QUOTED`] characters of `text`.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl fmt::Display for crate::capture::CaptureBody {
    /// The kind's name in a recording.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &[u8]) -> String {
        parse_line(line).unwrap_err().to_string()
    }

    #[test]
    fn errors_say_what_and_where() {
        let line = br#"{"seq":17,"at":"2026-11-20T12:00:00.000Z","source":"lan","kind":"mdns","event":"removed","service":"_trel._udp.local.","instance":"a"}"#;
        assert_eq!(parse_line(line).unwrap().seq, 17);
        assert_eq!(error(&line[..60]), "the line ends in the middle of its JSON, after column 60");
        assert_eq!(error(b"{\"seq\":17,]"), "no JSON object at column 11: key must be a string");
        assert_eq!(error(b"\x00\x01"), "no JSON object at column 1: an object expected");
        assert_eq!(error(b"{\"seq\":\xff}"), "byte 8 is not UTF-8: binary data, or the file is damaged");
        assert_eq!(error(b" [1]"), "no JSON object at column 2: an object expected");
        assert_eq!(error(b"{\"seq\":-1}"), "the line at column 9: invalid value: integer `-1`, expected u64");
        let unknown = String::from_utf8_lossy(line).replace("mdns", "smoke-signal");
        assert_eq!(error(unknown.as_bytes()), "kind \"smoke-signal\" is not known here");
        let wrong = br#"{"seq":1,"at":"2026-11-20T12:00:00.000Z","source":"x","kind":"tmf","peer":"fd00::1","uri":"d/dg","payload":5}"#;
        assert_eq!(error(wrong), "tmf at column 108: invalid type: integer `5`, expected a string");
    }

    #[test]
    fn what_is_quoted_of_a_line_is_short() {
        let line = format!(r#"{{"seq":"{}"}}"#, "é".repeat(100_000));
        assert!(error(line.as_bytes()).chars().count() < 300);
    }

    #[test]
    fn nesting_is_bounded() {
        let line = format!(
            r#"{{"seq":1,"at":"2026-11-20T12:00:00.000Z","source":"x","kind":"otbr-rest","body":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert!(error(line.as_bytes()).contains("recursion limit"));
    }
}
