//! Positions whose distances come near to given targets: classical scaling for a start, stress majorisation for the rest
//! (Gansner, Koren, North: Graph Drawing by Stress Majorization, 2004). No random numbers: the same targets give the same positions.

use crate::geometry::{COST_PX, DISC_GAP_PX, Vector};
use crate::overlap::GOLDEN_ANGLE;
use std::f64::consts::TAU;

/// Most nodes that are solved together: three full Thread partitions. The cost is cubic.
pub(crate) const MAX_SOLVED: usize = 96;
/// Rounds of majorisation at most.
const MAX_ROUNDS: usize = 40;
/// Majorisation ends when no node moves farther in a round.
const SETTLED_PX: f64 = 0.5;
/// Rounds of the power iteration: it is a start, and majorisation corrects what is missing.
const POWER_ROUNDS: usize = 24;
/// Directions in which a newcomer looks for its place.
const DIRECTIONS: usize = 24;
/// Share of a disc that discs of one size fill when pushed together loosely.
const PACKING: f64 = 0.7;

/// A symmetric matrix, by rows.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    size: usize,
    cells: Vec<f64>,
}

impl Matrix {
    fn filled(size: usize, value: f64) -> Self {
        Self {
            size,
            cells: vec![value; size * size],
        }
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.cells[row * self.size..(row + 1) * self.size]
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.size + column]
    }
}

/// Distances on the map that the nodes of one connected component want: their path cost, or the room that both take, scaled up where so many
/// near ones would not find room at all.
pub(crate) fn targets(radii: &[f64], edges: impl IntoIterator<Item = (usize, usize, f64)>) -> Matrix {
    let size = radii.len();
    let mut matrix = path_costs(size, edges);
    let pairs = (size * size.saturating_sub(1)).max(1) as f64;
    let mean = COST_PX * matrix.cells.iter().sum::<f64>() / pairs;
    let room = radii.iter().map(|radius| (radius + DISC_GAP_PX / 2.0).powi(2)).sum::<f64>() / PACKING;
    // Two random points of a disc are 0.905 of its radius apart.
    let scale = if mean > 0.0 { (0.905 * room.sqrt() / mean).max(1.0) } else { 1.0 };
    for (row, one) in radii.iter().enumerate() {
        for (column, other) in radii.iter().enumerate() {
            let cell = &mut matrix.cells[row * size + column];
            *cell = if row == column {
                0.0
            } else {
                (*cell * COST_PX * scale).max(one + other + DISC_GAP_PX)
            };
        }
    }
    matrix
}

/// All shortest paths (Floyd, Warshall). What cannot be reached counts as one hop farther than the farthest.
fn path_costs(size: usize, edges: impl IntoIterator<Item = (usize, usize, f64)>) -> Matrix {
    let mut costs = Matrix::filled(size, f64::INFINITY);
    for (one, other, cost) in edges {
        let least = costs.at(one, other).min(cost);
        costs.cells[one * size + other] = least;
        costs.cells[other * size + one] = least;
    }
    for node in 0..size {
        costs.cells[node * size + node] = 0.0;
    }
    let mut through = vec![0.0; size];
    for via in 0..size {
        through.copy_from_slice(costs.row(via));
        for row in costs.cells.chunks_exact_mut(size) {
            let first = row[via];
            if first.is_finite() {
                for (cost, second) in row.iter_mut().zip(&through) {
                    *cost = cost.min(first + second);
                }
            }
        }
    }
    let farthest = costs.cells.iter().copied().filter(|cost| cost.is_finite()).fold(0.0, f64::max);
    for cost in &mut costs.cells {
        *cost = cost.min(farthest + 1.0);
    }
    costs
}

/// Positions for all; those given stay where they are.
pub(crate) fn solve(targets: &Matrix, fixed: &[Option<Vector>]) -> Vec<Vector> {
    let free: Vec<usize> = (0..fixed.len()).filter(|&node| fixed[node].is_none()).collect();
    let held = fixed.len() - free.len();
    let mut at = if held == 0 {
        facing(scale_classically(targets))
    } else if free.len() > held {
        align(&scale_classically(targets), fixed)
    } else {
        join_one_by_one(targets, fixed, &free)
    };
    majorise(targets, &mut at, &free);
    at
}

/// Turns a fresh drawing so that the first node is at the upper left: a node more or less does not mirror it.
fn facing(mut at: Vec<Vector>) -> Vec<Vector> {
    // Classical scaling centres the drawing on the origin.
    let first = at.first().copied().unwrap_or_default();
    for point in &mut at {
        *point = Vector::new(
            if first.x > 0.0 { -point.x } else { point.x },
            if first.y > 0.0 { -point.y } else { point.y },
        );
    }
    at
}

/// Classical multidimensional scaling: the two strongest axes of the doubly centred squared distances.
fn scale_classically(targets: &Matrix) -> Vec<Vector> {
    let size = targets.size;
    let mut centred = Matrix {
        size,
        cells: targets.cells.iter().map(|distance| distance * distance).collect(),
    };
    let means: Vec<f64> = (0..size).map(|row| centred.row(row).iter().sum::<f64>() / size as f64).collect();
    let mean = means.iter().sum::<f64>() / size.max(1) as f64;
    for row in 0..size {
        for column in 0..size {
            let cell = &mut centred.cells[row * size + column];
            *cell = -0.5 * (*cell - means[row] - means[column] + mean);
        }
    }
    let x = strongest_axis(&centred, &[]);
    let y = strongest_axis(&centred, &x);
    // A hair off the axes: what is exactly on a line cannot leave it by majorisation.
    (0..size)
        .map(|node| Vector::new(x[node], y[node]) + Vector::of_angle(node as f64 * GOLDEN_ANGLE) * 0.5)
        .collect()
}

/// The strongest axis of a matrix that is perpendicular to another one, scaled to the map, by power iteration.
fn strongest_axis(matrix: &Matrix, perpendicular: &[f64]) -> Vec<f64> {
    let mut axis: Vec<f64> = (0..matrix.size)
        .map(|node| (node as f64 * GOLDEN_ANGLE + if perpendicular.is_empty() { 0.0 } else { 1.5 }).cos())
        .collect();
    let mut next = vec![0.0; matrix.size];
    let mut strength = 0.0;
    for _ in 0..POWER_ROUNDS {
        clear_of(&mut axis, perpendicular);
        let length = dot(&axis, &axis).sqrt();
        if length < 1e-9 {
            return vec![0.0; matrix.size];
        }
        axis.iter_mut().for_each(|value| *value /= length);
        for (row, value) in next.iter_mut().enumerate() {
            *value = dot(matrix.row(row), &axis);
        }
        strength = dot(&next, &axis);
        axis.copy_from_slice(&next);
    }
    clear_of(&mut axis, perpendicular);
    let length = dot(&axis, &axis).sqrt();
    let factor = if length < 1e-9 || strength <= 0.0 {
        0.0
    } else {
        strength.sqrt() / length
    };
    axis.iter_mut().for_each(|value| *value *= factor);
    axis
}

fn clear_of(axis: &mut [f64], perpendicular: &[f64]) {
    let square = dot(perpendicular, perpendicular);
    if square > 0.0 {
        let share = dot(axis, perpendicular) / square;
        axis.iter_mut().zip(perpendicular).for_each(|(value, other)| *value -= share * other);
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// Turns, mirrors and shifts a drawing so that it fits those that stay best (Procrustes).
fn align(drawn: &[Vector], fixed: &[Option<Vector>]) -> Vec<Vector> {
    let pairs = || drawn.iter().zip(fixed).filter_map(|(from, to)| Some((*from, (*to)?)));
    let count = pairs().count().max(1) as f64;
    let (from_sum, to_sum) = pairs().fold((Vector::ZERO, Vector::ZERO), |(from_sum, to_sum), (from, to)| {
        (from_sum + from, to_sum + to)
    });
    let (from_middle, to_middle) = (from_sum * (1.0 / count), to_sum * (1.0 / count));
    let fit = |mirror: f64| {
        pairs().fold(Vector::ZERO, |fit, (from, to)| {
            let from = Vector::new(from.x - from_middle.x, mirror * (from.y - from_middle.y));
            let to = to - to_middle;
            fit + Vector::new(from.dot(to), from.x * to.y - from.y * to.x)
        })
    };
    let (plain, mirrored) = (fit(1.0), fit(-1.0));
    let (mirror, turn) = if mirrored.length() > plain.length() + 1e-6 {
        (-1.0, mirrored)
    } else {
        (1.0, plain)
    };
    let turn = if turn.length() < 1e-6 {
        Vector::new(1.0, 0.0)
    } else {
        turn * (1.0 / turn.length())
    };
    let moved = |from: &Vector| {
        let from = Vector::new(from.x - from_middle.x, mirror * (from.y - from_middle.y));
        Vector::new(from.x * turn.x - from.y * turn.y, from.x * turn.y + from.y * turn.x) + to_middle
    };
    drawn.iter().zip(fixed).map(|(from, to)| to.unwrap_or_else(|| moved(from))).collect()
}

/// Newcomers find their places one after the other, the nearest to somebody placed first, each in the best of several directions.
fn join_one_by_one(targets: &Matrix, fixed: &[Option<Vector>], free: &[usize]) -> Vec<Vector> {
    let mut at: Vec<Option<Vector>> = fixed.to_vec();
    for _ in free {
        let placed: Vec<(usize, Vector)> = at.iter().enumerate().filter_map(|(node, at)| Some((node, (*at)?))).collect();
        let waiting = free.iter().filter(|&&node| at[node].is_none());
        let pairs = waiting.flat_map(|&node| placed.iter().map(move |&(other, at)| (targets.at(node, other), node, at)));
        let Some((distance, node, anchor)) = pairs.min_by(|one, other| one.0.total_cmp(&other.0)) else {
            break;
        };
        let candidates = (0..DIRECTIONS).map(|step| anchor + Vector::of_angle(step as f64 * TAU / DIRECTIONS as f64) * distance);
        let stressed = candidates.map(|candidate| (stress_at(targets, node, candidate, &placed), candidate));
        at[node] = stressed.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, candidate)| candidate);
    }
    at.into_iter().map(Option::unwrap_or_default).collect()
}

fn stress_at(targets: &Matrix, node: usize, candidate: Vector, placed: &[(usize, Vector)]) -> f64 {
    placed
        .iter()
        .map(|&(other, at)| (candidate.distance(at) / targets.at(node, other) - 1.0).powi(2))
        .sum()
}

/// Moves each free node in turn to where its targets, weighted by their inverse square, pull it.
fn majorise(targets: &Matrix, at: &mut [Vector], free: &[usize]) {
    if at.len() < 2 {
        return;
    }
    let weights = Matrix {
        size: targets.size,
        cells: targets
            .cells
            .iter()
            .map(|target| if *target > 0.0 { 1.0 / (target * target) } else { 0.0 })
            .collect(),
    };
    for _ in 0..MAX_ROUNDS {
        let mut farthest = 0.0f64;
        for &node in free {
            let moved = pulled(at, node, targets.row(node), weights.row(node));
            farthest = farthest.max(moved.distance(at[node]));
            at[node] = moved;
        }
        if farthest < SETTLED_PX {
            return;
        }
    }
}

fn pulled(at: &[Vector], node: usize, targets: &[f64], weights: &[f64]) -> Vector {
    let own = at[node];
    let (mut x, mut y, mut sum) = (0.0, 0.0, 0.0);
    for ((other, target), weight) in at.iter().zip(targets).zip(weights) {
        let (dx, dy) = (own.x - other.x, own.y - other.y);
        // A node's weight towards itself is 0; the hair keeps 0/0 out.
        let stretch = target / (dx * dx + dy * dy).sqrt().max(1e-3);
        x += weight * (other.x + dx * stretch);
        y += weight * (other.y + dy * stretch);
        sum += weight;
    }
    if sum > 0.0 { Vector::new(x / sum, y / sum) } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(size: usize) -> Matrix {
        targets(&vec![22.0; size], (1..size).map(|node| (node - 1, node, 1.0)))
    }

    #[test]
    fn path_costs_take_the_cheaper_way_and_bound_the_unreachable() {
        let costs = path_costs(4, [(0, 1, 4.0), (0, 2, 1.0), (2, 1, 2.0), (1, 0, 9.0)]);
        assert_eq!((costs.at(0, 1), costs.at(1, 0), costs.at(0, 3), costs.at(3, 3)), (3.0, 3.0, 4.0, 0.0));
    }

    #[test]
    fn a_chain_is_drawn_as_long_as_it_is() {
        let at = solve(&chain(6), &[None; 6]);
        assert!((at[0].distance(at[5]) - 5.0 * COST_PX).abs() < 5.0, "{at:?}");
        assert!(at[0].x < at[5].x, "the first node at the left");
    }

    #[test]
    fn a_crowd_in_which_all_hear_all_is_given_room() {
        let all = (0..32).flat_map(|one| (0..one).map(move |other| (one, other, 1.0)));
        let matrix = targets(&[51.0; 32], all);
        assert!(matrix.at(0, 31) > 2.0 * COST_PX);
        let at = solve(&matrix, &[None; 32]);
        let nearest = (1..32)
            .flat_map(|one| (0..one).map(move |other| (one, other)))
            .map(|(one, other)| at[one].distance(at[other]))
            .fold(f64::MAX, f64::min);
        assert!(nearest > 50.0, "{nearest}");
    }

    #[test]
    fn whoever_stands_stays_and_the_newcomer_goes_to_its_distance() {
        let known = [
            Some(Vector::new(0.0, 0.0)),
            Some(Vector::new(118.0, 0.0)),
            Some(Vector::new(236.0, 0.0)),
            None,
        ];
        let at = solve(&chain(4), &known);
        assert_eq!(&at[..3], &known[..3].iter().flatten().copied().collect::<Vec<_>>()[..]);
        assert!(at[3].distance(Vector::new(354.0, 0.0)) < 10.0, "{at:?}");
    }

    #[test]
    fn more_newcomers_than_known_are_aligned_with_the_known() {
        let known = [Some(Vector::new(1000.0, 50.0)), Some(Vector::new(1000.0, 168.0)), None, None, None, None];
        let at = solve(&chain(6), &known);
        assert_eq!((at[0], at[1]), (known[0].unwrap(), known[1].unwrap()));
        assert!(at[5].distance(Vector::new(1000.0, 640.0)) < 60.0, "{at:?}");
    }

    #[test]
    fn one_and_none() {
        assert!(solve(&chain(0), &[]).is_empty());
        assert!(solve(&chain(1), &[None])[0].length() < 1.0);
    }
}
