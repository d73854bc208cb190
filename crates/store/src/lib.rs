//! Captures at rest: one embedded SQLite file that is written by one thread and read by many.
//!
//! What it promises, and how:
//!
//! - **Killed at any moment it loses at most the captures of the last second, and never the file.** Captures wait in memory for at most
//!   250 ms or 1,000 of them, then one transaction writes them. The journal is a write-ahead log with `synchronous = NORMAL`: a commit
//!   is handed to the operating system, which keeps it whatever becomes of the process. Only a power cut can take commits that were
//!   not yet written to the disk; it takes whole transactions from the end, and the file stays sound, because the log is synchronised
//!   before its pages are moved into the file. `FULL` would buy those seconds with a disk synchronisation four times a second for ever:
//!   too dear for the SD cards that such services run on.
//! - **A wrong or jumping clock corrupts nothing.** The order is the sequence number's; times never decrease; the raw clock is kept beside
//!   them; age is counted by a clock that has proved itself first.
//! - **A broken file is set aside, never deleted**, and a newer program's file is refused, not touched.
//! - **A full disk is survived**: captures wait in a bounded queue, what does not fit is counted, and writing is tried again.

mod directory;
mod error;
mod events;
mod reader;
mod retention;
mod schema;
mod stamp;
mod store;
mod writer;

pub use directory::{DataDirectory, Owner};
pub use error::StoreError;
pub use events::{EventMark, EventRow, EventsPosition};
pub use reader::Captures;
pub use schema::SetAside;
pub use store::{Limits, Store, Usage};
pub use writer::Health;
