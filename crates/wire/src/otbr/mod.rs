//! The REST API of OpenThread border routers (ot-br-posix `src/rest`), in all its generations.
//!
//! | generation | what it looks like | how it is known |
//! |---|---|---|
//! | until September 2025 | `/node`, `/diagnostics`; keys in PascalCase; mode bits 0 and 1; RLOC16s as numbers | recorded |
//! | camelCase | `/node` with `routerCount`; RLOC16 `"0xc400"` in `/node` and a number in `/node/rloc16` | recorded (it lives on beside the last) |
//! | JSON:API | `/api/node`, `/api/devices`, `/api/diagnostics`, `/api/actions`; `deviceTypeFTD`, `eui64`, `hostName`, `version`, `connectionTime` | documentation and source only |
//! | since July 2026 | the same with `fullThreadDevice`, `eui`, `hostname`, `threadVersion`, `linkAge` | recorded |
//!
//! One table of names (`keys.rs`) drives them all: nothing else in here asks which generation it reads.
//!
//! What to know about the answers, whatever the generation:
//! - `/diagnostics`, `/api/devices`, `/api/diagnostics` and even `/api/node` are caches that nobody refreshes by themselves. Several
//!   answers of one device stand side by side, unordered. Choose by [`NodeStatement::created`].
//! - An item that was not filled in yet has placeholders (`"rloc16": "0x0000"`, partition 4294967295, `"role": ""`): no facts.
//! - The mode of a minimal device that listens is wrong in `/api/devices` (recorded builds): such a mode is no fact.
//! - The timeout in a child table is an exponent; in the list of children it is seconds.
//! - An empty list of children or neighbours may mean that nobody asked.

mod dataset;
mod generation;
mod item;
mod keys;
mod record;
mod route;
mod secrets;
mod tables;
#[cfg(test)]
mod tests;

pub use generation::{Generation, api_generation, api_version};
pub use secrets::blank_secrets;

use crate::{Decoded, Problem};
use item::Rendering;
use record::{Ledger, Notes, Path, Record};
use route::Endpoint;
use serde_json::{Map, Value};
use weft_model::{ExtendedAddress, ExtendedPanId, Rloc16, Timestamp};

/// Items read of one body; OpenThread's own collections hold 200.
const MAX_ITEMS: usize = 10_000;

/// What the answer to one request says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtbrAnswer {
    /// One statement for each device of the body, in the order of the body.
    pub nodes: Vec<NodeStatement>,
    /// What was wrong with the body as a whole or with items that name no device; what was wrong within an item is in its
    /// `decoded`.
    pub problems: Vec<Problem>,
    /// Keys that no generation is known to have, sorted, each once, at most 64.
    pub unknown_keys: Vec<String>,
}

/// Of whom a [`NodeStatement`] speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The border router that was asked.
    BorderRouter,
    /// The device that the item names by extended address, RLOC16 or both. It may be the border router itself.
    Device,
}

/// What one item says of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStatement {
    /// Of whom.
    pub subject: Subject,
    /// The extended address in the item.
    pub extended_address: Option<ExtendedAddress>,
    /// The RLOC16 in the item, in the partition and at the moment of the item.
    pub rloc16: Option<Rloc16>,
    /// The item's own time: when the agent made it or, where it says so, last refreshed it, by the border router's clock.
    /// `None` in `/node` and `/diagnostics`, and in the plain JSON rendering of the others.
    pub created: Option<Timestamp>,
    /// The facts; `incomplete` names the tables with broken rows and the lists that are partial by nature.
    pub decoded: Decoded,
    /// The network that the item says the device is in; only nodes and border routers say it.
    pub extended_pan_id: Option<ExtendedPanId>,
}

/// Decodes the body of an answer to a request of `path` (query tolerated). Text bodies are given as a JSON string.
///
/// A body that is an error object gives one problem, a task gives nothing. Never fails as a whole: broken values cost
/// themselves, broken rows cost their row, and each is a problem that names its JSON path.
pub fn decode_body(path: &str, body: &Value) -> OtbrAnswer {
    let mut answer = OtbrAnswer::default();
    let mut ledger = Ledger::default();
    // A recording holds what is not labelled as JSON as text.
    let parsed = match body {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => serde_json::from_str(text).ok(),
        _ => None,
    };
    let body = parsed.as_ref().unwrap_or(body);
    if !matches!(body, Value::Null) && body.as_str() != Some("") {
        decode_into(path, body, &mut answer, &mut ledger);
    }
    answer.unknown_keys = ledger.unknown_keys.into_iter().collect();
    answer
}

fn decode_into(path: &str, body: &Value, answer: &mut OtbrAnswer, ledger: &mut Ledger) {
    if let Some(problem) = error_of(body) {
        answer.problems.push(problem);
        return;
    }
    match Endpoint::of(path) {
        Endpoint::Node | Endpoint::ApiNode => items(body, Subject::BorderRouter, Rendering::Device, answer, ledger),
        Endpoint::ApiDevices => items(body, Subject::Device, Rendering::Device, answer, ledger),
        Endpoint::Diagnostics | Endpoint::ApiDiagnostics => items(body, Subject::Device, Rendering::Diagnostic, answer, ledger),
        Endpoint::NodeValue(key, name) => {
            let record = Record::single(Path::Body, key, name, body);
            let mut notes = Notes {
                decoded: Decoded::default(),
                ledger,
            };
            let node = item::decode(&record, Subject::BorderRouter, Rendering::Single, None, &mut notes);
            keep(node, notes, answer);
        }
        Endpoint::Dataset => dataset_body(body, answer, ledger),
        Endpoint::Actions | Endpoint::WellKnown | Endpoint::Silent => {}
        Endpoint::Unknown => answer
            .problems
            .push(Problem::of("path", "no path of the border router's API that is known")),
    }
}

/// An error instead of an answer: `{"title", "status"}`, `{"ErrorCode", "ErrorMessage"}`, or `errors` of JSON:API.
fn error_of(body: &Value) -> Option<Problem> {
    let object = body.as_object()?;
    let object = match object.get("errors") {
        Some(Value::Array(errors)) => errors.first().and_then(Value::as_object)?,
        _ => object,
    };
    let find = |names: [&str; 2]| {
        object
            .iter()
            .find(|(key, _)| names.iter().any(|name| key.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    };
    let code = find(["status", "errorCode"])?;
    let title = find(["title", "errorMessage"])?.as_str()?;
    let code = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    let title: String = title.chars().take(100).collect();
    Some(Problem::of("answer", format!("the border router answered with error {code}: {title}")))
}

/// Reads one item, an array of items, or the `data` of a JSON:API document.
fn items(body: &Value, subject: Subject, rendering: Rendering, answer: &mut OtbrAnswer, ledger: &mut Ledger) {
    let outer = Path::Field(&Path::Body, "data");
    let (path, data) = match body {
        Value::Object(object) => match object.get("data") {
            Some(data) => (outer, data),
            None => (Path::Body, body),
        },
        _ => (Path::Body, body),
    };
    match data {
        Value::Array(list) => {
            if list.len() > MAX_ITEMS {
                ledger.problem(&mut answer.problems, Problem::of(path.to_string(), "more items than are read"));
            }
            for (index, value) in list.iter().take(MAX_ITEMS).enumerate() {
                one_item(Path::Item(&path, index), value, subject, rendering, answer, ledger);
            }
        }
        Value::Null => {}
        _ => one_item(path, data, subject, rendering, answer, ledger),
    }
}

fn one_item(path: Path<'_>, value: &Value, subject: Subject, rendering: Rendering, answer: &mut OtbrAnswer, ledger: &mut Ledger) {
    let Value::Object(item) = value else {
        ledger.problem(&mut answer.problems, Problem::of(path.to_string(), "expected an object"));
        return;
    };
    let kind = item.get("type").and_then(Value::as_str).unwrap_or_default();
    let inner = Path::Field(&path, "attributes");
    let (path, attributes) = match item.get("attributes") {
        Some(Value::Object(attributes)) => (inner, attributes),
        Some(_) => {
            ledger.problem(&mut answer.problems, Problem::of(inner.to_string(), "expected an object"));
            return;
        }
        None => (path, item),
    };
    if kind.ends_with("Task") || kind == "energyScanReport" || is_energy_scan(attributes) {
        return;
    }
    // The id of a device is its extended address; that of a diagnostic answer is a UUID.
    let id = item
        .get("id")
        .and_then(Value::as_str)
        .and_then(|id| id.parse().ok())
        .filter(|_| rendering == Rendering::Device);
    let record = Record::new(path, attributes, ledger);
    let mut notes = Notes {
        decoded: Decoded::default(),
        ledger,
    };
    let node = item::decode(&record, subject, rendering, id, &mut notes);
    keep(node, notes, answer);
}

/// An energy scan report of the plain rendering, which names no type.
fn is_energy_scan(attributes: &Map<String, Value>) -> bool {
    attributes.contains_key("origin") && attributes.contains_key("report")
}

fn dataset_body(body: &Value, answer: &mut OtbrAnswer, ledger: &mut Ledger) {
    let mut notes = Notes {
        decoded: Decoded::default(),
        ledger,
    };
    match body {
        Value::Object(object) => {
            let record = Record::new(Path::Body, object, notes.ledger);
            dataset::decode(&record, &mut notes);
        }
        Value::String(text) => dataset::decode_text(text, &mut notes),
        _ => notes.problem(Path::Body, "expected a dataset as an object or as hexadecimal digits"),
    }
    let extended_pan_id = notes.decoded.facts.iter().find_map(|fact| match fact {
        weft_model::Fact::Dataset(dataset) => dataset.extended_pan_id,
        _ => None,
    });
    let node = NodeStatement {
        subject: Subject::BorderRouter,
        extended_address: None,
        rloc16: None,
        created: None,
        decoded: std::mem::take(&mut notes.decoded),
        extended_pan_id,
    };
    keep(Some(node), notes, answer);
}

/// Keeps a statement that says something; otherwise only what was wrong with it.
fn keep(node: Option<NodeStatement>, notes: Notes<'_>, answer: &mut OtbrAnswer) {
    match node {
        Some(node) if !node.decoded.facts.is_empty() => answer.nodes.push(node),
        Some(node) => answer.problems.extend(node.decoded.problems),
        None => answer.problems.extend(notes.decoded.problems),
    }
}

/// Bytes of pairs of hexadecimal digits.
fn hex_octets(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = text.bytes().map(digit).collect::<Option<_>>()?;
    digits
        .len()
        .is_multiple_of(2)
        .then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
