use super::*;
use proptest::prelude::*;
use weft_model::Timestamp;
use weft_wire::link_security::NetworkKey;

const KEY: [u8; 16] = [
    0x4c, 0xda, 0xc1, 0xb3, 0x18, 0x94, 0xf5, 0xb6, 0x30, 0x0a, 0x65, 0xcc, 0xd0, 0x81, 0xa3, 0xd4,
];

fn heard(milliseconds: i64, frame: &[u8]) -> HeardFrame<'_> {
    HeardFrame {
        at: Timestamp::from_unix_milliseconds(milliseconds),
        microseconds: milliseconds.unsigned_abs() * 1000,
        channel: 15,
        rssi_dbm: Some(-60),
        lqi: Some(200),
        frame,
    }
}

#[test]
fn a_dataset_without_a_key_opens_nothing() {
    let mut dataset = vec![5, 16];
    dataset.extend(KEY);
    assert!(Network::from_dataset(&dataset).is_some());
    dataset[2..].fill(0);
    assert!(Network::from_dataset(&dataset).is_none(), "blanked");
    assert!(Network::from_dataset(&[3, 1, b'x']).is_none());
    assert!(Network::from_dataset(&[]).is_none());
}

#[test]
fn what_is_no_frame_is_counted() {
    let mut listener = Listener::default();
    let mut captures = Vec::new();
    listener.hear(&heard(0, &[]), &mut captures);
    listener.hear(&heard(1, &[0xff; 20]), &mut captures);
    listener.finish(Timestamp::from_unix_milliseconds(2), &mut captures);
    assert_eq!((listener.counts().frames, listener.counts().malformed), (2, 2));
    assert!(captures.is_empty());
}

#[test]
fn pans_are_told_apart_up_to_a_bound() {
    let mut listener = Listener::default();
    let mut captures = Vec::new();
    for pan in 0..200_u8 {
        // Data from 0x0001 to 0x0000 in PAN 0x00nn.
        listener.hear(&heard(0, &[0x41, 0x88, 0x01, pan, 0x00, 0x00, 0x00, 0x01, 0x00]), &mut captures);
    }
    assert_eq!(listener.counts().pans.len(), MAX_PANS);
    assert_eq!(listener.counts().other_pans, 200 - MAX_PANS as u64);
}

fn arbitrary_frame() -> impl Strategy<Value = Vec<u8>> {
    // Mostly frame controls of Thread: data and commands of all versions, sealed and not.
    let control = prop_oneof![
        Just([0x41, 0xd8]),
        Just([0x61, 0xdc]),
        Just([0x69, 0x98]),
        Just([0x6b, 0x98]),
        Just([0x69, 0xaa]),
        Just([0x02, 0x10]),
        Just([0x00, 0x80]),
        any::<[u8; 2]>()
    ];
    (control, proptest::collection::vec(any::<u8>(), 0..126)).prop_map(|(control, rest)| [&control[..], &rest].concat())
}

proptest! {
    #[test]
    fn arbitrary_frames_do_no_harm(frames in proptest::collection::vec((arbitrary_frame(), 0i64..2_000), 0..30), has_key: bool) {
        let mut listener = Listener::default().recording_frames();
        if has_key {
            listener = listener.with_network(Network::from_key(NetworkKey::new(KEY)));
        }
        let mut captures = Vec::new();
        let mut now = 0;
        for (frame, pause) in &frames {
            now += pause;
            listener.hear(&heard(now, frame), &mut captures);
        }
        listener.finish(Timestamp::from_unix_milliseconds(now), &mut captures);
        prop_assert!(captures.windows(2).all(|pair| pair[0].0 <= pair[1].0), "captures come in the order of time");
        prop_assert_eq!(listener.counts().frames, frames.len() as u64);
    }
}
