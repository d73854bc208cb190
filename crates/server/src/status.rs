//! The state of the sources and of the store, as the page shows it. The binary fills it in.

use serde::Serialize;
use utoipa::ToSchema;
use weft_evidence::SourceState;
use weft_model::Timestamp;
use weft_topology::Contribution;

/// The state of everything that feeds the topology.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Status {
    /// What a reader must know before anything else: that this is the demo, or a replay.
    pub notice: Option<String>,
    /// The sources, in the order of the configuration.
    pub sources: Vec<SourceStatus>,
    /// The store; null where nothing is kept.
    pub store: Option<StoreStatus>,
}

/// The state of one source. A silent source is not a silent device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceStatus {
    /// The configured name.
    pub name: String,
    /// What it is: `mdns`, `replay`, ….
    pub kind: String,
    /// What it is doing.
    #[schema(value_type = String)]
    pub state: SourceState,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why, where it does not work.
    pub reason: Option<String>,
    /// What the user can do about it.
    pub advice: Option<String>,
    /// Its newest capture.
    pub last_capture_at: Option<Timestamp>,
    /// Captures since it started.
    pub captures: u64,
    /// Captures lost since it started.
    pub dropped: u64,
    /// What it told, and what nobody else did; null until something is concluded.
    pub contribution: Option<Contribution>,
}

/// The state of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoreStatus {
    /// Where it lies.
    pub place: String,
    /// Disk use in bytes.
    pub size_bytes: u64,
    /// Captures in it.
    pub captures: u64,
    /// The oldest moment that it can answer for.
    pub oldest_at: Option<Timestamp>,
    /// Why it does not work, and what to do.
    pub problem: Option<String>,
}
