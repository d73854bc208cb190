//! Where results and remarks go: standard output, standard error, new files.

use crate::text::clean;
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use weft_evidence::Capture;
use weft_evidence::recording::{Header, RecordingWriter};

/// The most remarks of one kind that are told word for word; the rest is counted.
pub(crate) const MAX_REMARKS: usize = 10;

/// Says something to the person on standard error. Whether anybody listens does not matter.
pub(crate) fn tell(text: impl AsRef<str>) {
    let mut error = io::stderr().lock();
    for line in text.as_ref().lines() {
        let _ = writeln!(error, "weft: {}", clean(line));
    }
}

/// Tells the first [`MAX_REMARKS`] of `remarks`, and how many of `total` that leaves.
pub(crate) fn tell_some(about: &str, remarks: impl IntoIterator<Item = String>, total: u64) {
    let mut told = 0;
    for remark in remarks.into_iter().take(MAX_REMARKS) {
        tell(format!("{about}: {remark}"));
        told += 1;
    }
    if total > told {
        tell(format!("{about}: … and {} more", total - told));
    }
}

/// Writes a result to standard output. A reader that has seen enough (`weft show | head`) is no failure.
///
/// # Errors
/// What standard output says, other than that its reader is gone.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    match write(&mut output).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            // What is still buffered has no reader either.
            let _ = output.into_parts();
            Ok(())
        }
        written => written.context("cannot write to standard output"),
    }
}

/// Creates a file that was not there before, readable by its owner only: recordings tell who lives here.
///
/// # Errors
/// Where the file exists, or cannot be created.
pub(crate) fn create_new(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow::anyhow!("{} exists already: choose another name, or delete it", path.display()),
        _ => anyhow::Error::new(error).context(format!("cannot create {}", path.display())),
    })
}

/// Writes captures as a new recording: to standard output for `-`, compressed where the name ends in `.gz`.
///
/// # Errors
/// What the file or standard output says. A file that could not be written whole is deleted again.
pub(crate) fn write_recording(path: &Path, header: &Header, captures: impl IntoIterator<Item = Capture>) -> Result<()> {
    if path == Path::new("-") {
        return print(|output| write_captures(output, header, captures).map(drop));
    }
    let file = BufWriter::new(create_new(path)?);
    let written = if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz")) {
        write_captures(GzEncoder::new(file, Compression::best()), header, captures).and_then(GzEncoder::finish)
    } else {
        write_captures(file, header, captures)
    };
    let ended = written.and_then(|mut file| file.flush());
    if ended.is_err() {
        let _ = std::fs::remove_file(path);
    }
    ended.with_context(|| format!("cannot write {}", path.display()))
}

fn write_captures<W: Write>(output: W, header: &Header, captures: impl IntoIterator<Item = Capture>) -> io::Result<W> {
    let mut writer = RecordingWriter::new(output, header)?;
    for capture in captures {
        let seq = capture.seq;
        match writer.write(capture) {
            // No reader would take it. The others are not worse for it.
            Err(error) if error.kind() == ErrorKind::InvalidInput => tell(format!("capture {seq} is left out: {error}")),
            written => drop(written?),
        }
    }
    writer.flush()?;
    Ok(writer.into_inner())
}
