//! Rounds through the channels: looking for the network's, and scans.

use super::super::activity::ChannelActivity;
use super::super::command::Order;
use super::{Event, Listening, Phase, Rcp};
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::Channel;
use weft_wire::spinel::Property;

/// Channels of the 2.4 GHz band.
pub(super) const FIRST_CHANNEL: u16 = 11;
const LAST_CHANNEL: u16 = 26;

/// A round through the channels.
#[derive(Debug, Clone)]
pub(super) struct Round {
    dwell: Duration,
    /// Channels to come.
    ahead: VecDeque<Channel>,
    pub(super) heard: Vec<ChannelActivity>,
    /// When the next channel is due; `None` while the radio is on its way.
    pub(super) until: Option<Duration>,
    /// Where to listen afterwards; `None`: where Thread was heard.
    back_to: Option<Channel>,
}

impl Rcp {
    pub(super) fn channels(&self) -> impl Iterator<Item = Channel> + '_ {
        (FIRST_CHANNEL..=LAST_CHANNEL)
            .filter_map(Channel::new)
            .filter(|channel| self.firmware.channels.is_empty() || self.firmware.channels.contains(channel))
    }

    pub(super) fn begin_round(&mut self, dwell: Duration, back_to: Option<Channel>) {
        self.events.push_back(Event::Scanning);
        self.round = Some(Round {
            dwell,
            ahead: self.channels().collect(),
            heard: Vec::new(),
            until: Some(Duration::ZERO),
            back_to,
        });
    }

    /// Goes on to the next channel of a round when it is due; after the last one to where Thread was heard.
    pub(super) fn hop(&mut self, now: Duration) {
        let Some(round) = self.round.as_mut().filter(|round| round.until.is_some_and(|until| now >= until)) else {
            return;
        };
        if let Some(next) = round.ahead.pop_front() {
            round.heard.push(ChannelActivity::new(next));
            round.until = None;
            self.orders.push_back(Order::Set(Property::PHY_CHAN, vec![next.get()]));
            return;
        }
        let Some(round) = self.round.take() else { return };
        let best = round
            .heard
            .iter()
            .filter(|activity| activity.thread_frames > 0)
            .max_by_key(|activity| (activity.thread_frames, activity.frames));
        let target = round.back_to.or(best.map(|activity| activity.channel));
        self.events.push_back(Event::Scanned(round.heard));
        match target {
            Some(channel) => {
                self.listening = Listening::Channel(channel);
                self.orders.push_back(Order::Set(Property::PHY_CHAN, vec![channel.get()]));
            }
            None => self.begin_round(round.dwell, None),
        }
    }

    /// The radio is on this channel now.
    pub(super) fn on_channel(&mut self, channel: Option<u8>, now: Duration) {
        self.channel = channel.and_then(|channel| Channel::new(channel.into()));
        match (&mut self.round, self.channel) {
            (Some(round), _) => round.until = Some(now.saturating_add(round.dwell)),
            (None, Some(channel)) if matches!(self.phase, Phase::Listening { .. }) => self.events.push_back(Event::Listening(channel)),
            _ => {}
        }
    }
}
