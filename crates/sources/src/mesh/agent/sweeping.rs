//! The questions to the mesh, through a session in which we are commissioner.

use super::run::{Found, locator};
use super::talk::{Step, Talk};
use super::{AgentWay, random};
use crate::clock;
use crate::mesh::way::{Attempt, WayFailure};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::PoisonError;
use std::time::Duration;
use weft_evidence::{CaptureBody, TmfCapture};
use weft_model::{AbilityKind, Brought, ExtendedPanId, MeshLocalPrefix, Rloc16};
use weft_thread::commissioner::{DatasetKind, Event, TMF_PORT};
use weft_thread::credential::OperationalDataset;
use weft_thread::sweep::{self, Outcome, Sweep};

/// A border agent that lives answers within this time, on a LAN, even if its leader is slow.
const ALIVE_WITHIN: Duration = Duration::from_secs(4);
const SWEEP_WITHIN: Duration = Duration::from_secs(30);
/// Where nothing at all came for so long, the border agent itself is asked whether it is there: the end of the sweep would tell half a minute later.
const QUIET: Duration = Duration::from_secs(4);
/// Questions by unicast at once: a mesh's routers share one channel, and one parent's queue.
const WINDOW: usize = 4;

/// What is swept.
pub(super) struct Mesh {
    pub(super) network: Option<ExtendedPanId>,
    pub(super) prefix: MeshLocalPrefix,
    pub(super) relay: Option<Rloc16>,
    /// The border agent answers questions about itself: should the mesh fall silent, that tells which of both did.
    pub(super) can_be_asked: bool,
}

pub(super) async fn sweep(way: &AgentWay, attempt: &Attempt, talk: &mut Talk, found: &mut Found, mesh: Mesh) -> Result<Brought, WayFailure> {
    let settings = sweep::Settings {
        extended_pan_id: mesh.network,
        mesh_local_prefix: mesh.prefix,
        relay: mesh.relay,
        expected: attempt.expected.clone(),
        multicast: !attempt.without_multicast,
        window: WINDOW,
        end_within: SWEEP_WITHIN,
        max_frames: Some(attempt.max_frames),
    };
    let mut sweep = Sweep::new(settings, random(), clock::running_for());
    let mut spent = Unreported { way, messages: 0, bytes: 0 };
    let mut answers: u32 = 0;
    // Told at the end only: where the border agent itself fell silent, that says nothing of the routers.
    let mut silent = Vec::new();
    let mut pulse = Pulse::new(mesh.can_be_asked, clock::running_for());
    let ended_early = loop {
        let now = clock::running_for();
        let Some(session) = talk.session() else {
            break Some("the session ended".to_owned());
        };
        let mut refused = None;
        while let Some((destination, datagram)) = sweep.poll_transmit() {
            spent.count(&datagram);
            if let Err(error) = session.send_to_mesh(destination, TMF_PORT, TMF_PORT, &datagram, now) {
                refused = Some(error.to_string());
            }
        }
        if let Some(reason) = refused {
            break Some(reason);
        }
        let mut outcome = None;
        while let Some(event) = sweep.poll_event() {
            match event {
                sweep::Event::Answer(capture) => {
                    answers = answers.saturating_add(1);
                    let _ = attempt.sender.deliver(CaptureBody::Tmf(capture)).await;
                }
                sweep::Event::Silent(failure) => silent.push(failure),
                sweep::Event::Ended(ended) => outcome = Some(ended),
            }
        }
        if let Some(outcome) = outcome {
            if !silent.is_empty() && mesh.can_be_asked && locator(talk, ALIVE_WITHIN).await?.is_none() {
                break Some("it answers nothing any more".to_owned());
            }
            for failure in silent {
                let _ = attempt.sender.deliver(CaptureBody::Failure(failure)).await;
            }
            spent.is_told();
            return whole(way, attempt, found, outcome);
        }
        match pulse.beat(now) {
            Beat::Ask => {
                // Two questions, so that what gets lost on the way is not taken for silence.
                if let Some(session) = talk.session() {
                    session.get_dataset(DatasetKind::Commissioner, now);
                    session.get_dataset(DatasetKind::Pending, now);
                }
            }
            Beat::Dead => break Some("it answers nothing any more".to_owned()),
            Beat::Fine => {}
        }
        let until = sweep.deadline().unwrap_or(now + SWEEP_WITHIN).min(pulse.deadline());
        match talk.next(until).await {
            Ok(Step::Event(Event::FromMesh {
                source,
                destination_port: TMF_PORT,
                datagram,
                ..
            })) => {
                spent.count(&datagram);
                pulse.felt(clock::running_for());
                sweep.receive(source, &datagram, clock::running_for());
            }
            Ok(Step::Event(Event::CommissionerDataset { .. } | Event::Dataset { .. })) => pulse.felt(clock::running_for()),
            Ok(Step::Event(Event::LostRole { reason })) => break Some(reason),
            Ok(Step::Event(Event::Closed(closed))) => break Some(closed.to_string()),
            Ok(Step::Event(_)) => {}
            Ok(Step::TimeOver) => {
                let now = clock::running_for();
                if sweep.deadline().is_some_and(|deadline| deadline <= now) {
                    sweep.handle_timeout(now);
                }
            }
            Err(error) => break Some(error.to_string()),
        }
    };
    Err(WayFailure::Failed(format!(
        "{} let Weft in and was lost in the middle of the questions ({}); {answers} answers came before, and are kept. Weft tries again soon.",
        way.name,
        ended_early.unwrap_or_default()
    )))
}

/// Whether the border agent still lives.
struct Pulse {
    can_be_asked: bool,
    felt_at: Duration,
    asked_at: Option<Duration>,
}

enum Beat {
    /// It was heard not long ago, or nothing would tell.
    Fine,
    /// It is to be asked now.
    Ask,
    /// It was asked, and says nothing.
    Dead,
}

impl Pulse {
    fn new(can_be_asked: bool, now: Duration) -> Self {
        Self {
            can_be_asked,
            felt_at: now,
            asked_at: None,
        }
    }

    fn felt(&mut self, now: Duration) {
        self.felt_at = now;
        self.asked_at = None;
    }

    fn beat(&mut self, now: Duration) -> Beat {
        if !self.can_be_asked || now < self.deadline() {
            return Beat::Fine;
        }
        if self.asked_at.is_some() {
            return Beat::Dead;
        }
        self.asked_at = Some(now);
        Beat::Ask
    }

    fn deadline(&self) -> Duration {
        match self.asked_at {
            _ if !self.can_be_asked => Duration::MAX,
            None => self.felt_at + QUIET,
            Some(at) => at + ALIVE_WITHIN,
        }
    }
}

fn whole(way: &AgentWay, attempt: &Attempt, found: &mut Found, outcome: Outcome) -> Result<Brought, WayFailure> {
    let silent: BTreeSet<Rloc16> = outcome.silent.iter().copied().collect();
    let former = std::mem::replace(&mut *way.last_silent.lock().unwrap_or_else(PoisonError::into_inner), silent.clone());
    found.routers = outcome.answered.iter().chain(silent.difference(&former)).copied().collect();
    let brought = Brought {
        routers: count(outcome.answered.len()),
        silent_routers: count(outcome.silent.len()),
        children: outcome.children,
        answers: outcome.messages,
        milliseconds: 0,
        airtime: outcome.airtime,
    };
    if outcome.messages == 0 {
        way.spent.add(outcome.airtime);
        // Who asks nobody hears nobody: that says nothing of the border router.
        if !outcome.cut_short {
            found.can(AbilityKind::Proxy, false, Some("nothing came back from the mesh".to_owned()));
        }
        return Err(WayFailure::MeshSilent(format!(
            "{} lets Weft in and makes it commissioner, and nothing comes back from the mesh: it may not pass questions on. Weft tries again later; a restart of this border \
             router may help, and so may another one of the network.",
            way.name
        )));
    }
    found.can(AbilityKind::Proxy, true, None);
    found.can(AbilityKind::Diagnostics, true, None);
    if !attempt.without_multicast {
        let detail = outcome.multicast_unheard.then(|| "routers answered one by one only".to_owned());
        found.can(AbilityKind::Multicast, !outcome.multicast_unheard, detail);
    }
    Ok(brought)
}

/// Radio time that is estimated from messages alone, for a sweep that does not come to its end.
struct Unreported<'a> {
    way: &'a AgentWay,
    messages: u32,
    bytes: u64,
}

impl Unreported<'_> {
    /// A fragment carries some 96 bytes; a message goes two hops.
    fn count(&mut self, datagram: &[u8]) {
        let frames = datagram.len().div_ceil(96) * 2;
        self.messages = self.messages.saturating_add(count(frames));
        self.bytes = self.bytes.saturating_add(datagram.len() as u64 * 2);
    }

    fn is_told(&mut self) {
        (self.messages, self.bytes) = (0, 0);
    }
}

impl Drop for Unreported<'_> {
    fn drop(&mut self) {
        self.way.spent.add(weft_model::Airtime {
            frames: self.messages,
            bytes: self.bytes,
        });
    }
}

/// By which address the border agent's statements are known as its own: its locator, or an address that it announces. A link-local one would be taken for that
/// of its radio.
pub(super) fn reporter(relay: Option<Rloc16>, prefix: MeshLocalPrefix, address: Option<SocketAddr>) -> Option<Ipv6Addr> {
    relay.map(|relay| prefix.rloc(relay)).or_else(|| match address?.ip() {
        IpAddr::V6(address) if !address.is_unicast_link_local() && !address.is_loopback() => Some(address),
        _ => None,
    })
}

/// What is no secret in a dataset, as the border agent's answer.
pub(super) fn dataset_capture(dataset: &OperationalDataset, network: Option<ExtendedPanId>, peer: Ipv6Addr) -> CaptureBody {
    let mut tlvs = zeroize::Zeroizing::new(dataset.expose().to_vec());
    weft_wire::meshcop::blank_secrets(&mut tlvs);
    CaptureBody::Tmf(TmfCapture {
        extended_pan_id: network,
        peer,
        uri: "c/ag".to_owned(),
        asked: None,
        code: Some("2.04".to_owned()),
        payload: tlvs.iter().map(|byte| format!("{byte:02x}")).collect(),
        overheard: false,
    })
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
