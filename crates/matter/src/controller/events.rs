//! What nodes tell by themselves: reports of subscriptions.

use super::ControllerEvent;
use super::session::session_number;
use super::shard::Shard;
use crate::interaction::assembly::{Assembly, AssemblyError};
use crate::interaction::message::{self, opcode, status};
use rs_matter::error::Error;
use rs_matter::respond::ExchangeHandler;
use rs_matter::transport::exchange::{Exchange, MessageMeta};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use weft_model::MatterNodeId;

/// The subscriptions of a shard: at most one to each node.
#[derive(Default)]
pub(crate) struct Subscriptions(RefCell<BTreeMap<MatterNodeId, u32>>);

impl Subscriptions {
    /// Takes the place of an earlier one.
    pub(crate) fn set(&self, node: MatterNodeId, subscription: u32) {
        self.0.borrow_mut().insert(node, subscription);
    }

    pub(super) fn remove(&self, node: MatterNodeId) {
        self.0.borrow_mut().remove(&node);
    }

    fn is(&self, node: MatterNodeId, subscription: u32) -> bool {
        self.0.borrow().get(&node) == Some(&subscription)
    }
}

/// Counts a report that is being taken.
struct Reporting<'s>(&'s Cell<usize>);

impl<'s> Reporting<'s> {
    fn new(count: &'s Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Reporting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Takes reports. Everything else that nodes might ask of us is refused: we are no device.
pub(super) struct Reports<'s>(pub(super) &'s Shard);

impl ExchangeHandler for Reports<'_> {
    async fn handle(&self, mut exchange: Exchange<'_>) -> Result<(), Error> {
        // What is cut off here closes the session: the shard does not sleep before it is done.
        let _reporting = Reporting::new(&self.0.reporting);
        let node = session_number(&exchange).and_then(|number| self.0.nodes.owner(number));
        let mut assembly = Assembly::default();
        let mut current = None;
        loop {
            let (meta, payload) = {
                let message = exchange.recv().await?;
                (message.meta(), message.payload().to_vec())
            };
            if meta.proto_id != message::PROTOCOL || meta.proto_opcode == opcode::STATUS_RESPONSE {
                return exchange.acknowledge().await;
            }
            if meta.proto_opcode != opcode::REPORT_DATA {
                return answer(&mut exchange, status::INVALID_ACTION).await;
            }
            let Ok(report) = message::report(&payload) else {
                return answer(&mut exchange, status::INVALID_ACTION).await;
            };
            let Some((node, subscription)) = node.zip(report.subscription).filter(|(node, id)| self.0.subscriptions.is(*node, *id)) else {
                // The node ends a subscription that we do not know.
                return answer(&mut exchange, status::INVALID_SUBSCRIPTION).await;
            };
            if *current.get_or_insert(subscription) != subscription {
                return answer(&mut exchange, status::INVALID_ACTION).await;
            }
            if let Err(error) = message::take_attributes(&payload, &mut assembly) {
                let status = match error {
                    AssemblyError::TooManyBytes | AssemblyError::TooManyEntries => status::RESOURCE_EXHAUSTED,
                    AssemblyError::OutOfOrder | AssemblyError::Malformed => status::INVALID_ACTION,
                };
                return answer(&mut exchange, status).await;
            }
            if report.more {
                answer(&mut exchange, status::SUCCESS).await?;
                continue;
            }
            self.0.tell(ControllerEvent::Report {
                node,
                subscription,
                attributes: assembly.finish(),
            });
            return if report.suppress_response {
                exchange.acknowledge().await
            } else {
                answer(&mut exchange, status::SUCCESS).await
            };
        }
    }
}

async fn answer(exchange: &mut Exchange<'_>, status: u8) -> Result<(), Error> {
    let meta = MessageMeta::new(message::PROTOCOL, opcode::STATUS_RESPONSE, true);
    exchange.send(meta, &message::status_response(status)).await
}
