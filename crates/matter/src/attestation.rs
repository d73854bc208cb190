//! What a device proves about its maker, and what it does not.

mod chain;
mod declaration;
mod der;
mod identity;
mod roots;

pub use roots::AttestationRoots;

use crate::fabric::crypto;
use crate::interaction::tlv::Element;
use rs_matter::crypto::{CanonPkcPublicKeyRef, CanonPkcSignatureRef, Crypto, PublicKey};

/// What to do when attestation proves too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AttestationPolicy {
    /// Go on; the report says what was not proven.
    Accept,
    /// Stop before anything is written to the device, so that a person can decide.
    #[default]
    Ask,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Proven,
    /// It does not hold; why.
    Failed(String),
    /// It was not looked at; why.
    NotChecked(String),
}

impl Outcome {
    fn of(result: Result<(), String>) -> Self {
        match result {
            Ok(()) => Self::Proven,
            Err(why) => Self::Failed(why),
        }
    }
}

/// What attestation proved (Matter core specification 1.4, 6.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationReport {
    /// Vendor id of the device attestation certificate.
    pub vendor_id: Option<u16>,
    /// Product id of the device attestation certificate.
    pub product_id: Option<u16>,
    /// The checks by their stable names (`nonce`, `chain`, `root`, `vendor-and-product`, `certification-declaration`, `possession`), in order.
    pub checks: Vec<(&'static str, Outcome)>,
}

impl AttestationReport {
    /// True where every check was made, and holds.
    pub fn is_enough(&self) -> bool {
        self.checks.iter().all(|(_, outcome)| *outcome == Outcome::Proven)
    }

    /// What failed or was not proven, in one line.
    pub fn summary(&self) -> String {
        let lacking: Vec<String> = self
            .checks
            .iter()
            .filter_map(|(name, outcome)| match outcome {
                Outcome::Proven => None,
                Outcome::Failed(why) => Some(format!("{name}: {why}")),
                Outcome::NotChecked(why) => Some(format!("{name} not checked ({why})")),
            })
            .collect();
        lacking.join("; ")
    }
}

/// What a device sent, and what it is measured against.
pub struct AttestationInput<'a> {
    /// `AttestationElements` of the AttestationResponse: TLV.
    pub elements: &'a [u8],
    /// `AttestationSignature` of the AttestationResponse: ECDSA, r and s, 64 bytes.
    pub signature: &'a [u8],
    /// Device attestation certificate, DER.
    pub dac: &'a [u8],
    /// Product attestation intermediate certificate, DER.
    pub pai: &'a [u8],
    /// The 32 bytes that were sent with the AttestationRequest.
    pub nonce: &'a [u8],
    /// Vendor and product id that the device's Basic Information gives, where it was read.
    pub basic_information: (Option<u16>, Option<u16>),
    /// Vendor and product id that the setup code or the announcement gives. Zero stands for "not told" there.
    pub expected: (Option<u16>, Option<u16>),
    /// The configured root certificates.
    pub roots: Option<&'a AttestationRoots>,
    /// The attestation challenge of the session (Matter core specification 1.4, 4.14.1.2).
    pub challenge: &'a [u8; 16],
}

/// Elements with more bytes are not looked at; a device may send 900 (Matter core specification 1.4, 11.18.4.7, RESP_MAX).
const MAX_ELEMENTS_BYTES: usize = 4_096;

const POSSESSION: &str = "possession";

const NO_ROOTS: &str = "no folder with root certificates is configured";

/// Looks at everything that can be looked at. Pure; never fails, never panics.
///
/// - `nonce`: the device's answer is to our question.
/// - `chain`: the device's certificate is signed by the intermediate one, both are what such certificates must be, and the one was made while the
///   other was valid. Whether they are valid today is not asked: devices keep theirs for ever, and this machine's clock may be wrong.
/// - `root`: the intermediate certificate is signed by one in the folder.
/// - `vendor-and-product`: the certificates, the certification declaration, what the device says and what its code says agree.
/// - `certification-declaration`: it is signed by the Connectivity Standards Alliance, for a product.
/// - `possession`: the device holds the key of its certificate. All others can be shown by whoever has seen them once.
pub fn verify(input: &AttestationInput<'_>) -> AttestationReport {
    let elements = Elements::read(input.elements);
    let declaration = elements
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|elements| declaration::Declaration::read(elements.declaration));
    let dac = chain::Certificate::device(input.dac);
    let pai = chain::Certificate::intermediate(input.pai);
    let authority = pai.as_ref().ok().map(|pai| pai.authority_key_id);

    let nonce = elements
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|elements| match elements.nonce == input.nonce {
            true => Ok(()),
            false => Err("the device answers another question than was asked: this may be a recording".to_owned()),
        });
    let root = match (input.roots, &pai) {
        (None, _) => Outcome::NotChecked(NO_ROOTS.to_owned()),
        (_, Err(why)) => Outcome::NotChecked(why.clone()),
        (Some(roots), Ok(pai)) => Outcome::of(roots.check(pai)),
    };
    let chain = match (&dac, &pai) {
        (Ok(dac), Ok(pai)) => chain::check(dac, pai),
        (Err(why), _) | (_, Err(why)) => Err(why.clone()),
    };
    let possession = match &dac {
        _ if input.signature.len() != 64 => Outcome::Failed(format!("the signature has {} bytes", input.signature.len())),
        Err(why) => Outcome::NotChecked(why.clone()),
        Ok(dac) => Outcome::of(
            check_answer(dac, input.elements, input.signature, input.challenge)
                .map_err(|()| "the signature is not that of this certificate's key".to_owned()),
        ),
    };
    let vendor_and_product = identity::check(&identity::Told {
        dac: dac.as_ref().ok().map(|dac| (dac.vendor_id, dac.product_id)),
        pai: pai.as_ref().ok().map(|pai| (pai.vendor_id, pai.product_id)),
        declaration: declaration.as_ref().ok(),
        basic_information: input.basic_information,
        expected: input.expected,
    });
    AttestationReport {
        vendor_id: dac.as_ref().ok().and_then(|dac| dac.vendor_id),
        product_id: dac.as_ref().ok().and_then(|dac| dac.product_id),
        checks: vec![
            ("nonce", Outcome::of(nonce)),
            ("chain", Outcome::of(chain)),
            ("root", root),
            ("vendor-and-product", vendor_and_product),
            (
                "certification-declaration",
                Outcome::of(declaration.and_then(|declaration| declaration.check(authority))),
            ),
            (POSSESSION, possession),
        ],
    }
}

/// A device's request for a certificate, and what it is measured against.
pub(crate) struct Request<'a> {
    /// Device attestation certificate, DER.
    pub(crate) dac: &'a [u8],
    /// `NOCSRElements` of the CSRResponse: TLV.
    pub(crate) elements: &'a [u8],
    /// `AttestationSignature` of the CSRResponse: ECDSA, r and s.
    pub(crate) signature: &'a [u8],
    /// The attestation challenge of the session.
    pub(crate) challenge: &'a [u8; 16],
}

/// The key that a certificate is asked for is one of the device that was attested: it signs its request with the key of its attestation certificate (Matter
/// core specification 1.4, 6.4.6.1 and 11.18.4.9). False, and `possession` fails in the report, where it does not.
pub(crate) fn check_request(report: &mut AttestationReport, request: &Request<'_>) -> bool {
    let signed =
        chain::Certificate::device(request.dac).is_ok_and(|dac| check_answer(&dac, request.elements, request.signature, request.challenge).is_ok());
    for (_, outcome) in report
        .checks
        .iter_mut()
        .filter(|(name, outcome)| *name == POSSESSION && !signed && *outcome == Outcome::Proven)
    {
        *outcome = Outcome::Failed("its request for a certificate is not signed with this certificate's key".to_owned());
    }
    signed
}

/// What a device signs with the key of its attestation certificate: elements, and the challenge of the session.
fn check_answer(dac: &chain::Certificate<'_>, elements: &[u8], signature: &[u8], challenge: &[u8; 16]) -> Result<(), ()> {
    check_signature(dac.public_key, &[elements, challenge].concat(), signature)
}

/// Attestation elements (Matter core specification 1.4, 11.18.4.7).
struct Elements<'a> {
    declaration: &'a [u8],
    nonce: &'a [u8],
}

impl<'a> Elements<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.len() > MAX_ELEMENTS_BYTES {
            return Err(format!("the device sent {} bytes of attestation elements", bytes.len()));
        }
        let read = || {
            let elements = Element::whole(bytes).ok()?;
            let member = |tag| elements.member(tag).ok()??.octets();
            Some(Self {
                declaration: member(1)?,
                nonce: member(2)?,
            })
        };
        read().ok_or_else(|| "the device's attestation elements cannot be read".to_owned())
    }
}

/// ECDSA on P-256 with SHA-256; the signature is r and s.
fn check_signature(public_key: &[u8], signed: &[u8], signature: &[u8]) -> Result<(), ()> {
    let check = || {
        let key = CanonPkcPublicKeyRef::try_new(public_key)?;
        let signature = CanonPkcSignatureRef::try_new(signature)?;
        crypto().pub_key(key)?.verify(signed, signature)
    };
    match check() {
        Ok(true) => Ok(()),
        _ => Err(()),
    }
}

/// A key identifier, as the tools of certificate authorities print it.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
