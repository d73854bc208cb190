//! What the hub knows: networks, ways, what came of them.

use super::credentials::{Announced, Credential, Credentials};
use super::kept::{Kept, KeptPath};
use super::way::Way;
use crate::clock;
use crate::schedule::AirtimeBudget;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use weft_model::{
    Ability, AbilityKind, BorderAgentId, BorderAgentState, Brought, CredentialCheck, DataPathKind, DataPathState, ExtendedAddress, ExtendedPanId,
    PartitionId, Rloc16, Timestamp,
};
use weft_thread::credential::Passcode;

/// Ways that are followed at once.
pub(super) const MAX_PATHS: usize = 256;

/// What is asked together: a network, or a way of which it is not known where it leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Network(ExtendedPanId),
    Lone(String),
}

/// A way, and what is known of it.
pub(super) struct Path {
    pub(super) kind: DataPathKind,
    pub(super) name: String,
    pub(super) network: Option<ExtendedPanId>,
    pub(super) way: Arc<dyn Way>,
    /// It is announced, or a person named it.
    pub(super) is_present: bool,
    /// Since when it is not.
    pub(super) absent_since: Duration,
    pub(super) is_by_hand: bool,
    pub(super) border_agent_id: Option<BorderAgentId>,
    pub(super) extended_address: Option<ExtendedAddress>,
    pub(super) network_name: Option<String>,
    pub(super) active_timestamp: Option<u64>,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) passcode_addresses: Vec<SocketAddr>,
    /// Address of an API.
    pub(super) base: Option<String>,
    pub(super) product: Option<String>,
    /// The path of the border agent by which an API was found.
    pub(super) found_by: Option<String>,
    pub(super) state: DataPathState,
    pub(super) since: Timestamp,
    pub(super) detail: String,
    pub(super) abilities: BTreeMap<AbilityKind, Ability>,
    pub(super) last_attempt_at: Option<Timestamp>,
    pub(super) last_success_at: Option<Timestamp>,
    pub(super) brought: Option<Brought>,
    /// In a row.
    pub(super) failures: u32,
    pub(super) not_before: Duration,
    /// With which credential and announcement it was refused.
    pub(super) refused: Option<(u64, Option<u64>)>,
    /// The generation of the credential that it refused last, for certain or likely.
    pub(super) refused_generation: Option<u64>,
    /// With which credential and announcement it is being tried, or was last.
    pub(super) tried_with: Option<(u64, Option<u64>)>,
    /// Entered, not tried yet.
    pub(super) passcode: Option<Passcode>,
    /// It is being entered with a passcode.
    pub(super) is_entered: bool,
    /// The last sweep's multicast came to nothing, though routers answered.
    pub(super) is_multicast_lost: bool,
    /// A person wants it asked.
    pub(super) is_asked: bool,
    /// Partition and state bits that it announces.
    pub(super) standing: (Option<PartitionId>, Option<BorderAgentState>),
    /// Since when nothing comes from the mesh behind it.
    pub(super) silent_since: Option<Duration>,
    /// The node of ours has a parent.
    pub(super) is_attached: bool,
    /// How it stood when a passcode was entered.
    pub(super) before_passcode: Option<(DataPathState, Timestamp, String)>,
}

impl Path {
    pub(super) fn new(kind: DataPathKind, name: String, way: Arc<dyn Way>, kept: Option<&KeptPath>, now: Duration) -> Self {
        Self {
            kind,
            name,
            network: None,
            way,
            is_present: true,
            absent_since: now,
            is_by_hand: false,
            border_agent_id: None,
            extended_address: None,
            network_name: None,
            active_timestamp: None,
            addresses: Vec::new(),
            passcode_addresses: Vec::new(),
            base: None,
            product: None,
            found_by: None,
            state: DataPathState::Untried,
            since: clock::now(),
            detail: "Not tried yet.".to_owned(),
            abilities: kept
                .into_iter()
                .flat_map(|kept| &kept.abilities)
                .map(|ability| {
                    let ability = Ability::from(ability);
                    (ability.kind, ability)
                })
                .collect(),
            last_attempt_at: None,
            last_success_at: kept.and_then(|kept| kept.last_success_at),
            brought: None,
            failures: 0,
            not_before: now,
            refused: None,
            refused_generation: None,
            tried_with: None,
            passcode: None,
            is_entered: false,
            is_multicast_lost: false,
            is_asked: false,
            standing: (None, None),
            silent_since: None,
            is_attached: false,
            before_passcode: None,
        }
    }

    pub(super) fn stand(&mut self, state: DataPathState, detail: String) {
        if self.state != state {
            self.state = state;
            self.since = clock::now();
        }
        self.detail = detail;
    }

    /// Whether it was seen to bring its mesh; `or_role`: or to be given the commissioner's role.
    pub(super) fn has_worked(&self, or_role: bool) -> bool {
        let works = |kind| self.abilities.get(&kind).is_some_and(|ability| ability.works);
        self.last_success_at.is_some() || works(AbilityKind::Diagnostics) || (or_role && works(AbilityKind::Petition))
    }

    /// Whether it was seen not to be able to do this.
    pub(super) fn cannot(&self, kind: AbilityKind) -> bool {
        self.abilities.get(&kind).is_some_and(|ability| !ability.works)
    }
}

/// A network, as far as it is asked.
pub(super) struct Network {
    /// When it is to be asked next.
    pub(super) due: Duration,
    /// Which way is tried right now.
    pub(super) under_way: Option<String>,
    /// The credential that it is tried with was forgotten meanwhile.
    pub(super) is_revoked: bool,
    pub(super) airtime: AirtimeBudget,
    /// What the last sweep took.
    pub(super) last_frames: u32,
    /// Routers that answered or were named.
    pub(super) routers: Vec<Rloc16>,
    /// Routers that were silent twice.
    pub(super) known_silent: u32,
    /// The next question is to confirm who was silent.
    pub(super) confirms: bool,
    /// When it was last asked because a person wanted that.
    pub(super) asked_at: Option<Duration>,
    /// When it was last begun to be asked.
    pub(super) began_at: Option<Duration>,
    /// From when on the next wish of a person may be done.
    pub(super) wish_at: Option<Duration>,
    /// That wish is for whichever way is best.
    pub(super) is_wish_for_any: bool,
    /// The credential of this generation was compared with what the network itself hands out.
    pub(super) compared: Option<u64>,
}

impl Network {
    pub(super) fn new(frames_per_hour: u32, now: Duration) -> Self {
        Self {
            due: now,
            under_way: None,
            is_revoked: false,
            airtime: AirtimeBudget::new(frames_per_hour),
            last_frames: 0,
            routers: Vec::new(),
            known_silent: 0,
            confirms: false,
            asked_at: None,
            began_at: None,
            wish_at: None,
            is_wish_for_any: false,
            compared: None,
        }
    }
}

/// Everything.
pub(super) struct State {
    pub(super) directory: PathBuf,
    pub(super) credentials: Credentials,
    pub(super) kept: Kept,
    pub(super) paths: BTreeMap<String, Path>,
    pub(super) groups: BTreeMap<Group, Network>,
    /// The most radio frames an hour that questions to one network may take.
    pub(super) frames_per_hour: u32,
    /// The network that a dongle hears, with its key.
    pub(super) heard: Option<ExtendedPanId>,
}

impl State {
    /// Our radio opens what is said in this network with its key, or is a node in it.
    pub(super) fn is_on_the_air(&self, network: ExtendedPanId) -> bool {
        let is_in = |path: &Path| path.kind == DataPathKind::Dongle && path.is_present && path.is_attached && path.network == Some(network);
        self.heard == Some(network) || self.paths.values().any(is_in)
    }

    /// The group of a way.
    pub(super) fn group_of(id: &str, path: &Path) -> Group {
        path.network.map_or_else(|| Group::Lone(id.to_owned()), Group::Network)
    }

    /// Ways of a group that are present, by id.
    pub(super) fn paths_of<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = (&'a String, &'a Path)> {
        self.paths
            .iter()
            .filter(move |(id, path)| path.is_present && Self::group_of(id, path) == *group)
    }

    /// What border routers announce of a network.
    pub(super) fn announced(&self, network: ExtendedPanId) -> Vec<Announced> {
        let of_network = |path: &&Path| path.is_present && path.kind == DataPathKind::BorderAgent && path.network == Some(network);
        let paths = self.paths.values().filter(of_network);
        paths
            .map(|path| Announced {
                active_timestamp: path.active_timestamp,
            })
            .collect()
    }

    pub(super) fn credential(&self, path: &Path) -> Option<&Credential> {
        self.credentials.get(path.network?)
    }

    pub(super) fn check(&self, network: ExtendedPanId) -> Option<CredentialCheck> {
        let credential = self.credentials.get(network)?;
        Some(super::credentials::compare(credential.active_timestamp(), &self.announced(network)))
    }

    /// What a network is called.
    pub(super) fn network_name(&self, network: ExtendedPanId) -> Option<String> {
        let announced = self.paths.values().find_map(|path| {
            let is_of = path.is_present && path.network == Some(network);
            path.network_name.clone().filter(|_| is_of)
        });
        announced.or_else(|| self.credentials.get(network)?.network_name())
    }

    /// A border agent is being asked with a credential that was forgotten meanwhile.
    pub(super) fn is_revoked(&self, group: &Group, id: &str) -> bool {
        let is_agent = self.paths.get(id).is_some_and(|path| path.kind == DataPathKind::BorderAgent);
        is_agent && self.groups.get(group).is_some_and(|network| network.is_revoked)
    }

    /// Every border router of the network that answers refuses the present credential.
    pub(super) fn is_refused_everywhere(&self, network: ExtendedPanId) -> bool {
        let Some(generation) = self.credentials.get(network).map(|credential| credential.generation) else {
            return false;
        };
        let group = Group::Network(network);
        let agents = self.paths_of(&group).map(|(_, path)| path);
        let mut refuse = agents
            .filter(|path| path.kind == DataPathKind::BorderAgent && !path.addresses.is_empty() && path.state != DataPathState::Unreachable)
            .map(|path| path.refused_generation == Some(generation))
            .peekable();
        refuse.peek().is_some() && refuse.all(|refuses| refuses)
    }

    /// Whether there is something to try it with.
    pub(super) fn is_usable(&self, path: &Path) -> bool {
        match path.kind {
            DataPathKind::OtbrRest => true,
            DataPathKind::Dongle => path.is_attached,
            DataPathKind::BorderAgent => {
                let Some(credential) = self.credential(path) else { return false };
                let is_refused = path.refused == Some((credential.generation, path.active_timestamp));
                credential.pskc().is_some() && !is_refused && !path.addresses.is_empty()
            }
        }
    }

    /// Says of ways that are not tried why, where that has changed.
    pub(super) fn restate(&mut self) {
        let ids: Vec<String> = self.paths.keys().cloned().collect();
        for id in ids {
            let Some(path) = self.paths.get(&id) else { continue };
            // The node of ours says itself where it stands.
            if path.kind == DataPathKind::Dongle {
                continue;
            }
            let is_usable = self.is_usable(path);
            let news = match path.state {
                DataPathState::Untried | DataPathState::StandsBy if !is_usable => Some((DataPathState::NeedsCredential, self.needs(path))),
                DataPathState::NeedsCredential if path.kind == DataPathKind::BorderAgent && !is_usable => {
                    Some((DataPathState::NeedsCredential, self.needs(path)))
                }
                DataPathState::NeedsCredential if path.kind == DataPathKind::BorderAgent => {
                    Some((DataPathState::Untried, "Weft has a credential for it, and tries it soon.".to_owned()))
                }
                // One that is only likely to be wrong is tried again without that.
                DataPathState::WrongCredential if is_usable && path.refused.is_some() => Some((
                    DataPathState::Untried,
                    "The credential or the network has changed: it is tried again soon.".to_owned(),
                )),
                _ => None,
            };
            if let (Some((state, detail)), Some(path)) = (news, self.paths.get_mut(&id)) {
                path.stand(state, detail);
            }
        }
    }

    fn needs(&self, path: &Path) -> String {
        let Some(network) = path.network else {
            return "It announces no network; a one-time passcode would tell.".to_owned();
        };
        if let Some(reason) = self.credentials.closed(network) {
            return format!("Weft had a credential of this network, and {reason}.");
        }
        match self.credentials.get(network) {
            Some(credential) if credential.pskc().is_none() => {
                "The kept dataset holds no PSKc, which border routers ask for: enter the whole active dataset.".to_owned()
            }
            Some(_) if path.addresses.is_empty() => "It announces no address that can be reached from here.".to_owned(),
            _ if !path.passcode_addresses.is_empty() => "It waits for the one-time passcode that its app shows: enter it here.".to_owned(),
            _ => format!(
                "Weft needs the credential of {}: its active dataset, its PSKc, or a one-time passcode.",
                self.network_name(network)
                    .map_or_else(|| "this network".to_owned(), |name| format!("“{name}”"))
            ),
        }
    }

    /// Keeps what is no secret.
    pub(super) fn keep(&mut self) -> std::io::Result<()> {
        let now = clock::now();
        for (id, path) in &self.paths {
            if path.abilities.is_empty() && path.last_success_at.is_none() {
                continue;
            }
            let kept = self.kept.paths.entry(id.clone()).or_default();
            kept.abilities = path.abilities.values().map(Into::into).collect();
            kept.last_success_at = path.last_success_at;
            kept.seen_at = Some(now);
        }
        self.kept.write(&self.directory)
    }
}
