//! Random meshes with known truth, seen through random, partial and stale answers: what may never happen does not.
#![allow(clippy::unwrap_used)] // helpers of tests: a panic names the line

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use weft_evidence::{Capture, Evidence};
use weft_model::{ExtendedAddress, LinkQuality};
use weft_simulator::{Asked, DiagnosticQuestion, MatterAnswer, Mesh, NodeIndex, OLD_TYPES, Random, Scribe, Size, Survey, Truth};
use weft_topology::{Engine, LinkKind, Policy, State, Topology, derive};

fn conclude(captures: &[Capture]) -> Topology {
    let evidence = Evidence::from_captures(captures);
    let as_of = evidence.newest_at().unwrap();
    derive(&evidence, as_of, &Policy::standard())
}

fn address_of(topology: &Topology, id: &str) -> Option<ExtendedAddress> {
    topology.node(id).and_then(|node| node.extended_address)
}

/// Child to parent, where both are known by address.
fn parents_of(topology: &Topology) -> BTreeMap<ExtendedAddress, (ExtendedAddress, State)> {
    let parent = |node: &weft_topology::Node| {
        let parent = node.parent.as_ref()?;
        Some((node.extended_address?, (address_of(topology, &parent.node)?, parent.state)))
    };
    topology.nodes().filter_map(parent).collect()
}

/// Two routers, the smaller address first.
type Pair = (ExtendedAddress, ExtendedAddress);
/// How the first hears the second, the other way, and how sure that is.
type Concluded = (Option<LinkQuality>, Option<LinkQuality>, State);

/// Links of routers with the qualities that were concluded.
fn router_links_of(topology: &Topology) -> BTreeMap<Pair, Concluded> {
    let quality = |direction: &Option<weft_topology::Direction>| direction.as_ref().and_then(|direction| direction.link_quality);
    let mut links = BTreeMap::new();
    for link in topology.links().filter(|link| link.kind == LinkKind::Router) {
        let (Some(a), Some(b)) = (address_of(topology, &link.a), address_of(topology, &link.b)) else {
            continue;
        };
        let (forth, back) = (quality(&link.a_hears_b), quality(&link.b_hears_a));
        let (key, value) = if a < b {
            ((a, b), (forth, back, link.state))
        } else {
            ((b, a), (back, forth, link.state))
        };
        assert!(links.insert(key, value).is_none(), "one link twice: {key:?}");
    }
    links
}

fn sweep(survey: &Survey<'_>, nodes: impl IntoIterator<Item = NodeIndex>, scribe: &mut Scribe) {
    for node in nodes {
        scribe
            .pass_milliseconds(40)
            .write("border-agent", survey.diagnostic_answer(node, &DiagnosticQuestion::default()));
    }
}

fn random_half(seed: u64, nodes: &[NodeIndex]) -> BTreeSet<NodeIndex> {
    let mut random = Random::new(seed);
    nodes.iter().copied().filter(|_| random.below(2) == 0).collect()
}

fn small_size() -> impl Strategy<Value = Size> {
    (1usize..=2, 2usize..=20, 0usize..=30).prop_map(|(networks, routers, children)| Size {
        networks,
        routers: routers.max(networks),
        children,
        border_routers: networks,
        matter_percent: 60,
    })
}

fn assert_structure(topology: &Topology) {
    let mut ids = BTreeSet::new();
    for node in topology.nodes() {
        assert!(ids.insert(node.id.clone()), "two nodes with the id {}", node.id);
        if node.rloc16.is_some_and(|rloc16| rloc16.is_router()) {
            assert!(node.parent.is_none(), "a router with a parent: {}", node.id);
        }
        assert!(
            !node.claims.is_empty() || node.last_parent.is_some(),
            "nobody says that {} exists",
            node.id
        );
    }
    let mut of_child: BTreeMap<&str, &str> = BTreeMap::new();
    for link in topology.links() {
        assert!(ids.contains(&link.a) && ids.contains(&link.b), "link {} hangs in the air", link.id);
        assert_ne!(link.a, link.b);
        if link.kind == LinkKind::ParentChild {
            assert_eq!(of_child.insert(&link.b, &link.a), None, "{} has two parents", link.b);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn with_all_tables_everything_is_found_and_nothing_invented(seed: u64, size in small_size()) {
        let mesh = Mesh::random(seed, size);
        let survey = mesh.survey();
        let mut scribe = Scribe::new(mesh.now());
        sweep(&survey, mesh.indices(), &mut scribe);
        let topology = conclude(scribe.captures());
        assert_structure(&topology);
        let truth = survey.truth();

        let found: BTreeSet<ExtendedAddress> = topology.nodes().filter_map(|node| node.extended_address).collect();
        prop_assert_eq!(&found, &truth.nodes.keys().copied().collect::<BTreeSet<_>>());
        prop_assert!(topology.nodes().all(|node| node.extended_address.is_some()), "a place without a device");
        for node in topology.nodes() {
            let real = &truth.nodes[&node.extended_address.unwrap()];
            prop_assert_eq!(node.rloc16, real.rloc16);
            prop_assert_eq!(node.partition_id, real.partition_id);
        }
        let parents: BTreeMap<_, _> = parents_of(&topology).into_iter().map(|(child, (parent, _))| (child, parent)).collect();
        prop_assert_eq!(&parents, &truth.parents);
        prop_assert!(parents_of(&topology).values().all(|(_, state)| *state == State::Confirmed));

        let links = router_links_of(&topology);
        for link in &truth.router_links {
            let Some((forth, back, _)) = links.get(&(link.a, link.b)) else {
                prop_assert!(false, "not found: {} ~ {}", link.a, link.b);
                continue;
            };
            prop_assert!(link.a_hears_b == LinkQuality::NONE || *forth == Some(link.a_hears_b));
            prop_assert!(link.b_hears_a == LinkQuality::NONE || *back == Some(link.b_hears_a));
        }
        let real: BTreeSet<_> = truth.router_links.iter().map(|link| (link.a, link.b)).collect();
        prop_assert!(links.keys().all(|pair| real.contains(pair)), "invented a link");
        let neighbors: BTreeSet<_> = topology
            .links()
            .filter(|link| link.kind == LinkKind::Neighbor)
            .filter_map(|link| Some((address_of(&topology, &link.a)?, address_of(&topology, &link.b)?)))
            .collect();
        prop_assert!(neighbors.iter().all(|(a, b)| truth.neighbor_links.contains(&(*a, *b)) || truth.neighbor_links.contains(&(*b, *a))));
    }

    #[test]
    fn with_half_of_the_routers_every_child_of_an_answering_one_is_placed(seed: u64, size in small_size(), old_firmware: bool) {
        let mesh = Mesh::random(seed, size);
        let survey = mesh.survey();
        let answered = random_half(seed ^ 1, &mesh.routers());
        let mut scribe = Scribe::new(mesh.now());
        let question = if old_firmware { DiagnosticQuestion { types: OLD_TYPES, query: false, ..DiagnosticQuestion::default() } } else { DiagnosticQuestion::default() };
        for router in &answered {
            scribe.pass_milliseconds(40).write("border-agent", survey.diagnostic_answer(*router, &question));
        }
        prop_assume!(!scribe.captures().is_empty());
        let topology = conclude(scribe.captures());
        assert_structure(&topology);
        let truth = survey.truth();
        for node in topology.nodes() {
            if let Some(address) = node.extended_address {
                prop_assert!(truth.nodes.contains_key(&address), "invented {}", address);
            } else {
                let holder = truth.nodes.values().any(|real| real.rloc16 == node.rloc16 && real.partition_id == node.partition_id);
                prop_assert!(holder, "nobody is at {:?} of {:?}", node.rloc16, node.partition_id);
            }
        }
        for (child, (parent, _)) in parents_of(&topology) {
            prop_assert_eq!(truth.parents.get(&child), Some(&parent));
        }
        let asked = if old_firmware { Asked::OldDiagnostics } else { Asked::DiagnosticLists };
        let visible = survey.visible(&answered, asked);
        let known = parents_of(&topology);
        for (child, parent) in &visible.parents {
            prop_assert_eq!(known.get(child).map(|(parent, _)| parent), Some(parent), "child {} is not placed", child);
        }
        let links = router_links_of(&topology);
        let real: BTreeSet<_> = truth.router_links.iter().map(|link| (link.a, link.b)).collect();
        prop_assert!(links.keys().all(|pair| real.contains(pair)), "invented a link");
        if !old_firmware {
            for pair in &visible.router_links {
                prop_assert!(links.contains_key(pair), "not found: {:?}", pair);
            }
        }
        // Who did not answer, and is spoken of, is shown as somebody whom nobody heard.
        for node in topology.nodes().filter(|node| node.rloc16.is_some_and(|rloc16| rloc16.is_router())) {
            let answering = node.extended_address.and_then(|address| mesh.by_extended_address(address)).is_some_and(|index| answered.contains(&index));
            if let Some(address) = node.extended_address {
                prop_assert_eq!(node.unheard, !answering, "{}", address);
            }
        }
    }

    #[test]
    fn stale_and_partial_answers_invent_nothing(seed: u64, size in small_size(), cut: bool) {
        let mut mesh = Mesh::random(seed, size);
        let before = mesh.clone();
        let mut random = Random::new(seed ^ 2);
        for child in mesh.children() {
            if random.below(4) == 0 && let Some(parent) = mesh.best_parent(child) {
                let _ = mesh.move_child(child, parent);
            }
        }
        if let Some(router) = mesh.routers().last().copied().filter(|_| mesh.routers().len() > 2) {
            mesh.power_off(router);
        }
        mesh.advance_seconds(120);
        let (old, new) = (before.survey(), mesh.survey());
        let mut scribe = Scribe::new(before.now());
        let mut tables = DiagnosticQuestion::default();
        sweep(&old, random_half(seed ^ 3, &before.indices().collect::<Vec<_>>()), &mut scribe);
        scribe.advance_to(mesh.now());
        for node in random_half(seed ^ 4, &mesh.indices().collect::<Vec<_>>()) {
            tables.last_part_lost = cut && random.below(3) == 0;
            scribe.pass_milliseconds(40).write("border-agent", new.diagnostic_answer(node, &tables));
            scribe.write("matter", new.matter_report(node, &MatterAnswer::default()));
        }
        prop_assume!(!scribe.captures().is_empty());
        let topology = conclude(scribe.captures());
        assert_structure(&topology);
        let (was, is) = (old.truth(), new.truth());
        let ever = |check: &dyn Fn(&Truth) -> bool| check(&was) || check(&is);
        for address in topology.nodes().filter_map(|node| node.extended_address) {
            prop_assert!(ever(&|truth| truth.nodes.contains_key(&address)), "invented {}", address);
        }
        for (child, (parent, _)) in parents_of(&topology) {
            prop_assert!(ever(&|truth| truth.parents.get(&child) == Some(&parent)), "{} was never a child of {}", child, parent);
        }
        for pair in router_links_of(&topology).keys() {
            prop_assert!(ever(&|truth| truth.router_links.iter().any(|link| (link.a, link.b) == *pair)), "{:?} never had a link", pair);
        }
    }

    #[test]
    fn an_agreeing_capture_never_lowers_a_state(seed: u64, size in small_size()) {
        let mesh = Mesh::random(seed, size);
        let survey = mesh.survey();
        let mut scribe = Scribe::new(mesh.now());
        sweep(&survey, random_half(seed ^ 5, &mesh.indices().collect::<Vec<_>>()), &mut scribe);
        prop_assume!(!scribe.captures().is_empty());
        let first = conclude(scribe.captures());
        sweep(&survey, random_half(seed ^ 6, &mesh.indices().collect::<Vec<_>>()), &mut scribe);
        let second = conclude(scribe.captures());
        let trust = |state: State| match state {
            State::Gone => 0,
            State::Stale => 1,
            State::Contradicted => 2,
            State::Inferred => 3,
            State::OneSided => 4,
            State::Confirmed => 5,
        };
        for node in first.nodes() {
            let Some(again) = second.node(&node.id) else {
                prop_assert!(false, "{} disappeared", node.id);
                continue;
            };
            prop_assert!(trust(again.state) >= trust(node.state), "{}: {:?} to {:?}", node.id, node.state, again.state);
            if let Some(parent) = &node.parent {
                let again = again.parent.as_ref().map(|parent| parent.state);
                prop_assert!(again.is_some_and(|again| trust(again) >= trust(parent.state)), "{}: {:?} to {:?}", node.id, parent.state, again);
            }
        }
        let links = router_links_of(&second);
        for (pair, (_, _, state)) in router_links_of(&first) {
            prop_assert!(links.get(&pair).is_some_and(|(_, _, again)| trust(*again) >= trust(state)), "{:?}", pair);
        }
    }

    #[test]
    fn order_and_steps_do_not_matter(seed: u64, size in small_size()) {
        let mesh = Mesh::random(seed, size);
        let survey = mesh.survey();
        let mut scribe = Scribe::new(mesh.now());
        for node in mesh.indices() {
            scribe.write("mdns", mesh.announcements(node));
        }
        sweep(&survey, random_half(seed ^ 7, &mesh.indices().collect::<Vec<_>>()), &mut scribe);
        let captures = scribe.into_captures();
        prop_assume!(!captures.is_empty());
        let whole = conclude(&captures);
        let mut random = Random::new(seed ^ 8);
        let mut shuffled = captures.clone();
        for place in (1..shuffled.len()).rev() {
            shuffled.swap(place, random.below(place as u64 + 1) as usize);
        }
        prop_assert_eq!(&conclude(&shuffled), &whole);
        let mut engine = Engine::new(Policy::standard());
        for capture in &captures {
            engine.insert(capture).unwrap();
            if random.below(8) == 0 {
                engine.snapshot(capture.at);
            }
        }
        let as_of = captures.last().unwrap().at;
        let step_by_step = engine.snapshot(as_of);
        let json = |topology: &Topology| {
            let mut bytes = Vec::new();
            topology.write_json(&mut bytes, true).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let (stepwise, at_once) = (json(&step_by_step), json(&whole));
        prop_assert_eq!(without_valid_until(&stepwise), without_valid_until(&at_once));
    }
}

/// Parts that were derived at an earlier moment know the same changes to come, and round them to their own milliseconds.
fn without_valid_until(json: &str) -> serde_json::Value {
    let mut value: serde_json::Value = serde_json::from_str(json).unwrap();
    value.as_object_mut().unwrap().remove("valid_until");
    value
}
