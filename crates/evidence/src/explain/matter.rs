//! What Matter nodes and Matter servers say, attribute by attribute.

use super::{Names, Row, Section, attribute, fact, words};
use crate::capture::{MatterReport, MatterServerNode};
use crate::decode::DecodedCapture;
use std::collections::BTreeSet;
use weft_model::{AttributePath, Fact, FactKind, MatterPeer};
use weft_wire::matter::clusters::{decode_attribute, kind_of};
use weft_wire::matter::decode_node;

pub(super) fn report(report: &MatterReport, names: &dyn Names) -> (String, Vec<Section>) {
    let peer = MatterPeer {
        fabric: report.fabric,
        node: report.node,
    };
    let mut answers: Vec<(AttributePath, Vec<Fact>)> = Vec::new();
    for answer in &report.attributes {
        let path = AttributePath {
            endpoint: answer.endpoint,
            cluster: answer.cluster,
            attribute: answer.attribute,
        };
        let facts = match (answer.tlv.as_deref().map(crate::hex::decode), answer.status) {
            (Some(Some(tlv)), _) => decode_attribute(path, &tlv).facts,
            (None, Some(status)) => vec![Fact::Refused(kind_of(path), status)],
            _ => Vec::new(),
        };
        answers.push((path, facts));
    }
    let title = match tables(answers.iter().flat_map(|(_, facts)| facts)) {
        Some(tables) => format!("{tables} of {}, read over Matter", words::peer(peer, names)),
        None => format!("What {} told over Matter", words::peer(peer, names)),
    };
    let mut rows = vec![
        Row::new("Fabric", report.fabric.to_string()).means("Weft's own Matter fabric, or another Matter server's"),
        Row::new("Node", report.node.to_string()),
        Row::new("Attributes", answers.len().to_string()),
    ];
    rows.extend(
        report
            .interval_seconds
            .map(|interval| Row::new("Asked every", words::seconds(interval.into())).means("its answer is fresh for three of these")),
    );
    let mut sections = vec![Section::new("Report", rows)];
    sections.extend(by_cluster(answers, names));
    (title, sections)
}

/// The tables among facts, by name: "Neighbour table and route table".
fn tables<'f>(facts: impl Iterator<Item = &'f Fact>) -> Option<String> {
    let kinds: BTreeSet<FactKind> = facts
        .map(Fact::kind)
        .filter(|kind| matches!(kind, FactKind::NeighborTable | FactKind::RouteTable))
        .collect();
    let labels: Vec<String> = kinds.into_iter().map(fact::label).collect();
    match labels.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        [one, rest @ ..] => Some(format!("{one} and {}", rest.join(" and ").to_lowercase())),
    }
}

/// One section for each cluster of each endpoint, and one for each table, in the order of the answers.
fn by_cluster(answers: Vec<(AttributePath, Vec<Fact>)>, names: &dyn Names) -> Vec<Section> {
    let mut sections: Vec<((u16, u32), Section)> = Vec::new();
    let mut tables = Vec::new();
    for (path, facts) in answers {
        let place = (path.endpoint, path.cluster);
        let title = format!(
            "{} (cluster {:#06x}), endpoint {}",
            attribute::cluster_name(path.cluster),
            path.cluster,
            path.endpoint
        );
        let name = attribute::attribute_name(path.cluster, path.attribute);
        let mut rows = Vec::new();
        if facts.is_empty() {
            rows.push(Row::new(name.clone(), "could not be read"));
        }
        for fact in &facts {
            match fact::section(fact, names) {
                Some(table) => tables.push(Section {
                    title: format!("{} ({name}, attribute {:#06x})", table.title, path.attribute),
                    ..table
                }),
                None => rows.push(Row {
                    name: name.clone(),
                    ..fact::row(fact, names)
                }),
            }
        }
        match sections.iter_mut().find(|(known, _)| *known == place) {
            Some((_, section)) => section.rows.extend(rows),
            None => sections.push((place, Section::new(title, rows))),
        }
    }
    sections.into_iter().map(|(_, section)| section).chain(tables).collect()
}

pub(super) fn server_node(body: &MatterServerNode, decoded: &DecodedCapture, names: &dyn Names) -> (String, Vec<Section>) {
    let node = decode_node(&body.node);
    let reporter = decoded.observations.first().map(|observation| &observation.reporter);
    let who = match reporter {
        Some(crate::Reporter::Matter(peer)) => words::peer(*peer, names),
        _ => match node.node {
            Some(node) => format!("Matter node {node}"),
            None => "a node without a number".to_owned(),
        },
    };
    let mut rows = vec![
        Row::new("Server", fact::quoted(&body.server)).means("its fabric, or its address where it did not tell it"),
        Row::new("Node", node.node.map_or_else(|| "not told".to_owned(), |node| node.to_string())),
    ];
    rows.extend(
        node.available
            .map(|available| Row::new("Reachable", words::yes(available)).means("as the server says")),
    );
    rows.push(match node.last_interview {
        Some(at) => Row::new("Read by the server", at.to_string()).means("single attributes may be newer; nobody says when"),
        None => Row::new("Read by the server", "not told").means("how old this is, nobody knows"),
    });
    if !body.fresh.is_empty() {
        rows.push(Row::new("Told by the device just then", body.fresh.len().to_string()).means("attributes; the others are the server's memory"));
    }
    rows.extend(
        body.interval_seconds
            .map(|interval| Row::new("Read every", words::seconds(interval.into())).means("what the device tells is fresh for three of these")),
    );
    if node.other_attributes > 0 {
        rows.push(Row::new("Other attributes", node.other_attributes.to_string()).means("of clusters that say nothing about a mesh"));
    }
    let answers = node.facts.into_iter().map(|(path, fact)| (path, vec![fact])).collect();
    let mut sections = vec![Section::new("Node object", rows)];
    sections.extend(by_cluster(answers, names));
    let title = if body.fresh.is_empty() {
        format!("What a Matter server has in its cache of {who}")
    } else {
        format!("What {who} told through a Matter server")
    };
    (title, sections)
}
