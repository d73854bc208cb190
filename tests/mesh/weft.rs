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
}

impl Weft {
    /// Starts one with a folder of its own.
    pub fn start(folder: &Path, port: &Path, network_key: Option<&str>) -> Self {
        // Free a moment ago; nobody else on this machine takes such ports.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut command = Command::new(program());
        command
            .args(["serve", "--no-mdns", "--no-matter", "--listen", &address, "--data"])
            .arg(folder.join("data"));
        command.arg("--dongle").arg(port).args(["--channel", &CHANNEL.to_string()]);
        if let Some(key) = network_key {
            let file = folder.join("key");
            std::fs::write(&file, key).unwrap();
            command.arg("--network-key").arg(file);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("Weft is at "), "{line}");
        Self { child, address }
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        let text = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            // HTTP/1.0, so that the answer is never chunked and ends with the connection.
            write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address)?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        let text = text().map_err(|error| error.to_string())?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("no answer")?;
        if !head.contains(" 200 ") {
            return Err(head.to_owned());
        }
        serde_json::from_str(body).map_err(|error| error.to_string())
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
