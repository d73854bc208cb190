//! Weft on a machine of the home's LAN: what it shows of networks and the ways to them.

use super::harness::{Answer, Host, Weft};
use super::live::patiently;
use crate::said::text;
use serde_json::{Value, json};
use std::time::Duration;

/// How long it may take until mDNS has brought a border router.
const FOUND_WITHIN: Duration = Duration::from_secs(60);
/// How long it may take until a network may be asked again.
const ASKED_WITHIN: Duration = Duration::from_secs(60);

/// A running service without a Matter fabric.
pub fn start(host: &Host) -> Weft {
    Weft::start_with(host, &["--no-matter", "--frames-per-hour", "60000"])
}

/// What is asked of networks.
pub trait Networks {
    /// The ways to one network, or why they are not shown.
    fn network(&self, extended_pan_id: &str) -> Result<Value, String>;

    /// The way through the border agent with an extended address.
    fn way(&self, extended_pan_id: &str, extended_address: &str) -> Result<Value, String>;

    /// Waits until that way is in a state; the way.
    fn way_is(&self, extended_pan_id: &str, extended_address: &str, state: &str, within: Duration) -> Value;

    /// Waits until that way brought something later than a moment (`last_success_at` of before); the way.
    fn brought(&self, extended_pan_id: &str, extended_address: &str, since: &Value, within: Duration) -> Value;

    /// Waits until the border router is found.
    fn finds(&self, extended_pan_id: &str, extended_address: &str) -> Value;

    /// Enters a credential; the answer.
    fn give(&self, credential: &Value) -> Answer;

    /// Enters a one-time passcode; the answer.
    fn enter(&self, path: &Value, passcode: &str) -> Answer;

    /// Has one way asked now.
    fn ask(&self, path: &Value);
}

impl Networks for Weft {
    fn network(&self, extended_pan_id: &str) -> Result<Value, String> {
        let answer = self.request("GET", "/api/v1/networks", None)?;
        let networks = answer.body["networks"].as_array().ok_or_else(|| format!("no networks: {answer:?}"))?;
        let network = networks.iter().find(|network| network["extended_pan_id"] == extended_pan_id);
        network.cloned().ok_or_else(|| format!("no network {extended_pan_id}: {}", answer.body))
    }

    fn way(&self, extended_pan_id: &str, extended_address: &str) -> Result<Value, String> {
        let network = self.network(extended_pan_id)?;
        let ways = network["paths"].as_array().ok_or("no ways")?;
        let way = ways
            .iter()
            .find(|way| way["kind"] == "border-agent" && way["extended_address"] == extended_address);
        way.cloned().ok_or_else(|| format!("no way through {extended_address}: {network}"))
    }

    fn way_is(&self, extended_pan_id: &str, extended_address: &str, state: &str, within: Duration) -> Value {
        patiently(&format!("the way through {extended_address} is {state}"), within, || {
            let way = self.way(extended_pan_id, extended_address)?;
            if way["state"] == state { Ok(way) } else { Err(way.to_string()) }
        })
    }

    fn brought(&self, extended_pan_id: &str, extended_address: &str, since: &Value, within: Duration) -> Value {
        let before = since.as_str().unwrap_or_default();
        patiently(&format!("the way through {extended_address} brings the mesh"), within, || {
            let way = self.way(extended_pan_id, extended_address)?;
            // Moments are written so that later ones sort later.
            let is_new = text(&way, "last_success_at") > before;
            if is_new && way["brought"].is_object() {
                Ok(way)
            } else {
                Err(self.network(extended_pan_id)?["paths"].to_string())
            }
        })
    }

    fn finds(&self, extended_pan_id: &str, extended_address: &str) -> Value {
        patiently(&format!("border router {extended_address} is found"), FOUND_WITHIN, || {
            self.way(extended_pan_id, extended_address)
        })
    }

    fn give(&self, credential: &Value) -> Answer {
        self.request("POST", "/api/v1/networks/credentials", Some(credential)).unwrap()
    }

    fn enter(&self, path: &Value, passcode: &str) -> Answer {
        let body = json!({ "path": path, "passcode": passcode });
        self.request("POST", "/api/v1/networks/passcode", Some(&body)).unwrap()
    }

    fn ask(&self, path: &Value) {
        // Nobody is asked more often than every few seconds, whoever wishes it.
        patiently("the way may be asked", ASKED_WITHIN, || {
            let answer = self.request("POST", "/api/v1/networks/ask", Some(&json!({ "path": path })))?;
            if answer.status == 200 { Ok(()) } else { Err(answer.body.to_string()) }
        });
    }
}
