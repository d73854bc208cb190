//! What stands between this machine and the meshes: the answer of a network check, and what it is asked with.

use crate::{Ipv6Prefix, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv6Addr;

/// What a network check needs to know beyond the machine itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkQuestion {
    /// The networks, with the prefixes that their devices have routable addresses from.
    pub networks: Vec<NetworkToReach>,
    /// What the mDNS source says of itself; `None` where no live one runs (demo, replay, a command without a service).
    pub mdns: Option<MdnsState>,
}

/// A Thread network that this machine wants to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkToReach {
    /// Its name, else its id.
    pub name: String,
    /// Off-mesh-routable prefixes.
    pub omr_prefixes: Vec<Ipv6Prefix>,
    /// Addresses of its border routers on the LAN, and what they are called.
    pub border_routers: BTreeMap<Ipv6Addr, String>,
}

/// How well Weft hears announcements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MdnsState {
    /// It hears; false: it is deaf, paused or ended.
    pub listening: bool,
    /// Why not, or what else it says.
    pub reason: Option<String>,
    /// Announcements that were heard since the service began.
    pub announcements: u64,
    /// Announcements by the interface that they came in on, where that is known.
    pub by_interface: BTreeMap<String, u64>,
    /// When the last one came.
    pub last_at: Option<Timestamp>,
}

/// What stands between this machine and the meshes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NetworkReport {
    /// In the order in which a person should look at them.
    pub checks: Vec<Check>,
    /// Interfaces of this machine, by name.
    pub interfaces: Vec<CheckedInterface>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Check {
    /// Stable name: `omr-routes`, ….
    pub id: String,
    /// What was looked at.
    pub title: String,
    /// How it is.
    pub result: CheckResult,
    /// What was seen, in a sentence.
    pub seen: String,
    /// What a person can do; null where there is nothing to do.
    pub advice: Option<String>,
    /// Line by line, what the result rests on.
    pub details: Vec<String>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// As it should be.
    Good,
    /// It may keep Weft from something.
    Warning,
    /// It keeps Weft from something.
    Problem,
    /// It cannot be seen from here.
    Unknown,
}

/// A network interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CheckedInterface {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: InterfaceKind,
    /// It is up and has a link.
    pub up: bool,
    /// It can send to many at once.
    pub multicast: bool,
    /// Addresses with their prefix lengths.
    pub addresses: Vec<String>,
    /// Weft sends and hears mDNS here.
    pub listening: bool,
    /// Announcements that were heard on it; null where that is not known.
    pub answers: Option<u64>,
}

/// What an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum InterfaceKind {
    /// A cable.
    Ethernet,
    /// Wi-Fi.
    Wifi,
    /// A tunnel to elsewhere.
    Vpn,
    /// Joins other interfaces.
    Bridge,
    /// Made by software: a container's cable, a VLAN.
    Virtual,
    /// The machine itself.
    Loopback,
    /// Something else.
    Other,
}
