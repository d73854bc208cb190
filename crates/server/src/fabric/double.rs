//! A fabric in memory, for tests: takes what begins with `MT:` for a code, and keeps what it was asked.

use super::{Entered, Leaving, Left, Pairing, Refusal, RefusedCode};
use crate::testing::now;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::sync::watch;
use weft_model::{AttestationChoice, DeviceState, FabricView, JobState, JobStep, MatterNodeId, PairedDevice, PairingJob, StepState};

pub(crate) struct Double {
    view: Mutex<FabricView>,
    changed: watch::Sender<u64>,
    /// What it was asked, in words.
    pub(crate) asked: Mutex<Vec<String>>,
}

pub(crate) fn device(number: u64) -> PairedDevice {
    PairedDevice {
        node: MatterNodeId::from_u64(number),
        name: Some("Hall plug".into()),
        paired_at: now(),
        state: DeviceState::Answering,
        address: Some("[fd00::1]:5540".into()),
        sleepy: false,
        long_idle: false,
        check_in: false,
        subscribed: true,
        answered_at: Some(now()),
        next_question_at: None,
        in_vain: 0,
        error: None,
    }
}

fn job(id: u64, code: &str) -> PairingJob {
    let step = JobStep {
        step: "find".into(),
        state: StepState::Running,
        began_at: Some(now()),
        milliseconds: None,
    };
    PairingJob {
        id,
        code: masked(code),
        state: JobState::Running,
        name: None,
        node: None,
        address: None,
        created_at: now(),
        ended_at: None,
        attempts: 1,
        steps: vec![step],
        failure: None,
        error: None,
        advice: None,
        may_retry: false,
        attestation: Vec::new(),
    }
}

fn masked(code: &str) -> String {
    let end: String = code.chars().skip(code.chars().count().saturating_sub(2)).collect();
    format!("…{end}")
}

impl Double {
    pub(crate) fn new() -> Self {
        let view = FabricView {
            fabric: None,
            label: "Weft hall".into(),
            paused: false,
            attestation: AttestationChoice::Ask,
            questions_last_minute: 0,
            budget_per_minute: 60,
            jobs: Vec::new(),
            devices: vec![device(1), device(2)],
        };
        Self {
            view: Mutex::new(view),
            changed: watch::Sender::new(0),
            asked: Mutex::default(),
        }
    }

    pub(crate) fn change(&self, what: String, change: impl FnOnce(&mut FabricView)) {
        self.asked.lock().unwrap().push(what);
        change(&mut self.view.lock().unwrap());
        self.changed.send_modify(|count| *count += 1);
    }

    fn known(&self, found: bool, what: &str) -> Result<(), Refusal> {
        found.then_some(()).ok_or_else(|| Refusal::Unknown(format!("There is no such {what}.")))
    }
}

impl Pairing for Double {
    fn view(&self) -> FabricView {
        self.view.lock().unwrap().clone()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn pair(&self, codes: &str, address: Option<SocketAddr>, accept_attestation: bool) -> Result<Entered, Refusal> {
        let mut entered = Entered::default();
        for code in codes.split_whitespace() {
            if code.starts_with("MT:") {
                let id = self.view().jobs.len() as u64 + 1;
                self.change(format!("pair at {address:?}, accept {accept_attestation}"), |view| {
                    view.jobs.push(job(id, code))
                });
                entered.jobs.push(id);
            } else {
                entered.refused.push(RefusedCode {
                    code: masked(code),
                    why: "A manual code has 11 or 21 digits.".into(),
                });
            }
        }
        Ok(entered)
    }

    fn photo(&self, image: &[u8], accept_attestation: bool) -> Result<Entered, Refusal> {
        if image == b"no picture" {
            return Err(Refusal::Wrong("This is no picture.".into()));
        }
        self.pair("MT:FROM.A.PICTURE", None, accept_attestation)
    }

    fn retry(&self, job: u64, accept_attestation: bool) -> Result<(), Refusal> {
        self.known(self.view().jobs.iter().any(|known| known.id == job), "job")?;
        self.change(format!("retry {job}, accept {accept_attestation}"), |_| {});
        Ok(())
    }

    fn cancel(&self, job: u64) -> Result<(), Refusal> {
        self.known(self.view().jobs.iter().any(|known| known.id == job), "job")?;
        let is_over = self.view().jobs.iter().any(|known| known.id == job && known.state.is_over());
        if is_over {
            return Err(Refusal::NotNow("It is over.".into()));
        }
        self.change(format!("cancel {job}"), |view| {
            view.jobs.iter_mut().for_each(|job| job.state = JobState::Cancelled);
        });
        Ok(())
    }

    fn unpair(&self, nodes: Vec<MatterNodeId>, forget: bool) -> Leaving {
        self.change(format!("unpair {}, forget {forget}", nodes.len()), |view| {
            view.devices.retain(|device| !nodes.contains(&device.node));
        });
        Box::pin(async move {
            let left = |node| Left { node, ok: true, error: None };
            Ok(nodes.into_iter().map(left).collect())
        })
    }

    fn set_paused(&self, paused: bool) -> Result<(), Refusal> {
        self.change(format!("paused {paused}"), |view| view.paused = paused);
        Ok(())
    }

    fn refresh(&self, node: Option<MatterNodeId>) -> Result<(), Refusal> {
        if self.view().paused {
            return Err(Refusal::NotNow("Questions are paused.".into()));
        }
        self.change(format!("refresh {node:?}"), |_| {});
        Ok(())
    }

    fn set_attestation(&self, choice: AttestationChoice) -> Result<(), Refusal> {
        self.change(format!("attestation {choice:?}"), |view| view.attestation = choice);
        Ok(())
    }

    fn set_check_in(&self, node: MatterNodeId, wanted: bool) -> Result<(), Refusal> {
        self.known(self.view().devices.iter().any(|known| known.node == node), "device")?;
        self.change(format!("check-in {node} {wanted}"), |view| {
            view.devices
                .iter_mut()
                .filter(|device| device.node == node)
                .for_each(|device| device.check_in = wanted);
        });
        Ok(())
    }
}
