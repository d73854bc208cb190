//! What is read of this machine, before anybody says what it means.

use super::linux;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use weft_model::{InterfaceKind, Timestamp};

/// The most interfaces that are looked at; a container host has hundreds.
const MAX_INTERFACES: usize = 256;

/// A machine as it was read. `None` everywhere: could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// Its operating system.
    pub system: System,
    /// Its interfaces, by name.
    pub interfaces: Vec<Interface>,
    /// IPv6 routes.
    pub routes: Option<Vec<Route>>,
    /// Interfaces of IPv4 default routes.
    pub default_ipv4: Option<BTreeSet<String>>,
    /// IPv6 settings by interface; `all` among them.
    pub ipv6: BTreeMap<String, Ipv6Settings>,
    /// Interfaces on which somebody listens to mDNS (224.0.0.251 or ff02::fb).
    pub mdns_groups: Option<BTreeSet<String>>,
    /// Sockets on UDP port 5353, Weft's own among them.
    pub mdns_sockets: Option<usize>,
    /// The container that this process runs in.
    pub container: Option<Container>,
    /// It runs in the Windows Subsystem for Linux.
    pub is_wsl: bool,
    /// What the clock says; `None` where nobody asked it.
    pub now: Option<Timestamp>,
    /// The system says that its clock follows a time server.
    pub clock_is_synchronised: Option<bool>,
}

/// An operating system, as far as it matters here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum System {
    #[default]
    Linux,
    MacOs,
    Windows,
    Other,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: InterfaceKind,
    /// It is up and has a link.
    pub up: bool,
    /// It can send to many at once.
    pub multicast: bool,
    /// There is one other end only.
    pub point_to_point: bool,
    /// Its other end is another interface of the host that it runs on: a container's cable to a bridge.
    pub is_container_end: bool,
    /// Addresses with their prefix lengths, sorted.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// IPv6 settings of one interface (Linux `Documentation/networking/ip-sysctl.rst`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ipv6Settings {
    /// IPv6 is off.
    pub disabled: Option<bool>,
    /// Router advertisements: 0 ignored by the kernel, 1 accepted unless it forwards, 2 accepted.
    pub accept_ra: Option<u8>,
    /// The longest prefix of a route in a router advertisement that the kernel takes; `None` where the kernel has no such setting.
    pub longest_route: Option<i16>,
    /// The machine forwards between interfaces.
    pub forwarding: Option<bool>,
}

/// An IPv6 route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Destination.
    pub destination: Ipv6Addr,
    /// Its prefix length.
    pub length: u8,
    /// The next router; unspecified where the destination is on the link.
    pub next_hop: Ipv6Addr,
    /// Metric; the smallest counts.
    pub metric: u32,
    /// What goes here is refused.
    pub rejects: bool,
    /// Interface.
    pub interface: String,
}

/// What a process runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// What made it, as far as it can be seen: `Docker`, `Podman`, ….
    pub made_by: String,
}

impl Machine {
    /// Reads this machine. `now` is what its clock says.
    pub fn read(now: Timestamp) -> Self {
        let system = match std::env::consts::OS {
            "linux" => System::Linux,
            "macos" => System::MacOs,
            "windows" => System::Windows,
            _ => System::Other,
        };
        let mut machine = Self {
            system,
            interfaces: interfaces(),
            now: Some(now),
            ..Self::default()
        };
        if system == System::Linux {
            linux::read(&mut machine);
        }
        machine.interfaces.sort_by(|one, other| one.name.cmp(&other.name));
        machine.interfaces.truncate(MAX_INTERFACES);
        machine
    }
}

/// Interfaces with addresses, as every system tells them.
fn interfaces() -> Vec<Interface> {
    let mut interfaces: BTreeMap<String, Interface> = BTreeMap::new();
    for found in if_addrs::get_if_addrs().unwrap_or_default() {
        let kind = if found.is_loopback() {
            InterfaceKind::Loopback
        } else {
            kind_by_name(&found.name)
        };
        let interface = interfaces.entry(found.name.clone()).or_insert_with(|| Interface {
            name: found.name.clone(),
            kind,
            up: found.is_oper_up() || found.is_loopback(),
            // Every interface that is no tunnel can, unless somebody switched it off.
            multicast: !found.is_p2p(),
            point_to_point: found.is_p2p(),
            is_container_end: false,
            addresses: Vec::new(),
        });
        let length = match &found.addr {
            if_addrs::IfAddr::V4(address) => address.prefixlen,
            if_addrs::IfAddr::V6(address) => address.prefixlen,
        };
        interface.addresses.push((found.ip(), length));
    }
    let mut interfaces: Vec<Interface> = interfaces.into_values().collect();
    for interface in &mut interfaces {
        interface.addresses.sort_unstable();
        interface.addresses.dedup();
    }
    interfaces
}

/// What an interface is, by the names that systems and VPN programs give.
pub(super) fn kind_by_name(name: &str) -> InterfaceKind {
    let lower = name.to_ascii_lowercase();
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| lower.starts_with(beginning));
    if starts(&[
        "utun",
        "tun",
        "tap",
        "wg",
        "ppp",
        "tailscale",
        "zt",
        "ipsec",
        "nordlynx",
        "proton",
        "warp",
        "wt0",
    ]) {
        InterfaceKind::Vpn
    } else if lower == "lo" || lower == "lo0" || starts(&["loopback"]) {
        InterfaceKind::Loopback
    } else if starts(&["docker", "br-", "virbr", "bridge", "lxcbr", "podman"]) {
        InterfaceKind::Bridge
    } else if starts(&["veth", "vmnet", "vnic", "vethernet", "dummy", "macvlan"]) {
        InterfaceKind::Virtual
    } else if starts(&["wl", "wi-fi", "wifi"]) {
        InterfaceKind::Wifi
    } else if starts(&["eth", "en", "em"]) && !cfg!(target_os = "macos") {
        InterfaceKind::Ethernet
    } else {
        InterfaceKind::Other
    }
}
