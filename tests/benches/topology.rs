//! From captures to a picture: decode, derive, lay out, at the sizes of a home, a building and a campus; and one capture among a thousand homes.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use weft_evidence::{Capture, Evidence};
use weft_layout::{Positions, layout, update};
use weft_model::Timestamp;
use weft_simulator::{DiagnosticQuestion, Mesh, Scribe, Size};
use weft_tests::sweep_of;
use weft_topology::plan::{PlanContext, plan};
use weft_topology::{Engine, Policy, derive};

fn size(nodes: usize) -> Size {
    if nodes == 44 { Size::HOME } else { Size::of_nodes(nodes) }
}

fn evidence(captures: &[Capture]) -> (Evidence, Timestamp) {
    let evidence = Evidence::from_captures(captures);
    let as_of = evidence.newest_at().unwrap_or(Timestamp::MIN);
    (evidence, as_of)
}

fn by_size(criterion: &mut Criterion) {
    let policy = Policy::standard();
    let mut group = criterion.benchmark_group("size");
    for nodes in [44, 300, 5_000, 20_000] {
        let mesh = Mesh::random(44, size(nodes));
        let captures = sweep_of(&mesh);
        let (known, as_of) = evidence(&captures);
        let topology = derive(&known, as_of, &policy);
        let drawn = layout(&topology, &Positions::default());
        group.throughput(Throughput::Elements(nodes as u64));
        group.sample_size(if nodes > 1_000 { 10 } else { 50 });
        group.bench_with_input(BenchmarkId::new("decode", nodes), &captures, |bencher, captures| {
            bencher.iter(|| evidence(black_box(captures)))
        });
        group.bench_with_input(BenchmarkId::new("derive", nodes), &known, |bencher, known| {
            bencher.iter(|| derive(black_box(known), as_of, &policy))
        });
        group.bench_with_input(BenchmarkId::new("layout", nodes), &topology, |bencher, topology| {
            bencher.iter(|| layout(black_box(topology), &drawn))
        });
        // Nobody has answered yet: everything is still to be planned.
        let announced: Vec<Capture> = captures.iter().filter(|capture| &*capture.source == "mdns").cloned().collect();
        let (names, _) = evidence(&announced);
        let names = derive(&names, as_of, &policy);
        let context = PlanContext::default();
        group.bench_with_input(BenchmarkId::new("plan", nodes), &names, |bencher, names| {
            bencher.iter(|| plan(black_box(names), &context))
        });
        group.bench_with_input(BenchmarkId::new("derive and layout", nodes), &known, |bencher, known| {
            bencher.iter(|| layout(&derive(black_box(known), as_of, &policy), &drawn))
        });
        group.bench_with_input(BenchmarkId::new("first layout", nodes), &topology, |bencher, topology| {
            bencher.iter(|| layout(black_box(topology), &Positions::default()))
        });
    }
    group.finish();
}

fn one_capture_among_homes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one capture among homes");
    group.sample_size(20);
    for homes in [1, 1_000] {
        let mesh = Mesh::random(44, Size::homes(homes));
        let captures = sweep_of(&mesh);
        let (known, as_of) = evidence(&captures);
        let mut engine = Engine::with_evidence(Policy::standard(), known);
        let mut before = engine.snapshot(as_of);
        let mut drawn = layout(&before, &Positions::default());
        let survey = mesh.survey();
        let router = mesh.routers()[0];
        let mut scribe = Scribe::new(as_of.plus_seconds(1));
        scribe.write("border-agent", survey.diagnostic_answer(router, &DiagnosticQuestion::default()));
        let template = scribe.captures()[0].clone();
        let mut seq = captures.len() as u64;
        group.bench_function(BenchmarkId::new("to the new snapshot", homes), |bencher| {
            bencher.iter_batched(
                || {
                    seq += 1;
                    Capture {
                        seq,
                        at: as_of.plus_seconds(1),
                        ..template.clone()
                    }
                },
                |capture| {
                    engine.insert(&capture).expect("captures are in order");
                    let topology = engine.snapshot(as_of.plus_seconds(1));
                    drawn = update(&topology, &before, &drawn);
                    before = topology;
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, by_size, one_capture_among_homes);
criterion_main!(benches);
