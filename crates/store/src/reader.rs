//! Reading captures back in pages, so that a year of them needs no more memory than a minute.

use crate::error::StoreError;
use crate::writer::{Shared, lock};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use weft_evidence::Capture;
use weft_model::Timestamp;

/// Rows of one page …
const PAGE_ROWS: i64 = 500;
/// … unless these many bytes are full before.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A connection of its own, or, of a store in memory, the only one there is.
pub(crate) enum ReadConnection {
    Own(Connection),
    Shared(Arc<Shared>),
}

impl ReadConnection {
    pub(crate) fn with<R>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<R>) -> Result<R, StoreError> {
        Ok(match self {
            Self::Own(connection) => read(connection)?,
            Self::Shared(shared) => read(&lock(&shared.connection))?,
        })
    }
}

/// Captures in (`at`, `seq`) order. Rows that cannot be read, of a later version or damaged, are skipped and counted.
pub struct Captures {
    connection: ReadConnection,
    plan: Plan,
    page: VecDeque<Capture>,
    skipped: u64,
    ended: bool,
}

enum Plan {
    /// All after `after` up to `until`, sequence numbers.
    Range { after: i64, until: i64 },
    /// These.
    Chosen(VecDeque<i64>),
}

impl Captures {
    pub(crate) fn range(connection: ReadConnection, after: u64, until: Option<Timestamp>) -> Result<Self, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        // Captures that are written while this is read are left to the next reading, so that it ends.
        let until = connection.with(|connection| last_seq(connection, until))?;
        Ok(Self::of(connection, Plan::Range { after, until }))
    }

    fn of(connection: ReadConnection, plan: Plan) -> Self {
        Self {
            connection,
            plan,
            page: VecDeque::new(),
            skipped: 0,
            ended: false,
        }
    }

    pub(crate) fn newest_of_each_key(connection: ReadConnection, until: Option<Timestamp>) -> Result<Self, StoreError> {
        let chosen = connection.with(|connection| match until {
            None => connection
                .prepare_cached("SELECT newest FROM retention_key ORDER BY newest")?
                .query_map([], |row| row.get(0))?
                .collect(),
            Some(_) => {
                let until = last_seq(connection, until)?;
                connection
                    .prepare_cached(
                        "SELECT seq FROM (SELECT (SELECT max(seq) FROM capture WHERE key = id AND seq <= ?1) AS seq FROM retention_key) \
                         WHERE seq IS NOT NULL ORDER BY seq",
                    )?
                    .query_map([until], |row| row.get(0))?
                    .collect::<rusqlite::Result<VecDeque<i64>>>()
            }
        })?;
        Ok(Self::of(connection, Plan::Chosen(chosen)))
    }

    pub(crate) fn chosen(connection: ReadConnection, seqs: &BTreeSet<u64>) -> Self {
        let chosen = seqs.iter().filter_map(|seq| i64::try_from(*seq).ok()).collect();
        Self::of(connection, Plan::Chosen(chosen))
    }

    /// How many rows could not be read so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn fill(&mut self) -> Result<(), StoreError> {
        let (page, skipped) = (&mut self.page, &mut self.skipped);
        let mut bytes = 0;
        let mut take = |line: String| {
            bytes += line.len();
            match serde_json::from_str(&line) {
                Ok(capture) => page.push_back(capture),
                Err(_) => *skipped += 1,
            }
            bytes < PAGE_BYTES
        };
        self.ended = match &mut self.plan {
            Plan::Range { after, until } => self.connection.with(|connection| {
                let mut select = connection.prepare_cached("SELECT seq, line FROM capture WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3")?;
                let mut rows = select.query(params![*after, *until, PAGE_ROWS])?;
                let mut count = 0;
                while let Some(row) = rows.next()? {
                    count += 1;
                    *after = row.get(0)?;
                    if !take(row.get(1)?) {
                        return Ok(false);
                    }
                }
                Ok(count < PAGE_ROWS)
            })?,
            Plan::Chosen(chosen) => self.connection.with(|connection| {
                let mut select = connection.prepare_cached("SELECT line FROM capture WHERE seq = ?1")?;
                for _ in 0..PAGE_ROWS {
                    let Some(seq) = chosen.pop_front() else { return Ok(true) };
                    // Retention may have been faster.
                    let line: Option<String> = select.query_row([seq], |row| row.get(0)).optional()?;
                    if line.is_some_and(|line| !take(line)) {
                        break;
                    }
                }
                Ok(chosen.is_empty())
            })?,
        };
        Ok(())
    }
}

impl Iterator for Captures {
    type Item = Result<Capture, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(capture) = self.page.pop_front() {
                return Some(Ok(capture));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.fill() {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }
}

/// The last sequence number with a time of at most `until`; 0 where there is none.
pub(crate) fn last_seq(connection: &Connection, until: Option<Timestamp>) -> rusqlite::Result<i64> {
    let until = until.unwrap_or(Timestamp::MAX).unix_milliseconds();
    let seq = connection
        .prepare_cached("SELECT seq FROM capture WHERE at <= ?1 ORDER BY at DESC, seq DESC LIMIT 1")?
        .query_row([until], |row| row.get(0))
        .optional()?;
    Ok(seq.unwrap_or(0))
}
