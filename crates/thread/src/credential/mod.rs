//! What lets Weft into a network. No type here has `Debug` or `Serialize`; all are overwritten when dropped; no error quotes what was given.

mod dataset;
mod hex;
mod passcode;
mod pskc;
#[cfg(test)]
mod tests;

pub use dataset::{MAX_DATASET_BYTES, OperationalDataset};
pub use passcode::Passcode;
pub use pskc::{PSKC_BYTES, Pskc};

/// What is no credential, and why; it does not quote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Not what was expected.
    #[error("expected {expected}")]
    Malformed {
        /// What.
        expected: &'static str,
    },
    /// The last digit of a passcode does not fit the others.
    #[error("one of its digits is wrong: the last one does not fit the others")]
    CheckDigit,
    /// A dataset without what is needed.
    #[error("the dataset holds no {missing}")]
    Lacks {
        /// What.
        missing: &'static str,
    },
}
