//! JSON of a Matter server to an [`AttributeValue`]. The fields of structures stand there under their context tag in decimal digits, or under their name.
//!
//! JSON has no octet strings: they stay base64 text here, and only the cluster that expects octets reads them as such.

use super::clusters::{DESCRIPTOR, GENERAL_DIAGNOSTICS, THREAD_NETWORK_DIAGNOSTICS, THREAD_NETWORK_DIRECTORY};
use super::tlv::{MAX_DEPTH, MAX_ELEMENTS, MAX_STRING_BYTES};
use serde_json::Value;
use weft_model::{AttributePath, AttributeValue};

/// Names of fields that are not known, told of one attribute.
const MAX_NAMES_TOLD: usize = 8;
/// Bytes of such a name that are repeated.
const MAX_NAME_BYTES: usize = 64;

/// A value, and the names of fields that were left out because nothing is known by that name.
pub(super) struct Converted {
    pub value: AttributeValue,
    pub unknown_names: Vec<String>,
}

/// The value of the attribute at `path`.
///
/// # Errors
/// What exceeds the bounds of [`tlv`](super::tlv), which hold here too.
pub(super) fn convert(path: AttributePath, json: &Value) -> Result<Converted, String> {
    let mut converter = Converter {
        names: field_names(path),
        elements: 0,
        unknown_names: Vec::new(),
    };
    let value = converter.value(json, 0)?;
    Ok(Converted {
        value,
        unknown_names: converter.unknown_names,
    })
}

/// The names of a structure's fields in the SDK's data model, compared without case, because generations differ in it (`LQI`, `lqi`).
fn field_names(path: AttributePath) -> &'static [(&'static str, u8)] {
    match (path.cluster, path.attribute) {
        (DESCRIPTOR, 0) => &[("deviceType", 0), ("type", 0), ("revision", 1)],
        (GENERAL_DIAGNOSTICS, 0) => &[
            ("name", 0),
            ("isOperational", 1),
            ("offPremiseServicesReachableIPv4", 2),
            ("offPremiseServicesReachableIPv6", 3),
            ("hardwareAddress", 4),
            ("iPv4Addresses", 5),
            ("iPv6Addresses", 6),
            ("type", 7),
        ],
        (THREAD_NETWORK_DIAGNOSTICS, 7) => &[
            ("extAddress", 0),
            ("age", 1),
            ("rloc16", 2),
            ("linkFrameCounter", 3),
            ("mleFrameCounter", 4),
            ("lqi", 5),
            ("averageRssi", 6),
            ("lastRssi", 7),
            ("frameErrorRate", 8),
            ("messageErrorRate", 9),
            ("rxOnWhenIdle", 10),
            ("fullThreadDevice", 11),
            ("fullNetworkData", 12),
            ("isChild", 13),
        ],
        (THREAD_NETWORK_DIAGNOSTICS, 8) => &[
            ("extAddress", 0),
            ("rloc16", 1),
            ("routerId", 2),
            ("nextHop", 3),
            ("pathCost", 4),
            ("lqiIn", 5),
            ("lqiOut", 6),
            ("age", 7),
            ("allocated", 8),
            ("linkEstablished", 9),
        ],
        (THREAD_NETWORK_DIAGNOSTICS, 0x3b) => &[("rotationTime", 0), ("flags", 1)],
        (THREAD_NETWORK_DIAGNOSTICS, 0x3d) => &[
            ("activeTimestampPresent", 0),
            ("pendingTimestampPresent", 1),
            ("masterKeyPresent", 2),
            ("networkNamePresent", 3),
            ("extendedPanIdPresent", 4),
            ("meshLocalPrefixPresent", 5),
            ("delayPresent", 6),
            ("panIdPresent", 7),
            ("channelPresent", 8),
            ("pskcPresent", 9),
            ("securityPolicyPresent", 10),
            ("channelMaskPresent", 11),
        ],
        (THREAD_NETWORK_DIRECTORY, 1) => &[("extendedPanID", 0), ("networkName", 1), ("channel", 2), ("activeTimestamp", 3)],
        _ => &[],
    }
}

struct Converter {
    names: &'static [(&'static str, u8)],
    elements: usize,
    unknown_names: Vec<String>,
}

impl Converter {
    fn value(&mut self, json: &Value, depth: usize) -> Result<AttributeValue, String> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(format!("more than {MAX_ELEMENTS} elements"));
        }
        if depth >= MAX_DEPTH && (json.is_array() || json.is_object()) {
            return Err(format!("more than {MAX_DEPTH} containers deep"));
        }
        Ok(match json {
            Value::Null => AttributeValue::Null,
            Value::Bool(truth) => AttributeValue::Boolean(*truth),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => AttributeValue::Unsigned(number),
                (None, Some(number)) => AttributeValue::Signed(number),
                (None, None) => AttributeValue::Float(number.as_f64().unwrap_or(f64::NAN).to_bits()),
            },
            Value::String(text) if text.len() <= MAX_STRING_BYTES => AttributeValue::Text(text.clone()),
            Value::String(text) => return Err(format!("text of {} bytes, {MAX_STRING_BYTES} at most", text.len())),
            Value::Array(values) => AttributeValue::List(values.iter().map(|value| self.value(value, depth + 1)).collect::<Result<_, _>>()?),
            Value::Object(members) => {
                let mut fields = Vec::new();
                for (name, value) in members {
                    match self.tag(name) {
                        Some(tag) => fields.push((tag, self.value(value, depth + 1)?)),
                        None if self.unknown_names.len() < MAX_NAMES_TOLD => {
                            self.unknown_names.push(name.chars().take(MAX_NAME_BYTES).collect());
                        }
                        None => {}
                    }
                }
                fields.sort_by_key(|(tag, _)| *tag);
                AttributeValue::Structure(fields)
            }
        })
    }

    fn tag(&self, name: &str) -> Option<u8> {
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            return name.parse().ok();
        }
        self.names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, tag)| *tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NEIGHBORS: AttributePath = AttributePath {
        endpoint: 0,
        cluster: 0x35,
        attribute: 7,
    };

    #[test]
    fn numbers_and_names_of_fields_are_the_same_structure() {
        let expected = AttributeValue::List(vec![AttributeValue::Structure(vec![
            (0, AttributeValue::Unsigned(10_553_317_099_379_524_466)),
            (6, AttributeValue::Signed(-82)),
            (13, AttributeValue::Boolean(false)),
        ])]);
        let by_number = convert(NEIGHBORS, &json!([{"0": 10553317099379524466u64, "13": false, "6": -82}])).unwrap();
        let by_name = convert(
            NEIGHBORS,
            &json!([{"extAddress": 10553317099379524466u64, "averageRssi": -82, "isChild": false}]),
        )
        .unwrap();
        assert_eq!((by_number.value, by_number.unknown_names.len()), (expected.clone(), 0));
        assert_eq!((by_name.value, by_name.unknown_names.len()), (expected, 0));
    }

    #[test]
    fn a_field_of_another_name_is_left_out_and_told() {
        let converted = convert(NEIGHBORS, &json!([{"LQI": 3, "mood": "good", "256": 1}])).unwrap();
        assert_eq!(
            converted.value,
            AttributeValue::List(vec![AttributeValue::Structure(vec![(5, AttributeValue::Unsigned(3))])])
        );
        assert_eq!(converted.unknown_names, ["256", "mood"]);
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| (0..depth).fold(Value::Null, |inner, _| json!([inner]));
        assert!(convert(NEIGHBORS, &nested(MAX_DEPTH)).is_ok());
        assert!(convert(NEIGHBORS, &nested(MAX_DEPTH + 1)).is_err());
        assert!(convert(NEIGHBORS, &json!(vec![0; MAX_ELEMENTS])).is_err());
        assert!(convert(NEIGHBORS, &json!("x".repeat(MAX_STRING_BYTES + 1))).is_err());
    }
}
