//! The coverage plan for random meshes: followed to its end, it never promises what is not there and stops exactly when nothing is left.

#![allow(clippy::unwrap_used)] // a test that fails says where

use proptest::prelude::*;
use std::collections::BTreeSet;
use weft_evidence::Evidence;
use weft_model::ExtendedAddress;
use weft_simulator::{MatterAnswer, Mesh, NodeIndex, Scribe, Size, Survey};
use weft_topology::plan::{Plan, PlanContext, RemarkKind, plan};
use weft_topology::{Policy, Role, State, Topology, derive};

fn small_size() -> impl Strategy<Value = Size> {
    (1usize..=2, 2usize..=20, 0usize..=30, 0u8..=100).prop_map(|(networks, routers, children, matter_percent)| Size {
        networks,
        routers: routers.max(networks),
        children,
        border_routers: networks,
        matter_percent,
    })
}

fn announced(mesh: &Mesh) -> Scribe {
    let mut scribe = Scribe::new(mesh.now());
    for node in mesh.indices() {
        scribe.write("mdns", mesh.announcements(node));
    }
    scribe
}

fn topology_of(scribe: &Scribe) -> Topology {
    let evidence = Evidence::from_captures(scribe.captures());
    derive(&evidence, scribe.now(), &Policy::standard())
}

/// Who is on the map in truth's own words: routers with their locators, children below their parents.
fn placed(topology: &Topology, survey: &Survey<'_>) -> BTreeSet<ExtendedAddress> {
    let truth = survey.truth();
    let mut right = BTreeSet::new();
    for node in topology.nodes().filter(|node| node.network.is_some() && node.state != State::Gone) {
        let is_same =
            |real: &&weft_simulator::TrueNode| real.rloc16.is_some() && real.rloc16 == node.rloc16 && real.partition_id == node.partition_id;
        let real = match node.extended_address {
            Some(address) => truth.nodes.get_key_value(&address),
            None => truth.nodes.iter().find(|(_, real)| is_same(real)),
        };
        let Some((address, _)) = real else { continue };
        let real_parent = truth.parents.get(address).map(|parent| &truth.nodes[parent]);
        let is_right = match &node.parent {
            Some(parent) => topology
                .node(&parent.node)
                .is_some_and(|parent| parent.rloc16 == real_parent.and_then(|real| real.rloc16)),
            None => matches!(node.role, Role::Router | Role::Leader) && node.rloc16.is_some() && real_parent.is_none(),
        };
        if is_right {
            right.insert(*address);
        }
    }
    right
}

/// All that pairing can tell is known: every Matter router was read, and every Matter device has a place.
fn nothing_is_left(mesh: &Mesh, placed: &BTreeSet<ExtendedAddress>, paired: &BTreeSet<NodeIndex>) -> bool {
    mesh.matter_nodes().into_iter().filter(|node| mesh.is_attached(*node)).all(|node| {
        let is_read = paired.contains(&node);
        is_read || (!mesh.is_router(node) && placed.contains(&mesh.node(node).extended_address))
    })
}

fn check(plan: &Plan, topology: &Topology, mesh: &Mesh, survey: &Survey<'_>) -> Result<(), TestCaseError> {
    let again = weft_topology::plan::plan(topology, &PlanContext::default());
    prop_assert_eq!(serde_json::to_string(plan).unwrap(), serde_json::to_string(&again).unwrap());
    let real = placed(topology, survey).len();
    let claimed: u32 = plan.coverage.iter().map(|network| network.placed).sum();
    prop_assert_eq!(claimed as usize, real, "what it calls placed is placed, and rightly");
    let all = mesh.nodes().len();
    let devices: u32 = plan.coverage.iter().map(|network| network.devices).sum();
    prop_assert!(devices as usize <= all, "{} of {} devices", devices, all);
    let after: u32 = plan.coverage.iter().map(|network| network.placed_after_steps).sum();
    prop_assert!(after <= devices);
    let promised: u32 = plan.steps.iter().map(|step| step.gain.places).sum();
    // Each promise is rounded for itself.
    prop_assert!(
        (claimed + promised) as usize <= all + plan.steps.len().div_ceil(2),
        "{} placed, {} promised, {} there",
        claimed,
        promised,
        all
    );
    let ids: BTreeSet<_> = plan.steps.iter().map(|step| &step.id).collect();
    prop_assert_eq!(ids.len(), plan.steps.len());
    prop_assert!(plan.steps.iter().zip(1..).all(|(step, rank)| step.rank == rank));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn followed_to_its_end_it_finds_all_that_pairing_can_tell(seed: u64, size in small_size()) {
        let mesh = Mesh::random(seed, size);
        let survey = mesh.survey();
        let mut scribe = announced(&mesh);
        let mut paired: BTreeSet<NodeIndex> = BTreeSet::new();
        loop {
            let topology = topology_of(&scribe);
            let before = placed(&topology, &survey);
            let now = plan(&topology, &PlanContext::default());
            check(&now, &topology, &mesh, &survey)?;
            prop_assert_eq!(now.nothing_left, nothing_is_left(&mesh, &before, &paired), "{}", now.summary);
            let Some(step) = now.steps.first() else {
                // What is left hangs below routers that are no Matter devices, and is none itself.
                let truth = survey.truth();
                let is_matter = |address: &ExtendedAddress| mesh.by_extended_address(*address).is_some_and(|node| mesh.node(node).matter.is_some());
                let beyond = truth.parents.iter().filter(|(child, parent)| !is_matter(child) && !is_matter(parent)).count();
                let said: u32 = now.remarks.iter().filter(|remark| remark.kind == RemarkKind::BeyondPairing).filter_map(|remark| remark.count).sum();
                // Where no full Thread device could be paired, any name may be a router's.
                let lists = |node: &NodeIndex| mesh.node(*node).capability.is_full_thread_device();
                let listed: BTreeSet<_> = paired.iter().filter(|node| lists(node)).map(|node| mesh.node(*node).network).collect();
                if listed.len() == mesh.networks().len() {
                    prop_assert_eq!(said as usize, beyond, "{:?}", now.remarks);
                } else {
                    prop_assert!(said as usize >= beyond, "{} of {}: {:?}", said, beyond, now.remarks);
                }
                break;
            };
            let subject = topology.node(&step.subjects[0]).unwrap().extended_address.unwrap();
            let node = mesh.by_extended_address(subject).unwrap();
            prop_assert!(paired.insert(node), "{} was paired before", step.title);
            scribe.pass_milliseconds(40).write("matter", survey.matter_report(node, &MatterAnswer::default()));
            let after = placed(&topology_of(&scribe), &survey);
            prop_assert!(after.len() >= before.len() + step.gain.places_at_least as usize, "{}", step.title);
        }
    }

    /// Devices whose makers left the tables out are no reason to go on.
    #[test]
    fn a_device_without_tables_is_not_asked_for_again(seed: u64, size in small_size()) {
        let mesh = Mesh::random(seed, size);
        let survey = mesh.survey();
        let mut scribe = announced(&mesh);
        let refuses = MatterAnswer { tables: weft_simulator::Table::Refused(0x86), ..MatterAnswer::default() };
        let mut count = 0;
        for node in mesh.matter_nodes() {
            count += usize::from(mesh.is_attached(node));
            scribe.write("matter", survey.matter_report(node, &refuses));
        }
        let plan = plan(&topology_of(&scribe), &PlanContext::default());
        prop_assert!(plan.nothing_left, "{:?}", plan.steps);
        let said: u32 = plan.remarks.iter().filter(|remark| remark.kind == RemarkKind::NoTables).filter_map(|remark| remark.count).sum();
        prop_assert_eq!(said as usize, count);
    }
}

#[test]
fn nothing_known_is_no_plan() {
    let topology = derive(&Evidence::default(), weft_model::Timestamp::MIN, &Policy::standard());
    let plan = plan(&topology, &PlanContext::default());
    assert!(plan.nothing_left && plan.coverage.is_empty() && plan.remarks.is_empty());
    assert!(plan.summary.starts_with("Nothing on the LAN tells"), "{}", plan.summary);
}

#[test]
fn many_networks_are_planned_together() {
    let mesh = Mesh::random(3, Size::homes(12));
    let scribe = announced(&mesh);
    let plan = plan(&topology_of(&scribe), &PlanContext::default());
    assert_eq!(plan.coverage.len(), 12);
    assert_eq!(plan.steps.len(), 100, "a list that a person can read");
    assert!(plan.more_steps > 50, "{}", plan.more_steps);
    let firsts: BTreeSet<_> = plan.steps[..12].iter().map(|step| &step.network).collect();
    assert_eq!(firsts.len(), 12, "the first step in each home adds the most");
    assert!(
        plan.steps.windows(2).all(|pair| pair[0].gain.places + 1 >= pair[1].gain.places),
        "best first"
    );
}
