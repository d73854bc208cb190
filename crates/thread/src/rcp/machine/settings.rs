//! What the radio is told of what to listen to, and as whom.

use super::super::command::Order;
use super::{Event, Listening, Phase, Rcp};
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::{Channel, ExtendedAddress, PanId};
use weft_wire::spinel::{PromiscuousMode, Property, encode_extended_address};

/// The short address of somebody who has none (OpenThread `Mac::kShortAddrInvalid`).
const NO_SHORT_ADDRESS: u16 = 0xfffe;

/// Settings of a radio. What is `None` does not matter, or was not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pan_id: Option<PanId>,
    short_address: Option<u16>,
    extended_address: Option<ExtendedAddress>,
    /// It hands everything on. A radio that does not acknowledges what is for it.
    pub(super) is_promiscuous: Option<bool>,
    pub(super) channel: Option<Channel>,
}

impl Settings {
    /// The orders that make a radio with these settings one with those. The channel comes last: from then on the others count.
    fn orders(&self, wanted: &Self) -> Vec<Order> {
        fn changed<T: Copy + PartialEq>(has: Option<T>, wanted: Option<T>) -> Option<T> {
            wanted.filter(|_| has != wanted)
        }
        let set = |property, value: Vec<u8>| Order::Set(property, value);
        let pan_id = changed(self.pan_id, wanted.pan_id).map(|pan_id| set(Property::MAC_15_4_PANID, pan_id.0.to_le_bytes().to_vec()));
        let short = changed(self.short_address, wanted.short_address).map(|short| set(Property::MAC_15_4_SADDR, short.to_le_bytes().to_vec()));
        let extended =
            changed(self.extended_address, wanted.extended_address).map(|extended| set(Property::MAC_15_4_LADDR, encode_extended_address(extended)));
        let mode = changed(self.is_promiscuous, wanted.is_promiscuous).map(promiscuous);
        let channel = changed(self.channel, wanted.channel).map(|channel| set(Property::PHY_CHAN, vec![channel.get()]));
        [pan_id, short, extended, mode, channel].into_iter().flatten().collect()
    }

    /// An order was taken.
    fn take(&mut self, property: Property, value: &[u8]) {
        let short = || value.try_into().ok().map(u16::from_le_bytes);
        match property {
            Property::MAC_15_4_PANID => self.pan_id = short().map(PanId),
            Property::MAC_15_4_SADDR => self.short_address = short(),
            Property::MAC_15_4_LADDR => self.extended_address = value.try_into().ok().map(ExtendedAddress),
            Property::MAC_PROMISCUOUS_MODE => self.is_promiscuous = value.first().map(|mode| *mode != PromiscuousMode::Off as u8),
            Property::PHY_CHAN => self.channel = value.first().and_then(|channel| Channel::new((*channel).into())),
            _ => {}
        }
    }
}

fn promiscuous(on: bool) -> Order {
    let mode = if on { PromiscuousMode::Full } else { PromiscuousMode::Off };
    Order::Set(Property::MAC_PROMISCUOUS_MODE, vec![mode as u8])
}

impl Rcp {
    /// The settings that are wanted where no round is going on.
    pub(super) fn wanted(&self) -> Settings {
        match (self.participant, self.listening) {
            (Some(participant), _) => Settings {
                pan_id: Some(participant.pan_id),
                short_address: Some(participant.short_address.map_or(NO_SHORT_ADDRESS, |rloc16| rloc16.get())),
                extended_address: Some(participant.extended_address),
                is_promiscuous: Some(false),
                channel: Some(participant.channel).filter(|channel| self.has_channel(*channel)),
            },
            // Some radios acknowledge in promiscuous mode too: who does not take part any more has no address.
            (None, listening) => Settings {
                pan_id: self.has.pan_id.map(|_| PanId::BROADCAST),
                short_address: self.has.short_address.map(|_| NO_SHORT_ADDRESS),
                extended_address: None,
                is_promiscuous: Some(true),
                channel: match listening {
                    Listening::Channel(channel) => Some(channel),
                    Listening::Search { .. } => None,
                },
            },
        }
    }

    /// The radio has just started: it gets everything.
    pub(super) fn configure(&mut self) {
        let mut wanted = self.wanted();
        wanted.channel = wanted.channel.or_else(|| self.channels().next()).or_else(|| Channel::all().next());
        self.has = Settings::default();
        self.orders = VecDeque::from([Order::Set(Property::PHY_ENABLED, vec![1])]);
        self.orders.extend(self.has.orders(&wanted));
        self.orders.push_back(Order::Set(Property::MAC_RAW_STREAM_ENABLED, vec![1]));
        self.phase = Phase::Setting;
    }

    /// No round is going on, and nothing is on its way: brings the radio to where it is wanted, says when it is there, and sends what waits.
    pub(super) fn settle(&mut self, now: Duration) {
        let wanted = self.wanted();
        let Some(channel) = wanted.channel else {
            if let (None, Listening::Search { dwell }) = (self.participant, self.listening) {
                self.begin_round(dwell, true);
            }
            self.ground_waiting();
            return;
        };
        // A frame for another channel is sent there; whoever wants to listen there afterwards takes part there.
        let frame_channel = self.flights.next_channel();
        let there = Settings {
            channel: Some(frame_channel.unwrap_or(channel)),
            ..wanted
        };
        let orders = self.has.orders(&there);
        if !orders.is_empty() {
            self.orders.extend(orders);
            return;
        }
        if !self.is_announced && there.channel == wanted.channel {
            self.is_announced = true;
            self.events.push_back(match self.participant {
                Some(_) => Event::TakingPart(channel),
                None => Event::Listening(channel),
            });
        }
        self.launch(now);
    }

    /// A round hears everything.
    pub(super) fn open_ears(&mut self) {
        if self.has.is_promiscuous != Some(true) {
            self.orders.push_back(promiscuous(true));
        }
    }

    /// An order was taken by the radio.
    pub(super) fn took(&mut self, property: Property, value: &[u8], now: Duration) {
        self.has.take(property, value);
        if property == Property::PHY_CHAN {
            self.arrived(now);
        }
    }
}
