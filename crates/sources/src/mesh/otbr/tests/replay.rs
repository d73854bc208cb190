//! otbr-agent as it was recorded. It cannot run here: it stands in no package registry, and what can be built of OpenThread from one (openthread-sys) does not have it. So its
//! recorded answers are given byte for byte, with the ids and the life cycles of its tasks; what it refuses, it refuses by the rules in its source.

use super::server::{Reply, Request, Server, http, simple};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone, Deserialize)]
pub struct Exchange {
    pub method: String,
    pub path: String,
    pub accept: Option<String>,
    pub request: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Exchange {
    fn bytes(&self) -> Vec<u8> {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        http(self.status, &headers, &self.body)
    }

    fn task(&self) -> Value {
        serde_json::from_str::<Value>(&self.request).unwrap()["data"][0].clone()
    }
}

/// Exchanges of `fixtures/otbr-rest-http`.
pub fn recorded(name: &str) -> Vec<Exchange> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/otbr-rest-http")
        .join(format!("{name}.jsonl.gz"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What was asked of it.
#[derive(Debug, Default)]
pub struct Seen {
    /// Tasks that are there: how often each was looked at.
    pub tasks: BTreeMap<String, usize>,
    /// Most tasks that were pending or active at once.
    pub most_open: usize,
    pub posted: Vec<Value>,
    pub refused: usize,
    /// Anything that would have disturbed others.
    pub disturbed: Vec<String>,
}

/// Takes a path and its body, gives another body.
type Rewrite = Arc<dyn Fn(&str, String) -> String + Send + Sync>;

/// How it differs from what was recorded.
#[derive(Clone)]
pub struct Twist {
    /// Names of types that it knows.
    pub knows: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// A refusal says which name it was.
    pub names_it: bool,
    /// Applied to bodies.
    pub rewrite: Rewrite,
    /// Tasks never end.
    pub hangs: bool,
    /// Single tasks can be deleted.
    pub deletes: bool,
}

impl Default for Twist {
    fn default() -> Self {
        Self {
            knows: Arc::new(|name| !["eui64", "version", "route64", "ip6AddressList", "childrenIpv6Addresses"].contains(&name)),
            names_it: false,
            rewrite: Arc::new(|_, body| body),
            hangs: false,
            deletes: true,
        }
    }
}

/// Starts it.
pub async fn otbr(name: &str, twist: Twist) -> (Server, Arc<Mutex<Seen>>) {
    let exchanges = recorded(name);
    let seen = Arc::new(Mutex::new(Seen::default()));
    let state = Arc::clone(&seen);
    let server = Server::start(move |request| Reply::Bytes(answer(&exchanges, &twist, &mut state.lock().unwrap(), &request))).await;
    (server, seen)
}

fn answer(exchanges: &[Exchange], twist: &Twist, seen: &mut Seen, request: &Request) -> Vec<u8> {
    let id = request.path.strip_prefix("/api/actions/");
    match (request.method.as_str(), id) {
        ("GET", Some(id)) => {
            let life: Vec<&Exchange> = exchanges
                .iter()
                .filter(|exchange| exchange.method == "GET" && exchange.path == request.path)
                .collect();
            let Some(looks) = seen.tasks.get_mut(id) else { return not_found() };
            let stage = if twist.hangs { 0 } else { (*looks).min(life.len() - 1) };
            *looks += 1;
            life[stage].bytes()
        }
        ("GET", None) => {
            let matches = |exchange: &&Exchange| {
                exchange.method == "GET" && exchange.path == request.path && (exchange.accept.is_none() || exchange.accept == request.accept)
            };
            match exchanges.iter().rfind(matches) {
                Some(exchange) => {
                    let body = (twist.rewrite)(&request.path, exchange.body.clone());
                    let mut exchange = exchange.clone();
                    for (name, value) in &mut exchange.headers {
                        if name == "Content-Length" {
                            *value = body.len().to_string();
                        }
                    }
                    exchange.body = body;
                    exchange.bytes()
                }
                None => not_found(),
            }
        }
        ("POST", None) if request.path == "/api/actions" => post(exchanges, twist, seen, request),
        ("DELETE", Some(id)) if twist.deletes => match seen.tasks.remove(id) {
            Some(_) => http(204, &[("Content-Length", "0")], ""),
            None => not_found(),
        },
        ("DELETE", Some(_)) => simple(
            405,
            "application/json",
            "{\"title\":\"Method Not Allowed\",\"status\":405,\"detail\":\"not supported\"}",
        ),
        (method, _) => {
            seen.disturbed.push(format!("{method} {}", request.path));
            not_found()
        }
    }
}

fn not_found() -> Vec<u8> {
    simple(
        404,
        "application/json",
        "{\n\t\"title\":\t\"Not Found\",\n\t\"status\":\t404,\n\t\"detail\":\t\"\"\n}",
    )
}

fn post(exchanges: &[Exchange], twist: &Twist, seen: &mut Seen, request: &Request) -> Vec<u8> {
    if request.content_type.as_deref() != Some("application/vnd.api+json") {
        return simple(
            415,
            "application/json",
            "{\"title\":\"Unsupported Media Type\",\"status\":415,\"detail\":\"\"}",
        );
    }
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let task = &body["data"][0];
    let wanted = &task["attributes"];
    let unknown = wanted["types"]
        .as_array()
        .and_then(|names| names.iter().filter_map(Value::as_str).find(|name| !(twist.knows)(name)));
    let is_update = task["type"] == "updateDeviceCollectionTask";
    let lacks = |name: &str| !wanted[name].is_number();
    if unknown.is_some() || lacks("timeout") || (is_update && ["maxAge", "maxRetries", "deviceCount"].into_iter().any(lacks)) {
        seen.refused += 1;
        let detail = unknown
            .filter(|_| twist.names_it)
            .map_or(String::new(), |name| format!("unknown type: {name}"));
        return simple(
            422,
            "application/json",
            &format!("{{\"title\":\"Unprocessable Content\",\"status\":422,\"detail\":\"{detail}\"}}"),
        );
    }
    let destination = wanted["destination"].as_str().map(|text| radio_address(exchanges, text));
    let found = exchanges.iter().find(|exchange| {
        exchange.method == "POST"
            && exchange.task()["type"] == task["type"]
            && exchange.task()["attributes"]["destination"].as_str().map(str::to_owned) == destination
    });
    let Some(found) = found else { return not_found() };
    let id = serde_json::from_str::<Value>(&found.body).unwrap()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    seen.posted.push(task.clone());
    seen.tasks.insert(id, 0);
    // Those that were not seen to have ended.
    let open = seen.tasks.iter().filter(|(id, looks)| **looks < life_of(exchanges, id)).count();
    seen.most_open = seen.most_open.max(open);
    found.bytes()
}

fn life_of(exchanges: &[Exchange], id: &str) -> usize {
    let path = format!("/api/actions/{id}");
    exchanges.iter().filter(|exchange| exchange.path == path).count()
}

/// The extended address of a destination that is given as a locator.
fn radio_address(exchanges: &[Exchange], destination: &str) -> String {
    if !destination.starts_with("0x") {
        return destination.to_owned();
    }
    let results = exchanges.iter().filter(|exchange| exchange.path.starts_with("/api/diagnostics/"));
    let found = results
        .map(|exchange| serde_json::from_str::<Value>(&exchange.body).unwrap())
        .find_map(|body| {
            let attributes = &body["data"]["attributes"];
            (attributes["rloc16"].as_str() == Some(destination)).then(|| attributes["extAddress"].as_str().unwrap().to_owned())
        });
    found.unwrap_or_else(|| destination.to_owned())
}

/// Names of types that were asked for in accepted tasks for a destination.
pub fn asked_for(seen: &Seen, destination: &str) -> BTreeSet<String> {
    let tasks = seen.posted.iter().filter(|task| task["attributes"]["destination"] == destination);
    tasks
        .flat_map(|task| task["attributes"]["types"].as_array().unwrap())
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}
