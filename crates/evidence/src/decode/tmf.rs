//! `tmf`: network diagnostics and datasets of mesh nodes. Answers that come in parts are put together here.

use super::{DecodedCapture, Statement, by_address, by_locator, sorted};
use crate::capture::{Capture, TmfCapture};
use crate::hex;
use crate::observation::{Hearing, Reporter};
use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use weft_model::{AddressKind, ExtendedAddress, ExtendedPanId, Fact, FactKind, Rloc16, Timestamp};
use weft_wire::Problem;
use weft_wire::meshcop::decode_dataset;
use weft_wire::tmf::{Added, AnswerAssembly, AnswerPart, decode_address_notification, decode_answer};

/// The most answers that are waited for at a time; the oldest is given up for a new one.
const MAX_ANSWERS: usize = 256;
/// How long the parts of one answer may take. A device counts its queries with 16 bits and begins anew when it restarts.
const MAX_ANSWER_SECONDS: i64 = 120;

/// The answers of which parts are missing.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    waiting: BTreeMap<Key, Waiting>,
}

/// Whose answer to which query.
type Key = (Option<ExtendedPanId>, Ipv6Addr, Option<u16>);

#[derive(Debug, Clone)]
struct Waiting {
    since: (Timestamp, u64),
    parts: AnswerAssembly,
    names: Names,
}

/// What the parts so far said of who answers.
#[derive(Debug, Clone, Copy, Default)]
struct Names {
    extended_address: Option<ExtendedAddress>,
    rloc16: Option<Rloc16>,
}

impl Names {
    /// These names, and `other` where there are none.
    fn or(self, other: Names) -> Names {
        Names {
            extended_address: self.extended_address.or(other.extended_address),
            rloc16: self.rloc16.or(other.rloc16),
        }
    }

    /// The strongest name. A link-local address is one: it contains the extended address.
    fn reporter(self, body: &TmfCapture) -> Reporter {
        let by_link_local = match AddressKind::of(body.peer) {
            AddressKind::LinkLocal(address) => address,
            _ => None,
        };
        match (self.extended_address.filter(|address| address.is_real()).or(by_link_local), self.rloc16) {
            (Some(extended_address), _) => Reporter::Radio { extended_address },
            (None, Some(rloc16)) => by_locator(rloc16, body.extended_pan_id),
            (None, None) => by_address(body.peer, body.extended_pan_id),
        }
    }
}

impl Answers {
    pub(super) fn decode(&mut self, capture: &Capture, body: &TmfCapture, decoded: &mut DecodedCapture) {
        let Some(payload) = hex::decode(&body.payload) else {
            decoded.problem(Problem::of("payload", "not in hexadecimal digits"));
            return;
        };
        if let Some(code) = body.code.as_deref().filter(|code| code.starts_with(['4', '5'])) {
            let shown: String = code.chars().take(16).collect();
            decoded.problem(Problem::of("code", format!("the answer is an error, {shown:?}")));
            return;
        }
        match body.uri.trim_start_matches('/') {
            "d/dg" | "d/da" | "d/dq" => self.diagnostic(capture, body, &payload, decoded),
            "c/ag" | "c/pg" => dataset(capture, body, &payload, decoded),
            "a/an" => notification(capture, body, &payload, decoded),
            _ => decoded.not_understood = true,
        }
    }

    fn diagnostic(&mut self, capture: &Capture, body: &TmfCapture, payload: &[u8], decoded: &mut DecodedCapture) {
        let answer = decode_answer(payload);
        let names = Names {
            extended_address: answer.extended_address,
            rloc16: answer.rloc16,
        };
        let is_alone = matches!(answer.answer, None | Some(AnswerPart { index: 0, is_last: true }));
        let (names, whole) = match is_alone {
            true => (names, None),
            false => self.add(capture, body, answer.query_id, payload, names),
        };
        let statement = Statement::now(capture, names.reporter(body), body.extended_pan_id, hearing(body));
        decoded.problems.extend(answer.decoded.problems);
        statement.say(answer.decoded.facts, &answer.decoded.incomplete, decoded);
        let Some(parts) = whole else { return };
        let Some(whole) = parts.whole() else { return };
        let is_list = |fact: &Fact| matches!(fact.kind(), FactKind::Children | FactKind::ChildAddresses | FactKind::RouterNeighbors);
        let lists = whole
            .decoded
            .facts
            .into_iter()
            .filter(|fact| is_list(fact) && !whole.decoded.incomplete.contains(&fact.kind()));
        statement.say(lists, &[], decoded);
    }

    /// Puts a part to the others; gives the names that all parts so far know, and the parts once all are there.
    fn add(&mut self, capture: &Capture, body: &TmfCapture, query_id: Option<u16>, payload: &[u8], names: Names) -> (Names, Option<AnswerAssembly>) {
        let key = (body.extended_pan_id, body.peer, query_id);
        let is_too_old = |waiting: &Waiting| capture.at.seconds_since(waiting.since.0) > MAX_ANSWER_SECONDS;
        if self.waiting.get(&key).is_some_and(is_too_old) {
            self.waiting.remove(&key);
        }
        if self.waiting.len() >= MAX_ANSWERS && !self.waiting.contains_key(&key) {
            let oldest = self.waiting.iter().min_by_key(|(_, waiting)| waiting.since).map(|(key, _)| *key);
            oldest.and_then(|key| self.waiting.remove(&key));
        }
        let anew = || Waiting {
            since: (capture.at, capture.seq),
            parts: AnswerAssembly::new(),
            names: Names::default(),
        };
        let waiting = self.waiting.entry(key).or_insert_with(anew);
        match waiting.parts.add(payload) {
            Added::New | Added::Duplicate | Added::Alone => (),
            Added::TooMuch => return (names, None),
            // The device began a new answer under the same number.
            Added::Foreign => {
                *waiting = anew();
                waiting.parts.add(payload);
            }
        }
        waiting.names = names.or(waiting.names);
        let names = waiting.names;
        if !waiting.parts.is_complete() {
            return (names, None);
        }
        (names, self.waiting.remove(&key).map(|waiting| waiting.parts))
    }
}

fn hearing(body: &TmfCapture) -> Hearing {
    if body.overheard { Hearing::Air } else { Hearing::Asked }
}

/// Where a device is that somebody looked for by its address. It answers itself, or its parent does for it.
fn notification(capture: &Capture, body: &TmfCapture, payload: &[u8], decoded: &mut DecodedCapture) {
    let said = match decode_address_notification(payload) {
        Ok(said) => said,
        Err(problem) => return decoded.problem(problem.within("payload", 0)),
    };
    if AddressKind::of(said.target) != AddressKind::Unicast {
        return decoded.problem(Problem::of("target", format!("{} is no address of one device", said.target)));
    }
    let mut mesh_local = body.peer.octets();
    mesh_local[8..].copy_from_slice(&said.mesh_local_interface_id);
    let is_mesh_local = matches!(AddressKind::of(body.peer), AddressKind::Rloc(_));
    let mesh_local = Some(Ipv6Addr::from(mesh_local)).filter(|_| is_mesh_local);
    let addresses = Fact::Ipv6Addresses(sorted([said.target].into_iter().chain(mesh_local)));
    let place = match said.last_transaction_seconds {
        Some(_) => Fact::AnsweredForBy(said.rloc16),
        None => Fact::Rloc16(Some(said.rloc16)),
    };
    let age_seconds = i64::from(said.last_transaction_seconds.unwrap_or(0));
    Statement::now(
        capture,
        by_address(said.target, body.extended_pan_id),
        body.extended_pan_id,
        hearing(body),
    )
    .stated_at(Some(capture.at.minus_seconds(age_seconds)))
    .say([addresses, place], &[FactKind::Ipv6Addresses], decoded);
}

/// The dataset that a leader or border agent answered with; its secrets were blanked before it was kept.
fn dataset(capture: &Capture, body: &TmfCapture, payload: &[u8], decoded: &mut DecodedCapture) {
    let (dataset, problems) = decode_dataset(payload);
    let network = body.extended_pan_id.or(dataset.extended_pan_id);
    let incomplete = if problems.is_empty() { &[][..] } else { &[FactKind::Dataset] };
    let statement = Statement::now(capture, by_address(body.peer, network), network, hearing(body));
    statement.say([Fact::Dataset(Box::new(dataset))], incomplete, decoded);
    decoded.problems.extend(problems);
}
