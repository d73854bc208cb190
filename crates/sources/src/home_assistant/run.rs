//! Keeps a connection to each server, and comes back to those that go away.

use super::hub::Hub;
use super::server::{Kind, Server};
use super::socket::Trouble;
use super::{assistant, matter_server};
use crate::clock;
use crate::event::CaptureSender;
use crate::supervise::{BackOff, Context};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use weft_model::ServerState;

/// A connection that stood for so long was a good one: the next attempt comes soon.
const STEADY_AFTER: Duration = Duration::from_secs(60);

/// A task that ends with this value.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves all servers until the service ends.
pub(super) async fn run(hub: Arc<Hub>, mut context: Context) {
    let mut tasks: BTreeMap<String, (Arc<Server>, Task)> = BTreeMap::new();
    let mut said = None;
    loop {
        let servers = hub.servers();
        tasks.retain(|address, (server, _)| servers.get(address).is_some_and(|now| Arc::ptr_eq(now, server)));
        for (address, server) in &servers {
            tasks.entry(address.clone()).or_insert_with(|| {
                let task = tokio::spawn(keep_connected(Arc::clone(&hub), Arc::clone(server), context.sender().clone()));
                (Arc::clone(server), Task(task))
            });
        }
        let connected = servers.values().filter(|server| server.facts().state == ServerState::Connected).count();
        let is_deaf = connected == 0 && !servers.is_empty();
        if said.replace((is_deaf, connected)) != Some((is_deaf, connected)) {
            if is_deaf {
                context.deaf("no server is connected").await;
            } else {
                context.working(None, Some(json!({ "connected": connected }))).await;
            }
        }
        tokio::select! {
            () = hub.wake.notified() => {}
            () = context.ended() => return,
        }
    }
}

/// Tells that a task ended by a defect: nobody else would.
struct Witness(Arc<Hub>, Arc<Server>);

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let defect = Trouble::NotUnderstood(format!("a defect in Weft ended the connection to {}", self.1.address));
            self.1.set_trouble(&defect, "; restart Weft, and report it");
            self.0.touch();
        }
    }
}

async fn keep_connected(hub: Arc<Hub>, server: Arc<Server>, sender: CaptureSender) {
    let _witness = Witness(Arc::clone(&hub), Arc::clone(&server));
    let mut back_off = BackOff::new();
    let mut matter = matter_server::Memory::default();
    loop {
        let began = clock::running_for();
        let trouble = match &server.kind {
            Kind::Matter { .. } => matter_server::serve(&hub, &server, &sender, &mut matter).await,
            Kind::HomeAssistant { token } => assistant::serve(&hub, &server, &sender, token).await,
        };
        if let Trouble::Refused(_) = trouble {
            // Home Assistant counts wrong tokens and shuts their senders out: it is not asked again before there is another one.
            server.set_trouble(&trouble, "");
            hub.touch();
            return std::future::pending().await;
        }
        if clock::running_for().saturating_sub(began) >= STEADY_AFTER {
            back_off = BackOff::new();
        }
        let pause = back_off.pause();
        server.set_trouble(&trouble, &format!(". Tried again in {} s", pause.as_secs()));
        tracing::info!(server = server.address, %trouble, retry_in_seconds = pause.as_secs(), "a server cannot be listened to");
        hub.touch();
        tokio::time::sleep(pause).await;
    }
}
