//! Mesh link establishment: the messages with which Thread devices find parents, keep links and tell each other the state of the partition
//! (Thread specification 1.4, chapter 4; OpenThread `src/core/thread/mle.cpp`, `mle_ftd.cpp`, `mle_tlvs.hpp`). UDP port 19788, link-local.
//!
//! [`Envelope`] is a message as it is sent, mostly sealed; [`crate::link_security`] opens it. [`Message`] is what it says, TLV by TLV.
//! [`decode`] gives the statements that it makes *about its sender*.

mod command;
mod discovery;
mod envelope;
mod facts;
mod link_metrics;
mod message;
mod secrets;
mod tlv;

#[cfg(test)]
mod tests;

pub use command::Command;
pub use discovery::Discovery;
pub use envelope::{Envelope, SUITE_CLEAR, SUITE_SECURED, encode_clear};
pub use facts::{decode, short_addresses};
pub use link_metrics::{LinkMetric, LinkMetricsStatus, decode_enhanced_acknowledgment_metrics};
pub use message::{EncodeError, MAX_TLVS, Message};
pub use secrets::blank_secrets;
pub use tlv::{RegisteredAddress, Tlv, number};

/// The UDP port of MLE.
pub const PORT: u16 = 19788;
