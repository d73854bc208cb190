//! Codes on a page of text, with all that people write around them.

use super::manual;
use super::payload;
use super::{CodeError, Discriminator, SetupCode};
use zeroize::Zeroizing;

/// The most that is looked at, in bytes.
const MAX_TEXT_BYTES: usize = 256 << 10;

/// The most codes that are told of one page.
const MAX_CODES: usize = 500;

/// Digits of a manual code, without and with vendor and product id; the long one first, as a short one might be found within it.
const LENGTHS: [usize; 2] = [21, 11];

/// A line of digits and nothing else is meant as a code where it has so many of them.
const MIN_DIGITS_OF_A_LINE: usize = 8;

/// One number of so many digits is meant as a code, whatever stands around it.
const MIN_DIGITS_OF_A_NUMBER: usize = 10;

/// True for what stands between the groups of a code. Dots do not count here: they end numbers of lists, and are in addresses.
fn is_separator(character: char) -> bool {
    character != '.' && manual::is_separator(character)
}

/// All codes of a text, each device once.
pub(super) fn find_all(text: &str) -> Vec<Result<SetupCode, CodeError>> {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut found = Found::default();
    for line in text.get(..end).unwrap_or_default().lines() {
        find_in_line(line, &mut found);
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<Result<SetupCode, CodeError>>);

impl Found {
    /// Adds a code, unless it is one of a device that was found already: then the one that says more is kept, in the place of the first.
    fn add(&mut self, code: Result<SetupCode, CodeError>) {
        if let Ok(code) = &code {
            let known = self.0.iter_mut().flatten().find(|known| known.is_same_device(code));
            if let Some(known) = known {
                if matches!(
                    (known.discriminator, code.discriminator),
                    (Discriminator::Short(_), Discriminator::Long(_))
                ) {
                    *known = code.clone();
                }
                return;
            }
        }
        if self.0.len() < MAX_CODES {
            self.0.push(code);
        }
    }
}

fn find_in_line(line: &str, found: &mut Found) {
    let mut rest = line;
    while let Some((before, body, after)) = split_at_payload(rest) {
        find_manual(before, found);
        // A full stop or a dash may end the sentence or be part of the payload.
        let mut parts = body.split(payload::SEPARATOR).peekable();
        while let Some(part) = parts.next() {
            let code = payload::parse(part);
            let trimmed = part.trim_end_matches(['.', '-']);
            match code {
                Err(_) if parts.peek().is_none() && trimmed.len() < part.len() => found.add(payload::parse(trimmed).or(code)),
                code => found.add(code),
            }
        }
        rest = after;
    }
    find_manual(rest, found);
}

/// The text before `MT:`, the payloads, the text behind them.
fn split_at_payload(text: &str) -> Option<(&str, &str, &str)> {
    let mut previous = ' ';
    for (position, character) in text.char_indices() {
        let begins_word = !previous.is_alphanumeric();
        previous = character;
        let (before, at) = text.split_at_checked(position)?;
        if !begins_word {
            continue;
        }
        if let Some(body) = payload::strip_prefix(at) {
            let end = body
                .find(|character| !payload::is_character(character) && character != payload::SEPARATOR)
                .unwrap_or(body.len());
            let (body, after) = body.split_at_checked(end)?;
            return Some((before, body, after));
        }
    }
    None
}

/// Manual codes in a text without payloads: runs of digits and separators, in which groups of digits together have the length of a code.
fn find_manual(text: &str, found: &mut Found) {
    for run in text.split(|character: char| !character.is_ascii_digit() && !is_separator(character)) {
        let alone = run.len() == text.len();
        let groups: Vec<&str> = run.split(is_separator).filter(|group| !group.is_empty()).collect();
        find_in_run(&groups, alone, found);
    }
}

fn find_in_run(groups: &[&str], alone: bool, found: &mut Found) {
    let mut complaint = None;
    let mut any = false;
    let mut first = 0;
    while let Some(rest) = groups.get(first..).filter(|rest| !rest.is_empty()) {
        let mut taken = 1;
        for length in LENGTHS {
            let Some((count, digits)) = together(rest, length) else { continue };
            match manual::parse_digits(&digits) {
                Ok(code) => {
                    found.add(Ok(code));
                    any = true;
                    taken = count;
                    break;
                }
                Err(error) => {
                    complaint.get_or_insert(error);
                }
            }
        }
        first += taken;
    }
    if any {
        return;
    }
    let digits: usize = groups.iter().map(|group| group.len()).sum();
    let is_meant = (alone && digits >= MIN_DIGITS_OF_A_LINE) || groups.iter().any(|group| group.len() >= MIN_DIGITS_OF_A_NUMBER);
    if let Some(error) = complaint {
        found.add(Err(error));
    } else if is_meant {
        let digits: Zeroizing<String> = Zeroizing::new(groups.concat());
        found.add(manual::parse(&digits).and(Err(CodeError::Length(digits.len()))));
    }
}

/// The first groups, when together they have so many digits: how many groups, and the digits' values.
fn together(groups: &[&str], length: usize) -> Option<(usize, Zeroizing<Vec<u8>>)> {
    let mut digits = Zeroizing::new(Vec::with_capacity(length));
    for (index, group) in groups.iter().enumerate() {
        if digits.len() + group.len() > length {
            return None;
        }
        digits.extend(group.bytes().map(|digit| digit.wrapping_sub(b'0')));
        if digits.len() == length {
            return Some((index + 1, digits));
        }
    }
    None
}
