//! A scripted parent: what it says and leaves unsaid, and what the child makes of it.

mod attach;
mod discovery;
mod keep;
mod leave;
mod moves;
mod recorded;

use super::messages::{About, Draft};
use super::*;
use crate::credential::OperationalDataset;
use std::net::Ipv6Addr;
use weft_model::{Connectivity, LeaderData, PartitionId, Rloc16, RouterId};
use weft_wire::mle::{Message, Tlv};

const DATASET: &str = "0e08000000000001000000030000140208dead1111beef2222051000112233445566778899aabbccddeeff010212340708fdf01cc8d6f8f4f0\
                       0309776566742d6d6573680410c0ffee00c0ffee00c0ffee00c0ffee000c0402a0f7f8";
const ACTIVE_TIMESTAMP: u64 = 0x0001_0000;
const OWN: ExtendedAddress = ExtendedAddress([0x0a, 1, 2, 3, 4, 5, 6, 7]);
const PARENT: ExtendedAddress = ExtendedAddress([0x12; 8]);
const OTHER: ExtendedAddress = ExtendedAddress([0x22; 8]);
const MILLISECONDS: fn(u64) -> Duration = Duration::from_millis;
const SECONDS: fn(u64) -> Duration = Duration::from_secs;

fn rloc16(number: u16) -> Rloc16 {
    Rloc16::new(number).unwrap()
}

fn leader(partition: u32, data_version: u8) -> LeaderData {
    LeaderData {
        partition_id: PartitionId(partition),
        weighting: 64,
        data_version,
        stable_data_version: data_version,
        leader_router_id: RouterId::new(3),
    }
}

fn message(command: Command, tlvs: Vec<Tlv>) -> Message {
    Message {
        command,
        tlvs,
        problems: Vec::new(),
        incomplete: Vec::new(),
    }
}

/// A router as it describes itself when somebody looks for a parent.
#[derive(Clone)]
struct Router {
    address: ExtendedAddress,
    rloc16: u16,
    link_margin_db: u8,
    priority: i8,
    partition: u32,
    rssi_dbm: i8,
}

impl Router {
    fn new(address: ExtendedAddress, rloc16: u16) -> Self {
        Self {
            address,
            rloc16,
            link_margin_db: 40,
            priority: 0,
            partition: 77,
            rssi_dbm: -50,
        }
    }
}

/// A child, its clock, and the air around it.
struct Scene {
    mle: Mle,
    now: Duration,
    sequence: u32,
    counter: u32,
}

fn membership() -> Membership {
    Membership::from_dataset(&OperationalDataset::from_hex(DATASET).unwrap()).unwrap()
}

fn kept() -> Kept {
    Kept {
        extended_address: OWN,
        key_sequence: 5,
        mac_counter_below: 0,
        mle_counter_below: 0,
    }
}

/// Other bytes each time, the same in each run.
fn random() -> Random {
    let mut next = 0u8;
    Box::new(move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(17);
            *byte = next;
        }
    })
}

impl Scene {
    fn new() -> Self {
        Self {
            mle: Mle::new(&membership(), kept(), random(), Duration::ZERO),
            now: Duration::ZERO,
            sequence: 5,
            counter: 0,
        }
    }

    /// One that is attached, with nothing left to tell.
    fn attached() -> Self {
        let mut scene = Self::new();
        scene.attach(&Router::new(PARENT, 0x5c00), 0x5c05);
        scene
    }

    fn attach(&mut self, router: &Router, given: u16) {
        self.answer(router);
        self.on_to_deadline();
        assert_eq!(self.sent().last().unwrap().message.command, Command::CHILD_ID_REQUEST);
        self.give(router.address, router.rloc16, given, router.partition);
        assert!(matches!(self.mle.standing(), Standing::Attached(_)));
        self.outputs();
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.mle.poll()).collect()
    }

    /// What it wants to send; everything else is passed over.
    fn sent(&mut self) -> Vec<Draft> {
        let draft = |output| match output {
            Output::Send(draft) => Some(draft),
            _ => None,
        };
        self.outputs().into_iter().filter_map(draft).collect()
    }

    fn commands(&mut self) -> Vec<Command> {
        self.sent().iter().map(|draft| draft.message.command).collect()
    }

    fn on_to_deadline(&mut self) {
        self.now = self.mle.deadline().unwrap().max(self.now);
        self.mle.handle_timeout(self.now);
    }

    fn on(&mut self, time: Duration) {
        let until = self.now + time;
        while self.mle.deadline().is_some_and(|deadline| deadline <= until) {
            self.on_to_deadline();
        }
        self.now = until;
    }

    fn hear_at(&mut self, from: ExtendedAddress, rssi_dbm: i8, is_multicast: bool, message: Message) {
        self.counter += 1;
        let heard = Heard {
            from,
            is_multicast,
            pan_id: Some(PanId(0x1234)),
            channel: Channel::new(20).unwrap(),
            rssi_dbm: Some(rssi_dbm),
            counter: Some((KeySequence(self.sequence), self.counter)),
            message,
        };
        self.mle.hear(&heard, self.now);
    }

    fn hear(&mut self, from: ExtendedAddress, command: Command, tlvs: Vec<Tlv>) {
        let is_multicast = command == Command::ADVERTISEMENT;
        self.hear_at(from, -50, is_multicast, message(command, tlvs));
    }

    /// The challenge of the last question for parents.
    fn challenge(&self) -> Vec<u8> {
        match &self.mle.state {
            State::Asking(asking) => asking.challenge.to_vec(),
            _ => panic!("it asks for no parent"),
        }
    }

    fn answer(&mut self, router: &Router) {
        let challenge = self.challenge();
        self.answer_to(router, &challenge);
    }

    fn answer_to(&mut self, router: &Router, challenge: &[u8]) {
        let response = parent_response(router, challenge);
        self.hear_at(router.address, router.rssi_dbm, false, response);
    }

    /// A Child ID Response.
    fn give(&mut self, from: ExtendedAddress, source: u16, given: u16, partition: u32) {
        let tlvs = vec![
            Tlv::SourceAddress(Some(rloc16(source))),
            Tlv::LeaderData(leader(partition, 10)),
            Tlv::ActiveTimestamp(ACTIVE_TIMESTAMP),
            Tlv::Address16(Some(rloc16(given))),
            network_data(&[8, 4, 11, 2, 0x96, 0xf2]),
        ];
        self.hear(from, Command::CHILD_ID_RESPONSE, tlvs);
    }

    fn advertise(&mut self, source: u16, data: LeaderData) {
        let tlvs = vec![Tlv::SourceAddress(Some(rloc16(source))), Tlv::LeaderData(data)];
        self.hear(PARENT, Command::ADVERTISEMENT, tlvs);
    }

    /// The parent's answer to a Child Update Request.
    fn update_response(&mut self, with: Vec<Tlv>) {
        let mut tlvs = vec![
            Tlv::SourceAddress(Some(rloc16(0x5c00))),
            Tlv::Mode(messages::MODE),
            Tlv::LinkMarginDb(40),
            Tlv::LeaderData(leader(77, 10)),
            Tlv::TimeoutSeconds(240),
        ];
        tlvs.extend(with);
        self.hear(PARENT, Command::CHILD_UPDATE_RESPONSE, tlvs);
    }
}

fn network_data(bytes: &[u8]) -> Tlv {
    Tlv::NetworkData {
        bytes: bytes.to_vec(),
        omr_prefixes: Vec::new(),
    }
}

fn parent_response(router: &Router, challenge: &[u8]) -> Message {
    let connectivity = Connectivity {
        parent_priority: router.priority,
        link_quality_3: 4,
        link_quality_2: 0,
        link_quality_1: 0,
        leader_cost: 1,
        id_sequence: 7,
        active_routers: 5,
        sed_buffer_bytes: Some(1280),
        sed_datagram_count: Some(1),
    };
    let tlvs = vec![
        Tlv::SourceAddress(Some(rloc16(router.rloc16))),
        Tlv::LeaderData(leader(router.partition, 10)),
        Tlv::LinkFrameCounter(100),
        Tlv::MleFrameCounter(200),
        Tlv::Response(challenge.to_vec()),
        Tlv::Challenge(router.address.0.to_vec()),
        Tlv::LinkMarginDb(router.link_margin_db),
        Tlv::Connectivity(connectivity),
        Tlv::Version(5),
    ];
    message(Command::PARENT_RESPONSE, tlvs)
}

fn without(message: &Message, number: u8) -> Message {
    let mut message = message.clone();
    message.tlvs.retain(|tlv| tlv.number() != number);
    message
}
