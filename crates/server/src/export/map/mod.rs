//! The map as a picture for a report: one self-contained SVG with presentation attributes only, so that browsers, Inkscape and resvg draw the same.
//!
//! One meaning for each channel. Shape: role. Crown: leader. Outline: freshness. Colour and width of a half link: how well the device at that end hears the other.
//! Dashes: belief. Badge: finding. What is left out for lack of room is said at the foot.

mod backbone;
mod frame;
mod glyph;
mod labels;
mod legend;
mod links;
mod measure;
mod words;

pub(in crate::export) use words::label;

use super::Theme;
use super::palette::Palette;
use super::xml::{Tenths, Xml};
use glyph::{Glyph, Look};
use std::collections::BTreeMap;
use weft_layout::{NodePosition, Positions};
use weft_topology::{Finding, Node, Severity, Topology};

/// Fonts that look alike, the most wanted first; none is shipped.
const FONTS: &str = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans', 'DejaVu Sans', sans-serif";
/// Empty space around everything.
const MARGIN: f64 = 28.0;
/// The narrowest picture: the legend needs it.
const LEAST_WIDTH: f64 = 940.0;
/// Up to here each device has a tooltip of its own.
const MAX_TOOLTIPS: usize = 1_000;
/// The width at which title and legend begin to grow with the map.
const PAGE_WIDTH: f64 = 1_600.0;
const MAX_PAGE_SCALE: f64 = 6.0;

/// A node with its place.
pub(super) struct Placed<'a> {
    node: &'a Node,
    x: f64,
    y: f64,
    glyph: Glyph,
    look: Look,
    badge: Option<Severity>,
}

/// A rectangle; x to the right, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    /// Nothing yet; grows with [`Area::include`].
    const NOTHING: Self = Self {
        left: f64::INFINITY,
        top: f64::INFINITY,
        right: f64::NEG_INFINITY,
        bottom: f64::NEG_INFINITY,
    };

    fn include(&mut self, other: Self) {
        self.left = self.left.min(other.left);
        self.top = self.top.min(other.top);
        self.right = self.right.max(other.right);
        self.bottom = self.bottom.max(other.bottom);
    }

    const fn around(x: f64, y: f64, radius: f64) -> Self {
        Self {
            left: x - radius,
            top: y - radius,
            right: x + radius,
            bottom: y + radius,
        }
    }

    fn grown(self, by: f64) -> Self {
        Self {
            left: self.left - by,
            top: self.top - by,
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }

    fn overlaps(self, other: Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    fn width(self) -> f64 {
        (self.right - self.left).max(0.0)
    }

    fn height(self) -> f64 {
        (self.bottom - self.top).max(0.0)
    }
}

/// The most urgent warning or problem of each subject; what a person muted has none.
fn badges<'a>(findings: impl Iterator<Item = &'a Finding>) -> BTreeMap<&'a str, Severity> {
    let mut badges: BTreeMap<&str, Severity> = BTreeMap::new();
    for finding in findings.filter(|finding| finding.severity > Severity::Info && finding.muted.is_none()) {
        for subject in &finding.subjects {
            let badge = badges.entry(subject).or_insert(finding.severity);
            *badge = finding.severity.max(*badge);
        }
    }
    badges
}

fn placed<'a>(topology: &'a Topology, positions: &BTreeMap<&str, NodePosition>, badges: &BTreeMap<&str, Severity>) -> Vec<Placed<'a>> {
    let place = |node: &'a Node| {
        let position = positions.get(&*node.id)?;
        let look = Look::of(node);
        Some(Placed {
            node,
            x: position.x.px(),
            y: position.y.px(),
            glyph: Glyph::of(node, look),
            look,
            badge: badges.get(&*node.id).copied(),
        })
    };
    topology.nodes().filter_map(place).collect()
}

/// Draws the map of a topology.
pub(super) fn svg(topology: &Topology, positions: &Positions, theme: Theme) -> String {
    let palette = Palette::of(theme);
    let badges = badges(topology.findings());
    let nodes = placed(topology, &positions.nodes(), &badges);
    let mut cards = frame::cards(topology, positions);
    let places: BTreeMap<&str, &Placed<'_>> = nodes.iter().map(|placed| (&*placed.node.id, placed)).collect();
    let lines = links::lines(topology, &places, &badges);
    let labels = labels::place(&nodes, &lines, &places, cards.iter().map(|card| card.caption_area()));

    for index in 0..cards.len() {
        let others: Vec<Area> = cards
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .map(|(_, card)| card.area)
            .collect();
        cards[index].grow(labels.placed.iter(), &others);
    }
    let mut map = Area::NOTHING;
    cards.iter().for_each(|card| map.include(card.area));
    nodes.iter().for_each(|placed| map.include(Area::around(placed.x, placed.y, 22.0)));
    labels.placed.iter().for_each(|label| map.include(label.area));
    if nodes.is_empty() && cards.is_empty() {
        map = Area {
            left: 0.0,
            top: 0.0,
            right: LEAST_WIDTH - 2.0 * MARGIN,
            bottom: 120.0,
        };
    }
    let width = (map.width() + 2.0 * MARGIN).max(LEAST_WIDTH);
    let scale = (width / PAGE_WIDTH).clamp(1.0, MAX_PAGE_SCALE);
    let head = legend::Head::of(topology, width / scale);
    let left_out = words::left_out(topology.nodes().count() - nodes.len(), &labels);
    let legend = legend::Legend::of(width / scale, &lines, left_out);
    let (head_height, legend_height) = (head.height() * scale, legend.height() * scale);
    let height = head_height + map.height() + legend_height + 2.0 * MARGIN;

    let mut xml = Xml::new();
    xml.open(
        "svg",
        &[
            ("xmlns", &"http://www.w3.org/2000/svg"),
            ("width", &Tenths(width)),
            ("height", &Tenths(height)),
            ("viewBox", &format_args!("0 0 {} {}", Tenths(width), Tenths(height))),
            ("font-family", &FONTS),
            ("role", &"img"),
            ("aria-labelledby", &"title description"),
        ],
    );
    xml.leaf("title", &[("id", &"title")], &head.title());
    xml.leaf("desc", &[("id", &"description")], &head.description());
    xml.empty(
        "rect",
        &[
            ("id", &"page"),
            ("width", &Tenths(width)),
            ("height", &Tenths(height)),
            ("fill", &palette.page),
        ],
    );
    xml.open("g", &[("id", &"head"), ("transform", &format_args!("scale({scale:.3})"))]);
    head.draw(&mut xml, palette);
    xml.close();

    let across = (width - map.width()) / 2.0 - map.left;
    let down = head_height + MARGIN - map.top;
    xml.open(
        "g",
        &[
            ("id", &"map"),
            ("transform", &format_args!("translate({} {})", Tenths(across), Tenths(down))),
        ],
    );
    frame::draw(&mut xml, &cards, &nodes, palette);
    links::draw(&mut xml, &lines, palette);
    draw_nodes(&mut xml, &nodes, palette);
    links::draw_marks(&mut xml, &lines, palette);
    labels::draw(&mut xml, &labels, palette);
    xml.close();

    let below = head_height + map.height() + 2.0 * MARGIN;
    xml.open(
        "g",
        &[
            ("id", &"legend"),
            ("transform", &format_args!("translate(0 {}) scale({scale:.3})", Tenths(below))),
        ],
    );
    legend.draw(&mut xml, palette);
    xml.finish()
}

fn draw_nodes(xml: &mut Xml, nodes: &[Placed<'_>], palette: &Palette) {
    xml.open("g", &[("id", &"devices")]);
    // Children first: a router with its crown is never covered.
    let mut order: Vec<&Placed<'_>> = nodes.iter().collect();
    order.sort_by_key(|placed| placed.glyph.is_router());
    for placed in order {
        xml.open(
            "g",
            &[("transform", &format_args!("translate({} {})", Tenths(placed.x), Tenths(placed.y)))],
        );
        if nodes.len() <= MAX_TOOLTIPS {
            xml.leaf("title", &[], &words::tooltip(placed.node));
        }
        glyph::draw(xml, placed.glyph, placed.look, palette);
        if placed.node.role == weft_topology::Role::Leader {
            glyph::crown(xml, placed.glyph, palette);
        }
        if let Some(severity) = placed.badge {
            let reach = placed.glyph.radius() * 0.78 + 2.0;
            xml.open("g", &[("transform", &format_args!("translate({} {})", Tenths(reach), Tenths(-reach)))]);
            glyph::badge(xml, severity, palette);
            xml.close();
        }
        xml.close();
    }
    xml.close();
}
