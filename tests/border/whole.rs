//! The whole mesh through one border router: everything that the nodes know, and nothing else; what dies, moves, splits and heals.

use super::harness::Weft;
use super::line::{BadLine, Badness};
use super::live::{Dataset, patiently};
use super::plans::home;
use super::said::truth::{NodeTruth, Truth};
use super::said::verdict::{is_past, node, problems_of};
use super::site::{GOOD_DBM, LEADER_TIMEOUT, SHORT_LEADER_TIMEOUT, Site};
use super::weft::{self, Networks};
use super::*;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Instant;

const NETWORK: &str = "1a2b3c4d5e6f7081";

fn dataset() -> Dataset {
    Dataset {
        name: "whole",
        extended_pan_id: NETWORK,
        network_key: "9f8e7d6c5b4a39281706f5e4d3c2b1a1",
        pskc: "5eed0000aaaabbbbccccddddeeee0001".to_owned(),
    }
}

/// Sweeps once more; the way as it is then.
fn sweep(weft: &Weft, site: &Site) -> Value {
    let address = site.address(41);
    let way = weft.way(NETWORK, address).unwrap();
    weft.ask(&way["id"]);
    weft.brought(NETWORK, address, &way["last_success_at"], SECONDS(120))
}

/// Sweeps, and holds the topology against what the nodes say at that moment: they said the same before and after.
fn is_true(weft: &Weft, site: &mut Site, what: &str, of: impl Fn(&Truth) -> Truth, excused: fn(&str) -> bool) -> Value {
    patiently(what, SECONDS(120), || {
        let before = site.truth()?;
        let way = sweep(weft, site);
        let after = site.truth()?;
        if before != after {
            return Err("the mesh changed meanwhile".to_owned());
        }
        let mut problems = problems_of(&weft.topology(), &of(&after));
        problems.retain(|problem| !excused(problem));
        if problems.is_empty() { Ok(way) } else { Err(problems.join("; ")) }
    })
}

/// Nothing is excused.
fn nothing(_: &str) -> bool {
    false
}

/// What a full device that is a child hears beside its parent is its own word only, and a sweep waits for routers, not for it. The untouched mesh is held to
/// these links too; after a split their radios begin anew, and their word may come with a later sweep.
fn unheard_child(problem: &str) -> bool {
    problem.starts_with("link (\"neighbor\"") && problem.ends_with("is missing")
}

#[test]
fn the_whole_mesh_is_as_its_nodes_say_through_death_move_split_and_healing() {
    twice(whole);
}

fn whole() {
    let Some(mut site) = Site::form(home(), dataset()) else { return };
    // Its own diagnostics hear all routers but the one that asks: the mesh is one that can be asked.
    let asker = site.node(1);
    let mut said = asker.ask("networkdiagnostic get ff03::2 0 1");
    said.extend(asker.says(SECONDS(3)));
    let answers: BTreeSet<&String> = said.iter().filter(|line| line.starts_with("DIAG_GET.rsp/ans from ")).collect();
    assert!(answers.len() >= 8, "{said:?}");
    let truth = site.at_rest("the mesh", SECONDS(60));
    assert_eq!(truth.nodes.len(), 21);
    let heard = |node: &NodeTruth| {
        let routers = node.routers.values().map(|link| link.incoming);
        routers.chain(node.children.values().map(|(_, incoming)| *incoming)).collect::<Vec<_>>()
    };
    let qualities: BTreeSet<u8> = truth.nodes.values().flat_map(heard).collect();
    assert_eq!(qualities, BTreeSet::from([1, 2, 3]), "{truth:?}");

    let host = site.host("weft");
    let weft = weft::start(&host);
    let address = site.address(41).to_owned();
    weft.finds(NETWORK, &address);
    let began = Instant::now();
    let (status, _, said) = weft.command(&["network", "add", "-"], &site.dataset.hexadecimal());
    assert_eq!(status, Some(0), "{said}");
    let way = weft.brought(NETWORK, &address, &Value::Null, SECONDS(60));
    eprintln!("the whole mesh {:?} after its credential: {}", began.elapsed(), way["brought"]);
    let (status, shown, said) = weft.command(&["network"], "");
    assert_eq!(status, Some(0), "{said}");
    assert!(shown.contains("whole"), "{shown}");

    let way = is_true(&weft, &mut site, "the mesh is as its nodes say", Truth::clone, nothing);
    let brought = &way["brought"];
    assert_eq!(
        [&brought["routers"], &brought["silent_routers"], &brought["children"]].map(Value::as_u64),
        [Some(9), Some(0), Some(12)],
        "{brought}"
    );
    assert!(
        brought["milliseconds"].as_u64().is_some_and(|milliseconds| milliseconds < 6_000),
        "{brought}"
    );

    over_a_bad_line(&weft, &mut site, &host);
    let died = dies_and_moves(&weft, &mut site);
    splits_and_heals(&weft, &mut site);
    // Its neighbours forget it 76 to 100 s after its last word.
    let dead = site.address(8).to_owned();
    patiently("the dead router is gone", SECONDS(120), || {
        let topology = weft.topology();
        let Some(node) = node(&topology, &dead).filter(|node| node["state"] != "gone") else {
            return Ok(());
        };
        let reason = format!("{} {:?} after its death", node["state"], died.elapsed());
        sweep(&weft, &site);
        Err(reason)
    });
    eprintln!("gone {:?} after its death", died.elapsed());
    patiently("no session is left", SECONDS(60), || {
        let mut sessions = site.border_routers[0].sessions();
        // Half a session of the time when the line was bad is OpenThread's to forget, and it does not.
        sessions.retain(|session| !session.contains("connected:no"));
        if sessions.is_empty() { Ok(()) } else { Err(sessions.join("; ")) }
    });
}

/// 30 % of the frames are lost, a tenth comes twice, a tenth late: the same mesh.
fn over_a_bad_line(weft: &Weft, site: &mut Site, host: &harness::Host) {
    let badness = Badness {
        lost: 30,
        doubled: 10,
        late: 10,
    };
    let line = BadLine::before(&site.lan, host, badness);
    let way = patiently("the whole mesh over a bad line", SECONDS(180), || {
        let way = sweep(weft, site);
        if way["brought"]["routers"] == 9 { Ok(way) } else { Err(way.to_string()) }
    });
    eprintln!("over a bad line: {}", way["brought"]);
    drop(line);
    is_true(weft, site, "the mesh is as before", Truth::clone, nothing);
}

/// A router dies, and a child goes to another parent. When it died.
fn dies_and_moves(weft: &Weft, site: &mut Site) -> Instant {
    let dead = site.address(8).to_owned();
    site.kill(8);
    site.part(&[(16, 2)]);
    site.join(&[(16, 6)], GOOD_DBM);
    let died = Instant::now();
    let way = sweep(weft, site);
    // Its neighbours still list it: it was asked for, and did not answer.
    assert_eq!(way["brought"]["silent_routers"], 1, "{way}");
    // What one sweep brought is enough; it is shown within moments.
    patiently("the dead router is stale", SECONDS(5), || {
        let topology = weft.topology();
        let node = node(&topology, &dead).ok_or("it is not there")?;
        if node["state"] == "stale" { Ok(()) } else { Err(node.to_string()) }
    });
    eprintln!("stale {:?} after its death", died.elapsed());

    let (child, old, new) = (site.address(16).to_owned(), site.address(2).to_owned(), site.address(6).to_owned());
    patiently("the child finds another parent", SECONDS(100), || {
        let parent = site.node(16).parent();
        if parent == new { Ok(()) } else { Err(parent) }
    });
    // What was asked just before it moved may come in after it.
    patiently("the child is below its new parent only", SECONDS(60), || {
        sweep(weft, site);
        let topology = weft.topology();
        let id_of = |address: &str| node(&topology, address).map(|node| node["id"].clone());
        let moved = node(&topology, &child).ok_or("it is not there")?;
        if Some(&moved["parent"]["node"]) != id_of(&new).as_ref() || is_past(moved) || is_past(&moved["parent"]) {
            return Err(format!("{} below {}", moved["state"], moved["parent"]));
        }
        // The old parent lists it until its timeout: right about the table, wrong about the child.
        let ends = [id_of(&old), id_of(&child)];
        let links = topology["links"].as_array().ok_or("no links")?;
        let old_link = links
            .iter()
            .find(|link| ends.contains(&Some(link["a"].clone())) && ends.contains(&Some(link["b"].clone())));
        match old_link {
            Some(link) if !is_past(link) => Err(link.to_string()),
            _ => Ok(()),
        }
    });
    died
}

/// Routers of the half that has no border router.
const FAR_ROUTERS: [u16; 3] = [3, 4, 7];

/// The radio between two halves is blocked, and works again.
fn splits_and_heals(weft: &Weft, site: &mut Site) {
    // It has no border router and not the leader; children of the dead router hear others there.
    let far: BTreeSet<u16> = BTreeSet::from([3, 4, 7, 12, 14, 15, 17, 18]);
    // Full devices hear into both halves: they stay with their parent.
    let crossing = site.split(&far.iter().copied().collect::<Vec<_>>());
    let began = Instant::now();
    site.wait_for_leader(&FAR_ROUTERS, SHORT_LEADER_TIMEOUT);
    let truth = patiently("the far half has a leader of its own", SECONDS(240), || {
        std::thread::sleep(SECONDS(2));
        let truth = site.truth()?;
        let is_split = truth.partitions().len() == 2 && truth.node(3).partition_id != truth.node(41).partition_id;
        if is_split { Ok(truth) } else { Err(format!("{:?}", truth.partitions())) }
    });
    // The near half is all that its border router can reach; of the far half nothing is made up.
    let near = truth.node(41).partition_id;
    is_true(
        weft,
        site,
        "the near half",
        |truth| {
            let mut truth = truth.within(near);
            // A child of the dead router that has not missed it yet still names the old partition.
            truth.nodes.retain(|_, node| !far.contains(&node.number));
            truth
        },
        unheard_child,
    );
    eprintln!("split, and shown so, after {:?}", began.elapsed());
    site.wait_for_leader(&FAR_ROUTERS, LEADER_TIMEOUT);
    site.restore(crossing);
    let began = Instant::now();
    patiently("the mesh is whole again", SECONDS(240), || {
        std::thread::sleep(SECONDS(2));
        let truth = site.truth()?;
        let (unrest, _) = truth.unrest_and_disputes();
        if truth.partitions().len() == 1 && unrest.is_empty() {
            Ok(())
        } else {
            Err(format!("{:?} {}", truth.partitions(), unrest.join("; ")))
        }
    });
    eprintln!("healed after {:?}", began.elapsed());
    is_true(weft, site, "the healed mesh", Truth::clone, unheard_child);
}
