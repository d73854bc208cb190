//! Another ecosystem (`fleet/ecosystem.mjs`): a matter.js controller that owns devices first and shares them.

use super::fleet::{Device, call};
use super::program::Script;
use super::{Fleet, Host};
use serde::Deserialize;
use serde_json::{Value, json};

/// A running controller.
pub struct Ecosystem {
    script: Script,
}

/// A commissioning window, as a user is shown it.
#[derive(Debug, Clone, Deserialize)]
pub struct Window {
    /// Whose it is.
    pub extended_address: String,
    /// Proves who knows the code.
    pub passcode: u32,
    /// Twelve bits to find it by.
    pub discriminator: u16,
    /// Eleven digits.
    pub manual_code: String,
    /// `MT:…`
    pub qr_code: String,
}

impl Ecosystem {
    /// Label of its fabric in every device.
    pub const LABEL: &str = "Other home";
    /// How many devices it works on at once.
    const PARALLEL: u32 = 6;

    /// Starts one.
    pub fn start(host: &Host) -> Self {
        Self {
            script: Script::start(host, "ecosystem", &["--label", Self::LABEL]),
        }
    }

    /// Asks it for something (the actions at the end of `ecosystem.mjs`).
    ///
    /// # Panics
    /// Where it cannot do that.
    pub fn call(&self, action: &str, parameters: &Value) -> Value {
        call(&self.script, action, parameters)
    }

    /// Makes all devices of the fleet its own.
    pub fn commission(&self, fleet: &Fleet) {
        self.call(
            "commission",
            &json!({ "devices": fleet.call("devices", &json!({})), "parallel": Self::PARALLEL }),
        );
    }

    /// Opens the window of each device ("pair with another app").
    pub fn open(&self, devices: &[Device]) -> Vec<Window> {
        let devices: Vec<&str> = devices.iter().map(|device| device.extended_address.as_str()).collect();
        serde_json::from_value(self.call("open", &json!({ "devices": devices, "parallel": Self::PARALLEL }))).expect("windows")
    }

    /// Opens one with the codes of an earlier window.
    pub fn open_again(&self, window: &Window) {
        let Window {
            extended_address,
            passcode,
            discriminator,
            ..
        } = window;
        self.call(
            "open",
            &json!({ "devices": [extended_address], "passcode": passcode, "discriminator": discriminator }),
        );
    }

    /// Closes the window of a device.
    pub fn close(&self, extended_address: &str) {
        self.call("close", &json!({ "device": extended_address }));
    }

    /// Uses a device: a light is switched, a sensor asked.
    pub fn control(&self, extended_address: &str) {
        self.call("control", &json!({ "device": extended_address }));
    }
}
