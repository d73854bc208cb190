//! Records in and out: their numbers, keys and datagrams.

use super::handshake::{self, Message};
use super::protection::{OVERHEAD_BYTES, RecordKey};
use super::record::{self, Content, MAX_SEQUENCE, Record};
use super::replay::ReplayWindow;
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// How long our datagrams with messages of the handshake are at most, in bytes: they pass every link.
pub(super) const DATAGRAM_BYTES: usize = 1_024;
/// The least that [`Channel::limit_datagrams`] takes: a piece of a message that is still worth its headers.
const LEAST_DATAGRAM_BYTES: usize = 128;

/// One step of a flight.
pub(super) enum Step {
    /// A message in the open.
    Open(Message),
    /// From here on everything is sealed.
    ChangeCipherSpec,
    /// A sealed message.
    Sealed(Message),
}

/// What is in a sealed record.
pub(super) enum Opened {
    /// What the peer sealed; overwritten when dropped, for it may hold a network's keys.
    Plain(Zeroizing<Vec<u8>>),
    /// Our keys do not open it.
    Foreign,
    /// It was there already, or there are no keys yet.
    Nothing,
}

/// The record layer of one session.
pub(super) struct Channel {
    /// The next number of each epoch: 0 in the open, 1 sealed.
    next: [u64; 2],
    /// Keys of what we send and of what the peer sends.
    keys: Option<(RecordKey, RecordKey)>,
    replay: ReplayWindow,
    datagram_bytes: usize,
    out: VecDeque<Vec<u8>>,
}

impl Channel {
    pub(super) fn new() -> Self {
        Self {
            next: [0; 2],
            keys: None,
            replay: ReplayWindow::default(),
            datagram_bytes: DATAGRAM_BYTES,
            out: VecDeque::new(),
        }
    }

    pub(super) fn limit_datagrams(&mut self, bytes: usize) {
        self.datagram_bytes = bytes.clamp(LEAST_DATAGRAM_BYTES, DATAGRAM_BYTES);
    }

    pub(super) fn set_keys(&mut self, ours: RecordKey, theirs: RecordKey) {
        self.keys = Some((ours, theirs));
    }

    pub(super) fn forget_keys(&mut self) {
        self.keys = None;
    }

    pub(super) fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    /// True where nothing waits to be sent.
    pub(super) fn is_drained(&self) -> bool {
        self.out.is_empty()
    }

    /// Opens a sealed record.
    pub(super) fn open(&mut self, record: &Record<'_>) -> Opened {
        let Some((_, theirs)) = &self.keys else { return Opened::Nothing };
        if !self.replay.may_be_new(record.sequence) {
            return Opened::Nothing;
        }
        let Some(plain) = theirs.open(record) else { return Opened::Foreign };
        self.replay.note(record.sequence);
        Opened::Plain(plain)
    }

    /// Sends one record in a datagram of its own. False where it cannot be sealed: there are no keys, or no more numbers.
    pub(super) fn send(&mut self, content: Content, is_sealed: bool, payload: &[u8]) -> bool {
        let mut datagram = Vec::with_capacity(record::HEADER_BYTES + OVERHEAD_BYTES + payload.len());
        let is_written = self.write(&mut datagram, content, is_sealed, payload);
        if is_written {
            self.out.push_back(datagram);
        }
        is_written
    }

    /// Sends a flight, with as many records in each datagram as it holds.
    pub(super) fn send_flight(&mut self, flight: &[Step]) {
        let mut datagram = Vec::with_capacity(self.datagram_bytes);
        for step in flight {
            match step {
                Step::ChangeCipherSpec => self.append(&mut datagram, Content::ChangeCipherSpec, false, &[1]),
                Step::Open(message) => self.append_message(&mut datagram, message, false),
                Step::Sealed(message) => self.append_message(&mut datagram, message, true),
            }
        }
        if !datagram.is_empty() {
            self.out.push_back(datagram);
        }
    }

    fn append_message(&mut self, datagram: &mut Vec<u8>, message: &Message, is_sealed: bool) {
        let most_bytes = self.datagram_bytes - record::HEADER_BYTES - OVERHEAD_BYTES - handshake::HEADER_BYTES;
        for piece in message.pieces(most_bytes) {
            self.append(datagram, Content::Handshake, is_sealed, &piece);
        }
    }

    fn append(&mut self, datagram: &mut Vec<u8>, content: Content, is_sealed: bool, payload: &[u8]) {
        let bytes = record::HEADER_BYTES + payload.len() + if is_sealed { OVERHEAD_BYTES } else { 0 };
        if !datagram.is_empty() && datagram.len() + bytes > self.datagram_bytes {
            self.out.push_back(std::mem::take(datagram));
        }
        self.write(datagram, content, is_sealed, payload);
    }

    fn write(&mut self, datagram: &mut Vec<u8>, content: Content, is_sealed: bool, payload: &[u8]) -> bool {
        let epoch = u16::from(is_sealed);
        let Some(next) = self.next.get_mut(usize::from(epoch)).filter(|next| **next <= MAX_SEQUENCE) else {
            return false;
        };
        let sequence = *next;
        if is_sealed {
            let sealed = self.keys.as_ref().and_then(|(ours, _)| ours.seal(content, epoch, sequence, payload));
            let Some(sealed) = sealed else { return false };
            record::write(datagram, content, epoch, sequence, &sealed);
        } else {
            record::write(datagram, content, epoch, sequence, payload);
        }
        *next += 1;
        true
    }
}
