//! Anonymous exports hold nothing that names somebody, and the same mesh.

use super::{every_text, fixture};
use crate::export::anonymous;
use std::collections::BTreeSet;
use weft_layout::{Positions, layout};
use weft_topology::Topology;

/// Everything in a topology that names somebody or something, in lower case, by the field that it stands in.
fn identities(topology: &Topology) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let ids = topology
        .nodes()
        .flat_map(|node| [Some(node.id.to_string()), node.extended_address.map(|address| address.to_string())]);
    found.extend(ids.flatten());
    for node in topology.nodes() {
        found.extend([&node.name, &node.room, &node.note].into_iter().flatten().cloned());
        found.extend(
            node.known_as
                .hosts
                .iter()
                .map(|host| host.trim_end_matches('.').trim_end_matches(".local").to_owned()),
        );
        found.extend(node.known_as.hap.iter().cloned());
        found.extend(node.known_as.border_agent_id.iter().chain(&node.known_as.eui64).cloned());
        for peer in &node.known_as.matter {
            found.insert(peer.split('-').next().unwrap().to_owned());
        }
        for address in &node.addresses {
            let Ok(address) = address.split('%').next().unwrap().parse::<std::net::Ipv6Addr>() else {
                found.insert(address.clone());
                continue;
            };
            let segments = address.segments();
            // A locator is no identity; a prefix in front of it is.
            if segments[4..7] != [0, 0xff, 0xfe00] {
                found.insert(address.to_string());
                let id: Vec<String> = segments[4..].iter().map(|segment| format!("{segment:x}")).collect();
                found.insert(id.join(":"));
            }
            if segments[0] != 0xfe80 {
                let prefix: Vec<String> = segments[..4].iter().map(|segment| format!("{segment:x}")).collect();
                found.insert(prefix.join(":"));
            }
        }
    }
    for network in topology.networks() {
        found.extend(network.name.clone());
        found.extend(network.extended_pan_id.map(|id| id.to_string()));
    }
    found.extend(
        topology
            .nodes()
            .flat_map(|node| &node.claims)
            .map(|claim| claim.reporter.to_string())
            .filter(|reporter| reporter.len() > 12),
    );
    found.insert("home-of-vera".to_owned());
    // Who is called what its maker calls all of its kind is nobody.
    let models: BTreeSet<&str> = topology.nodes().filter_map(|node| node.model.as_deref()).collect();
    found
        .into_iter()
        .filter(|text| !models.contains(text.as_str()))
        .map(|text| text.to_lowercase())
        .collect()
}

#[test]
fn nothing_that_names_somebody_is_in_an_anonymous_export() {
    for name in ["home44-all", "otbr-lan", "otbr-rest-2026", "otbr-diag", "air-mesh20-key"] {
        let topology = fixture(name);
        let positions = layout(&topology, &Positions::default());
        let identities = identities(&topology);
        let before = every_text(&topology, &positions);
        let (hidden, moved) = anonymous(&topology, &positions, [7; 32]);
        for ((what, before), (_, after)) in before.iter().zip(every_text(&hidden, &moved)) {
            let (before, after) = (before.to_lowercase(), after.to_lowercase());
            for identity in &identities {
                assert!(!after.contains(identity.as_str()), "{name}: {identity} is in {what}");
            }
            assert!(
                name != "home44-all" || identities.iter().any(|identity| before.contains(identity.as_str())),
                "{name}: the test looks for nothing in {what}"
            );
        }
        assert!(name != "home44-all" || identities.len() > 150, "{}", identities.len());
    }
}

#[test]
fn an_anonymous_topology_has_the_same_structure() {
    let topology = fixture("home44-all");
    let positions = layout(&topology, &Positions::default());
    let (hidden, moved) = anonymous(&topology, &positions, [7; 32]);
    let counts = |topology: &Topology| {
        (
            topology.networks().count(),
            topology.nodes().count(),
            topology.links().count(),
            topology.findings().count(),
        )
    };
    assert_eq!(counts(&hidden), counts(&topology));
    let places = |topology: &Topology, positions: &Positions| {
        let mut places: Vec<_> = topology
            .nodes()
            .map(|node| {
                let place = positions.node(&node.id).unwrap();
                let parent = node.parent.as_ref().map(|parent| topology.node(&parent.node).unwrap().rloc16);
                (
                    node.rloc16,
                    node.role.name(),
                    node.state.name(),
                    node.vendor.clone(),
                    parent,
                    place.x,
                    place.y,
                )
            })
            .collect();
        places.sort();
        places
    };
    assert_eq!(places(&hidden, &moved), places(&topology, &positions));
    let ids: BTreeSet<&str> = hidden.nodes().map(|node| &*node.id).collect();
    for link in hidden.links() {
        assert!(ids.contains(&*link.a) && ids.contains(&*link.b));
        assert_eq!(*link.id, format!("{}~{}", link.a, link.b));
    }
    for node in hidden.nodes() {
        assert_eq!((&node.name, &node.room, &node.note, node.known_as.hosts.len()), (&None, &None, &None, 0));
        assert!(node.extended_address.is_none_or(|address| *node.id == address.to_string()));
    }
    assert_ne!(anonymous(&topology, &positions, [8; 32]).0, hidden, "other pseudonyms in each export");
}
