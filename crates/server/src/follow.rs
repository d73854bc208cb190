//! What changes beside the topology, as one listening client follows it: a view when it comes, then one when something changed, not too often.

use axum::response::sse::Event;
use serde::Serialize;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// The least time between two views to one client. A job has six steps, and many jobs run at once.
const PAUSE: Duration = Duration::from_millis(250);

/// Gives the view as JSON; `None` where it has none.
type Look = Box<dyn Fn() -> Option<String> + Send>;

pub(crate) struct Follower {
    /// Name of the event.
    name: &'static str,
    look: Look,
    changed: watch::Receiver<u64>,
    /// The view that was sent last.
    sent: String,
    /// Runs while it is too early for the next.
    rest: Option<Pin<Box<Sleep>>>,
}

impl Follower {
    /// Follows what `view` gives, each time that `changed` counts.
    pub(crate) fn new<T: Serialize>(name: &'static str, mut changed: watch::Receiver<u64>, view: impl Fn() -> T + Send + 'static) -> Self {
        changed.mark_changed();
        let look = move || {
            serde_json::to_string(&view())
                .inspect_err(|error| tracing::error!(%error, name, "a view has no JSON"))
                .ok()
        };
        Self {
            name,
            look: Box::new(look),
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
        let view = (self.look)()?;
        if view == self.sent {
            return None;
        }
        self.rest = Some(Box::pin(sleep(PAUSE)));
        let event = Event::default().event(self.name).data(&view);
        self.sent = view;
        Some(event)
    }

    /// Comes back when [`Self::ready`] may have something.
    pub(crate) async fn stirred(&mut self) {
        if let Some(rest) = &mut self.rest {
            rest.await;
            self.rest = None;
        } else if self.changed.changed().await.is_err() {
            // Whoever was followed is gone: nothing changes any more.
            std::future::pending::<()>().await;
        } else {
            // Seen by `ready`, which takes the view of that moment.
            self.changed.mark_changed();
        }
    }
}
