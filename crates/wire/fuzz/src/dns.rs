//! DNS-SD: recorded multicast DNS packets and TXT records.

use std::net::{IpAddr, Ipv6Addr};
use weft_model::Timestamp;
use weft_wire::dns::packet::{self, MAX_MESSAGE_BYTES};
use weft_wire::dns::txt::{self, MAX_STRING_BYTES};
use weft_wire::dns::{SERVICE_TYPE_ENUMERATION, SERVICE_TYPES, ServiceEvent, ServiceEvents, decode_service, encode_txt};

/// A message is read, written, read again, and heard three times; what that announces is decoded.
pub fn dns_packet(data: &[u8]) {
    let Ok(message) = packet::parse(data) else { return };
    let written = packet::write(&message);
    if written.len() <= MAX_MESSAGE_BYTES {
        let again = packet::parse(&written).expect("what was written is read");
        assert_eq!((again.questions, again.records), (message.questions.clone(), message.records.clone()));
    }
    let mut services = ServiceEvents::new();
    for seconds in [0, 1, 4000] {
        let now = Timestamp::MIN.plus_seconds(seconds);
        services.expire(now);
        for event in services.apply(now, &message) {
            if let ServiceEvent::Resolved {
                service,
                instance,
                host,
                port,
                addresses,
                txt,
                ..
            } = event
            {
                decode_service(&service, &instance, host.as_deref(), port, &addresses, &txt);
            }
        }
    }
    services.expire(Timestamp::MAX);
    assert!(services.is_empty());
}

/// The first byte chooses the service type; the rest is the data of a TXT record. The first string is also instance and host.
pub fn dns_txt(data: &[u8]) {
    let Some((&choice, mut rest)) = data.split_first() else { return };
    let service = SERVICE_TYPES.get(usize::from(choice)).unwrap_or(&SERVICE_TYPE_ENUMERATION);
    let mut strings = Vec::new();
    while let Some((&length, after)) = rest.split_first() {
        let (string, after) = after.split_at(usize::from(length).min(after.len()));
        strings.push(string.to_vec());
        rest = after;
    }
    let name = strings
        .first()
        .map(|string| String::from_utf8_lossy(string).into_owned())
        .unwrap_or_default();
    let address = [IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let (record, _) = decode_service(service, &name, Some(&name), Some(1), &address, &txt::entries(&strings));
    for (key, value) in encode_txt(&record.details) {
        assert!(key.len() + value.map_or(0, |value| 1 + value.len()) <= MAX_STRING_BYTES, "{key}");
    }
}
