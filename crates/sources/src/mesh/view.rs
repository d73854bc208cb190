//! What a person sees. No secret comes near it.

use super::credentials::{compare_on_the_air, detail};
use super::plan::{Turn, rank};
use super::state::{Group, Path, State};
use crate::clock;
use std::collections::BTreeSet;
use std::time::Duration;
use weft_model::words::count;
use weft_model::{
    CredentialCheck, CredentialOrigin, CredentialView, DataPath, DataPathKind, DataPathState, ExtendedPanId, NetworkWays, NetworksView, Timestamp,
};

impl State {
    /// Everything at this moment.
    pub(super) fn view(&self, now: Duration) -> NetworksView {
        let present = self.paths.values().filter(|path| path.is_present);
        let networks: BTreeSet<ExtendedPanId> = present.filter_map(|path| path.network).chain(self.credentials.networks()).collect();
        let mut views: Vec<NetworkWays> = networks.into_iter().map(|network| self.network_view(network, now)).collect();
        let lone = self.paths.iter().filter(|(_, path)| path.is_present && path.network.is_none());
        let mut paths: Vec<(&String, &Path)> = lone.collect();
        paths.sort_by_key(|(id, path)| (rank(path), (*id).clone()));
        if !paths.is_empty() {
            let groups = paths.iter().filter_map(|(id, _)| self.groups.get(&Group::Lone((*id).clone())));
            let airtime_last_hour = groups.fold(Default::default(), |sum: weft_model::Airtime, group| {
                sum.plus(group.airtime.last_hour(now))
            });
            views.push(NetworkWays {
                extended_pan_id: None,
                name: None,
                credential: None,
                airtime_last_hour,
                frames_per_hour: self.frames_per_hour,
                paths: paths.into_iter().map(|(id, path)| self.path_view(id, path, now)).collect(),
            });
        }
        NetworksView {
            paused: self.kept.paused,
            networks: views,
            home_assistants: Vec::new(),
            matter_servers: Vec::new(),
        }
    }

    fn network_view(&self, extended_pan_id: ExtendedPanId, now: Duration) -> NetworkWays {
        let group = Group::Network(extended_pan_id);
        let mut paths: Vec<(&String, &Path)> = self.paths_of(&group).collect();
        paths.sort_by_key(|(id, path)| (!self.is_usable(path), rank(path), (*id).clone()));
        let network = self.groups.get(&group);
        NetworkWays {
            extended_pan_id: Some(extended_pan_id),
            name: self.network_name(extended_pan_id),
            credential: self.credential_view(extended_pan_id),
            airtime_last_hour: network.map(|network| network.airtime.last_hour(now)).unwrap_or_default(),
            frames_per_hour: self.frames_per_hour,
            paths: paths.into_iter().map(|(id, path)| self.path_view(id, path, now)).collect(),
        }
    }

    fn credential_view(&self, network: ExtendedPanId) -> Option<CredentialView> {
        let credential = self.credentials.get(network)?;
        let announced = self.announced(network);
        let check = compare_on_the_air(credential.active_timestamp(), &announced, self.is_on_the_air(network));
        let has_pskc = credential.pskc().is_some();
        let mut detail = detail(check, credential.origin, &announced);
        if has_pskc && self.is_refused_by_whoever_answers(network, credential.generation) {
            match check {
                CredentialCheck::Matches => {
                    detail =
                        "Its timestamp is the network's, but its border routers refuse it: the PSKc in it is another one. Get it anew.".to_owned();
                }
                // What to do stands there already.
                CredentialCheck::Older => {}
                _ => detail.push_str(" Border routers refuse it: the PSKc in it is another one. Get it anew."),
            }
        }
        if credential.is_completed {
            detail.push_str(" What it lacked of keys is from the dataset of the same timestamp that Weft had before.");
        }
        if !has_pskc {
            detail.push_str(" It holds no PSKc, which border routers ask for.");
        }
        if let Some(offer) = self.credentials.offer(network) {
            let who = match (&offer.origin_name, offer.origin) {
                (Some(name), CredentialOrigin::HomeAssistant) => format!("The Home Assistant at {name}"),
                (Some(name), _) => format!("“{name}”"),
                (None, _) => "Another program".to_owned(),
            };
            detail.push_str(&format!(
                " {who} hands out a newer dataset of this network with other keys, which nothing vouches for: Weft uses it only if all border routers refuse this one. \
                 If it is the right one, enter it."
            ));
        }
        Some(CredentialView {
            origin: credential.origin,
            origin_name: credential.origin_name.clone(),
            added_at: credential.added_at,
            active_timestamp_seconds: credential.active_timestamp().map(|packed| packed >> 16),
            has_network_key: credential.dataset.as_ref().is_some_and(|dataset| dataset.network_key().is_some()),
            has_pskc,
            check,
            detail,
        })
    }

    /// Some border router refuses a credential, and none works with it.
    fn is_refused_by_whoever_answers(&self, network: ExtendedPanId, generation: u64) -> bool {
        let group = Group::Network(network);
        let agents = || {
            self.paths_of(&group)
                .map(|(_, path)| path)
                .filter(|path| path.kind == DataPathKind::BorderAgent)
        };
        agents().any(|path| path.refused_generation == Some(generation))
            && !agents().any(|path| matches!(path.state, DataPathState::Working | DataPathState::StandsBy))
    }

    fn path_view(&self, id: &str, path: &Path, now: Duration) -> DataPath {
        let addresses = match path.kind {
            DataPathKind::OtbrRest | DataPathKind::Dongle => path.base.iter().cloned().collect(),
            DataPathKind::BorderAgent => {
                let addresses = if path.addresses.is_empty() {
                    &path.passcode_addresses
                } else {
                    &path.addresses
                };
                addresses.iter().map(ToString::to_string).collect()
            }
        };
        DataPath {
            id: id.to_owned(),
            kind: path.kind,
            name: path.name.clone(),
            border_agent_id: path.border_agent_id,
            extended_address: path.extended_address,
            addresses,
            product: path.product.clone(),
            state: path.state,
            since: path.since,
            detail: self.sentence(id, path, now),
            waits_for_passcode: !path.passcode_addresses.is_empty(),
            is_by_hand: path.is_by_hand,
            abilities: path.abilities.values().cloned().collect(),
            last_attempt_at: path.last_attempt_at,
            last_success_at: path.last_success_at,
            next_attempt_at: self.next_attempt_at(id, path, now),
            brought: path.brought.clone(),
        }
    }

    fn next_attempt_at(&self, id: &str, path: &Path, now: Duration) -> Option<Timestamp> {
        if self.kept.paused || path.state == DataPathState::Trying {
            return None;
        }
        let group = Self::group_of(id, path);
        match self.next_of(&group, now) {
            Turn::Now(next) => (next == id).then(clock::now),
            Turn::At(at) => {
                // Whose turn it will be is whose turn it would be then.
                let is_next = matches!(self.next_of(&group, at), Turn::Now(next) if next == id);
                let milliseconds = i64::try_from(at.saturating_sub(now).as_millis()).ok()?;
                is_next.then(|| Timestamp::from_unix_milliseconds(clock::now().unix_milliseconds().saturating_add(milliseconds)))
            }
            Turn::Never => None,
        }
    }

    fn sentence(&self, id: &str, path: &Path, now: Duration) -> String {
        let mut sentence = match (path.state, &path.brought) {
            (DataPathState::Working, Some(brought)) => {
                let silent = match brought.silent_routers {
                    0 => String::new(),
                    silent => format!(
                        " {} did not answer.",
                        count(usize::try_from(silent).unwrap_or(usize::MAX), "router", "routers")
                    ),
                };
                let by = match path.kind {
                    DataPathKind::BorderAgent => "lets Weft in",
                    DataPathKind::Dongle => "takes part in the mesh",
                    DataPathKind::OtbrRest => "tells of its mesh",
                };
                let routers = count(usize::try_from(brought.routers).unwrap_or(usize::MAX), "router", "routers");
                let ago = path.last_success_at.map(|at| ago(clock::now().seconds_since(at))).unwrap_or_default();
                let gap = if path.detail.is_empty() { "" } else { " " };
                format!("{} {by}; {routers} answered{ago}.{silent}{gap}{}", path.name, path.detail)
            }
            _ => path.detail.clone(),
        };
        let network = self.groups.get(&Self::group_of(id, path));
        let waits = network.is_some_and(|network| network.due <= now && network.airtime.left(now) < network.last_frames.max(1));
        if waits && !self.kept.paused && matches!(path.state, DataPathState::Working | DataPathState::Untried) {
            sentence.push_str(" The radio time that questions may take within an hour is used up; it is asked again when there is some.");
        }
        if self.kept.paused {
            sentence.push_str(" Questions are paused.");
        }
        sentence
    }

    /// Whether anything is heard at the moment; why not, where something should be.
    pub(super) fn health(&self) -> Health {
        if self.kept.paused {
            return Health::Paused;
        }
        let present = || self.paths.values().filter(|path| path.is_present);
        // While it is asked again, it is as it was.
        let works = |path: &Path| match path.state {
            DataPathState::Working => true,
            DataPathState::Trying => path.failures == 0 && path.brought.is_some(),
            _ => false,
        };
        if present().any(works) {
            return Health::Working;
        }
        if !present().any(|path| path.failures > 0) {
            return Health::Idle;
        }
        // An API of a border agent is the same border router.
        let asked = present().filter(|path| path.found_by.is_none() && (path.failures > 0 || self.is_usable(path)));
        let asked: Vec<&Path> = asked.collect();
        Health::Deaf(match asked.as_slice() {
            [one] => format!("{} tells nothing of its mesh at the moment; `weft network` says why", one.name),
            several if several.iter().any(|path| path.kind == DataPathKind::Dongle) => format!(
                "none of {} ways to a mesh works at the moment; `weft network` says why each",
                several.len()
            ),
            several => format!(
                "none of {} border routers lets Weft in at the moment; `weft network` says why each",
                several.len()
            ),
        })
    }
}

/// How the hub as a whole is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Health {
    /// Some mesh is told of.
    Working,
    /// Nothing was tried yet, or there is nothing to try with.
    Idle,
    /// Everything that was tried failed.
    Deaf(String),
    /// The user wants silence.
    Paused,
}

fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => " just now".to_owned(),
        60..7_200 => format!(" {} min ago", seconds / 60),
        _ => format!(" {} h ago", seconds / 3_600),
    }
}
