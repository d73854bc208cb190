//! Entries of two parts that a person said are one device: a name on the LAN and a place in a mesh, as a rule.

use super::Part;
use crate::finding::same::not_the_same;
use crate::network::Side;
use crate::snapshot::{Claim, Finding, Id, NetworkTopology, Node, State};
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_model::Timestamp;

/// A node of a part.
type Place = (Part, Id);

/// Both sides of one word, as far as they are found.
#[derive(Default)]
struct Pair {
    subject: Option<Place>,
    other: Option<Place>,
}

/// Makes one node of each pair. Gives findings about those that are heard as two.
pub(super) fn unite(parts: &mut BTreeMap<Part, Arc<NetworkTopology>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, left, right) in standing(parts) {
        let (Some(left), Some(right)) = (found(parts, &left), found(parts, &right)) else {
            continue;
        };
        if is_heard(left.1) && is_heard(right.1) {
            findings.push(not_the_same(left.1, right.1, at));
            continue;
        }
        // The place in a mesh stays; the name goes there.
        let ((stays, stays_id), (goes, goes_id)) = match (left.1.network.is_some(), right.1.network.is_some()) {
            (true, false) => (key(left), key(right)),
            (false, true) => (key(right), key(left)),
            _ if is_heard(left.1) => (key(left), key(right)),
            _ => (key(right), key(left)),
        };
        let Some(gone) = take(parts, goes, &goes_id) else { continue };
        let stays = parts.get_mut(&stays).map(Arc::make_mut);
        let Some(node) = stays.and_then(|part| part.nodes.iter_mut().find(|node| node.id == stays_id)) else {
            continue;
        };
        absorb(node, gone);
    }
    findings
}

/// The words that hold, with when they were said, oldest first.
fn standing(parts: &BTreeMap<Part, Arc<NetworkTopology>>) -> Vec<(Timestamp, Place, Place)> {
    let mut words: BTreeMap<(Timestamp, u64), Pair> = BTreeMap::new();
    let mut taken_back: Vec<((Timestamp, u64), &Id)> = Vec::new();
    for (part, topology) in parts {
        for half in &topology.half_words {
            let word = (half.at, half.seq);
            let node = (*part, half.node.clone());
            match half.side {
                Side::Subject => words.entry(word).or_default().subject = Some(node),
                Side::Other => words.entry(word).or_default().other = Some(node),
                Side::TakenBack => taken_back.push((word, &half.node)),
            }
        }
    }
    let pairs = words
        .into_iter()
        .filter_map(|(word, pair)| Some((word, pair.subject?, pair.other?)))
        .filter(|(_, left, right)| left.0 != right.0);
    pairs
        .filter(|(word, left, right)| {
            !taken_back
                .iter()
                .any(|(later, node)| later > word && (**node == left.1 || **node == right.1))
        })
        .map(|((at, _), left, right)| (at, left, right))
        .collect()
}

/// A node of a part by its id.
pub(super) fn node<'n>(part: &'n NetworkTopology, id: &str) -> Option<&'n Node> {
    let place = part.nodes.binary_search_by(|node| (*node.id).cmp(id)).ok()?;
    part.nodes.get(place)
}

fn found<'n>(parts: &'n BTreeMap<Part, Arc<NetworkTopology>>, (part, id): &(Part, Id)) -> Option<(Part, &'n Node)> {
    Some((*part, node(parts.get(part)?, id)?))
}

fn key((part, node): (Part, &Node)) -> (Part, Id) {
    (part, node.id.clone())
}

/// A radio is heard now, more than registered.
fn is_heard(node: &Node) -> bool {
    node.extended_address.is_some() && node.last_heard_at.is_some() && !matches!(node.state, State::Stale | State::Gone)
}

fn take(parts: &mut BTreeMap<Part, Arc<NetworkTopology>>, part: Part, id: &str) -> Option<Node> {
    let part = Arc::make_mut(parts.get_mut(&part)?);
    let place = part.nodes.binary_search_by(|node| (*node.id).cmp(id)).ok()?;
    Some(part.nodes.remove(place))
}

/// Adds to a node what is known of the other entry. What it has itself stays.
fn absorb(node: &mut Node, other: Node) {
    fn fill<T>(own: &mut Option<T>, other: Option<T>) {
        if own.is_none() {
            *own = other;
        }
    }
    fn add<T: Ord>(own: &mut Vec<T>, other: Vec<T>) {
        own.extend(other);
        own.sort();
        own.dedup();
    }
    fill(&mut node.name, other.name);
    fill(&mut node.room, other.room);
    fill(&mut node.pin, other.pin);
    fill(&mut node.note, other.note);
    fill(&mut node.vendor, other.vendor);
    fill(&mut node.model, other.model);
    fill(&mut node.muted_since, other.muted_since);
    fill(&mut node.known_as.border_agent_id, other.known_as.border_agent_id);
    fill(&mut node.known_as.eui64, other.known_as.eui64);
    node.muted |= other.muted;
    node.border_router |= other.border_router;
    node.last_heard_at = node.last_heard_at.max(other.last_heard_at);
    add(&mut node.addresses, other.addresses);
    add(&mut node.known_as.matter, other.known_as.matter);
    add(&mut node.known_as.hap, other.known_as.hap);
    add(&mut node.known_as.hosts, other.known_as.hosts);
    node.previous_ids.push(other.id);
    add(&mut node.previous_ids, other.previous_ids);
    node.claims.extend(other.claims);
    Claim::put_in_order(&mut node.claims);
}
