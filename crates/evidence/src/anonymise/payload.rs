//! Identifiers in binary messages of Thread: network diagnostics, datasets, MLE, network data, MAC headers. Lengths never change.

use super::Anonymiser;
use std::net::Ipv6Addr;
use std::ops::Range;
use weft_wire::meshcop::number as meshcop;
use weft_wire::tmf::number as diagnostic;
use weft_wire::tmf::tlv::Tlvs;

/// MeshCoP TLV types beyond those of datasets (OpenThread `src/core/meshcop/meshcop_tlvs.hpp`).
const COMMISSIONER_ID: u8 = 10;
const IPV6_ADDRESS: u8 = 49;
/// MeshCoP TLV types without an identifier: locators, states, times, vendors, channels.
const MESHCOP_PLAIN: [u8; 23] = [0, 1, 4, 5, 8, 9, 11, 12, 14, 15, 16, 18, 33, 34, 35, 36, 51, 52, 53, 54, 55, 56, 74];

/// MLE TLV types (Thread specification 1.4, 4.4.5).
const MLE_NETWORK_DATA: u8 = 12;
const MLE_ADDRESS_REGISTRATION: u8 = 19;
const MLE_DATASETS: [u8; 3] = [24, 25, 26];
const MLE_LAST_PLAIN: u8 = 23;

/// Network data TLV types (without the stable bit).
const PREFIX: u8 = 1;
const COMMISSIONING: u8 = 4;
const SERVICE: u8 = 5;
const SERVER: u8 = 6;
/// Service data of the DNS/SRP service with the server's address in it (OpenThread `src/core/thread/network_data_service.hpp`).
const SRP_UNICAST: u8 = 0x5d;
/// Bytes of an address and a port.
const SOCKET_ADDRESS_BYTES: usize = 18;

/// The values of the TLVs in `bytes` with their types, and where the rest begins that could not be read.
fn ranges(bytes: &[u8]) -> (Vec<(u8, Range<usize>)>, usize) {
    let mut ranges = Vec::new();
    let mut end = bytes.len();
    for tlv in Tlvs::new(bytes) {
        match tlv {
            Ok(tlv) => ranges.push((tlv.number, tlv.offset..tlv.offset + tlv.value.len())),
            Err(cut) => end = cut.offset,
        }
    }
    (ranges, end)
}

impl Anonymiser {
    /// Changes each value of a TLV sequence; what cannot be read is searched for what is known.
    fn tlvs(&mut self, bytes: &mut [u8], change: fn(&mut Self, u8, &mut [u8])) {
        let (ranges, end) = ranges(bytes);
        for (number, range) in ranges {
            change(self, number, &mut bytes[range]);
        }
        self.bytes(&mut bytes[end..]);
    }

    /// The payload of a management message.
    pub(super) fn management(&mut self, uri: &str, payload: &mut [u8]) {
        match uri.trim_start_matches('/').split('/').next() {
            Some("d") => self.tlvs(payload, Self::diagnostic),
            Some("a" | "n") => self.tlvs(payload, Self::address_query),
            _ => self.tlvs(payload, Self::commissioning),
        }
    }

    /// A dataset, or another sequence of MeshCoP TLVs.
    pub(super) fn dataset(&mut self, bytes: &mut [u8]) {
        self.tlvs(bytes, Self::commissioning);
    }

    fn diagnostic(&mut self, number: u8, value: &mut [u8]) {
        match number {
            diagnostic::EXTENDED_ADDRESS | diagnostic::EUI64 => self.id8_at(value, 0),
            diagnostic::IPV6_ADDRESSES | diagnostic::BORDER_ROUTER_INFRASTRUCTURE_ADDRESSES => self.addresses(value),
            diagnostic::NETWORK_DATA => self.network_data(value),
            // Flags and RLOC16 come first.
            diagnostic::CHILD | diagnostic::ROUTER_NEIGHBOR => self.id8_at(value, 3),
            diagnostic::CHILD_ADDRESSES => self.addresses(value.get_mut(2..).unwrap_or_default()),
            diagnostic::BORDER_ROUTER_LOCAL_OMR_PREFIX..=diagnostic::BORDER_ROUTER_FAVORED_ON_LINK_PREFIX => self.prefix_at(value, 0),
            0..=diagnostic::VENDOR_OUI => (),
            _ => self.bytes(value),
        }
    }

    /// Network layer TLVs of `a/…` and `n/…` (OpenThread `src/core/thread/thread_tlvs.hpp`).
    fn address_query(&mut self, number: u8, value: &mut [u8]) {
        match number {
            0 | 14 => self.addresses(value),
            1 => self.id8_at(value, 0),
            3 => self.interface_id_at(value, 0),
            10 => self.network_data(value),
            12 => self.name_bytes(value),
            2 | 4 | 6 | 7 | 11 | 15 => (),
            _ => self.bytes(value),
        }
    }

    fn commissioning(&mut self, number: u8, value: &mut [u8]) {
        match number {
            meshcop::EXTENDED_PAN_ID => self.id8_at(value, 0),
            meshcop::NETWORK_NAME | COMMISSIONER_ID => self.name_bytes(value),
            meshcop::MESH_LOCAL_PREFIX => self.prefix_at(value, 0),
            IPV6_ADDRESS => self.addresses(value),
            number if MESHCOP_PLAIN.contains(&number) => (),
            _ => self.bytes(value),
        }
    }

    /// The TLVs of an MLE message.
    pub(super) fn mle(&mut self, bytes: &mut [u8]) {
        self.tlvs(bytes, |anonymiser, number, value| match number {
            MLE_NETWORK_DATA => anonymiser.network_data(value),
            MLE_ADDRESS_REGISTRATION => anonymiser.address_registration(value),
            number if MLE_DATASETS.contains(&number) => anonymiser.dataset(value),
            0..=MLE_LAST_PLAIN => (),
            _ => anonymiser.bytes(value),
        });
    }

    /// Entries of a control byte and an address, of which a compressed one has only the interface id.
    fn address_registration(&mut self, value: &mut [u8]) {
        let mut position = 0;
        while let Some(control) = value.get(position) {
            let is_compressed = control & 0x80 != 0;
            position += 1;
            match is_compressed {
                true => self.interface_id_at(value, position),
                false => self.addresses(value.get_mut(position..position + 16).unwrap_or_default()),
            }
            position += if is_compressed { 8 } else { 16 };
        }
    }

    /// Network data: prefixes, and the addresses of servers.
    pub(super) fn network_data(&mut self, bytes: &mut [u8]) {
        let mut position = 0;
        while let [kind, length, ..] = bytes.get(position..).unwrap_or_default() {
            let (kind, start) = (kind >> 1, position + 2);
            let end = (start + usize::from(*length)).min(bytes.len());
            let value = &mut bytes[start..end];
            match kind {
                PREFIX => self.prefix_entry(value),
                COMMISSIONING => self.dataset(value),
                SERVICE => self.service_entry(value),
                _ => self.bytes(value),
            }
            position = end;
        }
    }

    /// Domain, length in bits, prefix; the entries behind it have nothing but locators.
    fn prefix_entry(&mut self, value: &mut [u8]) {
        let Some(bits) = value.get(1).copied() else { return };
        let end = (2 + usize::from(bits).div_ceil(8)).min(value.len());
        let taken = &mut value[2..end];
        let mut octets = [0; 16];
        let length = taken.len().min(16);
        octets[..length].copy_from_slice(&taken[..length]);
        let mapped = self.ipv6(Ipv6Addr::from(octets));
        if self.is_learning {
            return;
        }
        let cleared = weft_model::Ipv6Prefix::new(mapped, bits).map_or(mapped, weft_model::Ipv6Prefix::address);
        taken[..length].copy_from_slice(&cleared.octets()[..length]);
    }

    /// A service with its servers: addresses of either stand in their data.
    fn service_entry(&mut self, value: &mut [u8]) {
        let is_thread = value.first().is_some_and(|flags| flags & 0x80 != 0);
        let data = if is_thread { 2 } else { 6 };
        let Some(length) = value.get(data - 1).map(|length| usize::from(*length)) else {
            return;
        };
        let mut position = (data + length).min(value.len());
        if value.get(data) == Some(&SRP_UNICAST) && length > SOCKET_ADDRESS_BYTES {
            self.addresses(&mut value[data + 1..(data + 17).min(position)]);
        } else if let Some(data) = value.get_mut(data..position) {
            self.bytes(data);
        }
        while let [kind, length, ..] = value.get(position..).unwrap_or_default() {
            let (kind, start) = (kind >> 1, position + 2);
            let end = (start + usize::from(*length)).min(value.len());
            // RLOC16, then what the service wants.
            match value.get_mut(start..end).and_then(|server| server.get_mut(2..)) {
                Some(server) if kind == SERVER && server.len() == SOCKET_ADDRESS_BYTES => self.addresses(&mut server[..16]),
                Some(other) => self.bytes(other),
                None => (),
            }
            position = end;
        }
    }

    /// A radio frame: its addresses change; what is not encrypted behind the addresses is blanked. IEEE 802.15.4-2020, 7.2.
    pub(super) fn frame(&mut self, bytes: &mut [u8]) {
        const COMMAND: u16 = 3;
        let Some((control, places, end)) = frame_addresses(bytes) else {
            bytes.fill(0);
            return;
        };
        for place in places {
            // On the air, addresses go last byte first.
            let address = &mut bytes[place..place + 8];
            address.reverse();
            self.id8_at(address, 0);
            address.reverse();
        }
        let is_secured = control & 0x0008 != 0;
        let kept = end + usize::from(control & 0x0007 == COMMAND);
        if !is_secured && let Some(clear) = bytes.get_mut(kept..) {
            clear.fill(0);
        }
    }

    fn addresses(&mut self, bytes: &mut [u8]) {
        for octets in bytes.chunks_exact_mut(16) {
            let mut address = [0; 16];
            address.copy_from_slice(octets);
            octets.copy_from_slice(&self.ipv6(address.into()).octets());
        }
    }

    fn name_bytes(&mut self, bytes: &mut [u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                let mut name = text.to_owned();
                self.name(&mut name);
                // Identifiers as names, too, change within their length.
                if name.len() == bytes.len() {
                    bytes.copy_from_slice(name.as_bytes());
                } else {
                    bytes.fill(b'x');
                }
            }
            Err(_) if self.is_learning => (),
            Err(_) => bytes.fill(b'x'),
        }
    }

    fn id8_at(&mut self, bytes: &mut [u8], offset: usize) {
        self.eight_at(bytes, offset, Self::id8);
    }

    fn prefix_at(&mut self, bytes: &mut [u8], offset: usize) {
        self.eight_at(bytes, offset, Self::prefix);
    }

    fn interface_id_at(&mut self, bytes: &mut [u8], offset: usize) {
        self.eight_at(bytes, offset, Self::interface_id);
    }

    fn eight_at(&mut self, bytes: &mut [u8], offset: usize, map: fn(&mut Self, [u8; 8]) -> [u8; 8]) {
        match bytes.get_mut(offset..).and_then(|rest| rest.first_chunk_mut::<8>()) {
            Some(place) => *place = map(self, *place),
            None => self.bytes(bytes),
        }
    }
}

/// Frame control, where the 64-bit addresses of a frame lie, and where its addressing ends.
fn frame_addresses(bytes: &[u8]) -> Option<(u16, Vec<usize>, usize)> {
    const SHORT: u16 = 2;
    const EXTENDED: u16 = 3;
    let control = u16::from_le_bytes(*bytes.first_chunk()?);
    let (to, from, version) = (control >> 10 & 3, control >> 14 & 3, control >> 12 & 3);
    let compressed = control & 0x0040 != 0;
    let has_sequence = version < 2 || control & 0x0100 == 0;
    let (has_to_pan, has_from_pan) = match (version, to, from) {
        (3.., ..) => return None,
        (2, 0, 0) => (compressed, false),
        (2, _, 0) => (!compressed, false),
        (2, 0, _) => (false, !compressed),
        (2, EXTENDED, EXTENDED) => (!compressed, false),
        (2, _, _) => (true, !compressed),
        (_, to, from) => (to != 0, from != 0 && !compressed),
    };
    let mut position = 2 + usize::from(has_sequence);
    let mut places = Vec::new();
    for (has_pan, mode) in [(has_to_pan, to), (has_from_pan, from)] {
        position += if has_pan { 2 } else { 0 };
        match mode {
            0 => (),
            SHORT => position += 2,
            EXTENDED => {
                places.push(position);
                position += 8;
            }
            _ => return None,
        }
    }
    (position <= bytes.len()).then_some((control, places, position))
}
