//! One command at a time: its transaction, its time limit, its repeats.

use std::time::Duration;
use weft_wire::hdlc;
use weft_wire::spinel::{Command, Frame, Header, MAX_TRANSACTION_ID, Property, Status};

/// A radio answers within milliseconds; a busy line with 1,000 frames a second before it takes longer.
const ANSWER_WITHIN: Duration = Duration::from_millis(1000);
/// How often a command is sent before it counts as unanswered.
const TRIES: u8 = 3;

/// What is asked or set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    Get(Property),
    Set(Property, Vec<u8>),
}

impl Order {
    pub(super) fn property(&self) -> Property {
        match self {
            Self::Get(property) | Self::Set(property, _) => *property,
        }
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The property's value.
    Value(Vec<u8>),
    /// A status instead.
    Refused(Status),
}

#[derive(Debug, Clone)]
struct Waiting {
    order: Order,
    transaction_id: u8,
    tries: u8,
    until: Duration,
}

/// The command that waits for its answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Commands {
    waiting: Option<Waiting>,
    last_transaction_id: u8,
}

impl Commands {
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_none()
    }

    /// When a repeat is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.waiting.as_ref().map(|waiting| waiting.until)
    }

    /// Forgets what waits: the radio will not answer it.
    pub(super) fn clear(&mut self) {
        self.waiting = None;
    }

    /// Sends an order. There must be none that waits.
    pub(super) fn send(&mut self, order: Order, now: Duration, line: &mut Vec<u8>) {
        self.put(order, 1, now, line);
    }

    fn put(&mut self, order: Order, tries: u8, now: Duration, line: &mut Vec<u8>) {
        // A new transaction for each try: the answer to an earlier one, which comes late, must not be taken for this one's.
        self.last_transaction_id = self.last_transaction_id % MAX_TRANSACTION_ID + 1;
        let command = match &order {
            Order::Get(property) => Command::Get(*property),
            Order::Set(property, value) => Command::Set(*property, value),
        };
        let header = Header::new(0, self.last_transaction_id);
        hdlc::encode(&Frame { header, command }.encode(), line);
        self.waiting = Some(Waiting {
            order,
            transaction_id: self.last_transaction_id,
            tries,
            until: now.saturating_add(ANSWER_WITHIN),
        });
    }

    /// Takes an answer. `None` if it is not the one that is waited for.
    pub(super) fn take(&mut self, header: Header, property: Property, value: &[u8]) -> Option<(Order, Answer)> {
        let waiting = self.waiting.as_ref()?;
        if header.transaction_id != waiting.transaction_id {
            return None;
        }
        let answer = if property == waiting.order.property() {
            Answer::Value(value.to_vec())
        } else if property == Property::LAST_STATUS {
            match weft_wire::spinel::decode_packed(value).map(Status).ok()? {
                Status::OK => Answer::Value(Vec::new()),
                status => Answer::Refused(status),
            }
        } else {
            return None;
        };
        self.waiting.take().map(|waiting| (waiting.order, answer))
    }

    /// Repeats what is overdue. Gives the order back that was repeated often enough.
    pub(super) fn tick(&mut self, now: Duration, line: &mut Vec<u8>) -> Option<Order> {
        let waiting = self.waiting.take_if(|waiting| now >= waiting.until)?;
        if waiting.tries >= TRIES {
            return Some(waiting.order);
        }
        self.put(waiting.order, waiting.tries + 1, now, line);
        None
    }
}
