//! The OpenAPI document, generated from the types and handlers that answer.

use crate::problem::Problem;
use crate::query::Parameters;
use crate::server::Server;
use crate::status::Status;
use crate::views::tagged;
use crate::{access, border_routers, captures, detail, dongle, events, export, fabric, lookup, network_check, networks, plan, report, views};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use std::sync::OnceLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{Modify, OpenApi, ToSchema};
use weft_layout::LayoutDelta;
use weft_model::Timestamp;
use weft_topology::{Delta, Finding, Link, Network, Node};

/// The topology as one object. Lists are sorted by id; unknown values are null.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what weft_topology writes")]
pub(crate) struct TopologyDocument {
    /// `weft-topology`.
    format: String,
    /// 1.
    version: u32,
    /// The moment that it is about.
    as_of: Timestamp,
    /// Until when age alone changes nothing.
    valid_until: Timestamp,
    /// Networks.
    networks: Vec<Network>,
    /// Nodes.
    nodes: Vec<Node>,
    /// Links.
    links: Vec<Link>,
    /// Findings.
    findings: Vec<Finding>,
}

/// Data of a `snapshot` event: the whole picture.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what crate::publish writes")]
struct SnapshotEvent {
    /// The generation.
    generation: u64,
    /// The topology.
    topology: TopologyDocument,
    /// The state of the sources and of the store.
    status: Status,
}

/// Data of a `delta` event: what leads from the generation before to this one.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what crate::publish writes")]
struct DeltaEvent {
    /// The generation.
    generation: u64,
    /// What changed in the topology.
    changes: Delta,
    /// The map changed: `layout` says how.
    layout_changed: bool,
    /// What moved on the map since the generation before. Left out where nothing did.
    layout: Option<LayoutDelta>,
    /// The state of the sources and of the store, where it changed.
    status: Option<Status>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Weft",
        description = "What a Thread mesh really looks like, who says so, and what is wrong with it. Errors are problem details (RFC 9457).",
    ),
    paths(
        views::healthz, views::topology, views::layout, export::answer, report::answer, views::sources, detail::node, detail::link, lookup::lookup, plan::plan,
        crate::timeline::timeline, crate::compare::diff,
        events::events, captures::captures, access::begin_session, document,
        fabric::fabric, fabric::pair, fabric::photo, fabric::retry, fabric::cancel, fabric::unpair, fabric::settings,
        fabric::device_settings, fabric::refresh,
        networks::networks, networks::places, networks::give, networks::forget, networks::passcode, networks::ask, networks::add_path,
        networks::remove_path, networks::add_server, networks::remove_server, networks::adopt, networks::settings,
        dongle::dongle, dongle::scan, dongle::listen, dongle::join, dongle::leave,
        border_routers::border_routers, network_check::network_check,
    ),
    components(schemas(SnapshotEvent, DeltaEvent)),
    security(("token" = []), ("session" = []), ()),
    modifiers(&Finish),
)]
struct Document;

struct Finish;

impl Modify for Finish {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let session = ApiKey::Cookie(ApiKeyValue::with_description(crate::session::COOKIE, "made by POST /api/v1/session"));
        components.add_security_scheme("session", SecurityScheme::ApiKey(session));
        components.add_security_scheme("token", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()));
        // `claims=none` leaves the field out.
        for name in ["Node", "Link"] {
            if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(name) {
                object.required.retain(|field| field != "claims");
            }
        }
    }
}

fn written() -> Bytes {
    static WRITTEN: OnceLock<Bytes> = OnceLock::new();
    let write = || {
        Document::openapi()
            .to_json()
            .inspect_err(|error| tracing::error!(%error, "could not write the OpenAPI document"))
    };
    WRITTEN.get_or_init(|| write().unwrap_or_default().into()).clone()
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "access", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn document(State(_): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    Ok(tagged(&headers, concat!("openapi-", env!("CARGO_PKG_VERSION")), written))
}

#[cfg(test)]
mod tests {
    use crate::testing::{self, SENSOR, get, json, send};
    use serde_json::Value;
    use std::collections::BTreeSet;

    async fn document() -> Value {
        json(send(&testing::server(), get("/api/v1/openapi.json")).await).await
    }

    /// The page's client is generated from this file. `UPDATE_GOLDEN=1` writes it anew; then run `npm run generate` in web-ui.
    #[tokio::test]
    async fn the_pages_client_is_generated_from_this_document() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web-ui/openapi.json");
        let now = serde_json::to_string_pretty(&document().await).unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
            std::fs::write(&path, &now).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(
            kept == now,
            "web-ui/openapi.json is not what is served: UPDATE_GOLDEN=1, then `npm run generate` in web-ui"
        );
    }

    #[tokio::test]
    async fn every_route_is_described_and_every_description_is_routed() {
        let document = document().await;
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone())))
            .collect();
        let routed: BTreeSet<_> = crate::server::routes()
            .iter()
            .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
            .collect();
        assert_eq!(described, routed);
    }

    /// Follows a reference, and takes the one alternative that is no null.
    fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = document
                .pointer(reference.trim_start_matches('#'))
                .unwrap_or_else(|| panic!("{reference} leads nowhere"));
            return resolve(document, target);
        }
        match schema["oneOf"].as_array() {
            Some(choices) => resolve(document, choices.iter().find(|choice| choice["type"] != "null").unwrap()),
            None => schema,
        }
    }

    /// Every key of `value` is described, everything required is there, and types agree.
    fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
        let schema = resolve(document, schema);
        match value {
            Value::Object(fields) => {
                let Some(properties) = schema["properties"].as_object() else {
                    return assert_eq!(schema["type"], "object", "{place}: {schema}");
                };
                for (name, value) in fields {
                    let described = properties.get(name).unwrap_or_else(|| panic!("{place}.{name} is not described"));
                    check(document, described, value, &format!("{place}.{name}"));
                }
                for name in schema["required"].as_array().into_iter().flatten() {
                    assert!(fields.contains_key(name.as_str().unwrap()), "{place} lacks {name}");
                }
            }
            Value::Array(items) => items
                .iter()
                .for_each(|item| check(document, &schema["items"], item, &format!("{place}[]"))),
            Value::Null => {}
            Value::String(_) => assert!(has_type(schema, "string"), "{place}: {schema}"),
            Value::Number(_) => assert!(has_type(schema, "integer") || has_type(schema, "number"), "{place}: {schema}"),
            Value::Bool(_) => assert!(has_type(schema, "boolean"), "{place}: {schema}"),
        }
    }

    fn has_type(schema: &Value, name: &str) -> bool {
        match &schema["type"] {
            Value::String(only) => only == name,
            Value::Array(any) => any.iter().any(|one| one == name),
            _ => false,
        }
    }

    #[tokio::test]
    async fn what_is_served_is_what_is_described() {
        let document = document().await;
        let server = testing::server();
        for (described, asked) in [
            ("/api/v1/topology", "/api/v1/topology".to_owned()),
            ("/api/v1/topology", "/api/v1/topology?claims=none".to_owned()),
            ("/api/v1/layout", "/api/v1/layout".to_owned()),
            ("/api/v1/sources", "/api/v1/sources".to_owned()),
            ("/api/v1/nodes/{id}", format!("/api/v1/nodes/{SENSOR}")),
            ("/api/v1/links/{id}", format!("/api/v1/links/{}~{SENSOR}", testing::ROUTER)),
            ("/api/v1/lookup", format!("/api/v1/lookup?extended_address={SENSOR}")),
            ("/api/v1/plan", "/api/v1/plan".to_owned()),
            ("/api/v1/timeline", "/api/v1/timeline?buckets=3".to_owned()),
            ("/api/v1/diff", format!("/api/v1/diff?a={}", testing::YESTERDAY)),
            ("/api/v1/layout", format!("/api/v1/layout?at={}", testing::YESTERDAY)),
            ("/healthz", "/healthz".to_owned()),
        ] {
            let served = json(send(&server, get(&asked)).await).await;
            let schema = &document["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
            assert!(schema.is_object(), "{described} has a schema");
            check(&document, schema, &served, &asked);
        }
        let refused = send(&server, get("/api/v1/lookup?rloc16=0x2c01")).await;
        let refused = testing::problem(refused, axum::http::StatusCode::CONFLICT).await;
        check(&document, &document["components"]["schemas"]["Problem"], &refused, "problem");
    }

    #[tokio::test]
    async fn events_are_what_is_described() {
        let document = document().await;
        let publisher = testing::publisher();
        let schemas = &document["components"]["schemas"];
        let snapshot = serde_json::from_str(&publisher.feed().snapshot_data(false)).unwrap();
        check(&document, &schemas["SnapshotEvent"], &snapshot, "snapshot");
        publisher.publish(testing::home_without_sensor().into(), std::sync::Arc::default(), crate::Status::default());
        let feed = publisher.feed();
        for with_claims in [false, true] {
            let delta = serde_json::from_str(&feed.change_after(1).unwrap().data(with_claims)).unwrap();
            check(&document, &schemas["DeltaEvent"], &delta, "delta");
        }
    }

    #[tokio::test]
    async fn every_reference_leads_somewhere() {
        fn walk(document: &Value, value: &Value) {
            match value {
                Value::Object(fields) => {
                    if value.get("$ref").is_some_and(Value::is_string) {
                        resolve(document, value);
                    }
                    fields.values().for_each(|value| walk(document, value));
                }
                Value::Array(items) => items.iter().for_each(|item| walk(document, item)),
                _ => {}
            }
        }
        let document = document().await;
        walk(&document, &document);
    }
}
