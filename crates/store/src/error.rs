//! What can go wrong, as sentences for the person who runs the service.

use crate::directory::Owner;
use std::path::PathBuf;

/// Why the store, or the directory it lies in, cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite refused.
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried: `create the folder`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A later version wrote this file.
    #[error("{} was written by a newer version of Weft (schema {found}; this one knows up to {known}): use that version, or another data directory", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// An SQLite file of another program.
    #[error("{} is a database of another program: choose another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another process owns the data directory.
    #[error("{} is in use by {}", path.display(), match owner { Some(owner) => owner.to_string(), None => "another process".to_owned() })]
    Owned {
        /// The directory.
        path: PathBuf,
        /// Who, where it has said so.
        owner: Option<Owner>,
    },
    /// Captures wait in memory because they cannot be written.
    #[error("captures cannot be written: {reason}")]
    NotWritten {
        /// What stands in the way.
        reason: String,
    },
    /// The thread that writes could not be started.
    #[error("cannot start the thread that writes captures: {0}")]
    Thread(std::io::Error),
}
