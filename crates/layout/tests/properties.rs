//! What holds of every drawing.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Plan, assert_tidy_cards, build, distance, json, overlaps, part, plan, plans, reread, topology};
use proptest::prelude::*;
use std::sync::Arc;
use weft_layout::{NodePosition, Positions, Spot, assemble, diff, layout, layout_network, tidy, update};
use weft_model::{PartitionId, Pin};
use weft_topology::{NetworkTopology, State, Topology};

/// The drawing of one network and only that, relative to its card.
fn relative(part: &NetworkTopology, positions: &Positions) -> Vec<NodePosition> {
    let id = part
        .network
        .as_ref()
        .map_or_else(|| weft_layout::LAN.into(), |network| network.id.clone());
    let card = positions.network(&id).unwrap();
    let shift = |px: f64, by: f64| weft_layout::Pixels::new(px - by).unwrap();
    let place = |place: NodePosition| NodePosition {
        x: shift(place.x.px(), card.x.px()),
        y: shift(place.y.px(), card.y.px()),
        ..place
    };
    part.nodes.iter().map(|node| place(positions.node_in(&id, &node.id).unwrap())).collect()
}

fn reversed(topology: &Topology) -> Topology {
    let part = |part: &Arc<NetworkTopology>| {
        let mut part = NetworkTopology::clone(part);
        part.nodes.reverse();
        part.links.reverse();
        Arc::new(part)
    };
    Topology {
        parts: topology.parts.iter().rev().map(part).collect(),
        ..topology.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_node_has_a_place_of_its_own_on_its_card(plans in plans()) {
        let topology = build(&plans);
        let positions = layout(&topology, &Positions::default());
        prop_assert_eq!(positions.nodes().len(), topology.nodes().count());
        prop_assert_eq!(overlaps(&positions), Vec::<String>::new());
        assert_tidy_cards(&positions);
    }

    #[test]
    fn the_old_map_and_the_difference_give_the_new_one(old in plans(), new in plans(), keep in any::<prop::sample::Index>(), as_read: bool) {
        let before = build(&old);
        let drawn = layout(&before, &Positions::default());
        let mut after = build(&new);
        // One network stays as it is, another is drawn anew.
        let kept = keep.index(after.parts.len());
        if let Some(part) = before.parts.get(kept) {
            after.parts[kept] = part.clone();
        }
        let next = update(&after, &before, &drawn);
        let drawn = if as_read { reread(&drawn) } else { drawn };
        let delta = serde_json::to_value(diff(&drawn, &next)).unwrap();
        let mut map = serde_json::to_value(&drawn).unwrap();
        for list in ["networks", "nodes"] {
            let entries = map[list].as_object_mut().unwrap();
            for gone in delta[format!("{list}_removed")].as_array().unwrap() {
                prop_assert!(entries.remove(gone.as_str().unwrap()).is_some(), "{gone} was not there");
            }
            entries.extend(delta[list].as_object().unwrap().clone());
        }
        prop_assert_eq!(map, serde_json::to_value(&next).unwrap());
        prop_assert!(diff(&next, &next.clone()).is_empty());
        prop_assert!(diff(&next, &reread(&next)).is_empty(), "read and computed are the same map");
    }

    #[test]
    fn unchanged_input_moves_nothing(plans in plans()) {
        let topology = build(&plans);
        let first = layout(&topology, &Positions::default());
        prop_assert_eq!(json(&layout(&topology, &first)), json(&first));
        prop_assert_eq!(json(&layout(&topology, &reread(&first))), json(&first), "after a restart");
        prop_assert_eq!(json(&tidy(&topology)), json(&first), "tidy is what it was before anything changed");
    }

    #[test]
    fn the_order_of_the_input_is_irrelevant(plans in plans(), others in plans()) {
        let (topology, other) = (build(&plans), build(&others));
        let before = layout(&other, &Positions::default());
        prop_assert_eq!(json(&layout(&reversed(&topology), &before)), json(&layout(&topology, &before)));
    }

    #[test]
    fn after_any_change_all_still_have_their_own_places_and_then_rest(plans in plans(), others in plans()) {
        let before = layout(&build(&others), &Positions::default());
        let topology = build(&plans);
        let after = layout(&topology, &before);
        prop_assert_eq!(overlaps(&after), Vec::<String>::new());
        assert_tidy_cards(&after);
        prop_assert_eq!(json(&layout(&topology, &after)), json(&after));
    }

    #[test]
    fn a_network_is_drawn_without_regard_to_the_others(plans in plans(), other in plan(14, 30)) {
        let before = layout(&build(&plans), &Positions::default());
        let mut changed = plans.clone();
        changed.push(other.clone());
        if let Some(first) = changed.first_mut() {
            *first = other;
        }
        let after = layout(&build(&changed), &before);
        for part in build(&plans).parts.iter().skip(1).filter(|part| part.network.is_some()) {
            prop_assert_eq!(relative(part, &after), relative(part, &before));
        }
        let alone = assemble(build(&changed).parts.iter().rev().map(|part| layout_network(part, &before)));
        prop_assert_eq!(json(&alone), json(&after));
    }

    #[test]
    fn an_update_is_a_layout_at_the_cost_of_what_changed(plans in plans(), other in plan(14, 30)) {
        let topology = build(&plans);
        let positions = layout(&topology, &Positions::default());
        let mut changed = topology.clone();
        if changed.parts.len() > 1 {
            changed.parts[0] = Arc::new(other.build("n0"));
        }
        prop_assert_eq!(json(&update(&changed, &topology, &positions)), json(&layout(&changed, &positions)));
        prop_assert_eq!(json(&update(&changed, &topology, &reread(&positions))), json(&layout(&changed, &positions)));
    }

    #[test]
    fn partitions_stand_apart(plan in plan(16, 20)) {
        let topology = topology(vec![plan.build("n")]);
        let positions = layout(&topology, &Positions::default());
        let live = |id: u32| topology.nodes().filter(move |node| node.state == State::Confirmed && node.partition_id == Some(PartitionId(id)));
        let area = |id: u32| live(id).filter(|node| node.role != weft_topology::Role::Unknown).filter_map(|node| positions.node(&node.id)).fold(None, |area, place| {
            let (left, top, right, bottom) = area.unwrap_or((f64::MAX, f64::MAX, f64::MIN, f64::MIN));
            Some((place.x.px().min(left), place.y.px().min(top), place.x.px().max(right), place.y.px().max(bottom)))
        });
        for one in 0..plan.partitions {
            for other in 0..one {
                let (Some(one), Some(other)) = (area(one), area(other)) else { continue };
                let gap = (one.0 - other.2).max(other.0 - one.2).max(one.1 - other.3).max(other.1 - one.3);
                prop_assert!(gap > 64.0, "{:?} and {:?}", one, other);
            }
        }
    }

    #[test]
    fn pins_win(plan in plan(12, 30), chosen in any::<prop::sample::Index>(), x in -1500..1500, y in -1500..1500, is_drawn: bool) {
        let mut network = plan.build("n");
        let before = if is_drawn { layout(&topology(vec![network.clone()]), &Positions::default()) } else { Positions::default() };
        if network.nodes.is_empty() {
            return Ok(());
        }
        let chosen = chosen.index(network.nodes.len());
        network.nodes[chosen].pin = Some(Pin { x, y });
        let id = network.nodes[chosen].id.clone();
        let topology = topology(vec![network.clone()]);
        let after = layout(&topology, &before);
        let place = after.node(&id).unwrap();
        prop_assert_eq!((place.x.px(), place.y.px(), place.pinned), (f64::from(x), f64::from(y), true));
        assert_tidy_cards(&after);
        prop_assert_eq!(json(&layout(&topology, &reread(&after))), json(&after));
        if place.spot != Spot::Ring {
            prop_assert_eq!(overlaps(&after), Vec::<String>::new());
        }
        network.nodes[chosen].pin = None;
        let released = layout(&self::topology(vec![network]), &after);
        prop_assert!(!released.node(&id).unwrap().pinned);
        prop_assert_eq!(overlaps(&released), Vec::<String>::new());
    }

    #[test]
    fn a_router_less_moves_no_other(plan in plan(16, 40), chosen in any::<prop::sample::Index>()) {
        let before_topology = topology(vec![plan.build("n")]);
        let before = layout(&before_topology, &Positions::default());
        if plan.routers == 0 {
            return Ok(());
        }
        let gone = format!("n-r{:02}", chosen.index(plan.routers));
        let mut network = plan.build("n");
        network.nodes.retain(|node| *node.id != *gone);
        network.links.retain(|link| *link.a != *gone && *link.b != *gone);
        let after_topology = topology(vec![network]);
        let after = layout(&after_topology, &before);
        let card = |positions: &Positions| positions.network("n").unwrap();
        for node in after_topology.nodes() {
            let (was, is) = (before.node(&node.id).unwrap(), after.node(&node.id).unwrap());
            let is_same_spot = was.spot == is.spot && was.aside == is.aside && is.spot == Spot::Mesh;
            if is_same_spot && plan.partitions == 1 {
                prop_assert_eq!((was.x, was.y), (is.x, is.y), "{} moved by {}; {:?} {:?}", &node.id, distance(&was, &is), card(&before), card(&after));
            }
        }
    }

    #[test]
    fn whatever_was_drawn_before_is_foreign(plan in plan(10, 20), numbers in prop::collection::vec((any::<f64>(), any::<f64>(), 0u8..6), 64)) {
        let topology = topology(vec![plan.build("n"), part("", Vec::new(), Vec::new())]);
        let coordinate = |number: f64| if number.is_finite() { serde_json::json!(number) } else { serde_json::Value::Null };
        let nodes: serde_json::Map<_, _> = topology.nodes().zip(&numbers).map(|(node, &(x, y, kind))| {
            let (x, y) = if kind < 4 { (x % 1000.0, y % 1000.0) } else { (x, y) };
            let spot = ["mesh", "ring", "edge", "shelf", "mesh", "nowhere"][usize::from(kind)];
            (node.id.to_string(), serde_json::json!({"x": coordinate(x), "y": coordinate(y), "pinned": kind == 2, "spot": spot}))
        }).collect();
        for networks in [serde_json::json!({}), serde_json::json!({"n": {"x": -900, "y": -900, "width": 1800, "height": 1800}, "lan": {"x": 0, "y": 0, "width": 1e5, "height": 1e5}})] {
            let previous: Positions = serde_json::from_value(serde_json::json!({"networks": networks, "nodes": nodes})).unwrap();
            let positions = layout(&topology, &previous);
            prop_assert_eq!(positions.nodes().len(), topology.nodes().count());
            prop_assert_eq!(json(&layout(&topology, &positions)), json(&positions));
        }
    }
}

#[test]
fn ghosts_shape_nothing() {
    proptest!(ProptestConfig::with_cases(64), |(plan in plan(12, 20))| {
        let kinds = plan.kinds.iter().map(|kind| if kind % 8 == 1 || *kind == 7 { 2 } else { *kind }).collect();
        let with = Plan { partitions: 1, kinds, ..plan };
        let network = with.build("n");
        let mut without = network.clone();
        let is_ghost = |id: &str| network.nodes.iter().any(|node| *node.id == *id && node.state == State::Stale);
        without.nodes.retain(|node| node.state != State::Stale && !node.parent.as_ref().is_some_and(|parent| is_ghost(&parent.node)));
        without.links.retain(|link| !is_ghost(&link.a) && !is_ghost(&link.b));
        let routers: Vec<String> = without.nodes.iter().filter(|node| node.id.contains("-r") && node.role == weft_topology::Role::Router).map(|node| node.id.to_string()).collect();
        let draw = |part: &NetworkTopology| {
            let positions = layout(&topology(vec![part.clone()]), &Positions::default());
            let places: Vec<NodePosition> = routers.iter().map(|id| positions.node(id).unwrap()).collect();
            places.iter().map(|place| ((place.x.px() - places[0].x.px()) * 10.0, (place.y.px() - places[0].y.px()) * 10.0)).map(|(x, y)| (x.round(), y.round())).collect::<Vec<_>>()
        };
        let (one, other) = (draw(&network), draw(&without));
        for (one, other) in one.iter().zip(&other) {
            prop_assert!((one.0 - other.0).abs() <= 1.0 && (one.1 - other.1).abs() <= 1.0, "{:?} {:?}", one, other);
        }
    });
}
