//! The sweep itself: asks, takes answers, fills, ends. See [`super`].

use super::airtime::{Ledger, UNKNOWN_HOPS, one_hop};
use super::answers::{Answers, MAX_MESSAGES, says_something};
use super::question::{Kind, Questions};
use super::roll::Roll;
use super::{Event, Outcome, Settings};
use crate::coap::{self, Endpoint, Patience, RequestId};
use crate::{Random, hexadecimal};
use coap_lite::{MessageClass, Packet, RequestType};
use std::collections::{BTreeSet, VecDeque};
use std::net::Ipv6Addr;
use std::time::Duration;
use weft_evidence::{FailureCapture, FailureTarget, TmfCapture};
use weft_model::{Airtime, Fact, Rloc16};
use weft_wire::tmf::{DiagnosticAnswer, decode_answer};

mod fill;

/// All routers of the mesh, and its full Thread devices.
pub(super) const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff03, 0, 0, 0, 0, 0, 0, 2);
/// The most addresses whose messages are taken, besides routers'. A mesh has 63 routers, and some hundred devices that answer.
const MAX_PEERS: usize = 1_024;
/// The longest datagram that comes through a mesh.
const MAX_DATAGRAM_BYTES: usize = 1_280;

/// How patient questions by unicast are: repeated twice within the time of the question, then asked anew.
const PATIENCE: Patience = Patience {
    acknowledge_within: Duration::from_millis(700),
    repetitions: 2,
    respond_within: QUESTION_LASTS,
};
/// A question by unicast is in vain after so long without a word.
pub(super) const QUESTION_LASTS: Duration = Duration::from_secs(3);
/// One that reached its router, or brought a part, may take longer: OpenThread repeats what was lost after two to three seconds.
const REPEATED_WITHIN: Duration = Duration::from_millis(3_500);

/// Whether everybody is asked at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Everybody {
    /// That is decided when the relay tells how many there are, or at this moment.
    Undecided(Duration),
    /// By multicast.
    AtOnce,
    /// One after another, by unicast.
    InTurn,
}

/// A question by unicast that is under way.
#[derive(Debug, Clone)]
struct Question {
    router: Rloc16,
    kind: Kind,
    request: RequestId,
    /// It reached its router.
    is_acknowledged: bool,
    /// Something came of it.
    is_heard: bool,
    ends_at: Duration,
}

/// A sweep under way.
pub struct Sweep {
    settings: Settings,
    questions: Questions,
    endpoint: Endpoint<Ipv6Addr>,
    roll: Roll,
    answers: Answers,
    ledger: Ledger,
    /// The first query id of ours; the others have the numbers after it.
    first_query_id: u16,
    /// How many query ids were given away.
    query_ids: u16,
    under_way: Vec<Question>,
    peers: BTreeSet<Ipv6Addr>,
    started: Duration,
    last_message: Option<Duration>,
    last_question: Option<Duration>,
    /// Whether everybody is asked at once.
    everybody: Everybody,
    /// When each multicast query was sent, and its id.
    multicasts: Vec<(Duration, u16)>,
    /// Somebody answered one.
    heard_all: bool,
    messages: u32,
    duplicates: u32,
    /// Frames of the longest message that came and of its acknowledgment, every hop counted.
    longest_message: u32,
    /// The budget does not allow another question.
    is_out_of_frames: bool,
    has_ended: bool,
    events: VecDeque<Event>,
}

impl Sweep {
    /// Begins one.
    pub fn new(settings: Settings, random: Random, now: Duration) -> Self {
        Self::begin(settings, false, random, now)
    }

    /// Begins one that leaves out what hardly ever changes: vendors, models, versions, EUI-64. For all sweeps but now and then one.
    pub fn brief(settings: Settings, random: Random, now: Duration) -> Self {
        Self::begin(settings, true, random, now)
    }

    fn begin(mut settings: Settings, brief: bool, mut random: Random, now: Duration) -> Self {
        let mut bytes = [0; 2];
        random(&mut bytes);
        settings.window = settings.window.max(1);
        let mut sweep = Self {
            questions: Questions {
                brief,
                has_relay: settings.relay.is_some(),
            },
            endpoint: Endpoint::new(PATIENCE, random),
            roll: Roll::default(),
            answers: Answers::default(),
            ledger: Ledger::new(settings.relay),
            first_query_id: u16::from_be_bytes(bytes),
            query_ids: 0,
            under_way: Vec::new(),
            peers: BTreeSet::new(),
            started: now,
            last_message: None,
            last_question: None,
            everybody: Everybody::InTurn,
            multicasts: Vec::new(),
            heard_all: false,
            messages: 0,
            duplicates: 0,
            longest_message: 0,
            is_out_of_frames: false,
            has_ended: false,
            events: VecDeque::new(),
            settings,
        };
        for rloc16 in sweep.settings.expected.clone().into_iter().chain(sweep.settings.relay) {
            sweep.roll.name(rloc16);
        }
        if let Some(relay) = sweep.settings.relay {
            sweep.roll.entries.entry(relay).or_default();
        }
        if sweep.settings.multicast {
            sweep.everybody = Everybody::Undecided(if sweep.settings.relay.is_some() { now + fill::RELAY_FIRST } else { now });
        }
        sweep.act(now);
        sweep
    }

    /// Takes a UDP datagram that a node sent to our TMF port. What does not come from an address of the mesh is passed over.
    pub fn receive(&mut self, source: Ipv6Addr, datagram: &[u8], now: Duration) {
        if datagram.len() > MAX_DATAGRAM_BYTES || !self.admits(source) {
            return;
        }
        let locator = self.locator(source);
        self.ledger.note(locator, datagram.len());
        let hops = locator.map_or(UNKNOWN_HOPS, |rloc16| self.ledger.hops(rloc16));
        // With its acknowledgment.
        let frames = one_hop(datagram.len()).frames.saturating_add(1).saturating_mul(hops);
        self.longest_message = self.longest_message.max(frames);
        let before = self.messages;
        self.endpoint.receive(source, datagram, now);
        self.take_events(now);
        if self.messages == before && is_answer(datagram) && !self.has_ended {
            // The endpoint told nothing of it: it was there already.
            self.messages = self.messages.saturating_add(1);
            self.duplicates = self.duplicates.saturating_add(1);
        }
        self.act(now);
    }

    /// Repeats, fills, gives up.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.endpoint.handle_timeout(now);
        self.take_events(now);
        self.act(now);
    }

    /// When [`Self::handle_timeout`] has something to do; `None` once it has ended.
    pub fn deadline(&self) -> Option<Duration> {
        if self.has_ended {
            return None;
        }
        [Some(self.next_step()), self.endpoint.deadline()].into_iter().flatten().min()
    }

    /// The next UDP datagram to send, from our TMF port to that of an address of the mesh. After the end, too, there may be one: late answers are acknowledged, lest
    /// they be repeated.
    pub fn poll_transmit(&mut self) -> Option<(Ipv6Addr, Vec<u8>)> {
        let (destination, datagram) = self.endpoint.poll_transmit()?;
        if destination.is_multicast() {
            self.ledger.note_multicast(datagram.len());
        } else {
            self.ledger.note(self.locator(destination), datagram.len());
        }
        Some((destination, datagram))
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Radio time so far, estimated.
    pub fn airtime(&self) -> Airtime {
        self.ledger.total(self.roll.routers().count())
    }

    fn admits(&mut self, source: Ipv6Addr) -> bool {
        if !self.settings.mesh_local_prefix.prefix().contains(source) {
            return false;
        }
        if self.locator(source).is_some_and(Rloc16::is_router) || self.peers.contains(&source) {
            return true;
        }
        let has_room = self.peers.len() < MAX_PEERS;
        if has_room {
            self.peers.insert(source);
        }
        has_room
    }

    /// The locator that an address consists of.
    fn locator(&self, address: Ipv6Addr) -> Option<Rloc16> {
        let [.., high, low] = address.octets();
        let rloc16 = Rloc16::new(u16::from_be_bytes([high, low]))?;
        (self.settings.mesh_local_prefix.rloc(rloc16) == address).then_some(rloc16)
    }

    fn take_events(&mut self, now: Duration) {
        while let Some(event) = self.endpoint.poll_event() {
            if self.has_ended {
                continue;
            }
            match event {
                coap::Event::Request { peer, uri, payload, .. } if uri == "d/da" => self.take_answer(peer, &payload, now),
                coap::Event::Request { .. } => (),
                coap::Event::Response { id, peer, code, payload } => self.take_response(id, peer, code, &payload, now),
                coap::Event::Acknowledged { id } => self.take_acknowledgment(id, now),
                coap::Event::Failed { id, reset } => self.take_failure(id, reset),
            }
        }
    }

    /// A part of an answer to a query, ours or an earlier one's.
    fn take_answer(&mut self, peer: Ipv6Addr, payload: &[u8], now: Duration) {
        self.messages = self.messages.saturating_add(1);
        let (first, count) = (self.first_query_id, self.query_ids);
        // Firmware before Thread 1.4 does not say which query it answers.
        let is_ours = |query_id: Option<u16>| query_id.is_none_or(|id| id.wrapping_sub(first) < count);
        let Some(taken) = self.answers.take(peer, payload, is_ours, now) else {
            self.duplicates = self.duplicates.saturating_add(1);
            return;
        };
        let query_id = taken.said.query_id;
        let Some(rloc16) = self.locator(peer).or(taken.said.rloc16) else {
            self.keep(peer, "d/da", None, None, payload, now);
            return;
        };
        let asked = is_ours(query_id).then(|| self.questions.types(Kind::Query, self.settings.relay == Some(rloc16)));
        self.keep(peer, "d/da", asked, None, payload, now);
        if says_something(&taken.said) || taken.said.answer.is_some() {
            self.hear(rloc16, &taken.said, now);
        }
        let was_asked = self.roll.entries.get(&rloc16).is_some_and(|entry| entry.is_asked || entry.in_vain > 0);
        self.heard_all |= match query_id {
            Some(query_id) => self.multicasts.iter().any(|(_, id)| *id == query_id),
            None => !self.multicasts.is_empty() && !was_asked,
        };
        if let Some(whole) = taken.whole {
            self.complete(rloc16, &whole);
        }
    }

    /// The response to a request of ours.
    fn take_response(&mut self, id: RequestId, peer: Ipv6Addr, code: (u8, u8), payload: &[u8], now: Duration) {
        let Some(question) = self.under_way.iter_mut().find(|question| question.request == id) else {
            return;
        };
        let (router, kind) = (question.router, question.kind);
        question.is_acknowledged = true;
        self.messages = self.messages.saturating_add(1);
        let asked = self.questions.types(kind, self.settings.relay == Some(router));
        self.keep(peer, kind.uri(), Some(asked), Some(format!("{}.{:02}", code.0, code.1)), payload, now);
        if code.0 != 2 {
            self.in_vain(id, true, &format!("refused: CoAP code {}.{:02}", code.0, code.1));
            return;
        }
        let said = decode_answer(payload);
        if !says_something(&said) {
            self.in_vain(id, true, "the response names nobody");
            return;
        }
        self.hear(router, &said, now);
        self.complete(router, &said);
    }

    /// A query reached its router: the answer follows, apart from it.
    fn take_acknowledgment(&mut self, id: RequestId, now: Duration) {
        let relay = self.settings.relay;
        if let Some(question) = self.under_way.iter_mut().find(|question| question.request == id) {
            question.is_acknowledged = true;
            if relay != Some(question.router) {
                question.ends_at = now + REPEATED_WITHIN;
            }
        }
    }

    fn take_failure(&mut self, id: RequestId, reset: bool) {
        if reset {
            self.in_vain(id, true, "refused: CoAP reset");
        }
        // Else nothing was acknowledged so far: the answer may come all the same until the question's time is over.
    }

    /// Somebody speaks.
    fn hear(&mut self, rloc16: Rloc16, said: &DiagnosticAnswer, now: Duration) {
        self.roll.name(rloc16);
        self.roll.learn(said);
        if self.settings.relay == Some(rloc16) {
            let tables = said
                .decoded
                .facts
                .iter()
                .filter_map(|fact| if let Fact::Route64(table) = fact { Some(table) } else { None });
            tables.for_each(|table| self.ledger.measure(table));
        }
        if let Some(entry) = self.roll.entries.get_mut(&rloc16) {
            entry.heard_at = Some(now);
        }
        for question in self.under_way.iter_mut().filter(|question| question.router == rloc16) {
            question.is_heard = true;
            question.ends_at = now + REPEATED_WITHIN;
        }
    }

    fn complete(&mut self, rloc16: Rloc16, whole: &DiagnosticAnswer) {
        self.roll.complete(rloc16, whole);
        let (done, rest) = std::mem::take(&mut self.under_way)
            .into_iter()
            .partition(|question| question.router == rloc16);
        self.under_way = rest;
        let done: Vec<Question> = done;
        for question in done {
            self.endpoint.cancel(question.request);
        }
        if let Some(entry) = self.roll.entries.get_mut(&rloc16) {
            entry.is_asked = false;
        }
    }

    /// Keeps a message as evidence.
    fn keep(&mut self, peer: Ipv6Addr, uri: &str, asked: Option<Vec<u8>>, code: Option<String>, payload: &[u8], now: Duration) {
        self.last_message = Some(now);
        if self.messages as usize > 2 * MAX_MESSAGES {
            return;
        }
        self.events.push_back(Event::Answer(TmfCapture {
            extended_pan_id: self.settings.extended_pan_id,
            peer,
            uri: uri.to_owned(),
            asked,
            code,
            payload: hexadecimal(payload),
            overheard: false,
        }));
    }

    /// A question came to nothing.
    fn in_vain(&mut self, id: RequestId, is_refused: bool, error: &str) {
        let Some(place) = self.under_way.iter().position(|question| question.request == id) else {
            return;
        };
        let question = self.under_way.remove(place);
        self.endpoint.cancel(id);
        let is_relay = self.settings.relay == Some(question.router);
        let Some(entry) = self.roll.entries.get_mut(&question.router) else {
            return;
        };
        entry.is_asked = false;
        entry.in_vain += 1;
        // What is lost is worth asking for again, for only queries bring lists. Whether the relay's own node answers queries is another
        // matter.
        entry.prefers_get |= is_refused || is_relay && entry.in_vain >= fill::MAX_QUESTIONS;
        entry.is_given_up = entry.in_vain >= fill::MAX_QUESTIONS + u8::from(is_relay);
        // The relay's own node may know one kind of question and not the other: only all in vain are silence.
        if is_relay && !entry.is_given_up {
            return;
        }
        self.events.push_back(Event::Silent(FailureCapture {
            target: FailureTarget::ThreadNode {
                extended_pan_id: self.settings.extended_pan_id,
                address: self.settings.mesh_local_prefix.rloc(question.router),
            },
            attempt: question.kind.attempt().to_owned(),
            error: error.to_owned(),
        }));
    }

    fn end(&mut self, cut_short: bool) {
        self.has_ended = true;
        for question in std::mem::take(&mut self.under_way) {
            self.endpoint.cancel(question.request);
        }
        let (answered, silent): (Vec<_>, Vec<_>) = self.roll.routers().partition(|(_, entry)| entry.is_complete);
        let names = |routers: Vec<(Rloc16, &super::roll::Entry)>| routers.into_iter().map(|(rloc16, _)| rloc16).collect::<Vec<_>>();
        let (answered, silent) = (names(answered), names(silent));
        let others_answered = answered.iter().any(|rloc16| self.settings.relay != Some(*rloc16));
        self.events.push_back(Event::Ended(Outcome {
            multicast_unheard: !self.multicasts.is_empty() && !self.heard_all && others_answered,
            answered,
            silent,
            children: self.roll.children(),
            messages: self.messages,
            duplicates: self.duplicates,
            took: self.last_message.map_or(Duration::ZERO, |last| last.saturating_sub(self.started)),
            airtime: self.airtime(),
            cut_short,
        }));
    }
}

/// The datagram is an answer to a query.
fn is_answer(datagram: &[u8]) -> bool {
    let Ok(packet) = Packet::from_bytes(datagram) else { return false };
    let path = packet.get_option(coap_lite::CoapOption::UriPath);
    packet.header.code == MessageClass::Request(RequestType::Post)
        && path.is_some_and(|path| path.iter().map(Vec::as_slice).eq([b"d".as_slice(), b"da".as_slice()]))
}
