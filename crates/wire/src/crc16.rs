//! CRC-16 with the reflected polynomial 0x8408 (ITU-T V.41), which both IEEE 802.15.4 and HDLC use, with different start values.

/// The effect of each byte, computed at compile time.
const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = byte as u16;
        let mut bit = 0;
        while bit < 8 {
            remainder = if remainder & 1 == 0 { remainder >> 1 } else { remainder >> 1 ^ 0x8408 };
            bit += 1;
        }
        table[byte] = remainder;
        byte += 1;
    }
    table
};

/// The remainder after one more byte.
pub(crate) fn update(remainder: u16, byte: u8) -> u16 {
    remainder >> 8 ^ TABLE[usize::from(remainder as u8 ^ byte)]
}

/// The remainder after `bytes`, from the start value on.
pub(crate) fn over(start: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(start, |remainder, byte| update(remainder, *byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_both_uses_come_out() {
        // The catalogue's check input: CRC-16/KERMIT and CRC-16/X-25.
        assert_eq!(over(0, b"123456789"), 0x2189);
        assert_eq!(!over(0xffff, b"123456789"), 0x906e);
    }
}
