//! What keeps a source running: a source that cannot work says why and is tried again, and the rest goes on.

use crate::clock;
use crate::event::CaptureSender;
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use weft_evidence::SourceState;

/// How long a source may take to end when the service does.
const END_WITHIN: Duration = Duration::from_secs(2);
/// A source that has worked for so long starts from the shortest pause again when it fails.
const STEADY_AFTER: Duration = Duration::from_secs(60);

/// Why a source cannot work: a sentence for the person who runs the service. No secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceFailure(pub String);

/// A source: something that hears.
pub trait Source: Send + Sync + 'static {
    /// Its configured name.
    fn name(&self) -> &str;

    /// Hears until it fails, has no more to say (`Ok`), or [`Context::ended`]. It is called again after a failure; a panic is one.
    fn run(self: Arc<Self>, context: Context) -> Pin<Box<dyn Future<Output = Result<(), SourceFailure>> + Send>>;
}

/// What a running source is given.
#[derive(Debug, Clone)]
pub struct Context {
    sender: CaptureSender,
    end: watch::Receiver<bool>,
    has_worked: Arc<AtomicBool>,
}

impl Context {
    /// For what it hears.
    pub fn sender(&self) -> &CaptureSender {
        &self.sender
    }

    /// Says that it hears now.
    pub async fn working(&self, reason: Option<String>, detail: Option<Value>) {
        self.has_worked.store(true, Ordering::Relaxed);
        let _ = self.sender.report(SourceState::Working, reason, detail).await;
    }

    /// Says that it cannot hear now, though it need not be started anew.
    pub async fn deaf(&self, reason: &str) {
        let _ = self.sender.report(SourceState::Deaf, Some(reason.to_owned()), None).await;
    }

    /// Comes back when the service ends.
    pub async fn ended(&mut self) {
        // An error means that the supervisor is gone: the same.
        let _ = self.end.wait_for(|end| *end).await;
    }
}

/// Pauses between attempts: 1 s, doubled each time, 5 min at most. No randomness: one process asks few peers, and tests stay exact.
#[derive(Debug, Clone)]
pub struct BackOff(Duration);

impl BackOff {
    const FIRST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(300);

    /// From the shortest.
    pub const fn new() -> Self {
        Self(Self::FIRST)
    }

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let pause = self.0;
        self.0 = pause.saturating_mul(2).min(Self::LONGEST);
        pause
    }
}

impl Default for BackOff {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs sources, each in a task of its own, until [`Supervisor::end`].
#[derive(Debug)]
pub struct Supervisor {
    end: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Supervisor {
    /// Without sources yet.
    pub fn new() -> Self {
        Self {
            end: watch::Sender::new(false),
            tasks: Vec::new(),
        }
    }

    /// Starts a source. `sender` is one of the service's channel; the source's name is put on it.
    pub fn start(&mut self, source: Arc<dyn Source>, sender: &CaptureSender) {
        let sender = sender.named(source.name());
        self.tasks.push(tokio::spawn(keep_running(source, sender, self.end.subscribe())));
    }

    /// Ends all sources; each says `stopped`. Returns when they have, 2 s later at most. The [`crate::Inbox`] must still be read meanwhile.
    pub async fn end(self) {
        self.end.send_replace(true);
        for task in self.tasks {
            let _ = tokio::time::timeout(END_WITHIN * 2, task).await;
        }
    }
}

impl Default for Supervisor {
    fn default() -> Self {
        Self::new()
    }
}

async fn keep_running(source: Arc<dyn Source>, sender: CaptureSender, mut end: watch::Receiver<bool>) {
    let mut back_off = BackOff::new();
    let mut reason = None;
    while !*end.borrow() {
        if sender.report(SourceState::Started, None, None).await.is_err() {
            return;
        }
        let started = clock::running_for();
        let has_worked = Arc::new(AtomicBool::new(false));
        let context = Context {
            sender: sender.clone(),
            end: end.clone(),
            has_worked: Arc::clone(&has_worked),
        };
        // A task of its own: a panic in it ends it alone, and comes back as an error.
        let mut attempt = tokio::spawn(Arc::clone(&source).run(context));
        let result = tokio::select! {
            result = &mut attempt => result,
            () = ended(&mut end) => {
                if tokio::time::timeout(END_WITHIN, &mut attempt).await.is_err() {
                    attempt.abort();
                }
                break;
            }
        };
        let failure = match result {
            Ok(Ok(())) => {
                reason = Some("it has no more to say".to_owned());
                break;
            }
            Ok(Err(failure)) => failure.0,
            Err(error) => format!("a defect in this source: {}", panic_text(error)),
        };
        if has_worked.load(Ordering::Relaxed) && clock::running_for().saturating_sub(started) >= STEADY_AFTER {
            back_off = BackOff::new();
        }
        let pause = back_off.pause();
        tracing::warn!(source = %sender.source(), failure, retry_in_seconds = pause.as_secs(), "a source cannot work");
        let detail = serde_json::json!({ "retry_in_seconds": pause.as_secs() });
        if sender.report(SourceState::Deaf, Some(failure), Some(detail)).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = ended(&mut end) => break,
        }
    }
    let _ = sender.report(SourceState::Stopped, reason, None).await;
}

async fn ended(end: &mut watch::Receiver<bool>) {
    let _ = end.wait_for(|end| *end).await;
}

fn panic_text(error: JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else {
        return "it was cancelled".to_owned();
    };
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Inbox, channel};
    use std::sync::atomic::AtomicU32;
    use weft_evidence::CaptureBody;

    struct Scripted {
        name: &'static str,
        attempts: AtomicU32,
    }

    impl Source for Scripted {
        fn name(&self) -> &str {
            self.name
        }

        fn run(self: Arc<Self>, mut context: Context) -> Pin<Box<dyn Future<Output = Result<(), SourceFailure>> + Send>> {
            Box::pin(async move {
                match (self.name, self.attempts.fetch_add(1, Ordering::Relaxed)) {
                    ("broken", 0) => Err(SourceFailure("the dongle is not there".to_owned())),
                    ("broken", 1) => panic!("index 7 out of 3"),
                    ("stubborn", _) => std::future::pending().await,
                    ("short", _) => Ok(()),
                    _ => {
                        context.working(None, None).await;
                        context.ended().await;
                        Ok(())
                    }
                }
            })
        }
    }

    fn scripted(name: &'static str) -> Arc<dyn Source> {
        Arc::new(Scripted {
            name,
            attempts: AtomicU32::new(0),
        })
    }

    /// With tokio's clock paused: pauses pass at once, and in order.
    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(test)
    }

    async fn next_of(inbox: &mut Inbox, source: &str) -> (SourceState, Option<String>) {
        loop {
            let event = inbox.receive().await.unwrap();
            if let CaptureBody::Source(report) = event.body
                && &*event.source == source
            {
                return (report.state, report.reason);
            }
        }
    }

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let mut back_off = BackOff::new();
        let pauses: Vec<u64> = (0..11).map(|_| back_off.pause().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn a_failure_and_a_panic_are_said_and_tried_again_while_the_rest_goes_on() {
        run(async {
            let (sender, mut inbox) = channel("service", 64);
            let mut supervisor = Supervisor::new();
            supervisor.start(scripted("sound"), &sender);
            assert_eq!(next_of(&mut inbox, "sound").await.0, SourceState::Started);
            assert_eq!(next_of(&mut inbox, "sound").await.0, SourceState::Working);
            supervisor.start(scripted("broken"), &sender);
            let mut told = Vec::new();
            for _ in 0..6 {
                told.push(next_of(&mut inbox, "broken").await);
            }
            let expected = [
                (SourceState::Started, None),
                (SourceState::Deaf, Some("the dongle is not there")),
                (SourceState::Started, None),
                (SourceState::Deaf, Some("a defect in this source: index 7 out of 3")),
                (SourceState::Started, None),
                (SourceState::Working, None),
            ];
            assert_eq!(told, expected.map(|(state, reason)| (state, reason.map(str::to_owned))));
            let (_, last) = tokio::join!(supervisor.end(), next_of(&mut inbox, "sound"));
            assert_eq!(last.0, SourceState::Stopped);
        });
    }

    #[test]
    fn a_source_that_does_not_end_is_ended_and_one_that_is_done_says_so() {
        run(async {
            let (sender, mut inbox) = channel("service", 64);
            let mut supervisor = Supervisor::new();
            supervisor.start(scripted("short"), &sender);
            assert_eq!(next_of(&mut inbox, "short").await.0, SourceState::Started);
            assert_eq!(
                next_of(&mut inbox, "short").await,
                (SourceState::Stopped, Some("it has no more to say".to_owned()))
            );
            supervisor.start(scripted("stubborn"), &sender);
            assert_eq!(next_of(&mut inbox, "stubborn").await.0, SourceState::Started);
            let (_, last) = tokio::join!(supervisor.end(), next_of(&mut inbox, "stubborn"));
            assert_eq!(last.0, SourceState::Stopped);
        });
    }
}
