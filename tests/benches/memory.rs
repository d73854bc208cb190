//! Resident memory of evidence, topology and positions by size, each in a process of its own. Prints a table; measures nothing else.

use std::process::Command;
use weft_evidence::Evidence;
use weft_layout::{Positions, layout};
use weft_simulator::{Mesh, Size};
use weft_tests::sweep_of;
use weft_topology::{Policy, derive};

const VARIABLE: &str = "WEFT_MEMORY_NODES";

fn main() {
    match std::env::var(VARIABLE) {
        Ok(nodes) => measure(nodes.parse().expect("a number of nodes")),
        Err(_) => {
            println!("{:>8} {:>12} {:>16} {:>16}", "nodes", "captures", "evidence KiB", "with topology");
            for nodes in [44, 300, 5_000, 20_000] {
                let program = std::env::current_exe().expect("this program has a path");
                let status = Command::new(program)
                    .env(VARIABLE, nodes.to_string())
                    .status()
                    .expect("this program starts");
                assert!(status.success());
            }
        }
    }
}

fn measure(nodes: usize) {
    let size = if nodes == 44 { Size::HOME } else { Size::of_nodes(nodes) };
    let captures = sweep_of(&Mesh::random(44, size));
    let before = resident_kib();
    let evidence = Evidence::from_captures(&captures);
    let with_evidence = resident_kib();
    let as_of = evidence.newest_at().expect("something was captured");
    let topology = derive(&evidence, as_of, &Policy::standard());
    let positions = layout(&topology, &Positions::default());
    let with_topology = resident_kib();
    println!(
        "{:>8} {:>12} {:>16} {:>16}",
        topology.nodes().count(),
        captures.len(),
        with_evidence.saturating_sub(before),
        with_topology.saturating_sub(before)
    );
    drop(positions);
}

/// Resident memory of this process (Linux); 0 where nobody tells.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok())
        .unwrap_or(0)
}
