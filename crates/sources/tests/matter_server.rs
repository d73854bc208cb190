//! The client of Matter servers against a real one: python-matter-server (the CHIP SDK's controller) on a LAN of network namespaces, with virtual devices of
//! matter.js that it commissions. Weft listens, has tables read anew, sees a change, and has windows opened.
//!
//! It needs root, Node.js, what `cargo xtask peers` installs, and python-matter-server: `WEFT_MATTER_SERVER` names the Python that has it.
#![cfg(all(target_os = "linux", feature = "home-assistant"))]
#![allow(clippy::unwrap_used)] // Helpers of tests.
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting.

#[path = "matter_server/fleet.rs"]
mod fleet;
#[allow(dead_code)] // Each test uses its part.
mod namespace;
#[path = "matter_server/role.rs"]
mod role;

use fleet::{Fleet, Program, python};
use namespace::{Network, Peer};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
/// The prefix of the devices' routable addresses.
const OMR_PREFIX: &str = "fda7:c957:ed9:3734::/64";
/// Who leads the described home, no Matter device; and the partition that follows when it is gone (`fleet/mesh.mjs`).
const LEADER: &str = "[non-Matter] Hall Bulb A19 16";
const NEXT_PARTITION: u64 = 2_674_216_256 + 0x0123_4567;
/// On a machine that builds something else meanwhile.
const PATIENCE: Duration = Duration::from_secs(150);

/// What the processes that this test starts do; nothing in an ordinary run.
#[test]
fn plays_a_role() {
    role::play();
}

#[test]
fn a_real_matter_server_is_listened_to_read_and_asked_for_windows() {
    let Some(python) = python() else { return };
    let Some(network) = Network::new() else { return };
    for namespace in [&network.listener, &network.announcer] {
        // What mDNS of matter.js and of the SDK needs: groups, and a way for multicast.
        network.within(
            namespace,
            "echo 1024 > /proc/sys/net/ipv4/igmp_max_memberships; ip route add 224.0.0.0/4 dev eth0",
        );
    }
    network.within(&network.listener, &format!("ip -6 route replace {OMR_PREFIX} dev eth0"));
    let fleet = Fleet::start(&network.announcer, 3);
    let server = Program::matter_server(&network.listener, &python, &fleet);

    let mut weft = Peer::role(&network.listener, "weft");
    weft.expect("the source runs", PATIENCE, |line| line["ready"] == true);
    // Commissioned while Weft listens: each comes as an event.
    let devices = fleet.devices();
    for device in &devices {
        let code = device["qr_code"].as_str().unwrap();
        weft.say(&json!({ "do": "commission", "code": code }).to_string());
    }
    // Each is told with its table; the captures come while others are still commissioned.
    let expected: BTreeSet<&str> = devices.iter().filter_map(|device| device["extended_address"].as_str()).collect();
    let (mut commissioned, mut told) = (0, BTreeSet::new());
    while commissioned < devices.len() || told.len() < devices.len() {
        let (_, line) = weft.expect("commissioned devices and their tables", PATIENCE, |_| true);
        assert!(!line["failed"].is_string(), "{line}\n{}", server.last_words());
        commissioned += usize::from(line["commissioned"].is_u64());
        let attributes = &line["capture"]["node"]["attributes"];
        // The unique id of each device of the fleet is its extended address.
        if let (Some(device), true) = (attributes["0/40/18"].as_str(), attributes["0/53/7"].is_array()) {
            assert_eq!(line["capture"]["server"].as_str().unwrap().len(), 16, "the fabric");
            told.insert(device.to_owned());
        }
    }
    assert_eq!(told.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    weft.say(&json!({ "do": "look" }).to_string());
    let (_, line) = weft.expect("a view", PATIENCE, |line| line["view"]["devices"] == devices.len());
    let view = &line["view"];
    assert_eq!(view["state"], "connected");
    assert!(view["product"].as_str().unwrap().starts_with("python-matter-server, SDK"), "{view}");

    // A change of the mesh is told by itself.
    fleet.call("node-down", &json!({ "node": LEADER }));
    weft.expect("the new partition", PATIENCE, |line| {
        line["capture"]["node"]["attributes"]["0/53/9"] == json!(NEXT_PARTITION)
    });

    // Each device gets a window with a code of its own, and no code is told to anybody but the joiner.
    weft.say(&json!({ "do": "adopt" }).to_string());
    let (_, line) = weft.expect("what is queued", PATIENCE, |line| !line["queued"].is_null());
    assert_eq!(line["queued"], devices.len(), "{line}");
    let mut codes = BTreeSet::new();
    while codes.len() < devices.len() {
        let (_, line) = weft.expect("a code", PATIENCE, |line| line["code"].is_string());
        codes.insert(line["code"].as_str().unwrap().to_owned());
    }
    assert!(codes.iter().all(|code| code.starts_with("MT:") || code.len() == 11), "{codes:?}");
    let first: BTreeSet<&str> = devices.iter().filter_map(|device| device["qr_code"].as_str()).collect();
    assert!(codes.iter().all(|code| !first.contains(code.as_str())), "codes of their own");
    weft.expect("the outcomes", PATIENCE, |line| {
        line["view"]["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("3 joined, 0 under way"))
    });
    let rest = weft.rest(SECONDS(1));
    let told = rest.iter().map(Value::to_string).collect::<String>();
    assert!(rest.iter().all(|line| line["code"].is_null()));
    assert!(
        codes.iter().all(|code| !told.contains(code.as_str())),
        "a code is in no view and no capture"
    );
}
