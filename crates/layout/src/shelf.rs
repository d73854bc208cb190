//! Cards of networks side by side on shelves, in the order of their ids; those that have a place keep it.

use crate::geometry::{Area, Rows, Vector};
use crate::network::{LAN, NetworkPositions};
use crate::positions::{Offset, Positions};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Room between cards.
const CARD_GAP_PX: f64 = 48.0;
/// Room between cards below which one moves: they can grow a little before anything happens. Between two tenths, so that rounding decides nothing.
const LEAST_CARD_GAP_PX: f64 = 16.05;
/// How much wider than high the whole map becomes.
const MAP_ASPECT: f64 = 1.6;
/// Places beside others that a displaced card tries before it goes to the end.
const MAX_TRIED: usize = 32;

/// Puts the networks' cards on the map. Cards that have a place keep it unless they overlap now; then the larger stays, and the other one goes
/// to the nearest free place. Cards with pinned nodes stay in any case. Cards without a place follow on the last shelf, the [`LAN`] below all.
pub fn assemble(networks: impl IntoIterator<Item = NetworkPositions>) -> Positions {
    let mut networks: Vec<NetworkPositions> = networks
        .into_iter()
        .filter(|network| &*network.network != LAN || !network.places.is_empty())
        .collect();
    networks.sort_by(|one, other| (&*one.network == LAN, &one.network).cmp(&(&*other.network == LAN, &other.network)));
    networks.dedup_by(|one, other| one.network == other.network);
    let total: f64 = networks
        .iter()
        .map(|network| (network.width.px() + CARD_GAP_PX) * (network.height.px() + CARD_GAP_PX))
        .sum();
    let mut shelves = Shelves {
        width: (total * MAP_ASPECT).sqrt(),
        ..Shelves::default()
    };
    let mut corners: Vec<Option<Vector>> = vec![None; networks.len()];

    let mut standing: Vec<usize> = (0..networks.len())
        .filter(|&index| networks[index].corner.is_some() && &*networks[index].network != LAN)
        .collect();
    standing.sort_by_key(|&index| (Reverse(networks[index].is_pinned()), Reverse(networks[index].places.len()), index));
    // All who can stay come before any who have to move.
    for moving in [false, true] {
        for &index in &standing {
            let (Some(corner), None) = (networks[index].corner, corners[index]) else {
                continue;
            };
            let (width, height) = networks[index].size_px();
            let place = match moving {
                false if networks[index].is_pinned() => Shelves::hold,
                false => Shelves::stay,
                true => Shelves::move_from,
            };
            corners[index] = place(&mut shelves, corner.vector(), width, height);
        }
    }
    let mut rows = shelves.last_row();
    for (index, network) in networks.iter().enumerate().filter(|(_, network)| &*network.network != LAN) {
        let (width, height) = network.size_px();
        corners[index] = corners[index].or_else(|| Some(shelves.append(&mut rows, width, height)));
    }
    if let Some((index, lan)) = networks.iter().enumerate().find(|(_, network)| &*network.network == LAN) {
        let (width, height) = lan.size_px();
        let stays = lan
            .corner
            .map(Offset::vector)
            .filter(|corner| lan.is_pinned() || shelves.is_free(Area::of_corner(corner.x, corner.y, width, height)));
        corners[index] = Some(stays.unwrap_or_else(|| shelves.below()));
    }
    let placed = networks
        .into_iter()
        .zip(corners)
        .map(|(network, corner)| network.placed_at(Offset::rounded(corner.unwrap_or_default())));
    Positions {
        networks: placed.collect(),
        read: BTreeMap::new(),
    }
}

/// Cards that have a place, by the tiles of the map that they cover.
#[derive(Debug)]
struct Shelves {
    width: f64,
    all: Area,
    cards: Vec<Area>,
    tiles: BTreeMap<(i64, i64), Vec<usize>>,
}

impl Default for Shelves {
    fn default() -> Self {
        Self {
            width: 0.0,
            all: Area::EMPTY,
            cards: Vec::new(),
            tiles: BTreeMap::new(),
        }
    }
}

const TILE_PX: f64 = 2048.0;

fn tiles_of(area: Area) -> impl Iterator<Item = (i64, i64)> {
    #[expect(clippy::cast_possible_truncation, reason = "saturates; coordinates are finite and far below")]
    let tile = |px: f64| (px / TILE_PX).floor() as i64;
    let (top, bottom) = (tile(area.top), tile(area.bottom));
    (tile(area.left)..=tile(area.right)).flat_map(move |column| (top..=bottom).map(move |row| (column, row)))
}

impl Shelves {
    fn add(&mut self, card: Area) -> Vector {
        for tile in tiles_of(card) {
            self.tiles.entry(tile).or_default().push(self.cards.len());
        }
        self.cards.push(card);
        self.all = self.all.union(card);
        Vector::new(card.left, card.top)
    }

    /// Cards in the way of one, in order of their standing.
    fn in_the_way(&self, card: Area) -> Vec<usize> {
        let reach = Area {
            left: card.left - LEAST_CARD_GAP_PX,
            top: card.top - LEAST_CARD_GAP_PX,
            right: card.right + LEAST_CARD_GAP_PX,
            bottom: card.bottom + LEAST_CARD_GAP_PX,
        };
        let near = tiles_of(reach).filter_map(|tile| self.tiles.get(&tile)).flatten().copied();
        let mut found: Vec<usize> = near.filter(|&other| self.cards[other].is_nearer_than(LEAST_CARD_GAP_PX, card)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn is_free(&self, card: Area) -> bool {
        self.in_the_way(card).is_empty()
    }

    /// Keeps a card where it is, whatever else is there.
    fn hold(&mut self, corner: Vector, width: f64, height: f64) -> Option<Vector> {
        Some(self.add(Area::of_corner(corner.x, corner.y, width, height)))
    }

    /// Keeps a card where it is if nothing is in its way.
    fn stay(&mut self, corner: Vector, width: f64, height: f64) -> Option<Vector> {
        let card = Area::of_corner(corner.x, corner.y, width, height);
        self.is_free(card).then(|| self.add(card))
    }

    /// Moves a card to the nearest free place around whatever is in its way; `None` where there is none.
    fn move_from(&mut self, corner: Vector, width: f64, height: f64) -> Option<Vector> {
        let at = |corner: Vector| Area::of_corner(corner.x, corner.y, width, height);
        let obstacles = self.in_the_way(at(corner));
        let around = obstacles.iter().map(|&other| self.cards[other]).flat_map(|other| {
            [
                Vector::new(other.right + CARD_GAP_PX, corner.y),
                Vector::new(corner.x, other.bottom + CARD_GAP_PX),
                Vector::new(other.left - CARD_GAP_PX - width, corner.y),
                Vector::new(corner.x, other.top - CARD_GAP_PX - height),
            ]
        });
        let mut around: Vec<Vector> = around.collect();
        around.sort_by(|one, other| one.distance(corner).total_cmp(&other.distance(corner)));
        let free = around.into_iter().take(MAX_TRIED).find(|candidate| self.is_free(at(*candidate)))?;
        Some(self.add(at(free)))
    }

    /// Where the last shelf goes on.
    fn last_row(&self) -> Rows {
        let Some(top) = self.cards.iter().map(|card| card.top).max_by(f64::total_cmp) else {
            return Rows::new(0.0, 0.0, self.width, CARD_GAP_PX);
        };
        let row = self
            .cards
            .iter()
            .filter(|card| card.top >= top)
            .fold(Area::EMPTY, |row, card| row.union(*card));
        let limit = self.all.left + self.width.max(self.all.width());
        Rows::new(self.all.left, top, limit, CARD_GAP_PX).resume(row.right + CARD_GAP_PX, row.bottom)
    }

    fn append(&mut self, rows: &mut Rows, width: f64, height: f64) -> Vector {
        let corner = rows.peek(width);
        if !self.is_free(Area::of_corner(corner.x, corner.y, width, height)) {
            rows.break_row(self.all.bottom + CARD_GAP_PX);
        }
        let corner = rows.take(width, height);
        self.add(Area::of_corner(corner.x, corner.y, width, height))
    }

    fn below(&self) -> Vector {
        if self.all.is_empty() {
            Vector::ZERO
        } else {
            Vector::new(self.all.left, self.all.bottom + CARD_GAP_PX)
        }
    }
}
