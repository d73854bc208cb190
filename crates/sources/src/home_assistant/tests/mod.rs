//! The source against servers that answer exactly as the documented APIs do, and against such that do not.
//!
//! Home Assistant itself cannot run in these tests: it is a distribution of several hundred packages with its own installer, database and onboarding, and its
//! Python API is no library. So a scripted server speaks its documented protocol. A real Matter server runs in `tests/matter_server.rs`.

mod assistant;
mod faults;
mod matter;
mod secrets;

use super::hub::Hub;
use super::{DatasetSink, Joiner, ServersConfig, ServersHandle, ServersSource};
use crate::event::{Inbox, channel};
use crate::supervise::Supervisor;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};
use weft_evidence::CaptureBody;
use weft_model::{CompressedFabricId, MatterNodeId, ServerState, ServerView};
use zeroize::Zeroizing;

const WITHIN: Duration = Duration::from_secs(20);

/// A folder that goes away with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("weft-servers-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Records codes; says of each job what the test wants.
#[derive(Default)]
struct Double {
    codes: Mutex<Vec<String>>,
    outcomes: Mutex<BTreeMap<u64, bool>>,
    ours: Mutex<BTreeSet<u64>>,
}

impl Joiner for Double {
    fn join(&self, code: Zeroizing<String>) -> Result<u64, String> {
        let mut codes = self.codes.lock().unwrap();
        codes.push(code.to_string());
        Ok(codes.len() as u64)
    }

    fn outcome(&self, job: u64) -> Option<bool> {
        self.outcomes.lock().unwrap().get(&job).copied()
    }

    fn has(&self, _: CompressedFabricId, node: MatterNodeId) -> bool {
        self.ours.lock().unwrap().contains(&node.as_u64())
    }
}

/// A running source.
struct Running {
    handle: ServersHandle,
    inbox: Inbox,
    supervisor: Supervisor,
    joiner: Arc<Double>,
    datasets: Arc<Mutex<Vec<Vec<u8>>>>,
    heard: Vec<CaptureBody>,
}

impl Running {
    fn start(folder: &Folder) -> Self {
        let joiner = Arc::new(Double::default());
        let datasets: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let kept = Arc::clone(&datasets);
        let sink: DatasetSink = Arc::new(move |dataset, _, _| kept.lock().unwrap().push(dataset.expose().to_vec()));
        let config = ServersConfig {
            name: "home-assistant".to_owned(),
            directory: folder.path().to_owned(),
            datasets: Some(sink),
            joiner: Some(Arc::clone(&joiner) as Arc<dyn Joiner>),
        };
        let (source, handle) = ServersSource::with("home-assistant".to_owned(), Hub::hurried(config));
        let (sender, inbox) = channel("service", 1024);
        let mut supervisor = Supervisor::new();
        supervisor.start(Arc::new(source), &sender);
        Self {
            handle,
            inbox,
            supervisor,
            joiner,
            datasets,
            heard: Vec::new(),
        }
    }

    /// Takes captures until something holds.
    async fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let waiting = timeout(WITHIN, async {
            while !holds(self) {
                if let Ok(Some(event)) = timeout(Duration::from_millis(20), self.inbox.receive()).await {
                    self.heard.push(event.body);
                }
            }
        });
        if waiting.await.is_err() {
            panic!(
                "{what}: not within {WITHIN:?}: {:?} {:?}",
                self.handle.matter_servers(),
                self.handle.home_assistants()
            );
        }
    }

    async fn rest(&mut self, time: Duration) {
        let _ = timeout(time, async {
            while let Some(event) = self.inbox.receive().await {
                self.heard.push(event.body);
            }
        })
        .await;
    }

    fn matter(&self) -> ServerView {
        self.handle.matter_servers().into_iter().next().unwrap()
    }

    fn home(&self) -> ServerView {
        self.handle.home_assistants().into_iter().next().unwrap()
    }

    fn nodes(&self) -> Vec<&Value> {
        let node = |body: &'_ CaptureBody| matches!(body, CaptureBody::MatterServerNode(_));
        self.heard
            .iter()
            .filter(|body| node(body))
            .map(|body| match body {
                CaptureBody::MatterServerNode(node) => &node.node,
                _ => &Value::Null,
            })
            .collect()
    }

    async fn end(mut self) -> Vec<CaptureBody> {
        let supervisor = self.supervisor;
        let ending = tokio::spawn(supervisor.end());
        while let Ok(Some(event)) = timeout(Duration::from_millis(300), self.inbox.receive()).await {
            self.heard.push(event.body);
        }
        ending.await.unwrap();
        self.heard
    }
}

type Socket = WebSocketStream<TcpStream>;

/// A server on the loopback whose connections a script serves, and everything that it was told.
struct Scripted {
    address: String,
    told: Arc<Mutex<Vec<Value>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection, as a script sees it.
struct Line {
    socket: Socket,
    told: Arc<Mutex<Vec<Value>>>,
}

impl Line {
    async fn say(&mut self, message: &Value) {
        let _ = self.socket.send(Message::text(message.to_string())).await;
    }

    async fn say_text(&mut self, text: String) {
        let _ = self.socket.send(Message::text(text)).await;
    }

    /// The next message; `None` at the end.
    async fn hear(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await?.ok()? {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    self.told.lock().unwrap().push(message.clone());
                    return Some(message);
                }
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }
}

impl Scripted {
    async fn new<F, S>(script: S) -> Self
    where
        S: Fn(Line) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let told: Arc<Mutex<Vec<Value>>> = Arc::default();
        let log = Arc::clone(&told);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(socket) = accept_async(stream).await {
                    tokio::spawn(script(Line {
                        socket,
                        told: Arc::clone(&log),
                    }));
                }
            }
        });
        Self { address, told, task }
    }

    fn told(&self) -> Vec<Value> {
        self.told.lock().unwrap().clone()
    }

    fn commands(&self, key: &str) -> BTreeSet<String> {
        let name = |message: &Value| message[key].as_str().unwrap_or("?").to_owned();
        self.told().iter().map(name).collect()
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn is_connected(view: &ServerView) -> bool {
    view.state == ServerState::Connected
}

async fn forever() {
    loop {
        sleep(Duration::from_secs(3600)).await;
    }
}
