//! The directory that live mDNS keeps, against real peers: an operational Matter node on mdns-sd, and a device that can be commissioned on avahi,
//! each in a network namespace of its own. As the test of the source beside it, it runs itself, and needs root.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // Helpers of tests.
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting.

#[allow(dead_code)] // Each test uses its part.
mod namespace;

use mdns_sd::{DaemonEvent, ServiceDaemon, ServiceInfo};
use namespace::{Network, Peer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weft_evidence::Capture;
use weft_sources::directory::{ServiceDirectory, fabric_subtype};
use weft_sources::{MdnsSource, Supervisor};

const NODE: &str = "2906C908D115D362-8FC7772401CD0696";
const SUBTYPE: &str = "_I2906C908D115D362._sub._matter._tcp.local.";
const MATTER: &str = "_matter._tcp.local.";
const SECONDS: fn(u64) -> Duration = Duration::from_secs;

/// What the processes that this test starts do; nothing in an ordinary run.
#[test]
fn plays_a_role() {
    let Some(role) = namespace::role() else { return };
    match role.as_str() {
        "directory" => keep_directory(),
        _ => announce(),
    }
}

fn print(line: &Value) {
    println!("\n{line}");
}

/// Prints captures, and the directory whenever it changes. Wants types (`want`, `drop`) and asks again (`again`) as standard input says.
fn keep_directory() {
    let directory = ServiceDirectory::new();
    let for_input = directory.clone();
    let (end, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut wanted = BTreeMap::new();
        for line in std::io::stdin().lines().map_while(Result::ok) {
            match line.split_once(' ') {
                Some(("want", service)) => drop(wanted.insert(service.to_owned(), for_input.want(service))),
                Some(("drop", service)) => drop(wanted.remove(service)),
                Some(("again", service)) => for_input.ask_again(service),
                _ => {}
            }
        }
        let _ = end.send(());
    });
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let (sender, mut inbox) = weft_sources::channel("service", 64);
            let mut supervisor = Supervisor::new();
            supervisor.start(Arc::new(MdnsSource::with_directory("mdns", directory.clone())), &sender);
            drop(sender);
            let mut changed = directory.changed();
            let shown = tokio::spawn(async move {
                while changed.changed().await.is_ok() {
                    let node = directory.operational(NODE.parse().unwrap());
                    let addresses =
                        |located: &weft_sources::directory::Located| located.addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
                    let commissionable = directory.commissionable();
                    let commissionable = commissionable.iter().map(|found| {
                        json!({"instance": found.instance, "discriminator": found.discriminator, "mode": found.commissioning_mode, "name": found.name,
                        "addresses": addresses(&found.located), "idle": found.located.idle_milliseconds})
                    });
                    print(
                        &json!({"node": node.as_ref().map(addresses), "idle": node.and_then(|node| node.idle_milliseconds),
                    "commissionable": commissionable.collect::<Vec<_>>()}),
                    );
                }
            });
            let printing = tokio::spawn(async move {
                while let Some(event) = inbox.receive().await {
                    let capture = Capture {
                        seq: 1,
                        at: event.clock_at,
                        source: event.source,
                        body: event.body,
                    };
                    print(&serde_json::to_value(&capture).unwrap());
                }
            });
            let _ = ended.await;
            supervisor.end().await;
            printing.await.unwrap();
            shown.abort();
        });
}

/// Announces an operational node; tells how many questions it was asked, and withdraws it, as standard input says.
fn announce() {
    let daemon = ServiceDaemon::new().unwrap();
    let txt = [("SII", "500"), ("SAI", "300"), ("SAT", "4000"), ("T", "0")];
    let info = ServiceInfo::new(SUBTYPE, NODE, "5616F19227D2C4AE.local.", "", 5540, &txt[..])
        .unwrap()
        .enable_addr_auto();
    let name = info.get_fullname().to_owned();
    daemon.set_ip_check_interval(1).unwrap();
    let events = daemon.monitor().unwrap();
    daemon.register(info).unwrap();
    while !matches!(events.recv().unwrap(), DaemonEvent::Announce(..)) {}
    print(&json!({ "announces": name }));
    for line in std::io::stdin().lines().map_while(Result::ok) {
        match line.as_str() {
            "goodbye" => drop(daemon.unregister(&name).unwrap().recv_timeout(SECONDS(5))),
            "asked" => {
                let metrics = daemon.get_metrics().unwrap().recv_timeout(SECONDS(5)).unwrap();
                let count = |key: &str| metrics.get(key).copied().unwrap_or(0);
                print(&json!({ "asked": count("respond") + count("known-answer-suppression") }));
            }
            _ => {}
        }
    }
}

/// How often the announcer was asked so far.
fn asked(announcer: &mut Peer) -> i64 {
    announcer.say("asked");
    let (_, line) = announcer.expect("the count", SECONDS(5), |line| line.get("asked").is_some());
    line["asked"].as_i64().unwrap()
}

/// Waits until the announcer was asked more often than before.
fn expect_question(announcer: &mut Peer, before: i64, within: Duration) {
    let deadline = Instant::now() + within;
    while asked(announcer) == before {
        assert!(Instant::now() < deadline, "nobody asked within {within:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn addresses(line: &Value) -> Vec<&str> {
    line["node"]
        .as_array()
        .map(|all| all.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

fn is_directory(line: &Value) -> bool {
    line.get("commissionable").is_some()
}

fn is_capture(line: &Value) -> bool {
    line["kind"] == "mdns"
}

#[test]
fn a_node_is_listed_at_once_and_a_subtype_beside_disturbs_nothing() {
    let Some(network) = Network::new() else { return };
    assert_eq!(fabric_subtype("2906c908d115d362".parse().unwrap()), SUBTYPE);
    network.within(&network.announcer, "ip addr add fd00:db8::2/64 dev eth0 nodad");
    let mut announcer = Peer::role(&network.announcer, "announce");
    announcer.expect("the announcement", SECONDS(10), |line| line.get("announces").is_some());
    std::thread::sleep(SECONDS(2));

    let mut listener = Peer::role(&network.listener, "directory");
    let all = |line: &Value| {
        // The kernel gives its side of the cable a link-local address of its own, too.
        let addresses = addresses(line);
        let link_local = |address: &&&str| address.starts_with("[fe80::b02%") && address.ends_with("]:5540");
        addresses.first() == Some(&"[fd00:db8::2]:5540")
            && addresses.iter().any(|address| link_local(&address))
            && addresses.last() == Some(&"192.0.2.2:5540")
    };
    let (listed, line) = listener.expect("all addresses, the best first", SECONDS(20), all);
    assert_eq!(line["idle"], 500);
    let (stated, _) = listener.expect("the capture", SECONDS(5), is_capture);
    assert!(listed < stated, "it is listed before it has settled");

    // The library asked 0, 1, 3, 7 and 15 s after it began, and rests until 31 s.
    std::thread::sleep(SECONDS(16));
    listener.rest(Duration::ZERO);
    let before = asked(&mut announcer);
    std::thread::sleep(SECONDS(1));
    assert_eq!(asked(&mut announcer), before, "a quiet time");
    listener.say(&format!("want {SUBTYPE}"));
    expect_question(&mut announcer, before, SECONDS(2));
    // Held, it would be asked for 1, 3 and 7 s later, too.
    listener.say(&format!("drop {SUBTYPE}"));
    std::thread::sleep(Duration::from_millis(1500));
    let before = asked(&mut announcer);
    std::thread::sleep(SECONDS(7));
    assert_eq!(asked(&mut announcer), before, "the subtype is not asked for any more");
    listener.say(&format!("again {MATTER}"));
    expect_question(&mut announcer, before, SECONDS(2));
    let unrest = listener.rest(SECONDS(1));
    assert!(!unrest.iter().any(|line| is_directory(line) || is_capture(line)), "{unrest:?}");

    listener.say(&format!("want {SUBTYPE}"));
    let change = "ip addr add fd99:db8::2/64 dev eth0 nodad && ip addr del fd00:db8::2/64 dev eth0";
    network.within(&network.announcer, change);
    let has_moved = |line: &Value| addresses(line).contains(&"[fd99:db8::2]:5540") && !addresses(line).contains(&"[fd00:db8::2]:5540");
    listener.expect("the new prefix instead of the old", SECONDS(15), has_moved);

    announcer.say("goodbye");
    listener.expect("the goodbye", SECONDS(8), |line| is_directory(line) && line["node"].is_null());
    listener.expect("its capture", SECONDS(8), |line| line["event"] == "removed" && line["instance"] == NODE);
    let rest = listener.rest(SECONDS(2));
    assert!(!rest.iter().any(is_capture), "it is withdrawn once: {rest:?}");
}

#[test]
fn avahis_device_is_found_by_its_discriminator_and_is_one_service() {
    let Some(network) = Network::with_avahi() else { return };
    let service = r#"<?xml version="1.0" standalone='no'?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
        <service-group><name>DD200C20D25AE5F7</name><service><type>_matterc._udp</type><subtype>_L3840._sub._matterc._udp</subtype>
        <subtype>_S15._sub._matterc._udp</subtype><subtype>_CM._sub._matterc._udp</subtype><port>5540</port><txt-record>D=3840</txt-record>
        <txt-record>CM=2</txt-record><txt-record>DN=Blind</txt-record><txt-record>SII=5000</txt-record></service></service-group>"#;
    let mut listener = Peer::role(&network.listener, "directory");
    listener.expect("the start", SECONDS(20), |line| line["state"] == "working");
    for subtype in ["_L3840", "_S15", "_CM"] {
        listener.say(&format!("want {subtype}._sub._matterc._udp.local."));
    }
    let announcer = network.avahi(&network.announcer, "porch", Some(service));
    let is_complete = |line: &Value| {
        let found = &line["commissionable"];
        found.as_array().is_some_and(|all| all.len() == 1) && found[0]["addresses"].as_array().is_some_and(|all| all.len() >= 2)
    };
    let (_, line) = listener.expect("the device", SECONDS(15), is_complete);
    let found = &line["commissionable"][0];
    assert_eq!((&found["instance"], &found["discriminator"]), (&json!("DD200C20D25AE5F7"), &json!(3840)));
    assert_eq!(
        (&found["mode"], &found["name"], &found["idle"]),
        (&json!(2), &json!("Blind"), &json!(5000))
    );
    let stated: Vec<Value> = listener.rest(SECONDS(3)).into_iter().filter(is_capture).collect();
    assert!(
        !stated.is_empty() && stated.iter().all(|line| line["service"] == "_matterc._udp.local."),
        "{stated:?}"
    );
    listener.say("drop _L3840._sub._matterc._udp.local.");
    let unrest = listener.rest(SECONDS(2));
    assert!(!unrest.iter().any(|line| line["event"] == "removed"), "{unrest:?}");
    drop(announcer);
    listener.expect("avahi's goodbye", SECONDS(8), |line| {
        line["commissionable"].as_array().is_some_and(Vec::is_empty)
    });
    let removed = listener
        .rest(SECONDS(3))
        .into_iter()
        .filter(|line| line["event"] == "removed" && line["service"] == "_matterc._udp.local.");
    assert_eq!(removed.count(), 1);
}
