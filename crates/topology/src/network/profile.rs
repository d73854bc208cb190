//! What is known of a network as a whole: its name, channel and prefixes.

use super::{Mesh, identity};
use crate::snapshot::Network;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;
use weft_evidence::{NetworkKey, Observation, Reporter};
use weft_model::{AddressKind, Channel, Fact, FactKind, Ipv6Prefix, MeshLocalPrefix, PanId, ServiceDetails, Timestamp};

/// What is known of the network as a whole.
#[derive(Default)]
pub(crate) struct Profile {
    pub(crate) name: Option<String>,
    pub(crate) pan_id: Option<PanId>,
    pub(crate) channel: Option<Channel>,
    pub(crate) mesh_local_prefix: Option<MeshLocalPrefix>,
    pub(crate) omr_prefixes: BTreeSet<Ipv6Prefix>,
}
impl Mesh<'_> {
    /// Reads what was said of the network.
    pub(super) fn read_profile(&mut self, network: Option<NetworkKey>) {
        let mut newest: BTreeMap<FactKind, &Observation> = BTreeMap::new();
        let mut from_services: Option<(Timestamp, String)> = None;
        for (reporter, evidence) in &self.reporters {
            for (kind, slot) in &evidence.slots {
                for observation in slot.standing() {
                    match &*observation.fact {
                        Fact::OmrPrefix(prefix) => {
                            self.profile.omr_prefixes.insert(*prefix);
                        }
                        Fact::Service(record) if network.is_some() => {
                            if let ServiceDetails::BorderAgent(agent) = &record.details {
                                self.profile.omr_prefixes.extend(agent.omr_prefix);
                                if let Some(name) = &agent.network_name
                                    && from_services.as_ref().is_none_or(|(at, _)| *at <= observation.stated_at)
                                {
                                    from_services = Some((observation.stated_at, name.clone()));
                                }
                            }
                        }
                        Fact::RadioSummary(summary) => {
                            self.profile.pan_id.get_or_insert(summary.pan_id);
                            if self.profile.channel.is_none() {
                                self.profile.channel = summary.channel;
                            }
                        }
                        Fact::Dataset(dataset) => {
                            self.profile.mesh_local_prefix = self.profile.mesh_local_prefix.or(dataset.mesh_local_prefix);
                            self.profile.pan_id = self.profile.pan_id.or(dataset.pan_id);
                            self.profile.channel = self.profile.channel.or(dataset.channel);
                            if self.profile.name.is_none() {
                                self.profile.name.clone_from(&dataset.network_name);
                            }
                        }
                        Fact::NetworkName(_) | Fact::PanId(_) | Fact::Channel(_) | Fact::MeshLocalPrefix(_) => {
                            let best = newest.entry(*kind).or_insert(observation);
                            if let Some(newer) = identity::newest([*best, observation].into_iter()) {
                                *best = newer;
                            }
                        }
                        _ => {}
                    }
                }
            }
            if let Reporter::Dongle { pan_id, .. } = reporter {
                self.profile.pan_id.get_or_insert(*pan_id);
            }
        }
        for observation in newest.values() {
            match &*observation.fact {
                Fact::NetworkName(name) => self.profile.name = Some(name.clone()),
                Fact::PanId(pan) => self.profile.pan_id = Some(*pan),
                Fact::Channel(channel) => self.profile.channel = Some(*channel),
                Fact::MeshLocalPrefix(prefix) => self.profile.mesh_local_prefix = Some(*prefix),
                _ => {}
            }
        }
        if self.profile.name.is_none() {
            self.profile.name = from_services.map(|(_, name)| name);
        }
        match network {
            Some(NetworkKey::MeshLocal(prefix)) => self.profile.mesh_local_prefix = Some(MeshLocalPrefix(prefix)),
            Some(NetworkKey::Pan(pan, _)) => self.profile.pan_id = Some(pan),
            _ => {}
        }
        if self.profile.mesh_local_prefix.is_none() {
            self.profile.mesh_local_prefix = self.mesh_local_prefix_of_addresses();
        }
        let mesh_local = self.profile.mesh_local_prefix.map(MeshLocalPrefix::prefix);
        let routable = self.interface_prefixes().into_iter().filter(|prefix| Some(*prefix) != mesh_local);
        self.profile.omr_prefixes.extend(routable.collect::<Vec<_>>());
    }

    /// The prefix that locators among the devices' own addresses lie in.
    fn mesh_local_prefix_of_addresses(&self) -> Option<MeshLocalPrefix> {
        self.own_addresses().find_map(|address| match AddressKind::of(address) {
            AddressKind::Rloc(_) => {
                let octets = address.octets();
                octets[..8].try_into().ok().map(MeshLocalPrefix)
            }
            _ => None,
        })
    }

    /// Prefixes of the addresses of Thread interfaces.
    fn interface_prefixes(&self) -> BTreeSet<Ipv6Prefix> {
        self.own_addresses()
            .chain(self.registered_addresses())
            .filter(|address| AddressKind::of(*address) == AddressKind::Unicast)
            .filter_map(|address| Ipv6Prefix::new(address, 64))
            .collect()
    }

    /// Addresses that parents list of their children.
    fn registered_addresses(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.reporters
            .iter()
            .filter_map(|(_, evidence)| match evidence.current(FactKind::ChildAddresses) {
                Some(Fact::ChildAddresses(rows)) => Some(rows.iter().flat_map(|row| row.addresses.iter().copied())),
                _ => None,
            })
            .flatten()
    }

    fn own_addresses(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.reporters
            .iter()
            .filter_map(|(_, evidence)| match evidence.current(FactKind::Ipv6Addresses) {
                Some(Fact::Ipv6Addresses(addresses)) => Some(addresses.iter().copied()),
                _ => None,
            })
            .flatten()
    }

    /// The network as it is shown.
    pub(super) fn network(&self, key: Option<NetworkKey>) -> Option<Network> {
        let key = key?;
        Some(Network {
            id: self.network_id.clone()?,
            extended_pan_id: match key {
                NetworkKey::ExtendedPanId(id) => Some(id),
                _ => None,
            },
            name: self.profile.name.clone(),
            pan_id: self.profile.pan_id,
            channel: self.profile.channel.map(Channel::get),
            mesh_local_prefix: self.profile.mesh_local_prefix,
            omr_prefixes: self.profile.omr_prefixes.iter().copied().collect(),
            partitions: self
                .partitions
                .iter()
                .map(|known| crate::Partition {
                    partition_id: known.id,
                    leader: known.leader.map(|device| self.devices[device].id.clone()),
                    state: known.state,
                })
                .collect(),
        })
    }
}
