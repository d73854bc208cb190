//! Evidence to topology: identity, partitions, roles, parents, links, findings. Pure: no clock, no IO, no bytes, no hash order.

mod ageing;
mod changes;
mod contribution;
mod diff;
mod engine;
mod finding;
mod json;
mod network;
pub mod plan;
mod policy;
mod seek;
mod snapshot;

pub use changes::{CHRONICLE_VERSION, Change, ChangeGroup, ChangeKind, Chronicle, ChronicleState, Effect, Event, Patience, changes};
pub use contribution::{Contribution, Contributions};
pub use diff::{Changes, Delta, DeltaWithoutClaims, diff};
pub use engine::{Engine, derive, derive_one};
pub use json::{Document, FORMAT, VERSION, WithoutClaims};
pub use policy::{CapturePlace, Policy};
pub use seek::{Past, Seeker};
pub use snapshot::{
    CaptureReference, Claim, Direction, Finding, HeardByDongle, Hop, Id, KnownAs, LastParent, Link, LinkKind, Medium, Muted, Network,
    NetworkTopology, Node, Parent, Partition, PastParent, Path, Role, Severity, State, Topology,
};
