//! The file: how it is opened, its tables by version, and what happens to one that is broken.

use crate::directory::{create_private_folder, private_file};
use crate::error::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `WEFT` in ASCII: tells our files from other programs'.
const APPLICATION_ID: i64 = 0x5745_4654;
/// A file up to this size is checked through at every start; a larger one after trouble only, so that a start stays fast.
const CHECKED_AT_EVERY_START_BYTES: u64 = 64 * 1024 * 1024;
/// The log is cut back to this after a checkpoint.
const JOURNAL_LIMIT_BYTES: i64 = 8 * 1024 * 1024;
/// Page cache of one connection.
const CACHE_KIBIBYTES: i64 = 2048;
/// How many broken files may lie beside the store before it refuses to add one.
const MAX_SET_ASIDE: u32 = 1000;

/// One step of the schema: from version `n` (its index) to `n + 1`.
type Migration = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// All steps; the number of them is the version that this program writes.
const MIGRATIONS: &[Migration] = &[version_1, version_2];

/// `at` and `clock_at` are milliseconds since 1970. `line` is the capture as a line of a recording: a better decoder makes old rows better, and a
/// person can read them with any SQLite tool. Rows in `seq` order are in (`at`, `seq`) order, because times never decrease.
/// `retention_key.newest` is the row that retention never takes. `state` holds single numbers.
fn version_1(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "CREATE TABLE capture (
             seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, clock_at INTEGER NOT NULL, key INTEGER NOT NULL, line TEXT NOT NULL) STRICT;
         CREATE INDEX capture_by_time ON capture (at);
         CREATE INDEX capture_by_key ON capture (key);
         CREATE TABLE retention_key (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, newest INTEGER NOT NULL) STRICT;
         CREATE TABLE document (name TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
         CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    )
}

/// `event` holds what was concluded: derived, and made anew by newer code. Which code made them, and from which captures, is in `state`.
fn version_2(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "CREATE TABLE event (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, severity INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
         CREATE INDEX event_by_time ON event (at);",
    )
}

/// A file that was broken, and where it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where the file was moved. Nothing deletes it but a person, or [`crate::Store::delete_all`].
    pub to: PathBuf,
    /// What was wrong with it.
    pub reason: String,
}

/// Opens the file for writing: creates it (mode 0600) and its folder (mode 0700) where missing, migrates it, sets it aside where it is broken.
///
/// # Errors
///
/// [`StoreError::NewerSchema`] and [`StoreError::Foreign`] leave the file untouched; [`StoreError::File`] and [`StoreError::Sqlite`] where it cannot
/// be opened for writing at all.
pub(crate) fn open_for_writing(path: &Path) -> Result<(Connection, Option<SetAside>), StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_private_folder(folder)?;
    }
    match open_file(path) {
        Ok(connection) => Ok((connection, None)),
        Err(StoreError::Sqlite(error)) if is_broken(&error) => {
            let set_aside = SetAside {
                to: set_aside(path)?,
                reason: error.to_string(),
            };
            tracing::error!(from = %path.display(), to = %set_aside.to.display(), reason = set_aside.reason, "a broken store was set aside");
            Ok((open_file(path)?, Some(set_aside)))
        }
        Err(error) => Err(error),
    }
}

fn open_file(path: &Path) -> Result<Connection, StoreError> {
    let file = private_file().open(path).map_err(|source| StoreError::File {
        action: "open",
        path: path.to_owned(),
        source,
    })?;
    let bytes = file.metadata().map(|metadata| metadata.len()).unwrap_or(0);
    drop(file);
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let suspicion = suspicion_path(path);
    if bytes <= CHECKED_AT_EVERY_START_BYTES || suspicion.exists() {
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(corrupt(found).into());
        }
        let _ = std::fs::remove_file(&suspicion);
    }
    prepare(&mut connection, path, MIGRATIONS)?;
    Ok(connection)
}

/// A store that lies in memory only.
pub(crate) fn open_in_memory() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    prepare(&mut connection, Path::new(":memory:"), MIGRATIONS)?;
    Ok(connection)
}

/// A connection that only reads; fails where there is no file.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -CACHE_KIBIBYTES)?;
    Ok(connection)
}

fn prepare(connection: &mut Connection, path: &Path, migrations: &[Migration]) -> Result<(), StoreError> {
    let number = |connection: &Connection, pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let application = number(connection, "application_id")?;
    let version = number(connection, "user_version")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0) {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found: version,
            known,
        });
    }
    // Takes effect in an empty file only, and before the log is switched on: so that a file gives pages back without being rewritten.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_LIMIT_BYTES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIBIBYTES)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    for (index, migration) in migrations.iter().enumerate().skip(usize::try_from(version).unwrap_or(0)) {
        let transaction = connection.transaction()?;
        migration(&transaction)?;
        transaction.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

/// True for an error that says that the file's bytes are wrong.
pub(crate) fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

fn corrupt(found: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), Some(found))
}

/// An empty file beside the store that asks the next start to check it through.
pub(crate) fn suspicion_path(path: &Path) -> PathBuf {
    with_suffix(path, ".check")
}

/// `NAME` and a suffix: SQLite keeps its log in `NAME-wal`, its index in `NAME-shm`.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Every file that belongs to a broken store that was set aside.
pub(crate) fn files_set_aside(path: &Path) -> Vec<PathBuf> {
    let Some(prefix) = path.file_name().map(|name| format!("{}.broken-", name.to_string_lossy())) else {
        return Vec::new();
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)))
        .collect();
    files.sort();
    files
}

/// Moves the file and its log to the first free `NAME.broken-<n>`.
fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let error = |source| StoreError::File {
        action: "set aside",
        path: path.to_owned(),
        source,
    };
    let target = (1..=MAX_SET_ASIDE)
        .map(|number| with_suffix(path, &format!(".broken-{number}")))
        .find(|target| !target.exists())
        .ok_or_else(|| error(std::io::Error::other("too many broken files lie there already")))?;
    std::fs::rename(path, &target).map_err(error)?;
    for suffix in ["-wal", "-shm"] {
        // The log belongs to the broken file: a new file must not find it. It is missing after a clean end.
        match std::fs::rename(with_suffix(path, suffix), with_suffix(&target, suffix)) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => return Err(error(source)),
            _ => {}
        }
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a later version might do: carries data over.
    fn later(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        transaction.execute_batch("ALTER TABLE document ADD COLUMN saved_at INTEGER NOT NULL DEFAULT 0; UPDATE document SET saved_at = length(json);")
    }

    fn failing(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        transaction.execute_batch("DROP TABLE document; SELECT nonsense FROM nowhere;")
    }

    fn version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_older_schema_is_brought_up_step_by_step_with_its_data() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection, Path::new("x"), &[version_1]).unwrap();
        assert_eq!(version(&connection), 1);
        connection.execute("INSERT INTO document VALUES ('layout', '{}')", []).unwrap();

        let error = prepare(&mut connection, Path::new("x"), &[version_1, failing]).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
        assert_eq!(version(&connection), 1, "a step that fails is undone as a whole");

        prepare(&mut connection, Path::new("x"), &[version_1, version_2, later]).unwrap();
        assert_eq!(version(&connection), 3);
        let saved_at: i64 = connection
            .query_row("SELECT saved_at FROM document WHERE name = 'layout'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(saved_at, 2);
    }

    #[test]
    fn a_store_of_the_first_schema_keeps_its_captures() {
        let capture = |number: usize| -> weft_evidence::Capture {
            let line = format!(
                r#"{{"seq":0,"at":"2026-11-20T12:00:0{number}.000Z","source":"mdns","kind":"source","state":"working","reason":"{number}"}}"#
            );
            serde_json::from_str(&line).unwrap()
        };
        let folder = std::env::temp_dir().join(format!("weft-store-schema-{}", std::process::id()));
        let path = folder.join("captures.sqlite");
        let store = crate::Store::open(&path, crate::Limits::default()).unwrap();
        store.append(capture(1));
        store.flush().unwrap();
        drop(store);

        // What came later is taken away: what is left is what the first version wrote.
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("DROP TABLE event; PRAGMA user_version = 1").unwrap();
        let tables = |connection: &Connection| -> Vec<String> {
            let mut select = connection
                .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY sql")
                .unwrap();
            select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let mut first = Connection::open_in_memory().unwrap();
        prepare(&mut first, Path::new("x"), &[version_1]).unwrap();
        assert_eq!(tables(&connection), tables(&first));
        drop(connection);

        for number in 2..4 {
            let store = crate::Store::open(&path, crate::Limits::default()).unwrap();
            assert!(store.set_aside().is_none());
            assert_eq!(store.events_position().unwrap().is_some(), number == 3);
            store.append(capture(number));
            store.flush().unwrap();
            let position = crate::EventsPosition {
                version: 1,
                seq: store.newest_seq(None).unwrap(),
                at: "2026-11-20T12:00:09Z".parse().unwrap(),
                json: "{}".to_owned(),
            };
            store.keep_events(&[], &position).unwrap();
            let kept: Vec<u64> = store.captures_until(None).unwrap().map(|capture| capture.unwrap().seq).collect();
            assert_eq!(kept, (1..=u64::try_from(number).unwrap()).collect::<Vec<_>>());
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_newer_schema_is_refused_with_a_sentence() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection, Path::new("x"), MIGRATIONS).unwrap();
        connection.pragma_update(None, "user_version", 7).unwrap();
        let error = prepare(&mut connection, Path::new("captures.sqlite"), MIGRATIONS).unwrap_err();
        assert_eq!(
            error.to_string(),
            "captures.sqlite was written by a newer version of Weft (schema 7; this one knows up to 2): use that version, or another data directory"
        );
    }

    #[test]
    fn another_programs_database_is_not_touched() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(
            prepare(&mut connection, Path::new("x"), MIGRATIONS),
            Err(StoreError::Foreign { .. })
        ));
        assert_eq!(version(&connection), 0);
    }
}
