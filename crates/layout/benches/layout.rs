//! Time of a drawing, fresh and warm. The aim: 300 nodes well under 2 ms, 5,000 in 50 networks under 40 ms, 20,000 in 400 under 200 ms, and a
//! change in one of 1,000 networks in few milliseconds.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Plan, topology};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use weft_layout::{Positions, layout, update};
use weft_topology::{NetworkTopology, Topology};

/// A network whose routers hear some ten others.
fn network(name: &str, nodes: usize) -> NetworkTopology {
    let routers = (nodes / 3).clamp(1, 32);
    let mut noise = 17u32;
    let mut next = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    let pairs = (0..routers * (routers - 1) / 2)
        .map(|_| next())
        .map(|byte| if usize::from(byte) * routers < 10 * 256 { byte & !3 } else { 1 })
        .collect();
    let children = (routers..nodes).map(|child| ((child % routers) as u8, 3)).collect();
    Plan {
        routers,
        partitions: 1,
        pairs,
        children,
        kinds: vec![2; routers],
    }
    .build(name)
}

fn campus(networks: usize, nodes: usize) -> Topology {
    topology((0..networks).map(|index| network(&format!("n{index:04}"), nodes / networks)).collect())
}

fn benches(criterion: &mut Criterion) {
    for (networks, nodes) in [(1, 44), (2, 300), (50, 5_000), (400, 20_000)] {
        let topology = campus(networks, nodes);
        let drawn = layout(&topology, &Positions::default());
        let name = format!("{nodes}-nodes-{networks}-networks");
        criterion.bench_function(&format!("fresh/{name}"), |bench| {
            bench.iter(|| layout(black_box(&topology), &Positions::default()))
        });
        criterion.bench_function(&format!("warm/{name}"), |bench| bench.iter(|| layout(black_box(&topology), &drawn)));
    }
    let before = campus(1000, 44_000);
    let drawn = layout(&before, &Positions::default());
    let mut after = before.clone();
    after.parts[500] = Arc::new(network("n0500", 45));
    criterion.bench_function("update/one-of-1000-networks", |bench| {
        bench.iter(|| update(black_box(&after), &before, &drawn))
    });
    criterion.bench_with_input(
        BenchmarkId::new("json", "20000-nodes"),
        &layout(&campus(400, 20_000), &Positions::default()),
        |bench, positions| {
            bench.iter_batched(|| (), |()| serde_json::to_vec(positions), BatchSize::SmallInput);
        },
    );
}

criterion_group! {
    name = all;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(2)).warm_up_time(std::time::Duration::from_millis(500));
    targets = benches
}
criterion_main!(all);
