//! The steps of joining, one after the other, and taking back what was begun when they end early.
//!
//! Sleepy devices hear us only when they poll, so that each round trip costs as long as their interval: what does not depend on each other is asked
//! together, on at most five exchanges at once (Matter core specification 1.4, 4.10.5.2). From the parameter request to the end these are nine round
//! trips: three of PASE, attestation, certificate request, certificate, two of CASE, completion.

use super::connect::connect;
use super::mapping::{self, code, conversed, placed, refusal};
use super::pace::Pace;
use super::pase::PaseSession;
use super::{CommissionError, CommissionFailure, CommissionRequest, Commissioned, Step};
use crate::attestation::{AttestationInput, AttestationPolicy, AttestationReport, Request, check_request, verify};
use crate::commands::credentials::{self, Maker, Verdict as Certified};
use crate::commands::general::{Verdict, arm_fail_safe, commissioning_complete};
use crate::commands::leave::leave;
use crate::controller::{Failure, Progress, Shard};
use crate::fabric::{ADMINISTRATOR_VENDOR_ID, FabricError};
use crate::interaction::AttributePath;
use crate::interaction::invoke::{InvokeError, Line};
use crate::interaction::message::status;
use crate::interaction::read::read_few;
use crate::interaction::tlv::Element;
use crate::peer::Peer;
use std::cell::{Cell, OnceCell};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

/// After cancelling, the question that is under way may be answered for so long: then it ends between two questions, and the session stays good for
/// cleaning up.
const GRACE: Duration = Duration::from_secs(1);

/// What was not answered is asked again so often.
const RETRIES: u32 = 2;

/// A device that is busy is asked again so often, and after so long.
const BUSY_RETRIES: u32 = 3;
/// See [`BUSY_RETRIES`].
const BUSY_PAUSE: Duration = Duration::from_millis(400);

const BASIC_INFORMATION: u32 = 0x0028;
const VENDOR_ID: u32 = 0x0002;
const PRODUCT_ID: u32 = 0x0004;

/// Joins a device to our fabric. Not to be dropped before it ends: `cancelled` makes it end early and clean up.
///
/// # Errors
/// The step, why, and whether anything of us is left on the device.
pub(crate) async fn commission(
    shard: &Shard,
    request: &CommissionRequest,
    progress: &mpsc::UnboundedSender<Progress>,
    cancelled: impl Future<Output = ()>,
) -> Result<Commissioned, CommissionError> {
    let flow = Flow {
        shard,
        request,
        progress,
        pace: Pace::of(request.intervals),
        step: Cell::new(Step::Connect),
        cancelled: Cell::new(false),
        session: OnceCell::new(),
        armed: Cell::new(false),
        completing: Cell::new(false),
    };
    let mut cancelled = pin!(cancelled);
    let outcome = tokio::select! {
        biased;
        outcome = flow.run() => outcome,
        () = flow.cancel(cancelled.as_mut()) => Err(CommissionFailure::Cancelled),
    };
    let gone = poll_fn(|context| Poll::Ready(flow.cancelled.get() || cancelled.as_mut().poll(context).is_ready())).await;
    let step = flow.step.get();
    let (failure, left_clean) = match outcome {
        Ok(commissioned) if !gone => return Ok(commissioned),
        // Nobody would know that the device is ours.
        Ok(commissioned) => (CommissionFailure::Cancelled, flow.leave(&commissioned).await),
        Err(failure) => (failure, flow.clean_up().await),
    };
    tracing::debug!(step = step.name(), %failure, left_clean, "joining failed");
    Err(CommissionError { step, failure, left_clean })
}

struct Flow<'s> {
    shard: &'s Shard,
    request: &'s CommissionRequest,
    progress: &'s mpsc::UnboundedSender<Progress>,
    pace: Pace,
    step: Cell<Step>,
    cancelled: Cell<bool>,
    session: OnceCell<PaseSession>,
    /// The device may have heard ArmFailSafe.
    armed: Cell<bool>,
    /// The device may have heard CommissioningComplete.
    completing: Cell<bool>,
}

impl Flow<'_> {
    /// Ends when the flow has had time to end by itself.
    async fn cancel(&self, cancelled: Pin<&mut impl Future<Output = ()>>) {
        cancelled.await;
        self.cancelled.set(true);
        sleep(GRACE).await;
        while self.completing.get() {
            // It is too late: the device decides now whether it is ours, and that should be known.
            sleep(GRACE).await;
        }
    }

    fn begin(&self, step: Step) -> Result<(), CommissionFailure> {
        self.go_on()?;
        self.step.set(step);
        let _ = self.progress.send(Progress::Began(step));
        Ok(())
    }

    fn go_on(&self) -> Result<(), CommissionFailure> {
        if self.cancelled.get() {
            Err(CommissionFailure::Cancelled)
        } else {
            Ok(())
        }
    }

    async fn run(&self) -> Result<Commissioned, CommissionFailure> {
        self.begin(Step::Connect)?;
        let session = connect(self.shard, &self.request.addresses, &self.request.passcode, &self.pace, &self.cancelled).await?;
        let session = self.session.get_or_init(|| session);

        self.begin(Step::Attest)?;
        let (mut attestation, dac) = self.attest(session).await?;

        self.begin(Step::Credentials)?;
        let fabric_index = self.certify(session, &mut attestation, &dac).await?;

        self.begin(Step::Session)?;
        let (address, label) = tokio::join!(self.meet(session), self.label_before(session));
        let address = address?;

        self.begin(Step::Complete)?;
        let peer = Peer {
            node: self.request.node,
            addresses: vec![address],
            intervals: self.request.intervals,
        };
        self.completing.set(true);
        let completed = self.complete(&peer).await;
        self.completing.set(false);
        completed?;
        let label = match label {
            Some(label) => label,
            None => self.label_after(&peer).await,
        };
        Ok(Commissioned {
            node: self.request.node,
            fabric_index,
            address,
            label,
            attestation,
        })
    }

    /// Asks something over the session with the passcode; again where the device is busy, or no answer came and it may be asked twice.
    async fn ask<T>(
        &self,
        session: &PaseSession,
        what: &'static str,
        question: impl AsyncFn(Line<'_>) -> Result<T, InvokeError>,
    ) -> Result<T, CommissionFailure> {
        self.ask_at_most(1 + RETRIES, self.pace.word, session, what, question).await
    }

    async fn ask_at_most<T>(
        &self,
        times: u32,
        patience: Duration,
        session: &PaseSession,
        what: &'static str,
        question: impl AsyncFn(Line<'_>) -> Result<T, InvokeError>,
    ) -> Result<T, CommissionFailure> {
        let (mut asked, mut busy) = (0, 0);
        loop {
            self.go_on()?;
            asked += 1;
            let answer = async { question(Line::new(session.exchange(self.shard)?, patience)).await };
            match timeout(self.pace.answer, answer).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(InvokeError::Status { status: status::BUSY, .. })) if busy < BUSY_RETRIES => {
                    busy += 1;
                    asked -= 1;
                    sleep(BUSY_PAUSE).await;
                }
                Ok(Err(InvokeError::Unanswered)) if asked < times => {}
                Ok(Err(error)) => return Err(refusal(what, error, session.address)),
                Err(_) => return Err(CommissionFailure::NoAnswer(session.address.to_string())),
            }
        }
    }

    async fn arm(&self, session: &PaseSession) -> Result<(), CommissionFailure> {
        let seconds = self.pace.fail_safe_seconds;
        match self.ask(session, "ArmFailSafe", async |line| arm_fail_safe(line, seconds).await).await? {
            Verdict::Ok => Ok(()),
            Verdict::BusyWithOtherAdministrator => Err(CommissionFailure::Busy),
            Verdict::NoFailSafe => Err(CommissionFailure::Refused {
                what: "ArmFailSafe",
                status: 3,
            }),
            Verdict::Other(status) => Err(CommissionFailure::Refused { what: "ArmFailSafe", status }),
        }
    }

    /// Arms the fail-safe and looks at what the device proves. Gives its certificate too.
    async fn attest(&self, session: &PaseSession) -> Result<(AttestationReport, Vec<u8>), CommissionFailure> {
        let nonce = random()?;
        self.armed.set(true);
        let (armed, signed, dac, pai, basic_information) = tokio::join!(
            self.arm(session),
            self.ask(session, "AttestationRequest", async |line| credentials::attestation(line, &nonce).await),
            self.ask(session, "CertificateChainRequest", async |line| credentials::certificate(
                line,
                Maker::Device
            )
            .await),
            self.ask(session, "CertificateChainRequest", async |line| credentials::certificate(
                line,
                Maker::Product
            )
            .await),
            self.basic_information(session),
        );
        if let Err(CommissionFailure::Busy | CommissionFailure::Refused { .. }) = armed {
            // There is nothing to take back, and the fail-safe that may be armed is not ours.
            self.armed.set(false);
        }
        armed?;
        let (signed, dac, pai) = (signed?, dac?, pai?);
        let report = verify(&AttestationInput {
            elements: &signed.elements,
            signature: &signed.signature,
            dac: &dac,
            pai: &pai,
            nonce: &nonce,
            basic_information,
            expected: self.request.expected,
            roots: self.shard.common.roots.as_ref(),
            challenge: &session.challenge,
        });
        self.judge(&report)?;
        Ok((report, dac))
    }

    /// Tells what attestation proves, and ends where that is too little.
    fn judge(&self, report: &AttestationReport) -> Result<(), CommissionFailure> {
        let _ = self.progress.send(Progress::Attested(report.clone()));
        match self.request.attestation {
            AttestationPolicy::Ask if !report.is_enough() => Err(CommissionFailure::Attestation(report.clone())),
            AttestationPolicy::Ask | AttestationPolicy::Accept => Ok(()),
        }
    }

    /// Vendor and product id, where the device tells them.
    async fn basic_information(&self, session: &PaseSession) -> (Option<u16>, Option<u16>) {
        let path = |attribute| AttributePath {
            endpoint: Some(0),
            cluster: Some(BASIC_INFORMATION),
            attribute: Some(attribute),
        };
        let paths = [path(VENDOR_ID), path(PRODUCT_ID)];
        let reports = self
            .ask(session, "Basic Information", async |line| read_few(line, &paths).await)
            .await
            .unwrap_or_default();
        let value = |attribute| {
            let value = reports.iter().find(|report| report.attribute == attribute)?.value.as_ref().ok()?;
            Element::whole(value).ok()?.unsigned()
        };
        (value(VENDOR_ID), value(PRODUCT_ID))
    }

    /// Gives the device its place in our fabric. Gives its number for us.
    async fn certify(&self, session: &PaseSession, attestation: &mut AttestationReport, dac: &[u8]) -> Result<u8, CommissionFailure> {
        let fabric = &self.shard.common.fabric;
        let nonce = random()?;
        let root = fabric.root_certificate();
        let times = Cell::new(0);
        let (signed, rooted) = tokio::join!(
            self.ask(session, "CSRRequest", async |line| credentials::signing_request(line, &nonce).await),
            self.ask(session, "AddTrustedRootCertificate", async |line| {
                times.set(times.get() + 1);
                credentials::add_root(line, root).await
            }),
        );
        mapping::rooted(rooted, times.get())?;
        let signed = signed?;
        let garbled = || CommissionFailure::Garbled("CSRRequest".to_owned());
        let request = credentials::request_in(&signed.elements, &nonce).ok_or_else(garbled)?;
        let asked = Request {
            dac,
            elements: &signed.elements,
            signature: &signed.signature,
            challenge: &session.challenge,
        };
        if !check_request(attestation, &asked) {
            self.judge(attestation)?;
        }
        let certificate = fabric
            .issue(&self.shard.crypto, &request, self.request.node)
            .map_err(|error| match error {
                FabricError::Request(_) => garbled(),
                error => CommissionFailure::Ours(error.to_string()),
            })?;
        let us = fabric.our_node().as_u64();
        let verdict = self
            .ask_at_most(1, self.pace.answer, session, "AddNOC", async |line| {
                credentials::add_noc(line, &certificate, fabric.ipk(), us, ADMINISTRATOR_VENDOR_ID).await
            })
            .await?;
        placed(verdict)
    }

    /// Meets the device as a node of our fabric. One that is on the network already answers where it was, before it has announced itself.
    async fn meet(&self, session: &PaseSession) -> Result<SocketAddr, CommissionFailure> {
        let since = self.shard.heard.mark();
        let node = self.request.node;
        let (sender, elsewhere) = watch::channel(Vec::new());
        // A handshake whose answer was lost is begun anew: the library would wait for it for half a minute.
        let meeting = async {
            loop {
                let meeting = self
                    .shard
                    .meet(node, std::slice::from_ref(&session.address), &elsewhere, self.request.intervals);
                if let Ok(met) = timeout(self.pace.handshake, meeting).await {
                    return met;
                }
            }
        };
        let outcome = tokio::select! {
            biased;
            outcome = timeout(self.pace.session, meeting) => outcome,
            never = self.look_elsewhere(session.address, &sender) => match never {},
            never = self.stay_armed(session) => match never {},
            failure = self.until_cancelled() => return Err(failure),
        };
        match outcome {
            Ok(Ok(address)) => Ok(address),
            Ok(Err(error)) => Err(CommissionFailure::SessionRefused(error.to_string())),
            Err(_) => Err(match self.shard.heard.status(session.address, since) {
                Some(status) => CommissionFailure::SessionRefused(format!("status {status:?}")),
                None => CommissionFailure::NoAnswer(session.address.to_string()),
            }),
        }
    }

    /// Hands over the addresses where the device announces itself, unless it shows itself where it was: a device has time for one handshake.
    async fn look_elsewhere(&self, here: SocketAddr, sender: &watch::Sender<Vec<SocketAddr>>) -> std::convert::Infallible {
        let mut operational = self.request.operational.clone();
        loop {
            let since = self.shard.heard.mark();
            sleep(self.pace.stagger).await;
            if self.shard.heard.anything(here, since) {
                continue;
            }
            let found = operational.borrow_and_update().clone();
            if !found.is_empty() && *sender.borrow() != found {
                sender.send_replace(found);
            }
        }
    }

    /// Has the device go on waiting.
    async fn stay_armed(&self, session: &PaseSession) -> std::convert::Infallible {
        loop {
            sleep(Duration::from_secs(u64::from(self.pace.fail_safe_seconds) / 2)).await;
            if let Err(failure) = self.arm(session).await {
                tracing::debug!(%failure, "the fail-safe could not be prolonged");
            }
        }
    }

    async fn until_cancelled(&self) -> CommissionFailure {
        while !self.cancelled.get() {
            sleep(GRACE / 4).await;
        }
        CommissionFailure::Cancelled
    }

    /// Makes it stay.
    async fn complete(&self, peer: &Peer) -> Result<(), CommissionFailure> {
        let asked = Cell::new(0);
        let asking = self.shard.with_node(peer, async |exchange| {
            asked.set(asked.get() + 1);
            Ok::<_, Failure>(commissioning_complete(Line::new(exchange, self.pace.word)).await?)
        });
        match timeout(self.pace.session, asking).await {
            Ok(Ok(Verdict::Ok)) => Ok(()),
            // The answer to the first was lost. The device has met us once more as one of its fabrics and has nothing to complete: it is completed.
            Ok(Ok(Verdict::NoFailSafe)) if asked.get() > 1 => Ok(()),
            Ok(Ok(verdict)) => Err(CommissionFailure::Refused {
                what: "CommissioningComplete",
                status: code(verdict),
            }),
            Ok(Err(error)) => Err(conversed("CommissioningComplete", error)),
            Err(_) => Err(CommissionFailure::NoAnswer(peer.addresses.iter().map(ToString::to_string).collect())),
        }
    }

    /// Tells the device our name while the first session as a node is made: the session with the passcode belongs to our fabric by now, and nothing
    /// has to wait for it.
    async fn label_before(&self, session: &PaseSession) -> Option<String> {
        self.label(async |label| {
            self.ask_at_most(1, self.pace.word, session, "UpdateFabricLabel", async |line| {
                credentials::update_label(line, label).await
            })
            .await
            .ok()
        })
        .await
    }

    /// Tells the device our name, where that did not work before. Empty where it takes none: it is ours all the same.
    async fn label_after(&self, peer: &Peer) -> String {
        let telling = self.label(async |label| {
            let patience = self.pace.word;
            self.shard
                .with_node(peer, async |exchange| {
                    Ok(credentials::update_label(Line::new(exchange, patience), label).await?)
                })
                .await
                .ok()
        });
        timeout(self.pace.answer, telling).await.ok().flatten().unwrap_or_default()
    }

    /// Our name on the device: the fabric's, or the other where another fabric there has the same.
    async fn label(&self, tell: impl AsyncFn(&str) -> Option<Certified>) -> Option<String> {
        let fabric = &self.shard.common.fabric;
        let is_taken = &self.shard.common.is_label_taken;
        let mut labels = vec![fabric.label().to_owned(), fabric.alternative_label()];
        if is_taken.get() {
            labels.reverse();
        }
        for label in labels {
            match tell(&label).await {
                Some(Certified::Ok(_)) => return Some(label),
                Some(Certified::LabelConflict) => is_taken.set(label == fabric.label()),
                verdict => {
                    tracing::debug!(node = %self.request.node, ?verdict, "the label was not taken");
                    return None;
                }
            }
        }
        None
    }

    /// Removes us from a device that has joined. True where it has.
    async fn leave(&self, commissioned: &Commissioned) -> bool {
        let peer = Peer {
            node: commissioned.node,
            addresses: vec![commissioned.address],
            intervals: self.request.intervals,
        };
        matches!(timeout(self.pace.cleaning, leave(self.shard, &peer)).await, Ok(Ok(())))
    }

    /// Takes back what was begun. True where nothing of us is left on the device.
    async fn clean_up(&self) -> bool {
        let Some(session) = self.session.get() else { return !self.armed.get() };
        if !self.armed.get() {
            session.close(self.shard).await;
            return true;
        }
        let disarming = async { arm_fail_safe(Line::new(session.exchange(self.shard)?, self.pace.cleaning), 0).await };
        let disarmed = timeout(self.pace.cleaning, disarming).await;
        // A device that lost its session with the passcode takes everything back too (Matter core specification 1.4, 11.10.7.2).
        session.close(self.shard).await;
        if self.step.get() >= Step::Session {
            self.shard.remove(self.request.node);
        }
        matches!(disarmed, Ok(Ok(Verdict::Ok)))
    }
}

fn random() -> Result<[u8; 32], CommissionFailure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| CommissionFailure::Ours(error.to_string()))?;
    Ok(bytes)
}
