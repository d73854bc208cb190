//! A mesh to sweep, without radio and without waiting: nodes that answer as OpenThread does, a shared channel that takes its time, and a way to it that loses,
//! repeats and swaps datagrams. Everything is decided by a seed.

mod channel;
mod made;
mod node;

pub use channel::frame_lasts;
pub use made::{Layout, Shape};
pub use node::{Manner, Node};

use super::airtime::{MULTICAST_TRANSMISSIONS, one_hop, one_multicast};
use super::{Event, Outcome, Sweep};
use channel::Channel;
use node::Station;
use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv6Addr;
use std::time::Duration;
use weft_model::{MeshLocalPrefix, Rloc16};

/// Numbers that are the same for the same seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Seed(pub u64);

impl Seed {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.draw() % 100 < percent
    }

    /// A time below `most`.
    pub fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.draw() % u64::try_from(most.as_micros()).unwrap_or(u64::MAX).max(1))
    }

    /// Randomness for the program under test.
    pub fn random(mut self) -> crate::Random {
        Box::new(move |bytes| bytes.iter_mut().for_each(|byte| *byte = self.draw() as u8))
    }
}

/// What the way between us and the relay is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// Of one datagram, each way.
    pub latency: Duration,
    /// Datagrams lost, in a hundred.
    pub loss_percent: u64,
    /// Datagrams that come twice.
    pub duplicate_percent: u64,
    /// Datagrams that others overtake.
    pub reorder_percent: u64,
    /// The relay passes multicast on.
    pub multicast: bool,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(4),
            loss_percent: 0,
            duplicate_percent: 0,
            reorder_percent: 0,
            multicast: true,
        }
    }
}

/// What is on its way.
enum Step {
    /// To a node, by its place.
    Arrive(usize, Vec<u8>),
    /// A node repeats the answer of this message id, unless it was acknowledged.
    Repeat(usize, u16),
    /// To us.
    Return(Ipv6Addr, Vec<u8>),
    /// The channel is through with a frame.
    Frame,
}

/// A mesh.
pub struct Peer {
    way: Way,
    prefix: MeshLocalPrefix,
    relay: Rloc16,
    stations: Vec<Station>,
    place: BTreeMap<Rloc16, usize>,
    channel: Channel<Step>,
    steps: BTreeMap<(Duration, u64), Step>,
    number: u64,
    seed: Seed,
    output: VecDeque<(Ipv6Addr, Vec<u8>)>,
}

impl Peer {
    /// A mesh of these nodes; one of them is the relay.
    pub fn new(prefix: MeshLocalPrefix, relay: Rloc16, nodes: Vec<Node>, way: Way, seed: u64) -> Self {
        let mut seed = Seed(seed);
        let place = nodes.iter().enumerate().map(|(place, node)| (node.rloc16, place)).collect();
        let stations = nodes.into_iter().map(|node| Station::new(node, seed.draw() as u16)).collect();
        Self {
            way,
            prefix,
            relay,
            stations,
            place,
            channel: Channel::new(),
            steps: BTreeMap::new(),
            number: 0,
            seed,
            output: VecDeque::new(),
        }
    }

    /// Frames that the channel carried, every hop counted.
    pub fn frames(&self) -> u64 {
        self.channel.frames()
    }

    /// Bytes that the channel carried.
    pub fn bytes(&self) -> u64 {
        self.channel.bytes()
    }

    /// Takes a datagram of the sweep for an address of the mesh.
    pub fn receive(&mut self, destination: Ipv6Addr, datagram: Vec<u8>, now: Duration) {
        for datagram in self.on_the_way(datagram) {
            if destination.is_multicast() {
                self.multicast(&datagram, now);
            } else if let Some(place) = self.place_of(destination) {
                let hops = self.hops(place);
                let at = now + self.delay();
                self.carry(None, hops, Step::Arrive(place, datagram.clone()), datagram.len(), at);
            }
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some(entry) = self.steps.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, _), step) = entry.remove_entry();
            match step {
                Step::Frame => {
                    let (done, next) = self.channel.pass(at);
                    self.after(done.map(|step| (at, step)));
                    self.after(next.map(|at| (at, Step::Frame)));
                }
                Step::Return(source, datagram) => self.output.push_back((source, datagram)),
                Step::Arrive(place, datagram) => {
                    self.stations[place].receive(&datagram);
                    self.send_of(place, at);
                }
                Step::Repeat(place, id) => {
                    self.stations[place].repeat(id);
                    self.send_of(place, at);
                }
            }
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        self.steps.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next datagram for the sweep, and the node that sends it.
    pub fn poll_transmit(&mut self) -> Option<(Ipv6Addr, Vec<u8>)> {
        self.output.pop_front()
    }

    fn place_of(&self, address: Ipv6Addr) -> Option<usize> {
        let [.., high, low] = address.octets();
        let rloc16 = Rloc16::new(u16::from_be_bytes([high, low]))?;
        (self.prefix.rloc(rloc16) == address).then(|| self.place.get(&rloc16).copied()).flatten()
    }

    fn hops(&self, place: usize) -> u32 {
        self.stations[place].node.hops
    }

    /// The datagram as often as it gets through.
    fn on_the_way(&mut self, datagram: Vec<u8>) -> Vec<Vec<u8>> {
        if self.seed.percent(self.way.loss_percent) {
            return Vec::new();
        }
        let count = 1 + usize::from(self.seed.percent(self.way.duplicate_percent));
        vec![datagram; count]
    }

    fn delay(&mut self) -> Duration {
        let late = self.seed.percent(self.way.reorder_percent);
        let more = if late {
            self.seed.up_to(Duration::from_millis(120))
        } else {
            Duration::ZERO
        };
        self.way.latency + more
    }

    fn after(&mut self, step: Option<(Duration, Step)>) {
        if let Some((at, step)) = step {
            self.number += 1;
            self.steps.insert((at, self.number), step);
        }
    }

    /// Puts a datagram on the channel, so often as it has hops.
    fn carry(&mut self, sender: Option<Rloc16>, hops: u32, step: Step, payload_bytes: usize, at: Duration) {
        if hops == 0 {
            self.after(Some((at, step)));
            return;
        }
        let next = self.channel.add(sender, one_hop(payload_bytes), hops, step, at);
        self.after(next.map(|at| (at, Step::Frame)));
    }

    /// Every router sends it twice; every full Thread device has it by then, except the relay itself.
    fn multicast(&mut self, datagram: &[u8], now: Duration) {
        if !self.way.multicast {
            return;
        }
        let routers = self.stations.iter().filter(|station| station.node.rloc16.is_router()).count();
        let senders = u32::try_from(routers).unwrap_or(1) * MULTICAST_TRANSMISSIONS;
        self.channel.count(super::airtime::times(one_multicast(datagram.len()), senders));
        for place in 0..self.stations.len() {
            let node = &self.stations[place].node;
            if node.hears_multicast && node.rloc16 != self.relay {
                // MPL sends within 64 ms of hearing.
                let hops = node.hops.max(1);
                let spread = self.seed.up_to(Duration::from_millis(64) * hops);
                let at = now + self.way.latency + Duration::from_millis(8) * hops + spread;
                self.after(Some((at, Step::Arrive(place, datagram.to_vec()))));
            }
        }
    }

    /// What a node has to send goes onto the channel, and from the relay on to us.
    fn send_of(&mut self, place: usize, now: Duration) {
        while let Some(sent) = self.stations[place].send() {
            let source = self.prefix.rloc(self.stations[place].node.rloc16);
            if let Some(id) = sent.repeat {
                let wait = sent.wait + self.seed.up_to(sent.wait / 2);
                self.after(Some((now + wait, Step::Repeat(place, id))));
            }
            let (hops, sender) = (self.hops(place), Some(self.stations[place].node.rloc16));
            for datagram in self.on_the_way(sent.datagram) {
                let at = now + self.delay();
                let bytes = datagram.len();
                self.carry(sender, hops, Step::Return(source, datagram), bytes, at);
            }
        }
    }
}

/// What became of a sweep of a [`Peer`].
#[derive(Debug, Clone, PartialEq)]
pub struct Swept {
    /// Everything that it told, with its moment.
    pub events: Vec<(Duration, Event)>,
    /// What it came to.
    pub outcome: Outcome,
    /// When it ended, from its beginning.
    pub ended: Duration,
}

/// Lets a sweep and a mesh talk until the sweep has ended; `None` if it never does.
pub fn run(sweep: &mut Sweep, peer: &mut Peer, start: Duration) -> Option<Swept> {
    let (mut now, mut events) = (start, Vec::new());
    // A sweep of 63 routers with all repetitions has some ten thousand steps.
    for _ in 0..5_000_000 {
        let mut is_quiet = true;
        while let Some((destination, datagram)) = sweep.poll_transmit() {
            peer.receive(destination, datagram, now);
            is_quiet = false;
        }
        peer.handle_timeout(now);
        while let Some((source, datagram)) = peer.poll_transmit() {
            sweep.receive(source, &datagram, now);
            is_quiet = false;
        }
        while let Some(event) = sweep.poll_event() {
            let outcome = if let Event::Ended(outcome) = &event {
                Some(outcome.clone())
            } else {
                None
            };
            events.push((now, event));
            if let Some(outcome) = outcome {
                let ended = now.saturating_sub(start);
                return Some(Swept { events, outcome, ended });
            }
        }
        if is_quiet {
            now = [sweep.deadline(), peer.deadline()].into_iter().flatten().min()?.max(now);
            if sweep.deadline().is_some_and(|at| at <= now) {
                sweep.handle_timeout(now);
            }
        }
    }
    None
}
