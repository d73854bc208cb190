//! A node of the mesh: OpenThread's `ot-cli-ftd`, asked through its own command line.

use super::{Air, CHANNEL, NETWORK_KEY, patiently};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// What a node is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Leader of a new partition.
    Leader,
    Router,
    /// Full device that stays a child.
    EndDevice,
    /// Minimal device that asks its parent ten times in a second for what waits for it.
    Sleepy,
}

/// A running node. It is gone from the air with this value, without a goodbye.
pub struct Node {
    number: u16,
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Node {
    /// Starts one. OpenThread ends it with the thread that does.
    pub fn start(air: &Air, number: u16, role: Role) -> Self {
        let mut child = air.command("ot-cli-ftd", number).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line.trim_start_matches("> ").trim().to_owned());
            }
        });
        let mut node = Self { number, child, input, lines };
        let channel = format!("dataset channel {CHANNEL}");
        let key = format!("dataset networkkey {NETWORK_KEY}");
        let dataset = [
            "dataset init new",
            "dataset activetimestamp 1",
            &channel,
            "dataset panid 0x1234",
            "dataset extpanid dead1111beef2222",
            "dataset networkname weft-mesh",
            "dataset meshlocalprefix fdf0:1cc8:d6f8:f4f0::",
            &key,
            "dataset commit active",
            "routerselectionjitter 1",
        ];
        for command in dataset {
            node.ask(command);
        }
        match role {
            Role::Leader | Role::Router => {}
            Role::EndDevice => {
                node.ask("routereligible disable");
            }
            Role::Sleepy => {
                node.ask("pollperiod 200");
                node.ask("mode -");
            }
        }
        node.ask("ifconfig up");
        node.ask("thread start");
        let state = match role {
            Role::Leader => "leader",
            Role::Router => "router",
            Role::EndDevice | Role::Sleepy => "child",
        };
        patiently(&format!("node {number} becomes a {state}"), Duration::from_secs(150), || {
            let now = node.ask("state").join(" ");
            if now == state { Ok(()) } else { Err(now) }
        });
        node
    }

    /// One command; the lines of its answer.
    ///
    /// # Panics
    /// If it refuses, or does not answer.
    pub fn ask(&mut self, command: &str) -> Vec<String> {
        writeln!(self.input, "{command}").unwrap();
        let mut answer = Vec::new();
        loop {
            let line = self
                .lines
                .recv_timeout(ANSWER_WITHIN)
                .unwrap_or_else(|_| panic!("node {} does not answer {command:?}", self.number));
            match line.as_str() {
                "Done" => return answer,
                line if line.starts_with("Error ") => panic!("node {} to {command:?}: {line}", self.number),
                line if line.is_empty() || line == command => {}
                _ => answer.push(line),
            }
        }
    }

    /// Its RLOC16, as Weft prints it.
    pub fn rloc16(&mut self) -> String {
        format!("0x{}", self.ask("rloc16").join(""))
    }

    /// Its extended address.
    pub fn extended_address(&mut self) -> String {
        self.ask("extaddr").join("")
    }

    /// The extended address of its parent.
    pub fn parent(&mut self) -> String {
        let lines = self.ask("parent");
        let line = lines.iter().find_map(|line| line.strip_prefix("Ext Addr: "));
        line.unwrap_or_else(|| panic!("{lines:?}")).to_owned()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
