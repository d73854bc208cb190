//! The whole driver of a dongle: calls in any order, answers that are right, wrong, late or missing, and bytes of any kind in between.

use std::collections::BTreeSet;
use std::time::Duration;
use weft_model::{Channel, DongleKind, ExtendedAddress, PanId, Rloc16};
use weft_thread::node::{FrameId, Outgoing, Participant};
use weft_thread::rcp::{Event, Failure, Listening, Radio};
use weft_wire::hdlc::{self, Decoder};
use weft_wire::spinel::{Command, Frame, Header, Property, Status, encode_packed};

/// What is read of an input at most: each call takes at least one byte.
const MAX_CALLS: usize = 4096;
/// Orders that wait at most for an answer here.
const MAX_WAITING: usize = 64;

/// A radio that answers when it is told to.
#[derive(Default)]
struct Peer {
    decoder: Decoder,
    waiting: Vec<(Header, Property, Vec<u8>)>,
    resets: usize,
}

impl Peer {
    fn take(&mut self, line: &[u8]) {
        let Self { decoder, waiting, resets } = self;
        decoder.feed(line, |event| {
            // What a sniffer is told is no frame.
            let hdlc::Event::Frame(bytes) = event else { return };
            let Ok(frame) = Frame::parse(bytes) else { return };
            match frame.command {
                Command::Reset(_) => *resets += 1,
                Command::Get(property) => waiting.push((frame.header, property, Vec::new())),
                Command::Set(property, value) => waiting.push((frame.header, property, value.to_vec())),
                _ => {}
            }
            if waiting.len() > MAX_WAITING {
                waiting.remove(0);
            }
        });
    }

    /// Answers the order that has waited longest.
    fn answer(&mut self, how: u8) -> Vec<u8> {
        let mut line = Vec::new();
        let mut say = |header, property, value: &[u8]| {
            let command = Command::Is(property, value);
            hdlc::encode(&Frame { header, command }.encode(), &mut line);
        };
        if self.resets > 0 {
            self.resets -= 1;
            say(Header::default(), Property::LAST_STATUS, &encode_packed(Status::RESET_SOFTWARE.0));
            return line;
        }
        if self.waiting.is_empty() {
            return line;
        }
        let (header, property, set) = self.waiting.remove(0);
        let right: &[u8] = match property {
            Property::PROTOCOL_VERSION => &[4, 3],
            Property::NCP_VERSION => b"OPENTHREAD/fuzz\0",
            Property::CAPS => &[0x22, 0x81, 0x04],
            Property::PHY_CHAN_SUPPORTED if how % 2 == 1 => &[11, 12, 13],
            Property::MAC_RAW_STREAM_ENABLED if set.is_empty() => &[1],
            _ => &set,
        };
        match how {
            // A frame is answered by a status.
            0..=199 if property == Property::STREAM_RAW => say(header, Property::LAST_STATUS, &[0, 0, 0]),
            0..=199 => {
                say(header, property, right);
                if property == Property::MAC_SCAN_STATE {
                    say(Header::default(), Property::MAC_ENERGY_SCAN_RESULT, &[11 + how % 16, how]);
                }
            }
            200..=229 => say(header, Property::LAST_STATUS, &[how - 200]),
            _ => say(header, Property::LAST_STATUS, &[]),
        }
        line
    }
}

/// Reads an input as calls.
struct Calls<'a>(&'a [u8]);

impl<'a> Calls<'a> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn channel(&mut self) -> Channel {
        Channel::new(11 + u16::from(self.byte() % 16)).expect("a channel of the band")
    }

    fn listening(&mut self) -> Listening {
        match self.byte() {
            0..=127 => Listening::Channel(self.channel()),
            dwell => Listening::Search {
                dwell: Duration::from_millis(u64::from(dwell)),
            },
        }
    }
}

/// Every frame that is to be sent gets exactly one end; nothing comes of a closed port; every call ends.
pub fn rcp(data: &[u8]) {
    let mut calls = Calls(data);
    let mut radio = Radio::new(calls.listening());
    let mut peer = Peer::default();
    let mut now = Duration::ZERO;
    let mut flying = BTreeSet::new();
    let mut last_id = 0;
    for _ in 0..MAX_CALLS {
        if calls.0.is_empty() {
            break;
        }
        match calls.byte() % 16 {
            0 => {
                let kind = [None, Some(DongleKind::Rcp), Some(DongleKind::NordicSniffer)];
                radio.lost();
                ends(&mut radio, &mut flying);
                assert!(flying.is_empty(), "frames without an end: {flying:?}");
                radio.expect(kind[usize::from(calls.byte()) % kind.len()]);
                radio.start(now);
            }
            1 => {
                let length = usize::from(calls.byte());
                radio.receive(now, calls.take(length));
            }
            2 => {
                let length = usize::from(calls.byte());
                let mut line = Vec::new();
                hdlc::encode(calls.take(length), &mut line);
                radio.receive(now, &line);
            }
            3 => radio.scan(Duration::from_millis(u64::from(calls.byte())), now),
            4 => {
                let _ = radio.listen(calls.listening(), now);
            }
            5 => {
                let participant = Participant {
                    channel: calls.channel(),
                    pan_id: PanId(0x1234),
                    short_address: Rloc16::new(u16::from(calls.byte()) << 8 | 1),
                    extended_address: ExtendedAddress([calls.byte(); 8]),
                };
                radio.take_part(Some(participant), now);
            }
            6 => radio.take_part(None, now),
            7 | 8 => {
                last_id += 1;
                flying.insert(last_id);
                let length = usize::from(calls.byte() % 140);
                let frame = Outgoing {
                    id: FrameId(last_id),
                    channel: calls.channel(),
                    psdu: calls.take(length).to_vec(),
                };
                radio.transmit(&frame, now);
            }
            9 => {
                now += Duration::from_millis(u64::from(calls.byte()) * 40);
                radio.tick(now);
            }
            10 => {
                now = now.max(radio.deadline().unwrap_or(now));
                radio.tick(now);
            }
            _ => {
                let line = peer.answer(calls.byte());
                radio.receive(now, &line);
            }
        }
        peer.take(&radio.take_output());
        ends(&mut radio, &mut flying);
        if let Some(deadline) = radio.deadline() {
            // Whoever waits for it sees time go by.
            assert!(deadline < now + Duration::from_secs(60), "{deadline:?} is far from {now:?}");
        }
    }
    // Whatever happened before, time alone ends what is on its way.
    for _ in 0..2000 {
        let Some(deadline) = radio.deadline() else { break };
        now = now.max(deadline);
        radio.tick(now);
        peer.take(&radio.take_output());
        ends(&mut radio, &mut flying);
    }
    assert!(radio.deadline().is_none(), "a radio that does not answer is given up");
    assert!(flying.is_empty(), "frames without an end: {flying:?}");
}

fn ends(radio: &mut Radio, flying: &mut BTreeSet<u64>) {
    let mut failures = 0;
    while let Some(event) = radio.next_event() {
        match event {
            Event::Sent(FrameId(id), _) => assert!(flying.remove(&id), "frame {id} ended twice"),
            Event::Failed(failure) => {
                failures += 1;
                assert!(!matches!(failure, Failure::Refused { status: Status::OK, .. }));
            }
            _ => {}
        }
    }
    assert!(failures <= 1, "it failed {failures} times at once");
}
