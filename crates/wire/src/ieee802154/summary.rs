//! What can be said of a frame without a key.

use super::Address;
use weft_model::PanId;

/// What a frame does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// A beacon.
    Beacon,
    /// Asks for beacons.
    BeaconRequest,
    /// A child asks its parent whether there is something for it: what the *child* believes its parent to be.
    DataPoll,
    /// Another MAC command; `None` where its identifier is encrypted.
    Command(Option<u8>),
    /// Data.
    Data,
    /// An acknowledgment without addresses: its sender is the receiver of the frame before.
    ImmediateAcknowledgment,
    /// An acknowledgment of version 2015; it may carry the addressee, never the sender (in Thread).
    EnhancedAcknowledgment,
}

/// Who sends what to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The PAN; `None` in acknowledgments.
    pub pan_id: Option<PanId>,
    /// The sender; [`Address::rloc16`] and [`Address::extended`] tell which kind of address it is.
    pub from: Address,
    /// The receiver.
    pub to: Address,
    /// What the frame does.
    pub activity: Activity,
}
