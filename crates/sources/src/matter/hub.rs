//! What is known of the fabric at this moment, in one place. The lock is held for moments only, and never while anything is waited for.

use super::adopt::Adoption;
use super::devices::Device;
use super::jobs::Jobs;
use super::refusal::MatterRefusal;
use super::registry::{Registry, SetAside};
use super::settings::Settings;
use super::subscriptions::Subscriptions;
use super::{MatterConfig, Now};
use crate::schedule::Schedule;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use weft_matter::{Controller, Fabric, Intervals};
use weft_model::{CompressedFabricId, MatterNodeId};

/// How often whoever watches is told that something changed.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// Changes that a crash may cost are written so much later: one write for many devices.
const KEEP_SOON: Duration = Duration::from_secs(5);
/// The same for when a device last answered: flash memory wears out.
const KEEP_EVENTUALLY: Duration = Duration::from_secs(600);

/// The one place.
pub(super) struct Hub {
    pub(super) config: MatterConfig,
    state: Mutex<State>,
    /// Held while files are read or written.
    files: Mutex<()>,
    /// There is something to be done.
    pub(super) wake: Notify,
    changed: watch::Sender<u64>,
}

/// What is known.
pub(super) struct State {
    pub(super) fabric: Option<Arc<Fabric>>,
    /// Why the fabric cannot be used at all.
    pub(super) problem: Option<String>,
    /// Why the controller does not run, where that was tried.
    pub(super) trouble: Option<String>,
    /// What a person should hear of once.
    pub(super) notices: Vec<String>,
    pub(super) registry: Registry,
    pub(super) settings: Settings,
    pub(super) jobs: Jobs,
    /// What is known of devices in this run; one for each of the registry.
    pub(super) devices: BTreeMap<MatterNodeId, Device>,
    pub(super) schedule: Schedule<MatterNodeId>,
    pub(super) subscriptions: Subscriptions,
    pub(super) adoption: Adoption,
    /// While the source runs.
    pub(super) controller: Option<Controller>,
    /// How running jobs are told that they are cancelled.
    pub(super) cancels: BTreeMap<u64, watch::Sender<bool>>,
    /// Reserved numbers that a running job uses.
    pub(super) held: BTreeSet<MatterNodeId>,
    /// Long-idle devices whose registration is to be made or taken back.
    pub(super) check_ins_to_settle: BTreeSet<MatterNodeId>,
    /// Devices to which this machine had no route, since one last answered.
    pub(super) routeless: BTreeSet<MatterNodeId>,
    /// The controller's thread is gone.
    pub(super) has_controller_ended: bool,
    /// Change of the service directory up to which it was looked at.
    pub(super) directory_seen: u64,
    keep_registry_by: Option<Duration>,
    keep_settings: bool,
    has_changed: bool,
    told_at: Duration,
}

impl Hub {
    /// Reads what is kept. What cannot be used is told; nothing is made yet.
    pub(super) fn open(config: MatterConfig) -> Arc<Self> {
        let now = Now::read();
        let mut state = State {
            fabric: None,
            problem: None,
            trouble: None,
            notices: Vec::new(),
            registry: Registry::default(),
            settings: Settings::default(),
            jobs: Jobs::default(),
            devices: BTreeMap::new(),
            schedule: Schedule::new(config.pace.clone()),
            subscriptions: Subscriptions::default(),
            adoption: Adoption::default(),
            controller: None,
            cancels: BTreeMap::new(),
            held: BTreeSet::new(),
            check_ins_to_settle: BTreeSet::new(),
            routeless: BTreeSet::new(),
            has_controller_ended: false,
            directory_seen: 0,
            keep_registry_by: None,
            keep_settings: false,
            has_changed: false,
            told_at: Duration::ZERO,
        };
        match Settings::open(&config.directory) {
            Ok((settings, set_aside)) => {
                state.settings = settings;
                state.notice("the fabric's settings", set_aside);
            }
            Err(error) => state.notices.push(format!("the fabric's settings cannot be read: {error}")),
        }
        state.schedule.pause(state.settings.paused, now.steady);
        match Jobs::open(&config.directory, now) {
            Ok((jobs, set_aside)) => {
                state.jobs = jobs;
                state.notice("the list of pairing jobs", set_aside);
            }
            Err(error) => state.notices.push(format!("the list of pairing jobs cannot be read: {error}")),
        }
        if Fabric::exists(&config.directory) {
            match Fabric::open(&config.directory, &config.host) {
                Ok(fabric) => state.take_fabric(fabric, &config, now),
                Err(error) => state.problem = Some(error.to_string()),
            }
        }
        for notice in &state.notices {
            tracing::warn!(notice, "Matter");
        }
        if let Some(problem) = &state.problem {
            tracing::error!(problem, "the Matter fabric cannot be used; everything else goes on");
        }
        Arc::new(Self {
            config,
            state: Mutex::new(state),
            files: Mutex::default(),
            wake: Notify::new(),
            changed: watch::Sender::new(0),
        })
    }

    /// What is known.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves a state that was consistent enough to go on with.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the fabric where there is none yet. Reads and writes files.
    pub(super) fn ensure_fabric(&self) -> Result<(), MatterRefusal> {
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let state = self.lock();
            if let Some(problem) = &state.problem {
                return Err(MatterRefusal::Fabric(problem.clone()));
            }
            if state.fabric.is_some() {
                return Ok(());
            }
        }
        let fabric = Fabric::open(&self.config.directory, &self.config.host).map_err(|error| MatterRefusal::Fabric(error.to_string()))?;
        tracing::info!(fabric = %fabric.compressed_id(), label = fabric.label(), "a Matter fabric was made");
        let mut state = self.lock();
        state.take_fabric(fabric, &self.config, Now::read());
        match &state.problem {
            Some(problem) => Err(MatterRefusal::Fabric(problem.clone())),
            None => Ok(()),
        }
    }

    /// Writes everything that is not on disk yet. When it returns, what was known when it was called is kept.
    pub(super) fn keep(&self) -> Result<(), MatterRefusal> {
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let (registry, jobs, settings) = {
            let mut state = self.lock();
            let can_keep_nodes = state.fabric.is_some() && state.problem.is_none();
            (
                state.keep_registry_by.take().filter(|_| can_keep_nodes).map(|_| state.registry.bytes()),
                state.jobs.take_unkept().then(|| state.jobs.bytes()),
                std::mem::take(&mut state.keep_settings).then(|| state.settings.bytes()),
            )
        };
        let folder = &self.config.directory;
        // The registry first: a job that is done has its device there.
        let nodes = registry.map_or(Ok(()), |bytes| Registry::write(folder, &bytes));
        let works = jobs.map_or(Ok(()), |bytes| Jobs::write(folder, &bytes));
        let decisions = settings.map_or(Ok(()), |bytes| Settings::write(folder, &bytes));
        if nodes.is_ok() && works.is_ok() && decisions.is_ok() {
            return Ok(());
        }
        let mut state = self.lock();
        let again = Now::read().steady + KEEP_SOON;
        if nodes.is_err() {
            state.keep_registry_by = Some(again);
        }
        if works.is_err() {
            state.jobs.set_unkept();
        }
        state.keep_settings |= decisions.is_err();
        let error = [nodes, works, decisions].into_iter().find_map(Result::err);
        let error = error.map_or_else(String::new, |error| format!("{}: {error}", folder.display()));
        tracing::error!(error, "the fabric's files cannot be written");
        Err(MatterRefusal::Keeping(error))
    }

    /// [`Self::keep`] without holding up anybody.
    pub(super) async fn keep_aside(self: &Arc<Self>) -> Result<(), MatterRefusal> {
        let hub = Arc::clone(self);
        let kept = tokio::task::spawn_blocking(move || hub.keep()).await;
        kept.unwrap_or_else(|_| Err(MatterRefusal::Keeping("the writing broke off".to_owned())))
    }

    /// For whoever watches.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Tells whoever watches at once.
    pub(super) fn tell(&self) {
        {
            let mut state = self.lock();
            state.has_changed = false;
            state.told_at = Now::read().steady;
        }
        self.changed.send_modify(|number| *number += 1);
    }

    /// Tells whoever watches of what changed, but not too often. Gives when to call it again.
    pub(super) fn tell_in_time(&self, now: Duration) -> Option<Duration> {
        let due = {
            let state = self.lock();
            state.has_changed.then(|| state.told_at + TELL_EVERY)?
        };
        if due > now {
            return Some(due);
        }
        self.tell();
        None
    }
}

impl State {
    fn notice(&mut self, what: &str, set_aside: Option<SetAside>) {
        if let Some(SetAside { reason, to }) = set_aside {
            self.notices
                .push(format!("{what} could not be used ({reason}) and was set aside as {}", to.display()));
        }
    }

    /// Goes on with a fabric, and with its devices as they are kept.
    fn take_fabric(&mut self, fabric: Fabric, config: &MatterConfig, now: Now) {
        match Registry::open(&config.directory, fabric.compressed_id()) {
            Ok((registry, set_aside)) => {
                let was_lost = set_aside.is_some();
                self.notice("the list of paired devices", set_aside);
                if was_lost {
                    self.notices
                        .push("devices that announce themselves as ours are taken into a new list".to_owned());
                }
                self.registry = registry;
            }
            Err(error) => {
                self.problem = Some(format!(
                    "the list of paired devices in {} cannot be read: {error}",
                    config.directory.display()
                ));
                return;
            }
        }
        self.fabric = Some(Arc::new(fabric));
        let nodes: Vec<MatterNodeId> = self.registry.nodes().map(|node| node.node).collect();
        nodes.into_iter().for_each(|node| self.follow(node, now));
    }

    /// Nobody works on anything any more: the source begins anew, or ends.
    pub(super) fn abandon(&mut self, now: Duration) {
        for id in self.jobs.running_ids() {
            self.jobs.interrupted(id);
        }
        self.cancels.clear();
        self.held.clear();
        self.subscriptions.clear();
        self.has_controller_ended = false;
        self.adoption.abandon();
        self.schedule.abandon(now);
        self.touch();
    }

    /// Takes note of what was announced since. Gives those whose session is of no use any more.
    pub(super) fn look_at_directory(&mut self, config: &MatterConfig, now: Now) -> Vec<MatterNodeId> {
        let Some(fabric) = &self.fabric else { return Vec::new() };
        let (id, us) = (fabric.compressed_id(), fabric.our_node());
        let (announced, seen) = config.services.announced_since(id, self.directory_seen);
        self.directory_seen = seen;
        let mut to_forget = Vec::new();
        for peer in announced.into_iter().filter(|peer| peer.node != us) {
            if self.registry.get(peer.node).is_some() {
                let located = config.services.operational(peer);
                if located.is_some_and(|located| self.announced(peer.node, &located, now)) {
                    to_forget.push(peer.node);
                }
            } else if !self.registry.is_retired(peer.node) {
                self.adoption.announced(peer.node, now.steady);
            }
        }
        to_forget
    }

    /// All that answered are to tell of changes by themselves.
    pub(super) fn subscribe_to_all(&mut self, now: Now) {
        let answered: Vec<MatterNodeId> = self
            .devices
            .iter()
            .filter(|(_, device)| device.has_answered)
            .map(|(node, _)| *node)
            .collect();
        for node in answered {
            let known = self.registry.get(node);
            let may = known.is_some_and(|known| known.capability.may_have_diagnostics() && !Intervals::from(known.intervals).long_idle);
            if may {
                self.subscriptions.want(node, now.steady);
            }
        }
    }

    /// Our fabric's name in announcements.
    pub(super) fn fabric_id(&self) -> Option<CompressedFabricId> {
        self.fabric.as_ref().map(|fabric| fabric.compressed_id())
    }

    /// Somebody may want to know that something changed.
    pub(super) fn touch(&mut self) {
        self.has_changed = true;
    }

    /// The registry changed; it must be on disk before anything goes on: [`Hub::keep`] is to be called.
    pub(super) fn keep_now(&mut self) {
        self.keep_registry_by = Some(Duration::ZERO);
    }

    /// The registry changed, and a few seconds of it may be lost.
    pub(super) fn keep_soon(&mut self, now: Duration) {
        let by = now + KEEP_SOON;
        self.keep_registry_by = Some(self.keep_registry_by.map_or(by, |before| before.min(by)));
    }

    /// The registry changed in what matters little.
    pub(super) fn keep_eventually(&mut self, now: Duration) {
        self.keep_registry_by.get_or_insert(now + KEEP_EVENTUALLY);
    }

    /// A decision changed: [`Hub::keep`] is to be called.
    pub(super) fn keep_settings(&mut self) {
        self.keep_settings = true;
    }

    /// [`Hub::keep`] was called, and will be through in a moment.
    pub(super) fn is_being_kept(&mut self, now: Duration) {
        if let Some(by) = &mut self.keep_registry_by {
            *by = (*by).max(now + KEEP_SOON);
        }
    }

    /// When [`Hub::keep`] is to be called for what may wait.
    pub(super) fn keep_by(&self) -> Option<Duration> {
        self.keep_registry_by
    }
}
