//! Frames through the listener: a full channel carries about 1,300 a second.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flate2::read::GzDecoder;
use std::fs::File;
use weft_tests::fixtures_directory;
use weft_thread::listen::{Listener, Network, heard_frame};
use weft_wire::link_security::NetworkKey;
use weft_wire::pcap::{Packet, Reader};

/// The key of the network in the capture.
const KEY: [u8; 16] = [
    0x4c, 0xda, 0xc1, 0xb3, 0x18, 0x94, 0xf5, 0xb6, 0x30, 0x0a, 0x65, 0xcc, 0xd0, 0x81, 0xa3, 0xd4,
];

fn packets() -> Vec<Packet> {
    let path = fixtures_directory().join("air-networks/mesh20.pcap.gz");
    let Ok(file) = File::open(&path) else {
        panic!("{} is not there", path.display())
    };
    let Ok(reader) = Reader::new(GzDecoder::new(file)) else {
        panic!("{} is no pcap file", path.display())
    };
    reader.filter_map(Result::ok).collect()
}

fn listen(mut listener: Listener, packets: &[Packet]) -> usize {
    let mut captures = Vec::new();
    let mut count = 0;
    for packet in packets {
        if let Ok(heard) = heard_frame(packet, None) {
            listener.hear(&heard, &mut captures);
        }
        count += captures.drain(..).count();
    }
    count
}

fn by_key(criterion: &mut Criterion) {
    let packets = packets();
    let mut group = criterion.benchmark_group("frames");
    group.throughput(Throughput::Elements(packets.len() as u64));
    group.sample_size(20);
    group.bench_function("without a key", |bencher| {
        bencher.iter_batched(Listener::default, |listener| listen(listener, &packets), BatchSize::PerIteration);
    });
    let with_key = || Listener::default().with_network(Network::from_key(NetworkKey::new(KEY)));
    group.bench_function("with the key", |bencher| {
        bencher.iter_batched(with_key, |listener| listen(listener, &packets), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, by_key);
criterion_main!(benches);
