//! Getting a radio's attention, and its way back from whatever goes wrong.

use super::super::command::Order;
use super::settings::Settings;
use super::{Phase, Rcp};
use crate::rcp::{Event, Failure, Firmware, Trouble};
use std::time::Duration;
use weft_wire::hdlc;
use weft_wire::spinel::{Command, Frame, Header, Property, Reset, Status};

/// A radio says within milliseconds that it was reset; some need a second to start.
const RESET_WITHIN: Duration = Duration::from_millis(2000);
/// Troubles in a row after which the port is given up.
const MAX_TROUBLES: u32 = 5;

/// The questions at the beginning.
const QUESTIONS: [Property; 6] = [
    Property::PROTOCOL_VERSION,
    Property::NCP_VERSION,
    Property::CAPS,
    Property::HWADDR,
    Property::PHY_CHAN_SUPPORTED,
    Property::RCP_API_VERSION,
];

/// The ways to get the radio's attention, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attention {
    /// Restart of the stack alone: a USB port stays where it is.
    StackReset,
    /// Firmware that knows no kinds of resets takes this one.
    PlainReset,
    /// No reset at all: firmware that does not tell of its resets, or whose USB port goes away with each.
    None,
}

impl Attention {
    pub(super) fn next(self) -> Option<Self> {
        match self {
            Self::StackReset => Some(Self::PlainReset),
            Self::PlainReset => Some(Self::None),
            Self::None => None,
        }
    }
}

impl Rcp {
    pub(super) fn restarted(&mut self, status: Status) {
        match self.phase {
            Phase::Closed => {}
            Phase::Resetting { attention, .. } => self.ask(attention),
            // A reset that was asked for twice is told twice.
            Phase::Asking { attention } => self.ask(attention),
            Phase::Setting | Phase::Listening { .. } => {
                let trouble = Trouble::Restarted(status);
                if self.is_in_trouble(trouble) {
                    self.ask(Attention::StackReset);
                }
            }
        }
    }

    /// Tells of a trouble. False if it is one too many: the port is given up.
    pub(super) fn is_in_trouble(&mut self, trouble: Trouble) -> bool {
        self.commands.clear();
        self.orders.clear();
        // A firmware that does not survive a measurement is not asked for another.
        self.measures &= !self.round.take().is_some_and(|round| round.is_measuring());
        self.has = Settings::default();
        self.is_announced = false;
        self.ground_all();
        self.troubles += 1;
        self.counts.recoveries += 1;
        self.events.push_back(Event::Deaf(trouble));
        if self.troubles >= MAX_TROUBLES {
            self.fail(Failure::Unsteady(trouble));
            return false;
        }
        true
    }

    pub(super) fn get_attention(&mut self, attention: Attention, now: Duration) {
        self.commands.clear();
        self.orders.clear();
        let reset = match attention {
            Attention::StackReset => Reset::Stack,
            Attention::PlainReset => Reset::Unspecified,
            Attention::None => {
                self.ask(attention);
                self.advance(now);
                return;
            }
        };
        let frame = Frame {
            header: Header::default(),
            command: Command::Reset(reset),
        };
        hdlc::encode(&frame.encode(), &mut self.output);
        self.phase = Phase::Resetting {
            attention,
            until: now.saturating_add(RESET_WITHIN),
        };
    }

    pub(super) fn ask(&mut self, attention: Attention) {
        self.commands.clear();
        self.orders = QUESTIONS.into_iter().map(Order::Get).collect();
        self.capabilities.clear();
        self.firmware = Firmware::default();
        self.phase = Phase::Asking { attention };
    }

    pub(super) fn give_up(&mut self) {
        self.fail(match (self.opened_bytes, self.opened_words) {
            (0, _) => Failure::NoAnswer,
            (bytes, 0) => Failure::NotSpinel { bytes },
            _ => Failure::NoAnswer,
        });
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.commands.clear();
        self.orders.clear();
        self.round = None;
        self.ground_all();
        self.phase = Phase::Closed;
        self.events.push_back(Event::Failed(failure));
    }
}
