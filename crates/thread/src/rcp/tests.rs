//! The conversation with a recorded radio, and with lines that lose and change bytes.

mod scans;
mod taking_part;

use super::recorded::{Mood, RecordedRadio, heard, say, seconds};
use super::{Event, Failure, Listening, Rcp, Trouble};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::{Channel, ExtendedAddress};
use weft_wire::spinel::{Header, Property, Status};

/// The first 320 frames that `ot-rcp` sent to a sniffer (`fixtures/spinel/README.md`).
const SNIFFER: &[u8] = include_bytes!("../../fixtures/spinel/sniffer.r2h.bin");

fn channel(number: u16) -> Channel {
    Channel::new(number).unwrap()
}

/// A host and a radio on one line, and their clock.
struct Table {
    rcp: Rcp,
    radio: RecordedRadio,
    now: Duration,
}

impl Table {
    fn new(listening: Listening) -> Self {
        let mut rcp = Rcp::new(listening);
        rcp.start(seconds(100));
        Self {
            rcp,
            radio: RecordedRadio::new(),
            now: seconds(100),
        }
    }

    /// Carries what is on the line both ways until nothing is.
    fn carry(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let line = self.rcp.take_output();
            let back = self.radio.take(&line);
            if !back.is_empty() {
                self.rcp.receive(self.now, &back);
            }
            events.extend(std::iter::from_fn(|| self.rcp.next_event()));
            if line.is_empty() {
                return events;
            }
        }
    }

    /// Lets time pass, from deadline to deadline.
    fn pass(&mut self, duration: Duration) -> Vec<Event> {
        let end = self.now + duration;
        let mut events = self.carry();
        while let Some(deadline) = self.rcp.deadline().filter(|deadline| *deadline <= end) {
            assert!(deadline >= self.now || deadline == Duration::ZERO, "a deadline in the past: {deadline:?}");
            self.now = self.now.max(deadline);
            self.rcp.tick(self.now);
            events.extend(self.carry());
        }
        self.now = end;
        events
    }

    fn line(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.rcp.receive(self.now, bytes);
        self.carry()
    }
}

fn listening(number: u16) -> Table {
    let mut table = Table::new(Listening::Channel(channel(number)));
    let events = table.carry();
    assert_eq!(events.last(), Some(&Event::Listening(channel(number))));
    table
}

#[test]
fn a_sound_radio_is_reset_asked_and_set() {
    let mut table = Table::new(Listening::Channel(channel(20)));
    let events = table.carry();
    let [Event::Firmware(firmware), Event::Listening(on)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(firmware.version, "OPENTHREAD/; SIMULATION; Nov 20 2026 13:00:39");
    assert_eq!((firmware.protocol, firmware.rcp_api), (Some((4, 3)), Some(11)));
    assert_eq!(firmware.hardware_address, Some(ExtendedAddress([0x18, 0xb4, 0x30, 0, 0, 0, 0, 0xca])));
    assert_eq!(firmware.channels.len(), 16);
    assert_eq!(*on, channel(20));
    assert_eq!((table.radio.resets, table.radio.channel, table.radio.is_listening), (1, 20, true));
    let transactions: Vec<u8> = table.radio.asked.iter().map(|(transaction, _)| *transaction).collect();
    assert_eq!(transactions, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn a_recorded_sniffer_session_gives_its_frames() {
    let mut table = listening(20);
    let mut frames = 0;
    // As a serial port gives it: in pieces that end anywhere.
    for piece in SNIFFER.chunks(61) {
        for event in table.line(piece) {
            let Event::Frame(frame) = event else { panic!("{event:?}") };
            assert_eq!((frame.channel, frame.rssi_dbm, frame.lqi), (channel(20), Some(-20), Some(0)));
            frames += 1;
        }
    }
    assert_eq!(frames, 320);
    let counts = *table.rcp.counts();
    assert_eq!((counts.frames, counts.garbage, counts.stray, counts.damaged), (320, 0, 0, 0));
}

#[test]
fn the_first_recorded_frame_is_without_its_check_sequence() {
    let mut table = listening(20);
    let Some(Event::Frame(frame)) = table.line(&SNIFFER[..80]).into_iter().next() else {
        panic!("no frame")
    };
    // Frame control, sequence number, PAN id, receiver 0x5000, sender 0x5006, security header, command 4 (data poll), integrity code.
    let expected = [
        0x6b, 0x98, 0x79, 0x34, 0x12, 0x00, 0x50, 0x06, 0x50, 0x0d, 0x2a, 0x02, 0x00, 0x00, 0x01, 0x04, 0x09, 0x3d, 0x2c, 0x5c,
    ];
    assert_eq!(frame.psdu, expected);
    assert_eq!(frame.microseconds, Some(0xe093_9d51));
}

#[test]
fn old_firmware_takes_a_plain_reset_and_other_firmware_none_at_all() {
    let mut table = Table::new(Listening::Channel(channel(15)));
    table.radio.mood = Mood::PlainResetsOnly;
    assert!(table.pass(seconds(3)).contains(&Event::Listening(channel(15))));
    assert_eq!(table.radio.resets, 1);
    let mut table = Table::new(Listening::Channel(channel(15)));
    table.radio.mood = Mood::SilentAboutResets;
    assert!(table.pass(seconds(5)).contains(&Event::Listening(channel(15))));
}

#[test]
fn a_port_that_goes_away_with_the_reset_is_not_reset_again() {
    let mut rcp = Rcp::new(Listening::Channel(channel(15)));
    rcp.start(seconds(0));
    rcp.take_output();
    rcp.lost();
    assert_eq!(rcp.deadline(), None);
    rcp.start(seconds(3));
    let mut radio = RecordedRadio::new();
    radio.take(&rcp.take_output());
    assert_eq!((radio.resets, radio.asked.first()), (0, Some(&(1, Property::PROTOCOL_VERSION))));
}

#[test]
fn what_does_not_answer_is_given_up_with_the_reason() {
    let mut table = Table::new(Listening::Channel(channel(15)));
    table.radio.mood = Mood::Hanging;
    assert_eq!(table.pass(seconds(10)), [Event::Failed(Failure::NoAnswer)]);
    let mut table = Table::new(Listening::Channel(channel(15)));
    table.radio.mood = Mood::Hanging;
    table.line(b"\x00\xfe\xf8 wrong speed ~~ \x80");
    let events = table.pass(seconds(10));
    assert_eq!(events, [Event::Failed(Failure::NotSpinel { bytes: 20 })]);
    let Event::Failed(failure) = &events[0] else { panic!() };
    assert!(failure.to_string().contains("--baud"));
}

#[test]
fn firmware_that_cannot_listen_is_named() {
    let mut table = Table::new(Listening::Channel(channel(15)));
    table.radio.capabilities = vec![5, 32];
    let expected = Failure::NotRadio("OPENTHREAD/; SIMULATION; Nov 20 2026 13:00:39".to_owned());
    assert_eq!(table.carry(), [Event::Failed(expected)]);
    let mut table = Table::new(Listening::Channel(channel(15)));
    table.radio.protocol = [5, 0];
    assert_eq!(table.carry(), [Event::Failed(Failure::Protocol((5, 0)))]);
    let mut table = Table::new(Listening::Channel(channel(15)));
    table.radio.refuses = Some(Property::MAC_PROMISCUOUS_MODE);
    let failure = Failure::Refused {
        property: Property::MAC_PROMISCUOUS_MODE,
        status: Status::INVALID_ARGUMENT,
    };
    assert_eq!(table.carry().last(), Some(&Event::Failed(failure)));
    assert_eq!(table.rcp.deadline(), None);
}

#[test]
fn a_restart_in_the_middle_is_told_and_mended_at_once() {
    let mut table = listening(20);
    let said = table.radio.restart(Status::RESET_WATCHDOG);
    let events = table.line(&said);
    assert_eq!(events.first(), Some(&Event::Deaf(Trouble::Restarted(Status::RESET_WATCHDOG))));
    assert_eq!(events.last(), Some(&Event::Listening(channel(20))));
    assert!(table.radio.is_listening);
    assert_eq!(table.line(&SNIFFER[..80]).len(), 1);
}

#[test]
fn a_restart_that_nobody_heard_of_is_found_within_seconds() {
    let mut table = listening(20);
    table.radio.restart(Status::RESET_POWER_ON);
    let events = table.pass(seconds(6));
    assert_eq!(events, [Event::Deaf(Trouble::Forgot), Event::Listening(channel(20))]);
    assert!(table.radio.is_listening);
}

#[test]
fn a_hang_is_told_and_a_radio_that_comes_back_is_used_again() {
    let mut table = listening(20);
    table.radio.mood = Mood::Hanging;
    let events = table.pass(seconds(9));
    assert_eq!(events, [Event::Deaf(Trouble::Silent)]);
    table.radio.mood = Mood::Sound;
    assert!(table.pass(seconds(3)).contains(&Event::Listening(channel(20))));
    table.radio.mood = Mood::Hanging;
    let events = table.pass(seconds(30));
    assert_eq!(events, [Event::Deaf(Trouble::Silent), Event::Failed(Failure::NoAnswer)]);
}

#[test]
fn a_radio_that_restarts_again_and_again_is_given_up() {
    let mut table = listening(20);
    let mut last = None;
    for _ in 0..5 {
        let said = table.radio.restart(Status::RESET_CRASH);
        last = table.line(&said).pop().or(last);
    }
    assert_eq!(last, Some(Event::Failed(Failure::Unsteady(Trouble::Restarted(Status::RESET_CRASH)))));
    // Over a long time, each was a trouble of its own.
    let mut table = listening(20);
    for _ in 0..20 {
        table.pass(seconds(40));
        let said = table.radio.restart(Status::RESET_CRASH);
        assert_eq!(table.line(&said).last(), Some(&Event::Listening(channel(20))));
    }
}

#[test]
fn a_silent_channel_is_no_trouble() {
    let mut table = listening(20);
    assert_eq!(table.pass(seconds(3600)), []);
    assert_eq!(table.rcp.counts().recoveries, 0);
}

#[test]
fn what_the_radio_logs_by_itself_is_no_proof_that_it_listens() {
    let mut table = listening(20);
    let mut log = Vec::new();
    say(
        Header::default(),
        Property::STREAM_LOG,
        b"[W] Platform-------: radio off\0\x02\x00",
        &mut log,
    );
    table.radio.restart(Status::RESET_POWER_ON);
    let mut events = Vec::new();
    for _ in 0..12 {
        events.extend(table.line(&log));
        events.extend(table.pass(seconds(1)));
    }
    assert_eq!(events, [Event::Deaf(Trouble::Forgot), Event::Listening(channel(20))]);
    assert_eq!(table.rcp.counts().stray, 0);
}

#[test]
fn an_answer_that_comes_after_the_question_was_repeated_is_an_answer() {
    let mut rcp = Rcp::new(Listening::Channel(channel(20)));
    let mut radio = RecordedRadio::new();
    let (mut now, mut events) = (seconds(0), Vec::new());
    rcp.start(now);
    // Every answer takes 1.5 s: longer than a question waits before it is repeated.
    let mut answers: VecDeque<(Duration, Vec<u8>)> = VecDeque::new();
    while now < seconds(60) {
        let answer = radio.take(&rcp.take_output());
        if !answer.is_empty() {
            answers.push_back((now + Duration::from_millis(1500), answer));
        }
        while let Some((_, answer)) = answers.pop_front_if(|(at, _)| *at <= now) {
            rcp.receive(now, &answer);
        }
        rcp.tick(now);
        events.extend(std::iter::from_fn(|| rcp.next_event()));
        now += Duration::from_millis(100);
    }
    assert!(matches!(&events[..], [Event::Firmware(_), Event::Listening(_)]), "{events:?}");
    assert_eq!(rcp.counts().recoveries, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bytes_of_any_kind_at_any_moment_do_no_harm(noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..20), step in 1u64..3000) {
        let mut table = Table::new(Listening::Channel(channel(20)));
        for bytes in &noise {
            table.line(bytes);
            table.pass(Duration::from_millis(step));
        }
        prop_assert!(table.rcp.next_event().is_none());
    }

    #[test]
    fn flipped_and_lost_bytes_cost_single_frames(flips in proptest::collection::btree_map(0..SNIFFER.len(), proptest::option::of(1u8..=255), 0..12)) {
        let mut line = Vec::new();
        for (index, byte) in SNIFFER.iter().enumerate() {
            match flips.get(&index) {
                None => line.push(*byte),
                Some(Some(flip)) => line.push(byte ^ flip),
                Some(None) => {}
            }
        }
        let mut table = listening(20);
        let mut frames = 0;
        for piece in line.chunks(256) {
            frames += table.line(piece).iter().filter(|event| matches!(event, Event::Frame(_))).count();
        }
        // Between two frames stand two flags: a change costs one frame, two where it joins them.
        prop_assert!(frames >= 320 - 2 * flips.len() && frames <= 320, "{} of 320 frames with {} changes", frames, flips.len());
        let said = table.radio.restart(Status::RESET_POWER_ON);
        let events = table.line(&[&[0x7e][..], &said].concat());
        prop_assert_eq!(events.last(), Some(&Event::Listening(channel(20))));
    }
}
