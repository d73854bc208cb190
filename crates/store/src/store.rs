//! The store as others see it.

use crate::error::StoreError;
use crate::reader::{Captures, ReadConnection, last_seq};
use crate::retention::{AgeClock, Broom, free_pages, set_state, state};
use crate::schema::{SetAside, files_set_aside, open_for_reading, open_for_writing, open_in_memory, with_suffix};
use crate::stamp::Stamps;
use crate::writer::{self, Health, Row, Shared, lock};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use weft_evidence::{Capture, retention_key};
use weft_model::Timestamp;

/// How much is kept. The newest capture of each retention key always stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Captures older than this go.
    pub max_age_seconds: u64,
    /// Above this, the oldest go.
    pub max_bytes: u64,
}

impl Default for Limits {
    /// 90 days, 1 GiB.
    fn default() -> Self {
        Self {
            max_age_seconds: 90 * 86_400,
            max_bytes: 1 << 30,
        }
    }
}

/// What the store takes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The file; `None` of a store in memory.
    pub path: Option<PathBuf>,
    /// Bytes on the disk, with SQLite's log.
    pub bytes: u64,
    /// Captures.
    pub captures: u64,
    /// `at` of the oldest.
    pub oldest: Option<Timestamp>,
    /// `at` of the newest.
    pub newest: Option<Timestamp>,
    /// Broken files that were set aside, this time or earlier; their bytes are not in `bytes`.
    pub set_aside: Vec<PathBuf>,
}

/// Captures at rest. Share it in an `Arc`; dropping it writes what waits.
///
/// Everything but [`Store::append`] and [`Store::health`] may wait for the disk: call it from a thread that may.
pub struct Store {
    pub(crate) shared: Arc<Shared>,
    set_aside: Option<SetAside>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the store at `path`; creates it where there is none, and sets a broken one aside ([`Store::set_aside`]).
    ///
    /// # Errors
    ///
    /// A sentence why this file cannot be used: a newer version's, another program's, a folder that cannot be written. A service then goes on
    /// with [`Store::in_memory`] and says so.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, StoreError> {
        let (connection, set_aside) = open_for_writing(path)?;
        Self::start(connection, limits, Some(path.to_owned()), set_aside)
    }

    /// A store that leaves nothing on the disk and ends with the process.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`], [`StoreError::Thread`].
    pub fn in_memory(limits: Limits) -> Result<Self, StoreError> {
        Self::start(open_in_memory()?, limits, None, None)
    }

    fn start(connection: Connection, limits: Limits, path: Option<PathBuf>, set_aside: Option<SetAside>) -> Result<Self, StoreError> {
        let moment = |name| state(&connection, name).map(Timestamp::from_unix_milliseconds);
        let (last_at, last_clock_at) = (moment("last_at")?, moment("last_clock_at")?);
        let last_seq = u64::try_from(state(&connection, "last_seq")?).unwrap_or(0);
        let age = AgeClock::load(&connection)?;
        let shared = Arc::new(Shared::new(connection, Stamps::resume(last_seq, last_at, last_clock_at), limits, path));
        let writing = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("weft-store".to_owned())
            .spawn(move || writer::run(&writing, age, last_clock_at))
            .map_err(StoreError::Thread)?;
        Ok(Self {
            shared,
            set_aside,
            thread: Some(thread),
        })
    }

    /// Takes a capture: gives it its `seq` and its `at`, and queues it for the disk. Never waits.
    ///
    /// `capture.at` is what the clock said when it was received; `capture.seq` is ignored. By [`retention_key`] the newest capture of each reporter
    /// and kind stays whatever its age. Secrets are blanked before a capture comes here.
    ///
    /// Returns the capture as it is stored. Readers see it once it is written, 250 ms later at most, or after [`Store::flush`].
    pub fn append(&self, mut capture: Capture) -> Arc<Capture> {
        let clock_at = capture.at;
        let key = retention_key(&capture);
        let mut pending = self.shared.pending();
        (capture.seq, capture.at) = pending.stamps.next(clock_at);
        match serde_json::to_string(&capture) {
            Ok(line) => self.shared.queue(
                &mut pending,
                Row {
                    seq: capture.seq,
                    at: capture.at,
                    clock_at,
                    key,
                    line,
                },
            ),
            Err(error) => {
                pending.lost += 1;
                tracing::error!(%error, kind = capture.body.kind(), "a capture has no JSON");
            }
        }
        Arc::new(capture)
    }

    /// Waits until everything that was appended before is in the file, where no end of this process can take it back.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotWritten`]: it waits in memory, and is tried again.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.shared.flush().map_err(|reason| StoreError::NotWritten { reason })
    }

    /// How the writing goes. Never waits for the disk.
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// The broken file that was found when this store was opened.
    pub fn set_aside(&self) -> Option<&SetAside> {
        self.set_aside.as_ref()
    }

    pub(crate) fn reader(&self) -> Result<ReadConnection, StoreError> {
        Ok(match &self.shared.path {
            Some(path) => ReadConnection::Own(open_for_reading(path)?),
            None => ReadConnection::Shared(Arc::clone(&self.shared)),
        })
    }

    /// Captures with `seq` above `after` and `at` of at most `until` (`None`: all that are written now), in (`at`, `seq`) order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`]; so may each item be.
    pub fn captures(&self, after: u64, until: Option<Timestamp>) -> Result<Captures, StoreError> {
        Captures::range(self.reader()?, after, until)
    }

    /// All captures up to a moment: evidence then.
    ///
    /// # Errors
    ///
    /// Those of [`Store::captures`].
    pub fn captures_until(&self, until: Option<Timestamp>) -> Result<Captures, StoreError> {
        self.captures(0, until)
    }

    /// The newest capture of each retention key at a moment: enough to show the last known mesh at once.
    ///
    /// # Errors
    ///
    /// Those of [`Store::captures`].
    pub fn newest_of_each_key(&self, until: Option<Timestamp>) -> Result<Captures, StoreError> {
        Captures::newest_of_each_key(self.reader()?, until)
    }

    /// The captures with these numbers, in order, without those that were thrown away or cannot be read.
    ///
    /// # Errors
    ///
    /// Those of [`Store::captures`].
    pub fn captures_with(&self, seqs: &BTreeSet<u64>) -> Result<Captures, StoreError> {
        Ok(Captures::chosen(self.reader()?, seqs))
    }

    /// What the store takes up, and where.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn usage(&self) -> Result<Usage, StoreError> {
        let (captures, oldest, newest, pages) = self.reader()?.with(|connection| {
            let (captures, oldest, newest): (i64, Option<i64>, Option<i64>) = connection.query_row(
                "SELECT (SELECT count(*) FROM capture), (SELECT at FROM capture ORDER BY at LIMIT 1), (SELECT at FROM capture ORDER BY at DESC LIMIT 1)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?;
            Ok((captures, oldest, newest, crate::retention::used_bytes(connection)?))
        })?;
        let path = self.shared.path.clone();
        let bytes = path.as_ref().map_or(pages, |path| {
            ["", "-wal", "-shm"]
                .iter()
                .filter_map(|suffix| std::fs::metadata(with_suffix(path, suffix)).ok())
                .map(|metadata| metadata.len())
                .sum()
        });
        Ok(Usage {
            set_aside: path.as_deref().map(files_set_aside).unwrap_or_default(),
            path,
            bytes,
            captures: u64::try_from(captures).unwrap_or(0),
            oldest: oldest.map(Timestamp::from_unix_milliseconds),
            newest: newest.map(Timestamp::from_unix_milliseconds),
        })
    }

    /// The number of the newest capture up to `until` that is written; 0 where none is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn newest_seq(&self, until: Option<Timestamp>) -> Result<u64, StoreError> {
        let newest = self.reader()?.with(|connection| last_seq(connection, until))?;
        Ok(u64::try_from(newest).unwrap_or(0))
    }

    /// `at` of the oldest and of the newest capture. Costs nothing, unlike [`Store::usage`], which counts.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let ends: (Option<i64>, Option<i64>) = self.reader()?.with(|connection| {
            let ends = "SELECT (SELECT at FROM capture ORDER BY at LIMIT 1), (SELECT at FROM capture ORDER BY at DESC LIMIT 1)";
            connection.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))
        })?;
        let moment = Timestamp::from_unix_milliseconds;
        Ok(ends.0.zip(ends.1).map(|(oldest, newest)| (moment(oldest), moment(newest))))
    }

    /// Keeps a small JSON document (positions of the map) under a name, in place of the one before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn save_document(&self, name: &str, json: &str) -> Result<(), StoreError> {
        lock(&self.shared.connection)
            .prepare_cached("INSERT OR REPLACE INTO document (name, json) VALUES (?1, ?2)")?
            .execute(params![name, json])?;
        Ok(())
    }

    /// The document of that name.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn load_document(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.reader()?.with(|connection| {
            connection
                .query_row("SELECT json FROM document WHERE name = ?1", [name], |row| row.get(0))
                .optional()
        })
    }

    /// Throws away at once whatever the limits say, instead of in small steps. `clock_at` is the time now. Returns how many captures went.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn enforce_retention(&self, clock_at: Timestamp) -> Result<u64, StoreError> {
        let mut connection = lock(&self.shared.connection);
        let now = AgeClock::load(&connection)?.now(clock_at, Duration::ZERO);
        let mut broom = Broom::default();
        let mut deleted = 0;
        loop {
            let step = broom.step(&mut connection, &self.shared.limits, now)?;
            deleted += u64::try_from(step.deleted).unwrap_or(0);
            if step.walked_through && step.deleted == 0 {
                break;
            }
        }
        shrink(&connection)?;
        Ok(deleted)
    }

    /// Deletes every capture, event and document, and the broken files that were set aside. Sequence numbers and times go on, so that nothing is said twice.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`]; [`StoreError::File`] where a broken file cannot be deleted.
    pub fn delete_all(&self) -> Result<(), StoreError> {
        let mut connection = lock(&self.shared.connection);
        self.shared.forget_waiting();
        let last_seq = self.shared.pending().stamps.seq();
        let transaction = connection.transaction()?;
        transaction.execute_batch("DELETE FROM capture; DELETE FROM retention_key; DELETE FROM document; DELETE FROM event;")?;
        set_state(&transaction, "last_seq", i64::try_from(last_seq).unwrap_or(i64::MAX))?;
        transaction.commit()?;
        // Rewritten, because freed space would still hold what was deleted.
        connection.execute_batch("VACUUM")?;
        shrink(&connection)?;
        for path in self.shared.path.as_deref().map(files_set_aside).unwrap_or_default() {
            std::fs::remove_file(&path).map_err(|source| StoreError::File {
                action: "delete",
                path,
                source,
            })?;
        }
        Ok(())
    }
}

/// Gives everything that is free back to the file system, the log too.
fn shrink(connection: &Connection) -> Result<(), StoreError> {
    free_pages(connection, 0)?;
    // Busy while somebody reads: then the log shrinks later.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

impl Drop for Store {
    fn drop(&mut self) {
        self.shared.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_evidence::{CaptureBody, SourceReport, SourceState};

    fn capture(at: i64, reason: &str) -> Capture {
        let body = CaptureBody::Source(SourceReport {
            state: SourceState::Working,
            reason: Some(reason.to_owned()),
            dropped: 0,
            detail: None,
        });
        Capture {
            seq: 0,
            at: Timestamp::from_unix_milliseconds(at),
            source: "test".into(),
            body,
        }
    }

    #[test]
    fn a_full_disk_is_reported_and_survived() {
        let store = Store::in_memory(Limits::default()).unwrap();
        let max_pages = |pages: i64| lock(&store.shared.connection).pragma_update(None, "max_page_count", pages).unwrap();
        max_pages(12);
        let long = "x".repeat(4000);
        let appended: Vec<_> = (0..100).map(|second| store.append(capture(second * 1000, &long)).seq).collect();
        let error = store.flush().unwrap_err();
        assert!(error.to_string().contains("full"), "{error}");
        let health = store.health();
        assert!(health.failure.is_some_and(|reason| reason.contains("full")));
        assert_eq!((health.waiting, health.lost), (100, 0));

        max_pages(100_000);
        store.flush().unwrap();
        assert_eq!(store.health(), Health::default());
        let read: Vec<_> = store.captures_until(None).unwrap().map(|capture| capture.unwrap().seq).collect();
        assert_eq!(read, appended);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_skipped_and_counted() {
        let store = Store::in_memory(Limits::default()).unwrap();
        for second in 0..3 {
            store.append(capture(second * 1000, "x"));
        }
        store.flush().unwrap();
        lock(&store.shared.connection)
            .execute("UPDATE capture SET line = '{\"seq\":2,\"kind\":\"from-tomorrow\"' WHERE seq = 2", [])
            .unwrap();
        let mut captures = store.captures_until(None).unwrap();
        let read: Vec<_> = captures.by_ref().map(|capture| capture.unwrap().seq).collect();
        assert_eq!((read, captures.skipped()), (vec![1, 3], 1));
        let some = store.captures_with(&[1, 2, 3, 9].into()).unwrap();
        assert_eq!(some.map(|capture| capture.unwrap().seq).collect::<Vec<_>>(), [1, 3]);
    }
}
