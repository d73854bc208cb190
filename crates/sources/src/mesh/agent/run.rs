//! One attempt, from the first message to the goodbye.

use super::AgentWay;
use super::race::{NobodyAnswers, first_that_answers};
use super::sweeping::{dataset_capture, reporter, sweep};
use super::talk::{Step, Talk};
use crate::clock;
use crate::mesh::sweeping::{Found, Mesh};
use crate::mesh::way::{Attempt, Attempted, WayFailure};
use std::net::SocketAddr;
use std::time::Duration;
use weft_model::{AbilityKind, Brought, Rloc16};
use weft_thread::commissioner::{DatasetKind, Event, Settings};
use weft_thread::credential::OperationalDataset;
use weft_thread::dtls::Closed;
use weft_wire::meshcop::decode_command;

/// By this name [`Closed::Alert`] tells of it.
const HANDSHAKE_FAILURE: &str = "handshake failure";
/// A border router may take its time for the handshake: two multiplications on a small processor.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
const DATASET_WITHIN: Duration = Duration::from_secs(8);
/// The border agent asks the leader, which may be several hops away.
const ROLE_WITHIN: Duration = Duration::from_secs(12);
/// Where the border agent's own node sits is worth a moment, and no more.
const LOCATOR_WITHIN: Duration = Duration::from_millis(1_500);
/// A border agent drops a commissioner that it has not heard of for 50 s.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(30);

pub(super) async fn run(way: &AgentWay, attempt: Attempt) -> Attempted {
    let mut found = Found::default();
    let result = Box::pin(attempted(way, &attempt, &mut found)).await;
    Attempted {
        result,
        abilities: found.abilities,
        network: found
            .dataset
            .as_ref()
            .and_then(|dataset| dataset.public().extended_pan_id)
            .or(way.network),
        dataset: found.dataset,
        product: None,
        routers: found.routers,
    }
}

async fn attempted(way: &AgentWay, attempt: &Attempt, found: &mut Found) -> Result<Brought, WayFailure> {
    let started = clock::running_for();
    let by_passcode = attempt.passcode.as_ref();
    let (addresses, password) = match (by_passcode, &attempt.pskc) {
        (Some(passcode), _) => (&way.passcode_addresses, passcode.expose()),
        (None, Some(pskc)) => (&way.addresses, &pskc.expose()[..]),
        (None, None) => return Err(WayFailure::NeedsCredential(format!("{} asks for the network's credential.", way.name))),
    };
    if addresses.is_empty() {
        return Err(WayFailure::Unreachable(match by_passcode {
            Some(_) => format!(
                "{} no longer waits for a passcode: have its app show a new one, and enter it within two minutes.",
                way.name
            ),
            None => format!("{} announces no address that can be reached from here.", way.name),
        }));
    }
    let settings = Settings {
        commissioner_id: way.commissioner_id.clone(),
        keep_alive_every: KEEP_ALIVE_EVERY,
    };
    let open = first_that_answers(addresses, password, &settings)
        .await
        .map_err(|nobody| nobody_there(&way.name, &nobody))?;
    let mut talk = Talk::new(open, way.goodbyes.clone());
    let address = talk.address();
    let result = match by_passcode {
        Some(_) => by_passcode_only(way, &mut talk, found).await,
        None => by_pskc(way, attempt, &mut talk, address, found).await,
    };
    match &result {
        Ok(_) => talk.end().await,
        // Whoever is asked instead does not wait for a goodbye that may find nobody: it goes on by itself.
        Err(_) => drop(talk),
    }
    result.map(|brought| Brought {
        milliseconds: milliseconds(clock::running_for().saturating_sub(started)),
        ..brought
    })
}

/// A passcode opens the door once, for the dataset only.
async fn by_passcode_only(way: &AgentWay, talk: &mut Talk, found: &mut Found) -> Result<Brought, WayFailure> {
    connected(way, talk, AbilityKind::Passcode, found).await?;
    let dataset = dataset(way, talk, found).await?;
    found.dataset = Some(dataset);
    Ok(Brought::default())
}

async fn by_pskc(way: &AgentWay, attempt: &Attempt, talk: &mut Talk, address: Option<SocketAddr>, found: &mut Found) -> Result<Brought, WayFailure> {
    connected(way, talk, AbilityKind::Pskc, found).await?;
    let prefix = match attempt.mesh_local_prefix {
        Some(prefix) if attempt.wants_dataset => match dataset(way, talk, found).await {
            Ok(dataset) => {
                let current = dataset.public().mesh_local_prefix;
                found.dataset = Some(dataset);
                current.unwrap_or(prefix)
            }
            // The mesh can be asked without it.
            Err(WayFailure::Unsupported(_)) => prefix,
            Err(failure) => return Err(failure),
        },
        Some(prefix) => prefix,
        None => {
            let dataset = dataset(way, talk, found).await?;
            let prefix = dataset.public().mesh_local_prefix;
            found.dataset = Some(dataset);
            prefix.ok_or_else(|| {
                WayFailure::Unsupported(format!(
                    "{} hands out a dataset without mesh-local prefix: enter the network's whole active dataset.",
                    way.name
                ))
            })?
        }
    };
    let network = found
        .dataset
        .as_ref()
        .and_then(|dataset| dataset.public().extended_pan_id)
        .or(way.network);
    petition(way, talk, found).await?;
    let (relay, can_be_asked) = match locator(talk, LOCATOR_WITHIN).await? {
        Some(relay) => (relay, true),
        None => (None, false),
    };
    if let (Some(dataset), Some(peer)) = (&found.dataset, reporter(relay, prefix, address)) {
        let _ = attempt.sender.deliver(dataset_capture(dataset, network, peer)).await;
    }
    let to = Mesh { network, prefix, relay };
    sweep(way, attempt, talk, found, to, can_be_asked).await
}

async fn connected(way: &AgentWay, talk: &mut Talk, by: AbilityKind, found: &mut Found) -> Result<(), WayFailure> {
    let until = clock::running_for() + CONNECT_WITHIN;
    loop {
        match step(way, talk, until).await? {
            Some(Event::Connected) => {
                found.can(by, true, None);
                return Ok(());
            }
            Some(Event::Closed(Closed::WrongPassword)) => {
                let text = match by {
                    AbilityKind::Passcode => {
                        format!(
                            "{} refused the passcode: it is mistyped, or no longer valid. After some wrong ones a new one is needed.",
                            way.name
                        )
                    }
                    _ => format!("{} refused the network's credential.", way.name),
                };
                return Err(WayFailure::WrongCredential(text));
            }
            Some(Event::Closed(closed)) => return Err(during_connect(way, &closed, by, found)),
            Some(_) => {}
            None => {
                return Err(WayFailure::Unreachable(format!(
                    "{} began to answer and then fell silent, {} s long. Weft tries again soon.",
                    way.name,
                    CONNECT_WITHIN.as_secs()
                )));
            }
        }
    }
}

pub(super) fn during_connect(way: &AgentWay, closed: &Closed, by: AbilityKind, found: &mut Found) -> WayFailure {
    match closed {
        Closed::NoAnswer => WayFailure::Unreachable(format!("{} began to answer and then fell silent. Weft tries again soon.", way.name)),
        // What OpenThread says when it has no memory left, of everybody.
        Closed::Alert(alert) if alert == HANDSHAKE_FAILURE => WayFailure::Failed(format!(
            "{} broke the handshake off ({alert}): it may have too much to do at the moment. Weft tries again by itself; switching it off and on helps if this stays.",
            way.name
        )),
        Closed::Alert(alert) => {
            found.can(by, false, Some(alert.clone()));
            WayFailure::Unsupported(format!("{} does not let commissioners in this way ({alert}).", way.name))
        }
        Closed::ProofUnanswered => WayFailure::LikelyWrongCredential(match by {
            AbilityKind::Passcode => format!(
                "{} fell silent when it was to check the passcode: most likely that is mistyped, or no longer valid. Have a new one shown, and enter it.",
                way.name
            ),
            _ => format!(
                "{} fell silent when it was to check the network's credential: most likely the network has another one by now. Enter the present one; Weft tries \
                 this one again now and then.",
                way.name
            ),
        }),
        other => WayFailure::Failed(format!("{} did not let Weft in: {other}.", way.name)),
    }
}

async fn dataset(way: &AgentWay, talk: &mut Talk, found: &mut Found) -> Result<OperationalDataset, WayFailure> {
    let now = clock::running_for();
    if let Some(session) = talk.session() {
        session.get_dataset(DatasetKind::Active, now);
    }
    let refused = |found: &mut Found, reason: String| {
        let text = format!(
            "{} lets Weft in and does not hand out the network's dataset ({reason}): enter the whole active dataset instead.",
            way.name
        );
        found.can(AbilityKind::Dataset, false, Some(reason));
        WayFailure::Unsupported(text)
    };
    loop {
        match step(way, talk, now + DATASET_WITHIN).await? {
            Some(Event::Dataset {
                kind: DatasetKind::Active,
                dataset: Some(dataset),
            }) => {
                found.can(AbilityKind::Dataset, true, None);
                return Ok(dataset);
            }
            Some(Event::Dataset {
                kind: DatasetKind::Active,
                dataset: None,
            }) => return Err(refused(found, "it answers with none".to_owned())),
            Some(Event::Unanswered { reason, .. }) => return Err(refused(found, reason)),
            Some(Event::Closed(closed)) => return Err(lost(way, "when it was asked for the dataset", &closed)),
            Some(_) => {}
            None => return Err(refused(found, "no answer".to_owned())),
        }
    }
}

async fn petition(way: &AgentWay, talk: &mut Talk, found: &mut Found) -> Result<(), WayFailure> {
    let now = clock::running_for();
    if let Some(session) = talk.session() {
        session.petition(now);
    }
    loop {
        match step(way, talk, now + ROLE_WITHIN).await? {
            Some(Event::Commissioner { .. }) => {
                found.can(AbilityKind::Petition, true, None);
                return Ok(());
            }
            Some(Event::Refused { holder }) => return Err(busy(way, holder.as_deref())),
            Some(Event::LostRole { reason } | Event::Unanswered { uri: "c/cp", reason }) => {
                found.can(AbilityKind::Petition, false, Some(reason.clone()));
                return Err(WayFailure::MeshSilent(format!(
                    "{} does not make Weft the network's commissioner: {reason}. Weft tries again later.",
                    way.name
                )));
            }
            Some(Event::Closed(closed)) => return Err(lost(way, "when Weft asked to be commissioner", &closed)),
            Some(_) => {}
            None => {
                found.can(AbilityKind::Petition, false, Some("no answer".to_owned()));
                return Err(WayFailure::MeshSilent(format!(
                    "{} lets Weft in and does not answer when asked for the commissioner's role. Weft tries again later; a restart of the border router may help.",
                    way.name
                )));
            }
        }
    }
}

fn busy(way: &AgentWay, holder: Option<&str>) -> WayFailure {
    let holder: String = holder
        .unwrap_or_default()
        .chars()
        .filter(|character| !character.is_control())
        .take(64)
        .collect();
    let who = if holder.is_empty() {
        "Another program".to_owned()
    } else {
        format!("“{holder}”")
    };
    WayFailure::Busy(format!(
        "{who} is the network's commissioner at the moment, as {} tells; Weft does not push anybody out and tries again later. An app that is adding a device holds this role.",
        way.name
    ))
}

/// Where the border agent's own node sits: it does not answer the multicast that it passes on. `None`: it does not answer this question.
pub(super) async fn locator(talk: &mut Talk, within: Duration) -> Result<Option<Option<Rloc16>>, WayFailure> {
    let now = clock::running_for();
    if let Some(session) = talk.session() {
        session.get_dataset(DatasetKind::Commissioner, now);
    }
    loop {
        match talk.next(now + within).await {
            Ok(Step::Event(Event::CommissionerDataset { tlvs })) => return Ok(Some(decode_command(&tlvs).0.border_agent_locator)),
            Ok(Step::Event(Event::Unanswered { uri: "c/cg", .. }) | Step::TimeOver) | Err(_) => return Ok(None),
            Ok(Step::Event(Event::Closed(closed))) => return Err(WayFailure::Failed(format!("the session ended: {closed}."))),
            Ok(Step::Event(_)) => {}
        }
    }
}

/// The next event; `None`: the time is over.
async fn step(way: &AgentWay, talk: &mut Talk, until: Duration) -> Result<Option<Event>, WayFailure> {
    match talk.next(until).await {
        Ok(Step::Event(event)) => Ok(Some(event)),
        Ok(Step::TimeOver) => Ok(None),
        Err(error) => Err(WayFailure::Unreachable(format!("{} can no longer be reached: {error}.", way.name))),
    }
}

fn lost(way: &AgentWay, when: &str, closed: &Closed) -> WayFailure {
    WayFailure::Failed(format!("{} let Weft in and was lost {when}: {closed}. Weft tries again soon.", way.name))
}

fn nobody_there(name: &str, nobody: &NobodyAnswers) -> WayFailure {
    let tried: Vec<String> = nobody.tried.iter().map(|(address, reason)| format!("{address}: {reason}")).collect();
    WayFailure::Unreachable(format!(
        "{name} does not answer ({}). Is it switched on, and in the same LAN as Weft?",
        tried.join("; ")
    ))
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
