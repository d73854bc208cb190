//! What all servers share: which there are, what is kept of them, and whether they may be asked.

use super::kept::{self, Kept, List, MAX_SERVERS, Said};
use super::server::{Kind, Server};
use super::{DatasetSink, Joiner, ServersConfig, address};
use crate::sealed::Safe;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use weft_model::{MatterNodeId, Refusal, ServerState, ServerView};
use zeroize::Zeroizing;

/// The longest token; Home Assistant's have some 180 characters.
const MAX_TOKEN_BYTES: usize = 4096;

/// How long things may take; tests take less.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// To connect.
    pub(super) connect: Duration,
    /// From the connection to the server's first word, which both kinds say at once.
    pub(super) greeting: Duration,
    /// For an answer of the server itself.
    pub(super) answer: Duration,
    /// For an answer of a device through it: a sleepy one is waited for.
    pub(super) device: Duration,
    /// Between two signs of life.
    pub(super) ping: Duration,
    /// Without any, the connection is dead.
    pub(super) silence: Duration,
    /// From a change of a registry to the reading of it.
    pub(super) settle: Duration,
    /// Between two readings of what is not told by itself.
    pub(super) reread: Duration,
}

impl Times {
    pub(super) const fn standard() -> Self {
        const fn seconds(seconds: u64) -> Duration {
            Duration::from_secs(seconds)
        }
        Self {
            connect: seconds(10),
            greeting: seconds(8),
            answer: seconds(60),
            device: seconds(120),
            ping: seconds(30),
            silence: seconds(90),
            settle: seconds(5),
            reread: seconds(15 * 60),
        }
    }
}

/// What all servers share.
pub(super) struct Hub {
    pub(super) datasets: Option<DatasetSink>,
    pub(super) joiner: Option<Arc<dyn Joiner>>,
    pub(super) times: Times,
    /// Servers came, went or changed.
    pub(super) wake: Notify,
    pub(super) changed: watch::Sender<u64>,
    safe: Safe,
    is_paused: AtomicBool,
    state: Mutex<State>,
}

struct State {
    kept: List,
    servers: BTreeMap<String, Arc<Server>>,
    said: Said,
}

impl Hub {
    /// With what an earlier run kept.
    pub(super) fn new(config: ServersConfig) -> Self {
        let safe = Safe::at(&config.directory.join("networks"));
        let (kept, problem) = kept::read(&safe);
        if let Some(problem) = problem {
            tracing::warn!(problem, "the Home Assistants and Matter servers of the last run are not known any more");
        }
        let servers = kept.iter().map(|(address, kept)| (address.clone(), Arc::new(server_of(address, kept))));
        let said = kept::read_said(&safe);
        let state = State {
            servers: servers.collect(),
            kept,
            said,
        };
        Self {
            datasets: config.datasets,
            joiner: config.joiner,
            times: Times::standard(),
            wake: Notify::new(),
            changed: watch::Sender::new(0),
            safe,
            is_paused: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is to be seen that was not before.
    pub(super) fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
        self.wake.notify_one();
    }

    /// All servers, by address.
    pub(super) fn servers(&self) -> BTreeMap<String, Arc<Server>> {
        self.state().servers.clone()
    }

    /// What a person sees of one kind of servers.
    pub(super) fn views(&self, matter: bool) -> Vec<ServerView> {
        let servers = self.servers();
        let wanted = servers.values().filter(|server| matches!(server.kind, Kind::Matter { .. }) == matter);
        wanted.map(|server| server.view(self.joiner.as_deref())).collect()
    }

    /// Nobody is to be asked.
    pub(super) fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Relaxed)
    }

    pub(super) fn set_paused(&self, paused: bool) {
        if self.is_paused.swap(paused, Ordering::Relaxed) != paused {
            for server in self.servers().values() {
                server.wake.notify_one();
            }
            self.touch();
        }
    }

    pub(super) fn add_home_assistant(&self, written: &str, token: &str) -> Result<String, Refusal> {
        let address = address::home_assistant(written)?;
        let token = Zeroizing::new(token.trim().to_owned());
        if token.is_empty() || token.len() > MAX_TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Refusal::Wrong(
                "that is no access token: make a long-lived one in Home Assistant (your profile, Security) and copy all of it".to_owned(),
            ));
        }
        self.add(address, Kept::HomeAssistant { token, alone: false })
    }

    pub(super) fn add_matter_server(&self, written: &str) -> Result<String, Refusal> {
        self.add(address::matter_server(written)?, Kept::MatterServer)
    }

    /// Takes a server up, or anew with another token.
    fn add(&self, address: String, new: Kept) -> Result<String, Refusal> {
        {
            let mut state = self.state();
            let mut kept = state.kept.clone();
            kept.insert(address.clone(), new.clone());
            if kept.len() > MAX_SERVERS {
                return Err(Refusal::NotNow(format!("there are {MAX_SERVERS} servers already: remove one first")));
            }
            kept::write(&self.safe, &kept)?;
            state.kept = kept;
            let server = Arc::new(server_of(&address, &new));
            state.servers.insert(address.clone(), server);
        }
        self.touch();
        Ok(address)
    }

    pub(super) fn remove(&self, id: &str) -> Result<(), Refusal> {
        {
            let mut state = self.state();
            let Some(server) = state.servers.get(id).cloned() else {
                return Err(unknown(id));
            };
            let mut kept = state.kept.clone();
            kept.remove(id);
            if let Kind::Matter { beside: Some(home) } = &server.kind
                && let Some(Kept::HomeAssistant { alone, .. }) = kept.get_mut(home)
            {
                *alone = true;
            }
            kept::write(&self.safe, &kept)?;
            state.kept = kept;
            state.servers.remove(id);
            // What was only found beside it goes with it.
            state
                .servers
                .retain(|_, other| !matches!(&other.kind, Kind::Matter { beside: Some(home) } if home == id));
        }
        self.touch();
        Ok(())
    }

    /// True where a Matter server beside this Home Assistant may be looked for: nobody named it, and nobody removed it.
    pub(super) fn may_look_beside(&self, home: &str, address: &str) -> bool {
        let state = self.state();
        !state.servers.contains_key(address) && matches!(state.kept.get(home), Some(Kept::HomeAssistant { alone: false, .. }))
    }

    /// A Matter server was found beside a Home Assistant. It is not kept: it is found again.
    pub(super) fn found_beside(&self, home: &str, address: &str) {
        if !self.may_look_beside(home, address) {
            return;
        }
        {
            let beside = Some(home.to_owned());
            let server = Server::new(address.to_owned(), Kind::Matter { beside });
            self.state().servers.entry(address.to_owned()).or_insert_with(|| Arc::new(server));
        }
        self.touch();
    }

    pub(super) fn adopt(&self, id: &str, nodes: Option<Vec<MatterNodeId>>) -> Result<u32, Refusal> {
        let server = self.servers().get(id).cloned().ok_or_else(|| unknown(id))?;
        if !matches!(server.kind, Kind::Matter { .. }) {
            return Err(Refusal::Wrong(
                "a Home Assistant shares no devices itself: choose its Matter server".to_owned(),
            ));
        }
        if self.joiner.is_none() {
            return Err(Refusal::NotNow("Weft has no fabric of its own here, which devices could join".to_owned()));
        }
        let (state, known) = {
            let facts = server.facts();
            (facts.state, facts.nodes.clone())
        };
        if state != ServerState::Connected {
            return Err(Refusal::NotNow(format!("{id} is not connected now: {}", server.facts().detail)));
        }
        let can_join = server.adoptable(self.joiner.as_deref());
        let wanted: Vec<u64> = match nodes {
            None => can_join,
            Some(nodes) => {
                let nodes: Vec<u64> = nodes.into_iter().map(MatterNodeId::as_u64).collect();
                if let Some(node) = nodes.iter().find(|node| !known.contains_key(node)) {
                    return Err(Refusal::Unknown(format!("{id} knows no node {node}")));
                }
                if let [node] = nodes[..]
                    && !can_join.contains(&node)
                {
                    return Err(Refusal::NotNow(format!(
                        "node {node} cannot join: it has joined already, or {id} does not reach it"
                    )));
                }
                nodes.into_iter().filter(|node| can_join.contains(node)).collect()
            }
        };
        if wanted.is_empty() {
            return Err(Refusal::NotNow(format!(
                "there is no device of {id} that could join: all that it reaches have joined already"
            )));
        }
        let queued = server.adoption().want(wanted);
        server.wake.notify_one();
        self.touch();
        Ok(queued)
    }

    /// What of a device's name and room is news; remembers it.
    pub(super) fn news(&self, devices: Vec<(String, Option<String>, Option<String>)>) -> Vec<(String, Option<String>, Option<String>)> {
        let (news, said) = {
            let mut state = self.state();
            let news = super::assistant::news(&mut state.said, devices);
            (news, state.said.clone())
        };
        if !news.is_empty() {
            kept::write_said(&self.safe, &said);
        }
        news
    }
}

fn server_of(address: &str, kept: &Kept) -> Server {
    let kind = match kept {
        Kept::MatterServer => Kind::Matter { beside: None },
        Kept::HomeAssistant { token, .. } => Kind::HomeAssistant { token: token.clone() },
    };
    Server::new(address.to_owned(), kind)
}

fn unknown(id: &str) -> Refusal {
    Refusal::Unknown(format!("there is no server {id}"))
}

#[cfg(test)]
impl Hub {
    /// The same with other times.
    pub(super) fn hurried(config: ServersConfig) -> Self {
        const fn milliseconds(milliseconds: u64) -> Duration {
            Duration::from_millis(milliseconds)
        }
        let times = Times {
            connect: milliseconds(500),
            greeting: milliseconds(600),
            answer: milliseconds(800),
            device: milliseconds(1500),
            ping: milliseconds(200),
            silence: milliseconds(1000),
            settle: milliseconds(50),
            reread: milliseconds(60_000),
        };
        Self { times, ..Self::new(config) }
    }
}
