//! A dongle with RCP firmware as a source: what it hears on the air of a mesh goes through [`weft_thread::listen`] and becomes captures.
//!
//! Where somebody wants that, it takes part in a mesh ([`weft_thread::node`]): it hears less then, and the mesh can be asked through it ([`crate::own_node`]). What it
//! hears as a node still goes to the listener; answers to questions of ours do not, because whoever asked delivers them.
//!
//! The serial line has a thread of its own. It ends with the source, and comes back from whatever happens to port and radio: the reason stands in the
//! `source` captures, once for each change.

mod ear;
mod folder;
mod handle;
mod joining;
mod member;
mod state;
mod words;
mod work;

#[cfg(test)]
mod tests;

pub use handle::DongleHandle;
pub use weft_thread::listen::{HeardFrame, Listener, Network};
pub use weft_thread::node::{Membership, Unfit};
pub use weft_thread::rcp::Listening;
pub use weft_thread::rcp::port::{FoundPort, radios};

use crate::event::CaptureSender;
use crate::supervise::{Context, Source, SourceFailure};
use serde_json::Value;
use state::Shared;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use weft_evidence::SourceState;

/// How long to listen on each channel while the network's is looked for. Routers advertise themselves every 32 s at most, children poll more often.
pub const SEARCH_DWELL: Duration = Duration::from_secs(3);

/// Reports that may wait for the service.
const REPORTS: usize = 16;

/// Which port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortChoice {
    /// The first that is known by its USB ids.
    Auto,
    /// This one.
    Path(String),
}

/// Takes every frame, for capture files. Runs on the thread of the serial line: it must not wait.
pub type FrameSink = Box<dyn FnMut(&HeardFrame<'_>) + Send>;

/// Where what a node keeps lies in a data directory: its address, and the counters that it must never use again.
pub fn folder(directory: &Path) -> PathBuf {
    directory.join("dongle")
}

/// What a dongle is to do.
pub struct DongleConfig {
    /// Name of the source.
    pub name: String,
    /// Port.
    pub port: PortChoice,
    /// Line speed in bits a second; the usual ones in turn where none is given.
    pub baud: Option<u32>,
    /// Channel.
    pub listening: Listening,
    /// What makes captures of frames; it may have the network's key.
    pub listener: Listener,
    /// Takes every frame too.
    pub frames: Option<FrameSink>,
    /// Data directory: what a node keeps is in a folder of it. Without one it never takes part in a mesh.
    pub directory: Option<PathBuf>,
}

/// A dongle. Its thread holds what listens.
pub struct DongleSource {
    name: String,
    settings: work::Settings,
    hearing: Arc<Mutex<work::Hearing>>,
    shared: Arc<Shared>,
}

/// What the thread has to say.
pub(crate) struct Said {
    state: SourceState,
    reason: Option<String>,
    detail: Option<Value>,
}

impl DongleSource {
    /// A dongle, and the handle by which it is watched and commanded.
    pub fn new(config: DongleConfig) -> (Self, DongleHandle) {
        let shared = Arc::new(Shared::new(config.directory.as_deref().map(folder::Folder::of)));
        let handle = DongleHandle::new(Arc::clone(&shared));
        let source = Self {
            name: config.name,
            settings: work::Settings {
                port: config.port,
                baud: config.baud,
            },
            hearing: Arc::new(Mutex::new(work::Hearing::new(config.listener, config.frames, config.listening))),
            shared,
        };
        (source, handle)
    }
}

/// Ends the thread however the source ends.
struct EndThread(Arc<AtomicBool>);

impl Drop for EndThread {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Source for DongleSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(self: Arc<Self>, mut context: Context) -> Pin<Box<dyn Future<Output = Result<(), SourceFailure>> + Send>> {
        Box::pin(async move {
            let (said, mut heard) = mpsc::channel::<Said>(REPORTS);
            let end = EndThread(Arc::default());
            let worker = work::Worker {
                settings: self.settings.clone(),
                hearing: Arc::clone(&self.hearing),
                shared: Arc::clone(&self.shared),
                sender: context.sender().clone(),
                said,
                end: Arc::clone(&end.0),
            };
            let thread = std::thread::Builder::new().name("dongle".to_owned()).spawn(move || worker.run());
            let thread = thread.map_err(|error| SourceFailure(format!("no thread for the serial line: {error}")))?;
            let mut is_ending = false;
            loop {
                let said = tokio::select! {
                    said = heard.recv() => said,
                    () = context.ended(), if !is_ending => {
                        is_ending = true;
                        end.0.store(true, Ordering::Relaxed);
                        continue;
                    }
                };
                match said {
                    Some(said) if said.state == SourceState::Working => context.working(said.reason, said.detail).await,
                    Some(said) => report(context.sender(), said).await,
                    None => break,
                }
            }
            // It has dropped its sender: it is at its end.
            match thread.join() {
                Ok(()) => Ok(()),
                Err(_) => Err(SourceFailure("a defect in what listens to the dongle".to_owned())),
            }
        })
    }
}

async fn report(sender: &CaptureSender, said: Said) {
    // An error means that the service ends.
    let _ = sender.report(said.state, said.reason, said.detail).await;
}
