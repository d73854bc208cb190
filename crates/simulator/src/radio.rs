//! How well one radio hears another: distance, walls, ceilings and shadowing, in integers.

use crate::random::mix;
use serde::Serialize;
use weft_model::{LinkQuality, Rssi};

/// The noise that a margin counts from.
pub const NOISE_FLOOR_DBM: i8 = -100;

/// Loss at one metre.
const LOSS_AT_ONE_METRE_CENTIDB: i64 = 4400;
/// Loss for each doubling of the squared distance: 15 · log10(2), a path loss exponent of 3 (indoors, furnished).
const LOSS_PER_SQUARE_DOUBLING_CENTIDB: i64 = 452;
/// One inner wall.
const WALL_CENTIDB: i64 = 420;
/// So far apart stand walls.
const WALL_SPACING_CM: u64 = 400;
/// One ceiling.
const CEILING_CENTIDB: i64 = 1400;
/// The height of a storey.
const STOREY_CM: i64 = 280;
/// No radio stands nearer than this.
const NEAREST_CM: u64 = 100;
/// Fractional bits of [`log2`].
const FRACTION_BITS: u32 = 10;

/// Where a radio stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Metres from the west wall, in centimetres.
    pub x_cm: i32,
    /// Metres from the south wall, in centimetres.
    pub y_cm: i32,
    /// Storey, 0 at the ground.
    pub floor: i8,
}

impl Position {
    /// The square of the distance to `other`, at least that of one metre.
    pub const fn distance_squared_cm2(self, other: Self) -> u64 {
        let x = self.x_cm as i64 - other.x_cm as i64;
        let y = self.y_cm as i64 - other.y_cm as i64;
        let z = (self.floor as i64 - other.floor as i64) * STOREY_CM;
        let square = (x * x + y * y + z * z) as u64;
        if square < NEAREST_CM * NEAREST_CM {
            NEAREST_CM * NEAREST_CM
        } else {
            square
        }
    }

    /// What a signal loses on its way to `other`, without shadowing.
    pub const fn path_loss_centidb(self, other: Self) -> i64 {
        let square = self.distance_squared_cm2(other);
        let doublings = log2(square) as i64 - log2(NEAREST_CM * NEAREST_CM) as i64;
        let spread = (doublings * LOSS_PER_SQUARE_DOUBLING_CENTIDB) >> FRACTION_BITS;
        let walls = (square.isqrt() / WALL_SPACING_CM) as i64 * WALL_CENTIDB;
        let ceilings = (self.floor as i64 - other.floor as i64).abs() * CEILING_CENTIDB;
        LOSS_AT_ONE_METRE_CENTIDB + spread + walls + ceilings
    }
}

/// What furniture and chance add between two radios: the same both ways, standard deviation about 6 dB.
pub(crate) fn shadowing_centidb(seed: u64, one: u64, other: u64) -> i64 {
    let bits = mix(&[seed, one.min(other), one.max(other)]);
    bits.to_be_bytes()[..4].iter().map(|byte| (i64::from(*byte) - 128) * 5).sum()
}

/// What two receivers differ in: at most 1.5 dB either way.
pub(crate) const fn receiver_centidb(seed: u64, hearer: u64, sender: u64) -> i64 {
    (mix(&[seed, hearer, sender, 1]) % 301) as i64 - 150
}

/// How one radio hears another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reception {
    /// Strength; `None` where the frames do not come by radio (TREL).
    pub rssi: Option<Rssi>,
    /// Above the noise.
    pub margin_db: u8,
    /// Link quality.
    pub quality: LinkQuality,
}

impl Reception {
    /// Over the LAN between border routers: the best quality, and nothing that a radio measured.
    pub const LAN: Self = Self {
        rssi: None,
        margin_db: 0,
        quality: LinkQuality::GOOD,
    };

    /// A signal of this strength, held within what a radio can tell.
    pub fn from_dbm(dbm: i64) -> Self {
        let dbm = dbm.clamp(-128, 0) as i8;
        let margin_db = dbm.saturating_sub(NOISE_FLOOR_DBM).max(0) as u8;
        Self {
            rssi: Rssi::from_dbm(dbm),
            margin_db,
            quality: LinkQuality::from_margin_db(margin_db),
        }
    }
}

/// The binary logarithm of `number` with [`FRACTION_BITS`] fractional bits, rounded down; 0 for 0.
const fn log2(number: u64) -> u64 {
    if number == 0 {
        return 0;
    }
    let whole = 63 - number.leading_zeros() as u64;
    // The number over 2^whole, from 1 to 2, with 31 fractional bits.
    let mut mantissa = if whole >= 31 { number >> (whole - 31) } else { number << (31 - whole) };
    let mut result = whole;
    let mut bit = 0;
    while bit < FRACTION_BITS {
        mantissa = (mantissa * mantissa) >> 31;
        result <<= 1;
        if mantissa >= 1 << 32 {
            mantissa >>= 1;
            result |= 1;
        }
        bit += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_right_to_its_last_bit() {
        for number in [1u64, 2, 3, 10, 10_000, 123_456_789, u64::MAX] {
            let expected = (number as f64).log2() * f64::from(1 << FRACTION_BITS);
            assert!((log2(number) as f64 - expected).abs() <= 1.0, "{number}: {} for {expected}", log2(number));
        }
        assert_eq!(log2(0), 0);
    }

    #[test]
    fn a_signal_loses_what_distance_walls_and_ceilings_take() {
        let at = |x_cm, floor| Position { x_cm, y_cm: 0, floor };
        let loss = |to| at(0, 0).path_loss_centidb(to);
        assert_eq!(loss(at(0, 0)), 4400, "one metre at least");
        assert_eq!(loss(at(200, 0)) - 4400, 2 * 452, "30 · log10(2) dB");
        assert!((loss(at(1000, 0)) - (4400 + 3000 + 2 * 420)).abs() < 20, "ten metres and two walls");
        assert!(loss(at(0, 1)) > loss(at(280, 0)), "a ceiling");
    }

    #[test]
    fn qualities_follow_the_margin() {
        let quality = |dbm| Reception::from_dbm(dbm).quality.get();
        assert_eq!([-79, -80, -90, -98, -99].map(quality), [3, 2, 1, 0, 0]);
        assert_eq!(Reception::from_dbm(20).rssi.map(Rssi::dbm), Some(0));
        assert_eq!(Reception::from_dbm(-500).margin_db, 0);
    }

    #[test]
    fn shadowing_is_the_same_both_ways_and_bounded() {
        for pair in 0..500u64 {
            assert_eq!(shadowing_centidb(7, pair, 3), shadowing_centidb(7, 3, pair));
            assert!(shadowing_centidb(7, pair, 3).abs() <= 2560);
            assert!(receiver_centidb(7, pair, 3).abs() <= 150);
        }
    }
}
