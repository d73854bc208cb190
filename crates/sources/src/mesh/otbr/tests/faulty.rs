//! Servers that are no border router, or a broken one: a sentence each, in time, and the next attempt is free to go.

use super::server::{Reply, Server, http, simple};
use super::*;
use std::net::TcpListener;

/// What is heard of a server that answers everything in this way.
async fn of(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (Tried, Duration) {
    let server = Server::start(move |_| reply()).await;
    let started = clock::running_for();
    let tried = try_once(server.base()).await;
    (tried, clock::running_for() - started)
}

#[track_caller]
fn assert_says(failure: &WayFailure, words: &[&str]) {
    let text = failure.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
    assert!(text.contains("http://127.0.0.1:"), "{text}");
}

#[tokio::test]
async fn another_service_is_no_border_router() {
    let (tried, _) = of(|| Reply::Bytes(simple(200, "text/html", "\n<!DOCTYPE html><html><body>OTBR web</body></html>"))).await;
    assert!(matches!(tried.failure(), WayFailure::Unsupported(_)));
    assert_says(tried.failure(), &["web page instead of JSON", "8081"]);
    assert_eq!(
        tried.paths(),
        [("GET /node".to_owned(), 200)],
        "what came is evidence, and it is not asked on"
    );

    // JSON, labelled as such, of somebody else.
    let (tried, _) = of(|| {
        Reply::Bytes(simple(
            200,
            "application/json",
            "{\"status\":\"ok\",\"version\":\"1.2\",\"state\":\"on\"}",
        ))
    })
    .await;
    assert!(matches!(tried.failure(), WayFailure::Unsupported(_)));
    assert_says(tried.failure(), &["another service"]);

    let (tried, _) = of(|| Reply::Bytes(simple(404, "text/plain", "404 page not found"))).await;
    assert!(matches!(tried.failure(), WayFailure::Unsupported(_)));
    assert_says(tried.failure(), &["HTTP 404"]);

    let (tried, _) = of(|| Reply::Bytes(simple(401, "text/plain", ""))).await;
    assert_says(tried.failure(), &["login"]);

    let (tried, _) = of(|| Reply::Bytes(http(302, &[("Location", "http://127.0.0.1:1/elsewhere"), ("Content-Length", "0")], ""))).await;
    assert!(matches!(tried.failure(), WayFailure::Unsupported(_)));
    assert_says(tried.failure(), &["another address", "HTTP 302"]);
    assert_eq!(tried.paths().len(), 1, "not followed");
}

#[tokio::test]
async fn a_broken_border_router_is_told_from_none() {
    let (tried, _) = of(|| {
        Reply::Bytes(simple(
            500,
            "application/json",
            "{\"ErrorCode\":500,\"ErrorMessage\":\"Internal Server Error\"}",
        ))
    })
    .await;
    assert!(matches!(tried.failure(), WayFailure::Failed(_)));
    assert_says(tried.failure(), &["HTTP 500", "log"]);

    let (tried, _) = of(|| Reply::Bytes(simple(200, "application/json", "{\"state\":\"leader\",\"extAddress\":\"5616f1"))).await;
    assert!(matches!(tried.failure(), WayFailure::Failed(_)));
    assert_says(tried.failure(), &["breaks off"]);

    // The length promises more than comes.
    let (tried, _) = of(|| Reply::Bytes(http(200, &[("Content-Length", "5000")], "{\"state\":\"leader\""))).await;
    assert!(matches!(tried.failure(), WayFailure::Failed(_)), "{:?}", tried.failure());
    assert_says(tried.failure(), &["broke off"]);

    for garbage in [&b"\x16\x03\x01\x02\x00"[..], b"SSH-2.0-OpenSSH_9.6\r\n", b""] {
        let (tried, _) = of(move || Reply::Bytes(garbage.to_vec())).await;
        assert!(matches!(tried.failure(), WayFailure::Failed(_)), "{:?}", tried.failure());
        assert_says(tried.failure(), &["no HTTP"]);
    }

    // Deeper than anything that is read.
    let deep = "[".repeat(100_000);
    let (tried, _) = of(move || Reply::Bytes(simple(200, "application/json", &deep))).await;
    assert_says(tried.failure(), &["broken"]);
}

#[tokio::test]
async fn nobody_waits_for_ever_and_nothing_is_read_without_end() {
    let (tried, took) = of(|| Reply::Never).await;
    assert!(matches!(tried.failure(), WayFailure::Unreachable(_)));
    assert_says(tried.failure(), &["did not answer in time"]);
    assert!(took < Duration::from_secs(3), "{took:?}");

    // One byte after the other: each in time, all of them too late.
    let (tried, took) = of(|| Reply::Slowly(simple(200, "application/json", &" ".repeat(5_000)), Duration::from_millis(20))).await;
    assert!(matches!(tried.failure(), WayFailure::Unreachable(_)));
    assert!(took < Duration::from_secs(3), "{took:?}");

    for head in [
        http(200, &[("Content-Type", "application/json")], "["),
        http(200, &[("Content-Length", "99999999999")], "["),
    ] {
        let server = Server::start(move |_| Reply::Endless(head.clone(), b"1,".repeat(32 << 10))).await;
        let mut way = OtbrWay::new(server.base());
        way.patience.answer = Duration::from_secs(20);
        let tried = try_with(&way, u32::MAX).await;
        assert!(matches!(tried.failure(), WayFailure::Unsupported(_)), "{:?}", tried.failure());
        assert_says(tried.failure(), &["more than 8 MiB"]);
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tried = try_once(Base::parse(&address.to_string()).unwrap()).await;
    assert!(matches!(tried.failure(), WayFailure::Unreachable(_)));
    assert_says(tried.failure(), &["Nothing takes connections", "--rest-listen-address"]);
    let [failure] = tried.failures()[..] else { panic!("{:?}", tried.heard) };
    assert!(matches!(&failure.target, FailureTarget::OtbrRest { base } if *base == format!("http://{address}")));
    assert!(tried.attempted.abilities.is_empty());
}

#[tokio::test]
async fn a_border_router_that_dies_in_between_keeps_what_it_said() {
    let (server, _) = super::replay::otbr("2026", super::replay::Twist::default()).await;
    let way = OtbrWay::new(server.base()).hurried();
    let attempt = try_with(&way, u32::MAX);
    let mut server = Some(server);
    let mut attempt = std::pin::pin!(attempt);
    // It dies after some dozen answers.
    let tried = loop {
        tokio::select! {
            tried = &mut attempt => break tried,
            () = tokio::time::sleep(Duration::from_millis(1)) => {
                if server.as_ref().is_some_and(|server| server.requests.load(std::sync::atomic::Ordering::SeqCst) > 60) {
                    server = None;
                }
            }
        }
    };
    // It may die while a question is under way, or before the next.
    assert!(
        matches!(tried.failure(), WayFailure::Unreachable(_) | WayFailure::Failed(_)),
        "{:?}",
        tried.failure()
    );
    assert!(tried.attempted.dataset.is_some());
    assert!(tried.paths().len() > 5);
    assert!(!tried.attempted.routers.is_empty());
}
