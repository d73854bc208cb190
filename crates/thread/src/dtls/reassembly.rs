//! Pieces of handshake messages become messages again, whatever their order (RFC 6347, 4.2.3).

use super::handshake::{Fragment, Message};
use std::collections::BTreeMap;

/// The longest message that is put together, in bytes: the longest that either side of this handshake has is half as long.
const MAX_MESSAGE_BYTES: usize = 2_048;
/// So many messages may have pieces here at once: no flight has more.
const MAX_AHEAD: u16 = 6;

/// What a piece was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Of a message that was handed on already: the peer repeats itself.
    Old,
    /// New, or already here, or unusable.
    Other,
}

/// A message of which some pieces are here.
struct Partial {
    kind: u8,
    body: Vec<u8>,
    /// For each byte: it is here.
    here: Vec<bool>,
    missing: usize,
    is_protected: bool,
}

/// The messages that are not whole yet, or not next.
#[derive(Default)]
pub(super) struct Reassembly {
    next: u16,
    partial: BTreeMap<u16, Partial>,
}

impl Reassembly {
    /// Takes a piece. What stands here already is kept where pieces overlap, but a protected piece replaces what came without protection and does not fit it.
    pub(super) fn take(&mut self, fragment: &Fragment<'_>, is_protected: bool) -> Piece {
        let Some(ahead) = fragment.sequence.checked_sub(self.next) else {
            return Piece::Old;
        };
        if ahead >= MAX_AHEAD || fragment.length > MAX_MESSAGE_BYTES {
            return Piece::Other;
        }
        let new = || Partial {
            kind: fragment.kind,
            body: vec![0; fragment.length],
            here: vec![false; fragment.length],
            missing: fragment.length,
            is_protected,
        };
        let partial = self.partial.entry(fragment.sequence).or_insert_with(new);
        if is_protected && !partial.is_protected {
            *partial = new();
        }
        if partial.kind != fragment.kind || partial.body.len() != fragment.length || partial.is_protected != is_protected {
            return Piece::Other;
        }
        let places = partial.body.iter_mut().zip(&mut partial.here).skip(fragment.offset);
        for ((place, here), byte) in places.zip(fragment.part) {
            if !*here {
                (*place, *here) = (*byte, true);
                partial.missing -= 1;
            }
        }
        Piece::Other
    }

    /// The next message, once it is whole, and whether it came protected.
    pub(super) fn next(&mut self) -> Option<(Message, bool)> {
        let sequence = self.next;
        let following = sequence.checked_add(1)?;
        self.partial.get(&sequence).filter(|partial| partial.missing == 0)?;
        let partial = self.partial.remove(&sequence)?;
        self.next = following;
        let message = Message {
            kind: partial.kind,
            sequence,
            body: partial.body,
        };
        Some((message, partial.is_protected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtls::handshake;
    use proptest::prelude::*;

    fn message(sequence: u16, bytes: usize) -> Message {
        Message {
            kind: 2,
            sequence,
            body: (0..bytes).map(|at| at as u8).collect(),
        }
    }

    proptest! {
        #[test]
        fn any_order_and_any_overlap_give_the_messages(seed in any::<u64>(), sizes in prop::collection::vec(0_usize..400, 1..5)) {
            let messages: Vec<Message> = sizes.iter().enumerate().map(|(number, bytes)| message(number as u16, *bytes)).collect();
            let mut pieces: Vec<Vec<u8>> = messages.iter().flat_map(|message| message.pieces(37).chain(message.pieces(53)).collect::<Vec<_>>()).collect();
            let mut state = seed;
            for at in (1..pieces.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                pieces.swap(at, (state >> 33) as usize % (at + 1));
            }
            let mut reassembly = Reassembly::default();
            let mut whole = Vec::new();
            for piece in &pieces {
                for fragment in handshake::read(piece) {
                    reassembly.take(&fragment, false);
                }
                while let Some((message, _)) = reassembly.next() {
                    whole.push(message);
                }
            }
            prop_assert_eq!(whole, messages);
            prop_assert!(reassembly.partial.is_empty());
        }
    }

    #[test]
    fn what_is_old_far_ahead_or_too_long_takes_no_room() {
        let mut reassembly = Reassembly::default();
        let fragment = |sequence, length| Fragment {
            kind: 2,
            length,
            sequence,
            offset: 0,
            part: &[],
        };
        assert_eq!(reassembly.take(&fragment(MAX_AHEAD, 8), false), Piece::Other);
        reassembly.take(&fragment(1, MAX_MESSAGE_BYTES + 1), false);
        assert!(reassembly.partial.is_empty());
        reassembly.take(&fragment(0, 0), false);
        assert_eq!(reassembly.next().map(|(message, _)| message.body), Some(Vec::new()));
        assert_eq!(reassembly.take(&fragment(0, 0), false), Piece::Old);
    }

    #[test]
    fn a_protected_message_is_not_kept_out_by_an_open_one() {
        let mut reassembly = Reassembly::default();
        let open = Fragment {
            kind: 1,
            length: 900,
            sequence: 0,
            offset: 0,
            part: &[1; 12],
        };
        let protected = Fragment {
            kind: 20,
            length: 2,
            sequence: 0,
            offset: 0,
            part: &[7; 2],
        };
        reassembly.take(&open, false);
        reassembly.take(&protected, true);
        reassembly.take(&open, false);
        let (message, is_protected) = reassembly.next().unwrap();
        assert_eq!((message.kind, message.body.as_slice(), is_protected), (20, [7, 7].as_slice(), true));
    }
}
