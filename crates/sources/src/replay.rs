//! Replay: a recording played as if it happened now.

use crate::clock;
use crate::event::Event;
use crate::supervise::{Context, Source, SourceFailure};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use weft_evidence::{Capture, CaptureBody, SourceReport, SourceState};
use weft_model::Timestamp;

/// Where the times of a recording are moved to; the distances between them stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The first capture's time becomes this one: for playing it from now on.
    First(Timestamp),
    /// The last capture's time becomes this one: for showing it as having just ended.
    Last(Timestamp),
}

/// Moves the times of captures that are in order. Times inside payloads are ages, and stay true.
pub fn shift_times(captures: &mut [Capture], to: Anchor) {
    let from = match to {
        Anchor::First(_) => captures.first(),
        Anchor::Last(_) => captures.last(),
    };
    let (Some(from), Anchor::First(to) | Anchor::Last(to)) = (from.map(|capture| capture.at), to) else {
        return;
    };
    let shift = to.milliseconds_since(from);
    for capture in captures {
        capture.at = Timestamp::from_unix_milliseconds(capture.at.unix_milliseconds().saturating_add(shift));
    }
}

/// A speed that nothing can be played at.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a replay's speed is a number from 0.001 to 1000000, not {0}")]
pub struct SpeedError(pub f64);

/// How many times faster than it happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// As it happened.
    pub const REAL: Self = Self(1.0);

    /// # Errors
    ///
    /// [`SpeedError`] outside of 0.001 to 1,000,000.
    pub fn new(factor: f64) -> Result<Self, SpeedError> {
        (0.001..=1_000_000.0).contains(&factor).then_some(Self(factor)).ok_or(SpeedError(factor))
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // Milliseconds of 8,000 years are exact in f64.
    fn shorten_milliseconds(self, milliseconds: i64) -> u64 {
        (milliseconds.max(0) as f64 / self.0) as u64
    }
}

/// One event of a replay.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// How long after the start.
    pub after: Duration,
    /// What is sent: under the name of the source that heard it.
    pub event: Event,
}

/// When to send what, if a replay of captures in order begins at `start`.
///
/// Faster than it happened, the clock of the replay runs faster too: captures keep their distances, and what devices tell as durations (the age of
/// a row, how long a child is attached) stays true to it. Slower, they are as far apart as they are sent, because nothing may be younger than the
/// viewer's clock says. At the end every source that was listening is `suspended`, so that the clock of freshness stands still, and the last
/// picture stays as it was.
pub fn schedule(captures: &[Capture], start: Timestamp, speed: Speed) -> impl Iterator<Item = Scheduled> {
    let first = captures.first().map_or(start, |capture| capture.at);
    let scheduled = move |source: &Arc<str>, at: Timestamp, body: CaptureBody| {
        let happened = at.milliseconds_since(first).max(0);
        let after = speed.shorten_milliseconds(happened);
        let passed = happened.max(i64::try_from(after).unwrap_or(i64::MAX));
        Scheduled {
            after: Duration::from_millis(after),
            event: Event {
                source: source.clone(),
                clock_at: Timestamp::from_unix_milliseconds(start.unix_milliseconds().saturating_add(passed)),
                body,
            },
        }
    };
    let end = captures.last().map_or(first, |capture| capture.at);
    let sources: BTreeSet<Arc<str>> = captures.iter().map(|capture| capture.source.clone()).collect();
    let ended = move |source: Arc<str>| {
        let reason = Some("the recording has ended".to_owned());
        scheduled(
            &source,
            end,
            CaptureBody::Source(SourceReport {
                state: SourceState::Suspended,
                reason,
                dropped: 0,
                detail: None,
            }),
        )
    };
    captures
        .iter()
        .map(move |capture| scheduled(&capture.source, capture.at, capture.body.clone()))
        .chain(sources.into_iter().map(ended))
}

/// The source that plays a recording once.
#[derive(Debug, Clone)]
pub struct ReplaySource {
    name: String,
    captures: Arc<[Capture]>,
    speed: Speed,
}

impl ReplaySource {
    /// Of captures in order.
    pub fn new(name: &str, captures: Arc<[Capture]>, speed: Speed) -> Self {
        Self {
            name: name.to_owned(),
            captures,
            speed,
        }
    }
}

impl Source for ReplaySource {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(self: Arc<Self>, mut context: Context) -> Pin<Box<dyn Future<Output = Result<(), SourceFailure>> + Send>> {
        Box::pin(async move {
            context.working(None, None).await;
            let started = clock::running_for();
            let sender = context.sender().clone();
            for Scheduled { after, event } in schedule(&self.captures, clock::now(), self.speed) {
                let pause = (started + after).saturating_sub(clock::running_for());
                if !pause.is_zero() {
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = context.ended() => return Ok(()),
                    }
                }
                if sender.deliver_event(event).await.is_err() {
                    return Ok(());
                }
            }
            let _ = sender
                .report(SourceState::Suspended, Some("the recording has ended".to_owned()), None)
                .await;
            // Not done: the supervisor would say that it stopped, which reads like a fault.
            context.ended().await;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::channel;
    use crate::supervise::Supervisor;
    use weft_evidence::MdnsCapture;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn capture(seconds: i64, source: &str) -> Capture {
        let body = CaptureBody::Mdns(MdnsCapture::Removed {
            service: "_trel._udp.local.".to_owned(),
            instance: seconds.to_string(),
        });
        Capture {
            seq: seconds.unsigned_abs() + 1,
            at: at("2026-11-20T12:00:00Z").plus_seconds(seconds),
            source: source.into(),
            body,
        }
    }

    #[test]
    fn times_move_and_distances_stay() {
        let mut captures = [capture(0, "mdns"), capture(90, "mdns")];
        shift_times(&mut captures, Anchor::First(at("2030-01-01T00:00:00Z")));
        assert_eq!(captures[1].at, at("2030-01-01T00:01:30Z"));
        shift_times(&mut captures, Anchor::Last(at("2020-01-01T00:00:00Z")));
        assert_eq!(captures[0].at, at("2019-12-31T23:58:30Z"));
        shift_times(&mut [], Anchor::First(Timestamp::MIN));
    }

    #[test]
    fn a_schedule_is_shifted_and_faster_and_ends_with_standing_clocks() {
        let captures = [capture(0, "mdns"), capture(60, "otbr"), capture(600, "mdns")];
        let start = at("2030-01-01T00:00:00Z");
        let played: Vec<_> = schedule(&captures, start, Speed::new(10.0).unwrap())
            .map(|Scheduled { after, event }| {
                (
                    after.as_secs(),
                    event.clock_at.seconds_since(start),
                    event.source.to_string(),
                    event.body.kind(),
                )
            })
            .collect();
        let expected = [
            (0, "mdns", "mdns"),
            (6, "otbr", "mdns"),
            (60, "mdns", "mdns"),
            (60, "mdns", "source"),
            (60, "otbr", "source"),
        ];
        assert_eq!(
            played,
            expected.map(|(after, source, kind)| (after, 10 * i64::try_from(after).unwrap(), source.to_owned(), kind))
        );
        assert_eq!(schedule(&[], start, Speed::REAL).count(), 0);
        let slow: Vec<_> = schedule(&captures, start, Speed::new(0.5).unwrap()).collect();
        assert_eq!(slow[1].after.as_secs(), 120);
        assert_eq!(slow[1].event.clock_at.seconds_since(start), 120);
    }

    #[test]
    fn speeds_that_are_none_are_refused() {
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(Speed::new(factor).is_err(), "{factor}");
        }
        assert_eq!(
            Speed::new(0.0).unwrap_err().to_string(),
            "a replay's speed is a number from 0.001 to 1000000, not 0"
        );
    }

    #[test]
    fn the_driver_sends_all_and_stays_quiet_afterwards() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (sender, mut inbox) = channel("service", 4);
            let mut supervisor = Supervisor::new();
            let captures: Arc<[Capture]> = [capture(0, "mdns"), capture(30, "mdns")].into();
            supervisor.start(Arc::new(ReplaySource::new("replay", captures, Speed::new(1000.0).unwrap())), &sender);
            let mut told = Vec::new();
            for _ in 0..6 {
                let event = inbox.receive().await.unwrap();
                let state = if let CaptureBody::Source(report) = &event.body {
                    Some(report.state)
                } else {
                    None
                };
                told.push((event.source.to_string(), state));
            }
            let expected = [
                ("replay", Some(SourceState::Started)),
                ("replay", Some(SourceState::Working)),
                ("mdns", None),
                ("mdns", None),
                ("mdns", Some(SourceState::Suspended)),
                ("replay", Some(SourceState::Suspended)),
            ];
            assert_eq!(told, expected.map(|(source, state)| (source.to_owned(), state)));
            assert!(tokio::time::timeout(Duration::from_millis(100), inbox.receive()).await.is_err());
            let ((), last) = tokio::join!(supervisor.end(), inbox.receive());
            assert!(matches!(
                last.unwrap().body,
                CaptureBody::Source(SourceReport {
                    state: SourceState::Stopped,
                    ..
                })
            ));
        });
    }
}
