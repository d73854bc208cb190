//! The whole mesh without pairing anything: border agents, OpenThread's REST API, and the credentials that open them.
//!
//! The hub knows the ways to each network, tries the best, and says of each what came of it. A way is a [`way::Way`]: it is given a credential and a budget, and
//! sends what it hears as captures.

mod agent;
mod agents;
mod commands;
mod credentials;
mod dongle;
mod hub;
mod kept;
mod otbr;
mod plan;
mod probing;
mod state;
mod sweeping;
#[cfg(test)]
mod tests;
mod view;
mod way;
mod ways;

use self::agent::Goodbyes;
use self::credentials::Credentials;
use self::kept::Kept;
use self::state::State;
use self::ways::{RealWays, Ways};
use crate::clock;
use crate::directory::ServiceDirectory;
use crate::own_node::OwnNode;
use crate::sealed::Safe;
use crate::supervise::{Context, Source, SourceFailure};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use weft_model::{CredentialOrigin, ExtendedPanId, NetworksView, Refusal};
use weft_thread::credential::OperationalDataset;
use zeroize::Zeroizing;

/// What a person gives to open a network.
pub enum Given {
    /// An operational dataset in hexadecimal digits.
    Dataset(Zeroizing<String>),
    /// A PSKc in hexadecimal digits, of a network.
    Pskc(ExtendedPanId, Zeroizing<String>),
    /// A commissioner passphrase of a network that is announced: its name is needed.
    Passphrase(ExtendedPanId, Zeroizing<String>),
}

/// What the hub needs.
pub struct MeshConfig {
    /// Name of the source.
    pub name: String,
    /// Data directory: credentials are kept in a folder of it.
    pub directory: PathBuf,
    /// Border agents that mDNS resolved.
    pub services: crate::directory::ServiceDirectory,
    /// The most radio frames an hour, estimated, that questions to one network may take.
    pub frames_per_hour: u32,
}

/// What [`MeshConfig::frames_per_hour`] is unless somebody says otherwise: a sweep of a home every ten minutes takes a sixth of it.
pub const FRAMES_PER_HOUR: u32 = crate::schedule::AirtimeBudget::FRAMES_PER_HOUR;

/// The hub, as a source.
pub struct MeshSource {
    name: String,
    shared: Arc<Shared>,
}

/// What source and handles share.
struct Shared {
    state: Mutex<State>,
    services: ServiceDirectory,
    ways: Arc<dyn Ways>,
    changed: watch::Sender<u64>,
    /// Rises when the loop has something to look at.
    wake: watch::Sender<u64>,
    /// A node of ours, where there is one.
    node: OnceLock<Arc<dyn OwnNode>>,
    /// Time since the start, which never jumps: [`clock::running_for`].
    now: fn() -> Duration,
}

impl Shared {
    /// With the state for a moment. Never while something is waited for.
    fn with<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        // A panic elsewhere leaves a state that may be used: each change is whole before the next begins.
        what(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells whoever watches that the view has changed.
    fn tell(&self) {
        self.changed.send_modify(|number| *number += 1);
    }

    /// The same, and has the loop look.
    fn tell_all(&self) {
        self.tell();
        self.wake.send_modify(|number| *number += 1);
    }
}

/// Sees and changes the ways to networks. Clones are the same hub. Calls may touch the disk for a moment, but [`MeshHandle::view`] does not.
#[derive(Clone)]
pub struct MeshHandle(Arc<Shared>);

impl MeshSource {
    /// The hub, and a handle for it.
    pub fn new(config: MeshConfig) -> (Self, MeshHandle) {
        let kept = Kept::open(&config.directory);
        let ways = RealWays {
            commissioner_id: kept.commissioner_id.clone(),
            goodbyes: Goodbyes::default(),
        };
        Self::with_ways(config, kept, Arc::new(ways), clock::running_for)
    }

    fn with_ways(config: MeshConfig, kept: Kept, ways: Arc<dyn Ways>, now: fn() -> Duration) -> (Self, MeshHandle) {
        let by_hand = kept.by_hand.clone();
        let mut state = State {
            credentials: Credentials::open(Safe::at(&config.directory.join("networks"))),
            directory: config.directory,
            kept,
            paths: Default::default(),
            groups: Default::default(),
            heard: None,
            frames_per_hour: config.frames_per_hour,
        };
        // So that the next run has the same name as a commissioner, though this one be killed.
        if let Err(error) = state.keep() {
            tracing::error!(%error, "what belongs to networks cannot be kept");
        }
        for address in by_hand {
            match ways.api(&address) {
                Ok(api) => drop(state.add_api(api, None, now())),
                Err(reason) => tracing::error!(address, reason, "a kept address cannot be used"),
            }
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            services: config.services,
            ways,
            changed: watch::Sender::new(0),
            wake: watch::Sender::new(0),
            node: OnceLock::new(),
            now,
        });
        let handle = MeshHandle(Arc::clone(&shared));
        (Self { name: config.name, shared }, handle)
    }
}

impl Source for MeshSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(self: Arc<Self>, context: Context) -> Pin<Box<dyn Future<Output = Result<(), SourceFailure>> + Send>> {
        Box::pin(async move {
            hub::run(Arc::clone(&self.shared), context).await;
            Ok(())
        })
    }
}

impl MeshHandle {
    /// Everything at this moment. The parts of other sources (servers) are empty. No secret is in it.
    pub fn view(&self) -> NetworksView {
        self.0.with(|state| state.view((self.0.now)()))
    }

    /// Counts the changes of [`Self::view`].
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Keeps what a person gave; the network is asked as soon as it may be.
    ///
    /// # Errors
    /// Where it is no credential, or cannot be kept.
    pub fn give(&self, given: Given) -> Result<ExtendedPanId, Refusal> {
        let given = self.0.with(|state| state.give(given, (self.0.now)()))?;
        self.0.tell_all();
        Ok(given)
    }

    /// Keeps a dataset that a program handed over, unless a newer one is there, or one that was entered by hand or proved itself and that this one does not
    /// follow from: then it is told of in the view, and used as soon as every border router refuses the kept one. True: it is used.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub fn learn(&self, dataset: &OperationalDataset, origin: CredentialOrigin, origin_name: Option<&str>) -> Result<bool, Refusal> {
        let is_news = self.0.with(|state| state.learn(dataset, origin, origin_name, (self.0.now)()))?;
        if is_news {
            self.0.tell_all();
        } else {
            // What is not used may still be told of.
            self.0.tell();
        }
        Ok(is_news)
    }

    /// Enters a border router with a one-time passcode, by the id of its way; what comes of it stands in the view.
    ///
    /// # Errors
    /// Where it is no passcode, there is no such way, or it waits for none.
    pub fn enter(&self, path: &str, passcode: &str) -> Result<(), Refusal> {
        self.0.with(|state| state.enter(path, passcode))?;
        self.0.tell_all();
        Ok(())
    }

    /// Forgets the credential of a network.
    ///
    /// # Errors
    /// Where there is none, or it cannot be removed.
    pub fn forget(&self, network: ExtendedPanId) -> Result<(), Refusal> {
        self.0.with(|state| state.forget(network))?;
        self.0.tell_all();
        Ok(())
    }

    /// Takes up a border router's REST API by its address (`192.0.2.1`, `http://192.0.2.1:8081`); gives the id of the way.
    ///
    /// # Errors
    /// Where it is no address, or cannot be kept.
    pub fn add_rest(&self, address: &str) -> Result<String, Refusal> {
        let api = self.0.ways.api(address).map_err(Refusal::Wrong)?;
        let id = self.0.with(|state| state.name_api(api, (self.0.now)()))?;
        self.0.tell_all();
        Ok(id)
    }

    /// Gives up a way that a person named.
    ///
    /// # Errors
    /// Where there is no such way, or nobody named it.
    pub fn remove(&self, path: &str) -> Result<(), Refusal> {
        self.0.with(|state| state.remove(path, (self.0.now)()))?;
        self.0.tell_all();
        Ok(())
    }

    /// Asks a network, or all, as soon as it may be asked; or one way, whatever stands by.
    ///
    /// # Errors
    /// Where there is no such network or way, or nothing may be asked now.
    pub fn ask_now(&self, network: Option<ExtendedPanId>, path: Option<&str>) -> Result<(), Refusal> {
        self.0.with(|state| state.ask_now(network, path, (self.0.now)()))?;
        self.0.tell_all();
        Ok(())
    }

    /// Stops or resumes all questions.
    ///
    /// # Errors
    /// Where it could not be kept: it holds all the same, until Weft ends.
    pub fn set_paused(&self, paused: bool) -> Result<(), Refusal> {
        let kept = self.0.with(|state| {
            state.kept.paused = paused;
            state.keep()
        });
        self.0.tell_all();
        kept.map_err(|error| {
            let what = if paused { "paused" } else { "resumed" };
            Refusal::Failed(format!(
                "questions are {what} now, but that cannot be kept, and will be otherwise after a restart: {error}"
            ))
        })
    }

    /// Takes up the node that a radio dongle may be in a mesh as a way to it. Once: a second one is not taken.
    pub fn set_dongle(&self, node: Arc<dyn OwnNode>) {
        let _ = self.0.node.set(node);
        self.0.tell_all();
    }

    /// The dataset that is kept of a network, with its keys, for whoever opens frames.
    pub fn dataset(&self, network: ExtendedPanId) -> Option<OperationalDataset> {
        self.0.with(|state| state.credentials.get(network)?.dataset.clone())
    }
}
