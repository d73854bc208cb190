//! From the sources to whoever numbers and keeps the captures: one bounded channel.

use crate::clock::{self, Gap, SleepDetector};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};
use weft_evidence::{CaptureBody, SourceReport, SourceState};
use weft_model::Timestamp;

/// Source names that are followed; they come from the configuration and from recordings.
const MAX_SOURCES: usize = 1000;

/// What a source heard, before it has a place in the order.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Name of the source.
    pub source: Arc<str>,
    /// What the clock said when it was heard. It may jump: the receiver holds it, so that times never decrease.
    pub clock_at: Timestamp,
    /// What was heard.
    pub body: CaptureBody,
}

/// The receiver is gone: the service ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody takes captures any more")]
pub struct Closed;

/// The sending end of one source. Clones are the same source.
#[derive(Debug, Clone)]
pub struct CaptureSender {
    source: Arc<str>,
    sender: mpsc::Sender<Event>,
    dropped: Arc<AtomicU64>,
    /// The same, never taken back.
    lost: Arc<AtomicU64>,
}

impl CaptureSender {
    /// The same channel for another source.
    pub fn named(&self, source: &str) -> Self {
        Self {
            source: source.into(),
            sender: self.sender.clone(),
            dropped: Arc::default(),
            lost: Arc::default(),
        }
    }

    /// Name of the source.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Sends without waiting, for what comes faster than it can be kept. What finds the channel full is counted, and the count stands in the next
    /// `source` capture: at the latest in one that is sent as soon as there is room again.
    pub fn send(&self, body: CaptureBody) {
        if self.dropped.load(Ordering::Relaxed) > 0 {
            let reason = "more was heard than could be kept".to_owned();
            let report = self.report_of(SourceState::Working, Some(reason), None);
            if let Err(lost) = self.sender.try_send(self.event(CaptureBody::Source(report.clone()))) {
                drop(lost);
                self.dropped.fetch_add(report.dropped, Ordering::Relaxed);
            }
        }
        if self.sender.try_send(self.event(body)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Captures that were dropped so far, those included that a report told of.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Sends, and waits while the channel is full.
    ///
    /// # Errors
    ///
    /// [`Closed`].
    pub async fn deliver(&self, body: CaptureBody) -> Result<(), Closed> {
        self.sender.send(self.event(body)).await.map_err(|_| Closed)
    }

    /// Sends an event of another source or time, and waits while the channel is full: for a replay.
    ///
    /// # Errors
    ///
    /// [`Closed`].
    pub async fn deliver_event(&self, event: Event) -> Result<(), Closed> {
        self.sender.send(event).await.map_err(|_| Closed)
    }

    /// Says what the source is doing, with what was dropped since it last did. Never dropped itself.
    ///
    /// # Errors
    ///
    /// [`Closed`].
    pub async fn report(&self, state: SourceState, reason: Option<String>, detail: Option<Value>) -> Result<(), Closed> {
        let permit = self.sender.reserve().await.map_err(|_| Closed)?;
        permit.send(self.event(CaptureBody::Source(self.report_of(state, reason, detail))));
        Ok(())
    }

    fn report_of(&self, state: SourceState, reason: Option<String>, detail: Option<Value>) -> SourceReport {
        SourceReport {
            state,
            reason,
            dropped: self.dropped.swap(0, Ordering::Relaxed),
            detail,
        }
    }

    fn event(&self, body: CaptureBody) -> Event {
        Event {
            source: self.source.clone(),
            clock_at: clock::now(),
            body,
        }
    }
}

/// The receiving end of all sources. It also notices that the machine slept, and says so in the name of every source that then heard nothing.
#[derive(Debug)]
pub struct Inbox {
    receiver: mpsc::Receiver<Event>,
    ticks: Interval,
    detector: SleepDetector,
    states: BTreeMap<Arc<str>, SourceState>,
    ready: VecDeque<Event>,
}

/// A channel for `capacity` events, with the sender of a first source. Needs a tokio runtime with time.
pub fn channel(source: &str, capacity: usize) -> (CaptureSender, Inbox) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    let mut ticks = interval(SleepDetector::TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let inbox = Inbox {
        receiver,
        ticks,
        detector: SleepDetector::default(),
        states: BTreeMap::new(),
        ready: VecDeque::new(),
    };
    (
        CaptureSender {
            source: source.into(),
            sender,
            dropped: Arc::default(),
            lost: Arc::default(),
        },
        inbox,
    )
}

impl Inbox {
    /// The next event; `None` when all senders are gone. Cancelling it loses nothing.
    pub async fn receive(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let event = tokio::select! {
                event = self.receiver.recv() => Some(event?),
                _ = self.ticks.tick() => None,
            };
            // The gap comes before whatever woke us: else the sleep would look like silence of the devices.
            if let Some(gap) = self.detector.tick(clock::now(), clock::running_for()) {
                self.ready.extend(gap_events(&self.states, gap));
            }
            if let Some(event) = event {
                self.follow(&event);
                self.ready.push_back(event);
            }
        }
    }

    fn follow(&mut self, event: &Event) {
        if let CaptureBody::Source(report) = &event.body
            && (self.states.contains_key(&event.source) || self.states.len() < MAX_SOURCES)
        {
            self.states.insert(event.source.clone(), report.state);
        }
    }
}

/// Says of every source that was listening that it no longer did from `at` on: before a sleep, and, after a start, since the last capture of the
/// run before. `states` are the last that the sources reported.
pub fn suspensions(states: &BTreeMap<Arc<str>, SourceState>, at: Timestamp, reason: &str) -> Vec<Event> {
    listening(states)
        .map(|(source, _)| report(source, at, SourceState::Suspended, reason))
        .collect()
}

fn listening(states: &BTreeMap<Arc<str>, SourceState>) -> impl Iterator<Item = (&Arc<str>, &SourceState)> {
    states
        .iter()
        .filter(|(_, state)| matches!(state, SourceState::Started | SourceState::Working))
}

fn report(source: &Arc<str>, clock_at: Timestamp, state: SourceState, reason: &str) -> Event {
    let report = SourceReport {
        state,
        reason: Some(reason.to_owned()),
        dropped: 0,
        detail: None,
    };
    Event {
        source: source.clone(),
        clock_at,
        body: CaptureBody::Source(report),
    }
}

/// What a gap means for sources that were listening when it began: `suspended` from then on, and what they were from its end.
fn gap_events(states: &BTreeMap<Arc<str>, SourceState>, gap: Gap) -> Vec<Event> {
    let reason = format!("the machine slept, or its clock was set forward, by up to {} s", gap.seconds());
    let mut events = suspensions(states, gap.from, &reason);
    events.extend(listening(states).map(|(source, state)| report(source, gap.until, *state, "the machine is awake again")));
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_evidence::MdnsCapture;

    fn removed(instance: &str) -> CaptureBody {
        CaptureBody::Mdns(MdnsCapture::Removed {
            service: "_trel._udp.local.".to_owned(),
            instance: instance.to_owned(),
        })
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn what_finds_the_channel_full_is_counted_and_reported_once() {
        runtime().block_on(async {
            let (sender, mut inbox) = channel("air", 4);
            for number in 0..10 {
                sender.send(removed(&number.to_string()));
            }
            for number in 0..4 {
                assert_eq!(inbox.receive().await.unwrap().body, removed(&number.to_string()));
            }
            sender.send(removed("after"));
            let CaptureBody::Source(report) = inbox.receive().await.unwrap().body else {
                panic!("no report")
            };
            assert_eq!((report.state, report.dropped), (SourceState::Working, 6));
            assert_eq!(inbox.receive().await.unwrap().body, removed("after"));
            sender.report(SourceState::Deaf, Some("unplugged".to_owned()), None).await.unwrap();
            let CaptureBody::Source(report) = inbox.receive().await.unwrap().body else {
                panic!("no report")
            };
            assert_eq!((report.state, report.dropped), (SourceState::Deaf, 0));
            drop(inbox);
            assert_eq!(sender.deliver(removed("x")).await, Err(Closed));
        });
    }

    #[test]
    fn a_report_is_never_dropped_but_waits_for_room() {
        runtime().block_on(async {
            let (sender, mut inbox) = channel("air", 1);
            sender.send(removed("1"));
            sender.send(removed("2"));
            let report = sender.report(SourceState::Deaf, None, None);
            let (_, received) = tokio::join!(report, async {
                inbox.receive().await;
                inbox.receive().await.unwrap()
            });
            assert!(matches!(
                received.body,
                CaptureBody::Source(SourceReport {
                    state: SourceState::Deaf,
                    dropped: 1,
                    ..
                })
            ));
        });
    }

    #[test]
    fn a_sleep_suspends_those_that_were_listening_and_nobody_else() {
        runtime().block_on(async {
            let (mdns, mut inbox) = channel("mdns", 16);
            for (source, state) in [
                ("mdns", SourceState::Working),
                ("dongle", SourceState::Deaf),
                ("new", SourceState::Started),
            ] {
                mdns.named(source).report(state, None, None).await.unwrap();
                inbox.receive().await.unwrap();
            }
            // As if the last tick had been half an hour ago.
            let before = clock::now().minus_seconds(1800);
            inbox.detector = SleepDetector::default();
            inbox.detector.tick(before, clock::running_for());
            mdns.send(removed("first after waking"));
            let mut told = Vec::new();
            for _ in 0..5 {
                let event = inbox.receive().await.unwrap();
                let state = match event.body {
                    CaptureBody::Source(report) => Some(report.state),
                    _ => None,
                };
                told.push((event.source.to_string(), state, event.clock_at == before));
            }
            let expected = [
                ("mdns", Some(SourceState::Suspended), true),
                ("new", Some(SourceState::Suspended), true),
                ("mdns", Some(SourceState::Working), false),
                ("new", Some(SourceState::Started), false),
                ("mdns", None, false),
            ];
            assert_eq!(told, expected.map(|(source, state, is_before)| (source.to_owned(), state, is_before)));
        });
    }
}
