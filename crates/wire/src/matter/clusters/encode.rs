//! From facts to the attributes that say them: what simulated devices and peers answer.

use super::statement::MAX_TEXT_BYTES;
use super::{DESCRIPTOR, KINDS, THREAD_BORDER_ROUTER_MANAGEMENT};
use super::{border_router, descriptor, general_diagnostics, mesh_tables, power_source, thread_network_diagnostics};
use weft_model::{AttributeValue, Fact, FactKind, PowerSource, Rloc16};

/// The cluster, attribute and value that say `fact`; [`decode_value`](super::decode_value) gives it back.
///
/// `None` for facts that no single attribute says (hardware and IPv6 addresses stand in [`Fact::NetworkInterfaces`], a power source in several attributes, see
/// [`encode_power_source`]), that Matter does not know, and for a text that is too long. Device types are those of one endpoint.
pub fn encode_fact(fact: &Fact) -> Option<(u32, u32, AttributeValue)> {
    let number = |number: u64| AttributeValue::Unsigned(number);
    let text = |text: &String| (text.len() <= MAX_TEXT_BYTES).then(|| AttributeValue::Text(text.clone()));
    let value = match fact {
        Fact::Attribute(path, value) => return Some((path.cluster, path.attribute, value.clone())),
        Fact::DeviceTypes(types) => {
            return Some((
                DESCRIPTOR,
                0,
                descriptor::encode_device_types(types.iter().map(|device_type| (*device_type, 1))),
            ));
        }
        Fact::Null(FactKind::Attribute(path)) => return Some((path.cluster, path.attribute, AttributeValue::Null)),
        Fact::Null(_) => AttributeValue::Null,
        Fact::Channel(channel) => number(channel.get().into()),
        Fact::RoutingRole(role) => number(thread_network_diagnostics::routing_role_number(*role)?.into()),
        Fact::NetworkName(name) => text(name)?,
        Fact::PanId(id) => number(id.0.into()),
        Fact::ExtendedPanId(id) => number(id.as_u64()),
        Fact::MeshLocalPrefix(prefix) => AttributeValue::Octets(thread_network_diagnostics::mesh_local_prefix_octets(*prefix)),
        Fact::NeighborTable(rows) => mesh_tables::encode_neighbors(rows),
        Fact::RouteTable(rows) => mesh_tables::encode_routes(rows),
        Fact::PartitionId(id) => number(id.0.into()),
        Fact::LeaderRouterId(id) => number(id.get().into()),
        Fact::ActiveTimestamp(timestamp) | Fact::PendingTimestamp(timestamp) => number(*timestamp),
        Fact::ExtendedAddress(address) => number(address.as_u64()),
        Fact::Rloc16(rloc16) => number(rloc16.map_or(mesh_tables::NO_RLOC16, Rloc16::get).into()),
        Fact::NetworkInterfaces(interfaces) => general_diagnostics::encode_interfaces(interfaces),
        Fact::VendorName(name) | Fact::ModelName(name) | Fact::NodeLabel(name) => text(name)?,
        Fact::SoftwareVersion(value) | Fact::SerialNumber(value) | Fact::UniqueId(value) => text(value)?,
        Fact::VendorId(id) | Fact::ProductId(id) | Fact::ThreadVersion(id) => number((*id).into()),
        Fact::BorderAgentId(id) => AttributeValue::Octets(id.0.to_vec()),
        Fact::PreferredExtendedPanId(id) => AttributeValue::Octets(id.0.to_vec()),
        Fact::ThreadNetworks(networks) => border_router::encode_networks(networks),
        _ => return None,
    };
    let kind = fact.kind();
    let (cluster, attribute, _) = KINDS.iter().find(|(_, _, known)| *known == kind)?;
    Some((*cluster, *attribute, value))
}

/// The attributes of the Power Source cluster that say `source`: attribute and value.
pub fn encode_power_source(source: &PowerSource) -> Vec<(u32, AttributeValue)> {
    power_source::encode(source)
}

/// Name and dataset timestamps as a border router's own cluster says them: cluster, attribute and value.
pub fn encode_border_router_fact(fact: &Fact) -> Option<(u32, u32, AttributeValue)> {
    let (_, _, value) = encode_fact(fact)?;
    let kind = fact.kind();
    let (_, attribute, _) = KINDS
        .iter()
        .find(|(known, _, of)| *known == THREAD_BORDER_ROUTER_MANAGEMENT && *of == kind)?;
    Some((THREAD_BORDER_ROUTER_MANAGEMENT, *attribute, value))
}

#[cfg(test)]
mod tests {
    use super::super::general_diagnostics::tests::any_interfaces;
    use super::super::mesh_tables::tests::{any_neighbors, any_routes};
    use super::*;
    use crate::matter::clusters::tests::path;
    use crate::matter::{decode_attribute, tlv};
    use proptest::prelude::*;
    use weft_model::{BorderAgentId, Channel, ExtendedAddress, ExtendedPanId, MeshLocalPrefix, PanId, PartitionId, RouterId, RoutingRole};

    fn any_text() -> impl Strategy<Value = String> {
        "[^\u{1f}]{1,60}".prop_filter("as long as it may be", |text| text.len() <= MAX_TEXT_BYTES)
    }

    fn any_fact() -> impl Strategy<Value = Fact> {
        prop_oneof![
            (11u16..=26).prop_map(|channel| Fact::Channel(Channel::new(channel).unwrap())),
            (1u8..=6).prop_map(|role| Fact::RoutingRole(
                [
                    RoutingRole::Detached,
                    RoutingRole::SleepyEndDevice,
                    RoutingRole::EndDevice,
                    RoutingRole::Reed,
                    RoutingRole::Router,
                    RoutingRole::Leader
                ][usize::from(role - 1)]
            )),
            (7u8..).prop_map(|role| Fact::RoutingRole(RoutingRole::Unknown(role))),
            (0u16..0xffff).prop_map(|id| Fact::PanId(PanId(id))),
            (1..u64::MAX).prop_map(|id| Fact::ExtendedPanId(ExtendedPanId::from_u64(id))),
            (1..u64::MAX).prop_map(|id| Fact::ExtendedAddress(ExtendedAddress::from_u64(id))),
            any::<[u8; 8]>().prop_map(|prefix| Fact::MeshLocalPrefix(MeshLocalPrefix(prefix))),
            (1u32..).prop_map(|id| Fact::PartitionId(PartitionId(id))),
            (0u8..=62).prop_map(|id| Fact::LeaderRouterId(RouterId::new(id).unwrap())),
            any::<u64>().prop_map(Fact::ActiveTimestamp),
            any::<u64>().prop_map(Fact::PendingTimestamp),
            any::<u16>().prop_map(|rloc16| Fact::Rloc16(Rloc16::new(rloc16))),
            any_text().prop_map(Fact::NetworkName),
            any_text().prop_map(Fact::VendorName),
            any_text().prop_map(Fact::ModelName),
            any_text().prop_map(Fact::NodeLabel),
            any_text().prop_map(Fact::SoftwareVersion),
            any_text().prop_map(Fact::SerialNumber),
            any_text().prop_map(Fact::UniqueId),
            any::<u16>().prop_map(Fact::VendorId),
            any::<u16>().prop_map(Fact::ProductId),
            any::<u16>().prop_map(Fact::ThreadVersion),
            any::<[u8; 16]>()
                .prop_filter("not zero", |id| *id != [0; 16])
                .prop_map(|id| Fact::BorderAgentId(BorderAgentId(id))),
            any::<[u8; 8]>().prop_map(|id| Fact::PreferredExtendedPanId(ExtendedPanId(id))),
            any_neighbors().prop_map(Fact::NeighborTable),
            any_routes().prop_map(Fact::RouteTable),
            any_interfaces().prop_map(Fact::NetworkInterfaces),
            prop::sample::select(KINDS.to_vec()).prop_map(|(_, _, kind)| Fact::Null(kind)),
        ]
    }

    proptest! {
        #[test]
        fn what_a_fact_is_encoded_to_says_that_fact(fact in any_fact()) {
            let (cluster, attribute, value) = encode_fact(&fact).unwrap();
            let decoded = decode_attribute(path(cluster, attribute), &tlv::encode(&value));
            prop_assert!(decoded.facts.contains(&fact), "{:?}", decoded);
            prop_assert_eq!(decoded.incomplete, Vec::new());
        }
    }

    #[test]
    fn facts_of_other_protocols_have_no_attribute() {
        assert_eq!(encode_fact(&Fact::BatteryPercent(50)), None);
        assert_eq!(encode_fact(&Fact::Null(FactKind::Route64)), None);
        assert_eq!(encode_fact(&Fact::Refused(FactKind::NeighborTable, 0x86)), None);
        assert_eq!(encode_fact(&Fact::HardwareAddress([1; 8])), None);
    }

    #[test]
    fn a_border_router_says_its_name_in_its_own_cluster() {
        let (cluster, attribute, _) = encode_border_router_fact(&Fact::NodeLabel("BR".into())).unwrap();
        assert_eq!((cluster, attribute), (0x452, 0));
        assert_eq!(encode_border_router_fact(&Fact::VendorId(1)), None);
    }
}
