//! A node of the mesh: OpenThread's `ot-cli-ftd` or `ot-cli-mtd`, asked through its own command line.

use super::{Air, DATASET};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// How long a node may take until it has the role that it is to have.
const ROLE_WITHIN: Duration = Duration::from_secs(150);

/// Tries until there is an answer; else panics with what was waited for and the last reason.
pub fn patiently<T>(what: &str, within: Duration, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match attempt() {
            Ok(answer) => return answer,
            Err(reason) if began.elapsed() > within => panic!("{what}: not within {within:?}; {reason}"),
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// What a node is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Leader of a new partition.
    Leader,
    Router,
    /// Full device that stays a child.
    EndDevice,
    /// Minimal device whose radio is always on.
    Minimal,
    /// Minimal device that asks its parent five times in a second for what waits for it.
    Sleepy,
}

impl Role {
    fn program(self) -> &'static str {
        match self {
            Self::Leader | Self::Router | Self::EndDevice => "ot-cli-ftd",
            Self::Minimal | Self::Sleepy => "ot-cli-mtd",
        }
    }

    /// What it is called once it is that.
    pub fn state(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Router => "router",
            Self::EndDevice | Self::Minimal | Self::Sleepy => "child",
        }
    }

    /// It carries what others send.
    pub fn is_router(self) -> bool {
        matches!(self, Self::Leader | Self::Router)
    }
}

/// A running node. It is gone from the air with this value, without a goodbye.
pub struct Node {
    number: u16,
    role: Role,
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

/// What a line of a node's command line is. Logs, prompts and what was typed are not.
pub fn is_answer(line: &str, command: &str) -> bool {
    let clock = line.get(..14).unwrap_or_default();
    let is_log = clock.as_bytes().get(2) == Some(&b':') && clock.ends_with(" [");
    !line.is_empty() && line != command && !is_log
}

impl Node {
    /// Starts one in the common network, and waits until it has its role. OpenThread ends it with the thread that does.
    pub fn start(air: &Air, number: u16, role: Role) -> Self {
        let mut node = Self::plain(air, number, role);
        node.be(DATASET);
        node.has_role();
        node
    }

    /// Starts one that is off.
    pub fn plain(air: &Air, number: u16, role: Role) -> Self {
        let mut child = air.command(role.program(), number).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line.trim_start_matches("> ").trim().to_owned());
            }
        });
        Self {
            number,
            role,
            child,
            input,
            lines,
        }
    }

    /// Its number among the radios of its air.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// What it is to be.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Gets a dataset in hexadecimal digits, and goes on the air.
    pub fn be(&mut self, dataset: &str) {
        self.ask(&format!("dataset set active {dataset}"));
        match self.role {
            Role::Leader | Role::Router => {
                self.ask("routerselectionjitter 1");
            }
            Role::EndDevice => {
                self.ask("routereligible disable");
            }
            Role::Minimal => {
                self.ask("mode rn");
            }
            Role::Sleepy => {
                self.ask("pollperiod 200");
                self.ask("mode -");
            }
        }
        self.ask("ifconfig up");
        self.ask("thread start");
    }

    /// Waits until it has its role.
    pub fn has_role(&mut self) {
        let state = self.role.state();
        patiently(&format!("node {} becomes a {state}", self.number), ROLE_WITHIN, || {
            let now = self.ask("state").join(" ");
            if now == state { Ok(()) } else { Err(now) }
        });
    }

    /// One command; the lines of its answer.
    ///
    /// # Panics
    /// If it refuses, or does not answer.
    pub fn ask(&mut self, command: &str) -> Vec<String> {
        self.try_ask(command).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// The same, where a refusal is an answer.
    pub fn try_ask(&mut self, command: &str) -> Result<Vec<String>, String> {
        while self.lines.try_recv().is_ok() {}
        writeln!(self.input, "{command}").map_err(|error| format!("node {}: {error}", self.number))?;
        let mut answer = Vec::new();
        loop {
            let line = self
                .lines
                .recv_timeout(ANSWER_WITHIN)
                .map_err(|_| format!("node {} does not answer {command:?}", self.number))?;
            match line.as_str() {
                "Done" => return Ok(answer),
                line if line.starts_with("Error ") => return Err(format!("node {} to {command:?}: {line}", self.number)),
                line if is_answer(line, command) => answer.push(line.to_owned()),
                _ => {}
            }
        }
    }

    /// What it says by itself within a time.
    pub fn says(&mut self, within: Duration) -> Vec<String> {
        let deadline = Instant::now() + within;
        let mut said = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if is_answer(&line, "") {
                said.push(line);
            }
        }
        said
    }

    /// It stands still until [`Self::thaw`].
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// It goes on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
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
