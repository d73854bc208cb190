//! A border agent and the leader behind it, as OpenThread's behave (`src/core/meshcop/border_agent.cpp`, `meshcop_leader.cpp`), inside a session and without one:
//! CoAP messages in, CoAP messages out.

use coap_lite::{CoapOption, MessageClass, MessageType, Packet, RequestType, ResponseType};
use std::collections::BTreeSet;
use std::net::Ipv6Addr;
use weft_model::Rloc16;
use weft_wire::meshcop::{Command, State, UdpEncapsulation, decode_command, encode_command};

/// Who leads the mesh, and who is its commissioner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leader {
    /// Id of the active commissioner.
    pub commissioner: Option<String>,
    /// Number of the last session, also of one that is over.
    pub session_id: u16,
}

impl Leader {
    /// Somebody asks for the role.
    pub fn petition(&mut self, id: &str) -> Command {
        let is_free = self.commissioner.as_deref().is_none_or(|active| active == id);
        if is_free {
            // Who asks with the active id takes over: the former session ends, which counts its number on as well.
            self.session_id = self.session_id.wrapping_add(1 + u16::from(self.commissioner.is_some()));
            self.commissioner = Some(id.to_owned());
        }
        Command {
            state: Some(if is_free { State::Accept } else { State::Reject }),
            commissioner_id: self.commissioner.clone(),
            session_id: is_free.then_some(self.session_id),
            ..Command::default()
        }
    }

    /// A commissioner is still there, or resigns.
    pub fn keep_alive(&mut self, command: &Command) -> Command {
        let is_active = self.commissioner.is_some() && command.session_id == Some(self.session_id);
        let stays = is_active && command.state == Some(State::Accept);
        if is_active && !stays {
            self.commissioner = None;
            self.session_id = self.session_id.wrapping_add(1);
        }
        Command {
            state: Some(if stays { State::Accept } else { State::Reject }),
            ..Command::default()
        }
    }
}

/// A datagram that a commissioner sent into the mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// To whom.
    pub destination: Ipv6Addr,
    /// It and its ports.
    pub udp: UdpEncapsulation,
}

/// One session's end in a border agent.
#[derive(Debug, Clone, Default)]
pub struct BorderAgent {
    /// The leader that it asks.
    pub leader: Leader,
    /// Active dataset; made up.
    pub active: Vec<u8>,
    /// Pending dataset.
    pub pending: Vec<u8>,
    /// What was sent into the mesh.
    pub sent: Vec<Sent>,
    /// Paths of all messages that came, in their order, repetitions too.
    pub asked: Vec<String>,
    /// Paths to which nothing is answered.
    pub mute: BTreeSet<String>,
    /// This session's commissioner was accepted.
    is_active: bool,
    message_id: u16,
}

impl BorderAgent {
    /// One that holds this active dataset.
    pub fn new(active: Vec<u8>) -> Self {
        Self { active, ..Self::default() }
    }

    /// A session of somebody begins; the former one is gone without a word, the leader does not know.
    pub fn begin_session(&mut self) {
        self.is_active = false;
    }

    /// Takes a message of the commissioner and gives what goes back.
    pub fn receive(&mut self, message: &[u8]) -> Vec<Vec<u8>> {
        let Ok(request) = Packet::from_bytes(message) else { return Vec::new() };
        if request.header.code != MessageClass::Request(RequestType::Post) {
            return Vec::new();
        }
        let path = path(&request);
        self.asked.push(path.clone());
        if self.mute.contains(&path) {
            return Vec::new();
        }
        let (command, _) = decode_command(&request.payload);
        match path.as_str() {
            "c/cp" => {
                let id = command.commissioner_id.unwrap_or_default();
                let answer = self.leader.petition(&id);
                self.is_active |= answer.state == Some(State::Accept);
                self.apart(&request, &answer)
            }
            // Who is no commissioner is not even acknowledged.
            "c/ca" if !self.is_active => Vec::new(),
            "c/ca" => {
                let answer = self.leader.keep_alive(&command);
                self.apart(&request, &answer)
            }
            "c/cg" => {
                let locator = self.leader.commissioner.as_ref().and_then(|_| Rloc16::new(0xc400));
                let dataset = Command {
                    session_id: Some(self.leader.session_id),
                    border_agent_locator: locator,
                    steering_data: locator.map(|_| vec![0]),
                    ..Command::default()
                };
                vec![at_once(&request, ResponseType::Changed, bytes(&dataset))]
            }
            "c/ag" => vec![at_once(&request, ResponseType::Changed, self.active.clone())],
            "c/pg" => vec![at_once(&request, ResponseType::Changed, self.pending.clone())],
            "c/ut" => {
                self.sent
                    .extend(command.ipv6_address.zip(command.udp).map(|(destination, udp)| Sent { destination, udp }));
                Vec::new()
            }
            _ => vec![at_once(&request, ResponseType::NotFound, Vec::new())],
        }
    }

    /// The message that carries a node's datagram to the commissioner.
    pub fn from_mesh(&mut self, source: Ipv6Addr, udp: UdpEncapsulation) -> Vec<u8> {
        let command = Command {
            ipv6_address: Some(source),
            udp: Some(udp),
            ..Command::default()
        };
        let mut packet = self.unconfirmed(MessageClass::Request(RequestType::Post));
        packet.add_option(CoapOption::UriPath, b"c".to_vec());
        packet.add_option(CoapOption::UriPath, b"ur".to_vec());
        packet.payload = bytes(&command);
        encoded(&packet)
    }

    /// An empty acknowledgment, and a response that asks for none.
    fn apart(&mut self, request: &Packet, answer: &Command) -> Vec<Vec<u8>> {
        let mut acknowledgment = Packet::new();
        acknowledgment.header.set_type(MessageType::Acknowledgement);
        acknowledgment.header.code = MessageClass::Empty;
        acknowledgment.header.message_id = request.header.message_id;
        let mut response = self.unconfirmed(MessageClass::Response(ResponseType::Changed));
        response.set_token(request.get_token().to_vec());
        response.payload = bytes(answer);
        vec![encoded(&acknowledgment), encoded(&response)]
    }

    fn unconfirmed(&mut self, code: MessageClass) -> Packet {
        self.message_id = self.message_id.wrapping_add(1);
        let mut packet = Packet::new();
        packet.header.set_type(MessageType::NonConfirmable);
        packet.header.code = code;
        packet.header.message_id = self.message_id;
        packet
    }
}

/// A response in the acknowledgment.
fn at_once(request: &Packet, code: ResponseType, payload: Vec<u8>) -> Vec<u8> {
    let mut response = Packet::new();
    response.header.set_type(MessageType::Acknowledgement);
    response.header.code = MessageClass::Response(code);
    response.header.message_id = request.header.message_id;
    response.set_token(request.get_token().to_vec());
    response.payload = payload;
    encoded(&response)
}

fn path(request: &Packet) -> String {
    let segments = request.get_option(CoapOption::UriPath).into_iter().flatten();
    segments
        .map(|segment| String::from_utf8_lossy(segment).into_owned())
        .collect::<Vec<_>>()
        .join("/")
}

fn bytes(command: &Command) -> Vec<u8> {
    encode_command(command).unwrap_or_default()
}

fn encoded(packet: &Packet) -> Vec<u8> {
    packet.to_bytes().unwrap_or_default()
}
