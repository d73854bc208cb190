//! The topology as a client reads it: from the JSON object of the contract, whoever wrote it.
//!
//! Tolerant: what a later version adds is passed over, what an earlier one did not have is unknown.

use crate::text::clean;
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use weft_model::Timestamp;

/// Devices of one name that a finding's title tells apart.
const MAX_TOLD_APART: usize = 8;

/// A topology.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct View {
    pub(crate) as_of: Timestamp,
    #[serde(default)]
    pub(crate) networks: Vec<Network>,
    #[serde(default)]
    pub(crate) nodes: Vec<Node>,
    #[serde(default)]
    pub(crate) links: Vec<Link>,
    #[serde(default)]
    pub(crate) findings: Vec<Finding>,
}

impl View {
    /// Reads the JSON object. Names come from devices and from the LAN: nothing of them may reach a terminal as an order, so every text is cleaned here.
    ///
    /// # Errors
    /// Where it is no topology.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json)
            .map_err(anyhow::Error::new)
            .and_then(Self::from_value)
            .context("the topology cannot be read")
    }

    fn from_value(mut json: Value) -> Result<Self> {
        make_harmless(&mut json);
        Ok(serde_json::from_value(json)?)
    }
}

/// Cleans all texts. No deeper than serde_json reads.
fn make_harmless(json: &mut Value) {
    match json {
        Value::String(text) if text.bytes().any(|byte| !matches!(byte, b' '..=b'~')) => *text = clean(text),
        Value::Array(items) => items.iter_mut().for_each(make_harmless),
        Value::Object(members) => members.values_mut().for_each(make_harmless),
        _ => {}
    }
}

/// A Thread network.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) extended_pan_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) pan_id: Option<String>,
    pub(crate) channel: Option<u16>,
    #[serde(default)]
    pub(crate) partitions: Vec<Partition>,
}

/// A partition.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Partition {
    pub(crate) partition_id: u32,
    pub(crate) leader: Option<String>,
    #[serde(default)]
    pub(crate) state: State,
}

/// How far a statement can be trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    Gone,
    Stale,
    Contradicted,
    Confirmed,
    OneSided,
    Inferred,
    #[default]
    #[serde(other)]
    Unknown,
}

impl State {
    /// In words; nothing where there is nothing to say.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Stale => "stale",
            Self::Contradicted => "contradicted",
            Self::Confirmed => "confirmed",
            Self::OneSided => "one-sided",
            Self::Inferred => "inferred",
            Self::Unknown => "",
        }
    }
}

/// What a device does in its mesh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    Leader,
    Router,
    Reed,
    EndDevice,
    SleepyEndDevice,
    #[default]
    #[serde(other)]
    Unknown,
}

/// A device.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) previous_ids: Vec<String>,
    pub(crate) network: Option<String>,
    pub(crate) partition_id: Option<u32>,
    pub(crate) extended_address: Option<String>,
    pub(crate) rloc16: Option<String>,
    #[serde(default)]
    pub(crate) role: Role,
    #[serde(default)]
    pub(crate) border_router: bool,
    pub(crate) name: Option<String>,
    pub(crate) room: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) model: Option<String>,
    #[serde(default)]
    pub(crate) state: State,
    pub(crate) parent: Option<Parent>,
    pub(crate) last_parent: Option<LastParent>,
    #[serde(default)]
    pub(crate) parents: Vec<PastParent>,
    pub(crate) heard_by_dongle: Option<HeardByDongle>,
    pub(crate) last_heard_at: Option<Timestamp>,
    pub(crate) path: Option<Path>,
    #[serde(default)]
    pub(crate) addresses: Vec<String>,
    #[serde(default)]
    pub(crate) known_as: KnownAs,
    #[serde(default)]
    pub(crate) unheard: bool,
    #[serde(default)]
    pub(crate) claims: Vec<Claim>,
}

impl Node {
    /// What a person would call it: its name, else its model with its extended address, else its place in the mesh.
    pub(crate) fn call(&self) -> String {
        if let Some(name) = self.name.as_deref().filter(|name| !name.trim().is_empty()) {
            return name.to_owned();
        }
        let instance = || self.registration().map(|(_, instance)| instance);
        let identifier = self
            .extended_address
            .as_deref()
            .or(self.rloc16.as_deref())
            .or_else(instance)
            .unwrap_or(&self.id);
        match &self.model {
            Some(model) => format!("{identifier} ({model})"),
            None => identifier.to_owned(),
        }
    }

    /// Service type and instance of a LAN registration that nothing joins to a device.
    pub(crate) fn registration(&self) -> Option<(&str, &str)> {
        self.id.strip_prefix("lan/")?.split_once('/')
    }

    /// It routes for others.
    pub(crate) fn is_router(&self) -> bool {
        matches!(self.role, Role::Leader | Role::Router)
    }
}

/// A present parent.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Parent {
    pub(crate) node: String,
    #[serde(default)]
    pub(crate) state: State,
    pub(crate) since: Option<Timestamp>,
    #[serde(default)]
    pub(crate) reasons: Vec<String>,
}

/// The parent that a child had last.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LastParent {
    pub(crate) node: String,
    pub(crate) until: Timestamp,
}

/// One parent of a child's history.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PastParent {
    pub(crate) node: String,
    pub(crate) since: Timestamp,
    pub(crate) until: Option<Timestamp>,
}

/// How a dongle hears a radio.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HeardByDongle {
    pub(crate) rssi_average_dbm: Option<f64>,
    pub(crate) observed_at: Timestamp,
}

/// A path to a border router.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Path {
    pub(crate) to: String,
    pub(crate) cost: u32,
    #[serde(default)]
    pub(crate) hops: Vec<Hop>,
}

/// One hop of a path.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Hop {
    pub(crate) node: String,
    pub(crate) cost: u32,
    #[serde(default)]
    pub(crate) stated: bool,
}

/// Names that other programs know a device by.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct KnownAs {
    #[serde(default)]
    pub(crate) matter: Vec<String>,
    #[serde(default)]
    pub(crate) hap: Vec<String>,
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    pub(crate) border_agent_id: Option<String>,
    pub(crate) eui64: Option<String>,
}

/// One statement behind something believed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Claim {
    pub(crate) source: String,
    pub(crate) reporter: String,
    pub(crate) fact: String,
    pub(crate) observed_at: Option<Timestamp>,
    pub(crate) capture: CaptureReference,
}

/// The capture behind a claim.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct CaptureReference {
    pub(crate) seq: u64,
}

/// What a link is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LinkKind {
    Router,
    ParentChild,
    Neighbor,
    #[default]
    #[serde(other)]
    Unknown,
}

/// A link.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Link {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) kind: LinkKind,
    #[serde(default)]
    pub(crate) medium: String,
    pub(crate) a: String,
    pub(crate) b: String,
    #[serde(default)]
    pub(crate) state: State,
    pub(crate) a_hears_b: Option<Direction>,
    pub(crate) b_hears_a: Option<Direction>,
    #[serde(default)]
    pub(crate) claims: Vec<Claim>,
}

impl Link {
    /// The other end than `node`, how `node` hears it, and how it hears `node`. `None` where `node` is no end.
    pub(crate) fn seen_from(&self, node: &str) -> Option<(&str, Option<&Direction>, Option<&Direction>)> {
        if self.a == node {
            Some((&self.b, self.a_hears_b.as_ref(), self.b_hears_a.as_ref()))
        } else if self.b == node {
            Some((&self.a, self.b_hears_a.as_ref(), self.a_hears_b.as_ref()))
        } else {
            None
        }
    }
}

/// One direction of a link.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Direction {
    pub(crate) link_quality: Option<u8>,
    pub(crate) average_rssi_dbm: Option<f64>,
    pub(crate) link_margin_db: Option<f64>,
    #[serde(default)]
    pub(crate) relayed: bool,
}

/// How urgent a finding is; the most urgent first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    Problem,
    Warning,
    #[default]
    #[serde(other)]
    Info,
}

/// Something that a person should know.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Finding {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) severity: Severity,
    #[serde(default)]
    pub(crate) subjects: Vec<String>,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) advice: String,
    #[serde(default)]
    pub(crate) muted: Option<Muted>,
}

/// Why a person does not want to hear of a finding.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Muted {
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

fn name_in_network(node: &Node) -> Option<(Option<&str>, String)> {
    let name = node.name.as_deref().filter(|name| !name.trim().is_empty())?;
    Some((node.network.as_deref(), name.to_lowercase()))
}

/// A view with its nodes by id.
pub(crate) struct Indexed<'a> {
    pub(crate) view: &'a View,
    nodes: BTreeMap<&'a str, &'a Node>,
    /// Names that several devices of one network have, by (network, name).
    shared_names: BTreeSet<(Option<&'a str>, String)>,
}

impl<'a> Indexed<'a> {
    /// Finds nodes by their ids, and by the ids that they had before.
    pub(crate) fn new(view: &'a View) -> Self {
        let previous = view
            .nodes
            .iter()
            .flat_map(|node| node.previous_ids.iter().map(move |id| (id.as_str(), node)));
        let present = view.nodes.iter().map(|node| (node.id.as_str(), node));
        let mut names = BTreeSet::new();
        let names_again = view.nodes.iter().filter_map(name_in_network).filter(|name| !names.insert(name.clone()));
        Self {
            shared_names: names_again.collect(),
            view,
            nodes: previous.chain(present).collect(),
        }
    }

    /// The node of an id.
    pub(crate) fn node(&self, id: &str) -> Option<&'a Node> {
        self.nodes.get(id).copied()
    }

    /// What a person would call the node of an id, so that it means this node alone.
    pub(crate) fn call(&self, id: &str) -> String {
        self.node(id).map_or_else(|| id.to_owned(), |node| self.call_node(node))
    }

    /// What a person would call a node; with its RLOC16 where another device of its network has the same name.
    fn call_node(&self, node: &Node) -> String {
        let is_shared = name_in_network(node).is_some_and(|name| self.shared_names.contains(&name));
        let place = node.rloc16.as_ref().or(node.extended_address.as_ref()).filter(|_| is_shared);
        place.map_or_else(|| node.call(), |place| format!("{} ({place})", node.call()))
    }

    /// The name of a network.
    pub(crate) fn network(&self, id: &str) -> String {
        let network = self.view.networks.iter().find(|network| network.id == id);
        network.and_then(|network| network.name.clone()).unwrap_or_else(|| id.to_owned())
    }

    /// The title of a finding, which calls devices by their names: those whose name others have too get their RLOC16.
    pub(crate) fn title(&self, finding: &Finding) -> String {
        let title = self.with_names(&finding.title);
        let subjects = finding.subjects.iter().flat_map(|subject| subject.split('~'));
        let nodes: BTreeMap<&str, &Node> = subjects.filter_map(|id| self.node(id)).map(|node| (node.id.as_str(), node)).collect();
        let unclear: Vec<(String, String)> = nodes
            .values()
            .map(|node| (node.call(), self.call_node(node)))
            .filter(|(name, call)| name != call && title.contains(name) && !title.contains(call))
            .take(MAX_TOLD_APART)
            .collect();
        match &unclear[..] {
            [] => title,
            [(name, call)] if title.starts_with(name) => title.replacen(name, call, 1),
            _ => {
                let calls: Vec<&str> = unclear.iter().map(|(_, call)| call.as_str()).collect();
                format!("{title} [{}]", calls.join(", "))
            }
        }
    }

    /// A text with the ids of named nodes replaced by what a person would call them. Findings name nodes by their ids.
    pub(crate) fn with_names(&self, text: &str) -> String {
        let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '~');
        let mut named = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(is_id) {
            named.push_str(&rest[..start]);
            let word = &rest[start..];
            let end = word.find(|c| !is_id(c)).unwrap_or(word.len());
            match self.nodes.get(&word[..end]).filter(|node| node.name.is_some()) {
                Some(node) => named.push_str(&self.call_node(node)),
                None => named.push_str(&word[..end]),
            }
            rest = &word[end..];
        }
        named.push_str(rest);
        named
    }
}
