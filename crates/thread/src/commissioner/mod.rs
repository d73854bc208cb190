//! A commissioner's session with a border agent: DTLS, petition, keep-alive, datasets, UDP proxy, and a clean end (Thread specification 1.4, chapter 8;
//! OpenThread `src/core/meshcop/border_agent.cpp`, `meshcop_leader.cpp`).
//!
//! # Who is commissioner
//!
//! A mesh has one commissioner at a time, and its leader decides who. OpenThread's leader refuses a petition while another commissioner is active, and names that
//! one's id; only a petition with the *same* id takes the role over (the former session gets another number and learns of it at its next keep-alive). So a
//! petition throws nobody out as long as its id is ours alone, and our own session that was killed is recovered by petitioning once more. A commissioner that
//! falls silent loses the role after 50 s.
//!
//! The border agent forwards petition and keep-alive to the leader: it acknowledges at once, and the answer comes later, once and unconfirmed. It ends a session
//! 50 s after its beginning or after the last keep-alive, whatever else is said in it. Questions for datasets it answers itself, role or not.

mod ask;
mod conversation;
#[cfg(any(test, feature = "peer"))]
pub mod peer;
mod role;

#[cfg(test)]
mod tests;

use crate::Random;
use crate::credential::OperationalDataset;
use crate::dtls;
use conversation::{Conversation, Stage};
use std::net::Ipv6Addr;
use std::time::Duration;
use zeroize::Zeroize;

/// UDP port of the Thread management framework on every node of a mesh (OpenThread `src/core/thread/tmf.hpp`).
pub const TMF_PORT: u16 = 61_631;

/// The longest message that every border agent takes, in bytes (OpenThread `third_party/mbedtls/mbedtls-config.h`, `MBEDTLS_SSL_MAX_CONTENT_LEN` as it is usually
/// built): a longer one is lost without a word. What comes from there may be longer, up to [`dtls::MAX_MESSAGE_BYTES`].
const MESSAGE_BYTES: usize = 768;

/// The longest datagram that [`Session::send_to_mesh`] takes, in bytes: what is left of 768 after CoAP's header, token, path and payload marker (14), an address
/// (18), and the datagram's own header and ports (8).
pub const MAX_MESH_DATAGRAM_BYTES: usize = MESSAGE_BYTES - 14 - 18 - 8;

/// What a session is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What we call ourselves in the petition. Unique to this installation: a petition with the id of an active commissioner takes its role over, which is how
    /// a session that was killed is recovered.
    pub commissioner_id: String,
    /// How often the role is kept alive once it is won: taken as 1 s at the least and 30 s at the most, because leader and border agent wait 50 s.
    pub keep_alive_every: Duration,
}

/// Which dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetKind {
    /// In use.
    Active,
    /// To come.
    Pending,
    /// The commissioner's (session id, border agent locator, steering data).
    Commissioner,
}

/// What happened. The order of events is the order in which it happened.
pub enum Event {
    /// The border agent knows the credential.
    Connected,
    /// We are the commissioner now.
    Commissioner {
        /// Number of the session in the mesh.
        session_id: u16,
    },
    /// Somebody else is, or the leader does not want us.
    Refused {
        /// The id of the commissioner that holds the role, where it was told.
        holder: Option<String>,
    },
    /// We are the commissioner no longer, and did not want that; the session goes on.
    LostRole {
        /// Why.
        reason: String,
    },
    /// The role was given back.
    Resigned,
    /// The active or pending dataset, with its keys. `None`: there is none.
    Dataset {
        /// Which.
        kind: DatasetKind,
        /// It.
        dataset: Option<OperationalDataset>,
    },
    /// The commissioner dataset: who holds the role, by what the border agent tells. TLVs as they came, but for keys, which do not belong there: zeros.
    CommissionerDataset {
        /// MeshCoP TLVs.
        tlvs: Vec<u8>,
    },
    /// A question came to nothing.
    Unanswered {
        /// `c/ag`, `c/cp`.
        uri: &'static str,
        /// What came back.
        reason: String,
    },
    /// A datagram of a node of the mesh.
    FromMesh {
        /// Its address.
        source: Ipv6Addr,
        /// Its port.
        source_port: u16,
        /// Our port that it was sent to.
        destination_port: u16,
        /// UDP payload.
        datagram: Vec<u8>,
    },
    /// The session is over; nothing follows.
    Closed(dtls::Closed),
}

/// A session.
pub struct Session {
    client: dtls::Client,
    conversation: Conversation,
}

impl Session {
    /// Begins with the handshake. `password` as in [`dtls::Client::new`].
    pub fn new(password: &[u8], settings: Settings, random: impl Fn() -> Random, now: Duration) -> Self {
        Self {
            client: dtls::Client::new(password, random(), now),
            conversation: Conversation::new(settings, random()),
        }
    }

    /// Asks for the commissioner's role; keeps it alive from then on. First the commissioner dataset is asked for, which tells whether somebody holds the role;
    /// where somebody does, the leader refuses us ([`Event::Refused`]), unless it is our own former session.
    ///
    /// Before [`Event::Connected`], it is remembered until then. Ends with [`Event::Commissioner`], [`Event::Refused`], [`Event::Unanswered`] or the session; may be asked
    /// anew after that, and after [`Event::LostRole`].
    pub fn petition(&mut self, now: Duration) {
        self.conversation.petition(now);
        self.carry(now);
    }

    /// Asks for a dataset. No role is needed. Before [`Event::Connected`], it is remembered until then; the same kind is not asked for twice at once.
    pub fn get_dataset(&mut self, kind: DatasetKind, now: Duration) {
        self.conversation.get_dataset(kind, now);
        self.carry(now);
    }

    /// Sends a UDP datagram to an address of the mesh, through the border agent. Needs the role.
    ///
    /// # Errors
    /// Without the role, or where it is longer than [`MAX_MESH_DATAGRAM_BYTES`].
    pub fn send_to_mesh(
        &mut self,
        destination: Ipv6Addr,
        source_port: u16,
        destination_port: u16,
        datagram: &[u8],
        now: Duration,
    ) -> Result<(), dtls::SendError> {
        self.conversation
            .send_to_mesh(destination, (source_port, destination_port), datagram, now)?;
        self.carry(now);
        Ok(())
    }

    /// Gives the role back where we have it, or where a petition under way brings it, then says goodbye. [`Event::Closed`] follows within 4 s, answered or not.
    pub fn end(&mut self, now: Duration) {
        self.conversation.end(now);
        self.carry(now);
    }

    /// Takes a datagram of the border agent.
    pub fn receive(&mut self, datagram: &[u8], now: Duration) {
        self.client.receive(datagram, now);
        self.carry(now);
    }

    /// Repeats, keeps alive, gives up.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.client.handle_timeout(now);
        self.conversation.handle_timeout(now);
        self.carry(now);
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        if self.conversation.stage == Stage::Over {
            return None;
        }
        [self.client.deadline(), self.conversation.deadline()].into_iter().flatten().min()
    }

    /// The next datagram to the border agent.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.client.poll_transmit()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.conversation.events.pop_front()
    }

    /// Carries messages between the conversation and its channel until neither has one.
    fn carry(&mut self, now: Duration) {
        loop {
            self.take_events(now);
            let mut is_quiet = true;
            while let Some(message) = self.conversation.poll_message() {
                is_quiet = false;
                // What cannot be sent any more is as lost as a datagram is: the end of the session is told apart.
                let _ = self.client.send(&message);
            }
            if self.conversation.stage == Stage::Said {
                self.client.close();
                self.take_events(now);
                self.conversation.closed(dtls::Closed::ByUs);
            }
            if is_quiet {
                return;
            }
        }
    }

    fn take_events(&mut self, now: Duration) {
        while let Some(event) = self.client.poll_event() {
            match event {
                dtls::Event::Connected => self.conversation.connected(now),
                dtls::Event::Message(mut message) => {
                    self.conversation.receive(&message, now);
                    // An answer may hold the network's keys.
                    message.zeroize();
                }
                dtls::Event::Closed(closed) => self.conversation.closed(closed),
            }
        }
    }
}
