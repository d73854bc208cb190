//! The way against otbr-agent as it was recorded, and against servers that are none.

mod attempt;
mod faulty;
mod finds;
mod replay;
mod secrets;
mod server;
mod truth;

use super::*;
use crate::event::{Inbox, channel};
use weft_evidence::{Capture, Decoder};
use weft_model::{AbilityKind, Rloc16, Timestamp};

/// An attempt against a border router, with everything that was heard.
struct Tried {
    attempted: Attempted,
    heard: Vec<CaptureBody>,
}

impl OtbrWay {
    /// The same, in a hurry: recorded tasks are looked at as often as they were when they were recorded.
    fn hurried(mut self) -> Self {
        self.pace = Pace {
            first_poll: Duration::from_millis(1),
            longest_poll: Duration::from_millis(2),
        };
        self.patience = Patience {
            connect: Duration::from_secs(1),
            answer: Duration::from_millis(700),
        };
        self
    }
}

fn attempt(sender: crate::CaptureSender, max_frames: u32) -> Attempt {
    Attempt {
        sender,
        pskc: None,
        passcode: None,
        mesh_local_prefix: None,
        expected: Vec::new(),
        max_frames,
        without_multicast: false,
        wants_dataset: false,
    }
}

async fn try_with(way: &OtbrWay, max_frames: u32) -> Tried {
    let (sender, mut inbox): (_, Inbox) = channel("border routers", 16);
    let attempted = way.attempt(attempt(sender, max_frames));
    let heard = async {
        let mut heard = Vec::new();
        while let Some(event) = inbox.receive().await {
            heard.push(event.body);
        }
        heard
    };
    // The attempt holds the only sender: when it ends, so does the inbox.
    let (attempted, heard) = tokio::join!(attempted, heard);
    Tried { attempted, heard }
}

async fn try_once(base: Base) -> Tried {
    try_with(&OtbrWay::new(base).hurried(), u32::MAX).await
}

impl Tried {
    fn failure(&self) -> &WayFailure {
        self.attempted.result.as_ref().unwrap_err()
    }

    fn brought(&self) -> &weft_model::Brought {
        self.attempted.result.as_ref().unwrap()
    }

    fn ability(&self, kind: AbilityKind) -> Option<(bool, Option<&str>)> {
        let found = self.attempted.abilities.iter().find(|(ability, ..)| *ability == kind);
        found.map(|(_, works, detail)| (*works, detail.as_deref()))
    }

    /// Paths that were captured, with their status.
    fn paths(&self) -> Vec<(String, u16)> {
        let rest = self.heard.iter().filter_map(|body| match body {
            CaptureBody::OtbrRest(capture) => Some((format!("{} {}", capture.method, capture.path), capture.status)),
            _ => None,
        });
        rest.collect()
    }

    fn failures(&self) -> Vec<&FailureCapture> {
        let failures = self.heard.iter().filter_map(|body| match body {
            CaptureBody::Failure(failure) => Some(failure),
            _ => None,
        });
        failures.collect()
    }

    /// What evidence reads in what was heard.
    fn decoded(&self) -> Vec<weft_evidence::DecodedCapture> {
        let mut decoder = Decoder::new();
        let captures = self.heard.iter().zip(1..).map(|(body, seq)| Capture {
            seq,
            at: Timestamp::from_unix_milliseconds(1_795_182_400_000),
            source: "border routers".into(),
            body: body.clone(),
        });
        captures.map(|capture| decoder.decode(&capture)).collect()
    }
}

fn rloc16(value: u16) -> Rloc16 {
    Rloc16::new(value).unwrap()
}
