//! Children on rings around their parent, in the widest sector that no link crosses; whoever has an angle keeps it while it is free.

use crate::geometry::{CHILD_RADIUS_PX, ROUTER_RADIUS_PX, Vector};
use std::f64::consts::{PI, TAU};

/// Distance of the first ring from the parent.
const FIRST_RING_PX: f64 = 42.0;
/// Distance from ring to ring.
const RING_STEP_PX: f64 = 22.0;
/// Distance of neighbours on a ring.
const CHILD_SPACING_PX: f64 = 24.0;
/// Nearest that two children of one parent may come.
const CHILD_DISTANCE_PX: f64 = 2.0 * CHILD_RADIUS_PX + 1.0;
/// The part of a ring that is filled before the next one begins: the rest stays open for links.
const FAN_RADIANS: f64 = TAU * 2.0 / 3.0;
/// How near the line of a link a child does not like to stand.
const LINK_CLEARANCE_RADIANS: f64 = 0.26;
/// By how much a ring's radius may seem off after rounding to a tenth; between two tenths, so that rounding decides nothing.
const RING_TOLERANCE_PX: f64 = 0.15;
/// The farthest ring that a remembered place is believed on; more than 511 children, the most that one router can address, need.
const MAX_REMEMBERED_RING: usize = 24;

const fn ring_radius(ring: usize) -> f64 {
    FIRST_RING_PX + RING_STEP_PX * ring as f64
}

fn slot_radians(ring: usize) -> f64 {
    2.0 * (CHILD_SPACING_PX / 2.0 / ring_radius(ring)).asin()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
fn slots_within(ring: usize, radians: f64) -> usize {
    (radians / slot_radians(ring)) as usize
}

/// Children that a ring takes before the next one begins.
fn capacity(ring: usize) -> usize {
    slots_within(ring, FAN_RADIANS) + 1
}

/// Rings that so many children need.
pub(crate) fn rings_needed(mut children: usize) -> usize {
    let mut rings = 0;
    while children > 0 {
        children = children.saturating_sub(capacity(rings));
        rings += 1;
    }
    rings
}

/// Radius of the room of a node with that many rings.
pub(crate) fn room_radius(rings: usize) -> f64 {
    if rings == 0 {
        ROUTER_RADIUS_PX
    } else {
        ring_radius(rings - 1) + CHILD_RADIUS_PX
    }
}

/// The ring that an offset from the parent lies on, if on any.
pub(crate) fn ring_of(offset: Vector) -> Option<usize> {
    let steps = (offset.length() - FIRST_RING_PX) / RING_STEP_PX;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and is compared with the ring that it names"
    )]
    let ring = steps.round().max(0.0) as usize;
    (ring <= MAX_REMEMBERED_RING && (offset.length() - ring_radius(ring)).abs() <= RING_TOLERANCE_PX).then_some(ring)
}

/// The children of one parent: offsets of those that keep their place, and how many need one.
#[derive(Debug, Default)]
pub(crate) struct Fan {
    kept: Vec<(usize, Vector)>,
    obstacles: Vec<Vector>,
    newcomers: usize,
}

impl Fan {
    /// A child with the offset that it had. True if it keeps it; else it is a newcomer.
    pub(crate) fn keep(&mut self, offset: Vector) -> bool {
        let Some(ring) = ring_of(offset) else {
            self.newcomers += 1;
            return false;
        };
        let free = self.is_free(offset);
        if free {
            self.kept.push((ring, offset));
        } else {
            self.newcomers += 1;
        }
        free
    }

    /// A child that needs a place.
    pub(crate) const fn add(&mut self) {
        self.newcomers += 1;
    }

    /// Rings of the whole fan: those in use, and those that its size needs.
    pub(crate) fn rings(&self) -> usize {
        let used = self.kept.iter().map(|(ring, _)| ring + 1).max().unwrap_or(0);
        used.max(rings_needed(self.kept.len() + self.newcomers))
    }

    fn is_free(&self, offset: Vector) -> bool {
        let near = |other: Vector| other.distance(offset) < CHILD_DISTANCE_PX;
        !self.kept.iter().any(|&(_, other)| near(other)) && !self.obstacles.iter().any(|&other| near(other))
    }

    /// Something on the map that newcomers should not cover, as an offset from the parent.
    pub(crate) fn avoid(&mut self, offset: Vector) {
        self.obstacles.push(offset);
    }

    /// Offsets for the newcomers, in order. `None` where those who keep their place leave too little room on the rings: then all need new ones.
    pub(crate) fn place(&self, links: &[f64]) -> Option<Vec<Vector>> {
        let centre = self.centre(links);
        let mut filled = Fan {
            kept: self.kept.clone(),
            obstacles: self.obstacles.clone(),
            newcomers: 0,
        };
        let mut places = Vec::with_capacity(self.newcomers);
        for pass in 0..3 {
            for ring in 0..self.rings() {
                if places.len() == self.newcomers {
                    return Some(places);
                }
                if pass == 2 {
                    filled.obstacles.clear();
                }
                filled.fill_ring(ring, centre, links, pass > 0, self.newcomers, &mut places);
            }
        }
        (places.len() == self.newcomers).then_some(places)
    }

    fn fill_ring(&mut self, ring: usize, centre: f64, links: &[f64], beyond_capacity: bool, wanted: usize, places: &mut Vec<Vector>) {
        let limit = if beyond_capacity { usize::MAX } else { capacity(ring) };
        let mut on_ring = self.kept.iter().filter(|(kept, _)| *kept == ring).count();
        for offset in self.slots(ring, centre, links) {
            if places.len() == wanted || on_ring >= limit {
                return;
            }
            if self.is_free(offset) {
                self.kept.push((ring, offset));
                places.push(offset);
                on_ring += 1;
            }
        }
    }

    /// The slots of a ring, the most wanted first: near the middle of the fan, and not on a link.
    fn slots(&self, ring: usize, centre: f64, links: &[f64]) -> Vec<Vector> {
        let base = self
            .kept
            .iter()
            .find(|(kept, _)| *kept == ring)
            .map_or(centre, |(_, offset)| offset.angle());
        let mut slots: Vec<(i64, usize, f64)> = (0..slots_within(ring, TAU))
            .map(|slot| {
                let angle = base + slot as f64 * slot_radians(ring);
                let on_link = links.iter().any(|&link| turn(link, angle).abs() < LINK_CLEARANCE_RADIANS);
                let reluctance = turn(centre, angle).abs() + if on_link { PI } else { 0.0 };
                #[expect(clippy::cast_possible_truncation, reason = "an angle; in steps, so that rounding noise decides nothing")]
                ((reluctance * 1e4).round() as i64, slot, angle)
            })
            .collect();
        slots.sort_unstable_by_key(|&(reluctance, slot, _)| (reluctance, slot));
        slots
            .into_iter()
            .map(|(_, _, angle)| Vector::of_angle(angle) * ring_radius(ring))
            .collect()
    }

    /// The middle of the fan: where its children are already, else the middle of the widest sector without links.
    fn centre(&self, links: &[f64]) -> f64 {
        let sum = self.kept.iter().fold(Vector::ZERO, |sum, (_, offset)| sum + *offset);
        if sum.length() > 1.0 { sum.angle() } else { widest_sector(links) }
    }
}

/// The turn from one angle to another, in -π..=π.
fn turn(from: f64, to: f64) -> f64 {
    let turn = (to - from).rem_euclid(TAU);
    if turn > PI { turn - TAU } else { turn }
}

/// The middle of the widest sector between directions; straight down where there are none.
fn widest_sector(directions: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = directions.iter().map(|angle| angle.rem_euclid(TAU)).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(&first) = sorted.first() else { return PI / 2.0 };
    let ends = sorted.iter().skip(1).copied().chain([first + TAU]);
    let mut widest = (0.0, first + PI);
    for (start, end) in sorted.iter().zip(ends) {
        if end - start > widest.0 + 1e-6 {
            widest = (end - start, f64::midpoint(*start, end));
        }
    }
    widest.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(children: usize, links: &[f64]) -> Vec<Vector> {
        Fan {
            newcomers: children,
            ..Fan::default()
        }
        .place(links)
        .unwrap()
    }

    #[test]
    fn children_stand_opposite_of_the_links() {
        let places = fresh(3, &[0.0, 0.5, -0.5]);
        assert!(places.iter().all(|place| place.x < -20.0), "{places:?}");
        assert!((places[0].angle().abs() - PI).abs() < 1e-9, "the first in the middle");
    }

    #[test]
    fn rings_hold_as_many_as_a_router_can_have_and_nobody_overlaps() {
        for children in [0, 1, 8, 9, 60, 511, 1000] {
            let places = fresh(children, &[0.1, 2.0]);
            assert_eq!(places.len(), children);
            let room = room_radius(rings_needed(children));
            for (index, place) in places.iter().enumerate() {
                assert!(place.length() + CHILD_RADIUS_PX <= room + 1e-9);
                assert!(places[..index].iter().all(|other| other.distance(*place) >= CHILD_DISTANCE_PX));
            }
        }
        assert!(rings_needed(511) < MAX_REMEMBERED_RING);
    }

    #[test]
    fn who_has_a_place_keeps_it_and_newcomers_join_beside() {
        let places = fresh(4, &[0.0]);
        let mut fan = Fan::default();
        assert!(fan.keep(places[0]) && fan.keep(places[3]) && !fan.keep(places[0]) && !fan.keep(Vector::new(1.0, 1.0)));
        assert_eq!(fan.newcomers, 2);
        let added = fan.place(&[3.0]).unwrap();
        assert!(
            added
                .iter()
                .all(|place| place.distance(places[0]).min(place.distance(places[3])) < CHILD_SPACING_PX + 0.1),
            "{added:?}"
        );
    }

    #[test]
    fn a_ring_of_scattered_children_that_leaves_no_room_says_so() {
        let mut fan = Fan::default();
        for slot in 0..6 {
            assert!(fan.keep(Vector::of_angle(f64::from(slot) * TAU / 6.0) * FIRST_RING_PX));
        }
        fan.add();
        fan.add();
        assert_eq!((fan.rings(), fan.place(&[])), (1, None));
    }

    #[test]
    fn remembered_offsets_are_believed_only_on_a_ring() {
        assert_eq!(ring_of(Vector::new(42.0, 0.0)), Some(0));
        assert_eq!(ring_of(Vector::new(0.0, -63.9)), Some(1));
        for far in [Vector::ZERO, Vector::new(50.0, 0.0), Vector::new(1e7, 0.0), Vector::new(f64::NAN, 0.0)] {
            assert_eq!(ring_of(far), None);
        }
    }
}
