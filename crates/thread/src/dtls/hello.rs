//! The first messages of both sides, and their extensions (RFC 5246, 7.4.1; RFC 6347, 4.2.1).

use super::alert;
use super::keys::RANDOM_BYTES;
use super::record::{DTLS_1_0, DTLS_1_2};
use super::session::Failure;
use weft_wire::{Problem, Reader};

/// TLS_ECJPAKE_WITH_AES_128_CCM_8.
const SUITE: u16 = 0xc0ff;
/// Says that renegotiation would be secure (RFC 5746): there is none.
const NO_RENEGOTIATION: u16 = 0x00ff;
/// The longest cookie, in bytes.
const MAX_COOKIE_BYTES: usize = 255;

/// Numbers of extensions.
mod extension {
    pub const SUPPORTED_GROUPS: u16 = 10;
    pub const POINT_FORMATS: u16 = 11;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const EXTENDED_MASTER_SECRET: u16 = 23;
    pub const KEY_PAIRS: u16 = 256;
    pub const RENEGOTIATION: u16 = 0xff01;
}

/// What both hellos say.
#[derive(Default)]
pub(super) struct Hello {
    pub(super) random: [u8; RANDOM_BYTES],
    pub(super) cookie: Vec<u8>,
    /// The first round of EC-JPAKE.
    pub(super) key_pairs: Vec<u8>,
    /// The master secret is bound to all messages (RFC 7627).
    pub(super) is_extended: bool,
}

/// A ClientHello's body. It names what mbedTLS names too, also where this suite does not need it.
pub(super) fn write_client(hello: &Hello) -> Vec<u8> {
    let mut body = Vec::with_capacity(512);
    body.extend_from_slice(&DTLS_1_2.to_be_bytes());
    body.extend_from_slice(&hello.random);
    body.push(0);
    body.push(hello.cookie.len() as u8);
    body.extend_from_slice(&hello.cookie);
    push_vector(&mut body, &[SUITE.to_be_bytes(), NO_RENEGOTIATION.to_be_bytes()].concat());
    body.extend_from_slice(&[1, 0]);
    let mut extensions = Vec::with_capacity(384);
    push_extension(&mut extensions, extension::SUPPORTED_GROUPS, &[0, 2, 0, 23]);
    push_extension(&mut extensions, extension::SIGNATURE_ALGORITHMS, &[0, 2, 4, 3]);
    push_extension(&mut extensions, extension::POINT_FORMATS, &[1, 0]);
    push_extension(&mut extensions, extension::KEY_PAIRS, &hello.key_pairs);
    if hello.is_extended {
        push_extension(&mut extensions, extension::EXTENDED_MASTER_SECRET, &[]);
    }
    push_vector(&mut body, &extensions);
    body
}

/// Reads a ClientHello's body. A client that does not know our suite has nothing to say to us.
pub(super) fn read_client(body: &[u8]) -> Result<Hello, Failure> {
    let broken = |problem: Problem| Failure::broken("ClientHello", &problem);
    let mut reader = Reader::new(body);
    let version = reader.u16("version").map_err(broken)?;
    // Newer versions are written as older numbers; 1.0 is feff.
    if version > DTLS_1_2 {
        return Err(Failure::protocol(alert::PROTOCOL_VERSION, "its ClientHello does not speak DTLS 1.2"));
    }
    let mut hello = Hello {
        random: reader.array("random").map_err(broken)?,
        ..Hello::default()
    };
    let session_bytes = reader.u8("session").map_err(broken)?;
    reader.take("session", usize::from(session_bytes)).map_err(broken)?;
    let cookie_bytes = reader.u8("cookie").map_err(broken)?;
    hello.cookie = reader.take("cookie", usize::from(cookie_bytes)).map_err(broken)?.to_vec();
    let suites = vector(&mut reader, "suites").map_err(broken)?;
    let compressions = reader.u8("compressions").map_err(broken)?;
    let compressions = reader.take("compressions", usize::from(compressions)).map_err(broken)?;
    if !suites.chunks_exact(2).any(|suite| suite == SUITE.to_be_bytes()) || !compressions.contains(&0) {
        return Err(Failure::protocol(alert::HANDSHAKE_FAILURE, "its ClientHello does not offer EC-JPAKE"));
    }
    read_extensions(&mut reader, "ClientHello", &mut hello, |_| true)?;
    Ok(hello)
}

/// A ServerHello's body.
pub(super) fn write_server(hello: &Hello) -> Vec<u8> {
    let mut body = Vec::with_capacity(512);
    body.extend_from_slice(&DTLS_1_2.to_be_bytes());
    body.extend_from_slice(&hello.random);
    body.push(0);
    body.extend_from_slice(&SUITE.to_be_bytes());
    body.push(0);
    let mut extensions = Vec::with_capacity(384);
    push_extension(&mut extensions, extension::RENEGOTIATION, &[0]);
    push_extension(&mut extensions, extension::POINT_FORMATS, &[1, 0]);
    push_extension(&mut extensions, extension::KEY_PAIRS, &hello.key_pairs);
    if hello.is_extended {
        push_extension(&mut extensions, extension::EXTENDED_MASTER_SECRET, &[]);
    }
    push_vector(&mut body, &extensions);
    body
}

/// Reads a ServerHello's body.
pub(super) fn read_server(body: &[u8]) -> Result<Hello, Failure> {
    let broken = |problem: Problem| Failure::broken("ServerHello", &problem);
    let mut reader = Reader::new(body);
    if reader.u16("version").map_err(broken)? != DTLS_1_2 {
        return Err(Failure::protocol(
            alert::PROTOCOL_VERSION,
            "its ServerHello chose another version than DTLS 1.2",
        ));
    }
    let mut hello = Hello {
        random: reader.array("random").map_err(broken)?,
        ..Hello::default()
    };
    let session_bytes = reader.u8("session").map_err(broken)?;
    reader.take("session", usize::from(session_bytes)).map_err(broken)?;
    let suite = reader.u16("suite").map_err(broken)?;
    let compression = reader.u8("compression").map_err(broken)?;
    if suite != SUITE || compression != 0 {
        return Err(Failure::protocol(
            alert::ILLEGAL_PARAMETER,
            "its ServerHello chose a suite that was not offered",
        ));
    }
    read_extensions(&mut reader, "ServerHello", &mut hello, |number| {
        matches!(
            number,
            extension::POINT_FORMATS | extension::EXTENDED_MASTER_SECRET | extension::KEY_PAIRS | extension::RENEGOTIATION
        )
    })?;
    Ok(hello)
}

/// A HelloVerifyRequest's body. It names DTLS 1.0, so that clients of all versions read it (RFC 6347, 4.2.1).
pub(super) fn write_verify_request(cookie: &[u8]) -> Vec<u8> {
    let cookie = &cookie[..cookie.len().min(MAX_COOKIE_BYTES)];
    let mut body = DTLS_1_0.to_be_bytes().to_vec();
    body.push(cookie.len() as u8);
    body.extend_from_slice(cookie);
    body
}

/// The cookie of a HelloVerifyRequest.
pub(super) fn read_verify_request(body: &[u8]) -> Result<Vec<u8>, Failure> {
    let broken = |problem: Problem| Failure::broken("HelloVerifyRequest", &problem);
    let mut reader = Reader::new(body);
    reader.u16("version").map_err(broken)?;
    let length = reader.u8("cookie").map_err(broken)?;
    let cookie = reader.take("cookie", usize::from(length)).map_err(broken)?;
    Ok(cookie.to_vec())
}

fn read_extensions(reader: &mut Reader<'_>, message: &str, hello: &mut Hello, may_come: impl Fn(u16) -> bool) -> Result<(), Failure> {
    let broken = |problem: Problem| Failure::broken(message, &problem);
    if !reader.is_empty() {
        let mut extensions = Reader::new(vector(reader, "extensions").map_err(broken)?);
        while !extensions.is_empty() {
            let number = extensions.u16("extension").map_err(broken)?;
            let value = vector(&mut extensions, "extension").map_err(broken)?;
            if !may_come(number) {
                let text = format!("its {message} has extension {number}, which was not offered");
                return Err(Failure::protocol(alert::UNSUPPORTED_EXTENSION, text));
            }
            match number {
                extension::KEY_PAIRS => hello.key_pairs = value.to_vec(),
                extension::EXTENDED_MASTER_SECRET => hello.is_extended = true,
                extension::RENEGOTIATION if value != [0] => {
                    return Err(Failure::protocol(
                        alert::HANDSHAKE_FAILURE,
                        format!("its {message} renegotiates a session that there is not"),
                    ));
                }
                _ => (),
            }
        }
    }
    if hello.key_pairs.is_empty() {
        return Err(Failure::protocol(
            alert::HANDSHAKE_FAILURE,
            format!("its {message} has no EC-JPAKE key pairs"),
        ));
    }
    Ok(())
}

fn vector<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<&'a [u8], Problem> {
    let length = reader.u16(field)?;
    reader.take(field, usize::from(length))
}

fn push_vector(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend_from_slice(&(value.len() as u16).to_be_bytes());
    bytes.extend_from_slice(value);
}

fn push_extension(bytes: &mut Vec<u8>, number: u16, value: &[u8]) {
    bytes.extend_from_slice(&number.to_be_bytes());
    push_vector(bytes, value);
}
