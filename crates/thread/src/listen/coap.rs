//! CoAP messages as they go by (RFC 7252), as far as Thread's management needs: code, token, path, payload.

use weft_wire::{Problem, Reader};

/// POST.
pub(super) const POST: u8 = 0x02;

/// The most options that are read.
const MAX_OPTIONS: usize = 16;
/// The longest path that Thread uses has 3 bytes; what is longer is somebody else's.
const MAX_PATH_BYTES: usize = 32;
const URI_PATH: u32 = 11;
const MAX_TOKEN_BYTES: u8 = 8;
const PAYLOAD_MARKER: u8 = 0xff;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coap<'a> {
    /// Code: method of a request, class and detail of a response.
    pub(super) code: u8,
    /// Message id.
    pub(super) id: u16,
    /// Token.
    pub(super) token: &'a [u8],
    /// Path of a request: `d/dg`.
    pub(super) path: String,
    /// Payload.
    pub(super) payload: &'a [u8],
}

impl<'a> Coap<'a> {
    /// Reads a message.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(bytes);
        let first = reader.u8("version")?;
        if first >> 6 != 1 {
            return Err(Problem::at("version", 0, format!("{} is not 1", first >> 6)));
        }
        let token_bytes = first & 0x0f;
        if token_bytes > MAX_TOKEN_BYTES {
            return Err(Problem::at("token", 0, format!("{token_bytes} bytes are too many")));
        }
        let code = reader.u8("code")?;
        let id = reader.u16("message id")?;
        let token = reader.take("token", usize::from(token_bytes))?;
        let (mut path, mut number) = (String::new(), 0_u32);
        for _ in 0..=MAX_OPTIONS {
            if reader.is_empty() {
                let payload = &[];
                return Ok(Self {
                    code,
                    id,
                    token,
                    path,
                    payload,
                });
            }
            let head = reader.u8("option")?;
            if head == PAYLOAD_MARKER {
                let payload = reader.rest();
                return Ok(Self {
                    code,
                    id,
                    token,
                    path,
                    payload,
                });
            }
            number = number.saturating_add(extended(&mut reader, head >> 4)?);
            let length = extended(&mut reader, head & 0x0f)?;
            let value = reader.take("option value", length as usize)?;
            if number == URI_PATH {
                let segment = std::str::from_utf8(value).map_err(|_| Problem::at("path", reader.position(), "not UTF-8"))?;
                if path.len() + segment.len() >= MAX_PATH_BYTES {
                    return Err(Problem::at("path", reader.position(), "too long"));
                }
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(segment);
            }
        }
        Err(Problem::at("options", reader.position(), format!("more than {MAX_OPTIONS}")))
    }

    /// True for a response (class 2 to 5).
    pub(super) fn is_response(&self) -> bool {
        self.code >> 5 >= 2
    }

    /// The code as people write it: `2.04`.
    pub(super) fn code_text(&self) -> String {
        format!("{}.{:02}", self.code >> 5, self.code & 0x1f)
    }
}

/// The delta or length of an option, with its one or two further bytes.
fn extended(reader: &mut Reader<'_>, nibble: u8) -> Result<u32, Problem> {
    Ok(match nibble {
        13 => 13 + u32::from(reader.u8("option")?),
        14 => 269 + u32::from(reader.u16("option")?),
        15 => return Err(Problem::at("option", reader.position(), "15 is reserved")),
        small => u32::from(small),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_has_a_path_and_a_payload() {
        // CON POST, id 0x1234, token ab, Uri-Path "d", "dg", Content-Format, payload 120100 (Type List).
        let bytes = [
            0x41, 0x02, 0x12, 0x34, 0xab, 0xb1, b'd', 0x02, b'd', b'g', 0x11, 0x2a, 0xff, 0x12, 0x01, 0x00,
        ];
        let coap = Coap::parse(&bytes).unwrap();
        assert_eq!((coap.code, coap.id, coap.token), (POST, 0x1234, &[0xab][..]));
        assert_eq!((coap.path.as_str(), coap.payload), ("d/dg", &[0x12, 0x01, 0x00][..]));
        assert!(!coap.is_response());
    }

    #[test]
    fn an_acknowledgment_with_an_answer_is_a_response() {
        let coap = Coap::parse(&[0x61, 0x44, 0x12, 0x34, 0xab, 0xff, 0x01]).unwrap();
        assert!(coap.is_response());
        assert_eq!((coap.code_text().as_str(), coap.path.as_str(), coap.payload), ("2.04", "", &[1][..]));
    }

    #[test]
    fn broken_messages_are_refused() {
        for bytes in [
            &[][..],
            &[0x01, 0, 0, 0],
            &[0x49, 2, 0, 0],
            &[0x40, 2, 0, 0, 0xb5, b'd'],
            &[0x40, 2, 0, 0, 0xf0],
        ] {
            assert!(Coap::parse(bytes).is_err(), "{bytes:02x?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Coap::parse(&bytes);
        }
    }
}
