//! Frame counters, against replay: each sender's counter grows with every frame that it seals with one key (Thread specification 1.4, 7.1.1;
//! OpenThread `Mac::ProcessReceiveSecurity`, `Mle::HandleUdpReceive`).

use super::KeySequence;
use std::collections::BTreeMap;
use weft_model::ExtendedAddress;

/// The most counters that are kept; the one that was used longest ago falls out.
pub const MAX_COUNTERS: usize = 4096;

/// Whose counter, and which of its counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CounterOf {
    /// MAC frames of a sender to one receiver (its short address, as far as a listener knows). A parent keeps a frame for a sleepy child, with its
    /// counter, while it sends others with higher ones: a listener hears the counters of one sender in order only for each receiver.
    Mac {
        /// Who sealed the frame.
        sender: ExtendedAddress,
        /// The destination address, as it stands in the frame.
        receiver: crate::ieee802154::Address,
    },
    /// MLE messages of a sender.
    Mle(ExtendedAddress),
}

/// What a frame counter says of its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// New, or the first that was heard.
    Fresh,
    /// The last one again: the radio repeats a frame that was not acknowledged, with the same counter.
    Repeated,
    /// Older than one that was heard before: a replay, or, of MLE, a message that was overtaken.
    Old,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    sequence: KeySequence,
    counter: u32,
    used: u64,
}

/// The last counter of each sender. Only for frames that a key opened: anybody can write a counter into a frame.
#[derive(Debug, Clone, Default)]
pub struct FrameCounters {
    last: BTreeMap<CounterOf, Last>,
    uses: u64,
}

impl FrameCounters {
    /// Nothing heard.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the counter of a frame that was opened with the key of `sequence`. A newer key sequence begins at any counter.
    pub fn take(&mut self, whose: CounterOf, sequence: KeySequence, counter: u32) -> Freshness {
        self.uses += 1;
        let used = self.uses;
        if let Some(last) = self.last.get_mut(&whose) {
            last.used = used;
            return match (sequence, counter).cmp(&(last.sequence, last.counter)) {
                std::cmp::Ordering::Greater => {
                    (last.sequence, last.counter) = (sequence, counter);
                    Freshness::Fresh
                }
                std::cmp::Ordering::Equal => Freshness::Repeated,
                std::cmp::Ordering::Less => Freshness::Old,
            };
        }
        if self.last.len() >= MAX_COUNTERS
            && let Some(oldest) = self.last.iter().min_by_key(|(_, last)| last.used).map(|(whose, _)| *whose)
        {
            self.last.remove(&oldest);
        }
        self.last.insert(whose, Last { sequence, counter, used });
        Freshness::Fresh
    }

    /// Number of counters kept.
    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// True if nothing was heard.
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }
}
