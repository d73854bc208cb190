//! A border router: OpenThread's `ot-daemon` on a machine of its own at the LAN, with OpenThread's radio co-processor on the air.

use super::harness::{Folder, Host, Program};
use super::live::{Air, is_answer, patiently, programs};
use super::said::truth::Asked;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long the radio and the program may take until they answer.
const UP_WITHIN: Duration = Duration::from_secs(30);

/// A running border router. It is cut off the power with this value.
pub struct BorderRouter {
    interface: String,
    number: u16,
    host: Host,
    program: Option<Program>,
    folder: Folder,
}

impl BorderRouter {
    /// Switches one on: it knows no network yet. Several on one LAN may reach each other over it (`joined`: TREL).
    pub fn start(air: &Air, host: &Host, number: u16, joined: bool) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // The name is the daemon's, among all namespaces of this machine, and has at most 15 letters.
        let interface = format!("wt{:x}n{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut router = Self {
            interface,
            number,
            host: host.clone(),
            program: None,
            folder: Folder::new("border-router"),
        };
        router.switch_on(air, joined);
        router
    }

    /// Runs (again), with what it kept.
    pub fn switch_on(&mut self, air: &Air, joined: bool) {
        // The radio is on the air, the daemon on the LAN: two namespaces.
        let radio = format!(
            "spinel+hdlc+forkpty:///usr/sbin/ip?forkpty-arg=netns&forkpty-arg=exec&forkpty-arg={}&forkpty-arg={}&forkpty-arg={}",
            air.namespace(),
            programs().join("ot-rcp").display(),
            self.number
        );
        let trel = if joined { "'trel://eth0'" } else { "" };
        let script = format!(
            "cd {} && exec {} -v -d 3 -I {} -B eth0 '{radio}' {trel}",
            self.folder.path().display(),
            programs().join("ot-daemon").display(),
            self.interface
        );
        self.program = Some(Program::start(&self.host, "ot-daemon", Path::new("sh"), &["-c", &script]));
        patiently("the border router answers", UP_WITHIN, || self.try_ask("state"));
    }

    /// Its number among the radios of its air.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Gets a dataset in hexadecimal digits, and goes on the air.
    pub fn be(&self, dataset: &str) {
        self.ask(&format!("dataset set active {dataset}"));
        self.ask("routerselectionjitter 1");
        self.ask("ifconfig up");
        self.ask("thread start");
    }

    /// One command; the lines of its answer.
    ///
    /// # Panics
    /// If it refuses, or does not answer.
    pub fn ask(&self, command: &str) -> Vec<String> {
        self.try_ask(command).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// The same, where a refusal is an answer.
    pub fn try_ask(&self, command: &str) -> Result<Vec<String>, String> {
        let control = programs().join("ot-ctl");
        let output = self
            .host
            .command(&control)
            .args(["-I", &self.interface])
            .args(command.split(' '))
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut answer = Vec::new();
        for line in text.lines().map(|line| line.trim_start_matches("> ").trim()) {
            match line {
                "Done" => return Ok(answer),
                line if line.starts_with("Error ") => return Err(format!("border router {} to {command:?}: {line}", self.number)),
                line if is_answer(line, command) => answer.push(line.to_owned()),
                _ => {}
            }
        }
        let reason = String::from_utf8_lossy(&output.stderr);
        Err(format!("border router {} does not answer {command:?}: {answer:?} {reason}", self.number))
    }

    /// It shows a passcode, as its user would have it do.
    pub fn show_passcode(&self, passcode: &str, for_time: Duration) {
        self.ask("ba ephemeralkey enable");
        self.ask(&format!("ba ephemeralkey start {passcode} {}", for_time.as_millis()));
    }

    /// Sessions that commissioners have with it.
    pub fn sessions(&self) -> Vec<String> {
        self.ask("ba sessions")
    }

    /// A commissioner holds the role.
    pub fn has_commissioner(&self) -> bool {
        self.sessions().iter().any(|session| session.contains("commissioner:yes"))
    }

    /// It is cut off the power.
    pub fn kill(&mut self) {
        if let Some(mut program) = self.program.take() {
            program.kill();
        }
    }

    /// Its process.
    pub fn is_running(&self) -> bool {
        self.program.is_some()
    }
}

impl Asked for BorderRouter {
    fn number(&self) -> u16 {
        self.number
    }

    fn query(&mut self, command: &str) -> Result<Vec<String>, String> {
        self.try_ask(command)
    }
}

impl Drop for BorderRouter {
    fn drop(&mut self) {
        self.kill();
        for kind in ["sock", "lock"] {
            let _ = std::fs::remove_file(format!("/run/openthread-{}.{kind}", self.interface));
        }
    }
}
