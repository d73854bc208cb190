//! The thread that writes: batches, retries, retention. Nobody who appends ever waits for the disk.

use crate::retention::{AgeClock, Broom, set_state};
use crate::schema::{is_broken, suspicion_path};
use crate::stamp::Stamps;
use crate::store::Limits;
use rusqlite::{Connection, params};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use weft_model::Timestamp;

/// A batch is written when it has so many captures …
const BATCH: usize = 1000;
/// … or when its first one has waited for so long.
const COMMIT_AFTER: Duration = Duration::from_millis(250);
/// How long to wait after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How often retention looks at an idle store.
const IDLE: Duration = Duration::from_secs(5);
/// Between two steps of retention while there is something to delete.
const BETWEEN_STEPS: Duration = Duration::from_millis(20);
/// Captures that may wait while the disk cannot be written; the oldest give way.
const MAX_WAITING: usize = 100_000;
/// Bytes of captures that may wait.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;
/// The largest capture that is kept. The largest real ones, Matter servers' node objects, are some 300 KiB.
pub(crate) const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// How the writing goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// What stands in the way of writing now; `None` while all is well.
    pub failure: Option<String>,
    /// Captures that wait in memory.
    pub waiting: usize,
    /// Captures that were lost since the start, because too many waited or one was too large.
    pub lost: u64,
}

/// A capture on its way to the disk.
pub(crate) struct Row {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) clock_at: Timestamp,
    pub(crate) key: String,
    pub(crate) line: String,
}

pub(crate) struct Pending {
    rows: VecDeque<Row>,
    bytes: usize,
    /// Gives the stamps: under the same lock as the queue, so that the queue is in order.
    pub(crate) stamps: Stamps,
    pub(crate) lost: u64,
    failure: Option<String>,
    failures: u64,
    /// The last that was queued; what was lost before that leaves gaps.
    queued_seq: u64,
    written_seq: u64,
    flush_to: u64,
    closing: bool,
}

/// What the thread and the handles share. Where both locks are needed, the connection's is taken first.
pub(crate) struct Shared {
    pub(crate) connection: Mutex<Connection>,
    pending: Mutex<Pending>,
    wake: Condvar,
    done: Condvar,
    pub(crate) limits: Limits,
    pub(crate) path: Option<PathBuf>,
}

/// A panic elsewhere leaves data behind a lock as consistent as an error does: every change is one assignment or one transaction.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(connection: Connection, stamps: Stamps, limits: Limits, path: Option<PathBuf>) -> Self {
        let pending = Pending {
            rows: VecDeque::new(),
            bytes: 0,
            lost: 0,
            failure: None,
            failures: 0,
            queued_seq: stamps.seq(),
            written_seq: stamps.seq(),
            flush_to: 0,
            closing: false,
            stamps,
        };
        Self {
            connection: Mutex::new(connection),
            pending: Mutex::new(pending),
            wake: Condvar::new(),
            done: Condvar::new(),
            limits,
            path,
        }
    }

    pub(crate) fn pending(&self) -> MutexGuard<'_, Pending> {
        lock(&self.pending)
    }

    /// Queues a row under the lock that gave its stamps.
    pub(crate) fn queue(&self, pending: &mut Pending, row: Row) {
        if row.line.len() > MAX_LINE_BYTES {
            pending.lost += 1;
            return;
        }
        pending.bytes += row.line.len() + row.key.len();
        pending.queued_seq = row.seq;
        pending.rows.push_back(row);
        while pending.rows.len() > MAX_WAITING || pending.bytes > MAX_WAITING_BYTES {
            let Some(oldest) = pending.rows.pop_front() else { break };
            pending.bytes = pending.bytes.saturating_sub(oldest.line.len() + oldest.key.len());
            pending.lost += 1;
        }
        if matches!(pending.rows.len(), 1 | BATCH) {
            self.wake.notify_one();
        }
    }

    pub(crate) fn health(&self) -> Health {
        let pending = self.pending();
        Health {
            failure: pending.failure.clone(),
            waiting: pending.rows.len(),
            lost: pending.lost,
        }
    }

    /// Waits until everything that was appended before is written; the reason where that failed.
    pub(crate) fn flush(&self) -> Result<(), String> {
        let mut pending = self.pending();
        // Not the queue's last: a batch that is being written is on its way, not there.
        let target = pending.queued_seq;
        let failures = pending.failures;
        pending.flush_to = target;
        self.wake.notify_one();
        let pending = self
            .done
            .wait_while(pending, |pending| pending.written_seq < target && pending.failures == failures)
            .unwrap_or_else(PoisonError::into_inner);
        if pending.written_seq >= target {
            Ok(())
        } else {
            Err(pending.failure.clone().unwrap_or_default())
        }
    }

    /// Forgets what waits. The caller holds the connection, so the thread is not amid a batch.
    pub(crate) fn forget_waiting(&self) {
        let mut pending = self.pending();
        pending.rows.clear();
        pending.bytes = 0;
        pending.written_seq = pending.stamps.seq();
        self.done.notify_all();
    }

    pub(crate) fn close(&self) {
        self.pending().closing = true;
        self.wake.notify_one();
    }
}

/// Runs until [`Shared::close`].
pub(crate) fn run(shared: &Arc<Shared>, mut age: AgeClock, mut clock_at: Timestamp) {
    let mut broom = Broom::default();
    let mut step_is_due_in = Duration::ZERO;
    let mut busy = false;
    let mut saved = age;
    loop {
        let (waited, closing) = wait(shared, if busy { BETWEEN_STEPS } else { IDLE });
        // The connection first: whoever deletes everything then finds no batch on its way.
        let mut connection = lock(&shared.connection);
        let batch = take_batch(shared);
        let result = write(&mut connection, &batch);
        if result.is_ok() {
            clock_at = batch.last().map_or(clock_at, |row| row.clock_at);
        }
        let failed = settle(shared, batch, result);
        step_is_due_in = step_is_due_in.saturating_sub(waited);
        let now = age.now(clock_at, waited);
        if !failed && step_is_due_in.is_zero() {
            let mut step = broom.step(&mut connection, &shared.limits, now);
            if age.is_worth_saving(&saved) {
                step = step.and_then(|step| age.save(&connection).map(|()| step));
                saved = age;
            }
            match step {
                Ok(step) => busy = step.deleted > 0,
                Err(error) => {
                    busy = false;
                    tracing::warn!(%error, "nothing could be thrown away");
                }
            }
            step_is_due_in = if busy { BETWEEN_STEPS } else { Duration::from_secs(1) };
        }
        if closing && (failed || shared.pending().rows.is_empty()) {
            // Tidy, not needed: the next start reads the log.
            let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            return;
        }
    }
}

/// Waits till there is something to do. Returns for how long it surely waited, and whether the store is being closed.
fn wait(shared: &Shared, idle: Duration) -> (Duration, bool) {
    let mut waited = Duration::ZERO;
    let urgent = |pending: &Pending| pending.closing || pending.flush_to > pending.written_seq;
    let mut pending = shared.pending();
    let phase = |pending, limit, condition: &dyn Fn(&mut Pending) -> bool, waited: &mut Duration| {
        let (pending, result) = shared
            .wake
            .wait_timeout_while(pending, limit, condition)
            .unwrap_or_else(PoisonError::into_inner);
        if result.timed_out() {
            *waited += limit;
        }
        pending
    };
    if pending.failure.is_some() {
        pending = phase(pending, RETRY_AFTER, &|pending| !urgent(pending), &mut waited);
    } else {
        pending = phase(pending, idle, &|pending| pending.rows.is_empty() && !urgent(pending), &mut waited);
        if !pending.rows.is_empty() {
            pending = phase(
                pending,
                COMMIT_AFTER,
                &|pending| pending.rows.len() < BATCH && !urgent(pending),
                &mut waited,
            );
        }
    }
    (waited, pending.closing)
}

fn take_batch(shared: &Shared) -> Vec<Row> {
    let mut pending = shared.pending();
    let count = pending.rows.len().min(BATCH);
    let batch: Vec<Row> = pending.rows.drain(..count).collect();
    pending.bytes = pending.bytes.saturating_sub(batch.iter().map(|row| row.line.len() + row.key.len()).sum());
    batch
}

/// Books what became of a batch; one that could not be written goes back to the front. True where it failed.
fn settle(shared: &Shared, batch: Vec<Row>, result: rusqlite::Result<()>) -> bool {
    let mut pending = shared.pending();
    match result {
        Ok(()) => {
            if pending.failure.take().is_some() {
                tracing::info!(lost = pending.lost, "captures are written again");
            }
            if let Some(row) = batch.last() {
                pending.written_seq = row.seq;
            }
        }
        Err(error) => {
            let reason = error.to_string();
            if pending.failure.is_none() {
                tracing::error!(reason, "captures cannot be written; they wait in memory");
            }
            if let Some(path) = shared.path.as_ref().filter(|_| is_broken(&error)) {
                // The next start then looks at every page, and sets the file aside.
                let _ = crate::directory::private_file().open(suspicion_path(path));
            }
            pending.failure = Some(reason);
            pending.failures += 1;
            pending.flush_to = pending.written_seq;
            for row in batch.into_iter().rev() {
                pending.bytes += row.line.len() + row.key.len();
                pending.rows.push_front(row);
            }
        }
    }
    shared.done.notify_all();
    pending.failure.is_some()
}

/// One batch, one transaction.
fn write(connection: &mut Connection, batch: &[Row]) -> rusqlite::Result<()> {
    let Some(last) = batch.last() else { return Ok(()) };
    let transaction = connection.transaction()?;
    {
        let mut key = transaction.prepare_cached(
            "INSERT INTO retention_key (name, newest) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET newest = excluded.newest RETURNING id",
        )?;
        let mut capture = transaction.prepare_cached("INSERT INTO capture (seq, at, clock_at, key, line) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for row in batch {
            let seq = i64::try_from(row.seq).unwrap_or(i64::MAX);
            let id: i64 = key.query_row(params![row.key, seq], |row| row.get(0))?;
            capture.execute(params![seq, row.at.unix_milliseconds(), row.clock_at.unix_milliseconds(), id, row.line])?;
        }
    }
    set_state(&transaction, "last_seq", i64::try_from(last.seq).unwrap_or(i64::MAX))?;
    set_state(&transaction, "last_at", last.at.unix_milliseconds())?;
    set_state(&transaction, "last_clock_at", last.clock_at.unix_milliseconds())?;
    transaction.commit()
}
