//! Virtual devices of matter.js (`tests/peers/fleet`), and python-matter-server, each in a namespace.

use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(180);

/// Where `cargo xtask peers` puts what the peers need.
pub fn peers() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("WEFT_PEERS").map_or_else(|| workspace.join("target/peers"), PathBuf::from)
}

/// The Python that has python-matter-server, with all that this test needs. `None`, with a word, where something is missing and this is not CI.
pub fn python() -> Option<PathBuf> {
    let python = std::env::var_os("WEFT_MATTER_SERVER").map_or_else(|| peers().join("matter-server/bin/python"), PathBuf::from);
    let is_there = Command::new(&python)
        .args(["-c", "import matter_server.server"])
        .output()
        .is_ok_and(|output| output.status.success());
    let missing = if !is_there {
        format!("{} has no python-matter-server", python.display())
    } else if !peers().join("node_modules").exists() {
        format!("{} lacks what the virtual devices depend on", peers().display())
    } else {
        return Some(python);
    };
    assert!(std::env::var_os("CI").is_none(), "a Matter server is needed in CI: {missing}");
    eprintln!("SKIPPED: nothing was tested with a real Matter server, because {missing}: `cargo xtask peers` installs it");
    None
}

/// A program in a namespace; what it says lies in a file. Ends with this value.
pub struct Program {
    child: Child,
    folder: PathBuf,
}

impl Program {
    fn start(namespace: &str, name: &str, command: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("weft-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let said = File::create(folder.join("said")).unwrap();
        let child = Command::new("ip")
            .args(["netns", "exec", namespace])
            .args(command)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    /// python-matter-server, that trusts the fleet's certificates. It keeps its keys in `/data`, wherever it is told to: it gets one of its own.
    pub fn matter_server(namespace: &str, python: &Path, fleet: &Fleet) -> Self {
        let script = "mkdir -p /data && mount -t tmpfs tmpfs /data && mkdir authorities storage && echo 1 > authorities/.version \
            && cp \"$2\" authorities/fleet.der && exec \"$1\" -m matter_server.server --storage-path storage --paa-root-cert-dir authorities \
            --primary-interface eth0 --disable-server-interactions --log-level info";
        let authority = fleet.program.folder.join("authority.der");
        std::fs::write(&authority, fleet.authority()).unwrap();
        let (python, authority) = (python.display().to_string(), authority.display().to_string());
        Self::start(namespace, "matter-server", &["sh", "-c", script, "sh", &python, &authority])
    }

    /// The end of what it said.
    pub fn last_words(&self) -> String {
        let said = std::fs::read(self.folder.join("said")).unwrap_or_default();
        String::from_utf8_lossy(&said[said.len().saturating_sub(4000)..]).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- {} said at last\n{}", self.folder.display(), self.last_words());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Virtual devices.
pub struct Fleet {
    program: Program,
    socket: PathBuf,
    sources: PathBuf,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.sources);
    }
}

impl Fleet {
    /// The first few Matter devices of a described home.
    pub fn start(namespace: &str, count: u32) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        // What a script imports is looked for in the folders above it.
        let sources = peers().join(format!("sources-matter-server-{}", std::process::id()));
        std::fs::create_dir_all(&sources).unwrap();
        for entry in std::fs::read_dir(workspace.join("tests/peers/fleet")).unwrap() {
            let from = entry.unwrap().path();
            if from.extension().is_some_and(|extension| extension == "mjs") {
                std::fs::copy(&from, sources.join(from.file_name().unwrap())).unwrap();
            }
        }
        let script = sources.join("fleet.mjs").display().to_string();
        let mesh = workspace
            .join("fixtures/meshes/home44.json")
            .canonicalize()
            .unwrap()
            .display()
            .to_string();
        let count = count.to_string();
        let arguments = [
            "node",
            &script,
            "--mesh",
            &mesh,
            "--only",
            &count,
            "--control",
            "control",
            "--storage",
            "storage",
        ];
        let program = Program::start(namespace, "fleet", &arguments);
        let fleet = Self {
            socket: program.folder.join("control"),
            program,
            sources,
        };
        let deadline = Instant::now() + READY_WITHIN;
        while !fleet.program.last_words().contains("ready") {
            assert!(Instant::now() < deadline, "the devices do not start: {}", fleet.program.last_words());
            std::thread::sleep(Duration::from_millis(100));
        }
        fleet
    }

    /// What it says of its devices.
    pub fn devices(&self) -> Vec<Value> {
        self.call("devices", &json!({})).as_array().unwrap().clone()
    }

    /// The attestation authority's certificate, DER.
    fn authority(&self) -> Vec<u8> {
        let answer = self.call("authority", &json!({}));
        let hex = answer["certificate"].as_str().unwrap();
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    /// Asks it for something (the actions in `fleet.mjs`).
    pub fn call(&self, action: &str, parameters: &Value) -> Value {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(READY_WITHIN)).unwrap();
        let body = parameters.to_string();
        write!(stream, "POST /{action} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = BufReader::new(stream);
        let mut status = String::new();
        answer.read_line(&mut status).unwrap();
        let mut line = String::new();
        while answer.read_line(&mut line).unwrap() > 2 {
            line.clear();
        }
        let mut text = String::new();
        answer.read_to_string(&mut text).unwrap();
        assert!(status.contains("200"), "{action}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}
