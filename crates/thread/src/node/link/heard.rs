//! What was heard lately: nothing is taken twice.

use std::collections::VecDeque;
use std::time::Duration;
use weft_model::ExtendedAddress;
use weft_wire::ieee802154::Address;
use weft_wire::link_security::{CounterOf, FrameCounters, KeySequence};

pub(super) use weft_wire::link_security::Freshness;

/// So many are remembered.
const RECENT: usize = 64;

/// How long something is remembered (OpenThread `Mpl::kSeedEntryLifetime`): counters of multicast packets have 8 bits, and begin anew.
const RECENT_FOR: Duration = Duration::from_secs(5);

/// What was heard in the last seconds.
pub(super) struct Recent<T> {
    heard: VecDeque<(Duration, T)>,
}

impl<T: PartialEq> Recent<T> {
    pub(super) fn new() -> Self {
        Self {
            heard: VecDeque::with_capacity(RECENT),
        }
    }

    /// True if it was not heard lately; it is from now on.
    pub(super) fn is_new(&mut self, what: T, now: Duration) -> bool {
        self.heard.retain(|(at, _)| now.saturating_sub(*at) < RECENT_FOR);
        if self.heard.iter().any(|(_, heard)| *heard == what) {
            return false;
        }
        if self.heard.len() >= RECENT {
            self.heard.pop_front();
        }
        self.heard.push_back((now, what));
        true
    }
}

/// The newest counters of one router: of our parent, or of the one that is to be it. A child has no other neighbour. Of others nothing is taken that the MAC
/// sealed (OpenThread `Mac::ProcessReceiveSecurity`), and their messages prove with our challenges that they are not replayed (`Mle::HandleUdpReceive`).
#[derive(Default)]
pub(super) struct NewestFrames {
    router: Option<ExtendedAddress>,
    counters: FrameCounters,
}

impl NewestFrames {
    /// Follows this router. Another one's counters are forgotten.
    pub(super) fn follow(&mut self, router: ExtendedAddress) {
        if !self.follows(router) {
            self.forget();
            self.router = Some(router);
        }
    }

    /// Its counters are followed.
    pub(super) fn follows(&self, router: ExtendedAddress) -> bool {
        self.router == Some(router)
    }

    /// Follows no router.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Follows this router anew, from the counters that it says are its next.
    pub(super) fn expect(&mut self, router: ExtendedAddress, sequence: KeySequence, mac: u32, mle: u32) {
        self.forget();
        self.router = Some(router);
        for (whose, next) in [(mac_of(router), mac), (CounterOf::Mle(router), mle)] {
            if let Some(last) = next.checked_sub(1) {
                self.counters.take(whose, sequence, last);
            }
        }
    }

    /// Takes the counter of a frame that a key opened.
    pub(super) fn take_mac(&mut self, sender: ExtendedAddress, sequence: KeySequence, counter: u32) -> Freshness {
        self.take(sender, mac_of(sender), sequence, counter)
    }

    /// Takes the counter of a message that a key opened.
    pub(super) fn take_mle(&mut self, sender: ExtendedAddress, sequence: KeySequence, counter: u32) -> Freshness {
        self.take(sender, CounterOf::Mle(sender), sequence, counter)
    }

    fn take(&mut self, sender: ExtendedAddress, whose: CounterOf, sequence: KeySequence, counter: u32) -> Freshness {
        match self.follows(sender) {
            true => self.counters.take(whose, sequence, counter),
            false => Freshness::Fresh,
        }
    }
}

/// One counter for all frames of a sender: those that reach a child whose radio is always on come in their order, whomever they are for.
fn mac_of(sender: ExtendedAddress) -> CounterOf {
    CounterOf::Mac {
        sender,
        receiver: Address::None,
    }
}
