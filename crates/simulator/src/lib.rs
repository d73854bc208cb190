//! A simulated Thread mesh with known truth: makes the demo, test data and benchmarks.
//!
//! A [`Mesh`] is made by [`Mesh::random`] from a seed and a [`Size`], and changed by events ([`Mesh::move_child`], [`Mesh::power_off`],
//! [`Mesh::split`], …) and time ([`Mesh::advance_to`]). Its [`Survey`] at a moment gives what every device would answer, as captures:
//! Matter reports, diagnostic answers, what a dongle hears. The LAN says its part without a survey ([`Mesh::announcements`]).
//! A [`Scribe`] numbers and stamps the captures; [`Survey::truth`] and [`Survey::visible`] say what they have to lead to.
//!
//! Everything is decided by the seed and in integers: the same mesh gives the same bytes on every machine. No clock is read.
//!
//! ```
//! use std::collections::BTreeSet;
//! use weft_simulator::{Asked, DiagnosticQuestion, MatterAnswer, Mesh, Scribe, Size};
//!
//! let mut mesh = Mesh::random(7, Size::HOME);
//! let before = mesh.clone();                         // answers taken from it later are stale answers
//! let child = mesh.children()[0];
//! let parent = mesh.best_parent(child).unwrap();
//! mesh.move_child(child, parent).unwrap();
//! mesh.advance_seconds(60);
//!
//! let survey = mesh.survey();
//! let mut scribe = Scribe::new(mesh.now());
//! for node in mesh.indices() {
//!     scribe.write("mdns", mesh.announcements(node));
//!     scribe.write("matter", survey.matter_report(node, &MatterAnswer::default()));
//! }
//! for router in mesh.routers() {
//!     scribe.write("border-agent", survey.diagnostic_answer(router, &DiagnosticQuestion::default()));
//! }
//! let answered: BTreeSet<_> = mesh.routers().into_iter().collect();
//! let visible = survey.visible(&answered, Asked::DiagnosticLists);
//! let truth = survey.truth();
//! assert_eq!(visible.parents, truth.parents, "every child of an answering router can be placed");
//! assert_ne!(truth.parents, before.truth().parents);
//! assert!(scribe.captures().len() > 60);
//! ```

mod air;
pub mod demo;
mod device;
mod diagnostics;
mod events;
mod generate;
mod lan;
mod matter;
mod mesh;
mod radio;
mod random;
mod scribe;
mod survey;
mod tables;
mod truth;

pub use air::Dongle;
pub use device::{AnnouncedAddress, Attachment, BorderRouter, Capability, HapDevice, Label, MatterDevice, Node, Role};
pub use diagnostics::{ALL_TYPES, DiagnosticQuestion, MESH_TYPES, OLD_TYPES};
pub use events::{EventError, LEADER_TIMEOUT_SECONDS, MAX_NEIGHBOR_AGE_SECONDS, MAX_ROUTERS, ROUTER_ID_RELEASE_SECONDS};
pub use generate::Size;
pub use lan::removed;
pub use matter::{MatterAnswer, Table};
pub use mesh::{LAN_PREFIX, Mesh, Network, NetworkIndex, NodeIndex, Partition, PartitionIndex};
pub use radio::{NOISE_FLOOR_DBM, Position, Reception};
pub use random::Random;
pub use scribe::Scribe;
pub use survey::{MAX_ROUTE_COST, Route, Survey};
pub use truth::{Asked, Pair, TrueLink, TrueNode, TruePartition, Truth, Visible};

/// `bytes` in lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}
