use super::double::Double;
use super::*;
use crate::server::Server;
use crate::testing::{self, TOKEN, events, from_page, get, json, post, problem, send, with};
use axum::body::Body;
use axum::extract::Request;
use serde_json::{Value, json};
use std::sync::Arc;

fn service() -> (Server, Arc<Double>) {
    let double = Arc::new(Double::new());
    (testing::server_that_pairs(double.clone()), double)
}

async fn page(server: &Server, path: &str, body: Value) -> Value {
    json(send(server, from_page(path, &body)).await).await
}

async fn refused(server: &Server, path: &str, body: Value, status: StatusCode) -> Value {
    problem(send(server, from_page(path, &body)).await, status).await
}

const PAIR: &str = "/api/v1/fabric/pair";

#[tokio::test]
async fn codes_become_jobs_and_what_is_no_code_is_said_masked() {
    let (server, double) = service();
    let body = json!({"codes": "MT:Y.K9042C00KA0648G00 123\n", "address": "[fd00::1]"});
    let response = send(&server, from_page(PAIR, &body)).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let entered = json(response).await;
    let expected = json!({"jobs": [1], "refused": [{"code": "…23", "why": "A manual code has 11 or 21 digits."}]});
    assert_eq!(entered, expected);
    assert_eq!(*double.asked.lock().unwrap(), ["pair at Some([fd00::1]:5540), accept false"]);
    let view = json(send(&server, get("/api/v1/fabric")).await).await;
    assert_eq!(view["jobs"][0]["code"], "…00");
    assert!(!view.to_string().contains("K9042C"));
}

#[tokio::test]
async fn no_error_repeats_a_code() {
    let (server, _) = service();
    const CODE: &str = "34970112332";
    for body in [
        json!({"codes": [CODE]}),
        json!({"code": CODE}),
        json!({"codes": CODE, "address": 7}),
        json!({"codes": CODE, "more": CODE}),
        json!({"codes": CODE, "address": "nowhere"}),
        json!(CODE),
    ] {
        let said = refused(&server, PAIR, body.clone(), StatusCode::BAD_REQUEST).await;
        assert!(!said.to_string().contains(CODE), "{body}: {said}");
    }
    let said = refused(&server, PAIR, json!({"codes": " \n"}), StatusCode::BAD_REQUEST).await;
    assert_eq!(said["parameter"], "codes");
    refused(&server, PAIR, json!({"codes": "x".repeat(70_000)}), StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn the_page_on_this_machine_needs_no_token_and_nobody_else_goes_without() {
    let (server, double) = service();
    let body = json!({"paused": true}).to_string();
    let settings = || post("/api/v1/fabric/settings", &body);
    let bearer = format!("Bearer {TOKEN}");
    for (headers, expected) in [
        (vec![], StatusCode::UNAUTHORIZED),
        (vec![("origin", "http://localhost:7878")], StatusCode::OK),
        (vec![("sec-fetch-site", "same-origin")], StatusCode::OK),
        (vec![("sec-fetch-site", "cross-site")], StatusCode::UNAUTHORIZED),
        (vec![("sec-fetch-site", "none")], StatusCode::UNAUTHORIZED),
        (vec![("origin", "http://evil.example")], StatusCode::FORBIDDEN),
        (vec![("origin", "null")], StatusCode::FORBIDDEN),
        (vec![("authorization", bearer.as_str())], StatusCode::OK),
        (
            vec![("authorization", "Bearer wrong-wrong-wrong-wrong"), ("origin", "http://localhost:7878")],
            StatusCode::UNAUTHORIZED,
        ),
        (
            vec![("origin", "http://localhost:7878"), ("x-forwarded-for", "203.0.113.7")],
            StatusCode::UNAUTHORIZED,
        ),
        (
            vec![("origin", "http://localhost:7878"), ("content-type", "text/plain")],
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
    ] {
        assert_eq!(send(&server, with(settings(), &headers)).await.status(), expected, "{headers:?}");
    }
    assert_eq!(double.asked.lock().unwrap().len(), 3);
    // Looking is as free as the topology is.
    assert_eq!(send(&server, get("/api/v1/fabric")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_demo_says_that_it_pairs_nothing() {
    let server = testing::server();
    let said = problem(send(&server, get("/api/v1/fabric")).await, StatusCode::NOT_IMPLEMENTED).await;
    assert_eq!(said["type"], "urn:weft:problem:no-fabric");
    refused(&server, PAIR, json!({"codes": "MT:X"}), StatusCode::NOT_IMPLEMENTED).await;
}

#[tokio::test]
async fn pictures_are_bounded_and_of_known_kinds() {
    let (server, double) = service();
    let picture = |kind: &'static str, body: Vec<u8>, query: &str| {
        let request = Request::post(format!("/api/v1/fabric/photo{query}")).header("host", "localhost:7878");
        let request = request.header("origin", "http://localhost:7878").header("content-type", kind);
        request.body(Body::from(body)).unwrap()
    };
    let entered = json(send(&server, picture("image/jpeg", vec![0xff; 2 << 20], "?accept_attestation=true")).await).await;
    assert_eq!(entered["jobs"], json!([1]));
    assert_eq!(*double.asked.lock().unwrap(), ["pair at None, accept true"]);
    for (request, status) in [
        (picture("image/png", b"no picture".to_vec(), ""), StatusCode::BAD_REQUEST),
        (picture("image/svg+xml", Vec::new(), ""), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (picture("image/webp", vec![0; (16 << 20) + 1], ""), StatusCode::PAYLOAD_TOO_LARGE),
        (picture("image/webp", Vec::new(), "?accept_attestation=perhaps"), StatusCode::BAD_REQUEST),
    ] {
        problem(send(&server, request).await, status).await;
    }
}

#[tokio::test]
async fn jobs_are_tried_again_and_given_up() {
    let (server, double) = service();
    page(&server, PAIR, json!({"codes": "MT:A"})).await;
    let view = page(&server, "/api/v1/fabric/jobs/1/retry", json!({"accept_attestation": true})).await;
    assert_eq!(view["jobs"][0]["id"], 1);
    assert_eq!(double.asked.lock().unwrap().last().unwrap(), "retry 1, accept true");
    let view = page(&server, "/api/v1/fabric/jobs/1/cancel", json!({})).await;
    assert_eq!(view["jobs"][0]["state"], "cancelled");
    refused(&server, "/api/v1/fabric/jobs/1/cancel", json!({}), StatusCode::CONFLICT).await;
    for path in [
        "/api/v1/fabric/jobs/2/retry",
        "/api/v1/fabric/jobs/x/retry",
        "/api/v1/fabric/jobs/99999999999999999999/cancel",
    ] {
        refused(&server, path, json!({}), StatusCode::NOT_FOUND).await;
    }
    refused(&server, "/api/v1/fabric/jobs/1/cancel", json!({"job": 1}), StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn devices_are_left_by_name_or_all() {
    let (server, double) = service();
    const UNPAIR: &str = "/api/v1/fabric/unpair";
    let one = json!({"nodes": ["0000000000000001"], "forget": true});
    let answer = page(&server, UNPAIR, one).await;
    assert_eq!(answer, json!({"results": [{"node": "0000000000000001", "ok": true, "error": null}]}));
    for body in [
        json!({}),
        json!({"nodes": []}),
        json!({"nodes": ["1"]}),
        json!({"nodes": ["0000000000000002"], "all": true}),
    ] {
        refused(&server, UNPAIR, body, StatusCode::BAD_REQUEST).await;
    }
    let answer = page(&server, UNPAIR, json!({"all": true})).await;
    assert_eq!(answer["results"][0]["node"], "0000000000000002");
    assert_eq!(*double.asked.lock().unwrap(), ["unpair 1, forget true", "unpair 1, forget false"]);
}

#[tokio::test]
async fn settings_change_alone_or_together() {
    let (server, double) = service();
    let view = page(&server, "/api/v1/fabric/settings", json!({"paused": true, "attestation": "accept"})).await;
    assert_eq!((&view["paused"], &view["attestation"]), (&json!(true), &json!("accept")));
    refused(&server, "/api/v1/fabric/refresh", json!({}), StatusCode::CONFLICT).await;
    page(&server, "/api/v1/fabric/settings", json!({"paused": false})).await;
    page(&server, "/api/v1/fabric/refresh", json!({"node": "0000000000000001"})).await;
    let view = page(&server, "/api/v1/fabric/devices/0000000000000002/settings", json!({"check_in": true})).await;
    assert_eq!(view["devices"][1]["check_in"], true);
    refused(
        &server,
        "/api/v1/fabric/devices/0000000000000009/settings",
        json!({"check_in": true}),
        StatusCode::NOT_FOUND,
    )
    .await;
    refused(
        &server,
        "/api/v1/fabric/settings",
        json!({"attestation": "never"}),
        StatusCode::BAD_REQUEST,
    )
    .await;
    assert_eq!(double.asked.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn who_listens_sees_the_fabric_change() {
    let (server, double) = service();
    let response = send(&server, get("/api/v1/events")).await;
    let changing = tokio::spawn({
        let double = double.clone();
        async move {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            double.pair("MT:A", None, false).unwrap();
            for _ in 0..50 {
                double.change("nothing".into(), |_| {});
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            double.cancel(1).unwrap();
        }
    });
    let views = events(response, "fabric", 3).await;
    changing.await.unwrap();
    let jobs: Vec<_> = views.iter().map(|view| view["jobs"][0]["state"].clone()).collect();
    assert_eq!(
        jobs,
        [Value::Null, json!("running"), json!("cancelled")],
        "each change once, however often it is told"
    );
}

#[tokio::test]
async fn what_is_served_is_what_is_described() {
    let (server, _) = service();
    page(&server, PAIR, json!({"codes": "MT:A"})).await;
    let view = json(send(&server, get("/api/v1/fabric")).await).await;
    let read: weft_model::FabricView = serde_json::from_value(view.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), view);
    let document = json(send(&server, get("/api/v1/openapi.json")).await).await;
    let described = &document["components"]["schemas"];
    for (schema, value) in [
        ("FabricView", &view),
        ("PairingJob", &view["jobs"][0]),
        ("JobStep", &view["jobs"][0]["steps"][0]),
        ("PairedDevice", &view["devices"][0]),
    ] {
        let names: Vec<_> = value.as_object().unwrap().keys().collect();
        let known: Vec<_> = described[schema]["properties"]
            .as_object()
            .unwrap_or_else(|| panic!("{schema}"))
            .keys()
            .collect();
        assert_eq!(names.len(), known.len(), "{schema}: {names:?} and {known:?}");
    }
}
