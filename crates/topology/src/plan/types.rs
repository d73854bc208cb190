//! The plan as other programs see it: one JSON object. Numbers that are estimates say so.

use crate::snapshot::Id;
use serde::Serialize;
use weft_model::{FabricView, NetworksView, Timestamp};

/// Which step to take next, what each would add, and what no step can.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Plan {
    /// The moment that it is about.
    pub as_of: Timestamp,
    /// Where things stand and what comes next, in a sentence or two.
    pub summary: String,
    /// No step that can be taken now would add anything.
    pub nothing_left: bool,
    /// How much is known, network by network, sorted by id.
    pub coverage: Vec<Coverage>,
    /// What to do, best first. Each gain counts only what the steps before it leave, so the sum counts nothing twice.
    pub steps: Vec<Step>,
    /// How many more steps there are; the best are listed.
    pub more_steps: u32,
    /// What is to be known beside the steps, and what no step adds. Sorted by network and kind.
    pub remarks: Vec<Remark>,
    /// Other ways that can be taken now, instead of steps.
    pub otherwise: Vec<Step>,
    /// Ways that would add much more than what is left, and that cannot be taken here.
    pub later: Vec<Step>,
}

/// How much is known of one network.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Coverage {
    /// Network id; null for devices that seem to be on Thread, and nothing tells in which network.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub network: Option<Id>,
    /// Name of the network.
    pub name: Option<String>,
    /// Devices that exist, as far as anything tells of them.
    pub devices: u32,
    /// `devices` is an estimate: a name without a place and a place without a name may be one device, or a registration may have outlived its device.
    pub about: bool,
    /// Devices with a place on the map: routers, and children whose parent is known.
    pub placed: u32,
    /// Routers on the map.
    pub routers: u32,
    /// Routers that told who their children are.
    pub routers_heard: u32,
    /// Devices that would have a place after all steps.
    pub placed_after_steps: u32,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Step {
    /// `<kind>:<subject>`: the same while it is the same step.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: Id,
    /// What it is.
    pub kind: StepKind,
    /// From 1, within its list.
    pub rank: u32,
    /// Network id, where one is known.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub network: Option<Id>,
    /// Node ids that it is about, sorted.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub subjects: Vec<Id>,
    /// Matter fabric and node ids as `FABRIC-NODE` by which the device is announced, sorted.
    pub announced_as: Vec<String>,
    /// One line.
    pub title: String,
    /// Why, and how it is done.
    pub detail: String,
    /// What it would add to what is known after the steps before it.
    pub gain: Gain,
    /// What it takes.
    pub cost: Cost,
    /// It can be taken here.
    pub available: bool,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Pair a Matter device with Weft, beside the app that it is in.
    Pair,
    /// Ask the mesh through a border router's border agent.
    BorderAgent,
    /// Ask the mesh through the REST API of OpenThread's border router.
    BorderRouterRest,
    /// Read what a Matter server (Home Assistant's) has read already.
    MatterServer,
    /// Listen with a dongle.
    Dongle,
}

impl StepKind {
    /// The name in the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::BorderAgent => "border-agent",
            Self::BorderRouterRest => "border-router-rest",
            Self::MatterServer => "matter-server",
            Self::Dongle => "dongle",
        }
    }
}

/// What a step would add.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Gain {
    /// Devices that get a place on the map, itself included.
    pub places: u32,
    /// So many of them for certain, if nothing changes meanwhile.
    pub places_at_least: u32,
    /// Links that one end has told of, and that become known from the other end too. Links that nobody told of yet come in addition.
    pub confirms_links: u32,
    /// Devices that get a name.
    pub names: u32,
    /// `places` is an estimate.
    pub about: bool,
}

/// What a step takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Cost {
    /// What the user has to bring.
    pub needs: Need,
    /// How long it takes from then on, roughly.
    pub seconds: u32,
}

/// What the user has to bring for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// A setup code from the app that the device is in.
    SetupCode,
    /// A one-time passcode of a border router.
    Passcode,
    /// The network's credentials.
    Credentials,
    /// The address of an API.
    Address,
    /// A file.
    File,
    /// A radio dongle.
    Dongle,
}

/// Something to know beside the steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Remark {
    /// `<kind>:<network>`.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: Id,
    /// What it is.
    pub kind: RemarkKind,
    /// Network id, where one is known.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub network: Option<Id>,
    /// Node ids that it is about, sorted.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub subjects: Vec<Id>,
    /// How many devices; null where nobody can tell.
    pub count: Option<u32>,
    /// `count` is an estimate.
    pub about: bool,
    /// One line.
    pub title: String,
    /// Why, and what helps.
    pub detail: String,
}

/// What a remark is about. The order is that of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RemarkKind {
    /// Everything that is known of has a place.
    Complete,
    /// Devices are not asked at the moment, because the user said so.
    Paused,
    /// Paired devices whose tables are still to be read.
    BeingRead,
    /// Paired devices that do not answer.
    Silent,
    /// Paired devices that sleep so long that they cannot be asked.
    LongIdle,
    /// Devices that answer and have no tables to tell.
    NoTables,
    /// What devices told is old.
    Outdated,
    /// Devices that no pairing will ever place: they hang below routers that are not Matter devices.
    BeyondPairing,
    /// Names without a place on the map.
    NamesWithoutPlace,
    /// Places on the map without a name.
    PlacesWithoutName,
    /// Matter devices that would only confirm what is known.
    ConfirmOnly,
}

impl RemarkKind {
    /// The name in the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Paused => "paused",
            Self::BeingRead => "being-read",
            Self::Silent => "silent",
            Self::LongIdle => "long-idle",
            Self::NoTables => "no-tables",
            Self::Outdated => "outdated",
            Self::BeyondPairing => "beyond-pairing",
            Self::NamesWithoutPlace => "names-without-place",
            Self::PlacesWithoutName => "places-without-name",
            Self::ConfirmOnly => "confirm-only",
        }
    }
}

/// What the plan is made for.
#[derive(Debug, Clone, Default)]
pub struct PlanContext {
    /// What can be done here.
    pub abilities: Abilities,
    /// Weft's own fabric, where there is one: its devices are not to be paired again.
    pub fabric: Option<FabricView>,
    /// Ways to whole networks and servers that are connected, where there are any: what was tried already is no step.
    pub networks: Option<NetworksView>,
    /// A dongle listens already.
    pub listens_on_air: bool,
}

/// What can be done where the plan is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Pair Matter devices.
    pub pairing: bool,
    /// Ask through a border agent.
    pub border_agent: bool,
    /// Ask the REST API of OpenThread's border router.
    pub border_router_rest: bool,
    /// Have a Matter server tell what it knows.
    pub matter_server: bool,
    /// Read what a Matter server knows, from a file.
    pub matter_server_file: bool,
    /// Listen with a dongle.
    pub dongle: bool,
}

impl Abilities {
    /// Everything that a service of this version can do.
    pub const ALL: Self = Self {
        pairing: true,
        border_agent: true,
        border_router_rest: true,
        matter_server: true,
        matter_server_file: true,
        dongle: true,
    };
}

impl Default for Abilities {
    /// Device by device, and from files: nothing that asks or hears a mesh as a whole.
    fn default() -> Self {
        Self {
            border_agent: false,
            border_router_rest: false,
            matter_server: false,
            dongle: false,
            ..Self::ALL
        }
    }
}
