use super::machine::kind_by_name;
use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use weft_model::NetworkToReach;

/// As Linux writes it on a machine with a border router behind eth0, and a default route that refuses.
const ROUTES: &str = "\
fd4bdff1338f00010000000000000000 40 00000000000000000000000000000000 00 fe800000000000000000000000000b02 00000400 00000001 00000000 00000003     eth0
fd000000000000050000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
20000000000000000000000000000000 03 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     wlan0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
";

fn interface(name: &str, kind: InterfaceKind, addresses: &[&str]) -> Interface {
    let addresses = addresses.iter().map(|text| {
        let (address, length) = text.split_once('/').unwrap();
        (address.parse().unwrap(), length.parse().unwrap())
    });
    Interface {
        name: name.into(),
        kind,
        up: true,
        multicast: kind != InterfaceKind::Vpn,
        point_to_point: kind == InterfaceKind::Vpn,
        is_container_end: false,
        addresses: addresses.collect(),
    }
}

fn machine() -> Machine {
    let settings = Ipv6Settings {
        disabled: Some(false),
        accept_ra: Some(1),
        longest_route: Some(64),
        forwarding: Some(false),
    };
    Machine {
        interfaces: vec![interface("eth0", InterfaceKind::Ethernet, &["192.0.2.1/24", "fe80::1/64"])],
        routes: Some(linux::routes(ROUTES)),
        default_ipv4: Some(BTreeSet::from(["eth0".to_owned()])),
        ipv6: BTreeMap::from([("eth0".to_owned(), settings)]),
        mdns_groups: Some(BTreeSet::from(["eth0".to_owned()])),
        mdns_sockets: Some(2),
        now: Some("2026-11-20T12:00:00Z".parse().unwrap()),
        ..Machine::default()
    }
}

fn question(prefix: &str) -> NetworkQuestion {
    NetworkQuestion {
        networks: vec![NetworkToReach {
            name: "Home".into(),
            omr_prefixes: vec![prefix.parse().unwrap()],
            border_routers: BTreeMap::from([("fe80::b02".parse().unwrap(), "Porch hub".to_owned())]),
        }],
        mdns: Some(MdnsState {
            listening: true,
            announcements: 12,
            by_interface: BTreeMap::from([("eth0".to_owned(), 12)]),
            ..MdnsState::default()
        }),
    }
}

#[track_caller]
fn result(machine: &Machine, question: &NetworkQuestion, id: &str) -> (CheckResult, String, String) {
    let report = evaluate(machine, question);
    let check = report.checks.into_iter().find(|check| check.id == id).unwrap();
    (check.result, check.seen, check.advice.unwrap_or_default())
}

#[test]
fn a_machine_where_all_is_well_has_no_problem() {
    let report = evaluate(&machine(), &question("fd4b:dff1:338f:1::/64"));
    let not_good: Vec<_> = report.checks.iter().filter(|check| check.result != CheckResult::Good).collect();
    assert!(not_good.is_empty(), "{not_good:#?}");
    assert_eq!((report.interfaces[0].listening, report.interfaces[0].answers), (true, Some(12)));
}

#[test]
fn a_route_is_told_with_the_border_router_that_it_leads_over() {
    let seen = |prefix: &str| {
        let (result, seen, _) = result(&machine(), &question(prefix), "omr-routes");
        (result, seen)
    };
    assert_eq!(
        seen("fd4b:dff1:338f:1::/64"),
        (
            CheckResult::Good,
            "Packets to fd4b:dff1:338f:1::/64 go over eth0 by Porch hub (fe80::b02).".into()
        )
    );
    assert_eq!(seen("fd00:0:0:5::/64").1, "Packets to fd00:0:0:5::/64 go over eth0, on the link.");
    assert_eq!(seen("fd00:0:0:6::/64").0, CheckResult::Problem);
    // A global prefix is under the provider's half of the internet, and that is the default route.
    assert_eq!(seen("2001:db8::/64").0, CheckResult::Warning);
}

#[test]
fn what_keeps_the_route_out_is_in_the_advice() {
    for (change, words) in [
        (
            Ipv6Settings {
                accept_ra: Some(0),
                ..Ipv6Settings::default()
            },
            "accept_ra is 0",
        ),
        (
            Ipv6Settings {
                accept_ra: Some(1),
                forwarding: Some(true),
                ..Ipv6Settings::default()
            },
            "the machine forwards",
        ),
        (
            Ipv6Settings {
                accept_ra: Some(1),
                longest_route: Some(0),
                ..Ipv6Settings::default()
            },
            "accept_ra_rt_info_max_plen is 0",
        ),
        (
            Ipv6Settings {
                disabled: Some(true),
                ..Ipv6Settings::default()
            },
            "IPv6 is off",
        ),
        (
            Ipv6Settings {
                accept_ra: Some(2),
                forwarding: Some(true),
                longest_route: Some(64),
                ..Ipv6Settings::default()
            },
            "Nothing in this machine's settings blocks them",
        ),
    ] {
        let machine = Machine {
            ipv6: BTreeMap::from([("eth0".to_owned(), change)]),
            ..machine()
        };
        let (_, _, advice) = result(&machine, &question("fd00:0:0:6::/64"), "omr-routes");
        assert!(advice.contains(words), "{change:?}: {advice}");
    }
}

#[test]
fn a_vpn_that_takes_all_is_a_warning_and_one_with_the_meshs_prefix_a_problem() {
    let tunnel = interface("wg0", InterfaceKind::Vpn, &["10.0.0.2/32"]);
    let mut machine = machine();
    machine.interfaces.push(tunnel);
    assert_eq!(result(&machine, &question("fd00:0:0:5::/64"), "vpn").0, CheckResult::Good);
    machine.default_ipv4 = Some(BTreeSet::from(["wg0".to_owned()]));
    assert_eq!(result(&machine, &question("fd00:0:0:5::/64"), "vpn").0, CheckResult::Warning);
    let routes = machine.routes.as_mut().unwrap();
    routes.iter_mut().for_each(|route| route.interface = "wg0".into());
    let (result, seen, _) = result(&machine, &question("fd00:0:0:5::/64"), "omr-routes");
    assert_eq!((result, seen.contains("into the VPN wg0")), (CheckResult::Problem, true), "{seen}");
}

#[test]
fn a_container_behind_a_bridge_does_not_hear_and_one_on_the_host_does() {
    let mut machine = machine();
    machine.container = Some(Container { made_by: "Docker".into() });
    assert_eq!(result(&machine, &NetworkQuestion::default(), "container").0, CheckResult::Good);
    machine.interfaces[0].is_container_end = true;
    let (result, _, advice) = result(&machine, &NetworkQuestion::default(), "container");
    assert_eq!((result, advice.contains("--network host")), (CheckResult::Problem, true));
}

#[test]
fn deafness_silence_and_a_wrong_clock_are_told() {
    let mut question = question("fd00:0:0:5::/64");
    let mdns = question.mdns.as_mut().unwrap();
    (mdns.announcements, mdns.listening, mdns.reason) = (0, false, Some("the port cannot be shared".into()));
    let mut machine = machine();
    machine.now = Some("1970-01-01T00:10:00Z".parse().unwrap());
    assert_eq!(
        result(&machine, &question, "mdns-listening").1,
        "Weft does not hear announcements: the port cannot be shared."
    );
    assert_eq!(result(&machine, &question, "mdns-port").0, CheckResult::Problem);
    assert_eq!(result(&machine, &question, "clock").0, CheckResult::Problem);
    assert_eq!(result(&machine, &question, "firewall").0, CheckResult::Unknown);
    question.mdns.as_mut().unwrap().listening = true;
    assert_eq!(result(&machine, &question, "mdns-answers").0, CheckResult::Warning);
    machine.interfaces[0].up = false;
    assert_eq!(result(&machine, &question, "interfaces").0, CheckResult::Problem);
    assert_eq!(result(&machine, &question, "mdns-listening").0, CheckResult::Problem);
}

#[test]
fn what_another_system_does_not_tell_is_unknown() {
    let machine = Machine {
        system: System::MacOs,
        interfaces: machine().interfaces,
        ..Machine::default()
    };
    for id in ["omr-routes", "router-advertisements", "permission", "mdns-port", "container", "clock"] {
        let (result, ..) = result(&machine, &NetworkQuestion::default(), id);
        assert_eq!(result, CheckResult::Unknown, "{id}");
    }
}

#[test]
fn groups_sockets_and_default_routes_are_read_as_the_kernel_writes_them() {
    let igmp = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n2\teth0      :     2      V3\n\t\t\t\tFB0000E0     1 0:00000000\t\t0\n\t\t\t\t010000E0     1 0:00000000\t\t0\n";
    assert_eq!(linux::mdns_groups_ipv4(igmp), BTreeSet::from(["eth0".to_owned()]));
    let igmp6 = "1    lo              ff020000000000000000000000000001     1 0000000C 0\n7    wlan0           ff0200000000000000000000000000fb     1 00000004 0\n";
    assert_eq!(linux::mdns_groups_ipv6(igmp6), BTreeSet::from(["wlan0".to_owned()]));
    let udp = "  sl  local_address rem_address\n  1: 00000000:14E9 00000000:0000 07\n  2: 0100007F:0035 00000000:0000 07\n";
    assert_eq!(linux::mdns_sockets(udp), 1);
    let routes = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\neth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\ntun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\n";
    assert_eq!(linux::default_ipv4(routes), BTreeSet::from(["eth0".to_owned(), "tun0".to_owned()]));
    assert_eq!(linux::routes(ROUTES).len(), 4);
    assert!(linux::routes(ROUTES)[3].rejects);
}

#[test]
fn interfaces_are_known_by_their_names() {
    for (name, kind) in [
        ("utun4", InterfaceKind::Vpn),
        ("tailscale0", InterfaceKind::Vpn),
        ("wlp3s0", InterfaceKind::Wifi),
        ("docker0", InterfaceKind::Bridge),
    ] {
        assert_eq!(kind_by_name(name), kind, "{name}");
    }
}

proptest! {
    #[test]
    fn no_text_of_the_kernel_makes_it_panic(text in "[0-9a-fA-F: \t\n]{0,400}|\\PC{0,80}") {
        linux::routes(&text);
        linux::default_ipv4(&text);
        linux::mdns_groups_ipv4(&text);
        linux::mdns_groups_ipv6(&text);
        linux::mdns_sockets(&text);
    }
}
