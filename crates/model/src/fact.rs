//! Facts: single decoded statements, in one form whatever the source.
//!
//! A decoder turns foreign bytes into facts; who said it, through which source and when, is added by the evidence.
//! Nearly every fact is *about its reporter*: its own locator, its own neighbour table.

use crate::{
    BorderAgentId, Channel, ChildAddressesRow, ChildRow, ChildTableRow, Connectivity, DeviceMode, EnhancedRouteRow, Eui64, ExtendedAddress,
    ExtendedPanId, Ipv6Prefix, LeaderData, MacCounters, MatterPeer, MeshLocalPrefix, MleCounters, NeighborRow, PanId, PartitionId, Rloc16, Route64,
    RouteRow, RouterId, RouterNeighborRow, Rssi, ServiceRecord,
};
use serde::{Deserialize, Serialize};
use std::net::Ipv6Addr;

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident = $text:literal: $type:ty,)*) => {
        /// One decoded statement.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(tag = "fact", content = "value", rename_all = "kebab-case")]
        pub enum Fact {
            $($(#[$doc])* $name($type),)*
            /// The device has the value and answered that it is null: "asked, and there is none".
            Null(FactKind),
            /// The device refused the value: a Matter status code (0x86 unsupported attribute, 0xc3 unsupported cluster, …).
            Refused(FactKind, u8),
            /// An attribute of a known cluster without a fact of its own.
            Attribute(AttributePath, AttributeValue),
            /// A TLV of a type that the decoder does not know, as it came.
            UnknownTlv(u8, Vec<u8>),
        }

        /// Which statement a [`Fact`] is: a newer complete fact of the same reporter and kind supersedes the older one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum FactKind {
            $($(#[$doc])* $name,)*
            /// See [`Fact::Attribute`].
            Attribute(AttributePath),
            /// See [`Fact::UnknownTlv`].
            UnknownTlv(u8),
        }

        impl Fact {
            /// Which statement this is.
            pub fn kind(&self) -> FactKind {
                match self {
                    $(Fact::$name(_) => FactKind::$name,)*
                    Fact::Null(kind) | Fact::Refused(kind, _) => *kind,
                    Fact::Attribute(path, _) => FactKind::Attribute(*path),
                    Fact::UnknownTlv(number, _) => FactKind::UnknownTlv(*number),
                }
            }
        }

        impl FactKind {
            /// A short name for claims and logs: `neighbor-table`.
            pub fn name(self) -> std::borrow::Cow<'static, str> {
                match self {
                    $(FactKind::$name => std::borrow::Cow::Borrowed($text),)*
                    FactKind::Attribute(path) => format!("attribute-{}-{:#06x}-{:#06x}", path.endpoint, path.cluster, path.attribute).into(),
                    FactKind::UnknownTlv(number) => format!("tlv-{number}").into(),
                }
            }
        }
    };
}

facts! {
    // Who the device is.
    /// The radio's extended address now.
    ExtendedAddress = "extended-address": ExtendedAddress,
    /// Hardware address of the *Thread* interface (Matter 0x0033): the radio's extended address, or a factory EUI-64.
    HardwareAddress = "hardware-address": [u8; 8],
    /// The factory EUI-64.
    Eui64 = "eui64": Eui64,
    /// The device's own locator; `None`: it says that it has none.
    Rloc16 = "rloc16": Option<Rloc16>,
    /// Addresses of the device's Thread interface, sorted.
    Ipv6Addresses = "ipv6-addresses": Vec<Ipv6Addr>,
    /// The router that answers for the device's address: its parent, with which a minimal device registers its addresses.
    AnsweredForBy = "answered-for-by": Rloc16,
    /// The device's mode.
    Mode = "mode": DeviceMode,
    /// The device's role.
    RoutingRole = "routing-role": RoutingRole,
    /// Thread version number (5: 1.4 and 1.3.1, 4: 1.3, 3: 1.2, 2: 1.1).
    ThreadVersion = "thread-version": u16,
    /// Border agent id of the device itself.
    BorderAgentId = "border-agent-id": BorderAgentId,

    // The network and partition that it is in.
    /// Network name.
    NetworkName = "network-name": String,
    /// Extended PAN id.
    ExtendedPanId = "extended-pan-id": ExtendedPanId,
    /// PAN id.
    PanId = "pan-id": PanId,
    /// Channel.
    Channel = "channel": Channel,
    /// Mesh-local prefix.
    MeshLocalPrefix = "mesh-local-prefix": MeshLocalPrefix,
    /// A prefix that devices on this network take routable addresses from.
    OmrPrefix = "omr-prefix": Ipv6Prefix,
    /// Leader data with the partition id.
    LeaderData = "leader-data": LeaderData,
    /// Partition id alone.
    PartitionId = "partition-id": PartitionId,
    /// The leader's router id alone.
    LeaderRouterId = "leader-router-id": RouterId,
    /// Seconds part of the active dataset's timestamp, packed as on the wire (48 bits seconds, 15 bits ticks, 1 bit authoritative).
    ActiveTimestamp = "active-timestamp": u64,
    /// The pending dataset's timestamp, packed likewise.
    PendingTimestamp = "pending-timestamp": u64,
    /// An operational dataset without its secrets.
    Dataset = "dataset": Box<Dataset>,
    /// How many routers the reporter knows in its partition.
    RouterCount = "router-count": u8,
    /// Networks that a Thread Network Directory (Matter 0x0453) lists.
    ThreadNetworks = "thread-networks": Vec<ThreadNetworkEntry>,
    /// The network that a directory prefers.
    PreferredExtendedPanId = "preferred-extended-pan-id": ExtendedPanId,

    // Whom it hears.
    /// Matter 0x35/7.
    NeighborTable = "neighbor-table": Vec<NeighborRow>,
    /// Matter 0x35/8.
    RouteTable = "route-table": Vec<RouteRow>,
    /// TMF 5, MLE 9.
    Route64 = "route64": Route64,
    /// TMF 37.
    EnhancedRoute = "enhanced-route": Vec<EnhancedRouteRow>,
    /// TMF 16.
    ChildTable = "child-table": Vec<ChildTableRow>,
    /// TMF 29.
    Children = "children": Vec<ChildRow>,
    /// TMF 30.
    ChildAddresses = "child-addresses": Vec<ChildAddressesRow>,
    /// TMF 31.
    RouterNeighbors = "router-neighbors": Vec<RouterNeighborRow>,
    /// TMF 4.
    Connectivity = "connectivity": Connectivity,
    /// What a dongle heard of one pair of radios during an interval.
    RadioSummary = "radio-summary": RadioSummary,

    // What it is.
    /// Vendor name.
    VendorName = "vendor-name": String,
    /// Vendor id (Matter).
    VendorId = "vendor-id": u16,
    /// Product or model name.
    ModelName = "model-name": String,
    /// Product id (Matter).
    ProductId = "product-id": u16,
    /// Name that its owner gave it (Matter NodeLabel, 0x0452 border router name).
    NodeLabel = "node-label": String,
    /// Software version, as text.
    SoftwareVersion = "software-version": String,
    /// Version text of the Thread stack.
    StackVersion = "stack-version": String,
    /// Vendor application URL.
    VendorAppUrl = "vendor-app-url": String,
    /// Serial number.
    SerialNumber = "serial-number": String,
    /// Unique id (Matter), or the hexadecimal digits of another stable number of this device.
    UniqueId = "unique-id": String,
    /// Device types of one endpoint list, all endpoints together, sorted.
    DeviceTypes = "device-types": Vec<u32>,
    /// Network interfaces of every type.
    NetworkInterfaces = "network-interfaces": Vec<NetworkInterface>,
    /// A power source.
    PowerSource = "power-source": PowerSource,
    /// TMF 14, percent.
    BatteryPercent = "battery-percent": u8,
    /// TMF 15.
    SupplyMillivolts = "supply-millivolts": u16,
    /// TMF 3: poll timeout of a sleepy device.
    TimeoutSeconds = "timeout-seconds": u32,
    /// TMF 19: the largest timeout among the children.
    MaxChildTimeoutSeconds = "max-child-timeout-seconds": u32,
    /// TMF 17, channel pages.
    ChannelPages = "channel-pages": Vec<u8>,
    /// TMF 9.
    MacCounters = "mac-counters": MacCounters,
    /// TMF 34.
    MleCounters = "mle-counters": MleCounters,

    // What the LAN and people say.
    /// A DNS-SD service instance.
    Service = "service": Box<ServiceRecord>,
    /// Service types that exist on the LAN.
    ServiceType = "service-type": String,
    /// What a person or a companion app says of a device.
    Annotation = "annotation": Box<Annotation>,
}

/// The role that a device says it has (Matter 0x35 RoutingRoleEnum; OTBR `state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoutingRole {
    /// Thread is not running or not attached.
    Detached,
    /// A child that sleeps.
    SleepyEndDevice,
    /// A child whose receiver is on, or a child of which no more was said.
    EndDevice,
    /// A child that may become a router.
    Reed,
    /// A router.
    Router,
    /// The partition's leader.
    Leader,
    /// A child; the source does not say which kind.
    Child,
    /// A value that the decoder does not know.
    Unknown(u8),
}

/// Where an attribute stands in a Matter node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AttributePath {
    /// Endpoint.
    pub endpoint: u16,
    /// Cluster.
    pub cluster: u32,
    /// Attribute.
    pub attribute: u32,
}

/// A Matter value without a fact of its own; nested values keep their context tags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Null.
    Null,
    /// Boolean.
    Boolean(bool),
    /// Unsigned integer.
    Unsigned(u64),
    /// Signed integer.
    Signed(i64),
    /// Floating point, as IEEE 754 double bits.
    Float(u64),
    /// Text.
    Text(String),
    /// Octet string.
    Octets(Vec<u8>),
    /// Array or list.
    List(Vec<AttributeValue>),
    /// Structure: context tag and value.
    Structure(Vec<(u8, AttributeValue)>),
}

/// One interface of Matter 0x0033 NetworkInterfaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NetworkInterface {
    /// Interface name.
    pub name: String,
    /// The interface is up.
    pub operational: bool,
    /// Hardware address, 6 or 8 bytes.
    pub hardware_address: Vec<u8>,
    /// IPv6 addresses.
    pub ipv6_addresses: Vec<Ipv6Addr>,
    /// Interface type: 1 Wi-Fi, 2 Ethernet, 3 cellular, 4 Thread.
    pub interface_type: u8,
}

impl NetworkInterface {
    /// The interface type number of Thread.
    pub const THREAD: u8 = 4;
}

/// Matter 0x002F, what Weft shows of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PowerSource {
    /// Status: 1 active, 2 standby, 3 unavailable.
    pub status: Option<u8>,
    /// Order among several sources.
    pub order: Option<u8>,
    /// Description.
    pub description: Option<String>,
    /// Battery charge in half percent.
    pub battery_half_percent: Option<u8>,
    /// Battery charge level: 0 ok, 1 warning, 2 critical.
    pub battery_charge_level: Option<u8>,
    /// Battery voltage.
    pub battery_millivolts: Option<u32>,
}

/// One network of Matter 0x0453.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ThreadNetworkEntry {
    /// Extended PAN id.
    pub extended_pan_id: ExtendedPanId,
    /// Network name.
    pub name: String,
    /// Channel.
    pub channel: Option<Channel>,
    /// Active timestamp, packed as on the wire.
    pub active_timestamp: Option<u64>,
}

/// An operational dataset without its secrets: of network key and PSKc only whether they were there.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Dataset {
    /// Active timestamp, packed as on the wire.
    pub active_timestamp: Option<u64>,
    /// Pending timestamp, packed as on the wire.
    pub pending_timestamp: Option<u64>,
    /// Delay timer of a pending dataset.
    pub delay_milliseconds: Option<u32>,
    /// Channel.
    pub channel: Option<Channel>,
    /// Channel mask TLV, as it came.
    pub channel_mask: Option<Vec<u8>>,
    /// PAN id.
    pub pan_id: Option<PanId>,
    /// Extended PAN id.
    pub extended_pan_id: Option<ExtendedPanId>,
    /// Network name.
    pub network_name: Option<String>,
    /// Mesh-local prefix.
    pub mesh_local_prefix: Option<MeshLocalPrefix>,
    /// Security policy: rotation time in hours.
    pub key_rotation_hours: Option<u16>,
    /// Security policy flags, as they came.
    pub security_policy_flags: Option<Vec<u8>>,
    /// A network key was in it.
    pub has_network_key: bool,
    /// A PSKc was in it.
    pub has_pskc: bool,
    /// TLVs that the decoder does not know: type and value.
    pub other: Vec<(u8, Vec<u8>)>,
}

/// One end of what a dongle heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum RadioPeer {
    /// A short address that is a locator.
    Rloc16(Rloc16),
    /// A long address.
    ExtendedAddress(ExtendedAddress),
    /// The broadcast address.
    Broadcast,
}

/// Frames from one radio to another during an interval, as a dongle heard them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RadioSummary {
    /// Channel.
    pub channel: Option<Channel>,
    /// PAN id.
    pub pan_id: PanId,
    /// The sender.
    pub from: RadioPeer,
    /// The receiver.
    pub to: RadioPeer,
    /// Length of the interval.
    pub interval_seconds: u32,
    /// Frames.
    pub frames: u64,
    /// Frames that the receiver acknowledged.
    pub acknowledged: u64,
    /// Data polls: what the sender believes its parent to be.
    pub data_polls: u64,
    /// Weakest, at the dongle.
    pub rssi_min: Option<Rssi>,
    /// Average, at the dongle.
    pub rssi_average: Option<Rssi>,
    /// Strongest, at the dongle.
    pub rssi_max: Option<Rssi>,
}

/// What a person or a companion app says of a device or of a finding. What is left out says nothing; an empty text takes back.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Annotation {
    /// What is meant; all that are given must agree.
    #[serde(default)]
    pub identify: AnnotationTarget,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// Where a person put it on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The role that an ecosystem's own interface told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_role: Option<String>,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// `true`: nobody wants to hear of the finding, or of any finding about the device, and `note` says why; `false` takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// `true` takes a pin back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpin: Option<bool>,
    /// Id of another node that is this very device; an empty text takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// `true`: another program calls it so; name and room count only where no person said any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<bool>,
}

impl Annotation {
    /// Names of what is said, in a fixed order. Each is superseded by itself: a later word on the room takes nothing from the name.
    pub fn said(&self) -> Vec<&'static str> {
        // What a program suggests and what a person says stand beside each other.
        let [name, room] = if self.suggested == Some(true) {
            ["suggested_name", "suggested_room"]
        } else {
            ["name", "room"]
        };
        let fields = [
            (name, self.name.is_some()),
            (room, self.room.is_some()),
            ("pin", self.pin.is_some() || self.unpin == Some(true)),
            ("thread_role", self.thread_role.is_some()),
            ("note", self.note.is_some()),
            ("muted", self.muted.is_some()),
            ("same_as", self.same_as.is_some()),
        ];
        fields.into_iter().filter(|(_, is_said)| *is_said).map(|(field, _)| field).collect()
    }
}

/// A place on the map, in pixels at its natural size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pin {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

/// The device that an [`Annotation`] is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AnnotationTarget {
    /// By the radio's extended address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_address: Option<ExtendedAddress>,
    /// By Matter fabric and node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<MatterPeer>,
    /// By HomeKit pairing id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hap_id: Option<String>,
    /// By an IPv6 address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Ipv6Addr>,
    /// By the id of a node in a topology.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// A finding, by its id: `muted` and `note` are about it rather than about the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpin_is_said_of_the_pin() {
        let unpin = |unpin| Annotation {
            unpin: Some(unpin),
            ..Annotation::default()
        };
        assert_eq!(unpin(true).said(), ["pin"]);
        assert!(unpin(false).said().is_empty());
        assert!(Annotation::default().said().is_empty());
    }

    #[test]
    fn kinds_have_the_names_that_claims_show() {
        assert_eq!(Fact::NeighborTable(Vec::new()).kind().name(), "neighbor-table");
        assert_eq!(FactKind::Route64.name(), "route64");
        let json = serde_json::to_string(&FactKind::Ipv6Addresses).unwrap();
        assert_eq!(json, format!("\"{}\"", FactKind::Ipv6Addresses.name()));
        assert_eq!(Fact::Null(FactKind::NeighborTable).kind(), FactKind::NeighborTable);
        let path = AttributePath {
            endpoint: 0,
            cluster: 0x35,
            attribute: 6,
        };
        assert_eq!(FactKind::Attribute(path).name(), "attribute-0-0x0035-0x0006");
    }
}
