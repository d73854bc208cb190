//! The JSON:API: the device collection is brought up to date, then every router, and every child that is a full Thread device, is asked by a task of its own, one after another:
//! tasks that wait in the queue run out.

use super::actions::{Ended, Posted, follow};
use super::http::JSON_API;
use super::run::{Run, statements};
use super::types::Whom;
use crate::mesh::way::WayFailure;
use serde_json::json;
use std::collections::BTreeSet;
use std::net::Ipv6Addr;
use weft_model::{AbilityKind, ExtendedAddress, Fact, MeshLocalPrefix, Rloc16, RoutingRole, Timestamp};
use weft_wire::otbr::NodeStatement;

const DEVICES: &str = "/api/devices";
const DIAGNOSTICS: &str = "/api/diagnostics";
const UPDATE_DEVICES: &str = "updateDeviceCollectionTask";
const GET_DIAGNOSTICS: &str = "getNetworkDiagnosticTask";
/// The agent waits at least ten seconds for devices that do not answer (ot-br-posix `src/rest/network_diag_handler.cpp`).
const UPDATE_SECONDS: u32 = 12;
/// A router answers within a second, recorded. One that lacks what it is asked for makes the task last as long as it may.
const DIAGNOSTIC_SECONDS: u32 = 8;
/// The border router's times are whole seconds.
const ROUNDING_SECONDS: i64 = 2;
/// A mesh has at most 32 routers; more are named only while ids are handed over.
const MAX_ROUTERS: usize = 64;

/// Full Thread devices that are children; each takes a task.
const MAX_CHILDREN: usize = 64;

/// Whom to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Destination {
    Radio(ExtendedAddress),
    Locator(Rloc16),
}

impl Destination {
    fn text(self) -> String {
        match self {
            Self::Radio(address) => address.to_string(),
            Self::Locator(rloc16) => format!("{:#06x}", rloc16.get()),
        }
    }

    /// An address that names it.
    fn address(self, prefix: Option<MeshLocalPrefix>) -> Option<Ipv6Addr> {
        match self {
            Self::Radio(address) => Some(address.to_link_local()),
            Self::Locator(rloc16) => prefix.map(|prefix| prefix.rloc(rloc16)),
        }
    }
}

/// False: it has no tasks, and the older way is to be taken.
pub(super) async fn run(run: &mut Run<'_>) -> Result<bool, WayFailure> {
    // The border router's own tables cost no radio time. They tell whom to ask, and how far away everybody is; and what it refuses to be asked for is found out here.
    let own = run.tally.own_address;
    let mut refused = false;
    let whom = if run.tally.role == Some(RoutingRole::Child) {
        Whom::OwnChild
    } else {
        Whom::OwnRouter
    };
    let mut own_is_silent = false;
    if let Some(own) = own {
        match ask(run, Destination::Radio(own), whom).await? {
            Asked::NoTasks => return Ok(false),
            Asked::Refused => refused = true,
            Asked::Silent(_) => own_is_silent = true,
            Asked::Answered => {}
        }
    }
    let updated = update_devices(run).await?;
    // An agent that was just started may not know itself by its radio address before.
    if let Some(own) = own.filter(|_| own_is_silent) {
        ask(run, Destination::Radio(own), whom).await?;
    }
    let devices = run.get(DEVICES, Some(JSON_API)).await?;
    let mut routers: Vec<Destination> = statements(&devices)
        .iter()
        .filter(|device| is_router(device) && is_fresh(device.created, updated))
        .filter_map(|device| device.extended_address)
        .filter(|address| Some(*address) != own)
        .map(Destination::Radio)
        .collect();
    if routers.is_empty() && run.tally.named.is_empty() {
        routers.extend(
            run.expected
                .iter()
                .filter(|rloc16| rloc16.is_router())
                .map(|rloc16| Destination::Locator(*rloc16)),
        );
    }
    let mut asked: BTreeSet<ExtendedAddress> = BTreeSet::new();
    let mut tried: BTreeSet<Destination> = own
        .map(Destination::Radio)
        .into_iter()
        .chain(run.tally.own_rloc16.map(Destination::Locator))
        .collect();
    loop {
        let router = match routers.pop() {
            Some(router) => router,
            // Those that Route64 names and the collection does not: by the radio address that a neighbour told, else by the locator.
            None => match run
                .tally
                .silent()
                .into_iter()
                .map(Destination::Locator)
                .find(|router| !tried.contains(router))
            {
                Some(router) => router,
                None => break,
            },
        };
        tried.insert(router);
        let router = match router {
            Destination::Locator(rloc16) => run.tally.addresses.get(&rloc16).map_or(router, |address| Destination::Radio(*address)),
            Destination::Radio(_) => router,
        };
        if matches!(router, Destination::Radio(address) if !asked.insert(address)) {
            continue;
        }
        let locator = match router {
            Destination::Locator(rloc16) => Some(rloc16),
            Destination::Radio(_) => None,
        };
        let estimate = run.tally.question(locator, None);
        if tried.len() > MAX_ROUTERS {
            run.tally.cut_short = true;
            break;
        }
        if !run.may_take(estimate) {
            break;
        }
        match ask(run, router, Whom::Router).await? {
            Asked::NoTasks => return Ok(false),
            Asked::Refused => refused = true,
            Asked::Silent(reason) => run.silent(router.address(run.tally.mesh_local_prefix), reason).await?,
            Asked::Answered => {}
        }
    }
    ask_children(run, &mut asked).await?;
    if run.tally.answered.is_empty() {
        let detail = if refused {
            "It refuses every task.".to_owned()
        } else {
            "No router answered.".to_owned()
        };
        run.abilities.push((AbilityKind::Diagnostics, false, Some(detail)));
        return Err(match (refused, run.tally.cut_short) {
            (true, _) => WayFailure::Unsupported(format!(
                "The border router at {} refuses every task that asks for network diagnostics. Its software may be too old or too new for Weft.",
                run.base()
            )),
            (false, true) => WayFailure::Failed(
                "The routers were not asked: that would have taken more radio time than is allowed at the moment. Weft asks later.".to_owned(),
            ),
            (false, false) => WayFailure::Failed(format!(
                "The border router at {} took the questions, and no router of the mesh answered, not even itself. Look whether its radio works.",
                run.base()
            )),
        });
    }
    Ok(true)
}

/// Asks the children that have tables of their own: links with routers that are not their parents. Those that sleep are told of by their parents, and are never woken.
async fn ask_children(run: &mut Run<'_>, asked: &mut BTreeSet<ExtendedAddress>) -> Result<(), WayFailure> {
    asked.extend(run.tally.own_address);
    let children: Vec<ExtendedAddress> = run.tally.full_children.difference(asked).copied().take(MAX_CHILDREN).collect();
    for child in children {
        let estimate = run.tally.question(None, None);
        if !run.may_take(estimate) {
            break;
        }
        let child = Destination::Radio(child);
        if let Asked::Silent(reason) = ask(run, child, Whom::Child).await? {
            run.silent(child.address(None), reason).await?;
        }
    }
    Ok(())
}

/// Lets the border router look for devices. When it began, by its clock; `None` where it did not do it.
async fn update_devices(run: &mut Run<'_>) -> Result<Option<Timestamp>, WayFailure> {
    let estimate = run.tally.multicast(None);
    if !run.may_take(estimate) {
        return Ok(None);
    }
    // Every attribute is demanded. With a count of one, the task ends when the first round has ended.
    let attributes = json!({ "maxAge": 30, "maxRetries": 1, "deviceCount": 1 });
    match follow(run, UPDATE_DEVICES, attributes, UPDATE_SECONDS).await? {
        Posted::Ended(ended) => {
            run.tally.airtime = run.tally.airtime.plus(estimate);
            Ok(ended.created)
        }
        Posted::Refused(_) => Ok(None),
    }
}

enum Asked {
    Answered,
    /// It was asked in vain: what came instead.
    Silent(String),
    /// The border router refuses the task, whatever is asked for.
    Refused,
    /// It knows no tasks.
    NoTasks,
}

async fn ask(run: &mut Run<'_>, destination: Destination, whom: Whom) -> Result<Asked, WayFailure> {
    let vocabulary = run.vocabulary();
    let mut plan = vocabulary.plan(whom);
    let mut outcome = Asked::Refused;
    while let Some(names) = plan.next() {
        let attributes = json!({ "destination": destination.text(), "types": names });
        match follow(run, GET_DIAGNOSTICS, attributes, DIAGNOSTIC_SECONDS).await? {
            Posted::Refused(answer) if matches!(answer.status, 404 | 405 | 501) => return Ok(Asked::NoTasks),
            Posted::Refused(answer) => plan.refuse(&names, answer.json().as_ref()),
            Posted::Ended(ended) => {
                plan.accept(&names);
                match result(run, destination, &ended).await? {
                    Ok(()) => outcome = Asked::Answered,
                    Err(reason) => {
                        if !matches!(outcome, Asked::Answered) {
                            outcome = Asked::Silent(reason);
                        }
                        plan.stop();
                    }
                }
            }
        }
    }
    if plan.was_accepted() {
        run.with_memory(|memory| memory.vocabulary.learn(&plan));
    }
    Ok(outcome)
}

/// Fetches what a task brought; inner `Err`: why that is no answer of the one that was asked, now.
async fn result(run: &mut Run<'_>, destination: Destination, ended: &Ended) -> Result<Result<(), String>, WayFailure> {
    let locator = match destination {
        Destination::Locator(rloc16) => Some(rloc16),
        Destination::Radio(address) if Some(address) == run.tally.own_address => run.tally.own_rloc16,
        Destination::Radio(_) => None,
    };
    let Some(id) = &ended.result else {
        run.tally.airtime = run.tally.airtime.plus(run.tally.question(locator, Some(0)));
        return Ok(Err(match ended.status.as_str() {
            "unfinished" => "the border router's task did not end in time: other programs' tasks may be before it".to_owned(),
            "completed" => "no answer within the task's time".to_owned(),
            status => format!("the border router's task ended as {status}"),
        }));
    };
    let answer = run.get(&format!("{DIAGNOSTICS}/{id}"), Some(JSON_API)).await?;
    let found = statements(&answer).into_iter().find(|statement| match destination {
        Destination::Radio(address) => statement.extended_address == Some(address),
        Destination::Locator(rloc16) => statement.rloc16 == Some(rloc16),
    });
    let located = found.as_ref().and_then(|statement| statement.rloc16).or(locator);
    run.tally.airtime = run.tally.airtime.plus(run.tally.question(located, Some(answer.bytes.len())));
    let Some(statement) = found else {
        return Ok(Err("the border router has no answer of this router".to_owned()));
    };
    if !is_fresh(statement.created, ended.created) {
        return Ok(Err("the border router only has an answer from before the question".to_owned()));
    }
    if !says_something(&statement) {
        return Ok(Err("the answer says nothing but who it is of".to_owned()));
    }
    run.tally.answer(&statement);
    Ok(Ok(()))
}

fn is_router(device: &NodeStatement) -> bool {
    let facts = &device.decoded.facts;
    facts
        .iter()
        .any(|fact| matches!(fact, Fact::RoutingRole(RoutingRole::Router | RoutingRole::Leader)))
}

/// Made or refreshed after `since`, both by the border router's clock. What says no time is believed: single results are new items.
fn is_fresh(created: Option<Timestamp>, since: Option<Timestamp>) -> bool {
    match (created, since) {
        (Some(created), Some(since)) => created >= since.minus_seconds(ROUNDING_SECONDS),
        _ => true,
    }
}

/// True for more than the addresses, which the agent may know from elsewhere.
fn says_something(statement: &NodeStatement) -> bool {
    let is_more = |fact: &Fact| {
        !matches!(
            fact,
            Fact::ExtendedAddress(_) | Fact::Rloc16(_) | Fact::MeshLocalPrefix(_) | Fact::Ipv6Addresses(_)
        )
    };
    statement.decoded.facts.iter().any(is_more)
}
