//! The store of a data directory that no service owns: to change it, or only to read it.

use crate::output::create_new;
use anyhow::{Context, Result};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use weft_store::{DataDirectory, Limits, Store, StoreError};

/// The store's files in a data directory: the database, and SQLite's log of what is not in it yet. SQLite makes its index of the log anew.
const STORE_FILES: [&str; 2] = ["captures.sqlite", "captures.sqlite-wal"];

/// A store that no service can take meanwhile.
pub(crate) struct Stored {
    pub(crate) store: Store,
    // Released after the store is closed: fields are dropped in their order.
    _held: Held,
}

/// What has to be kept as long as the store is open.
enum Held {
    Locked(#[allow(dead_code)] DataDirectory), // its end releases the lock
    Copied(#[allow(dead_code)] Scratch),       // its end deletes the copy
}

/// The store of a data directory that nobody owns; `None` where there is none. Creates nothing.
///
/// # Errors
/// Those of the store.
pub(crate) fn stored(directory: &Path) -> Result<Option<Stored>> {
    Ok(lock_and_open(directory)?)
}

/// The same, to be read only: where the data directory cannot be written (another user's, a backup on a read-only disk), a copy is read.
///
/// # Errors
/// Those of the store, and where it cannot be copied.
pub(crate) fn stored_to_read(directory: &Path) -> Result<Option<Stored>> {
    match lock_and_open(directory) {
        Err(StoreError::File { .. }) => copy_and_open(directory),
        opened => Ok(opened?),
    }
}

fn lock_and_open(directory: &Path) -> Result<Option<Stored>, StoreError> {
    if !directory.is_dir() {
        return Ok(None);
    }
    let owned = DataDirectory::open(directory)?;
    let path = owned.store_path();
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(Stored {
        store: Store::open(&path, Limits::default())?,
        _held: Held::Locked(owned),
    }))
}

/// SQLite itself reads a database with a log only where it may write beside it.
fn copy_and_open(directory: &Path) -> Result<Option<Stored>> {
    if !directory.join(STORE_FILES[0]).exists() {
        return Ok(None);
    }
    let scratch = Scratch::new()?;
    for name in STORE_FILES {
        let from = directory.join(name);
        if !from.exists() {
            continue;
        }
        let mut source = File::open(&from).with_context(|| format!("cannot open {}", from.display()))?;
        let mut copy = create_new(&scratch.0.join(name))?;
        io::copy(&mut source, &mut copy).with_context(|| format!("cannot copy {} to {}", from.display(), scratch.0.display()))?;
    }
    Ok(Some(Stored {
        store: Store::open(&scratch.0.join(STORE_FILES[0]), Limits::default())?,
        _held: Held::Copied(scratch),
    }))
}

/// A folder of this user alone that goes away with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
        let path = std::env::temp_dir().join(format!("weft-{:016x}", u64::from_ne_bytes(random)));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
