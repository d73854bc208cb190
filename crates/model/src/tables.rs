//! The tables that devices report about a mesh, in one form whatever the source. Absent values are `None`, never a default.

use crate::{ChildId, ErrorRate, ExtendedAddress, LinkQuality, PartitionId, Rloc16, RouterId, Rssi};
use serde::Serialize;
use std::net::Ipv6Addr;

/// Mode bits of a device: what it needs from its parent (Thread specification 1.4, 4.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DeviceMode {
    /// The receiver is on when nothing is sent: not sleepy.
    pub rx_on_when_idle: bool,
    /// A Full Thread Device. Does not say that it is a router.
    pub full_thread_device: bool,
    /// Wants the full network data.
    pub full_network_data: bool,
}

/// Leader data: the partition's identity and the versions of its network data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LeaderData {
    /// The partition.
    pub partition_id: PartitionId,
    /// The leader's weighting.
    pub weighting: u8,
    /// Full network data version.
    pub data_version: u8,
    /// Stable network data version.
    pub stable_data_version: u8,
    /// The leader; `None` where the wire said 63 or more.
    pub leader_router_id: Option<RouterId>,
}

/// Connectivity: what a router offers a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Connectivity {
    /// Parent priority, -2 (reserved) to 1 (high).
    pub parent_priority: i8,
    /// Number of neighbouring routers with link quality 3.
    pub link_quality_3: u8,
    /// Number of neighbouring routers with link quality 2.
    pub link_quality_2: u8,
    /// Number of neighbouring routers with link quality 1.
    pub link_quality_1: u8,
    /// Path cost to the leader.
    pub leader_cost: u8,
    /// Router id sequence.
    pub id_sequence: u8,
    /// Number of active routers in the partition.
    pub active_routers: u8,
    /// Buffer for sleepy children in bytes.
    pub sed_buffer_bytes: Option<u16>,
    /// Datagrams kept for each sleepy child.
    pub sed_datagram_count: Option<u8>,
}

/// One row of a neighbour table (Matter 0x35/7): a device that the reporter hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NeighborRow {
    /// The neighbour's extended address; `None` where the row has none (all zero).
    pub extended_address: Option<ExtendedAddress>,
    /// The neighbour's locator in the reporter's partition.
    pub rloc16: Option<Rloc16>,
    /// Seconds since the reporter last heard it.
    pub age_seconds: Option<u32>,
    /// How well the reporter hears it.
    pub link_quality_in: Option<LinkQuality>,
    /// Average strength at the reporter.
    pub average_rssi: Option<Rssi>,
    /// Strength of the last frame at the reporter.
    pub last_rssi: Option<Rssi>,
    /// Frames to the neighbour that were lost.
    pub frame_error: Option<ErrorRate>,
    /// Messages to the neighbour that were lost.
    pub message_error: Option<ErrorRate>,
    /// The neighbour's receiver is on when idle. Does not make it a router.
    pub rx_on_when_idle: Option<bool>,
    /// The neighbour is a Full Thread Device.
    pub full_thread_device: Option<bool>,
    /// The neighbour is a child of the reporter.
    pub is_child: Option<bool>,
}

/// One row of a route table (Matter 0x35/8; 0x35 lists one row, the parent, on minimal devices).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RouteRow {
    /// The router's extended address; `None` where the row has none (all zero).
    pub extended_address: Option<ExtendedAddress>,
    /// The router's locator.
    pub rloc16: Option<Rloc16>,
    /// The router's id.
    pub router_id: Option<RouterId>,
    /// Where the reporter sends what is for this router; `None` for 63 (none, or the reporter itself).
    pub next_hop: Option<RouterId>,
    /// Cost of the path; `None` for 0 (no route).
    pub path_cost: Option<u8>,
    /// How well the reporter hears it, where there is a link.
    pub link_quality_in: Option<LinkQuality>,
    /// How well it hears the reporter, as the reporter was told: relayed, not the other end's own statement.
    pub link_quality_out: Option<LinkQuality>,
    /// Seconds since the reporter last heard it.
    pub age_seconds: Option<u32>,
    /// The id is allocated in the partition.
    pub allocated: bool,
    /// A link exists. Without it the row is a route, not a link.
    pub link_established: bool,
}

/// A Route64 TLV (TMF and MLE): the reporter's view of all routers of its partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Route64 {
    /// Router id sequence; absent in some JSON renderings.
    pub id_sequence: Option<u8>,
    /// One row for each allocated router id, in the order of the ids; the reporter's own is among them (cost 1, both qualities 0).
    pub routers: Vec<Route64Row>,
}

/// One router of a [`Route64`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Route64Row {
    /// The router.
    pub router_id: RouterId,
    /// How well it hears the reporter, as the reporter was told; 0: no link.
    pub link_quality_out: LinkQuality,
    /// How well the reporter hears it; 0: no link.
    pub link_quality_in: LinkQuality,
    /// Cost of the path; 0: no route.
    pub path_cost: u8,
}

/// One row of an enhanced route TLV (TMF type 37).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EnhancedRouteRow {
    /// The router.
    pub router_id: RouterId,
    /// The row is the reporter's own.
    pub is_self: bool,
    /// A link exists.
    pub has_link: bool,
    /// How well it hears the reporter, as the reporter was told.
    pub link_quality_out: LinkQuality,
    /// How well the reporter hears it.
    pub link_quality_in: LinkQuality,
    /// Where the reporter sends what is for this router.
    pub next_hop: Option<RouterId>,
    /// Cost from the next hop on.
    pub next_hop_cost: u8,
}

/// One row of a child table TLV (TMF type 16). It has no age: a child that moved on stays until its timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ChildTableRow {
    /// The child below the reporter.
    pub child_id: ChildId,
    /// The child's timeout.
    pub timeout_seconds: Option<u32>,
    /// How well the reporter hears the child; absent in older JSON renderings.
    pub link_quality_in: Option<LinkQuality>,
    /// The child's mode.
    pub mode: DeviceMode,
}

/// One child TLV (TMF type 29), or one row of a REST child list: a child with its extended address and ages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ChildRow {
    /// The child's extended address.
    pub extended_address: ExtendedAddress,
    /// The child's locator.
    pub rloc16: Option<Rloc16>,
    /// The child's mode.
    pub mode: DeviceMode,
    /// Thread version number (5: 1.4 and 1.3.1, 4: 1.3, 3: 1.2, 2: 1.1).
    pub thread_version: Option<u16>,
    /// The child's timeout.
    pub timeout_seconds: Option<u32>,
    /// Seconds since the parent last heard the child.
    pub age_seconds: Option<u32>,
    /// Seconds since the child attached here.
    pub connection_seconds: Option<u32>,
    /// Child supervision interval.
    pub supervision_interval_seconds: Option<u16>,
    /// Link margin at the parent.
    pub link_margin_db: Option<u8>,
    /// How well the parent hears the child, where a source tells it as a quality.
    pub link_quality_in: Option<LinkQuality>,
    /// Average strength at the parent.
    pub average_rssi: Option<Rssi>,
    /// Strength of the last frame at the parent.
    pub last_rssi: Option<Rssi>,
    /// Frames to the child that were lost.
    pub frame_error: Option<ErrorRate>,
    /// Messages to the child that were lost.
    pub message_error: Option<ErrorRate>,
    /// Messages that wait for the child.
    pub queued_messages: Option<u16>,
    /// CSL period in units of ten symbols; 0 without CSL.
    pub csl_period_ten_symbols: Option<u16>,
    /// CSL timeout.
    pub csl_timeout_seconds: Option<u32>,
    /// CSL channel; 0 for the network's.
    pub csl_channel: Option<u8>,
    /// CSL is synchronised.
    pub csl_synchronized: Option<bool>,
}

/// One child IPv6 address list TLV (TMF type 30).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ChildAddressesRow {
    /// The child.
    pub rloc16: Rloc16,
    /// The addresses that it registered with its parent.
    pub addresses: Vec<Ipv6Addr>,
}

/// One router neighbour TLV (TMF type 31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RouterNeighborRow {
    /// The neighbour's extended address.
    pub extended_address: ExtendedAddress,
    /// The neighbour's locator.
    pub rloc16: Option<Rloc16>,
    /// Thread version number.
    pub thread_version: Option<u16>,
    /// Seconds since the link was established.
    pub connection_seconds: Option<u32>,
    /// Link margin at the reporter.
    pub link_margin_db: Option<u8>,
    /// Average strength at the reporter.
    pub average_rssi: Option<Rssi>,
    /// Strength of the last frame at the reporter.
    pub last_rssi: Option<Rssi>,
    /// Frames to the neighbour that were lost.
    pub frame_error: Option<ErrorRate>,
    /// Messages to the neighbour that were lost.
    pub message_error: Option<ErrorRate>,
}

/// MAC counters (TMF type 9), in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[allow(missing_docs)] // the names are those of RFC 2863
pub struct MacCounters {
    pub if_in_unknown_protos: u32,
    pub if_in_errors: u32,
    pub if_out_errors: u32,
    pub if_in_unicast_packets: u32,
    pub if_in_broadcast_packets: u32,
    pub if_in_discards: u32,
    pub if_out_unicast_packets: u32,
    pub if_out_broadcast_packets: u32,
    pub if_out_discards: u32,
}

/// MLE counters (TMF type 34): how often a device changed its role or parent, and for how long it held each role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[allow(missing_docs)] // the names say what they count
pub struct MleCounters {
    pub disabled_role: u16,
    pub detached_role: u16,
    pub child_role: u16,
    pub router_role: u16,
    pub leader_role: u16,
    pub attach_attempts: u16,
    pub partition_id_changes: u16,
    pub better_partition_attach_attempts: u16,
    pub parent_changes: u16,
    pub tracked_milliseconds: u64,
    pub disabled_milliseconds: u64,
    pub detached_milliseconds: u64,
    pub child_milliseconds: u64,
    pub router_milliseconds: u64,
    pub leader_milliseconds: u64,
}
