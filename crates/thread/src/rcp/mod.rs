//! A radio co-processor (RCP) as a listener: OpenThread's `ot-rcp` firmware on a dongle, spoken to in Spinel over a serial line.
//!
//! [`Rcp`] is the conversation alone: bytes in, bytes out, the next deadline, events. It knows no port and no clock. What opens a real serial port and
//! turns the crank is in `port` and `run` (feature `port`).
//!
//! [`Radio`] is what stands behind a port, whichever firmware that is.
//!
//! It listens. It sends frames of a node of our own only, after [`Rcp::take_part`]: nothing else here makes the radio send.

mod activity;
mod command;
mod event;
mod machine;
mod nordic;
#[cfg(feature = "port")]
mod owner;
#[cfg(feature = "port")]
pub mod port;
mod radio;
#[cfg(feature = "port")]
mod run;
mod usb;

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;

pub use activity::{ChannelActivity, MAX_PANS_PER_CHANNEL};
pub use event::{Counts, Event, Failure, Firmware, RadioFrame, Trouble};
pub use machine::{Listening, Rcp};
pub use radio::Radio;
#[cfg(feature = "port")]
pub use run::{Ear, Ended, run};
pub use usb::{KnownRadio, SPEEDS, known_radio};
