//! Where every capture passes: blanked, numbered, kept, recorded, handed on.

use std::fs::File;
use std::io::BufWriter;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use weft_evidence::recording::RecordingWriter;
use weft_evidence::{Capture, blank_secrets};
use weft_sources::{Event, clock};
use weft_store::Store;

/// What a recording is written to.
pub(crate) type RecordingFile = BufWriter<File>;

/// How much of a recording a power cut may take.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// Takes captures from sources and from people, in one order.
pub(crate) struct Intake {
    store: Arc<Store>,
    engine: Option<Sender<Arc<Capture>>>,
    recorder: Mutex<Recorder>,
}

#[derive(Default)]
struct Recorder {
    writer: Option<RecordingWriter<RecordingFile>>,
    flushed: Duration,
    written: u64,
}

impl Intake {
    pub(crate) fn new(store: Arc<Store>, writer: Option<RecordingWriter<RecordingFile>>, engine: Option<Sender<Arc<Capture>>>) -> Self {
        let recorder = Mutex::new(Recorder {
            writer,
            ..Recorder::default()
        });
        Self { store, engine, recorder }
    }

    /// What a source heard.
    pub(crate) fn take(&self, event: Event) -> Arc<Capture> {
        self.take_at(Capture {
            seq: 0,
            at: event.clock_at,
            source: event.source,
            body: event.body,
        })
    }

    /// A capture with the time at which it was heard. Gives it as it is kept: numbered, its time held where the clock stepped back.
    pub(crate) fn take_at(&self, mut capture: Capture) -> Arc<Capture> {
        blank_secrets(&mut capture);
        // The lock spans the numbering, so that recording and engine see captures in the order of their numbers.
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        let capture = self.store.append(capture);
        recorder.write(&capture);
        if let Some(engine) = &self.engine {
            // The engine ends only with the service.
            let _ = engine.send(capture.clone());
        }
        capture
    }

    /// Ends the recording; gives how many captures it holds.
    pub(crate) fn close_recording(&self) -> std::io::Result<u64> {
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut writer) = recorder.writer.take() {
            writer.flush()?;
        }
        Ok(recorder.written)
    }
}

impl Recorder {
    fn write(&mut self, capture: &Capture) {
        let Some(writer) = &mut self.writer else { return };
        let now = clock::running_for();
        let result = writer.write(capture.clone()).and_then(|_| {
            if now.saturating_sub(self.flushed) >= FLUSH_EVERY {
                self.flushed = now;
                writer.flush()?;
            }
            Ok(())
        });
        match result {
            Ok(()) => self.written += 1,
            Err(error) => {
                // What was written stays; the service goes on.
                tracing::error!(%error, "the recording cannot be written any more; it ends here");
                self.writer = None;
            }
        }
    }
}
