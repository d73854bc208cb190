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

/// Payloads that are looked at, in bytes: nonce, counter and authentication take 33, and the active mode threshold two more.
const PAYLOAD_BYTES: std::ops::RangeInclusive<usize> = 33..=128;

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
    /// Listens for check-ins of a node that has just been registered with: they count on from here, whatever came before.
    pub(crate) fn registered(&self, fabric: &Fabric, node: MatterNodeId, counter: u32) {
        self.ignore(node);
        self.expect(fabric, node);
        if let Some(expected) = self.expected.borrow_mut().get_mut(&node) {
            expected.counter = Some(counter);
        }
    }

    /// Listens for this node's check-ins.
    pub(crate) fn expect(&self, fabric: &Fabric, node: MatterNodeId) {
        let mut expected = self.expected.borrow_mut();
        if expected.contains_key(&node) {
            return;
        }
        if expected.len() >= MAX_DEVICES {
            tracing::warn!(%node, "check-ins of more than {MAX_DEVICES} devices are not listened for");
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
        if !PAYLOAD_BYTES.contains(&payload.len()) {
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
    fn a_registration_says_where_counting_begins() {
        let folder = std::env::temp_dir().join(format!("weft-check-in-{}", std::process::id()));
        let fabric = Fabric::open(&folder, "test").unwrap();
        let _ = std::fs::remove_dir_all(&folder);
        let key = fabric.check_in_key(NODE).unwrap();
        let check_in = |counter| {
            let mut buffer = [0; 64];
            CheckIn::new(CanonAeadKeyRef::new(&key))
                .generate(crypto(), counter, &[], &mut buffer)
                .unwrap()
                .to_vec()
        };
        let check_ins = CheckIns::default();
        check_ins.registered(&fabric, NODE, 100);
        assert_eq!(check_ins.open(crypto(), &check_in(100)), None, "before the registration");
        assert_eq!(check_ins.open(crypto(), &check_in(101)), Some(NODE));
        // It was reset meanwhile, and counts from elsewhere.
        check_ins.registered(&fabric, NODE, 5);
        assert_eq!(check_ins.open(crypto(), &check_in(6)), Some(NODE));
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
