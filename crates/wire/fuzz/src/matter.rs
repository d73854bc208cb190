//! Matter TLV, attributes and the node objects of Matter servers.

use weft_model::AttributePath;
use weft_wire::matter::clusters::KNOWN_CLUSTERS;
use weft_wire::matter::{decode_attribute, decode_node, decode_value, encode_fact, tlv};

/// A value says the same when it is encoded again; a list that is wrong somewhere gives nothing that the bytes do not have.
pub fn matter_tlv(data: &[u8]) {
    match tlv::decode(data) {
        Ok(value) => assert_eq!(tlv::decode(&tlv::encode(&value)), Ok(value)),
        Err(problem) => assert_eq!(tlv::decode_partly(data).1, Some(problem)),
    }
}

/// The first byte chooses the cluster, the second the attribute, the rest is its value. What the facts are encoded to says those facts.
pub fn matter_attribute(data: &[u8]) {
    let [cluster, attribute, tlv @ ..] = data else { return };
    let path = AttributePath {
        endpoint: u16::from(*cluster) >> 4,
        cluster: KNOWN_CLUSTERS.get(usize::from(*cluster & 7)).copied().unwrap_or(6),
        attribute: if *attribute == 0xff { 0xfffd } else { u32::from(*attribute) },
    };
    for fact in decode_attribute(path, tlv).facts {
        if let Some((cluster, attribute, value)) = encode_fact(&fact) {
            let again = decode_value(AttributePath { cluster, attribute, ..path }, &value);
            assert!(again.facts.contains(&fact), "{fact:?} became {again:?}");
        }
    }
}

/// A node object, or any other JSON.
pub fn matter_server_node(data: &[u8]) {
    if let Ok(json) = serde_json::from_slice(data) {
        let node = decode_node(&json);
        assert!(node.facts.len() + node.problems.len() <= data.len() + 1);
    }
}
