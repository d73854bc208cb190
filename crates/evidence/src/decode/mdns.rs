//! `mdns`: service instances on the LAN.

use super::{DecodedCapture, Statement};
use crate::capture::{Capture, MdnsCapture};
use crate::hex;
use crate::observation::{Hearing, Reporter};
use std::net::IpAddr;
use std::sync::Arc;
use weft_model::{ExtendedPanId, Fact, ServiceDetails};
use weft_wire::Problem;
use weft_wire::dns::{SERVICE_TYPE_ENUMERATION, TxtEntries, decode_service};

/// For how long a registration is good whose time to live was not recorded (RFC 6762, section 10, for records without a host name).
pub const DEFAULT_TTL_SECONDS: u32 = 4500;

pub(super) fn decode(capture: &Capture, body: &MdnsCapture, decoded: &mut DecodedCapture) {
    match body {
        MdnsCapture::Resolved {
            service,
            instance,
            host,
            port,
            addresses,
            txt,
            ttl_seconds,
        } => {
            let addresses = addresses.iter().filter_map(|text| address(text, decoded)).collect::<Vec<_>>();
            let txt = txt
                .iter()
                .filter_map(|(key, value)| entry(key, value.as_deref(), decoded))
                .collect::<TxtEntries>();
            let (record, problems) = decode_service(service, instance, host.as_deref(), *port, &addresses, &txt);
            decoded.problems.extend(problems);
            let network = network_of(&record.details);
            let reporter = Reporter::Service {
                service: Arc::from(record.service.as_str()),
                instance: Arc::from(record.instance.as_str()),
            };
            let fact = match is_enumeration(service) {
                true => Fact::ServiceType(record.instance),
                false => Fact::Service(Box::new(record)),
            };
            let hearing = Hearing::Lan {
                ttl_seconds: ttl_seconds.unwrap_or(DEFAULT_TTL_SECONDS),
            };
            Statement::now(capture, reporter, network, hearing).say([fact], &[], decoded);
        }
        MdnsCapture::Removed { service, instance } => decoded.removed.push(registration(service, instance)),
    }
}

/// A registration by the spelling that a resolved one has.
pub(super) fn registration(service: &str, instance: &str) -> Reporter {
    let (record, _) = decode_service(service, instance, None, None, &[], &[]);
    Reporter::Service {
        service: record.service.into(),
        instance: record.instance.into(),
    }
}

/// True where an instance of this service type is a service type itself.
pub(crate) fn is_enumeration(service: &str) -> bool {
    let trim = |text: &str| text.trim_end_matches('.').to_ascii_lowercase();
    trim(service) == trim(SERVICE_TYPE_ENUMERATION)
}

/// An address without its scope.
fn address(text: &str, decoded: &mut DecodedCapture) -> Option<IpAddr> {
    let address = text.split('%').next().unwrap_or_default().parse().ok();
    if address.is_none() {
        let shown: String = text.chars().take(64).collect();
        decoded.problem(Problem::of("addresses", format!("{shown:?} is no address")));
    }
    address
}

fn entry(key: &str, value: Option<&str>, decoded: &mut DecodedCapture) -> Option<(String, Option<Vec<u8>>)> {
    let Some(digits) = value else { return Some((key.to_owned(), None)) };
    match hex::decode(digits) {
        Some(bytes) => Some((key.to_owned(), Some(bytes))),
        None => {
            let shown: String = key.chars().take(64).collect();
            decoded.problem(Problem::of(format!("TXT {shown}"), "the value is not in hexadecimal digits"));
            None
        }
    }
}

fn network_of(details: &ServiceDetails) -> Option<ExtendedPanId> {
    match details {
        ServiceDetails::BorderAgent(record) | ServiceDetails::EphemeralBorderAgent(record) => record.extended_pan_id,
        ServiceDetails::Trel(record) => record.extended_pan_id,
        ServiceDetails::SrpReplication(record) => record.extended_pan_id,
        _ => None,
    }
}
