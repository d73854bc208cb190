//! Weft's own Matter fabric: joining devices to it, reading what they know of the mesh, leaving them again.
//!
//! The only crate that names `rs-matter`. That library is single-threaded and holds one waker for each wait, so it runs on one thread of its own; a
//! [`Controller`] is the handle to it that any thread may hold. What runs inside, and why, stands in [`controller`].
//!
//! Nothing here decides whom to ask or when, and nothing here discovers: addresses come from the caller.

pub mod attestation;
pub mod backup;
pub mod code;
mod commands;
pub mod commission;
pub mod controller;
pub mod error;
pub mod fabric;
pub mod interaction;
pub mod peer;

pub use attestation::{AttestationPolicy, AttestationReport};
pub use code::{Passcode, SetupCode};
pub use commission::{CommissionError, CommissionRequest, Commissioned, Step};
pub use controller::{Controller, ControllerEvent, ControllerOptions};
pub use error::OperationError;
pub use fabric::{Fabric, FabricError};
pub use interaction::{AttributePath, AttributeReport};
pub use peer::{Intervals, Peer};
