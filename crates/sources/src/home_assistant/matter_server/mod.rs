//! A Matter server's WebSocket: the API of python-matter-server 6 to 8 and of matterjs-server (schema 11 and later).
//!
//! What is ever sent is in [`request::Request`]: reading, and, when a person asked for it, opening a commissioning window.

mod adoption;
mod information;
mod nodes;
mod readings;
mod request;
mod session;

pub(super) use adoption::{Adoption, adoptable};
pub(super) use information::answers_at;

use super::hub::Hub;
use super::server::Server;
use super::socket::Trouble;
use crate::event::CaptureSender;
use nodes::Nodes;
use readings::Readings;

/// What outlives a connection: a server that comes back is not told anew, and its devices are not asked anew.
#[derive(Default)]
pub(super) struct Memory {
    nodes: Nodes,
    readings: Readings,
}

/// Connects, listens and reads until that fails; why it did.
pub(super) async fn serve(hub: &Hub, server: &Server, sender: &CaptureSender, memory: &mut Memory) -> Trouble {
    let trouble = match session::Session::open(hub, server, sender, memory).await {
        Ok(mut session) => session.run().await,
        Err(trouble) => trouble,
    };
    memory.readings.abandon();
    server.adoption().lost();
    trouble
}
