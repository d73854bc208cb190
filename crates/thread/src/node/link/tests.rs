//! Tests of the link: against another link, and against what OpenThread's children sent and got.

mod answers;
mod counters;
mod ends;
mod recorded;
mod replay;

use super::{Link, Received};
use crate::node::{FrameId, Kept, Membership, Outgoing, Place, Sent};
use crate::rcp::RadioFrame;
use std::time::Duration;
use weft_model::{Channel, ExtendedAddress, ExtendedPanId, MeshLocalPrefix, PanId, PartitionId, Rloc16};
use weft_wire::link_security::NetworkKey;

/// The network of the recording `mesh20` of OpenThread's programs; its key was made up.
const KEY: &str = "4cdac1b31894f5b6300a65ccd081a3d4";
const PAN_ID: PanId = PanId(0x100b);
const PREFIX: MeshLocalPrefix = MeshLocalPrefix([0xfd, 0x2c, 0x1f, 0xbe, 0x03, 0xd6, 0xdf, 0xd0]);
const NOW: Duration = Duration::from_secs(100);

const CHILD: ExtendedAddress = ExtendedAddress([0xd6, 0x01, 0x55, 0x59, 0xa1, 0x9b, 0x65, 0x0e]);
const PARENT: ExtendedAddress = ExtendedAddress([0x66, 0xc3, 0x7e, 0xf4, 0x09, 0x9b, 0x2c, 0x66]);

fn channel() -> Channel {
    Channel::new(15).unwrap()
}

fn rloc16(number: u16) -> Rloc16 {
    Rloc16::new(number).unwrap()
}

pub(super) fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

fn membership() -> Membership {
    Membership {
        key: NetworkKey::from_hex(KEY).unwrap(),
        extended_pan_id: ExtendedPanId([0x70, 0, 0x36, 0x8d, 0x25, 0x34, 0xc0, 0x2d]),
        network_name: None,
        pan_id: PAN_ID,
        channel: channel(),
        mesh_local_prefix: PREFIX,
        active_timestamp: None,
        key_rotation_hours: None,
    }
}

/// A link whose counters begin here, and are kept.
fn link_from(address: ExtendedAddress, key_sequence: u32, mac_counter: u32, mle_counter: u32) -> Link {
    let kept = Kept {
        extended_address: address,
        key_sequence,
        mac_counter_below: mac_counter,
        mle_counter_below: mle_counter,
    };
    let mut link = Link::new(&membership(), kept, Box::new(|bytes| bytes.fill(0x40)));
    keep(&mut link);
    link
}

fn keep(link: &mut Link) {
    while link.poll_keep().is_some() {
        link.kept();
    }
}

fn place(own: u16, parent: u16, parent_address: ExtendedAddress) -> Place {
    Place {
        rloc16: rloc16(own),
        parent: rloc16(parent),
        parent_address,
        partition_id: PartitionId(1),
    }
}

/// A child and its parent, each the other's only neighbour.
fn pair() -> (Link, Link) {
    let (mut child, mut parent) = (link_from(CHILD, 0, 0, 0), link_from(PARENT, 0, 0, 0));
    child.set_place(Some(place(0x7c02, 0x7c00, PARENT)));
    parent.set_place(Some(place(0x7c00, 0x7c02, CHILD)));
    (child, parent)
}

fn heard(psdu: &[u8]) -> RadioFrame {
    RadioFrame {
        channel: channel(),
        rssi_dbm: Some(-60),
        lqi: None,
        microseconds: None,
        psdu: psdu.to_vec(),
    }
}

/// All frames that wait; each arrives.
fn send_all(link: &mut Link) -> Vec<Outgoing> {
    let mut frames = Vec::new();
    while let Some(frame) = link.poll_transmit() {
        link.sent(frame.id, Sent::Done, NOW);
        frames.push(frame);
    }
    frames
}

/// What the frames that one link sends bring the other.
fn carry(from: &mut Link, to: &mut Link) -> Vec<Received> {
    let frames = send_all(from);
    frames.iter().filter_map(|frame| to.receive(&heard(&frame.psdu), NOW)).collect()
}

fn ids(frames: &[Outgoing]) -> Vec<FrameId> {
    frames.iter().map(|frame| frame.id).collect()
}
