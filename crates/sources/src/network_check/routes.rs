//! Can this machine reach the devices of each mesh? By its routes to their off-mesh-routable prefixes.

use super::machine::{Ipv6Settings, Machine, Route};
use super::told;
use std::cmp::Reverse;
use std::net::Ipv6Addr;
use weft_model::{Check, CheckResult, InterfaceKind, Ipv6Prefix, NetworkToReach};

const ID: &str = "omr-routes";

/// One check for each network, or one that says why there is none.
pub(super) fn to_meshes(machine: &Machine, networks: &[NetworkToReach]) -> Vec<Check> {
    if networks.iter().all(|network| network.omr_prefixes.is_empty()) {
        return vec![told(
            ID,
            "Routes into the meshes",
            CheckResult::Unknown,
            "No prefix of a mesh is known yet, so there is nothing to look for.",
            "Look again when a border router has been heard.",
        )];
    }
    networks
        .iter()
        .filter(|network| !network.omr_prefixes.is_empty())
        .map(|network| to_mesh(machine, network))
        .collect()
}

fn to_mesh(machine: &Machine, network: &NetworkToReach) -> Check {
    let title = format!("Route into {}", network.name);
    let Some(routes) = &machine.routes else {
        return told(
            ID,
            &title,
            CheckResult::Unknown,
            "The routes of this system cannot be read by Weft.",
            "Look whether a route to the prefix exists, for example with `netstat -rn`.",
        );
    };
    let outcomes: Vec<(Ipv6Prefix, Outcome)> = network
        .omr_prefixes
        .iter()
        .map(|prefix| (*prefix, outcome(machine, routes, *prefix)))
        .collect();
    let worst = outcomes.iter().map(|(_, outcome)| outcome.result()).max_by_key(|result| rank(*result));
    let decisive = outcomes.iter().find(|(_, outcome)| Some(outcome.result()) == worst);
    let Some((prefix, outcome)) = decisive else {
        return told(ID, &title, CheckResult::Unknown, "No prefix is known.", "");
    };
    Check {
        details: outcomes
            .iter()
            .map(|(prefix, outcome)| format!("{prefix}: {}", outcome.line(network)))
            .collect(),
        ..told(ID, &title, outcome.result(), outcome.seen(*prefix, network), &outcome.advice(machine))
    }
}

fn rank(result: CheckResult) -> u8 {
    match result {
        CheckResult::Good => 0,
        CheckResult::Unknown => 1,
        CheckResult::Warning => 2,
        CheckResult::Problem => 3,
    }
}

/// Where packets to a prefix go.
enum Outcome {
    /// A route to it, or to a part of the addresses around it.
    Route(Route),
    /// Over a VPN.
    Vpn(Route),
    /// Only what is not known otherwise: over the default route.
    Default(Route),
    /// Refused by the machine itself.
    Refused(Route),
    /// Nowhere.
    Nowhere,
}

/// The route that the kernel takes: the longest that holds the prefix, then the smallest metric.
fn outcome(machine: &Machine, routes: &[Route], prefix: Ipv6Prefix) -> Outcome {
    let holds = |route: &&Route| {
        route.length <= prefix.length()
            && Ipv6Prefix::new(route.destination, route.length).is_some_and(|destination| destination.contains(prefix.address()))
    };
    let Some(route) = routes.iter().filter(holds).min_by_key(|route| (Reverse(route.length), route.metric)) else {
        return Outcome::Nowhere;
    };
    let interface = machine.interfaces.iter().find(|interface| interface.name == route.interface);
    if route.rejects {
        // The kernel's own "there is no default route".
        return if route.length == 0 {
            Outcome::Nowhere
        } else {
            Outcome::Refused(route.clone())
        };
    }
    match interface.map(|interface| interface.kind) {
        Some(InterfaceKind::Vpn) => Outcome::Vpn(route.clone()),
        Some(InterfaceKind::Loopback) => Outcome::Refused(route.clone()),
        // Shorter than any prefix of a home: what is not known otherwise.
        _ if route.length <= 3 => Outcome::Default(route.clone()),
        _ => Outcome::Route(route.clone()),
    }
}

impl Outcome {
    fn result(&self) -> CheckResult {
        match self {
            Self::Route(_) => CheckResult::Good,
            Self::Default(_) => CheckResult::Warning,
            Self::Vpn(_) | Self::Refused(_) | Self::Nowhere => CheckResult::Problem,
        }
    }

    fn seen(&self, prefix: Ipv6Prefix, network: &NetworkToReach) -> String {
        match self {
            Self::Route(route) => format!("Packets to {prefix} go {}.", via(route, network)),
            Self::Vpn(route) => format!("Packets to {prefix} go into the VPN {}, which leads away from the mesh.", route.interface),
            Self::Default(route) => format!(
                "There is no route to {prefix}; packets go {}, the way to the internet.",
                via(route, network)
            ),
            Self::Refused(_) => format!("This machine refuses packets to {prefix}."),
            Self::Nowhere => format!("There is no route to {prefix}: its devices cannot be reached from this machine."),
        }
    }

    fn line(&self, network: &NetworkToReach) -> String {
        match self {
            Self::Route(route) | Self::Vpn(route) | Self::Default(route) | Self::Refused(route) => {
                format!(
                    "route {}/{} {}, metric {}",
                    route.destination,
                    route.length,
                    via(route, network),
                    route.metric
                )
            }
            Self::Nowhere => "no route".to_owned(),
        }
    }

    fn advice(&self, machine: &Machine) -> String {
        match self {
            Self::Route(_) => String::new(),
            Self::Vpn(route) => {
                format!(
                    "Let the VPN {} pass local addresses by (\u{201c}split tunnel\u{201d}, \u{201c}local network access\u{201d}), or end it.",
                    route.interface
                )
            }
            Self::Default(_) => format!(
                "Border routers announce the route by router advertisements. {} Some home routers pass packets on to the border router; then this works all the same.",
                blockers(machine)
            ),
            Self::Refused(_) => "Remove the route that refuses or loops them: `ip -6 route` shows it.".to_owned(),
            Self::Nowhere => format!("Border routers announce the route by router advertisements. {}", blockers(machine)),
        }
    }
}

fn via(route: &Route, network: &NetworkToReach) -> String {
    if route.next_hop.is_unspecified() {
        return format!("over {}, on the link", route.interface);
    }
    match network.border_routers.get(&route.next_hop) {
        Some(name) => format!("over {} by {name} ({})", route.interface, route.next_hop),
        None => format!("over {} by {}", route.interface, route.next_hop),
    }
}

/// Why no route came, by the settings.
fn blockers(machine: &Machine) -> String {
    let blocked: Vec<String> = super::lan(machine)
        .filter_map(|interface| {
            let settings = machine.ipv6.get(&interface.name)?;
            Some(format!("{}: {}", interface.name, blocks(settings, &interface.name)?))
        })
        .collect();
    if blocked.is_empty() {
        "Nothing in this machine's settings blocks them: check that it is on the same LAN as the border router, and that no switch or access point filters them.".to_owned()
    } else {
        format!("They are not taken in here. {}.", blocked.join("; "))
    }
}

/// What keeps routes of router advertisements out, and how to let them in; `None` where nothing does.
pub(super) fn blocks(settings: &Ipv6Settings, name: &str) -> Option<String> {
    if settings.disabled == Some(true) {
        return Some(format!("IPv6 is off (`sysctl net.ipv6.conf.{name}.disable_ipv6=0` switches it on)"));
    }
    match (settings.accept_ra, settings.forwarding) {
        (Some(0), _) => {
            return Some(format!(
                "the kernel ignores router advertisements (accept_ra is 0); unless NetworkManager or systemd-networkd takes them in, set `sysctl net.ipv6.conf.{name}.accept_ra=2`"
            ));
        }
        (Some(1), Some(true)) => {
            return Some(format!(
                "the machine forwards, so the kernel ignores router advertisements (accept_ra is 1); set `sysctl net.ipv6.conf.{name}.accept_ra=2`"
            ));
        }
        _ => {}
    }
    match settings.longest_route {
        Some(longest) if longest < 64 => Some(format!(
            "the kernel takes no routes as long as a mesh's /64 from router advertisements (accept_ra_rt_info_max_plen is {longest}); set `sysctl net.ipv6.conf.{name}.accept_ra_rt_info_max_plen=64`"
        )),
        _ => None,
    }
}

/// True for the unspecified default route of a family.
pub(super) fn is_default(route: &Route) -> bool {
    route.length == 0 && route.destination == Ipv6Addr::UNSPECIFIED && !route.rejects
}
