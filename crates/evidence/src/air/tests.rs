use super::*;
use proptest::prelude::*;

/// A data poll of a sleepy child, 0x7c04, to its parent, 0x7c00, in PAN 0x100b; and its acknowledgment. From a recording of OpenThread.
const POLL: &[u8] = &[
    0x6b, 0x98, 0xee, 0x0b, 0x10, 0x00, 0x7c, 0x04, 0x7c, 0x0d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x74, 0x2a, 0x9f, 0x0e,
];
const ACKNOWLEDGMENT: &[u8] = &[0x02, 0x10, 0xee];

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_unix_milliseconds(milliseconds)
}

fn signal(rssi_dbm: i8) -> Signal {
    Signal {
        channel: Some(15),
        rssi_dbm: Some(rssi_dbm),
        lqi: Some(100),
    }
}

fn hear(summariser: &mut Summariser, milliseconds: i64, frame: &[u8], signal: Signal) -> Counted {
    let frame = Frame::parse(frame).unwrap();
    let acknowledged = summariser.acknowledges(&frame, 15, milliseconds as u64 * 1000);
    summariser.add(at(milliseconds), &frame.summary(None), acknowledged.as_ref(), signal)
}

#[test]
fn polls_and_their_acknowledgments_are_one_pair() {
    let mut summariser = Summariser::new(30);
    let pair = Pair {
        pan_id: PanId(0x100b),
        from: Address::Short(0x7c04),
        to: Address::Short(0x7c00),
    };
    assert_eq!(hear(&mut summariser, 10_000, POLL, signal(-70)), Counted::Frame(pair));
    assert_eq!(hear(&mut summariser, 10_001, ACKNOWLEDGMENT, signal(-40)), Counted::Acknowledgment(pair));
    assert_eq!(
        hear(&mut summariser, 10_002, &[0x02, 0x10, 0xef], signal(-40)),
        Counted::StrayAcknowledgment
    );
    assert_eq!(summariser.due(at(10_999)), []);
    let first = summariser.due(at(60_000));
    let (ended_at, summary) = &first[0];
    assert_eq!(*ended_at, at(11_000), "early, whenever it is asked for");
    assert_eq!(
        (summary.from.as_str(), summary.to.as_str(), summary.pan_id),
        ("0x7c04", "0x7c00", PanId(0x100b))
    );
    assert_eq!((summary.frames, summary.acknowledged, summary.data_polls), (1, 1, 1));
    assert_eq!((summary.interval_seconds, summary.age_seconds), (1.0, Some(1.0)));
    assert_eq!(
        (summary.rssi_min_dbm, summary.rssi_average_dbm),
        (Some(-70), Some(-70.0)),
        "of the sender, not of who acknowledges"
    );
}

#[test]
fn a_pair_that_goes_on_is_summed_up_over_whole_intervals() {
    let mut summariser = Summariser::new(30);
    let mut ended = Vec::new();
    for second in 0..90 {
        ended.extend(summariser.due(at(second * 1000)));
        hear(&mut summariser, second * 1000, POLL, signal(-60 - (second % 3) as i8));
    }
    ended.extend(summariser.finish(at(89_000)));
    let counts: Vec<(i64, u64)> = ended.iter().map(|(at, summary)| (at.unix_milliseconds(), summary.frames)).collect();
    assert_eq!(counts.iter().map(|(_, frames)| frames).sum::<u64>(), 90);
    assert_eq!(counts.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1_000, 31_000, 61_000, 89_000]);
    assert_eq!(ended[1].1.rssi_max_dbm, Some(-60));
    assert_eq!(ended[1].1.rssi_average_dbm, Some(-61.0));
}

#[test]
fn spoofed_addresses_do_not_take_all_memory() {
    let mut summariser = Summariser::new(30);
    let summary = |number: u32| Summary {
        pan_id: Some(PanId((number >> 16) as u16)),
        from: Address::Extended(ExtendedAddress::from_u64(u64::from(number) + 1)),
        to: Address::BROADCAST,
        activity: Activity::Data,
    };
    let more = 1_000;
    for number in 0..MAX_PAIRS as u32 + more {
        summariser.add(at(0), &summary(number), None, Signal::default());
    }
    assert_eq!((summariser.pairs(), summariser.left_out()), (MAX_PAIRS, u64::from(more)));
    let day = FORGET_PAIR_SECONDS * 1000;
    summariser.due(at(day));
    assert_eq!(
        summariser.add(at(day - 1_000), &summary(u32::MAX), None, Signal::default()),
        Counted::LeftOut
    );
    assert!(matches!(
        summariser.add(at(day), &summary(u32::MAX), None, Signal::default()),
        Counted::Frame(_)
    ));
    assert!(summariser.pairs() < MAX_PAIRS, "who was silent for a day is forgotten");
}

#[test]
fn addresses_that_name_nobody_count_for_nobody() {
    let summary = |pan_id, from, to| Summary {
        pan_id,
        from,
        to,
        activity: Activity::Data,
    };
    let (pan, child, parent) = (Some(PanId(1)), Address::Short(0x7c04), Address::Short(0x7c00));
    assert!(Pair::of(&summary(pan, child, parent)).is_some());
    for odd in [
        summary(None, child, parent),
        summary(pan, Address::None, parent),
        summary(pan, Address::Short(0xfffe), parent),
        summary(pan, Address::BROADCAST, parent),
        summary(pan, child, Address::Short(0xfffe)),
        summary(pan, child, Address::None),
    ] {
        assert_eq!(Pair::of(&odd), None, "{odd:?}");
    }
}

proptest! {
    #[test]
    fn no_frame_is_lost(frames in proptest::collection::vec((0u16..8, 0i64..5_000), 0..200)) {
        let mut summariser = Summariser::new(30);
        let (mut now, mut counted) = (0, 0);
        for (child, pause) in &frames {
            now += pause;
            counted += summariser.due(at(now)).iter().map(|(_, summary)| summary.frames).sum::<u64>();
            let summary = Summary { pan_id: Some(PanId(1)), from: Address::Short(child + 1), to: Address::Short(0), activity: Activity::Data };
            summariser.add(at(now), &summary, None, Signal::default());
        }
        let ended = summariser.finish(at(now));
        prop_assert!(ended.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        counted += ended.iter().map(|(_, summary)| summary.frames).sum::<u64>();
        prop_assert_eq!(counted, frames.len() as u64);
    }
}
