//! Expected numbers in millionths: whole-number arithmetic is the same on every machine.

/// Millionths of a device, or of a certainty.
pub(super) type Share = u64;

/// One device; certainty.
pub(super) const ONE: Share = 1_000_000;

/// The product of two shares. Both stay far below 2⁴⁴: devices are counted in thousands.
pub(super) fn times(left: Share, right: Share) -> Share {
    left.saturating_mul(right) / ONE
}

/// `part` for each of `whole`; nothing where there is none.
pub(super) fn ratio(part: Share, whole: Share) -> Share {
    part.saturating_mul(ONE).checked_div(whole).unwrap_or(0)
}

/// The complement of a certainty.
pub(super) fn not(share: Share) -> Share {
    ONE.saturating_sub(share)
}

/// So many whole devices.
pub(super) fn whole(count: usize) -> Share {
    (count as u64).saturating_mul(ONE)
}

/// To the nearest whole number.
pub(super) fn rounded(share: Share) -> u32 {
    u32::try_from((share + ONE / 2) / ONE).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_many_devices_do_not_overflow() {
        let many = whole(1_000_000);
        assert_eq!(times(many, ONE), many);
        assert_eq!(ratio(many, many), ONE);
        assert_eq!(ratio(ONE, 0), 0);
        assert_eq!((rounded(ONE / 2), rounded(ONE / 2 - 1), rounded(3 * ONE)), (1, 0, 3));
        assert_eq!(not(2 * ONE), 0);
    }
}
