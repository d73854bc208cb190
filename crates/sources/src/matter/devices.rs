//! What is learnt of paired devices while they are asked: what they are, where they are, how they answer.

use super::capability::Breadth;
use super::hub::State;
use super::jobs::find::intervals;
use super::registry::{MAX_ADDRESSES, Node};
use super::{MatterConfig, Now};
use crate::directory::Located;
use crate::schedule::Kind;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use weft_matter::{AttributePath, AttributeReport, Intervals, OperationError, Peer};
use weft_model::{ExtendedAddress, Fact, MatterNodeId, MatterPeer, PartitionId, Rloc16, RoutingRole};
use weft_wire::matter::{Answer, decode_report, routing_role_number};

/// What a device is, beside its tables, is asked for so often.
const EVERYTHING_SECONDS: i64 = 3600;
/// The same for one that sleeps.
const EVERYTHING_SLEEPY_SECONDS: i64 = 6 * 3600;
/// Addresses of a device that it does not announce any more, but answered at.
const MAX_FORMER: usize = 2;
/// A device that listens answers in this time or not at all: two sessions' worth of retransmissions (Matter core specification 1.4, 4.12.8).
const WITHIN: Duration = Duration::from_secs(15);
/// Polls of a sleepy device that a session and a read take.
const POLLS: u32 = 10;
/// Nobody is waited for longer.
const WITHIN_AT_MOST: Duration = Duration::from_secs(300);

/// What is known of a device in this run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Device {
    /// It answered.
    pub(super) has_answered: bool,
    /// Questions in vain since it last did.
    pub(super) in_vain: u32,
    /// What came back the last time, where that was no answer.
    pub(super) error: Option<String>,
    /// It does not know us any more.
    pub(super) is_estranged: bool,
    /// We are leaving it.
    pub(super) is_leaving: bool,
    /// The dataset that it was asked for in this run.
    pub(super) dataset_asked: Option<super::datasets::Has>,
    /// It is asked for everything the next time.
    pub(super) wants_everything: bool,
    /// What it says of itself.
    place: Place,
    extended_address: Option<ExtendedAddress>,
    neighbors: BTreeSet<ExtendedAddress>,
    /// Where it last announced itself.
    announced: Option<BTreeSet<SocketAddr>>,
    /// Where it was last asked at.
    used: Vec<SocketAddr>,
    /// When it was last asked because it had moved.
    moved: Option<Duration>,
}

/// Where in the mesh a device says that it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    role: Option<RoutingRole>,
    partition: Option<PartitionId>,
    rloc16: Option<Rloc16>,
}

/// How often a device is asked, for those who judge how old its answers may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Periods {
    /// For its tables; `None` where it is asked only when it checks in.
    pub(super) mesh: Option<Duration>,
    /// For everything else. A tenth longer than it is due: it is asked together with the tables.
    pub(super) everything: Duration,
}

/// One question to one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// Whom, and where.
    pub(super) peer: Peer,
    /// How much.
    pub(super) breadth: Breadth,
    /// What, one read each.
    pub(super) reads: Vec<Vec<AttributePath>>,
    /// How long to wait for each.
    pub(super) within: Duration,
}

impl State {
    /// Begins to ask a device of the registry.
    pub(super) fn follow(&mut self, node: MatterNodeId, now: Now) {
        let Some(known) = self.registry.get(node) else { return };
        let ago = known
            .answered_at
            .map(|at| Duration::from_millis(now.wall.milliseconds_since(at).max(0).unsigned_abs()));
        let device = Device {
            place: Place {
                role: known.role(),
                ..Place::default()
            },
            ..Device::default()
        };
        self.devices.entry(node).or_insert(device);
        if !self.schedule.add(node, known.network, kind(known), ago, now.steady) {
            tracing::warn!(%node, "there are too many devices to ask this one");
        }
    }

    /// Asks and hears a device no more.
    pub(super) fn unfollow(&mut self, node: MatterNodeId) {
        self.schedule.remove(&node);
        self.subscriptions.forget(node);
        self.devices.remove(&node);
    }

    /// A device, and where it may be reached.
    pub(super) fn peer(&self, config: &MatterConfig, node: MatterNodeId) -> Option<Peer> {
        let fabric = self.fabric_id()?;
        let known = self.registry.get(node)?;
        let located = config.services.operational(MatterPeer { fabric, node });
        Some(Peer {
            node,
            addresses: addresses(&known.addresses, located.as_ref()),
            intervals: located.as_ref().map_or_else(|| known.intervals.into(), intervals),
        })
    }

    /// What a device is to be asked now.
    pub(super) fn question(&mut self, config: &MatterConfig, node: MatterNodeId, now: Now) -> Option<Question> {
        let peer = self.peer(config, node)?;
        let known = self.registry.get(node)?;
        let device = self.devices.get_mut(&node)?;
        let breadth = breadth(known, device, now);
        device.used.clone_from(&peer.addresses);
        Some(Question {
            breadth,
            reads: known.capability.questions(breadth),
            within: within(peer.intervals),
            peer,
        })
    }

    /// How often a device is asked.
    pub(super) fn periods(&self, node: MatterNodeId) -> Periods {
        let seconds = everything_seconds(self.registry.get(node).map(kind).unwrap_or_default()).unsigned_abs();
        Periods {
            mesh: self.schedule.interval(&node),
            everything: Duration::from_secs(seconds + seconds / 10),
        }
    }

    /// A device answered. `reports` is what came, all of the question where `whole`.
    pub(super) fn answered(&mut self, question: &Question, whole: bool, reports: &[AttributeReport], now: Now) {
        let node = question.peer.node;
        self.routeless.clear();
        let (Some(known), Some(device)) = (self.registry.get_mut(node), self.devices.get_mut(&node)) else {
            return;
        };
        let (is_back, is_leaving) = (device.in_vain > 0, device.is_leaving);
        device.has_answered = true;
        device.in_vain = 0;
        device.is_estranged = false;
        if whole {
            device.error = None;
        }
        let before = known.clone();
        known.answered_at = Some(now.wall);
        if question.breadth == Breadth::Everything && whole {
            known.everything_at = Some(now.wall);
            device.wants_everything = false;
        }
        known.capability.learn(question.breadth, whole, reports, now.wall);
        // It may have moved while it was asked: what it announces since then is newer.
        let announces =
            |announced: &BTreeSet<SocketAddr>| announced.is_empty() || question.peer.addresses.iter().any(|used| announced.contains(used));
        if device.announced.as_ref().is_none_or(announces) {
            known.addresses = question.peer.addresses.iter().copied().take(MAX_ADDRESSES).collect();
        }
        known.intervals = question.peer.intervals.into();
        let may_subscribe = known.capability.may_have_diagnostics() && !question.peer.intervals.long_idle;
        let is_worth_keeping =
            before.capability != known.capability || before.addresses != known.addresses || before.everything_at != known.everything_at;
        self.schedule.answered(&node, now.steady);
        self.hear(node, reports, now);
        if may_subscribe && !self.settings.paused && !is_leaving {
            if is_back {
                self.subscriptions.renew(node, now.steady);
            }
            self.subscriptions.want(node, now.steady);
        }
        if is_worth_keeping {
            self.keep_soon(now.steady);
        } else {
            self.keep_eventually(now.steady);
        }
        self.touch();
    }

    /// A device did not answer.
    pub(super) fn failed(&mut self, question: &Question, error: &OperationError, now: Now) {
        let node = question.peer.node;
        let is_estranged = matches!(error, OperationError::FabricUnknown);
        if let Some(device) = self.devices.get_mut(&node) {
            // What failed on our side is no silence of the device.
            if !matches!(error, OperationError::Failed(_) | OperationError::Ended) {
                device.in_vain = device.in_vain.saturating_add(1);
            }
            device.error = Some(error.to_string());
            device.is_estranged = is_estranged;
        }
        if matches!(error, OperationError::NoRoute(_)) {
            self.routeless.insert(node);
        } else {
            self.routeless.remove(&node);
        }
        self.schedule.failed(&node, now.steady, !is_estranged);
        self.touch();
    }

    /// A device said something: asked, or of itself.
    pub(super) fn hear(&mut self, node: MatterNodeId, reports: &[AttributeReport], now: Now) {
        let (Some(known), Some(device)) = (self.registry.get_mut(node), self.devices.get_mut(&node)) else {
            return;
        };
        let facts = facts(reports);
        let before = (known.clone(), device.place);
        let text = |text: &String| Some(text.chars().take(MAX_NAME_CHARACTERS).collect::<String>()).filter(|text| !text.is_empty());
        for fact in &facts {
            match fact {
                Fact::RoutingRole(role) => device.place.role = Some(*role),
                Fact::PartitionId(partition) => device.place.partition = Some(*partition),
                Fact::Rloc16(rloc16) => device.place.rloc16 = *rloc16,
                Fact::ExtendedPanId(network) => known.network = Some(*network),
                Fact::ExtendedAddress(address) => device.extended_address = Some(*address),
                Fact::NeighborTable(rows) => device.neighbors = rows.iter().filter_map(|row| row.extended_address).collect(),
                Fact::NodeLabel(label) => known.label = text(label),
                Fact::VendorName(vendor) => known.vendor = text(vendor),
                Fact::ModelName(product) => known.product = text(product),
                Fact::Null(weft_model::FactKind::NodeLabel) => known.label = None,
                _ => {}
            }
        }
        known.role = device.place.role.and_then(routing_role_number);
        let is_known_better = before.0 != *known;
        let has_moved = before.1 != device.place && before.1.partition.is_some();
        let (network, kind) = (known.network, kind(known));
        self.schedule.update(&node, network, kind, now.steady);
        if is_known_better {
            self.keep_soon(now.steady);
            self.touch();
        }
        if has_moved {
            let around = self.neighbors_of(node);
            self.schedule.changed_near(&around, now.steady);
        }
    }

    /// A device told of a change by itself. False where it has nothing to tell us any more.
    pub(super) fn reported(&mut self, node: MatterNodeId, subscription: u32, reports: &[AttributeReport], now: Now) -> bool {
        if !self.subscriptions.heard(node, subscription, now.steady) {
            return false;
        }
        let Some(device) = self.devices.get_mut(&node) else { return false };
        let before = device.place;
        if let Some(known) = self.registry.get_mut(node) {
            known.answered_at = Some(now.wall);
        }
        self.keep_eventually(now.steady);
        self.hear(node, reports, now);
        if self.devices.get(&node).is_some_and(|device| device.place != before) {
            self.schedule.changed(&node, now.steady);
        }
        self.touch();
        true
    }

    /// Devices of ours that hear a device, or that it hears.
    fn neighbors_of(&self, node: MatterNodeId) -> Vec<MatterNodeId> {
        let Some(device) = self.devices.get(&node) else { return Vec::new() };
        let is_near = |other: &Device| {
            other.extended_address.is_some_and(|address| device.neighbors.contains(&address))
                || device.extended_address.is_some_and(|address| other.neighbors.contains(&address))
        };
        let others = self.devices.iter().filter(|(other, _)| **other != node);
        others.filter(|(_, other)| is_near(other)).map(|(other, _)| *other).collect()
    }

    /// A device of the registry was announced anew or elsewhere. True where the session to it is of no use any more.
    pub(super) fn announced(&mut self, node: MatterNodeId, located: &Located, now: Now) -> bool {
        let (Some(known), Some(device)) = (self.registry.get_mut(node), self.devices.get_mut(&node)) else {
            return false;
        };
        let is_gone = |address: &SocketAddr| !located.addresses.contains(address);
        // Old and new addresses may be announced together for a while: what counts is the one that it answers at.
        let is_left = known.addresses.first().is_some_and(is_gone) || (!device.used.is_empty() && device.used.iter().all(is_gone));
        let has_moved = !located.addresses.is_empty() && is_left;
        let is_found = !device.has_answered && located.addresses.iter().any(|address| !device.used.contains(address));
        let is_silent = device.in_vain > 0;
        let said: BTreeSet<SocketAddr> = located.addresses.iter().copied().collect();
        // What is told anew is told when it changes: so it was withdrawn meanwhile, as by a device that reboots.
        let is_back = device.announced.replace(said.clone()).is_some_and(|before| before == said);
        let asks = has_moved && device.moved.is_none_or(|at| now.steady >= at + MOVES_APART);
        if has_moved {
            known.addresses = addresses(&known.addresses, Some(located));
        }
        if asks {
            device.moved = Some(now.steady);
        }
        let before = known.intervals;
        known.intervals = intervals(located).into();
        if before != known.intervals {
            let (network, kind) = (known.network, kind(known));
            self.schedule.update(&node, network, kind, now.steady);
            self.keep_soon(now.steady);
            self.touch();
        }
        if has_moved {
            self.keep_soon(now.steady);
            self.touch();
        }
        if asks {
            self.schedule.request(&node, now.steady);
        } else if has_moved || is_found || is_silent || is_back {
            self.schedule.sign_of_life(&node, now.steady);
        }
        if has_moved || is_back {
            self.subscriptions.renew(node, now.steady);
        }
        has_moved
    }
}

/// A device that moves is asked at its new address at once, sleepy ones too; but anybody on the LAN can announce one, so not more often than this.
const MOVES_APART: Duration = Duration::from_secs(10 * 60);

/// The longest name that is kept of a device.
const MAX_NAME_CHARACTERS: usize = 128;

/// The facts in what a device said.
fn facts(reports: &[AttributeReport]) -> Vec<Fact> {
    let answers = reports.iter().map(|report| {
        let path = weft_model::AttributePath {
            endpoint: report.endpoint,
            cluster: report.cluster,
            attribute: report.attribute,
        };
        let answer = match &report.value {
            Ok(tlv) => Answer::Value(tlv),
            Err(status) => Answer::Status(*status),
        };
        (path, answer)
    });
    decode_report(answers).facts
}

/// What a device is, for the schedule.
pub(super) fn kind(known: &Node) -> Kind {
    let intervals = Intervals::from(known.intervals);
    if intervals.long_idle {
        return Kind::LongIdle;
    }
    let sleepy = Kind::Sleepy {
        idle_milliseconds: intervals.idle_milliseconds,
    };
    match known.role() {
        Some(RoutingRole::Router | RoutingRole::Leader) => Kind::Router,
        Some(RoutingRole::SleepyEndDevice) => sleepy,
        _ if intervals.is_sleepy() => sleepy,
        Some(RoutingRole::EndDevice | RoutingRole::Reed | RoutingRole::Child) => Kind::EndDevice,
        // Not on Thread: it has no tables that change.
        _ if !known.capability.may_have_diagnostics() => Kind::EndDevice,
        _ => Kind::Unknown,
    }
}

/// How much to ask. After a start the mesh comes first: what a device is was kept.
fn breadth(known: &Node, device: &Device, now: Now) -> Breadth {
    if known.capability.is_new() || device.wants_everything {
        return Breadth::Everything;
    }
    if !device.has_answered {
        return Breadth::Mesh;
    }
    let period = everything_seconds(kind(known));
    match known.everything_at {
        // Also where the clock stepped back.
        Some(at) if (0..period).contains(&now.wall.seconds_since(at)) => Breadth::Mesh,
        _ => Breadth::Everything,
    }
}

fn everything_seconds(kind: Kind) -> i64 {
    match kind {
        Kind::Sleepy { .. } | Kind::LongIdle => EVERYTHING_SLEEPY_SECONDS,
        _ => EVERYTHING_SECONDS,
    }
}

/// How long to wait for one read.
pub(super) fn within(intervals: Intervals) -> Duration {
    let poll = Duration::from_millis(intervals.idle_milliseconds.into());
    (WITHIN + poll.saturating_mul(POLLS)).min(WITHIN_AT_MOST)
}

/// Where to ask a device: where it answered last, as long as it says so; then what else it announces; then where it was before.
pub(super) fn addresses(kept: &[SocketAddr], located: Option<&Located>) -> Vec<SocketAddr> {
    let announced = located.map_or(&[][..], |located| &located.addresses);
    if announced.is_empty() {
        return kept.iter().copied().take(MAX_ADDRESSES).collect();
    }
    let last = kept.first().filter(|last| announced.contains(last));
    let mut addresses: Vec<SocketAddr> = last.into_iter().copied().collect();
    addresses.extend(announced.iter().filter(|address| Some(*address) != last).take(MAX_ADDRESSES - MAX_FORMER));
    let former: Vec<SocketAddr> = kept
        .iter()
        .filter(|address| !announced.contains(address))
        .take(MAX_FORMER)
        .copied()
        .collect();
    addresses.extend(former);
    addresses.truncate(MAX_ADDRESSES);
    addresses
}
