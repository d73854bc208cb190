//! What mDNS resolved, at once, for whoever needs addresses: operational Matter nodes, devices that can be commissioned now, border agents.
//!
//! Captures wait until an announcement has settled and are withdrawn late; who wants to talk to a device can do neither. So the live mDNS source
//! writes here first. An address that is here was announced and not withdrawn; that it answers is another matter.

mod border_agents;

pub use border_agents::BorderAgent;
pub(crate) use border_agents::{AgentService, AnnouncedAgent};

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use weft_model::{CompressedFabricId, MatterPeer};

/// Operational nodes that are kept, of all fabrics. A node of a fabric whose subtype somebody wants takes the place of one that nobody wants.
pub const MAX_OPERATIONAL: usize = 4_096;
/// Devices that can be commissioned now that are kept.
pub const MAX_COMMISSIONABLE: usize = 512;
/// Services of border agents that are kept.
pub const MAX_BORDER_AGENTS: usize = 512;
/// Addresses that are kept of one instance, the best ones.
pub const MAX_ADDRESSES: usize = 16;
/// Service types and subtypes that can be wanted at once.
pub const MAX_WANTED: usize = 256;
/// The longest name of DNS (RFC 1035, section 2.3.4).
const MAX_NAME_BYTES: usize = 255;

/// Where an instance is, and how patient one has to be with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Located {
    /// Addresses with the port, the best first: unique local ones (an off-mesh-routable prefix is one), global ones, link-local ones with the
    /// interface they were heard on as scope, IPv4, this machine.
    pub addresses: Vec<SocketAddr>,
    /// `SII`: how long to wait for an idle device before a message is repeated (Matter core specification, 4.3.4).
    pub idle_milliseconds: Option<u32>,
    /// `SAI`: the same for an active device.
    pub active_milliseconds: Option<u32>,
    /// `SAT`: how long a device stays active after its last message.
    pub active_threshold_milliseconds: Option<u32>,
    /// `ICD`: it operates as a long-idle-time device, and hears nobody until it checks in.
    pub long_idle: bool,
    /// `T`: TCP support bits.
    pub tcp: Option<u8>,
}

/// A device that can be commissioned now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commissionable {
    /// Instance label: a random number of the device, new at each opening.
    pub instance: String,
    /// Where it is.
    pub located: Located,
    /// `D`: long discriminator, 12 bits; the short one is its upper 4 bits.
    pub discriminator: u16,
    /// `VP`: vendor id.
    pub vendor_id: Option<u16>,
    /// `VP`: product id.
    pub product_id: Option<u16>,
    /// `DN`: device name.
    pub name: Option<String>,
    /// `CM`: 0 not now, 1 with the code on its label, 2 with a code that another ecosystem shows, 3 a joint fabric.
    pub commissioning_mode: u8,
    /// `PH`: pairing hint bits.
    pub pairing_hint: Option<u32>,
    /// `PI`: pairing instruction.
    pub pairing_instruction: Option<String>,
}

/// The directory. Clones are the same directory; the live mDNS source keeps it ([`crate::MdnsSource::with_directory`]), and without one it stays
/// empty.
#[derive(Debug, Clone)]
pub struct ServiceDirectory {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    entries: Mutex<Entries>,
    changes: watch::Sender<u64>,
    wishes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Entries {
    operational: BTreeMap<MatterPeer, Entry<Located>>,
    commissionable: BTreeMap<String, Entry<Commissionable>>,
    agents: border_agents::Agents,
    wanted: BTreeMap<String, Wish>,
    revision: u64,
    wishes: u64,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    /// Counts changes of the whole directory: the last one of this entry.
    revision: u64,
    /// Not heard of since it became doubtful.
    is_doubtful: bool,
}

#[derive(Debug, Default)]
struct Wish {
    holders: usize,
    /// The number of the last wish for an answer now, of all wishes.
    asked: u64,
}

/// While it is held, a service type or subtype is browsed.
#[derive(Debug)]
#[must_use = "the type is browsed only while this is held"]
pub struct Wanted {
    directory: ServiceDirectory,
    service_type: Option<String>,
}

impl Default for ServiceDirectory {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                entries: Mutex::default(),
                changes: watch::Sender::new(0),
                wishes: watch::Sender::new(0),
            }),
        }
    }
}

impl ServiceDirectory {
    /// An empty directory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where an operational node is, as far as it is announced now.
    pub fn operational(&self, peer: MatterPeer) -> Option<Located> {
        self.entries().operational.get(&peer).map(|entry| entry.value.clone())
    }

    /// Who can be commissioned now, by instance label.
    pub fn commissionable(&self) -> Vec<Commissionable> {
        self.entries().commissionable.values().map(|entry| entry.value.clone()).collect()
    }

    /// A number that rises with each change of any entry.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    /// The operational nodes of a fabric that were announced anew or elsewhere after the change with the number `since`, and the number of the
    /// present: a sign of life of each of them. What was withdrawn is not among them.
    pub fn announced_since(&self, fabric: CompressedFabricId, since: u64) -> (Vec<MatterPeer>, u64) {
        let entries = self.entries();
        let of_fabric = entries.operational.iter().filter(|(peer, _)| peer.fabric == fabric);
        (
            of_fabric.filter(|(_, entry)| entry.revision > since).map(|(peer, _)| *peer).collect(),
            entries.revision,
        )
    }

    /// Has a DNS-SD type or subtype browsed while the guard is held, and asked for at once: `_matterc._udp.local.`,
    /// `_L3840._sub._matterc._udp.local.`, `_I2906C908D115D362._sub._matter._tcp.local.` (upper-case digits: mdns-sd compares exactly).
    /// A text that is no such type, and more than [`MAX_WANTED`] types, are not browsed.
    pub fn want(&self, service_type: &str) -> Wanted {
        let is_taken = self.wish(service_type, 1);
        if !is_taken {
            tracing::debug!(service_type, "not browsed");
        }
        Wanted {
            directory: self.clone(),
            service_type: is_taken.then(|| service_type.to_owned()),
        }
    }

    /// Has a type asked for now, which is browsed already: because it is wanted, or because it is one of those that always are. mDNS libraries
    /// ask ever more rarely. At most one question a second of each type reaches the network.
    pub fn ask_again(&self, service_type: &str) {
        self.wish(service_type, 0);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // A panic elsewhere leaves whole entries: each is written at once.
        self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wish(&self, service_type: &str, holders: usize) -> bool {
        if !is_service_type(service_type) {
            return false;
        }
        let mut entries = self.entries();
        if entries.wanted.len() >= MAX_WANTED && !entries.wanted.contains_key(service_type) {
            return false;
        }
        entries.wishes += 1;
        let number = entries.wishes;
        let wish = entries.wanted.entry(service_type.to_owned()).or_default();
        wish.holders += holders;
        wish.asked = number;
        drop(entries);
        self.shared.wishes.send_modify(|number| *number += 1);
        true
    }

    /// Rises whenever [`ServiceDirectory::take_wishes`] has something new.
    pub(crate) fn wishes_changed(&self) -> watch::Receiver<u64> {
        self.shared.wishes.subscribe()
    }

    /// What is wanted: whether somebody holds it, and a number that rises with each wish for an answer now. Wishes without holder are told once.
    pub(crate) fn take_wishes(&self) -> Vec<(String, bool, u64)> {
        let mut entries = self.entries();
        let told = entries
            .wanted
            .iter()
            .map(|(service, wish)| (service.clone(), wish.holders > 0, wish.asked))
            .collect();
        entries.wanted.retain(|_, wish| wish.holders > 0);
        told
    }

    /// An operational node was resolved; `None`: withdrawn.
    pub(crate) fn set_operational(&self, peer: MatterPeer, located: Option<Located>) {
        let mut entries = self.entries();
        let Entries {
            operational,
            wanted,
            revision,
            ..
        } = &mut *entries;
        let has_room = operational.len() < MAX_OPERATIONAL || operational.contains_key(&peer) || located.is_none();
        if !has_room {
            let is_wanted = |fabric: CompressedFabricId| wanted.contains_key(&fabric_subtype(fabric));
            let nobodys = operational.keys().find(|other| !is_wanted(other.fabric)).copied();
            match nobodys.filter(|_| is_wanted(peer.fabric)) {
                Some(other) => operational.remove(&other),
                None => return,
            };
        }
        let has_changed = set(operational, peer, located, revision);
        let number = *revision;
        drop(entries);
        self.tell(has_changed.then_some(number));
    }

    /// A device that can be commissioned was resolved; `None`: withdrawn.
    pub(crate) fn set_commissionable(&self, instance: &str, found: Option<Commissionable>) {
        let mut entries = self.entries();
        let Entries {
            commissionable, revision, ..
        } = &mut *entries;
        if commissionable.len() >= MAX_COMMISSIONABLE && found.is_some() && !commissionable.contains_key(instance) {
            return;
        }
        let has_changed = set(commissionable, instance.to_owned(), found, revision);
        let number = *revision;
        drop(entries);
        self.tell(has_changed.then_some(number));
    }

    /// Withdrawals of a service type (`_meshcop._udp.local.`) may have been missed, or of all: what it brought is doubtful until it is resolved again.
    pub(crate) fn doubt(&self, service: Option<&str>) {
        let is_meant = |name: &str| service.is_none_or(|service| service.starts_with(name));
        let mut entries = self.entries();
        if is_meant("_matter._tcp.") {
            entries.operational.values_mut().for_each(|entry| entry.is_doubtful = true);
        }
        if is_meant("_matterc._udp.") {
            entries.commissionable.values_mut().for_each(|entry| entry.is_doubtful = true);
        }
        for ((_, of), entry) in &mut entries.agents {
            entry.is_doubtful |= match of {
                AgentService::Lasting => is_meant("_meshcop._udp."),
                AgentService::Passcode => is_meant("_meshcop-e._udp."),
            };
        }
    }

    /// Forgets what is still doubtful.
    pub(crate) fn forget_doubtful(&self) {
        let mut entries = self.entries();
        let count = |entries: &Entries| entries.operational.len() + entries.commissionable.len() + entries.agents.len();
        let before = count(&entries);
        entries.operational.retain(|_, entry| !entry.is_doubtful);
        entries.commissionable.retain(|_, entry| !entry.is_doubtful);
        entries.agents.retain(|_, entry| !entry.is_doubtful);
        let has_changed = before != count(&entries);
        if has_changed {
            entries.revision += 1;
        }
        let number = entries.revision;
        drop(entries);
        self.tell(has_changed.then_some(number));
    }

    fn tell(&self, change: Option<u64>) {
        if let Some(number) = change {
            // Two threads may come here in the other order.
            self.shared.changes.send_modify(|told| *told = (*told).max(number));
        }
    }
}

/// Puts a value in its place; true where that changed something.
fn set<K: Ord, T: PartialEq>(entries: &mut BTreeMap<K, Entry<T>>, key: K, value: Option<T>, revision: &mut u64) -> bool {
    let has_changed = match (value, entries.get_mut(&key)) {
        (None, None) => false,
        (None, Some(_)) => entries.remove(&key).is_some(),
        (Some(value), Some(entry)) => {
            entry.is_doubtful = false;
            let differs = entry.value != value;
            if differs {
                entry.value = value;
                entry.revision = *revision + 1;
            }
            differs
        }
        (Some(value), None) => {
            let entry = Entry {
                value,
                revision: *revision + 1,
                is_doubtful: false,
            };
            entries.insert(key, entry);
            true
        }
    };
    if has_changed {
        *revision += 1;
    }
    has_changed
}

impl Wanted {
    /// Has it asked for now, once more.
    pub fn ask_again(&self) {
        if let Some(service_type) = &self.service_type {
            self.directory.ask_again(service_type);
        }
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let Some(service_type) = &self.service_type else { return };
        if let Some(wish) = self.directory.entries().wanted.get_mut(service_type) {
            wish.holders = wish.holders.saturating_sub(1);
        }
        self.directory.shared.wishes.send_modify(|number| *number += 1);
    }
}

/// The subtype that all operational nodes of a fabric are announced under (Matter core specification, 4.3.2.1).
pub fn fabric_subtype(fabric: CompressedFabricId) -> String {
    format!("_I{:016X}._sub._matter._tcp.local.", fabric.as_u64())
}

/// The subtype of devices that can be commissioned and have this long discriminator (4.3.1.3).
pub fn long_discriminator_subtype(discriminator: u16) -> String {
    format!("_L{discriminator}._sub._matterc._udp.local.")
}

/// The subtype of devices that can be commissioned and have this short discriminator: the upper 4 of 12 bits.
pub fn short_discriminator_subtype(discriminator: u8) -> String {
    format!("_S{discriminator}._sub._matterc._udp.local.")
}

fn is_service_type(text: &str) -> bool {
    let name = text.strip_suffix("._tcp.local.").or_else(|| text.strip_suffix("._udp.local."));
    name.is_some_and(|name| name.starts_with('_') && name.len() > 1) && text.len() <= MAX_NAME_BYTES
}

/// Sorts addresses, the best first, leaves out what cannot be talked to, and keeps [`MAX_ADDRESSES`].
pub(crate) fn order(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    addresses.retain(|address| match address {
        // Without the interface nobody knows which link is meant.
        SocketAddr::V6(address) if address.ip().is_unicast_link_local() => address.scope_id() != 0,
        _ => !address.ip().is_unspecified() && !address.ip().is_multicast() && address.port() != 0,
    });
    addresses.sort_by_key(|address| (rank(address.ip()), *address));
    addresses.dedup();
    addresses.truncate(MAX_ADDRESSES);
    addresses
}

fn rank(address: IpAddr) -> u8 {
    match address {
        _ if address.is_loopback() => 4,
        IpAddr::V6(address) if address.is_unique_local() => 0,
        IpAddr::V6(address) if address.is_unicast_link_local() => 2,
        IpAddr::V6(_) => 1,
        IpAddr::V4(_) => 3,
    }
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
