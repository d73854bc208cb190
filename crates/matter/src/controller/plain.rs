//! What a datagram shows without any key: its headers, and those few messages that travel unsecured (Matter core specification 1.4, 4.4 and 4.11).

use rs_matter::transport::exchange::MessageMeta;

/// Secure channel protocol.
const SECURE_CHANNEL: u16 = 0;
const STANDALONE_ACKNOWLEDGEMENT: u8 = 0x10;
const PBKDF_PARAMETERS_RESPONSE: u8 = 0x21;
const PAKE2: u8 = 0x23;
const SIGMA2: u8 = 0x31;
const SIGMA2_RESUME: u8 = 0x33;
const STATUS_REPORT: u8 = 0x40;
const CHECK_IN: u8 = 0x50;

/// A status report (Matter core specification 1.4, appendix D).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusReport {
    /// General code: 0 is success.
    pub(crate) general: u16,
    /// Whose code follows: 0 for the secure channel.
    pub(crate) protocol: u32,
    /// What that protocol says.
    pub(crate) code: u16,
}

impl StatusReport {
    /// General code: it did not work.
    pub(crate) const FAILURE: u16 = 1;
    /// General code: not now.
    pub(crate) const GENERALLY_BUSY: u16 = 8;

    /// Secure channel codes (Matter core specification 1.4, 4.11.1.3).
    pub(crate) const ESTABLISHED: u16 = 0;
    /// See [`Self::ESTABLISHED`].
    pub(crate) const NO_SHARED_TRUST_ROOTS: u16 = 1;
    /// See [`Self::ESTABLISHED`].
    pub(crate) const INVALID_PARAMETER: u16 = 2;
    /// See [`Self::ESTABLISHED`].
    pub(crate) const BUSY: u16 = 4;
    /// See [`Self::ESTABLISHED`].
    pub(crate) const SESSION_NOT_FOUND: u16 = 5;

    /// The sender ends the session. Never acknowledged.
    pub(crate) const CLOSE_SESSION: Self = Self {
        general: 0,
        protocol: SECURE_CHANNEL as u32,
        code: 3,
    };

    /// A handshake of ours ends here: the device counts the attempt, and is free for the next.
    pub(crate) const HANDSHAKE_ENDS: Self = Self {
        general: Self::FAILURE,
        protocol: SECURE_CHANNEL as u32,
        code: Self::INVALID_PARAMETER,
    };

    /// Of a message of the secure channel; `None` where it is another message, or too short.
    pub(crate) fn of(protocol: u16, opcode: u8, payload: &[u8]) -> Option<Self> {
        match (protocol, opcode) {
            (SECURE_CHANNEL, STATUS_REPORT) => Self::read(&mut Rest(payload)),
            _ => None,
        }
    }

    fn read(rest: &mut Rest<'_>) -> Option<Self> {
        Some(Self {
            general: rest.u16()?,
            protocol: rest.u32()?,
            code: rest.u16()?,
        })
    }

    /// As it is sent when no acknowledgement is wanted.
    pub(crate) const fn meta() -> MessageMeta {
        MessageMeta::new(SECURE_CHANNEL, STATUS_REPORT, false)
    }

    /// The message's payload.
    pub(crate) fn payload(self) -> Vec<u8> {
        [&self.general.to_le_bytes()[..], &self.protocol.to_le_bytes(), &self.code.to_le_bytes()].concat()
    }

    /// The code, where it is one of the secure channel's.
    pub(crate) fn secure_channel(self) -> Option<u16> {
        (self.protocol == u32::from(SECURE_CHANNEL)).then_some(self.code)
    }
}

/// What a datagram is, as far as it can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen<'d> {
    /// Encrypted for a session between two nodes.
    Secured,
    /// An answer to a handshake of ours, or an acknowledgement.
    Answer,
    /// A status report outside any session.
    Status(StatusReport),
    /// A long-idle device says that it is awake; the sealed payload.
    CheckIn(&'d [u8]),
    /// Something that nobody asked for and that we do not serve: handshakes that others begin, group messages, broken headers.
    Unwanted,
}

/// Looks at a datagram's headers.
pub(crate) fn look(datagram: &[u8]) -> Seen<'_> {
    look_inside(datagram).unwrap_or(Seen::Unwanted)
}

/// Of an unsecured message: its counter, and where its protocol header begins.
pub(super) fn unsecured(datagram: &[u8]) -> Option<(u32, usize)> {
    match MessageHeader::read(datagram)? {
        MessageHeader::Unsecured { counter, length } => Some((counter, length)),
        _ => None,
    }
}

/// A message header (Matter core specification 1.4, 4.4.1).
enum MessageHeader {
    Unsecured { counter: u32, length: usize },
    Secured,
    Unwanted,
}

impl MessageHeader {
    fn read(datagram: &[u8]) -> Option<Self> {
        let mut rest = Rest(datagram);
        let flags = rest.u8()?;
        let session = rest.u16()?;
        let security = rest.u8()?;
        let (version, unicast) = (flags >> 4, security & 0x03 == 0);
        if version != 0 || !unicast {
            return Some(Self::Unwanted);
        }
        if session != 0 {
            return Some(Self::Secured);
        }
        let counter = rest.u32()?;
        if flags & 0x04 != 0 {
            rest.skip(8)?;
        }
        match flags & 0x03 {
            0 => {}
            1 => rest.skip(8)?,
            _ => return Some(Self::Unwanted),
        }
        if security & 0x20 != 0 {
            let length = rest.u16()?;
            rest.skip(length.into())?;
        }
        let length = datagram.len() - rest.0.len();
        Some(Self::Unsecured { counter, length })
    }
}

fn look_inside(datagram: &[u8]) -> Option<Seen<'_>> {
    let length = match MessageHeader::read(datagram)? {
        MessageHeader::Secured => return Some(Seen::Secured),
        MessageHeader::Unwanted => return Some(Seen::Unwanted),
        MessageHeader::Unsecured { length, .. } => length,
    };
    let mut rest = Rest(datagram.get(length..)?);
    let exchange_flags = rest.u8()?;
    let opcode = rest.u8()?;
    rest.skip(2)?;
    let protocol = rest.u16()?;
    let vendor = if exchange_flags & 0x10 != 0 { rest.u16()? } else { 0 };
    if exchange_flags & 0x02 != 0 {
        rest.skip(4)?;
    }
    if exchange_flags & 0x08 != 0 {
        let length = rest.u16()?;
        rest.skip(length.into())?;
    }
    if (protocol, vendor) != (SECURE_CHANNEL, 0) {
        return Some(Seen::Unwanted);
    }
    Some(match opcode {
        STANDALONE_ACKNOWLEDGEMENT | PBKDF_PARAMETERS_RESPONSE | PAKE2 | SIGMA2 | SIGMA2_RESUME => Seen::Answer,
        STATUS_REPORT => Seen::Status(StatusReport::read(&mut rest)?),
        CHECK_IN => Seen::CheckIn(rest.0),
        _ => Seen::Unwanted,
    })
}

/// What is left of a datagram. Numbers are little-endian.
struct Rest<'d>(&'d [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.get(bytes..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Message header without source, with the initiator's ephemeral node id as destination; protocol header with acknowledgement.
    fn message(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut message = vec![0x01, 0x00, 0x00, 0x00, 0x78, 0x56, 0x34, 0x12];
        message.extend(0x1122_3344_5566_7788_u64.to_le_bytes());
        message.extend([0x06, opcode, 0x34, 0x12, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00]);
        message.extend(payload);
        message
    }

    #[test]
    fn a_refused_handshake_says_why() {
        // failure, secure channel, NoSharedTrustRoots
        let message = message(0x40, &[0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00]);
        assert_eq!(unsecured(&message), Some((0x1234_5678, 16)));
        let Seen::Status(status) = look(&message) else {
            panic!("{:?}", look(&message))
        };
        assert_eq!((status.general, status.secure_channel()), (1, Some(StatusReport::NO_SHARED_TRUST_ROOTS)));
    }

    #[test]
    fn what_is_sent_is_read() {
        let message = message(0x40, &StatusReport::CLOSE_SESSION.payload());
        assert_eq!(look(&message), Seen::Status(StatusReport::CLOSE_SESSION));
    }

    #[test]
    fn handshakes_of_others_are_not_for_us() {
        assert_eq!(look(&message(0x30, &[0x15, 0x18])), Seen::Unwanted);
        assert_eq!(look(&message(0x20, &[0x15, 0x18])), Seen::Unwanted);
        assert_eq!(look(&message(0x31, &[0x15, 0x18])), Seen::Answer);
        assert_eq!(look(&message(0x10, &[])), Seen::Answer);
        assert_eq!(look(&message(0x50, &[1, 2, 3])), Seen::CheckIn(&[1, 2, 3]));
    }

    #[test]
    fn sessions_and_groups_are_told_apart_by_the_header_alone() {
        assert_eq!(look(&[0x00, 0x01, 0x00, 0x00, 0, 0, 0, 0]), Seen::Secured);
        assert_eq!(look(&[0x02, 0x01, 0x00, 0x01, 0, 0, 0, 0]), Seen::Unwanted);
        assert_eq!(look(&[0x10, 0x01, 0x00, 0x00]), Seen::Unwanted);
    }

    #[test]
    fn cut_off_anywhere_it_is_unwanted_or_shorter() {
        let message = message(0x40, &[0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0xf4, 0x01]);
        for length in 0..message.len() - 2 {
            assert_eq!(look(&message[..length]), Seen::Unwanted, "{length}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            look(&bytes);
        }
    }
}
