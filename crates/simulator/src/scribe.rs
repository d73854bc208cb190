//! Puts captures into order: numbers, times, sources.

use serde_json::json;
use std::io::{self, Write};
use std::sync::Arc;
use weft_evidence::recording::{Header, RecordingWriter};
use weft_evidence::{Capture, CaptureBody, SourceReport, SourceState};
use weft_model::Timestamp;

/// Writes captures one after the other, as a program that listens does: `seq` increases, `at` never decreases.
#[derive(Debug, Clone, PartialEq)]
pub struct Scribe {
    captures: Vec<Capture>,
    at: Timestamp,
    next_seq: u64,
}

impl Scribe {
    /// Begins at this moment with number 1.
    pub const fn new(at: Timestamp) -> Self {
        Self {
            captures: Vec::new(),
            at,
            next_seq: 1,
        }
    }

    /// The moment that captures get now.
    pub const fn now(&self) -> Timestamp {
        self.at
    }

    /// Goes on to this moment; an earlier one changes nothing.
    pub fn advance_to(&mut self, at: Timestamp) -> &mut Self {
        self.at = self.at.max(at);
        self
    }

    /// Goes on by so many milliseconds.
    pub fn pass_milliseconds(&mut self, milliseconds: u32) -> &mut Self {
        self.at = Timestamp::from_unix_milliseconds(self.at.unix_milliseconds() + i64::from(milliseconds));
        self
    }

    /// Writes captures of one source.
    pub fn write(&mut self, source: &str, bodies: impl IntoIterator<Item = CaptureBody>) -> &mut Self {
        let source: Arc<str> = Arc::from(source);
        for body in bodies {
            self.captures.push(Capture {
                seq: self.next_seq,
                at: self.at,
                source: Arc::clone(&source),
                body,
            });
            self.next_seq += 1;
        }
        self
    }

    /// Writes that a source changed its state, and how often it asks, where it asks.
    pub fn source(&mut self, source: &str, state: SourceState, interval_seconds: Option<u32>) -> &mut Self {
        let detail = interval_seconds.map(|seconds| json!({ "interval_seconds": seconds }));
        self.write(
            source,
            [CaptureBody::Source(SourceReport {
                state,
                reason: None,
                dropped: 0,
                detail,
            })],
        )
    }

    /// What was written.
    pub fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// What was written.
    pub fn into_captures(self) -> Vec<Capture> {
        self.captures
    }

    /// Writes a recording.
    ///
    /// # Errors
    /// What the output says.
    pub fn write_recording<W: Write>(&self, output: W, note: &str) -> io::Result<W> {
        let created_at = self.captures.first().map(|capture| capture.at);
        let mut writer = RecordingWriter::new(output, &Header::new(created_at, Some(note.to_owned())))?;
        for capture in &self.captures {
            writer.write(capture.clone())?;
        }
        writer.flush()?;
        Ok(writer.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_increase_and_time_never_goes_back() {
        let start = Timestamp::from_unix_milliseconds(10_000);
        let mut scribe = Scribe::new(start);
        scribe
            .source("mdns", SourceState::Started, None)
            .pass_milliseconds(250)
            .source("matter", SourceState::Working, Some(900));
        scribe.advance_to(start).source("mdns", SourceState::Stopped, None);
        let written: Vec<_> = scribe
            .captures()
            .iter()
            .map(|capture| (capture.seq, capture.at.unix_milliseconds()))
            .collect();
        assert_eq!(written, [(1, 10_000), (2, 10_250), (3, 10_250)]);
        let bytes = scribe.write_recording(Vec::new(), "synthetic").unwrap();
        let recording = weft_evidence::recording::read_all(bytes.as_slice()).unwrap();
        assert_eq!(recording.captures, scribe.captures());
        assert_eq!(recording.header.and_then(|header| header.note).as_deref(), Some("synthetic"));
    }
}
