//! The keys of one TXT record, taken one by one; what is not taken stays as it came.

use super::super::label::{cut, shown};
use super::{MAX_STRING_BYTES, MAX_STRINGS, TxtEntries};
use crate::Problem;
use std::collections::BTreeSet;
use std::str::FromStr;

/// The keys of a TXT record that are not decoded yet.
pub(super) struct Keys<'a> {
    entries: Vec<(&'a str, Option<&'a [u8]>)>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Keys<'a> {
    /// The first of each key, as far as the bounds allow.
    pub fn new(txt: &'a [(String, Option<Vec<u8>>)], problems: &'a mut Vec<Problem>) -> Self {
        if txt.len() > MAX_STRINGS {
            problems.push(Problem::of("TXT", format!("{} strings, at most {MAX_STRINGS} are read", txt.len())));
        }
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        for (key, value) in txt.iter().take(MAX_STRINGS) {
            let length = key.len() + value.as_ref().map_or(0, |value| 1 + value.len());
            if length > MAX_STRING_BYTES {
                problems.push(Problem::of(
                    format!("TXT {}", shown(cut(key, 16))),
                    format!("at most {MAX_STRING_BYTES} bytes expected, got {length}"),
                ));
            } else if !key.is_empty() && seen.insert(key.to_ascii_lowercase()) {
                entries.push((key.as_str(), value.as_deref()));
            }
        }
        Self { entries, problems }
    }

    /// Adds a problem that is not about a key.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Takes a key if `read` understands its value. A key without value, or one that `read` refuses, is a problem; one that
    /// `read` finds to say nothing is none. Both stay.
    pub fn take<T>(&mut self, key: &str, read: impl FnOnce(&[u8]) -> Result<Option<T>, String>) -> Option<T> {
        let index = self.entries.iter().position(|(candidate, _)| candidate.eq_ignore_ascii_case(key))?;
        let read = match self.entries[index].1 {
            Some(value) => read(value),
            None => Err("a value expected, got none".into()),
        };
        match read {
            Ok(Some(value)) => {
                self.entries.remove(index);
                Some(value)
            }
            Ok(None) => None,
            Err(reason) => {
                self.problems.push(Problem::of(format!("TXT {key}"), reason));
                None
            }
        }
    }

    /// Takes a text; an empty one says nothing.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.take(key, |value| {
            let text = std::str::from_utf8(value).map_err(|error| format!("UTF-8 expected, not so at byte {}", error.valid_up_to()))?;
            Ok((!text.is_empty()).then(|| shown(text)))
        })
    }

    /// Takes exactly `N` bytes.
    pub fn bytes<const N: usize>(&mut self, key: &str) -> Option<[u8; N]> {
        self.take(key, |value| exactly(value).map(Some))
    }

    /// Takes a decimal number up to `most`.
    pub fn decimal<T: TryFrom<u32>>(&mut self, key: &str, most: u32) -> Option<T> {
        self.take(key, |value| decimal(value, most).map(Some))
    }

    /// Takes a text of hexadecimal digits that `T` reads.
    pub fn hexadecimal<T: FromStr>(&mut self, key: &str, digits: usize) -> Option<T> {
        self.take(key, |value| match hexadecimal_text(value, digits).and_then(|text| text.parse().ok()) {
            Some(value) => Ok(Some(value)),
            None => Err(format!("{digits} hexadecimal digits expected, got {}", quoted(value))),
        })
    }

    /// What was not taken.
    pub fn rest(self) -> TxtEntries {
        self.entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.map(<[u8]>::to_vec)))
            .collect()
    }
}

/// `value` as an array.
pub(super) fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], String> {
    value.try_into().map_err(|_| format!("{N} bytes expected, got {}", value.len()))
}

/// A decimal number up to `most`, digits only.
pub(super) fn decimal<T: TryFrom<u32>>(value: &[u8], most: u32) -> Result<T, String> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(value)
        .ok()
        .filter(|_| digits)
        .and_then(|text| text.parse().ok())
        .filter(|number| *number <= most);
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("a decimal number up to {most} expected, got {}", quoted(value)))
}

/// `value` as text if it consists of `digits` hexadecimal digits.
pub(super) fn hexadecimal_text(value: &[u8], digits: usize) -> Option<&str> {
    (value.len() == digits && value.iter().all(u8::is_ascii_hexdigit))
        .then(|| std::str::from_utf8(value).ok())
        .flatten()
}

/// The beginning of a value for a problem's text.
pub(super) fn quoted(value: &[u8]) -> String {
    let start = &value[..value.len().min(24)];
    format!("\"{}{}\"", start.escape_ascii(), if value.len() > start.len() { "…" } else { "" })
}

/// TXT strings under construction.
#[derive(Default)]
pub(super) struct Strings(TxtEntries);

impl Strings {
    /// Adds bytes; what a string cannot hold is left out.
    pub fn bytes(&mut self, key: &str, value: Option<impl AsRef<[u8]>>) -> &mut Self {
        if let Some(value) = value {
            let value = value.as_ref();
            let room = MAX_STRING_BYTES.saturating_sub(key.len() + 1);
            self.0.push((key.to_owned(), Some(value[..value.len().min(room)].to_vec())));
        }
        self
    }

    /// Adds a text, cut between characters.
    pub fn text(&mut self, key: &str, value: Option<&String>) -> &mut Self {
        let room = MAX_STRING_BYTES.saturating_sub(key.len() + 1);
        self.bytes(key, value.map(|value| cut(value, room)))
    }

    /// Adds a decimal number.
    pub fn decimal(&mut self, key: &str, value: Option<impl Into<u32>>) -> &mut Self {
        self.bytes(key, value.map(|value| value.into().to_string()))
    }

    /// Adds the keys that have no field, and gives the strings out.
    pub fn with(&mut self, other: &[(String, Option<Vec<u8>>)]) -> TxtEntries {
        self.0.extend_from_slice(other);
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn txt(strings: &[(&str, Option<&[u8]>)]) -> TxtEntries {
        strings.iter().map(|(key, value)| (key.to_string(), value.map(<[u8]>::to_vec))).collect()
    }

    #[test]
    fn keys_ignore_case_and_the_first_of_equal_ones_counts() {
        let txt = txt(&[("NN", Some(b"first")), ("nn", Some(b"second")), ("x", None), ("", Some(b"no key"))]);
        let mut problems = Vec::new();
        let mut keys = Keys::new(&txt, &mut problems);
        assert_eq!(keys.text("nn").as_deref(), Some("first"));
        assert_eq!(keys.text("nn"), None);
        assert_eq!(keys.rest(), [("x".to_owned(), None)]);
        assert_eq!(problems, []);
    }

    #[test]
    fn a_value_that_cannot_be_read_is_named_and_stays() {
        let txt = txt(&[
            ("sb", Some(&[1, 2])),
            ("nn", Some(b"caf\xe9")),
            ("D", Some(b"+5")),
            ("CM", None),
            ("vn", Some(b"")),
        ]);
        let mut problems = Vec::new();
        let mut keys = Keys::new(&txt, &mut problems);
        assert_eq!(keys.bytes::<4>("sb"), None);
        assert_eq!(keys.text("nn"), None);
        assert_eq!(keys.decimal::<u16>("D", 4095), None);
        assert_eq!(keys.decimal::<u8>("CM", 3), None);
        assert_eq!(keys.text("vn"), None);
        assert_eq!(keys.rest(), txt);
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "TXT sb: 4 bytes expected, got 2",
                "TXT nn: UTF-8 expected, not so at byte 3",
                "TXT D: a decimal number up to 4095 expected, got \"+5\"",
                "TXT CM: a value expected, got none",
            ]
        );
    }

    #[test]
    fn strings_are_bounded_in_length_and_number() {
        let mut txt: TxtEntries = vec![("big".into(), Some(vec![0; 252])), ("fits".into(), Some(vec![0; 250]))];
        txt.extend((0..300).map(|index| (format!("k{index}"), None)));
        let mut problems = Vec::new();
        let rest = Keys::new(&txt, &mut problems).rest();
        assert_eq!(rest.len(), MAX_STRINGS - 1);
        assert_eq!(problems[0].to_string(), "TXT: 302 strings, at most 256 are read");
        assert_eq!(problems[1].to_string(), "TXT big: at most 255 bytes expected, got 256");
    }

    #[test]
    fn decimal_numbers_are_digits_within_their_bound() {
        for (value, expected) in [
            ("0", Some(0)),
            ("0007", Some(7)),
            ("4095", Some(4095)),
            ("4096", None),
            ("", None),
            ("-1", None),
            ("1 ", None),
        ] {
            assert_eq!(decimal::<u16>(value.as_bytes(), 4095).ok(), expected, "{value:?}");
        }
        assert!(decimal::<u32>(b"99999999999999999999", u32::MAX).is_err());
    }
}
