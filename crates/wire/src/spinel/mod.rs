//! Spinel: how a host speaks with a radio co-processor (OpenThread `src/lib/spinel/spinel.h`, `src/ncp/ncp_base_radio.cpp`).
//! Frames of the commands that a radio knows, the properties with their values, and the two ways of a radio frame. All numbers are little-endian.
//!
//! The conversation itself (transactions, time limits, recovery) is not here.

mod frame;
mod property;
mod radio;
mod status;
mod value;

#[cfg(test)]
mod tests;

pub use frame::{Command, Frame, Header, MAX_INTERFACE_ID, MAX_TRANSACTION_ID, Reset};
pub use property::Property;
pub use radio::{Capability, EnergyScanResult, ReceivedFrame, TransmitFrame, TransmitResult, receive_flag};
pub use status::Status;
pub use value::{
    MAX_PACKED_UINT, PromiscuousMode, ScanState, decode_bytes, decode_capabilities, decode_extended_address, decode_packed, decode_protocol_version,
    decode_text, encode_extended_address, encode_mac_keys, encode_packed, read_packed, write_packed,
};
