use super::*;

const MESHCOP: &str = "_meshcop._udp.local.";
const ESPHOME: &str = "_esphomelib._tcp.local.";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn key(service: &str, instance: &str) -> Key {
    (service.to_owned(), instance.to_owned())
}

fn registration(addresses: &[&str]) -> Registration {
    Registration {
        host: Some("hall.local.".to_owned()),
        port: Some(49154),
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
        routable: addresses.iter().filter_map(|address| address.parse().ok()).collect(),
        txt: vec![("xp".to_owned(), Some("dead00beef00cafe".to_owned())), ("flag".to_owned(), None)],
        omr_prefix: None,
    }
}

/// What is stated, as `+instance addresses` and `-instance`.
fn told(instances: &mut Instances, now: Duration) -> Vec<String> {
    let line = |body| match body {
        CaptureBody::Mdns(MdnsCapture::Resolved { instance, addresses, .. }) => format!("+{instance} {}", addresses.join(" ")).trim_end().to_owned(),
        CaptureBody::Mdns(MdnsCapture::Removed { instance, .. }) => format!("-{instance}"),
        other => panic!("{other:?}"),
    };
    instances.due(now).into_iter().map(line).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn addresses_that_trickle_in_are_stated_once_and_repetitions_not_at_all() {
    let mut instances = Instances::default();
    instances.resolved(key(MESHCOP, "hall"), registration(&["192.0.2.1"]), seconds(1));
    instances.resolved(
        key(MESHCOP, "hall"),
        registration(&["192.0.2.1", "fe80::1%eth0"]),
        seconds(1) + Duration::from_millis(90),
    );
    assert_eq!(instances.next_due(), Some(seconds(1) + SETTLE), "the first change sets the time");
    assert_eq!(told(&mut instances, seconds(1)), NOTHING);
    assert_eq!(told(&mut instances, seconds(2)), ["+hall 192.0.2.1 fe80::1%eth0"]);
    for second in 3..20 {
        instances.resolved(key(MESHCOP, "hall"), registration(&["192.0.2.1", "fe80::1%eth0"]), seconds(second));
        assert_eq!(told(&mut instances, seconds(second)), NOTHING);
    }
    instances.resolved(key(MESHCOP, "hall"), registration(&["192.0.2.7"]), seconds(20));
    assert_eq!(told(&mut instances, seconds(21)), ["+hall 192.0.2.7"]);
}

#[test]
fn what_stands_is_stated_again_every_twenty_minutes() {
    let mut instances = Instances::default();
    instances.resolved(key(MESHCOP, "hall"), registration(&[]), seconds(0));
    let count = (1..3 * 3600).map(|second| told(&mut instances, seconds(second)).len()).sum::<usize>();
    assert_eq!(count, 9);
}

#[test]
fn a_goodbye_is_stated_and_a_hiccup_is_not() {
    let mut instances = Instances::default();
    instances.resolved(key(MESHCOP, "hall"), registration(&[]), seconds(1));
    assert_eq!(told(&mut instances, seconds(2)), ["+hall"]);
    instances.removed(&key(MESHCOP, "hall"), seconds(10));
    instances.resolved(key(MESHCOP, "hall"), registration(&[]), seconds(10));
    assert_eq!(told(&mut instances, seconds(15)), ["+hall"], "it was away: said anew");
    instances.removed(&key(MESHCOP, "hall"), seconds(20));
    assert_eq!(told(&mut instances, seconds(22)), ["-hall"]);
    assert_eq!((told(&mut instances, seconds(9999)), instances.next_due()), (vec![], None));
    // Never stated, never withdrawn.
    instances.resolved(key(MESHCOP, "porch"), registration(&[]), seconds(30));
    instances.removed(&key(MESHCOP, "porch"), seconds(30));
    assert_eq!(told(&mut instances, seconds(40)), NOTHING);
}

#[test]
fn an_interface_that_goes_takes_nothing_with_it() {
    for removed_first in [true, false] {
        let mut instances = Instances::default();
        for name in ["hall", "porch"] {
            instances.resolved(key(MESHCOP, name), registration(&[]), seconds(1));
        }
        assert_eq!(told(&mut instances, seconds(2)).len(), 2);
        if removed_first {
            instances.removed(&key(MESHCOP, "hall"), seconds(100));
            instances.could_not_hear(seconds(100), seconds(1));
        } else {
            instances.could_not_hear(seconds(100), seconds(1));
            instances.removed(&key(MESHCOP, "hall"), seconds(100));
        }
        assert_eq!(told(&mut instances, seconds(200)), NOTHING);
        assert_eq!(told(&mut instances, seconds(1300)), ["+porch"], "nobody vouches for the other any more");
        // It comes back in part, then as it was.
        instances.resolved(key(MESHCOP, "hall"), registration(&["192.0.2.1"]), seconds(1400));
        instances.resolved(key(MESHCOP, "hall"), registration(&[]), seconds(1400));
        assert_eq!(told(&mut instances, seconds(1401)), ["+hall"]);
        // A later goodbye is one.
        instances.removed(&key(MESHCOP, "hall"), seconds(1500));
        assert_eq!(told(&mut instances, seconds(1502)), ["-hall"]);
    }
}

#[test]
fn after_a_closed_receiver_only_what_is_resolved_again_stands() {
    let mut instances = Instances::default();
    for name in ["hall", "porch"] {
        instances.resolved(key(MESHCOP, name), registration(&[]), seconds(1));
    }
    assert_eq!(told(&mut instances, seconds(2)).len(), 2);
    instances.reopened(MESHCOP);
    instances.resolved(key(MESHCOP, "hall"), registration(&[]), seconds(3));
    assert_eq!(told(&mut instances, seconds(4)), ["+hall"]);
    let later: Vec<String> = (5..4000).flat_map(|second| told(&mut instances, seconds(second))).collect();
    assert_eq!(later, ["+hall"; 3]);
}

#[test]
fn of_other_types_only_what_is_on_thread_is_stated() {
    let mut instances = Instances::default();
    instances.service_type(ESPHOME);
    instances.resolved(key(ESPHOME, "on thread"), registration(&["fd12:3456:789a:1::7"]), seconds(1));
    instances.resolved(key(ESPHOME, "on wi-fi"), registration(&["192.0.2.9", "fd12:3456:789a:2::9"]), seconds(1));
    assert_eq!(told(&mut instances, seconds(2)), ["+_esphomelib._tcp.local."]);
    let border_router = Registration {
        omr_prefix: Ipv6Prefix::new("fd12:3456:789a:1::".parse().unwrap(), 64),
        ..registration(&[])
    };
    instances.resolved(key(MESHCOP, "hall"), border_router, seconds(3));
    assert_eq!(told(&mut instances, seconds(4)), ["+on thread fd12:3456:789a:1::7", "+hall"]);
    instances.removed(&key(ESPHOME, "on wi-fi"), seconds(5));
    instances.removed(&key(ESPHOME, "on thread"), seconds(5));
    assert_eq!(told(&mut instances, seconds(7)), ["-on thread"]);
}

#[test]
fn ten_thousand_and_no_more() {
    let mut instances = Instances::default();
    for number in 0..MAX_INSTANCES + 50 {
        instances.resolved(key(MESHCOP, &number.to_string()), registration(&[]), seconds(1));
    }
    assert_eq!(instances.left_out(), 50);
    assert_eq!(told(&mut instances, seconds(2)).len(), MAX_INSTANCES);
    instances.removed(&key(MESHCOP, "7"), seconds(3));
    instances.could_not_hear(seconds(3), seconds(1));
    instances.resolved(key(MESHCOP, "in its place"), registration(&[]), seconds(5));
    assert_eq!(told(&mut instances, seconds(6)), ["+in its place"]);
}
