//! What Linux tells under /proc and /sys, without any privilege.

use super::machine::{Container, Interface, Ipv6Settings, Machine, Route, kind_by_name};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::Ipv6Addr;
use std::path::Path;
use weft_model::InterfaceKind;

/// The longest text that is read of one file; a router with a full routing table has more.
const MAX_BYTES: u64 = 8 << 20;
/// UDP port 5353 as /proc writes it.
const MDNS_PORT: &str = "14E9";
/// 224.0.0.251 as /proc/net/igmp writes it on a little-endian machine, and on a big-endian one.
const MDNS_GROUP_IPV4: [&str; 2] = ["FB0000E0", "E00000FB"];
/// ff02::fb as /proc/net/igmp6 writes it.
const MDNS_GROUP_IPV6: &str = "ff0200000000000000000000000000fb";
/// Interface flags (`linux/if.h`).
const FLAG_UP: u32 = 0x1;
const FLAG_POINT_TO_POINT: u32 = 0x10;
const FLAG_MULTICAST: u32 = 0x1000;
/// Route flags (`linux/route.h`).
const ROUTE_UP: u32 = 0x1;
const ROUTE_REJECT: u32 = 0x200;

/// Fills in what /proc and /sys tell.
pub(super) fn read(machine: &mut Machine) {
    interfaces(Path::new("/sys/class/net"), &mut machine.interfaces);
    machine.routes = text("/proc/net/ipv6_route").map(|text| routes(&text));
    machine.default_ipv4 = text("/proc/net/route").map(|text| default_ipv4(&text));
    machine.ipv6 = settings(Path::new("/proc/sys/net/ipv6/conf"));
    let groups = (text("/proc/net/igmp"), text("/proc/net/igmp6"));
    machine.mdns_groups = match groups {
        (None, None) => None,
        (ipv4, ipv6) => Some(
            mdns_groups_ipv4(&ipv4.unwrap_or_default())
                .into_iter()
                .chain(mdns_groups_ipv6(&ipv6.unwrap_or_default()))
                .collect(),
        ),
    };
    machine.mdns_sockets = match (text("/proc/net/udp"), text("/proc/net/udp6")) {
        (None, None) => None,
        (ipv4, ipv6) => Some([ipv4, ipv6].iter().flatten().map(|text| mdns_sockets(text)).sum()),
    };
    machine.container = container();
    machine.is_wsl = text("/proc/sys/kernel/osrelease").is_some_and(|release| release.to_ascii_lowercase().contains("microsoft"));
    // systemd-timesyncd leaves this file; of other time clients nothing can be read without privileges.
    machine.clock_is_synchronised = Path::new("/run/systemd/timesync/synchronized").exists().then_some(true);
}

fn text(path: impl AsRef<Path>) -> Option<String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn word(path: impl AsRef<Path>) -> Option<String> {
    text(path).map(|text| text.trim().to_owned())
}

/// Corrects and completes the interfaces by what /sys tells; those without an address are added.
fn interfaces(folder: &Path, interfaces: &mut Vec<Interface>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = entry.path();
        let Some(flags) = word(path.join("flags")).and_then(|flags| u32::from_str_radix(flags.trim_start_matches("0x"), 16).ok()) else {
            continue;
        };
        let number = |file: &str| word(path.join(file)).and_then(|text| text.parse::<u32>().ok());
        let state = word(path.join("operstate")).unwrap_or_default();
        let uevent = word(path.join("uevent")).unwrap_or_default();
        let is_virtual = !path.join("device").exists();
        let kind = kind(&name, &path, &uevent, number("type"), is_virtual);
        let place = interfaces.iter().position(|known| known.name == name);
        let addresses = place.map(|place| interfaces.remove(place).addresses).unwrap_or_default();
        let is_child = uevent.contains("DEVTYPE=vlan") || uevent.contains("DEVTYPE=macvlan");
        interfaces.push(Interface {
            name,
            kind,
            // Tunnels and the loopback interface have no state of their own.
            up: flags & FLAG_UP != 0 && matches!(state.as_str(), "up" | "unknown" | ""),
            multicast: flags & FLAG_MULTICAST != 0,
            point_to_point: flags & FLAG_POINT_TO_POINT != 0,
            is_container_end: is_virtual && !is_child && number("iflink") != number("ifindex"),
            addresses,
        });
    }
}

fn kind(name: &str, path: &Path, uevent: &str, hardware: Option<u32>, is_virtual: bool) -> InterfaceKind {
    let is = |device: &str| uevent.lines().any(|line| line == format!("DEVTYPE={device}"));
    if hardware == Some(772) {
        InterfaceKind::Loopback
    } else if is("wireguard") || path.join("tun_flags").exists() || matches!(hardware, Some(65534 | 512 | 768 | 776 | 778)) {
        InterfaceKind::Vpn
    } else if is("bridge") || path.join("bridge").exists() {
        InterfaceKind::Bridge
    } else if is("wlan") || path.join("wireless").exists() {
        InterfaceKind::Wifi
    } else if is_virtual {
        match kind_by_name(name) {
            InterfaceKind::Vpn => InterfaceKind::Vpn,
            _ => InterfaceKind::Virtual,
        }
    } else if hardware == Some(1) {
        InterfaceKind::Ethernet
    } else {
        InterfaceKind::Other
    }
}

/// `/proc/net/ipv6_route`. Lines that cannot be read are passed over.
pub(super) fn routes(text: &str) -> Vec<Route> {
    text.lines().filter_map(route).collect()
}

fn route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[destination, length, _, _, next_hop, metric, _, _, flags, interface] = fields.as_slice() else {
        return None;
    };
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    let flags = number(flags)?;
    if flags & ROUTE_UP == 0 && flags & ROUTE_REJECT == 0 {
        return None;
    }
    Some(Route {
        destination: address(destination)?,
        length: u8::try_from(number(length)?).ok().filter(|length| *length <= 128)?,
        next_hop: address(next_hop)?,
        metric: number(metric)?,
        rejects: flags & ROUTE_REJECT != 0,
        interface: interface.to_owned(),
    })
}

fn address(digits: &str) -> Option<Ipv6Addr> {
    (digits.len() == 32)
        .then(|| u128::from_str_radix(digits, 16).ok())
        .flatten()
        .map(Ipv6Addr::from)
}

/// Interfaces of default routes in `/proc/net/route`.
pub(super) fn default_ipv4(text: &str) -> BTreeSet<String> {
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let (&[interface, destination, ..], mask) = (fields.as_slice(), fields.get(7)?) else {
                return None;
            };
            // Many VPNs lay two halves over the default route instead of replacing it.
            let is_default = destination == "00000000" && matches!(*mask, "00000000" | "00000080" | "80000000");
            is_default.then(|| interface.to_owned())
        })
        .collect()
}

/// Interfaces on which somebody is in the IPv4 group of mDNS, by `/proc/net/igmp`.
pub(super) fn mdns_groups_ipv4(text: &str) -> BTreeSet<String> {
    let mut interface = String::new();
    let mut found = BTreeSet::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        if line.starts_with(char::is_whitespace) {
            if fields.first().is_some_and(|group| MDNS_GROUP_IPV4.contains(group)) {
                found.insert(interface.clone());
            }
        } else if let Some(name) = fields.get(1) {
            interface = name.trim_end_matches(':').to_owned();
        }
    }
    found
}

/// The same for IPv6, by `/proc/net/igmp6`.
pub(super) fn mdns_groups_ipv6(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace().skip(1);
            let (interface, group) = (fields.next()?, fields.next()?);
            (group == MDNS_GROUP_IPV6).then(|| interface.to_owned())
        })
        .collect()
}

/// Sockets on port 5353 in `/proc/net/udp` or `/proc/net/udp6`.
pub(super) fn mdns_sockets(text: &str) -> usize {
    text.lines()
        .skip(1)
        .filter(|line| {
            let local = line.split_ascii_whitespace().nth(1);
            local.is_some_and(|local| local.rsplit(':').next() == Some(MDNS_PORT))
        })
        .count()
}

fn settings(folder: &Path) -> BTreeMap<String, Ipv6Settings> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let number = |file: &str| word(entry.path().join(file))?.parse::<i16>().ok();
            let settings = Ipv6Settings {
                disabled: number("disable_ipv6").map(|number| number != 0),
                accept_ra: number("accept_ra").and_then(|number| u8::try_from(number).ok()),
                longest_route: number("accept_ra_rt_info_max_plen"),
                forwarding: number("forwarding").map(|number| number != 0),
            };
            Some((name, settings))
        })
        .collect()
}

fn container() -> Option<Container> {
    let made_by = |name: &str| Some(Container { made_by: name.to_owned() });
    if Path::new("/.dockerenv").exists() {
        return made_by("Docker");
    }
    if Path::new("/run/.containerenv").exists() {
        return made_by("Podman");
    }
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        return made_by("Kubernetes");
    }
    let groups = text("/proc/1/cgroup").unwrap_or_default();
    let variable = std::env::var("container").ok();
    let by_group = [
        ("docker", "Docker"),
        ("kubepods", "Kubernetes"),
        ("libpod", "Podman"),
        ("lxc", "LXC"),
        ("containerd", "containerd"),
    ];
    by_group
        .into_iter()
        .find(|(mark, _)| groups.contains(mark) || variable.as_deref() == Some(mark))
        .and_then(|(_, name)| made_by(name))
}
