//! A Home Assistant that keeps to its API.

use super::matter::information;
use super::*;
use serde_json::json;

pub(super) const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.secret-token-payload.signature";
/// The dataset of OpenThread's examples.
pub(super) const DATASET: &str = "0E080000000000010000000300000F35060004001FFFE0020811111111222222220708FDAD70BFE5AA15DD051000112233445566778899AABBCCDDEEFF\
030E4F70656E54687265616444656D6F010212340410445F2B5CA6F2A93A55CE570A70EFEECB0C0402A0F7F8";
pub(super) const NETWORK_KEY: &str = "00112233445566778899aabbccddeeff";
const PEER: &str = "C262E738648869A2-0000000000000007";

/// How a scripted Home Assistant differs from the usual one.
#[derive(Clone, Default)]
pub(super) struct Home {
    /// The name that the person gave.
    pub(super) name: Arc<Mutex<String>>,
    /// The token's user is no administrator.
    pub(super) is_guest: bool,
}

pub(super) async fn serve(mut line: Line, home: Home) {
    line.say(&json!({"type": "auth_required", "ha_version": "2026.9.1"})).await;
    let Some(auth) = line.hear().await else { return };
    if auth["access_token"] != TOKEN {
        let quoted = format!("Auth message incorrectly formatted: Got {}", auth["access_token"]);
        line.say(&json!({"type": "auth_invalid", "message": quoted})).await;
        return;
    }
    line.say(&json!({"type": "auth_ok", "ha_version": "2026.9.1"})).await;
    let mut subscription = None;
    let mut last = home.name.lock().unwrap().clone();
    loop {
        let message = tokio::select! {
            message = line.hear() => message,
            () = sleep(Duration::from_millis(20)) => {
                let now = home.name.lock().unwrap().clone();
                if now != last && let Some(id) = &subscription {
                    last = now;
                    line.say(&json!({"id": id, "type": "event", "event": {"event_type": "device_registry_updated", "data": {}}})).await;
                }
                continue;
            }
        };
        let Some(message) = message else { return };
        let id = &message["id"];
        let name = home.name.lock().unwrap().clone();
        let result = match message["type"].as_str().unwrap() {
            "ping" => {
                line.say(&json!({"id": id, "type": "pong"})).await;
                continue;
            }
            "subscribe_events" => {
                if message["event_type"] == "device_registry_updated" {
                    subscription = Some(id.clone());
                }
                Ok(Value::Null)
            }
            "config/device_registry/list" => Ok(json!([
                {"id": "a", "name": "Eve Door", "name_by_user": name, "area_id": "hall", "identifiers": [["matter", format!("deviceid_{PEER}-MatterNodeDevice")]]},
                {"id": "b", "name": "Bulb", "area_id": "hall", "identifiers": [["zha", "00:11"]]}
            ])),
            "config/area_registry/list" => Ok(json!([{"area_id": "hall", "name": "Hall"}])),
            "config/entity_registry/list" => Ok(json!([])),
            "thread/list_datasets" | "thread/get_dataset_tlv" | "otbr/info" if home.is_guest => Err("unauthorized"),
            "thread/list_datasets" => Ok(json!({"datasets": [{"dataset_id": "01H", "network_name": "Home", "preferred": true}]})),
            "thread/get_dataset_tlv" => Ok(json!({"tlv": DATASET})),
            "otbr/info" => Err("unknown_command"),
            _ => Err("unknown_command"),
        };
        let answer = match result {
            Ok(result) => json!({"id": id, "type": "result", "success": true, "result": result}),
            Err(code) => json!({"id": id, "type": "result", "success": false, "error": {"code": code, "message": "Not here"}}),
        };
        line.say(&answer).await;
    }
}

pub(super) async fn home(home: Home) -> Scripted {
    Scripted::new(move |line| serve(line, home.clone())).await
}

pub(super) fn token() -> Zeroizing<String> {
    Zeroizing::new(TOKEN.to_owned())
}

fn annotations(heard: &[CaptureBody]) -> Vec<Value> {
    let annotation = heard.iter().filter(|body| matches!(body, CaptureBody::Annotation(_)));
    annotation.map(|body| serde_json::to_value(body).unwrap()).collect()
}

#[test]
fn names_rooms_and_datasets_are_taken_and_changes_followed() {
    run(async {
        let script = Home::default();
        *script.name.lock().unwrap() = "Front door".to_owned();
        let server = home(script.clone()).await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        let id = running.handle.add_home_assistant(&server.address, token()).unwrap();
        assert_eq!(id, format!("http://{}", server.address));
        running.until("a connection", |running| is_connected(&running.home())).await;
        let view = running.home();
        assert_eq!(
            (view.devices, view.datasets, view.product.as_deref()),
            (1, 1, Some("Home Assistant 2026.9.1"))
        );
        assert!(view.detail.contains("open port 5580"), "{}", view.detail);
        running.until("what it says", |running| !annotations(&running.heard).is_empty()).await;
        let expected = json!({"kind": "annotation", "name": "Front door", "room": "Hall", "suggested": true,
            "identify": {"matter": {"fabric": "c262e738648869a2", "node": "0000000000000007"}}});
        assert_eq!(annotations(&running.heard), [expected]);
        assert_eq!(running.datasets.lock().unwrap().len(), 1);

        *script.name.lock().unwrap() = "Garden door".to_owned();
        running.until("the new name", |running| annotations(&running.heard).len() == 2).await;
        let second = annotations(&running.heard)[1].clone();
        assert_eq!((&second["name"], second.get("room")), (&json!("Garden door"), None));
        running.end().await;

        // After a restart nothing is said again.
        let mut running = Running::start(&folder);
        running.until("a connection", |running| is_connected(&running.home())).await;
        running.rest(Duration::from_millis(300)).await;
        assert!(annotations(&running.heard).is_empty());
        assert_eq!(running.datasets.lock().unwrap().len(), 1);
        running.end().await;
    });
}

#[test]
fn nothing_that_changes_anything_is_ever_sent() {
    run(async {
        let server = home(Home::default()).await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        running.handle.add_home_assistant(&server.address, token()).unwrap();
        running.until("a connection", |running| is_connected(&running.home())).await;
        running.rest(Duration::from_millis(700)).await;
        let sent = server.commands("type");
        let allowed = BTreeSet::from(
            [
                "auth",
                "config/area_registry/list",
                "config/device_registry/list",
                "otbr/info",
                "ping",
                "subscribe_events",
                "thread/get_dataset_tlv",
                "thread/list_datasets",
            ]
            .map(str::to_owned),
        );
        assert_eq!(sent, allowed);
        running.end().await;
    });
}

#[test]
fn a_token_of_no_administrator_brings_names_and_says_what_is_missing() {
    run(async {
        let server = home(Home {
            is_guest: true,
            ..Home::default()
        })
        .await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        running.handle.add_home_assistant(&server.address, token()).unwrap();
        running.until("a connection", |running| is_connected(&running.home())).await;
        let view = running.home();
        assert_eq!((view.devices, view.datasets), (1, 0));
        assert!(view.detail.contains("no administrator"), "{}", view.detail);
        running.end().await;
    });
}

/// Each test has the port of the add-on to itself by an address of its own on the loopback.
#[test]
fn the_matter_server_beside_it_is_found_and_stays_away_when_removed() {
    run(async {
        let listener = TcpListener::bind("127.0.53.80:5580").await.unwrap();
        let beside = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut socket) = accept_async(stream).await else { continue };
                tokio::spawn(async move {
                    let _ = socket.send(Message::text(information(11).to_string())).await;
                    while let Some(Ok(message)) = socket.next().await {
                        if let Ok(text) = message.to_text()
                            && let Ok(message) = serde_json::from_str::<Value>(text)
                        {
                            let answer = json!({"message_id": message["message_id"], "result": []});
                            let _ = socket.send(Message::text(answer.to_string())).await;
                        }
                    }
                });
            }
        });
        let listener = TcpListener::bind("127.0.53.80:8123").await.unwrap();
        let home = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(socket) = accept_async(stream).await {
                    let line = Line {
                        socket,
                        told: Arc::default(),
                    };
                    tokio::spawn(serve(line, Home::default()));
                }
            }
        });
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        running.handle.add_home_assistant("127.0.53.80", token()).unwrap();
        running
            .until("its Matter server", |running| running.handle.matter_servers().iter().any(is_connected))
            .await;
        let view = running.matter();
        assert_eq!(view.address, "ws://127.0.53.80:5580/ws");
        assert!(
            view.detail.contains("Found beside the Home Assistant at http://127.0.53.80:8123"),
            "{}",
            view.detail
        );
        running.handle.remove(&view.id).unwrap();
        running.end().await;
        let mut running = Running::start(&folder);
        running.until("a connection", |running| is_connected(&running.home())).await;
        running.rest(Duration::from_millis(300)).await;
        assert!(running.handle.matter_servers().is_empty(), "a person removed it");
        let home_id = running.home().id;
        running.handle.remove(&home_id).unwrap();
        running.end().await;
        beside.abort();
        home.abort();
    });
}
