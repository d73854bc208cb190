//! Descriptor, 0x001D (Matter core specification 1.4, 9.5): the device types of an endpoint and the endpoints of the node.
//!
//! Device types are told by endpoint, one attribute each; what the node is, is all of them together. So a single attribute is kept as it came, and
//! [`device_types`] makes the fact of a whole read.

use super::DESCRIPTOR;
use super::statement::{Statement, number};
use std::collections::{BTreeMap, BTreeSet};
use weft_model::{AttributePath, AttributeValue, Fact};

const DEVICE_TYPE_LIST: u32 = 0;
const PARTS_LIST: u32 = 3;

pub(super) fn decode(statement: &mut Statement<'_>) {
    if statement.path.attribute != DEVICE_TYPE_LIST {
        statement.keep();
        return;
    }
    let rows = statement.rows(|row| match row.number::<u32>(0, "DeviceType") {
        Some(device_type) => Some((device_type, row.number::<u16>(1, "Revision").unwrap_or(0))),
        None if row.wrong => None,
        None => {
            row.problem("DeviceType", "is missing");
            None
        }
    });
    if let Some(rows) = rows {
        statement.keep_as(encode_device_types(rows));
    }
}

/// The attribute of an endpoint that is of these device types and revisions.
pub(super) fn encode_device_types(rows: impl IntoIterator<Item = (u32, u16)>) -> AttributeValue {
    let row = |(device_type, revision): (u32, u16)| {
        AttributeValue::Structure(vec![
            (0, AttributeValue::Unsigned(device_type.into())),
            (1, AttributeValue::Unsigned(revision.into())),
        ])
    };
    AttributeValue::List(rows.into_iter().map(row).collect())
}

/// The device types of all endpoints together, from the facts of their attributes, and whether every endpoint that the root endpoint's parts list names is
/// among them. `None` where the root endpoint's own list is not there.
pub(in crate::matter) fn device_types<'a>(facts: impl Iterator<Item = &'a (AttributePath, Fact)>) -> Option<(Fact, bool)> {
    let mut lists = BTreeMap::new();
    let mut parts = None;
    for (path, fact) in facts.filter(|(path, _)| path.cluster == DESCRIPTOR) {
        let Fact::Attribute(_, AttributeValue::List(values)) = fact else {
            continue;
        };
        match (path.endpoint, path.attribute) {
            (endpoint, DEVICE_TYPE_LIST) => _ = lists.insert(endpoint, values),
            (0, PARTS_LIST) => parts = Some(values),
            _ => {}
        }
    }
    lists.get(&0)?;
    let all = parts.is_some_and(|parts| {
        parts
            .iter()
            .all(|part| number::<u16>(part).is_ok_and(|endpoint| lists.contains_key(&endpoint)))
    });
    let types: BTreeSet<u32> = lists.values().flat_map(|rows| rows.iter()).filter_map(device_type).collect();
    Some((Fact::DeviceTypes(types.into_iter().collect()), all))
}

fn device_type(row: &AttributeValue) -> Option<u32> {
    let AttributeValue::Structure(fields) = row else { return None };
    fields.iter().find(|(tag, _)| *tag == 0).and_then(|(_, value)| number(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matter::decode_value;
    use weft_model::FactKind;

    fn at(endpoint: u16, attribute: u32) -> AttributePath {
        AttributePath {
            endpoint,
            cluster: DESCRIPTOR,
            attribute,
        }
    }

    fn read(endpoint: u16, attribute: u32, value: &AttributeValue) -> (AttributePath, Fact) {
        let path = at(endpoint, attribute);
        (path, decode_value(path, value).facts.remove(0))
    }

    fn parts(parts: &[u64]) -> AttributeValue {
        AttributeValue::List(parts.iter().copied().map(AttributeValue::Unsigned).collect())
    }

    #[test]
    fn a_node_is_what_all_its_endpoints_are() {
        let facts = [
            read(0, 0, &encode_device_types([(22, 4), (17, 1)])),
            read(1, 0, &encode_device_types([(256, 3)])),
            read(2, 0, &encode_device_types([(17, 1)])),
            read(0, 3, &parts(&[1, 2])),
        ];
        assert_eq!(device_types(facts.iter()), Some((Fact::DeviceTypes(vec![17, 22, 256]), true)));
        assert!(
            !device_types(facts[..3].iter()).unwrap().1,
            "without a parts list nobody knows whether that was all"
        );
        assert_eq!(device_types(facts[1..].iter()), None);
        let missing = [facts[0].clone(), facts[3].clone()];
        assert_eq!(device_types(missing.iter()), Some((Fact::DeviceTypes(vec![17, 22]), false)));
    }

    #[test]
    fn a_row_without_a_device_type_costs_that_row() {
        let value = AttributeValue::List(vec![
            AttributeValue::Structure(vec![(1, AttributeValue::Unsigned(1))]),
            AttributeValue::Structure(vec![(0, AttributeValue::Unsigned(22)), (1, AttributeValue::Unsigned(4))]),
        ]);
        let decoded = decode_value(at(0, 0), &value);
        assert_eq!(decoded.facts, [Fact::Attribute(at(0, 0), encode_device_types([(22, 4)]))]);
        assert_eq!(decoded.incomplete, [FactKind::Attribute(at(0, 0))]);
        assert_eq!(
            decoded.problems[0].to_string(),
            "attribute-0-0x001d-0x0000 › row 0 › DeviceType: is missing"
        );
    }
}
