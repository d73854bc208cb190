//! Positions of the map: what the server serves, keeps on disk, and hands back as what was drawn before.
//!
//! What comes back comes from a disk or a client, so it is read as foreign: an entry that is no finite place on the map is
//! left out, and its node is placed anew.

use crate::geometry::{Area, Vector};
use serde::de::{Deserializer, IgnoredAny};
use serde::ser::{SerializeMap, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_topology::Id;

/// The farthest that anything may lie from the map's origin, along an axis.
pub const MAX_COORDINATE_PX: f64 = 10_000_000.0;
/// The farthest that a pin may lie from it; one beyond is not heeded.
pub const MAX_PIN_PX: f64 = 100_000.0;
/// The widest and highest that a network's card may be when it comes back.
pub const MAX_CARD_PX: f64 = 500_000.0;

/// A coordinate or length on the map in tenths of a CSS pixel: always finite, and the same in JSON as in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pixels(i32);

impl Pixels {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// Rounded to a tenth; `None` for what is not finite or beyond [`MAX_COORDINATE_PX`].
    pub fn new(px: f64) -> Option<Self> {
        (px.abs() <= MAX_COORDINATE_PX).then(|| Self::rounded(px))
    }

    /// The number of pixels.
    pub fn px(self) -> f64 {
        f64::from(self.0) / 10.0
    }

    /// Rounded to a tenth and held within the type's range.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates, and NaN, which nothing here computes, becomes 0"
    )]
    pub(crate) const fn rounded(px: f64) -> Self {
        Self((px * 10.0).round() as i32)
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Serialize for Pixels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.px())
    }
}

impl<'de> Deserialize<'de> for Pixels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom("a coordinate beyond the map"))
    }
}

/// An offset on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Offset {
    /// To the right.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub x: Pixels,
    /// Down.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub y: Pixels,
}

impl Offset {
    pub(crate) fn vector(self) -> Vector {
        Vector::new(self.x.px(), self.y.px())
    }

    pub(crate) const fn rounded(vector: Vector) -> Self {
        Self {
            x: Pixels::rounded(vector.x),
            y: Pixels::rounded(vector.y),
        }
    }
}

/// A kind of place on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Spot {
    /// By itself in the mesh.
    #[default]
    Mesh,
    /// By itself beside the mesh: nothing connects it with the rest yet.
    Edge,
    /// On a ring around its parent.
    Ring,
    /// In the orderly area of devices whose place in the mesh nobody knows.
    Shelf,
}

impl Spot {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    const fn is_mesh(&self) -> bool {
        matches!(self, Self::Mesh)
    }
}

/// Where the middle of a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NodePosition {
    /// To the right.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub x: Pixels,
    /// Down.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub y: Pixels,
    /// A person put it here; nothing but that person moves it. The topology says so: in positions that are handed back it is not read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// What kind of place it is: what is known of a node decides, and when that changes, the node gets another place.
    #[serde(default, skip_serializing_if = "Spot::is_mesh")]
    pub spot: Spot,
    /// How far it stands from its place because its partition is drawn apart from the others; it goes back when they merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<Offset>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl NodePosition {
    pub(crate) fn vector(self) -> Vector {
        Vector::new(self.x.px(), self.y.px())
    }

    const fn moved(self, by: Offset) -> Self {
        Self {
            x: self.x.plus(by.x),
            y: self.y.plus(by.y),
            ..self
        }
    }
}

/// The rectangle that holds everything of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Card {
    /// Left edge.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub x: Pixels,
    /// Upper edge.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub y: Pixels,
    /// Width.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub width: Pixels,
    /// Height.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub height: Pixels,
}

impl Card {
    pub(crate) const fn corner(self) -> Offset {
        Offset { x: self.x, y: self.y }
    }

    pub(crate) fn area(self) -> Area {
        Area::of_corner(self.x.px(), self.y.px(), self.width.px(), self.height.px())
    }

    fn is_sane(self) -> bool {
        [self.width, self.height]
            .into_iter()
            .all(|side| side > Pixels::ZERO && side.px() <= MAX_CARD_PX)
    }
}

/// Nodes and their positions, sorted by id.
pub(crate) type Places = Arc<[(Id, NodePosition)]>;

/// A network on the map; `places` are relative to the card's corner.
#[derive(Debug, Clone)]
pub(crate) struct PlacedNetwork {
    pub card: Card,
    pub places: Places,
}

/// Positions of the whole map: `{"networks": {id: {x, y, width, height}}, "nodes": {id: {x, y, …}}}`, in CSS pixels with one decimal.
///
/// Unchanged networks are shared, not copied, from one version to the next.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    pub(crate) networks: BTreeMap<Id, PlacedNetwork>,
    /// What was read and not yet laid out: absolute.
    pub(crate) read: BTreeMap<Id, NodePosition>,
}

impl Positions {
    /// The networks' cards, sorted by id; the devices outside all networks have the card [`crate::LAN`].
    pub fn networks(&self) -> impl Iterator<Item = (&Id, Card)> {
        self.networks.iter().map(|(id, network)| (id, network.card))
    }

    /// The card of a network.
    pub fn network(&self, id: &str) -> Option<Card> {
        self.networks.get(id).map(|network| network.card)
    }

    /// All nodes, sorted by id.
    pub fn nodes(&self) -> BTreeMap<&str, NodePosition> {
        let mut all: BTreeMap<&str, NodePosition> = self.read.iter().map(|(id, position)| (&**id, *position)).collect();
        for network in self.networks.values() {
            all.extend(network.absolute().map(|(id, position)| (&**id, position)));
        }
        all
    }

    /// A node, in whichever network it is.
    pub fn node(&self, id: &str) -> Option<NodePosition> {
        self.networks
            .values()
            .find_map(|network| network.place(id))
            .or_else(|| self.read.get(id).copied())
    }

    /// A node of a network. Cheaper than [`Positions::node`] where there are many networks.
    pub fn node_in(&self, network: &str, id: &str) -> Option<NodePosition> {
        self.networks.get(network)?.place(id)
    }
}

impl PlacedNetwork {
    fn find(&self, id: &str) -> Option<usize> {
        self.places.binary_search_by(|(present, _)| (**present).cmp(id)).ok()
    }

    /// A node's place relative to the card.
    pub(crate) fn relative(&self, id: &str) -> Option<NodePosition> {
        self.find(id).map(|found| self.places[found].1)
    }

    /// All nodes, where they stand on the map.
    pub(crate) fn absolute(&self) -> impl Iterator<Item = (&Id, NodePosition)> {
        self.places.iter().map(|(id, position)| (id, position.moved(self.card.corner())))
    }

    fn place(&self, id: &str) -> Option<NodePosition> {
        self.relative(id).map(|position| position.moved(self.card.corner()))
    }
}

/// Equal as drawn, whether read or computed.
impl PartialEq for Positions {
    fn eq(&self, other: &Self) -> bool {
        self.networks().eq(other.networks()) && self.nodes() == other.nodes()
    }
}

impl Serialize for Positions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Cards<'a>(&'a BTreeMap<Id, PlacedNetwork>);
        impl Serialize for Cards<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(self.0.len()))?;
                for (id, network) in self.0 {
                    map.serialize_entry(&**id, &network.card)?;
                }
                map.end()
            }
        }
        let mut object = serializer.serialize_struct("Positions", 2)?;
        object.serialize_field("networks", &Cards(&self.networks))?;
        object.serialize_field("nodes", &self.nodes())?;
        object.end()
    }
}

/// An entry, or something in its place that is none.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry<T> {
    Good(T),
    Bad(IgnoredAny),
}

impl<T> Entry<T> {
    fn good(self) -> Option<T> {
        match self {
            Self::Good(value) => Some(value),
            Self::Bad(IgnoredAny) => None,
        }
    }
}

fn good_entries<T>(entries: BTreeMap<Box<str>, Entry<T>>) -> impl Iterator<Item = (Id, T)> {
    entries.into_iter().filter_map(|(id, entry)| Some((Id::from(id), entry.good()?)))
}

impl<'de> Deserialize<'de> for Positions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Read {
            #[serde(default = "BTreeMap::new")]
            networks: BTreeMap<Box<str>, Entry<Card>>,
            #[serde(default = "BTreeMap::new")]
            nodes: BTreeMap<Box<str>, Entry<NodePosition>>,
        }
        let read = Read::deserialize(deserializer)?;
        let networks = good_entries(read.networks)
            .filter(|(_, card)| card.is_sane())
            .map(|(id, card)| {
                (
                    id,
                    PlacedNetwork {
                        card,
                        places: Places::default(),
                    },
                )
            })
            .collect();
        Ok(Self {
            networks,
            read: good_entries(read.nodes).collect(),
        })
    }
}

#[cfg(feature = "schema")]
mod schema {
    use super::{Card, NodePosition, Positions};
    use std::collections::BTreeMap;
    use utoipa::openapi::{RefOr, schema::Schema};

    /// The JSON of [`Positions`].
    #[derive(utoipa::ToSchema)]
    #[expect(dead_code, reason = "only its schema is of use")]
    struct PositionsRecord {
        /// Cards by network id.
        networks: BTreeMap<String, Card>,
        /// Positions by node id.
        nodes: BTreeMap<String, NodePosition>,
    }

    impl utoipa::PartialSchema for Positions {
        fn schema() -> RefOr<Schema> {
            PositionsRecord::schema()
        }
    }

    impl utoipa::ToSchema for Positions {
        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            PositionsRecord::schemas(schemas);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Positions {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn json_goes_there_and_back_with_one_decimal() {
        let json = concat!(
            r#"{"networks":{"1122334455667788":{"x":-3.0,"y":0.1,"width":200.0,"height":120.5}},"#,
            r#""nodes":{"a":{"x":12.3,"y":-4.5},"b":{"x":1.0,"y":2.0,"pinned":true,"spot":"ring","aside":{"x":5.0,"y":0.0}}}}"#
        );
        let positions = read(json);
        assert_eq!(serde_json::to_string(&positions).unwrap(), json);
        assert_eq!(positions.node("a").unwrap().vector(), Vector::new(12.3, -4.5));
        assert_eq!(
            read(r#"{"nodes":{"a":{"x":0.1499999,"y":1e-9}}}"#).node("a").unwrap(),
            NodePosition {
                x: Pixels(1),
                ..Default::default()
            }
        );
    }

    #[test]
    fn entries_that_are_no_place_are_left_out_and_the_rest_is_read() {
        let positions = read(
            r#"{"networks":{"n":{"x":0,"y":0,"width":-5,"height":10},"m":{"x":0,"y":0,"width":1e300,"height":10},"o":7,"p":{"x":1,"y":1,"width":2,"height":3}},
                "nodes":{"a":{"x":null,"y":0},"b":{"x":1e17,"y":0},"c":"here","d":{"x":1},"e":{"x":"NaN","y":0},"f":{"x":5,"y":6,"pinned":"yes"},
                         "g":{"x":5,"y":6,"colour":[1,[2]]}},"more":null}"#,
        );
        assert_eq!(positions.networks().map(|(id, _)| &**id).collect::<Vec<_>>(), ["p"]);
        assert_eq!(positions.nodes().into_keys().collect::<Vec<_>>(), ["g"]);
        assert_eq!(read("{}"), Positions::default());
    }

    #[test]
    fn pixels_are_finite_by_type() {
        assert!(
            [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e8, -1e8]
                .into_iter()
                .all(|px| Pixels::new(px).is_none())
        );
        assert_eq!(Pixels::new(-0.04).unwrap().px().to_bits(), 0f64.to_bits(), "no negative zero");
        assert_eq!(Pixels::rounded(f64::NAN), Pixels::ZERO);
        assert_eq!(Pixels(i32::MAX).plus(Pixels(1)), Pixels(i32::MAX));
    }
}
