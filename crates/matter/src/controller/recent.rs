//! A map that forgets what was put into it longest ago.

use std::collections::BTreeMap;

/// At most so many entries. Numbers of exchanges begin anew at 0, so that the order of keys says nothing of age.
pub(super) struct Recent<K, V> {
    most: usize,
    next: u64,
    entries: BTreeMap<K, (u64, V)>,
    by_age: BTreeMap<u64, K>,
}

impl<K: Ord + Clone, V> Recent<K, V> {
    /// With room for `most` entries.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            next: 0,
            entries: BTreeMap::new(),
            by_age: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// Puts it in as the youngest, in the place of what the key had before.
    pub(super) fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        self.by_age.insert(self.next, key.clone());
        self.entries.insert(key, (self.next, value));
        self.next += 1;
        if self.entries.len() > self.most
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.entries.remove(&oldest);
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (age, value) = self.entries.remove(key)?;
        self.by_age.remove(&age);
        Some(value)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.entries.len(), self.by_age.len());
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_whatever_its_key() {
        let mut recent = Recent::new(2);
        recent.insert(9, 'a');
        recent.insert(5, 'b');
        recent.insert(9, 'c');
        recent.insert(0, 'd');
        assert_eq!((recent.get(&5), recent.get(&9), recent.get(&0)), (None, Some(&'c'), Some(&'d')));
        assert_eq!(recent.remove(&9), Some('c'));
        assert_eq!((recent.remove(&9), recent.len()), (None, 1));
    }
}
