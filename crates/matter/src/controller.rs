//! The handle to the thread that runs `rs-matter`, and what runs there.
//!
//! One thread with a runtime of its own. On it, any number of [`shard`]s: a `Matter` instance each, with a socket, all with the same identity on our
//! fabric. An instance has 64 places for sessions, and every handshake takes one that nobody clears away but whoever needs it next; so a shard serves
//! no more than [`NODES_PER_SHARD`] nodes. Devices that sleep have shards of their own ([`shard::Kind`]), and so have devices that join, so that ten
//! of them at once do not push the sessions of others out.
//!
//! Within a shard everything is one task: the transport, whatever takes reports, and all jobs, polled with one waker ([`jobs`]). A shard that has
//! nothing to do sleeps until its socket or a job wakes it.

mod check_in;
mod driver;
mod events;
pub(crate) mod heard;
pub(crate) mod jobs;
mod mend;
mod network;
pub(crate) mod plain;
mod recent;
pub(crate) mod session;
pub(crate) mod shard;
mod watched;

pub(crate) use session::Failure;
pub(crate) use shard::Shard;

use crate::attestation::AttestationReport;
use crate::commands;
use crate::commission::{self, CommissionError, CommissionFailure, CommissionRequest, Commissioned, Step};
use crate::error::OperationError;
use crate::fabric::Fabric;
use crate::interaction::{AttributePath, AttributeReport, read, subscribe};
use crate::peer::Peer;
use driver::Command;
use jobs::Local;
use shard::Task;
use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use weft_model::MatterNodeId;
use zeroize::Zeroizing;

/// Nodes that share a `Matter` instance. While all of them make sessions at once, each takes two of 64 places; the rest are for further addresses
/// ([`EXTRA_ATTEMPTS`]).
const NODES_PER_SHARD: usize = 24;

/// Handshakes at second addresses at the same time: two places each.
const EXTRA_ATTEMPTS: usize = 6;

/// Devices that join at the same time in one instance: each takes two places for its first session and two for the second, and a few addresses.
const COMMISSIONINGS_PER_SHARD: usize = 8;

/// Events that wait for whoever takes them.
const MAX_EVENTS: usize = 1_024;

/// Stack of the thread. Handshakes and the making of an instance (95 kB) happen on it, unoptimised in tests; only what is touched takes memory.
const STACK_BYTES: usize = 8 << 20;

/// How the controller works.
#[derive(Debug, Clone, Default)]
pub struct ControllerOptions {
    /// Folder with certificates of product attestation authorities (DER or PEM); `None` where the user has none.
    pub attestation_roots: Option<PathBuf>,
    /// UDP port that devices may reach us at; 0 for any.
    pub port: u16,
}

/// What the controller tells without being asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControllerEvent {
    /// A report of a subscription.
    Report {
        /// Who.
        node: MatterNodeId,
        /// Which.
        subscription: u32,
        /// What changed; empty for a sign of life.
        attributes: Vec<AttributeReport>,
    },
    /// A long-idle device checked in: it listens for a short while now.
    CheckIn {
        /// Who.
        node: MatterNodeId,
    },
}

/// A subscription that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// Its number, unique per node.
    pub subscription: u32,
    /// A report comes at least so often; when none came for longer, it is lost.
    pub max_interval_seconds: u16,
    /// What it began with.
    pub attributes: Vec<AttributeReport>,
}

/// What joining has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// This step has begun.
    Began(Step),
    /// What attestation proved, also where joining goes on.
    Attested(AttestationReport),
}

/// The handle to the thread. Clones are the same controller; the thread ends with the last of them, when cancelled commissionings have cleaned up.
#[derive(Clone)]
pub struct Controller {
    commands: mpsc::UnboundedSender<Command>,
}

impl Controller {
    /// Starts the thread. Nothing is sent to anybody before the first operation.
    ///
    /// # Errors
    /// [`OperationError::Failed`] when the UDP socket or the thread cannot be had, the folder of certificates cannot be read, or the fabric's
    /// certificates are refused.
    pub fn start(fabric: &Fabric, options: ControllerOptions) -> Result<(Self, mpsc::Receiver<ControllerEvent>), OperationError> {
        let (commands, receiver) = mpsc::unbounded_channel();
        let (events, event_receiver) = mpsc::channel(MAX_EVENTS);
        driver::start(fabric.clone(), &options, receiver, events)?;
        Ok((Self { commands }, event_receiver))
    }

    /// Joins a device to our fabric. What it comes to is told on `progress`; dropping the future cancels, disarms the fail-safe and leaves nothing behind.
    ///
    /// # Errors
    /// In which step it failed, why, and whether anything was left on the device.
    pub async fn commission(&self, request: CommissionRequest, progress: mpsc::UnboundedSender<Progress>) -> Result<Commissioned, CommissionError> {
        let sleepy = request.intervals.is_sleepy();
        let (reply, answer) = oneshot::channel();
        // Not cancelled by dropping it: it has to clean up after itself.
        let (_alive, dropped) = oneshot::channel::<Infallible>();
        let task: Task = Box::new(move |shard| {
            Box::pin(async move {
                let cancelled = async move { drop(dropped.await) };
                let _ = reply.send(commission::commission(shard, &request, &progress, cancelled).await);
                // From now on the node belongs to another shard.
                shard.close(request.node).await;
                shard.remove(request.node);
            })
        });
        let _ = self.commands.send(Command::Commission { sleepy, task });
        answer.await.unwrap_or_else(|_| {
            Err(CommissionError {
                step: Step::Connect,
                failure: CommissionFailure::Ours(self.gone().to_string()),
                left_clean: false,
            })
        })
    }

    /// Reads attributes. The session is kept for the next question, or made anew where it was lost.
    ///
    /// # Errors
    /// What came of it within the time. Attributes that the node answers with a status are no errors.
    pub async fn read(&self, peer: &Peer, paths: &[AttributePath], within: Duration) -> Result<Vec<AttributeReport>, OperationError> {
        let paths = paths.to_vec();
        self.ask(peer, within, move |shard, peer| {
            Box::pin(async move { read::read(shard, peer, &paths).await })
        })
        .await
    }

    /// Asks to be told of changes of attributes; reports come as [`ControllerEvent::Report`]. Replaces an earlier subscription to this node.
    ///
    /// # Errors
    /// What came of it within the time.
    pub async fn subscribe(
        &self,
        peer: &Peer,
        paths: &[AttributePath],
        interval_seconds: (u16, u16),
        within: Duration,
    ) -> Result<Subscribed, OperationError> {
        let paths = paths.to_vec();
        self.ask(peer, within, move |shard, peer| {
            Box::pin(async move { subscribe::subscribe(shard, peer, &paths, interval_seconds).await })
        })
        .await
    }

    /// Leaves a device: removes our fabric from it (RemoveFabric), which frees its place and ends all sessions.
    ///
    /// # Errors
    /// What came of it within the time. A device that does not know our fabric any more counts as left.
    pub async fn leave(&self, peer: &Peer, within: Duration) -> Result<(), OperationError> {
        self.ask(peer, within, |shard, peer| Box::pin(commands::leave::leave(shard, peer)))
            .await?;
        let _ = self.commands.send(Command::Remove(peer.node));
        Ok(())
    }

    /// Asks a border router for its active operational dataset, keys included: Thread Border Router Management on this endpoint.
    ///
    /// # Errors
    /// What came of it within the time. No error holds any of the dataset.
    pub async fn active_dataset(&self, peer: &Peer, endpoint: u16, within: Duration) -> Result<Zeroizing<Vec<u8>>, OperationError> {
        self.ask(peer, within, move |shard, peer| {
            Box::pin(commands::border_router::active_dataset(shard, peer, endpoint))
        })
        .await
    }

    /// Registers for check-ins of a long-idle device (ICD management RegisterClient). Only where the user switched it on. The key that the
    /// device will use is derived from the fabric's own secret and the node id, so that nothing need be kept.
    ///
    /// # Errors
    /// What came of it within the time.
    pub async fn register_check_in(&self, peer: &Peer, within: Duration) -> Result<(), OperationError> {
        self.ask(peer, within, |shard, peer| Box::pin(commands::check_in::register(shard, peer)))
            .await
    }

    /// Takes back [`Self::register_check_in`].
    ///
    /// # Errors
    /// What came of it within the time.
    pub async fn unregister_check_in(&self, peer: &Peer, within: Duration) -> Result<(), OperationError> {
        self.ask(peer, within, |shard, peer| Box::pin(commands::check_in::unregister(shard, peer)))
            .await?;
        let _ = self.commands.send(Command::IgnoreCheckIns(peer.node));
        Ok(())
    }

    /// These nodes were registered for check-ins, in this run or an earlier one: only check-ins of nodes that were named here, or registered since
    /// the start, are told as [`ControllerEvent::CheckIn`].
    pub fn expect_check_ins(&self, nodes: Vec<MatterNodeId>) {
        let _ = self.commands.send(Command::ExpectCheckIns(nodes));
    }

    /// Forgets the session to a node, and tells it so: its address changed, or it left. A subscription to it may end with the session.
    pub fn forget(&self, node: MatterNodeId) {
        let _ = self.commands.send(Command::Forget(node));
    }

    /// Lets the thread do something with a node, and waits for it no longer than this.
    async fn ask<T: Send + 'static>(
        &self,
        peer: &Peer,
        within: Duration,
        work: impl for<'s> FnOnce(&'s Shard, &'s Peer) -> Local<'s, Result<T, OperationError>> + Send + 'static,
    ) -> Result<T, OperationError> {
        let (mut reply, answer) = oneshot::channel();
        let (node, sleepy, peer) = (peer.node, peer.intervals.is_sleepy(), peer.clone());
        let task: Task = Box::new(move |shard| {
            Box::pin(async move {
                let since = shard.heard.mark();
                let outcome = tokio::select! {
                    biased;
                    () = reply.closed() => return,
                    outcome = tokio::time::timeout(within, work(shard, &peer)) => outcome,
                };
                let outcome = outcome.unwrap_or_else(|_| {
                    // It may be the session that does not work any more.
                    shard.forget(peer.node);
                    Err(shard.too_late(&peer, since, within))
                });
                let _ = reply.send(outcome);
            })
        });
        let _ = self.commands.send(Command::Node { node, sleepy, task });
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Why a job was dropped without an answer.
    fn gone(&self) -> OperationError {
        if self.commands.is_closed() {
            OperationError::Ended
        } else {
            OperationError::Failed("it broke off and began anew; this may be asked again".to_owned())
        }
    }
}

#[cfg(test)]
mod tests;
