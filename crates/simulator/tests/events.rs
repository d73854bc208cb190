//! What happens to a mesh, and what its devices say of it.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use weft_model::{ChildId, PartitionId, Rloc16};
use weft_simulator::{Attachment, EventError, Mesh, NodeIndex, PartitionIndex, ROUTER_ID_RELEASE_SECONDS, Role, Size};

fn home() -> Mesh {
    Mesh::random(5, Size::HOME)
}

fn lists_child(mesh: &Mesh, router: NodeIndex, child: NodeIndex) -> Option<Rloc16> {
    let address = mesh.node(child).extended_address;
    mesh.survey()
        .child_list(router)
        .into_iter()
        .find(|row| row.extended_address == address)
        .and_then(|row| row.rloc16)
}

fn names_neighbor(mesh: &Mesh, router: NodeIndex, other: NodeIndex) -> bool {
    let address = mesh.node(other).extended_address;
    mesh.survey().router_neighbors(router).iter().any(|row| row.extended_address == address)
}

/// A router with at least two children, and another router that can take one of them.
fn family(mesh: &Mesh) -> (NodeIndex, Vec<NodeIndex>, NodeIndex) {
    let parent = mesh.routers().into_iter().max_by_key(|router| mesh.children_of(*router).len()).unwrap();
    let children = mesh.children_of(parent);
    assert!(children.len() >= 2);
    let other = mesh.best_parent(children[0]).unwrap();
    (parent, children, other)
}

#[test]
fn a_child_that_moves_gets_a_new_locator_and_its_old_parent_keeps_a_stale_row() {
    let mut mesh = home();
    let (old, children, new) = family(&mesh);
    let child = children[0];
    let before = mesh.rloc16(child).unwrap();
    let after = mesh.move_child(child, new).unwrap();
    mesh.advance_seconds(100);
    assert_eq!(after.parent(), mesh.rloc16(new));
    assert_eq!(
        (lists_child(&mesh, old, child), lists_child(&mesh, new, child)),
        (Some(before), Some(after))
    );
    let age = |router| {
        let address = mesh.node(child).extended_address;
        mesh.survey()
            .child_list(router)
            .into_iter()
            .find(|row| row.extended_address == address)
            .unwrap()
            .age_seconds
            .unwrap()
    };
    assert_eq!(age(old), 100);
    assert!(age(new) <= 100, "heard since it attached");
    assert!(mesh.survey().neighbor_table(old).iter().any(|row| row.rloc16 == Some(before)));
    mesh.advance_seconds(i64::from(mesh.node(child).timeout_seconds));
    assert_eq!((lists_child(&mesh, old, child), lists_child(&mesh, new, child)), (None, Some(after)));
}

#[test]
fn a_locator_that_a_child_left_can_be_given_to_another() {
    let mut mesh = home();
    let (parent, children, other) = family(&mesh);
    let left = mesh.rloc16(children[0]).unwrap();
    mesh.move_child(children[0], other).unwrap();
    let id = left.child_id().unwrap();
    let stranger = mesh.children().into_iter().find(|node| mesh.parent(*node) != Some(parent)).unwrap();
    assert_eq!(mesh.attach_as(stranger, parent, id), Ok(left));
    assert_eq!(lists_child(&mesh, parent, children[0]), None, "the row belongs to the new child");
    assert_eq!(lists_child(&mesh, parent, stranger), Some(left));
    let taken = mesh.rloc16(children[1]).unwrap();
    assert_eq!(mesh.attach_as(stranger, parent, taken.child_id().unwrap()), Err(EventError::Taken(taken)));
}

#[test]
fn an_event_that_cannot_happen_changes_nothing() {
    let mut mesh = home();
    let before = mesh.clone();
    let (parent, children, _) = family(&mesh);
    let one = ChildId::new(400).unwrap();
    assert!(matches!(mesh.attach_as(parent, parent, one), Err(EventError::WrongRole { .. })));
    assert!(matches!(mesh.attach_as(children[0], children[1], one), Err(EventError::WrongRole { .. })));
    assert!(matches!(mesh.promote(parent), Err(EventError::WrongRole { .. })));
    assert_eq!(mesh.split(&mesh.routers(), PartitionId(9)), Err(EventError::EmptySide));
    assert_eq!(mesh.split(&[], PartitionId(9)), Err(EventError::EmptySide));
    assert_eq!(mesh, before);
    let two = Mesh::random(1, Size::homes(2));
    let (first, second) = (two.children()[0], *two.routers().last().unwrap());
    assert_eq!(two.clone().move_child(first, second), Err(EventError::Apart(first, second)));
}

#[test]
fn a_router_that_dies_lingers_for_a_hundred_seconds_and_its_children_find_others() {
    let mut mesh = home();
    let (router, children, _) = family(&mesh);
    let neighbor = mesh.routers().into_iter().find(|other| names_neighbor(&mesh, *other, router)).unwrap();
    let id = mesh.router_id(router).unwrap();
    mesh.power_off(router);
    assert_eq!(mesh.role(router), Role::Off);
    assert!(children.iter().all(|child| mesh.role(*child) == Role::Detached));
    mesh.advance_seconds(99);
    assert!(names_neighbor(&mesh, neighbor, router));
    assert!(children.iter().all(|child| mesh.parent(*child).is_some_and(|parent| parent != router)));
    mesh.advance_seconds(2);
    assert!(!names_neighbor(&mesh, neighbor, router));
    let row = |mesh: &Mesh| mesh.survey().route_table(neighbor).into_iter().find(|row| row.router_id == Some(id));
    assert_eq!(
        row(&mesh).map(|row| (row.link_established, row.next_hop)),
        Some((false, None)),
        "the id is allocated still"
    );
    mesh.advance_seconds(ROUTER_ID_RELEASE_SECONDS);
    assert_eq!(row(&mesh), None);
}

#[test]
fn a_router_that_comes_back_soon_has_its_id_again() {
    let mut mesh = home();
    let (router, ..) = family(&mesh);
    let id = mesh.router_id(router);
    mesh.power_off(router);
    mesh.advance_seconds(60);
    mesh.power_on(router);
    assert_eq!(mesh.router_id(router), id);
    mesh.power_off(router);
    mesh.advance_seconds(3600);
    mesh.power_on(router);
    assert!(mesh.is_router(router));
    let before = mesh.clone();
    mesh.power_on(router);
    assert_eq!(mesh, before, "it is on");
}

#[test]
fn without_a_leader_the_others_choose_one_and_the_partition_has_another_id() {
    let mut mesh = home();
    let partition = mesh.partitions()[0].clone();
    mesh.power_off(partition.leader);
    mesh.advance_seconds(100);
    assert_eq!(mesh.partitions()[0].id, partition.id, "nobody has noticed");
    assert!(!mesh.indices().any(|node| mesh.role(node) == Role::Leader));
    let survey = mesh.survey();
    let told = survey.leader_data(mesh.routers()[0]).leader_router_id;
    assert_eq!(told, Some(partition.leader_router_id), "everybody names the dead leader");
    drop(survey);
    mesh.advance_seconds(60);
    assert_ne!(mesh.partitions()[0].id, partition.id);
    assert_eq!(mesh.indices().filter(|node| mesh.role(*node) == Role::Leader).count(), 1);
    mesh.power_on(partition.leader);
    assert_ne!(mesh.role(partition.leader), Role::Leader);
}

#[test]
fn a_network_splits_and_heals_and_locators_mean_two_devices_meanwhile() {
    let mut mesh = home();
    let whole = mesh.truth();
    let leader = mesh.partitions()[0].leader;
    let side: Vec<NodeIndex> = mesh.routers().into_iter().filter(|router| *router != leader).take(6).collect();
    let new = mesh.split(&side, PartitionId(77)).unwrap();
    mesh.advance_seconds(600);
    let truth = mesh.truth();
    assert_eq!(truth.partitions.len(), 2);
    assert!(truth.router_links.len() < whole.router_links.len());
    assert!(side.iter().all(|router| mesh.partition_of(*router).id == PartitionId(77)));
    assert!(
        mesh.children()
            .iter()
            .all(|child| mesh.node(*child).partition == mesh.node(mesh.parent(*child).unwrap()).partition)
    );
    let eligible = mesh
        .children()
        .into_iter()
        .find(|node| mesh.role(*node) == Role::Reed && mesh.node(*node).partition == PartitionIndex(0));
    let eligible = eligible.expect("a home has one");
    let twin = mesh.router_id(side[0]).unwrap();
    assert_eq!(mesh.promote_as(eligible, twin), Ok(twin), "the id is free on this side");
    assert_eq!(mesh.rloc16(eligible), mesh.rloc16(side[0]));
    let children: Vec<NodeIndex> = mesh.children_of(side[0]);
    mesh.heal(PartitionIndex(0), new).unwrap();
    assert_eq!(mesh.truth().partitions.len(), 1);
    assert_ne!(mesh.rloc16(eligible), mesh.rloc16(side[0]));
    assert!(children.iter().all(|child| mesh.rloc16(*child).unwrap().parent() == mesh.rloc16(side[0])));
}

#[test]
fn a_border_router_that_rotates_its_address_keeps_its_agent_id_and_leaves_its_old_address_behind() {
    let mut mesh = home();
    let node = mesh
        .border_routers()
        .into_iter()
        .find(|node| mesh.routers().iter().any(|other| names_neighbor(&mesh, *other, *node)))
        .unwrap();
    let neighbor = mesh.routers().into_iter().find(|other| names_neighbor(&mesh, *other, node)).unwrap();
    let (old, agent) = (mesh.node(node).extended_address, mesh.node(node).border_router.clone().unwrap().agent_id);
    let new = mesh.rotate_address(node);
    assert_ne!(old, new);
    assert_eq!(mesh.node(node).border_router.as_ref().unwrap().agent_id, agent);
    let names = |mesh: &Mesh, address| mesh.survey().router_neighbors(neighbor).iter().any(|row| row.extended_address == address);
    assert!(names(&mesh, old) && names(&mesh, new));
    mesh.advance_seconds(101);
    assert!(!names(&mesh, old) && names(&mesh, new));
    assert!(
        mesh.children()
            .iter()
            .all(|child| mesh.parent(*child) != Some(node) || mesh.node(*child).attached_at > Mesh::random(5, Size::HOME).now())
    );
}

#[test]
fn one_way_and_weak_links_are_what_was_set() {
    let mut mesh = home();
    let link = mesh.truth().router_links[0];
    let (a, b) = (mesh.by_extended_address(link.a).unwrap(), mesh.by_extended_address(link.b).unwrap());
    mesh.set_rssi(a, b, -95);
    assert_eq!(mesh.truth().router_links[0].a_hears_b.get(), 1);
    mesh.make_one_way(a, b);
    let survey = mesh.survey();
    assert!(survey.hears(a, b).is_some() && survey.hears(b, a).is_none());
    let row = survey
        .route_table(a)
        .into_iter()
        .find(|row| row.extended_address == Some(link.b))
        .unwrap();
    assert_eq!((row.link_established, row.link_quality_out.map(|quality| quality.get())), (true, Some(0)));
    assert!(!survey.neighbor_table(b).iter().any(|row| row.extended_address == Some(link.a)));
}

#[test]
fn time_never_turns_back_and_a_clone_is_the_past() {
    let mut mesh = home();
    let past = mesh.clone();
    let now = mesh.now().plus_seconds(500);
    mesh.advance_to(now);
    mesh.advance_to(past.now());
    assert_eq!(mesh.now(), now);
    assert!(past.now() < now);
    assert!(matches!(mesh.node(mesh.children()[0]).attachment, Attachment::Child { .. }));
}
