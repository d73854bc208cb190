//! The TLVs of MLE, each as what it says. Layouts that network diagnostics share are read by the same code.

use super::{Discovery, LinkMetric, LinkMetricsStatus};
use weft_model::{Channel, Connectivity, Dataset, DeviceMode, Ipv6Prefix, LeaderData, PanId, Rloc16, Route64};

/// TLV types of MLE.
#[allow(missing_docs)] // the names are those of the specification
pub mod number {
    pub const SOURCE_ADDRESS: u8 = 0;
    pub const MODE: u8 = 1;
    pub const TIMEOUT: u8 = 2;
    pub const CHALLENGE: u8 = 3;
    pub const RESPONSE: u8 = 4;
    pub const LINK_FRAME_COUNTER: u8 = 5;
    pub const LINK_QUALITY: u8 = 6;
    pub const NETWORK_PARAMETER: u8 = 7;
    pub const MLE_FRAME_COUNTER: u8 = 8;
    pub const ROUTE64: u8 = 9;
    pub const ADDRESS16: u8 = 10;
    pub const LEADER_DATA: u8 = 11;
    pub const NETWORK_DATA: u8 = 12;
    pub const TLV_REQUEST: u8 = 13;
    pub const SCAN_MASK: u8 = 14;
    pub const CONNECTIVITY: u8 = 15;
    pub const LINK_MARGIN: u8 = 16;
    pub const STATUS: u8 = 17;
    pub const VERSION: u8 = 18;
    pub const ADDRESS_REGISTRATION: u8 = 19;
    pub const CHANNEL: u8 = 20;
    pub const PAN_ID: u8 = 21;
    pub const ACTIVE_TIMESTAMP: u8 = 22;
    pub const PENDING_TIMESTAMP: u8 = 23;
    pub const ACTIVE_DATASET: u8 = 24;
    pub const PENDING_DATASET: u8 = 25;
    pub const DISCOVERY: u8 = 26;
    pub const SUPERVISION_INTERVAL: u8 = 27;
    pub const WAKE_UP_CHANNEL: u8 = 74;
    pub const CSL_CHANNEL: u8 = 80;
    pub const CSL_TIMEOUT: u8 = 85;
    pub const CSL_CLOCK_ACCURACY: u8 = 86;
    pub const LINK_METRICS_QUERY: u8 = 87;
    pub const LINK_METRICS_MANAGEMENT: u8 = 88;
    pub const LINK_METRICS_REPORT: u8 = 89;
    pub const LINK_PROBE: u8 = 90;
}

/// An address that a child registers with its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegisteredAddress {
    /// Prefix by 6LoWPAN context (0: mesh-local), interface id as it came.
    Compressed {
        /// Context id.
        context: u8,
        /// Interface id.
        interface_id: [u8; 8],
    },
    /// In full.
    Full(std::net::Ipv6Addr),
}

/// What one TLV says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tlv {
    /// The sender's locator; `None`: it has none.
    SourceAddress(Option<Rloc16>),
    /// A mode: the sender's, or in a parent's Child Update Response the child's.
    Mode(DeviceMode),
    /// A child's timeout; 0 when it says good-bye.
    TimeoutSeconds(u32),
    /// Eight random bytes, to be given back.
    Challenge(Vec<u8>),
    /// The challenge given back.
    Response(Vec<u8>),
    /// The sender's MAC frame counter.
    LinkFrameCounter(u32),
    /// The sender's MLE frame counter.
    MleFrameCounter(u32),
    /// The sender's view of all routers.
    Route64(Route64),
    /// The locator that the *receiver* is given; `None` for a number that is none.
    Address16(Option<Rloc16>),
    /// Leader data.
    LeaderData(LeaderData),
    /// Network data as it came, and the off-mesh-routable prefixes in it, sorted.
    NetworkData {
        /// As it came.
        bytes: Vec<u8>,
        /// Off-mesh-routable prefixes.
        omr_prefixes: Vec<Ipv6Prefix>,
    },
    /// TLV types that the receiver is asked for.
    TlvRequest(Vec<u8>),
    /// Who shall answer a Parent Request.
    ScanMask {
        /// Routers.
        routers: bool,
        /// Router eligible end devices.
        end_devices: bool,
    },
    /// What a router offers a child.
    Connectivity(Connectivity),
    /// How far above the noise the sender hears the receiver.
    LinkMarginDb(u8),
    /// Status; 1 is an error.
    Status(u8),
    /// The sender's Thread version number.
    Version(u16),
    /// Addresses of a child: what it registers, or what its parent took.
    AddressRegistration(Vec<RegisteredAddress>),
    /// Channel; `None` outside the 2.4 GHz band.
    Channel(Option<Channel>),
    /// PAN id.
    PanId(PanId),
    /// The timestamp of the sender's active dataset, packed as on the wire.
    ActiveTimestamp(u64),
    /// The timestamp of the sender's pending dataset, packed as on the wire.
    PendingTimestamp(u64),
    /// The active dataset, without its secrets.
    ActiveDataset(Box<Dataset>),
    /// The pending dataset, without its secrets.
    PendingDataset(Box<Dataset>),
    /// What a network tells those who look for one.
    Discovery(Discovery),
    /// How often a parent sends something to a child that hears nothing else.
    SupervisionIntervalSeconds(u16),
    /// The channel for waking devices up; `None` outside the 2.4 GHz band.
    WakeUpChannel(Option<Channel>),
    /// The channel that a CSL receiver listens on; `None`: the network's.
    CslChannel(Option<Channel>),
    /// After this time without a frame a CSL receiver counts as lost.
    CslTimeoutSeconds(u32),
    /// The sender's clock.
    CslClockAccuracy {
        /// Parts per million.
        accuracy_ppm: u8,
        /// Units of ten microseconds.
        uncertainty_ten_microseconds: u8,
    },
    /// Link metrics that the receiver is asked for, as they came.
    LinkMetricsQuery(Vec<u8>),
    /// Orders to measure, as they came, and an answer's status.
    LinkMetricsManagement {
        /// As it came.
        bytes: Vec<u8>,
        /// Status of an answer.
        status: Option<LinkMetricsStatus>,
    },
    /// What the sender measured of the receiver.
    LinkMetricsReport {
        /// The values.
        metrics: Vec<LinkMetric>,
        /// Why there are none.
        status: Option<LinkMetricsStatus>,
    },
    /// Filling for measuring.
    LinkProbe(Vec<u8>),
    /// A type that is not known, as it came.
    Other(u8, Vec<u8>),
}

impl Tlv {
    /// The type.
    pub fn number(&self) -> u8 {
        match self {
            Self::SourceAddress(_) => number::SOURCE_ADDRESS,
            Self::Mode(_) => number::MODE,
            Self::TimeoutSeconds(_) => number::TIMEOUT,
            Self::Challenge(_) => number::CHALLENGE,
            Self::Response(_) => number::RESPONSE,
            Self::LinkFrameCounter(_) => number::LINK_FRAME_COUNTER,
            Self::MleFrameCounter(_) => number::MLE_FRAME_COUNTER,
            Self::Route64(_) => number::ROUTE64,
            Self::Address16(_) => number::ADDRESS16,
            Self::LeaderData(_) => number::LEADER_DATA,
            Self::NetworkData { .. } => number::NETWORK_DATA,
            Self::TlvRequest(_) => number::TLV_REQUEST,
            Self::ScanMask { .. } => number::SCAN_MASK,
            Self::Connectivity(_) => number::CONNECTIVITY,
            Self::LinkMarginDb(_) => number::LINK_MARGIN,
            Self::Status(_) => number::STATUS,
            Self::Version(_) => number::VERSION,
            Self::AddressRegistration(_) => number::ADDRESS_REGISTRATION,
            Self::Channel(_) => number::CHANNEL,
            Self::PanId(_) => number::PAN_ID,
            Self::ActiveTimestamp(_) => number::ACTIVE_TIMESTAMP,
            Self::PendingTimestamp(_) => number::PENDING_TIMESTAMP,
            Self::ActiveDataset(_) => number::ACTIVE_DATASET,
            Self::PendingDataset(_) => number::PENDING_DATASET,
            Self::Discovery(_) => number::DISCOVERY,
            Self::SupervisionIntervalSeconds(_) => number::SUPERVISION_INTERVAL,
            Self::WakeUpChannel(_) => number::WAKE_UP_CHANNEL,
            Self::CslChannel(_) => number::CSL_CHANNEL,
            Self::CslTimeoutSeconds(_) => number::CSL_TIMEOUT,
            Self::CslClockAccuracy { .. } => number::CSL_CLOCK_ACCURACY,
            Self::LinkMetricsQuery(_) => number::LINK_METRICS_QUERY,
            Self::LinkMetricsManagement { .. } => number::LINK_METRICS_MANAGEMENT,
            Self::LinkMetricsReport { .. } => number::LINK_METRICS_REPORT,
            Self::LinkProbe(_) => number::LINK_PROBE,
            Self::Other(number, _) => *number,
        }
    }
}
