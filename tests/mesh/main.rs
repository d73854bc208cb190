//! Weft with a real mesh: OpenThread's own nodes on a simulated radio, and OpenThread's own radio co-processor as the dongle, behind a pseudo terminal.
//! Needs root for a network namespace (the simulated radio is multicast on its loopback), and what `cargo xtask openthread` builds; in CI, lacking
//! these fails.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that fails says where
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting, and measures.

#[path = "../live/mod.rs"]
mod live;
#[path = "../said/mod.rs"]
mod said;

mod dongle;
mod weft;

mod faults;
mod joined;
mod listening;
mod node;
mod radio;

use dongle::Dongle;
use live::{Air, CHANNEL, DATASET, Node, Role, patiently};
use std::time::Duration;
use weft::Weft;

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
