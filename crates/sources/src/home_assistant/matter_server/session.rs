//! One connection to a Matter server, from its first word to its last.

use super::Memory;
use super::adoption::NotOpened;
use super::information::{Information, connect};
use super::nodes::Telling;
use super::request::Request;
use crate::clock;
use crate::event::CaptureSender;
use crate::home_assistant::hub::Hub;
use crate::home_assistant::server::Server;
use crate::home_assistant::socket::{Socket, Trouble, remark};
use crate::schedule::Next;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use weft_evidence::{CaptureBody, FailureCapture, FailureTarget, MatterServerNode};
use weft_model::{CompressedFabricId, MatterNodeId, ServerState};
use zeroize::{Zeroize, Zeroizing};

/// Questions that wait for an answer.
const MAX_WAITING: usize = 64;
/// The server does not know the command (`InvalidCommand` of both servers).
const INVALID_COMMAND: u64 = 9;
/// How often it is asked what became of devices that join.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// Border routers came to the API of matterjs-server with this schema.
const BORDER_ROUTERS_SCHEMA: u64 = 12;
/// Nothing is awaited longer than that without a look around.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// A connection that stands.
pub(super) struct Session<'a> {
    hub: &'a Hub,
    server: &'a Server,
    sender: &'a CaptureSender,
    memory: &'a mut Memory,
    socket: Socket,
    fabric: Option<CompressedFabricId>,
    waiting: BTreeMap<String, Waiting>,
    next_id: u64,
    heard_at: Duration,
    pinged_at: Duration,
    followed_at: Duration,
}

struct Waiting {
    request: Request,
    until: Duration,
}

impl<'a> Session<'a> {
    /// Connects, and takes what the server has.
    pub(super) async fn open(hub: &'a Hub, server: &'a Server, sender: &'a CaptureSender, memory: &'a mut Memory) -> Result<Self, Trouble> {
        let (socket, information) = connect(&server.address, hub.times).await?;
        let now = clock::running_for();
        let mut session = Self {
            hub,
            server,
            sender,
            memory,
            socket,
            fabric: information.fabric,
            waiting: BTreeMap::new(),
            next_id: 1,
            heard_at: now,
            pinged_at: now,
            followed_at: now,
        };
        session.introduce(&information);
        session.listen().await?;
        if information.schema >= BORDER_ROUTERS_SCHEMA {
            session.ask(Request::BorderRouters, hub.times.answer).await?;
        }
        Ok(session)
    }

    fn introduce(&self, information: &Information) {
        let mut facts = self.server.facts();
        facts.product = Some(information.product.clone());
        facts.fabric = information.fabric;
        facts.remarks.clear();
        if information.fabric.is_none() {
            facts.remarks.push("It does not tell its fabric; its address stands for it".to_owned());
        }
    }

    /// Asks for all nodes, and waits for them.
    async fn listen(&mut self) -> Result<(), Trouble> {
        self.ask(Request::Listen, self.hub.times.answer).await?;
        let answer = timeout(self.hub.times.answer, async {
            loop {
                let Some(mut message) = self.socket.hear().await? else { continue };
                if message.get("message_id").is_some() {
                    return Ok(message["result"].take());
                }
            }
        });
        let address = &self.server.address;
        let nodes = answer.await.map_err(|_| {
            Trouble::Unreachable(format!(
                "the Matter server at {address} does not say which nodes it has within {} s",
                self.hub.times.answer.as_secs()
            ))
        })??;
        let Value::Array(nodes) = nodes else {
            return Err(Trouble::NotUnderstood(format!(
                "the Matter server at {address} refuses to be listened to, or answers otherwise than its API says"
            )));
        };
        self.waiting.clear();
        let now = clock::running_for();
        self.heard_at = now;
        let ids: Vec<u64> = nodes.into_iter().filter_map(|node| self.memory.nodes.replace(node, now)).collect();
        self.memory.nodes.retain(&ids);
        self.survey(now);
        self.server.set_state(
            ServerState::Connected,
            format!("connected; it tells of {} nodes and of every change", ids.len()),
        );
        self.hub.touch();
        Ok(())
    }

    async fn ask(&mut self, request: Request, within: Duration) -> Result<(), Trouble> {
        let id = self.next_id;
        self.next_id += 1;
        let until = clock::running_for() + within;
        self.waiting.insert(id.to_string(), Waiting { request, until });
        self.socket.say(&request.message(id)).await
    }

    /// Until it breaks.
    pub(super) async fn run(&mut self) -> Trouble {
        loop {
            if let Err(trouble) = self.turn().await {
                return trouble;
            }
        }
    }

    async fn turn(&mut self) -> Result<(), Trouble> {
        let now = clock::running_for();
        self.tell(now).await?;
        self.expire(now).await?;
        self.keep_alive(now).await?;
        self.adopt(now).await?;
        let next_reading = self.read(now).await?;
        let until = self.next_turn(now, next_reading);
        tokio::select! {
            message = self.socket.hear() => {
                self.heard_at = clock::running_for();
                if let Some(message) = message? {
                    self.take(message).await?;
                }
            }
            () = sleep(until.saturating_sub(now)) => {}
            () = self.server.wake.notified() => {}
        }
        Ok(())
    }

    fn next_turn(&self, now: Duration, next_reading: Option<Duration>) -> Duration {
        let follow = self.server.adoption().is_under_way().then(|| now + FOLLOW_EVERY);
        let expiry = self.waiting.values().map(|waiting| waiting.until).min();
        let ping = Some(self.pinged_at + self.hub.times.ping);
        let silence = Some(self.heard_at + self.hub.times.silence);
        [
            self.memory.nodes.next_due(),
            next_reading,
            follow,
            expiry,
            ping,
            silence,
            Some(now + LONGEST_REST),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(now)
    }

    /// Sends captures of nodes that are due.
    async fn tell(&mut self, now: Duration) -> Result<(), Trouble> {
        let server = match self.fabric {
            Some(fabric) => format!("{:016x}", fabric.as_u64()),
            None => self.server.address.clone(),
        };
        for Telling { id, object, fresh } in self.memory.nodes.take_due(now) {
            let interval = self.memory.readings.interval(id).filter(|_| !fresh.is_empty());
            let body = CaptureBody::MatterServerNode(MatterServerNode {
                server: server.clone(),
                node: object,
                fresh,
                interval_seconds: interval.and_then(|interval| u32::try_from(interval.as_secs()).ok()),
            });
            self.deliver(body).await?;
        }
        Ok(())
    }

    async fn deliver(&self, body: CaptureBody) -> Result<(), Trouble> {
        let sent = self.sender.deliver(body).await;
        sent.map_err(|_| Trouble::Unreachable("Weft ends".to_owned()))
    }

    /// Questions that nobody answered.
    async fn expire(&mut self, now: Duration) -> Result<(), Trouble> {
        let late: Vec<String> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.until <= now)
            .map(|(id, _)| id.clone())
            .collect();
        for id in late {
            if let Some(waiting) = self.waiting.remove(&id) {
                self.refused(waiting.request, None, "the Matter server did not answer in time").await?;
            }
        }
        Ok(())
    }

    async fn keep_alive(&mut self, now: Duration) -> Result<(), Trouble> {
        if now >= self.heard_at + self.hub.times.silence {
            return Err(Trouble::Unreachable(format!("the Matter server at {} is silent", self.server.address)));
        }
        if now >= self.pinged_at + self.hub.times.ping {
            self.pinged_at = now;
            self.socket.ping().await?;
        }
        Ok(())
    }

    /// Asks a node whose turn it is; gives when the next one's is.
    async fn read(&mut self, now: Duration) -> Result<Option<Duration>, Trouble> {
        self.memory.readings.pause(self.hub.is_paused(), now);
        loop {
            match self.memory.readings.next(now) {
                Next::Ask { key, .. } => {
                    if self.waiting.len() >= MAX_WAITING {
                        return Ok(None);
                    }
                    let Some(node) = self.memory.nodes.on_thread(key) else {
                        self.memory.readings.follow(&self.memory.nodes, now);
                        return Ok(Some(now + FOLLOW_EVERY));
                    };
                    self.memory.readings.asked(key, now);
                    let request = Request::Read {
                        node: key,
                        endpoint: node.endpoint,
                    };
                    self.ask(request, self.hub.times.device).await?;
                }
                Next::Wait { until } => return Ok(Some(until)),
                Next::Idle => return Ok(None),
            }
        }
    }

    /// Opens windows, and asks what became of those that were.
    async fn adopt(&mut self, now: Duration) -> Result<(), Trouble> {
        let Some(joiner) = &self.hub.joiner else { return Ok(()) };
        if now >= self.followed_at + FOLLOW_EVERY {
            self.followed_at = now;
            if self.server.adoption().follow(&**joiner, now) {
                self.hub.touch();
            }
        }
        while !self.hub.is_paused() {
            let Some(node) = self.server.adoption().next() else { break };
            let is_ours = self.fabric.is_some_and(|fabric| joiner.has(fabric, MatterNodeId::from_u64(node)));
            if is_ours {
                self.server.adoption().is_ours(node);
                continue;
            }
            self.ask(Request::OpenWindow { node }, self.hub.times.device).await?;
            self.hub.touch();
        }
        Ok(())
    }

    /// Takes a message: an answer, or an event.
    async fn take(&mut self, mut message: Value) -> Result<(), Trouble> {
        if let Some(event) = message.get("event").and_then(Value::as_str).map(str::to_owned) {
            let data = message.get_mut("data").map(Value::take).unwrap_or_default();
            return self.happened(&event, data);
        }
        let Some(id) = message.get("message_id").and_then(Value::as_str) else {
            return Ok(());
        };
        let Some(waiting) = self.waiting.remove(id) else { return Ok(()) };
        if message.get("error_code").is_some() {
            let code = message["error_code"].as_u64();
            let details = message.get("details").and_then(Value::as_str).map(remark).unwrap_or_default();
            return self.refused(waiting.request, code, &details).await;
        }
        let result = message.get_mut("result").map(Value::take).unwrap_or_default();
        self.answered(waiting.request, result).await
    }

    fn happened(&mut self, event: &str, data: Value) -> Result<(), Trouble> {
        let now = clock::running_for();
        match (event, data) {
            ("node_added" | "node_updated", node) => {
                self.memory.nodes.replace(node, now);
                self.survey(now);
            }
            ("attribute_updated", Value::Array(mut said)) => {
                if let [node, key, value] = said.as_mut_slice()
                    && let (Some(node), Some(key)) = (node.as_u64(), key.as_str())
                    && self.memory.nodes.update(node, key, value.take(), now)
                {
                    self.survey(now);
                }
            }
            ("node_removed", node) => {
                if let Some(node) = node.as_u64() {
                    self.memory.nodes.remove(node);
                    self.survey(now);
                }
            }
            ("server_shutdown", _) => {
                return Err(Trouble::Unreachable(format!("the Matter server at {} shuts down", self.server.address)));
            }
            // Events of buttons, of endpoints (a whole node follows), and what later versions tell.
            _ => {}
        }
        Ok(())
    }

    /// Which nodes there are, for the schedule and for whoever looks.
    fn survey(&mut self, now: Duration) {
        self.memory.readings.follow(&self.memory.nodes, now);
        let nodes = self.memory.nodes.availability();
        let left_out = self.memory.nodes.left_out;
        let mut facts = self.server.facts();
        facts.last_heard_at = Some(clock::now());
        let is_news = facts.nodes != nodes;
        facts.nodes = nodes;
        if left_out > 0 && !facts.remarks.iter().any(|remark| remark.starts_with("Some of what")) {
            facts
                .remarks
                .push("Some of what it tells is left out: too many nodes or attributes, or a node of more than 1 MiB".to_owned());
        }
        drop(facts);
        if is_news {
            self.hub.touch();
        }
    }

    async fn answered(&mut self, request: Request, result: Value) -> Result<(), Trouble> {
        let now = clock::running_for();
        self.server.facts().last_heard_at = Some(clock::now());
        match request {
            Request::Listen => {}
            Request::BorderRouters => {
                if let Value::Array(routers) = result {
                    let remark = format!("It hears {} Thread border routers", routers.len());
                    self.server.facts().remarks.push(remark);
                    self.hub.touch();
                }
            }
            Request::Read { node, .. } => {
                let Value::Object(attributes) = result else {
                    return self.refused(request, None, "the answer is no list of attributes").await;
                };
                self.take_reading(node, attributes, now);
            }
            Request::OpenWindow { node } => {
                let answer = code_of(result);
                self.opened(node, answer, now);
            }
        }
        Ok(())
    }

    fn take_reading(&mut self, node: u64, attributes: Map<String, Value>, now: Duration) {
        self.memory.nodes.merge(node, attributes, now);
        self.memory.readings.answered(node, now);
        // Role and network may be other ones now.
        self.memory.readings.follow(&self.memory.nodes, now);
    }

    fn opened(&mut self, node: u64, answer: Result<Zeroizing<String>, NotOpened>, now: Duration) {
        if let Some(joiner) = &self.hub.joiner {
            self.server.adoption().opened(node, answer, &**joiner, now);
        }
        self.hub.touch();
    }

    async fn refused(&mut self, request: Request, code: Option<u64>, details: &str) -> Result<(), Trouble> {
        let now = clock::running_for();
        match request {
            Request::Listen | Request::BorderRouters => {}
            Request::Read { node, .. } => {
                self.memory.readings.failed(node, now);
                // Without its fabric nobody knows whom the failure is about.
                if let Some(fabric) = self.fabric {
                    let node = MatterNodeId::from_u64(node);
                    let code = code.map(|code| format!(" (error {code})")).unwrap_or_default();
                    let body = CaptureBody::Failure(FailureCapture {
                        target: FailureTarget::MatterNode { fabric, node },
                        attempt: format!("read 0x0035 through {}", self.server.address),
                        error: format!("{details}{code}"),
                    });
                    self.deliver(body).await?;
                }
            }
            Request::OpenWindow { node } => {
                let why = match code {
                    Some(INVALID_COMMAND) => NotOpened::Unsupported,
                    _ => NotOpened::Failed(without_digits(details)),
                };
                self.opened(node, Err(why), now);
            }
        }
        Ok(())
    }
}

/// The setup code in the answer: the QR payload, which names one device, before the digits. All codes in the answer are overwritten.
fn code_of(mut result: Value) -> Result<Zeroizing<String>, NotOpened> {
    let mut take = |key: &str| match result.get_mut(key).map(Value::take) {
        Some(Value::String(text)) => Some(Zeroizing::new(text)).filter(|text| !text.trim().is_empty()),
        _ => None,
    };
    let (qr_code, digits) = (take("setup_qr_code"), take("setup_manual_code"));
    if let Value::String(text) = &mut result {
        text.zeroize();
    }
    qr_code
        .or(digits)
        .ok_or_else(|| NotOpened::Failed("the Matter server's answer holds no setup code".to_owned()))
}

/// Long runs of digits may be a code; nobody needs them in an error.
fn without_digits(text: &str) -> String {
    let is_long = |word: &str| word.chars().filter(char::is_ascii_digit).count() >= 8 || word.contains("MT:");
    text.split(' ')
        .map(|word| if is_long(word) { "…" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_qr_payload_is_preferred_and_an_error_shows_no_code() {
        let both = json!({"setup_pin_code": 20_202_021, "setup_manual_code": "34970112332", "setup_qr_code": "MT:Y.K9042C00KA0648G00"});
        assert_eq!(code_of(both).map(|code| code.to_string()).ok().as_deref(), Some("MT:Y.K9042C00KA0648G00"));
        let digits = json!({"setup_manual_code": "34970112332", "setup_qr_code": null});
        assert_eq!(code_of(digits).map(|code| code.to_string()).ok().as_deref(), Some("34970112332"));
        for none in [json!(null), json!({}), json!("34970112332"), json!({"setup_manual_code": " "})] {
            assert!(code_of(none).is_err());
        }
        assert_eq!(without_digits("Node 7 rejects 34970112332 now"), "Node 7 rejects … now");
    }
}
