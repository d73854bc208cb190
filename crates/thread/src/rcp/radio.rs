//! What stands behind a port: a radio, whichever firmware it has.

use super::nordic::{Overheard, Sniffer};
use super::{Counts, Event, Failure, Listening, Rcp};
use crate::node::{Outgoing, Participant};
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::{Channel, DongleKind};

/// The language that is spoken.
#[derive(Debug, Clone)]
enum Spoken {
    Spinel(Box<Rcp>),
    Text(Box<Sniffer>),
}

/// A radio behind a port: OpenThread's RCP, or Nordic's sniffer. See [`Rcp`] for what each call does.
///
/// It is spoken to in Spinel first, unless its USB ids say that it is a sniffer; what prints a sniffer's lines is one, and what does not answer in Spinel is
/// asked whether it is one.
#[derive(Debug, Clone)]
pub struct Radio {
    spoken: Spoken,
    /// What its USB ids say.
    expected: Option<DongleKind>,
    participant: Option<Participant>,
    overheard: Overheard,
    events: VecDeque<Event>,
}

impl Radio {
    /// A radio whose port is not open yet.
    pub fn new(listening: Listening) -> Self {
        Self {
            spoken: Spoken::Spinel(Box::new(Rcp::new(listening))),
            expected: None,
            participant: None,
            overheard: Overheard::default(),
            events: VecDeque::new(),
        }
    }

    /// Which firmware the USB ids of the port tell; `None` where they tell none. Before [`Self::start`].
    pub fn expect(&mut self, kind: Option<DongleKind>) {
        self.expected = kind;
    }

    /// The port was opened.
    pub fn start(&mut self, now: Duration) {
        self.events.clear();
        self.overheard = Overheard::default();
        if self.expected == Some(DongleKind::NordicSniffer) {
            self.speak_text(Failure::NoAnswer, now);
        } else {
            self.speak_spinel(now);
        }
        self.collect(now);
    }

    /// The port went away, or is closed.
    pub fn lost(&mut self) {
        match &mut self.spoken {
            Spoken::Spinel(rcp) => rcp.lost(),
            Spoken::Text(sniffer) => sniffer.lost(),
        }
        self.gather();
    }

    /// What came over the line.
    pub fn receive(&mut self, now: Duration, bytes: &[u8]) {
        match &mut self.spoken {
            Spoken::Spinel(rcp) => {
                rcp.receive(now, bytes);
                if !rcp.has_spoken() && self.overheard.is_sniffer(bytes) {
                    self.gather();
                    self.speak_text(Failure::NoAnswer, now);
                }
            }
            Spoken::Text(sniffer) => sniffer.receive(now, bytes),
        }
        self.collect(now);
    }

    /// What is due by now.
    pub fn tick(&mut self, now: Duration) {
        match &mut self.spoken {
            Spoken::Spinel(rcp) => rcp.tick(now),
            Spoken::Text(sniffer) => sniffer.tick(now),
        }
        self.collect(now);
    }

    /// When [`Self::tick`] is to be called, if nothing comes before.
    pub fn deadline(&self) -> Option<Duration> {
        match &self.spoken {
            Spoken::Spinel(rcp) => rcp.deadline(),
            Spoken::Text(sniffer) => sniffer.deadline(),
        }
    }

    /// Takes what is to be sent over the line.
    pub fn take_output(&mut self) -> Vec<u8> {
        match &mut self.spoken {
            Spoken::Spinel(rcp) => rcp.take_output(),
            Spoken::Text(sniffer) => sniffer.take_output(),
        }
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What came over the line so far.
    pub fn counts(&self) -> &Counts {
        match &self.spoken {
            Spoken::Spinel(rcp) => rcp.counts(),
            Spoken::Text(sniffer) => sniffer.counts(),
        }
    }

    /// The channel that is listened to; `None` while it listens to none, or to all in turn.
    pub fn channel(&self) -> Option<Channel> {
        match &self.spoken {
            Spoken::Spinel(rcp) => rcp.channel(),
            Spoken::Text(sniffer) => sniffer.channel(),
        }
    }

    /// What it is told to listen to, or found.
    pub fn listening(&self) -> Listening {
        self.state().0
    }

    /// Goes through all channels once.
    pub fn scan(&mut self, dwell: Duration, now: Duration) {
        match &mut self.spoken {
            Spoken::Spinel(rcp) => rcp.scan(dwell, now),
            Spoken::Text(sniffer) => sniffer.scan(dwell, now),
        }
        self.collect(now);
    }

    /// What to listen to from now on.
    ///
    /// # Errors
    /// The radio cannot listen there: nothing changes.
    pub fn listen(&mut self, listening: Listening, now: Duration) -> Result<(), Failure> {
        let done = match &mut self.spoken {
            Spoken::Spinel(rcp) => rcp.listen(listening, now),
            Spoken::Text(sniffer) => {
                sniffer.listen(listening, now);
                Ok(())
            }
        };
        self.collect(now);
        done
    }

    /// As whom to take part from now on. A sniffer cannot: [`Event::CannotTakePart`].
    pub fn take_part(&mut self, participant: Option<Participant>, now: Duration) {
        let is_new = self.participant != participant;
        self.participant = participant;
        match &mut self.spoken {
            Spoken::Spinel(rcp) => rcp.take_part(participant, now),
            Spoken::Text(sniffer) if is_new && participant.is_some() => sniffer.cannot_take_part(),
            Spoken::Text(_) => {}
        }
        self.collect(now);
    }

    /// Gives a frame to the radio. A sniffer does not send: [`crate::node::Sent::Failed`].
    pub fn transmit(&mut self, frame: &Outgoing, now: Duration) {
        match &mut self.spoken {
            Spoken::Spinel(rcp) => rcp.transmit(frame, now),
            Spoken::Text(sniffer) => sniffer.transmit(frame),
        }
        self.collect(now);
    }

    /// Takes over what happened.
    fn gather(&mut self) {
        let next: &mut dyn FnMut() -> Option<Event> = match &mut self.spoken {
            Spoken::Spinel(rcp) => &mut || rcp.next_event(),
            Spoken::Text(sniffer) => &mut || sniffer.next_event(),
        };
        while let Some(event) = next() {
            self.events.push_back(event);
        }
    }

    /// Takes over what happened. What did not answer in Spinel may be a sniffer; a sniffer is to take part as soon as it is known to be one.
    fn collect(&mut self, now: Duration) {
        let seen = self.events.len();
        self.gather();
        if let (Spoken::Spinel(rcp), Some(Event::Failed(Failure::NoAnswer | Failure::NotSpinel { .. }))) = (&self.spoken, self.events.back())
            && !rcp.has_spoken()
            && let Some(Event::Failed(otherwise)) = self.events.pop_back()
        {
            self.speak_text(otherwise, now);
            self.gather();
        }
        if self.participant.is_some()
            && let Some(at) = self.events.iter().skip(seen).position(is_sniffer)
        {
            self.events.insert(seen + at + 1, Event::CannotTakePart);
        }
    }

    fn speak_text(&mut self, otherwise: Failure, now: Duration) {
        let (listening, counts) = self.state();
        self.spoken = Spoken::Text(Box::new(Sniffer::new(listening, counts, otherwise, now)));
    }

    /// Begins in Spinel, with what was found and counted before.
    fn speak_spinel(&mut self, now: Duration) {
        if let Spoken::Text(_) = self.spoken {
            let (listening, counts) = self.state();
            let mut rcp = Rcp::new(listening);
            rcp.set_counts(counts);
            rcp.take_part(self.participant, now);
            self.spoken = Spoken::Spinel(Box::new(rcp));
        }
        if let Spoken::Spinel(rcp) = &mut self.spoken {
            rcp.start(now);
        }
    }

    fn state(&self) -> (Listening, Counts) {
        match &self.spoken {
            Spoken::Spinel(rcp) => (rcp.listening(), *rcp.counts()),
            Spoken::Text(sniffer) => (sniffer.listening(), *sniffer.counts()),
        }
    }
}

fn is_sniffer(event: &Event) -> bool {
    matches!(event, Event::Firmware(firmware) if firmware.kind == DongleKind::NordicSniffer)
}
