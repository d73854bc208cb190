//! A border agent as a way to a mesh: a commissioner's session over UDP, and a sweep through it.
//!
//! connect → the dataset, where its mesh-local prefix is not known or no longer current → petition → sweep → role back and goodbye. The last is done however an
//! attempt ends, also when its future is dropped.

mod race;
mod run;
mod sweeping;
mod talk;
#[cfg(test)]
mod tests;

use super::sweeping::Memory;
use super::way::{Attempt, Attempted, Way};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use weft_model::{Airtime, ExtendedPanId};

/// A session ends for itself after this time, whatever the peer does.
const GOODBYE_WITHIN: Duration = Duration::from_secs(5);

/// One border agent.
pub(super) struct AgentWay {
    /// What its owner calls it.
    pub(super) name: String,
    /// The network that it announces.
    pub(super) network: Option<ExtendedPanId>,
    /// Where it lets commissioners in.
    pub(super) addresses: Vec<SocketAddr>,
    /// Where it waits for a passcode.
    pub(super) passcode_addresses: Vec<SocketAddr>,
    /// What we call ourselves.
    pub(super) commissioner_id: String,
    /// Sessions that say goodbye.
    pub(super) goodbyes: Goodbyes,
    /// From one attempt to the next.
    pub(super) memory: Memory,
}

/// Counts sessions that are saying goodbye, so that whoever ends the program can wait for them. Clones are the same.
#[derive(Clone)]
pub(super) struct Goodbyes(Arc<watch::Sender<usize>>);

impl Default for Goodbyes {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Goodbyes {
    /// Waits until all are through, no longer than they may take.
    pub(super) async fn through(&self, within: Duration) {
        let mut count = self.0.subscribe();
        let _ = tokio::time::timeout(within, count.wait_for(|count| *count == 0)).await;
    }

    /// Runs a goodbye apart from whoever no longer waits for it.
    fn begin(&self, goodbye: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        self.0.send_modify(|count| *count += 1);
        let one = Goodbye(self.clone());
        runtime.spawn(async move {
            let _one = one;
            goodbye.await;
        });
    }
}

/// Counted until it is dropped.
struct Goodbye(Goodbyes);

impl Drop for Goodbye {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Way for AgentWay {
    fn attempt(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Attempted> + Send + '_>> {
        Box::pin(run::run(self, attempt))
    }

    fn take_spent(&self) -> Airtime {
        self.memory.spent.take()
    }
}
