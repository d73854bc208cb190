//! How a person's wishes reach the fabric: for the server and the command line.

use super::Now;
use super::hub::Hub;
use super::leave::{self, Unpaired};
use super::refusal::MatterRefusal;
use super::view;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;
use weft_matter::{Intervals, SetupCode};
use weft_model::{AttestationChoice, FabricView, MatterNodeId};

/// The fabric, for whoever shows it and passes wishes on. Clones are the same fabric.
///
/// Wishes are on disk when a method returns: it writes a small file or two, so call it where a moment's waiting holds up nobody.
#[derive(Clone)]
pub struct MatterHandle {
    hub: Arc<Hub>,
}

impl MatterHandle {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// Everything about the fabric at this moment. Cheap.
    pub fn view(&self) -> FabricView {
        view::view(&self.hub)
    }

    /// A number that rises when [`Self::view`] has changed, a few times a second at most.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.hub.watch()
    }

    /// Why nothing can be paired or asked; `None` where all is well. And what a person should have heard of once: files that were set aside.
    pub fn problems(&self) -> (Option<String>, Vec<String>) {
        let state = self.hub.lock();
        (state.problem.clone(), state.notices.clone())
    }

    /// Has devices joined to the fabric, which is made where there is none yet. Gives one job for each code, in their order; all or none are taken.
    /// With an address, the one device is not looked for. `accept_attestation`: also where a device proves too little about its maker.
    ///
    /// # Errors
    /// [`MatterRefusal`].
    pub fn pair(&self, codes: Vec<SetupCode>, address: Option<SocketAddr>, accept_attestation: bool) -> Result<Vec<u64>, MatterRefusal> {
        if codes.is_empty() {
            return Err(MatterRefusal::NoCode);
        }
        self.hub.ensure_fabric()?;
        let jobs = {
            let mut state = self.hub.lock();
            if let Some(trouble) = &state.trouble {
                return Err(MatterRefusal::NotRunning(trouble.clone()));
            }
            let paired = state.registry.nodes().len();
            state.jobs.enter(codes, address, accept_attestation, paired, Now::read())?
        };
        if let Err(refusal) = self.hub.keep() {
            self.hub.lock().jobs.withdraw(&jobs);
            return Err(refusal);
        }
        self.done();
        Ok(jobs)
    }

    /// Begins a job again that failed, or about which a person had to decide.
    ///
    /// # Errors
    /// [`MatterRefusal`].
    pub fn retry(&self, job: u64, accept_attestation: bool) -> Result<(), MatterRefusal> {
        self.hub.lock().jobs.retry(job, accept_attestation)?;
        self.keep_and_tell()
    }

    /// Gives a job up: what it wrote to the device is taken back. One that is over is taken off the list.
    ///
    /// # Errors
    /// [`MatterRefusal`].
    pub fn cancel(&self, job: u64) -> Result<(), MatterRefusal> {
        {
            let mut state = self.hub.lock();
            state.jobs.cancel(job, Now::read())?;
            if let Some(cancel) = state.cancels.remove(&job) {
                cancel.send_replace(true);
            }
        }
        self.keep_and_tell()
    }

    /// Leaves devices, all at the same time; each is asked for up to half a minute. With `forget` those that do not answer are dropped from the list all
    /// the same. Goes on where the future is dropped. The fabric itself stays, also without devices: nothing is orphaned that might still believe in it.
    ///
    /// # Errors
    /// [`MatterRefusal`], where a node is not known or nothing can be sent; what came of each device is in its [`Unpaired`].
    pub async fn unpair(&self, nodes: Vec<MatterNodeId>, forget: bool) -> Result<Vec<Unpaired>, MatterRefusal> {
        leave::unpair(Arc::clone(&self.hub), nodes, forget).await
    }

    /// Asks nobody any more, or goes on. Devices that a person pairs or leaves are spoken with all the same.
    ///
    /// # Errors
    /// [`MatterRefusal::Keeping`]: it holds, but not beyond a restart.
    pub fn set_paused(&self, paused: bool) -> Result<(), MatterRefusal> {
        {
            let now = Now::read();
            let mut state = self.hub.lock();
            if state.settings.paused == paused {
                return Ok(());
            }
            state.settings.paused = paused;
            state.schedule.pause(paused, now.steady);
            if paused {
                let told = state.subscriptions.clear();
                if let Some(controller) = &state.controller {
                    told.into_iter().for_each(|node| controller.forget(node));
                }
            } else {
                state.subscribe_to_all(now);
            }
            state.keep_settings();
        }
        self.keep_and_tell()
    }

    /// Asks one device now, or all that listen, as soon as the budget allows.
    ///
    /// # Errors
    /// [`MatterRefusal::Paused`], [`MatterRefusal::UnknownNode`], [`MatterRefusal::Leaving`], [`MatterRefusal::Asleep`].
    pub fn refresh(&self, node: Option<MatterNodeId>) -> Result<(), MatterRefusal> {
        {
            let now = Now::read().steady;
            let mut state = self.hub.lock();
            if state.settings.paused {
                return Err(MatterRefusal::Paused);
            }
            match node {
                Some(node) => {
                    let device = state.devices.get_mut(&node).ok_or(MatterRefusal::UnknownNode(node))?;
                    if device.is_leaving {
                        return Err(MatterRefusal::Leaving(node));
                    }
                    device.wants_everything = true;
                    if !state.schedule.request(&node, now) {
                        return Err(MatterRefusal::Asleep(node));
                    }
                }
                None => _ = state.schedule.request_all(now),
            }
        }
        self.done();
        Ok(())
    }

    /// What is done from now on when a device proves too little about its maker.
    ///
    /// # Errors
    /// [`MatterRefusal::Keeping`]: it holds, but not beyond a restart.
    pub fn set_attestation(&self, choice: AttestationChoice) -> Result<(), MatterRefusal> {
        {
            let mut state = self.hub.lock();
            state.settings.attestation = choice;
            state.keep_settings();
        }
        self.keep_and_tell()
    }

    /// Lets Weft register for check-ins of a long-idle device, or has it take that back. It is done at once where the device listens, else when it next
    /// answers.
    ///
    /// # Errors
    /// [`MatterRefusal::UnknownNode`], [`MatterRefusal::NotLongIdle`], [`MatterRefusal::Keeping`].
    pub fn set_check_in(&self, node: MatterNodeId, allowed: bool) -> Result<(), MatterRefusal> {
        {
            let mut state = self.hub.lock();
            let known = state.registry.get_mut(node).ok_or(MatterRefusal::UnknownNode(node))?;
            if allowed && !Intervals::from(known.intervals).long_idle {
                return Err(MatterRefusal::NotLongIdle(node));
            }
            known.check_in = allowed;
            let is_open = known.check_in != known.check_in_registered;
            state.keep_now();
            if is_open {
                state.check_ins_to_settle.insert(node);
            }
        }
        self.keep_and_tell()
    }

    fn keep_and_tell(&self) -> Result<(), MatterRefusal> {
        let kept = self.hub.keep();
        self.done();
        kept
    }

    fn done(&self) {
        self.hub.tell();
        self.hub.wake.notify_one();
    }
}
