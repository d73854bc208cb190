//! Title and legend of a picture. Both are laid out for a width, and may be drawn larger on a large map.

use super::glyph::{self, Glyph, Look};
use super::links::{self, Belief, Lines, Stroke};
use super::{MARGIN, measure, words};
use crate::export::palette::Palette;
use crate::export::xml::{Tenths, Xml};
use weft_topology::{Role, Severity, State, Topology};

const TITLE_SIZE: f64 = 24.0;
const TEXT_SIZE: f64 = 13.0;
const HEAD_HEIGHT: f64 = 76.0;
const ROW_HEIGHT: f64 = 31.0;
const PADDING: f64 = 16.0;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What stands above the map.
pub(super) struct Head {
    title: String,
    moment: String,
    counts: String,
    width: f64,
}

/// `20 Nov 2026, 14:32:07 UTC`, of a time in RFC 3339.
fn moment(text: &str) -> String {
    let read = || {
        let (date, time) = text.split_once('T')?;
        let mut parts = date.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?.parse::<usize>().ok()?, parts.next()?);
        let month = MONTHS.get(month.checked_sub(1)?)?;
        let time = time.split(['.', 'Z']).next()?;
        Some(format!("{} {month} {year}, {time} UTC", day.trim_start_matches('0')))
    };
    read().unwrap_or_else(|| text.to_owned())
}

impl Head {
    pub(super) fn of(topology: &Topology, width: f64) -> Self {
        let networks: Vec<_> = topology.networks().collect();
        let title = match &networks[..] {
            [network] => match &network.name {
                Some(name) => format!("Thread mesh “{}”", measure::cut(name, 40)),
                None => "Thread mesh".to_owned(),
            },
            [] => "Thread devices".to_owned(),
            several => format!("{} Thread networks", several.len()),
        };
        let nodes = || topology.nodes().filter(|node| node.state != State::Gone);
        let border_routers = nodes().filter(|node| node.border_router).count();
        let routers = nodes()
            .filter(|node| !node.border_router && matches!(node.role, Role::Leader | Role::Router))
            .count();
        let gone = topology.nodes().filter(|node| node.state == State::Gone).count();
        let urgent = topology
            .findings()
            .filter(|finding| finding.severity > Severity::Info && finding.muted.is_none())
            .count();
        let all = nodes().count();
        let counts = [
            Some(words::count(all, "device", "devices")),
            (border_routers > 0).then(|| words::count(border_routers, "border router", "border routers")),
            (routers > 0).then(|| words::count(routers, "router", "routers")),
            Some(words::count(all - border_routers - routers, "other device", "other devices")),
            Some(words::count(topology.links().count(), "link", "links")),
            (gone > 0).then(|| format!("{gone} gone")),
            (urgent > 0).then(|| words::count(urgent, "finding to look at", "findings to look at")),
        ];
        Self {
            title,
            moment: format!("As of {}", moment(&topology.as_of.to_string())),
            counts: counts.into_iter().flatten().collect::<Vec<_>>().join("  ·  "),
            width,
        }
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn description(&self) -> String {
        format!("{}. {}.", self.moment, self.counts.replace("  ·  ", ", "))
    }

    pub(super) const fn height(&self) -> f64 {
        HEAD_HEIGHT
    }

    pub(super) fn draw(&self, xml: &mut Xml, palette: &Palette) {
        let line = |xml: &mut Xml, y: f64, size: f64, weight: &str, fill: &str, text: &str| {
            xml.leaf(
                "text",
                &[
                    ("x", &Tenths(MARGIN)),
                    ("y", &Tenths(y)),
                    ("font-size", &Tenths(size)),
                    ("font-weight", &weight),
                    ("fill", &fill),
                ],
                &text,
            );
        };
        line(xml, MARGIN + 22.0, TITLE_SIZE, "700", palette.text, &self.title);
        line(xml, MARGIN + 46.0, TEXT_SIZE, "400", palette.muted, &self.counts);
        xml.leaf(
            "text",
            &[
                ("x", &Tenths(self.width - MARGIN)),
                ("y", &Tenths(MARGIN + 22.0)),
                ("font-size", &Tenths(TEXT_SIZE)),
                ("font-weight", &"600"),
                ("text-anchor", &"end"),
                ("fill", &palette.text),
            ],
            &self.moment,
        );
    }
}

/// One entry of the legend.
#[derive(Clone, Copy)]
enum Sign {
    Device(Glyph, Look),
    Crown,
    Badge(Severity),
    Link(Stroke, Stroke, Belief),
    Lan,
}

const DEVICES: [(Sign, &str); 12] = [
    (Sign::Device(Glyph::BorderRouter, Look::Fresh), "Border router"),
    (Sign::Device(Glyph::Router, Look::Fresh), "Router"),
    (Sign::Crown, "Leader"),
    (Sign::Device(Glyph::Reed, Look::Fresh), "Can become router"),
    (Sign::Device(Glyph::EndDevice, Look::Fresh), "Always-on device"),
    (Sign::Device(Glyph::Sleepy, Look::Fresh), "Sleepy device"),
    (Sign::Device(Glyph::Unknown, Look::Fresh), "Role unknown"),
    (Sign::Device(Glyph::Router, Look::Old), "Old: not heard lately"),
    (Sign::Device(Glyph::Router, Look::Unconfirmed), "Not confirmed"),
    (Sign::Device(Glyph::Ghost, Look::Ghost), "Ghost: gone, or named by others only"),
    (Sign::Badge(Severity::Problem), "Problem"),
    (Sign::Badge(Severity::Warning), "Warning"),
];

const LINKS: [(Sign, &str); 7] = [
    (Sign::Link(Stroke::Quality(3), Stroke::Quality(3), Belief::Firm), "3 good"),
    (Sign::Link(Stroke::Quality(2), Stroke::Quality(2), Belief::Firm), "2 fair"),
    (Sign::Link(Stroke::Quality(1), Stroke::Quality(1), Belief::Firm), "1 weak"),
    (Sign::Link(Stroke::Quality(3), Stroke::Unheard, Belief::Firm), "heard one way"),
    (Sign::Link(Stroke::Quality(2), Stroke::Quality(2), Belief::Old), "old evidence"),
    (Sign::Link(Stroke::Quality(3), Stroke::Quality(3), Belief::Unconfirmed), "not confirmed"),
    (Sign::Link(Stroke::Plain, Stroke::Plain, Belief::Firm), "parent and child"),
];

impl Sign {
    const fn width(self) -> f64 {
        match self {
            Self::Link(..) => 46.0,
            Self::Lan => 32.0,
            Self::Device(..) | Self::Crown | Self::Badge(_) => 30.0,
        }
    }

    fn draw(self, xml: &mut Xml, palette: &Palette) {
        match self {
            Self::Device(glyph, look) => glyph::draw(xml, glyph, look, palette),
            Self::Crown => glyph::crown_alone(xml, palette),
            Self::Badge(severity) => glyph::badge(xml, severity, palette),
            Self::Lan => links::lan_mark(xml, palette),
            Self::Link(one, other, belief) => {
                for (stroke, path) in [(one, "M-19 0H-1.6"), (other, "M19 0H1.6")] {
                    let (colour, width, dashes) = links::ink(stroke, belief, palette);
                    xml.empty(
                        "path",
                        &[
                            ("d", &path),
                            ("fill", &"none"),
                            ("stroke", &colour),
                            ("stroke-width", &width),
                            ("stroke-dasharray", &dashes),
                            ("stroke-linecap", &"round"),
                        ],
                    );
                }
            }
        }
    }
}

/// What stands below the map.
pub(super) struct Legend {
    width: f64,
    /// Signs with their middles, and texts with their left ends.
    entries: Vec<(Sign, f64, f64, &'static str)>,
    rows: f64,
    foot: Vec<String>,
}

/// By how much the rows of a legend are narrowed at once.
const STEP: f64 = 20.0;

/// Entries of a legend in rows, with the middles of their signs.
fn rows_of(entries: &[(Sign, &'static str)], from: f64, to: f64) -> Vec<Vec<(Sign, f64, &'static str)>> {
    let mut rows = vec![Vec::new()];
    let mut x = from;
    for (sign, text) in entries {
        let needed = sign.width() + 6.0 + measure::width(text, 12.5, false);
        if x > from && x + needed > to {
            x = from;
            rows.push(Vec::new());
        }
        if let Some(row) = rows.last_mut() {
            row.push((*sign, x + sign.width() / 2.0, *text));
        }
        x += needed + 18.0;
    }
    rows
}

impl Legend {
    pub(super) fn of(width: f64, lines: &Lines, left_out: Vec<String>) -> Self {
        let mut link_entries = LINKS.to_vec();
        if lines.has_trel() {
            link_entries.push((Sign::Lan, "over the LAN (TREL)"));
        }
        let (from, to) = (MARGIN + PADDING, width - MARGIN - PADDING);
        let mut entries = Vec::new();
        let mut rows = 0.0;
        for group in [&DEVICES[..], &link_entries] {
            // As narrow as gives no more rows: so the rows are about as long as each other.
            let least = rows_of(group, from, to).len();
            let mut narrow = to;
            while narrow > from + STEP && rows_of(group, from, narrow - STEP).len() == least {
                narrow -= STEP;
            }
            for row in rows_of(group, from, narrow) {
                entries.extend(row.into_iter().map(|(sign, x, text)| (sign, x, rows, text)));
                rows += 1.0;
            }
        }
        let mut foot = vec![format!(
            "Each half of a link shows how well the device at that end hears the other. Faint: not part of the backbone. Made by Weft {}.",
            env!("CARGO_PKG_VERSION")
        )];
        if !left_out.is_empty() {
            foot.push(format!("Not shown: {}", left_out.join("; ")));
        }
        Self { width, entries, rows, foot }
    }

    fn panel_height(&self) -> f64 {
        self.rows * ROW_HEIGHT + 2.0 * PADDING - 4.0
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
    pub(super) fn height(&self) -> f64 {
        self.panel_height() + 18.0 * self.foot.len() as f64 + 14.0
    }

    pub(super) fn draw(&self, xml: &mut Xml, palette: &Palette) {
        xml.empty(
            "rect",
            &[
                ("x", &Tenths(MARGIN)),
                ("width", &Tenths(self.width - 2.0 * MARGIN)),
                ("height", &Tenths(self.panel_height())),
                ("rx", &"14"),
                ("fill", &palette.map),
                ("stroke", &palette.frame),
                ("stroke-width", &"1.2"),
            ],
        );
        for (sign, x, row, text) in &self.entries {
            let y = PADDING + 12.0 + row * ROW_HEIGHT;
            xml.open("g", &[("transform", &format_args!("translate({} {})", Tenths(*x), Tenths(y)))]);
            sign.draw(xml, palette);
            xml.leaf(
                "text",
                &[
                    ("x", &Tenths(sign.width() / 2.0 + 6.0)),
                    ("y", &"4.4"),
                    ("font-size", &"12.5"),
                    ("fill", &palette.text),
                ],
                text,
            );
            xml.close();
        }
        let mut y = self.panel_height() + 20.0;
        for line in &self.foot {
            xml.leaf(
                "text",
                &[
                    ("x", &Tenths(MARGIN + 4.0)),
                    ("y", &Tenths(y)),
                    ("font-size", &"11.5"),
                    ("fill", &palette.muted),
                ],
                line,
            );
            y += 18.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_for_people() {
        assert_eq!(moment("2026-11-05T14:32:07.000Z"), "5 Nov 2026, 14:32:07 UTC");
        assert_eq!(moment("strange"), "strange");
    }
}
