//! The link types of IEEE 802.15.4.

use super::{Packet, tap};
use crate::Problem;
use crate::ieee802154::split_fcs;
use weft_model::{Channel, Rssi};

/// How a packet wraps a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkType {
    /// 195: the frame with its check sequence.
    WithFcs,
    /// 230: the frame without check sequence.
    WithoutFcs,
    /// 283: what the radio measured, then the frame.
    Tap,
}

impl LinkType {
    /// `None` for a number that is not IEEE 802.15.4.
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            195 => Some(Self::WithFcs),
            230 => Some(Self::WithoutFcs),
            283 => Some(Self::Tap),
            _ => None,
        }
    }

    /// The LINKTYPE_ number.
    pub const fn number(self) -> u32 {
        match self {
            Self::WithFcs => 195,
            Self::WithoutFcs => 230,
            Self::Tap => 283,
        }
    }
}

/// What is known of a frame's check sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fcs {
    /// It is not there.
    #[default]
    Absent,
    /// It fits the frame.
    Correct,
    /// It does not: the frame is broken, or the radio wrote something else in its place.
    Wrong,
}

/// A frame, and what the radio measured of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RadioFrame<'a> {
    /// The frame without its check sequence.
    pub frame: &'a [u8],
    /// Its check sequence.
    pub fcs: Fcs,
    /// Channel.
    pub channel: Option<Channel>,
    /// Strength at the receiver.
    pub rssi: Option<Rssi>,
    /// The radio's link quality indicator.
    pub lqi: Option<u8>,
    /// When the frame began, on the radio's clock.
    pub start_nanoseconds: Option<u64>,
}

impl<'a> RadioFrame<'a> {
    /// The frame in a packet.
    ///
    /// # Errors
    /// If the packet is of another link type, was cut by the capture, or its TAP header makes no sense.
    pub fn of(packet: &'a Packet) -> Result<Self, Problem> {
        let Some(link_type) = LinkType::from_number(packet.link_type) else {
            return Err(Problem::of("link type", format!("{} is not IEEE 802.15.4", packet.link_type)));
        };
        if let Some(original) = packet.cut_from_bytes {
            let reason = format!("the capture kept {} of {original} bytes", packet.bytes.len());
            return Err(Problem::at("packet", packet.bytes.len(), reason));
        }
        Ok(match link_type {
            LinkType::WithoutFcs => Self {
                frame: &packet.bytes,
                ..Self::default()
            },
            LinkType::WithFcs => Self::default().with_frame(&packet.bytes),
            LinkType::Tap => tap::decode(&packet.bytes)?,
        })
    }

    /// The same with a frame that ends with a check sequence.
    pub(super) fn with_frame(self, bytes: &'a [u8]) -> Self {
        match split_fcs(bytes) {
            Some((frame, is_correct)) => Self {
                frame,
                fcs: if is_correct { Fcs::Correct } else { Fcs::Wrong },
                ..self
            },
            None => Self {
                frame: bytes,
                fcs: Fcs::Absent,
                ..self
            },
        }
    }
}
