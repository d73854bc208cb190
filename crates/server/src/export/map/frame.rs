//! Frames: a card around each network, and an outline around each of its partitions where it has fallen apart.

use super::labels::Label;
use super::{Area, Placed, measure};
use crate::export::palette::Palette;
use crate::export::xml::{Tenths, Xml};
use std::collections::BTreeMap;
use weft_layout::{LAN, Positions};
use weft_model::PartitionId;
use weft_topology::{NetworkTopology, Topology};

const CAPTION_SIZE: f64 = 15.0;
const DETAIL_SIZE: f64 = 12.0;
/// Between the outermost devices of a partition and its outline.
const AROUND_PARTITION: f64 = 30.0;
/// Between names and the frame around them.
const AROUND_NAMES: f64 = 12.0;
/// Left free between two cards when they grow.
const BETWEEN_CARDS: f64 = 10.0;

/// The frame of a network, or of the LAN.
pub(super) struct Card {
    pub area: Area,
    name: String,
    detail: String,
    partitions: Vec<PartitionId>,
    network: Option<weft_topology::Id>,
}

impl Card {
    /// Grows until everything that is said fits: its caption, and the names of its devices, as far as the cards beside it leave room.
    pub(super) fn grow<'a>(&mut self, labels: impl Iterator<Item = &'a Label>, others: &[Area]) {
        let mut wanted = self.area;
        let own = labels
            .filter(|label| label.network == self.network)
            .map(|label| label.area.grown(AROUND_NAMES));
        own.chain([self.caption_area().grown(AROUND_NAMES)]).for_each(|area| wanted.include(area));
        let sides = [
            Area {
                left: wanted.left,
                ..self.area
            },
            Area {
                right: wanted.right,
                ..self.area
            },
            Area {
                top: wanted.top,
                ..self.area
            },
            Area {
                bottom: wanted.bottom,
                ..self.area
            },
        ];
        for side in sides {
            if !others.iter().any(|other| other.grown(BETWEEN_CARDS).overlaps(side)) {
                self.area.include(side);
            }
        }
    }

    /// Where its caption stands.
    pub(super) fn caption_area(&self) -> Area {
        let width = measure::width(&self.name, CAPTION_SIZE, true) + 12.0 + measure::width(&self.detail, DETAIL_SIZE, false);
        Area {
            left: self.area.left + 18.0,
            top: self.area.top + 10.0,
            right: self.area.left + 18.0 + width,
            bottom: self.area.top + 34.0,
        }
    }
}

/// Frames of everything that has a place.
pub(super) fn cards(topology: &Topology, positions: &Positions) -> Vec<Card> {
    topology.parts.iter().filter_map(|part| card(part, positions)).collect()
}

fn card(part: &NetworkTopology, positions: &Positions) -> Option<Card> {
    let network = part.network.as_ref();
    let card = positions.network(network.map_or(LAN, |network| &*network.id))?;
    let (left, top) = (card.x.px(), card.y.px());
    let area = Area {
        left,
        top,
        right: left + card.width.px(),
        bottom: top + card.height.px(),
    };
    let Some(network) = network else {
        return Some(Card {
            area,
            name: "On the LAN".to_owned(),
            detail: "in no known mesh".to_owned(),
            partitions: Vec::new(),
            network: None,
        });
    };
    let partitions: Vec<PartitionId> = network.partitions.iter().map(|partition| partition.partition_id).collect();
    let split = match &partitions[..] {
        [] => None,
        [one] => Some(format!("partition {one}")),
        several => Some(format!("{} partitions", several.len())),
    };
    let detail = [
        network.channel.map(|channel| format!("channel {channel}")),
        network.pan_id.map(|pan_id| format!("PAN {pan_id}")),
        split,
    ];
    let unnamed = || match network.extended_pan_id {
        Some(id) => format!("Network {id}"),
        None => "Network without a known name".to_owned(),
    };
    Some(Card {
        area,
        name: measure::cut(&network.name.clone().unwrap_or_else(unnamed), 40),
        detail: detail.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        partitions,
        network: Some(network.id.clone()),
    })
}

/// Draws the frames, below everything else.
pub(super) fn draw(xml: &mut Xml, cards: &[Card], nodes: &[Placed<'_>], palette: &Palette) {
    xml.open("g", &[("id", &"networks")]);
    for card in cards {
        let Area { left, top, .. } = card.area;
        xml.empty(
            "rect",
            &[
                ("x", &Tenths(left)),
                ("y", &Tenths(top)),
                ("width", &Tenths(card.area.width())),
                ("height", &Tenths(card.area.height())),
                ("rx", &"16"),
                ("fill", &palette.map),
                ("stroke", &palette.frame),
                ("stroke-width", &"1.5"),
            ],
        );
        partitions(xml, card, nodes, palette);
        xml.open("text", &[("x", &Tenths(left + 20.0)), ("y", &Tenths(top + 27.0))]);
        xml.leaf(
            "tspan",
            &[("font-size", &CAPTION_SIZE), ("font-weight", &"700"), ("fill", &palette.text)],
            &card.name,
        );
        xml.leaf(
            "tspan",
            &[("dx", &"8"), ("font-size", &DETAIL_SIZE), ("fill", &palette.muted)],
            &card.detail,
        );
        xml.close();
    }
    xml.close();
}

fn partitions(xml: &mut Xml, card: &Card, nodes: &[Placed<'_>], palette: &Palette) {
    if card.partitions.len() < 2 {
        return;
    }
    let mut areas: BTreeMap<PartitionId, Area> = BTreeMap::new();
    for placed in nodes.iter().filter(|placed| placed.node.network == card.network) {
        if let Some(partition) = placed.node.partition_id.filter(|partition| card.partitions.contains(partition)) {
            areas
                .entry(partition)
                .or_insert(Area::NOTHING)
                .include(Area::around(placed.x, placed.y, AROUND_PARTITION));
        }
    }
    for (partition, area) in areas {
        xml.empty(
            "rect",
            &[
                ("x", &Tenths(area.left)),
                ("y", &Tenths(area.top)),
                ("width", &Tenths(area.width())),
                ("height", &Tenths(area.height())),
                ("rx", &"26"),
                ("fill", &palette.page),
                ("stroke", &palette.frame),
                ("stroke-width", &"1.5"),
            ],
        );
        xml.leaf(
            "text",
            &[
                ("x", &Tenths(area.left + 16.0)),
                ("y", &Tenths(area.bottom + 16.0)),
                ("font-size", &"11.5"),
                ("fill", &palette.muted),
            ],
            &format_args!("partition {partition}"),
        );
    }
}
