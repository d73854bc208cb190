//! The listener: one channel's frames in the order of the air.

use super::counts::Counts;
use super::management::{Ends, Management};
use super::network::{Known, Network};
use crate::hexadecimal;
use std::net::Ipv6Addr;
use weft_evidence::air::{Counted, INTERVAL_SECONDS, Signal, Summariser, clear_message, is_announce};
use weft_evidence::{CaptureBody, FrameCapture, MleCapture, RadioSummaryCapture};
use weft_model::{ExtendedAddress, ExtendedPanId, PanId, Rloc16, Timestamp};
use weft_wire::ieee802154::{Acknowledged, Activity, Address, Frame, FrameKind, PayloadElements};
use weft_wire::link_security::{Closed, CounterOf, FrameCounters, Freshness, KeyUsed, LinkSecurity, OpenedFrame};
use weft_wire::lowpan::{Contexts, Datagram, Reassembler, TMF_PORT};
use weft_wire::mle::{self, Command, Message, RegisteredAddress, Tlv};

/// One frame as a dongle or a capture file gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardFrame<'a> {
    /// When it was received.
    pub at: Timestamp,
    /// The same on the radio's clock, or on any other that does not jump: acknowledgments come within microseconds.
    pub microseconds: u64,
    /// Channel; 0 where nobody tells.
    pub channel: u16,
    /// Strength at the dongle in dBm.
    pub rssi_dbm: Option<i8>,
    /// The radio's LQI, 0 to 255.
    pub lqi: Option<u8>,
    /// The frame without its check sequence.
    pub frame: &'a [u8],
}

impl HeardFrame<'_> {
    fn signal(&self) -> Signal {
        Signal {
            channel: Some(self.channel).filter(|channel| *channel > 0),
            rssi_dbm: self.rssi_dbm,
            lqi: self.lqi,
        }
    }
}

/// What the key and its network add.
struct Opener {
    security: LinkSecurity,
    frame_counters: FrameCounters,
    message_counters: FrameCounters,
    known: Known,
    management: Management,
}

impl Opener {
    fn new(network: Network) -> Self {
        let (key, known) = network.into_parts();
        Self {
            security: LinkSecurity::new(key),
            frame_counters: FrameCounters::new(),
            message_counters: FrameCounters::new(),
            known,
            management: Management::default(),
        }
    }
}

/// What the key made of a sealed frame.
enum Seal {
    /// It is not sealed, or nobody could open it.
    None,
    Opened(OpenedFrame),
    /// It was opened, and it is a replay.
    Replayed,
}

/// Makes captures of frames. Bounded in everything that it remembers. No `Debug`: it may hold a network key.
pub struct Listener {
    summariser: Summariser,
    reassembler: Reassembler,
    opener: Option<Box<Opener>>,
    /// Our own addresses, while we take part.
    own: Option<[Address; 2]>,
    records_frames: bool,
    counts: Counts,
}

impl Default for Listener {
    fn default() -> Self {
        Self::new(INTERVAL_SECONDS)
    }
}

impl Listener {
    /// A listener without keys that sums up over intervals of so many seconds.
    pub fn new(interval_seconds: u32) -> Self {
        Self {
            summariser: Summariser::new(interval_seconds),
            reassembler: Reassembler::new(),
            opener: None,
            own: None,
            records_frames: false,
            counts: Counts::default(),
        }
    }

    /// The same with the key of a network.
    pub fn with_network(self, network: Network) -> Self {
        Self {
            opener: Some(Box::new(Opener::new(network))),
            ..self
        }
    }

    /// From now on frames are opened with the key of this network, and of no other; `None`: no frames any more. What the former key taught is forgotten, and PANs
    /// are counted anew: which of them are foreign is another question now.
    pub fn set_network(&mut self, network: Option<Network>) {
        self.opener = network.map(|network| Box::new(Opener::new(network)));
        self.counts.pans.clear();
        self.counts.other_pans = 0;
    }

    /// The network whose frames are opened, as far as it is known.
    pub fn network(&self) -> Option<ExtendedPanId> {
        self.opener.as_ref()?.known.extended_pan_id
    }

    /// We are a node ourselves, with these addresses: management messages to us are the affair of whoever asked, and make no captures here.
    pub fn set_own(&mut self, own: Option<(ExtendedAddress, Option<Rloc16>)>) {
        self.own = own.map(|(extended, rloc16)| {
            let short = rloc16.map_or(Address::None, |rloc16| Address::Short(rloc16.get()));
            [Address::Extended(extended), short]
        });
    }

    /// The same, with every single frame as a capture too.
    pub fn recording_frames(self) -> Self {
        Self {
            records_frames: true,
            ..self
        }
    }

    /// True if there is a key.
    pub fn has_key(&self) -> bool {
        self.opener.is_some()
    }

    /// What became of the frames so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Takes the next frame. What was due by then and what it says is appended to `captures`, in the order of time.
    pub fn hear(&mut self, heard: &HeardFrame<'_>, captures: &mut Vec<(Timestamp, CaptureBody)>) {
        self.tick(heard.at, captures);
        self.counts.frames += 1;
        if self.records_frames {
            let body = CaptureBody::Frame(FrameCapture {
                channel: heard.channel,
                rssi_dbm: heard.rssi_dbm,
                lqi: heard.lqi,
                radio_time_us: Some(heard.microseconds),
                psdu: hexadecimal(heard.frame),
            });
            captures.push((heard.at, body));
        }
        let Ok(frame) = Frame::parse(heard.frame) else {
            self.counts.malformed += 1;
            return;
        };
        let acknowledged = self.summariser.acknowledges(&frame, heard.channel, heard.microseconds);
        let pan_id = frame.pan_id().or(acknowledged.and_then(|acknowledged| acknowledged.pan_id));
        if let Some(pan) = self.counts.pan(pan_id) {
            pan.frames += 1;
        }
        let opened = match self.open(heard, &frame, acknowledged.as_ref(), pan_id) {
            Seal::Replayed => return,
            Seal::Opened(opened) => Some(opened),
            Seal::None => None,
        };
        self.sum_up(heard, &frame, opened.as_ref(), acknowledged.as_ref());
        let sealed_by_network = opened.as_ref().is_some_and(|opened| matches!(opened.key, KeyUsed::Network(_)));
        let payload = match &opened {
            Some(opened) => Some(opened.payload.as_slice()),
            None => frame.clear_payload(),
        };
        if let (FrameKind::Data, Some(mut payload)) = (frame.kind, payload.filter(|payload| !payload.is_empty())) {
            if frame.has_payload_elements() {
                payload = PayloadElements::new(payload).rest();
            }
            self.read_payload(heard, &frame, payload, sealed_by_network, captures);
        }
    }

    /// Appends what was due by `now`: to be called once a second while nothing is heard.
    pub fn tick(&mut self, now: Timestamp, captures: &mut Vec<(Timestamp, CaptureBody)>) {
        captures.extend(self.summariser.due(now).into_iter().map(summary));
    }

    /// Appends what was counted so far: nothing more will be heard, or the channel changes.
    pub fn finish(&mut self, now: Timestamp, captures: &mut Vec<(Timestamp, CaptureBody)>) {
        captures.extend(self.summariser.finish(now).into_iter().map(summary));
    }

    fn open(&mut self, heard: &HeardFrame<'_>, frame: &Frame<'_>, acknowledged: Option<&Acknowledged>, pan_id: Option<PanId>) -> Seal {
        let Some(opener) = &mut self.opener else { return Seal::None };
        let Some(security) = frame.security else { return Seal::None };
        match opener.security.open_frame(heard.frame, frame, acknowledged) {
            Ok(opened) => {
                if let KeyUsed::Network(sequence) = opened.key {
                    self.counts.opened_frames += 1;
                    if let Some(pan) = self.counts.pan(pan_id) {
                        pan.opened += 1;
                    }
                    // An acknowledgment's counter runs between those of the frames that wait to be sent.
                    if let (Some(counter), Some(sender), true) = (security.frame_counter, opened.sender, frame.kind != FrameKind::Acknowledgment) {
                        let receiver = frame.destination;
                        if opener.frame_counters.take(CounterOf::Mac { sender, receiver }, sequence, counter) == Freshness::Old {
                            self.counts.replayed += 1;
                            return Seal::Replayed;
                        }
                    }
                }
                Seal::Opened(opened)
            }
            Err(Closed::UnknownSender) => {
                self.counts.unknown_senders += 1;
                Seal::None
            }
            Err(_) => {
                self.counts.closed_frames += 1;
                if let Some(pan) = self.counts.pan(pan_id) {
                    pan.closed += 1;
                }
                Seal::None
            }
        }
    }

    fn sum_up(&mut self, heard: &HeardFrame<'_>, frame: &Frame<'_>, opened: Option<&OpenedFrame>, acknowledged: Option<&Acknowledged>) {
        if is_announce(frame) {
            self.counts.announces += 1;
            return;
        }
        let summary = frame.summary(opened.map(|opened| opened.payload.as_slice()));
        match summary.activity {
            Activity::DataPoll => self.counts.data_polls += 1,
            Activity::Beacon | Activity::BeaconRequest => self.counts.beacons += 1,
            _ => {}
        }
        match self.summariser.add(heard.at, &summary, acknowledged, heard.signal()) {
            Counted::Frame(_) => {}
            Counted::Acknowledgment(_) => self.counts.acknowledgments += 1,
            Counted::StrayAcknowledgment => self.counts.stray_acknowledgments += 1,
            Counted::Nameless => self.counts.nameless += 1,
            Counted::LeftOut => self.counts.left_out += 1,
        }
    }

    fn read_payload(
        &mut self,
        heard: &HeardFrame<'_>,
        frame: &Frame<'_>,
        payload: &[u8],
        sealed_by_network: bool,
        captures: &mut Vec<(Timestamp, CaptureBody)>,
    ) {
        let none = Contexts::new();
        let contexts = self.opener.as_ref().map_or(&none, |opener| &opener.known.contexts);
        let datagram = match self
            .reassembler
            .frame(frame.source, frame.destination, payload, contexts, heard.microseconds)
        {
            Ok(Some(datagram)) => datagram,
            Ok(None) => return,
            Err(_) => {
                self.counts.not_understood += 1;
                return;
            }
        };
        if let Some(message) = clear_message(&datagram, frame.pan_id(), heard.signal()) {
            captures.push((heard.at, CaptureBody::Mle(message)));
            return;
        }
        if let Some(capture) = self.read_datagram(heard, frame, &datagram, sealed_by_network) {
            captures.push((heard.at, capture));
        }
    }

    fn read_datagram(&mut self, heard: &HeardFrame<'_>, frame: &Frame<'_>, datagram: &Datagram, sealed_by_network: bool) -> Option<CaptureBody> {
        let is_for_us = frame.destination != Address::None && self.own.is_some_and(|own| own.contains(&frame.destination));
        let opener = self.opener.as_mut()?;
        let Ok(packet) = datagram.packet() else {
            self.counts.not_understood += 1;
            return None;
        };
        let udp = packet.udp()?.ok()?;
        if udp.destination_port == TMF_PORT || udp.source_port == TMF_PORT {
            // Nobody accepts a management message that is not sealed with the network's key.
            if !sealed_by_network || is_for_us {
                return None;
            }
            if datagram.unknown_contexts != 0 {
                self.counts.without_prefix += 1;
                return None;
            }
            let ends = Ends {
                source: packet.source,
                destination: packet.destination,
            };
            return match opener
                .management
                .take(ends, udp.payload, opener.known.extended_pan_id, heard.microseconds)
            {
                Ok(None) => None,
                Ok(Some(capture)) => {
                    self.counts.management += 1;
                    Some(CaptureBody::Tmf(capture))
                }
                Err(_) => {
                    self.counts.not_understood += 1;
                    None
                }
            };
        }
        if udp.destination_port != mle::PORT {
            return None;
        }
        let pan_id = frame.pan_id();
        let opened = match opener.security.open_mle(pan_id, packet.source, packet.destination, udp.payload) {
            Ok(opened) => opened,
            Err(_) => {
                self.counts.closed_messages += 1;
                if let Some(pan) = self.counts.pan(pan_id) {
                    pan.closed += 1;
                }
                return None;
            }
        };
        // What has no counter was not sealed, and is none of the messages that may be sent so.
        let (sequence, counter) = opened.counter?;
        self.counts.opened_messages += 1;
        if let Some(pan) = self.counts.pan(pan_id) {
            pan.opened += 1;
        }
        // A message for a sleepy child waits at its parent, sealed, while the parent sends others with higher counters: as with frames, only those to
        // one receiver come in order.
        let to = ExtendedAddress::from_link_local(packet.destination);
        let whose = CounterOf::Mac {
            sender: opened.sender,
            receiver: to.map_or(Address::BROADCAST, Address::Extended),
        };
        match opener.message_counters.take(whose, sequence, counter) {
            Freshness::Fresh => {}
            Freshness::Repeated => {
                self.counts.repeated += 1;
                return None;
            }
            Freshness::Old => {
                self.counts.replayed += 1;
                return None;
            }
        }
        let (&command, tlvs) = opened.clear.split_first()?;
        let message = Message::from_tlvs(Command(command), tlvs);
        let place = pan_id.filter(|_| message.command != Command::ANNOUNCE);
        opener.known.learn(&message, place);
        let mut tlvs = tlvs.to_vec();
        mle::blank_secrets(&mut tlvs);
        let signal = heard.signal();
        Some(CaptureBody::Mle(MleCapture {
            // Whoever looks for a parent names no PAN; the key tells which it is.
            pan_id: pan_id
                .filter(|pan_id| *pan_id != PanId::BROADCAST)
                .or(opener.known.pan_id)
                .unwrap_or(PanId::BROADCAST),
            extended_pan_id: opener.known.extended_pan_id,
            channel: signal.channel,
            rssi_dbm: signal.rssi_dbm,
            lqi: signal.lqi,
            from: opened.sender,
            to,
            command,
            tlvs: hexadecimal(&tlvs),
            registered: registered(&message, &opener.known.contexts),
        }))
    }
}

/// The addresses that a child registers with its parent, as far as their prefixes are known.
fn registered(message: &Message, contexts: &Contexts) -> Vec<Ipv6Addr> {
    let full = |address: &RegisteredAddress| match *address {
        RegisteredAddress::Full(address) => Some(address),
        RegisteredAddress::Compressed { context, interface_id } => {
            let prefix = contexts.get(context).filter(|prefix| prefix.length() <= 64)?;
            let mut octets = prefix.address().octets();
            octets[8..].copy_from_slice(&interface_id);
            Some(Ipv6Addr::from(octets))
        }
    };
    // A parent's answer repeats what it took.
    if !matches!(message.command, Command::CHILD_ID_REQUEST | Command::CHILD_UPDATE_REQUEST) {
        return Vec::new();
    }
    let addresses = message.tlvs.iter().find_map(|tlv| match tlv {
        Tlv::AddressRegistration(addresses) => Some(addresses.as_slice()),
        _ => None,
    });
    addresses
        .unwrap_or_default()
        .iter()
        .filter_map(full)
        .filter(|address| !address.is_multicast())
        .collect()
}

fn summary((at, body): (Timestamp, RadioSummaryCapture)) -> (Timestamp, CaptureBody) {
    (at, CaptureBody::RadioSummary(body))
}
