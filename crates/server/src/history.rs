//! The past, as the binary hands it in: what was kept, and where a person's words go.

use crate::problem::Problem;
use crate::timeline::Recorded;
use axum::http::StatusCode;
use std::collections::BTreeSet;
use std::sync::Arc;
use weft_evidence::Capture;
use weft_model::{Annotation, Timestamp};
use weft_topology::Topology;

/// What the server asks of whoever keeps the captures. Every call may block: the server calls from threads made for that, a few at a time.
pub trait History: Send + Sync + 'static {
    /// The topology at `at`, from the captures up to then.
    ///
    /// # Errors
    /// When nothing of that moment is kept, or reading fails.
    fn topology_at(&self, at: Timestamp) -> Result<Arc<Topology>, HistoryError>;

    /// What happened from `from` to before `to`: the `limit` most urgent events, and when all were.
    ///
    /// # Errors
    /// When reading fails.
    fn events(&self, from: Timestamp, to: Timestamp, limit: usize) -> Result<Recorded, HistoryError>;

    /// Those of the captures that are still kept, by sequence number.
    ///
    /// # Errors
    /// When reading fails. A capture that retention has taken is no error: it is not in the answer.
    fn captures(&self, seqs: &BTreeSet<u64>) -> Result<Vec<Capture>, HistoryError>;

    /// Takes annotations in as captures, all or none, and gives their sequence numbers in the same order.
    ///
    /// # Errors
    /// When this history cannot be added to, or writing fails.
    fn annotate(&self, annotations: Vec<Annotation>) -> Result<Vec<u64>, HistoryError>;
}

/// Why the past gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// That moment lies before everything that is kept.
    #[error("nothing is kept of that moment")]
    BeforeEverything {
        /// The oldest moment that is.
        oldest: Option<Timestamp>,
    },
    /// That moment has not come yet.
    #[error("that moment has not come yet")]
    NotYet,
    /// This service keeps no history, or takes none in (demo, replay); why, for the user.
    #[error("{0}")]
    NotSupported(String),
    /// It should have worked. Told to the log and the user, so it holds no secret.
    #[error("{0}")]
    Failed(String),
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::BeforeEverything { oldest: Some(oldest) } => Self::new(
                StatusCode::NOT_FOUND,
                "not-kept",
                "Nothing is kept of that moment",
                format!("What is kept begins at {oldest}. Ask for a later time."),
            ),
            HistoryError::BeforeEverything { oldest: None } => Self::new(
                StatusCode::NOT_FOUND,
                "not-kept",
                "Nothing is kept of that moment",
                "Nothing is kept yet. Ask again when something has been heard.",
            ),
            HistoryError::NotYet => Self::parameter("at", "That moment lies in the future. Leave `at` out for the present."),
            HistoryError::NotSupported(why) => Self::new(StatusCode::NOT_IMPLEMENTED, "not-supported", "This service cannot do that", why),
            HistoryError::Failed(why) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "history-failed", "The history could not be used", why),
        }
    }
}
