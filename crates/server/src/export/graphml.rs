//! GraphML 1.0: a graph with typed attributes. An attribute that is unknown is left out.
//!
//! GraphML's ids are name tokens, which a node's id need not be; so elements are numbered, and the id is an attribute.

use super::csv::{kind, medium};
use super::map::label;
use super::xml::{Tenths, Xml};
use std::collections::BTreeMap;
use std::fmt::Display;
use weft_layout::Positions;
use weft_topology::{Direction, Link, Network, Node, Topology};

const NAMESPACE: &str = "http://graphml.graphdrawing.org/xmlns";
const SCHEMA: &str = "http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd";

/// A key: what it is for, its name, its type.
struct Key<T: ?Sized> {
    name: &'static str,
    kind: &'static str,
    value: fn(&T) -> Option<String>,
}

fn said(value: Option<impl Display>) -> Option<String> {
    value.map(|value| value.to_string())
}

const NODE_KEYS: &[Key<Node>] = &[
    Key {
        name: "id",
        kind: "string",
        value: |node| Some(node.id.to_string()),
    },
    Key {
        name: "label",
        kind: "string",
        value: |node| Some(label(node)),
    },
    Key {
        name: "name",
        kind: "string",
        value: |node| node.name.clone(),
    },
    Key {
        name: "room",
        kind: "string",
        value: |node| node.room.clone(),
    },
    Key {
        name: "role",
        kind: "string",
        value: |node| Some(node.role.name().to_owned()),
    },
    Key {
        name: "border_router",
        kind: "boolean",
        value: |node| Some(node.border_router.to_string()),
    },
    Key {
        name: "state",
        kind: "string",
        value: |node| Some(node.state.name().to_owned()),
    },
    Key {
        name: "network",
        kind: "string",
        value: |node| said(node.network.as_ref()),
    },
    Key {
        name: "partition_id",
        kind: "long",
        value: |node| said(node.partition_id),
    },
    Key {
        name: "rloc16",
        kind: "string",
        value: |node| said(node.rloc16),
    },
    Key {
        name: "extended_address",
        kind: "string",
        value: |node| said(node.extended_address),
    },
    Key {
        name: "parent",
        kind: "string",
        value: |node| said(node.parent.as_ref().map(|parent| &parent.node)),
    },
    Key {
        name: "parent_state",
        kind: "string",
        value: |node| said(node.parent.as_ref().map(|parent| parent.state.name())),
    },
    Key {
        name: "parent_since",
        kind: "string",
        value: |node| said(node.parent.as_ref().and_then(|parent| parent.since)),
    },
    Key {
        name: "path_to",
        kind: "string",
        value: |node| said(node.path.as_ref().map(|path| &path.to)),
    },
    Key {
        name: "path_cost",
        kind: "int",
        value: |node| said(node.path.as_ref().map(|path| path.cost)),
    },
    Key {
        name: "last_heard_at",
        kind: "string",
        value: |node| said(node.last_heard_at),
    },
    Key {
        name: "vendor",
        kind: "string",
        value: |node| node.vendor.clone(),
    },
    Key {
        name: "model",
        kind: "string",
        value: |node| node.model.clone(),
    },
];

macro_rules! way_keys {
    ($field:ident, $quality:literal, $rssi:literal, $margin:literal, $error:literal, $observed:literal, $relayed:literal) => {
        [
            Key {
                name: $quality,
                kind: "int",
                value: |link| said(way(&link.$field, |way| way.link_quality).map(|quality| quality.get())),
            },
            Key {
                name: $rssi,
                kind: "int",
                value: |link| said(way(&link.$field, |way| way.average_rssi_dbm).map(|rssi| rssi.dbm())),
            },
            Key {
                name: $margin,
                kind: "int",
                value: |link| said(way(&link.$field, |way| way.link_margin_db)),
            },
            Key {
                name: $error,
                kind: "double",
                value: |link| said(way(&link.$field, |way| way.frame_error_percent).map(|rate| rate.percent())),
            },
            Key {
                name: $observed,
                kind: "string",
                value: |link| said(way(&link.$field, |way| way.observed_at)),
            },
            Key {
                name: $relayed,
                kind: "boolean",
                value: |link| said(way(&link.$field, |way| Some(way.relayed))),
            },
        ]
    };
}

fn way<T>(way: &Option<Direction>, value: impl Fn(&Direction) -> Option<T>) -> Option<T> {
    way.as_ref().and_then(value)
}

const LINK_KEYS: &[Key<Link>] = &[
    Key {
        name: "id",
        kind: "string",
        value: |link| Some(link.id.to_string()),
    },
    Key {
        name: "kind",
        kind: "string",
        value: |link| Some(kind(link.kind).to_owned()),
    },
    Key {
        name: "medium",
        kind: "string",
        value: |link| Some(medium(link.medium).to_owned()),
    },
    Key {
        name: "state",
        kind: "string",
        value: |link| Some(link.state.name().to_owned()),
    },
];

/// How the source of an edge hears its target, and how the target hears the source.
const WAY_KEYS: [[Key<Link>; 6]; 2] = [
    way_keys!(
        a_hears_b,
        "source_hears_target_link_quality",
        "source_hears_target_average_rssi_dbm",
        "source_hears_target_link_margin_db",
        "source_hears_target_frame_error_percent",
        "source_hears_target_observed_at",
        "source_hears_target_relayed"
    ),
    way_keys!(
        b_hears_a,
        "target_hears_source_link_quality",
        "target_hears_source_average_rssi_dbm",
        "target_hears_source_link_margin_db",
        "target_hears_source_frame_error_percent",
        "target_hears_source_observed_at",
        "target_hears_source_relayed"
    ),
];

const GRAPH_KEYS: &[Key<Topology>] = &[
    Key {
        name: "as_of",
        kind: "string",
        value: |topology| Some(topology.as_of.to_string()),
    },
    Key {
        name: "networks",
        kind: "string",
        value: |topology| Some(topology.networks().map(describe).collect::<Vec<_>>().join("; ")),
    },
];

fn describe(network: &Network) -> String {
    let name = network.name.as_deref().map(|name| format!("{name} "));
    let pan_id = network.pan_id.map(|pan_id| format!(", PAN {pan_id}"));
    let channel = network.channel.map(|channel| format!(", channel {channel}"));
    [name, Some(format!("({})", network.id)), pan_id, channel].into_iter().flatten().collect()
}

/// The topology as GraphML.
pub(super) fn graphml(topology: &Topology, positions: &Positions) -> String {
    let mut xml = Xml::new();
    xml.open(
        "graphml",
        &[
            ("xmlns", &NAMESPACE),
            ("xmlns:xsi", &"http://www.w3.org/2001/XMLSchema-instance"),
            ("xsi:schemaLocation", &SCHEMA),
        ],
    );
    declare(&mut xml, "graph", "g", GRAPH_KEYS.iter());
    declare(&mut xml, "node", "n", NODE_KEYS.iter());
    for (id, name) in [("x", "x"), ("y", "y")] {
        xml.empty("key", &[("id", &id), ("for", &"node"), ("attr.name", &name), ("attr.type", &"double")]);
    }
    declare(&mut xml, "edge", "e", link_keys());
    xml.open("graph", &[("id", &"mesh"), ("edgedefault", &"undirected")]);
    data(&mut xml, "g", GRAPH_KEYS.iter(), topology);
    let places = positions.nodes();
    let mut numbers = BTreeMap::new();
    for (number, node) in topology.nodes().enumerate() {
        numbers.insert(&node.id, number);
        xml.open("node", &[("id", &format_args!("n{number}"))]);
        data(&mut xml, "n", NODE_KEYS.iter(), node);
        if let Some(place) = places.get(&*node.id) {
            xml.leaf("data", &[("key", &"x")], &Tenths(place.x.px()));
            xml.leaf("data", &[("key", &"y")], &Tenths(place.y.px()));
        }
        xml.close();
    }
    for (number, link) in topology.links().enumerate() {
        let (Some(a), Some(b)) = (numbers.get(&link.a), numbers.get(&link.b)) else {
            continue;
        };
        let id = format_args!("e{number}");
        xml.open(
            "edge",
            &[("id", &id), ("source", &format_args!("n{a}")), ("target", &format_args!("n{b}"))],
        );
        data(&mut xml, "e", link_keys(), link);
        xml.close();
    }
    xml.finish()
}

fn link_keys() -> impl Iterator<Item = &'static Key<Link>> {
    LINK_KEYS.iter().chain(WAY_KEYS.iter().flatten())
}

fn declare<T: 'static>(xml: &mut Xml, element: &str, prefix: &str, keys: impl Iterator<Item = &'static Key<T>>) {
    for (number, key) in keys.enumerate() {
        let id = format_args!("{prefix}{number}");
        xml.empty(
            "key",
            &[("id", &id), ("for", &element), ("attr.name", &key.name), ("attr.type", &key.kind)],
        );
    }
}

fn data<T: 'static>(xml: &mut Xml, prefix: &str, keys: impl Iterator<Item = &'static Key<T>>, of: &T) {
    for (number, key) in keys.enumerate() {
        if let Some(value) = (key.value)(of) {
            xml.leaf("data", &[("key", &format_args!("{prefix}{number}"))], &value);
        }
    }
}
