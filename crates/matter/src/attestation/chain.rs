//! Certificates of devices and their makers (Matter core specification 1.4, 6.2.2).

use super::{check_signature, der, hex};
use rs_matter::attest::trust_store::KeyId;
use rs_matter::cert::MAX_CERT_ASN1_LEN;
use rs_matter::cert::x509::cert::{CertType, DacCert, PaaCert, PaiCert, X509Cert};

/// A certificate that is what its kind must be: version, algorithms, extensions, ids in its names.
pub(super) struct Certificate<'a> {
    /// In its subject's name.
    pub(super) vendor_id: Option<u16>,
    /// In its subject's name.
    pub(super) product_id: Option<u16>,
    /// A point on P-256.
    pub(super) public_key: &'a [u8],
    /// Of its own key.
    pub(super) key_id: KeyId,
    /// Of the key that signed it. Zeros where a root certificate does not say.
    pub(super) authority_key_id: KeyId,
    not_before: u64,
    not_after: u64,
    parts: der::Parts<'a>,
}

impl<'a> Certificate<'a> {
    /// A device attestation certificate.
    pub(super) fn device(bytes: &'a [u8]) -> Result<Self, String> {
        Self::read(bytes, "the device's certificate", DacCert::new)
    }

    /// A product attestation intermediate certificate.
    pub(super) fn intermediate(bytes: &'a [u8]) -> Result<Self, String> {
        Self::read(bytes, "the intermediate certificate", PaiCert::new)
    }

    /// The certificate of a product attestation authority.
    pub(super) fn root(bytes: &'a [u8]) -> Result<Self, String> {
        Self::read(bytes, "it", PaaCert::new)
    }

    fn read<E: CertType<'a>>(
        bytes: &'a [u8],
        what: &str,
        parse: impl FnOnce(&'a [u8]) -> Result<X509Cert<'a, E>, rs_matter::error::Error>,
    ) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err(format!("{what} is missing"));
        }
        if bytes.len() > MAX_CERT_ASN1_LEN {
            return Err(format!("{what} has {} bytes, and {MAX_CERT_ASN1_LEN} is the most", bytes.len()));
        }
        let wrong = || format!("{what} is none of the kind that Matter asks for");
        let parts = der::parts(bytes).ok_or_else(wrong)?;
        let certificate = parse(bytes).map_err(|_| wrong())?;
        let read = || {
            Ok::<_, rs_matter::error::Error>((
                certificate.public_key()?,
                certificate.subject_key_id()?,
                certificate.not_before_unix()?,
                certificate.not_after_unix()?,
            ))
        };
        let (public_key, key_id, not_before, not_after) = read().map_err(|_| wrong())?;
        Ok(Self {
            vendor_id: certificate.vendor_id().ok(),
            product_id: certificate.product_id().ok(),
            public_key,
            key_id: key_id.try_into().map_err(|_| wrong())?,
            authority_key_id: certificate.authority_key_id().unwrap_or(&[0; 20]).try_into().map_err(|_| wrong())?,
            not_before,
            not_after,
            parts,
        })
    }

    /// True where this one's key signed the other, which names it, while it was valid. Today's date is not asked for (see [`super::verify`]).
    pub(super) fn signed(&self, other: &Certificate<'_>) -> Result<(), &'static str> {
        if other.authority_key_id != self.key_id {
            return Err("names another key as its issuer's");
        }
        if other.parts.issuer != self.parts.subject {
            return Err("names another issuer");
        }
        if !(self.not_before..=self.not_after).contains(&other.not_before) {
            return Err("was made when its issuer was not valid");
        }
        check_signature(self.public_key, other.parts.signed, &other.parts.signature).map_err(|()| "has a signature that is not its issuer's")
    }
}

impl Certificate<'_> {
    /// A root certificate is one that signed itself (where it names no key as its issuer's, the name and the signature tell).
    pub(super) fn signed_by_itself(&self) -> Result<(), String> {
        match check_signature(self.public_key, self.parts.signed, &self.parts.signature) {
            Ok(()) if self.parts.issuer == self.parts.subject => Ok(()),
            _ => Err("it is no root certificate, or damaged".to_owned()),
        }
    }
}

/// The device's certificate is signed by the intermediate one.
pub(super) fn check(dac: &Certificate<'_>, pai: &Certificate<'_>) -> Result<(), String> {
    pai.signed(dac)
        .map_err(|why| format!("the device's certificate {why} (intermediate key {})", hex(&pai.key_id)))
}
