//! Joining a device to our fabric, in named steps.

mod connect;
mod flow;
mod mapping;
mod pace;
mod pase;
mod spake;

pub(crate) use flow::commission;

use crate::attestation::{AttestationPolicy, AttestationReport};
use crate::code::Passcode;
use crate::commands::general;
use crate::interaction::AttributePath;
use crate::peer::Intervals;
use std::net::SocketAddr;
use tokio::sync::watch;
use weft_model::MatterNodeId;

/// The breadcrumb that a device keeps from the arming of its fail-safe until joining is complete, when it sets it to 0 (Matter core specification 1.4,
/// 11.10.6.1 and 11.10.7.6). A device that answers as a node of our fabric and still has this one will take everything back when its fail-safe runs
/// out, unless joining goes on; with any other, it has joined for good.
pub const BREADCRUMB: u64 = 0x5745_4654;

/// Where a device's breadcrumb is read: General Commissioning, attribute Breadcrumb.
pub const BREADCRUMB_PATH: AttributePath = AttributePath {
    endpoint: Some(0),
    cluster: Some(general::CLUSTER),
    attribute: Some(0x0000),
};

/// The steps of joining, in order. The caller does [`Step::Find`]; the others happen in the controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Find the device's open window on the network.
    Find,
    /// Prove the setup code to each other (PASE).
    Connect,
    /// Arm the fail-safe and look at the device's attestation.
    Attest,
    /// CSR, root certificate, operational certificate.
    Credentials,
    /// Meet the device as a node of our fabric (CASE).
    Session,
    /// Commissioning complete, fabric label.
    Complete,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 6] = [Self::Find, Self::Connect, Self::Attest, Self::Credentials, Self::Session, Self::Complete];

    /// Stable name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Connect => "connect",
            Self::Attest => "attest",
            Self::Credentials => "credentials",
            Self::Session => "session",
            Self::Complete => "complete",
        }
    }
}

/// What to join, and as whom.
pub struct CommissionRequest {
    /// The node id that it gets. Never used before on this fabric.
    pub node: MatterNodeId,
    /// From the setup code.
    pub passcode: Passcode,
    /// Where its window was found, the most promising first.
    pub addresses: Vec<SocketAddr>,
    /// Where it is found as a node of our fabric, as that becomes known. The addresses above are tried too.
    pub operational: watch::Receiver<Vec<SocketAddr>>,
    /// How soon it answers.
    pub intervals: Intervals,
    /// Vendor and product id, where the code or the announcement tells them.
    pub expected: (Option<u16>, Option<u16>),
    /// What to do when attestation proves too little.
    pub attestation: AttestationPolicy,
}

/// A device that joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commissioned {
    /// Its node id.
    pub node: MatterNodeId,
    /// The number of our fabric on the device: what RemoveFabric needs.
    pub fabric_index: u8,
    /// The address that answered.
    pub address: SocketAddr,
    /// The label that the device took.
    pub label: String,
    /// What was proven of it.
    pub attestation: AttestationReport,
}

/// Why joining failed, and in which step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{failure}")]
pub struct CommissionError {
    /// Where.
    pub step: Step,
    /// Why.
    pub failure: CommissionFailure,
    /// True where nothing of us is left on the device: nothing was, or the fail-safe was disarmed and the device said so. Else its fail-safe takes
    /// back by itself what was written, a minute after it was armed; except after [`Step::Complete`] without an answer, when the device may be ours
    /// all the same: it can then be read as the node of the request.
    pub left_clean: bool,
}

/// Why joining failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommissionFailure {
    /// The device does not accept the passcode.
    #[error("the device does not accept this code")]
    WrongCode,
    /// Somebody else is commissioning it right now.
    #[error("the device is being paired by somebody else right now")]
    Busy,
    /// It answers, but its window has closed.
    #[error("the device no longer accepts new controllers: its pairing window has closed")]
    WindowClosed,
    /// Nothing came back.
    #[error("nothing came back from {0}")]
    NoAnswer(String),
    /// This machine has no way to its addresses.
    #[error("this machine has no route to {0}")]
    NoRoute(String),
    /// Attestation proves less than the policy asks for.
    #[error("it could not prove that it is a certified device: {}", .0.summary())]
    Attestation(AttestationReport),
    /// All its places for fabrics are taken.
    #[error("the device has no place for another fabric")]
    FabricTableFull,
    /// It has our fabric already.
    #[error("the device already belongs to this fabric")]
    AlreadyOurs,
    /// It refused a step with a status.
    #[error("the device refused {what} with status {status:#04x}")]
    Refused {
        /// The command.
        what: &'static str,
        /// Interaction model or cluster status.
        status: u8,
    },
    /// It did not take the session as a node of our fabric.
    #[error("the device joined, but refused the first session: {0}")]
    SessionRefused(String),
    /// Its answers are no answers.
    #[error("the device's answer to {0} cannot be read")]
    Garbled(String),
    /// Cancelled by the user, or the program ended.
    #[error("it was cancelled")]
    Cancelled,
    /// Something of ours failed.
    #[error("{0}")]
    Ours(String),
}

impl CommissionFailure {
    /// What a person can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::WrongCode => "Check the code, or let the other app make a new one. A code works for one window only.",
            Self::Busy => "Wait a minute and try again.",
            Self::WindowClosed => "Open pairing mode again in the other app (\"pair with another app\") and use the new code.",
            Self::NoAnswer(_) => "Check that the device has power and is near a border router, and try again.",
            Self::NoRoute(_) => {
                "This machine must accept the routes that border routers announce (IPv6 router advertisements with route information); check that it is on the same network, and no VPN is in between."
            }
            Self::Attestation(_) => "If you trust this device, try again and accept it as it is.",
            Self::FabricTableFull => "Remove the device from an app that you do not use any more, and try again.",
            Self::AlreadyOurs => "Nothing to do: it is read already. If it is not listed, remove Weft from it in the other app, and try again.",
            Self::Refused { .. } | Self::Garbled(_) => "Try again; if it stays so, update the device's firmware.",
            Self::SessionRefused(_) => "Try again; the device forgets the attempt by itself within a minute.",
            Self::Cancelled => "Try again when you like.",
            Self::Ours(_) => "The log says more.",
        }
    }

    /// Stable name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::WrongCode => "wrong-code",
            Self::Busy => "busy",
            Self::WindowClosed => "window-closed",
            Self::NoAnswer(_) => "no-answer",
            Self::NoRoute(_) => "no-route",
            Self::Attestation(_) => "attestation",
            Self::FabricTableFull => "fabric-table-full",
            Self::AlreadyOurs => "already-ours",
            Self::Refused { .. } => "refused",
            Self::SessionRefused(_) => "session-refused",
            Self::Garbled(_) => "garbled",
            Self::Cancelled => "cancelled",
            Self::Ours(_) => "internal",
        }
    }

    /// True where the same code may work another time.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Busy | Self::NoAnswer(_) | Self::NoRoute(_) | Self::SessionRefused(_) | Self::Ours(_)
        )
    }
}
