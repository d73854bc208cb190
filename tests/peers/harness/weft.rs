//! The very program that users get, in a network namespace.

use super::http::request;
use super::program::{Program, Script};
use super::{Folder, Host, patiently};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use weft_model::{FabricView, JobState, MatterNodeId, PairedDevice, PairingJob};

/// Every namespace has ports of its own.
const PORT: u16 = 8439;

/// A running service, or one that was killed and may run again on the same data.
pub struct Weft {
    host: Host,
    bridge: Script,
    data: Folder,
    arguments: Vec<String>,
    program: Option<Program>,
    /// When it said where it listens.
    pub up_at: Instant,
    /// How long that took.
    pub took_to_start: Duration,
}

/// What a request came to.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON, or null.
    pub body: Value,
}

impl Weft {
    /// Starts one that knows nothing yet.
    pub fn start(host: &Host) -> Self {
        Self::start_with(host, &[])
    }

    /// The same, with further arguments.
    pub fn start_with(host: &Host, arguments: &[&str]) -> Self {
        let bridge = Script::start(host, "bridge", &["--port", &PORT.to_string()]);
        let mut weft = Self {
            host: host.clone(),
            bridge,
            data: Folder::new("data"),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            program: None,
            up_at: Instant::now(),
            took_to_start: Duration::ZERO,
        };
        weft.run();
        weft
    }

    /// Starts it again on what it kept.
    pub fn run(&mut self) {
        let data = self.data.path().display().to_string();
        let listen = format!("127.0.0.1:{PORT}");
        let began = Instant::now();
        let mut arguments = vec!["serve", "--listen", &listen, "--data", &data];
        arguments.extend(self.arguments.iter().map(String::as_str));
        let program = Program::start(&self.host, "weft", &program(), &arguments);
        program.line_with("Weft is at ");
        self.up_at = Instant::now();
        self.took_to_start = began.elapsed();
        self.program = Some(program);
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut program) = self.program.take() {
            program.kill();
        }
    }

    /// Ends it as a system that shuts down does.
    pub fn stop(&mut self) {
        if let Some(mut program) = self.program.take() {
            program.stop();
        }
    }

    /// Everything that it has printed since it was started last.
    pub fn said(&self) -> Vec<String> {
        self.program.as_ref().map(Program::said).unwrap_or_default()
    }

    /// Where its data lies.
    pub fn data(&self) -> &Folder {
        &self.data
    }

    /// One request with the token of the data folder.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, String> {
        let token = fs::read_to_string(self.data.path().join("token")).map_err(|error| format!("no token: {error}"))?;
        let headers = [format!("Host: 127.0.0.1:{PORT}"), format!("Authorization: Bearer {}", token.trim())];
        let body = body.map(Value::to_string).unwrap_or_default();
        let (status, text) = request(&self.bridge.socket, method, path, &headers, &body).map_err(|error| error.to_string())?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, body })
    }

    /// # Panics
    /// If the answer is not what is expected.
    pub fn post(&self, path: &str, body: &Value, expected: u16) -> Value {
        let answer = self
            .request("POST", path, Some(body))
            .unwrap_or_else(|reason| panic!("POST {path}: {reason}"));
        assert_eq!(answer.status, expected, "POST {path}: {}", answer.body);
        answer.body
    }

    /// # Panics
    /// If the answer is none.
    pub fn get(&self, path: &str) -> Value {
        let answer = self.request("GET", path, None).unwrap_or_else(|reason| panic!("GET {path}: {reason}"));
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
        answer.body
    }

    /// What it concludes.
    pub fn topology(&self) -> Value {
        self.get("/api/v1/topology")
    }

    /// Its own fabric.
    pub fn fabric(&self) -> FabricView {
        serde_json::from_value(self.get("/api/v1/fabric")).expect("the fabric's view is as the model says")
    }

    /// Enters codes; ids of the jobs.
    pub fn pair(&self, codes: &[String]) -> Vec<u64> {
        let request = json!({ "codes": codes.join("\n"), "accept_attestation": true });
        let entered = self.post("/api/v1/fabric/pair", &request, 202);
        assert_eq!(entered["refused"], json!([]), "{entered}");
        let jobs: Vec<u64> = serde_json::from_value(entered["jobs"].clone()).expect("ids of jobs");
        assert_eq!(jobs.len(), codes.len(), "{entered}");
        jobs
    }

    /// Enters a code with the address of the device.
    pub fn pair_at(&self, code: &str, address: &str) -> u64 {
        let request = json!({ "codes": code, "address": address, "accept_attestation": true });
        let entered = self.post("/api/v1/fabric/pair", &request, 202);
        entered["jobs"][0].as_u64().unwrap_or_else(|| panic!("no job: {entered}"))
    }

    /// One job as it is now.
    pub fn job(&self, id: u64) -> PairingJob {
        let view = self.fabric();
        view.jobs
            .into_iter()
            .find(|job| job.id == id)
            .unwrap_or_else(|| panic!("job {id} is gone"))
    }

    /// Waits until nothing more happens by itself in these jobs, and gives them in order.
    pub fn ended(&self, jobs: &[u64], within: Duration) -> Vec<PairingJob> {
        patiently("the end of the jobs", within, || {
            let mut view = self.fabric();
            view.jobs.retain(|job| jobs.contains(&job.id));
            view.jobs.sort_by_key(|job| job.id);
            let all = view.jobs.len() == jobs.len() && view.jobs.iter().all(|job| job.state.is_over());
            if all { Ok(view.jobs) } else { Err(summary(&view.jobs)) }
        })
    }

    /// Waits until all these devices are ours.
    ///
    /// # Panics
    /// If one is not.
    pub fn joined(&self, jobs: &[u64], within: Duration) -> Vec<PairingJob> {
        let ended = self.ended(jobs, within);
        assert!(ended.iter().all(|job| job.state == JobState::Done), "{}", summary(&ended));
        ended
    }

    /// Tries a job again, and waits for its end.
    pub fn retry(&self, job: u64, within: Duration) -> PairingJob {
        self.post(&format!("/api/v1/fabric/jobs/{job}/retry"), &json!({ "accept_attestation": true }), 200);
        self.ended(&[job], within).remove(0)
    }

    /// Leaves all devices; what became of it, device by device.
    pub fn unpair_all(&self) -> Vec<Value> {
        let answer = self.post("/api/v1/fabric/unpair", &json!({ "all": true }), 200);
        answer["results"].as_array().cloned().unwrap_or_default()
    }

    /// Asks for fresh tables: of one device, or of all.
    pub fn refresh(&self, node: Option<MatterNodeId>) {
        let body = node.map_or_else(|| json!({}), |node| json!({ "node": node }));
        self.post("/api/v1/fabric/refresh", &body, 200);
    }

    /// The device that a job brought.
    pub fn device_of(&self, job: &PairingJob) -> PairedDevice {
        let view = self.fabric();
        let device = view.devices.into_iter().find(|device| Some(device.node) == job.node);
        device.unwrap_or_else(|| panic!("job {} brought no device", job.id))
    }

    /// Runs a command of the same program on the same data, with something on its standard input: exit status, output, messages.
    pub fn command(&self, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
        let mut command = self.host.command(&program());
        command.args(arguments).arg("--data").arg(self.data.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("weft starts");
        child
            .stdin
            .take()
            .expect("it has an input")
            .write_all(input.as_bytes())
            .expect("it reads its input");
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// Resident memory in KiB (Linux).
    pub fn resident_kib(&self) -> u64 {
        self.program.as_ref().map_or(0, |program| resident_kib(program.id()))
    }

    /// Processor time used so far, in hundredths of a second (proc(5): the clock ticks of user and system time).
    pub fn processor_ticks(&self) -> u64 {
        let id = self.program.as_ref().map_or(0, Program::id);
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<u64> = after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse().ok())
            .collect();
        fields.iter().sum()
    }
}

/// Resident memory of a process in KiB (Linux); 0 where nobody tells.
pub fn resident_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(0)
}

/// The program under test: named in `WEFT_BIN`, else beside this one.
fn program() -> PathBuf {
    let beside = || {
        let test = std::env::current_exe().expect("this program has a path");
        test.ancestors().nth(2).expect("it lies in a target directory").join("weft")
    };
    let program = std::env::var_os("WEFT_BIN").map_or_else(beside, PathBuf::from);
    assert!(
        program.exists(),
        "there is no {}: build it with `cargo build -p weft-mesh`, or name it in WEFT_BIN",
        program.display()
    );
    program
}

/// Jobs in a few words, for messages of tests.
fn summary(jobs: &[PairingJob]) -> String {
    let lines = jobs.iter().map(|job| {
        let step = job.steps.iter().rev().find(|step| step.began_at.is_some()).map(|step| step.step.as_str());
        format!(
            "job {}: {:?} at {}: {}",
            job.id,
            job.state,
            step.unwrap_or("no step"),
            job.error.as_deref().unwrap_or("no error")
        )
    });
    lines.collect::<Vec<_>>().join("; ")
}
