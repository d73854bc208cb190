//! What others see of Weft: the HTTP API with server-sent events, its OpenAPI document, and a plain page.
//!
//! The server knows no source and no clock. The binary hands it conclusions through a [`Publisher`], the past through [`History`],
//! and the time as a function. Nothing here waits for a slow client: whoever falls behind gets a new snapshot.

mod access;
mod border_routers;
mod captures;
mod change;
mod compare;
mod detail;
mod dongle;
mod download;
mod events;
pub mod export;
mod fabric;
mod follow;
mod history;
mod listener;
mod lookup;
mod network_check;
mod networks;
mod openapi;
mod page;
mod plan;
mod problem;
mod publish;
mod query;
pub mod report;
mod server;
mod session;
mod status;
mod timeline;
mod token;
mod views;

#[cfg(test)]
mod testing;

pub use dongle::Dongle;
pub use fabric::{Entered, Leaving, Left, Pairing, RefusedCode, device_address};
pub use history::{History, HistoryError};
pub use network_check::NetworkCheck;
pub use networks::{Adopted, CredentialPlace, Ecosystem, Given, Networks, Opened, PlaceKind, ServerKind, TakenUp, ecosystems};
pub use publish::{Published, Publisher};
pub use server::{Config, ConfigError, ServeError, Server, router, serve};
pub use status::{SourceStatus, Status, StoreStatus};
pub use timeline::Recorded;
pub use token::{Token, TokenError};
