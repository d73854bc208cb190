//! What DNS-SD service registrations say, decoded.

use crate::{BorderAgentId, Eui64, ExtendedAddress, ExtendedPanId, Ipv6Prefix, MatterPeer, PartitionId};
use serde::Serialize;
use std::net::IpAddr;

/// One resolved service instance on the LAN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ServiceRecord {
    /// The service type without domain: `_meshcop._udp`.
    pub service: String,
    /// The instance label, unescaped.
    pub instance: String,
    /// The host name without the trailing dot: `ot5616f19227d2c4ae.local`.
    pub host: Option<String>,
    /// The SRV port.
    pub port: Option<u16>,
    /// Addresses without scope, sorted.
    pub addresses: Vec<IpAddr>,
    /// What the TXT record says.
    pub details: ServiceDetails,
}

/// The TXT record of a service type that Weft knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ServiceDetails {
    /// `_meshcop._udp`.
    BorderAgent(Box<BorderAgentRecord>),
    /// `_meshcop-e._udp`: an ephemeral key is active on this border agent.
    EphemeralBorderAgent(Box<BorderAgentRecord>),
    /// `_trel._udp`.
    Trel(TrelRecord),
    /// `_matter._tcp`.
    Operational(OperationalRecord),
    /// `_matterc._udp`.
    Commissionable(CommissionableRecord),
    /// `_matterd._udp`.
    Commissioner(CommissionerRecord),
    /// `_hap._udp`.
    Hap(HapRecord),
    /// `_ltpdu._udp`.
    LedProtocol(LedProtocolRecord),
    /// `_srpl-tls._tcp`.
    SrpReplication(SrpReplicationRecord),
    /// Any other type.
    Other,
}

/// Keys and values of a TXT record that the decoder has no field for, in their order; `None` where the string has no `=`.
pub type OtherKeys = Vec<(String, Option<Vec<u8>>)>;

/// `_meshcop._udp` (OpenThread `src/core/meshcop/border_agent_txt_data.cpp`).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct BorderAgentRecord {
    /// `rv`: record version.
    pub record_version: Option<String>,
    /// `id`: border agent id.
    pub border_agent_id: Option<BorderAgentId>,
    /// `tv`: Thread version.
    pub thread_version: Option<String>,
    /// `sb`: state bitmap.
    pub state: Option<BorderAgentState>,
    /// `nn`: network name.
    pub network_name: Option<String>,
    /// `xp`: extended PAN id.
    pub extended_pan_id: Option<ExtendedPanId>,
    /// `xa`: extended address; some vendors put a stable number there that is not the radio's.
    pub extended_address: Option<ExtendedAddress>,
    /// `at`: active timestamp, as OpenThread packs it (seconds in the upper 48 bits, ticks, authoritative bit).
    pub active_timestamp: Option<u64>,
    /// `pt`: partition id.
    pub partition_id: Option<PartitionId>,
    /// `dn`: domain name.
    pub domain_name: Option<String>,
    /// `sq`: backbone router sequence number.
    pub backbone_sequence: Option<u8>,
    /// `bb`: backbone router port.
    pub backbone_port: Option<u16>,
    /// `omr`: off-mesh-routable prefix.
    pub omr_prefix: Option<Ipv6Prefix>,
    /// `vn`: vendor name.
    pub vendor_name: Option<String>,
    /// `mn`: model name.
    pub model_name: Option<String>,
    /// `vo`: vendor OUI.
    pub vendor_oui: Option<Vec<u8>>,
    /// Keys without a field of their own.
    pub other: OtherKeys,
}

/// The state bitmap `sb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct BorderAgentState {
    /// All 32 bits, reserved ones included.
    pub bits: u32,
    /// Bits 0–2.
    pub connection_mode: BorderAgentConnectionMode,
    /// Bits 3–4: 0 not initialised, 1 initialised but not active, 2 active.
    pub thread_interface_status: u8,
    /// Bits 5–6: 0 infrequent, 1 high.
    pub availability: u8,
    /// Bit 7.
    pub backbone_router_active: bool,
    /// Bit 8.
    pub backbone_router_primary: bool,
    /// Bits 9–10.
    pub role: BorderAgentRole,
    /// Bit 11.
    pub ephemeral_key_supported: bool,
    /// Bits 12–13: 1 one infrastructure link, 2 several detected.
    pub multi_ail: u8,
    /// Bit 14.
    pub admitter: bool,
    /// Bits 15–31 as they came.
    pub reserved_bits: u32,
}

/// How commissioners may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BorderAgentConnectionMode {
    /// 0: no connections.
    Disallowed,
    /// 1: with the PSKc.
    Pskc,
    /// 2: with a PSKd.
    Pskd,
    /// 3: as the vendor defines.
    Vendor,
    /// 4: with an X.509 certificate.
    X509,
    /// 5–7.
    Reserved(u8),
}

/// The Thread role of a border router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BorderAgentRole {
    /// 0: detached or disabled.
    Detached,
    /// 1.
    Child,
    /// 2.
    Router,
    /// 3.
    Leader,
}

/// `_trel._udp`: Thread radio encapsulation link over the LAN.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TrelRecord {
    /// `xa`: the radio's extended address.
    pub extended_address: Option<ExtendedAddress>,
    /// `xp`.
    pub extended_pan_id: Option<ExtendedPanId>,
    /// Keys without a field of their own.
    pub other: OtherKeys,
}

/// `_matter._tcp`: an operational Matter node.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct OperationalRecord {
    /// Fabric and node, from the instance name.
    pub peer: Option<MatterPeer>,
    /// The extended address in the host name of CHIP-based Thread devices; others put a Wi-Fi MAC there.
    /// Believe it only when an address lies inside an OMR prefix.
    pub host_extended_address: Option<ExtendedAddress>,
    /// `SII`: idle retransmission interval.
    pub session_idle_milliseconds: Option<u32>,
    /// `SAI`: active retransmission interval.
    pub session_active_milliseconds: Option<u32>,
    /// `SAT`: active threshold.
    pub session_active_threshold_milliseconds: Option<u32>,
    /// `T`: TCP support bits.
    pub tcp: Option<u8>,
    /// `ICD`: 1 for a long-idle-time device.
    pub long_idle_time: Option<bool>,
    /// Keys without a field of their own.
    pub other: OtherKeys,
}

/// `_matterc._udp`: a device that can be commissioned now.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CommissionableRecord {
    /// `D`: long discriminator.
    pub discriminator: Option<u16>,
    /// `VP`: vendor id.
    pub vendor_id: Option<u16>,
    /// `VP`: product id.
    pub product_id: Option<u16>,
    /// `DT`: device type.
    pub device_type: Option<u32>,
    /// `DN`: device name.
    pub device_name: Option<String>,
    /// `CM`: commissioning mode, 0 to 3.
    pub commissioning_mode: Option<u8>,
    /// `PH`: pairing hint.
    pub pairing_hint: Option<u32>,
    /// `PI`: pairing instruction.
    pub pairing_instruction: Option<String>,
    /// `SII`: idle retransmission interval.
    pub session_idle_milliseconds: Option<u32>,
    /// `SAI`: active retransmission interval.
    pub session_active_milliseconds: Option<u32>,
    /// `SAT`: active threshold.
    pub session_active_threshold_milliseconds: Option<u32>,
    /// The extended address in the host name, as for [`OperationalRecord`].
    pub host_extended_address: Option<ExtendedAddress>,
    /// Keys without a field of their own.
    pub other: OtherKeys,
}

/// `_matterd._udp`: a commissioner that can be asked to commission.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CommissionerRecord {
    /// `VP`: vendor id.
    pub vendor_id: Option<u16>,
    /// `VP`: product id.
    pub product_id: Option<u16>,
    /// `DT`: device type.
    pub device_type: Option<u32>,
    /// `DN`: device name.
    pub device_name: Option<String>,
    /// Keys without a field of their own.
    pub other: OtherKeys,
}

/// `_hap._udp`: a HomeKit accessory over Thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct HapRecord {
    /// `id`: the accessory's pairing id, `AA:BB:CC:DD:EE:FF`. Unrelated to the radio.
    pub id: Option<String>,
    /// `md`: model.
    pub model: Option<String>,
    /// `ci`: category.
    pub category: Option<u16>,
    /// `c#`: configuration number.
    pub configuration_number: Option<u32>,
    /// `s#`: state number.
    pub state_number: Option<u32>,
    /// `sf`: status flags; bit 0 set means not paired.
    pub status_flags: Option<u8>,
    /// `ff`: feature flags.
    pub feature_flags: Option<u8>,
    /// Keys without a field of their own.
    pub other: OtherKeys,
}

/// `_ltpdu._udp`: Nanoleaf's LED protocol over Thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LedProtocolRecord {
    /// `eui64`: the factory EUI-64, not the radio's extended address.
    pub eui64: Option<Eui64>,
    /// `md`: model.
    pub model: Option<String>,
    /// `srcvers`: software version.
    pub software_version: Option<String>,
    /// Keys without a field of their own.
    pub other: OtherKeys,
}

/// `_srpl-tls._tcp`: SRP replication between border routers.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SrpReplicationRecord {
    /// `dn`: domain.
    pub domain: Option<String>,
    /// `did`: dataset id.
    pub dataset_id: Option<String>,
    /// `pid`: partner id.
    pub partner_id: Option<String>,
    /// `xpanid`.
    pub extended_pan_id: Option<ExtendedPanId>,
    /// Keys without a field of their own.
    pub other: OtherKeys,
}
