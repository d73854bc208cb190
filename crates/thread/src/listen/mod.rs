//! Frames in, captures out. Pure: no clock, no radio, no file; time comes with the frames, so a dongle, a capture file and a test are the same to it.
//!
//! Without a key, frames are summed up for each pair of radios ([`weft_evidence::air`]), and what was never sealed is read. With the network key, what
//! it opens is read too: MLE messages, and management messages (TMF) as they go by.

mod counts;
mod file;
mod listener;
mod management;
mod network;

#[cfg(test)]
mod tests;

pub use counts::{Counts, MAX_PANS, PanCounts};
pub use file::{Unusable, heard_frame};
pub use listener::{HeardFrame, Listener};
pub use network::Network;
