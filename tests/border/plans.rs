//! Who is there in the meshes of these tests, and who hears whom.

use super::live::Role;
use super::site::{FAIR_DBM, POOR_DBM, Plan};

/// Eight routers in two rows, twelve children of every kind, one border router.
pub fn home() -> Plan {
    let mut plan = Plan::grid(4, 2);
    // Full devices hear routers that are not their parent.
    plan.child(9, Role::EndDevice, &[1, 2]);
    plan.child(10, Role::EndDevice, &[6, 7]);
    plan.child(11, Role::Minimal, &[1]);
    plan.child(12, Role::Minimal, &[3]);
    plan.child(13, Role::Minimal, &[5]);
    // Two that may go elsewhere when the router in the corner dies.
    plan.child(14, Role::Minimal, &[7, 8]);
    plan.child(15, Role::Sleepy, &[7, 8]);
    for (number, parent) in [(16, 2), (17, 3), (18, 4), (19, 6), (20, 6)] {
        plan.child(number, Role::Sleepy, &[parent]);
    }
    // Between routers, whether a poor link comes about is up to them.
    plan.link(19, 6, POOR_DBM);
    plan.border_router(41, &[1, 2, 5]);
    plan
}

/// Two routers and two children, with two border routers that all of them hear.
pub fn flat() -> Plan {
    let mut plan = Plan::grid(2, 1);
    plan.child(3, Role::Sleepy, &[1]);
    plan.child(4, Role::Minimal, &[2]);
    plan.border_router(41, &[1, 2]);
    plan.border_router(42, &[1, 2]);
    plan
}

/// Two halves out of each other's hearing, each with a border router. Numbers of the second begin at 21.
pub fn halves() -> [Plan; 2] {
    let mut here = Plan::grid(2, 1);
    here.child(3, Role::Sleepy, &[1]);
    here.child(4, Role::Minimal, &[2]);
    here.border_router(41, &[1, 2]);
    let mut there = Plan {
        nodes: vec![(21, Role::Router), (22, Role::Router)],
        ..Plan::default()
    };
    there.link(21, 22, FAIR_DBM);
    there.child(23, Role::Sleepy, &[21]);
    there.child(24, Role::EndDevice, &[21, 22]);
    there.border_router(42, &[21, 22]);
    [here, there]
}
