//! What a person or another source wants.

use super::credentials::compare;
use super::kept::MAX_BY_HAND;
use super::plan::PERSON_APART;
use super::state::{Group, MAX_PATHS, Path, State};
use super::ways::Api;
use super::{Given, agents::slug};
use crate::clock;
use std::time::Duration;
use weft_model::{CredentialCheck, CredentialOrigin, DataPathKind, DataPathState, ExtendedPanId, Refusal};
use weft_thread::credential::{OperationalDataset, Passcode, Pskc};

impl State {
    pub(super) fn give(&mut self, given: Given, now: Duration) -> Result<ExtendedPanId, Refusal> {
        let wrong = |what: &str, error: weft_thread::credential::CredentialError| Refusal::Wrong(format!("{what}: {error}"));
        let at = clock::now();
        let network = match given {
            Given::Dataset(text) => {
                let dataset = OperationalDataset::from_hex(&text).map_err(|error| wrong("this is no dataset", error))?;
                let public = dataset.public();
                // What claims to be newer than the network gives way to what the network announces.
                let is_of_now = public.extended_pan_id.is_some_and(|network| {
                    self.check(network) == Some(CredentialCheck::Newer)
                        && compare(public.active_timestamp, &self.announced(network)) == CredentialCheck::Matches
                });
                self.credentials.enter(dataset, is_of_now, at)?
            }
            Given::Pskc(network, text) => {
                let pskc = Pskc::from_hex(&text).map_err(|error| wrong("this is no PSKc", error))?;
                self.credentials.enter_pskc(network, pskc, at)?;
                network
            }
            Given::Passphrase(network, text) => {
                let name = self.network_name(network).ok_or_else(|| {
                    Refusal::NotNow(format!(
                        "the key is made of the passphrase and the network's name, and no border router tells the name of network {network} now"
                    ))
                })?;
                let pskc = Pskc::derive(&text, &name, network).map_err(|error| wrong("this is no commissioner passphrase", error))?;
                self.credentials.enter_pskc(network, pskc, at)?;
                network
            }
        };
        self.credential_changed(network, now);
        // Whoever enters one wants to see what it does, also where it was here before. Where nobody can be asked, the view tells why.
        let _ = self.ask_group(&Group::Network(network), now);
        Ok(network)
    }

    /// A program handed a dataset over. True: it is news, and used from now on.
    pub(super) fn learn(
        &mut self,
        dataset: &OperationalDataset,
        origin: CredentialOrigin,
        origin_name: Option<&str>,
        now: Duration,
    ) -> Result<bool, Refusal> {
        let network = dataset.public().extended_pan_id;
        let is_refused = network.is_some_and(|network| self.is_refused_everywhere(network));
        let is_news = self.credentials.learn(dataset, origin, origin_name, is_refused, clock::now())?;
        if let Some(network) = network.filter(|_| is_news) {
            self.credential_changed(network, now);
        }
        Ok(is_news)
    }

    /// Whoever waited for a credential, or was refused with another, is tried again.
    pub(super) fn credential_changed(&mut self, network: ExtendedPanId, now: Duration) {
        for path in self.paths.values_mut().filter(|path| path.network == Some(network)) {
            if matches!(path.state, DataPathState::NeedsCredential | DataPathState::WrongCredential) {
                path.failures = 0;
                path.not_before = now;
            }
        }
        let has_working = self
            .paths
            .values()
            .any(|path| path.network == Some(network) && path.state == DataPathState::Working);
        if let Some(group) = self.groups.get_mut(&Group::Network(network))
            && !has_working
        {
            group.due = now;
        }
        self.restate();
    }

    pub(super) fn enter(&mut self, id: &str, passcode: &str) -> Result<(), Refusal> {
        let passcode = Passcode::parse(passcode).map_err(|error| Refusal::Wrong(format!("this is no passcode: {error}")))?;
        if self.kept.paused {
            return Err(paused());
        }
        let path = self.paths.get_mut(id).filter(|path| path.is_present).ok_or_else(|| no_way(id))?;
        if path.passcode_addresses.is_empty() {
            return Err(Refusal::NotNow(format!(
                "{} waits for no passcode now: have its app or web page show one first; it is good for a few minutes",
                path.name
            )));
        }
        if path.is_entered {
            return Err(Refusal::NotNow(format!("{} is being entered right now", path.name)));
        }
        path.passcode = Some(passcode);
        Ok(())
    }

    pub(super) fn forget(&mut self, network: ExtendedPanId) -> Result<(), Refusal> {
        self.credentials.forget(network)?;
        if let Some(group) = self.groups.get_mut(&Group::Network(network)) {
            let under_way = group.under_way.as_ref().and_then(|id| self.paths.get(id));
            // A passcode was entered to bring another one.
            group.is_revoked = under_way.is_some_and(|path| !path.is_entered);
            group.wish_at = None;
            group.is_wish_for_any = false;
        }
        for path in self
            .paths
            .values_mut()
            .filter(|path| path.network == Some(network) && path.kind == DataPathKind::BorderAgent)
        {
            path.refused = None;
            path.failures = 0;
            if path.state != DataPathState::Trying {
                path.stand(DataPathState::NeedsCredential, String::new());
            }
        }
        self.restate();
        Ok(())
    }

    /// Takes up an API; gives the id of its way.
    pub(super) fn add_api(&mut self, api: Api, found_by: Option<String>, now: Duration) -> String {
        let id = format!("rest-{}", slug(&api.base));
        let (network, name) = match found_by.as_ref().and_then(|by| self.paths.get(by)) {
            Some(agent) => (agent.network, agent.name.clone()),
            None => (None, api.base.clone()),
        };
        if let Some(path) = self.paths.get_mut(&id) {
            path.is_present = true;
            path.is_by_hand |= found_by.is_none();
            path.found_by = found_by.or(path.found_by.take());
        } else if self.paths.len() < MAX_PATHS {
            let mut path = Path::new(DataPathKind::OtbrRest, name, api.way, self.kept.paths.get(&id), now);
            path.is_by_hand = found_by.is_none();
            path.found_by = found_by;
            path.base = Some(api.base);
            path.product = api.product;
            path.network = network;
            self.paths.insert(id.clone(), path);
        }
        self.regroup(now);
        id
    }

    /// A person named an API.
    pub(super) fn name_api(&mut self, api: Api, now: Duration) -> Result<String, Refusal> {
        if !self.kept.by_hand.contains(&api.base) {
            if self.kept.by_hand.len() >= MAX_BY_HAND {
                return Err(Refusal::NotNow(format!("{MAX_BY_HAND} addresses are named already: remove one first")));
            }
            self.kept.by_hand.push(api.base.clone());
            let written = self.keep();
            if let Err(error) = written {
                self.kept.by_hand.pop();
                return Err(Refusal::Failed(format!("the address cannot be kept: {error}")));
            }
        }
        let id = self.add_api(api, None, now);
        let Some(path) = self.paths.get_mut(&id) else {
            return Err(Refusal::NotNow(format!(
                "the address is kept, but {MAX_PATHS} border routers are followed already: it is asked after a restart, if there is room then"
            )));
        };
        path.is_asked = !self.kept.paused;
        Ok(id)
    }

    pub(super) fn remove(&mut self, id: &str, now: Duration) -> Result<(), Refusal> {
        let path = self.paths.get_mut(id).filter(|path| path.is_present).ok_or_else(|| no_way(id))?;
        if !path.is_by_hand {
            return Err(Refusal::NotNow(format!(
                "nobody named {}: it announces itself, and is shown for as long as it does",
                path.name
            )));
        }
        path.is_by_hand = false;
        if path.found_by.is_none() {
            path.is_present = false;
            path.absent_since = now;
        }
        let base = path.base.clone();
        self.kept.by_hand.retain(|kept| Some(kept) != base.as_ref());
        self.keep().map_err(|error| Refusal::Failed(format!("this cannot be kept: {error}")))
    }

    pub(super) fn ask_now(&mut self, network: Option<ExtendedPanId>, id: Option<&str>, now: Duration) -> Result<(), Refusal> {
        if self.kept.paused {
            return Err(paused());
        }
        if let Some(id) = id {
            let path = self.paths.get(id).filter(|path| path.is_present).ok_or_else(|| no_way(id))?;
            if !self.is_usable(path) {
                let reason = &path.detail;
                return Err(Refusal::NotNow(format!("{} cannot be asked: {reason}", path.name)));
            }
            let group = Self::group_of(id, path);
            self.wish(&group, false, now)?;
            if let Some(path) = self.paths.get_mut(id) {
                path.is_asked = true;
            }
            return Ok(());
        }
        let groups: Vec<Group> = match network {
            Some(network) => vec![Group::Network(network)],
            None => self.groups.keys().cloned().collect(),
        };
        let mut refused: Option<(bool, Refusal)> = None;
        let mut asked = false;
        for group in groups {
            match self.ask_group(&group, now) {
                Ok(()) => asked = true,
                Err(error) => {
                    // What hinders one that could be asked tells more than that another one cannot.
                    let could = self.paths_of(&group).any(|(_, path)| self.is_usable(path));
                    if refused.as_ref().is_none_or(|(other_could, _)| could && !other_could) {
                        refused = Some((could, error));
                    }
                }
            }
        }
        match (asked, refused) {
            (true, _) => Ok(()),
            (false, Some((_, error))) => Err(error),
            (false, None) => Err(Refusal::NotNow("no border router is known yet".to_owned())),
        }
    }

    fn ask_group(&mut self, group: &Group, now: Duration) -> Result<(), Refusal> {
        let known = self.paths_of(group).next().is_some();
        if !self.paths_of(group).any(|(_, path)| self.is_usable(path)) {
            if let Some((_, node)) = self.paths_of(group).find(|(_, path)| path.kind == DataPathKind::Dongle) {
                return Err(Refusal::NotNow(format!("the dongle cannot ask the mesh at the moment: {}", node.detail)));
            }
            return Err(match group {
                Group::Network(network) if !known => Refusal::Unknown(format!("no border router announces network {network} now")),
                Group::Network(network) => Refusal::NotNow(format!(
                    "nothing opens network {network} yet: enter its dataset, its PSKc, or a one-time passcode"
                )),
                Group::Lone(_) => Refusal::NotNow("it is not known yet where this leads".to_owned()),
            });
        }
        self.wish(group, true, now)
    }

    /// One wish is done every [`PERSON_APART`], later ones together after that, and none that there is no radio time for.
    fn wish(&mut self, group: &Group, is_for_any: bool, now: Duration) -> Result<(), Refusal> {
        let Some(network) = self.groups.get_mut(group) else {
            return Err(Refusal::Unknown("there is no such network".to_owned()));
        };
        let airtime = network.airtime.wait_for(network.last_frames.max(1), now);
        if !airtime.is_zero() {
            return Err(Refusal::NotNow(format!(
                "the radio time that questions to this network may take within an hour is used up; there is some again in {} min",
                airtime.as_secs().div_ceil(60)
            )));
        }
        // What is under way may end with what it began with: it is asked once more, after the same rest.
        let began_at = network.began_at.filter(|_| network.under_way.is_some());
        let rested_at = network.asked_at.max(began_at).map_or(now, |at| (at + PERSON_APART).max(now));
        network.wish_at = Some(network.wish_at.map_or(rested_at, |at| at.min(rested_at)));
        network.is_wish_for_any |= is_for_any;
        Ok(())
    }

    /// A wish of a person is done with this attempt, or that of the way which was named.
    pub(super) fn grant(&mut self, group: &Group, now: Duration) {
        let Some(network) = self.groups.get(group) else { return };
        if network.wish_at.is_none_or(|at| at > now && !network.is_wish_for_any) {
            return;
        }
        let is_for_any = network.is_wish_for_any;
        // Should the first fail, the others need not rest either.
        let mut is_left = false;
        for (_, path) in self
            .paths
            .iter_mut()
            .filter(|(id, path)| path.is_present && Self::group_of(id, path) == *group)
        {
            if is_for_any {
                path.not_before = path.not_before.min(now);
            }
            is_left |= path.is_asked;
        }
        if let Some(network) = self.groups.get_mut(group) {
            network.asked_at = Some(now);
            network.is_wish_for_any = false;
            network.wish_at = is_left.then_some(now + PERSON_APART);
        }
    }
}

fn no_way(id: &str) -> Refusal {
    let id: String = id.chars().take(100).collect();
    Refusal::Unknown(format!("there is no way {id:?}"))
}

fn paused() -> Refusal {
    Refusal::NotNow("questions are paused: resume them first".to_owned())
}
