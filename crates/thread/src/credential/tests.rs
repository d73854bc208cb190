use super::*;
use weft_model::ExtendedPanId;

const NETWORK: ExtendedPanId = ExtendedPanId([0, 1, 2, 3, 4, 5, 6, 7]);
/// The dataset of a recorded test network: its keys are made up.
const DATASET: &str = "0e080000000000010000000300001435060004001fffe00208dead11 11beef22220708fdf01cc8d6f8f4f00510\n00112233445566778899aabbccddeeff03096f74\t \
                       62722d6d657368010212340410445f2b5ca6f2a93a55ce570a70efeecb0c0402a0f7f8\n";

#[test]
fn a_pskc_is_derived_as_the_specification_does() {
    let pskc = Pskc::derive("12SECRETPASSWORD34", "Test Network", NETWORK).unwrap_or_else(|error| panic!("{error}"));
    let known = Pskc::from_hex("c3f59368445a1b6106be420a706d4cc9").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(pskc.expose(), known.expose());
    // Sixteen bytes are a key as they are; others are made one.
    let exactly = Pskc::derive("0123456789abcdef", "Test Network", NETWORK).unwrap_or_else(|error| panic!("{error}"));
    assert_ne!(pskc.expose(), exactly.expose());
    assert!(Pskc::derive("short", "Test Network", NETWORK).is_err());
    assert!(Pskc::derive(&"x".repeat(256), "Test Network", NETWORK).is_err());
    assert!(Pskc::derive("12SECRETPASSWORD34", "", NETWORK).is_err());
    assert!(Pskc::derive("12SECRETPASSWORD34", "seventeen letters", NETWORK).is_err());
}

#[test]
fn a_pskc_has_thirty_two_digits() {
    let pskc = Pskc::from_hex(" C3F59368 445a1b61\t06be420a 706d4cc9\n").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(pskc.expose()[..3], [0xc3, 0xf5, 0x93]);
    for wrong in [
        "",
        "c3f5",
        "c3f59368445a1b6106be420a706d4cc",
        "c3f59368445a1b6106be420a706d4cc9ff",
        "xyz59368445a1b6106be420a706d4cc9",
    ] {
        assert!(Pskc::from_hex(wrong).is_err(), "{wrong:?}");
    }
}

fn passcode(text: &str) -> Result<String, CredentialError> {
    Passcode::parse(text).map(|passcode| String::from_utf8(passcode.expose().to_vec()).unwrap())
}

#[test]
fn a_passcode_is_read_as_people_write_it() {
    // As a border router of OpenThread showed it.
    assert_eq!(passcode("154507124"), Ok("154507124".to_owned()));
    assert_eq!(passcode(" 154 507 124 "), Ok("154507124".to_owned()));
    assert_eq!(passcode("154-507\u{2011}124\n"), Ok("154507124".to_owned()));
    assert_eq!(passcode("123456"), Ok("123456".to_owned()));
    assert_eq!(passcode("MyOwnPasscode"), Ok("MyOwnPasscode".to_owned()));
    assert!(matches!(passcode("12345"), Err(CredentialError::Malformed { .. })));
    assert!(matches!(passcode(&"1".repeat(33)), Err(CredentialError::Malformed { .. })));
    assert!(matches!(passcode("12345678é"), Err(CredentialError::Malformed { .. })));
}

#[test]
fn one_wrong_digit_and_two_swapped_ones_are_found() {
    let right = "154507124";
    for at in 0..right.len() {
        for digit in '0'..='9' {
            let mut wrong: Vec<char> = right.chars().collect();
            if wrong[at] != digit {
                wrong[at] = digit;
                assert_eq!(passcode(&wrong.iter().collect::<String>()), Err(CredentialError::CheckDigit));
            }
        }
        let mut swapped: Vec<char> = right.chars().collect();
        if at + 1 < swapped.len() && swapped[at] != swapped[at + 1] {
            swapped.swap(at, at + 1);
            assert_eq!(passcode(&swapped.iter().collect::<String>()), Err(CredentialError::CheckDigit));
        }
    }
}

#[test]
fn a_dataset_gives_its_keys_and_what_is_public() {
    let dataset = OperationalDataset::from_hex(DATASET).unwrap_or_else(|error| panic!("{error}"));
    let public = dataset.public();
    assert_eq!(
        public.extended_pan_id,
        Some(ExtendedPanId([0xde, 0xad, 0x11, 0x11, 0xbe, 0xef, 0x22, 0x22]))
    );
    assert_eq!(public.active_timestamp, Some(0x10000));
    let pskc = dataset.pskc().unwrap();
    assert_eq!(pskc.expose()[..4], [0x44, 0x5f, 0x2b, 0x5c]);
    assert_eq!(dataset.network_key().unwrap().expose()[14..], [0xee, 0xff]);
    let again = OperationalDataset::from_tlvs(dataset.expose()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.expose(), dataset.expose());
}

#[test]
fn blanked_keys_are_none() {
    let mut tlvs = OperationalDataset::from_hex(DATASET)
        .unwrap_or_else(|error| panic!("{error}"))
        .expose()
        .to_vec();
    weft_wire::meshcop::blank_secrets(&mut tlvs);
    let dataset = OperationalDataset::from_tlvs(&tlvs).unwrap_or_else(|error| panic!("{error}"));
    assert!(dataset.pskc().is_none() && dataset.network_key().is_none());
}

#[test]
fn a_dataset_that_is_cut_off_or_nameless_is_refused() {
    let whole = OperationalDataset::from_hex(DATASET)
        .unwrap_or_else(|error| panic!("{error}"))
        .expose()
        .to_vec();
    let ends: Vec<usize> = weft_wire::tmf::tlv::Tlvs::new(&whole)
        .map(|tlv| tlv.unwrap())
        .map(|tlv| tlv.offset + tlv.value.len())
        .collect();
    for length in 0..whole.len() {
        let read = OperationalDataset::from_tlvs(&whole[..length]).err();
        if length != 0 && !ends.contains(&length) {
            assert!(matches!(read, Some(CredentialError::Malformed { .. })), "{length}");
        } else if !whole[..length].windows(2).any(|header| header == [2, 8]) {
            assert!(matches!(read, Some(CredentialError::Lacks { .. })), "{length}");
        }
    }
    assert!(OperationalDataset::from_hex(&"00".repeat(MAX_DATASET_BYTES + 1)).is_err());
    assert!(OperationalDataset::from_hex("020").is_err());
    // As a terminal shows it.
    for pasted in [format!("> {DATASET}\r\nDone\r\n"), format!("0x{DATASET}"), format!(">{DATASET}\nDone")] {
        let read = OperationalDataset::from_hex(&pasted).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read.public(), whole_dataset());
    }
    assert!(OperationalDataset::from_hex("https://example.com/dataset").is_err());
    assert!(OperationalDataset::from_tlvs(&[2, 4, 1, 2, 3, 4]).is_err());
}

fn whole_dataset() -> weft_model::Dataset {
    OperationalDataset::from_hex(DATASET).unwrap_or_else(|error| panic!("{error}")).public()
}
