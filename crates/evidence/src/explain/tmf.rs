//! Thread management messages: what was asked, and each TLV of the answer.

use super::{Names, Row, Section, fact, words};
use crate::capture::TmfCapture;
use crate::decode::DecodedCapture;
use std::collections::BTreeSet;
use weft_model::{Fact, FactKind};
use weft_wire::tmf::{decode_answer, number};

pub(super) fn tmf(body: &TmfCapture, decoded: &DecodedCapture, names: &dyn Names) -> (String, Vec<Section>) {
    let what = match body.uri.trim_start_matches('/') {
        "d/dg" => "Network diagnostics",
        "d/da" => "Answer to a network diagnostics query",
        "d/dq" => "Network diagnostics query",
        "c/ag" => "Active dataset",
        "c/pg" => "Pending dataset",
        "a/an" => "Address notification",
        _ => "Thread management message",
    };
    let facts: Vec<&Fact> = decoded.observations.iter().map(|observation| &*observation.fact).collect();
    let who = facts
        .iter()
        .find_map(|fact| match fact {
            Fact::ExtendedAddress(address) => Some(words::radio(*address, names)),
            _ => None,
        })
        .unwrap_or_else(|| body.peer.to_string());
    let how = if body.overheard {
        "overheard on the air"
    } else {
        "asked over Thread management"
    };
    let mut rows = vec![
        Row::new("Answered by", body.peer.to_string()).means(words::address(body.peer.into())),
        Row::new("Path", body.uri.clone()).means(what),
    ];
    rows.extend(body.extended_pan_id.map(|id| Row::new("Network", id.to_string())));
    rows.extend(body.asked.as_deref().map(|asked| Row::new("Asked for", types(asked))));
    rows.extend(body.code.clone().map(|code| {
        let meaning = code_meaning(&code);
        Row::new("Code", code).means(meaning)
    }));
    rows.push(Row::new("Payload", format!("{} bytes", body.payload.len() / 2)));
    if body.overheard {
        rows.push(Row::new("Overheard", "yes").means("it was sent to somebody else, and went by on the air"));
    }
    if body.uri.trim_start_matches('/').starts_with("d/")
        && let Some(payload) = crate::hex::decode(&body.payload)
    {
        let answer = decode_answer(&payload);
        rows.extend(answer.query_id.map(|id| Row::new("Answers query", id.to_string())));
        rows.extend(
            answer.answer.map(|part| {
                Row::new("Part", (u32::from(part.index) + 1).to_string()).means(if part.is_last { "the last one" } else { "more follow" })
            }),
        );
        rows.extend(answer.type_list.as_deref().map(|list| Row::new("Type list", types(list))));
    }
    let mut sections = vec![Section::new("Message", rows)];
    sections.extend(fact::sections("Values", facts.iter().copied(), names));
    (format!("{what} of {who}{}, {how}", tables(&facts)), sections)
}

/// Which tables came: " with child table, route64".
fn tables(facts: &[&Fact]) -> String {
    let kinds: BTreeSet<FactKind> = facts
        .iter()
        .map(|fact| fact.kind())
        .filter(|kind| {
            matches!(
                kind,
                FactKind::Route64 | FactKind::EnhancedRoute | FactKind::ChildTable | FactKind::Children | FactKind::RouterNeighbors
            )
        })
        .collect();
    let labels: Vec<String> = kinds.into_iter().map(|kind| fact::label(kind).to_lowercase()).collect();
    match labels.as_slice() {
        [] => String::new(),
        labels => format!(" with {}", labels.join(", ")),
    }
}

fn types(numbers: &[u8]) -> String {
    let names: Vec<String> = numbers
        .iter()
        .take(64)
        .map(|number| match type_name(*number) {
            Some(name) => format!("{name} ({number})"),
            None => format!("TLV {number}"),
        })
        .collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// The name of a network diagnostic TLV.
fn type_name(tlv: u8) -> Option<&'static str> {
    Some(match tlv {
        number::EXTENDED_ADDRESS => "extended address",
        number::ADDRESS16 => "RLOC16",
        number::MODE => "mode",
        number::TIMEOUT => "timeout",
        number::CONNECTIVITY => "connectivity",
        number::ROUTE64 => "route64",
        number::LEADER_DATA => "leader data",
        number::NETWORK_DATA => "network data",
        number::IPV6_ADDRESSES => "IPv6 addresses",
        number::MAC_COUNTERS => "MAC counters",
        number::BATTERY_LEVEL => "battery level",
        number::SUPPLY_VOLTAGE => "supply voltage",
        number::CHILD_TABLE => "child table",
        number::CHANNEL_PAGES => "channel pages",
        number::TYPE_LIST => "type list",
        number::MAX_CHILD_TIMEOUT => "longest child timeout",
        number::EUI64 => "EUI-64",
        number::VERSION => "Thread version",
        number::VENDOR_NAME => "vendor name",
        number::VENDOR_MODEL => "vendor model",
        number::VENDOR_SOFTWARE_VERSION => "vendor software version",
        number::STACK_VERSION => "stack version",
        number::CHILD => "child",
        number::CHILD_ADDRESSES => "child addresses",
        number::ROUTER_NEIGHBOR => "router neighbour",
        number::ANSWER => "answer",
        number::QUERY_ID => "query id",
        number::MLE_COUNTERS => "MLE counters",
        number::VENDOR_APP_URL => "vendor app URL",
        number::NON_PREFERRED_CHANNELS => "non-preferred channels",
        number::ENHANCED_ROUTE => "enhanced route",
        _ => return None,
    })
}

/// The class of a CoAP code (RFC 7252, section 5.9).
fn code_meaning(code: &str) -> &'static str {
    match code.as_bytes().first() {
        Some(b'0') => "a request",
        Some(b'2') => "success",
        Some(b'4') => "an error: the request was wrong, or not allowed",
        Some(b'5') => "an error of the device",
        _ => "",
    }
}
