//! From a sequence of multicast DNS messages to services that came, changed and went.
//!
//! Pure state: time comes with the messages. What a question carries (known answers, proposed records) is what the asker
//! believes, and is not taken for an announcement (RFC 6762, section 7.1).

use super::label::escape_label;
use super::packet::{CLASS_INTERNET, Message, Record, RecordData, Section};
use super::txt::{TxtEntries, entries};
use super::{Name, SERVICE_TYPE_ENUMERATION};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use weft_model::Timestamp;

/// Instances that are remembered; beyond that the one heard longest ago is forgotten.
pub const MAX_INSTANCES: usize = 10_000;
/// Hosts whose addresses are remembered.
pub const MAX_HOSTS: usize = 10_000;
/// Addresses of one host that are remembered.
pub const MAX_ADDRESSES_PER_HOST: usize = 64;
/// Instances of one host that are told again when its addresses change.
pub const MAX_INSTANCES_PER_HOST: usize = 256;
/// Service types of the enumeration that are remembered.
pub const MAX_SERVICE_TYPES: usize = 1_000;
/// Bytes of one TXT record that are remembered; larger ones are cut between strings.
pub const MAX_TXT_BYTES: usize = 4_096;
/// What came within this time before a record with the cache-flush bit belongs to the same announcement (RFC 6762, section 10.2).
const FLUSH_GRACE_MILLISECONDS: i64 = 1_000;

/// What changed on the LAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceEvent {
    /// An instance is there, or something about it is new, or it was heard again after half of its time to live.
    Resolved {
        /// The service type with domain, in lower case: `_meshcop._udp.local.`.
        service: String,
        /// The instance label, dots and the like escaped.
        instance: String,
        /// The host name with the last dot, where an SRV record was heard.
        host: Option<String>,
        /// The port, where an SRV record was heard.
        port: Option<u16>,
        /// The host's addresses, sorted; addresses trickle in.
        addresses: Vec<IpAddr>,
        /// Keys and values; empty as long as no TXT record was heard.
        txt: TxtEntries,
        /// How long this holds unless it is heard again: the longest time to live of the records.
        ttl_seconds: u32,
    },
    /// An instance said goodbye, or was not heard again in time.
    Removed {
        /// The service type with domain, in lower case.
        service: String,
        /// The instance label, escaped.
        instance: String,
    },
    /// A service type was named in an enumeration answer for the first time.
    ServiceType {
        /// The service type with domain, in lower case.
        service: String,
    },
}

/// The services that were heard of so far.
#[derive(Debug, Clone)]
pub struct ServiceEvents {
    instances: BTreeMap<Name, Instance>,
    /// Instances by the order in which they were last heard.
    heard: BTreeMap<u64, Name>,
    hosts: BTreeMap<Name, Host>,
    /// Hosts by the order in which their addresses were last heard.
    hosts_heard: BTreeMap<u64, Name>,
    /// Instances by the host of their SRV record.
    served: BTreeMap<Name, BTreeSet<Name>>,
    service_types: BTreeSet<String>,
    enumeration: Name,
    order: u64,
    /// No instance expires before this moment.
    next_expiry: Timestamp,
}

#[derive(Debug, Clone)]
struct Instance {
    service: String,
    label: String,
    pointer: Option<Lease>,
    server: Option<(Server, Lease)>,
    text: Option<(Vec<Vec<u8>>, Lease)>,
    /// When it was last told, and with which time to live.
    told: Option<(Timestamp, u32)>,
    order: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    /// In lower case: the key among the hosts.
    host: Name,
    host_text: String,
    port: u16,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    expires: Timestamp,
    ttl_seconds: u32,
}

#[derive(Debug, Clone, Default)]
struct Host {
    addresses: BTreeMap<IpAddr, AddressLease>,
    order: u64,
}

#[derive(Debug, Clone, Copy)]
struct AddressLease {
    received: Timestamp,
    expires: Timestamp,
}

/// What one message did.
#[derive(Default)]
struct Turn {
    /// Instances heard, and whether something about them is new.
    touched: BTreeMap<Name, bool>,
    removed: BTreeMap<Name, ServiceEvent>,
    /// Hosts whose IPv4 (`false`) or IPv6 (`true`) addresses are told anew by this message.
    flushed: BTreeSet<(Name, bool)>,
    service_types: Vec<ServiceEvent>,
}

impl Lease {
    fn new(at: Timestamp, ttl_seconds: u32) -> Self {
        Self {
            expires: at.plus_seconds(i64::from(ttl_seconds)),
            ttl_seconds,
        }
    }
}

impl Instance {
    fn leases(&self) -> impl Iterator<Item = Lease> {
        [
            self.pointer,
            self.server.as_ref().map(|(_, lease)| *lease),
            self.text.as_ref().map(|(_, lease)| *lease),
        ]
        .into_iter()
        .flatten()
    }

    /// An instance lives as long as any of its records: host records are short-lived, and a listener that does not ask
    /// misses their refresh.
    fn expires(&self) -> Timestamp {
        self.leases().map(|lease| lease.expires).max().unwrap_or(Timestamp::MIN)
    }

    fn ttl_seconds(&self) -> u32 {
        self.leases().map(|lease| lease.ttl_seconds).max().unwrap_or(0)
    }

    fn removed(&self) -> ServiceEvent {
        ServiceEvent::Removed {
            service: self.service.clone(),
            instance: self.label.clone(),
        }
    }
}

impl Default for ServiceEvents {
    fn default() -> Self {
        Self::new()
    }
}

impl ServiceEvents {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self {
            instances: BTreeMap::new(),
            heard: BTreeMap::new(),
            hosts: BTreeMap::new(),
            hosts_heard: BTreeMap::new(),
            served: BTreeMap::new(),
            service_types: BTreeSet::new(),
            enumeration: Name::from_text(SERVICE_TYPE_ENUMERATION).unwrap_or_default(),
            order: 0,
            next_expiry: Timestamp::MAX,
        }
    }

    /// Instances that are remembered.
    pub fn len(&self) -> usize {
        self.instances.len()
    }

    /// True if no instance is remembered.
    pub fn is_empty(&self) -> bool {
        self.instances.is_empty()
    }

    /// The service types that enumeration answers named, with domain, in lower case.
    pub fn service_types(&self) -> impl Iterator<Item = &str> {
        self.service_types.iter().map(String::as_str)
    }

    /// Takes in a message that was heard `at` a moment: new service types, then what is gone, then what is there, each sorted
    /// by name. Call [`ServiceEvents::expire`] before, so that what ran out in between is gone first.
    pub fn apply(&mut self, at: Timestamp, message: &Message) -> Vec<ServiceEvent> {
        if !message.is_response() {
            return Vec::new();
        }
        let mut turn = Turn::default();
        for record in message
            .records
            .iter()
            .filter(|record| record.class == CLASS_INTERNET && record.section != Section::Authority)
        {
            match &record.data {
                RecordData::Ptr(target) => self.pointer(at, record, target, &mut turn),
                RecordData::Srv { port, target, .. } => self.server(at, record, *port, target, &mut turn),
                RecordData::Txt(strings) => self.text(at, record, strings, &mut turn),
                RecordData::A(address) => self.address(at, record, IpAddr::V4(*address), &mut turn),
                RecordData::Aaaa(address) => self.address(at, record, IpAddr::V6(*address), &mut turn),
                RecordData::Other { .. } => {}
            }
        }
        self.flush(at, &mut turn);
        self.tell(at, turn)
    }

    /// Forgets every instance of which no record holds any more at `now`.
    pub fn expire(&mut self, now: Timestamp) -> Vec<ServiceEvent> {
        if now < self.next_expiry {
            return Vec::new();
        }
        let gone: Vec<Name> = self
            .instances
            .iter()
            .filter(|(_, instance)| instance.expires() <= now)
            .map(|(key, _)| key.clone())
            .collect();
        let mut events = Vec::new();
        for key in gone {
            if let Some(instance) = self.forget(&key)
                && instance.told.is_some()
            {
                events.push(instance.removed());
            }
        }
        let (hosts_heard, served) = (&mut self.hosts_heard, &self.served);
        self.hosts.retain(|name, host| {
            let keep = served.contains_key(name) || host.addresses.values().any(|lease| lease.expires > now);
            if !keep {
                hosts_heard.remove(&host.order);
            }
            keep
        });
        self.next_expiry = self.instances.values().map(Instance::expires).min().unwrap_or(Timestamp::MAX);
        events
    }

    fn pointer(&mut self, at: Timestamp, record: &Record, target: &Name, turn: &mut Turn) {
        let owner = record.name.to_lowercase();
        if owner == self.enumeration {
            if record.ttl_seconds > 0 {
                self.service_type(target, turn);
            }
            return;
        }
        let Some((_, service)) = target.as_instance() else { return };
        if record.ttl_seconds > 0 {
            let instance = self.hear(target, false, turn);
            if let Some(instance) = instance {
                instance.pointer = Some(Lease::new(at, record.ttl_seconds));
            }
        } else if owner == service {
            // A goodbye of a subtype (`_CM._sub…`: no longer commissionable) is none of the instance.
            self.goodbye(target, turn);
        }
    }

    fn server(&mut self, at: Timestamp, record: &Record, port: u16, target: &Name, turn: &mut Turn) {
        if record.ttl_seconds == 0 {
            return self.goodbye(&record.name, turn);
        }
        let key = record.name.to_lowercase();
        let server = Server {
            host: target.to_lowercase(),
            host_text: target.to_string(),
            port,
        };
        let before = self
            .instances
            .get(&key)
            .and_then(|instance| instance.server.as_ref())
            .map(|(server, _)| server.clone());
        let changed = before.as_ref() != Some(&server);
        let host = server.host.clone();
        let Some(instance) = self.hear(&record.name, changed, turn) else {
            return;
        };
        instance.server = Some((server, Lease::new(at, record.ttl_seconds)));
        if let Some(before) = before
            && before.host != host
        {
            self.unserve(&before.host, &key);
        }
        let served = self.served.entry(host).or_default();
        if served.len() < MAX_INSTANCES_PER_HOST {
            served.insert(key);
        }
    }

    fn text(&mut self, at: Timestamp, record: &Record, strings: &[Vec<u8>], turn: &mut Turn) {
        if record.ttl_seconds == 0 {
            return;
        }
        let mut bytes = 0;
        let fitting = strings.iter().take_while(|string| {
            bytes += 1 + string.len();
            bytes <= MAX_TXT_BYTES
        });
        let strings: Vec<Vec<u8>> = fitting.cloned().collect();
        let before = self
            .instances
            .get(&record.name.to_lowercase())
            .and_then(|instance| instance.text.as_ref());
        let changed = before.is_none_or(|(before, _)| *before != strings);
        if let Some(instance) = self.hear(&record.name, changed, turn) {
            instance.text = Some((strings, Lease::new(at, record.ttl_seconds)));
        }
    }

    fn address(&mut self, at: Timestamp, record: &Record, address: IpAddr, turn: &mut Turn) {
        let key = record.name.to_lowercase();
        if record.ttl_seconds == 0 {
            if self.hosts.get_mut(&key).is_some_and(|host| host.addresses.remove(&address).is_some()) {
                self.addresses_changed(&key, turn);
            }
            return;
        }
        if record.cache_flush {
            turn.flushed.insert((key.clone(), address.is_ipv6()));
        }
        self.order += 1;
        let order = self.order;
        let host = self.hosts.entry(key.clone()).or_default();
        self.hosts_heard.remove(&host.order);
        host.order = order;
        self.hosts_heard.insert(order, key.clone());
        let before = host.addresses.len();
        // What ran out stays until something newer is known of the host.
        host.addresses.retain(|known, lease| *known == address || lease.expires > at);
        let mut changed = host.addresses.len() != before;
        if host.addresses.len() >= MAX_ADDRESSES_PER_HOST && !host.addresses.contains_key(&address) {
            let oldest = host.addresses.iter().min_by_key(|(_, lease)| lease.received).map(|(address, _)| *address);
            oldest.map(|oldest| host.addresses.remove(&oldest));
        }
        let lease = AddressLease {
            received: at,
            expires: Lease::new(at, record.ttl_seconds).expires,
        };
        changed |= host.addresses.insert(address, lease).is_none();
        if changed {
            self.addresses_changed(&key, turn);
        }
        if self.hosts.len() > MAX_HOSTS
            && let Some((_, oldest)) = self.hosts_heard.pop_first()
        {
            self.hosts.remove(&oldest);
        }
    }

    fn addresses_changed(&self, host: &Name, turn: &mut Turn) {
        for key in self.served.get(host).into_iter().flatten() {
            turn.touched.insert(key.clone(), true);
        }
    }

    fn service_type(&mut self, target: &Name, turn: &mut Turn) {
        let Some(service) = target.as_service_type().map(|service| service.to_string()) else {
            return;
        };
        if self.service_types.len() < MAX_SERVICE_TYPES && self.service_types.insert(service.clone()) {
            turn.service_types.push(ServiceEvent::ServiceType { service });
        }
    }

    /// The instance of that name, made where it is new; `None` for the name of something else.
    fn hear(&mut self, name: &Name, changed: bool, turn: &mut Turn) -> Option<&mut Instance> {
        let (label, service) = name.as_instance()?;
        let key = name.to_lowercase();
        if !self.instances.contains_key(&key) && self.instances.len() >= MAX_INSTANCES {
            let oldest = self.heard.first_key_value().map(|(_, oldest)| oldest.clone());
            oldest.and_then(|oldest| self.forget(&oldest));
        }
        self.order += 1;
        let order = self.order;
        let instance = self.instances.entry(key.clone()).or_insert_with(|| Instance {
            service: service.to_string(),
            label: escape_label(label),
            pointer: None,
            server: None,
            text: None,
            told: None,
            order,
        });
        self.heard.remove(&instance.order);
        instance.order = order;
        self.heard.insert(order, key.clone());
        *turn.touched.entry(key).or_default() |= changed;
        Some(instance)
    }

    fn goodbye(&mut self, name: &Name, turn: &mut Turn) {
        let key = name.to_lowercase();
        if let Some(instance) = self.forget(&key)
            && instance.told.is_some()
        {
            turn.removed.insert(key, instance.removed());
        }
    }

    fn forget(&mut self, key: &Name) -> Option<Instance> {
        let instance = self.instances.remove(key)?;
        self.heard.remove(&instance.order);
        if let Some((server, _)) = &instance.server {
            self.unserve(&server.host, key);
        }
        Some(instance)
    }

    fn unserve(&mut self, host: &Name, key: &Name) {
        if let Some(served) = self.served.get_mut(host) {
            served.remove(key);
            if served.is_empty() {
                self.served.remove(host);
            }
        }
    }

    /// Drops the addresses that a flush made void.
    fn flush(&mut self, at: Timestamp, turn: &mut Turn) {
        for (key, is_ipv6) in std::mem::take(&mut turn.flushed) {
            let Some(host) = self.hosts.get_mut(&key) else { continue };
            let before = host.addresses.len();
            host.addresses
                .retain(|address, lease| address.is_ipv6() != is_ipv6 || at.milliseconds_since(lease.received) <= FLUSH_GRACE_MILLISECONDS);
            if host.addresses.len() != before {
                self.addresses_changed(&key, turn);
            }
        }
    }

    fn tell(&mut self, at: Timestamp, turn: Turn) -> Vec<ServiceEvent> {
        let mut resolved = Vec::new();
        for (key, changed) in turn.touched {
            let Some(instance) = self.instances.get_mut(&key) else { continue };
            self.next_expiry = self.next_expiry.min(instance.expires());
            let due = changed
                || instance
                    .told
                    .is_some_and(|(told, ttl_seconds)| at.seconds_since(told) >= i64::from(ttl_seconds / 2).max(1));
            if !due || (instance.server.is_none() && instance.text.is_none()) {
                continue;
            }
            let ttl_seconds = instance.ttl_seconds();
            instance.told = Some((at, ttl_seconds));
            let server = instance.server.as_ref().map(|(server, _)| server);
            let host = server.and_then(|server| self.hosts.get(&server.host));
            resolved.push(ServiceEvent::Resolved {
                service: instance.service.clone(),
                instance: instance.label.clone(),
                host: server.map(|server| server.host_text.clone()),
                port: server.map(|server| server.port),
                addresses: host.map(|host| host.addresses.keys().copied().collect()).unwrap_or_default(),
                txt: instance.text.as_ref().map(|(strings, _)| entries(strings)).unwrap_or_default(),
                ttl_seconds,
            });
        }
        // What left and came back within the message is told as there, unless nothing is known of it but its name.
        let is_told = |key: &Name| self.instances.get(key).is_some_and(|instance| instance.told.is_some());
        let mut events = turn.service_types;
        events.extend(turn.removed.into_iter().filter(|(key, _)| !is_told(key)).map(|(_, event)| event));
        events.extend(resolved);
        events
    }
}

#[cfg(test)]
#[path = "browse_tests.rs"]
mod tests;
