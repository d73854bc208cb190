//! Evidence: every standing statement, what it superseded, and who was asked in vain. A function of the set of captures.

mod annotations;
mod placement;
mod slot;
mod sources;

pub use placement::NetworkKey;
pub use slot::{PastValue, RowEpisode, RowKey, Slot};
pub use sources::{SourceHistory, Sources};

use crate::decode::{DecodedCapture, Decoder};
use crate::{Capture, CaptureBody, FailureCapture, Hearing, Observation, Reporter};
use annotations::Annotations;
use placement::{Mark, Placement};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;
use std::sync::Arc;
use weft_model::{AddressKind, ExtendedAddress, ExtendedPanId, Fact, FactKind, Timestamp};
use weft_wire::Problem;

/// How often marks may lead to further marks.
const MAX_PLACEMENT_ROUNDS: usize = 4;
/// Troubles that are kept for the report, oldest first; all are counted.
const MAX_PROBLEMS: usize = 1_000;
/// Addresses of children that are remembered of one parent.
const MAX_CHILD_ADDRESSES: usize = 4_096;
/// A parent's lists of children and of their addresses speak of the same children if they are at most so far apart.
const MAX_LISTS_APART_MILLISECONDS: i64 = 60_000;
/// Good-byes that are remembered of one reporter.
const MAX_GOODBYES: usize = 32;
/// Failures in vain that are remembered of one reporter since it last answered.
const MAX_IN_VAIN: usize = 8;

/// Everything that one reporter said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReporterEvidence {
    /// Its statements by kind.
    pub slots: BTreeMap<FactKind, Slot>,
    /// When it was first heard of.
    pub since: Option<Timestamp>,
    /// When a registration of it was removed, if it was not renewed since.
    pub removed_at: Option<Timestamp>,
    /// When it was heard to say good-bye, the newest times, oldest first: what it said later does not take that back.
    pub goodbyes: Vec<Timestamp>,
    /// When it was asked in vain since it last answered, oldest first.
    pub in_vain: Vec<Timestamp>,
    /// What came back then.
    pub last_failure: Option<FailureCapture>,
    /// When it last answered a question.
    pub answered_at: Option<Timestamp>,
    network: Option<NetworkKey>,
    placed: bool,
    marks: Option<(ExtendedPanId, Vec<Mark>)>,
    waits_for: Vec<Mark>,
    child_addresses: BTreeMap<Ipv6Addr, ExtendedAddress>,
    told_network: Option<((Timestamp, u64), ExtendedPanId)>,
    rest_bases: BTreeSet<Arc<str>>,
    heard_prefixes: BTreeSet<[u8; 8]>,
    is_border_router_itself: bool,
}

impl ReporterEvidence {
    /// The newest complete statement of a kind.
    pub fn current(&self, kind: FactKind) -> Option<&Fact> {
        self.slots.get(&kind)?.current.as_ref().map(|observation| &*observation.fact)
    }

    /// Base URLs of REST APIs that are this reporter's own: it spoke there of itself, not of others.
    pub fn own_rest_bases(&self) -> impl Iterator<Item = &Arc<str>> {
        self.rest_bases.iter().filter(|_| self.is_border_router_itself)
    }

    /// Addresses that it ever listed of a child together with the child's extended address: that they name one device outlives the row.
    pub fn child_addresses(&self) -> &BTreeMap<Ipv6Addr, ExtendedAddress> {
        &self.child_addresses
    }

    /// The network that it was placed in.
    pub fn network(&self) -> Option<NetworkKey> {
        self.network
    }
}

impl ReporterEvidence {
    fn remember_child_addresses(&mut self) {
        let (Some(Fact::Children(children)), Some(Fact::ChildAddresses(listed))) =
            (self.current(FactKind::Children), self.current(FactKind::ChildAddresses))
        else {
            return;
        };
        let answers =
            [FactKind::Children, FactKind::ChildAddresses].map(|kind| self.slots[&kind].current.as_ref().map(|observation| observation.stated_at));
        let apart = match answers {
            [Some(left), Some(right)] => left.milliseconds_since(right).abs(),
            _ => return,
        };
        // Locators are given to others: only lists of one answer, or nearly so, speak of the same children.
        if apart > MAX_LISTS_APART_MILLISECONDS {
            return;
        }
        let named: Vec<(Ipv6Addr, ExtendedAddress)> = listed
            .iter()
            .filter_map(|row| Some((row, children.iter().find(|child| child.rloc16 == Some(row.rloc16))?.extended_address)))
            .flat_map(|(row, child)| row.addresses.iter().map(move |address| (*address, child)))
            .filter(|(address, _)| AddressKind::of(*address) == AddressKind::Unicast)
            .collect();
        self.child_addresses.extend(named);
        while self.child_addresses.len() > MAX_CHILD_ADDRESSES {
            self.child_addresses.pop_first();
        }
    }
}

/// What one insertion changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Networks whose evidence changed; `None` stands for the LAN outside all networks.
    pub networks: BTreeSet<Option<NetworkKey>>,
    /// What people say changed: any network may look different.
    pub annotations: bool,
    /// A source began or ceased to hear: ages may stand still or run again.
    pub sources: bool,
}

impl Touched {
    /// Adds what another insertion changed.
    pub fn extend(&mut self, other: Touched) {
        self.networks.extend(other.networks);
        self.annotations |= other.annotations;
        self.sources |= other.sources;
    }
}

/// A capture that is older than one that was taken already: the evidence has to be made anew from all captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("capture {seq} of {at} is older than the newest that was taken ({newest}); make the evidence anew from all captures")]
pub struct OutOfOrder {
    /// The capture.
    pub seq: u64,
    /// Its time.
    pub at: Timestamp,
    /// The newest time.
    pub newest: Timestamp,
}

/// All evidence.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    decoder: Decoder,
    reporters: BTreeMap<Reporter, ReporterEvidence>,
    annotations: Annotations,
    sources: Sources,
    placement: Placement,
    newest: Option<(Timestamp, u64)>,
    captures: u64,
    not_understood: BTreeMap<&'static str, u64>,
    problems: Vec<(u64, Problem)>,
    problem_count: u64,
}

impl Evidence {
    /// The evidence of a set of captures: their order and repetitions do not matter.
    pub fn from_captures<'a>(captures: impl IntoIterator<Item = &'a Capture>) -> Self {
        let mut sorted: Vec<&Capture> = captures.into_iter().collect();
        sorted.sort_by_key(|capture| (capture.at, capture.seq));
        sorted.dedup_by_key(|capture| (capture.at, capture.seq));
        let mut evidence = Self::default();
        let mut changed = BTreeSet::new();
        for capture in sorted {
            evidence.take(capture, &mut changed);
        }
        evidence.place(&changed, &mut Touched::default());
        evidence
    }

    /// Takes the next capture.
    pub fn insert(&mut self, capture: &Capture) -> Result<Touched, OutOfOrder> {
        if let Some(newest) = self.newest
            && (capture.at, capture.seq) <= newest
        {
            return Err(OutOfOrder {
                seq: capture.seq,
                at: capture.at,
                newest: newest.0,
            });
        }
        let mut changed = BTreeSet::new();
        let mut touched = self.take(capture, &mut changed);
        self.place(&changed, &mut touched);
        Ok(touched)
    }

    fn take(&mut self, capture: &Capture, changed: &mut BTreeSet<Reporter>) -> Touched {
        self.newest = Some((capture.at, capture.seq));
        self.captures += 1;
        let mut touched = Touched::default();
        let DecodedCapture {
            observations,
            problems,
            removed,
            failures,
            source,
            not_understood,
        } = self.decoder.decode(capture);
        if not_understood {
            *self.not_understood.entry(capture.body.kind()).or_insert(0) += 1;
        }
        self.problem_count += problems.len() as u64;
        let room = MAX_PROBLEMS.saturating_sub(self.problems.len());
        self.problems
            .extend(problems.into_iter().take(room).map(|problem| (capture.seq, problem)));
        if let Some(report) = source {
            let listened = self.sources.get(&capture.source).map(|history| history.state);
            self.sources.report(&capture.source, capture.at, &report);
            touched.sources = listened != Some(report.state);
        } else {
            self.sources.heard(&capture.source, capture.at);
        }
        for reporter in removed {
            // A radio of which only others spoke leaves too: a node of our own does not hear itself.
            if let CaptureBody::Mle(message) = &capture.body {
                let evidence = self.reporters.entry(reporter.clone()).or_default();
                let moment = (capture.at, capture.seq);
                evidence.told_network = message.extended_pan_id.map(|network| (moment, network)).or(evidence.told_network);
            }
            if let Some(evidence) = self.reporters.get_mut(&reporter) {
                evidence.removed_at = Some(capture.at);
                if matches!(capture.body, CaptureBody::Mle(_)) {
                    evidence.goodbyes.push(capture.at);
                    if evidence.goodbyes.len() > MAX_GOODBYES {
                        evidence.goodbyes.remove(0);
                    }
                }
                changed.insert(reporter);
            }
        }
        for (reporter, failure) in failures {
            let evidence = self.reporters.entry(reporter.clone()).or_default();
            evidence.in_vain.push(capture.at);
            if evidence.in_vain.len() > MAX_IN_VAIN {
                // The first two decide; the newest tells how long it lasts.
                evidence.in_vain.remove(MAX_IN_VAIN / 2);
            }
            evidence.last_failure = Some(failure);
            changed.insert(reporter);
        }
        for observation in observations {
            self.sources.hearing(&capture.source, capture.at, observation.hearing);
            if matches!(*observation.fact, Fact::Annotation(_)) {
                touched.annotations = true;
                self.annotations.take(observation);
                continue;
            }
            changed.insert(observation.reporter.clone());
            self.keep(capture, observation);
        }
        touched
    }

    fn keep(&mut self, capture: &Capture, observation: Observation) {
        let evidence = self.reporters.entry(observation.reporter.clone()).or_default();
        let moment = (observation.stated_at, observation.seq);
        evidence.since = Some(evidence.since.map_or(observation.stated_at, |since| since.min(observation.stated_at)));
        evidence.removed_at = None;
        if observation.hearing == Hearing::Asked && evidence.answered_at.is_none_or(|at| at <= observation.stated_at) {
            evidence.answered_at = Some(observation.stated_at);
            evidence.in_vain.retain(|at| *at > observation.stated_at);
        }
        if let Some(network) = observation.network
            && evidence.told_network.is_none_or(|(told, _)| told <= moment)
        {
            evidence.told_network = Some((moment, network));
        }
        match &capture.body {
            CaptureBody::OtbrRest(rest) => {
                evidence.rest_bases.insert(rest.base.as_str().into());
                evidence.is_border_router_itself |= crate::decode::is_border_router_path(&rest.path);
            }
            CaptureBody::Tmf(tmf) => evidence.heard_prefixes.extend(mesh_local_half(tmf.peer)),
            _ => {}
        }
        let kind = observation.fact.kind();
        evidence.slots.entry(kind).or_default().apply(observation);
        if matches!(kind, FactKind::Children | FactKind::ChildAddresses) {
            evidence.remember_child_addresses();
        }
    }

    fn place(&mut self, changed: &BTreeSet<Reporter>, touched: &mut Touched) {
        let mut pending: BTreeSet<Reporter> = changed.clone();
        let mut all = BTreeSet::new();
        // A frame with a long address teaches a PAN id, which places frames without: hence more than one round, and a bound on them.
        for _ in 0..MAX_PLACEMENT_ROUNDS {
            let mut again = BTreeSet::new();
            for reporter in &pending {
                if let Some(evidence) = self.reporters.get_mut(reporter) {
                    again.extend(self.placement.update_marks(reporter, evidence));
                }
            }
            all.append(&mut pending);
            pending = again
                .into_iter()
                .filter(|reporter| !changed.contains(reporter) || matches!(reporter, Reporter::Dongle { .. }))
                .collect();
            if pending.is_empty() {
                break;
            }
        }
        all.append(&mut pending);
        for reporter in &all {
            if let Some(evidence) = self.reporters.get_mut(reporter) {
                let (before, now) = self.placement.place(reporter, evidence);
                if before != now || changed.contains(reporter) {
                    touched.networks.insert(now);
                    if before != now {
                        touched.networks.insert(before);
                    }
                }
            }
        }
    }

    /// The networks that the evidence speaks of, sorted.
    pub fn networks(&self) -> impl Iterator<Item = NetworkKey> {
        self.placement.networks()
    }

    /// Who speaks of a network, sorted; `None`: who is on the LAN and in no known network.
    pub fn reporters(&self, network: Option<NetworkKey>) -> impl Iterator<Item = (&Reporter, &ReporterEvidence)> {
        self.placement
            .members(network)
            .filter_map(|reporter| self.reporters.get_key_value(reporter))
    }

    /// One reporter.
    pub fn reporter(&self, reporter: &Reporter) -> Option<&ReporterEvidence> {
        self.reporters.get(reporter)
    }

    /// How many reporters have said anything: what a copy of the evidence costs.
    pub fn reporter_count(&self) -> usize {
        self.reporters.len()
    }

    /// What people say, of each device and finding the newest word on each thing, oldest first.
    pub fn annotations(&self) -> impl Iterator<Item = &Observation> {
        self.annotations.iter()
    }

    /// The sources.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The time of the newest capture.
    pub fn newest_at(&self) -> Option<Timestamp> {
        self.newest.map(|(at, _)| at)
    }

    /// Captures that were taken.
    pub fn capture_count(&self) -> u64 {
        self.captures
    }

    /// Captures of a kind that is kept and not decoded, counted by kind.
    pub fn not_understood(&self) -> &BTreeMap<&'static str, u64> {
        &self.not_understood
    }

    /// Troubles of decoding with the capture's number, the first thousand.
    pub fn problems(&self) -> &[(u64, Problem)] {
        &self.problems
    }

    /// All troubles of decoding, counted.
    pub fn problem_count(&self) -> u64 {
        self.problem_count
    }
}

/// The mesh-local prefix that a peer's own locator address lies in.
fn mesh_local_half(peer: Ipv6Addr) -> Option<[u8; 8]> {
    matches!(AddressKind::of(peer), AddressKind::Rloc(_)).then(|| placement::half(peer))
}
