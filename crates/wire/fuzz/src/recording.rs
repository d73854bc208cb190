//! Lines of recordings: parsed, decoded, blanked, anonymised.

use weft_evidence::recording::parse_line;
use weft_evidence::{Anonymiser, Decoder, blank_secrets, retention_key};

/// One line of a recording. Blanking twice must change nothing more, and a blanked capture must still be one.
pub fn recording_line(data: &[u8]) {
    let Ok(mut capture) = parse_line(data) else { return };
    Decoder::new().decode(&capture);
    retention_key(&capture);
    blank_secrets(&mut capture);
    let mut again = capture.clone();
    blank_secrets(&mut again);
    assert_eq!(again, capture, "blanking is not idempotent");
    let mut anonymiser = Anonymiser::new([0x5a; 32]);
    anonymiser.learn(&capture);
    anonymiser.anonymise(&mut capture);
    Decoder::new().decode(&capture);
}
