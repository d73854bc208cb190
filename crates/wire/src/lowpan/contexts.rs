//! Prefixes that compressed headers leave out. Context 0 is the mesh-local prefix; the others stand in the network data
//! (OpenThread `NetworkData::Leader::GetContext`).

use crate::Reader;
use std::net::Ipv6Addr;
use weft_model::{Ipv6Prefix, MeshLocalPrefix};

/// Context ids go from 0 to 15.
pub const MAX_CONTEXTS: usize = 16;

/// Network data TLV: a prefix (the type stands in bits 7..1).
const PREFIX: u8 = 1;
/// Network data sub-TLV: the context id of a prefix.
const CONTEXT: u8 = 3;

/// In the flags of a context: headers may be compressed with it.
const COMPRESS: u8 = 0x10;

/// The prefixes of a network's contexts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contexts {
    prefixes: [Option<Ipv6Prefix>; MAX_CONTEXTS],
    /// Bit n: context n is on its way out. Whoever hears it still reads it; nobody sends with it (RFC 6775, 4.2).
    only_read: u16,
}

impl Contexts {
    /// No context is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells the mesh-local prefix: context 0.
    pub fn set_mesh_local(&mut self, prefix: MeshLocalPrefix) {
        self.set(0, prefix.prefix());
    }

    /// Tells a prefix; an id above 15 changes nothing.
    pub fn set(&mut self, id: u8, prefix: Ipv6Prefix) {
        if let Some(place) = self.prefixes.get_mut(usize::from(id)) {
            *place = Some(prefix);
            self.only_read &= !(1 << id);
        }
    }

    /// The prefix of a context.
    pub fn get(&self, id: u8) -> Option<Ipv6Prefix> {
        self.prefixes.get(usize::from(id)).copied().flatten()
    }

    /// Takes the contexts that stand in network data (MLE TLV 12). Those that it lacks stay; context 0 is never there.
    pub fn learn_network_data(&mut self, network_data: &[u8]) {
        for (kind, value) in Tlvs(network_data) {
            if kind == PREFIX {
                self.learn_prefix(value);
            }
        }
    }

    fn learn_prefix(&mut self, value: &[u8]) {
        let mut reader = Reader::new(value);
        let Ok([_domain, bits]) = reader.array("domain and length") else {
            return;
        };
        let Ok(taken) = reader.take("prefix", usize::from(bits).div_ceil(8)) else {
            return;
        };
        let mut octets = [0; 16];
        let Some(front) = octets.get_mut(..taken.len()) else { return };
        front.copy_from_slice(taken);
        for (kind, value) in Tlvs(reader.rest()) {
            if let (CONTEXT, &[flags, length]) = (kind, value)
                && flags & 0x0f != 0
                && let Some(prefix) = Ipv6Prefix::new(Ipv6Addr::from(octets), length)
            {
                self.set(flags & 0x0f, prefix);
                if flags & COMPRESS == 0 {
                    self.only_read |= 1 << (flags & 0x0f);
                }
            }
        }
    }

    /// The context with which `address` may be compressed: the one with its longest prefix (OpenThread `Lowpan::FindContextToCompressAddress`).
    pub(super) fn of(&self, address: Ipv6Addr) -> Option<(u8, Ipv6Prefix)> {
        let all = self.prefixes.iter().zip(0..).filter_map(|(prefix, id)| Some((id, (*prefix)?)));
        all.filter(|(_, prefix)| prefix.contains(address))
            .max_by_key(|(_, prefix)| prefix.length())
            .filter(|(id, _)| self.only_read & (1 << id) == 0)
    }
}

/// Type (bits 7..1) and value of network data TLVs; ends where one is cut off.
struct Tlvs<'a>(&'a [u8]);

impl<'a> Iterator for Tlvs<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([kind, length], rest) = self.0.split_first_chunk()?;
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some((kind >> 1, value))
    }
}
