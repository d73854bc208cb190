//! The day: what happens when, and what a Weft that asks every quarter of an hour hears of it.

use super::home::{BEGIN, home};
use crate::device::Role;
use crate::diagnostics::DiagnosticQuestion;
use crate::lan::removed;
use crate::matter::MatterAnswer;
use crate::mesh::{Mesh, NodeIndex, PartitionIndex};
use crate::scribe::Scribe;
use crate::survey::Survey;
use std::collections::{BTreeMap, BTreeSet};
use weft_evidence::{Capture, CaptureBody, MdnsCapture, SourceState};
use weft_model::{PartitionId, Rloc16, RouterId, Timestamp};
use weft_wire::tmf::number;

/// The names of the sources.
const LAN: &str = "mdns";
const BORDER_AGENT: &str = "border-agent";
const MATTER: &str = "matter";

const MINUTES: u32 = 24 * 60;
/// Routers are asked so often.
const ROUND_MINUTES: u32 = 15;
/// Paired devices are read, registrations refreshed, and addresses asked for so often.
const HOUR_MINUTES: u32 = 60;
/// The LAN is compared with what it said before for so long after something happened.
const SETTLING_MINUTES: u32 = 6;
/// A silent router is asked so often before it is left alone.
const MAX_VAIN: u32 = 4;
/// Between two questions, so that the mesh has time to do its work.
const PAUSE_MILLISECONDS: u32 = 400;

/// Asked for in every round: who answers, whom it hears, its children, and their addresses, which alone give HomeKit devices their names.
const ROUND_TYPES: &[u8] = &[
    number::EXTENDED_ADDRESS,
    number::ADDRESS16,
    number::MODE,
    number::ROUTE64,
    number::LEADER_DATA,
    number::CHILD,
    number::CHILD_ADDRESSES,
    number::ROUTER_NEIGHBOR,
];
/// Asked for once an hour: the same, and the addresses of the routers themselves.
const HOURLY_TYPES: &[u8] = &[
    number::EXTENDED_ADDRESS,
    number::ADDRESS16,
    number::MODE,
    number::ROUTE64,
    number::LEADER_DATA,
    number::IPV6_ADDRESSES,
    number::CHILD,
    number::CHILD_ADDRESSES,
    number::ROUTER_NEIGHBOR,
];
/// What never changes, asked for at the beginning.
const FIRST_TYPES: &[u8] = &[
    number::EXTENDED_ADDRESS,
    number::ADDRESS16,
    number::MODE,
    number::CONNECTIVITY,
    number::ROUTE64,
    number::LEADER_DATA,
    number::NETWORK_DATA,
    number::IPV6_ADDRESSES,
    number::EUI64,
    number::VERSION,
    number::VENDOR_NAME,
    number::VENDOR_MODEL,
    number::STACK_VERSION,
    number::CHILD,
    number::CHILD_ADDRESSES,
    number::ROUTER_NEIGHBOR,
];

const fn at(hour: u32, minute: u32) -> u32 {
    hour * 60 + minute
}

/// Something that happens.
type Event = fn(&mut Mesh);

/// What happens, by minute of the day.
const SCRIPT: [(u32, Event); 9] = [
    // Somebody hangs the sensor elsewhere: two minutes later its old parent still lists it.
    (at(6, 43), |mesh| move_named(mesh, "Garage door sensor", "Porch light")),
    // Somebody needs the socket.
    (at(10, 14), |mesh| mesh.power_off(named(mesh, "Laundry plug"))),
    // The garage door closes, and with it the way into the house; a lamp becomes router with an id that is in use in the house.
    (at(14, 2), |mesh| {
        let garage = GARAGE.map(|name| named(mesh, name));
        let _ = mesh.split(&garage, GARAGE_PARTITION); // four routers of the one partition
    }),
    (at(14, 12), |mesh| {
        let id = mesh.router_id(named(mesh, "Hall plug"));
        let _ = id.map(|id| mesh.promote_as(named(mesh, "Workshop lamp"), id)); // the id is free in the garage
    }),
    (at(14, 42), |mesh| {
        let garage = PartitionIndex(mesh.partitions().len() - 1);
        let _ = mesh.heal(PartitionIndex(0), garage); // 19 routers fit
    }),
    (at(17, 4), |mesh| mesh.power_on(named(mesh, "Laundry plug"))),
    // An update of its firmware: it boots with another address.
    (at(19, 14), |mesh| {
        mesh.rotate_address(named(mesh, "Bedroom speaker"));
    }),
    // It missed a change of the dataset, and gets it an hour later.
    (at(20, 5), |mesh| mesh.set_active_timestamp(named(mesh, "Office hub"), Some(6 << 16))),
    (at(21, 5), |mesh| mesh.set_active_timestamp(named(mesh, "Office hub"), None)),
];

/// The routers on the far side of the garage door.
const GARAGE: [&str; 4] = ["Garage gateway", "Garage light switch", "Garden wall light", "Workshop plug"];
const GARAGE_PARTITION: PartitionId = PartitionId(0x1f04_77b3);

/// The captures of the day.
pub fn captures() -> Vec<Capture> {
    write().into_captures()
}

/// The day.
pub(super) fn write() -> Scribe {
    let mut listener = Listener::new();
    let mut mesh = home();
    let mut quiet_since = 0;
    for minute in 0..MINUTES {
        if pass_minute(&mut mesh, minute) {
            quiet_since = minute + SETTLING_MINUTES;
        }
        let hourly = minute % HOUR_MINUTES == 0;
        if hourly || minute <= quiet_since {
            listener.hear(&mesh, hourly);
            listener.read_moved(&mesh, minute >= quiet_since);
        }
        if minute % ROUND_MINUTES == 0 {
            listener.ask(&mesh, minute);
        }
    }
    listener.scribe
}

/// The home as it is at a moment of the day: for what the recording has to lead to. The day goes by in whole minutes.
pub fn home_at(at: Timestamp) -> Mesh {
    let mut mesh = home();
    let minutes = at.seconds_since(BEGIN) / 60;
    for minute in 0..MINUTES {
        if i64::from(minute) <= minutes {
            pass_minute(&mut mesh, minute);
        }
    }
    mesh
}

/// Lets the minute come and happen what happens in it; true if something does.
fn pass_minute(mesh: &mut Mesh, minute: u32) -> bool {
    mesh.advance_to(BEGIN.plus_seconds(i64::from(minute) * 60));
    let mut happened = false;
    for (_, event) in SCRIPT.iter().filter(|(when, _)| *when == minute) {
        event(mesh);
        happened = true;
    }
    happened
}

fn named(mesh: &Mesh, name: &str) -> NodeIndex {
    mesh.find(name).unwrap_or(NodeIndex(0))
}

fn move_named(mesh: &mut Mesh, child: &str, parent: &str) {
    let _ = mesh.move_child(named(mesh, child), named(mesh, parent)); // both are there
}

/// Locator and partition.
type Place = (Option<Rloc16>, PartitionId);

fn place(mesh: &Mesh, node: NodeIndex) -> Place {
    (mesh.rloc16(node), mesh.partition_of(node).id)
}

/// A program that listens and asks, and what it remembers in order to do so.
struct Listener {
    scribe: Scribe,
    /// What the LAN says, by service and instance.
    announced: BTreeMap<(String, String), CaptureBody>,
    /// Routers that answered, and how often in vain since.
    routers: BTreeMap<NodeIndex, (RouterId, u32)>,
    /// Where paired devices were when they were last read.
    read: BTreeMap<NodeIndex, Place>,
    /// Paired devices that are elsewhere than before, and whose tables have not come to rest.
    restless: BTreeSet<NodeIndex>,
}

impl Listener {
    fn new() -> Self {
        let mut scribe = Scribe::new(BEGIN);
        let interval = |minutes: u32| Some(minutes * 60);
        for (source, minutes) in [(LAN, None), (BORDER_AGENT, interval(ROUND_MINUTES)), (MATTER, interval(HOUR_MINUTES))] {
            scribe.source(source, SourceState::Started, minutes);
            scribe.source(source, SourceState::Working, None);
        }
        Self {
            scribe,
            announced: BTreeMap::new(),
            routers: BTreeMap::new(),
            read: BTreeMap::new(),
            restless: BTreeSet::new(),
        }
    }

    /// Writes what the LAN says now and did not say before; everything once an hour, before the records run out.
    fn hear(&mut self, mesh: &Mesh, everything: bool) {
        self.scribe.advance_to(mesh.now());
        let mut now = BTreeMap::new();
        for body in mesh.indices().flat_map(|node| mesh.announcements(node)) {
            if let CaptureBody::Mdns(MdnsCapture::Resolved { service, instance, .. }) = &body {
                now.insert((service.clone(), instance.clone()), body);
            }
        }
        for (name, before) in &self.announced {
            if !now.contains_key(name) {
                self.scribe.write(LAN, removed(before));
            }
        }
        for (name, body) in &now {
            if everything || self.announced.get(name) != Some(body) {
                self.scribe.write(LAN, [body.clone()]).pass_milliseconds(20);
            }
        }
        self.announced = now;
    }

    /// A round of questions.
    fn ask(&mut self, mesh: &Mesh, minute: u32) {
        let survey = mesh.survey();
        self.scribe.advance_to(mesh.now().plus_seconds(2));
        let hourly = minute.is_multiple_of(HOUR_MINUTES);
        let types = match minute {
            0 => FIRST_TYPES,
            _ if hourly => HOURLY_TYPES,
            _ => ROUND_TYPES,
        };
        for node in mesh.indices() {
            let is_full_child = mesh.parent(node).is_some() && mesh.node(node).capability.is_full_thread_device();
            if mesh.is_router(node) || is_full_child {
                self.scribe
                    .write(BORDER_AGENT, survey.diagnostic_answer(node, &DiagnosticQuestion::query(types)));
                self.scribe.pass_milliseconds(PAUSE_MILLISECONDS);
            } else {
                self.ask_in_vain(mesh, node);
            }
            if let Some(id) = mesh.router_id(node) {
                self.routers.insert(node, (id, 0));
            }
        }
        if hourly {
            for node in mesh.matter_nodes() {
                self.read(&survey, node, minute == 0);
            }
        }
    }

    /// A router that answered before and is none now.
    fn ask_in_vain(&mut self, mesh: &Mesh, node: NodeIndex) {
        let Some((id, vain)) = self.routers.get_mut(&node) else { return };
        if *vain < MAX_VAIN && !mesh.is_attached(node) {
            *vain += 1;
            self.scribe.write(BORDER_AGENT, mesh.diagnostic_failure(node, Some(*id)));
        }
    }

    /// Reads the tables of paired devices that are elsewhere than before, or gone. When what happened is over, reads all those again,
    /// and every device that has a table of routes: by then they have forgotten the past.
    fn read_moved(&mut self, mesh: &Mesh, is_over: bool) {
        let differs = |node: NodeIndex, before: &Place| place(mesh, node) != *before && mesh.role(node) != Role::Detached;
        let mut due: BTreeSet<NodeIndex> = self
            .read
            .iter()
            .filter(|(node, before)| differs(**node, before))
            .map(|(node, _)| *node)
            .collect();
        self.restless.extend(&due);
        if is_over && !self.restless.is_empty() {
            due.append(&mut self.restless);
            due.extend(
                self.read
                    .keys()
                    .filter(|node| mesh.is_attached(**node) && mesh.node(**node).capability.is_full_thread_device()),
            );
        }
        if due.is_empty() {
            return;
        }
        let survey = mesh.survey();
        for node in due {
            self.read(&survey, node, false);
        }
    }

    fn read(&mut self, survey: &Survey<'_>, node: NodeIndex, everything: bool) {
        let answer = if everything {
            MatterAnswer::default()
        } else {
            MatterAnswer::tables_only()
        };
        let report = survey.matter_report(node, &answer).or_else(|| survey.mesh().matter_failure(node));
        self.scribe.write(MATTER, report).pass_milliseconds(PAUSE_MILLISECONDS);
        self.read.insert(node, place(survey.mesh(), node));
    }
}
