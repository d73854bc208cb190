//! What is true of a mesh, and how much of it captured answers can know.

use crate::device::{Attachment, Role};
use crate::mesh::{Mesh, NodeIndex};
use crate::radio::Reception;
use crate::survey::Survey;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use weft_model::{ExtendedAddress, ExtendedPanId, LinkQuality, PartitionId, Rloc16};

/// The truth at one moment. Devices that are off are not part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Every device that is on, by its radio's address.
    pub nodes: BTreeMap<ExtendedAddress, TrueNode>,
    /// Links between routers, by the two addresses, the smaller one first.
    pub router_links: Vec<TrueLink>,
    /// Who is whose parent: child to parent.
    pub parents: BTreeMap<ExtendedAddress, ExtendedAddress>,
    /// Links of Full Thread Devices that are children with routers that are not their parents: child and router.
    pub neighbor_links: BTreeSet<(ExtendedAddress, ExtendedAddress)>,
    /// Partitions with a device in them.
    pub partitions: Vec<TruePartition>,
}

/// A device as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrueNode {
    /// Which device.
    pub index: NodeIndex,
    /// Name.
    pub name: String,
    /// Network.
    pub extended_pan_id: ExtendedPanId,
    /// Partition; of a detached device none.
    pub partition_id: Option<PartitionId>,
    /// Locator; of a detached device none.
    pub rloc16: Option<Rloc16>,
    /// Role.
    pub role: Role,
    /// It is a border router.
    pub border_router: bool,
}

/// A link between two routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TrueLink {
    /// The smaller address.
    pub a: ExtendedAddress,
    /// The larger address.
    pub b: ExtendedAddress,
    /// How well a hears b; 0 where only b hears a.
    pub a_hears_b: LinkQuality,
    /// How well b hears a; 0 where only a hears b.
    pub b_hears_a: LinkQuality,
    /// The link is not by radio.
    pub trel: bool,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TruePartition {
    /// Network.
    pub extended_pan_id: ExtendedPanId,
    /// Partition id.
    pub partition_id: PartitionId,
    /// Its leader, while it is on.
    pub leader: Option<ExtendedAddress>,
}

/// Two ends, the smaller address first.
pub type Pair = (ExtendedAddress, ExtendedAddress);

/// By what way devices were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Matter 0x35 tables.
    Matter,
    /// Network diagnostics with the lists of Thread 1.4: children and neighbours with extended addresses.
    DiagnosticLists,
    /// Network diagnostics as older firmware answers them: locators only.
    OldDiagnostics,
}

/// What answers can know, if nothing is lost and nothing is stale.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Visible {
    /// Devices that an answer names by extended address.
    pub nodes: BTreeSet<ExtendedAddress>,
    /// Attached devices that answers name by locator and never by extended address.
    pub by_locator_only: BTreeSet<(PartitionId, Rloc16)>,
    /// Links between routers that one of the two named.
    pub router_links: BTreeSet<Pair>,
    /// Children whose parent an answer tells: child to parent, both known by extended address.
    pub parents: BTreeMap<ExtendedAddress, ExtendedAddress>,
    /// Links of Full Thread Devices that are children with routers that are not their parents: child and router.
    pub neighbor_links: BTreeSet<(ExtendedAddress, ExtendedAddress)>,
}

impl Survey<'_> {
    /// The truth now.
    pub fn truth(&self) -> Truth {
        let mesh = self.mesh();
        let mut truth = Truth::default();
        for node in mesh.indices() {
            let data = mesh.node(node);
            if data.attachment == Attachment::Off {
                continue;
            }
            let rloc16 = mesh.rloc16(node);
            truth.nodes.insert(
                data.extended_address,
                TrueNode {
                    index: node,
                    name: data.label.name.clone(),
                    extended_pan_id: mesh.network_of(node).extended_pan_id,
                    partition_id: rloc16.map(|_| mesh.partition_of(node).id),
                    rloc16,
                    role: mesh.role(node),
                    border_router: data.border_router.is_some(),
                },
            );
            if let Some(parent) = mesh.parent(node) {
                truth.parents.insert(data.extended_address, mesh.node(parent).extended_address);
                let links = self
                    .child_links(node)
                    .into_iter()
                    .map(|(router, ..)| (data.extended_address, mesh.node(router).extended_address));
                truth.neighbor_links.extend(links);
            }
            truth.router_links.extend(self.links_of(node));
        }
        truth.router_links.sort_unstable();
        truth.partitions = self.true_partitions();
        truth
    }

    /// Links of a router with those of larger address.
    fn links_of(&self, node: NodeIndex) -> Vec<TrueLink> {
        let mesh = self.mesh();
        let a = mesh.node(node).extended_address;
        let others = self
            .routers(mesh.node(node).partition)
            .iter()
            .filter(|other| mesh.node(**other).extended_address > a);
        let link = |other: &NodeIndex| {
            let (there, back) = (self.hears(node, *other), self.hears(*other, node));
            let quality = |reception: Option<Reception>| reception.map_or(LinkQuality::NONE, |reception| reception.quality);
            (there.is_some() || back.is_some()).then(|| TrueLink {
                a,
                b: mesh.node(*other).extended_address,
                a_hears_b: quality(there),
                b_hears_a: quality(back),
                trel: [there, back].into_iter().flatten().all(|reception| reception.rssi.is_none()),
            })
        };
        others.filter_map(link).collect()
    }

    fn true_partitions(&self) -> Vec<TruePartition> {
        let mesh = self.mesh();
        let live: BTreeSet<_> = mesh
            .indices()
            .filter(|node| mesh.is_attached(*node))
            .map(|node| mesh.node(node).partition)
            .collect();
        let partition = |index: crate::mesh::PartitionIndex| {
            let partition = &mesh.partitions()[index.0];
            let leader = mesh.node(partition.leader);
            TruePartition {
                extended_pan_id: mesh.networks()[partition.network.0].extended_pan_id,
                partition_id: partition.id,
                leader: (leader.partition == index && mesh.is_router(partition.leader)).then_some(leader.extended_address),
            }
        };
        live.into_iter().map(partition).collect()
    }

    /// What the answers of these devices can know, all taken now. Devices that cannot answer say nothing.
    pub fn visible(&self, answered: &BTreeSet<NodeIndex>, asked: Asked) -> Visible {
        let mesh = self.mesh();
        let address = |node: NodeIndex| mesh.node(node).extended_address;
        let reporters: Vec<NodeIndex> = answered.iter().copied().filter(|node| mesh.is_attached(*node)).collect();
        let mut visible = Visible {
            nodes: reporters.iter().map(|node| address(*node)).collect(),
            ..Visible::default()
        };
        let mut named: BTreeSet<NodeIndex> = BTreeSet::new();
        let names_addresses = asked != Asked::OldDiagnostics;
        for node in &reporters {
            let subjects = self.subjects(*node, asked);
            if names_addresses {
                visible.nodes.extend(subjects.iter().map(|subject| address(*subject)));
            }
            named.extend(subjects);
            if mesh.node(*node).capability.is_full_thread_device() {
                named.extend(self.routers(mesh.node(*node).partition));
                named.extend(mesh.parent(*node));
            }
        }
        let known = |node: NodeIndex| visible.nodes.contains(&address(node));
        let by_locator = named.iter().filter(|node| !known(**node));
        let by_locator = by_locator
            .filter_map(|node| Some((mesh.partition_of(*node).id, mesh.rloc16(*node)?)))
            .collect();
        let mut links = BTreeSet::new();
        let mut parents = BTreeMap::new();
        let mut neighbor_links = BTreeSet::new();
        for node in reporters {
            let own = address(node);
            if mesh.is_router(node) {
                let heard = self
                    .routers(mesh.node(node).partition)
                    .iter()
                    .filter(|other| self.hears(node, **other).is_some() && known(**other));
                links.extend(heard.map(|other| (own.min(address(*other)), own.max(address(*other)))));
                parents.extend(
                    self.children(node)
                        .iter()
                        .filter(|child| known(**child))
                        .map(|child| (address(*child), own)),
                );
            }
            if let Some(parent) = mesh.parent(node).filter(|parent| known(*parent)) {
                parents.insert(own, address(parent));
            }
            let links = self.child_links(node).into_iter().filter(|(router, ..)| known(*router));
            neighbor_links.extend(links.map(|(router, ..)| (own, address(router))));
        }
        visible.by_locator_only = by_locator;
        visible.router_links = links;
        visible.parents = parents;
        visible.neighbor_links = neighbor_links;
        visible
    }

    /// The devices that an answer's tables have rows about.
    fn subjects(&self, node: NodeIndex, asked: Asked) -> Vec<NodeIndex> {
        let mesh = self.mesh();
        if mesh.is_router(node) {
            let heard = self
                .routers(mesh.node(node).partition)
                .iter()
                .copied()
                .filter(|other| self.hears(node, *other).is_some());
            return heard.chain(self.children(node).iter().copied()).collect();
        }
        let full = mesh.node(node).capability.is_full_thread_device();
        let parent = if full || asked != Asked::Matter { None } else { mesh.parent(node) };
        parent
            .into_iter()
            .chain(self.child_links(node).into_iter().map(|(router, ..)| router))
            .collect()
    }
}

impl Mesh {
    /// The truth now; for more than one question, see [`Mesh::survey`].
    pub fn truth(&self) -> Truth {
        self.survey().truth()
    }
}
