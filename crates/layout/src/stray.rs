//! The orderly area of devices whose place in the mesh nobody knows: a lattice beside it, filled column by column.

use crate::geometry::{ROUTER_RADIUS_PX, Vector};
use crate::overlap::{Disc, DiscIndex, MOVING_SLACK_PX};

/// Width of a cell of the lattice: a glyph and its name.
const CELL_WIDTH_PX: f64 = 136.0;
/// Height of a cell of the lattice.
const CELL_HEIGHT_PX: f64 = 56.0;

/// Places for strays. `known` are those that have one, in order of rank; each keeps it unless something stands there, and gets a new one
/// otherwise. The answer has the places of the known, then those of `newcomers` more.
///
/// `start` is the upper left of the lattice where nobody is known, `rows` its height in cells.
pub(crate) fn place_strays(known: &[Option<Vector>], occupied: &mut DiscIndex, start: Vector, rows: usize) -> Vec<Vector> {
    let anchor = known.iter().flatten().fold(None, |anchor: Option<Vector>, at| {
        Some(anchor.map_or(*at, |anchor| Vector::new(anchor.x.min(at.x), anchor.y.min(at.y))))
    });
    let anchor = anchor.unwrap_or(start + Vector::new(ROUTER_RADIUS_PX, ROUTER_RADIUS_PX));
    let mut places: Vec<Option<Vector>> = known.iter().map(|at| at.filter(|at| take(occupied, *at, 0.0))).collect();
    let mut cells = (0..).map(|cell: usize| anchor + Vector::new((cell / rows) as f64 * CELL_WIDTH_PX, (cell % rows) as f64 * CELL_HEIGHT_PX));
    for place in places.iter_mut().filter(|place| place.is_none()) {
        *place = cells.find(|cell| take(occupied, *cell, MOVING_SLACK_PX));
    }
    places.into_iter().map(Option::unwrap_or_default).collect()
}

fn take(occupied: &mut DiscIndex, at: Vector, slack: f64) -> bool {
    let disc = Disc::fixed(at, ROUTER_RADIUS_PX);
    let free = !occupied.is_crowded(&disc, slack);
    if free {
        occupied.add(disc);
    }
    free
}

/// Rows that make a lattice as high as what it stands beside, but not thin.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small; saturates")]
pub(crate) fn rows_for(strays: usize, height: f64) -> usize {
    // Near to three times as wide as high where nothing stands beside it.
    let flat = (strays as f64 * CELL_WIDTH_PX / CELL_HEIGHT_PX / 3.0).sqrt().ceil() as usize;
    flat.max((height / CELL_HEIGHT_PX) as usize).max(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strays_fill_columns_and_the_known_stay() {
        let places = place_strays(&[None; 4], &mut DiscIndex::default(), Vector::ZERO, 3);
        assert_eq!(
            places,
            [(22.0, 22.0), (22.0, 78.0), (22.0, 134.0), (158.0, 22.0)].map(|(x, y)| Vector::new(x, y))
        );
        let known = [Some(places[0]), None, Some(places[3])];
        assert_eq!(
            place_strays(&known, &mut DiscIndex::default(), Vector::ZERO, 3),
            [places[0], places[1], places[3]]
        );
    }

    #[test]
    fn a_stray_yields_to_what_stands_there() {
        let mut occupied = DiscIndex::default();
        occupied.add(Disc::fixed(Vector::new(30.0, 30.0), 60.0));
        let places = place_strays(&[Some(Vector::new(22.0, 22.0)), None], &mut occupied, Vector::ZERO, 3);
        assert_eq!(places, [Vector::new(22.0, 134.0), Vector::new(158.0, 22.0)]);
    }
}
