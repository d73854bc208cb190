//! The binary from outside: exit status, what goes to which stream, and what becomes of bad input.

#![allow(clippy::unwrap_used)] // of a test that fails, the place says enough

mod dongle;
mod exports;
mod fabric;
mod imports;
mod network;
mod recordings;
mod service;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use weft_evidence::recording::parse_line;
use weft_store::{DataDirectory, Limits, Store};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weft-cli-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn weft(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .env_remove("WEFT_LOG");
    command
}

/// Runs it; exit status, standard output, standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    told(weft(arguments).output().unwrap())
}

fn told(Output { status, stdout, stderr }: Output) -> (i32, String, String) {
    let code = status.code().expect("ended by itself");
    let error = String::from_utf8(stderr).unwrap();
    assert!(!error.contains("panicked"), "{error}");
    (code, String::from_utf8(stdout).unwrap(), error)
}

fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name).display().to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn json(text: &str) -> serde_json::Value {
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    serde_json::from_str(text).unwrap()
}

/// A data directory with the captures of the test recording.
fn filled(folder: &Folder) -> String {
    let path = folder.0.join("data");
    let directory = DataDirectory::open(&path).unwrap();
    let store = Store::open(&directory.store_path(), Limits::default()).unwrap();
    for line in fs::read_to_string(data("recording.jsonl")).unwrap().lines().skip(1) {
        store.append(parse_line(line.as_bytes()).unwrap());
    }
    store.flush().unwrap();
    path.display().to_string()
}

#[test]
fn wrong_usage_is_2_and_a_failed_work_is_1() {
    for arguments in [
        &["frobnicate"][..],
        &["derive"],
        &["show", "--at", "noon"],
        &["import", "carrier-pigeon", "x", "--out", "y"],
        &["import", "pcap", "-", "--network-key", "-", "--out", "y"],
        &["import", "pcap", "x.pcap", "--network-key", "not a key", "--out", "y"],
        &["import", "pcap", "x.pcap", "--dataset", "0301ff", "--out", "y"],
        &["import", "otbr-rest", "x.jsonl", "--network-key", "-", "--out", "y"],
    ] {
        let (code, output, error) = run(arguments);
        assert_eq!((code, output.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(!error.is_empty());
    }
    for arguments in [
        &["derive", "/nonexistent/file.jsonl"][..],
        &["show", "/nonexistent/file.jsonl"],
        &["derive", "/"],
        &["import", "otbr-rest", "/nonexistent", "--out", "/nonexistent/out"],
        &["sniff", "--port", "/dev/null", "--for", "1"],
        &["sniff", "--port", "/dev/null", "--scan", "--for", "1"],
    ] {
        let (code, output, error) = run(arguments);
        assert_eq!((code, output.as_str()), (1, ""), "{arguments:?}: {error}");
        assert!(error.starts_with("weft: "), "{error}");
    }
    let (_, _, error) = run(&["sniff", "--port", "/dev/null", "--for", "1"]);
    assert_eq!(error.matches("no serial port").count(), 1, "once: {error}");
    let key = "00112233445566778899aabbccddeeff";
    let (code, _, error) = run(&["sniff", "--port", "/dev/null", "--for", "1", "--network-key", key]);
    assert_eq!(code, 1);
    assert!(error.contains("looks like a key") && !error.contains(&key[..8]), "{error}");
    let (code, output, error) = run(&["--help"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("weft demo") || output.contains("demo"), "{output}");
}
