//! When who is asked by unicast, and when it is over.

use super::{ALL_ROUTERS, Everybody, Kind, QUESTION_LASTS, Question, Sweep};
use crate::coap::Request;
use crate::sweep::airtime;
use std::time::Duration;
use weft_model::Rloc16;
use weft_wire::tmf::encode_request;

/// Questions to one router, at most; the relay gets one more, of the other kind.
pub(super) const MAX_QUESTIONS: u8 = 2;
/// The relay answers without radio: that its node does not answer queries shows soon.
const RELAY_LASTS: Duration = Duration::from_secs(1);
/// The multicast waits so long for the relay's own answer, which comes without radio and says how many routers there are.
pub(super) const RELAY_FIRST: Duration = Duration::from_millis(300);
/// More routers than these are not asked all at once. Their answers come together, and where they need the channel for longer than the two
/// seconds after which OpenThread repeats what was not acknowledged, repetitions pile up on them: with 32 routers and 300 children a
/// multicast brings 4 whole answers in 43 s, questions in turn bring all 32 in 10 s (measured against the simulated mesh of `peer`).
const MAX_ROUTERS_AT_ONCE: usize = 16;
/// Multicast queries, at most: it is a single datagram, and may be lost before it comes to the air.
const MAX_MULTICASTS: usize = 2;
/// How long the first answer to the multicast may take.
const FIRST_ANSWER: Duration = Duration::from_secs(1);
/// How much longer for each router that is named: they answer all together and share the channel, so that the first whole message comes late.
const FIRST_ANSWER_OF_EACH: Duration = Duration::from_millis(80);
/// The channel counts as quiet after so long without an answer: only then are those asked who did not answer.
const QUIET: Duration = Duration::from_millis(400);
/// However busy the channel is, they are asked then.
const BUSY_AT_MOST: Duration = Duration::from_secs(8);
/// A router that began to answer is waited for so long after each part: OpenThread repeats a part after two to three seconds, and a new question is sooner.
const NEXT_PART: Duration = Duration::from_millis(1_500);
/// Between two questions by unicast.
const PACE: Duration = Duration::from_millis(30);
/// A multicast crosses the mesh, and its answers come back, within this time, if the channel is free: MPL delays each hop by up to 64 ms.
const MULTICAST_LASTS: Duration = Duration::from_millis(600);
/// Everybody who is named answered, and nobody spoke for so long: it is over.
const LAST_WORD: Duration = Duration::from_millis(250);
/// Nobody is named at all.
const NOBODY: Duration = Duration::from_secs(3);
/// Frames of an answer, before one came.
const ANSWER_FRAMES: u32 = 12;

impl Sweep {
    /// Does whatever is due.
    pub(super) fn act(&mut self, now: Duration) {
        if self.has_ended {
            return;
        }
        self.give_up_questions(now);
        let is_over = now >= self.ends_at();
        if !is_over {
            self.ask_everybody(now);
            self.fill(now);
        }
        // The next message may be as long as the longest so far. Answers that are under way then take their time all the same, and are not counted.
        let over_budget = self
            .settings
            .max_frames
            .is_some_and(|max| self.airtime().frames.saturating_add(self.longest_message) > max);
        if is_over || over_budget || self.is_out_of_frames && self.under_way.is_empty() {
            let is_whole = self.roll.is_settled() && self.under_way.is_empty();
            self.end(!is_whole);
        } else if self.quiet_end().is_some_and(|at| now >= at) {
            self.end(false);
        }
    }

    /// When [`Self::act`] has something to do.
    pub(super) fn next_step(&self) -> Duration {
        let questions = self.under_way.iter().map(|question| question.ends_at);
        let fill = self.next_to_ask().map(|(at, _)| at);
        questions
            .chain(fill)
            .chain(self.next_multicast())
            .chain(self.quiet_end())
            .fold(self.ends_at(), Duration::min)
    }

    fn ends_at(&self) -> Duration {
        self.started.saturating_add(self.settings.end_within)
    }

    /// When the next multicast query is due.
    fn next_multicast(&self) -> Option<Duration> {
        match (self.everybody, self.multicasts.last()) {
            (Everybody::Undecided(at), _) => {
                let relay = self.settings.relay.and_then(|relay| self.roll.entries.get(&relay));
                let knows = relay.is_some_and(|relay| relay.heard_at.is_some());
                Some(if knows { self.started } else { at })
            }
            (Everybody::AtOnce, Some((sent, _))) if !self.heard_all && self.multicasts.len() < MAX_MULTICASTS => Some(*sent + self.first_answer()),
            _ => None,
        }
    }

    /// One query for all routers, where the relay passes it on, they are not too many, and the budget allows what it brings.
    fn ask_everybody(&mut self, now: Duration) {
        if self.next_multicast().is_none_or(|at| at > now) {
            return;
        }
        let query_id = self.first_query_id.wrapping_add(self.query_ids);
        let payload = encode_request(&self.questions.types(Kind::Query, false), Some(query_id));
        if self.roll.routers().count() > MAX_ROUTERS_AT_ONCE || !self.affords_everybody(payload.len()) {
            self.everybody = Everybody::InTurn;
            return;
        }
        self.everybody = Everybody::AtOnce;
        self.query_ids += 1;
        let request = Request {
            uri: Kind::Query.uri(),
            payload: &payload,
            confirmable: false,
            wants_response: false,
        };
        self.endpoint.request(ALL_ROUTERS, &request, now);
        self.multicasts.push((now, query_id));
    }

    /// How long the first answer to a multicast may take.
    fn first_answer(&self) -> Duration {
        let named = u32::try_from(self.roll.entries.len()).unwrap_or(u32::MAX);
        FIRST_ANSWER + FIRST_ANSWER_OF_EACH.saturating_mul(named)
    }

    fn give_up_questions(&mut self, now: Duration) {
        while let Some(question) = self.under_way.iter().find(|question| now >= question.ends_at) {
            let lasts = self.lasts(question.router, question.kind);
            let error = match (question.is_heard, question.is_acknowledged) {
                (true, _) => "only a part of the answer came, and nothing more within 3.5 s".to_owned(),
                (false, true) => "the question was acknowledged, and no answer came within 3.5 s".to_owned(),
                (false, false) => format!("no answer within {} s", lasts.as_secs()),
            };
            self.in_vain(question.request, false, &error);
        }
    }

    /// How long a question may take, until a word comes of it.
    fn lasts(&self, router: Rloc16, kind: Kind) -> Duration {
        let is_without_radio = self.settings.relay == Some(router) && kind == Kind::Query;
        if is_without_radio { RELAY_LASTS } else { QUESTION_LASTS }
    }

    /// Asks by unicast whoever is due, as far as window and pace allow.
    fn fill(&mut self, now: Duration) {
        while let Some((at, router)) = self.next_to_ask() {
            if at > now || self.is_out_of_frames {
                return;
            }
            self.ask(router, now);
        }
    }

    /// Who is asked next, and when; `None` while the window is full, or where nobody is to be asked.
    fn next_to_ask(&self) -> Option<(Duration, Rloc16)> {
        if self.is_out_of_frames || self.under_way.len() >= self.settings.window {
            return None;
        }
        let waiting = self.roll.entries.iter().filter(|(_, entry)| !entry.is_settled() && !entry.is_asked);
        let due = waiting.map(|(rloc16, entry)| (self.may_ask(*rloc16, entry), *rloc16)).min()?;
        let paced = self.last_question.map_or(due.0, |last| due.0.max(last + PACE));
        Some((paced, due.1))
    }

    /// From when on a router may be asked by unicast.
    fn may_ask(&self, rloc16: Rloc16, entry: &crate::sweep::roll::Entry) -> Duration {
        if self.settings.relay == Some(rloc16) || entry.in_vain > 0 {
            return self.started;
        }
        let Some((asked, _)) = self.multicasts.last().copied() else {
            return match self.everybody {
                Everybody::Undecided(at) => at,
                _ => self.started,
            };
        };
        let quiet = self.last_message.filter(|_| self.heard_all).map(|last| last + QUIET);
        let due = match (entry.heard_at, quiet) {
            (Some(heard), Some(quiet)) => quiet.max(heard + NEXT_PART),
            (Some(heard), None) => heard + NEXT_PART,
            (None, Some(quiet)) => quiet,
            (None, None) => asked + self.first_answer(),
        };
        due.min(self.started + BUSY_AT_MOST)
    }

    fn ask(&mut self, router: Rloc16, now: Duration) {
        let is_relay = self.settings.relay == Some(router);
        let prefers_get = self.roll.entries.get(&router).is_some_and(|entry| entry.prefers_get);
        let kind = if prefers_get { Kind::Get } else { Kind::Query };
        let query_id = (kind == Kind::Query).then(|| self.first_query_id.wrapping_add(self.query_ids));
        let payload = encode_request(&self.questions.types(kind, is_relay), query_id);
        if !self.affords(router, payload.len()) {
            self.is_out_of_frames = true;
            return;
        }
        self.query_ids += u16::from(query_id.is_some());
        let request = Request {
            uri: kind.uri(),
            payload: &payload,
            confirmable: true,
            wants_response: kind == Kind::Get,
        };
        let id = self.endpoint.request(self.settings.mesh_local_prefix.rloc(router), &request, now);
        self.last_question = (!is_relay).then_some(now).or(self.last_question);
        self.under_way.push(Question {
            router,
            kind,
            request: id,
            is_acknowledged: false,
            is_heard: false,
            ends_at: now + self.lasts(router, kind),
        });
        if let Some(entry) = self.roll.entries.get_mut(&router) {
            entry.is_asked = true;
        }
    }

    /// When it is over if nothing more comes; `None` while somebody is to answer or to be asked.
    fn quiet_end(&self) -> Option<Duration> {
        if !self.under_way.is_empty() || !self.roll.is_settled() {
            return None;
        }
        let asked = match (self.everybody, self.multicasts.last()) {
            (Everybody::Undecided(_), _) => return None,
            (_, asked) => asked.map(|(at, _)| *at),
        };
        let first = match (asked, self.last_message) {
            (Some(asked), None) => asked.max(self.started + NOBODY),
            (Some(asked), Some(_)) => asked + MULTICAST_LASTS,
            (None, _) => self.started,
        };
        // Children that answer the multicast are no routers; what they began to say is waited for.
        let is_open = |peer| self.locator(peer).is_some_and(|rloc16| !self.roll.entries.contains_key(&rloc16));
        let part = self.answers.newest_part(is_open).map(|at| at + QUESTION_LASTS);
        let quiet = self.last_message.filter(|_| asked.is_some()).map(|at| at + LAST_WORD);
        Some([part, quiet].into_iter().flatten().fold(first, Duration::max))
    }

    /// The budget has room for a question to a router and its answer, besides those that are under way.
    fn affords(&self, router: Rloc16, payload_bytes: usize) -> bool {
        let Some(max) = self.settings.max_frames else { return true };
        let each = airtime::one_hop(payload_bytes).frames.saturating_add(ANSWER_FRAMES);
        let routers = self.under_way.iter().map(|question| question.router).chain([router]);
        let to_come = routers.fold(0u32, |sum, router| sum.saturating_add(self.ledger.hops(router).saturating_mul(each)));
        self.airtime().frames.saturating_add(to_come) <= max
    }

    /// The budget has room for a multicast and everybody's answers, as far as it is known who will answer.
    fn affords_everybody(&self, payload_bytes: usize) -> bool {
        let Some(max) = self.settings.max_frames else { return true };
        let routers = u32::try_from(self.roll.routers().count()).unwrap_or(u32::MAX).max(1);
        let query = airtime::times(airtime::one_multicast(payload_bytes), airtime::MULTICAST_TRANSMISSIONS).frames;
        let each = query.saturating_add(ANSWER_FRAMES * airtime::UNKNOWN_HOPS);
        each.saturating_mul(routers) <= max
    }
}
