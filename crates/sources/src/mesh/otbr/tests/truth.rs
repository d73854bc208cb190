//! What evidence reads in a live attempt, against what is known of the recorded mesh (`fixtures/otbr-rest-2026/topology.json`).

use super::replay::{Twist, otbr};
use super::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use weft_evidence::Reporter;
use weft_model::{Fact, RoutingRole};

/// Mesh as the fixture's expected topology has it.
struct Expected {
    nodes: Vec<Value>,
    links: Vec<Value>,
}

fn expected() -> Expected {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/otbr-rest-2026/topology.json");
    let topology: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    Expected {
        nodes: topology["nodes"].as_array().unwrap().clone(),
        links: topology["links"].as_array().unwrap().clone(),
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_live_attempt_tells_the_mesh_of_the_fixture() {
    let expected = expected();
    let (server, _) = otbr("2026", Twist::default()).await;
    let tried = try_once(server.base()).await;
    let mut said: BTreeMap<String, Vec<Fact>> = BTreeMap::new();
    for decoded in tried.decoded() {
        assert!(decoded.problems.is_empty() || decoded.observations.is_empty(), "{:?}", decoded.problems);
        for observation in decoded.observations {
            if let Reporter::Radio { extended_address } = observation.reporter {
                said.entry(extended_address.to_string()).or_default().push(Fact::clone(&observation.fact));
            }
        }
    }

    // Every router is heard itself, with its locator and role.
    let is_router = |node: &&Value| ["router", "leader"].contains(&node["role"].as_str().unwrap());
    let routers: BTreeMap<String, String> = expected
        .nodes
        .iter()
        .filter(is_router)
        .map(|node| (text(node, "extended_address"), text(node, "rloc16")))
        .collect();
    assert_eq!(routers.len(), 11);
    let mut locators = BTreeMap::new();
    for (address, facts) in &said {
        for fact in facts {
            if let Fact::Rloc16(Some(rloc16)) = fact {
                locators.insert(address.clone(), format!("{:#06x}", rloc16.get()));
            }
        }
    }
    // Children that are full Thread devices are asked too; those that sleep are not woken.
    let full_children: BTreeSet<String> = expected
        .links
        .iter()
        .filter(|link| link["kind"] == "neighbor")
        .flat_map(|link| [text(link, "a"), text(link, "b")])
        .filter(|address| !routers.contains_key(address))
        .collect();
    assert_eq!(full_children.len(), 2);
    let of_children: BTreeSet<String> = locators.keys().filter(|address| !routers.contains_key(*address)).cloned().collect();
    assert_eq!(of_children, full_children);
    locators.retain(|address, _| routers.contains_key(address));
    assert_eq!(locators, routers);
    let leader = expected.nodes.iter().find(|node| node["role"] == "leader").unwrap();
    let says_leader: Vec<&String> = said
        .iter()
        .filter(|(_, facts)| facts.contains(&Fact::RoutingRole(RoutingRole::Leader)))
        .map(|(address, _)| address)
        .collect();
    assert_eq!(says_leader, [&text(leader, "extended_address")]);

    // Parents: whoever a router lists, by the radio address.
    let mut parents = BTreeSet::new();
    for (router, facts) in &said {
        for fact in facts {
            let Fact::Children(rows) = fact else { continue };
            parents.extend(rows.iter().map(|row| (row.extended_address.to_string(), router.clone())));
        }
    }
    let true_parents: BTreeSet<(String, String)> = expected
        .nodes
        .iter()
        .filter(|node| !node["parent"].is_null())
        .map(|node| (text(node, "extended_address"), text(&node["parent"], "node")))
        .collect();
    assert_eq!(parents, true_parents);

    // Links between routers, with the quality that each end measures.
    let by_locator: BTreeMap<&String, &String> = routers.iter().map(|(address, rloc16)| (rloc16, address)).collect();
    let mut links: BTreeMap<(String, String), u8> = BTreeMap::new();
    for (router, facts) in &said {
        for fact in facts {
            let Fact::Route64(table) = fact else { continue };
            for row in table.routers.iter().filter(|row| row.link_quality_in.get() > 0) {
                let other = by_locator[&format!("{:#06x}", row.router_id.rloc16().get())];
                links.insert((router.clone(), other.clone()), row.link_quality_in.get());
            }
        }
    }
    let mut true_links = BTreeSet::new();
    for link in expected.links.iter().filter(|link| link["kind"] == "router") {
        true_links.insert((text(link, "a"), text(link, "b")));
        true_links.insert((text(link, "b"), text(link, "a")));
    }
    assert_eq!(true_links.len(), 52);
    let found: BTreeSet<(String, String)> = links.keys().filter(|(hearer, _)| routers.contains_key(hearer)).cloned().collect();
    assert_eq!(found, true_links);
    // Links of those children with routers that are not their parents.
    let neighbors: BTreeSet<(String, String)> = links
        .keys()
        .filter(|link| full_children.contains(&link.0) && !true_parents.contains(link))
        .cloned()
        .collect();
    let true_neighbors: BTreeSet<(String, String)> = expected
        .links
        .iter()
        .filter(|link| link["kind"] == "neighbor")
        .map(|link| match full_children.contains(&text(link, "a")) {
            true => (text(link, "a"), text(link, "b")),
            false => (text(link, "b"), text(link, "a")),
        })
        .collect();
    assert_eq!(neighbors, true_neighbors);
    // Ten minutes lie between the answers and the fixture's end: a quality may have changed by one, and few have.
    let mut differing = 0;
    for link in expected.links.iter().filter(|link| link["kind"] == "router") {
        for (hears, one, other) in [("a_hears_b", "a", "b"), ("b_hears_a", "b", "a")] {
            let expected = link[hears]["link_quality"].as_u64().unwrap();
            let found = u64::from(links[&(text(link, one), text(link, other))]);
            assert!(expected.abs_diff(found) <= 1);
            differing += u32::from(expected != found);
        }
    }
    assert!(differing <= 2, "{differing} of 52 differ");
}
