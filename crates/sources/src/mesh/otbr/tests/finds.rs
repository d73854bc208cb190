//! Probing: what is found, and what is none.

use super::super::probe::{probe, probe_port};
use super::replay::{Twist, otbr};
use super::server::{Reply, Server, simple};
use super::*;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use weft_wire::otbr::Generation;

#[tokio::test]
async fn every_generation_is_found_without_touching_its_radio() {
    for (name, product, generation) in [
        ("2026", "OpenThread border router, REST API 0.5.0", Generation::JsonApi),
        ("2026-before", "OpenThread border router, REST API 0.5.0", Generation::JsonApi),
        ("2025", "OpenThread border router, REST API (first generation)", Generation::PascalCase),
    ] {
        let (server, seen) = otbr(name, Twist::default()).await;
        let found = probe(&server.base()).await.unwrap();
        assert_eq!((found.product.as_str(), found.generation), (product, generation));
        assert!(seen.lock().unwrap().posted.is_empty());
        assert!(server.requests.load(Ordering::SeqCst) <= 3);
    }
    // Builds between: tasks, and no well-known address.
    let twist = Twist {
        rewrite: Arc::new(|path, body| if path.starts_with("/.well-known") { "{}".to_owned() } else { body }),
        ..Twist::default()
    };
    let (server, _) = otbr("2026", twist).await;
    assert_eq!(probe(&server.base()).await.unwrap().generation, Generation::JsonApiRenamed);
}

#[tokio::test]
async fn of_all_addresses_one_that_answers_is_taken() {
    let (server, _) = otbr("2026", Twist::default()).await;
    let here = server.address;
    // Nobody is at the second.
    let addresses = [
        "127.0.0.77:5353".parse::<SocketAddr>().unwrap(),
        SocketAddr::new(here.ip(), 49154),
        "[::]:1".parse().unwrap(),
    ];
    let found = probe_port(&addresses, here.port()).await.unwrap();
    assert_eq!(found.base, server.base());
    assert_eq!(probe_port(&addresses[..1], here.port()).await, None);
    assert_eq!(probe_port(&[], here.port()).await, None);
}

#[tokio::test]
async fn what_is_none_is_refused_in_words() {
    let server = Server::start(|_| Reply::Bytes(simple(200, "text/html", "<html></html>"))).await;
    let failure = probe(&server.base()).await.unwrap_err();
    assert!(failure.to_string().contains("web page"), "{failure}");
    let server = Server::start(|_| Reply::Bytes(simple(200, "application/json", "{\"api\":{\"version\":7},\"data\":{\"role\":\"admin\"}}"))).await;
    assert!(matches!(probe(&server.base()).await, Err(WayFailure::Unsupported(_))));
}

#[test]
fn an_address_with_an_interface_is_asked_through_it() {
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
        println!("skipped: this machine has no IPv6");
        return;
    };
    let port = listener.local_addr().unwrap().port();
    let peer = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).unwrap();
        stream
            .write_all(&simple(200, "application/json", "{\"api\":{\"version\":\"0.5.0\"}}"))
            .unwrap();
        String::from_utf8_lossy(&bytes[..count]).to_ascii_lowercase()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // URLs cannot say it, so that it goes another way than the others.
    let base = Base::parse(&format!("http://[::1%lo]:{port}")).unwrap();
    assert_eq!(
        runtime.block_on(probe(&base)).unwrap().base.to_string(),
        format!("http://[::1%lo]:{port}")
    );
    let request = peer.join().unwrap();
    assert!(request.contains(&format!("host: [::1]:{port}")), "{request}");
    assert!(!request.contains("invalid"), "{request}");
}
