//! Writes the demo's recording, compressed: `cargo run -p weft-simulator --example demo -- crates/weft/demo/home.jsonl.gz`.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{Error, Write};

fn main() -> Result<(), Error> {
    let path = std::env::args().nth(1).ok_or_else(|| Error::other("usage: demo FILE.jsonl.gz"))?;
    let recording = weft_simulator::demo::recording()?;
    let mut encoder = GzEncoder::new(File::create(&path)?, Compression::best());
    encoder.write_all(&recording)?;
    let length = encoder.finish()?.metadata()?.len();
    eprintln!(
        "{path}: {} captures, {} bytes, {length} compressed",
        recording.iter().filter(|byte| **byte == b'\n').count() - 1,
        recording.len()
    );
    Ok(())
}
