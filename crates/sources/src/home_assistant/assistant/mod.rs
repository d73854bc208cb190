//! Home Assistant's WebSocket API (`/api/websocket`, documented at developers.home-assistant.io): names, rooms and Thread datasets.
//!
//! What is ever sent is in [`command::Command`]: nothing of it changes anything there.

mod command;
mod datasets;
mod registry;
mod session;

pub(super) use registry::news;
pub(super) use session::serve;
