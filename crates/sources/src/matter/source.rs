//! The source: the loop that begins what is due, and says what it is doing.

use super::handle::MatterHandle;
use super::hub::{Hub, State};
use super::{MatterConfig, Now, adopt, jobs, poll};
use crate::directory::{Wanted, fabric_subtype};
use crate::event::CaptureSender;
use crate::schedule::Next;
use crate::supervise::{Context, Source, SourceFailure};
use serde_json::json;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use weft_evidence::SourceState;
use weft_matter::controller::ControllerEvent;
use weft_matter::{Controller, ControllerOptions, OperationError};
use weft_model::{CompressedFabricId, MatterNodeId};

const NAME: &str = "matter";
/// The loop looks around at least so often.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The number of devices is told so often at most, while they join one after another.
const SAY_EVERY: Duration = LOOK_EVERY;
/// Codes and jobs are looked through so often.
const EXPIRE_EVERY: Duration = Duration::from_secs(60);
/// So many devices in a row to which this machine has no route, or all of them: it is this machine's trouble.
const ROUTELESS: usize = 3;
/// Devices that were joining when the service ends are told so within this time; a fail-safe ends it else.
const CLEAN_UP_WITHIN: Duration = Duration::from_millis(700);
/// What is not on disk yet when the service ends may take so long.
const KEEP_WITHIN: Duration = Duration::from_millis(1_000);

/// Our own fabric as a source.
pub struct MatterSource {
    hub: Arc<Hub>,
}

impl MatterSource {
    /// Reads what is kept; nothing is made and nobody is asked before it runs. Files that cannot be used are told by [`MatterHandle::problems`].
    #[allow(clippy::new_ret_no_self)] // The two ends belong together.
    pub fn new(config: MatterConfig) -> (Self, MatterHandle) {
        let hub = Hub::open(config);
        (Self { hub: Arc::clone(&hub) }, MatterHandle::new(hub))
    }
}

impl Source for MatterSource {
    fn name(&self) -> &str {
        NAME
    }

    fn run(self: Arc<Self>, context: Context) -> Pin<Box<dyn Future<Output = Result<(), SourceFailure>> + Send>> {
        Box::pin(async move {
            let result = run(&self.hub, context).await;
            {
                let mut state = self.hub.lock();
                state.controller = None;
                state.trouble = result.as_ref().err().map(|failure| failure.0.clone());
                state.abandon(Now::read().steady);
            }
            let _ = tokio::time::timeout(KEEP_WITHIN, self.hub.keep_aside()).await;
            self.hub.tell();
            result
        })
    }
}

async fn run(hub: &Arc<Hub>, mut context: Context) -> Result<(), SourceFailure> {
    let Some(fabric) = fabric(hub, &mut context).await? else { return Ok(()) };
    let options = ControllerOptions {
        attestation_roots: hub.config.attestation_roots.clone(),
        port: hub.config.port,
    };
    let id = fabric.compressed_id();
    // Codes whose time is over have gone when the files were read; now they go from the disk.
    let _ = hub.keep_aside().await;
    // Waits until the thread stands.
    let started = tokio::task::spawn_blocking(move || Controller::start(&fabric, options)).await;
    let (controller, events) = match started {
        Ok(Ok(started)) => started,
        Ok(Err(error)) => return Err(SourceFailure(error.to_string())),
        Err(_) => return Err(SourceFailure("the Matter controller broke off while it started".to_owned())),
    };
    {
        let mut state = hub.lock();
        state.abandon(Now::read().steady);
        state.controller = Some(controller.clone());
        state.trouble = None;
        let registered = state.registry.nodes().filter(|known| known.check_in_registered).map(|known| known.node);
        controller.expect_check_ins(registered.collect());
        state.directory_seen = 0;
    }
    hub.tell();
    Loop {
        hub,
        controller,
        sender: context.sender().clone(),
        tasks: JoinSet::new(),
        told: None,
        _wanted: hub.config.services.want(&fabric_subtype(id)),
        fabric: id,
        expired: Duration::ZERO,
    }
    .run(context, events)
    .await
}

/// Waits until there is a fabric: nothing is made before a person pairs a device. `None` where the service ends before.
async fn fabric(hub: &Arc<Hub>, context: &mut Context) -> Result<Option<Arc<weft_matter::Fabric>>, SourceFailure> {
    let mut told = None;
    loop {
        let (fabric, problem, waits) = {
            let state = hub.lock();
            (state.fabric.clone(), state.problem.clone(), state.jobs.has_live())
        };
        if let Some(fabric) = fabric.filter(|_| problem.is_none()) {
            return Ok(Some(fabric));
        }
        if problem.is_none() && waits {
            // Jobs of an earlier run, whose fabric was moved away since.
            let hub = Arc::clone(hub);
            let made = tokio::task::spawn_blocking(move || hub.ensure_fabric()).await;
            // Tried again after a pause: the disk may be full.
            made.unwrap_or(Ok(())).map_err(|refusal| SourceFailure(refusal.to_string()))?;
            continue;
        }
        if told != Some(problem.clone()) {
            match &problem {
                Some(problem) => context.deaf(problem).await,
                None => context.working(Some("no device is paired yet".to_owned()), None).await,
            }
            told = Some(problem);
        }
        tokio::select! {
            () = hub.wake.notified() => {}
            () = context.ended() => return Ok(None),
        }
    }
}

struct Loop<'h> {
    hub: &'h Arc<Hub>,
    controller: Controller,
    sender: CaptureSender,
    tasks: JoinSet<()>,
    /// What was last said about ourselves, and when.
    told: Option<(Said, Duration)>,
    /// Announcements of our fabric are asked for: other ecosystems' may take the room of ours in answers.
    _wanted: Wanted,
    fabric: CompressedFabricId,
    expired: Duration,
}

/// What the source says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    state: SourceState,
    reason: Option<String>,
    devices: usize,
    interval_seconds: u64,
}

impl Loop<'_> {
    async fn run(mut self, mut context: Context, events: mpsc::Receiver<ControllerEvent>) -> Result<(), SourceFailure> {
        let mut announced = self.hub.config.services.changed();
        self.tasks.spawn(listen(Arc::clone(self.hub), self.sender.clone(), events));
        loop {
            let now = Now::read();
            self.look_around(now);
            self.begin_what_is_due(now);
            self.say(&context).await;
            let pause = self.pause(Now::read().steady);
            tokio::select! {
                () = self.hub.wake.notified() => {}
                Ok(()) = announced.changed() => {}
                Some(ended) = self.tasks.join_next() => self.look_after(ended)?,
                () = tokio::time::sleep(pause) => {}
                () = context.ended() => break,
            }
        }
        let is_pairing = !self.hub.lock().jobs.running_ids().is_empty();
        self.tasks.shutdown().await;
        if is_pairing {
            // Devices that were joining are told that it is over.
            tokio::time::sleep(CLEAN_UP_WITHIN).await;
        }
        Ok(())
    }

    /// A task ended: all but one do so when their work is done.
    fn look_after(&self, ended: Result<(), JoinError>) -> Result<(), SourceFailure> {
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!("a defect: a task of the Matter source panicked; it goes on without it");
        }
        if self.hub.lock().has_controller_ended {
            return Err(SourceFailure(OperationError::Ended.to_string()));
        }
        Ok(())
    }

    /// What the directory says, and what time does by itself.
    fn look_around(&mut self, now: Now) {
        let mut to_forget = Vec::new();
        let mut to_keep = false;
        {
            let mut state = self.hub.lock();
            to_forget.extend(state.look_at_directory(&self.hub.config, now));
            if now.steady.saturating_sub(self.expired) >= EXPIRE_EVERY {
                self.expired = now.steady;
                if state.jobs.expire(now) {
                    state.touch();
                }
                // Where everything is on disk already, this does nothing.
                to_keep = true;
            }
            for node in state.subscriptions.take_lost(now.steady) {
                // It may only have rebooted; it may be gone.
                state.schedule.changed(&node, now.steady);
                state.touch();
            }
            if state.keep_by().is_some_and(|by| by <= now.steady) {
                state.is_being_kept(now.steady);
                to_keep = true;
            }
        }
        to_forget.into_iter().for_each(|node| self.controller.forget(node));
        if to_keep {
            let hub = Arc::clone(self.hub);
            self.tasks.spawn(async move {
                let _ = hub.keep_aside().await;
            });
        }
    }

    fn begin_what_is_due(&mut self, now: Now) {
        let mut state = self.hub.lock();
        while let Some(id) = state.jobs.next_waiting(now.steady) {
            if let Some(task) = state.jobs.begin(id, now) {
                let (cancel, cancelled) = watch::channel(false);
                state.cancels.insert(id, cancel);
                self.tasks
                    .spawn(jobs::run::run(Arc::clone(self.hub), self.controller.clone(), id, task, cancelled));
            }
            state.touch();
        }
        while let Next::Ask { key: node, reason } = state.schedule.next(now.steady) {
            tracing::trace!(%node, ?reason, "asked");
            state.schedule.asked(&node, now.steady);
            self.tasks
                .spawn(poll::poll(Arc::clone(self.hub), self.controller.clone(), self.sender.clone(), node));
            state.touch();
        }
        while let Some(node) = state.subscriptions.take_due(now.steady) {
            let network = state.registry.get(node).and_then(|known| known.network);
            state.schedule.spent(network, now.steady);
            self.tasks
                .spawn(poll::subscribe(Arc::clone(self.hub), self.controller.clone(), self.sender.clone(), node));
        }
        for peer in state.take_adoptable(&self.hub.config, now) {
            state.schedule.spent(None, now.steady);
            self.tasks.spawn(adopt::try_one(Arc::clone(self.hub), self.controller.clone(), peer));
        }
        while let Some(node) = state.check_ins_to_settle.pop_first() {
            let (hub, controller) = (Arc::clone(self.hub), self.controller.clone());
            self.tasks.spawn(async move { poll::settle_check_ins(&hub, &controller, node).await });
        }
    }

    /// Until something is due by itself.
    fn pause(&self, now: Duration) -> Duration {
        let tell = self.hub.tell_in_time(now);
        let mut state = self.hub.lock();
        let ask = match state.schedule.next(now) {
            Next::Ask { .. } => Some(now),
            Next::Wait { until } => Some(until),
            Next::Idle => None,
        };
        let times = [tell, ask, state.subscriptions.next_due(), state.adoption_due(), state.keep_by()];
        let next = times.into_iter().flatten().min();
        next.map_or(LOOK_EVERY, |next| next.saturating_sub(now)).min(LOOK_EVERY)
    }

    /// Says what the source is doing, where that is not what it said last.
    async fn say(&mut self, context: &Context) {
        let now = Now::read().steady;
        let said = said(&self.hub.lock());
        if let Some((told, at)) = &self.told {
            let is_small = (told.state, &told.reason) == (said.state, &said.reason);
            if *told == said || (is_small && now < *at + SAY_EVERY) {
                return;
            }
        }
        let detail = json!({ "interval_seconds": said.interval_seconds, "devices": said.devices, "fabric": self.fabric });
        match said.state {
            SourceState::Working => context.working(said.reason.clone(), Some(detail)).await,
            state => _ = context.sender().report(state, said.reason.clone(), Some(detail)).await,
        }
        self.told = Some((said, now));
    }
}

fn said(state: &State) -> Said {
    let devices = state.registry.nodes().len();
    // That of routers; each report tells its own device's.
    let interval = state.schedule.pace().router_interval;
    let (what, reason) = if state.settings.paused {
        (SourceState::Suspended, Some("questions are paused".to_owned()))
    } else if devices > 0 && state.routeless.len() >= devices.min(ROUTELESS) {
        let reason = "this machine has no route to its devices: is it on the network, and does it accept the routes that border routers announce?";
        (SourceState::Deaf, Some(reason.to_owned()))
    } else {
        (SourceState::Working, (devices == 0).then(|| "no device is paired yet".to_owned()))
    };
    Said {
        state: what,
        reason,
        devices,
        interval_seconds: interval.as_secs(),
    }
}

/// Takes what the controller tells without being asked.
async fn listen(hub: Arc<Hub>, sender: CaptureSender, mut events: mpsc::Receiver<ControllerEvent>) {
    while let Some(event) = events.recv().await {
        match event {
            ControllerEvent::Report {
                node,
                subscription,
                attributes,
            } => poll::reported(&hub, &sender, node, subscription, attributes).await,
            ControllerEvent::CheckIn { node } => checked_in(&hub, node),
        }
    }
    hub.lock().has_controller_ended = true;
}

fn checked_in(hub: &Hub, node: MatterNodeId) {
    let now = Now::read();
    hub.lock().schedule.checked_in(&node, now.steady);
    hub.wake.notify_one();
}
