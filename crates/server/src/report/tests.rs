//! A bundle of a recorded home, unpacked again.

use super::*;
use crate::testing::{self, get, get_with, problem, send};
use axum::body::to_bytes;
use flate2::bufread::GzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::path::Path;
use weft_evidence::recording::read_all;
use weft_topology::Topology;

fn captures() -> Vec<Capture> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/home44-all/recording.jsonl.gz");
    let file = BufReader::new(std::fs::File::open(path).unwrap());
    read_all(BufReader::new(GzDecoder::new(file))).unwrap().captures
}

fn concluded(captures: &[Capture]) -> Topology {
    derive(&Evidence::from_captures(captures), captures.last().unwrap().at, &Policy::standard())
}

fn versions() -> Versions {
    Versions {
        weft: "0.1.0".into(),
        operating_system: Some("Debian".into()),
        kernel: Some("6.1".into()),
        architecture: "x86_64".into(),
        build_profile: "debug".into(),
    }
}

fn line(target: &str, message: &str, fields: &[(&str, &str)]) -> LogLine {
    LogLine {
        at: testing::now(),
        level: "WARN".into(),
        target: target.into(),
        message: message.into(),
        fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

fn pieces() -> Pieces {
    Pieces {
        created_at: testing::now(),
        heard: Heard {
            captures: captures(),
            left_out: 0,
        },
        status: Some(testing::publisher().current().status.as_ref().clone()),
        log: Some(vec![
            line(
                "weft_sources::mdns",
                "a source cannot work",
                &[("error", "no route to fdc2:4603:f9d6:d502:b1a7:5fae:bf7:f3fb")],
            ),
            line(
                "weft_store",
                "a broken store was set aside",
                &[("from", "/home/vera/captures"), ("error", "cannot open /home/vera/x: 5")],
            ),
            line("hyper", "Vera says hello", &[("name", "Vera")]),
        ]),
        versions: versions(),
    }
}

fn unpacked(bundle: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(bundle));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        assert_eq!(
            (entry.header().username().unwrap_or_default(), entry.header().uid().unwrap()),
            (Some(""), 0)
        );
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if let Some(name) = name.strip_suffix(".gz") {
            let mut text = Vec::new();
            GzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap();
            files.insert(name.to_owned(), text);
        } else {
            files.insert(name, bytes);
        }
    }
    files
}

/// Names and identifiers of the home, in lower case.
fn identities() -> BTreeSet<String> {
    let topology = concluded(&captures());
    let mut found = BTreeSet::new();
    for node in topology.nodes() {
        found.extend(node.name.clone());
        found.extend(node.extended_address.map(|address| address.to_string()));
        found.extend(
            node.known_as
                .hap
                .iter()
                .chain(&node.known_as.border_agent_id)
                .chain(&node.known_as.eui64)
                .cloned(),
        );
        found.extend(node.known_as.hosts.iter().map(|host| host.trim_end_matches(".local").to_owned()));
        for address in &node.addresses {
            if let Ok(address) = address.parse::<std::net::Ipv6Addr>()
                && address.segments()[4..7] != [0, 0xff, 0xfe00]
            {
                found.insert(address.to_string());
            }
        }
    }
    for network in topology.networks() {
        found.extend(network.name.clone());
        found.extend(network.extended_pan_id.map(|id| id.to_string()));
    }
    assert!(found.len() > 150, "{}", found.len());
    found.into_iter().map(|text| text.to_lowercase()).collect()
}

#[test]
fn nobody_can_be_told_from_a_bundle_and_its_recording_gives_its_topology() {
    let files = unpacked(&bundle(pieces(), Some([7; 32])).unwrap());
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let expected = [
        "README.txt",
        "log.txt",
        "recording.jsonl",
        "status.json",
        "topology.json",
        "versions.json",
    ];
    assert_eq!(names, expected.map(|name| format!("weft-report/{name}")));
    for (name, bytes) in &files {
        let text = String::from_utf8(bytes.clone()).unwrap().to_lowercase();
        for identity in identities().iter().map(String::as_str).chain(["/home", "vera says", "memory"]) {
            // In the recording, bytes stand as digits.
            let digits: String = identity.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!text.contains(identity) && !text.contains(&digits), "{identity} is in {name}");
        }
    }
    let recording = read_all(&files["weft-report/recording.jsonl"][..]).unwrap();
    assert_eq!(recording.report.skipped_lines(), 0);
    let policy = Policy::standard().with_captures_in(CapturePlace::Recording(RECORDING.into()));
    let evidence = Evidence::from_captures(&recording.captures);
    let again = derive(&evidence, recording.captures.last().unwrap().at, &policy);
    let mut json = Vec::new();
    again.write_json(&mut json, true).unwrap();
    assert_eq!(json, files["weft-report/topology.json"], "both files have the same pseudonyms");
    let original = concluded(&captures());
    assert_eq!(
        (again.nodes().count(), again.links().count()),
        (original.nodes().count(), original.links().count())
    );

    let log = String::from_utf8(files["weft-report/log.txt"].clone()).unwrap();
    assert!(
        log.contains("a source cannot work") && log.contains("from=…") && log.contains("cannot open … 5"),
        "{log}"
    );
    let readme = String::from_utf8(files["weft-report/README.txt"].clone()).unwrap();
    assert!(
        readme.contains("pseudonyms") && readme.contains(&captures().len().to_string()),
        "{readme}"
    );
}

#[test]
fn with_names_everything_is_as_it_was_but_secrets() {
    let files = unpacked(&bundle(pieces(), None).unwrap());
    let text = |name: &str| String::from_utf8(files[&format!("weft-report/{name}")].clone()).unwrap();
    assert!(text("topology.json").contains("Stairs Energy Plug 17"));
    assert!(text("log.txt").contains("from=/home/vera/captures") && text("log.txt").contains("Vera says hello"));
    assert!(text("README.txt").contains("NAMES, ROOMS AND ADDRESSES ARE IN IT"));
}

#[test]
fn without_a_service_and_without_captures_there_is_a_bundle_too() {
    let pieces = Pieces {
        heard: Heard {
            left_out: 7,
            ..Heard::default()
        },
        status: None,
        log: None,
        ..pieces()
    };
    let files = unpacked(&bundle(pieces, Some([1; 32])).unwrap());
    assert_eq!(files["weft-report/status.json"], b"null\n");
    assert!(String::from_utf8_lossy(&files["weft-report/log.txt"]).contains("No service was running"));
    let read_me = String::from_utf8_lossy(&files["weft-report/README.txt"]);
    assert!(read_me.contains("no captures; 7 older ones are left out"), "{read_me}");
}

struct Home;

impl Report for Home {
    fn captures_since(&self, since: Timestamp, most: usize) -> Result<Heard, HistoryError> {
        assert_eq!((since, most), (testing::now().minus_seconds(2 * 3600), MAX_CAPTURES));
        Ok(pieces().heard)
    }

    fn log(&self) -> Vec<LogLine> {
        pieces().log.unwrap()
    }

    fn versions(&self) -> Versions {
        versions()
    }
}

#[tokio::test]
async fn only_persons_and_programs_with_the_token_get_one() {
    let server = testing::server();
    let url = "/api/v1/report?hours=2";
    problem(send(&server, get(url)).await, StatusCode::UNAUTHORIZED).await;
    let from_page = || get_with(url, "sec-fetch-site", "same-origin");
    problem(send(&server, from_page()).await, StatusCode::NOT_IMPLEMENTED).await;
    let server = server.with_report(Arc::new(Home));
    let bearer = format!("Bearer {}", testing::TOKEN);
    for request in [from_page(), get_with(url, "authorization", &bearer)] {
        let response = send(&server, request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/gzip");
        assert_eq!(
            response.headers()["content-disposition"],
            "attachment; filename=\"weft-report-20261120T120000Z.tar.gz\""
        );
        let files = unpacked(&to_bytes(response.into_body(), usize::MAX).await.unwrap());
        assert_eq!(files.len(), 6);
        assert!(!String::from_utf8_lossy(&files["weft-report/topology.json"]).contains("Stairs"));
    }
    let one = server.reports.clone().try_acquire_owned().unwrap();
    problem(send(&server, from_page()).await, StatusCode::SERVICE_UNAVAILABLE).await;
    drop(one);
    for query in ["hours=0", "hours=many", "hours=2161", "names=perhaps", "days=1"] {
        let request = get_with(&format!("/api/v1/report?{query}"), "sec-fetch-site", "same-origin");
        problem(send(&server, request).await, StatusCode::BAD_REQUEST).await;
    }
}
