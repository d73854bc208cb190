//! The data directory, and the lock that says which process owns it.
//!
//! Two files: `lock` is held with an advisory lock for as long as the process lives, so a process that dies leaves no stale lock; `owner.json`
//! says who it is. They are apart because a locked file cannot be read on every platform. What `owner.json` says counts only while `lock`
//! is held.

use crate::error::StoreError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

const LOCK_FILE: &str = "lock";
const OWNER_FILE: &str = "owner.json";
const STORE_FILE: &str = "captures.sqlite";
/// More than any owner writes of itself.
const MAX_OWNER_BYTES: u64 = 4096;
/// A process that only looks who the owner is holds the lock for some microseconds.
const LOCK_ATTEMPTS: u32 = 5;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(40);

/// The process that owns a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Where its API listens (`http://127.0.0.1:8080`), once it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        self.address.as_ref().map_or(Ok(()), |address| write!(f, " ({address})"))
    }
}

/// A data directory that this process owns until the value is dropped.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    owner: Mutex<Owner>,
    /// Holds the lock; closing it releases it.
    _lock: File,
}

impl DataDirectory {
    /// Creates the directory (mode 0700) where it is missing, and takes its lock.
    ///
    /// # Errors
    ///
    /// [`StoreError::Owned`] names the process that has it; [`StoreError::File`] where it cannot be created or written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        create_private_folder(path)?;
        let lock_path = path.join(LOCK_FILE);
        let lock = private_file().open(&lock_path).map_err(|source| StoreError::File {
            action: "open the lock",
            path: lock_path.clone(),
            source,
        })?;
        let mut attempt = 1;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS => {
                    attempt += 1;
                    std::thread::sleep(BETWEEN_ATTEMPTS);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Owned {
                        path: path.to_owned(),
                        owner: read_owner(path),
                    });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(StoreError::File {
                        action: "lock",
                        path: lock_path,
                        source,
                    });
                }
            }
        }
        let owner = Owner {
            pid: std::process::id(),
            address: None,
        };
        write_owner(path, &owner)?;
        Ok(Self {
            path: path.to_owned(),
            owner: Mutex::new(owner),
            _lock: lock,
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of the [`crate::Store`] in it.
    pub fn store_path(&self) -> PathBuf {
        self.path.join(STORE_FILE)
    }

    /// Says where this process's API listens, so that other commands become its clients.
    ///
    /// # Errors
    ///
    /// [`StoreError::File`].
    pub fn set_address(&self, address: &str) -> Result<(), StoreError> {
        let mut owner = self.owner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        owner.address = Some(address.to_owned());
        write_owner(&self.path, &owner)
    }

    /// The process that owns the directory at `path` now; `None` where nobody does, or the directory does not exist. Changes nothing.
    ///
    /// An owner that has not yet said who it is counts as process 0.
    pub fn owner(path: &Path) -> Option<Owner> {
        let lock = File::open(path.join(LOCK_FILE)).ok()?;
        match lock.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read_owner(path).unwrap_or(Owner { pid: 0, address: None })),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

impl Drop for DataDirectory {
    fn drop(&mut self) {
        // Untidy if it stays, nothing more: it counts only while the lock is held.
        let _ = std::fs::remove_file(self.path.join(OWNER_FILE));
    }
}

fn read_owner(path: &Path) -> Option<Owner> {
    let mut text = String::new();
    File::open(path.join(OWNER_FILE))
        .ok()?
        .take(MAX_OWNER_BYTES)
        .read_to_string(&mut text)
        .ok()?;
    serde_json::from_str(&text).ok()
}

/// Written beside and renamed, so that a reader never sees half of it.
fn write_owner(path: &Path, owner: &Owner) -> Result<(), StoreError> {
    let (target, beside) = (path.join(OWNER_FILE), path.join("owner.json.new"));
    let error = |source| StoreError::File {
        action: "write",
        path: target.clone(),
        source,
    };
    let text = serde_json::to_string(owner).map_err(|source| error(source.into()))?;
    let mut file = private_file().truncate(true).open(&beside).map_err(error)?;
    file.write_all(text.as_bytes()).map_err(error)?;
    std::fs::rename(&beside, &target).map_err(error)
}

/// Creates a folder, and those above it, with mode 0700. A folder that exists stays as it is: its owner chose.
pub(crate) fn create_private_folder(path: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| StoreError::File {
        action: "create the folder",
        path: path.to_owned(),
        source,
    })
}

/// Opens for writing; a file that is created gets mode 0600.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
