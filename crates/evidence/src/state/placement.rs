//! Which network a reporter belongs to, so that a change costs what it touches.
//!
//! A reporter that tells its extended PAN id is placed by that. Any other is placed by a mark that it shares with reporters
//! of exactly one network: an address inside a prefix of the network, the REST API that it was heard through, a PAN id.

use super::ReporterEvidence;
use crate::Reporter;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use weft_model::{AddressKind, ExtendedAddress, ExtendedPanId, Fact, FactKind, MatterPeer, PanId, ServiceDetails};

/// A network, by the best name that is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum NetworkKey {
    /// By its extended PAN id.
    ExtendedPanId(ExtendedPanId),
    /// By its mesh-local prefix, while nobody told the extended PAN id.
    MeshLocal([u8; 8]),
    /// By PAN id and channel, while nobody told more.
    Pan(PanId, Option<u8>),
}

impl fmt::Display for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExtendedPanId(id) => id.fmt(f),
            Self::MeshLocal(prefix) => {
                write!(f, "prefix-")?;
                prefix.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Pan(pan, Some(channel)) => write!(f, "pan-{:04x}-ch{channel}", pan.0),
            Self::Pan(pan, None) => write!(f, "pan-{:04x}", pan.0),
        }
    }
}

/// Something that reporters of one network have in common. The order is that of their strength.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Radio(ExtendedAddress),
    Matter(MatterPeer),
    RestBase(Arc<str>),
    Prefix([u8; 8]),
    Pan(PanId),
}

/// The marks of every network that is known by its extended PAN id, and who belongs where.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Placement {
    index: BTreeMap<Mark, BTreeMap<ExtendedPanId, u32>>,
    members: BTreeMap<NetworkKey, BTreeSet<Reporter>>,
    unplaced: BTreeSet<Reporter>,
    /// Reporters that do not tell their extended PAN id themselves.
    weak: BTreeSet<Reporter>,
}

impl Placement {
    /// Takes what a reporter says now. Gives true if marks of a network changed, so that [`Placement::place_weak`] has to run.
    pub(super) fn update_marks(&mut self, reporter: &Reporter, evidence: &mut ReporterEvidence) -> bool {
        let told = told_network(reporter, evidence);
        let marks = told.map(|network| (network, network_marks(reporter, evidence)));
        if marks == evidence.marks {
            return false;
        }
        let mut changed = false;
        if let Some((network, marks)) = &evidence.marks {
            for mark in marks {
                if let Some(networks) = self.index.get_mut(mark)
                    && let Some(count) = networks.get_mut(network)
                {
                    *count -= 1;
                    if *count == 0 {
                        networks.remove(network);
                        changed = true;
                    }
                    if networks.is_empty() {
                        self.index.remove(mark);
                    }
                }
            }
        }
        if let Some((network, marks)) = &marks {
            for mark in marks {
                let count = self.index.entry(mark.clone()).or_default().entry(*network).or_insert(0);
                *count += 1;
                changed |= *count == 1;
            }
        }
        if told.is_some() {
            self.weak.remove(reporter);
        } else if !self.weak.contains(reporter) {
            self.weak.insert(reporter.clone());
        }
        evidence.marks = marks;
        changed
    }

    /// Places one reporter. Gives the networks that it left and came to; the same twice where it stayed.
    pub(super) fn place(&mut self, reporter: &Reporter, evidence: &mut ReporterEvidence) -> (Option<NetworkKey>, Option<NetworkKey>) {
        let key = match evidence.marks.as_ref() {
            Some((network, _)) => Some(NetworkKey::ExtendedPanId(*network)),
            None => self
                .shared_network(reporter, evidence)
                .map(NetworkKey::ExtendedPanId)
                .or_else(|| fallback(reporter, evidence)),
        };
        let before = evidence.network;
        if before != key || !evidence.placed {
            if evidence.placed {
                match before {
                    Some(network) => {
                        if let Some(members) = self.members.get_mut(&network) {
                            members.remove(reporter);
                            if members.is_empty() {
                                self.members.remove(&network);
                            }
                        }
                    }
                    None => {
                        self.unplaced.remove(reporter);
                    }
                }
            }
            match key {
                Some(network) => self.members.entry(network).or_default().insert(reporter.clone()),
                None => self.unplaced.insert(reporter.clone()),
            };
            if evidence.marks.is_none() && !self.weak.contains(reporter) {
                self.weak.insert(reporter.clone());
            }
            evidence.network = key;
            evidence.placed = true;
        }
        (before, key)
    }

    pub(super) fn weak(&self) -> impl Iterator<Item = &Reporter> {
        self.weak.iter()
    }

    pub(super) fn networks(&self) -> impl Iterator<Item = NetworkKey> {
        self.members.keys().copied()
    }

    pub(super) fn members(&self, network: Option<NetworkKey>) -> impl Iterator<Item = &Reporter> {
        match network {
            Some(network) => self.members.get(&network),
            None => Some(&self.unplaced),
        }
        .into_iter()
        .flatten()
    }

    fn shared_network(&self, reporter: &Reporter, evidence: &ReporterEvidence) -> Option<ExtendedPanId> {
        let mut marks = own_marks(reporter, evidence);
        marks.sort_unstable();
        marks.dedup();
        marks.iter().find_map(|mark| {
            let networks = self.index.get(mark)?;
            match networks.len() {
                1 => networks.keys().next().copied(),
                _ => None,
            }
        })
    }
}

/// The extended PAN id that the reporter itself or its newest capture names.
fn told_network(reporter: &Reporter, evidence: &ReporterEvidence) -> Option<ExtendedPanId> {
    if let Some(Fact::ExtendedPanId(network)) = evidence.current(FactKind::ExtendedPanId) {
        return Some(*network);
    }
    if let Some(Fact::Service(record)) = evidence.current(FactKind::Service) {
        let named = match &record.details {
            ServiceDetails::BorderAgent(agent) | ServiceDetails::EphemeralBorderAgent(agent) => agent.extended_pan_id,
            ServiceDetails::Trel(trel) => trel.extended_pan_id,
            ServiceDetails::SrpReplication(replication) => replication.extended_pan_id,
            _ => None,
        };
        if named.is_some() {
            return named;
        }
    }
    match reporter {
        Reporter::Locator { network: Some(network), .. } => Some(*network),
        _ => evidence.told_network.map(|(_, network)| network),
    }
}

/// Marks by which others are recognised as belonging to the network of this reporter, sorted.
fn network_marks(reporter: &Reporter, evidence: &ReporterEvidence) -> Vec<Mark> {
    let mut marks = Vec::new();
    match reporter {
        Reporter::Radio { extended_address } => marks.push(Mark::Radio(*extended_address)),
        Reporter::Matter(peer) => marks.push(Mark::Matter(*peer)),
        Reporter::Rest { base } => marks.push(Mark::RestBase(base.clone())),
        _ => {}
    }
    if evidence.is_border_router_itself {
        marks.extend(evidence.rest_bases.iter().cloned().map(Mark::RestBase));
    }
    for slot in evidence.slots.values() {
        for observation in slot.standing() {
            match &*observation.fact {
                Fact::MeshLocalPrefix(prefix) => marks.push(Mark::Prefix(prefix.0)),
                Fact::OmrPrefix(prefix) if prefix.length() == 64 => marks.push(Mark::Prefix(half(prefix.address()))),
                Fact::PanId(pan) => marks.push(Mark::Pan(*pan)),
                Fact::ExtendedAddress(address) => marks.push(Mark::Radio(*address)),
                // Every routable address of a Thread interface lies in a prefix of its network.
                Fact::Ipv6Addresses(addresses) => marks.extend(addresses.iter().copied().filter(|a| routable(*a)).map(half).map(Mark::Prefix)),
                Fact::Dataset(dataset) => {
                    marks.extend(dataset.mesh_local_prefix.map(|prefix| Mark::Prefix(prefix.0)));
                    marks.extend(dataset.pan_id.map(Mark::Pan));
                }
                Fact::Service(record) => match &record.details {
                    ServiceDetails::BorderAgent(agent) => {
                        marks.extend(
                            agent
                                .omr_prefix
                                .filter(|prefix| prefix.length() == 64)
                                .map(|prefix| Mark::Prefix(half(prefix.address()))),
                        );
                    }
                    ServiceDetails::Trel(trel) => marks.extend(trel.extended_address.map(Mark::Radio)),
                    _ => {}
                },
                _ => {}
            }
        }
    }
    marks.sort_unstable();
    marks.dedup();
    marks
}

/// Marks of a reporter that does not tell its network.
fn own_marks(reporter: &Reporter, evidence: &ReporterEvidence) -> Vec<Mark> {
    let mut marks: Vec<Mark> = evidence.rest_bases.iter().cloned().map(Mark::RestBase).collect();
    marks.extend(evidence.heard_prefixes.iter().copied().map(Mark::Prefix));
    match reporter {
        Reporter::Radio { extended_address } => marks.push(Mark::Radio(*extended_address)),
        Reporter::Matter(peer) => marks.push(Mark::Matter(*peer)),
        Reporter::Address { address } if routable(*address) => marks.push(Mark::Prefix(half(*address))),
        Reporter::Dongle { pan_id, .. } => marks.push(Mark::Pan(*pan_id)),
        _ => {}
    }
    for slot in evidence.slots.values() {
        for observation in slot.standing() {
            match &*observation.fact {
                Fact::ExtendedAddress(address) => marks.push(Mark::Radio(*address)),
                Fact::MeshLocalPrefix(prefix) => marks.push(Mark::Prefix(prefix.0)),
                Fact::Ipv6Addresses(addresses) => marks.extend(addresses.iter().copied().filter(|a| routable(*a)).map(half).map(Mark::Prefix)),
                Fact::PanId(pan) => marks.push(Mark::Pan(*pan)),
                Fact::Service(record) => {
                    if let ServiceDetails::Operational(operational) = &record.details {
                        marks.extend(operational.peer.map(Mark::Matter));
                    }
                    let v6 = record.addresses.iter().filter_map(|address| match address {
                        IpAddr::V6(address) if routable(*address) => Some(*address),
                        _ => None,
                    });
                    marks.extend(v6.map(half).map(Mark::Prefix));
                }
                _ => {}
            }
        }
    }
    marks
}

/// A name of its own for a network of which nobody told the extended PAN id.
fn fallback(reporter: &Reporter, evidence: &ReporterEvidence) -> Option<NetworkKey> {
    let channel = match evidence.current(FactKind::Channel) {
        Some(Fact::Channel(channel)) => Some(channel.get()),
        _ => None,
    };
    if let Some(Fact::MeshLocalPrefix(prefix)) = evidence.current(FactKind::MeshLocalPrefix) {
        return Some(NetworkKey::MeshLocal(prefix.0));
    }
    if let Some(prefix) = evidence.heard_prefixes.first() {
        return Some(NetworkKey::MeshLocal(*prefix));
    }
    if let Some(Fact::PanId(pan)) = evidence.current(FactKind::PanId) {
        return Some(NetworkKey::Pan(*pan, channel));
    }
    if let (Reporter::Dongle { pan_id, .. }, Some(Fact::RadioSummary(summary))) = (reporter, evidence.current(FactKind::RadioSummary)) {
        return Some(NetworkKey::Pan(*pan_id, summary.channel.map(|channel| channel.get())));
    }
    None
}

fn routable(address: Ipv6Addr) -> bool {
    matches!(AddressKind::of(address), AddressKind::Unicast | AddressKind::Rloc(_))
        && !address.is_loopback()
        && !address.is_unspecified()
        && address.to_ipv4_mapped().is_none()
}

pub(super) fn half(address: Ipv6Addr) -> [u8; 8] {
    let octets = address.octets();
    [octets[0], octets[1], octets[2], octets[3], octets[4], octets[5], octets[6], octets[7]]
}
