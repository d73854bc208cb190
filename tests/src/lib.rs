//! What the tests that cross crates have in common: recordings with known truth, how a conclusion is scored against it, and captures
//! written by hand.

mod captures;
mod fixture;
mod random;
mod score;
mod sweep;
mod truth;

pub use captures::{Story, at, bytes};
pub use fixture::{Fixture, fixtures_directory};
pub use random::Random;
pub use score::{Score, Tally, links_between};
pub use sweep::sweep_of;
pub use truth::{
    DeadNode, NeighborLink, ParentChildLink, ParentOf, RouterLink, StaleRegistration, StaleRow, Truth, TruthNode, TruthRole, Unsteady, Visible,
};
