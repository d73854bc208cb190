//! As much of Matter's TLV as the interaction model needs (Matter core specification 1.4, appendix A): finding elements, and writing requests.

use zeroize::Zeroizing;

/// How deep elements may lie in each other. Reports nest six deep, and structures in lists in structures a few more.
const MAX_DEPTH: usize = 32;

const UNSIGNED_1: u8 = 0x04;
const UNSIGNED_8: u8 = 0x07;
const TEXT_1: u8 = 0x0c;
const OCTETS_1: u8 = 0x10;
const OCTETS_8: u8 = 0x13;
const FALSE: u8 = 0x08;
const TRUE: u8 = 0x09;
/// Absence of a value.
pub(crate) const NULL: u8 = 0x14;
/// Members with context tags.
pub(crate) const STRUCTURE: u8 = 0x15;
/// Anonymous elements of one kind.
pub(crate) const ARRAY: u8 = 0x16;
/// Elements in an order that means something; paths are lists.
pub(crate) const LIST: u8 = 0x17;
/// The end of a container.
pub(crate) const END: u8 = 0x18;

/// Bytes that are no TLV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'t> {
    /// Its context tag, if it has one.
    pub(crate) tag: Option<u8>,
    /// Its type, without the tag control.
    pub(crate) kind: u8,
    /// Everything behind the tag: length and value; members and end of a container.
    rest: &'t [u8],
}

impl<'t> Element<'t> {
    /// The one element that these bytes are.
    pub(crate) fn whole(bytes: &'t [u8]) -> Result<Self, Malformed> {
        let mut elements = Elements(bytes);
        let element = elements.next().ok_or(Malformed)??;
        if elements.0.is_empty() { Ok(element) } else { Err(Malformed) }
    }

    /// What a container holds; nothing for anything else.
    pub(crate) fn members(&self) -> Elements<'t> {
        match self.kind {
            STRUCTURE | ARRAY | LIST => Elements(self.rest.split_last().map_or(&[], |(_, members)| members)),
            _ => Elements(&[]),
        }
    }

    /// The member with this context tag.
    pub(crate) fn member(&self, tag: u8) -> Result<Option<Element<'t>>, Malformed> {
        for member in self.members() {
            let member = member?;
            if member.tag == Some(tag) {
                return Ok(Some(member));
            }
        }
        Ok(None)
    }

    /// The value of an unsigned integer that fits.
    pub(crate) fn unsigned<T: TryFrom<u64>>(&self) -> Option<T> {
        if !(UNSIGNED_1..=UNSIGNED_8).contains(&self.kind) || self.rest.len() > 8 {
            return None;
        }
        let mut bytes = [0; 8];
        bytes[..self.rest.len()].copy_from_slice(self.rest);
        T::try_from(u64::from_le_bytes(bytes)).ok()
    }

    /// The bytes of an octet string.
    pub(crate) fn octets(&self) -> Option<&'t [u8]> {
        let size = match self.kind {
            OCTETS_1..=OCTETS_8 => 1 << (self.kind - OCTETS_1),
            _ => return None,
        };
        self.rest.get(size..)
    }

    /// The value of a boolean.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.kind {
            FALSE => Some(false),
            TRUE => Some(true),
            _ => None,
        }
    }

    /// The same without its tag.
    pub(crate) fn anonymous(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.rest.len());
        bytes.push(self.kind);
        bytes.extend_from_slice(self.rest);
        bytes
    }
}

/// Elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elements<'t>(&'t [u8]);

impl<'t> Iterator for Elements<'t> {
    type Item = Result<Element<'t>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let control = *self.0.first()?;
        let split = element_length(self.0).and_then(|length| self.0.split_at_checked(length));
        let Some((element, rest)) = split else {
            self.0 = &[];
            return Some(Err(Malformed));
        };
        self.0 = rest;
        let tag_length = tag_length(control);
        Some(Ok(Element {
            tag: (tag_length == 1).then(|| element[1]),
            kind: control & 0x1f,
            rest: &element[1 + tag_length..],
        }))
    }
}

/// Bytes of the tag, by the upper three bits of the control byte.
fn tag_length(control: u8) -> usize {
    [0, 1, 2, 4, 2, 4, 6, 8][usize::from(control >> 5)]
}

/// How long the first element is, with everything in it.
fn element_length(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    loop {
        let control = *bytes.get(at)?;
        let kind = control & 0x1f;
        at += 1;
        if control == END {
            depth = usize::checked_sub(depth, 1)?;
        } else {
            at += tag_length(control);
            match kind {
                0x00..=0x07 => at += 1 << (kind & 0x03),
                FALSE | TRUE | NULL => {}
                0x0a => at += 4,
                0x0b => at += 8,
                0x0c..=0x13 => {
                    let size = 1 << (kind & 0x03);
                    let mut length = [0; 8];
                    length[..size].copy_from_slice(bytes.get(at..at + size)?);
                    at = at.checked_add(size)?.checked_add(usize::try_from(u64::from_le_bytes(length)).ok()?)?;
                }
                STRUCTURE | ARRAY | LIST if depth < MAX_DEPTH => depth += 1,
                _ => return None,
            }
        }
        if at > bytes.len() {
            return None;
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Bytes that a message has room for without growing: the longest that carries a key is a certificate with it.
const USUAL_BYTES: usize = 640;

/// Writes TLV. Zeroed when dropped, and whenever it grows: some of it is keys.
#[derive(Clone)]
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

impl Default for Writer {
    fn default() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(USUAL_BYTES)))
    }
}

impl Writer {
    /// Opens a container.
    pub(crate) fn open(&mut self, tag: Option<u8>, kind: u8) -> &mut Self {
        self.control(tag, kind);
        self
    }

    /// Closes the innermost container.
    pub(crate) fn close(&mut self) -> &mut Self {
        self.raw(&[END])
    }

    /// An unsigned integer, as short as it can be.
    pub(crate) fn unsigned(&mut self, tag: u8, value: u64) -> &mut Self {
        let size = match value {
            0..=0xff => 0,
            0x100..=0xffff => 1,
            0x1_0000..=0xffff_ffff => 2,
            _ => 3,
        };
        self.control(Some(tag), UNSIGNED_1 + size);
        self.raw(&value.to_le_bytes()[..1 << size])
    }

    /// An octet string.
    pub(crate) fn octets(&mut self, tag: u8, value: &[u8]) -> &mut Self {
        self.string(tag, OCTETS_1, value)
    }

    /// A text.
    pub(crate) fn text(&mut self, tag: u8, value: &str) -> &mut Self {
        self.string(tag, TEXT_1, value.as_bytes())
    }

    fn string(&mut self, tag: u8, kind: u8, value: &[u8]) -> &mut Self {
        // No message carries more than 64 KiB; what is longer is cut off by the transmit buffer's own bound.
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        match u8::try_from(length) {
            Ok(length) => {
                self.control(Some(tag), kind);
                self.raw(&[length]);
            }
            Err(_) => {
                self.control(Some(tag), kind + 1);
                self.raw(&length.to_le_bytes());
            }
        }
        self.raw(&value[..usize::from(length)])
    }

    /// Elements that were written already.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        let length = self.0.len() + bytes.len();
        if length > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * length));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        self
    }

    /// A boolean.
    pub(crate) fn boolean(&mut self, tag: u8, value: bool) -> &mut Self {
        self.control(Some(tag), if value { TRUE } else { FALSE });
        self
    }

    /// What was written.
    pub(crate) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    fn control(&mut self, tag: Option<u8>, kind: u8) {
        match tag {
            None => self.raw(&[kind]),
            Some(tag) => self.raw(&[0x20 | kind, tag]),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_members_behind_every_kind_of_element() {
        // {1: -1, 2: "hi", 3: [1, 2], fully qualified tag: null, 4: 0x1234}
        let bytes = [
            0x15, 0x20, 0x01, 0xff, 0x2c, 0x02, 0x02, b'h', b'i', 0x36, 0x03, 0x04, 0x01, 0x04, 0x02, 0x18, 0xd4, 1, 0, 2, 0, 3, 0, 0x25, 0x04, 0x34,
            0x12, 0x18,
        ];
        let element = Element::whole(&bytes).unwrap();
        assert_eq!(element.members().count(), 5);
        assert_eq!(element.member(4).unwrap().unwrap().unsigned::<u16>(), Some(0x1234));
        assert_eq!(element.member(4).unwrap().unwrap().unsigned::<u8>(), None);
        let list = element.member(3).unwrap().unwrap();
        assert_eq!(list.anonymous(), [0x16, 0x04, 0x01, 0x04, 0x02, 0x18]);
        assert_eq!(
            list.members().map(|item| item.unwrap().unsigned::<u8>().unwrap()).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(element.member(9).unwrap(), None);
    }

    #[test]
    fn what_is_cut_off_or_too_deep_is_malformed() {
        let bytes = [0x15, 0x2c, 0x02, 0x02, b'h', b'i', 0x18];
        for length in 0..bytes.len() {
            assert_eq!(Element::whole(&bytes[..length]).unwrap_err(), Malformed, "{length}");
        }
        assert_eq!(Element::whole(&[0x18]).unwrap_err(), Malformed);
        // A string that says it is longer than all memory.
        assert_eq!(
            Element::whole(&[0x13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).unwrap_err(),
            Malformed
        );
        let nested = |depth: usize| [vec![STRUCTURE; depth], vec![END; depth]].concat();
        assert!(Element::whole(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(Element::whole(&nested(MAX_DEPTH + 1)).unwrap_err(), Malformed);
        assert_eq!(Element::whole(&vec![STRUCTURE; 100_000]).unwrap_err(), Malformed);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(element) = Element::whole(&bytes) {
                for member in element.members().flatten() {
                    let _ = (member.unsigned::<u64>(), member.boolean(), member.anonymous());
                }
            }
        }

        #[test]
        fn what_is_written_is_read(tag in any::<u8>(), value in any::<u64>(), flag in any::<bool>()) {
            let mut writer = Writer::default();
            writer.open(None, STRUCTURE).unsigned(tag, value).boolean(tag.wrapping_add(1), flag).close();
            let bytes = writer.finish();
            let element = Element::whole(&bytes).unwrap();
            prop_assert_eq!(element.member(tag).unwrap().unwrap().unsigned::<u64>(), Some(value));
            prop_assert_eq!(element.member(tag.wrapping_add(1)).unwrap().unwrap().boolean(), Some(flag));
        }
    }
}
