//! Names beside devices, placed greedily: routers first, each where it covers nothing and crosses the fewest lines. A name never covers another one or a device.

use super::glyph::{Glyph, Look};
use super::links::Lines;
use super::{Area, Placed, measure, words};
use crate::export::palette::Palette;
use crate::export::xml::{Tenths, Xml};
use std::collections::BTreeMap;
use weft_topology::{Id, Role};

/// Beyond so many devices, only routers have names on the map.
const MAX_NAMED: usize = 1_200;
/// The longest name that is written out.
const MAX_CHARACTERS: usize = 30;
/// The same of what has no place in the mesh: it stands in columns.
const MAX_IN_COLUMN: usize = 20;
const ROUTER_SIZE: f64 = 13.0;
const CHILD_SIZE: f64 = 11.5;
/// Side of the cells in which obstacles are looked up.
const CELL: f64 = 64.0;

/// A name with its place.
pub(super) struct Label {
    text: String,
    x: f64,
    y: f64,
    anchor: &'static str,
    size: f64,
    is_router: bool,
    is_ghost: bool,
    pub area: Area,
    /// In which network the device is.
    pub network: Option<Id>,
}

/// All names, and what became of the others.
pub(super) struct Labels {
    pub placed: Vec<Label>,
    /// Names that found no room.
    pub without_room: usize,
    /// Names of end devices on a map that is too large for them.
    pub not_tried: usize,
}

/// Where a name may stand: direction from the device, and how badly that reads. The last ones are so far off that they are taken in need only.
const SIDES: [(f64, f64, f64); 14] = [
    (1.0, 0.0, 0.0),
    (-1.0, 0.0, 0.2),
    (0.0, 1.0, 0.4),
    (0.0, -1.0, 0.5),
    (0.75, -0.75, 1.0),
    (0.75, 0.75, 1.0),
    (-0.75, -0.75, 1.2),
    (-0.75, 0.75, 1.2),
    (1.0, -1.4, 12.0),
    (1.0, 1.4, 12.0),
    (-1.0, -1.4, 12.2),
    (-1.0, 1.4, 12.2),
    (0.0, 1.9, 12.4),
    (0.0, -1.9, 12.6),
];

/// Things on the map by the cells that they touch.
struct Grid<T> {
    cells: BTreeMap<(i32, i32), Vec<T>>,
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and the map's coordinates are bounded")]
fn cell(x: f64, y: f64) -> (i32, i32) {
    ((x / CELL).floor() as i32, (y / CELL).floor() as i32)
}

impl<T: Copy> Grid<T> {
    fn put(&mut self, area: Area, thing: T) {
        let ((left, top), (right, bottom)) = (cell(area.left, area.top), cell(area.right, area.bottom));
        for x in left..=right {
            for y in top..=bottom {
                self.cells.entry((x, y)).or_default().push(thing);
            }
        }
    }

    /// A line goes through a few cells of its box only.
    fn put_line(&mut self, from: (f64, f64), to: (f64, f64), thing: T) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let steps = (length / (CELL / 2.0)).ceil().max(1.0);
        let mut before = None;
        let mut step = 0.0;
        while step <= steps {
            let at = cell(from.0 + (to.0 - from.0) * step / steps, from.1 + (to.1 - from.1) * step / steps);
            if before != Some(at) {
                self.cells.entry(at).or_default().push(thing);
                before = Some(at);
            }
            step += 1.0;
        }
    }

    fn near(&self, area: Area) -> impl Iterator<Item = T> {
        let ((left, top), (right, bottom)) = (cell(area.left, area.top), cell(area.right, area.bottom));
        (left..=right)
            .flat_map(move |x| (top..=bottom).map(move |y| (x, y)))
            .filter_map(|at| self.cells.get(&at))
            .flatten()
            .copied()
    }
}

/// True where the line goes through the area (Liang and Barsky).
fn crosses(from: (f64, f64), to: (f64, f64), area: Area) -> bool {
    let (across, down) = (to.0 - from.0, to.1 - from.1);
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for (step, room) in [
        (-across, from.0 - area.left),
        (across, area.right - from.0),
        (-down, from.1 - area.top),
        (down, area.bottom - from.1),
    ] {
        if step == 0.0 {
            if room < 0.0 {
                return false;
            }
        } else if step < 0.0 {
            enters = enters.max(room / step);
        } else {
            leaves = leaves.min(room / step);
        }
    }
    enters < leaves
}

/// From which side a device's lines come, so that its name can stand opposite.
fn crowded_side(placed: &Placed<'_>, places: &BTreeMap<&str, &Placed<'_>>) -> (f64, f64) {
    let parent = placed.node.parent.as_ref().and_then(|parent| places.get(&*parent.node));
    parent.map_or((0.0, 0.0), |parent| {
        let (across, down) = (parent.x - placed.x, parent.y - placed.y);
        let length = across.hypot(down).max(1.0);
        (across / length, down / length)
    })
}

fn rank(placed: &Placed<'_>) -> u8 {
    match placed.glyph {
        _ if placed.node.role == Role::Leader => 0,
        Glyph::BorderRouter => 1,
        Glyph::Router => 2,
        Glyph::Reed | Glyph::EndDevice => 3,
        Glyph::Sleepy => 4,
        Glyph::Unknown => 5,
        Glyph::Ghost => 6,
    }
}

/// Finds places for the names.
pub(super) fn place(nodes: &[Placed<'_>], lines: &Lines, places: &BTreeMap<&str, &Placed<'_>>, captions: impl Iterator<Item = Area>) -> Labels {
    let mut taken: Grid<Area> = Grid { cells: BTreeMap::new() };
    for placed in nodes {
        let mut area = Area::around(placed.x, placed.y, placed.glyph.radius() + 1.0);
        if placed.node.role == Role::Leader {
            area.top -= 14.0;
        }
        if placed.badge.is_some() {
            area.top -= 6.0;
            area.right += 6.0;
        }
        taken.put(area, area);
    }
    for area in captions {
        taken.put(area, area);
    }
    let mut halves: Grid<usize> = Grid { cells: BTreeMap::new() };
    for (number, half) in lines.halves.iter().enumerate() {
        halves.put_line(half.from, half.to, number);
    }
    let mut order: Vec<&Placed<'_>> = nodes.iter().collect();
    order.sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| one.node.id.cmp(&other.node.id)));
    let mut labels = Labels {
        placed: Vec::new(),
        without_room: 0,
        not_tried: 0,
    };
    for placed in order {
        let is_router = placed.glyph.is_router();
        if nodes.len() > MAX_NAMED && !is_router {
            labels.not_tried += 1;
            continue;
        }
        let size = if is_router { ROUTER_SIZE } else { CHILD_SIZE };
        let most = if placed.glyph == Glyph::Unknown { MAX_IN_COLUMN } else { MAX_CHARACTERS };
        let text = measure::cut(&words::label(placed.node), most);
        let crowded = crowded_side(placed, places);
        let candidates = SIDES.iter().filter_map(|&(across, down, dislike)| {
            let candidate = candidate(placed, &text, size, is_router, (across, down));
            if taken.near(candidate.area).any(|area| area.overlaps(candidate.area)) {
                return None;
            }
            let mut seen = Vec::new();
            let crossed: f64 = halves
                .near(candidate.area)
                .filter(|number| {
                    let is_new = !seen.contains(number);
                    seen.push(*number);
                    is_new
                })
                .map(|number| &lines.halves[number])
                .filter(|half| crosses(half.from, half.to, candidate.area))
                .map(|half| half.style.weight())
                .sum();
            let inwards = across * crowded.0 + down * crowded.1;
            Some((crossed + dislike + 2.5 * inwards, candidate))
        });
        match candidates.min_by(|(one, _), (other, _)| one.total_cmp(other)) {
            Some((_, label)) => {
                taken.put(label.area, label.area);
                labels.placed.push(label);
            }
            None => labels.without_room += 1,
        }
    }
    labels
}

fn candidate(placed: &Placed<'_>, text: &str, size: f64, is_router: bool, (across, down): (f64, f64)) -> Label {
    let width = measure::width(text, size, is_router);
    let reach = placed.glyph.radius() + 4.5;
    let mut middle_y = placed.y + down * (reach + size * 0.42);
    if across == 0.0 && down < 0.0 && placed.node.role == Role::Leader {
        middle_y -= 13.0;
    }
    let (x, anchor, left) = if across > 0.0 {
        let x = placed.x + across * reach;
        (x, "start", x)
    } else if across < 0.0 {
        let x = placed.x + across * reach;
        (x, "end", x - width)
    } else {
        (placed.x, "middle", placed.x - width / 2.0)
    };
    let area = Area {
        left,
        top: middle_y - size * 0.58,
        right: left + width,
        bottom: middle_y + size * 0.58,
    };
    Label {
        text: text.to_owned(),
        x,
        y: middle_y + size * 0.36,
        anchor,
        size,
        is_router,
        is_ghost: placed.look == Look::Ghost,
        area,
        network: placed.node.network.clone(),
    }
}

/// Draws the names above everything, with an edge in the map's colour that keeps them readable over lines.
pub(super) fn draw(xml: &mut Xml, labels: &Labels, palette: &Palette) {
    xml.open(
        "g",
        &[
            ("id", &"names"),
            ("stroke", &palette.map),
            ("stroke-width", &"3.4"),
            ("stroke-linejoin", &"round"),
            ("paint-order", &"stroke"),
        ],
    );
    for label in &labels.placed {
        let weight = if label.is_router { "600" } else { "400" };
        let fill = if label.is_router { palette.text } else { palette.muted };
        let style = if label.is_ghost { "italic" } else { "normal" };
        xml.leaf(
            "text",
            &[
                ("x", &Tenths(label.x)),
                ("y", &Tenths(label.y)),
                ("text-anchor", &label.anchor),
                ("font-size", &Tenths(label.size)),
                ("font-weight", &weight),
                ("font-style", &style),
                ("fill", &fill),
            ],
            &label.text,
        );
    }
    xml.close();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_crosses_an_area_or_passes_it() {
        let area = Area {
            left: 0.0,
            top: 0.0,
            right: 10.0,
            bottom: 10.0,
        };
        assert!(crosses((-5.0, 5.0), (15.0, 5.0), area));
        assert!(crosses((5.0, 5.0), (6.0, 6.0), area), "inside");
        assert!(!crosses((-5.0, 12.0), (15.0, 12.0), area));
        assert!(!crosses((-5.0, 8.0), (8.0, 21.0), area), "past the corner");
        assert!(!crosses((20.0, 5.0), (30.0, 5.0), area), "ends before");
    }
}
