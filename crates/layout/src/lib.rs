//! Positions of the map: pure, stable, fast.
//!
//! A topology and what was drawn before give positions; nothing else does: no clock, no random numbers, no order of the input. Distances
//! between routers tell their path cost, children stand around their parent, partitions of a network stand apart, and each network has a card of
//! its own. What is on the map stays where it is:
//!
//! - unchanged input moves nothing, byte for byte, whatever else is on the map;
//! - a router that was there stays; a newcomer finds its place around it and takes most of the push where the two collide;
//! - ghosts keep their places and shape nothing;
//! - a child keeps its angle while it is free, a card its place while it does not overlap;
//! - what a person pinned, nothing moves.
//!
//! Read in this order: [`layout_network`] (one card: `mesh` what matters, `apart` and `partition` routers, `stress` their distances, `overlap`
//! their room, `fan` children, `stray` the rest), then [`assemble`] (`shelf`).

mod apart;
mod change;
mod fan;
mod geometry;
mod mesh;
mod network;
mod overlap;
mod partition;
mod positions;
mod shelf;
mod stray;
mod stress;

pub use change::{LayoutDelta, diff};
pub use network::{LAN, NetworkPositions, layout_network};
pub use positions::{Card, MAX_CARD_PX, MAX_COORDINATE_PX, MAX_PIN_PX, NodePosition, Offset, Pixels, Positions, Spot};
pub use shelf::assemble;

use std::collections::BTreeMap;
use std::sync::Arc;
use weft_topology::{NetworkTopology, Topology};

/// Lays out a topology. `previous` is what was drawn before, of this moment or another one; [`Positions::default`] where nothing was.
///
/// To draw a moment of the past without making anything jump, hand in the positions of the present.
pub fn layout(topology: &Topology, previous: &Positions) -> Positions {
    assemble(topology.parts.iter().map(|part| layout_network(part, previous)))
}

/// Like [`layout`], at the cost of what changed: parts that `topology` shares with `before`, of which `previous` was drawn, are taken over.
pub fn update(topology: &Topology, before: &Topology, previous: &Positions) -> Positions {
    let drawn: BTreeMap<_, &Arc<NetworkTopology>> = before.parts.iter().map(|part| (network::card_id(part), part)).collect();
    assemble(topology.parts.iter().map(|part| {
        let id = network::card_id(part);
        let unchanged = drawn.get(&id).is_some_and(|drawn| Arc::ptr_eq(drawn, part));
        match previous.networks.get(&id) {
            // Positions that were read and never laid out have cards without nodes.
            Some(placed) if unchanged && placed.places.len() == part.nodes.len() => NetworkPositions::unchanged(&id, placed),
            _ => layout_network(part, previous),
        }
    }))
}

/// Lays out a topology afresh, as if it had never been drawn. Only what a person pinned stays where it is.
pub fn tidy(topology: &Topology) -> Positions {
    layout(topology, &Positions::default())
}
