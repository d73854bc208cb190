//! Information elements of version 2015 (IEEE Std 802.15.4-2015, 7.4; OpenThread `src/core/mac/mac_header_ie.hpp`).

use crate::{Problem, Reader};

/// The most elements that are read from one frame; the shortest takes two bytes.
pub const MAX_ELEMENTS: usize = 64;

const HEADER_BYTES: usize = 2;
const TERMINATION_1: u8 = 0x7e;
const TERMINATION_2: u8 = 0x7f;
const CSL: u8 = 0x1a;
const RENDEZVOUS_TIME: u8 = 0x1d;
const CONNECTION: u8 = 0x1e;
const VENDOR: u8 = 0x00;
const PAYLOAD_TERMINATION: u8 = 0x0f;
/// The organisation that Thread's own elements carry.
const THREAD_OUI: [u8; 3] = [0x9b, 0xb8, 0xea];
/// Subtype of a link metrics report in an enhanced acknowledgment.
const ENHANCED_ACKNOWLEDGMENT_PROBING: u8 = 0;

/// Whether an element stands in the header or in the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementKind {
    /// In the MAC header: never encrypted.
    Header,
    /// At the start of the payload.
    Payload,
}

/// An element as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// Where it stands.
    pub kind: ElementKind,
    /// Element id (header, 8 bits) or group id (payload, 4 bits).
    pub id: u8,
    /// Content.
    pub content: &'a [u8],
}

/// When a sleepy device listens (coordinated sampled listening).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CslElement {
    /// From the end of this frame's header to the next moment of listening, in units of ten symbols (160 microseconds).
    pub phase_ten_symbols: u16,
    /// Between two moments of listening, in units of ten symbols (160 microseconds).
    pub period_ten_symbols: u16,
}

/// What a header element says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderElement<'a> {
    /// Coordinated sampled listening.
    Csl(CslElement),
    /// Link metrics that the sender of an enhanced acknowledgment measured of the acknowledged frame, in the order in which they were asked for.
    LinkMetrics(&'a [u8]),
    /// Another element of a vendor.
    Vendor {
        /// The organisation, as it came.
        oui: [u8; 3],
        /// What follows.
        content: &'a [u8],
    },
    /// When the sender may be answered (wake-up frames of Thread 1.5), in units of ten symbols.
    RendezvousTime(u16),
    /// A wake-up frame's connection parameters, as they came.
    Connection(&'a [u8]),
    /// Something else.
    Other {
        /// Element id.
        id: u8,
        /// Content.
        content: &'a [u8],
    },
}

impl<'a> Element<'a> {
    /// What a header element says; content that cannot be read as its id demands is [`HeaderElement::Other`].
    pub fn header(&self) -> HeaderElement<'a> {
        let other = HeaderElement::Other {
            id: self.id,
            content: self.content,
        };
        match (self.id, self.content) {
            (CSL, &[p0, p1, q0, q1]) => HeaderElement::Csl(CslElement {
                phase_ten_symbols: u16::from_le_bytes([p0, p1]),
                period_ten_symbols: u16::from_le_bytes([q0, q1]),
            }),
            (VENDOR, content) => match content.split_first_chunk::<3>() {
                Some((&THREAD_OUI, [ENHANCED_ACKNOWLEDGMENT_PROBING, metrics @ ..])) => HeaderElement::LinkMetrics(metrics),
                Some((oui, content)) => HeaderElement::Vendor { oui: *oui, content },
                None => other,
            },
            (RENDEZVOUS_TIME, &[t0, t1, ..]) => HeaderElement::RendezvousTime(u16::from_le_bytes([t0, t1])),
            (CONNECTION, content) => HeaderElement::Connection(content),
            _ => other,
        }
    }
}

/// Appends a header element; content longer than 127 bytes is cut.
pub fn write_header_element(bytes: &mut Vec<u8>, id: u8, content: &[u8]) {
    let content = &content[..content.len().min(0x7f)];
    bytes.extend((content.len() as u16 | u16::from(id) << 7).to_le_bytes());
    bytes.extend(content);
}

/// A cursor over header elements. It ends at a terminator, at the end, and where an element is cut off.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    reader: Reader<'a>,
    left: usize,
    terminator: Option<u8>,
}

impl<'a> Elements<'a> {
    /// A cursor at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            left: MAX_ELEMENTS,
            terminator: None,
        }
    }

    fn read(&mut self) -> Result<Option<Element<'a>>, Problem> {
        if self.terminator.is_some() || self.reader.is_empty() {
            return Ok(None);
        }
        let start = self.reader.position();
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| Problem::at("elements", start, format!("more than {MAX_ELEMENTS}")))?;
        let descriptor = u16::from_le_bytes(self.reader.array("element header")?);
        if descriptor & 0x8000 != 0 {
            return Err(Problem::at("element header", start, "a payload element among the header elements"));
        }
        let content = self.reader.take("element content", usize::from(descriptor & 0x7f))?;
        let id = (descriptor >> 7) as u8;
        if matches!(id, TERMINATION_1 | TERMINATION_2) {
            self.terminator = Some(id);
            return Ok(None);
        }
        Ok(Some(Element {
            kind: ElementKind::Header,
            id,
            content,
        }))
    }

    /// Bytes of the header elements at the start of `bytes`, with their terminator. Without one they go to the end.
    pub(super) fn header_length(bytes: &'a [u8]) -> Result<usize, Problem> {
        let mut elements = Self::new(bytes);
        while elements.read()?.is_some() {}
        Ok(elements.reader.position())
    }

    /// True if a terminator says that payload elements follow.
    pub(super) fn ends_for_payload_elements(mut self) -> bool {
        while let Ok(Some(_)) = self.read() {}
        self.terminator == Some(TERMINATION_1)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().ok().flatten()
    }
}

/// A cursor over payload elements; [`PayloadElements::rest`] is what follows them.
#[derive(Debug, Clone)]
pub struct PayloadElements<'a> {
    bytes: &'a [u8],
    left: usize,
}

impl<'a> PayloadElements<'a> {
    /// A cursor at the start of a payload that has elements.
    pub fn new(payload: &'a [u8]) -> Self {
        Self {
            bytes: payload,
            left: MAX_ELEMENTS,
        }
    }

    /// What was not read yet; after the last element, the payload itself.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> Iterator for PayloadElements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (header, rest) = self.bytes.split_first_chunk::<HEADER_BYTES>()?;
        let descriptor = u16::from_le_bytes(*header);
        if descriptor & 0x8000 == 0 {
            self.left = 0;
            return None;
        }
        let content = rest.get(..usize::from(descriptor & 0x07ff))?;
        self.bytes = &rest[content.len()..];
        let id = (descriptor >> 11 & 0x0f) as u8;
        if id == PAYLOAD_TERMINATION {
            self.left = 0;
            return None;
        }
        Some(Element {
            kind: ElementKind::Payload,
            id,
            content,
        })
    }
}
