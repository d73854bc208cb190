//! CASE sessions with nodes: found again, or made anew at whichever of a node's addresses answers first.
//!
//! The library's own way (`Exchange::initiate`) asks mDNS through a single place and tries addresses one after the other. Here handshakes are begun by
//! hand, and sessions are known by their number, so that nothing ever asks the library to resolve.

use super::heard::{Mark, list, usable};
use super::jobs::Jobs;
use super::plain::StatusReport;
use super::shard::Shard;
use crate::error::OperationError;
use crate::interaction::{AttributePath, AttributeReport};
use crate::peer::{Intervals, Peer};
use rs_matter::error::{Error, ErrorCode};
use rs_matter::sc::case::CaseInitiator;
use rs_matter::transport::exchange::Exchange;
use rs_matter::transport::network::Address;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until};
use weft_model::MatterNodeId;

/// Between the first try at one address and the first at the next (RFC 8305 recommends it for connections).
const STAGGER: Duration = Duration::from_millis(250);

/// The same for devices that sleep, beyond the time that they sleep at most.
const SLOW_STAGGER: Duration = Duration::from_millis(500);

/// However long a device sleeps, the next address is tried after this.
const MAX_STAGGER: Duration = Duration::from_secs(10);

/// How often the next address is held back while somebody is at work at an earlier one: a small device computes for seconds, and a second handshake
/// only disturbs it.
const MAX_HELD_BACK: u32 = 20;

/// When one address has refused, the others have so long to do better.
const GRACE: Duration = Duration::from_secs(3);

/// While a device becomes a node of our fabric, all its addresses are tried again after this.
const JOIN_PAUSE: Duration = Duration::from_millis(500);

/// Sending a few bytes takes no longer, except where nothing can be sent at all.
const FAREWELL: Duration = Duration::from_secs(1);

/// Conversations with one node at the same time. A session of the library has 16 places for them; small devices have about as many for all sessions.
const CONVERSATIONS: usize = 4;

/// Most sessions whose node is remembered.
const MAX_SESSIONS: usize = 256;

/// Why a conversation on a session ended.
pub(crate) enum Failure {
    /// The session is of no use any more: the same again on another.
    Lost(ErrorCode),
    /// It said so, or there is no use in trying again.
    Told(OperationError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.code() {
            ErrorCode::NoSpaceExchanges => Self::Told(OperationError::Busy),
            code @ (ErrorCode::TxTimeout
            | ErrorCode::RxTimeout
            | ErrorCode::NoSession
            | ErrorCode::NoExchange
            | ErrorCode::NoSpaceSessions
            | ErrorCode::InvalidState) => Self::Lost(code),
            code => Self::Told(OperationError::Garbled(format!("{code:?}"))),
        }
    }
}

impl From<OperationError> for Failure {
    fn from(error: OperationError) -> Self {
        Self::Told(error)
    }
}

/// A session that stands, as far as is known.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Session {
    /// The library's number for it.
    number: u32,
    address: SocketAddr,
}

struct Node {
    /// Held while a handshake runs: one at a time.
    gate: Mutex<()>,
    /// Places for conversations.
    conversations: Semaphore,
    session: Cell<Option<Session>>,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            gate: Mutex::default(),
            conversations: Semaphore::new(CONVERSATIONS),
            session: Cell::default(),
        }
    }
}

/// The nodes of a shard and their sessions.
#[derive(Default)]
pub(crate) struct Nodes {
    nodes: RefCell<BTreeMap<MatterNodeId, Rc<Node>>>,
    /// Whose session is it. Devices report on whichever session to us they like best, so older ones are remembered too.
    owners: RefCell<BTreeMap<u32, MatterNodeId>>,
}

impl Nodes {
    fn get(&self, node: MatterNodeId) -> Rc<Node> {
        self.nodes.borrow_mut().entry(node).or_default().clone()
    }

    fn own(&self, number: u32, node: MatterNodeId) {
        let mut owners = self.owners.borrow_mut();
        owners.insert(number, node);
        if owners.len() > MAX_SESSIONS {
            owners.pop_first();
        }
    }

    /// The node at the other end of a session.
    pub(super) fn owner(&self, number: u32) -> Option<MatterNodeId> {
        self.owners.borrow().get(&number).copied()
    }
}

impl Shard {
    /// Converses with a node over its session; makes one where there is none, and once more where it turns out to be lost.
    ///
    /// # Errors
    /// What came of it. There is no time limit here: callers have one around all of it.
    pub(crate) async fn with_node<T>(
        &self,
        peer: &Peer,
        mut converse: impl AsyncFnMut(Exchange<'_>) -> Result<T, Failure>,
    ) -> Result<T, OperationError> {
        let began = Instant::now();
        let mut again = true;
        let node = self.nodes.get(peer.node);
        let _place = node.conversations.acquire().await.map_err(|_| OperationError::Busy)?;
        loop {
            let session = self.session(peer).await?;
            let outcome = match Exchange::initiate_for_session(&self.matter, &self.crypto, session.number) {
                Ok(exchange) => converse(exchange).await,
                Err(error) => Err(error.into()),
            };
            match outcome {
                Ok(value) => return Ok(value),
                Err(Failure::Told(error)) => return Err(error),
                Err(Failure::Lost(code)) => {
                    tracing::debug!(node = %peer.node, ?code, "session lost");
                    self.lose(peer.node, session.number);
                    if !again {
                        return Err(OperationError::NoAnswer {
                            addresses: session.address.to_string(),
                            waited: began.elapsed(),
                        });
                    }
                    again = false;
                }
            }
        }
    }

    /// Reads attributes of a node, within a longer piece of work with it.
    ///
    /// # Errors
    /// What came of it.
    pub(crate) async fn read_attributes(&self, peer: &Peer, paths: &[AttributePath]) -> Result<Vec<AttributeReport>, OperationError> {
        crate::interaction::read::read(self, peer, paths).await
    }

    /// The session to a node, made where there is none to one of its addresses.
    async fn session(&self, peer: &Peer) -> Result<Session, OperationError> {
        let node = self.nodes.get(peer.node);
        let addresses = usable(&peer.addresses);
        let usable = |session: &Session| addresses.is_empty() || addresses.contains(&session.address);
        if let Some(session) = node.session.get().filter(usable) {
            return Ok(session);
        }
        let _gate = node.gate.lock().await;
        if let Some(session) = node.session.get().filter(usable) {
            return Ok(session);
        }
        let address = self.race(peer.node, &addresses, peer.intervals).await?;
        self.keep(peer.node, address).await
    }

    /// Meets a device that has just become a node of our fabric. Tries all addresses, those too that become known meanwhile, again and again; a
    /// conversation can then be had by [`Self::with_node`].
    ///
    /// # Errors
    /// Only where the session is lost as soon as it is made. There is no time limit here: callers have one around it.
    pub(crate) async fn meet(
        &self,
        node: MatterNodeId,
        addresses: &[SocketAddr],
        operational: &watch::Receiver<Vec<SocketAddr>>,
        intervals: Intervals,
    ) -> Result<SocketAddr, OperationError> {
        let mut operational = operational.clone();
        let entry = self.nodes.get(node);
        let _gate = entry.gate.lock().await;
        loop {
            let mut all = operational.borrow_and_update().clone();
            all.extend_from_slice(addresses);
            let all = usable(&all);
            let outcome = tokio::select! {
                biased;
                outcome = self.race(node, &all, intervals) => outcome,
                // What was just learnt is better than what has not answered yet.
                Ok(()) = operational.changed() => continue,
            };
            match outcome {
                Ok(address) => return self.keep(node, address).await.map(|session| session.address),
                Err(error) => tracing::debug!(%node, %error, "not met yet"),
            }
            sleep(JOIN_PAUSE).await;
        }
    }

    /// Forgets that this session could be used, where it is still the one.
    fn lose(&self, node: MatterNodeId, number: u32) {
        let node = self.nodes.get(node);
        if node.session.get().is_some_and(|session| session.number == number) {
            node.session.set(None);
        }
    }

    /// Forgets a node's session: the next conversation begins with a handshake. The library drops the old session when it needs its place.
    pub(crate) fn forget(&self, node: MatterNodeId) {
        self.take_session(node);
    }

    /// Forgets a node's session and tells the node so, which may have few places for sessions. It may not hear it.
    pub(crate) async fn close(&self, node: MatterNodeId) {
        let Some(session) = self.take_session(node) else { return };
        let Ok(mut exchange) = Exchange::initiate_for_session(&self.matter, &self.crypto, session.number) else {
            return;
        };
        let farewell = StatusReport::CLOSE_SESSION.payload();
        let _ = tokio::time::timeout(FAREWELL, exchange.send(StatusReport::meta(), &farewell)).await;
    }

    fn take_session(&self, node: MatterNodeId) -> Option<Session> {
        self.nodes.nodes.borrow().get(&node)?.session.take()
    }

    /// Forgets everything of a node: it left.
    pub(crate) fn remove(&self, node: MatterNodeId) {
        self.nodes.nodes.borrow_mut().remove(&node);
        self.subscriptions.remove(node);
    }

    /// Tries addresses, each a moment after the one before; the first handshake that succeeds wins and the others are dropped.
    async fn race(&self, node: MatterNodeId, addresses: &[SocketAddr], intervals: Intervals) -> Result<SocketAddr, OperationError> {
        let began = Instant::now();
        let since = self.heard.mark();
        let pace = if self.slow || intervals.is_sleepy() {
            (Duration::from_millis(intervals.idle_milliseconds.into()) + SLOW_STAGGER).min(MAX_STAGGER)
        } else {
            STAGGER
        };
        let mut waiting: VecDeque<SocketAddr> = addresses.iter().copied().collect();
        let mut trying = Vec::new();
        let mut held_back = 0;
        let mut attempts = Jobs::default();
        let mut refusal: Option<OperationError> = None;
        let mut patience = began;

        loop {
            if attempts.is_empty() {
                let Some(address) = waiting.pop_front() else {
                    return Err(refusal.unwrap_or_else(|| self.silence(addresses, since, began.elapsed())));
                };
                trying.push(address);
                attempts.push(Box::pin(self.attempt(node, address, since, None)));
            }
            tokio::select! {
                biased;
                (address, outcome) = attempts.next() => {
                    trying.retain(|other| *other != address);
                    match outcome {
                        Ok(()) => return Ok(address),
                        Err(Attempt::Silent) => {}
                        Err(Attempt::Refused(error)) => refusal = refusal.or(Some(error)),
                    }
                    patience = Instant::now() + GRACE;
                    if let Some(next) = waiting.pop_front() {
                        trying.push(next);
                        attempts.push(Box::pin(self.attempt(node, next, since, None)));
                    }
                },
                () = sleep_until(patience), if refusal.is_some() && waiting.is_empty() => {
                    return Err(refusal.unwrap_or(OperationError::Busy));
                }
                () = sleep(pace), if !waiting.is_empty() => {
                    if held_back < MAX_HELD_BACK && trying.iter().any(|address| self.heard.anything(*address, since)) {
                        held_back += 1;
                    } else if let Ok(permit) = self.extra.try_acquire() && let Some(next) = waiting.pop_front() {
                        patience = Instant::now() + GRACE;
                        trying.push(next);
                        attempts.push(Box::pin(self.attempt(node, next, since, Some(permit))));
                    }
                }
            }
        }
    }

    /// One handshake at one address.
    async fn attempt(
        &self,
        node: MatterNodeId,
        address: SocketAddr,
        since: Mark,
        permit: Option<tokio::sync::SemaphorePermit<'_>>,
    ) -> (SocketAddr, Result<(), Attempt>) {
        let mut handshake = pin!(async {
            let exchange = Exchange::initiate_plaintext(&self.matter, &self.crypto, Address::Udp(address)).await?;
            CaseInitiator::perform(exchange, &self.crypto, self.fabric_index, node.as_u64()).await
        });
        let outcome = poll_fn(|cx| match handshake.as_mut().poll(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.why(address, since, &error))),
            // The library would retransmit into the void for seconds.
            Poll::Pending if self.heard.unreachable(address, since) => Poll::Ready(Err(Attempt::Silent)),
            Poll::Pending => Poll::Pending,
        })
        .await;
        drop(permit);
        (address, outcome)
    }

    /// Why a handshake failed.
    fn why(&self, address: SocketAddr, since: Mark, error: &Error) -> Attempt {
        if let Some(status) = self.heard.status(address, since) {
            return Attempt::Refused(match status.secure_channel() {
                Some(StatusReport::NO_SHARED_TRUST_ROOTS) => OperationError::FabricUnknown,
                Some(StatusReport::BUSY) => OperationError::Busy,
                Some(StatusReport::INVALID_PARAMETER) => OperationError::SessionRefused("it does not accept who we are".to_owned()),
                _ => OperationError::SessionRefused(format!("status {status:?}")),
            });
        }
        match error.code() {
            ErrorCode::TxTimeout | ErrorCode::RxTimeout => Attempt::Silent,
            // All places are in use by conversations: they will be free again.
            ErrorCode::NoSpaceSessions => Attempt::Refused(OperationError::Busy),
            code => Attempt::Refused(OperationError::SessionRefused(format!(
                "{address} is not the node that it should be ({code:?})"
            ))),
        }
    }

    /// What to say when no address answered.
    fn silence(&self, addresses: &[SocketAddr], since: Mark, waited: Duration) -> OperationError {
        if addresses.is_empty() {
            return OperationError::NoAddress;
        }
        if addresses.iter().all(|address| self.heard.unreachable(*address, since)) {
            return OperationError::NoRoute(list(addresses));
        }
        OperationError::NoAnswer {
            addresses: list(addresses),
            waited,
        }
    }

    /// What to say when the time for an operation is over.
    pub(super) fn too_late(&self, peer: &Peer, since: Mark, waited: Duration) -> OperationError {
        self.silence(&usable(&peer.addresses), since, waited)
    }

    /// Finds the session that a handshake has just made.
    async fn keep(&self, node: MatterNodeId, address: SocketAddr) -> Result<Session, OperationError> {
        let found = self.newest_session(self.fabric_index, node.as_u64()).await;
        let number = found.ok_or_else(|| OperationError::SessionRefused("the session was lost at once".to_owned()))?;
        let session = Session { number, address };
        self.nodes.own(number, node);
        self.nodes.get(node).session.set(Some(session));
        Ok(session)
    }

    /// The library's number for the session that was used last of those with this fabric index and node id.
    pub(crate) async fn newest_session(&self, fabric_index: NonZeroU8, node: u64) -> Option<u32> {
        // With a session this is ready at once; without, it would ask mDNS.
        let mut initiate = pin!(Exchange::initiate(&self.matter, &self.crypto, fabric_index, node));
        poll_fn(|cx| {
            Poll::Ready(match initiate.as_mut().poll(cx) {
                Poll::Ready(Ok(exchange)) => session_number(&exchange),
                _ => None,
            })
        })
        .await
    }
}

/// How an attempt at one address failed.
enum Attempt {
    Silent,
    Refused(OperationError),
}

/// The number of an exchange's session. The library keeps it to itself, except for its text: `<session>::<place in the session>`.
pub(super) fn session_number(exchange: &Exchange<'_>) -> Option<u32> {
    exchange.id().to_string().split_once("::")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_others_are_forgotten_in_order() {
        let nodes = Nodes::default();
        for number in 0..300 {
            nodes.own(number, MatterNodeId::from_u64(7));
        }
        assert_eq!(nodes.owner(0), None);
        assert_eq!(nodes.owner(299), Some(MatterNodeId::from_u64(7)));
        assert_eq!(nodes.owners.borrow().len(), MAX_SESSIONS);
    }
}
