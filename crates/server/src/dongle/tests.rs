use super::double::{Double, NETWORK};
use crate::access::MAX_BODY_BYTES;
use crate::server::Server;
use crate::testing::{self, TOKEN, events, from_page, get, get_with, json, post, problem, send, with};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

fn service() -> (Server, Arc<Double>) {
    let double = Arc::new(Double::new());
    (testing::server().with_dongle(double.clone()), double)
}

async fn page(server: &Server, wish: &str, body: Value, status: StatusCode) -> Value {
    let response = send(server, from_page(&format!("/api/v1/dongle/{wish}"), &body)).await;
    assert_eq!(response.status(), status, "{wish} {body}");
    json(response).await
}

async fn refused(server: &Server, wish: &str, body: Value, status: StatusCode) -> Value {
    problem(send(server, from_page(&format!("/api/v1/dongle/{wish}"), &body)).await, status).await
}

fn asked(double: &Double) -> Vec<String> {
    std::mem::take(&mut double.asked.lock().unwrap())
}

const WISHES: [(&str, &str); 5] = [
    ("scan", "{}"),
    ("listen", r#"{"channel": 15}"#),
    ("listen", r#"{"channel": null}"#),
    ("join", r#"{"extended_pan_id": "1111111111111111"}"#),
    ("leave", "{}"),
];

#[tokio::test]
async fn it_scans_listens_takes_part_and_leaves() {
    let (server, double) = service();
    let view = page(&server, "scan", json!({"dwell_milliseconds": 100}), StatusCode::ACCEPTED).await;
    assert_eq!(view["mode"], "scanning");
    assert_eq!(view["scanning"], json!({"channel": 11, "done": 0, "of": 16, "dwell_milliseconds": 100}));
    let again = refused(&server, "scan", json!({}), StatusCode::CONFLICT).await;
    assert_eq!(again["detail"], "It scans already.");
    double.scanned();
    assert_eq!(
        json(send(&server, get("/api/v1/dongle")).await).await["scan"]["channels"][0],
        json!({"channel": 25, "frames": 12, "thread_frames": 9, "pan_ids": ["0x4f21"], "rssi_max_dbm": -61, "energy_max_dbm": -40})
    );
    let view = page(&server, "listen", json!({"channel": 25}), StatusCode::OK).await;
    assert_eq!((&view["mode"], &view["channel"]), (&json!("listening"), &json!(25)));
    let view = page(&server, "listen", json!({"channel": null}), StatusCode::OK).await;
    assert_eq!((&view["mode"], &view["channel"]), (&json!("searching"), &Value::Null));
    let view = page(&server, "join", json!({"extended_pan_id": NETWORK}), StatusCode::ACCEPTED).await;
    assert_eq!(view["mode"], "taking-part");
    assert_eq!(view["node"]["state"], "attached");
    for (wish, body) in [
        ("scan", json!({})),
        ("listen", json!({"channel": 11})),
        ("join", json!({"extended_pan_id": NETWORK})),
    ] {
        refused(&server, wish, body, StatusCode::CONFLICT).await;
    }
    assert_eq!(page(&server, "leave", json!({}), StatusCode::ACCEPTED).await["node"], Value::Null);
    let said = refused(&server, "leave", json!({}), StatusCode::CONFLICT).await;
    assert_eq!(said["type"], "urn:weft:problem:not-now");
    let join = format!("join {NETWORK}");
    assert_eq!(
        asked(&double),
        ["scan 100", "(scanned)", "listen Some(25)", "listen None", &join, "leave"]
    );
}

#[tokio::test]
async fn what_is_out_of_bounds_never_reaches_the_dongle() {
    let (server, double) = service();
    for dwell in [0, 49, 10_001, u64::MAX] {
        let said = refused(&server, "scan", json!({"dwell_milliseconds": dwell}), StatusCode::BAD_REQUEST).await;
        assert_eq!(said["parameter"], "dwell_milliseconds", "{said}");
    }
    for channel in [0, 10, 27, 0xffff] {
        let said = refused(&server, "listen", json!({"channel": channel}), StatusCode::BAD_REQUEST).await;
        assert_eq!(said["parameter"], "channel", "{said}");
    }
    for (wish, body) in [
        ("scan", json!({"dwell": 100})),
        ("scan", json!({"dwell_milliseconds": -1})),
        ("listen", json!({})),
        ("listen", json!({"channel": "20"})),
        ("listen", json!({"channel": 70_000})),
        ("listen", json!({"channel": 20, "dwell_milliseconds": 100})),
        ("join", json!({})),
        ("join", json!({"extended_pan_id": "home"})),
        ("join", json!({"extended_pan_id": NETWORK, "key": "00"})),
        ("leave", json!({"extended_pan_id": NETWORK})),
        ("leave", json!(null)),
    ] {
        let said = refused(&server, wish, body.clone(), StatusCode::BAD_REQUEST).await;
        assert!(said["detail"].as_str().unwrap().starts_with("Send "), "{wish} {body}: {said}");
    }
    let query = problem(
        send(&server, from_page("/api/v1/dongle/scan?dwell_milliseconds=100", &json!({}))).await,
        StatusCode::BAD_REQUEST,
    )
    .await;
    assert_eq!(query["parameter"], "dwell_milliseconds");
    for (wish, _) in WISHES {
        let path = format!("/api/v1/dongle/{wish}");
        let long = post(&path, &" ".repeat(MAX_BODY_BYTES + 1));
        let long = send(&server, with(long, &[("origin", "http://localhost:7878")])).await;
        problem(long, StatusCode::PAYLOAD_TOO_LARGE).await;
        let form = with(post(&path, "{}"), &[("origin", "http://localhost:7878"), ("content-type", "text/plain")]);
        problem(send(&server, form).await, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    }
    assert!(asked(&double).is_empty());
    for dwell in [50, 10_000] {
        page(&server, "scan", json!({"dwell_milliseconds": dwell}), StatusCode::ACCEPTED).await;
        double.scanned();
    }
    page(&server, "scan", json!({}), StatusCode::ACCEPTED).await;
    assert_eq!(asked(&double), ["scan 50", "(scanned)", "scan 10000", "(scanned)", "scan 3000"]);
}

#[tokio::test]
async fn only_the_page_on_this_machine_and_who_has_the_token_may_change_anything() {
    let (server, double) = service();
    let bearer = format!("Bearer {TOKEN}");
    for (wish, body) in WISHES {
        let request = || post(&format!("/api/v1/dongle/{wish}"), body);
        for headers in [
            vec![],
            vec![("sec-fetch-site", "cross-site")],
            vec![("origin", "http://localhost:7878"), ("x-forwarded-for", "203.0.113.7")],
            vec![("authorization", "Bearer wrong-token-0123456789")],
        ] {
            let status = send(&server, with(request(), &headers)).await.status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{wish} {headers:?}");
        }
        let evil = with(request(), &[("origin", "http://evil.example")]);
        assert_eq!(send(&server, evil).await.status(), StatusCode::FORBIDDEN);
        let rebound = with(request(), &[("host", "evil.example:7878"), ("authorization", &bearer)]);
        assert!(!send(&server, rebound).await.status().is_success());
        assert!(asked(&double).is_empty(), "{wish}");
        let allowed = send(&server, with(request(), &[("authorization", &bearer)])).await;
        assert!(allowed.status().is_success(), "{wish}: {}", allowed.status());
        assert_eq!(asked(&double).len(), 1, "{wish}");
    }
    assert_eq!(send(&server, get("/api/v1/dongle")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_network_without_a_dataset_and_a_full_disk_are_said() {
    let (server, _) = service();
    let unknown = refused(&server, "join", json!({"extended_pan_id": "2222222222222222"}), StatusCode::CONFLICT).await;
    assert_eq!(unknown["detail"], "Weft has no dataset of it.");
    let server = testing::server().with_dongle(Arc::new(Double::on_a_full_disk()));
    let said = refused(&server, "join", json!({"extended_pan_id": NETWORK}), StatusCode::INTERNAL_SERVER_ERROR).await;
    assert_eq!(said["detail"], "The disk is full.");
}

#[tokio::test]
async fn a_service_without_a_dongle_says_how_to_start_one() {
    let server = testing::server();
    let said = problem(send(&server, get("/api/v1/dongle")).await, StatusCode::NOT_IMPLEMENTED).await;
    assert_eq!(said["type"], "urn:weft:problem:no-dongle");
    assert!(said["detail"].as_str().unwrap().contains("--dongle"), "{said}");
    for (wish, body) in WISHES {
        refused(&server, wish, serde_json::from_str(body).unwrap(), StatusCode::NOT_IMPLEMENTED).await;
    }
}

#[tokio::test]
async fn who_listens_sees_the_dongle_change_and_who_asks_again_gets_nothing_new() {
    let (server, double) = service();
    let response = send(&server, get("/api/v1/events")).await;
    let changing = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        double.change("hear".into(), |view| view.frames += 17);
    });
    let views = events(response, "dongle", 2).await;
    changing.await.unwrap();
    assert_eq!([&views[0]["frames"], &views[1]["frames"]], [&json!(1000), &json!(1017)]);
    let response = send(&server, get("/api/v1/dongle")).await;
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let again = send(&server, get_with("/api/v1/dongle", "if-none-match", &tag)).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    problem(send(&server, get("/api/v1/dongle?channel=20")).await, StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn what_is_served_is_what_is_described() {
    let (server, double) = service();
    let scanning = page(&server, "scan", json!({}), StatusCode::ACCEPTED).await;
    double.scanned();
    let view = page(&server, "join", json!({"extended_pan_id": NETWORK}), StatusCode::ACCEPTED).await;
    let read: weft_model::DongleView = serde_json::from_value(view.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), view);
    let document = json(send(&server, get("/api/v1/openapi.json")).await).await;
    for (schema, value) in [
        ("DongleView", &view),
        ("ScanProgress", &scanning["scanning"]),
        ("ChannelScan", &view["scan"]),
        ("ScannedChannel", &view["scan"]["channels"][0]),
        ("OwnNodeView", &view["node"]),
        ("RouterFromHere", &view["node"]["routers"][0]),
    ] {
        let names: Vec<_> = value.as_object().unwrap_or_else(|| panic!("{schema}: {value}")).keys().collect();
        let described = document["components"]["schemas"][schema]["properties"].as_object();
        let known: Vec<_> = described.unwrap_or_else(|| panic!("{schema}")).keys().collect();
        assert_eq!(names, known, "{schema}");
    }
    let listen = &document["components"]["schemas"]["ListenRequest"];
    assert_eq!(listen["required"], json!(["channel"]), "{listen}");
}
