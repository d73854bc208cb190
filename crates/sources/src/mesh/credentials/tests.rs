use super::super::tests::{PSKC, dataset, network};
use super::*;
use crate::whole_file::tests::Folder;
use weft_model::CredentialCheck;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_milliseconds(second * 1_000)
}

fn open(folder: &Folder) -> Credentials {
    Credentials::open(Safe::with_key_file(&folder.0.join("networks"), &folder.0.join("key")))
}

/// Without the TLVs of these types.
fn without(dataset: &OperationalDataset, left_out: &[u8]) -> OperationalDataset {
    let mut rest = dataset.expose();
    let mut kept = Vec::new();
    while let [number, length, ..] = rest {
        let (tlv, after) = rest.split_at(2 + usize::from(*length));
        if !left_out.contains(number) {
            kept.extend_from_slice(tlv);
        }
        rest = after;
    }
    OperationalDataset::from_tlvs(&kept).ok().unwrap()
}

#[test]
fn a_credential_is_the_same_after_a_restart() {
    let folder = Folder::new();
    let mut credentials = open(&folder);
    assert!(
        credentials
            .learn(
                &dataset(network(1), 5),
                CredentialOrigin::HomeAssistant,
                Some("homeassistant.local"),
                false,
                at(7)
            )
            .unwrap()
    );
    credentials.enter_pskc(network(2), Pskc::new(PSKC), at(8)).unwrap();
    let credentials = open(&folder);
    let one = credentials.get(network(1)).unwrap();
    assert_eq!(
        (one.origin, one.origin_name.as_deref(), one.added_at),
        (CredentialOrigin::HomeAssistant, Some("homeassistant.local"), at(7))
    );
    assert_eq!(one.dataset.as_ref().unwrap().expose(), dataset(network(1), 5).expose());
    assert_eq!((one.network_name().as_deref(), one.active_timestamp()), (Some("Home"), Some(5 << 16)));
    let two = credentials.get(network(2)).unwrap();
    assert!(two.dataset.is_none() && two.pskc().unwrap().expose() == &PSKC && two.origin == CredentialOrigin::ByHand);
}

#[test]
fn the_newest_dataset_is_kept_whoever_brings_an_older_one() {
    let folder = Folder::new();
    let mut credentials = open(&folder);
    let mut learn = |seconds| {
        credentials
            .learn(&dataset(network(1), seconds), CredentialOrigin::OtbrRest, None, false, at(1))
            .unwrap()
    };
    assert_eq!([learn(5), learn(5), learn(4), learn(6), learn(5)], [true, false, false, true, false]);
    let error = credentials.enter(dataset(network(1), 1_700_000_000), false, at(2)).err();
    assert!(error.is_none(), "a newer one by hand is taken");
    let error = credentials.enter(dataset(network(1), 6), false, at(2)).unwrap_err().to_string();
    assert!(
        error.contains("older") && error.contains("2023-11-14") && error.contains("forget it first"),
        "{error}"
    );
    credentials.enter(dataset(network(1), 1_700_000_000), false, at(3)).unwrap();
    assert_eq!(credentials.get(network(1)).unwrap().added_at, at(3), "the same one by hand is taken too");
    credentials.forget(network(1)).unwrap();
    credentials.enter(dataset(network(1), 6), false, at(4)).unwrap();
}

#[test]
fn a_dataset_that_tells_more_replaces_one_of_the_same_time_and_one_without_keys_is_none() {
    let folder = Folder::new();
    let mut credentials = open(&folder);
    let whole = dataset(network(1), 5);
    let mut learn = |dataset: &OperationalDataset| {
        credentials
            .learn(dataset, CredentialOrigin::MatterBorderRouter, None, false, at(1))
            .unwrap()
    };
    assert!(!learn(&without(&whole, &[4, 5])));
    assert!(learn(&without(&whole, &[4])));
    assert!(learn(&whole));
    assert!(!learn(&without(&whole, &[5])));
    assert!(matches!(
        credentials.enter(without(&whole, &[4, 5]), false, at(1)),
        Err(Refusal::Wrong(_))
    ));
}

/// The same with other keys.
fn other_keys(dataset: &OperationalDataset) -> OperationalDataset {
    let mut tlvs = without(dataset, &[4, 5]).expose().to_vec();
    for number in [4, 5] {
        tlvs.extend_from_slice(&[number, 16]);
        tlvs.extend_from_slice(&[0x77; 16]);
    }
    OperationalDataset::from_tlvs(&tlvs).ok().unwrap()
}

#[test]
fn what_nothing_vouches_for_displaces_no_credential_that_was_entered_or_proved_itself() {
    let folder = Folder::new();
    for (number, proved) in [(1, None), (2, Some(CredentialOrigin::BorderAgent))] {
        let mut credentials = open(&folder);
        let net = network(number);
        let taken = |credentials: &Credentials| stamp(credentials.get(net).unwrap().active_timestamp()) >> 15;
        match proved {
            None => drop(credentials.enter(dataset(net, 5), false, at(1)).unwrap()),
            Some(origin) => assert!(credentials.learn(&dataset(net, 5), origin, None, false, at(1)).unwrap()),
        }
        let fake = other_keys(&dataset(net, 9));
        for origin in [CredentialOrigin::OtbrRest, CredentialOrigin::HomeAssistant] {
            assert!(!credentials.learn(&fake, origin, Some("stranger"), false, at(2)).unwrap());
        }
        assert_eq!(taken(&credentials), 5);
        assert_eq!(credentials.offer(net).unwrap().origin, CredentialOrigin::HomeAssistant);
        assert!(open(&folder).offer(net).is_none(), "it is not kept");
        // Who knows the key may bring a newer one: a change of the channel, say.
        assert!(
            credentials
                .learn(&dataset(net, 6), CredentialOrigin::OtbrRest, Some("Hall"), false, at(3))
                .unwrap()
        );
        assert_eq!((taken(&credentials), credentials.offer(net).is_none()), (6, true));
        credentials.enter(dataset(net, 7), false, at(4)).unwrap();
        assert!(!credentials.take_offer(net).unwrap());
        assert!(!credentials.learn(&fake, CredentialOrigin::OtbrRest, None, false, at(5)).unwrap());
        assert!(credentials.take_offer(net).unwrap());
        assert_eq!((taken(&credentials), credentials.offer(net).is_none()), (9, true));
        credentials.forget(net).unwrap();
        credentials.enter(dataset(net, 5), false, at(6)).unwrap();
        assert!(
            credentials.learn(&fake, CredentialOrigin::OtbrRest, None, true, at(7)).unwrap(),
            "the other one is refused"
        );
    }
}

#[test]
fn what_came_over_a_session_ends_what_claims_to_be_newer_and_nothing_vouches_for() {
    let folder = Folder::new();
    let mut credentials = open(&folder);
    let (real, fake) = (dataset(network(1), 5), other_keys(&dataset(network(1), 9)));
    let mut learn = |dataset: &OperationalDataset, origin| credentials.learn(dataset, origin, None, false, at(1)).unwrap();
    assert!(learn(&fake, CredentialOrigin::OtbrRest));
    assert!(learn(&real, CredentialOrigin::BorderAgent));
    assert!(!learn(&fake, CredentialOrigin::OtbrRest));
    assert!(
        !learn(&dataset(network(1), 4), CredentialOrigin::BorderAgent),
        "an older one of the same kind does not"
    );
}

#[test]
fn a_pskc_by_hand_holds_until_a_dataset_brings_one() {
    let folder = Folder::new();
    let mut credentials = open(&folder);
    let own = Pskc::new([9; 16]);
    let in_use = |credentials: &Credentials| *credentials.get(network(1)).unwrap().pskc().unwrap().expose();
    credentials.enter_pskc(network(1), own.clone(), at(1)).unwrap();
    credentials.enter(without(&dataset(network(1), 5), &[4]), false, at(2)).unwrap();
    assert_eq!(in_use(&credentials), [9; 16]);
    credentials.enter(dataset(network(1), 6), false, at(3)).unwrap();
    assert_eq!(in_use(&credentials), PSKC);
    let generation = credentials.get(network(1)).unwrap().generation;
    credentials.enter_pskc(network(1), own, at(4)).unwrap();
    assert_eq!(in_use(&credentials), [9; 16]);
    assert!(
        credentials.get(network(1)).unwrap().generation > generation,
        "whoever was refused is tried again"
    );
    assert!(credentials.get(network(1)).unwrap().dataset.is_some());
}

#[test]
fn what_is_damaged_is_told_and_the_rest_goes_on() {
    let folder = Folder::new();
    let mut credentials = open(&folder);
    for number in 1..=2 {
        credentials.enter(dataset(network(number), 5), false, at(1)).unwrap();
    }
    let path = folder.0.join("networks").join(name(network(1)));
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let mut credentials = open(&folder);
    assert!(credentials.get(network(1)).is_none() && credentials.get(network(2)).is_some());
    assert!(credentials.closed(network(1)).unwrap().contains("enter what it held anew"));
    assert_eq!(credentials.networks().count(), 2);
    credentials.enter(dataset(network(1), 5), false, at(2)).unwrap();
    assert!(credentials.closed(network(1)).is_none() && open(&folder).get(network(1)).is_some());
}

#[test]
fn a_record_that_is_cut_off_or_of_another_network_is_none() {
    let credential = Credential {
        origin: CredentialOrigin::BorderAgent,
        origin_name: Some("Hall".to_owned()),
        added_at: at(1),
        dataset: Some(dataset(network(1), 5)),
        own_pskc: Some(Pskc::new(PSKC)),
        is_completed: false,
        generation: 0,
    };
    let bytes = record::encode(&credential);
    assert!(record::decode(&bytes, network(1)).is_some());
    assert!(record::decode(&bytes, network(2)).is_none());
    for length in 0..bytes.len() {
        assert!(record::decode(&bytes[..length], network(1)).is_none(), "{length}");
    }
}

#[test]
fn the_comparison_with_announcements_is_a_table() {
    let announced = |stamps: &[Option<u64>]| -> Vec<Announced> {
        stamps
            .iter()
            .map(|stamp| Announced {
                active_timestamp: stamp.map(|stamp| stamp << 16),
            })
            .collect()
    };
    type Case<'a> = (Option<u64>, &'a [Option<u64>], CredentialCheck);
    let cases: [Case<'_>; 9] = [
        (Some(5), &[], CredentialCheck::NotAnnounced),
        (None, &[], CredentialCheck::NotAnnounced),
        (Some(5), &[None], CredentialCheck::Unknown),
        (None, &[Some(5)], CredentialCheck::Unknown),
        (Some(5), &[Some(5)], CredentialCheck::Matches),
        (Some(5), &[Some(4), Some(5)], CredentialCheck::Matches),
        (Some(5), &[Some(5), Some(6)], CredentialCheck::Older),
        (Some(5), &[None, Some(4)], CredentialCheck::Newer),
        (Some(5), &[Some(6), None], CredentialCheck::Older),
    ];
    for (ours, theirs, expected) in cases {
        assert_eq!(compare(ours.map(|ours| ours << 16), &announced(theirs)), expected, "{ours:?} {theirs:?}");
    }
    assert_eq!(
        compare(Some(5 << 16 | 1), &announced(&[Some(5)])),
        CredentialCheck::Matches,
        "whether the time was authoritative is no difference"
    );
    assert_eq!(
        compare(
            Some(5 << 16),
            &[Announced {
                active_timestamp: Some(5 << 16 | 2)
            }]
        ),
        CredentialCheck::Older,
        "ticks are"
    );
    let text = detail(CredentialCheck::Older, CredentialOrigin::ByHand, &announced(&[Some(6), Some(7)]));
    assert!(
        text.contains("newer dataset") && text.contains("enter the present one") && text.contains("different datasets"),
        "{text}"
    );
}

#[test]
fn a_dataset_of_the_same_time_that_lacks_keys_takes_none_away() {
    let folder = Folder::new();
    let mut credentials = open(&folder);
    let whole = dataset(network(1), 5);
    credentials.enter(whole.clone(), false, at(1)).unwrap();
    credentials.enter(without(&whole, &[4]), false, at(2)).unwrap();
    let kept = credentials.get(network(1)).unwrap();
    assert!(kept.is_completed && kept.pskc().unwrap().expose() == &PSKC && kept.added_at == at(2));
    credentials.enter(without(&whole, &[5]), false, at(3)).unwrap();
    let kept = open(&folder).get(network(1)).cloned().unwrap();
    let kept = kept.dataset.unwrap();
    assert!(kept.pskc().is_some() && kept.network_key().is_some(), "after a restart too");
    // A newer one is another one: its PSKc may be, too.
    credentials.enter(without(&dataset(network(1), 6), &[4]), false, at(4)).unwrap();
    let kept = credentials.get(network(1)).unwrap();
    assert!(!kept.is_completed && kept.pskc().is_none());
}

#[test]
fn a_made_up_key_gets_into_no_dataset_that_proved_itself() {
    let folder = Folder::new();
    let mut credentials = open(&folder);
    let whole = dataset(network(1), 5);
    let made_up = other_keys(&whole);
    credentials.learn(&made_up, CredentialOrigin::HomeAssistant, None, false, at(1)).unwrap();
    let proved = without(&whole, &[4]);
    assert!(credentials.learn(&proved, CredentialOrigin::BorderAgent, None, false, at(2)).unwrap());
    let kept = credentials.get(network(1)).unwrap();
    assert!(kept.pskc().is_none() && kept.dataset.as_ref().unwrap().expose() == proved.expose());
}
