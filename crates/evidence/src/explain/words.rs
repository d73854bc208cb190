//! Values in words: units, spans of time, addresses, and what a number stands for.

use super::{MAX_TEXT_CHARACTERS, Names};
use std::net::IpAddr;
pub(super) use weft_model::words::{capitalised, count};
use weft_model::{AddressKind, DeviceMode, ErrorRate, ExtendedAddress, LinkQuality, MatterPeer, Rloc16, RoutingRole, Rssi, Timestamp};

/// Bytes of a value that are shown in hexadecimal digits.
const MAX_HEX_BYTES: usize = 96;

/// At most [`MAX_TEXT_CHARACTERS`] characters, control characters replaced; the cut is marked.
pub(super) fn cut(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(MAX_TEXT_CHARACTERS)
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
        .collect();
    if text.chars().nth(MAX_TEXT_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

/// Bytes in hexadecimal digits, and as text where they are text.
pub(super) fn bytes(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "empty".to_owned();
    }
    let digits = hex(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => format!("{digits} (\"{text}\")"),
        _ => digits,
    }
}

/// Bytes in hexadecimal digits; many are counted.
pub(super) fn hex(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(MAX_HEX_BYTES)];
    let digits = crate::hex::encode(shown);
    match bytes.len() - shown.len() {
        0 => digits,
        more => format!("{digits}… ({more} bytes more)"),
    }
}

pub(super) fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

/// A span of time in the two largest units that fit: "2 min 5 s".
pub(super) fn seconds(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (name, length) in units {
        let number = left / length;
        left %= length;
        if number > 0 {
            parts.push(format!("{number} {name}"));
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

pub(super) fn milliseconds(milliseconds: u64) -> String {
    match milliseconds {
        0..10_000 => format!("{milliseconds} ms"),
        _ => format!("{milliseconds} ms ({})", seconds(milliseconds / 1_000)),
    }
}

/// The timestamp of an operational dataset, as the wire packs it: 48 bits of seconds, 15 bits of ticks, one bit "authoritative".
///
/// Gives the value as people compare it (seconds, and the ticks where there are some), and what it means.
pub fn dataset_timestamp(packed: u64) -> (String, String) {
    let (seconds, ticks, authoritative) = (packed >> 16, packed >> 1 & 0x7fff, packed & 1 != 0);
    let value = match ticks {
        0 => seconds.to_string(),
        ticks => format!("{seconds} and {ticks}/32768"),
    };
    // Many border routers count 1, 2, 3 instead of telling a time.
    let when = (seconds > 946_684_800)
        .then(|| i64::try_from(seconds).ok())
        .flatten()
        .filter(|seconds| *seconds < 253_402_300_800)
        .map_or_else(
            || "a counter rather than a time of day".to_owned(),
            |seconds| Timestamp::from_unix_milliseconds(seconds * 1_000).to_string(),
        );
    let authority = if authoritative { "; from an authoritative clock" } else { "" };
    (value, format!("{when}{authority}; the dataset with the newest timestamp wins"))
}

/// Thread link quality with its meaning.
pub(super) fn link_quality(quality: LinkQuality) -> (String, &'static str) {
    let meaning = match quality.get() {
        3 => "good: more than 20 dB above the noise",
        2 => "fair: 10 to 20 dB above the noise",
        1 => "weak: 2 to 10 dB above the noise",
        _ => "no link",
    };
    (format!("{} of 3", quality.get()), meaning)
}

pub(super) fn dbm(rssi: Rssi) -> String {
    format!("{} dBm", rssi.dbm()).replace('-', "−")
}

pub(super) fn percent(rate: ErrorRate) -> String {
    format!("{} %", rate.percent())
}

/// Mode bits in words: "Full Thread Device, receiver on when idle".
pub(super) fn mode(mode: DeviceMode) -> String {
    let kind = if mode.full_thread_device {
        "Full Thread Device"
    } else {
        "Minimal Thread Device"
    };
    let receiver = if mode.rx_on_when_idle { "receiver on when idle" } else { "sleepy" };
    let data = if mode.full_network_data {
        "full network data"
    } else {
        "stable network data only"
    };
    format!("{kind}, {receiver}, {data}")
}

pub(super) fn routing_role(role: RoutingRole) -> (String, &'static str) {
    let (name, meaning) = match role {
        RoutingRole::Detached => ("detached", "Thread is not running, or it is attached to nothing"),
        RoutingRole::SleepyEndDevice => ("sleepy end device", "a child that sleeps and asks its parent for messages"),
        RoutingRole::EndDevice => ("end device", "a child whose receiver is on"),
        RoutingRole::Reed => ("router eligible end device", "a child that may become a router"),
        RoutingRole::Router => ("router", "forwards for others"),
        RoutingRole::Leader => ("leader", "the router that leads its partition"),
        RoutingRole::Child => ("child", "which kind of child was not said"),
        RoutingRole::Unknown(number) => return (format!("number {number}"), "no role that is known"),
    };
    (name.to_owned(), meaning)
}

/// A Thread version number.
pub(super) fn thread_version(number: u16) -> (String, &'static str) {
    let name = match number {
        1 => "Thread 1.0",
        2 => "Thread 1.1",
        3 => "Thread 1.2",
        4 => "Thread 1.3",
        5 => "Thread 1.4 (or 1.3.1)",
        _ => "a version that is not known here",
    };
    (number.to_string(), name)
}

/// What the two parts of an RLOC16 say.
pub(super) fn rloc16(rloc16: Rloc16) -> String {
    let router = rloc16.router_id().get();
    match rloc16.is_router() {
        true => format!("router {router} itself"),
        false => format!("child {} of router {router}", rloc16.get() & 0x1ff),
    }
}

pub(super) fn radio(address: ExtendedAddress, names: &dyn Names) -> String {
    match names.radio(address) {
        Some(name) => format!("{name} ({address})"),
        None => address.to_string(),
    }
}

pub(super) fn peer(peer: MatterPeer, names: &dyn Names) -> String {
    names.matter(peer).unwrap_or_else(|| format!("Matter node {peer}"))
}

/// Of what kind an address is.
pub(super) fn address(address: IpAddr) -> String {
    let IpAddr::V6(address) = address else { return "IPv4".to_owned() };
    match AddressKind::of(address) {
        AddressKind::LinkLocal(Some(radio)) => format!("link-local, of the interface id that the extended address {radio} would have"),
        AddressKind::LinkLocal(None) => "link-local".to_owned(),
        AddressKind::Rloc(rloc16) => format!("the mesh-local address of {rloc16}"),
        _ if address.is_multicast() => "multicast".to_owned(),
        _ if address.is_unique_local() => "unique local: routable inside this home only".to_owned(),
        _ if address.segments()[0] & 0xe000 == 0x2000 => "global".to_owned(),
        _ => "IPv6".to_owned(),
    }
}

/// A Matter status code (core specification 1.4, 8.10).
pub(super) fn status(status: u8) -> (String, &'static str) {
    let meaning = match status {
        0x00 => "success, without a value",
        0x01 => "failure",
        0x7e => "Weft's fabric may not read it",
        0x7f => "no such endpoint",
        0x86 => "the device does not have this attribute",
        0x8d => "the device does not allow reading it",
        0x94 => "the device was too slow",
        0x9c => "the device is busy",
        0xc3 => "the device does not have this cluster",
        _ => "refused",
    };
    (format!("refused with status {status:#04x}"), meaning)
}
