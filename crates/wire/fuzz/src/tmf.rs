//! Network diagnostic answers and operational datasets.

use weft_wire::meshcop::{blank_secrets, decode_dataset, encode_dataset, number};
use weft_wire::tmf::tlv::{self, Tlvs};
use weft_wire::tmf::{AnswerAssembly, AnswerFrame, decode_address_notification, decode_answer, encode_address_notification, encode_answer};

/// A diagnostic answer says the same when it is encoded again, as an address notification does; its pieces, as parts of an answer, do no harm either.
pub fn tmf_answer(data: &[u8]) {
    let answer = decode_answer(data);
    let frame = AnswerFrame {
        query_id: answer.query_id,
        part: answer.answer,
    };
    if let Ok(encoded) = encode_answer(&answer.decoded.facts, frame) {
        let again = decode_answer(&encoded);
        assert_eq!(again.decoded.facts, answer.decoded.facts);
        assert!(again.decoded.problems.is_empty());
        assert_eq!(
            (again.query_id, again.answer, again.rloc16),
            (answer.query_id, answer.answer, answer.rloc16)
        );
    }
    if let Ok(notification) = decode_address_notification(data) {
        assert_eq!(decode_address_notification(&encode_address_notification(&notification)), Ok(notification));
    }
    let mut assembly = AnswerAssembly::new();
    let piece_bytes = usize::from(data.first().copied().unwrap_or_default()) + 1;
    for piece in data.chunks(piece_bytes) {
        assembly.add(piece);
    }
    let _ = assembly.so_far();
    assert_eq!(assembly.whole().is_some(), assembly.is_complete());
}

/// A dataset says the same after its secrets are blanked, and nothing of them is left, also where it is cut off.
pub fn meshcop_dataset(data: &[u8]) {
    let (dataset, problems) = decode_dataset(data);
    let mut blanked = data.to_vec();
    blank_secrets(&mut blanked);
    assert_eq!(decode_dataset(&blanked), (dataset.clone(), problems));
    for tlv in Tlvs::new(&blanked) {
        match tlv {
            Ok(tlv) if matches!(tlv.number, number::NETWORK_KEY | number::PSKC) => assert!(tlv.value.iter().all(|byte| *byte == 0)),
            Ok(_) => (),
            Err(cut) if cut.number.is_some() => assert!(blanked[cut.offset..].iter().all(|byte| *byte == 0)),
            Err(_) => (),
        }
    }
    if let Ok(encoded) = encode_dataset(&dataset) {
        assert_eq!(decode_dataset(&encoded).0, dataset);
    }
    a_key_behind(data);
}

/// Puts a key behind the bytes where they end with a whole TLV, cut at a length that the bytes choose.
fn a_key_behind(data: &[u8]) {
    const KEY: [u8; 16] = [0xa5; 16];
    if Tlvs::new(data).any(|tlv| tlv.is_err()) {
        return;
    }
    let mut bytes = data.to_vec();
    if tlv::write(&mut bytes, number::NETWORK_KEY, &KEY).is_err() {
        return;
    }
    let cut = usize::from(data.last().copied().unwrap_or_default()) % (KEY.len() + 1);
    bytes.truncate(bytes.len() - cut);
    blank_secrets(&mut bytes);
    assert!(bytes[data.len() + 2..].iter().all(|byte| *byte == 0));
}
