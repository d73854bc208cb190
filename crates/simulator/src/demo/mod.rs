//! The demo: a day in a 44-device home with 6 border routers. Nothing in it was ever measured; its note says so.

mod day;
mod home;

pub use day::{captures, home_at};
pub use home::home;

use crate::Scribe;
use std::io;

/// What stands in the header of the recording.
pub const NOTE: &str = "synthetic: made by Weft's mesh simulator";

/// The recording of the day, uncompressed: the same bytes each time.
///
/// # Errors
/// None that writing to memory could cause; the signature is that of the writer.
pub fn recording() -> io::Result<Vec<u8>> {
    let scribe: Scribe = day::write();
    scribe.write_recording(Vec::new(), NOTE)
}

#[cfg(test)]
mod tests;
