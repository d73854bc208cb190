//! One connection to a Home Assistant, from the token to its end.

use super::command::{Command, EVENTS};
use super::datasets::{self, HandedOver};
use super::registry;
use crate::clock;
use crate::event::CaptureSender;
use crate::home_assistant::address;
use crate::home_assistant::hub::Hub;
use crate::home_assistant::matter_server;
use crate::home_assistant::server::Server;
use crate::home_assistant::socket::{Socket, Trouble, remark};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use weft_evidence::CaptureBody;
use weft_model::ServerState;
use zeroize::Zeroizing;

/// Between two readings of registries that change on and on, in times that one change takes to settle.
const SETTLES_APART: u32 = 6;

/// Why a command brought nothing, though the connection stands.
enum Refusal {
    /// The token's user may not.
    Unauthorized,
    /// This Home Assistant has no such command: the integration is not set up.
    Unknown,
    /// Anything else.
    Other(String),
}

/// Connects, and reads names, rooms and datasets until that fails; why it did.
pub(in super::super) async fn serve(hub: &Hub, server: &Server, sender: &CaptureSender, token: &Zeroizing<String>) -> Trouble {
    let result = async {
        let mut session = Session::open(hub, server, sender, token).await?;
        session.run().await
    };
    match result.await {
        Ok(()) => Trouble::Unreachable(format!("{} closed the connection", server.address)),
        Err(trouble) => trouble,
    }
}

struct Session<'a> {
    hub: &'a Hub,
    server: &'a Server,
    sender: &'a CaptureSender,
    socket: Socket,
    next_id: u64,
    handed_over: HandedOver,
    /// A registry changed since it was read.
    is_stale: bool,
}

impl<'a> Session<'a> {
    async fn open(hub: &'a Hub, server: &'a Server, sender: &'a CaptureSender, token: &Zeroizing<String>) -> Result<Self, Trouble> {
        let address = address::home_assistant_socket(&server.address);
        let socket = Socket::connect(&address, hub.times.connect).await?;
        let mut session = Self {
            hub,
            server,
            sender,
            socket,
            next_id: 1,
            handed_over: HandedOver::default(),
            is_stale: false,
        };
        session.be_let_in(token).await?;
        Ok(session)
    }

    /// The first phase: it asks for a token, and says whether it takes it.
    async fn be_let_in(&mut self, token: &Zeroizing<String>) -> Result<(), Trouble> {
        let home = &self.server.address;
        let no_home = || Trouble::NotUnderstood(format!("{home} is no Home Assistant: it does not ask for a token as one does"));
        let asks = self.next_message("ask for a token").await?;
        if type_of(&asks) != "auth_required" {
            return Err(no_home());
        }
        let version = asks.get("ha_version").and_then(Value::as_str).map(remark).unwrap_or_default();
        // Nothing else is ever told the token.
        self.socket.say(&json!({ "type": "auth", "access_token": token.as_str() })).await?;
        let answer = self.next_message("say whether it takes the token").await?;
        match type_of(&answer) {
            "auth_ok" => {}
            // Its own words may quote what it was sent.
            "auth_invalid" => {
                return Err(Trouble::Refused(format!(
                    "the Home Assistant at {home} refuses the token: make a new long-lived access token there (your profile, Security) and enter it here"
                )));
            }
            _ => return Err(no_home()),
        }
        let mut facts = self.server.facts();
        facts.product = Some(format!("Home Assistant {version}").trim().to_owned());
        facts.last_heard_at = Some(clock::now());
        Ok(())
    }

    async fn next_message(&mut self, what: &str) -> Result<Value, Trouble> {
        let within = self.hub.times.greeting;
        let message = timeout(within, async {
            loop {
                if let Some(message) = self.socket.hear().await? {
                    return Ok(message);
                }
            }
        });
        message
            .await
            .map_err(|_| Trouble::Unreachable(format!("{} does not {what} within {} s", self.server.address, within.as_secs())))?
    }

    async fn run(&mut self) -> Result<(), Trouble> {
        for event in EVENTS {
            // A version without the event tells no changes; it is read again now and then anyway.
            let _ = self.call(&Command::Subscribe(event)).await?;
        }
        let mut read_at = None::<Duration>;
        let mut pinged_at = clock::running_for();
        let mut stale_at = None;
        loop {
            let now = clock::running_for();
            if self.is_stale && stale_at.is_none() {
                stale_at = Some(now);
            }
            let reread_at = read_at.map_or(now, |at| at + self.hub.times.reread);
            // Changes come in groups, and a registry that never comes to rest is not read without end.
            let settled_at = stale_at.map(|stale: Duration| {
                let apart = read_at.map_or(Duration::ZERO, |at| at + self.hub.times.settle * SETTLES_APART);
                (stale + self.hub.times.settle).max(apart)
            });
            let read_next_at = settled_at.map_or(reread_at, |settled| settled.min(reread_at));
            if now >= read_next_at {
                stale_at = None;
                self.read().await?;
                read_at = Some(clock::running_for());
                continue;
            }
            if now >= pinged_at + self.hub.times.ping {
                pinged_at = now;
                let _ = self.call(&Command::Ping).await?;
                continue;
            }
            tokio::select! {
                message = self.socket.hear() => if let Some(message) = message? { self.hear_event(&message) },
                () = sleep((pinged_at + self.hub.times.ping).min(read_next_at).saturating_sub(now)) => {}
            }
        }
    }

    /// Sends a command and waits for its answer; events that come between are noticed.
    async fn call(&mut self, command: &Command) -> Result<Result<Value, Refusal>, Trouble> {
        let id = self.next_id;
        self.next_id += 1;
        self.socket.say(&command.message(id)).await?;
        let within = self.hub.times.answer;
        let answer = timeout(within, async {
            loop {
                let Some(message) = self.socket.hear().await? else { continue };
                if message.get("id").and_then(Value::as_u64) == Some(id) && matches!(type_of(&message), "result" | "pong") {
                    return Ok(message);
                }
                if type_of(&message) == "event" {
                    self.is_stale = true;
                }
            }
        });
        let mut answer = answer.await.map_err(|_| {
            Trouble::Unreachable(format!(
                "the Home Assistant at {} does not answer {} within {} s",
                self.server.address,
                command.name(),
                within.as_secs()
            ))
        })??;
        self.server.facts().last_heard_at = Some(clock::now());
        if type_of(&answer) == "pong" || answer.get("success") == Some(&Value::Bool(true)) {
            return Ok(Ok(answer.get_mut("result").map(Value::take).unwrap_or_default()));
        }
        let code = answer.pointer("/error/code").and_then(Value::as_str).unwrap_or_default();
        Ok(Err(match code {
            "unauthorized" => Refusal::Unauthorized,
            "unknown_command" => Refusal::Unknown,
            // Its code is a word of the API; its message could quote anything.
            code => Refusal::Other(remark(code)),
        }))
    }

    fn hear_event(&mut self, message: &Value) {
        if type_of(message) == "event" {
            self.is_stale = true;
            self.server.facts().last_heard_at = Some(clock::now());
        }
    }

    async fn read(&mut self) -> Result<(), Trouble> {
        self.is_stale = false;
        let mut remarks = Vec::new();
        let devices = self.read_names(&mut remarks).await?;
        self.read_datasets(&mut remarks).await?;
        if devices > 0 {
            self.look_beside(&mut remarks).await;
        }
        {
            let mut facts = self.server.facts();
            facts.devices = u32::try_from(devices).unwrap_or(u32::MAX);
            facts.datasets = self.handed_over.count;
            facts.remarks = remarks;
        }
        let detail = format!(
            "connected; it tells names and rooms of {devices} Matter devices, and has {} Thread datasets",
            self.handed_over.count
        );
        self.server.set_state(ServerState::Connected, detail);
        self.hub.touch();
        Ok(())
    }

    /// Reads the registries, and tells what changed. Gives how many Matter devices there are.
    async fn read_names(&mut self, remarks: &mut Vec<String>) -> Result<usize, Trouble> {
        let devices = match self.call(&Command::Devices).await? {
            Ok(list) => registry::devices(&list),
            Err(refusal) => {
                remarks.push(told(&refusal, "its devices"));
                return Ok(0);
            }
        };
        let areas = match self.call(&Command::Areas).await? {
            Ok(list) => list,
            Err(refusal) => {
                // Without the areas every room would seem to have been taken back.
                remarks.push(told(&refusal, "its areas"));
                return Ok(devices.len());
            }
        };
        let entities = if registry::lacks_rooms(&devices) {
            self.call(&Command::Entities).await?.ok()
        } else {
            None
        };
        let names = registry::names_and_rooms(&devices, &areas, entities.as_ref());
        for annotation in self.hub.news(names).into_iter().filter_map(registry::annotation) {
            let sent = self.sender.deliver(CaptureBody::Annotation(annotation)).await;
            sent.map_err(|_| Trouble::Unreachable("Weft ends".to_owned()))?;
        }
        Ok(devices.len())
    }

    async fn read_datasets(&mut self, remarks: &mut Vec<String>) -> Result<(), Trouble> {
        match self.call(&Command::Datasets).await? {
            Ok(list) => {
                for id in datasets::ids(&list) {
                    if let Ok(mut answer) = self.call(&Command::Dataset(id)).await?
                        && let Some(tlvs) = datasets::tlv(&mut answer)
                    {
                        self.hand_over(tlvs);
                    }
                }
            }
            Err(refusal) => remarks.push(told(&refusal, "its Thread datasets")),
        }
        if let Ok(mut answer) = self.call(&Command::BorderRouters).await? {
            for tlvs in datasets::of_border_routers(&mut answer) {
                self.hand_over(tlvs);
            }
        }
        if self.handed_over.unusable > 0 {
            remarks.push(format!("{} of its Thread datasets cannot be read", self.handed_over.unusable));
        }
        Ok(())
    }

    fn hand_over(&mut self, tlvs: Zeroizing<String>) {
        self.handed_over.take(tlvs, self.hub.datasets.as_ref(), &self.server.address);
    }

    /// Looks for the Matter server that runs as its add-on.
    async fn look_beside(&mut self, remarks: &mut Vec<String>) {
        let home = &self.server.address;
        let Some(beside) = address::matter_server_beside(home) else { return };
        if !self.hub.may_look_beside(home, &beside) {
            return;
        }
        if matter_server::answers_at(&beside, self.hub.times).await {
            remarks.push(format!("Its Matter server at {beside} is listened to as well"));
            self.hub.found_beside(home, &beside);
        } else {
            remarks.push(format!(
                "Its Matter server does not answer at {beside}: to have it listened to, open port {} of the Matter Server app (Settings, Apps, Matter Server, \
                 Configuration, Network)",
                address::MATTER_PORT
            ));
        }
    }
}

fn type_of(message: &Value) -> &str {
    message.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn told(refusal: &Refusal, what: &str) -> String {
    match refusal {
        Refusal::Unauthorized => format!("It does not tell {what}: the token's user is no administrator. Enter the token of one"),
        Refusal::Unknown => format!("It does not tell {what}: it has no such integration"),
        Refusal::Other(code) => format!("It does not tell {what} ({code})"),
    }
}
