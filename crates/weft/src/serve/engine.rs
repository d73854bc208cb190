//! The thread that concludes: takes captures, waits a moment for more, derives what they touched, lays it out, publishes.

use super::status::{status, store_status};
use super::{policy, restore};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use weft_evidence::{Capture, Evidence};
use weft_layout::Positions;
use weft_server::{Publisher, StoreStatus};
use weft_sources::clock;
use weft_store::Store;
use weft_topology::{Contributions, Engine, Topology};

/// How long the thread waits for more captures before it derives.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// How long a steady stream of captures may put off a derivation.
const LATEST: Duration = Duration::from_millis(500);
/// How often the state of sources and store is looked at where nothing happens.
const STATUS_EVERY: Duration = Duration::from_secs(10);
/// Name of the kept positions.
pub(super) const POSITIONS: &str = "positions";

/// A handle to the thread.
pub(super) struct EngineThread {
    sender: Sender<Arc<Capture>>,
    thread: JoinHandle<()>,
}

impl EngineThread {
    /// Starts from what is known already.
    pub(super) fn start(store: Arc<Store>, publisher: Publisher, evidence: Evidence, positions: Positions, notice: Option<String>) -> Self {
        let (sender, receiver) = channel();
        let thread = std::thread::spawn(move || {
            let engine = Engine::with_evidence(policy(), evidence);
            let mut thread = Concluder {
                engine,
                store,
                publisher,
                positions: Arc::new(positions),
                notice,
                contributions: Contributions::default(),
                drawn: None,
                disk: None,
            };
            thread.publish();
            thread.read_the_past();
            thread.run(&receiver);
        });
        Self { sender, thread }
    }

    /// Where captures go.
    pub(super) fn sender(&self) -> Sender<Arc<Capture>> {
        self.sender.clone()
    }

    /// Lets the thread end; it does so when the last sender is gone, and is not waited for longer than it takes to see that.
    pub(super) fn end(self) {
        drop(self.sender);
        if self.thread.is_finished() && self.thread.join().is_err() {
            tracing::error!("the engine ended by a fault");
        }
    }
}

struct Concluder {
    engine: Engine,
    store: Arc<Store>,
    publisher: Publisher,
    positions: Arc<Positions>,
    notice: Option<String>,
    contributions: Contributions,
    drawn: Option<Arc<Topology>>,
    /// The state of the store, and when it was asked: counting takes its time.
    disk: Option<(Duration, Option<StoreStatus>)>,
}

impl Concluder {
    fn run(&mut self, captures: &Receiver<Arc<Capture>>) {
        loop {
            let first = match captures.recv_timeout(self.pause()) {
                Ok(capture) => Some(capture),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if let Some(first) = first {
                let deadline = clock::running_for() + LATEST;
                self.insert(&first);
                while clock::running_for() < deadline {
                    match captures.recv_timeout(DEBOUNCE) {
                        Ok(capture) => self.insert(&capture),
                        Err(_) => break,
                    }
                }
            }
            self.publish();
        }
    }

    /// Until the next moment at which age alone changes something.
    fn pause(&self) -> Duration {
        let until = self
            .drawn
            .as_ref()
            .map_or(0, |topology| topology.valid_until.milliseconds_since(clock::now()));
        let milliseconds = u64::try_from(until.max(0)).unwrap_or(0);
        Duration::from_millis(milliseconds + 1).clamp(DEBOUNCE, STATUS_EVERY)
    }

    fn insert(&mut self, capture: &Capture) {
        if let Err(error) = self.engine.insert(capture) {
            // Read from the store already, while it was on its way here.
            tracing::debug!(%error, "capture passed over");
        }
    }

    /// The last known mesh is shown by now: what led to it (former parents, since when) takes longer to read.
    fn read_the_past(&mut self) {
        if !restore::holds_more(&self.store, self.engine.evidence()) {
            return;
        }
        match restore::everything(&self.store) {
            Ok(evidence) if evidence.capture_count() > self.engine.evidence().capture_count() => {
                self.engine = Engine::with_evidence(policy(), evidence);
                self.publish();
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the stored past cannot be read; going on with the newest captures"),
        }
    }

    fn publish(&mut self) {
        // A clock that stepped back does not make the past look young: time is never before the newest capture.
        let newest = self.engine.evidence().newest_at();
        let now = clock::now().max(newest.unwrap_or(weft_model::Timestamp::MIN));
        let topology = self.engine.snapshot(now);
        let disk = self.disk();
        let contributions = self.contributions.of(&topology);
        let status = status(self.engine.evidence(), &contributions, disk, self.notice.clone());
        let before = self.drawn.replace(topology.clone());
        let same_picture = before.as_ref().is_some_and(|before| same(before, &topology));
        if same_picture && *self.publisher.current().status == status {
            return;
        }
        let positions = match &before {
            Some(before) => weft_layout::update(&topology, before, &self.positions),
            None => weft_layout::layout(&topology, &self.positions),
        };
        if positions != *self.positions {
            self.positions = Arc::new(positions);
            self.keep_positions();
        }
        self.publisher.publish(topology, self.positions.clone(), status);
    }

    fn disk(&mut self) -> Option<StoreStatus> {
        let now = clock::running_for();
        match &self.disk {
            Some((asked, status)) if now.saturating_sub(*asked) < STATUS_EVERY => status.clone(),
            _ => {
                let status = store_status(&self.store);
                self.disk = Some((now, status.clone()));
                status
            }
        }
    }

    fn keep_positions(&self) {
        match serde_json::to_string(&*self.positions) {
            Ok(document) => {
                if let Err(error) = self.store.save_document(POSITIONS, &document) {
                    tracing::warn!(%error, "positions of the map are not kept");
                }
            }
            Err(error) => tracing::error!(%error, "positions have no JSON"),
        }
    }
}

/// True where two topologies look the same, whatever the moment and however long they hold.
fn same(left: &Topology, right: &Topology) -> bool {
    left.parts.len() == right.parts.len()
        && left.findings == right.findings
        && left.parts.iter().zip(&right.parts).all(|(left, right)| {
            Arc::ptr_eq(left, right)
                || (left.network == right.network && left.nodes == right.nodes && left.links == right.links && left.findings == right.findings)
        })
}
