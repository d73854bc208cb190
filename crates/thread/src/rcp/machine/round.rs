//! Rounds through the channels: looking for the network's, and scans.

use super::super::activity::ChannelActivity;
use super::super::command::Order;
use super::{Event, Listening, Rcp};
use crate::rcp::Failure;
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::{Channel, Rssi};
use weft_wire::spinel::{EnergyScanResult, Property, ScanState};

/// How long the energy of a channel is measured, before it is listened to.
const ENERGY_MILLISECONDS: u16 = 30;
/// How long the result may take.
const ENERGY_WITHIN: Duration = Duration::from_millis(ENERGY_MILLISECONDS as u64 + 500);

/// Where a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The next channel is due.
    Due,
    /// The radio is on its way.
    Moving,
    /// It is told to measure.
    Measuring { until: Option<Duration> },
    /// It listens.
    Dwelling { until: Duration },
}

/// A round through the channels.
#[derive(Debug, Clone)]
pub(super) struct Round {
    dwell: Duration,
    /// Channels to come.
    ahead: VecDeque<Channel>,
    pub(super) heard: Vec<ChannelActivity>,
    stage: Stage,
    /// It goes on until Thread was heard, and stays there.
    is_search: bool,
    is_cancelled: bool,
    of: u8,
    done: u8,
}

impl Round {
    /// When it has to go on.
    pub(super) fn deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::Due => Some(Duration::ZERO),
            Stage::Moving => None,
            Stage::Measuring { until } => until,
            Stage::Dwelling { until } => Some(until),
        }
    }

    pub(super) fn is_measuring(&self) -> bool {
        matches!(self.stage, Stage::Measuring { .. })
    }
}

impl Rcp {
    pub(super) fn channels(&self) -> impl Iterator<Item = Channel> + '_ {
        Channel::all().filter(|channel| self.has_channel(*channel))
    }

    pub(super) fn begin_round(&mut self, dwell: Duration, is_search: bool) {
        self.events.push_back(Event::Scanning);
        self.is_announced = false;
        self.ground_waiting();
        let ahead: VecDeque<Channel> = self.channels().collect();
        self.round = Some(Round {
            dwell,
            of: u8::try_from(ahead.len()).unwrap_or(u8::MAX),
            done: 0,
            ahead,
            heard: Vec::new(),
            stage: Stage::Due,
            is_search,
            is_cancelled: false,
        });
    }

    /// Looks for no network any more. A measurement comes to its end first: who takes the radio away from it, takes all later ones away.
    pub(super) fn end_search(&mut self) {
        let Some(round) = self.round.as_mut().filter(|round| round.is_search) else {
            return;
        };
        if round.is_measuring() {
            round.is_cancelled = true;
            return;
        }
        self.round = None;
        self.orders.clear();
    }

    /// Goes on with a round when it is due. Nothing is on its way to the radio.
    pub(super) fn hop(&mut self, now: Duration) {
        let Some(round) = self.round.as_mut().filter(|round| round.deadline().is_some_and(|until| now >= until)) else {
            return;
        };
        if round.is_measuring() {
            self.measures = false;
            return self.dwell(now);
        }
        if round.is_cancelled {
            self.round = None;
            return;
        }
        if let Some(next) = round.ahead.pop_front() {
            round.heard.push(ChannelActivity::new(next));
            round.stage = Stage::Moving;
            self.open_ears();
            self.orders.push_back(Order::Set(Property::PHY_CHAN, vec![next.get()]));
            return;
        }
        let Some(round) = self.round.take() else { return };
        if round.is_search && round.heard.is_empty() {
            // It took none of them: another round would be over as soon.
            return self.fail(Failure::NoChannel);
        }
        if round.is_search
            && let Some(found) = ChannelActivity::busiest(&round.heard)
        {
            self.listening = Listening::Channel(found);
        }
        self.events.push_back(Event::Scanned(round.heard));
    }

    /// The radio is on another channel.
    pub(super) fn arrived(&mut self, now: Duration) {
        let Some(round) = self.round.as_mut().filter(|round| round.stage == Stage::Moving) else {
            return;
        };
        if let Some(activity) = round.heard.last() {
            let channel = activity.channel;
            let (done, of) = (round.done, round.of);
            round.done = round.done.saturating_add(1);
            self.events.push_back(Event::Visiting { channel, done, of });
            if self.measures {
                round.stage = Stage::Measuring { until: None };
                let orders = [
                    (Property::MAC_SCAN_MASK, vec![channel.get()]),
                    (Property::MAC_SCAN_PERIOD, ENERGY_MILLISECONDS.to_le_bytes().to_vec()),
                    (Property::MAC_SCAN_STATE, vec![ScanState::Energy as u8]),
                ];
                self.orders.extend(orders.map(|(property, value)| Order::Set(property, value)));
                return;
            }
        }
        self.dwell(now);
    }

    fn dwell(&mut self, now: Duration) {
        if let Some(round) = &mut self.round {
            let until = if round.is_cancelled { now } else { now.saturating_add(round.dwell) };
            round.stage = Stage::Dwelling { until };
        }
    }

    /// The radio was told to measure.
    pub(super) fn measures_from(&mut self, now: Duration) {
        if let Some(Round {
            stage: Stage::Measuring { until },
            ..
        }) = &mut self.round
        {
            *until = Some(now.saturating_add(ENERGY_WITHIN));
        }
    }

    /// What the radio measured.
    pub(super) fn measured(&mut self, value: &[u8], now: Duration) {
        let Ok(result) = EnergyScanResult::decode(value) else { return };
        let Some(round) = self.round.as_mut().filter(|round| round.is_measuring()) else {
            return;
        };
        let Some(activity) = round.heard.last_mut().filter(|activity| activity.channel.get() == result.channel) else {
            return;
        };
        activity.energy_max_dbm = Rssi::from_dbm(result.max_rssi_dbm).map(Rssi::dbm);
        self.last_proof = now;
        self.dwell(now);
    }

    /// The radio does not measure: it is not asked again.
    pub(super) fn measures_not(&mut self, now: Duration) {
        self.measures = false;
        self.orders.clear();
        self.dwell(now);
    }

    /// The radio does not take a channel of a round.
    pub(super) fn skip_channel(&mut self) {
        if let Some(round) = self.round.as_mut().filter(|round| round.stage == Stage::Moving) {
            round.heard.pop();
            round.done = round.done.saturating_add(1);
            round.stage = Stage::Due;
        }
    }

    pub(super) fn is_moving(&self) -> bool {
        self.round.as_ref().is_some_and(|round| round.stage == Stage::Moving)
    }

    pub(super) fn is_measuring(&self) -> bool {
        self.round.as_ref().is_some_and(Round::is_measuring)
    }
}
