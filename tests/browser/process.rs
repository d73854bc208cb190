//! Programs that a test starts, and folders that it needs. Both go away with the test, however it ends.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// How often, and with which pause, something is looked for before the test fails: 30 s in all.
const ATTEMPTS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// Tries until there is an answer; else says what was waited for.
pub(crate) fn patiently<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> Result<T, String> {
    for _ in 0..ATTEMPTS {
        if let Some(answer) = attempt() {
            return Ok(answer);
        }
        thread::sleep(PAUSE);
    }
    Err(format!("waited in vain for {what}"))
}

/// A running program. Ends with this value.
pub(crate) struct Process {
    name: String,
    child: Child,
    lines: Receiver<String>,
    seen: RefCell<Vec<String>>,
}

pub(crate) enum Started {
    Running(Process),
    /// There is no such program.
    Missing,
}

impl Process {
    pub(crate) fn start(program: impl AsRef<Path>, arguments: &[&str]) -> Started {
        let name = program.as_ref().display().to_string();
        let spawned = Command::new(program.as_ref())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => return Started::Missing,
            Err(error) => panic!("{name} does not start: {error}"),
        };
        let (sender, lines) = channel();
        forward(child.stdout.take(), sender.clone());
        forward(child.stderr.take(), sender);
        Started::Running(Self {
            name,
            child,
            lines,
            seen: RefCell::default(),
        })
    }

    /// The first line, on either stream, that contains something. Fails where none comes.
    pub(crate) fn line_with(&self, part: &str) -> String {
        let mut seen = self.seen.borrow_mut();
        loop {
            if let Some(line) = seen.iter().find(|line| line.contains(part)) {
                return line.clone();
            }
            match self.lines.recv_timeout(PAUSE * ATTEMPTS) {
                Ok(line) => seen.push(line),
                Err(_) => panic!("{} never says {part:?}; it says: {seen:#?}", self.name),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end, also when nobody wants the lines any more: a program must not block on a full pipe.
fn forward(stream: Option<impl Read + Send + 'static>, sender: Sender<String>) {
    let Some(stream) = stream else { return };
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
}

/// A new, empty folder.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(purpose: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("weft-browser-{purpose}-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
