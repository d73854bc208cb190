//! Child ID Responses and Data Responses bring datasets, and datasets bring keys.

use super::number;
use crate::meshcop;
use crate::tmf::tlv::{Tlv, Tlvs};
use std::ops::Range;

/// Overwrites network key and PSKc in the datasets (TLVs 24 and 25) of a message's TLVs with zeros, and what is left of a TLV that is cut off.
/// The result says the same ([`super::decode`], [`super::Message::from_tlvs`]).
pub fn blank_secrets(tlvs: &mut [u8]) {
    let mut position = 0;
    while let Some((value, number)) = next_value(tlvs, position) {
        position = value.end;
        match number {
            Some(number::ACTIVE_DATASET | number::PENDING_DATASET) => meshcop::blank_secrets(&mut tlvs[value]),
            Some(_) => (),
            None => tlvs[value].fill(0),
        }
    }
}

/// Where the value of the TLV at `position` lies, and its type; `None` as the type where it is cut off.
fn next_value(bytes: &[u8], position: usize) -> Option<(Range<usize>, Option<u8>)> {
    Some(match Tlvs::all(bytes.get(position..)?).next()? {
        Ok(Tlv { number, offset, value }) => (position + offset..position + offset + value.len(), Some(number)),
        Err(cut) => (position + cut.offset..bytes.len(), None),
    })
}
