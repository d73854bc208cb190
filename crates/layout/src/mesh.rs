//! What of a network matters to its drawing: who stands freely, who hangs on whom, and how far apart links want their ends.

use crate::geometry::Vector;
use crate::positions::{NodePosition, Offset, Spot};
use std::collections::{BTreeMap, BTreeSet};
use weft_topology::{Direction, Id, Link, LinkKind, Medium, NetworkTopology, Node, Role, State};

/// Cost on the map of a link over the LAN: as near as a good radio link.
const LAN_LINK_COST: f64 = 1.0;
/// Cost on the map of a link of which nobody told a quality.
const UNKNOWN_LINK_COST: f64 = 3.0;
/// Cost on the map of a link that one side does not hear at all: no route, but still a sign of being near.
const DEAF_LINK_COST: f64 = 6.0;
/// What evidence that is too old makes of a link's cost.
const STALE_COST_FACTOR: f64 = 2.0;

/// Where a node was drawn before, relative to the card that it was on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Remembered {
    pub at: Vector,
    pub pinned: bool,
    pub spot: Spot,
    pub aside: Vector,
}

impl Remembered {
    pub(crate) fn new(position: NodePosition) -> Self {
        let aside = position.aside.map_or(Vector::ZERO, Offset::vector);
        Self {
            at: position.vector(),
            pinned: false,
            spot: position.spot,
            aside,
        }
    }
}

/// How a node is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// By itself in the mesh: an index into [`Mesh::standing`].
    Standing(usize),
    /// On a ring around a standing one.
    Leaf(usize),
    /// In the orderly area of those whose place in the mesh nobody knows.
    Stray,
}

/// A node that stands by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// Index into [`Mesh::devices`].
    pub device: usize,
    /// A router with signs of life: it shapes the drawing. Ghosts, and end devices that only hear routers, find a place around those.
    pub bends: bool,
}

/// A node and what was drawn of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device<'a> {
    pub node: &'a Node,
    pub before: Option<Remembered>,
    pub place: Place,
}

impl Device<'_> {
    pub(crate) fn is_pinned(&self) -> bool {
        self.before.is_some_and(|before| before.pinned)
    }
}

/// A line between two standing nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub to: usize,
    pub cost: f64,
}

/// The skeleton of a network. Indices follow the order of ids, so that nothing depends on the order of the input.
#[derive(Debug)]
pub(crate) struct Mesh<'a> {
    pub devices: Vec<Device<'a>>,
    pub standing: Vec<Standing>,
    /// By standing node, sorted by the other end.
    pub edges: Vec<Vec<Edge>>,
}

pub(crate) const fn is_ghost(state: State) -> bool {
    matches!(state, State::Gone | State::Stale)
}

const fn is_router(node: &Node) -> bool {
    matches!(node.role, Role::Leader | Role::Router)
}

impl<'a> Mesh<'a> {
    /// `remembered` gives the place of an id on the network's card, `pin` where a person wants a node.
    pub(crate) fn new(part: &'a NetworkTopology, remembered: impl Fn(&str) -> Option<NodePosition>, pin: impl Fn(&Node) -> Option<Vector>) -> Self {
        let mut nodes: Vec<&Node> = part.nodes.iter().collect();
        nodes.sort_by(|one, other| one.id.cmp(&other.id));
        nodes.dedup_by(|one, other| one.id == other.id);
        let before = recall(&nodes, remembered, pin);
        let find = |id: &Id| nodes.binary_search_by(|node| (*node.id).cmp(id)).ok();
        let ends: Vec<(usize, usize, &Link)> = part
            .links
            .iter()
            .filter_map(|link| Some((find(&link.a)?, find(&link.b)?, link)))
            .collect();
        let anchors = anchors(&nodes, find);
        let places = places(&nodes, &anchors, &ends);
        let mut standing = Vec::new();
        let devices: Vec<Device<'a>> = (0..nodes.len())
            .map(|device| {
                let place = match places[device] {
                    Kind::Hub | Kind::Satellite => {
                        standing.push(Standing {
                            device,
                            bends: places[device] == Kind::Hub && !is_ghost(nodes[device].state),
                        });
                        Place::Standing(standing.len() - 1)
                    }
                    // Resolved below, when all standing ones are counted.
                    Kind::Leaf(anchor) => Place::Leaf(anchor),
                    // A ghost of which nothing is left but its place keeps that.
                    Kind::Stray if is_ghost(nodes[device].state) && before[device].is_some_and(|before| before.spot == Spot::Mesh) => {
                        standing.push(Standing { device, bends: false });
                        Place::Standing(standing.len() - 1)
                    }
                    Kind::Stray => Place::Stray,
                };
                Device {
                    node: nodes[device],
                    before: before[device],
                    place,
                }
            })
            .collect();
        let mut mesh = Self {
            edges: vec![Vec::new(); standing.len()],
            standing,
            devices,
        };
        mesh.hang_leaves();
        mesh.draw_edges(&ends);
        mesh
    }

    fn hang_leaves(&mut self) {
        let standing: Vec<Option<usize>> = self
            .devices
            .iter()
            .map(|device| if let Place::Standing(index) = device.place { Some(index) } else { None })
            .collect();
        for device in &mut self.devices {
            if let Place::Leaf(anchor) = device.place {
                device.place = standing[anchor].map_or(Place::Stray, Place::Leaf);
            }
        }
    }

    fn draw_edges(&mut self, ends: &[(usize, usize, &Link)]) {
        for &(a, b, link) in ends {
            let (Place::Standing(one), Place::Standing(other)) = (self.devices[a].place, self.devices[b].place) else {
                continue;
            };
            if one != other && link.state != State::Gone {
                let cost = map_cost(link);
                self.edges[one].push(Edge { to: other, cost });
                self.edges[other].push(Edge { to: one, cost });
            }
        }
        for edges in &mut self.edges {
            edges.sort_by(|one, other| one.to.cmp(&other.to).then(one.cost.total_cmp(&other.cost)));
            edges.dedup_by_key(|edge| edge.to);
        }
    }

    /// The device of a standing node.
    pub(crate) fn device(&self, standing: usize) -> &Device<'a> {
        &self.devices[self.standing[standing].device]
    }

    /// Where a standing node was drawn before, if it stood by itself then.
    pub(crate) fn stood_at(&self, standing: usize) -> Option<Remembered> {
        self.device(standing)
            .before
            .filter(|before| matches!(before.spot, Spot::Mesh | Spot::Edge) || before.pinned)
    }
}

/// What was drawn of each node, by its id or else by an id that it had; one remembered place serves one node. A pin replaces what was drawn.
fn recall(nodes: &[&Node], remembered: impl Fn(&str) -> Option<NodePosition>, pin: impl Fn(&Node) -> Option<Vector>) -> Vec<Option<Remembered>> {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let is_present = |id: &Id| nodes.binary_search_by(|node| (*node.id).cmp(id)).is_ok();
    let mut before = Vec::with_capacity(nodes.len());
    for node in nodes {
        let former = || node.previous_ids.iter().filter(|id| !is_present(id));
        let drawn = remembered(&node.id).or_else(|| former().find_map(|id| remembered(id).filter(|_| taken.insert(id))));
        let drawn = drawn.map(Remembered::new);
        before.push(
            pin(node)
                .map(|at| Remembered {
                    at,
                    pinned: true,
                    ..drawn.unwrap_or_default()
                })
                .or(drawn),
        );
    }
    before
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hub,
    /// No router, or nothing that is known to hang anywhere, but heard by routers or hearing them.
    Satellite,
    Leaf(usize),
    Stray,
}

/// The node that each one hangs on, and whether it is the present parent. A ghost without a parent still hangs where it hung last.
fn anchors(nodes: &[&Node], find: impl Fn(&Id) -> Option<usize>) -> Vec<Option<(usize, bool)>> {
    nodes
        .iter()
        .enumerate()
        .map(|(index, node)| {
            let parent = node.parent.as_ref().and_then(|parent| find(&parent.node)).map(|parent| (parent, true));
            let last = || {
                node.last_parent
                    .as_ref()
                    .filter(|_| is_ghost(node.state))
                    .and_then(|last| find(&last.node))
                    .map(|last| (last, false))
            };
            parent.or_else(last).filter(|&(anchor, _)| anchor != index && !is_router(node))
        })
        .collect()
}

/// Hubs are routers, parents, and what has a router link without hanging anywhere: so no chain of parents, and no circle, can arise.
fn places(nodes: &[&Node], anchors: &[Option<(usize, bool)>], ends: &[(usize, usize, &Link)]) -> Vec<Kind> {
    let mut is_hub: Vec<bool> = nodes.iter().map(|node| is_router(node)).collect();
    for &(anchor, _) in anchors.iter().flatten().filter(|(_, present)| *present) {
        is_hub[anchor] = true;
    }
    let lines = || ends.iter().filter(|(a, b, link)| a != b && link.state != State::Gone);
    for &(a, b, _) in lines().filter(|(_, _, link)| link.kind == LinkKind::Router) {
        is_hub[a] |= anchors[a].is_none();
        is_hub[b] |= anchors[b].is_none();
    }
    let mut hears_hub = vec![false; nodes.len()];
    for &(a, b, _) in lines() {
        hears_hub[a] |= is_hub[b];
        hears_hub[b] |= is_hub[a];
    }
    let kind = |index: usize| match anchors[index] {
        _ if is_hub[index] => Kind::Hub,
        Some((anchor, _)) if is_hub[anchor] => Kind::Leaf(anchor),
        _ if hears_hub[index] => Kind::Satellite,
        _ => Kind::Stray,
    };
    (0..nodes.len()).map(kind).collect()
}

/// The cost of a link's weaker known direction (Thread path cost), with guesses where nobody knows.
fn map_cost(link: &Link) -> f64 {
    let quality = |direction: &Option<Direction>| direction.as_ref().and_then(|direction| direction.link_quality);
    let weaker = quality(&link.a_hears_b).into_iter().chain(quality(&link.b_hears_a)).min();
    let cost = match weaker {
        Some(quality) => quality.cost().map_or(DEAF_LINK_COST, f64::from),
        None if link.medium == Medium::Trel || link.kind == LinkKind::ParentChild => LAN_LINK_COST,
        None => UNKNOWN_LINK_COST,
    };
    if is_ghost(link.state) { cost * STALE_COST_FACTOR } else { cost }
}

/// Standing nodes by the partition that they are drawn with, the senior one first; those of which nobody knows it by themselves. At most
/// [`MAX_PARTITIONS_APART`] and these.
pub(crate) fn partitions(mesh: &Mesh<'_>) -> Vec<Partition> {
    let named = |index: usize| mesh.device(index).node.partition_id;
    let alive: BTreeSet<_> = (0..mesh.standing.len())
        .filter(|&index| mesh.standing[index].bends)
        .filter_map(named)
        .collect();
    let alive: BTreeSet<_> = alive.into_iter().take(MAX_PARTITIONS_APART).collect();
    let mut partition: Vec<_> = (0..mesh.standing.len())
        .map(|index| named(index).filter(|id| alive.contains(id)))
        .collect();
    // Who names none belongs to those it has links with; ghosts come last, and decide nothing for the living.
    for ghosts_pass_on in [false, true] {
        let mut queue: Vec<usize> = (0..partition.len()).filter(|&index| partition[index].is_some()).collect();
        let mut next = 0;
        while let Some(&from) = queue.get(next) {
            next += 1;
            if !ghosts_pass_on && !mesh.standing[from].bends {
                continue;
            }
            for edge in &mesh.edges[from] {
                if partition[edge.to].is_none() && !(ghosts_pass_on && mesh.standing[edge.to].bends) {
                    partition[edge.to] = partition[from];
                    queue.push(edge.to);
                }
            }
        }
    }
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, partition) in partition.into_iter().enumerate() {
        groups.entry(partition).or_default().push(index);
    }
    let has_named = groups.keys().any(Option::is_some);
    let mut groups: Vec<Partition> = groups
        .into_iter()
        .map(|(partition, members)| Partition {
            members,
            is_homeless: partition.is_none() && has_named,
        })
        .collect();
    groups.sort_by_key(|partition| std::cmp::Reverse(seniority(mesh, partition)));
    groups
}

/// Standing nodes that are drawn together.
#[derive(Debug)]
pub(crate) struct Partition {
    /// Indices into [`Mesh::standing`], ascending.
    pub members: Vec<usize>,
    /// Nobody says which partition they are in, while there are some.
    pub is_homeless: bool,
}

/// Most partitions that are drawn apart; more than a broken recording can mean, so that foreign input costs bounded work.
pub(crate) const MAX_PARTITIONS_APART: usize = 64;

/// The partition that stays when one has to move: with a pin, then with the most members that stand where they always stood, then the one with
/// the most routers, of which somebody knows the partition.
fn seniority(mesh: &Mesh<'_>, partition: &Partition) -> (bool, usize, usize, bool) {
    let before = || partition.members.iter().filter_map(|&member| mesh.stood_at(member));
    let stayed = before().filter(|before| before.aside == Vector::ZERO).count();
    let alive = partition.members.iter().filter(|&&member| mesh.standing[member].bends).count();
    (before().any(|before| before.pinned), stayed, alive, !partition.is_homeless)
}
