//! Weft's own Matter fabric as a source: devices are paired, asked, listened to, and left again.
//!
//! [`MatterSource`] runs it; [`MatterHandle`] is how a person's wishes reach it. What is known lies in one place ([`hub`]), behind a lock that is never held
//! while anything is waited for; each conversation with a device is a task of its own, so that a slow device holds up nobody.
//!
//! - `jobs`: pairing jobs, kept on disk; `jobs::run` is one of them running.
//! - `registry`, `settings`, `capability`: what is kept of devices. `file`: how.
//! - `poll`: one question and what is learnt from it. [`crate::schedule`] says whom and when.
//! - `subscriptions`: devices that tell of changes by themselves.
//! - `adopt`: devices that are ours without our knowing: found again after a crash or a lost file.
//! - `datasets`: what border routers open their network with.
//! - `leave`: removing Weft from devices.

mod adopt;
mod capability;
mod datasets;
mod devices;
mod file;
mod handle;
mod hub;
mod jobs;
mod leave;
mod poll;
mod refusal;
mod registry;
mod settings;
mod source;
mod subscriptions;
mod view;

pub use datasets::DatasetTaker;
pub use handle::MatterHandle;
pub use leave::Unpaired;
pub use refusal::MatterRefusal;
pub use source::MatterSource;

use crate::clock;
use crate::directory::ServiceDirectory;
use crate::schedule::Pace;
use std::path::PathBuf;
use std::time::Duration;
use weft_model::Timestamp;

/// What the source needs to know.
#[derive(Debug, Clone)]
pub struct MatterConfig {
    /// Folder of the fabric's files; made when it is needed.
    pub directory: PathBuf,
    /// Where devices are found: the directory that the live mDNS source fills.
    pub services: ServiceDirectory,
    /// Name of this machine, for the label that other apps show.
    pub host: String,
    /// Folder with certificates of product attestation authorities; `None` where the user has none.
    pub attestation_roots: Option<PathBuf>,
    /// Takes datasets that paired border routers hand over; without one, none is asked for.
    pub datasets: Option<DatasetTaker>,
    /// UDP port that devices may reach us at; 0 for any.
    pub port: u16,
    /// How often whom.
    pub pace: Pace,
}

impl MatterConfig {
    /// With everything else as it is for homes.
    pub fn new(directory: PathBuf, services: ServiceDirectory, host: impl Into<String>) -> Self {
        Self {
            directory,
            services,
            host: host.into(),
            attestation_roots: None,
            datasets: None,
            port: 0,
            pace: Pace::standard(),
        }
    }
}

/// One moment by both clocks: the wall's for people and files, the steady one for everything that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Now {
    wall: Timestamp,
    steady: Duration,
}

impl Now {
    fn read() -> Self {
        Self {
            wall: clock::now(),
            steady: clock::running_for(),
        }
    }

    /// The wall's time of a moment by the steady clock.
    fn wall_at(self, steady: Duration) -> Timestamp {
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let ahead = milliseconds(steady).saturating_sub(milliseconds(self.steady));
        Timestamp::from_unix_milliseconds(self.wall.unix_milliseconds().saturating_add(ahead))
    }
}

#[cfg(test)]
mod tests;
