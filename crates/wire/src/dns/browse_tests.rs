//! Announcements, changes, goodbyes and expiry, from recorded and made-up messages.

use super::super::packet::{parse, write};
use super::super::vectors;
use super::*;
use proptest::prelude::*;
use std::net::Ipv6Addr;

const INSTANCE: &str = "Eve Door._hap._udp.local.";

fn name(text: &str) -> Name {
    Name::from_text(text).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_milliseconds(1_795_263_375_000).plus_seconds(seconds)
}

fn record(owner: &str, ttl_seconds: u32, cache_flush: bool, data: RecordData) -> Record {
    Record {
        section: Section::Answer,
        name: name(owner),
        class: CLASS_INTERNET,
        cache_flush,
        ttl_seconds,
        data,
    }
}

fn pointer(ttl_seconds: u32) -> Record {
    record("_hap._udp.local.", ttl_seconds, false, RecordData::Ptr(name(INSTANCE)))
}

fn server(host: &str) -> Record {
    record(
        INSTANCE,
        120,
        true,
        RecordData::Srv {
            priority: 0,
            weight: 0,
            port: 5683,
            target: name(host),
        },
    )
}

fn text(strings: &[&str]) -> Record {
    record(
        INSTANCE,
        4500,
        true,
        RecordData::Txt(strings.iter().map(|string| string.as_bytes().to_vec()).collect()),
    )
}

fn address(text: &str, ttl_seconds: u32, cache_flush: bool) -> Record {
    record("eve.local.", ttl_seconds, cache_flush, RecordData::Aaaa(text.parse().unwrap()))
}

fn response(records: Vec<Record>) -> Message {
    Message {
        flags: 0x8400,
        records,
        ..Message::default()
    }
}

/// Addresses of the single resolved event.
fn addresses(events: &[ServiceEvent]) -> Vec<String> {
    match events {
        [ServiceEvent::Resolved { addresses, .. }] => addresses.iter().map(ToString::to_string).collect(),
        other => panic!("one resolved service expected, got {other:?}"),
    }
}

fn removed() -> ServiceEvent {
    ServiceEvent::Removed {
        service: "_hap._udp.local.".into(),
        instance: "Eve Door".into(),
    }
}

/// A state that has heard the door with one address.
fn resolved() -> ServiceEvents {
    let mut services = ServiceEvents::new();
    let message = response(vec![
        pointer(4500),
        server("Eve.local."),
        text(&["md=Door"]),
        address("fd00::1", 120, true),
    ]);
    let events = services.apply(at(0), &message);
    assert_eq!(
        events,
        [ServiceEvent::Resolved {
            service: "_hap._udp.local.".into(),
            instance: "Eve Door".into(),
            host: Some("Eve.local.".into()),
            port: Some(5683),
            addresses: vec!["fd00::1".parse().unwrap()],
            txt: vec![("md".into(), Some(b"Door".to_vec()))],
            ttl_seconds: 4500,
        }]
    );
    assert_eq!(services.apply(at(1), &message), []);
    services
}

#[test]
fn a_recorded_answer_resolves_a_border_router() {
    let mut services = ServiceEvents::new();
    let events = services.apply(at(0), &parse(&vectors::bytes(vectors::BORDER_AGENT)).unwrap());
    let [
        ServiceEvent::Resolved {
            service,
            instance,
            host,
            port,
            addresses,
            txt,
            ..
        },
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (service.as_str(), instance.as_str()),
        ("_meshcop._udp.local.", "OpenThread BorderRouter #C4AE")
    );
    assert_eq!((host.as_deref(), *port), (Some("ot5616f19227d2c4ae.local."), Some(0xc002)));
    assert_eq!(
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.77.0.1", "fe80::d018:88ff:fe71:67e6"]
    );
    assert_eq!(txt.len(), 15);
    assert_eq!(txt[2], ("sb".to_owned(), Some(vec![0, 0, 0x1f, 0xb1])));
}

#[test]
fn a_recorded_matter_announcement_names_its_type_once() {
    let mut services = ServiceEvents::new();
    let message = parse(&vectors::bytes(vectors::MATTER)).unwrap();
    let events = services.apply(at(0), &message);
    assert_eq!(
        events[0],
        ServiceEvent::ServiceType {
            service: "_matter._tcp.local.".into()
        }
    );
    assert!(matches!(&events[1], ServiceEvent::Resolved { instance, .. } if instance == "C262E738648869A2-000000000000000E"));
    assert_eq!(events.len(), 2);
    assert_eq!(services.service_types().collect::<Vec<_>>(), ["_matter._tcp.local."]);
    assert_eq!(services.apply(at(1), &message), []);
}

#[test]
fn known_answers_in_a_question_announce_nothing() {
    let mut services = ServiceEvents::new();
    assert_eq!(services.apply(at(0), &parse(&vectors::bytes(vectors::QUERY)).unwrap()), []);
    let probe = Message {
        flags: 0,
        ..response(vec![pointer(4500), server("eve.local."), text(&[])])
    };
    assert_eq!(services.apply(at(0), &probe), []);
    assert!(services.is_empty());
}

#[test]
fn addresses_trickle_in_and_only_changes_are_told() {
    let mut services = resolved();
    assert_eq!(
        addresses(&services.apply(at(5), &response(vec![address("fd00::2", 120, false)]))),
        ["fd00::1", "fd00::2"]
    );
    assert_eq!(services.apply(at(6), &response(vec![address("fd00::2", 120, false)])), []);
    assert_eq!(
        addresses(&services.apply(at(7), &response(vec![address("fd00::1", 0, false)]))),
        ["fd00::2"]
    );
}

#[test]
fn an_address_that_was_known_before_the_service_is_used() {
    let mut services = ServiceEvents::new();
    assert_eq!(services.apply(at(0), &response(vec![address("fd00::1", 120, true)])), []);
    assert_eq!(addresses(&services.apply(at(0), &response(vec![server("EVE.local.")]))), ["fd00::1"]);
}

#[test]
fn a_flush_voids_older_addresses_but_not_those_of_the_same_announcement() {
    let mut services = resolved();
    services.apply(at(1), &response(vec![address("fd00::2", 120, false)]));
    let both = response(vec![address("fd00::3", 120, true), address("fd00::4", 120, true)]);
    assert_eq!(addresses(&services.apply(at(10), &both)), ["fd00::3", "fd00::4"]);
    assert_eq!(services.apply(at(12), &both), []);
    let more = response(vec![address("fd00::5", 120, true)]);
    assert_eq!(addresses(&services.apply(at(13), &more)), ["fd00::3", "fd00::4", "fd00::5"]);
}

#[test]
fn an_address_that_ran_out_goes_when_a_newer_one_is_heard() {
    let mut services = resolved();
    assert_eq!(services.expire(at(200)), []);
    assert_eq!(
        addresses(&services.apply(at(200), &response(vec![address("fd00::9", 120, false)]))),
        ["fd00::9"]
    );
}

#[test]
fn a_changed_txt_record_or_host_is_told() {
    let mut services = resolved();
    let events = services.apply(at(2), &response(vec![text(&["md=Door", "s#=2"])]));
    assert!(matches!(&events[..], [ServiceEvent::Resolved { txt, addresses, .. }] if txt.len() == 2 && addresses.len() == 1));
    assert_eq!(addresses(&services.apply(at(3), &response(vec![server("other.local.")]))), [""; 0]);
    // The old host's addresses are no longer the door's.
    assert_eq!(services.apply(at(4), &response(vec![address("fd00::7", 120, false)])), []);
}

#[test]
fn a_goodbye_removes_and_a_return_resolves_again() {
    let mut services = resolved();
    assert_eq!(services.apply(at(10), &response(vec![pointer(0)])), [removed()]);
    assert_eq!(services.apply(at(11), &response(vec![pointer(0)])), []);
    assert!(services.is_empty());
    let back = response(vec![pointer(4500), server("eve.local."), text(&["md=Door"])]);
    assert_eq!(addresses(&services.apply(at(12), &back)), ["fd00::1"]);
    let leaving = Record {
        ttl_seconds: 0,
        ..server("eve.local.")
    };
    assert_eq!(services.apply(at(13), &response(vec![leaving])), [removed()]);
}

#[test]
fn a_goodbye_and_a_return_in_one_message_is_a_return() {
    let mut services = resolved();
    let events = services.apply(at(10), &response(vec![pointer(0), pointer(4500), server("eve.local.")]));
    assert!(matches!(events[..], [ServiceEvent::Resolved { .. }]), "{events:?}");
}

#[test]
fn a_goodbye_and_a_bare_name_in_one_message_is_a_goodbye() {
    let mut services = resolved();
    let leaving = Record {
        ttl_seconds: 0,
        ..server("eve.local.")
    };
    assert_eq!(services.apply(at(10), &response(vec![leaving, pointer(4500)])), [removed()]);
    assert_eq!(services.apply(at(11), &response(vec![pointer(0)])), []);
}

#[test]
fn a_goodbye_of_a_subtype_is_none_of_the_instance() {
    let mut services = resolved();
    let subtype = record("_CM._sub._hap._udp.local.", 0, false, RecordData::Ptr(name(INSTANCE)));
    assert_eq!(services.apply(at(10), &response(vec![subtype])), []);
    assert_eq!(services.len(), 1);
}

#[test]
fn an_instance_lives_as_long_as_its_longest_record() {
    let mut services = resolved();
    assert_eq!(services.expire(at(4500)), []);
    assert_eq!(services.expire(at(4501)), [removed()]);
    assert_eq!(services.expire(at(9999)), []);
    assert!(
        services.is_empty()
            && services.hosts.is_empty()
            && services.heard.is_empty()
            && services.served.is_empty()
            && services.hosts_heard.is_empty()
    );
}

#[test]
fn a_service_that_is_heard_again_is_told_again_after_half_of_its_time() {
    let mut services = resolved();
    assert_eq!(services.apply(at(2249), &response(vec![pointer(4500)])), []);
    assert!(matches!(
        services.apply(at(2250), &response(vec![pointer(4500)]))[..],
        [ServiceEvent::Resolved { .. }]
    ));
    assert_eq!(services.apply(at(2251), &response(vec![pointer(4500)])), []);
    assert_eq!(services.expire(at(6000)), []);
}

#[test]
fn an_instance_with_dots_spaces_and_umlauts_keeps_its_name() {
    let owner = r"Küche 1\.OG \\ links._hap._udp.local.";
    let text = record(owner, 4500, true, RecordData::Txt(vec![Vec::new()]));
    let message = parse(&write(&response(vec![text]))).unwrap();
    let events = ServiceEvents::new().apply(at(0), &message);
    let [
        ServiceEvent::Resolved {
            service,
            instance,
            host: None,
            port: None,
            txt,
            ..
        },
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (service.as_str(), instance.as_str(), txt.len()),
        ("_hap._udp.local.", r"Küche 1\.OG \\ links", 0)
    );
    let (decoded, problems) = super::super::decode_service(service, instance, None, None, &[], txt);
    assert_eq!((decoded.instance.as_str(), problems.len()), (r"Küche 1.OG \ links", 0));
}

#[test]
fn names_compare_without_regard_to_case() {
    let mut services = resolved();
    let louder = record("EVE DOOR._HAP._UDP.LOCAL.", 4500, true, RecordData::Txt(vec![b"md=Door".to_vec()]));
    assert_eq!(services.apply(at(2), &response(vec![louder])), []);
    assert_eq!(services.len(), 1);
}

#[test]
fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
    let mut services = ServiceEvents::new();
    let instance = |index: usize| format!("i{index}._hap._udp.local.");
    for index in 0..MAX_INSTANCES + 10 {
        let host = format!("h{index}.local.");
        let records = vec![
            record(
                &instance(index),
                120,
                true,
                RecordData::Srv {
                    priority: 0,
                    weight: 0,
                    port: 1,
                    target: name(&host),
                },
            ),
            record(&host, 120, true, RecordData::Aaaa(Ipv6Addr::LOCALHOST)),
        ];
        services.apply(at(index as i64 / 1000), &response(records));
    }
    assert_eq!(
        (services.len(), services.heard.len(), services.served.len()),
        (MAX_INSTANCES, MAX_INSTANCES, MAX_INSTANCES)
    );
    assert_eq!((services.hosts.len(), services.hosts_heard.len()), (MAX_HOSTS, MAX_HOSTS));
    assert!(!services.instances.contains_key(&name(&instance(9))) && services.instances.contains_key(&name(&instance(10))));
    for last in 0..200_u16 {
        let address = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last);
        services.apply(at(20), &response(vec![record("h99.local.", 120, false, RecordData::Aaaa(address))]));
    }
    assert_eq!(services.hosts[&name("h99.local.")].addresses.len(), MAX_ADDRESSES_PER_HOST);
    let long = record(INSTANCE, 120, true, RecordData::Txt(vec![vec![b'x'; 255]; 100]));
    let events = services.apply(at(20), &response(vec![long]));
    assert!(matches!(&events[..], [ServiceEvent::Resolved { txt, .. }] if txt.len() == MAX_TXT_BYTES / 256));
}

fn some_records() -> impl Strategy<Value = Record> {
    let instance = prop::sample::select(&["A._hap._udp.local.", "b._hap._udp.local.", "C._meshcop._udp.local."][..]);
    let host = prop::sample::select(&["x.local.", "Y.local."][..]);
    let owner = prop::sample::select(&["_hap._udp.local.", "_meshcop._udp.local.", SERVICE_TYPE_ENUMERATION][..]);
    let ttl = prop::sample::select(&[0, 1, 120, 4500, u32::MAX][..]);
    let kind = prop_oneof![
        (owner, instance.clone()).prop_map(|(owner, target)| (owner, RecordData::Ptr(name(target)))),
        (instance.clone(), host.clone()).prop_map(|(owner, target)| (
            owner,
            RecordData::Srv {
                priority: 0,
                weight: 0,
                port: 1,
                target: name(target)
            }
        )),
        (instance, 0..3_u8).prop_map(|(owner, value)| (owner, RecordData::Txt(vec![vec![b'k', b'=', value]]))),
        (host, 0..4_u8).prop_map(|(owner, last)| (owner, RecordData::A([10, 0, 0, last].into()))),
    ];
    (kind, ttl, any::<bool>()).prop_map(|((owner, data), ttl_seconds, cache_flush)| record(owner, ttl_seconds, cache_flush, data))
}

proptest! {
    #[test]
    fn indexes_agree_and_events_alternate(steps in prop::collection::vec((0..3000_i64, prop::collection::vec(some_records(), 0..6)), 0..30)) {
        let mut services = ServiceEvents::new();
        let mut present = BTreeSet::new();
        let mut now = 0;
        for (pause, records) in steps {
            now += pause;
            let mut events = services.expire(at(now));
            events.extend(services.apply(at(now), &response(records)));
            for event in events {
                match event {
                    ServiceEvent::Resolved { service, instance, .. } => { present.insert((service, instance)); }
                    ServiceEvent::Removed { service, instance } => prop_assert!(present.remove(&(service, instance)), "removed what was not there"),
                    ServiceEvent::ServiceType { .. } => {}
                }
            }
            prop_assert_eq!(services.heard.len(), services.instances.len());
            prop_assert_eq!(services.hosts_heard.len(), services.hosts.len());
            for (key, instance) in &services.instances {
                prop_assert_eq!(&services.heard[&instance.order], key);
                prop_assert!(instance.server.as_ref().is_none_or(|(server, _)| services.served[&server.host].contains(key)));
                prop_assert!(services.next_expiry <= instance.expires());
            }
            prop_assert!(services.served.values().flatten().all(|key| services.instances[key].server.is_some()));
        }
        let told = services.instances.values().filter(|instance| instance.told.is_some()).count();
        prop_assert_eq!(present.len(), told);
        services.expire(Timestamp::MAX);
        prop_assert!(services.is_empty());
    }

    #[test]
    fn arbitrary_packets_never_panic(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8)) {
        let mut services = ServiceEvents::new();
        for (index, packet) in packets.iter().enumerate() {
            if let Ok(message) = parse(packet) {
                services.apply(at(index as i64), &message);
            }
        }
        services.expire(at(i64::from(u32::MAX)));
    }
}
