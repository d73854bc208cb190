//! How long a sweep takes: of our own time (measured), and of the mesh's (a table, from a simulated channel: see `weft_thread::sweep::peer`). The aim: 20 nodes
//! within 3 s, 100 within 10 s. What dominates is the channel around the relay: an answer of 600 bytes is seven frames of some 6.5 ms each on each of its last three hops.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use weft_thread::sweep::peer::{Layout, Peer, Seed, Shape, Swept, Way, run};
use weft_thread::sweep::{Settings, Sweep};

const SHAPES: [(usize, Shape); 4] = [
    (20, shape(8, 12, 3)),
    (60, shape(20, 40, 5)),
    (100, shape(32, 68, 6)),
    (332, shape(32, 300, 6)),
];

const fn shape(routers: usize, children: usize, width: usize) -> Shape {
    Shape { routers, children, width }
}

fn sweep(layout: &Layout, brief: bool, way: Way) -> Swept {
    let settings = Settings {
        extended_pan_id: None,
        mesh_local_prefix: layout.prefix,
        relay: Some(layout.relay),
        expected: Vec::new(),
        multicast: true,
        window: 5,
        end_within: Duration::from_secs(60),
        max_frames: None,
    };
    let mut peer = Peer::new(layout.prefix, layout.relay, layout.nodes.clone(), way, 7);
    let begin = if brief { Sweep::brief } else { Sweep::new };
    let mut sweep = begin(settings, Seed(7).random(), Duration::ZERO);
    run(&mut sweep, &mut peer, Duration::ZERO).expect("every sweep ends")
}

fn table() {
    println!("nodes  asks    latency   loss  time     answered  children  messages  duplicates  frames  bytes");
    for (nodes, shape) in SHAPES {
        let layout = shape.layout();
        for (latency, loss_percent) in [(4, 0), (40, 0), (4, 10)] {
            for brief in [false, true] {
                let latency = Duration::from_millis(latency);
                let way = Way {
                    latency,
                    loss_percent,
                    ..Way::default()
                };
                let Swept { outcome, ended, .. } = sweep(&layout, brief, way);
                println!(
                    "{nodes:5}  {:6}  {latency:7.0?}  {loss_percent:3} %  {:5.2} s  {:8}  {:8}  {:8}  {:10}  {:6}  {}",
                    if brief { "brief" } else { "all" },
                    ended.as_secs_f64(),
                    outcome.answered.len(),
                    outcome.children,
                    outcome.messages,
                    outcome.duplicates,
                    outcome.airtime.frames,
                    outcome.airtime.bytes
                );
            }
        }
    }
}

fn sweeps(criterion: &mut Criterion) {
    table();
    let mut group = criterion.benchmark_group("sweep");
    for (nodes, shape) in SHAPES {
        let layout = shape.layout();
        group.bench_with_input(BenchmarkId::new("nodes, with the mesh's own work", nodes), &layout, |bencher, layout| {
            bencher.iter(|| black_box(sweep(layout, false, Way::default())));
        });
    }
    group.finish();
}

criterion_group!(benches, sweeps);
criterion_main!(benches);
