//! The dongle's driver alone: OpenThread's own radio sends what it is given, a real node acknowledges it.

use crate::{Air, CHANNEL, Dongle, Node, Role, SECONDS};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use weft_model::{Channel, ExtendedAddress, PanId, Rloc16};
use weft_thread::node::{FrameId, Outgoing, Participant, Sent};
use weft_thread::rcp::port::Port;
use weft_thread::rcp::{Event, Listening, Radio, Trouble};

/// PAN of the mesh.
const PAN: u16 = 0x1234;
/// Nobody has this locator.
const NOBODY: u16 = 0xbc00;
const OURS: u16 = 0x0c7f;

/// A port, the radio behind it, and what happened.
struct Desk {
    port: Port,
    radio: Radio,
    began: Instant,
    events: VecDeque<Event>,
}

impl Desk {
    fn new(dongle: &Dongle) -> Self {
        let mut desk = Self {
            port: Port::open(dongle.port().to_str().unwrap(), 115_200).unwrap(),
            radio: Radio::new(Listening::Channel(channel(CHANNEL))),
            began: Instant::now(),
            events: VecDeque::new(),
        };
        desk.radio.start(desk.now());
        desk
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn turn(&mut self) {
        let output = self.radio.take_output();
        self.port.write(&output).unwrap();
        let mut piece = [0; 1024];
        let wait = self.radio.deadline().unwrap_or_default().saturating_sub(self.now());
        let read = self.port.read(&mut piece, wait.min(Duration::from_millis(20))).unwrap();
        let now = self.now();
        self.radio.receive(now, &piece[..read]);
        self.radio.tick(now);
        self.events.extend(std::iter::from_fn(|| self.radio.next_event()));
    }

    /// Waits for something to happen.
    fn until(&mut self, what: &str, within: Duration, is_it: impl Fn(&Event) -> bool) -> Event {
        let until = self.now() + within;
        let mut others = Vec::new();
        while self.now() < until {
            while let Some(event) = self.events.pop_front() {
                if is_it(&event) {
                    return event;
                }
                others.push(event);
            }
            self.turn();
        }
        panic!("no {what} within {within:?}: {others:?}")
    }

    fn send(&mut self, id: u64, channel: Channel, psdu: Vec<u8>) -> Sent {
        let frame = Outgoing {
            id: FrameId(id),
            channel,
            psdu,
        };
        let now = self.now();
        self.radio.transmit(&frame, now);
        match self.until("result", SECONDS(6), |event| matches!(event, Event::Sent(..))) {
            Event::Sent(FrameId(sent), end) if sent == id => end,
            event => panic!("{event:?}"),
        }
    }
}

fn channel(number: u8) -> Channel {
    Channel::new(number.into()).unwrap()
}

/// A data frame in the clear that asks for an acknowledgment.
fn data(sequence: u8, destination: u16) -> Vec<u8> {
    let mut psdu = vec![0x61, 0x98, sequence];
    for field in [PAN, destination, OURS] {
        psdu.extend(field.to_le_bytes());
    }
    psdu.extend(b"weft");
    psdu
}

#[test]
fn frames_are_sent_and_acknowledged_by_a_real_node() {
    let Some(air) = Air::new() else { return };
    let mut leader = Node::start(&air, 1, Role::Leader);
    let rloc16 = u16::from_str_radix(leader.rloc16().trim_start_matches("0x"), 16).unwrap();
    let dongle = Dongle::new(&air, 9);
    let mut desk = Desk::new(&dongle);
    desk.until("listening", SECONDS(5), |event| *event == Event::Listening(channel(CHANNEL)));
    // Who does not take part sends nothing.
    assert_eq!(desk.send(1, channel(CHANNEL), data(1, rloc16)), Sent::Failed);

    let participant = Participant {
        channel: channel(CHANNEL),
        pan_id: PanId(PAN),
        short_address: Rloc16::new(OURS),
        extended_address: ExtendedAddress([0x5a, 1, 2, 3, 4, 5, 6, 7]),
    };
    desk.radio.take_part(Some(participant), desk.began.elapsed());
    desk.until("taking part", SECONDS(2), |event| *event == Event::TakingPart(channel(CHANNEL)));
    for number in 2..12 {
        assert_eq!(desk.send(number, channel(CHANNEL), data(number as u8, rloc16)), Sent::Done);
    }
    assert_eq!(desk.send(20, channel(CHANNEL), data(20, NOBODY)), Sent::NotAcknowledged);
    // The same on another channel, and the radio is back afterwards. The leader may be there too: it announces its network on all channels.
    assert_eq!(desk.send(21, channel(26), data(21, NOBODY)), Sent::NotAcknowledged);
    assert_eq!(desk.send(22, channel(CHANNEL), data(22, rloc16)), Sent::Done);
    // A beacon request asks for no acknowledgment.
    assert_eq!(desk.send(23, channel(26), vec![0x03, 0x08, 23, 0xff, 0xff, 0xff, 0xff, 0x07]), Sent::Done);

    // A scan measures, and comes back.
    desk.radio.scan(Duration::from_millis(50), desk.began.elapsed());
    let Event::Scanned(channels) = desk.until("scan", SECONDS(10), |event| matches!(event, Event::Scanned(_))) else {
        panic!()
    };
    assert!(
        channels.len() == 16 && channels.iter().all(|activity| activity.energy_max_dbm.is_some()),
        "{channels:?}"
    );
    desk.until("taking part", SECONDS(2), |event| *event == Event::TakingPart(channel(CHANNEL)));
    assert_eq!(desk.send(30, channel(CHANNEL), data(30, rloc16)), Sent::Done);

    // A radio that stands still has sent nothing; it is taken back, with its settings.
    dongle.freeze();
    assert_eq!(desk.send(31, channel(CHANNEL), data(31, rloc16)), Sent::Failed);
    desk.until("trouble", SECONDS(10), |event| *event == Event::Deaf(Trouble::Silent));
    dongle.thaw();
    desk.until("taking part", SECONDS(10), |event| *event == Event::TakingPart(channel(CHANNEL)));
    assert_eq!(desk.send(32, channel(CHANNEL), data(32, rloc16)), Sent::Done);

    // Whoever takes part no more hears everything again, and sends nothing.
    desk.radio.take_part(None, desk.began.elapsed());
    desk.until("listening", SECONDS(2), |event| *event == Event::Listening(channel(CHANNEL)));
    assert_eq!(desk.send(33, channel(CHANNEL), data(33, rloc16)), Sent::Failed);
    assert_eq!(desk.radio.counts().garbage, 0);
}
