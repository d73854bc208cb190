//! The messages that came: which were there already, and whose answer is whole.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::net::Ipv6Addr;
use std::time::Duration;
use weft_wire::tmf::{Added, AnswerAssembly, AnswerPart, DiagnosticAnswer, decode_answer};

/// The most messages that are kept of one sweep. 63 routers with 511 children each send some 5,000.
pub(super) const MAX_MESSAGES: usize = 8_192;
/// The most bytes of answers that are put together at a time.
pub(super) const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// What a message turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    /// What this message alone says.
    pub(super) said: DiagnosticAnswer,
    /// The whole answer, if this was its last missing part.
    pub(super) whole: Option<DiagnosticAnswer>,
}

/// The answers of one sweep.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Fingerprints of messages.
    seen: BTreeSet<(Ipv6Addr, u64)>,
    waiting: BTreeMap<(Ipv6Addr, Option<u16>), Waiting>,
    waiting_bytes: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    parts: AnswerAssembly,
    bytes: usize,
    newest: Duration,
}

impl Answers {
    /// Takes an answer (`d/da`) of `peer`; `None` for a duplicate, and where too many came. `is_ours` says whether the answer to that
    /// query is waited for.
    pub(super) fn take(&mut self, peer: Ipv6Addr, payload: &[u8], is_ours: impl Fn(Option<u16>) -> bool, now: Duration) -> Option<Taken> {
        let mut hasher = DefaultHasher::new();
        payload.hash(&mut hasher);
        if self.seen.len() >= MAX_MESSAGES || !self.seen.insert((peer, hasher.finish())) {
            return None;
        }
        let said = decode_answer(payload);
        let whole = match said.answer {
            _ if !is_ours(said.query_id) => None,
            None | Some(AnswerPart { index: 0, is_last: true }) => Some(said.clone()),
            Some(_) => self.put_together(peer, said.query_id, payload, now),
        };
        let whole = whole.filter(says_something);
        Some(Taken { said, whole })
    }

    fn put_together(&mut self, peer: Ipv6Addr, query_id: Option<u16>, payload: &[u8], now: Duration) -> Option<DiagnosticAnswer> {
        if self.waiting_bytes + payload.len() > MAX_WAITING_BYTES {
            return None;
        }
        let key = (peer, query_id);
        let waiting = self.waiting.entry(key).or_default();
        if waiting.parts.add(payload) == Added::New {
            waiting.newest = now;
            waiting.bytes += payload.len();
            self.waiting_bytes += payload.len();
        }
        let whole = waiting.parts.whole()?;
        let done = self.waiting.remove(&key)?;
        self.waiting_bytes -= done.bytes;
        Some(whole)
    }

    /// When the newest part of an answer came that is not whole.
    pub(super) fn newest_part(&self, is_wanted: impl Fn(Ipv6Addr) -> bool) -> Option<Duration> {
        let wanted = self.waiting.iter().filter(|((peer, _), _)| is_wanted(*peer));
        wanted.map(|(_, waiting)| waiting.newest).max()
    }
}

/// Everybody is asked for its name: bytes that do not say one are nobody's answer.
pub(super) fn says_something(answer: &DiagnosticAnswer) -> bool {
    answer.extended_address.is_some() || answer.rloc16.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::{ChildAddressesRow, ExtendedAddress, Fact, Rloc16};
    use weft_wire::tmf::{AnswerFrame, encode_answer, encode_answer_parts};

    const NOW: Duration = Duration::from_secs(1);
    const PEER: Ipv6Addr = Ipv6Addr::LOCALHOST;

    fn facts() -> Vec<Fact> {
        let row = |child: u16| ChildAddressesRow {
            rloc16: Rloc16::new(0x2c00 | child).unwrap(),
            addresses: vec![Ipv6Addr::from(u128::from(child))],
        };
        vec![
            Fact::ExtendedAddress(ExtendedAddress([7; 8])),
            Fact::ChildAddresses((1..=9).map(row).collect()),
        ]
    }

    #[test]
    fn parts_make_an_answer_once_in_any_order() {
        let parts = encode_answer_parts(&facts(), 7, 100).unwrap();
        let mut answers = Answers::default();
        let mut whole = 0;
        for part in parts.iter().rev().chain(&parts) {
            let taken = answers.take(PEER, part, |_| true, NOW);
            whole += usize::from(taken.is_some_and(|taken| taken.whole.is_some()));
        }
        assert_eq!((whole, answers.seen.len()), (1, parts.len()));
        assert!(answers.waiting.is_empty() && answers.waiting_bytes == 0);
    }

    #[test]
    fn another_querys_answer_is_kept_and_completes_nothing() {
        let parts = encode_answer_parts(&facts(), 7, 1_000).unwrap();
        let taken = Answers::default().take(PEER, &parts[0], |query_id| query_id == Some(8), NOW).unwrap();
        assert_eq!((taken.whole, taken.said.query_id), (None, Some(7)));
    }

    #[test]
    fn garbage_is_no_answer() {
        let mut answers = Answers::default();
        for garbage in [&[][..], &[0xff; 40], &[0, 8, 1], &[1, 0]] {
            let taken = answers.take(PEER, garbage, |_| true, NOW).unwrap();
            assert_eq!(taken.whole, None, "{garbage:?}");
        }
        let old = encode_answer(&facts(), AnswerFrame::default()).unwrap();
        assert!(answers.take(PEER, &old, |_| true, NOW).unwrap().whole.is_some());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut answers = Answers::default();
        for number in 0..2 * MAX_MESSAGES as u128 {
            let part = [32, 2, 0, 1, 33, 2, number as u8, (number >> 8) as u8]
                .into_iter()
                .chain([0; 1_000])
                .collect::<Vec<u8>>();
            answers.take(Ipv6Addr::from(number), &part, |_| true, NOW);
        }
        assert_eq!(answers.seen.len(), MAX_MESSAGES);
        assert!(answers.waiting_bytes <= MAX_WAITING_BYTES);
    }
}
