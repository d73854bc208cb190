//! Why a wish of a person was not done.

/// Why nothing was done. Texts are for the person, and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It makes no sense as it is.
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
