//! Matter TLV (Matter core specification 1.4, appendix A): a bounded reader to [`AttributeValue`], and its inverse.
//!
//! An element is a control byte (tag form in the upper three bits, type in the lower five), the tag, a length where the type has one, the value; numbers are
//! little-endian. Members of structures keep their context tags; members with a profile tag are passed over, because no attribute of a standard cluster has
//! any. A string that is not UTF-8 is kept as octets.

use crate::reader::{Problem, Reader};
use std::borrow::Cow;
use weft_model::AttributeValue;

/// Containers within containers: what lies deeper is a problem.
pub const MAX_DEPTH: usize = 16;
/// Elements in one value, containers and members counted alike.
pub const MAX_ELEMENTS: usize = 65_536;
/// Bytes of one text or octet string.
pub const MAX_STRING_BYTES: usize = 65_536;

const SIGNED: u8 = 0x00;
const UNSIGNED: u8 = 0x04;
const FALSE: u8 = 0x08;
const TRUE: u8 = 0x09;
const DOUBLE: u8 = 0x0b;
const TEXT: u8 = 0x0c;
const OCTETS: u8 = 0x10;
const NULL: u8 = 0x14;
const STRUCTURE: u8 = 0x15;
const ARRAY: u8 = 0x16;
const LIST: u8 = 0x17;
const END: u8 = 0x18;
const CONTEXT_TAG: u8 = 0x20;

/// Reads the one anonymous element that `tlv` consists of.
///
/// # Errors
/// The first thing that is wrong, with its byte: cut data, a reserved type, a tag where none may be, bytes left over, a bound exceeded.
pub fn decode(tlv: &[u8]) -> Result<AttributeValue, Problem> {
    match decode_partly(tlv) {
        (Some(value), None) => Ok(value),
        (_, Some(problem)) => Err(problem),
        (None, None) => Err(Problem::at("element", 0, "nothing there")),
    }
}

/// As [`decode`], but a list that breaks off or goes wrong inside keeps the elements before that place, and bytes left over cost nothing but the problem.
pub fn decode_partly(tlv: &[u8]) -> (Option<AttributeValue>, Option<Problem>) {
    let mut decoder = Decoder {
        reader: Reader::new(tlv),
        elements: 0,
    };
    let mut rows = Vec::new();
    let read = decoder.header().and_then(|header| match header.tag {
        Tag::Anonymous if matches!(header.element, ARRAY | LIST) => {
            decoder.members(1, |_, value| {
                rows.push(value);
                Ok(())
            })?;
            Ok(None)
        }
        Tag::Anonymous => decoder.value(header, 0).map(Some),
        _ => Err(Problem::at("element", 0, "an anonymous tag expected")),
    });
    match read {
        Ok(value) => (
            Some(value.unwrap_or(AttributeValue::List(rows))),
            decoder.reader.finish("after the element").err(),
        ),
        Err(problem) if rows.is_empty() => (None, Some(problem)),
        Err(problem) => (Some(AttributeValue::List(rows)), Some(problem)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Anonymous,
    Context(u8),
    Profile,
}

#[derive(Clone, Copy)]
struct Header {
    tag: Tag,
    element: u8,
    offset: usize,
}

struct Decoder<'a> {
    reader: Reader<'a>,
    elements: usize,
}

impl Decoder<'_> {
    fn header(&mut self) -> Result<Header, Problem> {
        let offset = self.reader.position();
        let control = self.reader.u8("control byte")?;
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(Problem::at("element", offset, format!("more than {MAX_ELEMENTS} elements")));
        }
        let tag = match control >> 5 {
            0 => Tag::Anonymous,
            1 => Tag::Context(self.reader.u8("context tag")?),
            form => {
                // Common profile 2 and 4 bytes, implicit profile 2 and 4, fully qualified 6 and 8.
                let length = [2, 4, 2, 4, 6, 8][usize::from(form - 2)];
                self.reader.take("profile tag", length)?;
                Tag::Profile
            }
        };
        Ok(Header {
            tag,
            element: control & 0x1f,
            offset,
        })
    }

    /// The rest of an element inside `depth` containers.
    fn value(&mut self, header: Header, depth: usize) -> Result<AttributeValue, Problem> {
        Ok(match header.element {
            SIGNED..UNSIGNED => AttributeValue::Signed(self.signed(header.element - SIGNED)?),
            UNSIGNED..FALSE => AttributeValue::Unsigned(self.unsigned("integer", header.element - UNSIGNED)?),
            FALSE => AttributeValue::Boolean(false),
            TRUE => AttributeValue::Boolean(true),
            0x0a => {
                let number = f32::from_bits(u32::from_le_bytes(self.reader.array("float")?));
                // What a NaN carries is not kept by the conversion on every machine.
                let double = if number.is_nan() { f64::NAN } else { f64::from(number) };
                AttributeValue::Float(double.to_bits())
            }
            DOUBLE => AttributeValue::Float(u64::from_le_bytes(self.reader.array("double")?)),
            TEXT..OCTETS => {
                let bytes = self.string(header.element - TEXT)?;
                match std::str::from_utf8(bytes) {
                    Ok(text) => AttributeValue::Text(text.to_owned()),
                    Err(_) => AttributeValue::Octets(bytes.to_vec()),
                }
            }
            OCTETS..NULL => AttributeValue::Octets(self.string(header.element - OCTETS)?.to_vec()),
            NULL => AttributeValue::Null,
            STRUCTURE => {
                let mut fields = Vec::new();
                self.members(depth + 1, |tag, value| match tag {
                    Tag::Context(number) => {
                        fields.push((number, value));
                        Ok(())
                    }
                    Tag::Profile => Ok(()),
                    Tag::Anonymous => Err("a member of a structure needs a tag".into()),
                })?;
                AttributeValue::Structure(fields)
            }
            ARRAY | LIST => {
                let mut values = Vec::new();
                self.members(depth + 1, |_, value| {
                    values.push(value);
                    Ok(())
                })?;
                AttributeValue::List(values)
            }
            END => return Err(Problem::at("element", header.offset, "the end of a container that was not opened")),
            reserved => {
                return Err(Problem::at(
                    "element",
                    header.offset,
                    format!("element type {reserved:#04x} is not known"),
                ));
            }
        })
    }

    /// Reads members up to the end of the container that was opened as the `depth`-th.
    fn members(&mut self, depth: usize, mut keep: impl FnMut(Tag, AttributeValue) -> Result<(), Cow<'static, str>>) -> Result<(), Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::at(
                "container",
                self.reader.position(),
                format!("more than {MAX_DEPTH} containers deep"),
            ));
        }
        loop {
            let header = self.header()?;
            if header.element == END {
                return match header.tag {
                    Tag::Anonymous => Ok(()),
                    _ => Err(Problem::at("end of container", header.offset, "has a tag")),
                };
            }
            let value = self.value(header, depth)?;
            keep(header.tag, value).map_err(|reason| Problem::at("element", header.offset, reason))?;
        }
    }

    /// A number of 1, 2, 4 or 8 bytes (`width` 0 to 3).
    fn unsigned(&mut self, field: &'static str, width: u8) -> Result<u64, Problem> {
        let mut bytes = [0; 8];
        let length = 1 << width;
        bytes[..length].copy_from_slice(self.reader.take(field, length)?);
        Ok(u64::from_le_bytes(bytes))
    }

    fn signed(&mut self, width: u8) -> Result<i64, Problem> {
        let unused_bits = 64 - (8 << width);
        Ok((self.unsigned("integer", width)? << unused_bits) as i64 >> unused_bits)
    }

    fn string(&mut self, width: u8) -> Result<&[u8], Problem> {
        let offset = self.reader.position();
        let length = self.unsigned("length of string", width)?;
        match usize::try_from(length) {
            Ok(length) if length <= MAX_STRING_BYTES => self.reader.take("string", length),
            _ => Err(Problem::at(
                "length of string",
                offset,
                format!("{length} bytes, {MAX_STRING_BYTES} at most"),
            )),
        }
    }
}

/// The anonymous element that stands for `value`, every number and length as short as it can be; lists become arrays. [`decode`] gives `value` back as long
/// as it keeps the bounds of this module.
pub fn encode(value: &AttributeValue) -> Vec<u8> {
    enum Step<'a> {
        Element(Option<u8>, &'a AttributeValue),
        End,
    }
    let mut bytes = Vec::new();
    let mut steps = vec![Step::Element(None, value)];
    while let Some(step) = steps.pop() {
        let Step::Element(tag, value) = step else {
            bytes.push(END);
            continue;
        };
        let (element, body) = match value {
            AttributeValue::Null => (NULL, Vec::new()),
            AttributeValue::Boolean(truth) => (if *truth { TRUE } else { FALSE }, Vec::new()),
            AttributeValue::Unsigned(number) => {
                let width = width_of(*number);
                (UNSIGNED + width, number.to_le_bytes()[..1 << width].to_vec())
            }
            AttributeValue::Signed(number) => {
                let width = [
                    i64::from(i8::MIN)..=i64::from(i8::MAX),
                    i64::from(i16::MIN)..=i64::from(i16::MAX),
                    i64::from(i32::MIN)..=i64::from(i32::MAX),
                ]
                .iter()
                .position(|range| range.contains(number))
                .unwrap_or(3) as u8;
                (SIGNED + width, number.to_le_bytes()[..1 << width].to_vec())
            }
            AttributeValue::Float(bits) => (DOUBLE, bits.to_le_bytes().to_vec()),
            AttributeValue::Text(text) => string(TEXT, text.as_bytes()),
            AttributeValue::Octets(octets) => string(OCTETS, octets),
            AttributeValue::List(values) => {
                steps.push(Step::End);
                steps.extend(values.iter().rev().map(|value| Step::Element(None, value)));
                (ARRAY, Vec::new())
            }
            AttributeValue::Structure(fields) => {
                steps.push(Step::End);
                steps.extend(fields.iter().rev().map(|(tag, value)| Step::Element(Some(*tag), value)));
                (STRUCTURE, Vec::new())
            }
        };
        match tag {
            None => bytes.push(element),
            Some(tag) => bytes.extend([CONTEXT_TAG | element, tag]),
        }
        bytes.extend(body);
    }
    bytes
}

/// 0 to 3 for the 1, 2, 4 or 8 bytes that `number` needs.
fn width_of(number: u64) -> u8 {
    match number {
        0..=0xff => 0,
        0x100..=0xffff => 1,
        0x1_0000..=0xffff_ffff => 2,
        _ => 3,
    }
}

fn string(element: u8, content: &[u8]) -> (u8, Vec<u8>) {
    let length = content.len() as u64;
    let width = width_of(length);
    let mut body = length.to_le_bytes()[..1 << width].to_vec();
    body.extend_from_slice(content);
    (element + width, body)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unsigned(number: u64) -> AttributeValue {
        AttributeValue::Unsigned(number)
    }

    /// The examples of the specification's appendix A.12, by hand.
    #[test]
    fn elements_of_every_type_read_as_the_specification_says() {
        let cases: &[(&[u8], AttributeValue)] = &[
            (&[0x08], AttributeValue::Boolean(false)),
            (&[0x09], AttributeValue::Boolean(true)),
            (&[0x00, 0x2a], AttributeValue::Signed(42)),
            (&[0x00, 0xef], AttributeValue::Signed(-17)),
            (&[0x02, 0x90, 0x2f, 0x50, 0xfd], AttributeValue::Signed(-45_076_592)),
            (
                &[0x03, 0x00, 0x90, 0x2f, 0x50, 0x09, 0x00, 0x00, 0x00],
                AttributeValue::Signed(40_000_000_000),
            ),
            (&[0x04, 0x2a], unsigned(42)),
            (&[0x05, 0x01, 0x2c], unsigned(0x2c01)),
            (&[0x07, 0x66, 0x2c, 0x9b, 0x09, 0xf4, 0x7e, 0xc3, 0x66], unsigned(0x66c3_7ef4_099b_2c66)),
            (&[0x0a, 0x33, 0x33, 0x8f, 0x41], AttributeValue::Float(f64::from(17.9f32).to_bits())),
            (
                &[0x0b, 0x66, 0x66, 0x66, 0x66, 0x66, 0xe6, 0x31, 0x40],
                AttributeValue::Float(17.9f64.to_bits()),
            ),
            (&[0x0c, 0x06, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x21], AttributeValue::Text("Hello!".into())),
            (&[0x0d, 0x02, 0x00, 0xc3, 0xbc], AttributeValue::Text("ü".into())),
            (&[0x10, 0x05, 0x00, 0x01, 0x02, 0x03, 0x04], AttributeValue::Octets(vec![0, 1, 2, 3, 4])),
            (&[0x14], AttributeValue::Null),
            (&[0x15, 0x18], AttributeValue::Structure(Vec::new())),
            (&[0x16, 0x18], AttributeValue::List(Vec::new())),
            (&[0x17, 0x18], AttributeValue::List(Vec::new())),
            (
                // { 0 = 42, 1 = -17 }
                &[0x15, 0x20, 0x00, 0x2a, 0x20, 0x01, 0xef, 0x18],
                AttributeValue::Structure(vec![(0, AttributeValue::Signed(42)), (1, AttributeValue::Signed(-17))]),
            ),
            (
                // [ 1, null ] as an array; [[ 0 = 1, 2 ]] as a list, whose tags mean nothing to an attribute
                &[0x16, 0x04, 0x01, 0x14, 0x18],
                AttributeValue::List(vec![unsigned(1), AttributeValue::Null]),
            ),
            (
                &[0x17, 0x24, 0x00, 0x01, 0x04, 0x02, 0x18],
                AttributeValue::List(vec![unsigned(1), unsigned(2)]),
            ),
        ];
        for (bytes, value) in cases {
            assert_eq!(decode(bytes).as_ref(), Ok(value), "{bytes:02x?}");
        }
    }

    #[test]
    fn a_member_with_a_profile_tag_is_passed_over() {
        let bytes = [
            0x15, // structure
            0x44, 0x01, 0x00, 0x07, // common profile, 2 bytes: 7
            0xe4, 0xf1, 0xff, 0xed, 0xde, 0xed, 0xfe, 0xaa, 0xbb, 0x08, // fully qualified, 8 bytes: 8
            0x24, 0x03, 0x09, // context tag 3: 9
            0x84, 0x01, 0x00, 0x0a, // implicit profile, 2 bytes: 10
            0x18,
        ];
        assert_eq!(decode(&bytes), Ok(AttributeValue::Structure(vec![(3, unsigned(9))])));
    }

    #[test]
    fn text_that_is_not_utf_8_is_kept_as_octets() {
        assert_eq!(decode(&[0x0c, 0x02, 0xc3, 0x28]), Ok(AttributeValue::Octets(vec![0xc3, 0x28])));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_byte() {
        let wrong = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
        assert_eq!(wrong(&[]), "control byte at byte 0: 1 bytes needed, 0 left");
        assert_eq!(wrong(&[0x05, 0x01]), "integer at byte 1: 2 bytes needed, 1 left");
        assert_eq!(wrong(&[0x19]), "element at byte 0: element type 0x19 is not known");
        assert_eq!(wrong(&[0x04, 0x2a, 0x00]), "after the element at byte 2: 1 bytes too many");
        assert_eq!(wrong(&[0x24, 0x02, 0x2a]), "element at byte 0: an anonymous tag expected");
        assert_eq!(wrong(&[0x18]), "element at byte 0: the end of a container that was not opened");
        assert_eq!(wrong(&[0x15, 0x04, 0x01, 0x18]), "element at byte 1: a member of a structure needs a tag");
        assert_eq!(wrong(&[0x15, 0x38, 0x01]), "end of container at byte 1: has a tag");
        assert_eq!(wrong(&[0x0c, 0x05, 0x41]), "string at byte 2: 5 bytes needed, 1 left");
        assert_eq!(
            wrong(&[0x13, 0, 0, 0, 0, 0, 0, 0, 0x80]),
            "length of string at byte 1: 9223372036854775808 bytes, 65536 at most"
        );
    }

    #[test]
    fn sixteen_containers_are_read_and_seventeen_are_not() {
        let nested = |depth: usize| [vec![0x16; depth], vec![0x18; depth]].concat();
        assert!(decode(&nested(MAX_DEPTH)).is_ok());
        assert!(decode(&nested(MAX_DEPTH + 1)).unwrap_err().to_string().contains("16 containers deep"));
        assert!(decode(&vec![0x16; 1_000_000]).is_err());
    }

    #[test]
    fn more_elements_than_the_bound_are_a_problem() {
        let mut bytes = vec![0x16];
        bytes.extend(std::iter::repeat_n(0x14, MAX_ELEMENTS));
        bytes.push(0x18);
        assert!(decode(&bytes).unwrap_err().to_string().contains("more than 65536 elements"));
    }

    #[test]
    fn a_list_that_is_cut_keeps_what_came_before() {
        let whole = [0x16, 0x04, 0x01, 0x04, 0x02, 0x18];
        assert_eq!(decode_partly(&whole), (Some(AttributeValue::List(vec![unsigned(1), unsigned(2)])), None));
        let (value, problem) = decode_partly(&whole[..4]);
        assert_eq!(value, Some(AttributeValue::List(vec![unsigned(1)])));
        assert_eq!(problem.unwrap().offset, Some(4));
        assert_eq!(decode_partly(&whole[..2]).0, None);
    }

    /// Values within the bounds of TLV.
    pub(crate) fn any_value() -> impl Strategy<Value = AttributeValue> {
        let leaf = prop_oneof![
            Just(AttributeValue::Null),
            any::<bool>().prop_map(AttributeValue::Boolean),
            any::<u64>().prop_map(AttributeValue::Unsigned),
            (0u64..70_000).prop_map(AttributeValue::Unsigned),
            any::<i64>().prop_map(AttributeValue::Signed),
            (-70_000i64..70_000).prop_map(AttributeValue::Signed),
            any::<u64>().prop_map(AttributeValue::Float),
            ".{0,300}".prop_map(AttributeValue::Text),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(AttributeValue::Octets),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(AttributeValue::List),
                proptest::collection::vec((any::<u8>(), inner), 0..8).prop_map(AttributeValue::Structure),
            ]
        })
    }

    proptest! {
        #[test]
        fn encoding_and_decoding_are_inverse(value in any_value()) {
            prop_assert_eq!(decode(&encode(&value)), Ok(value));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = decode(&bytes) {
                prop_assert_eq!(decode(&encode(&value)), Ok(value));
            }
        }
    }
}
