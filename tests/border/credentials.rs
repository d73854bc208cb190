//! Getting in: what is missing, wrong and right; who else holds the role; what becomes of it when Weft or a border router dies.

use super::harness::{Folder, Weft};
use super::live::{Air, Dataset, Node, Role, patiently};
use super::plans::flat;
use super::said::text;
use super::said::verdict::problems_of;
use super::secrets::{self, Secret};
use super::site::Site;
use super::weft::Networks;
use super::*;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

const NETWORK: &str = "1a2b3c4d5e6f7083";
const NETWORK_KEY: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";
const PASSPHRASE: &str = "weave-the-weft-88";
/// Passcodes: the last digit checks the others.
const PASSCODE: &str = "918364724";
const OTHER_PASSCODE: &str = "204791361";
/// The first, with another last digit.
const MISTYPED: &str = "918364725";

/// The PSKc of the passphrase, as OpenThread derives it.
fn dataset() -> Option<Dataset> {
    let air = Air::new()?;
    let mut node = Node::plain(&air, 1, Role::Leader);
    let mut dataset = Dataset {
        name: "credentials",
        extended_pan_id: NETWORK,
        network_key: NETWORK_KEY,
        pskc: "00000000000000000000000000000000".to_owned(),
    };
    node.ask(&format!("dataset set active {}", dataset.hexadecimal()));
    node.ask("dataset init active");
    node.ask(&format!("dataset pskc -p {PASSPHRASE}"));
    dataset.pskc = node.ask("dataset pskc").join("");
    Some(dataset)
}

/// Everything together: forming a mesh takes longer than any of it.
#[test]
fn a_network_is_opened_by_every_credential_and_survives_every_death() {
    twice(every_credential);
}

fn every_credential() {
    let Some(dataset) = dataset() else { return };
    let pskc = dataset.pskc.clone();
    let Some(mut site) = Site::form(flat(), dataset) else { return };
    let recording = Folder::new("recording");
    let file = recording.path().join("all.jsonl").display().to_string();
    let mut weft = Weft::start_with(&site.host("weft"), &["--no-matter", "--record", &file]);
    let heard = |weft: &Weft| {
        let paths = ["/api/v1/networks", "/api/v1/topology", "/api/v1/sources", "/api/v1/plan"];
        let mut texts: Vec<(&str, String)> = paths
            .iter()
            .map(|path| (*path, weft.request("GET", path, None).unwrap().body.to_string()))
            .collect();
        texts.push(("what it prints", weft.said().join("\n")));
        texts
    };
    let (first, second) = (site.address(41).to_owned(), site.address(42).to_owned());
    weft.finds(NETWORK, &first);
    weft.finds(NETWORK, &second);
    let way = weft.way_is(NETWORK, &first, "needs-credential", SECONDS(20));
    assert!(!text(&way, "detail").is_empty(), "{way}");
    assert_eq!(weft.network(NETWORK).unwrap()["credential"], Value::Null);

    wrong_pskc(&weft, &site);
    passcodes(&weft, &site);
    let mut texts = heard(&weft);

    // The mesh as it is, through any of the two border routers.
    let truth = site.at_rest("the mesh rests", SECONDS(60));
    patiently("the mesh of that moment", SECONDS(60), || {
        let problems = problems_of(&weft.topology(), &truth);
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
    });

    by_passphrase(&weft, &site);
    busy(&weft, &mut site);
    texts.extend(heard(&weft));
    killed(&mut weft, &mut site, Path::new(&file));
    taken_over(&weft, &mut site);

    // Shut down, it leaves the role at once.
    weft.stop();
    for router in site.border_routers.iter().filter(|router| router.is_running()) {
        patiently("no session is left", SECONDS(5), || nobody(router.sessions()));
    }

    let secrets = [
        Secret::bytes("the network key", NETWORK_KEY),
        Secret::bytes("the PSKc", &pskc),
        Secret::text("the passphrase", PASSPHRASE),
        Secret::text("a passcode", PASSCODE),
        Secret::text("a passcode", OTHER_PASSCODE),
    ];
    let mut places = secrets::found(&secrets, &texts, weft.data().path());
    places.extend(secrets::found(&secrets, &[], recording.path()));
    assert!(places.is_empty(), "{places:?}");
    assert!(Path::new(&file).metadata().unwrap().len() > 0);
}

fn nobody(sessions: Vec<String>) -> Result<(), String> {
    if sessions.is_empty() { Ok(()) } else { Err(sessions.join("; ")) }
}

/// Refused credentials are named as such, by every border router, and leave nothing behind.
fn wrong_pskc(weft: &Weft, site: &Site) {
    let answer = weft.give(&json!({ "extended_pan_id": NETWORK, "pskc": "000102030405060708090a0b0c0d0e0f" }));
    assert_eq!(answer.status, 200, "{answer:?}");
    for router in &site.border_routers {
        let way = weft.way_is(NETWORK, site.address(router.number()), "wrong-credential", SECONDS(40));
        assert!(text(&way, "detail").contains("refused the network's credential"), "{way}");
        patiently("no session is left", SECONDS(20), || nobody(router.sessions()));
    }
    let answer = weft.request("DELETE", &format!("/api/v1/networks/{NETWORK}/credential"), None).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// A mistyped digit is found out before anybody is asked, a wrong passcode by the border router, the right one brings the dataset.
fn passcodes(weft: &Weft, site: &Site) {
    let router = &site.border_routers[0];
    let address = site.address(router.number());
    let id = weft.way(NETWORK, address).unwrap()["id"].clone();
    let waits = || {
        router.show_passcode(PASSCODE, SECONDS(120));
        patiently("the border router waits for a passcode", SECONDS(20), || {
            let way = weft.way(NETWORK, address)?;
            if way["waits_for_passcode"] == true {
                Ok(())
            } else {
                Err(way.to_string())
            }
        });
    };
    waits();
    let answer = weft.enter(&id, MISTYPED);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(!answer.body.to_string().contains(MISTYPED), "{answer:?}");
    assert!(nobody(router.sessions()).is_ok());

    let answer = weft.enter(&id, OTHER_PASSCODE);
    assert_eq!(answer.status, 202, "{answer:?}");
    let way = weft.way_is(NETWORK, address, "wrong-credential", SECONDS(30));
    assert!(text(&way, "detail").contains("passcode"), "{way}");

    if router.ask("ba ephemeralkey").join("") != "Started" {
        waits();
    }
    let (status, _, said) = weft.command(&["network", "passcode", id.as_str().unwrap(), "-"], &format!("{PASSCODE}\n"));
    assert_eq!(status, Some(0), "{said}");
    let network = patiently("the passcode brings the dataset", SECONDS(30), || {
        let network = weft.network(NETWORK)?;
        if network["credential"].is_object() {
            Ok(network)
        } else {
            Err(network.to_string())
        }
    });
    let credential = &network["credential"];
    assert_eq!(
        (&credential["origin"], &credential["has_network_key"], &credential["has_pskc"]),
        (&json!("border-agent"), &json!(true), &json!(true)),
        "{network}"
    );
    patiently("what it opens is swept", SECONDS(60), || {
        let network = weft.network(NETWORK)?;
        let is_working = network["paths"]
            .as_array()
            .is_some_and(|ways| ways.iter().any(|way| way["state"] == "working"));
        if is_working { Ok(()) } else { Err(network.to_string()) }
    });
}

/// The passphrase alone opens it too.
fn by_passphrase(weft: &Weft, site: &Site) {
    let answer = weft.request("DELETE", &format!("/api/v1/networks/{NETWORK}/credential"), None).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let address = site.address(41);
    let before = weft.way_is(NETWORK, address, "needs-credential", SECONDS(20))["last_success_at"].clone();
    let (status, _, said) = weft.command(&["network", "add", "--network", NETWORK, "--passphrase", "-"], &format!("{PASSPHRASE}\n"));
    assert_eq!(status, Some(0), "{said}");
    let id = weft.way(NETWORK, address).unwrap()["id"].clone();
    weft.ask(&id);
    weft.brought(NETWORK, address, &before, SECONDS(60));
}

/// Somebody else's role is theirs: it is said who has it.
fn busy(weft: &Weft, site: &mut Site) {
    let address = site.address(41).to_owned();
    let way = weft.way(NETWORK, &address).unwrap();
    let (id, before) = (way["id"].clone(), way["last_success_at"].clone());
    let node = site.node(2);
    // Weft may be sweeping: the role is free within seconds.
    patiently("a node gets the role", SECONDS(60), || {
        let _ = node.try_ask("commissioner id Somebody-Else");
        let _ = node.try_ask("commissioner start");
        let state = node.says(SECONDS(2)).join(" ") + &node.ask("commissioner state").join(" ");
        if state.ends_with("active") { Ok(()) } else { Err(state) }
    });
    weft.ask(&id);
    let way = weft.way_is(NETWORK, &address, "busy", SECONDS(40));
    assert!(text(&way, "detail").contains("Somebody-Else"), "{way}");
    let node = site.node(2);
    assert_eq!(node.ask("commissioner state").join(""), "active", "it was thrown out");
    node.ask("commissioner stop");
    weft.ask(&id);
    weft.brought(NETWORK, &address, &before, SECONDS(60));
}

/// Killed while it holds the role, it has it back in the next run.
fn killed(weft: &mut Weft, site: &mut Site, recording: &Path) {
    let address = site.address(41).to_owned();
    let way = weft.way(NETWORK, &address).unwrap();
    let (id, before) = (way["id"].clone(), way["last_success_at"].clone());
    in_the_middle(weft, site, &id);
    weft.kill();
    site.node(2).thaw();
    let router = &site.border_routers[0];
    assert!(router.has_commissioner(), "{:?}", router.sessions());
    // A recording is never written over.
    std::fs::rename(recording, recording.with_extension("first.jsonl")).unwrap();
    weft.run();
    weft.finds(NETWORK, &address);
    weft.ask(&id);
    // Within the 50 s after which a border agent would have dropped the dead session by itself.
    weft.brought(NETWORK, &address, &before, SECONDS(45));
}

/// Has the first border router asked, and waits until Weft is in the role there. It stays so for a while: a router of the mesh stands still, and is
/// waited for.
fn in_the_middle(weft: &Weft, site: &mut Site, id: &Value) {
    let router = &site.border_routers[0];
    // A session whose other end was killed stays until it has been idle for long.
    patiently("no session is left", SECONDS(70), || nobody(router.sessions()));
    site.nodes[&2].freeze();
    weft.ask(id);
    patiently("Weft is in the role", SECONDS(15), || {
        if router.has_commissioner() {
            Ok(())
        } else {
            Err(router.sessions().join("; "))
        }
    });
}

/// A border router dies in the middle; the other one takes over.
fn taken_over(weft: &Weft, site: &mut Site) {
    let (dies, other) = (site.address(41).to_owned(), site.address(42).to_owned());
    let id = weft.way(NETWORK, &dies).unwrap()["id"].clone();
    let before = weft.way(NETWORK, &other).unwrap()["last_success_at"].clone();
    in_the_middle(weft, site, &id);
    site.border_routers[0].kill();
    site.node(2).thaw();
    let began = Instant::now();
    let way = weft.brought(NETWORK, &other, &before, SECONDS(40));
    eprintln!("taken over {:?} after the death", began.elapsed());
    assert_eq!(way["state"], "working", "{way}");
    let dead = weft.way(NETWORK, &dies).unwrap();
    assert!(matches!(text(&dead, "state"), "unreachable" | "failed"), "{dead}");
}
