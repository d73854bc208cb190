//! Inputs that no home has, and that must cost neither sense nor time.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{assert_tidy_cards, child, good_link, json, node, overlaps, part, router, topology};
use weft_layout::{Positions, layout};
use weft_model::{PartitionId, Pin};
use weft_topology::{Id, Link, LinkKind, NetworkTopology, Node, Parent, Role, State};

fn check(part: NetworkTopology, previous: &Positions) -> Positions {
    let topology = topology(vec![part]);
    let positions = layout(&topology, previous);
    assert_eq!(positions.nodes().len(), topology.nodes().count());
    assert_eq!(overlaps(&positions), [""; 0]);
    assert_tidy_cards(&positions);
    assert_eq!(json(&layout(&topology, &positions)), json(&positions));
    positions
}

fn fresh(part: NetworkTopology) -> Positions {
    check(part, &Positions::default())
}

fn routers(count: usize) -> Vec<Node> {
    (0..count).map(|index| router(format!("r{index:05}"))).collect()
}

fn all_links(count: usize) -> Vec<Link> {
    (1..count)
        .flat_map(|one| (0..one).map(move |other| good_link(&format!("r{one:05}"), &format!("r{other:05}"))))
        .collect()
}

/// Every node at one place.
fn heap(nodes: &[Node], spot: &str) -> Positions {
    let nodes: serde_json::Map<_, _> = nodes
        .iter()
        .map(|node| (node.id.to_string(), serde_json::json!({"x": 50, "y": 50, "spot": spot})))
        .collect();
    serde_json::from_value(serde_json::json!({"networks": {"n": {"x": 0, "y": 0, "width": 100, "height": 100}}, "nodes": nodes})).unwrap()
}

#[test]
fn nothing_and_one() {
    assert_eq!(
        json(&layout(&topology(Vec::new()), &Positions::default())),
        r#"{"networks":{},"nodes":{}}"#
    );
    fresh(part("n", Vec::new(), Vec::new()));
    fresh(part("n", routers(1), Vec::new()));
    fresh(part("", vec![node("alone", Role::Unknown)], Vec::new()));
}

#[test]
fn a_router_with_as_many_children_as_it_can_address() {
    let mut nodes = routers(3);
    nodes.extend((0..511).map(|index| child(format!("c{index:03}"), "r00000")));
    fresh(part("n", nodes, all_links(3)));
}

#[test]
fn routers_that_nothing_connects_stand_in_rows() {
    let positions = fresh(part("n", routers(64), Vec::new()));
    let card = positions.network("n").unwrap();
    assert!(
        card.width.px() < 3.0 * card.height.px() && card.height.px() < 3.0 * card.width.px(),
        "{card:?}"
    );
}

#[test]
fn routers_that_all_hear_each_other() {
    for count in [2, 3, 32, 64] {
        fresh(part("n", routers(count), all_links(count)));
    }
}

#[test]
fn more_routers_than_a_partition_can_have() {
    fresh(part("n", routers(200), all_links(200)));
    let chain = (1..2000)
        .map(|index| good_link(&format!("r{:05}", index - 1), &format!("r{index:05}")))
        .collect();
    fresh(part("n", routers(2000), chain));
}

#[test]
fn all_in_the_same_place() {
    for (count, spot) in [(2, "mesh"), (64, "mesh"), (1000, "mesh"), (64, "edge"), (64, "ring"), (64, "shelf")] {
        let nodes = routers(count);
        let previous = heap(&nodes, spot);
        check(part("n", nodes, Vec::new()), &previous);
    }
    let mut nodes = routers(1);
    nodes.extend((0..100).map(|index| child(format!("c{index}"), "r00000")));
    for spot in ["mesh", "ring"] {
        let previous = heap(&nodes, spot);
        check(part("n", nodes.clone(), Vec::new()), &previous);
    }
    let strays: Vec<Node> = (0..300).map(|index| node(format!("s{index}"), Role::Unknown)).collect();
    let previous = heap(&strays, "shelf");
    check(part("n", strays, Vec::new()), &previous);
}

#[test]
fn every_router_in_a_partition_of_its_own() {
    let mut nodes = routers(100);
    for (index, node) in nodes.iter_mut().enumerate() {
        node.partition_id = Some(PartitionId(index as u32));
    }
    fresh(part("n", nodes, Vec::new()));
}

#[test]
fn nothing_but_ghosts_is_drawn_as_well_as_the_living() {
    let mut ghosts = routers(6);
    ghosts.iter_mut().for_each(|node| node.state = State::Stale);
    let links = |state| all_links(6).into_iter().map(move |link| Link { state, ..link }).collect();
    let dead = fresh(part("n", ghosts, links(State::Confirmed)));
    assert_eq!(json(&dead), json(&fresh(part("n", routers(6), links(State::Confirmed)))));
}

#[test]
fn parents_in_a_circle_unknown_ends_and_doubles() {
    let own_parent = |id: &str, parent: &str| Node {
        role: Role::Unknown,
        ..child(id, parent)
    };
    let nodes = vec![
        own_parent("a", "b"),
        own_parent("b", "c"),
        own_parent("c", "a"),
        own_parent("d", "d"),
        own_parent("e", "nobody"),
        router("f"),
    ];
    let links = vec![
        good_link("a", "nobody"),
        good_link("f", "f"),
        Link {
            kind: LinkKind::Neighbor,
            ..good_link("e", "f")
        },
        good_link("f", "a"),
        good_link("a", "f"),
    ];
    fresh(part("n", nodes, links));
    let router_with_parent = Node {
        parent: Some(Parent {
            node: Id::from("b"),
            state: State::Contradicted,
            since: None,
            reasons: Vec::new(),
        }),
        ..router("a")
    };
    fresh(part("n", vec![router_with_parent, router("b")], Vec::new()));
    let doubles = topology(vec![
        part("n", vec![router("a"), router("a")], Vec::new()),
        part("n", vec![router("b")], Vec::new()),
    ]);
    assert_eq!(layout(&doubles, &Positions::default()).networks().count(), 1);
}

#[test]
fn a_whole_lan_of_strays() {
    fresh(part(
        "",
        (0..5000).map(|index| node(format!("s{index}"), Role::Unknown)).collect(),
        Vec::new(),
    ));
}

#[test]
fn pins_on_one_spot_and_beyond_the_map() {
    let pinned = |x, y| {
        let pin = |(index, node): (usize, Node)| Node {
            pin: (index % 2 == 0).then_some(Pin { x, y }),
            ..node
        };
        let nodes: Vec<Node> = routers(12).into_iter().enumerate().map(pin).collect();
        topology(vec![
            part("m", Vec::new(), Vec::new()),
            part("n", nodes.clone(), all_links(12)),
            part("", nodes, Vec::new()),
        ])
    };
    for (x, y) in [(0, 0), (-99_999, 99_999), (i32::MIN, i32::MAX)] {
        let positions = layout(&pinned(x, y), &Positions::default());
        let is_heeded = x != i32::MIN;
        assert_eq!(positions.node("r00000").unwrap().pinned, is_heeded);
        assert_eq!(json(&layout(&pinned(x, y), &positions)), json(&positions));
    }
}
