//! Servers that do not keep to their API: each is told in words, and the rest goes on.

use super::assistant::{Home, TOKEN, home, token};
use super::matter::information;
use super::*;
use crate::home_assistant::socket::MAX_MESSAGE_BYTES;
use serde_json::json;
use weft_model::Refusal;

/// What a Matter server does wrong, what state that is, and a part of the words.
async fn faulty(fault: &'static str) -> Scripted {
    Scripted::new(move |mut line: Line| async move {
        match fault {
            "is silent" => forever().await,
            "is old" => line.say(&information(7)).await,
            "is new" => line.say(&json!({"schema_version": 99, "min_supported_schema_version": 90})).await,
            "is something else" => line.say(&json!({"hello": "world"})).await,
            "is half a JSON" => line.say_text("{\"schema_version\": 11, \"sdk".to_owned()).await,
            "is huge" => line.say_text("x".repeat(MAX_MESSAGE_BYTES + 1)).await,
            "closes" => return,
            _ => {
                line.say(&information(11)).await;
                let id = line.hear().await.map(|message| message["message_id"].clone());
                match fault {
                    "never lists its nodes" => forever().await,
                    "refuses to be listened to" => line.say(&json!({"message_id": id, "error_code": 0, "details": "no"})).await,
                    // Nodes of which nothing is right: a connection, and nothing told.
                    _ => {
                        line.say(&json!({"message_id": id, "result": [null, 5, {"node_id": "x"}, {"node_id": 1, "attributes": 7}]}))
                            .await
                    }
                }
            }
        }
        forever().await;
    })
    .await
}

#[test]
fn each_fault_of_a_matter_server_is_told_in_words() {
    run(async {
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        let mut servers = Vec::new();
        let expected = [
            ("is silent", ServerState::Unreachable, "says nothing within"),
            ("is old", ServerState::NotUnderstood, "update the Matter server"),
            ("is new", ServerState::NotUnderstood, "update Weft"),
            ("is something else", ServerState::NotUnderstood, "is no Matter server"),
            ("is half a JSON", ServerState::NotUnderstood, "no JSON"),
            ("is huge", ServerState::NotUnderstood, "more than 64 MiB"),
            ("closes", ServerState::Unreachable, "closed the connection"),
            ("never lists its nodes", ServerState::Unreachable, "which nodes it has"),
            ("refuses to be listened to", ServerState::NotUnderstood, "refuses to be listened to"),
            ("lists nonsense", ServerState::Connected, "tells of 1 nodes"),
        ];
        for (fault, ..) in expected {
            let server = faulty(fault).await;
            let id = running.handle.add_matter_server(&server.address).unwrap();
            servers.push((server, id));
        }
        let nobody = running.handle.add_matter_server("127.0.0.1:1").unwrap();
        for ((_, id), (fault, state, words)) in servers.iter().zip(expected) {
            running
                .until(fault, |running| {
                    let views = running.handle.matter_servers();
                    let view = views.iter().find(|view| view.id == *id).unwrap();
                    view.state == state && view.detail.contains(words) && view.detail.contains("127.0.0.1") == (state != ServerState::Connected)
                })
                .await;
        }
        running
            .until("nobody there", |running| {
                let views = running.handle.matter_servers();
                let view = views.iter().find(|view| view.id == nobody).unwrap();
                view.state == ServerState::Unreachable && view.detail.contains("cannot be reached") && view.detail.contains("Tried again in")
            })
            .await;
        running.end().await;
    });
}

#[test]
fn a_refused_token_is_tried_once_and_never_told() {
    run(async {
        let server = home(Home::default()).await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        let wrong = Zeroizing::new("wrong-secret-token".to_owned());
        running.handle.add_home_assistant(&server.address, wrong).unwrap();
        running.until("the refusal", |running| running.home().state == ServerState::Refused).await;
        let view = running.home();
        assert!(view.detail.contains("make a new long-lived access token"), "{}", view.detail);
        assert!(!view.detail.contains("wrong-secret-token"));
        running.rest(Duration::from_millis(2500)).await;
        assert_eq!(server.told().len(), 1, "Home Assistant shuts out who tries again and again");
        // Another token takes its place.
        running.handle.add_home_assistant(&server.address, token()).unwrap();
        running.until("a connection", |running| is_connected(&running.home())).await;
        assert_eq!(running.handle.home_assistants().len(), 1);
        running.end().await;
    });
}

#[test]
fn each_fault_of_a_home_assistant_is_told_in_words() {
    run(async {
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        let asks = || json!({"type": "auth_required", "ha_version": "2026.9.1"});
        let mut servers = Vec::new();
        let expected = [
            ("a Matter server", ServerState::NotUnderstood, "is no Home Assistant"),
            ("half a JSON", ServerState::NotUnderstood, "no JSON"),
            ("silence", ServerState::Unreachable, "does not ask for a token"),
            ("silence after the token", ServerState::Unreachable, "whether it takes the token"),
            ("silence after all", ServerState::Unreachable, "does not answer subscribe_events"),
            ("an end", ServerState::Unreachable, "closed the connection"),
        ];
        for (fault, ..) in expected {
            let server = Scripted::new(move |mut line: Line| async move {
                match fault {
                    "a Matter server" => line.say(&information(11)).await,
                    "half a JSON" => line.say_text("{\"type\": \"auth_req".to_owned()).await,
                    "silence" => {}
                    _ => {
                        line.say(&asks()).await;
                        line.hear().await;
                        match fault {
                            "silence after the token" => {}
                            "an end" => return,
                            _ => line.say(&json!({"type": "auth_ok"})).await,
                        }
                    }
                }
                forever().await;
            })
            .await;
            let id = running.handle.add_home_assistant(&server.address, token()).unwrap();
            servers.push((server, id));
        }
        for ((_, id), (fault, state, words)) in servers.iter().zip(expected) {
            running
                .until(fault, |running| {
                    let views = running.handle.home_assistants();
                    let view = views.iter().find(|view| view.id == *id).unwrap();
                    view.state == state && view.detail.contains(words) && !view.detail.contains(TOKEN)
                })
                .await;
        }
        running.end().await;
    });
}

#[test]
fn what_makes_no_sense_is_refused_before_anybody_is_asked() {
    let folder = Folder::new();
    run(async {
        let running = Running::start(&folder);
        for wrong in ["", "two words", "with\nline"] {
            let error = running.handle.add_home_assistant("host", Zeroizing::new(wrong.to_owned())).unwrap_err();
            assert!(matches!(&error, Refusal::Wrong(text) if text.contains("access token")), "{error}");
        }
        assert!(running.handle.add_matter_server("ftp://host").is_err());
        assert!(matches!(running.handle.remove("ws://nobody"), Err(Refusal::Unknown(_))));
        assert!(running.handle.adopt("ws://nobody", None).is_err());
        running.end().await;
    });
}
