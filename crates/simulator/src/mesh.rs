//! The model: networks, partitions, nodes and how they hear each other at one moment.
//!
//! A [`Mesh`] is plain data with a clock of its own. A clone is the mesh at an earlier moment: answers that are taken from it are stale answers.

use crate::device::{Attachment, BorderRouter, Capability, Node, Role};
use crate::radio::{Reception, receiver_centidb, shadowing_centidb};
use crate::random::mix;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;
use weft_model::{Channel, ChildId, ExtendedAddress, ExtendedPanId, Ipv6Prefix, MeshLocalPrefix, PanId, PartitionId, Rloc16, RouterId, Timestamp};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(pub usize);
    };
}

index!(
    /// A node's place in its mesh; never changes, whatever becomes of its addresses.
    NodeIndex
);
index!(
    /// A network's place in its mesh.
    NetworkIndex
);
index!(
    /// A partition's place in its mesh. Ended partitions keep theirs.
    PartitionIndex
);

/// Several Thread networks that know nothing of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mesh {
    /// Decides everything that is left to chance.
    pub(crate) seed: u64,
    /// The moment that this is the mesh of.
    pub(crate) now: Timestamp,
    pub(crate) networks: Vec<Network>,
    pub(crate) partitions: Vec<Partition>,
    pub(crate) nodes: Vec<Node>,
    /// Strengths that are set by hand, by hearer and sender.
    pub(crate) fixed_dbm: BTreeMap<(NodeIndex, NodeIndex), i8>,
    /// The hearer keeps a link with the sender, though the sender hears nothing.
    pub(crate) one_way: BTreeSet<(NodeIndex, NodeIndex)>,
}

/// What all devices of a Thread network share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Extended PAN id.
    pub extended_pan_id: ExtendedPanId,
    /// Name.
    pub name: String,
    /// PAN id.
    pub pan_id: PanId,
    /// Channel.
    pub channel: Channel,
    /// Mesh-local prefix.
    pub mesh_local_prefix: MeshLocalPrefix,
    /// Prefix of the routable addresses.
    pub omr_prefix: Ipv6Prefix,
    /// Active timestamp, packed as on the wire.
    pub active_timestamp: u64,
}

/// Routers that reach each other, with one leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its network.
    pub network: NetworkIndex,
    /// Partition id.
    pub id: PartitionId,
    /// The leader; may be off, until the others notice.
    pub leader: NodeIndex,
    /// The leader's router id.
    pub leader_router_id: RouterId,
    /// Full network data version.
    pub data_version: u8,
    /// Router id sequence.
    pub id_sequence: u8,
    /// Routers that fell silent and whose ids are still allocated.
    pub(crate) lost_routers: Vec<LostRouter>,
}

/// A router that its neighbours have not forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LostRouter {
    pub node: NodeIndex,
    pub extended_address: ExtendedAddress,
    pub router_id: RouterId,
    pub last_heard_at: Timestamp,
}

/// The prefix of the simulated LAN.
pub const LAN_PREFIX: [u8; 8] = [0xfd, 0x5a, 0x11, 0x0c, 0xa1, 0x00, 0x00, 0x01];

impl Mesh {
    /// The moment that this is the mesh of.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The networks, in the order of their indices.
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// The partitions, ended ones included, in the order of their indices.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The nodes, in the order of their indices.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node's data.
    ///
    /// # Panics
    /// For an index of another mesh.
    pub fn node(&self, node: NodeIndex) -> &Node {
        &self.nodes[node.0]
    }

    /// For tests that want a special device: another name, firmware or position. What only events may change stays out of reach.
    ///
    /// # Panics
    /// For an index of another mesh.
    pub fn node_mut(&mut self, node: NodeIndex) -> &mut Node {
        &mut self.nodes[node.0]
    }

    /// The network of a node.
    pub fn network_of(&self, node: NodeIndex) -> &Network {
        &self.networks[self.nodes[node.0].network.0]
    }

    /// The partition of a node.
    pub fn partition_of(&self, node: NodeIndex) -> &Partition {
        &self.partitions[self.nodes[node.0].partition.0]
    }

    /// Every node's index.
    pub fn indices(&self) -> impl Iterator<Item = NodeIndex> + use<> {
        (0..self.nodes.len()).map(NodeIndex)
    }

    /// Nodes that are routers now.
    pub fn routers(&self) -> Vec<NodeIndex> {
        self.indices().filter(|node| self.is_router(*node)).collect()
    }

    /// Nodes that are children now.
    pub fn children(&self) -> Vec<NodeIndex> {
        self.indices().filter(|node| self.parent(*node).is_some()).collect()
    }

    /// The children of a node now, by locator.
    pub fn children_of(&self, parent: NodeIndex) -> Vec<NodeIndex> {
        let mut children: Vec<NodeIndex> = self.indices().filter(|node| self.parent(*node) == Some(parent)).collect();
        children.sort_by_key(|child| self.rloc16(*child));
        children
    }

    /// Nodes on a Matter fabric.
    pub fn matter_nodes(&self) -> Vec<NodeIndex> {
        self.indices().filter(|node| self.nodes[node.0].matter.is_some()).collect()
    }

    /// Border routers.
    pub fn border_routers(&self) -> Vec<NodeIndex> {
        self.indices().filter(|node| self.nodes[node.0].border_router.is_some()).collect()
    }

    /// The node with this name, the first of several.
    pub fn find(&self, name: &str) -> Option<NodeIndex> {
        self.nodes.iter().position(|node| node.label.name == name).map(NodeIndex)
    }

    /// The node whose radio has this address now.
    pub fn by_extended_address(&self, address: ExtendedAddress) -> Option<NodeIndex> {
        self.nodes.iter().position(|node| node.extended_address == address).map(NodeIndex)
    }

    /// True for routers.
    pub fn is_router(&self, node: NodeIndex) -> bool {
        matches!(self.nodes[node.0].attachment, Attachment::Router(_))
    }

    /// True for devices that have a locator.
    pub fn is_attached(&self, node: NodeIndex) -> bool {
        self.rloc16(node).is_some()
    }

    /// The router id of a router.
    pub fn router_id(&self, node: NodeIndex) -> Option<RouterId> {
        match self.nodes[node.0].attachment {
            Attachment::Router(id) => Some(id),
            _ => None,
        }
    }

    /// The locator of an attached device.
    pub fn rloc16(&self, node: NodeIndex) -> Option<Rloc16> {
        match self.nodes[node.0].attachment {
            Attachment::Router(id) => Some(id.rloc16()),
            Attachment::Child { rloc16, .. } => Some(rloc16),
            Attachment::Detached | Attachment::Off => None,
        }
    }

    /// The parent of a child.
    pub fn parent(&self, node: NodeIndex) -> Option<NodeIndex> {
        match self.nodes[node.0].attachment {
            Attachment::Child { parent, .. } => Some(parent),
            _ => None,
        }
    }

    /// What the device is now.
    pub fn role(&self, node: NodeIndex) -> Role {
        let data = &self.nodes[node.0];
        match (data.attachment, data.capability) {
            (Attachment::Off, _) => Role::Off,
            (Attachment::Detached, _) => Role::Detached,
            (Attachment::Router(_), _) if self.partitions[data.partition.0].leader == node => Role::Leader,
            (Attachment::Router(_), _) => Role::Router,
            (Attachment::Child { .. }, Capability::RouterEligible) => Role::Reed,
            (Attachment::Child { .. }, Capability::FullEndDevice) => Role::FullEndDevice,
            (Attachment::Child { .. }, Capability::MinimalEndDevice) => Role::MinimalEndDevice,
            (Attachment::Child { .. }, Capability::SleepyEndDevice) => Role::SleepyEndDevice,
        }
    }

    /// How well `hearer` would hear `sender`, whatever network they are in.
    pub fn reception(&self, hearer: NodeIndex, sender: NodeIndex) -> Reception {
        let fixed = self.fixed_dbm.get(&(hearer, sender));
        Reception::from_dbm(fixed.map_or_else(|| self.strength_dbm(hearer, sender), |dbm| i64::from(*dbm)))
    }

    /// The strength that geometry gives.
    pub(crate) fn strength_dbm(&self, hearer: NodeIndex, sender: NodeIndex) -> i64 {
        let (to, from) = (&self.nodes[hearer.0], &self.nodes[sender.0]);
        let loss = to.position.path_loss_centidb(from.position);
        let chance = shadowing_centidb(self.seed, hearer.0 as u64, sender.0 as u64) + receiver_centidb(self.seed, hearer.0 as u64, sender.0 as u64);
        (i64::from(from.tx_power_dbm) * 100 - loss - chance).div_euclid(100)
    }

    /// The link that two routers of one partition have: how each hears the other. `None` without a link.
    /// Both directions exist, except where [`Mesh::make_one_way`] says otherwise; the direction that does not exist has quality 0.
    pub fn router_link(&self, one: NodeIndex, other: NodeIndex) -> Option<(Reception, Reception)> {
        if one == other || self.nodes[one.0].partition != self.nodes[other.0].partition || !self.is_router(one) || !self.is_router(other) {
            return None;
        }
        self.potential_link(one, other)
    }

    /// The link that two radios of one network would have as routers.
    pub(crate) fn potential_link(&self, one: NodeIndex, other: NodeIndex) -> Option<(Reception, Reception)> {
        let (mut there, mut back) = (self.reception(one, other), self.reception(other, one));
        if self.one_way.contains(&(one, other)) {
            back = Reception::from_dbm(i64::from(i8::MIN));
            return Some((there, back));
        }
        if self.one_way.contains(&(other, one)) {
            there = Reception::from_dbm(i64::from(i8::MIN));
            return Some((there, back));
        }
        if there.quality.get() > 0 && back.quality.get() > 0 {
            return Some((there, back));
        }
        let trel = |node: NodeIndex| self.nodes[node.0].border_router.as_ref().is_some_and(|router| router.trel);
        (trel(one) && trel(other)).then_some((Reception::LAN, Reception::LAN))
    }

    /// The addresses of the Thread interface, sorted.
    pub fn addresses(&self, node: NodeIndex) -> Vec<Ipv6Addr> {
        let data = &self.nodes[node.0];
        let mut addresses = vec![
            data.extended_address.to_link_local(),
            self.mesh_local_address(node),
            self.omr_address(node),
        ];
        addresses.extend(self.rloc_address(node));
        addresses.sort_unstable();
        addresses
    }

    /// The mesh-local EID.
    pub fn mesh_local_address(&self, node: NodeIndex) -> Ipv6Addr {
        join(self.network_of(node).mesh_local_prefix.0, self.nodes[node.0].mesh_local_iid)
    }

    /// The routable address.
    pub fn omr_address(&self, node: NodeIndex) -> Ipv6Addr {
        let prefix = self.network_of(node).omr_prefix.address().octets();
        let mut upper = [0; 8];
        upper.copy_from_slice(&prefix[..8]);
        join(upper, self.nodes[node.0].omr_iid)
    }

    /// The routing locator address.
    pub fn rloc_address(&self, node: NodeIndex) -> Option<Ipv6Addr> {
        self.rloc16(node).map(|rloc16| self.network_of(node).mesh_local_prefix.rloc(rloc16))
    }

    /// A number that belongs to these parts in this mesh, whoever asks.
    pub(crate) fn chance(&self, parts: &[u64]) -> u64 {
        mix(&[self.seed, mix(parts)])
    }

    /// Router ids that are allocated in a partition, lost routers included.
    pub(crate) fn allocated_ids(&self, partition: PartitionIndex) -> BTreeSet<RouterId> {
        let live = self
            .indices()
            .filter(|node| self.nodes[node.0].partition == partition)
            .filter_map(|node| self.router_id(node));
        live.chain(self.partitions[partition.0].lost_routers.iter().map(|lost| lost.router_id))
            .collect()
    }

    /// The lowest child id that the parent has not given to anybody.
    pub(crate) fn free_child_id(&self, parent: NodeIndex) -> Option<ChildId> {
        let live = self
            .indices()
            .filter(|node| self.parent(*node) == Some(parent))
            .filter_map(|node| self.rloc16(node));
        let taken: BTreeSet<u16> = live
            .chain(self.nodes[parent.0].former_children.iter().map(|former| former.rloc16))
            .filter_map(|rloc16| Some(rloc16.child_id()?.get()))
            .collect();
        (1..=511).find(|id| !taken.contains(id)).and_then(ChildId::new)
    }
}

fn join(prefix: [u8; 8], interface_id: [u8; 8]) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets[..8].copy_from_slice(&prefix);
    octets[8..].copy_from_slice(&interface_id);
    octets.into()
}

/// The address of a border router on the LAN.
pub(crate) fn lan_address(router: &BorderRouter) -> Ipv6Addr {
    join(LAN_PREFIX, router.lan_iid)
}
