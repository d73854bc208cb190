//! The ways to whole networks, as the binary hands them in: credentials, border routers that are asked, servers that tell what they know.
//!
//! The server opens no credential and knows no border router: it checks who asks, bounds what is sent, and passes it on.

mod ecosystems;
mod routes;

pub use ecosystems::{CredentialPlace, Ecosystem, PlaceKind, ecosystems};
pub(crate) use routes::*;

use crate::change::Room;
use crate::problem::Problem;
use crate::server::Server;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::watch;
use utoipa::ToSchema;
use weft_model::{ExtendedPanId, MatterNodeId, NetworksView, Refusal};
use zeroize::Zeroizing;

/// What the server asks of whoever knows the ways to networks. Calls may touch the disk for a moment; the server makes them from threads made for that, but
/// for [`Networks::view`] and [`Networks::changed`], which it calls from its own, inside a runtime.
pub trait Networks: Send + Sync + 'static {
    /// Everything at this moment. No secret is in it.
    fn view(&self) -> NetworksView;

    /// Counts the changes of [`Networks::view`].
    fn changed(&self) -> watch::Receiver<u64>;

    /// Keeps a credential; gives whose it is.
    ///
    /// # Errors
    /// Where it is none, or cannot be kept. No text repeats it.
    fn give(&self, given: Given) -> Result<ExtendedPanId, Refusal>;

    /// Forgets the credential of a network.
    ///
    /// # Errors
    /// Where there is none, or it cannot be removed.
    fn forget(&self, network: ExtendedPanId) -> Result<(), Refusal>;

    /// Enters a border router with a one-time passcode, by the id of its way.
    ///
    /// # Errors
    /// Where it is no passcode, there is no such way, or it waits for none.
    fn enter(&self, path: &str, passcode: &str) -> Result<(), Refusal>;

    /// Asks a network or one way, or all, as soon as they may be asked.
    ///
    /// # Errors
    /// Where there is no such network or way, or nothing may be asked now.
    fn ask(&self, network: Option<ExtendedPanId>, path: Option<&str>) -> Result<(), Refusal>;

    /// Takes up a border router's REST API by its address; gives the id of the way.
    ///
    /// # Errors
    /// Where it is no address, or cannot be kept.
    fn add_path(&self, address: &str) -> Result<String, Refusal>;

    /// Gives up a way that a person named.
    ///
    /// # Errors
    /// Where there is no such way, or nobody named it.
    fn remove_path(&self, id: &str) -> Result<(), Refusal>;

    /// Takes up a server by its address, with its token where it wants one; gives its id.
    ///
    /// # Errors
    /// Where it is no address or token, or cannot be kept.
    fn add_server(&self, kind: ServerKind, address: &str, token: Option<Zeroizing<String>>) -> Result<String, Refusal>;

    /// Leaves a server, and forgets its token.
    ///
    /// # Errors
    /// Where there is no such server, or it cannot be forgotten.
    fn remove_server(&self, id: &str) -> Result<(), Refusal>;

    /// Joins devices of a Matter server to Weft's own fabric: these, or all that can be. Gives how many are queued.
    ///
    /// # Errors
    /// Where there is no such server, it is not connected, or there is no fabric.
    fn adopt(&self, id: &str, nodes: Option<Vec<MatterNodeId>>) -> Result<u32, Refusal>;

    /// Stops or resumes all questions.
    ///
    /// # Errors
    /// Where it could not be kept.
    fn set_paused(&self, paused: bool) -> Result<(), Refusal>;
}

/// What a person gives to open a network.
pub enum Given {
    /// An operational dataset in hexadecimal digits.
    Dataset(Zeroizing<String>),
    /// What opens a network that is named.
    Of(ExtendedPanId, Opened),
}

/// What opens border agents of a network.
pub enum Opened {
    /// With its PSKc, in hexadecimal digits.
    Pskc(Zeroizing<String>),
    /// With its commissioner passphrase.
    Passphrase(Zeroizing<String>),
}

/// What a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// Home Assistant: names, areas, stored Thread datasets. Wants a long-lived access token.
    HomeAssistant,
    /// A Matter server, Home Assistant's or one of its own: what the devices of its fabric tell.
    MatterServer,
}

/// What was taken up, and how things are now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TakenUp {
    /// Id of the new way or server.
    pub id: String,
    /// Everything.
    pub networks: NetworksView,
}

/// What came of adopting devices of a Matter server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Adopted {
    /// How many devices are queued; the fabric's jobs tell how it goes on.
    pub queued: u32,
}

/// This part of the API.
pub(crate) struct NetworksRoom;

impl Room for NetworksRoom {
    type Keeper = dyn Networks;
    type View = NetworksView;

    fn keeper(server: &Server) -> Result<Arc<dyn Networks>, Problem> {
        server.networks.get().cloned().ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_IMPLEMENTED,
                "no-networks",
                "This service asks no networks",
                "It was started as a demo, as a replay, or with --no-networks. Start it with `weft serve` to ask whole networks.",
            )
        })
    }

    fn seen(keeper: &(dyn Networks + 'static)) -> NetworksView {
        keeper.view()
    }
}

impl Server {
    /// The same service, which asks whole networks through `networks`.
    #[must_use]
    pub fn with_networks(self, networks: Arc<dyn Networks>) -> Self {
        // Set once, by whoever made the service.
        let _ = self.networks.set(networks);
        self
    }
}

#[cfg(test)]
mod double;
#[cfg(test)]
pub(crate) use double::Double;
#[cfg(test)]
mod tests;
