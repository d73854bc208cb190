//! Operational datasets, as OpenThread's command line takes them.

use std::fmt::Write;

/// The channel of all meshes here.
pub const CHANNEL: u8 = 20;
/// The network key of [`DATASET`].
pub const NETWORK_KEY: &str = "00112233445566778899aabbccddeeff";
/// A dataset: timestamp, channel, extended PAN id, network key, PAN id, mesh-local prefix, name, PSKc, security policy.
pub const DATASET: &str = "0e08000000000001000000030000140208dead1111beef2222051000112233445566778899aabbccddeeff010212340708fdf01cc8d6f8f4f0\
                           0309776566742d6d6573680410c0ffee00c0ffee00c0ffee00c0ffee000c0402a0f7f8";

/// A network of its own.
#[derive(Debug, Clone)]
pub struct Dataset {
    pub name: &'static str,
    pub extended_pan_id: &'static str,
    pub network_key: &'static str,
    pub pskc: String,
}

impl Dataset {
    /// Hexadecimal TLVs, in the same order as [`DATASET`].
    pub fn hexadecimal(&self) -> String {
        let mut name = String::new();
        for byte in self.name.bytes() {
            let _ = write!(name, "{byte:02x}");
        }
        let (extended_pan_id, network_key, pskc) = (self.extended_pan_id, self.network_key, &self.pskc);
        let length = self.name.len();
        // The PAN id and the mesh-local prefix are parts of the extended PAN id, so that they differ as that does.
        let (pan_id, prefix) = (&extended_pan_id[..4], &extended_pan_id[2..]);
        format!(
            "0e08000000000001000000030000{CHANNEL:02x}0208{extended_pan_id}0510{network_key}0102{pan_id}0708fd{prefix}03{length:02x}{name}0410{pskc}0c0402a0f7f8"
        )
    }
}
