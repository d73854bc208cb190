//! Messages of the handshake and their pieces (RFC 6347, 4.2.2 and 4.2.3).

use weft_wire::Reader;

/// Bytes in front of each piece of a message.
pub(super) const HEADER_BYTES: usize = 12;

/// Numbers of messages (RFC 5246, 7.4; RFC 6347, 4.3.2).
pub(super) mod kind {
    pub const CLIENT_HELLO: u8 = 1;
    pub const SERVER_HELLO: u8 = 2;
    pub const HELLO_VERIFY_REQUEST: u8 = 3;
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    pub const SERVER_HELLO_DONE: u8 = 14;
    pub const CLIENT_KEY_EXCHANGE: u8 = 16;
    pub const FINISHED: u8 = 20;
}

/// What a message is called in errors.
pub(super) fn name(kind: u8) -> String {
    let name = match kind {
        kind::CLIENT_HELLO => "ClientHello",
        kind::SERVER_HELLO => "ServerHello",
        kind::HELLO_VERIFY_REQUEST => "HelloVerifyRequest",
        kind::SERVER_KEY_EXCHANGE => "ServerKeyExchange",
        kind::SERVER_HELLO_DONE => "ServerHelloDone",
        kind::CLIENT_KEY_EXCHANGE => "ClientKeyExchange",
        kind::FINISHED => "Finished",
        _ => return format!("handshake message {kind}"),
    };
    name.to_owned()
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u8,
    pub(super) sequence: u16,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// As it enters the transcript: as if it had come in one piece.
    pub(super) fn whole(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.body.len());
        self.write_piece(&mut bytes, 0, &self.body);
        bytes
    }

    /// Its pieces of at most so many bytes of its body; an empty message is one piece.
    pub(super) fn pieces(&self, most_bytes: usize) -> impl Iterator<Item = Vec<u8>> {
        let most_bytes = most_bytes.max(1);
        let count = self.body.len().div_ceil(most_bytes).max(1);
        (0..count).map(move |number| {
            let offset = number * most_bytes;
            let end = (offset + most_bytes).min(self.body.len());
            let part = self.body.get(offset..end).unwrap_or_default();
            let mut bytes = Vec::with_capacity(HEADER_BYTES + part.len());
            self.write_piece(&mut bytes, offset, part);
            bytes
        })
    }

    fn write_piece(&self, bytes: &mut Vec<u8>, offset: usize, part: &[u8]) {
        bytes.push(self.kind);
        push_u24(bytes, self.body.len());
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        push_u24(bytes, offset);
        push_u24(bytes, part.len());
        bytes.extend_from_slice(part);
    }
}

/// A piece of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fragment<'a> {
    pub(super) kind: u8,
    pub(super) length: usize,
    pub(super) sequence: u16,
    pub(super) offset: usize,
    pub(super) part: &'a [u8],
}

/// The pieces in a record, up to where it stops making sense.
pub(super) fn read(payload: &[u8]) -> impl Iterator<Item = Fragment<'_>> {
    let mut reader = Reader::new(payload);
    std::iter::from_fn(move || next(&mut reader))
}

fn next<'a>(reader: &mut Reader<'a>) -> Option<Fragment<'a>> {
    let kind = reader.u8("kind").ok()?;
    let length = u24(reader)?;
    let sequence = reader.u16("number").ok()?;
    let offset = u24(reader)?;
    let part_bytes = u24(reader)?;
    let part = reader.take("part", part_bytes).ok()?;
    (offset + part.len() <= length).then_some(Fragment {
        kind,
        length,
        sequence,
        offset,
        part,
    })
}

fn u24(reader: &mut Reader<'_>) -> Option<usize> {
    let high = usize::from(reader.u8("length").ok()?);
    Some(high << 16 | usize::from(reader.u16("length").ok()?))
}

fn push_u24(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend_from_slice(&(number as u32).to_be_bytes()[1..]);
}
