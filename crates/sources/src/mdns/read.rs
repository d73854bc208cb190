//! From mdns-sd's types to ours.

use crate::directory::{AgentService, AnnouncedAgent, Commissionable, Located, order};
use mdns_sd::{ResolvedService, ScopedIp, TxtProperties};
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use weft_model::{Ipv6Prefix, MatterPeer, ServiceDetails};
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

/// The type that a subtype belongs to: what mdns-sd finds by `_CM._sub._matterc._udp.local.` has that as its type, and a full name without it.
pub(super) fn plain_type(service: &str) -> &str {
    service.rsplit_once("._sub.").map_or(service, |(_, plain)| plain)
}

/// The instance of a service, from the type or subtype and the full name as mdns-sd gives them: unescaped.
pub(super) fn key(service: &str, full_name: &str) -> Option<Key> {
    let service = plain_type(service);
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

/// What the directory wants to know of an instance.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Listed {
    Operational(MatterPeer, Located),
    Commissionable(Commissionable),
    BorderAgent(String, AgentService, Box<AnnouncedAgent>),
}

/// A resolved instance as the directory lists it; `None` for types that it does not list, and names that are none.
#[allow(clippy::disallowed_methods)] // The addresses come as a hash set, and are sorted at once.
pub(super) fn listed(service: &ResolvedService) -> Option<Listed> {
    let (service_type, instance) = key(&service.ty_domain, &service.fullname)?;
    let addresses = order(
        service
            .addresses
            .iter()
            .filter_map(|address| socket_address(address, service.port))
            .collect(),
    );
    let mut listed = listing(&service_type, &instance, addresses, &service.txt_properties);
    if let Some(Listed::BorderAgent(_, _, agent)) = &mut listed {
        agent.host = (!service.host.is_empty()).then(|| service.host.trim_end_matches('.').to_owned());
    }
    listed
}

fn listing(service_type: &str, instance: &str, addresses: Vec<SocketAddr>, txt: &TxtProperties) -> Option<Listed> {
    let (record, _) = decode_service(service_type, instance, None, None, &[], &entries(txt));
    match record.details {
        ServiceDetails::Operational(record) => {
            let located = Located {
                addresses,
                idle_milliseconds: record.session_idle_milliseconds,
                active_milliseconds: record.session_active_milliseconds,
                active_threshold_milliseconds: record.session_active_threshold_milliseconds,
                long_idle: record.long_idle_time == Some(true),
                tcp: record.tcp,
            };
            Some(Listed::Operational(record.peer?, located))
        }
        ServiceDetails::Commissionable(record) => Some(Listed::Commissionable(Commissionable {
            instance: instance.to_owned(),
            located: Located {
                addresses,
                idle_milliseconds: record.session_idle_milliseconds,
                active_milliseconds: record.session_active_milliseconds,
                active_threshold_milliseconds: record.session_active_threshold_milliseconds,
                long_idle: record.other.iter().any(|(key, value)| key == "ICD" && value.as_deref() == Some(b"1")),
                tcp: None,
            },
            discriminator: record.discriminator?,
            vendor_id: record.vendor_id,
            product_id: record.product_id,
            name: record.device_name,
            // Without the key it is 0 (Matter core specification, 4.3.1.7).
            commissioning_mode: record.commissioning_mode.unwrap_or(0),
            pairing_hint: record.pairing_hint,
            pairing_instruction: record.pairing_instruction,
        })),
        ServiceDetails::BorderAgent(record) | ServiceDetails::EphemeralBorderAgent(record) => {
            let announced = AnnouncedAgent {
                host: None,
                addresses,
                record: *record,
            };
            Some(Listed::BorderAgent(
                instance.to_owned(),
                agent_service(service_type)?,
                Box::new(announced),
            ))
        }
        _ => None,
    }
}

/// Which service of a border agent a type is.
pub(super) fn agent_service(service_type: &str) -> Option<AgentService> {
    match service_type {
        _ if service_type.starts_with("_meshcop._udp.") => Some(AgentService::Lasting),
        _ if service_type.starts_with("_meshcop-e._udp.") => Some(AgentService::Passcode),
        _ => None,
    }
}

/// Whom the directory lists under this key.
pub(super) fn operational_peer((service_type, instance): &Key) -> Option<MatterPeer> {
    if service_type.starts_with("_matter._tcp.") {
        instance.parse().ok()
    } else {
        None
    }
}

fn socket_address(address: &ScopedIp, port: u16) -> Option<SocketAddr> {
    match address {
        ScopedIp::V4(v4) => Some(SocketAddr::new((*v4.addr()).into(), port)),
        ScopedIp::V6(v6) => {
            let scope = if v6.addr().is_unicast_link_local() { v6.scope_id().index } else { 0 };
            Some(SocketAddrV6::new(*v6.addr(), port, 0, scope).into())
        }
        _ => None,
    }
}

fn entries(txt: &TxtProperties) -> TxtEntries {
    txt.iter()
        .map(|property| (property.key().to_owned(), property.val().map(<[u8]>::to_vec)))
        .collect()
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
    match decode_service(&key.0, &key.1, None, None, &[], &entries(txt)).0.details {
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

    #[test]
    fn what_a_subtype_gives_is_the_same_instance() {
        let plain = key("_matterc._udp.local.", "DD200C20D25AE5F7._matterc._udp.local.");
        for subtype in ["_CM", "_L3840", "_S15", "_V65521"] {
            let by_subtype = key(&format!("{subtype}._sub._matterc._udp.local."), "DD200C20D25AE5F7._matterc._udp.local.");
            assert_eq!(by_subtype, plain);
        }
        assert!(plain.is_some());
    }

    #[test]
    fn an_operational_node_is_listed_with_its_patience() {
        // Strings of a sleepy device's TXT record.
        let txt = TxtProperties::from(&b"\x08SII=5000\x07SAI=300\x08SAT=4000\x05ICD=0\x03T=0"[..]);
        let instance = "2906C908D115D362-8FC7772401CD0696";
        let addresses = order(vec!["[fd00::1]:5540".parse().unwrap()]);
        let Some(Listed::Operational(peer, located)) = listing("_matter._tcp.local.", instance, addresses.clone(), &txt) else {
            panic!("not listed")
        };
        assert_eq!(peer.to_string(), instance);
        let expected = Located {
            addresses,
            idle_milliseconds: Some(5000),
            active_milliseconds: Some(300),
            active_threshold_milliseconds: Some(4000),
            long_idle: false,
            tcp: Some(0),
        };
        assert_eq!(located, expected);
        assert_eq!(operational_peer(&("_matter._tcp.local.".to_owned(), instance.to_owned())), Some(peer));
        assert_eq!(operational_peer(&("_trel._udp.local.".to_owned(), instance.to_owned())), None);
        assert_eq!(listing("_matter._tcp.local.", "not a node", Vec::new(), &txt), None);
        assert_eq!(listing("_http._tcp.local.", instance, Vec::new(), &txt), None);
    }

    #[test]
    fn a_device_that_can_be_commissioned_is_listed_with_its_discriminator() {
        // Strings as the Matter core specification has them in its examples (4.3.1).
        let txt = TxtProperties::from(&b"\x06D=3840\x0cVP=65521+123\x04CM=2\x08DN=Blind\x05PH=33\x05ICD=1\x08SII=5000"[..]);
        let listed = listing("_matterc._udp.local.", "DD200C20D25AE5F7", Vec::new(), &txt);
        let Some(Listed::Commissionable(found)) = listed else {
            panic!("{listed:?}")
        };
        assert_eq!(
            (found.instance.as_str(), found.discriminator, found.commissioning_mode),
            ("DD200C20D25AE5F7", 3840, 2)
        );
        assert_eq!(
            (found.vendor_id, found.product_id, found.pairing_hint),
            (Some(65521), Some(123), Some(33))
        );
        assert_eq!((found.located.idle_milliseconds, found.located.long_idle), (Some(5000), true));
        let without = TxtProperties::from(&b"\x04CM=1"[..]);
        assert_eq!(
            listing("_matterc._udp.local.", "X", Vec::new(), &without),
            None,
            "nobody could choose it by its code"
        );
    }

    #[test]
    fn a_border_agent_is_listed_by_either_service() {
        let txt = TxtProperties::from(&b"\x04rv=1\x07nn=Home\x0bxp=\x11\x11\x11\x11\x22\x22\x22\x22\x0bat=\0\0\0\0\0\x01\0\0"[..]);
        let addresses = order(vec!["[fe80::1%3]:49154".parse().unwrap(), "192.0.2.9:49154".parse().unwrap()]);
        let Some(Listed::BorderAgent(instance, service, agent)) = listing("_meshcop._udp.local.", "Hall hub", addresses.clone(), &txt) else {
            panic!("not listed")
        };
        assert_eq!(
            (instance.as_str(), service, &agent.addresses),
            ("Hall hub", AgentService::Lasting, &addresses)
        );
        assert_eq!(agent.record.network_name.as_deref(), Some("Home"));
        assert_eq!(agent.record.extended_pan_id, Some("1111111122222222".parse().unwrap()));
        assert_eq!(agent.record.active_timestamp, Some(0x1_0000));
        let empty = TxtProperties::from(&b"\0"[..]);
        let listed = listing("_meshcop-e._udp.local.", "Hall hub", addresses, &empty);
        assert!(matches!(listed, Some(Listed::BorderAgent(_, AgentService::Passcode, _))), "{listed:?}");
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(value in prop::collection::vec(any::<u8>(), 0..40), name in ".{0,80}") {
            let _ = omr_prefix(&("_meshcop._udp.local.".to_owned(), name.clone()), &TxtProperties::from(&value[..]));
            let _ = key("_hap._udp.local.", &name);
            let _ = service_type(&name);
            for service in ["_matter._tcp.local.", "_matterc._udp.local.", "_meshcop._udp.local."] {
                let _ = listing(service, &name, Vec::new(), &TxtProperties::from(&value[..]));
            }
            prop_assert_eq!(hexadecimal(&value).len(), value.len() * 2);
        }
    }
}
