//! What a person sees of the ways to a network: its credential, through whom it can be asked, what the last attempt brought. No field holds a secret.

use crate::{BorderAgentId, CompressedFabricId, ExtendedAddress, ExtendedPanId, Timestamp};
use serde::{Deserialize, Serialize};

/// Everything about the ways to networks at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NetworksView {
    /// Nobody is asked at the moment, because the user said so.
    pub paused: bool,
    /// Networks that are announced or that there is a credential of, by extended PAN ID; what belongs to no known network comes last.
    pub networks: Vec<NetworkWays>,
    /// Home Assistants that Weft is connected to.
    pub home_assistants: Vec<ServerView>,
    /// Matter servers that Weft is connected to.
    pub matter_servers: Vec<ServerView>,
}

/// The ways to one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NetworkWays {
    /// Which network; null for ways of which it is not known where they lead.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub extended_pan_id: Option<ExtendedPanId>,
    /// What it is called.
    pub name: Option<String>,
    /// What Weft may open; null where nothing was given.
    pub credential: Option<CredentialView>,
    /// Ways to it, the best first.
    pub paths: Vec<DataPath>,
    /// Radio time that questions took within the last hour, estimated.
    pub airtime_last_hour: Airtime,
    /// The most radio frames an hour that questions may take.
    pub frames_per_hour: u32,
}

/// A credential that is kept, without what is secret in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CredentialView {
    /// Where it came from.
    pub origin: CredentialOrigin,
    /// Which one: the name of the border router, the address of the server; null where it was given by hand.
    pub origin_name: Option<String>,
    /// When Weft got it.
    pub added_at: Timestamp,
    /// The dataset's active timestamp in seconds since 1970, as networks count them; null where it is not known.
    pub active_timestamp_seconds: Option<u64>,
    /// The network key is in it: frames can be opened.
    pub has_network_key: bool,
    /// The PSKc is in it: border agents let Weft in.
    pub has_pskc: bool,
    /// What comparing it with the network's announcements says.
    pub check: CredentialCheck,
    /// The same in a sentence; says what to do.
    pub detail: String,
}

/// Where a credential came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CredentialOrigin {
    /// A person entered it.
    ByHand,
    /// An OpenThread border router's REST API.
    OtbrRest,
    /// Home Assistant.
    HomeAssistant,
    /// The Thread Border Router Management cluster of a Matter border router (0x0452).
    MatterBorderRouter,
    /// A border agent, over a session that a passcode or an older credential opened.
    BorderAgent,
}

/// How a credential compares with what border routers announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CredentialCheck {
    /// Extended PAN ID and active timestamp are those that are announced.
    Matches,
    /// The network has a newer dataset: keys may have changed.
    Older,
    /// It is newer than what is announced.
    Newer,
    /// No border router announces this network now.
    NotAnnounced,
    /// The same, but the dongle hears the network, and opens what is said there with the credential's key.
    HeardByDongle,
    /// It says no timestamp, or no border router does.
    Unknown,
}

/// One way to a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DataPath {
    /// Names this way; stays the same while addresses change.
    pub id: String,
    /// What it is.
    pub kind: DataPathKind,
    /// Whom: the border router's name, the address of an API.
    pub name: String,
    /// The border agent's id, where it announces one.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub border_agent_id: Option<BorderAgentId>,
    /// The border router's extended address, where it announces one.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub extended_address: Option<ExtendedAddress>,
    /// Where it is asked: `[fd00::1]:49154`, `http://192.0.2.1:8081`.
    pub addresses: Vec<String>,
    /// Vendor and model as announced, where they are.
    pub product: Option<String>,
    /// Where it stands.
    pub state: DataPathState,
    /// Since when.
    pub since: Timestamp,
    /// What the state means here, in a sentence; says what to do.
    pub detail: String,
    /// A one-time passcode can be entered now: the border router waits for one.
    pub waits_for_passcode: bool,
    /// A person named it; it can be removed.
    pub is_by_hand: bool,
    /// What it was seen to be able to do.
    pub abilities: Vec<Ability>,
    /// When it was last tried.
    pub last_attempt_at: Option<Timestamp>,
    /// When it last brought something.
    pub last_success_at: Option<Timestamp>,
    /// When it is to be tried next; null where nothing is planned.
    pub next_attempt_at: Option<Timestamp>,
    /// What the last attempt that worked brought.
    pub brought: Option<Brought>,
}

/// What a data path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DataPathKind {
    /// A border router's MeshCoP border agent.
    BorderAgent,
    /// Weft's own node in the mesh, on a radio dongle.
    Dongle,
    /// The REST API of OpenThread's border router.
    OtbrRest,
}

/// Where a data path stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DataPathState {
    /// Not tried yet.
    Untried,
    /// It is tried right now.
    Trying,
    /// The last attempt brought the mesh.
    Working,
    /// There is no credential for it.
    NeedsCredential,
    /// The credential was refused.
    WrongCredential,
    /// Another commissioner holds the role.
    Busy,
    /// It answers, and does not do this.
    Unsupported,
    /// It does not answer.
    Unreachable,
    /// Something else went wrong.
    Failed,
    /// Another way to the same mesh works: this one stands by.
    StandsBy,
}

/// Something that a data path can or cannot do, as an attempt showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Ability {
    /// What.
    pub kind: AbilityKind,
    /// True: it was seen to; false: it was tried and did not.
    pub works: bool,
    /// When that was seen.
    pub seen_at: Timestamp,
    /// What came back, where that says more.
    pub detail: Option<String>,
}

/// What a data path may be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AbilityKind {
    /// Lets Weft in with the network's PSKc.
    Pskc,
    /// Lets Weft in with a one-time passcode.
    Passcode,
    /// Hands out the active dataset.
    Dataset,
    /// Accepts a commissioner.
    Petition,
    /// Passes messages on to the mesh, and their answers back.
    Proxy,
    /// Passes multicast questions on.
    Multicast,
    /// Answers network diagnostics.
    Diagnostics,
}

/// What one attempt brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Brought {
    /// Routers that answered.
    pub routers: u32,
    /// Routers that the mesh names and that did not answer.
    pub silent_routers: u32,
    /// Children that routers told of.
    pub children: u32,
    /// Messages that came back.
    pub answers: u32,
    /// How long it took.
    pub milliseconds: u64,
    /// Radio time, estimated.
    pub airtime: Airtime,
}

/// Radio time, estimated from payloads and hop counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Airtime {
    /// Frames on the air, every hop counted, without acknowledgments.
    pub frames: u32,
    /// Bytes on the air, headers included.
    pub bytes: u64,
}

impl Airtime {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            frames: self.frames.saturating_add(other.frames),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// A server that Weft is connected to, or tries to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ServerView {
    /// Names it: its address.
    pub id: String,
    /// Address: `ws://homeassistant.local:5580/ws`, `http://homeassistant.local:8123`.
    pub address: String,
    /// What it says it is: product and version.
    pub product: Option<String>,
    /// The fabric of a Matter server.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub fabric: Option<CompressedFabricId>,
    /// Where the connection stands.
    pub state: ServerState,
    /// Since when.
    pub since: Timestamp,
    /// What the state means, in a sentence; says what to do.
    pub detail: String,
    /// Devices that it told of.
    pub devices: u32,
    /// Of those, devices that Weft's own fabric could join without a code.
    pub adoptable: u32,
    /// Thread datasets that it handed over.
    pub datasets: u32,
    /// When it last told something.
    pub last_heard_at: Option<Timestamp>,
}

/// Where the connection to a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ServerState {
    /// It is being connected to.
    Connecting,
    /// It tells.
    Connected,
    /// It refused the token.
    Refused,
    /// It does not answer; tried again by itself.
    Unreachable,
    /// It is something else, or a version that is not understood.
    NotUnderstood,
}
