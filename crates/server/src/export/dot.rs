//! A graph for Graphviz. `neato -n2` keeps the places of the map; `dot`, `sfdp` and the others make their own.

use super::csv::{kind, medium};
use super::map::label;
use std::collections::BTreeMap;
use std::fmt::Write;
use weft_layout::Positions;
use weft_topology::{Direction, Link, LinkKind, Node, Role, State, Topology};

/// Points of Graphviz in a CSS pixel.
const POINTS: f64 = 0.75;

/// A text in double quotes. Graphviz reads escapes in labels (`\N`, `\n`) and entities (`&lt;`): both are taken from the text.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '&' => quoted.push_str("&amp;"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn quality(way: Option<&Direction>) -> String {
    way.and_then(|way| way.link_quality)
        .map_or_else(|| "?".to_owned(), |quality| quality.get().to_string())
}

/// The topology as an undirected graph with a cluster for each network.
pub(super) fn dot(topology: &Topology, positions: &Positions) -> String {
    let mut out = String::from("graph weft {\n");
    let places = positions.nodes();
    let title = format!("Thread mesh as of {}", topology.as_of);
    let _ = writeln!(
        out,
        "  graph [label={}, fontname=\"Helvetica\", overlap=false, splines=line];",
        quoted(&title)
    );
    out.push_str("  node [fontname=\"Helvetica\", fontsize=10];\n  edge [fontname=\"Helvetica\", fontsize=8];\n");
    let mut numbers = BTreeMap::new();
    for part in &topology.parts {
        let indent = if let Some(network) = &part.network {
            let name = network.name.as_deref().unwrap_or(&network.id);
            let _ = writeln!(
                out,
                "  subgraph {} {{\n    label={};",
                quoted(&format!("cluster_{}", network.id)),
                quoted(name)
            );
            "    "
        } else {
            "  "
        };
        for node in &part.nodes {
            let number = numbers.len();
            numbers.insert(&node.id, number);
            let position = places
                .get(&*node.id)
                // Graphviz counts upwards.
                .map(|place| format!(", pos=\"{:.1},{:.1}\"", place.x.px() * POINTS, -place.y.px() * POINTS));
            let _ = writeln!(out, "{indent}n{number} [{}{}];", node_attributes(node), position.unwrap_or_default());
        }
        if part.network.is_some() {
            out.push_str("  }\n");
        }
    }
    for link in topology.links() {
        if let (Some(a), Some(b)) = (numbers.get(&link.a), numbers.get(&link.b)) {
            let _ = writeln!(out, "  n{a} -- n{b} [{}];", link_attributes(link));
        }
    }
    out.push_str("}\n");
    out
}

fn node_attributes(node: &Node) -> String {
    let shape = match (node.border_router, node.role) {
        (true, _) => "hexagon",
        (_, Role::Leader | Role::Router) => "circle",
        (_, Role::Reed | Role::EndDevice) => "box",
        _ => "ellipse",
    };
    let style = match node.state {
        State::Stale | State::Gone => "dashed",
        State::Inferred | State::Contradicted => "dotted",
        State::Confirmed | State::OneSided => "solid",
    };
    let mut attributes = format!("label={}, shape={shape}, style={style}", quoted(&label(node)));
    if node.role == Role::Leader {
        attributes.push_str(", peripheries=2");
    }
    let rloc16 = node.rloc16.map(|rloc16| rloc16.to_string());
    let tooltip = [Some(node.role.name()), rloc16.as_deref(), Some(node.state.name()), Some(&node.id)];
    let tooltip = tooltip.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let _ = write!(attributes, ", tooltip={}", quoted(&tooltip));
    attributes
}

fn link_attributes(link: &Link) -> String {
    let style = match link.state {
        State::Stale | State::Gone => "dashed",
        State::Inferred | State::Contradicted => "dotted",
        State::Confirmed | State::OneSided => "solid",
    };
    let weight = if link.kind == LinkKind::ParentChild { 4 } else { 1 };
    let [a, b] = [&link.a_hears_b, &link.b_hears_a].map(|way| quality(way.as_ref()));
    format!(
        "style={style}, weight={weight}, taillabel={}, headlabel={}, tooltip={}",
        quoted(&a),
        quoted(&b),
        quoted(&format!("{}, {}, {}", kind(link.kind), medium(link.medium), link.state.name()))
    )
}
