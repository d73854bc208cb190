use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);
/// Long discriminator 0xf00, so that the short one is 15.
const TARGET: Target = Target {
    discriminator: Discriminator::Short(15),
    vendor_id: None,
    product_id: None,
};

fn open(instance: &str, discriminator: u16) -> Commissionable {
    let number = u16::from_str_radix(instance, 16).unwrap();
    Commissionable {
        instance: instance.to_owned(),
        located: Located {
            addresses: vec![SocketAddr::new("fd11:22::1".parse().unwrap(), number)],
            ..Located::default()
        },
        discriminator,
        vendor_id: Some(0xfff1),
        product_id: Some(0x8000),
        commissioning_mode: 2,
        ..Commissionable::default()
    }
}

fn search() -> Search {
    Search::new(TARGET, Tried::default(), Duration::ZERO)
}

fn tried(verdict: Verdict) -> Candidate {
    match verdict {
        Verdict::Try(candidate) => candidate,
        other => panic!("{other:?}"),
    }
}

fn error(step: Step, failure: CommissionFailure) -> CommissionError {
    CommissionError {
        step,
        failure,
        left_clean: true,
    }
}

#[test]
fn a_wrong_code_on_one_goes_on_to_the_next_and_never_back() {
    let seen = [open("a1", 0xf00), open("b2", 0xf01), open("c3", 0xe00)];
    let mut search = search();
    let first = tried(search.decide(&seen, SECOND));
    assert_eq!(first.instance, "a1");
    assert_eq!(search.failed(&first, &error(Step::Connect, CommissionFailure::WrongCode), SECOND), None);
    let second = tried(search.decide(&seen, SECOND));
    assert_eq!(second.instance, "b2");
    assert_eq!(search.failed(&second, &error(Step::Connect, CommissionFailure::WrongCode), SECOND), None);
    assert_eq!(search.decide(&seen, SECOND * 2), Verdict::Wait(SECOND * 8));
    let Verdict::GiveUp(failure) = search.decide(&seen, SECOND * 10) else {
        panic!()
    };
    assert_eq!(failure.name, "wrong-code");
    // Another attempt with the same code, and a window that opened anew under another name.
    let again = Search::new(TARGET, search.tried.clone(), SECOND * 20);
    let mut renamed = seen.clone();
    renamed[0].instance = "d4".to_owned();
    assert!(matches!(again.decide(&renamed, SECOND * 20), Verdict::Wait(_)));
}

#[test]
fn a_device_that_took_the_code_is_the_one() {
    let mut search = search();
    let candidate = tried(search.decide(&[open("a1", 0xf00)], SECOND));
    let full = search
        .failed(&candidate, &error(Step::Credentials, CommissionFailure::FabricTableFull), SECOND)
        .unwrap();
    assert!(full.may_retry && !full.must_decide);
    assert_eq!(full.name, "fabric-table-full");
}

#[test]
fn one_that_does_not_answer_is_tried_once_more_after_the_others() {
    let seen = [open("a1", 0xf00), open("b2", 0xf01)];
    let mut search = search();
    let silent = error(Step::Connect, CommissionFailure::NoAnswer("[fd11:22::1]:161".to_owned()));
    let mut order = Vec::new();
    let mut now = SECOND;
    let failure = loop {
        match search.decide(&seen, now) {
            Verdict::Try(candidate) => {
                order.push(candidate.instance.clone());
                assert_eq!(search.failed(&candidate, &silent, now), None);
            }
            Verdict::Wait(time) => now += time,
            Verdict::GiveUp(failure) => break failure,
        }
    };
    assert_eq!(order, ["a1", "b2", "a1", "b2"]);
    assert_eq!(failure.name, "no-answer");
    assert!(failure.may_retry);
}

#[test]
fn a_busy_device_is_waited_for_as_long_as_one_looks() {
    let seen = [open("a1", 0xf00)];
    let mut search = search();
    let busy = error(Step::Connect, CommissionFailure::Busy);
    let (mut now, mut tries) = (Duration::ZERO, 0);
    loop {
        match search.decide(&seen, now) {
            Verdict::Try(candidate) => {
                tries += 1;
                assert_eq!(search.failed(&candidate, &busy, now), None);
            }
            Verdict::Wait(time) => now += time,
            Verdict::GiveUp(failure) => {
                assert_eq!(failure.name, "busy");
                break;
            }
        }
    }
    assert_eq!((tries, now), (10, SECOND * 27));
}

#[test]
fn a_window_that_is_announced_but_said_to_be_closed_is_tried_once_more_and_late() {
    let mut search = search();
    let closed = error(Step::Connect, CommissionFailure::WindowClosed);
    let candidate = tried(search.decide(&[open("a1", 0xf00)], SECOND));
    assert_eq!(search.failed(&candidate, &closed, SECOND), None);
    assert_eq!(search.decide(&[open("a1", 0xf00)], SECOND), Verdict::Wait(CLOSED_AGAIN_AFTER));
    // Where it is not announced any more, it has closed indeed.
    assert!(matches!(search.decide(&[], SECOND * 12), Verdict::GiveUp(failure) if failure.name == "window-closed"));
    let later = SECOND + CLOSED_AGAIN_AFTER;
    let again = tried(search.decide(&[open("a1", 0xf00)], later));
    assert_eq!(search.failed(&again, &closed, later), None);
    assert!(matches!(search.decide(&[open("a1", 0xf00)], later), Verdict::GiveUp(failure) if failure.name == "window-closed"));
}

#[test]
fn how_long_it_is_looked_for_depends_on_what_is_seen() {
    let give_up_at = |seen: &[Commissionable]| {
        let search = search();
        let mut now = Duration::ZERO;
        loop {
            match search.decide(seen, now) {
                Verdict::Wait(time) => now += time,
                Verdict::GiveUp(failure) => return (now.as_secs(), failure.error),
                Verdict::Try(candidate) => panic!("{candidate:?}"),
            }
        }
    };
    assert_eq!(
        give_up_at(&[]),
        (60, "no device with an open pairing window was seen within 60 s".to_owned())
    );
    let (seconds, text) = give_up_at(&[open("a1", 0x100), open("b2", 0x200)]);
    assert_eq!(seconds, 30);
    assert_eq!(
        text,
        "no device with an open pairing window for this code was seen within 30 s; 2 with other codes were"
    );
    let closed = Commissionable {
        commissioning_mode: 0,
        ..open("a1", 0xf00)
    };
    assert_eq!(give_up_at(&[closed]).1, "the device announces itself, but its pairing window is not open");
    let mut held = search();
    held.hold_until(SECOND * 130);
    assert_eq!(held.decide(&[], SECOND * 60), Verdict::Wait(SECOND * 70));
}

#[test]
fn an_address_is_tried_at_once_and_after_a_crash_until_the_device_has_recovered() {
    let address = "[fd11:22::1]:5540".parse().unwrap();
    let closed = error(Step::Connect, CommissionFailure::WindowClosed);
    let mut alone = search();
    let candidate = tried(alone.decide_at(address, SECOND));
    assert_eq!(candidate.addresses, [address]);
    assert_eq!(alone.failed(&candidate, &closed, SECOND), None);
    let Verdict::GiveUp(failure) = alone.decide_at(address, SECOND) else {
        panic!()
    };
    assert_eq!(failure.name, "window-closed");
    let mut recovering = search();
    recovering.hold_until(SECOND * 20);
    let (mut now, mut tries) = (SECOND, 0);
    while now < SECOND * 20 {
        match recovering.decide_at(address, now) {
            Verdict::Try(candidate) => {
                tries += 1;
                recovering.failed(&candidate, &closed, now);
            }
            Verdict::Wait(time) => now += time,
            Verdict::GiveUp(failure) => panic!("{failure:?}"),
        }
    }
    assert_eq!(tries, 7);
    assert!(matches!(recovering.decide_at(address, now), Verdict::GiveUp(_)));
    // The same wrong code is not tried again, not even at a person's word.
    let mut refused = search();
    let candidate = tried(refused.decide_at(address, SECOND));
    refused.failed(&candidate, &error(Step::Connect, CommissionFailure::WrongCode), SECOND);
    let again = Search::new(TARGET, refused.tried.clone(), SECOND);
    let Verdict::GiveUp(failure) = again.decide_at(address, SECOND) else {
        panic!()
    };
    assert_eq!(failure.name, "wrong-code");
}

#[test]
fn what_the_code_says_of_maker_and_product_is_heeded() {
    let target = Target {
        discriminator: Discriminator::Long(0xf00),
        vendor_id: Some(0xfff1),
        product_id: Some(0x8000),
    };
    assert_eq!(target.subtype(), "_L3840._sub._matterc._udp.local.");
    assert_eq!(TARGET.subtype(), "_S15._sub._matterc._udp.local.");
    let other = Commissionable {
        product_id: Some(0x8001),
        ..open("a1", 0xf00)
    };
    let untold = Commissionable {
        vendor_id: None,
        product_id: Some(0),
        ..open("b2", 0xf00)
    };
    let told = open("c3", 0xf00);
    assert!(!target.matches(&other) && target.matches(&untold) && target.matches(&told));
    let search = Search::new(target, Tried::default(), Duration::ZERO);
    assert_eq!(tried(search.decide(&[other, untold, told], SECOND)).instance, "c3");
}

proptest! {
    /// However devices come, go and answer: each search ends, no device gets a wrong code twice, and none that does not match is tried.
    #[test]
    fn every_search_ends_and_wastes_no_attempt(
        devices in prop::collection::vec((0u16..8, prop::sample::select(&[0xf00u16, 0xf01, 0x100][..]), 0u8..3, 0usize..5), 0..8),
        steps in 1u64..8,
    ) {
        let seen: Vec<Commissionable> = devices
            .iter()
            .map(|(number, discriminator, mode, _)| Commissionable { commissioning_mode: *mode, ..open(&format!("{number:x}"), *discriminator) })
            .collect();
        let mut search = search();
        let mut refused = BTreeSet::new();
        let mut now = Duration::ZERO;
        for round in 0..1000 {
            prop_assert!(round < 999, "it does not end");
            match search.decide(&seen[..seen.len().min(round + 1)], now) {
                Verdict::Try(candidate) => {
                    let place = seen.iter().position(|found| found.instance == candidate.instance).unwrap();
                    prop_assert!(seen.iter().any(|found| found.instance == candidate.instance && found.discriminator >> 8 == 15 && found.commissioning_mode != 0));
                    prop_assert!(!refused.contains(&candidate.instance));
                    let failure = match devices[place].3 {
                        0 => CommissionFailure::NoAnswer(String::new()),
                        1 => CommissionFailure::Busy,
                        2 => CommissionFailure::WindowClosed,
                        _ => {
                            refused.insert(candidate.instance.clone());
                            CommissionFailure::WrongCode
                        }
                    };
                    prop_assert!(search.failed(&candidate, &error(Step::Connect, failure), now).is_none());
                    now += SECOND / 10;
                }
                Verdict::Wait(time) => now += time.min(SECOND * u32::try_from(steps).unwrap()),
                Verdict::GiveUp(_) => break,
            }
        }
    }
}
