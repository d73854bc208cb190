//! Which extended address stands behind a short one. Frames from short addresses are sealed with the sender's *extended* address in the nonce:
//! a listener learns it from MLE (Source Address of a message from an extended address, Address16 of a Child ID Response).

use std::collections::BTreeMap;
use weft_model::{ExtendedAddress, PanId, Rloc16};

/// The most short addresses that are remembered; the one that was used longest ago falls out.
pub const MAX_SHORT_ADDRESSES: usize = 4096;

/// The most extended addresses that are remembered for one short address: locators are given to others when routers and children move.
pub const CANDIDATES: usize = 4;

#[derive(Debug, Clone, Default)]
struct Candidates {
    /// Last used first.
    addresses: Vec<ExtendedAddress>,
    used: u64,
}

/// Short addresses with the extended addresses that they may stand for.
#[derive(Debug, Clone, Default)]
pub struct ShortAddresses {
    known: BTreeMap<(PanId, Rloc16), Candidates>,
    uses: u64,
}

impl ShortAddresses {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ties a short address to an extended one; it becomes the first to try.
    pub fn learn(&mut self, pan_id: PanId, rloc16: Rloc16, address: ExtendedAddress) {
        if self.known.len() >= MAX_SHORT_ADDRESSES
            && !self.known.contains_key(&(pan_id, rloc16))
            && let Some(oldest) = self.known.iter().min_by_key(|(_, candidates)| candidates.used).map(|(key, _)| *key)
        {
            self.known.remove(&oldest);
        }
        self.uses += 1;
        let candidates = self.known.entry((pan_id, rloc16)).or_default();
        candidates.used = self.uses;
        if candidates.addresses.first() != Some(&address) {
            candidates.addresses.retain(|other| *other != address);
            candidates.addresses.truncate(CANDIDATES - 1);
            candidates.addresses.insert(0, address);
        }
    }

    /// The extended addresses to try, likeliest first.
    pub fn candidates(&self, pan_id: PanId, rloc16: Rloc16) -> &[ExtendedAddress] {
        self.known
            .get(&(pan_id, rloc16))
            .map_or(&[], |candidates| candidates.addresses.as_slice())
    }

    /// The likeliest extended address.
    pub fn resolve(&self, pan_id: PanId, rloc16: Rloc16) -> Option<ExtendedAddress> {
        self.candidates(pan_id, rloc16).first().copied()
    }

    /// Number of short addresses.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}
