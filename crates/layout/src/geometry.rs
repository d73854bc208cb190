//! Points, boxes and the measures of the map, in CSS pixels at zoom 1; x grows to the right, y downwards.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

/// Distance on the map that stands for a path cost of 1 (one hop over a link of quality 3).
pub(crate) const COST_PX: f64 = 118.0;
/// Half of the room of a router: glyph, badge, crown and focus ring.
pub(crate) const ROUTER_RADIUS_PX: f64 = 22.0;
/// Half of the room of a child on its parent's ring.
pub(crate) const CHILD_RADIUS_PX: f64 = 9.0;
/// Room that is left between two routers with their rings when they have to be pushed apart.
pub(crate) const DISC_GAP_PX: f64 = 12.0;
/// Overlap by which discs may eat into [`DISC_GAP_PX`] before anything moves: rounding and a little drift cost no movement.
pub(crate) const DISC_TOLERANCE_PX: f64 = 4.0;

/// A point or an offset.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Vector {
    pub x: f64,
    pub y: f64,
}

impl Vector {
    pub(crate) const ZERO: Self = Self { x: 0.0, y: 0.0 };

    pub(crate) const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// The unit vector of an angle in radians, clockwise from the right.
    pub(crate) fn of_angle(radians: f64) -> Self {
        let (sin, cos) = radians.sin_cos();
        Self::new(cos, sin)
    }

    /// The angle of this offset in radians.
    pub(crate) fn angle(self) -> f64 {
        self.y.atan2(self.x)
    }

    pub(crate) fn dot(self, other: Self) -> f64 {
        self.x.mul_add(other.x, self.y * other.y)
    }

    pub(crate) fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    pub(crate) fn distance(self, other: Self) -> f64 {
        (self - other).length()
    }
}

impl Add for Vector {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl AddAssign for Vector {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Vector {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f64> for Vector {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

impl Neg for Vector {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y)
    }
}

/// An upright rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    /// Holds nothing; the neutral element of [`Area::union`].
    pub(crate) const EMPTY: Self = Self {
        left: f64::INFINITY,
        top: f64::INFINITY,
        right: f64::NEG_INFINITY,
        bottom: f64::NEG_INFINITY,
    };

    pub(crate) const fn of_corner(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self {
            left,
            top,
            right: left + width,
            bottom: top + height,
        }
    }

    pub(crate) const fn of_disc(at: Vector, radius: f64) -> Self {
        Self {
            left: at.x - radius,
            top: at.y - radius,
            right: at.x + radius,
            bottom: at.y + radius,
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.left > self.right
    }

    pub(crate) fn width(self) -> f64 {
        (self.right - self.left).max(0.0)
    }

    pub(crate) fn height(self) -> f64 {
        (self.bottom - self.top).max(0.0)
    }

    pub(crate) fn size(self) -> f64 {
        self.width() * self.height()
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Whether less than `gap` lies between the two, both ways.
    pub(crate) fn is_nearer_than(self, gap: f64, other: Self) -> bool {
        self.left < other.right + gap && other.left < self.right + gap && self.top < other.bottom + gap && other.top < self.bottom + gap
    }

    pub(crate) fn contains(self, point: Vector) -> bool {
        (self.left..=self.right).contains(&point.x) && (self.top..=self.bottom).contains(&point.y)
    }

    pub(crate) fn moved(self, by: Vector) -> Self {
        Self {
            left: self.left + by.x,
            top: self.top + by.y,
            right: self.right + by.x,
            bottom: self.bottom + by.y,
        }
    }
}

/// A rigid row-by-row packing: boxes from left to right, then a new row below.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    left: f64,
    limit: f64,
    gap: f64,
    cursor: Vector,
    row_bottom: f64,
}

impl Rows {
    /// Starts at a corner; a row ends where a box would go beyond `limit`.
    pub(crate) const fn new(left: f64, top: f64, limit: f64, gap: f64) -> Self {
        Self {
            left,
            limit,
            gap,
            cursor: Vector::new(left, top),
            row_bottom: top,
        }
    }

    /// Continues a row that stands already.
    pub(crate) const fn resume(mut self, x: f64, row_bottom: f64) -> Self {
        self.cursor.x = x;
        self.row_bottom = row_bottom;
        self
    }

    /// Begins a new row at or below `top`.
    pub(crate) const fn break_row(&mut self, top: f64) {
        self.cursor = Vector::new(self.left, top.max(self.row_bottom + self.gap));
        self.row_bottom = self.cursor.y;
    }

    /// Where a box goes next; nothing is taken yet.
    pub(crate) fn peek(&mut self, width: f64) -> Vector {
        if self.cursor.x > self.left && self.cursor.x + width > self.limit {
            self.break_row(self.cursor.y);
        }
        self.cursor
    }

    /// Takes the place that [`Rows::peek`] names.
    pub(crate) fn take(&mut self, width: f64, height: f64) -> Vector {
        let corner = self.peek(width);
        self.cursor.x += width + self.gap;
        self.row_bottom = self.row_bottom.max(corner.y + height);
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_break_at_the_limit_and_go_below_the_tallest_box() {
        let mut rows = Rows::new(10.0, 0.0, 110.0, 5.0);
        assert_eq!(rows.take(40.0, 30.0), Vector::new(10.0, 0.0));
        assert_eq!(rows.take(50.0, 10.0), Vector::new(55.0, 0.0));
        assert_eq!(rows.take(20.0, 10.0), Vector::new(10.0, 35.0));
        assert_eq!(rows.take(500.0, 10.0), Vector::new(10.0, 50.0), "wider than the limit: a row of its own");
        assert_eq!(rows.take(20.0, 10.0), Vector::new(10.0, 65.0));
    }

    #[test]
    fn an_empty_area_is_neutral_and_far_from_everything() {
        let area = Area::of_corner(1.0, 2.0, 3.0, 4.0);
        assert_eq!(Area::EMPTY.union(area), area);
        assert!(Area::EMPTY.is_empty() && !Area::EMPTY.is_nearer_than(1e9, area));
        assert_eq!((area.width(), area.height(), area.size()), (3.0, 4.0, 12.0));
        assert!(area.contains(Vector::new(4.0, 6.0)) && !area.contains(Vector::new(4.1, 6.0)));
    }
}
