//! The service takes part in a mesh of OpenThread's nodes: what it shows of it is held against what the nodes say of themselves.

use super::said::text;
use super::said::truth::{Asked, NodeTruth, Truth};
use super::said::verdict::problems_of;
use super::*;
use serde_json::{Value, json};
use std::path::Path;

/// The network of [`DATASET`].
const NETWORK: &str = "dead1111beef2222";
/// Our node's number in the truth: none of the radios has it.
const OURS: u16 = 999;

/// A service with the dataset, and with a dongle on an air.
fn start(air: &Air, dongle: &Dongle, more: &[&str]) -> Weft {
    let file = air.folder().join("dataset");
    std::fs::write(&file, DATASET).unwrap();
    let channel = CHANNEL.to_string();
    let mut arguments = vec![
        "--channel",
        channel.as_str(),
        "--dataset",
        file.to_str().unwrap(),
        "--frames-per-hour",
        "60000",
    ];
    arguments.extend(more);
    Weft::start_with(air.folder(), dongle.port(), &arguments)
}

/// A leader, a router, and children of both kinds.
fn mesh(air: &Air) -> Vec<Node> {
    let roles = [Role::Leader, Role::Router, Role::Sleepy, Role::Sleepy, Role::EndDevice];
    roles.into_iter().zip(1..).map(|(role, number)| Node::start(air, number, role)).collect()
}

fn node(weft: &Weft) -> Result<Value, String> {
    let view = weft.get("/api/v1/dongle")?;
    match &view["node"] {
        Value::Null => Err(format!("no node: {view}")),
        node => Ok(node.clone()),
    }
}

/// Waits until our node is a child; its view.
fn attached(weft: &Weft) -> Value {
    patiently("our node is attached", SECONDS(90), || {
        let node = node(weft)?;
        if node["state"] == "attached" { Ok(node) } else { Err(node.to_string()) }
    })
}

fn way(weft: &Weft) -> Result<Value, String> {
    let view = weft.get("/api/v1/networks")?;
    let ways = view["networks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|network| network["paths"].as_array());
    let way = ways.flatten().find(|way| way["kind"] == "dongle");
    way.cloned().ok_or_else(|| format!("no way through the dongle: {view}"))
}

/// Waits until a sweep through our node brought something later than a moment.
fn swept(weft: &Weft, since: &Value) -> Value {
    let before = since.as_str().unwrap_or_default().to_owned();
    patiently("the mesh is swept through our node", SECONDS(90), || {
        let way = way(weft)?;
        // Moments are written so that later ones sort later.
        if text(&way, "last_success_at") > before.as_str() {
            Ok(way)
        } else {
            Err(way.to_string())
        }
    })
}

/// What the nodes say, with our own among them.
fn truth(nodes: &mut [Node], ours: Option<&Value>) -> Result<Truth, String> {
    let mut truth = Truth::of(nodes.iter_mut().map(|node| node as &mut dyn Asked))?;
    let Some(ours) = ours else { return Ok(truth) };
    let parent = truth
        .nodes
        .get(text(ours, "parent"))
        .ok_or_else(|| format!("its parent is no node: {ours}"))?;
    let own = NodeTruth {
        number: OURS,
        state: "child".to_owned(),
        rloc16: text(ours, "rloc16").to_owned(),
        extended_address: text(ours, "extended_address").to_owned(),
        partition_id: parent.partition_id,
        leader_router_id: parent.leader_router_id,
        parent: Some(parent.extended_address.clone()),
        children: Default::default(),
        routers: Default::default(),
        hears: Default::default(),
    };
    truth.nodes.insert(own.extended_address.clone(), own);
    Ok(truth)
}

/// Waits until the map is the mesh as its nodes know it.
fn is_true(weft: &Weft, nodes: &mut [Node], is_in: bool, within: Duration) {
    patiently("the map is what the nodes say", within, || {
        let ours = if is_in { Some(node(weft)?) } else { None };
        let truth = truth(nodes, ours.as_ref())?;
        let unrest = truth.unrest();
        if !unrest.is_empty() {
            return Err(format!("the mesh is not at rest: {unrest:?}"));
        }
        let problems = problems_of(&weft.topology()?, &truth);
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
    });
}

/// The parent lists our node.
fn lists(node: &mut Node, extended_address: &str) -> bool {
    let table = node.ask("child table").join("\n");
    table.contains(extended_address)
}

/// The parent has heard a goodbye: it strikes the child off with its next tick, long before the child's timeout is over.
fn is_struck_off(parent: &mut Node, extended_address: &str) {
    patiently("its parent no longer lists it", SECONDS(5), || match lists(parent, extended_address) {
        true => Err(parent.ask("child table").join("\n")),
        false => Ok(()),
    });
}

/// What is kept of the node of the key that was used last.
fn kept(data: &Path) -> Value {
    let file = data.join("dongle").join(format!("{NETWORK}.json"));
    let kept: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    kept["nodes"][0].clone()
}

#[test]
fn it_joins_sweeps_and_leaves_and_the_map_is_what_the_nodes_say() {
    let Some(air) = Air::new() else { return };
    let mut nodes = mesh(&air);
    let dongle = Dongle::new(&air, 40);
    let mut weft = start(&air, &dongle, &[]);
    weft.wait_for("working", "", SECONDS(20));
    assert_eq!(weft.get("/api/v1/dongle").unwrap()["mode"], "listening");
    let unknown = weft
        .request("POST", "/api/v1/dongle/join", Some(&json!({"extended_pan_id": "0011223344556677"})))
        .unwrap();
    assert_eq!(unknown.0, 409, "{unknown:?}");
    assert!(unknown.1.to_string().contains("Weft has no dataset of network"), "{unknown:?}");

    let view = weft.post("/api/v1/dongle/join", &json!({ "extended_pan_id": NETWORK }));
    assert_eq!(view["node"]["extended_pan_id"], NETWORK, "{view}");
    let ours = attached(&weft);
    let address = text(&ours, "extended_address").to_owned();
    weft.wait_for("working", "takes part", SECONDS(5));
    assert_eq!(weft.get("/api/v1/dongle").unwrap()["mode"], "taking-part");
    let again = weft
        .request("POST", "/api/v1/dongle/join", Some(&json!({ "extended_pan_id": NETWORK })))
        .unwrap();
    assert_eq!(again.0, 409, "{again:?}");
    let scan = weft.request("POST", "/api/v1/dongle/scan", Some(&json!({}))).unwrap();
    assert!(scan.0 == 409 && scan.1.to_string().contains("have it leave"), "{scan:?}");
    swept(&weft, &Value::Null);
    is_true(&weft, &mut nodes, true, SECONDS(60));
    let shown = weft.node(&address).unwrap();
    assert_eq!(shown["name"], "Weft (this dongle)", "{shown}");
    // Its parent said what the network is called, with the dataset; nothing secret of that is kept.
    let topology = weft.topology().unwrap();
    assert_eq!(topology["networks"][0]["name"], "weft-mesh", "{}", topology["networks"]);
    let credential = weft.get("/api/v1/networks").unwrap()["networks"][0]["credential"].clone();
    assert_eq!(credential["check"], "heard-by-dongle", "{credential}");

    // The keys turn: the mesh goes on, and so do we.
    for node in &mut nodes {
        node.ask("keysequence counter 5");
    }
    let since = way(&weft).unwrap()["last_success_at"].clone();
    patiently("it may be asked", SECONDS(30), || {
        let asked = weft.request("POST", "/api/v1/networks/ask", Some(&json!({ "path": "dongle" })))?;
        if asked.0 == 200 { Ok(()) } else { Err(format!("{asked:?}")) }
    });
    swept(&weft, &since);
    attached(&weft);

    let parent = text(&node(&weft).unwrap(), "parent").to_owned();
    let place = nodes.iter_mut().position(|node| node.extended_address() == parent).unwrap();
    let parent = &mut nodes[place];
    assert!(lists(parent, &address));
    weft.post("/api/v1/dongle/leave", &json!({}));
    is_struck_off(parent, &address);
    weft.wait_for("working", "", SECONDS(10));
    patiently("the map says that it left", SECONDS(10), || match weft.node(&address) {
        Ok(node) if !matches!(text(&node, "state"), "gone" | "stale") => Err(node.to_string()),
        _ => Ok(()),
    });
    patiently("there is no node any more", SECONDS(5), || match node(&weft) {
        Ok(node) => Err(node.to_string()),
        Err(_) => Ok(()),
    });
    assert!(weft.stop() < SECONDS(3));
}

#[test]
fn its_parent_dies_it_is_restarted_and_unplugged_and_it_takes_part_all_the_same() {
    let Some(air) = Air::new() else { return };
    let mut nodes = mesh(&air);
    nodes.push(Node::start(&air, 6, Role::Router));
    let mut dongle = Dongle::new(&air, 40);
    let mut weft = start(&air, &dongle, &["--join"]);
    let ours = attached(&weft);
    let address = text(&ours, "extended_address").to_owned();
    let since = swept(&weft, &Value::Null)["last_success_at"].clone();
    is_true(&weft, &mut nodes, true, SECONDS(60));

    // Its parent dies: another one takes it, and the mesh is asked at once.
    let parent = text(&ours, "parent").to_owned();
    let place = nodes.iter_mut().position(|node| node.extended_address() == parent).unwrap();
    drop(nodes.remove(place));
    patiently("it has another parent", SECONDS(200), || {
        let node = node(&weft)?;
        let other = text(&node, "parent");
        if !other.is_empty() && other != parent {
            Ok(())
        } else {
            Err(node.to_string())
        }
    });
    let since = swept(&weft, &since)["last_success_at"].clone();

    // It is restarted: the same node, whose counters go on.
    let before = kept(weft.data());
    let parent = text(&node(&weft).unwrap(), "parent").to_owned();
    let parent = nodes.iter_mut().position(|node| node.extended_address() == parent).unwrap();
    assert!(lists(&mut nodes[parent], &address));
    assert!(weft.stop() < SECONDS(3));
    assert_eq!(kept(weft.data())["extended_address"], address.as_str());
    is_struck_off(&mut nodes[parent], &address);
    let weft = start(&air, &dongle, &[]);
    let again = attached(&weft);
    assert_eq!(text(&again, "extended_address"), address);
    let after = kept(weft.data());
    for counter in ["mac_counter_below", "mle_counter_below"] {
        assert!(after[counter].as_u64() >= before[counter].as_u64(), "{before} {after}");
    }
    let since = swept(&weft, &since)["last_success_at"].clone();

    // It is unplugged, and comes back by itself.
    dongle.unplug();
    patiently("it waits for its radio", SECONDS(20), || {
        let node = node(&weft)?;
        if node["state"] == "waiting" { Ok(()) } else { Err(node.to_string()) }
    });
    patiently("its way is closed", SECONDS(5), || {
        let way = way(&weft)?;
        if way["state"] == "unreachable" { Ok(()) } else { Err(way.to_string()) }
    });
    dongle.plug_in(&air);
    let back = attached(&weft);
    assert_eq!(text(&back, "extended_address"), address);
    swept(&weft, &since);
}

#[test]
fn a_dataset_that_comes_later_opens_frames_and_nothing_is_sent_before_counters_are_kept() {
    let Some(air) = Air::new() else { return };
    let _nodes = [Node::start(&air, 1, Role::Leader), Node::start(&air, 2, Role::Sleepy)];
    let dongle = Dongle::new(&air, 40);
    let channel = CHANNEL.to_string();
    let weft = Weft::start_with(air.folder(), dongle.port(), &["--channel", &channel]);
    weft.wait_for("working", "", SECONDS(20));
    let opens = |expected: Value, within: u64| {
        patiently("frames of the right network are opened", SECONDS(within), || {
            let view = weft.get("/api/v1/dongle")?;
            if view["opens"] == expected { Ok(()) } else { Err(view.to_string()) }
        });
    };
    opens(Value::Null, 3);
    weft.post("/api/v1/networks/credentials", &json!({ "dataset": DATASET }));
    opens(NETWORK.into(), 5);
    patiently("what the key opened is on the map", SECONDS(60), || {
        let topology = weft.topology()?;
        let leader = topology["nodes"].as_array().into_iter().flatten().find(|node| node["role"] == "leader");
        leader.map(|_| ()).ok_or_else(|| topology["nodes"].to_string())
    });

    // Where the counters would be written, something stands in the way.
    let beside = weft.data().join("dongle").join(format!("{NETWORK}.json.new"));
    std::fs::create_dir_all(&beside).unwrap();
    weft.post("/api/v1/dongle/join", &json!({ "extended_pan_id": NETWORK }));
    patiently("it says why it sends nothing", SECONDS(20), || {
        let node = node(&weft)?;
        let says_why = text(&node, "detail").contains("its frame counters cannot be written");
        if says_why && node["frames_sent"] == 0 {
            Ok(())
        } else {
            Err(node.to_string())
        }
    });
    std::fs::remove_dir(&beside).unwrap();
    attached(&weft);

    // Without the key nobody takes part; with it, it does again by itself, because nobody had it leave.
    let (status, answer) = weft.request("DELETE", &format!("/api/v1/networks/{NETWORK}/credential"), None).unwrap();
    assert!((200..300).contains(&status), "{status} {answer}");
    patiently("it waits for the dataset", SECONDS(10), || {
        let node = node(&weft)?;
        let waits = node["state"] == "no-dataset" && text(&node, "detail").contains("no whole dataset");
        if waits { Ok(()) } else { Err(node.to_string()) }
    });
    opens(Value::Null, 5);
    weft.post("/api/v1/networks/credentials", &json!({ "dataset": DATASET }));
    attached(&weft);
    opens(NETWORK.into(), 5);
    // The same network with another key: a new node, and the old one when the old key is back.
    let address = |view: &Value| text(view, "extended_address").to_owned();
    let ours = address(&node(&weft).unwrap());
    let forget = || {
        let (status, answer) = weft.request("DELETE", &format!("/api/v1/networks/{NETWORK}/credential"), None).unwrap();
        assert!((200..300).contains(&status), "{status} {answer}");
    };
    forget();
    let other_key = DATASET.replace("00112233445566778899aabbccddeeff", "ff112233445566778899aabbccddeeff");
    weft.post("/api/v1/networks/credentials", &json!({ "dataset": other_key }));
    patiently("another node looks for a parent in vain", SECONDS(40), || {
        let node = node(&weft)?;
        let is_other = address(&node) != ours && text(&node, "detail").contains("that the key does not open");
        if is_other { Ok(()) } else { Err(node.to_string()) }
    });
    forget();
    weft.post("/api/v1/networks/credentials", &json!({ "dataset": DATASET }));
    assert_eq!(address(&attached(&weft)), ours);
}
