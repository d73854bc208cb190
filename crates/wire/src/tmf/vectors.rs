//! Real payloads for tests, as text: `name: hexadecimal digits`, `#` begins a remark.

/// The bytes of hexadecimal digits; white space between them is passed over.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).expect("a hexadecimal digit"))
        .collect();
    assert!(digits.len().is_multiple_of(2));
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

const ANSWERS: &str = include_str!("../../testdata/tmf-answers.txt");

/// Names and payloads of `testdata/tmf-answers.txt`.
pub(crate) fn answers() -> Vec<(&'static str, Vec<u8>)> {
    let lines = ANSWERS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once(": ").map(|(name, digits)| (name, bytes(digits))).expect("name: digits"))
        .collect()
}

/// The payload with this name.
pub(crate) fn answer(name: &str) -> Vec<u8> {
    answers()
        .into_iter()
        .find(|(other, _)| *other == name)
        .map(|(_, payload)| payload)
        .expect("a payload with this name")
}
