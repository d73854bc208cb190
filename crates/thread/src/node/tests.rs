//! The node as its driver sees it.

use super::*;
use crate::Random;
use crate::credential::OperationalDataset;
use crate::listen::{HeardFrame, Listener, Network};
use weft_evidence::CaptureBody;
use weft_model::Timestamp;

const DATASET: &str = "0e08000000000001000000030000140208dead1111beef2222051000112233445566778899aabbccddeeff010212340708fdf01cc8d6f8f4f0\
                       0309776566742d6d6573680410c0ffee00c0ffee00c0ffee00c0ffee000c0402a0f7f8";
const START: Duration = Duration::from_secs(7);

fn dataset() -> OperationalDataset {
    OperationalDataset::from_hex(DATASET).unwrap()
}

fn random(first: u8) -> Random {
    let mut next = first;
    Box::new(move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(17);
            *byte = next;
        }
    })
}

fn node(kept: Option<Kept>) -> Node {
    Node::new(Membership::from_dataset(&dataset()).unwrap(), kept, random(3), START)
}

/// Who sent it, and the command, as somebody with the network's key hears it.
fn overheard(frame: &Outgoing) -> (ExtendedAddress, u8) {
    let mut listener = Listener::default().with_network(Network::from_dataset(dataset().expose()).unwrap());
    let heard = HeardFrame {
        at: Timestamp::from_unix_milliseconds(0),
        microseconds: 0,
        channel: frame.channel.get().into(),
        rssi_dbm: None,
        lqi: None,
        frame: &frame.psdu,
    };
    let mut captures = Vec::new();
    listener.hear(&heard, &mut captures);
    match &captures[..] {
        [(_, CaptureBody::Mle(message))] => (message.from, message.command),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_made_up_address_is_local_and_no_groups() {
    for first in 0..=255 {
        let kept = Kept::fresh(&mut random(first));
        assert_eq!(kept.extended_address.0[0] & 3, 2, "{kept:?}");
        assert_eq!((kept.mac_counter_below, kept.mle_counter_below, kept.key_sequence), (0, 0, 0));
    }
    assert_ne!(Kept::fresh(&mut random(1)).extended_address, Kept::fresh(&mut random(2)).extended_address);
}

#[test]
fn nothing_is_sent_before_its_counters_are_on_the_disk() {
    let mut node = node(None);
    assert_eq!(node.poll_transmit(), None);
    let Some(Event::Keep(kept)) = node.poll_event() else { panic!() };
    assert!(kept.mle_counter_below > 0 && kept.mac_counter_below > 0);
    assert_eq!((node.poll_event(), node.poll_transmit()), (None, None));
    node.kept();
    let frame = node.poll_transmit().unwrap();
    assert_eq!(overheard(&frame), (kept.extended_address, 9));
    assert_eq!(node.poll_transmit(), None, "one at a time");
    let expected = Participant {
        channel: Channel::new(20).unwrap(),
        pan_id: PanId(0x1234),
        short_address: None,
        extended_address: kept.extended_address,
    };
    assert_eq!((node.participant(), frame.channel), (expected, expected.channel));
    // From its being sent, routers have 750 ms.
    let sent_at = START + Duration::from_millis(300);
    node.sent(frame.id, Sent::Done, sent_at);
    assert_eq!(node.deadline(), Some(sent_at + Duration::from_millis(750)));
    assert_eq!(node.counts().frames_sent, 1);
}

#[test]
fn the_next_run_goes_on_above_the_counters_of_the_last() {
    let kept = Kept {
        extended_address: ExtendedAddress([0x0a; 8]),
        key_sequence: 9,
        mac_counter_below: 2_000,
        mle_counter_below: 3_000,
    };
    let mut node = node(Some(kept));
    let Some(Event::Keep(next)) = node.poll_event() else { panic!() };
    assert_eq!((next.extended_address, next.key_sequence), (kept.extended_address, 9));
    assert!(next.mac_counter_below > 2_000 && next.mle_counter_below > 3_000);
}

#[test]
fn without_a_place_nothing_can_be_sent_and_leaving_is_quick() {
    let mut node = node(None);
    assert_eq!((node.standing(), node.place()), (Standing::Attaching, None));
    assert_eq!(node.send(Ipv6Addr::LOCALHOST, 1, 1, &[], START), Err(NotSent::NotAttached));
    node.leave(START);
    assert_eq!((node.standing(), node.deadline()), (Standing::Left, None));
    let told: Vec<_> = std::iter::from_fn(|| node.poll_event())
        .filter(|event| !matches!(event, Event::Keep(_)))
        .collect();
    assert_eq!(told, [Event::Left]);
    node.kept();
    assert_eq!(node.poll_transmit(), None);
}

#[test]
fn a_radio_that_went_away_takes_its_frame_with_it() {
    let mut node = node(None);
    while node.poll_event().is_some() {}
    node.kept();
    let lost = node.poll_transmit().unwrap();
    node.radio_lost(START);
    assert_eq!((node.deadline(), node.poll_transmit()), (None, None));
    node.radio_back(START + Duration::from_secs(60));
    let next = node.poll_transmit().unwrap();
    assert_eq!(overheard(&next).1, 9);
    // What the radio says late of the lost frame means nothing.
    let deadline = node.deadline();
    node.sent(lost.id, Sent::NotAcknowledged, START + Duration::from_secs(60));
    assert_eq!(node.deadline(), deadline);
    assert_eq!(node.poll_transmit(), None);
}

#[test]
fn a_dataset_without_a_channel_says_what_it_lacks() {
    let dataset = OperationalDataset::from_hex(&DATASET.replace("000300001402", "02")).unwrap();
    let reason = Membership::from_dataset(&dataset).err().unwrap().to_string();
    assert!(reason.contains("no channel"), "{reason}");
}
