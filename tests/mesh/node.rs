//! A node of our own, through the dongle, in a mesh of OpenThread's nodes: what it says of its place is held against what they say.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;
use std::time::Instant;
use weft_model::{ExtendedAddress, Fact, Rloc16};
use weft_thread::credential::OperationalDataset;
use weft_thread::node::{Detached, Event, Kept, Membership, Node as OwnNode, Place};
use weft_thread::rcp::port::Port;
use weft_thread::rcp::{Event as RadioEvent, Listening, Radio};
use weft_thread::sweep::{self, Sweep};
use weft_wire::lowpan::TMF_PORT;
use weft_wire::tmf::decode_answer;

/// The driver of a node: port, radio, node and clock.
struct Own {
    port: Port,
    radio: Radio,
    node: OwnNode,
    membership: Membership,
    began: Instant,
    is_ready: bool,
    events: Vec<Event>,
    kept: Option<Kept>,
}

fn membership(dataset: &str) -> Membership {
    Membership::from_dataset(&OperationalDataset::from_hex(dataset).unwrap()).unwrap()
}

/// Numbers that differ from run to run: addresses of other tests are on other airs.
fn random() -> weft_thread::Random {
    let mut state = std::process::id().into();
    Box::new(move |bytes| {
        for byte in bytes {
            // splitmix64
            state = u64::wrapping_add(state, 0x9e37_79b9_7f4a_7c15);
            let mut mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 32) as u8;
        }
    })
}

impl Own {
    fn new(dongle: &Dongle, dataset: &str, kept: Option<Kept>) -> Self {
        let membership = membership(dataset);
        let began = Instant::now();
        let mut node = OwnNode::new(membership.clone(), kept, random(), Duration::ZERO);
        node.radio_lost(Duration::ZERO);
        let mut radio = Radio::new(Listening::Channel(membership.channel));
        radio.take_part(Some(node.participant()), Duration::ZERO);
        radio.start(Duration::ZERO);
        Self {
            port: Port::open(dongle.port().to_str().unwrap(), 115_200).unwrap(),
            radio,
            node,
            membership,
            began,
            is_ready: false,
            events: Vec::new(),
            kept,
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn turn(&mut self) {
        let now = self.now();
        while let Some(event) = self.radio.next_event() {
            match event {
                RadioEvent::Frame(frame) => self.node.receive(&frame, now),
                RadioEvent::Sent(id, sent) => self.node.sent(id, sent, now),
                RadioEvent::TakingPart(_) if !self.is_ready => {
                    self.is_ready = true;
                    self.node.radio_back(now);
                }
                RadioEvent::Failed(failure) => panic!("{failure}"),
                _ => {}
            }
        }
        if self.node.deadline().is_some_and(|deadline| deadline <= now) {
            self.node.handle_timeout(now);
        }
        while let Some(event) = self.node.poll_event() {
            if let Event::Keep(kept) = event {
                self.kept = Some(kept);
                self.node.kept();
            } else {
                self.events.push(event);
            }
        }
        self.radio.take_part(Some(self.node.participant()), now);
        while self.is_ready
            && let Some(frame) = self.node.poll_transmit()
        {
            self.radio.transmit(&frame, now);
        }
        let output = self.radio.take_output();
        if !output.is_empty() {
            self.port.write(&output).unwrap();
        }
        let mut piece = [0; 4096];
        let deadlines = [self.radio.deadline(), self.node.deadline()];
        let next = deadlines.into_iter().flatten().min().unwrap_or(now);
        let wait = next.saturating_sub(now).clamp(Duration::from_millis(1), Duration::from_millis(20));
        let read = self.port.read(&mut piece, wait).unwrap();
        self.radio.receive(self.now(), &piece[..read]);
        if self.radio.deadline().is_some_and(|deadline| deadline <= self.now()) {
            self.radio.tick(self.now());
        }
    }

    /// Turns until there is an answer.
    fn until<T>(&mut self, what: &str, within: Duration, mut answer: impl FnMut(&mut Self) -> Option<T>) -> T {
        let began = self.now();
        loop {
            self.turn();
            if let Some(answer) = answer(self) {
                return answer;
            }
            assert!(
                self.now() < began + within,
                "{what}: not within {within:?}; it stands {:?}",
                self.node.standing()
            );
        }
    }

    fn attached(&mut self, within: Duration) -> Place {
        self.until("a place", within, |own| own.node.place())
    }

    /// Turns for a while.
    fn on(&mut self, time: Duration) {
        let until = self.now() + time;
        self.until("time", time * 2 + SECONDS(1), |own| (own.now() >= until).then_some(()));
    }

    /// Asks somebody something on another thread, and turns meanwhile.
    fn while_asking<T: Send>(&mut self, ask: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let asking = scope.spawn(ask);
            while !asking.is_finished() {
                self.turn();
            }
            asking.join().unwrap()
        })
    }

    fn rloc(&self) -> Ipv6Addr {
        self.membership.mesh_local_prefix.rloc(self.node.place().unwrap().rloc16)
    }

    fn detached(&self) -> Vec<Detached> {
        let reason = |event: &Event| match event {
            Event::Detached(reason) => Some(*reason),
            _ => None,
        };
        self.events.iter().filter_map(reason).collect()
    }

    fn sweep(&mut self) -> (sweep::Outcome, Vec<weft_evidence::TmfCapture>) {
        self.events.clear();
        let place = self.node.place().unwrap();
        let settings = sweep::Settings {
            extended_pan_id: Some(self.membership.extended_pan_id),
            mesh_local_prefix: self.membership.mesh_local_prefix,
            relay: Some(place.parent),
            expected: Vec::new(),
            multicast: true,
            window: 3,
            end_within: SECONDS(30),
            max_frames: None,
        };
        let mut sweep = Sweep::new(settings, random(), self.now());
        let mut answers = Vec::new();
        let outcome = self.until("the end of a sweep", SECONDS(40), |own| {
            let now = own.now();
            for event in std::mem::take(&mut own.events) {
                match event {
                    Event::Datagram {
                        source,
                        destination_port: TMF_PORT,
                        payload,
                        ..
                    } => sweep.receive(source, &payload, now),
                    event => panic!("{event:?} in a sweep"),
                }
            }
            if sweep.deadline().is_some_and(|deadline| deadline <= now) {
                sweep.handle_timeout(now);
            }
            while let Some((destination, datagram)) = sweep.poll_transmit() {
                own.node.send(destination, TMF_PORT, TMF_PORT, &datagram, now).unwrap();
            }
            let mut ended = None;
            while let Some(event) = sweep.poll_event() {
                match event {
                    sweep::Event::Answer(answer) => answers.push(answer),
                    sweep::Event::Silent(failure) => eprintln!("{failure:?}"),
                    sweep::Event::Ended(outcome) => ended = Some(outcome),
                }
            }
            ended
        });
        (outcome, answers)
    }
}

/// The rows of a node's child table: id, locator, timeout, age, …, extended address.
fn cells(node: &mut Node) -> Vec<Vec<String>> {
    let lines = node.ask("child table");
    let row = |line: &String| line.trim_matches(['|', ' ']).split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.iter().filter(|line| line.contains("0x")).map(row).collect()
}

/// The extended addresses in a node's child table.
fn children(node: &mut Node) -> BTreeSet<String> {
    cells(node).into_iter().filter_map(|mut row| row.pop()).collect()
}

fn text(address: ExtendedAddress) -> String {
    address.to_string().replace(':', "")
}

fn rloc16(node: &mut Node) -> Rloc16 {
    node.rloc16().parse().unwrap()
}

/// Children by their parents, as a sweep was told.
fn told_children(answers: &[weft_evidence::TmfCapture]) -> BTreeMap<Rloc16, BTreeSet<Rloc16>> {
    let mut told: BTreeMap<Rloc16, BTreeSet<Rloc16>> = BTreeMap::new();
    for answer in answers {
        let payload = &answer.payload;
        let bytes: Vec<u8> = (0..payload.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&payload[at..at + 2], 16).unwrap())
            .collect();
        let answer = decode_answer(&bytes);
        let Some(router) = answer.rloc16.filter(|rloc16| rloc16.is_router()) else {
            continue;
        };
        let rows = told.entry(router).or_default();
        for fact in &answer.decoded.facts {
            if let Fact::ChildTable(table) = fact {
                rows.extend(table.iter().filter_map(|row| Rloc16::new(router.get() | row.child_id.get())));
            }
        }
    }
    told
}

#[test]
fn our_node_attaches_is_pinged_sweeps_and_leaves() {
    let Some(air) = Air::new() else { return };
    let mut leader = Node::start(&air, 1, Role::Leader);
    let mut router = Node::start(&air, 2, Role::Router);
    let mut child = Node::start(&air, 3, Role::Sleepy);
    let mut dongle = Dongle::new(&air, 40);
    let mut own = Own::new(&dongle, DATASET, None);
    let place = own.attached(SECONDS(15));
    eprintln!("attached after {:?}: {place:?}, routers heard: {:?}", own.now(), own.node.heard_routers());
    let our_address = text(own.kept.unwrap().extended_address);
    let mut routers = BTreeMap::from([(rloc16(&mut leader), &mut leader), (rloc16(&mut router), &mut router)]);
    assert!(children(routers.get_mut(&place.parent).unwrap()).contains(&our_address));
    let heard: BTreeSet<_> = own.node.heard_routers().iter().map(|router| router.rloc16).collect();
    assert_eq!(heard, routers.keys().copied().collect());

    let rloc = own.rloc();
    for router in routers.values_mut() {
        let answer = own.while_asking(|| router.ask(&format!("ping {rloc}")));
        assert!(answer.iter().any(|line| line.contains("1 packets received")), "{answer:?}");
    }

    let (outcome, answers) = own.sweep();
    eprintln!(
        "swept in {:?} with {} messages, {:?}, {:?}",
        outcome.took,
        outcome.messages,
        outcome.airtime,
        own.node.counts()
    );
    assert_eq!(
        (outcome.answered.iter().copied().collect::<BTreeSet<_>>(), outcome.silent.len()),
        (heard, 0)
    );
    let mut truth: BTreeMap<_, BTreeSet<_>> = routers.keys().map(|router| (*router, BTreeSet::new())).collect();
    for node in [place.rloc16, rloc16(&mut child)] {
        truth.get_mut(&node.parent().unwrap()).unwrap().insert(node);
    }
    assert_eq!(told_children(&answers), truth);

    own.node.leave(own.now());
    own.until("goodbye", SECONDS(3), |own| own.events.contains(&Event::Left).then_some(()));
    // OpenThread looks after its children once a second.
    patiently("it is gone from its parent's table", SECONDS(3), || {
        let children = children(routers.get_mut(&place.parent).unwrap());
        if children.contains(&our_address) {
            Err(format!("{children:?}"))
        } else {
            Ok(())
        }
    });
    assert!(
        own.events
            .iter()
            .any(|event| matches!(event, Event::Told(told) if text(told.from) == our_address && told.tlvs.contains("020400000000")))
    );
    dongle.unplug();
}

#[test]
fn our_node_survives_its_parents_death_and_key_rotations() {
    let Some(air) = Air::new() else { return };
    let leader = Node::start(&air, 1, Role::Leader);
    let router = Node::start(&air, 2, Role::Router);
    let mut nodes: BTreeMap<_, _> = [leader, router].into_iter().map(|mut node| (rloc16(&mut node), node)).collect();
    let dongle = Dongle::new(&air, 40);
    let mut own = Own::new(&dongle, DATASET, None);
    let place = own.attached(SECONDS(15));

    // One step, which all follow, and a leap.
    for sequence in [1, 12] {
        let parent = nodes.get_mut(&place.parent).unwrap();
        parent.ask("keysequence guardtime 0");
        parent.ask(&format!("keysequence counter {sequence}"));
        own.until("the new keys", SECONDS(60), |own| own.kept.filter(|kept| kept.key_sequence == sequence));
        let rloc = own.rloc();
        let parent = nodes.get_mut(&place.parent).unwrap();
        let answer = own.while_asking(|| parent.ask(&format!("ping {rloc}")));
        assert!(answer.iter().any(|line| line.contains("1 packets received")), "{sequence}: {answer:?}");
        assert_eq!(own.detached(), []);
    }
    let parent_now = own.node.place().unwrap().parent;
    let other = nodes.keys().copied().find(|rloc16| *rloc16 != parent_now).unwrap();
    own.until("all have the new keys", SECONDS(60), |_| {
        (nodes.get_mut(&other).unwrap().ask("keysequence counter") == ["12"]).then_some(())
    });

    // Something is to be sent when the parent dies.
    drop(nodes.remove(&parent_now));
    let died = own.now();
    own.events.clear();
    let rloc = own.membership.mesh_local_prefix.rloc(other);
    own.node.send(rloc, TMF_PORT, TMF_PORT, &[0x40, 0, 0, 0], died).unwrap();
    own.until("the death is noticed", SECONDS(12), |own| {
        (own.detached() == [Detached::ParentSilent]).then_some(())
    });
    eprintln!("noticed after {:?}", own.now() - died);
    let place = own.attached(SECONDS(20));
    eprintln!("attached anew after {:?}", own.now() - died);
    assert_eq!(place.parent, other);
    assert!(children(nodes.get_mut(&other).unwrap()).contains(&text(own.kept.unwrap().extended_address)));
}

#[test]
fn our_node_finds_a_network_that_moved_and_comes_back_after_a_restart() {
    let Some(air) = Air::new() else { return };
    let mut leader = Node::start(&air, 1, Role::Leader);
    let dongle = Dongle::new(&air, 40);
    // The dataset that we have is an older one, with another channel and another PAN: the parent sends its own.
    let old = DATASET.replace("0e080000000000010000", "0e080000000000000000");
    let old = old.replace("000300001402", "000300000f02").replace("01021234", "01024321");
    let mut own = Own::new(&dongle, &old, None);
    let place = own.attached(SECONDS(30));
    eprintln!("found and attached after {:?}", own.now());
    assert_eq!(place.parent, rloc16(&mut leader));
    let kept = own.kept.unwrap();
    own.on(SECONDS(1));
    drop(own);

    // Without a goodbye; the same address and counters.
    let mut own = Own::new(&dongle, DATASET, Some(kept));
    own.attached(SECONDS(15));
    assert_eq!(children(&mut leader), BTreeSet::from([text(kept.extended_address)]), "one child, not two");
    let rloc = own.rloc();
    let answer = own.while_asking(|| leader.ask(&format!("ping {rloc}")));
    assert!(answer.iter().any(|line| line.contains("1 packets received")), "{answer:?}");
}

#[test]
fn our_node_goes_with_its_network_to_another_channel_and_stays_with_a_parent_that_starts_anew() {
    let Some(air) = Air::new() else { return };
    let leader = Node::start(&air, 1, Role::Leader);
    let dongle = Dongle::new(&air, 40);
    let mut own = Own::new(&dongle, DATASET, None);
    own.attached(SECONDS(15));
    let our_address = text(own.kept.unwrap().extended_address);

    // It loses its memory of everything but its settings, and asks its children who they are.
    drop(leader);
    let mut leader = Node::plain(&air, 1, Role::Leader);
    leader.be(DATASET);
    own.until("the leader is back", SECONDS(60), |_| (leader.ask("state") == ["leader"]).then_some(()));
    own.on(SECONDS(3));
    assert_eq!(own.detached(), []);
    assert_eq!(children(&mut leader), BTreeSet::from([our_address.clone()]));

    // Once a minute it is told that its child is there.
    own.on(SECONDS(62));
    assert_eq!(own.detached(), []);
    let age: u32 = cells(&mut leader)[0][3].parse().unwrap();
    assert!(age < 60, "last heard {age} s ago: when it asked, after its restart");

    for command in [
        "init active",
        "activetimestamp 2",
        "pendingtimestamp 2",
        "delay 8000",
        "channel 15",
        "commit pending",
    ] {
        leader.ask(&format!("dataset {command}"));
    }
    own.until("the move", SECONDS(30), |own| (own.detached() == [Detached::NetworkMoved]).then_some(()));
    assert_eq!(leader.ask("channel"), ["15"]);
    let place = own.attached(SECONDS(20));
    assert_eq!((own.node.participant().channel.get(), place.parent), (15, rloc16(&mut leader)));
    assert!(children(&mut leader).contains(&our_address));
}

/// A mesh that was reset and got the same dataset again begins at key sequence 0, and our node goes on where it was: no counter may be used twice. Its request for a
/// place answers a challenge, so the parent follows it, and everybody else the parent.
#[test]
fn a_mesh_that_began_anew_with_the_same_dataset_follows_our_node_to_its_key_sequence() {
    let Some(air) = Air::new() else { return };
    let leader = Node::start(&air, 1, Role::Leader);
    let router = Node::start(&air, 2, Role::Router);
    let mut nodes: BTreeMap<_, _> = [leader, router].into_iter().map(|mut node| (rloc16(&mut node), node)).collect();
    let dongle = Dongle::new(&air, 40);
    let kept = Kept {
        extended_address: ExtendedAddress([0x0a, 1, 2, 3, 4, 5, 6, 7]),
        key_sequence: 9,
        mac_counter_below: 4_000,
        mle_counter_below: 2_000,
    };
    let mut own = Own::new(&dongle, DATASET, Some(kept));
    let place = own.attached(SECONDS(15));
    assert_eq!(own.kept.map(|kept| kept.key_sequence), Some(9));
    let rloc = own.rloc();
    let parent = nodes.get_mut(&place.parent).unwrap();
    let answer = own.while_asking(|| parent.ask(&format!("ping {rloc}")));
    assert!(answer.iter().any(|line| line.contains("1 packets received")), "{answer:?}");
    own.until("all have the new keys", SECONDS(60), |_| {
        nodes.values_mut().all(|node| node.ask("keysequence counter") == ["9"]).then_some(())
    });
    let (outcome, _) = own.sweep();
    assert_eq!((outcome.answered.len(), outcome.silent.len()), (2, 0));
}

#[test]
fn our_node_says_that_nobody_lets_it_in_with_another_key() {
    let Some(air) = Air::new() else { return };
    let _leader = Node::start(&air, 1, Role::Leader);
    let dongle = Dongle::new(&air, 40);
    let mut own = Own::new(
        &dongle,
        &DATASET.replace("00112233445566778899aabbccddeeff", "ff112233445566778899aabbccddeeff"),
        None,
    );
    let told = own.until("that nobody answers", SECONDS(30), |own| {
        own.events.iter().find_map(|event| match event {
            Event::NoParent { rounds, closed } => Some((*rounds, *closed)),
            _ => None,
        })
    });
    assert!(told.0 == 1 && told.1 > 0, "{told:?}");
    assert_eq!(own.node.heard_routers(), []);
}
