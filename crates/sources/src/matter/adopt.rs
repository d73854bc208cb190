//! Devices that are ours without our knowing: those that joined while this program died, and those of a list that was lost.
//!
//! Two traces lead to them: a node id that was reserved before a device could have it, and an announcement of our fabric with a node id that nobody knows. An
//! announcement proves nothing; a session as a node of our fabric does, as only who has our certificates can hold one.

use super::Now;
use super::devices::{addresses, within};
use super::hub::{Hub, State};
use super::jobs::find::intervals;
use super::registry::{Node, Reservation};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use weft_matter::commission::{BREADCRUMB, BREADCRUMB_PATH};
use weft_matter::{AttributePath, AttributeReport, Controller, Intervals, Peer};
use weft_model::{AttributeValue, MatterNodeId, MatterPeer};
use weft_wire::matter::clusters::BASIC_INFORMATION;

/// A device answers as ours from AddNOC on, but takes everything back when its fail-safe runs out, 60 s after it was armed, which may be 40 s after the
/// reservation. Whoever answers later stays ours; before, its breadcrumb tells.
const FAIL_SAFE_OVER: Duration = Duration::from_secs(100);
/// A reserved number is looked for so long; after that only when it is announced.
const LOOKED_FOR: Duration = Duration::from_secs(600);
/// Numbers that were reserved so long ago are given up.
const GIVEN_UP: Duration = Duration::from_secs(30 * 24 * 3600);
/// Devices that are tried at the same time.
const MAX_TRIED: usize = 4;
/// Announced devices that are remembered.
const MAX_UNKNOWN: usize = 1_000;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Operational Credentials, attribute CurrentFabricIndex (Matter core specification 1.4, 11.18.5.6).
const CURRENT_FABRIC_INDEX: AttributePath = AttributePath {
    endpoint: Some(0),
    cluster: Some(0x003e),
    attribute: Some(0x0005),
};

/// Who may be ours, and when each is tried next.
#[derive(Debug, Default)]
pub(super) struct Adoption {
    unknown: BTreeSet<MatterNodeId>,
    tries: BTreeMap<MatterNodeId, Try>,
}

#[derive(Debug, Clone, Copy)]
struct Try {
    at: Duration,
    failures: u32,
    is_under_way: bool,
}

impl Adoption {
    /// Somebody announces a node id of our fabric that nobody knows.
    pub(super) fn announced(&mut self, node: MatterNodeId, now: Duration) {
        if self.unknown.len() >= MAX_UNKNOWN && !self.unknown.contains(&node) {
            // Whoever answered least is least likely ours.
            let failures = |node: &MatterNodeId| self.tries.get(node).map_or(0, |entry| entry.failures);
            let hopeless = self.unknown.iter().copied().max_by_key(failures).filter(|other| failures(other) > 0);
            hopeless.into_iter().for_each(|other| self.forget(other));
        }
        if self.unknown.len() < MAX_UNKNOWN || self.unknown.contains(&node) {
            self.unknown.insert(node);
            let entry = self.tries.entry(node).or_insert(Try {
                at: now,
                failures: 0,
                is_under_way: false,
            });
            // It was announced anew: it may answer now.
            entry.at = entry.at.min(now + FIRST_PAUSE);
        }
    }

    /// It is known now, or never will be.
    pub(super) fn forget(&mut self, node: MatterNodeId) {
        self.unknown.remove(&node);
        self.tries.remove(&node);
    }

    /// Nobody is being tried any more.
    pub(super) fn abandon(&mut self) {
        self.tries.values_mut().for_each(|entry| entry.is_under_way = false);
    }

    fn failed(&mut self, node: MatterNodeId, now: Duration) {
        if let Some(entry) = self.tries.get_mut(&node) {
            let pause = FIRST_PAUSE
                .saturating_mul(1_u32.checked_shl(entry.failures).unwrap_or(u32::MAX))
                .min(LONGEST_PAUSE);
            *entry = Try {
                at: now + pause,
                failures: entry.failures.saturating_add(1),
                is_under_way: false,
            };
        }
    }
}

/// How long ago a number was reserved, by the wall's clock; a clock that stepped back counts as no time.
fn age(reservation: &Reservation, now: Now) -> Duration {
    Duration::from_millis(now.wall.milliseconds_since(reservation.at).max(0).unsigned_abs())
}

impl State {
    /// Until when a former attempt of a job may still prove to have succeeded.
    pub(super) fn undecided_until(&self, job: u64, now: Now) -> Option<Duration> {
        let of_job = self
            .registry
            .reservations()
            .filter(|reservation| reservation.job == job && !self.held.contains(&reservation.node));
        let decided_after = FAIL_SAFE_OVER + FIRST_PAUSE;
        of_job
            .filter_map(|reservation| decided_after.checked_sub(age(reservation, now)))
            .map(|left| now.steady + left)
            .max()
    }

    /// Who is to be tried now. Each is under way from then on.
    pub(super) fn take_adoptable(&mut self, config: &super::MatterConfig, now: Now) -> Vec<Peer> {
        let Some(fabric) = self.fabric_id() else { return Vec::new() };
        if self.settings.paused || self.registry.is_full() {
            return Vec::new();
        }
        let old: Vec<MatterNodeId> = self
            .registry
            .reservations()
            .filter(|reservation| age(reservation, now) > GIVEN_UP && !self.held.contains(&reservation.node))
            .map(|reservation| reservation.node)
            .collect();
        for node in old {
            self.registry.retire(node);
            self.adoption.forget(node);
            self.keep_soon(now.steady);
        }
        for reservation in self.registry.reservations().filter(|reservation| age(reservation, now) < LOOKED_FOR) {
            self.adoption.tries.entry(reservation.node).or_insert(Try {
                at: now.steady,
                failures: 0,
                is_under_way: false,
            });
        }
        let mut room = MAX_TRIED.saturating_sub(self.adoption.tries.values().filter(|entry| entry.is_under_way).count());
        let due: Vec<MatterNodeId> = self
            .adoption
            .tries
            .iter()
            .filter(|(_, entry)| entry.at <= now.steady && !entry.is_under_way)
            .map(|(node, _)| *node)
            .collect();
        let mut peers = Vec::new();
        for node in due {
            let reservation = self.registry.reservation(node);
            let is_wanted = self.adoption.unknown.contains(&node) || reservation.is_some_and(|reservation| age(reservation, now) < LOOKED_FOR);
            if self.registry.get(node).is_some() || self.registry.is_retired(node) || !is_wanted {
                self.adoption.forget(node);
                continue;
            }
            let located = config.services.operational(MatterPeer { fabric, node });
            let addresses = addresses(reservation.map_or(&[], |reservation| &reservation.addresses), located.as_ref());
            if self.held.contains(&node) || addresses.is_empty() {
                if let Some(entry) = self.adoption.tries.get_mut(&node) {
                    entry.at = now.steady + FIRST_PAUSE;
                }
                continue;
            }
            if room == 0 {
                break;
            }
            room -= 1;
            if let Some(entry) = self.adoption.tries.get_mut(&node) {
                entry.is_under_way = true;
            }
            peers.push(Peer {
                node,
                addresses,
                intervals: located.as_ref().map_or_else(Intervals::default, intervals),
            });
        }
        peers
    }

    /// When somebody is to be tried.
    pub(super) fn adoption_due(&self) -> Option<Duration> {
        if self.settings.paused || self.registry.is_full() {
            return None;
        }
        let has_room = self.adoption.tries.values().filter(|entry| entry.is_under_way).count() < MAX_TRIED;
        let waiting = self.adoption.tries.values().filter(|entry| !entry.is_under_way).map(|entry| entry.at);
        waiting.min().filter(|_| has_room)
    }

    /// True where a device that answers as ours will stay so: its fail-safe is over, or nothing waits for its end any more.
    pub(super) fn is_complete(&self, node: MatterNodeId, reports: &[AttributeReport], now: Now) -> bool {
        let Some(reservation) = self.registry.reservation(node) else {
            return true;
        };
        unsigned(reports, BREADCRUMB_PATH).is_some_and(|crumb| crumb != BREADCRUMB) || age(reservation, now) >= FAIL_SAFE_OVER
    }

    /// A device is ours: it goes into the registry, and its job is done.
    pub(super) fn adopt(&mut self, peer: &Peer, fabric_index: Option<u8>, reports: &[AttributeReport], now: Now) {
        let node = peer.node;
        let job = self.registry.reservation(node).map(|reservation| reservation.job);
        self.registry.add(Node {
            addresses: peer.addresses.clone(),
            intervals: peer.intervals.into(),
            fabric_index,
            ..Node::new(node, now.wall)
        });
        self.adoption.forget(node);
        self.held.remove(&node);
        self.follow(node, now);
        self.hear(node, reports, now);
        if let Some(job) = job {
            self.retire_others(job, node);
            let name = self.registry.get(node).and_then(Node::name);
            self.jobs.succeeded(job, node, name, now);
        }
        if peer.intervals.long_idle {
            self.schedule.checked_in(&node, now.steady);
        }
        self.keep_now();
        self.touch();
    }

    /// The device of a job has its number: what other attempts of the job reserved, it will never have.
    pub(super) fn retire_others(&mut self, job: u64, node: MatterNodeId) {
        let of_job = self.registry.reservations().filter(|other| other.job == job && other.node != node);
        let others: Vec<MatterNodeId> = of_job.map(|other| other.node).collect();
        for other in others {
            self.registry.retire(other);
            self.adoption.forget(other);
        }
    }

    /// A device of ours at one of these addresses: registered, or announced.
    pub(super) fn ours_at(&self, config: &super::MatterConfig, at: &[SocketAddr]) -> Option<MatterNodeId> {
        let fabric = self.fabric_id()?;
        let is_there = |node: MatterNodeId, kept: &[SocketAddr]| {
            let located = config.services.operational(MatterPeer { fabric, node });
            addresses(kept, located.as_ref()).iter().any(|address| at.contains(address))
        };
        let registered = self
            .registry
            .nodes()
            .find(|known| is_there(known.node, &known.addresses))
            .map(|known| known.node);
        registered.or_else(|| {
            self.adoption
                .unknown
                .iter()
                .copied()
                .find(|node| !self.registry.is_retired(*node) && is_there(*node, &[]))
        })
    }
}

/// Tries whether a device is ours.
pub(super) async fn try_one(hub: Arc<Hub>, controller: Controller, peer: Peer) {
    if !take_in(&hub, &controller, &peer).await {
        hub.lock().adoption.failed(peer.node, Now::read().steady);
    }
    hub.wake.notify_one();
}

/// Asks a device whether it is ours, and takes it into the registry where it is and stays so. True where it is in the registry then.
pub(super) async fn take_in(hub: &Arc<Hub>, controller: &Controller, peer: &Peer) -> bool {
    let names = AttributePath {
        endpoint: Some(0),
        cluster: Some(BASIC_INFORMATION),
        attribute: None,
    };
    let answer = controller
        .read(peer, &[names, CURRENT_FABRIC_INDEX, BREADCRUMB_PATH], within(peer.intervals))
        .await;
    let reports = match answer {
        Ok(reports) => reports,
        Err(error) => {
            tracing::debug!(node = %peer.node, %error, "not known to be ours");
            return false;
        }
    };
    {
        let now = Now::read();
        let mut state = hub.lock();
        if state.registry.get(peer.node).is_some() {
            return true;
        }
        if state.registry.is_retired(peer.node) || !state.is_complete(peer.node, &reports, now) {
            return false;
        }
        tracing::info!(node = %peer.node, "a device that is ours was taken into the list");
        let fabric_index = unsigned(&reports, CURRENT_FABRIC_INDEX).and_then(|index| u8::try_from(index).ok());
        state.adopt(peer, fabric_index, &reports, now);
    }
    let _ = hub.keep_aside().await;
    true
}

/// A number in what a device said.
fn unsigned(reports: &[AttributeReport], of: AttributePath) -> Option<u64> {
    let report = reports
        .iter()
        .find(|report| (Some(report.cluster), Some(report.attribute)) == (of.cluster, of.attribute))?;
    match weft_wire::matter::tlv::decode(report.value.as_ref().ok()?).ok()? {
        AttributeValue::Unsigned(number) => Some(number),
        _ => None,
    }
}
