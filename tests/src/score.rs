//! Precision and recall of a conclusion against the truth, per state.

use crate::{Truth, TruthRole};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use weft_model::ExtendedAddress;
use weft_topology::{Id, Link, LinkKind, Node, Role, State, Topology};

/// How many statements of one kind and state are right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// They are true.
    pub right: usize,
    /// They are not.
    pub wrong: usize,
}

/// What a node of the conclusion is in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Is(ExtendedAddress),
    /// It was there, and is no more.
    Dead,
    /// A row that its router kept.
    StaleRow,
    Invented,
}

/// A conclusion held against the truth.
#[derive(Debug, Clone)]
pub struct Score {
    name: String,
    /// By what it is about (`nodes`, `parents`, `links`) and its state.
    pub tallies: BTreeMap<(&'static str, State), Tally>,
    /// How many of each are to be found.
    pub to_find: BTreeMap<&'static str, usize>,
    /// What was not found.
    pub missing: Vec<String>,
    /// What is said of the present and is not true, with its state.
    pub invented: Vec<(State, String)>,
    /// Nodes whose role is another.
    pub wrong_roles: Vec<String>,
    matches: BTreeMap<Id, Match>,
}

/// States that say nothing of the present.
fn is_past(state: State) -> bool {
    matches!(state, State::Gone | State::Stale)
}

impl Score {
    /// Holds a topology against the truth.
    pub fn of(name: &str, topology: &Topology, truth: &Truth) -> Self {
        let mut score = Self {
            name: name.to_owned(),
            tallies: BTreeMap::new(),
            to_find: BTreeMap::new(),
            missing: Vec::new(),
            invented: Vec::new(),
            wrong_roles: Vec::new(),
            matches: BTreeMap::new(),
        };
        for network in topology.networks().skip(1) {
            score.invented.push((State::OneSided, format!("networks: a second one, {}", network.id)));
        }
        score.nodes(topology, truth);
        score.parents(topology, truth);
        score.links(topology, truth);
        score
    }

    /// The extended address of a node in truth, where it has one.
    pub fn truth_of(&self, id: &str) -> Option<ExtendedAddress> {
        match self.matches.get(id) {
            Some(Match::Is(address)) => Some(*address),
            _ => None,
        }
    }

    /// What is confirmed and not true.
    pub fn wrongly_confirmed(&self) -> Vec<&str> {
        self.invented
            .iter()
            .filter(|(state, _)| *state == State::Confirmed)
            .map(|(_, what)| what.as_str())
            .collect()
    }

    fn count(&mut self, kind: &'static str, state: State, wrong: Option<String>) {
        let tally = self.tallies.entry((kind, state)).or_default();
        match wrong {
            None => tally.right += 1,
            Some(what) => {
                tally.wrong += 1;
                if !is_past(state) {
                    self.invented.push((state, format!("{kind}: {what} ({})", state.name())));
                }
            }
        }
    }

    fn expect(&mut self, kind: &'static str, all: usize, missing: impl IntoIterator<Item = String>) {
        self.to_find.insert(kind, all);
        self.missing.extend(missing.into_iter().map(|what| format!("{kind}: {what}")));
    }

    fn nodes(&mut self, topology: &Topology, truth: &Truth) {
        let mut found: BTreeSet<ExtendedAddress> = BTreeSet::new();
        for node in topology.nodes().filter(|node| node.network.is_some()) {
            let Some(what) = identify(node, truth) else { continue };
            self.matches.insert(node.id.clone(), what);
            let is_a_second = matches!(what, Match::Is(address) if !is_past(node.state) && !found.insert(address));
            let wrong = match what {
                Match::Dead => continue,
                Match::Is(_) if is_a_second => Some(format!("{} is there twice", describe(node))),
                Match::Is(_) => None,
                Match::StaleRow if node.state == State::Confirmed => Some(format!("{} is a row that its router kept", describe(node))),
                Match::StaleRow => continue,
                Match::Invented => Some(format!("{} does not exist", describe(node))),
            };
            self.count("nodes", node.state, wrong);
            if let Match::Is(address) = what
                && let Some(true_node) = truth.node(address)
                && !is_past(node.state)
                && !role_agrees(node.role, true_node.role)
            {
                self.wrong_roles.push(format!("{} is {:?} in truth", describe(node), true_node.role));
            }
        }
        let expected = truth.nodes_to_find();
        let missing: Vec<String> = expected.difference(&found).map(ToString::to_string).collect();
        self.expect("nodes", expected.len(), missing);
    }

    fn parents(&mut self, topology: &Topology, truth: &Truth) {
        let mut found: BTreeMap<ExtendedAddress, ExtendedAddress> = BTreeMap::new();
        for node in topology.nodes().filter(|node| !is_past(node.state)) {
            let (Some(what), Some(parent)) = (self.matches.get(&node.id).copied(), &node.parent) else {
                continue;
            };
            let parent_in_truth = self.truth_of(&parent.node);
            let said = || format!("{} is said to be a child of {}", describe(node), parent.node);
            let wrong = match what {
                Match::Is(child) => match parent_in_truth {
                    Some(parent) if truth.parents_of(child).contains(&parent) => {
                        found.insert(child, parent);
                        None
                    }
                    _ if self.matches.get(&parent.node) == Some(&Match::Dead) => continue,
                    _ => Some(said()),
                },
                Match::StaleRow if parent.state == State::Confirmed => Some(said()),
                Match::StaleRow | Match::Dead => continue,
                Match::Invented => Some(said()),
            };
            self.count("parents", parent.state, wrong);
        }
        let expected = truth.parents_to_find();
        let missing: Vec<String> = expected
            .iter()
            .filter(|(child, parent)| found.get(child).is_none_or(|found| found != *parent))
            .map(|(child, parent)| format!("{child} below {parent}"))
            .collect();
        self.expect("parents", expected.len(), missing);
    }

    fn links(&mut self, topology: &Topology, truth: &Truth) {
        let were = truth.links_that_were();
        let mut found: BTreeSet<(ExtendedAddress, ExtendedAddress)> = BTreeSet::new();
        for link in topology.links() {
            let (Some(a), Some(b)) = (self.matches.get(&link.a).copied(), self.matches.get(&link.b).copied()) else {
                continue;
            };
            let wrong = match (a, b) {
                (Match::Is(a), Match::Is(b)) => {
                    let pair = (a.min(b), a.max(b));
                    if !were.contains(&pair) {
                        Some(format!("{} {:?} is no link", link.id, link.kind))
                    } else if !kind_agrees(link, a, b, truth) {
                        Some(format!("{} is no {:?} link", link.id, link.kind))
                    } else {
                        found.insert(pair);
                        None
                    }
                }
                (Match::Dead | Match::StaleRow, _) | (_, Match::Dead | Match::StaleRow) => continue,
                _ => Some(format!("{} has an end that does not exist", link.id)),
            };
            self.count("links", link.state, wrong);
        }
        let expected = truth.links_to_find();
        let missing: Vec<String> = expected.difference(&found).map(|(a, b)| format!("{a} - {b}")).collect();
        self.expect("links", expected.len(), missing);
    }
}

impl fmt::Display for Score {
    /// A table: for each kind and state how many are right, and how much of what is to be found was found.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, all) in &self.to_find {
            let missing = self.missing.iter().filter(|what| what.starts_with(kind)).count();
            let recall = if *all == 0 {
                100.0
            } else {
                (all - missing) as f64 * 100.0 / *all as f64
            };
            write!(
                f,
                "{:<28} {kind:<8} recall {:>3}/{all:<3} {recall:>5.1} %  precision",
                self.name,
                all - missing
            )?;
            for ((_, state), tally) in self.tallies.iter().filter(|((of, _), _)| of == kind) {
                write!(f, "  {} {}/{}", state.name(), tally.right, tally.right + tally.wrong)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The links of a topology between two radios.
pub fn links_between(topology: &Topology, a: ExtendedAddress, b: ExtendedAddress) -> Vec<&Link> {
    let is = |id: &Id, address: ExtendedAddress| topology.node(id).is_some_and(|node| node.extended_address == Some(address));
    topology
        .links()
        .filter(|link| (is(&link.a, a) && is(&link.b, b)) || (is(&link.a, b) && is(&link.b, a)))
        .collect()
}

/// What a node is in truth. `None`: a name that is not placed in the mesh, so it says nothing that could be held against it.
fn identify(node: &Node, truth: &Truth) -> Option<Match> {
    if let Some(address) = node.extended_address {
        return Some(if truth.node(address).is_some() {
            Match::Is(address)
        } else if truth.dead.iter().any(|dead| dead.extended_address == address) {
            Match::Dead
        } else if truth.stale_registrations.iter().any(|stale| stale.extended_address == address) && node.state != State::Confirmed {
            Match::StaleRow
        } else {
            Match::Invented
        });
    }
    let Some(rloc16) = node.rloc16 else {
        let named = &node.known_as;
        let is_a_name = !named.hosts.is_empty() || !named.hap.is_empty() || !named.matter.is_empty() || named.border_agent_id.is_some();
        return (!is_a_name).then_some(Match::Invented);
    };
    let holder = truth
        .at_rloc16(rloc16)
        .filter(|holder| node.partition_id.is_none_or(|partition| partition == holder.partition));
    Some(if let Some(holder) = holder {
        Match::Is(holder.extended_address)
    } else if truth.dead.iter().any(|dead| dead.rloc16 == rloc16) {
        Match::Dead
    } else if truth.stale_rows.iter().any(|row| row.child_rloc16 == rloc16) {
        Match::StaleRow
    } else {
        Match::Invented
    })
}

fn describe(node: &Node) -> String {
    let rloc16 = node.rloc16.map_or_else(|| "no RLOC16".to_owned(), |rloc16| rloc16.to_string());
    format!("{} ({rloc16}, {}, {})", node.id, node.role.name(), node.state.name())
}

/// True unless the roles exclude each other; less may be known than is true.
fn role_agrees(said: Role, truth: TruthRole) -> bool {
    match (said, truth) {
        (Role::Unknown, _) => true,
        (Role::Leader, truth) => truth == TruthRole::Leader,
        // Who leads is not known to everybody.
        (Role::Router, truth) => matches!(truth, TruthRole::Router | TruthRole::Leader),
        (Role::Reed, truth) => truth == TruthRole::Reed,
        (Role::EndDevice, truth) => matches!(truth, TruthRole::EndDevice | TruthRole::Reed | TruthRole::SleepyEndDevice),
        (Role::SleepyEndDevice, truth) => truth == TruthRole::SleepyEndDevice,
    }
}

fn kind_agrees(link: &Link, a: ExtendedAddress, b: ExtendedAddress, truth: &Truth) -> bool {
    let is_router = |address| truth.node(address).is_some_and(|node| node.parent.is_none());
    match link.kind {
        LinkKind::Router => is_router(a) && is_router(b),
        LinkKind::ParentChild => truth.parents_of(b).contains(&a),
        LinkKind::Neighbor => is_router(a) != is_router(b) && !truth.parents_of(a).contains(&b) && !truth.parents_of(b).contains(&a),
    }
}
