//! `_meshcop._udp` and `_meshcop-e._udp`: border agents (OpenThread `src/core/meshcop/border_agent_txt_data.cpp`;
//! `vn`, `mn`, `vo` by ot-br-posix `src/border_agent/border_agent.cpp`).

use super::TxtEntries;
use super::keys::{Keys, Strings, exactly};
use std::net::Ipv6Addr;
use weft_model::{
    BorderAgentConnectionMode, BorderAgentId, BorderAgentRecord, BorderAgentRole, BorderAgentState, ExtendedAddress, ExtendedPanId, Ipv6Prefix,
    PartitionId,
};

/// The bits of the state bitmap that have a meaning; the rest is reserved.
const KNOWN_STATE_BITS: u32 = 0x7fff;

pub(super) fn decode(mut keys: Keys<'_>) -> BorderAgentRecord {
    BorderAgentRecord {
        record_version: keys.text("rv"),
        border_agent_id: keys.bytes("id").map(BorderAgentId),
        thread_version: keys.text("tv"),
        state: keys.bytes("sb").map(|bytes| border_agent_state(u32::from_be_bytes(bytes))),
        network_name: keys.text("nn"),
        extended_pan_id: keys.bytes("xp").map(ExtendedPanId),
        extended_address: keys.bytes("xa").map(ExtendedAddress),
        active_timestamp: keys.bytes("at").map(u64::from_be_bytes),
        partition_id: keys.bytes("pt").map(|bytes| PartitionId(u32::from_be_bytes(bytes))),
        domain_name: keys.text("dn"),
        backbone_sequence: keys.bytes("sq").map(|[sequence]| sequence),
        backbone_port: keys.bytes("bb").map(u16::from_be_bytes),
        omr_prefix: keys.take("omr", |value| omr_prefix(value).map(Some)),
        vendor_name: keys.text("vn"),
        model_name: keys.text("mn"),
        vendor_oui: keys.take("vo", |value| exactly::<3>(value).map(|oui| Some(oui.to_vec()))),
        other: keys.rest(),
    }
}

pub(super) fn encode(record: &BorderAgentRecord) -> TxtEntries {
    Strings::default()
        .text("rv", record.record_version.as_ref())
        .bytes("id", record.border_agent_id.map(|id| id.0))
        .text("tv", record.thread_version.as_ref())
        .bytes("sb", record.state.map(|state| state.bits.to_be_bytes()))
        .text("nn", record.network_name.as_ref())
        .bytes("xp", record.extended_pan_id.map(|id| id.0))
        .bytes("xa", record.extended_address.map(|address| address.0))
        .bytes("at", record.active_timestamp.map(u64::to_be_bytes))
        .bytes("pt", record.partition_id.map(|id| id.0.to_be_bytes()))
        .text("dn", record.domain_name.as_ref())
        .bytes("sq", record.backbone_sequence.map(|sequence| [sequence]))
        .bytes("bb", record.backbone_port.map(u16::to_be_bytes))
        .bytes("omr", record.omr_prefix.map(omr_bytes))
        .text("vn", record.vendor_name.as_ref())
        .text("mn", record.model_name.as_ref())
        .bytes("vo", record.vendor_oui.as_ref())
        .with(&record.other)
}

/// The state bitmap `sb` with its fields (OpenThread `src/core/meshcop/border_agent_txt_data.hpp`). Reserved bits are kept.
pub fn border_agent_state(bits: u32) -> BorderAgentState {
    let field = |offset: u32, width: u32| (bits >> offset & ((1 << width) - 1)) as u8;
    BorderAgentState {
        bits,
        connection_mode: match field(0, 3) {
            0 => BorderAgentConnectionMode::Disallowed,
            1 => BorderAgentConnectionMode::Pskc,
            2 => BorderAgentConnectionMode::Pskd,
            3 => BorderAgentConnectionMode::Vendor,
            4 => BorderAgentConnectionMode::X509,
            mode => BorderAgentConnectionMode::Reserved(mode),
        },
        thread_interface_status: field(3, 2),
        availability: field(5, 2),
        backbone_router_active: field(7, 1) != 0,
        backbone_router_primary: field(8, 1) != 0,
        role: match field(9, 2) {
            0 => BorderAgentRole::Detached,
            1 => BorderAgentRole::Child,
            2 => BorderAgentRole::Router,
            _ => BorderAgentRole::Leader,
        },
        ephemeral_key_supported: field(11, 1) != 0,
        multi_ail: field(12, 2),
        admitter: field(14, 1) != 0,
        reserved_bits: bits & !KNOWN_STATE_BITS,
    }
}

/// A prefix as `omr` carries it: its length in bits, and as many bytes as that needs.
fn omr_prefix(value: &[u8]) -> Result<Ipv6Prefix, String> {
    let (&length, bytes) = value.split_first().ok_or("a prefix length expected, got 0 bytes")?;
    if length > 128 {
        return Err(format!("a prefix length up to 128 expected, got {length}"));
    }
    let needed = prefix_bytes(length);
    if bytes.len() != needed {
        return Err(format!(
            "{} bytes expected for a prefix of {length} bits, got {}",
            1 + needed,
            value.len()
        ));
    }
    let mut octets = [0; 16];
    octets[..needed].copy_from_slice(bytes);
    Ipv6Prefix::new(Ipv6Addr::from(octets), length).ok_or_else(|| format!("a prefix length up to 128 expected, got {length}"))
}

fn omr_bytes(prefix: Ipv6Prefix) -> Vec<u8> {
    let octets = prefix.address().octets();
    let mut value = vec![prefix.length()];
    value.extend(&octets[..prefix_bytes(prefix.length())]);
    value
}

fn prefix_bytes(length_bits: u8) -> usize {
    usize::from(length_bits).div_ceil(8).min(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_bitmap_of_a_leader_splits_into_its_fields() {
        // 0x1fb1 as the recorded border agent announces it: PSKc, active, high availability, active primary backbone
        // router, leader, ephemeral keys supported, one infrastructure link.
        let state = border_agent_state(0x1fb1);
        assert_eq!(
            state,
            BorderAgentState {
                bits: 0x1fb1,
                connection_mode: BorderAgentConnectionMode::Pskc,
                thread_interface_status: 2,
                availability: 1,
                backbone_router_active: true,
                backbone_router_primary: true,
                role: BorderAgentRole::Leader,
                ephemeral_key_supported: true,
                multi_ail: 1,
                admitter: false,
                reserved_bits: 0,
            }
        );
        assert_eq!(border_agent_state(0x04b1).role, BorderAgentRole::Router);
        assert!(!border_agent_state(0x04b1).backbone_router_primary);
    }

    #[test]
    fn reserved_bits_and_modes_of_the_state_are_kept() {
        let state = border_agent_state(0xffff_ffff);
        assert_eq!((state.bits, state.reserved_bits), (u32::MAX, 0xffff_8000));
        assert_eq!(state.connection_mode, BorderAgentConnectionMode::Reserved(7));
        assert!(state.admitter);
    }

    #[test]
    fn a_prefix_has_as_many_bytes_as_its_length_needs() {
        let whole = [0x40, 0xfd, 0x4b, 0xdf, 0xf1, 0x33, 0x8f, 0x00, 0x01];
        assert_eq!(omr_prefix(&whole).unwrap().to_string(), "fd4b:dff1:338f:1::/64");
        assert_eq!(omr_bytes(omr_prefix(&whole).unwrap()), whole);
        assert_eq!(omr_prefix(&[61, 0xfd, 0, 0, 0, 0, 0, 0, 0xff]).unwrap().to_string(), "fd00:0:0:f8::/61");
        assert_eq!(omr_prefix(&[0]).unwrap().to_string(), "::/0");
        assert_eq!(omr_prefix(&whole[..8]).unwrap_err(), "9 bytes expected for a prefix of 64 bits, got 8");
        assert_eq!(omr_prefix(&[129]).unwrap_err(), "a prefix length up to 128 expected, got 129");
        assert!(omr_prefix(&[]).is_err());
        assert!(omr_prefix(&[&whole[..], &[0]].concat()).is_err());
    }
}
