//! The whole topology from all networks, and the engine that derives again only what a capture touched.

use crate::network::derive_network;
use crate::snapshot::{NetworkTopology, Topology};
use crate::{Finding, Id, Policy, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weft_evidence::{Capture, Evidence, NetworkKey, OutOfOrder, Touched};
use weft_model::{ExtendedAddress, Timestamp};

/// What the evidence says at a moment. Pure: the same evidence and moment give the same topology, byte for byte.
///
/// The evidence must hold no captures from after `as_of`.
pub fn derive(evidence: &Evidence, as_of: Timestamp, policy: &Policy) -> Topology {
    let parts = all_networks(evidence)
        .map(|network| Arc::new(derive_network(evidence, network, as_of, policy)))
        .collect();
    assemble(parts, as_of)
}

/// What the evidence says of one network; `None` is the LAN outside all networks.
pub fn derive_one(evidence: &Evidence, network: Option<NetworkKey>, as_of: Timestamp, policy: &Policy) -> NetworkTopology {
    derive_network(evidence, network, as_of, policy)
}

/// All networks of the evidence, the LAN outside them last.
fn all_networks(evidence: &Evidence) -> impl Iterator<Item = Option<NetworkKey>> {
    evidence.networks().map(Some).chain([None])
}

/// Puts the parts together and adds what only all of them show.
pub fn assemble(parts: Vec<Arc<NetworkTopology>>, as_of: Timestamp) -> Topology {
    let valid_until = parts.iter().map(|part| part.valid_until).min().unwrap_or(Timestamp::MAX);
    let findings = across_networks(&parts);
    Topology {
        as_of,
        valid_until,
        parts,
        findings,
    }
}

/// A device that two networks speak of: it has moved from the one to the other.
fn across_networks(parts: &[Arc<NetworkTopology>]) -> Vec<Finding> {
    if parts.iter().filter(|part| part.network.is_some()).count() < 2 {
        return Vec::new();
    }
    let mut seen: BTreeMap<ExtendedAddress, Vec<&Id>> = BTreeMap::new();
    for part in parts {
        for node in part.nodes.iter() {
            if let (Some(address), Some(network)) = (node.extended_address, &node.network) {
                seen.entry(address).or_default().push(network);
            }
        }
    }
    seen.into_iter()
        .filter(|(_, networks)| networks.len() > 1)
        .map(|(address, networks)| {
            let mut subjects: Vec<Id> = networks.into_iter().cloned().collect();
            subjects.push(address.to_string().into());
            subjects.sort();
            Finding {
                id: format!("two-networks:{address}").into(),
                kind: "two-networks",
                severity: Severity::Info,
                detail: format!(
                    "{address} is spoken of in {} networks: it has changed from one to another.",
                    subjects.len() - 1
                ),
                subjects,
                title: "A device was seen in two networks".to_owned(),
                advice: "Nothing has to be done if you moved it; the older network forgets it.".to_owned(),
            }
        })
        .collect()
}

/// Evidence and the topology concluded from it, kept up to date.
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    evidence: Evidence,
    parts: BTreeMap<Option<NetworkKey>, Arc<NetworkTopology>>,
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
        if self.all_dirty || went_back {
            self.parts.clear();
        }
        let standing: BTreeSet<Option<NetworkKey>> = all_networks(&self.evidence).collect();
        self.parts
            .retain(|network, part| standing.contains(network) && !self.dirty.contains(network) && part.valid_until > as_of);
        for network in standing {
            self.parts
                .entry(network)
                .or_insert_with(|| Arc::new(derive_network(&self.evidence, network, as_of, &self.policy)));
        }
        self.dirty.clear();
        self.all_dirty = false;
        let mut parts: Vec<Arc<NetworkTopology>> = self.parts.iter().filter(|(key, _)| key.is_some()).map(|(_, part)| part.clone()).collect();
        parts.extend(self.parts.get(&None).cloned());
        let topology = Arc::new(assemble(parts, as_of));
        self.assembled = Some(topology.clone());
        topology
    }
}
