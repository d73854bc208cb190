//! Writes recordings. Secrets are blanked here, so that nothing that records can forget it.

use super::{Header, MAX_LINE_BYTES};
use crate::Capture;
use crate::scrub::blank_secrets;
use std::io::{self, ErrorKind, Write};
use weft_model::Timestamp;

/// Writes a recording line by line.
#[derive(Debug)]
pub struct RecordingWriter<W> {
    output: W,
    last_seq: Option<u64>,
    last_at: Timestamp,
}

impl<W: Write> RecordingWriter<W> {
    /// Begins a recording with its header.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(output: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self {
            output,
            last_seq: None,
            last_at: Timestamp::MIN,
        };
        writer.line(header)?;
        Ok(writer)
    }

    /// Writes a capture and gives it back as it was written: secrets blanked, `at` held where it would decrease, `seq` raised where it would not increase.
    ///
    /// # Errors
    /// What the output says; [`ErrorKind::InvalidInput`] for a capture that no reader would take because its line is too long. Nothing is written then.
    pub fn write(&mut self, mut capture: Capture) -> io::Result<Capture> {
        blank_secrets(&mut capture);
        if let Some(last) = self.last_seq {
            let next = last
                .checked_add(1)
                .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the numbers are used up"))?;
            capture.seq = capture.seq.max(next);
        }
        capture.at = capture.at.max(self.last_at);
        self.line(&capture)?;
        self.last_seq = Some(capture.seq);
        self.last_at = capture.at;
        Ok(capture)
    }

    /// Hands everything to what lies below the output.
    ///
    /// # Errors
    /// What the output says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// Ends the recording.
    pub fn into_inner(self) -> W {
        self.output
    }

    fn line(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        if line.len() > MAX_LINE_BYTES {
            let reason = format!("a capture of {} bytes, and {MAX_LINE_BYTES} is the most", line.len());
            return Err(io::Error::new(ErrorKind::InvalidInput, reason));
        }
        line.push(b'\n');
        self.output.write_all(&line)
    }
}
