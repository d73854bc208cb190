//! Weft with real peers: a fleet of virtual Matter devices (matter.js) that tell of one Thread mesh, another ecosystem that owns and shares them, mDNS
//! on a LAN of network namespaces. Needs root, Node.js, and what `cargo xtask peers` installs; in CI, lacking these fails.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that fails says where
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting, and measures.

mod harness;

mod instances;
mod interruptions;
mod pairing;
mod radio;
mod reading;
mod sharing;
mod toolkit;

use harness::{Device, Ecosystem, Fleet, Host, Lan, Radio, Weft, mesh};
use std::time::Duration;

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
/// The prefix of the devices' routable addresses in both described meshes.
const OMR_PREFIX: &str = "fda7:c957:ed9:3734::/64";

/// A LAN with a fleet on it. Fields end in this order.
struct Home {
    fleet: Fleet,
    lan: Lan,
}

impl Home {
    /// `None` where this machine has no namespaces.
    fn new(name: &str, radio: Radio) -> Option<Self> {
        Some(Self::on(Lan::new()?, name, radio))
    }

    /// The same with nothing beside it: for a test that measures.
    fn alone(name: &str) -> Option<Self> {
        Some(Self::on(Lan::alone()?, name, Radio::default()))
    }

    fn on(lan: Lan, name: &str, radio: Radio) -> Self {
        let fleet = Fleet::start(&lan.host("dev"), &mesh(name), radio);
        Self { fleet, lan }
    }

    /// Another machine that reaches the devices.
    fn host(&self, name: &str) -> Host {
        let host = self.lan.host(name);
        host.route(OMR_PREFIX);
        host
    }

    fn weft(&self) -> Weft {
        Weft::start(&self.host("weft"))
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::start(&self.host("eco"))
    }
}

/// The QR codes on devices: each finds its device and no other.
fn first_payloads(devices: &[Device]) -> Vec<String> {
    devices.iter().map(|device| device.qr_code.clone().unwrap()).collect()
}

/// The numbers on devices. They say the first four bits of twelve that devices announce, so that one may fit several.
fn first_codes(devices: &[Device]) -> Vec<String> {
    devices.iter().map(|device| device.manual_code.clone().unwrap()).collect()
}
