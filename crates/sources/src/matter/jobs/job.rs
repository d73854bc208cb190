//! One job: its steps, its end, and what it forgets.

use super::{Job, JobFailure, LOOKS_AT_LEAST, Tried};
use crate::matter::Now;
use std::time::Duration;
use weft_matter::attestation::Outcome;
use weft_matter::{AttestationReport, Step};
use weft_model::{AttestationCheck, AttestationOutcome, JobState, JobStep, StepState};

impl Job {
    /// True where a person or a device may still make something of it.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.view.state, JobState::Waiting | JobState::Running | JobState::Decide)
    }

    /// True where it waits for its device to be seen, or to be tried again.
    pub(super) fn is_still_looking(&self, now: Duration) -> bool {
        let finds = self.view.steps.first().is_some_and(|step| step.state == StepState::Running);
        finds && self.step_began.is_some_and(|began| now.saturating_sub(began) >= LOOKS_AT_LEAST)
    }

    pub(super) fn start_over(&mut self) {
        self.view.steps = no_steps();
        (self.step_began, self.connected) = (None, None);
        self.view.ended_at = None;
        self.view.node = None;
        (self.view.failure, self.view.error, self.view.advice) = (None, None, None);
        self.view.may_retry = false;
        self.view.attestation.clear();
    }

    pub(super) fn wait(&mut self) {
        self.start_over();
        self.view.state = JobState::Waiting;
    }

    pub(super) fn step(&mut self, step: Step, now: Now) {
        let connects = self.running().is_some_and(|running| running.step == Step::Connect.name());
        self.end_step(StepState::Done, now);
        if connects && step == Step::Find {
            self.connected = self.shown(Step::Connect).map(|shown| shown.clone());
            // It was another device.
            self.view.name = None;
        }
        for (known, shown) in Step::ALL.into_iter().zip(&mut self.view.steps) {
            if known == step {
                *shown = JobStep {
                    state: StepState::Running,
                    began_at: Some(now.wall),
                    ..not_begun(known)
                };
            } else if known > step {
                *shown = not_begun(known);
            }
        }
        self.step_began = Some(now.steady);
    }

    fn running(&mut self) -> Option<&mut JobStep> {
        self.view.steps.iter_mut().find(|step| step.state == StepState::Running)
    }

    fn shown(&mut self, step: Step) -> Option<&mut JobStep> {
        self.view.steps.iter_mut().find(|shown| shown.step == step.name())
    }

    pub(super) fn end_step(&mut self, state: StepState, now: Now) {
        let took = self.step_began.take().map(|began| now.steady.saturating_sub(began));
        if let Some(step) = self.running() {
            step.state = state;
            step.milliseconds = took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        }
    }

    pub(super) fn fail(&mut self, failure: &JobFailure, now: Now) {
        let looks_again = self.running().is_some_and(|running| running.step == Step::Find.name());
        match self.connected.take().filter(|_| looks_again && !failure.is_unfound) {
            // Devices were found; what failed is what was tried with the last of them.
            Some(connected) => {
                self.end_step(StepState::Done, now);
                if let Some(shown) = self.shown(Step::Connect) {
                    *shown = JobStep {
                        state: StepState::Failed,
                        ..connected
                    };
                }
            }
            None => self.end_step(StepState::Failed, now),
        }
        self.view.failure = Some(failure.name.to_owned());
        self.view.error = Some(failure.error.clone());
        self.view.advice = Some(failure.advice.to_owned());
        self.view.node = None;
        self.view.may_retry = failure.may_retry && self.code.is_some();
        self.over(if failure.must_decide { JobState::Decide } else { JobState::Failed }, now);
        if !self.view.may_retry {
            self.forget_code();
        }
    }

    pub(super) fn over(&mut self, state: JobState, now: Now) {
        self.view.state = state;
        self.view.ended_at = Some(now.wall);
        self.step_began = None;
    }

    pub(super) fn forget_code(&mut self) {
        self.code = None;
        self.view.may_retry = false;
        self.tried = Tried::default();
    }
}

fn not_begun(step: Step) -> JobStep {
    JobStep {
        step: step.name().to_owned(),
        state: StepState::Waiting,
        began_at: None,
        milliseconds: None,
    }
}

pub(super) fn no_steps() -> Vec<JobStep> {
    Step::ALL.into_iter().map(not_begun).collect()
}

/// What a device proved, as it is shown.
pub(super) fn checks(report: &AttestationReport) -> Vec<AttestationCheck> {
    let check = |(name, outcome): &(&'static str, Outcome)| {
        let (outcome, detail) = match outcome {
            Outcome::Proven => (AttestationOutcome::Proven, None),
            Outcome::Failed(why) => (AttestationOutcome::Failed, Some(why.clone())),
            Outcome::NotChecked(why) => (AttestationOutcome::NotChecked, Some(why.clone())),
        };
        AttestationCheck {
            check: (*name).to_owned(),
            outcome,
            detail,
        }
    };
    report.checks.iter().map(check).collect()
}
