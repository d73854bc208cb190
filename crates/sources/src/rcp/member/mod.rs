//! The node of a dongle: turns [`Node`] with the radio, keeps its counters, carries the conversation with the mesh.

mod words;

use super::folder::Folder;
use super::state::Shared;
use crate::clock;
use crate::own_node::{FromMesh, NodeEnd, NodeStanding};
use crate::random::random;
use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::time::Duration;
use weft_evidence::{CaptureBody, MleCapture};
use weft_model::{Airtime, Annotation, AnnotationTarget, Channel, ExtendedAddress, OwnNodeState, OwnNodeView, PanId, RouterFromHere, Timestamp};
use weft_thread::node::{Event, FrameId, Kept, Membership, Node, NotSent, Participant, Place, Sent, Standing};
use weft_thread::rcp::{Radio, RadioFrame};
use weft_wire::ieee802154::{Address, FCS_BYTES, Frame};
use words::Told;

/// The port of management messages (Thread Management Framework).
const TMF_PORT: u16 = weft_wire::lowpan::TMF_PORT;
/// How long a goodbye may take: nobody who ends the service waits longer.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);
/// How often it is tried again to write counters.
const KEEP_AGAIN: Duration = Duration::from_secs(5);
/// While somebody converses, it is looked so often whether there is something to send.
const TURN_IN_CONVERSATION: Duration = Duration::from_millis(10);
/// Messages that wait for room in the node.
const MAX_WAITING: usize = 64;
/// What the node is called on the map, unless a person calls it otherwise.
const NAME: &str = "Weft (this dongle)";
const NOTE: &str = "Weft's own radio dongle: it takes part in the mesh as a child, to ask its routers.";

/// What happened that others are to know.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum News {
    /// Something was told that is kept.
    Capture(Box<CaptureBody>),
    /// It has a place, or another one.
    Attached,
    /// It has none any more.
    Detached,
}

/// Counters that are not on the disk.
struct Unkept {
    kept: Kept,
    again_at: Duration,
    error: String,
}

/// The node.
pub(super) struct Member {
    node: Node,
    membership: Membership,
    /// Of what was wanted when it began.
    pub(super) generation: u64,
    folder: Folder,
    extended_address: ExtendedAddress,
    /// Nobody has heard of this address before.
    is_new: bool,
    is_named: bool,
    has_radio: bool,
    /// The firmware that there is only listens.
    only_listens: bool,
    /// What the radio was told.
    given: Option<Participant>,
    unkept: Option<Unkept>,
    told: Told,
    state: OwnNodeState,
    since: Timestamp,
    frames_sent: u64,
    frames_lost: u64,
    conversation: Option<NodeEnd>,
    waiting: VecDeque<(Ipv6Addr, Vec<u8>)>,
    leaves_until: Option<Duration>,
    news: Vec<News>,
}

impl Member {
    /// A node that begins where the last run left it.
    pub(super) fn new(membership: Membership, generation: u64, folder: Folder, now: Duration) -> Self {
        let kept = folder.node(&membership);
        let mut node = Node::new(membership.clone(), kept, random(), now);
        // There is no radio before one says so.
        node.radio_lost(now);
        Self {
            extended_address: node.participant().extended_address,
            node,
            membership,
            generation,
            folder,
            is_new: kept.is_none(),
            is_named: false,
            has_radio: false,
            only_listens: false,
            given: None,
            unkept: None,
            told: Told::default(),
            state: OwnNodeState::Waiting,
            since: clock::now(),
            frames_sent: 0,
            frames_lost: 0,
            conversation: None,
            waiting: VecDeque::new(),
            leaves_until: None,
            news: Vec::new(),
        }
    }

    /// The radio takes part as it was told.
    pub(super) fn radio_back(&mut self, now: Duration) {
        if !std::mem::replace(&mut self.has_radio, true) {
            self.node.radio_back(now);
        }
    }

    /// The radio is not there any more, or gets its settings anew.
    pub(super) fn radio_lost(&mut self, now: Duration) {
        self.given = None;
        self.only_listens = false;
        if std::mem::replace(&mut self.has_radio, false) {
            self.node.radio_lost(now);
        }
    }

    /// The firmware of the dongle only listens.
    pub(super) fn cannot_take_part(&mut self) {
        self.only_listens = true;
    }

    /// It is to leave.
    pub(super) fn leave(&mut self, now: Duration) {
        if self.leaves_until.is_none() {
            self.leaves_until = Some(now + LEAVE_WITHIN);
            self.node.leave(now);
        }
    }

    /// It is over, or a goodbye took too long, or nobody could hear one.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        let is_through = || matches!(self.node.standing(), Standing::Left) || !self.has_radio;
        self.leaves_until.is_some_and(|until| now >= until || is_through())
    }

    fn is_leaving(&self) -> bool {
        self.leaves_until.is_some()
    }

    /// Its place in the mesh.
    pub(super) fn place(&self) -> Option<Place> {
        self.node.place()
    }

    /// It does not know the channel of its network, or nobody answers on the one that it knows.
    pub(super) fn looks_for_channel(&self) -> bool {
        matches!(self.node.standing(), Standing::Discovering)
    }

    /// The channel of its network: where it is, and else what the dataset says.
    pub(super) fn channel(&self) -> Channel {
        let participant = self.node.participant();
        // Who looks for the network hears all PANs, on one channel after the other.
        if participant.pan_id == PanId::BROADCAST {
            return self.membership.channel;
        }
        participant.channel
    }

    /// Its addresses, for whoever is to leave out what is for it.
    pub(super) fn addresses(&self) -> (ExtendedAddress, Option<weft_model::Rloc16>) {
        (self.extended_address, self.node.place().map(|place| place.rloc16))
    }

    pub(super) fn hear(&mut self, frame: &RadioFrame, shared: &Shared, now: Duration) {
        if !self.has_radio {
            return;
        }
        if self.is_for_us(frame) {
            shared.spend(one_frame(frame.psdu.len()));
        }
        self.node.receive(frame, now);
    }

    fn is_for_us(&self, frame: &RadioFrame) -> bool {
        let (extended, rloc16) = self.addresses();
        Frame::parse(&frame.psdu).is_ok_and(|frame| match frame.destination {
            Address::Extended(address) => address == extended,
            short => rloc16.is_some() && short.rloc16() == rloc16,
        })
    }

    pub(super) fn sent(&mut self, id: FrameId, sent: Sent, now: Duration) {
        self.frames_lost += u64::from(sent != Sent::Done);
        self.node.sent(id, sent, now);
    }

    /// Does what is due, and hands frames to the radio where there is one.
    pub(super) fn turn(&mut self, mut radio: Option<&mut Radio>, shared: &Shared, now: Duration) {
        if self.has_radio && self.node.deadline().is_some_and(|deadline| deadline <= now) {
            self.node.handle_timeout(now);
        }
        if let Some(end) = shared.take_conversation() {
            self.conversation = Some(end);
            self.waiting.clear();
        }
        self.carry(now);
        if let Some(unkept) = self.unkept.take_if(|unkept| unkept.again_at <= now) {
            self.keep(unkept.kept, now);
        }
        while let Some(event) = self.node.poll_event() {
            self.take(event, now);
        }
        if let Some(radio) = &mut radio {
            let participant = self.node.participant();
            if self.given != Some(participant) {
                self.given = Some(participant);
                radio.take_part(Some(participant), now);
            }
            while self.has_radio
                && let Some(frame) = self.node.poll_transmit()
            {
                self.frames_sent += 1;
                shared.spend(one_frame(frame.psdu.len()));
                radio.transmit(&frame, now);
            }
        }
        self.settle();
    }

    /// When [`Self::turn`] has something to do.
    pub(super) fn deadline(&self, now: Duration) -> Option<Duration> {
        let node = self.node.deadline().filter(|_| self.has_radio);
        let keep = self.unkept.as_ref().map(|unkept| unkept.again_at);
        let conversation = self.conversation.as_ref().map(|_| now + TURN_IN_CONVERSATION);
        [node, keep, conversation, self.leaves_until].into_iter().flatten().min()
    }

    pub(super) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Messages of the conversation go to the mesh.
    fn carry(&mut self, now: Duration) {
        let Some(end) = &mut self.conversation else { return };
        if end.from.is_closed() {
            self.conversation = None;
            self.waiting.clear();
            return;
        }
        while self.waiting.len() < MAX_WAITING
            && let Ok(message) = end.to.try_recv()
        {
            self.waiting.push_back(message);
        }
        while let Some((destination, datagram)) = self.waiting.front() {
            match self.node.send(*destination, TMF_PORT, TMF_PORT, datagram, now) {
                // It goes when there is room.
                Err(NotSent::Full) => break,
                // What is not sent is as what is lost: asked again, or found silent. That there is no place any more was told.
                Ok(()) | Err(NotSent::NotAttached | NotSent::TooLong) => {
                    self.waiting.pop_front();
                }
            }
        }
    }

    fn take(&mut self, event: Event, now: Duration) {
        match event {
            Event::Attached(_) => {
                self.told = Told::default();
                if !std::mem::replace(&mut self.is_named, true) {
                    self.news.push(News::Capture(Box::new(CaptureBody::Annotation(self.name()))));
                }
                self.news.push(News::Attached);
            }
            Event::Detached(reason) => {
                // Before it ever had a place there was none to lose.
                if self.is_named {
                    let reason = reason.to_string();
                    self.told.lost = Some(reason.clone());
                    self.end_conversation(&reason);
                    self.news.push(News::Detached);
                }
            }
            Event::NoParent { rounds, closed } => (self.told.rounds, self.told.closed) = (rounds, closed),
            Event::Datagram {
                source,
                destination_port: TMF_PORT,
                payload,
                ..
            } => {
                if let Some(end) = &self.conversation {
                    // What finds no room is as what is lost on the air.
                    let _ = end.from.try_send(FromMesh::Message { source, datagram: payload });
                }
            }
            Event::Datagram { .. } => {}
            Event::Keep(kept) => self.keep(kept, now),
            Event::Told(capture) => self.news.push(News::Capture(Box::new(CaptureBody::Mle(self.complete(capture))))),
            Event::Left => self.end_conversation("it left the mesh"),
        }
    }

    fn end_conversation(&mut self, reason: &str) {
        if let Some(end) = self.conversation.take() {
            let _ = end.from.try_send(FromMesh::Lost(reason.to_owned()));
        }
        self.waiting.clear();
    }

    fn complete(&self, capture: MleCapture) -> MleCapture {
        MleCapture {
            extended_pan_id: capture.extended_pan_id.or(Some(self.membership.extended_pan_id)),
            ..capture
        }
    }

    /// Nothing is sent before the counters are on the disk.
    fn keep(&mut self, kept: Kept, now: Duration) {
        match self.folder.keep(&self.membership, &kept) {
            Ok(()) => {
                self.unkept = None;
                self.node.kept();
            }
            Err(error) => {
                let error = error.to_string();
                let is_news = self.unkept.as_ref().is_none_or(|unkept| unkept.error != error);
                if is_news {
                    tracing::error!(error, "the counters of the dongle's node cannot be kept: it sends nothing");
                }
                self.unkept = Some(Unkept {
                    kept,
                    again_at: now + KEEP_AGAIN,
                    error,
                });
            }
        }
    }

    /// What the map is told of the node, so that nobody wonders about it.
    fn name(&self) -> Annotation {
        Annotation {
            identify: AnnotationTarget {
                extended_address: Some(self.extended_address),
                ..AnnotationTarget::default()
            },
            name: Some(NAME.to_owned()),
            // Once: it would take the place of what a person noted since.
            note: self.is_new.then(|| NOTE.to_owned()),
            suggested: Some(true),
            ..Annotation::default()
        }
    }

    /// Where it stands, in words that others know.
    fn settle(&mut self) {
        let state = match self.node.standing() {
            _ if self.is_leaving() => OwnNodeState::Leaving,
            _ if !self.has_radio => OwnNodeState::Waiting,
            Standing::Discovering => OwnNodeState::Discovering,
            Standing::Attaching => OwnNodeState::Attaching,
            Standing::Attached(_) => OwnNodeState::Attached,
            Standing::Leaving | Standing::Left => OwnNodeState::Leaving,
        };
        if state != self.state {
            (self.state, self.since) = (state, clock::now());
        }
    }

    fn detail(&self) -> String {
        if self.only_listens {
            return words::ONLY_LISTENS.to_owned();
        }
        let unkept = self.unkept.as_ref();
        let path = self.folder.path_of(self.membership.extended_pan_id);
        let unkept = unkept.map(|unkept| words::unkept(&path, &unkept.error));
        unkept.unwrap_or_else(|| words::detail(self.state, &self.told, &self.membership, self.node.place()))
    }

    /// What a person sees of it.
    pub(super) fn view(&self, now: Duration) -> OwnNodeView {
        let place = self.node.place();
        let at = |at: Duration| {
            let ago = i64::try_from(now.saturating_sub(at).as_millis()).unwrap_or(i64::MAX);
            Timestamp::from_unix_milliseconds(clock::now().unix_milliseconds().saturating_sub(ago))
        };
        let routers = self.node.heard_routers().iter().map(|router| RouterFromHere {
            rloc16: router.rloc16,
            extended_address: router.extended_address,
            rssi_dbm: router.rssi_dbm,
            link_margin_db: router.link_margin_db,
            at: at(router.at),
        });
        OwnNodeView {
            extended_pan_id: self.membership.extended_pan_id,
            network_name: self.membership.network_name.clone(),
            extended_address: self.extended_address,
            state: self.state,
            since: self.since,
            detail: self.detail(),
            rloc16: place.map(|place| place.rloc16),
            parent: place.map(|place| place.parent_address),
            partition_id: place.map(|place| place.partition_id),
            frames_sent: self.frames_sent,
            frames_lost: self.frames_lost,
            routers: routers.collect(),
        }
    }

    /// The same, for whoever asks the mesh through it.
    pub(super) fn standing(&self, port: Option<&str>) -> NodeStanding {
        NodeStanding {
            network: self.membership.extended_pan_id,
            network_name: self.membership.network_name.clone(),
            mesh_local_prefix: self.membership.mesh_local_prefix,
            extended_address: self.extended_address,
            parent: self.node.place().filter(|_| !self.is_leaving()).map(|place| place.parent),
            detail: self.detail(),
            port: port.map(str::to_owned),
        }
    }

    /// What its network is called.
    pub(super) fn network_name(&self) -> String {
        words::name_of(&self.membership)
    }
}

fn one_frame(psdu_bytes: usize) -> Airtime {
    Airtime {
        frames: 1,
        bytes: (psdu_bytes + FCS_BYTES) as u64,
    }
}
