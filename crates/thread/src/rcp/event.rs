//! What the conversation with the radio brings, in words that a person can act on.

use super::activity::ChannelActivity;
use crate::node::{FrameId, Sent};
use weft_model::{Channel, DongleKind, ExtendedAddress};
use weft_wire::spinel::{Property, Status};

/// What the radio tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firmware {
    /// What it is.
    pub kind: DongleKind,
    /// Version text: `OPENTHREAD/…; NRF52840; …`. Nordic's sniffer tells none, and has its name here.
    pub version: String,
    /// Spinel, major and minor; `None` where it does not speak that.
    pub protocol: Option<(u32, u32)>,
    /// Version of the interface between radio and host, where it tells.
    pub rcp_api: Option<u32>,
    /// EUI-64 of the chip.
    pub hardware_address: Option<ExtendedAddress>,
    /// Channels that it can listen on; empty where it does not tell.
    pub channels: Vec<Channel>,
}

impl Default for Firmware {
    fn default() -> Self {
        Self {
            kind: DongleKind::Rcp,
            version: String::new(),
            protocol: None,
            rcp_api: None,
            hardware_address: None,
            channels: Vec::new(),
        }
    }
}

/// A frame as the radio heard it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RadioFrame {
    /// Channel.
    pub channel: Channel,
    /// Strength at the dongle in dBm.
    pub rssi_dbm: Option<i8>,
    /// The radio's LQI, 0 to 255.
    pub lqi: Option<u8>,
    /// The radio's clock.
    pub microseconds: Option<u64>,
    /// The frame without its check sequence: radios put other things in its place.
    pub psdu: Vec<u8>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is a radio that can be used.
    Firmware(Firmware),
    /// From now on it listens on this channel.
    Listening(Channel),
    /// From now on it goes from channel to channel, and is deaf on all others.
    Scanning,
    /// It takes part on this channel: it acknowledges what is for it, and hears nothing else. Told again whenever its settings changed or were given anew.
    TakingPart(Channel),
    /// It is on the next channel of those that it goes through.
    Visiting {
        /// The channel.
        channel: Channel,
        /// Channels that it was on before this one.
        done: u8,
        /// Channels of the whole round.
        of: u8,
    },
    /// It was on every channel once. What it heard on each; those that the radio refused are left out.
    Scanned(Vec<ChannelActivity>),
    /// It heard a frame.
    Frame(RadioFrame),
    /// It is to take part, and its firmware only listens: it listens on. Another firmware, OpenThread's RCP, has to be put on the dongle.
    CannotTakePart,
    /// What became of a frame that was to be sent. Each frame gets exactly one of these.
    Sent(FrameId, Sent),
    /// It does not listen any more; it is being brought back.
    Deaf(Trouble),
    /// It could not be brought back. The port is to be closed; another try begins with [`super::Rcp::start`].
    Failed(Failure),
}

/// Why the radio does not listen for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It started anew by itself.
    #[error("the dongle restarted by itself: {0}")]
    Restarted(Status),
    /// It no longer answers.
    #[error("the dongle no longer answers; it is being reset")]
    Silent,
    /// It answers, and no longer listens: it restarted, and the message was lost.
    #[error("the dongle forgot its settings; it gets them again")]
    Forgot,
}

/// Why the radio cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not one byte came.
    #[error(
        "nothing answers on this port: it is no radio with RCP firmware, its line speed is another (--baud), or it hangs (unplug it and plug it in again)"
    )]
    NoAnswer,
    /// Bytes came, and no Spinel frame.
    #[error("what comes is no Spinel: another firmware than OpenThread's RCP, or another line speed (--baud)")]
    NotSpinel {
        /// Bytes that came.
        bytes: u64,
    },
    /// It is OpenThread's firmware, and the wrong one.
    #[error("its firmware is OpenThread's command line (CLI), which gives no raw frames: flash the one that is called RCP")]
    CommandLine,
    /// It answers, in another version of the protocol.
    #[error("it speaks Spinel {}.{}; version 4 is needed", .0.0, .0.1)]
    Protocol((u32, u32)),
    /// The firmware has a Thread stack of its own, and gives no raw frames.
    #[error("its firmware ({0}) is no RCP: it gives no raw frames")]
    NotRadio(String),
    /// It cannot listen on the channel that is wanted.
    #[error("it cannot listen on channel {}", .0.get())]
    Channel(Channel),
    /// It has none of Thread's channels.
    #[error("it cannot listen on any channel of the 2.4 GHz band, which is Thread's")]
    NoChannel,
    /// It refuses what listening needs.
    #[error("it refuses {property}: {status}")]
    Refused {
        /// What was set.
        property: Property,
        /// Its answer.
        status: Status,
    },
    /// It came back again and again, and went again.
    #[error("it does not stay up: {0}")]
    Unsteady(Trouble),
}

/// What came over the line. All numbers count since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes.
    pub bytes: u64,
    /// Pieces between two flags that are no frame: bits were lost or changed on the line.
    pub garbage: u64,
    /// Radio frames.
    pub frames: u64,
    /// Radio frames that the radio itself calls damaged, and receptions that failed.
    pub damaged: u64,
    /// Spinel frames that nobody asked for, or that came too late.
    pub stray: u64,
    /// How often it had to be brought back.
    pub recoveries: u64,
    /// Frames that were sent, and acknowledged where they asked for it.
    pub sent: u64,
    /// Frames that were to be sent, and were not, or were not acknowledged.
    pub unsent: u64,
}
