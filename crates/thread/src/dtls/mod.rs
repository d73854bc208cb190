//! DTLS 1.2 (RFC 6347) with one suite: TLS_ECJPAKE_WITH_AES_128_CCM_8 (0xC0FF), as border agents speak it. A [`Client`]; the [`server`] is for tests and
//! simulated peers.
//!
//! [`session`] has what both sides share, [`client`] and [`server`] their parts of the handshake. Below it [`channel`] numbers, seals and opens
//! records, and [`reassembly`] puts messages of the handshake together. There is no renegotiation and no resumption.

mod alert;
mod channel;
mod client;
mod handshake;
mod hello;
mod keys;
mod protection;
mod reassembly;
mod record;
mod replay;
pub mod server;
mod session;
#[cfg(test)]
mod tests;

pub use client::Client;

/// The most bytes of one message of the application: sealed, it still fits into a datagram of 1,280 bytes over IPv6.
pub const MAX_MESSAGE_BYTES: usize = 1_152;

/// What happened.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer knows the password; messages can be sent.
    Connected,
    /// A message of the peer. It may hold a network's keys: whoever takes it overwrites it.
    Message(Vec<u8>),
    /// It is over; nothing follows.
    Closed(Closed),
}

/// Without what a message says.
impl std::fmt::Debug for Event {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connected => formatter.write_str("Connected"),
            Self::Message(message) => write!(formatter, "Message({} bytes)", message.len()),
            Self::Closed(closed) => write!(formatter, "Closed({closed:?})"),
        }
    }
}

/// Why it is over. No text holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The peer ended it.
    #[error("the peer ended the session")]
    ByPeer,
    /// We did.
    #[error("the session was ended")]
    ByUs,
    /// The peer, or we, found that the passwords differ.
    #[error("the password is wrong")]
    WrongPassword,
    /// No answer to the handshake.
    #[error("no answer")]
    NoAnswer,
    /// The peer took part in the handshake until it was to check our proof that we know the password, and then fell silent: not every peer says that a
    /// password is wrong, and its word may get lost.
    #[error("it fell silent when it was to check the password, which may be wrong or no longer valid: check it, and try once more")]
    ProofUnanswered,
    /// The peer sent an alert that ends the session.
    #[error("the peer refused: {0}")]
    Alert(String),
    /// The peer broke the protocol.
    #[error("the peer broke the protocol: {0}")]
    Protocol(String),
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no session.
    #[error("there is no session")]
    NotConnected,
    /// It is too long.
    #[error("the message is too long")]
    TooLong,
}
