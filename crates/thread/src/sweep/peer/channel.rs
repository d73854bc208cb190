//! The radio channel around the relay, through which everything must: a frame at a time, senders in turn.
//!
//! Who is two hops away still hears, and waits: of a long way, the last [`SHARED_HOPS`] exclude each other. What happens further out goes on beside it.

use crate::sweep::airtime::{MAX_FRAME_BYTES, times};
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::{Airtime, Rloc16};

/// A byte at 250 kbit/s.
const BYTE: Duration = Duration::from_micros(32);
/// Preamble, delimiter and length, which no frame counts.
const PREAMBLE_BYTES: u32 = 6;
/// Waiting for a free channel (3.5 backoffs of 320 µs on average), turnaround, acknowledgment, space between frames.
const AROUND: Duration = Duration::from_micros(1_120 + 320 + 192 + 352 + 640);

/// Hops of one way that cannot happen at the same time, nor beside anything near the relay.
const SHARED_HOPS: u32 = 3;

/// How long the channel is taken by a frame of so many bytes.
pub fn frame_lasts(bytes: u64) -> Duration {
    let bytes = u32::try_from(bytes.min(MAX_FRAME_BYTES as u64)).unwrap_or(u32::MAX);
    BYTE * (bytes + PREAMBLE_BYTES) + AROUND
}

/// A datagram on the channel.
struct Transfer<T> {
    frames_left: u32,
    frame_bytes: u64,
    what: T,
}

/// What one sender has to send.
struct Sender<T> {
    who: Option<Rloc16>,
    transfers: VecDeque<Transfer<T>>,
}

pub(super) struct Channel<T> {
    /// Who has something to send, in turn.
    senders: VecDeque<Sender<T>>,
    is_busy: bool,
    frames: u64,
    bytes: u64,
}

impl<T> Channel<T> {
    pub(super) fn new() -> Self {
        Self {
            senders: VecDeque::new(),
            is_busy: false,
            frames: 0,
            bytes: 0,
        }
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Counts what is sent without anybody waiting for it.
    pub(super) fn count(&mut self, airtime: Airtime) {
        self.frames += u64::from(airtime.frames);
        self.bytes += airtime.bytes;
    }

    /// Queues a datagram that takes so much on each hop; gives when the next frame is through, where the channel was idle.
    pub(super) fn add(&mut self, who: Option<Rloc16>, each: Airtime, hops: u32, what: T, at: Duration) -> Option<Duration> {
        self.count(times(each, hops));
        let transfer = Transfer {
            frames_left: each.frames * hops.min(SHARED_HOPS),
            frame_bytes: each.bytes / u64::from(each.frames.max(1)),
            what,
        };
        match self.senders.iter_mut().find(|sender| sender.who == who) {
            Some(sender) => sender.transfers.push_back(transfer),
            None => self.senders.push_back(Sender {
                who,
                transfers: VecDeque::from([transfer]),
            }),
        }
        (!std::mem::replace(&mut self.is_busy, true)).then(|| at + self.next_frame())
    }

    fn next_frame(&self) -> Duration {
        let first = self.senders.front().and_then(|sender| sender.transfers.front());
        first.map_or(Duration::ZERO, |transfer| frame_lasts(transfer.frame_bytes))
    }

    /// A frame is through: gives what arrived with it, and when the next one will be.
    pub(super) fn pass(&mut self, now: Duration) -> (Option<T>, Option<Duration>) {
        let mut done = None;
        if let Some(mut sender) = self.senders.pop_front() {
            if let Some(first) = sender.transfers.front_mut() {
                first.frames_left = first.frames_left.saturating_sub(1);
                if first.frames_left == 0 {
                    done = sender.transfers.pop_front().map(|transfer| transfer.what);
                }
            }
            if !sender.transfers.is_empty() {
                self.senders.push_back(sender);
            }
        }
        self.is_busy = !self.senders.is_empty();
        (done, self.is_busy.then(|| now + self.next_frame()))
    }
}
