//! The store from outside: order, restarts, clocks, retention, broken files, the lock.

#![allow(clippy::unwrap_used)] // Helpers of tests.

use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use weft_evidence::{Capture, CaptureBody, SourceReport, SourceState};
use weft_model::Timestamp;
use weft_store::{DataDirectory, Health, Limits, Owner, Store, StoreError};

const DAY: i64 = 86_400;

/// A retention key of its own for each source.
fn of(capture: Capture, source: &str) -> Capture {
    Capture {
        source: source.into(),
        ..capture
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!("weft-store-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn store(&self) -> PathBuf {
        self.0.join("captures.sqlite")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn capture(at: Timestamp, reason: &str) -> Capture {
    let body = CaptureBody::Source(SourceReport {
        state: SourceState::Working,
        reason: Some(reason.to_owned()),
        dropped: 0,
        detail: None,
    });
    Capture {
        seq: 0,
        at,
        source: "test".into(),
        body,
    }
}

fn open(path: &Path) -> Store {
    Store::open(path, Limits::default()).unwrap()
}

fn seqs(store: &Store, until: Option<Timestamp>) -> Vec<u64> {
    store.captures_until(until).unwrap().map(|capture| capture.unwrap().seq).collect()
}

#[test]
fn what_was_appended_comes_back_after_a_restart_and_the_numbers_go_on() {
    let folder = Folder::new();
    let start = at("2026-11-20T12:00:00Z");
    let store = open(&folder.store());
    let written: Vec<Capture> = (0..1234)
        .map(|second| (*store.append(of(capture(start.plus_seconds(second), &format!("{second}")), "key"))).clone())
        .collect();
    drop(store);

    let store = open(&folder.store());
    let read: Vec<Capture> = store.captures_until(None).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(read, written);
    assert_eq!(seqs(&store, Some(start.plus_seconds(9))), (1..=10).collect::<Vec<_>>());
    assert_eq!(seqs(&store, Some(start.minus_seconds(1))), Vec::<u64>::new());
    assert_eq!(store.captures(1230, None).unwrap().count(), 4);
    let some = store.captures_with(&[5, 99_999].into()).unwrap();
    assert_eq!(some.map(Result::unwrap).collect::<Vec<_>>(), [written[4].clone()]);
    assert_eq!(store.append(of(capture(start.plus_seconds(5000), "next"), "key")).seq, 1235);
    store.flush().unwrap();
    assert_eq!(store.health(), Health::default());

    let usage = store.usage().unwrap();
    assert_eq!(
        (usage.captures, usage.oldest, usage.newest),
        (1235, Some(start), Some(start.plus_seconds(5000)))
    );
    assert!(usage.bytes > 100_000 && usage.path == Some(folder.store()) && usage.set_aside.is_empty());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let store = open(&folder.store());
    store.append(of(capture(at("2026-11-20T12:00:00Z"), "x"), "key"));
    store.flush().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0), 0o700);
    for entry in fs::read_dir(&folder.0).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn the_newest_of_each_key_is_the_last_known_mesh_now_and_then() {
    let folder = Folder::new();
    let start = at("2026-11-20T12:00:00Z");
    let store = open(&folder.store());
    for minute in 0..60 {
        store.append(of(
            capture(start.plus_seconds(minute * 60), &format!("{minute}")),
            &format!("router {}", minute % 3),
        ));
    }
    store.append(of(capture(start.plus_seconds(3600), "once"), "sensor"));
    store.flush().unwrap();
    let newest = |until| {
        store
            .newest_of_each_key(until)
            .unwrap()
            .map(|capture| capture.unwrap().seq)
            .collect::<Vec<_>>()
    };
    assert_eq!(newest(None), [58, 59, 60, 61]);
    assert_eq!(newest(Some(start.plus_seconds(4 * 60))), [3, 4, 5]);
    assert_eq!(newest(Some(start)), [1]);
    assert_eq!(newest(Some(start.minus_seconds(1))), [0u64; 0]);
}

#[test]
fn a_jumping_clock_corrupts_nothing() {
    let folder = Folder::new();
    let (right, wrong) = (at("2026-11-20T12:00:00Z"), at("2076-11-20T12:00:00Z"));
    let clocks = [
        right,
        wrong,
        right.plus_seconds(60),
        Timestamp::MIN,
        right.plus_seconds(120),
        Timestamp::MAX,
        right.plus_seconds(180),
    ];
    let mut last = (0, Timestamp::MIN);
    for (index, clock) in clocks.iter().enumerate() {
        // A restart between every two.
        let store = open(&folder.store());
        let stamped = store.append(of(capture(*clock, "x"), &format!("key {index}")));
        assert!(stamped.seq == last.0 + 1 && stamped.at >= last.1, "{index}: {stamped:?}");
        last = (stamped.seq, stamped.at);
    }
    let store = open(&folder.store());
    assert_eq!(seqs(&store, None), (1..=7).collect::<Vec<_>>());
    assert_eq!(store.enforce_retention(right.plus_seconds(200)).unwrap(), 0);
}

#[test]
fn a_wrong_year_for_an_hour_throws_nothing_away() {
    let folder = Folder::new();
    let start = at("2026-11-20T12:00:00Z");
    let store = open(&folder.store());
    for day in 0..30 {
        store.append(of(capture(start.plus_seconds(day * DAY), "x"), "key"));
    }
    store.flush().unwrap();
    assert_eq!(store.enforce_retention(at("2076-01-01T00:00:00Z")).unwrap(), 0);
    assert_eq!(seqs(&store, None).len(), 30);
}

#[test]
fn age_takes_what_is_old_but_the_newest_of_each_key() {
    let folder = Folder::new();
    let start = at("2026-01-01T00:00:00Z");
    let limits = Limits {
        max_age_seconds: 10 * 3600,
        max_bytes: u64::MAX,
    };
    let store = Store::open(&folder.store(), limits).unwrap();
    store.append(of(capture(start, "a device that was heard once"), "silent"));
    for minute in 0..20 * 60 {
        store.append(of(capture(start.plus_seconds(minute * 60), &format!("minute {minute}")), "busy"));
    }
    store.flush().unwrap();
    store.enforce_retention(start.plus_seconds(20 * 3600)).unwrap();
    let left: Vec<Capture> = store.captures_until(None).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(left[0].seq, 1, "the newest of its key stays, whatever its age");
    assert_eq!(left.len(), 1 + 10 * 60);
    assert!(left[1].at >= start.plus_seconds(10 * 3600));
    assert_eq!(store.newest_of_each_key(None).unwrap().count(), 2);
}

#[test]
fn size_takes_the_oldest_but_the_newest_of_each_key_and_the_file_shrinks() {
    let folder = Folder::new();
    let start = at("2026-01-01T00:00:00Z");
    let large = "z".repeat(1000);
    let fill = |store: &Store| {
        for second in 0..6000 {
            store.append(of(
                capture(start.plus_seconds(second), &large),
                if second < 5 {
                    ["a", "b", "c", "d", "e"][usize::try_from(second).unwrap()]
                } else {
                    "busy"
                },
            ));
        }
        store.flush().unwrap();
    };
    let store = open(&folder.store());
    fill(&store);
    let before = store.usage().unwrap().bytes;
    drop(store);

    let limits = Limits {
        max_bytes: 2_000_000,
        ..Limits::default()
    };
    let store = Store::open(&folder.store(), limits).unwrap();
    store.enforce_retention(start.plus_seconds(6000)).unwrap();
    let usage = store.usage().unwrap();
    assert!(before > 6_000_000 && usage.bytes < 2_100_000, "{before} {usage:?}");
    assert!(fs::metadata(folder.store()).unwrap().len() < 2_100_000);
    let left = seqs(&store, None);
    assert_eq!(left[..5], [1, 2, 3, 4, 5]);
    assert_eq!(left.last(), Some(&6000));
    assert!(left.len() > 800 && left[5] > 3000);
    assert_eq!(store.newest_of_each_key(None).unwrap().count(), 6);
}

#[test]
fn the_thread_that_writes_throws_away_by_itself() {
    let folder = Folder::new();
    let start = at("2026-01-01T00:00:00Z");
    let store = Store::open(
        &folder.store(),
        Limits {
            max_age_seconds: 3600,
            max_bytes: u64::MAX,
        },
    )
    .unwrap();
    for minute in 0..600 {
        store.append(of(capture(start.plus_seconds(minute * 60), "x"), "key"));
    }
    for _ in 0..100 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        if store.usage().unwrap().captures == 61 {
            return;
        }
    }
    panic!("still {} captures", store.usage().unwrap().captures);
}

#[test]
fn deleting_leaves_nothing_but_the_numbers() {
    let folder = Folder::new();
    let start = at("2026-11-20T12:00:00Z");
    let store = open(&folder.store());
    fs::write(folder.0.join("captures.sqlite.broken-1"), "old").unwrap();
    for second in 0..500 {
        store.append(of(capture(start.plus_seconds(second), "a secret habit"), "key"));
    }
    store.save_document("layout", "{}").unwrap();
    store.flush().unwrap();
    store.append(of(capture(start.plus_seconds(500), "a secret habit"), "key"));
    store.delete_all().unwrap();
    store.flush().unwrap();
    let usage = store.usage().unwrap();
    assert_eq!((usage.captures, usage.oldest, usage.set_aside.len()), (0, None, 0));
    assert_eq!(store.load_document("layout").unwrap(), None);
    for entry in fs::read_dir(&folder.0).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(14).any(|window| window == b"a secret habit"));
    }
    drop(store);
    assert_eq!(open(&folder.store()).append(of(capture(start, "x"), "key")).seq, 502);
}

#[test]
fn documents_are_kept_by_name() {
    let folder = Folder::new();
    let store = open(&folder.store());
    assert_eq!(store.load_document("layout").unwrap(), None);
    store.save_document("layout", "{\"a\":[1,2]}").unwrap();
    store.save_document("layout", "{\"a\":[3,4]}").unwrap();
    drop(store);
    assert_eq!(open(&folder.store()).load_document("layout").unwrap().as_deref(), Some("{\"a\":[3,4]}"));
}

#[test]
fn a_file_that_is_no_database_is_set_aside_and_said_so() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    let junk = b"this is no database, but somebody may still want it".repeat(100);
    for round in 1..=2 {
        fs::write(folder.store(), &junk).unwrap();
        let store = open(&folder.store());
        let set_aside = store.set_aside().unwrap().clone();
        assert_eq!(set_aside.to, folder.0.join(format!("captures.sqlite.broken-{round}")));
        assert!(set_aside.reason.contains("not a database"), "{}", set_aside.reason);
        assert_eq!(fs::read(&set_aside.to).unwrap(), junk);
        assert_eq!(store.append(of(capture(at("2026-11-20T12:00:00Z"), "x"), "key")).seq, 1);
        store.flush().unwrap();
        assert_eq!(store.usage().unwrap().set_aside.len(), round);
    }
}

#[test]
fn a_truncated_or_overwritten_file_is_set_aside() {
    for damage in ["truncated", "overwritten"] {
        let folder = Folder::new();
        let store = open(&folder.store());
        for second in 0..2000 {
            store.append(of(
                capture(Timestamp::from_unix_milliseconds(second * 1000), "x"),
                &format!("key {second}"),
            ));
        }
        drop(store);
        let mut bytes = fs::read(folder.store()).unwrap();
        let half = bytes.len() / 2;
        if damage == "truncated" {
            bytes.truncate(half);
        } else {
            bytes[half..half + 20_000].fill(0xa5);
        }
        fs::write(folder.store(), &bytes).unwrap();
        let store = open(&folder.store());
        let set_aside = store.set_aside().unwrap_or_else(|| panic!("{damage}: nothing was noticed"));
        assert_eq!(fs::read(&set_aside.to).unwrap(), bytes);
        store.append(of(capture(Timestamp::MIN, "x"), "key"));
        store.flush().unwrap();
    }
}

#[test]
fn a_file_of_another_kind_of_schema_is_left_alone() {
    let folder = Folder::new();
    drop(open(&folder.store()));
    let connection = rusqlite::Connection::open(folder.store()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(
        Store::open(&folder.store(), Limits::default()),
        Err(StoreError::NewerSchema { found: 99, .. })
    ));

    let theirs = folder.0.join("theirs.sqlite");
    rusqlite::Connection::open(&theirs)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    assert!(matches!(Store::open(&theirs, Limits::default()), Err(StoreError::Foreign { .. })));
}

#[test]
fn a_file_at_schema_0_that_was_left_before_its_first_table_is_completed() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    let connection = rusqlite::Connection::open(folder.store()).unwrap();
    connection
        .execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA application_id = 1464157780;")
        .unwrap();
    drop(connection);
    let store = open(&folder.store());
    store.append(of(capture(Timestamp::MIN, "x"), "key"));
    store.flush().unwrap();
    assert_eq!((seqs(&store, None), store.set_aside()), (vec![1], None));
}

#[test]
fn a_folder_that_cannot_be_is_an_error_with_its_name() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("file");
    fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("captures.sqlite"), Limits::default()).err().unwrap().to_string();
    assert!(error.starts_with("cannot create the folder") && error.contains("file"), "{error}");
    let error = DataDirectory::open(&file.join("data")).unwrap_err().to_string();
    assert!(error.starts_with("cannot create the folder"), "{error}");
}

#[test]
fn a_second_owner_is_refused_and_told_who_the_first_is() {
    let folder = Folder::new();
    assert_eq!(DataDirectory::owner(&folder.0), None);
    let first = DataDirectory::open(&folder.0).unwrap();
    assert_eq!(first.store_path(), folder.store());
    assert_eq!(
        DataDirectory::owner(&folder.0),
        Some(Owner {
            pid: std::process::id(),
            address: None
        })
    );
    first.set_address("http://127.0.0.1:8080").unwrap();
    let error = DataDirectory::open(&folder.0).unwrap_err().to_string();
    assert!(
        error.ends_with(&format!("is in use by process {} (http://127.0.0.1:8080)", std::process::id())),
        "{error}"
    );
    drop(first);
    assert_eq!(DataDirectory::owner(&folder.0), None);
    // What a process that was killed leaves behind counts for nothing.
    fs::write(folder.0.join("owner.json"), "{\"pid\":1,\"address\":\"http://127.0.0.1:1\"}").unwrap();
    assert_eq!(DataDirectory::owner(&folder.0), None);
    DataDirectory::open(&folder.0).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_the_clocks_say_what_is_read_is_what_append_returned(clocks in prop::collection::vec(0i64..4_000_000_000_000, 1..80), cut in 0usize..80) {
        let store = Store::in_memory(Limits { max_age_seconds: u64::MAX, ..Limits::default() }).unwrap();
        let written: Vec<Capture> = clocks.iter().map(|clock| (*store.append(of(capture(Timestamp::from_unix_milliseconds(*clock), "x"), "key"))).clone()).collect();
        store.flush().unwrap();
        let until = written[cut.min(written.len() - 1)].at;
        let read: Vec<Capture> = store.captures_until(Some(until)).unwrap().collect::<Result<_, _>>().unwrap();
        let expected: Vec<Capture> = written.iter().filter(|capture| capture.at <= until).cloned().collect();
        prop_assert_eq!(read, expected);
    }
}
