//! Invoking commands, without generated types: fields in, fields out, and every status looked at.

use super::message::{REVISION, REVISION_TAG, status_of};
use super::tlv::{ARRAY, Element, LIST, STRUCTURE, Writer};
use rs_matter::error::{Error, ErrorCode};
use rs_matter::im::OpCode;
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

/// The members of a command's fields in TLV (Matter core specification 1.4, appendix A), in the order of their numbers. Zeroed when dropped: some
/// are keys.
#[derive(Clone, Default)]
pub(crate) struct Fields(Writer);

impl Fields {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An unsigned number, as short as it can be written.
    pub(crate) fn unsigned(mut self, tag: u8, value: u64) -> Self {
        self.0.unsigned(tag, value);
        self
    }

    /// An octet string.
    pub(crate) fn octets(mut self, tag: u8, value: &[u8]) -> Self {
        self.0.octets(tag, value);
        self
    }

    /// A text.
    pub(crate) fn text(mut self, tag: u8, value: &str) -> Self {
        self.0.text(tag, value);
        self
    }

    /// A truth value.
    pub(crate) fn boolean(mut self, tag: u8, value: bool) -> Self {
        self.0.boolean(tag, value);
        self
    }

    /// As one anonymous structure.
    pub(crate) fn into_structure(self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::default();
        out.open(None, STRUCTURE).raw(&self.0.finish()).close();
        out.finish()
    }
}

/// InvokeRequestMessage with one command (Matter core specification 1.4, 10.7.9).
fn request(command: &Command, timed: bool, fields: &Fields) -> Zeroizing<Vec<u8>> {
    let mut out = Writer::default();
    out.open(None, STRUCTURE)
        .boolean(0, false)
        .boolean(1, timed)
        .open(Some(2), ARRAY)
        .open(None, STRUCTURE);
    out.open(Some(0), LIST)
        .unsigned(0, command.endpoint.into())
        .unsigned(1, command.cluster.into())
        .unsigned(2, command.command.into())
        .close();
    out.open(Some(1), STRUCTURE).raw(&fields.0.clone().finish()).close();
    out.close().close().unsigned(REVISION_TAG, REVISION).close();
    out.finish()
}

/// TimedRequestMessage (Matter core specification 1.4, 10.7.8).
fn timed_request() -> Zeroizing<Vec<u8>> {
    let mut out = Writer::default();
    out.open(None, STRUCTURE)
        .unsigned(0, TIMED_MILLISECONDS.into())
        .unsigned(REVISION_TAG, REVISION)
        .close();
    out.finish()
}

/// The fields of the answer to `command` as one anonymous structure; empty where it answers with a plain success.
fn answer(command: &Command, payload: &[u8]) -> Result<Vec<u8>, InvokeError> {
    read_answer(payload).unwrap_or(Err(InvokeError::Garbled(command.name)))
}

/// InvokeResponseMessage with one response (Matter core specification 1.4, 10.7.10). `None` where it is none.
fn read_answer(payload: &[u8]) -> Option<Result<Vec<u8>, InvokeError>> {
    let response = Element::whole(payload).ok()?.member(1).ok()??.members().next()?.ok()?;
    if let Some(data) = response.member(0).ok()? {
        return Some(Ok(match data.member(1).ok()? {
            Some(fields) => Some(fields).filter(|fields| fields.kind == STRUCTURE)?.anonymous(),
            None => Vec::new(),
        }));
    }
    let status = response.member(1).ok()??.member(1).ok()??;
    let code = status.member(0).ok()??.unsigned()?;
    let cluster_status = status.member(1).ok()?.and_then(|code| code.unsigned());
    Some(match (code, cluster_status) {
        (0, None | Some(0)) => Ok(Vec::new()),
        (status, cluster_status) => Err(InvokeError::Status { status, cluster_status }),
    })
}

/// The status in a StatusResponseMessage (Matter core specification 1.4, 10.7.1). `None` where it is none.
fn status_response(opcode: u8, payload: &[u8]) -> Option<u8> {
    (opcode == OpCode::StatusResponse as u8).then(|| status_of(payload).ok()).flatten()
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
    // Some answers are keys.
    let payload = Zeroizing::new(payload);
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
    Element::whole(fields).ok()?.member(tag).ok()??.unsigned()
}

/// An octet string in an answer's fields.
pub(crate) fn octets(fields: &[u8], tag: u8) -> Option<Vec<u8>> {
    Element::whole(fields).ok()?.member(tag).ok()??.octets().map(<[u8]>::to_vec)
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
                0x18, 0x18, 0x24, 0xff, 0x0c, 0x18, // interaction model revision 12
            ]
        );
        assert_eq!(request(&ARM, true, &fields)[3..5], [0x29, 0x01]);
        assert_eq!(timed_request().as_slice(), [0x15, 0x25, 0x00, 0x10, 0x27, 0x24, 0xff, 0x0c, 0x18]);
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
