//! One node: answers queries and requests for network diagnostics as OpenThread does (`src/core/thread/network_diagnostic.cpp`, `src/core/coap/coap.cpp`).

use coap_lite::{CoapOption, MessageClass, MessageType, Packet, RequestType, ResponseType};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use weft_model::{Fact, Rloc16};
use weft_wire::tmf::{AnswerFrame, decode_answer, encode_answer, encode_answer_parts, number};

/// OpenThread begins a new part after so many bytes.
const PART_BYTES: usize = 800;
/// How often a part is repeated.
const REPETITIONS: u8 = 4;
/// Until it is repeated for the first time.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// How a node behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    /// As Thread 1.4 demands.
    #[default]
    Current,
    /// As before Thread 1.4: one message, without part and query numbers, and none of the later types.
    Old,
    /// It knows requests (`d/dg`) and no queries by unicast.
    OnlyRequests,
    /// It is off.
    Dead,
}

/// A node of the mesh.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it is.
    pub rloc16: Rloc16,
    /// Hops from the relay.
    pub hops: u32,
    /// It is subscribed to ff03::2: a router, or a full Thread device.
    pub hears_multicast: bool,
    /// How it behaves.
    pub manner: Manner,
    /// What it can say, by TLV type.
    pub facts: Vec<(u8, Fact)>,
}

impl Node {
    fn says(&self, types: &[u8], lists: bool) -> Vec<Fact> {
        const LISTS: [u8; 3] = [number::CHILD, number::CHILD_ADDRESSES, number::ROUTER_NEIGHBOR];
        let knows = |number: &u8| match self.manner {
            Manner::Old => *number <= number::VERSION,
            _ => lists || !LISTS.contains(number),
        };
        let known = types.iter().filter(|number| knows(number));
        known
            .flat_map(|number| self.facts.iter().filter(move |(known, _)| known == number))
            .map(|(_, fact)| fact.clone())
            .collect()
    }
}

/// A datagram that a node sends.
pub(super) struct Sent {
    pub(super) datagram: Vec<u8>,
    /// Message id, where it is to be repeated unless acknowledged.
    pub(super) repeat: Option<u16>,
    /// After how long.
    pub(super) wait: Duration,
}

/// Parts of an answer: the first is under way, the others follow.
struct Speech {
    parts: VecDeque<Vec<u8>>,
    token: Vec<u8>,
    repetitions: u8,
}

/// A node with its conversations.
pub(super) struct Station {
    pub(super) node: Node,
    next_id: u16,
    speeches: BTreeMap<u16, Speech>,
    /// Messages that came, and what they got back.
    replied: BTreeMap<(u16, Vec<u8>), Option<Vec<u8>>>,
    output: VecDeque<Sent>,
}

impl Station {
    pub(super) fn new(node: Node, next_id: u16) -> Self {
        Self {
            node,
            next_id,
            speeches: BTreeMap::new(),
            replied: BTreeMap::new(),
            output: VecDeque::new(),
        }
    }

    pub(super) fn send(&mut self) -> Option<Sent> {
        self.output.pop_front()
    }

    pub(super) fn receive(&mut self, datagram: &[u8]) {
        let Ok(packet) = Packet::from_bytes(datagram) else { return };
        if self.node.manner == Manner::Dead {
            return;
        }
        match packet.header.get_type() {
            MessageType::Acknowledgement => self.acknowledged(&packet),
            MessageType::Confirmable | MessageType::NonConfirmable => self.asked(&packet),
            MessageType::Reset => drop(self.speeches.remove(&packet.header.message_id)),
        }
    }

    /// The next part goes out only after a 2.04 for the one before: an empty acknowledgment does not do.
    fn acknowledged(&mut self, packet: &Packet) {
        let is_changed = packet.header.code == MessageClass::Response(ResponseType::Changed);
        let Some(mut speech) = self.speeches.remove(&packet.header.message_id) else {
            return;
        };
        if !is_changed || packet.get_token() != speech.token {
            return;
        }
        speech.parts.pop_front();
        self.speak(speech.parts);
    }

    fn asked(&mut self, packet: &Packet) {
        let is_confirmable = packet.header.get_type() == MessageType::Confirmable;
        let key = (packet.header.message_id, packet.get_token().to_vec());
        if let Some(reply) = self.replied.get(&key) {
            let again = reply.clone();
            self.output.extend(again.map(Sent::once));
            return;
        }
        let path: Vec<&[u8]> = packet.get_option(CoapOption::UriPath).into_iter().flatten().map(Vec::as_slice).collect();
        let question = decode_answer(&packet.payload);
        let types = question.type_list.unwrap_or_default();
        let (code, payload, parts) = match path.as_slice() {
            [b"d", b"dq"] if self.node.manner == Manner::OnlyRequests && is_confirmable => (ResponseType::NotFound, Vec::new(), VecDeque::new()),
            [b"d", b"dq"] => (ResponseType::Changed, Vec::new(), self.parts(&types, question.query_id)),
            [b"d", b"dg"] => {
                let answer = encode_answer(&self.node.says(&types, false), AnswerFrame::default());
                (ResponseType::Changed, answer.unwrap_or_default(), VecDeque::new())
            }
            _ => (ResponseType::NotFound, Vec::new(), VecDeque::new()),
        };
        let reply = is_confirmable.then(|| reply(packet, code, payload)).flatten();
        self.replied.insert(key, reply.clone());
        self.output.extend(reply.map(Sent::once));
        self.speak(parts);
    }

    fn parts(&self, types: &[u8], query_id: Option<u16>) -> VecDeque<Vec<u8>> {
        let facts = self.node.says(types, true);
        let parts = match (self.node.manner, query_id) {
            (Manner::Old, _) | (_, None) => encode_answer(&facts, AnswerFrame::default()).map(|whole| vec![whole]),
            (_, Some(query_id)) => encode_answer_parts(&facts, query_id, PART_BYTES),
        };
        parts.unwrap_or_default().into()
    }

    /// Sends the first part.
    fn speak(&mut self, parts: VecDeque<Vec<u8>>) {
        if parts.is_empty() {
            return;
        }
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let token = id.to_be_bytes().to_vec();
        let speech = Speech {
            parts,
            token,
            repetitions: 0,
        };
        self.output.extend(speech.message(id));
        self.speeches.insert(id, speech);
    }

    /// The part was not acknowledged so far.
    pub(super) fn repeat(&mut self, id: u16) {
        let Some(speech) = self.speeches.get_mut(&id) else { return };
        speech.repetitions += 1;
        if speech.repetitions > REPETITIONS {
            self.speeches.remove(&id);
            return;
        }
        self.output.extend(speech.message(id));
    }
}

impl Sent {
    fn once(datagram: Vec<u8>) -> Self {
        Self {
            datagram,
            repeat: None,
            wait: Duration::ZERO,
        }
    }
}

impl Speech {
    fn message(&self, id: u16) -> Option<Sent> {
        let mut packet = Packet::new();
        packet.header.set_type(MessageType::Confirmable);
        packet.header.code = MessageClass::Request(RequestType::Post);
        packet.header.message_id = id;
        packet.set_token(self.token.clone());
        packet.add_option(CoapOption::UriPath, b"d".to_vec());
        packet.add_option(CoapOption::UriPath, b"da".to_vec());
        packet.payload = self.parts.front()?.clone();
        Some(Sent {
            datagram: packet.to_bytes().ok()?,
            repeat: Some(id),
            wait: FIRST_WAIT * (1 << self.repetitions),
        })
    }
}

fn reply(request: &Packet, code: ResponseType, payload: Vec<u8>) -> Option<Vec<u8>> {
    let mut packet = Packet::new();
    packet.header.set_type(MessageType::Acknowledgement);
    packet.header.code = MessageClass::Response(code);
    packet.header.message_id = request.header.message_id;
    packet.set_token(request.get_token().to_vec());
    packet.payload = payload;
    packet.to_bytes().ok()
}
