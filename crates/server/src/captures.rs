//! Annotations from people and companion apps: the only captures that come in over HTTP.

use crate::access::json_body;
use crate::problem::{Problem, echo};
use crate::query::Parameters;
use crate::server::Server;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use weft_model::{Annotation, AnnotationTarget};

/// The most annotations in one request.
const MAX_ANNOTATIONS: usize = 1000;
/// The longest name, room or role in bytes.
const MAX_NAME_BYTES: usize = 256;
/// The longest id of a node in bytes: the name of a service stands in some.
const MAX_ID_BYTES: usize = 512;
/// The longest remark in bytes.
const MAX_NOTE_BYTES: usize = 4096;

/// A capture as it is posted: what a person or a companion app says of a device or a finding. Sequence number, time and source are the
/// service's. A field that is null or left out says nothing; an empty text takes back.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; it is read field by field, so that errors name the field")]
pub(crate) struct PostedAnnotation {
    /// `annotation`.
    kind: String,
    /// Any of `extended_address`, `matter` {`fabric`, `node`}, `hap_id`, `address`, `node`; all that are given must agree. Or `finding` alone.
    #[schema(value_type = Object)]
    identify: AnnotationTarget,
    /// Name.
    name: Option<String>,
    /// Room.
    room: Option<String>,
    /// Where it stands on the map, in pixels.
    pin: Option<weft_model::Pin>,
    /// The role that an ecosystem's own interface told.
    thread_role: Option<String>,
    /// A remark.
    note: Option<String>,
    /// Nobody wants to hear of the finding, or of the device's findings; `note` says why. `false` takes it back.
    muted: Option<bool>,
    /// `true` takes a pin back.
    unpin: Option<bool>,
    /// Id of another node that is this very device.
    same_as: Option<String>,
}

/// Sequence numbers of what was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Taken {
    /// In the order of the request.
    captures: Vec<u64>,
}

/// What a recording's line has besides: the service gives each its own, so that whole lines can be sent.
const GIVEN_HERE: [&str; 3] = ["seq", "at", "source"];
const FIELDS: [&str; 10] = [
    "kind",
    "identify",
    "name",
    "room",
    "pin",
    "thread_role",
    "note",
    "muted",
    "unpin",
    "same_as",
];
const TARGETS: [&str; 6] = ["extended_address", "matter", "hap_id", "address", "node", "finding"];
/// What may be said of a finding.
const OF_A_FINDING: [&str; 2] = ["note", "muted"];

/// Takes in annotations, one or a list, all or none. Needs the token, unless the service's own page asks on this machine.
#[utoipa::path(
    post, path = "/api/v1/captures", tag = "sources",
    request_body(content = Vec<PostedAnnotation>, description = "one annotation, or a list"),
    responses(
        (status = 201, description = "All were taken in", body = Taken),
        (status = 400, description = "One is wrong; none was taken in", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The token is missing or wrong", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too much at once", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn captures(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    server.check_person(&request)?;
    Parameters::read(request.uri(), &[])?;
    let body = json_body(request).await?;
    let body: Value = serde_json::from_slice(&body).map_err(|error| Problem::body(format!("The body is not JSON: {error}.")))?;
    let annotations = match body {
        Value::Array(items) if items.is_empty() || items.len() > MAX_ANNOTATIONS => {
            return Err(Problem::body(format!(
                "Send 1 to {MAX_ANNOTATIONS} annotations at once, not {}.",
                items.len()
            )));
        }
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| annotation(item, &format!("[{index}].")))
            .collect::<Result<Vec<_>, _>>()?,
        item => vec![annotation(item, "")?],
    };
    let captures = server.ask(move |history| history.annotate(annotations)).await?;
    Ok((StatusCode::CREATED, axum::Json(Taken { captures })).into_response())
}

/// Reads one annotation. `place` leads to it within the body, for errors.
fn annotation(item: Value, place: &str) -> Result<Annotation, Problem> {
    let bad = |field: &str, why: String| Problem::parameter(&format!("{place}{field}"), why);
    let Value::Object(mut fields) = item else {
        return Err(bad("", "Each annotation is an object.".into()));
    };
    for given_here in GIVEN_HERE {
        fields.remove(given_here);
    }
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(bad(
            unknown,
            format!("An annotation has no field {}; it knows {}.", echo(unknown), FIELDS.join(", ")),
        ));
    }
    match fields.remove("kind") {
        Some(Value::String(kind)) if kind == "annotation" => {}
        _ => return Err(bad("kind", "Only captures of the kind \"annotation\" are taken in here.".into())),
    }
    if let Some(unknown) = fields
        .get("identify")
        .and_then(Value::as_object)
        .and_then(|target| target.keys().find(|key| !TARGETS.contains(&key.as_str())))
    {
        return Err(bad(
            "identify",
            format!("Nothing is identified by {}; use any of {}.", echo(unknown), TARGETS.join(", ")),
        ));
    }
    let mut read = Annotation::default();
    for (field, value) in fields {
        let wrong = |error: serde_json::Error| bad(&field, format!("{field}: {error}."));
        match field.as_str() {
            "identify" => read.identify = serde_json::from_value(value).map_err(wrong)?,
            "pin" => read.pin = serde_json::from_value(value).map_err(wrong)?,
            "muted" => read.muted = serde_json::from_value(value).map_err(wrong)?,
            "unpin" => read.unpin = serde_json::from_value(value).map_err(wrong)?,
            text => {
                let value: Option<String> = serde_json::from_value(value).map_err(wrong)?;
                let limit = match text {
                    "note" => MAX_NOTE_BYTES,
                    "same_as" => MAX_ID_BYTES,
                    _ => MAX_NAME_BYTES,
                };
                if value.as_ref().is_some_and(|value| value.len() > limit) {
                    return Err(bad(text, format!("{text} is longer than {limit} bytes.")));
                }
                match text {
                    "name" => read.name = value,
                    "room" => read.room = value,
                    "thread_role" => read.thread_role = value,
                    "same_as" => read.same_as = value,
                    _ => read.note = value,
                }
            }
        }
    }
    if read.identify == AnnotationTarget::default() {
        return Err(bad("identify", format!("Say what is meant, by any of {}.", TARGETS.join(", "))));
    }
    let said = read.said();
    if said.is_empty() {
        return Err(bad("name", format!("Nothing is said. Give any of {}.", FIELDS[2..].join(", "))));
    }
    if let AnnotationTarget { finding: Some(finding), .. } = &read.identify {
        let only_finding = AnnotationTarget {
            finding: Some(finding.clone()),
            ..AnnotationTarget::default()
        };
        if read.identify != only_finding {
            return Err(bad("identify", "A finding is identified by its id alone.".into()));
        }
        if let Some(other) = said.iter().find(|field| !OF_A_FINDING.contains(field)) {
            return Err(bad(other, format!("A finding has no {other}; say {} of it.", OF_A_FINDING.join(" and "))));
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, SENSOR, TOKEN, json, post, problem, send};
    use proptest::prelude::*;
    use serde_json::json;

    fn authorized(body: &Value) -> Request {
        let mut request = post("/api/v1/captures", &body.to_string());
        request.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
        request
    }

    fn named() -> Value {
        json!({"kind": "annotation", "identify": {"extended_address": SENSOR}, "name": "Garage"})
    }

    #[tokio::test]
    async fn one_or_a_list_is_taken_in() {
        let server = testing::server();
        let response = send(&server, authorized(&named())).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(json(response).await, json!({"captures": [1000]}));
        let other = json!({"kind": "annotation", "identify": {"finding": "bridge:a~b"}, "muted": true, "note": "there is no other place"});
        assert_eq!(
            json(send(&server, authorized(&json!([named(), other]))).await).await,
            json!({"captures": [1000, 1001]})
        );
    }

    /// As a browser sends it from the service's own page.
    fn from_own_page(body: &Value) -> Request {
        let mut request = post("/api/v1/captures", &body.to_string());
        request.headers_mut().insert("origin", "http://localhost:7878".parse().unwrap());
        request
    }

    #[tokio::test]
    async fn the_own_page_on_this_machine_needs_no_token() {
        let answer = send(&testing::server(), from_own_page(&named())).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let elsewhere = testing::server_at(([192, 168, 1, 5], 7878).into());
        problem(send(&elsewhere, from_own_page(&named())).await, StatusCode::UNAUTHORIZED).await;
        let mut foreign = from_own_page(&named());
        foreign.headers_mut().insert("origin", "http://example.com".parse().unwrap());
        problem(send(&testing::server(), foreign).await, StatusCode::FORBIDDEN).await;
    }

    #[tokio::test]
    async fn programs_need_the_token_on_this_machine_too() {
        let server = testing::server();
        problem(
            send(&server, post("/api/v1/captures", &named().to_string())).await,
            StatusCode::UNAUTHORIZED,
        )
        .await;
        let without = testing::server_with(crate::Config {
            address: ([127, 0, 0, 1], 7878).into(),
            hosts: Vec::new(),
            token: None,
        })
        .unwrap();
        problem(send(&without, authorized(&named())).await, StatusCode::FORBIDDEN).await;
    }

    #[tokio::test]
    async fn what_is_wrong_is_named_and_nothing_is_taken_in() {
        let server = testing::server();
        let with = |field: &str, value: Value| {
            let mut item = named();
            item[field] = value;
            item
        };
        for (item, parameter) in [
            (with("kind", json!("tmf")), "kind"),
            (with("serial", json!(1)), "serial"),
            (with("pin", json!({"x": 1})), "pin"),
            (with("name", json!(7)), "name"),
            (with("note", json!("x".repeat(MAX_NOTE_BYTES + 1))), "note"),
            (with("muted", json!("yes")), "muted"),
            (with("identify", json!({})), "identify"),
            (with("identify", json!({"serial": "7"})), "identify"),
            (with("identify", json!({"address": "192.168.1.1"})), "identify"),
            (json!({"kind": "annotation", "identify": {"node": "n"}}), "name"),
            (json!({"kind": "annotation", "identify": {"node": "n"}, "unpin": false}), "name"),
            (with("unpin", json!(1)), "unpin"),
            (with("same_as", json!("x".repeat(MAX_ID_BYTES + 1))), "same_as"),
            (with("identify", json!({"finding": "bridge:a~b"})), "name"),
            (
                json!({"kind": "annotation", "identify": {"finding": "bridge:a~b", "node": "a"}, "muted": true}),
                "identify",
            ),
            (json!([named(), with("room", json!([]))]), "[1].room"),
        ] {
            let answer = problem(send(&server, authorized(&item)).await, StatusCode::BAD_REQUEST).await;
            assert_eq!(answer["parameter"], parameter, "{item}");
        }
        for body in [json!([]), json!(vec![named(); MAX_ANNOTATIONS + 1]), json!(7)] {
            problem(send(&server, authorized(&body)).await, StatusCode::BAD_REQUEST).await;
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_said(name in "\\PC{1,40}", other in proptest::option::of("\\PC{0,40}"), muted: Option<bool>) {
            let said = Annotation {
                identify: AnnotationTarget { node: Some("n".into()), ..AnnotationTarget::default() },
                name: Some(name), room: other.clone(), same_as: other, unpin: muted, muted, ..Annotation::default()
            };
            let mut item = serde_json::to_value(&said).unwrap();
            item["kind"] = "annotation".into();
            prop_assert_eq!(annotation(item, "").ok(), Some(said));
        }
    }
}
