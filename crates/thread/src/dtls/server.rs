//! The server's side, for tests and simulated peers: one session with one client. It knows nothing about addresses, so its cookie says only that the client
//! hears what it is told.

use super::alert;
use super::channel::Step;
use super::client::refused;
use super::handshake::{Message, kind};
use super::hello::{self, Hello};
use super::keys::Randoms;
use super::session::{Failure, Role, Session};
use super::{Event, SendError};
use crate::Random;
use crate::jpake::{Jpake, JpakeError, Side};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Bytes of a cookie.
const COOKIE_BYTES: usize = 16;

/// The server's side of one session.
pub struct Server {
    session: Session,
    part: Part,
}

/// What the server waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Hello,
    KeyExchange,
    Finished,
}

struct Part {
    /// Gone as soon as the keys are there.
    jpake: Option<Box<Jpake>>,
    cookie: [u8; COOKIE_BYTES],
    randoms: Randoms,
    knows_extended: bool,
    is_extended: bool,
    awaited: Awaited,
}

impl Server {
    /// Waits for a client. `password`: a PSKc's bytes, a passcode's ASCII digits.
    pub fn new(password: &[u8], mut random: Random) -> Self {
        let jpake = Some(Box::new(Jpake::new(Side::Server, password, &mut random)));
        let mut part = Part {
            jpake,
            cookie: [0; COOKIE_BYTES],
            randoms: Randoms::default(),
            knows_extended: true,
            is_extended: false,
            awaited: Awaited::Hello,
        };
        random(&mut part.cookie);
        random(&mut part.randoms.server);
        let session = Session::new(Side::Server, random);
        Self { session, part }
    }

    /// Does as if it knew no extended master secret, as border agents that are built without it.
    pub fn forget_extended_master_secret(&mut self) {
        self.part.knows_extended = false;
    }

    /// Lets no datagram of the handshake be longer than this; 1,024 bytes if nothing is said.
    pub fn limit_datagrams(&mut self, bytes: usize) {
        self.session.channel.limit_datagrams(bytes);
    }

    /// Takes a datagram of the client. What is broken, foreign or replayed is passed over.
    pub fn receive(&mut self, datagram: &[u8], now: Duration) {
        self.session.receive(&mut self.part, datagram, now);
    }

    /// Sends a message of the application.
    ///
    /// # Errors
    /// Before [`Event::Connected`], after [`Event::Closed`], or where it is longer than [`super::MAX_MESSAGE_BYTES`].
    pub fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        self.session.send(message)
    }

    /// Says goodbye (close_notify).
    pub fn close(&mut self) {
        self.session.close();
    }

    /// Lets time pass: repeats flights, gives up.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.session.handle_timeout(now);
    }

    /// When [`Self::handle_timeout`] has something to do; `None`: never, unless something comes.
    pub fn deadline(&self) -> Option<Duration> {
        self.session.deadline()
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.session.channel.poll_transmit()
    }

    #[cfg(test)]
    pub(super) fn session_fails(&mut self) {
        self.session.fail(Failure::protocol(alert::INTERNAL_ERROR, "as asked"));
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.session.poll_event()
    }
}

impl Part {
    fn client_hello(&mut self, session: &mut Session, message: &Message, now: Duration) -> Result<(), Failure> {
        session.begin(now);
        let hello = hello::read_client(&message.body)?;
        if !bool::from(self.cookie.as_slice().ct_eq(&hello.cookie)) {
            let request = session.message(kind::HELLO_VERIFY_REQUEST, hello::write_verify_request(&self.cookie));
            session.restart_transcript();
            session.send_flight(vec![Step::Open(request)], false, now);
            return Ok(());
        }
        session.note(message);
        self.randoms.client = hello.random;
        self.is_extended = hello.is_extended && self.knows_extended;
        let jpake = self.jpake.as_deref_mut().ok_or_else(|| Failure::unexpected(message))?;
        jpake.read_round_one(&hello.key_pairs).map_err(|error| refused(message, error))?;
        let answer = hello::write_server(&Hello {
            random: self.randoms.server,
            cookie: Vec::new(),
            key_pairs: jpake.write_round_one(&mut session.random),
            is_extended: self.is_extended,
        });
        let second = jpake.write_round_two(&mut session.random).map_err(not_agreed)?;
        let flight = [
            (kind::SERVER_HELLO, answer),
            (kind::SERVER_KEY_EXCHANGE, second),
            (kind::SERVER_HELLO_DONE, Vec::new()),
        ];
        let flight = flight.map(|(kind, body)| Step::Open(session.message(kind, body)));
        self.awaited = Awaited::KeyExchange;
        session.send_flight(flight.into(), true, now);
        Ok(())
    }

    fn key_exchange(&mut self, session: &mut Session, message: &Message) -> Result<(), Failure> {
        let mut jpake = self.jpake.take().ok_or_else(|| Failure::unexpected(message))?;
        jpake.read_round_two(&message.body).map_err(|error| refused(message, error))?;
        session.note(message);
        let premaster = jpake.premaster().map_err(not_agreed)?;
        session.agree(&*premaster, &self.randoms, self.is_extended);
        self.awaited = Awaited::Finished;
        Ok(())
    }
}

impl Role for Part {
    fn take(&mut self, session: &mut Session, message: Message, now: Duration) -> Result<(), Failure> {
        match (self.awaited, message.kind) {
            (Awaited::Hello, kind::CLIENT_HELLO) => self.client_hello(session, &message, now),
            (Awaited::KeyExchange, kind::CLIENT_KEY_EXCHANGE) => self.key_exchange(session, &message),
            (Awaited::Finished, kind::FINISHED) => {
                session.check_finished(&message)?;
                let finished = session.finished()?;
                // Not repeated by time, but whenever the client repeats its own.
                session.send_flight(vec![Step::ChangeCipherSpec, finished], false, now);
                session.connected();
                Ok(())
            }
            _ => Err(Failure::unexpected(&message)),
        }
    }
}

fn not_agreed(error: JpakeError) -> Failure {
    Failure::protocol(alert::INTERNAL_ERROR, format!("no key can be agreed upon: {error}"))
}
