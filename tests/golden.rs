//! The topology of each fixture, as it is written down. `UPDATE_GOLDEN=1 cargo test -p weft-tests --test golden` writes it anew.

#![allow(clippy::unwrap_used)] // a test that fails says where

use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write;
use std::fs;
use weft_tests::{Fixture, fixtures_directory};
use weft_topology::Topology;

/// Up to so many captures, claims are written as well.
const MAX_CAPTURES_WITH_CLAIMS: usize = 30;

/// The contract's object with its lists item by item.
#[derive(Deserialize)]
struct Lists<'a> {
    format: &'a str,
    version: u32,
    as_of: &'a str,
    valid_until: &'a str,
    #[serde(borrow)]
    networks: Vec<&'a RawValue>,
    #[serde(borrow)]
    nodes: Vec<&'a RawValue>,
    #[serde(borrow)]
    links: Vec<&'a RawValue>,
    #[serde(borrow)]
    findings: Vec<&'a RawValue>,
}

/// The same JSON with one item a line, so that a difference is a line.
fn one_item_a_line(topology: &Topology, with_claims: bool) -> String {
    let mut bytes = Vec::new();
    topology.write_json(&mut bytes, with_claims).unwrap();
    let lists: Lists<'_> = serde_json::from_slice(&bytes).unwrap();
    let mut text = format!(
        "{{\"format\":{:?},\"version\":{},\"as_of\":{:?},\"valid_until\":{:?}",
        lists.format, lists.version, lists.as_of, lists.valid_until
    );
    for (name, items) in [
        ("networks", &lists.networks),
        ("nodes", &lists.nodes),
        ("links", &lists.links),
        ("findings", &lists.findings),
    ] {
        write!(text, ",\n{name:?}:[").unwrap();
        for (position, item) in items.iter().enumerate() {
            write!(text, "{}\n {}", if position == 0 { "" } else { "," }, item.get()).unwrap();
        }
        text.push(']');
    }
    text.push_str("}\n");
    text
}

#[test]
fn every_fixture_has_the_topology_that_is_written_down() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    for fixture in Fixture::all().unwrap() {
        let now = one_item_a_line(&fixture.topology(), fixture.captures.len() <= MAX_CAPTURES_WITH_CLAIMS);
        let path = fixtures_directory().join(&fixture.name).join("topology.json");
        if update {
            fs::write(&path, &now).unwrap();
            continue;
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        if golden == now {
            continue;
        }
        let differing = golden.lines().zip(now.lines()).find(|(golden, now)| golden != now);
        let (golden_line, now_line) = differing.unwrap_or((golden.lines().last().unwrap_or("(nothing)"), now.lines().last().unwrap_or("(nothing)")));
        wrong.push(format!("{}:\n  written: {golden_line}\n  now:     {now_line}", fixture.name));
    }
    assert!(
        wrong.is_empty(),
        "another topology than the one written down (UPDATE_GOLDEN=1 writes it anew):\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_fixture_says_where_it_comes_from() {
    for fixture in Fixture::all().unwrap() {
        let readme = fs::read_to_string(fixtures_directory().join(&fixture.name).join("README.md")).unwrap_or_default();
        assert!(readme.lines().count() >= 4, "{} has no README.md worth the name", fixture.name);
    }
}
