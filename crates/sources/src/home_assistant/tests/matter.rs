//! A Matter server that keeps to its API.

use super::*;
use serde_json::json;
use tokio::sync::mpsc;

pub(super) const CODE: &str = "MT:Y.K9042C00KA0648G00";
pub(super) const DIGITS: &str = "34970112332";
pub(super) const FABRIC: u64 = 14_008_264_138_868_947_362;
const PYTHON: &str = include_str!("../../../../wire/testdata/python-matter-server-node.json");
const MATTERJS: &str = include_str!("../../../../wire/testdata/matterjs-server-node.json");

pub(super) fn information(schema: u64) -> Value {
    json!({"fabric_id": 1, "compressed_fabric_id": FABRIC, "schema_version": schema, "min_supported_schema_version": 9.min(schema),
        "sdk_version": "2025.7.0", "wifi_credentials_set": false, "thread_credentials_set": false, "bluetooth_enabled": false})
}

/// Node 7 of python-matter-server, asleep; a router of matterjs-server.
fn recorded() -> Vec<Value> {
    [PYTHON, MATTERJS].map(|text| serde_json::from_str(text).unwrap()).into()
}

/// Serves like python-matter-server; events come through the channel.
pub(super) async fn serve(mut line: Line, schema: u64, nodes: Vec<Value>, mut events: mpsc::UnboundedReceiver<Value>) {
    line.say(&information(schema)).await;
    loop {
        let message = tokio::select! {
            message = line.hear() => message,
            Some(event) = events.recv() => {
                line.say(&event).await;
                continue;
            }
        };
        let Some(message) = message else { return };
        let id = &message["message_id"];
        let answer = match message["command"].as_str().unwrap() {
            "start_listening" => json!({"message_id": id, "result": nodes}),
            "read_attribute" if message["args"]["node_id"] == 7 => {
                json!({"message_id": id, "error_code": 3, "details": "Node 7 is not (yet) available."})
            }
            "read_attribute" => json!({"message_id": id, "result": {"0/53/1": 6, "0/53/7": []}}),
            "get_thread_border_routers" => json!({"message_id": id, "result": [{}, {}]}),
            "open_commissioning_window" => json!({"message_id": id, "result":
                {"setup_pin_code": 20_202_021, "setup_manual_code": DIGITS, "setup_qr_code": CODE}}),
            other => json!({"message_id": id, "error_code": 9, "details": format!("Invalid command: {other}")}),
        };
        line.say(&answer).await;
    }
}

/// Such a server, and the channel of the newest connection.
async fn server(schema: u64, nodes: Vec<Value>) -> (Scripted, Arc<Mutex<Option<mpsc::UnboundedSender<Value>>>>) {
    let events: Arc<Mutex<Option<mpsc::UnboundedSender<Value>>>> = Arc::default();
    let newest = Arc::clone(&events);
    let scripted = Scripted::new(move |line| {
        let (sender, receiver) = mpsc::unbounded_channel();
        *newest.lock().unwrap() = Some(sender);
        serve(line, schema, nodes.clone(), receiver)
    });
    (scripted.await, events)
}

#[test]
fn all_nodes_are_told_read_and_followed() {
    run(async {
        let (server, events) = server(14, recorded()).await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        let id = running.handle.add_matter_server(&server.address).unwrap();
        assert_eq!(id, format!("ws://{}/ws", server.address));
        running
            .until("both nodes, and a fresh reading", |running| running.nodes().len() >= 3)
            .await;
        let view = running.matter();
        assert!(is_connected(&view));
        assert_eq!((view.devices, view.fabric), (2, Some(CompressedFabricId::from_u64(FABRIC))));
        running
            .until("the border routers", |running| {
                running.matter().detail.contains("2 Thread border routers")
            })
            .await;

        let router = recorded()[1]["node_id"].as_u64().unwrap();
        let before = running.nodes().len();
        let event = |event: Value| events.lock().unwrap().as_ref().unwrap().send(event).unwrap();
        // Nothing of this says anything about a mesh.
        for on in 0..50 {
            event(json!({"event": "attribute_updated", "data": [router, "1/6/0", on % 2 == 0]}));
            event(json!({"event": "node_event", "data": {"node_id": router, "event_id": on}}));
            event(json!({"event": "something_new", "data": [1, 2, 3]}));
        }
        event(json!({"event": "attribute_updated", "data": [router, "0/53/9", 305_419_896]}));
        event(json!({"event": "attribute_updated", "data": ["x"]}));
        running
            .until("the new partition", |running| {
                running.nodes().iter().any(|node| node["attributes"]["0/53/9"] == json!(305_419_896))
            })
            .await;
        assert_eq!(running.nodes().len(), before + 1, "one telling");
        let told: Vec<(Option<u32>, &[String])> = running
            .heard
            .iter()
            .filter_map(|body| match body {
                CaptureBody::MatterServerNode(node) => Some((node.interval_seconds, node.fresh.as_slice())),
                _ => None,
            })
            .collect();
        assert_eq!(
            [told[0], told[1]],
            [(None, &[][..]), (None, &[][..])],
            "what the server remembers has no time"
        );
        assert!(
            told[2].0 == Some(600) && told[2].1.iter().any(|key| key == "0/53/7"),
            "a reading has: {:?}",
            told[2]
        );
        assert_eq!(told[before], (Some(600), &["0/53/9".to_owned()][..]), "and so has a report");

        event(json!({"event": "node_added", "data": {"node_id": 99, "available": false, "attributes": {"0/40/5": "New"}}}));
        running.until("the new node", |running| running.matter().devices == 3).await;
        event(json!({"event": "node_removed", "data": 99}));
        running.until("without it", |running| running.matter().devices == 2).await;
        running.handle.remove(&id).unwrap();
        assert!(running.handle.matter_servers().is_empty());
        let heard = running.end().await;
        let captures: Vec<_> = heard
            .iter()
            .filter_map(|body| match body {
                CaptureBody::MatterServerNode(node) => Some(node.server.as_str()),
                _ => None,
            })
            .collect();
        assert!(captures.iter().all(|server| *server == format!("{FABRIC:016x}")));
    });
}

#[test]
fn reading_sends_nothing_that_changes_anything() {
    run(async {
        let (server, _) = server(14, recorded()).await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        running.handle.add_matter_server(&server.address).unwrap();
        running.until("a fresh reading", |running| running.nodes().len() >= 3).await;
        running.rest(Duration::from_millis(500)).await;
        let expected = ["get_thread_border_routers", "read_attribute", "start_listening"].map(str::to_owned);
        assert_eq!(server.commands("command"), BTreeSet::from(expected));
        let reads = server.told().iter().filter(|message| message["command"] == "read_attribute").count();
        assert_eq!(reads, 1, "the sleepy one is left alone");
        running.end().await;
    });
}

#[test]
fn while_it_is_paused_no_device_is_asked() {
    run(async {
        let (server, _) = server(11, recorded()).await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        running.handle.set_paused(true);
        running.handle.add_matter_server(&server.address).unwrap();
        running.until("both nodes", |running| running.nodes().len() == 2).await;
        running.rest(Duration::from_millis(400)).await;
        assert_eq!(server.commands("command"), BTreeSet::from(["start_listening".to_owned()]));
        running.handle.set_paused(false);
        running.until("the reading", |running| running.nodes().len() == 3).await;
        running.end().await;
    });
}

#[test]
fn who_does_not_answer_through_the_server_is_told() {
    run(async {
        let router = json!({"node_id": 7, "available": true, "attributes": {"0/53/1": 5, "0/53/4": 1}});
        let (server, _) = server(11, vec![router]).await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        running.handle.add_matter_server(&server.address).unwrap();
        running
            .until("the failure", |running| {
                running.heard.iter().any(|body| matches!(body, CaptureBody::Failure(_)))
            })
            .await;
        let heard = running.end().await;
        let failure = heard.iter().find(|body| matches!(body, CaptureBody::Failure(_))).unwrap();
        let failure = serde_json::to_value(failure).unwrap();
        assert_eq!(
            failure["target"],
            json!({"kind": "matter-node", "fabric": format!("{FABRIC:016x}"), "node": "0000000000000007"})
        );
        assert_eq!(failure["error"], "Node 7 is not (yet) available. (error 3)");
        assert!(failure["attempt"].as_str().unwrap().starts_with("read 0x0035 through ws://127.0.0.1"));
    });
}

#[test]
fn a_server_that_comes_back_is_not_told_anew_and_survives_a_restart() {
    run(async {
        let (server, events) = server(11, recorded()).await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        running.handle.add_matter_server(&server.address).unwrap();
        running
            .until("both nodes, and a fresh reading", |running| running.nodes().len() == 3)
            .await;
        let listened = |server: &Scripted| server.told().iter().filter(|message| message["command"] == "start_listening").count();
        events
            .lock()
            .unwrap()
            .as_ref()
            .unwrap()
            .send(json!({"event": "server_shutdown", "data": {}}))
            .unwrap();
        running
            .until("the end", |running| running.matter().state == ServerState::Unreachable)
            .await;
        assert!(running.matter().detail.contains("shuts down"), "{}", running.matter().detail);
        running.until("it is back", |running| is_connected(&running.matter())).await;
        assert_eq!(listened(&server), 2);
        running.rest(Duration::from_millis(300)).await;
        // The server's cache is older than the reading: one node is told as the server has it.
        assert_eq!(running.nodes().len(), 4);
        running.end().await;

        let mut running = Running::start(&folder);
        running
            .until("it is still known", |running| {
                !running.handle.matter_servers().is_empty() && is_connected(&running.matter())
            })
            .await;
        let id = running.matter().id;
        running.handle.remove(&id).unwrap();
        running.end().await;
        let running = Running::start(&folder);
        assert!(running.handle.matter_servers().is_empty(), "forgotten");
        running.end().await;
    });
}

#[test]
fn devices_join_two_at_a_time_and_only_when_a_person_asks() {
    run(async {
        let node = |id: u64| json!({"node_id": id, "available": id != 5, "attributes": {}});
        let (server, _) = server(11, (1..=5).map(node).collect()).await;
        let folder = Folder::new();
        let mut running = Running::start(&folder);
        running.joiner.ours.lock().unwrap().insert(4);
        let id = running.handle.add_matter_server(&server.address).unwrap();
        running.until("a connection", |running| is_connected(&running.matter())).await;
        assert_eq!((running.matter().devices, running.matter().adoptable), (5, 3));
        running.rest(Duration::from_millis(200)).await;
        assert!(!server.commands("command").contains("open_commissioning_window"));

        let nodes = |ids: &[u64]| Some(ids.iter().map(|id| MatterNodeId::from_u64(*id)).collect());
        assert!(
            running
                .handle
                .adopt(&id, nodes(&[77]))
                .unwrap_err()
                .to_string()
                .contains("knows no node 77")
        );
        assert!(
            running
                .handle
                .adopt(&id, nodes(&[5]))
                .unwrap_err()
                .to_string()
                .contains("does not reach it")
        );
        assert!(running.handle.adopt("ws://elsewhere", None).is_err());
        assert_eq!(running.handle.adopt(&id, None), Ok(3));
        running
            .until("two windows", |running| running.joiner.codes.lock().unwrap().len() == 2)
            .await;
        running.rest(Duration::from_millis(300)).await;
        assert_eq!(running.joiner.codes.lock().unwrap().len(), 2, "two at once");
        running.joiner.outcomes.lock().unwrap().insert(1, true);
        running
            .until("the third window", |running| running.joiner.codes.lock().unwrap().len() == 3)
            .await;
        running.joiner.outcomes.lock().unwrap().extend([(2, false), (3, true)]);
        running
            .until("the outcomes", |running| {
                running.matter().detail.contains("2 joined, 0 under way, 0 waiting, 1 failed")
            })
            .await;
        assert!(running.joiner.codes.lock().unwrap().iter().all(|code| code == CODE));
        let windows: Vec<_> = server
            .told()
            .into_iter()
            .filter(|message| message["command"] == "open_commissioning_window")
            .collect();
        assert_eq!(windows[0]["args"], json!({"node_id": 1, "timeout": 300}));
        assert_eq!(windows.len(), 3);
        running.end().await;
    });
}
