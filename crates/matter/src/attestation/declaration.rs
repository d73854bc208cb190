//! Certification declarations: what the Connectivity Standards Alliance says of a product (Matter core specification 1.4, 6.3).

use super::hex;
use crate::fabric::crypto;
use rs_matter::attest::cd::{CertificationElements, CertificationType, CmsSignedData};
use rs_matter::attest::cd_keys::{is_test_cd_key, lookup_cd_signing_key};
use rs_matter::attest::trust_store::KeyId;

/// A declaration that can be read; who signed it is another question.
pub(super) struct Declaration<'a> {
    message: &'a [u8],
    signer: &'a [u8],
    content: CertificationElements,
}

impl<'a> Declaration<'a> {
    /// Takes a CMS message (RFC 5652) apart.
    pub(super) fn read(message: &'a [u8]) -> Result<Self, String> {
        let read = || {
            let parsed = CmsSignedData::parse(message)?;
            Ok::<_, rs_matter::error::Error>(Self {
                message,
                signer: parsed.signer_key_id,
                content: CertificationElements::decode(parsed.cd_content)?,
            })
        };
        read().map_err(|_| "the certification declaration cannot be read".to_owned())
    }

    /// Signed by a key of the alliance, for a product, and for this authority's certificates.
    pub(super) fn check(&self, authority: Option<KeyId>) -> Result<(), String> {
        if lookup_cd_signing_key(self.signer).is_none() {
            return Err(format!("it is signed with a key that is not known here ({})", hex(self.signer)));
        }
        if CertificationElements::verify(crypto(), self.message, true).is_err() {
            return Err("its signature is wrong".to_owned());
        }
        if is_test_cd_key(self.signer) {
            return Err("it is signed with a test key, as in a device that somebody develops or built: the Connectivity Standards Alliance has not certified it".to_owned());
        }
        if self.content.certification_type == CertificationType::DevelopmentAndTest {
            return Err("it is for development and tests only".to_owned());
        }
        let listed = self
            .content
            .authorized_paa_list
            .get(..self.content.authorized_paa_list_count)
            .unwrap_or_default();
        if listed.is_empty() || authority.is_some_and(|authority| listed.contains(&authority)) {
            Ok(())
        } else {
            Err("it is for certificates of another authority".to_owned())
        }
    }

    /// The product's vendor id.
    pub(super) fn vendor_id(&self) -> u16 {
        self.content.vendor_id
    }

    /// The product ids that it is for.
    pub(super) fn product_ids(&self) -> &[u16] {
        self.content.product_ids.get(..self.content.product_ids_count).unwrap_or_default()
    }

    /// Vendor and product id of the certificate, where they are others than the product's: a product of one maker sold by another.
    pub(super) fn certificate_origin(&self) -> Option<(u16, u16)> {
        self.content
            .dac_origin_vid_pid_present
            .then_some((self.content.dac_origin_vendor_id, self.content.dac_origin_product_id))
    }
}
