//! A sweep: every router of a mesh is asked for its network diagnostics, children are told of by their parents, nobody is woken.
//!
//! It knows nothing of the way to the mesh: messages go to addresses of the mesh and come from there, through a border agent's UDP proxy
//! or from a node of our own.
//!
//! First the relay is asked by unicast: it does not hear its own multicast, and its answer, which comes without radio, says how many
//! routers there are. One multicast query (`d/dq` to ff03::2) then asks all routers and, because they listen to that address too, full
//! Thread devices that are children. They answer at once and all together (OpenThread waits for nothing), each with confirmable `d/da`
//! messages, the next part when the one before was acknowledged. Whoever a Route64 or a neighbour table names and who did not answer
//! once the channel is quiet is asked by unicast, a few at a time and twice at most. In a large mesh, where so many answers at once
//! would choke the channel around the relay, everybody is asked so from the beginning. It ends as soon as everybody who is named has
//! answered whole and nobody speaks any more.

pub mod airtime;
mod answers;
mod machine;
#[cfg(any(test, feature = "peer"))]
pub mod peer;
mod question;
mod roll;
#[cfg(test)]
mod tests;

pub use machine::Sweep;

use std::time::Duration;
use weft_evidence::{FailureCapture, TmfCapture};
use weft_model::{Airtime, ExtendedPanId, MeshLocalPrefix, Rloc16};

/// What to ask, and how patiently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The network.
    pub extended_pan_id: Option<ExtendedPanId>,
    /// Its mesh-local prefix: locators are made of it.
    pub mesh_local_prefix: MeshLocalPrefix,
    /// The node that passes messages on: it does not answer the multicast that it sends itself, and is asked by unicast.
    pub relay: Option<Rloc16>,
    /// Routers that earlier evidence names, if any: asked by unicast should they stay silent, even if no Route64 names them this time.
    pub expected: Vec<Rloc16>,
    /// The relay passes multicast on; false where it was seen not to: then everybody is asked by unicast, in turn.
    pub multicast: bool,
    /// Questions by unicast that may be under way at once.
    pub window: usize,
    /// Everything is over then, whoever still has not answered.
    pub end_within: Duration,
    /// The most frames on the air that this sweep may take, estimated; it ends early, and says so, rather than exceed them.
    pub max_frames: Option<u32>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message of a node came: keep it.
    Answer(TmfCapture),
    /// A router was asked in vain. Once for each question that came to nothing.
    Silent(FailureCapture),
    /// It is over.
    Ended(Outcome),
}

/// What a sweep came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Routers whose whole answer is there.
    pub answered: Vec<Rloc16>,
    /// Routers that are named and did not answer, or only in part.
    pub silent: Vec<Rloc16>,
    /// Children that parents told of.
    pub children: u32,
    /// Messages that came.
    pub messages: u32,
    /// Duplicates among them, which were dropped.
    pub duplicates: u32,
    /// From the first question to the last answer.
    pub took: Duration,
    /// Estimated.
    pub airtime: Airtime,
    /// It ended before everybody was asked: no time or no budget was left.
    pub cut_short: bool,
    /// Nobody answered the multicast, though routers answered by unicast: the relay does not pass it on.
    pub multicast_unheard: bool,
}
