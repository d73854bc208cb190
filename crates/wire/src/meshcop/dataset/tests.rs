use super::*;
use crate::tmf::vectors::bytes;
use proptest::prelude::*;

/// The active dataset of a simulated network whose keys were made up for it.
const ACTIVE: &str = "\
    0e 08 0000000000010000 \
    00 03 000014 \
    4a 03 000017 \
    35 06 0004001fffe0 \
    02 08 dead1111beef2222 \
    07 08 fdf01cc8d6f8f4f0 \
    05 10 00112233445566778899aabbccddeeff \
    03 09 6f7462722d6d657368 \
    01 02 1234 \
    04 10 445f2b5ca6f2a93a55ce570a70efeecb \
    0c 04 02a0f7f8";

#[test]
fn an_active_dataset_says_everything_but_its_secrets() {
    let (dataset, problems) = decode_dataset(&bytes(ACTIVE));
    assert_eq!(problems, []);
    let expected = Dataset {
        active_timestamp: Some(0x10000),
        channel: Channel::new(20),
        channel_mask: Some(bytes("0004001fffe0")),
        pan_id: Some(PanId(0x1234)),
        extended_pan_id: Some("dead1111beef2222".parse().unwrap()),
        network_name: Some("otbr-mesh".into()),
        mesh_local_prefix: Some(MeshLocalPrefix([0xfd, 0xf0, 0x1c, 0xc8, 0xd6, 0xf8, 0xf4, 0xf0])),
        key_rotation_hours: Some(672),
        security_policy_flags: Some(vec![0xf7, 0xf8]),
        has_network_key: true,
        has_pskc: true,
        other: vec![(number::WAKE_UP_CHANNEL, vec![0, 0, 23])],
        ..Dataset::default()
    };
    assert_eq!(dataset, expected);
}

#[test]
fn a_pending_dataset_has_a_delay() {
    let (dataset, problems) = decode_dataset(&bytes("33 08 0000000000020001 34 04 00007530"));
    assert_eq!(
        (dataset.pending_timestamp, dataset.delay_milliseconds, problems.len()),
        (Some(0x20001), Some(30_000), 0)
    );
    assert_eq!(decode_dataset(&[]), (Dataset::default(), vec![]));
}

#[test]
fn blanking_leaves_everything_but_the_secrets() {
    let original = bytes(ACTIVE);
    let mut blanked = original.clone();
    blank_secrets(&mut blanked);
    let expected = ACTIVE
        .replace("00112233445566778899aabbccddeeff", &"00".repeat(16))
        .replace("445f2b5ca6f2a93a55ce570a70efeecb", &"00".repeat(16));
    assert_eq!(blanked, bytes(&expected));
    assert_eq!(decode_dataset(&blanked), decode_dataset(&original));
}

#[test]
fn blanking_reaches_what_is_left_of_a_cut_secret() {
    let original = bytes(ACTIVE);
    let key = bytes("00112233445566778899aabbccddeeff");
    for length in 0..original.len() {
        let mut blanked = original[..length].to_vec();
        blank_secrets(&mut blanked);
        assert!(!blanked.windows(3).any(|run| key.windows(3).any(|part| part == run)), "{length}");
        assert_eq!(decode_dataset(&blanked), decode_dataset(&original[..length]), "{length}");
    }
    let mut extended = bytes("05 ff 0010 00112233445566778899aabbccddeeff");
    blank_secrets(&mut extended);
    assert_eq!(extended, bytes("05 ff 0010 00000000000000000000000000000000"));
}

#[test]
fn blanking_goes_past_the_bound_of_reading() {
    let mut bytes = vec![0; 2 * tlv::MAX_TLVS];
    bytes.extend([5, 2, 0xaa, 0xbb]);
    blank_secrets(&mut bytes);
    assert_eq!(bytes[2 * tlv::MAX_TLVS..], [5, 2, 0, 0]);
}

#[test]
fn a_dataset_that_lost_its_step_keeps_no_unknown_tlv() {
    // The length of the network name is one too small: from there on, nothing is what it seems.
    let (dataset, problems) = decode_dataset(&bytes("4a 03 000017 03 02 616263 05 10 00112233445566778899aabbccddeeff 01"));
    assert_eq!(dataset.other, []);
    assert!(problems.last().unwrap().to_string().starts_with("unknown TLVs: "), "{problems:?}");
    let mut blanked = bytes("4a 03 000017 03 02 616263 05 10 00112233445566778899aabbccddeeff 01");
    blank_secrets(&mut blanked);
    assert_eq!(blanked, bytes("4a 03 000000 03 02 6162 63 05 0000000000 44 55 0000000000000000000000"));
}

#[test]
fn problems_name_the_field_and_quote_nothing() {
    let text =
        "00 03 00000a 05 04 aabbccdd 03 01 ff 03 11 6162636465666768696a6b6c6d6e6f7071 01 01 12 0e 09 000000000001000000 0e 08 0000000000010000";
    let (dataset, problems) = decode_dataset(&bytes(text));
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "TLV 0 › channel at byte 3: 10 on page 0 is not in the 2.4 GHz band",
            "TLV 5 › network key at byte 7: 16 bytes needed, 4 left",
            "TLV 3 › network name at byte 13: not UTF-8",
            "TLV 3 › network name at byte 16: 17 bytes, the most is 16",
            "TLV 1 › PAN id at byte 35: 2 bytes needed, 1 left",
            "TLV 14 › value at byte 46: 1 bytes too many",
            "TLV 14 › type at byte 49: given twice; the first is used",
        ]
    );
    assert!(dataset.has_network_key);
}

fn any_dataset() -> impl Strategy<Value = Dataset> {
    let unknown = (200u8..=255, prop::collection::vec(any::<u8>(), 0..300));
    let policy = prop::option::of((any::<u16>(), prop::collection::vec(any::<u8>(), 1..3)));
    (
        any::<(Option<u64>, Option<u64>, Option<u32>, Option<u16>, bool, bool)>(),
        prop::option::of((11u16..=26).prop_map(|number| Channel::new(number).unwrap())),
        prop::option::of(prop::collection::vec(any::<u8>(), 0..12)),
        any::<(Option<[u8; 8]>, Option<[u8; 8]>)>(),
        prop::option::of("[a-zé ]{0,8}"),
        policy,
        prop::collection::vec(unknown, 0..4),
    )
        .prop_map(
            |(numbers, channel, channel_mask, (extended_pan_id, prefix), network_name, policy, other)| Dataset {
                active_timestamp: numbers.0,
                pending_timestamp: numbers.1,
                delay_milliseconds: numbers.2,
                channel,
                channel_mask,
                pan_id: numbers.3.map(PanId),
                extended_pan_id: extended_pan_id.map(ExtendedPanId),
                network_name,
                mesh_local_prefix: prefix.map(MeshLocalPrefix),
                key_rotation_hours: policy.as_ref().map(|policy| policy.0),
                security_policy_flags: policy.map(|policy| policy.1),
                has_network_key: numbers.4,
                has_pskc: numbers.5,
                other,
            },
        )
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(dataset in any_dataset()) {
        let encoded = encode_dataset(&dataset).unwrap();
        prop_assert_eq!(decode_dataset(&encoded), (dataset, vec![]));
        let mut blanked = encoded.clone();
        blank_secrets(&mut blanked);
        prop_assert_eq!(blanked, encoded);
    }

    #[test]
    fn blanking_changes_nothing_that_is_read(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let before = decode_dataset(&bytes);
        blank_secrets(&mut bytes);
        prop_assert_eq!(decode_dataset(&bytes), before);
    }
}
