//! Lines of a byte stream, each held in memory only up to a bound.

use super::MAX_LINE_BYTES;
use std::io::{self, BufRead, ErrorKind};

/// Memory that is kept for the next line; a longer line's is given back.
const KEPT_BYTES: usize = 64 * 1024;

/// How a line came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// All of it is there. `ended` is false for a last line without a line's end.
    Whole { ended: bool },
    /// It was longer than [`MAX_LINE_BYTES`] and was passed over.
    TooLong { bytes: u64 },
}

/// A cursor over the lines of `input`.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: Vec::new() }
    }

    /// The line that [`Lines::advance`] read, without its end, to be given back with [`Lines::give_back`].
    pub(super) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.line)
    }

    /// Takes the memory of a line for the next one.
    pub(super) fn give_back(&mut self, line: Vec<u8>) {
        self.line = line;
    }

    /// Reads the next line; `None` at the end of the input.
    pub(super) fn advance(&mut self) -> io::Result<Option<Line>> {
        self.line.clear();
        if self.line.capacity() > KEPT_BYTES {
            self.line.shrink_to(KEPT_BYTES);
        }
        let mut length: u64 = 0;
        let ended = loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break false;
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let content = &chunk[..end.unwrap_or(chunk.len())];
            length += content.len() as u64;
            if length <= MAX_LINE_BYTES as u64 {
                self.line.extend_from_slice(content);
            } else if self.line.capacity() > 0 {
                self.line = Vec::new();
            }
            let used = content.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                break true;
            }
        };
        if length == 0 && !ended {
            return Ok(None);
        }
        if length > MAX_LINE_BYTES as u64 {
            return Ok(Some(Line::TooLong { bytes: length }));
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(Some(Line::Whole { ended }))
    }

    /// Memory held for the line, in bytes.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.line.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Read};

    /// Gives so many `x` and then the rest, without holding either.
    struct Flood {
        left: u64,
        rest: &'static [u8],
    }

    impl Read for Flood {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.left == 0 {
                return self.rest.read(buffer);
            }
            let count = self.left.min(buffer.len() as u64) as usize;
            buffer[..count].fill(b'x');
            self.left -= count as u64;
            Ok(count)
        }
    }

    #[test]
    fn a_very_long_line_is_passed_over_in_bounded_memory() {
        let mut lines = Lines::new(BufReader::new(Flood {
            left: 100_000_000,
            rest: b"\nafter\n",
        }));
        assert_eq!(lines.advance().unwrap(), Some(Line::TooLong { bytes: 100_000_000 }));
        assert_eq!(lines.capacity(), 0, "what was read of the long line is given back at once");
        assert_eq!(lines.advance().unwrap(), Some(Line::Whole { ended: true }));
        assert_eq!(lines.take_bytes(), b"after");
        assert_eq!(lines.advance().unwrap(), None);
    }

    #[test]
    fn the_longest_line_is_read_and_its_memory_given_back() {
        let mut lines = Lines::new(BufReader::new(Flood {
            left: MAX_LINE_BYTES as u64,
            rest: b"\nx",
        }));
        assert_eq!(lines.advance().unwrap(), Some(Line::Whole { ended: true }));
        let line = lines.take_bytes();
        assert_eq!(line.len(), MAX_LINE_BYTES);
        assert!(line.capacity() <= 2 * MAX_LINE_BYTES);
        lines.give_back(line);
        assert_eq!(lines.advance().unwrap(), Some(Line::Whole { ended: false }));
        assert!(lines.capacity() <= KEPT_BYTES);
    }

    #[test]
    fn line_ends_of_both_kinds_and_a_last_line_without_one() {
        let mut lines = Lines::new(&b"a\r\n\n\rb"[..]);
        let mut read = Vec::new();
        while let Some(line) = lines.advance().unwrap() {
            read.push((line, lines.take_bytes()));
        }
        let whole = |ended, bytes: &[u8]| (Line::Whole { ended }, bytes.to_vec());
        assert_eq!(read, [whole(true, b"a"), whole(true, b""), whole(false, b"\rb")]);
    }
}
