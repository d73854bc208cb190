//! Moments, as values. Nothing here reads a clock.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment in milliseconds since 1970-01-01 UTC; written as RFC 3339 with milliseconds. Years 1970 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest moment that can be said.
    pub const MIN: Self = Self(0);
    /// The latest moment that can be said: 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The moment, held within [`Timestamp::MIN`] and [`Timestamp::MAX`].
    pub const fn from_unix_milliseconds(milliseconds: i64) -> Self {
        if milliseconds < Self::MIN.0 {
            Self::MIN
        } else if milliseconds > Self::MAX.0 {
            Self::MAX
        } else {
            Self(milliseconds)
        }
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn unix_milliseconds(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_unix_milliseconds(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// The moment `seconds` earlier: how a device-relative age becomes a time.
    pub const fn minus_seconds(self, seconds: i64) -> Self {
        self.plus_seconds(seconds.saturating_neg())
    }

    /// Milliseconds from `earlier` to this moment; negative if it is later.
    pub const fn milliseconds_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Whole seconds from `earlier` to this moment, rounded down.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.milliseconds_since(earlier).div_euclid(1000)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).map_err(|_| fmt::Error)?;
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second, millisecond) = moment.to_hms_milli();
        write!(
            f,
            "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z",
            u8::from(month)
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

/// A text that is no RFC 3339 moment between 1970 and 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a time like 2026-11-20T12:00:00.000Z, got {0:?}")]
pub struct ParseTimestampError(String);

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseTimestampError(text.chars().take(64).collect());
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| error())?;
        let milliseconds = i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).map_err(|_| error())?;
        (Self::MIN.0..=Self::MAX.0)
            .contains(&milliseconds)
            .then_some(Self(milliseconds))
            .ok_or_else(error)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::identifier::text_schema("a moment, RFC 3339, UTC, with milliseconds")
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_moment_reads_and_writes_rfc_3339_with_milliseconds() {
        let moment: Timestamp = "2026-11-20T13:00:00+01:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-11-20T12:00:00.000Z");
        assert_eq!(moment.minus_seconds(61).to_string(), "2026-11-20T11:58:59.000Z");
        assert_eq!(Timestamp::from_unix_milliseconds(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::from_unix_milliseconds(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "2026-11-20"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_moment_are_inverse(milliseconds in 0i64..=253_402_300_799_999) {
            let moment = Timestamp::from_unix_milliseconds(milliseconds);
            prop_assert_eq!(moment.to_string().parse::<Timestamp>().unwrap(), moment);
        }
    }
}
