//! The commissioner's role: asked for, kept, lost, given back.

use super::conversation::{Conversation, NoAnswer, Stage};
use super::{Event, ask};
use crate::coap::RequestId;
use std::time::Duration;
use weft_wire::meshcop::{Command, State, decode_command};
use zeroize::Zeroize;

/// After that long without a keep-alive, border agent and leader give the role to others (OpenThread `kTimeoutLeaderPetition`, `kKeepAliveTimeout`).
const LIFETIME: Duration = Duration::from_secs(50);
/// The longest time between two keep-alives: leaves time for a second one until the role is lost.
const MAX_INTERVAL: Duration = Duration::from_secs(30);
/// The shortest: a keep-alive goes to the leader across the mesh.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// After a keep-alive that came to nothing, the next one.
const RETRY: Duration = Duration::from_secs(3);
/// How often a petition without answer is sent anew: the leader's answer comes once and unconfirmed, and may be lost.
const REPETITIONS: u32 = 3;
/// How long the look at who is commissioner may take; the petition does not depend on it.
const LOOK: Duration = Duration::from_secs(3);

/// Where we stand.
pub(super) enum Role {
    None,
    /// Who holds it?
    Looking(Looking),
    Petitioning(Petitioning),
    Held(Held),
    Resigning {
        request: RequestId,
    },
}

pub(super) struct Looking {
    pub(super) request: RequestId,
    until: Duration,
}

pub(super) struct Petitioning {
    request: RequestId,
    /// What the commissioner dataset said before.
    before: Command,
    /// How often it may be sent anew.
    left: u32,
}

pub(super) struct Held {
    pub(super) session_id: u16,
    /// The keep-alive under way.
    pub(super) request: Option<RequestId>,
    /// The leader last said yes.
    confirmed_at: Duration,
    next: Duration,
}

impl Role {
    pub(super) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Looking(looking) => Some(looking.until),
            Self::Held(held) => {
                let lost_at = held.confirmed_at + LIFETIME;
                Some(match held.request {
                    Some(_) => lost_at,
                    None => held.next.min(lost_at),
                })
            }
            // The endpoint gives up in time.
            Self::None | Self::Petitioning(_) | Self::Resigning { .. } => None,
        }
    }
}

impl Conversation {
    /// Looks who is commissioner, before anything is asked for. The answer changes nothing of the petition: it is the leader who keeps two commissioners apart.
    pub(super) fn look(&mut self, now: Duration) {
        let request = self.post(ask::COMMISSIONER_GET, &[], now);
        self.role = Role::Looking(Looking { request, until: now + LOOK });
    }

    fn send_petition(&mut self, before: Command, left: u32, now: Duration) {
        match ask::petition(&self.settings.commissioner_id) {
            Ok(payload) => {
                let request = self.post(ask::PETITION, &payload, now);
                self.role = Role::Petitioning(Petitioning { request, before, left });
            }
            Err(error) => {
                self.role = Role::None;
                self.unanswered(ask::PETITION, error.to_string());
            }
        }
    }

    /// Lets time pass for the role.
    pub(super) fn keep_role(&mut self, now: Duration) {
        match &mut self.role {
            Role::Looking(looking) if looking.until <= now => {
                let request = looking.request;
                self.endpoint.cancel(request);
                self.send_petition(Command::default(), REPETITIONS, now);
            }
            Role::Held(held) if held.confirmed_at + LIFETIME <= now => {
                if let Some(request) = held.request {
                    self.endpoint.cancel(request);
                }
                self.lose("no keep-alive was answered for 50 s");
            }
            Role::Held(held) if held.request.is_none() && held.next <= now => {
                let session_id = held.session_id;
                let request = self.post(ask::KEEP_ALIVE, &ask::keep_alive(session_id), now);
                if let Role::Held(held) = &mut self.role {
                    held.request = Some(request);
                }
            }
            _ => (),
        }
    }

    fn lose(&mut self, reason: impl Into<String>) {
        self.role = Role::None;
        self.events.push_back(Event::LostRole { reason: reason.into() });
    }

    /// An answer to what was asked for the role's sake.
    pub(super) fn role_answered(&mut self, id: RequestId, answer: Result<Vec<u8>, NoAnswer>, now: Duration) {
        let command = answer.map(|mut payload| {
            let (command, _) = decode_command(&payload);
            // No key belongs there, but who knows.
            payload.zeroize();
            command
        });
        match std::mem::replace(&mut self.role, Role::None) {
            Role::Looking(looking) if looking.request == id => self.send_petition(command.unwrap_or_default(), REPETITIONS, now),
            Role::Petitioning(petitioning) if petitioning.request == id => self.petition_answered(petitioning, command, now),
            Role::Held(held) if held.request == Some(id) => self.keep_alive_answered(held, command, now),
            Role::Resigning { request } if request == id => {
                match command {
                    Ok(_) => self.events.push_back(Event::Resigned),
                    Err(no_answer) => self.unanswered(ask::KEEP_ALIVE, no_answer.reason),
                }
                self.stage = Stage::Said;
            }
            other => self.role = other,
        }
    }

    fn petition_answered(&mut self, petitioning: Petitioning, answer: Result<Command, NoAnswer>, now: Duration) {
        let is_ending = matches!(self.stage, Stage::Ending { .. });
        match answer {
            Ok(Command {
                state: Some(State::Accept),
                session_id: Some(session_id),
                ..
            }) => {
                self.events.push_back(Event::Commissioner { session_id });
                let held = Held {
                    session_id,
                    request: None,
                    confirmed_at: now,
                    // The border agent's 50 s began with the session, and a petition does not begin them anew: the first keep-alive counts from there.
                    next: (self.opened_at + self.interval()).max(now),
                };
                return match is_ending {
                    true => self.resign(&held, now),
                    false => self.role = Role::Held(held),
                };
            }
            Ok(Command {
                state: Some(State::Accept), ..
            }) => self.unanswered(ask::PETITION, "the answer says yes and lacks the number of the session"),
            Ok(Command {
                state: Some(_),
                commissioner_id: holder,
                ..
            }) => self.events.push_back(Event::Refused {
                holder: holder.or(petitioning.before.commissioner_id),
            }),
            Ok(_) => self.unanswered(ask::PETITION, "the answer says neither yes nor no"),
            // Acknowledged or not, its answer may have been lost. Asking again with our own id is harmless: it takes over from ourselves.
            Err(no_answer) if no_answer.is_silence && petitioning.left > 0 && !is_ending => {
                return self.send_petition(petitioning.before, petitioning.left - 1, now);
            }
            Err(no_answer) => self.unanswered(ask::PETITION, no_answer.reason),
        }
        if is_ending {
            self.stage = Stage::Said;
        }
    }

    fn keep_alive_answered(&mut self, mut held: Held, answer: Result<Command, NoAnswer>, now: Duration) {
        held.request = None;
        match answer.map(|command| command.state) {
            Ok(Some(State::Accept)) => {
                held.confirmed_at = now;
                held.next = now + self.interval();
            }
            Ok(Some(_)) => {
                return self.lose("the leader refused the keep-alive: it gave the role to somebody else, or a new leader does not know of it");
            }
            // The leader did not answer the border agent, or we did not hear it: the role is not lost yet.
            Ok(None) | Err(_) => held.next = now + RETRY,
        }
        self.role = Role::Held(held);
    }

    fn interval(&self) -> Duration {
        self.settings.keep_alive_every.clamp(MIN_INTERVAL, MAX_INTERVAL)
    }
}
