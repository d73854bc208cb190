//! What became of the frames, in numbers.

use std::collections::BTreeMap;
use weft_model::PanId;

/// The most PAN ids that are told apart.
pub const MAX_PANS: usize = 64;

/// Frames of one PAN.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PanCounts {
    /// All of them.
    pub frames: u64,
    /// Sealed ones that the key opened, and messages that it opened.
    pub opened: u64,
    /// Sealed ones that it did not, although their sender is known; messages too.
    pub closed: u64,
}

/// What became of the frames. All numbers count since the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that came in.
    pub frames: u64,
    /// Frames that are no IEEE 802.15.4 as Thread uses it.
    pub malformed: u64,
    /// Acknowledgments that belong to a frame that was heard.
    pub acknowledgments: u64,
    /// Acknowledgments that do not.
    pub stray_acknowledgments: u64,
    /// Data polls.
    pub data_polls: u64,
    /// Beacons, and requests for them.
    pub beacons: u64,
    /// Announce frames: sent on channels that are not their network's.
    pub announces: u64,
    /// Frames of which nothing can be said: without PAN or sender, or from a short address that is no RLOC16.
    pub nameless: u64,
    /// Frames of pairs for which there was no room left.
    pub left_out: u64,
    /// Sealed frames that the network key opened.
    pub opened_frames: u64,
    /// Sealed frames whose sender's extended address is not known: the capture began after it was told.
    pub unknown_senders: u64,
    /// Sealed frames with another key than the network's.
    pub closed_frames: u64,
    /// MLE messages that the network key opened.
    pub opened_messages: u64,
    /// MLE messages that it did not.
    pub closed_messages: u64,
    /// Frames and messages with a frame counter that is older than one that was heard before: not used.
    pub replayed: u64,
    /// Messages that were sent again, because nobody acknowledged them: used once.
    pub repeated: u64,
    /// Management messages that went by.
    pub management: u64,
    /// Management messages whose sender cannot be told: the prefix of its address is not known yet.
    pub without_prefix: u64,
    /// Payloads that are no 6LoWPAN, no MLE, no CoAP.
    pub not_understood: u64,
    /// By PAN id, since the key was set last.
    pub pans: BTreeMap<PanId, PanCounts>,
    /// Frames of further PAN ids.
    pub other_pans: u64,
}

impl Counts {
    /// The counts of a PAN; `None` where there are too many.
    pub(super) fn pan(&mut self, pan_id: Option<PanId>) -> Option<&mut PanCounts> {
        let pan_id = pan_id.filter(|pan_id| *pan_id != PanId::BROADCAST)?;
        if self.pans.len() >= MAX_PANS && !self.pans.contains_key(&pan_id) {
            self.other_pans += 1;
            return None;
        }
        Some(self.pans.entry(pan_id).or_default())
    }

    /// PANs of which the key opened nothing: other networks. Says something only where there is a key.
    pub fn foreign(&self) -> impl Iterator<Item = (PanId, u64)> {
        self.pans
            .iter()
            .filter(|(_, counts)| counts.opened == 0)
            .map(|(pan_id, counts)| (*pan_id, counts.frames))
    }
}
