//! The fabric as one listening client follows it: a view when it comes, then one when something changed, not too often.

use super::Pairing;
use axum::response::sse::Event;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// The least time between two views to one client. A job has six steps, and many jobs run at once.
const PAUSE: Duration = Duration::from_millis(250);

pub(crate) struct Follower {
    pairing: Arc<dyn Pairing>,
    changed: watch::Receiver<u64>,
    /// The view that was sent last.
    sent: String,
    /// Runs while it is too early for the next.
    rest: Option<Pin<Box<Sleep>>>,
}

impl Follower {
    pub(crate) fn new(pairing: Arc<dyn Pairing>) -> Self {
        let mut changed = pairing.changed();
        changed.mark_changed();
        Self {
            pairing,
            changed,
            sent: String::new(),
            rest: None,
        }
    }

    /// The next event, where there is one now. It has no id: a client that comes back names the last topology that it saw, and gets a new view anyway.
    pub(crate) fn ready(&mut self) -> Option<Event> {
        if self.rest.is_some() || !self.changed.has_changed().unwrap_or(false) {
            return None;
        }
        self.changed.mark_unchanged();
        let view = serde_json::to_string(&self.pairing.view())
            .inspect_err(|error| tracing::error!(%error, "the fabric's view has no JSON"))
            .ok()?;
        if view == self.sent {
            return None;
        }
        self.rest = Some(Box::pin(sleep(PAUSE)));
        let event = Event::default().event("fabric").data(&view);
        self.sent = view;
        Some(event)
    }

    /// Comes back when [`Self::ready`] may have something.
    pub(crate) async fn stirred(&mut self) {
        if let Some(rest) = &mut self.rest {
            rest.await;
            self.rest = None;
        } else if self.changed.changed().await.is_err() {
            // Whoever ran the fabric is gone: nothing changes any more.
            std::future::pending::<()>().await;
        } else {
            // Seen by `ready`, which takes the view of that moment.
            self.changed.mark_changed();
        }
    }
}
