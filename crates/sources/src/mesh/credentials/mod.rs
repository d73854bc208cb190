//! What opens networks: kept sealed, one record for each extended PAN ID.
//!
//! Of several datasets of a network the one with the newest active timestamp is kept, and no older one: what an older one opened, the newest opens too, or nobody
//! does. An older one that a person enters is refused in words, and one that a program hands over is passed over; who knows better forgets the kept one first.
//! A PSKc that a person enters is used in place of the dataset's until a newer dataset brings one.
//!
//! Anybody in the LAN can hand out a made-up dataset with a newer timestamp. So what a person entered, and what came over a session that a credential opened, gives
//! way to what a REST API or a Home Assistant hands over only if that has the same key; with other keys it is an offer, of which the person is told, until every
//! border router refuses the kept one. The other way round, what came over a session ends what nothing vouches for, though that claims to be newer.

mod check;
mod record;
#[cfg(test)]
mod tests;

pub(super) use check::{Announced, compare, compare_on_the_air, detail, stamp};

use crate::sealed::{Safe, SafeError};
use std::collections::BTreeMap;
use weft_model::{CredentialOrigin, ExtendedPanId, Refusal, Timestamp};
use weft_thread::credential::{OperationalDataset, Pskc};
use zeroize::Zeroizing;

/// Networks of which a credential is kept.
pub(super) const MAX_CREDENTIALS: usize = 64;
const PREFIX: &str = "network-";

/// What opens one network.
#[derive(Clone)]
pub(super) struct Credential {
    pub(super) origin: CredentialOrigin,
    pub(super) origin_name: Option<String>,
    pub(super) added_at: Timestamp,
    pub(super) dataset: Option<OperationalDataset>,
    /// Entered for itself.
    pub(super) own_pskc: Option<Pskc>,
    /// What it lacked was taken from the dataset of the same time that was kept before.
    pub(super) is_completed: bool,
    /// Rises with every change, over all credentials of this run: whoever was refused with one is tried again with another.
    pub(super) generation: u64,
}

impl Credential {
    pub(super) fn pskc(&self) -> Option<Pskc> {
        self.own_pskc.clone().or_else(|| self.dataset.as_ref().and_then(OperationalDataset::pskc))
    }

    /// Packed as on the wire.
    pub(super) fn active_timestamp(&self) -> Option<u64> {
        self.dataset.as_ref().and_then(|dataset| dataset.public().active_timestamp)
    }

    pub(super) fn network_name(&self) -> Option<String> {
        self.dataset.as_ref().and_then(|dataset| dataset.public().network_name)
    }
}

/// All credentials.
pub(super) struct Credentials {
    safe: Safe,
    kept: BTreeMap<ExtendedPanId, Credential>,
    /// Newer ones of networks in `kept`, which nothing vouches for.
    offers: BTreeMap<ExtendedPanId, Credential>,
    /// Records that could not be opened, and why.
    closed: BTreeMap<ExtendedPanId, String>,
    generation: u64,
}

impl Credentials {
    /// Reads them. What cannot be opened is told by [`Self::closed`], and the rest goes on.
    pub(super) fn open(safe: Safe) -> Self {
        let mut credentials = Self {
            safe,
            kept: BTreeMap::new(),
            offers: BTreeMap::new(),
            closed: BTreeMap::new(),
            generation: 0,
        };
        let names = credentials.safe.names().unwrap_or_else(|error| {
            tracing::error!(%error, "credentials of networks cannot be read");
            Vec::new()
        });
        let networks = names.iter().filter_map(|name| name.strip_prefix(PREFIX)?.parse().ok());
        for network in networks.take(MAX_CREDENTIALS) {
            let reason = match credentials.safe.read(&name(network)) {
                Ok(Some(bytes)) => match record::decode(&bytes, network) {
                    Some(credential) => {
                        credentials.put(network, credential);
                        continue;
                    }
                    None => "what was kept of this network was written by another release of Weft, or is damaged; enter it anew".to_owned(),
                },
                Ok(None) => continue,
                Err(error) => error.to_string(),
            };
            tracing::error!(%network, reason, "a credential cannot be read");
            credentials.closed.insert(network, reason);
        }
        credentials
    }

    pub(super) fn get(&self, network: ExtendedPanId) -> Option<&Credential> {
        self.kept.get(&network)
    }

    /// Why what was kept of a network cannot be used.
    pub(super) fn closed(&self, network: ExtendedPanId) -> Option<&str> {
        self.closed.get(&network).map(String::as_str)
    }

    /// Networks of which something is kept, usable or not.
    pub(super) fn networks(&self) -> impl Iterator<Item = ExtendedPanId> {
        self.kept.keys().chain(self.closed.keys()).copied()
    }

    /// A person entered a dataset; `is_of_now`: it is what border routers announce, and the kept one is not.
    pub(super) fn enter(&mut self, dataset: OperationalDataset, is_of_now: bool, now: Timestamp) -> Result<ExtendedPanId, Refusal> {
        let network = network_of(&dataset)?;
        if dataset.pskc().is_none() && dataset.network_key().is_none() {
            return Err(Refusal::Wrong(
                "this dataset holds neither a network key nor a PSKc: enter the whole active dataset, as its app or tool gives it out".to_owned(),
            ));
        }
        if let Some(kept) = self.kept.get(&network)
            && kept.dataset.is_some()
            && !is_of_now
            && stamp(dataset.public().active_timestamp) < stamp(kept.active_timestamp())
        {
            let since = |timestamp| check::date(timestamp).map_or_else(|| "no date".to_owned(), |date| format!("of {date}"));
            return Err(Refusal::Wrong(format!(
                "this dataset ({}) is older than the one that Weft has of this network ({}): a network's newest dataset holds. If the kept one is wrong, forget it first",
                since(dataset.public().active_timestamp),
                since(kept.active_timestamp()),
            )));
        }
        let credential = self.with_dataset(network, dataset, CredentialOrigin::ByHand, None, now);
        self.keep(network, credential)?;
        Ok(network)
    }

    /// A person entered a PSKc.
    pub(super) fn enter_pskc(&mut self, network: ExtendedPanId, pskc: Pskc, now: Timestamp) -> Result<(), Refusal> {
        let credential = match self.kept.get(&network) {
            Some(kept) => Credential {
                own_pskc: Some(pskc),
                ..kept.clone()
            },
            None => Credential {
                origin: CredentialOrigin::ByHand,
                origin_name: None,
                added_at: now,
                dataset: None,
                own_pskc: Some(pskc),
                is_completed: false,
                generation: 0,
            },
        };
        self.keep(network, credential)
    }

    /// A program handed a dataset over; `is_refused`: border routers refuse the kept one. True: it is news, and kept.
    pub(super) fn learn(
        &mut self,
        dataset: &OperationalDataset,
        origin: CredentialOrigin,
        origin_name: Option<&str>,
        is_refused: bool,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        let network = network_of(dataset)?;
        let tells = |dataset: &OperationalDataset| u8::from(dataset.pskc().is_some()) + u8::from(dataset.network_key().is_some());
        if tells(dataset) == 0 {
            return Ok(false);
        }
        // What proved itself ends what nothing vouches for, whatever time that claims.
        let ends = |kept: &&Credential| is_vouched_for(origin) && !is_vouched_for(kept.origin) && !has_same_key(kept, dataset);
        if let Some(kept) = self.kept.get(&network).filter(|kept| !ends(kept)).and_then(|kept| kept.dataset.as_ref()) {
            let (new, old) = (stamp(dataset.public().active_timestamp), stamp(kept.public().active_timestamp));
            if new < old || (new == old && tells(dataset) <= tells(kept)) {
                return Ok(false);
            }
        }
        let origin_name = origin_name.map(|name| name.chars().take(record::MAX_NAME_CHARACTERS).collect());
        let credential = self.with_dataset(network, dataset.clone(), origin, origin_name, now);
        if let Some(kept) = self.kept.get(&network)
            && is_vouched_for(kept.origin)
            && !is_vouched_for(origin)
            && !is_refused
            && !has_same_key(kept, dataset)
        {
            let is_newer = |offer: &Credential| stamp(credential.active_timestamp()) >= stamp(offer.active_timestamp());
            if self.offers.get(&network).is_none_or(is_newer) {
                self.offers.insert(network, credential);
            }
            return Ok(false);
        }
        self.keep(network, credential)?;
        Ok(true)
    }

    /// Takes what a session told to be in use in place of a kept one that claims to be newer.
    pub(super) fn settle(
        &mut self,
        dataset: &OperationalDataset,
        origin: CredentialOrigin,
        origin_name: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let network = network_of(dataset)?;
        let origin_name = origin_name.map(|name| name.chars().take(record::MAX_NAME_CHARACTERS).collect());
        let mut credential = self.with_dataset(network, dataset.clone(), origin, origin_name, now);
        if credential.pskc().is_none() {
            // By this one the session was opened.
            credential.own_pskc = self.kept.get(&network).and_then(Credential::pskc);
        }
        self.keep(network, credential)
    }

    /// What is handed out of a network with other keys, and not used.
    pub(super) fn offer(&self, network: ExtendedPanId) -> Option<&Credential> {
        self.offers.get(&network)
    }

    /// Uses it from now on. False: there is none.
    pub(super) fn take_offer(&mut self, network: ExtendedPanId) -> Result<bool, Refusal> {
        let Some(offer) = self.offers.get(&network).cloned() else {
            return Ok(false);
        };
        self.keep(network, offer)?;
        Ok(true)
    }

    /// Forgets what is kept of a network, usable or not.
    pub(super) fn forget(&mut self, network: ExtendedPanId) -> Result<(), Refusal> {
        if !self.kept.contains_key(&network) && !self.closed.contains_key(&network) {
            return Err(Refusal::Unknown(format!("Weft has no credential of network {network}")));
        }
        self.safe.remove(&name(network)).map_err(failed)?;
        self.kept.remove(&network);
        self.offers.remove(&network);
        self.closed.remove(&network);
        Ok(())
    }

    fn with_dataset(
        &self,
        network: ExtendedPanId,
        dataset: OperationalDataset,
        origin: CredentialOrigin,
        origin_name: Option<String>,
        now: Timestamp,
    ) -> Credential {
        let kept = self.kept.get(&network);
        let former = kept.and_then(|kept| kept.own_pskc.clone());
        // Nobody's made-up key gets into a dataset that proved itself.
        let fits = kept.filter(|kept| is_vouched_for(kept.origin) || has_same_key(kept, &dataset));
        let completed = fits.and_then(|kept| completed(&dataset, kept.dataset.as_ref()?));
        let is_completed = completed.is_some();
        let dataset = completed.unwrap_or(dataset);
        Credential {
            origin,
            origin_name,
            added_at: now,
            own_pskc: former.filter(|_| dataset.pskc().is_none()),
            dataset: Some(dataset),
            is_completed,
            generation: 0,
        }
    }

    fn keep(&mut self, network: ExtendedPanId, credential: Credential) -> Result<(), Refusal> {
        if self.kept.len() >= MAX_CREDENTIALS && !self.kept.contains_key(&network) {
            return Err(Refusal::NotNow(format!(
                "Weft keeps credentials of {MAX_CREDENTIALS} networks at most: forget one that you no longer need"
            )));
        }
        self.safe.write(&name(network), &record::encode(&credential)).map_err(failed)?;
        self.closed.remove(&network);
        self.offers.remove(&network);
        self.put(network, credential);
        Ok(())
    }

    fn put(&mut self, network: ExtendedPanId, credential: Credential) {
        self.generation += 1;
        let generation = self.generation;
        self.kept.insert(network, Credential { generation, ..credential });
    }
}

/// A dataset with the keys that it lacks and another one of the same network and time has. `None`: nothing is to be added.
fn completed(dataset: &OperationalDataset, kept: &OperationalDataset) -> Option<OperationalDataset> {
    const NETWORK_KEY: u8 = 5;
    const PSKC: u8 = 4;
    let is_same_time = stamp(dataset.public().active_timestamp) == stamp(kept.public().active_timestamp);
    let lacking: &[u8] = match (dataset.network_key().is_none(), dataset.pskc().is_none()) {
        _ if !is_same_time => return None,
        (false, false) => return None,
        (true, false) => &[NETWORK_KEY],
        (false, true) => &[PSKC],
        (true, true) => &[NETWORK_KEY, PSKC],
    };
    // Room for all of it at once: growing would leave copies of the keys behind.
    let mut tlvs = Zeroizing::new(Vec::with_capacity(dataset.expose().len() + kept.expose().len()));
    tlvs.extend_from_slice(dataset.expose());
    let mut rest = kept.expose();
    while let [number, length, ..] = rest {
        let (tlv, after) = rest.split_at_checked(2 + usize::from(*length))?;
        if lacking.contains(number) {
            tlvs.extend_from_slice(tlv);
        }
        rest = after;
    }
    if tlvs.len() == dataset.expose().len() {
        return None;
    }
    OperationalDataset::from_tlvs(&tlvs).ok()
}

/// A person entered it, or it came from a border router that proved to know a key.
fn is_vouched_for(origin: CredentialOrigin) -> bool {
    !matches!(origin, CredentialOrigin::OtbrRest | CredentialOrigin::HomeAssistant)
}

/// Whoever hands the dataset out knows a key of the network.
fn has_same_key(kept: &Credential, dataset: &OperationalDataset) -> bool {
    let network_key = |dataset: &OperationalDataset| dataset.network_key().map(|key| *key.expose());
    let has_network_key = kept
        .dataset
        .as_ref()
        .and_then(network_key)
        .is_some_and(|key| network_key(dataset) == Some(key));
    let has_pskc = kept
        .pskc()
        .zip(dataset.pskc())
        .is_some_and(|(kept, other)| kept.expose() == other.expose());
    has_network_key || has_pskc
}

fn name(network: ExtendedPanId) -> String {
    format!("{PREFIX}{network}")
}

fn network_of(dataset: &OperationalDataset) -> Result<ExtendedPanId, Refusal> {
    let lacks =
        || Refusal::Wrong("this dataset holds no extended PAN ID: enter the whole active dataset, as its app or tool gives it out".to_owned());
    dataset.public().extended_pan_id.ok_or_else(lacks)
}

fn failed(error: SafeError) -> Refusal {
    Refusal::Failed(format!("the credential cannot be kept: {error}"))
}
