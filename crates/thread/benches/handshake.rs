//! What a handshake costs: client and server together, without a network between them.

use criterion::{Criterion, criterion_group, criterion_main};
use std::time::Duration;
use weft_model::ExtendedPanId;
use weft_thread::Random;
use weft_thread::credential::Pskc;
use weft_thread::dtls::server::Server;
use weft_thread::dtls::{Client, Event};

fn random(seed: u64) -> Random {
    let mut state = seed;
    Box::new(move |bytes| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    })
}

fn shake_hands() {
    let mut client = Client::new(b"154507124", random(1), Duration::ZERO);
    let mut server = Server::new(b"154507124", random(2));
    while client.poll_event() != Some(Event::Connected) {
        while let Some(datagram) = client.poll_transmit() {
            server.receive(&datagram, Duration::ZERO);
        }
        while let Some(datagram) = server.poll_transmit() {
            client.receive(&datagram, Duration::ZERO);
        }
    }
}

fn handshake(criterion: &mut Criterion) {
    criterion.bench_function("DTLS handshake, client and server", |bencher| bencher.iter(shake_hands));
    criterion.bench_function("PSKc from a passphrase", |bencher| {
        bencher.iter(|| Pskc::derive("12SECRETPASSWORD34", "Test Network", ExtendedPanId([0, 1, 2, 3, 4, 5, 6, 7])).is_ok());
    });
}

criterion_group!(benches, handshake);
criterion_main!(benches);
