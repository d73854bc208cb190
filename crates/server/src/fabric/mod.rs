//! Weft's own Matter fabric, as the binary hands it in: devices that join, devices that have joined, what a person may change.
//!
//! The server reads no setup code and knows no device: it checks who asks, bounds what is sent, and passes it on.

mod routes;

pub(crate) use routes::*;

use crate::change::Room;
use crate::problem::Problem;
use crate::server::Server;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::watch;
use utoipa::ToSchema;
use weft_model::{AttestationChoice, FabricView, MatterNodeId, Refusal};

/// What the server asks of whoever runs the fabric. Calls may touch the disk for a moment; the server makes them from threads made for that, but for
/// [`Pairing::view`] and [`Pairing::changed`], which it calls from its own.
pub trait Pairing: Send + Sync + 'static {
    /// Everything at this moment. No secret is in it.
    fn view(&self) -> FabricView;

    /// Counts the changes of [`Pairing::view`].
    fn changed(&self) -> watch::Receiver<u64>;

    /// Queues a job for each setup code in `codes`, a text as people enter it: one or many codes, by lines or spaces.
    /// `address` is where the device is, where the person says so; then there is one code only.
    ///
    /// # Errors
    /// Where no job can be queued at all. A code that is none is no error: it is refused in the answer. No text repeats a code.
    fn pair(&self, codes: &str, address: Option<SocketAddr>, accept_attestation: bool) -> Result<Entered, Refusal>;

    /// The same for the codes in a picture.
    ///
    /// # Errors
    /// Where it is no picture, or shows no code.
    fn photo(&self, image: &[u8], accept_attestation: bool) -> Result<Entered, Refusal>;

    /// Tries a job again.
    ///
    /// # Errors
    /// Where there is no such job, or it cannot be tried again.
    fn retry(&self, job: u64, accept_attestation: bool) -> Result<(), Refusal>;

    /// Gives a job up. What was begun on the device is taken back.
    ///
    /// # Errors
    /// Where there is no such job, or it is over.
    fn cancel(&self, job: u64) -> Result<(), Refusal>;

    /// Leaves devices: each is told to remove the fabric. With `forget`, those that cannot be told are given up all the same.
    fn unpair(&self, nodes: Vec<MatterNodeId>, forget: bool) -> Leaving;

    /// Stops or resumes all questions to devices.
    ///
    /// # Errors
    /// Where it could not be kept.
    fn set_paused(&self, paused: bool) -> Result<(), Refusal>;

    /// Asks a device, or all, as soon as it may be asked.
    ///
    /// # Errors
    /// Where there is no such device, or nothing may be asked now.
    fn refresh(&self, node: Option<MatterNodeId>) -> Result<(), Refusal>;

    /// What is done when a device proves too little about its maker.
    ///
    /// # Errors
    /// Where it could not be kept.
    fn set_attestation(&self, choice: AttestationChoice) -> Result<(), Refusal>;

    /// Whether Weft may register with a long-idle device to be told when it wakes.
    ///
    /// # Errors
    /// Where there is no such device, or it could not be kept.
    fn set_check_in(&self, node: MatterNodeId, wanted: bool) -> Result<(), Refusal>;
}

/// Where a Matter device listens that says nothing else (Matter core specification 1.4, 2.5.6.3).
const MATTER_PORT: u16 = 5540;

/// A device's address as a person writes it, with or without a port.
///
/// # Errors
/// What is expected.
pub fn device_address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let unbracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let bare = || unbracketed.parse().map(|address| SocketAddr::new(address, MATTER_PORT));
    text.parse()
        .or_else(|_| bare())
        .map_err(|_| format!("expected an address like [fd00::1]:{MATTER_PORT} or 192.0.2.7:{MATTER_PORT}"))
}

/// What comes of leaving, when it is over.
pub type Leaving = Pin<Box<dyn Future<Output = Result<Vec<Left>, Refusal>> + Send>>;

/// What became of entered codes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entered {
    /// Ids of the jobs that were queued.
    pub jobs: Vec<u64>,
    /// What was taken for a code and is none.
    pub refused: Vec<RefusedCode>,
}

/// A text that is no setup code, or one that is worked on already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedCode {
    /// The text, masked.
    pub code: String,
    /// Why, and what to do.
    pub why: String,
}

/// What became of leaving one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Left {
    /// Its node id.
    pub node: MatterNodeId,
    /// It is not ours any more.
    pub ok: bool,
    /// Why it still is, or what was left behind.
    pub error: Option<String>,
}

/// This part of the API.
pub(crate) struct FabricRoom;

impl Room for FabricRoom {
    type Keeper = dyn Pairing;
    type View = FabricView;

    fn keeper(server: &Server) -> Result<Arc<dyn Pairing>, Problem> {
        server.pairing.clone().ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_IMPLEMENTED,
                "no-fabric",
                "This service pairs no devices",
                "It was started as a demo, as a replay, or with --no-matter. Start it with `weft serve` to pair devices.",
            )
        })
    }

    fn seen(keeper: &(dyn Pairing + 'static)) -> FabricView {
        keeper.view()
    }
}

#[cfg(test)]
mod double;
#[cfg(test)]
pub(crate) use double::Double;
#[cfg(test)]
mod tests;
