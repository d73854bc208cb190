//! A link between client and server, and a clock that only tests move.

use crate::Random;
use crate::dtls::Client;
use crate::dtls::server::Server;
use std::time::Duration;

/// How long a datagram is on its way.
const DELAY: Duration = Duration::from_millis(4);

/// A generator that anybody can foresee: for tests.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn is_one_of(&mut self, share: f64) -> bool {
        (self.next() % 10_000) as f64 <= share * 10_000.0 && share > 0.0
    }
}

pub(super) fn random(seed: u64) -> Random {
    let mut numbers = Numbers::new(seed);
    Box::new(move |bytes| bytes.iter_mut().for_each(|byte| *byte = (numbers.next() >> 24) as u8))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Client,
    Server,
}

/// Datagrams on their way.
pub(super) struct Link {
    numbers: Numbers,
    loss: f64,
    /// So many are delayed, and so many come twice.
    disorder: f64,
    on_the_way: Vec<(Duration, To, Vec<u8>)>,
    /// The length of each that was sent.
    pub(super) lengths: Vec<usize>,
}

impl Link {
    pub(super) fn perfect() -> Self {
        Self::new(0, 0.0, 0.0)
    }

    pub(super) fn bad(seed: u64, loss: f64) -> Self {
        Self::new(seed, loss, 0.2)
    }

    fn new(seed: u64, loss: f64, disorder: f64) -> Self {
        Self {
            numbers: Numbers::new(seed),
            loss,
            disorder,
            on_the_way: Vec::new(),
            lengths: Vec::new(),
        }
    }

    fn carry(&mut self, to: To, datagram: Vec<u8>, now: Duration) {
        self.lengths.push(datagram.len());
        let copies = if self.numbers.is_one_of(self.disorder) { 2 } else { 1 };
        for _ in 0..copies {
            if !self.numbers.is_one_of(self.loss) {
                let is_late = self.numbers.is_one_of(self.disorder);
                let late = Duration::from_millis(if is_late { self.numbers.next() % 300 } else { 0 });
                self.on_the_way.push((now + DELAY + late, to, datagram.clone()));
            }
        }
    }

    fn arrival(&mut self, now: Duration) -> Option<(To, Vec<u8>)> {
        let at = self.on_the_way.iter().position(|(at, _, _)| *at <= now)?;
        let (_, to, datagram) = self.on_the_way.remove(at);
        Some((to, datagram))
    }
}

/// Lets both sides talk until nothing is on its way and nobody waits for anything; when that was.
pub(super) fn run(client: &mut Client, server: &mut Server, link: &mut Link, mut now: Duration) -> Duration {
    loop {
        while let Some(datagram) = client.poll_transmit() {
            link.carry(To::Server, datagram, now);
        }
        while let Some(datagram) = server.poll_transmit() {
            link.carry(To::Client, datagram, now);
        }
        if let Some((to, datagram)) = link.arrival(now) {
            match to {
                To::Client => client.receive(&datagram, now),
                To::Server => server.receive(&datagram, now),
            }
            continue;
        }
        let deadlines = client.deadline().into_iter().chain(server.deadline());
        let next = link.on_the_way.iter().map(|(at, _, _)| *at).chain(deadlines).min();
        let Some(next) = next else { return now };
        now = now.max(next);
        client.handle_timeout(now);
        server.handle_timeout(now);
    }
}
