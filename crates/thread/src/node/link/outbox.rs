//! What waits to be sent, and the frame that the radio has.

use super::{Done, MleOptions};
use crate::node::{FrameId, NotSent};
use std::collections::VecDeque;
use std::net::Ipv6Addr;
use weft_model::{Channel, PanId};
use weft_wire::ieee802154::Address;

/// The most MLE messages that wait.
pub(super) const MAX_MESSAGES: usize = 8;
/// The most other packets that wait.
pub(super) const MAX_PACKETS: usize = 32;

/// What is to be sent. It is sealed when its turn comes: with the keys and the counters of that moment.
pub(super) enum Content {
    /// Command and TLVs in the clear.
    Mle {
        destination: Ipv6Addr,
        message: Vec<u8>,
        options: MleOptions,
    },
    /// An IPv6 packet.
    Packet(Vec<u8>),
}

impl Content {
    pub(super) fn is_mle(&self) -> bool {
        matches!(self, Self::Mle { .. })
    }
}

/// Something that waits.
pub(super) struct Waiting {
    /// Its last frame's.
    pub(super) id: FrameId,
    pub(super) content: Content,
}

/// What the frames of a packet share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hop {
    pub(super) channel: Channel,
    pub(super) source_pan_id: PanId,
    pub(super) destination_pan_id: PanId,
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) is_secured: bool,
}

/// The packet whose turn it is: what is left of its frames' payloads.
pub(super) struct Current {
    pub(super) id: FrameId,
    pub(super) was_mle: bool,
    pub(super) hop: Hop,
    pub(super) payloads: VecDeque<Vec<u8>>,
}

/// Packets in the order in which they are sent: MLE messages first, as the place in the mesh hangs on them.
pub(super) struct Outbox {
    messages: VecDeque<Waiting>,
    packets: VecDeque<Waiting>,
    pub(super) current: Option<Current>,
    /// The frame that the radio has.
    in_flight: Option<FrameId>,
    next_id: u64,
    /// Of the frame before.
    pub(super) sequence_number: u8,
    multicast: u8,
    tag: u16,
}

impl Outbox {
    /// Nothing waits. The numbers are where sequence numbers of frames and multicast packets and the tags of packets begin.
    pub(super) fn new([sequence_number, multicast, high, low]: [u8; 4]) -> Self {
        Self {
            messages: VecDeque::new(),
            packets: VecDeque::new(),
            current: None,
            in_flight: None,
            next_id: 0,
            sequence_number,
            multicast,
            tag: u16::from_be_bytes([high, low]),
        }
    }

    pub(super) fn next_id(&mut self) -> FrameId {
        self.next_id += 1;
        FrameId(self.next_id)
    }

    pub(super) fn next_sequence_number(&mut self) -> u8 {
        self.sequence_number = self.sequence_number.wrapping_add(1);
        self.sequence_number
    }

    pub(super) fn next_multicast(&mut self) -> u8 {
        self.multicast = self.multicast.wrapping_add(1);
        self.multicast
    }

    pub(super) fn next_tag(&mut self) -> u16 {
        self.tag = self.tag.wrapping_add(1);
        self.tag
    }

    /// Takes a message that goes before all packets.
    pub(super) fn put_first(&mut self, content: Content) -> Result<FrameId, NotSent> {
        if self.messages.len() >= MAX_MESSAGES {
            return Err(NotSent::Full);
        }
        let id = self.next_id();
        self.messages.push_back(Waiting { id, content });
        Ok(id)
    }

    /// Takes a packet.
    pub(super) fn put_last(&mut self, content: Content) -> Result<FrameId, NotSent> {
        if self.packets.len() >= MAX_PACKETS {
            return Err(NotSent::Full);
        }
        let id = self.next_id();
        self.packets.push_back(Waiting { id, content });
        Ok(id)
    }

    /// The next packet.
    pub(super) fn take(&mut self) -> Option<Waiting> {
        self.messages.pop_front().or_else(|| self.packets.pop_front())
    }

    /// True while the radio has a frame.
    pub(super) fn is_busy(&self) -> bool {
        self.in_flight.is_some()
    }

    /// The radio has this frame.
    pub(super) fn send(&mut self, id: FrameId) {
        self.in_flight = Some(id);
    }

    /// What became of the frame that the radio has; `None` if it has another, or none. What became of its packet, if that is decided.
    pub(super) fn sent(&mut self, id: FrameId, ok: bool) -> Option<Option<Done>> {
        self.in_flight.take_if(|in_flight| *in_flight == id)?;
        let decided = |current: &mut Current| !ok || current.payloads.is_empty();
        Some(self.current.take_if(decided).map(|current| Done {
            id: current.id,
            ok,
            was_mle: current.was_mle,
        }))
    }

    /// Drops everything but the frame that the radio has.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.packets.clear();
        self.current = None;
    }

    /// The radio has no frame any more.
    pub(super) fn forget_frame(&mut self) {
        self.in_flight = None;
    }

    /// Drops the messages that are to be sealed.
    pub(super) fn drop_sealed_messages(&mut self) {
        self.messages
            .retain(|waiting| matches!(waiting.content, Content::Mle { options, .. } if options.is_in_clear));
    }
}
