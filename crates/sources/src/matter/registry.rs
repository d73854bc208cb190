//! The devices of our fabric, on disk. No secret is among what is kept.
//!
//! Node ids are never used twice: a device that was left, or that joined without our hearing of it, may still believe in the old one. So a number is
//! written down before the device can have it ([`Registry::reserve`]), and kept when it is given up.

use super::capability::Capability;
use super::file;
use crate::whole_file;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use weft_matter::Intervals;
use weft_model::{CompressedFabricId, ExtendedPanId, MatterNodeId, RoutingRole, Timestamp};
use weft_wire::matter::routing_role;

const FILE: &str = "nodes.json";
const FORMAT: &str = "weft-matter-nodes";
const VERSION: u32 = 1;
/// Devices that one fabric of Weft holds.
pub(super) const MAX_NODES: usize = 1_000;
/// Numbers given up that are remembered. A number older than the last ten thousand would come again with a probability of one in 400,000.
const MAX_RETIRED: usize = 10_000;
/// Addresses that are kept of a device.
pub(super) const MAX_ADDRESSES: usize = 8;
/// Numbers up to here are left to other uses; our own node's is among them.
const FIRST_NODE_ID: u32 = 0x1_0000;

/// A device of our fabric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Node {
    /// Its id.
    pub(super) node: MatterNodeId,
    /// What its owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    /// Maker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) vendor: Option<String>,
    /// Product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) product: Option<String>,
    /// When it joined, or was found again.
    pub(super) paired_at: Timestamp,
    /// Where it answered last, and where it said that it was then.
    #[serde(default)]
    pub(super) addresses: Vec<SocketAddr>,
    /// How soon it answers.
    #[serde(default)]
    pub(super) intervals: KeptIntervals,
    /// What it has shown that it cannot answer.
    #[serde(default)]
    pub(super) capability: Capability,
    /// The number of our fabric on the device, where it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fabric_index: Option<u8>,
    /// The user lets us register for its check-ins.
    #[serde(default)]
    pub(super) check_in: bool,
    /// We are registered.
    #[serde(default)]
    pub(super) check_in_registered: bool,
    /// When it last answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) answered_at: Option<Timestamp>,
    /// When it was last asked for everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) everything_at: Option<Timestamp>,
    /// The last known role, by the number of RoutingRoleEnum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<u8>,
    /// The last known network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) network: Option<ExtendedPanId>,
}

impl Node {
    /// A device that joined just now.
    pub(super) fn new(node: MatterNodeId, paired_at: Timestamp) -> Self {
        Self {
            node,
            label: None,
            vendor: None,
            product: None,
            paired_at,
            addresses: Vec::new(),
            intervals: KeptIntervals::default(),
            capability: Capability::default(),
            fabric_index: None,
            check_in: false,
            check_in_registered: false,
            answered_at: None,
            everything_at: None,
            role: None,
            network: None,
        }
    }

    /// Its own name, or maker and product.
    pub(super) fn name(&self) -> Option<String> {
        self.label.clone().or_else(|| match (&self.vendor, &self.product) {
            (Some(vendor), Some(product)) => Some(format!("{vendor} {product}")),
            (vendor, product) => product.clone().or_else(|| vendor.clone()),
        })
    }

    /// The last known role.
    pub(super) fn role(&self) -> Option<RoutingRole> {
        self.role.map(routing_role)
    }
}

/// [`Intervals`] as they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptIntervals {
    idle_milliseconds: u32,
    active_milliseconds: u32,
    long_idle: bool,
}

impl Default for KeptIntervals {
    fn default() -> Self {
        Intervals::default().into()
    }
}

impl From<Intervals> for KeptIntervals {
    fn from(intervals: Intervals) -> Self {
        Self {
            idle_milliseconds: intervals.idle_milliseconds,
            active_milliseconds: intervals.active_milliseconds,
            long_idle: intervals.long_idle,
        }
    }
}

impl From<KeptIntervals> for Intervals {
    fn from(kept: KeptIntervals) -> Self {
        Self {
            idle_milliseconds: kept.idle_milliseconds,
            active_milliseconds: kept.active_milliseconds,
            long_idle: kept.long_idle,
        }
    }
}

/// A number that a device may have by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reservation {
    /// The number.
    pub(super) node: MatterNodeId,
    /// For which job.
    pub(super) job: u64,
    /// When it was reserved.
    pub(super) at: Timestamp,
    /// Where the device was then.
    #[serde(default)]
    pub(super) addresses: Vec<SocketAddr>,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Registry {
    /// Whose devices these are.
    fabric: Option<CompressedFabricId>,
    nodes: BTreeMap<MatterNodeId, Node>,
    reserved: BTreeMap<MatterNodeId, Reservation>,
    /// The oldest first.
    retired: VecDeque<MatterNodeId>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    version: u32,
    #[serde(default)]
    fabric: Option<CompressedFabricId>,
    nodes: Vec<Node>,
    #[serde(default)]
    reserved: Vec<Reservation>,
    #[serde(default)]
    retired: Vec<MatterNodeId>,
}

/// What became of a file that was to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SetAside {
    /// Why it cannot be used.
    pub(super) reason: String,
    /// Where it lies now.
    pub(super) to: PathBuf,
}

impl Registry {
    /// Without devices.
    pub(super) fn new(fabric: CompressedFabricId) -> Self {
        Self {
            fabric: Some(fabric),
            ..Self::default()
        }
    }

    /// Reads the registry of a folder. A file that cannot be used, or is of another fabric, is set aside and told.
    ///
    /// # Errors
    /// When the file can neither be read nor set aside: then it must not be written either.
    pub(super) fn open(folder: &Path, fabric: CompressedFabricId) -> io::Result<(Self, Option<SetAside>)> {
        let path = folder.join(FILE);
        file::remove_remains(&path);
        let Some(bytes) = file::read(&path)? else {
            return Ok((Self::new(fabric), None));
        };
        let reason = match Self::parse(&bytes) {
            Ok(registry) if registry.fabric.is_none_or(|of| of == fabric) => {
                let registry = Self {
                    fabric: Some(fabric),
                    ..registry
                };
                return Ok((registry, None));
            }
            Ok(_) => "its devices are those of another fabric".to_owned(),
            Err(reason) => reason,
        };
        let to = file::set_aside(&path)?;
        Ok((Self::new(fabric), Some(SetAside { reason, to })))
    }

    /// Keeps these bytes, which [`Self::bytes`] made.
    pub(super) fn write(folder: &Path, bytes: &[u8]) -> io::Result<()> {
        file::create_folder(folder)?;
        whole_file::write(&folder.join(FILE), bytes)
    }

    /// The file's content.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let document = Document {
            format: FORMAT.to_owned(),
            version: VERSION,
            fabric: self.fabric,
            nodes: self.nodes.values().cloned().collect(),
            reserved: self.reserved.values().cloned().collect(),
            retired: self.retired.iter().copied().collect(),
        };
        // Maps with text keys and numbers: there is always JSON of them.
        serde_json::to_vec_pretty(&document).unwrap_or_default()
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if document.format != FORMAT {
            return Err(format!(
                "it says that it is something else: {:?}",
                document.format.chars().take(40).collect::<String>()
            ));
        }
        if document.version != VERSION {
            return Err(format!("it is of version {}, this program knows {VERSION}", document.version));
        }
        if document.nodes.len() > MAX_NODES {
            return Err(format!("it lists {} devices, {MAX_NODES} at most", document.nodes.len()));
        }
        let mut registry = Self {
            fabric: document.fabric,
            ..Self::default()
        };
        for mut node in document.nodes {
            node.addresses.truncate(MAX_ADDRESSES);
            registry.nodes.insert(node.node, node);
        }
        for mut reservation in document.reserved.into_iter().take(MAX_NODES) {
            reservation.addresses.truncate(MAX_ADDRESSES);
            registry.reserved.insert(reservation.node, reservation);
        }
        let retired = document.retired.into_iter().take(MAX_RETIRED);
        registry.retired = retired.filter(|node| !registry.nodes.contains_key(node)).collect();
        Ok(registry)
    }

    /// A device.
    pub(super) fn get(&self, node: MatterNodeId) -> Option<&Node> {
        self.nodes.get(&node)
    }

    /// A device, to be changed.
    pub(super) fn get_mut(&mut self, node: MatterNodeId) -> Option<&mut Node> {
        self.nodes.get_mut(&node)
    }

    /// All devices, by id.
    pub(super) fn nodes(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.nodes.values()
    }

    /// All numbers that a device may have without our knowing.
    pub(super) fn reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.reserved.values()
    }

    /// One of them.
    pub(super) fn reservation(&self, node: MatterNodeId) -> Option<&Reservation> {
        self.reserved.get(&node)
    }

    /// True where there is no room for another device.
    pub(super) fn is_full(&self) -> bool {
        self.nodes.len() >= MAX_NODES
    }

    /// True where a number was given up: whoever announces it is not ours any more.
    pub(super) fn is_retired(&self, node: MatterNodeId) -> bool {
        self.retired.contains(&node)
    }

    /// A number that was never used, drawn from `random`.
    pub(super) fn reserve(
        &mut self,
        job: u64,
        at: Timestamp,
        addresses: &[SocketAddr],
        taken: &BTreeSet<MatterNodeId>,
        mut random: impl FnMut() -> u32,
    ) -> Option<MatterNodeId> {
        // Each draw hits a used number with a probability of one in 400,000 at most.
        const DRAWS: usize = 64;
        let is_free = |node: &MatterNodeId| {
            !self.nodes.contains_key(node) && !self.reserved.contains_key(node) && !self.is_retired(*node) && !taken.contains(node)
        };
        let node = (0..DRAWS)
            .map(|_| random())
            .filter(|number| *number >= FIRST_NODE_ID)
            .map(|number| MatterNodeId::from_u64(number.into()))
            .find(is_free)?;
        let reservation = Reservation {
            node,
            job,
            at,
            addresses: addresses.iter().copied().take(MAX_ADDRESSES).collect(),
        };
        self.reserved.insert(node, reservation);
        Some(node)
    }

    /// The device with this number is ours.
    pub(super) fn add(&mut self, node: Node) {
        self.reserved.remove(&node.node);
        self.retired.retain(|retired| *retired != node.node);
        self.nodes.insert(node.node, node);
    }

    /// A number is for a device elsewhere. True where that was not known.
    pub(super) fn relocate(&mut self, node: MatterNodeId, addresses: &[SocketAddr]) -> bool {
        let Some(reservation) = self.reserved.get_mut(&node) else { return false };
        let addresses: Vec<SocketAddr> = addresses.iter().copied().take(MAX_ADDRESSES).collect();
        let is_news = reservation.addresses != addresses;
        reservation.addresses = addresses;
        is_news
    }

    /// Takes back a reservation whose number no device was ever told.
    pub(super) fn release(&mut self, node: MatterNodeId) {
        self.reserved.remove(&node);
    }

    /// Gives a number up: the device left, or never had it. It is not used again.
    pub(super) fn retire(&mut self, node: MatterNodeId) {
        self.nodes.remove(&node);
        self.reserved.remove(&node);
        if !self.is_retired(node) {
            self.retired.push_back(node);
        }
        while self.retired.len() > MAX_RETIRED {
            self.retired.pop_front();
        }
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
