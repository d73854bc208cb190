//! Conversations with a Thread mesh: what is heard on the air and what can be made of it, a session with a border agent, questions to every node.
//!
//! Everything here is a state machine without IO: datagrams and time go in, datagrams, events and the next deadline come out.

pub mod coap;
pub mod commissioner;
pub mod credential;
pub mod dtls;
mod jpake;
pub mod listen;
pub mod node;
pub mod rcp;
pub mod sweep;

/// Fills bytes with randomness that nobody can foresee. Handed in, so that tests are repeatable.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}
