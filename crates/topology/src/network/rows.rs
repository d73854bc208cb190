//! Rows of all tables in one form: who hears whom, when, and as what.

use super::Mesh;
use crate::ageing::{Age, Lifetime};
use std::collections::BTreeSet;
use weft_evidence::{Hearing, Observation};
use weft_model::{ErrorRate, Fact, FactKind, LinkQuality, PartitionId, Rloc16, RouterId, Rssi, Timestamp};

/// As what a row names its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Relation {
    /// As a child of the observer.
    Child,
    /// As a neighbour with a link.
    Neighbor,
    /// As a router that there is a route to, without a link.
    Route,
    /// The observer polls it: the observer believes it to be its parent.
    Polls,
}

/// One row, with both ends found.
pub(crate) struct Heard<'a> {
    pub(crate) observer: usize,
    pub(crate) target: usize,
    pub(crate) observation: &'a Observation,
    pub(crate) relation: Relation,
    /// When the observer last heard the target.
    pub(crate) at: Timestamp,
    /// The row tells an age: `at` is when the target was heard, not only when the table was read.
    pub(crate) has_age: bool,
    pub(crate) age: Age,
    pub(crate) link_quality: Option<LinkQuality>,
    pub(crate) link_margin_db: Option<u8>,
    pub(crate) average_rssi: Option<Rssi>,
    pub(crate) last_rssi: Option<Rssi>,
    pub(crate) frame_error: Option<ErrorRate>,
    pub(crate) message_error: Option<ErrorRate>,
    /// How the target hears the observer, as the observer was told.
    pub(crate) relayed_quality: Option<LinkQuality>,
    /// Where the observer sends what is for the target.
    pub(crate) next_hop: Option<RouterId>,
    pub(crate) path_cost: Option<u8>,
    /// What the row says of the target itself.
    pub(crate) target_rx_on: Option<bool>,
    pub(crate) target_timeout_seconds: Option<u32>,
    /// The row in a few words.
    pub(crate) described: std::sync::OnceLock<std::sync::Arc<str>>,
    /// Since when the row says that the target is attached.
    pub(crate) attached_since: Option<Timestamp>,
    /// The observer has a quality from before and neither a way to the target nor its word that it hears the observer: so a link stands that frames were
    /// sent over in vain (OpenThread `Mle::RemoveRouterLink` keeps the incoming quality).
    pub(crate) broken: bool,
    /// Of frames: the target acknowledged them. True for rows of tables.
    pub(crate) answered: bool,
}

/// Kinds of tables, in the order in which they are read.
const TABLES: [FactKind; 7] = [
    FactKind::Children,
    FactKind::ChildTable,
    FactKind::NeighborTable,
    FactKind::RouterNeighbors,
    FactKind::RouteTable,
    FactKind::Route64,
    FactKind::EnhancedRoute,
];

#[derive(Clone, Copy)]
enum Target {
    Device(usize),
    Locator(Rloc16),
}

impl<'a> Mesh<'a> {
    /// Reads every standing table. Locators that nobody is known by become places of their own.
    pub(super) fn read_rows(&mut self) {
        for observer in 0..self.devices.len() {
            for kind in TABLES {
                let mut observations: Vec<&'a Observation> = self.devices[observer].told(kind).into_iter().collect();
                let newest = observations.first().map(|observation| observation.stated_at);
                for slot in self.slots(observer, kind) {
                    observations.extend(
                        slot.partial
                            .iter()
                            .filter(|partial| newest.is_none_or(|newest| partial.stated_at >= newest)),
                    );
                }
                let since = self.slots(observer, kind).filter_map(|slot| slot.since).min();
                for observation in observations {
                    self.table_since = since.unwrap_or(observation.stated_at).min(observation.stated_at);
                    self.read_table(observer, observation);
                }
            }
        }
        let with_words = (0..self.devices.len()).filter(|&device| !self.devices[device].reporters.is_empty());
        let known: BTreeSet<usize> = with_words.chain(self.heard.iter().map(|heard| heard.target)).collect();
        for index in 0..self.reporters.len() {
            let (_, evidence) = self.reporters[index];
            if let Some(observation) = evidence.slots.get(&FactKind::RadioSummary).and_then(|slot| slot.current.as_ref()) {
                self.read_summary(observation, &known);
            }
        }
    }

    /// Finds rows by whom they are about.
    pub(super) fn index_rows(&mut self) {
        self.rows_about = vec![Vec::new(); self.devices.len()];
        for (place, heard) in self.heard.iter().enumerate() {
            self.rows_about[heard.target].push(place);
            if heard.relation == Relation::Polls {
                self.polls_of.entry(heard.observer).or_default().push(place);
            }
        }
    }

    fn read_table(&mut self, observer: usize, observation: &'a Observation) {
        let partition = self.partition_at(observer, observation.stated_at);
        let own = self.devices[observer].locator.as_ref().map(|binding| binding.rloc16);
        let stated = observation.stated_at;
        let parent_by_hops = match &*observation.fact {
            Fact::RouteTable(rows) if !self.is_router(observer) => super::parent::parent_of_next_hops(rows),
            _ => None,
        };
        match &*observation.fact {
            Fact::Children(rows) => {
                for row in rows {
                    let target = self.radio(row.extended_address).map(Target::Device);
                    let mut heard = blank(observer, observation, Relation::Child);
                    heard.at = stated.minus_seconds(i64::from(row.age_seconds.unwrap_or(0)));
                    heard.has_age = row.age_seconds.is_some();
                    heard.link_quality = row.link_quality_in;
                    heard.link_margin_db = row.link_margin_db;
                    heard.average_rssi = row.average_rssi;
                    heard.last_rssi = row.last_rssi;
                    heard.frame_error = row.frame_error;
                    heard.message_error = row.message_error;
                    heard.target_rx_on = Some(row.mode.rx_on_when_idle);
                    heard.target_timeout_seconds = row.timeout_seconds;
                    heard.attached_since = row.connection_seconds.map(|seconds| stated.minus_seconds(i64::from(seconds)));
                    self.push(heard, target, partition);
                }
            }
            Fact::ChildTable(rows) => {
                let Some(own) = own.filter(|own| own.is_router()) else { return };
                for row in rows {
                    let rloc16 = own.router_id().child(row.child_id);
                    let mut heard = blank(observer, observation, Relation::Child);
                    heard.link_quality = row.link_quality_in;
                    heard.target_rx_on = Some(row.mode.rx_on_when_idle);
                    heard.target_timeout_seconds = row.timeout_seconds;
                    // The same router's list with extended addresses tells who sits at this locator in *its* view.
                    let listed = self.listed_child(observer, rloc16);
                    self.note_place(rloc16);
                    self.push(heard, Some(listed.map_or(Target::Locator(rloc16), Target::Device)), partition);
                }
            }
            Fact::NeighborTable(rows) => {
                for row in rows {
                    let target = row
                        .extended_address
                        .and_then(|address| self.radio(address))
                        .map(Target::Device)
                        .or(row.rloc16.map(Target::Locator));
                    let relation = if row.is_child == Some(true) {
                        Relation::Child
                    } else {
                        Relation::Neighbor
                    };
                    let mut heard = blank(observer, observation, relation);
                    heard.at = stated.minus_seconds(i64::from(row.age_seconds.unwrap_or(0)));
                    heard.has_age = row.age_seconds.is_some();
                    heard.link_quality = row.link_quality_in;
                    heard.average_rssi = row.average_rssi;
                    heard.last_rssi = row.last_rssi;
                    heard.frame_error = row.frame_error;
                    heard.message_error = row.message_error;
                    heard.target_rx_on = row.rx_on_when_idle;
                    self.push(heard, target, partition);
                }
            }
            Fact::RouterNeighbors(rows) => {
                for row in rows {
                    let target = self.radio(row.extended_address).map(Target::Device);
                    let mut heard = blank(observer, observation, Relation::Neighbor);
                    heard.link_margin_db = row.link_margin_db;
                    heard.average_rssi = row.average_rssi;
                    heard.last_rssi = row.last_rssi;
                    heard.frame_error = row.frame_error;
                    heard.message_error = row.message_error;
                    self.push(heard, target, partition);
                }
            }
            Fact::RouteTable(rows) => {
                for row in rows.iter().filter(|row| row.allocated) {
                    let rloc16 = row.rloc16.or(row.router_id.map(RouterId::rloc16));
                    if rloc16.is_some() && rloc16 == own {
                        continue;
                    }
                    let relation = if row.link_established { Relation::Neighbor } else { Relation::Route };
                    let is_parent = rloc16.is_some() && rloc16 == parent_by_hops;
                    if relation == Relation::Route && !is_parent && (row.path_cost.is_none() || row.next_hop.is_none()) {
                        // Allocated, and no way there: nobody says that it exists.
                        continue;
                    }
                    let target = row
                        .extended_address
                        .and_then(|address| self.radio(address))
                        .map(Target::Device)
                        .or(rloc16.map(Target::Locator));
                    let mut heard = blank(observer, observation, relation);
                    if row.link_established {
                        heard.at = stated.minus_seconds(i64::from(row.age_seconds.unwrap_or(0)));
                        heard.has_age = row.age_seconds.is_some();
                        heard.link_quality = row.link_quality_in;
                        heard.relayed_quality = row.link_quality_out;
                    }
                    heard.next_hop = row.next_hop;
                    heard.path_cost = row.path_cost;
                    self.push(heard, target, partition);
                }
            }
            Fact::Route64(route) => {
                for row in &route.routers {
                    let rloc16 = row.router_id.rloc16();
                    if Some(rloc16) == own {
                        continue;
                    }
                    let linked = row.link_quality_in > LinkQuality::NONE;
                    if !linked && row.path_cost == 0 {
                        continue;
                    }
                    let mut heard = blank(observer, observation, if linked { Relation::Neighbor } else { Relation::Route });
                    heard.link_quality = linked.then_some(row.link_quality_in);
                    heard.relayed_quality = (linked && row.link_quality_out > LinkQuality::NONE).then_some(row.link_quality_out);
                    heard.path_cost = Some(row.path_cost).filter(|cost| *cost > 0);
                    heard.broken = linked && row.link_quality_out == LinkQuality::NONE && row.path_cost == 0;
                    self.push(heard, Some(Target::Locator(rloc16)), partition);
                }
            }
            Fact::EnhancedRoute(rows) => {
                for row in rows.iter().filter(|row| !row.is_self) {
                    let linked = row.has_link && row.link_quality_in > LinkQuality::NONE;
                    if !linked && row.next_hop.is_none() {
                        continue;
                    }
                    let mut heard = blank(observer, observation, if linked { Relation::Neighbor } else { Relation::Route });
                    heard.link_quality = linked.then_some(row.link_quality_in);
                    heard.relayed_quality = (linked && row.link_quality_out > LinkQuality::NONE).then_some(row.link_quality_out);
                    heard.next_hop = row.next_hop;
                    self.push(heard, Some(Target::Locator(row.router_id.rloc16())), partition);
                }
            }
            _ => {}
        }
    }

    /// The child that a router's own list with extended addresses puts at a locator.
    fn listed_child(&self, observer: usize, rloc16: Rloc16) -> Option<usize> {
        for kind in [FactKind::Children, FactKind::NeighborTable] {
            let named = match self.devices[observer].fact(kind) {
                Some(Fact::Children(rows)) => rows.iter().find(|row| row.rloc16 == Some(rloc16)).map(|row| row.extended_address),
                Some(Fact::NeighborTable(rows)) => rows
                    .iter()
                    .find(|row| row.rloc16 == Some(rloc16) && row.is_child == Some(true))
                    .and_then(|row| row.extended_address),
                _ => None,
            };
            if let Some(device) = named.and_then(|address| self.radio(address)) {
                return Some(device);
            }
        }
        None
    }

    /// Remembers since when a table names a locator by itself: until more was known, that was the device's id.
    fn note_place(&mut self, rloc16: Rloc16) {
        let since = self.table_since;
        self.place_since
            .entry(rloc16)
            .and_modify(|earliest| *earliest = (*earliest).min(since))
            .or_insert(since);
    }

    fn push(&mut self, mut heard: Heard<'a>, target: Option<Target>, partition: Option<PartitionId>) {
        let lifetime = Lifetime {
            child_timeout_seconds: heard.target_timeout_seconds,
            about_child: heard.relation == Relation::Child,
            ..Lifetime::default()
        };
        heard.age = self.age_at(heard.observer, heard.observation, heard.at, lifetime);
        if self.devices[heard.observer].goodbye_at >= Some(heard.observation.stated_at) {
            heard.age = Age::Silent;
        }
        let stated = heard.observation.stated_at;
        // A table from before its reporter changed partition tells of the past, and makes no places in the present.
        let mut of_the_past = partition.is_some() && partition != self.devices[heard.observer].partition;
        heard.target = match target {
            Some(Target::Device(device)) => device,
            Some(Target::Locator(rloc16)) => match (self.holder(partition, rloc16), self.former_holder(partition, rloc16)) {
                (Some(holder), _) => holder,
                // Whoever had the locator has moved on since: the row speaks of that device, and of the past.
                (None, Some(former)) => {
                    of_the_past = true;
                    former
                }
                (None, None) if of_the_past => return,
                (None, None) => self.holder_or_place(partition, rloc16, heard.at, heard.age),
            },
            None => return,
        };
        if let Some(Target::Locator(rloc16)) = target {
            self.note_place(rloc16);
        }
        let left_since = self.devices[heard.target].partition != partition
            && self.in_partition_since(heard.target).is_some_and(|since| since > stated)
            && self.devices[heard.target].partition.is_some();
        if of_the_past || left_since {
            heard.age = heard.age.max(Age::Stale);
        }
        if self.is_overtaken(&heard) {
            heard.age = heard.age.max(Age::Stale);
        }
        if self.devices[heard.target].goodbye_at >= Some(heard.at) {
            heard.age = Age::Silent;
        }
        if heard.target != heard.observer {
            self.heard.push(heard);
        }
    }

    /// True for what a parent was heard saying to a child that has said since that it is a router, or somebody else's child. A table would have told it;
    /// a message that went by is over when it is said.
    fn is_overtaken(&self, heard: &Heard<'_>) -> bool {
        let parent = self.devices[heard.observer].locator.as_ref().map(|binding| binding.rloc16);
        let is_message = heard.relation == Relation::Child && heard.observation.hearing == Hearing::Air;
        let own = self.devices[heard.target].own_locator.as_ref().filter(|own| own.at > heard.at);
        is_message && own.is_some_and(|own| parent.is_some() && own.rloc16.parent() != parent)
    }
}

pub(super) fn blank(observer: usize, observation: &Observation, relation: Relation) -> Heard<'_> {
    Heard {
        observer,
        target: observer,
        observation,
        relation,
        at: observation.stated_at,
        has_age: false,
        age: Age::Silent,
        link_quality: None,
        link_margin_db: None,
        average_rssi: None,
        last_rssi: None,
        frame_error: None,
        message_error: None,
        relayed_quality: None,
        next_hop: None,
        path_cost: None,
        target_rx_on: None,
        target_timeout_seconds: None,
        described: std::sync::OnceLock::new(),
        attached_since: None,
        broken: false,
        answered: true,
    }
}
