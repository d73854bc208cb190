//! How the dongle is doing, for whoever wants to show it.

use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use weft_thread::rcp::ChannelActivity;

/// How the dongle is doing. Changes once a second at most, and at once when something happens.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DongleState {
    /// The open port.
    pub port: Option<String>,
    /// Firmware as it names itself.
    pub firmware: Option<String>,
    /// Spinel version: `4.3`.
    pub protocol: Option<String>,
    /// The channel it listens on; `None` while it listens on none, or on all in turn.
    pub channel: Option<u8>,
    /// It goes from channel to channel.
    pub is_scanning: bool,
    /// Frames since the service began.
    pub frames: u64,
    /// Frames in the last second.
    pub frames_per_second: u64,
    /// Frames that the radio calls damaged.
    pub damaged: u64,
    /// Pieces of the serial line that were no frame.
    pub garbage: u64,
    /// How often it had to be brought back.
    pub recoveries: u64,
    /// PANs of which the key opened nothing, though it was tried: other networks. Empty without a key.
    pub foreign_pans: Vec<u16>,
    /// Why it did not listen last.
    pub last_error: Option<String>,
    /// What the last scan heard.
    pub scanned: Vec<ScannedChannel>,
}

/// One channel of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScannedChannel {
    /// Channel.
    pub channel: u8,
    /// Frames.
    pub frames: u64,
    /// Frames that are secured as Thread secures them.
    pub thread_frames: u64,
    /// PAN ids.
    pub pan_ids: Vec<u16>,
    /// The strongest, dBm.
    pub rssi_max_dbm: Option<i8>,
}

impl From<&ChannelActivity> for ScannedChannel {
    fn from(activity: &ChannelActivity) -> Self {
        Self {
            channel: activity.channel.get(),
            frames: activity.frames,
            thread_frames: activity.thread_frames,
            pan_ids: activity.pan_ids.iter().map(|pan_id| pan_id.0).collect(),
            rssi_max_dbm: activity.rssi_max_dbm,
        }
    }
}

/// What source and handle share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) state: watch::Sender<DongleState>,
    /// Milliseconds on each channel of a scan that is wanted; 0: none is.
    scan: AtomicU64,
}

impl Shared {
    /// The scan that is wanted, once.
    pub(super) fn take_scan(&self) -> Option<Duration> {
        let milliseconds = self.scan.swap(0, Ordering::Relaxed);
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
    }
}

/// Watches a dongle, and tells it to scan.
#[derive(Debug, Clone)]
pub struct DongleHandle(Arc<Shared>);

impl DongleHandle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// How it is doing.
    pub fn state(&self) -> watch::Receiver<DongleState> {
        self.0.state.subscribe()
    }

    /// Goes through all channels once, for `dwell` on each (10 s at most), and comes back. Meanwhile it is deaf on its own, and says so.
    pub fn scan(&self, dwell: Duration) {
        const LONGEST: u64 = 10_000;
        let milliseconds = u64::try_from(dwell.as_millis()).unwrap_or(LONGEST).clamp(1, LONGEST);
        self.0.scan.store(milliseconds, Ordering::Relaxed);
    }
}
