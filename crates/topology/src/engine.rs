//! The whole topology from all networks, and the engine that derives again only what a capture touched.

mod said;

use crate::network::derive_network;
use crate::snapshot::{Claim, NetworkTopology, Topology};
use crate::{Finding, Id, Policy, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weft_evidence::{Capture, Evidence, NetworkKey, OutOfOrder, Touched};
use weft_model::Timestamp;

/// What the evidence says at a moment. Pure: the same evidence and moment give the same topology, byte for byte.
///
/// The evidence must hold no captures from after `as_of`.
pub fn derive(evidence: &Evidence, as_of: Timestamp, policy: &Policy) -> Topology {
    let parts = derive_parts(evidence, all_networks(evidence).map(Part).collect(), as_of, policy);
    let mut directory = Directory::default();
    for (part, topology) in &parts {
        directory.add(*part, topology);
    }
    assemble(&parts, &directory, evidence, as_of)
}

/// Networks that are worth a thread of their own.
const PARTS_PER_THREAD: usize = 8;

/// Derives parts, several at a time where there are many: they do not depend on each other.
fn derive_parts(evidence: &Evidence, parts: Vec<Part>, as_of: Timestamp, policy: &Policy) -> BTreeMap<Part, Arc<NetworkTopology>> {
    let derive = |part: &Part| (*part, Arc::new(derive_network(evidence, part.0, as_of, policy)));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(parts.len() / PARTS_PER_THREAD);
    if threads < 2 {
        return parts.iter().map(derive).collect();
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = parts
            .chunks(parts.len().div_ceil(threads))
            .map(|chunk| scope.spawn(move || chunk.iter().map(derive).collect::<Vec<_>>()))
            .collect();
        // A worker that panicked has met a fault of ours: it is this thread's too.
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault)))
            .collect()
    })
}

/// What the evidence says of one network; `None` is the LAN outside all networks.
pub fn derive_one(evidence: &Evidence, network: Option<NetworkKey>, as_of: Timestamp, policy: &Policy) -> NetworkTopology {
    derive_network(evidence, network, as_of, policy)
}

/// All networks of the evidence, and the LAN outside them.
fn all_networks(evidence: &Evidence) -> impl Iterator<Item = Option<NetworkKey>> {
    evidence.networks().map(Some).chain([None])
}

/// A part of the topology: networks in their order, the LAN outside them last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part(Option<NetworkKey>);

impl Ord for Part {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0.is_none(), self.0).cmp(&(other.0.is_none(), other.0))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Which parts speak of which node, so that a device in two networks is found without looking at all of them again.
#[derive(Debug, Default)]
struct Directory {
    parts_of: BTreeMap<Id, Vec<Part>>,
    in_several: BTreeSet<Id>,
}

impl Directory {
    fn add(&mut self, part: Part, topology: &NetworkTopology) {
        for node in &topology.nodes {
            let parts = self.parts_of.entry(node.id.clone()).or_default();
            parts.push(part);
            if parts.len() == 2 {
                self.in_several.insert(node.id.clone());
            }
        }
    }

    fn remove(&mut self, part: Part, topology: &NetworkTopology) {
        for node in &topology.nodes {
            let Some(parts) = self.parts_of.get_mut(&node.id) else { continue };
            parts.retain(|other| *other != part);
            match parts.len() {
                0 => {
                    self.parts_of.remove(&node.id);
                }
                1 => {
                    self.in_several.remove(&node.id);
                }
                _ => {}
            }
        }
    }
}

/// Puts the parts together and adds what only all of them show.
fn assemble(parts: &BTreeMap<Part, Arc<NetworkTopology>>, directory: &Directory, evidence: &Evidence, as_of: Timestamp) -> Topology {
    let valid_until = parts.values().map(|part| part.valid_until).min().unwrap_or(Timestamp::MAX);
    let mut parts = parts.clone();
    let mut findings: Vec<Finding> = directory.in_several.iter().filter_map(|id| unite(&mut parts, directory, id)).collect();
    findings.extend(said::unite(&mut parts));
    findings.sort_by(|left, right| left.id.cmp(&right.id));
    if !findings.is_empty() {
        let node = |id: &str| parts.values().find_map(|part| said::node(part, id));
        crate::finding::mute::mark(&mut findings, evidence, &node, &|node| node.previous_ids.clone());
    }
    Topology {
        as_of,
        valid_until,
        parts: parts.into_values().collect(),
        findings,
    }
}

/// A device that two networks speak of is one device: it is where it was heard last, and what the other network says of it are claims.
fn unite(parts: &mut BTreeMap<Part, Arc<NetworkTopology>>, directory: &Directory, id: &Id) -> Option<Finding> {
    let mut places: Vec<(Part, usize)> = Vec::new();
    for part in directory.parts_of.get(id)? {
        let place = parts.get(part)?.nodes.binary_search_by(|node| node.id.cmp(id)).ok()?;
        places.push((*part, place));
    }
    places.sort();
    let newest = *places.iter().max_by_key(|(part, place)| {
        let node = &parts[part].nodes[*place];
        let said = node.claims.iter().filter_map(|claim| claim.observed_at).max();
        (node.last_heard_at, said, std::cmp::Reverse(*part))
    })?;
    let mut networks = Vec::new();
    let mut claims = Vec::new();
    for (part, place) in places {
        networks.push(part.0.map_or_else(|| Id::from("lan"), |network| network.to_string().into()));
        if part != newest.0 {
            let topology = Arc::make_mut(parts.get_mut(&part)?);
            claims.extend(topology.nodes.remove(place).claims);
        }
    }
    let topology = Arc::make_mut(parts.get_mut(&newest.0)?);
    let node = topology.nodes.get_mut(newest.1)?;
    node.claims.extend(claims);
    Claim::put_in_order(&mut node.claims);
    let names: Vec<String> = networks.iter().map(ToString::to_string).collect();
    let mut subjects = networks;
    subjects.push(id.clone());
    subjects.sort();
    Some(Finding {
        id: format!("two-networks:{id}").into(),
        kind: "two-networks",
        severity: Severity::Info,
        subjects,
        title: "A device was seen in two networks".to_owned(),
        detail: format!("{id} is spoken of in {}; it is shown where it was heard last.", names.join(" and ")),
        advice: "Nothing has to be done if you moved it; the older network forgets it.".to_owned(),
        muted: None,
    })
}

/// Evidence and the topology concluded from it, kept up to date.
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    evidence: Evidence,
    parts: BTreeMap<Part, Arc<NetworkTopology>>,
    directory: Directory,
    dirty: BTreeSet<Option<NetworkKey>>,
    all_dirty: bool,
    assembled: Option<Arc<Topology>>,
}

impl Engine {
    /// An engine without evidence.
    pub fn new(policy: Policy) -> Self {
        Self::with_evidence(policy, Evidence::default())
    }

    /// An engine that starts from what is known already.
    pub fn with_evidence(policy: Policy, evidence: Evidence) -> Self {
        Self {
            policy,
            evidence,
            parts: BTreeMap::new(),
            directory: Directory::default(),
            dirty: BTreeSet::new(),
            all_dirty: true,
            assembled: None,
        }
    }

    /// Takes the next capture; nothing is derived before [`Engine::snapshot`].
    pub fn insert(&mut self, capture: &Capture) -> Result<(), OutOfOrder> {
        let Touched {
            networks,
            annotations,
            sources,
        } = self.evidence.insert(capture)?;
        self.dirty.extend(networks);
        // A person's word may be about any device, and a source that falls silent stops every clock that it drives.
        self.all_dirty |= annotations || sources;
        Ok(())
    }

    /// The evidence.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// True if something was taken since the last snapshot.
    pub fn is_dirty(&self) -> bool {
        self.all_dirty || !self.dirty.is_empty()
    }

    /// The topology at a moment. Derives the networks that changed, and those where age alone changed something.
    pub fn snapshot(&mut self, as_of: Timestamp) -> Arc<Topology> {
        let went_back = self.assembled.as_ref().is_some_and(|topology| topology.as_of > as_of);
        let all = self.all_dirty || went_back;
        let standing: BTreeSet<Part> = all_networks(&self.evidence).map(Part).collect();
        let old: Vec<Part> = self
            .parts
            .iter()
            .filter(|(part, topology)| all || !standing.contains(part) || self.dirty.contains(&part.0) || topology.valid_until <= as_of)
            .map(|(part, _)| *part)
            .collect();
        for part in old {
            if let Some(topology) = self.parts.remove(&part) {
                self.directory.remove(part, &topology);
            }
        }
        let missing: Vec<Part> = standing.into_iter().filter(|part| !self.parts.contains_key(part)).collect();
        for (part, topology) in derive_parts(&self.evidence, missing, as_of, &self.policy) {
            self.directory.add(part, &topology);
            self.parts.insert(part, topology);
        }
        self.dirty.clear();
        self.all_dirty = false;
        let topology = Arc::new(assemble(&self.parts, &self.directory, &self.evidence, as_of));
        self.assembled = Some(topology.clone());
        topology
    }
}
