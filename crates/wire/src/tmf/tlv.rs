//! Type-length-value sequences of TMF and MeshCoP: one byte type, one byte length, value. A length byte of 255 says that the
//! length follows as a big-endian 16-bit number (Thread specification 1.4, 8.10.1; OpenThread `src/core/common/tlvs.hpp`).

use crate::{Problem, Reader};

/// The most TLVs that are read from one message; a longer one is cut there.
pub const MAX_TLVS: usize = 4096;

/// The longest value that a TLV can have, in bytes.
pub const MAX_VALUE_BYTES: usize = u16::MAX as usize;

/// The length byte that announces an extended length.
pub(crate) const EXTENDED: u8 = 255;

/// One TLV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The type.
    pub number: u8,
    /// Where the value begins in the message, in bytes.
    pub offset: usize,
    /// The value.
    pub value: &'a [u8],
}

/// The place where a message stops making sense as a sequence of TLVs. Nothing after it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The type of the TLV that is cut off; `None` where the message has too many TLVs.
    pub number: Option<u8>,
    /// Where the bytes begin that could not be read as value or as the rest of the header.
    pub offset: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// A cursor over the TLVs of a message. It ends after the first [`Cut`].
#[derive(Debug, Clone)]
pub struct Tlvs<'a> {
    reader: Reader<'a>,
    left: usize,
}

impl<'a> Tlvs<'a> {
    /// A cursor at the start of `bytes` that reads at most [`MAX_TLVS`].
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            left: MAX_TLVS,
        }
    }

    /// A cursor that goes to the end however many TLVs there are: for passes that keep nothing of them.
    pub(crate) fn all(bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            left: usize::MAX,
        }
    }

    fn read(&mut self) -> Result<Tlv<'a>, Problem> {
        let number = self.reader.u8("type")?;
        let length = match self.reader.u8("length")? {
            EXTENDED => usize::from(self.reader.u16("extended length")?),
            length => usize::from(length),
        };
        let offset = self.reader.position();
        let value = self.reader.take("value", length)?;
        Ok(Tlv { number, offset, value })
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<Tlv<'a>, Cut>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let start = self.reader.position();
        let number = self.reader.clone().rest().first().copied();
        let read = match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.read()
                    .map_err(|problem| (number, problem.within(&format!("TLV {}", number.unwrap_or_default()), 0)))
            }
            None => Err((None, Problem::at("TLVs", start, format!("more than {MAX_TLVS}")))),
        };
        Some(read.map_err(|(number, problem)| {
            let offset = self.reader.position();
            self.reader.rest();
            Cut { number, offset, problem }
        }))
    }
}

/// A value longer than a TLV can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("TLV {number}: a value of {bytes} bytes does not fit, the most is {MAX_VALUE_BYTES}")]
pub struct ValueTooLong {
    /// The type.
    pub number: u8,
    /// The length of the value.
    pub bytes: usize,
}

/// Appends one TLV to `message`, with an extended length from 255 bytes on.
///
/// # Errors
/// If `value` is longer than [`MAX_VALUE_BYTES`]; nothing is appended then.
pub fn write(message: &mut Vec<u8>, number: u8, value: &[u8]) -> Result<(), ValueTooLong> {
    let extended = u16::try_from(value.len()).map_err(|_| ValueTooLong { number, bytes: value.len() })?;
    message.push(number);
    match u8::try_from(extended) {
        Ok(length) if length != EXTENDED => message.push(length),
        _ => {
            message.push(EXTENDED);
            message.extend_from_slice(&extended.to_be_bytes());
        }
    }
    message.extend_from_slice(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_from_255_on_are_extended() {
        for (length, header) in [
            (0, vec![29, 0]),
            (254, vec![29, 254]),
            (255, vec![29, 255, 0, 255]),
            (65535, vec![29, 255, 255, 255]),
        ] {
            let mut message = Vec::new();
            write(&mut message, 29, &vec![7; length]).unwrap();
            assert_eq!(message[..header.len()], header, "{length}");
            let tlvs: Vec<_> = Tlvs::new(&message).collect();
            assert_eq!(
                tlvs,
                [Ok(Tlv {
                    number: 29,
                    offset: header.len(),
                    value: &message[header.len()..]
                })]
            );
        }
        assert_eq!(write(&mut Vec::new(), 29, &[0; 65536]), Err(ValueTooLong { number: 29, bytes: 65536 }));
    }

    #[test]
    fn a_cut_message_gives_what_came_before_the_cut() {
        let bytes = [1, 2, 0x7c, 0x00, 0, 8, 1, 2, 3];
        let tlvs: Vec<_> = Tlvs::new(&bytes).collect();
        assert_eq!(
            tlvs[0],
            Ok(Tlv {
                number: 1,
                offset: 2,
                value: &[0x7c, 0]
            })
        );
        let cut = tlvs[1].clone().unwrap_err();
        assert_eq!((cut.number, cut.offset, tlvs.len()), (Some(0), 6, 2));
        assert_eq!(cut.problem.to_string(), "TLV 0 › value at byte 6: 8 bytes needed, 3 left");
        assert_eq!(
            Tlvs::new(&[5, 255, 1]).next().unwrap().unwrap_err().problem.to_string(),
            "TLV 5 › extended length at byte 2: 2 bytes needed, 1 left"
        );
    }

    #[test]
    fn the_number_of_tlvs_is_bounded() {
        let bytes = vec![0; 2 * (MAX_TLVS + 1)];
        assert_eq!(Tlvs::new(&bytes).filter(Result::is_ok).count(), MAX_TLVS);
        assert_eq!(Tlvs::new(&bytes).last().unwrap().unwrap_err().number, None);
        assert_eq!(Tlvs::all(&bytes).filter(Result::is_ok).count(), MAX_TLVS + 1);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(values in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..600)), 0..8)) {
            let mut message = Vec::new();
            for (number, value) in &values {
                write(&mut message, *number, value).unwrap();
            }
            let read: Vec<_> = Tlvs::new(&message).map(|tlv| tlv.map(|tlv| (tlv.number, tlv.value.to_vec()))).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn arbitrary_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let last = Tlvs::new(&bytes).count();
            prop_assert!(last <= bytes.len());
            prop_assert!(Tlvs::new(&bytes).enumerate().all(|(index, tlv)| tlv.is_ok() || index + 1 == last));
        }
    }
}
