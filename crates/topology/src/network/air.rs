//! What is heard on the air: who sends to whom, and how long that matters.

use super::rows::blank;
use super::{Mesh, Relation};
use crate::ageing::{Age, Lifetime};
use crate::snapshot::HeardByDongle;
use std::collections::BTreeSet;
use weft_evidence::{Hearing, Observation, Reporter};
use weft_model::{Fact, FactKind, PartitionId, RadioPeer, Rloc16, Timestamp};

/// A radio that looks for a parent asks again within a minute or so, and every few minutes when nobody answers: after so long it has given up.
const LOOKED_SECONDS: i64 = 300;

impl<'a> Mesh<'a> {
    /// Reads what a dongle heard. Its own radio measured it: it tells that both ends speak, and to whom, never how well they hear each other.
    pub(super) fn read_summary(&mut self, observation: &'a Observation, known: &BTreeSet<usize>) {
        let Fact::RadioSummary(summary) = &*observation.fact else { return };
        if self.network_id.is_none() {
            // Frames of no known network name nobody.
            return;
        }
        let at = observation.stated_at;
        let end = |mesh: &mut Self, peer: RadioPeer| match peer {
            RadioPeer::Rloc16(rloc16) => {
                let lifetime = Lifetime {
                    about_child: !rloc16.is_router(),
                    ..Lifetime::default()
                };
                let age = mesh.ageing.age(observation.hearing, &observation.source, at, lifetime);
                mesh.holder_on_air(rloc16, at, age)
            }
            // The same radio is heard by its locator too: which one that is, frames do not tell. Only for a radio that is known otherwise does it matter.
            RadioPeer::ExtendedAddress(address) => mesh.radio(address).filter(|device| known.contains(device)),
            RadioPeer::Broadcast => None,
        };
        let rloc16 = |peer: RadioPeer| match peer {
            RadioPeer::Rloc16(rloc16) => Some(rloc16),
            RadioPeer::ExtendedAddress(_) | RadioPeer::Broadcast => None,
        };
        let (from_rloc16, to_rloc16) = (rloc16(summary.from), rloc16(summary.to));
        let from = end(self, summary.from);
        let to = end(self, summary.to);
        if let Some(from) = from {
            let newest = self.heard_on_air.entry(from).or_insert(observation);
            if (newest.stated_at, newest.seq) < (at, observation.seq) {
                *newest = observation;
            }
        }
        let (Some(from), Some(to)) = (from, to) else { return };
        if from == to {
            return;
        }
        let mut push = |observer: usize, target: usize, relation: Relation| {
            let mut heard = blank(observer, observation, relation);
            heard.target = target;
            heard.has_age = true;
            heard.answered = summary.acknowledged > 0;
            let speaker = self
                .ageing
                .age(observation.hearing, &observation.source, at, self.lifetime_of_frames(from, from_rloc16));
            heard.age = if self.devices[from].goodbye_at >= Some(at) {
                Age::Silent
            } else {
                speaker
            };
            self.heard.push(heard);
        };
        let from_child = from_rloc16.and_then(Rloc16::parent);
        let to_child = to_rloc16.and_then(Rloc16::parent);
        let is_to_its_parent = from_child.is_some() && from_child == to_rloc16;
        if is_to_its_parent || (from_rloc16.is_none() && summary.data_polls > 0) {
            push(from, to, Relation::Polls);
        } else if summary.acknowledged > 0 && to_child.is_some() && to_child == from_rloc16 {
            // The child answers at the address that this parent gave it.
            push(from, to, Relation::Child);
        } else if summary.acknowledged > 0 && from_rloc16.zip(to_rloc16).is_some_and(|(from, to)| from.is_router() && to.is_router()) {
            push(to, from, Relation::Neighbor);
        }
    }

    /// How long it matters that a device was heard sending.
    fn lifetime_of_frames(&self, from: usize, rloc16: Option<Rloc16>) -> Lifetime {
        let is_router = rloc16.map_or_else(|| self.is_router(from), Rloc16::is_router);
        Lifetime {
            about_child: !is_router,
            child_timeout_seconds: self.sleepy_timeout(from).filter(|_| !is_router),
            ..Lifetime::default()
        }
    }

    /// Who has a locator. The air does not tell partitions: it is the network's only one, or the only one in which somebody has that locator.
    /// None for one whose last holder is known, and has another since: frames from before make no place in the present.
    fn holder_on_air(&mut self, rloc16: Rloc16, at: Timestamp, age: Age) -> Option<usize> {
        let partition = self.only_partition();
        if partition.is_none() {
            let mut holders = self.locators.iter().filter(|((_, other), _)| *other == rloc16).map(|(_, device)| *device);
            if let (Some(holder), None) = (holders.next(), holders.next()) {
                return Some(holder);
            }
        }
        let has_moved_on = |device: usize| {
            let locator = self.devices[device].locator.as_ref();
            locator.is_some_and(|binding| binding.rloc16 != rloc16 && binding.at >= at)
        };
        if self.holder(partition, rloc16).is_none() && self.ever_known_by(rloc16).any(has_moved_on) {
            return None;
        }
        let holder = self.holder_or_place(partition, rloc16, at, age);
        let device = &mut self.devices[holder];
        // What is known by its locator only has it for as long as it is heard there.
        if let (Some(binding), true) = (&mut device.locator, device.reporters.is_empty()) {
            binding.at = binding.at.max(at);
            binding.age = binding.age.min(age);
        }
        Some(holder)
    }

    fn only_partition(&self) -> Option<PartitionId> {
        let mut partitions: Vec<PartitionId> = self.devices.iter().filter_map(|device| device.partition).collect();
        partitions.sort_unstable();
        partitions.dedup();
        match partitions.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// Frames of a device that a dongle heard are a sign of its life.
    pub(super) fn collect_frames(&mut self) {
        let on_air: Vec<(usize, &Observation)> = self.heard_on_air.iter().map(|(device, observation)| (*device, *observation)).collect();
        for (device, observation) in on_air {
            let Fact::RadioSummary(summary) = &*observation.fact else { continue };
            let rloc16 = match summary.from {
                RadioPeer::Rloc16(rloc16) => Some(rloc16),
                RadioPeer::ExtendedAddress(_) | RadioPeer::Broadcast => None,
            };
            let at = observation.stated_at;
            let lifetime = self.lifetime_of_frames(device, rloc16);
            let age = match self.devices[device].goodbye_at >= Some(at) {
                true => Age::Silent,
                false => self.ageing.age(observation.hearing, &observation.source, at, lifetime),
            };
            let claim = self.claim(device, observation, at, "radio-summary: sends".into());
            let existence = &mut self.devices[device].existence;
            existence.any += 1;
            existence.beyond_registration = true;
            existence.alive |= age != Age::Silent;
            existence.own_fresh |= age == Age::Fresh;
            existence.last_heard = existence.last_heard.max(Some(at));
            existence.heard_for_certain = existence.heard_for_certain.max(Some(at));
            existence.claims.push(claim);
        }
    }

    /// True for a place that is known by frames only, of which the router whose child it was has told since that it has no such child.
    pub(super) fn is_listed_no_more(&self, index: usize) -> bool {
        let device = &self.devices[index];
        let (Some(binding), Some(heard)) = (&device.locator, device.existence.last_heard) else {
            return false;
        };
        self.is_known_by_frames_only(index)
            && binding
                .rloc16
                .parent()
                .and_then(|router| self.holder(binding.partition, router).or_else(|| self.parent_of(index)))
                .is_some_and(|parent| self.lists_no_more(parent, binding.rloc16, heard))
    }

    /// True for a radio that asked for networks or parents, never had a place that anybody knows of, and said nothing for a while.
    pub(super) fn only_looked_for_a_parent(&self, index: usize) -> bool {
        let device = &self.devices[index];
        let only_radios = device
            .reporters
            .iter()
            .all(|&reporter| matches!(self.reporters[reporter].0, Reporter::Radio { .. }));
        let had_a_place = device.locator.is_some()
            || !self.rows_about.get(index).is_none_or(Vec::is_empty)
            || device.parent.as_ref().is_some_and(|conclusion| !conclusion.history.is_empty())
            || [FactKind::Rloc16, FactKind::LeaderData, FactKind::Ipv6Addresses]
                .iter()
                .any(|kind| device.told.contains_key(kind));
        !device.reporters.is_empty()
            && only_radios
            && !had_a_place
            && device
                .existence
                .last_heard
                .is_some_and(|heard| self.ageing.is_older(Hearing::Air, heard, LOOKED_SECONDS))
    }

    pub(super) fn heard_by_dongle(&self, index: usize) -> Option<HeardByDongle> {
        let newest = self.heard_on_air.get(&index)?;
        match &*newest.fact {
            Fact::RadioSummary(summary) => Some(HeardByDongle {
                rssi_average_dbm: summary.rssi_average,
                observed_at: newest.stated_at,
            }),
            _ => None,
        }
    }

    /// True for a device that polls on the air, at the address of a child: its receiver is off in between.
    pub(super) fn polls_on_air(&self, index: usize) -> bool {
        let polls = self.polls_of.get(&index).into_iter().flatten().filter_map(|&place| self.heard.get(place));
        polls.filter(|heard| heard.age == Age::Fresh).any(|heard| match &*heard.observation.fact {
            Fact::RadioSummary(summary) => summary.data_polls > 0 && matches!(summary.from, RadioPeer::Rloc16(_)),
            _ => false,
        })
    }

    /// How long what a device said on the air is fresh: a child speaks less often than a router, and a sleepy one when it likes.
    pub(super) fn lifetime_on_air(&self, device: usize) -> Lifetime {
        let told = &self.devices[device];
        // Whoever has no locator is attaching, as children do.
        let about_child = !matches!(told.fact(FactKind::Rloc16), Some(Fact::Rloc16(Some(rloc16))) if rloc16.is_router());
        Lifetime {
            about_child,
            child_timeout_seconds: self.sleepy_timeout(device).filter(|_| about_child),
            ..Lifetime::default()
        }
    }

    /// The timeout of a sleepy child, as it told it.
    fn sleepy_timeout(&self, device: usize) -> Option<u32> {
        match (
            self.devices[device].fact(FactKind::Mode),
            self.devices[device].fact(FactKind::TimeoutSeconds),
        ) {
            (Some(Fact::Mode(mode)), Some(Fact::TimeoutSeconds(seconds))) if !mode.rx_on_when_idle => Some(*seconds),
            _ => None,
        }
    }
}
