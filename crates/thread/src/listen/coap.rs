//! CoAP messages as they go by (RFC 7252), as far as Thread's management needs: code, token, path, payload.

use coap_lite::{CoapOption, Packet};
use weft_wire::Problem;

/// POST.
pub(super) const POST: u8 = 0x02;

/// The most options that are read.
const MAX_OPTIONS: usize = 16;
/// The longest path that Thread uses has 3 bytes; what is longer is somebody else's.
const MAX_PATH_BYTES: usize = 32;
const VERSION: u8 = 1;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coap {
    /// Code: method of a request, class and detail of a response.
    pub(super) code: u8,
    /// Message id.
    pub(super) id: u16,
    /// Token.
    pub(super) token: Vec<u8>,
    /// Path of a request: `d/dg`.
    pub(super) path: String,
    /// Payload.
    pub(super) payload: Vec<u8>,
}

impl Coap {
    /// Reads a message.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let packet = Packet::from_bytes(bytes).map_err(|error| Problem::at("message", 0, error.to_string()))?;
        let version = packet.header.get_version();
        if version != VERSION {
            return Err(Problem::at("version", 0, format!("{version} is not {VERSION}")));
        }
        if packet.options().map(|(_, values)| values.len()).sum::<usize>() > MAX_OPTIONS {
            return Err(Problem::at("options", 0, format!("more than {MAX_OPTIONS}")));
        }
        let segments = packet.get_option(CoapOption::UriPath).into_iter().flatten();
        let segments: Vec<&str> = segments
            .map(|segment| std::str::from_utf8(segment))
            .collect::<Result<_, _>>()
            .map_err(|_| Problem::at("path", 0, "not UTF-8"))?;
        let path = segments.join("/");
        if path.len() > MAX_PATH_BYTES {
            return Err(Problem::at("path", 0, "too long"));
        }
        Ok(Self {
            code: packet.header.code.into(),
            id: packet.header.message_id,
            token: packet.get_token().to_vec(),
            path,
            payload: packet.payload,
        })
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
        assert_eq!((coap.code, coap.id, &coap.token[..]), (POST, 0x1234, &[0xab][..]));
        assert_eq!((coap.path.as_str(), &coap.payload[..]), ("d/dg", &[0x12, 0x01, 0x00][..]));
        assert!(!coap.is_response());
    }

    #[test]
    fn an_acknowledgment_with_an_answer_is_a_response() {
        let coap = Coap::parse(&[0x61, 0x44, 0x12, 0x34, 0xab, 0xff, 0x01]).unwrap();
        assert!(coap.is_response());
        assert_eq!((coap.code_text().as_str(), coap.path.as_str(), &coap.payload[..]), ("2.04", "", &[1][..]));
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
