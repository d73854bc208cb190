//! What the air says is on the map.

use super::*;
use serde_json::Value;
use std::collections::BTreeMap;

/// Parents as the nodes themselves know them: RLOC16 of the child, RLOC16 of the parent.
fn parent_of(rloc16: &str) -> String {
    let number = u16::from_str_radix(rloc16.trim_start_matches("0x"), 16).unwrap();
    format!("0x{:04x}", number & 0xfc00)
}

/// From a frame to the map.
const SOON: Duration = Duration::from_secs(2);

fn id_of(weft: &Weft, name: &str) -> Result<Value, String> {
    Ok(weft.node(name)?["id"].clone())
}

#[test]
fn without_a_key_parents_and_links_grow_from_the_air() {
    let Some(air) = Air::new() else { return };
    let dongle = Dongle::new(&air, 40);
    let weft = Weft::start(air.folder(), dongle.port(), None);
    weft.wait_for("working", "", SECONDS(10));
    let mut leader = Node::start(&air, 1, Role::Leader);
    let mut child = Node::start(&air, 2, Role::Sleepy);
    let (parent_rloc16, child_rloc16) = (leader.rloc16(), child.rloc16());
    assert_eq!(parent_of(&child_rloc16), parent_rloc16);
    patiently("the child below its parent", SECONDS(90), || {
        let parent = weft.node(&child_rloc16)?["parent"]["node"].clone();
        let expected = id_of(&weft, &parent_rloc16)?;
        if parent == expected {
            Ok(())
        } else {
            Err(format!("{parent} instead of {expected}"))
        }
    });
    let topology = weft.topology().unwrap();
    let network = &topology["networks"][0];
    assert_eq!(
        (&network["pan_id"], &network["channel"]),
        (&Value::from("0x1234"), &Value::from(CHANNEL)),
        "{network}"
    );
}

#[test]
fn with_the_key_the_tree_is_right_and_a_dead_router_is_missed() {
    let Some(air) = Air::new() else { return };
    let dongle = Dongle::new(&air, 40);
    let weft = Weft::start(air.folder(), dongle.port(), Some(DATASET));
    weft.wait_for("working", "", SECONDS(10));
    let mut leader = Node::start(&air, 1, Role::Leader);
    let mut routers = [Node::start(&air, 2, Role::Router), Node::start(&air, 3, Role::Router)];
    let mut children = [
        Node::start(&air, 4, Role::Sleepy),
        Node::start(&air, 5, Role::Sleepy),
        Node::start(&air, 6, Role::EndDevice),
    ];
    let mut truth: BTreeMap<String, (&str, Option<String>)> = BTreeMap::new();
    truth.insert(leader.extended_address(), ("leader", None));
    for router in &mut routers {
        truth.insert(router.extended_address(), ("router", None));
    }
    for child in &mut children {
        let parent = child.parent();
        truth.insert(child.extended_address(), ("child", Some(parent)));
    }
    patiently("the tree is as the nodes say", SECONDS(120), || {
        for (address, (role, parent)) in &truth {
            let node = weft.node(address)?;
            let said = node["role"].as_str().unwrap_or_default();
            let fits = match *role {
                "child" => !["leader", "router"].contains(&said),
                role => said == role,
            };
            if !fits {
                return Err(format!("{address} is a {role}, and shown as {said}"));
            }
            let below = parent.as_ref().map_or(Ok(Value::Null), |parent| id_of(&weft, parent))?;
            let shown = node["parent"]["node"].clone();
            if shown != below {
                return Err(format!("{address} is below {below}, and shown below {shown}"));
            }
        }
        Ok(())
    });
    let topology = weft.topology().unwrap();
    let network = &topology["networks"][0];
    assert_eq!(network["extended_pan_id"], "dead1111beef2222", "{network}");
    assert_eq!(network["partitions"].as_array().map(Vec::len), Some(1), "{network}");

    // A router dies without a goodbye: it is silent at once. Its neighbours drop their links with it 100 s after its last word, and say so in their next
    // advertisement. Those that are left go on telling each other of a route to it for some minutes more, at a cost that grows with each message.
    let [mut dead, _alive] = routers;
    let address = dead.extended_address();
    let id = id_of(&weft, &address).unwrap();
    drop(dead);
    std::thread::sleep(SECONDS(2));
    let last_heard = weft.node(&address).unwrap()["last_heard_at"].clone();
    patiently("the dead router is gone", SECONDS(140), || {
        let node = weft.node(&address)?;
        assert_eq!(node["last_heard_at"], last_heard, "nobody hears it any more");
        if node["state"] == "gone" {
            Ok(())
        } else {
            Err(node["state"].to_string())
        }
    });
    let topology = weft.topology().unwrap();
    let its_links = |link: &&Value| link["a"] == id || link["b"] == id;
    for link in topology["links"].as_array().unwrap().iter().filter(its_links) {
        assert_eq!(link["state"], "gone", "{link}");
    }
}

/// The child is below its parent on the map within two seconds of the moment at which it knew that itself.
fn is_soon_below(weft: &Weft, child: &mut Node) {
    let (address, parent) = (child.extended_address(), child.parent());
    patiently(&format!("{address} is below {parent}"), SOON, || {
        let shown = weft.node(&address)?["parent"]["node"].clone();
        let expected = id_of(weft, &parent)?;
        if shown == expected {
            Ok(())
        } else {
            Err(format!("{shown} instead of {expected}"))
        }
    });
}

#[test]
fn what_changes_is_on_the_map_within_two_seconds() {
    let Some(air) = Air::new() else { return };
    let dongle = Dongle::new(&air, 40);
    let weft = Weft::start(air.folder(), dongle.port(), Some(DATASET));
    weft.wait_for("working", "", SECONDS(10));
    let mut leader = Node::start(&air, 1, Role::Leader);
    let mut child = Node::start(&air, 2, Role::Sleepy);
    is_soon_below(&weft, &mut child);
    let mut router = Node::start(&air, 3, Role::Router);
    let (old, new) = (leader.extended_address(), router.extended_address());
    let is_shown_as = |address: &str, role: &str, within| {
        patiently(&format!("{address} is shown as {role}"), within, || {
            let node = weft.node(address)?;
            if node["role"] == role && node["state"] != "gone" {
                Ok(())
            } else {
                Err(node.to_string())
            }
        });
    };
    is_shown_as(&new, "router", SOON);
    is_shown_as(&old, "leader", SOON);

    // The keys rotate: what is said under the next ones is understood.
    leader.ask("keysequence counter 3");
    let mut late = Node::start(&air, 4, Role::Minimal);
    assert_eq!(late.ask("keysequence counter"), ["3"]);
    is_soon_below(&weft, &mut late);

    // The leader dies. Its child looks for another parent; the router leads a partition of its own after two minutes.
    drop(leader);
    patiently("the child found another parent", SECONDS(60), || {
        let parent = child.try_ask("parent")?.join(" ");
        if parent.contains(&new) { Ok(()) } else { Err(parent) }
    });
    is_soon_below(&weft, &mut child);
    patiently("the router leads", SECONDS(240), || {
        let state = router.ask("state").join(" ");
        if state == "leader" { Ok(()) } else { Err(state) }
    });
    is_shown_as(&new, "leader", SOON);
    assert_eq!(weft.node(&old).unwrap()["state"], "gone");
}

#[test]
fn a_child_that_its_parent_forgot_is_found() {
    let Some(air) = Air::new() else { return };
    let dongle = Dongle::new(&air, 40);
    let weft = Weft::start(air.folder(), dongle.port(), Some(DATASET));
    weft.wait_for("working", "", SECONDS(10));
    let mut parent = Node::start(&air, 1, Role::Leader);
    let mut child = Node::plain(&air, 2, Role::Sleepy);
    child.ask("childtimeout 10");
    child.be(DATASET);
    child.has_role();
    is_soon_below(&weft, &mut child);
    let address = child.extended_address();
    let mut other = Node::start(&air, 3, Role::Router);
    // It stands still for longer than its timeout; then it goes on asking its parent, whose radio acknowledges.
    child.freeze();
    patiently("the parent forgets it", SECONDS(60), || {
        let table = parent.ask("child table").join(" ");
        if table.contains(&address) { Err(table) } else { Ok(()) }
    });
    child.thaw();
    std::thread::sleep(SECONDS(3));
    let rloc = parent.ask("ipaddr rloc").join("");
    other.ask(&format!("networkdiagnostic get {rloc} 0 1 16"));
    patiently("the zombie is found", SECONDS(90), || {
        let topology = weft.topology()?;
        let findings = topology["findings"].as_array().ok_or("no findings")?;
        let found = findings.iter().find(|finding| finding["kind"] == "zombie");
        found.map(|_| ()).ok_or_else(|| format!("{findings:?}"))
    });
}

#[test]
fn a_scan_finds_the_channel_and_frames_go_to_a_capture_file() {
    let Some(air) = Air::new() else { return };
    let dongle = Dongle::new(&air, 40);
    let _leader = Node::start(&air, 1, Role::Leader);
    let _child = Node::start(&air, 2, Role::Sleepy);
    let scan = weft::sniff(dongle.port(), &["--scan"]);
    let table = String::from_utf8(scan.stdout).unwrap();
    let row = table.lines().find(|line| line.contains("0x1234")).unwrap_or_else(|| panic!("{table}"));
    assert!(row.trim_start().starts_with(&CHANNEL.to_string()), "{table}");
    assert_eq!(table.lines().count(), 17, "{table}");

    let file = air.folder().join("frames.pcap");
    let sniffed = weft::sniff(
        dongle.port(),
        &["--channel", &CHANNEL.to_string(), "--for", "8", "--pcap", &file.display().to_string()],
    );
    let said = String::from_utf8_lossy(&sniffed.stderr).into_owned();
    assert!(sniffed.status.success(), "{said}");
    assert!(said.contains(&format!("listens on channel {CHANNEL}")), "{said}");
    let mut packets = 0;
    let reader = weft_wire::pcap::Reader::new(std::fs::File::open(&file).unwrap()).unwrap();
    for packet in reader {
        let packet = packet.unwrap();
        let frame = weft_wire::pcap::RadioFrame::of(&packet).unwrap();
        assert_eq!(frame.channel.map(|channel| channel.get()), Some(CHANNEL));
        assert!(!frame.frame.is_empty());
        packets += 1;
    }
    // The child alone asks its parent five times a second, and is acknowledged.
    assert!(packets > 40, "{packets} frames");
}
