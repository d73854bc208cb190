//! Thread Network Diagnostics, 0x0035, through cluster revision 3 (Matter core specification 1.4, 11.14).
//!
//! Devices on top of a border router's D-Bus interface answer 0 where they know nothing; where 0 is no value that a Thread network has (channel, extended PAN
//! id, partition id), it is read as null. The first SDK releases with ExtAddress (0x3f) gave it in the byte order of the host; that cannot be told from here.

use super::mesh_tables::{self, NO_RLOC16};
use super::statement::{Statement, list, number, shape, unsigned};
use std::borrow::Cow;
use weft_model::{
    AttributeValue, Channel, ExtendedAddress, ExtendedPanId, Fact, FactKind, MeshLocalPrefix, PanId, PartitionId, Rloc16, RouterId, RoutingRole,
};

/// The PAN id that means "none" (IEEE 802.15.4 broadcast).
const NO_PAN_ID: u16 = 0xffff;
/// Bytes and bits of a mesh-local prefix.
const PREFIX_BYTES: usize = 8;
const PREFIX_BITS: u8 = 64;

pub(super) fn decode(statement: &mut Statement<'_>) {
    match statement.path.attribute {
        0x00 => match statement.read(number) {
            Some(0) => statement.null(FactKind::Channel),
            Some(value) => match Channel::new(value) {
                Some(channel) => statement.fact(Fact::Channel(channel)),
                None => statement.problem("", format!("{value} is no channel of the 2.4 GHz band")),
            },
            None => {}
        },
        0x01 => statement.number(|role| Fact::RoutingRole(routing_role(role))),
        0x02 => statement.text(Fact::NetworkName),
        0x03 => match statement.read(number) {
            Some(NO_PAN_ID) => statement.null(FactKind::PanId),
            Some(value) => statement.fact(Fact::PanId(PanId(value))),
            None => {}
        },
        0x04 => match statement.read(number) {
            Some(0 | u64::MAX) => statement.null(FactKind::ExtendedPanId),
            Some(value) => statement.fact(Fact::ExtendedPanId(ExtendedPanId::from_u64(value))),
            None => {}
        },
        0x05 => mesh_local_prefix(statement),
        0x07 => mesh_tables::decode_neighbors(statement),
        0x08 => mesh_tables::decode_routes(statement),
        0x09 => match statement.read(number) {
            Some(0) => statement.null(FactKind::PartitionId),
            Some(value) => statement.fact(Fact::PartitionId(PartitionId(value))),
            None => {}
        },
        0x0d => match statement.read(number).map(RouterId::new) {
            Some(Some(router)) => statement.fact(Fact::LeaderRouterId(router)),
            Some(None) => statement.null(FactKind::LeaderRouterId),
            None => {}
        },
        0x38 => statement.number(Fact::ActiveTimestamp),
        0x39 => statement.number(Fact::PendingTimestamp),
        0x3f => match statement.read(number).map(ExtendedAddress::from_u64) {
            Some(address) if address.is_real() => statement.fact(Fact::ExtendedAddress(address)),
            Some(_) => statement.null(FactKind::ExtendedAddress),
            None => {}
        },
        0x40 => match statement.read(number) {
            Some(NO_RLOC16) => statement.fact(Fact::Rloc16(None)),
            Some(value) => match Rloc16::new(value) {
                Some(rloc16) => statement.fact(Fact::Rloc16(Some(rloc16))),
                None => statement.problem("", format!("{value:#06x} is no locator")),
            },
            None => {}
        },
        _ => keep(statement),
    }
}

/// The role of a number of RoutingRoleEnum (Matter core specification 1.4, 11.14.5.3). 0 (unspecified) and numbers of later revisions stay numbers.
pub fn routing_role(value: u8) -> RoutingRole {
    match value {
        1 => RoutingRole::Detached,
        2 => RoutingRole::SleepyEndDevice,
        3 => RoutingRole::EndDevice,
        4 => RoutingRole::Reed,
        5 => RoutingRole::Router,
        6 => RoutingRole::Leader,
        other => RoutingRole::Unknown(other),
    }
}

/// The role's number, there; `None` for [`RoutingRole::Child`], which the cluster does not have.
pub fn routing_role_number(role: RoutingRole) -> Option<u8> {
    match role {
        RoutingRole::Detached => Some(1),
        RoutingRole::SleepyEndDevice => Some(2),
        RoutingRole::EndDevice => Some(3),
        RoutingRole::Reed => Some(4),
        RoutingRole::Router => Some(5),
        RoutingRole::Leader => Some(6),
        RoutingRole::Unknown(other) => Some(other),
        RoutingRole::Child => None,
    }
}

/// Type `ipv6pre`: the length in bits, then the prefix's bytes. The bare eight bytes are read too, and told.
fn mesh_local_prefix(statement: &mut Statement<'_>) {
    let Some(octets) = statement.octets() else { return };
    let prefix = match octets.as_ref() {
        [] => {
            statement.null(FactKind::MeshLocalPrefix);
            return;
        }
        [PREFIX_BITS, prefix @ ..] => <[u8; PREFIX_BYTES]>::try_from(prefix).ok(),
        prefix => {
            let bare = <[u8; PREFIX_BYTES]>::try_from(prefix).ok();
            if bare.is_some() {
                statement.problem("", "has no length in front");
            }
            bare
        }
    };
    match prefix {
        Some(prefix) => statement.fact(Fact::MeshLocalPrefix(MeshLocalPrefix(prefix))),
        None => statement.problem(
            "",
            format!(
                "a length of {PREFIX_BITS} bits and {PREFIX_BYTES} bytes expected, got {} bytes",
                octets.len()
            ),
        ),
    }
}

/// The attribute's value with its length in front.
pub(super) fn mesh_local_prefix_octets(prefix: MeshLocalPrefix) -> Vec<u8> {
    [&[PREFIX_BITS], prefix.0.as_slice()].concat()
}

/// Attributes without a fact of their own: kept where they have the type that the cluster gives them.
fn keep(statement: &mut Statement<'_>) {
    let maximum = match statement.path.attribute {
        0x06 => u64::MAX,                           // OverrunCount
        0x0a..=0x0c => u8::MAX.into(),              // Weighting, DataVersion, StableDataVersion
        0x0e..=0x15 => u16::MAX.into(),             // counts of roles, attach attempts, partition and parent changes
        0x16..=0x37 | 0x3a => u32::MAX.into(),      // counts of frames sent and received; Delay
        0x3b | 0x3d => return structure(statement), // SecurityPolicy, OperationalDatasetComponents
        0x3c => {
            // ChannelPage0Mask
            if let Some(mask) = statement.octets().map(Cow::into_owned) {
                statement.keep_as(AttributeValue::Octets(mask));
            }
            return;
        }
        0x3e => {
            // ActiveNetworkFaults
            if statement.read(list).is_some() {
                statement.keep();
            }
            return;
        }
        _ => return statement.keep(),
    };
    if statement.read(|value| unsigned(value, maximum)).is_some() {
        statement.keep();
    }
}

fn structure(statement: &mut Statement<'_>) {
    match statement.value {
        AttributeValue::Structure(_) => statement.keep(),
        other => statement.problem("", format!("a structure expected, got {}", shape(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matter::clusters::tests::{facts, path};
    use crate::matter::{decode_attribute, decode_value};

    fn number(number: u64) -> AttributeValue {
        AttributeValue::Unsigned(number)
    }

    #[test]
    fn a_recorded_router_says_where_it_is() {
        let prefix = vec![0x40, 0xfd, 0xc2, 0x46, 0x03, 0xf9, 0xd6, 0xd5, 0x02];
        let cases = [
            (0x00, number(17), Fact::Channel(Channel::new(17).unwrap())),
            (0x01, number(5), Fact::RoutingRole(RoutingRole::Router)),
            (0x02, AttributeValue::Text("home-44".into()), Fact::NetworkName("home-44".into())),
            (0x03, number(54798), Fact::PanId(PanId(0xd60e))),
            (
                0x04,
                number(2_888_440_833_819_173_018),
                Fact::ExtendedPanId("2815cda27e86609a".parse().unwrap()),
            ),
            (
                0x05,
                AttributeValue::Octets(prefix),
                Fact::MeshLocalPrefix(MeshLocalPrefix([0xfd, 0xc2, 0x46, 0x03, 0xf9, 0xd6, 0xd5, 0x02])),
            ),
            (0x09, number(2_674_216_256), Fact::PartitionId(PartitionId(2_674_216_256))),
            (0x0d, number(45), Fact::LeaderRouterId(RouterId::new(45).unwrap())),
            (0x38, number(65536), Fact::ActiveTimestamp(1 << 16)),
            (0x39, number(0), Fact::PendingTimestamp(0)),
            (
                0x3f,
                number(2_545_916_778_342_065_388),
                Fact::ExtendedAddress("2354e9d230c924ec".parse().unwrap()),
            ),
            (0x40, number(20481), Fact::Rloc16(Rloc16::new(0x5001))),
        ];
        for (attribute, value, fact) in cases {
            assert_eq!(facts(0x35, attribute, value), [fact], "{attribute:#x}");
        }
    }

    #[test]
    fn an_rloc16_of_fffe_says_that_there_is_none() {
        assert_eq!(decode_attribute(path(0x35, 0x40), &[0x05, 0xfe, 0xff]).facts, [Fact::Rloc16(None)]);
        assert_eq!(decode_attribute(path(0x35, 0x40), &[0x14]).facts, [Fact::Null(FactKind::Rloc16)]);
        let aloc = decode_attribute(path(0x35, 0x40), &[0x05, 0x00, 0xfc]);
        assert_eq!(
            (aloc.facts.len(), aloc.problems[0].to_string()),
            (0, "rloc16: 0xfc00 is no locator".into())
        );
    }

    #[test]
    fn a_u64_beyond_2_to_the_53_keeps_its_bits() {
        let tlv = [0x07, 0x72, 0x83, 0x92, 0xee, 0xfc, 0xe9, 0x74, 0x92];
        let expected = ExtendedAddress::from_u64(10_553_317_099_379_524_466);
        assert_eq!(decode_attribute(path(0x35, 0x3f), &tlv).facts, [Fact::ExtendedAddress(expected)]);
        assert_eq!(expected.to_string(), "9274e9fcee928372");
    }

    #[test]
    fn numbers_that_stand_for_none_are_null() {
        for (attribute, value, kind) in [
            (0x00, 0, FactKind::Channel),
            (0x03, 0xffff, FactKind::PanId),
            (0x04, 0, FactKind::ExtendedPanId),
            (0x09, 0, FactKind::PartitionId),
            (0x0d, 63, FactKind::LeaderRouterId),
            (0x3f, 0, FactKind::ExtendedAddress),
            (0x3f, u64::MAX, FactKind::ExtendedAddress),
        ] {
            assert_eq!(facts(0x35, attribute, number(value)), [Fact::Null(kind)], "{attribute:#x}");
        }
    }

    #[test]
    fn a_mesh_local_prefix_of_another_form_is_told() {
        let decode = |octets: &[u8]| decode_value(path(0x35, 5), &AttributeValue::Octets(octets.to_vec()));
        let bare = decode(&[0xfd, 0xc2, 0x46, 0x03, 0xf9, 0xd6, 0xd5, 0x02]);
        assert_eq!((bare.facts.len(), bare.problems.len()), (1, 1));
        for wrong in [&[0x40, 0xfd][..], &[0x30, 0xfd, 0, 0, 0, 0, 0, 0, 0], &[0; 17]] {
            let decoded = decode(wrong);
            assert_eq!((decoded.facts.len(), decoded.problems.len()), (0, 1), "{wrong:02x?}");
        }
        assert_eq!(decode(&[]).facts, [Fact::Null(FactKind::MeshLocalPrefix)]);
    }

    #[test]
    fn every_other_attribute_is_kept_with_the_type_that_it_has() {
        let mask = AttributeValue::Octets(vec![0x00, 0x1f, 0xff, 0xe0]);
        let policy = AttributeValue::Structure(vec![(0, number(672)), (1, number(8335))]);
        let mut cases = vec![(0x3b, policy), (0x3c, mask), (0x3e, AttributeValue::List(vec![number(1)]))];
        let counters = [0x06].into_iter().chain(0x0a..=0x0c).chain(0x0e..=0x37).chain([0x3a]);
        cases.extend(counters.map(|attribute| (attribute, number(200))));
        for (attribute, value) in cases {
            let here = path(0x35, attribute);
            assert_eq!(facts(0x35, attribute, value.clone()), [Fact::Attribute(here, value)], "{attribute:#x}");
            let wrong = decode_value(here, &AttributeValue::Text("many".into()));
            assert_eq!((wrong.facts.len(), wrong.problems.len()), (0, 1), "{attribute:#x}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_or_range_is_a_problem_that_names_it() {
        let told = |attribute, value| decode_value(path(0x35, attribute), &value).problems.pop().unwrap().to_string();
        assert_eq!(told(0x00, number(27)), "channel: 27 is no channel of the 2.4 GHz band");
        assert_eq!(told(0x03, number(0x10000)), "pan-id: an unsigned integer of 16 bits expected, got 65536");
        assert_eq!(
            told(0x04, AttributeValue::Float(0)),
            "extended-pan-id: an unsigned integer of 64 bits expected, got a number with a fraction, or beyond 64 bits"
        );
        assert_eq!(
            told(0x02, AttributeValue::Text("n".repeat(300))),
            "network-name: text of at most 256 bytes expected, got text of 300 bytes"
        );
        assert_eq!(
            told(0x07, AttributeValue::Structure(Vec::new())),
            "neighbor-table: a list expected, got a structure"
        );
    }
}
