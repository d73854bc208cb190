//! What supersedes what, as far as keeping captures goes: of all captures with one key, the newest always stays.

use super::{annotation, by_address, matter_server, mdns, rest_base};
use crate::capture::{Capture, CaptureBody, FailureTarget, MatterReport, MdnsCapture, OtbrRestCapture, TmfCapture};
use crate::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write;
use weft_model::{ExtendedAddress, MatterNodeId, MatterPeer};
use weft_wire::otbr::decode_body;
use weft_wire::tmf::tlv::Tlvs;
use weft_wire::tmf::{decode_address_notification, decode_answer};

/// Reporter and kind of a capture. A capture may be forgotten once a newer one has the same key, and not before.
///
/// Errs towards keeping: what says different things (other attributes, other TLV types, another part of an answer) has different keys.
pub fn retention_key(capture: &Capture) -> String {
    let kind = capture.body.kind();
    let of = match &capture.body {
        CaptureBody::Source(_) => capture.source.to_string(),
        CaptureBody::Mdns(MdnsCapture::Resolved { service, instance, .. } | MdnsCapture::Removed { service, instance }) => {
            mdns::registration(service, instance).to_string()
        }
        CaptureBody::MatterReport(report) => matter_report(report),
        CaptureBody::MatterServerNode(body) => {
            let node = body
                .node
                .get("node_id")
                .and_then(Value::as_u64)
                .map(MatterNodeId::from_u64)
                .unwrap_or(MatterNodeId([0; 8]));
            let peer = MatterPeer {
                fabric: matter_server::fabric_of(&body.server),
                node,
            };
            if body.fresh.is_empty() {
                peer.to_string()
            } else {
                // What the device told at one moment, and the server remembered then; at another these are other attributes.
                let attributes = body.node.get("attributes").and_then(Value::as_object);
                let keys = attributes.into_iter().flat_map(|attributes| attributes.keys().map(String::as_str));
                let paths: BTreeSet<(bool, &str)> = keys
                    .map(|key| (false, key))
                    .chain(body.fresh.iter().map(|key| (true, key.as_str())))
                    .collect();
                let mut text = String::new();
                for (is_fresh, key) in paths {
                    let _ = write!(text, "{key}{is_fresh} "); // writing to a String cannot fail
                }
                format!("{peer}/{}", digest(text.as_bytes()))
            }
        }
        CaptureBody::Tmf(body) => tmf(body),
        CaptureBody::OtbrRest(body) => rest(body),
        CaptureBody::RadioSummary(body) => format!("{}/{}>{}", body.pan_id, body.from.to_ascii_lowercase(), body.to.to_ascii_lowercase()),
        CaptureBody::Frame(_) => capture.source.to_string(),
        CaptureBody::Mle(body) if !body.registered.is_empty() => format!("{}/{}/registers", body.from, body.command),
        CaptureBody::Mle(body) => format!("{}/{}", body.from, body.command),
        CaptureBody::Annotation(body) => format!("{}/{}", annotation::canonical(&body.identify), body.said().join(",")),
        CaptureBody::Failure(body) => {
            let target = match &body.target {
                FailureTarget::MatterNode { fabric, node } => MatterPeer {
                    fabric: *fabric,
                    node: *node,
                }
                .to_string(),
                FailureTarget::ThreadNode { extended_pan_id, address } => by_address(*address, *extended_pan_id).to_string(),
                FailureTarget::OtbrRest { base } => rest_base(base).to_string(),
                FailureTarget::Other(value) => digest(value.to_string().as_bytes()),
            };
            format!("{target}/{}", body.attempt)
        }
    };
    format!("{kind}/{of}")
}

fn matter_report(report: &MatterReport) -> String {
    let paths: BTreeSet<_> = report
        .attributes
        .iter()
        .map(|attribute| (attribute.endpoint, attribute.cluster, attribute.attribute))
        .collect();
    let mut text = String::new();
    for (endpoint, cluster, attribute) in paths {
        let _ = write!(text, "{endpoint}/{cluster}/{attribute} "); // writing to a String cannot fail
    }
    format!(
        "{}/{}",
        MatterPeer {
            fabric: report.fabric,
            node: report.node
        },
        digest(text.as_bytes())
    )
}

fn tmf(body: &TmfCapture) -> String {
    let payload = hex::decode(&body.payload).unwrap_or_default();
    if let ("a/an", Ok(said)) = (body.uri.trim_start_matches('/'), decode_address_notification(&payload)) {
        return format!("a/an/{}", said.target);
    }
    let network = body.extended_pan_id.map(|id| id.to_string()).unwrap_or_default();
    let answer = decode_answer(&payload);
    let peer = match answer.extended_address {
        Some(extended_address) => extended_address.to_string(),
        None => by_address(body.peer, None).to_string(),
    };
    let part = answer.answer.map_or(0, |part| part.index);
    let types: BTreeSet<u8> = Tlvs::new(&payload).filter_map(Result::ok).map(|tlv| tlv.number).collect();
    let types: Vec<u8> = types.into_iter().collect();
    format!("{network}/{peer}/{}/{part}/{}", body.uri, hex::encode(&types))
}

/// Items of collections have an id of their own each time they are made: they are told apart by whom they speak of, and what of.
fn rest(body: &OtbrRestCapture) -> String {
    let base = rest_base(&body.base);
    let accept = body.accept.as_deref().unwrap_or_default();
    let path = body.path.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let (path, item) = match segments[..] {
        ["api", "actions", ..] => ("/api/actions".to_owned(), String::new()),
        ["api", collection, _] if segments.len() == 3 => (format!("/api/{collection}/"), rest_item(body)),
        _ => (path.to_owned(), String::new()),
    };
    format!("{base}/{}/{path}/{accept}/{item}", body.method)
}

fn rest_item(body: &OtbrRestCapture) -> String {
    let mut text = String::new();
    for node in decode_body(&body.path, &body.body).nodes {
        let who = match (node.extended_address, node.rloc16) {
            (Some(address), _) => ExtendedAddress::to_string(&address),
            (None, Some(rloc16)) => rloc16.to_string(),
            (None, None) => String::new(),
        };
        let kinds: BTreeSet<_> = node.decoded.facts.iter().map(|fact| fact.kind().name()).collect();
        let kinds: Vec<_> = kinds.into_iter().collect();
        let _ = write!(text, "{who} {}", digest(kinds.join(" ").as_bytes())); // writing to a String cannot fail
    }
    text
}

/// A short name for a long text.
fn digest(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..8])
}
