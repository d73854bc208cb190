//! Weft with real border routers: OpenThread's `ot-daemon` on a LAN of network namespaces, each with OpenThread's radio co-processor on a simulated
//! radio, and meshes of OpenThread's own nodes there. What Weft says is held against what the nodes say of themselves. Needs root, `/dev/net/tun`,
//! Node.js, and what `cargo xtask peers` and `cargo xtask openthread` make; in CI, lacking these fails.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that fails says where
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting, and measures.

#[path = "../peers/harness/mod.rs"]
mod harness;
#[path = "../live/mod.rs"]
mod live;
#[path = "../said/mod.rs"]
mod said;

mod line;
mod plans;
mod router;
mod secrets;
mod site;
mod weft;

mod credentials;
mod halves;
mod peers;
mod whole;

use std::time::Duration;

/// Plays a story again where it went wrong. Twenty processes with a radio in real time share a few cores here, and now and then a mesh is late for what is waited
/// for; a fault of Weft's own comes twice.
fn twice(story: fn()) {
    if let Err(panic) = std::panic::catch_unwind(story) {
        let reason = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied());
        eprintln!("WENT WRONG, and is played once more: {}", reason.unwrap_or("it panicked"));
        story();
    }
}

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
