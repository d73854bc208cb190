//! The network check in a real network: a namespace whose interfaces, settings and routes the test makes. It needs root.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that fails says where
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting.

#[expect(dead_code, reason = "shared with tests that announce services")]
mod namespace;

use namespace::{Network, Peer, role};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use weft_model::{MdnsState, NetworkQuestion, NetworkToReach};
use weft_sources::network_check::check;

/// A mesh whose prefix is fd00:abcd:1::/64, behind a border router at the other end of the cable.
fn question() -> NetworkQuestion {
    NetworkQuestion {
        networks: vec![NetworkToReach {
            name: "Home".into(),
            omr_prefixes: vec!["fd00:abcd:1::/64".parse().unwrap()],
            border_routers: BTreeMap::from([("fe80::b02".parse().unwrap(), "Porch hub".to_owned())]),
        }],
        mdns: Some(MdnsState {
            listening: true,
            ..MdnsState::default()
        }),
    }
}

/// Prints what is seen, once for each line that comes in. Without a role it is no test.
#[test]
fn plays_a_role() {
    if role().is_none() {
        return;
    }
    for line in std::io::stdin().lines() {
        drop(line);
        println!("{}", serde_json::to_string(&check(&question())).unwrap());
    }
}

/// What is seen now: the report, and each check's result and sentence.
fn look(peer: &mut Peer) -> (Value, BTreeMap<String, (String, String)>) {
    peer.say("look");
    let (_, report) = peer.expect("a report", Duration::from_secs(20), |line| line["checks"].is_array());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    let by_id = checks
        .map(|check| (text(&check["id"]), (text(&check["result"]), text(&check["seen"]))))
        .collect();
    (report, by_id)
}

fn interface<'r>(report: &'r Value, name: &str) -> &'r Value {
    let interfaces = report["interfaces"].as_array().unwrap();
    interfaces.iter().find(|interface| interface["name"] == name).unwrap()
}

#[test]
fn routes_settings_and_interfaces_are_seen_as_they_are_made() {
    let Some(network) = Network::new() else { return };
    let namespace = network.listener.clone();
    let mut peer = Peer::role(&namespace, "look");

    let (report, seen) = look(&mut peer);
    assert_eq!(seen["interfaces"].0, "good", "{report:#}");
    assert_eq!(seen["omr-routes"].0, "problem", "{report:#}");
    assert_eq!(seen["vpn"], ("good".into(), "No VPN is up.".into()));
    assert_eq!(seen["ipv6"].0, "good", "{report:#}");
    // Nobody has joined the mDNS group in this namespace.
    assert_eq!(seen["mdns-listening"].0, "problem", "{report:#}");
    assert_eq!(
        (
            &interface(&report, "eth0")["kind"],
            &interface(&report, "eth0")["up"],
            &interface(&report, "eth0")["multicast"]
        ),
        (&"virtual".into(), &true.into(), &true.into())
    );
    assert_eq!(interface(&report, "lo")["kind"], "loopback");

    network.within(&namespace, "ip -6 route add fd00:abcd:1::/64 via fe80::b02 dev eth0");
    let (report, seen) = look(&mut peer);
    assert_eq!(
        seen["omr-routes"],
        ("good".into(), "Packets to fd00:abcd:1::/64 go over eth0 by Porch hub (fe80::b02).".into()),
        "{report:#}"
    );

    network.within(
        &namespace,
        "ip -6 route del fd00:abcd:1::/64 via fe80::b02 dev eth0; ip -6 route add unreachable fd00:abcd:1::/64",
    );
    let (report, seen) = look(&mut peer);
    assert_eq!(
        seen["omr-routes"],
        ("problem".into(), "This machine refuses packets to fd00:abcd:1::/64.".into()),
        "{report:#}"
    );

    network.within(
        &namespace,
        "ip -6 route del unreachable fd00:abcd:1::/64; ip -6 route add default via fe80::b02 dev eth0; echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_ra",
    );
    let (report, seen) = look(&mut peer);
    assert_eq!(seen["omr-routes"].0, "warning", "{report:#}");
    assert_eq!(seen["router-advertisements"].0, "warning", "{report:#}");

    network.within(&namespace, "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6");
    let (report, seen) = look(&mut peer);
    assert_eq!(seen["ipv6"].0, "problem", "{report:#}");

    network.within(&namespace, "ip link set eth0 down");
    let (report, seen) = look(&mut peer);
    assert_eq!(seen["interfaces"].0, "problem", "{report:#}");
    assert_eq!(interface(&report, "eth0")["up"], false);
}
