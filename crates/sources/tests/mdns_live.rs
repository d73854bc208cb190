//! The live mDNS source against real peers: an announcer on mdns-sd, and avahi where it is installed, each in a network namespace of its own.
//!
//! The test runs itself as listener and as announcer. It needs root for the namespaces: without, it says so and does nothing, but in CI it fails.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // Helpers of tests.
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting, and measures how soon a border router is seen.

#[allow(dead_code)] // Each test uses its part.
mod namespace;

use mdns_sd::{DaemonEvent, ServiceDaemon, ServiceInfo, TxtProperty};
use namespace::{Network, Peer};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use weft_evidence::Capture;
use weft_sources::{MdnsSource, Supervisor};

const MESHCOP: &str = "_meshcop._udp.local.";
/// Every kind of byte that text would spoil.
const EXTENDED_PAN_ID: [u8; 8] = [0xde, 0xad, 0x00, 0xff, 0x3d, 0x0a, 0xc3, 0x28];

/// What the processes that this test starts do; nothing in an ordinary run.
#[test]
fn plays_a_role() {
    let Some(role) = namespace::role() else { return };
    match role.as_str() {
        "listen" => listen(),
        _ => announce(),
    }
}

/// Prints every event as the line of a recording, until standard input ends.
fn listen() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (sender, mut inbox) = weft_sources::channel("service", 64);
        let mut supervisor = Supervisor::new();
        supervisor.start(Arc::new(MdnsSource::new("mdns")), &sender);
        drop(sender);
        let (end, ended) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let _ = std::io::stdin().lines().count();
            let _ = end.send(());
        });
        let printing = tokio::spawn(async move {
            let mut seq = 0;
            while let Some(event) = inbox.receive().await {
                seq += 1;
                let capture = Capture {
                    seq,
                    at: event.clock_at,
                    source: event.source,
                    body: event.body,
                };
                println!("\n{}", serde_json::to_string(&capture).unwrap());
            }
        });
        let _ = ended.await;
        supervisor.end().await;
        printing.await.unwrap();
    });
}

/// Announces a border router with binary TXT values, and withdraws it on `goodbye`.
fn announce() {
    let daemon = ServiceDaemon::new().unwrap();
    let txt = vec![
        TxtProperty::from(("rv", "1")),
        TxtProperty::from(("nn", "a mesh")),
        TxtProperty::from(("xp", EXTENDED_PAN_ID)),
        TxtProperty::from(("sb", [0x00, 0x00, 0x1f, 0xb1])),
        TxtProperty::from("flag"),
        TxtProperty::from(("empty", "")),
    ];
    let info = ServiceInfo::new(MESHCOP, "Hall 2. floor", "hall.local.", "", 49154, txt)
        .unwrap()
        .enable_addr_auto();
    let name = info.get_fullname().to_owned();
    daemon.set_ip_check_interval(1).unwrap();
    let events = daemon.monitor().unwrap();
    daemon.register(info).unwrap();
    while !matches!(events.recv().unwrap(), DaemonEvent::Announce(..)) {}
    println!("\n{}", json!({ "announces": name }));
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == "goodbye" {
            let _ = daemon.unregister(&name).unwrap().recv_timeout(Duration::from_secs(5));
        }
    }
}

fn has_address(line: &Value, address: &str) -> bool {
    line["addresses"].as_array().is_some_and(|addresses| addresses.contains(&json!(address)))
}

fn is_event(line: &Value, event: &str, instance: &str) -> bool {
    line["event"] == event && line["service"] == MESHCOP && line["instance"] == instance
}

fn is_state(line: &Value, state: &str) -> bool {
    line["kind"] == "source" && line["source"] == "mdns" && line["state"] == state
}

const INSTANCE: &str = "Hall 2\\. floor";
const SECONDS: fn(u64) -> Duration = Duration::from_secs;

#[test]
fn a_border_router_is_seen_with_binary_values_and_scopes_until_it_says_goodbye() {
    let Some(network) = Network::new() else { return };
    let mut announcer = Peer::role(&network.announcer, "announce");
    announcer.expect("the announcement", SECONDS(10), |line| line.get("announces").is_some());
    // A responder may keep silent on what it has sent within the last second.
    std::thread::sleep(SECONDS(2));

    let listener = Peer::role(&network.listener, "listen");
    let (started, _) = listener.expect("the start", SECONDS(20), |line| is_state(line, "started"));
    let (seen, line) = listener.expect("the border router", SECONDS(5), |line| is_event(line, "resolved", INSTANCE));
    assert!(seen - started < SECONDS(2), "seen after {:?}", seen - started);
    println!("seen after {:?}", seen - started);
    assert_eq!((&line["host"], &line["port"]), (&json!("hall.local."), &json!(49154)));
    let txt = json!([
        ["rv", "31"],
        ["nn", "61206d657368"],
        ["xp", "dead00ff3d0ac328"],
        ["sb", "00001fb1"],
        ["flag", null],
        ["empty", ""]
    ]);
    assert_eq!(line["txt"], txt);
    let complete = |line: &Value| has_address(line, "fe80::b02%eth0") && has_address(line, "192.0.2.2");
    if !complete(&line) {
        listener.expect("all addresses", SECONDS(5), |line| is_event(line, "resolved", INSTANCE) && complete(line));
    }
    let more = listener.rest(SECONDS(3));
    assert!(!more.iter().any(|line| line["kind"] == "mdns" && line["event"] == "removed"), "{more:?}");
    assert!(
        more.iter().filter(|line| line["kind"] == "mdns").count() <= 1,
        "repetitions are not stated: {more:?}"
    );

    announcer.say("goodbye");
    listener.expect("the goodbye", SECONDS(8), |line| is_event(line, "removed", INSTANCE));
}

#[test]
fn a_link_that_goes_makes_deaf_and_removes_nobody() {
    let Some(network) = Network::new() else { return };
    let announcer = Peer::role(&network.announcer, "announce");
    announcer.expect("the announcement", SECONDS(10), |line| line.get("announces").is_some());
    network.within(&network.listener, "ip link set eth0 down");

    let listener = Peer::role(&network.listener, "listen");
    let (_, line) = listener.expect("deafness", SECONDS(20), |line| is_state(line, "deaf"));
    assert!(
        line["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("no network interface is up")),
        "{line}"
    );

    network.within(&network.listener, "ip addr replace fe80::b01/64 dev eth0 nodad; ip link set eth0 up");
    // The library looks for interfaces every 5 s.
    listener.expect("hearing", SECONDS(10), |line| is_state(line, "working"));
    listener.expect("the border router", SECONDS(5), |line| is_event(line, "resolved", INSTANCE));

    network.within(&network.listener, "ip link set eth0 down");
    let deadline = Instant::now() + SECONDS(10);
    loop {
        let (_, line) = listener.expect("deafness", deadline - Instant::now(), |_| true);
        assert_ne!(line["event"], "removed", "a cable that is pulled says nothing of the device");
        if is_state(&line, "deaf") {
            break;
        }
    }
    let silence = listener.rest(SECONDS(2));
    assert!(silence.is_empty(), "{silence:?}");
    network.within(&network.listener, "ip link set eth0 up");
    listener.expect("the border router again", SECONDS(12), |line| is_event(line, "resolved", INSTANCE));
}

#[test]
fn avahi_is_heard_and_tolerated_beside() {
    let Some(network) = Network::with_avahi() else { return };
    let service = r#"<?xml version="1.0" standalone='no'?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
        <service-group><name>Porch</name><service><type>_meshcop._udp</type><port>49155</port>
        <txt-record value-format="binary-hex">xp=dead00ff3d0ac328</txt-record><txt-record>nn=a mesh</txt-record></service></service-group>"#;
    let _beside = network.avahi(&network.listener, "here", None);
    let announcer = network.avahi(&network.announcer, "porch", Some(service));
    let listener = Peer::role(&network.listener, "listen");
    listener.expect("the start", SECONDS(20), |line| is_state(line, "started"));
    let is_complete = |line: &Value| is_event(line, "resolved", "Porch") && has_address(line, "fe80::b02%eth0");
    let (_, line) = listener.expect("avahi's border router", SECONDS(10), is_complete);
    assert_eq!((&line["host"], &line["port"]), (&json!("porch.local."), &json!(49155)));
    let txt = line["txt"].as_array().unwrap();
    assert!(
        txt.contains(&json!(["xp", "dead00ff3d0ac328"])) && txt.contains(&json!(["nn", "61206d657368"])),
        "{line}"
    );
    drop(announcer);
    listener.expect("avahi's goodbye", SECONDS(8), |line| is_event(line, "removed", "Porch"));
}
