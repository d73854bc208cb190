//! Reading attributes on an exchange.

use super::assembly::{Assembly, AssemblyError};
use super::invoke::{InvokeError, Line};
use super::message::{self, opcode, status};
use super::tlv::Malformed;
use super::{AttributePath, AttributeReport};
use crate::controller::{Failure, Shard};
use crate::error::OperationError;
use crate::peer::Peer;
use rs_matter::im::OpCode;
use rs_matter::transport::exchange::{Exchange, MessageMeta};

/// Every node takes so many paths in one read; more it may refuse (Matter core specification 1.4, 2.11.2.1).
const PATHS_PER_REQUEST: usize = 9;

impl From<AssemblyError> for Failure {
    fn from(error: AssemblyError) -> Self {
        Self::Told(OperationError::Garbled(error.to_string()))
    }
}

impl From<Malformed> for Failure {
    fn from(Malformed: Malformed) -> Self {
        AssemblyError::Malformed.into()
    }
}

/// Reads attributes of a node.
pub(crate) async fn read(shard: &Shard, peer: &Peer, paths: &[AttributePath]) -> Result<Vec<AttributeReport>, OperationError> {
    let mut all = Vec::new();
    for paths in paths.chunks(PATHS_PER_REQUEST) {
        let request = message::read_request(paths);
        all.append(&mut shard.with_node(peer, async |exchange| read_on(exchange, &request).await).await?);
    }
    Ok(all)
}

/// One request and all chunks of its answer.
async fn read_on(mut exchange: Exchange<'_>, request: &[u8]) -> Result<Vec<AttributeReport>, Failure> {
    send(&mut exchange, opcode::READ_REQUEST, request).await?;
    let mut assembly = Assembly::default();
    loop {
        let (opcode, payload) = receive(&mut exchange).await?;
        match opcode {
            opcode::REPORT_DATA => {
                let report = message::report(&payload)?;
                if let Err(error) = message::take_attributes(&payload, &mut assembly) {
                    return Err(give_up(&mut exchange, error).await);
                }
                if report.more || !report.suppress_response {
                    send(&mut exchange, opcode::STATUS_RESPONSE, &message::status_response(status::SUCCESS)).await?;
                } else {
                    exchange.acknowledge().await?;
                }
                if !report.more {
                    return Ok(assembly.finish());
                }
            }
            opcode => return Err(refusal(&mut exchange, opcode, &payload).await),
        }
    }
}

/// Reads a few attributes whose values fit one message.
pub(crate) async fn read_few(mut line: Line<'_>, paths: &[AttributePath]) -> Result<Vec<AttributeReport>, InvokeError> {
    let (opcode, payload) = line.ask(OpCode::ReadRequest, &message::read_request(paths)).await?;
    line.done().await;
    let mut assembly = Assembly::default();
    match opcode == OpCode::ReportData as u8 && message::take_attributes(&payload, &mut assembly).is_ok() {
        true => Ok(assembly.finish()),
        false => Err(InvokeError::Garbled("ReadRequest")),
    }
}

/// Sends a message of the interaction model, and waits until it is acknowledged.
pub(crate) async fn send(exchange: &mut Exchange<'_>, opcode: u8, payload: &[u8]) -> Result<(), Failure> {
    Ok(exchange.send(MessageMeta::new(message::PROTOCOL, opcode, true), payload).await?)
}

/// The next message of the interaction model. It is copied at once: the library has one buffer for everything that comes in.
pub(crate) async fn receive(exchange: &mut Exchange<'_>) -> Result<(u8, Vec<u8>), Failure> {
    let message = exchange.recv().await?;
    let meta = message.meta();
    if meta.proto_id != message::PROTOCOL {
        return Err(OperationError::Garbled(format!("protocol {} where the interaction model was expected", meta.proto_id)).into());
    }
    Ok((meta.proto_opcode, message.payload().to_vec()))
}

/// Tells the node that its answer cannot be used, so that it does not go on with it.
pub(crate) async fn give_up(exchange: &mut Exchange<'_>, error: AssemblyError) -> Failure {
    let status = match error {
        AssemblyError::TooManyBytes | AssemblyError::TooManyEntries => status::RESOURCE_EXHAUSTED,
        AssemblyError::OutOfOrder | AssemblyError::Malformed => status::INVALID_ACTION,
    };
    // It has lost the question if it does not hear this.
    let _ = send(exchange, opcode::STATUS_RESPONSE, &message::status_response(status)).await;
    error.into()
}

/// What it means that this came where an answer was expected.
pub(crate) async fn refusal(exchange: &mut Exchange<'_>, opcode: u8, payload: &[u8]) -> Failure {
    let _ = exchange.acknowledge().await;
    if opcode != opcode::STATUS_RESPONSE {
        return OperationError::Garbled(format!("message {opcode:#04x} where an answer was expected")).into();
    }
    match message::status_of(payload) {
        Ok(status::BUSY) => OperationError::Busy.into(),
        Ok(status::SUCCESS) => OperationError::Garbled("success where values were expected".to_owned()).into(),
        Ok(status) => OperationError::Refused(status).into(),
        Err(error) => error.into(),
    }
}
