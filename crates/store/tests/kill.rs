//! A process that is killed at any moment: what it had flushed is there, what it had appended more than a second before too, and the file is sound.
//!
//! The test runs itself as the process that is killed.
#![allow(clippy::unwrap_used)] // Helpers of tests.
#![allow(clippy::disallowed_methods)] // The clock here measures what a kill loses; nothing else depends on it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use weft_evidence::{Capture, CaptureBody, SourceReport, SourceState};
use weft_model::Timestamp;
use weft_store::{Limits, Store};

const CHILD: &str = "WEFT_STORE_TEST_APPENDS_TO";
const ROUNDS: u64 = 8;

fn capture(at_milliseconds: i64, reason: String) -> Capture {
    let body = CaptureBody::Source(SourceReport {
        state: SourceState::Working,
        reason: Some(reason),
        dropped: 0,
        detail: None,
    });
    Capture {
        seq: 0,
        at: Timestamp::from_unix_milliseconds(at_milliseconds),
        source: "test".into(),
        body,
    }
}

/// A retention key of its own for each source.
fn of(capture: Capture, source: &str) -> Capture {
    Capture {
        source: source.into(),
        ..capture
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("weft-store-kill-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The process that is killed: appends without end, and says what it appended and what it flushed. Does nothing in an ordinary run.
#[test]
fn appends_until_killed() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = Store::open(Path::new(&path), Limits::default()).unwrap();
    let mut out = std::io::stdout();
    let started = Instant::now();
    // Ends by itself should its parent die.
    while started.elapsed() < Duration::from_secs(20) {
        let milliseconds = i64::try_from(started.elapsed().as_millis()).unwrap();
        let seq = store
            .append(of(
                capture(1_800_000_000_000 + milliseconds, "y".repeat(300)),
                &format!("key {}", milliseconds % 40),
            ))
            .seq;
        writeln!(out, "\nappended {seq}").unwrap();
        if seq.is_multiple_of(701) {
            store.flush().unwrap();
            writeln!(out, "\nflushed {seq}").unwrap();
        }
        if seq.is_multiple_of(5) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn killed_at_any_moment_it_loses_at_most_the_last_second() {
    let folder = Folder::new();
    let path = folder.0.join("captures.sqlite");
    let mut highest = 0;
    let mut lost_most = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["appends_until_killed", "--exact", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let (mut appended, mut flushed) = (Vec::new(), 0);
            for line in lines.lines() {
                let line = line.unwrap_or_default();
                if let Some(seq) = line.strip_prefix("appended ").and_then(|seq| seq.parse::<u64>().ok()) {
                    appended.push((seq, Instant::now()));
                } else if let Some(seq) = line.strip_prefix("flushed ").and_then(|seq| seq.parse::<u64>().ok()) {
                    flushed = seq;
                }
            }
            (appended, flushed)
        });
        // Spread over the phases of a batch: 250 ms and what the start takes.
        std::thread::sleep(Duration::from_millis(900 + (round * 377) % 691));
        let killed = Instant::now();
        child.kill().unwrap();
        child.wait().unwrap();
        let (appended, flushed) = reader.join().unwrap();
        // The last line may be cut in the middle of its number.
        let said = &appended[..appended.len().saturating_sub(1)];
        assert!(round == 0 || !said.is_empty(), "the process had no time to append");

        let connection = rusqlite::Connection::open(&path).unwrap();
        let integrity: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(integrity, "ok");
        drop(connection);

        let store = Store::open(&path, Limits::default()).unwrap();
        assert_eq!(store.set_aside(), None);
        let stored: Vec<u64> = store.captures(highest, None).unwrap().map(|capture| capture.unwrap().seq).collect();
        assert!(
            stored.iter().copied().eq(highest + 1..=highest + u64::try_from(stored.len()).unwrap()),
            "rows are missing in the middle"
        );
        let last = stored.last().copied().unwrap_or(highest);
        assert!(last >= flushed, "flushed up to {flushed}, stored up to {last}");
        for (seq, when) in said {
            if *seq > last {
                assert!(
                    killed.saturating_duration_since(*when) < Duration::from_secs(1),
                    "{seq} was appended more than a second before the kill"
                );
            }
        }
        lost_most = lost_most.max(said.last().map_or(0, |(seq, _)| seq.saturating_sub(last)));
        highest = last;
    }
    assert!(highest > 500, "the rounds wrote too little to say anything: {highest}");
    println!("{ROUNDS} kills, {highest} captures kept, {lost_most} lost at most");
}
