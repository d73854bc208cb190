//! Exports over HTTP.

use crate::testing::{self, get, json, problem, send};
use axum::body::to_bytes;
use axum::http::StatusCode;

#[tokio::test]
async fn each_format_has_its_type_and_a_name_for_its_file() {
    let server = testing::server();
    for (format, kind) in [
        ("svg", "image/svg+xml"),
        ("json", "application/json"),
        ("graphml", "application/graphml+xml"),
        ("dot", "text/vnd.graphviz; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8; header=present"),
    ] {
        let response = send(&server, get(&format!("/api/v1/export?format={format}"))).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], kind);
        let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(name.starts_with("attachment; filename=\"weft-2-networks-20261120T120000Z"), "{name}");
        assert!(name.ends_with(&format!(".{format}\"")), "{name}");
    }
}

#[tokio::test]
async fn the_past_and_its_claims_can_be_had_or_left() {
    let server = testing::server();
    let url = format!("/api/v1/export?format=json&claims=none&at={}", testing::YESTERDAY);
    let past = json(send(&server, get(&url)).await).await;
    assert_eq!(past["as_of"], testing::YESTERDAY);
    assert_eq!(past["nodes"][0].get("claims"), None);
    let svg = send(&server, get(&format!("/api/v1/export?format=svg&theme=dark&at={}", testing::YESTERDAY))).await;
    let svg = String::from_utf8(to_bytes(svg.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
    assert!(svg.contains("As of 19 Nov 2026, 12:00:00 UTC") && svg.contains("#0f151e"));
}

#[tokio::test]
async fn an_anonymous_file_has_no_name_in_its_name_either() {
    let server = testing::server();
    let response = send(&server, get("/api/v1/export?format=json&anonymous=true")).await;
    let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    for name in [
        "Garage sensor",
        "Hub",
        "Home",
        testing::SENSOR,
        "3C:0A:57:6C:DA:E7",
        "sensor.local",
        "fd00:0:0:1::",
    ] {
        assert!(!text.contains(name), "{name}: {text}");
    }
    assert!(text.contains("0x2c01"));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = testing::server();
    for (query, parameter) in [
        ("", "format"),
        ("?format=bmp", "format"),
        ("?format=png", "format"),
        ("?format=csv&table=chairs", "table"),
        ("?format=svg&theme=pink", "theme"),
        ("?format=svg&anonymous=perhaps", "anonymous"),
        ("?format=svg&colour=red", "colour"),
    ] {
        let problem = problem(send(&server, get(&format!("/api/v1/export{query}"))).await, StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["parameter"], parameter, "{problem}");
    }
}
