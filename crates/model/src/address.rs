//! IPv6 prefixes and what an address inside a Thread network stands for.

use crate::{ExtendedAddress, Rloc16};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// An IPv6 prefix, bits beyond its length cleared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ipv6Prefix {
    address: Ipv6Addr,
    length: u8,
}

impl Ipv6Prefix {
    /// `None` for a length above 128.
    pub fn new(address: Ipv6Addr, length: u8) -> Option<Self> {
        (length <= 128).then(|| Self {
            address: Ipv6Addr::from(u128::from(address) & mask(length)),
            length,
        })
    }

    /// The first address of the prefix.
    pub const fn address(self) -> Ipv6Addr {
        self.address
    }

    /// The length in bits, 0 to 128.
    pub const fn length(self) -> u8 {
        self.length
    }

    /// True if `address` lies inside.
    pub fn contains(self, address: Ipv6Addr) -> bool {
        u128::from(address) & mask(self.length) == u128::from(self.address)
    }
}

const fn mask(length: u8) -> u128 {
    match length {
        0 => 0,
        length => u128::MAX << (128 - length as u32),
    }
}

impl fmt::Display for Ipv6Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl fmt::Debug for Ipv6Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ipv6Prefix({self})")
    }
}

/// A text that is no IPv6 prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an IPv6 prefix like fd00:1234::/64, got {0:?}")]
pub struct ParsePrefixError(String);

impl FromStr for Ipv6Prefix {
    type Err = ParsePrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParsePrefixError(text.chars().take(64).collect());
        let (address, length) = text.split_once('/').ok_or_else(error)?;
        Self::new(address.parse().map_err(|_| error())?, length.parse().map_err(|_| error())?).ok_or_else(error)
    }
}

impl Serialize for Ipv6Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ipv6Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Ipv6Prefix {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::identifier::text_schema("IPv6 prefix, address/length")
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Ipv6Prefix {}

/// The mesh-local /64 of a Thread network. RLOCs and ALOCs lie inside it; so do mesh-local EIDs, whose interface ids are random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeshLocalPrefix(pub [u8; 8]);

impl MeshLocalPrefix {
    /// The prefix as a /64.
    pub fn prefix(self) -> Ipv6Prefix {
        let mut octets = [0; 16];
        octets[..8].copy_from_slice(&self.0);
        Ipv6Prefix {
            address: octets.into(),
            length: 64,
        }
    }

    /// The routing locator address of `rloc16`: prefix, then `::ff:fe00:RLOC16`.
    pub fn rloc(self, rloc16: Rloc16) -> Ipv6Addr {
        let mut octets = self.prefix().address.octets();
        octets[8..14].copy_from_slice(&LOCATOR_INTERFACE_ID);
        octets[14..].copy_from_slice(&rloc16.get().to_be_bytes());
        octets.into()
    }
}

impl fmt::Display for MeshLocalPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prefix().fmt(f)
    }
}

impl Serialize for MeshLocalPrefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for MeshLocalPrefix {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::identifier::text_schema("mesh-local prefix, address/64")
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for MeshLocalPrefix {}

const LOCATOR_INTERFACE_ID: [u8; 6] = [0, 0, 0, 0xff, 0xfe, 0];

/// What an IPv6 address is within a Thread network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// `fe80::/64`; the only kind that converts to an extended address.
    LinkLocal(Option<ExtendedAddress>),
    /// A routing locator; means something only within its partition and moment.
    Rloc(Rloc16),
    /// An anycast locator (leader fc00, services fc10.., commissioners fc30.., …): a role, never a device.
    Aloc(u16),
    /// Multicast.
    Multicast,
    /// Everything else: mesh-local EID, OMR or other unicast; which of them needs the network's prefixes.
    Unicast,
}

impl AddressKind {
    /// Classifies by form. Locators have the interface id `0:ff:fe00:xxxx`.
    pub fn of(address: Ipv6Addr) -> Self {
        let octets = address.octets();
        if address.is_multicast() {
            return Self::Multicast;
        }
        if octets[..2] == [0xfe, 0x80] {
            return Self::LinkLocal(ExtendedAddress::from_link_local(address));
        }
        if octets[8..14] == LOCATOR_INTERFACE_ID {
            let number = u16::from_be_bytes([octets[14], octets[15]]);
            return match Rloc16::new(number) {
                Some(rloc16) => Self::Rloc(rloc16),
                None => Self::Aloc(number),
            };
        }
        Self::Unicast
    }

    /// True for addresses that belong to one device wherever they are seen: two sources that name the same one name the same device.
    pub fn identifies_a_device(self) -> bool {
        matches!(self, Self::Unicast | Self::LinkLocal(Some(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_by_form() {
        let kind = |text: &str| AddressKind::of(text.parse().unwrap());
        assert_eq!(kind("fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c01"), AddressKind::Rloc(Rloc16::new(0x7c01).unwrap()));
        assert_eq!(kind("fd2c:1fbe:3d6:dfd0:0:ff:fe00:fc00"), AddressKind::Aloc(0xfc00));
        assert_eq!(kind("fd2c:1fbe:3d6:dfd0:a4a5:1258:4984:63cf"), AddressKind::Unicast);
        assert_eq!(kind("ff03::1"), AddressKind::Multicast);
        assert!(matches!(kind("fe80::64c3:7ef4:99b:2c66"), AddressKind::LinkLocal(Some(_))));
        assert!(!kind("fe80::ff:fe00:7c01").identifies_a_device());
    }

    #[test]
    fn prefixes_contain_their_addresses_only() {
        let prefix: Ipv6Prefix = "fd4b:dff1:338f:1:dead::/64".parse().unwrap();
        assert_eq!(prefix.to_string(), "fd4b:dff1:338f:1::/64");
        assert!(prefix.contains("fd4b:dff1:338f:1:1:2:3:4".parse().unwrap()));
        assert!(!prefix.contains("fd4b:dff1:338f:2::".parse().unwrap()));
        assert!("::/0".parse::<Ipv6Prefix>().unwrap().contains("fd00::1".parse().unwrap()));
        assert!("fd00::/129".parse::<Ipv6Prefix>().is_err());
    }

    #[test]
    fn a_mesh_local_prefix_makes_locators() {
        let prefix = MeshLocalPrefix([0xfd, 0x2c, 0x1f, 0xbe, 0x03, 0xd6, 0xdf, 0xd0]);
        assert_eq!(prefix.rloc(Rloc16::new(0x7c01).unwrap()).to_string(), "fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c01");
    }
}
