//! A node of our own: a minimal Thread device (MTD) whose radio is always on, over a radio co-processor. It finds its network, attaches to a parent, keeps that
//! link, follows key rotations, finds another parent when its own dies, and says goodbye. What it is for: to ask the mesh from inside ([`crate::sweep`]).
//!
//! [`Node`] knows no radio, no file and no clock: frames and time come in; frames, events and the next deadline come out. [`link`] makes frames of datagrams and
//! datagrams of frames; [`mle`] keeps the place in the mesh.
//!
//! It takes a child slot of its parent and sends frames: nobody starts one who was not asked to.

mod link;
mod machine;
mod membership;
mod mle;

#[cfg(test)]
mod tests;

pub use link::Counts;
pub use machine::Node;
pub use membership::{Kept, Membership, Unfit};

use std::net::Ipv6Addr;
use std::time::Duration;
use weft_evidence::MleCapture;
use weft_model::{Channel, ExtendedAddress, PanId, PartitionId, Rloc16};

/// Names a frame that was given to the radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(pub u64);

/// A frame to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Names it in [`Node::sent`].
    pub id: FrameId,
    /// Channel: another than the network's while that is looked for.
    pub channel: Channel,
    /// The frame, sealed, without its check sequence.
    pub psdu: Vec<u8>,
}

/// What became of a frame that was given to the radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is on the air, and was acknowledged where it asked for that.
    Done,
    /// Nobody acknowledged it, however often the radio repeated it.
    NotAcknowledged,
    /// The channel was never free.
    ChannelBusy,
    /// The radio did not take it, or went away with it.
    Failed,
}

/// As whom the radio takes part: what it acknowledges, and which frames it hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Participant {
    /// Channel to listen on.
    pub channel: Channel,
    /// The network's PAN, also while it is looked for on other channels: answers come to the PAN that was asked from.
    pub pan_id: PanId,
    /// The locator, while there is one.
    pub short_address: Option<Rloc16>,
    /// The extended address.
    pub extended_address: ExtendedAddress,
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It looks for the channel of its network.
    Discovering,
    /// It looks for a parent.
    Attaching,
    /// It is a child.
    Attached(Place),
    /// It says goodbye.
    Leaving,
    /// It is over.
    Left,
}

/// A place in the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its own locator.
    pub rloc16: Rloc16,
    /// Its parent's.
    pub parent: Rloc16,
    /// Its parent's radio.
    pub parent_address: ExtendedAddress,
    /// The partition.
    pub partition_id: PartitionId,
}

/// A router that answered when a parent was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardRouter {
    /// Its locator.
    pub rloc16: Rloc16,
    /// Its radio.
    pub extended_address: ExtendedAddress,
    /// How strong the dongle hears it, dBm.
    pub rssi_dbm: Option<i8>,
    /// How far above its noise it hears us, dB, as it says.
    pub link_margin_db: u8,
    /// When, on the clock of the calls.
    pub at: Duration,
}

/// Why a node has no parent any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Detached {
    /// It does not answer.
    #[error("its parent does not answer any more")]
    ParentSilent,
    /// It says that it does not know us.
    #[error("its parent says that it is no child of it any more")]
    ParentForgot,
    /// The parent became something else, or went to another partition.
    #[error("its parent changed its role or its partition")]
    ParentMoved,
    /// The network got another dataset, with another channel or PAN.
    #[error("the network changed its channel or PAN id")]
    NetworkMoved,
    /// The radio went away.
    #[error("the radio went away")]
    RadioLost,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It has a place. Told again where the place changes.
    Attached(Place),
    /// It has none any more, and looks for another.
    Detached(Detached),
    /// Nobody answers: how often it was tried in a row, and whether other networks' routers, or routers that the key does not open, were heard.
    NoParent {
        /// Rounds in a row that brought nothing.
        rounds: u32,
        /// Frames and messages since the beginning that the key did not open.
        closed: u32,
    },
    /// A UDP datagram for us, sealed with the network's key.
    Datagram {
        /// From.
        source: Ipv6Addr,
        /// Its port.
        source_port: u16,
        /// To: one of our addresses, or multicast.
        destination: Ipv6Addr,
        /// Our port.
        destination_port: u16,
        /// What it says.
        payload: Vec<u8>,
    },
    /// To be on the disk before another frame is sent: [`Node::kept`] says that it is. Nothing is sent in between.
    Keep(Kept),
    /// A message of ours that tells something of us which nobody else may tell in time: that we leave. In clear, without secrets.
    Told(MleCapture),
    /// It is over; the parent knows, if it could be reached.
    Left,
}

/// Why a datagram was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// There is no place in the mesh at the moment.
    #[error("the dongle's node has no place in the mesh at the moment")]
    NotAttached,
    /// Too many frames wait.
    #[error("too many frames wait for the dongle's radio")]
    Full,
    /// It is longer than a packet.
    #[error("the message is longer than a packet")]
    TooLong,
}
