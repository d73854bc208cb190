//! What nodes say of themselves, and Weft's topology held against it. What the tests of the dongle, of border agents, and the measurements have in common.

#![allow(dead_code)] // each uses a part

pub mod truth;
pub mod verdict;

use serde_json::Value;

/// Text of a field; empty where there is none.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
