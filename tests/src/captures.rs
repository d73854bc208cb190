//! Captures written by hand, readable where they are used.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use weft_evidence::recording::parse_line;
use weft_evidence::{Capture, Evidence};
use weft_model::Timestamp;
use weft_topology::{Policy, Topology, derive};

/// When the stories begin: 2026-11-20T12:00:00Z.
const BEGIN_SECONDS: i64 = 1_795_176_000;

/// So many seconds after the beginning.
pub const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_milliseconds((BEGIN_SECONDS + seconds) * 1000)
}

/// Eight bytes as a hexadecimal text, from the number that Matter servers show.
pub fn bytes(number: u64) -> String {
    format!("{number:016x}")
}

/// What happened, capture by capture.
#[derive(Debug, Clone, Default)]
pub struct Story {
    captures: Vec<Capture>,
}

impl Story {
    /// Nothing happened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A capture with the fields of a recording's line beside `seq` and `at`; `source` is `test` unless it is given.
    ///
    /// # Panics
    /// If it is no line of a recording.
    pub fn add(&mut self, seconds: i64, mut line: Value) -> &mut Self {
        line["seq"] = json!(self.captures.len() + 1);
        line["at"] = json!(at(seconds));
        if line.get("source").is_none() {
            line["source"] = json!("test");
        }
        match parse_line(line.to_string().as_bytes()) {
            Ok(capture) => self.captures.push(capture),
            Err(error) => panic!("{error}: {line}"),
        }
        self
    }

    /// The node object of a Matter server, by attribute path. A foreign cache: its values have no time of reading.
    pub fn matter(&mut self, seconds: i64, node: u64, attributes: Value) -> &mut Self {
        let object = json!({"node_id": node, "available": true, "attributes": attributes});
        self.add(
            seconds,
            json!({"kind": "matter-server-node", "server": "00000000000000fa", "node": object}),
        )
    }

    /// What a border router's REST API answers about one device, asked for at that moment.
    pub fn rest(&mut self, seconds: i64, attributes: Value) -> &mut Self {
        let body = json!({"data": [{"id": "1", "type": "networkDiagnostics", "attributes": attributes}]});
        self.add(
            seconds,
            json!({"kind": "otbr-rest", "base": "http://br:8081", "path": "/api/diagnostics", "status": 200, "body": body}),
        )
    }

    /// A service on the LAN. TXT values are given as hexadecimal digits.
    pub fn service(&mut self, seconds: i64, service: &str, instance: &str, host: &str, addresses: &[&str], txt: &[(&str, &str)]) -> &mut Self {
        let txt: Vec<_> = txt.iter().collect();
        self.add(
            seconds,
            json!({
                "kind": "mdns", "event": "resolved", "service": service, "instance": instance, "host": host, "port": 49154,
                "addresses": addresses, "txt": txt, "ttl_seconds": 4500
            }),
        )
    }

    /// The captures so far.
    pub fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// Everything that they say, at a moment.
    pub fn topology(&self, seconds: i64) -> Topology {
        let as_of = at(seconds);
        let evidence = Evidence::from_captures(self.captures.iter().filter(|capture| capture.at <= as_of));
        derive(&evidence, as_of, &Policy::standard())
    }

    /// Troubles of decoding: a trap that is not read sets no trap.
    pub fn problems(&self) -> BTreeMap<u64, Vec<String>> {
        let mut found: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (seq, problem) in Evidence::from_captures(&self.captures).problems() {
            found.entry(*seq).or_default().push(problem.to_string());
        }
        found
    }
}
