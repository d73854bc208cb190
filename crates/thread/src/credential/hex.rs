//! Hexadecimal digits of secrets: what is read on the way is overwritten.

use zeroize::Zeroizing;

/// The bytes that hexadecimal digits name, at most `most_bytes`; white space is passed over. `None` where anything else is among them.
pub(super) fn read(text: &str, most_bytes: usize) -> Option<Zeroizing<Vec<u8>>> {
    // All the room at once: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(most_bytes));
    let mut high = None;
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        let digit = character.to_digit(16)? as u8;
        match high.take() {
            None => high = Some(digit),
            Some(_) if bytes.len() == most_bytes => return None,
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    high.is_none().then_some(bytes)
}
