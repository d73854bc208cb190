//! Every capture of every fixture, in words: nothing is silent, nothing is endless.

#![allow(clippy::unwrap_used)] // a test that fails says where

use std::collections::BTreeMap;
use weft_evidence::explain;
use weft_evidence::explain::{MAX_ROWS, MAX_SECTIONS};
use weft_tests::Fixture;

#[test]
fn every_capture_of_every_fixture_is_told() {
    let mut told: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for fixture in Fixture::all().unwrap() {
        for capture in &fixture.captures {
            let explained = explain(capture);
            let place = || format!("{} #{}: {explained:?}", fixture.name, capture.seq);
            assert_eq!(explained.seq, capture.seq);
            assert!(!explained.title.is_empty(), "{}", place());
            assert!((1..=MAX_SECTIONS).contains(&explained.sections.len()), "{}", place());
            assert!(
                explained.sections.iter().all(|section| (1..=MAX_ROWS).contains(&section.rows.len())),
                "{}",
                place()
            );
            // What came in is told: beside the section that says who was asked, there is one that says what was answered, or a trouble says why not.
            let needs_more = matches!(capture.body.kind(), "matter-report" | "matter-server-node" | "tmf" | "mle" | "frame");
            assert!(
                !needs_more || explained.sections.len() > 1 || !explained.troubles.is_empty(),
                "{}",
                place()
            );
            let count = told.entry(capture.body.kind()).or_default();
            *count = (count.0 + 1, count.1 + usize::from(!explained.troubles.is_empty()));
        }
    }
    eprintln!("captures told, and those with a trouble: {told:?}");
    assert!(told.len() >= 6, "{told:?}");
}
