//! Tables for spreadsheets: RFC 4180 in UTF-8, the first row has the columns' names.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and a device can be called anything. So a *text* that begins with one of them,
//! one of their full-width forms, a tab or a line's end, gets an apostrophe before it. Numbers, as the strength of -61 dBm, stay numbers.

use super::Table;
use std::fmt::Display;
use weft_topology::{Direction, Link, LinkKind, Medium, Network, Node, Topology};

/// What a spreadsheet takes for the beginning of a formula, or passes over before one.
const FORMULA_BEGINS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// One cell.
enum Cell {
    Empty,
    /// Our own words and numbers.
    Plain(String),
    /// From outside.
    Text(String),
}

/// A column: its name, and its cell of a row.
type Column<T> = (&'static str, fn(&T) -> Cell);

fn plain(value: Option<impl Display>) -> Cell {
    value.map_or(Cell::Empty, |value| Cell::Plain(value.to_string()))
}

fn text(value: Option<impl Into<String>>) -> Cell {
    value.map_or(Cell::Empty, |value| Cell::Text(value.into()))
}

fn id(value: Option<&weft_topology::Id>) -> Cell {
    text(value.map(|id| id.to_string()))
}

fn yes(value: bool) -> Cell {
    Cell::Plain(if value { "yes" } else { "no" }.to_owned())
}

/// A table of the topology.
pub(super) fn table(topology: &Topology, table: Table) -> String {
    match table {
        Table::Devices => devices(topology, |_| true),
        Table::BorderRouters => devices(topology, |node| node.border_router),
        Table::Links => links(topology),
        Table::Networks => networks(topology),
    }
}

fn devices(topology: &Topology, is_wanted: fn(&Node) -> bool) -> String {
    let mut nodes: Vec<&Node> = topology.nodes().filter(|node| is_wanted(node)).collect();
    nodes.sort_by(|one, other| one.id.cmp(&other.id));
    let columns: [Column<Node>; 21] = [
        ("id", |node| id(Some(&node.id))),
        ("name", |node| text(node.name.as_deref())),
        ("room", |node| text(node.room.as_deref())),
        ("role", |node| plain(Some(node.role.name()))),
        ("border_router", |node| yes(node.border_router)),
        ("state", |node| plain(Some(node.state.name()))),
        ("network", |node| id(node.network.as_ref())),
        ("partition_id", |node| plain(node.partition_id)),
        ("rloc16", |node| plain(node.rloc16)),
        ("extended_address", |node| plain(node.extended_address)),
        ("parent", |node| id(node.parent.as_ref().map(|parent| &parent.node))),
        ("parent_state", |node| plain(node.parent.as_ref().map(|parent| parent.state.name()))),
        ("parent_since", |node| plain(node.parent.as_ref().and_then(|parent| parent.since))),
        ("path_to", |node| id(node.path.as_ref().map(|path| &path.to))),
        ("path_cost", |node| plain(node.path.as_ref().map(|path| path.cost))),
        ("last_heard_at", |node| plain(node.last_heard_at)),
        ("vendor", |node| text(node.vendor.as_deref())),
        ("model", |node| text(node.model.as_deref())),
        ("addresses", |node| text(Some(node.addresses.join(" ")))),
        ("matter", |node| text(Some(node.known_as.matter.join(" ")))),
        ("border_agent_id", |node| text(node.known_as.border_agent_id.as_deref())),
    ];
    written(&columns, &nodes)
}

/// The name of a kind of link.
pub(super) const fn kind(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Router => "router",
        LinkKind::ParentChild => "parent-child",
        LinkKind::Neighbor => "neighbor",
    }
}

/// The name of a medium.
pub(super) const fn medium(medium: Medium) -> &'static str {
    match medium {
        Medium::Radio => "radio",
        Medium::Trel => "trel",
        Medium::Unknown => "unknown",
    }
}

/// A link with the names of its ends.
struct Named<'t>(&'t Link, [Option<&'t str>; 2]);

fn links<'t>(topology: &'t Topology) -> String {
    fn a<'l>(row: &'l Named<'_>) -> Option<&'l Direction> {
        row.0.a_hears_b.as_ref()
    }
    fn b<'l>(row: &'l Named<'_>) -> Option<&'l Direction> {
        row.0.b_hears_a.as_ref()
    }
    let names: std::collections::BTreeMap<_, _> = topology.nodes().map(|node| (&node.id, node.name.as_deref())).collect();
    let name = |id| names.get(id).copied().flatten();
    let mut links: Vec<Named<'t>> = topology.links().map(|link| Named(link, [name(&link.a), name(&link.b)])).collect();
    links.sort_by(|one, other| one.0.id.cmp(&other.0.id));
    let columns: [Column<Named<'t>>; 20] = [
        ("id", |row| id(Some(&row.0.id))),
        ("kind", |row| plain(Some(kind(row.0.kind)))),
        ("medium", |row| plain(Some(medium(row.0.medium)))),
        ("state", |row| plain(Some(row.0.state.name()))),
        ("a", |row| id(Some(&row.0.a))),
        ("a_name", |row| text(row.1[0])),
        ("b", |row| id(Some(&row.0.b))),
        ("b_name", |row| text(row.1[1])),
        ("a_hears_b_link_quality", |row| {
            plain(a(row).and_then(|way| way.link_quality).map(|quality| quality.get()))
        }),
        ("a_hears_b_average_rssi_dbm", |row| {
            plain(a(row).and_then(|way| way.average_rssi_dbm).map(|rssi| rssi.dbm()))
        }),
        ("a_hears_b_link_margin_db", |row| plain(a(row).and_then(|way| way.link_margin_db))),
        ("a_hears_b_frame_error_percent", |row| {
            plain(a(row).and_then(|way| way.frame_error_percent).map(|rate| rate.percent()))
        }),
        ("a_hears_b_observed_at", |row| plain(a(row).and_then(|way| way.observed_at))),
        ("a_hears_b_relayed", |row| a(row).map_or(Cell::Empty, |way| yes(way.relayed))),
        ("b_hears_a_link_quality", |row| {
            plain(b(row).and_then(|way| way.link_quality).map(|quality| quality.get()))
        }),
        ("b_hears_a_average_rssi_dbm", |row| {
            plain(b(row).and_then(|way| way.average_rssi_dbm).map(|rssi| rssi.dbm()))
        }),
        ("b_hears_a_link_margin_db", |row| plain(b(row).and_then(|way| way.link_margin_db))),
        ("b_hears_a_frame_error_percent", |row| {
            plain(b(row).and_then(|way| way.frame_error_percent).map(|rate| rate.percent()))
        }),
        ("b_hears_a_observed_at", |row| plain(b(row).and_then(|way| way.observed_at))),
        ("b_hears_a_relayed", |row| b(row).map_or(Cell::Empty, |way| yes(way.relayed))),
    ];
    written(&columns, &links.iter().collect::<Vec<_>>())
}

/// A network and how much is in it.
struct Counted<'t> {
    network: &'t Network,
    devices: usize,
    border_routers: usize,
    links: usize,
}

fn networks<'t>(topology: &'t Topology) -> String {
    let counted = topology.parts.iter().filter_map(|part| {
        Some(Counted {
            network: part.network.as_ref()?,
            devices: part.nodes.len(),
            border_routers: part.nodes.iter().filter(|node| node.border_router).count(),
            links: part.links.len(),
        })
    });
    let rows: Vec<Counted<'t>> = counted.collect();
    let columns: [Column<Counted<'t>>; 11] = [
        ("id", |row| id(Some(&row.network.id))),
        ("name", |row| text(row.network.name.as_deref())),
        ("extended_pan_id", |row| plain(row.network.extended_pan_id)),
        ("pan_id", |row| plain(row.network.pan_id)),
        ("channel", |row| plain(row.network.channel)),
        ("mesh_local_prefix", |row| plain(row.network.mesh_local_prefix)),
        ("omr_prefixes", |row| plain(Some(joined(&row.network.omr_prefixes)))),
        ("partitions", |row| {
            plain(Some(joined(row.network.partitions.iter().map(|partition| partition.partition_id))))
        }),
        ("devices", |row| plain(Some(row.devices))),
        ("border_routers", |row| plain(Some(row.border_routers))),
        ("links", |row| plain(Some(row.links))),
    ];
    written(&columns, &rows.iter().collect::<Vec<_>>())
}

fn joined(values: impl IntoIterator<Item = impl Display>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(" ")
}

fn written<T>(columns: &[Column<T>], rows: &[&T]) -> String {
    let mut out = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
    out.push_str("\r\n");
    for row in rows {
        let mut is_first = true;
        for (_, value) in columns {
            if !is_first {
                out.push(',');
            }
            is_first = false;
            match value(row) {
                Cell::Empty => (),
                Cell::Plain(value) => quoted(&mut out, &value),
                Cell::Text(value) if value.starts_with(FORMULA_BEGINS) => quoted(&mut out, &format!("'{value}")),
                Cell::Text(value) => quoted(&mut out, &value),
            }
        }
        out.push_str("\r\n");
    }
    out
}

/// A cell; in quotes where it needs them.
fn quoted(out: &mut String, cell: &str) {
    if !cell.contains([',', '"', '\r', '\n']) {
        return out.push_str(cell);
    }
    out.push('"');
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}
