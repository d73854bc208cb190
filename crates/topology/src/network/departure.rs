//! Routers that are gone: switched off without a good-bye, they fall silent, and their neighbours drop them one after the other.

use super::{Mesh, Relation};
use crate::ageing::Age;
use std::collections::{BTreeMap, BTreeSet};
use weft_evidence::Hearing;
use weft_model::{FactKind, Timestamp};

/// Tables in which a router lists the routers that it has links with.
const TABLES: [FactKind; 4] = [
    FactKind::Route64,
    FactKind::NeighborTable,
    FactKind::RouteTable,
    FactKind::RouterNeighbors,
];
/// A router advertises in the second half of each interval of at most 32 s (Thread specification 1.4, 4.11; OpenThread `kAdvIntervalMax`): where one
/// advertisement is lost, the two beside it are up to 80 s apart. Longer silence is more than that.
const SILENT_AFTER_SECONDS: i64 = 80;

/// What the tables of a device's neighbours say of its end.
#[derive(Debug, Default)]
struct Dropped {
    /// When each of them was first heard to list it no more.
    by: BTreeMap<usize, Timestamp>,
}

impl Dropped {
    fn note(&mut self, observer: usize, at: Timestamp) {
        let last = self.by.entry(observer).or_insert(at);
        *last = (*last).max(at);
    }

    fn last(&self) -> Option<Timestamp> {
        self.by.values().max().copied()
    }
}

impl Mesh<'_> {
    /// Finds routers that all their neighbours have dropped.
    pub(super) fn collect_departures(&mut self) {
        let dropped = self.dropped_routers();
        if dropped.is_empty() {
            return;
        }
        let superseded = self.superseded_tables();
        for (device, dropped) in dropped {
            if let Some(dropped_at) = dropped.last()
                && !self.is_still_listed(device, &dropped, dropped_at, &superseded)
            {
                self.devices[device].existence.dropped_at = Some(dropped_at);
            }
        }
    }

    /// True for a router whose own advertisements are heard on the air.
    pub(super) fn advertises_on_air(&self, device: usize) -> bool {
        self.is_router(device)
            && self
                .slots(device, FactKind::Route64)
                .flat_map(|slot| slot.standing())
                .any(|observation| observation.hearing == Hearing::Air)
    }

    /// True for a router that was heard advertising, and of which nothing was heard for longer than advertisements are apart.
    pub(super) fn fell_silent(&self, device: usize) -> bool {
        self.advertises_on_air(device)
            && self.devices[device]
                .existence
                .heard_for_certain
                .is_some_and(|heard| self.ageing.is_older(Hearing::Air, heard, SILENT_AFTER_SECONDS))
    }

    /// Routers that some table listed and a newer one does not, and when the last of these was told.
    fn dropped_routers(&self) -> BTreeMap<usize, Dropped> {
        let mut dropped: BTreeMap<usize, Dropped> = BTreeMap::new();
        let is_router = |device: usize| self.devices[device].locator.as_ref().is_some_and(|binding| binding.rloc16.is_router());
        for observer in 0..self.devices.len() {
            let episodes = TABLES.iter().flat_map(|kind| self.slots(observer, *kind)).flat_map(|slot| &slot.episodes);
            for episode in episodes {
                let Some(ended_at) = episode.ended_at else { continue };
                let partition = self.partition_at(observer, episode.until);
                let device = match (episode.row.extended_address, episode.row.rloc16) {
                    (Some(address), _) => self.radio(address),
                    (None, Some(rloc16)) => self.holder(partition, rloc16),
                    (None, None) => None,
                };
                let Some(device) = device.filter(|&device| device != observer && is_router(device)) else {
                    continue;
                };
                // Whoever goes to another partition lists those there: that drops only whom nobody hears any more.
                if partition == self.partition_at(observer, ended_at) || self.fell_silent(device) {
                    dropped.entry(device).or_default().note(observer, ended_at);
                }
            }
        }
        // A link over which frames were sent in vain, to one that says nothing any more.
        for heard in self
            .heard
            .iter()
            .filter(|heard| heard.broken && heard.observation.hearing == Hearing::Air)
        {
            if is_router(heard.target) && self.fell_silent(heard.target) {
                dropped.entry(heard.target).or_default().note(heard.observer, heard.at);
            }
        }
        dropped
    }

    /// True if a fresh table lists a router, with a link or a way to it. `superseded` are rows that a newer table of another kind has no more.
    fn is_still_listed(&self, device: usize, dropped: &Dropped, dropped_at: Timestamp, superseded: &BTreeSet<(usize, usize, FactKind)>) -> bool {
        let all_were_heard = self.all_tables_were_heard(device);
        self.about(device).any(|heard| {
            let counts = match heard.relation {
                // Its table of another kind is older than the one that omits the router.
                Relation::Neighbor if dropped.by.get(&heard.observer).is_some_and(|ended| heard.at <= *ended) => false,
                // What a full Thread child heard before proves no link: it keeps none.
                Relation::Neighbor | Relation::Child => self.is_router(heard.observer) || heard.at > dropped_at,
                // Routers go on telling each other ways to one that nobody has a link with any more, until the costs have counted up to infinity.
                Relation::Route => !all_were_heard,
                Relation::Polls => false,
            };
            counts && heard.age == Age::Fresh && !superseded.contains(&(heard.observer, device, heard.observation.fact.kind()))
        })
    }

    /// True for a router that all its neighbours have dropped, and that nobody heard since.
    pub(super) fn has_departed(&self, device: usize) -> bool {
        let existence = &self.devices[device].existence;
        existence
            .dropped_at
            .is_some_and(|dropped| existence.last_heard.is_none_or(|heard| heard <= dropped))
    }

    /// True if every other router of the device's partition that is there told its own table, and it is fresh: then nobody else can have a link with it.
    fn all_tables_were_heard(&self, device: usize) -> bool {
        let partition = self.devices[device].partition;
        let others = (0..self.devices.len()).filter(|&other| other != device && self.devices[other].partition == partition && self.is_router(other));
        let is_there = |other: usize| {
            let existence = &self.devices[other].existence;
            existence.own_fresh || !existence.heard_by_fresh.is_empty() || !existence.routed_by_fresh.is_empty()
        };
        others
            .filter(|other| is_there(*other) && !self.fell_silent(*other))
            .all(|other| self.fresh_router_table_at(other).is_some())
    }
}
