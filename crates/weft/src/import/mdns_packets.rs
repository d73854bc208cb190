//! `mdns-packets`: JSON lines of multicast DNS packets, as service instances that came and went.

use super::Imported;
use super::lines::{self, Time};
use anyhow::Result;
use serde::Deserialize;
use std::path::PathBuf;
use weft_evidence::{CaptureBody, MdnsCapture};
use weft_model::Timestamp;
use weft_wire::dns::{SERVICE_TYPE_ENUMERATION, ServiceEvent, ServiceEvents, parse, unescape_label};

/// The longest packet: a UDP datagram of IPv6 without jumbograms.
const MAX_PACKET_BYTES: usize = 65_535;

/// One packet. Where it was heard from is not needed: what it says names its devices.
#[derive(Debug, Deserialize)]
struct Packet {
    t: Option<Time>,
    hex: String,
}

/// Reads the files. The packets of all of them are one conversation.
///
/// # Errors
/// Where one cannot be opened.
pub(super) fn read(files: &[PathBuf], at: Option<Timestamp>) -> Result<Imported> {
    let mut imported = Imported::default();
    let mut messages = Vec::new();
    for file in files {
        lines::read(file, &mut imported, |packet: Packet, _| {
            let moment = lines::moment_of(packet.t.as_ref(), at)?;
            let bytes = lines::hex_bytes(&packet.hex).ok_or("\"hex\" is not pairs of hexadecimal digits")?;
            if bytes.len() > MAX_PACKET_BYTES {
                return Err(format!("a packet of {} bytes; {MAX_PACKET_BYTES} is the most", bytes.len()));
            }
            let message = parse(&bytes).map_err(|error| format!("no DNS message: {error}"))?;
            messages.push((moment, message));
            Ok(())
        })?;
    }
    messages.sort_by_key(|(moment, _)| *moment);
    let mut services = ServiceEvents::new();
    for (moment, message) in messages {
        let ended = services.expire(moment);
        for event in ended.into_iter().chain(services.apply(moment, &message)) {
            imported.keep(moment, CaptureBody::Mdns(capture(event)));
        }
    }
    Ok(imported)
}

fn capture(event: ServiceEvent) -> MdnsCapture {
    match event {
        ServiceEvent::Resolved {
            service,
            instance,
            host,
            port,
            addresses,
            txt,
            ttl_seconds,
        } => MdnsCapture::Resolved {
            service,
            instance: unescaped(&instance),
            host,
            port,
            addresses: addresses.iter().map(ToString::to_string).collect(),
            txt: txt.into_iter().map(|(key, value)| (key, value.map(|value| hex_digits(&value)))).collect(),
            ttl_seconds: Some(ttl_seconds),
        },
        ServiceEvent::Removed { service, instance } => MdnsCapture::Removed {
            service,
            instance: unescaped(&instance),
        },
        ServiceEvent::ServiceType { service } => MdnsCapture::Resolved {
            service: SERVICE_TYPE_ENUMERATION.to_owned(),
            instance: service,
            host: None,
            port: None,
            addresses: Vec::new(),
            txt: Vec::new(),
            ttl_seconds: None,
        },
    }
}

fn unescaped(label: &str) -> String {
    String::from_utf8_lossy(&unescape_label(label)).into_owned()
}

fn hex_digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
