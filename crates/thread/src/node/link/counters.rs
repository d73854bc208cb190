//! The node's own frame counters. None is used twice with the same key: what is on the disk is always ahead of what was sent
//! (Thread specification 1.4, 7.1.1; OpenThread `KeyManager::MacFrameCounterUsed`, `Settings::NetworkInfo`).

use crate::node::Kept;
use weft_model::ExtendedAddress;
use weft_wire::link_security::KeySequence;

/// So many are taken ahead, so that the disk is seldom touched (OpenThread: `OPENTHREAD_CONFIG_STORE_FRAME_COUNTER_AHEAD`).
pub(super) const RESERVE: u32 = 1000;

/// One counter.
#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    /// The next to use.
    next: u32,
    /// Those below it may be used.
    below: u32,
}

impl Counter {
    fn is_used_up(self) -> bool {
        self.next >= self.below
    }

    fn take(&mut self) -> Option<u32> {
        let taken = (!self.is_used_up()).then_some(self.next)?;
        self.next += 1;
        Some(taken)
    }
}

/// The key sequence that is sent with, and both counters.
pub(super) struct OwnCounters {
    address: ExtendedAddress,
    sequence: KeySequence,
    mac: Counter,
    mle: Counter,
    /// Was handed out, and is not confirmed yet.
    keeping: Option<Kept>,
}

impl OwnCounters {
    /// Goes on where the last run may have stopped.
    pub(super) fn new(kept: Kept) -> Self {
        let from = |counter| Counter {
            next: counter,
            below: counter,
        };
        Self {
            address: kept.extended_address,
            sequence: KeySequence(kept.key_sequence),
            mac: from(kept.mac_counter_below),
            mle: from(kept.mle_counter_below),
            keeping: None,
        }
    }

    pub(super) fn sequence(&self) -> KeySequence {
        self.sequence
    }

    /// The next MAC and the next MLE counter.
    pub(super) fn next(&self) -> (u32, u32) {
        (self.mac.next, self.mle.next)
    }

    /// Takes a newer key sequence; its counters begin at 0, as nothing was sent with its keys. An older one changes nothing. True if it was newer.
    pub(super) fn adopt(&mut self, sequence: KeySequence) -> bool {
        let is_newer = sequence > self.sequence;
        if is_newer {
            self.sequence = sequence;
            (self.mac, self.mle) = (Counter::default(), Counter::default());
        }
        is_newer
    }

    fn has_to_be_kept(&self) -> bool {
        // A counter that is used up for good stays so: the keys have to change first.
        (self.mac.is_used_up() || self.mle.is_used_up()) && self.mac.next.max(self.mle.next) < u32::MAX
    }

    /// True if frames may be sent now.
    pub(super) fn is_ready(&self) -> bool {
        self.keeping.is_none() && !self.mac.is_used_up() && !self.mle.is_used_up()
    }

    /// What has to be on the disk before anything more is sent; each is given once.
    pub(super) fn poll_keep(&mut self) -> Option<Kept> {
        if self.keeping.is_some() || !self.has_to_be_kept() {
            return None;
        }
        self.keeping = Some(Kept {
            extended_address: self.address,
            key_sequence: self.sequence.0,
            mac_counter_below: self.mac.next.saturating_add(RESERVE),
            mle_counter_below: self.mle.next.saturating_add(RESERVE),
        });
        self.keeping
    }

    /// What was given last is on the disk.
    pub(super) fn kept(&mut self) {
        // The keys may have changed meanwhile: then the new ones' counters are still to be kept.
        if let Some(kept) = self.keeping.take()
            && kept.key_sequence == self.sequence.0
        {
            self.mac.below = kept.mac_counter_below;
            self.mle.below = kept.mle_counter_below;
        }
    }

    pub(super) fn take_mac(&mut self) -> Option<u32> {
        self.mac.take()
    }

    pub(super) fn take_mle(&mut self) -> Option<u32> {
        self.mle.take()
    }
}
