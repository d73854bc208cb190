//! Puts the parts of one queried answer together, in whatever order and however often they arrive.

use super::diagnostic::{AnswerPart, DiagnosticAnswer, decode_parts, part_and_query};
use std::collections::BTreeMap;

/// The most parts of one answer that are kept. A router with 511 children sends about 70.
pub const MAX_PARTS: usize = 512;

/// The most bytes of one answer that are kept, all parts together.
pub const MAX_ASSEMBLY_BYTES: usize = 512 * 1024;

/// What became of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is a part that was not there yet.
    New,
    /// A part of this index is there already; the first is kept.
    Duplicate,
    /// It answers another query, or its index lies beyond the last part: it belongs elsewhere.
    Foreign,
    /// It has no part number: it is an answer of its own (`d/dg`, or firmware before Thread 1.4).
    Alone,
    /// It would exceed [`MAX_PARTS`] or [`MAX_ASSEMBLY_BYTES`].
    TooMuch,
}

/// The parts of *one* peer's answer to *one* query. Peers are told apart by the caller: one assembly for each.
#[derive(Debug, Clone, Default)]
pub struct AnswerAssembly {
    query_id: Option<u16>,
    parts: BTreeMap<u16, Vec<u8>>,
    last: Option<u16>,
    bytes: usize,
}

impl AnswerAssembly {
    /// An assembly without parts; the first part decides which query it is about.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one `d/da` payload.
    pub fn add(&mut self, payload: &[u8]) -> Added {
        let (Some(AnswerPart { index, is_last }), query_id) = part_and_query(payload) else {
            return Added::Alone;
        };
        let is_first = self.parts.is_empty();
        if !is_first && query_id != self.query_id {
            return Added::Foreign;
        }
        if self.parts.contains_key(&index) {
            return Added::Duplicate;
        }
        let contradicts = match (self.last, is_last) {
            (Some(last), false) => index > last,
            (Some(_), true) => true,
            (None, true) => self.parts.last_key_value().is_some_and(|(highest, _)| *highest > index),
            (None, false) => false,
        };
        if contradicts {
            return Added::Foreign;
        }
        if self.parts.len() >= MAX_PARTS || self.bytes + payload.len() > MAX_ASSEMBLY_BYTES {
            return Added::TooMuch;
        }
        self.query_id = query_id;
        self.bytes += payload.len();
        self.parts.insert(index, payload.to_vec());
        if is_last {
            self.last = Some(index);
        }
        Added::New
    }

    /// The query that the parts answer; `None` without parts, or where they do not say it.
    pub fn query_id(&self) -> Option<u16> {
        self.query_id
    }

    /// True once every part from 0 to the last is there.
    pub fn is_complete(&self) -> bool {
        self.last.is_some_and(|last| self.parts.len() == usize::from(last) + 1)
    }

    /// The whole answer, once every part is there.
    pub fn whole(&self) -> Option<DiagnosticAnswer> {
        self.is_complete().then(|| self.so_far())
    }

    /// What the parts that are there say, for when the others never come. Lists that a gap may have touched are incomplete.
    pub fn so_far(&self) -> DiagnosticAnswer {
        let mut answer = decode_parts(self.parts.iter().map(|(index, payload)| (*index, payload.as_slice())));
        if !self.is_complete() {
            use weft_model::FactKind::{ChildAddresses, Children, RouterNeighbors};
            let lists = answer
                .decoded
                .facts
                .iter()
                .map(weft_model::Fact::kind)
                .filter(|kind| matches!(kind, Children | ChildAddresses | RouterNeighbors));
            answer.decoded.incomplete.extend(lists);
            answer.decoded.incomplete.sort_unstable();
            answer.decoded.incomplete.dedup();
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tmf::{decode_answer, encode_answer_parts};
    use proptest::prelude::*;
    use weft_model::{ChildAddressesRow, ExtendedAddress, Fact, FactKind, Rloc16};

    fn facts(children: u16) -> Vec<Fact> {
        let row = |child| ChildAddressesRow {
            rloc16: Rloc16::new(0x2c00 | child).unwrap(),
            addresses: vec![std::net::Ipv6Addr::from(u128::from(child))],
        };
        vec![
            Fact::ExtendedAddress(ExtendedAddress([7; 8])),
            Fact::ChildAddresses((1..=children).map(row).collect()),
        ]
    }

    #[test]
    fn a_late_part_alone_is_no_complete_list() {
        let parts = encode_answer_parts(&facts(9), 7, 100).unwrap();
        assert_eq!(parts.len(), 3);
        let last = decode_answer(&parts[2]);
        assert_eq!(last.closed, [FactKind::ChildAddresses]);
        assert_eq!(last.decoded.incomplete, [FactKind::ChildAddresses]);
        assert_eq!(last.answer, Some(AnswerPart { index: 2, is_last: true }));
        let first = decode_answer(&parts[0]);
        assert_eq!((first.closed, first.decoded.incomplete), (vec![], vec![FactKind::ChildAddresses]));
    }

    #[test]
    fn a_part_that_never_came_leaves_the_list_incomplete() {
        let parts = encode_answer_parts(&facts(9), 7, 100).unwrap();
        let mut assembly = AnswerAssembly::new();
        assert_eq!(assembly.add(&parts[0]), Added::New);
        assert_eq!(assembly.add(&parts[2]), Added::New);
        assert_eq!(assembly.whole(), None);
        assert_eq!(assembly.so_far().decoded.incomplete, [FactKind::ChildAddresses]);
        assert_eq!(assembly.so_far().extended_address, Some(ExtendedAddress([7; 8])));
    }

    #[test]
    fn what_belongs_elsewhere_stays_out() {
        let parts = encode_answer_parts(&facts(9), 7, 100).unwrap();
        let other = encode_answer_parts(&facts(9), 8, 100).unwrap();
        let longer = encode_answer_parts(&facts(20), 7, 100).unwrap();
        let mut assembly = AnswerAssembly::new();
        assert_eq!(assembly.add(&[1, 2, 0x2c, 0]), Added::Alone);
        assert_eq!(assembly.add(&parts[2]), Added::New);
        assert_eq!(assembly.add(&parts[2]), Added::Duplicate);
        assert_eq!(assembly.add(&other[1]), Added::Foreign);
        assert_eq!(assembly.add(&longer[3]), Added::Foreign);
        assert_eq!(assembly.add(longer.last().unwrap()), Added::Foreign);
        assert_eq!(assembly.query_id(), Some(7));
    }

    #[test]
    fn the_number_of_parts_and_bytes_is_bounded() {
        let mut assembly = AnswerAssembly::new();
        let part = |index: u16| [32, 2, (index >> 8) as u8, index as u8];
        for index in 0..MAX_PARTS as u16 {
            assert_eq!(assembly.add(&part(index)), Added::New);
        }
        assert_eq!(assembly.add(&part(MAX_PARTS as u16)), Added::TooMuch);
    }

    proptest! {
        #[test]
        fn parts_in_any_order_and_number_are_the_whole(
            children in 0u16..60,
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
            room in 40usize..900,
        ) {
            let parts = encode_answer_parts(&facts(children), 0x3aab, room).unwrap();
            let mut assembly = AnswerAssembly::new();
            for index in order {
                assembly.add(index.get(parts.as_slice()).as_slice());
            }
            for part in parts.iter().rev() {
                assembly.add(part);
            }
            let whole = assembly.whole().unwrap();
            prop_assert_eq!(whole.decoded.facts, facts(children));
            prop_assert_eq!(whole.decoded.incomplete, Vec::new());
            prop_assert_eq!(whole.answer, Some(AnswerPart { index: 0, is_last: true }));
            prop_assert_eq!(whole.query_id, Some(0x3aab));
        }
    }
}
