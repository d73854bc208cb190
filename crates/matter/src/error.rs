//! Why a question to a node failed, in words that a person can act on.

use std::time::Duration;

/// Why an operation with one node failed. No text holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Nobody knows where it is.
    #[error("no address of it is known: it does not announce itself on this network")]
    NoAddress,
    /// This machine has no way to its addresses.
    #[error("this machine has no route to {0}")]
    NoRoute(String),
    /// Nothing came back.
    #[error("nothing came back from {addresses} within {} s", .waited.as_secs())]
    NoAnswer {
        /// All that were tried.
        addresses: String,
        /// How long.
        waited: Duration,
    },
    /// It has no place for another session at the moment.
    #[error("it is busy and asked to be tried again later")]
    Busy,
    /// It does not know our fabric any more.
    #[error("it does not know this fabric any more: it was reset, or Weft was removed from it in another app")]
    FabricUnknown,
    /// The handshake failed otherwise.
    #[error("the session was refused: {0}")]
    SessionRefused(String),
    /// It answered the whole question with a status (Matter core specification 1.4, 8.10.1).
    #[error("it refused with status {0:#04x}")]
    Refused(u8),
    /// Its answer is no answer.
    #[error("its answer cannot be read: {0}")]
    Garbled(String),
    /// Something of our own failed; not the node.
    #[error("the Matter controller cannot do this: {0}")]
    Failed(String),
    /// The controller's thread has ended.
    #[error("the Matter controller has ended")]
    Ended,
}

impl OperationError {
    /// True where the same question may succeed later without anybody doing something.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::FabricUnknown | Self::Refused(_) | Self::Ended)
    }
}
