//! One server: what is known of it now, for whoever looks.

use super::Joiner;
use super::matter_server::Adoption;
use super::matter_server::adoptable;
use super::socket::Trouble;
use crate::clock;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use weft_model::{CompressedFabricId, ServerState, ServerView, Timestamp};
use zeroize::Zeroizing;

/// What a server is.
pub(super) enum Kind {
    /// A Matter server; where nobody named it, the Home Assistant beside which it was found.
    Matter {
        /// Address of that Home Assistant.
        beside: Option<String>,
    },
    /// A Home Assistant and its access token.
    HomeAssistant {
        /// The token.
        token: Zeroizing<String>,
    },
}

/// A server.
pub(super) struct Server {
    /// Its address, which is its id.
    pub(super) address: String,
    /// What it is.
    pub(super) kind: Kind,
    /// Something is to be done: a window to be opened, a pause to begin.
    pub(super) wake: Notify,
    facts: Mutex<Facts>,
    adoption: Mutex<Adoption>,
}

/// What is known of a server.
#[derive(Clone)]
pub(super) struct Facts {
    /// Where the connection stands.
    pub(super) state: ServerState,
    since: Timestamp,
    /// What the state means.
    pub(super) detail: String,
    /// Remarks that hold whatever the state.
    pub(super) remarks: Vec<String>,
    /// What it says it is.
    pub(super) product: Option<String>,
    /// Its fabric.
    pub(super) fabric: Option<CompressedFabricId>,
    /// Nodes of a Matter server, and whether it reaches them.
    pub(super) nodes: BTreeMap<u64, bool>,
    /// Devices of a Home Assistant.
    pub(super) devices: u32,
    /// Datasets that it handed over.
    pub(super) datasets: u32,
    /// When it last said something.
    pub(super) last_heard_at: Option<Timestamp>,
}

impl Server {
    /// One that is to be connected to.
    pub(super) fn new(address: String, kind: Kind) -> Self {
        let facts = Facts {
            state: ServerState::Connecting,
            since: clock::now(),
            detail: format!("connecting to {address}"),
            remarks: Vec::new(),
            product: None,
            fabric: None,
            nodes: BTreeMap::new(),
            devices: 0,
            datasets: 0,
            last_heard_at: None,
        };
        Self {
            address,
            kind,
            wake: Notify::new(),
            facts: Mutex::new(facts),
            adoption: Mutex::default(),
        }
    }

    /// What is known of it.
    pub(super) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Devices that are to join Weft's own fabric.
    pub(super) fn adoption(&self) -> MutexGuard<'_, Adoption> {
        self.adoption.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection stands otherwise now.
    pub(super) fn set_state(&self, state: ServerState, detail: String) {
        let mut facts = self.facts();
        if facts.state != state {
            facts.since = clock::now();
        }
        facts.state = state;
        facts.detail = detail;
    }

    /// The connection is lost.
    pub(super) fn set_trouble(&self, trouble: &Trouble, next: &str) {
        let state = match trouble {
            Trouble::Unreachable(_) => ServerState::Unreachable,
            Trouble::Refused(_) => ServerState::Refused,
            Trouble::NotUnderstood(_) => ServerState::NotUnderstood,
        };
        self.set_state(state, format!("{trouble}{next}"));
    }

    /// Nodes that could join Weft's own fabric.
    pub(super) fn adoptable(&self, joiner: Option<&dyn Joiner>) -> Vec<u64> {
        let (fabric, nodes) = {
            let facts = self.facts();
            if facts.state != ServerState::Connected {
                return Vec::new();
            }
            (facts.fabric, facts.nodes.clone())
        };
        // Without the lock: the joiner has locks of its own.
        adoptable(joiner, fabric, &nodes)
    }

    /// For the person.
    pub(super) fn view(&self, joiner: Option<&dyn Joiner>) -> ServerView {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let adoptable = count(self.adoptable(joiner).len());
        let adoption = self.adoption().words();
        let facts = self.facts().clone();
        let mut detail = vec![facts.detail];
        if let Kind::Matter { beside: Some(home) } = &self.kind {
            detail.push(format!("Found beside the Home Assistant at {home}"));
        }
        detail.extend(facts.remarks);
        detail.extend(adoption);
        ServerView {
            id: self.address.clone(),
            address: self.address.clone(),
            product: facts.product,
            fabric: facts.fabric,
            state: facts.state,
            since: facts.since,
            detail: detail.join(". "),
            devices: match self.kind {
                Kind::Matter { .. } => count(facts.nodes.len()),
                Kind::HomeAssistant { .. } => facts.devices,
            },
            adoptable,
            datasets: facts.datasets,
            last_heard_at: facts.last_heard_at,
        }
    }
}
