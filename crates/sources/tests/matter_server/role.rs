//! What runs beside the Matter server: the source under test, and a client that has devices commissioned. Both print what they see as lines of JSON.

use super::namespace::ROLE;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use weft_evidence::CaptureBody;
use weft_model::{CompressedFabricId, MatterNodeId};
use weft_sources::home_assistant::{Joiner, ServersConfig, ServersHandle, ServersSource};
use weft_sources::{Supervisor, channel};
use zeroize::Zeroizing;

const SERVER: &str = "ws://127.0.0.1:5580/ws";
/// Nothing of this lives longer, whatever becomes of its parent.
const LIFE: Duration = Duration::from_secs(600);

fn print(line: &Value) {
    println!("\n{line}");
}

/// Prints codes, and says of each job after a while that it succeeded.
#[derive(Default)]
struct Recorder(Mutex<BTreeMap<u64, std::time::Instant>>);

impl Joiner for Recorder {
    fn join(&self, code: Zeroizing<String>) -> Result<u64, String> {
        let mut jobs = self.0.lock().unwrap();
        let job = jobs.len() as u64 + 1;
        jobs.insert(job, std::time::Instant::now());
        print(&json!({ "code": code.as_str() }));
        Ok(job)
    }

    fn outcome(&self, job: u64) -> Option<bool> {
        let jobs = self.0.lock().unwrap();
        (jobs.get(&job)?.elapsed() > Duration::from_secs(1)).then_some(true)
    }

    fn has(&self, _: CompressedFabricId, _: MatterNodeId) -> bool {
        false
    }
}

/// Plays the role that this process was started for, if any.
pub fn play() {
    if std::env::var(ROLE).as_deref() != Ok("weft") {
        return;
    }
    std::thread::spawn(|| {
        std::thread::sleep(LIFE);
        std::process::exit(3);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(weft());
}

async fn weft() {
    let directory = std::env::temp_dir().join(format!("weft-servers-live-{}", std::process::id()));
    let config = ServersConfig {
        name: "home-assistant".to_owned(),
        directory: directory.clone(),
        datasets: None,
        joiner: Some(Arc::new(Recorder::default())),
    };
    let (source, handle) = ServersSource::new(config);
    let (sender, mut inbox) = channel("service", 1024);
    let mut supervisor = Supervisor::new();
    supervisor.start(Arc::new(source), &sender);
    handle.add_matter_server("127.0.0.1").unwrap();
    let (lines, mut orders) = mpsc::unbounded_channel::<Value>();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ = lines.send(serde_json::from_str(&line).unwrap());
        }
    });
    let mut changed = handle.changed();
    print(&json!({ "ready": true }));
    loop {
        tokio::select! {
            Some(event) = inbox.receive() => if let CaptureBody::MatterServerNode(_) | CaptureBody::Failure(_) = &event.body {
                print(&json!({ "capture": event.body }));
            },
            _ = changed.changed() => print(&json!({ "view": handle.matter_servers()[0] })),
            order = orders.recv() => match order {
                Some(order) => obey(&handle, &order),
                None => break,
            },
        }
    }
    let _ = std::fs::remove_dir_all(directory);
}

fn obey(handle: &ServersHandle, order: &Value) {
    match order["do"].as_str() {
        Some("look") => print(&json!({ "view": handle.matter_servers()[0] })),
        Some("adopt") => {
            let id = handle.matter_servers()[0].id.clone();
            let queued = handle
                .adopt(&id, None)
                .map_or_else(|error| json!(error.to_string()), |count| json!(count));
            print(&json!({ "queued": queued }));
        }
        _ => drop(tokio::spawn(commission(order["code"].as_str().unwrap().to_owned()))),
    }
}

/// Has the server commission a device: another of its clients, as Home Assistant is one.
async fn commission(code: String) {
    let mut socket = loop {
        match connect_async(SERVER).await {
            Ok((socket, _)) => break socket,
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    let order = json!({ "message_id": "1", "command": "commission_with_code", "args": { "code": code, "network_only": true } });
    socket.send(Message::text(order.to_string())).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        let Ok(answer) = serde_json::from_str::<Value>(message.to_text().unwrap_or_default()) else {
            continue;
        };
        if answer["message_id"] == "1" {
            match answer["result"]["node_id"].as_u64() {
                Some(node) => print(&json!({ "commissioned": node })),
                None => print(&json!({ "failed": answer["details"] })),
            }
            return;
        }
    }
    print(&json!({ "failed": "the server closed the connection" }));
}
