//! OpenThread's border router over its REST API (ot-br-posix `src/rest`), in all its generations, as a way to a mesh.
//!
//! | generation | how it is asked |
//! |---|---|
//! | until September 2025 | `GET /node`, `GET /diagnostics`: the agent asks all routers by multicast, and answers with its cache |
//! | JSON:API, before and after the renames of July 2026 | `POST /api/actions` makes a task, `GET /api/actions/ID` until it has ended, `GET /api/diagnostics/ID`; one task at a time |
//!
//! What is heard goes on as `otbr-rest` captures, every answer but those that only say that a task is still under way. Which of several stale answers is the right one is decided
//! where evidence is read; here, an old answer is only not counted as one. The dataset's answer is captured with its keys blanked, and goes to the hub in a type that cannot be
//! printed. Tasks of other programs are left alone: Weft deletes its own, one by one.

mod actions;
mod api;
mod base;
mod dataset;
mod http;
mod legacy;
mod probe;
mod run;
mod tally;
#[cfg(test)]
mod tests;
mod types;
mod words;

pub(super) use base::Base;
pub(super) use probe::probe_addresses;

use super::way::{Attempt, Attempted, Way, WayFailure};
use crate::clock;
use http::{Client, Patience};
use run::Run;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use types::Vocabulary;
use weft_evidence::{CaptureBody, FailureCapture, FailureTarget};
use weft_model::Airtime;

/// How often a task is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    first_poll: Duration,
    longest_poll: Duration,
}

impl Pace {
    /// A router answers within a second.
    const USUAL: Self = Self {
        first_poll: Duration::from_millis(150),
        longest_poll: Duration::from_secs(1),
    };
}

/// What was found out about a border router; kept from attempt to attempt.
#[derive(Debug, Default)]
struct Memory {
    product: Option<String>,
    vocabulary: Vocabulary,
    /// It does not delete single tasks.
    deletes_nothing: bool,
    /// Radio time of attempts that failed or were dropped.
    spent: Airtime,
}

/// A border router's REST API as a way to its mesh.
pub(super) struct OtbrWay {
    base: Base,
    patience: Patience,
    pace: Pace,
    memory: Mutex<Memory>,
}

impl OtbrWay {
    /// Nothing is asked yet.
    pub(super) fn new(base: Base) -> Self {
        Self {
            base,
            patience: Patience::ATTEMPT,
            pace: Pace::USUAL,
            memory: Mutex::default(),
        }
    }

    async fn run(&self, attempt: Attempt) -> Attempted {
        let started = clock::running_for();
        let mut attempted = Attempted {
            result: Err(WayFailure::Failed(String::new())),
            abilities: Vec::new(),
            dataset: None,
            network: None,
            product: None,
            routers: Vec::new(),
        };
        let client = match Client::new(&self.base, self.patience) {
            Ok(client) => client,
            Err(trouble) => {
                attempted.result = Err(words::no_answer(&self.base, &trouble));
                return attempted;
            }
        };
        let mut run = Run::new(&client, &attempt.sender, &self.memory, self.pace, attempt.max_frames, attempt.expected);
        run.tally.mesh_local_prefix = attempt.mesh_local_prefix;
        let result = run.everything().await;
        let milliseconds = u64::try_from(clock::running_for().saturating_sub(started).as_millis()).unwrap_or(u64::MAX);
        attempted.result = match result {
            Ok(()) => {
                run.is_told = true;
                Ok(run.tally.brought(milliseconds))
            }
            Err(failure) => {
                let failed = FailureCapture {
                    target: FailureTarget::OtbrRest { base: self.base.to_string() },
                    attempt: "network diagnostics".to_owned(),
                    error: failure.to_string(),
                };
                // Nobody takes it any more only when everything ends.
                let _ = attempt.sender.deliver(CaptureBody::Failure(failed)).await;
                Err(failure)
            }
        };
        attempted.network = run.tally.network;
        attempted.routers = run.tally.routers();
        attempted.abilities = std::mem::take(&mut run.abilities);
        attempted.dataset = run.dataset.take();
        attempted.product = run.product.take();
        attempted
    }
}

impl Way for OtbrWay {
    fn attempt(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Attempted> + Send + '_>> {
        Box::pin(self.run(attempt))
    }

    fn take_spent(&self) -> Airtime {
        std::mem::take(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner).spent)
    }
}
