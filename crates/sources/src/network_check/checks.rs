//! The checks but for the routes, each a sentence on what was seen.

use super::machine::{Machine, System};
use super::{hears, lan, listed, names, routes, told};
use std::collections::BTreeSet;
use std::net::IpAddr;
use weft_model::{Check, CheckResult, InterfaceKind, MdnsState, Timestamp};

use CheckResult::{Good, Problem, Unknown, Warning};

/// How a link-local address begins.
const LINK_LOCAL: [u8; 2] = [0xfe, 0x80];

pub(super) fn interfaces(machine: &Machine) -> Check {
    let (id, title) = ("interfaces", "Network interfaces");
    let usable: Vec<_> = lan(machine).collect();
    let details = machine
        .interfaces
        .iter()
        .filter(|interface| interface.kind != InterfaceKind::Loopback)
        .map(|interface| {
            let state = match (interface.up, interface.multicast) {
                (true, true) => "up",
                (true, false) => "up, without multicast",
                (false, _) => "down",
            };
            format!("{}: {state}, {} addresses", interface.name, interface.addresses.len())
        })
        .collect();
    let check = match usable.as_slice() {
        [] => told(
            id,
            title,
            Problem,
            "No interface is up that border routers could be met over.",
            "Connect this machine to the network that the border routers are on, by cable or Wi-Fi.",
        ),
        usable => told(id, title, Good, format!("Up, with multicast: {}.", names(usable.iter().copied())), ""),
    };
    Check { details, ..check }
}

pub(super) fn container(machine: &Machine) -> Check {
    let (id, title) = ("container", "Container or subsystem");
    if machine.is_wsl {
        return told(
            id,
            title,
            Warning,
            "This runs in the Windows Subsystem for Linux. In its usual mode, multicast of the home network does not arrive.",
            "Set `networkingMode=mirrored` in .wslconfig, or run Weft on Windows itself.",
        );
    }
    let Some(container) = &machine.container else {
        return match machine.system {
            System::Linux => told(id, title, Good, "No container was noticed.", ""),
            _ => told(id, title, Unknown, "On this system it cannot be seen whether this is a container.", ""),
        };
    };
    let up: Vec<_> = machine
        .interfaces
        .iter()
        .filter(|interface| interface.up && !matches!(interface.kind, InterfaceKind::Loopback | InterfaceKind::Vpn))
        .collect();
    if !up.is_empty() && up.iter().all(|interface| interface.is_container_end) {
        return told(
            id,
            title,
            Problem,
            format!(
                "This runs in a container ({}) behind a bridge network ({}): multicast of the home network does not arrive.",
                container.made_by,
                names(up.iter().copied())
            ),
            "Give the container the host's network: `docker run --network host`, `network_mode: host`, `hostNetwork: true`. A macvlan network does as well.",
        );
    }
    told(
        id,
        title,
        Good,
        format!(
            "This runs in a container ({}) with an interface of the host's network.",
            container.made_by
        ),
        "",
    )
}

pub(super) fn ipv6(machine: &Machine) -> Check {
    let (id, title) = ("ipv6", "IPv6");
    let usable: Vec<_> = lan(machine).collect();
    let is_link_local = |address: &IpAddr| matches!(address, IpAddr::V6(address) if address.octets()[..2] == LINK_LOCAL);
    let (with, without): (Vec<_>, Vec<_>) = usable
        .iter()
        .copied()
        .partition(|interface| interface.addresses.iter().any(|(address, _)| is_link_local(address)));
    let details = without
        .iter()
        .map(|interface| {
            let disabled = machine.ipv6.get(&interface.name).and_then(|settings| settings.disabled);
            let why = match disabled {
                Some(true) => "IPv6 is switched off",
                Some(false) => "IPv6 is on, but there is no link-local address",
                None => "no link-local address",
            };
            format!("{}: {why}", interface.name)
        })
        .collect();
    let check = match (with.as_slice(), without.as_slice()) {
        ([], []) => told(id, title, Unknown, "No interface is up, so there is nothing to look at.", ""),
        ([], without) => told(
            id,
            title,
            Problem,
            format!(
                "No interface speaks IPv6 ({}): Thread devices speak nothing else.",
                names(without.iter().copied())
            ),
            "Switch IPv6 on: `sysctl net.ipv6.conf.all.disable_ipv6=0`, and `ipv6.method auto` in NetworkManager. No internet over IPv6 is needed.",
        ),
        (with, []) => told(id, title, Good, format!("On: {}.", names(with.iter().copied())), ""),
        (with, without) => told(
            id,
            title,
            Warning,
            format!("On: {}. Off: {}.", names(with.iter().copied()), names(without.iter().copied())),
            "If border routers are on the network without it, switch IPv6 on there.",
        ),
    };
    Check { details, ..check }
}

pub(super) fn listening(machine: &Machine, mdns: Option<&MdnsState>) -> Check {
    let (id, title) = ("mdns-listening", "Listening for announcements");
    let Some(mdns) = mdns else {
        return told(
            id,
            title,
            Unknown,
            "No live mDNS source runs here, so nothing listens.",
            "Start `weft serve` to listen.",
        );
    };
    if !mdns.listening {
        let why = mdns.reason.clone().unwrap_or_else(|| "it did not say why".to_owned());
        return told(
            id,
            title,
            Problem,
            format!("Weft does not hear announcements: {why}."),
            "Weft tries again by itself. See the checks of interfaces and of port 5353.",
        );
    }
    let (hearing, deaf): (Vec<_>, Vec<_>) = lan(machine).partition(|interface| hears(interface, machine));
    let details = deaf
        .iter()
        .map(|interface| format!("{}: nobody has joined the mDNS group there", interface.name))
        .collect();
    let check = match (hearing.as_slice(), deaf.as_slice()) {
        ([], _) => told(
            id,
            title,
            Problem,
            "Weft's mDNS source works, but listens on no interface.",
            "Give an interface an address; Weft notices within seconds.",
        ),
        (hearing, []) => told(id, title, Good, format!("Listening on {}.", names(hearing.iter().copied())), ""),
        (hearing, deaf) => told(
            id,
            title,
            Warning,
            format!(
                "Listening on {}, but not on {}.",
                names(hearing.iter().copied()),
                names(deaf.iter().copied())
            ),
            "If border routers are on the network that is left out, restart Weft.",
        ),
    };
    Check { details, ..check }
}

pub(super) fn answers(machine: &Machine, mdns: Option<&MdnsState>) -> Check {
    let (id, title) = ("mdns-answers", "Announcements that came in");
    let Some(mdns) = mdns.filter(|mdns| mdns.listening) else {
        return told(id, title, Unknown, "Nothing listens, so nothing can come in.", "");
    };
    let details = mdns
        .by_interface
        .iter()
        .map(|(interface, number)| format!("{interface}: {number}"))
        .collect();
    let check = match mdns.announcements {
        0 => told(
            id,
            title,
            Warning,
            format!("Nothing was heard yet on {}.", names(lan(machine))),
            "Border routers answer within seconds. If this stays: is this machine on their network, not on a guest network? Does the access point keep clients apart \
             (\u{201c}client isolation\u{201d}), or filter multicast (\u{201c}IGMP snooping\u{201d}, \u{201c}multicast enhancement\u{201d})?",
        ),
        number => told(
            id,
            title,
            Good,
            match mdns.last_at {
                Some(at) => format!("{number} announcements were heard, the last one at {at}."),
                None => format!("{number} announcements were heard."),
            },
            "",
        ),
    };
    Check { details, ..check }
}

pub(super) fn port(machine: &Machine, mdns: Option<&MdnsState>) -> Check {
    let (id, title) = ("mdns-port", "UDP port 5353");
    let Some(sockets) = machine.mdns_sockets else {
        return told(id, title, Unknown, "Who has the port cannot be read on this system.", "");
    };
    match (mdns, sockets) {
        (Some(mdns), _) if mdns.listening => told(
            id,
            title,
            Good,
            format!("Weft shares it; it has {sockets} sockets in all, with those of other programs such as avahi."),
            "",
        ),
        (Some(_), 1..) => told(
            id,
            title,
            Problem,
            format!("{sockets} sockets have it, and Weft does not hear: one of them may not share the port."),
            "`ss -ulpn sport = :5353` as root shows the program. avahi shares it; some media servers do not.",
        ),
        (_, 0) => told(id, title, Good, "Nobody has it.", ""),
        (None, _) => told(id, title, Unknown, format!("{sockets} sockets have it; Weft does not listen now."), ""),
    }
}

pub(super) fn router_advertisements(machine: &Machine) -> Check {
    let (id, title) = ("router-advertisements", "Router advertisements");
    let usable: Vec<_> = lan(machine).collect();
    let known: Vec<_> = usable
        .iter()
        .filter_map(|interface| Some((interface.name.as_str(), machine.ipv6.get(&interface.name)?)))
        .filter(|(_, settings)| settings.accept_ra.is_some())
        .collect();
    if known.is_empty() {
        return told(
            id,
            title,
            Unknown,
            "Whether this system takes in the routes that border routers announce cannot be read.",
            "",
        );
    }
    let mut details = Vec::new();
    let mut blocked = BTreeSet::new();
    for (name, settings) in &known {
        let number = |value: Option<i64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        details.push(format!(
            "{name}: accept_ra {}, accept_ra_rt_info_max_plen {}, forwarding {}",
            number(settings.accept_ra.map(Into::into)),
            number(settings.longest_route.map(Into::into)),
            number(settings.forwarding.map(Into::into)),
        ));
        if let Some(why) = routes::blocks(settings, name) {
            details.push(format!("{name}: {why}"));
            blocked.insert(*name);
        }
    }
    let check = if blocked.is_empty() {
        told(
            id,
            title,
            Good,
            format!(
                "The kernel takes in the routes that border routers announce on {}.",
                listed(known.iter().map(|(name, _)| *name))
            ),
            "",
        )
    } else {
        told(
            id,
            title,
            Warning,
            format!(
                "The kernel does not take in the routes that border routers announce on {}.",
                listed(blocked.iter().copied())
            ),
            "If NetworkManager or systemd-networkd takes them in, all is well: then the routes into the meshes are there. If not, the details say what to set.",
        )
    };
    Check { details, ..check }
}

pub(super) fn vpn(machine: &Machine) -> Check {
    let (id, title) = ("vpn", "VPN");
    let tunnels: Vec<_> = machine
        .interfaces
        .iter()
        .filter(|interface| interface.kind == InterfaceKind::Vpn && interface.up)
        .collect();
    if tunnels.is_empty() {
        return told(id, title, Good, "No VPN is up.", "");
    }
    let takes_ipv4 = |name: &str| machine.default_ipv4.as_ref().is_some_and(|interfaces| interfaces.contains(name));
    let takes_ipv6 = |name: &str| {
        machine
            .routes
            .iter()
            .flatten()
            .any(|route| route.interface == name && (routes::is_default(route) || route.length <= 3 && !route.rejects))
    };
    let greedy: Vec<_> = tunnels
        .iter()
        .copied()
        .filter(|tunnel| takes_ipv4(&tunnel.name) || takes_ipv6(&tunnel.name))
        .collect();
    if !greedy.is_empty() {
        return told(
            id,
            title,
            Warning,
            format!("The VPN {} takes what has no route of its own.", names(greedy)),
            "If devices or border routers cannot be reached, let it pass local addresses by (\u{201c}split tunnel\u{201d}, \u{201c}local network access\u{201d}), or end it.",
        );
    }
    match (&machine.default_ipv4, &machine.routes) {
        (None, None) => told(
            id,
            title,
            Unknown,
            format!("{} is up; what goes through it cannot be read.", names(tunnels)),
            "If nothing is heard, end it for a moment and look again.",
        ),
        _ => told(
            id,
            title,
            Good,
            format!("{} is up, and takes only what is meant for it.", names(tunnels)),
            "",
        ),
    }
}

pub(super) fn subnets(machine: &Machine) -> Check {
    let (id, title) = ("subnets", "Networks of this machine");
    let mut networks: BTreeSet<(String, String)> = BTreeSet::new();
    for interface in lan(machine).filter(|interface| interface.kind != InterfaceKind::Bridge || !interface.name.starts_with("docker")) {
        for (address, length) in &interface.addresses {
            if let IpAddr::V4(address) = address
                && !address.is_link_local()
                && *length <= 32
            {
                let mask = u32::MAX.checked_shl(32 - u32::from(*length)).unwrap_or(0);
                let network = std::net::Ipv4Addr::from(address.to_bits() & mask);
                networks.insert((format!("{network}/{length}"), interface.name.clone()));
            }
        }
    }
    let details = networks.iter().map(|(network, interface)| format!("{network} on {interface}")).collect();
    let different: BTreeSet<&str> = networks.iter().map(|(network, _)| network.as_str()).collect();
    let only_its_own = "Weft hears border routers only on networks that this machine is in itself";
    let check = match different.len() {
        0 => told(id, title, Unknown, "No IPv4 network is known; mDNS over IPv6 works all the same.", ""),
        1 => told(
            id,
            title,
            Good,
            format!(
                "It is in one network, {}. {only_its_own}: those in other VLANs stay unheard.",
                listed(different)
            ),
            "",
        ),
        number => told(
            id,
            title,
            Good,
            format!("It is in {number} networks: {}. {only_its_own}.", listed(different)),
            "",
        ),
    };
    Check { details, ..check }
}

pub(super) fn permission(machine: &Machine, mdns: Option<&MdnsState>) -> Check {
    let (id, title) = ("permission", "Permission to use the local network");
    let hears_something = mdns.is_some_and(|mdns| mdns.announcements > 0);
    match machine.system {
        System::Linux => told(id, title, Good, "Linux asks for no such permission.", ""),
        _ if hears_something => told(id, title, Good, "Announcements come in, so it is given.", ""),
        System::MacOs => told(
            id,
            title,
            Unknown,
            "macOS 15 and later ask once for each program, and keep the answer to themselves.",
            "System Settings, Privacy & Security, Local Network: switch on Weft, or the terminal that it was started from. Then restart it.",
        ),
        System::Windows => told(
            id,
            title,
            Unknown,
            "Windows asks once whether a program may be reached, and keeps the answer to itself.",
            "Windows Security, Firewall, Allow an app: let Weft through on private networks; and the network must be a private one.",
        ),
        System::Other => told(id, title, Unknown, "Whether this system needs one is not known here.", ""),
    }
}

pub(super) fn firewall(_: &Machine, mdns: Option<&MdnsState>) -> Check {
    let (id, title) = ("firewall", "Firewall");
    if mdns.is_some_and(|mdns| mdns.announcements > 0) {
        return told(
            id,
            title,
            Good,
            "Announcements come in, so mDNS is let through. Other rules cannot be read without privileges.",
            "",
        );
    }
    told(
        id,
        title,
        Unknown,
        "The rules of a firewall cannot be read without privileges.",
        "If nothing is heard, let UDP port 5353 in: `ufw allow 5353/udp`, `firewall-cmd --add-service=mdns`. For router advertisements, ICMPv6 must come in.",
    )
}

pub(super) fn clock(machine: &Machine) -> Check {
    let (id, title) = ("clock", "Clock");
    let Some(now) = machine.now else {
        return told(id, title, Unknown, "Nobody asked the clock.", "");
    };
    // 2025-01-01: before this program was written.
    let earliest = Timestamp::from_unix_milliseconds(1_735_689_600_000);
    if now < earliest {
        return told(
            id,
            title,
            Problem,
            format!("It says {now}, which cannot be: certificates look invalid then, and histories get mixed up."),
            "Set the clock, or let it follow a time server.",
        );
    }
    match machine.clock_is_synchronised {
        Some(true) => told(id, title, Good, format!("It says {now}, and follows a time server."), ""),
        _ => told(
            id,
            title,
            Good,
            format!("It says {now}. Whether it follows a time server cannot be read."),
            "",
        ),
    }
}
