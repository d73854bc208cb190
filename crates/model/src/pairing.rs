//! What a person sees of Weft's own Matter fabric: jobs that join devices, the devices that have joined. No field holds a secret.

use crate::{CompressedFabricId, MatterNodeId, Timestamp};
use serde::{Deserialize, Serialize};

/// Everything about the fabric at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FabricView {
    /// Tells this fabric from others in announcements. `null` until the first device is paired: nothing is made before.
    pub fabric: Option<CompressedFabricId>,
    /// What other apps list Weft as.
    pub label: String,
    /// Devices are not asked at the moment, because the user said so.
    pub paused: bool,
    /// What is done when a device proves too little about its maker.
    pub attestation: AttestationChoice,
    /// Questions that devices were asked within the last minute, of all networks.
    pub questions_last_minute: u32,
    /// The most questions a minute in one network.
    pub budget_per_minute: u32,
    /// Jobs, the newest first. Finished ones are kept for a day.
    pub jobs: Vec<PairingJob>,
    /// Devices that joined, by node id.
    pub devices: Vec<PairedDevice>,
}

/// What is done when attestation proves too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum AttestationChoice {
    /// The job stops and asks.
    #[default]
    Ask,
    /// It goes on and tells.
    Accept,
}

/// One device to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PairingJob {
    /// Unique in this data directory, increasing.
    pub id: u64,
    /// The setup code, masked: its last two digits, or the discriminator of a QR code.
    pub code: String,
    /// Where it stands.
    pub state: JobState,
    /// The device's own name or maker and product, as far as its announcement or the device told.
    pub name: Option<String>,
    /// The node id that it gets.
    pub node: Option<MatterNodeId>,
    /// Address that was given, where one was.
    pub address: Option<String>,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// `find`, `connect`, `attest`, `credentials`, `session`, `complete`, in this order.
    pub steps: Vec<JobStep>,
    /// Stable name of what went wrong (`wrong-code`, `no-route`, …).
    pub failure: Option<String>,
    /// What went wrong, in words.
    pub error: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
    /// True where the code may work if it is tried again.
    pub may_retry: bool,
    /// What the device proved about its maker.
    pub attestation: Vec<AttestationCheck>,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum JobState {
    /// Others go first.
    Waiting,
    /// It is worked on.
    Running,
    /// The device is ours.
    Done,
    /// It did not work; see `error`.
    Failed,
    /// A person must decide: the device proved too little about its maker.
    Decide,
    /// A person gave it up.
    Cancelled,
}

impl JobState {
    /// True where nothing more happens by itself.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// One of the six steps of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobStep {
    /// Stable name.
    pub step: String,
    /// Where it stands.
    pub state: StepState,
    /// When it began.
    pub began_at: Option<Timestamp>,
    /// How long it took.
    pub milliseconds: Option<u64>,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Going on.
    Running,
    /// Done.
    Done,
    /// It failed.
    Failed,
}

/// One thing that a device proved, or did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AttestationCheck {
    /// `nonce`, `chain`, `root`, `vendor-and-product`, `certification-declaration`, `possession`.
    pub check: String,
    /// What came of it.
    pub outcome: AttestationOutcome,
    /// Why, where it was not proven.
    pub detail: Option<String>,
}

/// What came of one check of attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum AttestationOutcome {
    /// It holds.
    Proven,
    /// It does not hold.
    Failed,
    /// It was not looked at.
    NotChecked,
}

/// A device of our fabric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PairedDevice {
    /// Its node id.
    pub node: MatterNodeId,
    /// Its own name, or maker and product.
    pub name: Option<String>,
    /// When it joined.
    pub paired_at: Timestamp,
    /// Where it stands.
    pub state: DeviceState,
    /// Where it was last reached.
    pub address: Option<String>,
    /// It is asked rarely, as it sleeps.
    pub sleepy: bool,
    /// It cannot be asked at all unless it checks in.
    pub long_idle: bool,
    /// Weft may register with it to be told when it wakes.
    pub check_in: bool,
    /// A subscription stands: it tells of changes by itself.
    pub subscribed: bool,
    /// When it last answered.
    pub answered_at: Option<Timestamp>,
    /// When it will be asked next.
    pub next_question_at: Option<Timestamp>,
    /// Questions in vain since it last answered.
    pub in_vain: u32,
    /// What came back the last time, where that was no answer.
    pub error: Option<String>,
}

/// Where a device of our fabric stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum DeviceState {
    /// It has not been asked since the service began.
    NotAsked,
    /// It answers.
    Answering,
    /// It does not answer.
    Silent,
    /// It says that it is not ours any more.
    Estranged,
    /// It is being told that Weft leaves.
    Leaving,
}
