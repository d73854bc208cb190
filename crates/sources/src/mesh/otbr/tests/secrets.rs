//! The network's keys go through an attempt, and are nowhere but in the dataset that is handed over.

use super::replay::{Twist, otbr};
use super::*;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};

/// The recorded network's keys (made up for the recording), each as hexadecimal digits and in base64.
const SECRETS: [&str; 4] = [
    "00112233445566778899aabbccddeeff",
    "445f2b5ca6f2a93a55ce570a70efeecb",
    "ABEiM0RVZneImaq7zN3u/w",
    "RF8rXKbyqTpVzlcKcO/uyw",
];

/// Keeps all that is logged, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0.lock().unwrap(), "{field}={value:?} ");
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

fn assert_clean(what: &str, text: &str) {
    // Digits stand in any case, and base64 is searched as it is.
    let lower = text.to_ascii_lowercase();
    for secret in SECRETS {
        assert!(!lower.contains(secret) && !text.contains(secret), "{what} holds {secret}");
    }
    // Not even as a list of numbers.
    assert!(
        !lower.contains("0, 17, 34, 51, 68, 85") && !lower.contains("0,17,34,51,68,85"),
        "{what} holds the bytes"
    );
}

#[tokio::test]
async fn keys_are_in_no_capture_log_or_error() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    // As TLVs, as JSON, and cut off in the middle of the key, in both generations.
    type Rewrite = fn(&str, String) -> String;
    let as_it_is: Rewrite = |_, body| body;
    let broken: Rewrite = |path, body| {
        if path == "/node/dataset/active" {
            body[..body.len() * 2 / 3].to_owned()
        } else {
            body
        }
    };
    let no_tlvs: Rewrite = |path, body| match path == "/node/dataset/active" && !body.starts_with('{') {
        true => "not in this form".to_owned(),
        false => body,
    };
    // An agent that tells its key where nobody expects it.
    let everywhere: Rewrite = |path, body| match path {
        "/api/devices" | "/diagnostics" => format!("{{\"networkKey\":\"00112233445566778899AABBCCDDEEFF\",\"data\":{body}}}"),
        "/.well-known/thread/br-rest" => "<html>networkKey: 00112233445566778899aabbccddeeff</html>".to_owned(),
        _ => body,
    };
    for (name, rewrite, has_dataset) in [
        ("2026", as_it_is, true),
        ("2026", no_tlvs, true),
        ("2026", broken, false),
        ("2026", everywhere, true),
        ("2025", no_tlvs, true),
        ("2025-child", as_it_is, true),
        ("2025-child", everywhere, true),
    ] {
        let twist = Twist {
            rewrite: Arc::new(rewrite),
            ..Twist::default()
        };
        let (server, _) = otbr(name, twist).await;
        let tried = try_once(server.base()).await;
        // The keys did go through.
        assert_eq!(tried.attempted.dataset.is_some(), has_dataset, "{name}");
        if let Some(dataset) = &tried.attempted.dataset {
            let has = |key: &[u8]| dataset.expose().windows(16).any(|window| window == key);
            assert!(has(&[
                0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff
            ]));
            assert_eq!(dataset.public().network_name.as_deref(), Some("otbr-mesh"));
            assert_eq!(dataset.public().active_timestamp, Some(1 << 16));
        }
        assert!(tried.paths().contains(&("GET /node/dataset/active".to_owned(), 200)));
        for body in &tried.heard {
            assert_clean("a capture", &serde_json::to_string(body).unwrap());
            assert_clean("a capture's Debug", &format!("{body:?}"));
        }
        if let Err(failure) = &tried.attempted.result {
            assert_clean("a failure", &format!("{failure} {failure:?}"));
        }
        assert_clean(
            "what it says of itself",
            &format!("{:?} {:?}", tried.attempted.abilities, tried.attempted.product),
        );
    }
    drop(guard);
    assert_clean("the log", &log.0.lock().unwrap());
}
