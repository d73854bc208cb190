//! Where captures come from: live mDNS and replay; what keeps a source running; and the only clock of the service.
//!
//! A source sends [`Event`]s through a [`CaptureSender`]; whoever holds the [`Inbox`] gives them their sequence numbers and times. Nothing here
//! interprets what is heard.

pub mod clock;
pub mod directory;
pub mod event;
#[cfg(feature = "home-assistant")]
pub mod home_assistant;
#[cfg(feature = "matter")]
pub mod matter;
pub mod mdns;
#[cfg(feature = "mesh")]
pub mod mesh;
pub mod network_check;
#[cfg(any(feature = "mesh", feature = "rcp"))]
pub mod own_node;
#[cfg(any(feature = "mesh", feature = "rcp"))]
mod random;
#[cfg(feature = "rcp")]
pub mod rcp;
pub mod replay;
pub mod schedule;
#[cfg(feature = "mesh")]
pub mod sealed;
pub mod supervise;
#[cfg(any(feature = "mesh", feature = "matter", feature = "rcp"))]
mod whole_file;

pub use event::{CaptureSender, Event, Inbox, channel};
pub use mdns::MdnsSource;
pub use replay::ReplaySource;
pub use supervise::{Context, Source, SourceFailure, Supervisor};
