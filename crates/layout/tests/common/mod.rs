//! Topologies for tests: plain builders, and random meshes.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part, and may fail")]

use proptest::prelude::*;
use std::sync::Arc;
use weft_layout::{Card, NodePosition, Positions, Spot};
use weft_model::{LinkQuality, PartitionId, Timestamp};
use weft_topology::{Direction, Id, KnownAs, LastParent, Link, LinkKind, Medium, Network, NetworkTopology, Node, Parent, Role, State, Topology};

/// What the map keeps free around a router, and around a child.
pub const ROUTER_RADIUS_PX: f64 = 22.0;
pub const CHILD_RADIUS_PX: f64 = 9.0;

pub fn node(id: impl AsRef<str>, role: Role) -> Node {
    Node {
        id: Id::from(id.as_ref()),
        previous_ids: Vec::new(),
        network: None,
        partition_id: None,
        extended_address: None,
        rloc16: None,
        role,
        border_router: false,
        name: None,
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

pub fn router(id: impl AsRef<str>) -> Node {
    node(id, Role::Router)
}

pub fn child(id: impl AsRef<str>, parent: &str) -> Node {
    let parent = Parent {
        node: Id::from(parent),
        state: State::Confirmed,
        since: None,
        reasons: Vec::new(),
    };
    Node {
        parent: Some(parent),
        ..node(id, Role::SleepyEndDevice)
    }
}

pub fn lost_child(id: impl AsRef<str>, parent: &str) -> Node {
    Node {
        state: State::Gone,
        last_parent: Some(LastParent {
            node: Id::from(parent),
            until: Timestamp::MIN,
        }),
        ..node(id, Role::SleepyEndDevice)
    }
}

pub fn link(a: &str, b: &str, a_hears_b: Option<u8>, b_hears_a: Option<u8>) -> Link {
    let direction = |quality: u8| Direction {
        link_quality: LinkQuality::new(quality),
        link_margin_db: None,
        average_rssi_dbm: None,
        last_rssi_dbm: None,
        frame_error_percent: None,
        message_error_percent: None,
        observed_at: None,
        relayed: false,
    };
    Link {
        id: Id::from(format!("{a}~{b}")),
        kind: LinkKind::Router,
        medium: Medium::Radio,
        a: Id::from(a),
        b: Id::from(b),
        state: State::Confirmed,
        a_hears_b: a_hears_b.map(direction),
        b_hears_a: b_hears_a.map(direction),
        claims: Vec::new(),
    }
}

pub fn good_link(a: &str, b: &str) -> Link {
    link(a, b, Some(3), Some(3))
}

/// A part; `id` is empty for the devices outside all networks.
pub fn part(id: &str, nodes: Vec<Node>, links: Vec<Link>) -> NetworkTopology {
    let network = (!id.is_empty()).then(|| Network {
        id: Id::from(id),
        extended_pan_id: None,
        name: None,
        pan_id: None,
        channel: None,
        mesh_local_prefix: None,
        omr_prefixes: Vec::new(),
        partitions: Vec::new(),
    });
    NetworkTopology {
        network,
        nodes,
        links,
        findings: Vec::new(),
        clues: Vec::new(),
        half_words: Vec::new(),
        valid_until: Timestamp::MAX,
    }
}

pub fn topology(parts: Vec<NetworkTopology>) -> Topology {
    Topology {
        as_of: Timestamp::MIN,
        valid_until: Timestamp::MAX,
        parts: parts.into_iter().map(Arc::new).collect(),
        findings: Vec::new(),
    }
}

pub fn json(positions: &Positions) -> String {
    serde_json::to_string(positions).unwrap()
}

/// Through the disk and back.
pub fn reread(positions: &Positions) -> Positions {
    serde_json::from_str(&json(positions)).unwrap()
}

pub fn radius(position: &NodePosition) -> f64 {
    if position.spot == Spot::Ring {
        CHILD_RADIUS_PX
    } else {
        ROUTER_RADIUS_PX
    }
}

pub fn distance(one: &NodePosition, other: &NodePosition) -> f64 {
    (one.x.px() - other.x.px()).hypot(one.y.px() - other.y.px())
}

/// Pairs of nodes that overlap.
pub fn overlaps(positions: &Positions) -> Vec<String> {
    let mut all: Vec<(&str, NodePosition)> = positions.nodes().into_iter().collect();
    all.sort_by_key(|(_, place)| place.x);
    let mut found = Vec::new();
    for (index, (one_id, one)) in all.iter().enumerate() {
        for (other_id, other) in all[index + 1..]
            .iter()
            .take_while(|(_, other)| other.x.px() - one.x.px() < 2.0 * ROUTER_RADIUS_PX)
        {
            if distance(one, other) < radius(one) + radius(other) {
                found.push(format!("{one_id} {one:?} and {other_id} {other:?}"));
            }
        }
    }
    found
}

/// Whether two cards overlap, and whether every node is on some card.
pub fn assert_tidy_cards(positions: &Positions) {
    let cards: Vec<Card> = positions.networks().map(|(_, card)| card).collect();
    let ends = |card: &Card| (card.x.px() + card.width.px(), card.y.px() + card.height.px());
    for (index, one) in cards.iter().enumerate() {
        for other in &cards[..index] {
            let ((one_right, one_bottom), (other_right, other_bottom)) = (ends(one), ends(other));
            let apart = one.x.px() >= other_right || other.x.px() >= one_right || one.y.px() >= other_bottom || other.y.px() >= one_bottom;
            assert!(apart, "{one:?} overlaps {other:?}");
        }
    }
    for (id, place) in positions.nodes() {
        let inside = |card: &Card| {
            let (right, bottom) = ends(card);
            let radius = radius(&place);
            card.x.px() <= place.x.px() - radius
                && place.x.px() + radius <= right
                && card.y.px() <= place.y.px() - radius
                && place.y.px() + radius <= bottom
        };
        assert!(cards.iter().any(inside), "{id} is on no card: {place:?}");
    }
}

/// A random mesh as numbers that shrink well.
#[derive(Debug, Clone)]
pub struct Plan {
    pub routers: usize,
    pub partitions: u32,
    /// One byte for each pair of routers: quality and state of the link, if any.
    pub pairs: Vec<u8>,
    /// For each child: its parent, or nobody; and what it is.
    pub children: Vec<(u8, u8)>,
    /// For each router: ghost, hidden partition, role.
    pub kinds: Vec<u8>,
}

pub fn plan(max_routers: usize, max_children: usize) -> impl Strategy<Value = Plan> {
    (0..=max_routers, 1u32..=3).prop_flat_map(move |(routers, partitions)| {
        let pairs = prop::collection::vec(any::<u8>(), routers * routers.saturating_sub(1) / 2);
        let children = prop::collection::vec((any::<u8>(), any::<u8>()), 0..=max_children);
        let kinds = prop::collection::vec(any::<u8>(), routers);
        (pairs, children, kinds).prop_map(move |(pairs, children, kinds)| Plan {
            routers,
            partitions,
            pairs,
            children,
            kinds,
        })
    })
}

impl Plan {
    pub fn build(&self, network: &str) -> NetworkTopology {
        let id = |index: usize| format!("{network}-r{index:02}");
        let partition = |index: usize| index as u32 % self.partitions;
        let mut nodes: Vec<Node> = (0..self.routers)
            .map(|index| Node {
                partition_id: (self.kinds[index] % 8 != 1).then(|| PartitionId(partition(index))),
                state: if self.kinds[index].is_multiple_of(8) {
                    State::Stale
                } else {
                    State::Confirmed
                },
                border_router: self.kinds[index].is_multiple_of(3),
                ..node(id(index), if self.kinds[index] == 7 { Role::Unknown } else { Role::Router })
            })
            .collect();
        let mut links = Vec::new();
        let pairs = (1..self.routers).flat_map(|one| (0..one).map(move |other| (one, other)));
        for ((one, other), byte) in pairs.zip(&self.pairs) {
            if byte % 4 == 0 && partition(one) == partition(other) {
                let quality = |bits: u8| (bits & 7 < 6).then_some(bits & 3);
                links.push(Link {
                    state: if byte / 4 % 16 == 3 { State::Stale } else { State::Confirmed },
                    ..link(&id(one), &id(other), quality(byte >> 2), quality(byte >> 5))
                });
            }
        }
        for (index, (parent, kind)) in self.children.iter().enumerate() {
            let name = format!("{network}-c{index:03}");
            let parent = id(usize::from(*parent) % (self.routers + 2));
            nodes.push(match kind % 8 {
                0 => lost_child(name, &parent),
                1 => node(name, Role::Unknown),
                2 => {
                    links.push(Link {
                        kind: LinkKind::Neighbor,
                        ..link(&name, &parent, Some(kind % 4), None)
                    });
                    node(name, Role::Reed)
                }
                _ => child(name, &parent),
            });
        }
        part(network, nodes, links)
    }
}

/// Several networks and the LAN.
pub fn plans() -> impl Strategy<Value = Vec<Plan>> {
    prop::collection::vec(plan(14, 40), 0..5)
}

pub fn build(plans: &[Plan]) -> Topology {
    let mut parts: Vec<NetworkTopology> = plans.iter().enumerate().map(|(index, plan)| plan.build(&format!("n{index}"))).collect();
    parts.push(part(
        "",
        (0..plans.len() * 3).map(|index| node(format!("lan-{index}"), Role::Unknown)).collect(),
        Vec::new(),
    ));
    topology(parts)
}
