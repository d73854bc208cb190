use super::double::{DATASET, Double, NETWORK};
use crate::fabric;
use crate::server::Server;
use crate::testing::{self, TOKEN, events, from_page, get, get_with, json, post, problem, send, with};
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

fn service() -> (Server, Arc<Double>) {
    let double = Arc::new(Double::new());
    (testing::server().with_networks(double.clone()), double)
}

async fn page(server: &Server, path: &str, body: Value) -> Value {
    json(send(server, from_page(&format!("/api/v1/networks/{path}"), &body)).await).await
}

async fn refused(server: &Server, path: &str, body: Value, status: StatusCode) -> Value {
    problem(send(server, from_page(&format!("/api/v1/networks/{path}"), &body)).await, status).await
}

fn forget(network: &str) -> Request {
    let request = Request::delete(format!("/api/v1/networks/{network}/credential")).header("host", "localhost:7878");
    request.body(Body::empty()).unwrap()
}

fn asked(double: &Double) -> Vec<String> {
    std::mem::take(&mut double.asked.lock().unwrap())
}

#[tokio::test]
async fn a_credential_is_given_shown_without_its_secret_and_forgotten() {
    let (server, double) = service();
    for (body, what) in [
        (json!({"dataset": DATASET}), "dataset".to_owned()),
        (
            json!({"extended_pan_id": NETWORK, "pskc": "00112233445566778899aabbccddeeff"}),
            format!("pskc of {NETWORK}"),
        ),
        (
            json!({"extended_pan_id": NETWORK, "passphrase": "12SECRETPASSWORD34"}),
            format!("passphrase of {NETWORK}"),
        ),
    ] {
        let view = page(&server, "credentials", body).await;
        assert_eq!(view["networks"][0]["credential"]["check"], "matches");
        assert_eq!(asked(&double), [what]);
    }
    let forgotten = json(send(&server, with(forget(NETWORK), &[("origin", "http://localhost:7878")])).await).await;
    assert_eq!(forgotten["networks"][0]["credential"], Value::Null);
    let again = send(&server, with(forget(NETWORK), &[("sec-fetch-site", "same-origin")])).await;
    problem(again, StatusCode::NOT_FOUND).await;
    let no_id = send(&server, with(forget("home"), &[("sec-fetch-site", "same-origin")])).await;
    problem(no_id, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn no_error_repeats_a_secret() {
    const SECRET: &str = "c0ffee00112233445566778899aabbcc";
    let (server, _) = service();
    for (path, body) in [
        ("credentials", json!({"dataset": SECRET})),
        ("credentials", json!({"dataset": [SECRET]})),
        ("credentials", json!({"dataset": SECRET, "pskc": SECRET})),
        ("credentials", json!({"pskc": SECRET})),
        ("credentials", json!({"passphrase": SECRET, "extended_pan_id": "1"})),
        ("credentials", json!({"key": SECRET})),
        ("credentials", json!({"dataset": SECRET.repeat(100)})),
        ("credentials", json!(SECRET)),
        ("passcode", json!({"path": "agent:1", "passcode": SECRET.repeat(40)})),
        ("passcode", json!({"path": 1, "passcode": SECRET})),
        ("servers", json!({"kind": "matter-server", "address": "x", "token": SECRET})),
        ("servers", json!({"kind": "home-assistant", "address": "", "token": SECRET})),
        ("servers", json!({"kind": "hub", "address": "x", "token": SECRET})),
    ] {
        let said = refused(&server, path, body.clone(), StatusCode::BAD_REQUEST).await;
        assert!(!said.to_string().contains("c0ffee"), "{body}: {said}");
    }
    let unknown = json!({"extended_pan_id": "2222222222222222", "passphrase": SECRET});
    let said = refused(&server, "credentials", unknown, StatusCode::NOT_FOUND).await;
    assert!(!said.to_string().contains("c0ffee"), "{said}");
}

#[tokio::test]
async fn only_the_page_on_this_machine_and_who_has_the_token_may_change_anything() {
    let (server, double) = service();
    let bearer = format!("Bearer {TOKEN}");
    for (path, body) in [
        ("credentials", json!({"dataset": DATASET})),
        ("passcode", json!({"path": "agent:1", "passcode": "123456"})),
        ("ask", json!({})),
        ("paths", json!({"address": "192.0.2.1"})),
        ("servers", json!({"kind": "matter-server", "address": "192.0.2.2"})),
        ("servers/adopt", json!({"id": "192.0.2.2"})),
        ("settings", json!({"paused": false})),
    ] {
        let request = || post(&format!("/api/v1/networks/{path}"), &body.to_string());
        for (headers, allowed) in [
            (vec![], false),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("origin", "http://localhost:7878"), ("x-forwarded-for", "203.0.113.7")], false),
            (vec![("authorization", bearer.as_str())], true),
        ] {
            let status = send(&server, with(request(), &headers)).await.status();
            assert_eq!(status.is_success(), allowed, "{path} {headers:?}: {status}");
            assert!(allowed || status == StatusCode::UNAUTHORIZED, "{status}");
        }
    }
    assert_eq!(asked(&double).len(), 7);
    assert_eq!(send(&server, forget(NETWORK)).await.status(), StatusCode::UNAUTHORIZED);
    let evil = send(&server, with(forget(NETWORK), &[("origin", "http://evil.example")])).await;
    assert_eq!(evil.status(), StatusCode::FORBIDDEN);
    assert!(asked(&double).is_empty());
    assert_eq!(send(&server, get("/api/v1/networks")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn ways_and_servers_are_taken_up_asked_and_given_up() {
    let (server, double) = service();
    let response = send(
        &server,
        from_page("/api/v1/networks/passcode", &json!({"path": "agent:1", "passcode": "123 456 789"})),
    )
    .await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(json(response).await["networks"][0]["paths"][0]["waits_for_passcode"], true);
    let taken = page(&server, "paths", json!({"address": "192.0.2.1"})).await;
    assert_eq!(taken["id"], "otbr:http://192.0.2.1:8081");
    assert_eq!(taken["networks"]["networks"][0]["paths"][1]["is_by_hand"], true);
    page(&server, "ask", json!({"path": taken["id"]})).await;
    page(&server, "ask", json!({"extended_pan_id": NETWORK})).await;
    refused(&server, "paths/remove", json!({"id": "agent:1"}), StatusCode::CONFLICT).await;
    refused(&server, "paths/remove", json!({"id": "agent:2"}), StatusCode::NOT_FOUND).await;
    let view = page(&server, "paths/remove", json!({"id": taken["id"]})).await;
    assert_eq!(view["networks"][0]["paths"].as_array().unwrap().len(), 1);
    page(
        &server,
        "servers",
        json!({"kind": "home-assistant", "address": "ha.local", "token": "a.b.c"}),
    )
    .await;
    let taken = page(&server, "servers", json!({"kind": "matter-server", "address": "ha.local:5580"})).await;
    assert_eq!(taken["networks"]["matter_servers"][0]["id"], "ha.local:5580");
    assert_eq!(page(&server, "servers/adopt", json!({"id": "ha.local:5580"})).await, json!({"queued": 2}));
    let one = json!({"id": "ha.local:5580", "nodes": ["0000000000000007"]});
    assert_eq!(page(&server, "servers/adopt", one).await, json!({"queued": 1}));
    refused(
        &server,
        "servers/adopt",
        json!({"id": "ha.local:5580", "nodes": []}),
        StatusCode::BAD_REQUEST,
    )
    .await;
    refused(&server, "servers/adopt", json!({"id": "elsewhere"}), StatusCode::NOT_FOUND).await;
    let view = page(&server, "servers/remove", json!({"id": "ha.local"})).await;
    assert_eq!(view["home_assistants"], json!([]));
    let expected = [
        "enter agent:1",
        "add 192.0.2.1",
        r#"ask None Some("otbr:http://192.0.2.1:8081")"#,
        &format!("ask {:?} None", Some(NETWORK.parse::<weft_model::ExtendedPanId>().unwrap())),
        "remove otbr:http://192.0.2.1:8081",
        "HomeAssistant at ha.local, token true",
        "MatterServer at ha.local:5580, token false",
        "adopt ha.local:5580",
        "adopt ha.local:5580",
        "leave ha.local",
    ];
    assert_eq!(asked(&double), expected);
}

#[tokio::test]
async fn one_switch_pauses_networks_and_devices() {
    let (networks, pairing) = (Arc::new(Double::new()), Arc::new(fabric::Double::new()));
    let server = testing::server_that_pairs(pairing).with_networks(networks.clone());
    let paused = async |server: &Server| {
        let of = async |path| json(send(server, get(path)).await).await["paused"].clone();
        [of("/api/v1/fabric").await, of("/api/v1/networks").await]
    };
    page(&server, "settings", json!({"paused": true})).await;
    assert_eq!(paused(&server).await, [json!(true), json!(true)]);
    refused(&server, "ask", json!({}), StatusCode::CONFLICT).await;
    let resume = from_page("/api/v1/fabric/settings", &json!({"paused": false}));
    assert_eq!(send(&server, resume).await.status(), StatusCode::OK);
    assert_eq!(paused(&server).await, [json!(false), json!(false)]);
    let other = from_page("/api/v1/fabric/settings", &json!({"attestation": "accept"}));
    assert_eq!(send(&server, other).await.status(), StatusCode::OK);
    assert_eq!(
        asked(&networks),
        ["paused true", "paused false"],
        "another setting is none of its business"
    );
}

#[tokio::test]
async fn a_demo_says_that_it_asks_nobody_and_still_where_to_look() {
    let server = testing::server();
    let said = problem(send(&server, get("/api/v1/networks")).await, StatusCode::NOT_IMPLEMENTED).await;
    assert_eq!(said["type"], "urn:weft:problem:no-networks");
    refused(&server, "ask", json!({}), StatusCode::NOT_IMPLEMENTED).await;
    let places = json(send(&server, get("/api/v1/networks/where")).await).await;
    let of = |id: &str| {
        let all = places.as_array().unwrap();
        all.iter()
            .find(|ecosystem| ecosystem["id"] == id)
            .unwrap_or_else(|| panic!("{id}"))
            .clone()
    };
    assert_eq!(of("ikea")["places"][0]["gives"], "passcode");
    assert!(of("openthread")["places"].to_string().contains("dataset active -x"));
    assert_eq!(of("amazon")["places"], json!([]), "what gives nothing says so");
    let ids: std::collections::BTreeSet<_> = super::ecosystems().into_iter().map(|ecosystem| ecosystem.id).collect();
    assert_eq!(ids.len(), super::ecosystems().len());
}

#[tokio::test]
async fn who_listens_sees_networks_change_and_who_asks_again_gets_nothing_new() {
    let (server, double) = service();
    let response = send(&server, get("/api/v1/events")).await;
    let changing = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        double.change("pause".into(), |view| view.paused = true);
    });
    let views = events(response, "networks", 2).await;
    changing.await.unwrap();
    assert_eq!([&views[0]["paused"], &views[1]["paused"]], [&json!(false), &json!(true)]);
    let response = send(&server, get("/api/v1/networks")).await;
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let again = send(&server, get_with("/api/v1/networks", "if-none-match", &tag)).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn what_is_served_is_what_is_described() {
    let (server, _) = service();
    page(&server, "credentials", json!({"dataset": DATASET})).await;
    page(&server, "servers", json!({"kind": "matter-server", "address": "x"})).await;
    let view = json(send(&server, get("/api/v1/networks")).await).await;
    let read: weft_model::NetworksView = serde_json::from_value(view.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), view);
    let places = json(send(&server, get("/api/v1/networks/where")).await).await;
    let document = json(send(&server, get("/api/v1/openapi.json")).await).await;
    let (network, path) = (&view["networks"][0], &view["networks"][0]["paths"][0]);
    for (schema, value) in [
        ("NetworksView", &view),
        ("NetworkWays", network),
        ("CredentialView", &network["credential"]),
        ("DataPath", path),
        ("Ability", &path["abilities"][0]),
        ("Brought", &path["brought"]),
        ("ServerView", &view["matter_servers"][0]),
        ("Ecosystem", &places[0]),
        ("CredentialPlace", &places[0]["places"][0]),
    ] {
        let names: Vec<_> = value.as_object().unwrap().keys().collect();
        let described = document["components"]["schemas"][schema]["properties"].as_object();
        let known: Vec<_> = described.unwrap_or_else(|| panic!("{schema}")).keys().collect();
        assert_eq!(names.len(), known.len(), "{schema}: {names:?} and {known:?}");
    }
}
