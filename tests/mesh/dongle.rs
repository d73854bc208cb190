//! A dongle: OpenThread's `ot-rcp` behind a pseudo terminal, by a name that stays when it is plugged in again, on a line that can be bad.

use super::Air;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long to wait where nothing comes or goes.
const PAUSE: Duration = Duration::from_millis(2);

/// What the line does to bytes.
#[derive(Default)]
struct Line {
    /// Every so many bytes from the radio, one has a bit flipped; 0: none.
    flips_every: AtomicU32,
    /// Every so many bytes from the radio, one is lost; 0: none.
    loses_every: AtomicU32,
    carried: AtomicU64,
    is_cut: AtomicBool,
}

/// A dongle on an air.
pub struct Dongle {
    port: PathBuf,
    line: Arc<Line>,
    child: Option<Child>,
    threads: Vec<JoinHandle<()>>,
    number: u16,
}

impl Dongle {
    /// One that is plugged in.
    pub fn new(air: &Air, number: u16) -> Self {
        let mut dongle = Self {
            port: air.folder().join(format!("dongle{number}")),
            line: Arc::default(),
            child: None,
            threads: Vec::new(),
            number,
        };
        dongle.plug_in(air);
        dongle
    }

    /// The port's name.
    pub fn port(&self) -> &Path {
        &self.port
    }

    /// It is plugged in (again): the radio starts, its port gets its name.
    pub fn plug_in(&mut self, air: &Air) {
        let master = Arc::new(pseudo_terminal());
        let name = ptsname(&*master, Vec::new()).unwrap().into_string().unwrap();
        let mut child = air.command("ot-rcp", self.number).spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        self.child = Some(child);
        self.line = Arc::new(Line::default());
        let (line, port) = (Arc::clone(&self.line), Arc::clone(&master));
        let there = thread::spawn(move || {
            let mut piece = [0; 1024];
            while !line.is_cut.load(Ordering::Relaxed) {
                match (&*port).read(&mut piece) {
                    Ok(read) if input.write_all(&piece[..read]).and_then(|()| input.flush()).is_err() => return,
                    Ok(_) => {}
                    // Nothing comes, or nobody has the port open.
                    Err(_) => thread::sleep(PAUSE),
                }
            }
        });
        let (line, port) = (Arc::clone(&self.line), master);
        let back = thread::spawn(move || {
            let mut piece = [0; 1024];
            while let Ok(read) = output.read(&mut piece) {
                let carried = line.carry(&piece[..read]);
                let mut left = carried.as_slice();
                while !left.is_empty() && !line.is_cut.load(Ordering::Relaxed) {
                    match (&*port).write(left) {
                        Ok(written) => left = &left[written..],
                        // Nobody reads: the radio waits.
                        Err(_) => thread::sleep(PAUSE),
                    }
                }
                if read == 0 || line.is_cut.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        self.threads = vec![there, back];
        std::os::unix::fs::symlink(name, &self.port).unwrap();
    }

    /// It is pulled out.
    pub fn unplug(&mut self) {
        let _ = std::fs::remove_file(&self.port);
        self.line.is_cut.store(true, Ordering::Relaxed);
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }

    /// From now on the line flips a bit in one of so many bytes, and loses one of so many; 0: none.
    pub fn spoil(&self, flips_every: u32, loses_every: u32) {
        self.line.flips_every.store(flips_every, Ordering::Relaxed);
        self.line.loses_every.store(loses_every, Ordering::Relaxed);
    }

    /// The radio stands still until [`Self::thaw`].
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// The radio goes on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }
}

/// The radio's end of a serial line that passes bytes as they are. Other programs do not inherit it: else the line would outlive it.
fn pseudo_terminal() -> File {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let mut settings = tcgetattr(&master).unwrap();
    settings.make_raw();
    tcsetattr(&master, OptionalActions::Now, &settings).unwrap();
    fcntl_setfl(&master, OFlags::RDWR | OFlags::NONBLOCK).unwrap();
    File::from(master)
}

impl Line {
    fn carry(&self, bytes: &[u8]) -> Vec<u8> {
        let (flips, loses) = (self.flips_every.load(Ordering::Relaxed), self.loses_every.load(Ordering::Relaxed));
        let mut carried = Vec::with_capacity(bytes.len());
        for byte in bytes {
            let number = self.carried.fetch_add(1, Ordering::Relaxed);
            let falls_on = |every: u32| every > 0 && number.is_multiple_of(every.into());
            if falls_on(loses) {
                continue;
            }
            carried.push(if falls_on(flips) { byte ^ 1 << (number / 7 % 8) } else { *byte });
        }
        carried
    }
}

impl Drop for Dongle {
    fn drop(&mut self) {
        self.unplug();
    }
}
