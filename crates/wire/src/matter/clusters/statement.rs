//! What all cluster decoders share: one attribute's value on its way to facts, the rows of its table, and readers of single values.

use crate::{Decoded, Problem};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;
use std::fmt::Display;
use weft_model::{AttributePath, AttributeValue, Fact, FactKind};

/// The longest text that becomes a fact: the longest that a cluster here allows (ProductURL).
pub const MAX_TEXT_BYTES: usize = 256;
/// Problems told of one attribute; the rest is counted.
const MAX_PROBLEMS: usize = 16;
/// What follows in a text is the id of a translation, not for display (Matter core specification 1.4, 7.19.2.40).
const INFORMATION_SEPARATOR: char = '\u{1f}';

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Where a value comes from: JSON has no octet strings, they stand there as base64 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Tlv,
    Json,
}

/// A value, or why it is none.
pub(super) type Reading<T> = Result<T, Cow<'static, str>>;

/// One attribute's value while it becomes facts.
pub(super) struct Statement<'a> {
    pub path: AttributePath,
    pub kind: FactKind,
    pub value: &'a AttributeValue,
    pub form: Form,
    decoded: Decoded,
    untold: usize,
}

impl<'a> Statement<'a> {
    pub fn new(path: AttributePath, kind: FactKind, value: &'a AttributeValue, form: Form) -> Self {
        Self {
            path,
            kind,
            value,
            form,
            decoded: Decoded::default(),
            untold: 0,
        }
    }

    pub fn finish(mut self) -> Decoded {
        if self.untold > 0 {
            let more = format!("{} more problems", self.untold);
            self.decoded.problem(Problem::of(self.kind.name(), more));
        }
        self.decoded
    }

    pub fn fact(&mut self, fact: Fact) {
        self.decoded.fact(fact);
    }

    /// The device has no value of this kind.
    pub fn null(&mut self, kind: FactKind) {
        self.decoded.fact(Fact::Null(kind));
    }

    pub fn incomplete(&mut self, kind: FactKind) {
        self.decoded.mark_incomplete(kind);
    }

    /// Nothing was told as incomplete so far.
    pub fn complete(&self) -> bool {
        self.decoded.incomplete.is_empty()
    }

    /// Keeps the value as it came.
    pub fn keep(&mut self) {
        self.keep_as(self.value.clone());
    }

    pub fn keep_as(&mut self, value: AttributeValue) {
        self.decoded.fact(Fact::Attribute(self.path, value));
    }

    /// A problem of the attribute, or of a part of it.
    pub fn problem(&mut self, part: &str, reason: impl Into<Cow<'static, str>>) {
        if self.decoded.problems.len() >= MAX_PROBLEMS {
            self.untold += 1;
            return;
        }
        let name = self.kind.name();
        let field = if part.is_empty() { name } else { format!("{name} › {part}").into() };
        self.decoded.problem(Problem::of(field, reason));
    }

    /// The value through `read`; a problem where it is none.
    pub fn read<T>(&mut self, read: impl FnOnce(&'a AttributeValue) -> Reading<T>) -> Option<T> {
        match read(self.value) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.problem("", reason);
                None
            }
        }
    }

    /// The value as a number, made a fact.
    pub fn number<T: TryFrom<u64>>(&mut self, fact: impl FnOnce(T) -> Fact) {
        if let Some(number) = self.read(number) {
            self.fact(fact(number));
        }
    }

    /// The value as text, made a fact; an empty text is no value.
    pub fn text(&mut self, fact: impl FnOnce(String) -> Fact) {
        match self.read(text) {
            Some(text) if text.is_empty() => self.null(self.kind),
            Some(text) => self.fact(fact(text)),
            None => {}
        }
    }

    /// The value as octets, whichever form they have.
    pub fn octets(&mut self) -> Option<Cow<'a, [u8]>> {
        let form = self.form;
        self.read(|value| octets(value, form))
    }

    /// The rows of a table, those that are no structures left out and told.
    pub fn rows<T>(&mut self, mut read: impl FnMut(&mut Row<'_, 'a>) -> Option<T>) -> Option<Vec<T>> {
        let list = self.read(list)?;
        let mut rows = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let AttributeValue::Structure(fields) = value else {
                self.problem(&format!("row {index}"), format!("a structure expected, got {}", shape(value)));
                self.incomplete(self.kind);
                continue;
            };
            match read(&mut Row {
                statement: self,
                index,
                fields,
                wrong: false,
            }) {
                Some(row) => rows.push(row),
                None => self.incomplete(self.kind),
            }
        }
        Some(rows)
    }
}

/// One row of a table.
pub(super) struct Row<'s, 'a> {
    pub statement: &'s mut Statement<'a>,
    index: usize,
    fields: &'a [(u8, AttributeValue)],
    /// A field was there and could not be read.
    pub wrong: bool,
}

impl<'a> Row<'_, 'a> {
    /// A problem of the row's field.
    pub fn problem(&mut self, name: &str, reason: impl Into<Cow<'static, str>>) {
        self.wrong = true;
        self.statement.problem(&format!("row {} › {name}", self.index), reason);
    }

    /// A field through `read`; `None` where it is absent, null or, with a problem, something else.
    pub fn read<T>(&mut self, tag: u8, name: &str, read: impl FnOnce(&'a AttributeValue) -> Reading<T>) -> Option<T> {
        let value = self.fields.iter().find(|(number, _)| *number == tag).map(|(_, value)| value)?;
        if *value == AttributeValue::Null {
            return None;
        }
        read(value).map_err(|reason| self.problem(name, reason)).ok()
    }

    /// A field as a number.
    pub fn number<T: TryFrom<u64>>(&mut self, tag: u8, name: &str) -> Option<T> {
        self.read(tag, name, number)
    }

    pub fn boolean(&mut self, tag: u8, name: &str) -> Option<bool> {
        self.read(tag, name, boolean)
    }

    /// A boolean field that the row means nothing without.
    pub fn required_boolean(&mut self, tag: u8, name: &str) -> Option<bool> {
        let had_problem = self.wrong;
        self.wrong = false;
        let value = self.boolean(tag, name);
        if value.is_none() && !self.wrong {
            self.problem(name, "is missing");
        }
        self.wrong |= had_problem;
        value
    }

    pub fn octets(&mut self, tag: u8, name: &str) -> Option<Cow<'a, [u8]>> {
        let form = self.statement.form;
        self.read(tag, name, |value| octets(value, form))
    }
}

fn expected<T>(what: impl Display, value: &AttributeValue) -> Reading<T> {
    Err(format!("{what} expected, got {}", shape(value)).into())
}

/// What a value is, for a problem; texts and octets are not repeated.
pub(super) fn shape(value: &AttributeValue) -> String {
    match value {
        AttributeValue::Null => "null".into(),
        AttributeValue::Boolean(truth) => truth.to_string(),
        AttributeValue::Unsigned(number) => number.to_string(),
        AttributeValue::Signed(number) => number.to_string(),
        AttributeValue::Float(_) => "a number with a fraction, or beyond 64 bits".into(),
        AttributeValue::Text(text) => format!("text of {} bytes", text.len()),
        AttributeValue::Octets(octets) => format!("{} octets", octets.len()),
        AttributeValue::List(_) => "a list".into(),
        AttributeValue::Structure(_) => "a structure".into(),
    }
}

fn integer(value: &AttributeValue) -> Option<u64> {
    match value {
        AttributeValue::Unsigned(number) => Some(*number),
        AttributeValue::Signed(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// An integer from 0 to `maximum`.
pub(super) fn unsigned(value: &AttributeValue, maximum: u64) -> Reading<u64> {
    match integer(value).filter(|number| *number <= maximum) {
        Some(number) => Ok(number),
        None => expected(format_args!("an integer from 0 to {maximum}"), value),
    }
}

/// An unsigned integer that the type holds.
pub(super) fn number<T: TryFrom<u64>>(value: &AttributeValue) -> Reading<T> {
    match integer(value).and_then(|number| T::try_from(number).ok()) {
        Some(number) => Ok(number),
        None => expected(format_args!("an unsigned integer of {} bits", size_of::<T>() * 8), value),
    }
}

/// An integer that eight bits with a sign hold.
pub(super) fn signed_byte(value: &AttributeValue) -> Reading<i8> {
    let number = match value {
        AttributeValue::Unsigned(number) => i8::try_from(*number).ok(),
        AttributeValue::Signed(number) => i8::try_from(*number).ok(),
        _ => None,
    };
    match number {
        Some(number) => Ok(number),
        None => expected("an integer from -128 to 127", value),
    }
}

pub(super) fn boolean(value: &AttributeValue) -> Reading<bool> {
    match value {
        AttributeValue::Boolean(truth) => Ok(*truth),
        _ => expected("true or false", value),
    }
}

/// The part of a text that is for display.
pub(super) fn text(value: &AttributeValue) -> Reading<String> {
    match value {
        AttributeValue::Text(text) if text.len() <= MAX_TEXT_BYTES => Ok(text.split(INFORMATION_SEPARATOR).next().unwrap_or_default().to_owned()),
        AttributeValue::Text(_) => expected(format_args!("text of at most {MAX_TEXT_BYTES} bytes"), value),
        _ => expected("text", value),
    }
}

pub(super) fn octets(value: &AttributeValue, form: Form) -> Reading<Cow<'_, [u8]>> {
    match value {
        AttributeValue::Octets(octets) => Ok(Cow::Borrowed(octets)),
        AttributeValue::Text(text) if form == Form::Json => match BASE64.decode(text) {
            Ok(octets) => Ok(Cow::Owned(octets)),
            Err(_) => expected("base64", value),
        },
        _ => expected("octets", value),
    }
}

pub(super) fn list(value: &AttributeValue) -> Reading<&[AttributeValue]> {
    match value {
        AttributeValue::List(values) => Ok(values),
        _ => expected("a list", value),
    }
}
