//! A cursor over foreign bytes whose every read names the field.

use std::borrow::Cow;
use std::fmt;

/// What a decoder could not read: which field, at which byte, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field, as a path a reader of the format understands: `TLV 29 (child) › extended address`.
    pub field: Cow<'static, str>,
    /// Byte offset in the data that the decoder was given; `None` for data without bytes (JSON).
    pub offset: Option<usize>,
    /// What is wrong with it.
    pub reason: Cow<'static, str>,
}

impl Problem {
    /// A problem of a field in binary data.
    pub fn at(field: impl Into<Cow<'static, str>>, offset: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: field.into(),
            offset: Some(offset),
            reason: reason.into(),
        }
    }

    /// A problem of a field in data without byte offsets.
    pub fn of(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: field.into(),
            offset: None,
            reason: reason.into(),
        }
    }

    /// The same problem, its field named as part of `outer`, its offset counted from there.
    pub fn within(self, outer: &str, base: usize) -> Self {
        Self {
            field: format!("{outer} › {}", self.field).into(),
            offset: self.offset.map(|offset| base + offset),
            reason: self.reason,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} at byte {offset}: {}", self.field, self.reason),
            None => write!(f, "{}: {}", self.field, self.reason),
        }
    }
}

impl std::error::Error for Problem {}

/// A cursor over bytes. Numbers are big-endian unless the method says otherwise.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// True if nothing is left.
    pub fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// The next `length` bytes.
    pub fn take(&mut self, field: &'static str, length: usize) -> Result<&'a [u8], Problem> {
        match self.bytes.get(self.position..).and_then(|rest| rest.get(..length)) {
            Some(taken) => {
                self.position += length;
                Ok(taken)
            }
            None => Err(Problem::at(field, self.position, format!("{length} bytes needed, {} left", self.left()))),
        }
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.position..];
        self.position = self.bytes.len();
        rest
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Problem> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(field, N)?);
        Ok(array)
    }

    /// The next byte.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, Problem> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    /// The next byte as a signed number.
    pub fn i8(&mut self, field: &'static str) -> Result<i8, Problem> {
        self.u8(field).map(|byte| byte as i8)
    }

    /// The next two bytes.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, Problem> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// The next four bytes.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, Problem> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// The next eight bytes.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, Problem> {
        self.array(field).map(u64::from_be_bytes)
    }

    /// An error unless everything was read.
    pub fn finish(&self, field: &'static str) -> Result<(), Problem> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Problem::at(field, self.position, format!("{} bytes too many", self.left())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_read_names_the_field_and_the_bytes_missing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16("rloc16"), Ok(0x0102));
        assert_eq!(
            reader.u32("timeout").unwrap_err().to_string(),
            "timeout at byte 2: 4 bytes needed, 1 left"
        );
        assert_eq!(reader.position(), 2);
        assert_eq!(reader.finish("entry").unwrap_err().to_string(), "entry at byte 2: 1 bytes too many");
    }

    #[test]
    fn a_problem_inside_is_named_from_outside() {
        let inner = Problem::at("mode", 2, "2 bytes needed, 0 left");
        assert_eq!(inner.within("TLV 2", 10).to_string(), "TLV 2 › mode at byte 12: 2 bytes needed, 0 left");
    }
}
