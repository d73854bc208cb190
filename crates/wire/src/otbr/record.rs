//! One JSON object, read by meaning: every read checks type and range, and names the JSON path where something is wrong.

use super::keys::{self, Key};
use crate::{Decoded, Problem};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;
use weft_model::{FactKind, Rloc16, RouterId, Rssi};

/// Problems kept of one body; a body of nonsense must not become a log of nonsense.
const MAX_PROBLEMS: usize = 256;
/// Unknown keys kept of one body.
const MAX_UNKNOWN_KEYS: usize = 64;
/// Characters kept of an unknown key.
const MAX_UNKNOWN_KEY_CHARS: usize = 64;
/// Rows read of one table; a router has at most 511 children and 62 other routers.
const MAX_ROWS: usize = 1024;
/// Longest text value that is used; the longest in the protocol is the vendor application URL with 96 bytes.
const MAX_TEXT_BYTES: usize = 256;
/// RLOC16s that stand for "none" (`Mle::kInvalidRloc16` and the short address "unassigned").
const NO_RLOC16: [u64; 2] = [0xfffe, 0xffff];

/// Where in the body a value stands: `data[3].attributes.childTable[0].mode`.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Body,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Body => f.write_str("body"),
            Path::Field(Path::Body, key) => f.write_str(key),
            Path::Field(outer, key) => write!(f, "{outer}.{key}"),
            Path::Item(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}

/// What is noted across the whole body.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    problems: usize,
    pub(super) unknown_keys: BTreeSet<String>,
}

impl Ledger {
    /// Adds a problem as long as there is room for it.
    pub(super) fn problem(&mut self, to: &mut Vec<Problem>, problem: Problem) {
        self.problems += 1;
        match self.problems.cmp(&MAX_PROBLEMS) {
            std::cmp::Ordering::Less => to.push(problem),
            std::cmp::Ordering::Equal => to.push(Problem::of("body", "more problems than are listed")),
            std::cmp::Ordering::Greater => {}
        }
    }

    fn unknown_key(&mut self, key: &str) {
        if self.unknown_keys.len() < MAX_UNKNOWN_KEYS {
            self.unknown_keys.insert(key.chars().take(MAX_UNKNOWN_KEY_CHARS).collect());
        }
    }
}

/// What one item of the body says, while it is being read.
pub(super) struct Notes<'n> {
    pub(super) decoded: Decoded,
    pub(super) ledger: &'n mut Ledger,
}

impl Notes<'_> {
    pub(super) fn problem(&mut self, path: Path<'_>, reason: impl Into<Cow<'static, str>>) {
        self.ledger.problem(&mut self.decoded.problems, Problem::of(path.to_string(), reason));
    }
}

/// A JSON object whose keys have been looked up.
pub(super) struct Record<'a> {
    pub(super) path: Path<'a>,
    fields: BTreeMap<Key, (usize, &'a str, &'a Value)>,
}

impl<'a> Record<'a> {
    pub(super) fn new(path: Path<'a>, object: &'a Map<String, Value>, ledger: &mut Ledger) -> Self {
        let mut fields: BTreeMap<Key, (usize, &'a str, &'a Value)> = BTreeMap::new();
        for (name, value) in object {
            let Some((key, rank)) = keys::find(name) else {
                ledger.unknown_key(name);
                continue;
            };
            if fields.get(&key).is_none_or(|(known, ..)| rank < *known) {
                fields.insert(key, (rank, name, value));
            }
        }
        Self { path, fields }
    }

    /// A record of one value.
    pub(super) fn single(path: Path<'a>, key: Key, name: &'a str, value: &'a Value) -> Self {
        Self {
            path,
            fields: BTreeMap::from([(key, (0, name, value))]),
        }
    }

    /// The value; `None` where it is absent or null.
    pub(super) fn value(&self, key: Key) -> Option<&'a Value> {
        self.fields.get(&key).map(|(.., value)| *value).filter(|value| !value.is_null())
    }

    /// True if the key is there, whatever its value.
    pub(super) fn has(&self, key: Key) -> bool {
        self.fields.contains_key(&key)
    }

    fn reject(&self, key: Key, reason: &'static str, notes: &mut Notes<'_>) {
        let name = self.fields.get(&key).map_or("", |(_, name, _)| *name);
        notes.problem(Path::Field(&self.path, name), reason);
    }

    /// `value`, or a problem if the record lacks the key altogether (a wrong value has its problem already).
    pub(super) fn need<T>(&self, key: Key, name: &str, value: Option<T>, notes: &mut Notes<'_>) -> Option<T> {
        if value.is_none() && self.value(key).is_none() {
            notes.problem(Path::Field(&self.path, name), "missing");
        }
        value
    }

    fn read<T>(&self, key: Key, reason: &'static str, notes: &mut Notes<'_>, read: impl Fn(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let read = read(value);
        if read.is_none() {
            self.reject(key, reason, notes);
        }
        read
    }

    /// A whole number that fits `T`.
    pub(super) fn uint<T: TryFrom<u64>>(&self, key: Key, notes: &mut Notes<'_>) -> Option<T> {
        let reason = match size_of::<T>() {
            1 => "expected a whole number from 0 to 255",
            2 => "expected a whole number from 0 to 65535",
            4 => "expected a whole number from 0 to 4294967295",
            _ => "expected a whole number",
        };
        self.read(key, reason, notes, |value| whole(value).and_then(|number| T::try_from(number).ok()))
    }

    /// A whole number from 0 to `max`.
    pub(super) fn uint_to(&self, key: Key, max: u8, reason: &'static str, notes: &mut Notes<'_>) -> Option<u8> {
        self.read(key, reason, notes, |value| {
            whole(value).and_then(|number| u8::try_from(number).ok()).filter(|number| *number <= max)
        })
    }

    /// A small signed number.
    pub(super) fn int8(&self, key: Key, notes: &mut Notes<'_>) -> Option<i8> {
        self.read(key, "expected a whole number from -128 to 127", notes, |value| {
            value.as_i64().and_then(|number| i8::try_from(number).ok())
        })
    }

    /// A boolean; the first generation writes 0 and 1.
    pub(super) fn boolean(&self, key: Key, notes: &mut Notes<'_>) -> Option<bool> {
        self.read(key, "expected true, false, 0 or 1", notes, |value| match value {
            Value::Bool(flag) => Some(*flag),
            value => match whole(value)? {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            },
        })
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: Key, notes: &mut Notes<'_>) -> Option<&'a str> {
        self.read(key, "expected a text of at most 256 bytes", notes, |value| {
            value.as_str().filter(|text| text.len() <= MAX_TEXT_BYTES)
        })
        .filter(|text| !text.is_empty())
    }

    /// A text that parses as `T`; an empty one is absent.
    pub(super) fn parse<T: FromStr>(&self, key: Key, reason: &'static str, notes: &mut Notes<'_>) -> Option<T> {
        let text = self.text(key, notes)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.reject(key, reason, notes);
        }
        parsed
    }

    /// An IPv6 address; the unspecified address is absent.
    pub(super) fn address(&self, key: Key, notes: &mut Notes<'_>) -> Option<Ipv6Addr> {
        self.parse(key, "expected an IPv6 address", notes)
            .filter(|address: &Ipv6Addr| !address.is_unspecified())
    }

    /// An RLOC16 as a number or as `"0xe400"`; inner `None`: the device says that it has none.
    pub(super) fn rloc16(&self, key: Key, notes: &mut Notes<'_>) -> Option<Option<Rloc16>> {
        self.read(key, "expected an RLOC16, as a number or like \"0xe400\"", notes, |value| {
            let number = match value {
                Value::String(text) => {
                    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
                    u64::from(u16::from_str_radix(digits, 16).ok()?)
                }
                value => whole(value)?,
            };
            if NO_RLOC16.contains(&number) {
                return Some(None);
            }
            u16::try_from(number).ok().and_then(Rloc16::new).map(Some)
        })
    }

    /// A router id.
    pub(super) fn router_id(&self, key: Key, notes: &mut Notes<'_>) -> Option<RouterId> {
        self.uint_to(key, RouterId::MAX, "expected a router id from 0 to 62", notes)
            .and_then(RouterId::new)
    }

    /// A received signal strength; a positive one (127 stands for "unknown") is none.
    pub(super) fn rssi(&self, key: Key, notes: &mut Notes<'_>) -> Option<Rssi> {
        self.int8(key, notes).and_then(Rssi::from_dbm)
    }

    /// A fraction from 0 to 1 in units of 1/65535, as error rates are counted by the stack.
    pub(super) fn fraction(&self, key: Key, notes: &mut Notes<'_>) -> Option<u16> {
        self.read(key, "expected a fraction from 0 to 1", notes, |value| {
            value
                .as_f64()
                .filter(|fraction| (0.0..=1.0).contains(fraction))
                .map(|fraction| (fraction * 65535.0).round() as u16)
        })
    }

    /// Octets in hexadecimal digits.
    pub(super) fn octets(&self, key: Key, notes: &mut Notes<'_>) -> Option<Vec<u8>> {
        let text = self.text(key, notes)?;
        let octets = super::hex_octets(text);
        if octets.is_none() {
            self.reject(key, "expected hexadecimal digits", notes);
        }
        octets
    }

    /// Reads the object under `key`.
    pub(super) fn object<T>(&self, key: Key, notes: &mut Notes<'_>, read: impl FnOnce(&Record<'_>, &mut Notes<'_>) -> Option<T>) -> Option<T> {
        let (_, name, value) = self.fields.get(&key)?;
        match value {
            Value::Object(object) => {
                let record = Record::new(Path::Field(&self.path, name), object, notes.ledger);
                read(&record, notes)
            }
            Value::Null => None,
            _ => {
                self.reject(key, "expected an object", notes);
                None
            }
        }
    }

    /// Reads the array of objects under `key`. A broken row costs that row, and the table is incomplete; a table of which
    /// no row could be read is no table.
    pub(super) fn table<T>(
        &self,
        key: Key,
        kind: FactKind,
        notes: &mut Notes<'_>,
        row: impl Fn(&Record<'_>, &mut Notes<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let name = self.fields.get(&key).map_or("", |(_, name, _)| *name);
        let path = Path::Field(&self.path, name);
        self.list(key, kind, notes, |index, value, notes| {
            let path = Path::Item(&path, index);
            match value {
                Value::Object(object) => {
                    let record = Record::new(path, object, notes.ledger);
                    row(&record, notes)
                }
                _ => {
                    notes.problem(path, "expected an object");
                    None
                }
            }
        })
    }

    /// Reads the array of IPv6 addresses under `key`, sorted.
    pub(super) fn addresses(&self, key: Key, kind: FactKind, notes: &mut Notes<'_>) -> Option<Vec<Ipv6Addr>> {
        let name = self.fields.get(&key).map_or("", |(_, name, _)| *name);
        let path = Path::Field(&self.path, name);
        let mut addresses = self.list(key, kind, notes, |index, value, notes| {
            let address = value.as_str().and_then(|text| text.parse().ok());
            if address.is_none() {
                notes.problem(Path::Item(&path, index), "expected an IPv6 address");
            }
            address
        })?;
        addresses.sort_unstable();
        addresses.dedup();
        Some(addresses)
    }

    fn list<T>(
        &self,
        key: Key,
        kind: FactKind,
        notes: &mut Notes<'_>,
        mut row: impl FnMut(usize, &'a Value, &mut Notes<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(items) = self.value(key)? else {
            self.reject(key, "expected an array", notes);
            return None;
        };
        if items.len() > MAX_ROWS {
            self.reject(key, "more rows than a Thread device can have", notes);
        }
        let rows: Vec<T> = items
            .iter()
            .take(MAX_ROWS)
            .enumerate()
            .filter_map(|(index, value)| row(index, value, notes))
            .collect();
        if rows.len() < items.len() {
            if rows.is_empty() {
                return None;
            }
            notes.decoded.mark_incomplete(kind);
        }
        Some(rows)
    }
}

/// A number without fraction and sign; cJSON may write a large one with an exponent.
fn whole(value: &Value) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_u64().or_else(|| {
        value
            .as_f64()
            .filter(|number| number.fract() == 0.0 && (0.0..=EXACT).contains(number))
            .map(|number| number as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with<T>(body: Value, read: impl FnOnce(&Record<'_>, &mut Notes<'_>) -> T) -> (T, Vec<String>) {
        let mut ledger = Ledger::default();
        let record = Record::new(Path::Body, body.as_object().unwrap(), &mut ledger);
        let mut notes = Notes {
            decoded: Decoded::default(),
            ledger: &mut ledger,
        };
        let value = read(&record, &mut notes);
        (value, notes.decoded.problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_wrong_type_names_the_json_path_and_not_the_value() {
        let body = json!({ "childTable": [{ "childId": 1 }, { "childId": "secret" }, 7] });
        let (ids, problems) = with(body, |record, notes| {
            record.table(Key::ChildTable, FactKind::ChildTable, notes, |row, notes| {
                row.uint::<u16>(Key::ChildId, notes)
            })
        });
        assert_eq!(ids, Some(vec![1]));
        assert_eq!(
            problems,
            [
                "childTable[1].childId: expected a whole number from 0 to 65535",
                "childTable[2]: expected an object"
            ]
        );
    }

    #[test]
    fn an_rloc16_is_a_number_or_a_text() {
        let read = |value: Value| with(json!({ "rloc16": value }), |record, notes| record.rloc16(Key::Rloc16, notes));
        let rloc16 = Rloc16::new(0xe400);
        assert_eq!(read(json!(0xe400)).0, Some(rloc16));
        assert_eq!(read(json!("0xe400")).0, Some(rloc16));
        assert_eq!(read(json!("0XE400")).0, Some(rloc16));
        assert_eq!(read(json!(65534)), (Some(None), vec![]));
        assert_eq!(read(json!("0xfffe")).0, Some(None));
        assert_eq!(read(json!(null)), (None, vec![]));
        for wrong in [json!(-1), json!(70000), json!("0x0200"), json!("router"), json!(true), json!([])] {
            assert_eq!(read(wrong).1.len(), 1);
        }
    }

    #[test]
    fn unknown_strength_is_no_strength() {
        let read = |value: Value| with(json!({ "lastRssi": value }), |record, notes| record.rssi(Key::LastRssi, notes));
        assert_eq!(read(json!(127)), (None, vec![]));
        assert_eq!(read(json!(-64)).0, Rssi::from_dbm(-64));
        assert_eq!(read(json!(5)), (None, vec![]));
        assert_eq!(read(json!(200)).1.len(), 1);
    }

    #[test]
    fn of_two_names_of_one_key_the_newer_counts() {
        let (version, problems) = with(json!({ "version": 4, "threadVersion": 5 }), |record, notes| {
            record.uint::<u16>(Key::ThreadVersion, notes)
        });
        assert_eq!((version, problems), (Some(5), vec![]));
    }

    #[test]
    fn problems_and_unknown_keys_are_bounded() {
        let rows: Vec<Value> = (0..2000).map(|number| json!({ format!("new{number}"): number })).collect();
        let body = json!({ "children": rows });
        let mut ledger = Ledger::default();
        let record = Record::new(Path::Body, body.as_object().unwrap(), &mut ledger);
        let mut notes = Notes {
            decoded: Decoded::default(),
            ledger: &mut ledger,
        };
        let rows = record.table(Key::Children, FactKind::Children, &mut notes, |row, notes| {
            row.need(Key::ExtAddress, "extAddress", None::<()>, notes)
        });
        assert_eq!(rows, None);
        assert_eq!(notes.decoded.problems.len(), MAX_PROBLEMS);
        assert_eq!(ledger.unknown_keys.len(), MAX_UNKNOWN_KEYS);
    }
}
