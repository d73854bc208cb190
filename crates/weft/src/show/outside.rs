//! Devices that the LAN announces and that have no place in a mesh.

use super::Style;
use crate::text::{self, Look, fit};
use crate::view::{Indexed, Node};

/// Columns of everything but the name.
const OTHER_COLUMNS: usize = 45;
/// Columns of what a device is.
const WHAT_COLUMNS: usize = 33;

/// What has no network; nothing where there is none.
pub(super) fn without_network(indexed: &Indexed<'_>, style: &Style) -> String {
    let mut nodes: Vec<&Node> = indexed.view.nodes.iter().filter(|node| node.network.is_none()).collect();
    nodes.sort_by_cached_key(|node| (node.call().to_lowercase(), node.id.as_str()));
    section(indexed, "on the LAN, in no known mesh", &nodes, style)
}

/// A section of devices without a place; nothing where there are none.
pub(super) fn section(indexed: &Indexed<'_>, title: &str, nodes: &[&Node], style: &Style) -> String {
    if nodes.is_empty() {
        return String::new();
    }
    let title = style.paint.in_look(Look::Strong, title);
    let heading = style.paint.in_look(Look::Faint, columns("DEVICE", "WHAT", "ANNOUNCED", style).trim_end());
    let lines: String = nodes.iter().map(|node| line(indexed, node, style)).collect();
    format!("\n{title}\n{heading}\n{lines}")
}

fn line(indexed: &Indexed<'_>, node: &Node, style: &Style) -> String {
    let newest = node.claims.iter().filter_map(|claim| claim.observed_at).max();
    let announced = newest.map(|at| text::age(Some(at), indexed.view.as_of)).unwrap_or_default();
    columns(&node.call(), &what(node), &announced, style).trim_end().to_owned() + "\n"
}

fn columns(name: &str, what: &str, announced: &str, style: &Style) -> String {
    let name = fit(&format!("  {name}"), style.width.saturating_sub(OTHER_COLUMNS));
    format!("{name} {}  {announced:>9}", fit(what, WHAT_COLUMNS))
}

/// What is known of it beside its name.
fn what(node: &Node) -> String {
    let mut known = Vec::new();
    if node.border_router {
        known.push("border router".to_owned());
    }
    if !node.known_as.matter.is_empty() {
        known.push("Matter".to_owned());
    }
    if !node.known_as.hap.is_empty() {
        known.push("HomeKit".to_owned());
    }
    known.extend(node.registration().map(|(service, _)| service.to_owned()).filter(|_| known.is_empty()));
    let maker: Vec<&str> = [node.vendor.as_deref(), node.model.as_deref()]
        .into_iter()
        .flatten()
        .filter(|text| Some(*text) != node.name.as_deref())
        .collect();
    if !maker.is_empty() {
        known.push(maker.join(" "));
    }
    known.join(", ")
}
