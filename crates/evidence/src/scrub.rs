//! Blanking of secrets before a capture is kept anywhere: network keys, PSKcs, passcodes, setup codes.
//!
//! What is blanked keeps its length, so that a blanked capture decodes as the original does. Doing it twice changes nothing.

use crate::capture::{Capture, CaptureBody, FailureTarget};
use crate::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::ops::Range;
use weft_model::{Annotation, AnnotationTarget, AttributeValue};
use weft_wire::matter::tlv::decode_partly;
use weft_wire::tmf::tlv::{MAX_TLVS, Tlvs};
use weft_wire::{matter, meshcop, otbr};

/// MLE TLV types that hold a dataset: active and pending (Thread specification 1.4, 4.4.5).
const MLE_DATASETS: [u8; 2] = [24, 25];
/// MLE TLV type of a discovery message's MeshCoP TLVs.
const MLE_DISCOVERY: u8 = 26;
/// MeshCoP TLV type of a datagram that a commissioner sends or gets through a border agent.
const UDP_ENCAPSULATION: u8 = 48;
/// Bytes of a network key and of a PSKc.
const KEY_BYTES: usize = 16;
/// Values nested deeper are dropped; serde_json itself reads 128 levels.
const MAX_DEPTH: usize = 128;
/// Digits of Matter's manual setup codes (core specification 1.4, 5.1.4).
const SETUP_CODE_DIGITS: [usize; 2] = [11, 21];
/// Parts of keys that name a setup code.
const SETUP_CODE_NAMES: [&str; 5] = ["pincode", "qrcode", "manualcode", "pairingcode", "setupcode"];
/// Groups of digits of a HomeKit setup code, as people write it.
const HOMEKIT_CODE_GROUPS: [usize; 3] = [3, 2, 3];

/// Overwrites every secret that a capture may hold.
pub fn blank_secrets(capture: &mut Capture) {
    match &mut capture.body {
        CaptureBody::Source(report) => {
            report.reason.iter_mut().for_each(blank_text);
            if let Some(detail) = &mut report.detail {
                otbr::blank_secrets("", detail);
                each_text(detail, MAX_DEPTH, &mut blank_text);
            }
        }
        CaptureBody::Mdns(_) | CaptureBody::RadioSummary(_) | CaptureBody::Frame(_) => (),
        CaptureBody::MatterReport(report) => {
            for attribute in &mut report.attributes {
                if let Some(tlv) = &mut attribute.tlv {
                    let is_border_router = attribute.cluster == matter::clusters::THREAD_BORDER_ROUTER_MANAGEMENT;
                    blank_digits(tlv, |bytes| attribute_value(bytes, is_border_router));
                }
            }
        }
        CaptureBody::MatterServerNode(body) => {
            blank_url(&mut body.server);
            otbr::blank_secrets("", &mut body.node);
            blank_setup_codes(&mut body.node, MAX_DEPTH);
            each_text(&mut body.node, MAX_DEPTH, &mut |text| {
                blank_base64(text);
                mask_payloads(text);
            });
        }
        CaptureBody::Tmf(body) => match body.uri.trim_start_matches('/').split('/').next() {
            // Diagnostics and address queries use other types of TLVs, none of which holds a secret.
            Some("d" | "a") => (),
            _ => blank_digits(&mut body.payload, commissioning),
        },
        CaptureBody::OtbrRest(body) => {
            blank_url(&mut body.base);
            otbr::blank_secrets(&body.path, &mut body.body);
        }
        CaptureBody::Mle(body) => blank_digits(&mut body.tlvs, mle),
        CaptureBody::Annotation(Annotation {
            identify,
            name,
            room,
            thread_role,
            note,
            same_as,
            ..
        }) => {
            let AnnotationTarget { node, hap_id, finding, .. } = identify;
            [name, room, thread_role, note, same_as, node, hap_id, finding]
                .into_iter()
                .flatten()
                .for_each(blank_text);
        }
        CaptureBody::Failure(body) => {
            blank_text(&mut body.attempt);
            blank_text(&mut body.error);
            match &mut body.target {
                FailureTarget::OtbrRest { base } => blank_url(base),
                FailureTarget::Other(value) => {
                    otbr::blank_secrets("", value);
                    each_text(value, MAX_DEPTH, &mut blank_text);
                }
                FailureTarget::MatterNode { .. } | FailureTarget::ThreadNode { .. } => (),
            }
        }
    }
}

/// Applies `blank` to the bytes that `digits` stand for. What is not hexadecimal is of no use to anybody and is overwritten whole.
fn blank_digits(digits: &mut String, blank: impl FnOnce(&mut [u8])) {
    match hex::decode(digits) {
        Some(bytes) => {
            let mut blanked = bytes.clone();
            blank(&mut blanked);
            if blanked != bytes {
                *digits = hex::encode(&blanked);
            }
        }
        None => *digits = "-".repeat(digits.chars().count().min(KEY_BYTES)),
    }
}

/// The values of the TLVs in `bytes` with their types; last, what could not be read, without a type.
fn tlv_ranges(bytes: &[u8]) -> Vec<(Option<u8>, Range<usize>)> {
    let ranges = Tlvs::new(bytes).map(|tlv| match tlv {
        Ok(tlv) => (Some(tlv.number), tlv.offset..tlv.offset + tlv.value.len()),
        Err(cut) => (None, cut.offset..bytes.len()),
    });
    ranges.take(MAX_TLVS + 1).collect()
}

/// MeshCoP TLVs, and those of the messages packed into them.
fn commissioning(bytes: &mut [u8]) {
    meshcop::blank_secrets(bytes);
    for (number, range) in tlv_ranges(bytes) {
        if number == Some(UDP_ENCAPSULATION) {
            blank_key_patterns(&mut bytes[range]);
        }
    }
}

/// MLE TLVs: the datasets in them. Of a message that is cut off the rest is overwritten, because a dataset may have begun in it.
fn mle(bytes: &mut [u8]) {
    for (number, range) in tlv_ranges(bytes) {
        match number {
            Some(number) if MLE_DATASETS.contains(&number) || number == MLE_DISCOVERY => meshcop::blank_secrets(&mut bytes[range]),
            Some(_) => (),
            None => bytes[range].fill(0),
        }
    }
}

/// Overwrites whatever has the form of a TLV with a network key or PSKc, wherever it begins.
fn blank_key_patterns(bytes: &mut [u8]) {
    let header = |number| [number, KEY_BYTES as u8];
    let mut position = 0;
    while let Some(window) = bytes.get(position..position + 2 + KEY_BYTES) {
        if window.starts_with(&header(meshcop::number::NETWORK_KEY)) || window.starts_with(&header(meshcop::number::PSKC)) {
            bytes[position + 2..position + 2 + KEY_BYTES].fill(0);
            position += 2 + KEY_BYTES;
        } else {
            position += 1;
        }
    }
}

/// A Matter value: datasets among its octet strings.
fn attribute_value(bytes: &mut [u8], is_border_router: bool) {
    if is_border_router {
        blank_key_patterns(bytes);
        return;
    }
    let mut datasets = Vec::new();
    if let (Some(value), _) = decode_partly(bytes) {
        collect_datasets(&value, &mut datasets);
    }
    for dataset in datasets {
        let places: Vec<usize> = bytes
            .windows(dataset.len())
            .enumerate()
            .filter(|(_, window)| *window == dataset)
            .map(|(place, _)| place)
            .collect();
        for place in places {
            meshcop::blank_secrets(&mut bytes[place..place + dataset.len()]);
        }
    }
}

/// Octet strings that are datasets with a key; the reader has bounded the depth of `value`.
fn collect_datasets(value: &AttributeValue, datasets: &mut Vec<Vec<u8>>) {
    match value {
        AttributeValue::Octets(octets) if has_key(octets) => datasets.push(octets.clone()),
        AttributeValue::List(values) => values.iter().for_each(|value| collect_datasets(value, datasets)),
        AttributeValue::Structure(fields) => fields.iter().for_each(|(_, value)| collect_datasets(value, datasets)),
        _ => (),
    }
}

/// True for a sequence of TLVs, to the last byte, with a network key or PSKc of the right length that is not blanked.
fn has_key(bytes: &[u8]) -> bool {
    let mut found = false;
    for tlv in Tlvs::new(bytes) {
        let Ok(tlv) = tlv else { return false };
        let is_key = [meshcop::number::NETWORK_KEY, meshcop::number::PSKC].contains(&tlv.number);
        found |= is_key && tlv.value.len() == KEY_BYTES && tlv.value.iter().any(|byte| *byte != 0);
    }
    found
}

/// A base64 text that is a dataset.
fn blank_base64(text: &mut String) {
    if let Ok(mut bytes) = STANDARD.decode(text.as_bytes())
        && has_key(&bytes)
    {
        meshcop::blank_secrets(&mut bytes);
        *text = STANDARD.encode(bytes);
    }
}

/// Overwrites what is named like a setup code: `setup_pin_code`, `manualPairingCode`, `qr_code`.
fn blank_setup_codes(value: &mut Value, depth: usize) {
    match value {
        Value::Array(_) | Value::Object(_) if depth == 0 => *value = Value::Null,
        Value::Array(values) => values.iter_mut().for_each(|value| blank_setup_codes(value, depth - 1)),
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                let name: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
                match value {
                    Value::Number(_) if SETUP_CODE_NAMES.iter().any(|part| name.contains(part)) => *value = Value::from(0),
                    Value::String(text) if SETUP_CODE_NAMES.iter().any(|part| name.contains(part)) => *text = "*".repeat(text.chars().count()),
                    value => blank_setup_codes(value, depth - 1),
                }
            }
        }
        _ => (),
    }
}

/// Applies `change` to every text in `value`.
fn each_text(value: &mut Value, depth: usize, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(_) | Value::Object(_) if depth == 0 => *value = Value::Null,
        Value::Array(values) => values.iter_mut().for_each(|value| each_text(value, depth - 1, change)),
        Value::Object(members) => members.iter_mut().for_each(|(_, value)| each_text(value, depth - 1, change)),
        _ => (),
    }
}

/// Free text: setup codes and payloads are masked, and so is who logs in to an address.
fn blank_text(text: &mut String) {
    mask_payloads(text);
    mask_codes(text);
    blank_url(text);
}

/// Masks the payloads of Matter's QR codes: `MT:` and what follows (core specification 1.4, 5.1.3).
fn mask_payloads(text: &mut String) {
    let mut position = 0;
    while let Some(found) = text[position..].find("MT:") {
        let start = position + found + 3;
        let is_payload = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        let end = text[start..].find(|c| !is_payload(c)).map_or(text.len(), |length| start + length);
        text.replace_range(start..end, &"*".repeat(end - start));
        position = end;
    }
}

/// Masks numbers that may be setup codes, with or without separators between their digits.
fn mask_codes(text: &mut String) {
    let mut masked: Vec<Range<usize>> = Vec::new();
    for run in groups_of_digits(text) {
        for (first, start) in run.iter().enumerate() {
            let mut digits = 0;
            for (last, group) in run.iter().enumerate().skip(first) {
                digits += group.len();
                let lengths = run[first..=last].iter().map(Range::len);
                if SETUP_CODE_DIGITS.contains(&digits) || (last - first == 2 && lengths.eq(HOMEKIT_CODE_GROUPS)) {
                    masked.push(start.start..group.end);
                }
            }
        }
    }
    for range in masked {
        let stars: String = text[range.clone()].chars().map(|c| if c.is_ascii_digit() { '*' } else { c }).collect();
        text.replace_range(range, &stars);
    }
}

/// Runs of groups of digits with single spaces or hyphens between them, without a letter, a digit or a dot at either end.
fn groups_of_digits(text: &str) -> Vec<Vec<Range<usize>>> {
    let bytes = text.as_bytes();
    let mut runs: Vec<Vec<Range<usize>>> = Vec::new();
    let mut position = 0;
    while position < bytes.len() {
        if !bytes[position].is_ascii_digit() {
            position += 1;
            continue;
        }
        let start = position;
        while bytes.get(position).is_some_and(u8::is_ascii_digit) {
            position += 1;
        }
        let is_apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        if !is_apart(start.checked_sub(1).and_then(|before| bytes.get(before))) || !is_apart(bytes.get(position)) {
            continue;
        }
        match runs.last_mut() {
            Some(run)
                if run
                    .last()
                    .is_some_and(|group| group.end + 1 == start && matches!(bytes[group.end], b' ' | b'-')) =>
            {
                run.push(start..position)
            }
            _ => runs.push(std::iter::once(start..position).collect()),
        }
    }
    runs
}

/// Takes user and password out of addresses: `http://user:password@host` becomes `http://host`.
fn blank_url(text: &mut String) {
    let mut position = 0;
    while let Some(found) = text[position..].find("://") {
        let start = position + found + 3;
        let end = text[start..]
            .find(|c: char| c == '/' || c.is_whitespace())
            .map_or(text.len(), |length| start + length);
        if let Some(at) = text[start..end].rfind('@') {
            text.replace_range(start..=start + at, "");
        }
        position = start;
    }
}

#[cfg(test)]
mod tests;
