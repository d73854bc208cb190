//! The fleet of virtual devices (`fleet/fleet.mjs`), and what may be done to it.

use super::Host;
use super::http::request;
use super::program::Script;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use weft_tests::Truth;

/// How the radio is. Times in milliseconds; `loss` is a share of the datagrams in each direction.
#[derive(Debug, Clone, Copy, Default)]
pub struct Radio {
    /// One-way delay of a hop.
    pub latency: u32,
    /// The most on top of it.
    pub jitter: u32,
    /// What is lost.
    pub loss: f32,
    /// How often sleepy devices listen; 0: always.
    pub poll: u32,
}

/// A running fleet.
pub struct Fleet {
    script: Script,
}

/// What the fleet says of one of its devices.
#[derive(Debug, Clone, Deserialize)]
pub struct Device {
    /// Its name in the mesh, and in the calls below.
    pub extended_address: String,
    /// What people call it.
    pub name: String,
    /// Its routable address.
    pub address: String,
    /// It sleeps.
    pub sleepy: bool,
    /// It is switched on, and has started.
    pub up: bool,
    /// Its first setup code, of 11 digits.
    pub manual_code: Option<String>,
    /// The same as a QR payload.
    pub qr_code: Option<String>,
    /// Somebody's commissioning is under way.
    pub fail_safe_armed: bool,
    /// The message that a trap caught.
    pub caught: Option<String>,
    /// Who has a place in it.
    pub fabrics: Vec<FabricPlace>,
    /// Datagrams.
    pub traffic: Traffic,
    /// Messages by name (`read`, `sigma1`, `csr`, …), and chunks of reports.
    pub messages: BTreeMap<String, u64>,
}

/// A fabric's place in a device.
#[derive(Debug, Clone, Deserialize)]
pub struct FabricPlace {
    /// Its label.
    pub label: String,
}

/// Datagrams of a device.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Traffic {
    /// That reached it.
    pub received: u64,
    /// That it sent.
    pub sent: u64,
}

impl Device {
    /// How often a message came.
    pub fn messages(&self, name: &str) -> u64 {
        self.messages.get(name).copied().unwrap_or(0)
    }

    /// Labels of its fabrics, sorted.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels: Vec<&str> = self.fabrics.iter().map(|fabric| fabric.label.as_str()).collect();
        labels.sort_unstable();
        labels
    }
}

impl Fleet {
    /// Starts the devices of a mesh: a file, or `grow:routers=…` (see `fleet/mesh.mjs`).
    pub fn start(host: &Host, mesh: &str, radio: Radio) -> Self {
        let numbers = [
            radio.latency.to_string(),
            radio.jitter.to_string(),
            radio.loss.to_string(),
            radio.poll.to_string(),
        ];
        let arguments = [
            "--mesh",
            mesh,
            "--latency",
            &numbers[0],
            "--jitter",
            &numbers[1],
            "--loss",
            &numbers[2],
            "--poll",
            &numbers[3],
        ];
        Self {
            script: Script::start(host, "fleet", &arguments),
        }
    }

    /// Asks it for something (the actions at the end of `fleet.mjs`).
    ///
    /// # Panics
    /// Where it cannot do that.
    pub fn call(&self, action: &str, parameters: &Value) -> Value {
        call(&self.script, action, parameters)
    }

    /// All devices, in the order of the description.
    pub fn devices(&self) -> Vec<Device> {
        serde_json::from_value(self.call("devices", &json!({}))).expect("the fleet describes devices")
    }

    /// One device.
    pub fn device(&self, extended_address: &str) -> Device {
        let devices: Vec<Device> = serde_json::from_value(self.call("devices", &json!({ "device": extended_address }))).expect("a device");
        devices.into_iter().next().expect("one device")
    }

    /// What is true, and what the tables of all devices can know of it.
    pub fn truth(&self) -> Truth {
        serde_json::from_value(self.call("truth", &json!({}))).expect("a truth")
    }

    /// The same where only some devices are paired.
    pub fn truth_of(&self, paired: &[&str]) -> Truth {
        serde_json::from_value(self.call("truth", &json!({ "paired": paired }))).expect("a truth")
    }

    /// Makes a device do something wrong: see `Faults` in `fleet/faults.mjs`. `null` takes a fault away.
    pub fn faults(&self, extended_address: &str, faults: Value) {
        let mut parameters = faults;
        parameters["device"] = json!(extended_address);
        self.call("faults", &parameters);
    }

    /// The certificate of the attestation authority of all devices, DER.
    pub fn authority(&self) -> Vec<u8> {
        let answer = self.call("authority", &json!({}));
        let hex = answer["certificate"].as_str().expect("a certificate");
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    /// The fleet's process, for measuring.
    pub fn process(&self) -> u32 {
        self.script.program.id()
    }
}

/// One call to a script of ours.
pub(super) fn call(script: &Script, action: &str, parameters: &Value) -> Value {
    let (status, text) = request(&script.socket, "POST", &format!("/{action}"), &[], &parameters.to_string())
        .unwrap_or_else(|error| panic!("{action}: the peer does not answer: {error}"));
    assert_eq!(status, 200, "{action} {parameters}: {text}");
    serde_json::from_str(&text).expect("peers answer in JSON")
}
