//! Pseudonyms: keyed functions of the values that they stand for, so that the same value always gets the same one, without a table.

use sha2::{Digest, Sha256};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Letters of made-up names: no vowels, so that no word comes out.
const LETTERS: &[u8; 19] = b"bcdfghjkmnpqrstvwxz";
/// Prefix of the addresses that documentation uses (RFC 3849): global prefixes move there.
const DOCUMENTATION: [u8; 4] = [0x20, 0x01, 0x0d, 0xb8];
/// Interface ids of this form are locators.
const LOCATOR: [u8; 6] = [0, 0, 0, 0xff, 0xfe, 0];
/// What the stack says before it was ever given a network (OpenThread `extended_pan_id_manager.hpp`, `mle.hpp`, `network_name.hpp`): decoders know these values.
const DEFAULT_EXTENDED_PAN_ID: [u8; 8] = [0xde, 0xad, 0x00, 0xbe, 0xef, 0x00, 0xca, 0xfe];
const DEFAULT_MESH_LOCAL_PREFIX: [u8; 8] = [0xfd, 0xde, 0xad, 0x00, 0xbe, 0xef, 0, 0];
const DEFAULT_NETWORK_NAME: &str = "OpenThread";
/// Node ids from here on are random numbers, and keep their width.
const FIRST_RANDOM_NODE: u64 = 1 << 32;

/// Makes pseudonyms of one export.
#[derive(Clone)]
pub(super) struct Pseudonyms {
    salt: [u8; 32],
}

impl Pseudonyms {
    pub(super) fn new(salt: [u8; 32]) -> Self {
        Self { salt }
    }

    /// A keyed hash of `value`; `what` keeps uses of one value apart.
    fn hash(&self, what: &str, value: &[u8]) -> [u8; 32] {
        // Salt and number of letters have a fixed length: no two inputs run into each other.
        Sha256::new()
            .chain_update(self.salt)
            .chain_update([what.len() as u8])
            .chain_update(what)
            .chain_update(value)
            .finalize()
            .into()
    }

    fn cut<const N: usize>(&self, what: &str, value: &[u8]) -> [u8; N] {
        let mut cut = [0; N];
        cut.copy_from_slice(&self.hash(what, value)[..N]);
        cut
    }

    /// An extended address, EUI-64, extended PAN id or fabric id. The values that stand for "none" stay.
    pub(super) fn id8(&self, id: [u8; 8]) -> [u8; 8] {
        if [[0; 8], [0xff; 8], DEFAULT_EXTENDED_PAN_ID].contains(&id) {
            id
        } else {
            self.cut("8", &id)
        }
    }

    /// A border agent id.
    pub(super) fn id16(&self, id: [u8; 16]) -> [u8; 16] {
        if id == [0; 16] || id == [0xff; 16] { id } else { self.cut("16", &id) }
    }

    /// A 48-bit hardware address or HomeKit pairing id.
    pub(super) fn mac(&self, address: [u8; 6]) -> [u8; 6] {
        if address == [0; 6] || address == [0xff; 6] {
            address
        } else {
            self.cut("6", &address)
        }
    }

    /// A Matter node id. Small ones stay small enough for programs that read numbers with 53 bits.
    pub(super) fn node(&self, node: u64) -> u64 {
        match node {
            0 => 0,
            FIRST_RANDOM_NODE.. => u64::from_be_bytes(self.id8(node.to_be_bytes())),
            _ => {
                let cut: [u8; 8] = self.cut("node", &node.to_be_bytes());
                1 << 40 | u64::from_be_bytes(cut) >> 24
            }
        }
    }

    /// An IPv4 address: one of 10.0.0.0/8. Loopback, multicast and "any" stay.
    pub(super) fn ipv4(&self, address: Ipv4Addr) -> Ipv4Addr {
        if address.is_loopback() || address.is_multicast() || address.is_unspecified() || address.is_broadcast() {
            return address;
        }
        let [a, b, c] = self.cut("4", &address.octets());
        Ipv4Addr::new(10, a, b, c)
    }

    /// An IPv6 address: prefix and interface id each for itself. What belongs to no device or network stays.
    pub(super) fn ipv6(&self, address: Ipv6Addr) -> Ipv6Addr {
        let mut octets = address.octets();
        if address.is_unspecified() || address.is_loopback() {
            return address;
        }
        if let Some(ipv4) = address.to_ipv4_mapped() {
            return self.ipv4(ipv4).to_ipv6_mapped();
        }
        if address.is_multicast() {
            // Solicited-node addresses end like the address that is asked for; prefix-based ones contain a prefix (RFC 3306).
            if octets[..13] == [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff] {
                let end: [u8; 3] = self.cut("3", &octets[13..]);
                octets[13..].copy_from_slice(&end);
            } else if octets[1] & 0x20 != 0 {
                let prefix = self.prefix(half(&octets[4..12]));
                octets[4..12].copy_from_slice(&prefix);
            }
            return octets.into();
        }
        let (prefix, interface_id) = (self.prefix(half(&octets[..8])), self.interface_id(half(&octets[8..])));
        octets[..8].copy_from_slice(&prefix);
        octets[8..].copy_from_slice(&interface_id);
        octets.into()
    }

    /// An interface id. That of a link-local address keeps belonging to its extended address; locators stay.
    pub(super) fn interface_id(&self, id: [u8; 8]) -> [u8; 8] {
        if id[..6] == LOCATOR || id == [0; 8] {
            return id;
        }
        let flipped = |mut id: [u8; 8]| {
            id[0] ^= 0x02;
            id
        };
        flipped(self.id8(flipped(id)))
    }

    /// The first 64 bits of an address. Prefixes that agree in their first bytes do so afterwards, and in no more; link-local stays.
    pub(super) fn prefix(&self, prefix: [u8; 8]) -> [u8; 8] {
        if [[0; 8], [0xfe, 0x80, 0, 0, 0, 0, 0, 0], DEFAULT_MESH_LOCAL_PREFIX].contains(&prefix) {
            return prefix;
        }
        let is_global = prefix[0] & 0xe0 == 0x20;
        let kept = if is_global { DOCUMENTATION.len() } else { 1 };
        let mut pseudonym = prefix;
        if is_global {
            pseudonym[..kept].copy_from_slice(&DOCUMENTATION);
        }
        for index in kept..8 {
            pseudonym[index] = self.byte(&prefix[..index], prefix[index]);
        }
        pseudonym
    }

    /// A permutation of bytes that depends on `before`: four Feistel rounds over half bytes, their functions taken from one hash.
    fn byte(&self, before: &[u8], byte: u8) -> u8 {
        let tables = self.hash("prefix", before);
        let (mut left, mut right) = (byte >> 4, byte & 0x0f);
        for round in 0..4 {
            let entry = tables[round * 8 + usize::from(right / 2)];
            let mixed = left ^ if right % 2 == 0 { entry >> 4 } else { entry & 0x0f };
            (left, right) = (right, mixed);
        }
        left << 4 | right
    }

    /// A name: letters, as many as `name` has bytes. Case does not count.
    pub(super) fn text(&self, name: &str) -> String {
        if name == DEFAULT_NETWORK_NAME {
            return name.to_owned();
        }
        let lower = name.to_lowercase();
        let mut text = String::with_capacity(name.len());
        let mut block: u32 = 0;
        while text.len() < name.len() {
            let hash = self.hash("text", &[&block.to_be_bytes(), lower.as_bytes()].concat());
            let letters = hash.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
            text.extend(letters.take(name.len() - text.len()));
            block = block.wrapping_add(1);
        }
        text
    }

    /// A number without meaning, as text: every hexadecimal digit changed, everything else kept.
    pub(super) fn digits(&self, digits: &str) -> String {
        let is_decimal = digits.bytes().all(|byte| !byte.is_ascii_alphabetic());
        let hash = self.hash("digits", digits.as_bytes());
        let changed = digits.chars().enumerate().map(|(index, digit)| {
            let nibble = u32::from(hash[index / 2 % hash.len()] >> (index % 2 * 4) & 0x0f);
            match digit {
                '0'..='9' if is_decimal => char::from_digit(nibble % 10, 10),
                '0'..='9' | 'a'..='f' => char::from_digit(nibble, 16),
                'A'..='F' => char::from_digit(nibble, 16).map(|digit| digit.to_ascii_uppercase()),
                'g'..='z' | 'G'..='Z' => Some(char::from(LETTERS[nibble as usize])),
                other => Some(other),
            }
        });
        changed.flatten().collect()
    }
}

/// Eight bytes of a longer array.
fn half(bytes: &[u8]) -> [u8; 8] {
    let mut half = [0; 8];
    half.copy_from_slice(&bytes[..8]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use weft_model::{AddressKind, ExtendedAddress};

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms::new([7; 32])
    }

    #[test]
    fn what_belongs_to_nobody_stays() {
        let names = pseudonyms();
        for text in ["::", "::1", "fe80::ff:fe00:2c01", "ff02::1", "ff03::2", "fe80::"] {
            let address: Ipv6Addr = text.parse().unwrap();
            assert_eq!(names.ipv6(address), address);
        }
        assert_eq!((names.id8([0; 8]), names.id8([0xff; 8]), names.node(0)), ([0; 8], [0xff; 8], 0));
        assert_eq!(
            (names.id8(DEFAULT_EXTENDED_PAN_ID), names.text("OpenThread")),
            (DEFAULT_EXTENDED_PAN_ID, "OpenThread".to_owned())
        );
        assert_eq!(names.ipv4(Ipv4Addr::LOCALHOST), Ipv4Addr::LOCALHOST);
    }

    #[test]
    fn global_prefixes_move_to_documentation_and_multicast_follows_its_prefix() {
        let names = pseudonyms();
        assert!(names.ipv6("2a02:810a:1:2::5".parse().unwrap()).to_string().starts_with("2001:db8:"));
        let unicast = names.ipv6("fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c01".parse().unwrap()).octets();
        let multicast = names.ipv6("ff33:40:fd2c:1fbe:3d6:dfd0:0:1".parse().unwrap()).octets();
        assert_eq!(unicast[..8], multicast[4..12]);
        assert_eq!(unicast[8..], [0, 0, 0, 0xff, 0xfe, 0, 0x7c, 1]);
        assert_ne!(names.ipv6("ff02::1:ff12:3456".parse().unwrap()).octets()[13..], [0x12, 0x34, 0x56]);
    }

    #[test]
    fn another_salt_gives_other_pseudonyms() {
        let other = Pseudonyms::new([8; 32]);
        assert_ne!(pseudonyms().id8([1; 8]), other.id8([1; 8]));
        assert_ne!(pseudonyms().text("Kitchen"), other.text("Kitchen"));
    }

    proptest! {
        #[test]
        fn link_local_addresses_keep_belonging_to_their_radio(radio: [u8; 8]) {
            let radio = ExtendedAddress(radio);
            prop_assume!(AddressKind::of(radio.to_link_local()) == AddressKind::LinkLocal(Some(radio)) && radio.0[..6] != [2, 0, 0, 0xff, 0xfe, 0]);
            let names = pseudonyms();
            prop_assert_eq!(names.ipv6(radio.to_link_local()), ExtendedAddress(names.id8(radio.0)).to_link_local());
        }

        #[test]
        fn prefixes_agree_as_far_as_they_did(prefix: [u8; 7], other: [u8; 7], same in 0usize..8, class in prop::sample::select(vec![0xfdu8, 0x2a])) {
            let names = pseudonyms();
            let (mut a, mut b) = ([class; 8], [class; 8]);
            a[1..].copy_from_slice(&prefix);
            b[1..].copy_from_slice(&other);
            b[..same].copy_from_slice(&a[..same]);
            let agree = |a: [u8; 8], b: [u8; 8]| a.iter().zip(b).take_while(|(a, b)| **a == *b).count();
            let (before, after) = (agree(a, b), agree(names.prefix(a), names.prefix(b)));
            // Global prefixes lose their first four bytes.
            let is_kept = if class == 0xfd || before >= 4 { before == after } else { after < 8 };
            prop_assert!(is_kept, "{} {}", before, after);
        }

        #[test]
        fn names_keep_their_length(name in "\\PC{0,40}") {
            let text = pseudonyms().text(&name);
            prop_assert_eq!(text.len(), name.len());
            prop_assert_eq!(pseudonyms().digits(&name).chars().count(), name.chars().count());
            prop_assert_eq!(text, pseudonyms().text(&name));
        }
    }
}
