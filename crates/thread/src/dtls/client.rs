//! The client's part of the handshake.

use super::alert;
use super::channel::Step;
use super::handshake::{Message, kind};
use super::hello::{self, Hello};
use super::keys::Randoms;
use super::session::{Failure, Role, Session};
use super::{Event, SendError};
use crate::Random;
use crate::jpake::{Jpake, JpakeError, Side};
use std::time::Duration;

/// So often a server may ask for another cookie.
const MAX_COOKIES: u8 = 3;

/// The client's side of one session.
pub struct Client {
    session: Session,
    part: Part,
}

/// What the client waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Hello,
    KeyExchange,
    HelloDone,
    Finished,
}

struct Part {
    /// Gone as soon as the keys are there.
    jpake: Option<Box<Jpake>>,
    hello: Hello,
    randoms: Randoms,
    is_extended: bool,
    awaited: Awaited,
    cookies: u8,
}

impl Client {
    /// Begins a handshake. `password`: a PSKc's bytes, a passcode's ASCII digits. `now` is any clock that never jumps.
    pub fn new(password: &[u8], mut random: Random, now: Duration) -> Self {
        let jpake = Jpake::new(Side::Client, password, &mut random);
        let mut hello = Hello {
            key_pairs: jpake.write_round_one(&mut random),
            is_extended: true,
            ..Hello::default()
        };
        random(&mut hello.random);
        let mut session = Session::new(Side::Client, random);
        session.begin(now);
        let mut part = Part {
            jpake: Some(Box::new(jpake)),
            randoms: Randoms {
                client: hello.random,
                ..Randoms::default()
            },
            hello,
            is_extended: false,
            awaited: Awaited::Hello,
            cookies: 0,
        };
        part.send_hello(&mut session, now);
        Self { session, part }
    }

    /// Lets no datagram of the handshake be longer than this; 1,024 bytes if nothing is said.
    pub fn limit_datagrams(&mut self, bytes: usize) {
        self.session.channel.limit_datagrams(bytes);
    }

    /// Takes a datagram of the peer. What is broken, foreign or replayed is passed over.
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

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.session.poll_event()
    }
}

impl Part {
    fn send_hello(&mut self, session: &mut Session, now: Duration) {
        let hello = session.message(kind::CLIENT_HELLO, hello::write_client(&self.hello));
        session.send_flight(vec![Step::Open(hello)], true, now);
    }

    fn verify_request(&mut self, session: &mut Session, message: &Message, now: Duration) -> Result<(), Failure> {
        self.cookies += 1;
        if self.cookies > MAX_COOKIES {
            return Err(Failure::protocol(alert::UNEXPECTED_MESSAGE, "it asks for one cookie after another"));
        }
        self.hello.cookie = hello::read_verify_request(&message.body)?;
        // The first hello and this request are no part of what is proven in the end.
        session.restart_transcript();
        self.send_hello(session, now);
        Ok(())
    }

    fn server_hello(&mut self, session: &mut Session, message: &Message) -> Result<(), Failure> {
        let hello = hello::read_server(&message.body)?;
        self.jpake()?.read_round_one(&hello.key_pairs).map_err(|error| refused(message, error))?;
        self.randoms.server = hello.random;
        self.is_extended = hello.is_extended;
        session.note(message);
        self.awaited = Awaited::KeyExchange;
        Ok(())
    }

    fn hello_done(&mut self, session: &mut Session, message: &Message, now: Duration) -> Result<(), Failure> {
        if !message.body.is_empty() {
            return Err(Failure::protocol(alert::DECODE_ERROR, "its ServerHelloDone is not empty"));
        }
        session.note(message);
        let jpake = self.jpake.take().ok_or_else(|| Failure::unexpected(message))?;
        let failed = |error: JpakeError| Failure::protocol(alert::INTERNAL_ERROR, format!("no key can be agreed upon: {error}"));
        let second = jpake.write_round_two(&mut session.random).map_err(failed)?;
        let exchange = session.message(kind::CLIENT_KEY_EXCHANGE, second);
        let premaster = jpake.premaster().map_err(failed)?;
        session.agree(&*premaster, &self.randoms, self.is_extended);
        let finished = session.finished()?;
        self.awaited = Awaited::Finished;
        session.send_flight(vec![Step::Open(exchange), Step::ChangeCipherSpec, finished], true, now);
        Ok(())
    }

    fn jpake(&mut self) -> Result<&mut Jpake, Failure> {
        let missing = || Failure::protocol(alert::UNEXPECTED_MESSAGE, "it begins anew");
        self.jpake.as_deref_mut().ok_or_else(missing)
    }
}

impl Role for Part {
    fn take(&mut self, session: &mut Session, message: Message, now: Duration) -> Result<(), Failure> {
        match (self.awaited, message.kind) {
            (Awaited::Hello, kind::HELLO_VERIFY_REQUEST) => self.verify_request(session, &message, now),
            (Awaited::Hello, kind::SERVER_HELLO) => self.server_hello(session, &message),
            (Awaited::KeyExchange, kind::SERVER_KEY_EXCHANGE) => {
                self.jpake()?.read_round_two(&message.body).map_err(|error| refused(&message, error))?;
                session.note(&message);
                self.awaited = Awaited::HelloDone;
                Ok(())
            }
            (Awaited::HelloDone, kind::SERVER_HELLO_DONE) => self.hello_done(session, &message, now),
            (Awaited::Finished, kind::FINISHED) => {
                session.check_finished(&message)?;
                session.connected();
                Ok(())
            }
            _ => Err(Failure::unexpected(&message)),
        }
    }
}

/// The peer's part of the key agreement is wrong.
pub(super) fn refused(message: &Message, error: JpakeError) -> Failure {
    let name = super::handshake::name(message.kind);
    Failure::protocol(alert::ILLEGAL_PARAMETER, format!("its {name} is refused: {error}"))
}
