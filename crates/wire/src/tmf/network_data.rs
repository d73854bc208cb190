//! Thread network data, as far as the prefixes that devices take routable addresses from (Thread specification 1.4, 5.18;
//! OpenThread `src/core/thread/network_data_tlvs.hpp`). Its TLVs keep the type in bits 7..1 and "stable" in bit 0; lengths are never extended.

use crate::{Problem, Reader};
use std::collections::BTreeSet;
use std::net::Ipv6Addr;
use weft_model::Ipv6Prefix;

/// The most off-mesh-routable prefixes that are kept of one network data; OpenThread's leader keeps 254 bytes in all.
pub const MAX_PREFIXES: usize = 64;

const STABLE: u8 = 1;
const PREFIX: u8 = 1;
const BORDER_ROUTER: u8 = 2;
/// Bytes of one border router entry: RLOC16 and flags.
const BORDER_ROUTER_ENTRY_BYTES: usize = 4;
/// Border router flag: devices configure addresses themselves.
const SLAAC: u16 = 1 << 12;
/// Border router flag: addresses of the prefix are on the mesh.
const ON_MESH: u16 = 1 << 8;
/// The length of an off-mesh-routable prefix in bits.
const OMR_PREFIX_BITS: u8 = 64;

/// The off-mesh-routable prefixes in network data, sorted: stable, on-mesh, SLAAC, /64 and not link-local (OpenThread `IsValidOmrPrefix`).
/// A deprecated prefix (no longer preferred) counts: devices still have addresses from it.
///
/// # Errors
/// The first place that could not be read, together with what was understood before it.
pub fn decode_omr_prefixes(bytes: &[u8]) -> (Vec<Ipv6Prefix>, Option<Problem>) {
    let mut prefixes = BTreeSet::new();
    let problem = read(bytes, &mut prefixes).err();
    (prefixes.into_iter().collect(), problem)
}

fn read(bytes: &[u8], prefixes: &mut BTreeSet<Ipv6Prefix>) -> Result<(), Problem> {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let (kind, _, offset, value) = header(&mut reader)?;
        if kind == PREFIX {
            let prefix = omr_prefix(value).map_err(|problem| problem.within("prefix", offset))?;
            if let Some(prefix) = prefix
                && prefixes.insert(prefix)
                && prefixes.len() > MAX_PREFIXES
            {
                prefixes.remove(&prefix);
                return Err(Problem::at("prefixes", offset, format!("more than {MAX_PREFIXES}")));
            }
        }
    }
    Ok(())
}

/// Type, stable bit, offset of the value, value.
fn header<'a>(reader: &mut Reader<'a>) -> Result<(u8, bool, usize, &'a [u8]), Problem> {
    let kind = reader.u8("type")?;
    let length = usize::from(reader.u8("length")?);
    let offset = reader.position();
    Ok((kind >> 1, kind & STABLE != 0, offset, reader.take("value", length)?))
}

fn omr_prefix(value: &[u8]) -> Result<Option<Ipv6Prefix>, Problem> {
    let mut reader = Reader::new(value);
    reader.u8("domain id")?;
    let bits = reader.u8("prefix length")?;
    let taken = reader.take("prefix", usize::from(bits).div_ceil(8))?;
    let mut octets = [0; 16];
    match octets.get_mut(..taken.len()) {
        Some(front) => front.copy_from_slice(taken),
        None => return Err(Problem::at("prefix length", 1, format!("{bits} bits"))),
    }
    let mut is_omr = false;
    while !reader.is_empty() {
        let (kind, stable, offset, entries) = header(&mut reader)?;
        if kind != BORDER_ROUTER {
            continue;
        }
        let mut entries = Reader::new(entries);
        while !entries.is_empty() {
            entries
                .u16("border router RLOC16")
                .map_err(|problem| problem.within("border router", offset))?;
            let flags = entries.u16("flags").map_err(|problem| problem.within("border router", offset))?;
            is_omr |= stable && flags & ON_MESH != 0 && flags & SLAAC != 0;
        }
    }
    let address = Ipv6Addr::from(octets);
    let is_link_local = address.is_unicast_link_local();
    Ok(Ipv6Prefix::new(address, bits).filter(|_| is_omr && bits == OMR_PREFIX_BITS && !is_link_local))
}

/// Network data with nothing but off-mesh-routable prefixes (/64), served by a border router whose locator it does not tell: for simulated nodes.
/// `None` for a prefix of another length.
pub fn encode_omr_prefixes(prefixes: &[Ipv6Prefix]) -> Option<Vec<u8>> {
    /// Preferred, SLAAC, default route, on-mesh: what a border router registers for its OMR prefix.
    const FLAGS: u16 = 0x3300;
    const NO_RLOC16: u16 = 0xfffe;
    let mut bytes = Vec::new();
    for prefix in prefixes {
        if prefix.length() != OMR_PREFIX_BITS {
            return None;
        }
        let prefix_bytes = usize::from(OMR_PREFIX_BITS / 8);
        let length = 2 + prefix_bytes + 2 + BORDER_ROUTER_ENTRY_BYTES;
        bytes.extend([PREFIX << 1 | STABLE, length as u8, 0, OMR_PREFIX_BITS]);
        bytes.extend_from_slice(&prefix.address().octets()[..prefix_bytes]);
        bytes.extend([BORDER_ROUTER << 1 | STABLE, BORDER_ROUTER_ENTRY_BYTES as u8]);
        bytes.extend(NO_RLOC16.to_be_bytes());
        bytes.extend(FLAGS.to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tmf::vectors::bytes;
    use proptest::prelude::*;

    /// What the leader of a 20-node mesh answered after a border router (0x2800) had registered a prefix and a route.
    const NETWORK_DATA: &str = "\
        03 14 00 40 fd00123456780001 \
            05 04 2800 3300 \
            07 02 11 40 \
        03 0d 00 30 fd00abcd0000 \
            01 03 2800 00 \
        0b 19 80 01 5d 0d 147c00fd2c1fbe03d6dfd00a4a51258498463cd120 \
        08 04 0b 02 0946";

    #[test]
    fn a_prefix_that_is_on_mesh_with_slaac_is_an_omr_prefix_and_a_route_is_none() {
        let (prefixes, problem) = decode_omr_prefixes(&bytes(NETWORK_DATA));
        assert_eq!(prefixes, ["fd00:1234:5678:1::/64".parse().unwrap()]);
        assert_eq!(problem, None);
        assert_eq!(decode_omr_prefixes(&[]), (Vec::new(), None));
    }

    #[test]
    fn each_condition_is_needed() {
        let omr = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut data = bytes("03 10 00 40 fd00123456780001 05 04 2800 3300");
            change(&mut data);
            decode_omr_prefixes(&data).0.len()
        };
        assert_eq!(omr(&|_| ()), 1);
        assert_eq!(omr(&|data| data[16] = 0x13), 1, "deprecated: not preferred any more");
        assert_eq!(omr(&|data| data[16] = 0x23), 0, "no SLAAC");
        assert_eq!(omr(&|data| data[16] = 0x32), 0, "not on mesh");
        assert_eq!(omr(&|data| data[12] = 0x04), 0, "not stable");
        assert_eq!(omr(&|data| data[3] = 63), 0, "not /64");
        assert_eq!(omr(&|data| data[4..6].copy_from_slice(&[0xfe, 0x80])), 0, "link-local");
    }

    #[test]
    fn what_came_before_a_cut_is_kept() {
        let (prefixes, problem) = decode_omr_prefixes(&bytes(NETWORK_DATA)[..30]);
        assert_eq!(prefixes.len(), 1);
        assert!(problem.unwrap().to_string().starts_with("value at byte 24:"), "the second prefix");
        assert!(decode_omr_prefixes(&[3, 3, 0, 255, 1]).1.is_some());
    }

    proptest! {
        #[test]
        fn prefixes_come_back(ids in prop::collection::btree_set(0u32..0x1000_0000, 0..MAX_PREFIXES)) {
            let prefixes: Vec<_> = ids.iter().map(|id| Ipv6Prefix::new(Ipv6Addr::from(u128::from(0xfd00_0000 + id % 0x10_0000) << 96 | u128::from(*id) << 64), 64).unwrap()).collect();
            let prefixes: BTreeSet<_> = prefixes.into_iter().collect();
            let prefixes: Vec<_> = prefixes.into_iter().collect();
            prop_assert_eq!(decode_omr_prefixes(&encode_omr_prefixes(&prefixes).unwrap()), (prefixes, None));
        }

        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(decode_omr_prefixes(&bytes).0.len() <= MAX_PREFIXES);
        }
    }
}
