//! Records, the envelopes of DTLS (RFC 6347, 4.1).

use weft_wire::Reader;

/// Bytes of a record's header.
pub(super) const HEADER_BYTES: usize = 13;
/// DTLS 1.2, as it is written.
pub(super) const DTLS_1_2: u16 = 0xfefd;
/// DTLS 1.0: some write it into records until the version is agreed upon.
pub(super) const DTLS_1_0: u16 = 0xfeff;
/// The highest number of a record.
pub(super) const MAX_SEQUENCE: u64 = (1 << 48) - 1;

/// What a record carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Content {
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    Application = 23,
}

impl Content {
    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            20 => Some(Self::ChangeCipherSpec),
            21 => Some(Self::Alert),
            22 => Some(Self::Handshake),
            23 => Some(Self::Application),
            _ => None,
        }
    }
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) content: Content,
    pub(super) epoch: u16,
    pub(super) sequence: u64,
    pub(super) payload: &'a [u8],
}

/// Epoch and number as one, as the integrity code and the nonce have them.
pub(super) fn numbered(epoch: u16, sequence: u64) -> [u8; 8] {
    (u64::from(epoch) << 48 | sequence & MAX_SEQUENCE).to_be_bytes()
}

/// Appends a record.
pub(super) fn write(datagram: &mut Vec<u8>, content: Content, epoch: u16, sequence: u64, payload: &[u8]) {
    datagram.push(content as u8);
    datagram.extend_from_slice(&DTLS_1_2.to_be_bytes());
    datagram.extend_from_slice(&numbered(epoch, sequence));
    datagram.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    datagram.extend_from_slice(payload);
}

/// The records of a datagram, up to where it stops making sense. Records of another kind or version are passed over.
pub(super) fn read(datagram: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut reader = Reader::new(datagram);
    std::iter::from_fn(move || next(&mut reader)).flatten()
}

/// The outer `None` is the end, the inner one a record that is none of ours.
fn next<'a>(reader: &mut Reader<'a>) -> Option<Option<Record<'a>>> {
    let content = reader.u8("content").ok()?;
    let version = reader.u16("version").ok()?;
    let epoch = reader.u16("epoch").ok()?;
    let sequence = u64::from(reader.u16("number").ok()?) << 32 | u64::from(reader.u32("number").ok()?);
    let length = reader.u16("length").ok()?;
    let payload = reader.take("payload", usize::from(length)).ok()?;
    let has_our_version = version == DTLS_1_2 || version == DTLS_1_0 && epoch == 0;
    Some(Content::from_byte(content).filter(|_| has_our_version).map(|content| Record {
        content,
        epoch,
        sequence,
        payload,
    }))
}
