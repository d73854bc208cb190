//! A node of our own as a way to its mesh: the same sweep as through a border agent, without a session and without the commissioner's role.
//!
//! The user wanted the node, so it is there once it has a parent: whoever asks the mesh finds it as one way more. A border agent is asked rather, where one
//! lets Weft in: its relay hears questions over the LAN, while each message of the node takes one hop more, over its parent's radio.

use super::plan::NEWS_DELAY;
use super::state::{Group, MAX_PATHS, Path, State};
use super::sweeping::{Broken, Carrier, Found, Memory, Mesh, settled, sweep};
use super::way::{Attempt, Attempted, Way, WayFailure};
use super::ways::Ways;
use crate::clock;
use crate::own_node::{Conversation, FromMesh, NodeStanding, OwnNode};
use std::future::Future;
use std::net::Ipv6Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use weft_model::{Airtime, Brought, DataPathKind, DataPathState};

/// What the way is called.
const NAME: &str = "Weft's dongle";
/// Its id; there is one dongle.
const ID: &str = "dongle";

/// The node as a way.
pub(super) struct DongleWay {
    node: Arc<dyn OwnNode>,
    memory: Memory,
}

impl DongleWay {
    pub(super) fn new(node: Arc<dyn OwnNode>) -> Self {
        Self {
            node,
            memory: Memory::default(),
        }
    }

    async fn attempted(&self, attempt: &Attempt, found: &mut Found, standing: Option<&NodeStanding>) -> Result<Brought, WayFailure> {
        let Some(standing) = standing else {
            return Err(WayFailure::Unreachable("The dongle takes part in no mesh.".to_owned()));
        };
        let Some(parent) = standing.parent else {
            return Err(WayFailure::Unreachable(standing.detail.clone()));
        };
        let started = clock::running_for();
        let mesh = Mesh {
            network: Some(standing.network),
            prefix: standing.mesh_local_prefix,
            relay: Some(parent),
        };
        let mut carried = ByNode(self.node.converse());
        let swept = sweep(&mut carried, &self.memory, attempt, mesh).await;
        let outcome = swept.map_err(|broken| match broken {
            Broken::Way(failure) => failure,
            Broken::Lost(reason, answers) => WayFailure::Failed(format!(
                "The dongle lost its place in the mesh in the middle of the questions ({reason}); {answers} answers came before, and are kept. Weft asks again when it \
                 is back."
            )),
        })?;
        let silence = WayFailure::MeshSilent(
            "The dongle is a child in the mesh, and nobody answers its questions, not even its parent. Weft tries again later; have it leave and join anew if this \
             stays."
                .to_owned(),
        );
        let brought = settled(&self.memory, attempt, found, outcome, silence)?;
        let took = clock::running_for().saturating_sub(started);
        Ok(Brought {
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            ..brought
        })
    }
}

impl Way for DongleWay {
    fn attempt(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Attempted> + Send + '_>> {
        Box::pin(async move {
            let standing = self.node.standing().borrow().clone();
            let mut found = Found::default();
            let result = self.attempted(&attempt, &mut found, standing.as_ref()).await;
            Attempted {
                result,
                abilities: found.abilities,
                dataset: None,
                network: standing.map(|standing| standing.network),
                product: None,
                routers: found.routers,
            }
        })
    }

    /// What a sweep is estimated to take begins at the parent. The node's own hop is counted as it is, with what keeps its place.
    fn take_spent(&self) -> Airtime {
        self.memory.spent.take().plus(self.node.take_spent())
    }
}

/// The node passes messages on.
struct ByNode(Conversation);

impl Carrier for ByNode {
    fn send(&mut self, destination: Ipv6Addr, datagram: &[u8], _: Duration) -> Result<(), String> {
        // What finds no room is repeated as what is lost on the air; a node that went says so by itself.
        let _ = self.0.to.try_send((destination, datagram.to_vec()));
        Ok(())
    }

    async fn next(&mut self, until: Duration) -> Result<Option<(Ipv6Addr, Vec<u8>)>, String> {
        let within = until.saturating_sub(clock::running_for());
        match tokio::time::timeout(within, self.0.from.recv()).await {
            Ok(Some(FromMesh::Message { source, datagram })) => Ok(Some((source, datagram))),
            Ok(Some(FromMesh::Lost(reason))) => Err(reason),
            Ok(None) => Err("it stopped taking part".to_owned()),
            Err(_) => Ok(None),
        }
    }

    async fn lives(&mut self) -> Result<bool, WayFailure> {
        // Its parent's silence it finds out by itself, and tells.
        Ok(true)
    }
}

impl State {
    /// Takes over where the node of ours stands. True: something differs.
    pub(super) fn node_stands(&mut self, node: &Arc<dyn OwnNode>, ways: &dyn Ways, now: Duration) -> bool {
        let standing = node.standing().borrow().clone();
        let Some(standing) = standing else {
            let path = self.paths.get_mut(ID).filter(|path| path.is_present);
            let was_there = path.is_some();
            if let Some(path) = path {
                (path.is_present, path.is_attached, path.absent_since) = (false, false, now);
            }
            self.regroup(now);
            return was_there;
        };
        if !self.paths.contains_key(ID) {
            if self.paths.len() >= MAX_PATHS {
                return false;
            }
            let way = ways.dongle(node);
            let path = Path::new(DataPathKind::Dongle, NAME.to_owned(), way, self.kept.paths.get(ID), now);
            self.paths.insert(ID.to_owned(), path);
        }
        let is_paused = self.kept.paused;
        let Some(path) = self.paths.get_mut(ID) else { return false };
        // Whoever wanted the node wants to see what it does.
        let is_new = !path.is_present || path.network != Some(standing.network) || path.last_attempt_at.is_none() && !path.is_attached;
        let has_attached = standing.parent.is_some() && !path.is_attached;
        path.is_present = true;
        path.is_attached = standing.parent.is_some();
        path.network = Some(standing.network);
        path.network_name = standing.network_name;
        path.extended_address = Some(standing.extended_address);
        path.base = standing.port;
        if has_attached {
            path.failures = 0;
            path.not_before = now + NEWS_DELAY;
            path.is_asked |= is_new && !is_paused;
        }
        if path.state != DataPathState::Trying {
            match path.is_attached {
                false => path.stand(DataPathState::Unreachable, standing.detail),
                true if path.state == DataPathState::Unreachable => {
                    path.stand(
                        DataPathState::Untried,
                        "It has a place in the mesh: Weft asks through it soon.".to_owned(),
                    );
                }
                true => {}
            }
        }
        self.regroup(now);
        if has_attached {
            // Who has a parent again was without one: the mesh is not what it was.
            self.bring_forward(&Group::Network(standing.network), now);
        }
        true
    }

    /// Radio time that the node takes for itself counts at once, also while nobody asks through it.
    pub(super) fn count_own_frames(&mut self, now: Duration) {
        let Some(path) = self.paths.get(ID).filter(|path| path.state != DataPathState::Trying) else {
            return;
        };
        let (group, spent) = (Self::group_of(ID, path), path.way.take_spent());
        if let Some(network) = self.groups.get_mut(&group) {
            network.airtime.take(spent, now);
        }
    }
}
