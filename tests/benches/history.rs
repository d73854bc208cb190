//! Going through a day: what one step of dragging the time bar costs, against deriving each moment from all captures; and what the day costs to tell.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::convert::Infallible;
use std::hint::black_box;
use weft_evidence::{Capture, Evidence};
use weft_model::Timestamp;
use weft_simulator::{DiagnosticQuestion, Mesh, Scribe, Size};
use weft_topology::{Chronicle, Engine, Past, Patience, Policy, Seeker, changes, derive};

/// Lines, as the store keeps them: reading one is part of the cost.
struct Recording(Vec<(Timestamp, u64, String)>);

impl Recording {
    fn of(captures: &[Capture]) -> Self {
        let line = |capture: &Capture| serde_json::to_string(capture).expect("a capture has a line");
        Self(captures.iter().map(|capture| (capture.at, capture.seq, line(capture))).collect())
    }

    fn read(&self, after: u64, until: Timestamp) -> impl Iterator<Item = Capture> {
        let from = self.0.partition_point(|(_, seq, _)| *seq <= after);
        let to = self.0.partition_point(|(at, ..)| *at <= until).max(from);
        self.0[from..to]
            .iter()
            .map(|(.., line)| serde_json::from_str(line).expect("a line is a capture"))
    }

    fn at(&self, share: f64) -> Timestamp {
        let (first, last) = (self.0[0].0, self.0[self.0.len() - 1].0);
        first.plus_seconds((last.seconds_since(first) as f64 * share) as i64)
    }
}

impl Past for Recording {
    type Error = Infallible;

    fn everything(&self, until: Timestamp, each: &mut dyn FnMut(&Evidence, u64)) -> Result<Evidence, Infallible> {
        let mut evidence = Evidence::default();
        for capture in self.read(0, until) {
            if evidence.insert(&capture).is_ok() {
                each(&evidence, capture.seq);
            }
        }
        Ok(evidence)
    }

    fn between(&self, after: u64, until: Timestamp) -> Result<Vec<Capture>, Infallible> {
        Ok(self.read(after, until).collect())
    }
}

/// A day in a mesh of so many devices: every router asked each hour, and a child that moves between.
fn day(nodes: usize) -> Vec<Capture> {
    let mut mesh = Mesh::random(44, Size::of_nodes(nodes));
    let mut scribe = Scribe::new(mesh.now());
    for hour in 0..24 {
        let survey = mesh.survey();
        scribe.advance_to(mesh.now());
        for router in mesh.routers() {
            scribe
                .pass_milliseconds(400)
                .write("border-agent", survey.diagnostic_answer(router, &DiagnosticQuestion::default()));
        }
        let children = mesh.children();
        let child = children[hour % children.len()];
        if let Some(parent) = mesh.best_parent(child) {
            let _ = mesh.move_child(child, parent); // a parent that is full refuses
        }
        mesh.advance_seconds(3600);
    }
    scribe.into_captures()
}

fn seek(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seek");
    group.sample_size(10);
    for (name, captures) in [("demo", weft_simulator::demo::captures()), ("300 devices", day(300))] {
        let recording = Recording::of(&captures);
        println!("{name}: {} captures", captures.len());
        group.bench_function(BenchmarkId::new("from everything", name), |bencher| {
            bencher.iter(|| {
                let at = recording.at(0.9);
                let captures: Vec<Capture> = recording.read(0, at).collect();
                derive(&Evidence::from_captures(&captures), at, &Policy::standard())
            });
        });
        group.bench_function(BenchmarkId::new("first", name), |bencher| {
            bencher.iter(|| Seeker::new(Policy::standard()).at(black_box(recording.at(0.9)), &recording));
        });
        for (way, step) in [("forward", 0.0037), ("back", -0.0037), ("anywhere", 0.381_966)] {
            let mut seeker = Seeker::new(Policy::standard());
            let _ = seeker.at(recording.at(1.0), &recording);
            let mut share: f64 = 0.5;
            group.bench_function(BenchmarkId::new(way, name), |bencher| {
                bencher.iter(|| {
                    share = (share + step).rem_euclid(1.0);
                    seeker.at(black_box(recording.at(share)), &recording)
                });
            });
        }
        let mut seeker = Seeker::new(Policy::standard());
        let Ok(old) = seeker.at(recording.at(0.3), &recording);
        let Ok(new) = seeker.at(recording.at(0.7), &recording);
        group.bench_function(BenchmarkId::new("changes", name), |bencher| {
            bencher.iter(|| changes(black_box(&old), &new))
        });
        group.bench_function(BenchmarkId::new("tell the day", name), |bencher| {
            bencher.iter(|| {
                let mut engine = Engine::new(Policy::standard());
                let mut chronicle = Chronicle::new(Patience::STANDARD, None);
                let (mut told, mut next) = (0, captures.iter().peekable());
                let mut now = captures[0].at;
                while next.peek().is_some() {
                    now = now.plus_seconds(60);
                    while let Some(capture) = next.next_if(|capture| capture.at <= now) {
                        engine.insert(capture).expect("captures are in order");
                    }
                    told += chronicle.observe(&engine.snapshot(now), now).len();
                }
                told
            });
        });
    }
    group.finish();
}

criterion_group!(benches, seek);
criterion_main!(benches);
