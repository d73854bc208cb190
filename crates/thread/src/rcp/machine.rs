//! The conversation: reset, questions, settings, listening, and the way back from whatever goes wrong.

mod answers;
mod round;

use super::command::{Answer, Commands, Order};
use super::{Counts, Event, Failure, Firmware, RadioFrame, Trouble};
use round::{FIRST_CHANNEL, Round};
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::{Channel, Rssi};
use weft_wire::hdlc::{self, Decoder};
use weft_wire::ieee802154::FCS_BYTES;
use weft_wire::spinel::{Capability, Command, Frame, Header, PromiscuousMode, Property, ReceivedFrame, Reset, Status, decode_packed, receive_flag};

/// A radio says within milliseconds that it was reset; some need a second to start.
const RESET_WITHIN: Duration = Duration::from_millis(2000);
/// The Spinel version that all OpenThread radios speak.
const PROTOCOL_MAJOR: u32 = 4;
/// A silent channel is nothing unusual: after so long without any word the radio is asked whether it still listens.
const QUIET_FOR: Duration = Duration::from_secs(5);
/// A radio that listened for so long works; troubles before that count together.
const STEADY_AFTER: Duration = Duration::from_secs(30);
/// Troubles in a row after which the port is given up.
const MAX_TROUBLES: u32 = 5;

/// What to listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// One channel.
    Channel(Channel),
    /// The channel with the most Thread frames: all are listened to in turn, for `dwell` each, round by round until there is one.
    Search {
        /// How long on each channel.
        dwell: Duration,
    },
}

/// The ways to get the radio's attention, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attention {
    /// Restart of the stack alone: a USB port stays where it is.
    StackReset,
    /// Firmware that knows no kinds of resets takes this one.
    PlainReset,
    /// No reset at all: firmware that does not tell of its resets, or whose USB port goes away with each.
    None,
}

impl Attention {
    fn next(self) -> Option<Self> {
        match self {
            Self::StackReset => Some(Self::PlainReset),
            Self::PlainReset => Some(Self::None),
            Self::None => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No port.
    Closed,
    Resetting {
        attention: Attention,
        until: Duration,
    },
    Asking {
        attention: Attention,
    },
    Setting,
    Listening {
        since: Duration,
    },
}

/// The questions at the beginning.
const QUESTIONS: [Property; 6] = [
    Property::PROTOCOL_VERSION,
    Property::NCP_VERSION,
    Property::CAPS,
    Property::HWADDR,
    Property::PHY_CHAN_SUPPORTED,
    Property::RCP_API_VERSION,
];

/// The conversation with a radio. Times are durations since any moment that is the same for all calls.
#[derive(Debug, Clone)]
pub struct Rcp {
    listening: Listening,
    phase: Phase,
    decoder: Decoder,
    commands: Commands,
    orders: VecDeque<Order>,
    output: Vec<u8>,
    events: VecDeque<Event>,
    firmware: Firmware,
    capabilities: Vec<Capability>,
    channel: Option<Channel>,
    round: Option<Round>,
    last_word: Duration,
    /// Bytes and frames since the port was opened.
    opened_bytes: u64,
    opened_words: u64,
    troubles: u32,
    /// The port went away when the radio was reset.
    leaves_on_reset: bool,
    counts: Counts,
}

impl Rcp {
    /// A conversation that has not begun.
    pub fn new(listening: Listening) -> Self {
        Self {
            listening,
            phase: Phase::Closed,
            decoder: Decoder::default(),
            commands: Commands::default(),
            orders: VecDeque::new(),
            output: Vec::new(),
            events: VecDeque::new(),
            firmware: Firmware::default(),
            capabilities: Vec::new(),
            channel: None,
            round: None,
            last_word: Duration::ZERO,
            opened_bytes: 0,
            opened_words: 0,
            troubles: 0,
            leaves_on_reset: false,
            counts: Counts::default(),
        }
    }

    /// The port was opened. What was said before is forgotten; what was counted, and the channel that was found, stay.
    pub fn start(&mut self, now: Duration) {
        self.decoder.reset();
        self.commands.clear();
        self.orders.clear();
        self.output.clear();
        self.events.clear();
        self.round = None;
        self.opened_bytes = 0;
        self.opened_words = 0;
        self.troubles = 0;
        // Ends what the radio may have of a frame of another program.
        self.output.extend([hdlc::FLAG; 4]);
        let attention = if self.leaves_on_reset { Attention::None } else { Attention::StackReset };
        self.get_attention(attention, now);
    }

    /// The port went away, or is closed.
    pub fn lost(&mut self) {
        self.leaves_on_reset |= matches!(self.phase, Phase::Resetting { .. });
        self.phase = Phase::Closed;
    }

    /// What came over the line.
    pub fn receive(&mut self, now: Duration, bytes: &[u8]) {
        if self.phase == Phase::Closed {
            return;
        }
        self.counts.bytes += bytes.len() as u64;
        self.opened_bytes += bytes.len() as u64;
        // The decoder lends out its frames, and they change what it belongs to.
        let mut decoder = std::mem::take(&mut self.decoder);
        for byte in bytes {
            match decoder.push(*byte) {
                Some(hdlc::Event::Frame(frame)) => self.word(now, frame),
                Some(hdlc::Event::Garbage(_)) => self.counts.garbage += 1,
                None => {}
            }
        }
        self.decoder = decoder;
        self.advance(now);
    }

    /// What is due by now. To be called at [`Self::deadline`]; earlier and later does no harm.
    pub fn tick(&mut self, now: Duration) {
        if let Some(order) = self.commands.tick(now, &mut self.output) {
            self.unanswered(order, now);
        }
        match self.phase {
            Phase::Resetting { attention, until } if now >= until => match attention.next() {
                Some(next) => self.get_attention(next, now),
                None => self.give_up(),
            },
            Phase::Listening { since } => {
                if now.saturating_sub(since) >= STEADY_AFTER {
                    self.troubles = 0;
                }
                self.hop(now);
                if self.commands.is_idle() && self.orders.is_empty() && now.saturating_sub(self.last_word) >= QUIET_FOR {
                    self.orders.push_back(Order::Get(Property::MAC_RAW_STREAM_ENABLED));
                }
            }
            _ => {}
        }
        self.advance(now);
    }

    /// When [`Self::tick`] is to be called, if nothing comes before.
    pub fn deadline(&self) -> Option<Duration> {
        let phase = match self.phase {
            Phase::Closed => return None,
            Phase::Resetting { until, .. } => Some(until),
            Phase::Listening { .. } if self.commands.is_idle() => Some(self.last_word.saturating_add(QUIET_FOR)),
            _ => None,
        };
        let round = self.round.as_ref().and_then(|round| round.until);
        [phase, self.commands.deadline(), round].into_iter().flatten().min()
    }

    /// Takes what is to be sent over the line.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// The next thing that happened. To be drained after every call that may bring something.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What came over the line so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The channel that is listened to; `None` while it listens to none, or to all in turn.
    pub fn channel(&self) -> Option<Channel> {
        match self.phase {
            Phase::Listening { .. } if self.round.is_none() => self.channel,
            _ => None,
        }
    }

    /// Goes through all channels once, for `dwell` on each, and comes back. Nothing happens while it does not listen, or goes through them already.
    pub fn scan(&mut self, dwell: Duration, now: Duration) {
        if let (Phase::Listening { .. }, None, Some(channel)) = (self.phase, &self.round, self.channel) {
            self.begin_round(dwell, Some(channel));
            self.advance(now);
        }
    }

    fn word(&mut self, now: Duration, frame: &[u8]) {
        let Ok(frame) = Frame::parse(frame) else {
            self.counts.garbage += 1;
            return;
        };
        self.last_word = now;
        self.opened_words += 1;
        let (Command::Is(property, value) | Command::Inserted(property, value) | Command::Removed(property, value)) = frame.command else {
            self.counts.stray += 1;
            return;
        };
        if property == Property::LAST_STATUS
            && let Ok(status) = decode_packed(value).map(Status)
            && status.is_reset()
        {
            self.restarted(status);
            return;
        }
        if property == Property::STREAM_RAW && frame.header.transaction_id == 0 {
            self.radio_frame(value);
            return;
        }
        match self.commands.take(frame.header, property, value) {
            Some((order, Answer::Value(value))) => self.answered(&order, &value, now),
            Some((order, Answer::Refused(status))) => self.refused(&order, status),
            None => self.counts.stray += u64::from(frame.header.transaction_id != 0),
        }
        // At once: what comes next may be a frame already.
        self.advance(now);
    }

    fn radio_frame(&mut self, value: &[u8]) {
        let is_listening = matches!(self.phase, Phase::Listening { .. });
        let Ok(received) = ReceivedFrame::decode(value) else {
            self.counts.damaged += 1;
            return;
        };
        if received.receive_error.is_some_and(|error| error != 0) || received.flags & receive_flag::BAD_FCS != 0 {
            self.counts.damaged += 1;
            return;
        }
        let channel = received.channel.and_then(|channel| Channel::new(channel.into())).or(self.channel);
        let (Some(channel), true) = (channel, is_listening) else {
            self.counts.stray += 1;
            return;
        };
        let Some(length) = received.psdu.len().checked_sub(FCS_BYTES).filter(|length| *length > 0) else {
            self.counts.damaged += 1;
            return;
        };
        self.counts.frames += 1;
        let frame = RadioFrame {
            channel,
            rssi_dbm: received.rssi.map(Rssi::dbm),
            lqi: received.lqi,
            microseconds: received.radio_microseconds,
            psdu: received.psdu.get(..length).unwrap_or_default().to_vec(),
        };
        if let Some(activity) = self
            .round
            .as_mut()
            .and_then(|round| round.heard.iter_mut().rfind(|activity| activity.channel == channel))
        {
            activity.add(&frame);
        }
        self.events.push_back(Event::Frame(frame));
    }

    fn restarted(&mut self, status: Status) {
        match self.phase {
            Phase::Closed => {}
            Phase::Resetting { attention, .. } => self.ask(attention),
            // A reset that was asked for twice is told twice.
            Phase::Asking { attention } => self.ask(attention),
            Phase::Setting | Phase::Listening { .. } => {
                let trouble = Trouble::Restarted(status);
                if self.is_in_trouble(trouble) {
                    self.ask(Attention::StackReset);
                }
            }
        }
    }

    /// Tells of a trouble. False if it is one too many: the port is given up.
    fn is_in_trouble(&mut self, trouble: Trouble) -> bool {
        self.commands.clear();
        self.orders.clear();
        self.round = None;
        self.troubles += 1;
        self.counts.recoveries += 1;
        self.events.push_back(Event::Deaf(trouble));
        if self.troubles >= MAX_TROUBLES {
            self.fail(Failure::Unsteady(trouble));
            return false;
        }
        true
    }

    fn get_attention(&mut self, attention: Attention, now: Duration) {
        self.commands.clear();
        self.orders.clear();
        let reset = match attention {
            Attention::StackReset => Reset::Stack,
            Attention::PlainReset => Reset::Unspecified,
            Attention::None => {
                self.ask(attention);
                self.advance(now);
                return;
            }
        };
        let frame = Frame {
            header: Header::default(),
            command: Command::Reset(reset),
        };
        hdlc::encode(&frame.encode(), &mut self.output);
        self.phase = Phase::Resetting {
            attention,
            until: now.saturating_add(RESET_WITHIN),
        };
    }

    fn ask(&mut self, attention: Attention) {
        self.commands.clear();
        self.orders = QUESTIONS.into_iter().map(Order::Get).collect();
        self.capabilities.clear();
        self.firmware = Firmware::default();
        self.phase = Phase::Asking { attention };
    }

    fn give_up(&mut self) {
        self.fail(match (self.opened_bytes, self.opened_words) {
            (0, _) => Failure::NoAnswer,
            (bytes, 0) => Failure::NotSpinel { bytes },
            _ => Failure::NoAnswer,
        });
    }

    fn fail(&mut self, failure: Failure) {
        self.commands.clear();
        self.orders.clear();
        self.round = None;
        self.phase = Phase::Closed;
        self.events.push_back(Event::Failed(failure));
    }

    /// Sends the next order; where none is left, goes on to the next phase.
    fn advance(&mut self, now: Duration) {
        // Each phase leads to orders or to listening: twice round is enough.
        for _ in 0..3 {
            if !self.commands.is_idle() {
                return;
            }
            if let Some(order) = self.orders.pop_front() {
                self.commands.send(order, now, &mut self.output);
                return;
            }
            match self.phase {
                Phase::Closed | Phase::Resetting { .. } => return,
                Phase::Asking { .. } => self.told(),
                Phase::Setting => self.listen(now),
                Phase::Listening { .. } => {
                    self.hop(now);
                    if self.orders.is_empty() {
                        return;
                    }
                }
            }
        }
    }

    /// All questions were answered.
    fn told(&mut self) {
        let has = |capability| self.capabilities.contains(&capability);
        let has_own_stack = has(Capability::ConfigFtd) || has(Capability::ConfigMtd);
        if has_own_stack && !has(Capability::MacRaw) {
            let version = self.firmware.version.clone();
            return self.fail(Failure::NotRadio(version));
        }
        if let Listening::Channel(channel) = self.listening
            && !self.firmware.channels.is_empty()
            && !self.firmware.channels.contains(&channel)
        {
            return self.fail(Failure::Channel(channel));
        }
        self.events.push_back(Event::Firmware(self.firmware.clone()));
        self.configure();
    }

    fn configure(&mut self) {
        let set = |property, value: u8| Order::Set(property, vec![value]);
        let first = self.wanted().or_else(|| self.channels().next());
        self.orders = VecDeque::from([
            set(Property::PHY_ENABLED, 1),
            set(Property::MAC_PROMISCUOUS_MODE, PromiscuousMode::Full as u8),
            set(Property::PHY_CHAN, first.map_or(FIRST_CHANNEL as u8, Channel::get)),
            set(Property::MAC_RAW_STREAM_ENABLED, 1),
        ]);
        self.channel = first;
        self.phase = Phase::Setting;
    }

    /// The channel that is wanted, or was found.
    fn wanted(&self) -> Option<Channel> {
        match self.listening {
            Listening::Channel(channel) => Some(channel),
            Listening::Search { .. } => None,
        }
    }

    /// Everything is set.
    fn listen(&mut self, now: Duration) {
        self.phase = Phase::Listening { since: now };
        self.last_word = now;
        match (self.listening, self.channel) {
            (Listening::Channel(_), Some(channel)) => self.events.push_back(Event::Listening(channel)),
            (Listening::Search { dwell }, _) => self.begin_round(dwell, None),
            (Listening::Channel(_), None) => {}
        }
    }
}
