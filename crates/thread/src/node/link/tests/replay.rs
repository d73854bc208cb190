//! What was heard before, and what nobody sealed.

use super::super::MleOptions;
use super::*;
use proptest::prelude::*;
use std::net::Ipv6Addr;
use weft_wire::link_security::KeySequence;
use weft_wire::lowpan::MAX_REASSEMBLIES;

fn rloc(number: u16) -> Ipv6Addr {
    PREFIX.rloc(rloc16(number))
}

/// Frames of the parent's: a message, a datagram, a packet of several fragments.
fn frames_of_parent() -> Vec<Vec<u8>> {
    let (_, mut parent) = pair();
    parent
        .send_mle(CHILD.to_link_local(), &bytes("0e 00027c00"), MleOptions::default(), NOW)
        .unwrap();
    parent
        .send_mle("ff02::1".parse().unwrap(), &bytes("04 00027c00"), MleOptions::default(), NOW)
        .unwrap();
    parent.send_udp(rloc(0x7c02), 1, 2, b"one", NOW).unwrap();
    parent.send_udp(rloc(0x7c02), 1, 2, &[7; 300], NOW).unwrap();
    parent.send_udp("ff03::1".parse().unwrap(), 1, 2, b"all", NOW).unwrap();
    send_all(&mut parent).into_iter().map(|frame| frame.psdu).collect()
}

#[test]
fn nothing_is_taken_twice() {
    let (mut child, _) = pair();
    let frames = frames_of_parent();
    let brought = frames.iter().filter(|frame| child.receive(&heard(frame), NOW).is_some()).count();
    assert_eq!((brought, child.counts().replayed), (5, 0));
    for late in [NOW, NOW + Duration::from_secs(3_600)] {
        for frame in &frames {
            assert!(child.receive(&heard(frame), late).is_none());
        }
    }
    assert_eq!(child.counts().replayed, 2 * frames.len() as u64);
}

#[test]
fn a_repeated_frame_between_fragments_does_no_harm() {
    let (mut child, mut parent) = pair();
    parent.send_udp(rloc(0x7c02), 1, 2, &[7; 300], NOW).unwrap();
    let mut brought = 0;
    for frame in send_all(&mut parent) {
        for _ in 0..2 {
            brought += usize::from(child.receive(&heard(&frame.psdu), NOW).is_some());
        }
    }
    assert_eq!(brought, 1);
}

#[test]
fn what_a_router_sealed_before_it_answered_us_is_not_taken() {
    let (mut child, mut parent) = (link_from(CHILD, 0, 0, 0), link_from(PARENT, 0, 40, 90));
    parent.set_place(Some(place(0x7c00, 0x7c02, CHILD)));
    parent.send_udp(rloc(0x7c02), 1, 2, b"old", NOW).unwrap();
    parent
        .send_mle("ff02::1".parse().unwrap(), &bytes("04 00027c00"), MleOptions::default(), NOW)
        .unwrap();
    let old = send_all(&mut parent);
    let (link, mle) = parent.frame_counters();
    assert_eq!((link, mle), (41, 91));
    child.expect_counters(PARENT, KeySequence(0), link, mle);
    child.set_place(Some(place(0x7c02, 0x7c00, PARENT)));
    for frame in old {
        assert!(child.receive(&heard(&frame.psdu), NOW).is_none());
    }
    parent.send_udp(rloc(0x7c02), 1, 2, b"new", NOW).unwrap();
    parent
        .send_mle("ff02::1".parse().unwrap(), &bytes("04 00027c00"), MleOptions::default(), NOW)
        .unwrap();
    assert_eq!(carry(&mut parent, &mut child).len(), 2);
    // It was reset, and its counters are small again: without a place it is heard, and then followed anew.
    let mut reset = link_from(PARENT, 0, 0, 0);
    reset
        .send_mle(CHILD.to_link_local(), &bytes("0a 00027c00"), MleOptions::default(), NOW)
        .unwrap();
    let response = reset.poll_transmit().unwrap().psdu;
    assert!(child.receive(&heard(&response), NOW).is_none());
    child.set_place(None);
    assert!(child.receive(&heard(&response), NOW).is_some());
}

#[test]
fn unsealed_fragments_are_not_put_together() {
    let (mut child, _) = pair();
    for tag in 0..200u16 {
        // Data frame from the parent's radio, in the clear; first fragment of 100 bytes of a message.
        let frame = [
            bytes("41dc 01 0b10 0e659ba1595501d6 662c9b09f47ec366 c064"),
            tag.to_be_bytes().to_vec(),
            bytes("7f33 f0 4d4c 4d4c 0000 00"),
        ]
        .concat();
        assert!(child.receive(&heard(&frame), NOW).is_none());
    }
    assert_eq!((child.counts().frames_heard, child.reassembler.waiting()), (200, 0));
}

#[test]
fn what_a_stranger_sealed_is_not_put_together() {
    let (mut child, _) = pair();
    let mut stranger = link_from(ExtendedAddress([2; 8]), 0, 0, 0);
    stranger.set_place(Some(place(0x5c00, 0x5c01, CHILD)));
    let long = [&bytes("0e 110101 c8c8")[..], &[5; 200]].concat();
    stranger.send_mle(CHILD.to_link_local(), &long, MleOptions::default(), NOW).unwrap();
    let frames = send_all(&mut stranger);
    // Its counters are not followed: each frame could come again and again.
    for frame in frames.iter().chain(&frames) {
        assert!(child.receive(&heard(&frame.psdu), NOW).is_none());
        assert_eq!(child.reassembler.waiting(), 0);
    }
    // Once it is to be the parent, it is understood.
    child.expect_counters(ExtendedAddress([2; 8]), KeySequence(0), 0, 0);
    let brought = frames.iter().filter(|frame| child.receive(&heard(&frame.psdu), NOW).is_some()).count();
    assert_eq!((frames.len(), brought), (3, 1));
}

proptest! {
    #[test]
    fn arbitrary_frames_do_no_harm(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..130), 0..40)) {
        let (mut child, _) = pair();
        for frame in frames {
            prop_assert!(child.receive(&heard(&frame), NOW).is_none(), "nobody sealed it");
        }
        prop_assert_eq!(child.poll_transmit(), None);
    }

    #[test]
    fn arbitrary_payloads_that_are_sealed_do_no_harm(
        payloads in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..95), any::<bool>()), 0..60),
    ) {
        use super::super::outbox::{Current, Hop};
        use weft_wire::ieee802154::Address;
        let (mut child, mut parent) = pair();
        for (payload, is_secured) in payloads {
            let id = parent.outbox.next_id();
            parent.outbox.current = Some(Current {
                id,
                was_mle: false,
                hop: Hop {
                    channel: channel(),
                    source_pan_id: PAN_ID,
                    destination_pan_id: PAN_ID,
                    source: if is_secured { Address::Short(0x7c00) } else { Address::Extended(PARENT) },
                    destination: Address::Short(0x7c02),
                    is_secured,
                },
                payloads: [payload].into(),
            });
            carry(&mut parent, &mut child);
            prop_assert!(child.reassembler.waiting() <= MAX_REASSEMBLIES);
        }
        prop_assert_eq!(child.counts().closed, 0, "all of them are opened");
    }

    #[test]
    fn damaged_frames_are_left_alone(frame in 0usize..8, at: prop::sample::Index, flip in 1u8..=255) {
        let frames = frames_of_parent();
        let mut damaged = frames[frame % frames.len()].clone();
        let at = at.index(damaged.len());
        damaged[at] ^= flip;
        let (mut child, _) = pair();
        let brought = child.receive(&heard(&damaged), NOW);
        // Of an unsecured frame's header, not everything is covered by what seals the message in it.
        let is_sealed = damaged[0] & 8 != 0 && frames[frame % frames.len()][0] & 8 != 0;
        prop_assert!(brought.is_none() || !is_sealed);
        let is_datagram = matches!(brought, Some(Received::Datagram { .. }));
        prop_assert!(!is_datagram);
    }
}
