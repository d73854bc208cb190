//! What is said inside a session, without the session: CoAP messages and time in, CoAP messages and events out.

use super::role::{Held, Role};
use super::{DatasetKind, Event, Settings, ask};
use crate::coap::{self, Endpoint, Patience, Request, RequestId};
use crate::credential::OperationalDataset;
use crate::{Random, dtls};
use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::time::Duration;
use weft_wire::meshcop::{Command, blank_secrets, decode_command};
use zeroize::Zeroize;

/// A border agent on a LAN acknowledges at once. What it asks the leader comes across the mesh, where the first repetition takes 2 to 3 s.
const PATIENCE: Patience = Patience {
    acknowledge_within: Duration::from_millis(500),
    repetitions: 4,
    respond_within: Duration::from_secs(4),
};

/// How long a farewell may wait for an answer: first that of a petition under way, then that of the resignation.
const FAREWELL: Duration = Duration::from_secs(2);

/// A question came to nothing.
pub(super) struct NoAnswer {
    pub(super) reason: String,
    /// Nothing came back at all.
    pub(super) is_silence: bool,
}

impl NoAnswer {
    fn because(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            is_silence: false,
        }
    }
}

/// Where the session stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The handshake.
    Before,
    Open,
    /// The role is given back; until then at the latest.
    Ending {
        until: Duration,
    },
    /// Nothing is left to say; the session is to be closed.
    Said,
    Over,
}

/// The conversation.
pub(super) struct Conversation {
    pub(super) settings: Settings,
    pub(super) endpoint: Endpoint<()>,
    pub(super) stage: Stage,
    /// When the handshake was over.
    pub(super) opened_at: Duration,
    pub(super) role: Role,
    wants_role: bool,
    /// Datasets that were asked for; without a number until the session is open.
    questions: Vec<(DatasetKind, Option<RequestId>)>,
    pub(super) events: VecDeque<Event>,
}

impl Conversation {
    pub(super) fn new(settings: Settings, random: Random) -> Self {
        Self {
            settings,
            endpoint: Endpoint::new(PATIENCE, random),
            stage: Stage::Before,
            opened_at: Duration::ZERO,
            role: Role::None,
            wants_role: false,
            questions: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// The session is open: what was asked for until now is said.
    pub(super) fn connected(&mut self, now: Duration) {
        if self.stage != Stage::Before {
            return;
        }
        self.stage = Stage::Open;
        self.opened_at = now;
        self.events.push_back(Event::Connected);
        let kinds: Vec<DatasetKind> = self.questions.drain(..).map(|(kind, _)| kind).collect();
        for kind in kinds {
            self.get_dataset(kind, now);
        }
        if self.wants_role {
            self.look(now);
        }
    }

    pub(super) fn petition(&mut self, now: Duration) {
        self.wants_role = true;
        if self.stage == Stage::Open && matches!(self.role, Role::None) {
            self.look(now);
        }
    }

    pub(super) fn get_dataset(&mut self, kind: DatasetKind, now: Duration) {
        if self.questions.iter().any(|(asked, _)| *asked == kind) {
            return;
        }
        match self.stage {
            Stage::Before => self.questions.push((kind, None)),
            Stage::Open => {
                // No type list: everything.
                let id = self.post(ask::dataset(kind), &[], now);
                self.questions.push((kind, Some(id)));
            }
            Stage::Ending { .. } | Stage::Said => self.unanswered(ask::dataset(kind), "the session is about to end"),
            Stage::Over => (),
        }
    }

    pub(super) fn send_to_mesh(
        &mut self,
        destination: Ipv6Addr,
        (source_port, destination_port): (u16, u16),
        datagram: &[u8],
        now: Duration,
    ) -> Result<(), dtls::SendError> {
        if self.stage != Stage::Open || !matches!(self.role, Role::Held(_)) {
            return Err(dtls::SendError::NotConnected);
        }
        if datagram.len() > super::MAX_MESH_DATAGRAM_BYTES {
            return Err(dtls::SendError::TooLong);
        }
        let payload = ask::datagram(destination, source_port, destination_port, datagram).map_err(|_| dtls::SendError::TooLong)?;
        let request = Request {
            uri: ask::PROXY_TRANSMIT,
            payload: &payload,
            confirmable: false,
            wants_response: false,
        };
        self.endpoint.request((), &request, now);
        Ok(())
    }

    pub(super) fn end(&mut self, now: Duration) {
        match self.stage {
            Stage::Before => self.stage = Stage::Said,
            Stage::Open => match std::mem::replace(&mut self.role, Role::None) {
                Role::None => self.stage = Stage::Said,
                Role::Looking(looking) => {
                    self.endpoint.cancel(looking.request);
                    self.stage = Stage::Said;
                }
                petitioning @ Role::Petitioning(_) => {
                    self.role = petitioning;
                    self.stage = Stage::Ending { until: now + FAREWELL };
                }
                Role::Held(held) => self.resign(&held, now),
                // Nothing resigns but an end.
                Role::Resigning { .. } => self.stage = Stage::Said,
            },
            Stage::Ending { .. } | Stage::Said | Stage::Over => (),
        }
    }

    /// Gives the role back.
    pub(super) fn resign(&mut self, held: &Held, now: Duration) {
        if let Some(request) = held.request {
            self.endpoint.cancel(request);
        }
        let request = self.post(ask::KEEP_ALIVE, &ask::resignation(held.session_id), now);
        self.role = Role::Resigning { request };
        self.stage = Stage::Ending { until: now + FAREWELL };
    }

    /// A message of the border agent.
    pub(super) fn receive(&mut self, message: &[u8], now: Duration) {
        if matches!(self.stage, Stage::Open | Stage::Ending { .. }) {
            self.endpoint.receive((), message, now);
            self.work(now);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Duration) {
        match self.stage {
            Stage::Ending { until } if until <= now => {
                let uri = match self.role {
                    Role::Petitioning(_) => ask::PETITION,
                    _ => ask::KEEP_ALIVE,
                };
                self.unanswered(
                    uri,
                    "no answer in the time that the end of a session has; the leader gives the role up by itself within 50 s",
                );
                self.stage = Stage::Said;
            }
            Stage::Open | Stage::Ending { .. } => {
                self.endpoint.handle_timeout(now);
                self.work(now);
                self.keep_role(now);
            }
            Stage::Before | Stage::Said | Stage::Over => (),
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let ending = match self.stage {
            Stage::Open => None,
            Stage::Ending { until } => Some(until),
            Stage::Before | Stage::Said | Stage::Over => return None,
        };
        [ending, self.endpoint.deadline(), self.role.deadline()].into_iter().flatten().min()
    }

    /// The next message to the border agent.
    pub(super) fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.endpoint.poll_transmit().map(|((), message)| message)
    }

    /// The session is over. Questions that are open end with it.
    pub(super) fn closed(&mut self, closed: dtls::Closed) {
        if self.stage == Stage::Over {
            return;
        }
        for (kind, _) in std::mem::take(&mut self.questions) {
            self.unanswered(ask::dataset(kind), "the session ended before the answer came");
        }
        self.stage = Stage::Over;
        self.role = Role::None;
        self.events.push_back(Event::Closed(closed));
    }

    /// Takes what the endpoint has to tell.
    fn work(&mut self, now: Duration) {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                coap::Event::Response { id, code, payload, .. } => self.answered(id, success(code, payload), now),
                coap::Event::Failed { id, reset: true } => self.answered(id, Err(NoAnswer::because("the border agent rejected the message")), now),
                coap::Event::Failed { id, reset: false } => {
                    let silence = NoAnswer {
                        reason: "no answer".to_owned(),
                        is_silence: true,
                    };
                    self.answered(id, Err(silence), now);
                }
                coap::Event::Acknowledged { .. } => (),
                coap::Event::Request { uri, mut payload, .. } => {
                    if uri == ask::PROXY_RECEIVE {
                        self.events.extend(from_mesh(&payload));
                    }
                    payload.zeroize();
                }
            }
        }
    }

    fn answered(&mut self, id: RequestId, answer: Result<Vec<u8>, NoAnswer>, now: Duration) {
        match self.questions.iter().position(|(_, request)| *request == Some(id)) {
            Some(index) => {
                let (kind, _) = self.questions.swap_remove(index);
                self.dataset_came(kind, answer);
            }
            None => self.role_answered(id, answer, now),
        }
    }

    fn dataset_came(&mut self, kind: DatasetKind, answer: Result<Vec<u8>, NoAnswer>) {
        let mut tlvs = match answer {
            Ok(tlvs) => tlvs,
            Err(no_answer) => return self.unanswered(ask::dataset(kind), no_answer.reason),
        };
        if kind == DatasetKind::Commissioner {
            // No key belongs there.
            blank_secrets(&mut tlvs);
            return self.events.push_back(Event::CommissionerDataset { tlvs });
        }
        let dataset = match tlvs.is_empty() {
            true => Ok(None),
            false => OperationalDataset::from_tlvs(&tlvs).map(Some),
        };
        tlvs.zeroize();
        match dataset {
            Ok(dataset) => self.events.push_back(Event::Dataset { kind, dataset }),
            Err(error) => self.unanswered(ask::dataset(kind), format!("the answer is no dataset: {error}")),
        }
    }

    /// Sends a question.
    pub(super) fn post(&mut self, uri: &'static str, payload: &[u8], now: Duration) -> RequestId {
        let request = Request {
            uri,
            payload,
            confirmable: true,
            wants_response: true,
        };
        self.endpoint.request((), &request, now)
    }

    pub(super) fn unanswered(&mut self, uri: &'static str, reason: impl Into<String>) {
        self.events.push_back(Event::Unanswered { uri, reason: reason.into() });
    }
}

/// The payload, if the code says that all is well.
fn success((class, detail): (u8, u8), mut payload: Vec<u8>) -> Result<Vec<u8>, NoAnswer> {
    if class == 2 {
        return Ok(payload);
    }
    payload.zeroize();
    let meaning = match (class, detail) {
        (4, 4) => ": it does not know the question",
        (5, 0) => ": it could not do it, or the leader did not answer it",
        _ => "",
    };
    Err(NoAnswer::because(format!("the border agent answered {class}.{detail:02}{meaning}")))
}

fn from_mesh(payload: &[u8]) -> Option<Event> {
    let (command, _) = decode_command(payload);
    let Command {
        ipv6_address: Some(source),
        udp: Some(udp),
        ..
    } = command
    else {
        return None;
    };
    Some(Event::FromMesh {
        source,
        source_port: udp.source_port,
        destination_port: udp.destination_port,
        datagram: udp.datagram,
    })
}
