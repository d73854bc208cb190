//! What is kept, and when nothing is sent.

use super::super::counters::RESERVE;
use super::*;
use std::net::Ipv6Addr;
use weft_wire::ieee802154::{Frame, KeyId};
use weft_wire::link_security::{KeyRing, KeySequence};

fn say(link: &mut Link) {
    let to = Ipv6Addr::from([0xfd; 16]);
    link.send_udp(to, 1, 2, b"x", NOW).unwrap();
}

/// Counter and key index of the next frame.
fn next_counter(link: &mut Link) -> (u32, u8) {
    let frame = link.poll_transmit().expect("a frame waits, and may be sent");
    link.sent(frame.id, Sent::Done, NOW);
    let security = Frame::parse(&frame.psdu).unwrap().security.unwrap();
    let KeyId::Index(index) = security.key_id else { panic!("key id mode 1") };
    (security.frame_counter.unwrap(), index)
}

#[test]
fn nothing_is_sent_before_the_counters_are_kept() {
    let kept = Kept {
        extended_address: CHILD,
        key_sequence: 3,
        mac_counter_below: 500,
        mle_counter_below: 70,
    };
    let mut link = Link::new(&membership(), kept, Box::new(|bytes| bytes.fill(9)));
    link.set_place(Some(place(0x7c02, 0x7c00, PARENT)));
    say(&mut link);
    assert_eq!(link.poll_transmit(), None, "nothing is reserved");
    let wanted = link.poll_keep().unwrap();
    assert_eq!(
        wanted,
        Kept {
            mac_counter_below: 500 + RESERVE,
            mle_counter_below: 70 + RESERVE,
            ..kept
        }
    );
    assert_eq!((link.poll_keep(), link.poll_transmit()), (None, None), "it is not on the disk yet");
    link.kept();
    assert_eq!(next_counter(&mut link), (500, 4));
    assert_eq!(link.poll_keep(), None, "the disk is left alone");
}

#[test]
fn no_counter_is_used_twice_across_runs() {
    let mut kept = Kept {
        extended_address: CHILD,
        key_sequence: 0,
        mac_counter_below: 0,
        mle_counter_below: 0,
    };
    let mut next = 0;
    for frames_of_a_run in [1, 999, 1000, 2500, 0, 3] {
        let mut link = Link::new(&membership(), kept, Box::new(|bytes| bytes.fill(9)));
        link.set_place(Some(place(0x7c02, 0x7c00, PARENT)));
        for _ in 0..frames_of_a_run {
            say(&mut link);
            if let Some(wanted) = link.poll_keep() {
                kept = wanted;
                link.kept();
            }
            let (counter, _) = next_counter(&mut link);
            assert!(counter >= next && counter < kept.mac_counter_below, "{counter}");
            next = counter + 1;
        }
        // The run ends here without a word.
    }
    assert!(next > 4_500);
}

#[test]
fn a_new_key_begins_at_zero_once_that_is_kept() {
    let mut link = link_from(CHILD, 126, 40, 7);
    link.set_place(Some(place(0x7c02, 0x7c00, PARENT)));
    say(&mut link);
    assert_eq!(next_counter(&mut link), (40, 127));
    say(&mut link);
    link.adopt(KeySequence(128));
    assert_eq!(link.poll_transmit(), None, "the new counters are not kept yet");
    let kept = link.poll_keep().unwrap();
    assert_eq!(
        (kept.key_sequence, kept.mac_counter_below, kept.mle_counter_below),
        (128, RESERVE, RESERVE)
    );
    // The keys change again while the disk is busy: what it says of the old ones does not count.
    link.adopt(KeySequence(129));
    link.kept();
    assert_eq!(link.poll_transmit(), None);
    assert_eq!(link.poll_keep().unwrap().key_sequence, 129);
    link.kept();
    link.adopt(KeySequence(5));
    assert_eq!(link.sequence(), KeySequence(129), "never backwards");
    assert_eq!(next_counter(&mut link), (0, 2));
}

#[test]
fn counters_that_ran_out_stop_the_link() {
    let mut link = link_from(CHILD, 0, u32::MAX - 1, 0);
    link.set_place(Some(place(0x7c02, 0x7c00, PARENT)));
    say(&mut link);
    say(&mut link);
    assert_eq!(next_counter(&mut link), (u32::MAX - 1, 1));
    assert_eq!((link.poll_transmit(), link.poll_keep()), (None, None));
    link.adopt(KeySequence(1));
    keep(&mut link);
    assert_eq!(next_counter(&mut link), (0, 2), "the next key goes on");
}

#[test]
fn what_waits_is_sealed_with_the_key_of_the_moment() {
    let mut link = link_from(CHILD, 0, 0, 0);
    link.set_place(Some(place(0x7c02, 0x7c00, PARENT)));
    say(&mut link);
    link.adopt(KeySequence(9));
    keep(&mut link);
    let frame = link.poll_transmit().unwrap();
    let parsed = Frame::parse(&frame.psdu).unwrap();
    let mut keys = KeyRing::new(membership().key);
    assert!(keys.open_frame(&frame.psdu, &parsed, CHILD).is_ok());
    assert_eq!(keys.sequence(), Some(KeySequence(9)));
}
