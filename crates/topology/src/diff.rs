//! What changed from one topology to the next, as whole objects by id. Parts that both share are passed over by pointer,
//! so that a difference costs what changed.

use crate::json::WithoutClaims;
use crate::{Finding, Id, Link, Network, NetworkTopology, Node, Topology};
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weft_model::Timestamp;

/// What turns an older topology into a newer one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Delta {
    /// The moment that the newer topology is about.
    pub as_of: Timestamp,
    /// Until when age alone changes nothing.
    pub valid_until: Timestamp,
    /// Networks.
    pub networks: Changes<Network>,
    /// Nodes.
    pub nodes: Changes<Node>,
    /// Links.
    pub links: Changes<Link>,
    /// Findings.
    pub findings: Changes<Finding>,
}

/// What changed in one list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Changes<T> {
    /// Whole objects that are new or different, sorted by id. They replace the object with the same id.
    pub upserted: Vec<T>,
    /// Ids of objects that are no more, sorted.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub removed: Vec<Id>,
}

impl<T> Changes<T> {
    /// True where nothing changed.
    pub fn is_empty(&self) -> bool {
        self.upserted.is_empty() && self.removed.is_empty()
    }

    /// How many objects are touched.
    pub fn len(&self) -> usize {
        self.upserted.len() + self.removed.len()
    }
}

impl Delta {
    /// True where nothing but the moment changed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many objects are touched: what keeping this delta costs.
    pub fn len(&self) -> usize {
        self.networks.len() + self.nodes.len() + self.links.len() + self.findings.len()
    }

    /// The delta as it is written without the claims of nodes and links.
    pub fn without_claims(&self) -> DeltaWithoutClaims<'_> {
        DeltaWithoutClaims(self)
    }
}

/// A delta whose nodes and links have no `claims` field. See [`Delta::without_claims`].
#[derive(Debug, Clone, Copy)]
pub struct DeltaWithoutClaims<'a>(&'a Delta);

impl Serialize for DeltaWithoutClaims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Delta {
            as_of,
            valid_until,
            networks,
            nodes,
            links,
            findings,
        } = self.0;
        let mut fields = serializer.serialize_struct("Delta", 6)?;
        fields.serialize_field("as_of", as_of)?;
        fields.serialize_field("valid_until", valid_until)?;
        fields.serialize_field("networks", networks)?;
        fields.serialize_field(
            "nodes",
            &Bare {
                upserted: bare(&nodes.upserted),
                removed: &nodes.removed,
            },
        )?;
        fields.serialize_field(
            "links",
            &Bare {
                upserted: bare(&links.upserted),
                removed: &links.removed,
            },
        )?;
        fields.serialize_field("findings", findings)?;
        fields.end()
    }
}

#[derive(Serialize)]
struct Bare<'a, T: Serialize> {
    upserted: Vec<WithoutClaims<'a, T>>,
    removed: &'a [Id],
}

fn bare<T: Serialize>(items: &[T]) -> Vec<WithoutClaims<'_, T>> {
    items.iter().map(WithoutClaims).collect()
}

/// An object that a delta names by its id.
trait Identified: Clone + PartialEq {
    fn id(&self) -> &Id;
}

macro_rules! identified {
    ($($name:ident),*) => {$(
        impl Identified for $name {
            fn id(&self) -> &Id {
                &self.id
            }
        }
    )*};
}

identified!(Network, Node, Link, Finding);

/// What turns `old` into `new`. An id stands for one object within a topology; the lists of a part are sorted by id, as derivation makes them.
pub fn diff(old: &Topology, new: &Topology) -> Delta {
    let (mut networks, mut nodes, mut links, mut findings) = (Collected::new(), Collected::new(), Collected::new(), Collected::new());
    for (old, new) in changed_parts(old, new) {
        networks.compare(list(old, |part| part.network.as_slice()), list(new, |part| part.network.as_slice()));
        nodes.compare(list(old, |part| &part.nodes), list(new, |part| &part.nodes));
        links.compare(list(old, |part| &part.links), list(new, |part| &part.links));
        findings.compare(list(old, |part| &part.findings), list(new, |part| &part.findings));
    }
    findings.compare(&old.findings, &new.findings);
    Delta {
        as_of: new.as_of,
        valid_until: new.valid_until,
        networks: networks.finish(),
        nodes: nodes.finish(),
        links: links.finish(),
        findings: findings.finish(),
    }
}

/// One network's part on both sides.
#[derive(Default)]
struct Pair<'a> {
    old: Option<&'a Arc<NetworkTopology>>,
    new: Option<&'a Arc<NetworkTopology>>,
}

/// The parts that are not the same allocation on both sides, paired by their network.
pub(crate) fn changed_parts<'a>(old: &'a Topology, new: &'a Topology) -> Vec<(Option<&'a NetworkTopology>, Option<&'a NetworkTopology>)> {
    let mut pairs: BTreeMap<Option<&str>, Pair<'a>> = BTreeMap::new();
    for part in &old.parts {
        pairs.entry(key(part)).or_default().old = Some(part);
    }
    for part in &new.parts {
        pairs.entry(key(part)).or_default().new = Some(part);
    }
    let same = |pair: &Pair<'_>| matches!((pair.old, pair.new), (Some(old), Some(new)) if Arc::ptr_eq(old, new));
    pairs
        .into_values()
        .filter(|pair| !same(pair))
        .map(|pair| (pair.old.map(Arc::as_ref), pair.new.map(Arc::as_ref)))
        .collect()
}

fn key(part: &NetworkTopology) -> Option<&str> {
    part.network.as_ref().map(|network| &*network.id)
}

fn list<'a, T>(part: Option<&'a NetworkTopology>, list: fn(&'a NetworkTopology) -> &'a [T]) -> &'a [T] {
    part.map_or(&[], list)
}

/// Changes of one kind, over all parts.
struct Collected<'a, T> {
    upserted: BTreeMap<&'a Id, &'a T>,
    removed: BTreeSet<&'a Id>,
}

impl<'a, T: Identified> Collected<'a, T> {
    fn new() -> Self {
        Self {
            upserted: BTreeMap::new(),
            removed: BTreeSet::new(),
        }
    }

    /// Walks two sorted lists side by side.
    fn compare(&mut self, old: &'a [T], new: &'a [T]) {
        let (mut olds, mut news) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let order = match (olds.peek(), news.peek()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.id().cmp(new.id()),
            };
            let old = if order.is_le() { olds.next() } else { None };
            let new = if order.is_ge() { news.next() } else { None };
            match (old, new) {
                (Some(old), None) => {
                    self.removed.insert(old.id());
                }
                (old, Some(new)) if old != Some(new) => {
                    self.upserted.insert(new.id(), new);
                }
                _ => {}
            }
        }
    }

    /// What left one part and came into another has moved: it is not removed.
    fn finish(self) -> Changes<T> {
        let removed = self.removed.into_iter().filter(|id| !self.upserted.contains_key(id)).cloned().collect();
        Changes {
            upserted: self.upserted.into_values().cloned().collect(),
            removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KnownAs, LinkKind, Medium, Role, Severity, State};
    use proptest::collection::btree_map;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn node(id: &str, name: u8) -> Node {
        Node {
            id: id.into(),
            previous_ids: Vec::new(),
            network: None,
            partition_id: None,
            extended_address: None,
            rloc16: None,
            role: Role::Router,
            border_router: false,
            name: Some(format!("name {name}")),
            room: None,
            pin: None,
            note: None,
            muted: false,
            muted_since: None,
            vendor: None,
            model: None,
            state: State::Confirmed,
            parent: None,
            last_parent: None,
            parents: Vec::new(),
            heard_by_dongle: None,
            last_heard_at: None,
            path: None,
            addresses: Vec::new(),
            known_as: KnownAs::default(),
            unheard: false,
            independent_paths: None,
            claims: Vec::new(),
        }
    }

    fn link(id: &str, medium: Medium) -> Link {
        let (a, b) = (Id::from("a"), Id::from("b"));
        Link {
            id: id.into(),
            kind: LinkKind::Router,
            medium,
            a,
            b,
            state: State::Confirmed,
            a_hears_b: None,
            b_hears_a: None,
            claims: Vec::new(),
        }
    }

    fn finding(id: String, title: u8) -> Finding {
        Finding {
            id: id.into(),
            kind: "second-partition",
            severity: Severity::Info,
            subjects: Vec::new(),
            title: title.to_string(),
            detail: String::new(),
            advice: String::new(),
            muted: None,
        }
    }

    fn network(id: &str, channel: u8) -> Network {
        Network {
            id: id.into(),
            extended_pan_id: None,
            name: None,
            pan_id: None,
            channel: Some(channel),
            mesh_local_prefix: None,
            omr_prefixes: Vec::new(),
            partitions: Vec::new(),
        }
    }

    /// A topology of what lies where: node number → (part, version), links and findings along with them. Part 0 is the LAN.
    fn topology(nodes: &BTreeMap<u8, (u8, u8)>, seconds: i64) -> Topology {
        let mut parts = Vec::new();
        for part in (1..4).chain([0]) {
            let here: Vec<_> = nodes.iter().filter(|(_, (at, _))| *at == part).collect();
            if here.is_empty() {
                continue;
            }
            parts.push(Arc::new(NetworkTopology {
                network: (part > 0).then(|| network(&format!("network {part}"), here[0].1.1 % 2 + 11)),
                nodes: here.iter().map(|(id, (_, version))| node(&format!("n{id:03}"), *version)).collect(),
                links: here
                    .iter()
                    .filter(|(_, (_, version))| *version > 1)
                    .map(|(id, (_, version))| link(&format!("l{id:03}"), if *version > 2 { Medium::Trel } else { Medium::Radio }))
                    .collect(),
                findings: here
                    .iter()
                    .filter(|(_, (_, version))| *version == 3)
                    .map(|(id, _)| finding(format!("f{id:03}"), **id))
                    .collect(),
                clues: Vec::new(),
                half_words: Vec::new(),
                valid_until: Timestamp::MAX,
            }));
        }
        let findings = (nodes.len() > 3)
            .then(|| finding("across".into(), nodes.len() as u8))
            .into_iter()
            .collect();
        Topology {
            as_of: Timestamp::MIN.plus_seconds(seconds),
            valid_until: Timestamp::MAX,
            parts,
            findings,
        }
    }

    fn json_of(topology: &Topology) -> Value {
        serde_json::to_value(topology.document(true)).unwrap()
    }

    /// What a client does with a delta, on JSON.
    fn apply(old: &Value, delta: &Value) -> Value {
        let mut new = old.clone();
        for list in ["networks", "nodes", "links", "findings"] {
            let mut by_id: BTreeMap<String, Value> = BTreeMap::new();
            let upserted = delta[list]["upserted"].as_array().unwrap();
            for item in old[list].as_array().unwrap().iter().chain(upserted) {
                by_id.insert(item["id"].as_str().unwrap().into(), item.clone());
            }
            for id in delta[list]["removed"].as_array().unwrap() {
                assert!(by_id.remove(id.as_str().unwrap()).is_some(), "removed what was not there: {id}");
            }
            new[list] = by_id.into_values().collect();
        }
        new["as_of"] = delta["as_of"].clone();
        new["valid_until"] = delta["valid_until"].clone();
        new
    }

    proptest! {
        #[test]
        fn the_old_topology_and_the_delta_give_the_new_one(
            old in btree_map(0u8..24, (0u8..4, 0u8..4), 0..12),
            new in btree_map(0u8..24, (0u8..4, 0u8..4), 0..12),
        ) {
            let (old, new) = (topology(&old, 1), topology(&new, 2));
            let delta = diff(&old, &new);
            prop_assert_eq!(apply(&json_of(&old), &serde_json::to_value(&delta).unwrap()), json_of(&new));
            prop_assert!(diff(&new, &new).is_empty());
            prop_assert_eq!(diff(&old, &new), delta);
        }
    }

    #[test]
    fn a_shared_part_is_not_looked_at() {
        let old = topology(&BTreeMap::from([(1, (1, 0)), (2, (2, 0))]), 1);
        let mut new = old.clone();
        new.parts[1] = Arc::new(NetworkTopology {
            nodes: vec![node("n002", 9)],
            ..(*new.parts[1]).clone()
        });
        assert_eq!(changed_parts(&old, &new).len(), 1);
        let delta = diff(&old, &new);
        assert_eq!(delta.len(), 1);
        assert_eq!(delta.nodes.upserted[0].name.as_deref(), Some("name 9"));
    }

    #[test]
    fn a_node_that_came_into_a_network_is_not_removed() {
        let old = topology(&BTreeMap::from([(1, (0, 0)), (2, (1, 0))]), 1);
        let new = topology(&BTreeMap::from([(1, (1, 0)), (2, (1, 0))]), 1);
        let delta = diff(&old, &new);
        assert!(delta.nodes.removed.is_empty());
        assert_eq!(delta.nodes.upserted.len(), 1);
    }

    #[test]
    fn a_delta_may_leave_the_claims_out() {
        let old = topology(&BTreeMap::new(), 1);
        let delta = diff(&old, &topology(&BTreeMap::from([(1, (1, 2))]), 2));
        let bare = serde_json::to_value(delta.without_claims()).unwrap();
        assert_eq!(bare["nodes"]["upserted"][0].get("claims"), None);
        assert_eq!(bare["links"]["upserted"][0].get("claims"), None);
        let mut full = serde_json::to_value(&delta).unwrap();
        for list in ["nodes", "links"] {
            assert_eq!(full[list]["upserted"][0].as_object_mut().unwrap().remove("claims"), Some(json!([])));
        }
        assert_eq!(full, bare);
    }
}
