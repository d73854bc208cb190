//! What follows from answers, refusals and silence.

use super::super::command::Order;
use super::{Attention, PROTOCOL_MAJOR, Phase, Rcp};
use crate::rcp::{Failure, Trouble};
use std::time::Duration;
use weft_model::Channel;
use weft_wire::spinel::{
    Capability, Property, Status, decode_bytes, decode_capabilities, decode_extended_address, decode_packed, decode_protocol_version, decode_text,
};

impl Rcp {
    pub(super) fn answered(&mut self, order: &Order, value: &[u8], now: Duration) {
        if let Order::Set(property, wanted) = order {
            self.took(*property, wanted, now);
        }
        match (order.property(), self.phase) {
            (Property::PROTOCOL_VERSION, _) => match decode_protocol_version(value) {
                Ok(version) if version.0 == PROTOCOL_MAJOR => self.firmware.protocol = Some(version),
                Ok(version) => self.fail(Failure::Protocol(version)),
                Err(_) => self.fail(Failure::NotSpinel { bytes: self.opened_bytes }),
            },
            (Property::NCP_VERSION, _) => self.firmware.version = decode_text(value).chars().filter(|letter| !letter.is_control()).collect(),
            (Property::CAPS, _) => {
                let numbers = decode_capabilities(value).unwrap_or_default();
                self.capabilities = numbers.into_iter().map(Capability::from_number).collect();
            }
            (Property::HWADDR, _) => self.firmware.hardware_address = decode_extended_address(value).ok(),
            (Property::PHY_CHAN_SUPPORTED, _) => {
                self.firmware.channels = value.iter().filter_map(|channel| Channel::new((*channel).into())).collect();
                // A radio for another band.
                if self.firmware.channels.is_empty() && !value.is_empty() {
                    self.fail(Failure::NoChannel);
                }
            }
            (Property::RCP_API_VERSION, _) => self.firmware.rcp_api = decode_packed(value).ok(),
            (Property::MAC_RAW_STREAM_ENABLED, Phase::Listening { .. }) => {
                let has_forgotten = decode_bytes(value).is_ok_and(|[enabled]: [u8; 1]| enabled == 0);
                if *order == Order::Get(Property::MAC_RAW_STREAM_ENABLED) && has_forgotten && self.is_in_trouble(Trouble::Forgot) {
                    self.configure();
                }
            }
            (Property::MAC_SCAN_STATE, Phase::Listening { .. }) => self.measures_from(now),
            _ => {}
        }
    }

    pub(super) fn refused(&mut self, order: &Order, status: Status, now: Duration) {
        match order {
            // What it does not tell is not needed.
            Order::Get(_) => {}
            Order::Set(Property::PHY_CHAN, _) if self.is_moving() => self.skip_channel(),
            Order::Set(Property::MAC_SCAN_MASK | Property::MAC_SCAN_PERIOD | Property::MAC_SCAN_STATE, _) => {
                if self.is_measuring() {
                    self.measures_not(now);
                }
            }
            // It was to go there for one frame.
            Order::Set(Property::PHY_CHAN, value)
                if self
                    .flights
                    .next_channel()
                    .is_some_and(|channel| Some(channel) != self.wanted().channel && value.first() == Some(&channel.get())) =>
            {
                self.ground_next();
            }
            Order::Set(property, _) => self.fail(Failure::Refused { property: *property, status }),
        }
    }

    pub(super) fn unanswered(&mut self, order: Order, now: Duration) {
        match self.phase {
            Phase::Closed | Phase::Resetting { .. } => {}
            // The first question decides; the radio may not know the later ones, and old firmware keeps silent then.
            Phase::Asking { attention } => {
                if order.property() == Property::PROTOCOL_VERSION {
                    match attention.next() {
                        Some(next) => self.get_attention(next, now),
                        None => self.give_up(),
                    }
                }
            }
            Phase::Setting | Phase::Listening { .. } => {
                if self.is_in_trouble(Trouble::Silent) {
                    self.get_attention(Attention::StackReset, now);
                }
            }
        }
    }
}
