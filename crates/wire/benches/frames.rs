//! How long one frame from the air takes: parsed, opened, and read as far as MLE. A busy channel has some 1,300 frames a second.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::read::GzDecoder;
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use weft_model::MeshLocalPrefix;
use weft_wire::ieee802154::{AwaitedAcknowledgment, Frame};
use weft_wire::link_security::{LinkSecurity, NetworkKey};
use weft_wire::lowpan::{Contexts, Reassembler};
use weft_wire::mle;
use weft_wire::pcap::{RadioFrame, Reader};

const KEY: [u8; 16] = [
    0x4c, 0xda, 0xc1, 0xb3, 0x18, 0x94, 0xf5, 0xb6, 0x30, 0x0a, 0x65, 0xcc, 0xd0, 0x81, 0xa3, 0xd4,
];

/// Frames with the microsecond that they were heard at.
fn frames() -> Vec<(u64, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/air/mesh20-formation.pcap.gz");
    let file = GzDecoder::new(File::open(path).expect("the fixture is there"));
    let packets = Reader::new(file).expect("a capture file").map(|packet| packet.expect("a whole packet"));
    let frame = |packet| RadioFrame::of(&packet).map(|frame| (packet.nanoseconds.unwrap_or_default() / 1000, frame.frame.to_vec()));
    packets.map(|packet| frame(packet).expect("a frame")).collect()
}

/// Number of MLE statements in all frames; without a key, none.
fn listen(frames: &[(u64, Vec<u8>)], key: Option<NetworkKey>) -> usize {
    let mut security = key.map(LinkSecurity::new);
    let mut contexts = Contexts::new();
    contexts.set_mesh_local(MeshLocalPrefix([0xfd, 0x2c, 0x1f, 0xbe, 0x03, 0xd6, 0xdf, 0xd0]));
    let (mut awaited, mut reassembler) = (AwaitedAcknowledgment::new(), Reassembler::new());
    let mut facts = 0;
    for (microseconds, bytes) in frames {
        let Ok(frame) = Frame::parse(bytes) else { continue };
        let acknowledged = awaited.frame(&frame, *microseconds);
        let opened = security
            .as_mut()
            .and_then(|security| security.open_frame(bytes, &frame, acknowledged.as_ref()).ok());
        let opened = opened.map(|opened| opened.payload);
        black_box(frame.summary(opened.as_deref()));
        let (Some(security), Some(payload)) = (&mut security, opened.as_deref().or(frame.clear_payload())) else {
            continue;
        };
        let Ok(Some(datagram)) = reassembler.frame(frame.source, frame.destination, payload, &contexts, *microseconds) else {
            continue;
        };
        let Ok(packet) = datagram.packet() else { continue };
        let Some(Ok(udp)) = packet.udp() else { continue };
        if udp.destination_port == mle::PORT
            && let Ok(message) = security.open_mle(frame.pan_id(), packet.source, packet.destination, udp.payload)
            && let Some((command, tlvs)) = message.clear.split_first()
        {
            facts += mle::decode(mle::Command(*command), tlvs).facts.len();
        }
    }
    facts
}

fn frames_from_the_air(criterion: &mut Criterion) {
    let frames = frames();
    let mut group = criterion.benchmark_group("frames from the air");
    group.throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function("without a key", |bencher| bencher.iter(|| listen(black_box(&frames), None)));
    group.bench_function("with the key", |bencher| {
        bencher.iter(|| listen(black_box(&frames), Some(NetworkKey::new(KEY))));
    });
    group.finish();
}

criterion_group!(benches, frames_from_the_air);
criterion_main!(benches);
