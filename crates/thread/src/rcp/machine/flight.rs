//! Frames that are to be sent: one at a time, each with a transaction of its own and one result.

use super::{Attention, Phase, Rcp};
use crate::node::{FrameId, Outgoing, Sent};
use crate::rcp::command::Order;
use crate::rcp::{Event, Trouble};
use std::collections::VecDeque;
use std::time::Duration;
use weft_model::Channel;
use weft_wire::hdlc;
use weft_wire::ieee802154::{FCS_BYTES, MAX_PSDU_BYTES};
use weft_wire::spinel::{Command, Frame, Header, Property, Status, TransmitFrame, TransmitResult};

/// How long a radio may take with a frame: waiting for a free channel and fifteen repeats take 1.1 s at worst; OpenThread waits as long (`RadioSpinel::kTxWaitUs`).
const RESULT_WITHIN: Duration = Duration::from_secs(5);
/// So many frames in a row without any result: the radio hangs in sending.
const MAX_MISSES: u8 = 3;
/// Frames that may wait; whoever gives frames one by one never sees this.
const MAX_WAITING: usize = 8;

#[derive(Debug, Clone, Copy)]
struct Flight {
    id: FrameId,
    transaction_id: u8,
    until: Duration,
}

/// The frame that the radio has, and those that wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights {
    waiting: VecDeque<Outgoing>,
    on_its_way: Option<Flight>,
    misses: u8,
}

impl Flights {
    /// The result of the frame that the radio has bears this transaction id.
    pub(super) fn is(&self, transaction_id: u8) -> bool {
        self.on_its_way.is_some_and(|flight| flight.transaction_id == transaction_id)
    }

    pub(super) fn is_one_on_its_way(&self) -> bool {
        self.on_its_way.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.on_its_way.map(|flight| flight.until)
    }

    /// Where the next frame is to be sent.
    pub(super) fn next_channel(&self) -> Option<Channel> {
        self.waiting.front().map(|frame| frame.channel)
    }
}

impl Rcp {
    /// Gives a frame to the radio, sealed, without its check sequence: it waits for a free channel, repeats the frame where it is not acknowledged, and
    /// [`Event::Sent`] tells how that went. A frame for another channel than that of [`Self::take_part`] is sent there, and the radio comes back.
    /// Frames are sent one after the other; while the radio does not take part, or goes through all channels, none is.
    pub fn transmit(&mut self, frame: &Outgoing, now: Duration) {
        let fits = !frame.psdu.is_empty() && frame.psdu.len() + FCS_BYTES <= MAX_PSDU_BYTES;
        let may = self.participant.is_some() && matches!(self.phase, Phase::Listening { .. }) && self.round.is_none();
        if !(fits && may && self.has_channel(frame.channel) && self.flights.waiting.len() < MAX_WAITING) {
            return self.ended(frame.id, Sent::Failed);
        }
        self.flights.waiting.push_back(frame.clone());
        self.advance(now);
    }

    /// The radio is where the next frame is to be sent: it goes.
    pub(super) fn launch(&mut self, now: Duration) {
        let Some(frame) = self.flights.waiting.pop_front() else { return };
        let mut psdu = frame.psdu;
        // The radio writes the check sequence.
        psdu.extend([0; FCS_BYTES]);
        let value = TransmitFrame {
            header_updated: true,
            security_processed: true,
            ..TransmitFrame::new(&psdu, frame.channel.get())
        }
        .encode();
        let transaction_id = self.commands.reserve();
        let order = Frame {
            header: Header::new(0, transaction_id),
            command: Command::Set(Property::STREAM_RAW, &value),
        };
        hdlc::encode(&order.encode(), &mut self.output);
        self.flights.on_its_way = Some(Flight {
            id: frame.id,
            transaction_id,
            until: now.saturating_add(RESULT_WITHIN),
        });
    }

    /// The result of the frame that the radio had.
    pub(super) fn landed(&mut self, value: &[u8]) {
        let Ok(result) = TransmitResult::decode(value) else {
            self.counts.stray += 1;
            return;
        };
        let Some(flight) = self.flights.on_its_way.take() else { return };
        self.commands.release();
        self.flights.misses = 0;
        let sent = match result.status {
            Status::OK => Sent::Done,
            Status::NO_ACKNOWLEDGMENT => Sent::NotAcknowledged,
            Status::CCA_FAILURE => Sent::ChannelBusy,
            _ => Sent::Failed,
        };
        self.ended(flight.id, sent);
        // So answers a radio that restarted unnoticed.
        if result.status == Status::INVALID_STATE {
            self.ask_whether_it_listens();
        }
    }

    /// Gives up the frame whose result did not come.
    pub(super) fn overdue(&mut self, now: Duration) {
        let Some(flight) = self.flights.on_its_way.take_if(|flight| now >= flight.until) else {
            return;
        };
        self.commands.release();
        self.ended(flight.id, Sent::Failed);
        self.flights.misses += 1;
        if self.flights.misses < MAX_MISSES {
            return self.ask_whether_it_listens();
        }
        self.flights.misses = 0;
        if self.is_in_trouble(Trouble::Silent) {
            self.get_attention(Attention::StackReset, now);
        }
    }

    fn ask_whether_it_listens(&mut self) {
        let question = Order::Get(Property::MAC_RAW_STREAM_ENABLED);
        if matches!(self.phase, Phase::Listening { .. }) && !self.orders.contains(&question) {
            self.orders.push_back(question);
        }
    }

    /// The next frame cannot be sent where it is to be.
    pub(super) fn ground_next(&mut self) {
        if let Some(frame) = self.flights.waiting.pop_front() {
            self.ended(frame.id, Sent::Failed);
        }
    }

    /// No frame that waits is sent any more.
    pub(super) fn ground_waiting(&mut self) {
        while !self.flights.waiting.is_empty() {
            self.ground_next();
        }
    }

    /// No frame is sent any more, and no result will come.
    pub(super) fn ground_all(&mut self) {
        self.commands.release();
        if let Some(flight) = self.flights.on_its_way.take() {
            self.ended(flight.id, Sent::Failed);
        }
        self.ground_waiting();
        self.flights.misses = 0;
    }

    fn ended(&mut self, id: FrameId, sent: Sent) {
        match sent {
            Sent::Done => self.counts.sent += 1,
            Sent::NotAcknowledged | Sent::ChannelBusy | Sent::Failed => self.counts.unsent += 1,
        }
        self.events.push_back(Event::Sent(id, sent));
    }
}
