//! The same captures give the same bytes, in whatever order, how often and in how many pieces they come.

#![allow(clippy::unwrap_used)] // a test that fails says where

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use weft_evidence::recording::{Header, RecordingWriter, read_all};
use weft_evidence::{Capture, Evidence};
use weft_model::Timestamp;
use weft_tests::{Fixture, Random, Story};
use weft_topology::{Engine, Policy, State, Topology, derive, derive_one};

static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| Fixture::all().unwrap());

fn bytes(topology: &Topology) -> Vec<u8> {
    let mut bytes = Vec::new();
    topology.write_json(&mut bytes, true).unwrap();
    bytes
}

fn derived<'a>(captures: impl IntoIterator<Item = &'a Capture>, as_of: Timestamp) -> Vec<u8> {
    bytes(&derive(&Evidence::from_captures(captures), as_of, &Policy::standard()))
}

/// Says where two topologies part, instead of printing both.
#[track_caller]
fn assert_same(left: &[u8], right: &[u8], what: &str) {
    if left != right {
        let place = left
            .iter()
            .zip(right)
            .position(|(left, right)| left != right)
            .unwrap_or(left.len().min(right.len()));
        let show =
            |bytes: &[u8]| String::from_utf8_lossy(&bytes[place.saturating_sub(300).min(bytes.len())..(place + 100).min(bytes.len())]).into_owned();
        panic!("{what}: they part at byte {place}\n  one:   …{}\n  other: …{}", show(left), show(right));
    }
}

#[test]
fn the_order_of_captures_does_not_matter() {
    for fixture in FIXTURES.iter() {
        let straight = derived(&fixture.captures, fixture.as_of());
        for seed in 0..3 {
            let mut shuffled = fixture.captures.clone();
            Random::new(seed).shuffle(&mut shuffled);
            assert_same(&straight, &derived(&shuffled, fixture.as_of()), &format!("{}, seed {seed}", fixture.name));
        }
    }
}

#[test]
fn repeated_captures_say_nothing_new() {
    for fixture in FIXTURES.iter() {
        let twice = fixture.captures.iter().chain(&fixture.captures);
        assert_same(
            &derived(&fixture.captures, fixture.as_of()),
            &derived(twice, fixture.as_of()),
            &fixture.name,
        );
    }
}

#[test]
fn two_recordings_of_the_halves_give_the_whole() {
    for fixture in FIXTURES.iter() {
        let mut random = Random::new(7);
        let mut halves: [Vec<Capture>; 2] = [Vec::new(), Vec::new()];
        for capture in &fixture.captures {
            halves[random.below(2)].push(capture.clone());
        }
        let mut read: Vec<Capture> = Vec::new();
        for half in halves {
            let mut writer = RecordingWriter::new(Vec::new(), &Header::new(None, None)).unwrap();
            half.into_iter().for_each(|capture| drop(writer.write(capture).unwrap()));
            read.extend(read_all(&writer.into_inner()[..]).unwrap().captures);
        }
        assert_same(
            &derived(&fixture.captures, fixture.as_of()),
            &derived(&read, fixture.as_of()),
            &fixture.name,
        );
    }
}

#[test]
fn one_capture_at_a_time_gives_what_all_at_once_give() {
    for fixture in FIXTURES.iter() {
        let mut engine = Engine::new(Policy::standard());
        let step = fixture.captures.len().div_ceil(12);
        for (position, capture) in fixture.captures.iter().enumerate() {
            engine.insert(capture).unwrap();
            if position % step == 0 || position + 1 == fixture.captures.len() {
                let so_far = &fixture.captures[..=position];
                let what = format!("{} after capture {}", fixture.name, capture.seq);
                assert_same(&derived(so_far, capture.at), &bytes(&engine.snapshot(capture.at)), &what);
            }
        }
    }
}

#[test]
fn age_alone_gives_what_a_fresh_look_gives() {
    for fixture in FIXTURES.iter() {
        let mut engine = Engine::new(Policy::standard());
        fixture.captures.iter().for_each(|capture| engine.insert(capture).unwrap());
        for seconds in [0, 101, 241, 1_801, 4_501, 90_000] {
            let as_of = fixture.as_of().plus_seconds(seconds);
            let what = format!("{} {seconds} s later", fixture.name);
            assert_same(&derived(&fixture.captures, as_of), &bytes(&engine.snapshot(as_of)), &what);
        }
    }
}

/// Several homes in one history, every capture with a number of its own.
fn several_homes() -> Vec<Capture> {
    let mut captures: Vec<Capture> = Vec::new();
    for (place, name) in ["mesh20-diag1", "home44-all", "otbr-diag"].iter().enumerate() {
        let fixture = FIXTURES.iter().find(|fixture| fixture.name == *name).unwrap();
        for capture in &fixture.captures {
            captures.push(Capture {
                seq: capture.seq + 10_000 * place as u64,
                ..capture.clone()
            });
        }
    }
    captures
}

#[test]
fn all_at_once_equals_network_by_network() {
    let captures = several_homes();
    let as_of = captures.iter().map(|capture| capture.at).max().unwrap();
    let evidence = Evidence::from_captures(&captures);
    let keys: Vec<_> = evidence.networks().map(Some).chain([None]).collect();
    assert_eq!(keys.len(), 4, "three homes, and the LAN outside them");
    let whole = derive(&evidence, as_of, &Policy::standard());
    assert_eq!(whole.parts.len(), keys.len());
    for (key, part) in keys.iter().zip(&whole.parts) {
        assert_eq!(**part, derive_one(&evidence, *key, as_of, &Policy::standard()), "{key:?}");
    }
}

#[test]
fn a_home_looks_the_same_whoever_else_is_watched() {
    let captures = several_homes();
    let as_of = captures.iter().map(|capture| capture.at).max().unwrap();
    let together = derive(&Evidence::from_captures(&captures), as_of, &Policy::standard());
    let mut homes: BTreeMap<u64, Vec<&Capture>> = BTreeMap::new();
    for capture in &captures {
        homes.entry(capture.seq / 10_000).or_default().push(capture);
    }
    for home in homes.into_values() {
        let alone = derive(&Evidence::from_captures(home), as_of, &Policy::standard());
        for part in alone.parts.iter().filter(|part| part.network.is_some()) {
            let id = part.network.as_ref().map(|network| &network.id);
            let same = together
                .parts
                .iter()
                .find(|other| other.network.as_ref().map(|network| &network.id) == id)
                .unwrap();
            assert_eq!(
                (&part.nodes, &part.links, &part.findings),
                (&same.nodes, &same.links, &same.findings),
                "{id:?}"
            );
        }
    }
}

#[test]
fn an_engine_that_watches_several_homes_derives_the_same() {
    let mut captures = several_homes();
    captures.sort_by_key(|capture| (capture.at, capture.seq));
    let mut engine = Engine::new(Policy::standard());
    let step = captures.len().div_ceil(10);
    for (position, capture) in captures.iter().enumerate() {
        engine.insert(capture).unwrap();
        if position % step == 0 || position + 1 == captures.len() {
            assert_same(
                &derived(&captures[..=position], capture.at),
                &bytes(&engine.snapshot(capture.at)),
                &format!("capture {}", capture.seq),
            );
        }
    }
}

/// The answer of one router, 0x2800, that hears one other and has one child.
fn answer(story: &mut Story, seconds: i64, gateway: &str) {
    story.add(
        seconds,
        serde_json::json!({
            "source": gateway, "kind": "otbr-rest", "base": format!("http://{gateway}:8081"), "path": "/api/diagnostics", "status": 200,
            "body": {"data": [{"id": gateway, "type": "networkDiagnostics", "attributes": {
                "extAddress": "d634c32d2d433f8a", "rloc16": "0x2800", "extPanId": "7000368d2534c02d",
                "leaderData": {"partitionId": 7, "weighting": 64, "dataVersion": 1, "stableDataVersion": 1, "leaderRouterId": 10},
                "route": {"idSequence": 1, "routeData": [
                    {"routeId": 10, "linkQualityIn": 0, "linkQualityOut": 0, "routeCost": 1},
                    {"routeId": 16, "linkQualityIn": 3, "linkQualityOut": 3, "routeCost": 1}]},
                "childTable": [{"childId": 3, "timeout": 13, "linkQuality": 3,
                    "mode": {"rxOnWhenIdle": false, "fullThreadDevice": false, "fullNetworkData": false}}]
            }}]}
        }),
    );
}

#[test]
fn two_gateways_that_relay_one_answer_are_one_reporter() {
    let mut one = Story::new();
    answer(&mut one, 0, "gateway-a");
    let mut two = Story::new();
    answer(&mut two, 0, "gateway-a");
    answer(&mut two, 1, "gateway-b");
    let (one, two) = (one.topology(2), two.topology(2));
    let states = |topology: &Topology| -> Vec<(String, State)> {
        let nodes = topology.nodes().map(|node| (node.id.to_string(), node.state));
        let parents = topology
            .nodes()
            .filter_map(|node| Some((format!("parent of {}", node.id), node.parent.as_ref()?.state)));
        let links = topology.links().map(|link| (link.id.to_string(), link.state));
        nodes.chain(parents).chain(links).collect()
    };
    assert_eq!(states(&one), states(&two));
    assert!(
        states(&one).len() >= 6,
        "a router, its neighbour and its child, with a parent and two links: {:?}",
        states(&one)
    );
    assert!(states(&two).iter().all(|(_, state)| *state != State::Confirmed), "{:?}", states(&two));
    assert_eq!(one.nodes().count(), two.nodes().count());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_choice_of_captures_in_any_order_is_one_topology(chosen in 0usize..100, seed: u64, share in 1usize..10) {
        let fixture = &FIXTURES[chosen % FIXTURES.len()];
        let mut random = Random::new(seed);
        let some: Vec<&Capture> = fixture.captures.iter().filter(|_| random.below(10) < share).collect();
        let mut other = some.clone();
        random.shuffle(&mut other);
        prop_assert!(derived(some, fixture.as_of()) == derived(other, fixture.as_of()), "{} with seed {seed}", fixture.name);
    }
}
