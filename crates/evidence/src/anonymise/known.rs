//! Values that were met where their meaning is known, to be found again where it is not: in free text, and in bytes that no decoder reads.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Bound;

/// The shortest name that is looked for in other texts, in bytes; shorter ones are parts of words.
const MIN_NAME_BYTES: usize = 4;
/// The most values of one sort that are remembered. What comes later is still replaced wherever its meaning is known.
const MAX_VALUES: usize = 1_000_000;

/// What was met so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub ids8: BTreeSet<[u8; 8]>,
    pub ids16: BTreeSet<[u8; 16]>,
    pub macs: BTreeSet<[u8; 6]>,
    pub ipv6: BTreeSet<[u8; 16]>,
    pub prefixes: BTreeSet<[u8; 8]>,
    pub ipv4: BTreeSet<Ipv4Addr>,
    /// In lower case, by their first four bytes.
    names: BTreeMap<[u8; MIN_NAME_BYTES], BTreeMap<Vec<u8>, ()>>,
    name_count: usize,
    longest_name_bytes: usize,
}

/// The longest of some names that a text begins with. Thousands of names that begin alike cost hardly more than one.
pub fn longest_prefix<'n, V>(names: &'n BTreeMap<Vec<u8>, V>, text: &[u8]) -> Option<(&'n [u8], &'n V)> {
    let mut bound = text;
    loop {
        // Whatever lies between a beginning of a text and the text has that beginning, too.
        let (name, value) = names.range::<[u8], _>((Bound::Unbounded, Bound::Included(bound))).next_back()?;
        let shared = name.iter().zip(bound).take_while(|(one, other)| one == other).count();
        if shared == name.len() {
            return Some((name, value));
        }
        bound = &bound[..shared];
    }
}

/// True for values that are no number that occurs by chance: at least four different bytes, and none of them half of all.
fn is_telling(bytes: &[u8]) -> bool {
    let mut sorted = bytes.to_vec();
    sorted.sort_unstable();
    let longest = sorted.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or_default();
    sorted.chunk_by(|a, b| a == b).count() >= 4 && longest <= bytes.len() / 2
}

fn remember<T: Ord>(set: &mut BTreeSet<T>, value: T) {
    if set.len() < MAX_VALUES {
        set.insert(value);
    }
}

impl Known {
    pub(super) fn id8(&mut self, id: [u8; 8]) {
        if is_telling(&id) {
            remember(&mut self.ids8, id);
        }
    }

    pub(super) fn id16(&mut self, id: [u8; 16]) {
        if is_telling(&id) {
            remember(&mut self.ids16, id);
        }
    }

    pub(super) fn mac(&mut self, address: [u8; 6]) {
        if is_telling(&address) {
            remember(&mut self.macs, address);
        }
    }

    pub(super) fn ipv4(&mut self, address: Ipv4Addr) {
        remember(&mut self.ipv4, address);
    }

    pub(super) fn ipv6(&mut self, address: Ipv6Addr) {
        let octets = address.octets();
        if !address.is_multicast() && is_telling(&octets) {
            remember(&mut self.ipv6, octets);
            let [prefix, interface_id] = [&octets[..8], &octets[8..]].map(|half| half.first_chunk().copied().unwrap_or_default());
            self.prefix(prefix);
            self.interface_id(interface_id);
        }
    }

    pub(super) fn interface_id(&mut self, mut id: [u8; 8]) {
        if id[..6] != [0, 0, 0, 0xff, 0xfe, 0] {
            id[0] ^= 0x02;
            self.id8(id);
        }
    }

    pub(super) fn prefix(&mut self, prefix: [u8; 8]) {
        if is_telling(&prefix) {
            remember(&mut self.prefixes, prefix);
        }
    }

    pub(super) fn name(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        let Some(start) = name.as_bytes().first_chunk() else { return };
        if self.name_count >= MAX_VALUES {
            return;
        }
        if self.names.entry(*start).or_default().insert(name.as_bytes().to_vec(), ()).is_none() {
            self.name_count += 1;
            self.longest_name_bytes = self.longest_name_bytes.max(name.len());
        }
    }

    /// Bytes of the longest name that `bytes` begin with, whatever the case of its letters.
    pub(super) fn name_at(&self, bytes: &[u8]) -> Option<usize> {
        let names = self
            .names
            .get(&bytes.first_chunk::<MIN_NAME_BYTES>()?.map(|byte| byte.to_ascii_lowercase()))?;
        let here = &bytes[..bytes.len().min(self.longest_name_bytes)];
        longest_prefix(names, &here.to_ascii_lowercase()).map(|(name, ())| name.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_not_looked_for() {
        let mut known = Known::default();
        known.id8(4_u64.to_be_bytes());
        known.id8(0x1_0000_0000_u64.to_be_bytes());
        assert!(known.ids8.is_empty());
        known.id8([0x66, 0xc3, 0x7e, 0xf4, 0x09, 0x9b, 0x2c, 0x66]);
        assert_eq!(known.ids8.len(), 1);
    }

    #[test]
    fn the_longest_name_is_found() {
        let mut known = Known::default();
        for name in ["Kitchen", "Kitchen Strip", "Hall", "Bad", "Kitchen"] {
            known.name(name);
        }
        assert_eq!(known.name_at(b"Kitchen Strip 2"), Some("Kitchen Strip".len()));
        assert_eq!(known.name_at(b"KITCHEN Lamp"), Some("Kitchen".len()));
        assert_eq!((known.name_at(b"Bad"), known.name_at(b"Kit")), (None, None));
        assert_eq!(known.name_count, 3);
    }
}
