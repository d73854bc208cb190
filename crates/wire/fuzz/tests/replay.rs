//! Replays the seed corpora: each seed through its target, whole, cut short, and with single bits flipped, at many places.

use std::path::Path;

#[test]
fn every_seed_passes_through_its_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in weft_fuzz::TARGETS {
        let mut seeds: Vec<_> = std::fs::read_dir(corpus.join(name))
            .unwrap_or_else(|error| panic!("target {name} has no seeds in {}: {error}", corpus.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        seeds.sort();
        assert!(!seeds.is_empty(), "target {name} has no seeds");
        for seed in seeds {
            let bytes = std::fs::read(&seed).unwrap();
            target(&bytes);
            let step = (bytes.len() / changes(name)).max(1);
            for length in (0..bytes.len()).step_by(step) {
                target(&bytes[..length]);
                let mut flipped = bytes.clone();
                flipped[length] ^= 1 << (length % 8);
                target(&flipped);
            }
        }
    }
}

/// At how many places each seed is cut and flipped.
fn changes(name: &str) -> usize {
    // Each of these inputs is a handshake, and takes milliseconds.
    if name.starts_with("dtls_") { 64 } else { 256 }
}

#[test]
fn every_folder_of_seeds_belongs_to_a_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in std::fs::read_dir(corpus).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(
            weft_fuzz::TARGETS.iter().any(|(target, _)| name == *target),
            "{} belongs to no target",
            name.display()
        );
    }
}
