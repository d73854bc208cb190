//! One CoAP message as bytes and as what the message layer looks at (RFC 7252, section 3).

use coap_lite::{CoapOption, MessageType, Packet};
use weft_wire::Problem;
use zeroize::Zeroizing;

/// The most bytes of a message, either way: what an IPv6 network carries without fragments.
pub(super) const MAX_MESSAGE_BYTES: usize = Packet::MAX_SIZE;

/// The most options that are read.
const MAX_OPTIONS: usize = 16;
/// The longest path that Thread uses has 3 bytes; what is longer is somebody else's.
const MAX_PATH_BYTES: usize = 32;
const VERSION: u8 = 1;
/// Options that a receiver must know in order to understand the message have odd numbers (RFC 7252, 5.4.1). These are harmless to us: Uri-Host, Uri-Port,
/// Uri-Path, Uri-Query, Accept.
const CRITICAL_AND_KNOWN: [u16; 5] = [3, 7, 11, 15, 17];

/// Codes of messages: class in the upper three bits, detail in the lower five.
pub(crate) mod code {
    pub(crate) const EMPTY: u8 = 0x00;
    pub(crate) const POST: u8 = 0x02;
    pub(crate) const CHANGED: u8 = 0x44;
    pub(crate) const BAD_REQUEST: u8 = 0x80;
    pub(crate) const BAD_OPTION: u8 = 0x82;
    pub(crate) const METHOD_NOT_ALLOWED: u8 = 0x85;
}

/// Whether and how a message is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Confirmable,
    NonConfirmable,
    Acknowledgment,
    Reset,
}

/// A message. No `Debug` but in tests: its payload may hold a network's keys.
#[cfg_attr(test, derive(Debug))]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) code: u8,
    pub(crate) id: u16,
    pub(crate) token: Vec<u8>,
    /// `None` where it is no text that a path of Thread could be.
    pub(crate) path: Option<String>,
    /// It has an option that one must know in order to understand it, and we do not.
    pub(crate) is_beyond_us: bool,
    /// Overwritten when dropped: an answer may hold a network's keys.
    pub(crate) payload: Zeroizing<Vec<u8>>,
}

impl Message {
    /// A message without path and payload.
    pub(super) fn bare(kind: Kind, code: u8, id: u16, token: &[u8]) -> Self {
        Self {
            kind,
            code,
            id,
            token: token.to_vec(),
            path: None,
            is_beyond_us: false,
            payload: Zeroizing::default(),
        }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// Where it is no CoAP of version 1, or longer or with more options than any message that we take.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(Problem::at(
                "message",
                0,
                format!("{} bytes, the most is {MAX_MESSAGE_BYTES}", bytes.len()),
            ));
        }
        let mut packet = Packet::from_bytes(bytes).map_err(|error| Problem::at("message", 0, error.to_string()))?;
        let version = packet.header.get_version();
        if version != VERSION {
            return Err(Problem::at("version", 0, format!("{version} is not {VERSION}")));
        }
        let code = packet.header.code.into();
        // It consists of its header (RFC 7252, 4.1).
        if code == code::EMPTY && bytes.len() != 4 {
            return Err(Problem::at("code", 1, "an empty message with something in it"));
        }
        if packet.options().map(|(_, values)| values.len()).sum::<usize>() > MAX_OPTIONS {
            return Err(Problem::at("options", 0, format!("more than {MAX_OPTIONS}")));
        }
        let is_beyond_us = packet
            .options()
            .any(|(number, _)| number % 2 == 1 && !CRITICAL_AND_KNOWN.contains(number));
        Ok(Self {
            kind: match packet.header.get_type() {
                MessageType::Confirmable => Kind::Confirmable,
                MessageType::NonConfirmable => Kind::NonConfirmable,
                MessageType::Acknowledgement => Kind::Acknowledgment,
                MessageType::Reset => Kind::Reset,
            },
            code,
            id: packet.header.message_id,
            token: packet.get_token().to_vec(),
            path: path_of(&packet),
            is_beyond_us,
            payload: Zeroizing::new(std::mem::take(&mut packet.payload)),
        })
    }

    /// The message as bytes; `None` where it would be longer than [`MAX_MESSAGE_BYTES`].
    pub(super) fn encode(mut self) -> Option<Vec<u8>> {
        let mut packet = Packet::new();
        packet.header.set_version(VERSION);
        packet.header.set_type(match self.kind {
            Kind::Confirmable => MessageType::Confirmable,
            Kind::NonConfirmable => MessageType::NonConfirmable,
            Kind::Acknowledgment => MessageType::Acknowledgement,
            Kind::Reset => MessageType::Reset,
        });
        packet.header.code = self.code.into();
        packet.header.message_id = self.id;
        packet.set_token(self.token);
        for segment in self.path.iter().flat_map(|path| path.split('/')) {
            packet.add_option(CoapOption::UriPath, segment.as_bytes().to_vec());
        }
        packet.payload = std::mem::take(&mut *self.payload);
        packet.to_bytes_with_limit(MAX_MESSAGE_BYTES).ok()
    }

    /// Method of a request: class 0.
    pub(super) fn is_request(&self) -> bool {
        self.code >> 5 == 0 && self.code != code::EMPTY
    }

    /// Class 2 to 5.
    pub(crate) fn is_response(&self) -> bool {
        matches!(self.code >> 5, 2..=5)
    }

    /// The code as people write it: `2.04`.
    pub(crate) fn code_text(&self) -> String {
        format!("{}.{:02}", self.code >> 5, self.code & 0x1f)
    }
}

fn path_of(packet: &Packet) -> Option<String> {
    let mut path = String::new();
    for (index, segment) in packet.get_option(CoapOption::UriPath).into_iter().flatten().enumerate() {
        if !segment.iter().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        if index > 0 {
            path.push('/');
        }
        path.push_str(std::str::from_utf8(segment).ok()?);
    }
    (path.len() <= MAX_PATH_BYTES).then_some(path)
}
