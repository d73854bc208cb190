//! Records that were there already (RFC 6347, 4.1.2.6).

/// How far behind the newest record one is still taken.
const WINDOW: u64 = 64;

/// The last records that were authentic.
#[derive(Default)]
pub(super) struct ReplayWindow {
    /// The number after the newest one.
    next: u64,
    /// Bit n: the record n before the newest one was there.
    seen: u64,
}

impl ReplayWindow {
    /// True for a record that may be new. It is noted only by [`Self::note`], when it is known to be authentic.
    pub(super) fn may_be_new(&self, sequence: u64) -> bool {
        match self.next.checked_sub(sequence + 1) {
            None => true,
            Some(behind) => behind < WINDOW && self.seen & 1 << behind == 0,
        }
    }

    /// This record was authentic.
    pub(super) fn note(&mut self, sequence: u64) {
        if sequence >= self.next {
            let ahead = sequence + 1 - self.next;
            self.seen = if ahead < WINDOW { self.seen << ahead | 1 } else { 1 };
            self.next = sequence + 1;
        } else if self.next - 1 - sequence < WINDOW {
            self.seen |= 1 << (self.next - 1 - sequence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_record_is_taken_once_and_old_ones_never() {
        let mut window = ReplayWindow::default();
        for sequence in [0, 5, 3, 69] {
            assert!(window.may_be_new(sequence));
            window.note(sequence);
            assert!(!window.may_be_new(sequence));
        }
        // 69 is the newest: 6 is the last one of the window.
        assert!(window.may_be_new(6) && !window.may_be_new(5) && !window.may_be_new(4) && window.may_be_new(70));
        window.note(1 << 47);
        assert!(!window.may_be_new(69) && window.may_be_new((1 << 47) - 63) && !window.may_be_new((1 << 47) - 64));
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_set(sequences in prop::collection::vec(0_u64..300, 0..200)) {
            let mut window = ReplayWindow::default();
            let mut seen = BTreeSet::new();
            for sequence in sequences {
                let newest = seen.last().copied().unwrap_or(0);
                let expected = !seen.contains(&sequence) && sequence + WINDOW > newest;
                prop_assert_eq!(window.may_be_new(sequence), expected);
                if expected {
                    window.note(sequence);
                    seen.insert(sequence);
                }
            }
        }
    }
}
