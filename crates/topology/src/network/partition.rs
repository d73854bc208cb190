//! Partitions: they exist where a router or leader says so, never because a picture falls apart.

use super::Mesh;
use crate::ageing::Age;
use crate::snapshot::State;
use std::collections::{BTreeMap, BTreeSet};
use weft_evidence::{Observation, ReporterEvidence};
use weft_model::{BorderAgentRole, Fact, FactKind, PartitionId, Rloc16, RouterId, RoutingRole, ServiceDetails, Timestamp};

/// A partition that somebody entitled to it says exists.
pub(crate) struct Known {
    pub(crate) id: PartitionId,
    pub(crate) leader: Option<usize>,
    pub(crate) state: State,
    /// Fresh devices that say they are its leader.
    pub(crate) claimants: Vec<usize>,
}

/// What one device says of its partition.
struct Told<'a> {
    partition: PartitionId,
    leader: Option<RouterId>,
    observation: &'a Observation,
}

impl<'a> Mesh<'a> {
    /// Each device's own word; a child's word counts only until its parent is known.
    pub(super) fn assign_partitions(&mut self) {
        for device in 0..self.devices.len() {
            self.devices[device].partition = self.told_partition(device).map(|told| told.partition);
        }
        // Where the network is one partition, it is the partition of everybody who did not say.
        let mut spoken: BTreeSet<PartitionId> = BTreeSet::new();
        let mut any: BTreeSet<PartitionId> = BTreeSet::new();
        for device in 0..self.devices.len() {
            if let Some(told) = self.told_partition(device) {
                any.insert(told.partition);
                if self.may_speak_for_a_partition(device) && self.age(device, told.observation) == Age::Fresh {
                    spoken.insert(told.partition);
                }
            }
        }
        let only = if spoken.len() == 1 {
            spoken.first()
        } else if spoken.is_empty() && any.len() == 1 {
            any.first()
        } else {
            None
        };
        if let Some(&only) = only {
            for device in &mut self.devices {
                device.partition.get_or_insert(only);
            }
        }
    }

    /// From when to when a device said that it was in which partition.
    fn partitions_over_time(&self, device: usize) -> impl Iterator<Item = (Timestamp, Timestamp, PartitionId)> {
        let slots = [FactKind::PartitionId, FactKind::LeaderData]
            .into_iter()
            .flat_map(move |kind| self.slots(device, kind));
        slots.flat_map(|slot| slot.spans()).filter_map(|(since, until, fact)| match fact {
            Fact::PartitionId(partition) => Some((since, until, *partition)),
            Fact::LeaderData(data) => Some((since, until, data.partition_id)),
            _ => None,
        })
    }

    /// The partition that a device was in at a moment, by its own word; its present one where it said nothing about then.
    pub(super) fn partition_at(&self, device: usize, at: Timestamp) -> Option<PartitionId> {
        let mut before: Option<(Timestamp, PartitionId)> = None;
        let mut earliest: Option<(Timestamp, PartitionId)> = None;
        for (since, _, partition) in self.partitions_over_time(device) {
            if since <= at && before.is_none_or(|(other, _)| other <= since) {
                before = Some((since, partition));
            }
            if earliest.is_none_or(|(other, _)| since < other) {
                earliest = Some((since, partition));
            }
        }
        before.or(earliest).map(|(_, partition)| partition).or(self.devices[device].partition)
    }

    /// The partition in which a locator was asked in vain by which nobody answered: that of the one radio that last said it has it, if nobody was known to be in another
    /// then. All others may have gone to another since.
    pub(super) fn asked_in(&self, rloc16: Rloc16, now_in: Option<PartitionId>, evidence: &ReporterEvidence) -> Option<PartitionId> {
        if !evidence.slots.is_empty() || evidence.in_vain.is_empty() {
            return None;
        }
        let is_radio = |device: usize| !self.devices[device].radios.is_empty();
        if self.holder(now_in, rloc16).is_some_and(is_radio) {
            return None;
        }
        let own = |device: usize| self.devices[device].own_locator.as_ref().filter(|own| own.rloc16 == rloc16);
        let mut said = (0..self.devices.len()).filter(|&device| is_radio(device) && own(device).is_some());
        let only = said.next().filter(|_| said.next().is_none())?;
        let own = own(only)?;
        let asked_at = *evidence.in_vain.iter().find(|at| **at >= own.at)?;
        let was_elsewhere = |device: usize| {
            let is_there = self
                .told_partition(device)
                .is_some_and(|told| self.age(device, told.observation) == Age::Fresh);
            device != only && is_there && self.may_speak_for_a_partition(device) && self.partition_at(device, asked_at) != own.partition
        };
        own.partition.filter(|_| !(0..self.devices.len()).any(was_elsewhere))
    }

    /// Since when a device says that it is in its present partition.
    pub(super) fn in_partition_since(&self, device: usize) -> Option<Timestamp> {
        let present = self.devices[device].partition?;
        let mut since: Option<Timestamp> = None;
        let mut last_elsewhere: Option<Timestamp> = None;
        for (from, until, partition) in self.partitions_over_time(device) {
            if partition == present {
                since = Some(since.map_or(from, |since| since.min(from)));
            } else {
                last_elsewhere = last_elsewhere.max(Some(until));
            }
        }
        match (since, last_elsewhere) {
            (Some(since), Some(elsewhere)) => Some(since.max(elsewhere)),
            (since, _) => since,
        }
    }

    fn told_partition(&self, device: usize) -> Option<Told<'a>> {
        let mut best: Option<Told<'a>> = None;
        let mut offer = |told: Told<'a>| {
            let newer = best.as_ref().is_none_or(|best| {
                super::identity::newest([best.observation, told.observation].into_iter()).is_some_and(|newest| std::ptr::eq(newest, told.observation))
            });
            if newer {
                best = Some(told);
            }
        };
        for kind in [FactKind::PartitionId, FactKind::LeaderData, FactKind::Service] {
            // A border router has several registrations; only `_meshcop` tells a partition.
            for slot in self.slots(device, kind) {
                let Some(observation) = &slot.current else { continue };
                match &*observation.fact {
                    Fact::PartitionId(partition) => offer(Told {
                        partition: *partition,
                        leader: None,
                        observation,
                    }),
                    Fact::LeaderData(data) => offer(Told {
                        partition: data.partition_id,
                        leader: data.leader_router_id,
                        observation,
                    }),
                    Fact::Service(record) => {
                        if let ServiceDetails::BorderAgent(agent) = &record.details
                            && let Some(partition) = agent.partition_id
                            && agent.state.is_none_or(|state| state.role != BorderAgentRole::Detached)
                        {
                            offer(Told {
                                partition,
                                leader: None,
                                observation,
                            });
                        }
                    }
                    _ => {}
                }
            }
        }
        best
    }

    /// True for devices that say they are routers or leaders, or that answer with a router's locator.
    fn may_speak_for_a_partition(&self, device: usize) -> bool {
        match self.devices[device].fact(FactKind::RoutingRole) {
            Some(Fact::RoutingRole(role)) => return matches!(role, RoutingRole::Router | RoutingRole::Leader),
            _ => {
                if let Some(Fact::Rloc16(Some(rloc16))) = self.devices[device].fact(FactKind::Rloc16) {
                    return rloc16.is_router();
                }
            }
        }
        let agent_role = self
            .slots(device, FactKind::Service)
            .find_map(|slot| match &*slot.current.as_ref()?.fact {
                Fact::Service(record) => match &record.details {
                    ServiceDetails::BorderAgent(agent) => agent.state.map(|state| state.role),
                    _ => None,
                },
                _ => None,
            });
        match agent_role {
            Some(role) => matches!(role, BorderAgentRole::Router | BorderAgentRole::Leader),
            None => self.devices[device].locator.as_ref().is_some_and(|locator| locator.rloc16.is_router()),
        }
    }

    /// The partitions of the network, with leaders; after locators are bound.
    pub(super) fn list_partitions(&mut self) {
        struct Draft {
            fresh: BTreeSet<usize>,
            alive: bool,
            leader: Option<(Timestamp, RouterId)>,
        }
        let mut drafts: BTreeMap<PartitionId, Draft> = BTreeMap::new();
        for device in 0..self.devices.len() {
            let Some(told) = self.told_partition(device) else { continue };
            if !self.may_speak_for_a_partition(device) {
                continue;
            }
            let age = self.age(device, told.observation);
            let draft = drafts.entry(told.partition).or_insert(Draft {
                fresh: BTreeSet::new(),
                alive: false,
                leader: None,
            });
            if age == Age::Fresh {
                draft.fresh.insert(device);
            }
            draft.alive |= age != Age::Silent;
            let leader = told.leader.or_else(|| match self.devices[device].fact(FactKind::LeaderRouterId) {
                Some(Fact::LeaderRouterId(id)) => Some(*id),
                _ => None,
            });
            if let Some(leader) = leader
                && draft.leader.is_none_or(|(at, _)| at <= told.observation.stated_at)
            {
                draft.leader = Some((told.observation.stated_at, leader));
            }
        }
        self.partitions = drafts
            .into_iter()
            .map(|(id, draft)| {
                let claimants: Vec<usize> = (0..self.devices.len()).filter(|&device| self.claims_to_lead(device, id)).collect();
                let named = draft
                    .leader
                    .and_then(|(_, router)| self.locators.get(&(Some(id), router.rloc16())).copied());
                let leader = named.or(match claimants.as_slice() {
                    [one] if draft.leader.is_none() => Some(*one),
                    _ => None,
                });
                let state = match draft.fresh.len() {
                    0 if !draft.alive => State::Gone,
                    0 => State::Stale,
                    1 => State::OneSided,
                    _ => State::Confirmed,
                };
                Known {
                    id,
                    leader,
                    state,
                    claimants,
                }
            })
            .collect();
    }

    /// A partition is not younger than the youngest device in it: what a leader told before it died stands for half an hour, and nobody is there any more.
    pub(super) fn age_partitions(&mut self) {
        let mut alive: BTreeMap<PartitionId, State> = BTreeMap::new();
        for (index, device) in self.devices.iter().enumerate() {
            let Some(partition) = device.partition else { continue };
            let best = alive.entry(partition).or_insert(State::Gone);
            match self.state(index) {
                State::Gone => {}
                State::Stale if *best == State::Gone => *best = State::Stale,
                State::Stale => {}
                other => *best = other,
            }
        }
        for known in &mut self.partitions {
            match (alive.get(&known.id), known.state) {
                (Some(State::Gone), _) => known.state = State::Gone,
                (Some(State::Stale), State::Confirmed | State::OneSided) => known.state = State::Stale,
                _ => {}
            }
        }
    }

    fn claims_to_lead(&self, device: usize, partition: PartitionId) -> bool {
        if self.devices[device].partition != Some(partition) {
            return false;
        }
        let told = self.devices[device].told(FactKind::RoutingRole);
        if let Some(observation) = told
            && matches!(&*observation.fact, Fact::RoutingRole(RoutingRole::Leader))
        {
            return self.age(device, observation) == Age::Fresh;
        }
        self.slots(device, FactKind::Service).any(|slot| {
            slot.current.as_ref().is_some_and(|observation| match &*observation.fact {
                Fact::Service(record) => {
                    matches!(&record.details, ServiceDetails::BorderAgent(agent) if agent.state.is_some_and(|state| state.role == BorderAgentRole::Leader))
                        && self.age(device, observation) == Age::Fresh
                }
                _ => false,
            })
        })
    }
}
