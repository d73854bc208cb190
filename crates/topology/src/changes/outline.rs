//! What changes are told of: the few facts of a topology that a person would notice, without claims and numbers that move all the time.

use crate::{Finding, Id, Link, LinkKind, Network, NetworkTopology, Node, Role, Severity, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use weft_model::{ExtendedAddress, LinkQuality, PartitionId};

/// Whether a device is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Presence {
    /// It is heard, or spoken of freshly.
    Here,
    /// What is known of it is old.
    Silent,
    /// It said goodbye, or was silent for too long.
    Gone,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct NodeOutline {
    pub(super) id: Id,
    pub(super) previous_ids: Vec<Id>,
    /// What a person would call it.
    pub(super) called: String,
    pub(super) name: Option<String>,
    pub(super) presence: Presence,
    pub(super) network: Option<Id>,
    pub(super) partition: Option<PartitionId>,
    pub(super) role: Role,
    pub(super) border_router: bool,
    pub(super) extended_address: Option<ExtendedAddress>,
    pub(super) parent: Option<Id>,
    pub(super) last_parent: Option<Id>,
    pub(super) unheard: bool,
}

/// What a role means for the mesh: a router that becomes leader stays a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoleClass {
    Router,
    Child,
    Unknown,
}

impl NodeOutline {
    fn of(node: &Node) -> Self {
        Self {
            id: node.id.clone(),
            previous_ids: node.previous_ids.clone(),
            called: call(node),
            name: node.name.clone(),
            presence: match node.state {
                State::Gone => Presence::Gone,
                State::Stale => Presence::Silent,
                _ => Presence::Here,
            },
            network: node.network.clone(),
            partition: node.partition_id,
            role: node.role,
            border_router: node.border_router,
            extended_address: node.extended_address,
            parent: node.parent.as_ref().map(|parent| parent.node.clone()),
            last_parent: node.last_parent.as_ref().map(|parent| parent.node.clone()),
            unheard: node.unheard,
        }
    }

    pub(super) fn is_here(&self) -> bool {
        self.presence == Presence::Here
    }

    pub(super) fn class(&self) -> RoleClass {
        match self.role {
            Role::Leader | Role::Router => RoleClass::Router,
            Role::Reed | Role::EndDevice | Role::SleepyEndDevice => RoleClass::Child,
            Role::Unknown => RoleClass::Unknown,
        }
    }
}

/// What a person would call a node, also where it has no name.
fn call(node: &Node) -> String {
    let what = match node.role {
        _ if node.border_router => "Border router",
        Role::Leader | Role::Router => "Router",
        _ => "Device",
    };
    match (&node.name, node.rloc16, node.extended_address) {
        (Some(name), ..) => name.clone(),
        (None, Some(rloc16), _) => format!("{what} {rloc16}"),
        (None, None, Some(address)) => format!("{what} {address}"),
        (None, None, None) => format!("{what} {}", node.id),
    }
}

/// A link that stands now, between routers or of a child to its parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LinkOutline {
    pub(super) id: Id,
    pub(super) between_routers: bool,
    pub(super) a: Id,
    pub(super) b: Id,
    /// Link quality, 0 to 3: how `a` hears `b`, and `b` hears `a`.
    pub(super) qualities: [Option<u8>; 2],
}

impl LinkOutline {
    fn of(link: &Link) -> Option<Self> {
        let stands = !matches!(link.state, State::Gone | State::Stale) && link.kind != LinkKind::Neighbor;
        stands.then(|| Self {
            id: link.id.clone(),
            between_routers: link.kind == LinkKind::Router,
            a: link.a.clone(),
            b: link.b.clone(),
            qualities: [&link.a_hears_b, &link.b_hears_a].map(|direction| direction.as_ref()?.link_quality.map(LinkQuality::get)),
        })
    }
}

/// A network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct NetworkOutline {
    pub(super) id: Id,
    pub(super) name: Option<String>,
    pub(super) channel: Option<u8>,
    /// Partitions that stand, with their leaders.
    pub(super) partitions: BTreeMap<PartitionId, Option<Id>>,
}

impl NetworkOutline {
    fn of(network: &Network) -> Self {
        let stands = |state| matches!(state, State::Confirmed | State::OneSided);
        Self {
            id: network.id.clone(),
            name: network.name.clone(),
            channel: network.channel,
            partitions: network
                .partitions
                .iter()
                .filter(|partition| stands(partition.state))
                .map(|partition| (partition.partition_id, partition.leader.clone()))
                .collect(),
        }
    }

    pub(super) fn called(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("Network {}", self.id))
    }
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FindingOutline {
    pub(super) id: Id,
    pub(super) kind: String,
    pub(super) severity: Severity,
    pub(super) subjects: Vec<Id>,
    pub(super) title: String,
    pub(super) detail: String,
}

/// Findings that tell nothing that another change does not tell: a table that is behind (the move is told), a second partition (the split is),
/// a ghost (its silence is), and what Weft has not read yet, which is no event of the mesh.
const NEVER_TOLD: [&str; 4] = ["outdated-child-row", "second-partition", "ghost", "unheard-router"];

impl FindingOutline {
    fn of(finding: &Finding) -> Option<Self> {
        (!NEVER_TOLD.contains(&finding.kind)).then(|| Self {
            id: finding.id.clone(),
            kind: finding.kind.to_owned(),
            severity: finding.severity,
            subjects: finding.subjects.clone(),
            title: finding.title.clone(),
            detail: finding.detail.clone(),
        })
    }
}

/// Findings by id.
pub(super) fn findings(findings: &[Finding]) -> BTreeMap<Id, FindingOutline> {
    let told = findings.iter().filter_map(FindingOutline::of);
    told.map(|finding| (finding.id.clone(), finding)).collect()
}

/// One network, or the LAN outside all of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PartOutline {
    pub(super) network: Option<NetworkOutline>,
    pub(super) nodes: BTreeMap<Id, NodeOutline>,
    pub(super) links: BTreeMap<Id, LinkOutline>,
    pub(super) findings: BTreeMap<Id, FindingOutline>,
}

impl PartOutline {
    pub(super) fn of(part: &NetworkTopology) -> Self {
        Self {
            network: part.network.as_ref().map(NetworkOutline::of),
            nodes: part.nodes.iter().map(|node| (node.id.clone(), NodeOutline::of(node))).collect(),
            links: part
                .links
                .iter()
                .filter_map(LinkOutline::of)
                .map(|link| (link.id.clone(), link))
                .collect(),
            findings: findings(&part.findings),
        }
    }
}
