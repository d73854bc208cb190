//! Ways to more than one device's word at a time: a border router's agent or REST API, a Matter server, a dongle.

use super::greedy;
use super::shares::{ONE, Share, rounded, whole};
use super::survey::{Device, Survey};
use super::types::{Cost, Gain, Need, PlanContext, Step, StepKind};
use super::words::{Labels, count, some};
use std::collections::BTreeMap;
use weft_model::{CompressedFabricId, CredentialCheck, DataPathKind, DataPathState, NetworkWays, ServerState};

/// A fabric with at least so many devices may be one of a Matter server that tells what it knows.
const WORTH_A_SERVER: usize = 3;

/// The ways of one network: those that can be taken, and those that cannot. `by_pairing` is what all pairing together would place.
pub(super) struct Ways {
    /// Reaches the whole mesh and can be taken: better than any step.
    pub(super) first: Vec<Step>,
    pub(super) otherwise: Vec<Step>,
    pub(super) later: Vec<Step>,
}

/// What was done already.
#[derive(Default)]
struct Tried {
    /// Some way told the mesh.
    works: bool,
    /// There is a credential that opens border agents, and nothing says that it is wrong.
    opened: bool,
    /// A REST API of the network was asked.
    rest: bool,
}

impl Tried {
    fn of(survey: &Survey<'_>, context: &PlanContext) -> Self {
        let network = survey.network.and_then(|network| network.extended_pan_id);
        let networks = context.networks.iter().flat_map(|view| &view.networks);
        let ways: Option<&NetworkWays> = networks.into_iter().find(|ways| network.is_some() && ways.extended_pan_id == network);
        let Some(ways) = ways else { return Self::default() };
        let any = |wanted: fn(&weft_model::DataPath) -> bool| ways.paths.iter().any(wanted);
        let fits = ways
            .credential
            .as_ref()
            .is_some_and(|credential| credential.has_pskc && credential.check != CredentialCheck::Older);
        Self {
            works: any(|path| path.state == DataPathState::Working),
            opened: fits && !any(|path| path.state == DataPathState::WrongCredential),
            rest: any(|path| {
                path.kind == DataPathKind::OtbrRest && !matches!(path.state, DataPathState::Untried | DataPathState::Trying | DataPathState::StandsBy)
            }),
        }
    }
}

/// What one way would place.
struct Whole {
    places: Share,
    links: u32,
    names: u32,
    about: bool,
}

pub(super) fn ways(survey: &Survey<'_>, labels: &Labels<'_>, context: &PlanContext, by_pairing: Share) -> Ways {
    let mut ways = Ways {
        first: Vec::new(),
        otherwise: Vec::new(),
        later: Vec::new(),
    };
    let Some(everything) = everything(survey) else { return ways };
    let (abilities, tried) = (&context.abilities, Tried::of(survey, context));
    let much_more = everything.places >= by_pairing + ONE;
    let agent = border_agent(survey, labels, &everything).filter(|_| !tried.works && !tried.opened);
    let rest = rest(survey, labels, &everything).filter(|_| !tried.works && !tried.rest);
    let dongle = dongle(survey, &everything).filter(|_| !context.listens_on_air);
    for (way, usable) in [
        (agent, abilities.border_agent),
        (rest.map(|step| (step, true)), abilities.border_router_rest),
        (dongle.map(|step| (step, false)), abilities.dongle),
    ] {
        let Some((mut step, reaches_everything)) = way else { continue };
        step.available = usable;
        step.detail.push(' ');
        step.detail.push_str(if usable { how(&step) } else { elsewhere(&step) });
        match (usable, reaches_everything) {
            (true, true) => ways.first.push(step),
            (true, false) => ways.otherwise.push(step),
            (false, _) if much_more => ways.later.push(step),
            (false, _) => {}
        }
    }
    // One way to the whole mesh is enough; the others are there instead of it.
    ways.otherwise.extend(ways.first.drain(1.min(ways.first.len())..));
    if abilities.matter_server || abilities.matter_server_file {
        ways.otherwise.extend(matter_server(survey, labels, context));
    }
    ways
}

/// What to do next.
fn how(step: &Step) -> &'static str {
    match (step.kind, step.cost.needs) {
        (StepKind::BorderAgent, Need::Passcode) => {
            "Enter it on the page under Ways in, or with `weft network passcode`; `weft network where` says which app shows it."
        }
        (StepKind::BorderAgent, _) => {
            "Give the dataset on the page under Ways in, or with `weft network add -`; `weft network where` says where it is found."
        }
        (StepKind::BorderRouterRest, _) => {
            "Weft tries border routers that announce themselves; give the address of another on the page under Ways in, or with `weft network rest`."
        }
        (StepKind::Dongle, _) => "Plug it in and start Weft with `--dongle auto`.",
        (StepKind::MatterServer | StepKind::Pair, _) => "",
    }
}

/// What to do where it cannot be done here.
fn elsewhere(step: &Step) -> &'static str {
    match step.kind {
        StepKind::Dongle => "That cannot be done here: start `weft serve --dongle auto`.",
        _ => "That cannot be done here: start `weft serve`, without --no-networks.",
    }
}

/// What asking the whole mesh would add. `None` where it would add nothing.
fn everything(survey: &Survey<'_>) -> Option<Whole> {
    let unheard = survey.devices.iter().any(Device::is_unheard_router);
    let places = survey.routers_to_place + survey.children_to_place;
    if places == 0 && !unheard {
        return None;
    }
    let names = survey
        .devices
        .iter()
        .filter(|device| !device.placed && device.node.extended_address.is_none())
        .count();
    Some(Whole {
        places,
        links: survey.devices.iter().map(|device| device.links_to_confirm).sum(),
        names: u32::try_from(names).unwrap_or(u32::MAX),
        about: true,
    })
}

fn gain_of(whole: &Whole) -> Gain {
    Gain {
        places: rounded(whole.places),
        places_at_least: 0,
        confirms_links: whole.links,
        names: whole.names,
        about: whole.about,
    }
}

fn adds(whole: &Whole) -> String {
    match rounded(whole.places) {
        0 => "It tells the children and links of routers that nobody has read.".to_owned(),
        places => format!("It places {}.", some(places, whole.about, "device", "devices")),
    }
}

/// The border agent that is easiest to enter. Others than OpenThread's own may not pass on questions to the mesh, so that one comes first.
/// True with it: that is OpenThread's, which is known to.
fn border_agent(survey: &Survey<'_>, labels: &Labels<'_>, everything: &Whole) -> Option<(Step, bool)> {
    let usable = survey.devices.iter().filter_map(|device| {
        let agent = device.clue?.border_agent?;
        (agent.active && (agent.takes_passcode || agent.takes_credential)).then_some((device, agent))
    });
    let (device, agent) =
        usable.min_by_key(|(device, agent)| (!agent.openthread, !agent.takes_passcode, !agent.available, device.node.id.clone()))?;
    let name = labels.call(device.node);
    let others = match agent.openthread {
        true => "",
        false => " Not every maker's border router passes questions on to the mesh.",
    };
    let network = survey.network.and_then(|network| network.name.as_deref()).unwrap_or("the network");
    let (title, how, needs) = if agent.takes_passcode {
        (
            format!("A passcode of {name}: the whole mesh"),
            "It can show a one-time passcode that lets Weft ask all routers at once.",
            Need::Passcode,
        )
    } else {
        (
            format!("The credentials of {network}, through {name}: the whole mesh"),
            "It takes the network's commissioner credential, which lets Weft ask all routers at once.",
            Need::Credentials,
        )
    };
    let step = Step {
        id: format!("border-agent:{}", survey.id()).into(),
        kind: StepKind::BorderAgent,
        rank: 0,
        network: survey.network.map(|network| network.id.clone()),
        subjects: vec![device.node.id.clone()],
        announced_as: Vec::new(),
        title,
        detail: format!("{how} {}{others}", adds(everything)),
        gain: gain_of(everything),
        cost: Cost { needs, seconds: 30 },
        available: false,
    };
    Some((step, agent.openthread))
}

fn rest(survey: &Survey<'_>, labels: &Labels<'_>, everything: &Whole) -> Option<Step> {
    let device = survey.devices.iter().find(|device| {
        device
            .clue
            .and_then(|clue| clue.border_agent)
            .is_some_and(|agent| agent.openthread && agent.active)
    })?;
    let name = labels.call(device.node);
    Some(Step {
        id: format!("border-router-rest:{}", survey.id()).into(),
        kind: StepKind::BorderRouterRest,
        rank: 0,
        network: survey.network.map(|network| network.id.clone()),
        subjects: vec![device.node.id.clone()],
        announced_as: Vec::new(),
        title: format!("The REST API of {name}: the whole mesh"),
        detail: format!(
            "It says that it runs OpenThread's border router. Where its REST API is switched on, it asks all routers. {}",
            adds(everything)
        ),
        gain: gain_of(everything),
        cost: Cost {
            needs: Need::Address,
            seconds: 60,
        },
        available: false,
    })
}

fn dongle(survey: &Survey<'_>, everything: &Whole) -> Option<Step> {
    // Without a network there is no channel to listen on.
    let network = survey.network?;
    Some(Step {
        id: format!("dongle:{}", survey.id()).into(),
        kind: StepKind::Dongle,
        rank: 0,
        network: Some(network.id.clone()),
        subjects: vec![network.id.clone()],
        announced_as: Vec::new(),
        title: "A radio dongle: the children within its reach".to_owned(),
        detail: "Without any code it hears which child asks which router for messages; with the network's credentials it can ask the whole mesh."
            .to_owned(),
        gain: Gain {
            names: 0,
            confirms_links: 0,
            places: rounded(everything.places.min(survey.children_to_place)),
            ..gain_of(everything)
        },
        cost: Cost {
            needs: Need::Dongle,
            seconds: 300,
        },
        available: false,
    })
}

/// What one fabric's server would tell of all its devices at once.
fn matter_server(survey: &Survey<'_>, labels: &Labels<'_>, context: &PlanContext) -> Option<Step> {
    let connected = |fabric: &str| {
        let fabric: Option<CompressedFabricId> = fabric.parse().ok();
        let mut servers = context.networks.iter().flat_map(|view| &view.matter_servers);
        servers.any(|server| fabric.is_some() && server.fabric == fabric && server.state == ServerState::Connected)
    };
    let mut by_fabric: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, device) in survey.devices.iter().enumerate().filter(|(_, device)| device.candidate) {
        for (fabric, _) in device.node.known_as.matter.iter().filter_map(|name| name.split_once('-')) {
            let members = by_fabric.entry(fabric).or_default();
            if members.last() != Some(&place) {
                members.push(place);
            }
        }
    }
    let (fabric, members) = by_fabric
        .into_iter()
        .filter(|(fabric, _)| !connected(fabric))
        .max_by_key(|(fabric, members)| (members.len(), std::cmp::Reverse(*fabric)))?;
    if members.len() < WORTH_A_SERVER {
        return None;
    }
    let (picks, _) = greedy::order(
        survey,
        |place| labels.call(survey.devices[place].node),
        |place| members.binary_search(&place).is_ok(),
    );
    if picks.is_empty() {
        return None;
    }
    let (how, needs) = if context.abilities.matter_server {
        (
            "If its controller is Home Assistant, connect Weft to its Matter server, on the page under Ways in or with `weft network matter-server ADDRESS`: it tells live what it knows of them, without pairing. `weft import matter-server` reads the same from a file.",
            Need::Address,
        )
    } else {
        (
            "If its controller is Home Assistant, `weft import matter-server` reads what its Matter server knows of them from a file, without pairing.",
            Need::File,
        )
    };
    let places: Share = picks.iter().map(|pick| pick.places).sum();
    let shared = u32::try_from(members.len()).unwrap_or(u32::MAX);
    Some(Step {
        id: format!("matter-server:{}:{fabric}", survey.id()).into(),
        kind: StepKind::MatterServer,
        rank: 0,
        network: survey.network.map(|network| network.id.clone()),
        subjects: members.iter().map(|&place| survey.devices[place].node.id.clone()).collect(),
        announced_as: Vec::new(),
        title: format!(
            "Home Assistant's Matter server, if one of your apps is that: {} at once",
            count(shared, "device", "devices")
        ),
        detail: format!(
            "{} share the fabric {fabric}. {how}",
            weft_model::words::capitalised(&count(shared, "device", "devices"))
        ),
        gain: Gain {
            places: rounded(places.min(whole(survey.devices.len()))),
            places_at_least: 0,
            confirms_links: members.iter().map(|&place| survey.devices[place].links_to_confirm).sum(),
            names: 0,
            about: true,
        },
        cost: Cost { needs, seconds: 60 },
        available: true,
    })
}
