//! Frames on the air, summed up for each pair of radios: so a busy channel stays small. Needs no key: MAC addresses stand in the clear, and in Thread a
//! short address is an RLOC16.
//!
//! The same code sums up what a dongle hears, what stands in a capture file, and the single frames of a recording.

use crate::{MleCapture, RadioSummaryCapture};
use std::collections::BTreeMap;
use weft_model::{ExtendedAddress, PanId, Timestamp};
use weft_wire::ieee802154::{Acknowledged, Activity, Address, AwaitedAcknowledgment, Frame, KeyId, Summary};
use weft_wire::lowpan::Datagram;
use weft_wire::mle::{Command, Envelope, PORT};

/// The usual length of an interval.
pub const INTERVAL_SECONDS: u32 = 30;
/// The first summary of a pair that was silent comes after so long: early enough to be seen at once, late enough to have the acknowledgment in it.
pub const FIRST_SUMMARY_MILLISECONDS: i64 = 1_000;
/// The most pairs that are told apart; frames of further ones are counted and left out. A building of 500 devices has about 2,000 pairs.
pub const MAX_PAIRS: usize = 8_192;
/// A pair that was not heard for so long makes room for others.
pub const FORGET_PAIR_SECONDS: i64 = 24 * 60 * 60;
/// Intervals end at whole multiples of this: many of them together.
const GRID_MILLISECONDS: i64 = 250;
/// The most channels on which acknowledgments are waited for: all of the 2.4 GHz band.
const MAX_CHANNELS: usize = 16;
/// A radio says 127 where it measured nothing.
const NOT_MEASURED: i8 = 127;
/// What Announce frames name as the source of their key (OpenThread `Mac::kMode2Key`).
const ANNOUNCE_SOURCE: [u8; 4] = [0xff; 4];

/// Who sends to whom, in which PAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The PAN.
    pub pan_id: PanId,
    /// The sender: a locator or an extended address.
    pub from: Address,
    /// The receiver: a locator, an extended address, or everybody.
    pub to: Address,
}

impl Pair {
    /// The pair of a frame. `None` where it names no PAN or no sender, or where a short address is no locator: nothing can be said of such a frame.
    pub fn of(summary: &Summary) -> Option<Self> {
        let names_somebody = |address: Address| address.rloc16().is_some() || address.extended().is_some();
        let pan_id = summary.pan_id?;
        let is_usable = names_somebody(summary.from) && (names_somebody(summary.to) || summary.to.is_broadcast());
        is_usable.then_some(Self {
            pan_id,
            from: summary.from,
            to: summary.to,
        })
    }
}

/// How the dongle heard a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signal {
    /// Channel.
    pub channel: Option<u16>,
    /// Strength at the dongle in dBm.
    pub rssi_dbm: Option<i8>,
    /// The radio's LQI, 0 to 255.
    pub lqi: Option<u8>,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It counts for this pair.
    Frame(Pair),
    /// It is an acknowledgment of a frame of this pair.
    Acknowledgment(Pair),
    /// An acknowledgment whose frame was not heard.
    StrayAcknowledgment,
    /// Nothing can be said of it: it names no PAN, no sender, or an address that is no locator.
    Nameless,
    /// There are too many pairs already.
    LeftOut,
}

#[derive(Debug, Clone)]
struct Window {
    began: Timestamp,
    due: Timestamp,
    last: Timestamp,
    channel: Option<u16>,
    frames: u64,
    acknowledged: u64,
    data_polls: u64,
    rssi: Option<(i8, i8)>,
    rssi_sum: i64,
    rssi_count: u32,
    lqi_sum: u64,
    lqi_count: u32,
}

impl Window {
    fn new(at: Timestamp, milliseconds: i64) -> Self {
        Self {
            began: at,
            due: on_grid(at, milliseconds),
            last: at,
            channel: None,
            frames: 0,
            acknowledged: 0,
            data_polls: 0,
            rssi: None,
            rssi_sum: 0,
            rssi_count: 0,
            lqi_sum: 0,
            lqi_count: 0,
        }
    }

    fn add(&mut self, at: Timestamp, activity: Activity, signal: Signal) {
        self.last = self.last.max(at);
        self.channel = signal.channel.or(self.channel);
        self.frames += 1;
        self.data_polls += u64::from(activity == Activity::DataPoll);
        if let Some(rssi) = signal.rssi_dbm.filter(|rssi| *rssi != NOT_MEASURED) {
            self.rssi = Some(self.rssi.map_or((rssi, rssi), |(least, most)| (least.min(rssi), most.max(rssi))));
            self.rssi_sum += i64::from(rssi);
            self.rssi_count += 1;
        }
        if let Some(lqi) = signal.lqi {
            self.lqi_sum += u64::from(lqi);
            self.lqi_count += 1;
        }
    }

    fn summary(&self, pair: Pair, at: Timestamp) -> RadioSummaryCapture {
        let seconds = |milliseconds: i64| milliseconds.max(0) as f64 / 1000.0;
        let tenths = |sum: f64, count: u32| (count > 0).then(|| (sum / f64::from(count) * 10.0).round() / 10.0);
        RadioSummaryCapture {
            channel: self.channel,
            pan_id: pair.pan_id,
            from: pair.from.to_string(),
            to: pair.to.to_string(),
            interval_seconds: seconds(at.milliseconds_since(self.began)),
            age_seconds: Some(seconds(at.milliseconds_since(self.last))),
            frames: self.frames,
            acknowledged: self.acknowledged,
            data_polls: self.data_polls,
            rssi_min_dbm: self.rssi.map(|(least, _)| least),
            rssi_average_dbm: tenths(self.rssi_sum as f64, self.rssi_count),
            rssi_max_dbm: self.rssi.map(|(_, most)| most),
            lqi_average: tenths(self.lqi_sum as f64, self.lqi_count),
        }
    }
}

/// The first moment of the grid that is so much later.
fn on_grid(at: Timestamp, milliseconds: i64) -> Timestamp {
    let later = at.unix_milliseconds().saturating_add(milliseconds);
    let past = later.rem_euclid(GRID_MILLISECONDS);
    Timestamp::from_unix_milliseconds(if past == 0 {
        later
    } else {
        later.saturating_add(GRID_MILLISECONDS - past)
    })
}

/// Sums up frames. Pure: time comes with the frames.
#[derive(Debug, Clone)]
pub struct Summariser {
    interval_milliseconds: i64,
    windows: BTreeMap<Pair, Window>,
    awaited: BTreeMap<u16, AwaitedAcknowledgment>,
    /// When the first interval with frames ends.
    next_due: Timestamp,
    left_out: u64,
}

impl Default for Summariser {
    fn default() -> Self {
        Self::new(INTERVAL_SECONDS)
    }
}

impl Summariser {
    /// Sums up over intervals of so many seconds, at least one.
    pub fn new(interval_seconds: u32) -> Self {
        Self {
            interval_milliseconds: i64::from(interval_seconds.max(1)) * 1000,
            windows: BTreeMap::new(),
            awaited: BTreeMap::new(),
            next_due: Timestamp::MAX,
            left_out: 0,
        }
    }

    /// The frame that an acknowledgment belongs to; `None` for everything else. Every frame of a channel has to come by here, in the order of the air;
    /// `microseconds` is the radio's clock, or any other.
    pub fn acknowledges(&mut self, frame: &Frame<'_>, channel: u16, microseconds: u64) -> Option<Acknowledged> {
        if self.awaited.len() >= MAX_CHANNELS && !self.awaited.contains_key(&channel) {
            self.awaited.clear();
        }
        self.awaited.entry(channel).or_default().frame(frame, microseconds)
    }

    /// Counts a frame heard at `at`, after [`Summariser::due`] of that moment. `summary` is what it says of itself, `acknowledged` what [`Summariser::acknowledges`] gave for it.
    pub fn add(&mut self, at: Timestamp, summary: &Summary, acknowledged: Option<&Acknowledged>, signal: Signal) -> Counted {
        if matches!(summary.activity, Activity::ImmediateAcknowledgment | Activity::EnhancedAcknowledgment) {
            let acknowledged = acknowledged.and_then(|acknowledged| {
                let activity = Activity::Data;
                Pair::of(&Summary {
                    pan_id: acknowledged.pan_id,
                    from: acknowledged.from,
                    to: acknowledged.to,
                    activity,
                })
            });
            let Some(pair) = acknowledged else { return Counted::StrayAcknowledgment };
            let Some(window) = self.windows.get_mut(&pair).filter(|window| window.frames > 0) else {
                return Counted::StrayAcknowledgment;
            };
            // A repeated frame may be acknowledged more than once.
            window.acknowledged = (window.acknowledged + 1).min(window.frames);
            return Counted::Acknowledgment(pair);
        }
        let Some(pair) = Pair::of(summary) else { return Counted::Nameless };
        if !self.windows.contains_key(&pair) && !self.has_room(at) {
            self.left_out += 1;
            return Counted::LeftOut;
        }
        let window = self.windows.entry(pair).or_insert_with(|| Window::new(at, FIRST_SUMMARY_MILLISECONDS));
        if window.frames == 0 && at > window.due {
            *window = Window::new(at, FIRST_SUMMARY_MILLISECONDS);
        }
        window.add(at, summary.activity, signal);
        self.next_due = self.next_due.min(window.due);
        Counted::Frame(pair)
    }

    fn has_room(&mut self, at: Timestamp) -> bool {
        if self.windows.len() >= MAX_PAIRS {
            self.windows
                .retain(|_, window| window.frames > 0 || at.seconds_since(window.last) < FORGET_PAIR_SECONDS);
        }
        self.windows.len() < MAX_PAIRS
    }

    /// What was counted of a pair since its interval began, at `at`.
    pub fn so_far(&self, pair: Pair, at: Timestamp) -> Option<RadioSummaryCapture> {
        let window = self.windows.get(&pair).filter(|window| window.frames > 0)?;
        Some(window.summary(pair, at))
    }

    /// Ends the intervals that are over at `now`, each with the moment at which it was.
    pub fn due(&mut self, now: Timestamp) -> Vec<(Timestamp, RadioSummaryCapture)> {
        let mut ended = Vec::new();
        while self.next_due <= now {
            let at = self.next_due;
            self.end(at, |window| window.due <= at, &mut ended);
        }
        ended
    }

    /// Ends all intervals at `now`: nothing more will come.
    pub fn finish(&mut self, now: Timestamp) -> Vec<(Timestamp, RadioSummaryCapture)> {
        let mut ended = self.due(now);
        self.end(now, |_| true, &mut ended);
        ended
    }

    fn end(&mut self, now: Timestamp, is_over: impl Fn(&Window) -> bool, ended: &mut Vec<(Timestamp, RadioSummaryCapture)>) {
        self.next_due = Timestamp::MAX;
        for (pair, window) in &mut self.windows {
            if window.frames == 0 {
                continue;
            }
            if is_over(window) {
                ended.push((now, window.summary(*pair, now)));
                let last = window.last;
                *window = Window::new(now, self.interval_milliseconds);
                window.last = last;
            } else {
                self.next_due = self.next_due.min(window.due);
            }
        }
    }

    /// Pairs that are remembered.
    pub fn pairs(&self) -> usize {
        self.windows.len()
    }

    /// Frames that were left out because there were too many pairs.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// True for an Announce frame: it is sent on channels that are not its network's, under a key that everybody has, so it says nothing of the channel.
pub fn is_announce(frame: &Frame<'_>) -> bool {
    frame
        .security
        .is_some_and(|security| matches!(security.key_id, KeyId::Source4 { source, .. } if source == ANNOUNCE_SOURCE))
}

/// The message in a packet, if it is one that was never sealed (Discovery): anybody may have sent it.
pub fn clear_message(datagram: &Datagram, pan_id: Option<PanId>, signal: Signal) -> Option<MleCapture> {
    let packet = datagram.packet().ok()?;
    let udp = packet.udp()?.ok().filter(|udp| udp.destination_port == PORT)?;
    let Ok(Envelope::Clear([command, tlvs @ ..])) = Envelope::parse(udp.payload) else {
        return None;
    };
    let is_discovery = [Command::DISCOVERY_REQUEST, Command::DISCOVERY_RESPONSE].contains(&Command(*command));
    is_discovery.then_some(MleCapture {
        pan_id: pan_id.unwrap_or(PanId::BROADCAST),
        extended_pan_id: None,
        channel: signal.channel,
        rssi_dbm: signal.rssi_dbm,
        lqi: signal.lqi,
        from: ExtendedAddress::from_link_local(packet.source)?,
        to: ExtendedAddress::from_link_local(packet.destination),
        command: *command,
        tlvs: crate::hex::encode(tlvs),
        registered: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
