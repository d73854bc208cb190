//! Programs in network namespaces, and folders for them.

use super::{Host, peers_directory};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take until it is ready: 250 devices, on a machine that builds something else meanwhile.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// How long a program that is asked to end may take.
const END_WITHIN: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
/// How many lines of a program are shown where a test fails.
const LAST_LINES: usize = 40;

/// Tries until there is an answer; else panics with what was waited for and the last reason.
pub fn patiently<T>(what: &str, within: Duration, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match attempt() {
            Ok(answer) => return answer,
            Err(reason) if began.elapsed() > within => panic!("{what}: not within {within:?}; {reason}"),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// A new, empty folder, that goes away with this value.
pub struct Folder(PathBuf);

impl Folder {
    /// In the system's folder for such.
    pub fn new(purpose: &str) -> Self {
        Self::within(&std::env::temp_dir(), purpose)
    }

    fn within(parent: &Path, purpose: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("weft-{purpose}-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running program and all that it prints. Ends with this value.
pub struct Program {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it in a namespace.
    pub fn start(host: &Host, name: &str, program: &Path, arguments: &[&str]) -> Self {
        let mut command = host.command(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let (sender, lines) = channel();
        let said = Arc::new(Mutex::new(Vec::new()));
        forward(child.stdout.take(), sender.clone(), said.clone());
        forward(child.stderr.take(), sender, said.clone());
        Self {
            name: name.to_owned(),
            input: child.stdin.take(),
            child,
            lines,
            said,
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that contains something. Panics where none comes in time, and when the program ends before.
    pub fn line_with(&self, part: &str) -> String {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(part) => return line,
                Ok(_) => {}
                Err(_) => panic!("{} never says {part:?}; it says:\n{}", self.name, self.last_lines()),
            }
        }
    }

    /// Everything that it has said so far.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn last_lines(&self) -> String {
        let said = self.said();
        said[said.len().saturating_sub(LAST_LINES)..].join("\n")
    }

    /// Ends it as a power cut would: no destructor runs.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end and waits for that.
    pub fn stop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        self.end();
    }

    fn end(&mut self) {
        let deadline = Instant::now() + END_WITHIN;
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            thread::sleep(PAUSE);
        }
        self.kill();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("---- the last lines of {} ----\n{}", self.name, self.last_lines());
        }
        // The peers end when their input does; others are killed.
        drop(self.input.take());
        self.kill();
    }
}

/// Reads to the end, also when nobody wants the lines any more: a program must not block on a full pipe.
fn forward(stream: Option<impl Read + Send + 'static>, sender: Sender<String>, said: Arc<Mutex<Vec<String>>>) {
    let Some(stream) = stream else { return };
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            said.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
            let _ = sender.send(line);
        }
    });
}

/// A JavaScript peer: the program, and the socket at which it is spoken to.
pub struct Script {
    /// The running program.
    pub program: Program,
    /// Where it listens.
    pub socket: PathBuf,
    _sources: Folder,
    _folder: Folder,
}

impl Script {
    /// Starts `name` of `peers/fleet` and waits until it is ready. It gets a folder of its own as `--storage`.
    pub fn start(host: &Host, name: &str, arguments: &[&str]) -> Self {
        let peers = peers_directory();
        assert!(
            peers.join("node_modules").exists(),
            "{} lacks what the peers depend on: `cargo xtask peers` installs it",
            peers.display()
        );
        // What a script imports is looked for in the folders above it.
        let sources = Folder::within(&peers, "sources");
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/fleet")).expect("the sources are there") {
            let from = entry.expect("a readable folder").path();
            if from.extension().is_some_and(|extension| extension == "mjs") {
                fs::copy(&from, sources.path().join(from.file_name().expect("a name"))).expect("a source can be copied");
            }
        }
        let folder = Folder::new(name);
        let socket = folder.path().join("control");
        let storage = folder.path().join("storage");
        let script = sources.path().join(format!("{name}.mjs")).display().to_string();
        let socket_text = socket.display().to_string();
        let storage_text = storage.display().to_string();
        let mut all = vec![script.as_str(), "--control", &socket_text];
        if name != "bridge" {
            all.extend(["--storage", &storage_text]);
        }
        all.extend(arguments);
        let program = Program::start(host, name, Path::new("node"), &all);
        program.line_with("ready");
        Self {
            program,
            socket,
            _sources: sources,
            _folder: folder,
        }
    }
}
