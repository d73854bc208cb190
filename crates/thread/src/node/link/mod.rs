//! Datagrams to frames and back: IPv6 and UDP, 6LoWPAN with fragments, MAC frames with their security, acknowledgment of what was sent
//! (OpenThread `src/core/thread/mesh_forwarder.cpp`, `src/core/thread/lowpan.cpp`, `src/core/mac/mac.cpp`).
//!
//! What a minimal Thread device that is a child sends goes to its parent. MLE messages are sealed themselves and travel in unsecured frames from the extended
//! address, except those that need fragments; everything else is sealed by the MAC and travels from the locator.

mod counters;
mod echo;
mod heard;
mod outbox;
mod receive;
mod transmit;

#[cfg(test)]
mod tests;

use super::{FrameId, Kept, Membership, NotSent, Place, Sent};
use crate::Random;
use counters::OwnCounters;
use heard::{Freshness, NewestFrames, Recent};
use outbox::{Content, Outbox};
use std::net::Ipv6Addr;
use std::time::Duration;
use weft_model::{Channel, ExtendedAddress, MeshLocalPrefix, PanId};
use weft_wire::ieee802154::Address;
use weft_wire::link_security::{KeyRing, KeySequence};
use weft_wire::lowpan::{Contexts, MplOption, Reassembler, encode_udp, with_mpl_option};
use weft_wire::mle::Message;

/// The longest IPv6 packet that is sent (OpenThread `Ip6::kMaxDatagramLength`).
pub(super) const MAX_PACKET_BYTES: usize = 1280;

/// Hop limit of what leaves the link.
const HOP_LIMIT: u8 = 64;

/// What a frame, or the last fragment of several, brought.
pub(super) enum Received {
    /// An MLE message that the network's key opened, and that is no replay; or one in the clear (Discovery).
    Mle(Heard),
    /// A UDP datagram for us, from our parent, which sealed it with the network's key.
    Datagram {
        source: Ipv6Addr,
        source_port: u16,
        destination: Ipv6Addr,
        destination_port: u16,
        payload: Vec<u8>,
    },
}

/// An MLE message.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) from: ExtendedAddress,
    /// It was for everybody.
    pub(super) is_multicast: bool,
    /// The PAN that it came in.
    pub(super) pan_id: Option<PanId>,
    pub(super) channel: Channel,
    pub(super) rssi_dbm: Option<i8>,
    /// Key sequence and frame counter; `None` for a message in the clear.
    pub(super) counter: Option<(KeySequence, u32)>,
    pub(super) message: Message,
}

/// How an MLE message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MleOptions {
    /// Another channel than the network's.
    pub(super) channel: Option<Channel>,
    /// Another destination PAN than the network's.
    pub(super) pan_id: Option<PanId>,
    /// It is not sealed.
    pub(super) is_in_clear: bool,
}

impl MleOptions {
    /// A Discovery message: nobody needs a key to read it.
    pub(super) fn discovery(channel: Channel) -> Self {
        Self {
            channel: Some(channel),
            pan_id: Some(PanId::BROADCAST),
            is_in_clear: true,
        }
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    /// As it was named when it was given to be sent.
    pub(super) id: FrameId,
    /// Each of its frames is on the air, and was acknowledged where it asked for that.
    pub(super) ok: bool,
    pub(super) was_mle: bool,
}

/// What was counted since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that the radio sent.
    pub frames_sent: u64,
    /// Frames that were not acknowledged, or never got onto the air.
    pub frames_lost: u64,
    /// Frames for us, or for everybody.
    pub frames_heard: u64,
    /// Frames and messages that our key does not open.
    pub closed: u64,
    /// Frames and messages that had been heard before.
    pub replayed: u64,
    /// What could not be read.
    pub malformed: u64,
}

/// The link layer of a node. No `Debug`: it holds the network's key. Bounded in everything that it remembers.
pub(super) struct Link {
    keys: KeyRing,
    address: ExtendedAddress,
    prefix: MeshLocalPrefix,
    channel: Channel,
    pan_id: PanId,
    place: Option<Place>,
    contexts: Contexts,
    counters: OwnCounters,
    outbox: Outbox,
    /// Of frames that the network's key sealed. Others are never fragments.
    reassembler: Reassembler,
    /// The parent's, or that of the router that is to be it.
    newest: NewestFrames,
    messages: Recent<(ExtendedAddress, KeySequence, u32)>,
    multicasts: Recent<(Ipv6Addr, MplOption)>,
    /// The key sequence of the newest frame that the parent sealed.
    parents_sequence: Option<KeySequence>,
    /// Of the mesh-local address, if there is one.
    interface_id: Option<[u8; 8]>,
    counts: Counts,
}

impl Link {
    /// The link of a node in no place yet.
    pub(super) fn new(membership: &Membership, kept: Kept, mut random: Random) -> Self {
        let mut numbers = [0; 4];
        random(&mut numbers);
        let mut keys = KeyRing::new(membership.key.clone());
        keys.learn_sequence(KeySequence(kept.key_sequence));
        let mut link = Self {
            keys,
            address: kept.extended_address,
            prefix: membership.mesh_local_prefix,
            channel: membership.channel,
            pan_id: membership.pan_id,
            place: None,
            contexts: Contexts::new(),
            counters: OwnCounters::new(kept),
            outbox: Outbox::new(numbers),
            reassembler: Reassembler::new(),
            newest: NewestFrames::default(),
            messages: Recent::new(),
            multicasts: Recent::new(),
            parents_sequence: None,
            interface_id: None,
            counts: Counts::default(),
        };
        link.contexts.set_mesh_local(link.prefix);
        link
    }

    /// Where the node is now; `None` while it is nowhere. What is told again changes nothing.
    pub(super) fn set_place(&mut self, place: Option<Place>) {
        match place {
            Some(place) => self.newest.follow(place.parent_address),
            None => self.newest.forget(),
        }
        if self.place != place {
            self.reassembler = Reassembler::new();
            self.parents_sequence = None;
        }
        self.place = place;
    }

    /// The channel and the PAN: after a discovery, or with a new dataset.
    pub(super) fn set_network(&mut self, channel: Channel, pan_id: PanId) {
        (self.channel, self.pan_id) = (channel, pan_id);
    }

    /// The network data (MLE TLV 12): the contexts of what is sent from now on.
    pub(super) fn learn_network_data(&mut self, bytes: &[u8]) {
        self.contexts = Contexts::new();
        self.contexts.set_mesh_local(self.prefix);
        self.contexts.learn_network_data(bytes);
    }

    /// The counters that a router says of itself (MLE TLVs 5 and 8), in a message that was sealed with `sequence` and answers a challenge of ours: what it
    /// sealed before is not taken any more. The link follows this router's counters from now on.
    pub(super) fn expect_counters(&mut self, router: ExtendedAddress, sequence: KeySequence, link_frame_counter: u32, mle_frame_counter: u32) {
        self.newest.expect(router, sequence, link_frame_counter, mle_frame_counter);
    }

    /// The key sequence that is sent with.
    #[cfg(test)]
    pub(super) fn sequence(&self) -> KeySequence {
        self.counters.sequence()
    }

    /// The counters that the next MAC frame and the next MLE message have (MLE TLVs 5 and 8).
    pub(super) fn frame_counters(&self) -> (u32, u32) {
        self.counters.next()
    }

    /// The extended address.
    pub(super) fn address(&self) -> ExtendedAddress {
        self.address
    }

    /// The node's own locator address.
    pub(super) fn rloc(&self) -> Option<Ipv6Addr> {
        self.place.map(|place| self.prefix.rloc(place.rloc16))
    }

    /// Where the node is.
    pub(super) fn place(&self) -> Option<Place> {
        self.place
    }

    /// The interface id of the mesh-local address that the parent is told: what comes for it is ours.
    pub(super) fn set_interface_id(&mut self, interface_id: [u8; 8]) {
        self.interface_id = Some(interface_id);
    }

    /// What was counted.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Sends an MLE message (command and TLVs in the clear) to a link-local address. Gives the id of its last frame.
    ///
    /// # Errors
    /// [`NotSent::Full`]; [`NotSent::TooLong`] for a message that needs fragments while there is no parent that could open them.
    pub(super) fn send_mle(&mut self, destination: Ipv6Addr, message: &[u8], options: MleOptions, _now: Duration) -> Result<FrameId, NotSent> {
        let frames = self.frames_of_mle(destination, message, options);
        if frames == 0 || frames > 1 && (self.place.is_none() || options.is_in_clear) {
            return Err(NotSent::TooLong);
        }
        self.outbox.put_first(Content::Mle {
            destination,
            message: message.to_vec(),
            options,
        })
    }

    /// Sends a UDP datagram from the node's locator, by way of its parent. One to a realm-local multicast address is spread by the routers.
    ///
    /// # Errors
    /// Why it is not sent.
    pub(super) fn send_udp(
        &mut self,
        destination: Ipv6Addr,
        source_port: u16,
        destination_port: u16,
        payload: &[u8],
        _now: Duration,
    ) -> Result<FrameId, NotSent> {
        let source = self.rloc().ok_or(NotSent::NotAttached)?;
        let packet = encode_udp((source, source_port), (destination, destination_port), HOP_LIMIT, payload).ok_or(NotSent::TooLong)?;
        self.send_packet(packet, destination)
    }

    fn send_packet(&mut self, packet: Vec<u8>, destination: Ipv6Addr) -> Result<FrameId, NotSent> {
        let packet = match is_spread_by_mpl(destination) {
            true => with_mpl_option(&packet, self.outbox.next_multicast()).ok_or(NotSent::TooLong)?,
            false => packet,
        };
        if packet.len() > MAX_PACKET_BYTES {
            return Err(NotSent::TooLong);
        }
        self.outbox.put_last(Content::Packet(packet))
    }

    /// What became of a frame; what became of its packet, if that is decided now. Where one fragment is lost, the rest of its packet is not sent.
    pub(super) fn sent(&mut self, id: FrameId, sent: Sent, _now: Duration) -> Option<Done> {
        let known = self.outbox.sent(id, sent == Sent::Done)?;
        match sent {
            Sent::Done => self.counts.frames_sent += 1,
            Sent::NotAcknowledged | Sent::ChannelBusy | Sent::Failed => self.counts.frames_lost += 1,
        }
        known
    }

    /// What has to be on the disk before another frame is sent.
    pub(super) fn poll_keep(&mut self) -> Option<Kept> {
        self.counters.poll_keep()
    }

    /// What was given last is on the disk.
    pub(super) fn kept(&mut self) {
        self.counters.kept();
    }

    /// Drops what waits to be sent, and what waits for fragments. A frame that the radio has stays there.
    pub(super) fn clear(&mut self) {
        self.outbox.clear();
        self.reassembler = Reassembler::new();
    }

    /// The radio went away with the frame that it had: nothing is heard of that any more. What waits is dropped.
    pub(super) fn radio_lost(&mut self) {
        self.clear();
        self.outbox.forget_frame();
    }

    /// The key sequence of a frame that the parent sealed, if one came since the last call: whether it is followed is decided elsewhere.
    pub(super) fn take_parents_sequence(&mut self) -> Option<KeySequence> {
        self.parents_sequence.take()
    }

    /// Takes a newer key sequence, as [`OwnCounters::adopt`] says. Sealed messages that wait may tell counters that were right for the old keys only.
    pub(super) fn adopt(&mut self, sequence: KeySequence) {
        if self.counters.adopt(sequence) {
            self.outbox.drop_sealed_messages();
        }
    }

    fn is_parent(&self, address: ExtendedAddress) -> bool {
        self.place.is_some_and(|place| place.parent_address == address)
    }

    fn is_our_address(&self, address: Address) -> bool {
        match address {
            Address::None => false,
            Address::Short(_) => address.is_broadcast() || self.place.is_some_and(|place| address == Address::Short(place.rloc16.get())),
            Address::Extended(address) => address == self.address,
        }
    }
}

/// True for multicast that routers spread within the mesh: realm-local scope (RFC 7346).
fn is_spread_by_mpl(destination: Ipv6Addr) -> bool {
    const REALM_LOCAL: u8 = 3;
    let [first, second, ..] = destination.octets();
    first == 0xff && second & 0x0f == REALM_LOCAL
}
