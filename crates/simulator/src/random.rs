//! Random numbers that are the same on every machine: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
//! Integers only, so that no compiler and no processor can disagree.

/// The step of SplitMix64's counter.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A generator; equal seeds give equal sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random(u64);

impl Random {
    /// A generator with this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        finish(self.0)
    }

    /// A number below `bound`; 0 for a bound of 0. The bias of the remainder is below 2^-32 for the bounds that are used here.
    pub const fn below(&mut self, bound: u64) -> u64 {
        let bits = self.bits();
        if bound == 0 { 0 } else { bits % bound }
    }

    /// An index below `length`; 0 for a length of 0.
    pub const fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A number from `low` to `high`, both included; `low` where `high` is below it.
    pub const fn between(&mut self, low: i32, high: i32) -> i32 {
        let span = high as i64 - low as i64 + 1;
        let offset = self.below(if span < 1 { 1 } else { span as u64 });
        (low as i64 + offset as i64) as i32
    }

    /// True in `percent` of a hundred cases.
    pub const fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let bits = self.bits().to_be_bytes();
            chunk.copy_from_slice(&bits[..chunk.len()]);
        }
        bytes
    }

    /// Puts `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

/// One number of several, each bit of which depends on each bit of all of them: for values that belong to a pair, whoever asks first.
pub(crate) const fn mix(parts: &[u64]) -> u64 {
    let mut state = 0;
    let mut index = 0;
    while index < parts.len() {
        state = finish(state ^ parts[index].wrapping_add(STEP));
        index += 1;
    }
    state
}

const fn finish(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_published_generator() {
        // Vectors of the reference implementation (splitmix64.c by Sebastiano Vigna), seed 1234567.
        let mut random = Random::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let mut random = Random::new(9);
        let seen: std::collections::BTreeSet<i32> = (0..200).map(|_| random.between(-2, 2)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [-2, -1, 0, 1, 2]);
        assert_eq!((random.below(0), random.between(5, 4), random.index(1)), (0, 5, 0));
        assert_eq!(random.bytes::<11>().len(), 11);
    }

    #[test]
    fn a_mixed_number_depends_on_order_and_every_part() {
        assert_eq!(mix(&[1, 2]), mix(&[1, 2]));
        let numbers = [mix(&[1, 2]), mix(&[2, 1]), mix(&[1]), mix(&[1, 2, 0]), mix(&[])];
        let distinct: std::collections::BTreeSet<u64> = numbers.into_iter().collect();
        assert_eq!(distinct.len(), numbers.len());
    }
}
