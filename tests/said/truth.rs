//! What nodes say of themselves by their own command lines.

use crate::live::Node;
use std::collections::{BTreeMap, BTreeSet};

/// Something with OpenThread's command line.
pub trait Asked {
    /// Its number among the radios of its air.
    fn number(&self) -> u16;

    /// One command; the lines of its answer, or why there is none.
    fn query(&mut self, command: &str) -> Result<Vec<String>, String>;
}

impl Asked for Node {
    fn number(&self) -> u16 {
        Self::number(self)
    }

    fn query(&mut self, command: &str) -> Result<Vec<String>, String> {
        self.try_ask(command)
    }
}

/// How well the two ends of a link hear each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Qualities {
    /// How well the node that tells hears the other.
    pub incoming: u8,
    /// What it was told of the other direction.
    pub outgoing: u8,
}

/// One node, by its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeTruth {
    pub number: u16,
    pub state: String,
    pub rloc16: String,
    pub extended_address: String,
    pub partition_id: u32,
    pub leader_router_id: u16,
    /// Extended address of its parent, if it is a child.
    pub parent: Option<String>,
    /// Children by extended address: RLOC16 and how well they are heard.
    pub children: BTreeMap<String, (String, u8)>,
    /// Routers that it has a link with, by extended address.
    pub routers: BTreeMap<String, Qualities>,
    /// Routers that it hears and has no link with, by extended address: what it tells of them in its routes.
    pub hears: BTreeMap<String, u8>,
}

impl NodeTruth {
    /// Asks a node.
    pub fn of(node: &mut dyn Asked) -> Result<Self, String> {
        let state = one(node, "state")?;
        let is_router = matches!(state.as_str(), "router" | "leader");
        let leader = node.query("leaderdata").unwrap_or_default();
        let leader_field = |name: &str| {
            leader
                .iter()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse::<u32>().ok())
        };
        let parent = if state == "child" { node.query("parent")? } else { Vec::new() };
        let children = if is_router {
            table(&node.query("child table")?).iter().map(child).collect::<Result<_, _>>()?
        } else {
            BTreeMap::new()
        };
        // Minimal devices have no router table.
        let rows = table(&node.query("router table").unwrap_or_default());
        let (linked, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.get("Link").is_some_and(|link| link == "1"));
        let routers = linked.into_iter().map(router).collect::<Result<_, _>>()?;
        let others = others.into_iter().map(router).collect::<Result<BTreeMap<_, _>, _>>()?;
        let hears = others
            .into_iter()
            .map(|(address, heard)| (address, heard.incoming))
            .filter(|(_, incoming)| *incoming > 0);
        Ok(Self {
            number: node.number(),
            rloc16: format!("0x{}", one(node, "rloc16")?),
            extended_address: one(node, "extaddr")?,
            partition_id: leader_field("Partition ID").unwrap_or_default(),
            leader_router_id: u16::try_from(leader_field("Leader Router ID").unwrap_or_default()).unwrap_or(u16::MAX),
            parent: parent.iter().find_map(|line| line.strip_prefix("Ext Addr: ").map(str::to_owned)),
            state,
            children,
            routers,
            hears: hears.collect(),
        })
    }

    /// It carries what others send.
    pub fn is_router(&self) -> bool {
        matches!(self.state.as_str(), "router" | "leader")
    }
}

/// A whole mesh, by the words of its nodes at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truth {
    /// By extended address.
    pub nodes: BTreeMap<String, NodeTruth>,
}

impl Truth {
    /// Asks all of them.
    pub fn of<'a>(nodes: impl IntoIterator<Item = &'a mut dyn Asked>) -> Result<Self, String> {
        let nodes = nodes
            .into_iter()
            .map(|node| NodeTruth::of(node).map(|truth| (truth.extended_address.clone(), truth)))
            .collect::<Result<_, _>>()?;
        Ok(Self { nodes })
    }

    /// Only the nodes of one partition.
    pub fn within(&self, partition_id: u32) -> Self {
        let nodes = self.nodes.iter().filter(|(_, node)| node.partition_id == partition_id);
        Self {
            nodes: nodes.map(|(address, node)| (address.clone(), node.clone())).collect(),
        }
    }

    /// Partitions that nodes say they are in.
    pub fn partitions(&self) -> BTreeSet<u32> {
        self.nodes.values().map(|node| node.partition_id).collect()
    }

    /// The node with a number.
    ///
    /// # Panics
    /// If there is none.
    pub fn node(&self, number: u16) -> &NodeTruth {
        self.nodes
            .values()
            .find(|node| node.number == number)
            .unwrap_or_else(|| panic!("no node {number}"))
    }

    /// Both ends of a link between routers say the same of it.
    fn agree(&self, one: &str, other: &str) -> bool {
        let says = |here: &str, there: &str| self.nodes.get(here)?.routers.get(there).copied();
        says(one, other) == says(other, one).map(Qualities::turned)
    }

    /// Why this is not a mesh at rest: everybody has a role, tables agree with each other. Empty: it is.
    pub fn unrest(&self) -> Vec<String> {
        let (mut unrest, disputes) = self.unrest_and_disputes();
        unrest.extend(disputes);
        unrest
    }

    /// The same, and apart from it which routers differ about their link: where one end has forgotten the other, that may last.
    pub fn unrest_and_disputes(&self) -> (Vec<String>, Vec<String>) {
        let (mut unrest, mut disputes) = (Vec::new(), Vec::new());
        for (address, node) in &self.nodes {
            let number = node.number;
            if !node.is_router() && node.state != "child" {
                unrest.push(format!("node {number} is {}", node.state));
            }
            if let Some(parent) = &node.parent {
                let told = self.nodes.get(parent).and_then(|parent| parent.children.get(address));
                if told.is_none_or(|(rloc16, _)| *rloc16 != node.rloc16) {
                    unrest.push(format!("the parent of node {number} does not list it as {}: {told:?}", node.rloc16));
                }
            }
            for child in node.children.keys() {
                if self.nodes.get(child).is_none_or(|child| child.parent.as_ref() != Some(address)) {
                    unrest.push(format!("node {number} lists {child}, which has another parent"));
                }
            }
            for other in node.routers.keys() {
                if !self.nodes.get(other).is_some_and(NodeTruth::is_router) {
                    unrest.push(format!("node {number} has a link with {other}, which is no router"));
                } else if node.is_router() && !self.agree(address, other) {
                    disputes.push(format!("node {number} and {other} differ about their link"));
                }
            }
        }
        (unrest, disputes)
    }
}

impl Qualities {
    /// The same by the other end.
    pub fn turned(self) -> Self {
        Self {
            incoming: self.outgoing,
            outgoing: self.incoming,
        }
    }
}

fn one(node: &mut dyn Asked, command: &str) -> Result<String, String> {
    Ok(node.query(command)?.join(" "))
}

/// The rows of a table as OpenThread prints it, by column.
fn table(lines: &[String]) -> Vec<BTreeMap<String, String>> {
    let mut rows = lines.iter().filter_map(|line| {
        let cells = line.strip_prefix('|')?.strip_suffix('|')?.split('|');
        Some(cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>())
    });
    let Some(titles) = rows.next() else { return Vec::new() };
    rows.map(|row| titles.iter().cloned().zip(row).collect()).collect()
}

fn cell<'a>(row: &'a BTreeMap<String, String>, title: &str) -> Result<&'a String, String> {
    row.get(title).ok_or_else(|| format!("no column {title:?} in {row:?}"))
}

fn quality(row: &BTreeMap<String, String>, title: &str) -> Result<u8, String> {
    let text = cell(row, title)?;
    text.parse().map_err(|_| format!("{title:?} is {text:?}"))
}

fn child(row: &BTreeMap<String, String>) -> Result<(String, (String, u8)), String> {
    Ok((cell(row, "Extended MAC")?.clone(), (cell(row, "RLOC16")?.clone(), quality(row, "LQ In")?)))
}

fn router(row: &BTreeMap<String, String>) -> Result<(String, Qualities), String> {
    let qualities = Qualities {
        incoming: quality(row, "LQ In")?,
        outgoing: quality(row, "LQ Out")?,
    };
    Ok((cell(row, "Extended MAC")?.clone(), qualities))
}
