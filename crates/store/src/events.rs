//! Events: what a program concluded from captures, kept so that it need not read them all again. Opaque texts; they can be made anew.

use crate::error::StoreError;
use crate::retention::{set_state, state};
use crate::store::Store;
use crate::writer::lock;
use rusqlite::{Connection, OptionalExtension, params};
use weft_model::Timestamp;

/// The most events that are kept: the oldest give way.
const MAX_EVENTS: i64 = 100_000;
/// The document that holds what its maker needs to go on.
const DOCUMENT: &str = "chronicle";

/// An event at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// When it happened.
    pub at: Timestamp,
    /// The larger, the more urgent.
    pub severity: u8,
    /// The event.
    pub json: String,
}

/// How far events were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsPosition {
    /// Version of the code that made them.
    pub version: u32,
    /// The last capture that they speak of.
    pub seq: u64,
    /// The moment up to which they are complete.
    pub at: Timestamp,
    /// What the maker needs to go on.
    pub json: String,
}

/// When and how urgent; for a histogram.
pub type EventMark = (Timestamp, u8);

impl Store {
    /// Keeps further events together with the position that they lead to: both or none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn keep_events(&self, events: &[EventRow], position: &EventsPosition) -> Result<(), StoreError> {
        let mut connection = lock(&self.shared.connection);
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO event (at, severity, json) VALUES (?1, ?2, ?3)")?;
            for event in events {
                insert.execute(params![event.at.unix_milliseconds(), event.severity, event.json])?;
            }
        }
        transaction.execute(
            "INSERT OR REPLACE INTO document (name, json) VALUES (?1, ?2)",
            params![DOCUMENT, position.json],
        )?;
        set_state(&transaction, "events_version", i64::from(position.version))?;
        set_state(&transaction, "events_seq", i64::try_from(position.seq).unwrap_or(i64::MAX))?;
        set_state(&transaction, "events_at", position.at.unix_milliseconds())?;
        Ok(transaction.commit()?)
    }

    /// How far events were made; `None` where none ever were.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn events_position(&self) -> Result<Option<EventsPosition>, StoreError> {
        self.reader()?.with(|connection| {
            let json: Option<String> = connection
                .query_row("SELECT json FROM document WHERE name = ?1", [DOCUMENT], |row| row.get(0))
                .optional()?;
            let Some(json) = json else { return Ok(None) };
            Ok(Some(EventsPosition {
                version: u32::try_from(state(connection, "events_version")?).unwrap_or(0),
                seq: u64::try_from(state(connection, "events_seq")?).unwrap_or(0),
                at: Timestamp::from_unix_milliseconds(state(connection, "events_at")?),
                json,
            }))
        })
    }

    /// Throws all events away: they are to be made anew.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn forget_events(&self) -> Result<(), StoreError> {
        let mut connection = lock(&self.shared.connection);
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM event", [])?;
        transaction.execute("DELETE FROM document WHERE name = ?1", [DOCUMENT])?;
        Ok(transaction.commit()?)
    }

    /// The events from `from` to before `to`: the `limit` most urgent and newest ones, in order of time; and when all of them were.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn events(&self, from: Timestamp, to: Timestamp, limit: usize) -> Result<(Vec<EventRow>, Vec<EventMark>), StoreError> {
        let span = [from, to].map(Timestamp::unix_milliseconds);
        self.reader()?.with(|connection| {
            let mut marks = connection.prepare_cached("SELECT at, severity FROM event WHERE at >= ?1 AND at < ?2 ORDER BY at")?;
            let marks = marks
                .query_map(span, |row| Ok((Timestamp::from_unix_milliseconds(row.get(0)?), row.get(1)?)))?
                .collect::<rusqlite::Result<Vec<EventMark>>>()?;
            let mut select = connection.prepare_cached(
                "SELECT at, severity, json FROM (SELECT id, at, severity, json FROM event WHERE at >= ?1 AND at < ?2 \
                 ORDER BY severity DESC, at DESC, id DESC LIMIT ?3) ORDER BY at, id",
            )?;
            let rows = select
                .query_map(params![span[0], span[1], i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok(EventRow {
                        at: Timestamp::from_unix_milliseconds(row.get(0)?),
                        severity: row.get(1)?,
                        json: row.get(2)?,
                    })
                })?
                .collect::<rusqlite::Result<Vec<EventRow>>>()?;
            Ok((rows, marks))
        })
    }
}

/// Throws events away that are older than captures may be, and the oldest of too many.
pub(crate) fn sweep(connection: &Connection, cutoff: Timestamp) -> rusqlite::Result<usize> {
    let old = connection
        .prepare_cached("DELETE FROM event WHERE at < ?1")?
        .execute([cutoff.unix_milliseconds()])?;
    let many = connection
        .prepare_cached("DELETE FROM event WHERE id <= (SELECT id FROM event ORDER BY id DESC LIMIT 1 OFFSET ?1)")?
        .execute([MAX_EVENTS])?;
    Ok(old + many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_milliseconds(seconds * 1000)
    }

    fn row(seconds: i64, severity: u8) -> EventRow {
        EventRow {
            at: at(seconds),
            severity,
            json: format!("{{\"at\":{seconds}}}"),
        }
    }

    fn position(seq: u64) -> EventsPosition {
        EventsPosition {
            version: 1,
            seq,
            at: at(9),
            json: "{}".to_owned(),
        }
    }

    #[test]
    fn the_most_urgent_come_first_and_all_are_counted() {
        let store = Store::in_memory(Limits::default()).unwrap();
        assert_eq!(store.events_position().unwrap(), None);
        let rows = [row(1, 0), row(2, 2), row(3, 0), row(4, 1), row(10, 2)];
        store.keep_events(&rows, &position(7)).unwrap();
        let (kept, marks) = store.events(at(1), at(10), 2).unwrap();
        assert_eq!(kept, [row(2, 2), row(4, 1)]);
        assert_eq!(marks, [(at(1), 0), (at(2), 2), (at(3), 0), (at(4), 1)]);
        assert_eq!(store.events_position().unwrap(), Some(position(7)));
        store.forget_events().unwrap();
        assert_eq!(store.events_position().unwrap(), None);
        assert!(store.events(at(0), at(99), 9).unwrap().1.is_empty());
    }

    #[test]
    fn events_go_with_the_captures_they_speak_of() {
        let store = Store::in_memory(Limits::default()).unwrap();
        store.keep_events(&[row(1, 2), row(5, 0)], &position(1)).unwrap();
        assert_eq!(sweep(&lock(&store.shared.connection), at(5)).unwrap(), 1);
        assert_eq!(store.events(at(0), at(99), 9).unwrap().0, [row(5, 0)]);
        store.delete_all().unwrap();
        assert_eq!(
            (store.events_position().unwrap(), store.events(at(0), at(99), 9).unwrap().0),
            (None, vec![])
        );
    }

    #[test]
    fn on_a_full_disk_neither_events_nor_their_position_are_kept() {
        let store = Store::in_memory(Limits::default()).unwrap();
        store.keep_events(&[row(1, 0)], &position(1)).unwrap();
        let max_pages = |pages: i64| lock(&store.shared.connection).pragma_update(None, "max_page_count", pages).unwrap();
        max_pages(1);
        let rows: Vec<EventRow> = (2..2000).map(|seconds| row(seconds, 0)).collect();
        store.keep_events(&rows, &position(2)).unwrap_err();
        assert_eq!(store.events_position().unwrap(), Some(position(1)));
        assert_eq!(store.events(at(0), at(9999), 9).unwrap().0, [row(1, 0)]);
        max_pages(100_000);
        store.keep_events(&rows, &position(2)).unwrap();
        assert_eq!(store.events(at(0), at(9999), 9).unwrap().1.len(), 1999);
    }

    #[test]
    fn no_more_than_the_limit_are_kept() {
        let store = Store::in_memory(Limits::default()).unwrap();
        let rows: Vec<EventRow> = (0..MAX_EVENTS + 5).map(|seconds| row(seconds, 0)).collect();
        store.keep_events(&rows, &position(1)).unwrap();
        sweep(&lock(&store.shared.connection), at(0)).unwrap();
        let (_, marks) = store.events(at(0), at(MAX_EVENTS * 2), 1).unwrap();
        assert_eq!((marks.len(), marks[0].0), (100_000, at(5)));
    }
}
