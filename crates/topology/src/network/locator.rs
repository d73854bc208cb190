//! Who has which RLOC16 now. A locator means something only within its partition, and is given to somebody else when its holder moves on.

use super::identity::Alias;
use super::{Device, Mesh};
use crate::ageing::{Age, Lifetime};
use std::collections::BTreeMap;
use weft_evidence::{Observation, Reporter};
use weft_model::{AddressKind, ExtendedAddress, Fact, FactKind, PartitionId, Rloc16, RouteRow, RoutingRole, Timestamp};

/// A locator that a device has, by its own word or another's.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) partition: Option<PartitionId>,
    pub(crate) rloc16: Rloc16,
    pub(crate) at: Timestamp,
    /// The device said so itself.
    pub(crate) own: bool,
    pub(crate) age: Age,
}

impl Binding {
    /// Later beats earlier; the device's own word beats another's of the same moment.
    fn order(&self) -> (Timestamp, bool) {
        (self.at, self.own)
    }
}

/// A row of some table that names a radio and its locator.
pub(super) struct Named {
    pub(super) address: ExtendedAddress,
    pub(super) rloc16: Rloc16,
    pub(super) age_seconds: u32,
    pub(super) child_timeout_seconds: Option<u32>,
    pub(super) is_child: bool,
}

impl<'a> Mesh<'a> {
    /// Gives each device the newest locator that was stated of it, and each locator its present holder.
    pub(super) fn bind_locators(&mut self) {
        for device in 0..self.devices.len() {
            self.devices[device].own_locator = self.own_locator(device);
            self.devices[device].locator = self.devices[device].own_locator.clone();
            self.devices[device].locator_contested = false;
        }
        self.former_locators.clear();
        self.remember_own_former_locators();
        for observer in 0..self.devices.len() {
            let mut spoken: Option<(&Observation, Option<PartitionId>)> = None;
            for (observation, named) in self.named_rows(observer) {
                let partition = match spoken {
                    Some((last, partition)) if std::ptr::eq(last, observation) => partition,
                    _ => self.partition_at(observer, observation.stated_at),
                };
                spoken = Some((observation, partition));
                let Some(target) = self.radio(named.address) else { continue };
                if target == observer {
                    continue;
                }
                let at = observation.stated_at.minus_seconds(i64::from(named.age_seconds));
                let lifetime = Lifetime {
                    child_timeout_seconds: named.child_timeout_seconds,
                    about_child: named.is_child,
                    ..Lifetime::default()
                };
                let age = self.age_at(observer, observation, at, lifetime);
                offer(
                    &mut self.devices[target],
                    Binding {
                        partition,
                        rloc16: named.rloc16,
                        at,
                        own: false,
                        age,
                    },
                );
            }
        }
        self.remember_given_locators();
        self.remember_named_locators();
        self.bind_registered_addresses();
        let mut holders: BTreeMap<(Option<PartitionId>, Rloc16), usize> = BTreeMap::new();
        let mut losers: Vec<usize> = Vec::new();
        for device in 0..self.devices.len() {
            let Some(binding) = &self.devices[device].locator else { continue };
            let key = (binding.partition, binding.rloc16);
            let Some(&holder) = holders.get(&key) else {
                holders.insert(key, device);
                continue;
            };
            let Some(held) = &self.devices[holder].locator else { continue };
            let contested = held.own && binding.own && held.age == Age::Fresh && binding.age == Age::Fresh;
            let (winner, loser) = if binding.order() > held.order() {
                (device, holder)
            } else {
                (holder, device)
            };
            holders.insert(key, winner);
            if contested {
                self.devices[winner].locator_contested = true;
                self.devices[loser].locator_contested = true;
            }
            losers.push(loser);
        }
        self.locators = holders;
        for loser in losers {
            self.devices[loser].locator = None;
        }
        // Somebody who never said in which partition it is, is in the one where its locator was seen.
        for device in &mut self.devices {
            if device.partition.is_none() {
                device.partition = device.locator.as_ref().and_then(|binding| binding.partition);
            }
        }
    }

    /// The device that has a locator now.
    pub(crate) fn holder(&self, partition: Option<PartitionId>, rloc16: Rloc16) -> Option<usize> {
        self.locators.get(&(partition, rloc16)).copied()
    }

    /// The device that has a locator now; where nobody knows it, a place of its own in the picture.
    pub(super) fn holder_or_place(&mut self, partition: Option<PartitionId>, rloc16: Rloc16, at: Timestamp, age: Age) -> usize {
        if let Some(holder) = self.holder(partition, rloc16) {
            return holder;
        }
        let place = self.devices.len();
        let device = Device {
            id: super::id(self.place_id(partition, rloc16)),
            partition,
            locator: Some(Binding {
                partition,
                rloc16,
                at,
                own: false,
                age,
            }),
            ..Device::default()
        };
        self.devices.push(device);
        self.locators.insert((partition, rloc16), place);
        place
    }

    /// `<network>/<partition>/<rloc16>`.
    pub(super) fn place_id(&self, partition: Option<PartitionId>, rloc16: Rloc16) -> String {
        let network = self.network_id.as_deref().unwrap_or("lan");
        match partition {
            Some(partition) => format!("{network}/{partition}/{rloc16}"),
            None => format!("{network}/unknown/{rloc16}"),
        }
    }

    fn own_locator(&self, device: usize) -> Option<Binding> {
        let partition = self.devices[device].partition;
        let bind = |observation: &Observation, rloc16| Binding {
            partition,
            rloc16,
            at: observation.stated_at,
            own: true,
            age: self.age(device, observation),
        };
        let mut best: Option<Binding> = None;
        let mut take = |binding: Binding| {
            if best.as_ref().is_none_or(|best| best.order() <= binding.order()) {
                best = Some(binding);
            }
        };
        let facts = &self.devices[device];
        if let Some(observation) = facts.told(FactKind::Ipv6Addresses)
            && let Fact::Ipv6Addresses(addresses) = &*observation.fact
        {
            let locator = addresses.iter().find_map(|address| match AddressKind::of(*address) {
                AddressKind::Rloc(rloc16) => Some(rloc16),
                _ => None,
            });
            if let Some(rloc16) = locator {
                take(bind(observation, rloc16));
            }
        }
        if let Some(observation) = facts.told(FactKind::RouteTable)
            && let Fact::RouteTable(rows) = &*observation.fact
            && let Some(rloc16) = self.own_row(device, rows)
        {
            take(bind(observation, rloc16));
        }
        for &index in &facts.reporters {
            if let (Reporter::Locator { rloc16, .. }, evidence) = self.reporters[index]
                && let Some(observation) = evidence
                    .slots
                    .values()
                    .filter_map(|slot| slot.current.as_ref())
                    .max_by_key(|o| o.stated_at)
            {
                take(bind(observation, *rloc16));
            }
        }
        if let Some(observation) = facts.told(FactKind::Rloc16) {
            match &*observation.fact {
                Fact::Rloc16(Some(rloc16)) => take(bind(observation, *rloc16)),
                // It says that it has none: what it had before is over.
                Fact::Rloc16(None) if best.as_ref().is_none_or(|best| best.at <= observation.stated_at) => return None,
                _ => {}
            }
        }
        best
    }

    /// A router's own row in its route table: no link, no next hop, and nobody else's next hop.
    fn own_row(&self, device: usize, rows: &[RouteRow]) -> Option<Rloc16> {
        let role = match self.devices[device].fact(FactKind::RoutingRole) {
            Some(Fact::RoutingRole(role)) => *role,
            _ => return None,
        };
        if !matches!(role, RoutingRole::Router | RoutingRole::Leader) {
            return None;
        }
        let own = |row: &&RouteRow| row.extended_address.is_some_and(|address| self.radio(address) == Some(device));
        if let Some(row) = rows.iter().find(own) {
            return row.rloc16.or(row.router_id.map(|id| id.rloc16()));
        }
        let mut candidates = rows
            .iter()
            .filter(|row| row.allocated && !row.link_established && row.next_hop.is_none() && row.path_cost.is_none());
        match (candidates.next(), candidates.next()) {
            (Some(row), None) => row.rloc16.or(row.router_id.map(|id| id.rloc16())),
            _ => None,
        }
    }

    /// Rows of a device's tables that name a radio and its locator.
    pub(super) fn named_rows(&self, observer: usize) -> Vec<(&'a Observation, Named)> {
        const KINDS: [FactKind; 4] = [
            FactKind::NeighborTable,
            FactKind::RouteTable,
            FactKind::Children,
            FactKind::RouterNeighbors,
        ];
        let mut found = Vec::new();
        for kind in KINDS {
            for slot in self.slots(observer, kind) {
                for observation in slot.standing() {
                    let mut push = |address: Option<ExtendedAddress>, rloc16: Option<Rloc16>, age_seconds: Option<u32>, timeout, is_child| {
                        if let (Some(address), Some(rloc16)) = (address, rloc16) {
                            let age_seconds = age_seconds.unwrap_or(0);
                            found.push((
                                observation,
                                Named {
                                    address,
                                    rloc16,
                                    age_seconds,
                                    child_timeout_seconds: timeout,
                                    is_child,
                                },
                            ));
                        }
                    };
                    match &*observation.fact {
                        Fact::NeighborTable(rows) => {
                            rows.iter()
                                .for_each(|row| push(row.extended_address, row.rloc16, row.age_seconds, None, row.is_child == Some(true)));
                        }
                        Fact::RouteTable(rows) => {
                            // The address stands there with or without a link; the age is that of the link.
                            for row in rows.iter().filter(|row| row.allocated) {
                                let age_seconds = row.age_seconds.filter(|_| row.link_established);
                                push(
                                    row.extended_address,
                                    row.rloc16.or(row.router_id.map(|id| id.rloc16())),
                                    age_seconds,
                                    None,
                                    false,
                                );
                            }
                        }
                        Fact::Children(rows) => {
                            rows.iter()
                                .for_each(|row| push(Some(row.extended_address), row.rloc16, row.age_seconds, row.timeout_seconds, true));
                        }
                        Fact::RouterNeighbors(rows) => rows
                            .iter()
                            .for_each(|row| push(Some(row.extended_address), row.rloc16, None, None, false)),
                        _ => {}
                    }
                }
            }
        }
        found
    }

    /// A parent names the addresses that its children registered: a LAN name that has such an address is that child.
    fn bind_registered_addresses(&mut self) {
        for observer in 0..self.devices.len() {
            let partition = self.devices[observer].partition;
            let Some(observation) = self.devices[observer].told(FactKind::ChildAddresses) else {
                continue;
            };
            let Fact::ChildAddresses(rows) = &*observation.fact else { continue };
            let age = self.age(observer, observation);
            for row in rows {
                let named = row.addresses.iter().find_map(|address| self.addresses.get(address).copied());
                if let Some(device) = named.filter(|_| !self.lists_no_more(observer, row.rloc16, observation.stated_at)) {
                    offer(
                        &mut self.devices[device],
                        Binding {
                            partition,
                            rloc16: row.rloc16,
                            at: observation.stated_at,
                            own: false,
                            age,
                        },
                    );
                }
            }
        }
    }

    /// True where a newer table of a parent has no child at a locator any more.
    pub(super) fn lists_no_more(&self, observer: usize, rloc16: Rloc16, than: weft_model::Timestamp) -> bool {
        let newer = |kind| self.devices[observer].told(kind).filter(|observation| observation.stated_at > than);
        let omitted = |observation: &Observation| match &*observation.fact {
            Fact::Children(rows) => !rows.iter().any(|row| row.rloc16 == Some(rloc16)),
            Fact::ChildTable(rows) => !rows.iter().any(|row| Some(row.child_id) == rloc16.child_id()),
            _ => false,
        };
        [FactKind::Children, FactKind::ChildTable].into_iter().filter_map(newer).any(omitted)
    }

    /// Devices that hold one locator at the same time are one device, unless both have a radio address of their own.
    pub(super) fn joins_by_locator(&self) -> Vec<(Alias, Alias)> {
        let mut joins = Vec::new();
        let mut by_locator: BTreeMap<(Option<PartitionId>, Rloc16), Vec<usize>> = BTreeMap::new();
        for (index, (reporter, evidence)) in self.reporters.iter().enumerate() {
            let device = self.reporter_device[index];
            if let Reporter::Locator { rloc16, .. } = reporter {
                let partition = self.devices[device].partition;
                let partition = self.asked_in(*rloc16, partition, evidence).or(partition);
                by_locator.entry((partition, *rloc16)).or_default().push(device);
            }
        }
        for observer in 0..self.devices.len() {
            let partition = self.devices[observer].partition;
            let Some(observation) = self.devices[observer].told(FactKind::ChildAddresses) else {
                continue;
            };
            let Fact::ChildAddresses(rows) = &*observation.fact else { continue };
            if self.age(observer, observation) != Age::Fresh {
                continue;
            }
            for row in rows.iter().filter(|row| !self.lists_no_more(observer, row.rloc16, observation.stated_at)) {
                let named = row.addresses.iter().find_map(|address| self.addresses.get(address).copied());
                // A device whose radio is known needs no locator to be found.
                if let Some(device) = named.filter(|&device| self.devices[device].radios.is_empty()) {
                    by_locator.entry((partition, row.rloc16)).or_default().push(device);
                }
            }
        }
        joins.extend(self.joins_by_own_word());
        if by_locator.is_empty() {
            return joins;
        }
        // A radio that says so itself holds it.
        for device in 0..self.devices.len() {
            if let Some(own) = &self.devices[device].own_locator
                && !self.devices[device].radios.is_empty()
                && self.devices[device].locator.as_ref().is_none_or(|binding| binding.rloc16 == own.rloc16)
                && let Some(devices) = by_locator.get_mut(&(own.partition, own.rloc16))
            {
                devices.push(device);
            }
        }
        // Rows that name a radio and a locator tell who else holds it.
        for observer in 0..self.devices.len() {
            let partition = self.devices[observer].partition;
            for (observation, named) in self.named_rows(observer) {
                let key = (partition, named.rloc16);
                if !by_locator.contains_key(&key) {
                    continue;
                }
                let at = observation.stated_at.minus_seconds(i64::from(named.age_seconds));
                let Some(radio) = self.radio(named.address) else { continue };
                let present = self.devices[radio]
                    .locator
                    .as_ref()
                    .is_none_or(|binding| binding.rloc16 == named.rloc16 || binding.at <= at);
                if present && let Some(devices) = by_locator.get_mut(&key) {
                    devices.push(radio);
                }
            }
        }
        for devices in by_locator.values() {
            let with_radio: Vec<usize> = devices
                .iter()
                .copied()
                .filter(|&device| !self.devices[device].radios.is_empty())
                .collect();
            let first = with_radio.first().copied().or(devices.first().copied());
            let Some(first) = first else { continue };
            if with_radio.iter().any(|&device| device != first) {
                continue;
            }
            for &other in devices {
                if other != first
                    && let (Some(left), Some(right)) = (self.any_alias(first), self.any_alias(other))
                {
                    joins.push((left, right));
                }
            }
        }
        joins.sort();
        joins.dedup();
        joins
    }

    pub(super) fn any_alias(&self, device: usize) -> Option<Alias> {
        let device = &self.devices[device];
        device
            .radios
            .first()
            .map(|(address, _)| Alias::Radio(*address))
            .or_else(|| device.reporters.first().map(|&index| Alias::Reporter(index)))
    }
}

fn offer(device: &mut Device<'_>, binding: Binding) {
    if device.locator.as_ref().is_none_or(|best| best.order() <= binding.order()) {
        device.locator = Some(binding);
    }
}
