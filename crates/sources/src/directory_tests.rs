use super::*;
use proptest::prelude::*;

fn peer(node: u64) -> MatterPeer {
    format!("2906C908D115D362-{node:016X}").parse().unwrap()
}

fn stranger(node: u64) -> MatterPeer {
    format!("00000000000000AA-{node:016X}").parse().unwrap()
}

fn located(addresses: &[&str]) -> Option<Located> {
    Some(Located {
        addresses: order(addresses.iter().map(|address| address.parse().unwrap()).collect()),
        idle_milliseconds: Some(500),
        ..Located::default()
    })
}

#[test]
fn addresses_are_in_the_order_in_which_they_are_worth_trying() {
    let order_of = |addresses: &[&str]| -> Vec<String> {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        order(addresses).iter().map(ToString::to_string).collect()
    };
    let all = [
        "192.0.2.7:5540",
        "[::1]:5540",
        "[fe80::1%3]:5540",
        "[2001:db8::7]:5540",
        "[fd00:1::7]:5540",
        "[fe80::1%2]:5540",
        "[fe80::1]:5540",
        "[::]:5540",
        "[ff02::1]:5540",
        "[fd00:1::7]:5540",
        "[fd00:1::8]:0",
    ];
    let expected = [
        "[fd00:1::7]:5540",
        "[2001:db8::7]:5540",
        "[fe80::1%2]:5540",
        "[fe80::1%3]:5540",
        "192.0.2.7:5540",
        "[::1]:5540",
    ];
    assert_eq!(order_of(&all), expected);
}

#[test]
fn changes_are_told_and_repetitions_are_not() {
    let directory = ServiceDirectory::new();
    let changed = directory.changed();
    let number = || *changed.borrow();
    assert_eq!((directory.operational(peer(1)), number()), (None, 0));
    directory.set_operational(peer(1), located(&["[fd00::1]:5540"]));
    directory.set_operational(peer(1), located(&["[fd00::1]:5540"]));
    assert_eq!((directory.operational(peer(1)), number()), (located(&["[fd00::1]:5540"]), 1));
    directory.set_operational(peer(1), located(&["[fd99::1]:5540"]));
    assert_eq!(
        (directory.operational(peer(1)), number()),
        (located(&["[fd99::1]:5540"]), 2),
        "the old address is gone"
    );
    directory.set_operational(peer(1), None);
    directory.set_operational(peer(1), None);
    assert_eq!((directory.operational(peer(1)), number()), (None, 3));
    let found = Commissionable {
        instance: "A".to_owned(),
        discriminator: 3840,
        ..Commissionable::default()
    };
    directory.set_commissionable("A", Some(found.clone()));
    assert_eq!((directory.commissionable(), number()), (vec![found], 4));
    directory.set_commissionable("A", None);
    assert_eq!((directory.commissionable(), number()), (vec![], 5));
}

#[test]
fn who_was_announced_anew_or_elsewhere_is_told_by_number() {
    let directory = ServiceDirectory::new();
    for node in 1..=3 {
        directory.set_operational(peer(node), located(&["[fd00::1]:5540"]));
    }
    directory.set_operational(stranger(9), located(&["[fd00::9]:5540"]));
    let (all, number) = directory.announced_since(peer(1).fabric, 0);
    assert_eq!((all, number), (vec![peer(1), peer(2), peer(3)], 4));
    directory.set_operational(peer(1), located(&["[fd00::1]:5540"]));
    directory.set_operational(peer(2), located(&["[fd99::2]:5540"]));
    directory.set_operational(peer(3), None);
    assert_eq!(directory.announced_since(peer(1).fabric, number), (vec![peer(2)], 6));
    assert_eq!(directory.announced_since(peer(1).fabric, 6), (vec![], 6));
}

#[test]
fn what_is_not_resolved_again_after_a_doubt_is_forgotten() {
    let directory = ServiceDirectory::new();
    for node in 1..=2 {
        directory.set_operational(peer(node), located(&["[fd00::1]:5540"]));
    }
    directory.set_commissionable("A", Some(Commissionable::default()));
    directory.doubt(Some("_matter._tcp.local."));
    assert!(directory.operational(peer(1)).is_some(), "doubt is no removal");
    directory.set_operational(peer(2), located(&["[fd00::1]:5540"]));
    directory.forget_doubtful();
    assert!(directory.operational(peer(1)).is_none());
    assert!(directory.operational(peer(2)).is_some());
    assert_eq!(directory.commissionable().len(), 1, "only operational nodes were in doubt");
    directory.doubt(Some("_matterc._udp.local."));
    directory.forget_doubtful();
    assert!(directory.commissionable().is_empty());
}

#[test]
fn a_type_is_wanted_while_somebody_holds_it() {
    let directory = ServiceDirectory::new();
    let wishes = directory.wishes_changed();
    let type_a = "_L3840._sub._matterc._udp.local.";
    let held = |directory: &ServiceDirectory| -> Vec<(String, bool)> {
        directory
            .take_wishes()
            .into_iter()
            .map(|(service, is_held, _)| (service, is_held))
            .collect()
    };
    let first = directory.want(type_a);
    let second = directory.clone().want(type_a);
    assert_eq!(held(&directory), [(type_a.to_owned(), true)]);
    drop(first);
    assert_eq!(held(&directory), [(type_a.to_owned(), true)]);
    drop(second);
    assert!(wishes.has_changed().unwrap());
    assert_eq!(held(&directory), [(type_a.to_owned(), false)]);
    assert_eq!(held(&directory), []);
}

#[test]
fn each_wish_for_an_answer_has_a_number_of_its_own() {
    let directory = ServiceDirectory::new();
    let mut numbers = Vec::new();
    for _ in 0..3 {
        directory.ask_again("_matter._tcp.local.");
        numbers.extend(directory.take_wishes().into_iter().map(|(_, is_held, number)| (is_held, number)));
    }
    assert_eq!(numbers, [(false, 1), (false, 2), (false, 3)]);
}

#[test]
fn what_is_no_service_type_is_not_wanted() {
    let directory = ServiceDirectory::new();
    let long = format!("_{}._tcp.local.", "x".repeat(300));
    for text in [
        "",
        "_matter._tcp",
        "matter._tcp.local.",
        "_._tcp.local",
        "._tcp.local.",
        "x",
        long.as_str(),
    ] {
        drop(directory.want(text));
        directory.ask_again(text);
    }
    assert_eq!(directory.take_wishes(), []);
    let guards: Vec<Wanted> = (0..MAX_WANTED + 9)
        .map(|number| directory.want(&format!("_x{number}._tcp.local.")))
        .collect();
    assert_eq!(directory.take_wishes().len(), MAX_WANTED);
    drop(guards);
}

#[test]
fn the_names_of_subtypes_are_those_of_the_specification() {
    let fabric = peer(1).fabric;
    assert_eq!(fabric_subtype(fabric), "_I2906C908D115D362._sub._matter._tcp.local.");
    assert_eq!(long_discriminator_subtype(840), "_L840._sub._matterc._udp.local.");
    assert_eq!(short_discriminator_subtype(3), "_S3._sub._matterc._udp.local.");
}

#[test]
fn a_lan_full_of_strangers_leaves_room_for_our_own() {
    let directory = ServiceDirectory::new();
    for node in 0..MAX_OPERATIONAL as u64 + 5 {
        directory.set_operational(stranger(node), located(&["[fd00::1]:5540"]));
    }
    assert!(directory.operational(stranger(MAX_OPERATIONAL as u64)).is_none());
    directory.set_operational(peer(1), located(&["[fd00::1]:5540"]));
    assert!(directory.operational(peer(1)).is_none(), "nobody wants this fabric yet");
    let wanted = directory.want(&fabric_subtype(peer(1).fabric));
    directory.set_operational(peer(1), located(&["[fd00::1]:5540"]));
    assert!(directory.operational(peer(1)).is_some());
    let (strangers, _) = directory.announced_since(stranger(0).fabric, 0);
    assert_eq!(strangers.len(), MAX_OPERATIONAL - 1);
    drop(wanted);
}

proptest! {
    #[test]
    fn ordered_addresses_are_usable_bounded_and_stable(addresses in prop::collection::vec((any::<[u8; 16]>(), any::<u16>(), 0u32..4), 0..40)) {
        let addresses: Vec<SocketAddr> = addresses
            .into_iter()
            .map(|(bytes, port, scope)| std::net::SocketAddrV6::new(bytes.into(), port, 0, scope).into())
            .collect();
        let mut backwards = addresses.clone();
        backwards.reverse();
        let ordered = order(addresses);
        prop_assert!(ordered.len() <= MAX_ADDRESSES);
        prop_assert_eq!(&order(backwards), &ordered);
        prop_assert_eq!(order(ordered.clone()), ordered);
    }
}

#[test]
fn a_border_agents_two_services_are_one_agent_and_each_is_withdrawn_by_itself() {
    let directory = ServiceDirectory::new();
    let record = weft_model::BorderAgentRecord {
        network_name: Some("Home".to_owned()),
        ..Default::default()
    };
    let announced = |address: &str, record| AnnouncedAgent {
        host: Some("hall.local".to_owned()),
        addresses: vec![address.parse().unwrap()],
        record,
    };
    let lasting = announced("[fe80::1%2]:49154", record.clone());
    let passcode = announced("[fe80::1%2]:50000", Default::default());
    directory.set_border_agent("Hall", AgentService::Passcode, Some(passcode.clone()));
    let agent = directory.border_agents().remove(0);
    assert_eq!((agent.addresses.len(), agent.passcode_addresses.len()), (0, 1));
    directory.set_border_agent("Hall", AgentService::Lasting, Some(lasting.clone()));
    let expected = BorderAgent {
        instance: "Hall".to_owned(),
        host: Some("hall.local".to_owned()),
        addresses: lasting.addresses.clone(),
        passcode_addresses: passcode.addresses.clone(),
        record,
    };
    assert_eq!(directory.border_agents(), std::slice::from_ref(&expected));
    let number = *directory.changed().borrow();
    directory.set_border_agent("Hall", AgentService::Lasting, Some(lasting.clone()));
    assert_eq!(*directory.changed().borrow(), number, "a repetition is no change");
    directory.doubt(Some("_matterc._udp.local."));
    directory.forget_doubtful();
    assert_eq!(directory.border_agents(), [expected], "another type was in doubt");
    directory.doubt(Some("_meshcop-e._udp.local."));
    directory.forget_doubtful();
    assert_eq!(directory.border_agents()[0].passcode_addresses, []);
    assert_eq!(directory.border_agents()[0].addresses, lasting.addresses);
    directory.set_border_agent("Hall", AgentService::Lasting, None);
    assert_eq!(directory.border_agents(), []);
    for number in 0..=MAX_BORDER_AGENTS {
        directory.set_border_agent(&number.to_string(), AgentService::Lasting, Some(lasting.clone()));
    }
    assert_eq!(directory.border_agents().len(), MAX_BORDER_AGENTS);
}
