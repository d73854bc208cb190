//! A radio that answers with what OpenThread's own `ot-rcp` answered to OpenThread's own host, for tests.

use std::collections::VecDeque;
use std::time::Duration;
use weft_wire::hdlc::{self, Decoder};
use weft_wire::spinel::{Command, Frame, Header, Property, ReceivedFrame, Status, encode_packed};

/// What the simulated `ot-rcp` (Spinel 4.3) answered, property and value, as recorded.
const ANSWERS: [(Property, &[u8]); 6] = [
    (Property::PROTOCOL_VERSION, &[0x04, 0x03]),
    (Property::NCP_VERSION, b"OPENTHREAD/; SIMULATION; Nov 20 2026 13:00:39\0"),
    (Property::CAPS, &[0x05, 0x0c, 0x18, 0x22, 0x81, 0x04, 0x40, 0x41, 0x86, 0x04]),
    (Property::HWADDR, &[0x18, 0xb4, 0x30, 0, 0, 0, 0, 0xca]),
    (
        Property::PHY_CHAN_SUPPORTED,
        &[11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26],
    ),
    (Property::RCP_API_VERSION, &[0x0b]),
];

/// What the radio answered for a frame that asked for no acknowledgment.
pub(super) const SENT: [u8; 31] = [
    0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 5, 0, 0, 0, 0, 0, 0,
];
/// What it answered for a frame that nobody acknowledged.
pub(super) const NOT_ACKNOWLEDGED: [u8; 3] = [0x11, 0, 0];

/// How the radio behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Sound,
    /// It takes everything and says nothing.
    Hanging,
    /// It answers, and never tells of a reset.
    SilentAboutResets,
    /// Its firmware knows resets without a kind only.
    PlainResetsOnly,
    /// It does not survive an order to measure energy.
    CrashesOnMeasuring,
}

/// A radio.
pub(super) struct RecordedRadio {
    pub(super) mood: Mood,
    pub(super) capabilities: Vec<u8>,
    pub(super) channels: Vec<u8>,
    pub(super) protocol: [u8; 2],
    pub(super) refuses: Option<Property>,
    pub(super) resets: u32,
    pub(super) channel: u8,
    pub(super) is_listening: bool,
    pub(super) is_promiscuous: bool,
    pub(super) pan_id: [u8; 2],
    pub(super) short_address: [u8; 2],
    pub(super) extended_address: [u8; 8],
    /// Frames that it was given, as values of STREAM_RAW.
    pub(super) given: Vec<Vec<u8>>,
    /// What it answers for the next frames; [`SENT`] afterwards. Empty: nothing.
    pub(super) results: VecDeque<Vec<u8>>,
    /// What it measures.
    pub(super) energy_dbm: i8,
    /// What it was asked, in order.
    pub(super) asked: Vec<(u8, Property)>,
    scan: u8,
    decoder: Decoder,
}

impl RecordedRadio {
    pub(super) fn new() -> Self {
        Self {
            mood: Mood::Sound,
            capabilities: ANSWERS[2].1.to_vec(),
            channels: ANSWERS[4].1.to_vec(),
            protocol: [4, 3],
            refuses: None,
            resets: 0,
            channel: 0,
            is_listening: false,
            is_promiscuous: false,
            pan_id: [0xff; 2],
            short_address: [0xfe, 0xff],
            extended_address: [0; 8],
            given: Vec::new(),
            results: VecDeque::new(),
            energy_dbm: -30,
            asked: Vec::new(),
            scan: 0,
            decoder: Decoder::default(),
        }
    }

    /// Takes what the host sent. What the radio sends back.
    pub(super) fn take(&mut self, line: &[u8]) -> Vec<u8> {
        let mut back = Vec::new();
        let mut decoder = std::mem::take(&mut self.decoder);
        decoder.feed(line, |event| {
            if let hdlc::Event::Frame(bytes) = event {
                self.command(&Frame::parse(bytes).unwrap(), &mut back);
            }
        });
        self.decoder = decoder;
        if self.mood == Mood::Hanging { Vec::new() } else { back }
    }

    /// It restarts by itself.
    pub(super) fn restart(&mut self, status: Status) -> Vec<u8> {
        self.channel = 0;
        self.is_listening = false;
        self.is_promiscuous = false;
        (self.pan_id, self.short_address, self.extended_address) = ([0xff; 2], [0xfe, 0xff], [0; 8]);
        let mut line = Vec::new();
        say(Header::default(), Property::LAST_STATUS, &encode_packed(status.0), &mut line);
        line
    }

    fn command(&mut self, frame: &Frame<'_>, back: &mut Vec<u8>) {
        match frame.command {
            Command::Reset(kind) => {
                if self.mood == Mood::PlainResetsOnly && kind != weft_wire::spinel::Reset::Unspecified {
                    return;
                }
                self.resets += 1;
                let said = self.restart(Status::RESET_POWER_ON);
                if self.mood != Mood::SilentAboutResets {
                    back.extend(said);
                }
            }
            Command::Get(property) => {
                self.asked.push((frame.header.transaction_id, property));
                let known = ANSWERS.iter().find(|(known, _)| *known == property).map(|(_, value)| *value);
                match property {
                    Property::CAPS => say(frame.header, property, &self.capabilities, back),
                    Property::PHY_CHAN_SUPPORTED => say(frame.header, property, &self.channels, back),
                    Property::PROTOCOL_VERSION => say(frame.header, property, &self.protocol, back),
                    Property::MAC_RAW_STREAM_ENABLED => say(frame.header, property, &[u8::from(self.is_listening)], back),
                    _ => match known {
                        Some(value) => say(frame.header, property, value, back),
                        None => say(frame.header, Property::LAST_STATUS, &encode_packed(Status::PROPERTY_NOT_FOUND.0), back),
                    },
                }
            }
            Command::Set(property, value) => {
                self.asked.push((frame.header.transaction_id, property));
                if self.refuses == Some(property) {
                    return say(frame.header, Property::LAST_STATUS, &encode_packed(Status::INVALID_ARGUMENT.0), back);
                }
                if self.mood == Mood::CrashesOnMeasuring && property == Property::MAC_SCAN_STATE {
                    let said = self.restart(Status::RESET_CRASH);
                    return back.extend(said);
                }
                match property {
                    Property::PHY_CHAN => self.channel = value[0],
                    Property::MAC_RAW_STREAM_ENABLED => self.is_listening = value == [1],
                    Property::MAC_PROMISCUOUS_MODE => self.is_promiscuous = value != [0],
                    Property::MAC_15_4_PANID => self.pan_id = value.try_into().unwrap(),
                    Property::MAC_15_4_SADDR => self.short_address = value.try_into().unwrap(),
                    Property::MAC_15_4_LADDR => self.extended_address = value.try_into().unwrap(),
                    Property::MAC_SCAN_MASK => self.scan = value[0],
                    Property::STREAM_RAW => {
                        self.given.push(value.to_vec());
                        let result = if self.is_listening {
                            self.results.pop_front().unwrap_or(SENT.to_vec())
                        } else {
                            encode_packed(Status::INVALID_STATE.0)
                        };
                        if !result.is_empty() {
                            say(frame.header, Property::LAST_STATUS, &result, back);
                        }
                        return;
                    }
                    _ => {}
                }
                say(frame.header, property, value, back);
                if property == Property::MAC_SCAN_STATE {
                    // As recorded: the result, and that the scan is over.
                    let result = [self.scan, self.energy_dbm as u8];
                    say(Header::default(), Property::MAC_ENERGY_SCAN_RESULT, &result, back);
                    say(Header::default(), Property::MAC_SCAN_STATE, &[0], back);
                }
            }
            _ => panic!("the host sent {frame:?}"),
        }
    }
}

/// Puts a value on the line.
pub(super) fn say(header: Header, property: Property, value: &[u8], line: &mut Vec<u8>) {
    let command = Command::Is(property, value);
    hdlc::encode(&Frame { header, command }.encode(), line);
}

/// A frame on a channel, as the radio gives it.
pub(super) fn heard(channel: u8, psdu: &[u8]) -> Vec<u8> {
    let frame = ReceivedFrame {
        psdu,
        noise_dbm: Some(-128),
        channel: Some(channel),
        lqi: Some(0),
        radio_microseconds: Some(1),
        receive_error: Some(0),
        ..ReceivedFrame::default()
    };
    let mut line = Vec::new();
    say(Header::default(), Property::STREAM_RAW, &frame.encode(), &mut line);
    line
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
