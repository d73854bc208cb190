//! Answers to network diagnostic requests: `d/dg` responses and `d/da` answers to `d/dq` queries (OpenThread `src/core/thread/net_diag.cpp`,
//! `include/openthread/netdiag.h`; TLVs of Thread 1.4 and the later ones that OpenThread has).
//!
//! A queried answer comes in parts of some 800 bytes; children (29), their addresses (30) and neighbouring routers (31) come one TLV each,
//! and an empty TLV of the type closes its list. Firmware before Thread 1.4 sends neither part numbers (32) nor the query's id (33).

mod encode;
mod values;

pub use encode::{AnswerFrame, EncodeError, encode_answer, encode_answer_parts, encode_request};
pub(crate) use values::decode as decode_value;

use super::tlv::{Cut, Tlv, Tlvs};
use crate::{Decoded, Problem};
use std::collections::BTreeSet;
use weft_model::{ChildAddressesRow, ChildRow, ExtendedAddress, Fact, FactKind, Rloc16, RouterNeighborRow};

/// TLV types of network diagnostics.
#[allow(missing_docs)] // the names are those of the specification
pub mod number {
    pub const EXTENDED_ADDRESS: u8 = 0;
    pub const ADDRESS16: u8 = 1;
    pub const MODE: u8 = 2;
    pub const TIMEOUT: u8 = 3;
    pub const CONNECTIVITY: u8 = 4;
    pub const ROUTE64: u8 = 5;
    pub const LEADER_DATA: u8 = 6;
    pub const NETWORK_DATA: u8 = 7;
    pub const IPV6_ADDRESSES: u8 = 8;
    pub const MAC_COUNTERS: u8 = 9;
    pub const BATTERY_LEVEL: u8 = 14;
    pub const SUPPLY_VOLTAGE: u8 = 15;
    pub const CHILD_TABLE: u8 = 16;
    pub const CHANNEL_PAGES: u8 = 17;
    pub const TYPE_LIST: u8 = 18;
    pub const MAX_CHILD_TIMEOUT: u8 = 19;
    pub const EUI64: u8 = 23;
    pub const VERSION: u8 = 24;
    pub const VENDOR_NAME: u8 = 25;
    pub const VENDOR_MODEL: u8 = 26;
    pub const VENDOR_SOFTWARE_VERSION: u8 = 27;
    pub const STACK_VERSION: u8 = 28;
    pub const CHILD: u8 = 29;
    pub const CHILD_ADDRESSES: u8 = 30;
    pub const ROUTER_NEIGHBOR: u8 = 31;
    pub const ANSWER: u8 = 32;
    pub const QUERY_ID: u8 = 33;
    pub const MLE_COUNTERS: u8 = 34;
    pub const VENDOR_APP_URL: u8 = 35;
    pub const NON_PREFERRED_CHANNELS: u8 = 36;
    pub const ENHANCED_ROUTE: u8 = 37;
    pub const BORDER_ROUTER_STATE: u8 = 38;
    pub const BORDER_ROUTER_INFRASTRUCTURE_ADDRESSES: u8 = 39;
    pub const BORDER_ROUTER_LOCAL_OMR_PREFIX: u8 = 40;
    pub const BORDER_ROUTER_DHCP6_PD_OMR_PREFIX: u8 = 41;
    pub const BORDER_ROUTER_LOCAL_ON_LINK_PREFIX: u8 = 42;
    pub const BORDER_ROUTER_FAVORED_ON_LINK_PREFIX: u8 = 43;
    pub const VENDOR_OUI: u8 = 44;
}

/// Which part of an answer a message is (TLV 32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnswerPart {
    /// Place among the parts, from 0; 15 bits.
    pub index: u16,
    /// No part follows.
    pub is_last: bool,
}

impl AnswerPart {
    /// From the number on the wire: bit 15 "last", bits 14..0 index.
    pub const fn from_bits(bits: u16) -> Self {
        Self {
            index: bits & 0x7fff,
            is_last: bits & 0x8000 != 0,
        }
    }

    /// The number on the wire; the index is cut to 15 bits.
    pub const fn bits(self) -> u16 {
        self.index & 0x7fff | if self.is_last { 0x8000 } else { 0 }
    }
}

/// What one message, or all parts of one answer, said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiagnosticAnswer {
    /// The statements; the lists 29, 30, 31 stand last.
    /// A list is complete if it was closed and no earlier part may have begun it; otherwise it is among `decoded.incomplete`.
    pub decoded: Decoded,
    /// The query that this answers (TLV 33); `None` for `d/dg` responses and from firmware before Thread 1.4.
    pub query_id: Option<u16>,
    /// Which part this is (TLV 32); of an answer put together, index 0 and last.
    pub answer: Option<AnswerPart>,
    /// The answering device's extended address, where it was asked for.
    pub extended_address: Option<ExtendedAddress>,
    /// The answering device's locator, where it was asked for and the device has one.
    pub rloc16: Option<Rloc16>,
    /// Lists whose closing empty TLV was there.
    pub closed: Vec<FactKind>,
    /// TLV types in a type list (TLV 18): requests carry it.
    pub type_list: Option<Vec<u8>>,
}

/// Decodes one payload. Never fails: what cannot be understood is among `decoded.problems`.
pub fn decode_answer(payload: &[u8]) -> DiagnosticAnswer {
    let mut decoder = Decoder::default();
    decoder.read(payload, None);
    decoder.finish()
}

/// Decodes the parts of one answer, in their order, as one. Offsets in problems count within the part that they name.
pub(super) fn decode_parts<'a>(parts: impl Iterator<Item = (u16, &'a [u8])>) -> DiagnosticAnswer {
    let mut decoder = Decoder::default();
    for (index, payload) in parts {
        decoder.read(payload, Some(index));
    }
    decoder.finish()
}

/// The part number and the query's id of a payload, without decoding the rest. Either is `None` where it is missing or broken.
pub(super) fn part_and_query(payload: &[u8]) -> (Option<AnswerPart>, Option<u16>) {
    let find = |number| {
        let tlv = Tlvs::new(payload).filter_map(Result::ok).find(|tlv| tlv.number == number)?;
        tlv.value.first_chunk().copied().map(u16::from_be_bytes)
    };
    (find(number::ANSWER).map(AnswerPart::from_bits), find(number::QUERY_ID))
}

/// The table that a TLV type carries; a cut or broken TLV leaves it incomplete.
fn table_kind(tlv: u8) -> Option<FactKind> {
    match tlv {
        number::ROUTE64 => Some(FactKind::Route64),
        number::NETWORK_DATA => Some(FactKind::OmrPrefix),
        number::IPV6_ADDRESSES => Some(FactKind::Ipv6Addresses),
        number::CHILD_TABLE => Some(FactKind::ChildTable),
        number::CHILD => Some(FactKind::Children),
        number::CHILD_ADDRESSES => Some(FactKind::ChildAddresses),
        number::ROUTER_NEIGHBOR => Some(FactKind::RouterNeighbors),
        number::ENHANCED_ROUTE => Some(FactKind::EnhancedRoute),
        _ => None,
    }
}

/// A list that comes one TLV per row.
#[derive(Debug)]
struct List<Row> {
    rows: Vec<Row>,
    is_there: bool,
    is_closed: bool,
}

impl<Row> Default for List<Row> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            is_there: false,
            is_closed: false,
        }
    }
}

impl<Row> List<Row> {
    /// Takes one TLV of the list; the problems' offsets count from the value's start. True if the list lacks something because of it.
    fn take(&mut self, value: &[u8], decode: fn(&[u8]) -> values::RowResult<Row>) -> (Vec<Problem>, bool) {
        self.is_there = true;
        if value.is_empty() {
            self.is_closed = true;
            return (Vec::new(), false);
        }
        let goes_on = self.is_closed.then(|| Problem::at("list", 0, "a row after the list was closed"));
        let is_broken = goes_on.is_some();
        match decode(value) {
            Ok((row, problems)) => {
                self.rows.push(row);
                (goes_on.into_iter().chain(problems).collect(), is_broken)
            }
            Err(problem) => (goes_on.into_iter().chain([problem]).collect(), true),
        }
    }
}

#[derive(Debug, Default)]
struct Decoder {
    answer: DiagnosticAnswer,
    seen: BTreeSet<u8>,
    children: List<ChildRow>,
    child_addresses: List<ChildAddressesRow>,
    router_neighbors: List<RouterNeighborRow>,
}

impl Decoder {
    fn read(&mut self, payload: &[u8], part: Option<u16>) {
        for tlv in Tlvs::new(payload) {
            match tlv {
                Ok(tlv) => self.tlv(tlv, part),
                Err(Cut { number, problem, .. }) => {
                    self.answer.decoded.incomplete.extend(number.and_then(table_kind));
                    self.problem(problem, part);
                }
            }
        }
    }

    fn problem(&mut self, problem: Problem, part: Option<u16>) {
        self.answer.decoded.problem(match part {
            Some(index) => problem.within(&format!("part {index}"), 0),
            None => problem,
        });
    }

    fn tlv(&mut self, tlv: Tlv<'_>, part: Option<u16>) {
        let outer = format!("TLV {}", tlv.number);
        let (problems, is_broken) = match tlv.number {
            number::CHILD => self.children.take(tlv.value, values::child),
            number::CHILD_ADDRESSES => self.child_addresses.take(tlv.value, values::child_addresses),
            number::ROUTER_NEIGHBOR => self.router_neighbors.take(tlv.value, values::router_neighbor),
            number::ANSWER | number::QUERY_ID => (self.framing(tlv), false),
            // Parts repeat nothing but their framing: a second value of a type leaves open which one holds.
            _ if !self.seen.insert(tlv.number) => (vec![Problem::at("type", 0, "given twice; the first is used")], false),
            number::TYPE_LIST => {
                self.answer.type_list = Some(tlv.value.to_vec());
                (Vec::new(), false)
            }
            _ => match values::decode(tlv.number, tlv.value) {
                Ok(mut decoded) => {
                    let problems = std::mem::take(&mut decoded.problems);
                    self.answer.decoded.extend(decoded);
                    (problems, false)
                }
                Err(problem) => (vec![problem], true),
            },
        };
        if is_broken {
            self.answer.decoded.incomplete.extend(table_kind(tlv.number));
        }
        for problem in problems {
            self.problem(problem.within(&outer, tlv.offset), part);
        }
    }

    fn framing(&mut self, tlv: Tlv<'_>) -> Vec<Problem> {
        let &[high, low] = tlv.value else {
            return vec![Problem::at("value", 0, format!("{} bytes instead of 2", tlv.value.len()))];
        };
        let bits = u16::from_be_bytes([high, low]);
        if tlv.number == number::QUERY_ID {
            self.answer.query_id.get_or_insert(bits);
        } else {
            let part = AnswerPart::from_bits(bits);
            self.answer.answer.get_or_insert(part).is_last |= part.is_last;
        }
        Vec::new()
    }

    fn finish(self) -> DiagnosticAnswer {
        let Self {
            mut answer,
            children,
            child_addresses,
            router_neighbors,
            ..
        } = self;
        // The rows before these may stand in a part that is not here.
        let starts_late = answer.answer.is_some_and(|part| part.index > 0);
        let mut list = |is_there: bool, is_closed: bool, fact: Fact| {
            if !is_there {
                return;
            }
            let kind = fact.kind();
            if is_closed {
                answer.closed.push(kind);
            }
            if !is_closed || starts_late {
                answer.decoded.incomplete.push(kind);
            }
            answer.decoded.fact(fact);
        };
        list(children.is_there, children.is_closed, Fact::Children(children.rows));
        list(
            child_addresses.is_there,
            child_addresses.is_closed,
            Fact::ChildAddresses(child_addresses.rows),
        );
        list(
            router_neighbors.is_there,
            router_neighbors.is_closed,
            Fact::RouterNeighbors(router_neighbors.rows),
        );
        answer.decoded.incomplete.sort_unstable();
        answer.decoded.incomplete.dedup();
        for fact in &answer.decoded.facts {
            match fact {
                Fact::ExtendedAddress(address) => answer.extended_address = Some(*address),
                Fact::Rloc16(rloc16) => answer.rloc16 = *rloc16,
                _ => (),
            }
        }
        answer
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
