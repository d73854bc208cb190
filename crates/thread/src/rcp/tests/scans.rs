//! Rounds through the channels.

use super::*;
use weft_model::PanId;

fn visiting(number: u16, of: u8) -> Event {
    Event::Visiting {
        channel: channel(number),
        done: (number - 11) as u8,
        of,
    }
}

fn scanned(events: &[Event]) -> &[crate::rcp::ChannelActivity] {
    let scans: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Scanned(channels) => Some(channels),
            _ => None,
        })
        .collect();
    let [channels] = scans[..] else { panic!("{events:?}") };
    channels
}

#[test]
fn the_channel_with_thread_on_it_is_found() {
    let dwell = seconds(2);
    let mut table = Table::new(Listening::Search { dwell });
    let mut events = table.pass(Duration::ZERO);
    let mut seen = Vec::new();
    // Once round and a half: in the first round nothing was sent, in the second on channel 20 only, and a beacon request on 12.
    for second in 0..70 {
        seen.push(table.radio.channel);
        if second >= 40 && table.radio.channel == 20 {
            events.extend(table.line(&SNIFFER[..80]));
        }
        if second >= 40 && table.radio.channel == 12 {
            events.extend(table.line(&heard(12, &[0x03, 0x08, 0x00, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0])));
        }
        events.extend(table.pass(seconds(1)));
    }
    seen.dedup();
    assert_eq!(seen[..16], (11..=26).collect::<Vec<u8>>());
    let scans: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Scanned(channels) => Some(channels),
            _ => None,
        })
        .collect();
    assert_eq!(scans.len(), 2);
    assert!(scans[0].iter().all(|activity| activity.frames == 0) && scans[0].len() == 16);
    let on_20 = scans[1].iter().find(|activity| activity.channel == channel(20)).unwrap();
    assert_eq!((on_20.thread_frames, on_20.pan_ids.contains(&PanId(0x1234))), (2, true));
    assert!(events.contains(&Event::Listening(channel(20))));
    assert_eq!((table.rcp.channel(), table.radio.channel), (Some(channel(20)), 20));
    // What was found is kept when the port was lost.
    table.rcp.lost();
    table.rcp.start(table.now);
    assert_eq!(table.carry().last(), Some(&Event::Listening(channel(20))));
}

#[test]
fn a_scan_comes_back_to_its_channel() {
    let mut table = listening(25);
    table.rcp.scan(Duration::from_millis(250), table.now);
    assert_eq!((table.rcp.channel(), table.carry()), (None, vec![Event::Scanning, visiting(11, 16)]));
    let mut events = table.pass(seconds(5));
    let [Event::Scanned(channels), Event::Listening(_)] = &events[events.len() - 2..] else {
        panic!("{events:?}")
    };
    assert!(channels.len() == 16 && channels.iter().all(|activity| activity.energy_max_dbm == Some(-30)));
    events.truncate(events.len() - 2);
    let visits: Vec<Event> = (12..=26).map(|number| visiting(number, 16)).collect();
    assert_eq!(events, visits);
    assert_eq!(table.radio.channel, 25);
}

#[test]
fn firmware_that_does_not_measure_scans_all_the_same() {
    for refused in [Property::MAC_SCAN_MASK, Property::MAC_SCAN_STATE] {
        let mut table = listening(25);
        table.radio.refuses = Some(refused);
        table.rcp.scan(Duration::from_millis(250), table.now);
        let events = table.pass(seconds(5));
        assert!(scanned(&events).len() == 16 && scanned(&events).iter().all(|activity| activity.energy_max_dbm.is_none()));
        assert_eq!(events.last(), Some(&Event::Listening(channel(25))));
        // It was asked once.
        assert_eq!(table.radio.asked.iter().filter(|(_, property)| *property == refused).count(), 1);
    }
    // What is no strength is none.
    let mut table = listening(25);
    table.radio.energy_dbm = 127;
    table.rcp.scan(Duration::from_millis(250), table.now);
    let events = table.pass(seconds(5));
    assert!(scanned(&events).iter().all(|activity| activity.energy_max_dbm.is_none()));
}

#[test]
fn firmware_that_crashes_on_measuring_is_not_asked_twice() {
    let mut table = listening(25);
    table.radio.mood = Mood::CrashesOnMeasuring;
    table.rcp.scan(Duration::from_millis(250), table.now);
    let events = table.pass(seconds(1));
    let crashed = Event::Deaf(Trouble::Restarted(Status::RESET_CRASH));
    assert_eq!(events[2], crashed);
    assert_eq!(events.last(), Some(&Event::Listening(channel(25))));
    table.radio.asked.clear();
    table.rcp.scan(Duration::from_millis(250), table.now);
    let events = table.pass(seconds(6));
    assert_eq!(scanned(&events).len(), 16);
    assert!(!table.radio.asked.iter().any(|(_, property)| *property == Property::MAC_SCAN_STATE));
}

#[test]
fn what_is_listened_to_changes_at_any_time() {
    let mut table = listening(20);
    table.rcp.listen(Listening::Channel(channel(15)), table.now).unwrap();
    assert_eq!((table.carry(), table.radio.channel), (vec![Event::Listening(channel(15))], 15));
    // The same again is no news.
    table.rcp.listen(Listening::Channel(channel(15)), table.now).unwrap();
    assert_eq!(table.carry(), []);
    // A search that is no longer wanted ends at once.
    let dwell = seconds(2);
    table.rcp.listen(Listening::Search { dwell }, table.now).unwrap();
    assert_eq!(table.carry().first(), Some(&Event::Scanning));
    table.pass(seconds(5));
    table.rcp.listen(Listening::Channel(channel(26)), table.now).unwrap();
    assert_eq!((table.carry(), table.radio.channel), (vec![Event::Listening(channel(26))], 26));
    // A scan comes to its end first.
    table.rcp.scan(Duration::from_millis(250), table.now);
    table.carry();
    table.rcp.listen(Listening::Channel(channel(12)), table.now).unwrap();
    let events = table.pass(seconds(5));
    assert!(scanned(&events).len() == 16 && events.last() == Some(&Event::Listening(channel(12))));
    assert_eq!(table.radio.channel, 12);
}

#[test]
fn a_channel_that_the_radio_does_not_have_is_refused() {
    let mut table = Table::new(Listening::Channel(channel(20)));
    table.radio.channels = (11..=25).collect();
    table.carry();
    let refused = table.rcp.listen(Listening::Channel(channel(26)), table.now);
    assert_eq!(refused, Err(Failure::Channel(channel(26))));
    table.rcp.scan(Duration::from_millis(250), table.now);
    let events = table.pass(seconds(5));
    assert_eq!(scanned(&events).len(), 15);
    assert_eq!((events.last(), table.radio.channel), (Some(&Event::Listening(channel(20))), 20));
}

#[test]
fn a_radio_without_a_channel_is_given_up() {
    let mut table = Table::new(Listening::Search { dwell: seconds(2) });
    table.radio.channels = vec![1, 2, 3];
    assert_eq!(table.carry(), [Event::Failed(Failure::NoChannel)]);
    // It tells some, and takes none. The first is set before it listens.
    let mut table = Table::new(Listening::Search { dwell: seconds(2) });
    let events = table.pass(seconds(1));
    assert_eq!(events[1], Event::Scanning);
    table.radio.refuses = Some(Property::PHY_CHAN);
    // The round in which it begins to refuse has heard something.
    let events = table.pass(seconds(5));
    assert_eq!(events.last(), Some(&Event::Failed(Failure::NoChannel)));
    assert_eq!(
        events
            .iter()
            .filter(|event| matches!(event, Event::Scanned(channels) if channels.len() == 1))
            .count(),
        1
    );
}
