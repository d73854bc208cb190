//! What happened, in words: two topologies compared as a person would, not field by field.
//!
//! A thing is told once:
//!
//! - A device that came, went or fell silent takes its links, its parent and findings about it alone along. So does a network its devices.
//! - Links that end or begin because one end became router or child, changed its partition, or was read for the first time, are not told.
//! - A child whose parent becomes known was *placed*; only one that had another parent before *moved*.
//! - `one-way-link` and `weak-only` are told as findings, in place of the better or worse link that they are about. Findings that repeat another
//!   change ([`outline`]) are not told.
//! - A device whose id changed is matched by its former ids, and its radio by its address: it neither left nor joined.
//!
//! [`changes`] compares any two moments. [`Chronicle`] folds a course of moments into events that lasted.

mod chronicle;
mod coalesce;
mod compare;
mod devices;
mod finding;
mod links;
mod networks;
mod outline;
mod settle;
mod waiting;

pub use chronicle::{Chronicle, ChronicleState, Event, Patience, VERSION as CHRONICLE_VERSION};

use crate::diff::changed_parts;
use crate::{Id, Severity, Topology};
use outline::PartOutline;
use serde::{Deserialize, Serialize};

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A network split into more partitions.
    Split,
    /// Partitions became one.
    Merged,
    /// A network appeared or vanished.
    Network,
    /// A border router came or went, or a device became one or ceased to be one.
    BorderRouter,
    /// A device is gone.
    Gone,
    /// A device is heard no more.
    Silent,
    /// A child has no known parent any more.
    LostParent,
    /// A device is there for the first time.
    Joined,
    /// A device that was silent or gone is heard again.
    Returned,
    /// A child has another parent.
    Moved,
    /// The parent of a child became known.
    Placed,
    /// Another leader.
    Leader,
    /// A router became an end device, or the other way.
    Role,
    /// A partition has another id, or a device changed its partition.
    Partition,
    /// A network changed its channel.
    Channel,
    /// A finding is new.
    FindingNew,
    /// A finding is over.
    FindingOver,
    /// A link between routers is new.
    LinkNew,
    /// A link between routers is gone.
    LinkGone,
    /// A link got worse.
    LinkWorse,
    /// A link got better.
    LinkBetter,
    /// A device or network has another name.
    Renamed,
    /// A device's radio has another address.
    Address,
    /// Something else.
    Other,
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeGroup {
    /// Devices and their places.
    Devices,
    /// What devices do in the mesh.
    Roles,
    /// Links.
    Links,
    /// Networks and partitions.
    Networks,
    /// Findings.
    Findings,
}

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// There is something more.
    Added,
    /// There is something less.
    Removed,
    /// It is otherwise than before.
    Changed,
    /// It got better.
    Better,
    /// It got worse.
    Worse,
}

/// One thing that happened, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// What it is about.
    pub group: ChangeGroup,
    /// What it means.
    pub effect: Effect,
    /// How urgent it is.
    pub severity: Severity,
    /// `Garage sensor moved from Hall plug to Porch bulb`.
    pub text: String,
    /// `quality 3 / 3, now 2 / 1`.
    pub detail: Option<String>,
    /// Ids of nodes, links, networks and findings that it is about, the main one first. Each is in the older or the newer topology.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub subjects: Vec<Id>,
}

impl Change {
    fn new(kind: ChangeKind, effect: Effect, severity: Severity, text: String, subjects: Vec<Id>) -> Self {
        use ChangeKind as Kind;
        let group = match kind {
            Kind::Joined | Kind::Gone | Kind::Returned | Kind::Silent | Kind::Moved | Kind::Placed | Kind::LostParent => ChangeGroup::Devices,
            Kind::Renamed | Kind::Address | Kind::Other => ChangeGroup::Devices,
            Kind::Leader | Kind::Role | Kind::BorderRouter => ChangeGroup::Roles,
            Kind::LinkNew | Kind::LinkGone | Kind::LinkBetter | Kind::LinkWorse => ChangeGroup::Links,
            Kind::Network | Kind::Partition | Kind::Split | Kind::Merged | Kind::Channel => ChangeGroup::Networks,
            Kind::FindingNew | Kind::FindingOver => ChangeGroup::Findings,
        };
        Self {
            kind,
            group,
            effect,
            severity,
            text,
            detail: None,
            subjects,
        }
    }

    fn with_detail(self, detail: impl Into<Option<String>>) -> Self {
        Self {
            detail: detail.into(),
            ..self
        }
    }
}

/// What happened between two topologies, the most urgent first. Costs what changed: parts that both share are not looked at.
pub fn changes(old: &Topology, new: &Topology) -> Vec<Change> {
    let parts: Vec<(Option<PartOutline>, Option<PartOutline>)> = changed_parts(old, new)
        .into_iter()
        .map(|(old, new)| (old.map(PartOutline::of), new.map(PartOutline::of)))
        .collect();
    let pairs = parts.iter().map(|(old, new)| (old.as_ref(), new.as_ref()));
    compare::compare(pairs, &outline::findings(&old.findings), &outline::findings(&new.findings))
}
