//! Border routers' REST answers: JSON or text at any of the paths that are asked for.

use serde_json::Value;
use weft_wire::otbr::{Subject, api_generation, api_version, blank_secrets, decode_body};

const PATHS: [&str; 14] = [
    "/node",
    "/diagnostics",
    "/api/node",
    "/api/devices?limit=200",
    "/api/diagnostics",
    "/api/diagnostics/b31a066f-73ea-4077-80d8-cccfcd2d9116",
    "/api/actions",
    "/node/dataset/active",
    "/node/dataset/pending",
    "/node/ba-epskc/key",
    "/node/rloc16",
    "/node/rloc",
    "/node/state",
    "/.well-known/thread/br-rest",
];

/// The first byte chooses the path; the rest is the body, JSON or else text. What is blanked stays blanked, and decodes as before
/// in bodies that are no dataset.
pub fn otbr_rest(data: &[u8]) {
    let Some((&choice, body)) = data.split_first() else { return };
    let path = PATHS[usize::from(choice) % PATHS.len()];
    let mut body = serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
    for node in decode_body(path, &body).nodes {
        assert!(!node.decoded.facts.is_empty());
        assert!(node.subject == Subject::BorderRouter || node.extended_address.is_some() || node.rloc16.is_some());
    }
    let _ = (api_generation(path, &body), api_version(&body));
    blank_secrets(path, &mut body);
    let once = body.clone();
    decode_body(path, &once);
    blank_secrets(path, &mut body);
    assert_eq!(once, body, "blanked twice is blanked once");
}
