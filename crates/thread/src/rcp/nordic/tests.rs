//! The conversation with a shell that behaves as the firmware's documentation and sources say.

use super::*;
use crate::node::{FrameId, Participant};
use crate::rcp::Radio;
use crate::rcp::recorded::{Mood, RecordedRadio};
use proptest::prelude::*;
use weft_model::{ExtendedAddress, PanId};

const FRAME: &str = "received: 6b98793412005006500d2a0200000104093d2c5cabcd power: -39 lqi: 220 time: 15822687\r\n";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn channel(number: u16) -> Channel {
    Channel::new(number).unwrap()
}

/// What is behind the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// nRF Connect SDK's shell: it repeats what is typed, and tells its channel.
    Shell,
    /// The firmware before: it repeats what is typed.
    OldShell,
    /// OpenThread's command line.
    OpenThreadCli,
    /// Another shell.
    OtherShell,
    /// What is sent comes back.
    Loop,
    Nothing,
}

struct Table {
    radio: Radio,
    behind: Behind,
    now: Duration,
    typed: Vec<u8>,
    channel: u16,
    receives: bool,
    commands: Vec<String>,
}

impl Table {
    fn new(behind: Behind, listening: Listening) -> Self {
        Self {
            radio: Radio::new(listening),
            behind,
            now: seconds(10),
            typed: Vec::new(),
            channel: 11,
            receives: false,
            commands: Vec::new(),
        }
    }

    fn known_by_its_usb_ids(behind: Behind, listening: Listening) -> Self {
        let mut table = Self::new(behind, listening);
        table.radio.expect(Some(DongleKind::NordicSniffer));
        table.radio.start(table.now);
        table
    }

    fn answer(&mut self, line: &[u8]) -> Vec<u8> {
        if matches!(self.behind, Behind::Nothing | Behind::Loop) {
            return if self.behind == Behind::Loop { line.to_vec() } else { Vec::new() };
        }
        let mut said = Vec::new();
        for byte in line {
            // A shell takes no bytes that are no letters.
            if byte.is_ascii_graphic() || *byte == b' ' {
                self.typed.push(*byte);
                said.push(*byte);
            }
            if *byte == b'\r' {
                said.extend(b"\r\n");
                let command = String::from_utf8(std::mem::take(&mut self.typed)).unwrap();
                said.extend(self.command(command.trim()).bytes());
            }
        }
        said
    }

    fn command(&mut self, command: &str) -> String {
        if command.is_empty() {
            return String::new();
        }
        self.commands.push(command.to_owned());
        let words: Vec<&str> = command.split(' ').collect();
        match (self.behind, words.as_slice()) {
            (Behind::OpenThreadCli, ["channel"]) => "20\r\nDone\r\n> ".to_owned(),
            (Behind::OpenThreadCli, _) => "Error 35: InvalidCommand\r\n> ".to_owned(),
            (Behind::OtherShell, _) => format!("{}: command not found\r\n", words[0]),
            (Behind::Shell, ["channel"]) => format!("{}\r\n", self.channel),
            (_, ["channel", number]) => {
                self.channel = number.parse().unwrap();
                String::new()
            }
            (_, ["receive"]) => {
                self.receives = true;
                String::new()
            }
            (_, ["sleep"]) => {
                self.receives = false;
                String::new()
            }
            (_, ["channel"]) => String::new(),
            _ => format!("{}: command not found\r\n", words[0]),
        }
    }

    fn carry(&mut self) -> Vec<Event> {
        loop {
            let line = self.radio.take_output();
            if line.is_empty() {
                return std::iter::from_fn(|| self.radio.next_event()).collect();
            }
            let said = self.answer(&line);
            self.radio.receive(self.now, &said);
        }
    }

    fn pass(&mut self, duration: Duration) -> Vec<Event> {
        let end = self.now + duration;
        let mut events = self.carry();
        while let Some(deadline) = self.radio.deadline().filter(|deadline| *deadline <= end) {
            assert!(deadline >= self.now || deadline == Duration::ZERO, "a deadline in the past: {deadline:?}");
            self.now = self.now.max(deadline);
            self.radio.tick(self.now);
            events.extend(self.carry());
        }
        self.now = end;
        events
    }

    fn line(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.radio.receive(self.now, bytes);
        self.carry()
    }
}

fn listening(number: u16) -> Table {
    let mut table = Table::known_by_its_usb_ids(Behind::Shell, Listening::Channel(channel(number)));
    let events = table.carry();
    let [Event::Firmware(firmware), Event::Listening(on)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((firmware.kind, firmware.protocol), (DongleKind::NordicSniffer, None));
    assert_eq!(*on, channel(number));
    table
}

#[test]
fn a_sniffer_that_is_known_by_its_usb_ids_is_told_to_listen() {
    let mut table = listening(20);
    assert_eq!((table.channel, table.receives), (20, true));
    assert_eq!(table.commands, ["sleep", "channel", "sleep", "channel 20", "receive"]);
    let events = table.line(FRAME.as_bytes());
    let [Event::Frame(frame)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((frame.channel, frame.rssi_dbm, frame.lqi), (channel(20), Some(-39), Some(220)));
    assert_eq!((frame.microseconds, frame.psdu.len()), (Some(15_822_687), 20));
    let counts = *table.radio.counts();
    assert_eq!((counts.frames, counts.garbage, counts.stray), (1, 0, 0));
}

#[test]
fn firmware_that_does_not_tell_its_channel_is_recognised_by_its_echo() {
    let mut table = Table::known_by_its_usb_ids(Behind::OldShell, Listening::Channel(channel(15)));
    let events = table.pass(seconds(2));
    assert!(matches!(&events[..], [Event::Firmware(_), Event::Listening(_)]), "{events:?}");
    assert_eq!((table.channel, table.receives), (15, true));
    // It is not taken for one that hangs.
    assert_eq!(table.pass(seconds(600)), []);
}

#[test]
fn what_does_not_answer_in_spinel_is_asked_whether_it_is_a_sniffer() {
    let mut table = Table::new(Behind::Shell, Listening::Channel(channel(20)));
    table.radio.start(table.now);
    let events = table.pass(seconds(12));
    assert!(matches!(&events[..], [Event::Firmware(_), Event::Listening(_)]), "{events:?}");
    assert_eq!((table.channel, table.receives), (20, true));
}

#[test]
fn a_sniffer_that_listens_already_is_recognised_at_once() {
    let mut table = Table::new(Behind::Shell, Listening::Channel(channel(20)));
    table.radio.start(table.now);
    table.radio.take_output();
    let events = table.line(FRAME.as_bytes());
    // Nothing tells of which channel that frame is.
    assert!(matches!(&events[..], [Event::Firmware(_), Event::Listening(_)]), "{events:?}");
    assert!(matches!(table.line(FRAME.as_bytes())[..], [Event::Frame(_)]));
}

#[test]
fn what_is_no_sniffer_either_is_named_for_what_it_is() {
    let failures = [
        (Behind::Nothing, Failure::NoAnswer),
        (Behind::OpenThreadCli, Failure::CommandLine),
        (Behind::Loop, Failure::NoAnswer),
    ];
    for (behind, failure) in failures {
        let mut table = Table::new(behind, Listening::Channel(channel(20)));
        table.radio.start(table.now);
        assert_eq!(table.pass(seconds(30)), [Event::Failed(failure)], "{behind:?}");
    }
    let mut table = Table::new(Behind::OtherShell, Listening::Channel(channel(20)));
    table.radio.start(table.now);
    let events = table.pass(seconds(30));
    assert!(matches!(&events[..], [Event::Failed(Failure::NotSpinel { .. })]), "{events:?}");
    // What its ids call a sniffer, and what is silent.
    let mut table = Table::known_by_its_usb_ids(Behind::Nothing, Listening::Channel(channel(20)));
    assert_eq!(table.pass(seconds(30)), [Event::Failed(Failure::NoAnswer)]);
}

#[test]
fn another_firmware_behind_the_same_port_is_spoken_to_in_its_language() {
    let mut table = Table::new(Behind::Shell, Listening::Search { dwell: seconds(1) });
    table.radio.start(table.now);
    let mut events = table.pass(seconds(12));
    while table.channel != 17 {
        events.extend(table.pass(Duration::from_millis(100)));
    }
    table.line(FRAME.as_bytes());
    events.extend(table.pass(seconds(20)));
    assert_eq!(events.last(), Some(&Event::Listening(channel(17))));
    let frames = table.radio.counts().frames;
    table.radio.lost();
    // The port comes back with OpenThread's firmware. What was found and counted stays.
    table.radio.start(table.now);
    let mut rcp = RecordedRadio::new();
    assert_eq!(rcp.mood, Mood::Sound);
    let mut last = None;
    loop {
        let line = table.radio.take_output();
        if line.is_empty() {
            break;
        }
        let said = rcp.take(&line);
        table.radio.receive(table.now, &said);
        last = std::iter::from_fn(|| table.radio.next_event()).last().or(last);
    }
    assert_eq!(last, Some(Event::Listening(channel(17))));
    assert_eq!((table.radio.counts().frames, frames), (1, 1));
}

#[test]
fn a_scan_goes_through_all_channels_and_comes_back() {
    let mut table = listening(25);
    table.radio.scan(Duration::from_millis(250), table.now);
    let mut events = Vec::new();
    for _ in 0..50 {
        if table.channel == 17 && table.receives {
            events.extend(table.line(FRAME.as_bytes()));
        }
        events.extend(table.pass(Duration::from_millis(100)));
    }
    assert_eq!(
        (events.first(), events.last()),
        (Some(&Event::Scanning), Some(&Event::Listening(channel(25))))
    );
    let visited: Vec<(u8, u8, u8)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Visiting { channel, done, of } => Some((channel.get(), *done, *of)),
            _ => None,
        })
        .collect();
    assert_eq!(visited, (11..=26).map(|number| (number, number - 11, 16)).collect::<Vec<_>>());
    let Some(Event::Scanned(channels)) = events.iter().find(|event| matches!(event, Event::Scanned(_))) else {
        panic!()
    };
    let heard: Vec<u8> = channels
        .iter()
        .filter(|activity| activity.thread_frames > 0)
        .map(|activity| activity.channel.get())
        .collect();
    assert_eq!((heard, channels.len()), (vec![17], 16));
    assert!(channels.iter().all(|activity| activity.energy_max_dbm.is_none()));
    assert_eq!((table.channel, table.receives), (25, true));
}

#[test]
fn frames_of_the_channel_before_are_not_taken_for_those_of_the_next() {
    let mut table = listening(25);
    table.radio.listen(Listening::Channel(channel(12)), table.now).unwrap();
    assert_eq!(table.radio.channel(), None);
    // Printed before the firmware repeats the order.
    table.radio.receive(table.now, FRAME.as_bytes());
    assert_eq!((table.carry(), table.radio.counts().stray), (vec![Event::Listening(channel(12))], 1));
    let events = table.line(FRAME.as_bytes());
    assert!(matches!(&events[..], [Event::Frame(frame)] if frame.channel == channel(12)));
    // An echo that does not come is not waited for.
    table.behind = Behind::Nothing;
    table.radio.listen(Listening::Channel(channel(13)), table.now).unwrap();
    assert_eq!(table.pass(seconds(1)), [Event::Listening(channel(13))]);
}

#[test]
fn it_cannot_take_part_and_says_so() {
    let participant = Participant {
        channel: channel(20),
        pan_id: PanId(0x1234),
        short_address: None,
        extended_address: ExtendedAddress([1; 8]),
    };
    let frame = Outgoing {
        id: FrameId(7),
        channel: channel(20),
        psdu: vec![1, 2, 3],
    };
    let mut table = listening(20);
    table.radio.take_part(Some(participant), table.now);
    assert_eq!(table.carry(), [Event::CannotTakePart]);
    table.radio.take_part(Some(participant), table.now);
    table.radio.transmit(&frame, table.now);
    assert_eq!(table.carry(), [Event::Sent(FrameId(7), Sent::Failed)]);
    assert!(matches!(table.line(FRAME.as_bytes())[..], [Event::Frame(_)]));
    // Who is to take part already when it turns out what it is.
    let mut table = Table::known_by_its_usb_ids(Behind::Shell, Listening::Channel(channel(20)));
    table.radio.take_part(Some(participant), table.now);
    let events = table.carry();
    assert!(
        matches!(&events[..], [Event::Firmware(_), Event::CannotTakePart, Event::Listening(_)]),
        "{events:?}"
    );
}

#[test]
fn a_hang_and_a_restart_are_told_and_mended() {
    let mut table = listening(20);
    assert_eq!(table.pass(seconds(600)), []);
    table.channel = 11;
    table.receives = false;
    assert_eq!(table.pass(seconds(7)), [Event::Deaf(Trouble::Forgot), Event::Listening(channel(20))]);
    assert_eq!((table.channel, table.receives), (20, true));
    // A restart to the same channel is mended without a word: it is told to receive whenever it is asked.
    table.receives = false;
    assert_eq!((table.pass(seconds(7)), table.receives), (vec![], true));
    table.behind = Behind::Nothing;
    assert_eq!(table.pass(seconds(5)), [Event::Deaf(Trouble::Silent)]);
    table.behind = Behind::Shell;
    let events = table.pass(seconds(3));
    assert!(matches!(&events[..], [Event::Firmware(_), Event::Listening(_)]), "{events:?}");
    table.behind = Behind::Nothing;
    assert_eq!(table.pass(seconds(30)), [Event::Deaf(Trouble::Silent), Event::Failed(Failure::NoAnswer)]);
}

#[test]
fn half_lines_and_garbage_cost_what_they_hit() {
    let mut table = listening(20);
    for piece in FRAME.as_bytes().chunks(7) {
        table.radio.receive(table.now, piece);
    }
    assert!(matches!(table.carry()[..], [Event::Frame(_)]));
    assert_eq!(table.line(&FRAME.as_bytes()[..40]), []);
    assert_eq!(table.line(b"\r\n\xff\xfe garbage \x00\r\n"), []);
    assert_eq!(table.radio.counts().garbage, 2);
    assert!(matches!(table.line(FRAME.as_bytes())[..], [Event::Frame(_)]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bytes_of_any_kind_at_any_moment_do_no_harm(noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..20), step in 1u64..3000) {
        let mut table = Table::known_by_its_usb_ids(Behind::Shell, Listening::Channel(channel(20)));
        for bytes in &noise {
            table.line(bytes);
            table.pass(Duration::from_millis(step));
        }
        prop_assert!(table.radio.next_event().is_none());
    }
}
