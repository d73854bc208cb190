//! What happens on an open port, as captures, reports and state.

use super::state::{DongleState, ScannedChannel};
use super::work::Worker;
use super::{FrameSink, HeardFrame, Listener, Said};
use crate::clock;
use serde_json::json;
use std::time::Duration;
use weft_evidence::{CaptureBody, SourceState};
use weft_model::{Channel, Timestamp};
use weft_thread::rcp::{Ear, Event, Firmware, RadioFrame, Rcp};

const SECOND: Duration = Duration::from_secs(1);
/// PANs that a state lists.
const MAX_FOREIGN: usize = 16;

pub(super) struct DongleEar<'a> {
    worker: &'a Worker,
    listener: &'a mut Listener,
    frames: Option<&'a mut FrameSink>,
    path: &'a str,
    firmware: Firmware,
    captures: Vec<(Timestamp, CaptureBody)>,
    radio_clock: RadioClock,
    told_at: Duration,
    frames_at: u64,
    had_listened: bool,
    is_open: bool,
}

/// The radio's clock, made one that never goes back: it begins anew when the radio restarts.
#[derive(Debug, Default)]
struct RadioClock {
    offset: u64,
    last: u64,
}

impl RadioClock {
    fn read(&mut self, microseconds: Option<u64>) -> u64 {
        let raw = microseconds.unwrap_or_else(|| u64::try_from(clock::running_for().as_micros()).unwrap_or(u64::MAX));
        let mut now = raw.saturating_add(self.offset);
        // Frames of one radio come in the order of its clock.
        if now < self.last {
            self.offset = self.last.saturating_sub(raw);
            now = self.last;
        }
        self.last = now;
        now
    }
}

impl<'a> DongleEar<'a> {
    pub(super) fn new(worker: &'a Worker, listener: &'a mut Listener, frames: Option<&'a mut FrameSink>, path: &'a str) -> Self {
        Self {
            worker,
            listener,
            frames,
            path,
            firmware: Firmware::default(),
            captures: Vec::new(),
            radio_clock: RadioClock::default(),
            told_at: Duration::ZERO,
            frames_at: worker.shared.state.borrow().frames,
            had_listened: false,
            is_open: true,
        }
    }

    pub(super) fn had_listened(&self) -> bool {
        self.had_listened
    }

    /// What was counted so far is handed on: nothing more is heard for now.
    pub(super) fn finish(&mut self) {
        self.listener.finish(clock::now(), &mut self.captures);
        self.hand_on();
    }

    fn hand_on(&mut self) {
        for (_, body) in self.captures.drain(..) {
            self.worker.sender.send(body);
        }
    }

    fn heard(&mut self, frame: &RadioFrame) {
        let heard = HeardFrame {
            at: clock::now(),
            microseconds: self.radio_clock.read(frame.microseconds),
            channel: frame.channel.get().into(),
            rssi_dbm: frame.rssi_dbm,
            lqi: frame.lqi,
            frame: &frame.psdu,
        };
        if let Some(sink) = self.frames.as_mut() {
            sink(&heard);
        }
        self.listener.hear(&heard, &mut self.captures);
        self.hand_on();
    }

    fn say(&mut self, state: SourceState, reason: Option<String>, detail: Option<serde_json::Value>) {
        self.is_open &= self.worker.said.blocking_send(Said { state, reason, detail }).is_ok();
    }

    fn set(&self, change: impl FnOnce(&mut DongleState)) {
        self.worker.shared.state.send_modify(change);
    }

    fn detail(&self) -> serde_json::Value {
        json!({
            "port": self.path,
            "firmware": self.firmware.version,
            "spinel": protocol(&self.firmware),
            "rcp_api": self.firmware.rcp_api,
            "hardware_address": self.firmware.hardware_address,
        })
    }

    fn listens(&mut self, channel: Channel) {
        self.had_listened = true;
        let number = channel.get();
        self.set(|state| (state.channel, state.is_scanning) = (Some(number), false));
        let mut detail = self.detail();
        detail["channel"] = number.into();
        self.say(SourceState::Working, None, Some(detail));
    }

    fn scans(&mut self) {
        self.finish();
        let channel = self.worker.shared.state.borrow().channel;
        let was_scanning = self.worker.shared.state.borrow().is_scanning;
        self.set(|state| (state.channel, state.is_scanning) = (None, true));
        match channel {
            Some(channel) => {
                let reason = format!("it listens on every channel in turn: deaf on channel {channel} until it is back");
                self.say(SourceState::Suspended, Some(reason), None);
            }
            // Round by round until there is a network: said once.
            None if was_scanning => {}
            None => {
                self.had_listened = true;
                let reason = "it looks for a Thread network on every channel in turn: it hears a sixteenth of what is said".to_owned();
                let detail = self.detail();
                self.say(SourceState::Working, Some(reason), Some(detail));
            }
        }
    }

    fn tell(&mut self, rcp: &Rcp) {
        let counts = *rcp.counts();
        let frames_per_second = counts.frames.saturating_sub(self.frames_at);
        self.frames_at = counts.frames;
        let foreign_pans = if self.listener.has_key() {
            self.listener.counts().foreign().take(MAX_FOREIGN).map(|(pan_id, _)| pan_id.0).collect()
        } else {
            Vec::new()
        };
        self.set(|state| {
            state.frames = counts.frames;
            state.frames_per_second = frames_per_second;
            state.damaged = counts.damaged;
            state.garbage = counts.garbage;
            state.recoveries = counts.recoveries;
            state.foreign_pans = foreign_pans;
        });
    }
}

fn protocol(firmware: &Firmware) -> String {
    format!("{}.{}", firmware.protocol.0, firmware.protocol.1)
}

impl Ear for DongleEar<'_> {
    fn event(&mut self, event: Event) {
        match event {
            Event::Frame(frame) => self.heard(&frame),
            Event::Firmware(firmware) => {
                self.set(|state| {
                    state.firmware = Some(firmware.version.clone());
                    state.protocol = Some(protocol(&firmware));
                });
                self.firmware = firmware;
            }
            Event::Listening(channel) => self.listens(channel),
            Event::Scanning => self.scans(),
            Event::Scanned(channels) => self.set(|state| state.scanned = channels.iter().map(ScannedChannel::from).collect()),
            Event::Deaf(trouble) => {
                self.finish();
                let reason = trouble.to_string();
                self.set(|state| {
                    (state.channel, state.is_scanning) = (None, false);
                    state.last_error = Some(reason.clone());
                });
                self.say(SourceState::Deaf, Some(reason), None);
            }
            // The end of the conversation comes back from `run`.
            Event::Failed(_) => {}
        }
    }

    fn turn(&mut self, rcp: &mut Rcp) -> bool {
        let now = clock::running_for();
        if let Some(dwell) = self.worker.shared.take_scan() {
            rcp.scan(dwell, now);
        }
        if now.saturating_sub(self.told_at) >= SECOND {
            self.told_at = now;
            self.tell(rcp);
        }
        self.listener.tick(clock::now(), &mut self.captures);
        self.hand_on();
        self.is_open && !self.worker.end.load(std::sync::atomic::Ordering::Relaxed)
    }
}
