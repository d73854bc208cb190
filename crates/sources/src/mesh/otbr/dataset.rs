//! The active dataset as the API hands it out: hexadecimal TLVs, or JSON that is put back into TLVs.

use super::http::Answer;
use serde_json::Value;
use weft_thread::credential::{CredentialError, OperationalDataset};
use zeroize::Zeroizing;

/// Types of MeshCoP TLVs (OpenThread `include/openthread/dataset.h`).
mod number {
    pub const CHANNEL: u8 = 0;
    pub const PAN_ID: u8 = 1;
    pub const EXTENDED_PAN_ID: u8 = 2;
    pub const NETWORK_NAME: u8 = 3;
    pub const PSKC: u8 = 4;
    pub const NETWORK_KEY: u8 = 5;
    pub const MESH_LOCAL_PREFIX: u8 = 7;
    pub const ACTIVE_TIMESTAMP: u8 = 14;
}

/// Digits of the longest dataset (254 bytes), with room for white space.
const MAX_TEXT_BYTES: usize = 1024;

/// Reads the body of `/node/dataset/active`, whichever form the agent chose.
pub(super) fn read(answer: &Answer) -> Result<OperationalDataset, CredentialError> {
    let malformed = CredentialError::Malformed {
        expected: "a dataset in hexadecimal digits or as JSON",
    };
    let text = std::str::from_utf8(&answer.bytes).map_err(|_| malformed.clone())?.trim();
    if text.starts_with('{') {
        let value: Value = serde_json::from_str(text).map_err(|_| malformed)?;
        return from_json(&value);
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(malformed);
    }
    // As JSON, it is a text in quotation marks.
    OperationalDataset::from_hex(text.trim_matches('"'))
}

/// Everything in it that Weft uses. Security policy and channel mask are left out: the API renders the first in part and turned around, and nobody needs the second.
fn from_json(value: &Value) -> Result<OperationalDataset, CredentialError> {
    let object = value.as_object().ok_or(CredentialError::Malformed { expected: "a dataset" })?;
    let find = |name: &str| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let mut tlvs = Zeroizing::new(Vec::with_capacity(254));
    if let Some(timestamp) = find("activeTimestamp").and_then(timestamp) {
        push(&mut tlvs, number::ACTIVE_TIMESTAMP, &timestamp.to_be_bytes());
    }
    let whole = |name| find(name).and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok());
    if let Some(channel) = whole("channel") {
        let [high, low] = channel.to_be_bytes();
        push(&mut tlvs, number::CHANNEL, &[0, high, low]);
    }
    if let Some(pan_id) = whole("panId") {
        push(&mut tlvs, number::PAN_ID, &pan_id.to_be_bytes());
    }
    let octets = |name, length| {
        find(name)
            .and_then(Value::as_str)
            .and_then(octets)
            .filter(|octets| octets.len() == length)
    };
    for (name, number, length) in [
        ("extPanId", number::EXTENDED_PAN_ID, 8),
        ("networkKey", number::NETWORK_KEY, 16),
        ("pskc", number::PSKC, 16),
    ] {
        if let Some(octets) = octets(name, length) {
            push(&mut tlvs, number, &octets);
        }
    }
    if let Some(name) = find("networkName").and_then(Value::as_str).filter(|name| (1..=16).contains(&name.len())) {
        push(&mut tlvs, number::NETWORK_NAME, name.as_bytes());
    }
    let prefix = find("meshLocalPrefix")
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<weft_model::Ipv6Prefix>().ok());
    if let Some(prefix) = prefix {
        push(&mut tlvs, number::MESH_LOCAL_PREFIX, &prefix.address().octets()[..8]);
    }
    OperationalDataset::from_tlvs(&tlvs)
}

fn push(tlvs: &mut Vec<u8>, number: u8, value: &[u8]) {
    tlvs.push(number);
    tlvs.push(u8::try_from(value.len()).unwrap_or(u8::MAX));
    tlvs.extend_from_slice(value);
}

/// Packed as on the wire: 48 bits seconds, 15 bits ticks, 1 bit authoritative.
fn timestamp(value: &Value) -> Option<u64> {
    let object = value.as_object()?;
    let find = |name: &str| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let seconds = find("seconds")?.as_u64().filter(|seconds| *seconds < 1 << 48)?;
    let ticks = find("ticks").and_then(Value::as_u64).filter(|ticks| *ticks < 1 << 15).unwrap_or(0);
    let authoritative = find("authoritative").and_then(Value::as_bool).unwrap_or(false);
    Some(seconds << 16 | ticks << 1 | u64::from(authoritative))
}

fn octets(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if digits.len() > MAX_TEXT_BYTES || !digits.len().is_multiple_of(2) {
        return None;
    }
    let mut octets = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    for pair in digits.chunks_exact(2) {
        octets.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(octets)
}
