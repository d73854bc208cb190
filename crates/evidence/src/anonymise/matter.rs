//! Identifiers in Matter attributes, as TLV and as a Matter server's JSON.

use super::Anonymiser;
use crate::capture::MatterAttribute;
use crate::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::net::Ipv4Addr;
use weft_model::AttributeValue;
use weft_wire::matter::clusters::{
    BASIC_INFORMATION, GENERAL_DIAGNOSTICS, THREAD_BORDER_ROUTER_MANAGEMENT, THREAD_NETWORK_DIAGNOSTICS, THREAD_NETWORK_DIRECTORY,
};
use weft_wire::matter::{is_known_cluster, tlv};

/// Values nested deeper are left out.
const MAX_DEPTH: usize = 32;
/// Attributes from here on are the same in every cluster and name nobody.
const FIRST_GLOBAL_ATTRIBUTE: u32 = 0xf000;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Nothing that names anybody.
    Plain,
    /// Eight bytes, as a number or as octets.
    Id8,
    /// Sixteen bytes.
    Id16,
    /// Six or eight bytes.
    HardwareAddress,
    /// IP addresses, by their length.
    Address,
    /// A length in bits, then a prefix.
    Prefix,
    /// A text that a person or a factory made up for this device.
    Name,
    /// Not known: searched for what is known.
    Other,
}

/// What stands in the field `tag` of a structure in an attribute; `None` for the value itself and what is no structure's field.
fn meaning(cluster: u32, attribute: u32, tag: Option<u8>) -> Meaning {
    use Meaning::{Address, HardwareAddress, Id8, Id16, Name, Other, Plain, Prefix};
    match (cluster, attribute, tag) {
        (_, FIRST_GLOBAL_ATTRIBUTE.., _) => Plain,
        (THREAD_NETWORK_DIAGNOSTICS, 0x02, _) => Name,
        (THREAD_NETWORK_DIAGNOSTICS, 0x04 | 0x3f, _) => Id8,
        (THREAD_NETWORK_DIAGNOSTICS, 0x05, _) => Prefix,
        (THREAD_NETWORK_DIAGNOSTICS, 0x07 | 0x08, Some(0)) => Id8,
        (GENERAL_DIAGNOSTICS, 0x00, Some(4)) => HardwareAddress,
        (GENERAL_DIAGNOSTICS, 0x00, Some(5 | 6)) => Address,
        (BASIC_INFORMATION, 0x05 | 0x06 | 0x0f | 0x12, _) => Name,
        // Vendor, product, versions, date of manufacture, part number, URL, label: the same for all devices of a model.
        (BASIC_INFORMATION, 0x00..=0x0e, _) => Plain,
        (THREAD_BORDER_ROUTER_MANAGEMENT, 0x00, _) => Name,
        (THREAD_BORDER_ROUTER_MANAGEMENT, 0x01, _) => Id16,
        (THREAD_NETWORK_DIRECTORY, 0x00, _) | (THREAD_NETWORK_DIRECTORY, 0x01, Some(0)) => Id8,
        (THREAD_NETWORK_DIRECTORY, 0x01, Some(1)) => Name,
        _ => Other,
    }
}

/// The tags of fields that a server may give by name, in lower case.
fn tag_of(key: &str) -> Option<u8> {
    if let Ok(tag) = key.parse() {
        return Some(tag);
    }
    Some(match key.to_ascii_lowercase().as_str() {
        "name" | "extaddress" | "extendedpanid" => 0,
        "networkname" => 1,
        "hardwareaddress" => 4,
        "ipv4addresses" => 5,
        "ipv6addresses" => 6,
        _ => return None,
    })
}

impl Anonymiser {
    /// Attributes of a report; those of clusters that say nothing about a mesh are left out.
    pub(super) fn attributes(&mut self, attributes: &mut Vec<MatterAttribute>) {
        attributes.retain(|attribute| is_known_cluster(attribute.cluster));
        for attribute in attributes {
            let (cluster, number) = (attribute.cluster, attribute.attribute);
            if let Some(digits) = &mut attribute.tlv {
                self.digits(digits, |anonymiser, bytes| anonymiser.attribute(cluster, number, bytes));
            }
        }
    }

    fn attribute(&mut self, cluster: u32, attribute: u32, bytes: &mut Vec<u8>) {
        match tlv::decode(bytes) {
            Ok(mut value) => {
                self.value(cluster, attribute, None, &mut value);
                if !self.is_learning {
                    *bytes = tlv::encode(&value);
                }
            }
            // What can be read of it is learnt, and then found in its bytes.
            Err(_) if self.is_learning => {
                if let (Some(mut value), _) = tlv::decode_partly(bytes) {
                    self.value(cluster, attribute, None, &mut value);
                }
            }
            Err(_) => self.bytes(bytes),
        }
    }

    /// The reader of TLV has bounded the depth of `value`.
    fn value(&mut self, cluster: u32, attribute: u32, tag: Option<u8>, value: &mut AttributeValue) {
        let meaning = meaning(cluster, attribute, tag);
        match value {
            AttributeValue::List(values) => values.iter_mut().for_each(|value| self.value(cluster, attribute, tag, value)),
            AttributeValue::Structure(fields) => fields
                .iter_mut()
                .for_each(|(tag, value)| self.value(cluster, attribute, Some(*tag), value)),
            AttributeValue::Unsigned(number) => *number = self.number(meaning, *number),
            AttributeValue::Text(text) => self.attribute_text(meaning, text),
            AttributeValue::Octets(octets) => self.octets(meaning, octets),
            AttributeValue::Null | AttributeValue::Boolean(_) | AttributeValue::Signed(_) | AttributeValue::Float(_) => (),
        }
    }

    fn number(&mut self, meaning: Meaning, number: u64) -> u64 {
        let id = number.to_be_bytes();
        match meaning {
            Meaning::Id8 => u64::from_be_bytes(self.id8(id)),
            Meaning::Other if self.known.ids8.contains(&id) => u64::from_be_bytes(self.id8(id)),
            _ => number,
        }
    }

    fn attribute_text(&mut self, meaning: Meaning, text: &mut String) {
        match meaning {
            Meaning::Plain => (),
            Meaning::Name => self.name(text),
            _ => self.text(text),
        }
    }

    fn octets(&mut self, meaning: Meaning, octets: &mut [u8]) {
        match (meaning, octets.len()) {
            (Meaning::Plain, _) => (),
            (Meaning::Prefix, 2..) => {
                let bytes = &mut octets[1..];
                let mut prefix = [0; 8];
                let length = bytes.len().min(8);
                prefix[..length].copy_from_slice(&bytes[..length]);
                bytes[..length].copy_from_slice(&self.prefix(prefix)[..length]);
            }
            (Meaning::Id8 | Meaning::HardwareAddress, 8) => {
                if let Some(id) = octets.first_chunk_mut::<8>() {
                    *id = self.id8(*id);
                }
            }
            (Meaning::HardwareAddress, 6) => {
                if let Some(address) = octets.first_chunk_mut::<6>() {
                    *address = self.mac(*address);
                }
            }
            (Meaning::Address, 4) => {
                if let Some(address) = octets.first_chunk_mut::<4>() {
                    *address = self.ipv4(Ipv4Addr::from(*address)).octets();
                }
            }
            (Meaning::Address, 16) => {
                if let Some(address) = octets.first_chunk_mut::<16>() {
                    *address = self.ipv6((*address).into()).octets();
                }
            }
            (Meaning::Id16, 16) => {
                if let Some(id) = octets.first_chunk_mut::<16>() {
                    *id = self.id16(*id);
                }
            }
            _ => self.bytes(octets),
        }
    }

    /// A Matter server's node object. Of the attributes only those stay whose cluster says something about a mesh.
    pub(super) fn server_node(&mut self, node: &mut Value) {
        let Value::Object(members) = node else {
            self.json("", node);
            return;
        };
        let changed: Map<String, Value> = std::mem::take(members)
            .into_iter()
            .map(|(mut key, mut value)| {
                match (key.as_str(), &mut value) {
                    ("node_id", Value::Number(_)) => {
                        if let Some(number) = value.as_u64() {
                            value = Value::from(self.node(number));
                        }
                    }
                    ("attributes", Value::Object(attributes)) => {
                        attributes.retain(|key, _| path_of(key).is_some());
                        for (key, value) in attributes.iter_mut() {
                            if let Some((cluster, attribute)) = path_of(key) {
                                self.json_attribute(cluster, attribute, None, value, MAX_DEPTH);
                            }
                        }
                    }
                    // Which attributes somebody subscribed to names attributes only.
                    ("attribute_subscriptions", _) => (),
                    (_, value) => self.json(&key, value),
                }
                self.text(&mut key);
                (key, value)
            })
            .collect();
        *members = changed;
    }

    fn json_attribute(&mut self, cluster: u32, attribute: u32, tag: Option<u8>, value: &mut Value, depth: usize) {
        let meaning = meaning(cluster, attribute, tag);
        match value {
            Value::Array(_) | Value::Object(_) if depth == 0 => *value = Value::Null,
            Value::Array(values) => values
                .iter_mut()
                .for_each(|value| self.json_attribute(cluster, attribute, tag, value, depth - 1)),
            Value::Object(members) => {
                for (key, value) in members.iter_mut() {
                    self.json_attribute(cluster, attribute, tag_of(key), value, depth - 1);
                }
            }
            Value::Number(number) => {
                if let Some(number) = number.as_u64() {
                    *value = Value::from(self.number(meaning, number));
                }
            }
            Value::String(text) => match meaning {
                Meaning::Plain | Meaning::Name | Meaning::Other => self.attribute_text(meaning, text),
                _ => match STANDARD.decode(text.as_bytes()) {
                    Ok(mut octets) => {
                        self.octets(meaning, &mut octets);
                        *text = STANDARD.encode(octets);
                    }
                    Err(_) => match hex::decode(text) {
                        Some(mut octets) => {
                            self.octets(meaning, &mut octets);
                            *text = hex::encode(&octets);
                        }
                        None => self.text(text),
                    },
                },
            },
            Value::Null | Value::Bool(_) => (),
        }
    }
}

/// Cluster and attribute of `endpoint/cluster/attribute`, where the cluster is a known one.
fn path_of(key: &str) -> Option<(u32, u32)> {
    let mut parts = key.split('/').map(str::parse::<u32>);
    let (Some(Ok(_)), Some(Ok(cluster)), Some(Ok(attribute)), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    is_known_cluster(cluster).then_some((cluster, attribute))
}
