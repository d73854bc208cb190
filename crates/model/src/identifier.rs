//! 64-bit and wider identifiers. They travel as lower-case hexadecimal strings, because JSON numbers lose bits beyond 2^53.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// A text that is not the hexadecimal form of the identifier that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {digits} hexadecimal digits, got {got:?}")]
pub struct ParseIdentifierError {
    what: &'static str,
    digits: usize,
    got: String,
}

fn parse_hex<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], ParseIdentifierError> {
    let error = || ParseIdentifierError {
        what,
        digits: N * 2,
        got: text.chars().take(64).collect(),
    };
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b':' && *b != b'-').collect();
    if digits.len() != N * 2 {
        return Err(error());
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |c: u8| (c as char).to_digit(16);
        match (digit(pair[0]), digit(pair[1])) {
            (Some(high), Some(low)) => *byte = (high * 16 + low) as u8,
            _ => return Err(error()),
        }
    }
    Ok(bytes)
}

macro_rules! hex_identifier {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdentifierError;

            /// Reads hexadecimal digits of either case; colons and hyphens between them are passed over.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse_hex($what, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                crate::identifier::text_schema($what)
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}
    };
}

/// The schema of an identifier that travels as text.
#[cfg(feature = "schema")]
pub(crate) fn text_schema(what: &str) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::schema::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some(what))
        .into()
}

macro_rules! from_u64 {
    ($($name:ident),*) => {$(
        impl $name {
            /// The identifier whose eight bytes are `value` in big-endian order, as Matter attributes carry it.
            pub const fn from_u64(value: u64) -> Self {
                Self(value.to_be_bytes())
            }

            /// The eight bytes read as a big-endian number.
            pub const fn as_u64(self) -> u64 {
                u64::from_be_bytes(self.0)
            }
        }
    )*};
}

hex_identifier!(
    /// The IEEE 802.15.4 extended address that a radio uses now. It is the radio's identity until it rotates
    /// (a factory reset; with some border routers every boot). Random in Thread: it carries no vendor.
    ExtendedAddress, 8, "extended address, 16 hexadecimal digits"
);
hex_identifier!(
    /// The factory-assigned EUI-64 of a radio. Not the [`ExtendedAddress`] that is seen on the air.
    Eui64, 8, "EUI-64, 16 hexadecimal digits"
);
hex_identifier!(
    /// The extended PAN id: identifies a Thread network across partitions and channels.
    ExtendedPanId, 8, "extended PAN id, 16 hexadecimal digits"
);
hex_identifier!(
    /// The border agent id of a border router (TXT key `id`): stable across reboots and address rotation.
    BorderAgentId, 16, "border agent id, 32 hexadecimal digits"
);
hex_identifier!(
    /// The compressed fabric id that stands in Matter operational instance names.
    CompressedFabricId, 8, "compressed fabric id, 16 hexadecimal digits"
);
hex_identifier!(
    /// A Matter node id: means something only within its fabric.
    MatterNodeId, 8, "Matter node id, 16 hexadecimal digits"
);
from_u64!(ExtendedAddress, Eui64, ExtendedPanId, CompressedFabricId, MatterNodeId);

impl ExtendedAddress {
    /// The address in a link-local IPv6 address: its interface id with the universal/local bit (0x02) flipped.
    /// Only `fe80::/64` converts; mesh-local and OMR interface ids are random. Interface ids of RLOC and ALOC form are no radio's.
    pub fn from_link_local(address: Ipv6Addr) -> Option<Self> {
        let octets = address.octets();
        if octets[..8] != [0xfe, 0x80, 0, 0, 0, 0, 0, 0] {
            return None;
        }
        let mut bytes: [u8; 8] = octets[8..].try_into().ok()?;
        if bytes[..6] == [0, 0, 0, 0xff, 0xfe, 0] {
            return None;
        }
        bytes[0] ^= 0x02;
        Some(Self(bytes))
    }

    /// The link-local IPv6 address that this radio uses.
    pub fn to_link_local(self) -> Ipv6Addr {
        let mut octets = [0; 16];
        octets[..2].copy_from_slice(&[0xfe, 0x80]);
        octets[8..].copy_from_slice(&self.0);
        octets[8] ^= 0x02;
        octets.into()
    }

    /// False for the values that stand for "no address" (all zero, all ones).
    pub fn is_real(self) -> bool {
        self.0 != [0; 8] && self.0 != [0xff; 8]
    }
}

/// The identifier of one partition of a Thread network: means something only within its extended PAN id and while the partition lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct PartitionId(pub u32);

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The 16-bit PAN id that stands in MAC frames. Several networks may share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PanId(pub u16);

impl PanId {
    /// Every PAN: no network has this one.
    pub const BROADCAST: Self = Self(0xffff);
}

impl fmt::Display for PanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04x}", self.0)
    }
}

impl Serialize for PanId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for PanId {
    type Err = ParseIdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        u16::from_str_radix(digits, 16).map(Self).map_err(|_| ParseIdentifierError {
            what: "PAN id",
            digits: 4,
            got: text.chars().take(64).collect(),
        })
    }
}

impl<'de> Deserialize<'de> for PanId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for PanId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        text_schema("PAN id, 0x and four hexadecimal digits")
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for PanId {}

/// A Matter node on a fabric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MatterPeer {
    /// The compressed id of the fabric.
    pub fabric: CompressedFabricId,
    /// The node id on that fabric.
    pub node: MatterNodeId,
}

impl fmt::Display for MatterPeer {
    /// The form of an operational instance name: `FABRIC-NODE` in upper-case hexadecimal digits (Matter core specification, 4.3.2.1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}-{:016X}", self.fabric.as_u64(), self.node.as_u64())
    }
}

impl FromStr for MatterPeer {
    type Err = ParseIdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseIdentifierError {
            what: "Matter operational instance",
            digits: 33,
            got: text.chars().take(64).collect(),
        };
        let (fabric, node) = text.split_once('-').ok_or_else(error)?;
        Ok(Self {
            fabric: fabric.parse().map_err(|_| error())?,
            node: node.parse().map_err(|_| error())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_of_either_case_with_or_without_separators_reads_the_same() {
        let expected = ExtendedAddress([0x66, 0xc3, 0x7e, 0xf4, 0x09, 0x9b, 0x2c, 0x66]);
        for text in ["66c37ef4099b2c66", "66C37EF4099B2C66", "66:c3:7e:f4:09:9b:2c:66"] {
            assert_eq!(text.parse::<ExtendedAddress>().unwrap(), expected);
        }
        assert_eq!(expected.to_string(), "66c37ef4099b2c66");
        for text in ["", "66c37ef4099b2c6", "66c37ef4099b2c6g", "é6c37ef4099b2c6"] {
            assert!(text.parse::<ExtendedAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_link_local_interface_ids_convert_to_extended_addresses() {
        let address: ExtendedAddress = "66c37ef4099b2c66".parse().unwrap();
        assert_eq!(address.to_link_local(), "fe80::64c3:7ef4:99b:2c66".parse::<Ipv6Addr>().unwrap());
        assert_eq!(ExtendedAddress::from_link_local(address.to_link_local()), Some(address));
        for other in ["fd2c:1fbe:3d6:dfd0:64c3:7ef4:99b:2c66", "fe81::64c3:7ef4:99b:2c66", "fe80::ff:fe00:7c00"] {
            assert_eq!(ExtendedAddress::from_link_local(other.parse().unwrap()), None, "{other}");
        }
    }

    #[test]
    fn a_u64_beyond_2_to_the_53_keeps_its_bits() {
        let address = ExtendedAddress::from_u64(10_553_317_099_379_524_466);
        assert_eq!(serde_json::to_string(&address).unwrap(), "\"9274e9fcee928372\"");
        assert_eq!(address.as_u64(), 10_553_317_099_379_524_466);
    }

    #[test]
    fn an_operational_instance_name_gives_fabric_and_node() {
        let peer: MatterPeer = "C2637A8B1B1B1B1B-000000000000000A".parse().unwrap();
        assert_eq!(peer.node.as_u64(), 10);
        assert_eq!(peer.to_string(), "C2637A8B1B1B1B1B-000000000000000A");
        assert!("C2637A8B1B1B1B1B".parse::<MatterPeer>().is_err());
    }
}
