//! The signs of the map, each around its own middle.

use crate::export::palette::Palette;
use crate::export::xml::{Attribute, Tenths, Xml};
use weft_topology::{Node, Role, Severity, State};

/// A shape: what a device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glyph {
    BorderRouter,
    Router,
    Reed,
    EndDevice,
    Sleepy,
    Ghost,
    Unknown,
}

/// An outline: how fresh the evidence of a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Fresh,
    /// Not heard for longer than its kind allows.
    Old,
    /// By arithmetic only, or fresh statements exclude each other.
    Unconfirmed,
    /// Gone, or named by others only.
    Ghost,
}

impl Look {
    pub(super) const fn of(node: &Node) -> Self {
        match node.state {
            State::Gone => Self::Ghost,
            State::Confirmed => Self::Fresh,
            _ if node.unheard && !node.border_router => Self::Ghost,
            State::Stale => Self::Old,
            State::Inferred | State::Contradicted => Self::Unconfirmed,
            State::OneSided => Self::Fresh,
        }
    }
}

impl Glyph {
    pub(super) fn of(node: &Node, look: Look) -> Self {
        match (node.border_router, node.role) {
            _ if look == Look::Ghost => Self::Ghost,
            (true, _) => Self::BorderRouter,
            (_, Role::Leader | Role::Router) => Self::Router,
            (_, Role::Reed) => Self::Reed,
            (_, Role::EndDevice) => Self::EndDevice,
            (_, Role::SleepyEndDevice) => Self::Sleepy,
            (_, Role::Unknown) => Self::Unknown,
        }
    }

    /// Half of its size.
    pub(super) const fn radius(self) -> f64 {
        match self {
            Self::BorderRouter => 15.5,
            Self::Router => 12.0,
            Self::Reed | Self::EndDevice => 7.5,
            Self::Sleepy | Self::Unknown => 7.0,
            Self::Ghost => 10.0,
        }
    }

    pub(super) const fn is_router(self) -> bool {
        matches!(self, Self::BorderRouter | Self::Router)
    }

    const fn colour(self, palette: &Palette) -> &'static str {
        match self {
            Self::BorderRouter => palette.border_router,
            Self::Router => palette.router,
            Self::Reed | Self::EndDevice => palette.reed,
            Self::Sleepy => palette.sleepy,
            Self::Ghost | Self::Unknown => palette.ghost,
        }
    }
}

/// Draws a device.
pub(super) fn draw(xml: &mut Xml, glyph: Glyph, look: Look, palette: &Palette) {
    let colour = glyph.colour(palette);
    let is_filled = look == Look::Fresh && !matches!(glyph, Glyph::EndDevice | Glyph::Ghost | Glyph::Unknown);
    let dashes = match look {
        Look::Old => "3.2 2.4",
        Look::Ghost => "2.4 3",
        Look::Unconfirmed => "1 2.4",
        Look::Fresh => "none",
    };
    let sign = if is_filled { palette.sign } else { colour };
    // A filled shape has an edge in the map's colour, so that links end a little before it.
    let mut style: Vec<Attribute<'_>> = if is_filled {
        vec![("fill", &colour), ("stroke", &palette.map), ("stroke-width", &"2")]
    } else {
        vec![("fill", &palette.map), ("stroke", &colour), ("stroke-width", &"2")]
    };
    if look != Look::Fresh {
        style.push(("stroke-dasharray", &dashes));
    }
    let mut shape = |name: &'static str, geometry: &[Attribute<'_>]| {
        let all: Vec<Attribute<'_>> = geometry.iter().chain(&style).copied().collect();
        xml.empty(name, &all);
    };
    match glyph {
        Glyph::BorderRouter => shape("path", &[("d", &"M13.4 7.8 0 15.5-13.4 7.8v-15.6L0-15.5l13.4 7.7Z")]),
        Glyph::Router => shape("circle", &[("r", &"12")]),
        Glyph::Reed | Glyph::EndDevice => {
            shape("rect", &[("x", &"-7"), ("y", &"-7"), ("width", &"14"), ("height", &"14"), ("rx", &"3.6")]);
        }
        Glyph::Sleepy | Glyph::Unknown => shape("circle", &[("r", &"7")]),
        Glyph::Ghost => shape("circle", &[("r", &"9.5")]),
    }
    let line = |xml: &mut Xml, d: &str| {
        xml.empty(
            "path",
            &[
                ("d", &d),
                ("fill", &"none"),
                ("stroke", &sign),
                ("stroke-width", &"1.9"),
                ("stroke-linecap", &"round"),
                ("stroke-linejoin", &"round"),
            ],
        );
    };
    match glyph {
        Glyph::BorderRouter => line(xml, "M0-6.4V4.8M-4.5-2 0-6.5 4.5-2M-5.4 7H5.4"),
        Glyph::Router => {
            line(xml, "M-6.6 0H-4M6.6 0H4M0-6.6V-4M0 6.6V4");
            xml.empty("circle", &[("r", &"2.1"), ("fill", &sign)]);
        }
        Glyph::Reed => line(xml, "M-3 1.5 0-1.6 3 1.5"),
        Glyph::Sleepy => {
            xml.empty(
                "path",
                &[("d", &"M1.7-3.7A4.1 4.1 0 1 0 3.7 1.7 3.1 3.1 0 0 1 1.7-3.7Z"), ("fill", &sign)],
            );
        }
        Glyph::Ghost => question_mark(xml, palette.muted, 12.0),
        Glyph::Unknown => question_mark(xml, palette.muted, 9.0),
        Glyph::EndDevice => (),
    }
}

fn question_mark(xml: &mut Xml, colour: &str, size: f64) {
    xml.leaf(
        "text",
        &[
            ("y", &Tenths(size * 0.36)),
            ("font-size", &Tenths(size)),
            ("font-weight", &"600"),
            ("text-anchor", &"middle"),
            ("fill", &colour),
        ],
        &"?",
    );
}

/// Draws the crown of a leader above its sign.
pub(super) fn crown(xml: &mut Xml, glyph: Glyph, palette: &Palette) {
    let above = -glyph.radius() - 6.5;
    xml.open("g", &[("transform", &format_args!("translate(0 {})", Tenths(above)))]);
    crown_alone(xml, palette);
    xml.close();
}

/// Draws a crown.
pub(super) fn crown_alone(xml: &mut Xml, palette: &Palette) {
    xml.empty(
        "path",
        &[
            ("d", &"M-7 4-8-4-3.6-.8 0-6 3.6-.8 8-4 7 4Z"),
            ("fill", &palette.crown),
            ("stroke", &palette.map),
            ("stroke-width", &"1.2"),
            ("stroke-linejoin", &"round"),
            ("paint-order", &"stroke"),
        ],
    );
}

/// Draws the badge of a finding: shape and colour both say how urgent it is.
pub(super) fn badge(xml: &mut Xml, severity: Severity, palette: &Palette) {
    let colour = palette.badge(severity);
    let (outline, sign, on) = match severity {
        Severity::Problem => ("M0-8 8 0 0 8-8 0Z", "M0-3.6V.6M0 3V3.2", palette.map),
        Severity::Warning | Severity::Info => ("M0-7.4 7.6 5.8H-7.6Z", "M0-2.8V1.4M0 3.5V3.7", palette.on_warning),
    };
    xml.empty(
        "path",
        &[
            ("d", &outline),
            ("fill", &colour),
            ("stroke", &palette.map),
            ("stroke-width", &"2.4"),
            ("stroke-linejoin", &"round"),
            ("paint-order", &"stroke"),
        ],
    );
    xml.empty(
        "path",
        &[
            ("d", &sign),
            ("fill", &"none"),
            ("stroke", &on),
            ("stroke-width", &"1.8"),
            ("stroke-linecap", &"round"),
        ],
    );
}
