//! The thread that tells what happened: first of the past that was never told, then of each picture that is published.
//!
//! Where nothing was told yet, or newer code would tell it otherwise, the stored captures are read in order through an engine of their own: that
//! takes the memory of a second evidence until it has caught up, and the past is not told twice. What was told is kept, together with the
//! settled picture, so that a restart goes on where it ended.

use super::policy;
use super::restore;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use weft_evidence::Capture;
use weft_model::Timestamp;
use weft_server::Publisher;
use weft_sources::clock;
use weft_store::{EventRow, EventsPosition, Store, StoreError};
use weft_topology::{CHRONICLE_VERSION, Chronicle, ChronicleState, Engine, Event, Patience, Severity};

/// Between two looks at what is published: things have to hold for minutes before they are told.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two looks at the past, in milliseconds of its time.
const STEP_MILLISECONDS: i64 = 60_000;
/// Captures that are read before what they told is kept.
const KEPT_EVERY: u64 = 500;
/// How often the position is kept where nothing is told, and what could not be kept is tried again.
const POSITION_EVERY: Duration = Duration::from_secs(60);
/// The most events that wait for a disk that takes nothing: the oldest give way.
const MAX_WAITING: usize = 10_000;
/// After a failure to read the store.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// A handle to the thread.
pub(super) struct ChronicleThread {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

/// What the thread lets others know.
#[derive(Default)]
pub(super) struct Shared {
    ending: AtomicBool,
    /// The past is still being read, and told up to here.
    complete_until: Mutex<Option<Timestamp>>,
}

impl Shared {
    /// Up to when events are complete; `None`: up to now.
    pub(super) fn complete_until(&self) -> Option<Timestamp> {
        *self.complete_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, until: Option<Timestamp>) {
        *self.complete_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn ends(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }
}

impl ChronicleThread {
    /// Starts telling. `speed`: how much faster than real time captures come from now on, of a replay; what was heard before is as far apart as it was.
    pub(super) fn start(store: Arc<Store>, publisher: Publisher, speed: f64) -> Self {
        let shared = Arc::new(Shared::default());
        shared.set(Some(Timestamp::MIN));
        let teller = Teller {
            store,
            publisher,
            shared: shared.clone(),
            patience: Patience { speed, ..Patience::STANDARD },
        };
        let thread = std::thread::spawn(move || {
            while let Err(error) = teller.run() {
                tracing::error!(%error, "the stored past cannot be read; the time line is behind until it can");
                std::thread::park_timeout(RETRY_AFTER);
                if teller.shared.ends() {
                    break;
                }
            }
        });
        Self { shared, thread }
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// Ends it; what was told is kept.
    pub(super) fn end(self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        if self.thread.join().is_err() {
            tracing::error!("the time line ended by a fault");
        }
    }
}

struct Teller {
    store: Arc<Store>,
    publisher: Publisher,
    shared: Arc<Shared>,
    patience: Patience,
}

impl Teller {
    fn run(&self) -> Result<(), StoreError> {
        let (mut chronicle, seq, at) = self.begin()?;
        let mut told = Told::default();
        let Some((seq, at)) = self.past(&mut chronicle, &mut told, seq, at)? else {
            return Ok(());
        };
        self.shared.set(None);
        self.present(&mut chronicle, told, seq, at);
        Ok(())
    }

    /// Where the last run ended; from the beginning where its events are of older code.
    fn begin(&self) -> Result<(Chronicle, u64, Timestamp), StoreError> {
        if let Some(kept) = self.store.events_position()?
            && kept.version == CHRONICLE_VERSION
            && let Ok(state) = serde_json::from_str::<ChronicleState>(&kept.json)
        {
            return Ok((Chronicle::new(Patience::STANDARD, Some(state)), kept.seq, kept.at));
        }
        self.store.forget_events()?;
        Ok((Chronicle::new(Patience::STANDARD, None), 0, Timestamp::MIN))
    }

    /// Tells of stored captures until there are no more. `None` when the service ends meanwhile.
    fn past(&self, chronicle: &mut Chronicle, told: &mut Told, seq: u64, at: Timestamp) -> Result<Option<(u64, Timestamp)>, StoreError> {
        self.shared.set(Some(at));
        // A recording is handed in as a whole just before this.
        if let Err(error) = self.store.flush() {
            tracing::warn!(%error, "captures wait; what they tell is told later");
        }
        let mut unread = self.store.captures(seq, None)?.peekable();
        if unread.peek().is_none() {
            return Ok(Some((seq, at)));
        }
        let evidence = if seq == 0 {
            Default::default()
        } else {
            restore::evidence_until(&self.store, Some(at))?
        };
        let mut reading = Reading {
            teller: self,
            engine: Engine::with_evidence(policy(), evidence),
            chronicle,
            look_at: at,
            seq,
            told,
            read: 0,
        };
        loop {
            for capture in unread {
                if self.shared.ends() {
                    return Ok(None);
                }
                reading.take(&capture?);
            }
            reading.keep();
            // Captures went on coming while these were read.
            unread = self.store.captures(reading.seq, None)?.peekable();
            if unread.peek().is_none() {
                return Ok(Some((reading.seq, reading.look_at)));
            }
        }
    }

    /// Tells of what is published until the service ends.
    fn present(&self, chronicle: &mut Chronicle, mut told: Told, mut seq: u64, mut at: Timestamp) {
        let mut kept = clock::running_for();
        chronicle.set_patience(self.patience);
        // The newest capture of the past may be of long ago.
        chronicle.resume();
        loop {
            let ending = self.shared.ends();
            // Before the picture is taken: a capture that is in the picture and not in the position is only read twice.
            let newest = self.store.newest_seq(None).unwrap_or_else(|error| {
                tracing::debug!(%error, "the number of the newest capture cannot be read");
                seq
            });
            let topology = self.publisher.current().topology;
            let now = clock::now().max(topology.as_of).max(at);
            let events = chronicle.observe(&topology, now);
            let is_told = !events.is_empty();
            told.events.extend(events);
            let is_left = newest > seq || !told.events.is_empty();
            at = now;
            // What waits to be told is kept with the position: it changes also where nothing comes, by age.
            if is_told || ending || (is_left && clock::running_for().saturating_sub(kept) >= POSITION_EVERY) {
                kept = clock::running_for();
                seq = newest.max(seq);
                self.keep(chronicle, &mut told, seq, at);
            }
            if ending {
                return;
            }
            std::thread::park_timeout(LOOK_EVERY);
        }
    }

    /// Keeps what was told, and with it how far that is. True where nothing is left to keep.
    fn keep(&self, chronicle: &Chronicle, told: &mut Told, seq: u64, at: Timestamp) -> bool {
        let Ok(json) = serde_json::to_string(chronicle.state()) else {
            tracing::error!("the settled picture has no JSON");
            return false;
        };
        let position = EventsPosition {
            version: CHRONICLE_VERSION,
            seq,
            at,
            json,
        };
        told.keep(|rows| self.store.keep_events(rows, &position))
    }
}

/// What was told and is not kept yet.
#[derive(Default)]
struct Told {
    events: Vec<Event>,
}

impl Told {
    /// Hands events to the store. A full disk is no reason to stop telling: what it does not take waits, as captures do.
    fn keep(&mut self, write: impl FnOnce(&[EventRow]) -> Result<(), StoreError>) -> bool {
        let rows: Vec<EventRow> = self.events.iter().filter_map(row).collect();
        match write(&rows) {
            Ok(()) => self.events.clear(),
            Err(error) => {
                tracing::warn!(%error, events = self.events.len(), "events are not kept yet");
                self.events.drain(..self.events.len().saturating_sub(MAX_WAITING));
            }
        }
        self.events.is_empty()
    }
}

/// A walk through stored captures.
struct Reading<'a> {
    teller: &'a Teller,
    engine: Engine,
    chronicle: &'a mut Chronicle,
    /// The last moment that was looked at.
    look_at: Timestamp,
    seq: u64,
    told: &'a mut Told,
    read: u64,
}

impl Reading<'_> {
    fn take(&mut self, capture: &Capture) {
        let step = STEP_MILLISECONDS;
        // What held until now is looked at before anything else comes; where nothing came for long, once at its beginning and once at its end.
        if self.engine.evidence().capture_count() > 0 {
            while capture.at.milliseconds_since(self.look_at) > step {
                let next = Timestamp::from_unix_milliseconds(self.look_at.unix_milliseconds().saturating_add(step));
                let newest = self.engine.evidence().newest_at().unwrap_or(next);
                let idle = next.milliseconds_since(newest) > 100 * step;
                self.look(if idle { capture.at } else { next.max(newest) });
            }
        }
        if self.engine.insert(capture).is_err() {
            tracing::debug!(seq = capture.seq, "capture passed over");
        }
        self.look_at = self.look_at.max(if self.read == 0 && self.seq == 0 { capture.at } else { self.look_at });
        self.seq = capture.seq;
        self.read += 1;
        if self.read.is_multiple_of(KEPT_EVERY) {
            self.keep();
        }
    }

    fn look(&mut self, at: Timestamp) {
        let topology = self.engine.snapshot(at);
        self.told.events.extend(self.chronicle.observe(&topology, at));
        self.look_at = at;
    }

    fn keep(&mut self) {
        let newest = self.engine.evidence().newest_at().unwrap_or(self.look_at);
        if newest > self.look_at {
            self.look(newest);
        }
        if self.teller.keep(self.chronicle, self.told, self.seq, newest) {
            self.teller.shared.set(Some(newest));
        }
    }
}

fn row(event: &Event) -> Option<EventRow> {
    let json = serde_json::to_string(event)
        .inspect_err(|error| tracing::error!(%error, "an event has no JSON"))
        .ok()?;
    let severity = match event.change.severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Problem => 2,
    };
    Some(EventRow {
        at: event.at,
        severity,
        json,
    })
}

/// The severity that a row was kept with.
pub(super) fn severity(number: u8) -> Severity {
    match number {
        0 => Severity::Info,
        1 => Severity::Warning,
        _ => Severity::Problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use weft_store::Limits;

    /// The past of a service that is started anew before anything has held for long enough.
    #[test]
    fn a_service_that_is_restarted_often_tells_as_much() {
        let begin: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        let mut captures = crate::demo::captures().unwrap();
        captures.retain(|capture| capture.at < begin.plus_seconds(8 * 3600));
        let told = |restart_every: i64| -> Vec<String> {
            let store = Arc::new(Store::in_memory(Limits::default()).unwrap());
            let first = Arc::new(weft_topology::derive(&Default::default(), begin, &policy()));
            let publisher = Publisher::new(first, Default::default(), Default::default()).unwrap();
            for run in captures.chunk_by(|left, right| left.at.seconds_since(begin) / restart_every == right.at.seconds_since(begin) / restart_every)
            {
                for capture in run {
                    store.append(capture.clone());
                }
                let teller = Teller {
                    store: store.clone(),
                    publisher: publisher.clone(),
                    shared: Arc::default(),
                    patience: Patience::STANDARD,
                };
                let (mut chronicle, seq, at) = teller.begin().unwrap();
                assert!(teller.past(&mut chronicle, &mut Told::default(), seq, at).unwrap().is_some());
            }
            let (rows, _) = store.events(begin, begin.plus_seconds(24 * 3600), 1000).unwrap();
            let event = |row: &EventRow| serde_json::from_str::<Event>(&row.json).unwrap().change.text;
            rows.iter().map(event).collect()
        };
        let (through, restarted) = (told(i64::MAX), told(10 * 60));
        assert!(through.iter().any(|text| text == "The network elm-street-home was found"), "{through:#?}");
        assert!(through.iter().any(|text| text.contains(" moved from ")), "{through:#?}");
        assert_eq!(restarted, through);
    }

    #[test]
    fn what_the_disk_does_not_take_is_kept_later() {
        let event = |number: usize| -> Event {
            let event = json!({"at": "2026-11-20T12:00:00Z", "kind": "joined", "group": "devices", "effect": "added", "severity": "info",
                "text": number.to_string(), "subjects": []});
            serde_json::from_value(event).unwrap()
        };
        let full = |_: &[EventRow]| Err(StoreError::NotWritten { reason: "full".to_owned() });
        let mut told = Told {
            events: (0..MAX_WAITING + 2).map(event).collect(),
        };
        assert!(!told.keep(full));
        told.events.push(event(77_777));
        let mut rows = Vec::new();
        assert!(told.keep(|kept| {
            rows = kept.to_vec();
            Ok(())
        }));
        assert_eq!(rows.len(), MAX_WAITING + 1);
        assert!(
            rows[0].json.contains("\"2\"") && rows[MAX_WAITING].json.contains("77777"),
            "{:?}",
            rows[0]
        );
        assert!(told.events.is_empty());
    }
}
