//! Frames from capture files.

use super::HeardFrame;
use weft_model::{Channel, Timestamp};
use weft_wire::pcap::{Fcs, Packet, RadioFrame};

/// Why a packet of a capture file cannot be listened to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Its check sequence does not fit.
    #[error("its check sequence does not fit")]
    Damaged,
    /// It has no time, and none was given.
    #[error("it has no time")]
    Timeless,
    /// It is no frame: another link type, or cut off.
    #[error("{0}")]
    NoFrame(weft_wire::Problem),
}

/// The frame in a packet. `at` is its time where the packet has none.
///
/// # Errors
/// Why it cannot be listened to.
pub fn heard_frame(packet: &Packet, at: Option<Timestamp>) -> Result<HeardFrame<'_>, Unusable> {
    let frame = RadioFrame::of(packet).map_err(Unusable::NoFrame)?;
    if frame.fcs == Fcs::Wrong {
        return Err(Unusable::Damaged);
    }
    let at = packet.timestamp().or(at).ok_or(Unusable::Timeless)?;
    Ok(HeardFrame {
        at,
        microseconds: frame.start_nanoseconds.or(packet.nanoseconds).unwrap_or(0) / 1000,
        channel: frame.channel.map_or(0, |channel: Channel| u16::from(channel.get())),
        rssi_dbm: frame.rssi.map(|rssi| rssi.dbm()),
        lqi: frame.lqi,
        frame: frame.frame,
    })
}
