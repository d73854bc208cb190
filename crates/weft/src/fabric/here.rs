//! The fabric in this process, where no service runs: as much of one as pairing needs.

use super::{FabricOptions, MatterFabric, matter};
use crate::serve::{CHANNEL_CAPACITY, Intake, end_sources, open_store};
use anyhow::{Context, Result};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use weft_model::MatterNodeId;
use weft_server::{Left, Pairing};
use weft_sources::directory::ServiceDirectory;
use weft_sources::{MdnsSource, Supervisor};
use weft_store::DataDirectory;

/// A fabric that runs in this process, with discovery and a store for what its devices tell.
pub(super) struct Here {
    // Fields are dropped in this order: the lock is released last.
    pub(super) fabric: Arc<MatterFabric>,
    pub(super) runtime: Runtime,
    end: watch::Sender<bool>,
    running: JoinHandle<Result<()>>,
    interrupted: Arc<AtomicBool>,
    _directory: DataDirectory,
}

impl Here {
    /// Takes the lock of the data directory and starts.
    ///
    /// # Errors
    /// Where another process has it, or it cannot be written.
    pub(super) fn start(path: &Path) -> Result<Self> {
        let directory = DataDirectory::open(path)?;
        let store = Arc::new(open_store(&directory)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        let _inside = runtime.enter();
        let services = ServiceDirectory::default();
        let (source, fabric) = matter(directory.path(), services.clone(), &FabricOptions::default(), None);
        let (sender, mut inbox) = weft_sources::channel("weft", CHANNEL_CAPACITY);
        let intake = Arc::new(Intake::new(store.clone(), None, None));
        let mut supervisor = Supervisor::new();
        supervisor.start(Arc::new(MdnsSource::with_directory("mdns", services)), &sender);
        supervisor.start(source, &sender);
        drop(sender);
        let (end, mut ended) = watch::channel(false);
        let running = runtime.spawn(async move {
            let is_over = ended.wait_for(|end| *end);
            tokio::pin!(is_over);
            loop {
                tokio::select! {
                    event = inbox.receive() => match event {
                        Some(event) => { intake.take(event); }
                        None => break,
                    },
                    _ = &mut is_over => break,
                }
            }
            end_sources(supervisor, &mut inbox, &intake).await;
            tokio::task::spawn_blocking(move || store.flush()).await??;
            Ok(())
        });
        let interrupted = Arc::new(AtomicBool::new(false));
        runtime.spawn({
            let interrupted = interrupted.clone();
            async move {
                crate::serve::interrupted().await;
                interrupted.store(true, Ordering::Relaxed);
            }
        });
        drop(_inside);
        Ok(Self {
            fabric,
            runtime,
            end,
            running,
            interrupted,
            _directory: directory,
        })
    }

    /// Does something with the fabric, where it may start tasks.
    pub(super) fn with<T>(&self, action: impl FnOnce(&MatterFabric) -> T) -> T {
        let _inside = self.runtime.enter();
        action(&self.fabric)
    }

    /// The person wants it to end.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Leaves devices.
    pub(super) fn unpair(&self, nodes: Vec<MatterNodeId>, forget: bool) -> Result<Vec<Left>> {
        let leaving = self.with(|fabric| fabric.unpair(nodes, forget));
        Ok(self.runtime.block_on(leaving)?)
    }

    /// Ends the sources and keeps what they heard.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub(super) fn close(self) -> Result<()> {
        self.end.send_replace(true);
        self.runtime.block_on(self.running)?
    }
}
