//! The coverage plan: from what is known at a moment, which step to take next and what it would add; what no step can; when nothing is left.
//!
//! Pure, like everything in this crate: the same topology and context give the same plan, byte for byte.

mod clue;
mod greedy;
mod likely;
mod remarks;
mod shares;
mod survey;
mod types;
mod ways;
mod words;

pub use clue::Clue;
pub(crate) use clue::clues;
pub use types::{Abilities, Cost, Coverage, Gain, Need, Plan, PlanContext, Remark, RemarkKind, Step, StepKind};

use crate::snapshot::Topology;
use greedy::{Left, Pick};
use shares::{ONE, Share, rounded, whole};
use survey::{Device, Paired, Survey};
use weft_model::words::capitalised;
use words::{Labels, count, some};

/// Steps that are listed of each kind.
const MAX_STEPS: usize = 100;
/// A gain of at least so much is worth a number in a title.
const WORTH_A_NUMBER: Share = ONE * 3 / 2;

/// How a pairing begins, in every app.
const HOW_TO_PAIR: &str = "In the app that it is in, share it with another app (\"pairing mode\"), and give Weft the code that is shown.";

/// One network with its pairing steps.
struct Planned<'a> {
    survey: Survey<'a>,
    picks: Vec<Pick>,
    left: Left,
    ways: ways::Ways,
    /// A way that can be taken asks the whole mesh: pairing is what can be done instead.
    reaches_everything: bool,
}

/// What to do next, from what is known now.
pub fn plan(topology: &Topology, context: &PlanContext) -> Plan {
    let labels = Labels::of(topology);
    let paired = Paired::of(context, topology.as_of);
    // Where prefixes of Thread networks are known, a device that is in none of them is not on Thread.
    let has_prefixes = topology.networks().any(|network| !network.omr_prefixes.is_empty());
    let mut planned: Vec<Planned<'_>> = Vec::new();
    for part in &topology.parts {
        if part.network.is_none() && has_prefixes {
            continue;
        }
        let Some(survey) = Survey::of(part, &paired) else {
            continue;
        };
        let (picks, left) = greedy::order(&survey, |place| labels.call(survey.devices[place].node), |_| true);
        let by_pairing = picks.iter().map(|pick| pick.places).sum();
        let ways = ways::ways(&survey, &labels, context, by_pairing);
        planned.push(Planned {
            survey,
            picks,
            left,
            reaches_everything: !ways.first.is_empty(),
            ways,
        });
    }
    let coverage: Vec<Coverage> = planned.iter().map(coverage_of).collect();
    let mut remarks: Vec<Remark> = remarks::paused(context).into_iter().collect();
    for network in &planned {
        let steps_left = !network.picks.is_empty() || network.reaches_everything;
        remarks.extend(remarks::remarks(&network.survey, &labels, &network.left, steps_left));
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut otherwise: Vec<Step> = Vec::new();
    let mut later: Vec<Step> = Vec::new();
    for network in &mut planned {
        steps.append(&mut network.ways.first);
        otherwise.append(&mut network.ways.otherwise);
        later.append(&mut network.ways.later);
    }
    let by_gain = |left: &Step, right: &Step| (right.gain.places, &left.id).cmp(&(left.gain.places, &right.id));
    steps.sort_by(by_gain);
    let (instead, pairing): (Vec<&Planned<'_>>, Vec<&Planned<'_>>) = planned.iter().partition(|network| network.reaches_everything);
    let mut more_steps = 0;
    if context.abilities.pairing {
        let all = steps.len() + pairing.iter().map(|network| network.picks.len()).sum::<usize>();
        steps.truncate(MAX_STEPS);
        steps.extend(pair_steps(&pairing, &labels, context, MAX_STEPS - steps.len()));
        more_steps = all - steps.len();
        otherwise.sort_by(by_gain);
        otherwise.extend(pair_steps(&instead, &labels, context, MAX_STEPS));
    }
    later.sort_by(by_gain);
    if !context.abilities.pairing {
        later.extend(pair_steps(&pairing, &labels, context, MAX_STEPS));
    }
    for list in [&mut steps, &mut otherwise, &mut later] {
        list.truncate(MAX_STEPS);
        for (rank, step) in (1..).zip(list.iter_mut()) {
            step.rank = rank;
        }
    }
    Plan {
        as_of: topology.as_of,
        summary: summary(&coverage, &steps, &later, &remarks),
        nothing_left: steps.is_empty(),
        more_steps: u32::try_from(more_steps).unwrap_or(u32::MAX),
        coverage,
        steps,
        remarks,
        otherwise,
        later,
    }
}

fn coverage_of(planned: &Planned<'_>) -> Coverage {
    let survey = &planned.survey;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let placed = survey.placed();
    let to_place = survey.routers_to_place + survey.children_to_place;
    let left = if planned.reaches_everything { 0 } else { planned.left.devices() };
    let of_routers = |wanted: fn(&Device<'_>) -> bool| survey.devices.iter().filter(|device| device.is_placed_router() && wanted(device)).count();
    Coverage {
        network: survey.network.map(|network| network.id.clone()),
        name: survey.network.and_then(|network| network.name.clone()),
        devices: rounded(whole(placed) + to_place),
        about: !survey.counted_by_names
            || survey
                .devices
                .iter()
                .any(|device| !device.placed && device.node.extended_address.is_none()),
        placed: number(placed),
        routers: number(of_routers(|_| true)),
        routers_heard: number(of_routers(|device| device.tables().children)),
        placed_after_steps: rounded(whole(placed) + to_place.saturating_sub(left)),
    }
}

/// The best pairing steps of several networks: always the best head of their lists.
fn pair_steps(networks: &[&Planned<'_>], labels: &Labels<'_>, context: &PlanContext, most: usize) -> Vec<Step> {
    let mut places: Vec<usize> = vec![0; networks.len()];
    let mut steps = Vec::new();
    while steps.len() < most {
        let heads = networks.iter().zip(&places).enumerate();
        let best = heads
            .filter_map(|(index, (network, place))| Some((network.picks.get(*place)?, index)))
            .max_by_key(|(pick, index)| (pick.score, std::cmp::Reverse(*index)));
        let Some((pick, index)) = best else { break };
        places[index] += 1;
        steps.push(pair_step(&networks[index].survey, pick, labels, context));
    }
    steps
}

fn pair_step(survey: &Survey<'_>, pick: &Pick, labels: &Labels<'_>, context: &PlanContext) -> Step {
    let device = &survey.devices[pick.device];
    let node = device.node;
    let name = labels.call(node);
    let sleeps = device.clue.is_some_and(|clue| clue.sleeps) || node.role == crate::Role::SleepyEndDevice;
    let places = rounded(pick.places);
    // The only router of a mesh is in no table of its full Thread children.
    let routers = || survey.devices.iter().filter(|device| device.is_placed_router()).take(2).count();
    let is_certain = pick.places_itself && (sleeps || (survey.routers_known && routers() == 2));
    let is_number = pick.places >= WORTH_A_NUMBER;
    let links = device.links_to_confirm;
    let title = if is_number {
        format!("{name}: places {}", some(places, pick.about, "device", "devices"))
    } else if !device.placed && device.likely.router < ONE / 2 {
        format!("{name}: places itself")
    } else if places > 0 {
        format!("{name}: places about one device")
    } else if links > 0 {
        format!("{name}: shows {} from both ends", count(links, "link", "links"))
    } else {
        format!("{name}: reads a router's own table")
    };
    Step {
        id: format!("pair:{}", node.id).into(),
        kind: StepKind::Pair,
        rank: 0,
        network: survey.network.map(|network| network.id.clone()),
        subjects: vec![node.id.clone()],
        announced_as: node.known_as.matter.clone(),
        title,
        detail: format!(
            "{} {}{HOW_TO_PAIR}",
            why(survey, device),
            if sleeps { "It sleeps: press its button first. " } else { "" }
        ),
        gain: Gain {
            places,
            places_at_least: u32::from(is_certain),
            confirms_links: links,
            names: u32::from(node.name.is_none()),
            about: pick.about,
        },
        cost: Cost {
            needs: Need::SetupCode,
            seconds: if sleeps { 40 } else { 10 },
        },
        available: context.abilities.pairing,
    }
}

/// Why a device is worth pairing.
fn why(survey: &Survey<'_>, device: &Device<'_>) -> String {
    let children = rounded(survey.children_to_place);
    let unheard = rounded(survey.unheard_routers);
    let shared = if children == 0 || unheard == 0 {
        String::new()
    } else {
        format!(
            " {} without a place hang below {}.",
            capitalised(&some(children, true, "device", "devices")),
            some(
                unheard,
                !survey.routers_known,
                "router that nobody has read",
                "routers that nobody has read"
            )
        )
    };
    if device.placed {
        format!("It is a router, and its own table was never read: it lists its children and links.{shared}")
    } else if device.likely.router >= ONE / 2 {
        let lists = if survey.routers_known { "" } else { "all routers of the mesh, and " };
        format!("It is probably a router: its table lists {lists}its own children.{shared}")
    } else if device.likely.full >= ONE / 2 && !survey.routers_known {
        "It may be a router; in any case its table lists all routers of the mesh.".to_owned()
    } else {
        "Nobody has placed it: it tells its own parent.".to_owned()
    }
}

fn summary(coverage: &[Coverage], steps: &[Step], later: &[Step], remarks: &[Remark]) -> String {
    if coverage.is_empty() {
        return "Nothing on the LAN tells of a Thread device yet. A border router or a paired device begins it.".to_owned();
    }
    let sum = |value: fn(&Coverage) -> u32| coverage.iter().map(|network| u64::from(value(network))).sum::<u64>();
    let (devices, placed) = (sum(|network| network.devices), sum(|network| network.placed));
    let about = if coverage.iter().any(|network| network.about) { "about " } else { "" };
    let stand = format!("{placed} of {about}{devices} devices have a place on the map.");
    let beyond = remarks.iter().find(|remark| remark.kind == RemarkKind::BeyondPairing);
    let elsewhere = later.iter().find(|step| step.kind == StepKind::Pair);
    if let (None, Some(step)) = (steps.first(), elsewhere) {
        return format!("{stand} Weft does not pair devices here; it would begin with this: {}.", step.title);
    }
    match (steps.first(), beyond) {
        (Some(step), _) => format!("{stand} Next: {}.", step.title),
        (None, Some(beyond)) => format!("{stand} Nothing is left to gain by pairing. {}.", beyond.title),
        (None, None) => format!("{stand} Nothing is left to gain."),
    }
}
