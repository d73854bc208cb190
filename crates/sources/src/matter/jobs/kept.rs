//! Jobs on disk: setup codes lie there only as long as their jobs are not over.

use super::find::Tried;
use super::{Job, Jobs, no_steps};
use crate::matter::Now;
use crate::matter::file;
use crate::matter::registry::SetAside;
use crate::whole_file;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use weft_matter::SetupCode;
use weft_model::{JobState, PairingJob};
use zeroize::Zeroizing;

pub(in crate::matter) const FILE: &str = "jobs.json";
const FORMAT: &str = "weft-pairing-jobs";
const VERSION: u32 = 1;
/// Jobs that are read from a file.
const MAX_JOBS: usize = 4_000;

#[derive(Serialize)]
struct Document<'a> {
    format: &'a str,
    version: u32,
    next: u64,
    jobs: Vec<Kept<'a>>,
}

#[derive(Serialize)]
struct Kept<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<SocketAddr>,
    accept: bool,
    tried: &'a Tried,
    job: &'a PairingJob,
}

#[derive(Deserialize)]
struct ReadDocument {
    format: String,
    version: u32,
    next: u64,
    jobs: Vec<ReadKept>,
}

#[derive(Deserialize)]
struct ReadKept {
    #[serde(default)]
    code: Option<Zeroizing<String>>,
    #[serde(default)]
    address: Option<SocketAddr>,
    #[serde(default)]
    accept: bool,
    #[serde(default)]
    tried: Tried,
    job: PairingJob,
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Jobs {
    /// Reads the jobs of a folder. A file that cannot be used is set aside and told.
    ///
    /// # Errors
    /// When the file can neither be read nor set aside.
    pub(in crate::matter) fn open(folder: &Path, now: Now) -> io::Result<(Self, Option<SetAside>)> {
        let path = folder.join(FILE);
        file::remove_remains(&path);
        let Some(bytes) = file::read(&path)? else {
            return Ok((Self::default(), None));
        };
        match Self::parse(&bytes) {
            Ok(mut jobs) => {
                jobs.restart(now);
                Ok((jobs, None))
            }
            Err(reason) => {
                let to = file::set_aside(&path)?;
                Ok((Self::default(), Some(SetAside { reason, to })))
            }
        }
    }

    /// Keeps these bytes, which [`Self::bytes`] made.
    pub(in crate::matter) fn write(folder: &Path, bytes: &[u8]) -> io::Result<()> {
        file::create_folder(folder)?;
        whole_file::write(&folder.join(FILE), bytes)
    }

    /// The file's content. The codes of jobs that are over are not in it, but for those about which a person must decide.
    pub(in crate::matter) fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let keep = |job| {
            let Job {
                view,
                code,
                address,
                accept,
                tried,
                ..
            }: &Job = job;
            Kept {
                code: code.as_ref().filter(|_| job.is_live()).map(SetupCode::text),
                address: *address,
                accept: *accept,
                tried,
                job: view,
            }
        };
        let document = Document {
            format: FORMAT,
            version: VERSION,
            next: self.next,
            jobs: self.jobs.values().map(keep).collect(),
        };
        // With its whole room from the start: it is never moved, and no copy of a code stays behind.
        let mut length = Length(0);
        let has_length = serde_json::to_writer(&mut length, &document).is_ok();
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
        // Maps with text keys and numbers: there is always JSON of them.
        if !has_length || serde_json::to_writer(&mut *bytes, &document).is_err() {
            bytes.clear();
        }
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        // The text of an error may quote what it stumbled over: only where it was is told.
        let document: ReadDocument =
            serde_json::from_slice(bytes).map_err(|error| format!("no jobs at line {}, column {}", error.line(), error.column()))?;
        if document.format != FORMAT || document.version != VERSION {
            return Err(format!("it is of another format or version than {FORMAT} {VERSION}"));
        }
        let mut jobs = Self {
            next: document.next,
            ..Self::default()
        };
        for kept in document.jobs.into_iter().take(MAX_JOBS) {
            let code = kept.code.as_ref().and_then(|text| SetupCode::parse(text).ok());
            let id = kept.job.id;
            let job = Job {
                view: kept.job,
                code,
                address: kept.address,
                accept: kept.accept,
                tried: kept.tried,
                step_began: None,
                connected: None,
            };
            jobs.next = jobs.next.max(id.saturating_add(1));
            jobs.jobs.insert(id, job);
        }
        Ok(jobs)
    }

    /// After a restart: what ran waits, and begins again; what can only be tried with a code that is gone says so.
    fn restart(&mut self, now: Now) {
        for job in self.jobs.values_mut() {
            match job.view.state {
                JobState::Running | JobState::Waiting => {
                    job.wait();
                    job.view.steps = no_steps();
                }
                JobState::Decide if job.code.is_none() => {
                    job.view.state = JobState::Failed;
                    job.view.may_retry = false;
                }
                _ => job.view.may_retry = job.view.may_retry && job.code.is_some(),
            }
        }
        self.expire(now);
        self.unkept = true;
    }
}
