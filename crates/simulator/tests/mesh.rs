//! What holds for every mesh, whatever its seed, size and history.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use weft_model::{LinkQuality, Rloc16};
use weft_simulator::{Asked, Attachment, MAX_ROUTERS, Mesh, NodeIndex, Role, Size, Survey};

fn any_size() -> impl Strategy<Value = Size> {
    (1usize..4, 1usize..24, 0usize..60, 0usize..6, 0u8..=100).prop_map(|(networks, routers, children, border_routers, matter_percent)| Size {
        networks,
        routers,
        children,
        border_routers,
        matter_percent,
    })
}

/// Moves, deaths, returns, splits and time, chosen by `dice`.
fn live(mesh: &mut Mesh, dice: &[u16]) {
    for die in dice {
        let node = NodeIndex(usize::from(*die) % mesh.nodes().len());
        match die % 7 {
            0 | 1 => {
                if let (true, Some(parent)) = (mesh.parent(node).is_some(), mesh.best_parent(node)) {
                    mesh.move_child(node, parent).unwrap();
                }
            }
            2 => mesh.power_off(node),
            3 => mesh.power_on(node),
            4 => {
                mesh.rotate_address(node);
            }
            5 => {
                let _ = mesh.promote(node);
            }
            _ => {
                let partition = mesh.node(node).partition;
                let members: Vec<NodeIndex> = mesh
                    .routers()
                    .into_iter()
                    .filter(|router| mesh.node(*router).partition == partition)
                    .collect();
                let _ = mesh.split(&members[..members.len() / 3], weft_model::PartitionId(u32::from(*die) + 1));
            }
        }
        mesh.advance_seconds(i64::from(die % 300));
    }
}

fn check(mesh: &Mesh) {
    let survey = mesh.survey();
    let mut holders: BTreeMap<(usize, Rloc16), NodeIndex> = BTreeMap::new();
    for node in mesh.indices() {
        let data = mesh.node(node);
        if let Some(rloc16) = mesh.rloc16(node) {
            assert_eq!(holders.insert((data.partition.0, rloc16), node), None, "{rloc16} is given twice");
            assert_eq!(rloc16.is_router(), mesh.is_router(node));
        }
        if let Attachment::Child { parent, rloc16 } = data.attachment {
            assert_eq!(rloc16.parent(), mesh.rloc16(parent), "a locator contains its parent");
            assert_eq!((data.partition, data.network), (mesh.node(parent).partition, mesh.node(parent).network));
        }
        check_tables(&survey, node);
    }
    for index in 0..mesh.partitions().len() {
        let routers = survey.routers(weft_simulator::PartitionIndex(index));
        assert!(routers.len() <= MAX_ROUTERS);
        for (one, other) in routers.iter().flat_map(|one| routers.iter().map(move |other| (*one, *other))) {
            assert_eq!(
                survey.hears(one, other).is_some(),
                survey.hears(other, one).is_some(),
                "a link has two ends"
            );
        }
    }
    let leaders = mesh.indices().filter(|node| mesh.role(*node) == Role::Leader).count();
    assert!(leaders <= mesh.partitions().len());
}

fn check_tables(survey: &Survey<'_>, node: NodeIndex) {
    let mesh = survey.mesh();
    let (neighbors, routes) = (survey.neighbor_table(node), survey.route_table(node));
    if !mesh.is_attached(node) {
        assert!(neighbors.is_empty() && routes.is_empty());
        return;
    }
    let own = mesh.node(node).extended_address;
    assert!(
        neighbors
            .iter()
            .all(|row| row.extended_address != Some(own) && row.extended_address.is_some())
    );
    assert!(
        neighbors
            .iter()
            .all(|row| row.link_quality_in > Some(LinkQuality::NONE) || row.is_child == Some(true) || mesh.parent(node).is_some())
    );
    match mesh.parent(node) {
        Some(parent) if mesh.node(node).capability.is_full_thread_device() => {
            let parent_id = mesh.router_id(parent);
            assert!(
                neighbors.iter().all(|row| row.rloc16 != mesh.rloc16(parent)),
                "its parent is no neighbour of a full child"
            );
            let row = routes.iter().find(|row| row.router_id == parent_id).unwrap();
            assert_eq!(
                (row.next_hop, row.link_established, row.extended_address, row.path_cost),
                (None, false, None, None)
            );
            assert!(
                routes.iter().filter_map(|row| row.next_hop).all(|hop| Some(hop) == parent_id),
                "every other row goes over the parent"
            );
        }
        Some(parent) => {
            assert_eq!((neighbors.len(), routes.len()), (1, 1), "a minimal device has one row");
            assert_eq!((neighbors[0].rloc16, routes[0].rloc16), (mesh.rloc16(parent), mesh.rloc16(parent)));
        }
        None => {
            let own_row = routes.iter().find(|row| row.rloc16 == mesh.rloc16(node)).unwrap();
            assert_eq!((own_row.next_hop, own_row.link_established), (None, false));
            let linked: BTreeSet<_> = routes.iter().filter(|row| row.link_established).map(|row| row.extended_address).collect();
            let heard: BTreeSet<_> = neighbors
                .iter()
                .filter(|row| row.is_child == Some(false))
                .map(|row| row.extended_address)
                .collect();
            assert_eq!(linked, heard);
            let route64 = survey.route64(node).unwrap();
            assert_eq!(route64.routers.len(), routes.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_random_mesh_is_connected_and_every_child_has_a_parent(seed: u64, size in any_size()) {
        let mesh = Mesh::random(seed, size);
        check(&mesh);
        let survey = mesh.survey();
        prop_assert_eq!(mesh.networks().len(), size.networks);
        prop_assert_eq!(mesh.routers().len(), size.routers.max(size.networks));
        prop_assert_eq!(mesh.children().len(), size.children);
        for router in mesh.routers() {
            let leader = mesh.partition_of(router).leader;
            prop_assert!(router == leader || survey.path_cost(router, leader).is_some() || survey.routers(mesh.node(router).partition).len() > 16);
        }
        for child in mesh.children() {
            let parent = mesh.parent(child).unwrap();
            prop_assert!(mesh.reception(child, parent).quality.get() > 0 && mesh.reception(parent, child).quality.get() > 0);
        }
    }

    #[test]
    fn equal_seeds_give_equal_meshes_and_lives(seed: u64, size in any_size(), dice in proptest::collection::vec(any::<u16>(), 0..12)) {
        let (mut one, mut other) = (Mesh::random(seed, size), Mesh::random(seed, size));
        prop_assert_eq!(&one, &other);
        live(&mut one, &dice);
        live(&mut other, &dice);
        prop_assert_eq!(one.truth(), other.truth());
        prop_assert_ne!(Mesh::random(seed ^ 1, size).nodes()[0].eui64, Mesh::random(seed, size).nodes()[0].eui64);
    }

    #[test]
    fn whatever_happens_the_model_stays_sound(seed: u64, size in any_size(), dice in proptest::collection::vec(any::<u16>(), 0..30)) {
        let mut mesh = Mesh::random(seed, size);
        live(&mut mesh, &dice);
        check(&mesh);
    }

    #[test]
    fn what_is_visible_is_true_and_grows_with_the_answers(seed: u64, size in any_size(), picks: u64) {
        let mesh = Mesh::random(seed, size);
        let survey = mesh.survey();
        let truth = survey.truth();
        let all: BTreeSet<NodeIndex> = mesh.indices().collect();
        let some: BTreeSet<NodeIndex> = mesh.indices().filter(|node| picks >> (node.0 % 64) & 1 == 1).collect();
        let links: BTreeSet<_> = truth.router_links.iter().map(|link| (link.a, link.b)).collect();
        for asked in [Asked::Matter, Asked::DiagnosticLists, Asked::OldDiagnostics] {
            let (part, whole) = (survey.visible(&some, asked), survey.visible(&all, asked));
            prop_assert!(part.nodes.is_subset(&whole.nodes) && part.router_links.is_subset(&whole.router_links));
            prop_assert!(part.parents.iter().all(|(child, parent)| whole.parents.get(child) == Some(parent)));
            prop_assert_eq!(&whole.router_links, &links);
            prop_assert_eq!(&whole.parents, &truth.parents);
            prop_assert_eq!(&whole.neighbor_links, &truth.neighbor_links);
            prop_assert!(whole.nodes.iter().eq(truth.nodes.keys()));
            prop_assert!(whole.by_locator_only.is_empty());
        }
    }
}

#[test]
fn a_seed_means_the_same_mesh_on_every_machine() {
    let mesh = Mesh::random(44, Size::HOME);
    let first: Vec<String> = mesh.nodes().iter().take(2).map(|node| node.extended_address.to_string()).collect();
    let links = mesh.truth().router_links;
    let sum: u32 = links
        .iter()
        .map(|link| u32::from(link.a_hears_b.get()) * 5 + u32::from(link.b_hears_a.get()))
        .sum();
    let locators: u32 = mesh
        .indices()
        .filter_map(|node| mesh.rloc16(node))
        .map(|rloc16| u32::from(rloc16.get()))
        .sum();
    // Numbers of this generator; a change of them is a change of every random mesh.
    assert_eq!(first, ["de98de9758dc4e42", "7e9ba63de9db71f3"]);
    assert_eq!((links.len(), sum, locators), (113, 1564, 1_614_898));
}

#[test]
fn sizes_are_what_they_say() {
    for nodes in [0, 1, 2, 44, 300, 301, 5000] {
        let mesh = Mesh::random(3, Size::of_nodes(nodes));
        assert_eq!(mesh.nodes().len(), nodes.max(1), "{nodes}");
    }
    let homes = Mesh::random(3, Size::homes(5));
    assert_eq!((homes.networks().len(), homes.nodes().len(), homes.border_routers().len()), (5, 220, 30));
    let crowded = Mesh::random(
        3,
        Size {
            networks: 1,
            routers: 70,
            ..Size::HOME
        },
    );
    assert_eq!(crowded.networks().len(), 3, "32 routers in a partition");
}

#[test]
fn a_home_has_links_of_every_quality_and_routers_that_do_not_hear_each_other() {
    let links: Vec<_> = (0..8).flat_map(|seed| Mesh::random(seed, Size::HOME).truth().router_links).collect();
    let of = |quality: u8| links.iter().filter(|link| link.a_hears_b.min(link.b_hears_a).get() == quality).count();
    assert!(of(1) > 20 && of(2) > 20 && of(3) > 20, "{} {} {}", of(1), of(2), of(3));
    assert!(links.len() < 8 * 18 * 17 / 2, "not everybody hears everybody");
    assert!(
        links.iter().any(|link| link.a_hears_b != link.b_hears_a),
        "two directions are two statements"
    );
}
