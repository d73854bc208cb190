//! Reads recordings: everything that can be read of them.

use super::line::shorten;
use super::lines::{Line, Lines};
use super::{FORMAT, Header, LineError, MAX_LINE_BYTES, ReadReport, Recording, Trouble, TroubleKind, VERSION, parse_line};
use crate::Capture;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::BufRead;
use weft_model::Timestamp;

/// What a [`RecordingReader`] gives.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)] // nearly every item is a capture, and it is moved at once
pub enum ReadItem {
    /// A capture.
    Capture(Capture),
    /// Something about the recording, or about the line whose capture comes next; nothing is lost by it.
    Told(Trouble),
    /// A line that is not used.
    Skipped(Trouble),
}

/// A recording of a version that is newer than this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the recording is of version {version}, and this program reads versions up to {VERSION}: use a newer one")]
pub struct RefusedRecording {
    /// The version that the header says.
    pub version: u64,
}

/// What tells a header from a capture, whatever else stands in it.
#[derive(Deserialize)]
struct MaybeHeader {
    format: Option<String>,
    version: Option<u64>,
}

/// Streams a recording: memory is bounded by the longest line.
#[derive(Debug)]
pub struct RecordingReader<R> {
    lines: Lines<R>,
    header: Option<Header>,
    refused: Option<RefusedRecording>,
    has_begun: bool,
    has_ended: bool,
    highest_seq: Option<u64>,
    latest_at: Option<Timestamp>,
    /// A capture that waits behind what was told of its line.
    waiting: Option<Capture>,
    report: ReadReport,
}

impl<R: BufRead> RecordingReader<R> {
    /// A reader at the start of a recording.
    pub fn new(reader: R) -> Self {
        Self {
            lines: Lines::new(reader),
            header: None,
            refused: None,
            has_begun: false,
            has_ended: false,
            highest_seq: None,
            latest_at: None,
            waiting: None,
            report: ReadReport::default(),
        }
    }

    /// The header, once the first item was read, where there is one.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Why there are no items, where the recording was refused.
    pub fn refused(&self) -> Option<&RefusedRecording> {
        self.refused.as_ref()
    }

    /// What became of the lines so far.
    pub fn report(&self) -> &ReadReport {
        &self.report
    }

    /// Number of the line that was read last, from 1.
    pub fn line(&self) -> u64 {
        self.report.lines
    }

    fn trouble(&self, kind: TroubleKind, reason: impl Into<String>) -> Trouble {
        Trouble {
            line: self.report.lines,
            kind,
            reason: reason.into(),
        }
    }

    fn skip(&mut self, kind: TroubleKind, reason: impl Into<String>) -> ReadItem {
        let trouble = self.trouble(kind, reason);
        self.report.skip(&trouble);
        ReadItem::Skipped(trouble)
    }

    fn tell(&mut self, kind: TroubleKind, reason: impl Into<String>) -> ReadItem {
        let trouble = self.trouble(kind, reason);
        self.report.tell(&trouble);
        ReadItem::Told(trouble)
    }

    /// Takes the line that was read; `None` where it gives no item: an empty line, the header.
    fn take(&mut self, line: Line) -> Option<ReadItem> {
        let is_first = !self.has_begun;
        let ended = match line {
            Line::TooLong { bytes } => {
                self.has_begun = true;
                return Some(self.skip(TroubleKind::TooLong, format!("{bytes} bytes long, and {MAX_LINE_BYTES} is the most")));
            }
            Line::Whole { ended } => ended,
        };
        let bytes = self.lines.take_bytes();
        // Some editors put a byte order mark before the first line.
        let text = if is_first {
            bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)
        } else {
            &bytes
        };
        let item = self.take_text(text, is_first, ended);
        self.lines.give_back(bytes);
        item
    }

    fn take_text(&mut self, bytes: &[u8], is_first: bool, ended: bool) -> Option<ReadItem> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        self.has_begun = true;
        let parsed = parse_line(bytes);
        if parsed.is_err()
            && let Ok(MaybeHeader {
                format: Some(format),
                version,
            }) = serde_json::from_slice(bytes)
        {
            return self.take_header(bytes, &format, version, is_first);
        }
        let remark = (is_first && self.header.is_none()).then(|| self.tell(TroubleKind::NoHeader, "the recording begins without a header"));
        let item = match parsed {
            Ok(capture) => self.take_capture(capture),
            Err(error) => {
                let kind = match &error {
                    LineError::NotUtf8 { .. } => TroubleKind::NotUtf8,
                    LineError::CutOff { .. } if !ended => TroubleKind::CutOff,
                    LineError::CutOff { .. } | LineError::NoJson { .. } => TroubleKind::NoJson,
                    LineError::WrongFields { .. } => TroubleKind::WrongFields,
                    LineError::UnknownKind(kind) => {
                        self.report.unknown(kind);
                        TroubleKind::UnknownKind
                    }
                };
                self.skip(kind, error.to_string())
            }
        };
        match (remark, item) {
            (Some(remark), ReadItem::Capture(capture)) => {
                self.waiting = Some(capture);
                Some(remark)
            }
            (_, item) => Some(item),
        }
    }

    fn take_header(&mut self, bytes: &[u8], format: &str, version: Option<u64>, is_first: bool) -> Option<ReadItem> {
        if format != FORMAT {
            let reason = format!("says that it is {:?}, not {FORMAT:?}", shorten(format));
            return Some(self.skip(TroubleKind::NoHeader, reason));
        }
        match version {
            Some(version) if version > VERSION => {
                let refused = RefusedRecording { version };
                let item = self.skip(TroubleKind::AnotherHeader, refused.to_string());
                self.refused = Some(refused);
                self.has_ended = true;
                return Some(item);
            }
            _ => (),
        }
        // A header whose note or time cannot be read is still one.
        let header = serde_json::from_slice(bytes).unwrap_or_else(|_| Header::new(None, None));
        if is_first {
            self.header = Some(header);
            return None;
        }
        Some(self.tell(
            TroubleKind::AnotherHeader,
            "a header in the middle: recordings were put one after the other, and numbers may repeat",
        ))
    }

    fn take_capture(&mut self, capture: Capture) -> ReadItem {
        let told = match (self.highest_seq, self.latest_at) {
            (Some(highest), _) if capture.seq <= highest => Some(format!("number {} comes after {highest}", capture.seq)),
            (_, Some(latest)) if capture.at < latest => Some(format!("{} comes after {latest}", capture.at)),
            _ => None,
        };
        self.highest_seq = self.highest_seq.max(Some(capture.seq));
        self.latest_at = self.latest_at.max(Some(capture.at));
        self.report.used += 1;
        match told {
            Some(reason) => {
                self.waiting = Some(capture);
                self.tell(TroubleKind::OutOfOrder, reason)
            }
            None => ReadItem::Capture(capture),
        }
    }
}

impl<R: BufRead> Iterator for RecordingReader<R> {
    type Item = ReadItem;

    fn next(&mut self) -> Option<ReadItem> {
        if let Some(capture) = self.waiting.take() {
            return Some(ReadItem::Capture(capture));
        }
        while !self.has_ended {
            match self.lines.advance() {
                Ok(Some(line)) => {
                    self.report.lines += 1;
                    if let Some(item) = self.take(line) {
                        return Some(item);
                    }
                }
                Ok(None) => self.has_ended = true,
                Err(error) => {
                    self.has_ended = true;
                    return Some(self.tell(TroubleKind::Unreadable, format!("the input cannot be read on after this line: {error}")));
                }
            }
        }
        None
    }
}

/// Reads all of a recording. Captures come out in (`at`, `seq`) order whatever the order of the lines; equal lines count once.
///
/// # Errors
/// Only for a recording of a newer version. Everything else that is wrong stands in the report.
pub fn read_all<R: BufRead>(reader: R) -> Result<Recording, RefusedRecording> {
    let mut reader = RecordingReader::new(reader);
    let mut captures: Vec<(u64, Capture)> = Vec::new();
    while let Some(item) = reader.next() {
        if let ReadItem::Capture(capture) = item {
            captures.push((reader.line(), capture));
        }
    }
    if let Some(refused) = reader.refused {
        return Err(refused);
    }
    let mut report = reader.report;
    // Two captures with one number have no order of their own; their text gives them one that does not depend on the lines' order.
    let text = |capture: &Capture| serde_json::to_string(capture).unwrap_or_default();
    captures.sort_by(|(_, a), (_, b)| (a.at, a.seq).cmp(&(b.at, b.seq)).then_with(|| text(a).cmp(&text(b))));
    let mut kept: Vec<Capture> = Vec::with_capacity(captures.len());
    let mut by_number: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (line, capture) in captures {
        let same = by_number.entry(capture.seq).or_default();
        if same.iter().any(|index| kept[*index] == capture) {
            report.used -= 1;
            report.repeated += 1;
            continue;
        }
        if !same.is_empty() {
            let reason = format!("number {} stands on several lines with different content", capture.seq);
            report.tell(&Trouble {
                line,
                kind: TroubleKind::SameNumber,
                reason,
            });
        }
        same.push(kept.len());
        kept.push(capture);
    }
    report.troubles.sort_by_key(|trouble| trouble.line);
    Ok(Recording {
        header: reader.header,
        captures: kept,
        report,
    })
}
