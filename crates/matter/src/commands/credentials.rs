//! Operational credentials (Matter core specification 1.4, 11.18): attestation, certificates, our label, leaving.

use crate::interaction::invoke::{Command, Fields, InvokeError, Line, invoke, number, octets};
use crate::interaction::tlv::Element;

/// Operational credentials.
pub(crate) const CLUSTER: u32 = 0x003e;
/// Attribute CurrentFabricIndex: our fabric's number on the device that is asked.
pub(crate) const CURRENT_FABRIC_INDEX: u32 = 0x0005;

const fn command(command: u32, name: &'static str) -> Command {
    Command {
        endpoint: 0,
        cluster: CLUSTER,
        command,
        name,
    }
}

const ATTESTATION: Command = command(0x00, "AttestationRequest");
const CERTIFICATE_CHAIN: Command = command(0x02, "CertificateChainRequest");
const SIGNING_REQUEST: Command = command(0x04, "CSRRequest");
const ADD_NOC: Command = command(0x06, "AddNOC");
const UPDATE_LABEL: Command = command(0x09, "UpdateFabricLabel");
const REMOVE_FABRIC: Command = command(0x0a, "RemoveFabric");
const ADD_ROOT: Command = command(0x0b, "AddTrustedRootCertificate");

/// Which certificate of the device's maker (CertificateChainTypeEnum, 11.18.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    /// Device attestation certificate.
    Device = 1,
    /// Product attestation intermediate certificate.
    Product = 2,
}

/// Something that a device signed with its attestation key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    /// TLV.
    pub(crate) elements: Vec<u8>,
    /// ECDSA, r and s.
    pub(crate) signature: Vec<u8>,
}

/// NodeOperationalCertStatusEnum (11.18.4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Done; the number of the fabric that it was done to, where the device says so.
    Ok(Option<u8>),
    /// All places are taken.
    TableFull,
    /// It has this fabric already.
    FabricConflict,
    /// Another fabric has this label.
    LabelConflict,
    /// It has no such fabric.
    InvalidFabricIndex,
    /// Any other.
    Other(u8),
}

impl Verdict {
    fn of(fields: &[u8], command: &Command) -> Result<Self, InvokeError> {
        let byte = |tag| number(fields, tag).and_then(|value| u8::try_from(value).ok());
        Ok(match byte(0).ok_or(InvokeError::Garbled(command.name))? {
            0 => Self::Ok(byte(1).filter(|index| *index != 0)),
            5 => Self::TableFull,
            9 => Self::FabricConflict,
            10 => Self::LabelConflict,
            11 => Self::InvalidFabricIndex,
            other => Self::Other(other),
        })
    }
}

fn signed(fields: &[u8], command: &Command) -> Result<Signed, InvokeError> {
    match (octets(fields, 0), octets(fields, 1)) {
        (Some(elements), Some(signature)) => Ok(Signed { elements, signature }),
        _ => Err(InvokeError::Garbled(command.name)),
    }
}

/// What the device says of itself, signed.
pub(crate) async fn attestation(line: Line<'_>, nonce: &[u8; 32]) -> Result<Signed, InvokeError> {
    signed(&invoke(line, &ATTESTATION, false, &Fields::new().octets(0, nonce)).await?, &ATTESTATION)
}

/// A certificate of the device's maker, DER.
pub(crate) async fn certificate(line: Line<'_>, which: Maker) -> Result<Vec<u8>, InvokeError> {
    let fields = invoke(line, &CERTIFICATE_CHAIN, false, &Fields::new().unsigned(0, which as u64)).await?;
    octets(&fields, 0).ok_or(InvokeError::Garbled(CERTIFICATE_CHAIN.name))
}

/// The device's request for a certificate, inside what it signed (NOCSRElements).
pub(crate) async fn signing_request(line: Line<'_>, nonce: &[u8; 32]) -> Result<Signed, InvokeError> {
    signed(
        &invoke(line, &SIGNING_REQUEST, false, &Fields::new().octets(0, nonce)).await?,
        &SIGNING_REQUEST,
    )
}

/// The request itself (PKCS #10, DER) out of NOCSRElements (11.18.4.9), where it answers our nonce.
pub(crate) fn request_in(elements: &[u8], nonce: &[u8; 32]) -> Option<Vec<u8>> {
    let elements = Element::whole(elements).ok()?;
    let member = |tag| elements.member(tag).ok()??.octets();
    (member(2)? == nonce).then_some(())?;
    member(1).map(<[u8]>::to_vec)
}

/// Gives the device our root certificate, Matter TLV.
pub(crate) async fn add_root(line: Line<'_>, certificate: &[u8]) -> Result<(), InvokeError> {
    invoke(line, &ADD_ROOT, false, &Fields::new().octets(0, certificate)).await.map(drop)
}

/// Gives the device its certificate, Matter TLV, the fabric's key, and us as its administrator.
pub(crate) async fn add_noc(line: Line<'_>, certificate: &[u8], ipk: &[u8; 16], administrator: u64, vendor: u16) -> Result<Verdict, InvokeError> {
    let fields = Fields::new()
        .octets(0, certificate)
        .octets(2, ipk)
        .unsigned(3, administrator)
        .unsigned(4, vendor.into());
    Verdict::of(&invoke(line, &ADD_NOC, false, &fields).await?, &ADD_NOC)
}

/// Sets what other administrators see our fabric called.
pub(crate) async fn update_label(line: Line<'_>, label: &str) -> Result<Verdict, InvokeError> {
    Verdict::of(&invoke(line, &UPDATE_LABEL, false, &Fields::new().text(0, label)).await?, &UPDATE_LABEL)
}

/// Removes a fabric. Removing one's own ends all its sessions.
pub(crate) async fn remove_fabric(line: Line<'_>, index: u8) -> Result<Verdict, InvokeError> {
    Verdict::of(
        &invoke(line, &REMOVE_FABRIC, false, &Fields::new().unsigned(0, index.into())).await?,
        &REMOVE_FABRIC,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn certificate_statuses_are_told_apart() {
        let verdict = |code, index| Verdict::of(&Fields::new().unsigned(0, code).unsigned(1, index).into_structure(), &ADD_NOC);
        assert_eq!(verdict(0, 3), Ok(Verdict::Ok(Some(3))));
        assert_eq!(verdict(0, 0), Ok(Verdict::Ok(None)));
        assert_eq!(verdict(5, 0), Ok(Verdict::TableFull));
        assert_eq!(verdict(9, 0), Ok(Verdict::FabricConflict));
        assert_eq!(verdict(10, 0), Ok(Verdict::LabelConflict));
        assert_eq!(verdict(11, 0), Ok(Verdict::InvalidFabricIndex));
        assert_eq!(verdict(3, 0), Ok(Verdict::Other(3)));
        assert_eq!(Verdict::of(&[0x15, 0x18], &ADD_NOC), Err(InvokeError::Garbled("AddNOC")));
    }

    #[test]
    fn a_request_must_answer_our_nonce() {
        let elements = Fields::new().octets(1, b"request").octets(2, &[5; 32]).into_structure();
        assert_eq!(request_in(&elements, &[5; 32]), Some(b"request".to_vec()));
        assert_eq!(request_in(&elements, &[6; 32]), None);
        assert_eq!(request_in(&Fields::new().octets(1, b"request").into_structure(), &[5; 32]), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_read_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = request_in(&octets, &[0; 32]);
            let _ = signed(&octets, &ATTESTATION);
            let _ = Verdict::of(&octets, &ADD_NOC);
        }
    }
}
