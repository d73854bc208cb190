//! IEEE 802.15.4 MAC frames of versions 2003, 2006 and 2015 (IEEE Std 802.15.4-2015, chapter 7; OpenThread `src/core/mac/mac_frame.cpp`).
//!
//! [`Frame::parse`] reads everything that stands in the clear; what is sealed is opened by [`crate::link_security`]. All numbers are little-endian
//! on the air; addresses are given as they are printed.

mod acknowledgment;
mod address;
mod beacon;
mod element;
mod fcs;
mod frame;
mod security;
mod summary;

#[cfg(test)]
mod tests;

pub use acknowledgment::{ACKNOWLEDGMENT_WAIT_MICROSECONDS, Acknowledged, AwaitedAcknowledgment};
pub use address::Address;
pub use beacon::{Beacon, MAX_PENDING_ADDRESSES, THREAD_PROTOCOL_ID, ThreadBeacon};
pub use element::{CslElement, Element, ElementKind, Elements, HeaderElement, MAX_ELEMENTS, PayloadElements, write_header_element};
pub use fcs::{FCS_BYTES, append_fcs, fcs_of, split_fcs};
pub use frame::{Frame, FrameKind, FrameVersion, MAX_PSDU_BYTES, Sealed};
pub use security::{AuxiliarySecurity, KeyId, SecurityLevel};
pub use summary::{Activity, Summary};

/// MAC command identifiers (IEEE Std 802.15.4-2015, table 7-49).
#[allow(missing_docs)] // the names are those of the standard
pub mod command {
    pub const ASSOCIATION_REQUEST: u8 = 1;
    pub const ASSOCIATION_RESPONSE: u8 = 2;
    pub const DISASSOCIATION_NOTIFICATION: u8 = 3;
    pub const DATA_REQUEST: u8 = 4;
    pub const PAN_ID_CONFLICT_NOTIFICATION: u8 = 5;
    pub const ORPHAN_NOTIFICATION: u8 = 6;
    pub const BEACON_REQUEST: u8 = 7;
    pub const COORDINATOR_REALIGNMENT: u8 = 8;
    pub const GTS_REQUEST: u8 = 9;
}
