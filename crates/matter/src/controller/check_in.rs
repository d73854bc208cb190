//! Check-ins of long-idle devices (Matter core specification 1.4, 4.22 and 9.17).

use crate::fabric::Fabric;
use rs_matter::crypto::{AEAD_CANON_KEY_LEN, CanonAeadKeyRef, Crypto};
use rs_matter::sc::checkin::CheckIn;
use std::cell::RefCell;
use std::collections::BTreeMap;
use weft_model::MatterNodeId;
use zeroize::Zeroizing;

/// Most devices whose check-ins are listened for. Each check-in is tried with each key.
const MAX_DEVICES: usize = 512;

/// Longest payload that is looked at, in bytes: nonce, counter, authentication and the active mode threshold take 35.
const MAX_PAYLOAD_BYTES: usize = 128;

struct Expected {
    key: Zeroizing<[u8; AEAD_CANON_KEY_LEN]>,
    /// The counter of the last that was heard: it only ever grows, and whoever repeats an old one is not the device.
    counter: Option<u32>,
}

/// Whose check-ins are expected.
#[derive(Default)]
pub(crate) struct CheckIns {
    expected: RefCell<BTreeMap<MatterNodeId, Expected>>,
}

impl CheckIns {
    /// Listens for this node's check-ins.
    pub(crate) fn expect(&self, fabric: &Fabric, node: MatterNodeId) {
        let mut expected = self.expected.borrow_mut();
        if expected.len() >= MAX_DEVICES || expected.contains_key(&node) {
            return;
        }
        match fabric.check_in_key(node) {
            Ok(key) => {
                expected.insert(node, Expected { key, counter: None });
            }
            Err(error) => tracing::warn!(%node, %error, "no key for check-ins"),
        }
    }

    /// Listens for it no more.
    pub(crate) fn ignore(&self, node: MatterNodeId) {
        self.expected.borrow_mut().remove(&node);
    }

    /// Who sent this, if it is one of them and not an old one again.
    pub(super) fn open(&self, crypto: impl Crypto, payload: &[u8]) -> Option<MatterNodeId> {
        if payload.len() > MAX_PAYLOAD_BYTES {
            return None;
        }
        self.expected.borrow_mut().iter_mut().find_map(|(node, expected)| {
            let mut payload = payload.to_vec();
            let check_in = CheckIn::new(CanonAeadKeyRef::new(&expected.key)).parse(&crypto, &mut payload).ok()?;
            let counter = check_in.counter;
            // Counters wrap around: what is less than half of all ahead is newer.
            let is_newer = expected.counter.is_none_or(|last| matches!(counter.wrapping_sub(last), 1..=0x7fff_ffff));
            is_newer.then(|| {
                expected.counter = Some(counter);
                *node
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::crypto;
    use proptest::prelude::*;

    const NODE: MatterNodeId = MatterNodeId::from_u64(5);

    fn expecting(node: MatterNodeId) -> CheckIns {
        let check_ins = CheckIns::default();
        let key = Zeroizing::new([7; AEAD_CANON_KEY_LEN]);
        check_ins.expected.borrow_mut().insert(node, Expected { key, counter: None });
        check_ins
    }

    fn sealed(key: u8, counter: u32) -> Vec<u8> {
        let key = [key; AEAD_CANON_KEY_LEN];
        let mut buffer = [0; 64];
        CheckIn::new(CanonAeadKeyRef::new(&key))
            .generate(crypto(), counter, &[0x2c, 0x01], &mut buffer)
            .unwrap()
            .to_vec()
    }

    #[test]
    fn a_check_in_is_its_senders_and_counts_once() {
        let check_ins = expecting(NODE);
        assert_eq!(check_ins.open(crypto(), &sealed(7, 10)), Some(NODE));
        assert_eq!(check_ins.open(crypto(), &sealed(7, 10)), None, "repeated");
        assert_eq!(check_ins.open(crypto(), &sealed(7, 9)), None, "older");
        assert_eq!(check_ins.open(crypto(), &sealed(7, 11)), Some(NODE));
        assert_eq!(check_ins.open(crypto(), &sealed(8, 12)), None, "another's key");
        check_ins.ignore(NODE);
        assert_eq!(check_ins.open(crypto(), &sealed(7, 13)), None);
    }

    #[test]
    fn the_counter_wraps_around() {
        let check_ins = expecting(NODE);
        assert_eq!(check_ins.open(crypto(), &sealed(7, u32::MAX)), Some(NODE));
        assert_eq!(check_ins.open(crypto(), &sealed(7, 0)), Some(NODE));
        assert_eq!(check_ins.open(crypto(), &sealed(7, u32::MAX)), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_nobodys(bytes in proptest::collection::vec(any::<u8>(), 0..160)) {
            prop_assert_eq!(expecting(NODE).open(crypto(), &bytes), None);
        }
    }
}
