//! Dependencies point down only, and what a crate keeps out stays out. Read from `cargo metadata`, so it is about what is built.

#![allow(clippy::unwrap_used)] // a test that fails says where

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Everything above the libraries may use all of them.
const ALL: &[&str] = &[
    "model",
    "wire",
    "evidence",
    "topology",
    "layout",
    "matter",
    "thread",
    "sources",
    "store",
    "server",
    "simulator",
];

/// Which crates of this workspace each crate may depend on, from the bottom up. A crate that is not listed is a layer nobody has thought about.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("fuzz", &["model", "wire", "evidence", "thread"]),
    ("evidence", &["model", "wire"]),
    ("topology", &["model", "evidence"]),
    ("layout", &["model", "topology"]),
    ("simulator", &["model", "wire", "evidence"]),
    ("matter", &["model"]),
    ("thread", &["model", "wire", "evidence"]),
    ("sources", &["model", "wire", "evidence", "matter", "thread"]),
    ("store", &["model", "evidence"]),
    ("server", &["model", "evidence", "topology", "layout"]),
    ("mesh", ALL),
    ("tests", ALL),
    ("xtask", ALL),
];

/// Crates from outside that are kept in one room.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("axum", &["server"]),
    ("utoipa", &["server", "model", "topology", "layout"]),
    ("petgraph", &["topology"]),
    ("mdns-sd", &["sources"]),
    ("rusqlite", &["store"]),
    ("serialport", &["thread"]),
    ("libfuzzer-sys", &["fuzz"]),
    ("rs-matter", &["matter"]),
    ("coap-lite", &["thread"]),
    ("reqwest", &["sources"]),
    ("tokio-tungstenite", &["sources"]),
    ("tokio", &["matter", "sources", "server", "mesh", "tests"]),
    ("clap", &["mesh"]),
    ("anyhow", &["mesh", "tests", "xtask"]),
    ("cargo_metadata", &["tests", "xtask"]),
    ("directories", &["mesh"]),
];

/// What libraries must not reach, not even through others: they are pure, and build in seconds.
const NOT_BELOW: &[(&str, &[&str])] = &[
    (
        "model",
        &[
            "tokio",
            "rusqlite",
            "mdns-sd",
            "axum",
            "petgraph",
            "rs-matter",
            "weft-wire",
            "weft-evidence",
        ],
    ),
    (
        "wire",
        &["tokio", "rusqlite", "mdns-sd", "axum", "petgraph", "rs-matter", "weft-evidence"],
    ),
    (
        "evidence",
        &["tokio", "rusqlite", "mdns-sd", "axum", "petgraph", "rs-matter", "weft-topology"],
    ),
    (
        "topology",
        &[
            "tokio",
            "rusqlite",
            "mdns-sd",
            "axum",
            "rs-matter",
            "weft-sources",
            "weft-store",
            "weft-server",
        ],
    ),
    (
        "layout",
        &[
            "tokio",
            "rusqlite",
            "mdns-sd",
            "axum",
            "rs-matter",
            "weft-sources",
            "weft-store",
            "weft-server",
        ],
    ),
    ("simulator", &["tokio", "rusqlite", "mdns-sd", "axum", "rs-matter", "weft-topology"]),
    (
        "server",
        &["rusqlite", "mdns-sd", "rs-matter", "weft-sources", "weft-store", "weft-simulator"],
    ),
    ("fuzz", &["tokio", "rusqlite", "mdns-sd", "axum", "rs-matter"]),
    ("tests", &["rs-matter"]),
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
        .exec()
        .unwrap()
}

/// A crate's name as this file writes it: without the prefix that all of them share.
fn short(name: &str) -> &str {
    name.strip_prefix("weft-").unwrap_or(name)
}

/// Direct dependencies of one crate; those of tests only where they are asked for.
fn direct(package: &Package, with_tests: bool) -> BTreeSet<&str> {
    let counts = |kind| with_tests || kind != DependencyKind::Development;
    package
        .dependencies
        .iter()
        .filter(|dependency| counts(dependency.kind))
        .map(|dependency| dependency.name.as_str())
        .collect()
}

#[test]
fn every_crate_of_the_workspace_has_its_layer() {
    let metadata = metadata();
    let there: BTreeSet<&str> = metadata.workspace_packages().iter().map(|package| short(&package.name)).collect();
    let listed: BTreeSet<&str> = MAY_DEPEND_ON.iter().map(|(name, _)| *name).collect();
    assert_eq!(there, listed);
}

#[test]
fn dependencies_point_down_only() {
    let may: BTreeMap<&str, &[&str]> = MAY_DEPEND_ON.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in metadata().workspace_packages() {
        for dependency in direct(package, true).into_iter().filter(|name| name.starts_with("weft-")) {
            if !may[short(&package.name)].contains(&short(dependency)) {
                wrong.push(format!("{} depends on {dependency}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_list_itself_points_down() {
    let mut lower: BTreeSet<&str> = BTreeSet::new();
    for (name, allowed) in MAY_DEPEND_ON {
        let is_a_top = allowed.len() == ALL.len();
        let above: Vec<&&str> = allowed.iter().filter(|other| !is_a_top && !lower.contains(**other)).collect();
        // The fuzz targets stand beside what they feed.
        assert!(
            above.is_empty() || *name == "fuzz",
            "{name} would depend on {above:?}, which is not below it"
        );
        lower.insert(name);
    }
}

#[test]
fn only_the_binary_the_tests_and_the_chores_know_everything() {
    let knows_all: BTreeSet<&str> = MAY_DEPEND_ON
        .iter()
        .filter(|(_, allowed)| allowed.len() == ALL.len())
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(knows_all, BTreeSet::from(["mesh", "tests", "xtask"]));
}

#[test]
fn what_is_kept_in_one_room_stays_there() {
    let mut wrong = Vec::new();
    for package in metadata().workspace_packages() {
        let here = direct(package, false);
        for (name, rooms) in ONLY_IN {
            if here.contains(name) && !rooms.contains(&short(&package.name)) {
                wrong.push(format!("{} depends on {name}, which belongs into {rooms:?}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_crates_reach_nothing_that_does_io() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().unwrap();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let names: BTreeMap<_, &str> = metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let mut wrong = Vec::new();
    for (name, forbidden) in NOT_BELOW {
        let package = metadata
            .workspace_packages()
            .into_iter()
            .find(|package| short(&package.name) == *name)
            .unwrap();
        let mut reached = BTreeSet::from([&package.id]);
        let mut waiting = vec![&package.id];
        while let Some(id) = waiting.pop() {
            for dependency in &nodes[id].deps {
                let is_built = dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development);
                if is_built && reached.insert(&dependency.pkg) {
                    waiting.push(&dependency.pkg);
                }
            }
        }
        let found: Vec<&str> = reached
            .iter()
            .filter_map(|id| names.get(*id))
            .copied()
            .filter(|reached| forbidden.contains(reached))
            .collect();
        if !found.is_empty() {
            wrong.push(format!("{name} reaches {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files of one directory and those below it, at most so deep.
fn sources_below(directory: &Path, depth: usize, found: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && depth > 0 {
            sources_below(&path, depth - 1, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn there_is_one_clock() {
    // A lint forbids them, and a lint can be silenced: what is shipped calls a clock in one file only.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut files = Vec::new();
    sources_below(&root, 8, &mut files);
    let is_test = |path: &Path| {
        let below = path.strip_prefix(&root).unwrap();
        below
            .components()
            .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs" | "benches" | "examples")))
    };
    let shipped: Vec<_> = files.iter().filter(|path| !is_test(path)).collect();
    assert!(shipped.len() > 50, "the sources lie elsewhere");
    let calls_a_clock = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        ["SystemTime::now", "Instant::now"].iter().any(|call| text.contains(call))
    };
    let (clock, wrong): (Vec<_>, Vec<_>) = shipped
        .into_iter()
        .filter(|path| calls_a_clock(path))
        .partition(|path| path.ends_with("sources/src/clock.rs"));
    assert_eq!(clock.len(), 1, "the one clock is not where it was");
    // How long to wait for a peer is nobody's time: the timers of conversations count from their own beginning.
    let wrong: Vec<_> = wrong
        .into_iter()
        .filter(|path| !path.strip_prefix(&root).unwrap().starts_with("matter/src/controller"))
        .collect();
    assert!(wrong.is_empty(), "a clock outside weft-sources::clock: {wrong:?}");
}
