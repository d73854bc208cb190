//! The very program that users get, with a dongle.

use super::{CHANNEL, patiently};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// `cargo xtask test` names the program in `WEFT_BIN`.
pub fn program() -> PathBuf {
    let beside = || std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("weft");
    std::env::var_os("WEFT_BIN").map_or_else(beside, PathBuf::from)
}

/// A service that listens through a dongle, and to nothing else. Ends with this value.
pub struct Weft {
    child: Child,
    address: String,
    data: PathBuf,
}

impl Weft {
    /// Starts one with a folder of its own.
    pub fn start(folder: &Path, port: &Path, network_key: Option<&str>) -> Self {
        let channel = CHANNEL.to_string();
        let mut more = vec!["--channel", &channel];
        let file = folder.join("key");
        if let Some(key) = network_key {
            std::fs::write(&file, key).unwrap();
            more.extend(["--network-key", file.to_str().unwrap()]);
        }
        Self::start_with(folder, port, &more)
    }

    /// The same, with further arguments of `weft serve`.
    pub fn start_with(folder: &Path, port: &Path, more: &[&str]) -> Self {
        // Free a moment ago; nobody else on this machine takes such ports.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let data = folder.join("data");
        let mut command = Command::new(program());
        command
            .args(["serve", "--no-mdns", "--no-matter", "--listen", &address, "--data"])
            .arg(&data);
        command.arg("--dongle").arg(port).args(more);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("Weft is at "), "{line}");
        Self { child, address, data }
    }

    /// Ends it as a system that shuts down does; how long that took.
    pub fn stop(&mut self) -> Duration {
        let began = std::time::Instant::now();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        began.elapsed()
    }

    /// Where its data lies.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What is there.
    pub fn get(&self, path: &str) -> Result<Value, String> {
        match self.request("GET", path, None)? {
            (200, body) => Ok(body),
            (status, body) => Err(format!("{status}: {body}")),
        }
    }

    /// One request with the token of the data folder: status and answer.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value), String> {
        let token = std::fs::read_to_string(self.data.join("token")).map_err(|error| format!("no token: {error}"))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let text = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            // HTTP/1.0, so that the answer is never chunked and ends with the connection.
            write!(
                stream,
                "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                self.address,
                token.trim(),
                body.len()
            )?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        let text = text().map_err(|error| error.to_string())?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("no answer")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| head.to_owned())?;
        Ok((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    /// Changes something.
    ///
    /// # Panics
    /// If it is refused.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self
            .request("POST", path, Some(body))
            .unwrap_or_else(|reason| panic!("POST {path}: {reason}"));
        assert!((200..300).contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    /// What it concludes.
    pub fn topology(&self) -> Result<Value, String> {
        self.get("/api/v1/topology")
    }

    /// State and reason of the dongle.
    pub fn dongle(&self) -> Result<(String, String), String> {
        let status = self.get("/api/v1/sources")?;
        let sources = status["status"]["sources"].as_array().ok_or("no sources")?;
        let dongle = sources.iter().find(|source| source["name"] == "dongle").ok_or("no dongle")?;
        let text = |name: &str| dongle[name].as_str().unwrap_or_default().to_owned();
        Ok((text("state"), text("reason")))
    }

    /// Waits until the dongle is in a state, with a reason that contains something.
    pub fn wait_for(&self, state: &str, reason: &str, within: Duration) -> String {
        patiently(&format!("the dongle is {state} ({reason})"), within, || {
            let now = self.dongle()?;
            if now.0 == state && now.1.contains(reason) {
                Ok(now.1)
            } else {
                Err(format!("{now:?}"))
            }
        })
    }

    /// The node with an RLOC16 or extended address.
    pub fn node(&self, name: &str) -> Result<Value, String> {
        let topology = self.topology()?;
        let nodes = topology["nodes"].as_array().ok_or("no nodes")?;
        let found = nodes
            .iter()
            .find(|node| node["rloc16"] == name || node["extended_address"] == name || node["id"] == name);
        found.cloned().ok_or_else(|| {
            let known: Vec<_> = nodes.iter().map(|node| (&node["id"], &node["rloc16"], &node["role"])).collect();
            format!("no node {name} in {known:?}")
        })
    }
}

impl Drop for Weft {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `weft sniff` with arguments; what it says.
pub fn sniff(port: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("sniff").arg("--port").arg(port).args(arguments);
    command.stdin(Stdio::null()).output().unwrap()
}
