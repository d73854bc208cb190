//! How much radio time messages take: frames and bytes on the air, estimated from the size of UDP payloads and the number of hops.
//!
//! A frame of IEEE 802.15.4 has 127 bytes. Of those, Thread needs 21 for the MAC (frame control, sequence number, PAN id, two short addresses: 9;
//! security control, counter, key index: 6; integrity code: 4; checksum: 2), and in each frame the 6 of a mesh header (RFC 4944, 5.2), because
//! messages between routers mostly have further to go. IPv6 and UDP, compressed (RFC 6282), take 9: dispatch 2, traffic class 1, an address that
//! the mesh header does not give 2 (the commissioner's), UDP with both ports and checksum 4. What does not fit is cut into fragments (RFC 4944, 5.3) whose
//! offsets are multiples of 8 bytes of the *uncompressed* packet. OpenThread's recorded frames agree. Every hop sends every frame again.
//! Acknowledgments and repetitions of the MAC are not counted. A multicast for the realm has a hop-by-hop option of 8 bytes for MPL (RFC 7731) in place of the mesh header; every router sends
//! it twice (OpenThread `src/core/net/ip6_mpl.hpp`, `kRouterRetransmissions`).

use std::collections::BTreeMap;
use weft_model::{Airtime, LinkQuality, Rloc16, Route64, RouterId};

/// The longest frame.
pub const MAX_FRAME_BYTES: usize = 127;
/// MAC header, security, integrity code and checksum.
const MAC_BYTES: usize = 21;
/// Mesh header with two short addresses.
const MESH_BYTES: usize = 6;
/// IPv6 and UDP headers, compressed.
const COMPRESSED_HEADER_BYTES: usize = 9;
/// The same, not compressed: fragments count in these.
const HEADER_BYTES: usize = 48;
/// The header of the first fragment.
const FIRST_FRAGMENT_BYTES: usize = 4;
/// The header of a later fragment.
const LATER_FRAGMENT_BYTES: usize = 5;
/// Offsets of fragments are multiples of it.
const FRAGMENT_UNIT_BYTES: usize = 8;
/// MPL's option in its hop-by-hop header.
const MPL_BYTES: usize = 8;
/// How often a router sends a multicast message.
pub const MULTICAST_TRANSMISSIONS: u32 = 2;
/// Hops to a node of which no table says how far away it is.
pub const UNKNOWN_HOPS: u32 = 2;

/// One transmission, over one hop, of a UDP payload of so many bytes.
pub fn one_hop(payload_bytes: usize) -> Airtime {
    transmission(payload_bytes, MESH_BYTES + COMPRESSED_HEADER_BYTES, MESH_BYTES, HEADER_BYTES)
}

/// One transmission, by one router, of a multicast message with a UDP payload of so many bytes.
pub fn one_multicast(payload_bytes: usize) -> Airtime {
    transmission(payload_bytes, COMPRESSED_HEADER_BYTES + MPL_BYTES, 0, HEADER_BYTES + MPL_BYTES)
}

/// `first`: bytes of headers in the first frame, without the MAC's and the fragment's; `later`: in the others. `uncompressed`: what the headers of IPv6 and up take in the
/// packet that is cut.
fn transmission(payload_bytes: usize, first: usize, later: usize, uncompressed: usize) -> Airtime {
    let room = MAX_FRAME_BYTES - MAC_BYTES;
    if first + payload_bytes <= room {
        return Airtime {
            frames: 1,
            bytes: (MAC_BYTES + first + payload_bytes) as u64,
        };
    }
    let whole_units = |bytes: usize| bytes / FRAGMENT_UNIT_BYTES * FRAGMENT_UNIT_BYTES;
    let in_first = whole_units(uncompressed + room - first - FIRST_FRAGMENT_BYTES) - uncompressed;
    let in_last = room - later - LATER_FRAGMENT_BYTES;
    let before_last = payload_bytes.saturating_sub(in_first + in_last);
    let later_frames = 1 + before_last.div_ceil(whole_units(in_last));
    let headers = MAC_BYTES + first + FIRST_FRAGMENT_BYTES + later_frames * (MAC_BYTES + later + LATER_FRAGMENT_BYTES);
    Airtime {
        frames: u32::try_from(1 + later_frames).unwrap_or(u32::MAX),
        bytes: (headers + payload_bytes) as u64,
    }
}

/// The same, so many times.
pub fn times(airtime: Airtime, count: u32) -> Airtime {
    Airtime {
        frames: airtime.frames.saturating_mul(count),
        bytes: airtime.bytes.saturating_mul(u64::from(count)),
    }
}

/// What a sweep sent and was sent. Hops are known only when the relay's table comes, so they are multiplied at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    relay: Option<Rloc16>,
    /// To and from each router's own node, one hop of it.
    routers: BTreeMap<RouterId, Airtime>,
    /// To and from each router's children.
    children: BTreeMap<RouterId, Airtime>,
    /// To and from nodes whose place is not known.
    elsewhere: Airtime,
    /// One transmission of each multicast.
    multicasts: Airtime,
    /// Routers by the relay's table.
    hops: BTreeMap<RouterId, u32>,
}

impl Ledger {
    pub(super) fn new(relay: Option<Rloc16>) -> Self {
        Self { relay, ..Self::default() }
    }

    /// Notes a message between the relay and a node.
    pub(super) fn note(&mut self, node: Option<Rloc16>, payload_bytes: usize) {
        let sum = match node {
            Some(node) if node.is_router() => self.routers.entry(node.router_id()).or_default(),
            Some(node) => self.children.entry(node.router_id()).or_default(),
            None => &mut self.elsewhere,
        };
        *sum = sum.plus(one_hop(payload_bytes));
    }

    /// Notes a multicast message of the relay.
    pub(super) fn note_multicast(&mut self, payload_bytes: usize) {
        self.multicasts = self.multicasts.plus(one_multicast(payload_bytes));
    }

    /// Takes distances from the relay's table.
    pub(super) fn measure(&mut self, table: &Route64) {
        for row in &table.routers {
            let link = row.link_quality_in.min(row.link_quality_out);
            let is_direct = link > LinkQuality::NONE && link.cost().is_some_and(|cost| cost <= row.path_cost);
            match row.path_cost {
                0 => self.hops.remove(&row.router_id),
                _ if is_direct => self.hops.insert(row.router_id, 1),
                cost => self.hops.insert(row.router_id, u32::from(cost)),
            };
        }
    }

    /// Hops from the relay to a node.
    pub(super) fn hops(&self, node: Rloc16) -> u32 {
        if self.relay == Some(node) {
            return 0;
        }
        let to_router = match self.relay {
            Some(relay) if relay.router_id() == node.router_id() => u32::from(!relay.is_router()),
            _ => self.hops.get(&node.router_id()).copied().unwrap_or(UNKNOWN_HOPS),
        };
        to_router + u32::from(!node.is_router())
    }

    /// Everything so far, in a mesh of so many routers.
    pub(super) fn total(&self, routers: usize) -> Airtime {
        let senders = u32::try_from(routers.max(1)).unwrap_or(u32::MAX).saturating_mul(MULTICAST_TRANSMISSIONS);
        let mut total = times(self.multicasts, senders).plus(times(self.elsewhere, UNKNOWN_HOPS));
        for (router, sum) in &self.routers {
            total = total.plus(times(*sum, self.hops(router.rloc16())));
        }
        for (parent, sum) in &self.children {
            let hops = match self.relay {
                Some(relay) if relay.router_id() == *parent && !relay.is_router() => 0,
                _ => self.hops(parent.rloc16()) + 1,
            };
            total = total.plus(times(*sum, hops));
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::Route64Row;

    fn row(id: u8, quality: u8, path_cost: u8) -> Route64Row {
        Route64Row {
            router_id: RouterId::new(id).unwrap(),
            link_quality_out: LinkQuality::new(quality).unwrap(),
            link_quality_in: LinkQuality::new(quality).unwrap(),
            path_cost,
        }
    }

    #[test]
    fn frames_fill_up_and_then_there_are_more_of_them() {
        let frames = |bytes| one_hop(bytes).frames;
        assert_eq!((frames(0), frames(91), frames(92), frames(80 + 95), frames(80 + 96)), (1, 1, 2, 2, 3));
        assert_eq!(one_hop(40).bytes, 76);
        assert_eq!(one_hop(91).bytes, 127, "a full frame");
        // Ten frames of a long answer, none longer than a frame can be.
        let long = one_hop(879);
        assert_eq!(long.frames, 10);
        assert!(long.bytes <= 10 * MAX_FRAME_BYTES as u64 && long.bytes > 879 + 10 * 31);
    }

    #[test]
    fn the_estimate_is_what_openthread_sent() {
        // In a recording of its programs (mesh20, frames 2014 and 2018, and 5408): what MAC header and integrity code stand around, plus those.
        let recorded = |carried: &[u64]| carried.iter().map(|bytes| 15 + bytes + 6).sum::<u64>();
        // They went to the asking node's own locator: an address less.
        let headers = COMPRESSED_HEADER_BYTES - 2;
        let answer = transmission(178, MESH_BYTES + headers, MESH_BYTES, HEADER_BYTES);
        assert_eq!((answer.frames, answer.bytes), (2, recorded(&[105, 101])));
        // One hop only: no mesh header.
        let acknowledgment = transmission(6, headers, 0, HEADER_BYTES);
        assert_eq!((acknowledgment.frames, acknowledgment.bytes), (1, recorded(&[13])));
    }

    #[test]
    fn more_bytes_never_take_less() {
        for bytes in 0..2_000 {
            let (less, more) = (one_hop(bytes), one_hop(bytes + 1));
            assert!(more.frames >= less.frames && more.bytes > less.bytes, "{bytes}");
            assert!(more.bytes <= u64::from(more.frames) * MAX_FRAME_BYTES as u64, "{bytes}");
            let (less, more) = (one_multicast(bytes), one_multicast(bytes + 1));
            assert!(more.frames >= less.frames && more.bytes > less.bytes, "{bytes}");
        }
    }

    #[test]
    fn hops_come_from_the_relays_table() {
        let relay = RouterId::new(5).unwrap().rloc16();
        let mut ledger = Ledger::new(Some(relay));
        let at = |router: u8, child: u16| Rloc16::new(u16::from(router) << 10 | child).unwrap();
        assert_eq!(
            (ledger.hops(relay), ledger.hops(at(5, 1)), ledger.hops(at(6, 0)), ledger.hops(at(6, 1))),
            (0, 1, 2, 3)
        );
        ledger.measure(&Route64 {
            id_sequence: Some(1),
            // A good link; a bad one that is used; a bad one that is not; none; nobody knows the way.
            routers: vec![row(5, 0, 1), row(6, 3, 1), row(7, 1, 4), row(8, 1, 2), row(9, 0, 3), row(10, 0, 0)],
        });
        let hops: Vec<u32> = (6..=10).map(|router| ledger.hops(at(router, 0))).collect();
        assert_eq!(hops, [1, 1, 2, 3, UNKNOWN_HOPS]);
        ledger.note(Some(relay), 500);
        assert_eq!(ledger.total(6), Airtime::default(), "the relay speaks to itself");
        ledger.note(Some(at(9, 0)), 40);
        ledger.note(Some(at(9, 2)), 40);
        assert_eq!(ledger.total(6), times(one_hop(40), 3 + 4));
        ledger.note_multicast(40);
        assert_eq!(ledger.total(6), times(one_hop(40), 7).plus(times(one_multicast(40), 12)));
    }
}
