//! What border routers announce beside the border agent: the Thread radio encapsulation link and SRP replication.

use super::TxtEntries;
use super::keys::{Keys, Strings, hexadecimal_text, quoted};
use weft_model::{ExtendedAddress, ExtendedPanId, SrpReplicationRecord, TrelRecord};

/// `_trel._udp` (OpenThread `src/core/radio/trel_peer_discoverer.cpp`).
pub(super) fn decode_trel(mut keys: Keys<'_>) -> TrelRecord {
    TrelRecord {
        extended_address: keys.bytes("xa").map(ExtendedAddress),
        extended_pan_id: keys.bytes("xp").map(ExtendedPanId),
        other: keys.rest(),
    }
}

pub(super) fn encode_trel(record: &TrelRecord) -> TxtEntries {
    Strings::default()
        .bytes("xa", record.extended_address.map(|address| address.0))
        .bytes("xp", record.extended_pan_id.map(|id| id.0))
        .with(&record.other)
}

/// `_srpl-tls._tcp`: text keys of two generations. The older one says `domain` for `dn`, and has `server-id`, which stays
/// among the other keys.
pub(super) fn decode_srp_replication(mut keys: Keys<'_>) -> SrpReplicationRecord {
    SrpReplicationRecord {
        domain: keys.text("dn").or_else(|| keys.text("domain")),
        dataset_id: keys.text("did"),
        partner_id: keys.text("pid"),
        extended_pan_id: keys.take("xpanid", |value| extended_pan_id(value).map(Some)),
        other: keys.rest(),
    }
}

pub(super) fn encode_srp_replication(record: &SrpReplicationRecord) -> TxtEntries {
    Strings::default()
        .text("dn", record.domain.as_ref())
        .text("did", record.dataset_id.as_ref())
        .text("pid", record.partner_id.as_ref())
        .bytes("xpanid", record.extended_pan_id.map(|id| id.to_string()))
        .with(&record.other)
}

/// Up to 16 hexadecimal digits: leading zeros may be missing.
fn extended_pan_id(value: &[u8]) -> Result<ExtendedPanId, String> {
    let text = hexadecimal_text(value, value.len()).filter(|text| (1..=16).contains(&text.len()));
    let number = text.and_then(|text| u64::from_str_radix(text, 16).ok());
    number
        .map(ExtendedPanId::from_u64)
        .ok_or_else(|| format!("up to 16 hexadecimal digits expected, got {}", quoted(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_pan_id_may_lack_leading_zeros() {
        assert_eq!(extended_pan_id(b"5cda27e86609a").unwrap().to_string(), "0005cda27e86609a");
        assert_eq!(extended_pan_id(b"2815CDA27E86609A").unwrap().to_string(), "2815cda27e86609a");
        for value in [&b""[..], b"02815cda27e86609a", b"+5", b"\x28\x15\xcd\xa2\x7e\x86\x60\x9a"] {
            assert!(extended_pan_id(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn both_generations_of_srp_replication_keys_are_read() {
        let decode = |strings: &[&[u8]]| {
            let txt = super::super::entries(&strings.iter().map(|string| string.to_vec()).collect::<Vec<_>>());
            decode_srp_replication(Keys::new(&txt, &mut Vec::new()))
        };
        // As recorded from a border router's announcement.
        let older = decode(&[b"domain=openthread.thread.home.arpa.", b"server-id=4e9912c4ef818c19"]);
        assert_eq!(older.domain.as_deref(), Some("openthread.thread.home.arpa."));
        assert_eq!(older.other, [("server-id".to_owned(), Some(b"4e9912c4ef818c19".to_vec()))]);
        let newer = decode(&[b"dn=default.service.arpa.", b"did=3", b"pid=a1", b"xpanid=dead1111beef2222"]);
        assert_eq!(
            (newer.domain.as_deref(), newer.dataset_id.as_deref(), newer.partner_id.as_deref()),
            (Some("default.service.arpa."), Some("3"), Some("a1"))
        );
        assert_eq!(newer.extended_pan_id.unwrap().to_string(), "dead1111beef2222");
    }
}
