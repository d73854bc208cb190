//! The thread of the serial line: finds the port, opens it, listens, and does so again when it ends.

use super::ear::DongleEar;
use super::joining::Joining;
use super::state::Shared;
use super::{FrameSink, PortChoice, Said, words};
use crate::clock;
use crate::event::CaptureSender;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use weft_evidence::SourceState;
use weft_model::DongleMode;
use weft_thread::listen::Listener;
use weft_thread::rcp::port::{Port, PortError, radios};
use weft_thread::rcp::{Ended, Listening, Radio, SPEEDS, run};

/// Pauses after failures in a row. A dongle that is plugged in again is found within the longest, and one that was pulled out at once.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];
/// How often it is looked whether a port has come, or the end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) port: PortChoice,
    pub(super) baud: Option<u32>,
}

/// What stays while ports come and go.
pub(super) struct Hearing {
    pub(super) listener: Listener,
    pub(super) frames: Option<FrameSink>,
    pub(super) radio: Radio,
    pub(super) joining: Joining,
}

impl Hearing {
    pub(super) fn new(listener: Listener, frames: Option<FrameSink>, listening: Listening) -> Self {
        Self {
            listener,
            frames,
            radio: Radio::new(listening),
            joining: Joining::default(),
        }
    }
}

pub(super) struct Worker {
    pub(super) settings: Settings,
    pub(super) hearing: Arc<Mutex<Hearing>>,
    pub(super) shared: Arc<Shared>,
    pub(super) sender: CaptureSender,
    pub(super) said: mpsc::Sender<Said>,
    pub(super) end: Arc<AtomicBool>,
}

impl Worker {
    pub(super) fn run(self) {
        self.shared.set_runs(true);
        self.attempts();
        self.shared.set_runs(false);
    }

    fn attempts(&self) {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner).joining.begin();
        self.look();
        let mut failures = 0;
        let mut last_reason = None;
        while !self.is_ended() {
            let failure = self.attempt(failures, &mut last_reason);
            let Some(failure) = failure else { break };
            self.shared.change(|view| {
                (view.port, view.kind, view.firmware, view.protocol) = (None, None, None, None);
                (view.rcp_api, view.hardware_address) = (None, None);
                (view.channel, view.opens, view.scanning, view.frames_per_second) = (None, None, None, 0);
            });
            self.shared.failed(failure.reason.clone());
            match failure.is_deaf {
                true => self.shared.be(DongleMode::Deaf, words::deaf(&failure.reason)),
                false => self.shared.be(DongleMode::Absent, words::absent(&failure.reason)),
            }
            failures = if failure.had_listened { 0 } else { failures + 1 };
            // The same reason again is no news.
            if last_reason.as_ref() != Some(&failure.reason) {
                tracing::warn!(source = %self.sender.source(), reason = failure.reason, "the dongle does not listen");
                let said = Said {
                    state: SourceState::Deaf,
                    reason: Some(failure.reason.clone()),
                    detail: None,
                };
                if self.said.blocking_send(said).is_err() {
                    return;
                }
                last_reason = Some(failure.reason);
            }
            let pause = PAUSES.get(failures).or(PAUSES.last()).copied().unwrap_or(LOOK_EVERY);
            self.pause(pause, failure.path.as_deref());
        }
    }

    /// Waits; not longer than until a port that is not there comes.
    fn pause(&self, pause: Duration, path: Option<&str>) {
        let until = clock::running_for().saturating_add(pause);
        let was_there = path.is_none_or(|path| Path::new(path).exists());
        while clock::running_for() < until && !self.is_ended() {
            self.look();
            std::thread::sleep(LOOK_EVERY);
            if !was_there && path.is_some_and(|path| Path::new(path).exists()) {
                return;
            }
        }
    }

    /// What is wanted while there is no port.
    fn look(&self) {
        let mut hearing = self.hearing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::running_for();
        hearing.joining.turn(None, None, &self.shared, now);
        hearing.joining.show(&self.shared, now);
        let wishes = self.shared.take_wishes();
        if let Some(network) = wishes.network {
            hearing.listener.set_network(network);
        }
        if let Some(listening) = wishes.listening {
            // Where the radio turns out not to have the channel, it says so.
            let _ = hearing.radio.listen(listening, now);
        }
    }

    fn is_ended(&self) -> bool {
        self.end.load(Ordering::Relaxed) || self.said.is_closed()
    }

    /// One opening of the port. `None`: it was ended.
    fn attempt(&self, failures: usize, last_reason: &mut Option<String>) -> Option<Failure> {
        let (path, known_baud) = match &self.settings.port {
            PortChoice::Path(path) => (path.clone(), self.settings.baud.or_else(|| known_baud(path))),
            PortChoice::Auto => match radios().into_iter().next() {
                Some(found) => (found.path, self.settings.baud.or(Some(found.baud))),
                None => {
                    return Some(Failure::at_once(
                        "no dongle is plugged in that is known by its USB ids; --port names one",
                        None,
                    ));
                }
            },
        };
        // A speed that is only guessed is not the only one that is tried.
        let guesses: Vec<u32> = match (self.settings.baud, known_baud) {
            (Some(baud), _) => vec![baud],
            (None, Some(known)) => std::iter::once(known).chain(SPEEDS.into_iter().filter(|speed| *speed != known)).collect(),
            (None, None) => SPEEDS.to_vec(),
        };
        let baud = guesses.get(failures % guesses.len()).copied().unwrap_or(SPEEDS[0]);
        let mut port = match Port::open(&path, baud) {
            Ok(port) => port,
            Err(error) => {
                let missing = matches!(error, PortError::Gone(_)).then(|| path.clone());
                return Some(Failure::at_once(error.to_string(), missing));
            }
        };
        self.shared.change(|view| view.port = Some(path.clone()));
        self.shared.be(DongleMode::Starting, words::starting(&path));
        let mut hearing = self.hearing.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut ear, radio) = DongleEar::new(self, &mut hearing, &path);
        let ended = run(&mut port, radio, clock::running_for, &mut ear);
        ear.close();
        let had_listened = ear.had_listened();
        if had_listened {
            *last_reason = None;
        }
        let (reason, is_deaf) = match ended {
            Ended::Stopped => return None,
            Ended::Failed(failure) => (format!("{path}: {failure}"), true),
            Ended::Lost(error) => (words::lost(&path, &error), false),
        };
        Some(Failure {
            reason,
            is_deaf,
            had_listened,
            path: Some(path),
        })
    }
}

struct Failure {
    reason: String,
    /// The port was open all the same.
    is_deaf: bool,
    had_listened: bool,
    /// The port whose coming ends the pause.
    path: Option<String>,
}

impl Failure {
    fn at_once(reason: impl Into<String>, path: Option<String>) -> Self {
        Self {
            reason: reason.into(),
            is_deaf: false,
            had_listened: false,
            path,
        }
    }
}

/// The speed of a port that is named, where its USB ids are known.
fn known_baud(path: &str) -> Option<u32> {
    let canonical = Path::new(path).canonicalize().ok()?;
    radios()
        .into_iter()
        .find(|found| Path::new(&found.path).canonicalize().is_ok_and(|other| other == canonical))
        .map(|found| found.baud)
}
