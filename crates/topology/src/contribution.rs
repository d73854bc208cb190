//! What each source contributed: what it told, and what would be missing without it.

use crate::{Claim, LinkKind, NetworkTopology, State, Topology};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one source told, and what it alone told. Things that are gone do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Contribution {
    /// Nodes that at least one claim of this source stands behind.
    pub nodes: usize,
    /// Links likewise.
    pub links: usize,
    /// Children whose parent-child link at least one claim of this source stands behind.
    pub parents: usize,
    /// Nodes without a claim of any other source.
    pub nodes_alone: usize,
    /// Links without a claim of any other source.
    pub links_alone: usize,
    /// Children whose parent-child link has no claim of any other source.
    pub parents_alone: usize,
}

impl Contribution {
    fn add(&mut self, other: &Self) {
        self.nodes += other.nodes;
        self.links += other.links;
        self.parents += other.parents;
        self.nodes_alone += other.nodes_alone;
        self.links_alone += other.links_alone;
        self.parents_alone += other.parents_alone;
    }
}

/// Contributions by the names of the sources.
type BySource = BTreeMap<Arc<str>, Contribution>;

/// The contributions of all sources by their names, kept from one topology to the next: parts that both share are not counted again.
#[derive(Debug, Default)]
pub struct Contributions {
    parts: Vec<(Arc<NetworkTopology>, BySource)>,
}

impl Contributions {
    /// What each source contributed to a topology. A source that contributed nothing is not in it.
    pub fn of(&mut self, topology: &Topology) -> BySource {
        let mut known = std::mem::take(&mut self.parts).into_iter().peekable();
        let mut all = BySource::new();
        for part in &topology.parts {
            // Both lists have the same order; what is passed over has changed or is no more.
            while known.peek().is_some_and(|(old, _)| !Arc::ptr_eq(old, part) && key(old) <= key(part)) {
                known.next();
            }
            let counted = match known.next_if(|(old, _)| Arc::ptr_eq(old, part)) {
                Some((_, counted)) => counted,
                None => of_part(part),
            };
            for (source, contribution) in &counted {
                all.entry(source.clone()).or_default().add(contribution);
            }
            self.parts.push((part.clone(), counted));
        }
        all
    }
}

/// The order of parts: networks by id, the LAN last.
fn key(part: &NetworkTopology) -> (bool, Option<&str>) {
    (part.network.is_none(), part.network.as_ref().map(|network| &*network.id))
}

fn of_part(part: &NetworkTopology) -> BySource {
    let mut counted = BySource::new();
    for node in part.nodes.iter().filter(|node| node.state != State::Gone) {
        count(&node.claims, &mut counted, |contribution, is_alone| {
            contribution.nodes += 1;
            contribution.nodes_alone += usize::from(is_alone);
        });
    }
    for link in part.links.iter().filter(|link| link.state != State::Gone) {
        let is_parent = usize::from(link.kind == LinkKind::ParentChild);
        count(&link.claims, &mut counted, |contribution, is_alone| {
            contribution.links += 1;
            contribution.links_alone += usize::from(is_alone);
            contribution.parents += is_parent;
            contribution.parents_alone += is_parent * usize::from(is_alone);
        });
    }
    counted
}

/// Tells each source of some claims once, and whether it is the only one.
fn count(claims: &[Claim], counted: &mut BySource, add: impl Fn(&mut Contribution, bool)) {
    let (mut sources, mut people): (Vec<&Arc<str>>, Vec<&Arc<str>>) = (Vec::new(), Vec::new());
    for claim in claims {
        // Few sources speak of one thing, and mostly the same one many times.
        let list = if claim.is_by_person() { &mut people } else { &mut sources };
        if !list.iter().any(|source| Arc::ptr_eq(source, &claim.source) || **source == claim.source) {
            list.push(&claim.source);
        }
    }
    // A name is no second witness: what a person calls by a name is still heard by one source alone.
    let is_alone = sources.len() == 1;
    people.retain(|source| !sources.contains(source));
    for (source, is_alone) in sources
        .into_iter()
        .map(|source| (source, is_alone))
        .chain(people.into_iter().map(|source| (source, false)))
    {
        match counted.get_mut(source) {
            Some(contribution) => add(contribution, is_alone),
            None => add(counted.entry(source.clone()).or_default(), is_alone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::PERSON;
    use crate::{CaptureReference, Id, Link, Medium};
    use weft_model::Timestamp;

    fn link(id: &str, kind: LinkKind, state: State, sources: &[&str]) -> Link {
        let claim = |source: &&str| Claim {
            source: (*source).into(),
            reporter: if *source == "annotations" { PERSON.into() } else { "r".into() },
            fact: "f".into(),
            observed_at: None,
            capture: CaptureReference {
                recording: None,
                store: None,
                seq: 1,
            },
        };
        Link {
            id: id.into(),
            kind,
            medium: Medium::Radio,
            a: Id::from("a"),
            b: Id::from("b"),
            state,
            a_hears_b: None,
            b_hears_a: None,
            claims: sources.iter().map(claim).collect(),
        }
    }

    fn topology(parts: Vec<Vec<Link>>) -> Topology {
        let part = |links| NetworkTopology {
            network: None,
            nodes: Vec::new(),
            links,
            findings: Vec::new(),
            clues: Vec::new(),
            half_words: Vec::new(),
            valid_until: Timestamp::MAX,
        };
        Topology {
            as_of: Timestamp::MIN,
            valid_until: Timestamp::MAX,
            parts: parts.into_iter().map(|links| Arc::new(part(links))).collect(),
            findings: Vec::new(),
        }
    }

    #[test]
    fn what_a_source_alone_told_is_told_apart() {
        let mut topology = topology(vec![
            vec![
                link("1", LinkKind::Router, State::Confirmed, &["mdns", "matter", "matter"]),
                link("2", LinkKind::ParentChild, State::OneSided, &["matter", "annotations", "matter"]),
            ],
            vec![
                link("3", LinkKind::ParentChild, State::Stale, &["mdns"]),
                link("4", LinkKind::Router, State::Gone, &["mdns"]),
                link("5", LinkKind::Router, State::Inferred, &[]),
            ],
        ]);
        let mut contributions = Contributions::default();
        let counted = contributions.of(&topology);
        let of = |links, parents, links_alone, parents_alone| Contribution {
            links,
            parents,
            links_alone,
            parents_alone,
            ..Contribution::default()
        };
        assert_eq!(counted.len(), 3);
        assert_eq!(counted["annotations"], of(1, 1, 0, 0));
        assert_eq!(counted["matter"], of(2, 1, 1, 1));
        assert_eq!(counted["mdns"], of(2, 1, 1, 1));
        // Kept or counted anew: the same.
        topology.parts.remove(0);
        assert_eq!(contributions.of(&topology), Contributions::default().of(&topology));
        assert_eq!(contributions.of(&topology)["mdns"], of(1, 1, 1, 1));
    }
}
