//! Two links, each the other's parent.

use super::super::outbox::{MAX_MESSAGES, MAX_PACKETS};
use super::super::{Done, MleOptions};
use super::*;
use crate::node::NotSent;
use std::net::Ipv6Addr;
use weft_wire::ieee802154::Frame;
use weft_wire::link_security::KeySequence;
use weft_wire::mle::Command;

fn rloc(number: u16) -> Ipv6Addr {
    PREFIX.rloc(rloc16(number))
}

fn datagrams(received: &[Received]) -> Vec<(Ipv6Addr, u16, Ipv6Addr, u16, &[u8])> {
    let datagram = |received| match received {
        &Received::Datagram {
            source,
            source_port,
            destination,
            destination_port,
            ref payload,
        } => (source, source_port, destination, destination_port, payload.as_slice()),
        Received::Mle(_) => panic!("a datagram"),
    };
    received.iter().map(datagram).collect()
}

#[test]
fn datagrams_of_every_size_arrive() {
    let (mut child, mut parent) = pair();
    for size in [0, 1, 60, 78, 79, 80, 81, 90, 200, 500, 1_232] {
        let payload: Vec<u8> = (0..size).map(|index| index as u8).collect();
        let id = child.send_udp(rloc(0x7c00), 49_152, 61_631, &payload, NOW).unwrap();
        let frames = send_all(&mut child);
        assert_eq!(ids(&frames).last(), Some(&id), "the packet's id is that of its last frame");
        assert!(frames.iter().all(|frame| frame.psdu.len() <= 125 && frame.channel == channel()));
        let brought: Vec<_> = frames.iter().filter_map(|frame| parent.receive(&heard(&frame.psdu), NOW)).collect();
        assert_eq!(
            datagrams(&brought),
            [(rloc(0x7c02), 49_152, rloc(0x7c00), 61_631, &payload[..])],
            "{size}"
        );
    }
    assert_eq!(child.send_udp(rloc(0x7c00), 1, 2, &[0; 1_233], NOW), Err(NotSent::TooLong));
    assert_eq!(child.send_udp(rloc(0x7c00), 1, 2, &[0; 70_000], NOW), Err(NotSent::TooLong));
    assert_eq!(parent.counts().replayed + parent.counts().malformed + parent.counts().closed, 0);
}

#[test]
fn fragments_announce_the_next_and_one_frame_goes_at_a_time() {
    let (mut child, _) = pair();
    let id = child.send_udp(rloc(0x7c00), 1, 2, &[7; 200], NOW).unwrap();
    let first = child.poll_transmit().unwrap();
    assert_eq!(child.poll_transmit(), None, "the radio has one");
    assert!(Frame::parse(&first.psdu).unwrap().frame_pending);
    assert_eq!(child.sent(FrameId(999), Sent::Done, NOW), None, "none of ours");
    assert_eq!(child.poll_transmit(), None);
    assert_eq!(child.sent(first.id, Sent::Done, NOW), None, "not decided yet");
    let mut last = first;
    let mut done = None;
    while let Some(frame) = child.poll_transmit() {
        done = child.sent(frame.id, Sent::Done, NOW);
        last = frame;
    }
    assert!(!Frame::parse(&last.psdu).unwrap().frame_pending);
    assert_eq!(
        done,
        Some(Done {
            id,
            ok: true,
            was_mle: false
        })
    );
}

#[test]
fn a_lost_fragment_takes_the_rest_of_its_packet_along() {
    for lost in [Sent::NotAcknowledged, Sent::ChannelBusy, Sent::Failed] {
        let (mut child, mut parent) = pair();
        let id = child.send_udp(rloc(0x7c00), 1, 2, &[7; 500], NOW).unwrap();
        let next = child.send_udp(rloc(0x7c00), 1, 2, b"next", NOW).unwrap();
        let first = child.poll_transmit().unwrap();
        child.sent(first.id, Sent::Done, NOW);
        parent.receive(&heard(&first.psdu), NOW);
        let second = child.poll_transmit().unwrap();
        let done = Done {
            id,
            ok: false,
            was_mle: false,
        };
        assert_eq!(child.sent(second.id, lost, NOW), Some(done));
        let frames = send_all(&mut child);
        assert_eq!(ids(&frames), [next], "only the next packet's");
        let brought: Vec<_> = frames.iter().filter_map(|frame| parent.receive(&heard(&frame.psdu), NOW)).collect();
        assert_eq!(datagrams(&brought)[0].4, b"next");
        assert_eq!((child.counts().frames_sent, child.counts().frames_lost), (2, 1));
    }
}

#[test]
fn mle_goes_first_and_everything_is_bounded() {
    let (mut child, mut parent) = pair();
    for number in 0..MAX_PACKETS {
        child.send_udp(rloc(0x7c00), 1, 2, &[number as u8], NOW).unwrap();
    }
    assert_eq!(child.send_udp(rloc(0x7c00), 1, 2, &[0], NOW), Err(NotSent::Full));
    let advertisement = bytes("04 00027c02");
    for _ in 0..MAX_MESSAGES {
        child
            .send_mle(PARENT.to_link_local(), &advertisement, MleOptions::default(), NOW)
            .unwrap();
    }
    let full = child.send_mle(PARENT.to_link_local(), &advertisement, MleOptions::default(), NOW);
    assert_eq!(full, Err(NotSent::Full));
    let brought = carry(&mut child, &mut parent);
    assert_eq!(brought.len(), MAX_PACKETS + MAX_MESSAGES);
    for (index, brought) in brought.iter().enumerate() {
        match brought {
            Received::Mle(message) => {
                assert!(index < MAX_MESSAGES);
                assert_eq!((message.from, message.is_multicast, message.pan_id), (CHILD, false, Some(PAN_ID)));
                assert_eq!((message.channel, message.rssi_dbm), (channel(), Some(-60)));
                assert_eq!(message.counter, Some((KeySequence(0), index as u32)));
                assert_eq!(message.message.command, Command::ADVERTISEMENT);
            }
            Received::Datagram { payload, .. } => assert_eq!(payload[0] as usize, index - MAX_MESSAGES),
        }
    }
}

#[test]
fn a_long_mle_message_is_sealed_twice_and_only_for_a_parent() {
    let (mut child, mut parent) = pair();
    // Status, then an unknown TLV of 200 bytes.
    let long = [&bytes("0e 110101 c8c8")[..], &[5; 200]].concat();
    let id = child.send_mle(PARENT.to_link_local(), &long, MleOptions::default(), NOW).unwrap();
    let frames = send_all(&mut child);
    assert_eq!((frames.len(), ids(&frames).last()), (3, Some(&id)));
    for frame in &frames {
        let frame = Frame::parse(&frame.psdu).unwrap();
        assert!(frame.security.is_some() && frame.source.extended() == Some(CHILD));
    }
    let brought: Vec<_> = frames.iter().filter_map(|frame| parent.receive(&heard(&frame.psdu), NOW)).collect();
    assert!(matches!(&brought[..], [Received::Mle(message)] if message.from == CHILD));
    child.set_place(None);
    let too_long = child.send_mle(PARENT.to_link_local(), &long, MleOptions::default(), NOW);
    assert_eq!(too_long, Err(NotSent::TooLong), "nobody could open it");
    let too_long = child.send_mle(PARENT.to_link_local(), &[0; 2_000], MleOptions::default(), NOW);
    assert_eq!(too_long, Err(NotSent::TooLong));
}

#[test]
fn without_a_place_nothing_but_mle_is_sent() {
    let mut child = link_from(CHILD, 0, 0, 0);
    assert_eq!(child.send_udp(rloc(0x7c00), 1, 2, b"x", NOW), Err(NotSent::NotAttached));
    child.set_place(Some(place(0x7c02, 0x7c00, PARENT)));
    child.send_udp(rloc(0x7c00), 1, 2, b"x", NOW).unwrap();
    child.set_place(None);
    assert_eq!(child.poll_transmit(), None, "it has lost its way");
}

#[test]
fn a_rotation_is_followed_and_stragglers_are_still_read() {
    let (mut child, mut parent) = pair();
    parent.send_udp(rloc(0x7c02), 1, 2, b"before", NOW).unwrap();
    let before = parent.poll_transmit().unwrap();
    parent.sent(before.id, Sent::Done, NOW);
    assert!(child.receive(&heard(&before.psdu), NOW).is_some());
    parent.adopt(KeySequence(1));
    keep(&mut parent);
    parent.send_udp(rloc(0x7c02), 1, 2, b"after", NOW).unwrap();
    let brought = carry(&mut parent, &mut child);
    assert_eq!(datagrams(&brought)[0].4, b"after", "a newer key begins at any counter");
    assert_eq!(child.take_parents_sequence(), Some(KeySequence(1)));
    assert_eq!(child.sequence(), KeySequence(0), "whoever keeps the place decides");
    // The child's old key is good for the parent until then.
    child.send_udp(rloc(0x7c00), 1, 2, b"old", NOW).unwrap();
    assert_eq!(datagrams(&carry(&mut child, &mut parent))[0].4, b"old");
    child.adopt(KeySequence(1));
    keep(&mut child);
    child.send_udp(rloc(0x7c00), 1, 2, b"new", NOW).unwrap();
    assert_eq!(datagrams(&carry(&mut child, &mut parent))[0].4, b"new");
    // What was sealed with the old key does not count any more.
    assert!(child.receive(&heard(&before.psdu), NOW).is_none());
    assert_eq!(child.counts().replayed, 1);
}

#[test]
fn clearing_drops_what_waits_and_leaves_the_radio_its_frame() {
    let (mut child, _) = pair();
    child.send_udp(rloc(0x7c00), 1, 2, &[7; 500], NOW).unwrap();
    let first = child.poll_transmit().unwrap();
    child.clear();
    let id = child.send_udp(rloc(0x7c00), 1, 2, b"new", NOW).unwrap();
    assert_eq!(child.poll_transmit(), None, "the radio still has a frame");
    assert_eq!(child.sent(first.id, Sent::Done, NOW), None, "its packet is no more");
    assert_eq!(ids(&send_all(&mut child)), [id]);
    child.send_udp(rloc(0x7c00), 1, 2, b"x", NOW).unwrap();
    let lost = child.poll_transmit().unwrap();
    child.radio_lost();
    let id = child.send_udp(rloc(0x7c00), 1, 2, b"y", NOW).unwrap();
    let after = child.poll_transmit().expect("nothing is heard of the lost frame any more");
    assert_eq!((after.id, child.sent(lost.id, Sent::Done, NOW)), (id, None));
    assert_eq!(child.poll_transmit(), None);
}
