//! Sweeps of simulated meshes, over a channel that takes its time and a way that loses: what the map makes of them is the mesh.
#![allow(clippy::unwrap_used)] // helpers of tests: a panic names the line

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use weft_evidence::{CaptureBody, Evidence, FailureTarget};
use weft_model::{ExtendedAddress, Timestamp};
use weft_simulator::{ALL_TYPES, DiagnosticQuestion, Mesh, NodeIndex, Scribe, Size};
use weft_thread::sweep::peer::{Manner, Node, Peer, Seed, Swept, Way, run};
use weft_thread::sweep::{Event, Settings, Sweep};
use weft_topology::{LinkKind, Policy, State, Topology, derive};

/// The mesh as peers of a sweep, seen from its first border router.
fn peers(mesh: &Mesh, relay: NodeIndex) -> Vec<Node> {
    let survey = mesh.survey();
    let node = |index: NodeIndex| {
        let rloc16 = mesh.rloc16(index)?;
        let fact = |number: &u8| {
            let facts = survey.diagnostic_facts(index, &DiagnosticQuestion::query(&[*number]));
            facts.into_iter().map(|fact| (*number, fact)).collect::<Vec<_>>()
        };
        let router = mesh.parent(index).unwrap_or(index);
        let to_router = u32::from(survey.path_cost(relay, router).unwrap_or(1));
        Some(Node {
            rloc16,
            hops: to_router + u32::from(router != index),
            hears_multicast: mesh.node(index).capability.is_full_thread_device(),
            manner: Manner::Current,
            facts: ALL_TYPES.iter().flat_map(fact).collect(),
        })
    };
    mesh.indices().filter_map(node).collect()
}

fn swept(mesh: &Mesh, way: Way, seed: u64, dead: Option<NodeIndex>) -> Swept {
    let relay = mesh.border_routers()[0];
    let network = mesh.network_of(relay);
    let mut nodes = peers(mesh, relay);
    for node in nodes
        .iter_mut()
        .filter(|node| dead.is_some_and(|dead| mesh.rloc16(dead) == Some(node.rloc16)))
    {
        node.manner = Manner::Dead;
    }
    let settings = Settings {
        extended_pan_id: Some(network.extended_pan_id),
        mesh_local_prefix: network.mesh_local_prefix,
        relay: mesh.rloc16(relay),
        expected: Vec::new(),
        multicast: true,
        window: 5,
        end_within: Duration::from_secs(60),
        max_frames: None,
    };
    let mut peer = Peer::new(network.mesh_local_prefix, mesh.rloc16(relay).unwrap(), nodes, way, seed);
    let mut sweep = Sweep::new(settings, Seed(seed).random(), Duration::ZERO);
    run(&mut sweep, &mut peer, Duration::ZERO).unwrap()
}

fn map_of(mesh: &Mesh, swept: &Swept) -> Topology {
    let mut scribe = Scribe::new(mesh.now());
    for (at, event) in &swept.events {
        let milliseconds = mesh.now().unix_milliseconds() + i64::try_from(at.as_millis()).unwrap();
        scribe.advance_to(Timestamp::from_unix_milliseconds(milliseconds));
        match event.clone() {
            Event::Answer(capture) => scribe.write("border-agent", [CaptureBody::Tmf(capture)]),
            Event::Silent(failure) => scribe.write("border-agent", [CaptureBody::Failure(failure)]),
            Event::Ended(_) => continue,
        };
    }
    derive(&Evidence::from_captures(scribe.captures()), scribe.now(), &Policy::standard())
}

fn address_of(topology: &Topology, id: &str) -> Option<ExtendedAddress> {
    topology.node(id).and_then(|node| node.extended_address)
}

/// All nodes, parents and links of routers are those of the mesh, and no others.
fn assert_is_the_mesh(mesh: &Mesh, topology: &Topology) {
    let survey = mesh.survey();
    let truth = survey.truth();
    let found: BTreeSet<_> = topology.nodes().filter_map(|node| node.extended_address).collect();
    assert_eq!(found, truth.nodes.keys().copied().collect());
    for node in topology.nodes() {
        let real = &truth.nodes[&node.extended_address.expect("a place without a device")];
        assert_eq!((node.rloc16, node.partition_id), (real.rloc16, real.partition_id));
    }
    let parent = |node: &weft_topology::Node| Some((node.extended_address?, address_of(topology, &node.parent.as_ref()?.node)?));
    let parents: BTreeMap<_, _> = topology.nodes().filter_map(parent).collect();
    assert_eq!(parents, truth.parents);
    let mut links = BTreeSet::new();
    for link in topology.links().filter(|link| link.kind == LinkKind::Router && link.state != State::Gone) {
        let (a, b) = (address_of(topology, &link.a).unwrap(), address_of(topology, &link.b).unwrap());
        let quality = |direction: &Option<weft_topology::Direction>| direction.as_ref().and_then(|direction| direction.link_quality);
        let (there, back) = (quality(&link.a_hears_b), quality(&link.b_hears_a));
        let (a, b, there, back) = if a < b { (a, b, there, back) } else { (b, a, back, there) };
        let real = truth
            .router_links
            .iter()
            .find(|real| (real.a, real.b) == (a, b))
            .expect("an invented link");
        assert!(there.is_none_or(|quality| quality == real.a_hears_b) && back.is_none_or(|quality| quality == real.b_hears_a));
        links.insert((a, b));
    }
    assert_eq!(links, truth.router_links.iter().map(|link| (link.a, link.b)).collect());
}

fn size(routers: usize, children: usize) -> Size {
    Size {
        networks: 1,
        routers,
        children,
        border_routers: 1,
        matter_percent: 50,
    }
}

#[test]
fn the_map_of_a_sweep_is_the_mesh() {
    for (seed, (routers, children)) in (1u64..).zip([(1, 0), (2, 3), (8, 12), (16, 30), (20, 40), (32, 68), (32, 200)]) {
        let mesh = Mesh::random(seed, size(routers, children));
        let swept = swept(&mesh, Way::default(), seed, None);
        assert!(
            swept.outcome.silent.is_empty() && !swept.outcome.cut_short,
            "{routers} routers: {:?}",
            swept.outcome
        );
        assert_eq!(swept.outcome.answered.len(), routers);
        assert_eq!(swept.outcome.children as usize, children);
        assert_is_the_mesh(&mesh, &map_of(&mesh, &swept));
    }
}

#[test]
fn twenty_nodes_take_less_than_three_seconds_and_a_hundred_less_than_ten() {
    for (routers, children, seconds) in [(8, 12, 3), (32, 68, 10)] {
        for seed in 0..4 {
            let swept = swept(&Mesh::random(seed, size(routers, children)), Way::default(), seed, None);
            assert!(swept.ended < Duration::from_secs(seconds), "{routers} routers: {:?}", swept.ended);
        }
    }
}

#[test]
fn duplicates_order_and_lost_datagrams_change_nothing_once_everybody_answered() {
    let way = Way {
        loss_percent: 10,
        duplicate_percent: 30,
        reorder_percent: 50,
        ..Way::default()
    };
    let mut whole = 0;
    for seed in 0..12 {
        let mesh = Mesh::random(seed, size(8, 24));
        let swept = swept(&mesh, way, seed, None);
        if swept.outcome.silent.is_empty() {
            assert_is_the_mesh(&mesh, &map_of(&mesh, &swept));
            whole += 1;
        }
    }
    assert!(whole >= 11, "{whole} of 12");
}

#[test]
fn a_router_that_died_is_told_of_as_asked_in_vain() {
    let mesh = Mesh::random(3, size(8, 12));
    let relay = mesh.border_routers()[0];
    let dead = mesh.routers().into_iter().find(|router| *router != relay).unwrap();
    // Its neighbours' tables still name it.
    let whole = swept(&mesh, Way::default(), 3, None);
    let after = swept(&mesh, Way::default(), 4, Some(dead));
    assert_eq!(after.outcome.silent, [mesh.rloc16(dead).unwrap()]);
    let asked = mesh.rloc_address(dead).unwrap();
    let silent = after.events.iter().filter(|(_, event)| {
        matches!(event, Event::Silent(failure) if matches!(&failure.target, FailureTarget::ThreadNode { address, .. } if *address == asked))
    });
    assert_eq!(silent.count(), 2);
    let state = |topology: &Topology| {
        let mut there = topology
            .nodes()
            .filter(|node| node.extended_address == Some(mesh.node(dead).extended_address));
        there.next().map(|node| (node.state, node.unheard))
    };
    assert_eq!(state(&map_of(&mesh, &whole)), Some((State::Confirmed, false)));
    // Who knows the mesh from this sweep alone never heard it.
    assert_eq!(state(&map_of(&mesh, &after)).map(|(_, unheard)| unheard), Some(true));
}
