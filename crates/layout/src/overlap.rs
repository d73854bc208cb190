//! Discs that must not overlap: pushing them apart gently, and finding what is in the way.

use crate::geometry::{DISC_GAP_PX, DISC_TOLERANCE_PX, Vector};
use std::collections::BTreeMap;

/// A node with the room that it takes, rings of children included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Disc {
    pub at: Vector,
    pub radius: f64,
    /// How much of a push it takes, relative to the other one's: 0 never moves.
    pub mobility: f64,
}

impl Disc {
    pub(crate) const fn fixed(at: Vector, radius: f64) -> Self {
        Self { at, radius, mobility: 0.0 }
    }

    /// How far the two are short of the room that they need; not positive where all is well.
    fn shortage(&self, other: &Self) -> f64 {
        self.radius + other.radius + DISC_GAP_PX - self.at.distance(other.at)
    }

    fn is_crowded_by(&self, other: &Self, slack: f64) -> bool {
        let need = self.radius + other.radius + DISC_GAP_PX - DISC_TOLERANCE_PX + slack;
        let apart = self.at - other.at;
        apart.x.abs() < need && apart.dot(apart) < need * need
    }
}

/// Rounds of pushing; crowds of a whole partition are resolved in a few dozen.
const MAX_ROUNDS: usize = 300;
/// Most discs that are pushed pair by pair; of more, whoever stands in the way is for the caller to put elsewhere.
const MAX_PUSHED: usize = 192;
/// The golden angle: directions for discs that stand on the same spot, none like another.
pub(crate) const GOLDEN_ANGLE: f64 = 2.399_963_229_728_653;

/// How much farther than necessary a disc that moves goes, so that it does not have to move again after rounding.
pub(crate) const MOVING_SLACK_PX: f64 = 0.5;
/// The part of that which has to be left at the end.
const ROUNDING_SLACK_PX: f64 = 0.25;

/// Pushes overlapping discs apart, each by its share. Where none overlap, all stay exactly where they are.
///
/// Names the discs for which there is no room, and that have to be put elsewhere; the least mobile keep their places.
pub(crate) fn separate(discs: &mut [Disc]) -> Vec<usize> {
    if discs.len() > MAX_PUSHED {
        return crowded(discs, false);
    }
    if !push_once(discs, 0, 0.0) {
        return Vec::new();
    }
    let settled = (1..MAX_ROUNDS).any(|round| !push_once(discs, round, MOVING_SLACK_PX));
    if settled { Vec::new() } else { crowded(discs, true) }
}

fn push_once(discs: &mut [Disc], round: usize, slack: f64) -> bool {
    let mut pushed = false;
    for second in 1..discs.len() {
        for first in 0..second {
            let (one, other) = (discs[first], discs[second]);
            let mobility = one.mobility + other.mobility;
            if mobility <= 0.0 || !one.is_crowded_by(&other, slack) {
                continue;
            }
            let apart = other.at - one.at;
            let length = apart.length();
            let direction = if length > 0.05 {
                apart * (1.0 / length)
            } else {
                Vector::of_angle((second + round) as f64 * GOLDEN_ANGLE)
            };
            let push = direction * (one.shortage(&other) / mobility);
            discs[first].at += -push * one.mobility;
            discs[second].at += push * other.mobility;
            pushed = true;
        }
    }
    pushed
}

/// The mobile discs that overlap a less mobile one, or one before them.
fn crowded(discs: &[Disc], moved: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..discs.len()).collect();
    order.sort_by(|&one, &other| discs[one].mobility.total_cmp(&discs[other].mobility));
    let mut accepted = DiscIndex::default();
    let mut crowded = Vec::new();
    for index in order {
        let disc = discs[index];
        let is_new_here = moved || disc.mobility > 0.5;
        if disc.mobility > 0.0 && accepted.is_crowded(&disc, if is_new_here { ROUNDING_SLACK_PX } else { 0.0 }) {
            crowded.push(index);
        } else {
            accepted.add(disc);
        }
    }
    crowded.sort_unstable();
    crowded
}

/// Discs by columns of the map, to find those near a spot without looking at all.
#[derive(Debug, Default)]
pub(crate) struct DiscIndex {
    columns: BTreeMap<i64, Vec<Disc>>,
    largest_radius: f64,
}

const COLUMN_PX: f64 = 128.0;

#[expect(clippy::cast_possible_truncation, reason = "saturates; coordinates are finite and far below")]
fn column(x: f64) -> i64 {
    (x / COLUMN_PX).floor() as i64
}

impl DiscIndex {
    pub(crate) fn add(&mut self, disc: Disc) {
        self.largest_radius = self.largest_radius.max(disc.radius);
        self.columns.entry(column(disc.at.x)).or_default().push(disc);
    }

    pub(crate) fn is_crowded(&self, disc: &Disc, slack: f64) -> bool {
        let reach = disc.radius + self.largest_radius + DISC_GAP_PX + slack;
        let columns = self.columns.range(column(disc.at.x - reach)..=column(disc.at.x + reach));
        columns.flat_map(|(_, discs)| discs).any(|other| disc.is_crowded_by(other, slack))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disc(x: f64, y: f64, mobility: f64) -> Disc {
        Disc {
            at: Vector::new(x, y),
            radius: 20.0,
            mobility,
        }
    }

    #[test]
    fn a_newcomer_takes_most_of_the_push_and_a_fixed_disc_none() {
        let mut discs = [disc(0.0, 0.0, 0.15), disc(32.0, 0.0, 0.85), disc(500.0, 0.0, 0.15)];
        assert_eq!(separate(&mut discs), [0usize; 0]);
        assert!((discs[0].at.x + 3.0).abs() < 1e-9 && (discs[1].at.x - 49.0).abs() < 1e-9, "{discs:?}");
        assert_eq!(discs[2].at, Vector::new(500.0, 0.0));

        let mut discs = [disc(0.0, 0.0, 0.0), disc(32.0, 0.0, 0.15), disc(0.0, 4.0, 0.0)];
        separate(&mut discs);
        assert_eq!(
            (discs[0].at, discs[2].at),
            (Vector::ZERO, Vector::new(0.0, 4.0)),
            "two fixed discs may overlap"
        );
    }

    #[test]
    fn a_crowd_on_one_spot_dissolves() {
        let mut discs = vec![disc(7.0, 7.0, 1.0); 64];
        assert_eq!(separate(&mut discs), [0usize; 0]);
        assert_eq!(crowded(&discs, true), [0usize; 0]);
    }

    #[test]
    fn too_many_to_push_are_named_instead() {
        let mut discs = vec![disc(7.0, 7.0, 1.0); MAX_PUSHED + 1];
        assert_eq!(separate(&mut discs), (1..=MAX_PUSHED).collect::<Vec<_>>());
    }
}
