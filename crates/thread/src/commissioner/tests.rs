//! A conversation with the border agent that behaves like OpenThread's, without the session around it; and with what was recorded of real ones.

mod ends;
mod recorded;
mod roles;
mod session;

use super::conversation::{Conversation, Stage};
use super::peer::BorderAgent;
use super::*;

const START: Duration = Duration::from_secs(1_000);
const OURS: &str = "weft-0badc0de";
/// A made-up active dataset: timestamp, channel, extended PAN id, mesh-local prefix, network key, name, PAN id, PSKc, security policy.
const DATASET: &str = "0e080000000000010000000300001435060004001fffe00208dead1111beef22220708fdf01cc8d6f8f4f0051000112233445566778899aabbccddeeff03096f7462722d6d657368010212340410445f2b5ca6f2a93a55ce570a70efeecb0c0402a0f7f8";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Numbers that are the same each time.
fn random() -> Random {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    Box::new(move |bytes: &mut [u8]| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    })
}

fn settings() -> Settings {
    Settings {
        commissioner_id: OURS.to_owned(),
        keep_alive_every: seconds(20),
    }
}

/// An event in words.
fn words(event: &Event) -> String {
    match event {
        Event::Connected => "connected".to_owned(),
        Event::Commissioner { session_id } => format!("commissioner {session_id}"),
        Event::Refused { holder } => format!("refused for {holder:?}"),
        Event::LostRole { reason } => format!("lost: {reason}"),
        Event::Resigned => "resigned".to_owned(),
        Event::Dataset { kind, dataset } => format!("{kind:?} {:?}", dataset.as_ref().map(OperationalDataset::public)),
        Event::CommissionerDataset { tlvs } => format!("commissioner dataset {tlvs:02x?}"),
        Event::Unanswered { uri, reason } => format!("{uri}: {reason}"),
        Event::FromMesh {
            source,
            source_port,
            destination_port,
            datagram,
        } => format!("from {source} {source_port}>{destination_port} {datagram:02x?}"),
        Event::Closed(closed) => format!("closed: {closed}"),
    }
}

/// Says of a message whether it arrives.
type Line = Box<dyn FnMut(&[u8]) -> bool>;

/// A commissioner and a border agent at one table.
struct Table {
    conversation: Conversation,
    agent: BorderAgent,
    now: Duration,
    /// Of each message, either way.
    arrives: Line,
}

impl Table {
    fn new() -> Self {
        Self {
            conversation: Conversation::new(settings(), random()),
            agent: BorderAgent::new(hex(DATASET)),
            now: START,
            arrives: Box::new(|_| true),
        }
    }

    /// With a session that is open.
    fn open() -> Self {
        let mut table = Self::new();
        table.conversation.connected(table.now);
        assert_eq!(table.events(), ["connected"]);
        table
    }

    /// With the role.
    fn commissioner() -> Self {
        let mut table = Self::open();
        table.conversation.petition(table.now);
        table.carry();
        assert_eq!(table.events(), ["commissioner 1"]);
        assert_eq!(std::mem::take(&mut table.agent.asked), ["c/cg", "c/cp"]);
        table
    }

    fn carry(&mut self) {
        while let Some(message) = self.conversation.poll_message() {
            if !(self.arrives)(&message) {
                continue;
            }
            for answer in self.agent.receive(&message) {
                if (self.arrives)(&answer) {
                    self.conversation.receive(&answer, self.now);
                }
            }
        }
    }

    /// Lets time pass, from deadline to deadline.
    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.carry();
        while let Some(deadline) = self.conversation.deadline().filter(|deadline| *deadline <= end) {
            assert!(deadline >= self.now, "a deadline in the past");
            self.now = deadline;
            self.conversation.handle_timeout(deadline);
            self.carry();
        }
        self.now = end;
    }

    fn events(&mut self) -> Vec<String> {
        self.conversation.events.drain(..).map(|event| words(&event)).collect()
    }

    fn is_said(&self) -> bool {
        self.conversation.stage == Stage::Said
    }
}
