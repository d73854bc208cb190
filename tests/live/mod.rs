//! Real meshes: OpenThread's own programs on a simulated radio. What the tests of the dongle, of border agents, and the measurements have in common.

#![allow(dead_code, unused_imports)] // each uses a part

mod air;
mod dataset;
mod node;

pub use air::{Air, programs};
pub use dataset::{CHANNEL, DATASET, Dataset, NETWORK_KEY};
pub use node::{Node, Role, is_answer, patiently};
