//! Identity: which statements speak of one and the same device.
//!
//! Names are joined strongest first, and only where two statements name the same thing. What cannot be joined stays two things.

use super::{Device, Name};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use weft_evidence::{Observation, Reporter, ReporterEvidence};
use weft_model::{AddressKind, BorderAgentId, ExtendedAddress, Fact, FactKind, Ipv6Prefix, MatterPeer, ServiceDetails, ServiceRecord, Timestamp};

/// Something that names one device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alias {
    /// A reporter of this network, by its place in the list.
    Reporter(usize),
    Radio(ExtendedAddress),
    BorderAgent(BorderAgentId),
    Matter(MatterPeer),
    /// A factory EUI-64, wherever it was told.
    Eui64([u8; 8]),
    /// `xa` of a border agent of which nobody knows that it is a radio's address.
    AgentAddress(ExtendedAddress),
    Address(Ipv6Addr),
    /// The REST API that the device itself answers at.
    RestBase(Arc<str>),
}

/// Aliases joined into devices: a union-find structure that remembers since when each alias is known.
#[derive(Default)]
pub(super) struct Joiner {
    index: BTreeMap<Alias, usize>,
    parent: Vec<usize>,
    since: Vec<Timestamp>,
    /// Radios that are on the air or the LAN now, of each root: two different ones are two devices.
    standing_radios: BTreeMap<usize, BTreeSet<ExtendedAddress>>,
}

impl Joiner {
    pub(super) fn entity(&mut self, alias: Alias, since: Timestamp) -> usize {
        match self.index.get(&alias) {
            Some(&entity) => {
                self.since[entity] = self.since[entity].min(since);
                entity
            }
            None => {
                let entity = self.parent.len();
                self.parent.push(entity);
                self.since.push(since);
                if let Alias::Radio(address) = alias {
                    self.standing_radios.entry(entity).or_default().insert(address);
                }
                self.index.insert(alias, entity);
                entity
            }
        }
    }

    pub(super) fn root(&self, mut entity: usize) -> usize {
        while self.parent[entity] != entity {
            entity = self.parent[entity];
        }
        entity
    }

    pub(super) fn find(&self, alias: &Alias) -> Option<usize> {
        self.index.get(alias).map(|&entity| self.root(entity))
    }

    pub(super) fn join(&mut self, left: usize, right: usize) {
        let (left, right) = (self.root(left), self.root(right));
        if left != right {
            let (root, other) = (left.min(right), left.max(right));
            self.parent[other] = root;
            if let Some(radios) = self.standing_radios.remove(&other) {
                self.standing_radios.entry(root).or_default().extend(radios);
            }
        }
    }

    /// Joins by a name that is shared but could be shared by two radios of one box: not if both sides have radios of their own.
    fn join_unless_two_radios(&mut self, left: usize, right: usize) {
        let radios = |entity: usize| self.standing_radios.get(&self.root(entity));
        if let (Some(left), Some(right)) = (radios(left), radios(right))
            && left.is_disjoint(right)
        {
            return;
        }
        self.join(left, right);
    }

    /// Radios of everything that has this root.
    pub(super) fn radios_of(&self, root: usize) -> impl Iterator<Item = ExtendedAddress> {
        self.standing_radios.get(&root).into_iter().flatten().copied()
    }

    /// All aliases with their roots and since when they are known, in order.
    pub(super) fn aliases(&self) -> impl Iterator<Item = (&Alias, usize, Timestamp)> {
        self.index.iter().map(|(alias, &entity)| (alias, self.root(entity), self.since[entity]))
    }
}

/// Joins everything that the reporters of one network say of their own names.
pub(super) fn join_names(reporters: &[(&Reporter, &ReporterEvidence)], omr_prefixes: &BTreeSet<Ipv6Prefix>) -> Joiner {
    let radios = radios_on_the_air(reporters);
    let mut joiner = Joiner::default();
    for (index, (reporter, evidence)) in reporters.iter().enumerate() {
        let since = evidence.since.unwrap_or(Timestamp::MIN);
        let own = joiner.entity(Alias::Reporter(index), since);
        let mut strong: Vec<(Alias, Timestamp)> = Vec::new();
        match reporter {
            Reporter::Radio { extended_address } => strong.push((Alias::Radio(*extended_address), since)),
            Reporter::Matter(peer) => strong.push((Alias::Matter(*peer), since)),
            Reporter::BorderAgent { id } => strong.push((Alias::BorderAgent(*id), since)),
            Reporter::Rest { base } => strong.push((Alias::RestBase(base.clone()), since)),
            _ => {}
        }
        strong.extend(evidence.own_rest_bases().map(|base| (Alias::RestBase(base.clone()), since)));
        for (kind, slot) in &evidence.slots {
            let present = slot
                .standing()
                .map(|observation| (&*observation.fact, slot.since.unwrap_or(observation.stated_at), true));
            let past = slot.past.iter().map(|value| (&*value.fact, value.since, false));
            for (fact, since, standing) in present.chain(past) {
                own_names(fact, since, standing, &radios, omr_prefixes, evidence, *kind, &mut strong);
            }
        }
        for (alias, since) in strong {
            let entity = joiner.entity(alias, since);
            joiner.join(own, entity);
        }
    }
    for address in radios.keys() {
        joiner.entity(Alias::Radio(*address), radios[address]);
    }
    for (_, evidence) in reporters {
        for (address, child) in evidence.child_addresses() {
            let named = joiner.entity(Alias::Address(*address), evidence.since.unwrap_or(Timestamp::MIN));
            let child = joiner.entity(Alias::Radio(*child), evidence.since.unwrap_or(Timestamp::MIN));
            joiner.join_unless_two_radios(named, child);
        }
    }
    join_ephemeral_agents(&mut joiner, reporters);
    // Addresses last: by then it is known which entities have radios of their own. Removed registrations come first, so that
    // a box whose radio address rotated is one box: the registration of the former address no longer stands in the way.
    for (index, (_, evidence)) in reporters.iter().enumerate() {
        let since = evidence.since.unwrap_or(Timestamp::MIN);
        for slot in evidence.slots.values() {
            for observation in slot.standing() {
                for address in own_addresses(&observation.fact) {
                    let own = joiner.entity(Alias::Reporter(index), since);
                    let entity = joiner.entity(Alias::Address(address), observation.stated_at);
                    if evidence.removed_at.is_some() {
                        joiner.join(own, entity);
                    } else {
                        joiner.join_unless_two_radios(own, entity);
                    }
                }
            }
        }
    }
    joiner
}

/// An ephemeral key is announced under the instance name of the border agent that it belongs to.
fn join_ephemeral_agents(joiner: &mut Joiner, reporters: &[(&Reporter, &ReporterEvidence)]) {
    let mut agents: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    for (index, (_, evidence)) in reporters.iter().enumerate() {
        if let Some(Fact::Service(record)) = evidence.current(FactKind::Service)
            && matches!(record.details, ServiceDetails::BorderAgent(_) | ServiceDetails::EphemeralBorderAgent(_))
        {
            let own = joiner.entity(Alias::Reporter(index), evidence.since.unwrap_or(Timestamp::MIN));
            let first = *agents.entry((&record.instance, record.host.as_deref())).or_insert(own);
            joiner.join_unless_two_radios(first, own);
        }
    }
}

/// Extended addresses that are a radio's beyond doubt, and since when they are known.
fn radios_on_the_air(reporters: &[(&Reporter, &ReporterEvidence)]) -> BTreeMap<ExtendedAddress, Timestamp> {
    let mut radios: BTreeMap<ExtendedAddress, Timestamp> = BTreeMap::new();
    let mut note = |address: ExtendedAddress, at: Timestamp| {
        if address.is_real() {
            radios.entry(address).and_modify(|since| *since = (*since).min(at)).or_insert(at);
        }
    };
    for (reporter, evidence) in reporters {
        if let Reporter::Radio { extended_address } = reporter {
            note(*extended_address, evidence.since.unwrap_or(Timestamp::MIN));
        }
        for slot in evidence.slots.values() {
            for episode in &slot.episodes {
                if let Some(address) = episode.row.extended_address {
                    note(address, episode.since);
                }
            }
            for value in &slot.past {
                if let Fact::ExtendedAddress(address) = &*value.fact {
                    note(*address, value.since);
                }
            }
            for observation in slot.standing() {
                let at = slot.since.unwrap_or(observation.stated_at);
                match &*observation.fact {
                    Fact::ExtendedAddress(address) => note(*address, at),
                    Fact::NeighborTable(rows) => rows.iter().filter_map(|row| row.extended_address).for_each(|address| note(address, at)),
                    Fact::RouteTable(rows) => rows.iter().filter_map(|row| row.extended_address).for_each(|address| note(address, at)),
                    Fact::Children(rows) => rows.iter().for_each(|row| note(row.extended_address, at)),
                    Fact::RouterNeighbors(rows) => rows.iter().for_each(|row| note(row.extended_address, at)),
                    Fact::Ipv6Addresses(addresses) => {
                        addresses
                            .iter()
                            .filter_map(|address| ExtendedAddress::from_link_local(*address))
                            .for_each(|address| note(address, at));
                    }
                    Fact::Service(record) => {
                        if let ServiceDetails::Trel(trel) = &record.details
                            && let Some(address) = trel.extended_address
                        {
                            note(address, at);
                        }
                    }
                    Fact::RadioSummary(summary) => {
                        for peer in [summary.from, summary.to] {
                            if let weft_model::RadioPeer::ExtendedAddress(address) = peer {
                                note(address, at);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    radios
}

/// Names that a fact gives its own reporter.
#[allow(clippy::too_many_arguments)] // one call site; the parts are what identity is made of
fn own_names(
    fact: &Fact,
    since: Timestamp,
    standing: bool,
    radios: &BTreeMap<ExtendedAddress, Timestamp>,
    omr_prefixes: &BTreeSet<Ipv6Prefix>,
    evidence: &ReporterEvidence,
    kind: FactKind,
    names: &mut Vec<(Alias, Timestamp)>,
) {
    match fact {
        Fact::ExtendedAddress(address) if address.is_real() => names.push((Alias::Radio(*address), since)),
        Fact::BorderAgentId(id) => names.push((Alias::BorderAgent(*id), since)),
        Fact::Eui64(eui64) => names.push((Alias::Eui64(eui64.0), since)),
        Fact::Ipv6Addresses(addresses) if kind == FactKind::Ipv6Addresses => {
            names.extend(
                addresses
                    .iter()
                    .filter_map(|address| ExtendedAddress::from_link_local(*address))
                    .map(|address| (Alias::Radio(address), since)),
            );
        }
        Fact::HardwareAddress(bytes) => {
            // May be the factory EUI-64: it names the radio only if somebody hears a radio of that address, or its own link-local address says so.
            let told = matches!(evidence.current(FactKind::ExtendedAddress), Some(Fact::ExtendedAddress(address)) if address.0 != *bytes);
            let address = ExtendedAddress(*bytes);
            if !told && radios.contains_key(&address) {
                names.push((Alias::Radio(address), since));
            } else {
                names.push((Alias::Eui64(*bytes), since));
            }
        }
        Fact::Service(record) => service_names(record, since, standing, radios, omr_prefixes, names),
        _ => {}
    }
}

fn service_names(
    record: &ServiceRecord,
    since: Timestamp,
    standing: bool,
    radios: &BTreeMap<ExtendedAddress, Timestamp>,
    omr_prefixes: &BTreeSet<Ipv6Prefix>,
    names: &mut Vec<(Alias, Timestamp)>,
) {
    let on_thread = || {
        record.addresses.iter().any(|address| match address {
            IpAddr::V6(address) => omr_prefixes.iter().any(|prefix| prefix.contains(*address)),
            IpAddr::V4(_) => false,
        })
    };
    match &record.details {
        ServiceDetails::BorderAgent(agent) | ServiceDetails::EphemeralBorderAgent(agent) => {
            names.extend(agent.border_agent_id.map(|id| (Alias::BorderAgent(id), since)));
            // Some vendors put a stable number into `xa`: believed where a radio of that address is known.
            names.extend(agent.extended_address.map(|address| {
                let alias = if radios.contains_key(&address) {
                    Alias::Radio(address)
                } else {
                    Alias::AgentAddress(address)
                };
                (alias, since)
            }));
        }
        ServiceDetails::Trel(trel) => names.extend(trel.extended_address.map(|address| (Alias::Radio(address), since))),
        ServiceDetails::Operational(operational) => {
            names.extend(operational.peer.map(|peer| (Alias::Matter(peer), since)));
            names.extend(
                operational
                    .host_extended_address
                    .filter(|_| standing && on_thread())
                    .map(|address| (Alias::Radio(address), since)),
            );
        }
        ServiceDetails::Commissionable(commissionable) => {
            names.extend(
                commissionable
                    .host_extended_address
                    .filter(|_| standing && on_thread())
                    .map(|address| (Alias::Radio(address), since)),
            );
        }
        ServiceDetails::LedProtocol(led) => names.extend(led.eui64.map(|eui64| (Alias::Eui64(eui64.0), since))),
        _ => {}
    }
}

/// Addresses of the reporter itself that name a device wherever they are seen.
fn own_addresses(fact: &Fact) -> Vec<Ipv6Addr> {
    let names_a_device = |address: &Ipv6Addr| {
        AddressKind::of(*address) == AddressKind::Unicast && !address.is_loopback() && !address.is_unspecified() && address.to_ipv4_mapped().is_none()
    };
    match fact {
        Fact::Ipv6Addresses(addresses) => addresses.iter().copied().filter(names_a_device).collect(),
        Fact::Service(record) => record
            .addresses
            .iter()
            .filter_map(|address| match address {
                IpAddr::V6(address) => Some(*address),
                IpAddr::V4(_) => None,
            })
            .filter(|address| names_a_device(address) || address.is_unicast_link_local())
            .collect(),
        _ => Vec::new(),
    }
}

/// Devices from joined aliases: ids, former ids, radios; in the order of their ids.
pub(super) fn devices<'a>(joiner: &Joiner, reporters: &[(&'a Reporter, &'a ReporterEvidence)]) -> (Vec<Device<'a>>, BTreeMap<usize, usize>) {
    let mut drafts: BTreeMap<usize, Device<'a>> = BTreeMap::new();
    for (alias, root, since) in joiner.aliases() {
        let names_nobody = match alias {
            Alias::Address(_) | Alias::Eui64(_) | Alias::AgentAddress(_) | Alias::RestBase(_) => true,
            Alias::Reporter(index) => speaks_of_no_device(reporters[*index].0),
            _ => false,
        };
        if names_nobody {
            continue;
        }
        let device = drafts.entry(root).or_default();
        match alias {
            Alias::Reporter(index) => {
                device.reporters.push(*index);
                if let Some(name) = fallback_id(reporters[*index].0) {
                    device.names.push(Name { rank: 3, since, id: name });
                }
            }
            Alias::Radio(address) => {
                device.radios.push((*address, since));
                device.names.push(Name {
                    rank: 0,
                    since,
                    id: address.to_string(),
                });
            }
            Alias::BorderAgent(id) => device.names.push(Name {
                rank: 1,
                since,
                id: format!("border-agent/{id}"),
            }),
            Alias::Matter(peer) => device.names.push(Name {
                rank: 2,
                since,
                id: format!("matter/{}-{}", peer.fabric, peer.node),
            }),
            Alias::Eui64(_) | Alias::Address(_) | Alias::AgentAddress(_) | Alias::RestBase(_) => {}
        }
    }
    for (alias, root, _) in joiner.aliases() {
        if let Alias::Eui64(bytes) = alias
            && let Some(device) = drafts.get_mut(&root)
        {
            device.eui64.get_or_insert(*bytes);
        }
    }
    let mut devices: Vec<(usize, Device<'a>)> = drafts.into_iter().collect();
    for (_, device) in &mut devices {
        device.names.sort();
    }
    devices.sort_by(|(_, left), (_, right)| left.names.first().cmp(&right.names.first()));
    let places = devices.iter().enumerate().map(|(place, (root, _))| (*root, place)).collect();
    (devices.into_iter().map(|(_, device)| device).collect(), places)
}

/// Reporters that are no device and stand for none: what a dongle heard of two others, and the list of service types.
fn speaks_of_no_device(reporter: &Reporter) -> bool {
    match reporter {
        Reporter::Dongle { .. } | Reporter::Person { .. } => true,
        Reporter::Service { service, .. } => &**service == "_services._dns-sd._udp",
        _ => false,
    }
}

/// An id for a device of which no radio, border agent id or Matter node is known.
fn fallback_id(reporter: &Reporter) -> Option<String> {
    match reporter {
        Reporter::Service { service, instance } => Some(format!("lan/{service}/{instance}")),
        Reporter::Address { address } => Some(format!("address/{address}")),
        Reporter::Rest { base } => Some(format!("rest/{base}")),
        _ => None,
    }
}

/// The newest complete statement of a kind among reporters: a statement with a time of its own beats a foreign cache.
pub(super) fn newest<'a>(candidates: impl Iterator<Item = &'a Observation>) -> Option<&'a Observation> {
    candidates.max_by_key(|observation| {
        (
            observation.hearing != weft_evidence::Hearing::Cached,
            observation.stated_at,
            observation.seq,
        )
    })
}
