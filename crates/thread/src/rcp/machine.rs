//! The conversation: reset, questions, settings, listening, and the way back from whatever goes wrong.

mod answers;
mod flight;
mod recovery;
mod round;
mod settings;

use super::command::{Answer, Commands, Order};
use super::{Counts, Event, Failure, Firmware, RadioFrame};
use crate::node::Participant;
use flight::Flights;
use recovery::Attention;
use round::Round;
use settings::Settings;
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::{Channel, PanId, Rssi};
use weft_wire::hdlc::{self, Decoder};
use weft_wire::ieee802154::FCS_BYTES;
use weft_wire::spinel::{Capability, Command, Frame, Property, ReceivedFrame, Status, decode_packed, receive_flag};

/// The Spinel version that all OpenThread radios speak.
const PROTOCOL_MAJOR: u32 = 4;
/// A silent channel is nothing unusual: after so long without any word the radio is asked whether it still listens.
const QUIET_FOR: Duration = Duration::from_secs(5);
/// A radio that listened for so long works; troubles before that count together.
const STEADY_AFTER: Duration = Duration::from_secs(30);

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
    /// As whom it takes part; `None` while it listens to everything.
    participant: Option<Participant>,
    /// What the radio was told, and took.
    has: Settings,
    /// Whoever reads the events knows that it listens, or takes part.
    is_announced: bool,
    flights: Flights,
    round: Option<Round>,
    /// The firmware measures energy, as far as is known.
    measures: bool,
    /// When the radio last proved that it listens: by a frame from the air, or by an answer. What it logs by itself proves nothing.
    last_proof: Duration,
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
            participant: None,
            has: Settings::default(),
            is_announced: false,
            flights: Flights::default(),
            round: None,
            measures: true,
            last_proof: Duration::ZERO,
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
        self.has = Settings::default();
        self.is_announced = false;
        self.flights = Flights::default();
        self.measures = true;
        self.opened_bytes = 0;
        self.opened_words = 0;
        self.troubles = 0;
        // Ends what the radio may have of a frame of another program.
        self.output.extend([hdlc::FLAG; 4]);
        let attention = if self.leaves_on_reset { Attention::None } else { Attention::StackReset };
        self.get_attention(attention, now);
    }

    /// The port went away, or is closed. Brings [`Event::Sent`] for every frame that was to be sent.
    pub fn lost(&mut self) {
        self.leaves_on_reset |= matches!(self.phase, Phase::Resetting { .. });
        self.phase = Phase::Closed;
        self.ground_all();
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
        self.overdue(now);
        match self.phase {
            Phase::Resetting { attention, until } if now >= until => match attention.next() {
                Some(next) => self.get_attention(next, now),
                None => self.give_up(),
            },
            Phase::Listening { since } => {
                if now.saturating_sub(since) >= STEADY_AFTER {
                    self.troubles = 0;
                }
                if self.commands.is_idle() && self.orders.is_empty() && now.saturating_sub(self.last_proof) >= QUIET_FOR {
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
            Phase::Listening { .. } if self.commands.is_idle() => Some(self.last_proof.saturating_add(QUIET_FOR)),
            _ => None,
        };
        // A round goes on when nothing else is on its way: answers and results have deadlines of their own.
        let may_go_on = self.commands.is_idle() && !self.flights.is_one_on_its_way();
        let round = self.round.as_ref().filter(|_| may_go_on).and_then(Round::deadline);
        [phase, self.commands.deadline(), self.flights.deadline(), round]
            .into_iter()
            .flatten()
            .min()
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
            Phase::Listening { .. } if self.round.is_none() => self.has.channel,
            _ => None,
        }
    }

    /// Goes through all channels once, for `dwell` on each, and comes back. Nothing happens while it does not listen, or goes through them already.
    /// Meanwhile a radio that takes part hears everything, acknowledges nothing and sends nothing.
    pub fn scan(&mut self, dwell: Duration, now: Duration) {
        if matches!(self.phase, Phase::Listening { .. }) && self.round.is_none() {
            self.begin_round(dwell, false);
            self.advance(now);
        }
    }

    /// What to listen to from now on. A radio that takes part does so until it no longer does; a scan comes to its end first.
    ///
    /// # Errors
    /// The radio says that it cannot listen on that channel: nothing changes.
    pub fn listen(&mut self, listening: Listening, now: Duration) -> Result<(), Failure> {
        if let Listening::Channel(channel) = listening
            && !self.has_channel(channel)
        {
            return Err(Failure::Channel(channel));
        }
        if self.listening != listening {
            self.listening = listening;
            self.changed(now);
        }
        Ok(())
    }

    /// As whom to take part from now on: the radio acknowledges what is for them, and hands nothing else on. `None`: it listens to everything again.
    /// [`Event::TakingPart`] or [`Event::Listening`] says when it is so; to be asked for at any time, also before the port is open. On a channel that the radio
    /// does not have, nobody takes part: it stays where it is, and frames are not sent.
    pub fn take_part(&mut self, participant: Option<Participant>, now: Duration) {
        if self.participant == participant {
            return;
        }
        self.participant = participant;
        if participant.is_none() {
            self.ground_waiting();
        }
        self.changed(now);
    }

    /// What is wanted is something else now.
    fn changed(&mut self, now: Duration) {
        self.is_announced = false;
        match self.phase {
            // What was looked for is known, or looked for anew.
            Phase::Listening { .. } => self.end_search(),
            Phase::Setting => self.configure(),
            _ => {}
        }
        self.advance(now);
    }

    /// It has said something in Spinel since the port was opened.
    pub(super) fn has_spoken(&self) -> bool {
        self.opened_words > 0
    }

    /// What it is told to listen to, or found.
    pub(super) fn listening(&self) -> Listening {
        self.listening
    }

    /// What was counted by another conversation on the same port goes on.
    pub(super) fn set_counts(&mut self, counts: Counts) {
        self.counts = counts;
    }

    fn has_channel(&self, channel: Channel) -> bool {
        self.firmware.channels.is_empty() || self.firmware.channels.contains(&channel)
    }

    fn word(&mut self, now: Duration, frame: &[u8]) {
        let Ok(frame) = Frame::parse(frame) else {
            self.counts.garbage += 1;
            return;
        };
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
        match (property, frame.header.transaction_id) {
            (Property::STREAM_RAW, 0) => {
                self.last_proof = now;
                return self.radio_frame(value);
            }
            (Property::MAC_ENERGY_SCAN_RESULT, 0) => self.measured(value, now),
            (Property::LAST_STATUS, id) if self.flights.is(id) => self.landed(value),
            (_, id) => match self.commands.take(frame.header, property, value) {
                Some((order, answer)) => {
                    self.last_proof = now;
                    match answer {
                        Answer::Value(value) => self.answered(&order, &value, now),
                        Answer::Refused(status) => self.refused(&order, status, now),
                    }
                }
                // What it says by itself: its log, or what changed.
                None => self.counts.stray += u64::from(id != 0),
            },
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
        let channel = received.channel.and_then(|channel| Channel::new(channel.into())).or(self.has.channel);
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

    /// Sends the next order; where none is left, goes on to the next phase.
    fn advance(&mut self, now: Duration) {
        // Each phase leads to orders or to the next one: four times round is enough.
        for _ in 0..4 {
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
                Phase::Setting => {
                    self.phase = Phase::Listening { since: now };
                    self.last_proof = now;
                }
                // Whatever moves the radio to another channel ends what it sends: that has to be over first.
                Phase::Listening { .. } if self.flights.is_one_on_its_way() => return,
                Phase::Listening { .. } if self.round.is_some() => self.hop(now),
                Phase::Listening { .. } => self.settle(now),
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
        // Who looks for a network on all channels is not on this one for long.
        let looks_for_one = self.participant.is_some_and(|participant| participant.pan_id == PanId::BROADCAST);
        let channel = match (self.participant, self.listening) {
            (Some(participant), _) => Some(participant.channel),
            (None, Listening::Channel(channel)) => Some(channel),
            (None, Listening::Search { .. }) => None,
        };
        if let Some(channel) = channel.filter(|channel| !looks_for_one && !self.has_channel(*channel)) {
            return self.fail(Failure::Channel(channel));
        }
        self.events.push_back(Event::Firmware(self.firmware.clone()));
        self.configure();
    }
}
