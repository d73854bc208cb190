//! The radio dongle, as the binary hands it in: how it is doing, and what people may wish of it.
//!
//! The server knows no port and no radio: it checks who asks, bounds what is sent, and passes it on.

mod routes;

pub(crate) use routes::*;

use crate::change::Room;
use crate::problem::Problem;
use crate::server::Server;
use axum::http::StatusCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use weft_model::{Channel, DongleView, ExtendedPanId, Refusal};

/// What the server asks of whoever has the dongle. Calls may touch the disk for a moment; the server makes them from threads made for that, but for
/// [`Dongle::view`] and [`Dongle::changed`].
pub trait Dongle: Send + Sync + 'static {
    /// How it is doing.
    fn view(&self) -> DongleView;

    /// Counts the changes of [`Dongle::view`].
    fn changed(&self) -> watch::Receiver<u64>;

    /// Goes through all channels once, for `dwell` on each, and comes back.
    ///
    /// # Errors
    /// Where it does not listen, scans already, or takes part in a mesh.
    fn scan(&self, dwell: Duration) -> Result<(), Refusal>;

    /// Listens on a channel from now on; `None`: looks for the one with a Thread network.
    ///
    /// # Errors
    /// Where the dongle cannot listen there, or takes part in a mesh.
    fn listen(&self, channel: Option<Channel>) -> Result<(), Refusal>;

    /// Takes part in a mesh from now on, also after a restart, until [`Dongle::leave`].
    ///
    /// # Errors
    /// Where Weft has no dataset with the network's key, the firmware only listens, or that cannot be kept.
    fn join(&self, network: ExtendedPanId) -> Result<(), Refusal>;

    /// Says goodbye to the mesh, and listens again.
    ///
    /// # Errors
    /// Where it takes part in none, or that cannot be kept.
    fn leave(&self) -> Result<(), Refusal>;
}

/// This part of the API.
pub(crate) struct DongleRoom;

impl Room for DongleRoom {
    type Keeper = dyn Dongle;
    type View = DongleView;

    fn keeper(server: &Server) -> Result<Arc<dyn Dongle>, Problem> {
        server.dongle.get().cloned().ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_IMPLEMENTED,
                "no-dongle",
                "This service has no dongle",
                "It was started without a dongle. Plug in one with OpenThread's RCP firmware, and start the service with `weft serve --dongle auto`.",
            )
        })
    }

    fn seen(keeper: &(dyn Dongle + 'static)) -> DongleView {
        keeper.view()
    }
}

impl Server {
    /// The same service, which listens to the air, and takes part in a mesh, through `dongle`.
    #[must_use]
    pub fn with_dongle(self, dongle: Arc<dyn Dongle>) -> Self {
        // Set once, by whoever made the service.
        let _ = self.dongle.set(dongle);
        self
    }
}

#[cfg(test)]
mod double;
#[cfg(test)]
mod tests;
