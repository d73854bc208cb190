//! Going through the past: topologies of any moment, at the cost of the captures between it and the nearest moment that is kept.
//!
//! Evidence is kept at some moments, the checkpoints; going on inserts the captures since, going back begins at the checkpoint before. There are at
//! most [`MAX_CHECKPOINTS`] of them, fewer where evidence is large: together they speak of at most [`MAX_REPORTERS`] reporters. That bounds
//! memory: facts are shared between checkpoints, and a reporter takes some kilobytes of its own.

use crate::{Engine, Policy, Topology};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use weft_evidence::{Capture, Evidence};
use weft_model::Timestamp;

/// Checkpoints that are kept at most.
const MAX_CHECKPOINTS: usize = 24;
/// Reporters that all checkpoints together may speak of: a device is one to four.
const MAX_REPORTERS: usize = 60_000;
/// Checkpoints that are always kept: without them every seek would read everything.
const LEAST_CHECKPOINTS: usize = 2;
/// Captures between two checkpoints: decoding so many takes some milliseconds.
const BETWEEN_CHECKPOINTS: u64 = 200;
/// Topologies that are kept as they are: the map, the positions and the list of one moment are asked for one after the other.
const MAX_TOPOLOGIES: usize = 8;

/// Where captures are read from.
pub trait Past {
    /// Why reading fails.
    type Error;

    /// Evidence of everything up to `until`, where no checkpoint helps.
    ///
    /// `each` is to be called after every capture with the evidence so far and the capture's number, so that checkpoints can be made on the way.
    ///
    /// # Errors
    /// When reading fails.
    fn everything(&self, until: Timestamp, each: &mut dyn FnMut(&Evidence, u64)) -> Result<Evidence, Self::Error>;

    /// Captures after the one with number `after`, up to `until`, in order.
    ///
    /// # Errors
    /// When reading fails.
    fn between(&self, after: u64, until: Timestamp) -> Result<Vec<Capture>, Self::Error>;
}

/// Evidence up to a capture.
struct Checkpoint {
    seq: u64,
    evidence: Evidence,
    used: u64,
}

/// An engine that stands at a moment, and what it read last.
struct Head {
    engine: Engine,
    seq: u64,
    at: Timestamp,
    since_checkpoint: u64,
}

/// Topologies of the past. Not shared between threads: one question after the other.
pub struct Seeker {
    policy: Policy,
    /// By the time of the last capture in them, and its number.
    checkpoints: BTreeMap<(Timestamp, u64), Checkpoint>,
    head: Option<Head>,
    topologies: VecDeque<Arc<Topology>>,
    clock: u64,
}

impl Seeker {
    /// A seeker that has read nothing yet.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            checkpoints: BTreeMap::new(),
            head: None,
            topologies: VecDeque::new(),
            clock: 0,
        }
    }

    /// The topology at a moment that is over: no capture of it is still to come. The same as deriving it from all captures up to then.
    ///
    /// # Errors
    /// Those of `past`.
    pub fn at<P: Past>(&mut self, at: Timestamp, past: &P) -> Result<Arc<Topology>, P::Error> {
        if let Some(known) = self.topologies.iter().find(|topology| topology.as_of == at) {
            return Ok(known.clone());
        }
        let mut head = self.nearest(at, past)?;
        for capture in past.between(head.seq, at)? {
            head.seq = capture.seq;
            if head.engine.insert(&capture).is_err() {
                continue;
            }
            head.since_checkpoint += 1;
            if head.since_checkpoint >= BETWEEN_CHECKPOINTS {
                head.since_checkpoint = 0;
                self.keep(head.engine.evidence(), head.seq);
            }
        }
        head.at = at;
        let topology = head.engine.snapshot(at);
        self.head = Some(head);
        self.topologies.push_back(topology.clone());
        if self.topologies.len() > MAX_TOPOLOGIES {
            self.topologies.pop_front();
        }
        Ok(topology)
    }

    /// An engine that stands at or before the moment, as near as there is one.
    fn nearest<P: Past>(&mut self, at: Timestamp, past: &P) -> Result<Head, P::Error> {
        self.clock += 1;
        let clock = self.clock;
        let checkpoint = self.checkpoints.range_mut(..=(at, u64::MAX)).next_back();
        if let Some(head) = self
            .head
            .take_if(|head| head.at <= at && checkpoint.as_ref().is_none_or(|(_, checkpoint)| checkpoint.seq <= head.seq))
        {
            return Ok(head);
        }
        if let Some((_, checkpoint)) = checkpoint {
            checkpoint.used = clock;
            return Ok(Head {
                engine: Engine::with_evidence(self.policy.clone(), checkpoint.evidence.clone()),
                seq: checkpoint.seq,
                at,
                since_checkpoint: 0,
            });
        }
        let (mut since, mut last) = (0, 0);
        let evidence = past.everything(at, &mut |evidence, seq| {
            since += 1;
            last = seq;
            if since >= BETWEEN_CHECKPOINTS {
                since = 0;
                self.keep(evidence, seq);
            }
        })?;
        self.keep(&evidence, last);
        Ok(Head {
            engine: Engine::with_evidence(self.policy.clone(), evidence),
            seq: last,
            at,
            since_checkpoint: 0,
        })
    }

    /// Keeps a checkpoint, and lets go of those that are missed least.
    fn keep(&mut self, evidence: &Evidence, seq: u64) {
        let Some(at) = evidence.newest_at() else { return };
        if self.checkpoints.contains_key(&(at, seq)) {
            return;
        }
        let used = self.clock;
        let evidence = evidence.clone();
        self.checkpoints.insert((at, seq), Checkpoint { seq, evidence, used });
        let largest = self
            .checkpoints
            .values()
            .map(|checkpoint| checkpoint.evidence.reporter_count())
            .max()
            .unwrap_or(0);
        let room = (MAX_REPORTERS / largest.max(1)).clamp(LEAST_CHECKPOINTS, MAX_CHECKPOINTS);
        while self.checkpoints.len() > room {
            let Some(missed_least) = self.missed_least((at, seq)) else { break };
            self.checkpoints.remove(&missed_least);
        }
    }

    /// The checkpoint without which the way from the one before it to the one after it is shortest; one that was just used counts twice.
    fn missed_least(&self, newest: (Timestamp, u64)) -> Option<(Timestamp, u64)> {
        let keys: Vec<&(Timestamp, u64)> = self.checkpoints.keys().collect();
        let way = |place: usize| {
            let before = place.checked_sub(1).map_or(0, |before| keys[before].1);
            let after = keys.get(place + 1).map_or(keys[place].1, |after| after.1);
            let recent = self.checkpoints[keys[place]].used + 2 >= self.clock;
            (after - before) * if recent { 2 } else { 1 }
        };
        let candidates = (0..keys.len()).filter(|place| *keys[*place] != newest);
        candidates.min_by_key(|place| way(*place)).map(|place| *keys[place])
    }
}
