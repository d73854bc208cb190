//! What both sides have in common: flights and their repetition, alerts, messages of the application, the end.

use super::alert;
use super::channel::{Channel, Opened, Step};
use super::handshake::{self, Message, kind};
use super::keys::{HASH_BYTES, MasterSecret, Randoms};
use super::reassembly::{Piece, Reassembly};
use super::record::{self, Content};
use super::{Closed, Event, MAX_MESSAGE_BYTES, SendError};
use crate::Random;
use crate::jpake::Side;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::time::Duration;
use subtle::ConstantTimeEq;
use weft_wire::Problem;
use zeroize::Zeroize;

/// How long a handshake may take: as long as a border agent waits for it (OpenThread `src/core/meshcop/border_agent.cpp`).
pub(super) const HANDSHAKE_LIMIT: Duration = Duration::from_secs(15);
/// After this long without an answer a flight is repeated; each time it is twice as long.
const FIRST_REPEAT: Duration = Duration::from_millis(500);
/// How often a goodbye is said before the handshake is through.
const GOODBYES_IN_HANDSHAKE: usize = 3;
/// It never gets longer than this: a handshake has only so much time.
const LAST_REPEAT: Duration = Duration::from_secs(2);
/// A peer that repeats its flight gets ours again, but not more often than this: two sides must not excite each other.
const REPEAT_GAP: Duration = Duration::from_millis(200);
/// So many events wait for whoever asks for them; messages beyond are dropped, as a socket would.
const MAX_EVENTS: usize = 256;

/// Why a handshake ends: what is told to the peer, and what to our side.
pub(super) struct Failure {
    pub(super) alert: u8,
    pub(super) closed: Closed,
}

impl Failure {
    pub(super) fn protocol(alert: u8, text: impl Into<String>) -> Self {
        Self {
            alert,
            closed: Closed::Protocol(text.into()),
        }
    }

    pub(super) fn broken(message: &str, problem: &Problem) -> Self {
        Self::protocol(alert::DECODE_ERROR, format!("its {message} is broken: {problem}"))
    }

    pub(super) fn unexpected(message: &Message) -> Self {
        Self::protocol(
            alert::UNEXPECTED_MESSAGE,
            format!("{} came where it does not belong", handshake::name(message.kind)),
        )
    }
}

/// What one of the two sides does with the peer's messages.
pub(super) trait Role {
    /// Takes the next message of the handshake.
    fn take(&mut self, session: &mut Session, message: Message, now: Duration) -> Result<(), Failure>;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    Connected,
    Closed,
}

/// One session, without what its side makes of the handshake.
pub(super) struct Session {
    side: Side,
    pub(super) random: Random,
    pub(super) channel: Channel,
    phase: Phase,
    events: VecDeque<Event>,
    incoming: Reassembly,
    transcript: Sha256,
    next_message: u16,
    flight: Vec<Step>,
    flight_sent_at: Duration,
    repeat_after: Duration,
    repeat_at: Option<Duration>,
    give_up_at: Option<Duration>,
    master: Option<MasterSecret>,
}

impl Session {
    pub(super) fn new(side: Side, random: Random) -> Self {
        Self {
            side,
            random,
            channel: Channel::new(),
            phase: Phase::Handshake,
            events: VecDeque::new(),
            incoming: Reassembly::default(),
            transcript: Sha256::new(),
            next_message: 0,
            flight: Vec::new(),
            flight_sent_at: Duration::ZERO,
            repeat_after: FIRST_REPEAT,
            repeat_at: None,
            give_up_at: None,
            master: None,
        }
    }

    /// From now on the handshake has so much time.
    pub(super) fn begin(&mut self, now: Duration) {
        self.give_up_at.get_or_insert(now.saturating_add(HANDSHAKE_LIMIT));
    }

    pub(super) fn receive(&mut self, role: &mut impl Role, datagram: &[u8], now: Duration) {
        for record in record::read(datagram) {
            match (self.phase, record.epoch) {
                (Phase::Closed, _) => return,
                (Phase::Handshake, 0) => self.take_record(role, record.content, record.payload, false, now),
                // Only the peer's answer to our last flight was in the open; its repetition is not needed: its sealed part is enough.
                (Phase::Connected, 0) => (),
                (_, 1) => match self.channel.open(&record) {
                    Opened::Plain(mut plain) if record.content == Content::Application => self.take_message(&mut plain),
                    Opened::Plain(plain) => self.take_record(role, record.content, &plain, true, now),
                    Opened::Foreign => self.foreign_seal(record.content),
                    Opened::Nothing => (),
                },
                _ => (),
            }
        }
    }

    fn take_record(&mut self, role: &mut impl Role, content: Content, plain: &[u8], is_sealed: bool, now: Duration) {
        match content {
            Content::Alert => self.take_alert(plain),
            Content::Handshake => self.take_handshake(role, plain, is_sealed, now),
            // The number of the record says already how it is sealed; messages of the application never come in the open.
            Content::ChangeCipherSpec | Content::Application => (),
        }
    }

    /// A message of the application, which came sealed.
    fn take_message(&mut self, message: &mut Vec<u8>) {
        if self.phase == Phase::Connected && self.events.len() < MAX_EVENTS {
            self.events.push_back(Event::Message(std::mem::take(message)));
        }
    }

    /// A record with the number of sealed ones that our keys do not open: where a client's Finished is awaited, its password is another. The server is the first
    /// who can know; if it got as far as its own, the passwords agree and somebody else meddles.
    fn foreign_seal(&mut self, content: Content) {
        if content == Content::Handshake && self.phase == Phase::Handshake && self.side == Side::Server {
            self.fail(Failure {
                alert: alert::BAD_RECORD_MAC,
                closed: Closed::WrongPassword,
            });
        }
    }

    fn take_handshake(&mut self, role: &mut impl Role, payload: &[u8], is_sealed: bool, now: Duration) {
        let mut is_repetition = false;
        for fragment in handshake::read(payload) {
            // Only Finished is sealed, and always.
            if (fragment.kind == kind::FINISHED) == is_sealed {
                is_repetition |= self.incoming.take(&fragment, is_sealed) == Piece::Old;
            }
        }
        if is_repetition {
            self.repeat_for_peer(now);
        }
        while self.phase == Phase::Handshake
            && let Some((message, _)) = self.incoming.next()
        {
            if let Err(failure) = role.take(self, message, now) {
                self.fail(failure);
            }
        }
    }

    fn take_alert(&mut self, payload: &[u8]) {
        let &[level, description] = payload else { return };
        if description == alert::CLOSE_NOTIFY {
            self.say(alert::WARNING, alert::CLOSE_NOTIFY);
            self.end(Closed::ByPeer);
        } else if level == alert::FATAL {
            let may_be_password = self.phase == Phase::Handshake && self.channel.has_keys() && alert::may_mean_another_password(description);
            self.end(if may_be_password {
                Closed::WrongPassword
            } else {
                Closed::Alert(alert::name(description))
            });
        }
    }

    /// Sends the next flight; with `repeats` it is sent again until something new comes.
    pub(super) fn send_flight(&mut self, flight: Vec<Step>, repeats: bool, now: Duration) {
        self.flight = flight;
        self.flight_sent_at = now;
        self.repeat_after = FIRST_REPEAT;
        self.repeat_at = repeats.then(|| now.saturating_add(FIRST_REPEAT));
        self.channel.send_flight(&self.flight);
    }

    fn repeat_for_peer(&mut self, now: Duration) {
        if self.phase != Phase::Closed && now >= self.flight_sent_at.saturating_add(REPEAT_GAP) && self.channel.is_drained() {
            self.flight_sent_at = now;
            self.channel.send_flight(&self.flight);
        }
    }

    /// The next message of ours, which is part of the transcript.
    pub(super) fn message(&mut self, kind: u8, body: Vec<u8>) -> Message {
        let message = Message {
            kind,
            sequence: self.next_message,
            body,
        };
        self.next_message = self.next_message.saturating_add(1);
        self.transcript.update(message.whole());
        message
    }

    /// A message of the peer is part of the transcript.
    pub(super) fn note(&mut self, message: &Message) {
        self.transcript.update(message.whole());
    }

    /// What was said up to here does not count: the server asked for a cookie.
    pub(super) fn restart_transcript(&mut self) {
        self.transcript = Sha256::new();
    }

    fn transcript(&self) -> [u8; HASH_BYTES] {
        self.transcript.clone().finalize().into()
    }

    /// Makes the keys of this session.
    pub(super) fn agree(&mut self, premaster: &[u8], randoms: &Randoms, is_extended: bool) {
        let master = if is_extended {
            MasterSecret::extended(premaster, &self.transcript())
        } else {
            MasterSecret::new(premaster, randoms)
        };
        let (client, server) = master.record_keys(randoms);
        match self.side {
            Side::Client => self.channel.set_keys(client, server),
            Side::Server => self.channel.set_keys(server, client),
        }
        self.master = Some(master);
    }

    /// Our Finished, sealed; before the transcript goes on.
    pub(super) fn finished(&mut self) -> Result<Step, Failure> {
        let master = self.master.as_ref().ok_or_else(too_early)?;
        let proof = master.finished(self.side, &self.transcript());
        Ok(Step::Sealed(self.message(kind::FINISHED, proof.to_vec())))
    }

    /// Checks the peer's Finished, and makes it part of the transcript.
    pub(super) fn check_finished(&mut self, message: &Message) -> Result<(), Failure> {
        let master = self.master.as_ref().ok_or_else(too_early)?;
        let other = match self.side {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        };
        let expected = master.finished(other, &self.transcript());
        if !bool::from(expected.as_slice().ct_eq(&message.body)) {
            return Err(Failure {
                alert: alert::DECRYPT_ERROR,
                closed: Closed::WrongPassword,
            });
        }
        self.note(message);
        Ok(())
    }

    /// The handshake is done. Only the server's flight may still be missed: a client that answered a repetition with one of its own would be answered in turn,
    /// and so on without an end (RFC 6347, 4.2.4).
    pub(super) fn connected(&mut self) {
        self.phase = Phase::Connected;
        if self.side == Side::Client {
            self.flight.clear();
        }
        self.repeat_at = None;
        self.give_up_at = None;
        self.master = None;
        self.events.push_back(Event::Connected);
    }

    pub(super) fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        if self.phase != Phase::Connected {
            return Err(SendError::NotConnected);
        }
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(SendError::TooLong);
        }
        if self.channel.send(Content::Application, true, message) {
            Ok(())
        } else {
            // No more numbers for records: nothing can be said any more, not even that.
            self.end(Closed::ByUs);
            Err(SendError::NotConnected)
        }
    }

    pub(super) fn close(&mut self) {
        if self.phase != Phase::Closed {
            // Nobody acknowledges a goodbye. Of half a session OpenThread knows no other end: it is said again, should the line be bad.
            let times = if self.phase == Phase::Handshake { GOODBYES_IN_HANDSHAKE } else { 1 };
            for _ in 0..times {
                self.say(alert::WARNING, alert::CLOSE_NOTIFY);
            }
            self.end(Closed::ByUs);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Duration) {
        if self.give_up_at.is_some_and(|at| at <= now) {
            // Should the peer be there after all, it need not keep its half of a session: OpenThread would for ever.
            self.say(alert::WARNING, alert::CLOSE_NOTIFY);
            self.end(if self.channel.has_keys() {
                Closed::ProofUnanswered
            } else {
                Closed::NoAnswer
            });
        } else if self.repeat_at.is_some_and(|at| at <= now) {
            self.repeat_after = (self.repeat_after * 2).min(LAST_REPEAT);
            self.repeat_at = Some(now.saturating_add(self.repeat_after));
            self.flight_sent_at = now;
            // What was not even fetched yet need not be there twice.
            if self.channel.is_drained() {
                self.channel.send_flight(&self.flight);
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.repeat_at.into_iter().chain(self.give_up_at).min()
    }

    pub(super) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        if self.phase != Phase::Closed {
            self.say(alert::FATAL, failure.alert);
            self.end(failure.closed);
        }
    }

    /// An alert, sealed as soon as our records are.
    fn say(&mut self, level: u8, description: u8) {
        let is_sealed = self.phase == Phase::Connected || self.flight.iter().any(|step| matches!(step, Step::Sealed(_)));
        self.channel.send(Content::Alert, is_sealed, &[level, description]);
    }

    fn end(&mut self, closed: Closed) {
        if self.phase != Phase::Closed {
            self.phase = Phase::Closed;
            self.repeat_at = None;
            self.give_up_at = None;
            self.master = None;
            self.flight.clear();
            self.channel.forget_keys();
            self.events.push_back(Event::Closed(closed));
        }
    }
}

impl Drop for Session {
    /// Messages that nobody fetched may hold keys.
    fn drop(&mut self) {
        for event in &mut self.events {
            if let Event::Message(message) = event {
                message.zeroize();
            }
        }
    }
}

fn too_early() -> Failure {
    Failure::protocol(alert::UNEXPECTED_MESSAGE, "Finished came before the keys")
}
