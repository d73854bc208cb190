//! Each finding appears when its trouble does, says whom it is about, and is absent in a healthy mesh.
#![allow(clippy::unwrap_used)] // helpers of tests: a panic names the line

use weft_evidence::{Capture, CaptureBody, Evidence};
use weft_model::Timestamp;
use weft_simulator::{DiagnosticQuestion, Mesh, NodeIndex, Scribe, Size};
use weft_topology::{Finding, Policy, Topology, derive};

fn small(routers: usize, children: usize, border_routers: usize) -> Mesh {
    let size = Size {
        networks: 1,
        routers,
        children,
        border_routers,
        matter_percent: 0,
    };
    let mut mesh = Mesh::random(7, size);
    // Everybody hears everybody well: what a test then takes away is the only trouble.
    let nodes: Vec<NodeIndex> = mesh.indices().collect();
    for hearer in &nodes {
        for sender in &nodes {
            mesh.set_rssi(*hearer, *sender, -50);
        }
    }
    mesh
}

fn sweep(mesh: &Mesh, scribe: &mut Scribe) {
    let survey = mesh.survey();
    for node in mesh.indices() {
        scribe.write("mdns", mesh.announcements(node));
        scribe.write("border-agent", survey.diagnostic_answer(node, &DiagnosticQuestion::default()));
    }
}

fn conclude_at(captures: &[Capture], as_of: Timestamp) -> Topology {
    derive(&Evidence::from_captures(captures), as_of, &Policy::standard())
}

fn conclude(mesh: &Mesh) -> Topology {
    let mut scribe = Scribe::new(mesh.now());
    sweep(mesh, &mut scribe);
    conclude_at(scribe.captures(), scribe.captures().last().unwrap().at)
}

fn of_kind(topology: &Topology, kind: &str) -> Vec<Finding> {
    topology.findings().filter(|finding| finding.kind == kind).cloned().collect()
}

fn id(mesh: &Mesh, node: NodeIndex) -> String {
    mesh.node(node).extended_address.to_string()
}

#[test]
fn a_healthy_mesh_has_no_findings() {
    let topology = conclude(&small(5, 6, 2));
    assert_eq!(
        topology.findings().map(|finding| &finding.title).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

#[test]
fn the_only_router_between_two_others_and_its_links_are_named() {
    let mut mesh = small(3, 0, 1);
    let routers = mesh.routers();
    mesh.set_rssi(routers[0], routers[2], -120);
    mesh.set_rssi(routers[2], routers[0], -120);
    let topology = conclude(&mesh);
    let cut = of_kind(&topology, "cut-vertex");
    assert_eq!(cut.len(), 1);
    assert_eq!(
        cut[0].subjects.iter().map(|subject| &**subject).collect::<Vec<_>>(),
        [id(&mesh, routers[1])]
    );
    assert_eq!(of_kind(&topology, "bridge").len(), 2);
}

#[test]
fn a_link_that_works_one_way_only_is_named() {
    let mut mesh = small(4, 0, 1);
    let routers = mesh.routers();
    mesh.make_one_way(routers[0], routers[1]);
    let topology = conclude(&mesh);
    let findings = of_kind(&topology, "one-way-link");
    assert_eq!(findings.len(), 1, "{:?}", topology.findings().collect::<Vec<_>>());
    for end in [routers[0], routers[1]] {
        assert!(findings[0].subjects[0].contains(&id(&mesh, end)));
    }
}

#[test]
fn a_border_router_with_another_dataset_is_named() {
    let mut mesh = small(4, 0, 3);
    let odd = mesh.border_routers()[0];
    assert_eq!(of_kind(&conclude(&mesh), "differing-datasets"), []);
    mesh.set_active_timestamp(odd, Some(99 << 16));
    let findings = of_kind(&conclude(&mesh), "differing-datasets");
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].subjects.len(), 3);
    assert!(findings[0].detail.contains("99 of one border router"), "{}", findings[0].detail);
}

#[test]
fn a_child_that_moved_is_named_where_its_old_parent_still_lists_it() {
    let mut mesh = small(4, 4, 1);
    let mut scribe = Scribe::new(mesh.now());
    sweep(&mesh, &mut scribe);
    let child = mesh.children()[0];
    let old = mesh.parent(child).unwrap();
    let new = mesh.best_parent(child).unwrap();
    mesh.move_child(child, new).unwrap();
    mesh.advance_seconds(30);
    scribe.advance_to(mesh.now());
    sweep(&mesh, &mut scribe);
    let topology = conclude_at(scribe.captures(), mesh.now());
    let findings = of_kind(&topology, "outdated-child-row");
    assert_eq!(findings.len(), 1);
    for subject in [old, child] {
        assert!(findings[0].subjects.iter().any(|named| **named == *id(&mesh, subject)));
    }
    let node = topology.node(&id(&mesh, child)).unwrap();
    assert_eq!(*node.parent.as_ref().unwrap().node, *id(&mesh, new));
    assert_eq!(*node.last_parent.as_ref().unwrap().node, *id(&mesh, old));
}

#[test]
fn a_device_that_one_old_table_alone_mentions_is_a_ghost() {
    let mesh = small(2, 1, 0);
    let child = mesh.children()[0];
    let parent = mesh.parent(child).unwrap();
    let mut scribe = Scribe::new(mesh.now());
    let survey = mesh.survey();
    scribe.write("border-agent", survey.diagnostic_answer(parent, &DiagnosticQuestion::default()));
    let fresh = conclude_at(scribe.captures(), mesh.now());
    assert!(
        !of_kind(&fresh, "ghost")
            .iter()
            .any(|finding| finding.subjects.iter().any(|subject| **subject == *id(&mesh, child)))
    );
    let later = conclude_at(scribe.captures(), mesh.now().plus_seconds(3 * 3600));
    let ghosts = of_kind(&later, "ghost");
    assert!(
        ghosts
            .iter()
            .any(|finding| finding.subjects.iter().any(|subject| **subject == *id(&mesh, child))),
        "{ghosts:?}"
    );
}

#[test]
fn a_device_that_two_networks_speak_of_is_one_node_where_it_was_heard_last() {
    let mesh = small(2, 0, 0);
    let router = mesh.routers()[0];
    let mut scribe = Scribe::new(mesh.now());
    sweep(&mesh, &mut scribe);
    let mut captures = scribe.into_captures();
    let mut moved = captures
        .iter()
        .find(|capture| matches!(&capture.body, CaptureBody::Tmf(_)))
        .unwrap()
        .clone();
    moved.seq = captures.last().unwrap().seq + 1;
    moved.at = mesh.now().plus_seconds(600);
    let CaptureBody::Tmf(answer) = &mut moved.body else { unreachable!() };
    answer.extended_pan_id = Some("00000000000000aa".parse().unwrap());
    captures.push(moved);
    let topology = conclude_at(&captures, mesh.now().plus_seconds(601));
    let nodes: Vec<_> = topology.nodes().filter(|node| *node.id == *id(&mesh, router)).collect();
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0].network.as_deref(), Some("00000000000000aa"));
    let about_it = of_kind(&topology, "two-networks")
        .into_iter()
        .filter(|finding| finding.subjects.iter().any(|subject| **subject == *id(&mesh, router)));
    assert_eq!(about_it.count(), 1);
}
