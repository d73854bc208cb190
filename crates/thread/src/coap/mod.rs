//! CoAP's message layer (RFC 7252, section 4) over any datagrams: confirmable messages and their repetition, acknowledgments, duplicates, tokens. The codec is
//! the library coap-lite's.
//!
//! One endpoint serves both conversations with a mesh: with a border agent inside DTLS (`P` is `()`), and with nodes through its UDP proxy, or from a node of
//! our own (`P` is the node's address).

mod exchange;
mod memory;
pub(crate) mod message;

#[cfg(test)]
mod tests;

use crate::Random;
use exchange::{Due, Exchange, Step};
use memory::Memory;
use message::{Kind, Message, code};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

/// The most requests of ours that may be open at once. One more fails at once.
pub const MAX_OPEN_REQUESTS: usize = 512;

/// Bytes of a token: enough that nobody who does not hear us guesses one (RFC 7252, 5.3.1), few enough for the air, where every answer repeats it.
const TOKEN_BYTES: usize = 4;

/// How patient an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until a confirmable message is repeated for the first time, and up to half as long again at random; doubled each time.
    pub acknowledge_within: Duration,
    /// How often it is repeated.
    pub repetitions: u32,
    /// How long a response may take after the acknowledgment, or after a message that asks for none.
    pub respond_within: Duration,
}

impl Default for Patience {
    /// What RFC 7252 recommends.
    fn default() -> Self {
        Self {
            acknowledge_within: Duration::from_secs(2),
            repetitions: 4,
            respond_within: Duration::from_secs(30),
        }
    }
}

/// A request of ours. It ends with one [`Event::Response`], [`Event::Acknowledged`] or [`Event::Failed`]; one that wants neither acknowledgment nor response
/// ends with sending, and nothing is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A request to send: a POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// Path: `c/cp`, `d/dg`.
    pub uri: &'a str,
    /// Payload.
    pub payload: &'a [u8],
    /// Repeated until it is acknowledged. Not for multicast.
    pub confirmable: bool,
    /// A response is expected. Where none is, an acknowledgment ends it, and a message that asks for none ends with sending. To a multicast address none can be
    /// expected: responses are taken from the peer that was asked, and from nobody else.
    pub wants_response: bool,
}

/// What happened. A payload may hold a network's keys: whoever takes it from a border agent overwrites it.
#[derive(Clone, PartialEq, Eq)]
pub enum Event<P> {
    /// A response, in the acknowledgment or apart from it (acknowledged at once). A response of class 4 or 5 is told even where none was wanted.
    Response {
        /// To which request.
        id: RequestId,
        /// Who answered.
        peer: P,
        /// Class and detail: (2, 4) is 2.04.
        code: (u8, u8),
        /// Payload.
        payload: Vec<u8>,
    },
    /// The peer has the request, and no response is expected.
    Acknowledged {
        /// Which request.
        id: RequestId,
    },
    /// No answer, or none that can be understood, or the peer does not want the request (reset); or it could not be sent, because it is too long for a datagram
    /// or [`MAX_OPEN_REQUESTS`] are open.
    Failed {
        /// Which request.
        id: RequestId,
        /// True: the peer answered with a reset.
        reset: bool,
    },
    /// A request (POST) of the peer: acknowledged already, if it asked for that, and told once however often it came. The acknowledgment carries 2.04, as
    /// OpenThread's does: a node sends the next part of its answer only then (OpenThread `src/core/thread/net_diag.cpp`).
    Request {
        /// Who.
        peer: P,
        /// Path without a slash at its beginning: `d/da`. ASCII without control characters.
        uri: String,
        /// Payload.
        payload: Vec<u8>,
        /// It asked to be acknowledged.
        confirmable: bool,
    },
}

/// Without what payloads say.
impl<P: fmt::Debug> fmt::Debug for Event<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response { id, peer, code, payload } => {
                write!(formatter, "Response({id:?}, {peer:?}, {}.{:02}, {} bytes)", code.0, code.1, payload.len())
            }
            Self::Acknowledged { id } => write!(formatter, "Acknowledged({id:?})"),
            Self::Failed { id, reset } => write!(formatter, "Failed({id:?}, reset: {reset})"),
            Self::Request {
                peer,
                uri,
                payload,
                confirmable,
            } => write!(formatter, "Request({peer:?}, {uri}, {} bytes, confirmable: {confirmable})", payload.len()),
        }
    }
}

/// One end of any number of conversations.
pub struct Endpoint<P> {
    patience: Patience,
    random: Random,
    next_message_id: u16,
    next_request: u64,
    open: BTreeMap<RequestId, Exchange<P>>,
    memory: Memory<P>,
    output: VecDeque<(P, Vec<u8>)>,
    events: VecDeque<Event<P>>,
}

impl<P: Ord + Clone> Endpoint<P> {
    /// An endpoint without conversations. Message ids begin at random; each token is random.
    pub fn new(patience: Patience, mut random: Random) -> Self {
        let mut id = [0; 2];
        random(&mut id);
        Self {
            patience,
            random,
            next_message_id: u16::from_be_bytes(id),
            next_request: 0,
            open: BTreeMap::new(),
            memory: Memory::new(),
            output: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Sends a request.
    pub fn request(&mut self, peer: P, request: &Request<'_>, now: Duration) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        if self.open.len() >= MAX_OPEN_REQUESTS {
            self.events.push_back(Event::Failed { id, reset: false });
            return id;
        }
        let message_id = self.free_message_id(&peer);
        let token = self.free_token();
        let kind = match request.confirmable {
            true => Kind::Confirmable,
            false => Kind::NonConfirmable,
        };
        let message = Message {
            path: Some(request.uri.to_owned()),
            payload: request.payload.to_vec().into(),
            ..Message::bare(kind, code::POST, message_id, &token)
        };
        let Some(datagram) = message.encode() else {
            self.events.push_back(Event::Failed { id, reset: false });
            return id;
        };
        self.output.push_back((peer.clone(), datagram.clone()));
        let step = match (request.confirmable, request.wants_response) {
            (true, _) => {
                let interval = self.first_interval();
                Step::Repeating {
                    datagram,
                    interval,
                    next: now + interval,
                    left: self.patience.repetitions,
                }
            }
            (false, true) => Step::Waiting {
                until: now + self.patience.respond_within,
            },
            (false, false) => return id,
        };
        let exchange = Exchange {
            peer,
            message_id,
            token,
            wants_response: request.wants_response,
            step,
        };
        self.open.insert(id, exchange);
        id
    }

    /// Gives a request up; nothing more is told of it.
    pub fn cancel(&mut self, id: RequestId) {
        self.open.remove(&id);
    }

    /// How many requests of ours are open.
    pub fn open_requests(&self) -> usize {
        self.open.len()
    }

    /// Takes a datagram. What is no CoAP is passed over.
    pub fn receive(&mut self, peer: P, datagram: &[u8], now: Duration) {
        let Ok(message) = Message::parse(datagram) else { return };
        match message.kind {
            Kind::Confirmable | Kind::NonConfirmable => self.receive_message(peer, message, now),
            Kind::Acknowledgment => self.receive_acknowledgment(peer, message, now),
            Kind::Reset if message.code == code::EMPTY => {
                if let Some(id) = self.find(|exchange| exchange.message_id == message.id && exchange.peer == peer) {
                    self.open.remove(&id);
                    self.events.push_back(Event::Failed { id, reset: true });
                }
            }
            Kind::Reset => (),
        }
    }

    /// Repeats, gives up.
    pub fn handle_timeout(&mut self, now: Duration) {
        let due: Vec<RequestId> = self.open.iter().filter(|(_, open)| open.deadline() <= now).map(|(id, _)| *id).collect();
        for id in due {
            let Some(exchange) = self.open.get_mut(&id) else { continue };
            match exchange.pass(now) {
                Due::Repeat(datagram) => self.output.push_back((exchange.peer.clone(), datagram)),
                Due::GiveUp => {
                    self.open.remove(&id);
                    self.events.push_back(Event::Failed { id, reset: false });
                }
            }
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        self.open.values().map(Exchange::deadline).min()
    }

    /// The next datagram to send, and to whom.
    pub fn poll_transmit(&mut self) -> Option<(P, Vec<u8>)> {
        self.output.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event<P>> {
        self.events.pop_front()
    }

    /// A confirmable or non-confirmable message: a request of the peer, a response apart from its acknowledgment, or "are you there?".
    fn receive_message(&mut self, peer: P, message: Message, now: Duration) {
        if let Some(reply) = self.memory.reply(&peer, message.id, &message.token, now) {
            self.output.extend(reply.map(|reply| (peer, reply)));
            return;
        }
        let is_confirmable = message.kind == Kind::Confirmable;
        let (id, token) = (message.id, message.token.clone());
        // What a message that asks for no acknowledgment gets back: nothing at all.
        let acknowledge = |code: u8, token: &[u8]| {
            is_confirmable
                .then(|| Message::bare(Kind::Acknowledgment, code, id, token).encode())
                .flatten()
        };
        let reset = || {
            is_confirmable
                .then(|| Message::bare(Kind::Reset, code::EMPTY, id, &[]).encode())
                .flatten()
        };
        let reply = if message.is_request() {
            let Message { code, path, mut payload, .. } = message;
            match (code, path) {
                _ if message.is_beyond_us => acknowledge(code::BAD_OPTION, &token),
                (code::POST, Some(uri)) => {
                    self.events.push_back(Event::Request {
                        peer: peer.clone(),
                        uri,
                        payload: std::mem::take(&mut *payload),
                        confirmable: is_confirmable,
                    });
                    acknowledge(code::CHANGED, &token)
                }
                (code::POST, None) => acknowledge(code::BAD_REQUEST, &token),
                _ => acknowledge(code::METHOD_NOT_ALLOWED, &token),
            }
        } else if message.is_response() {
            match self.find(|exchange| exchange.token == message.token[..] && exchange.peer == peer) {
                Some(id) => {
                    self.respond(id, peer.clone(), message);
                    acknowledge(code::EMPTY, &[])
                }
                None => reset(),
            }
        } else {
            reset()
        };
        self.output.extend(reply.clone().map(|reply| (peer.clone(), reply)));
        self.memory.keep(&peer, id, &token, reply, now);
    }

    fn receive_acknowledgment(&mut self, peer: P, message: Message, now: Duration) {
        let Some(id) = self.find(|exchange| exchange.message_id == message.id && exchange.peer == peer) else {
            return;
        };
        let Some(exchange) = self.open.get_mut(&id) else { return };
        if message.is_response() && exchange.token == message.token[..] {
            self.respond(id, peer, message);
        } else if message.code == code::EMPTY && matches!(exchange.step, Step::Repeating { .. }) {
            if exchange.wants_response {
                exchange.step = Step::Waiting {
                    until: now + self.patience.respond_within,
                };
            } else {
                self.open.remove(&id);
                self.events.push_back(Event::Acknowledged { id });
            }
        }
    }

    /// Ends a request with its response.
    fn respond(&mut self, id: RequestId, peer: P, mut message: Message) {
        let Some(exchange) = self.open.remove(&id) else { return };
        let is_success = message.code >> 5 == 2;
        self.events.push_back(if message.is_beyond_us {
            Event::Failed { id, reset: false }
        } else if is_success && !exchange.wants_response {
            Event::Acknowledged { id }
        } else {
            Event::Response {
                id,
                peer,
                code: (message.code >> 5, message.code & 0x1f),
                payload: std::mem::take(&mut *message.payload),
            }
        });
    }

    fn find(&self, is_it: impl Fn(&Exchange<P>) -> bool) -> Option<RequestId> {
        self.open.iter().find(|(_, exchange)| is_it(exchange)).map(|(id, _)| *id)
    }

    /// A message id that no open exchange with this peer has.
    fn free_message_id(&mut self, peer: &P) -> u16 {
        loop {
            let id = self.next_message_id;
            self.next_message_id = id.wrapping_add(1);
            // Ends: fewer exchanges are open than there are ids.
            if self.find(|exchange| exchange.message_id == id && exchange.peer == *peer).is_none() {
                return id;
            }
        }
    }

    fn free_token(&mut self) -> [u8; TOKEN_BYTES] {
        let mut token = [0; TOKEN_BYTES];
        (self.random)(&mut token);
        while self.find(|exchange| exchange.token == token).is_some() {
            // One further: ends even where randomness does not vary.
            token = u32::from_be_bytes(token).wrapping_add(1).to_be_bytes();
        }
        token
    }

    /// Between once and one and a half times what is set (ACK_RANDOM_FACTOR, RFC 7252, 4.8): who began together does not repeat together.
    fn first_interval(&mut self) -> Duration {
        let mut share = [0; 2];
        (self.random)(&mut share);
        let share = f64::from(u16::from_be_bytes(share)) / f64::from(u16::MAX);
        self.patience.acknowledge_within.mul_f64(1.0 + share / 2.0)
    }
}
