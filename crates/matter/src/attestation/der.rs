//! As much of DER (X.690) as it takes to find the signed part of a certificate (RFC 5280, 4.1), its names and its signature.

use rs_matter::cert::der_utils::ecdsa_der_to_raw;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// Context-specific, constructed, number 0: the version.
const VERSION: u8 = 0xa0;

/// The parts of a certificate that signatures are about.
pub(super) struct Parts<'a> {
    /// The signed part, with its header.
    pub(super) signed: &'a [u8],
    /// Issuer's name, with its header.
    pub(super) issuer: &'a [u8],
    /// Subject's name, with its header.
    pub(super) subject: &'a [u8],
    /// r and s.
    pub(super) signature: [u8; 64],
}

/// Takes a certificate apart.
pub(super) fn parts(certificate: &[u8]) -> Option<Parts<'_>> {
    let mut outer = Reader(certificate);
    let (_, body) = outer.take(SEQUENCE)?;
    if !outer.0.is_empty() {
        return None;
    }
    let mut body = Reader(body);
    let (signed, fields) = body.take(SEQUENCE)?;
    let (algorithm, _) = body.take(SEQUENCE)?;
    let (_, signature) = body.take(BIT_STRING)?;
    let signature = ecdsa_der_to_raw(signature.strip_prefix(&[0])?).ok()?;

    let mut fields = Reader(fields);
    let _version = fields.take(VERSION)?;
    let _serial = fields.take(INTEGER)?;
    let (signed_algorithm, _) = fields.take(SEQUENCE)?;
    let (issuer, _) = fields.take(SEQUENCE)?;
    let _validity = fields.take(SEQUENCE)?;
    let (subject, _) = fields.take(SEQUENCE)?;
    // The outer one is not signed, and must be the same (RFC 5280, 4.1.1.2).
    if algorithm != signed_algorithm || !body.0.is_empty() {
        return None;
    }
    Some(Parts {
        signed,
        issuer,
        subject,
        signature,
    })
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next element, which must have this tag: with its header, and without.
    fn take(&mut self, tag: u8) -> Option<(&'a [u8], &'a [u8])> {
        let (header, length) = match *self.0 {
            [found, length @ 0..=0x7f, ..] if found == tag => (2, usize::from(length)),
            [found, 0x81, length, ..] if found == tag => (3, usize::from(length)),
            [found, 0x82, high, low, ..] if found == tag => (4, usize::from(u16::from_be_bytes([high, low]))),
            _ => return None,
        };
        let (whole, rest) = self.0.split_at_checked(header + length)?;
        self.0 = rest;
        Some((whole, whole.get(header..)?))
    }
}
