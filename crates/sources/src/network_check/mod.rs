//! What stands between this machine and the meshes: interfaces, VPNs, IPv6, routes to the meshes' prefixes, multicast, what the system may block.
//!
//! [`read`](machine::Machine::read) looks at the machine; [`evaluate`] says what it means, and is pure. Linux tells everything but its firewall; of
//! other systems only the interfaces are read, and the rest is unknown.

mod checks;
mod linux;
mod machine;
mod routes;

#[cfg(test)]
mod tests;

pub use machine::{Container, Interface, Ipv6Settings, Machine, Route, System};

use crate::clock;
use weft_model::{Check, CheckResult, CheckedInterface, InterfaceKind, MdnsState, NetworkQuestion, NetworkReport, words};

/// Looks at this machine, and says what it means for the networks of `question`.
pub fn check(question: &NetworkQuestion) -> NetworkReport {
    evaluate(&Machine::read(clock::now()), question)
}

/// What a machine's network means for the networks of `question`.
pub fn evaluate(machine: &Machine, question: &NetworkQuestion) -> NetworkReport {
    let mdns = question.mdns.as_ref();
    let mut checks = vec![
        checks::interfaces(machine),
        checks::container(machine),
        checks::ipv6(machine),
        checks::listening(machine, mdns),
        checks::answers(machine, mdns),
        checks::port(machine, mdns),
        checks::router_advertisements(machine),
    ];
    checks.extend(routes::to_meshes(machine, &question.networks));
    checks.extend([
        checks::vpn(machine),
        checks::subnets(machine),
        checks::permission(machine, mdns),
        checks::firewall(machine, mdns),
        checks::clock(machine),
    ]);
    NetworkReport {
        checks,
        interfaces: machine.interfaces.iter().map(|interface| shown(interface, machine, mdns)).collect(),
    }
}

fn shown(interface: &Interface, machine: &Machine, mdns: Option<&MdnsState>) -> CheckedInterface {
    let listening = mdns.is_some_and(|mdns| mdns.listening) && hears(interface, machine);
    // Link-local announcements tell their interface; where none of any interface was told, nobody knows.
    let counts = mdns.map(|mdns| &mdns.by_interface).filter(|_| listening);
    CheckedInterface {
        name: interface.name.clone(),
        kind: interface.kind,
        up: interface.up,
        multicast: interface.multicast,
        addresses: interface
            .addresses
            .iter()
            .map(|(address, length)| format!("{address}/{length}"))
            .collect(),
        listening,
        answers: counts.map(|counts| counts.get(&interface.name).copied().unwrap_or(0)),
    }
}

/// The mDNS library uses this interface: it is up, has an address, and is no point-to-point one; and the kernel says that somebody listens on it.
fn hears(interface: &Interface, machine: &Machine) -> bool {
    let could = interface.up && !interface.point_to_point && !interface.addresses.is_empty() && interface.kind != InterfaceKind::Loopback;
    let joined = machine.mdns_groups.as_ref().is_none_or(|groups| groups.contains(&interface.name));
    could && joined
}

/// Interfaces over which a border router can be met: up, able to multicast, no tunnel, not the machine itself.
fn lan(machine: &Machine) -> impl Iterator<Item = &Interface> {
    machine.interfaces.iter().filter(|interface| {
        interface.up
            && interface.multicast
            && !interface.point_to_point
            && !interface.addresses.is_empty()
            && !matches!(interface.kind, InterfaceKind::Loopback | InterfaceKind::Vpn)
    })
}

fn names<'i>(interfaces: impl IntoIterator<Item = &'i Interface>) -> String {
    listed(interfaces.into_iter().map(|interface| interface.name.as_str()))
}

fn listed<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    Some(words::listed(items))
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "none".to_owned())
}

/// A check without details.
fn told(id: &str, title: &str, result: CheckResult, seen: impl Into<String>, advice: &str) -> Check {
    Check {
        id: id.to_owned(),
        title: title.to_owned(),
        result,
        seen: seen.into(),
        advice: Some(advice.to_owned()).filter(|advice| !advice.is_empty()),
        details: Vec::new(),
    }
}
