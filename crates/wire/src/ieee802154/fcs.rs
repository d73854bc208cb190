//! The frame check sequence: a CRC-16 over the frame, at its end, low byte first (IEEE Std 802.15.4-2015, 7.2.10).

use crate::crc16;

/// Bytes of the check sequence.
pub const FCS_BYTES: usize = 2;

/// The check sequence of a frame.
pub fn fcs_of(frame: &[u8]) -> u16 {
    crc16::over(0, frame)
}

/// The frame before its last two bytes, and whether these are its check sequence. `None` if there are no two bytes.
///
/// Radios that check frames themselves often overwrite the two bytes with strength and correlation: wrong need not mean broken.
pub fn split_fcs(psdu: &[u8]) -> Option<(&[u8], bool)> {
    let (frame, check) = psdu.split_last_chunk::<FCS_BYTES>()?;
    Some((frame, u16::from_le_bytes(*check) == fcs_of(frame)))
}

/// Appends the check sequence.
pub fn append_fcs(frame: &mut Vec<u8>) {
    frame.extend(fcs_of(frame).to_le_bytes());
}
