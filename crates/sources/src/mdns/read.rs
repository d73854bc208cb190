//! From mdns-sd's types to ours.

use mdns_sd::{ResolvedService, ScopedIp, TxtProperties};
use std::net::Ipv6Addr;
use weft_model::{Ipv6Prefix, ServiceDetails};
use weft_wire::dns::{TxtEntries, decode_service, escape_label};

/// Addresses of one instance that are kept.
const MAX_ADDRESSES: usize = 64;
/// The longest name of DNS.
const MAX_NAME_BYTES: usize = 255;

/// Service type with domain, and instance label with dots escaped.
pub(super) type Key = (String, String);

/// What is known of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registration {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    /// As text, link-local ones with their scope; sorted.
    pub(super) addresses: Vec<String>,
    /// Those that may lie in an off-mesh-routable prefix.
    pub(super) routable: Vec<Ipv6Addr>,
    /// Keys and values in hexadecimal digits.
    pub(super) txt: Vec<(String, Option<String>)>,
    /// The off-mesh-routable prefix that a border router announces.
    pub(super) omr_prefix: Option<Ipv6Prefix>,
}

/// The instance of a service, from the type and the full name as mdns-sd gives them: unescaped.
pub(super) fn key(service: &str, full_name: &str) -> Option<Key> {
    let label = full_name.strip_suffix(service)?.strip_suffix('.')?;
    (!label.is_empty() && full_name.len() <= MAX_NAME_BYTES).then(|| (service.to_owned(), escape_label(label.as_bytes())))
}

/// A service type that the enumeration names: `_esphomelib._tcp.local.`; `None` for subtypes and anything else.
pub(super) fn service_type(target: &str) -> Option<String> {
    let target = target.to_ascii_lowercase();
    let name = target.strip_suffix("._tcp.local.").or_else(|| target.strip_suffix("._udp.local."))?;
    let is_type = name.starts_with('_') && name.len() > 1 && name.len() < 64 && !name.contains('.');
    is_type.then_some(target)
}

/// A resolved instance.
#[allow(clippy::disallowed_methods)] // The addresses come as a hash set, and are sorted at once.
pub(super) fn registration(service: &ResolvedService) -> Option<(Key, Registration)> {
    let key = key(&service.ty_domain, &service.fullname)?;
    let mut addresses: Vec<(std::net::IpAddr, String)> = service.addresses.iter().filter_map(address).collect();
    addresses.sort();
    addresses.dedup();
    addresses.truncate(MAX_ADDRESSES);
    let routable = addresses.iter().filter_map(|(address, _)| match address {
        std::net::IpAddr::V6(address) if !address.is_unicast_link_local() => Some(*address),
        _ => None,
    });
    let registration = Registration {
        host: (!service.host.is_empty()).then(|| service.host.clone()),
        port: Some(service.port),
        routable: routable.collect(),
        addresses: addresses.into_iter().map(|(_, text)| text).collect(),
        txt: service
            .txt_properties
            .iter()
            .map(|property| (property.key().to_owned(), property.val().map(hexadecimal)))
            .collect(),
        omr_prefix: omr_prefix(&key, &service.txt_properties),
    };
    Some((key, registration))
}

fn address(address: &ScopedIp) -> Option<(std::net::IpAddr, String)> {
    match address {
        ScopedIp::V4(v4) => Some(((*v4.addr()).into(), v4.addr().to_string())),
        ScopedIp::V6(v6) => {
            let scope = &v6.scope_id().name;
            let is_scoped = v6.addr().is_unicast_link_local() && !scope.is_empty();
            Some((
                (*v6.addr()).into(),
                if is_scoped {
                    format!("{}%{scope}", v6.addr())
                } else {
                    v6.addr().to_string()
                },
            ))
        }
        _ => None,
    }
}

/// The off-mesh-routable prefix that a border router announces.
fn omr_prefix(key: &Key, txt: &TxtProperties) -> Option<Ipv6Prefix> {
    let txt: TxtEntries = txt
        .iter()
        .map(|property| (property.key().to_owned(), property.val().map(<[u8]>::to_vec)))
        .collect();
    match decode_service(&key.0, &key.1, None, None, &[], &txt).0.details {
        ServiceDetails::BorderAgent(agent) => agent.omr_prefix,
        _ => None,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_type_and_label_with_dots_escaped() {
        let service = "_meshcop._udp.local.";
        assert_eq!(
            key(service, "Hall. 2nd\\floor._meshcop._udp.local."),
            Some((service.to_owned(), "Hall\\. 2nd\\\\floor".to_owned()))
        );
        for name in ["", "_meshcop._udp.local.", "._meshcop._udp.local.", "x._trel._udp.local."] {
            assert_eq!(key(service, name), None, "{name:?}");
        }
    }

    #[test]
    fn only_service_types_are_browsed() {
        assert_eq!(service_type("_esphomelib._TCP.local.").as_deref(), Some("_esphomelib._tcp.local."));
        for target in [
            "",
            "_tcp.local.",
            "_x._sub._hap._udp.local.",
            "printer._ipp._tcp.local.",
            "_hap._udp.",
            "_._udp.local.",
        ] {
            assert_eq!(service_type(target), None, "{target:?}");
        }
    }

    #[test]
    fn the_prefix_of_a_border_router_is_read_and_nobody_elses() {
        // Strings of an otbr-agent's TXT record: `rv=1` and `omr=` with 64 bits of fd4b:dff1:338f:1::.
        let txt = TxtProperties::from(&b"\x04rv=1\x0domr=\x40\xfd\x4b\xdf\xf1\x33\x8f\x00\x01"[..]);
        let prefix = |service: &str| omr_prefix(&(service.to_owned(), "hall".to_owned()), &txt);
        assert_eq!(prefix("_meshcop._udp.local."), Some("fd4b:dff1:338f:1::/64".parse().unwrap()));
        assert_eq!(prefix("_http._tcp.local."), None);
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(value in prop::collection::vec(any::<u8>(), 0..40), name in ".{0,80}") {
            let _ = omr_prefix(&("_meshcop._udp.local.".to_owned(), name.clone()), &TxtProperties::from(&value[..]));
            let _ = key("_hap._udp.local.", &name);
            let _ = service_type(&name);
            prop_assert_eq!(hexadecimal(&value).len(), value.len() * 2);
        }
    }
}
