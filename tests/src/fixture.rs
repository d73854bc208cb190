//! Recordings in `fixtures/`, each a directory with `README.md`, `recording.jsonl.gz`, `topology.json` and, where it is known, `truth.json`.

use crate::Truth;
use anyhow::{Context, ensure};
use flate2::read::GzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use weft_evidence::recording::read_all;
use weft_evidence::{Capture, Decoder, Evidence, Reporter};
use weft_model::{ExtendedAddress, Fact, Timestamp};
use weft_topology::{Policy, Topology, derive};

/// Where the fixtures lie.
pub fn fixtures_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// One fixture in memory.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Name of its directory.
    pub name: String,
    /// Its captures, in order.
    pub captures: Vec<Capture>,
    /// What is true in it.
    pub truth: Option<Truth>,
}

impl Fixture {
    /// Reads one.
    ///
    /// # Errors
    /// What cannot be read, and why; a fixture with lines that are not understood is broken.
    pub fn load(name: &str) -> anyhow::Result<Self> {
        let directory = fixtures_directory().join(name);
        let path = directory.join("recording.jsonl.gz");
        let file = File::open(&path).with_context(|| path.display().to_string())?;
        let recording = read_all(BufReader::new(GzDecoder::new(file)))?;
        ensure!(
            recording.report.troubles.is_empty(),
            "{}: {:?}",
            path.display(),
            recording.report.troubles
        );
        ensure!(!recording.captures.is_empty(), "{} holds no capture", path.display());
        let path = directory.join("truth.json");
        let truth = match path.exists() {
            true => Some(serde_json::from_slice(&fs::read(&path)?).with_context(|| path.display().to_string())?),
            false => None,
        };
        Ok(Self {
            name: name.to_owned(),
            captures: recording.captures,
            truth,
        })
    }

    /// All fixtures, sorted by name.
    ///
    /// # Errors
    /// As [`Fixture::load`].
    pub fn all() -> anyhow::Result<Vec<Self>> {
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(fixtures_directory())? {
            let entry = entry?;
            if entry.path().join("recording.jsonl.gz").exists() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        names.iter().map(|name| Self::load(name)).collect()
    }

    /// What is true in it.
    ///
    /// # Panics
    /// If nobody knows.
    pub fn truth(&self) -> &Truth {
        match &self.truth {
            Some(truth) => truth,
            None => panic!("{} has no truth.json", self.name),
        }
    }

    /// The last capture's time.
    pub fn as_of(&self) -> Timestamp {
        self.captures.last().map_or(Timestamp::MIN, |capture| capture.at)
    }

    /// What all captures say, at the end.
    pub fn topology(&self) -> Topology {
        topology_of(&self.captures, self.as_of())
    }

    /// What the captures up to a moment say, at that moment.
    pub fn topology_at(&self, as_of: Timestamp) -> Topology {
        topology_of(self.captures.iter().filter(|capture| capture.at <= as_of), as_of)
    }

    /// What is left without the captures in which certain nodes speak of themselves, at the end.
    pub fn topology_without(&self, silent: &BTreeSet<ExtendedAddress>) -> Topology {
        let speakers = self.speakers();
        let kept = self
            .captures
            .iter()
            .filter(|capture| speakers.get(&capture.seq).is_none_or(|who| who.is_disjoint(silent)));
        topology_of(kept, self.as_of())
    }

    /// Who speaks in each capture, by its number.
    pub fn speakers(&self) -> BTreeMap<u64, BTreeSet<ExtendedAddress>> {
        self.captures.iter().map(|capture| (capture.seq, self.speakers_of(capture))).collect()
    }

    fn speakers_of(&self, capture: &Capture) -> BTreeSet<ExtendedAddress> {
        let observations = Decoder::new().decode(capture).observations;
        let mut found = BTreeSet::new();
        for observation in &observations {
            match (&observation.reporter, &*observation.fact) {
                (Reporter::Radio { extended_address }, _) => found.insert(*extended_address),
                (Reporter::Locator { rloc16, .. }, _) => {
                    let holder = self.truth.as_ref().and_then(|truth| truth.at_rloc16(*rloc16));
                    holder.is_some_and(|node| found.insert(node.extended_address))
                }
                (Reporter::Matter(_), Fact::ExtendedAddress(address)) => found.insert(*address),
                (Reporter::Matter(_), Fact::HardwareAddress(octets)) => found.insert(ExtendedAddress(*octets)),
                _ => false,
            };
        }
        found
    }
}

fn topology_of<'a>(captures: impl IntoIterator<Item = &'a Capture>, as_of: Timestamp) -> Topology {
    derive(&Evidence::from_captures(captures), as_of, &Policy::standard())
}
