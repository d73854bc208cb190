//! What a device tells that only the plan needs: whether it can be paired, what feeds it, what its tables cover, how its border agent is entered.

use crate::ageing::Age;
use crate::network::Mesh;
use crate::snapshot::Id;
use weft_model::{BorderAgentConnectionMode, BorderAgentRecord, Fact, FactKind, ServiceDetails, ServiceRecord};

/// Bits 3–4 of the state bitmap: the Thread interface is active (OpenThread `border_agent_txt_data.hpp`).
const INTERFACE_ACTIVE: u8 = 2;
/// A router's or full end device's table lists at least this many; the parent alone is a sleepy device's table.
const LIST_OF_ROUTERS: usize = 2;

/// Clues about one node. Not part of the topology's JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clue {
    /// The node.
    pub(crate) node: Id,
    /// Some registration of it stands on the LAN.
    pub(crate) registered: bool,
    /// It announces itself as a Matter device in operation.
    pub(crate) operational: bool,
    /// It is in pairing mode.
    pub(crate) commissionable: bool,
    /// Its host name is an extended address, as Matter devices that are built for Thread have it.
    pub(crate) thread_host: bool,
    /// It says that it sleeps long, or waits long for answers (`ICD`, `SII`), or it tells a battery.
    pub(crate) sleeps: bool,
    /// Matter device types, as far as the device or its announcement tells them.
    pub(crate) device_types: Vec<u32>,
    /// Accessory category of a HomeKit accessory over Thread.
    pub(crate) accessory_category: Option<u16>,
    pub(crate) tables: Tables,
    /// It is a border router that announces its border agent.
    pub(crate) border_agent: Option<BorderAgentClue>,
}

/// Which of its tables a device itself told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    /// Whom it hears, or who its children are.
    pub(crate) children: bool,
    /// All routers of its partition.
    pub(crate) routers: bool,
    /// It answered that it has no such table, or refused it.
    pub(crate) refused: bool,
    /// What it told is older than its kind allows.
    pub(crate) old: bool,
}

/// How a border agent can be entered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BorderAgentClue {
    /// Its Thread interface is active.
    pub(crate) active: bool,
    /// It takes connections with the network's own commissioner credential (PSKc).
    pub(crate) takes_credential: bool,
    /// It can show one-time passcodes (ePSKc).
    pub(crate) takes_passcode: bool,
    /// It is available at all times.
    pub(crate) available: bool,
    /// It says that it runs OpenThread's border router, which has a REST API.
    pub(crate) openthread: bool,
}

/// The clues about all devices of a network, sorted by node id. Devices without any are left out.
pub(crate) fn clues(mesh: &Mesh<'_>) -> Vec<Clue> {
    let mut clues: Vec<Clue> = (0..mesh.devices.len())
        .filter_map(|device| {
            let clue = clue_of(mesh, device);
            (clue != Clue::default()).then(|| Clue {
                node: mesh.node_id(device),
                ..clue
            })
        })
        .collect();
    clues.sort_by(|left, right| left.node.cmp(&right.node));
    clues
}

fn clue_of(mesh: &Mesh<'_>, device: usize) -> Clue {
    let mut clue = Clue {
        tables: tables_of(mesh, device),
        ..Clue::default()
    };
    for slot in mesh.slots(device, FactKind::Service) {
        if let Some(observation) = &slot.current
            && let Fact::Service(record) = &*observation.fact
            && mesh.age(device, observation) == Age::Fresh
        {
            clue.registered = true;
            read_service(record, &mut clue);
        }
    }
    if let Some(Fact::DeviceTypes(types)) = mesh.devices[device].fact(FactKind::DeviceTypes) {
        clue.device_types.extend(types);
    }
    if let Some(Fact::PowerSource(source)) = mesh.devices[device].fact(FactKind::PowerSource) {
        clue.sleeps |= source.battery_half_percent.is_some() || source.battery_charge_level.is_some();
    }
    clue.device_types.sort_unstable();
    clue.device_types.dedup();
    clue
}

fn read_service(record: &ServiceRecord, clue: &mut Clue) {
    /// Longer waits than this are a sleepy device's: the longest default of devices whose receiver is on is 2 s (Matter SDK `ReliableMessageProtocolConfig.h`).
    const AWAKE_MILLISECONDS: u32 = 2_000;
    let waits_long = |idle: Option<u32>| idle.is_some_and(|idle| idle > AWAKE_MILLISECONDS);
    match &record.details {
        ServiceDetails::Operational(operational) => {
            clue.operational = true;
            clue.thread_host |= operational.host_extended_address.is_some();
            clue.sleeps |= waits_long(operational.session_idle_milliseconds) || operational.long_idle_time.is_some();
        }
        ServiceDetails::Commissionable(commissionable) => {
            clue.commissionable |= commissionable.commissioning_mode.is_some_and(|mode| mode > 0);
            clue.thread_host |= commissionable.host_extended_address.is_some();
            clue.sleeps |= waits_long(commissionable.session_idle_milliseconds);
            clue.device_types.extend(commissionable.device_type);
        }
        ServiceDetails::Hap(accessory) => clue.accessory_category = clue.accessory_category.or(accessory.category),
        ServiceDetails::BorderAgent(agent) => clue.border_agent = Some(border_agent_of(agent)),
        _ => {}
    }
}

fn border_agent_of(agent: &BorderAgentRecord) -> BorderAgentClue {
    let says_openthread = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|text| text.to_lowercase().split_whitespace().collect::<String>().contains("openthread"))
    };
    let state = agent.state;
    BorderAgentClue {
        active: state.is_some_and(|state| state.thread_interface_status == INTERFACE_ACTIVE),
        takes_credential: state.is_some_and(|state| state.connection_mode == BorderAgentConnectionMode::Pskc),
        takes_passcode: state.is_some_and(|state| state.ephemeral_key_supported),
        available: state.is_some_and(|state| state.availability == 1),
        openthread: says_openthread(&agent.model_name) || says_openthread(&agent.vendor_name),
    }
}

fn tables_of(mesh: &Mesh<'_>, device: usize) -> Tables {
    const ALL: [FactKind; 7] = [
        FactKind::NeighborTable,
        FactKind::Children,
        FactKind::ChildTable,
        FactKind::RouteTable,
        FactKind::Route64,
        FactKind::EnhancedRoute,
        FactKind::RouterNeighbors,
    ];
    let told = &mesh.devices[device];
    let mut tables = Tables::default();
    let mut fresh = false;
    for kind in ALL {
        let Some(observation) = told.told(kind) else { continue };
        match &*observation.fact {
            Fact::NeighborTable(_) | Fact::Children(_) | Fact::ChildTable(_) => tables.children = true,
            Fact::RouteTable(rows) => tables.routers |= rows.iter().filter(|row| row.allocated).count() >= LIST_OF_ROUTERS,
            Fact::Route64(route) => tables.routers |= route.routers.len() >= LIST_OF_ROUTERS,
            Fact::EnhancedRoute(rows) => tables.routers |= rows.len() >= LIST_OF_ROUTERS,
            Fact::Null(FactKind::NeighborTable) => tables.refused = true,
            Fact::RouterNeighbors(_) => {}
            _ => continue,
        }
        fresh |= mesh.age(device, observation) == Age::Fresh;
    }
    let refused = mesh
        .slots(device, FactKind::NeighborTable)
        .any(|slot| slot.refused.is_some() && slot.current.is_none());
    tables.refused = (tables.refused || refused) && !tables.children;
    tables.old = (tables.children || tables.routers) && !fresh;
    tables
}
