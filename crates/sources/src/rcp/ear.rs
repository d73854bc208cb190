//! What happens on an open port, as captures, reports and state.

use super::joining::Joining;
use super::member::News;
use super::work::{Hearing, Worker};
use super::{FrameSink, HeardFrame, Listener, Listening, Said, words};
use crate::clock;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use weft_evidence::{CaptureBody, SourceState};
use weft_model::{Channel, ChannelScan, DongleMode, ExtendedPanId, ScanProgress, ScannedChannel, Timestamp};
use weft_thread::rcp::{ChannelActivity, Ear, Event, Firmware, Radio, RadioFrame};

const SECOND: Duration = Duration::from_secs(1);
/// A network is heard for so long after the last frame of it that was opened: routers advertise themselves every 32 s at most.
const HEARS_FOR: Duration = Duration::from_secs(120);
/// PANs that a state lists.
const MAX_FOREIGN: usize = 16;
/// How long a radio may take to stop acknowledging what was for us, when the service ends.
const QUIET_WITHIN: Duration = Duration::from_millis(300);

pub(super) struct DongleEar<'a> {
    worker: &'a Worker,
    listener: &'a mut Listener,
    joining: &'a mut Joining,
    frames: Option<&'a mut FrameSink>,
    path: &'a str,
    firmware: Firmware,
    captures: Vec<(Timestamp, CaptureBody)>,
    radio_clock: RadioClock,
    told_at: Duration,
    frames_at: u64,
    opened: LastOpened,
    dwell: Duration,
    /// What was last said, so that it is said once.
    said: Option<(SourceState, Option<String>)>,
    takes_part: bool,
    had_listened: bool,
    is_open: bool,
    /// The service ends: until then the radio may take for becoming quiet.
    quiet_by: Option<Duration>,
}

/// Of which network frames were opened last, and when.
#[derive(Debug, Default)]
struct LastOpened {
    count: u64,
    last: Option<(ExtendedPanId, Duration)>,
}

impl LastOpened {
    /// With how many of the present key's network were opened so far, each second: the network that is heard.
    fn look(&mut self, network: Option<ExtendedPanId>, count: u64, now: Duration) -> Option<ExtendedPanId> {
        // With another key they are counted anew.
        if count != std::mem::replace(&mut self.count, count) && count > 0 {
            self.last = network.map(|network| (network, now));
        }
        let is_fresh = |(of, at): &(ExtendedPanId, Duration)| network == Some(*of) && now.saturating_sub(*at) < HEARS_FOR;
        self.last.filter(is_fresh).map(|(network, _)| network)
    }
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
    pub(super) fn new(worker: &'a Worker, hearing: &'a mut Hearing, path: &'a str) -> (Self, &'a mut Radio) {
        let Hearing {
            listener,
            frames,
            radio,
            joining,
        } = hearing;
        let ear = Self {
            worker,
            listener,
            joining,
            frames: frames.as_mut(),
            path,
            firmware: Firmware::default(),
            captures: Vec::new(),
            radio_clock: RadioClock::default(),
            told_at: Duration::ZERO,
            frames_at: radio.counts().frames,
            opened: LastOpened::default(),
            dwell: super::SEARCH_DWELL,
            said: None,
            takes_part: false,
            had_listened: false,
            is_open: true,
            quiet_by: None,
        };
        (ear, radio)
    }

    pub(super) fn had_listened(&self) -> bool {
        self.had_listened
    }

    /// What was counted so far is handed on: nothing more is heard for now.
    pub(super) fn finish(&mut self) {
        self.listener.finish(clock::now(), &mut self.captures);
        self.hand_on();
    }

    /// The port is closed.
    pub(super) fn close(&mut self) {
        self.joining.radio_lost(clock::running_for());
        self.listener.set_own(None);
        self.worker.shared.set_hears(None);
        self.finish();
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
        self.joining.hear(frame, &self.worker.shared, clock::running_for());
        self.hand_on();
    }

    fn say(&mut self, state: SourceState, reason: Option<String>, detail: Option<Value>) {
        self.said = Some((state, reason.clone()));
        self.is_open &= self.worker.said.blocking_send(Said { state, reason, detail }).is_ok();
    }

    fn detail(&self) -> Value {
        json!({
            "port": self.path,
            "firmware": self.firmware.version,
            "spinel": protocol(&self.firmware),
            "rcp_api": self.firmware.rcp_api,
            "hardware_address": self.firmware.hardware_address,
        })
    }

    fn be(&self, mode: DongleMode, detail: String) {
        self.worker.shared.be(mode, detail);
    }

    fn on_channel(&self, channel: Option<Channel>) {
        self.worker.shared.change(|view| (view.channel, view.scanning) = (channel, None));
    }

    fn listens(&mut self, channel: Channel) {
        if std::mem::take(&mut self.takes_part) {
            self.listener.set_own(None);
            self.finish();
        }
        self.had_listened = true;
        self.worker.shared.listen_on(channel, words::listening(channel, self.listener.has_key()));
        let mut detail = self.detail();
        detail["channel"] = channel.get().into();
        self.say(SourceState::Working, None, Some(detail));
    }

    fn scans(&mut self) {
        self.finish();
        let before = self.worker.shared.view();
        self.on_channel(None);
        if std::mem::take(&mut self.takes_part) {
            self.listener.set_own(None);
        }
        match (before.channel, before.mode) {
            // Nobody scans from within a mesh: it has left, and looks for a network.
            (Some(channel), mode) if mode != DongleMode::TakingPart => {
                self.be(DongleMode::Scanning, words::scanning(Some(channel)));
                let number = channel.get();
                let reason = format!("it listens on every channel in turn: deaf on channel {number} until it is back");
                self.say(SourceState::Suspended, Some(reason), None);
            }
            // Round by round until there is a network: said once.
            (None, DongleMode::Searching) => {}
            _ => {
                self.had_listened = true;
                self.dwell = super::SEARCH_DWELL;
                self.be(DongleMode::Searching, words::SEARCHING.to_owned());
                let reason = "it looks for a Thread network on every channel in turn: it hears a sixteenth of what is said".to_owned();
                let detail = self.detail();
                self.say(SourceState::Working, Some(reason), Some(detail));
            }
        }
    }

    fn visits(&self, channel: Channel, done: u8, of: u8) {
        let progress = ScanProgress {
            channel,
            done,
            of,
            dwell_milliseconds: milliseconds(self.dwell),
        };
        self.worker.shared.change(|view| view.scanning = Some(progress));
    }

    fn scanned(&self, channels: &[ChannelActivity]) {
        let scan = ChannelScan {
            taken_at: clock::now(),
            dwell_milliseconds: milliseconds(self.dwell),
            channels: channels.iter().map(scanned_channel).collect(),
        };
        self.worker.shared.change(|view| (view.scan, view.scanning) = (Some(scan), None));
    }

    /// The radio takes part: it hands on what is for us and for everybody alone.
    fn takes_part(&mut self, channel: Channel) {
        let now = clock::running_for();
        self.had_listened = true;
        self.on_channel(Some(channel));
        if !std::mem::replace(&mut self.takes_part, true) {
            self.finish();
        }
        let Some(member) = self.joining.member() else { return };
        member.radio_back(now);
        self.tell_part();
    }

    /// Says what taking part means for what is heard, where that has changed.
    fn tell_part(&mut self) {
        if !self.takes_part {
            return;
        }
        let Some(member) = self.joining.member() else { return };
        self.listener.set_own(Some(member.addresses()));
        let network = member.network_name();
        let place = member.place();
        let looks_for_channel = member.looks_for_channel();
        let detail = match place {
            Some(_) => words::taking_part(&network),
            None if looks_for_channel => words::looking_for_channel(&network),
            None => words::looking_for_parent(&network),
        };
        self.be(DongleMode::TakingPart, detail);
        let (state, reason) = match place {
            Some(place) => (
                SourceState::Working,
                format!(
                    "it takes part in {network} as a child of {}: it hears what is addressed to it and to everybody, and not what others say to each other",
                    place.parent
                ),
            ),
            None if looks_for_channel => (
                SourceState::Suspended,
                format!("it looks for the channel of {network}: meanwhile it hears hardly anything of what others say"),
            ),
            None => (
                SourceState::Suspended,
                format!("it looks for a parent in {network}: meanwhile it hears hardly anything of what others say"),
            ),
        };
        if self.said == Some((state, Some(reason.clone()))) {
            return;
        }
        let mut detail = self.detail();
        detail["channel"] = self.worker.shared.view().channel.map(Channel::get).into();
        detail["takes_part"] = true.into();
        if let Some(place) = place {
            detail["rloc16"] = place.rloc16.to_string().into();
            detail["parent"] = place.parent.to_string().into();
        }
        self.say(state, Some(reason), Some(detail));
    }

    fn take_news(&mut self) {
        for news in self.joining.take_news() {
            match news {
                News::Capture(body) => self.worker.sender.send(*body),
                News::Attached | News::Detached => {
                    self.tell_part();
                    self.joining.show(&self.worker.shared, clock::running_for());
                }
            }
        }
    }

    fn take_wishes(&mut self, radio: &mut Radio, now: Duration) {
        let wishes = self.worker.shared.take_wishes();
        if let Some(network) = wishes.network {
            self.listener.set_network(network);
            if let (DongleMode::Listening, Some(channel)) = (self.worker.shared.view().mode, radio.channel()) {
                self.be(DongleMode::Listening, words::listening(channel, self.listener.has_key()));
            }
        }
        if let Some(listening) = wishes.listening {
            match radio.listen(listening, now) {
                // It has no channel to come back to: what comes is no scan.
                Ok(()) if matches!(listening, Listening::Search { .. }) => self.on_channel(None),
                Ok(()) => {}
                Err(failure) => self.worker.shared.failed(failure.to_string()),
            }
        }
        if let Some(dwell) = wishes.scan {
            self.dwell = dwell;
            radio.scan(dwell, now);
        }
    }

    fn tell(&mut self, radio: &Radio, now: Duration) {
        let counts = *radio.counts();
        let frames_per_second = counts.frames.saturating_sub(self.frames_at);
        self.frames_at = counts.frames;
        let foreign_pans = if self.listener.has_key() {
            self.listener.counts().foreign().take(MAX_FOREIGN).map(|(pan_id, _)| pan_id).collect()
        } else {
            Vec::new()
        };
        let pans = self.listener.counts().pans.iter().map(|(pan_id, counts)| (*pan_id, counts.frames));
        self.worker.shared.set_pans(pans.collect());
        let opened = self.listener.counts().pans.values().map(|counts| counts.opened).sum();
        let hears = self.opened.look(self.listener.network(), opened, now);
        self.worker.shared.set_hears(hears);
        let (opens, dropped) = (self.listener.network(), self.worker.sender.lost());
        self.worker.shared.change(|view| {
            (view.opens, view.opened) = (opens, opened);
            view.frames = counts.frames;
            view.frames_per_second = frames_per_second;
            view.damaged = counts.damaged;
            view.garbage = counts.garbage;
            view.dropped = dropped;
            view.recoveries = counts.recoveries;
            view.foreign_pans = foreign_pans;
        });
        self.joining.show(&self.worker.shared, now);
    }

    /// True while there is something to wait for before the port is closed.
    fn says_goodbye(&mut self, radio: &mut Radio, now: Duration) -> bool {
        if !self.joining.end(now) {
            return true;
        }
        if !self.takes_part {
            return false;
        }
        // Else it would go on acknowledging what is for us.
        radio.take_part(None, now);
        now < *self.quiet_by.get_or_insert(now + QUIET_WITHIN)
    }
}

fn scanned_channel(activity: &ChannelActivity) -> ScannedChannel {
    ScannedChannel {
        channel: activity.channel,
        frames: activity.frames,
        thread_frames: activity.thread_frames,
        pan_ids: activity.pan_ids.iter().copied().collect(),
        rssi_max_dbm: activity.rssi_max_dbm,
        energy_max_dbm: activity.energy_max_dbm,
    }
}

fn protocol(firmware: &Firmware) -> Option<String> {
    firmware.protocol.map(|(major, minor)| format!("{major}.{minor}"))
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Ear for DongleEar<'_> {
    fn event(&mut self, event: Event) {
        match event {
            Event::Frame(frame) => self.heard(&frame),
            Event::Firmware(firmware) => {
                self.worker.shared.set_channels(firmware.channels.clone());
                self.worker.shared.change(|view| {
                    view.kind = Some(firmware.kind);
                    view.firmware = Some(firmware.version.clone());
                    view.protocol = protocol(&firmware);
                    view.rcp_api = firmware.rcp_api;
                    view.hardware_address = firmware.hardware_address;
                });
                self.firmware = firmware;
            }
            Event::Listening(channel) => self.listens(channel),
            Event::TakingPart(channel) => self.takes_part(channel),
            Event::Scanning => self.scans(),
            Event::Visiting { channel, done, of } => self.visits(channel, done, of),
            Event::Scanned(channels) => self.scanned(&channels),
            Event::Sent(id, sent) => {
                if let Some(member) = self.joining.member() {
                    member.sent(id, sent, clock::running_for());
                }
            }
            Event::CannotTakePart => {
                if let Some(member) = self.joining.member() {
                    member.cannot_take_part();
                }
                self.joining.show(&self.worker.shared, clock::running_for());
            }
            Event::Deaf(trouble) => {
                self.finish();
                self.joining.radio_lost(clock::running_for());
                let reason = trouble.to_string();
                self.on_channel(None);
                self.be(DongleMode::Deaf, words::deaf(&reason));
                self.worker.shared.failed(reason.clone());
                self.say(SourceState::Deaf, Some(reason), None);
            }
            // The end of the conversation comes back from `run`.
            Event::Failed(_) => {}
        }
    }

    fn turn(&mut self, radio: &mut Radio) -> bool {
        let now = clock::running_for();
        self.take_wishes(radio, now);
        self.joining.turn(Some(radio), Some(self.path), &self.worker.shared, now);
        self.take_news();
        if now.saturating_sub(self.told_at) >= SECOND {
            self.told_at = now;
            self.tell(radio, now);
        }
        self.listener.tick(clock::now(), &mut self.captures);
        self.hand_on();
        let is_ending = self.worker.end.load(Ordering::Relaxed);
        self.is_open && (!is_ending || self.says_goodbye(radio, now))
    }

    fn deadline(&self) -> Option<Duration> {
        self.joining.deadline(clock::running_for())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_heard_while_frames_of_it_are_opened_and_for_some_time_after() {
        let network = |number| Some(ExtendedPanId([number; 8]));
        let at = Duration::from_secs;
        let mut opened = LastOpened::default();
        assert_eq!(opened.look(network(1), 0, at(1)), None, "the key alone hears nothing");
        assert_eq!(opened.look(network(1), 3, at(2)), network(1));
        assert_eq!(opened.look(network(1), 3, at(121)), network(1));
        assert_eq!(opened.look(network(1), 3, at(122)), None);
        assert_eq!(opened.look(network(1), 4, at(200)), network(1));
        assert_eq!(opened.look(network(2), 0, at(201)), None, "another key");
        assert_eq!(opened.look(network(2), 1, at(202)), network(2));
        assert_eq!(opened.look(None, 2, at(203)), None);
    }
}
