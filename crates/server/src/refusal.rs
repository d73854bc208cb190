//! Why a wish of a person was not done.

use crate::problem::Problem;
use axum::http::StatusCode;

/// Why nothing was done. Texts are for the person, and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request makes no sense as it is.
    #[error("{0}")]
    Wrong(String),
    /// What it names is not there.
    #[error("{0}")]
    Unknown(String),
    /// Not as things stand now.
    #[error("{0}")]
    NotNow(String),
    /// Something of ours failed.
    #[error("{0}")]
    Failed(String),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wrong(why) => Self::body(why),
            Refusal::Unknown(why) => Self::unknown("There is no such thing", why),
            Refusal::NotNow(why) => Self::new(StatusCode::CONFLICT, "not-now", "That cannot be done now", why),
            Refusal::Failed(why) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "It could not be done", why),
        }
    }
}
