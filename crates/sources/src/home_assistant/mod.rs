//! Home Assistant and Matter servers: what they already know, told live. Reading changes nothing there.
//!
//! Weft's own fabric can join what a Matter server manages without a code being typed: the server opens a commissioning window on each node, and the code goes to
//! whoever pairs ([`Joiner`]). That happens only when a person asks for it.

mod address;
mod assistant;
mod hub;
mod kept;
mod matter_server;
mod run;
mod server;
mod socket;
#[cfg(test)]
mod tests;

use crate::supervise::{Context, Source, SourceFailure};
use hub::Hub;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::watch;
use weft_model::{CredentialOrigin, MatterNodeId, Refusal, ServerView};
use weft_thread::credential::OperationalDataset;
use zeroize::Zeroizing;

/// Takes datasets that a server handed over: origin, and the server's name.
pub type DatasetSink = Arc<dyn Fn(&OperationalDataset, CredentialOrigin, &str) + Send + Sync>;

/// Joins devices to Weft's own fabric by their codes.
pub trait Joiner: Send + Sync + 'static {
    /// Queues a device; gives the number of the job.
    ///
    /// # Errors
    /// Why not, for the person.
    fn join(&self, code: Zeroizing<String>) -> Result<u64, String>;

    /// Whether a job is over, and whether it succeeded.
    fn outcome(&self, job: u64) -> Option<bool>;

    /// True where the fabric has joined this device already, by its (compressed fabric, node) on the server's fabric or its address: best effort.
    fn has(&self, fabric: weft_model::CompressedFabricId, node: MatterNodeId) -> bool;
}

/// What the source needs.
pub struct ServersConfig {
    /// Name of the source.
    pub name: String,
    /// Data directory.
    pub directory: PathBuf,
    /// Takes datasets.
    pub datasets: Option<DatasetSink>,
    /// Joins devices; without one, nothing can be adopted.
    pub joiner: Option<Arc<dyn Joiner>>,
}

/// All servers that a person named, as one source.
pub struct ServersSource {
    name: String,
    hub: Arc<Hub>,
}

/// Sees and changes the servers. Clones are the same.
#[derive(Clone)]
pub struct ServersHandle(Arc<Hub>);

impl ServersSource {
    /// The source, and a handle for it.
    pub fn new(config: ServersConfig) -> (Self, ServersHandle) {
        let name = config.name.clone();
        Self::with(name, Hub::new(config))
    }

    fn with(name: String, hub: Hub) -> (Self, ServersHandle) {
        let hub = Arc::new(hub);
        let handle = ServersHandle(Arc::clone(&hub));
        (Self { name, hub }, handle)
    }
}

impl Source for ServersSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(self: Arc<Self>, context: Context) -> Pin<Box<dyn Future<Output = Result<(), SourceFailure>> + Send>> {
        Box::pin(async move {
            run::run(Arc::clone(&self.hub), context).await;
            Ok(())
        })
    }
}

impl ServersHandle {
    /// Home Assistants.
    pub fn home_assistants(&self) -> Vec<ServerView> {
        self.0.views(false)
    }

    /// Matter servers.
    pub fn matter_servers(&self) -> Vec<ServerView> {
        self.0.views(true)
    }

    /// Counts the changes of both.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Takes up a Home Assistant by its address (`homeassistant.local`, `http://192.0.2.1:8123`) and a long-lived access token; one that is known takes the
    /// new token. Gives its id.
    ///
    /// # Errors
    /// Where it is no address or token, or cannot be kept.
    pub fn add_home_assistant(&self, address: &str, token: Zeroizing<String>) -> Result<String, Refusal> {
        self.0.add_home_assistant(address, &token)
    }

    /// Takes up a Matter server by its address (`homeassistant.local`, `ws://192.0.2.1:5580/ws`). Gives its id.
    ///
    /// # Errors
    /// Where it is no address, or cannot be kept.
    pub fn add_matter_server(&self, address: &str) -> Result<String, Refusal> {
        self.0.add_matter_server(address)
    }

    /// Leaves a server, and forgets its token.
    ///
    /// # Errors
    /// Where there is no such server, or it cannot be forgotten.
    pub fn remove(&self, id: &str) -> Result<(), Refusal> {
        self.0.remove(id)
    }

    /// Joins devices of a Matter server to Weft's own fabric: all that can be, or these. Gives how many are queued.
    ///
    /// # Errors
    /// Where there is no such server, it is not connected, or there is no fabric.
    pub fn adopt(&self, id: &str, nodes: Option<Vec<MatterNodeId>>) -> Result<u32, Refusal> {
        self.0.adopt(id, nodes)
    }

    /// Stops or resumes what makes the server ask devices; listening goes on.
    pub fn set_paused(&self, paused: bool) {
        self.0.set_paused(paused);
    }
}
