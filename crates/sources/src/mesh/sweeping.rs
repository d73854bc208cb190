//! The questions to a mesh, through whoever passes them on: a border agent in whose session we are commissioner, or a node of our own.

use super::way::{Attempt, WayFailure};
use crate::clock;
use crate::random::random;
use std::collections::BTreeSet;
use std::future::Future;
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use weft_evidence::CaptureBody;
use weft_model::{AbilityKind, Airtime, Brought, ExtendedPanId, MeshLocalPrefix, Rloc16};
use weft_thread::credential::OperationalDataset;
use weft_thread::sweep::{self, Outcome, Sweep};

const SWEEP_WITHIN: Duration = Duration::from_secs(30);
/// Questions by unicast at once: a mesh's routers share one channel, and one parent's queue.
const WINDOW: usize = 4;

/// What an attempt has found out so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) abilities: Vec<(AbilityKind, bool, Option<String>)>,
    pub(super) dataset: Option<OperationalDataset>,
    pub(super) routers: Vec<Rloc16>,
}

impl Found {
    pub(super) fn can(&mut self, kind: AbilityKind, works: bool, detail: Option<String>) {
        self.abilities.retain(|(known, _, _)| *known != kind);
        self.abilities.push((kind, works, detail));
    }
}

/// What is swept.
pub(super) struct Mesh {
    pub(super) network: Option<ExtendedPanId>,
    pub(super) prefix: MeshLocalPrefix,
    pub(super) relay: Option<Rloc16>,
}

/// What a way remembers from one sweep to the next.
#[derive(Default)]
pub(super) struct Memory {
    /// Radio time of attempts that brought nothing, or were dropped.
    pub(super) spent: Spent,
    /// Routers that were silent the last time: silent again, they are no longer expected, unless the mesh itself names them.
    last_silent: Mutex<BTreeSet<Rloc16>>,
}

/// Radio time that no result has told of yet. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Spent(Arc<Mutex<Airtime>>);

impl Spent {
    pub(super) fn add(&self, airtime: Airtime) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *spent = spent.plus(airtime);
    }

    pub(super) fn take(&self) -> Airtime {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whoever passes messages on.
pub(super) trait Carrier {
    /// Sends a management message to an address of the mesh.
    ///
    /// # Errors
    /// Nothing can be sent any more: why.
    fn send(&mut self, destination: Ipv6Addr, datagram: &[u8], now: Duration) -> Result<(), String>;

    /// The next management message from the mesh, and its sender; `None`: the time is over, or something else happened.
    ///
    /// # Errors
    /// Nothing will come any more: why.
    fn next(&mut self, until: Duration) -> impl Future<Output = Result<Option<(Ipv6Addr, Vec<u8>)>, String>> + Send;

    /// Whether it is there itself: asked where routers were silent.
    ///
    /// # Errors
    /// What that says of the way.
    fn lives(&mut self) -> impl Future<Output = Result<bool, WayFailure>> + Send;
}

/// Why a sweep did not come to its end.
pub(super) enum Broken {
    /// Whoever passes on was lost: why, and how many answers came before.
    Lost(String, u32),
    /// What that says of the way.
    Way(WayFailure),
}

/// Sweeps a mesh; what it tells is delivered.
pub(super) async fn sweep(carrier: &mut impl Carrier, memory: &Memory, attempt: &Attempt, mesh: Mesh) -> Result<Outcome, Broken> {
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
    let mut spent = Unreported {
        spent: &memory.spent,
        frames: 0,
        bytes: 0,
    };
    let mut answers: u32 = 0;
    // Told at the end only: where the carrier itself fell silent, that says nothing of the routers.
    let mut silent = Vec::new();
    loop {
        let now = clock::running_for();
        let mut refused = None;
        while let Some((destination, datagram)) = sweep.poll_transmit() {
            spent.count(&datagram);
            if let Err(error) = carrier.send(destination, &datagram, now) {
                refused = Some(error);
            }
        }
        if let Some(reason) = refused {
            return Err(Broken::Lost(reason, answers));
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
            if !silent.is_empty() && !carrier.lives().await.map_err(Broken::Way)? {
                return Err(Broken::Lost("it answers nothing any more".to_owned(), answers));
            }
            for failure in silent {
                let _ = attempt.sender.deliver(CaptureBody::Failure(failure)).await;
            }
            spent.is_told();
            return Ok(outcome);
        }
        let until = sweep.deadline().unwrap_or(now + SWEEP_WITHIN);
        match carrier.next(until).await {
            Ok(Some((source, datagram))) => {
                spent.count(&datagram);
                sweep.receive(source, &datagram, clock::running_for());
            }
            Ok(None) => {
                let now = clock::running_for();
                if sweep.deadline().is_some_and(|deadline| deadline <= now) {
                    sweep.handle_timeout(now);
                }
            }
            Err(reason) => return Err(Broken::Lost(reason, answers)),
        }
    }
}

/// What a sweep that came to its end means for the way; `silence` is why where nothing came at all.
pub(super) fn settled(memory: &Memory, attempt: &Attempt, found: &mut Found, outcome: Outcome, silence: WayFailure) -> Result<Brought, WayFailure> {
    let silent: BTreeSet<Rloc16> = outcome.silent.iter().copied().collect();
    let former = std::mem::replace(&mut *memory.last_silent.lock().unwrap_or_else(PoisonError::into_inner), silent.clone());
    found.routers = outcome.answered.iter().chain(silent.difference(&former)).copied().collect();
    if outcome.messages == 0 {
        memory.spent.add(outcome.airtime);
        // Who asks nobody hears nobody: that says nothing of the way.
        if !outcome.cut_short {
            found.can(AbilityKind::Proxy, false, Some("nothing came back from the mesh".to_owned()));
        }
        return Err(silence);
    }
    found.can(AbilityKind::Proxy, true, None);
    found.can(AbilityKind::Diagnostics, true, None);
    if !attempt.without_multicast {
        let detail = outcome.multicast_unheard.then(|| "routers answered one by one only".to_owned());
        found.can(AbilityKind::Multicast, !outcome.multicast_unheard, detail);
    }
    Ok(Brought {
        routers: count(outcome.answered.len()),
        silent_routers: count(outcome.silent.len()),
        children: outcome.children,
        answers: outcome.messages,
        milliseconds: 0,
        airtime: outcome.airtime,
    })
}

/// Radio time that is estimated from messages alone, for a sweep that does not come to its end.
struct Unreported<'a> {
    spent: &'a Spent,
    frames: u32,
    bytes: u64,
}

impl Unreported<'_> {
    /// A fragment carries some 96 bytes; a message goes two hops.
    fn count(&mut self, datagram: &[u8]) {
        let frames = datagram.len().div_ceil(96) * 2;
        self.frames = self.frames.saturating_add(count(frames));
        self.bytes = self.bytes.saturating_add(datagram.len() as u64 * 2);
    }

    fn is_told(&mut self) {
        (self.frames, self.bytes) = (0, 0);
    }
}

impl Drop for Unreported<'_> {
    fn drop(&mut self) {
        self.spent.add(Airtime {
            frames: self.frames,
            bytes: self.bytes,
        });
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
