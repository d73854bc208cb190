//! Changes as they happen in homes, and what moves.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{assert_tidy_cards, child, distance, good_link, json, link, lost_child, node, overlaps, part, reread, router, topology};
use weft_layout::{NodePosition, Positions, Spot, layout, tidy};
use weft_model::PartitionId;
use weft_topology::{Id, Link, NetworkTopology, Node, Role, State, Topology};

fn draw(topology: &Topology) -> Positions {
    layout(topology, &Positions::default())
}

fn place(positions: &Positions, id: &str) -> NodePosition {
    positions.node(id).unwrap()
}

fn moved(before: &Positions, after: &Positions) -> Vec<String> {
    let mut moved: Vec<String> = Vec::new();
    for (id, is) in after.nodes() {
        if before.node(id).is_some_and(|was| distance(&was, &is) > 0.0) {
            moved.push(id.to_string());
        }
    }
    moved
}

/// A ring of eight routers with chords, and three children at each.
fn home() -> NetworkTopology {
    let id = |index: usize| format!("r{}", index % 8);
    let mut links: Vec<Link> = (0..8).map(|index| good_link(&id(index), &id(index + 1))).collect();
    links.extend((0..4).map(|index| link(&id(index), &id(index + 4), Some(1), Some(2))));
    let mut nodes: Vec<Node> = (0..8).map(|index| router(id(index))).collect();
    nodes.extend((0..24).map(|index| child(format!("c{index:02}"), &id(index))));
    for node in &mut nodes {
        node.partition_id = Some(PartitionId(1));
    }
    part("home", nodes, links)
}

fn changed(change: impl FnOnce(&mut NetworkTopology)) -> Topology {
    let mut network = home();
    change(&mut network);
    topology(vec![network])
}

fn find<'n>(network: &'n mut NetworkTopology, id: &str) -> &'n mut Node {
    network.nodes.iter_mut().find(|node| *node.id == *id).unwrap()
}

#[test]
fn a_new_device_moves_nobody() {
    let before = draw(&changed(|_| {}));
    let after = layout(
        &changed(|home| {
            home.nodes.push(child("c99", "r3"));
            home.nodes.push(router("r9"));
            home.links.push(good_link("r2", "r9"));
            home.nodes.push(node("named", Role::Unknown));
        }),
        &before,
    );
    assert_eq!(moved(&before, &after), [""; 0]);
    assert_eq!(overlaps(&after), [""; 0]);
    assert!(distance(&place(&after, "r2"), &place(&after, "r9")) < 200.0);
    assert_eq!((place(&after, "c99").spot, place(&after, "named").spot), (Spot::Ring, Spot::Shelf));
}

#[test]
fn links_that_change_move_nobody_until_tidied() {
    let before = draw(&changed(|_| {}));
    let weaker = changed(|home| {
        home.links
            .iter_mut()
            .for_each(|link| link.a_hears_b.as_mut().unwrap().link_quality = weft_model::LinkQuality::new(1))
    });
    assert_eq!(json(&layout(&weaker, &before)), json(&before));
    let tidied = tidy(&weaker);
    assert!(distance(&place(&tidied, "r0"), &place(&tidied, "r1")) > 1.5 * distance(&place(&before, "r0"), &place(&before, "r1")));
}

#[test]
fn a_router_that_dies_stays_and_its_children_move_to_their_new_parent() {
    let before = draw(&changed(|_| {}));
    let after = layout(
        &changed(|home| {
            find(home, "r5").state = State::Stale;
            find(home, "c05").parent.as_mut().unwrap().node = Id::from("r6");
            *find(home, "c13") = lost_child("c13", "r5");
        }),
        &before,
    );
    assert_eq!(moved(&before, &after), ["c05"]);
    assert!((distance(&place(&after, "c05"), &place(&after, "r6")) - 42.0).abs() < 0.2);
}

#[test]
fn a_promoted_child_gets_a_routers_place_and_a_demoted_router_a_childs() {
    let before = draw(&changed(|_| {}));
    let promoted = changed(|home| {
        *find(home, "c05") = Node {
            partition_id: Some(PartitionId(1)),
            ..router("c05")
        };
        home.links.push(good_link("c05", "r5"));
    });
    let after = layout(&promoted, &before);
    assert_eq!(place(&after, "c05").spot, Spot::Mesh);
    assert!(distance(&place(&after, "c05"), &place(&after, "r5")) > 90.0);
    assert!(moved(&before, &after).iter().all(|id| id == "c05"), "{:?}", moved(&before, &after));
    let back = layout(&changed(|_| {}), &after);
    assert_eq!(place(&back, "c05").spot, Spot::Ring);
    assert_eq!(moved(&after, &back), ["c05"]);
}

#[test]
fn a_network_that_splits_is_drawn_in_two_and_heals_to_what_it_was() {
    let whole = changed(|_| {});
    let before = draw(&whole);
    let far = ["r4", "r5", "r6"];
    let split = changed(|home| {
        home.links.retain(|link| far.contains(&&*link.a) == far.contains(&&*link.b));
        home.nodes
            .iter_mut()
            .filter(|node| far.contains(&&*node.id))
            .for_each(|node| node.partition_id = Some(PartitionId(2)));
    });
    let apart = layout(&split, &before);
    let right = |positions: &Positions, ids: &[&str]| ids.iter().map(|id| place(positions, id).x.px()).fold(f64::MIN, f64::max);
    let near = ["r0", "r1", "r2", "r3", "r7"];
    assert!(far.iter().all(|id| place(&apart, id).x.px() > right(&apart, &near) + 64.0));
    assert!(moved(&before, &apart).iter().all(|id| !near.contains(&&**id)));
    let shift = |id: &str| place(&apart, id).x.px() - place(&before, id).x.px();
    assert!(far.iter().all(|id| (shift(id) - shift("r4")).abs() < 0.01), "as a whole");
    assert_eq!(json(&layout(&split, &apart)), json(&apart));

    let healed = layout(&whole, &reread(&apart));
    assert_eq!(moved(&before, &healed), [""; 0]);
    assert!(healed.nodes().values().all(|place| place.aside.is_none()));
}

#[test]
fn a_known_router_yields_a_little_to_a_newcomer() {
    let pair = |nodes: Vec<Node>, links| topology(vec![part("n", nodes, links)]);
    let before = draw(&pair(vec![router("a"), router("b")], vec![good_link("a", "b")]));
    let mut nodes = vec![router("a"), router("b"), router("m")];
    nodes.extend((0..60).map(|index| child(format!("c{index}"), "m")));
    let after = layout(&pair(nodes, vec![good_link("a", "b"), good_link("a", "m"), good_link("b", "m")]), &before);
    assert_eq!(overlaps(&after), [""; 0]);
    for id in ["a", "b"] {
        assert!(distance(&place(&before, id), &place(&after, id)) < 60.0);
    }
}

#[test]
fn what_was_at_the_edge_or_on_the_shelf_joins_the_mesh_when_links_are_known() {
    let first = topology(vec![part(
        "n",
        vec![router("a"), router("b"), router("c"), node("d", Role::Unknown)],
        vec![good_link("a", "b")],
    )]);
    let before = draw(&first);
    assert_eq!((place(&before, "c").spot, place(&before, "d").spot), (Spot::Edge, Spot::Shelf));
    let links = vec![good_link("a", "b"), good_link("b", "c"), good_link("c", "d")];
    let after = layout(
        &topology(vec![part("n", vec![router("a"), router("b"), router("c"), router("d")], links)]),
        &before,
    );
    assert!(after.nodes().values().all(|place| place.spot == Spot::Mesh));
    assert!((distance(&place(&after, "b"), &place(&after, "c")) - 118.0).abs() < 15.0);
    assert!((distance(&place(&after, "c"), &place(&after, "d")) - 118.0).abs() < 15.0);
    assert_eq!(moved(&before, &after), ["c", "d"]);
}

#[test]
fn an_id_or_a_network_that_got_a_better_name_keeps_its_place() {
    let before = draw(&changed(|_| {}));
    let mut network = home();
    network.network.as_mut().unwrap().id = Id::from("1122334455667788");
    let renamed = find(&mut network, "r3");
    (renamed.id, renamed.previous_ids) = (Id::from("00aa"), vec![Id::from("r3")]);
    for end in network
        .links
        .iter_mut()
        .flat_map(|link| [&mut link.a, &mut link.b])
        .filter(|end| &***end == "r3")
    {
        *end = Id::from("00aa");
    }
    for parent in network
        .nodes
        .iter_mut()
        .filter_map(|node| node.parent.as_mut())
        .filter(|parent| &*parent.node == "r3")
    {
        parent.node = Id::from("00aa");
    }
    let network = topology(vec![network]);
    for previous in [before.clone(), reread(&before)] {
        let after = layout(&network, &previous);
        assert_eq!(place(&after, "00aa"), place(&before, "r3"));
        assert_eq!(moved(&before, &after), [""; 0]);
    }
}

#[test]
fn distance_is_path_cost_and_children_stand_around_their_parent() {
    let links = vec![good_link("a", "b"), link("b", "c", Some(3), Some(1)), link("a", "x", Some(2), None)];
    let positions = draw(&topology(vec![part(
        "n",
        vec![router("a"), router("b"), router("c"), router("x"), child("k", "c")],
        links,
    )]));
    let apart = |one: &str, other: &str| distance(&place(&positions, one), &place(&positions, other));
    for (one, other, cost) in [("a", "b", 1.0), ("b", "c", 4.0), ("a", "c", 5.0), ("a", "x", 2.0)] {
        assert!(
            (apart(one, other) - 118.0 * cost).abs() < 0.15 * 118.0 * cost,
            "{one} {other}: {}",
            apart(one, other)
        );
    }
    assert!((apart("k", "c") - 42.0).abs() < 0.2);
    assert!(apart("k", "b") > apart("c", "b"), "on the side without links");
}

#[test]
fn a_card_that_grows_into_another_one_pushes_the_smaller_and_no_third() {
    let small = |id: &str| part(id, vec![router(format!("{id}-r"))], Vec::new());
    let grown = |id: &str, count: usize| {
        let nodes = (0..count).map(|index| router(format!("{id}-r{}", if index == 0 { String::new() } else { index.to_string() })));
        part(id, nodes.collect(), Vec::new())
    };
    let names = ["a", "b", "c", "d", "e", "f"];
    let before = draw(&topology(names.iter().map(|id| small(id)).collect()));
    let after = layout(
        &topology(names.iter().map(|id| if *id == "b" { grown("b", 9) } else { small(id) }).collect()),
        &before,
    );
    assert_tidy_cards(&after);
    let stays = |id: &str| before.network(id).map(|card| (card.x, card.y)) == after.network(id).map(|card| (card.x, card.y));
    assert_eq!(
        names.map(stays),
        [true, true, false, true, false, false],
        "c, e and f stood where b is now: {after:?}"
    );
    assert_eq!(place(&before, "b-r"), place(&after, "b-r"));
}

#[test]
fn devices_outside_all_networks_have_a_shelf_below_the_networks() {
    let lan = part("", (0..7).map(|index| node(format!("d{index}"), Role::Unknown)).collect(), Vec::new());
    let positions = draw(&topology(vec![home(), lan]));
    let (home, lan) = (positions.network("home").unwrap(), positions.network(weft_layout::LAN).unwrap());
    assert!(lan.y.px() > home.y.px() + home.height.px());
    assert!((0..7).all(|index| place(&positions, &format!("d{index}")).spot == Spot::Shelf));
}
