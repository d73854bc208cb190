//! The hub with ways that follow a script, on tokio's paused clock.

mod dongle;
mod hub;
mod passing;
mod people;
mod world;

use weft_model::ExtendedPanId;
use weft_thread::credential::OperationalDataset;

/// Bytes that must never be seen anywhere.
pub(super) const NETWORK_KEY: [u8; 16] = *b"\xa1network key 012";
pub(super) const PSKC: [u8; 16] = *b"\xb2pskc 0123456789";

pub(super) fn network(number: u8) -> ExtendedPanId {
    ExtendedPanId([number; 8])
}

/// A dataset in hexadecimal digits, with keys.
pub(super) fn dataset_hex(network: ExtendedPanId, seconds: u64) -> String {
    let stamp = (seconds << 16).to_be_bytes();
    let tlvs = [
        &[0x0e, 8][..],
        &stamp,
        &[0, 3, 0, 0, 15, 2, 8],
        &network.0,
        &[3, 4],
        b"Home",
        &[7, 8, 0xfd, 1, 2, 3, 4, 5, 6, 7, 5, 16],
        &NETWORK_KEY,
        &[4, 16],
        &PSKC,
        &[1, 2, 0x12, 0x34],
    ];
    tlvs.concat().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn dataset(network: ExtendedPanId, seconds: u64) -> OperationalDataset {
    OperationalDataset::from_hex(&dataset_hex(network, seconds)).ok().unwrap()
}
