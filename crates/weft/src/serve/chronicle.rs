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
/// How often the position is kept where nothing is told.
const POSITION_EVERY: Duration = Duration::from_secs(60);

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
            if let Err(error) = teller.run() {
                tracing::error!(%error, "what happened cannot be kept; the time line ends here");
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
        let Some((seq, at)) = self.past(&mut chronicle, seq, at)? else {
            return Ok(());
        };
        self.shared.set(None);
        self.present(&mut chronicle, seq, at)
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
    fn past(&self, chronicle: &mut Chronicle, seq: u64, at: Timestamp) -> Result<Option<(u64, Timestamp)>, StoreError> {
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
            told: Vec::new(),
            read: 0,
        };
        loop {
            for capture in unread {
                if self.shared.ends() {
                    return Ok(None);
                }
                reading.take(&capture?)?;
            }
            reading.keep()?;
            // Captures went on coming while these were read.
            unread = self.store.captures(reading.seq, None)?.peekable();
            if unread.peek().is_none() {
                return Ok(Some((reading.seq, reading.look_at)));
            }
        }
    }

    /// Tells of what is published until the service ends.
    fn present(&self, chronicle: &mut Chronicle, mut seq: u64, mut at: Timestamp) -> Result<(), StoreError> {
        let mut kept = clock::running_for();
        chronicle.set_patience(self.patience);
        loop {
            let ending = self.shared.ends();
            // Before the picture is taken: a capture that is in the picture and not in the position is only read twice.
            let newest = self.store.newest_seq()?;
            let topology = self.publisher.current().topology;
            let now = clock::now().max(topology.as_of).max(at);
            let events = chronicle.observe(&topology, now);
            let is_news = newest > seq;
            (seq, at) = (newest.max(seq), now);
            if !events.is_empty() || (is_news && (ending || clock::running_for().saturating_sub(kept) >= POSITION_EVERY)) {
                kept = clock::running_for();
                self.keep(chronicle, &events, seq, at)?;
            }
            if ending {
                return Ok(());
            }
            std::thread::park_timeout(LOOK_EVERY);
        }
    }

    fn keep(&self, chronicle: &Chronicle, events: &[Event], seq: u64, at: Timestamp) -> Result<(), StoreError> {
        let rows: Vec<EventRow> = events.iter().filter_map(row).collect();
        let Ok(json) = serde_json::to_string(chronicle.state()) else {
            tracing::error!("the settled picture has no JSON");
            return Ok(());
        };
        let position = EventsPosition {
            version: CHRONICLE_VERSION,
            seq,
            at,
            json,
        };
        match self.store.keep_events(&rows, &position) {
            // A full disk is no reason to stop telling; the captures wait too.
            Err(error) => {
                tracing::warn!(%error, "events are not kept");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
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
    told: Vec<Event>,
    read: u64,
}

impl Reading<'_> {
    fn take(&mut self, capture: &Capture) -> Result<(), StoreError> {
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
            self.keep()?;
        }
        Ok(())
    }

    fn look(&mut self, at: Timestamp) {
        let topology = self.engine.snapshot(at);
        self.told.extend(self.chronicle.observe(&topology, at));
        self.look_at = at;
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        let newest = self.engine.evidence().newest_at().unwrap_or(self.look_at);
        if newest > self.look_at {
            self.look(newest);
        }
        let told = std::mem::take(&mut self.told);
        self.teller.keep(self.chronicle, &told, self.seq, newest)?;
        self.teller.shared.set(Some(newest));
        Ok(())
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
