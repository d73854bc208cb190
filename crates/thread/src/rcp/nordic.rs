//! Nordic's own sniffer firmware (nRF Sniffer for 802.15.4): a shell that takes `channel N`, `receive` and `sleep`, and prints a line for each frame. It only
//! listens. Sources: the documentation of the sample `802154_sniffer` in nRF Connect SDK, and Nordic's script for Wireshark that speaks with it.

mod line;

#[cfg(test)]
mod tests;

use super::{ChannelActivity, Counts, Event, Failure, Firmware, Listening, RadioFrame, Trouble};
use crate::node::{Outgoing, Sent};
use line::{Line, Lines};
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::{Channel, DongleKind};

/// Ends whatever stands in the shell's line, stops the radio, and asks for the channel: what is no sniffer does not know both.
const PROBE: &[u8] = b"\r\nsleep\r\nchannel\r\n";
/// How long the shell may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_millis(1000);
/// How often it is asked before it counts as unanswered.
const TRIES: u8 = 3;
/// A silent channel is nothing unusual: after so long without any line the firmware is asked which channel it is on.
const QUIET_FOR: Duration = Duration::from_secs(5);
/// How long it may take to repeat what it was told. What it printed before belongs to the channel before.
const ECHO_WITHIN: Duration = Duration::from_millis(500);
/// A firmware that listened for so long works; troubles before that count together.
const STEADY_AFTER: Duration = Duration::from_secs(30);
/// Troubles in a row after which the port is given up.
const MAX_TROUBLES: u32 = 5;
/// What it is called; it does not tell its version.
const NAME: &str = "nRF Sniffer for 802.15.4";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No port.
    Closed,
    /// It is asked whether it is what it seems to be.
    Probing { tries: u8, until: Duration },
    /// It listens, or is told to; asked so often without an answer.
    Listening { since: Duration, asked: u8 },
}

/// On its way to a channel.
#[derive(Debug, Clone, Copy)]
struct Tuning {
    channel: Channel,
    until: Duration,
}

#[derive(Debug, Clone)]
struct Round {
    dwell: Duration,
    ahead: VecDeque<Channel>,
    heard: Vec<ChannelActivity>,
    until: Option<Duration>,
    is_search: bool,
}

/// The conversation with a sniffer. Calls are those of [`super::Rcp`].
#[derive(Debug, Clone)]
pub(super) struct Sniffer {
    listening: Listening,
    phase: Phase,
    lines: Lines,
    /// Echoes of commands since it was probed, and complaints.
    echoes: u8,
    complaints: u8,
    is_openthread: bool,
    tuning: Option<Tuning>,
    channel: Option<Channel>,
    round: Option<Round>,
    output: Vec<u8>,
    events: VecDeque<Event>,
    last_line: Duration,
    /// It was asked for its channel, and has not told yet.
    asks: bool,
    troubles: u32,
    /// What is said if it is none.
    otherwise: Failure,
    counts: Counts,
}

impl Sniffer {
    /// A conversation that begins. What was counted goes on.
    pub(super) fn new(listening: Listening, counts: Counts, otherwise: Failure, now: Duration) -> Self {
        let mut sniffer = Self {
            listening,
            phase: Phase::Closed,
            lines: Lines::default(),
            echoes: 0,
            complaints: 0,
            is_openthread: false,
            tuning: None,
            channel: None,
            round: None,
            output: Vec::new(),
            events: VecDeque::new(),
            last_line: now,
            asks: false,
            troubles: 0,
            otherwise,
            counts,
        };
        sniffer.probe(1, now);
        sniffer
    }

    pub(super) fn listening(&self) -> Listening {
        self.listening
    }

    pub(super) fn lost(&mut self) {
        self.phase = Phase::Closed;
    }

    pub(super) fn receive(&mut self, now: Duration, bytes: &[u8]) {
        if self.phase == Phase::Closed {
            return;
        }
        self.counts.bytes += bytes.len() as u64;
        for byte in bytes {
            if let Some(line) = self.lines.push(*byte) {
                self.line(line, now);
            }
        }
        self.advance(now);
    }

    pub(super) fn tick(&mut self, now: Duration) {
        match self.phase {
            Phase::Closed => {}
            Phase::Probing { tries, until } if now >= until => {
                // Old firmware does not tell its channel; it repeats what it was told.
                if self.echoes >= 2 && self.complaints == 0 {
                    self.recognised(now);
                } else if tries < TRIES {
                    self.probe(tries + 1, now);
                } else {
                    self.give_up();
                }
            }
            Phase::Probing { .. } => {}
            Phase::Listening { since, asked } => {
                if now.saturating_sub(since) >= STEADY_AFTER {
                    self.troubles = 0;
                }
                let asked_for = QUIET_FOR + ANSWER_WITHIN * u32::from(asked);
                if now.saturating_sub(self.last_line) >= asked_for && self.tuning.is_none() {
                    self.ask(since, asked, now);
                }
            }
        }
        self.advance(now);
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let phase = match self.phase {
            Phase::Closed => return None,
            Phase::Probing { until, .. } => Some(until),
            Phase::Listening { asked, .. } if self.tuning.is_none() => {
                Some(self.last_line.saturating_add(QUIET_FOR + ANSWER_WITHIN * u32::from(asked)))
            }
            Phase::Listening { .. } => None,
        };
        let tuning = self.tuning.map(|tuning| tuning.until);
        let round = self.round.as_ref().and_then(|round| round.until);
        [phase, tuning, round].into_iter().flatten().min()
    }

    pub(super) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    pub(super) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn channel(&self) -> Option<Channel> {
        self.channel.filter(|_| self.round.is_none() && self.tuning.is_none())
    }

    pub(super) fn scan(&mut self, dwell: Duration, now: Duration) {
        if matches!(self.phase, Phase::Listening { .. }) && self.round.is_none() {
            self.begin_round(dwell, false);
            self.advance(now);
        }
    }

    pub(super) fn listen(&mut self, listening: Listening, now: Duration) {
        if self.listening == listening {
            return;
        }
        self.listening = listening;
        if matches!(self.phase, Phase::Listening { .. }) && self.round.as_ref().is_none_or(|round| round.is_search) {
            self.round = None;
            self.listen_as_told(now);
        }
    }

    /// It cannot send.
    pub(super) fn transmit(&mut self, frame: &Outgoing) {
        self.counts.unsent += 1;
        self.events.push_back(Event::Sent(frame.id, Sent::Failed));
    }

    pub(super) fn cannot_take_part(&mut self) {
        if matches!(self.phase, Phase::Listening { .. }) {
            self.events.push_back(Event::CannotTakePart);
        }
    }

    fn line(&mut self, line: Line, now: Duration) {
        if line == Line::Empty {
            return;
        }
        self.last_line = now;
        if let Phase::Listening { asked, .. } = &mut self.phase {
            *asked = 0;
        }
        match (line, self.phase) {
            (Line::Frame(_), Phase::Probing { .. }) => self.recognised(now),
            (Line::Frame(frame), Phase::Listening { .. }) => self.frame(frame),
            (Line::Number(number), Phase::Probing { .. }) => {
                if self.echoes > 0 && self.complaints == 0 && Channel::new(number).is_some() {
                    self.recognised(now);
                }
            }
            // A number that nobody asked for is none of ours.
            (Line::Number(number), Phase::Listening { .. }) => {
                if std::mem::take(&mut self.asks) {
                    self.is_on(number, now);
                }
            }
            (Line::Echo(echo), _) => {
                self.echoes = self.echoes.saturating_add(1);
                if let Some(tuning) = self.tuning.filter(|tuning| echo == command(tuning.channel)) {
                    self.tuned(tuning.channel, now);
                }
            }
            (Line::Complaint { is_openthread }, phase) => {
                self.complaints = self.complaints.saturating_add(1);
                self.is_openthread |= is_openthread;
                self.counts.garbage += u64::from(matches!(phase, Phase::Listening { .. }));
            }
            (Line::Other, phase) => self.counts.garbage += u64::from(matches!(phase, Phase::Listening { .. })),
            (_, _) => {}
        }
    }

    fn frame(&mut self, frame: line::TextFrame) {
        let (Some(channel), None) = (self.channel, self.tuning) else {
            // Nothing tells of which channel it is.
            self.counts.stray += 1;
            return;
        };
        self.counts.frames += 1;
        let frame = RadioFrame {
            channel,
            rssi_dbm: frame.rssi_dbm,
            lqi: frame.lqi,
            microseconds: frame.microseconds,
            psdu: frame.psdu,
        };
        if let Some(activity) = self.round.as_mut().and_then(|round| round.heard.last_mut()) {
            activity.add(&frame);
        }
        self.events.push_back(Event::Frame(frame));
    }

    fn probe(&mut self, tries: u8, now: Duration) {
        self.output.extend_from_slice(PROBE);
        (self.echoes, self.complaints) = (0, 0);
        self.phase = Phase::Probing {
            tries,
            until: now.saturating_add(ANSWER_WITHIN),
        };
    }

    fn recognised(&mut self, now: Duration) {
        self.events.push_back(Event::Firmware(Firmware {
            kind: DongleKind::NordicSniffer,
            version: NAME.to_owned(),
            channels: Channel::all().collect(),
            ..Firmware::default()
        }));
        self.phase = Phase::Listening { since: now, asked: 0 };
        self.last_line = now;
        self.listen_as_told(now);
    }

    fn listen_as_told(&mut self, now: Duration) {
        match self.listening {
            Listening::Channel(channel) => self.tune(channel, now),
            Listening::Search { dwell } => self.begin_round(dwell, true),
        }
        self.advance(now);
    }

    fn tune(&mut self, channel: Channel, now: Duration) {
        let order = format!("sleep\r\n{}\r\nreceive\r\n", command(channel));
        self.output.extend_from_slice(order.as_bytes());
        self.tuning = Some(Tuning {
            channel,
            until: now.saturating_add(ECHO_WITHIN),
        });
    }

    fn tuned(&mut self, channel: Channel, now: Duration) {
        self.tuning = None;
        self.channel = Some(channel);
        match &mut self.round {
            Some(round) => {
                round.until = Some(now.saturating_add(round.dwell));
                let done = u8::try_from(round.heard.len()).unwrap_or(u8::MAX);
                let of = done.saturating_add(u8::try_from(round.ahead.len()).unwrap_or(u8::MAX));
                let done = done.saturating_sub(1);
                self.events.push_back(Event::Visiting { channel, done, of });
            }
            None => self.events.push_back(Event::Listening(channel)),
        }
    }

    /// Asks for the channel; where nothing answers, begins anew.
    fn ask(&mut self, since: Duration, asked: u8, now: Duration) {
        if asked < TRIES {
            // It listens on, should it have stopped.
            self.output.extend_from_slice(b"\r\nchannel\r\nreceive\r\n");
            self.phase = Phase::Listening { since, asked: asked + 1 };
            self.asks = true;
        } else if self.is_in_trouble(Trouble::Silent) {
            self.otherwise = Failure::NoAnswer;
            self.probe(1, now);
        }
    }

    /// It says on which channel it is.
    fn is_on(&mut self, number: u16, now: Duration) {
        let is_there = self.channel.is_some_and(|channel| u16::from(channel.get()) == number);
        if !is_there && self.round.is_none() && self.is_in_trouble(Trouble::Forgot) {
            self.listen_as_told(now);
        }
    }

    fn is_in_trouble(&mut self, trouble: Trouble) -> bool {
        self.round = None;
        self.tuning = None;
        self.channel = None;
        self.troubles += 1;
        self.counts.recoveries += 1;
        self.events.push_back(Event::Deaf(trouble));
        if self.troubles >= MAX_TROUBLES {
            self.fail(Failure::Unsteady(trouble));
            return false;
        }
        true
    }

    fn give_up(&mut self) {
        let failure = if self.is_openthread {
            Failure::CommandLine
        } else {
            self.otherwise.clone()
        };
        self.fail(failure);
    }

    fn fail(&mut self, failure: Failure) {
        self.phase = Phase::Closed;
        self.round = None;
        self.events.push_back(Event::Failed(failure));
    }

    fn begin_round(&mut self, dwell: Duration, is_search: bool) {
        self.events.push_back(Event::Scanning);
        self.round = Some(Round {
            dwell,
            ahead: Channel::all().collect(),
            heard: Vec::new(),
            until: Some(Duration::ZERO),
            is_search,
        });
    }

    fn advance(&mut self, now: Duration) {
        if !matches!(self.phase, Phase::Listening { .. }) {
            return;
        }
        if let Some(tuning) = self.tuning.filter(|tuning| now >= tuning.until) {
            self.tuned(tuning.channel, now);
        }
        let Some(round) = self.round.as_mut().filter(|round| round.until.is_some_and(|until| now >= until)) else {
            return;
        };
        if let Some(next) = round.ahead.pop_front() {
            round.heard.push(ChannelActivity::new(next));
            round.until = None;
            return self.tune(next, now);
        }
        let Some(round) = self.round.take() else { return };
        if round.is_search
            && let Some(found) = ChannelActivity::busiest(&round.heard)
        {
            self.listening = Listening::Channel(found);
        }
        self.events.push_back(Event::Scanned(round.heard));
        match self.listening {
            Listening::Channel(channel) => self.tune(channel, now),
            Listening::Search { dwell } => self.begin_round(dwell, true),
        }
    }
}

fn command(channel: Channel) -> String {
    format!("channel {}", channel.get())
}

/// Finds out whether somebody speaks this language, who did not wait to be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Overheard(Lines);

impl Overheard {
    /// True once there was a line that tells of a frame.
    pub(super) fn is_sniffer(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| matches!(self.0.push(*byte), Some(Line::Frame(_))))
    }
}
