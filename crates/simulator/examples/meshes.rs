//! Writes a recording of simulated meshes as they are at one moment: `cargo run -p weft-simulator --example meshes -- DEVICES FILE.jsonl`.
//!
//! What stands in it is the LAN's announcements and one sweep of all routers. `weft replay FILE` serves it; the page is measured with it.

use std::fs::File;
use std::io::{BufWriter, Error, Write};
use weft_simulator::{DiagnosticQuestion, Mesh, Scribe, Size, demo};

const SEED: u64 = 44;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let usage = || Error::other("usage: meshes DEVICES FILE.jsonl");
    let devices: usize = arguments.next().and_then(|text| text.parse().ok()).ok_or_else(usage)?;
    let path = arguments.next().ok_or_else(usage)?;
    let mesh = Mesh::random(SEED, if devices == 44 { Size::HOME } else { Size::of_nodes(devices) });
    let survey = mesh.survey();
    let mut scribe = Scribe::new(mesh.now());
    for node in mesh.indices() {
        scribe.write("mdns", mesh.announcements(node));
    }
    for router in mesh.routers() {
        scribe
            .pass_milliseconds(1)
            .write("border-agent", survey.diagnostic_answer(router, &DiagnosticQuestion::default()));
    }
    scribe.write_recording(BufWriter::new(File::create(&path)?), demo::NOTE)?.flush()?;
    eprintln!("{path}: {} captures of {devices} devices", scribe.captures().len());
    Ok(())
}
