//! From attribute values to facts, cluster by cluster, and back.
//!
//! A value of null is [`Fact::Null`]; a value of the wrong type is a problem and no fact. A row of a table that cannot be read costs that row, and the table
//! is told as incomplete. Attributes of a known cluster that have no fact of their own, and all attributes of other clusters, are kept as
//! [`Fact::Attribute`].

mod basic_information;
mod border_router;
mod descriptor;
mod encode;
mod general_diagnostics;
mod mesh_tables;
mod power_source;
mod statement;
mod thread_network_diagnostics;

pub use encode::{encode_border_router_fact, encode_fact, encode_power_source};
pub(super) use statement::Form;
pub use statement::MAX_TEXT_BYTES;
pub use thread_network_diagnostics::{routing_role, routing_role_number};
pub(super) use {descriptor::device_types, power_source::power_source};

use super::tlv;
use crate::Decoded;
use statement::Statement;
use weft_model::{AttributePath, AttributeValue, Fact, FactKind};

/// Descriptor.
pub const DESCRIPTOR: u32 = 0x001d;
/// Basic Information.
pub const BASIC_INFORMATION: u32 = 0x0028;
/// Power Source.
pub const POWER_SOURCE: u32 = 0x002f;
/// General Diagnostics.
pub const GENERAL_DIAGNOSTICS: u32 = 0x0033;
/// Thread Network Diagnostics.
pub const THREAD_NETWORK_DIAGNOSTICS: u32 = 0x0035;
/// Thread Border Router Management.
pub const THREAD_BORDER_ROUTER_MANAGEMENT: u32 = 0x0452;
/// Thread Network Directory.
pub const THREAD_NETWORK_DIRECTORY: u32 = 0x0453;

/// Attributes from here on are the same in every cluster (feature map, revision, …).
const FIRST_GLOBAL_ATTRIBUTE: u32 = 0xf000;

/// The attributes that have a fact of their own. Where two give the same, the first is the one to write.
const KINDS: &[(u32, u32, FactKind)] = &[
    (THREAD_NETWORK_DIAGNOSTICS, 0x00, FactKind::Channel),
    (THREAD_NETWORK_DIAGNOSTICS, 0x01, FactKind::RoutingRole),
    (THREAD_NETWORK_DIAGNOSTICS, 0x02, FactKind::NetworkName),
    (THREAD_NETWORK_DIAGNOSTICS, 0x03, FactKind::PanId),
    (THREAD_NETWORK_DIAGNOSTICS, 0x04, FactKind::ExtendedPanId),
    (THREAD_NETWORK_DIAGNOSTICS, 0x05, FactKind::MeshLocalPrefix),
    (THREAD_NETWORK_DIAGNOSTICS, 0x07, FactKind::NeighborTable),
    (THREAD_NETWORK_DIAGNOSTICS, 0x08, FactKind::RouteTable),
    (THREAD_NETWORK_DIAGNOSTICS, 0x09, FactKind::PartitionId),
    (THREAD_NETWORK_DIAGNOSTICS, 0x0d, FactKind::LeaderRouterId),
    (THREAD_NETWORK_DIAGNOSTICS, 0x38, FactKind::ActiveTimestamp),
    (THREAD_NETWORK_DIAGNOSTICS, 0x39, FactKind::PendingTimestamp),
    (THREAD_NETWORK_DIAGNOSTICS, 0x3f, FactKind::ExtendedAddress),
    (THREAD_NETWORK_DIAGNOSTICS, 0x40, FactKind::Rloc16),
    (GENERAL_DIAGNOSTICS, 0x00, FactKind::NetworkInterfaces),
    (BASIC_INFORMATION, 0x01, FactKind::VendorName),
    (BASIC_INFORMATION, 0x02, FactKind::VendorId),
    (BASIC_INFORMATION, 0x03, FactKind::ModelName),
    (BASIC_INFORMATION, 0x04, FactKind::ProductId),
    (BASIC_INFORMATION, 0x05, FactKind::NodeLabel),
    (BASIC_INFORMATION, 0x0a, FactKind::SoftwareVersion),
    (BASIC_INFORMATION, 0x0f, FactKind::SerialNumber),
    (BASIC_INFORMATION, 0x12, FactKind::UniqueId),
    (THREAD_BORDER_ROUTER_MANAGEMENT, 0x00, FactKind::NodeLabel),
    (THREAD_BORDER_ROUTER_MANAGEMENT, 0x01, FactKind::BorderAgentId),
    (THREAD_BORDER_ROUTER_MANAGEMENT, 0x02, FactKind::ThreadVersion),
    (THREAD_BORDER_ROUTER_MANAGEMENT, 0x04, FactKind::ActiveTimestamp),
    (THREAD_BORDER_ROUTER_MANAGEMENT, 0x05, FactKind::PendingTimestamp),
    (THREAD_NETWORK_DIRECTORY, 0x00, FactKind::PreferredExtendedPanId),
    (THREAD_NETWORK_DIRECTORY, 0x01, FactKind::ThreadNetworks),
];

/// The clusters that this module understands.
pub const KNOWN_CLUSTERS: [u32; 7] = [
    DESCRIPTOR,
    BASIC_INFORMATION,
    POWER_SOURCE,
    GENERAL_DIAGNOSTICS,
    THREAD_NETWORK_DIAGNOSTICS,
    THREAD_BORDER_ROUTER_MANAGEMENT,
    THREAD_NETWORK_DIRECTORY,
];

/// True for the clusters that this module understands.
pub fn is_known_cluster(cluster: u32) -> bool {
    KNOWN_CLUSTERS.contains(&cluster)
}

/// Which statement an attribute is: a status in its place is [`Fact::Refused`] of this kind. Attributes without a fact of their own, and the device types and
/// power source of an endpoint (a fact only together, see [`decode_report`](super::decode_report)), are [`FactKind::Attribute`].
pub fn kind_of(path: AttributePath) -> FactKind {
    KINDS
        .iter()
        .find(|(cluster, attribute, _)| (*cluster, *attribute) == (path.cluster, path.attribute))
        .map_or(FactKind::Attribute(path), |(_, _, kind)| *kind)
}

/// Where an attribute stands among those that give the same kind of fact: the first is preferred.
pub(super) fn rank(path: AttributePath) -> usize {
    KINDS
        .iter()
        .position(|(cluster, attribute, _)| (*cluster, *attribute) == (path.cluster, path.attribute))
        .unwrap_or(KINDS.len())
}

/// Facts of an attribute's value as it came over the air: one anonymous element of TLV, list chunks put together.
/// A list that breaks off gives the rows before that place, and is told as incomplete.
pub fn decode_attribute(path: AttributePath, tlv: &[u8]) -> Decoded {
    let (value, problem) = tlv::decode_partly(tlv);
    let mut decoded = value.map(|value| decode_value(path, &value)).unwrap_or_default();
    if let Some(problem) = problem {
        let kinds: Vec<FactKind> = decoded.facts.iter().map(Fact::kind).collect();
        for kind in kinds {
            decoded.mark_incomplete(kind);
        }
        decoded.problem(problem.within(&kind_of(path).name(), 0));
    }
    decoded
}

/// Facts of an attribute's value.
pub fn decode_value(path: AttributePath, value: &AttributeValue) -> Decoded {
    decode_form(path, value, Form::Tlv)
}

/// [`decode_value`] of a value whose octets may be base64.
pub(super) fn decode_form(path: AttributePath, value: &AttributeValue, form: Form) -> Decoded {
    let mut statement = Statement::new(path, kind_of(path), value, form);
    if *value == AttributeValue::Null {
        statement.null(statement.kind);
    } else if path.attribute >= FIRST_GLOBAL_ATTRIBUTE {
        statement.keep();
    } else {
        match path.cluster {
            DESCRIPTOR => descriptor::decode(&mut statement),
            BASIC_INFORMATION => basic_information::decode(&mut statement),
            GENERAL_DIAGNOSTICS => general_diagnostics::decode(&mut statement),
            POWER_SOURCE => power_source::decode(&mut statement),
            THREAD_NETWORK_DIAGNOSTICS => thread_network_diagnostics::decode(&mut statement),
            THREAD_BORDER_ROUTER_MANAGEMENT => border_router::decode_management(&mut statement),
            THREAD_NETWORK_DIRECTORY => border_router::decode_directory(&mut statement),
            _ => statement.keep(),
        }
    }
    statement.finish()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An attribute of endpoint 0.
    pub fn path(cluster: u32, attribute: u32) -> AttributePath {
        AttributePath {
            endpoint: 0,
            cluster,
            attribute,
        }
    }

    /// The facts of a value that has no problem.
    pub fn facts(cluster: u32, attribute: u32, value: AttributeValue) -> Vec<Fact> {
        let decoded = decode_value(path(cluster, attribute), &value);
        assert_eq!((decoded.problems, decoded.incomplete), (Vec::new(), Vec::new()));
        decoded.facts
    }

    #[test]
    fn null_and_empty_and_refused_tables_are_three_things() {
        let table = path(THREAD_NETWORK_DIAGNOSTICS, 7);
        let null = decode_attribute(table, &[0x14]);
        assert_eq!(null.facts, [Fact::Null(FactKind::NeighborTable)]);
        let empty = decode_attribute(table, &[0x16, 0x18]);
        assert_eq!(empty.facts, [Fact::NeighborTable(Vec::new())]);
        assert_eq!(Fact::Refused(kind_of(table), 0x86), Fact::Refused(FactKind::NeighborTable, 0x86));
        for decoded in [null, empty] {
            assert_eq!((decoded.problems, decoded.incomplete), (Vec::new(), Vec::new()));
        }
    }

    #[test]
    fn a_cut_table_gives_its_whole_rows_and_says_that_it_is_incomplete() {
        let mut rows = vec![0x16];
        for rloc16 in [0x28, 0x2c] {
            // { 0 ExtAddress = 1, 2 Rloc16 = rloc16, 13 IsChild = false }
            rows.extend([0x15, 0x24, 0x00, 0x01, 0x25, 0x02, 0x00, rloc16, 0x28, 0x0d, 0x18]);
        }
        rows.push(0x18);
        let cut = decode_attribute(path(THREAD_NETWORK_DIAGNOSTICS, 7), &rows[..rows.len() - 4]);
        let [Fact::NeighborTable(table)] = cut.facts.as_slice() else {
            panic!("{cut:?}")
        };
        assert_eq!(table.len(), 1);
        assert_eq!(table[0].rloc16.unwrap().to_string(), "0x2800");
        assert_eq!(cut.incomplete, [FactKind::NeighborTable]);
        assert_eq!(
            cut.problems[0].to_string(),
            "neighbor-table › control byte at byte 20: 1 bytes needed, 0 left"
        );
        assert_eq!(decode_attribute(path(THREAD_NETWORK_DIAGNOSTICS, 7), &rows).incomplete, []);
    }

    #[test]
    fn bytes_left_over_are_told_and_make_the_fact_incomplete() {
        let decoded = decode_attribute(path(THREAD_NETWORK_DIAGNOSTICS, 0), &[0x04, 0x0f, 0x00]);
        assert_eq!(decoded.facts.len(), 1);
        assert_eq!(decoded.incomplete, [FactKind::Channel]);
        assert_eq!(decoded.problems[0].to_string(), "channel › after the element at byte 2: 1 bytes too many");
    }

    #[test]
    fn attributes_without_a_fact_are_kept() {
        let revision = path(THREAD_NETWORK_DIAGNOSTICS, 0xfffd);
        assert_eq!(
            decode_attribute(revision, &[0x05, 0x03, 0x00]).facts,
            [Fact::Attribute(revision, AttributeValue::Unsigned(3))]
        );
        let on_off = AttributePath {
            endpoint: 1,
            cluster: 6,
            attribute: 0,
        };
        assert_eq!(
            decode_attribute(on_off, &[0x09]).facts,
            [Fact::Attribute(on_off, AttributeValue::Boolean(true))]
        );
        assert!(!is_known_cluster(6));
    }

    proptest! {
        #[test]
        fn arbitrary_values_never_panic_and_problems_are_bounded(
            value in crate::matter::tlv::tests::any_value(), cluster in prop::sample::select(KNOWN_CLUSTERS.to_vec()), attribute in 0u32..0x44,
        ) {
            let decoded = decode_value(path(cluster, attribute), &value);
            prop_assert!(decoded.problems.len() < 20);
            prop_assert!(!decoded.facts.is_empty() || !decoded.problems.is_empty());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), attribute in 0u32..0x44) {
            for cluster in KNOWN_CLUSTERS {
                decode_attribute(path(cluster, attribute), &bytes);
            }
        }
    }
}
