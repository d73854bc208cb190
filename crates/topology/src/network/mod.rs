//! What the evidence of one network says: devices, partitions, roles, parents, links. Recomputed whole whenever that evidence changes.

mod air;
mod departure;
mod former;
mod identity;
mod link;
mod locator;
mod moment;
mod node;
mod parent;
mod partition;
mod past_parents;
mod path;
mod paths;
mod profile;
mod rows;
mod same;
mod words;

use crate::Policy;
use crate::ageing::{Age, Ageing, Lifetime};
use crate::snapshot::{Claim, Id, NetworkTopology, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weft_evidence::{Evidence, Hearing, NetworkKey, Observation, Reporter, ReporterEvidence, RowEpisode, Slot};
use weft_model::{ExtendedAddress, Fact, FactKind, PartitionId, Rloc16, Timestamp};

pub(crate) use link::OutdatedRow;
pub(crate) use path::{carries, router_graph};
pub(crate) use profile::Profile;
pub(crate) use rows::{Heard, Relation};
pub(crate) use same::{HalfWord, Side};

/// A router drops another that it did not hear for 100 s (Thread specification 1.4, MAX_NEIGHBOR_AGE); it looks once in a while.
const MAX_NEIGHBOR_AGE_SECONDS: i64 = 110;

/// An id that a device could have: the first in the order of rank, then of time, is the one that it has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    rank: u8,
    since: Timestamp,
    id: String,
}

/// A device while it is being concluded.
#[derive(Default)]
pub(crate) struct Device<'a> {
    pub(crate) id: Id,
    names: Vec<Name>,
    radios: Vec<(ExtendedAddress, Timestamp)>,
    reporters: Vec<usize>,
    eui64: Option<[u8; 8]>,
    /// The newest complete statement of each kind, through whichever reporter it came.
    told: BTreeMap<FactKind, &'a Observation>,
    /// When it was asked in vain often enough since it last answered.
    in_vain_at: Option<Timestamp>,
    /// When it was last asked in vain over the mesh itself, of those that answered there before and were asked in vain often enough since.
    silent_at: Option<Timestamp>,
    pub(crate) extended_address: Option<ExtendedAddress>,
    pub(crate) partition: Option<PartitionId>,
    pub(crate) locator: Option<locator::Binding>,
    /// The locator that the device itself said last.
    own_locator: Option<locator::Binding>,
    /// When its radio said good-bye, if it was not heard since.
    goodbye_at: Option<Timestamp>,
    pub(crate) is_border_router: bool,
    pub(crate) parent: Option<parent::Conclusion>,
    /// Several fresh devices claim its locator.
    locator_contested: bool,
    existence: Existence,
}

/// Who speaks of a device.
#[derive(Default)]
struct Existence {
    own_fresh: bool,
    heard_by_fresh: BTreeSet<usize>,
    routed_by_fresh: BTreeSet<usize>,
    registered_fresh: bool,
    /// Something other than a registration was ever heard of it.
    beyond_registration: bool,
    any: usize,
    /// Any statement that is not silent yet.
    alive: bool,
    last_heard: Option<Timestamp>,
    /// When it was last heard for certain: it spoke itself, or whoever heard it says when that was. A row without an age only says that it is not dropped yet.
    heard_for_certain: Option<Timestamp>,
    /// All neighbours have dropped it from their tables; the last of them then.
    dropped_at: Option<Timestamp>,
    claims: Vec<Claim>,
}

impl Existence {
    /// When it was last heard, as far as somebody tells. A router lists another for so long after its last word: such a row tells no later moment than the last
    /// word that is known from then.
    ///
    /// A router whose own advertisements are heard needs no such word: what others list is no hearing of it.
    fn last_heard_at(&self, advertises: bool) -> Option<Timestamp> {
        if advertises && self.heard_for_certain.is_some() {
            return self.heard_for_certain;
        }
        let may_be_listed = |last: Timestamp, certain: Timestamp| last.seconds_since(certain) <= MAX_NEIGHBOR_AGE_SECONDS;
        let certain = self
            .heard_for_certain
            .filter(|certain| self.last_heard.is_some_and(|last| may_be_listed(last, *certain)));
        certain.or(self.last_heard)
    }
}

impl<'a> Device<'a> {
    /// The newest complete statement of a kind.
    pub(crate) fn told(&self, kind: FactKind) -> Option<&'a Observation> {
        self.told.get(&kind).copied()
    }

    /// The value of the newest complete statement of a kind.
    pub(crate) fn fact(&self, kind: FactKind) -> Option<&'a Fact> {
        self.told(kind).map(|observation| &*observation.fact)
    }

    /// True where the device answered about its own tables.
    pub(crate) fn was_heard_itself(&self) -> bool {
        const TABLES: [FactKind; 6] = [
            FactKind::NeighborTable,
            FactKind::RouteTable,
            FactKind::Route64,
            FactKind::ChildTable,
            FactKind::Children,
            FactKind::RouterNeighbors,
        ];
        TABLES.iter().any(|kind| self.told.contains_key(kind))
    }
}

/// One network while it is being concluded.
pub(crate) struct Mesh<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) as_of: Timestamp,
    pub(crate) policy: &'a Policy,
    pub(crate) ageing: Ageing<'a>,
    pub(crate) network_id: Option<Id>,
    pub(crate) reporters: Vec<(&'a Reporter, &'a ReporterEvidence)>,
    pub(crate) devices: Vec<Device<'a>>,
    pub(crate) radios: BTreeMap<ExtendedAddress, usize>,
    pub(crate) locators: BTreeMap<(Option<PartitionId>, Rloc16), usize>,
    /// Who had a locator last that nobody has now.
    former_locators: BTreeMap<(Option<PartitionId>, Rloc16), (Timestamp, usize)>,
    /// Who was ever known by a locator, as tables named it together with an extended address.
    named_by_locator: BTreeMap<Rloc16, BTreeSet<usize>>,
    pub(crate) reporter_device: Vec<usize>,
    /// Who has an address that names one device.
    pub(crate) addresses: BTreeMap<std::net::Ipv6Addr, usize>,
    pub(crate) profile: Profile,
    pub(crate) partitions: Vec<partition::Known>,
    pub(crate) heard: Vec<Heard<'a>>,
    /// Places in [`Mesh::heard`] of the rows about each device.
    pub(crate) rows_about: Vec<Vec<usize>>,
    /// Places in [`Mesh::heard`] of each device's own polls.
    polls_of: BTreeMap<usize, Vec<usize>>,
    /// The newest frames of each device that a dongle heard.
    heard_on_air: BTreeMap<usize, &'a Observation>,
    /// Who had a device in its table as a child, and when.
    pub(crate) child_episodes: BTreeMap<usize, Vec<(usize, &'a RowEpisode)>>,
    /// Since when some table names a locator without a radio address.
    place_since: BTreeMap<Rloc16, Timestamp>,
    /// What people say.
    pub(crate) words: words::Words<'a>,
    /// Since when the table that is being read stands.
    table_since: Timestamp,
}

/// Concludes one network; `None` is the LAN outside all networks.
pub(crate) fn derive_network(evidence: &Evidence, network: Option<NetworkKey>, as_of: Timestamp, policy: &Policy) -> NetworkTopology {
    let mut mesh = Mesh {
        evidence,
        as_of,
        policy,
        ageing: Ageing::new(evidence.sources(), as_of, policy),
        network_id: network.map(|key| key.to_string().into()),
        reporters: evidence.reporters(network).collect(),
        devices: Vec::new(),
        radios: BTreeMap::new(),
        locators: BTreeMap::new(),
        former_locators: BTreeMap::new(),
        named_by_locator: BTreeMap::new(),
        reporter_device: Vec::new(),
        addresses: BTreeMap::new(),
        profile: Profile::default(),
        partitions: Vec::new(),
        heard: Vec::new(),
        rows_about: Vec::new(),
        polls_of: BTreeMap::new(),
        heard_on_air: BTreeMap::new(),
        child_episodes: BTreeMap::new(),
        place_since: BTreeMap::new(),
        words: words::Words::default(),
        table_since: Timestamp::MIN,
    };
    mesh.read_profile(network);
    let at_places = mesh.identify();
    mesh.read_rows();
    mesh.join_places(at_places);
    mesh.read_words();
    mesh.index_rows();
    mesh.list_partitions();
    mesh.conclude_parents();
    mesh.collect_existence();
    mesh.age_partitions();
    let (mut links, superseded_rows) = mesh.conclude_links();
    links.sort_by(|left, right| left.id.cmp(&right.id));
    let mut nodes = mesh.conclude_nodes();
    mesh.predict_paths(&mut nodes, &links);
    nodes.sort_by(|left, right| left.id.cmp(&right.id));
    paths::count_independent(&mut nodes, &links);
    let mut findings = crate::finding::of_network(&mesh, &nodes, &links, &superseded_rows);
    findings.sort_by(|left, right| left.id.cmp(&right.id));
    NetworkTopology {
        network: mesh.network(network),
        nodes,
        links,
        findings,
        clues: crate::plan::clues(&mesh),
        half_words: mesh.half_words(),
        valid_until: mesh.ageing.valid_until(),
    }
}

impl<'a> Mesh<'a> {
    /// Finds the devices, their partitions and their locators.
    fn identify(&mut self) -> Vec<same::AtPlace<'a>> {
        let mut joiner = identity::join_names(&self.reporters, &self.profile.omr_prefixes);
        self.settle(&joiner);
        // Locators name devices too, once it is known who has which: reporters that told no other name, and the addresses
        // that a parent knows of its children. Where they join something, everything is settled once more.
        let joins = self.joins_by_locator();
        if !joins.is_empty() {
            for (left, right) in joins {
                if let (Some(left), Some(right)) = (joiner.find(&left), joiner.find(&right)) {
                    joiner.join(left, right);
                }
            }
            self.settle(&joiner);
        }
        self.join_by_word(&mut joiner)
    }

    fn settle(&mut self, joiner: &identity::Joiner) {
        self.take_devices(joiner);
        self.assign_partitions();
        self.bind_locators();
    }

    fn take_devices(&mut self, joiner: &identity::Joiner) {
        let (devices, places) = identity::devices(joiner, &self.reporters);
        self.devices = devices;
        self.radios.clear();
        self.locators.clear();
        self.reporter_device = vec![0; self.reporters.len()];
        for (place, device) in self.devices.iter_mut().enumerate() {
            for (address, _) in &device.radios {
                self.radios.insert(*address, place);
            }
            for &reporter in &device.reporters {
                self.reporter_device[reporter] = place;
            }
        }
        self.addresses.clear();
        for (alias, root, _) in joiner.aliases() {
            if let (identity::Alias::Address(address), Some(&place)) = (alias, places.get(&root)) {
                self.addresses.insert(*address, place);
            }
        }
        for place in 0..self.devices.len() {
            self.summarise(place);
        }
    }

    /// What a device told, through whichever of its reporters.
    fn summarise(&mut self, place: usize) {
        let device = &mut self.devices[place];
        let mut vain: Vec<Timestamp> = Vec::new();
        let mut answered: Option<Timestamp> = None;
        let (mut vain_in_mesh, mut answered_in_mesh): (Vec<Timestamp>, Option<Timestamp>) = (Vec::new(), None);
        for &index in &device.reporters {
            let (reporter, evidence) = self.reporters[index];
            for (kind, slot) in &evidence.slots {
                if let Some(observation) = &slot.current {
                    let best = device.told.get(kind).copied();
                    if let Some(newest) = identity::newest(best.into_iter().chain([observation])) {
                        device.told.insert(*kind, newest);
                    }
                }
            }
            if matches!(reporter, Reporter::Radio { .. }) {
                device.goodbye_at = device.goodbye_at.max(evidence.removed_at);
            }
            vain.extend(&evidence.in_vain);
            answered = answered.max(evidence.answered_at);
            if !matches!(reporter, Reporter::Matter(_)) {
                vain_in_mesh.extend(&evidence.in_vain);
                answered_in_mesh = answered_in_mesh.max(evidence.answered_at);
            }
            device.is_border_router |= is_border_router(evidence);
        }
        vain.retain(|at| answered.is_none_or(|answered| *at > answered));
        vain.sort_unstable();
        device.in_vain_at = vain.get(self.policy.in_vain.saturating_sub(1)).copied();
        vain_in_mesh.retain(|at| answered.is_some_and(|answered| *at > answered));
        let often_enough = answered_in_mesh.is_some() && vain_in_mesh.len() >= self.policy.in_vain;
        device.silent_at = vain_in_mesh.into_iter().max().filter(|_| often_enough);
        device.extended_address = current_radio(device);
        if let Some(name) = device.names.first() {
            device.id = name.id.as_str().into();
        }
    }

    /// The age of a statement by a device, at a time of its own.
    pub(crate) fn age_at(&self, device: usize, observation: &Observation, at: Timestamp, mut lifetime: Lifetime) -> Age {
        lifetime.in_vain_at = self.devices[device].in_vain_at;
        lifetime.interval_seconds = observation.interval_seconds;
        self.ageing.age(observation.hearing, &observation.source, at, lifetime)
    }

    /// The age of a statement by a device about itself.
    pub(crate) fn age(&self, device: usize, observation: &Observation) -> Age {
        let (_, evidence) = self.reporters[self.reporter_of(device, observation)];
        if evidence.removed_at.is_some() {
            return Age::Silent;
        }
        let lifetime = match observation.hearing {
            Hearing::Air => self.lifetime_on_air(device),
            _ => Lifetime::default(),
        };
        self.age_at(device, observation, observation.stated_at, lifetime)
    }

    fn reporter_of(&self, device: usize, observation: &Observation) -> usize {
        let reporters = &self.devices[device].reporters;
        reporters
            .iter()
            .copied()
            .find(|&index| *self.reporters[index].0 == observation.reporter)
            .unwrap_or(reporters.first().copied().unwrap_or(0))
    }

    /// When a device's newest fresh table that lists its links with routers was true.
    pub(crate) fn fresh_router_table_at(&self, device: usize) -> Option<Timestamp> {
        [
            FactKind::NeighborTable,
            FactKind::RouteTable,
            FactKind::Route64,
            FactKind::RouterNeighbors,
        ]
        .iter()
        .filter_map(|kind| self.devices[device].told(*kind))
        .filter(|observation| self.age(device, observation) == Age::Fresh)
        .map(|observation| observation.stated_at)
        .max()
    }

    /// The rows about a device.
    pub(crate) fn about(&self, device: usize) -> impl Iterator<Item = &Heard<'a>> {
        self.rows_about
            .get(device)
            .into_iter()
            .flatten()
            .filter_map(|&place| self.heard.get(place))
    }

    /// True for a device of which nothing but frames is known.
    pub(crate) fn is_known_by_frames_only(&self, device: usize) -> bool {
        let is_frames = |heard: &Heard<'_>| heard.observation.fact.kind() == FactKind::RadioSummary;
        self.devices[device].reporters.is_empty() && self.about(device).all(is_frames)
    }

    /// The slots of a device of one kind.
    pub(crate) fn slots(&self, device: usize, kind: FactKind) -> impl Iterator<Item = &'a Slot> {
        self.devices[device]
            .reporters
            .iter()
            .filter_map(move |&index| self.reporters[index].1.slots.get(&kind))
    }

    /// A device by its extended address.
    pub(crate) fn radio(&self, address: ExtendedAddress) -> Option<usize> {
        self.radios.get(&address).copied()
    }

    /// A claim by a device.
    pub(crate) fn claim(&self, device: usize, observation: &Observation, at: Timestamp, fact: Arc<str>) -> Claim {
        Claim {
            source: observation.source.clone(),
            reporter: self.devices[device].id.clone(),
            fact,
            observed_at: dated(observation, at),
            capture: self.policy.captures_in.reference(observation.seq),
        }
    }
}

/// The time of a statement, unless it came without one.
pub(crate) fn dated(observation: &Observation, at: Timestamp) -> Option<Timestamp> {
    (observation.hearing != Hearing::Cached).then_some(at)
}

/// The state that two ends' statements give a thing.
pub(crate) fn two_ends(left: Option<Age>, right: Option<Age>) -> State {
    let fresh = [left, right].into_iter().filter(|age| *age == Some(Age::Fresh)).count();
    match fresh {
        2 => State::Confirmed,
        1 => State::OneSided,
        _ if [left, right].into_iter().flatten().all(|age| age == Age::Silent) => State::Gone,
        _ => State::Stale,
    }
}

fn is_border_router(evidence: &ReporterEvidence) -> bool {
    evidence.slots.contains_key(&FactKind::BorderAgentId)
        || matches!(
            evidence.current(FactKind::Service),
            Some(Fact::Service(record)) if matches!(
                record.details,
                weft_model::ServiceDetails::BorderAgent(_) | weft_model::ServiceDetails::EphemeralBorderAgent(_) | weft_model::ServiceDetails::Trel(_)
            )
        )
}

/// The radio address that a device uses now: what it told last, else the youngest that is known.
fn current_radio(device: &Device<'_>) -> Option<ExtendedAddress> {
    if let Some(Fact::ExtendedAddress(address)) = device.fact(FactKind::ExtendedAddress)
        && address.is_real()
    {
        return Some(*address);
    }
    device
        .radios
        .iter()
        .max_by_key(|(address, since)| (*since, *address))
        .map(|(address, _)| *address)
}

/// A shared id.
pub(crate) fn id(text: String) -> Id {
    Arc::from(text)
}
