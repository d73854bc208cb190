//! One network's drawing on its card. It depends on that network and on what was drawn of it, and on nothing else.

use crate::apart::{Stand, stand};
use crate::fan::{Fan, room_radius};
use crate::geometry::{Area, CHILD_RADIUS_PX, COST_PX, ROUTER_RADIUS_PX, Vector};
use crate::mesh::{Mesh, Place, Remembered};
use crate::overlap::{Disc, DiscIndex};
use crate::positions::{Card, MAX_CARD_PX, MAX_PIN_PX, NodePosition, Offset, Pixels, PlacedNetwork, Places, Positions, Spot};
use crate::stray::{place_strays, rows_for};
use std::sync::Arc;
use weft_topology::{Id, NetworkTopology, Node};

/// The card of the devices outside all networks. No network id is like it.
pub const LAN: &str = "lan";

/// Room between the nodes and the card's edge, for names.
const CARD_PADDING_PX: f64 = 48.0;
/// A card that needs less than this share of its area becomes as small as it can be.
const LEAST_CARD_USE: f64 = 0.25;
/// Ids of nodes by which a network that got a new id is looked for on old cards.
const RECOGNITION_IDS: usize = 8;

/// A network's card and the places on it.
#[derive(Debug, Clone)]
pub struct NetworkPositions {
    /// The network, or [`LAN`].
    pub(crate) network: Id,
    /// Where the card's corner has to be so that its known nodes stay where they are; `None` for a network that was not on the map.
    pub(crate) corner: Option<Offset>,
    pub(crate) width: Pixels,
    pub(crate) height: Pixels,
    pub(crate) places: Places,
}

impl NetworkPositions {
    /// The network, or [`LAN`].
    pub fn network(&self) -> &Id {
        &self.network
    }

    /// Width and height of the card.
    pub fn size_px(&self) -> (f64, f64) {
        (self.width.px(), self.height.px())
    }

    /// Nodes and where they stand relative to the card's upper left corner, sorted by id.
    pub fn nodes(&self) -> &[(Id, NodePosition)] {
        &self.places
    }

    /// A network as it stands already.
    pub(crate) fn unchanged(network: &Id, placed: &PlacedNetwork) -> Self {
        let PlacedNetwork { card, places } = placed;
        Self {
            network: network.clone(),
            corner: Some(card.corner()),
            width: card.width,
            height: card.height,
            places: places.clone(),
        }
    }
}

/// Where a person wants a node on the map.
fn pin_of(node: &Node) -> Option<Vector> {
    let at = node.pin.map(|pin| Vector::new(f64::from(pin.x), f64::from(pin.y)))?;
    (at.x.abs() <= MAX_PIN_PX && at.y.abs() <= MAX_PIN_PX).then_some(at)
}

/// The id that a part has on the map.
pub(crate) fn card_id(part: &NetworkTopology) -> Id {
    part.network.as_ref().map_or_else(|| Id::from(LAN), |network| network.id.clone())
}

/// Lays out one network, or the devices outside all of them.
pub fn layout_network(part: &NetworkTopology, previous: &Positions) -> NetworkPositions {
    let network = card_id(part);
    let before = Before::find(&network, part, previous);
    let mesh = Mesh::new(part, |id| before.place(id), |node| Some(pin_of(node)? - before.corner?.vector()));
    let fans = fans(&mesh);
    let stands = stand(&mesh, &fans.radii, &pinned_strays(&mesh));
    let mut drawing = Drawing {
        area: Area::EMPTY,
        positions: vec![NodePosition::default(); mesh.devices.len()],
    };
    drawing.draw_standing(&mesh, &stands, &fans.radii);
    drawing.draw_strays(&mesh, &stands, &fans.radii);
    drawing.draw_leaves(&mesh, fans);
    drawing.onto_card(network, &mesh, &before)
}

/// What was drawn of a network.
struct Before<'p> {
    placed: Option<&'p PlacedNetwork>,
    previous: &'p Positions,
    /// The corner that places are relative to, where any is known.
    corner: Option<Offset>,
}

impl<'p> Before<'p> {
    fn find(network: &Id, part: &NetworkTopology, previous: &'p Positions) -> Self {
        let placed = previous.networks.get(network).or_else(|| renamed(part, previous));
        let is_pinned = part.nodes.iter().any(|node| pin_of(node).is_some());
        let mut before = Self {
            placed,
            previous,
            corner: placed.map(|placed| placed.card.corner()),
        };
        if placed.is_none() && !previous.read.is_empty() {
            // Places without a card: measured from their own upper left.
            let known = part.nodes.iter().filter_map(|node| previous.read.get(&node.id));
            before.corner = known.fold(None, |corner: Option<Offset>, position| {
                let corner = corner.unwrap_or(Offset {
                    x: position.x,
                    y: position.y,
                });
                Some(Offset {
                    x: corner.x.min(position.x),
                    y: corner.y.min(position.y),
                })
            });
        }
        // Pins are places on the map: a card that holds one does not wait for a place on a shelf.
        before.corner = before.corner.or_else(|| is_pinned.then(Offset::default));
        before
    }

    /// The card as it was, in its own frame; nothing where none is known.
    fn area(&self) -> Area {
        self.placed
            .map(|placed| placed.card)
            .filter(|card| card.width > Pixels::ZERO)
            .map_or(Area::EMPTY, |card| card.area().moved(-card.corner().vector()))
    }

    /// The place of a node in the frame of the card. What was read and lies outside of its card belonged to another network.
    fn place(&self, id: &str) -> Option<NodePosition> {
        if let Some(place) = self.placed.and_then(|placed| placed.relative(id)) {
            return Some(place);
        }
        let corner = self.corner?;
        let read = self.previous.read.get(id)?;
        let place = NodePosition {
            x: read.x.minus(corner.x),
            y: read.y.minus(corner.y),
            ..*read
        };
        let is_near = place.x.px().abs() <= MAX_CARD_PX / 2.0 && place.y.px().abs() <= MAX_CARD_PX / 2.0;
        let is_on_card = self.placed.is_none() || self.area().contains(place.vector());
        (is_near && is_on_card).then_some(place)
    }
}

/// The card of a network that was on the map by another id, such as before its extended PAN id was known: the one most of whose nodes it has now.
fn renamed<'p>(part: &NetworkTopology, previous: &'p Positions) -> Option<&'p PlacedNetwork> {
    part.network.as_ref()?;
    let mut ids: Vec<&Id> = part
        .nodes
        .iter()
        .flat_map(|node| std::iter::once(&node.id).chain(&node.previous_ids))
        .collect();
    ids.sort_unstable();
    let has_most_of =
        |placed: &PlacedNetwork| placed.places.iter().filter(|(id, _)| ids.binary_search(&id).is_ok()).count() * 2 > placed.places.len();
    let networks = previous.networks.iter().filter(|(id, _)| &***id != LAN).map(|(_, placed)| placed);
    networks
        .filter(|placed| ids.iter().take(RECOGNITION_IDS).any(|id| placed.relative(id).is_some()))
        .find(|placed| has_most_of(placed))
}

/// The children of each standing node.
struct Fans {
    by_standing: Vec<Fan>,
    /// By standing node: its children that need a place, in the order in which the fan gives it.
    newcomers: Vec<Vec<usize>>,
    /// By standing node: its children that keep their place, and their offsets.
    keepers: Vec<Vec<(usize, Vector)>>,
    /// By standing node: where its pinned children are.
    pinned: Vec<Vec<Vector>>,
    radii: Vec<f64>,
}

fn fans(mesh: &Mesh<'_>) -> Fans {
    let count = mesh.standing.len();
    let mut fans = Fans {
        by_standing: std::iter::repeat_with(Fan::default).take(count).collect(),
        newcomers: vec![Vec::new(); count],
        keepers: vec![Vec::new(); count],
        pinned: vec![Vec::new(); count],
        radii: Vec::with_capacity(count),
    };
    for (index, device) in mesh.devices.iter().enumerate() {
        let Place::Leaf(anchor) = device.place else { continue };
        let parent = mesh.stood_at(anchor);
        let offset = |before: Remembered| parent.map(|parent| before.at - parent.at);
        match device.before {
            Some(before) if before.pinned => fans.pinned[anchor].push(before.at),
            Some(before) if before.spot == Spot::Ring && offset(before).is_some_and(|offset| fans.by_standing[anchor].keep(offset)) => {
                fans.keepers[anchor].push((index, offset(before).unwrap_or_default()));
            }
            Some(before) if before.spot == Spot::Ring && parent.is_some() => fans.newcomers[anchor].push(index),
            _ => {
                fans.by_standing[anchor].add();
                fans.newcomers[anchor].push(index);
            }
        }
    }
    fans.radii = fans.by_standing.iter().map(|fan| room_radius(fan.rings())).collect();
    fans
}

fn pinned_strays(mesh: &Mesh<'_>) -> Vec<Disc> {
    let strays = mesh.devices.iter().filter(|device| device.place == Place::Stray && device.is_pinned());
    strays
        .filter_map(|device| device.before)
        .map(|before| Disc::fixed(before.at, ROUTER_RADIUS_PX))
        .collect()
}

struct Drawing {
    area: Area,
    positions: Vec<NodePosition>,
}

impl Drawing {
    fn put(&mut self, device: usize, at: Vector, radius: f64) -> &mut NodePosition {
        self.area = self.area.union(Area::of_disc(at, radius));
        let position = &mut self.positions[device];
        (position.x, position.y) = (Pixels::rounded(at.x), Pixels::rounded(at.y));
        position
    }

    fn draw_standing(&mut self, mesh: &Mesh<'_>, stands: &[Stand], radii: &[f64]) {
        for ((standing, stand), radius) in mesh.standing.iter().zip(stands).zip(radii) {
            let before = mesh.devices[standing.device].before.filter(|before| before.pinned);
            let position = self.put(standing.device, before.map_or(stand.at, |before| before.at), *radius);
            position.pinned = before.is_some();
            position.spot = if stand.at_edge { Spot::Edge } else { Spot::Mesh };
            position.aside = Some(Offset::rounded(stand.aside)).filter(|aside| *aside != Offset::default());
        }
    }

    fn draw_strays(&mut self, mesh: &Mesh<'_>, stands: &[Stand], radii: &[f64]) {
        let mut occupied = DiscIndex::default();
        for (stand, radius) in stands.iter().zip(radii) {
            occupied.add(Disc::fixed(stand.at, *radius));
        }
        let (pinned, others): (Vec<usize>, Vec<usize>) = (0..mesh.devices.len())
            .filter(|&index| !matches!(mesh.devices[index].place, Place::Standing(_)))
            .partition(|&index| mesh.devices[index].is_pinned());
        for index in pinned {
            let at = mesh.devices[index].before.map_or(Vector::ZERO, |before| before.at);
            let is_stray = mesh.devices[index].place == Place::Stray;
            let radius = if is_stray { ROUTER_RADIUS_PX } else { CHILD_RADIUS_PX };
            let position = self.put(index, at, radius);
            (position.pinned, position.spot) = (true, if is_stray { Spot::Shelf } else { Spot::Ring });
            occupied.add(Disc::fixed(at, radius));
        }
        let mut strays: Vec<usize> = others.into_iter().filter(|&index| mesh.devices[index].place == Place::Stray).collect();
        // Border routers are what a person looks for first.
        strays.sort_by_key(|&index| !mesh.devices[index].node.border_router);
        let known: Vec<Option<Vector>> = strays
            .iter()
            .map(|&index| {
                mesh.devices[index]
                    .before
                    .filter(|before| before.spot == Spot::Shelf)
                    .map(|before| before.at)
            })
            .collect();
        let start = if self.area.is_empty() {
            Vector::ZERO
        } else {
            Vector::new(self.area.right + COST_PX, self.area.top)
        };
        let rows = rows_for(strays.len(), self.area.height());
        for (index, at) in strays.into_iter().zip(place_strays(&known, &mut occupied, start, rows)) {
            self.put(index, at, ROUTER_RADIUS_PX).spot = Spot::Shelf;
        }
    }

    fn draw_leaves(&mut self, mesh: &Mesh<'_>, fans: Fans) {
        for (standing, mut fan) in fans.by_standing.into_iter().enumerate() {
            let at = self.positions[mesh.standing[standing].device].vector();
            let (keepers, newcomers) = (&fans.keepers[standing], &fans.newcomers[standing]);
            if newcomers.is_empty() {
                self.draw_fan(at, keepers.iter().copied());
                continue;
            }
            for device in mesh
                .devices
                .iter()
                .filter(|device| device.is_pinned() && device.place == Place::Leaf(standing))
            {
                fan.avoid(device.before.map_or(Vector::ZERO, |before| before.at - at));
            }
            let links: Vec<f64> = mesh.edges[standing]
                .iter()
                .map(|edge| (self.positions[mesh.standing[edge.to].device].vector() - at).angle())
                .collect();
            if let Some(places) = fan.place(&links) {
                self.draw_fan(at, keepers.iter().copied().chain(newcomers.iter().copied().zip(places)));
            } else {
                // Too little room beside those who keep their place: all get a new one.
                let mut all: Vec<usize> = keepers.iter().map(|(index, _)| *index).chain(newcomers.iter().copied()).collect();
                all.sort_unstable();
                let mut fan = Fan::default();
                all.iter().for_each(|_| fan.add());
                let places = fan.place(&links).unwrap_or_default();
                self.draw_fan(at, all.into_iter().zip(places));
            }
        }
    }

    fn draw_fan(&mut self, at: Vector, leaves: impl Iterator<Item = (usize, Vector)>) {
        for (index, offset) in leaves {
            self.put(index, at + offset, CHILD_RADIUS_PX).spot = Spot::Ring;
        }
    }

    /// Cuts the card: as it was, or as much larger as the nodes need.
    fn onto_card(self, network: Id, mesh: &Mesh<'_>, before: &Before<'_>) -> NetworkPositions {
        let area = self.area;
        let need = Area {
            left: (area.left - CARD_PADDING_PX).floor(),
            top: (area.top - CARD_PADDING_PX).floor(),
            right: (area.right + CARD_PADDING_PX).ceil(),
            bottom: (area.bottom + CARD_PADDING_PX).ceil(),
        };
        let roomy = before.area().union(need);
        // An empty network keeps the card that it had.
        let roomy = if roomy.is_empty() {
            Area::of_disc(Vector::ZERO, CARD_PADDING_PX)
        } else {
            roomy
        };
        let card = if !need.is_empty() && need.size() < roomy.size() * LEAST_CARD_USE {
            need
        } else {
            roomy
        };
        let corner = Offset::rounded(Vector::new(card.left, card.top));
        let place = |position: NodePosition| NodePosition {
            x: position.x.minus(corner.x),
            y: position.y.minus(corner.y),
            ..position
        };
        let places: Arc<[_]> = mesh
            .devices
            .iter()
            .zip(self.positions)
            .map(|(device, position)| (device.node.id.clone(), place(position)))
            .collect();
        NetworkPositions {
            network,
            corner: before.corner.map(|old| Offset {
                x: old.x.plus(corner.x),
                y: old.y.plus(corner.y),
            }),
            width: Pixels::rounded(card.width()),
            height: Pixels::rounded(card.height()),
            places,
        }
    }
}

/// The card of placed nodes.
impl NetworkPositions {
    pub(crate) fn is_pinned(&self) -> bool {
        self.places.iter().any(|(_, place)| place.pinned)
    }

    pub(crate) fn placed_at(self, corner: Offset) -> (Id, PlacedNetwork) {
        let card = Card {
            x: corner.x,
            y: corner.y,
            width: self.width,
            height: self.height,
        };
        (self.network, PlacedNetwork { card, places: self.places })
    }
}
