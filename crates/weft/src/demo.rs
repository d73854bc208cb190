//! The bundled recording: a synthetic day in a 44-device home, made by the project's own mesh simulator. No real device is in it.

use anyhow::Result;
use flate2::bufread::GzDecoder;
use std::io::BufReader;
use weft_evidence::Capture;
use weft_evidence::recording::read_all;

const RECORDING: &[u8] = include_bytes!("../demo/home.jsonl.gz");

/// The captures of the demo, in order.
///
/// # Errors
/// None, unless the program itself was built from a broken file.
pub(crate) fn captures() -> Result<Vec<Capture>> {
    Ok(read_all(BufReader::new(GzDecoder::new(RECORDING)))?.captures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_bundled_recording_is_used_and_its_header_says_what_it_is() {
        let recording = read_all(BufReader::new(GzDecoder::new(RECORDING))).unwrap();
        assert_eq!(recording.report.skipped_lines(), 0, "{}", recording.report);
        assert!(recording.report.told.is_empty(), "{}", recording.report);
        assert!(recording.header.unwrap().note.unwrap().contains("synthetic"));
        assert!(recording.captures.last().unwrap().at.seconds_since(recording.captures[0].at) > 20 * 3600);
    }
}
