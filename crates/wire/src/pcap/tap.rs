//! Link type 283: TLVs before the frame (Exegin's "IEEE 802.15.4 TAP Link Type Specification"). Little-endian, values padded to four bytes.

use super::RadioFrame;
use crate::{Problem, Reader};
use weft_model::{Channel, Rssi};

const VERSION: u8 = 0;
const HEADER_BYTES: usize = 4;
const FCS_TYPE: u16 = 0;
const RSS: u16 = 1;
const CHANNEL_ASSIGNMENT: u16 = 3;
const START_OF_FRAME: u16 = 5;
const LQI: u16 = 10;

const FCS_NONE: u8 = 0;
const FCS_16_BITS: u8 = 1;
const FCS_32_BITS: u8 = 2;

/// The most TLVs that are read.
const MAX_TLVS: usize = 256;

fn le_u16(reader: &mut Reader<'_>, field: &'static str) -> Result<u16, Problem> {
    reader.array(field).map(u16::from_le_bytes)
}

pub(super) fn decode(packet: &[u8]) -> Result<RadioFrame<'_>, Problem> {
    let mut reader = Reader::new(packet);
    let version = reader.u8("TAP version")?;
    if version != VERSION {
        return Err(Problem::at("TAP version", 0, format!("{version} is not 0")));
    }
    reader.u8("reserved")?;
    let length = usize::from(le_u16(&mut reader, "TAP length")?);
    let Some(tlv_bytes) = length.checked_sub(HEADER_BYTES) else {
        return Err(Problem::at("TAP length", 2, format!("{length} bytes")));
    };
    let mut tlvs = Reader::new(reader.take("TAP TLVs", tlv_bytes)?);
    let mut read = RadioFrame::default();
    let mut fcs_type = FCS_NONE;
    for _ in 0..MAX_TLVS {
        if tlvs.is_empty() {
            break;
        }
        tlv(&mut tlvs, &mut read, &mut fcs_type).map_err(|problem| problem.within("TAP", HEADER_BYTES))?;
    }
    let rest = reader.rest();
    match fcs_type {
        FCS_16_BITS => Ok(read.with_frame(rest)),
        FCS_NONE => Ok(RadioFrame { frame: rest, ..read }),
        // Sub-GHz bands only: not checked.
        FCS_32_BITS => Ok(RadioFrame {
            frame: rest.get(..rest.len().saturating_sub(4)).unwrap_or_default(),
            ..read
        }),
        other => Err(Problem::at("FCS type", HEADER_BYTES, format!("{other} is unknown"))),
    }
}

fn tlv(tlvs: &mut Reader<'_>, read: &mut RadioFrame<'_>, fcs_type: &mut u8) -> Result<(), Problem> {
    let number = le_u16(tlvs, "TLV type")?;
    let length = usize::from(le_u16(tlvs, "TLV length")?);
    let value = tlvs.take("TLV value", length)?;
    // The last TLV's padding may be missing.
    let padding = length.next_multiple_of(4) - length;
    tlvs.take("TLV padding", padding.min(tlvs.left()))?;
    let mut value = Reader::new(value);
    match number {
        FCS_TYPE => *fcs_type = value.u8("FCS type")?,
        RSS => {
            let dbm = f32::from_le_bytes(value.array("RSS")?);
            // The cast of what is no number gives 0, which no receiver measures.
            read.rssi = Some(dbm).filter(|dbm| dbm.is_finite()).and_then(|dbm| Rssi::from_dbm(dbm.round() as i8));
        }
        CHANNEL_ASSIGNMENT => {
            let channel = le_u16(&mut value, "channel")?;
            let page = value.u8("channel page")?;
            read.channel = Channel::new(channel).filter(|_| page == 0);
        }
        START_OF_FRAME => read.start_nanoseconds = Some(u64::from_le_bytes(value.array("start of frame")?)),
        LQI => read.lqi = Some(value.u8("LQI")?),
        _ => (),
    }
    Ok(())
}

fn push(bytes: &mut Vec<u8>, number: u16, value: &[u8]) {
    bytes.extend(number.to_le_bytes());
    bytes.extend((value.len() as u16).to_le_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// A packet of link type 283, without check sequence.
pub(super) fn encode(frame: &RadioFrame<'_>) -> Vec<u8> {
    let mut bytes = vec![VERSION, 0, 0, 0];
    push(&mut bytes, FCS_TYPE, &[FCS_NONE]);
    if let Some(rssi) = frame.rssi {
        push(&mut bytes, RSS, &f32::from(rssi.dbm()).to_le_bytes());
    }
    if let Some(channel) = frame.channel {
        push(&mut bytes, CHANNEL_ASSIGNMENT, &[channel.get(), 0, 0]);
    }
    if let Some(nanoseconds) = frame.start_nanoseconds {
        push(&mut bytes, START_OF_FRAME, &nanoseconds.to_le_bytes());
    }
    if let Some(lqi) = frame.lqi {
        push(&mut bytes, LQI, &[lqi]);
    }
    let length = (bytes.len() as u16).to_le_bytes();
    bytes[2..4].copy_from_slice(&length);
    bytes.extend_from_slice(frame.frame);
    bytes
}
