//! What a person sees of a radio dongle: the port and its firmware, what it listens to, what it heard, and the node that it may be in a mesh. No field holds a
//! secret.

use crate::{Channel, ExtendedAddress, ExtendedPanId, PanId, PartitionId, Rloc16, Timestamp};
use serde::{Deserialize, Serialize};

/// How a dongle is doing. Changes once a second at most, and at once when something happens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DongleView {
    /// What it does now.
    pub mode: DongleMode,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What the mode means here, in a sentence; says what to do where something is to be done.
    pub detail: String,
    /// The open port.
    pub port: Option<String>,
    /// What its firmware is.
    pub kind: Option<DongleKind>,
    /// Firmware as it names itself.
    pub firmware: Option<String>,
    /// Spinel version: `4.3`.
    pub protocol: Option<String>,
    /// Version of the interface between radio and host.
    pub rcp_api: Option<u32>,
    /// EUI-64 of the chip.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub hardware_address: Option<ExtendedAddress>,
    /// The channel it listens on; null while it listens on none, or on all in turn.
    pub channel: Option<Channel>,
    /// The network whose key it has; null where it has no key for what it hears. What that key opened so far says `opened`.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub opens: Option<ExtendedPanId>,
    /// Frames and MLE messages that the key opened, since it was set. 0 with a key: it may be another network's.
    #[serde(default)]
    pub opened: u64,
    /// Frames since the service began.
    pub frames: u64,
    /// Frames in the last second.
    pub frames_per_second: u64,
    /// Frames that the radio calls damaged, since the service began.
    pub damaged: u64,
    /// Pieces of the serial line that were no frame, since the service began.
    pub garbage: u64,
    /// Captures of it that were lost because the service did not keep up, since it began.
    pub dropped: u64,
    /// How often it had to be brought back, since the service began.
    pub recoveries: u64,
    /// PANs of which the key opened nothing, though it was tried: other networks. Empty without a key.
    pub foreign_pans: Vec<PanId>,
    /// Why it did not listen last.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
    /// When it worked again after that; null while it does not.
    #[serde(default)]
    pub last_error_until: Option<Timestamp>,
    /// How far a scan is that is under way.
    pub scanning: Option<ScanProgress>,
    /// What the last scan heard.
    pub scan: Option<ChannelScan>,
    /// It is, or is to be, a node of a mesh.
    pub node: Option<OwnNodeView>,
}

/// What a dongle does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DongleMode {
    /// It is not plugged in, or its port cannot be opened.
    #[default]
    Absent,
    /// Its port is open, and it is being set up.
    Starting,
    /// It listens on one channel.
    Listening,
    /// It listens on all channels in turn, until there is a Thread network.
    Searching,
    /// It goes through the channels once, and is deaf on its own meanwhile.
    Scanning,
    /// It takes part in a mesh, or tries to: it hears what is addressed to it and to everybody.
    TakingPart,
    /// Its port is open, and it hears nothing.
    Deaf,
}

/// What firmware a dongle has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DongleKind {
    /// OpenThread's radio co-processor: listens, scans, takes part.
    Rcp,
    /// Nordic's 802.15.4 sniffer: listens only.
    NordicSniffer,
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ScanProgress {
    /// The channel that is listened to.
    pub channel: Channel,
    /// Channels that are done.
    pub done: u8,
    /// Channels in all.
    pub of: u8,
    /// How long on each channel.
    pub dwell_milliseconds: u64,
}

/// What a scan heard on each channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChannelScan {
    /// When it was over.
    pub taken_at: Timestamp,
    /// How long on each channel.
    pub dwell_milliseconds: u64,
    /// Channels, in their order.
    pub channels: Vec<ScannedChannel>,
}

/// One channel of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ScannedChannel {
    /// Channel.
    pub channel: Channel,
    /// Frames.
    pub frames: u64,
    /// Frames that are secured as Thread secures them.
    pub thread_frames: u64,
    /// PAN ids that were heard.
    pub pan_ids: Vec<PanId>,
    /// The strongest frame, dBm.
    pub rssi_max_dbm: Option<i8>,
    /// The strongest energy of whatever kind, Wi-Fi included, dBm; null where the radio does not measure it.
    pub energy_max_dbm: Option<i8>,
}

/// The node that a dongle is, or is to be, in a mesh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OwnNodeView {
    /// The network.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub extended_pan_id: ExtendedPanId,
    /// What it is called.
    pub network_name: Option<String>,
    /// Its extended address there: made up at random once, and kept.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub extended_address: ExtendedAddress,
    /// Where it stands.
    pub state: OwnNodeState,
    /// Since when.
    pub since: Timestamp,
    /// What the state means, in a sentence; why it has no parent, and what to do.
    pub detail: String,
    /// Its address in the mesh, while it has one.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub rloc16: Option<Rloc16>,
    /// The router whose child it is.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub parent: Option<ExtendedAddress>,
    /// The partition.
    pub partition_id: Option<PartitionId>,
    /// Frames that it sent since it began, repeats by the radio not counted.
    pub frames_sent: u64,
    /// Frames that nobody acknowledged.
    pub frames_lost: u64,
    /// Routers that answered when it looked for a parent: how well each hears it, and it each.
    pub routers: Vec<RouterFromHere>,
}

/// Where a node of ours stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OwnNodeState {
    /// Weft does not have the whole dataset of the network (any more).
    NoDataset,
    /// The radio is not there yet, or no longer.
    Waiting,
    /// It looks for the channel of the network.
    Discovering,
    /// It looks for a parent.
    Attaching,
    /// It is a child.
    Attached,
    /// It says goodbye.
    Leaving,
}

/// A router as it is from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RouterFromHere {
    /// Its address in the mesh.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub rloc16: Rloc16,
    /// Its radio.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub extended_address: ExtendedAddress,
    /// How strong the dongle hears it, dBm.
    pub rssi_dbm: Option<i8>,
    /// How far above its noise it hears the dongle, dB, as it says.
    pub link_margin_db: u8,
    /// When that was.
    pub at: Timestamp,
}
