//! DNS-SD registrations in words: where a service is, and every key of its TXT record.

use super::{Row, Section, fact, meshcop, words};
use crate::capture::MdnsCapture;
use crate::decode::is_enumeration;
use std::net::IpAddr;
use weft_model::{OperationalRecord, ServiceDetails, ServiceRecord};
use weft_wire::dns::decode_service;

/// One key of a TXT record, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxtKey {
    /// The key as it came.
    pub key: String,
    /// The value in hexadecimal digits, as it was captured; `None` where the string has no `=`.
    pub hex: Option<String>,
    /// What the key is called.
    pub name: String,
    /// The value, decoded; where it could not be, as it came.
    pub value: String,
    /// What the value means.
    pub meaning: Option<String>,
    /// Why it could not be decoded.
    pub trouble: Option<String>,
}

/// What a service type is.
fn service_name(service: &str) -> Option<&'static str> {
    Some(match service {
        "_meshcop._udp" => "Border router",
        "_meshcop-e._udp" => "Border router with an ephemeral key",
        "_trel._udp" => "Thread over the LAN (TREL)",
        "_matter._tcp" => "Matter node",
        "_matterc._udp" => "Matter device that waits for commissioning",
        "_matterd._udp" => "Matter commissioner",
        "_hap._udp" => "HomeKit accessory over Thread",
        "_ltpdu._udp" => "Nanoleaf device over Thread",
        "_srpl-tls._tcp" => "SRP replication between border routers",
        _ => return None,
    })
}

pub(super) fn mdns(body: &MdnsCapture) -> (String, Vec<Section>) {
    match body {
        MdnsCapture::Removed { service, instance } => {
            let record = decode_service(service, instance, None, None, &[], &[]).0;
            let rows = vec![
                Row::new("Service", record.service.clone()).means(service_name(&record.service).unwrap_or_default()),
                Row::new("Instance", record.instance.clone()),
                Row::new("Registration", "withdrawn").means("it said goodbye, or its records ran out and nobody answered"),
            ];
            let what = service_name(&record.service).unwrap_or(&record.service);
            let title = format!("{what} \u{201c}{}\u{201d} is announced no more", record.instance);
            (title, vec![Section::new("Registration", rows)])
        }
        MdnsCapture::Resolved {
            service,
            instance,
            host,
            port,
            addresses,
            txt,
            ttl_seconds,
        } => {
            let parsed: Vec<IpAddr> = addresses.iter().filter_map(|address| address.split('%').next()?.parse().ok()).collect();
            let record = decode_service(service, instance, host.as_deref(), *port, &parsed, &[]).0;
            if is_enumeration(service) {
                let row = Row::new("Service type", record.instance.clone()).means("services of this type are on the LAN");
                return (
                    format!("Services of type {} are on the LAN", record.instance),
                    vec![Section::new("Registration", vec![row])],
                );
            }
            let mut rows = registration(&record);
            let scoped: Vec<&str> = addresses
                .iter()
                .filter_map(|address| address.split_once('%').map(|(_, scope)| scope))
                .collect();
            if let Some(scope) = scoped.first() {
                rows.push(Row::new("Heard on interface", (*scope).to_owned()));
            }
            rows.extend(ttl_seconds.map(|ttl| {
                Row::new("Good for", words::seconds(ttl.into())).means("a registration says what is registered, not that the device lives")
            }));
            let mut sections = vec![Section::new("Registration", rows)];
            let keys = explain_txt(&record.service, &record.instance, txt);
            let txt_rows = keys.iter().map(|key| {
                let row = Row::new(format!("{} ({})", key.name, key.key), key.value.clone());
                Row {
                    meaning: key.meaning.clone(),
                    ..row
                }
            });
            sections.push(Section::new("TXT record", txt_rows.collect()));
            sections.extend(state_section(&record.service, txt));
            let what = service_name(&record.service).unwrap_or(&record.service);
            (format!("{what} \u{201c}{}\u{201d}, announced on the LAN", record.instance), sections)
        }
    }
}

/// The state bitmap of a border agent, field by field.
fn state_section(service: &str, txt: &[(String, Option<String>)]) -> Option<Section> {
    let entries: Vec<_> = txt.iter().filter(|(key, _)| key.eq_ignore_ascii_case("sb")).take(1).cloned().collect();
    match decode_one(service, "", entries.first()?)?.0 {
        ServiceDetails::BorderAgent(record) | ServiceDetails::EphemeralBorderAgent(record) => {
            Some(Section::new("State bitmap, bit by bit", meshcop::state_rows(&record.state?)))
        }
        _ => None,
    }
}

/// Where a service is, and what its names say.
pub(super) fn registration(record: &ServiceRecord) -> Vec<Row> {
    let mut rows = vec![
        Row::new("Service", record.service.clone()).means(service_name(&record.service).unwrap_or_default()),
        Row::new("Instance", record.instance.clone()),
    ];
    if let ServiceDetails::Operational(OperationalRecord { peer: Some(peer), .. }) = &record.details {
        rows.push(Row::new("Fabric", peer.fabric.to_string()).means("which ecosystem's Matter fabric it is on"));
        rows.push(Row::new("Node", peer.node.to_string()).means("its number on that fabric"));
    }
    if let Some(host) = &record.host {
        let radio = match &record.details {
            ServiceDetails::Operational(operational) => operational.host_extended_address,
            ServiceDetails::Commissionable(commissionable) => commissionable.host_extended_address,
            _ => None,
        };
        let meaning = radio.map(|_| "of a Thread device, the radio's extended address; of others, a hardware address");
        rows.push(Row::new("Host", host.clone()).means(meaning.unwrap_or_default()));
    }
    rows.extend(record.port.map(|port| Row::new("Port", port.to_string())));
    rows.extend(
        record
            .addresses
            .iter()
            .map(|address| Row::new("Address", address.to_string()).means(words::address(*address))),
    );
    rows
}

/// Every string of a TXT record in its order, in words. Values are in hexadecimal digits, as a capture has them.
///
/// A value that cannot be read is shown as it came, with the reason; of equal keys only the first counts.
pub fn explain_txt(service: &str, instance: &str, txt: &[(String, Option<String>)]) -> Vec<TxtKey> {
    let mut seen = std::collections::BTreeSet::new();
    txt.iter()
        .take(super::MAX_ROWS)
        .map(|entry| {
            let mut key = explain_key(service, instance, entry);
            if !seen.insert(entry.0.to_ascii_lowercase()) {
                key.trouble = Some("given twice; the first one counts".to_owned());
            }
            key
        })
        .collect()
}

/// One string, decoded alone: what is told then is told by it. `None` where its digits are none.
fn decode_one(service: &str, instance: &str, (key, digits): &(String, Option<String>)) -> Option<(ServiceDetails, Option<String>)> {
    let bytes = match digits {
        Some(digits) => Some(crate::hex::decode(digits)?),
        None => None,
    };
    let (record, problems) = decode_service(service, instance, None, None, &[], &[(key.clone(), bytes)]);
    // What is wrong with the instance's name is not about this key.
    let trouble = problems
        .iter()
        .map(ToString::to_string)
        .find(|problem| problem.starts_with("TXT"))
        .map(|problem| words::cut(&problem));
    Some((record.details, trouble))
}

fn explain_key(service: &str, instance: &str, entry: &(String, Option<String>)) -> TxtKey {
    let (key, digits) = entry;
    let as_it_came = match digits.as_deref().map(crate::hex::decode) {
        None => "no value".to_owned(),
        Some(Some(bytes)) => words::bytes(&bytes),
        Some(None) => "not in hexadecimal digits".to_owned(),
    };
    let (told, trouble) = match decode_one(service, instance, entry) {
        Some((details, trouble)) => (told(&details), trouble),
        None => (None, Some(format!("TXT {}: the value is not in hexadecimal digits", words::cut(key)))),
    };
    let known = key_name(service, key);
    let unknown = "a key that Weft does not know";
    let (value, meaning) = match told {
        Some((value, meaning)) => (value, Some(meaning)),
        None => (as_it_came, (known.is_none() && trouble.is_none()).then(|| unknown.to_owned())),
    };
    TxtKey {
        key: words::cut(key),
        hex: digits.as_deref().map(words::cut),
        name: known.unwrap_or("Unknown key").to_owned(),
        value: words::cut(&value),
        meaning: meaning.filter(|meaning| !meaning.is_empty()).map(|meaning| words::cut(&meaning)),
        trouble,
    }
}

/// What the keys of a service type are called; keys compare without regard to case.
fn key_name(service: &str, key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    Some(match (service, key.as_str()) {
        ("_meshcop._udp" | "_meshcop-e._udp", key) => return meshcop::key_name(key),
        ("_trel._udp", "xa") => "Extended address",
        ("_trel._udp", "xp") | ("_srpl-tls._tcp", "xpanid") => "Extended PAN id",
        ("_srpl-tls._tcp", "dn" | "domain") => "Domain",
        ("_srpl-tls._tcp", "did") => "Dataset id",
        ("_srpl-tls._tcp", "pid") => "Partner id",
        ("_matter._tcp" | "_matterc._udp", "sii") => "Idle retransmission interval",
        ("_matter._tcp" | "_matterc._udp", "sai") => "Active retransmission interval",
        ("_matter._tcp" | "_matterc._udp", "sat") => "Active threshold",
        ("_matter._tcp", "t") => "TCP support",
        ("_matter._tcp", "icd") => "Long idle time",
        ("_matterc._udp", "d") => "Discriminator",
        ("_matterc._udp", "cm") => "Commissioning mode",
        ("_matterc._udp", "ph") => "Pairing hint",
        ("_matterc._udp", "pi") => "Pairing instruction",
        ("_matterc._udp" | "_matterd._udp", "vp") => "Vendor and product id",
        ("_matterc._udp" | "_matterd._udp", "dt") => "Device type",
        ("_matterc._udp" | "_matterd._udp", "dn") => "Device name",
        ("_hap._udp", "id") => "Pairing id",
        ("_hap._udp" | "_ltpdu._udp", "md") => "Model",
        ("_hap._udp", "ci") => "Category",
        ("_hap._udp", "c#") => "Configuration number",
        ("_hap._udp", "s#") => "State number",
        ("_hap._udp", "sf") => "Status flags",
        ("_hap._udp", "ff") => "Feature flags",
        ("_ltpdu._udp", "eui64") => "EUI-64",
        ("_ltpdu._udp", "srcvers") => "Software version",
        _ => return None,
    })
}

/// The one value that a record of one key tells, and what it means.
fn told(details: &ServiceDetails) -> Option<(String, String)> {
    let plain = |value: String| (value, String::new());
    let with = |value: String, meaning: &str| (value, meaning.to_owned());
    let interval = |length: u32| words::milliseconds(length.into());
    let maker = |vendor: u16, product: Option<u16>| match product {
        Some(product) => plain(format!("vendor {vendor:#06x}, product {product:#06x}")),
        None => plain(format!("vendor {vendor:#06x}")),
    };
    let device_type = |number: u32| with(format!("{number:#06x}"), super::attribute::device_type(number).unwrap_or_default());
    match details {
        ServiceDetails::BorderAgent(record) | ServiceDetails::EphemeralBorderAgent(record) => meshcop::told(record),
        ServiceDetails::Trel(record) => record
            .extended_address
            .map(|address| with(address.to_string(), "the address of its radio"))
            .or_else(|| record.extended_pan_id.map(|id| plain(id.to_string()))),
        ServiceDetails::SrpReplication(record) => record
            .domain
            .clone()
            .or_else(|| record.dataset_id.clone())
            .or_else(|| record.partner_id.clone())
            .or_else(|| record.extended_pan_id.map(|id| id.to_string()))
            .map(plain),
        ServiceDetails::Operational(record) => None
            .or_else(|| {
                record.session_idle_milliseconds.map(|length| {
                    with(
                        interval(length),
                        "how long others wait for an answer while it sleeps: large for a sleepy device",
                    )
                })
            })
            .or_else(|| {
                record
                    .session_active_milliseconds
                    .map(|length| with(interval(length), "how long others wait for an answer while it is awake"))
            })
            .or_else(|| {
                record
                    .session_active_threshold_milliseconds
                    .map(|length| with(interval(length), "how long it stays awake after activity"))
            })
            .or_else(|| {
                record
                    .tcp
                    .map(|bits| with(bits.to_string(), if bits & 6 == 0 { "UDP only" } else { "it also speaks TCP" }))
            })
            .or_else(|| {
                record
                    .long_idle_time
                    .map(|is_long| with(words::yes(is_long).into(), "it may sleep for minutes or hours"))
            }),
        ServiceDetails::Commissionable(record) => None
            .or_else(|| {
                record.discriminator.map(|number| {
                    with(
                        number.to_string(),
                        "tells devices apart that wait for commissioning; part of the setup code",
                    )
                })
            })
            .or_else(|| record.vendor_id.map(|vendor| maker(vendor, record.product_id)))
            .or_else(|| record.device_type.map(device_type))
            .or_else(|| record.device_name.clone().map(plain))
            .or_else(|| {
                record.commissioning_mode.map(|mode| {
                    with(
                        mode.to_string(),
                        match mode {
                            0 => "not in commissioning mode",
                            1 => "waits with the code on its label",
                            2 => "waits with a code that another app shows",
                            _ => "waits with a code, jointly",
                        },
                    )
                })
            })
            .or_else(|| record.pairing_hint.map(|bits| plain(format!("{bits:#x}"))))
            .or_else(|| record.pairing_instruction.clone().map(plain))
            .or_else(|| record.session_idle_milliseconds.map(|length| plain(interval(length))))
            .or_else(|| record.session_active_milliseconds.map(|length| plain(interval(length))))
            .or_else(|| record.session_active_threshold_milliseconds.map(|length| plain(interval(length)))),
        ServiceDetails::Commissioner(record) => None
            .or_else(|| record.vendor_id.map(|vendor| maker(vendor, record.product_id)))
            .or_else(|| record.device_type.map(device_type))
            .or_else(|| record.device_name.clone().map(plain)),
        ServiceDetails::Hap(record) => None
            .or_else(|| {
                record
                    .id
                    .clone()
                    .map(|id| with(id, "tells accessories apart; not an address of its radio"))
            })
            .or_else(|| record.model.clone().map(plain))
            .or_else(|| record.category.map(|category| with(category.to_string(), "which kind of accessory")))
            .or_else(|| {
                record
                    .configuration_number
                    .map(|number| with(number.to_string(), "grows when its services change"))
            })
            .or_else(|| record.state_number.map(|number| with(number.to_string(), "grows when its state changes")))
            .or_else(|| {
                record
                    .status_flags
                    .map(|bits| with(format!("{bits:#04x}"), if bits & 1 == 0 { "paired" } else { "not paired" }))
            })
            .or_else(|| record.feature_flags.map(|bits| plain(format!("{bits:#04x}")))),
        ServiceDetails::LedProtocol(record) => None
            .or_else(|| {
                record
                    .eui64
                    .map(|eui64| with(eui64.to_string(), "given by the factory; not the radio's address in the mesh"))
            })
            .or_else(|| record.model.clone().map(plain))
            .or_else(|| record.software_version.clone().map(plain)),
        ServiceDetails::Other => None,
    }
    .map(|(value, meaning)| (fact::quoted(&value), meaning))
}
