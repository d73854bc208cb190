//! The vocabulary of Weft: typed identifiers, units, and the statements that devices make about a Thread mesh.
//!
//! This crate knows no bytes, no clock and no IO. A type's documentation says in which scope its values mean something:
//! an [`Rloc16`] means nothing outside its partition and moment.

mod address;
mod data_path;
mod dongle;
mod fact;
mod identifier;
mod network_check;
mod pairing;
mod radio;
mod refusal;
mod rloc16;
mod service;
mod tables;
mod time;
pub mod words;

pub use address::{AddressKind, Ipv6Prefix, MeshLocalPrefix};
pub use data_path::{
    Ability, AbilityKind, Airtime, Brought, CredentialCheck, CredentialOrigin, CredentialView, DataPath, DataPathKind, DataPathState, NetworkWays,
    NetworksView, ServerState, ServerView,
};
pub use dongle::{ChannelScan, DongleKind, DongleMode, DongleView, OwnNodeState, OwnNodeView, RouterFromHere, ScanProgress, ScannedChannel};
pub use fact::{
    Annotation, AnnotationTarget, AttributePath, AttributeValue, Dataset, Fact, FactKind, NetworkInterface, Pin, PowerSource, RadioPeer,
    RadioSummary, RoutingRole, ThreadNetworkEntry,
};
pub use identifier::{BorderAgentId, CompressedFabricId, Eui64, ExtendedAddress, ExtendedPanId, MatterNodeId, MatterPeer, PanId, PartitionId};
pub use network_check::{Check, CheckResult, CheckedInterface, InterfaceKind, MdnsState, NetworkQuestion, NetworkReport, NetworkToReach};
pub use pairing::{
    AttestationCheck, AttestationChoice, AttestationOutcome, DeviceState, FabricView, JobState, JobStep, PairedDevice, PairingJob, StepState,
};
pub use radio::{Channel, ErrorRate, LinkQuality, RadioLqi, Rssi};
pub use refusal::Refusal;
pub use rloc16::{ChildId, Rloc16, RouterId};
pub use service::{
    BorderAgentConnectionMode, BorderAgentRecord, BorderAgentRole, BorderAgentState, CommissionableRecord, CommissionerRecord, HapRecord,
    LedProtocolRecord, OperationalRecord, ServiceDetails, ServiceRecord, SrpReplicationRecord, TrelRecord,
};
pub use tables::{
    ChildAddressesRow, ChildRow, ChildTableRow, Connectivity, DeviceMode, EnhancedRouteRow, LeaderData, MacCounters, MleCounters, NeighborRow,
    Route64, Route64Row, RouteRow, RouterNeighborRow,
};
pub use time::{ParseTimestampError, Timestamp};
