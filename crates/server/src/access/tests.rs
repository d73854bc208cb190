use super::*;
use crate::server::{Config, ConfigError};
use crate::testing::{self, get, get_with, post, problem, send};
use crate::token::Token;
use axum::body::Body;
use proptest::prelude::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn guarded(address: &str, hosts: &[&str]) -> Server {
    let token = Some(Token::new(SECRET.into()).unwrap());
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    testing::server_with(Config {
        address: address.parse().unwrap(),
        hosts,
        token,
    })
    .unwrap()
}

fn request(host: &str, more: &[(&str, &str)]) -> Request {
    let mut request = axum::http::Request::get("/api/v1/topology").header("host", host);
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_foreign_host_is_refused_whatever_it_resolves_to() {
    let server = testing::server();
    for host in [
        "localhost",
        "localhost:7878",
        "LOCALHOST.",
        "127.0.0.1",
        "127.8.9.1:80",
        "[::1]:7878",
        "weft.localhost",
    ] {
        assert_eq!(send(&server, request(host, &[])).await.status(), StatusCode::OK, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:7878",
        "localhost.evil.example",
        "192.168.1.2",
        "user@localhost",
        "",
        "127.0.0.1.evil.example",
        "xlocalhost",
    ] {
        let refused = problem(send(&server, request(host, &[])).await, StatusCode::FORBIDDEN).await;
        assert_eq!(refused["type"], "urn:weft:problem:host", "{host}");
    }
    let two = axum::http::Request::get("/healthz")
        .header("host", "localhost")
        .header("host", "evil.example")
        .body(Body::empty())
        .unwrap();
    problem(send(&server, two).await, StatusCode::FORBIDDEN).await;
    let absolute = axum::http::Request::get("http://evil.example/healthz")
        .header("host", "localhost")
        .body(Body::empty())
        .unwrap();
    problem(send(&server, absolute).await, StatusCode::FORBIDDEN).await;
    let none = axum::http::Request::get("/healthz").body(Body::empty()).unwrap();
    problem(send(&server, none).await, StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn configured_names_and_the_bound_address_are_known() {
    let bearer = format!("Bearer {SECRET}");
    let authorized = [("authorization", bearer.as_str())];
    let server = guarded("192.168.1.5:7878", &["weft.home.example:443", "fd00::5"]);
    for host in [
        "192.168.1.5:7878",
        "weft.home.example",
        "Weft.Home.Example:8443",
        "[fd00::5]:7878",
        "localhost",
    ] {
        assert_eq!(send(&server, request(host, &authorized)).await.status(), StatusCode::OK, "{host}");
    }
    problem(send(&server, request("192.168.1.6", &authorized)).await, StatusCode::FORBIDDEN).await;
    let server = guarded("[::]:7878", &[]);
    assert_eq!(
        send(&server, request("192.168.1.6", &authorized)).await.status(),
        StatusCode::OK,
        "an address cannot be rebound"
    );
    problem(send(&server, request("evil.example", &authorized)).await, StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn a_foreign_origin_is_refused() {
    let server = testing::server();
    for origin in ["http://localhost:7878", "HTTP://localhost:7878", "https://LOCALHOST:7878"] {
        let expected = if origin.starts_with("HTTP") {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::OK
        };
        assert_eq!(
            send(&server, request("localhost:7878", &[("origin", origin)])).await.status(),
            expected,
            "{origin}"
        );
    }
    for origin in [
        "http://evil.example",
        "null",
        "",
        "http://localhost",
        "http://localhost:7879",
        "http://localhost:7878@evil.example",
        "file://",
    ] {
        let refused = problem(
            send(&server, request("localhost:7878", &[("origin", origin)])).await,
            StatusCode::FORBIDDEN,
        )
        .await;
        assert_eq!(refused["type"], "urn:weft:problem:origin", "{origin}");
    }
    assert_eq!(
        send(&server, request("localhost", &[("origin", "http://localhost:80")])).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn beyond_this_machine_everything_but_the_shell_needs_the_token() {
    let server = guarded("192.168.1.5:7878", &[]);
    for (path, status) in [
        ("/", StatusCode::OK),
        ("/app.js", StatusCode::OK),
        ("/healthz", StatusCode::OK),
        ("/api/v1/topology", StatusCode::UNAUTHORIZED),
        ("/api/v1/openapi.json", StatusCode::UNAUTHORIZED),
        ("/api/v1/events", StatusCode::UNAUTHORIZED),
        ("/api/v1/session", StatusCode::UNAUTHORIZED),
        ("/nothing", StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(send(&server, get(path)).await.status(), status, "{path}");
    }
    for wrong in [
        "Bearer",
        "Bearer ",
        "Basic 0123456789abcdef0123456789abcdef",
        "Bearer 0123456789abcdef0123456789abcdee",
        SECRET,
    ] {
        let response = send(&server, get_with("/api/v1/topology", "authorization", wrong)).await;
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        let refused = problem(response, StatusCode::UNAUTHORIZED).await;
        assert!(!refused["detail"].as_str().unwrap().contains(SECRET));
    }
    assert_eq!(
        send(&server, get_with("/api/v1/topology", "authorization", &format!("bearer {SECRET}")))
            .await
            .status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn on_this_machine_a_proxy_does_not_open_the_door() {
    let server = guarded("127.0.0.1:7878", &["weft.example"]);
    assert_eq!(send(&server, request("localhost", &[])).await.status(), StatusCode::OK);
    assert_eq!(send(&server, request("weft.example", &[])).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        send(&server, request("localhost", &[("x-forwarded-for", "203.0.113.7")])).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_token_is_exchanged_for_a_cookie() {
    let server = guarded("192.168.1.5:7878", &[]);
    let response = send(&server, post("/api/v1/session", &format!(r#"{{"token":"{SECRET}"}}"#))).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict; "), "{cookie}");
    assert!(!cookie.contains(SECRET));
    let pair = cookie.split(';').next().unwrap();
    assert_eq!(
        send(&server, get_with("/api/v1/topology", "cookie", &format!("other=1; {pair}")))
            .await
            .status(),
        StatusCode::OK
    );
    problem(
        send(&server, get_with("/api/v1/topology", "cookie", "weft_session=00")).await,
        StatusCode::UNAUTHORIZED,
    )
    .await;

    problem(
        send(&server, post("/api/v1/session", r#"{"token":"wrong"}"#)).await,
        StatusCode::UNAUTHORIZED,
    )
    .await;
    for body in ["", "[]", "{}", r#"{"token":7}"#, &format!(r#"{{"token":"{SECRET}","more":1}}"#)] {
        let refused = problem(send(&server, post("/api/v1/session", body)).await, StatusCode::BAD_REQUEST).await;
        assert!(!refused.to_string().contains(SECRET));
    }
    let form = axum::http::Request::post("/api/v1/session")
        .header("host", "localhost")
        .header("content-type", "text/plain")
        .body(Body::empty())
        .unwrap();
    problem(send(&server, form).await, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    let large = post("/api/v1/session", &" ".repeat(MAX_BODY_BYTES + 1));
    problem(send(&server, large).await, StatusCode::PAYLOAD_TOO_LARGE).await;
}

#[tokio::test]
async fn without_a_token_nothing_but_this_machine_is_served() {
    let config = |address: &str, hosts: Vec<String>| Config {
        address: address.parse().unwrap(),
        hosts,
        token: None,
    };
    for address in ["0.0.0.0:7878", "[::]:7878", "192.168.1.5:7878"] {
        let error = testing::server_with(config(address, Vec::new())).err();
        assert!(matches!(error, Some(ConfigError::TokenNeeded(_))), "{address}");
    }
    assert!(testing::server_with(config("[::ffff:127.0.0.1]:7878", Vec::new())).is_ok());
    let error = testing::server_with(config("127.0.0.1:7878", vec!["not a host".into()])).err();
    assert_eq!(error, Some(ConfigError::BadHost("not a host".into())));
}

#[tokio::test]
async fn every_answer_tells_browsers_what_not_to_do() {
    for (path, status) in [
        ("/", StatusCode::OK),
        ("/api/v1/topology", StatusCode::OK),
        ("/nothing", StatusCode::NOT_FOUND),
    ] {
        let response = send(&testing::server(), get(path)).await;
        assert_eq!(response.status(), status);
        for (name, value) in HEADERS {
            assert_eq!(response.headers()[name], value, "{path}");
        }
    }
}

proptest! {
    #[test]
    fn no_host_or_origin_makes_it_panic(host in "\\PC{0,40}", origin in "\\PC{0,40}") {
        let hosts = Hosts::new("127.0.0.1".parse().unwrap(), &[]).unwrap();
        let _ = Hosts::new("127.0.0.1".parse().unwrap(), std::slice::from_ref(&host));
        let request = axum::http::Request::get("/").header("host", host.as_bytes()).header("origin", origin.as_bytes()).body(Body::empty());
        if let Ok(request) = request && let Ok((_, authority)) = hosts.check(&request) {
            let _ = check_origin(request.headers(), &authority);
        }
    }
}
