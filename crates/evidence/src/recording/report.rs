//! What a reader of recordings has to tell.

use super::Header;
use crate::Capture;
use std::collections::BTreeMap;
use std::fmt;

/// The most troubles that a [`ReadReport`] keeps word for word; the rest is counted.
pub const MAX_TROUBLES: usize = 50;
/// The most unknown kinds that a [`ReadReport`] counts by name; the rest is counted together, as `…`.
pub const MAX_UNKNOWN_KINDS: usize = 64;

/// What is wrong with a line, as a class to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TroubleKind {
    /// The recording begins without a header, or with another program's.
    NoHeader,
    /// A header that is not the first line: recordings were put one after the other.
    AnotherHeader,
    /// Bytes that are no text.
    NotUtf8,
    /// Text that is no JSON.
    NoJson,
    /// The last line lacks its end.
    CutOff,
    /// A line longer than [`super::MAX_LINE_BYTES`].
    TooLong,
    /// JSON that lacks a field, or has one of the wrong type.
    WrongFields,
    /// A kind that this version does not know.
    UnknownKind,
    /// `seq` or `at` is lower than on an earlier line. The line is used.
    OutOfOrder,
    /// The same `seq` with other content. Both are used.
    SameNumber,
    /// The input could not be read on.
    Unreadable,
}

impl fmt::Display for TroubleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHeader => "no header",
            Self::AnotherHeader => "a header in the middle",
            Self::NotUtf8 => "not UTF-8",
            Self::NoJson => "not JSON",
            Self::CutOff => "cut off",
            Self::TooLong => "too long",
            Self::WrongFields => "fields missing or of the wrong type",
            Self::UnknownKind => "unknown kind",
            Self::OutOfOrder => "out of order",
            Self::SameNumber => "same number, other content",
            Self::Unreadable => "unreadable",
        })
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Number of the line, from 1.
    pub line: u64,
    /// Its class.
    pub kind: TroubleKind,
    /// A sentence for people.
    pub reason: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// What became of the lines of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// Lines of any kind, empty ones and the header included.
    pub lines: u64,
    /// Captures that are used.
    pub used: u64,
    /// Captures that stood there twice and are used once.
    pub repeated: u64,
    /// Lines that are not used, by class.
    pub skipped: BTreeMap<TroubleKind, u64>,
    /// What was told of lines that are used, or of the recording, by class.
    pub told: BTreeMap<TroubleKind, u64>,
    /// Lines of unknown kinds, by kind.
    pub unknown_kinds: BTreeMap<String, u64>,
    /// The first [`MAX_TROUBLES`] of all that was skipped or told, in the order of the lines.
    pub troubles: Vec<Trouble>,
}

impl ReadReport {
    /// Lines that are not used.
    pub fn skipped_lines(&self) -> u64 {
        self.skipped.values().sum()
    }

    pub(super) fn skip(&mut self, trouble: &Trouble) {
        *self.skipped.entry(trouble.kind).or_default() += 1;
        self.keep(trouble);
    }

    pub(super) fn tell(&mut self, trouble: &Trouble) {
        *self.told.entry(trouble.kind).or_default() += 1;
        self.keep(trouble);
    }

    pub(super) fn unknown(&mut self, kind: &str) {
        let is_full = self.unknown_kinds.len() >= MAX_UNKNOWN_KINDS && !self.unknown_kinds.contains_key(kind);
        *self
            .unknown_kinds
            .entry(if is_full { "…".to_owned() } else { kind.to_owned() })
            .or_default() += 1;
    }

    fn keep(&mut self, trouble: &Trouble) {
        if self.troubles.len() < MAX_TROUBLES {
            self.troubles.push(trouble.clone());
        }
    }
}

impl fmt::Display for ReadReport {
    /// One line: how many lines were used, and what became of the others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines, {} captures used", self.lines, self.used)?;
        if self.repeated > 0 {
            write!(f, ", {} repeated", self.repeated)?;
        }
        for (kind, count) in &self.skipped {
            write!(f, ", {count} skipped ({kind})")?;
        }
        for (kind, count) in &self.told {
            write!(f, ", {count} remarked ({kind})")?;
        }
        Ok(())
    }
}

/// A whole recording in memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// The header, where there was one.
    pub header: Option<Header>,
    /// The captures in (`at`, `seq`) order, each once.
    pub captures: Vec<Capture>,
    /// What became of the lines.
    pub report: ReadReport,
}
