//! The way to the dongle: through the service that has it.

use crate::client::{ANSWER_WITHIN, Service};
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;
use std::path::Path;
use weft_model::{Channel, DongleView, ExtendedPanId, NetworksView};

const DONGLE: &str = "/api/v1/dongle";

/// A client of the service that has the dongle.
pub(super) struct Door(Service);

impl Door {
    /// # Errors
    /// Where no service runs.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        let service = Service::of(directory).context(
            "no service is running, and the dongle belongs to one: start it with `weft serve --dongle auto`. `weft sniff` listens without a service",
        )?;
        Ok(Self(service))
    }

    pub(super) fn view(&self) -> Result<DongleView> {
        self.0.get(DONGLE)
    }

    /// The networks that the service knows.
    pub(super) fn networks(&self) -> Result<NetworksView> {
        self.0.get("/api/v1/networks")
    }

    pub(super) fn scan(&self, dwell_milliseconds: Option<u64>) -> Result<DongleView> {
        let body = dwell_milliseconds.map_or_else(|| json!({}), |dwell| json!({ "dwell_milliseconds": dwell }));
        self.wish("scan", &body)
    }

    pub(super) fn listen(&self, channel: Option<Channel>) -> Result<DongleView> {
        self.wish("listen", &json!({ "channel": channel }))
    }

    pub(super) fn join(&self, network: ExtendedPanId) -> Result<DongleView> {
        self.wish("join", &json!({ "extended_pan_id": network }))
    }

    pub(super) fn leave(&self) -> Result<DongleView> {
        self.wish("leave", &json!({}))
    }

    fn wish(&self, what: &str, body: &impl Serialize) -> Result<DongleView> {
        self.0.post(&format!("{DONGLE}/{what}"), body, ANSWER_WITHIN)
    }
}

impl std::fmt::Display for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
