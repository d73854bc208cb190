//! A credential as bytes, to be sealed.
//!
//! ```text
//! version      u8, 1
//! origin       u8
//! added_at     i64, milliseconds since 1970
//! origin name  u8: 0 none, 1 present; u16 length and UTF-8
//! own PSKc     u8: 0 none, 1 present; u16 length and bytes
//! dataset      u8: 0 none, 1 present; u16 length and TLVs
//! ```
//! Numbers are big-endian.

use super::Credential;
use weft_model::{CredentialOrigin, ExtendedPanId, Timestamp};
use weft_thread::credential::{OperationalDataset, Pskc};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
/// Of the name of where it came from.
pub(super) const MAX_NAME_CHARACTERS: usize = 200;
const ORIGINS: [CredentialOrigin; 5] = [
    CredentialOrigin::ByHand,
    CredentialOrigin::OtbrRest,
    CredentialOrigin::HomeAssistant,
    CredentialOrigin::MatterBorderRouter,
    CredentialOrigin::BorderAgent,
];

pub(super) fn encode(credential: &Credential) -> Zeroizing<Vec<u8>> {
    let name = credential.origin_name.as_ref().map(|name| name.as_bytes());
    let pskc = credential.own_pskc.as_ref().map(|pskc| &pskc.expose()[..]);
    let dataset = credential.dataset.as_ref().map(OperationalDataset::expose);
    let parts = [name, pskc, dataset];
    let length: usize = parts.iter().map(|part| 3 + part.map_or(0, <[u8]>::len)).sum();
    // Room for all of it at once: growing would leave copies of the secrets behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(10 + length));
    let origin = ORIGINS.iter().position(|origin| *origin == credential.origin).unwrap_or(0);
    bytes.extend_from_slice(&[VERSION, u8::try_from(origin).unwrap_or(0)]);
    bytes.extend_from_slice(&credential.added_at.unix_milliseconds().to_be_bytes());
    for part in parts {
        bytes.push(u8::from(part.is_some()));
        let part = part.unwrap_or_default();
        bytes.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// `None`: it is none, or of another network.
pub(super) fn decode(bytes: &[u8], network: ExtendedPanId) -> Option<Credential> {
    let ([version, origin], rest) = bytes.split_first_chunk::<2>()?;
    if *version != VERSION {
        return None;
    }
    let (added_at, mut rest) = rest.split_first_chunk::<8>()?;
    let mut part = || -> Option<Option<&[u8]>> {
        let ([is_there, high, low], after) = rest.split_first_chunk::<3>()?;
        let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        rest = after;
        Some((*is_there != 0).then_some(value))
    };
    let (name, pskc, dataset) = (part()?, part()?, part()?);
    let dataset = match dataset {
        Some(tlvs) => Some(
            OperationalDataset::from_tlvs(tlvs)
                .ok()
                .filter(|dataset| dataset.public().extended_pan_id == Some(network))?,
        ),
        None => None,
    };
    let own_pskc = match pskc {
        Some(pskc) => Some(Pskc::new(pskc.try_into().ok()?)),
        None => None,
    };
    let origin_name = match name {
        Some(name) => Some(std::str::from_utf8(name).ok()?.chars().take(MAX_NAME_CHARACTERS).collect()),
        None => None,
    };
    Some(Credential {
        origin: *ORIGINS.get(usize::from(*origin))?,
        origin_name,
        added_at: Timestamp::from_unix_milliseconds(i64::from_be_bytes(*added_at)),
        dataset,
        own_pskc,
        is_completed: false,
        generation: 0,
    })
}
