//! Captures: what came in at the outermost edge that can be kept. What is stored, recorded, replayed and attached to a bug report.
//!
//! Their JSON is one line of a recording; the names are a contract with other programs.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::Ipv6Addr;
use std::sync::Arc;
use weft_model::{Annotation, Channel, CompressedFabricId, ExtendedAddress, ExtendedPanId, MatterNodeId, PanId, Timestamp};

/// One capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Strictly increasing within one recording or store.
    pub seq: u64,
    /// When it was received. Never decreases; where the clock stepped back it was held.
    pub at: Timestamp,
    /// Name of the configured source that heard it.
    pub source: Arc<str>,
    /// What was heard.
    #[serde(flatten)]
    pub body: CaptureBody,
}

/// What was heard, by kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CaptureBody {
    /// A source changed its state.
    Source(SourceReport),
    /// A DNS-SD service instance was resolved or removed.
    Mdns(MdnsCapture),
    /// A Matter node reported attributes.
    MatterReport(MatterReport),
    /// A Matter server's node object.
    MatterServerNode(MatterServerNode),
    /// A Thread management message.
    Tmf(TmfCapture),
    /// An HTTP answer of an OpenThread border router.
    OtbrRest(OtbrRestCapture),
    /// Frames between two radios, summed up.
    RadioSummary(RadioSummaryCapture),
    /// One frame.
    Frame(FrameCapture),
    /// An MLE message that a key opened.
    Mle(MleCapture),
    /// What a person or a companion app says of a device.
    Annotation(Annotation),
    /// Something was asked in vain.
    Failure(FailureCapture),
}

impl CaptureBody {
    /// The kind's name in a recording.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Mdns(_) => "mdns",
            Self::MatterReport(_) => "matter-report",
            Self::MatterServerNode(_) => "matter-server-node",
            Self::Tmf(_) => "tmf",
            Self::OtbrRest(_) => "otbr-rest",
            Self::RadioSummary(_) => "radio-summary",
            Self::Frame(_) => "frame",
            Self::Mle(_) => "mle",
            Self::Annotation(_) => "annotation",
            Self::Failure(_) => "failure",
        }
    }
}

/// `source`: a silent source is not a silent device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReport {
    /// The new state.
    pub state: SourceState,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Captures lost since the last report.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped: u64,
    /// Interface, channel, interval and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// It began; nothing came yet.
    Started,
    /// It hears.
    Working,
    /// It cannot hear: no interface, the port is in use, the dongle is gone.
    Deaf,
    /// It was paused, or the whole machine slept.
    Suspended,
    /// It ended.
    Stopped,
}

/// `mdns`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum MdnsCapture {
    /// What is known of an instance now.
    Resolved {
        /// Service type: `_meshcop._udp.local.`.
        service: String,
        /// Instance label, unescaped.
        instance: String,
        /// Host name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        /// SRV port.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        /// Addresses; `fe80::1%eth0` keeps its scope.
        #[serde(default)]
        addresses: Vec<String>,
        /// Key and hexadecimal value bytes; null where the string has no `=`.
        #[serde(default)]
        txt: Vec<(String, Option<String>)>,
        /// For how long the records are good; 4,500 s where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl_seconds: Option<u32>,
    },
    /// The instance said goodbye, or its records ran out.
    Removed {
        /// Service type.
        service: String,
        /// Instance label.
        instance: String,
    },
}

/// `matter-report`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterReport {
    /// Compressed fabric id.
    pub fabric: CompressedFabricId,
    /// Node id.
    pub node: MatterNodeId,
    /// The attributes.
    pub attributes: Vec<MatterAttribute>,
    /// In which interval this node is asked, where it is not the source's: a sleepy one is asked less often than a router, and its answer is
    /// fresh for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u32>,
}

/// One attribute of a [`MatterReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterAttribute {
    /// Endpoint.
    pub endpoint: u16,
    /// Cluster.
    pub cluster: u32,
    /// Attribute.
    pub attribute: u32,
    /// The value: TLV with an anonymous tag, list chunks put together, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlv: Option<String>,
    /// The status where the device refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u8>,
}

/// `matter-server-node`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatterServerNode {
    /// Which Matter server: its compressed fabric id in hexadecimal digits where it told it, else its address.
    pub server: String,
    /// The node object as the WebSocket API gives it; of a node that was told before, its attributes may be those alone that are news.
    pub node: Value,
    /// Keys of the attributes (`0/53/7`) that the device itself told for this capture: read anew, or reported since the last one. The others are the server's
    /// memory, whose age nobody knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fresh: Vec<String>,
    /// In which interval the node is read through the server, where that is not the source's: see [`MatterReport::interval_seconds`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u32>,
}

/// `tmf`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TmfCapture {
    /// The network that was asked, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_pan_id: Option<ExtendedPanId>,
    /// The address that answered.
    pub peer: Ipv6Addr,
    /// `d/dg`, `d/da`, ….
    pub uri: String,
    /// TLV types that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Vec<u8>>,
    /// CoAP code as text (`2.04`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The payload in hexadecimal digits.
    pub payload: String,
    /// It went by on the air, and answers somebody else: as fresh as what is heard on the air, and no answer to a question of ours.
    #[serde(default, skip_serializing_if = "is_false")]
    pub overheard: bool,
}

/// `otbr-rest`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtbrRestCapture {
    /// The base URL that was asked.
    pub base: String,
    /// The method.
    #[serde(default = "get")]
    pub method: String,
    /// The path.
    pub path: String,
    /// The Accept header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
    /// HTTP status.
    pub status: u16,
    /// JSON as received, else a string.
    #[serde(default)]
    pub body: Value,
}

fn get() -> String {
    "GET".to_owned()
}

/// `radio-summary`: as the dongle heard the *sender*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RadioSummaryCapture {
    /// Channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// PAN id.
    pub pan_id: PanId,
    /// RLOC16 (`0x2c01`) or extended address of the sender.
    pub from: String,
    /// RLOC16 or extended address of the receiver; `0xffff` for everybody.
    pub to: String,
    /// Length of the interval.
    pub interval_seconds: f64,
    /// For how long the pair had been silent when the interval ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<f64>,
    /// Frames.
    #[serde(default)]
    pub frames: u64,
    /// Frames that were acknowledged.
    #[serde(default)]
    pub acknowledged: u64,
    /// Data polls.
    #[serde(default)]
    pub data_polls: u64,
    /// Weakest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rssi_min_dbm: Option<i8>,
    /// Average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rssi_average_dbm: Option<f64>,
    /// Strongest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rssi_max_dbm: Option<i8>,
    /// Average of the radio's LQI, 0 to 255.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lqi_average: Option<f64>,
}

/// `frame`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameCapture {
    /// Channel.
    pub channel: u16,
    /// Strength at the dongle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rssi_dbm: Option<i8>,
    /// The radio's LQI, 0 to 255.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lqi: Option<u8>,
    /// The radio's own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radio_time_us: Option<u64>,
    /// The frame without FCS, in hexadecimal digits.
    pub psdu: String,
}

/// `mle`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MleCapture {
    /// PAN id.
    pub pan_id: PanId,
    /// Extended PAN id, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_pan_id: Option<ExtendedPanId>,
    /// Channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// Strength at the dongle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rssi_dbm: Option<i8>,
    /// The radio's LQI, 0 to 255.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lqi: Option<u8>,
    /// The sender.
    pub from: ExtendedAddress,
    /// The receiver; null for multicast.
    #[serde(default)]
    pub to: Option<ExtendedAddress>,
    /// MLE command number.
    pub command: u8,
    /// TLVs in clear, in hexadecimal digits.
    pub tlvs: String,
    /// The addresses that a child registers in it, in full: in the message they lack prefixes that only whoever listened before knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registered: Vec<Ipv6Addr>,
}

/// `failure`: asked in vain is evidence too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCapture {
    /// Whom.
    pub target: FailureTarget,
    /// What was asked.
    pub attempt: String,
    /// What came back.
    pub error: String,
}

/// Whom a failed question was for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FailureTarget {
    /// A Matter node.
    MatterNode {
        /// Compressed fabric id.
        fabric: CompressedFabricId,
        /// Node id.
        node: MatterNodeId,
    },
    /// A device of a mesh.
    ThreadNode {
        /// Its network.
        #[serde(default)]
        extended_pan_id: Option<ExtendedPanId>,
        /// The address that was asked.
        address: Ipv6Addr,
    },
    /// A border router's REST API.
    OtbrRest {
        /// Its base URL.
        base: String,
    },
    /// Anything else that a later version names.
    #[serde(untagged)]
    Other(Value),
}

/// A channel number as a channel, where it is one.
pub(crate) fn channel(number: Option<u16>) -> Option<Channel> {
    number.and_then(Channel::new)
}
