//! One device: what it can be, what it is now, and what people and ecosystems know it by.

use crate::mesh::{NetworkIndex, NodeIndex, PartitionIndex};
use crate::radio::Position;
use serde::Serialize;
use weft_model::{BorderAgentId, DeviceMode, Eui64, ExtendedAddress, MatterPeer, Rloc16, RouterId, Timestamp};

/// What a device can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// A Full Thread Device that may become a router.
    RouterEligible,
    /// A Full Thread Device that stays a child.
    FullEndDevice,
    /// A Minimal Thread Device whose receiver is on.
    MinimalEndDevice,
    /// A Minimal Thread Device that sleeps.
    SleepyEndDevice,
}

impl Capability {
    /// The mode that it announces.
    pub const fn mode(self) -> DeviceMode {
        let full_thread_device = self.is_full_thread_device();
        let rx_on_when_idle = !matches!(self, Self::SleepyEndDevice);
        DeviceMode {
            rx_on_when_idle,
            full_thread_device,
            full_network_data: full_thread_device,
        }
    }

    /// True for Full Thread Devices.
    pub const fn is_full_thread_device(self) -> bool {
        matches!(self, Self::RouterEligible | Self::FullEndDevice)
    }
}

/// Where a device stands in its network now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// A router with this id.
    Router(RouterId),
    /// A child.
    Child {
        /// Its parent. Until the child notices, it may be off.
        parent: NodeIndex,
        /// Its locator.
        rloc16: Rloc16,
    },
    /// On, and looking for a parent.
    Detached,
    /// Without power.
    Off,
}

/// What a device is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A router that leads its partition.
    Leader,
    /// A router.
    Router,
    /// A child that may become a router.
    Reed,
    /// A Full Thread Device that is a child and stays one.
    FullEndDevice,
    /// A minimal child whose receiver is on.
    MinimalEndDevice,
    /// A sleepy child.
    SleepyEndDevice,
    /// On, without a parent.
    Detached,
    /// Off.
    Off,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its network.
    pub network: NetworkIndex,
    /// Its partition; for a device that is off or detached, the last one.
    pub partition: PartitionIndex,
    /// What it can be.
    pub capability: Capability,
    /// Where it stands now.
    pub attachment: Attachment,
    /// Since when it stands there.
    pub attached_at: Timestamp,
    /// The radio's address now.
    pub extended_address: ExtendedAddress,
    /// The factory address.
    pub eui64: Eui64,
    /// Interface id of the mesh-local EID.
    pub mesh_local_iid: [u8; 8],
    /// Interface id of the routable address; as random as the other.
    pub omr_iid: [u8; 8],
    /// Where it stands in the house.
    pub position: Position,
    /// What it sends with.
    pub tx_power_dbm: i8,
    /// When its parent gives it up.
    pub timeout_seconds: u32,
    /// Thread version number (5: 1.4 and 1.3.1, 4: 1.3, 3: 1.2, 2: 1.1).
    pub thread_version: u16,
    /// What people know it by.
    pub label: Label,
    /// Its place on a Matter fabric.
    pub matter: Option<MatterDevice>,
    /// Its place in HomeKit.
    pub hap: Option<HapDevice>,
    /// What it is besides, if it is a border router.
    pub border_router: Option<BorderRouter>,
    /// Rows of children that left without saying so.
    pub(crate) former_children: Vec<FormerChild>,
}

/// What people know a device by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// Name.
    pub name: String,
    /// Room.
    pub room: String,
    /// Vendor.
    pub vendor: String,
    /// Product.
    pub model: String,
    /// Matter device type.
    pub device_type: u32,
}

/// How a device is known on a Matter fabric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatterDevice {
    /// Fabric and node.
    pub peer: MatterPeer,
    /// Revision of the Thread Network Diagnostics cluster; extended address and RLOC16 are in it from 3 on.
    pub cluster_revision: u16,
    /// It tells its factory address as hardware address, not that of the radio.
    pub tells_factory_address: bool,
}

/// How a device is known in HomeKit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HapDevice {
    /// Pairing id.
    pub id: String,
    /// Instance and host name; tells nothing of the radio.
    pub instance: String,
    /// Category.
    pub category: u16,
}

/// What a border router is besides a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BorderRouter {
    /// Border agent id; outlives every change of address.
    pub agent_id: BorderAgentId,
    /// Host name without domain.
    pub host: String,
    /// What it announces as `xa`.
    pub announced: AnnouncedAddress,
    /// It reaches other border routers over the LAN.
    pub trel: bool,
    /// Its own idea of the active timestamp, where that is not the network's.
    pub active_timestamp: Option<u64>,
    /// Interface id of its addresses on the LAN.
    pub lan_iid: [u8; 8],
}

/// What stands in `xa`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnouncedAddress {
    /// The radio's extended address.
    Radio,
    /// A number that is not the radio's and stays when the radio's changes.
    Fixed(ExtendedAddress),
}

/// A child that its former parent has not forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FormerChild {
    pub node: NodeIndex,
    pub rloc16: Rloc16,
    pub attached_at: Timestamp,
    pub last_heard_at: Timestamp,
}
