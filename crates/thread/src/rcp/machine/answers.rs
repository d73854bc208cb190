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
        match (order.property(), self.phase) {
            (Property::PROTOCOL_VERSION, _) => match decode_protocol_version(value) {
                Ok(version) if version.0 == PROTOCOL_MAJOR => self.firmware.protocol = version,
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
                self.firmware.channels = value.iter().filter_map(|channel| Channel::new((*channel).into())).collect()
            }
            (Property::RCP_API_VERSION, _) => self.firmware.rcp_api = decode_packed(value).ok(),
            (Property::PHY_CHAN, Phase::Setting | Phase::Listening { .. }) => {
                if let Order::Set(_, wanted) = order {
                    self.on_channel(wanted.first().copied(), now);
                }
            }
            (Property::MAC_RAW_STREAM_ENABLED, Phase::Listening { .. }) => {
                let has_forgotten = decode_bytes(value).is_ok_and(|[enabled]: [u8; 1]| enabled == 0);
                if has_forgotten && self.is_in_trouble(Trouble::Forgot) {
                    self.configure();
                }
            }
            _ => {}
        }
    }

    pub(super) fn refused(&mut self, order: &Order, status: Status) {
        match order {
            // What it does not tell is not needed.
            Order::Get(_) => {}
            Order::Set(Property::PHY_CHAN, _) if self.round.is_some() => {
                if let Some(round) = &mut self.round {
                    round.heard.pop();
                    round.until = Some(Duration::ZERO);
                }
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
