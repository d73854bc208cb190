//! Links: two halves, each in the hands of the device at its end.

use super::{Placed, backbone, glyph, words};
use crate::export::palette::Palette;
use crate::export::xml::{Tenths, Xml};
use std::collections::BTreeMap;
use std::fmt::Write;
use weft_topology::{Direction, LinkKind, Medium, Severity, State, Topology};

/// Up to here each link is an element with a tooltip; beyond, links that look alike are one path.
const MAX_TOOLTIPS: usize = 1_500;
/// Between the halves of a link, and between it and a device.
const GAP: f64 = 1.6;

/// How a half link looks. Sorted as it is drawn, the faintest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Style {
    layer: Layer,
    stroke: Stroke,
    belief: Belief,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    /// A radio link beside the backbone.
    Beside,
    Child,
    Backbone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stroke {
    /// The device at this end does not say how it hears the other, or hears nothing.
    Unheard,
    /// A child's link of quality 3, or of which nobody tells the quality: nothing to remark.
    Plain,
    Quality(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Belief {
    Firm,
    Old,
    Unconfirmed,
}

/// One half.
pub(super) struct Half {
    pub style: Style,
    pub from: (f64, f64),
    pub to: (f64, f64),
}

/// What is drawn of all links.
pub(super) struct Lines {
    pub halves: Vec<Half>,
    /// One for each half, where there are few enough.
    tooltips: Vec<String>,
    /// Middles of links that go over the LAN.
    over_lan: Vec<(f64, f64)>,
    badges: Vec<((f64, f64), Severity)>,
}

impl Lines {
    pub(super) fn has_trel(&self) -> bool {
        !self.over_lan.is_empty()
    }
}

impl Style {
    pub(super) const fn weight(self) -> f64 {
        match self.layer {
            Layer::Beside => 1.0,
            Layer::Child => 3.0,
            Layer::Backbone => 6.0,
        }
    }
}

/// Stroke, width and dashes.
pub(super) fn ink(stroke: Stroke, belief: Belief, palette: &Palette) -> (&'static str, &'static str, &'static str) {
    let (colour, width) = match stroke {
        Stroke::Unheard => return (palette.ghost, "1.5", "0.1 4.2"),
        Stroke::Plain => (palette.child, "1.5"),
        Stroke::Quality(3..) => (palette.quality(3), "2.6"),
        Stroke::Quality(2) => (palette.quality(2), "2"),
        Stroke::Quality(quality) => (palette.quality(quality), "1.5"),
    };
    let dashes = match belief {
        Belief::Firm => "none",
        Belief::Old => "7 4.5",
        Belief::Unconfirmed => "1.6 3.6",
    };
    (colour, width, dashes)
}

fn stroke(way: Option<&Direction>, kind: LinkKind) -> Stroke {
    match way.and_then(|way| way.link_quality).map(|quality| quality.get()) {
        None if kind == LinkKind::ParentChild => Stroke::Plain,
        None | Some(0) => Stroke::Unheard,
        Some(3..) if kind == LinkKind::ParentChild => Stroke::Plain,
        Some(quality) => Stroke::Quality(quality),
    }
}

/// The lines of all links whose ends are on the map.
pub(super) fn lines(topology: &Topology, places: &BTreeMap<&str, &Placed<'_>>, badges: &BTreeMap<&str, Severity>) -> Lines {
    let backbone = backbone::of(topology);
    let mut lines = Lines {
        halves: Vec::new(),
        tooltips: Vec::new(),
        over_lan: Vec::new(),
        badges: Vec::new(),
    };
    let with_tooltips = topology.links().count() <= MAX_TOOLTIPS;
    for link in topology.links() {
        let (Some(a), Some(b)) = (places.get(&*link.a), places.get(&*link.b)) else {
            continue;
        };
        let is_gone = [link.state, a.node.state, b.node.state].contains(&State::Gone);
        let layer = match link.kind {
            _ if is_gone => Layer::Beside,
            LinkKind::ParentChild => Layer::Child,
            LinkKind::Router if backbone.contains(&*link.id) => Layer::Backbone,
            LinkKind::Router | LinkKind::Neighbor => Layer::Beside,
        };
        let belief = match link.state {
            State::Stale | State::Gone => Belief::Old,
            State::Inferred | State::Contradicted => Belief::Unconfirmed,
            State::Confirmed | State::OneSided => Belief::Firm,
        };
        let (across, down) = (b.x - a.x, b.y - a.y);
        let length = across.hypot(down);
        let (room_a, room_b) = (a.glyph.radius() + GAP, b.glyph.radius() + GAP);
        if length <= room_a + room_b + 2.0 {
            continue;
        }
        let at = |distance: f64| (a.x + across * distance / length, a.y + down * distance / length);
        let middle = (room_a + length - room_b) / 2.0;
        let with_tooltip = |lines: &mut Lines| {
            if with_tooltips {
                lines.tooltips.push(words::link(link, &words::label(a.node), &words::label(b.node)));
            }
        };
        let strokes = [&link.a_hears_b, &link.b_hears_a].map(|way| stroke(way.as_ref(), link.kind));
        if strokes == [Stroke::Plain; 2] {
            // Nothing to tell apart: one line.
            let style = Style {
                layer,
                stroke: Stroke::Plain,
                belief,
            };
            lines.halves.push(Half {
                style,
                from: at(room_a),
                to: at(length - room_b),
            });
            with_tooltip(&mut lines);
            continue;
        }
        for (stroke, from, to) in [(strokes[0], room_a, middle - GAP), (strokes[1], length - room_b, middle + GAP)] {
            let style = Style { layer, stroke, belief };
            lines.halves.push(Half {
                style,
                from: at(from),
                to: at(to),
            });
            with_tooltip(&mut lines);
        }
        if link.medium == Medium::Trel {
            lines.over_lan.push(at(middle));
        }
        if let Some(severity) = badges.get(&*link.id) {
            lines.badges.push((at(middle), *severity));
        }
    }
    lines
}

/// Draws the halves, those that look alike in one group.
pub(super) fn draw(xml: &mut Xml, lines: &Lines, palette: &Palette) {
    let mut groups: BTreeMap<Style, Vec<usize>> = BTreeMap::new();
    for (number, half) in lines.halves.iter().enumerate() {
        groups.entry(half.style).or_default().push(number);
    }
    xml.open("g", &[("id", &"links"), ("fill", &"none"), ("stroke-linecap", &"round")]);
    for (style, numbers) in groups {
        let (colour, width, dashes) = ink(style.stroke, style.belief, palette);
        let opacity = if style.layer == Layer::Beside { "0.3" } else { "1" };
        xml.open(
            "g",
            &[
                ("stroke", &colour),
                ("stroke-width", &width),
                ("stroke-dasharray", &dashes),
                ("opacity", &opacity),
            ],
        );
        if lines.tooltips.is_empty() {
            let mut path = String::new();
            for number in numbers {
                let half = &lines.halves[number];
                let ((x1, y1), (x2, y2)) = (half.from, half.to);
                let _ = write!(path, "M{} {} {} {}", Tenths(x1), Tenths(y1), Tenths(x2), Tenths(y2));
            }
            xml.empty("path", &[("d", &path)]);
        } else {
            for number in numbers {
                let half = &lines.halves[number];
                let ((x1, y1), (x2, y2)) = (half.from, half.to);
                xml.open(
                    "path",
                    &[("d", &format_args!("M{} {} {} {}", Tenths(x1), Tenths(y1), Tenths(x2), Tenths(y2)))],
                );
                xml.leaf("title", &[], &lines.tooltips[number]);
                xml.close();
            }
        }
        xml.close();
    }
    xml.close();
}

/// Draws what stands on the links: marks of those over the LAN, badges of findings.
pub(super) fn draw_marks(xml: &mut Xml, lines: &Lines, palette: &Palette) {
    for (x, y) in &lines.over_lan {
        xml.open("g", &[("transform", &format_args!("translate({} {})", Tenths(*x), Tenths(*y)))]);
        lan_mark(xml, palette);
        xml.close();
    }
    for ((x, y), severity) in &lines.badges {
        xml.open("g", &[("transform", &format_args!("translate({} {})", Tenths(*x), Tenths(*y)))]);
        glyph::badge(xml, *severity, palette);
        xml.close();
    }
}

/// The mark of a link that goes over the LAN.
pub(super) fn lan_mark(xml: &mut Xml, palette: &Palette) {
    xml.empty(
        "rect",
        &[
            ("x", &"-14"),
            ("y", &"-7.5"),
            ("width", &"28"),
            ("height", &"15"),
            ("rx", &"7.5"),
            ("fill", &palette.map),
            ("stroke", &palette.muted),
            ("stroke-width", &"1.2"),
        ],
    );
    xml.leaf(
        "text",
        &[
            ("y", &"3.4"),
            ("font-size", &"9.5"),
            ("font-weight", &"600"),
            ("text-anchor", &"middle"),
            ("fill", &palette.muted),
        ],
        &"LAN",
    );
}
