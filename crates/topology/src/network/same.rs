//! A person's word that two entries are one device: stronger than every name that is only shared, weaker than two radios that are both heard.

use super::Mesh;
use super::identity::{Alias, Joiner};
use super::words::{Found, of_device};
use crate::ageing::{Age, Lifetime};
use crate::snapshot::Id;
use std::collections::{BTreeMap, BTreeSet};
use weft_evidence::{Observation, Reporter};
use weft_model::{ExtendedAddress, Fact, PartitionId, RadioPeer, Rloc16, Timestamp};

/// One side of a word whose other side is not in this network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HalfWord {
    pub(crate) at: Timestamp,
    pub(crate) seq: u64,
    pub(crate) side: Side,
    pub(crate) node: Id,
}

/// Which part of a word a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The entry that was spoken of.
    Subject,
    /// The entry that it was said to be.
    Other,
    /// The entry of which it was taken back that it is another one.
    TakenBack,
}

/// Two entries of this network that were said to be one.
struct Pair<'a> {
    word: &'a Observation,
    subject: Found,
    other: Found,
}

/// A device that was said to be at a place.
pub(super) struct AtPlace<'a> {
    device: Alias,
    place: (Option<PartitionId>, Rloc16),
    word: &'a Observation,
}

impl<'a> Mesh<'a> {
    /// Joins what people say is one. Gives those who were said to be at a place: places are known once the rows are read.
    pub(super) fn join_by_word(&mut self, joiner: &mut Joiner) -> Vec<AtPlace<'a>> {
        let pairs = self.pairs();
        let mut at_places = Vec::new();
        let mut joined: Vec<(Alias, Id)> = Vec::new();
        let mut refuted: Vec<(Alias, Alias, &'a Observation)> = Vec::new();
        let mut fresh: Option<BTreeSet<ExtendedAddress>> = None;
        for Pair { word, subject, other } in pairs {
            match (subject, other) {
                (Found::Device(left), Found::Device(right)) => {
                    let (Some(left_alias), Some(right_alias)) = (self.any_alias(left), self.any_alias(right)) else {
                        continue;
                    };
                    let (Some(left_root), Some(right_root)) = (joiner.find(&left_alias), joiner.find(&right_alias)) else {
                        continue;
                    };
                    let fresh = fresh.get_or_insert_with(|| self.fresh_radios());
                    let heard = |root| joiner.radios_of(root).any(|radio| fresh.contains(&radio));
                    if left_root != right_root && heard(left_root) && heard(right_root) {
                        refuted.push((left_alias, right_alias, word));
                        continue;
                    }
                    joined.extend([left, right].map(|device| (left_alias.clone(), self.devices[device].id.clone())));
                    joiner.join(left_root, right_root);
                }
                (Found::Device(device), Found::Place(partition, rloc16)) | (Found::Place(partition, rloc16), Found::Device(device)) => {
                    at_places.extend(self.any_alias(device).map(|device| AtPlace {
                        device,
                        place: (partition, rloc16),
                        word,
                    }));
                }
                (Found::Place(..), Found::Place(..)) => {}
            }
        }
        if !joined.is_empty() {
            self.settle(joiner);
        }
        for (alias, former) in joined {
            if let Some(device) = self.device_of(&alias) {
                self.words.joined_ids.entry(device).or_default().insert(former);
            }
        }
        for (left, right, word) in refuted {
            if let (Some(left), Some(right)) = (self.device_of(&left), self.device_of(&right)) {
                self.words.refuted.push((left, right, word));
            }
        }
        at_places
    }

    /// Moves to a device what rows say of the place that a person says it is at.
    pub(super) fn join_places(&mut self, at_places: Vec<AtPlace<'a>>) {
        for AtPlace { device, place, word } in at_places {
            let (Some(device), Some(held)) = (self.device_of(&device), self.holder(place.0, place.1)) else {
                continue;
            };
            if device == held || !self.devices[held].names.is_empty() {
                continue;
            }
            if self.devices[device].locator.is_some() {
                self.words.refuted.push((device, held, word));
                continue;
            }
            let former = self.node_id(held);
            self.words.joined_ids.entry(device).or_default().insert(former);
            self.devices[device].locator = self.devices[held].locator.take();
            self.devices[device].partition = self.devices[held].partition.or(self.devices[device].partition);
            self.locators.insert(place, device);
            for heard in &mut self.heard {
                for end in [&mut heard.target, &mut heard.observer] {
                    if *end == held {
                        *end = device;
                    }
                }
            }
            if let Some(frames) = self.heard_on_air.remove(&held) {
                self.heard_on_air.entry(device).or_insert(frames);
            }
        }
        self.heard.retain(|heard| heard.target != heard.observer);
    }

    /// Words that hold and of which this network has both sides.
    fn pairs(&self) -> Vec<Pair<'a>> {
        let words: Vec<&'a Observation> = self.evidence.annotations().filter(|word| same_as(word).is_some()).collect();
        if words.is_empty() {
            return Vec::new();
        }
        let names = self.names_that_people_use();
        let mut pairs: Vec<Pair<'a>> = Vec::new();
        for word in words {
            let (Some(annotation), Some(other)) = (of_device(word), same_as(word)) else {
                continue;
            };
            let Some(subject) = self.meant(&annotation.identify, word.stated_at, &names) else {
                continue;
            };
            if other.is_empty() {
                let group = group_of(subject, &pairs);
                pairs.retain(|pair| !group.contains(&pair.subject));
            } else if let Some(other) = self.by_id(other, word.stated_at, &names) {
                pairs.push(Pair { word, subject, other });
            }
        }
        pairs
    }

    /// The sides of words that are in this network, of those that are not whole in it.
    pub(super) fn half_words(&self) -> Vec<HalfWord> {
        let words: Vec<&'a Observation> = self.evidence.annotations().filter(|word| same_as(word).is_some()).collect();
        if words.is_empty() {
            return Vec::new();
        }
        let names = self.names_that_people_use();
        let node = |found: Option<Found>| match found {
            Some(Found::Device(device)) => Some(self.node_id(device)),
            _ => None,
        };
        let mut halves = Vec::new();
        for word in words {
            let (Some(annotation), Some(other)) = (of_device(word), same_as(word)) else {
                continue;
            };
            let subject = node(self.meant(&annotation.identify, word.stated_at, &names));
            let other_node = node(self.by_id(other, word.stated_at, &names));
            let (side, node) = match (subject, other_node) {
                (Some(subject), None) if other.is_empty() => (Side::TakenBack, subject),
                (Some(subject), None) => (Side::Subject, subject),
                (None, Some(other)) => (Side::Other, other),
                _ => continue,
            };
            halves.push(HalfWord {
                at: word.stated_at,
                seq: word.seq,
                side,
                node,
            });
        }
        halves
    }

    fn device_of(&self, alias: &Alias) -> Option<usize> {
        match alias {
            Alias::Radio(address) => self.radio(*address),
            Alias::Reporter(index) => self.reporter_device.get(*index).copied(),
            _ => None,
        }
    }

    /// Radios that somebody heard of late, or that spoke themselves. A registration is a name and no radio.
    fn fresh_radios(&self) -> BTreeSet<ExtendedAddress> {
        let mut fresh = BTreeSet::new();
        for (place, device) in self.devices.iter().enumerate() {
            for (observation, named) in self.named_rows(place) {
                let lifetime = Lifetime {
                    child_timeout_seconds: named.child_timeout_seconds,
                    about_child: named.is_child,
                    ..Lifetime::default()
                };
                let at = observation.stated_at.minus_seconds(i64::from(named.age_seconds));
                if self.age_at(place, observation, at, lifetime) == Age::Fresh {
                    fresh.insert(named.address);
                }
            }
            for &reporter in &device.reporters {
                let (reporter, evidence) = self.reporters[reporter];
                let own = match reporter {
                    Reporter::Radio { extended_address } => Some(*extended_address),
                    Reporter::Service { .. } => continue,
                    _ => device.extended_address,
                };
                let speaks = |observation: &Observation| self.age(place, observation) == Age::Fresh;
                let spoke = evidence.slots.values().flat_map(|slot| slot.standing()).any(speaks);
                fresh.extend(own.filter(|_| spoke));
            }
        }
        for (reporter, evidence) in &self.reporters {
            if !matches!(reporter, Reporter::Dongle { .. }) {
                continue;
            }
            for observation in evidence.slots.values().flat_map(|slot| slot.standing()) {
                if let Fact::RadioSummary(summary) = &*observation.fact
                    && let RadioPeer::ExtendedAddress(address) = summary.from
                    && self
                        .ageing
                        .age(observation.hearing, &observation.source, observation.stated_at, Lifetime::default())
                        == Age::Fresh
                {
                    fresh.insert(address);
                }
            }
        }
        fresh
    }
}

/// What a word says another entry is; empty where it takes that back.
fn same_as(word: &Observation) -> Option<&str> {
    of_device(word)?.same_as.as_deref().map(str::trim)
}

/// Everything that words make one with an entry.
fn group_of(entry: Found, pairs: &[Pair<'_>]) -> BTreeSet<Found> {
    let mut near: BTreeMap<Found, Vec<Found>> = BTreeMap::new();
    for pair in pairs {
        near.entry(pair.subject).or_default().push(pair.other);
        near.entry(pair.other).or_default().push(pair.subject);
    }
    let mut group = BTreeSet::new();
    let mut open = vec![entry];
    while let Some(next) = open.pop() {
        if group.insert(next) {
            open.extend(near.get(&next).into_iter().flatten());
        }
    }
    group
}
