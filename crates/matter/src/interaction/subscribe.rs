//! Making a subscription.

use super::AttributePath;
use super::assembly::Assembly;
use super::message::{self, opcode, status};
use super::read::{give_up, receive, refusal, send};
use crate::controller::{Failure, Shard, Subscribed};
use crate::error::OperationError;
use crate::peer::Peer;
use rs_matter::transport::exchange::Exchange;

/// Subscribes to attributes of a node. All paths go into one request; every node takes three (Matter core specification 1.4, 2.11.2.2).
pub(crate) async fn subscribe(
    shard: &Shard,
    peer: &Peer,
    paths: &[AttributePath],
    interval_seconds: (u16, u16),
) -> Result<Subscribed, OperationError> {
    let request = message::subscribe_request(paths, interval_seconds);
    shard
        .with_node(peer, async |exchange| {
            let subscribed = subscribe_on(exchange, &request).await?;
            // Before anything else is received: the first report may follow at once.
            shard.subscriptions.set(peer.node, subscribed.subscription);
            Ok(subscribed)
        })
        .await
}

async fn subscribe_on(mut exchange: Exchange<'_>, request: &[u8]) -> Result<Subscribed, Failure> {
    send(&mut exchange, opcode::SUBSCRIBE_REQUEST, request).await?;
    let mut assembly = Assembly::default();
    loop {
        let (opcode, payload) = receive(&mut exchange).await?;
        match opcode {
            opcode::REPORT_DATA => {
                if let Err(error) = message::take_attributes(&payload, &mut assembly) {
                    return Err(give_up(&mut exchange, error).await);
                }
                // Also after the last chunk: the subscription stands when we have agreed.
                send(&mut exchange, opcode::STATUS_RESPONSE, &message::status_response(status::SUCCESS)).await?;
            }
            opcode::SUBSCRIBE_RESPONSE => {
                let (subscription, max_interval_seconds) = message::subscribe_response(&payload)?;
                exchange.acknowledge().await?;
                return Ok(Subscribed {
                    subscription,
                    max_interval_seconds,
                    attributes: assembly.finish(),
                });
            }
            opcode => return Err(refusal(&mut exchange, opcode, &payload).await),
        }
    }
}
