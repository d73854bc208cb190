//! The node objects of Matter servers: python-matter-server 8 and matterjs-server 1.4 (`get_nodes`, `node_added`, `node_updated` of their WebSocket API).
//!
//! Attributes stand in one object under `endpoint/cluster/attribute` in decimal digits; structures are objects (see the fields' tags in the cluster), octets
//! base64 text, and 64-bit numbers JSON numbers, beyond 2^53 too.

use super::clusters::{Form, decode_form, is_known_cluster};
use super::json::convert;
use super::report::Report;
use crate::Problem;
use serde_json::{Map, Value};
use weft_model::{AttributePath, Fact, FactKind, MatterNodeId, Timestamp};

/// Attributes of one node; the rest is left out and told.
pub const MAX_ATTRIBUTES: usize = 10_000;
/// Problems told of one node; the rest is counted.
const MAX_PROBLEMS: usize = 200;
/// Bytes of a key that a problem repeats.
const MAX_KEY_BYTES: usize = 64;

/// What a Matter server says of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerNode {
    /// The node's id on the server's fabric. Which fabric that is stands in the server's own information, not here.
    pub node: Option<MatterNodeId>,
    /// The server can reach the node.
    pub available: Option<bool>,
    /// When the server last read everything. Single attributes may have been reported since; nothing says when.
    pub last_interview: Option<Timestamp>,
    /// Facts with the attribute that says them, in the order of the paths; facts of several attributes come last.
    pub facts: Vec<(AttributePath, Fact)>,
    /// See [`Decoded::incomplete`](crate::Decoded::incomplete).
    pub incomplete: Vec<FactKind>,
    /// Attributes of clusters that say nothing about a mesh; left out.
    pub other_attributes: usize,
    /// What was not understood, named by its key.
    pub problems: Vec<Problem>,
}

/// Reads a node object. Wrong types cost what is wrong, named by its key, and no more.
pub fn decode_node(json: &Value) -> ServerNode {
    let mut node = ServerNode::default();
    let Value::Object(members) = json else {
        node.problems
            .push(Problem::of("node", format!("an object expected, got {}", name_of(json))));
        return node;
    };
    let problems = &mut node.problems;
    node.node = member(members, "node_id", "an integer from 0 to 2^64 - 1", problems, Value::as_u64).map(MatterNodeId::from_u64);
    node.available = member(members, "available", "true or false", problems, Value::as_bool);
    node.last_interview = member(members, "last_interview", "a time", problems, |value| interview_time(value.as_str()?));
    match members.get("attributes") {
        Some(Value::Object(attributes)) => decode_attributes(attributes, &mut node),
        Some(other) => problems.push(Problem::of("attributes", format!("an object expected, got {}", name_of(other)))),
        None => problems.push(Problem::of("attributes", "is missing")),
    }
    if node.problems.len() > MAX_PROBLEMS {
        let untold = node.problems.len() - MAX_PROBLEMS;
        node.problems.truncate(MAX_PROBLEMS);
        node.problems.push(Problem::of("attributes", format!("{untold} more problems")));
    }
    node
}

fn member<T>(
    members: &Map<String, Value>,
    key: &'static str,
    expected: &str,
    problems: &mut Vec<Problem>,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Option<T> {
    let value = members.get(key).filter(|value| !value.is_null())?;
    let read = read(value);
    if read.is_none() {
        problems.push(Problem::of(key, format!("{expected} expected, got {}", name_of(value))));
    }
    read
}

/// python-matter-server writes UTC without saying so.
fn interview_time(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

fn decode_attributes(attributes: &Map<String, Value>, node: &mut ServerNode) {
    let mut paths: Vec<(AttributePath, &String, &Value)> = Vec::new();
    for (key, value) in attributes {
        match parse_path(key) {
            Some(path) if is_known_cluster(path.cluster) => paths.push((path, key, value)),
            Some(_) => node.other_attributes += 1,
            // Counted beyond what is told, so that a node of nothing else stays small.
            None if node.problems.len() <= 2 * MAX_PROBLEMS => {
                let key: String = key.chars().take(MAX_KEY_BYTES).collect();
                node.problems
                    .push(Problem::of("attributes", format!("{key:?} is no endpoint/cluster/attribute")));
            }
            None => {}
        }
    }
    paths.sort_by_key(|(path, ..)| *path);
    if paths.len() > MAX_ATTRIBUTES {
        node.problems.push(Problem::of(
            "attributes",
            format!("{} left out, {MAX_ATTRIBUTES} at most", paths.len() - MAX_ATTRIBUTES),
        ));
        paths.truncate(MAX_ATTRIBUTES);
    }
    let mut report = Report::default();
    for (path, key, value) in paths {
        let converted = match convert(path, value) {
            Ok(converted) => converted,
            Err(reason) => {
                report.problems.push(Problem::of(key.clone(), reason));
                continue;
            }
        };
        for name in converted.unknown_names {
            report.problems.push(Problem::of(key.clone(), format!("no field {name:?} is known")));
        }
        let mut decoded = decode_form(path, &converted.value, Form::Json);
        decoded.problems = decoded.problems.into_iter().map(|problem| problem.within(key, 0)).collect();
        report.add(path, decoded);
    }
    report.combine();
    node.facts = report.facts;
    node.incomplete = report.rest.incomplete;
    node.problems.extend(report.problems);
}

/// `endpoint/cluster/attribute` in decimal digits.
fn parse_path(key: &str) -> Option<AttributePath> {
    let mut parts = key.split('/');
    let path = AttributePath {
        endpoint: parts.next()?.parse().ok()?,
        cluster: parts.next()?.parse().ok()?,
        attribute: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(path)
}

fn name_of(json: &Value) -> &'static str {
    match json {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "another number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use weft_model::{AttributeValue, ExtendedAddress, LinkQuality, Rloc16, RoutingRole};

    /// A sleepy end device of a recorded python-matter-server 8.1.2.
    const PYTHON: &str = include_str!("../../testdata/python-matter-server-node.json");
    /// A router of a recorded matterjs-server 1.4.1.
    const MATTERJS: &str = include_str!("../../testdata/matterjs-server-node.json");

    fn recorded(text: &str) -> ServerNode {
        let node = decode_node(&serde_json::from_str(text).unwrap());
        assert_eq!((&node.problems, &node.incomplete), (&Vec::new(), &Vec::new()));
        node
    }

    fn said(node: &ServerNode, kind: FactKind) -> Vec<&Fact> {
        node.facts.iter().map(|(_, fact)| fact).filter(|fact| fact.kind() == kind).collect()
    }

    #[test]
    fn a_recorded_sleepy_device_of_python_matter_server() {
        let node = recorded(PYTHON);
        assert_eq!((node.node, node.available), (Some(MatterNodeId::from_u64(7)), Some(true)));
        assert!(node.last_interview.unwrap().to_string().starts_with("2026-11-21T12:1"));
        let radio: ExtendedAddress = "2354e9d230c924ec".parse().unwrap();
        assert_eq!(said(&node, FactKind::ExtendedAddress), [&Fact::ExtendedAddress(radio)]);
        assert_eq!(said(&node, FactKind::HardwareAddress), [&Fact::HardwareAddress(radio.0)]);
        assert_eq!(said(&node, FactKind::Rloc16), [&Fact::Rloc16(Rloc16::new(20481))]);
        assert_eq!(said(&node, FactKind::RoutingRole), [&Fact::RoutingRole(RoutingRole::SleepyEndDevice)]);
        let [Fact::RouteTable(routes)] = said(&node, FactKind::RouteTable)[..] else {
            panic!()
        };
        assert_eq!(routes.len(), 1, "a minimal device lists its parent");
        assert_eq!(routes[0].rloc16, Rloc16::new(20481).and_then(Rloc16::parent));
        let [Fact::Ipv6Addresses(addresses)] = said(&node, FactKind::Ipv6Addresses)[..] else {
            panic!()
        };
        assert!(addresses.contains(&radio.to_link_local()), "{addresses:?}");
        assert_eq!(said(&node, FactKind::DeviceTypes), [&Fact::DeviceTypes(vec![21, 22])]);
        let mask = AttributePath {
            endpoint: 0,
            cluster: 0x35,
            attribute: 0x3c,
        };
        assert_eq!(
            said(&node, FactKind::Attribute(mask)),
            [&Fact::Attribute(mask, AttributeValue::Octets(vec![0x00, 0x1f, 0xff, 0xe0]))]
        );
        assert!(node.other_attributes > 0);
    }

    #[test]
    fn a_recorded_router_of_matterjs_server() {
        let node = recorded(MATTERJS);
        assert_eq!(said(&node, FactKind::ExtendedAddress), [&Fact::Null(FactKind::ExtendedAddress)]);
        assert_eq!(said(&node, FactKind::Rloc16), [&Fact::Null(FactKind::Rloc16)]);
        assert_eq!(said(&node, FactKind::VendorName), [&Fact::VendorName("Aqara".into())]);
        let [Fact::NeighborTable(neighbors)] = said(&node, FactKind::NeighborTable)[..] else {
            panic!()
        };
        assert_eq!(neighbors.len(), 14);
        assert_eq!(
            neighbors[0].extended_address.unwrap().to_string(),
            "9274e9fcee928372",
            "10553317099379524466 is beyond 2^53"
        );
        assert_eq!(neighbors[0].link_quality_in, LinkQuality::new(2));
        let [Fact::RouteTable(routes)] = said(&node, FactKind::RouteTable)[..] else {
            panic!()
        };
        assert_eq!(routes.len(), 18);
        assert_eq!(routes.iter().filter(|row| row.link_established).count(), 14);
    }

    #[test]
    fn wrong_types_are_named_by_their_key_and_the_rest_is_used() {
        let node = decode_node(&json!({
            "node_id": "seven", "available": 1, "last_interview": "yesterday",
            "attributes": {
                "0/53/0": 15, "0/53/2": 17, "0/53/5": "no base64!", "0/53/7": [{"0": 1, "2": 1024, "5": "good"}, 17], "0/53/4": 1.5e300,
                "0/53": 1, "a/b/c": 2, "0/53/8/1": 3, "70000/53/0": 4, "1/6/0": true, "0/53/9": {"TLVValue": null},
            },
        }));
        let told: Vec<String> = node.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "node_id: an integer from 0 to 2^64 - 1 expected, got text",
                "available: true or false expected, got another number",
                "last_interview: a time expected, got text",
                "attributes: \"0/53\" is no endpoint/cluster/attribute",
                "attributes: \"0/53/8/1\" is no endpoint/cluster/attribute",
                "attributes: \"70000/53/0\" is no endpoint/cluster/attribute",
                "attributes: \"a/b/c\" is no endpoint/cluster/attribute",
                "0/53/2 › network-name: text expected, got 17",
                "0/53/4 › extended-pan-id: an unsigned integer of 64 bits expected, got a number with a fraction, or beyond 64 bits",
                "0/53/5 › mesh-local-prefix: base64 expected, got text of 10 bytes",
                "0/53/7 › neighbor-table › row 0 › LQI: an unsigned integer of 8 bits expected, got text of 4 bytes",
                "0/53/7 › neighbor-table › row 1: a structure expected, got 17",
                "0/53/9: no field \"TLVValue\" is known",
                "0/53/9 › partition-id: an unsigned integer of 32 bits expected, got a structure",
            ]
        );
        assert_eq!(said(&node, FactKind::Channel).len(), 1);
        assert!(matches!(said(&node, FactKind::NeighborTable)[..], [Fact::NeighborTable(rows)] if rows.len() == 1));
        assert_eq!(
            (node.node, node.other_attributes, node.incomplete),
            (None, 1, vec![FactKind::NeighborTable])
        );
    }

    #[test]
    fn what_is_no_node_is_a_problem() {
        for json in [json!(null), json!([]), json!({}), json!({"attributes": []})] {
            let node = decode_node(&json);
            assert_eq!((node.facts.len(), node.problems.len()), (0, 1), "{json}");
        }
    }

    #[test]
    fn attributes_and_problems_are_bounded() {
        let many: Map<String, Value> = (0..MAX_ATTRIBUTES + 5)
            .map(|number| (format!("0/53/{}", 0x1000 + number), json!(number)))
            .collect();
        let node = decode_node(&json!({"attributes": many}));
        assert_eq!(node.facts.len(), MAX_ATTRIBUTES);
        assert_eq!(node.problems[0].to_string(), "attributes: 5 left out, 10000 at most");
        let wrong: Map<String, Value> = (0..100_000).map(|number| (format!("key {number}"), json!(number))).collect();
        assert_eq!(decode_node(&json!({"attributes": wrong})).problems.len(), MAX_PROBLEMS + 1);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[A-Za-z0-9+/=]{0,24}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                proptest::collection::btree_map("[0-9]{1,3}", inner, 0..8).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn arbitrary_json_never_panics(value in any_json(), cluster in prop::sample::select(vec![29u32, 40, 47, 51, 53, 1106, 1107]), attribute in 0u32..70) {
            let key = format!("0/{cluster}/{attribute}");
            decode_node(&json!({"node_id": 1, "attributes": {key: value.clone()}}));
            decode_node(&value);
        }
    }
}
