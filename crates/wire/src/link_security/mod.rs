//! The link security of Thread: keys of a network, AES-CCM* of MAC frames and MLE messages (Thread specification 1.4, 4.9 and 7.1;
//! IEEE Std 802.15.4-2015, 9.3; OpenThread `src/core/thread/key_manager.cpp`, `src/core/mac/mac.cpp`, `src/core/thread/mle.cpp`).
//!
//! A [`NetworkKey`] and everything that holds one has neither `Debug` nor `Serialize`, and is overwritten when it is dropped.
//!
//! [`LinkSecurity`] is what a listener needs: it knows the key, learns the key sequence from what it opens, and ties short addresses to
//! extended ones, without which no frame from a short address opens.

mod addresses;
mod ccm;
mod counters;
mod key;
mod listener;
mod ring;

#[cfg(test)]
mod tests;

pub use addresses::{CANDIDATES, MAX_SHORT_ADDRESSES, ShortAddresses};
pub use counters::{CounterOf, FrameCounters, Freshness, MAX_COUNTERS};
pub use key::{InvalidKey, KEY_BYTES, KeySequence, NetworkKey};
pub use listener::{LinkSecurity, OpenedFrame};
pub use ring::{Closed, KeyRing, KeyUsed, OpenedMle};
