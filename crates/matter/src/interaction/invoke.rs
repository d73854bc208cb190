//! Invoking commands, without generated types: fields in, fields out, and every status looked at.

use rs_matter::error::{Error, ErrorCode};
use rs_matter::im::{IM_REVISION, IM_REVISION_TAG, OpCode};
use rs_matter::tlv::TLVElement;
use rs_matter::transport::exchange::Exchange;
use std::time::Duration;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// A command of one cluster on one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Command {
    /// Endpoint.
    pub(crate) endpoint: u16,
    /// Cluster.
    pub(crate) cluster: u32,
    /// Command.
    pub(crate) command: u32,
    /// What messages to people call it.
    pub(crate) name: &'static str,
}

/// Why a command did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvokeError {
    /// The device answered with a status (Matter core specification 1.4, 8.10.1) and perhaps one of the cluster's own.
    #[error("status {status:#04x}")]
    Status {
        /// Interaction model status.
        status: u8,
        /// Status of the cluster.
        cluster_status: Option<u8>,
    },
    /// The answer is no answer.
    #[error("the answer to {0} cannot be read")]
    Garbled(&'static str),
    /// The device has acknowledged the command, but its answer did not come.
    #[error("no answer came")]
    Unanswered,
    /// Nothing came back, or the session is gone.
    #[error("nothing came back ({0:?})")]
    Transport(ErrorCode),
}

impl From<Error> for InvokeError {
    fn from(error: Error) -> Self {
        Self::Transport(error.code())
    }
}

/// How long a device keeps a timed request open, in milliseconds.
const TIMED_MILLISECONDS: u16 = 10_000;

/// The device can do no more at the same time (Matter core specification 1.4, 8.10.1).
pub(crate) const STATUS_BUSY: u8 = 0x9c;

/// The members of a command's fields in TLV (Matter core specification 1.4, appendix A), in the order of their numbers. Zeroed when dropped: some
/// are keys.
#[derive(Clone, Default)]
pub(crate) struct Fields(Zeroizing<Vec<u8>>);

impl Fields {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An unsigned number, as short as it can be written.
    pub(crate) fn unsigned(mut self, tag: u8, value: u64) -> Self {
        unsigned(&mut self.0, Some(tag), value);
        self
    }

    /// An octet string.
    pub(crate) fn octets(mut self, tag: u8, value: &[u8]) -> Self {
        self.string(tag, value, [0x30, 0x31]);
        self
    }

    /// A text.
    pub(crate) fn text(mut self, tag: u8, value: &str) -> Self {
        self.string(tag, value.as_bytes(), [0x2c, 0x2d]);
        self
    }

    fn string(&mut self, tag: u8, value: &[u8], controls: [u8; 2]) {
        // No message carries more than 64 KiB; what is longer is cut off by the transmit buffer's own bound.
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        match u8::try_from(length) {
            Ok(length) => self.0.extend_from_slice(&[controls[0], tag, length]),
            Err(_) => {
                self.0.extend_from_slice(&[controls[1], tag]);
                self.0.extend_from_slice(&length.to_le_bytes());
            }
        }
        self.0.extend_from_slice(&value[..usize::from(length)]);
    }

    /// A truth value.
    pub(crate) fn boolean(mut self, tag: u8, value: bool) -> Self {
        self.0.extend_from_slice(&[if value { 0x29 } else { 0x28 }, tag]);
        self
    }

    /// As one anonymous structure.
    pub(crate) fn into_structure(self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.0.len() + 2));
        out.push(STRUCTURE);
        out.extend_from_slice(&self.0);
        out.push(END);
        out
    }
}

const STRUCTURE: u8 = 0x15;
const END: u8 = 0x18;

fn unsigned(out: &mut Vec<u8>, tag: Option<u8>, value: u64) {
    let bytes = value.to_le_bytes();
    let (width, length) = match value {
        0..=0xff => (4, 1),
        0x100..=0xffff => (5, 2),
        0x1_0000..=0xffff_ffff => (6, 4),
        _ => (7, 8),
    };
    match tag {
        Some(tag) => out.extend_from_slice(&[0x20 | width, tag]),
        None => out.push(width),
    }
    out.extend_from_slice(&bytes[..length]);
}

/// InvokeRequestMessage with one command (Matter core specification 1.4, 10.7.9).
fn request(command: &Command, timed: bool, fields: &Fields) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(fields.0.len() + 48));
    out.extend_from_slice(&[
        STRUCTURE,
        0x28,
        0x00,
        if timed { 0x29 } else { 0x28 },
        0x01,
        0x36,
        0x02,
        STRUCTURE,
        0x37,
        0x00,
    ]);
    unsigned(&mut out, Some(0), u64::from(command.endpoint));
    unsigned(&mut out, Some(1), u64::from(command.cluster));
    unsigned(&mut out, Some(2), u64::from(command.command));
    out.extend_from_slice(&[END, 0x35, 0x01]);
    out.extend_from_slice(&fields.0);
    out.extend_from_slice(&[END, END, END]);
    unsigned(&mut out, Some(IM_REVISION_TAG), u64::from(IM_REVISION));
    out.push(END);
    out
}

/// TimedRequestMessage (Matter core specification 1.4, 10.7.8).
fn timed_request() -> Vec<u8> {
    let mut out = vec![STRUCTURE];
    unsigned(&mut out, Some(0), u64::from(TIMED_MILLISECONDS));
    unsigned(&mut out, Some(IM_REVISION_TAG), u64::from(IM_REVISION));
    out.push(END);
    out
}

/// The fields of the answer to `command` as one anonymous structure; empty where it answers with a plain success.
fn answer(command: &Command, payload: &[u8]) -> Result<Vec<u8>, InvokeError> {
    read_answer(payload).unwrap_or(Err(InvokeError::Garbled(command.name)))
}

/// InvokeResponseMessage with one response (Matter core specification 1.4, 10.7.10). `None` where it is none.
fn read_answer(payload: &[u8]) -> Option<Result<Vec<u8>, InvokeError>> {
    let message = TLVElement::new(payload).structure().ok()?;
    let response = message.ctx(1).ok()?.array().ok()?.iter().next()?.ok()?.structure().ok()?;
    if let Ok(data) = response.ctx(0) {
        let Ok(fields) = data.structure().ok()?.ctx(1) else {
            return Some(Ok(Vec::new()));
        };
        fields.structure().ok()?;
        let mut out = vec![STRUCTURE];
        out.extend_from_slice(fields.raw_value().ok()?);
        return Some(Ok(out));
    }
    let status = response.ctx(1).ok()?.structure().ok()?.ctx(1).ok()?.structure().ok()?;
    let code = status.ctx(0).ok()?.u8().ok()?;
    let cluster_status = status.ctx(1).ok().and_then(|element| element.u8().ok());
    Some(match (code, cluster_status) {
        (0, None | Some(0)) => Ok(Vec::new()),
        (status, cluster_status) => Err(InvokeError::Status { status, cluster_status }),
    })
}

/// The status in a StatusResponseMessage (Matter core specification 1.4, 10.7.1). `None` where it is none.
fn status_response(opcode: u8, payload: &[u8]) -> Option<u8> {
    if opcode != OpCode::StatusResponse as u8 {
        return None;
    }
    TLVElement::new(payload).structure().ok()?.ctx(0).ok()?.u8().ok()
}

/// A message, copied out so that the only receive buffer is free again.
pub(crate) async fn receive(exchange: &mut Exchange<'_>) -> Result<(u16, u8, Vec<u8>), Error> {
    let message = exchange.recv_fetch().await?;
    let (meta, payload) = (message.meta(), message.payload().to_vec());
    exchange.rx_done()?;
    Ok((meta.proto_id, meta.proto_opcode, payload))
}

/// An exchange to ask one thing on, and how long to wait for the answer once the question is acknowledged.
///
/// An acknowledged question whose answer does not come may be asked again on another exchange: the answer was lost, or the library took it for a
/// repetition.
pub(crate) struct Line<'a> {
    exchange: Exchange<'a>,
    patience: Duration,
}

impl<'a> Line<'a> {
    /// On this exchange.
    pub(crate) fn new(exchange: Exchange<'a>, patience: Duration) -> Self {
        Self { exchange, patience }
    }

    /// Sends a message until it is acknowledged; gives what comes back as opcode and payload.
    pub(crate) async fn ask(&mut self, opcode: OpCode, payload: &[u8]) -> Result<(u8, Vec<u8>), InvokeError> {
        self.exchange.send(opcode, payload).await?;
        let (protocol, opcode, payload) = timeout(self.patience, receive(&mut self.exchange))
            .await
            .map_err(|_| InvokeError::Unanswered)??;
        if protocol != OpCode::InvokeResponse.meta().proto_id {
            return Err(InvokeError::Garbled("a question"));
        }
        Ok((opcode, payload))
    }

    /// Says that the answer has come. Without, the device would send it again; that this one is lost costs nothing else.
    pub(crate) async fn done(&mut self) {
        let _ = self.exchange.acknowledge().await;
    }
}

/// Invokes a command; gives the fields of its answer as one anonymous structure, empty for a plain success.
pub(crate) async fn invoke(mut line: Line<'_>, command: &Command, timed: bool, fields: &Fields) -> Result<Vec<u8>, InvokeError> {
    if timed {
        let (opcode, payload) = line.ask(OpCode::TimedRequest, &timed_request()).await?;
        match status_response(opcode, &payload) {
            Some(0) => {}
            Some(status) => {
                return Err(InvokeError::Status {
                    status,
                    cluster_status: None,
                });
            }
            None => return Err(InvokeError::Garbled(command.name)),
        }
    }
    let (opcode, payload) = line.ask(OpCode::InvokeRequest, &request(command, timed, fields)).await?;
    line.done().await;
    if opcode == OpCode::InvokeResponse as u8 {
        return answer(command, &payload);
    }
    match status_response(opcode, &payload) {
        Some(0) => Ok(Vec::new()),
        Some(status) => Err(InvokeError::Status {
            status,
            cluster_status: None,
        }),
        None => Err(InvokeError::Garbled(command.name)),
    }
}

/// An unsigned member of an answer's fields.
pub(crate) fn number(fields: &[u8], tag: u8) -> Option<u64> {
    TLVElement::new(fields).structure().ok()?.ctx(tag).ok()?.u64().ok()
}

/// An octet string in an answer's fields.
pub(crate) fn octets(fields: &[u8], tag: u8) -> Option<Vec<u8>> {
    Some(TLVElement::new(fields).structure().ok()?.ctx(tag).ok()?.octets().ok()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ARM: Command = Command {
        endpoint: 0,
        cluster: 0x30,
        command: 0,
        name: "ArmFailSafe",
    };

    #[test]
    fn a_request_has_the_octets_of_the_specification() {
        let fields = Fields::new().unsigned(0, 60).unsigned(1, 0);
        assert_eq!(
            request(&ARM, false, &fields).as_slice(),
            [
                0x15, // InvokeRequestMessage
                0x28, 0x00, // suppress response: no
                0x28, 0x01, // timed: no
                0x36, 0x02, // requests
                0x15, 0x37, 0x00, 0x24, 0x00, 0x00, 0x24, 0x01, 0x30, 0x24, 0x02, 0x00, 0x18, // path: endpoint 0, cluster 0x30, command 0
                0x35, 0x01, 0x24, 0x00, 0x3c, 0x24, 0x01, 0x00, 0x18, // 60 s, breadcrumb 0
                0x18, 0x18, 0x24, 0xff, 0x0d, 0x18, // interaction model revision 13
            ]
        );
        assert_eq!(request(&ARM, true, &fields)[3..5], [0x29, 0x01]);
        assert_eq!(timed_request(), [0x15, 0x25, 0x00, 0x10, 0x27, 0x24, 0xff, 0x0d, 0x18]);
    }

    #[test]
    fn members_are_as_short_as_they_can_be() {
        let fields = Fields::new()
            .unsigned(0, 0xff)
            .unsigned(1, 0x100)
            .unsigned(2, 0x1_0000)
            .unsigned(3, 1 << 40)
            .octets(4, &[7; 256])
            .text(5, "é");
        let out = fields.into_structure();
        assert_eq!(out[..4], [0x15, 0x24, 0, 0xff]);
        assert_eq!(out[4..8], [0x25, 1, 0, 1]);
        assert_eq!(out[8..14], [0x26, 2, 0, 0, 1, 0]);
        assert_eq!(out[14..24], [0x27, 3, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(out[24..28], [0x31, 4, 0, 1]);
        assert_eq!(out[out.len() - 6..], [0x2c, 5, 2, 0xc3, 0xa9, 0x18]);
        assert_eq!(number(&out, 3), Some(1 << 40));
        assert_eq!(octets(&out, 4), Some(vec![7; 256]));
        assert_eq!(octets(&out, 9), None);
    }

    /// ArmFailSafeResponse: error code 0, debug text empty.
    const ANSWER: [u8; 34] = [
        0x15, 0x28, 0x00, 0x36, 0x01, 0x15, 0x35, 0x00, 0x37, 0x00, 0x24, 0x00, 0x00, 0x24, 0x01, 0x30, 0x24, 0x02, 0x01, 0x18, 0x35, 0x01, 0x24,
        0x00, 0x00, 0x2c, 0x01, 0x00, 0x18, 0x18, 0x18, 0x18, 0x24, 0xff,
    ];

    /// CommandStatusIB: status 0x81, UNSUPPORTED_COMMAND.
    fn refusal(status: u8, cluster_status: Option<u8>) -> Vec<u8> {
        let mut out = vec![
            0x15, 0x28, 0x00, 0x36, 0x01, 0x15, 0x35, 0x01, 0x37, 0x00, 0x24, 0x00, 0x00, 0x18, 0x35, 0x01, 0x24, 0x00, status,
        ];
        if let Some(status) = cluster_status {
            out.extend_from_slice(&[0x24, 0x01, status]);
        }
        out.extend_from_slice(&[0x18, 0x18, 0x18, 0x18, 0x24, 0xff, 0x0d, 0x18]);
        out
    }

    #[test]
    fn answers_give_their_fields() {
        let mut message = ANSWER.to_vec();
        message.extend_from_slice(&[0x0d, 0x18]);
        let fields = answer(&ARM, &message).unwrap();
        assert_eq!(fields, [0x15, 0x24, 0x00, 0x00, 0x2c, 0x01, 0x00, 0x18]);
        assert_eq!(number(&fields, 0), Some(0));
    }

    #[test]
    fn statuses_are_never_taken_for_success() {
        assert_eq!(answer(&ARM, &refusal(0, None)), Ok(Vec::new()));
        assert_eq!(
            answer(&ARM, &refusal(0x81, None)),
            Err(InvokeError::Status {
                status: 0x81,
                cluster_status: None
            })
        );
        assert_eq!(
            answer(&ARM, &refusal(1, Some(2))),
            Err(InvokeError::Status {
                status: 1,
                cluster_status: Some(2)
            })
        );
        assert_eq!(
            answer(&ARM, &refusal(0, Some(2))),
            Err(InvokeError::Status {
                status: 0,
                cluster_status: Some(2)
            })
        );
        assert_eq!(answer(&ARM, &[0x15, 0x18]), Err(InvokeError::Garbled("ArmFailSafe")));
        assert_eq!(answer(&ARM, &[0x15, 0x36, 0x01, 0x18, 0x18]), Err(InvokeError::Garbled("ArmFailSafe")));
        assert_eq!(status_response(9, &[0x15, 0x24, 0x00, 0x9c, 0x18]), None);
        assert_eq!(status_response(1, &[0x15, 0x24, 0x00, 0x9c, 0x24, 0xff, 0x0d, 0x18]), Some(0x9c));
    }

    proptest! {
        #[test]
        fn any_octets_are_read_without_panic(payload in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = answer(&ARM, &payload);
            let _ = status_response(1, &payload);
            let _ = (number(&payload, 0), octets(&payload, 1));
        }

        #[test]
        fn numbers_come_back(tag in 0u8..=255, value: u64) {
            prop_assert_eq!(number(&Fields::new().unsigned(tag, value).into_structure(), tag), Some(value));
        }

        #[test]
        fn a_cut_off_answer_is_garbled_or_refused(length in 0usize..30) {
            prop_assert!(answer(&ARM, &ANSWER[..length]).is_err());
        }
    }
}
