//! Two border routers: the same mesh through one as through both, joined over the LAN (TREL), split and healed there.

use super::harness::Weft;
use super::live::{Dataset, patiently};
use super::plans::halves;
use super::said::text;
use super::said::verdict::{node, problems_of};
use super::site::{LEADER_TIMEOUT, SHORT_LEADER_TIMEOUT, Site, at_rest, truth_of};
use super::weft::{self, Networks};
use super::*;
use serde_json::{Value, json};

const NETWORK: &str = "1a2b3c4d5e6f7082";

/// Has a border router asked, whatever stands by.
fn sweep(weft: &Weft, address: &str) {
    let way = weft.way(NETWORK, address).unwrap();
    weft.ask(&way["id"]);
    weft.brought(NETWORK, address, &way["last_success_at"], SECONDS(60));
}

/// What a topology says, without when and by whom.
fn said(topology: &Value) -> Value {
    let list = |name: &str| topology[name].as_array().cloned().unwrap_or_default();
    let nodes: Vec<Value> = list("nodes")
        .iter()
        .map(|node| {
            json!([
                node["id"],
                node["rloc16"],
                node["role"],
                node["state"],
                node["partition_id"],
                node["parent"]["node"],
                node["border_router"]
            ])
        })
        .collect();
    let links: Vec<Value> = list("links")
        .iter()
        .map(|link| {
            // What one end was told of the other is as old as its last word with it: full devices that are children are not asked each time.
            let quality = |direction: &str| match &link[direction] {
                heard if heard["relayed"] == true => Value::Null,
                heard => heard["link_quality"].clone(),
            };
            json!([
                link["id"],
                link["kind"],
                link["medium"],
                link["state"],
                quality("a_hears_b"),
                quality("b_hears_a")
            ])
        })
        .collect();
    json!([nodes, links, list("networks")[0]["partitions"]])
}

#[test]
fn two_border_routers_describe_one_mesh_and_the_lan_between_them_is_no_radio() {
    twice(two_halves);
}

fn two_halves() {
    let dataset = Dataset {
        name: "halves",
        extended_pan_id: NETWORK,
        network_key: "9f8e7d6c5b4a39281706f5e4d3c2b1a2",
        pskc: "5eed0000aaaabbbbccccddddeeee0002".to_owned(),
    };
    let Some([mut here, mut there]) = Site::form_two(halves(), &dataset) else {
        return;
    };
    let (one, two) = (here.address(41).to_owned(), there.address(42).to_owned());
    let weft = weft::start(&here.host("weft"));
    weft.finds(NETWORK, &one);
    weft.finds(NETWORK, &two);
    assert_eq!(weft.give(&json!({ "dataset": dataset.hexadecimal() })).status, 200);
    patiently("one works, the other stands by", SECONDS(60), || {
        let mut states = [&one, &two].map(|address| weft.way(NETWORK, address).map(|way| text(&way, "state").to_owned()));
        states.sort();
        if states == ["stands-by", "working"].map(|state| Ok(state.to_owned())) {
            Ok(())
        } else {
            Err(format!("{states:?}"))
        }
    });

    let truth = patiently("the mesh of that moment", SECONDS(90), || {
        let before = truth_of(&mut [&mut here, &mut there])?;
        sweep(&weft, &one);
        let after = truth_of(&mut [&mut here, &mut there])?;
        let problems = problems_of(&weft.topology(), &after);
        if before == after && problems.is_empty() {
            Ok(after)
        } else {
            Err(problems.join("; "))
        }
    });
    assert!(truth.node(41).routers.contains_key(&two), "{truth:?}");
    let by_one = weft.topology();
    let medium = |topology: &Value| {
        let id = |address: &str| node(topology, address).map(|node| node["id"].clone()).unwrap();
        let ends = [id(&one), id(&two)];
        let links = topology["links"].as_array().unwrap();
        let link = links.iter().find(|link| ends.contains(&link["a"]) && ends.contains(&link["b"]));
        text(link.unwrap(), "medium").to_owned()
    };
    assert_ne!(medium(&by_one), "radio");
    sweep(&weft, &two);
    sweep(&weft, &one);
    let by_both = weft.topology();
    if truth_of(&mut [&mut here, &mut there]).unwrap() == truth {
        assert_eq!(said(&by_one), said(&by_both));
    }

    let routers = [[1, 2, 41], [21, 22, 42]];
    here.wait_for_leader(&routers[0], SHORT_LEADER_TIMEOUT);
    there.wait_for_leader(&routers[1], SHORT_LEADER_TIMEOUT);
    // Cut in two on the LAN: each border router speaks of its own half, and Weft asks both.
    here.border_routers[0].ask("trel filter enable");
    there.border_routers[0].ask("trel filter enable");
    patiently("both halves are shown, each with its leader", SECONDS(280), || {
        std::thread::sleep(SECONDS(2));
        let truth = truth_of(&mut [&mut here, &mut there])?;
        if truth.partitions().len() != 2 || !truth.unrest().is_empty() {
            return Err(format!("{:?} {:?}", truth.partitions(), truth.unrest()));
        }
        let problems = problems_of(&weft.topology(), &truth);
        if problems.is_empty() {
            return Ok(());
        }
        sweep(&weft, &one);
        sweep(&weft, &two);
        Err(problems.join("; "))
    });

    here.wait_for_leader(&routers[0], LEADER_TIMEOUT);
    there.wait_for_leader(&routers[1], LEADER_TIMEOUT);
    here.border_routers[0].ask("trel filter disable");
    there.border_routers[0].ask("trel filter disable");
    at_rest(&mut [&mut here, &mut there], "the halves are one mesh again", SECONDS(240));
    patiently("one mesh is shown again", SECONDS(120), || {
        let truth = truth_of(&mut [&mut here, &mut there])?;
        sweep(&weft, &one);
        let problems = problems_of(&weft.topology(), &truth);
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
    });
}
