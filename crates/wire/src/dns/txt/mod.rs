//! TXT records of DNS-SD services into records and back.
//!
//! Values are bytes until a key says that they are text. Keys compare without regard to case, and the first of equal keys
//! counts (RFC 6763, section 6.4). A value that cannot be read costs its key only, and stays among the other keys as it came.

mod accessory;
mod border_router;
mod keys;
mod matter;
mod meshcop;

pub use meshcop::border_agent_state;

use super::label::{cut, service_type, shown, unescape_label};
use crate::Problem;
use keys::Keys;
use std::borrow::Cow;
use std::net::IpAddr;
use weft_model::{ServiceDetails, ServiceRecord};

/// The strings of a TXT record: key, and the bytes after the first `=`; `None` where a string has no `=`.
pub type TxtEntries = Vec<(String, Option<Vec<u8>>)>;

/// The longest string of a TXT record in bytes, key and `=` included (RFC 6763, section 6.1).
pub const MAX_STRING_BYTES: usize = 255;
/// Strings of one TXT record that are read.
pub const MAX_STRINGS: usize = 256;
/// The longest instance label and host name in bytes; DNS allows 63 and 255.
pub const MAX_NAME_BYTES: usize = 255;
/// Addresses of one service that are kept.
pub const MAX_ADDRESSES: usize = 64;

/// Decodes a resolved service instance.
///
/// `service` is the type, with or without domain (`_meshcop._udp.local.`); `instance` the label, which may carry DNS escapes;
/// `host` the SRV target. Everything that could be read is in the record; the rest is in the problems, which name the key.
pub fn decode_service(
    service: &str,
    instance: &str,
    host: Option<&str>,
    port: Option<u16>,
    addresses: &[IpAddr],
    txt: &[(String, Option<Vec<u8>>)],
) -> (ServiceRecord, Vec<Problem>) {
    let mut problems = Vec::new();
    let service = service_type(service, MAX_NAME_BYTES);
    let instance = name_text("instance", instance, &mut problems);
    let host = host.map(|host| name_text("host", host.strip_suffix('.').unwrap_or(host), &mut problems));
    let mut addresses = addresses.to_vec();
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.len() > MAX_ADDRESSES {
        problems.push(Problem::of("addresses", format!("{}, at most {MAX_ADDRESSES} are kept", addresses.len())));
        addresses.truncate(MAX_ADDRESSES);
    }
    let details = decode_txt(&service, &instance, host.as_deref(), txt, &mut problems);
    (
        ServiceRecord {
            service,
            instance,
            host,
            port,
            addresses,
            details,
        },
        problems,
    )
}

fn decode_txt(service: &str, instance: &str, host: Option<&str>, txt: &[(String, Option<Vec<u8>>)], problems: &mut Vec<Problem>) -> ServiceDetails {
    let mut keys = Keys::new(txt, problems);
    match service {
        "_meshcop._udp" => ServiceDetails::BorderAgent(Box::new(meshcop::decode(keys))),
        "_meshcop-e._udp" => ServiceDetails::EphemeralBorderAgent(Box::new(meshcop::decode(keys))),
        "_trel._udp" => ServiceDetails::Trel(border_router::decode_trel(keys)),
        "_srpl-tls._tcp" => ServiceDetails::SrpReplication(border_router::decode_srp_replication(keys)),
        "_matter._tcp" => {
            let peer = matter::operational_peer(instance).map_err(|problem| keys.problem(problem)).ok();
            ServiceDetails::Operational(matter::decode_operational(keys, peer, host))
        }
        "_matterc._udp" => ServiceDetails::Commissionable(matter::decode_commissionable(keys, host)),
        "_matterd._udp" => ServiceDetails::Commissioner(matter::decode_commissioner(keys)),
        "_hap._udp" => ServiceDetails::Hap(accessory::decode_hap(keys)),
        "_ltpdu._udp" => ServiceDetails::LedProtocol(accessory::decode_led_protocol(keys)),
        _ => ServiceDetails::Other,
    }
}

/// The TXT strings that say what `details` holds; [`decode_service`] reads them back. What stands in the instance or host
/// name instead (operational peer, extended address) is not in them. Texts are cut to what a string can hold.
pub fn encode_txt(details: &ServiceDetails) -> TxtEntries {
    match details {
        ServiceDetails::BorderAgent(record) | ServiceDetails::EphemeralBorderAgent(record) => meshcop::encode(record),
        ServiceDetails::Trel(record) => border_router::encode_trel(record),
        ServiceDetails::SrpReplication(record) => border_router::encode_srp_replication(record),
        ServiceDetails::Operational(record) => matter::encode_operational(record),
        ServiceDetails::Commissionable(record) => matter::encode_commissionable(record),
        ServiceDetails::Commissioner(record) => matter::encode_commissioner(record),
        ServiceDetails::Hap(record) => accessory::encode_hap(record),
        ServiceDetails::LedProtocol(record) => accessory::encode_led_protocol(record),
        ServiceDetails::Other => Vec::new(),
    }
}

/// The keys and values in the strings of a TXT record. Empty strings and strings without a key say nothing (RFC 6763,
/// sections 6.1 and 6.4); a key that is no UTF-8 has its bad bytes replaced. At most [`MAX_STRINGS`] are taken.
pub fn entries(strings: &[Vec<u8>]) -> TxtEntries {
    strings
        .iter()
        .filter_map(|string| {
            let mut parts = string.splitn(2, |byte| *byte == b'=');
            let key = parts.next().filter(|key| !key.is_empty())?;
            Some((String::from_utf8_lossy(key).into_owned(), parts.next().map(<[u8]>::to_vec)))
        })
        .take(MAX_STRINGS)
        .collect()
}

/// A label or host name as text that may be shown: escapes undone, bounded, control characters replaced.
fn name_text(field: &'static str, text: &str, problems: &mut Vec<Problem>) -> String {
    // An escape is at most four bytes long.
    let bytes = unescape_label(cut(text, 4 * MAX_NAME_BYTES));
    let decoded = String::from_utf8_lossy(&bytes);
    if matches!(decoded, Cow::Owned(_)) {
        problems.push(Problem::of(field, "not UTF-8"));
    }
    if text.len() > 4 * MAX_NAME_BYTES || decoded.len() > MAX_NAME_BYTES {
        problems.push(Problem::of(field, format!("longer than {MAX_NAME_BYTES} bytes")));
    }
    shown(cut(&decoded, MAX_NAME_BYTES))
}

#[cfg(test)]
mod tests;
