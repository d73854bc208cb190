//! Conclusions against what is true: nothing is invented, and everything that the captured data can know is found.

#![allow(clippy::unwrap_used)] // a test that fails says where

use std::collections::BTreeSet;
use weft_model::ExtendedAddress;
use weft_tests::{Fixture, Random, Score, Truth, links_between};
use weft_topology::{LinkKind, Node, State, Topology};

/// How often a random half of the routers falls silent.
const SEEDS: u64 = 20;

fn load(name: &str) -> Fixture {
    Fixture::load(name).unwrap()
}

fn score(fixture: &Fixture) -> Score {
    let score = Score::of(&fixture.name, &fixture.topology(), fixture.truth());
    print!("{score}");
    score
}

/// Every node, parent and link is found, and none is invented.
fn assert_complete(score: &Score) {
    assert!(score.missing.is_empty(), "not found:\n{}\n{score}", score.missing.join("\n"));
    assert_sound(score);
}

/// Nothing is invented.
fn assert_sound(score: &Score) {
    let invented: Vec<&str> = score.invented.iter().map(|(_, what)| what.as_str()).collect();
    assert!(invented.is_empty(), "invented:\n{}\n{score}", invented.join("\n"));
    assert!(score.wrong_roles.is_empty(), "wrong roles:\n{}", score.wrong_roles.join("\n"));
}

#[test]
fn all_tables_of_a_mesh_give_all_of_it() {
    for name in ["mesh20-diag1", "mesh20-diag2", "otbr-diag"] {
        assert_complete(&score(&load(name)));
    }
}

#[test]
fn the_rest_api_gives_all_of_a_mesh() {
    assert_complete(&score(&load("otbr-rest-2026")));
}

#[test]
fn the_legacy_rest_api_during_an_election_gives_all_of_a_mesh() {
    // Full Thread devices answer its question; sleepy children are known by their locators, from their parents.
    assert_complete(&score(&load("otbr-rest-2025")));
}

#[test]
fn after_a_router_died_the_rest_stands() {
    let fixture = load("mesh20-after-kill");
    assert_complete(&score(&fixture));
}

/// Nodes that the truth names are looked up by radio address, or by locator where nobody told the address.
fn find<'t>(topology: &'t Topology, truth: &Truth, address: ExtendedAddress) -> Option<&'t Node> {
    let rloc16 = truth.node(address).map(|node| node.rloc16);
    let by_address = topology.nodes().find(|node| node.extended_address == Some(address));
    by_address.or_else(|| {
        topology
            .nodes()
            .find(|node| node.extended_address.is_none() && node.network.is_some() && node.rloc16 == rloc16)
    })
}

/// What is wrong with a conclusion of which some routers' tables are missing.
fn faults_without(fixture: &Fixture, silent: &[ExtendedAddress], what: &str) -> Vec<String> {
    let truth = fixture.truth();
    let topology = fixture.topology_without(&silent.iter().copied().collect());
    let score = Score::of(what, &topology, truth);
    print!("{score}");
    let mut faults: Vec<String> = score
        .wrongly_confirmed()
        .into_iter()
        .map(|wrong| format!("wrongly confirmed: {wrong}"))
        .collect();
    faults.extend(score.invented.iter().map(|(_, what)| format!("invented: {what}")));
    faults.extend(score.wrong_roles.iter().map(|role| format!("wrong role: {role}")));
    for router in silent {
        match find(&topology, truth, *router) {
            None => faults.push(format!("silent router {router} is not shown")),
            Some(node) if !node.unheard => faults.push(format!("nobody heard the tables of {router}, and it does not say so")),
            Some(_) => (),
        }
    }
    for (child, parent) in truth.parents_to_find().into_iter().filter(|(_, parent)| !silent.contains(parent)) {
        match find(&topology, truth, child).map(|node| node.parent.as_ref().map(|parent| score.truth_of(&parent.node))) {
            None => faults.push(format!("child {child} is not there")),
            Some(None) => faults.push(format!("child {child} is not placed")),
            Some(Some(found)) if found != Some(parent) => faults.push(format!("child {child} is not below {parent}")),
            Some(Some(_)) => (),
        }
    }
    faults.into_iter().map(|fault| format!("{what}: {fault}")).collect()
}

#[test]
fn half_of_the_routers_are_silent() {
    let mut faults = Vec::new();
    for name in ["mesh20-diag1", "mesh20-diag2", "otbr-diag"] {
        let fixture = load(name);
        for seed in 0..SEEDS {
            let mut routers = fixture.truth().routers();
            Random::new(seed).shuffle(&mut routers);
            faults.extend(faults_without(
                &fixture,
                &routers[..routers.len() / 2],
                &format!("{name}, half, seed {seed}"),
            ));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn half_of_the_paired_routers_are_silent() {
    let mut faults = Vec::new();
    for name in ["home44-matter-server", "home44-matterjs"] {
        let fixture = load(name);
        let truth = fixture.truth();
        for seed in 0..SEEDS {
            let mut paired: Vec<ExtendedAddress> = truth.routers().into_iter().filter(|router| truth.node(*router).unwrap().matter).collect();
            Random::new(seed).shuffle(&mut paired);
            faults.extend(faults_without(
                &fixture,
                &paired[..paired.len() / 2],
                &format!("{name}, half, seed {seed}"),
            ));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// A row that its router kept is right about the table and wrong about the child.
fn assert_stale_rows_lose(fixture: &Fixture) {
    let truth = fixture.truth();
    assert!(!truth.stale_rows.is_empty());
    for row in &truth.stale_rows {
        let topology = fixture.topology_at(row.seen_until);
        let claimed = topology
            .nodes()
            .flat_map(|node| &node.claims)
            .chain(topology.links().flat_map(|link| &link.claims))
            .any(|claim| claim.reporter.parse() == Ok(row.router) && claim.fact.starts_with("child-table"));
        assert!(claimed, "the row is not in the evidence of that moment");
        for node in topology.nodes().filter(|node| node.rloc16 == Some(row.child_rloc16)) {
            assert_ne!(node.state, State::Confirmed, "{} at {}", node.id, row.child_rloc16);
            assert!(node.parent.as_ref().is_none_or(|parent| parent.state != State::Confirmed), "{}", node.id);
            assert_eq!(
                node.extended_address, None,
                "the row has no extended address: whose it is cannot be known"
            );
        }
        let Some(child) = row.child else { continue };
        assert!(
            links_between(&topology, row.router, child)
                .iter()
                .all(|link| link.kind != LinkKind::ParentChild),
            "the child is still drawn below its old parent"
        );
        let node = find(&topology, truth, child).unwrap();
        let parent = topology.node(&node.parent.as_ref().unwrap().node).unwrap();
        assert_eq!(parent.extended_address, row.new_parent, "the new parent is known, and wins");
    }
}

#[test]
fn the_row_0x2801_of_mesh20_loses_against_the_new_parent() {
    assert_stale_rows_lose(&load("mesh20-diag1"));
}

#[test]
fn the_row_0x1006_of_otbr_is_one_sided_at_best() {
    assert_stale_rows_lose(&load("otbr-diag"));
}

#[test]
fn the_row_0x1003_of_the_legacy_recording_loses_against_the_new_parent() {
    assert_stale_rows_lose(&load("otbr-rest-2025"));
}

#[test]
fn a_matter_server_knows_what_its_tables_tell() {
    for name in ["home44-matter-server", "home44-matterjs"] {
        let fixture = load(name);
        let visible = fixture.truth().visible.as_ref().unwrap();
        assert_eq!((visible.nodes.len(), visible.links.len(), visible.parents.len()), (36, 81, 18));
        let score = score(&fixture);
        assert_complete(&score);
        let found = fixture.topology();
        assert_eq!(found.nodes().count(), 36, "and not one more");
        assert_eq!(found.links().count(), 81, "and not one more");
    }
}

#[test]
fn the_lan_alone_gives_border_routers_by_their_radios() {
    for name in ["home44-lan", "home44-all"] {
        let fixture = load(name);
        let truth = fixture.truth();
        let topology = fixture.topology();
        let said: Vec<&Node> = topology.nodes().filter(|node| node.border_router).collect();
        let radios: BTreeSet<ExtendedAddress> = said.iter().filter_map(|node| node.extended_address).collect();
        assert_eq!(said.len(), 6, "{name}: {:?}", said.iter().map(|node| &node.id).collect::<Vec<_>>());
        assert_eq!(
            radios,
            truth.border_routers.iter().copied().collect(),
            "{name}: two of them announce an xa that is not their radio's"
        );
        assert!(said.iter().all(|node| node.name.is_some()), "{name}: each has a name");
    }
}

#[test]
fn the_lan_alone_invents_nothing_and_names_everybody_that_registers() {
    let fixture = load("home44-lan");
    let truth = fixture.truth();
    let topology = fixture.topology();
    let score = Score::of(&fixture.name, &topology, truth);
    print!("{score}");
    assert_sound(&score);
    assert_eq!(topology.links().count(), 0, "nothing on the LAN tells of links");
    assert!(topology.nodes().all(|node| node.parent.is_none()), "nothing on the LAN tells of parents");
    let homekit: Vec<&Node> = topology.nodes().filter(|node| !node.known_as.hap.is_empty()).collect();
    assert_eq!(homekit.len(), 19, "18 devices, and one that has left");
    assert!(
        homekit.iter().all(|node| node.name.is_some() && node.network.is_some()),
        "by name, and by their addresses on Thread"
    );
    for device in truth.nodes.iter().filter(|node| node.matter) {
        let node = find(&topology, truth, device.extended_address).unwrap_or_else(|| panic!("{:?} registers", device.name));
        assert!(!node.known_as.matter.is_empty());
        assert_eq!(node.last_heard_at, None, "a registration is no sign of life");
    }
}

#[test]
fn whatever_is_drawn_on_the_lan_is_a_host() {
    let mut wrong = Vec::new();
    for name in ["home44-lan", "home44-all", "otbr-lan"] {
        let topology = load(name).topology();
        let is_a_host = |node: &&Node| node.extended_address.is_some() || !node.known_as.hosts.is_empty() || node.rloc16.is_some();
        wrong.extend(
            topology
                .nodes()
                .filter(|node| !is_a_host(node))
                .map(|node| format!("{name}: {}", node.id)),
        );
    }
    assert!(wrong.is_empty(), "neither a radio nor a host:\n{}", wrong.join("\n"));
}

#[test]
fn a_border_router_announces_devices_that_exist() {
    let topology = load("otbr-lan").topology();
    let score = Score::of("otbr-lan", &topology, load("otbr-diag").truth());
    print!("{score}");
    assert_sound(&score);
    let by_host_name = topology
        .nodes()
        .filter(|node| node.extended_address.is_some() && !node.known_as.matter.is_empty())
        .count();
    assert_eq!(by_host_name, 11, "host names of Matter devices on Thread are their radios' addresses");
    assert_eq!(topology.nodes().filter(|node| node.border_router).count(), 1);
}

#[test]
fn the_lan_and_a_matter_server_together_are_one_picture() {
    let fixture = load("home44-all");
    let score = score(&fixture);
    assert_complete(&score);
    let truth = fixture.truth();
    let topology = fixture.topology();
    for device in truth.nodes.iter().filter(|node| node.matter) {
        let node = find(&topology, truth, device.extended_address).unwrap();
        assert_eq!(node.name, device.name, "the name comes from the Matter server");
    }
    for stale in &truth.stale_registrations {
        let left = topology
            .nodes()
            .find(|node| node.known_as.hosts.iter().any(|host| host.starts_with(&stale.host)))
            .unwrap();
        assert!(
            left.parent.is_none() && left.last_heard_at.is_none() && left.state != State::Confirmed,
            "{left:?}"
        );
    }
}
