//! What is thrown away: the old and, above the size limit, the oldest; never the newest capture of a retention key.
//!
//! It happens in small steps in the thread that writes, so that nothing waits for it. The file gives its pages back as it goes.

use crate::store::Limits;
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;
use weft_model::Timestamp;

/// Rows that one step deletes at most.
const DELETED_PER_STEP: usize = 500;
/// Rows that one step looks at for their age.
const LOOKED_AT_PER_STEP: usize = 2000;
/// Pages that one step gives back to the file system.
const FREED_PAGES_PER_STEP: i64 = 2000;
/// Above the size limit with nothing else left to delete, the newest captures of keys beyond so many go too: keys come from the network, and
/// whoever invents names must not fill the disk.
const MAX_KEYS: i64 = 50_000;
/// A clock that is up to this much ahead of the believed one is believed at once.
const BELIEVED_AT_ONCE_MILLISECONDS: i64 = 24 * 3600 * 1000;
/// A clock that is further ahead is believed once it has stood, while the service ran, for so long.
const BELIEVED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The clock by which age is counted: a clock that jumps to a wrong year must not throw everything away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AgeClock {
    /// The latest time that has proved itself; milliseconds since 1970, 0 before the first.
    pub(crate) believed_milliseconds: i64,
    /// For how long the clock has been far ahead of it.
    pub(crate) doubted: Duration,
}

impl AgeClock {
    /// The clock says `clock_at`, and the service ran for `awake` since the last call. Returns the time by which age is counted.
    pub(crate) fn now(&mut self, clock_at: Timestamp, awake: Duration) -> Timestamp {
        let clock = clock_at.unix_milliseconds();
        let ahead = clock - self.believed_milliseconds;
        if ahead > BELIEVED_AT_ONCE_MILLISECONDS && self.believed_milliseconds != 0 {
            self.doubted = self.doubted.saturating_add(awake);
        } else {
            self.doubted = Duration::ZERO;
        }
        if ahead <= BELIEVED_AT_ONCE_MILLISECONDS || self.believed_milliseconds == 0 || self.doubted >= BELIEVED_AFTER {
            self.believed_milliseconds = self.believed_milliseconds.max(clock);
            self.doubted = Duration::ZERO;
        }
        Timestamp::from_unix_milliseconds(self.believed_milliseconds.min(clock))
    }

    /// True where ten minutes or more would be forgotten: an idle store writes nothing.
    pub(crate) fn is_worth_saving(&self, saved: &Self) -> bool {
        let ten_minutes = |clock: &Self| (clock.believed_milliseconds / 600_000, clock.doubted.as_secs() / 600);
        ten_minutes(self) != ten_minutes(saved)
    }

    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        // Before it was ever kept, the clock of the last capture is the best there is.
        let believed_milliseconds = match state(connection, "age_clock")? {
            0 => state(connection, "last_clock_at")?,
            kept => kept,
        };
        let doubted = Duration::from_secs(u64::try_from(state(connection, "age_clock_doubted_seconds")?).unwrap_or(0));
        Ok(Self {
            believed_milliseconds,
            doubted,
        })
    }

    pub(crate) fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        set_state(connection, "age_clock", self.believed_milliseconds)?;
        set_state(
            connection,
            "age_clock_doubted_seconds",
            i64::try_from(self.doubted.as_secs()).unwrap_or(i64::MAX),
        )
    }
}

/// A single number that is kept; 0 where it never was set.
pub(crate) fn state(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    let value = connection
        .prepare_cached("SELECT value FROM state WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(value.unwrap_or(0))
}

/// Keeps a single number.
pub(crate) fn set_state(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO state (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}

/// Where the walk through the rows stands.
#[derive(Debug, Default)]
pub(crate) struct Broom {
    cursor: i64,
}

/// What one step did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Rows deleted.
    pub(crate) deleted: usize,
    /// The walk for age has come to the newest row, and begins anew.
    pub(crate) walked_through: bool,
}

impl Broom {
    /// One small step. `now` is an [`AgeClock`]'s.
    pub(crate) fn step(&mut self, connection: &mut Connection, limits: &Limits, now: Timestamp) -> rusqlite::Result<Step> {
        let cutoff = now
            .minus_seconds(i64::try_from(limits.max_age_seconds).unwrap_or(i64::MAX))
            .unix_milliseconds();
        let mut victims = Vec::new();
        let mut looked_at = 0;
        {
            let mut walk = connection.prepare_cached(
                "SELECT capture.seq, clock_at, newest FROM capture JOIN retention_key ON id = key WHERE capture.seq > ?1 ORDER BY capture.seq LIMIT ?2",
            )?;
            let mut rows = walk.query(params![self.cursor, i64::try_from(LOOKED_AT_PER_STEP).unwrap_or(i64::MAX)])?;
            while let Some(row) = rows.next()? {
                let (seq, clock_at, newest): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                looked_at += 1;
                self.cursor = seq;
                if clock_at < cutoff && seq != newest {
                    victims.push(seq);
                    if victims.len() == DELETED_PER_STEP {
                        break;
                    }
                }
            }
        }
        let walked_through = looked_at < LOOKED_AT_PER_STEP && victims.len() < DELETED_PER_STEP;
        if walked_through {
            self.cursor = 0;
            crate::events::sweep(connection, Timestamp::from_unix_milliseconds(cutoff))?;
        }
        if victims.is_empty() && used_bytes(connection)? > limits.max_bytes {
            victims = oldest(connection)?;
        }
        let deleted = victims.len();
        if deleted > 0 {
            let transaction = connection.transaction()?;
            {
                let mut delete = transaction.prepare_cached("DELETE FROM capture WHERE seq = ?1")?;
                for seq in &victims {
                    delete.execute([seq])?;
                }
            }
            transaction.commit()?;
        }
        if connection.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0))? > 0 {
            free_pages(connection, FREED_PAGES_PER_STEP)?;
        }
        Ok(Step { deleted, walked_through })
    }
}

/// The oldest rows that may go because the file is too large.
fn oldest(connection: &mut Connection) -> rusqlite::Result<Vec<i64>> {
    let limit = i64::try_from(DELETED_PER_STEP).unwrap_or(i64::MAX);
    let victims: Vec<i64> = connection
        .prepare_cached("SELECT capture.seq FROM capture JOIN retention_key ON id = key WHERE capture.seq <> newest ORDER BY capture.seq LIMIT ?1")?
        .query_map([limit], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let keys: i64 = connection.query_row("SELECT count(*) FROM retention_key", [], |row| row.get(0))?;
    if !victims.is_empty() || keys <= MAX_KEYS {
        return Ok(victims);
    }
    let transaction = connection.transaction()?;
    let victims: Vec<i64> = transaction
        .prepare_cached("DELETE FROM retention_key WHERE id IN (SELECT id FROM retention_key ORDER BY newest LIMIT ?1) RETURNING newest")?
        .query_map([limit.min(keys - MAX_KEYS)], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for seq in &victims {
        transaction.prepare_cached("DELETE FROM capture WHERE seq = ?1")?.execute([seq])?;
    }
    transaction.commit()?;
    Ok(victims)
}

/// Bytes of the pages in use, without those that wait to be given back.
pub(crate) fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok(u64::try_from(pages.saturating_mul(number("page_size")?)).unwrap_or(0))
}

/// Gives free pages back to the file system; 0 means all of them.
pub(crate) fn free_pages(connection: &Connection, pages: i64) -> rusqlite::Result<()> {
    // Every row that is stepped over frees one page: a statement that is not read to its end frees too few.
    let mut statement = connection.prepare_cached(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    const DAY: i64 = 86_400;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_that_runs_is_believed() {
        let mut clock = AgeClock::default();
        let start = at("2026-11-20T12:00:00Z");
        for hour in 0..1000 {
            let now = start.plus_seconds(hour * 3600);
            assert_eq!(clock.now(now, Duration::from_secs(3600)), now);
        }
    }

    #[test]
    fn a_jump_is_believed_after_a_day_only() {
        let mut clock = AgeClock::default();
        let (now, wrong) = (at("2026-11-20T12:00:00Z"), at("2076-11-20T12:00:00Z"));
        clock.now(now, Duration::ZERO);
        assert_eq!(
            clock.now(wrong, Duration::from_secs(3600)),
            now,
            "fifty years ahead for an hour: nothing is older for it"
        );
        assert_eq!(
            clock.now(now.plus_seconds(3600), Duration::from_secs(1)),
            now.plus_seconds(3600),
            "back: it goes on"
        );
        for _ in 0..23 {
            assert_eq!(clock.now(wrong, Duration::from_secs(3600)), now.plus_seconds(3600));
        }
        assert_eq!(clock.now(wrong, Duration::from_secs(3600)), wrong);
        assert_eq!(
            clock.now(now, Duration::from_secs(1)),
            now,
            "an earlier time needs no proof: it throws nothing away"
        );
    }

    #[test]
    fn a_board_that_starts_in_1970_is_right_a_day_after_its_clock_is_set() {
        let mut clock = AgeClock::default();
        clock.now(Timestamp::from_unix_milliseconds(5000), Duration::from_secs(5));
        let now = at("2026-11-20T12:00:00Z");
        clock.now(now, Duration::from_secs(u64::try_from(DAY).unwrap()));
        assert_eq!(clock.now(now.plus_seconds(1), Duration::from_secs(1)), now.plus_seconds(1));
    }
}
