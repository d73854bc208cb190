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
use weft_model::{AddressKind, ExtendedAddress, ExtendedPanId, Fact, FactKind, MatterPeer, PanId, RadioPeer, ServiceDetails, ServiceRecord};

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
    /// An address of a border router on the LAN.
    Address(Ipv6Addr),
    Prefix([u8; 8]),
    Pan(PanId),
}

/// The marks of every network that is known by its extended PAN id, and who belongs where.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Placement {
    index: BTreeMap<Mark, BTreeMap<ExtendedPanId, u32>>,
    members: BTreeMap<NetworkKey, BTreeSet<Reporter>>,
    unplaced: BTreeSet<Reporter>,
    /// Reporters that do not tell their extended PAN id themselves, by the marks that would place them.
    waiting: BTreeMap<Mark, BTreeSet<Reporter>>,
}

impl Placement {
    /// Takes what a reporter says now. Gives the reporters that have to be placed anew because marks of a network changed.
    pub(super) fn update_marks(&mut self, reporter: &Reporter, evidence: &mut ReporterEvidence) -> BTreeSet<Reporter> {
        let told = told_network(reporter, evidence).or_else(|| self.network_of_frames(reporter, evidence));
        let marks = told.map(|network| (network, network_marks(reporter, evidence)));
        let mut changed: Vec<Mark> = Vec::new();
        if marks != evidence.marks {
            let (old, new) = (evidence.marks.take(), marks);
            for (network, mark) in pairs(&old).difference(&pairs(&new)) {
                if let Some(networks) = self.index.get_mut(mark)
                    && let Some(count) = networks.get_mut(network)
                {
                    *count -= 1;
                    if *count == 0 {
                        networks.remove(network);
                        changed.push(mark.clone());
                    }
                    if networks.is_empty() {
                        self.index.remove(mark);
                    }
                }
            }
            for (network, mark) in pairs(&new).difference(&pairs(&old)) {
                let count = self.index.entry(mark.clone()).or_default().entry(*network).or_insert(0);
                *count += 1;
                if *count == 1 {
                    changed.push(mark.clone());
                }
            }
            evidence.marks = new;
        }
        let waits_for = if told.is_some() { Vec::new() } else { own_marks(reporter, evidence) };
        if waits_for != evidence.waits_for {
            for mark in &evidence.waits_for {
                if let Some(waiting) = self.waiting.get_mut(mark) {
                    waiting.remove(reporter);
                    if waiting.is_empty() {
                        self.waiting.remove(mark);
                    }
                }
            }
            for mark in &waits_for {
                self.waiting.entry(mark.clone()).or_default().insert(reporter.clone());
            }
            evidence.waits_for = waits_for;
        }
        changed.iter().filter_map(|mark| self.waiting.get(mark)).flatten().cloned().collect()
    }

    /// Frames name no network but a PAN id; a long address among them tells which network that is.
    fn network_of_frames(&self, reporter: &Reporter, evidence: &ReporterEvidence) -> Option<ExtendedPanId> {
        let (Reporter::Dongle { .. }, Some(Fact::RadioSummary(summary))) = (reporter, evidence.current(FactKind::RadioSummary)) else {
            return None;
        };
        [summary.from, summary.to].into_iter().find_map(|peer| match peer {
            RadioPeer::ExtendedAddress(address) => only(self.index.get(&Mark::Radio(address))?),
            _ => None,
        })
    }

    /// Places one reporter. Gives the networks that it left and came to; the same twice where it stayed.
    pub(super) fn place(&mut self, reporter: &Reporter, evidence: &mut ReporterEvidence) -> (Option<NetworkKey>, Option<NetworkKey>) {
        let key = match evidence.marks.as_ref() {
            Some((network, _)) => Some(NetworkKey::ExtendedPanId(*network)),
            None => self
                .shared_network(evidence)
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
            evidence.network = key;
            evidence.placed = true;
        }
        (before, key)
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

    fn shared_network(&self, evidence: &ReporterEvidence) -> Option<ExtendedPanId> {
        evidence.waits_for.iter().find_map(|mark| only(self.index.get(mark)?))
    }
}

/// The network that alone has a mark.
fn only(networks: &BTreeMap<ExtendedPanId, u32>) -> Option<ExtendedPanId> {
    match networks.len() {
        1 => networks.keys().next().copied(),
        _ => None,
    }
}

fn pairs(marks: &Option<(ExtendedPanId, Vec<Mark>)>) -> BTreeSet<(ExtendedPanId, Mark)> {
    marks
        .iter()
        .flat_map(|(network, marks)| marks.iter().map(|mark| (*network, mark.clone())))
        .collect()
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
                Fact::RadioSummary(summary) if summary.pan_id != PanId::BROADCAST => marks.push(Mark::Pan(summary.pan_id)),
                Fact::ExtendedAddress(address) => marks.push(Mark::Radio(*address)),
                Fact::NeighborTable(rows) => marks.extend(rows.iter().filter_map(|row| row.extended_address).map(Mark::Radio)),
                Fact::Children(rows) => marks.extend(rows.iter().map(|row| Mark::Radio(row.extended_address))),
                Fact::ChildAddresses(rows) => {
                    marks.extend(
                        rows.iter()
                            .flat_map(|row| &row.addresses)
                            .copied()
                            .filter(|a| routable(*a))
                            .map(half)
                            .map(Mark::Prefix),
                    );
                }
                // Every routable address of a Thread interface lies in a prefix of its network.
                Fact::Ipv6Addresses(addresses) => marks.extend(addresses.iter().copied().filter(|a| routable(*a)).map(half).map(Mark::Prefix)),
                Fact::Dataset(dataset) => {
                    marks.extend(dataset.mesh_local_prefix.map(|prefix| Mark::Prefix(prefix.0)));
                    marks.extend(dataset.pan_id.map(Mark::Pan));
                }
                Fact::Service(record) => match &record.details {
                    ServiceDetails::BorderAgent(agent) => {
                        marks.extend(lan_addresses(record).map(Mark::Address));
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
        Reporter::Dongle { pan_id, .. } if *pan_id != PanId::BROADCAST => marks.push(Mark::Pan(*pan_id)),
        _ => {}
    }
    for slot in evidence.slots.values() {
        for observation in slot.standing() {
            match &*observation.fact {
                Fact::ExtendedAddress(address) => marks.push(Mark::Radio(*address)),
                Fact::MeshLocalPrefix(prefix) => marks.push(Mark::Prefix(prefix.0)),
                Fact::HardwareAddress(bytes) => marks.push(Mark::Radio(ExtendedAddress(*bytes))),
                Fact::Ipv6Addresses(addresses) => {
                    marks.extend(
                        addresses
                            .iter()
                            .filter_map(|address| ExtendedAddress::from_link_local(*address))
                            .map(Mark::Radio),
                    );
                    marks.extend(addresses.iter().copied().filter(|a| routable(*a)).map(half).map(Mark::Prefix));
                }
                Fact::RadioSummary(summary) => {
                    marks.extend([summary.from, summary.to].into_iter().filter_map(|peer| match peer {
                        RadioPeer::ExtendedAddress(address) => Some(Mark::Radio(address)),
                        _ => None,
                    }));
                }
                Fact::PanId(pan) => marks.push(Mark::Pan(*pan)),
                Fact::Service(record) => {
                    if let ServiceDetails::Operational(operational) = &record.details {
                        marks.extend(operational.peer.map(Mark::Matter));
                    }
                    marks.extend(lan_addresses(record).map(Mark::Address));
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
    marks.sort_unstable();
    marks.dedup();
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
    if let (Reporter::Dongle { pan_id, .. }, Some(Fact::RadioSummary(summary))) = (reporter, evidence.current(FactKind::RadioSummary))
        && *pan_id != PanId::BROADCAST
    {
        return Some(NetworkKey::Pan(*pan_id, summary.channel.map(|channel| channel.get())));
    }
    None
}

fn lan_addresses(record: &ServiceRecord) -> impl Iterator<Item = Ipv6Addr> {
    record.addresses.iter().filter_map(|address| match address {
        IpAddr::V6(address) if !address.is_loopback() && !address.is_unspecified() => Some(*address),
        _ => None,
    })
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
