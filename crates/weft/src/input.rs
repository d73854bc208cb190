//! Files that people give: `-` for standard input, gzip recognised by its first bytes, everything bounded.

use crate::output::{tell, tell_some};
use anyhow::{Context, Result, bail};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use weft_evidence::Capture;
use weft_evidence::recording::{Recording, TroubleKind, read_all};

/// The most that is read of one input, unpacked. A small gzip file can hold gigabytes of nothing.
const MAX_INPUT_BYTES: u64 = 2 << 30;
/// The longest line that is read of an input of JSON lines.
pub(crate) const MAX_LINE_BYTES: u64 = 16 << 20;
/// How gzip begins (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// An input that fails where it gets longer than it may be.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            // Only an input that goes on is too long.
            return match self.inner.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(io::Error::other(format!(
                    "longer than {} MiB, which is the most that is read",
                    MAX_INPUT_BYTES >> 20
                ))),
            };
        }
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Opens an input.
///
/// # Errors
/// Where it cannot be opened or its first bytes cannot be read.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    Ok(Box::new(BufReader::new(Bounded {
        inner: open_endless(path)?,
        left: MAX_INPUT_BYTES,
    })))
}

/// Opens an input that may be of any length: for whoever keeps nothing of it.
///
/// # Errors
/// Those of [`open`].
pub(crate) fn open_endless(path: &Path) -> Result<Box<dyn BufRead>> {
    let raw: Box<dyn Read> = if is_standard_input(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("cannot open {}", path.display()))?)
    };
    let mut raw = BufReader::new(raw);
    let begins = raw.fill_buf().with_context(|| format!("cannot read {}", path.display()))?;
    Ok(if begins.starts_with(&GZIP_MAGIC) {
        Box::new(BufReader::new(MultiGzDecoder::new(raw)))
    } else {
        Box::new(raw)
    })
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// What a person would call an input: its name without the folder, and without what is gone when it is unpacked.
pub(crate) fn name_of(path: &Path) -> String {
    if is_standard_input(path) {
        return "standard input".to_owned();
    }
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    name.strip_suffix(".gz").unwrap_or(&name).to_owned()
}

/// Reads a recording, and tells what of it cannot be used.
///
/// # Errors
/// Where the file cannot be opened, is of a newer version, or holds nothing that can be used. One that cannot be read to its end is used up to there.
pub(crate) fn recording(path: &Path) -> Result<Recording> {
    let name = name_of(path);
    let recording = read_all(open(path)?).with_context(|| name.clone())?;
    let report = &recording.report;
    let troubles = report.skipped_lines() + report.told.values().sum::<u64>();
    tell_some(&name, report.troubles.iter().map(ToString::to_string), troubles);
    if report.skipped_lines() > 0 {
        tell(format!("{name}: {report}"));
    }
    let stopped = report.told.contains_key(&TroubleKind::Unreadable) || report.skipped.contains_key(&TroubleKind::Unreadable);
    if recording.captures.is_empty() && (recording.header.is_none() || stopped) {
        bail!("{name} holds no captures that can be used");
    }
    Ok(recording)
}

/// The captures of a recording, in order; see [`recording`].
///
/// # Errors
/// Those of [`recording`].
pub(crate) fn captures_of(path: &Path) -> Result<Vec<Capture>> {
    Ok(recording(path)?.captures)
}

/// One line of an input of JSON lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Without its end.
    Whole(&'a [u8]),
    /// Longer than [`MAX_LINE_BYTES`].
    TooLong,
}

/// Hands every line of `input` to `take`, with its number from 1; empty ones are passed over. Memory is bounded by the longest line.
///
/// # Errors
/// What the input says, after all lines before were handed over.
pub(crate) fn each_line(input: &mut dyn BufRead, mut take: impl FnMut(u64, Line<'_>)) -> io::Result<()> {
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let read = input.take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut bytes);
        let is_too_long = bytes.len() as u64 > MAX_LINE_BYTES && bytes.last() != Some(&b'\n');
        let line = bytes.trim_ascii();
        if is_too_long {
            take(number, Line::TooLong);
            input.skip_until(b'\n')?;
        } else if !line.is_empty() {
            take(number, Line::Whole(line));
        }
        if read? == 0 {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut input: &[u8]) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Vec::new();
        each_line(&mut input, |number, line| {
            lines.push(match line {
                Line::Whole(line) => (number, Some(line.to_vec())),
                Line::TooLong => (number, None),
            });
        })
        .unwrap();
        lines
    }

    #[test]
    fn lines_are_numbered_and_empty_ones_passed_over() {
        assert_eq!(lines(b"a\r\n\nb"), [(1, Some(b"a".to_vec())), (3, Some(b"b".to_vec()))]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_that_is_too_long_costs_itself() {
        let long = usize::try_from(MAX_LINE_BYTES).unwrap() + 1;
        let input = [&vec![b'x'; long][..], b"\n", &vec![b'y'; long - 1][..], b"\nz"].concat();
        let lines = lines(&input);
        assert_eq!(lines[0], (1, None));
        assert_eq!(lines[1].1.as_ref().unwrap().len(), long - 1);
        assert_eq!(lines[2], (3, Some(b"z".to_vec())));
    }

    #[test]
    fn a_bounded_input_fails_where_it_goes_on() {
        let read = |bytes: &[u8], left| {
            let mut all = Vec::new();
            Bounded { inner: bytes, left }.read_to_end(&mut all).map(|_| all)
        };
        assert_eq!(read(b"abc", 3).unwrap(), b"abc");
        assert!(read(b"abcd", 3).unwrap_err().to_string().contains("2048 MiB"));
    }

    #[test]
    fn an_input_is_called_by_its_name_alone() {
        assert_eq!(name_of(Path::new("/home/somebody/home.jsonl.gz")), "home.jsonl");
        assert_eq!(name_of(Path::new("-")), "standard input");
    }
}
