//! Weft with a real mesh: OpenThread's own nodes on a simulated radio, and OpenThread's own radio co-processor as the dongle, behind a pseudo terminal.
//! Needs root for a network namespace (the simulated radio is multicast on its loopback), and what `cargo xtask openthread` builds; in CI, lacking
//! these fails.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that fails says where
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting, and measures.

mod air;
mod dongle;
mod node;
mod weft;

mod faults;
mod listening;

use air::Air;
use dongle::Dongle;
use node::{Node, Role};
use std::thread;
use std::time::{Duration, Instant};
use weft::Weft;

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
/// The channel of all meshes here.
const CHANNEL: u8 = 20;
/// The network key of all meshes here.
const NETWORK_KEY: &str = "00112233445566778899aabbccddeeff";
/// Their operational dataset: timestamp, channel, extended PAN id, network key, PAN id, mesh-local prefix.
const DATASET: &str = "0e08000000000001000000030000140208dead1111beef2222051000112233445566778899aabbccddeeff010212340708fdf01cc8d6f8f4f0";

/// Tries until there is an answer; else panics with what was waited for and the last reason.
fn patiently<T>(what: &str, within: Duration, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match attempt() {
            Ok(answer) => return answer,
            Err(reason) if began.elapsed() > within => panic!("{what}: not within {within:?}; {reason}"),
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}
