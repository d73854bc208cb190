//! A mesh whose routers are switched off one after the other, the leader last, as a dongle heard it (`fixtures/air-networks/leader-dies.jsonl.gz`).

use super::*;
use std::io::{BufRead, BufReader};
use weft_evidence::recording::parse_line;
use weft_topology::{Link, Role};

const LEADER: &str = "7a02e120100ab06a";
const FIRST_DEAD: &str = "62d9cde35358fe34";
const SECOND_DEAD: &str = "82d959a07f9433e3";
const OWN_NODE: &str = "8a237a532a16ff75";
const MOVED: &str = "86c76c5593583096";
const LOOKED_ONLY: &str = "667944f0de0288ab";

fn captures() -> Vec<Capture> {
    let path = fixtures_directory().join("air-networks").join("leader-dies.jsonl.gz");
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines().skip(1);
    let captures: Vec<Capture> = lines.map(|line| parse_line(line.unwrap().as_bytes()).unwrap()).collect();
    assert!(captures.len() > 900);
    captures
}

fn day(clock: &str) -> Timestamp {
    time(&format!("2026-11-22T{clock}.000Z"))
}

fn node<'t>(topology: &'t Topology, address: &str) -> &'t Node {
    let is_it = |node: &&Node| node.extended_address.is_some_and(|own| own.to_string() == address);
    topology.nodes().find(is_it).unwrap_or_else(|| panic!("{address} is not there"))
}

fn links_of<'t>(topology: &'t Topology, node: &'t Node) -> impl Iterator<Item = &'t Link> {
    topology.links().filter(|link| link.a == node.id || link.b == node.id)
}

/// Devices that are there, as far as it is said.
fn present(topology: &Topology) -> Vec<String> {
    let there = topology.nodes().filter(|node| !is_past(node.state));
    there.map(|node| node.id.to_string()).collect()
}

#[test]
fn a_dead_leader_is_old_soon_and_gone_when_its_routers_have_dropped_it() {
    let captures = captures();
    // Its last word is of 04:08:46.722, its end of 04:08:48.
    let before = topology_at(&captures, day("04:08:40"));
    assert_eq!(
        (node(&before, LEADER).state, node(&before, LEADER).role),
        (State::Confirmed, Role::Leader)
    );
    for clock in ["04:10:07", "04:10:42", "04:11:30", "04:12:30", "04:16:48"] {
        let topology = topology_at(&captures, day(clock));
        let leader = node(&topology, LEADER);
        assert_eq!(leader.state, State::Gone, "{clock}");
        assert_ne!(leader.role, Role::Leader, "{clock}: it leads nobody");
        assert_eq!(leader.last_heard_at, Some(time("2026-11-22T04:08:46.722Z")), "{clock}");
        assert!(links_of(&topology, leader).all(|link| link.state == State::Gone), "{clock}");
    }
    for clock in ["04:11:30", "04:12:30", "04:16:48"] {
        let topology = topology_at(&captures, day(clock));
        let partitions = topology
            .parts
            .iter()
            .filter_map(|part| part.network.as_ref())
            .flat_map(|network| &network.partitions);
        let there: Vec<u32> = partitions
            .filter(|known| !is_past(known.state))
            .map(|known| known.partition_id.0)
            .collect();
        assert_eq!(there, [809_352_907], "{clock}: nobody is in the old one");
    }
}

#[test]
fn what_neighbours_list_is_no_hearing() {
    let captures = captures();
    let heard = |clock: &str, who: &str| node(&topology_at(&captures, day(clock)), who).last_heard_at.unwrap();
    for clock in ["04:09:50", "04:10:20", "04:10:42"] {
        assert!(heard(clock, LEADER) < day("04:08:48"), "{clock}");
    }
    // Up to the release of its id its neighbours told a quality from before, and no way to it; the keys rotated meanwhile.
    for clock in ["03:58:30", "03:59:30", "04:00:01", "04:00:05"] {
        assert!(heard(clock, FIRST_DEAD) < day("03:57:36"), "{clock}");
    }
}

#[test]
fn a_dead_router_is_silent_and_then_dropped_before_its_id_is_released() {
    let captures = captures();
    // Killed at 04:02:59, heard last at 04:02:49.8; dropped by the last neighbour at 04:04:42; the leader releases the id at 04:06:15.
    let at = |clock: &str| {
        let topology = topology_at(&captures, day(clock));
        node(&topology, SECOND_DEAD).state
    };
    assert_eq!(at("04:02:58"), State::Confirmed);
    assert_eq!(
        at("04:04:16"),
        State::Stale,
        "no advertisement is so late; the dongle was deaf for 5.7 s of it"
    );
    for clock in ["04:04:43", "04:05:20", "04:06:00", "04:06:30"] {
        assert_eq!(at(clock), State::Gone, "{clock}");
    }
}

#[test]
fn locators_that_were_somebodys_are_nobody_new() {
    let captures = captures();
    for clock in ["04:01:56", "04:04:45", "04:08:40", "04:10:42", "04:11:30", "04:16:48"] {
        let topology = topology_at(&captures, day(clock));
        for phantom in ["0x7403", "0x7404"] {
            let nameless = |node: &&Node| node.extended_address.is_none() && node.rloc16.is_some_and(|rloc16| rloc16.to_string() == phantom);
            assert_eq!(
                topology.nodes().find(nameless).map(|node| node.state),
                None,
                "{clock}: {phantom} was a child that moved"
            );
        }
    }
    // Who polled as 0x3c01 nobody told: it is somebody, until its router's list of children does not have it.
    let state = |clock: &str| {
        let topology = topology_at(&captures, day(clock));
        let found = topology
            .nodes()
            .find(|node| node.rloc16.is_some_and(|rloc16| rloc16.to_string() == "0x3c01"));
        found.map(|node| node.state)
    };
    assert_eq!(state("04:01:40"), Some(State::OneSided));
    assert_eq!(state("04:08:40"), Some(State::Gone));
    let topology = topology_at(&captures, day("04:08:40"));
    assert_eq!(
        present(&topology).len(),
        9,
        "three routers, five children, one that looks for a parent: {:?}",
        present(&topology)
    );
}

#[test]
fn who_only_looked_for_a_parent_is_gone_after_a_while() {
    let captures = captures();
    let state = |clock: &str| node(&topology_at(&captures, day(clock)), LOOKED_ONLY).state;
    assert!(!is_past(state("04:05:50")));
    assert_eq!(
        state("04:11:30"),
        State::Gone,
        "its last frame is of 04:05:42; the dongle was deaf for some of the time"
    );
    assert_eq!(state("04:16:48"), State::Gone);
}

#[test]
fn former_parents_end_where_the_next_begins_or_with_the_good_bye() {
    let captures = captures();
    let topology = topology_at(&captures, day("04:08:40"));
    let own = node(&topology, OWN_NODE);
    let spans: Vec<(&str, String, Option<String>)> = own
        .parents
        .iter()
        .map(|past| {
            let clock = |at: Timestamp| at.to_string()[11..19].to_owned();
            (&*past.node, clock(past.since), past.until.map(clock))
        })
        .collect();
    let is = |node, since: &str, until: Option<&str>| (node, since.to_owned(), until.map(str::to_owned));
    assert_eq!(
        spans[1..],
        [is(LEADER, "03:57:45", Some("04:00:29")), is(FIRST_DEAD, "03:56:40", Some("03:57:45"))],
        "killed at 03:57:36; left at 04:00:29.764"
    );
    // A child that is told of again and again has its parent since it attached.
    let moved = node(&topology, MOVED);
    assert_eq!(
        moved.parent.as_ref().unwrap().since.map(|since| since.to_string()[11..19].to_owned()),
        Some("04:01:53".to_owned())
    );
}
