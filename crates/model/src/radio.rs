//! Radio units. Thread's link quality and the radio's LQI are two types, because they share a name in many tools and nothing else.

use serde::{Deserialize, Serialize, Serializer};

/// Thread link quality, 0 (no link) to 3 (good), from the link margin (Thread specification 1.4, 4.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct LinkQuality(u8);

impl LinkQuality {
    /// No link.
    pub const NONE: Self = Self(0);
    /// The best.
    pub const GOOD: Self = Self(3);

    /// `None` above 3: the number is on another scale.
    pub const fn new(value: u8) -> Option<Self> {
        if value <= 3 { Some(Self(value)) } else { None }
    }

    /// The number, 0 to 3.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The quality that OpenThread gives a link margin in dB (`src/core/thread/link_quality.cpp`, thresholds 20, 10, 2, without hysteresis).
    pub const fn from_margin_db(margin_db: u8) -> Self {
        match margin_db {
            21.. => Self(3),
            11..=20 => Self(2),
            3..=10 => Self(1),
            _ => Self(0),
        }
    }

    /// What one hop over a link of this quality adds to a path cost; `None` without a link (OpenThread `CostForLinkQuality`).
    pub const fn cost(self) -> Option<u8> {
        match self.0 {
            3 => Some(1),
            2 => Some(2),
            1 => Some(4),
            _ => None,
        }
    }
}

/// The link quality indicator of an IEEE 802.15.4 radio, 0 to 255, as a dongle reports it of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RadioLqi(pub u8);

/// A received signal strength in dBm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Rssi(i8);

impl Rssi {
    /// `None` for 127, which stands for "not measured", and for positive numbers: no receiver hears that.
    pub const fn from_dbm(value: i8) -> Option<Self> {
        if value <= 0 { Some(Self(value)) } else { None }
    }

    /// The strength in dBm, never positive.
    pub const fn dbm(self) -> i8 {
        self.0
    }
}

/// A frame or message error rate in hundredths of a percent; written as percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorRate(u16);

impl ErrorRate {
    /// From the 16-bit scale of TMF and OpenThread, where 0xffff is 100 %.
    pub const fn from_u16_scale(value: u16) -> Self {
        Self(((value as u32 * 10_000 + 0x7fff) / 0xffff) as u16)
    }

    /// From whole percent, as Matter reports it; above 100 the number is on another scale.
    pub const fn from_percent(value: u8) -> Option<Self> {
        if value <= 100 { Some(Self(value as u16 * 100)) } else { None }
    }

    /// The rate in percent, 0.0 to 100.0.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl Serialize for ErrorRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.percent())
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for ErrorRate {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Number)
            .description(Some("error rate in percent, 0 to 100"))
            .into()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for ErrorRate {}

/// An IEEE 802.15.4 channel of the 2.4 GHz band, 11 to 26.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(try_from = "u16", into = "u16")]
pub struct Channel(u8);

impl Channel {
    /// `None` outside 11 to 26.
    pub const fn new(value: u16) -> Option<Self> {
        if value >= 11 && value <= 26 { Some(Self(value as u8)) } else { None }
    }

    /// The channel number.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// All of them, the lowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (11..=26).map(Self)
    }
}

impl TryFrom<u16> for Channel {
    type Error = &'static str;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a channel is a number from 11 to 26")
    }
}

impl From<Channel> for u16 {
    fn from(channel: Channel) -> Self {
        Self::from(channel.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_another_scale_are_refused() {
        assert_eq!(LinkQuality::new(4), None);
        assert_eq!(LinkQuality::new(255), None);
        assert_eq!(Rssi::from_dbm(127), None);
        assert_eq!(ErrorRate::from_percent(101), None);
        assert_eq!(Channel::new(10), None);
        assert_eq!(Channel::all().collect::<Vec<_>>(), (0..300).filter_map(Channel::new).collect::<Vec<_>>());
    }

    #[test]
    fn error_rates_are_percent() {
        assert_eq!(ErrorRate::from_u16_scale(0xffff).percent(), 100.0);
        assert_eq!(ErrorRate::from_u16_scale(0).percent(), 0.0);
        assert_eq!(ErrorRate::from_percent(52).map(ErrorRate::percent), Some(52.0));
    }
}
