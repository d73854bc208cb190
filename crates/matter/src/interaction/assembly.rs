//! Puts together what a node reports in pieces.
//!
//! Long lists come in chunks: first the list as far as it fits, or an empty one, then entries to append, each with a list index that is null (Matter
//! core specification 1.4, 8.9.2.2 and 10.6.4.3.1). Nothing in the protocol tells whether a table changed between two chunks; what came is kept.

use super::AttributeReport;
use super::tlv::{ARRAY, END, Element, Malformed};
use std::collections::BTreeMap;

/// Longest answer to one question, in bytes of values. A neighbour table of a router with every child it can have takes 40 kB.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// Most list entries in one answer.
pub(crate) const MAX_ENTRIES: usize = 16_384;

/// Most attributes in one answer. A bridge with everything that it bridges has some ten thousand.
pub(crate) const MAX_ATTRIBUTES: usize = 65_536;

/// Most messages that one answer comes in: four megabytes take four thousand.
const MAX_CHUNKS: usize = 16_384;

/// Where a piece belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The value, or the list so far: replaces what was there.
    Whole,
    /// An entry at the end of the list.
    Append,
    /// An entry at this place: replaces it, or is appended where it is the next.
    At(u16),
}

/// Why an answer cannot be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssemblyError {
    /// See [`MAX_BYTES`].
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooManyBytes,
    /// See [`MAX_ENTRIES`], [`MAX_ATTRIBUTES`] and [`MAX_CHUNKS`].
    #[error("it has more than {MAX_ENTRIES} list entries, {MAX_ATTRIBUTES} attributes or {MAX_CHUNKS} messages")]
    TooManyEntries,
    /// An entry for a place beyond the end of its list.
    #[error("a list entry came out of order")]
    OutOfOrder,
    /// No TLV.
    #[error("it is not well-formed TLV")]
    Malformed,
}

impl From<Malformed> for AssemblyError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

/// Endpoint, cluster, attribute.
pub(crate) type Key = (u16, u32, u32);

#[derive(Debug)]
enum Value {
    Status(u8),
    Whole(Vec<u8>),
    List(Vec<Vec<u8>>),
}

/// What a node has reported so far.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    attributes: BTreeMap<Key, Value>,
    bytes: usize,
    entries: usize,
    chunks: usize,
}

impl Assembly {
    /// A message begins, be there anything in it or not.
    pub(crate) fn begin_chunk(&mut self) -> Result<(), AssemblyError> {
        self.chunks += 1;
        if self.chunks > MAX_CHUNKS {
            Err(AssemblyError::TooManyEntries)
        } else {
            Ok(())
        }
    }

    /// Takes a piece: one anonymous TLV element.
    pub(crate) fn put(&mut self, key: Key, piece: Piece, value: Vec<u8>) -> Result<(), AssemblyError> {
        // What is replaced is counted too: it was work.
        self.bytes += value.len();
        if self.bytes > MAX_BYTES {
            return Err(AssemblyError::TooManyBytes);
        }
        let element = Element::whole(&value)?;
        if piece == Piece::Whole {
            let value = if element.kind == ARRAY {
                let entries: Vec<Vec<u8>> = element
                    .members()
                    .map(|entry| entry.map(|entry| entry.anonymous()))
                    .collect::<Result<_, _>>()?;
                self.count(entries.len())?;
                Value::List(entries)
            } else {
                Value::Whole(value)
            };
            return self.set(key, value);
        }

        self.count(1)?;
        if !matches!(self.attributes.get(&key), Some(Value::List(_))) {
            self.set(key, Value::List(Vec::new()))?;
        }
        if let Some(Value::List(entries)) = self.attributes.get_mut(&key) {
            match piece {
                Piece::At(at) if usize::from(at) < entries.len() => entries[usize::from(at)] = value,
                Piece::At(at) if usize::from(at) > entries.len() => return Err(AssemblyError::OutOfOrder),
                _ => entries.push(value),
            }
        }
        Ok(())
    }

    /// Takes a status that came in place of a value.
    pub(crate) fn put_status(&mut self, key: Key, status: u8) -> Result<(), AssemblyError> {
        self.set(key, Value::Status(status))
    }

    /// All of it, by path.
    pub(crate) fn finish(self) -> Vec<AttributeReport> {
        let report = |((endpoint, cluster, attribute), value)| AttributeReport {
            endpoint,
            cluster,
            attribute,
            value: match value {
                Value::Status(status) => Err(status),
                Value::Whole(bytes) => Ok(bytes),
                Value::List(entries) => Ok([&[ARRAY], entries.concat().as_slice(), &[END]].concat()),
            },
        };
        self.attributes.into_iter().map(report).collect()
    }

    fn set(&mut self, key: Key, value: Value) -> Result<(), AssemblyError> {
        self.attributes.insert(key, value);
        if self.attributes.len() > MAX_ATTRIBUTES {
            return Err(AssemblyError::TooManyEntries);
        }
        Ok(())
    }

    fn count(&mut self, entries: usize) -> Result<(), AssemblyError> {
        self.entries += entries;
        if self.entries > MAX_ENTRIES {
            Err(AssemblyError::TooManyEntries)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Neighbour table of the root endpoint.
    const TABLE: Key = (0, 0x35, 7);

    fn entry(number: u8) -> Vec<u8> {
        vec![0x15, 0x24, 0x00, number, 0x18]
    }

    fn list(numbers: impl IntoIterator<Item = u8>) -> Vec<u8> {
        let entries: Vec<Vec<u8>> = numbers.into_iter().map(entry).collect();
        [vec![ARRAY], entries.concat(), vec![END]].concat()
    }

    fn only(assembly: Assembly) -> Vec<u8> {
        let mut reports = assembly.finish();
        assert_eq!(reports.len(), 1);
        reports.remove(0).value.unwrap()
    }

    #[test]
    fn a_list_goes_on_where_it_was_cut() {
        let mut assembly = Assembly::default();
        assembly.put(TABLE, Piece::Whole, list([1, 2])).unwrap();
        assembly.put(TABLE, Piece::Append, entry(3)).unwrap();
        assembly.put(TABLE, Piece::Append, entry(4)).unwrap();
        assert_eq!(only(assembly), list([1, 2, 3, 4]));
    }

    #[test]
    fn a_list_that_comes_whole_again_replaces_the_first() {
        let mut assembly = Assembly::default();
        assembly.put(TABLE, Piece::Whole, list([1, 2])).unwrap();
        assembly.put(TABLE, Piece::Append, entry(3)).unwrap();
        assembly.put(TABLE, Piece::Whole, list([9])).unwrap();
        assert_eq!(only(assembly), list([9]));
    }

    #[test]
    fn entries_without_a_list_are_one() {
        for before in [None, Some(vec![0x14])] {
            let mut assembly = Assembly::default();
            before.map(|value| assembly.put(TABLE, Piece::Whole, value));
            assembly.put(TABLE, Piece::Append, entry(3)).unwrap();
            assert_eq!(only(assembly), list([3]));
        }
    }

    #[test]
    fn places_are_kept_and_gaps_are_refused() {
        let mut assembly = Assembly::default();
        assembly.put(TABLE, Piece::Whole, list([1, 2])).unwrap();
        assembly.put(TABLE, Piece::At(0), entry(7)).unwrap();
        assembly.put(TABLE, Piece::At(2), entry(8)).unwrap();
        assert_eq!(assembly.put(TABLE, Piece::At(5), entry(9)), Err(AssemblyError::OutOfOrder));
        assert_eq!(only(assembly), list([7, 2, 8]));
    }

    #[test]
    fn statuses_are_answers() {
        let mut assembly = Assembly::default();
        assembly.put((0, 0x35, 8), Piece::Whole, vec![0x04, 0x05]).unwrap();
        assembly.put_status(TABLE, 0x86).unwrap();
        let values: Vec<_> = assembly.finish().into_iter().map(|report| report.value).collect();
        assert_eq!(values, [Err(0x86), Ok(vec![0x04, 0x05])]);
    }

    #[test]
    fn endless_answers_end() {
        let mut assembly = Assembly::default();
        let outcome = (0..=MAX_ENTRIES).try_for_each(|_| assembly.put(TABLE, Piece::Append, entry(0)));
        assert_eq!(outcome, Err(AssemblyError::TooManyEntries));

        let mut assembly = Assembly::default();
        let long = [&[0x12, 0x00, 0x00, 0x10, 0x00][..], &vec![0; 1 << 20]].concat();
        let outcome = (0..5).try_for_each(|_| assembly.put(TABLE, Piece::Whole, long.clone()));
        assert_eq!(outcome, Err(AssemblyError::TooManyBytes));

        let mut assembly = Assembly::default();
        let outcome = (0..=MAX_ATTRIBUTES as u32).try_for_each(|attribute| assembly.put_status((0, 0, attribute), 1));
        assert_eq!(outcome, Err(AssemblyError::TooManyEntries));
    }

    proptest! {
        /// However a list is cut, it comes out the same.
        #[test]
        fn chunks_make_no_difference(numbers in proptest::collection::vec(any::<u8>(), 0..60), cut in any::<proptest::sample::Index>(), places in any::<bool>()) {
            let cut = cut.index(numbers.len() + 1);
            let mut assembly = Assembly::default();
            assembly.put(TABLE, Piece::Whole, list(numbers[..cut].iter().copied())).unwrap();
            for (at, number) in numbers.iter().enumerate().skip(cut) {
                let piece = if places { Piece::At(at as u16) } else { Piece::Append };
                assembly.put(TABLE, piece, entry(*number)).unwrap();
            }
            prop_assert_eq!(only(assembly), list(numbers));
        }

        /// Whatever comes, what goes out is one well-formed element for each attribute.
        #[test]
        fn never_panics_and_stays_well_formed(
            pieces in proptest::collection::vec((0_u32..3, 0_u8..4, any::<u16>(), proptest::collection::vec(any::<u8>(), 0..12)), 0..40),
        ) {
            let mut assembly = Assembly::default();
            for (attribute, kind, at, bytes) in pieces {
                let _ = match kind {
                    0 => assembly.put((0, 0x35, attribute), Piece::Whole, bytes),
                    1 => assembly.put((0, 0x35, attribute), Piece::Append, bytes),
                    2 => assembly.put((0, 0x35, attribute), Piece::At(at % 4), bytes),
                    _ => assembly.put_status((0, 0x35, attribute), 0x86),
                };
            }
            for report in assembly.finish() {
                if let Ok(value) = report.value {
                    prop_assert!(Element::whole(&value).is_ok());
                }
            }
        }
    }
}
