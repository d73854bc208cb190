//! Hop-by-hop options as they are compressed (RFC 6282, 4.2; OpenThread `Lowpan::CompressExtensionHeader`).

use super::{IPV6_HEADER_BYTES, next_header};

/// Headers of options are whole units of this.
pub(super) const UNIT_BYTES: usize = 8;

/// One byte of padding.
const PAD_1: u8 = 0;
/// Padding of several bytes.
pub(super) const PAD_N: u8 = 1;
/// Multicast protocol for low-power networks.
pub(super) const MPL: u8 = 0x6d;

/// The packet's source names the sender.
const SEED_IN_SOURCE: u8 = 0;
/// Two bytes name it.
const SEED_OF_TWO_BYTES: u8 = 1;

/// MPL's option: which of its sender's multicast packets this is (RFC 7731, 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MplOption {
    /// Who sent it; `None`: its source address says that. Thread has locators here.
    pub seed: Option<u16>,
    /// Counts the sender's packets, and begins anew behind 255.
    pub sequence: u8,
}

/// MPL's option of a packet, where its first header behind IPv6's has one.
pub fn mpl_option(packet: &[u8]) -> Option<MplOption> {
    let (header, rest) = packet.split_first_chunk::<IPV6_HEADER_BYTES>()?;
    if header[6] != next_header::HOP_BY_HOP {
        return None;
    }
    let length = (usize::from(*rest.get(1)?) + 1) * UNIT_BYTES;
    let mut rest = rest.get(2..length)?;
    while let [kind, after @ ..] = rest {
        if *kind == PAD_1 {
            rest = after;
            continue;
        }
        let (length, after) = after.split_first()?;
        let (value, behind) = after.split_at_checked(usize::from(*length))?;
        if *kind == MPL {
            return match *value {
                [flags, sequence] if flags >> 6 == SEED_IN_SOURCE => Some(MplOption { seed: None, sequence }),
                [flags, sequence, high, low] if flags >> 6 == SEED_OF_TWO_BYTES => Some(MplOption {
                    seed: Some(u16::from_be_bytes([high, low])),
                    sequence,
                }),
                _ => None,
            };
        }
        rest = behind;
    }
    None
}

/// What says: compressed hop-by-hop options. One more: the header behind them is compressed too.
const DISPATCH: u8 = 0xe0;

/// Options that can be compressed.
pub(super) struct Options<'a> {
    /// The header behind them.
    pub(super) next: u8,
    /// Bytes of the packet that they stand for.
    pub(super) stands_for: usize,
    /// The options without the padding at their end.
    content: &'a [u8],
}

/// Reads the options at the start of `rest`. `None` where they have to stay as they are: cut off, or so long that their length has no place.
pub(super) fn compress(rest: &[u8]) -> Option<Options<'_>> {
    let [next, units, ..] = *rest else { return None };
    let stands_for = (usize::from(units) + 1) * UNIT_BYTES;
    let all = rest.get(2..stands_for)?;
    let content = &all[..all.len() - padding(all)];
    (content.len() <= usize::from(u8::MAX)).then_some(Options { next, stands_for, content })
}

/// Bytes of a padding at the end that whoever reads puts there again.
fn padding(options: &[u8]) -> usize {
    let mut rest = options;
    while let [kind, after @ ..] = rest {
        let (value, behind) = match (*kind, after) {
            (PAD_1, _) => (&after[..0], after),
            (_, [length, after @ ..]) => match after.split_at_checked(usize::from(*length)) {
                Some(parts) => parts,
                None => return 0,
            },
            (_, []) => return 0,
        };
        let is_padding = matches!(*kind, PAD_1 | PAD_N) && value.iter().all(|byte| *byte == 0);
        if behind.is_empty() {
            return if is_padding && rest.len() < UNIT_BYTES { rest.len() } else { 0 };
        }
        rest = behind;
    }
    0
}

impl Options<'_> {
    /// Appends them. `is_next_compressed`: the header behind them is.
    pub(super) fn write(&self, is_next_compressed: bool, bytes: &mut Vec<u8>) {
        debug_assert!(!is_next_compressed || self.next == next_header::UDP);
        match is_next_compressed {
            true => bytes.push(DISPATCH | 1),
            false => bytes.extend([DISPATCH, self.next]),
        }
        bytes.push(self.content.len() as u8);
        bytes.extend_from_slice(self.content);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Contexts, compress as compress_packet, decompress, encode_packet, encode_udp, with_mpl_option};
    use super::*;
    use crate::ieee802154::Address;
    use proptest::prelude::*;
    use std::net::Ipv6Addr;

    const CHILD: Address = Address::Short(0x7c02);
    const PARENT: Address = Address::Short(0x7c00);

    fn ends() -> (Ipv6Addr, Ipv6Addr) {
        ("fd2c::ff:fe00:7c02".parse().unwrap(), "ff03::2".parse().unwrap())
    }

    #[test]
    fn the_option_is_written_and_read() {
        let (from, to) = ends();
        let packet = encode_udp((from, 61_631), (to, 61_631), 64, b"who?").unwrap();
        let spread = with_mpl_option(&packet, 255).unwrap();
        assert_eq!((spread.len(), mpl_option(&packet)), (packet.len() + UNIT_BYTES, None));
        assert_eq!(mpl_option(&spread), Some(MplOption { seed: None, sequence: 255 }));
        // Of a sender that its address does not name, as OpenThread's border routers send it.
        let mut named = spread.clone();
        named[40..48].copy_from_slice(&[17, 0, MPL, 4, 0x40, 7, 0x5c, 0]);
        assert_eq!(
            mpl_option(&named),
            Some(MplOption {
                seed: Some(0x5c00),
                sequence: 7
            })
        );
        for options in [
            [PAD_1; 6],
            [PAD_N, 4, 0, 0, 0, 0],
            [MPL, 4, 0, 0, 0, 0],
            [MPL, 2, 0x80, 0, 1, 0],
            [MPL, 9, 0, 0, 1, 0],
        ] {
            named[42..48].copy_from_slice(&options);
            assert_eq!(mpl_option(&named), None, "{options:?}");
        }
        for length in 0..48 {
            assert_eq!(mpl_option(&spread[..length]), None, "cut off");
        }
    }

    #[test]
    fn options_are_left_out_only_where_they_are_put_back() {
        let (from, to) = ends();
        // Options, and how many bytes of them are sent.
        for (options, sent) in [
            ([MPL, 2, 0, 9, PAD_N, 0], 4),
            ([MPL, 3, 0, 9, 9, PAD_1], 5),
            ([PAD_N, 4, 0, 0, 0, 0], 0),
            ([PAD_N, 4, 0, 0, 0, 1], 6),
            ([MPL, 4, 0x40, 9, 0x5c, 0], 6),
            ([PAD_N, 9, 0, 0, 0, 0], 6),
            ([PAD_1; 6], 5),
        ] {
            let rest = [&[17, 0][..], &options].concat();
            assert_eq!(compress(&rest).unwrap().content, &options[..sent]);
            let payload = [&rest[..], &[0, 1, 0, 2, 0, 8, 0, 0]].concat();
            let packet = encode_packet(from, to, next_header::HOP_BY_HOP, 64, &payload).unwrap();
            let (compressed, stands_for) = compress_packet(&packet, CHILD, PARENT, &Contexts::new()).unwrap();
            assert_eq!(stands_for, packet.len(), "UDP is compressed behind them");
            let again = decompress(&compressed, CHILD, PARENT, &Contexts::new(), None).unwrap();
            assert_eq!(again.bytes, packet, "{options:?}");
        }
        assert!(compress(&[17, 1, 0, 0, 0, 0, 0, 0]).is_none(), "cut off");
        assert!(compress(&[17]).is_none());
    }

    proptest! {
        #[test]
        fn packets_with_options_come_back(
            next in prop_oneof![Just(17u8), any::<u8>()],
            units in 0u8..40,
            body in prop::collection::vec(prop_oneof![Just(0u8), Just(1), any::<u8>()], 8..400),
        ) {
            let (from, to) = ends();
            let mut payload = body;
            (payload[0], payload[1]) = (next, units);
            let packet = encode_packet(from, to, next_header::HOP_BY_HOP, 64, &payload).unwrap();
            let (compressed, stands_for) = compress_packet(&packet, CHILD, PARENT, &Contexts::new()).unwrap();
            let compressed = [&compressed[..], &packet[stands_for..]].concat();
            let again = decompress(&compressed, CHILD, PARENT, &Contexts::new(), None).unwrap();
            prop_assert_eq!(again.bytes, packet);
        }
    }
}
