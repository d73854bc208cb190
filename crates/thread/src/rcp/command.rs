//! One command at a time: its transactions, its time limit, its repeats.

use std::time::Duration;
use weft_wire::hdlc;
use weft_wire::spinel::{Command, Frame, Header, MAX_TRANSACTION_ID, Property, Status};

/// A radio answers within milliseconds; a busy line with 1,000 frames a second before it takes longer.
const ANSWER_WITHIN: Duration = Duration::from_millis(1000);
/// How often a command is sent before it counts as unanswered.
const TRIES: usize = 3;

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
    /// One for each try, the last one last. The answer to an earlier try is as good: a line that is full of frames delays answers beyond the time limit.
    transaction_ids: Vec<u8>,
    until: Duration,
}

/// The command that waits for its answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Commands {
    waiting: Option<Waiting>,
    last_transaction_id: u8,
    /// A transaction of somebody else, which is still open.
    reserved: Option<u8>,
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

    /// A transaction that is not in use. It stays so until [`Self::release`].
    pub(super) fn reserve(&mut self) -> u8 {
        let id = self.fresh();
        self.reserved = Some(id);
        id
    }

    /// The reserved transaction is over.
    pub(super) fn release(&mut self) {
        self.reserved = None;
    }

    fn fresh(&mut self) -> u8 {
        let mut id = self.last_transaction_id;
        // At most four are in use at any time.
        for _ in 0..MAX_TRANSACTION_ID {
            id = id % MAX_TRANSACTION_ID + 1;
            let is_waited_for = self.waiting.as_ref().is_some_and(|waiting| waiting.transaction_ids.contains(&id));
            if !is_waited_for && self.reserved != Some(id) {
                break;
            }
        }
        self.last_transaction_id = id;
        id
    }

    /// Sends an order. There must be none that waits.
    pub(super) fn send(&mut self, order: Order, now: Duration, line: &mut Vec<u8>) {
        let waiting = Waiting {
            order,
            transaction_ids: Vec::new(),
            until: now,
        };
        self.put(waiting, now, line);
    }

    fn put(&mut self, mut waiting: Waiting, now: Duration, line: &mut Vec<u8>) {
        let transaction_id = self.fresh();
        let command = match &waiting.order {
            Order::Get(property) => Command::Get(*property),
            Order::Set(property, value) => Command::Set(*property, value),
        };
        let header = Header::new(0, transaction_id);
        hdlc::encode(&Frame { header, command }.encode(), line);
        waiting.transaction_ids.push(transaction_id);
        waiting.until = now.saturating_add(ANSWER_WITHIN);
        self.waiting = Some(waiting);
    }

    /// Takes an answer. `None` if it is not the one that is waited for.
    pub(super) fn take(&mut self, header: Header, property: Property, value: &[u8]) -> Option<(Order, Answer)> {
        let waiting = self.waiting.as_ref()?;
        if !waiting.transaction_ids.contains(&header.transaction_id) {
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
        if waiting.transaction_ids.len() >= TRIES {
            return Some(waiting.order);
        }
        self.put(waiting, now, line);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: Order = Order::Get(Property::CAPS);

    #[test]
    fn transactions_go_round_and_are_never_used_twice_at_once() {
        let mut commands = Commands::default();
        let mut line = Vec::new();
        let reserved = commands.reserve();
        assert_eq!(reserved, 1);
        let mut used = Vec::new();
        for _ in 0..30 {
            commands.send(QUESTION, Duration::ZERO, &mut line);
            let id = commands.last_transaction_id;
            used.push(id);
            assert_eq!(commands.take(Header::new(0, reserved), Property::CAPS, &[]), None);
            assert!(commands.take(Header::new(0, id), Property::CAPS, &[]).is_some());
        }
        assert_eq!(used[..14], (2..=15).collect::<Vec<u8>>());
        assert_eq!(used[14..28], used[..14]);
        commands.release();
        commands.send(QUESTION, Duration::ZERO, &mut line);
        commands.take(Header::new(0, commands.last_transaction_id), Property::CAPS, &[]);
        assert!((0..15).any(|_| commands.reserve() == reserved));
    }

    #[test]
    fn each_try_has_its_transaction_and_any_of_them_is_answered() {
        let mut commands = Commands::default();
        let mut line = Vec::new();
        commands.send(QUESTION, Duration::ZERO, &mut line);
        assert_eq!(commands.tick(ANSWER_WITHIN, &mut line), None);
        assert_eq!(commands.last_transaction_id, 2);
        assert_eq!(commands.take(Header::new(0, 3), Property::CAPS, &[]), None);
        assert_eq!(
            commands.take(Header::new(0, 1), Property::CAPS, &[5]),
            Some((QUESTION, Answer::Value(vec![5])))
        );
        assert!(commands.is_idle());
        commands.send(QUESTION, Duration::ZERO, &mut line);
        assert_eq!(commands.tick(ANSWER_WITHIN, &mut line), None);
        assert_eq!(commands.tick(2 * ANSWER_WITHIN, &mut line), None);
        assert_eq!(commands.tick(3 * ANSWER_WITHIN, &mut line), Some(QUESTION));
    }
}
