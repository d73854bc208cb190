//! The topology as other programs see it: one JSON object whose names and meanings are a contract.
//!
//! Unknown values are null, never guessed. Lists are sorted by id; the same evidence gives the same bytes.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use weft_model::{
    ErrorRate, ExtendedAddress, ExtendedPanId, Ipv6Prefix, LinkQuality, MeshLocalPrefix, PanId, PartitionId, Pin, Rloc16, Rssi, Timestamp,
};

/// An identifier of a node, link, network or finding within topologies: stable while the thing is the same thing.
pub type Id = Arc<str>;

/// How far a statement can be trusted: the first that holds, from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A goodbye, a parent's newer table that omits it while nobody else lists it, or 24 h of silence.
    Gone,
    /// Older than its kind allows.
    Stale,
    /// Fresh statements exclude each other.
    Contradicted,
    /// Both ends, or two radios independently.
    Confirmed,
    /// One end, or one reporter.
    OneSided,
    /// Arithmetic only.
    Inferred,
}

impl State {
    /// The name in the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Stale => "stale",
            Self::Contradicted => "contradicted",
            Self::Confirmed => "confirmed",
            Self::OneSided => "one-sided",
            Self::Inferred => "inferred",
        }
    }
}

/// What a device does in its mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The router that leads its partition.
    Leader,
    /// A router.
    Router,
    /// A child that something says may become a router.
    Reed,
    /// A child whose receiver is on.
    EndDevice,
    /// A child that sleeps.
    SleepyEndDevice,
    /// Nobody said.
    Unknown,
}

impl Role {
    /// The name in the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Router => "router",
            Self::Reed => "reed",
            Self::EndDevice => "end-device",
            Self::SleepyEndDevice => "sleepy-end-device",
            Self::Unknown => "unknown",
        }
    }
}

/// Where a capture lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CaptureReference {
    /// Name of the recording that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub recording: Option<Arc<str>>,
    /// Name of the store that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub store: Option<Arc<str>>,
    /// Sequence number there.
    pub seq: u64,
}

/// One statement behind something believed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Claim {
    /// Through which source it came.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub source: Arc<str>,
    /// Who said it: a node id, or the reporter's own name where it is no node.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub reporter: Arc<str>,
    /// What was said, in short.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub fact: Arc<str>,
    /// When it was true: received, less the age that came with it. Null where the source tells no time.
    pub observed_at: Option<Timestamp>,
    /// The capture.
    pub capture: CaptureReference,
}

/// Who said it, where a person did.
pub(crate) const PERSON: &str = "a person";
/// The reporter of what a program calls a device, as its people do.
pub(crate) const PROGRAM: &str = "another program";

impl Claim {
    /// True where a person said so, here or to another program, rather than a device.
    pub fn is_by_person(&self) -> bool {
        [PERSON, PROGRAM].contains(&&*self.reporter)
    }

    /// Sorts claims by capture, reporter and fact, and drops repetitions.
    pub(crate) fn put_in_order(claims: &mut Vec<Claim>) {
        claims.sort_unstable_by(|left, right| {
            let key = |claim: &Claim| (claim.capture.seq, claim.observed_at);
            key(left)
                .cmp(&key(right))
                .then_with(|| left.reporter.cmp(&right.reporter))
                .then_with(|| left.fact.cmp(&right.fact))
                .then_with(|| left.cmp(right))
        });
        claims.dedup();
    }
}

/// A Thread network.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Network {
    /// Extended PAN id; `pan-4f21-ch25` until one is known.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: Id,
    /// Extended PAN id.
    pub extended_pan_id: Option<ExtendedPanId>,
    /// Network name.
    pub name: Option<String>,
    /// PAN id.
    pub pan_id: Option<PanId>,
    /// Channel.
    pub channel: Option<u8>,
    /// Mesh-local prefix.
    pub mesh_local_prefix: Option<MeshLocalPrefix>,
    /// Prefixes of routable addresses, sorted.
    pub omr_prefixes: Vec<Ipv6Prefix>,
    /// Partitions that a router or leader said exist, sorted by id.
    pub partitions: Vec<Partition>,
}

/// A partition of a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Partition {
    /// Partition id.
    pub partition_id: PartitionId,
    /// Node id of the leader, where known.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub leader: Option<Id>,
    /// How far its existence can be trusted.
    pub state: State,
}

/// A device, or a place in a mesh that somebody names.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Node {
    /// The device's first known radio extended address, else `<network>/<partition>/<rloc16>`, else a name of its LAN registration.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: Id,
    /// Ids that this node had before more was known.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub previous_ids: Vec<Id>,
    /// Network id; null: on the LAN, not known to be in a mesh.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub network: Option<Id>,
    /// Partition id.
    pub partition_id: Option<PartitionId>,
    /// The radio's extended address now.
    pub extended_address: Option<ExtendedAddress>,
    /// Locator.
    pub rloc16: Option<Rloc16>,
    /// Role.
    pub role: Role,
    /// It is a border router.
    pub border_router: bool,
    /// Name.
    pub name: Option<String>,
    /// Room.
    pub room: Option<String>,
    /// Where a person put it on the map.
    pub pin: Option<Pin>,
    /// What a person remarked.
    pub note: Option<String>,
    /// A person muted its findings; `note` says why.
    pub muted: bool,
    /// Since when.
    pub muted_since: Option<Timestamp>,
    /// Vendor.
    pub vendor: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// How far its existence can be trusted.
    pub state: State,
    /// Its parent; null for routers, and where nobody knows.
    pub parent: Option<Parent>,
    /// Its last parent, of a child that is lost or moved.
    pub last_parent: Option<LastParent>,
    /// Its parents so far, newest first; the present one is the first.
    pub parents: Vec<PastParent>,
    /// How a dongle hears it.
    pub heard_by_dongle: Option<HeardByDongle>,
    /// When a radio or the device itself last gave a sign of its life. A registration is none.
    pub last_heard_at: Option<Timestamp>,
    /// Predicted path to the nearest border router.
    pub path: Option<Path>,
    /// IPv6 addresses, sorted, as text.
    pub addresses: Vec<String>,
    /// Names that other programs know it by.
    pub known_as: KnownAs,
    /// True where some router speaks of this one, and nobody ever heard its tables.
    pub unheard: bool,
    /// How many ways that share no device lead from it to border routers of its partition over good links: 0, 1, or 2 for two or more.
    /// A child has its parent's ways. Null where too little is known.
    pub independent_paths: Option<u8>,
    /// Who says so.
    pub claims: Vec<Claim>,
}

/// Names that other programs know a device by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct KnownAs {
    /// Matter fabric and node ids as `FABRIC-NODE`, sorted.
    pub matter: Vec<String>,
    /// HomeKit pairing ids, sorted.
    pub hap: Vec<String>,
    /// Host names, sorted.
    pub hosts: Vec<String>,
    /// Border agent id.
    pub border_agent_id: Option<String>,
    /// Factory EUI-64.
    pub eui64: Option<String>,
}

/// A present parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Parent {
    /// Node id of the parent.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub node: Id,
    /// How far it can be trusted.
    pub state: State,
    /// Since when it is known to be the parent.
    pub since: Option<Timestamp>,
    /// Why: one line for each reason, strongest first.
    pub reasons: Vec<String>,
}

/// The parent that a child had last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LastParent {
    /// Node id.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub node: Id,
    /// Until when it is known to have been the parent.
    pub until: Timestamp,
}

/// One parent of a child's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PastParent {
    /// Node id.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub node: Id,
    /// Since when.
    pub since: Timestamp,
    /// Until when; null while it lasts.
    pub until: Option<Timestamp>,
}

/// How a dongle hears a radio. Never what two nodes hear of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HeardByDongle {
    /// Average strength at the dongle.
    pub rssi_average_dbm: Option<Rssi>,
    /// When.
    pub observed_at: Timestamp,
}

/// A path through the mesh, predicted from what routers say of their links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Path {
    /// Node id of the border router at its end.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub to: Id,
    /// Sum of the hops' costs.
    pub cost: u32,
    /// The hops from the device on, the border router last.
    pub hops: Vec<Hop>,
}

/// One hop of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Hop {
    /// Node id that the hop leads to.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub node: Id,
    /// Its cost: 1, 2 or 4 after the weaker direction's quality (Thread), 1 for a child's hop.
    pub cost: u32,
    /// True where a router's own table names this next hop; false where it is computed from link qualities.
    pub stated: bool,
}

/// What a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// Between two routers.
    Router,
    /// `a` is the parent of `b`.
    ParentChild,
    /// An FTD child hears a router that is not its parent.
    Neighbor,
}

/// What carries a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Medium {
    /// IEEE 802.15.4.
    Radio,
    /// Thread radio encapsulation over the LAN.
    Trel,
    /// Nobody can tell.
    Unknown,
}

/// A link: two one-sided statements.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Link {
    /// `<a>~<b>`.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: Id,
    /// What it is.
    pub kind: LinkKind,
    /// What carries it.
    pub medium: Medium,
    /// One end; the parent of a parent-child link, else the smaller id.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub a: Id,
    /// The other end.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub b: Id,
    /// How far it can be trusted.
    pub state: State,
    /// How `a` hears `b`; null where nobody said.
    pub a_hears_b: Option<Direction>,
    /// How `b` hears `a`.
    pub b_hears_a: Option<Direction>,
    /// Who says so.
    pub claims: Vec<Claim>,
}

/// One direction of a link.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Direction {
    /// Thread link quality, 0 to 3.
    pub link_quality: Option<LinkQuality>,
    /// Link margin.
    pub link_margin_db: Option<u8>,
    /// Average strength.
    pub average_rssi_dbm: Option<Rssi>,
    /// Strength of the last frame.
    pub last_rssi_dbm: Option<Rssi>,
    /// Frame error rate.
    pub frame_error_percent: Option<ErrorRate>,
    /// Message error rate.
    pub message_error_percent: Option<ErrorRate>,
    /// When it was true; null where the source tells no time.
    pub observed_at: Option<Timestamp>,
    /// True: the other end's table said it for this one.
    pub relayed: bool,
}

/// How urgent a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// May become a problem.
    Warning,
    /// Is one.
    Problem,
}

/// Something about a mesh that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Finding {
    /// `<kind>:<subjects>`: the same while it is about the same things.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: Id,
    /// Kind: `second-partition`, ….
    pub kind: &'static str,
    /// Severity.
    pub severity: Severity,
    /// Ids of nodes, links or networks that it is about, sorted.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub subjects: Vec<Id>,
    /// One line.
    pub title: String,
    /// What was seen, by whom.
    pub detail: String,
    /// What to do.
    pub advice: String,
    /// A person does not want to hear of it; null where nobody said so.
    pub muted: Option<Muted>,
}

/// A person muted a finding, or the device that it is about. Nothing is dropped for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Muted {
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// When it was said.
    pub since: Timestamp,
}

/// What is concluded of one network, or of the LAN outside all of them. Shared, not copied, from one snapshot to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkTopology {
    /// The network; `None` for the devices of which no network is known.
    pub network: Option<Network>,
    /// Nodes, sorted by id.
    pub nodes: Vec<Node>,
    /// Links, sorted by id.
    pub links: Vec<Link>,
    /// Findings, sorted by id.
    pub findings: Vec<Finding>,
    /// What only the plan needs to know of the devices, sorted by node id. Not part of the JSON.
    pub clues: Vec<crate::plan::Clue>,
    /// What people say of devices of this network and of another one. Not part of the JSON.
    pub half_words: Vec<crate::network::HalfWord>,
    /// Until when age alone changes nothing.
    pub valid_until: Timestamp,
}

/// The whole topology: the parts, and what a pass across them adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Topology {
    /// The moment that it is about.
    pub as_of: Timestamp,
    /// Until when age alone changes nothing.
    pub valid_until: Timestamp,
    /// One part for each network, sorted by id, and last the LAN outside all networks.
    pub parts: Vec<Arc<NetworkTopology>>,
    /// Findings across networks, sorted by id.
    pub findings: Vec<Finding>,
}

impl Topology {
    /// All nodes, in the order of the parts.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.parts.iter().flat_map(|part| &part.nodes)
    }

    /// All links, in the order of the parts.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.parts.iter().flat_map(|part| &part.links)
    }

    /// All networks, sorted by id.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.parts.iter().filter_map(|part| part.network.as_ref())
    }

    /// All findings, those of parts first.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.parts.iter().flat_map(|part| &part.findings).chain(&self.findings)
    }

    /// A node by its id, or by an id that it had before.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes()
            .find(|node| *node.id == *id)
            .or_else(|| self.nodes().find(|node| node.previous_ids.iter().any(|previous| **previous == *id)))
    }

    /// A link by its id.
    pub fn link(&self, id: &str) -> Option<&Link> {
        self.links().find(|link| *link.id == *id)
    }
}
