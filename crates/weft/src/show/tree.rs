//! One network: its heading, its routers with their children, what has no place, what nobody heard.

use super::Style;
use super::row::{self, ParentLinks};
use crate::text::{self, Look};
use crate::view::{Indexed, Network, Node, Partition, State};
use std::collections::{BTreeMap, BTreeSet};

/// Thread has two levels; a chain of statements that exclude each other may have more.
const MAX_DEPTH: usize = 8;

/// What of a network was written already, and how its devices hang together.
struct Tree<'a> {
    indexed: &'a Indexed<'a>,
    links: ParentLinks<'a>,
    nodes: Vec<&'a Node>,
    children: BTreeMap<&'a str, Vec<&'a Node>>,
    written: BTreeSet<&'a str>,
    style: &'a Style,
    page: String,
}

/// The page of one network.
pub(super) fn network(indexed: &Indexed<'_>, network: &Network, style: &Style) -> String {
    let mut nodes: Vec<&Node> = indexed
        .view
        .nodes
        .iter()
        .filter(|node| node.network.as_deref() == Some(network.id.as_str()))
        .collect();
    nodes.sort_by_cached_key(|node| (!node.border_router, node.call().to_lowercase(), node.rloc16.as_deref(), node.id.as_str()));
    let mut children: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in &nodes {
        if let Some(parent) = node.parent.as_ref().and_then(|parent| indexed.node(&parent.node)) {
            children.entry(&parent.id).or_default().push(node);
        }
    }
    let mut tree = Tree {
        indexed,
        links: ParentLinks::of(indexed),
        nodes,
        children,
        written: BTreeSet::new(),
        style,
        page: heading(indexed, network, style),
    };
    tree.page.push('\n');
    tree.page.push_str(&row::heading(style));
    tree.partitions(network);
    tree.lost();
    tree.parent_unknown();
    tree.without_place();
    tree.without_name();
    tree.gaps();
    tree.page
}

fn heading(indexed: &Indexed<'_>, network: &Network, style: &Style) -> String {
    let name = network.name.as_deref().unwrap_or("a network whose name nobody told");
    let mut facts = vec![match &network.extended_pan_id {
        Some(id) => format!("extended PAN id {id}"),
        None => "extended PAN id unknown".to_owned(),
    }];
    facts.extend(network.channel.map(|channel| format!("channel {channel}")));
    facts.extend(network.pan_id.as_ref().map(|id| format!("PAN id {id}")));
    let mut heading = format!(
        "{}\n  {}\n",
        style.paint.in_look(Look::Strong, &text::cut(name, style.width)),
        facts.join(", ")
    );
    for partition in &network.partitions {
        let line = format!("  {}", partition_line(indexed, partition));
        heading.push_str(&text::cut(&line, style.width));
        heading.push('\n');
    }
    heading
}

fn partition_line(indexed: &Indexed<'_>, partition: &Partition) -> String {
    let leader = match &partition.leader {
        Some(leader) => format!("led by {}", indexed.call(leader)),
        None => "leader unknown".to_owned(),
    };
    let state = match partition.state {
        State::Confirmed | State::Unknown => String::new(),
        state => format!(" ({})", state.words()),
    };
    format!("partition {}, {leader}{state}", partition.partition_id)
}

impl<'a> Tree<'a> {
    /// Routers with what hangs below them; where the network is split, partition by partition.
    fn partitions(&mut self, network: &Network) {
        let standing: BTreeSet<u32> = network.partitions.iter().map(|partition| partition.partition_id).collect();
        if standing.len() < 2 {
            return self.routers(|_| true);
        }
        for partition in &network.partitions {
            let id = partition.partition_id;
            self.section(&format!("partition {id}"));
            self.routers(|node| node.partition_id == Some(id));
        }
        if self
            .nodes
            .iter()
            .any(|node| self.is_top(node) && !self.written.contains(node.id.as_str()))
        {
            self.section("partition unknown");
            self.routers(|_| true);
        }
    }

    /// Routers, and whoever else has children; border routers first.
    fn routers(&mut self, belongs: impl Fn(&Node) -> bool) {
        for node in self.nodes.clone() {
            if self.is_top(node) && belongs(node) {
                self.device(node, "", "  ", 0);
            }
        }
    }

    fn is_top(&self, node: &Node) -> bool {
        let has_parent = node.parent.as_ref().is_some_and(|parent| self.indexed.node(&parent.node).is_some());
        !has_parent && (node.is_router() || node.border_router && node.rloc16.is_some() || self.children.contains_key(node.id.as_str()))
    }

    fn device(&mut self, node: &'a Node, branch: &str, below: &str, depth: usize) {
        if !self.written.insert(&node.id) {
            return;
        }
        let line = row::device(self.indexed, &self.links, node, branch, self.style);
        self.page.push_str(&line);
        if depth == MAX_DEPTH {
            return;
        }
        let children = self.children.get(node.id.as_str()).cloned().unwrap_or_default();
        for (index, child) in children.iter().enumerate() {
            let is_last = index + 1 == children.len();
            let branch = format!("{below}{}", if is_last { "└─ " } else { "├─ " });
            let below = format!("{below}{}", if is_last { "   " } else { "│  " });
            self.device(child, &branch, &below, depth + 1);
        }
    }

    fn section(&mut self, title: &str) {
        let title = self.style.paint.in_look(Look::Strong, title);
        self.page.push_str(&format!("\n{title}\n"));
    }

    fn rest(&self, which: impl Fn(&Node) -> bool) -> Vec<&'a Node> {
        self.nodes
            .iter()
            .copied()
            .filter(|node| !self.written.contains(node.id.as_str()) && which(node))
            .collect()
    }

    /// Children that are lost, with the parent that they had last.
    fn lost(&mut self) {
        let lost = self.rest(|node| node.last_parent.is_some() && node.parent.is_none());
        if lost.is_empty() {
            return;
        }
        self.section("lost");
        for node in lost {
            self.device(node, "", "  ", 0);
            if let Some(last) = &node.last_parent {
                let line = format!(
                    "last below {}, until {} ago",
                    self.indexed.call(&last.node),
                    text::age(Some(last.until), self.indexed.view.as_of)
                );
                self.page.push_str(&text::wrap(&line, "    ", self.style.width));
            }
        }
    }

    /// Devices that were heard in the mesh, and nobody tells below whom.
    fn parent_unknown(&mut self) {
        let unplaced = self.rest(|node| node.rloc16.is_some() || node.last_heard_at.is_some());
        if unplaced.is_empty() {
            return;
        }
        self.section("parent unknown");
        for node in unplaced {
            self.device(node, "", "  ", 0);
        }
    }

    /// What the LAN announces in this network, and no table places.
    fn without_place(&mut self) {
        let (named, unnamed): (Vec<&Node>, Vec<&Node>) = self.rest(|_| true).into_iter().partition(|node| node.name.is_some());
        for (title, nodes) in [("named, not placed", named), ("announced, neither named nor placed", unnamed)] {
            self.written.extend(nodes.iter().map(|node| node.id.as_str()));
            self.page.push_str(&super::outside::section(self.indexed, title, &nodes, self.style));
        }
    }

    /// Places in the mesh that nothing gives a name to.
    fn without_name(&mut self) {
        let unnamed: Vec<&Node> = self
            .nodes
            .iter()
            .copied()
            .filter(|node| node.name.is_none() && node.rloc16.is_some())
            .collect();
        let named = self.nodes.iter().any(|node| node.name.is_some());
        // Where nothing has a name, the tree shows that already.
        if unnamed.is_empty() || !named {
            return;
        }
        self.section(&format!("placed, not named: {}", unnamed.len()));
        let mut places: Vec<&str> = unnamed.iter().filter_map(|node| node.rloc16.as_deref()).collect();
        places.sort_unstable();
        self.page.push_str(&text::wrap(&places.join(" "), "  ", self.style.width));
    }

    /// Routers that others route to, and whose tables nobody heard: what hangs below them is not in the tree.
    fn gaps(&mut self) {
        let ids: BTreeSet<&str> = self.nodes.iter().map(|node| node.id.as_str()).collect();
        let findings = self.indexed.view.findings.iter();
        let gaps: Vec<_> = findings
            .filter(|finding| {
                finding.kind == super::findings::UNHEARD_ROUTER && finding.subjects.iter().any(|subject| ids.contains(subject.as_str()))
            })
            .collect();
        if gaps.is_empty() {
            return;
        }
        self.section("gaps: routers whose tables nobody has heard; their children may be missing");
        for gap in gaps {
            // The finding says the same of each.
            let seen = gap.detail.split(", and nobody").next().unwrap_or_default();
            let called = gap
                .subjects
                .first()
                .map(|subject| format!(" ({})", self.indexed.call(subject)))
                .unwrap_or_default();
            let lines = text::wrap(&format!("{}{called}", seen.trim_end_matches('.')), "    ", self.style.width);
            self.page.push_str(&format!("  ! {}", lines.trim_start()));
        }
    }
}
