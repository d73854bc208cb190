//! RLOC16 arithmetic (OpenThread `src/core/thread/mle_types.hpp`, Thread specification 1.4, 5.9).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A router's place in the id space of its partition: 0 to 62. 63 means "none" on the wire and is no value of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RouterId(u8);

impl RouterId {
    /// The largest id that a router may have (OT_NETWORK_MAX_ROUTER_ID).
    pub const MAX: u8 = 62;

    /// `None` for 63 and above.
    pub const fn new(value: u8) -> Option<Self> {
        if value <= Self::MAX { Some(Self(value)) } else { None }
    }

    /// The number, 0 to 62.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The router's own RLOC16.
    pub const fn rloc16(self) -> Rloc16 {
        Rloc16((self.0 as u16) << 10)
    }

    /// The RLOC16 of this router's child.
    pub const fn child(self, child: ChildId) -> Rloc16 {
        Rloc16(((self.0 as u16) << 10) | child.0)
    }
}

impl fmt::Display for RouterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A child's place below its parent: 1 to 511.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ChildId(u16);

impl ChildId {
    /// `None` for 0 (which means the router itself) and above 511.
    pub const fn new(value: u16) -> Option<Self> {
        if value >= 1 && value <= 0x1ff { Some(Self(value)) } else { None }
    }

    /// The number, 1 to 511.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// A routing locator: router id in bits 15..10, bit 9 reserved (always 0), child id in bits 8..0.
///
/// Means something only within one partition (extended PAN id and partition id) and at one moment: it changes whenever the device attaches anew,
/// and is given to somebody else afterwards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rloc16(u16);

impl Rloc16 {
    /// `None` where the number is no locator: router id 63 (0xfffe is "no address", 0xfc00 and above are ALOCs) or the reserved bit set.
    pub const fn new(value: u16) -> Option<Self> {
        if value >> 10 <= RouterId::MAX as u16 && value & 0x0200 == 0 {
            Some(Self(value))
        } else {
            None
        }
    }

    /// The 16 bits.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The id of the router that this is, or that is the parent of this child.
    pub const fn router_id(self) -> RouterId {
        RouterId((self.0 >> 10) as u8)
    }

    /// The child id; `None` for a router.
    pub const fn child_id(self) -> Option<ChildId> {
        ChildId::new(self.0 & 0x1ff)
    }

    /// True iff the low ten bits are zero.
    pub const fn is_router(self) -> bool {
        self.0 & 0x03ff == 0
    }

    /// The parent's RLOC16; `None` for a router.
    pub const fn parent(self) -> Option<Rloc16> {
        if self.is_router() { None } else { Some(Rloc16(self.0 & 0xfc00)) }
    }
}

impl fmt::Display for Rloc16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04x}", self.0)
    }
}

impl fmt::Debug for Rloc16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rloc16({self})")
    }
}

/// A text that is no RLOC16.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an RLOC16 like 0x2c01 with router id 0 to 62 and bit 9 clear, got {0:?}")]
pub struct ParseRloc16Error(String);

impl FromStr for Rloc16 {
    type Err = ParseRloc16Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        u16::from_str_radix(digits, 16)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| ParseRloc16Error(text.chars().take(32).collect()))
    }
}

impl Serialize for Rloc16 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rloc16 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Rloc16 {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::identifier::text_schema("RLOC16, 0x and four hexadecimal digits")
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Rloc16 {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_locator_contains_its_parent() {
        let child = Rloc16::new(0x2c01).unwrap();
        assert_eq!(child.router_id().get(), 11);
        assert_eq!(child.child_id().unwrap().get(), 1);
        assert_eq!(child.parent().unwrap().to_string(), "0x2c00");
        assert!(!child.is_router());
        assert!(child.parent().unwrap().is_router());
        assert_eq!(child.parent().unwrap().parent(), None);
    }

    #[test]
    fn numbers_that_are_no_locator_are_refused() {
        for none in [0xfffe, 0xffff, 0xfc00, 0xfc38, 0x2e01, 0x0200] {
            assert_eq!(Rloc16::new(none), None, "{none:#06x}");
        }
        assert_eq!(Rloc16::new(0xf800).unwrap().router_id().get(), 62);
        assert_eq!(Rloc16::new(0).unwrap().router_id().get(), 0);
    }

    proptest! {
        #[test]
        fn every_locator_is_router_id_and_child_id(value: u16) {
            if let Some(rloc16) = Rloc16::new(value) {
                let again = match rloc16.child_id() {
                    Some(child) => rloc16.router_id().child(child),
                    None => rloc16.router_id().rloc16(),
                };
                prop_assert_eq!(again, rloc16);
                prop_assert_eq!(rloc16.to_string().parse::<Rloc16>().unwrap(), rloc16);
            }
        }
    }
}
