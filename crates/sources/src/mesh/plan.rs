//! Whom to ask next, and what the answer means for the next time. No IO; times of [`crate::clock::running_for`] are handed in.
//!
//! Each network is asked every 10 minutes: tables that were asked for are fresh for three intervals, half an hour at least, so one question may come to nothing
//! without anything growing old, and a home's sweep then takes some 0.1 % of its channel. A router that was silent is asked once more half a minute later: a
//! router that went is known within a minute, and one that was only busy is not held against it.

use super::credentials::compare;
use super::state::{Group, Network, Path, State};
use super::way::{Attempted, WayFailure};
use crate::clock;
use std::time::Duration;
use weft_model::{Ability, AbilityKind, Brought, CredentialCheck, CredentialOrigin, DataPathKind, DataPathState, Refusal, Timestamp};
use weft_thread::credential::{OperationalDataset, Passcode, Pskc};

/// Between two questions to a network.
pub(super) const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// From news about a way to its attempt: announcements trickle in.
pub(super) const NEWS_DELAY: Duration = Duration::from_secs(2);
/// From a sweep in which a router was silent to the one that confirms it.
const CONFIRM_AFTER: Duration = Duration::from_secs(30);
/// After the first failure; doubled with each.
const FIRST_BACK_OFF: Duration = Duration::from_secs(30);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30 * 60);
/// What a border router cannot do it learns by an update at the earliest.
const LONGEST_UNSUPPORTED_BACK_OFF: Duration = Duration::from_secs(6 * 60 * 60);
/// It may also have been starting, or away from its mesh.
const UNSUPPORTED_BACK_OFF: Duration = Duration::from_secs(5 * 60);
/// A mesh that lost its leader forms anew within some two minutes.
const LONGEST_SILENCE_BACK_OFF: Duration = Duration::from_secs(2 * 60);
/// One that stays silent for longer than this is asked less often.
const LONG_SILENCE: Duration = Duration::from_secs(60 * 60);
const LONGEST_LONG_SILENCE_BACK_OFF: Duration = Duration::from_secs(10 * 60);
/// An app that adds a device takes a minute or two.
const BUSY_BACK_OFF: Duration = Duration::from_secs(2 * 60);
/// Between two wishes of persons for one network.
pub(super) const PERSON_APART: Duration = Duration::from_secs(10);
/// Fewer frames than this are not worth a session.
const LEAST_FRAMES: u32 = 200;
/// Networks that are asked at once.
const MAX_UNDER_WAY: usize = 4;
/// What multicast did not do is tried again after a day: a border router may have been updated.
const MULTICAST_AGAIN_SECONDS: i64 = 24 * 60 * 60;

/// An attempt to begin.
pub(super) struct Start {
    pub(super) group: Group,
    pub(super) path: String,
    pub(super) passcode: Option<Passcode>,
    pub(super) pskc: Option<Pskc>,
    pub(super) mesh_local_prefix: Option<weft_model::MeshLocalPrefix>,
    pub(super) max_frames: u32,
    pub(super) without_multicast: bool,
    pub(super) wants_dataset: bool,
}

impl State {
    /// What to begin now, and when to look again.
    pub(super) fn next(&mut self, now: Duration) -> (Vec<Start>, Option<Duration>) {
        let mut starts = Vec::new();
        let mut wake: Option<Duration> = None;
        if self.kept.paused {
            return (starts, wake);
        }
        let mut room = MAX_UNDER_WAY.saturating_sub(self.groups.values().filter(|network| network.under_way.is_some()).count());
        let mut turns = Vec::new();
        for (group, network) in &self.groups {
            match self.next_of(group, now) {
                Turn::Now(path) => {
                    let has_passcode = self.paths.get(&path).is_some_and(|path| path.passcode.is_some());
                    turns.push((!has_passcode, network.due, group.clone(), path));
                }
                Turn::Never => {}
                Turn::At(at) => wake = Some(wake.map_or(at, |wake| wake.min(at))),
            }
        }
        // A passcode is good for minutes only; then whoever has waited longest. Whoever ends makes room, and everybody is looked at again.
        turns.sort();
        for (_, _, group, path) in turns {
            if room > 0 {
                room -= 1;
                starts.extend(self.begin(group, path, now));
            }
        }
        (starts, wake)
    }

    /// Whose turn it is in a group.
    pub(super) fn next_of(&self, group: &Group, now: Duration) -> Turn {
        let Some(network) = self.groups.get(group) else { return Turn::Never };
        if network.under_way.is_some() {
            return Turn::Never;
        }
        if let Some((id, _)) = self.paths_of(group).find(|(_, path)| path.passcode.is_some()) {
            return Turn::Now(id.clone());
        }
        let mut usable: Vec<(&String, &Path)> = self.paths_of(group).filter(|(_, path)| self.is_usable(path)).collect();
        if usable.is_empty() {
            return Turn::Never;
        }
        let airtime_at = now + network.airtime.wait_for(network.last_frames.max(LEAST_FRAMES), now);
        let asked = usable.iter().find(|(_, path)| path.is_asked);
        let asked = asked.map(|(id, _)| Turn::at(network.wish_at.unwrap_or(now).max(airtime_at), now, id));
        if let Some(Turn::Now(_)) = asked {
            return asked.unwrap_or(Turn::Never);
        }
        // Who is wished for need not rest until its own time.
        let wish_at = network.wish_at.filter(|_| network.is_wish_for_any);
        let free = |path: &Path| wish_at.map_or(path.not_before, |at| path.not_before.min(at));
        usable.sort_by_key(|(id, path)| (free(path) > now, rank(path), path.failures, (*id).clone()));
        let due = wish_at.map_or(network.due, |at| network.due.min(at)).max(airtime_at);
        // Those that may be tried come first; of others, the next to come counts.
        let next = usable.first().filter(|(_, path)| free(path) <= now);
        let next = next.or_else(|| usable.iter().min_by_key(|(_, path)| free(path)));
        let turn = next.map_or(Turn::Never, |(id, path)| Turn::at(due.max(free(path)), now, id));
        match (asked, turn) {
            (Some(Turn::At(asked)), Turn::At(at)) => Turn::At(asked.min(at)),
            (_, turn) => turn,
        }
    }

    fn begin(&mut self, group: Group, id: String, now: Duration) -> Option<Start> {
        let path = self.paths.get(&id)?;
        let credential = self.credential(path);
        let check = path.network.and_then(|network| self.check(network));
        let dataset = credential.and_then(|credential| credential.dataset.as_ref());
        let pskc = credential.and_then(super::credentials::Credential::pskc);
        let tried_with = credential.map(|credential| (credential.generation, path.active_timestamp));
        // Where the network has a newer dataset, its prefix may have changed with it: it is fetched anew.
        let mesh_local_prefix = dataset
            .filter(|_| check != Some(CredentialCheck::Older))
            .and_then(|dataset| dataset.public().mesh_local_prefix);
        // Anybody may make up a newer time, also by mistake: whoever lets Weft in tells what the network uses.
        let generation = credential.map(|credential| credential.generation);
        let wants_dataset = check == Some(CredentialCheck::Newer) && self.groups.get(&group).is_some_and(|network| network.compared != generation);
        let multicast = path.abilities.get(&AbilityKind::Multicast);
        let without_multicast =
            multicast.is_some_and(|ability| !ability.works && (0..MULTICAST_AGAIN_SECONDS).contains(&clock::now().seconds_since(ability.seen_at)));
        let network = self.groups.get_mut(&group)?;
        network.under_way = Some(id.clone());
        network.is_revoked = false;
        network.began_at = Some(now);
        let max_frames = network.airtime.left(now);
        let path = self.paths.get_mut(&id)?;
        path.is_asked = false;
        path.last_attempt_at = Some(clock::now());
        let passcode = path.passcode.take();
        path.is_entered = passcode.is_some();
        path.before_passcode = passcode.is_some().then(|| (path.state, path.since, path.detail.clone()));
        if passcode.is_none() {
            path.tried_with = tried_with;
        }
        let kind = path.kind;
        let doing = if passcode.is_some() {
            "Weft enters with the passcode."
        } else {
            "Weft asks it right now."
        };
        path.stand(DataPathState::Trying, doing.to_owned());
        if passcode.is_none() {
            self.grant(&group, now);
        }
        Some(Start {
            group,
            path: id,
            pskc: pskc.filter(|_| kind == DataPathKind::BorderAgent),
            passcode,
            mesh_local_prefix,
            max_frames,
            without_multicast,
            wants_dataset,
        })
    }

    /// An attempt ended; `None`: by a defect, or because nobody may be asked any more.
    pub(super) fn ended(&mut self, group: &Group, id: &str, by_passcode: bool, attempted: Option<Attempted>, now: Duration) {
        let Some(network) = self.groups.get_mut(group) else { return };
        network.under_way = None;
        let is_revoked = std::mem::take(&mut network.is_revoked);
        let Some(path) = self.paths.get_mut(id) else { return };
        path.is_entered = false;
        network.airtime.take(path.way.take_spent(), now);
        let Some(attempted) = attempted else {
            if is_revoked {
                path.stand(DataPathState::NeedsCredential, String::new());
                self.restate();
                return;
            }
            let detail = if self.kept.paused {
                "The last attempt was broken off when questions were paused."
            } else {
                "The last attempt ended by a defect in Weft, which its log tells of. Weft tries again."
            };
            if by_passcode {
                self.not_entered(id, DataPathState::Failed, detail.to_owned());
                return;
            }
            path.stand(DataPathState::Failed, detail.to_owned());
            path.failures = path.failures.saturating_add(1);
            path.not_before = now + back_off(path.failures, FIRST_BACK_OFF, LONGEST_BACK_OFF);
            self.take_over(group, now);
            return;
        };
        let at = clock::now();
        // A role that was given before was given by the leader; one under which the mesh never answered tells nothing.
        let lacks_role = attempted
            .abilities
            .iter()
            .any(|(kind, works, _)| *kind == AbilityKind::Petition && !works);
        let is_passing = matches!(attempted.result, Err(WayFailure::MeshSilent(_))) && path.has_worked(lacks_role);
        let asked_for_dataset = !by_passcode && attempted.abilities.iter().any(|(kind, _, _)| *kind == AbilityKind::Dataset);
        for (kind, works, detail) in attempted.abilities {
            // A multicast is a single datagram that nobody repeats: what is lost once was bad luck. Without it, full end devices are not heard.
            if kind == AbilityKind::Multicast && !std::mem::replace(&mut path.is_multicast_lost, !works) && !works {
                continue;
            }
            // That the mesh is silent at the moment says nothing of what the border router can do.
            if is_passing && !works {
                continue;
            }
            path.abilities.insert(
                kind,
                Ability {
                    kind,
                    works,
                    seen_at: at,
                    detail,
                },
            );
        }
        if asked_for_dataset {
            // Handed out or not: it need not be asked for again and again.
            network.compared = path.tried_with.map(|(generation, _)| generation);
        }
        if attempted.product.is_some() {
            path.product = attempted.product;
        }
        // A border router speaks for the network that it announces, and for no other; whom a person named may turn out to be anybody.
        let speaks_for = path.network.filter(|_| !path.is_by_hand);
        let is_its_own = |dataset: &&weft_thread::credential::OperationalDataset| {
            speaks_for.is_none_or(|network| dataset.public().extended_pan_id == Some(network))
        };
        if path.kind == DataPathKind::OtbrRest && attempted.network.is_some() {
            path.network = attempted.network;
        }
        let origin = match path.kind {
            DataPathKind::BorderAgent => CredentialOrigin::BorderAgent,
            // A node of ours hands none out.
            DataPathKind::OtbrRest | DataPathKind::Dongle => CredentialOrigin::OtbrRest,
        };
        let name = path.name.clone();
        let kept = match attempted.dataset.as_ref() {
            // What was forgotten meanwhile does not come back by what was begun with it.
            Some(_) if is_revoked => Ok(false),
            Some(dataset) if is_its_own(&dataset) => self.settle_or_learn(dataset, origin, &name, now),
            Some(_) => Err(Refusal::Wrong(
                "it is of another network than this border router announces, and is not kept".to_owned(),
            )),
            None => Ok(false),
        };
        match attempted.result {
            Ok(_) if by_passcode => self.entered(group, id, kept.map_err(|error| error.to_string()), now),
            Ok(brought) => self.brought(group, id, brought, attempted.routers, at, now),
            Err(failure) => self.failed(id, failure, is_passing, by_passcode, now),
        }
        self.regroup(now);
        self.restate();
        if let Err(error) = self.keep() {
            tracing::error!(%error, "what was seen of ways to networks cannot be kept");
        }
    }

    /// What a border router hands out in a session. It proved to know a key: where the kept dataset claims to be newer than anything that is announced, and this one
    /// is what is announced, this is the one that the network uses.
    fn settle_or_learn(&mut self, dataset: &OperationalDataset, origin: CredentialOrigin, name: &str, now: Duration) -> Result<bool, Refusal> {
        let network = dataset.public().extended_pan_id.filter(|_| origin == CredentialOrigin::BorderAgent);
        let Some(network) = network.filter(|network| self.check(*network) == Some(CredentialCheck::Newer)) else {
            return self.learn(dataset, origin, Some(name), now);
        };
        if compare(dataset.public().active_timestamp, &self.announced(network)) != CredentialCheck::Matches {
            return self.learn(dataset, origin, Some(name), now);
        }
        self.credentials.settle(dataset, origin, Some(name), clock::now())?;
        self.credential_changed(network, now);
        Ok(true)
    }

    /// A passcode opened the door, and the dataset came.
    fn entered(&mut self, group: &Group, id: &str, kept: Result<bool, String>, now: Duration) {
        if let Some(path) = self.paths.get_mut(id) {
            let detail = match kept {
                Ok(_) => "The passcode was right, and the network's dataset is here: Weft asks the mesh now.".to_owned(),
                Err(error) => format!("The passcode was right, and the network's dataset came; {error}"),
            };
            path.stand(DataPathState::Untried, detail);
            path.failures = 0;
            path.not_before = now;
        }
        if let Some(network) = self.groups.get_mut(group) {
            network.due = now;
        }
    }

    fn brought(&mut self, group: &Group, id: &str, brought: Brought, routers: Vec<weft_model::Rloc16>, at: Timestamp, now: Duration) {
        let (name, kind) = match self.paths.get_mut(id) {
            Some(path) => {
                path.failures = 0;
                path.not_before = now;
                path.refused = None;
                path.refused_generation = None;
                path.silent_since = None;
                path.last_success_at = Some(at);
                path.brought = Some(brought.clone());
                path.stand(DataPathState::Working, String::new());
                (path.name.clone(), path.kind)
            }
            None => return,
        };
        let group_now = self.paths.get(id).map_or_else(|| group.clone(), |path| Self::group_of(id, path));
        let frames_per_hour = self.frames_per_hour;
        let network = self.groups.entry(group_now.clone()).or_insert_with(|| Network::new(frames_per_hour, now));
        network.airtime.take(brought.airtime, now);
        network.last_frames = brought.airtime.frames.max(1);
        network.routers = routers;
        let confirms = std::mem::take(&mut network.confirms);
        network.due = if brought.silent_routers > network.known_silent && !confirms {
            network.confirms = true;
            now + CONFIRM_AFTER
        } else {
            network.known_silent = brought.silent_routers;
            now + INTERVAL
        };
        let others: Vec<String> = self
            .paths_of(&group_now)
            .map(|(other, _)| other.clone())
            .filter(|other| other != id)
            .collect();
        for other in others {
            let is_usable = self.paths.get(&other).is_some_and(|path| self.is_usable(path));
            let Some(path) = self.paths.get_mut(&other) else { continue };
            let stands_by = matches!(path.state, DataPathState::Untried | DataPathState::Working | DataPathState::StandsBy);
            // Beside the node of ours, whoever works is asked on.
            let goes_on = kind == DataPathKind::Dongle && path.state == DataPathState::Working;
            if stands_by && is_usable && !goes_on {
                path.stand(
                    DataPathState::StandsBy,
                    format!("{name} tells of this mesh; should it fail, this one is asked."),
                );
            }
        }
    }

    /// Who was asked out of turn, and failed, leaves a network behind that nobody tells of until its turn comes: whoever stands by is asked now.
    fn take_over(&mut self, group: &Group, now: Duration) {
        let is_told_of = self.paths_of(group).any(|(_, path)| path.state == DataPathState::Working);
        if let Some(network) = self.groups.get_mut(group).filter(|_| !is_told_of) {
            network.due = network.due.min(now);
        }
    }

    /// A passcode failed: that says nothing about the network's own credential, and what that earned stays.
    fn not_entered(&mut self, id: &str, state: DataPathState, detail: String) {
        let Some(path) = self.paths.get(id) else { return };
        let has_credential = path.tried_with.is_some() && self.credential(path).is_some();
        let Some(path) = self.paths.get_mut(id) else { return };
        match path.before_passcode.take().filter(|(before, _, _)| has_credential && is_earned(*before)) {
            Some((before, since, former)) => {
                let former = former.split(PASSCODE_FAILED).next().unwrap_or_default().trim_end();
                let gap = if former.is_empty() { "" } else { " " };
                path.stand(before, format!("{former}{gap}{PASSCODE_FAILED}{detail}"));
                path.since = since;
            }
            None => path.stand(state, detail),
        }
    }

    fn failed(&mut self, id: &str, failure: WayFailure, is_passing: bool, by_passcode: bool, now: Duration) {
        let Some(path) = self.paths.get(id) else { return };
        let check = path.network.and_then(|network| self.check(network));
        let Some(path) = self.paths.get_mut(id) else { return };
        let is_certain = matches!(failure, WayFailure::WrongCredential(_));
        let mut longest_unsupported = LONGEST_UNSUPPORTED_BACK_OFF;
        let mut longest = LONGEST_BACK_OFF;
        let (state, mut detail) = match failure {
            WayFailure::MeshSilent(_) if is_passing => {
                let since = *path.silent_since.get_or_insert(now);
                let is_long = now.saturating_sub(since) >= LONG_SILENCE;
                longest = if is_long {
                    LONGEST_LONG_SILENCE_BACK_OFF
                } else {
                    LONGEST_SILENCE_BACK_OFF
                };
                let when = if is_long { "every ten minutes" } else { "in a minute" };
                let text = format!(
                    "{} lets Weft in, and nobody in its mesh answers at the moment: the mesh may be without a leader. Weft tries again {when}.",
                    path.name
                );
                (DataPathState::Failed, text)
            }
            WayFailure::MeshSilent(text) => {
                longest_unsupported = LONGEST_LONG_SILENCE_BACK_OFF;
                (DataPathState::Unsupported, text)
            }
            WayFailure::NeedsCredential(text) => (DataPathState::NeedsCredential, text),
            WayFailure::WrongCredential(text) | WayFailure::LikelyWrongCredential(text) => (DataPathState::WrongCredential, text),
            WayFailure::Busy(text) => (DataPathState::Busy, text),
            WayFailure::Unsupported(text) => (DataPathState::Unsupported, text),
            WayFailure::Unreachable(text) => (DataPathState::Unreachable, text),
            WayFailure::Failed(text) => (DataPathState::Failed, text),
        };
        if by_passcode {
            self.not_entered(id, state, detail);
            return;
        }
        path.failures = path.failures.saturating_add(1);
        path.not_before = now
            + match state {
                DataPathState::Busy => back_off(path.failures, BUSY_BACK_OFF, LONGEST_BACK_OFF),
                DataPathState::Unsupported => back_off(path.failures, UNSUPPORTED_BACK_OFF, longest_unsupported),
                _ => back_off(path.failures, FIRST_BACK_OFF, longest),
            };
        path.refused = None;
        if state == DataPathState::WrongCredential {
            path.refused_generation = path.tried_with.map(|(generation, _)| generation);
        }
        if is_certain && path.kind == DataPathKind::BorderAgent {
            path.refused = path.tried_with;
            detail.push_str(match check {
                Some(CredentialCheck::Older) => {
                    " That is likely because the network has a newer dataset than the one that Weft has: enter the present one."
                }
                _ => " It is tried again when another one is entered, or the network's dataset changes.",
            });
        }
        path.stand(state, detail);
        let network = path.network;
        let group = Self::group_of(id, path);
        self.take_over(&group, now);
        if state == DataPathState::WrongCredential
            && let Some(network) = network.filter(|network| self.is_refused_everywhere(*network))
        {
            match self.credentials.take_offer(network) {
                Ok(true) => self.credential_changed(network, now),
                Ok(false) => {}
                Err(error) => tracing::error!(%network, %error, "a network's newer dataset cannot be kept"),
            }
        }
    }
}

/// What a passcode did not do stands after what the network's own credential did.
const PASSCODE_FAILED: &str = "The passcode did not open it: ";

/// A state that the network's own credential earned: a passcode that fails does not take it away.
fn is_earned(state: DataPathState) -> bool {
    !matches!(state, DataPathState::NeedsCredential | DataPathState::Untried | DataPathState::Trying)
}

/// Whose turn it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now(String),
    At(Duration),
    Never,
}

impl Turn {
    fn at(at: Duration, now: Duration, id: &str) -> Self {
        if at <= now { Self::Now(id.to_owned()) } else { Self::At(at) }
    }
}

/// The best way has the lowest: the one that works, unless it is the node of ours, which only steps in; then those that were never seen to fail at what is needed; border agents, whose answers are of this moment,
/// before a node of ours, whose questions take a hop more on the air, and both before APIs, which may answer from memory.
pub(super) fn rank(path: &Path) -> (bool, bool, DataPathKind) {
    let lacks = [AbilityKind::Petition, AbilityKind::Proxy, AbilityKind::Diagnostics]
        .iter()
        .any(|kind| path.cannot(*kind));
    let works = path.state == DataPathState::Working && path.kind != DataPathKind::Dongle;
    (!works, lacks, path.kind)
}

fn back_off(failures: u32, first: Duration, longest: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(longest)
}
