//! The recording format: JSON Lines, a header, then one capture a line.

mod line;
mod lines;
mod reader;
mod report;
mod writer;

pub use line::{LineError, parse_line};
pub use reader::{ReadItem, RecordingReader, RefusedRecording, read_all};
pub use report::{MAX_TROUBLES, MAX_UNKNOWN_KINDS, ReadReport, Recording, Trouble, TroubleKind};
pub use writer::RecordingWriter;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use weft_model::Timestamp;

/// What the `format` of a recording's header says.
pub const FORMAT: &str = "weft-recording";
/// The version of the format that this crate writes, and the newest that it reads.
pub const VERSION: u64 = 1;
/// The longest line that is written or read, in bytes without the line's end. A longer one is passed over without being held in memory.
pub const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Always [`FORMAT`].
    pub format: String,
    /// See [`VERSION`].
    pub version: u64,
    /// When the recording was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// What a person wants to say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Header {
    /// The header of a new recording.
    pub fn new(created_at: Option<Timestamp>, note: Option<String>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            created_at,
            note,
        }
    }
}
