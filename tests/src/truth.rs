//! What is true in a fixture: `truth.json`.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use weft_model::{ExtendedAddress, PartitionId, Rloc16, Timestamp};

/// What is true in a fixture, by its own nodes' words or by the description that it was made from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// The moment that it is about.
    pub taken_at: Timestamp,
    /// What a person should know of it.
    #[serde(default)]
    pub note: Option<String>,
    /// Every node of the mesh.
    pub nodes: Vec<TruthNode>,
    /// Links between routers that stood throughout the recording.
    pub router_links: Vec<RouterLink>,
    /// Children and their parents.
    pub child_links: Vec<ParentChildLink>,
    /// Full Thread children and the routers beside their parents that they have links with.
    pub neighbor_links: Vec<NeighborLink>,
    /// What was true for a part of the recording: neither has to be found nor counts as invented.
    pub unsteady: Unsteady,
    /// Child rows that are right about the table that they stand in and wrong about the child.
    pub stale_rows: Vec<StaleRow>,
    /// Nodes that were there at first and are no more.
    pub dead: Vec<DeadNode>,
    /// Border routers.
    pub border_routers: Vec<ExtendedAddress>,
    /// Registrations that outlived their devices.
    #[serde(default)]
    pub stale_registrations: Vec<StaleRegistration>,
    /// What the captured data can know, where that is less than everything.
    pub visible: Option<Visible>,
}

/// One node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TruthNode {
    /// Extended address.
    pub extended_address: ExtendedAddress,
    /// Locator.
    pub rloc16: Rloc16,
    /// Role.
    pub role: TruthRole,
    /// Extended address of its parent; `None` for routers.
    pub parent: Option<ExtendedAddress>,
    /// The partition that it says it is in.
    pub partition: PartitionId,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// It is a Matter device.
    #[serde(default)]
    pub matter: bool,
}

/// Roles as the truth knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TruthRole {
    /// The leader.
    Leader,
    /// A router.
    Router,
    /// A child that may become a router.
    Reed,
    /// A child whose receiver is on.
    EndDevice,
    /// A child that sleeps.
    SleepyEndDevice,
}

/// A link between two routers with the qualities that either end measures, 0 to 3.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouterLink {
    /// One end.
    pub a: ExtendedAddress,
    /// The other.
    pub b: ExtendedAddress,
    /// How `a` hears `b`.
    #[serde(default)]
    pub a_hears_b: Option<u8>,
    /// How `b` hears `a`.
    #[serde(default)]
    pub b_hears_a: Option<u8>,
}

/// A child and its parent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentChildLink {
    /// The parent.
    pub parent: ExtendedAddress,
    /// The child.
    pub child: ExtendedAddress,
    /// Quality at the parent, 0 to 3.
    pub parent_hears_child: Option<u8>,
    /// Quality at the child.
    pub child_hears_parent: Option<u8>,
}

/// A full Thread child and a router that it has a link with, and that is not its parent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeighborLink {
    /// The child.
    pub child: ExtendedAddress,
    /// The router.
    pub router: ExtendedAddress,
    /// Quality at the child.
    pub child_hears_router: Option<u8>,
    /// It stood throughout the recording, so it has to be found.
    pub steady: bool,
}

/// What was true for a part of the recording.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsteady {
    /// Links.
    pub router_links: Vec<RouterLink>,
    /// Parents.
    pub parents: Vec<ParentOf>,
}

/// Who is whose parent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentOf {
    /// The child.
    pub child: ExtendedAddress,
    /// The parent.
    pub parent: ExtendedAddress,
}

/// A child row that a router kept after its child had gone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaleRow {
    /// The router.
    pub router: ExtendedAddress,
    /// The child, where somebody told its extended address.
    pub child: Option<ExtendedAddress>,
    /// The locator in the row.
    pub child_rloc16: Rloc16,
    /// Where the child is in truth; `None`: switched off.
    pub new_parent: Option<ExtendedAddress>,
    /// A moment at which the row still stands.
    pub seen_until: Timestamp,
    /// What happened.
    pub why: String,
}

/// A node that is no more.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadNode {
    /// Extended address.
    pub extended_address: ExtendedAddress,
    /// Its last locator.
    pub rloc16: Rloc16,
    /// Since when.
    pub since: Timestamp,
    /// What happened.
    pub why: String,
}

/// A service registration of a device that has left.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaleRegistration {
    /// Instance label.
    pub instance: String,
    /// Host name without domain.
    pub host: String,
    /// The extended address that the device had.
    pub extended_address: ExtendedAddress,
}

/// What the captured data can know.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visible {
    /// Nodes.
    pub nodes: Vec<ExtendedAddress>,
    /// Links of any kind.
    pub links: Vec<(ExtendedAddress, ExtendedAddress)>,
    /// Parents.
    pub parents: Vec<ParentOf>,
    /// Routers that are known by their locators only.
    pub known_by_rloc16_only: Vec<Rloc16>,
}

/// A pair without an order.
fn pair(a: ExtendedAddress, b: ExtendedAddress) -> (ExtendedAddress, ExtendedAddress) {
    (a.min(b), a.max(b))
}

impl Truth {
    /// A node by its extended address.
    pub fn node(&self, address: ExtendedAddress) -> Option<&TruthNode> {
        self.nodes.iter().find(|node| node.extended_address == address)
    }

    /// A node by its locator.
    pub fn at_rloc16(&self, rloc16: Rloc16) -> Option<&TruthNode> {
        self.nodes.iter().find(|node| node.rloc16 == rloc16)
    }

    /// Extended addresses of all routers.
    pub fn routers(&self) -> Vec<ExtendedAddress> {
        self.nodes
            .iter()
            .filter(|node| node.parent.is_none())
            .map(|node| node.extended_address)
            .collect()
    }

    /// The parents of a child that were true at some time of the recording.
    pub fn parents_of(&self, child: ExtendedAddress) -> BTreeSet<ExtendedAddress> {
        let now = self.child_links.iter().filter(|link| link.child == child).map(|link| link.parent);
        let then = self.unsteady.parents.iter().filter(|of| of.child == child).map(|of| of.parent);
        now.chain(then).collect()
    }

    /// Nodes that have to be found.
    pub fn nodes_to_find(&self) -> BTreeSet<ExtendedAddress> {
        match &self.visible {
            Some(visible) => visible.nodes.iter().copied().collect(),
            None => self.nodes.iter().map(|node| node.extended_address).collect(),
        }
    }

    /// Parents that have to be found, by child.
    pub fn parents_to_find(&self) -> BTreeMap<ExtendedAddress, ExtendedAddress> {
        match &self.visible {
            Some(visible) => visible.parents.iter().map(|of| (of.child, of.parent)).collect(),
            None => self.child_links.iter().map(|link| (link.child, link.parent)).collect(),
        }
    }

    /// Links that have to be found.
    pub fn links_to_find(&self) -> BTreeSet<(ExtendedAddress, ExtendedAddress)> {
        match &self.visible {
            Some(visible) => visible.links.iter().map(|(a, b)| pair(*a, *b)).collect(),
            None => self.steady_links(),
        }
    }

    fn steady_links(&self) -> BTreeSet<(ExtendedAddress, ExtendedAddress)> {
        let routers = self.router_links.iter().map(|link| pair(link.a, link.b));
        let children = self.child_links.iter().map(|link| pair(link.parent, link.child));
        let neighbors = self
            .neighbor_links
            .iter()
            .filter(|link| link.steady)
            .map(|link| pair(link.child, link.router));
        routers.chain(children).chain(neighbors).collect()
    }

    /// Links that were true at some time of the recording.
    pub fn links_that_were(&self) -> BTreeSet<(ExtendedAddress, ExtendedAddress)> {
        let routers = self.unsteady.router_links.iter().map(|link| pair(link.a, link.b));
        let parents = self.unsteady.parents.iter().map(|of| pair(of.child, of.parent));
        let neighbors = self.neighbor_links.iter().map(|link| pair(link.child, link.router));
        self.steady_links().into_iter().chain(routers).chain(parents).chain(neighbors).collect()
    }
}
