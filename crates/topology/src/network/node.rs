//! Nodes: whether a device is there, what it is called, what it does; every claim with its teller.

use super::{Mesh, Relation, dated, link};
use crate::ageing::{Age, Lifetime};
use crate::snapshot::{Claim, KnownAs, Node, Parent, Role, State};
use std::collections::BTreeSet;
use weft_evidence::{Hearing, Observation, Reporter};
use weft_model::{Eui64, Fact, FactKind, RoutingRole, ServiceDetails, Timestamp};

/// Own statements that are shown as claims: what a device is and where.
const CLAIMED: [FactKind; 15] = [
    FactKind::ExtendedAddress,
    FactKind::HardwareAddress,
    FactKind::Rloc16,
    FactKind::RoutingRole,
    FactKind::LeaderData,
    FactKind::PartitionId,
    FactKind::Ipv6Addresses,
    FactKind::AnsweredForBy,
    FactKind::NeighborTable,
    FactKind::RouteTable,
    FactKind::Route64,
    FactKind::ChildTable,
    FactKind::Children,
    FactKind::RouterNeighbors,
    FactKind::NodeLabel,
];

impl<'a> Mesh<'a> {
    /// Gathers who speaks of each device.
    pub(super) fn collect_existence(&mut self) {
        for device in 0..self.devices.len() {
            let expected = self.rows_about.get(device).map_or(0, Vec::len) + self.devices[device].told.len();
            self.devices[device].existence.claims.reserve(expected);
            self.own_existence(device);
        }
        self.collect_frames();
        for index in 0..self.heard.len() {
            let heard = &self.heard[index];
            let (observer, target, age, at, relation, answered) = (heard.observer, heard.target, heard.age, heard.at, heard.relation, heard.answered);
            let claim = self.claim(observer, heard.observation, at, link::describe(heard));
            let undated = heard.observation.hearing == Hearing::Cached;
            let has_age = heard.has_age;
            // That it answered a child tells of itself, not of the child: it is as fresh as a router's own frames.
            let age = match (relation, heard.observation.hearing) {
                (Relation::Polls, Hearing::Air) => {
                    let by_router = self.ageing.age(Hearing::Air, &heard.observation.source, at, Lifetime::default());
                    age.max(by_router)
                }
                _ => age,
            };
            // A child row about a child that is elsewhere speaks of its table, not of the child's presence.
            let outdated = relation == Relation::Child
                && self.devices[target]
                    .parent
                    .as_ref()
                    .is_some_and(|conclusion| conclusion.outdated.contains(&observer));
            let existence = &mut self.devices[target].existence;
            existence.any += 1;
            existence.claims.push(claim);
            if outdated {
                continue;
            }
            existence.beyond_registration = true;
            if !answered {
                // Somebody sends to it, and it does not answer.
                existence.alive |= age != Age::Silent;
                continue;
            }
            existence.alive |= age != Age::Silent;
            match (age, relation) {
                (Age::Fresh, Relation::Route) => {
                    existence.routed_by_fresh.insert(observer);
                }
                (Age::Fresh, _) => {
                    existence.heard_by_fresh.insert(observer);
                }
                _ => {}
            }
            if relation != Relation::Route && !undated && !self.heard[index].broken {
                existence.last_heard = existence.last_heard.max(Some(at));
                if has_age {
                    existence.heard_for_certain = existence.heard_for_certain.max(Some(at));
                }
            }
        }
        self.collect_departures();
    }

    fn own_existence(&mut self, device: usize) {
        let mut own_fresh = false;
        let mut registered_fresh = false;
        let mut beyond_registration = false;
        let mut alive = false;
        let mut any = 0;
        let mut last_heard: Option<Timestamp> = None;
        let mut heard_for_certain: Option<Timestamp> = None;
        let mut claims: Vec<Claim> = Vec::new();
        let is_border_router = self.devices[device].is_border_router;
        for position in 0..self.devices[device].reporters.len() {
            let (reporter, evidence) = self.reporters[self.devices[device].reporters[position]];
            for (kind, slot) in &evidence.slots {
                let Some(observation) = slot.standing().last() else { continue };
                let age = if evidence.removed_at.is_some() {
                    Age::Silent
                } else {
                    self.age(device, observation)
                };
                any += 1;
                alive |= age != Age::Silent;
                match (reporter, observation.hearing) {
                    // A registration through a border router is a name, not a sign of life; a border router speaks for itself.
                    (Reporter::Service { .. }, _) => {
                        let speaks_itself = is_border_router
                            && matches!(&*observation.fact, Fact::Service(record) if matches!(
                                record.details,
                                ServiceDetails::BorderAgent(_) | ServiceDetails::EphemeralBorderAgent(_) | ServiceDetails::Trel(_)
                            ));
                        if speaks_itself {
                            own_fresh |= age == Age::Fresh;
                            last_heard = last_heard.max(Some(observation.stated_at));
                        } else {
                            registered_fresh |= age == Age::Fresh;
                        }
                    }
                    (_, Hearing::Cached) => {
                        beyond_registration = true;
                        own_fresh |= age == Age::Fresh;
                    }
                    _ => {
                        beyond_registration = true;
                        own_fresh |= age == Age::Fresh;
                        last_heard = last_heard.max(Some(observation.stated_at));
                        heard_for_certain = heard_for_certain.max(Some(observation.stated_at));
                    }
                }
                if CLAIMED.contains(kind) || *kind == FactKind::Service {
                    let text: std::sync::Arc<str> = describe_own(observation).into();
                    claims.push(match reporter {
                        Reporter::Service { .. } => Claim {
                            source: observation.source.clone(),
                            reporter: reporter.to_string().into(),
                            fact: text,
                            observed_at: dated(observation, observation.stated_at),
                            capture: self.policy.captures_in.reference(observation.seq),
                        },
                        _ => self.claim(device, observation, observation.stated_at, text),
                    });
                }
            }
        }
        let existence = &mut self.devices[device].existence;
        existence.own_fresh |= own_fresh;
        existence.registered_fresh = registered_fresh;
        existence.beyond_registration |= beyond_registration;
        existence.alive |= alive;
        existence.any += any;
        existence.last_heard = existence.last_heard.max(last_heard);
        existence.heard_for_certain = existence.heard_for_certain.max(heard_for_certain);
        existence.claims.append(&mut claims);
    }

    /// The state of a device's existence: the first that holds.
    pub(super) fn state(&self, index: usize) -> State {
        let device = &self.devices[index];
        let existence = &device.existence;
        let radios = existence.heard_by_fresh.len() + usize::from(existence.own_fresh);
        // A registration outlives its device: it counts only for devices of which nothing else was ever heard.
        let was_a_child = device.parent.as_ref().is_some_and(|conclusion| conclusion.last.is_some());
        let registered = existence.registered_fresh && !existence.beyond_registration && !was_a_child;
        let anything_fresh = radios > 0 || !existence.routed_by_fresh.is_empty() || registered;
        let dropped = device.parent.as_ref().and_then(|conclusion| conclusion.dropped_at);
        if dropped.is_some_and(|dropped| existence.heard_by_fresh.is_empty() && existence.last_heard.is_none_or(|heard| heard <= dropped)) {
            return State::Gone;
        }
        if self.has_departed(index) || self.is_listed_no_more(index) || self.only_looked_for_a_parent(index) {
            return State::Gone;
        }
        if !anything_fresh {
            return if existence.alive { State::Stale } else { State::Gone };
        }
        if self.fell_silent(index) {
            return State::Stale;
        }
        // Neighbours list a router for a minute or two after its last word: that it does not answer is newer.
        if device
            .silent_at
            .is_some_and(|silent| existence.heard_for_certain.is_none_or(|heard| heard <= silent))
        {
            return State::Stale;
        }
        if device.locator_contested {
            return State::Contradicted;
        }
        match radios {
            0 if registered => State::OneSided,
            0 => State::Inferred,
            1 => State::OneSided,
            _ => State::Confirmed,
        }
    }

    /// All nodes.
    pub(super) fn conclude_nodes(&mut self) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(self.devices.len());
        for device in 0..self.devices.len() {
            let claims = std::mem::take(&mut self.devices[device].existence.claims);
            if let Some(node) = self.conclude_node(device, claims) {
                nodes.push(node);
            }
        }
        nodes
    }

    fn conclude_node(&self, index: usize, mut claims: Vec<Claim>) -> Option<Node> {
        let device = &self.devices[index];
        if device.existence.any == 0 && device.existence.last_heard.is_none() {
            // A name that only a failed question or an ended row knows: nothing stands that says it exists.
            let remembered = device.parent.as_ref().is_some_and(|conclusion| conclusion.last.is_some());
            if !remembered {
                return None;
            }
        }
        let id = self.node_id(index);
        let said = self.said_of(index, &mut claims);
        Claim::put_in_order(&mut claims);
        let conclusion = device.parent.as_ref();
        let network = self.network_id.clone();
        let in_mesh = network.is_some();
        Some(Node {
            previous_ids: self.previous_ids(index, &id),
            network,
            partition_id: device.partition.filter(|_| in_mesh && !self.only_registered(index)),
            extended_address: device.extended_address,
            rloc16: device.locator.as_ref().map(|binding| binding.rloc16),
            role: self.role(index),
            border_router: device.is_border_router,
            name: said.name.or_else(|| self.name(index)),
            room: said.room,
            pin: said.pin,
            note: said.note,
            muted: said.muted_since.is_some(),
            muted_since: said.muted_since,
            vendor: self.text(index, FactKind::VendorName).or_else(|| self.service_text(index, vendor_of)),
            model: self.text(index, FactKind::ModelName).or_else(|| self.service_text(index, model_of)),
            state: self.state(index),
            parent: conclusion.and_then(|conclusion| {
                Some(Parent {
                    node: self.node_id(conclusion.parent?),
                    state: conclusion.state?,
                    since: conclusion.since,
                    reasons: conclusion.reasons.clone(),
                })
            }),
            last_parent: conclusion.and_then(|conclusion| conclusion.last.clone()),
            parents: conclusion.map(|conclusion| conclusion.history.clone()).unwrap_or_default(),
            heard_by_dongle: self.heard_by_dongle(index),
            last_heard_at: device.existence.last_heard_at(self.advertises_on_air(index)),
            path: None,
            addresses: self.addresses_of(index),
            known_as: self.known_as(index),
            unheard: self.is_router(index) && !device.was_heard_itself(),
            independent_paths: None,
            id,
            claims,
        })
    }

    /// The node id of a device: a place in the picture has the id that its locator gives it.
    pub(crate) fn node_id(&self, index: usize) -> crate::Id {
        let device = &self.devices[index];
        if !device.id.is_empty() {
            return device.id.clone();
        }
        super::id(match &device.locator {
            Some(binding) => self.place_id(binding.partition, binding.rloc16),
            None => {
                let reporter = device.reporters.first().map(|&reporter| self.reporters[reporter].0.to_string());
                format!("{}/{}", self.network_id.as_deref().unwrap_or("lan"), reporter.unwrap_or_default())
            }
        })
    }

    /// Ids that the device had before its present one was known.
    fn previous_ids(&self, index: usize, id: &crate::Id) -> Vec<crate::Id> {
        let device = &self.devices[index];
        let mut previous = self.words.joined_ids.get(&index).cloned().unwrap_or_default();
        let Some(first) = device.names.first() else { return Vec::new() };
        let earlier = device
            .names
            .iter()
            .filter(|name| name.since < first.since || (name.rank == 0 && name.id != first.id));
        previous.extend(earlier.map(|name| super::id(name.id.clone())));
        if let Some(binding) = &device.locator
            && let Some(since) = self.place_since.get(&binding.rloc16)
            && *since < first.since
        {
            previous.insert(super::id(self.place_id(binding.partition, binding.rloc16)));
        }
        previous.remove(id);
        previous.into_iter().collect()
    }

    /// All ids by which a node was or could have been called.
    pub(crate) fn ids_of(&self, node: &Node) -> Vec<crate::Id> {
        let mut ids = node.previous_ids.clone();
        if let Some(device) = self.devices.iter().find(|device| device.id == node.id) {
            ids.extend(device.names.iter().map(|name| super::id(name.id.clone())));
        }
        ids.extend(node.rloc16.map(|rloc16| super::id(self.place_id(node.partition_id, rloc16))));
        ids
    }

    fn only_registered(&self, index: usize) -> bool {
        let device = &self.devices[index];
        device.locator.is_none()
            && device
                .reporters
                .iter()
                .all(|&reporter| matches!(self.reporters[reporter].0, Reporter::Service { .. }))
            && !device.is_border_router
    }

    fn role(&self, index: usize) -> Role {
        let device = &self.devices[index];
        if self
            .partitions
            .iter()
            .any(|partition| partition.leader == Some(index) && device.partition == Some(partition.id))
            && !self.has_departed(index)
        {
            return Role::Leader;
        }
        let told = match device.fact(FactKind::RoutingRole) {
            Some(Fact::RoutingRole(role)) => Some(*role),
            _ => None,
        };
        if self.is_router(index) {
            return Role::Router;
        }
        let listed = self.about(index).filter(|heard| heard.relation == Relation::Child);
        let rx_on = listed
            .max_by_key(|heard| (heard.at, heard.observation.seq))
            .and_then(|heard| heard.target_rx_on);
        let mode = match device.fact(FactKind::Mode) {
            Some(Fact::Mode(mode)) => Some(mode.rx_on_when_idle),
            _ => None,
        };
        let polls = self.polls_on_air(index).then_some(false);
        match (told, mode.or(rx_on).or(polls)) {
            (Some(RoutingRole::Reed), _) => Role::Reed,
            (Some(RoutingRole::SleepyEndDevice), _) | (_, Some(false)) => Role::SleepyEndDevice,
            (Some(RoutingRole::EndDevice | RoutingRole::Child), _) | (_, Some(true)) => Role::EndDevice,
            _ if device.locator.as_ref().is_some_and(|binding| binding.rloc16.child_id().is_some()) => Role::EndDevice,
            _ => self.border_agent_role(index),
        }
    }

    fn border_agent_role(&self, index: usize) -> Role {
        let states = self
            .slots(index, FactKind::Service)
            .filter_map(|slot| match &*slot.current.as_ref()?.fact {
                Fact::Service(record) => match &record.details {
                    ServiceDetails::BorderAgent(agent) => agent.state,
                    _ => None,
                },
                _ => None,
            });
        match states.map(|state| state.role).max() {
            Some(weft_model::BorderAgentRole::Router | weft_model::BorderAgentRole::Leader) => Role::Router,
            Some(weft_model::BorderAgentRole::Child) => Role::EndDevice,
            _ => Role::Unknown,
        }
    }

    fn text(&self, index: usize, kind: FactKind) -> Option<String> {
        match self.devices[index].fact(kind)? {
            Fact::VendorName(text) | Fact::ModelName(text) | Fact::NodeLabel(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    fn name(&self, index: usize) -> Option<String> {
        self.text(index, FactKind::NodeLabel)
            .or_else(|| self.service_text(index, name_of))
            .or_else(|| self.text(index, FactKind::ModelName))
    }

    /// The best of what a device's registrations tell, in the order of their types.
    fn service_text(&self, index: usize, read: fn(&weft_model::ServiceRecord) -> Option<(u8, String)>) -> Option<String> {
        self.slots(index, FactKind::Service)
            .filter_map(|slot| match &*slot.current.as_ref()?.fact {
                Fact::Service(record) => read(record),
                _ => None,
            })
            .filter(|(_, text)| !text.trim().is_empty())
            .min()
            .map(|(_, text)| text)
    }

    fn addresses_of(&self, index: usize) -> Vec<String> {
        let mut addresses: BTreeSet<std::net::IpAddr> = BTreeSet::new();
        let whole = self.devices[index].told(FactKind::Ipv6Addresses);
        // What was said of single addresses since then adds to the list.
        let single = self.slots(index, FactKind::Ipv6Addresses).flat_map(|slot| &slot.partial);
        let newer = single.filter(|partial| whole.is_none_or(|whole| whole.stated_at <= partial.stated_at));
        for observation in whole.into_iter().chain(newer) {
            if let Fact::Ipv6Addresses(own) = &*observation.fact {
                addresses.extend(own.iter().copied().map(std::net::IpAddr::V6));
            }
        }
        for slot in self.slots(index, FactKind::Service) {
            if let Some(observation) = &slot.current
                && let Fact::Service(record) = &*observation.fact
            {
                addresses.extend(&record.addresses);
            }
        }
        addresses.into_iter().map(|address| address.to_string()).collect()
    }

    fn known_as(&self, index: usize) -> KnownAs {
        let device = &self.devices[index];
        let mut matter: BTreeSet<String> = BTreeSet::new();
        let mut hap: BTreeSet<String> = BTreeSet::new();
        let mut hosts: BTreeSet<String> = BTreeSet::new();
        let mut border_agent_id = None;
        for &reporter in &device.reporters {
            let (reporter, evidence) = self.reporters[reporter];
            if let Reporter::Matter(peer) = reporter {
                matter.insert(peer_name(*peer));
            }
            if let Some(Fact::BorderAgentId(id)) = evidence.current(FactKind::BorderAgentId) {
                border_agent_id = Some(id.to_string());
            }
            if let Some(Fact::Service(record)) = evidence.current(FactKind::Service) {
                hosts.extend(record.host.clone());
                match &record.details {
                    ServiceDetails::Operational(operational) => matter.extend(operational.peer.map(peer_name)),
                    ServiceDetails::Hap(accessory) => hap.extend(accessory.id.clone()),
                    ServiceDetails::BorderAgent(agent) => border_agent_id = agent.border_agent_id.map(|id| id.to_string()).or(border_agent_id),
                    _ => {}
                }
            }
        }
        KnownAs {
            matter: matter.into_iter().collect(),
            hap: hap.into_iter().collect(),
            hosts: hosts.into_iter().collect(),
            border_agent_id,
            eui64: device.eui64.map(|bytes| Eui64(bytes).to_string()),
        }
    }
}

/// `FABRIC-NODE` in lower-case hexadecimal digits, as all identifiers travel.
fn peer_name(peer: weft_model::MatterPeer) -> String {
    format!("{}-{}", peer.fabric, peer.node)
}

fn name_of(record: &weft_model::ServiceRecord) -> Option<(u8, String)> {
    match &record.details {
        ServiceDetails::Hap(_) => Some((0, record.instance.clone())),
        ServiceDetails::LedProtocol(_) => Some((1, record.instance.clone())),
        ServiceDetails::Commissionable(commissionable) => commissionable.device_name.clone().map(|name| (2, name)),
        ServiceDetails::Commissioner(commissioner) => commissioner.device_name.clone().map(|name| (2, name)),
        ServiceDetails::BorderAgent(_) => Some((3, record.instance.clone())),
        ServiceDetails::EphemeralBorderAgent(_) => Some((4, record.instance.clone())),
        _ => None,
    }
}

fn vendor_of(record: &weft_model::ServiceRecord) -> Option<(u8, String)> {
    match &record.details {
        ServiceDetails::BorderAgent(agent) => agent.vendor_name.clone().map(|name| (0, name)),
        _ => None,
    }
}

fn model_of(record: &weft_model::ServiceRecord) -> Option<(u8, String)> {
    match &record.details {
        ServiceDetails::BorderAgent(agent) => agent.model_name.clone().map(|name| (0, name)),
        ServiceDetails::Hap(accessory) => accessory.model.clone().map(|name| (1, name)),
        ServiceDetails::LedProtocol(led) => led.model.clone().map(|name| (2, name)),
        _ => None,
    }
}

/// A device's own statement in a few words.
fn describe_own(observation: &Observation) -> String {
    let kind = observation.fact.kind();
    let name = kind.name();
    let rows = |count: usize| format!("{name}: {count} row{}", if count == 1 { "" } else { "s" });
    match &*observation.fact {
        Fact::ExtendedAddress(address) => format!("{name}: {address}"),
        Fact::HardwareAddress(bytes) => format!("{name}: {}", Eui64(*bytes)),
        Fact::Rloc16(Some(rloc16)) => format!("{name}: {rloc16}"),
        Fact::Rloc16(None) => format!("{name}: none"),
        Fact::AnsweredForBy(router) => format!("{name}: {router}"),
        Fact::RoutingRole(role) => format!("{name}: {}", role_name(*role)),
        Fact::LeaderData(data) => format!("{name}: partition {}", data.partition_id),
        Fact::PartitionId(partition) => format!("{name}: {partition}"),
        Fact::Ipv6Addresses(addresses) => rows(addresses.len()),
        Fact::NeighborTable(table) => rows(table.len()),
        Fact::RouteTable(table) => rows(table.len()),
        Fact::Route64(route) => rows(route.routers.len()),
        Fact::ChildTable(table) => rows(table.len()),
        Fact::Children(table) => rows(table.len()),
        Fact::RouterNeighbors(table) => rows(table.len()),
        Fact::NodeLabel(label) => format!("{name}: {label}"),
        Fact::Service(record) => format!("registered as {} ({})", record.instance, record.service),
        Fact::Null(_) => format!("{name}: null"),
        _ => name.into_owned(),
    }
}

fn role_name(role: RoutingRole) -> &'static str {
    match role {
        RoutingRole::Detached => "detached",
        RoutingRole::SleepyEndDevice => "sleepy end device",
        RoutingRole::EndDevice => "end device",
        RoutingRole::Reed => "router-eligible end device",
        RoutingRole::Router => "router",
        RoutingRole::Leader => "leader",
        RoutingRole::Child => "child",
        RoutingRole::Unknown(_) => "unknown",
    }
}
