//! An operational dataset with its keys.

use super::{CredentialError, PSKC_BYTES, Pskc, hex};
use weft_model::Dataset;
use weft_wire::link_security::NetworkKey;
use weft_wire::meshcop::number;
use weft_wire::tmf::tlv::Tlvs;
use zeroize::Zeroizing;

/// The most bytes of a dataset (OpenThread `include/openthread/dataset.h`, `OT_OPERATIONAL_DATASET_MAX_LENGTH`).
pub const MAX_DATASET_BYTES: usize = 254;
/// Bytes of an extended PAN ID.
const EXTENDED_PAN_ID_BYTES: usize = 8;

/// An operational dataset with its keys, exactly the TLVs that were given.
#[derive(Clone)]
pub struct OperationalDataset {
    tlvs: Zeroizing<Vec<u8>>,
}

impl OperationalDataset {
    /// From MeshCoP TLVs.
    ///
    /// # Errors
    /// Where they are cut off or more than [`MAX_DATASET_BYTES`], or hold no extended PAN ID.
    pub fn from_tlvs(tlvs: &[u8]) -> Result<Self, CredentialError> {
        Self::checked(Zeroizing::new(tlvs.to_vec()))
    }

    /// From hexadecimal digits as `ot-ctl dataset active -x`, THClient and Home Assistant give them: white space, a prompt (`>`), `0x`, and the `Done` that ends the
    /// answer of a command line are passed over.
    ///
    /// # Errors
    /// As [`Self::from_tlvs`]'s, and where it is no hexadecimal text.
    pub fn from_hex(text: &str) -> Result<Self, CredentialError> {
        let mut digits = Zeroizing::new(String::with_capacity(text.len()));
        for word in text.split_whitespace().filter(|word| !["Done", ">"].contains(word)) {
            let word = word.strip_prefix('>').unwrap_or(word);
            digits.push_str(word.strip_prefix("0x").unwrap_or(word));
        }
        let tlvs = hex::read(&digits, MAX_DATASET_BYTES).ok_or(CredentialError::Malformed {
            expected: "a dataset in hexadecimal digits, at most 254 bytes",
        })?;
        Self::checked(tlvs)
    }

    fn checked(tlvs: Zeroizing<Vec<u8>>) -> Result<Self, CredentialError> {
        if tlvs.len() > MAX_DATASET_BYTES || Tlvs::new(&tlvs).any(|tlv| tlv.is_err()) {
            return Err(CredentialError::Malformed {
                expected: "a whole dataset: its end is cut off, or something follows it",
            });
        }
        let dataset = Self { tlvs };
        match dataset.value(number::EXTENDED_PAN_ID) {
            Some(value) if value.len() == EXTENDED_PAN_ID_BYTES => Ok(dataset),
            _ => Err(CredentialError::Lacks { missing: "extended PAN ID" }),
        }
    }

    /// The TLVs with all keys, for whoever keeps them.
    pub fn expose(&self) -> &[u8] {
        &self.tlvs
    }

    /// What is no secret in it.
    pub fn public(&self) -> Dataset {
        weft_wire::meshcop::decode_dataset(&self.tlvs).0
    }

    /// The PSKc in it; `None` where there is none, or it is blanked.
    pub fn pskc(&self) -> Option<Pskc> {
        let mut key = Zeroizing::new([0; PSKC_BYTES]);
        let value = self.value(number::PSKC).filter(|value| value.len() == PSKC_BYTES)?;
        key.copy_from_slice(value);
        (*key != [0; PSKC_BYTES]).then(|| Pskc::new(*key))
    }

    /// The network key in it; `None` where there is none, or it is blanked.
    pub fn network_key(&self) -> Option<NetworkKey> {
        NetworkKey::from_dataset(&self.tlvs)
    }

    fn value(&self, number: u8) -> Option<&[u8]> {
        let mut tlvs = Tlvs::new(&self.tlvs).map_while(Result::ok);
        tlvs.find(|tlv| tlv.number == number).map(|tlv| tlv.value)
    }
}
