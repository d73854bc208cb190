//! One device as the API renders it: the border router's own node, an entry of the device collection, a diagnostic answer.

use super::keys::Key;
use super::record::{Notes, Path, Record};
use super::{NodeStatement, Subject, tables};
use crate::tmf::decode_omr_prefixes;
use serde_json::Value;
use std::net::Ipv6Addr;
use weft_model::{
    AddressKind, BorderAgentId, DeviceMode, Eui64, ExtendedAddress, ExtendedPanId, Fact, FactKind, MeshLocalPrefix, Rloc16, RoutingRole, Timestamp,
};

/// What the stack says before it was ever given a network (OpenThread `extended_pan_id_manager.hpp`, `network_name.hpp`,
/// `mle.hpp`): believed only of a device that says it is attached.
const DEFAULT_EXTENDED_PAN_ID: ExtendedPanId = ExtendedPanId([0xde, 0xad, 0x00, 0xbe, 0xef, 0x00, 0xca, 0xfe]);
const DEFAULT_NETWORK_NAME: &str = "OpenThread";
const DEFAULT_MESH_LOCAL_PREFIX: MeshLocalPrefix = MeshLocalPrefix([0xfd, 0xde, 0xad, 0x00, 0xbe, 0xef, 0, 0]);

/// Names of the roles in the order of `otDeviceRole`, whose number the oldest builds wrote.
const ROLE_NUMBERS: [&str; 5] = ["disabled", "detached", "child", "router", "leader"];

/// Where the item comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rendering {
    /// A node or device: has a role, and placeholders where the agent has not looked yet.
    Device,
    /// A diagnostic answer: whoever answered is attached.
    Diagnostic,
    /// One value by itself.
    Single,
}

/// Whether the device takes part in a mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Attached,
    /// Not attached, or the agent never filled in the item: locator, mode and leader data are noise
    /// (partition 4294967295, RLOC16 0x0000).
    Apart,
    Unsaid,
}

fn role(record: &Record<'_>, key: Key, notes: &mut Notes<'_>) -> Option<RoutingRole> {
    let name = match record.value(key)? {
        Value::Number(number) => number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .and_then(|number| ROLE_NUMBERS.get(number).copied()),
        _ => Some(record.text(key, notes)?),
    };
    match name {
        Some("disabled" | "detached") => Some(RoutingRole::Detached),
        Some("child") => Some(RoutingRole::Child),
        // Documented, never seen.
        Some("sleepy-child") => Some(RoutingRole::SleepyEndDevice),
        Some("router") => Some(RoutingRole::Router),
        Some("leader") => Some(RoutingRole::Leader),
        _ => {
            notes.problem(
                Path::Field(&record.path, "role"),
                "the role is none of disabled, detached, child, router, leader",
            );
            None
        }
    }
}

/// The item's own time: when it was made or, where that is told, last refreshed.
fn item_time(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<Timestamp> {
    let reason = "expected a time like 2026-11-20T13:41:47+00:00";
    let created: Option<Timestamp> = record.parse(Key::Created, reason, notes);
    created.max(record.parse(Key::Updated, reason, notes))
}

/// Reads one item; `id` is the name that a JSON:API envelope gives it. `None` where it names no device; what was wrong with it
/// stays in `notes`.
pub(super) fn decode(
    record: &Record<'_>,
    subject: Subject,
    rendering: Rendering,
    id: Option<ExtendedAddress>,
    notes: &mut Notes<'_>,
) -> Option<NodeStatement> {
    let extended_address: Option<ExtendedAddress> = record.parse(Key::ExtAddress, "expected 16 hexadecimal digits", notes);
    let extended_address = extended_address.or(id).filter(|address| address.is_real());
    let (state, role) = (role(record, Key::State, notes), role(record, Key::Role, notes));
    // `role` knows no leaders; `state` does.
    let mut role = state.or(role);
    if role.is_none() && record.boolean(Key::IsLeader, notes) == Some(true) {
        role = Some(RoutingRole::Leader);
    }
    let standing = match role {
        Some(RoutingRole::Detached) => Standing::Apart,
        Some(_) => Standing::Attached,
        None if rendering == Rendering::Diagnostic => Standing::Attached,
        None if record.value(Key::Role).and_then(Value::as_str) == Some("") => Standing::Apart,
        None => Standing::Unsaid,
    };

    let locators = Locators::read(record, standing, notes);
    if let (Subject::Device, None, None) = (subject, extended_address, locators.rloc16.flatten()) {
        notes.problem(record.path, "names no device: neither an extended address nor an RLOC16");
        return None;
    }

    if let Some(address) = extended_address {
        notes.decoded.fact(Fact::ExtendedAddress(address));
    }
    if let Some(rloc16) = locators.rloc16 {
        notes.decoded.fact(Fact::Rloc16(rloc16));
    }
    if let Some(eui64) = record
        .parse(Key::Eui64, "expected 16 hexadecimal digits", notes)
        .filter(|eui64: &Eui64| eui64.0 != [0; 8])
    {
        notes.decoded.fact(Fact::Eui64(eui64));
    }
    if standing != Standing::Apart
        && let Some(mode) = record.object(Key::Mode, notes, tables::mode)
        && !(rendering == Rendering::Device && is_impossible(mode))
    {
        notes.decoded.fact(Fact::Mode(mode));
    }
    if let Some(role) = role {
        notes.decoded.fact(Fact::RoutingRole(role));
    }
    if let Some(version) = record.uint(Key::ThreadVersion, notes) {
        notes.decoded.fact(Fact::ThreadVersion(version));
    }
    if let Some(id) = record
        .parse(Key::BorderAgentId, "expected 32 hexadecimal digits", notes)
        .filter(|id: &BorderAgentId| id.0 != [0; 16])
    {
        notes.decoded.fact(Fact::BorderAgentId(id));
    }
    let extended_pan_id = network(record, standing, notes);
    omr_prefixes(record, notes);
    locators.facts(record, notes);
    tables::neighbors(record, notes);
    properties(record, notes);
    tables::counters(record, notes);

    Some(NodeStatement {
        subject,
        extended_address,
        rloc16: locators.rloc16.flatten(),
        created: item_time(record, notes),
        extended_pan_id,
        decoded: std::mem::take(&mut notes.decoded),
    })
}

/// A Full Thread Device always listens. The device collection says otherwise of minimal devices that listen (mode `r`): of its two
/// bits one stands where the other belongs, and such a mode is not told.
fn is_impossible(mode: DeviceMode) -> bool {
    mode.full_thread_device && !mode.rx_on_when_idle
}

/// The network and the partition. Returns the extended PAN id that was believed.
fn network(record: &Record<'_>, standing: Standing, notes: &mut Notes<'_>) -> Option<ExtendedPanId> {
    let attached = standing == Standing::Attached;
    let extended_pan_id: Option<ExtendedPanId> = record.parse(Key::ExtPanId, "expected 16 hexadecimal digits", notes);
    let extended_pan_id = extended_pan_id.filter(|id| id.0 != [0; 8] && (attached || *id != DEFAULT_EXTENDED_PAN_ID));
    if let Some(name) = record
        .text(Key::NetworkName, notes)
        .filter(|name| attached || *name != DEFAULT_NETWORK_NAME)
    {
        notes.decoded.fact(Fact::NetworkName(name.to_owned()));
    }
    if let Some(id) = extended_pan_id {
        notes.decoded.fact(Fact::ExtendedPanId(id));
    }
    if standing != Standing::Apart {
        if let Some(leader_data) = record.object(Key::LeaderData, notes, tables::leader_data) {
            notes.decoded.fact(Fact::LeaderData(leader_data));
        }
        // A partition has a leader, so zero routers means that there is no partition.
        if let Some(count) = record.uint(Key::RouterCount, notes).filter(|count| *count > 0) {
            notes.decoded.fact(Fact::RouterCount(count));
        }
    }
    extended_pan_id
}

/// The off-mesh-routable prefixes in the network data; "none" is a statement too.
fn omr_prefixes(record: &Record<'_>, notes: &mut Notes<'_>) {
    let Some(bytes) = record.octets(Key::NetworkData, notes) else { return };
    let (prefixes, problem) = decode_omr_prefixes(&bytes);
    if let Some(problem) = problem {
        notes.problem(Path::Field(&record.path, "networkData"), format!("{problem}"));
        notes.decoded.mark_incomplete(FactKind::OmrPrefix);
    } else if prefixes.is_empty() {
        notes.decoded.fact(Fact::Null(FactKind::OmrPrefix));
    }
    notes.decoded.facts.extend(prefixes.into_iter().map(Fact::OmrPrefix));
}

/// What an item says of its addresses.
struct Locators {
    /// Inner `None`: the device says that it has none.
    rloc16: Option<Option<Rloc16>>,
    mesh_local_prefix: Option<MeshLocalPrefix>,
    rloc: Option<Ipv6Addr>,
}

impl Locators {
    fn read(record: &Record<'_>, standing: Standing, notes: &mut Notes<'_>) -> Self {
        let said = record.rloc16(Key::Rloc16, notes);
        let mut locators = Self {
            rloc16: said,
            mesh_local_prefix: None,
            rloc: None,
        };
        if standing == Standing::Apart {
            // "0x0000" of an item that was never filled in is not router 0.
            locators.rloc16 = said.map(|_| None).filter(|_| record.has(Key::State));
            return locators;
        }
        let Some(address) = record.address(Key::RlocAddress, notes) else {
            return locators;
        };
        let AddressKind::Rloc(rloc16) = AddressKind::of(address) else {
            return locators;
        };
        let octets = address.octets();
        let mut prefix = [0; 8];
        prefix.copy_from_slice(&octets[..8]);
        let prefix = MeshLocalPrefix(prefix);
        if standing == Standing::Attached || prefix != DEFAULT_MESH_LOCAL_PREFIX {
            locators.mesh_local_prefix = Some(prefix);
            locators.rloc16 = said.or(Some(Some(rloc16)));
            locators.rloc = Some(address);
        }
        locators
    }

    /// Adds prefix and addresses. Only a diagnostic answer lists all addresses; the other renderings name some of them.
    fn facts(&self, record: &Record<'_>, notes: &mut Notes<'_>) {
        if let Some(prefix) = self.mesh_local_prefix {
            notes.decoded.fact(Fact::MeshLocalPrefix(prefix));
        }
        if record.has(Key::Ipv6Addresses) {
            if let Some(addresses) = record.addresses(Key::Ipv6Addresses, FactKind::Ipv6Addresses, notes) {
                notes.decoded.fact(Fact::Ipv6Addresses(addresses));
            }
            return;
        }
        let interface_id: Option<ExtendedAddress> = record.parse(Key::MeshLocalInterfaceId, "expected 16 hexadecimal digits", notes);
        let endpoint = self.mesh_local_prefix.zip(interface_id.filter(|id| id.is_real())).map(|(prefix, id)| {
            let mut octets = prefix.prefix().address().octets();
            octets[8..].copy_from_slice(&id.0);
            Ipv6Addr::from(octets)
        });
        let mut addresses: Vec<Ipv6Addr> = [record.address(Key::OmrAddress, notes), endpoint, self.rloc]
            .into_iter()
            .flatten()
            .collect();
        if !addresses.is_empty() {
            addresses.sort_unstable();
            addresses.dedup();
            notes.decoded.mark_incomplete(FactKind::Ipv6Addresses);
            notes.decoded.fact(Fact::Ipv6Addresses(addresses));
        }
    }
}

/// What the device is.
fn properties(record: &Record<'_>, notes: &mut Notes<'_>) {
    for (key, fact) in [
        (Key::VendorName, Fact::VendorName as fn(String) -> Fact),
        (Key::VendorModel, Fact::ModelName),
        (Key::VendorSwVersion, Fact::SoftwareVersion),
        (Key::ThreadStackVersion, Fact::StackVersion),
        (Key::VendorAppUrl, Fact::VendorAppUrl),
    ] {
        if let Some(text) = record.text(key, notes) {
            notes.decoded.fact(fact(text.to_owned()));
        }
    }
    if let Some(percent) = record.uint_to(Key::BatteryLevel, 100, "expected a percentage from 0 to 100", notes) {
        notes.decoded.fact(Fact::BatteryPercent(percent));
    }
    if let Some(millivolts) = record.uint(Key::SupplyVoltage, notes) {
        notes.decoded.fact(Fact::SupplyMillivolts(millivolts));
    }
    if let Some(seconds) = record.uint(Key::Timeout, notes) {
        notes.decoded.fact(Fact::TimeoutSeconds(seconds));
    }
    if let Some(seconds) = record.uint(Key::MaxChildTimeout, notes) {
        notes.decoded.fact(Fact::MaxChildTimeoutSeconds(seconds));
    }
    if let Some(pages) = record.octets(Key::ChannelPages, notes) {
        notes.decoded.fact(Fact::ChannelPages(pages));
    }
}
