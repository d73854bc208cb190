//! Identifiers in JSON of border routers and of sources.

use super::Anonymiser;
use crate::hex;
use serde_json::{Map, Value};

/// Values nested deeper are left out; serde_json itself reads 128 levels.
const MAX_DEPTH: usize = 128;
/// Keys of names. Letter case, `_` and `-` do not count.
const NAMES: [&str; 10] = [
    "networkname",
    "name",
    "nodelabel",
    "instance",
    "instancename",
    "label",
    "room",
    "commissionerid",
    "domainname",
    "note",
];
/// Keys whose texts are nobody's: vendors, models, versions.
const PLAIN: [&str; 8] = [
    "vendorname",
    "vendormodel",
    "vendorswversion",
    "vendorappurl",
    "threadstackversion",
    "type",
    "created",
    "updated",
];

impl Anonymiser {
    /// A body that stands at `path`: one value by itself is named by the last part of the path.
    pub(super) fn json(&mut self, path: &str, value: &mut Value) {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let key = match path.contains("dataset") {
            true => "dataset",
            false => path.rsplit('/').next().unwrap_or_default(),
        };
        self.json_value(&normal(key), value, MAX_DEPTH);
    }

    fn json_value(&mut self, key: &str, value: &mut Value, depth: usize) {
        match value {
            Value::Array(_) | Value::Object(_) if depth == 0 => *value = Value::Null,
            Value::Array(items) => items.iter_mut().for_each(|item| self.json_value(key, item, depth - 1)),
            Value::Object(members) => {
                let changed: Map<String, Value> = std::mem::take(members)
                    .into_iter()
                    .map(|(mut key, mut value)| {
                        self.json_value(&normal(&key), &mut value, depth - 1);
                        self.text(&mut key);
                        (key, value)
                    })
                    .collect();
                *members = changed;
            }
            Value::Number(number) => {
                let id = number.as_u64().unwrap_or_default().to_be_bytes();
                if self.known.ids8.contains(&id) {
                    *value = Value::from(u64::from_be_bytes(self.id8(id)));
                }
            }
            Value::String(text) => self.json_text(key, text),
            Value::Null | Value::Bool(_) => (),
        }
    }

    fn json_text(&mut self, key: &str, text: &mut String) {
        if text.trim_start().starts_with(['{', '[', '"'])
            && let Ok(mut packed) = serde_json::from_str::<Value>(text)
        {
            self.json_value(key, &mut packed, MAX_DEPTH / 2);
            *text = packed.to_string();
            return;
        }
        match key {
            key if PLAIN.contains(&key) => (),
            key if NAMES.contains(&key) => self.name(text),
            "hostname" => self.host(text),
            "mleidiid" => match hex::decode(text).and_then(|bytes| bytes.try_into().ok()) {
                Some(id) => *text = hex::encode(&self.interface_id(id)),
                None => self.text(text),
            },
            "networkdata" => match hex::decode(text) {
                Some(mut bytes) => {
                    self.network_data(&mut bytes);
                    *text = hex::encode(&bytes);
                }
                None => self.text(text),
            },
            key if key.contains("dataset") || key.contains("tlv") => {
                if !self.hexadecimal_dataset(text) {
                    self.text(text);
                }
            }
            _ => self.text(text),
        }
    }
}

/// A key without what generations spell differently.
fn normal(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
