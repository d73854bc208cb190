//! One pairing job, running.

use super::find::{Candidate, Search, Target, Verdict, intervals};
use super::{JobFailure, Task};
use crate::matter::Now;
use crate::matter::adopt;
use crate::matter::devices::addresses;
use crate::matter::hub::Hub;
use crate::matter::refusal::MatterRefusal;
use crate::matter::registry::Node;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use weft_matter::commission::CommissionFailure;
use weft_matter::controller::Progress;
use weft_matter::{AttestationPolicy, CommissionError, CommissionRequest, Commissioned, Controller, Peer, Step};
use weft_model::{AttestationChoice, JobState, MatterNodeId, MatterPeer};

/// All devices whose window is open announce this.
const COMMISSIONABLE: &str = "_matterc._udp.local.";
/// While nobody is found: whether the job has ended otherwise is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Before a device that took the code and then fell silent is tried again.
const SECOND_CHANCE_AFTER: Duration = Duration::from_secs(2);
/// A device whose last answer was lost is asked so often whether it is ours, before the job is given up.
const LOOKS_FOR_JOINED: u32 = 3;

/// Runs a job that was begun, to its end.
pub(in crate::matter) async fn run(hub: Arc<Hub>, controller: Controller, id: u64, task: Task, mut cancelled: watch::Receiver<bool>) {
    let mut running = Running {
        hub: Arc::clone(&hub),
        controller,
        id,
        reserved: None,
    };
    let outcome = tokio::select! {
        outcome = running.pair(task) => outcome,
        // An error means that nobody can cancel it any more: the source ends, and this with it.
        _ = cancelled.wait_for(|cancelled| *cancelled) => Ok(()),
    };
    {
        let now = Now::read();
        let mut state = hub.lock();
        if let Err(failure) = &outcome {
            state.jobs.failed(id, failure, now);
        }
        state.cancels.remove(&id);
        if let Some(node) = running.reserved {
            state.held.remove(&node);
            // From the certificate on the device may believe that it has this number; before, it was never told.
            if !state.jobs.has_reached(id, Step::Credentials) {
                state.registry.release(node);
            }
            state.keep_now();
        }
        state.touch();
    }
    let _ = hub.keep_aside().await;
    hub.wake.notify_one();
}

struct Running {
    hub: Arc<Hub>,
    controller: Controller,
    id: u64,
    /// The number that the next device gets.
    reserved: Option<MatterNodeId>,
}

impl Running {
    async fn pair(&mut self, task: Task) -> Result<(), JobFailure> {
        let services = self.hub.config.services.clone();
        let target = Target::of(&task.code);
        let _wanted = task.address.is_none().then(|| services.want(&target.subtype()));
        if task.address.is_none() {
            services.ask_again(COMMISSIONABLE);
        }
        let mut changes = services.changed();
        let now = Now::read();
        let mut search = Search::new(target, task.tried.clone(), now.steady);
        if let Some(until) = self.hub.lock().undecided_until(self.id, now) {
            search.hold_until(until);
        }
        let mut has_second_chance = true;
        loop {
            if self.hub.lock().jobs.state(self.id) != Some(JobState::Running) {
                // The device had joined already, and was found to be ours.
                return Ok(());
            }
            let now = Now::read().steady;
            let verdict = match task.address {
                Some(address) => search.decide_at(address, now),
                None => search.decide(&services.commissionable(), now),
            };
            let candidate = match verdict {
                Verdict::Try(candidate) => candidate,
                Verdict::GiveUp(failure) => return Err(failure),
                Verdict::Wait(time) => {
                    tokio::select! {
                        () = tokio::time::sleep(time.min(LOOK_EVERY)) => {}
                        Ok(()) = changes.changed() => {}
                    }
                    continue;
                }
            };
            let error = match self.join(&task, &candidate).await? {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if error.failure == CommissionFailure::AlreadyOurs && self.recognise(&candidate).await {
                return Ok(());
            }
            let is_hiccup = error.step > Step::Connect && error.left_clean && error.failure.may_pass();
            if is_hiccup && std::mem::take(&mut has_second_chance) {
                tokio::time::sleep(SECOND_CHANCE_AFTER).await;
                self.find_again(&search);
                continue;
            }
            if let Some(failure) = search.failed(&candidate, &error, Now::read().steady) {
                return Err(failure);
            }
            self.find_again(&search);
        }
    }

    fn find_again(&self, search: &Search) {
        let mut state = self.hub.lock();
        state.jobs.refused(self.id, &search.tried);
        state.jobs.step(self.id, Step::Find, Now::read());
        state.touch();
    }

    /// Joins one device; the outer error is about us, not about it.
    async fn join(&mut self, task: &Task, candidate: &Candidate) -> Result<Result<(), CommissionError>, JobFailure> {
        let node = self.reserve(candidate).await?;
        match self.commission(task, candidate, node).await {
            Ok(commissioned) => {
                self.keep(candidate, &commissioned).await;
                Ok(Ok(()))
            }
            Err(error) => {
                if error.step == Step::Complete && !error.left_clean && self.has_joined(candidate, node).await {
                    self.reserved = None;
                    return Ok(Ok(()));
                }
                if error.step >= Step::Credentials {
                    let mut state = self.hub.lock();
                    state.held.remove(&node);
                    if error.left_clean {
                        state.registry.retire(node);
                    }
                    state.keep_now();
                    self.reserved = None;
                }
                Ok(Err(error))
            }
        }
    }

    /// The answer to the last question was lost: the device may be ours all the same, and says so where it can be reached.
    async fn has_joined(&self, candidate: &Candidate, node: MatterNodeId) -> bool {
        for attempt in 0..LOOKS_FOR_JOINED {
            if attempt > 0 {
                tokio::time::sleep(SECOND_CHANCE_AFTER).await;
            }
            let located = {
                let fabric = self.hub.lock().fabric_id();
                fabric.and_then(|fabric| self.hub.config.services.operational(MatterPeer { fabric, node }))
            };
            let peer = Peer {
                node,
                addresses: addresses(&candidate.addresses, located.as_ref()),
                intervals: candidate.intervals,
            };
            if adopt::take_in(&self.hub, &self.controller, &peer).await {
                return true;
            }
        }
        false
    }

    /// The number that the device gets, on disk before the device can hear of it.
    async fn reserve(&mut self, candidate: &Candidate) -> Result<MatterNodeId, JobFailure> {
        let reserved = {
            let now = Now::read();
            let mut state = self.hub.lock();
            let fabric = state.fabric.clone();
            let node = match (self.reserved, fabric) {
                (Some(node), _) => {
                    if state.registry.relocate(node, &candidate.addresses) {
                        state.keep_now();
                    }
                    Some(node)
                }
                (None, Some(fabric)) => {
                    let announced = self.hub.config.services.announced_since(fabric.compressed_id(), 0).0;
                    let mut taken: BTreeSet<MatterNodeId> = announced.into_iter().map(|peer| peer.node).collect();
                    taken.insert(fabric.our_node());
                    let random = || getrandom::u32().unwrap_or(0);
                    let node = state.registry.reserve(self.id, now.wall, &candidate.addresses, &taken, random);
                    if let Some(node) = node {
                        state.held.insert(node);
                        state.keep_now();
                    }
                    node
                }
                (None, None) => None,
            };
            if let Some(node) = node {
                state.jobs.found(self.id, candidate.name.clone(), node);
                state.touch();
            }
            node
        };
        let Some(node) = reserved else {
            return Err(ours("the system gives no random numbers".to_owned()));
        };
        self.reserved = Some(node);
        self.hub.keep_aside().await.map_err(|refusal: MatterRefusal| ours(refusal.to_string()))?;
        Ok(node)
    }

    async fn commission(&self, task: &Task, candidate: &Candidate, node: MatterNodeId) -> Result<Commissioned, CommissionError> {
        let services = &self.hub.config.services;
        let (fabric, choice) = {
            let state = self.hub.lock();
            (state.fabric_id(), state.settings.attestation)
        };
        let locate = || {
            let located = fabric.and_then(|fabric| services.operational(MatterPeer { fabric, node }));
            located.map(|located| located.addresses).unwrap_or_default()
        };
        let mut changes = services.changed();
        let (operational, receiver) = watch::channel(locate());
        let (progress, mut told) = mpsc::unbounded_channel();
        let is_accepted = task.accept || choice == AttestationChoice::Accept;
        let request = CommissionRequest {
            node,
            passcode: task.code.passcode.clone(),
            addresses: candidate.addresses.clone(),
            operational: receiver,
            intervals: candidate.intervals,
            expected: (task.code.vendor_id.or(candidate.ids.0), task.code.product_id.or(candidate.ids.1)),
            attestation: if is_accepted {
                AttestationPolicy::Accept
            } else {
                AttestationPolicy::Ask
            },
        };
        let commissioning = self.controller.commission(request, progress);
        tokio::pin!(commissioning);
        let outcome = loop {
            tokio::select! {
                biased;
                Some(progress) = told.recv() => self.progressed(&progress),
                outcome = &mut commissioning => break outcome,
                Ok(()) = changes.changed() => {
                    let addresses = locate();
                    operational.send_if_modified(|known| {
                        let is_news = *known != addresses;
                        *known = addresses;
                        is_news
                    });
                }
            }
        };
        while let Ok(progress) = told.try_recv() {
            self.progressed(&progress);
        }
        outcome
    }

    fn progressed(&self, progress: &Progress) {
        let mut state = self.hub.lock();
        match progress {
            Progress::Began(step) => state.jobs.step(self.id, *step, Now::read()),
            Progress::Attested(report) => state.jobs.attested(self.id, report),
        }
        state.touch();
        drop(state);
        self.hub.wake.notify_one();
    }

    /// The device is ours: the registry says so before the job does.
    async fn keep(&mut self, candidate: &Candidate, commissioned: &Commissioned) {
        let node = commissioned.node;
        {
            let now = Now::read();
            let mut state = self.hub.lock();
            let located = state
                .fabric_id()
                .and_then(|fabric| self.hub.config.services.operational(MatterPeer { fabric, node }));
            let known = Node {
                label: candidate.name.clone(),
                addresses: addresses(&[commissioned.address], located.as_ref()),
                intervals: located.as_ref().map_or(candidate.intervals, intervals).into(),
                fabric_index: Some(commissioned.fabric_index),
                ..Node::new(node, now.wall)
            };
            let is_long_idle = weft_matter::Intervals::from(known.intervals).long_idle;
            state.registry.add(known);
            state.held.remove(&node);
            state.adoption.forget(node);
            state.retire_others(self.id, node);
            state.jobs.attested(self.id, &commissioned.attestation);
            state.jobs.succeeded(self.id, node, None, now);
            state.follow(node, now);
            if is_long_idle {
                // It still listens, and not for long.
                state.schedule.checked_in(&node, now.steady);
            }
            state.keep_now();
            state.touch();
            self.reserved = None;
        }
        self.hub.wake.notify_one();
        if let Err(refusal) = self.hub.keep_aside().await {
            tracing::error!(%node, %refusal, "a device was paired, but its number is not kept");
        }
    }

    /// The device says that it is ours already: which one is it?
    async fn recognise(&mut self, candidate: &Candidate) -> bool {
        let is_known = {
            let now = Now::read();
            let mut state = self.hub.lock();
            let Some(node) = state.ours_at(&self.hub.config, &candidate.addresses) else {
                return false;
            };
            if state.registry.get(node).is_none() {
                let peer = Peer {
                    node,
                    addresses: candidate.addresses.clone(),
                    intervals: candidate.intervals,
                };
                state.adopt(&peer, None, &[], now);
            }
            let name = state.registry.get(node).and_then(Node::name);
            state.jobs.succeeded(self.id, node, name, now);
            state.touch();
            true
        };
        let _ = self.hub.keep_aside().await;
        is_known
    }
}

/// Something of ours failed.
fn ours(error: String) -> JobFailure {
    JobFailure {
        name: "internal",
        error,
        advice: "The log says more.",
        may_retry: true,
        must_decide: false,
        is_unfound: false,
    }
}
