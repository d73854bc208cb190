//! Which generation of the API a border router speaks.

use super::keys;
use super::route::Endpoint;
use serde::Serialize;
use serde_json::Value;

/// A generation of the REST API of ot-br-posix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generation {
    /// Until September 2025: keys in PascalCase, `GET /diagnostics`. Recorded.
    PascalCase,
    /// Keys of `/node` in camelCase. Recorded together with the last generation.
    CamelCase,
    /// `/api/…` with the names before July 2026 (`deviceTypeFTD`, `eui64`, `version`). Known from documentation only.
    JsonApi,
    /// `/api/…` with the names since July 2026 (`fullThreadDevice`, `eui`, `threadVersion`). Recorded.
    JsonApiRenamed,
}

/// Names that only the JSON:API before the renames has.
const OLD_NAMES: [&str; 7] = [
    "deviceTypeFTD",
    "eui64",
    "hostName",
    "version",
    "connectionTime",
    "childTimeout",
    "route64",
];
/// Names that only the JSON:API after the renames has.
const NEW_NAMES: [&str; 5] = ["fullThreadDevice", "eui", "hostname", "threadVersion", "linkAge"];
/// How deep and how far the search for a telling name goes.
const MAX_DEPTH: usize = 8;
const MAX_KEYS: usize = 2000;

/// The generation that the answer to a request of `path` shows; `None` where nothing in it tells. An older answer of the same
/// border router may tell more: take the highest seen since it started.
pub fn api_generation(path: &str, body: &Value) -> Option<Generation> {
    match Endpoint::of(path) {
        // Its tasks name a joiner's `eui` in every build.
        Endpoint::WellKnown => return api_version(body).map(|_| Generation::JsonApi),
        Endpoint::Actions => return (body.is_array() || body.get("data").is_some()).then_some(Generation::JsonApi),
        _ => {}
    }
    let mut names = Names::default();
    names.collect(body, MAX_DEPTH);
    let in_api = matches!(Endpoint::of(path), Endpoint::ApiNode | Endpoint::ApiDevices | Endpoint::ApiDiagnostics);
    if names.pascal {
        Some(Generation::PascalCase)
    } else if names.new {
        Some(Generation::JsonApiRenamed)
    } else if names.old || (in_api && (names.camel || body.get("data").is_some())) {
        Some(Generation::JsonApi)
    } else if names.camel {
        Some(Generation::CamelCase)
    } else {
        None
    }
}

/// The version of the API in the body of `/.well-known/thread/br-rest` (`0.5.0` in August 2026; the address exists since July 2026).
pub fn api_version(body: &Value) -> Option<&str> {
    body.get("api")?.get("version")?.as_str().filter(|version| version.len() <= 32)
}

#[derive(Default)]
struct Names {
    seen: usize,
    pascal: bool,
    camel: bool,
    old: bool,
    new: bool,
}

impl Names {
    fn collect(&mut self, value: &Value, depth: usize) {
        if depth == 0 || self.seen > MAX_KEYS {
            return;
        }
        match value {
            Value::Array(items) => items.iter().take(MAX_KEYS).for_each(|item| self.collect(item, depth - 1)),
            Value::Object(object) => {
                for (key, value) in object {
                    self.seen += 1;
                    if keys::find(key).is_some() {
                        let capital = key.starts_with(|c: char| c.is_ascii_uppercase());
                        self.pascal |= capital;
                        self.camel |= !capital;
                        self.old |= OLD_NAMES.contains(&key.as_str());
                        self.new |= NEW_NAMES.contains(&key.as_str());
                    }
                    self.collect(value, depth - 1);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_tell_the_generation() {
        let cases = [
            ("/node", json!({ "NumOfRouter": 3, "Rloc16": 4103 }), Some(Generation::PascalCase)),
            ("/diagnostics", json!([{ "Mode": { "DeviceType": 1 } }]), Some(Generation::PascalCase)),
            ("/node", json!({ "routerCount": 3 }), Some(Generation::CamelCase)),
            (
                "/api/devices",
                json!({ "data": [{ "attributes": { "mode": { "deviceTypeFTD": true } } }] }),
                Some(Generation::JsonApi),
            ),
            (
                "/api/devices?limit=5",
                json!([{ "mode": { "fullThreadDevice": true } }]),
                Some(Generation::JsonApiRenamed),
            ),
            ("/api/diagnostics", json!({ "data": [] }), Some(Generation::JsonApi)),
            (
                "/api/actions",
                json!({ "data": [{ "attributes": { "eui": "6234567890aacdea" } }] }),
                Some(Generation::JsonApi),
            ),
            (
                "/.well-known/thread/br-rest",
                json!({ "api": { "version": "0.5.0" } }),
                Some(Generation::JsonApi),
            ),
            ("/node/rloc16", json!(50176), None),
            ("/diagnostics", json!({ "title": "Not Found", "status": 404 }), None),
        ];
        for (path, body, generation) in cases {
            assert_eq!(api_generation(path, &body), generation, "{path} {body}");
        }
        assert_eq!(api_version(&json!({ "api": { "version": "0.5.0" } })), Some("0.5.0"));
        assert_eq!(api_version(&json!("0.5.0")), None);
    }
}
