//! Pairing jobs: what is waited for, what runs, what came of it. Pure: it is told what happened and when.
//!
//! A job's setup code is forgotten the moment it cannot help any more. On disk ([`kept`]) it lies only as long as the job must survive a restart.

pub(super) mod find;
mod job;
pub(super) mod kept;
pub(super) mod run;
#[cfg(test)]
pub(super) use kept::FILE;

use super::refusal::MatterRefusal;
use super::{Now, registry::MAX_NODES};
use find::Tried;
use job::{checks, no_steps};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use weft_matter::commission::CommissionFailure;
use weft_matter::{AttestationReport, SetupCode, Step};
use weft_model::{JobState, JobStep, MatterNodeId, PairingJob, StepState, Timestamp};

/// Jobs that run at the same time. A device needs about a second and a half, nearly all of it waiting for radio and arithmetic of the device: ten at once
/// are through with 44 devices in less than 8 s, and one border router's queue is not flooded.
pub(super) const MAX_RUNNING: usize = 10;
/// A job whose device was not found within this time only listens: it takes no place among those.
const LOOKS_AT_LEAST: Duration = Duration::from_secs(5);
/// Such jobs at the same time. Windows close: of many codes, those for devices that are there do not wait for the others.
const MAX_LOOKING: usize = 100;
/// Finished jobs are shown for so long.
const SHOWN_SECONDS: i64 = 24 * 3600;
/// No code is kept for longer, whatever becomes of its job.
const MAX_CODE_SECONDS: i64 = 24 * 3600;
/// A person may take so long to decide, or to try again. No window is open for longer than a quarter of it (Matter core specification 1.4, 11.19.8.1).
const UNDECIDED_SECONDS: i64 = 3600;
/// Finished jobs that are kept, the newest.
const MAX_OVER: usize = 1_000;

/// One job.
pub(super) struct Job {
    /// What a person sees of it.
    pub(super) view: PairingJob,
    /// Until it cannot help any more.
    code: Option<SetupCode>,
    address: Option<SocketAddr>,
    /// Attestation is accepted as it is.
    accept: bool,
    /// Devices that refused this code: they are not asked with it again.
    tried: Tried,
    /// When the running step began, by the clock that does not jump.
    step_began: Option<Duration>,
    /// The last proof of the code, where the job has gone back to looking since.
    connected: Option<JobStep>,
}

/// What a job needs to run.
pub(super) struct Task {
    /// The code.
    pub(super) code: SetupCode,
    /// Where the device is, where a person said so.
    pub(super) address: Option<SocketAddr>,
    /// Attestation is accepted as it is.
    pub(super) accept: bool,
    /// Devices that refused this code.
    pub(super) tried: Tried,
}

/// Why a job failed, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobFailure {
    /// Stable name.
    pub(super) name: &'static str,
    /// In words.
    pub(super) error: String,
    /// What to do.
    pub(super) advice: &'static str,
    /// The same code may work another time.
    pub(super) may_retry: bool,
    /// A person must decide.
    pub(super) must_decide: bool,
    /// No device was found that the code may be for.
    pub(super) is_unfound: bool,
}

impl From<&CommissionFailure> for JobFailure {
    fn from(failure: &CommissionFailure) -> Self {
        let must_decide = matches!(failure, CommissionFailure::Attestation(_));
        Self {
            name: failure.name(),
            error: failure.to_string(),
            advice: failure.advice(),
            may_retry: must_decide || failure.may_pass() || matches!(failure, CommissionFailure::FabricTableFull),
            must_decide,
            is_unfound: false,
        }
    }
}

/// All jobs.
#[derive(Default)]
pub(super) struct Jobs {
    jobs: BTreeMap<u64, Job>,
    next: u64,
    /// Something changed that must survive a restart.
    unkept: bool,
}

impl Jobs {
    /// Takes codes in, one job each, all or none. The same code twice is one job.
    ///
    /// # Errors
    /// [`MatterRefusal::NoCode`], [`MatterRefusal::Duplicate`], [`MatterRefusal::AddressOfSeveral`], [`MatterRefusal::TooMany`].
    pub(super) fn enter(
        &mut self,
        codes: Vec<SetupCode>,
        address: Option<SocketAddr>,
        accept: bool,
        paired: usize,
        now: Now,
    ) -> Result<Vec<u64>, MatterRefusal> {
        let mut distinct: Vec<SetupCode> = Vec::new();
        let mut places = Vec::new();
        for code in codes {
            let place = distinct.iter().position(|known| known.is_same_device(&code));
            places.push(place.unwrap_or(distinct.len()));
            if place.is_none() {
                distinct.push(code);
            }
        }
        if distinct.is_empty() {
            return Err(MatterRefusal::NoCode);
        }
        if address.is_some() && distinct.len() > 1 {
            return Err(MatterRefusal::AddressOfSeveral);
        }
        for code in &distinct {
            if let Some(job) = self.live().find(|job| job.code.as_ref().is_some_and(|known| known.is_same_device(code))) {
                return Err(MatterRefusal::Duplicate {
                    code: code.masked(),
                    job: job.view.id,
                });
            }
        }
        if self.live().count() + distinct.len() + paired > MAX_NODES {
            return Err(MatterRefusal::TooMany {
                wanted: distinct.len(),
                limit: MAX_NODES,
            });
        }
        // A code that is entered again makes the trace of its former job useless.
        for code in &distinct {
            for job in self.jobs.values_mut() {
                if job.code.as_ref().is_some_and(|known| known.is_same_device(code)) {
                    job.forget_code();
                }
            }
        }
        let ids: Vec<u64> = distinct.into_iter().map(|code| self.add(code, address, accept, now)).collect();
        Ok(places.into_iter().filter_map(|place| ids.get(place).copied()).collect())
    }

    fn add(&mut self, code: SetupCode, address: Option<SocketAddr>, accept: bool, now: Now) -> u64 {
        let id = self.next.max(1);
        self.next = id + 1;
        let view = PairingJob {
            id,
            code: code.masked(),
            state: JobState::Waiting,
            name: None,
            node: None,
            address: address.map(|address| address.to_string()),
            created_at: now.wall,
            ended_at: None,
            attempts: 0,
            steps: no_steps(),
            failure: None,
            error: None,
            advice: None,
            may_retry: false,
            attestation: Vec::new(),
        };
        let job = Job {
            view,
            code: Some(code),
            address,
            accept,
            tried: Tried::default(),
            step_began: None,
            connected: None,
        };
        self.jobs.insert(id, job);
        self.unkept = true;
        id
    }

    fn live(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|job| job.is_live())
    }

    /// The next job to run, where one more may.
    pub(super) fn next_waiting(&self, now: Duration) -> Option<u64> {
        let under_way = self.jobs.values().filter(|job| job.view.state == JobState::Running);
        let (looking, running): (Vec<&Job>, Vec<&Job>) = under_way.partition(|job| job.is_still_looking(now));
        let has_room = running.len() < MAX_RUNNING && looking.len() < MAX_LOOKING;
        let mut waiting = self.jobs.values().filter(|job| job.view.state == JobState::Waiting);
        waiting.next().filter(|_| has_room).map(|job| job.view.id)
    }

    /// True where a job waits or runs.
    pub(super) fn has_live(&self) -> bool {
        self.jobs.values().any(|job| !job.view.state.is_over())
    }

    /// Where a job stands.
    pub(super) fn state(&self, id: u64) -> Option<JobState> {
        self.jobs.get(&id).map(|job| job.view.state)
    }

    /// Begins a waiting job. `None` where it does not wait any more.
    pub(super) fn begin(&mut self, id: u64, now: Now) -> Option<Task> {
        let job = self.jobs.get_mut(&id).filter(|job| job.view.state == JobState::Waiting)?;
        let Some(code) = job.code.clone() else {
            // Its code was too old to be kept.
            job.fail(
                &JobFailure {
                    name: "code-gone",
                    error: "the setup code is not kept any more".to_owned(),
                    advice: "Enter the code again.",
                    may_retry: false,
                    must_decide: false,
                    is_unfound: false,
                },
                now,
            );
            self.unkept = true;
            return None;
        };
        job.view.state = JobState::Running;
        job.view.attempts += 1;
        job.start_over();
        job.step(Step::Find, now);
        self.unkept = true;
        Some(Task {
            code,
            address: job.address,
            accept: job.accept,
            tried: job.tried.clone(),
        })
    }

    /// A step of a running job has begun; those before it are done, those after it have not begun.
    pub(super) fn step(&mut self, id: u64, step: Step, now: Now) {
        if let Some(job) = self.running(id) {
            job.step(step, now);
        }
    }

    /// What the device proved of itself.
    pub(super) fn attested(&mut self, id: u64, report: &AttestationReport) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.view.attestation = checks(report);
        }
    }

    /// What is known of the device by now.
    pub(super) fn found(&mut self, id: u64, name: Option<String>, node: MatterNodeId) {
        if let Some(job) = self.running(id) {
            job.view.name = name.or(job.view.name.take());
            job.view.node = Some(node);
        }
    }

    /// A device refused the code of a running job.
    pub(super) fn refused(&mut self, id: u64, tried: &Tried) {
        if let Some(job) = self.running(id) {
            job.tried = tried.clone();
            self.unkept = true;
        }
    }

    /// The device is ours. Also of a job that had failed or waits: the device had gone further than was known.
    pub(super) fn succeeded(&mut self, id: u64, node: MatterNodeId, name: Option<String>, now: Now) {
        let Some(job) = self
            .jobs
            .get_mut(&id)
            .filter(|job| !matches!(job.view.state, JobState::Done | JobState::Cancelled))
        else {
            return;
        };
        job.end_step(StepState::Done, now);
        for step in &mut job.view.steps {
            step.state = StepState::Done;
        }
        job.view.node = Some(node);
        job.view.name = name.or(job.view.name.take());
        (job.view.failure, job.view.error, job.view.advice) = (None, None, None);
        job.over(JobState::Done, now);
        job.forget_code();
        self.unkept = true;
    }

    /// A running job failed.
    pub(super) fn failed(&mut self, id: u64, failure: &JobFailure, now: Now) {
        if let Some(job) = self.running(id) {
            job.fail(failure, now);
            self.unkept = true;
        }
    }

    /// Lets a job wait that was interrupted: it begins again by itself.
    pub(super) fn interrupted(&mut self, id: u64) {
        if let Some(job) = self.running(id) {
            job.wait();
            self.unkept = true;
        }
    }

    /// Begins a job again that is over.
    ///
    /// # Errors
    /// [`MatterRefusal::UnknownJob`], [`MatterRefusal::NotOver`], [`MatterRefusal::Over`] where it succeeded, [`MatterRefusal::CodeGone`].
    pub(super) fn retry(&mut self, id: u64, accept: bool) -> Result<(), MatterRefusal> {
        let job = self.jobs.get_mut(&id).ok_or(MatterRefusal::UnknownJob(id))?;
        match job.view.state {
            JobState::Waiting | JobState::Running => return Err(MatterRefusal::NotOver(id)),
            JobState::Done => return Err(MatterRefusal::Over(id)),
            JobState::Failed | JobState::Decide | JobState::Cancelled => {}
        }
        if job.code.is_none() || !job.view.may_retry {
            return Err(MatterRefusal::CodeGone(id));
        }
        job.accept |= accept;
        job.wait();
        self.unkept = true;
        Ok(())
    }

    /// Gives a job up; one that is over is taken off the list. True where it was running, and whoever runs it must be told.
    ///
    /// # Errors
    /// [`MatterRefusal::UnknownJob`].
    pub(super) fn cancel(&mut self, id: u64, now: Now) -> Result<bool, MatterRefusal> {
        let job = self.jobs.get_mut(&id).ok_or(MatterRefusal::UnknownJob(id))?;
        if matches!(job.view.state, JobState::Done | JobState::Failed | JobState::Cancelled) {
            self.jobs.remove(&id);
            self.unkept = true;
            return Ok(false);
        }
        let was_running = job.view.state == JobState::Running;
        job.end_step(StepState::Failed, now);
        let cancelled = CommissionFailure::Cancelled;
        job.view.failure = Some(cancelled.name().to_owned());
        job.view.error = Some(cancelled.to_string());
        job.view.advice = Some(cancelled.advice().to_owned());
        job.over(JobState::Cancelled, now);
        job.forget_code();
        self.unkept = true;
        Ok(was_running)
    }

    /// Forgets codes and jobs whose time has passed. True where a person sees the difference.
    pub(super) fn expire(&mut self, now: Now) -> bool {
        // A clock that stepped back must not keep secrets, but it must not forget them at once either: it counts as no time.
        let age = |since: Timestamp| now.wall.seconds_since(since).max(0);
        let mut has_changed = false;
        for job in self.jobs.values_mut() {
            let waited_for_a_person = job.view.ended_at.is_some_and(|ended| age(ended) >= UNDECIDED_SECONDS);
            if job.code.is_some() && (waited_for_a_person || age(job.view.created_at) >= MAX_CODE_SECONDS) {
                job.forget_code();
                if job.view.state == JobState::Decide {
                    job.view.state = JobState::Failed;
                    job.view.advice = Some("Nobody decided in time: enter a code again.".to_owned());
                }
                has_changed = true;
            }
        }
        let before = self.jobs.len();
        self.jobs
            .retain(|_, job| job.view.ended_at.is_none_or(|ended| age(ended) < SHOWN_SECONDS));
        let over: Vec<u64> = self.jobs.values().filter(|job| !job.is_live()).map(|job| job.view.id).collect();
        for id in over.iter().rev().skip(MAX_OVER) {
            self.jobs.remove(id);
        }
        has_changed |= before != self.jobs.len();
        self.unkept |= has_changed;
        has_changed
    }

    /// True where a job's last attempt came to this step.
    pub(super) fn has_reached(&self, id: u64, step: Step) -> bool {
        let reached = |job: &Job| {
            job.view
                .steps
                .iter()
                .zip(Step::ALL)
                .any(|(shown, known)| known >= step && shown.state != StepState::Waiting)
        };
        self.jobs.get(&id).is_some_and(reached)
    }

    /// Takes back codes that were just entered: they could not be kept.
    pub(super) fn withdraw(&mut self, ids: &[u64]) {
        self.jobs.retain(|id, _| !ids.contains(id));
        // They may be on disk, where something else could not be written.
        self.unkept = true;
    }

    /// Jobs that run: after a failure of the source, nobody works on them any more.
    pub(super) fn running_ids(&self) -> Vec<u64> {
        let running = self.jobs.values().filter(|job| job.view.state == JobState::Running);
        running.map(|job| job.view.id).collect()
    }

    /// What a person sees, the newest first.
    pub(super) fn views(&self) -> impl Iterator<Item = &PairingJob> {
        self.jobs.values().rev().map(|job| &job.view)
    }

    /// True once after something changed that must survive a restart.
    pub(super) fn take_unkept(&mut self) -> bool {
        std::mem::take(&mut self.unkept)
    }

    /// It could not be written: it is still to be.
    pub(super) fn set_unkept(&mut self) {
        self.unkept = true;
    }

    fn running(&mut self, id: u64) -> Option<&mut Job> {
        self.jobs.get_mut(&id).filter(|job| job.view.state == JobState::Running)
    }
}

#[cfg(test)]
mod tests;
