//! The hub with ways that follow a script, on tokio's paused clock.

mod hub;
mod passing;
mod people;
mod world;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use weft_model::ExtendedPanId;
use weft_thread::credential::OperationalDataset;

/// A folder of one test, removed at its end.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("weft-mesh-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

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
